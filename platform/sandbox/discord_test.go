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

func TestDiscordStrict(t *testing.T) {
	b := newBench(t)
	v := params("grant_type", "refresh_token", "refresh_token", "none", "client_id", "practice", "client_secret", "practice-secret")
	if r := b.ask(http.MethodPost, "discord.com/api/oauth2/token", v, "Content-Type", "application/json"); r.status != 400 || r.str("error") == "invalid_grant" {
		t.Errorf("JSON was taken: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodPost, "discord.com/api/oauth2/token", v); r.str("error") != "invalid_grant" {
		t.Errorf("a form: %d %s", r.status, r.body)
	}
	v.Set("client_secret", "guess")
	if r := b.ask(http.MethodPost, "discord.com/api/v10/oauth2/token", v); r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("a wrong secret: %d", r.status)
	}
	_, address := b.Credential("discord", "")
	at := strings.TrimPrefix(address, "https://")
	if r := b.ask(http.MethodGet, at, nil); r.status != 200 || r.str("channel_id") != "3820100001" {
		t.Errorf("webhook: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, at+"x", nil); r.status != 401 || r.num("code") != 50027 {
		t.Errorf("a wrong webhook token: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, strings.Replace(at, "/webhooks/9", "/webhooks/8", 1), nil); r.status != 404 || r.num("code") != 10015 {
		t.Errorf("a wrong webhook id: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, "discord.com/api/v10/oauth2/@me", nil, "Authorization", "Bot x"); r.status != 401 {
		t.Errorf("a bot at @me: %d", r.status)
	}
	secret := address[strings.LastIndex(address, "/")+1:]
	for _, e := range b.Log() {
		if strings.Contains(e.Path, secret) {
			t.Error("the webhook's token is in the log")
		}
	}
}

func TestDiscordWebhook(t *testing.T) {
	simulate(t, "discord", func(s *simulated) {
		r := s.credential(signin.Request{}, "", "")
		address := r.Secret
		r.Secret = platform.NewSecret(strings.Replace(address.Reveal(), "discord.com/api", "ptb.discordapp.com/api/v10", 1) + "/ ")
		got := s.must(r)
		who := got.Identities[0]
		if who.ProviderID != "3820100001" || who.Kind != "channel" || who.Name != "Acme Shop" || who.Grant.TokenType != "Webhook" || who.Grant.Tokens.Access != address {
			s.t.Errorf("identity: %+v", who)
		}
		s.accessClock(who.Grant, platform.SourceNever, 0)
		c := s.call(got, 0)
		s.verify("at once", c)
		s.outages(c)
		s.handed(signin.Request{}, "", got)
		for _, bad := range []string{"https://evil.example/api/webhooks/1/x", "http://discord.com/api/webhooks/1/x", "https://discord.com/api/webhooks/1", "word"} {
			_, err := s.connect(signin.Request{Secret: platform.NewSecret(bad)}, sandbox.Choice{})
			s.want(bad, err, platform.KindUsage, platform.NewSecret(bad))
		}
		if err := s.p.Revoke(s.t.Context(), c); err != nil {
			s.t.Fatal(err)
		}
		_, err := s.p.Verify(s.t.Context(), c)
		if e := s.want("deleted", err, platform.KindReconnect, address); e.Code != "10015" || e.Message != "The webhook was deleted in Discord" {
			s.t.Errorf("deleted: %s %q", e.Code, e.Message)
		}
		// A new webhook in the same channel is the same account.
		s.handed(signin.Request{}, "", got)
	})
}

func TestDiscordBot(t *testing.T) {
	simulate(t, "discord", func(s *simulated) {
		got := s.must(signin.Request{Secret: platform.NewSecret("10000001.practice.bot")})
		who := got.Identities[0]
		if who.ProviderID != "910000001" || who.Kind != "bot" || who.Grant.TokenType != "Bot" {
			s.t.Errorf("identity: %+v", who)
		}
		c := s.call(got, 0)
		s.verify("at once", c)
		s.want("revoke", s.p.Revoke(s.t.Context(), c), platform.KindPolicy)
		c.Tokens.Access = platform.NewSecret("10000001.replaced.bot")
		_, err := s.p.Verify(s.t.Context(), c)
		s.want("replaced", err, platform.KindRefresh)
	})
}

func TestDiscordLife(t *testing.T) {
	for _, r := range []signin.Request{{App: app}, {App: platform.App{ID: "practice-public"}}} {
		simulate(t, "discord", func(s *simulated) {
			got := s.must(r)
			if len(got.Identities) != 2 || got.Identities[0].Kind != "channel" || got.Identities[0].OwnerID != "10000001" || got.Identities[1].Kind != "person" {
				s.t.Fatalf("identities: %+v", got.Identities)
			}
			channel, person := got.Identities[0].Grant, got.Identities[1].Grant
			s.accessClock(channel, platform.SourceNever, 0)
			if !channel.Tokens.Refresh.IsZero() || !person.Tokens.Owner.IsZero() || channel.Refreshable || !person.Refreshable {
				s.t.Error("the webhook and the sign-in are mixed up")
			}
			s.accessClock(person, platform.SourceProvider, 7*day)
			s.verify("webhook", s.call(got, 0))
			c := s.call(got, 1)
			time.Sleep(day)
			if v := s.verify("a day later", c); len(v.Clocks) != 1 || (time.Until(v.Clocks[0].At)-6*day).Abs() > time.Second || len(v.Scopes) != 3 {
				s.t.Errorf("verdict: %+v", v)
			}
			s.outages(c)
			s.people(r, got, 1)
			s.missing(r, "guilds")
			time.Sleep(7 * day)
			_, err := s.p.Verify(s.t.Context(), c)
			s.want("ended", err, platform.KindRefresh, c.Tokens.Access)
			old := c.Tokens.Refresh
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
			s.verify("the webhook after revoke", s.call(got, 0))
		})
	}
}
