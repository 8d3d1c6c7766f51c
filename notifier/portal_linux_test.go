package notifier

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

// gate is a notification portal that keeps what it is asked to show.
type gate struct {
	conn    *dbus.Conn
	version uint32

	mu    sync.Mutex // guards what follows
	shown map[string]map[string]dbus.Variant
	log   []string
}

func (g *gate) AddNotification(id string, n map[string]dbus.Variant) *dbus.Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shown[id] = n
	g.log = append(g.log, "add "+id)
	return nil
}

func (g *gate) RemoveNotification(id string) *dbus.Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.shown, id)
	g.log = append(g.log, "remove "+id)
	return nil
}

func (g *gate) Get(_, _ string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(g.version), nil }

func (g *gate) ids() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for id := range g.shown {
		out = append(out, id)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (g *gate) note(t *testing.T, id string) map[string]dbus.Variant {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shown[id] == nil {
		t.Fatalf("%s is not shown", id)
	}
	return g.shown[id]
}

func (g *gate) click(t *testing.T, id, action string, params ...dbus.Variant) {
	t.Helper()
	if params == nil {
		params = []dbus.Variant{}
	}
	if err := g.conn.Emit(portalPath, portalIface+".ActionInvoked", id, action, params); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) gate(version uint32) *gate {
	d.t.Helper()
	conn, err := dbus.Connect(d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.Close() })
	g := &gate{conn: conn, version: version, shown: map[string]map[string]dbus.Variant{}}
	for _, iface := range []string{portalIface, "org.freedesktop.DBus.Properties"} {
		if err := conn.Export(g, portalPath, iface); err != nil {
			d.t.Fatal(err)
		}
	}
	if reply, err := conn.RequestName(portalName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		d.t.Fatalf("own %s: %v %v", portalName, reply, err)
	}
	return g
}

// throughPortal runs a portal sender on the desk.
func (d *desk) throughPortal(cfg Config) (p *portal, clicks chan Activation, stop func()) {
	clicks = make(chan Activation, 8)
	cfg.Address, cfg.OnActivate = d.address, func(a Activation) { clicks <- a }
	p = newPortal(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	d.t.Cleanup(stop)
	return p, clicks, stop
}

func TestPortal(t *testing.T) {
	d := newDesk(t, false)
	g := d.gate(2)
	p, clicks, stop := d.throughPortal(Config{Icon: []byte("png")})
	if a, err := p.Abilities(t.Context()); err != nil || !a.Actions || !a.Persistence {
		t.Fatalf("abilities %+v, %v", a, err)
	}
	note := ended("a", "LinkedIn · a & b: expired")
	send(t, p, note)
	got := g.note(t, note.ID)
	for key, want := range map[string]any{"title": note.Title, "body": note.Body, "priority": "urgent", "default-action": "reconnect"} {
		if got[key].Value() != want {
			t.Errorf("%s = %v, want %v", key, got[key].Value(), want)
		}
	}
	if hint, ok := got["display-hint"].Value().([]string); !ok || !slices.Equal(hint, []string{"persistent"}) {
		t.Errorf("display-hint = %v", got["display-hint"])
	}
	var buttons []string
	for _, b := range got["buttons"].Value().([]map[string]dbus.Variant) {
		buttons = append(buttons, b["action"].Value().(string)+" "+b["label"].Value().(string))
	}
	if want := []string{"reconnect Reconnect", "later Later"}; !slices.Equal(buttons, want) {
		t.Errorf("buttons %q, want %q", buttons, want)
	}
	if icon, ok := got["icon"].Value().([]any); !ok || icon[0] != "bytes" || string(icon[1].(dbus.Variant).Value().([]byte)) != "png" {
		t.Errorf("icon = %v", got["icon"])
	}

	// Clicks: with and without the desktop's token; keys that were not offered start nothing.
	g.click(t, note.ID, "settings")
	g.click(t, note.ID, "reconnect", dbus.MakeVariant(map[string]dbus.Variant{"activation-token": dbus.MakeVariant("t1")}))
	if a := get(t, "click", clicks); a != (Activation{Account: "a", Action: ActionReconnect, Note: note.ID, Token: "t1"}) {
		t.Errorf("click %+v", a)
	}
	g.click(t, note.ID, "later")
	if a := get(t, "click", clicks); a != (Activation{Account: "a", Action: ActionLater, Note: note.ID}) {
		t.Errorf("click %+v", a)
	}
	eventually(t, "taken back", func() bool { return g.ids() == "" })

	// A summary takes the place of its parts, and shrinks with them.
	parts := []Note{ended("a", "a"), ended("b", "b"), ended("c", "c")}
	send(t, p, parts[0])
	send(t, p, summary(parts))
	if g.ids() != SummaryID {
		t.Errorf("shown: %s", g.ids())
	}
	if err := p.Withdraw(t.Context(), parts[0].ID); err != nil {
		t.Fatal(err)
	}
	if title := g.note(t, SummaryID)["title"].Value(); title != "2 accounts need you" {
		t.Errorf("summary %q", title)
	}
	send(t, p, parts[1]) // it has a note of its own again
	if title := g.note(t, SummaryID)["title"].Value(); title != "1 account needs you" {
		t.Errorf("summary %q", title)
	}
	if err := p.Withdraw(t.Context(), parts[2].ID); err != nil || g.ids() != parts[1].ID {
		t.Errorf("shown: %s, %v", g.ids(), err)
	}
	stop()
	if g.ids() != "" {
		t.Errorf("the program has ended, and %s is shown", g.ids())
	}
}

// A note of an earlier run, which ended without a word, can be clicked and withdrawn.
func TestPortalOutlivesTheProgram(t *testing.T) {
	d := newDesk(t, false)
	g := d.gate(1)
	_ = g.AddNotification(NoteID("old"), map[string]dbus.Variant{})
	p, clicks, _ := d.throughPortal(Config{})
	if a, err := p.Abilities(t.Context()); err != nil || a.Persistence {
		t.Fatalf("abilities %+v, %v", a, err)
	}
	send(t, p, ended("a", "a"))
	if _, has := g.note(t, NoteID("a"))["display-hint"]; has {
		t.Error("a hint that version 1 does not know")
	}
	g.click(t, NoteID("old"), "reconnect")
	if a := get(t, "click", clicks); a.Account != "old" || a.Action != ActionReconnect {
		t.Errorf("click %+v", a)
	}
	if err := p.Withdraw(t.Context(), NoteID("old")); err != nil || g.ids() != NoteID("a") {
		t.Errorf("shown: %s, %v", g.ids(), err)
	}
}

func TestNoPortal(t *testing.T) {
	d := newDesk(t, false)
	p, _, _ := d.throughPortal(Config{})
	err := p.Send(t.Context(), ended("a", "X"))
	if platform.KindOf(err) != platform.KindConfig || !strings.Contains(err.Error(), "no notification portal") {
		t.Errorf("send: %v", err)
	}
}

// TestNewInsideFlatpak: the sandbox's mark chooses the way.
func TestNewInsideFlatpak(t *testing.T) {
	old := flatpakInfo
	defer func() { flatpakInfo = old }()
	for path, want := range map[string]bool{t.TempDir(): true, "/nowhere/.flatpak-info": false} {
		flatpakInfo = path
		if _, got := New(Config{}).(*fallback).first.(*portal); got != want {
			t.Errorf("%s: portal %v, want %v", path, got, want)
		}
	}
}
