package sandbox_test

import (
	"net/http"
	"testing"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestDribbbleStrict(t *testing.T) {
	b := newBench(t)
	if r := b.ask(http.MethodPost, "dribbble.com/oauth/token", params("grant_type", "refresh_token", "refresh_token", "x", "client_id", "practice", "client_secret", "practice-secret")); r.str("error") != "unsupported_grant_type" {
		t.Errorf("a refresh: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodPost, "dribbble.com/oauth/token", params("code", "none", "client_id", "practice", "client_secret", "guess")); r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("a wrong secret: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, "api.dribbble.com/v2/user", nil, "Authorization", "Bearer none"); r.status != 401 || r.str("message") != "Bad credentials." {
		t.Errorf("an unknown token: %d %s", r.status, r.body)
	}
}

func TestDribbbleLife(t *testing.T) {
	simulate(t, "dribbble", func(s *simulated) {
		r := signin.Request{App: app}
		got := s.must(r)
		who := got.Identities[0]
		if who.ProviderID != "10000001" || who.Handle != "@acme-owner" || who.Avatar == "" || who.Grant.Refreshable {
			s.t.Errorf("identity: %+v", who)
		}
		s.accessClock(who.Grant, platform.SourceNever, 0)
		c := s.call(got, 0)
		s.outages(c)
		s.people(r, got, 0)
		s.missing(r, "upload")
		s.Revoke(sandbox.Selection{Platform: "dribbble"}, "")
		_, err := s.p.Verify(s.t.Context(), c)
		s.want("revoked", err, platform.KindReconnect, c.Tokens.Access)
	})
}
