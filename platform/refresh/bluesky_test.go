package refresh

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/connect"
	"relink/platform/sandbox"
)

// The two ways in to Bluesky.
const (
	byBrowser  = "DPoP"
	byPassword = "Bearer"
)

type skyPractice struct {
	*practised
	cfg connect.Config
}

func practiseSky(t *testing.T, way string) *skyPractice {
	t.Helper()
	w := &skyPractice{practised: &practised{}}
	w.network = sandbox.New(sandbox.Config{Now: w.now})
	s := httptest.NewServer(w.network)
	t.Cleanup(s.Close)
	t.Cleanup(func() { w.network.ClearFaults("") })
	net := &platform.Net{Sandbox: s.URL, Timeout: time.Second}
	w.cfg = connect.Config{Net: net, Now: w.now}
	res := w.connect(t, way, nil)
	id := res.Identities[0]
	id.Grant.Generation = 1
	w.store = &registered{memory: newMemory(), app: res.App}
	w.store.add(platform.Account{ID: "a1", Platform: "bluesky", Server: res.Server, Alias: "acme", ProviderID: id.ProviderID, Name: id.Name, Handle: id.Handle}, id.Grant)
	w.one, w.two = New(Config{Store: w.store, Net: net, Now: w.now}), New(Config{Store: w.store, Net: net, Now: w.now})
	t.Cleanup(func() { w.one.Wait(); w.two.Wait() })
	return w
}

// connect signs in for acme-owner, as the account expected where one is.
func (w *skyPractice) connect(t *testing.T, way string, expect *platform.Account) connect.Result {
	t.Helper()
	p, err := platform.Lookup("bluesky")
	if err != nil {
		t.Fatal(err)
	}
	r := connect.Request{Platform: p, Server: "acme-owner.bsky.social", Expect: expect, NoListener: true}
	if expect != nil {
		r.Server, r.Login = expect.Server, expect.Handle
	}
	if way == byPassword {
		login, secret := w.network.Credential("bluesky", "Acme Owner")
		r.Secret = platform.NewSecret(secret)
		if r.Login == "" {
			r.Login = login
		}
	}
	a, err := connect.Start(t.Context(), w.cfg, r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Cancel()
	if way == byBrowser {
		address, err := sandbox.SignIn(t.Context(), nil, a.URL, sandbox.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Paste(address); err != nil {
			t.Fatal(err)
		}
	}
	res, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// ended asks until a person is needed, for an hour at most.
func (w *skyPractice) ended(t *testing.T) *platform.Error {
	t.Helper()
	var err error
	for range 12 {
		if _, err = w.one.Verify(t.Context(), "a1"); platform.KindOf(err) == platform.KindReconnect {
			return platform.As(err, "")
		}
		w.advance(5 * time.Minute)
	}
	t.Fatalf("nobody is asked for: %v", err)
	return nil
}

func (w *skyPractice) logins() int {
	n := 0
	for _, e := range w.network.Log() {
		if strings.HasSuffix(e.Path, ".createSession") {
			n++
		}
	}
	return n
}

func (w *skyPractice) renewals() (done, refused int) {
	for _, e := range w.network.Log() {
		switch {
		case !e.Token:
		case e.Status == 200:
			done++
		default:
			refused++
		}
	}
	return done, refused
}

// TestBlueskyBrowserEnds: refreshed as often as one likes, a sign-in in the browser ends after 14 days.
func TestBlueskyBrowserEnds(t *testing.T) {
	w := practiseSky(t, byBrowser)
	first := w.store.grant(t, "a1")
	end := first.Clock(platform.ClockSession)
	generation := 1
	for hour := 0; hour < 13*24; hour += 6 {
		w.advance(6 * time.Hour)
		var wg sync.WaitGroup
		w.network.ClearLog()
		for n := range 4 {
			r := w.one
			if n%2 == 1 {
				r = w.two
			}
			wg.Go(func() {
				if _, err := r.Token(t.Context(), "a1", 0); err != nil {
					t.Errorf("hour %d: %v", hour, err)
				}
			})
		}
		wg.Wait()
		generation++
		g := w.store.grant(t, "a1")
		if g.Generation != generation || g.Tokens.Refresh == first.Tokens.Refresh || g.Tokens.Key != first.Tokens.Key || g.TokenType != "DPoP" {
			t.Fatalf("hour %d: generation %d, same refresh token %v, same key %v", hour, g.Generation, g.Tokens.Refresh == first.Tokens.Refresh, g.Tokens.Key == first.Tokens.Key)
		}
		// One renewal, and one refusal before it for want of the server's new nonce.
		if done, refused := w.renewals(); done != 1 || refused != 1 {
			t.Fatalf("hour %d: %d renewals and %d refusals, want 1 and 1", hour, done, refused)
		}
		if c := g.Clock(platform.ClockSession); c != end {
			t.Fatalf("hour %d: the sign-in's end moved: %+v, was %+v", hour, c, end)
		}
		if _, err := w.two.Verify(t.Context(), "a1"); err != nil {
			t.Fatalf("hour %d: %v", hour, err)
		}
	}
	acc, _ := w.store.Account(t.Context(), "a1")
	if s := platform.Assess(acc, w.store.grant(t, "a1"), w.now()); s.State != platform.StateExpiring || s.Deadline.Kind != platform.ClockSession || !s.Deadline.At.Equal(end.At) {
		t.Errorf("a day before: got %+v", s)
	}
	w.advance(25 * time.Hour)
	if s := platform.Assess(acc, w.store.grant(t, "a1"), w.now()); s.State != platform.StateExpired || s.Reason != "session" {
		t.Errorf("after 14 days: got %+v", s)
	}
	e := w.ended(t)
	if e.Code != "invalid_grant" || e.Repair != "relink reconnect bluesky/acme" {
		t.Errorf("got %q: %v", e.Code, e)
	}
}

// TestBlueskyPasswordGoesOn: an app password's session goes on for as long as it
// is used, logs in once, and ends 90 days after its last use.
func TestBlueskyPasswordGoesOn(t *testing.T) {
	w := practiseSky(t, byPassword)
	for range 30 {
		w.advance(30 * day)
		if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
			t.Fatal(err)
		}
		g := w.store.grant(t, "a1")
		if c := g.Clock(platform.ClockRefresh); c.Source != platform.SourceProvider || c.At.Sub(w.now()) < 89*day {
			t.Fatalf("got %+v", c)
		}
	}
	for range 50 {
		if _, err := w.one.Token(t.Context(), "a1", 0); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.logins(); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	w.advance(91 * day)
	acc, _ := w.store.Account(t.Context(), "a1")
	if s := platform.Assess(acc, w.store.grant(t, "a1"), w.now()); s.State != platform.StateExpired || s.Reason != "refresh" {
		t.Errorf("got %+v", s)
	}
	if e := w.ended(t); e.Code != "ExpiredToken" {
		t.Errorf("got %q: %v", e.Code, e)
	}
}

// TestBlueskyLostAnswer: a refresh token that was used up by an answer that never
// came is lost with OAuth, and works for two hours more with an app password.
func TestBlueskyLostAnswer(t *testing.T) {
	for _, way := range []string{byBrowser, byPassword} {
		t.Run(way, func(t *testing.T) {
			w := practiseSky(t, way)
			w.advance(3 * time.Hour)
			for _, path := range []string{"/oauth/token", "/xrpc/com.atproto.server.refreshSession"} {
				w.network.SetFault(sandbox.Fault{Platform: "bluesky", Path: path, Kind: sandbox.FaultLost, Times: 1})
			}
			if way == byBrowser {
				// The first answer only brings the nonce, which has changed; the second is the one lost.
				w.network.ClearFaults("")
				if _, err := w.two.Verify(t.Context(), "a1"); err != nil {
					t.Fatal(err)
				}
				w.advance(2 * time.Minute)
				w.network.SetFault(sandbox.Fault{Platform: "bluesky", Path: "/oauth/token", Kind: sandbox.FaultLost, Times: 1})
			}
			_, err := w.one.Refresh(t.Context(), "a1")
			wantKind(t, err, platform.KindRetry)
			if f := w.store.grant(t, "a1").Fault; f.Count != 0 {
				t.Errorf("a lost answer was held against the grant: %+v", f)
			}
			w.advance(30 * time.Minute)
			_, err = w.one.Refresh(t.Context(), "a1")
			if way == byPassword {
				if err != nil {
					t.Errorf("within the grace: %v", err)
				}
				return
			}
			w.advance(time.Hour)
			if e := w.ended(t); e.Code != answerLost {
				t.Errorf("got %q: %v", e.Code, e)
			}
		})
	}
}

// TestBlueskyRevoked: what is ended at the platform is seen by asking, and told after the second time.
func TestBlueskyRevoked(t *testing.T) {
	for way, code := range map[string]string{byBrowser: "invalid_grant", byPassword: "ExpiredToken"} {
		w := practiseSky(t, way)
		if n := w.network.Revoke(sandbox.Selection{Platform: "bluesky", Account: "Acme Owner"}, sandbox.ReasonAppRemoved); n != 2 {
			t.Fatalf("%d tokens revoked", n)
		}
		_, err := w.one.Verify(t.Context(), "a1")
		wantKind(t, err, platform.KindRetry) // once is not enough
		if e := w.ended(t); e.Code != code {
			t.Errorf("%s: got %q: %v", way, e.Code, e)
		}
		// By the app itself: the platform forgets both tokens.
		w = practiseSky(t, way)
		g := w.store.grant(t, "a1")
		p, c, err := w.one.call(t.Context(), w.store.accounts["a1"], g)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Revoke(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		w.ended(t)
	}
}

// TestBlueskyMoved: the account moves to another server. The old grant ends, and
// reconnecting finds the new server under the same DID.
func TestBlueskyMoved(t *testing.T) {
	for way, code := range map[string]string{byBrowser: "invalid_grant", byPassword: "InvalidToken"} {
		for _, again := range []string{byBrowser, byPassword} {
			t.Run(way+" then "+again, func(t *testing.T) {
				w := practiseSky(t, way)
				if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
					t.Fatal(err)
				}
				w.network.MovePDS("Acme Owner", "pds.acme.example")
				w.advance(2 * time.Hour)
				if e := w.ended(t); e.Code != code {
					t.Errorf("got %q: %v", e.Code, e)
				}
				old := w.store.accounts["a1"]
				res := w.connect(t, again, &old)
				id := res.Identities[0]
				if res.Server != old.Server || id.ProviderID != old.ProviderID || res.Endpoint.APIURL != "https://pds.acme.example" {
					t.Errorf("got %q at %q, %+v", res.Server, res.Endpoint.APIURL, id)
				}
				g := id.Grant
				g.Generation = w.store.grant(t, "a1").Generation + 1
				w.store.app = res.App
				w.store.add(old, g)
				w.advance(3 * time.Hour)
				for _, r := range []*Refresher{w.one, w.two} {
					if _, err := r.Verify(t.Context(), "a1"); err != nil {
						t.Errorf("at the new server: %v", err)
					}
				}
				if got := w.store.grant(t, "a1"); got.TokenType != again || got.Generation != g.Generation+1 {
					t.Errorf("got %s, generation %d", got.TokenType, got.Generation)
				}
			})
		}
	}
}

func TestBlueskyOutage(t *testing.T) {
	for _, way := range []string{byBrowser, byPassword} {
		for _, kind := range []string{sandbox.FaultStatus, sandbox.FaultGarbage, sandbox.FaultHuge, sandbox.FaultNoToken, sandbox.FaultEmpty, sandbox.FaultPortal, sandbox.FaultDrop} {
			t.Run(way+" "+kind, func(t *testing.T) {
				w := practiseSky(t, way)
				w.network.SetFault(sandbox.Fault{Platform: "bluesky", Kind: kind})
				w.advance(3 * time.Hour)
				if _, err := w.one.Token(t.Context(), "a1", 0); platform.KindOf(err) != platform.KindRetry {
					t.Errorf("token: got %v", err)
				}
				if _, err := w.two.Verify(t.Context(), "a1"); platform.KindOf(err) != platform.KindRetry {
					t.Errorf("verify: got %v", err)
				}
				if g := w.store.grant(t, "a1"); g.Fault.Count != 0 || g.Generation != 1 {
					t.Errorf("the grant was changed: %+v", g)
				}
				w.network.ClearFaults("")
				if _, err := w.one.Refresh(t.Context(), "a1"); err != nil {
					t.Errorf("after the outage: %v", err)
				}
			})
		}
	}
}

// TestBlueskySilent: without a word on how long, the table's word is used and marked so.
func TestBlueskySilent(t *testing.T) {
	for _, way := range []string{byBrowser, byPassword} {
		w := practiseSky(t, way)
		w.network.SetLifetimes("bluesky", sandbox.Lifetimes{Silent: true})
		w.advance(3 * time.Hour)
		g, err := w.one.Token(t.Context(), "a1", 0)
		if err != nil {
			t.Fatal(err)
		}
		if c := g.Clock(platform.ClockAccess); c.Source != platform.SourceAssumed || !c.Ends() {
			t.Errorf("%s: got %+v", way, c)
		}
		if c := g.Clock(platform.ClockRefresh); way == byPassword && (c.Source != platform.SourceAssumed || c.At.Sub(c.Since) != 90*day) {
			t.Errorf("%s: got %+v", way, c)
		}
	}
}
