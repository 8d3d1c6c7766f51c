package agent

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"relink/notifier"
	"relink/platform"
)

// answers is a platform whose reply a test sets.
type answers struct {
	reply atomic.Pointer[func(*http.Request) (*http.Response, error)]
}

func (a *answers) set(f func(*http.Request) (*http.Response, error)) { a.reply.Store(&f) }

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if f := a.reply.Load(); f != nil {
		return (*f)(r)
	}
	return fine{}.RoundTrip(r)
}

func says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// one makes a vault with one LinkedIn account that ends after life.
func one(t *testing.T, now time.Time, life time.Duration) *memVault {
	t.Helper()
	v := newMemVault()
	acc := platform.Account{ID: "acme", Platform: "linkedin", ProviderID: "7", Alias: "acme", Name: "acme", Created: now, LastUsed: now}
	g := platform.Grant{
		Account: "acme", Generation: 1, Issued: now, Verified: now, Tokens: platform.Tokens{Access: platform.NewSecret("tok-1")},
		Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(life), Since: now}},
	}
	if err := v.Create(t.Context(), acc, g); err != nil {
		t.Fatal(err)
	}
	return v
}

func config(v *memVault, rt http.RoundTripper, ears *listener) Config {
	return Config{
		Vault: v, Settings: testSettings(), Net: &platform.Net{Transport: rt}, Rand: rand.New(rand.NewPCG(1, 1)),
		Sender: func(func(Activation), func(string, uint32)) notifier.Sender { return ears },
	}
}

func state(t *testing.T, a *Agent) *Row {
	t.Helper()
	s, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row := s.Row("acme")
	if row == nil {
		t.Fatal("the account is gone")
	}
	return row
}

// Whatever a platform that is not well answers, for days, the account stays connected.
// Regression list: DNS, 5xx, 429, captive portals never expire anything (Postiz 1822, TryPost 49, granted 736).
func TestOutageExpiresNothing(t *testing.T) {
	for name, reply := range map[string]func(*http.Request) (*http.Response, error){
		"down":      func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"500":       says(500, "oops"),
		"503":       says(503, `{"error":"invalid_grant"}`),
		"429":       says(429, "slow"),
		"garbage":   says(200, "<html>sign in to the hotel</html>"),
		"empty":     says(200, ""),
		"10 MB":     says(200, strings.Repeat("x", 10<<20)),
		"redirect":  says(302, ""),
		"403 proxy": says(403, "<html>blocked</html>"),
		"hang": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt, ears := &answers{}, &listener{}
				v := one(t, time.Now(), 60*testDay)
				v.apps["linkedin "] = platform.App{Platform: "linkedin", ID: "id", Secret: platform.NewSecret("s")}
				a, stop := running(t, config(v, rt, ears))
				defer stop()
				rt.set(reply)
				time.Sleep(5 * testDay)
				synctest.Wait()
				row := state(t, a)
				if row.Status.State != platform.StateConnected || row.Grant.Fault.Count > 0 {
					t.Errorf("state %s, fault %+v", row.Status.State, row.Grant.Fault)
				}
				if name != "429" && row.UnreachableSince.IsZero() {
					t.Error("nobody is told that the platform does not answer")
				}
				if n := len(ears.all()); n > 0 {
					t.Errorf("%d notes: %+v", n, ears.all())
				}
				rt.set(fine{}.RoundTrip)
				time.Sleep(testDay + 3*time.Hour)
				synctest.Wait()
				if row := state(t, a); !row.UnreachableSince.IsZero() {
					t.Error("it answers again, and still reads unreachable")
				}
			})
		})
	}
}

// Revocation is told after the platform said so twice, minutes apart, once.
func TestRevocationIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, ears := &answers{}, &listener{}
		v := one(t, time.Now(), 60*testDay)
		a, stop := running(t, config(v, rt, ears))
		defer stop()
		rt.set(says(401, `{"status":401,"serviceErrorCode":65601,"message":"revoked"}`))
		time.Sleep(30 * time.Hour)
		synctest.Wait()
		row := state(t, a)
		if row.Status.State != platform.StateRevoked {
			t.Fatalf("state %s %q, fault %+v", row.Status.State, row.Status.Reason, row.Grant.Fault)
		}
		f := row.Grant.Fault
		if f.Count != 2 || f.Last.Sub(f.First) < 2*time.Minute {
			t.Errorf("ended by %d rejections within %s", f.Count, f.Last.Sub(f.First))
		}
		notes := ears.all()
		if len(notes) != 1 || !notes[0].note.Resident || !notes[0].note.Popup {
			t.Errorf("notes: %+v", notes)
		}
	})
}

// Regression list: keychain read failure is its own state (claude-code 67087, granted 844).
func TestLockedIsNotExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		v := one(t, time.Now(), 60*testDay)
		v.locked = &platform.Error{Kind: platform.KindLocked, Message: "the keyring is locked", Repair: "unlock it"}
		a, stop := running(t, config(v, fine{}, ears))
		defer stop()
		time.Sleep(3 * testDay)
		synctest.Wait()
		s, _ := a.Snapshot(t.Context())
		if row := s.Row("acme"); row.Status.State != platform.StateConnected || s.Locked == "" {
			t.Errorf("state %s, locked %q", row.Status.State, s.Locked)
		}
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); platform.KindOf(err) != platform.KindLocked {
			t.Errorf("token: %v", err)
		}
		v.mu.Lock()
		v.locked = nil
		v.mu.Unlock()
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if s, _ := a.Snapshot(t.Context()); s.Locked != "" {
			t.Errorf("unlocked, and still reads %q", s.Locked)
		}
		if got, err := a.Token(t.Context(), TokenRequest{Account: "linkedin/acme"}); err != nil || got.AccessToken != "tok-1" {
			t.Errorf("token: %v", err)
		}
	})
}

// A clock set forward or back by a year, while the agent runs or between two
// runs, shows nothing as expired that is not, and says nothing twice.
func TestClockJumps(t *testing.T) {
	const year = 365 * testDay
	for _, tt := range []struct {
		name    string
		jump    time.Duration
		restart bool
	}{{"forward", year, false}, {"back", -year, false}, {"back between two runs", -year, true}, {"forward between two runs", year, true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var offset atomic.Int64
				ears := &listener{}
				v := one(t, start, 60*testDay)
				// A platform without a clock of its own: only the agent's judgement counts.
				cfg := config(v, rtFunc(says(200, `{"sub":"7","active":true}`)), ears)
				cfg.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
				a, stop := running(t, cfg)
				time.Sleep(2 * testDay)
				synctest.Wait()
				if tt.restart {
					stop()
				}
				offset.Store(int64(tt.jump))
				if tt.restart {
					cfg.Net = &platform.Net{Transport: cfg.Net.Transport}
					a, stop = running(t, cfg)
				}
				defer func() { stop() }()
				time.Sleep(2 * testDay)
				synctest.Wait()
				s, _ := a.Snapshot(t.Context())
				if st := s.Row("acme").Status.State; st != platform.StateConnected {
					t.Errorf("after the jump: %s", st)
				}
				if len(s.Warnings) == 0 || !strings.Contains(s.Warnings[0], "clock") {
					t.Errorf("warnings: %q", s.Warnings)
				}
				if n := len(ears.all()); n != 0 {
					t.Errorf("%d notes", n)
				}
				offset.Store(0)
				time.Sleep(2 * testDay)
				synctest.Wait()
				if s, _ := a.Snapshot(t.Context()); len(s.Warnings) != 0 || s.Row("acme").Status.State != platform.StateConnected {
					t.Errorf("after it was put right: %q, %s", s.Warnings, s.Row("acme").Status.State)
				}
				// The real end is still told, with every step, once.
				time.Sleep(55 * testDay)
				synctest.Wait()
				steps := map[notifier.Step]int{}
				for _, n := range ears.all() {
					for _, e := range n.note.Entries {
						steps[e.Step]++
					}
				}
				for _, step := range []notifier.Step{"168h0m0s", "72h0m0s", "24h0m0s", "expired"} {
					if steps[step] != 1 {
						t.Errorf("step %s was said %d times", step, steps[step])
					}
				}
			})
		})
	}
}

type rtFunc func(*http.Request) (*http.Response, error)

func (f rtFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A clock that was wrong and is put right by more than a jump is believed once a platform's Date agrees.
func TestClockIsConfirmedByAPlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset atomic.Int64
		v := one(t, time.Now(), 60*testDay)
		now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		cfg := config(v, rtFunc(func(r *http.Request) (*http.Response, error) {
			resp, err := says(200, `{"sub":"7","active":true}`)(r)
			resp.Header.Set("Date", now().UTC().Format(http.TimeFormat))
			return resp, err
		}), &listener{})
		cfg.Now = now
		a, stop := running(t, cfg)
		defer stop()
		time.Sleep(time.Hour)
		offset.Store(int64(20 * testDay)) // the new time is the true one
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		s, _ := a.Snapshot(t.Context())
		if len(s.Warnings) != 0 || now().Sub(s.At) > 3*time.Hour {
			t.Errorf("warnings %q, snapshot of %v, now %v", s.Warnings, s.At, now())
		}
	})
}

// A computer that was off for two months is believed once a platform says so,
// even where every account has ended meanwhile and none is asked about its token.
func TestLongAbsenceIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		v := one(t, time.Now(), 10*testDay)
		_, stop := running(t, config(v, fine{}, ears))
		time.Sleep(time.Hour)
		stop()
		time.Sleep(60 * testDay)
		a, stop := running(t, config(v, fine{}, ears))
		defer stop()
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if n := len(ears.all()); n != 0 {
			t.Errorf("%d notes in the first minute", n)
		}
		time.Sleep(70 * time.Second)
		synctest.Wait()
		s, _ := a.Snapshot(t.Context())
		if st := s.Row("acme").Status.State; st != platform.StateExpired || len(s.Warnings) != 0 {
			t.Errorf("state %s, warnings %q", st, s.Warnings)
		}
		if n := len(ears.all()); n != 1 {
			t.Errorf("%d notes", n)
		}
	})
}

// A ledger that cannot be saved holds the note back, says so, and sends it once when it can.
func TestFullDiskHoldsNotesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		v := one(t, time.Now(), 8*testDay+time.Hour)
		v.full = &platform.Error{Kind: platform.KindStorage, Message: "the disk is full", Repair: "make room"}
		a, stop := running(t, config(v, fine{}, ears))
		defer stop()
		time.Sleep(5 * testDay)
		synctest.Wait()
		s, _ := a.Snapshot(t.Context())
		if len(ears.all()) != 0 || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "disk is full") {
			t.Errorf("%d notes, warnings %q", len(ears.all()), s.Warnings)
		}
		v.mu.Lock()
		v.full = nil
		v.mu.Unlock()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		s, _ = a.Snapshot(t.Context())
		if len(ears.all()) != 1 || len(s.Warnings) != 0 {
			t.Errorf("with room again: %d notes, warnings %q", len(ears.all()), s.Warnings)
		}
	})
}

// Notifications that do not work are said in the snapshot, and nothing waits for them.
func TestNotificationsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{fails: &platform.Error{Kind: platform.KindConfig, Message: "no notification server runs", Repair: "start one"}}
		a, stop := running(t, config(one(t, time.Now(), 60*testDay), fine{}, ears))
		defer stop()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		s, _ := a.Snapshot(t.Context())
		if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "no notification server runs; start one") {
			t.Errorf("warnings %q", s.Warnings)
		}
	})
}

// A program that asks for a token of an ended account gets its answer without
// a network, and the person is told who waits, once an hour.
func TestTokenOfAnEndedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		a, stop := running(t, config(one(t, time.Now(), testDay), rtFunc(func(*http.Request) (*http.Response, error) {
			t.Error("the network was asked")
			return nil, errors.New("no")
		}), ears))
		defer stop()
		time.Sleep(testDay + 2*time.Hour)
		synctest.Wait()
		before, count := time.Now(), len(ears.all())
		for range 3 {
			_, err := a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: "backup.sh"})
			if platform.KindOf(err) != platform.KindReconnect || !strings.HasSuffix(err.Error(), "relink reconnect linkedin/acme") {
				t.Errorf("got %v", err)
			}
		}
		if took := time.Since(before); took > 0 {
			t.Errorf("took %s", took)
		}
		synctest.Wait()
		notes := ears.all()[count:]
		if len(notes) != 1 || !strings.Contains(notes[0].note.Title, "backup.sh") {
			t.Errorf("notes %+v", notes)
		}
	})
}

// A click on an old note looks again before it opens anything.
// Regression list: the button of a 13-hour-old note re-checks (eduVPN 445).
func TestOldClickLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		cfg := config(one(t, time.Now(), 60*testDay), fine{}, ears)
		cfg.OpenBrowser = func(context.Context, string, string, string) error {
			t.Error("a browser was opened for an account that is well")
			return nil
		}
		a, stop := running(t, cfg)
		defer stop()
		synctest.Wait()
		if err := a.Activate(t.Context(), Activation{Account: "acme", Action: notifier.ActionReconnect}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if notes := ears.all(); len(notes) != 1 || !strings.Contains(notes[0].note.Title, "is connected") {
			t.Errorf("notes %+v", notes)
		}
	})
}

// Twelve hours asleep open no tab and no window (aws-sso-cli 644); what ended is told once.
func TestSleepThroughTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		cfg := config(one(t, time.Now(), 9*testDay), fine{}, ears)
		cfg.OpenBrowser = func(context.Context, string, string, string) error { t.Error("a browser was opened"); return nil }
		var asleep atomic.Int64
		start := time.Now()
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) }
		cfg.Elapsed = func() time.Duration { return time.Since(start) + time.Duration(asleep.Load()) }
		wake := make(chan struct{}, 1)
		cfg.Wake = wake
		a, stop := running(t, cfg)
		defer stop()
		time.Sleep(time.Hour)
		asleep.Store(int64(10 * testDay))
		wake <- struct{}{}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		notes := ears.all()
		if len(notes) != 1 || notes[0].note.Entries[len(notes[0].note.Entries)-1].Step != "expired" {
			t.Errorf("notes %+v", notes)
		}
		if row := state(t, a); row.Status.State != platform.StateExpired {
			t.Errorf("state %s", row.Status.State)
		}
	})
}
