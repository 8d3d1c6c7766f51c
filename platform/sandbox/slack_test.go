package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestSlackStrict(t *testing.T) {
	b := newBench(t)
	page := func(pairs ...string) string {
		v := params("client_id", "practice", "response_type", "code", "redirect_uri", "https://relink.internal:27466/callback", "scope", "chat:write", "state", "s")
		for k, s := range params(pairs...) {
			v[k] = s
		}
		return b.ask(http.MethodGet, "slack.com/oauth/v2/authorize?"+v.Encode(), nil).body
	}
	for name, c := range map[string]struct {
		pairs []string
		says  string
	}{
		"http":                 {[]string{"redirect_uri", "http://localhost:27465/callback"}, "not one this app may use"},
		"unknown scope":        {[]string{"scope", "chat:write,everything"}, "Invalid permissions requested"},
		"no scope":             {[]string{"scope", ""}, "No scopes requested"},
		"PKCE without being":   {[]string{"code_challenge", strings.Repeat("a", 43), "code_challenge_method", "S256"}, "does not use PKCE"},
		"bot scopes with PKCE": {[]string{"client_id", "practice-public", "code_challenge", strings.Repeat("a", 43), "code_challenge_method", "S256"}, "cannot request bot scopes"},
	} {
		if got := page(c.pairs...); !strings.Contains(got, c.says) {
			t.Errorf("%s: the page lacks %q", name, c.says)
		}
	}
	for name, c := range map[string]struct {
		pairs []string
		says  string
	}{
		"unknown code":    {[]string{"client_id", "practice", "client_secret", "practice-secret", "code", "none"}, "invalid_code"},
		"wrong secret":    {[]string{"client_id", "practice", "client_secret", "guess", "code", "none"}, "invalid_client_id"},
		"unknown refresh": {[]string{"client_id", "practice", "client_secret", "practice-secret", "grant_type", "refresh_token", "refresh_token", "none"}, "invalid_refresh_token"},
	} {
		if r := b.ask(http.MethodPost, "slack.com/api/oauth.v2.access", params(c.pairs...)); r.status != 200 || r.str("error") != c.says {
			t.Errorf("%s: %d %q, want %q inside a 200", name, r.status, r.str("error"), c.says)
		}
	}
	if r := b.ask(http.MethodPost, "slack.com/api/auth.test", params(), "Authorization", "Bearer xoxb-none"); r.status != 200 || r.str("error") != "invalid_auth" {
		t.Errorf("an unknown token: %d %q", r.status, r.str("error"))
	}
}

func TestSlackLife(t *testing.T) {
	public := platform.App{ID: "practice-public", Redirect: "http://localhost:27465/callback"}
	for name, c := range map[string]struct {
		r        signin.Request
		rotation bool
		id, kind string
	}{
		"bot":                   {signin.Request{App: app}, false, "T10000001/UB10000001", "bot"},
		"bot with rotation":     {signin.Request{App: app}, true, "T10000001/UB10000001", "bot"},
		"person":                {signin.Request{App: public}, false, "T10000001/U10000001", "person"},
		"person, with rotation": {signin.Request{App: public}, true, "T10000001/U10000001", "person"},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, "slack", func(s *simulated) {
				if c.rotation {
					s.SetLifetimes("slack", sandbox.Lifetimes{Access: 12 * time.Hour, Refresh: 30 * day})
				}
				got := s.must(c.r)
				who := got.Identities[0]
				if who.ProviderID != c.id || who.Kind != c.kind || !strings.HasSuffix(who.Name, " in Acme Owner's team") || who.Avatar == "" || who.Grant.TokenType != "Bearer" {
					s.t.Errorf("identity: %+v", who)
				}
				if !slices.Contains(who.Grant.Scopes, "chat:write") {
					s.t.Errorf("scopes: %v", who.Grant.Scopes)
				}
				call := s.call(got, 0)
				if v := s.verify("at once", call); !slices.Contains(v.Scopes, "channels:history") {
					s.t.Errorf("verdict: %+v", v)
				}
				s.outages(call)
				s.people(c.r, got, 0)
				s.missing(c.r, "channels:read")
				if !c.rotation {
					s.accessClock(who.Grant, platform.SourceNever, 0)
					if who.Grant.Refreshable {
						s.t.Error("a refresh token without rotation")
					}
				} else {
					s.accessClock(s.must(c.r).Identities[0].Grant, platform.SourceProvider, 12*time.Hour)
					if k := who.Grant.Clock(platform.ClockRefresh); k.Ends() != (c.kind == "person") || k.Ends() && k.At.Sub(k.Since) != 30*day {
						s.t.Errorf("refresh clock: %+v", k)
					}
					time.Sleep(12 * time.Hour)
					_, err := s.p.Verify(s.t.Context(), call)
					s.want("ended", err, platform.KindRefresh, call.Tokens.Access)
					old := call.Tokens.Refresh
					call.Now = time.Now()
					x, err := s.p.Refresh(s.t.Context(), call)
					if err != nil || x.Tokens.Refresh == old || len(x.Clocks) == 0 {
						s.t.Fatalf("refresh: %v, %+v", err, x.Clocks)
					}
					call.Tokens = x.Tokens
					s.verify("renewed", call)
					again := call
					again.Tokens.Refresh = old
					_, err = s.p.Refresh(s.t.Context(), again)
					s.want("a refresh token twice", err, platform.KindReconnect, old)
					call = s.call(s.must(c.r), 0)
				}
				if err := s.p.Revoke(s.t.Context(), call); err != nil {
					s.t.Fatal(err)
				}
				_, err := s.p.Verify(s.t.Context(), call)
				if e := s.want("revoked", err, platform.KindReconnect, call.Tokens.Access); e.Code != "token_revoked" {
					s.t.Errorf("revoked: %s", e.Code)
				}
			})
		})
	}
}
