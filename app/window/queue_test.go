package window

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"relink/app/agent"
	"relink/platform"
)

// brandRows are pages of two people, one that is well, and a bot connected by hand:
// five accounts in need, four sign-ins.
func brandRows() []*agent.Row {
	over := []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, -time.Hour, 60*dayLong)}
	well := []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, 40*dayLong, 60*dayLong)}
	row := func(id, platformID, owner string, clocks []platform.Clock) *agent.Row {
		return sampleRow(platform.Account{ID: id, Platform: platformID, ProviderID: "1" + id, Alias: id, Name: "Brand " + id, OwnerID: owner}, platform.Grant{Clocks: clocks})
	}
	return []*agent.Row{
		row("b1", "facebook", "erin", over), row("b2", "facebook", "erin", over), row("b3", "facebook", "bob", over), row("b4", "linkedin", "erin", over),
		row("b5", "telegram", "erin", over), row("b6", "facebook", "erin", well),
	}
}

func brandSnapshot(seq uint64, heal ...string) *agent.Snapshot {
	rows := brandRows()
	for i, r := range rows {
		if slices.Contains(heal, r.Account.ID) {
			g := r.Grant
			g.Generation++
			g.Clocks = []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, 59*dayLong, 60*dayLong)}
			rows[i] = &agent.Row{Account: r.Account, Grant: g, Status: platform.Assess(r.Account, g, now)}
		}
	}
	return agent.NewSnapshot(agent.Snapshot{Seq: seq, At: now}, rows)
}

func TestQueue(t *testing.T) {
	all := []string{"b1", "b2", "b3", "b4", "b5"}
	q := newQueue(brandSnapshot(1), append(all, "gone"))
	if len(q.order) != 4 {
		t.Fatalf("%d sign-ins, want 4: %q", len(q.order), q.order)
	}
	at := func(snap *agent.Snapshot, id string, n int) {
		t.Helper()
		key, rows := q.next(snap)
		got := ""
		if len(rows) > 0 {
			got = rows[0].Account.ID
		}
		if place, of := q.place(snap); got != id || place != n || of != 4 {
			t.Errorf("at %q, %d of %d, want %q, %d of 4", got, place, of, id, n)
		}
		_ = key
	}
	at(brandSnapshot(1), "b1", 1)
	if _, rows := q.next(brandSnapshot(1)); queueTitle(rows) != "Brand b1 and 1 more" {
		t.Errorf("called %q", queueTitle(rows))
	}
	at(brandSnapshot(2, "b1"), "b2", 1) // the sign-in was had, and left one out
	at(brandSnapshot(2, "b1", "b2"), "b3", 2)
	at(brandSnapshot(3, "b1", "b2", "b4"), "b3", 3) // one that was healed elsewhere counts
	q.passed[brandRows()[2].SignIn()] = true
	at(brandSnapshot(3, "b1", "b2", "b4"), "b5", 4)
	at(brandSnapshot(4, "b1", "b2", "b4", "b5"), "", 4)
	if got := q.summary(brandSnapshot(4, "b1", "b2", "b4", "b5")); !strings.HasPrefix(got, "3 of 4 sign-ins done.") {
		t.Errorf("summary %q", got)
	}
	if got := q.summary(brandSnapshot(5, all...)); got != "4 sign-ins done; everything is connected again." {
		t.Errorf("summary %q", got)
	}
	// One that is well and is asked for all the same takes a new grant to be done.
	q = newQueue(brandSnapshot(1), []string{"b6"})
	if _, rows := q.next(brandSnapshot(1)); len(rows) != 1 {
		t.Error("an account that is well was left out")
	}
	if _, rows := q.next(brandSnapshot(2, "b6")); len(rows) != 0 {
		t.Error("an account with a new grant is not done")
	}
}

func TestReconnectAllQueue(t *testing.T) {
	b := openOn(t, brandSnapshot(1), PageAccounts, nil)
	b.until("the accounts", func() bool { return b.u.view != nil })
	b.press("Reconnect all (5)")
	b.sees("1 of 4. One sign-in for: Brand b1 and Brand b2.")
	b.calls("reconnect b1")
	b.sees("Your browser has opened.")
	// The sign-in brings its sibling back, and somebody else the next one.
	b.f.mu.Lock()
	b.f.snap = brandSnapshot(2, "b1", "b2", "b3")
	b.f.mu.Unlock()
	b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"b1", "b2"} })
	b.sees("Next: Brand b4")
	b.sees("1 of 4. One") // it is its result that is shown
	b.window().Canvas().Focused().(*keyButton).TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.sees("3 of 4")
	b.calls("reconnect b4")
	b.sees("Your browser has opened.")
	b.press("Skip")
	b.calls("cancel flow-1")
	b.sees("4 of 4")
	b.sees("BotFather") // the bot's token is asked for
	b.press("Stop")
	b.sees("2 of 4 sign-ins done. Reconnect all goes on with the rest.")
	for _, c := range b.f.called() {
		if c == "reconnect b2" || c == "reconnect b3" {
			t.Errorf("%s: it was healed already", c)
		}
	}
	// It goes on with what the snapshot says is left.
	b.press("Reconnect all (2)")
	b.sees("1 of 2")
	b.until("the same again", func() bool { return strings.Count(strings.Join(b.f.called(), "\n"), "reconnect b4") == 2 })
	b.key(fyne.KeyEscape)
	if b.u.flow != nil {
		t.Error("Esc did not stop the queue")
	}
}

// A sign-in that fails in a queue can be tried again, left out, or end it.
func TestReconnectAllFails(t *testing.T) {
	b := openOn(t, brandSnapshot(1), PageAccounts, nil)
	b.until("the accounts", func() bool { return b.u.view != nil })
	b.press("Reconnect all (5)")
	b.sees("Your browser has opened.")
	b.f.move(func(f *agent.Flow) {
		f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again"}
	})
	b.sees("Next: Brand b3")
	b.press(wordTryAgain)
	b.sees("1 of 4")
	b.until("a second attempt", func() bool { return strings.Count(strings.Join(b.f.called(), "\n"), "reconnect b1") == 2 })
}

// running is a sign-in as a snapshot has it.
func running(account string, phase agent.Phase, change func(*agent.Flow)) agent.Flow {
	f := agent.Flow{ID: "flow-1", Version: 3, Platform: "facebook", Account: account, Phase: phase, URL: "https://example.org/authorize?state=x", Listening: true, Opened: true, Deadline: now.Add(2 * time.Minute)}
	if change != nil {
		change(&f)
	}
	return f
}

func openWithFlow(t *testing.T, f agent.Flow) *bench {
	t.Helper()
	snap := agent.NewSnapshot(agent.Snapshot{Seq: 1, At: now, Flows: []agent.Flow{f}}, brandRows())
	b := openOn(t, snap, PageAccounts, func(fk *fake, _ *Config) { fk.flow = f })
	b.until("the accounts", func() bool { return b.u.view != nil })
	return b
}

// A window that opens in the middle of a sign-in shows it, with its state, and its result.
func TestOpenInTheMiddleOfAFlow(t *testing.T) {
	b := openWithFlow(t, running("b1", agent.PhaseWaiting, nil))
	b.sees("Your browser has opened. Sign in to Facebook as Brand b1")
	b.until("the time left", func() bool { return b.shows("2:00 left") })
	b.f.mu.Lock()
	b.f.snap = brandSnapshot(2, "b1", "b2")
	b.f.mu.Unlock()
	b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"b1"} })
	b.sees("Facebook · Brand b1 is connected until")
	if calls := strings.Join(b.f.called(), "\n"); strings.Contains(calls, "reconnect") {
		t.Errorf("it was begun anew: %s", calls)
	}
	b.press("Reconnect all (3)") // what a queue had left
	b.sees("1 of 3")
}

func TestOpenAfterAFlow(t *testing.T) {
	failed := func(f *agent.Flow) {
		f.Error = &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again"}
	}
	for name, tt := range map[string]struct {
		flow  agent.Flow
		shows string
	}{
		"failed, and nobody was told": {running("b3", agent.PhaseFailed, failed), "The browser did not come back within 3 minutes."},
		"done, and nobody was told":   {running("b6", agent.PhaseDone, func(f *agent.Flow) { f.Accounts = []string{"b6"} }), "Facebook · Brand b6 is connected until"},
		"a first connection that waits for a choice": {running("", agent.PhaseChoosing, func(f *agent.Flow) {
			f.Candidates = candidates(2)
		}), wordChoose},
		"told":      {running("b3", agent.PhaseFailed, func(f *agent.Flow) { failed(f); f.Told = true }), ""},
		"cancelled": {running("b3", agent.PhaseFailed, func(f *agent.Flow) { failed(f); f.Error.Kind = platform.KindCancelled }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := openWithFlow(t, tt.flow)
			if tt.shows == "" {
				if b.u.flow != nil {
					t.Error("it is shown again")
				}
				return
			}
			b.sees(tt.shows)
		})
	}
}

// Trying again after a first connection that failed asks for what it needs.
func TestOpenAfterAFailedConnection(t *testing.T) {
	b := openWithFlow(t, running("", agent.PhaseFailed, nil))
	b.sees("Connect Facebook")
	b.press(wordTryAgain)
	b.until("the form", func() bool { return b.u.connect != nil && b.u.connect.form != nil && b.u.flow == nil })
}

// slow is a Service whose Reconnect hangs, as one does that asks the platform first.
type slow struct {
	*fake
	gate chan struct{}
}

func (s slow) Reconnect(_ context.Context, r agent.ReconnectRequest) (agent.Flow, error) {
	<-s.gate
	return s.fake.Reconnect(context.Background(), r)
}

// Cancel before the agent has answered ends the sign-in that it begins all the same.
func TestCancelBeforeItBegins(t *testing.T) {
	gate := make(chan struct{})
	b := openOn(t, sampleSnapshot(), "account:a1", func(f *fake, c *Config) { c.Service = slow{f, gate} })
	b.until("the accounts", func() bool { return b.u.view != nil })
	b.u.reconnect("a1")
	b.sees(wordStarting)
	b.press(wordCancel)
	close(gate)
	b.calls("cancel flow-1")
}

// The keyboard alone leads through a sign-in: Tab to what there is, in order, Enter and Esc.
func TestFlowByKeyboard(t *testing.T) {
	b := reconnecting(t)
	c := b.window().Canvas()
	var order []string
	for range 3 {
		c.FocusNext()
		if k, ok := c.Focused().(*keyButton); ok {
			order = append(order, k.Text)
		}
	}
	if want := []string{wordCopyLink, wordPaste, wordCancel}; !slices.Equal(order, want) {
		t.Errorf("Tab leads to %q, want %q", order, want)
	}
	b.f.move(func(f *agent.Flow) {
		f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindTimeout, Message: "too late"}
	})
	b.sees("Too late.")
	if k, ok := c.Focused().(*keyButton); !ok || k.Text != wordTryAgain {
		t.Errorf("the focus is on %v", c.Focused())
	}
	c.Unfocus()
	b.key(fyne.KeyReturn)
	b.until("a second attempt", func() bool { return strings.Count(strings.Join(b.f.called(), "\n"), "reconnect a1") == 2 })
	b.sees("Your browser has opened.")
	c.FocusNext()
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) // from a button, too
	if b.u.flow != nil {
		t.Error("Esc on a button did not cancel")
	}
	b.calls("cancel flow-1")
}

// Fewer permissions than the account has: nothing was changed, and the person chooses.
func TestFlowLess(t *testing.T) {
	less := []agent.Loss{{Title: "Facebook · Acme Shop", Capability: platform.Publish, Missing: []string{"pages_manage_posts"}}}
	asking := func(f *agent.Flow) {
		f.Phase, f.Less, f.Candidates = agent.PhaseChoosing, less, []platform.Identity{{ProviderID: "1a1", Name: "Acme Shop"}}
	}
	b := reconnecting(t)
	b.f.move(asking)
	b.sees("Less was allowed than before")
	b.sees("Publishing will not work.")
	b.sees("publish on your pages (pages_manage_posts)")
	b.press("Take the new one")
	b.calls("choose flow-1 [1a1]")

	b = reconnecting(t)
	b.f.move(asking)
	b.press("Keep the old one")
	b.calls("cancel flow-1")
	if b.u.flow != nil {
		t.Error("the dialog is still open")
	}

	b = reconnecting(t)
	b.f.move(asking)
	b.sees("Less was allowed than before")
	b.key(fyne.KeyReturn) // Try again
	b.calls("reconnect a1 anew")
	b.sees("Your browser has opened.")
}

// Where there was nothing better to keep it is stored, and said with the choice to try again.
func TestFlowDoneWithLess(t *testing.T) {
	less := []agent.Loss{{Title: "Facebook · Acme Shop", Capability: platform.Publish, Missing: []string{"pages_manage_posts"}}}
	done := func(f *agent.Flow) {
		f.Phase, f.Accounts, f.Less, f.Notes = agent.PhaseDone, []string{"a1"}, less, []string{less[0].Text(), "the end date did not move"}
	}
	b := reconnecting(t)
	b.f.move(done)
	b.sees("Connected, but not with everything")
	b.sees("The end date did not move.")
	if b.shows(less[0].Text()) {
		t.Error("it is said twice")
	}
	b.press("Keep it so")
	if b.u.flow != nil {
		t.Error("the dialog is still open")
	}
	b = open(t, PageConnect)
	b.tapTile("Mastodon")
	b.entry(wordServerHint).SetText("mastodon.social")
	b.press(wordConnect)
	b.sees("Your browser has opened.")
	b.f.move(func(f *agent.Flow) { done(f); f.Accounts = []string{"a6"} })
	b.press(wordTryAgain)
	b.calls("reconnect a6 anew")
}

// An account that a sign-in brought is chosen when its dialog closes, whatever
// older snapshots and views are still on their way.
func TestNewAccountIsChosen(t *testing.T) {
	b := openWithFlow(t, running("", agent.PhaseWaiting, nil))
	b.sees("Your browser has opened.")
	old := b.u.snap
	rows := append(brandRows(), sampleRow(platform.Account{ID: "b9", Platform: "facebook", ProviderID: "1b9", Name: "Brand new"},
		platform.Grant{Clocks: []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, 50*dayLong, 60*dayLong)}}))
	b.f.mu.Lock()
	b.f.snap = agent.NewSnapshot(agent.Snapshot{Seq: 7, At: now}, rows)
	b.f.mu.Unlock()
	b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"b9"} })
	b.sees("Facebook · Brand new is connected until")
	b.u.received(old) // which was on its way
	b.press(wordClose)
	b.until("the list with it", func() bool { return b.shows("Brand new") })
	if b.u.selected != "b9" {
		t.Errorf("selected %q", b.u.selected)
	}
}

// The seconds are counted down while a sign-in runs, and by nothing after it.
func TestNothingCountsAfterTheEnd(t *testing.T) {
	for name, end := range map[string]func(*bench){
		"done": func(b *bench) {
			b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"a1"} })
		},
		"failed":    func(b *bench) { b.f.move(func(f *agent.Flow) { f.Phase = agent.PhaseFailed }) },
		"cancelled": func(b *bench) { b.press(wordCancel) },
		"again": func(b *bench) {
			b.f.move(func(f *agent.Flow) { f.Phase = agent.PhaseFailed })
			b.press(wordTryAgain)
			b.sees("Your browser has opened.")
			b.press(wordCancel)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := reconnecting(t)
			v := b.u.flow.view
			if n := v.counting.Load(); n != 1 {
				t.Errorf("%d count while it runs, want 1", n)
			}
			end(b)
			b.until("nobody to count", func() bool { return v.counting.Load() == 0 })
		})
	}
}

// A stored registration is tried from the settings without its secret.
func TestAppFormTestsWhatIsStored(t *testing.T) {
	b := openOn(t, sampleSnapshot(), PageSettings, nil)
	p, err := platform.Lookup("linkedin")
	if err != nil {
		t.Fatal(err)
	}
	b.until("the settings", func() bool { return b.u.settings != nil })
	b.u.settings.apps.edit(p, platform.App{Platform: "linkedin", ID: "86abc"})
	b.f.mu.Lock()
	b.f.tried = sampleTried()
	b.f.mu.Unlock()
	b.press(platform.T("Test"))
	b.calls("testapp linkedin  86abc false ")
	b.sees("Wrong: Facebook does not know")
}

// The buttons of a dialog lie beside or below each other, never over each other
// and never out of it, however narrow it is and however large the text.
func TestFootHasRoomForAll(t *testing.T) {
	for _, text := range []int{textUsual, textMost} {
		b := openOn(t, sampleSnapshot(), "account:a1", nil)
		b.until("the accounts", func() bool { return b.u.view != nil })
		speak(t, "de")
		b.u.resizeText(text - textUsual)
		for _, width := range []float32{420, 700, 1240} {
			b.window().Resize(fyne.NewSize(width, 760))
			b.u.reconnect("a1")
			b.until("the sign-in", func() bool { return b.u.flow != nil && b.u.flow.view.flow.ID != "" })
			b.f.move(func(f *agent.Flow) { f.Phase, f.Candidates = agent.PhaseChoosing, candidates(12) })
			b.until("the choice", func() bool { return b.u.flow.view.phase == agent.PhaseChoosing })
			b.window().Resize(fyne.NewSize(width, 761)) // the test's canvas puts a dialog in the middle only then
			b.window().Resize(fyne.NewSize(width, 760))
			var boxes []fyne.CanvasObject
			walk(b.window().Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
				if k, ok := o.(*keyButton); ok {
					boxes = append(boxes, k)
				}
			})
			if len(boxes) != 5 {
				t.Fatalf("%d buttons", len(boxes))
			}
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject
			for i, x := range boxes {
				p, s := at(x), x.Size()
				if p.X < 0 || p.X+s.Width > width || s.Width < x.MinSize().Width-1 {
					t.Errorf("%d %%, %v: %q is at %v, %v wide", text, width, x.(*keyButton).Text, p.X, s.Width)
				}
				for _, y := range boxes[i+1:] {
					q, r := at(y), y.Size()
					// Those that scroll may be behind the others, but not over each other.
					if p.X < q.X+r.Width && q.X < p.X+s.Width && p.Y < q.Y+r.Height && q.Y < p.Y+s.Height && (i < 2) == (y == boxes[1]) {
						t.Errorf("%d %%, %v: %q lies over %q", text, width, x.(*keyButton).Text, y.(*keyButton).Text)
					}
				}
			}
			b.u.flow.leave()
		}
		platform.SetCatalogue(nil)
	}
}

// A click on a notification that asks for something leads to the sign-in that
// waits for it, in a window that is open already.
func TestAccountPageOpensTheFlowThatWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		flow  agent.Flow
		shows string
	}{
		"several pages": {running("b3", agent.PhaseChoosing, func(f *agent.Flow) { f.Candidates = candidates(3) }), wordChoose},
		"fewer permissions": {running("b3", agent.PhaseChoosing, func(f *agent.Flow) {
			f.Candidates, f.Less = candidates(1), []agent.Loss{{Title: "Facebook · Brand b3", Capability: platform.Publish, Missing: []string{"pages_manage_posts"}}}
		}), "pages_manage_posts"},
		"an address to paste": {running("b3", agent.PhaseWaiting, func(f *agent.Flow) { f.Listening = false }), "Cancel"},
		"somebody else": {running("b3", agent.PhaseFailed, func(f *agent.Flow) {
			f.SignedIn, f.Told, f.Error = "Bob Example", true, &platform.Error{Kind: platform.KindWrongAccount, Message: "Bob Example signed in"}
		}), "Add as a new account"},
		"one that failed and was told": {running("b3", agent.PhaseFailed, func(f *agent.Flow) {
			f.Told, f.Error = true, &platform.Error{Kind: platform.KindTimeout, Message: "nobody came back"}
		}), ""},
		"another account's": {running("b1", agent.PhaseChoosing, func(f *agent.Flow) { f.Candidates = candidates(3) }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := openOn(t, brandSnapshot(1), PageAccounts, nil)
			b.until("the accounts", func() bool { return b.u.view != nil })
			// It begins in the agent; the window has not heard of it when the page is asked for.
			b.f.mu.Lock()
			b.f.flow = tt.flow
			b.f.snap = agent.NewSnapshot(agent.Snapshot{Seq: 2, At: now, Flows: []agent.Flow{tt.flow}}, brandRows())
			b.f.mu.Unlock()
			b.f.pages <- agent.Page{Name: "account:b3"}
			b.until("the account", func() bool { return b.u.selected == "b3" && b.u.snap.Seq == 2 })
			if tt.shows == "" {
				if b.u.flow != nil {
					t.Error("a sign-in is shown that waits for nobody here")
				}
				return
			}
			b.sees(tt.shows)
			if calls := strings.Join(b.f.called(), "\n"); strings.Contains(calls, "reconnect") {
				t.Errorf("it was begun anew: %s", calls)
			}
			if !tt.flow.Phase.Ended() {
				return
			}
			// What was closed is not brought up again.
			b.press(wordClose)
			b.f.pages <- agent.Page{Name: "account:b3"}
			for range 20 {
				b.pump()
				time.Sleep(time.Millisecond)
			}
			if b.u.flow != nil {
				t.Error("it is shown again")
			}
		})
	}
}

// A window that opens in the middle of a queue goes on where it stood.
func TestOpenInTheMiddleOfAQueue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "window.json")
	with := func(_ *fake, c *Config) { c.Memory = file }
	b := openOn(t, brandSnapshot(1), PageAccounts, with)
	b.until("the accounts", func() bool { return b.u.view != nil })
	b.press("Reconnect all (5)")
	b.sees("1 of 4")
	b.sees("Your browser has opened.")
	b.press("Skip")
	b.sees("2 of 4")
	b.calls("reconnect b3")
	b.u.win.Close()
	b.end()

	reopen := func(f agent.Flow, seq uint64, heal ...string) *bench {
		t.Helper()
		snap := agent.NewSnapshot(agent.Snapshot{Seq: seq, At: now, Flows: []agent.Flow{f}}, slices.Collect(brandSnapshot(seq, heal...).All()))
		b := openOn(t, snap, PageAccounts, func(fk *fake, c *Config) { fk.flow = f; with(fk, c) })
		b.until("the accounts", func() bool { return b.u.view != nil })
		return b
	}
	b = reopen(running("b3", agent.PhaseWaiting, nil), 2)
	b.sees("Your browser has opened.")
	b.sees("2 of 4")
	b.u.win.Close()
	b.end()

	// It was had while no window was there: what is shown is its result.
	b = reopen(running("b3", agent.PhaseDone, func(f *agent.Flow) { f.Accounts = []string{"b3"} }), 3, "b3")
	b.sees("Facebook · Brand b3 is connected until")
	b.sees("2 of 4")
	b.press("Next: Brand b4")
	b.sees("3 of 4")
	b.calls("reconnect b4")
	b.press("Stop")
	b.sees("1 of 4 sign-ins done.")
	b.u.win.Close()
	b.end()

	// What was stopped is over.
	b = reopen(running("b4", agent.PhaseWaiting, nil), 4, "b3")
	b.sees("Your browser has opened.")
	if b.u.flow.view.queue != nil {
		t.Error("a queue that was stopped goes on")
	}
}

// A queue that is remembered is one for an hour, and for those in it.
func TestQueueIsRemembered(t *testing.T) {
	q := newQueue(brandSnapshot(1), []string{"b1", "b2", "b3"})
	q.at = now
	q.passed[q.order[0]] = true
	for name, tt := range map[string]struct {
		account string
		at      time.Time
		taken   bool
	}{
		"its account":      {"b3", now.Add(time.Minute), true},
		"one it had":       {"b1", now.Add(time.Minute), false},
		"another":          {"b4", now.Add(time.Minute), false},
		"hours later":      {"b3", now.Add(2 * time.Hour), false},
		"a clock put back": {"b3", now.Add(-time.Hour), false},
	} {
		if got, _ := q.kept().taken(tt.account, tt.at); (got != nil) != tt.taken {
			t.Errorf("%s: taken %v, want %v", name, got != nil, tt.taken)
		}
	}
	if got, _ := (*queueKept)(nil).taken("b3", now); got != nil {
		t.Error("a queue out of nothing")
	}
}
