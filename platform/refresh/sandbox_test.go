package refresh

import (
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/connect"
	"relink/platform/sandbox"
)

const day = 24 * time.Hour

// practised is an account connected on the practice network, and two processes
// that share its store. Their clock and the network's can be moved.
type practised struct {
	network  *sandbox.Network
	store    *registered
	one, two *Refresher
	ahead    atomic.Int64
}

func (p *practised) now() time.Time          { return time.Now().Add(time.Duration(p.ahead.Load())) }
func (p *practised) advance(d time.Duration) { p.ahead.Add(int64(d)) }

func practise(t *testing.T, platformID string, set func(*sandbox.Network)) *practised {
	t.Helper()
	w := &practised{}
	w.network = sandbox.New(sandbox.Config{Now: w.now})
	s := httptest.NewServer(w.network)
	t.Cleanup(s.Close)
	t.Cleanup(func() { w.network.ClearFaults("") })
	set(w.network)
	net := &platform.Net{Sandbox: s.URL, Timeout: time.Second}
	p, err := platform.Lookup(platformID)
	if err != nil {
		t.Fatal(err)
	}
	r := connect.Request{Platform: p, App: platform.App{ID: "mine", Secret: platform.NewSecret("hush")}, NoListener: true}
	if p.Site == platform.SiteIssuer {
		r.Server = "https://issuer.example"
	}
	a, err := connect.Start(t.Context(), connect.Config{Net: net, Now: w.now}, r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Cancel()
	address, err := sandbox.SignIn(t.Context(), nil, a.URL, sandbox.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Paste(address); err != nil {
		t.Fatal(err)
	}
	res, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := res.Identities[0]
	id.Grant.Generation = 1
	w.store = &registered{memory: newMemory(), app: res.App}
	w.store.add(platform.Account{ID: "a1", Platform: p.ID, Server: res.Server, Alias: "acme", ProviderID: id.ProviderID}, id.Grant)
	w.one, w.two = New(Config{Store: w.store, Net: net, Now: w.now}), New(Config{Store: w.store, Net: net, Now: w.now})
	t.Cleanup(func() { w.one.Wait(); w.two.Wait() })
	return w
}

func TestPracticeNetworkRefresh(t *testing.T) {
	for _, rotate := range []bool{false, true} {
		w := practise(t, "oidc", func(n *sandbox.Network) {
			n.SetRotation("oidc", rotate)
			n.SetLifetimes("oidc", sandbox.Lifetimes{Access: time.Hour, Refresh: 30 * day})
		})
		for round := 1; round <= 5; round++ {
			w.advance(2 * time.Hour)
			before := w.network.TokenRequests("oidc")
			var wg sync.WaitGroup
			for n := range 10 {
				r := w.one
				if n%2 == 1 {
					r = w.two
				}
				wg.Go(func() {
					if g, err := r.Token(t.Context(), "a1", 0); err != nil || g.Generation != round+1 {
						t.Errorf("rotate %v, round %d: got generation %d, %v", rotate, round, g.Generation, err)
					}
				})
			}
			wg.Wait()
			if n := w.network.TokenRequests("oidc") - before; n != 1 {
				t.Errorf("rotate %v, round %d: %d token requests, want 1", rotate, round, n)
			}
			if _, err := w.two.Verify(t.Context(), "a1"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// LinkedIn's refresh token stays the same and its clock does not start anew.
func TestPracticeNetworkStatic(t *testing.T) {
	w := practise(t, "linkedin", func(n *sandbox.Network) {
		n.SetLifetimes("linkedin", sandbox.Lifetimes{Access: 60 * day, Refresh: 365 * day})
	})
	first := w.store.grant(t, "a1")
	if !first.Clock(platform.ClockRefresh).Ends() {
		t.Fatalf("no refresh clock: %+v", first.Clocks)
	}
	w.advance(60 * day)
	g, err := w.one.Token(t.Context(), "a1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if g.Tokens.Refresh.Reveal() != first.Tokens.Refresh.Reveal() {
		t.Error("the refresh token changed")
	}
	if moved := g.Clock(platform.ClockRefresh).At.Sub(first.Clock(platform.ClockRefresh).At).Abs(); moved > time.Minute {
		t.Errorf("the refresh token's end moved by %v", moved)
	}
	w.advance(306 * day)
	_, err = w.one.Token(t.Context(), "a1", 0)
	if err == nil {
		t.Error("a refresh token past its end gave a token")
	}
}

// The platform rotated, and its answer was lost: nothing can save that, but it
// must end in a clear word after two tries and not in a loop.
func TestPracticeNetworkLostAnswer(t *testing.T) {
	w := practise(t, "oidc", func(n *sandbox.Network) {
		n.SetRotation("oidc", true)
		n.SetLifetimes("oidc", sandbox.Lifetimes{Access: time.Hour, Refresh: 30 * day})
	})
	w.network.SetFault(sandbox.Fault{Platform: "oidc", Path: "/token", Kind: sandbox.FaultLost, Times: 1})
	w.advance(2 * time.Hour)
	_, err := w.one.Token(t.Context(), "a1", 0)
	wantKind(t, err, platform.KindRetry)
	if f := w.store.grant(t, "a1").Fault; f.Count != 0 {
		t.Errorf("a lost answer was held against the grant: %+v", f)
	}
	for range 3 {
		w.advance(5 * time.Minute)
		if _, err = w.one.Token(t.Context(), "a1", 0); platform.KindOf(err) == platform.KindReconnect {
			break
		}
	}
	wantKind(t, err, platform.KindReconnect)
	n := w.network.Requests()
	w.advance(day)
	_, err = w.one.Token(t.Context(), "a1", 0)
	wantKind(t, err, platform.KindReconnect)
	if w.network.Requests() != n {
		t.Error("the platform was asked again after the end")
	}
}

// LinkedIn says "revoked" when asked: that is certain at once.
func TestPracticeNetworkRevoked(t *testing.T) {
	w := practise(t, "linkedin", func(n *sandbox.Network) {
		n.SetLifetimes("linkedin", sandbox.Lifetimes{Access: 60 * day, Refresh: sandbox.None})
	})
	if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	w.network.Revoke(sandbox.Selection{Platform: "linkedin"}, sandbox.ReasonAppRemoved)
	_, err := w.one.Verify(t.Context(), "a1")
	if e := platform.As(err, ""); err == nil || e.Kind != platform.KindReconnect || e.Repair != "relink reconnect linkedin/acme" {
		t.Errorf("got %v", err)
	}
	if f := w.store.grant(t, "a1").Fault; !f.Ends() {
		t.Errorf("got %+v", f)
	}
}

func TestPracticeNetworkOutage(t *testing.T) {
	for _, kind := range []string{sandbox.FaultStatus, sandbox.FaultGarbage, sandbox.FaultHuge, sandbox.FaultNoToken, sandbox.FaultEmpty, sandbox.FaultPortal, sandbox.FaultDrop, sandbox.FaultHang} {
		t.Run(kind, func(t *testing.T) {
			w := practise(t, "oidc", func(n *sandbox.Network) {
				n.SetLifetimes("oidc", sandbox.Lifetimes{Access: time.Hour, Refresh: 30 * day})
			})
			w.network.SetFault(sandbox.Fault{Platform: "oidc", Kind: kind})
			w.advance(2 * time.Hour)
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
