package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/notifier"
	"relink/platform"
)

// became tells every notice in one line, oldest first.
func became(t *testing.T, a *Agent) []string {
	t.Helper()
	list, err := a.Notices(t.Context(), NoticeQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range slices.Backward(list) {
		out = append(out, n.Channel+" "+n.Note+" "+string(n.Became))
	}
	return out
}

func wantLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestNoticesSayWhatBecame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		v, ears := one(t, start, 20*testDay), &listener{}
		a, stop := running(t, config(v, fine{}, ears))
		defer stop()
		time.Sleep(13*testDay + time.Hour)
		synctest.Wait()
		wantLines(t, "after 7 days' notice", became(t, a), []string{"desktop account/acme shown"})
		if err := a.Activate(t.Context(), Activation{Account: "acme", Action: notifier.ActionLater, Note: "account/acme"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		wantLines(t, "after Later", became(t, a), []string{"desktop account/acme snoozed"})
		time.Sleep(4 * testDay)
		synctest.Wait()
		a.closed("account/acme", 2)
		time.Sleep(2*testDay + time.Minute)
		synctest.Wait()
		wantLines(t, "after 1 day's notice", became(t, a), []string{"desktop account/acme snoozed", "desktop account/acme closed", "desktop account/acme shown"})
		time.Sleep(testDay)
		synctest.Wait()
		wantLines(t, "after the end", became(t, a)[2:], []string{"desktop account/acme replaced", "desktop account/acme shown"})
		g := newGrantFor(v, t, "acme", 60*testDay)
		if err := v.Save(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		a.reload(t.Context(), "acme")
		synctest.Wait()
		wantLines(t, "after the reconnect", became(t, a)[2:], []string{"desktop account/acme replaced", "desktop account/acme withdrawn"})

		events, err := a.History(t.Context(), "acme", 3)
		if err != nil || len(events) != 3 || events[0].Kind != "notice" || events[0].Notice == nil || events[0].Notice.Became != OutcomeWithdrawn || events[0].Ref != "linkedin/acme" {
			t.Errorf("history: %+v, %v", events, err)
		}
		if !slices.IsSortedFunc(events, func(x, y Event) int { return y.At.Compare(x.At) }) {
			t.Errorf("history is not newest first: %+v", events)
		}
	})
}

// newGrantFor is the account's next grant, of a life from now on.
func newGrantFor(v *memVault, t *testing.T, id string, life time.Duration) platform.Grant {
	t.Helper()
	g, err := v.Grant(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	g.Generation++
	g.Issued, g.Verified = now, now
	g.Clocks = []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(life), Since: now}}
	return g
}

// A summary is withdrawn when the last of its accounts is mended.
func TestNoticeOfManyIsWithdrawnWithTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		v := one(t, start, 20*testDay)
		for i := range 2 {
			id := fmt.Sprint("b", i)
			acc := platform.Account{ID: id, Platform: "linkedin", ProviderID: id, Alias: id, Created: start, LastUsed: start}
			if err := v.Create(t.Context(), acc, platform.Grant{Account: id, Generation: 1, Tokens: platform.Tokens{Access: platform.NewSecret("t")},
				Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: start.Add(20 * testDay), Since: start}}}); err != nil {
				t.Fatal(err)
			}
		}
		a, stop := running(t, config(v, fine{}, &listener{}))
		defer stop()
		time.Sleep(13*testDay + time.Hour)
		synctest.Wait()
		wantLines(t, "seven days", became(t, a), []string{"desktop summary shown"})
		for i, id := range []string{"acme", "b0", "b1"} {
			if err := v.Save(t.Context(), newGrantFor(v, t, id, 60*testDay)); err != nil {
				t.Fatal(err)
			}
			a.reload(t.Context(), id)
			synctest.Wait()
			want := "desktop summary shown"
			if i == 2 {
				want = "desktop summary withdrawn"
			}
			wantLines(t, id+" is mended", became(t, a), []string{want})
		}
	})
}

// Accounts that end minutes apart are one note from the third on; what the person
// has closed or acted on is not told again with the others.
func TestEndsOfAnHourAreOneNote(t *testing.T) {
	apart := []string{"LinkedIn · a0: expired", "LinkedIn · a1: expired", "LinkedIn · a2: expired"}
	for name, c := range map[string]struct {
		act  func(*testing.T, *Agent, *memVault)
		want []string
	}{
		"three":          {func(*testing.T, *Agent, *memVault) {}, []string{"LinkedIn · a0: expired", "LinkedIn · a1: expired", "3 accounts need you"}},
		"one was closed": {func(_ *testing.T, a *Agent, _ *memVault) { a.closed("account/a0", notifier.ClosedDismissed) }, apart},
		"one was put off": {func(t *testing.T, a *Agent, _ *memVault) {
			if err := a.Activate(t.Context(), Activation{Account: "a0", Action: notifier.ActionLater, Note: "account/a0"}); err != nil {
				t.Error(err)
			}
		}, apart},
		"one was mended": {func(t *testing.T, a *Agent, v *memVault) {
			if err := v.Save(t.Context(), newGrantFor(v, t, "a0", 60*testDay)); err != nil {
				t.Error(err)
			}
			a.reload(t.Context(), "a0")
		}, apart},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, v, ears := time.Now(), newMemVault(), &listener{}
				for i := range 3 {
					id := fmt.Sprint("a", i)
					acc := platform.Account{ID: id, Platform: "linkedin", ProviderID: id, Alias: id, Created: start, LastUsed: start}
					if err := v.Create(t.Context(), acc, platform.Grant{Account: id, Generation: 1, Tokens: platform.Tokens{Access: platform.NewSecret("t")},
						Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: start.Add(20*testDay + time.Duration(i)*20*time.Minute), Since: start}}}); err != nil {
						t.Fatal(err)
					}
				}
				a, stop := running(t, config(v, fine{}, ears))
				defer stop()
				time.Sleep(20*testDay - time.Minute)
				synctest.Wait()
				before := len(ears.all())
				time.Sleep(30 * time.Minute) // two have ended
				synctest.Wait()
				c.act(t, a, v)
				time.Sleep(20 * time.Minute)
				synctest.Wait()
				var got []string
				for _, x := range ears.all()[before:] {
					if x.note.Resident {
						got = append(got, x.note.Title)
					}
				}
				wantLines(t, "shown", got, c.want)
			})
		})
	}
}

// What the desktop cannot show opens the small window at once, and both are kept.
func TestUndeliveredNoteOpensTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		ears := &listener{fails: &platform.Error{Kind: platform.KindConfig, Message: "no notification server runs", Repair: "start one"}}
		cfg := config(v, fine{}, ears)
		var pages []string
		cfg.OpenWindow = func(_ context.Context, page, _ string, _ func()) error {
			pages = append(pages, page)
			return nil
		}
		a, stop := running(t, cfg)
		defer stop()
		time.Sleep(13*testDay + time.Hour)
		synctest.Wait()
		wantLines(t, "pages", pages, []string{"popup:acme"})
		wantLines(t, "notices", became(t, a), []string{"desktop account/acme failed", "popup account/acme shown"})
		if events, err := a.History(t.Context(), "", 10); err != nil || !slices.ContainsFunc(events, func(e Event) bool {
			return e.Kind == "notice_failed" && e.Notice.Reason == "no notification server runs; start one"
		}) {
			t.Errorf("history: %+v, %v", events, err)
		}
	})
}

// A rehearsal says every step on every channel, marked, within a minute; the
// ledger, the account and the real reminders stay as they are, whatever is clicked.
func TestRehearsal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, ears := one(t, time.Now(), 60*testDay), &listener{}
		cfg := config(v, fine{}, ears)
		cfg.OpenWindow = func(_ context.Context, page, _ string, _ func()) error {
			if page != "rehearsal:acme" {
				t.Errorf("page %s", page)
			}
			return errors.New("no display")
		}
		a, stop := running(t, cfg)
		defer stop()
		var other []string
		rehearsals := true
		a.others = append(a.others, otherChannel("mail", func(n notifier.News) {
			other = append(other, string(n.Event)+" "+string(n.Status.State))
			rehearsals = rehearsals && n.Rehearsal
		}))
		time.Sleep(2 * time.Minute)
		began := time.Now()
		r, err := a.Rehearse(t.Context(), "linkedin/acme")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Rehearse(t.Context(), "acme"); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("two at once: %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		// Clicks do nothing to the account.
		for _, action := range []notifier.Action{notifier.ActionReconnect, notifier.ActionLater} {
			if err := a.Activate(t.Context(), Activation{Account: "acme", Action: action, Note: notifier.RehearsalID("acme")}); err != nil {
				t.Error(err)
			}
		}
		for !r.Done {
			if r, err = a.Rehearsal(t.Context(), r.ID, r.Version); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > time.Minute || took < 10*time.Second {
			t.Errorf("took %v", took)
		}
		var steps []string
		for _, s := range r.Steps {
			line := s.Step
			for _, res := range s.Results {
				line += " " + res.Channel + ":" + string(res.Became)
			}
			steps = append(steps, line)
			if !strings.HasPrefix(s.Title, "Rehearsal: ") || !strings.Contains(s.Body, "rehearsal") || s.Sent.IsZero() {
				t.Errorf("step %+v", s)
			}
		}
		if !rehearsals {
			t.Error("mail is not told that it is a rehearsal")
		}
		wantLines(t, "mail", other, []string{"expiring expiring", "expiring expiring", "expiring expiring", "expired expired", "expired expired"})
		wantLines(t, "steps", steps, []string{
			"168h0m0s desktop:clicked mail:shown", "72h0m0s desktop:shown mail:shown", "24h0m0s desktop:shown mail:shown",
			"expired desktop:shown popup:failed mail:shown", "again-1 desktop:shown mail:shown",
		})
		synctest.Wait()
		if row := state(t, a); !row.Account.Snoozed.IsZero() || row.Flow != "" || row.Status.State != platform.StateConnected {
			t.Errorf("the account was changed: %+v", row)
		}
		v.mu.Lock()
		if len(v.said) != 0 {
			t.Errorf("the ledger was touched: %v", v.said)
		}
		v.mu.Unlock()
		if ears.gone[len(ears.gone)-1] != notifier.RehearsalID("acme") {
			t.Errorf("withdrawn: %q, want the rehearsal's note", ears.gone)
		}
		// The real ones come all the same.
		time.Sleep(53*testDay + time.Hour)
		synctest.Wait()
		if all := ears.all(); all[len(all)-1].note.Rehearsal || len(all) != 6 {
			t.Errorf("%d notes, the last %+v", len(all), all[len(all)-1].note)
		}
	})
}

func otherChannel(name string, hear func(notifier.News)) other {
	return other{name: name, send: func(_ context.Context, n notifier.News) error { hear(n); return nil }}
}

func TestLaterMuteAndOwnSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		v, ears := one(t, start, 20*testDay), &listener{}
		cfg := config(v, fine{}, ears)
		var first time.Time
		cfg.Posts = func(_ string, after time.Time) (int, time.Time) {
			if first.IsZero() || first.Before(after) {
				return 0, time.Time{}
			}
			return 1, first
		}
		a, stop := running(t, cfg)
		defer stop()
		if _, err := a.Later(t.Context(), "acme", notifier.LaterPost); platform.KindOf(err) != platform.KindUsage || !strings.Contains(err.Error(), "no scheduled post") {
			t.Errorf("without a post: %v", err)
		}
		if _, err := a.Later(t.Context(), "acme", "never"); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("no choice: %v", err)
		}
		first = start.Add(19 * testDay) // before the end, which does not stop it
		if _, err := a.Later(t.Context(), "acme", notifier.LaterPost); err == nil {
			t.Error("a post that goes out all the same is no reason to wait")
		}
		first = start.Add(22 * testDay)
		y, m, d := first.Date()
		until, err := a.Later(t.Context(), "acme", notifier.LaterPost)
		if want := time.Date(y, m, d-1, 9, 0, 0, 0, first.Location()); err != nil || !until.Equal(want) {
			t.Errorf("until %v, %v, want %v", until, err, want)
		}
		if until, err = a.Later(t.Context(), "acme", notifier.LaterHour); err != nil || !until.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("until %v, %v", until, err)
		}

		if err := a.SetSteps(t.Context(), "acme", []time.Duration{time.Hour, 10 * testDay, time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := a.SetSteps(t.Context(), "acme", []time.Duration{-time.Hour}); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("a step after the end: %v", err)
		}
		time.Sleep(10*testDay + time.Minute)
		synctest.Wait()
		if all := ears.all(); len(all) != 1 || !strings.Contains(all[0].note.Body, "1 scheduled post or script depends on it") {
			t.Fatalf("notes %+v, want one, ten days before the end", all)
		}
		if err := a.Mute(t.Context(), "acme", true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		wantLines(t, "muted", became(t, a), []string{"desktop account/acme withdrawn"})
		time.Sleep(12 * testDay)
		synctest.Wait()
		if len(ears.all()) != 1 {
			t.Errorf("muted, and %d notes", len(ears.all()))
		}
		if err := a.Mute(t.Context(), "acme", false); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if all := ears.all(); len(all) != 2 || !all[1].note.Resident {
			t.Errorf("not muted any more: %+v", all)
		}
	})
}

// A script that takes a token counts as one that depends on the account, and
// after a restart still does.
func TestScriptsThatTakeTokensCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, ears := one(t, time.Now(), 60*testDay), &listener{}
		set := testSettings()
		set.s.Urgent = 4 * time.Hour
		cfg := config(v, fine{}, ears)
		cfg.Settings = set
		a, stop := running(t, cfg)
		time.Sleep(50 * testDay)
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: "cron"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		_, stop = running(t, cfg)
		time.Sleep(10*testDay - time.Hour)
		synctest.Wait()
		all := ears.all()
		if n := all[len(all)-1].note; !strings.HasSuffix(n.Body, "1 scheduled post or script depends on it.") || n.Entries[len(n.Entries)-1].Step != "4h0m0s" {
			t.Errorf("the last note %+v, want the one for four hours, with the script", n)
		}
		stop()
	})
}

// What a person has put away does not come back, with the agent or without.
func TestClosedNoteComesBackWithNoRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, ears := one(t, time.Now(), 20*testDay), &listener{}
		a, stop := running(t, config(v, fine{}, ears))
		time.Sleep(13*testDay + time.Hour)
		synctest.Wait()
		a.closed("account/acme", 2)
		for range 3 {
			stop()
			a, stop = running(t, config(v, fine{}, ears))
			time.Sleep(testDay)
			synctest.Wait()
		}
		defer stop()
		if n := len(ears.all()); n != 1 {
			t.Errorf("%d notes, want the one that was closed", n)
		}
		wantLines(t, "notices", became(t, a), []string{"desktop account/acme closed"})
	})
}

func TestNothingIsSaidInTheFirstMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, ears := one(t, time.Now().Add(-20*testDay), 20*testDay), &listener{} // it ended while nobody was up
		_, stop := running(t, config(v, fine{}, ears))
		defer stop()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if n := len(ears.all()); n != 0 {
			t.Errorf("%d notes within the first minute", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(ears.all()); n != 1 {
			t.Errorf("%d notes after it, want 1", n)
		}
	})
}

// A click on a reminder of an account that was connected by a credential made at
// the platform opens the window to hand a new one over, and not the browser.
func TestClickOfAnAccountConnectedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMemVault()
		now := time.Now()
		acc := platform.Account{ID: "acme", Platform: "bluesky", Server: "did:plc:acme", ProviderID: "did:plc:acme", Alias: "acme", Handle: "acme.bsky.social", Created: now, LastUsed: now}
		g := platform.Grant{
			Account: "acme", Generation: 1, TokenType: "Bearer", Issued: now, Verified: now, Tokens: platform.Tokens{Access: platform.NewSecret("tok-1")},
			Clocks: []platform.Clock{{Kind: platform.ClockRefresh, Source: platform.SourceProvider, At: now.Add(-time.Hour), Since: now.Add(-90 * testDay)}},
		}
		if err := v.Create(t.Context(), acc, g); err != nil {
			t.Fatal(err)
		}
		cfg := config(v, fine{}, &listener{})
		var pages []string
		cfg.OpenWindow = func(_ context.Context, page, _ string, _ func()) error {
			pages = append(pages, page)
			return nil
		}
		cfg.OpenBrowser = func(context.Context, string, string, string) error {
			t.Error("the browser was opened")
			return nil
		}
		a, stop := running(t, cfg)
		defer stop()
		if err := a.Activate(t.Context(), Activation{Account: "acme", Action: notifier.ActionReconnect}); err != nil {
			t.Fatal(err)
		}
		wantLines(t, "pages", pages, []string{"account:acme"})
	})
}

// The ladder is the account's own, else its platform's, else everybody's; and it is the one that is walked.
func TestWhoseLadder(t *testing.T) {
	for name, c := range map[string]struct {
		own, platform []time.Duration
		want          time.Duration
	}{
		"everybody's":                 {nil, nil, 7 * testDay},
		"the platform's":              {nil, []time.Duration{5 * testDay}, 5 * testDay},
		"its own":                     {[]time.Duration{4 * testDay}, nil, 4 * testDay},
		"its own before the platform": {[]time.Duration{4 * testDay}, []time.Duration{5 * testDay}, 4 * testDay},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, ears := time.Now(), &listener{}
				v := one(t, start, 20*testDay)
				acc := v.accounts["acme"]
				acc.Steps = c.own
				v.accounts["acme"] = acc
				cfg := config(v, fine{}, ears)
				cfg.Settings.(*memSettings).s.Steps = []time.Duration{7 * testDay}
				if c.platform != nil {
					cfg.Settings.(*memSettings).s.PlatformSteps = map[string][]time.Duration{acc.Platform: c.platform, "mastodon": {9 * testDay}}
				}
				_, stop := running(t, cfg)
				defer stop()
				time.Sleep(20*testDay - time.Minute)
				synctest.Wait()
				told := ears.all()
				if len(told) != 1 || told[0].at.Sub(start) != 20*testDay-c.want {
					t.Errorf("told %d times, first %v after the start, want once, %v before the end", len(told), told[0].at.Sub(start), c.want)
				}
			})
		})
	}
}
