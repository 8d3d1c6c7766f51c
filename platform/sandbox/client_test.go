package sandbox_test

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"relink/platform"
	"relink/platform/sandbox"
)

// Relink's own dialects against the network's: both read the platforms'
// documentation, and here they meet.

// connected is what a sign-in by relink's code gave.
type connected struct {
	call platform.Call
	p    *platform.Platform
	who  []platform.Identity
	x    platform.Exchanged
}

func connect(t *testing.T, n *sandbox.Network, net *platform.Net, id, server, client, secret, redirect string, now func() time.Time) connected {
	t.Helper()
	ctx := t.Context()
	p, err := platform.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Discover(ctx, net, server)
	if err != nil {
		t.Fatalf("discover: %v", err)
	}
	asked := p.Ask(p.Default())
	app := platform.App{Platform: id, Server: server, ID: client, Secret: platform.NewSecret(secret)}
	if p.Register != nil {
		if app, err = p.Register(ctx, net, e, server, redirect, asked); err != nil {
			t.Fatalf("register: %v", err)
		}
	}
	conf := p.OAuth(e, app, redirect)
	conf.Endpoint.AuthURL = net.URL(e.AuthURL)
	opts := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("scope", strings.Join(asked, p.Separator))}
	if e.PKCE || p.PKCE {
		opts = append(opts, oauth2.S256ChallengeOption(verifier))
	}
	to, err := n.SignIn(ctx, nil, conf.AuthCodeURL("state", opts...), sandbox.Choice{})
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal("the redirect is not an address")
	}
	c := platform.Call{Net: net, App: app, Endpoint: e, Account: platform.Account{Platform: id, Server: server}, Now: now()}
	proof := platform.Proof{Redirect: redirect}
	if e.PKCE || p.PKCE {
		proof.Verifier = verifier
	}
	x, err := p.Exchange(ctx, c, u.Query().Get("code"), proof)
	if err != nil {
		t.Fatalf("exchange: %v", err)
	}
	x.Asked = asked
	if p.Settle != nil {
		if x, err = p.Settle(ctx, c, x); err != nil {
			t.Fatalf("settle: %v", err)
		}
	}
	who, err := p.Identify(ctx, c, x)
	if err != nil {
		t.Fatalf("identify: %v", err)
	}
	if len(who) == 0 {
		t.Fatal("identify: nobody")
	}
	c.Account.ProviderID, c.Account.OwnerID, c.Tokens = who[0].ProviderID, who[0].OwnerID, who[0].Grant.Tokens
	return connected{c, p, who, x}
}

func TestRelinkConnects(t *testing.T) {
	for _, c := range []struct {
		id, server, client, secret, redirect, name string
		identities                                 int
		revokes                                    bool
	}{
		{"facebook", "", "practice", "practice-secret", callback, "Acme Shop", 3, true},
		{"linkedin", "", "practice", "practice-secret", callback, "Acme Owner", 1, false},
		{"mastodon", "https://mastodon.example", "", "", callback, "@acme-owner@mastodon.example", 1, true},
		{"oidc", "https://issuer.example", "practice", "practice-secret", "http://127.0.0.1:8421/callback", "Acme Owner", 1, true},
		{"oidc", "https://issuer.example", "practice-public", "", "http://127.0.0.1:8421/callback", "Acme Owner", 1, true},
		{"oidc", "https://issuer.example/realms/acme", "practice-public", "", "http://127.0.0.1:8421/callback", "Acme Owner", 1, true},
		{"oidc", "direct", "practice-public", "", "http://127.0.0.1:8421/callback", "Acme Owner", 1, true},
	} {
		t.Run(c.id+" "+c.client, func(t *testing.T) {
			b := newBench(t)
			net := &platform.Net{Sandbox: b.base}
			if c.server == "direct" {
				net, c.server = &platform.Net{}, b.base+"/issuer.example"
			}
			got := connect(t, b.Network, net, c.id, c.server, c.client, c.secret, c.redirect, b.clock)
			if len(got.who) != c.identities || got.who[0].Name != c.name {
				t.Errorf("identities: %d, first %q, want %d, %q", len(got.who), got.who[0].Name, c.identities, c.name)
			}
			if _, err := got.p.Verify(t.Context(), got.call); err != nil {
				t.Errorf("verify: %v", err)
			}
			if !c.revokes {
				return
			}
			if err := got.p.Revoke(t.Context(), got.call); err != nil {
				t.Errorf("revoke: %v", err)
			}
			if c.id == "oidc" {
				got.call.Tokens.Access = platform.Secret{} // revoking the refresh token ends it all
				if _, err := got.p.Refresh(t.Context(), got.call); platform.As(err, platform.KindRetry).Kind != platform.KindReconnect {
					t.Errorf("refresh after revoke: %v, want a reconnect", err)
				}
				return
			}
			if _, err := got.p.Verify(t.Context(), got.call); platform.As(err, platform.KindRetry).Kind != platform.KindReconnect {
				t.Errorf("verify after revoke: %v, want a reconnect", err)
			}
		})
	}
}

// TestSimulatedYear runs a client in simulated time, without sockets.
func TestSimulatedYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sandbox.New(sandbox.Config{})
		net := &platform.Net{Sandbox: "http://127.0.0.1:1", Transport: n.Transport()}
		n.SetLifetimes(sandbox.OIDC, sandbox.Lifetimes{Access: 24 * time.Hour, Refresh: 3 * day})
		c := connect(t, n, net, "oidc", "https://issuer.example", "practice-public", "", "http://127.0.0.1:8421/callback", time.Now)
		c.call.Tokens = c.x.Tokens
		for range 365 {
			time.Sleep(24 * time.Hour)
			x, err := c.p.Refresh(t.Context(), c.call)
			if err != nil {
				t.Fatalf("refresh at %s: %v", time.Now(), err)
			}
			c.call.Tokens = x.Tokens
		}
		if got := n.TokenRequests(sandbox.OIDC); got != 366 {
			t.Errorf("token requests: %d, want 366", got)
		}
		time.Sleep(3 * day)
		if _, err := c.p.Refresh(t.Context(), c.call); platform.As(err, platform.KindRetry).Kind != platform.KindReconnect {
			t.Errorf("refresh after three days of rest: %v, want a reconnect", err)
		}
		n.SetFault(sandbox.Fault{Platform: sandbox.OIDC, Kind: sandbox.FaultHang})
		start := time.Now()
		if _, err := c.p.Refresh(t.Context(), c.call); platform.As(err, platform.KindReconnect).Kind != platform.KindRetry {
			t.Errorf("refresh at an issuer that hangs: %v, want a retry", err)
		}
		if took := time.Since(start); took != platform.DefaultTimeout {
			t.Errorf("gave up after %v, want %v", took, platform.DefaultTimeout)
		}
	})
}
