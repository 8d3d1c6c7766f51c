package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "it")
	for _, text := range []string{"first", "", "a longer second"} {
		if err := Write(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("read %q, %v", got, err)
		}
	}
	if st, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v, %v", st.Mode(), err)
	}
	only(t, dir, "it")
}

func TestAFailureLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "it")
	if err := Write(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("it broke off")
	err := Stream(path, 0o600, func(w io.Writer) error {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
		t.Errorf("read %q, %v", got, err)
	}
	if err := Write(filepath.Join(dir, "none", "it"), nil, 0o600); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without its directory: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "full"), nil, 0o600); err == nil {
		t.Error("a directory was written over")
	}
	only(t, dir, "full", "it")
}

// A link, to a directory of dotfiles say, stays one.
func TestWriteThroughALink(t *testing.T) {
	dir := t.TempDir()
	there, link := filepath.Join(dir, "there"), filepath.Join(dir, "link")
	if err := Write(there, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(there, link); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := Write(link, []byte("after"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(there); err != nil || string(got) != "after" {
		t.Errorf("read %q, %v", got, err)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", st.Mode(), err)
	}
}

// What a crash leaves is what Leftover finds.
func TestLeftover(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "it")
	err := Stream(path, 0o600, func(io.Writer) error {
		if found, err := filepath.Glob(filepath.Join(dir, Leftover("it"))); err != nil || len(found) != 1 {
			t.Errorf("while it is written: %v, %v", found, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	only(t, dir, "it")
}

func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range left {
		if i >= len(want) || e.Name() != want[i] {
			t.Errorf("it holds %v, want %v", left, want)
			return
		}
	}
	if len(left) != len(want) {
		t.Errorf("it holds %v, want %v", left, want)
	}
}
