package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
)

func TestTumblrStrict(t *testing.T) {
	b := newBench(t)
	v := params("grant_type", "refresh_token", "refresh_token", "none", "client_id", "practice", "client_secret", "practice-secret")
	named := []string{"User-Agent", "relink (desktop; token keeper)"}
	if r := b.ask(http.MethodPost, "api.tumblr.com/v2/oauth2/token", v); r.status != 403 {
		t.Errorf("without a User-Agent of its own: %d", r.status)
	}
	if r := b.ask(http.MethodPost, "api.tumblr.com/v2/oauth2/token", v, named...); r.status != 401 || r.sub("meta").num("status") != 401 {
		t.Errorf("an unknown refresh token: %d %s", r.status, r.body)
	}
	v.Del("client_secret")
	if r := b.ask(http.MethodPost, "api.tumblr.com/v2/oauth2/token", v, named...); r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("without the secret: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, "api.tumblr.com/v2/user/info", nil, append(named, "Authorization", "Bearer none")...); r.status != 401 || r.sub("meta").str("msg") != "Unauthorized" {
		t.Errorf("an unknown token: %d %s", r.status, r.body)
	}
}

func TestTumblrLife(t *testing.T) {
	simulate(t, "tumblr", func(s *simulated) {
		r := signin.Request{App: app}
		got := s.must(r)
		if len(got.Identities) != 2 {
			s.t.Fatalf("%d blogs", len(got.Identities))
		}
		shop, blog := got.Identities[0], got.Identities[1]
		if shop.ProviderID != "t:3520100001" || shop.Name != "Acme Shop" || shop.Handle != "@acme-shop" || shop.Kind != "blog" ||
			shop.OwnerID != "t:3520100001" || blog.OwnerID != shop.OwnerID || blog.Grant.Tokens.Refresh != shop.Grant.Tokens.Refresh {
			s.t.Errorf("identities: %+v", got.Identities)
		}
		s.accessClock(shop.Grant, platform.SourceProvider, 42*time.Minute)
		c := s.call(got, 0)
		s.outages(c)
		s.people(r, got, 1)
		s.missing(r, "write")
		for _, e := range s.Log() {
			if e.Agent != platform.UserAgent && strings.HasPrefix(e.Path, "/v2") {
				s.t.Errorf("User-Agent %q", e.Agent)
			}
		}
		time.Sleep(time.Hour)
		_, err := s.p.Verify(s.t.Context(), c)
		s.want("ended", err, platform.KindRefresh, c.Tokens.Access)
		old := c.Tokens.Refresh
		x, err := s.p.Refresh(s.t.Context(), c)
		if err != nil || x.Tokens.Refresh == old {
			s.t.Fatalf("refresh: %v", err)
		}
		c.Tokens = x.Tokens
		s.verify("renewed", c)
		c.Tokens.Refresh = old
		_, err = s.p.Refresh(s.t.Context(), c)
		s.want("a refresh token twice", err, platform.KindReconnect, old)

		s.DropScopes("tumblr", "offline_access")
		if g := s.must(r).Identities[0].Grant; g.Refreshable {
			s.t.Error("a refresh token without offline_access")
		}
	})
}
