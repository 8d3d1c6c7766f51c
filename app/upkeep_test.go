package app

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/app/atomicfile"
	"relink/app/config"
	"relink/app/link"
	"relink/app/vault"
	"relink/platform"
)

// A Relink with a home of its own neither takes relink:// links nor says that it gave them up.
func TestLinksOfAHomeOfItsOwn(t *testing.T) {
	t.Setenv("RELINK_HOME", t.TempDir())
	for _, on := range []bool{true, false} {
		if err := links(on); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("links(%v): got %v, want to be told that they are another Relink's", on, err)
		}
	}
}

// alone gives a Relink of the test's own, with a vault under a passphrase.
func alone(t *testing.T) program {
	t.Helper()
	dir := t.TempDir()
	words := filepath.Join(dir, "passphrase")
	if err := os.WriteFile(words, []byte("its own passphrase"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RELINK_PASSPHRASE_FILE", words)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "none"))
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("RELINK_HOME", t.TempDir())
	paths, err := config.Find(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return program{paths: paths, std: Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}}
}

// served runs the agent in this process; ended closes when it has.
func served(t *testing.T, p program) (ended chan struct{}) {
	t.Helper()
	if err := p.paths.Make(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		if err := p.runAgent(ctx, true, ""); err != nil {
			t.Errorf("agent: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	wait, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	for {
		if c, err := link.Dial(wait, p.paths.Socket, Version()); err == nil {
			_, err := c.About(wait)
			_ = c.Close()
			if err == nil {
				return ended
			}
		}
		if wait.Err() != nil {
			t.Fatal("the agent does not answer")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestEraseLeavesWhatIsNotRelinks(t *testing.T) {
	p := alone(t)
	ended := served(t, p)
	c, err := link.Dial(t.Context(), p.paths.Socket, Version())
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Settings(t.Context())
	if err == nil {
		s.Hour = 7
		err = c.SetSettings(t.Context(), s) // so that there is a settings file
	}
	if err == nil {
		_, err = c.Certificate(t.Context())
	}
	_ = c.Close()
	if err != nil {
		t.Fatal(err)
	}
	// RELINK_HOME may be any directory, a home itself.
	mine := []string{filepath.Join(p.paths.Data, "thesis.txt"), filepath.Join(p.paths.Config, "other.toml"), filepath.Join(p.paths.State, "x.log")}
	for _, path := range mine {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Join(p.paths.Data, "relink.db"), filepath.Join(p.paths.Data, "key.age"), filepath.Join(p.paths.Data, "redirect.pem"), p.paths.Settings(), p.paths.Log()} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("before: %v", err)
		}
	}
	// A crash in the middle of writing leaves half a file, with what was to be kept to oneself.
	for _, path := range []string{
		p.paths.Settings(), p.paths.Settings() + ".good", filepath.Join(p.paths.State, "window.json"), filepath.Join(p.paths.Data, "relink.ics"), filepath.Join(p.paths.Data, "key.age"),
	} {
		half, err := os.CreateTemp(filepath.Dir(path), atomicfile.Leftover(filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		_ = half.Close()
	}
	if err := p.erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the agent still runs")
	}
	var left []string
	home := os.Getenv("RELINK_HOME")
	err = filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	slices.Sort(left)
	slices.Sort(mine)
	if err != nil || !slices.Equal(left, mine) {
		t.Errorf("left: %q, %v, want %q", left, err, mine)
	}
	for _, dir := range []string{p.paths.Cache, filepath.Dir(p.paths.Socket)} {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is empty and stays", dir)
		}
	}
	if err := p.erase(t.Context()); err != nil {
		t.Errorf("erase twice: %v", err)
	}
}

func TestRestoreOverARefusal(t *testing.T) {
	p := alone(t)
	ended := served(t, p)
	archive := filepath.Join(t.TempDir(), "b.age")
	given := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	if err := p.backup(t.Context(), archive, given(""), given("for the archive")); err != nil {
		t.Fatal(err)
	}
	in, err := p.inspect(t.Context(), archive, "for the archive")
	if err != nil || in.Total() != 0 || time.Since(in.At).Abs() > time.Minute {
		t.Errorf("got %+v, %v", in, err)
	}
	// What cannot be restored does not end the agent.
	if _, err := p.restoreOver(t.Context(), archive, "wrong"); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("got %v", err)
	}
	select {
	case <-ended:
		t.Fatal("the agent was ended for nothing")
	case <-time.After(300 * time.Millisecond):
	}
	if ran, _, err := p.stopAgent(t.Context()); err != nil || !ran {
		t.Fatalf("stop: %v, %v", ran, err)
	}
	<-ended
	if ran, _, err := p.stopAgent(t.Context()); err != nil || ran {
		t.Fatalf("stop what does not run: %v, %v", ran, err)
	}
	aside, err := p.restoreOver(t.Context(), archive, "for the archive")
	if err != nil || !strings.HasPrefix(aside, filepath.Join(p.paths.Data, "relink.db.replaced-")) {
		t.Fatalf("got %q, %v", aside, err)
	}
	v, err := vault.Open(t.Context(), vault.Config{Dir: p.paths.Data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	if err := v.Unlock(t.Context(), "for the archive", false); err != nil {
		t.Error(err)
	}
}
