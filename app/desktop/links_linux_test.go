package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"relink/platform"
)

// linksHome gives a home of its own to this test; it returns the entry and mimeapps.list.
func linksHome(t *testing.T) (entry, defaults string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("RELINK_HOME", "")
	return filepath.Join(dir, "data", "applications", "relink-link.desktop"), filepath.Join(dir, "config", "mimeapps.list")
}

func registered(t *testing.T, want bool) {
	t.Helper()
	if got, err := (Links{}).Registered(); err != nil || got != want {
		t.Errorf("Registered: got %v, %v, want %v", got, err, want)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLinks(t *testing.T) {
	entry, defaults := linksHome(t)
	l := Links{Executable: script(t, filepath.Join(t.TempDir(), "relink"), "")}
	registered(t, false)
	if err := l.Unregister(); err != nil {
		t.Errorf("Unregister where there is none: %v", err)
	}
	if err := l.Register(); err != nil {
		t.Fatal(err)
	}
	registered(t, true)
	if got := text(t, entry); !strings.Contains(got, "\nExec="+l.Executable+" open %u\n") || !strings.Contains(got, "\nMimeType=x-scheme-handler/relink;\n") {
		t.Errorf("got %s", got)
	}
	if got, want := text(t, defaults), "[Default Applications]\nx-scheme-handler/relink=relink-link.desktop;\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	before, _ := os.Stat(entry)
	if err := l.Register(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(entry); err != nil || !os.SameFile(before, after) {
		t.Error("a second Register wrote the entry again")
	}
	// Another program by the person's own choice.
	if err := os.WriteFile(defaults, []byte("[Default Applications]\nx-scheme-handler/relink=other.desktop\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	registered(t, false)
	if did, err := l.Repair(); did || err != nil {
		t.Errorf("Repair: got %v, %v, want it to respect the person's choice", did, err)
	}
	if err := l.Register(); err != nil {
		t.Fatal(err)
	}
	registered(t, true)
	if err := l.Unregister(); err != nil {
		t.Fatal(err)
	}
	registered(t, false)
	if got, want := text(t, defaults), "[Default Applications]\nx-scheme-handler/relink=other.desktop;\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := os.Stat(entry); !os.IsNotExist(err) {
		t.Errorf("the entry is still there: %v", err)
	}
}

func TestLinksRepair(t *testing.T) {
	linksHome(t)
	dir := t.TempDir()
	here := script(t, filepath.Join(dir, "here"), "")
	if did, err := (Links{Executable: here}).Repair(); did || err != nil {
		t.Errorf("no entry: got %v, %v, want nothing done", did, err)
	}
	registered(t, false)
	if err := (Links{Executable: filepath.Join(dir, "moved")}).Register(); err != nil {
		t.Fatal(err)
	}
	registered(t, false)
	if did, err := (Links{Executable: here}).Repair(); !did || err != nil {
		t.Errorf("gone: got %v, %v, want it repaired", did, err)
	}
	registered(t, true)
	if got, err := readLinks(); err != nil || got != here {
		t.Errorf("got %v, %v, want %s", got, err, here)
	}
	if did, err := (Links{Executable: "/somewhere/else"}).Repair(); did || err != nil {
		t.Errorf("still there: got %v, %v, want it left alone", did, err)
	}
}

// The links of the person's own Relink are none of one's that has a home of its own.
func TestLinksForeign(t *testing.T) {
	entry, defaults := linksHome(t)
	l := Links{Executable: "/gone/relink"}
	if err := l.Register(); err != nil {
		t.Fatal(err)
	}
	before := text(t, entry) + text(t, defaults)
	t.Setenv("RELINK_HOME", t.TempDir())
	registered(t, false)
	if err := l.Register(); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("Register: got %v, want a usage error", err)
	}
	if err := l.Unregister(); err != nil {
		t.Errorf("Unregister: %v", err)
	}
	if did, err := l.Repair(); did || err != nil {
		t.Errorf("Repair: got %v, %v, want nothing done", did, err)
	}
	if text(t, entry)+text(t, defaults) != before {
		t.Error("the entry was touched")
	}
}

func TestLinksErrors(t *testing.T) {
	entry, _ := linksHome(t)
	// A file where the directory should be: nothing can be written, even by root.
	if err := os.MkdirAll(filepath.Dir(filepath.Dir(entry)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Dir(entry), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (Links{Executable: "/opt/relink"}).Register(); platform.KindOf(err) != platform.KindStorage {
		t.Errorf("got %v, want a storage error", err)
	}
}

// What a person has in mimeapps.list stays.
func TestWithOpener(t *testing.T) {
	const line = "x-scheme-handler/relink=relink-link.desktop;\n"
	for _, c := range []struct {
		name, in, want string
		on             bool
	}{
		{"empty", "", "[Default Applications]\n" + line, true},
		{"group there", "# mine\n[Default Applications]\ntext/html=a.desktop;\n\n[Added Associations]\ntext/html=b.desktop\n",
			"# mine\n[Default Applications]\n" + line + "text/html=a.desktop;\n\n[Added Associations]\ntext/html=b.desktop\n", true},
		{"no group", "[Added Associations]\nx-scheme-handler/relink=z.desktop", "[Added Associations]\nx-scheme-handler/relink=z.desktop\n[Default Applications]\n" + line, true},
		{"another's", "[Default Applications]\nx-scheme-handler/relink = other.desktop\na=b", "[Default Applications]\nx-scheme-handler/relink=relink-link.desktop;other.desktop;\na=b", true},
		{"twice", "[Default Applications]\n" + line, "[Default Applications]\n" + line, true},
		{"no end of line", "[Default Applications]", "[Default Applications]\n" + line, true},
		{"off", "[Default Applications]\na=b\n" + line + "c=d\n", "[Default Applications]\na=b\nc=d\n", false},
		{"off, none", "[Added Associations]\n" + line, "[Added Associations]\n" + line, false},
	} {
		if got := withOpener(c.in, c.on); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

const reportLink = `{ echo "$#"; echo "$1"; echo "$2"; echo end; } > "$(dirname "$0")/report"`

// The system's own tools find the program, and start it with the address as one argument.
func TestLinksOpenByTheSystem(t *testing.T) {
	const link = "relink://reconnect/mastodon/acme@example.social"
	opened := func(t *testing.T, place string, opener ...string) {
		t.Helper()
		linksHome(t)
		for _, key := range []string{"XDG_CURRENT_DESKTOP", "DESKTOP_SESSION", "KDE_FULL_SESSION", "GNOME_DESKTOP_SESSION_ID", "DBUS_SESSION_BUS_ADDRESS", "BROWSER"} {
			t.Setenv(key, "")
		}
		t.Setenv("DISPLAY", ":9") // xdg-open asks whether there is one, not what it shows
		dir := filepath.Join(t.TempDir(), place)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := (Links{Executable: script(t, filepath.Join(dir, "relink"), reportLink)}).Register(); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(opener[0], append(opener[1:], link)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", opener, err, out)
		}
		got := strings.Split(await(t, filepath.Join(dir, "report")), "\n")
		if got[0] != "2" || got[1] != "open" || got[2] != link {
			t.Errorf("started with %q, want open and the address", got)
		}
	}
	t.Run("xdg-open", func(t *testing.T) {
		mime, err := exec.LookPath("xdg-mime")
		if err != nil {
			t.Skip("skipped: needs xdg-mime (xdg-utils)")
		}
		open, err := exec.LookPath("xdg-open")
		if err != nil {
			t.Skip("skipped: needs xdg-open (xdg-utils)")
		}
		opened(t, "plain", open)
		if out, err := exec.Command(mime, "query", "default", "x-scheme-handler/relink").CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != linksEntry {
			t.Errorf("xdg-mime: got %q, %v, want %s", out, err, linksEntry)
		}
	})
	t.Run("gio", func(t *testing.T) {
		gio, err := exec.LookPath("gio")
		if err != nil {
			t.Skip("skipped: needs gio (libglib2.0-bin)")
		}
		opened(t, "a b\"c$d", gio, "open")
	})
}
