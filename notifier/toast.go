package notifier

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"relink/platform"
)

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
	pinned
	board board
	now   func() time.Time
	// open: the links of buttons were found to open this program. Guarded by pinned.turn.
	open bool
}

func newToast(cfg Config, b board) *toast {
	t := &toast{board: b, now: time.Now}
	t.pinned = pinned{cfg: cfg.filled(), ready: t.linked, pin: t.show, unpin: t.remove, turn: make(chan struct{}, 1)}
	return t
}

// linked makes sure that a click on a button opens this program.
func (t *toast) linked() error {
	switch {
	case t.open:
		return nil
	case t.cfg.Links == nil || len(t.cfg.Marks.Key) == 0:
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("buttons need relink:// links, which are another Relink's here"), Repair: platform.T("unset RELINK_HOME")}
	}
	if err := t.cfg.Links(); err != nil {
		return err
	}
	t.open = true
	return nil
}

func (t *toast) show(n Note, quietly bool) error {
	document := toastXML(n, func(a Action) string { return t.cfg.Marks.Link(n, a, t.now()) })
	return t.board.show(toastTag(n.ID), document, quietly)
}

func (t *toast) remove(id string) error { return t.board.remove(toastTag(id)) }

// Abilities says what Windows does with toasts now.
func (t *toast) Abilities(ctx context.Context) (Abilities, error) {
	a := Abilities{Name: platform.T("Windows notifications")}
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
