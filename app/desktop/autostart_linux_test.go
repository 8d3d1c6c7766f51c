package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"relink/platform"
)

func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("RELINK_HOME", "")
	return filepath.Join(dir, "autostart", "relink.desktop")
}

func enabled(t *testing.T, a Autostart, want bool) {
	t.Helper()
	if got, err := a.Enabled(); err != nil || got != want {
		t.Errorf("Enabled: got %v, %v, want %v", got, err, want)
	}
}

func TestAutostart(t *testing.T) {
	path := home(t)
	a := Autostart{Executable: "/opt/relink/relink"}
	enabled(t, a, false)
	if err := a.Disable(); err != nil {
		t.Errorf("Disable where there is none: %v", err)
	}
	if err := a.Enable(); err != nil {
		t.Fatal(err)
	}
	enabled(t, a, true)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Enable(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Error("a second Enable wrote the file again")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "\nExec=\"/opt/relink/relink\" agent\n") {
		t.Errorf("got %s", data)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("got %v, %v, want the entry and nothing else", left, err)
	}
	if err := a.Disable(); err != nil {
		t.Fatal(err)
	}
	enabled(t, a, false)
}

// A desktop's own settings switch an entry off without removing it.
func TestAutostartSwitchedOffElsewhere(t *testing.T) {
	path := home(t)
	a := Autostart{Executable: "/opt/relink/relink"}
	for _, line := range []string{"Hidden=true\n", "X-GNOME-Autostart-enabled=false\n"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(desktopEntry("/gone/relink")+line), 0o644); err != nil {
			t.Fatal(err)
		}
		enabled(t, a, false)
		if did, err := a.Repair(); did || err != nil {
			t.Errorf("Repair: got %v, %v, want it to respect the person's choice", did, err)
		}
		if err := a.Enable(); err != nil {
			t.Fatal(err)
		}
		enabled(t, a, true)
	}
}

func TestAutostartRepair(t *testing.T) {
	home(t)
	dir := t.TempDir()
	here := script(t, filepath.Join(dir, "here"), "")
	if did, err := (Autostart{Executable: here}).Repair(); did || err != nil {
		t.Errorf("no entry: got %v, %v, want nothing done", did, err)
	}
	if err := (Autostart{Executable: filepath.Join(dir, "moved")}).Enable(); err != nil {
		t.Fatal(err)
	}
	if did, err := (Autostart{Executable: here}).Repair(); !did || err != nil {
		t.Errorf("gone: got %v, %v, want it repaired", did, err)
	}
	if e, err := read(); err != nil || e.executable != here {
		t.Errorf("got %v, %v, want %s", e, err, here)
	}
	if did, err := (Autostart{Executable: "/somewhere/else"}).Repair(); did || err != nil {
		t.Errorf("still there: got %v, %v, want it left alone", did, err)
	}
}

// The entry of the person's own Relink is none of one's that has a home of its own.
func TestAutostartForeign(t *testing.T) {
	path := home(t)
	a := Autostart{Executable: "/gone/relink"}
	if err := a.Enable(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("RELINK_HOME", t.TempDir())
	enabled(t, a, false)
	if err := a.Disable(); err != nil {
		t.Errorf("Disable: %v", err)
	}
	if did, err := a.Repair(); did || err != nil {
		t.Errorf("Repair: got %v, %v, want nothing done", did, err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the entry was touched: %v", err)
	}
}

func TestAutostartErrors(t *testing.T) {
	path := home(t)
	t.Setenv("RELINK_HOME", t.TempDir())
	if err := (Autostart{}).Enable(); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("with a home of its own: got %v, want a usage error", err)
	}
	t.Setenv("RELINK_HOME", "")
	// A file where the directory should be: nothing can be written, even by root.
	if err := os.WriteFile(filepath.Dir(path), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (Autostart{}).Enable(); platform.KindOf(err) != platform.KindStorage {
		t.Errorf("got %v, want a storage error", err)
	}
}

// A desktop's own launcher starts the program whatever its path holds. (But
// for a percent sign, which GLib does not undouble when it looks for the program.)
func TestAutostartEntryStarts(t *testing.T) {
	gio, err := exec.LookPath("gio")
	if err != nil {
		t.Skip("needs gio (libglib2.0-bin)")
	}
	path := home(t)
	dir := filepath.Join(t.TempDir(), "a b\"c$d`e\\f")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	exe := script(t, filepath.Join(dir, "relink"), report)
	if err := (Autostart{Executable: exe}).Enable(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gio, "launch", path).CombinedOutput(); err != nil {
		t.Fatalf("gio launch: %v\n%s", err, out)
	}
	got := strings.Split(await(t, filepath.Join(dir, "report")), "\n")
	if got[0] != "1" || got[1] != "agent" {
		t.Errorf("started with %q, want the one argument agent", got)
	}
	if e, err := read(); err != nil || e.executable != exe {
		t.Errorf("read back %q, %v, want %q", e.executable, err, exe)
	}
}
