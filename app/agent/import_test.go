package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/app/keeper"
	"relink/notifier"
	"relink/platform"
	"relink/platform/sandbox"
)

// linkedinToken signs somebody in at the practice network and gives the token,
// leaving no account behind.
func (d *desk) linkedinToken(t *testing.T, person string) string {
	t.Helper()
	d.person(&sandbox.Choice{Person: person})
	id := d.connect(t, "linkedin").Accounts[0]
	g, err := d.vault.Grant(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Forget(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	return g.Tokens.Access.Reveal()
}

// eventually waits for something the agent does by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// Nothing to import where the person said is no platform out of reach: a script must not wait for that to pass.
func TestImportOfAnEmptyPlace(t *testing.T) {
	d := newDesk(t)
	d.stop()
	a, _ := running(t, Config{Vault: d.vault, Settings: d.cfg.Settings, Net: d.cfg.Net, Keepers: func(changed func(string)) Keepers { return keeper.New(nil, changed) }})
	path := filepath.Join(t.TempDir(), "poster.env")
	for name, text := range map[string]string{"is not there": "", "is empty": "\n", "there is no LINKEDIN": "OTHER=x\n", "there is no token": "LINKEDIN=\n"} {
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := a.Import(t.Context(), ImportRequest{Platform: "linkedin", Keeper: "env:" + path + "#LINKEDIN"})
		if e := platform.As(err, ""); err == nil || e.Kind != platform.KindConfig || !strings.Contains(e.Message, name) || e.Repair == "" {
			t.Errorf("%s: got %v (%s)", name, err, platform.KindOf(err))
		}
		_ = os.Remove(path)
	}
	if n := a.snap.Load().Len(); n != 0 {
		t.Errorf("%d accounts were made", n)
	}
}

// A token that another program keeps is read where it is: never copied, seen
// when it is replaced, and not taken for somebody else's.
func TestWatchedToken(t *testing.T) {
	d := newDesk(t)
	first, second, other := d.linkedinToken(t, ""), d.linkedinToken(t, ""), d.linkedinToken(t, "Other Person")
	path := filepath.Join(t.TempDir(), "poster.env")
	put := func(token string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("LINKEDIN="+token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(first)
	d.stop()
	a, stop := running(t, Config{
		Vault: d.vault, Settings: d.cfg.Settings, Net: d.cfg.Net, Sender: func(func(Activation), func(string, uint32)) notifier.Sender { return d.ears },
		Keepers: func(changed func(string)) Keepers { return keeper.New(nil, changed) },
	})
	row, err := a.Import(t.Context(), ImportRequest{Platform: "linkedin", Keeper: "env:" + path + "#LINKEDIN"})
	if err != nil {
		t.Fatal(err)
	}
	id := row.Account.ID
	if c := row.Grant.Clock(platform.ClockAccess); c.Source != platform.SourceIntrospected || !c.Ends() {
		t.Errorf("its end is not known: %+v", row.Grant.Clocks)
	}
	stored := func() platform.Grant {
		g, err := d.vault.Grant(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if g := stored(); !g.Tokens.Access.IsZero() || g.Generation != 1 {
		t.Errorf("the token was copied, or generation %d", g.Generation)
	}
	gives := func(a *Agent, want string) {
		t.Helper()
		if got, err := a.Token(t.Context(), TokenRequest{Account: id}); err != nil || got.AccessToken != want {
			t.Errorf("token: right %v, error %v", got.AccessToken == want, err)
		}
	}
	gives(a, first)
	put(second)
	eventually(t, "the new token is seen", func() bool { return stored().Generation == 2 })
	gives(a, second)

	put(other)
	eventually(t, "somebody else's token is told of", func() bool {
		return strings.Contains(strings.Join(a.snap.Load().Warnings, "\n"), "Other Person")
	})
	if g := stored(); g.Generation != 2 || strings.Contains(fmt.Sprint(a.snap.Load().Warnings), other) {
		t.Errorf("generation %d, warnings %q", g.Generation, a.snap.Load().Warnings)
	}
	if got, err := a.Token(t.Context(), TokenRequest{Account: id}); platform.KindOf(err) != platform.KindRetry || got.AccessToken != "" {
		t.Errorf("somebody else's token is given out as this account's: %v", err)
	}
	put(second)
	eventually(t, "the warning goes", func() bool { return !strings.Contains(fmt.Sprint(a.snap.Load().Warnings), "Other Person") })

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Token(t.Context(), TokenRequest{Account: id}); platform.KindOf(err) != platform.KindRetry || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("without the file: %v", err)
	}
	if results, err := a.Check(t.Context(), id); err != nil || results[0].State != platform.StateConnected || results[0].Error == nil {
		t.Errorf("a file that is gone says nothing about the token: %+v, %v", results, err)
	}
	put(first)
	eventually(t, "the file is back", func() bool { return stored().Generation == 3 })
	gives(a, first)
	stop()

	// Replaced while no agent ran.
	put(second)
	a, _ = running(t, Config{
		Vault: d.vault, Settings: d.cfg.Settings, Net: d.cfg.Net,
		Keepers: func(changed func(string)) Keepers { return keeper.New(nil, changed) },
	})
	eventually(t, "the token of meanwhile is seen", func() bool { return stored().Generation == 4 })
	gives(a, second)
}

// An account that was forgotten while its watched token was looked at does not come back.
func TestWatchedTokenOfAForgottenAccount(t *testing.T) {
	d := newDesk(t)
	acc := platform.Account{ID: "gone", Platform: "linkedin", ProviderID: "1", Keeper: platform.Keeper{Kind: platform.KeeperEnv, Path: "/x", Key: "T"}}
	if err := d.storeReplaced(t.Context(), acc, acc.Keeper, platform.Identity{ProviderID: "1"}, time.Now()); platform.KindOf(err) != platform.KindNotFound {
		t.Errorf("a forgotten account: %v", err)
	}
	id := d.connect(t, "linkedin").Accounts[0]
	acc, err := d.vault.Account(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	watched := acc
	watched.Keeper = platform.Keeper{Kind: platform.KeeperEnv, Path: "/x", Key: "T"}
	if err := d.storeReplaced(t.Context(), watched, watched.Keeper, platform.Identity{ProviderID: acc.ProviderID}, time.Now()); platform.KindOf(err) != platform.KindRetry {
		t.Errorf("a sign-in of meanwhile was replaced by the watched token: %v", err)
	}
}

func TestImportRefreshTokenAlone(t *testing.T) {
	d := newDesk(t)
	f, err := d.Connect(t.Context(), ConnectRequest{Platform: "oidc", Server: "https://issuer.example", ClientID: "practice-public"})
	if err != nil {
		t.Fatal(err)
	}
	if f = d.until(t, f.ID, PhaseDone); f.Phase != PhaseDone {
		t.Fatal(f.Error)
	}
	g, err := d.vault.Grant(t.Context(), f.Accounts[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Forget(t.Context(), f.Accounts[0], false); err != nil {
		t.Fatal(err)
	}
	// The answer to the first try is lost on its way to the account's name: the
	// refresh token has rotated, and the second try must not use it again.
	d.net.SetFault(sandbox.Fault{Platform: "oidc", Path: "/userinfo", Kind: sandbox.FaultStatus, Times: 1})
	r := ImportRequest{Platform: "oidc", Server: "https://issuer.example", ClientID: "practice-public", Refresh: g.Tokens.Refresh.Reveal()}
	if _, err := d.Import(t.Context(), r); platform.KindOf(err) != platform.KindRetry {
		t.Fatalf("got %v", err)
	}
	row, err := d.Import(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !row.Grant.Refreshable || row.Status.State != platform.StateConnected {
		t.Errorf("got %+v", row.Status)
	}
	if _, err := d.Token(t.Context(), TokenRequest{Account: row.Account.ID, MinValid: time.Hour}); err != nil {
		t.Errorf("renewal of what was imported: %v", err)
	}
}

func TestImportAsksWhich(t *testing.T) {
	ids := []platform.Identity{{ProviderID: "1", Name: "Acme"}, {ProviderID: "2", Handle: "@bob"}}
	p, _ := platform.Lookup("linkedin")
	if _, err := picked(p, ids, ""); platform.KindOf(err) != platform.KindUsage || !strings.Contains(err.Error(), "Acme and @bob") {
		t.Errorf("got %v", err)
	}
	if id, err := picked(p, ids, "@BOB"); err != nil || id.ProviderID != "2" {
		t.Errorf("got %v, %v", id, err)
	}
	if _, err := picked(p, ids, "eve"); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("got %v", err)
	}
	if _, err := picked(p, nil, ""); platform.KindOf(err) != platform.KindConfig {
		t.Errorf("got %v", err)
	}
}

// unseen keeps one token and never says that it was changed, as a keyring does.
type unseen struct {
	mu    sync.Mutex
	token string
}

func (u *unseen) put(token string) { u.mu.Lock(); u.token = token; u.mu.Unlock() }

func (u *unseen) Read(context.Context, platform.Keeper) (platform.Kept, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return platform.Kept{Access: platform.NewSecret(u.token)}, nil
}

func (u *unseen) Watch([]platform.Keeper) error { return nil }

func (u *unseen) Close() error { return nil }

// Where nothing says that a watched token was replaced, asking for it finds
// out, also when the old one has ended; and however often it is asked for, the
// platform is asked once about a token that is not the account's.
func TestWatchedTokenReplacedUnseen(t *testing.T) {
	d := newDesk(t)
	first, second, other := d.linkedinToken(t, ""), d.linkedinToken(t, ""), d.linkedinToken(t, "Other Person")
	d.stop()
	kept := &unseen{token: first}
	a, _ := running(t, Config{Vault: d.vault, Settings: d.cfg.Settings, Net: d.cfg.Net, Keepers: func(func(string)) Keepers { return kept }})
	row, err := a.Import(t.Context(), ImportRequest{Platform: "linkedin", Keeper: "keyring:poster/acme"})
	if err != nil {
		t.Fatal(err)
	}
	id := row.Account.ID
	past := time.Now().Add(-time.Hour)
	ended := []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceIntrospected, At: past, Since: past.Add(-60 * 24 * time.Hour)}}
	if err := d.vault.Confirm(t.Context(), id, 1, past, ended, nil); err != nil {
		t.Fatal(err)
	}
	a.reload(t.Context(), id)
	if err := a.settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func() (string, error) {
		got, err := a.Token(t.Context(), TokenRequest{Account: id})
		return got.AccessToken, err
	}
	if _, err := ask(); platform.KindOf(err) != platform.KindReconnect {
		t.Fatalf("it has not ended: %v", err)
	}
	kept.put(second)
	if got, err := ask(); err != nil || got != second {
		t.Errorf("after it was replaced: right %v, error %v", got == second, err)
	}
	before := d.net.Requests()
	kept.put(other)
	var together sync.WaitGroup
	for range 20 {
		together.Go(func() {
			if got, err := ask(); platform.KindOf(err) != platform.KindRetry || got != "" || !strings.Contains(err.Error(), "Other Person") {
				t.Errorf("somebody else's: %v", err)
			}
		})
	}
	together.Wait()
	if _, err := ask(); err == nil {
		t.Error("somebody else's is given out")
	}
	if n := d.net.Requests() - before; n > 2 { // whose it is, and when it ends
		t.Errorf("the platform was asked %d times about one token", n)
	}
	kept.put(second)
	if got, err := ask(); err != nil || got != second {
		t.Errorf("once it is right again: right %v, error %v", got == second, err)
	}
}

// What comes while the platform is not well is looked at again by itself, later each time.
func TestWatchedTokenReplacedInAnOutage(t *testing.T) {
	d := newDesk(t)
	first, second := d.linkedinToken(t, ""), d.linkedinToken(t, "")
	d.stop()
	kept := &unseen{token: first}
	a, _ := running(t, Config{Vault: d.vault, Settings: d.cfg.Settings, Net: d.cfg.Net, Keepers: func(func(string)) Keepers { return kept }})
	row, err := a.Import(t.Context(), ImportRequest{Platform: "linkedin", Keeper: "keyring:poster/acme"})
	if err != nil {
		t.Fatal(err)
	}
	kept.put(second)
	d.net.SetFault(sandbox.Fault{Platform: "linkedin", Kind: sandbox.FaultStatus})
	before := d.net.Requests()
	for range 5 {
		if _, err := a.Token(t.Context(), TokenRequest{Account: row.Account.ID}); platform.KindOf(err) != platform.KindRetry {
			t.Errorf("got %v", err)
		}
	}
	if n := d.net.Requests() - before; n != 1 {
		t.Errorf("asked %d times within a moment", n)
	}
	if err := a.settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.do(t.Context(), func() {
		if at := a.entries[row.Account.ID].verifyAt; time.Until(at) > time.Minute || time.Until(at) < 0 {
			t.Errorf("it is looked at again in %v", time.Until(at))
		}
	}); err != nil {
		t.Fatal(err)
	}
}
