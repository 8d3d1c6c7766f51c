package sandbox_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestTwitchStrict(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name string
		form map[string]string
		says string
	}{
		{"scope instead of scopes", map[string]string{"client_id": "practice-public", "scope": "user:write:chat"}, "missing scopes"},
		{"no client", map[string]string{"scopes": ""}, "invalid client"},
		{"an unknown scope", map[string]string{"client_id": "practice-public", "scopes": "everything"}, "invalid scope requested: 'everything'"},
	} {
		v := params()
		for k, s := range c.form {
			v.Set(k, s)
		}
		if r := b.ask(http.MethodPost, "id.twitch.tv/oauth2/device", v); r.status != 400 || r.str("message") != c.says {
			t.Errorf("%s: %d %q", c.name, r.status, r.str("message"))
		}
	}
	start := b.ask(http.MethodPost, "id.twitch.tv/oauth2/device", params("client_id", "practice-public", "scopes", "user:write:chat"))
	poll := params("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", "practice-public", "device_code", start.str("device_code"))
	if r := b.ask(http.MethodPost, "id.twitch.tv/oauth2/token", poll); r.str("message") != "missing scopes" {
		t.Errorf("poll without scopes: %q", r.str("message"))
	}
	poll.Set("scopes", "user:write:chat")
	if r := b.ask(http.MethodPost, "id.twitch.tv/oauth2/token", poll); r.status != 400 || r.str("message") != "authorization_pending" || r.str("error") != "" {
		t.Errorf("poll: %d %s", r.status, r.body)
	}
	if err := b.Approve(t.Context(), nil, start.str("verification_uri"), sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	b.pass(time.Minute)
	got := b.ask(http.MethodPost, "id.twitch.tv/oauth2/token", poll)
	if list, ok := got.json["scope"].([]any); got.status != 200 || !ok || len(list) != 1 || got.str("token_type") != "bearer" {
		t.Fatalf("token: %d, scope %v", got.status, got.json["scope"])
	}
	bearer := []string{"Authorization", "Bearer " + got.str("access_token")}
	if r := b.ask(http.MethodGet, "api.twitch.tv/helix/users", nil, bearer...); r.status != 401 || r.str("message") != "Client ID is missing" {
		t.Errorf("without Client-Id: %d %q", r.status, r.str("message"))
	}
	if r := b.ask(http.MethodGet, "api.twitch.tv/helix/users", nil, append(bearer, "Client-Id", "practice")...); r.status != 401 {
		t.Errorf("with another Client-Id: %d", r.status)
	}
	refresh := params("grant_type", "refresh_token", "client_id", "practice-public", "refresh_token", got.str("refresh_token"))
	if r := b.ask(http.MethodPost, "id.twitch.tv/oauth2/token", refresh); r.status != 200 || r.str("refresh_token") == got.str("refresh_token") {
		t.Errorf("refresh: %d", r.status)
	}
	if r := b.ask(http.MethodPost, "id.twitch.tv/oauth2/token", refresh); r.status != 400 || r.str("message") != "Invalid refresh token" {
		t.Errorf("the same refresh token again: %d %q", r.status, r.str("message"))
	}
}

func TestTwitchLife(t *testing.T) {
	simulate(t, "twitch", func(s *simulated) {
		r := signin.Request{App: platform.App{ID: "practice-public"}}
		got := s.must(r)
		who := got.Identities[0]
		if who.ProviderID != "10000001" || who.Handle != "@acme-owner" || who.Name != "Acme Owner" || who.Avatar == "" {
			s.t.Errorf("identity: %+v", who)
		}
		s.accessClock(who.Grant, platform.SourceProvider, 4*time.Hour)
		if c := who.Grant.Clock(platform.ClockRefresh); c.Source != platform.SourceAssumed || c.At.Sub(c.Since) != 30*day {
			s.t.Errorf("refresh clock: %+v", c)
		}
		c := s.call(got, 0)
		time.Sleep(time.Hour)
		v := s.verify("an hour later", c)
		if len(v.Clocks) != 1 || v.Clocks[0].Source != platform.SourceIntrospected || (time.Until(v.Clocks[0].At)-3*time.Hour).Abs() > time.Second ||
			!slices.Contains(v.Scopes, "user:write:chat") {
			s.t.Errorf("verdict: %+v", v)
		}
		s.outages(c)
		s.people(r, got, 0)
		s.missing(r, "moderator:read:followers")

		time.Sleep(4 * time.Hour)
		_, err := s.p.Verify(s.t.Context(), c)
		s.want("an access token that has ended", err, platform.KindRefresh, c.Tokens.Access)
		old := c.Tokens.Refresh
		x, err := s.p.Refresh(s.t.Context(), c)
		if err != nil || x.Tokens.Refresh == old || len(x.Scopes) != 3 {
			s.t.Fatalf("refresh: %v, scopes %v", err, x.Scopes)
		}
		c.Tokens = x.Tokens
		s.verify("renewed", c)
		c.Tokens.Refresh = old
		_, err = s.p.Refresh(s.t.Context(), c)
		s.want("a refresh token twice", err, platform.KindReconnect, old)

		got = s.must(r)
		c = s.call(got, 0)
		if err := s.p.Revoke(s.t.Context(), c); err != nil {
			s.t.Fatal(err)
		}
		_, err = s.p.Verify(s.t.Context(), c)
		s.want("verify after revoke", err, platform.KindRefresh)
		_, err = s.p.Refresh(s.t.Context(), c)
		s.want("refresh after revoke", err, platform.KindReconnect)
	})
}

func TestTwitchDeclined(t *testing.T) {
	simulate(t, "twitch", func(s *simulated) {
		r := signin.Request{App: platform.App{ID: "practice-public"}}
		_, err := s.connect(r, sandbox.Choice{Deny: true})
		s.want("declined", err, platform.KindCancelled)
		a, err := signin.Start(s.t.Context(), signin.Config{Net: s.net}, signin.Request{Platform: s.p, App: r.App})
		if err != nil {
			s.t.Fatal(err)
		}
		if a.UserCode == "" || a.Redirect != "" {
			s.t.Errorf("user code %q, redirect %q", a.UserCode, a.Redirect)
		}
		_, err = a.Wait(s.t.Context()) // nobody types the code
		s.want("nobody came", err, platform.KindTimeout)
		s.SetStrictApps("twitch", true)
		_, err = s.connect(signin.Request{App: platform.App{ID: "no such app"}}, sandbox.Choice{})
		s.want("an unknown app", err, platform.KindConfig)
	})
}
