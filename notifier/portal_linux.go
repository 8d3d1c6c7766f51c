package notifier

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

// Notifications of a program in a Flatpak sandbox go through a portal:
// org.freedesktop.portal.Notification, flatpak.github.io/xdg-desktop-portal.
// It knows notes by the program's own IDs, so that they outlive the server and
// the program, and says neither whether one was shown nor that it was closed.
const (
	portalName  = "org.freedesktop.portal.Desktop"
	portalPath  = dbus.ObjectPath("/org/freedesktop/portal/desktop")
	portalIface = "org.freedesktop.portal.Notification"
)

// flatpakInfo exists inside a Flatpak sandbox and nowhere else.
var flatpakInfo = "/.flatpak-info"

// portal shows notes through the portal.
type portal struct {
	cfg Config

	// turn holds one token while a call is made or a signal handled, and guards all below.
	turn    chan struct{}
	conn    *dbus.Conn
	end     func()
	signals chan *dbus.Signal
	version uint32
	notes   map[string]Note
	// fresh wakes Run when a call has made the connection.
	fresh chan struct{}
}

func newPortal(cfg Config) *portal {
	return &portal{cfg: cfg.filled(), turn: make(chan struct{}, 1), end: func() {}, notes: map[string]Note{}, fresh: make(chan struct{}, 1)}
}

func (p *portal) lock(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *portal) unlock() { <-p.turn }

func (p *portal) object() dbus.BusObject { return p.conn.Object(portalName, portalPath) }

// connect makes the connection if there is none. The caller holds the turn.
func (p *portal) connect(ctx context.Context) error {
	if p.conn != nil && p.conn.Connected() {
		return nil
	}
	p.drop()
	conn, end, err := openBus(ctx, p.cfg.Address)
	if err != nil {
		return errNoBus(err)
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	if err := conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(portalIface), dbus.WithMatchObjectPath(portalPath)); err != nil {
		end()
		return errNoBus(err)
	}
	p.conn, p.end, p.signals = conn, end, signals
	select {
	case p.fresh <- struct{}{}:
	default:
	}
	return nil
}

func (p *portal) drop() {
	p.end()
	p.conn, p.end, p.signals, p.version = nil, func() {}, nil, 0
}

// meet asks for the portal's version, once a connection.
func (p *portal) meet(ctx context.Context) error {
	if err := p.connect(ctx); err != nil {
		return err
	}
	if p.version > 0 {
		return nil
	}
	var v dbus.Variant
	if err := callBus(ctx, p.object(), "org.freedesktop.DBus.Properties.Get", []any{portalIface, "version"}, &v); err != nil {
		return errNoPortal(err)
	}
	p.version, _ = v.Value().(uint32)
	return nil
}

// Send shows a note; the portal replaces the one with the same ID.
func (p *portal) Send(ctx context.Context, n Note) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	if err := p.show(ctx, n); err != nil {
		return err
	}
	gone := n.Parts
	if p.leaveSummary(n.ID) {
		if err := p.redraw(ctx); err != nil {
			p.cfg.Log.Warn("show summary again", "error", err)
		}
	}
	for _, part := range gone {
		if err := p.remove(ctx, part.ID); err != nil {
			p.cfg.Log.Warn("take back notification", "id", part.ID, "error", err)
		}
	}
	return nil
}

// show sends one note. The caller holds the turn.
func (p *portal) show(ctx context.Context, n Note) error {
	if err := p.meet(ctx); err != nil {
		return err
	}
	priority := map[Urgency]string{UrgencyLow: "low", UrgencyNormal: "normal", UrgencyCritical: "urgent"}[n.Urgency]
	args := map[string]dbus.Variant{
		"title": dbus.MakeVariant(n.Title), "body": dbus.MakeVariant(n.Body), "priority": dbus.MakeVariant(priority),
	}
	if n.Default != "" {
		args["default-action"] = dbus.MakeVariant(string(n.Default))
	}
	var buttons []map[string]dbus.Variant
	for _, b := range n.Buttons {
		buttons = append(buttons, map[string]dbus.Variant{"label": dbus.MakeVariant(b.Label), "action": dbus.MakeVariant(string(b.Action))})
	}
	if len(buttons) > 0 {
		args["buttons"] = dbus.MakeVariant(buttons)
	}
	if len(p.cfg.Icon) > 0 {
		args["icon"] = dbus.MakeVariant(struct {
			Kind string
			Data dbus.Variant
		}{"bytes", dbus.MakeVariant(p.cfg.Icon)})
	}
	if p.version >= 2 && n.Resident {
		args["display-hint"] = dbus.MakeVariant([]string{"persistent"})
	}
	if err := callBus(ctx, p.object(), portalIface+".AddNotification", []any{n.ID, args}); err != nil {
		return errNoPortal(err)
	}
	p.notes[n.ID] = n
	return nil
}

// remove takes a note back. The caller holds the turn.
func (p *portal) remove(ctx context.Context, id string) error {
	delete(p.notes, id)
	if err := p.connect(ctx); err != nil {
		return err
	}
	// One that is gone is no error for the portal.
	if err := callBus(ctx, p.object(), portalIface+".RemoveNotification", []any{id}); err != nil {
		return errNoPortal(err)
	}
	return nil
}

// leaveSummary takes a note out of the summary that stands for it, and reports
// whether the one shown is now wrong.
func (p *portal) leaveSummary(id string) bool {
	sum, ok := p.notes[SummaryID]
	if !ok || id == SummaryID {
		return false
	}
	rest := slices.DeleteFunc(slices.Clone(sum.Parts), func(n Note) bool { return n.ID == id })
	if len(rest) == len(sum.Parts) {
		return false
	}
	p.notes[SummaryID] = summary(rest)
	return true
}

// redraw shows the summary as it now is.
func (p *portal) redraw(ctx context.Context) error {
	if sum := p.notes[SummaryID]; len(sum.Parts) > 0 {
		return p.show(ctx, sum)
	}
	return p.remove(ctx, SummaryID)
}

// Withdraw takes a note back, also one that an earlier run of the program has shown.
func (p *portal) Withdraw(ctx context.Context, id string) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	err := p.remove(ctx, id)
	if p.leaveSummary(id) {
		err = errors.Join(err, p.redraw(ctx))
	}
	return err
}

// Abilities asks whether there is a portal. Buttons are part of every version.
func (p *portal) Abilities(ctx context.Context) (Abilities, error) {
	if err := p.lock(ctx); err != nil {
		return Abilities{}, err
	}
	defer p.unlock()
	if err := p.meet(ctx); err != nil {
		return Abilities{}, err
	}
	return Abilities{Name: platform.T("The Flatpak portal"), Actions: true, Persistence: p.version >= 2}, nil
}

// Run hears clicks until ctx ends, and comes back when the bus does.
func (p *portal) Run(ctx context.Context) error {
	defer p.leave(context.WithoutCancel(ctx))
	wait := minBackoff
	for ctx.Err() == nil {
		if p.lock(ctx) != nil {
			return nil
		}
		err := p.connect(ctx)
		signals := p.signals
		select {
		case <-p.fresh: // our own
		default:
		}
		p.unlock()
		if err == nil {
			wait = minBackoff
			p.hear(ctx, signals)
		}
		select {
		case <-ctx.Done():
		case <-p.fresh:
		case <-time.After(wait):
			wait = min(2*wait, maxBackoff)
		}
	}
	return nil
}

func (p *portal) hear(ctx context.Context, signals chan *dbus.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-signals:
			if !ok {
				return
			}
			if a, ok := p.clicked(ctx, s); ok {
				p.cfg.OnActivate(a)
			}
		}
	}
}

// clicked reads a click, also on a note of an earlier run of the program.
func (p *portal) clicked(ctx context.Context, s *dbus.Signal) (Activation, bool) {
	var id, action string
	var params []dbus.Variant
	if s.Name != portalIface+".ActionInvoked" || dbus.Store(s.Body, &id, &action, &params) != nil || p.lock(ctx) != nil {
		return Activation{}, false
	}
	defer p.unlock()
	a := Activation{Action: Action(action), Note: id}
	note, known := p.notes[id]
	account, own := strings.CutPrefix(id, NoteID(""))
	switch {
	case known && a.Action != note.Default && !slices.ContainsFunc(note.Buttons, func(b Button) bool { return b.Action == a.Action }):
		return a, false
	case known && len(note.Accounts) == 1:
		a.Account = note.Accounts[0]
	case !known && own && slices.Contains([]Action{ActionReconnect, ActionLater, ActionShow}, a.Action):
		a.Account = account
	default:
		a.Action = ActionReview
	}
	// Some portals add the desktop's activation token; none is no loss but of the focus.
	for _, v := range params {
		if data, ok := v.Value().(map[string]dbus.Variant); ok {
			a.Token, _ = data["activation-token"].Value().(string)
		}
	}
	// A click takes the note from the screen, but not every server does so with a button.
	if a.Action == ActionLater || a.Action == ActionReview {
		if err := p.remove(ctx, id); err != nil {
			p.cfg.Log.Warn("take back notification", "id", id, "error", err)
		}
	}
	return a, true
}

// leave takes back what stands and closes the connection.
func (p *portal) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	if p.lock(ctx) != nil {
		return
	}
	defer p.unlock()
	for id := range p.notes {
		if p.remove(ctx, id) != nil {
			break
		}
	}
	p.drop()
}

func errNoPortal(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &platform.Error{
			Kind: platform.KindRetry, Message: platform.T("the desktop's notification portal does not answer"), Repair: platform.T("sign out and in again"), Err: err,
		}
	}
	return &platform.Error{
		Kind: platform.KindConfig, Message: platform.T("the desktop has no notification portal"), Repair: platform.T("install xdg-desktop-portal and the one of your desktop, then run: relink doctor"), Err: err,
	}
}
