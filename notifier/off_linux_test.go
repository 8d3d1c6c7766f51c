package notifier

import (
	"strings"
	"testing"

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
	}{
		{"Xfce Notify Daemon", "org.xfce.Xfconf", "/org/xfce/Xfconf", "org.xfce.Xfconf", true, false},
		{"gnome-shell", portalName, portalPath, "org.freedesktop.portal.Settings", false, true},
		{"Plasma", noteName, notePath, "org.freedesktop.DBus.Properties", true, false},
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
				if a, err := s.Abilities(t.Context()); err != nil || (a.Off != "") != off || off && !strings.Contains(a.Off, "Do Not Disturb is on; ") {
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
