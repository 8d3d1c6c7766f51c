package sandbox_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestTelegramStrict(t *testing.T) {
	b := newBench(t)
	_, token := b.Credential("telegram", "")
	for _, c := range []struct {
		path   string
		status int
	}{
		{"bot" + token + "/getMe", 200}, {"bot" + token + "/getme", 200}, {"bot" + token + "x/getMe", 401}, {"botno-token/getMe", 404},
		{token + "/getMe", 404}, {"bot" + token + "/getYou", 404}, {"bot" + token + "/sendMessage", 400},
	} {
		r := b.ask(http.MethodPost, "api.telegram.org/"+c.path, params("chat_id", "1", "text", "hello"))
		if ok, _ := r.json["ok"].(bool); r.status != c.status || ok != (c.status == 200) || !ok && r.num("error_code") != c.status {
			t.Errorf("%s: %d %v", strings.ReplaceAll(c.path, token, "TOKEN"), r.status, r.json["description"])
		}
	}
	if r := b.ask(http.MethodPost, "api.telegram.org/bot"+token+"/sendMessage", params("chat_id", "@acme-shop", "text", "hello")); r.status != 200 || len(b.Posts()) != 1 {
		t.Errorf("publish: %d", r.status)
	}
	for _, e := range b.Log() {
		if strings.Contains(e.Path, token) {
			t.Errorf("the token is in the log: %s", strings.ReplaceAll(e.Path, token, "TOKEN"))
		}
	}
}

func TestTelegramLife(t *testing.T) {
	simulate(t, "telegram", func(s *simulated) {
		got := s.must(s.credential(signin.Request{}, "", ""))
		who := got.Identities[0]
		if who.ProviderID != "710000001" || who.Handle != "@acme_owner_bot" || who.Name != "Acme Owner bot" || who.Avatar != "" || who.Grant.TokenType != "Bot" {
			s.t.Errorf("identity: %+v", who)
		}
		s.accessClock(who.Grant, platform.SourceNever, 0)
		c := s.call(got, 0)
		token := c.Tokens.Access
		s.verify("at once", c)
		s.outages(c)
		s.handed(signin.Request{}, "", got)

		// Whatever goes wrong, the token in the address stays out of the error.
		for _, f := range []sandbox.Fault{{Kind: sandbox.FaultDrop}, {Kind: sandbox.FaultHang}, {Kind: sandbox.FaultHuge}, {Kind: sandbox.FaultGarbage}, {Kind: sandbox.FaultStatus, Status: 404}} {
			s.SetFault(f)
			_, err := s.p.Verify(s.t.Context(), c)
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), token.Reveal()) || strings.Contains(e.Error(), "api.telegram") {
					s.t.Errorf("%s: the address is in the error", f.Kind)
				}
			}
			s.ClearFaults("")
		}
		for _, bad := range []string{"no token", "123", "123:", ":abc", "123:abc/../getMe", "123:a b"} {
			_, err := s.connect(signin.Request{Secret: platform.NewSecret(bad)}, sandbox.Choice{})
			s.want("not a token", err, platform.KindUsage, platform.NewSecret(bad))
		}
		_, err := s.connect(signin.Request{}, sandbox.Choice{})
		s.want("nothing handed over", err, platform.KindUsage)

		s.Revoke(sandbox.Selection{Platform: "telegram", Account: "Acme Owner"}, "")
		_, err = s.p.Verify(s.t.Context(), c)
		if e := s.want("revoked", err, platform.KindReconnect, token); e.Message != "The bot's token was replaced, or the bot was deleted" {
			s.t.Errorf("revoked: %q", e.Message)
		}
		s.handed(signin.Request{}, "", got)
	})
}
