package notifier

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// TestDunstPaused: a real server that is paused says so.
func TestDunstPaused(t *testing.T) {
	path, ctl := need(t, "dunst"), need(t, "dunstctl")
	need(t, "dbus-send")
	d := newDesk(t, true)
	s, _, _ := d.sender(Config{})
	d.server(s, path, "-config", "/dev/null")
	for _, paused := range []string{"true", "false"} {
		if out, err := d.run(ctl, "set-paused", paused); err != nil {
			t.Fatal(out, err)
		}
		a, err := s.Abilities(t.Context())
		if err != nil || strings.Contains(a.Off, "dunst is paused; go on with: dunstctl") != (paused == "true") {
			t.Errorf("paused %s: %+v, %v", paused, a, err)
		}
	}
}

// property answers for one property of a desktop's service.
type property struct{ value any }

func (p property) Get(_, _ string) (dbus.Variant, *dbus.Error) {
	return dbus.MakeVariant(p.value), nil
}

func (p property) GetProperty(_, _ string) (dbus.Variant, *dbus.Error) {
	return dbus.MakeVariant(p.value), nil
}

func (p property) Read(_, _ string) (dbus.Variant, *dbus.Error) {
	return dbus.MakeVariant(dbus.MakeVariant(p.value)), nil
}

// TestDoNotDisturb: each desktop is asked in its own way, and one that does not answer is taken to show notes.
func TestDoNotDisturb(t *testing.T) {
	for _, c := range []struct {
		server, name string
		path         dbus.ObjectPath
		iface        string
		off, on      any
		says         string
	}{
		{"Xfce Notify Daemon", "org.xfce.Xfconf", "/org/xfce/Xfconf", "org.xfce.Xfconf", true, false, "Do Not Disturb is on; "},
		{"gnome-shell", portalName, portalPath, "org.freedesktop.portal.Settings", false, true, "Do Not Disturb is on and lets only urgent ones through; "},
		{"Plasma", noteName, notePath, "org.freedesktop.DBus.Properties", true, false, "the desktop holds notifications back, for Do Not Disturb or for a program that asked; "},
	} {
		t.Run(c.server, func(t *testing.T) {
			d := newDesk(t, false)
			r := d.record("actions")
			r.mu.Lock()
			r.name = c.server
			r.mu.Unlock()
			s, _, _ := d.sender(Config{})
			want := func(what string, off bool) {
				t.Helper()
				if a, err := s.Abilities(t.Context()); err != nil || (a.Off != "") != off || off && !strings.HasPrefix(a.Off, c.says) {
					t.Errorf("%s: %+v, %v, want off %v", what, a, err, off)
				}
			}
			want("nobody answers", false)
			if c.name != noteName {
				if _, err := r.conn.RequestName(c.name, dbus.NameFlagDoNotQueue); err != nil {
					t.Fatal(err)
				}
			}
			for _, v := range []any{c.off, c.on} {
				if err := r.conn.Export(property{v}, c.path, c.iface); err != nil {
					t.Fatal(err)
				}
				want(c.iface, v == c.off)
			}
		})
	}
}

// TestGNOMESwitchedOff: what a person chose in GNOME's settings is read from the
// real store of settings, as GNOME writes it.
func TestGNOMESwitchedOff(t *testing.T) {
	tool, store := need(t, "gsettings"), need(t, "/usr/libexec/dconf-service", "/usr/lib/dconf/dconf-service")
	d := newDesk(t, false)
	// Not the directory for both: each has a file dconf/user in it.
	for name, value := range map[string]string{"HOME": d.dir, "XDG_RUNTIME_DIR": d.dir, "XDG_CONFIG_HOME": filepath.Join(d.dir, "config"), "GSETTINGS_BACKEND": "dconf"} {
		t.Setenv(name, value)
		d.env = append(d.env, name+"="+value)
	}
	d.start(exec.Command(store))
	r := d.record("actions")
	r.mu.Lock()
	r.name = "gnome-shell"
	r.mu.Unlock()
	s, _, _ := d.sender(Config{})
	const all = "org.gnome.desktop.notifications"
	if out, err := d.run(tool, "get", gnomeApp, "enable"); err != nil || strings.TrimSpace(out) != "true" {
		t.Skipf("skipped: needs gsettings-desktop-schemas: %v: %s", err, out)
	}
	set := func(schema, key, value string) {
		t.Helper()
		for range 100 { // until the store is on the bus
			if _, err := d.run(tool, "set", schema, key, value); err == nil {
				if out, err := d.run(tool, "get", schema, key); err == nil && strings.TrimSpace(out) == value {
					return
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
		out, err := d.run(tool, "set", schema, key, value)
		t.Fatalf("%s %s does not take %s: %v: %s", schema, key, value, err, out)
	}
	want := func(text string) {
		t.Helper()
		if a, err := s.Abilities(t.Context()); err != nil || !strings.HasPrefix(a.Off, text) || (text == "") != (a.Off == "") {
			t.Errorf("%+v, %v, want %q", a, err, text)
		}
	}
	want("")
	set(all, "show-banners", "false")
	want("Do Not Disturb is on and lets only urgent ones through; ")
	set(gnomeApp, "enable", "false")
	want("Relink's notifications are switched off in GNOME; ")
	set(all, "show-banners", "true")
	want("Relink's notifications are switched off in GNOME; ")
	set(gnomeApp, "enable", "true")
	set(gnomeApp, "show-banners", "false")
	want("GNOME only lists Relink's notifications, but for urgent ones; ")
	set(gnomeApp, "show-banners", "true")
	want("")
}

// TestCinnamonSwitchedOff: one switch for all.
func TestCinnamonSwitchedOff(t *testing.T) {
	for value, off := range map[string]bool{"false": true, "true": false, "": false} {
		got := cinnamonOff(func(schema, key string) string {
			if schema+" "+key != "org.cinnamon.desktop.notifications display-notifications" {
				t.Errorf("asked for %s %s", schema, key)
			}
			return value
		})
		if strings.Contains(got, "switched off; ") != off {
			t.Errorf("%q: got %q", value, got)
		}
	}
}
