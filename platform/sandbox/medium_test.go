package sandbox_test

import (
	"net/http"
	"testing"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestMediumLife(t *testing.T) {
	simulate(t, "medium", func(s *simulated) {
		got := s.must(s.credential(signin.Request{}, "", ""))
		who := got.Identities[0]
		if !s.p.Legacy || who.ProviderID != "510000001" || who.Handle != "@acme-owner" || who.Avatar == "" {
			s.t.Errorf("identity: %+v", who)
		}
		s.accessClock(who.Grant, platform.SourceNever, 0)
		c := s.call(got, 0)
		s.outages(c)
		s.handed(signin.Request{}, "", got)
		for _, bad := range []string{" ", "two words"} {
			_, err := s.connect(signin.Request{Secret: platform.NewSecret(bad)}, sandbox.Choice{})
			s.want("not a token", err, platform.KindUsage)
		}
		_, err := s.connect(signin.Request{Secret: platform.NewSecret("never-made")}, sandbox.Choice{})
		s.want("an unknown token", err, platform.KindReconnect)
		s.Revoke(sandbox.Selection{Platform: "medium"}, "")
		_, err = s.p.Verify(s.t.Context(), c)
		s.want("revoked", err, platform.KindReconnect, c.Tokens.Access)
	})
}

func TestMediumStrict(t *testing.T) {
	b := newBench(t)
	_, token := b.Credential("medium", "")
	if r := b.ask(http.MethodPost, "api.medium.com/v1/users/510000001/posts", params("title", "Hello"), "Authorization", "Bearer "+token); r.status != 400 {
		t.Errorf("a post without a format: %d", r.status)
	}
	if r := b.ask(http.MethodGet, "api.medium.com/v1/me", nil, "Authorization", "Basic "+token); r.status != 401 {
		t.Errorf("another scheme: %d", r.status)
	}
}
