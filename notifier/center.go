package notifier

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"relink/platform"
)

// notificationCenter is macOS's UserNotifications, by its own calls. It takes
// notes of programs in a signed application bundle alone.
type notificationCenter interface {
	// start reaches it and has it report clicks; heard is called on a thread of
	// the system's and must not block. An error where this is no bundle.
	start(heard func(centerAnswer)) error
	// allowed asks what the person lets Relink do.
	allowed() (centerRights, error)
	// ask has macOS ask the person, and does not wait for an answer.
	ask() error
	// show shows a note, replacing the one with the same identifier.
	show(r centerRequest) error
	// remove takes notes away, shown or waiting; what is gone already is no error.
	remove(ids ...string) error
}

// centerRequest is a note as macOS takes it.
type centerRequest struct {
	// ID is the note's own; Category names default action and buttons, see [centerCategory].
	ID, Category string
	Title, Body  string
	Buttons      []Button
	// Sound is false, and Passive true, for what is not worth a banner of its own.
	Sound, Passive bool
}

// centerAnswer is what a person did with a note: macOS's words for it.
type centerAnswer struct{ id, category, action string }

// centerRights is what UNNotificationSettings says.
type centerRights struct {
	// status is its authorizationStatus, style its alertStyle.
	status, style int
}

// The values are those of UNNotificationSettings.h, and the identifiers those of
// UNNotificationResponse.h.
const (
	rightsUnasked = 0
	rightsDenied  = 1
	styleNone     = 0
	styleAlert    = 2 // stays until it is acted on; a banner (1) goes by itself
	answerDefault = "com.apple.UNNotificationDefaultActionIdentifier"
	answerDismiss = "com.apple.UNNotificationDismissActionIdentifier"
)

// center shows notes with buttons on macOS. Clicks come back to the process that
// runs: the agent, whose tray runs the main thread's run loop, on which macOS
// reports them (mac-usernotifications, docs.rs; an agent without a tray has none
// and hears no click). Compiled, and never run on a Mac.
type center struct {
	pinned
	system notificationCenter

	// Guarded by pinned.turn. started: the system reports clicks. asked: macOS was
	// told to ask the person. rights are its last word on what is allowed.
	started, asked bool
	rights         centerRights
	// standing are the notes that were shown and not taken back.
	standing map[string]bool
	answers  chan centerAnswer
}

func newCenter(cfg Config, system notificationCenter) *center {
	c := &center{system: system, standing: map[string]bool{}, answers: make(chan centerAnswer, 16)}
	c.pinned = pinned{cfg: cfg.filled(), ready: c.open, pin: c.show, unpin: c.remove, turn: make(chan struct{}, 1)}
	return c
}

// reach makes sure that this is the person's own Relink, in a bundle.
func (c *center) reach() error {
	if c.started {
		return nil
	}
	if c.cfg.Links == nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("this Relink is in no application bundle"), Repair: platform.T("use the one in Relink.app")}
	}
	// A bundle's notes are one lot, and so are its links: both are the person's
	// own Relink's, and not those of one with a RELINK_HOME.
	if err := c.cfg.Links(); err != nil {
		return err
	}
	err := c.system.start(func(a centerAnswer) {
		select {
		case c.answers <- a:
		default: // nobody clicks so fast
		}
	})
	c.started = err == nil
	return err
}

// open makes sure that notes can be shown. The first one has macOS ask the
// person; until there is an answer the fallback shows them.
func (c *center) open() (err error) {
	if err = c.reach(); err != nil {
		return err
	}
	if c.rights, err = c.system.allowed(); err != nil {
		return notShown(err)
	}
	if c.rights.status != rightsUnasked {
		return nil
	}
	if !c.asked {
		c.asked = true
		if err := c.system.ask(); err != nil {
			return notShown(err)
		}
	}
	return &platform.Error{Kind: platform.KindConfig,
		Message: platform.T("macOS has asked whether Relink may show notifications, and waits for an answer"),
		Repair:  platform.T("allow them in System Settings, Notifications, Relink")}
}

func (c *center) show(n Note, quietly bool) error {
	if c.rights.status == rightsDenied {
		// What the person switched off is not shown by another way either; the
		// abilities say so, and other channels take over.
		return nil
	}
	if err := c.system.show(centerNote(n, quietly)); err != nil {
		return err
	}
	c.standing[n.ID] = true
	return nil
}

func (c *center) remove(id string) error {
	if reached := c.reach() == nil; !reached {
		return nil // nothing was shown there, and the fallback takes nothing back
	}
	delete(c.standing, id)
	return c.system.remove(id)
}

// Abilities says what macOS does with notes now. Nobody but macOS knows of a
// Focus (Do Not Disturb): a program may ask for it only with an entitlement.
func (c *center) Abilities(ctx context.Context) (Abilities, error) {
	a := Abilities{Name: platform.T("macOS notifications")}
	err := c.do(ctx, func() (err error) {
		if err = c.reach(); err != nil {
			return err
		}
		if c.rights, err = c.system.allowed(); err != nil {
			return err
		}
		a.Actions, a.Persistence, a.Off = true, c.rights.style == styleAlert, centerOff(c.rights, c.asked)
		return nil
	})
	if err != nil {
		// beeep's way shows notes all the same; it has no buttons.
		c.cfg.Log.Debug("macOS notifications", "error", err)
		return Abilities{Name: a.Name}, nil
	}
	return a, nil
}

// centerOff is [Abilities.Off].
func centerOff(l centerRights, asked bool) string {
	switch {
	case l.status == rightsDenied:
		return platform.T("Relink's notifications are switched off; switch them on in System Settings, Notifications, Relink")
	case l.status == rightsUnasked && asked:
		return platform.T("macOS waits for your answer whether Relink may show notifications; allow them in System Settings, Notifications, Relink")
	case l.status != rightsUnasked && l.style == styleNone:
		return platform.T("macOS only lists Relink's notifications; choose banners or alerts in System Settings, Notifications, Relink")
	}
	return ""
}

// Run reports clicks until ctx ends, then takes back what stands.
func (c *center) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return c.leave(context.WithoutCancel(ctx))
		case answer := <-c.answers:
			c.answered(ctx, answer)
		}
	}
}

func (c *center) answered(ctx context.Context, answer centerAnswer) {
	if answer.action == answerDismiss {
		_ = c.do(ctx, func() error { c.away(answer.id); return nil })
		c.cfg.OnClosed(answer.id, ClosedDismissed)
		return
	}
	a, ok := centerClick(answer)
	if !ok {
		return
	}
	if a.Action == ActionLater || a.Action == ActionReview {
		// macOS takes a clicked note away by itself; this makes sure of it.
		if err := c.do(ctx, func() error { c.away(answer.id); return c.remove(answer.id) }); err != nil {
			c.cfg.Log.Warn("take back notification", "id", answer.id, "error", err)
		}
	}
	c.cfg.OnActivate(a)
}

// away keeps that a person has taken a note away. A summary is not shown again then.
func (c *center) away(id string) {
	delete(c.standing, id)
	if id == SummaryID {
		c.summary = nil
	}
}

// leave takes back what stands: no one would hear its buttons.
func (c *center) leave(ctx context.Context) error {
	err := c.do(ctx, func() error {
		if !c.started || len(c.standing) == 0 {
			return nil
		}
		var ids []string
		for id := range c.standing {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		clear(c.standing)
		return c.system.remove(ids...)
	})
	if err != nil {
		c.cfg.Log.Warn("take back notifications", "error", err)
	}
	return nil
}

// centerNote is how macOS is told of a note.
func centerNote(n Note, quietly bool) centerRequest {
	low := n.Urgency == UrgencyLow || quietly
	r := centerRequest{ID: centerText(n.ID), Title: centerText(n.Title), Body: centerText(n.Body), Category: centerCategory(n), Sound: !low, Passive: low}
	for _, b := range n.Buttons {
		r.Buttons = append(r.Buttons, Button{b.Action, centerText(b.Label)})
	}
	return r
}

// centerCategory names what macOS calls a category: the buttons, which it knows
// by that name only, and the action of a click beside them. So it is another one
// for other words on the same buttons, as in another language, and a click can be
// read without the note.
func centerCategory(n Note) string {
	name := []string{string(n.Default)}
	for _, b := range n.Buttons {
		name = append(name, string(b.Action)+"="+centerText(b.Label))
	}
	return strings.Join(name, "|")
}

// centerClick reads a click, also on a note of an agent before this one.
func centerClick(answer centerAnswer) (Activation, bool) {
	name := strings.Split(answer.category, "|")
	a := Activation{Action: Action(answer.action), Note: answer.id}
	if answer.action == answerDefault {
		a.Action = Action(name[0])
	} else if !slices.ContainsFunc(name[1:], func(button string) bool { return strings.HasPrefix(button, answer.action+"=") }) {
		return Activation{}, false
	}
	if a.Action == "" {
		return Activation{}, false // a note that has no action, such as good news
	}
	if account, own := strings.CutPrefix(answer.id, NoteID("")); own && account != "" {
		a.Account = account
	} else {
		a.Action = ActionReview
	}
	return a, true
}

// centerText makes text fit for a C string, which ends at a NUL and has to be UTF-8.
func centerText(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ReplaceAll(s, "\x00", "")
}
