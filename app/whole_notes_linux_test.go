package app_test

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/app/desk"
)

// note is a notification that is on the screen.
type note struct {
	title, body string
	actions     []string // keys and labels by turns
	at          time.Time
	order       int // of its first appearance
}

// offers reports whether it has a button with this key.
func (n note) offers(key string) bool {
	for i := 0; i+1 < len(n.actions); i += 2 {
		if n.actions[i] == key {
			return true
		}
	}
	return false
}

// notes follows the notification server: what is on the screen now.
type notes struct {
	mu      sync.Mutex // guards all below
	shown   map[uint32]note
	asked   map[string]note // by sender and serial, until the server names the id
	history []note
}

// follow overhears everything that is said to and by the notification server.
func follow(t *testing.T, d *desk.Desk) *notes {
	t.Helper()
	conn, err := d.Bus()
	if err != nil {
		t.Fatal(err)
	}
	rules := []string{"interface='org.freedesktop.Notifications'", "type='method_return',sender='org.freedesktop.Notifications'"}
	if err := conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, rules, uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
	n := &notes{shown: map[uint32]note{}, asked: map[string]note{}}
	heard := make(chan *dbus.Message, 256)
	conn.Eavesdrop(heard)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m := range heard {
			n.hear(m)
		}
	}()
	t.Cleanup(func() {
		conn.Close() // closes heard
		<-ended
	})
	return n
}

func (n *notes) hear(m *dbus.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	word := func(f dbus.HeaderField) string { s, _ := m.Headers[f].Value().(string); return s }
	switch member := word(dbus.FieldMember); {
	case m.Type == dbus.TypeMethodCall && member == "Notify" && len(m.Body) >= 6:
		var app, icon string
		var replaces uint32
		x := note{at: time.Now()}
		if dbus.Store(m.Body[:6], &app, &replaces, &icon, &x.title, &x.body, &x.actions) != nil {
			return
		}
		x.order = len(n.history)
		n.history = append(n.history, x)
		n.asked[fmt.Sprint(word(dbus.FieldSender), m.Serial())] = x
	case m.Type == dbus.TypeMethodReply && len(m.Body) == 1:
		serial, _ := m.Headers[dbus.FieldReplySerial].Value().(uint32)
		key := fmt.Sprint(word(dbus.FieldDestination), serial)
		x, ok := n.asked[key]
		id, isID := m.Body[0].(uint32)
		if !ok || !isID {
			return
		}
		delete(n.asked, key)
		if old, there := n.shown[id]; there {
			x.order = old.order // it takes the place
		}
		n.shown[id] = x
	case m.Type == dbus.TypeSignal && member == "NotificationClosed" && len(m.Body) > 0:
		if id, ok := m.Body[0].(uint32); ok {
			delete(n.shown, id)
		}
	}
}

// find gives the shown note whose title begins so and that has such a button.
func (n *notes) find(title, key string) (note, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.shown {
		if strings.HasPrefix(x.title, title) && x.offers(key) {
			return x, true
		}
	}
	return note{}, false
}

// said lists everything that was ever shown.
func (n *notes) said() []note {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.history)
}

// place is how many of the notes on the screen came before one.
func (n *notes) place(x note) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := 0
	for _, other := range n.shown {
		if other.order < x.order {
			i++
		}
	}
	return i
}

// windowsOf lists the notes' windows, topmost on the screen first.
func windowsOf(ctx context.Context, d *desk.Desk) ([]desk.Window, error) {
	windows, err := d.Windows(ctx, desk.NoteWindow)
	slices.SortFunc(windows, func(a, b desk.Window) int { return a.Bounds.Min.Y - b.Bounds.Min.Y })
	return windows, err
}

// click clicks a button of a note with a pointer. which counts from the
// right, 0 is the last. The server stacks notes downwards, the oldest first,
// but puts a new one into a gap where it fits: with before given, it is the
// window that was not there then.
func (n *notes) click(ctx context.Context, d *desk.Desk, x note, which int, before ...desk.Window) error {
	if err := d.MovePointer(ctx, 0, d.Size().Y-1); err != nil {
		return err
	}
	for {
		windows, err := windowsOf(ctx, d)
		if err != nil {
			return err
		}
		buttons, err := d.NoteButtons(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(windows, func(w desk.Window) bool { return len(buttons) > 0 && buttons[0].In(w.Bounds) })
		place := n.place(x)
		if len(before) > 0 {
			if place = slices.IndexFunc(windows, func(w desk.Window) bool {
				return !slices.ContainsFunc(before, func(b desk.Window) bool { return b.ID == w.ID })
			}); place < 0 {
				place = len(windows) // not there yet
			}
		}
		if i >= 0 && place < len(windows) && which < len(buttons) {
			// The buttons are the same distance from the lower right corner of every note.
			b := buttons[len(buttons)-1-which].Sub(windows[i].Bounds.Max).Add(windows[place].Bounds.Max)
			at := image.Pt((b.Min.X+b.Max.X)/2, (b.Min.Y+b.Max.Y)/2)
			return d.Click(ctx, at.X, at.Y)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("click the note %q: %d notes and %d buttons are on the screen: %w", x.title, len(windows), len(buttons), ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// menuLine is one line of the tray's menu, as its owner tells it.
type menuLine struct {
	id        int32
	label     string
	separator bool
}

// trayMenu reads the menu of the only item in the tray.
func trayMenu(t *testing.T, d *desk.Desk) []menuLine {
	t.Helper()
	conn, err := d.Bus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	v, err := conn.Object("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher").GetProperty("org.kde.StatusNotifierWatcher.RegisteredStatusNotifierItems")
	if err != nil {
		t.Fatal(err)
	}
	items, _ := v.Value().([]string)
	if len(items) != 1 {
		t.Fatalf("%d items are in the tray, want 1", len(items))
	}
	owner, path, _ := strings.Cut(items[0], "/")
	menu, err := conn.Object(owner, dbus.ObjectPath("/"+path)).GetProperty("org.kde.StatusNotifierItem.Menu")
	if err != nil {
		t.Fatal(err)
	}
	at, _ := menu.Value().(dbus.ObjectPath)
	type layout struct {
		ID       int32
		Props    map[string]dbus.Variant
		Children []dbus.Variant
	}
	var revision uint32
	var root layout
	if err := conn.Object(owner, at).Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(1), []string{}).Store(&revision, &root); err != nil {
		t.Fatal(err)
	}
	var out []menuLine
	for _, c := range root.Children {
		var l layout
		if err := dbus.Store([]any{c.Value()}, &l); err != nil {
			t.Fatal(err)
		}
		if visible, ok := l.Props["visible"].Value().(bool); ok && !visible {
			continue
		}
		line := menuLine{id: l.ID}
		line.label, _ = l.Props["label"].Value().(string)
		kind, _ := l.Props["type"].Value().(string)
		line.separator = kind == "separator"
		out = append(out, line)
	}
	return out
}
