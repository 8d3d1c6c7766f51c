package agent

import (
	"context"
	"sync"
	"testing"
	"time"

	"relink/notifier"
	"relink/platform"
)

// A web page can write any link there is: it opens the window on the account,
// and neither a sign-in nor a snooze comes of it. On a note of our own the same
// address is the person's click.
func TestLinks(t *testing.T) {
	windowless(t)
	marks := notifier.Marks{Key: []byte("0123456789abcdef0123456789abcdef")}
	var mu sync.Mutex
	var pages []string
	d := newDesk(t, func(cfg *Config) {
		cfg.Marks = marks
		cfg.OpenWindow = func(_ context.Context, page, token string, _ func()) error {
			mu.Lock()
			defer mu.Unlock()
			pages = append(pages, page+" "+token)
			return nil
		}
	})
	id := d.connect(t, "linkedin").Accounts[0]
	ref := d.row(t, id).Account.Ref()
	d.fault(t, id)
	opened := d.opened.Load()
	own := marks.Link(notifier.Note{ID: notifier.NoteID(id), Accounts: []string{id}}, notifier.ActionReconnect, time.Now())
	forged := notifier.Marks{Key: make([]byte, 32)}.Link(notifier.Note{ID: notifier.NoteID(id), Accounts: []string{id}}, notifier.ActionReconnect, time.Now())
	old := marks.Link(notifier.Note{ID: notifier.NoteID(id), Accounts: []string{id}}, notifier.ActionReconnect, time.Now().Add(-30*24*time.Hour))
	for _, c := range []struct{ link, page string }{
		{notifier.Link(d.row(t, id).Account), "account:" + id},
		{"relink://reconnect/" + id, "account:" + id},
		{"relink://snooze/" + ref, "account:" + id},
		{"relink://show/" + ref, "account:" + id},
		{forged, "account:" + id},
		{old, "account:" + id},
		{"relink://show", "accounts"},
		{"relink://review", "needs"},
		{"relink://settings", "settings"},
		{"relink://reconnect/linkedin/forgotten", "accounts"},
	} {
		mu.Lock()
		pages = nil
		mu.Unlock()
		d.mu.Lock()
		d.Agent.opening = time.Time{} // as if the window before had come up and gone
		d.mu.Unlock()
		// What the fields beside the link say counts for nothing.
		if err := d.Activate(t.Context(), Activation{Account: id, Action: notifier.ActionReconnect, Link: c.link, Token: "xdg-1"}); err != nil {
			t.Errorf("%s: %v", c.link, err)
		}
		mu.Lock()
		if len(pages) != 1 || pages[0] != c.page+" xdg-1" {
			t.Errorf("%s: opened %q, want %s", c.link, pages, c.page)
		}
		mu.Unlock()
		row := d.row(t, id)
		if n := d.opened.Load(); n != opened || row.Flow != "" || !row.Account.Snoozed.IsZero() {
			t.Fatalf("%s: opened %d browsers, flow %q, snoozed %v", c.link, n-opened, row.Flow, row.Account.Snoozed)
		}
	}
	if err := d.Activate(t.Context(), Activation{Action: notifier.ActionShow, Link: "relink://forget/" + ref}); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("got %v, want it refused", err)
	}
	if err := d.Activate(t.Context(), Activation{Action: notifier.ActionShow, Link: own}); err != nil {
		t.Fatal(err)
	}
	d.heard(t, "is connected")
	if n := d.opened.Load() - opened; n != 1 {
		t.Errorf("a click on our own note opened %d browsers, want 1", n)
	}
	later := marks.Link(notifier.Note{ID: notifier.NoteID(id), Accounts: []string{id}}, notifier.ActionLater, time.Now())
	if err := d.Activate(t.Context(), Activation{Action: notifier.ActionShow, Link: later}); err != nil {
		t.Fatal(err)
	}
	if d.row(t, id).Account.Snoozed.IsZero() {
		t.Error("Later on our own note snoozed nothing")
	}
}
