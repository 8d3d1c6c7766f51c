package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestWordPressComStrict(t *testing.T) {
	b := newBench(t)
	at := "public-api.wordpress.com"
	if r := b.ask(http.MethodPost, at+"/oauth2-1/register", params("client_name", "x", "redirect_uris", callback)); r.status != 400 || r.str("error") != "invalid_client_metadata" {
		t.Errorf("a registration that is no JSON: %d %s", r.status, r.body)
	}
	for name, c := range map[string]struct{ path, says string }{
		"2.1 without PKCE":         {"/oauth2-1/authorize?client_id=practice&response_type=code&redirect_uri=" + callback, "wants PKCE"},
		"a client nobody knows":    {"/oauth2/authorize?client_id=who&response_type=code&redirect_uri=" + callback, "not known here"},
		"2.1 with an unknown name": {"/oauth2-1/authorize?code_challenge=x&client_id=who&response_type=code&redirect_uri=" + callback, "not known here"},
	} {
		if r := b.ask(http.MethodGet, at+c.path, nil); !strings.Contains(r.body, c.says) {
			t.Errorf("%s: the page lacks %q", name, c.says)
		}
	}
	code := params("grant_type", "authorization_code", "code", "none", "client_id", "practice")
	if r := b.ask(http.MethodPost, at+"/oauth2/token", code); r.str("error") != "invalid_client" {
		t.Errorf("classic without the secret: %d %s", r.status, r.body)
	}
	code.Set("client_secret", "practice-secret")
	if r := b.ask(http.MethodPost, at+"/oauth2/token", code); r.str("error") != "invalid_grant" {
		t.Errorf("classic with an unknown code: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodPost, at+"/oauth2-1/token-info", params("token", "none", "client_id", "practice", "client_secret", "practice-secret")); r.status != 200 || r.json["active"] != false {
		t.Errorf("introspect an unknown token: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, at+"/oauth2/token-info?token=none&client_id=practice", nil); r.status != 400 || r.str("error") != "invalid_token" {
		t.Errorf("classic token-info: %d %s", r.status, r.body)
	}
}

func TestWordPressComLife(t *testing.T) {
	simulate(t, "wordpresscom", func(s *simulated) {
		r := signin.Request{}
		got := s.must(r)
		if !got.App.Self || !got.App.Secret.IsZero() || got.App.ID == "" {
			s.t.Errorf("registration: %+v", got.App)
		}
		if len(got.Identities) != 2 {
			s.t.Fatalf("%d sites", len(got.Identities))
		}
		shop, blog := got.Identities[0], got.Identities[1]
		if shop.ProviderID != "3620100001" || shop.Handle != "acme-shop.wordpress.com" || shop.Kind != "site" || shop.OwnerID != "10000001" || blog.OwnerID != shop.OwnerID ||
			blog.Grant.Tokens.Refresh != shop.Grant.Tokens.Refresh {
			s.t.Errorf("identities: %+v", got.Identities)
		}
		s.accessClock(shop.Grant, platform.SourceProvider, 14*day)
		c := s.call(got, 1)
		if v := s.verify("at once", c); len(v.Clocks) != 1 || v.Clocks[0].Source != platform.SourceIntrospected || len(v.Scopes) != 6 {
			s.t.Errorf("verdict: %+v", v)
		}
		s.outages(c)
		s.people(r, got, 1)
		s.missing(r, "stats")

		// Refresh tokens are the registration's: it is kept, whatever port is free.
		again, err := signin.Start(s.t.Context(), signin.Config{Net: s.net, Port: 4711}, signin.Request{Platform: s.p, App: got.App, NoListener: true})
		if err != nil {
			s.t.Fatal(err)
		}
		again.Cancel()
		if again.App.ID != got.App.ID || again.Redirect != got.App.Redirect {
			s.t.Errorf("Relink registered itself a second time, for %s after %s", again.Redirect, got.App.Redirect)
		}
		time.Sleep(15 * day)
		_, err = s.p.Verify(s.t.Context(), c)
		s.want("ended", err, platform.KindRefresh, c.Tokens.Access)
		old := c.Tokens.Refresh
		c.Now = time.Now()
		x, err := s.p.Refresh(s.t.Context(), c)
		if err != nil || x.Tokens.Refresh == old {
			s.t.Fatalf("refresh: %v", err)
		}
		c.Tokens = x.Tokens
		s.verify("renewed", c)
		if err := s.p.Revoke(s.t.Context(), c); err != nil {
			s.t.Fatal(err)
		}
		_, err = s.p.Refresh(s.t.Context(), c)
		s.want("refresh after revoke", err, platform.KindReconnect)

		s.Reset() // the server forgets the registration
		_, err = s.p.Refresh(s.t.Context(), c)
		s.want("a forgotten registration", err, platform.KindConfig)
		if anew := s.must(signin.Request{App: got.App}); anew.App.ID == got.App.ID {
			s.t.Error("a forgotten registration was used again")
		}
	})
}

func TestWordPressComClassic(t *testing.T) {
	simulate(t, "wordpresscom", func(s *simulated) {
		r := signin.Request{App: app}
		got := s.must(r)
		who := got.Identities[0]
		if got.App.Self || len(got.Identities) != 1 || who.ProviderID != "3620100001" || who.Grant.Refreshable {
			s.t.Errorf("identities: %+v", got.Identities)
		}
		// Nobody knows an end, and none is promised.
		if clock := who.Grant.Clock(platform.ClockAccess); clock.Source != platform.SourceAssumed || clock.Ends() {
			s.t.Errorf("access clock: %+v", clock)
		}
		account, stored := platform.Account{Platform: "wordpresscom", ProviderID: who.ProviderID}, who.Grant
		stored.Generation = 1
		if left := platform.Assess(account, stored, time.Now()).Left(time.Now()); left != "end unknown" {
			s.t.Errorf("left: %q", left)
		}
		c := s.call(got, 0)
		s.verify("at once", c)
		s.outages(c)
		s.people(r, got, 0)
		s.want("revoke", s.p.Revoke(s.t.Context(), c), platform.KindPolicy)
		s.Revoke(sandbox.Selection{Platform: "wordpresscom"}, "")
		_, err := s.p.Verify(s.t.Context(), c)
		if e := s.want("revoked", err, platform.KindReconnect, c.Tokens.Access); !e.Definite {
			s.t.Error("asked about the very token, the answer is not certain")
		}

		// An end that is stated is believed.
		s.SetLifetimes("wordpresscom", sandbox.Lifetimes{Page: 14 * day})
		s.accessClock(s.must(r).Identities[0].Grant, platform.SourceProvider, 14*day)
	})
}
