package agent

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/sandbox"
)

// desk is an agent beside the practice network over real HTTP, with a person
// at the browser who does what choice says.
type desk struct {
	*Agent
	net    *sandbox.Network
	vault  *memVault
	ears   *listener
	choice atomic.Pointer[sandbox.Choice]
	// opened is how often the browser was asked for, token the last activation token.
	opened atomic.Int32
	token  atomic.Value
	broken atomic.Bool
	stop   func()
}

const (
	acmeShop = "20100001"
	acmeBlog = "20100002"
)

func newDesk(t *testing.T, more ...func(*Config)) *desk {
	t.Helper()
	d := &desk{net: sandbox.New(sandbox.Config{}), vault: newMemVault(), ears: &listener{}}
	server := httptest.NewServer(d.net)
	t.Cleanup(server.Close)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings := testSettings()
	settings.s.Port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	for _, p := range []string{"facebook", "linkedin"} {
		d.vault.apps[p+" "] = platform.App{Platform: p, ID: "practice", Secret: platform.NewSecret("practice-secret")}
	}
	d.choice.Store(&sandbox.Choice{})
	cfg := Config{
		Vault: d.vault, Settings: settings, Net: &platform.Net{Sandbox: server.URL, Timeout: 2 * time.Second},
		Sender: func(func(Activation), func(string, uint32)) notifier.Sender { return d.ears },
		OpenBrowser: func(_ context.Context, _, address, token string) error {
			d.opened.Add(1)
			d.token.Store(token)
			if d.broken.Load() {
				return &platform.Error{Kind: platform.KindConfig, Message: "no browser could be opened", Repair: "open the address yourself"}
			}
			if c := d.choice.Load(); c != nil {
				go func() { _, _, _ = sandbox.Follow(context.Background(), nil, address, *c) }()
			}
			return nil
		},
	}
	for _, f := range more {
		f(&cfg)
	}
	d.Agent, d.stop = running(t, cfg)
	return d
}

// person sets what the person at the browser does; nil lets them do nothing.
func (d *desk) person(c *sandbox.Choice) { d.choice.Store(c) }

// until follows a flow until it ends or reaches a phase.
func (d *desk) until(t *testing.T, id string, phase Phase) Flow {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for after := 0; ; {
		f, err := d.Flow(ctx, id, after)
		if err != nil {
			t.Fatalf("wait for %s: %v", phase, err)
		}
		if f.Phase == phase || f.Phase.Ended() {
			return f
		}
		after = f.Version
	}
}

func (d *desk) connect(t *testing.T, platformID string, pages ...string) Flow {
	t.Helper()
	f, err := d.Connect(t.Context(), ConnectRequest{Platform: platformID})
	if err != nil {
		t.Fatal(err)
	}
	f = d.until(t, f.ID, PhaseChoosing)
	if f.Phase == PhaseChoosing {
		f = d.choose(t, f, pages...)
	}
	if f.Phase != PhaseDone {
		t.Fatalf("connect: %s, %v", f.Phase, f.Error)
	}
	return f
}

func (d *desk) choose(t *testing.T, f Flow, pages ...string) Flow {
	t.Helper()
	if err := d.Choose(t.Context(), f.ID, pages); err != nil {
		t.Fatal(err)
	}
	return d.until(t, f.ID, PhaseDone)
}

func (d *desk) reconnect(t *testing.T, id string) Flow {
	t.Helper()
	f, err := d.Reconnect(t.Context(), ReconnectRequest{Account: id})
	if err != nil {
		t.Fatal(err)
	}
	return d.until(t, f.ID, PhaseDone)
}

func (d *desk) row(t *testing.T, id string) *Row {
	t.Helper()
	if err := d.settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	row := d.snap.Load().Row(id)
	if row == nil {
		t.Fatalf("no account %s", id)
	}
	return row
}

// fault makes an account revoked, as after two rejections.
func (d *desk) fault(t *testing.T, id string) {
	t.Helper()
	if err := d.vault.Fault(t.Context(), id, d.row(t, id).Grant.Generation, platform.Fault{Count: 1, Definite: true, AccessRejected: true, Code: "190"}); err != nil {
		t.Fatal(err)
	}
	d.reload(t.Context(), id)
	if s := d.row(t, id).Status.State; s != platform.StateRevoked {
		t.Fatalf("state %s", s)
	}
}

func TestConnectTwoPages(t *testing.T) {
	d := newDesk(t)
	f, err := d.Connect(t.Context(), ConnectRequest{Platform: "facebook"})
	if err != nil {
		t.Fatal(err)
	}
	f = d.until(t, f.ID, PhaseChoosing)
	if len(f.Candidates) != 3 {
		t.Fatalf("candidates %+v", f.Candidates)
	}
	for _, c := range f.Candidates {
		if !c.Grant.Tokens.Access.IsZero() || !c.Grant.Tokens.Owner.IsZero() {
			t.Error("a candidate carries a token out of the agent")
		}
	}
	if err := d.Choose(t.Context(), f.ID, []string{"nobody"}); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("choose a stranger: %v", err)
	}
	f = d.choose(t, f, acmeShop)
	if len(f.Accounts) != 1 || f.Phase != PhaseDone {
		t.Fatalf("flow %+v", f)
	}
	if row := d.row(t, f.Accounts[0]); row.Account.ProviderID != acmeShop || row.Status.State != platform.StateConnected {
		t.Errorf("row %+v", row)
	}
	if err := d.Cancel(t.Context(), f.ID); err == nil {
		t.Error("a flow that was stored was cancelled")
	}
	if f, _ := d.Flow(t.Context(), f.ID, 0); f.Phase != PhaseDone {
		t.Errorf("after a late cancel: %s", f.Phase)
	}
}

func TestChooseNoneThenOne(t *testing.T) {
	d := newDesk(t)
	f := d.connect(t, "facebook")
	if len(f.Accounts) != 1 || len(f.Notes) == 0 {
		t.Fatalf("flow %+v", f)
	}
	id := f.Accounts[0]
	if s := d.row(t, id).Status.State; s != platform.StateUnfinished {
		t.Fatalf("state %s", s)
	}
	if _, err := d.Token(t.Context(), TokenRequest{Account: id}); platform.KindOf(err) != platform.KindReconnect {
		t.Errorf("token of an unfinished account: %v", err)
	}
	// None again keeps the one account, with a new grant; also through Connect.
	if f = d.connect(t, "facebook"); len(f.Accounts) != 1 || f.Accounts[0] != id || d.snap.Load().Len() != 1 {
		t.Fatalf("none again: %+v, %d accounts", f.Accounts, d.snap.Load().Len())
	}
	r, err := d.Reconnect(t.Context(), ReconnectRequest{Account: id})
	if err != nil {
		t.Fatal(err)
	}
	f = d.choose(t, d.until(t, r.ID, PhaseChoosing), acmeShop, acmeBlog)
	if len(f.Accounts) != 2 || !slices.Contains(f.Accounts, id) {
		t.Fatalf("accounts %v, want %s among them", f.Accounts, id)
	}
	for _, id := range f.Accounts {
		if s := d.row(t, id).Status.State; s != platform.StateConnected {
			t.Errorf("state %s", s)
		}
	}
}

func TestReconnectHealsSibling(t *testing.T) {
	d := newDesk(t)
	f := d.connect(t, "facebook", acmeShop, acmeBlog)
	shop, blog := f.Accounts[0], f.Accounts[1]
	d.fault(t, shop)
	d.fault(t, blog)
	if f := d.reconnect(t, shop); f.Phase != PhaseDone {
		t.Fatalf("flow %+v", f)
	}
	for _, id := range []string{shop, blog} {
		if row := d.row(t, id); row.Status.State != platform.StateConnected || row.Grant.Generation != 2 {
			t.Errorf("%s: %s, generation %d", row.Account.Ref(), row.Status.State, row.Grant.Generation)
		}
	}
}

// A sign-in for less does not take from a sibling what it has.
func TestSiblingIsNotMadeWorse(t *testing.T) {
	d := newDesk(t)
	f := d.connect(t, "facebook", acmeShop, acmeBlog)
	shop, blog := f.Accounts[0], f.Accounts[1]
	d.net.DropScopes("facebook", "pages_manage_posts")
	f = d.reconnect(t, shop) // not asked about: the old one has lost it too
	if f.Phase != PhaseDone || len(f.Notes) == 0 || !strings.Contains(f.Notes[0], "pages_manage_posts was not granted") {
		t.Fatalf("flow %s, notes %q", f.Phase, f.Notes)
	}
	if s := d.row(t, shop).Status.State; s != platform.StateLimited {
		t.Errorf("fewer scopes: %s", s)
	}
	// What was declined is offered again only where it is asked for again.
	for account, want := range map[string]bool{shop: true, blog: false} {
		f, err := d.Reconnect(t.Context(), ReconnectRequest{Account: account, NoBrowser: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(f.URL, "auth_type=rerequest"); got != want {
			t.Errorf("rerequest: got %v, want %v", got, want)
		}
		if err := d.Cancel(t.Context(), f.ID); err != nil {
			t.Error(err)
		}
	}
	if row := d.row(t, blog); row.Status.State != platform.StateConnected || row.Grant.Generation != 1 {
		t.Errorf("sibling: %s, generation %d", row.Status.State, row.Grant.Generation)
	}
}

// What works is not replaced by less before the person has said so; where
// nothing works any more, less is kept first.
func TestLessIsAskedAbout(t *testing.T) {
	d := newDesk(t)
	d.vault.apps["tiktok "] = platform.App{Platform: "tiktok", ID: "practice", Secret: platform.NewSecret("practice-secret")}
	id := d.connect(t, "tiktok").Accounts[0]
	who := d.row(t, id).Account.ProviderID
	d.net.DropScopes("tiktok", "video.publish")
	lost := func(f Flow) {
		t.Helper()
		if len(f.Less) != 1 || f.Less[0].Capability != platform.Publish || !slices.Equal(f.Less[0].Missing, []string{"video.publish"}) || f.Less[0].Title != d.row(t, id).Account.Title() {
			t.Errorf("lost: %+v", f.Less)
		}
	}
	is := func(state platform.State, generation int) {
		t.Helper()
		if row := d.row(t, id); row.Status.State != state || row.Grant.Generation != generation {
			t.Errorf("%s, generation %d, want %s, %d", row.Status.State, row.Grant.Generation, state, generation)
		}
	}
	again := func() Flow {
		t.Helper()
		f, err := d.Reconnect(t.Context(), ReconnectRequest{Account: id})
		if err != nil {
			t.Fatal(err)
		}
		return d.until(t, f.ID, PhaseChoosing)
	}
	f := again()
	if f.Phase != PhaseChoosing || len(f.Candidates) != 1 || !f.Candidates[0].Grant.Tokens.Access.IsZero() {
		t.Fatalf("flow %s, candidates %+v: %v", f.Phase, f.Candidates, f.Error)
	}
	lost(f)
	is(platform.StateConnected, 1)
	// None leaves the account what it had.
	f = d.choose(t, f)
	if f.Phase != PhaseFailed || f.Error.Code != "less" || f.Error.Kind != platform.KindCancelled {
		t.Fatalf("flow %s: %v", f.Phase, f.Error)
	}
	is(platform.StateConnected, 1)
	// So does ending it.
	f = again()
	if err := d.Cancel(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	is(platform.StateConnected, 1)
	// And connecting it once more.
	if f = d.connect(t, "tiktok"); len(f.Accounts) != 0 || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "keeps what it had") {
		t.Errorf("accounts %v, notes %q", f.Accounts, f.Notes)
	}
	is(platform.StateConnected, 1)
	// Chosen all the same, it is taken, and not asked about a second time.
	f = d.choose(t, again(), who)
	if f.Phase != PhaseDone || len(f.Less) != 0 {
		t.Fatalf("flow %s, less %+v: %v", f.Phase, f.Less, f.Error)
	}
	is(platform.StateLimited, 2)
	// What does not work any more is replaced first; then it is said what is missing.
	d.fault(t, id)
	f = again()
	if f.Phase != PhaseDone {
		t.Fatalf("flow %s: %v", f.Phase, f.Error)
	}
	lost(f)
	is(platform.StateLimited, 3)
}

// A sign-in does not open a vault that the person has locked.
func TestSignInLeavesALockedVaultLocked(t *testing.T) {
	d := newDesk(t)
	id := d.connect(t, "linkedin").Accounts[0]
	if err := d.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reconnect(t.Context(), ReconnectRequest{Account: id}); platform.KindOf(err) != platform.KindLocked {
		t.Errorf("reconnect: %v, want the vault's lock", err)
	}
	if _, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"}); platform.KindOf(err) != platform.KindLocked {
		t.Errorf("connect: %v, want the vault's lock", err)
	}
	if d.vault.Locked() == nil {
		t.Error("the vault was opened")
	}
}

// A sign-in that began with a click on a note has nobody who watches it: the
// window is shown for the question, and a note says it where nobody answered.
func TestLessAfterAClick(t *testing.T) {
	was := chooseLimit
	t.Cleanup(func() { chooseLimit = was })
	chooseLimit = 300 * time.Millisecond
	pages := make(chan string, 4)
	d := newDesk(t, func(cfg *Config) {
		cfg.OpenWindow = func(_ context.Context, page, _ string, _ func()) error { pages <- page; return nil }
	})
	d.vault.apps["tiktok "] = platform.App{Platform: "tiktok", ID: "practice", Secret: platform.NewSecret("practice-secret")}
	id := d.connect(t, "tiktok").Accounts[0]
	d.net.DropScopes("tiktok", "video.publish")
	f, err := d.Agent.reconnect(t.Context(), ReconnectRequest{Account: id}, "", true)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case page := <-pages:
		if page != "account:"+id {
			t.Errorf("page %s", page)
		}
	case <-time.After(5 * time.Second):
		t.Error("no window was shown to choose in")
	}
	if f = d.until(t, f.ID, PhaseDone); f.Phase != PhaseFailed || f.Error.Code != "less" || f.Error.Kind != platform.KindTimeout {
		t.Fatalf("flow %s: %v", f.Phase, f.Error)
	}
	d.heard(t, "was not reconnected")
	if row := d.row(t, id); row.Status.State != platform.StateConnected || row.Grant.Generation != 1 {
		t.Errorf("%s, generation %d", row.Status.State, row.Grant.Generation)
	}
}

// Where permissions are the person's and the app's together, the old grant has
// lost them too, as the platform says when asked: there is nothing to choose.
func TestLessOfTheOldGrantToo(t *testing.T) {
	d := newDesk(t)
	shop := d.connect(t, "facebook", acmeShop).Accounts[0]
	d.net.DropScopes("facebook", "pages_manage_posts")
	if f := d.reconnect(t, shop); f.Phase != PhaseDone || len(f.Less) != 1 || f.Less[0].Capability != platform.Publish {
		t.Errorf("flow %s, less %+v: %v", f.Phase, f.Less, f.Error)
	}
	// LinkedIn revokes what was given before a sign-in for other permissions.
	d.net.DropScopes("linkedin")
	id := d.connect(t, "linkedin").Accounts[0]
	d.net.DropScopes("linkedin", "w_member_social")
	if f := d.reconnect(t, id); f.Phase != PhaseDone || len(f.Less) != 1 {
		t.Errorf("flow %s, less %+v: %v", f.Phase, f.Less, f.Error)
	}
	// What was declined is asked for again on demand.
	for _, anew := range []bool{true, false} {
		d.net.DropScopes("facebook")
		blog := d.connect(t, "facebook", acmeBlog).Accounts[0]
		f, err := d.Reconnect(t.Context(), ReconnectRequest{Account: blog, NoBrowser: true, Anew: anew})
		if err != nil || anew != strings.Contains(f.URL, "auth_type=rerequest") {
			t.Errorf("anew %v: %s, %v", anew, f.URL, err)
		}
	}
}

// A grant that the platform no longer takes is not kept in place of less.
func TestLessThanADeadGrant(t *testing.T) {
	d := newDesk(t)
	shop := d.connect(t, "facebook", acmeShop).Accounts[0]
	d.net.Revoke(sandbox.Selection{Platform: "facebook"}, "removed by the person") // the agent has not heard of it yet
	if s := d.row(t, shop).Status.State; s != platform.StateConnected {
		t.Fatalf("state %s", s)
	}
	d.net.DropScopes("facebook", "pages_manage_posts")
	if f := d.reconnect(t, shop); f.Phase != PhaseDone || len(f.Less) != 1 {
		t.Errorf("flow %s, less %+v: %v", f.Phase, f.Less, f.Error)
	}
}

func TestWrongAccountChangesNothing(t *testing.T) {
	d := newDesk(t)
	id := d.connect(t, "linkedin").Accounts[0]
	before := d.row(t, id)
	d.person(&sandbox.Choice{Person: "other-person"})
	f := d.reconnect(t, id)
	if f.Phase != PhaseFailed || f.Error.Kind != platform.KindWrongAccount || !strings.Contains(f.Error.Message, "Other Person") || f.SignedIn != "Other Person" {
		t.Fatalf("flow %s: %v", f.Phase, f.Error)
	}
	if row := d.row(t, id); row.Grant.Generation != before.Grant.Generation || row.Account.Name != before.Account.Name || d.snap.Load().Len() != 1 {
		t.Errorf("row %+v", row)
	}
}

func TestEndDateThatDidNotMove(t *testing.T) {
	d := newDesk(t)
	d.net.SetLifetimes("linkedin", sandbox.Lifetimes{Access: 40 * testDay})
	id := d.connect(t, "linkedin").Accounts[0]
	for _, again := range []struct {
		life time.Duration
		says string
	}{{40 * testDay, "the end date did not move"}, {30 * testDay, "it ends sooner than before"}} {
		d.net.SetLifetimes("linkedin", sandbox.Lifetimes{Access: again.life})
		if f := d.reconnect(t, id); f.Phase != PhaseDone || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], again.says) {
			t.Errorf("flow %s, notes %q, want %q", f.Phase, f.Notes, again.says)
		}
	}
}

// TestTwoWaysIn: one account, by app password and in the browser, whatever it is named by.
func TestTwoWaysIn(t *testing.T) {
	d := newDesk(t)
	enter := func(server string) Flow {
		t.Helper()
		login, secret := d.net.Credential("bluesky", "")
		f, err := d.Connect(t.Context(), ConnectRequest{Platform: "bluesky", Server: server, Login: login, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		if f = d.until(t, f.ID, PhaseDone); f.Phase != PhaseDone {
			t.Fatalf("connect at %s: %v", server, f.Error)
		}
		return f
	}
	id := enter("acme-owner.bsky.social").Accounts[0]
	first := d.row(t, id)
	if first.Grant.TokenType != "Bearer" || first.Account.Server != first.Account.ProviderID || !strings.HasPrefix(first.Account.Server, "did:plc:") {
		t.Fatalf("got %+v", first)
	}
	// Named by its server's address it is the same account.
	if again := enter("https://bsky.social").Accounts; len(again) != 1 || again[0] != id || d.snap.Load().Len() != 1 {
		t.Fatalf("got accounts %v of %d", again, d.snap.Load().Len())
	}
	f := d.reconnect(t, id)
	row := d.row(t, id)
	if f.Phase != PhaseDone || row.Grant.TokenType != "DPoP" || row.Grant.Generation != 3 || row.Account.Alias != first.Account.Alias || !strings.Contains(strings.Join(f.Notes, " "), "it ends sooner than before") {
		t.Errorf("flow %s, notes %q, %+v", f.Phase, f.Notes, row.Grant)
	}
	got, err := d.Token(t.Context(), TokenRequest{Account: id})
	if err != nil || got.TokenType != "DPoP" || got.Alone() == nil {
		t.Errorf("got a token of type %q, %v", got.TokenType, err)
	}
	if _, err := d.Check(t.Context(), id); err != nil {
		t.Error(err)
	}
	// A handle that is somebody else's finds another account.
	d.person(&sandbox.Choice{Person: "other-person"})
	other, err := d.Connect(t.Context(), ConnectRequest{Platform: "bluesky", Server: "@other-person.bsky.social"})
	if err != nil {
		t.Fatal(err)
	}
	if f := d.until(t, other.ID, PhaseDone); f.Phase != PhaseDone || f.Accounts[0] == id || d.snap.Load().Len() != 2 {
		t.Errorf("flow %s: %v", f.Phase, f.Error)
	}
	if err := d.Forget(t.Context(), id, true); err != nil {
		t.Error(err)
	}
}

func TestCancelAndReplace(t *testing.T) {
	d := newDesk(t)
	d.person(nil)
	first, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"})
	if err != nil {
		t.Fatal(err)
	}
	if f := d.until(t, first.ID, PhaseDone); f.Phase != PhaseFailed || !strings.Contains(f.Error.Message, "newer sign-in") {
		t.Errorf("first: %s %v", f.Phase, f.Error)
	}
	if f, _ := d.Flow(t.Context(), second.ID, 0); f.Phase != PhaseWaiting || !f.Listening {
		t.Errorf("second: %+v", f)
	}
	if err := d.Cancel(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	f := d.until(t, second.ID, PhaseDone)
	if f.Phase != PhaseFailed || f.Error.Kind != platform.KindCancelled || d.snap.Load().Len() != 0 {
		t.Errorf("cancelled: %+v", f)
	}
	if err := d.Cancel(t.Context(), second.ID); err != nil {
		t.Error(err)
	}
	if again, _ := d.Flow(t.Context(), second.ID, 0); again.Version != f.Version {
		t.Error("a flow that had ended changed")
	}
	// Two at the same moment: one is left.
	ids := make(chan string, 2)
	for range 2 {
		go func() {
			f, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"})
			if err != nil {
				t.Error(err)
			}
			ids <- f.ID
		}()
	}
	waiting := 0
	for _, id := range []string{<-ids, <-ids} {
		if f, _ := d.Flow(t.Context(), id, 0); f.Phase == PhaseWaiting {
			waiting++
		}
	}
	if waiting != 1 {
		t.Errorf("%d of two attempts are left", waiting)
	}
}

func TestLockedVaultOpensNoBrowser(t *testing.T) {
	d := newDesk(t)
	d.vault.mu.Lock()
	d.vault.locked = &platform.Error{Kind: platform.KindLocked, Message: "the keyring is locked", Repair: "unlock it"}
	d.vault.mu.Unlock()
	if _, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"}); platform.KindOf(err) != platform.KindLocked || d.opened.Load() != 0 {
		t.Errorf("got %v, browser opened %d times", err, d.opened.Load())
	}
}

// A client id that is not the one stored must not take its place: the accounts
// that are there are renewed with it.
func TestOtherClientIDKeepsTheStoredApp(t *testing.T) {
	d := newDesk(t)
	d.person(nil)
	if _, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin", ClientID: "another"}); platform.KindOf(err) != platform.KindConfig {
		t.Errorf("got %v", err)
	}
	delete(d.vault.apps, "linkedin ")
	if _, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin", ClientID: "mistyped"}); err != nil {
		t.Fatal(err)
	}
	if app, err := d.vault.App(t.Context(), "linkedin", ""); err == nil {
		t.Errorf("%s was stored before anybody signed in with it", app.ID)
	}
}

func TestBrowserThatDoesNotOpen(t *testing.T) {
	d := newDesk(t)
	d.broken.Store(true)
	f, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"})
	if err != nil {
		t.Fatal(err)
	}
	for f.Opened {
		if f, err = d.Flow(t.Context(), f.ID, f.Version); err != nil {
			t.Fatal(err)
		}
	}
	if f.Phase != PhaseWaiting || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "open the address yourself") {
		t.Fatalf("flow %+v", f)
	}
	if _, _, err := sandbox.Follow(t.Context(), nil, f.URL, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	if f = d.until(t, f.ID, PhaseDone); f.Phase != PhaseDone {
		t.Errorf("opened by hand: %s %v", f.Phase, f.Error)
	}
}

// A click on a note: the browser gets the activation token, the note goes, a
// quiet one comes. A failure is told by a note only after a click.
func TestReconnectByClick(t *testing.T) {
	d := newDesk(t)
	id := d.connect(t, "linkedin").Accounts[0]
	d.fault(t, id)
	// A program waits: that note stands for the account.
	if _, err := d.Token(t.Context(), TokenRequest{Account: id, Consumer: "backup.sh"}); platform.KindOf(err) != platform.KindReconnect {
		t.Fatalf("token: %v", err)
	}
	d.heard(t, "is waiting for")
	d.person(&sandbox.Choice{Deny: true})
	if f := d.reconnect(t, id); f.Phase != PhaseFailed {
		t.Fatalf("flow %s", f.Phase)
	}
	d.person(&sandbox.Choice{Person: "other-person"})
	if err := d.Activate(t.Context(), Activation{Account: id, Action: notifier.ActionReconnect, Token: "xdg-1"}); err != nil {
		t.Fatal(err)
	}
	d.heard(t, "was not reconnected")
	if n := len(d.ears.all()); n != 2 {
		t.Errorf("%d notes, want the waiting program's and one failure", n)
	}
	d.person(&sandbox.Choice{})
	if err := d.Activate(t.Context(), Activation{Account: id, Action: notifier.ActionReconnect, Token: "xdg-2"}); err != nil {
		t.Fatal(err)
	}
	note := d.heard(t, "is connected")
	if note.Urgency != notifier.UrgencyLow || note.Resident {
		t.Errorf("note %+v", note)
	}
	if got := d.token.Load(); got != "xdg-2" {
		t.Errorf("activation token %v", got)
	}
	d.ears.mu.Lock()
	defer d.ears.mu.Unlock()
	if !slices.Contains(d.ears.gone, notifier.NoteID(id)) {
		t.Errorf("withdrawn: %v", d.ears.gone)
	}
}

// heard waits for a note.
func (d *desk) heard(t *testing.T, title string) notifier.Note {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, n := range d.ears.all() {
			if strings.Contains(n.note.Title, title) {
				return n.note
			}
		}
	}
	t.Fatalf("nobody said %q: %+v", title, d.ears.all())
	return notifier.Note{}
}

// An account that is forgotten while somebody signs in for it stays forgotten.
func TestForgetEndsItsFlow(t *testing.T) {
	d := newDesk(t)
	id := d.connect(t, "linkedin").Accounts[0]
	d.person(nil)
	f, err := d.Reconnect(t.Context(), ReconnectRequest{Account: id})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Forget(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if f := d.until(t, f.ID, PhaseDone); f.Phase != PhaseFailed {
		t.Errorf("flow %s", f.Phase)
	}
	if _, err := d.Token(t.Context(), TokenRequest{Account: id}); platform.KindOf(err) != platform.KindNotFound {
		t.Errorf("token: %v", err)
	}
	if n := d.snap.Load().Len(); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

// Quitting in the middle of sign-ins, choices and watchers ends all of them.
func TestQuitInTheMiddle(t *testing.T) {
	d := newDesk(t)
	f, err := d.Connect(t.Context(), ConnectRequest{Platform: "facebook"})
	if err != nil {
		t.Fatal(err)
	}
	f = d.until(t, f.ID, PhaseChoosing)
	watch, err := d.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 200 { // more than the loop can have waiting
		d.task(func(context.Context) { d.tell(func() { time.Sleep(time.Millisecond) }) })
		d.task(func(ctx context.Context) { _ = d.settled(context.Background()) })
	}
	ended := make(chan struct{})
	go func() { d.stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the agent does not end")
	}
	for range watch {
	}
	if err := d.Choose(t.Context(), f.ID, nil); err != nil && errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"}); platform.KindOf(err) != platform.KindAgent {
		t.Errorf("connect after the end: %v", err)
	}
}

// A token given by hand is one account's: its siblings are not taken in, and
// given again it heals that account.
func TestImportTakesOneAccount(t *testing.T) {
	d := newDesk(t)
	shop := d.connect(t, "facebook", acmeShop).Accounts[0]
	g, err := d.vault.Grant(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	var id string
	for generation := 1; generation <= 2; generation++ {
		row, err := d.Import(t.Context(), ImportRequest{Platform: "facebook", Access: g.Tokens.Owner.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		if id == "" {
			id = row.Account.ID
		}
		if row.Account.ID != id || row.Account.Kind != "person" || row.Grant.Generation != generation || d.snap.Load().Len() != 2 {
			t.Errorf("account %s of %s (%s), generation %d, %d accounts", row.Account.ID, id, row.Account.Kind, row.Grant.Generation, d.snap.Load().Len())
		}
	}
	// A Page's own token brings the Page, which is there already.
	row, err := d.Import(t.Context(), ImportRequest{Platform: "facebook", Access: g.Tokens.Access.Reveal()})
	if err != nil {
		t.Fatal(err)
	}
	if row.Account.ID != shop || row.Account.Kind != "page" || row.Account.Owner == "" || row.Grant.Generation != 2 || d.snap.Load().Len() != 2 {
		t.Errorf("account %s of %s (%s), owner %q, generation %d", row.Account.ID, shop, row.Account.Kind, row.Account.Owner, row.Grant.Generation)
	}
}

// A sign-in goes on when whoever followed it has died, and its result is kept
// for who comes later, until somebody was told.
func TestFlowOutlivesWhoFollowsIt(t *testing.T) {
	d := newDesk(t)
	id := d.connect(t, "linkedin").Accounts[0]
	d.fault(t, id)
	d.person(nil) // at the browser, and slow
	f, err := d.Reconnect(t.Context(), ReconnectRequest{Account: id})
	if err != nil {
		t.Fatal(err)
	}
	dying, die := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := d.Flow(dying, f.ID, f.Version)
		gone <- err
	}()
	die()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("the follower ended with %v", err)
	}
	listed := func() Flow {
		t.Helper()
		if err := d.settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := d.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.Flows, func(x Flow) bool { return x.ID == f.ID })
		if i < 0 {
			t.Fatal("the snapshot has lost the sign-in")
		}
		return s.Flows[i]
	}
	if now := listed(); now.Phase != PhaseWaiting || now.URL == "" || now.Account != id {
		t.Fatalf("it did not go on: %+v", now)
	}
	if _, _, err := sandbox.Follow(t.Context(), nil, f.URL, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); !listed().Phase.Ended(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not end")
		}
	}
	if now := listed(); now.Phase != PhaseDone || now.Told {
		t.Errorf("%s, told %v: nobody was there to be told", now.Phase, now.Told)
	}
	if row := d.row(t, id); row.Status.State != platform.StateConnected {
		t.Errorf("state %s", row.Status.State)
	}
	// One who has gone before the answer was there is not told.
	if got, err := d.Flow(dying, f.ID, 0); !errors.Is(err, context.Canceled) || got.Told || listed().Told {
		t.Errorf("who has gone is given %+v, %v", got, err)
	}
	if got, err := d.Flow(t.Context(), f.ID, 0); err != nil || got.Phase != PhaseDone || !got.Told {
		t.Errorf("who comes later is given %+v, %v", got, err)
	}
	if now := listed(); !now.Told {
		t.Error("the snapshot does not know that somebody was told")
	}
	// An answer may still be lost on its way, by who dies while it is written:
	// what came of the sign-in stands in the history, once, whoever was told.
	n := 0
	for end := time.Now().Add(10 * time.Second); n == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		n = 0
		events, err := d.History(t.Context(), id, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == "reconnected" {
				n++
			}
		}
	}
	if n != 1 {
		t.Errorf("the history tells of the sign-in %d times", n)
	}
}

// A registration is asked about, given or stored, and nothing of it is stored.
func TestTestApp(t *testing.T) {
	d := newDesk(t)
	d.net.SetStrictApps("linkedin", true)
	d.net.Register(sandbox.App{Platform: "linkedin", ClientID: "known", Secret: "right"})
	level := func(r AppRequest, part string) Level {
		t.Helper()
		r.Platform = "linkedin"
		findings, err := d.TestApp(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Name == part {
				return f.Level
			}
		}
		return ""
	}
	if got := level(AppRequest{ClientID: "known", Secret: "right"}, "app"); got != LevelOK {
		t.Errorf("a right one: %s", got)
	}
	if got := level(AppRequest{ClientID: "known", Secret: "wrong"}, "app"); got != LevelFail {
		t.Errorf("a wrong secret: %s", got)
	}
	if got := level(AppRequest{ClientID: "known"}, "app"); got != LevelFail {
		t.Errorf("no secret, and another id than the stored: %s", got)
	}
	if app := d.vault.apps["linkedin "]; app.ID != "practice" {
		t.Errorf("%s was stored", app.ID)
	}
	d.vault.apps["linkedin "] = platform.App{Platform: "linkedin", ID: "known", Secret: platform.NewSecret("right")}
	for name, r := range map[string]AppRequest{"stored": {}, "stored, named": {ClientID: "known"}} {
		if got := level(r, "app"); got != LevelOK {
			t.Errorf("%s: %s", name, got)
		}
		if got := level(r, "redirect"); got != LevelOK {
			t.Errorf("%s: redirect %s", name, got)
		}
		if got := level(r, "rest"); got != LevelUntested {
			t.Errorf("%s: rest %s", name, got)
		}
	}
	if _, err := d.TestApp(t.Context(), AppRequest{Platform: "telegram"}); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("a platform without registrations: %v", err)
	}
	if _, err := d.TestApp(t.Context(), AppRequest{Platform: "tiktok"}); platform.KindOf(err) != platform.KindNotFound {
		t.Errorf("none stored: %v", err)
	}
}
