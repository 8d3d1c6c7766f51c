package desktop

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relink/platform"
)

// script writes an executable shell script.
func script(t *testing.T, path, body string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// await reads a file that a script writes, once it is there whole.
func await(t *testing.T, path string) string {
	t.Helper()
	for range 500 {
		if data, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(data), "end\n") {
			return strings.TrimSuffix(string(data), "end\n")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s was not written", filepath.Base(path))
	return ""
}

const report = `{ echo "$#"; echo "$1"; echo "$XDG_ACTIVATION_TOKEN"; cut -d' ' -f6 /proc/self/stat; echo $$; echo end; } > "$(dirname "$0")/report"`

func TestOpenStartsTheCommandDetached(t *testing.T) {
	dir := t.TempDir()
	browser := script(t, filepath.Join(dir, "browser"), report+"\nsleep 1")
	address := "https://example.com/cb?a=1&b=$(id);'x'"
	start := time.Now()
	err := Opener{Command: "'" + browser + "'"}.Open(t.Context(), address, "token-1")
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 200*time.Millisecond {
		t.Errorf("Open took %v, want it not to wait", took)
	}
	got := strings.Split(strings.TrimSpace(await(t, filepath.Join(dir, "report"))), "\n")
	if len(got) != 5 || got[0] != "1" || got[1] != address || got[2] != "token-1" {
		t.Fatalf("the browser got %q, want one argument %q and the token", got, address)
	}
	if got[3] != got[4] {
		t.Errorf("the browser is in session %s, want its own, %s", got[3], got[4])
	}
	pid, err := strconv.Atoi(got[4])
	if err != nil {
		t.Fatal(err)
	}
	// Reaped: no zombie answers to the pid once it has ended.
	for range 500 {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d was not reaped", pid)
}

// What a browser prints must not land where a script reads the program's own
// output, nor may it read what is typed there.
func TestOpenedBrowserSpeaksToNobody(t *testing.T) {
	dir := t.TempDir()
	browser := script(t, filepath.Join(dir, "browser"), `echo chatter; echo chatter >&2
in=$(readlink /proc/$$/fd/0); out=$(readlink /proc/$$/fd/1); err=$(readlink /proc/$$/fd/2)
printf '%s\n' "$in" "$out" "$err" end > "$(dirname "$0")/report"`)
	if err := (Opener{Command: "'" + browser + "'"}).Open(t.Context(), "https://example.com/", ""); err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(await(t, filepath.Join(dir, "report")))
	if len(got) != 3 || got[0] != os.DevNull || got[1] != os.DevNull {
		t.Fatalf("its streams are %q, want none of this program's", got)
	}
	for n, name := range got {
		if own, err := os.Readlink(fmt.Sprint("/proc/self/fd/", n)); err == nil && name == own && name != os.DevNull {
			t.Errorf("stream %d is this program's own, %s", n, own)
		}
	}
}

func TestOpenTellsOfFailureAtOnce(t *testing.T) {
	dir := t.TempDir()
	failed := make(chan error, 1)
	o := Opener{Command: script(t, filepath.Join(dir, "browser"), "exit 3"), Failed: func(err error) { failed <- err }}
	if err := o.Open(t.Context(), "https://example.com/?code=secret", ""); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		if platform.KindOf(err) != platform.KindConfig || !strings.HasSuffix(err.Error(), copyLink) || !strings.Contains(err.Error(), "exit status 3") {
			t.Errorf("got %v, want a config error with status and repair", err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the address: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("nobody was told")
	}
}

func TestOpenIgnoresLateExit(t *testing.T) {
	failed := make(chan error, 1)
	o := Opener{Command: script(t, filepath.Join(t.TempDir(), "browser"), "sleep 0.5; exit 3"), Failed: func(err error) { failed <- err }}
	if err := o.Open(t.Context(), "https://example.com/", ""); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		t.Errorf("got %v, want nothing: the browser ran and was closed", err)
	case <-time.After(900 * time.Millisecond):
	}
}

func TestSystemOpener(t *testing.T) {
	const address = "https://example.com/"
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("BROWSER", "")
	if _, err := systemOpener(address); platform.KindOf(err) != platform.KindConfig {
		t.Errorf("nothing there: got %v, want a config error", err)
	}
	mine := script(t, filepath.Join(dir, "mine"), "")
	t.Setenv("BROWSER", "absent:mine --new %s:other")
	if got, err := systemOpener(address); err != nil || strings.Join(got, " ") != mine+" --new "+address {
		t.Errorf("BROWSER: got %q, %v", got, err)
	}
	open := script(t, filepath.Join(dir, "xdg-open"), "")
	if got, err := systemOpener(address); err != nil || strings.Join(got, " ") != open+" "+address {
		t.Errorf("xdg-open: got %q, %v", got, err)
	}
}
