package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"relink/notifier"
	"relink/platform"
)

// able is a sender of which a test says what its system can do.
type able struct {
	*listener
	can notifier.Abilities
}

func (a *able) Abilities(context.Context) (notifier.Abilities, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.can, a.fails
}

// now changes what the system can do.
func (a *able) now(change func(*notifier.Abilities)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.can)
}

func warned(t *testing.T, a *Agent) string {
	t.Helper()
	synctest.Wait()
	s, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(s.Warnings, "\n")
}

// What a person may live with is said until a window has shown it, and again
// once it was mended and is lost anew.
func TestHintsAreSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 60*testDay)
		ears := &able{listener: &listener{}, can: notifier.Abilities{Name: "Plain 1"}}
		on := false
		cfg := config(v, fine{}, nil)
		cfg.Sender = func(func(Activation), func(string, uint32)) notifier.Sender { return ears }
		cfg.Autostart = func() (bool, error) { return on, nil }
		run := func(window bool) string {
			a, stop := running(t, cfg)
			defer stop()
			if window {
				if _, err := a.Pages(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Minute)
			return warned(t, a)
		}
		both := func(what, w string, want bool) {
			t.Helper()
			if strings.Contains(w, "without buttons") != want || strings.Contains(w, "start at login") != want {
				t.Errorf("%s: %q, want both hints: %v", what, w, want)
			}
		}
		both("nobody looked", run(false), true)
		both("a window shows them", run(true), true)
		both("said once", run(true), false)
		on = true
		ears.now(func(c *notifier.Abilities) { c.Actions = true })
		both("mended", run(false), false)
		on = false
		ears.now(func(c *notifier.Abilities) { c.Actions = false })
		both("lost anew", run(false), true)
	})
}

// What is said in one language is said in another once that is chosen.
func TestWarningsFollowTheLanguage(t *testing.T) {
	defer platform.SetCatalogue(nil)
	synctest.Test(t, func(t *testing.T) {
		ears := &able{listener: &listener{}, can: notifier.Abilities{Name: "Plain 1", Off: "Do Not Disturb is on; switch it off"}}
		cfg := config(one(t, time.Now(), 60*testDay), fine{}, nil)
		cfg.Sender = func(func(Activation), func(string, uint32)) notifier.Sender { return ears }
		cfg.Autostart = func() (bool, error) { return false, nil }
		cfg.Language = func(tag string) error {
			platform.SetCatalogue(&platform.Catalogue{Tag: tag, Sentences: map[string]string{
				autostartLine: tag + " start", "Reminders may not appear: %s": tag + " off: %s", "Notifications do not appear: %s": tag + " none: %s",
				"%s shows notifications without buttons; reconnect from the tray menu or the window": tag + " buttons: %s",
			}})
			return nil
		}
		platform.SetCatalogue(nil)
		a, stop := running(t, cfg)
		defer stop()
		time.Sleep(2 * time.Minute)
		speak := func(tag string) string {
			s, err := a.Settings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Language = tag
			if err := a.SetSettings(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			return warned(t, a)
		}
		if w, want := speak("de"), "de start\nde buttons: Plain 1\nde off: Do Not Disturb is on; switch it off"; w != want {
			t.Errorf("warnings\n%s\nwant\n%s", w, want)
		}
		if s := a.snap.Load(); s.AtLogin != "de start" {
			t.Errorf("of them about the login: %q", s.AtLogin)
		}
		ears.mu.Lock()
		ears.fails = errors.New("there is no bus")
		ears.mu.Unlock()
		if w := speak("ja"); !strings.Contains(w, "ja none: there is no bus") {
			t.Errorf("warnings\n%s", w)
		}
	})
}

// While the desktop takes notifications and shows none, that is said, and no longer.
func TestNotificationsSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		ears := &able{listener: &listener{}, can: notifier.Abilities{Name: "S", Actions: true, Off: "Do Not Disturb is on; switch it off"}}
		cfg := config(v, fine{}, nil)
		cfg.Sender = func(func(Activation), func(string, uint32)) notifier.Sender { return ears }
		a, stop := running(t, cfg)
		defer stop()
		time.Sleep(2 * time.Minute)
		if w := warned(t, a); w != "Reminders may not appear: Do Not Disturb is on; switch it off" {
			t.Errorf("warnings %q", w)
		}
		findings, err := a.Doctor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Name == "notifications" && (f.Level != LevelWarn || f.Repair != "switch it off" || !strings.Contains(f.Text, "Do Not Disturb")) {
				t.Errorf("doctor: %+v", f)
			}
		}
		ears.now(func(c *notifier.Abilities) { c.Off = "" })
		time.Sleep(14 * testDay) // the next reminder shows that it works
		if w := warned(t, a); w != "" {
			t.Errorf("warnings %q, and it works again", w)
		}
	})
}

// A button on a note from 13 hours ago is no word of now: an account that was
// mended meanwhile, by another program even, opens no browser, and the note
// becomes the good news.
func TestOldNoteIsCheckedBeforeItsButtonActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, ears := one(t, time.Now(), 20*testDay), &listener{}
		cfg := config(v, fine{}, ears)
		cfg.OpenBrowser = func(_ context.Context, _, address, _ string) error {
			t.Errorf("a browser was opened on %s", address)
			return nil
		}
		a, stop := running(t, cfg)
		defer stop()
		time.Sleep(19*testDay + 11*time.Hour)
		synctest.Wait()
		note := ears.all()[len(ears.all())-1].note
		time.Sleep(13*time.Hour - time.Minute)
		// Nobody tells the agent.
		if err := v.Save(t.Context(), newGrantFor(v, t, "acme", 60*testDay)); err != nil {
			t.Fatal(err)
		}
		if err := a.Activate(t.Context(), Activation{Account: "acme", Action: notifier.ActionReconnect, Note: note.ID}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if last := ears.all()[len(ears.all())-1].note; last.Title != "LinkedIn · acme is connected" || last.ID != note.ID {
			t.Errorf("the last note is %+v", last)
		}
		if s, _ := a.Snapshot(t.Context()); len(s.Flows) != 0 {
			t.Errorf("flows: %+v", s.Flows)
		}
	})
}

// The desktop's activation token goes with the click to the browser and to the window.
func TestActivationTokenIsHandedOn(t *testing.T) {
	windowless(t)
	v := one(t, time.Now().Add(-2*time.Hour), time.Hour) // ended
	v.apps["linkedin "] = platform.App{Platform: "linkedin", ID: "id", Secret: platform.NewSecret("s"), Redirect: "http://127.0.0.1:0/callback"}
	cfg := config(v, fine{}, &listener{})
	tokens := make(chan string, 4)
	cfg.OpenBrowser = func(_ context.Context, _, _, token string) error { tokens <- "browser " + token; return nil }
	cfg.OpenWindow = func(_ context.Context, page, token string, _ func()) error { tokens <- page + " " + token; return nil }
	a, stop := running(t, cfg)
	defer stop()
	for _, c := range []struct {
		act  Activation
		want string
	}{
		{Activation{Account: "acme", Action: notifier.ActionShow, Token: "t2"}, "account:acme t2"},
		{Activation{Account: "acme", Action: notifier.ActionReconnect, Token: "t1"}, "browser t1"},
	} {
		if err := a.Activate(t.Context(), c.act); err != nil {
			t.Fatal(err)
		}
		for got := ""; got != c.want; {
			select {
			case got = <-tokens:
				if !strings.HasSuffix(got, c.act.Token) {
					t.Errorf("%s: %q was opened without the token %s", c.act.Action, got, c.act.Token)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s: %q was never opened", c.act.Action, c.want)
			}
		}
		for len(tokens) > 0 { // where nothing listens, the page to paste the address in opens too
			<-tokens
		}
	}
}

// What the desktop cannot show, or holds back, is mailed at once and not with the day's mail.
func TestUndeliveredNoteIsMailedAtOnce(t *testing.T) {
	for name, spoil := range map[string]func(*able){
		"no server": func(a *able) {
			a.fails = &platform.Error{Kind: platform.KindConfig, Message: "no notification server runs", Repair: "start one"}
		},
		"switched off": func(a *able) { a.can.Off = "Do Not Disturb is on; switch it off" },
		"fine":         func(*able) {},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPostOffice(t, asksPassword)
			synctest.Test(t, func(t *testing.T) {
				v := one(t, time.Now(), 20*testDay+12*time.Hour)
				ears := &able{listener: &listener{}, can: notifier.Abilities{Name: "S", Actions: true}}
				spoil(ears)
				cfg := mailing(p, v, nil)
				cfg.Sender = func(func(Activation), func(string, uint32)) notifier.Sender { return ears }
				_, stop := running(t, cfg)
				defer stop()
				pass(13*testDay + 12*time.Hour + 10*time.Minute) // the 7-day step fell on noon
				if name == "fine" {
					wantMail(t, p)
					return
				}
				wantMail(t, p, "me@example.com: LinkedIn acme ends in 7 days")
			})
		})
	}
}

// A window that was asked for and cannot be shown, as where there is no OpenGL, is
// said to whoever asked, in a note and in every view, until one comes.
func TestWindowThatCannotBeShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		cfg := config(one(t, time.Now().Add(50*testDay), 60*testDay), fine{}, ears)
		var last atomic.Pointer[func()]
		fail := func() { (*last.Load())() }
		cfg.OpenWindow = func(_ context.Context, _, _ string, failed func()) error { last.Store(&failed); return nil }
		a, stop := running(t, cfg)
		defer stop()
		synctest.Wait()
		warned := func() bool {
			synctest.Wait()
			s, err := a.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return slices.Contains(s.Warnings, "The window cannot be shown; see why with: relink window.")
		}
		begun := time.Now()
		time.AfterFunc(100*time.Millisecond, fail)
		if err := a.Activate(t.Context(), Activation{Action: notifier.ActionShow}); platform.KindOf(err) != platform.KindConfig || time.Since(begun) != 100*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
		if !warned() {
			t.Error("no view says so")
		}
		said := 0
		for _, heard := range ears.all() {
			if heard.note.Title == "The window cannot be shown" && heard.note.Body == "See why with: relink window." {
				said++
			}
		}
		if said != 1 {
			t.Errorf("said %d times", said)
		}

		// The next click tries again; a window that comes is seen at once.
		begun = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(200*time.Millisecond, func() {
			if _, err := a.Pages(ctx); err != nil {
				t.Error(err)
			}
		})
		if err := a.Activate(t.Context(), Activation{Action: notifier.ActionShow}); err != nil || time.Since(begun) != 200*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
		if warned() {
			t.Error("it is still said that none can be shown")
		}
		fail() // one that was seen says itself what is wrong
		if warned() {
			t.Error("a window that was seen and ended is called one that cannot be shown")
		}

		// One that takes its time is not waited for.
		cancel()
		synctest.Wait()
		begun = time.Now()
		if err := a.Activate(t.Context(), Activation{Action: notifier.ActionShow}); err != nil || time.Since(begun) != lookWait {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
	})
}
