package notifier

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"relink/platform"
)

// toastDeadline bounds a call of Windows' own, which may hang with its notification service.
const toastDeadline = 5 * time.Second

// board is where toasts are pinned: Windows' notification platform, by its own calls.
type board interface {
	// show shows a toast, replacing the one with the same tag; quietly puts it
	// among the notifications without a banner.
	show(tag, document string, quietly bool) error
	// remove takes one away; one that is gone already is no error.
	remove(tag string) error
	// off says why toasts are not shown, as [Abilities.Off].
	off() (string, error)
}

// toast shows notes with buttons on Windows. A button holds a relink:// address
// with our mark, which Windows opens with the program that has registered the
// scheme (activationType "protocol"); that works while no agent runs. So clicks
// do not come here: they reach the agent as [Activation.Link].
type toast struct {
	cfg   Config
	board board
	now   func() time.Time

	// turn holds one token while a call is under way, and guards what follows.
	turn chan struct{}
	// ready: the links of buttons were found to open this program.
	ready bool
	// summary is the summary on the screen; nil while there is none.
	summary *Note
}

func newToast(cfg Config, b board) *toast {
	return &toast{cfg: cfg.filled(), board: b, now: time.Now, turn: make(chan struct{}, 1)}
}

// do runs f while no other does, and gives up on one that hangs: the next call
// then waits for it in vain, and the fallback shows the note.
func (t *toast) do(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, toastDeadline)
	defer cancel()
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return notShown(errors.New("the call before still hangs"))
	}
	done := make(chan error, 1)
	go func() {
		err := f()
		<-t.turn
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return notShown(ctx.Err())
	}
}

// linked makes sure that a click on a button opens this program.
func (t *toast) linked() error {
	switch {
	case t.ready:
		return nil
	case t.cfg.Links == nil || len(t.cfg.Marks.Key) == 0:
		return &platform.Error{Kind: platform.KindConfig, Message: "buttons need relink:// links, which are another Relink's here", Repair: "unset RELINK_HOME"}
	}
	if err := t.cfg.Links(); err != nil {
		return err
	}
	t.ready = true
	return nil
}

// Send shows a note, replacing the one with the same ID. A summary replaces the
// notes of its accounts as well.
func (t *toast) Send(ctx context.Context, n Note) error {
	return t.do(ctx, func() error {
		if err := t.linked(); err != nil {
			return err
		}
		if err := t.show(n, false); err != nil {
			return err
		}
		if n.ID == SummaryID {
			t.summary = &n
			for _, p := range n.Parts {
				t.take(p.ID)
			}
			return nil
		}
		if err := t.leaveSummary(n.ID); err != nil { // it has a note of its own again
			t.cfg.Log.Warn("show summary again", "error", err)
		}
		return nil
	})
}

func (t *toast) show(n Note, quietly bool) error {
	document := toastXML(n, func(a Action) string { return t.cfg.Marks.Link(n, a, t.now()) })
	if err := t.board.show(toastTag(n.ID), document, quietly); err != nil {
		return notShown(err)
	}
	return nil
}

// take removes a note whose place another one took.
func (t *toast) take(id string) {
	if err := t.board.remove(toastTag(id)); err != nil {
		t.cfg.Log.Warn("take back notification", "id", id, "error", err)
	}
}

// Withdraw takes a note back, an earlier agent's too.
func (t *toast) Withdraw(ctx context.Context, id string) error {
	return t.do(ctx, func() error {
		if id == SummaryID {
			t.summary = nil
		}
		err := t.board.remove(toastTag(id))
		return errors.Join(err, t.leaveSummary(id))
	})
}

// leaveSummary takes a note out of the summary that stands for it; the last one takes it along.
func (t *toast) leaveSummary(id string) error {
	if t.summary == nil {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(t.summary.Parts), func(p Note) bool { return p.ID == id })
	switch len(rest) {
	case len(t.summary.Parts):
		return nil
	case 0:
		t.summary = nil
		return t.board.remove(toastTag(SummaryID))
	}
	n := summary(rest)
	t.summary = &n
	return t.show(n, true)
}

// Abilities says what Windows does with toasts now.
func (t *toast) Abilities(ctx context.Context) (Abilities, error) {
	a := Abilities{Name: "Windows notifications"}
	err := t.do(ctx, func() error {
		off, err := t.board.off()
		if err != nil {
			return err
		}
		a.Off = off
		a.Actions = t.linked() == nil
		a.Persistence = a.Actions
		return nil
	})
	if err != nil {
		// beeep has ways of its own; it has no buttons.
		t.cfg.Log.Warn("Windows notifications", "error", err)
		return Abilities{Name: a.Name}, nil
	}
	return a, nil
}

// Run has nothing to hear, and leaves the toasts: their buttons start an agent,
// which looks anew before it does anything.
func (t *toast) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// toastTag is the tag of a note. Windows takes 64 characters (16 before Windows
// 10 1703, which Go does not run on).
func toastTag(id string) string { return id[:min(len(id), 64)] }

// buttonsMost is how many buttons a toast may have; with more it is not shown at all.
const buttonsMost = 5

// toastXML writes a note as Windows takes it:
// https://learn.microsoft.com/windows/apps/develop/notifications/app-notifications/toast-schema
func toastXML(n Note, link func(Action) string) string {
	var b strings.Builder
	b.WriteString(`<toast activationType="protocol"`)
	if n.Default != "" {
		attribute(&b, "launch", link(n.Default))
	}
	if n.Resident && len(n.Buttons) > 0 {
		// Stays on the screen until acted on. Windows passes over it where it finds
		// the buttons wanting; then the toast is at least a long one.
		b.WriteString(` scenario="reminder"`)
	}
	if n.Resident || n.Urgency == UrgencyCritical {
		b.WriteString(` duration="long"`)
	}
	b.WriteString(`><visual><binding template="ToastGeneric"><text>`)
	escapeXML(&b, n.Title)
	b.WriteString(`</text><text>`)
	escapeXML(&b, n.Body)
	b.WriteString(`</text></binding></visual>`)
	if n.Urgency == UrgencyLow {
		b.WriteString(`<audio silent="true"/>`)
	}
	if len(n.Buttons) > 0 {
		b.WriteString(`<actions>`)
		for _, button := range n.Buttons[:min(len(n.Buttons), buttonsMost)] {
			b.WriteString(`<action activationType="protocol"`)
			attribute(&b, "content", button.Label)
			attribute(&b, "arguments", link(button.Action))
			b.WriteString(`/>`)
		}
		b.WriteString(`</actions>`)
	}
	b.WriteString(`</toast>`)
	return b.String()
}

func attribute(b *strings.Builder, name, value string) {
	fmt.Fprintf(b, ` %s="`, name)
	escapeXML(b, value)
	b.WriteString(`"`)
}

// escapeXML writes text; what XML has no form for becomes U+FFFD.
func escapeXML(b *strings.Builder, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a Builder never fails
}
