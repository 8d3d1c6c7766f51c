package notifier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

// Desktop Notifications Specification 1.3, specifications.freedesktop.org/notification.
const (
	busName      = "org.freedesktop.DBus"
	noteName     = "org.freedesktop.Notifications"
	notePath     = dbus.ObjectPath("/org/freedesktop/Notifications")
	desktopEntry = "relink"
	category     = "x-relink.reminder"

	callDeadline = 3 * time.Second
	// The bus is looked for again after minBackoff, doubling to maxBackoff.
	minBackoff = time.Second
	maxBackoff = 5 * time.Minute
)

// New gives the sender of this system: D-Bus, or inside Flatpak the portal, and
// beeep for what that fails to show.
func New(cfg Config) Sender {
	cfg = cfg.filled()
	first := Sender(newBus(cfg))
	if _, err := os.Stat(flatpakInfo); err == nil {
		first = newPortal(cfg)
	}
	return &fallback{first: first, second: busGuard{newPlain(cfg)}, log: cfg.Log}
}

// busGuard keeps beeep from a desktop without a bus, where it would start a
// bus of its own by dbus-launch and speak to nobody.
type busGuard struct{ Sender }

func (g busGuard) Send(ctx context.Context, n Note) error {
	if env := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); env == "" || env == "autolaunch:" {
		if _, err := os.Stat(userBus()); err != nil {
			return errNoBus(nil)
		}
	}
	return g.Sender.Send(ctx, n)
}

func userBus() string { return filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "bus") }

// bus shows notes through the desktop's notification server, on a connection
// of its own: whoever closes the shared one takes it from everybody.
type bus struct {
	cfg  Config
	icon *dbus.Variant

	// turn holds one token while a call or a signal is handled, and guards all below.
	turn chan struct{}
	conn *dbus.Conn
	// end closes conn; id is the bus's own.
	end func()
	id  string
	// signals of conn; closed with it.
	signals chan *dbus.Signal
	// server is the notification server the ids belong to: the bus's id and
	// the server's name on it. Empty while none is known.
	server string
	name   string
	caps   []string
	notes  map[string]*standing
	tokens map[uint32]string
	// fresh wakes Run when a call has made the connection.
	fresh chan struct{}
}

// standing is a note on the screen. Its id is 0 while the server that showed it is gone.
type standing struct {
	note Note
	id   uint32
}

func newBus(cfg Config) *bus {
	return &bus{
		cfg:    cfg.filled(),
		icon:   imageData(cfg.Icon),
		turn:   make(chan struct{}, 1),
		end:    func() {},
		notes:  map[string]*standing{},
		tokens: map[uint32]string{},
		fresh:  make(chan struct{}, 1),
	}
}

func (b *bus) lock(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the notification server: %w", ctx.Err())
	}
}

func (b *bus) unlock() { <-b.turn }

// Send shows a note, replacing the one with the same ID. A summary replaces
// the notes of its accounts as well.
func (b *bus) Send(ctx context.Context, n Note) error {
	if err := b.lock(ctx); err != nil {
		return err
	}
	defer b.unlock()
	if err := b.connect(ctx, true); err != nil {
		return err
	}
	if err := b.show(ctx, n, false); err != nil {
		return err
	}
	if b.leaveSummary(n.ID) { // it has a note of its own again
		if err := b.redraw(ctx); err != nil {
			b.cfg.Log.Warn("show summary again", "error", err)
		}
	}
	if len(n.Parts) > 0 {
		for _, p := range n.Parts {
			if err := b.close(ctx, p.ID); err != nil {
				b.cfg.Log.Warn("take back notification", "id", p.ID, "error", err)
			}
		}
	}
	return nil
}

// Withdraw takes a note back.
func (b *bus) Withdraw(ctx context.Context, id string) error {
	if err := b.lock(ctx); err != nil {
		return err
	}
	defer b.unlock()
	inSummary := b.leaveSummary(id)
	if !b.shows(id) && !inSummary {
		// Nothing on the screen, and it must not come back with a server either.
		delete(b.notes, id)
		return nil
	}
	if err := b.connect(ctx, false); err != nil {
		delete(b.notes, id)
		return err
	}
	if err := b.close(ctx, id); err != nil {
		return err
	}
	if !inSummary {
		return nil
	}
	return b.redraw(ctx)
}

// redraw shows the summary as it now is, or takes it away with its last part.
func (b *bus) redraw(ctx context.Context) error {
	sum := b.notes[SummaryID]
	switch {
	case sum == nil:
		return nil
	case len(sum.note.Parts) == 0:
		return b.close(ctx, SummaryID)
	}
	return b.show(ctx, sum.note, true)
}

// leaveSummary takes a note out of the summary that stands for it, and reports
// whether the one on the screen is now wrong.
func (b *bus) leaveSummary(id string) bool {
	sum := b.notes[SummaryID]
	if sum == nil || id == SummaryID {
		return false
	}
	rest := slices.DeleteFunc(slices.Clone(sum.note.Parts), func(p Note) bool { return p.ID == id })
	if len(rest) == len(sum.note.Parts) {
		return false
	}
	sum.note = summary(rest)
	if len(rest) == 0 && sum.id == 0 {
		delete(b.notes, SummaryID)
	}
	return sum.id != 0
}

func (b *bus) shows(id string) bool { return b.notes[id] != nil && b.notes[id].id != 0 }

// Abilities asks the notification server what it can do.
func (b *bus) Abilities(ctx context.Context) (Abilities, error) {
	if err := b.lock(ctx); err != nil {
		return Abilities{}, err
	}
	defer b.unlock()
	if err := b.connect(ctx, true); err != nil {
		return Abilities{}, err
	}
	return Abilities{Name: b.name, Actions: b.can("actions"), Persistence: b.can("persistence"), Off: b.off(ctx)}, nil
}

func (b *bus) can(capability string) bool { return slices.Contains(b.caps, capability) }

// Run hears clicks until ctx ends, and comes back when the bus does.
func (b *bus) Run(ctx context.Context) error {
	defer b.leave(context.WithoutCancel(ctx))
	wait := minBackoff
	for ctx.Err() == nil {
		if err := b.lock(ctx); err != nil {
			return nil
		}
		err := b.connect(ctx, false)
		signals := b.signals
		select {
		case <-b.fresh: // our own
		default:
		}
		b.unlock()
		if signals != nil {
			b.hear(ctx, signals)
			wait = minBackoff
		} else {
			b.cfg.Log.Debug("no session bus", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-b.fresh:
		case <-time.After(wait):
			wait = min(2*wait, maxBackoff)
		}
	}
	return nil
}

// hear handles signals until the connection or ctx ends.
func (b *bus) hear(ctx context.Context, signals chan *dbus.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-signals:
			if b.lock(ctx) != nil {
				return
			}
			if b.signals != signals {
				b.unlock()
				return
			}
			if !ok {
				b.drop()
				b.unlock()
				return
			}
			call := b.handle(ctx, s)
			b.unlock()
			if call != nil {
				call()
			}
		}
	}
}

// handle takes one signal in; what it returns is called without the lock.
func (b *bus) handle(ctx context.Context, s *dbus.Signal) func() {
	switch s.Name {
	case busName + ".NameOwnerChanged":
		var name, old, owner string
		if dbus.Store(s.Body, &name, &old, &owner) != nil || name != noteName {
			return nil
		}
		// What the signal says may be old news by now; connect asks.
		ctx, cancel := context.WithTimeout(ctx, 2*callDeadline)
		defer cancel()
		if err := b.connect(ctx, false); err != nil {
			b.cfg.Log.Warn("notification server changed", "error", err)
		}
	case noteName + ".ActivationToken":
		var id uint32
		var token string
		if dbus.Store(s.Body, &id, &token) == nil && b.find(id) != nil {
			b.tokens[id] = token
		}
	case noteName + ".ActionInvoked":
		var id uint32
		var key string
		if dbus.Store(s.Body, &id, &key) != nil {
			return nil
		}
		return b.clicked(ctx, id, key)
	case noteName + ".NotificationClosed":
		var id, reason uint32
		if dbus.Store(s.Body, &id, &reason) != nil {
			return nil
		}
		if st := b.find(id); st != nil {
			delete(b.notes, st.note.ID)
			delete(b.tokens, id)
			return func() { b.cfg.OnClosed(st.note.ID, reason) }
		}
	}
	return nil
}

func (b *bus) clicked(ctx context.Context, id uint32, key string) func() {
	st := b.find(id)
	if st == nil {
		return nil // somebody else's
	}
	a := Activation{Action: Action(key), Note: st.note.ID, Token: b.tokens[id]}
	delete(b.tokens, id)
	switch {
	case key == "default":
		a.Action = st.note.Default
	case !slices.ContainsFunc(st.note.Buttons, func(b Button) bool { return string(b.Action) == key }):
		return nil
	}
	if len(st.note.Accounts) == 1 {
		a.Account = st.note.Accounts[0]
	}
	if a.Account == "" {
		a.Action = ActionReview
	}
	if a.Action == ActionLater || a.Action == ActionReview {
		// A resident note stays after a click by itself; this one is answered.
		if err := b.close(ctx, st.note.ID); err != nil {
			b.cfg.Log.Warn("take back notification", "id", st.note.ID, "error", err)
		}
	}
	return func() { b.cfg.OnActivate(a) }
}

func (b *bus) find(id uint32) *standing {
	for _, st := range b.notes {
		if st.id == id && id != 0 {
			return st
		}
	}
	return nil
}

// markup escapes what a server would read as markup. Not quotes: GNOME Shell
// knows no numeric entities and shows them as they are.
var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// show sends one note. Quietly is for a note the person has seen before.
func (b *bus) show(ctx context.Context, n Note, quietly bool) error {
	body := n.Body
	var actions []string
	if b.can("actions") {
		if n.Default != "" {
			actions = append(actions, "default", b.defaultLabel(n))
		}
		for _, button := range n.Buttons {
			actions = append(actions, string(button.Action), button.Label)
		}
	} else {
		body = withoutButtons(n)
	}
	if b.can("body-markup") {
		body = markup.Replace(body)
	}
	hints := map[string]dbus.Variant{
		"urgency":       dbus.MakeVariant(byte(n.Urgency)),
		"category":      dbus.MakeVariant(category),
		"desktop-entry": dbus.MakeVariant(desktopEntry),
	}
	timeout := int32(-1)
	if n.Resident {
		hints["resident"] = dbus.MakeVariant(true)
		timeout = 0
	}
	if quietly {
		hints["suppress-sound"] = dbus.MakeVariant(true)
	}
	if b.icon != nil {
		hints["image-data"] = *b.icon
	}
	st := b.notes[n.ID]
	if st == nil {
		st = &standing{}
	}
	var id uint32
	err := b.call(ctx, b.object(), noteName+".Notify",
		[]any{b.cfg.AppName, st.id, "", n.Title, body, actions, hints, timeout}, &id)
	if err != nil {
		return errNoServer(err)
	}
	st.note, st.id = n, id
	b.notes[n.ID] = st
	return nil
}

// close takes a note from the screen.
func (b *bus) close(ctx context.Context, id string) error {
	st := b.notes[id]
	if st == nil {
		return nil
	}
	delete(b.notes, id)
	if st.id == 0 {
		return nil
	}
	delete(b.tokens, st.id)
	err := b.call(ctx, b.object(), noteName+".CloseNotification", []any{st.id})
	// A server answers with an error of its own where the note is gone already.
	var answer dbus.Error
	if err != nil && !errors.As(err, &answer) {
		return errNoServer(err)
	}
	return nil
}

// leave takes back what stands and closes the connection.
func (b *bus) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	if b.lock(ctx) != nil {
		return
	}
	defer b.unlock()
	if b.conn == nil {
		return
	}
	for id := range b.notes {
		if b.close(ctx, id) != nil {
			break
		}
	}
	b.drop()
}

// defaultLabel is read out where a server lists the default action. Xfce's
// draws a button for it unless it is empty.
func (b *bus) defaultLabel(n Note) string {
	if strings.HasPrefix(b.name, "Xfce") {
		return ""
	}
	for _, button := range n.Buttons {
		if button.Action == n.Default {
			return button.Label
		}
	}
	return platform.T("Open")
}
