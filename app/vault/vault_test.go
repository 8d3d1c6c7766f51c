package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

func TestAccountAndGrantComeBackWhole(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	a, g := testAccount(1), testGrant("account001", 1)
	check(t, v.Create(ctx, a, g))
	bare := platform.Account{ID: "bare", Platform: "mastodon", Server: "https://a.example", Alias: "bare"}
	check(t, v.Create(ctx, bare, platform.Grant{}))
	check(t, v.Close())
	v = mustOpen(t, cfg)

	for _, want := range []platform.Account{a, bare} {
		if got, err := v.Account(ctx, want.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got account %+v (%v), want %+v", got, err, want)
		}
	}
	if got, err := v.Grant(ctx, a.ID); err != nil || !reflect.DeepEqual(got, g) {
		t.Errorf("got grant %+v (%v), want %+v", got, err, g)
	}
	if got, err := v.Grant(ctx, bare.ID); err != nil || got.Generation != 0 || got.Account != bare.ID {
		t.Errorf("got grant %+v (%v), want none", got, err)
	}
	accounts, grants, err := v.Load(ctx)
	check(t, err)
	listed := g
	listed.Tokens = platform.Tokens{}
	if want := []platform.Account{a, bare}; !reflect.DeepEqual(accounts, want) {
		t.Errorf("got accounts %+v, want %+v", accounts, want)
	}
	if want := map[string]platform.Grant{a.ID: listed}; !reflect.DeepEqual(grants, want) {
		t.Errorf("got grants %+v, want %+v", grants, want)
	}
	_, err = v.Account(ctx, "nobody")
	wantKind(t, err, platform.KindNotFound)
	_, err = v.Grant(ctx, "nobody")
	wantKind(t, err, platform.KindNotFound)
}

func TestUniqueNames(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	one, two := testAccount(1), testAccount(2)
	check(t, v.Create(ctx, one, testGrant(one.ID, 1)))
	check(t, v.Create(ctx, two, testGrant(two.ID, 1)))
	tests := map[string]platform.Account{
		"same alias":    {ID: "x", Platform: "facebook", Alias: one.Alias},
		"same identity": {ID: "x", Platform: "facebook", Alias: "new", ProviderID: one.ProviderID},
		"same id":       {ID: one.ID, Platform: "linkedin", Alias: "new"},
	}
	for name, a := range tests {
		err := v.Create(ctx, a, platform.Grant{})
		if err == nil {
			t.Errorf("%s: stored", name)
		}
		if name != "same id" {
			wantKind(t, err, platform.KindUsage)
		}
	}
	renamed := two
	renamed.Alias = one.Alias
	wantKind(t, v.UpdateAccount(ctx, renamed), platform.KindUsage)
	// The same alias or id elsewhere, and several without a provider's id, are fine.
	check(t, v.Create(ctx, platform.Account{ID: "l", Platform: "linkedin", Alias: one.Alias, ProviderID: one.ProviderID}, platform.Grant{}))
	check(t, v.Create(ctx, platform.Account{ID: "u1", Platform: "facebook", Alias: "u1"}, platform.Grant{}))
	check(t, v.Create(ctx, platform.Account{ID: "u2", Platform: "facebook", Alias: "u2"}, platform.Grant{}))
	wantKind(t, v.UpdateAccount(ctx, platform.Account{ID: "nobody", Platform: "x", Alias: "y"}), platform.KindNotFound)
	// A first grant that cannot be stored leaves no account behind.
	bad := testGrant("bad", 1)
	bad.Tokens.Access = platform.Secret{}
	wantKind(t, v.Create(ctx, platform.Account{ID: "bad", Platform: "facebook", Alias: "bad"}, bad), platform.KindUsage)
	_, err := v.Account(ctx, "bad")
	wantKind(t, err, platform.KindNotFound)
}

func TestSaveGenerations(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	a := testAccount(1)
	check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	for _, generation := range []int{0, 1, 3} {
		err := v.Save(ctx, testGrant(a.ID, generation))
		if !errors.Is(err, ErrConflict) {
			t.Errorf("save generation %d after 1: got %v, want a conflict", generation, err)
		}
	}
	empty := testGrant(a.ID, 2)
	empty.Tokens.Access = platform.Secret{}
	wantKind(t, v.Save(ctx, empty), platform.KindUsage)
	wantKind(t, v.Save(ctx, testGrant("nobody", 1)), platform.KindNotFound)

	check(t, v.Fault(ctx, a.ID, 1, platform.Fault{Code: "invalid_grant", Count: 1, First: testTime, Last: testTime}))
	g2 := testGrant(a.ID, 2)
	g2.Tokens.Refresh = platform.Secret{} // the answer brought none: the old one stays
	check(t, v.Save(ctx, g2))
	got, err := v.Grant(ctx, a.ID)
	check(t, err)
	if want := testGrant(a.ID, 1).Tokens.Refresh; got.Tokens.Refresh != want || !got.Refreshable {
		t.Errorf("the refresh token did not stay")
	}
	if got.Fault != (platform.Fault{}) {
		t.Errorf("got fault %+v in a new generation", got.Fault)
	}
	if n := rowsOf(t, v, a.ID); n != 2 {
		t.Errorf("%d generations are kept before the new one has worked, want 2", n)
	}
	check(t, v.Save(ctx, testGrant(a.ID, 3)))
	if n := rowsOf(t, v, a.ID); n != 2 {
		t.Errorf("%d generations are kept, want 2", n)
	}
	// An overtaken generation is left alone.
	check(t, v.Confirm(ctx, a.ID, 2, testTime, nil, nil))
	check(t, v.Fault(ctx, a.ID, 2, platform.Fault{Code: "x", Count: 1}))
	if got, _ := v.Grant(ctx, a.ID); !got.Verified.IsZero() || got.Fault.Count != 0 {
		t.Errorf("an overtaken generation changed the newest: %+v", got)
	}
	none := testGrant(a.ID, 4)
	none.Tokens.Refresh, none.Refreshable = platform.Secret{}, false
	check(t, v.Save(ctx, none))
	if got, _ := v.Grant(ctx, a.ID); got.Refreshable || !got.Tokens.Refresh.IsZero() {
		t.Error("a grant without refresh token got one")
	}
}

func rowsOf(t *testing.T, v *Vault, account string) (n int) {
	t.Helper()
	check(t, v.read.QueryRow("SELECT count(*) FROM grants WHERE account = ?", account).Scan(&n))
	return n
}

func TestConfirmAndFault(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	a := testAccount(1)
	check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	check(t, v.Save(ctx, testGrant(a.ID, 2)))
	f := platform.Fault{Code: "190/460", First: testTime, Last: testTime.Add(time.Minute), Count: 2, AccessRejected: true, Definite: true}
	check(t, v.Fault(ctx, a.ID, 2, f))
	if got, err := v.Grant(ctx, a.ID); err != nil || got.Fault != f {
		t.Errorf("got fault %+v (%v), want %+v", got.Fault, err, f)
	}
	at := testTime.Add(5 * time.Hour)
	clock := platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceIntrospected, At: at.Add(time.Hour), Since: at}
	check(t, v.Confirm(ctx, a.ID, 2, at, []platform.Clock{clock}, []string{"one"}))
	got, err := v.Grant(ctx, a.ID)
	check(t, err)
	want := testGrant(a.ID, 2)
	want.Clocks = want.WithClocks([]platform.Clock{clock})
	want.Verified, want.Scopes = at, []string{"one"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := rowsOf(t, v, a.ID); n != 1 {
		t.Errorf("%d generations are kept after the newest has worked, want 1", n)
	}
	check(t, v.Confirm(ctx, a.ID, 2, at, nil, []string{})) // none granted is not "did not say"
	if got, _ := v.Grant(ctx, a.ID); got.Scopes == nil || len(got.Scopes) != 0 {
		t.Errorf("got scopes %#v, want an empty list", got.Scopes)
	}
	wantKind(t, v.Confirm(ctx, "nobody", 1, at, nil, nil), platform.KindNotFound)
	wantKind(t, v.Fault(ctx, "nobody", 1, f), platform.KindNotFound)
}

func TestSaveAllIsAllOrNothing(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	var changes []agent.Change
	for i := range 3 {
		a := testAccount(i)
		check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
		a.Name = "healed"
		changes = append(changes, agent.Change{Account: a, Grant: testGrant(a.ID, 2)})
	}
	changes[2].Grant.Generation = 7
	if err := v.SaveAll(ctx, changes); !errors.Is(err, ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	for i := range 3 {
		a, g := accountAndGrant(t, v, testAccount(i).ID)
		if a.Name == "healed" || g.Generation != 1 {
			t.Errorf("account %d was changed: %q, generation %d", i, a.Name, g.Generation)
		}
	}
	changes[2].Grant.Generation = 2
	check(t, v.SaveAll(ctx, changes))
	for i := range 3 {
		a, g := accountAndGrant(t, v, testAccount(i).ID)
		if a.Name != "healed" || g.Generation != 2 {
			t.Errorf("account %d was not changed: %q, generation %d", i, a.Name, g.Generation)
		}
	}
}

func accountAndGrant(t *testing.T, v *Vault, id string) (platform.Account, platform.Grant) {
	t.Helper()
	a, err := v.Account(t.Context(), id)
	check(t, err)
	g, err := v.Grant(t.Context(), id)
	check(t, err)
	return a, g
}

func TestForgetLeavesOnlyHistory(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	a := testAccount(1)
	check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	check(t, v.Save(ctx, testGrant(a.ID, 2)))
	check(t, v.SaveEntries(ctx, []notifier.Entry{{Key: notifier.Key{Account: a.ID, Generation: 2, Step: "24h0m0s"}, At: testTime}}))
	check(t, v.AddEvents(ctx, agent.Event{At: testTime, Account: a.ID, Ref: a.Ref(), Kind: "connected", Text: "Shop 1 was connected"}))
	check(t, v.Used(ctx, a.ID, testTime.Add(48*time.Hour)))
	if got, _ := v.Account(ctx, a.ID); !got.LastUsed.Equal(testTime.Add(48 * time.Hour)) {
		t.Errorf("got last use %v", got.LastUsed)
	}
	check(t, v.Forget(ctx, a.ID))
	for table, want := range map[string]int{"accounts": 0, "grants": 0, "ledger": 0, "events": 1} {
		var n int
		check(t, v.read.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		if n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	wantKind(t, v.Forget(ctx, a.ID), platform.KindNotFound)
	wantKind(t, v.Used(ctx, a.ID, testTime), platform.KindNotFound)
}

func TestApps(t *testing.T) {
	cfg, k := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	withSecret := platform.App{Platform: "facebook", ID: "id1", Secret: platform.NewSecret("app-secret-plain"), Redirect: "http://localhost:17653/callback"}
	self := platform.App{Platform: "mastodon", Server: "https://a.example", ID: "id2", Scopes: []string{"read"}, Self: true}
	check(t, v.SetApp(ctx, withSecret))
	check(t, v.SetApp(ctx, self))
	for _, want := range []platform.App{withSecret, self} {
		if got, err := v.App(ctx, want.Platform, want.Server); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
	listed := withSecret
	listed.Secret = platform.Secret{}
	if got, err := v.Apps(ctx); err != nil || !reflect.DeepEqual(got, []platform.App{listed, self}) {
		t.Errorf("got %+v (%v)", got, err)
	}
	_, err := v.App(ctx, "linkedin", "")
	wantKind(t, err, platform.KindNotFound)

	check(t, v.Close())
	k.set(func(k *fakeKeyring) { k.fault = errKeyringLocked })
	v = mustOpen(t, cfg)
	_, err = v.App(ctx, "facebook", "")
	wantKind(t, err, platform.KindLocked)
	if got, err := v.App(ctx, self.Platform, self.Server); err != nil || got.ID != self.ID {
		t.Errorf("an app without secret cannot be read while locked: %v", err)
	}
	wantKind(t, v.SetApp(ctx, withSecret), platform.KindLocked)
	check(t, v.DeleteApp(ctx, "facebook", ""))
	wantKind(t, v.DeleteApp(ctx, "facebook", ""), platform.KindNotFound)
}

func TestHistory(t *testing.T) {
	cfg, _ := testConfig(t)
	now := testTime
	cfg.Now = func() time.Time { return now }
	v := mustOpen(t, cfg)
	ctx := t.Context()
	var events []agent.Event
	for i := range 300 {
		events = append(events, agent.Event{At: now.Add(time.Duration(i-300) * 24 * time.Hour), Account: fmt.Sprint("a", i%2), Kind: "verified", Text: fmt.Sprint("line ", i)})
	}
	check(t, v.AddEvents(ctx, events...))
	got, err := v.Events(ctx, "", 2)
	check(t, err)
	if len(got) != 2 || got[0] != events[299] || got[1] != events[298] {
		t.Errorf("got %+v, want the last two lines", got)
	}
	got, err = v.Events(ctx, "a0", 1)
	check(t, err)
	if len(got) != 1 || got[0] != events[298] {
		t.Errorf("got %+v, want a0's last line", got)
	}
	// A clock set a year ahead or back costs nothing that is recent.
	for _, shift := range []time.Duration{365 * 24 * time.Hour, 0} {
		check(t, v.Close())
		now = testTime.Add(shift)
		v = mustOpen(t, cfg)
		got, err := v.Events(ctx, "", 0)
		check(t, err)
		if len(got) < 100 || len(got) > 200 || got[0] != events[299] {
			t.Errorf("shift %v: %d lines are left", shift, len(got))
		}
	}
	check(t, inTxEvents(v, keepLines+500))
	check(t, v.Close())
	v = mustOpen(t, cfg)
	var n int
	check(t, v.read.QueryRow("SELECT count(*) FROM events").Scan(&n))
	if n != keepLines {
		t.Errorf("%d lines are kept, want %d", n, keepLines)
	}
}

func inTxEvents(v *Vault, n int) error {
	events := make([]agent.Event, n)
	for i := range events {
		events[i] = agent.Event{At: testTime, Kind: "token", Text: "x"}
	}
	return v.AddEvents(context.Background(), events...)
}

func TestLedger(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	a := testAccount(1)
	check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	key := notifier.Key{Account: a.ID, Generation: 1, Step: "168h0m0s"}
	first := notifier.Entry{Key: key, At: testTime, Deadline: testTime.Add(7 * 24 * time.Hour)}
	gone := notifier.Entry{Key: notifier.Key{Account: "gone", Generation: 1, Step: "expired"}, At: testTime}
	check(t, v.SaveEntries(ctx, []notifier.Entry{first, gone, first}))
	again := first
	again.At, again.Collapsed = testTime.Add(time.Minute), true
	check(t, v.SaveEntries(ctx, []notifier.Entry{again}))
	want := map[string][]notifier.Entry{a.ID: {again}}
	if got, err := v.Said(ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	check(t, v.Save(ctx, testGrant(a.ID, 2)))
	if got, err := v.Said(ctx); err != nil || len(got) != 0 {
		t.Errorf("got %+v (%v) for a new generation, want nothing", got, err)
	}
}

func TestMeta(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	if got, err := v.GetMeta(t.Context(), "last_seen"); err != nil || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
	check(t, v.SetMeta(t.Context(), "last_seen", "a"))
	check(t, v.SetMeta(t.Context(), "last_seen", "b"))
	if got, err := v.GetMeta(t.Context(), "last_seen"); err != nil || got != "b" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestPermissionsAreRepaired(t *testing.T) {
	if !checksModes {
		t.Skip("needs permission bits")
	}
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	checkModes(t, cfg.Dir)
	check(t, v.Close())
	check(t, os.Chmod(cfg.Dir, 0o755))
	check(t, os.Chmod(cfg.path(fileName), 0o644))
	v = mustOpen(t, cfg)
	check(t, v.SetMeta(t.Context(), "a", "b"))
	checkModes(t, cfg.Dir)
}

func checkModes(t *testing.T, dir string) {
	t.Helper()
	check(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	}))
}

func TestLockKeepsOthersOut(t *testing.T) {
	cfg, _ := testConfig(t)
	one, two := mustOpen(t, cfg), mustOpen(t, cfg)
	unlock, err := one.Lock(t.Context(), "a")
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := two.Lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v for a lock that is taken", err)
	}
	other, err := two.Lock(t.Context(), "b")
	check(t, err)
	other()
	unlock()
	again, err := two.Lock(t.Context(), "a")
	check(t, err)
	again()
	_, err = one.Lock(t.Context(), "../a")
	wantKind(t, err, platform.KindNotFound)
}

// TestTwoVaultsOnOneFile: only one of several that save the same generation wins.
func TestTwoVaultsOnOneFile(t *testing.T) {
	cfg, _ := testConfig(t)
	vaults := []*Vault{mustOpen(t, cfg), mustOpen(t, cfg), mustOpen(t, cfg)}
	ctx := t.Context()
	a := testAccount(1)
	check(t, vaults[0].Create(ctx, a, testGrant(a.ID, 1)))
	for generation := 2; generation < 12; generation++ {
		var wg sync.WaitGroup
		errs := make([]error, len(vaults))
		for i, v := range vaults {
			wg.Go(func() { errs[i] = v.Save(ctx, testGrant(a.ID, generation)) })
		}
		wg.Wait()
		saved := 0
		for _, err := range errs {
			switch {
			case err == nil:
				saved++
			case !errors.Is(err, ErrConflict):
				t.Errorf("generation %d: %v", generation, err)
			}
		}
		if saved != 1 {
			t.Errorf("generation %d was saved %d times", generation, saved)
		}
		for _, v := range vaults {
			if g, err := v.Grant(ctx, a.ID); err != nil || g.Generation != generation {
				t.Errorf("got generation %d (%v), want %d", g.Generation, err, generation)
			}
		}
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 10 || seen[id] {
			t.Fatalf("got id %q", id)
		}
		seen[id] = true
	}
}

func TestNotices(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	line := func(at time.Time, channel, note string, became agent.Outcome, accounts ...string) agent.NoticeWrite {
		return agent.NoticeWrite{Notice: agent.Notice{At: at, Channel: channel, Note: note, Accounts: accounts, Title: "t " + note, Body: "b", Became: became, BecameAt: at}}
	}
	mark := func(at time.Time, channel, note string, became agent.Outcome, reason string) agent.NoticeWrite {
		return agent.NoticeWrite{Mark: true, Notice: agent.Notice{Channel: channel, Note: note, Became: became, BecameAt: at, Reason: reason}}
	}
	check(t, v.WriteNotices(ctx,
		line(now, "desktop", "account/a", agent.OutcomeShown, "a"),
		line(now, "mail", "account/a", agent.OutcomeQueued, "a"),
		line(now.Add(time.Minute), "desktop", "account/a", agent.OutcomeShown, "a"),
		line(now.Add(time.Hour), "desktop", "summary", agent.OutcomeShown, "a", "b"),
		mark(now.Add(2*time.Minute), "desktop", "account/a", agent.OutcomeClicked, ""),
		mark(now.Add(3*time.Minute), "desktop", "account/a", agent.OutcomeWithdrawn, ""), // the person came first
		mark(now.Add(4*time.Minute), "mail", "account/a", agent.OutcomeFailed, "refused; look"),
		mark(now, "desktop", "account/nobody", agent.OutcomeClicked, ""),
	))
	all, err := v.Notices(ctx, "", time.Time{}, 0)
	check(t, err)
	var got []string
	for _, n := range all {
		got = append(got, fmt.Sprint(n.Channel, " ", n.Note, " ", n.Accounts, " ", n.Became, " ", n.BecameAt.Sub(now), " ", n.Reason))
	}
	want := []string{
		"desktop summary [a b] shown 1h0m0s ", "desktop account/a [a] clicked 2m0s ", "mail account/a [a] failed 4m0s refused; look", "desktop account/a [a] shown 0s ",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if some, err := v.Notices(ctx, "b", time.Time{}, 0); err != nil || len(some) != 1 || some[0].Note != "summary" {
		t.Errorf("of b: %+v, %v", some, err)
	}
	if some, err := v.Notices(ctx, "a", now.Add(time.Second), 1); err != nil || len(some) != 1 || some[0].Note != "summary" {
		t.Errorf("lately, one: %+v, %v", some, err)
	}
}

func TestTakers(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	took := func(ago time.Duration, account, who string) agent.Event {
		return agent.Event{At: now.Add(-ago), Account: account, Kind: "token", Text: who + agent.TookToken}
	}
	check(t, v.AddEvents(ctx, took(2*time.Hour, "a", "cron"), took(time.Hour, "a", "cron"), took(time.Hour, "a", "curl"), took(90*24*time.Hour, "b", "cron"),
		agent.Event{At: now, Account: "a", Kind: "verified", Text: "somebody" + agent.TookToken}))
	got, err := v.Takers(ctx, now.Add(-24*time.Hour))
	if want := map[string]map[string]time.Time{"a": {"cron": now.Add(-time.Hour), "curl": now.Add(-time.Hour)}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// Accounts of one sign-in that share a refresh token are saved together, and
// found by whose they are.
func TestSiblings(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	owners := []string{"o1", "o1", "o2", ""}
	for i, owner := range owners {
		a := testAccount(i)
		a.Platform, a.Server, a.OwnerID = "tumblr", "", owner
		check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	}
	got, err := v.Siblings(ctx, testAccount(0).ID)
	check(t, err)
	if len(got) != 1 || got[0].Account != testAccount(1).ID || got[0].Tokens.Refresh.IsZero() {
		t.Errorf("siblings: got %d of them", len(got))
	}
	for _, alone := range []int{2, 3} {
		if got, err := v.Siblings(ctx, testAccount(alone).ID); err != nil || len(got) != 0 {
			t.Errorf("account %d: got %d siblings, %v", alone, len(got), err)
		}
	}
	late := testGrant(testAccount(1).ID, 7)
	if err := v.Save(ctx, testGrant(testAccount(0).ID, 2), late); !errors.Is(err, ErrConflict) {
		t.Errorf("one of two is too late: %v", err)
	}
	if _, g := accountAndGrant(t, v, testAccount(0).ID); g.Generation != 1 {
		t.Errorf("half of it was saved: generation %d", g.Generation)
	}
	late.Generation = 2
	check(t, v.Save(ctx, testGrant(testAccount(0).ID, 2), late))
}

// A token that another program keeps is not in the vault, nor one from before.
func TestKeptElsewhere(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	a := testAccount(1)
	check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	a.Keeper = platform.Keeper{Kind: platform.KeeperEnv, Path: "/home/me/.env", Key: "TOKEN", Seen: "0123456789abcdef"}
	g := testGrant(a.ID, 2)
	g.Tokens = platform.Tokens{}
	check(t, v.SaveAll(ctx, []agent.Change{{Account: a, Grant: g}}))
	check(t, v.Confirm(ctx, a.ID, 2, testTime, nil, nil))
	got, stored := accountAndGrant(t, v, a.ID)
	if got.Keeper != a.Keeper {
		t.Errorf("keeper: got %+v", got.Keeper)
	}
	if stored.Tokens != (platform.Tokens{}) || stored.Generation != 2 {
		t.Errorf("a token is in the vault: generation %d", stored.Generation)
	}
	all, _, err := v.Load(ctx)
	check(t, err)
	if all[0].Keeper != a.Keeper {
		t.Errorf("listed: got %+v", all[0].Keeper)
	}
	a.Keeper = platform.Keeper{}
	check(t, v.UpdateAccount(ctx, a))
	wantKind(t, v.Save(ctx, func() platform.Grant { g.Generation = 3; return g }()), platform.KindUsage)
}
