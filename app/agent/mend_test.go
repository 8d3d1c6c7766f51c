package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

func TestPauseOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		v := one(t, time.Now(), 8*testDay) // the first reminder is due in four days
		a, stop := running(t, config(v, fine{}, ears))
		until := time.Now().Add(5 * testDay)
		if err := a.Pause(t.Context(), until); err != nil {
			t.Fatal(err)
		}
		stop()
		a, stop = running(t, config(v, fine{}, ears))
		defer stop()
		time.Sleep(4*testDay + time.Hour)
		synctest.Wait()
		if s, _ := a.Snapshot(t.Context()); !s.Paused.Equal(until.Truncate(time.Second)) || len(ears.all()) != 0 {
			t.Errorf("paused until %v, %d notes", s.Paused, len(ears.all()))
		}
		time.Sleep(testDay + time.Minute)
		synctest.Wait()
		if s, _ := a.Snapshot(t.Context()); !s.Paused.IsZero() || len(ears.all()) != 1 {
			t.Errorf("after the pause: paused until %v, %d notes", s.Paused, len(ears.all()))
		}
	})
}

// A keyring that opens when it is asked, after a while.
type lateKeyring struct {
	*memVault
	opens time.Time
}

func (v lateKeyring) TryUnlock(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !time.Now().Before(v.opens) {
		v.locked = nil
	}
	return v.locked
}

// Programs that ask all the time do not put off the next look at the keyring.
func TestBusyCallersDoNotKeepItLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 60*testDay)
		v.locked = &platform.Error{Kind: platform.KindLocked, Message: "the keyring is locked", Repair: "unlock it"}
		cfg := config(v, fine{}, &listener{})
		cfg.Vault = lateKeyring{v, time.Now().Add(time.Minute)}
		a, stop := running(t, cfg)
		defer stop()
		for end := time.Now().Add(12 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Second) {
			if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); err == nil {
				break
			}
		}
		synctest.Wait()
		if s, _ := a.Snapshot(t.Context()); s.Locked != "" {
			t.Errorf("still locked: %s", s.Locked)
		}
	})
}

// A token in memory is not given once the vault is locked or the platform has refused it.
func TestWarmTokenGoesWithItsGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 60*testDay)
		a, stop := running(t, config(v, fine{}, &listener{}))
		defer stop()
		synctest.Wait()
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); err != nil {
			t.Fatal(err)
		}
		v.mu.Lock()
		v.locked = &platform.Error{Kind: platform.KindLocked, Message: "locked", Repair: "unlock it"}
		v.mu.Unlock()
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); platform.KindOf(err) != platform.KindLocked {
			t.Errorf("locked: %v", err)
		}
		v.mu.Lock()
		v.locked = nil
		v.mu.Unlock()
		if err := v.Fault(t.Context(), "acme", 1, platform.Fault{Count: 1, Definite: true, AccessRejected: true}); err != nil {
			t.Fatal(err)
		}
		a.reload(t.Context(), "acme")
		synctest.Wait()
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); platform.KindOf(err) != platform.KindReconnect {
			t.Errorf("revoked: %v", err)
		}
	})
}

// Silent refreshes make a new generation each, but the connection ends when it
// did: what was said stays said, and the note stays on the screen.
func TestSilentRefreshSaysNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears, start := &listener{}, time.Now()
		v := one(t, start, time.Hour)
		renew := func() {
			g, _ := v.Grant(t.Context(), "acme")
			g.Generation++
			g.Issued, g.Verified = time.Now(), time.Now()
			g.Tokens.Refresh, g.Refreshable = platform.NewSecret("r"), true
			g.Clocks = []platform.Clock{
				{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: time.Now(), At: time.Now().Add(time.Hour)},
				{Kind: platform.ClockRefresh, Source: platform.SourceProvider, Since: start, At: start.Add(10 * testDay)},
			}
			if err := v.Save(t.Context(), g); err != nil {
				t.Fatal(err)
			}
		}
		renew()
		a, stop := running(t, config(v, fine{}, ears))
		for h := range 10 * 24 {
			time.Sleep(time.Hour)
			if h < 238 {
				renew()
				a.reload(t.Context(), "acme")
			}
			if h == 150 { // the ledger knows it as well
				synctest.Wait()
				stop()
				a, stop = running(t, config(v, fine{}, ears))
			}
		}
		defer stop()
		synctest.Wait()
		var titles []string
		for _, n := range ears.all() {
			titles = append(titles, n.note.Title)
		}
		if len(titles) != 4 { // half the life at most: 5 d, 3 d, 1 d, and the end
			t.Errorf("%d notes: %q", len(titles), titles)
		}
		ears.mu.Lock()
		defer ears.mu.Unlock()
		if len(ears.gone) != 0 {
			t.Errorf("withdrawn: %q", ears.gone)
		}
	})
}

// A caller that gives up says nothing about the platform.
func TestCheckGivenUpIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &answers{}
		a, stop := running(t, config(one(t, time.Now(), 60*testDay), rt, &listener{}))
		defer stop()
		rt.set(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := a.Check(ctx, "acme"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("check: %v", err)
			}
			cancel()
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		if row := state(t, a); !row.UnreachableSince.IsZero() {
			t.Error("reads unreachable")
		}
	})
}

// A waiting program is not told of to somebody who asked for quiet.
func TestWaitingKeepsASnooze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &listener{}
		a, stop := running(t, config(one(t, time.Now(), testDay), fine{}, ears))
		defer stop()
		time.Sleep(testDay + 2*time.Hour)
		if err := a.Snooze(t.Context(), "acme", time.Now().Add(6*time.Hour)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := len(ears.all())
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: "backup.sh"}); err == nil {
			t.Error("got a token")
		}
		synctest.Wait()
		if n := len(ears.all()); n != before {
			t.Errorf("%d notes more", n-before)
		}
	})
}

// slowVault takes its time to write, as disks do, so that writers meet.
type slowVault struct{ *memVault }

func (v slowVault) UpdateAccount(ctx context.Context, a platform.Account) error {
	time.Sleep(20 * time.Millisecond)
	return v.memVault.UpdateAccount(ctx, a)
}

func (v slowVault) Used(ctx context.Context, id string, at time.Time) error {
	time.Sleep(10 * time.Millisecond)
	return v.memVault.Used(ctx, id, at)
}

func (v slowVault) Forget(ctx context.Context, id string) error {
	defer time.Sleep(20 * time.Millisecond)
	return v.memVault.Forget(ctx, id)
}

func (v slowVault) Grant(ctx context.Context, id string) (platform.Grant, error) {
	defer time.Sleep(40 * time.Millisecond)
	return v.memVault.Grant(ctx, id)
}

// Whoever writes to an account at the same time, nobody undoes another's change.
func TestWritersKeepEachOthersChanges(t *testing.T) {
	now := time.Now()
	v := one(t, now.Add(-time.Hour), 60*testDay)
	cfg := config(v, fine{}, &listener{})
	cfg.Vault = slowVault{v}
	a, stop := running(t, cfg)
	defer stop()
	until := now.Add(time.Hour)
	var wg sync.WaitGroup
	wg.Go(func() { _ = a.Rename(t.Context(), "acme", "shop") })
	wg.Go(func() { _ = a.Snooze(t.Context(), "acme", until) })
	wg.Go(func() { _, _ = a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: "x"}) })
	wg.Go(func() { a.reload(t.Context(), "acme") })
	wg.Wait()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end) && state(t, a).Account.LastUsed.Before(now); time.Sleep(time.Millisecond) {
	}
	stored, _ := v.Account(t.Context(), "acme")
	for where, acc := range map[string]platform.Account{"vault": stored, "snapshot": state(t, a).Account} {
		if acc.Alias != "shop" || !acc.Snoozed.Equal(until) || acc.LastUsed.Before(now) {
			t.Errorf("%s: alias %q, snoozed %v, last used %v", where, acc.Alias, acc.Snoozed, acc.LastUsed)
		}
	}
	// One that is forgotten does not come back through somebody who had just read it.
	wg.Go(func() { a.reload(t.Context(), "acme") })
	time.Sleep(10 * time.Millisecond)
	if err := a.Forget(t.Context(), "acme", false); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := a.settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := a.snap.Load().Len(); n != 0 {
		t.Error("the account came back")
	}
}

func TestOlderGenerationIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 60*testDay)
		a, stop := running(t, config(v, fine{}, &listener{}))
		defer stop()
		acc, _ := v.Account(t.Context(), "acme")
		old, _ := v.Grant(t.Context(), "acme")
		next := old
		next.Generation = 2
		a.stored(acc, next)
		a.stored(acc, old)
		synctest.Wait()
		if g := state(t, a).Grant.Generation; g != 2 {
			t.Errorf("generation %d", g)
		}
	})
}

func TestSettingsAllOrNothing(t *testing.T) {
	cfg := config(newMemVault(), fine{}, &listener{})
	on := false
	cfg.Autostart = func() (bool, error) { return on, nil }
	cfg.SetAutostart = func(bool) error { return errors.New("the startup folder cannot be written") }
	a, stop := running(t, cfg)
	defer stop()
	s, _ := a.Settings(t.Context())
	s.Autostart, s.Hour = true, 18
	if err := a.SetSettings(t.Context(), s); err == nil {
		t.Fatal("no error")
	}
	if got, _ := a.Settings(t.Context()); got.Hour != 9 || cfg.Settings.(*memSettings).s.Hour != 9 {
		t.Errorf("half of it was kept: hour %d", got.Hour)
	}
	cfg.Settings.(*memSettings).fails = errors.New("the disk is full")
	a.cfg.SetAutostart = func(b bool) error { on = b; return nil }
	if err := a.SetSettings(t.Context(), s); err == nil || on {
		t.Errorf("error %v, autostart %t", err, on)
	}
}

// Where the counted time stops in sleep, a jump of days is sleep and one of a year is not.
func TestSleepThatIsNotCounted(t *testing.T) {
	wall, elapsed := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), time.Duration(0)
	k := newTimekeeper(func() time.Time { return wall }, func() time.Duration { return elapsed }, time.Time{})
	k.sleeps = maxSleep
	wall, elapsed = wall.Add(9*testDay), time.Minute
	if k.off() != 0 || !k.now().Equal(wall) {
		t.Errorf("nine days of sleep: off by %s", k.off())
	}
	right := wall
	wall = wall.Add(365 * testDay)
	if k.off() == 0 || !k.now().Equal(right) {
		t.Errorf("a year: off by %s", k.off())
	}
	wall = right.Add(-testDay)
	if k.off() == 0 {
		t.Error("a day back was believed")
	}
}

// counted is a vault that counts what is written.
type counted struct {
	*memVault
	writes atomic.Int32
}

func (v *counted) SetMeta(ctx context.Context, key, value string) error {
	v.writes.Add(1)
	return v.memVault.SetMeta(ctx, key, value)
}

// An idle day: the agent wakes by the hour, writes next to nothing, and yet
// after kill -9 it is known within hours when it last ran.
func TestIdleDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &counted{memVault: one(t, time.Now(), 60*testDay)}
		var looks atomic.Int32
		cfg := config(v.memVault, fine{}, &listener{})
		cfg.Vault = v
		cfg.Now = func() time.Time { looks.Add(1); return time.Now() }
		_, stop := running(t, cfg)
		defer stop()
		time.Sleep(time.Hour)
		looks.Store(0)
		time.Sleep(testDay)
		synctest.Wait()
		last, _ := v.GetMeta(t.Context(), metaLastSeen)
		at, err := time.Parse(time.RFC3339, last)
		if err != nil || time.Since(at) > 7*time.Hour {
			t.Errorf("last seen %q", last)
		}
		if n := v.writes.Load(); n > 6 {
			t.Errorf("%d writes", n)
		}
		if n := looks.Load(); n > 300 {
			t.Errorf("the clock was read %d times", n)
		}
	})
}

// A wake while a platform hangs does not make the loop run hot.
func TestWakeWhileAskingIsNoBusyLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &answers{}
		rt.set(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		var looks atomic.Int32
		wake := make(chan struct{}, 1)
		cfg := config(one(t, time.Now().Add(-2*testDay), 60*testDay), rt, &listener{})
		cfg.Now = func() time.Time { looks.Add(1); return time.Now() }
		cfg.Wake = wake
		_, stop := running(t, cfg)
		defer stop()
		time.Sleep(time.Minute)
		looks.Store(0)
		for range 40 {
			wake <- struct{}{}
			time.Sleep(15 * time.Second)
		}
		if n := looks.Load(); n > 2000 {
			t.Errorf("the clock was read %d times in 40 wakes", n)
		}
	})
}

// Thousands of accounts whose turn has come do not ask all at once.
func TestManyAccountsAskOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 4000
		v, now := newMemVault(), time.Now()
		for i := range n {
			id := fmt.Sprintf("acc%04d", i)
			acc := platform.Account{ID: id, Platform: "linkedin", ProviderID: id, Alias: id, Created: now, LastUsed: now}
			g := platform.Grant{Account: id, Generation: 1, Issued: now.Add(-9 * testDay), Tokens: platform.Tokens{Access: platform.NewSecret("t")}, Clocks: []platform.Clock{
				{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: now, At: now.Add(60 * testDay)},
			}}
			if err := v.Create(t.Context(), acc, g); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		perMinute := map[int]int{}
		cfg := config(v, rtFunc(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			perMinute[int(time.Since(now)/time.Minute)]++
			mu.Unlock()
			return fine{}.RoundTrip(r)
		}), &listener{})
		cfg.Rand = rand.New(rand.NewPCG(3, 3))
		_, stop := running(t, cfg)
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		total := 0
		for minute, k := range perMinute {
			total += k
			if k > 250 {
				t.Errorf("%d requests in minute %d", k, minute)
			}
		}
		if total < n {
			t.Errorf("%d of %d were asked", total, n)
		}
	})
}

// What ended by the time the agent ends is in the history.
func TestHistoryIsWrittenToTheEnd(t *testing.T) {
	v := one(t, time.Now(), 60*testDay)
	a, stop := running(t, config(v, fine{}, &listener{}))
	a.task(func(ctx context.Context) {
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond)
		a.journal.add(Event{Kind: "test", Text: "the last word"})
	})
	stop()
	events, _ := v.Events(t.Context(), "", 10)
	if len(events) == 0 || !strings.Contains(events[0].Text, "the last word") {
		t.Errorf("events %+v", events)
	}
}
