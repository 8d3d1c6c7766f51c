package window

import (
	"testing"

	"fyne.io/fyne/v2"

	"relink/app/agent"
)

// A button that has the focus is pressed by Enter as by Space, and takes no key from the window.
func TestButtonsPassKeysOn(t *testing.T) {
	b := open(t, "account:a4")
	b.until("the account", func() bool { return b.u.accounts.detail.content.Visible() })
	c := b.u.win.Canvas()
	d := b.u.accounts.detail
	c.Focus(d.snooze)
	for _, key := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace} {
		b.key(key)
		if c.Overlays().Top() == nil {
			t.Errorf("%s does not press it", key)
		}
		c.Overlays().Remove(c.Overlays().Top())
		c.Focus(d.snooze)
	}
	b.rune('?')
	if c.Overlays().Top() == nil {
		t.Error("? shows no keys")
	}
	c.Overlays().Remove(c.Overlays().Top())
	c.Focus(d.snooze)
	b.rune('r')
	b.calls("reconnect a4")
	b.until("the sign-in", func() bool { return b.u.flow != nil })
	b.u.back()
	c.Focus(d.more) // a button without a word
	b.key(fyne.KeyF2)
	if c.Overlays().Top() == nil {
		t.Error("F2 asks for no name")
	}
	c.Overlays().Remove(c.Overlays().Top())
	c.Focus(d.more)
	b.key(fyne.KeyEscape)
	if b.u.selected != "" {
		t.Error("Esc does not leave the account")
	}
}

// The first account comes with a snapshot that may be late: the keyboard is the
// list's then, not that of a field which is not there any more.
func TestFocusAfterTheFirstAccount(t *testing.T) {
	b := shown(t, agent.NewSnapshot(agent.Snapshot{Seq: 1}, nil), PageAccounts, nil)
	b.u.showConnectTo("mastodon")
	c := b.u.win.Canvas()
	if c.Focused() != b.u.connect.form.server {
		t.Fatalf("the focus is on %T, want the first field", c.Focused())
	}
	b.u.connect.leave()
	b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: 2, At: now}, sampleRows()))
	b.until("the list to have the focus", func() bool { return c.Focused() == b.u.list })
}
