package sandbox_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/sandbox"
)

const (
	xAuth  = "x.com/i/oauth2/authorize"
	xToken = "api.x.com/2/oauth2/token"
	xScope = "tweet.read users.read tweet.write offline.access"
)

func (b *bench) xError(what string, r reply, status int, code, says string) {
	b.t.Helper()
	if r.status != status || r.str("error") != code || !strings.Contains(r.str("error_description"), says) {
		b.t.Errorf("%s: %d %s, want %d %s", what, r.status, r.body, status, code)
	}
}

func TestX(t *testing.T) {
	b := newBench(t)
	if q := b.sign(xAuth, sandbox.Choice{}, "client_id", "practice-public", "scope", xScope); q.Get("error") != "invalid_request" || q.Get("code") != "" {
		t.Error("a request without PKCE was taken")
	}
	code := func(client string) string {
		return b.sign(xAuth, sandbox.Choice{}, "client_id", client, "scope", xScope, "code_challenge", challenge(), "code_challenge_method", "S256").Get("code")
	}
	exchange := func(client, code, verifier string, header ...string) reply {
		form := pairs("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
		if client != "" {
			form.Set("client_id", client)
		}
		return b.ask("POST", xToken, form, header...)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("practice:practice-secret"))

	b.xError("wrong verifier", exchange("practice-public", code("practice-public"), "nonsense"), 400, "invalid_request", "code verifier")
	late := code("practice-public")
	b.pass(30 * time.Second)
	b.xError("a code after 30 seconds", exchange("practice-public", late, verifier), 400, "invalid_request", "authorization code")
	b.xError("a confidential client by its id alone", exchange("practice", code("practice"), verifier), 401, "unauthorized_client", "header")
	b.xError("its secret in the body", b.post(xToken, "grant_type", "authorization_code", "client_id", "practice", "client_secret", "practice-secret", "code", code("practice"), "redirect_uri", callback, "code_verifier", verifier), 401, "unauthorized_client", "header")
	b.want("by Basic", exchange("", code("practice"), verifier, "Authorization", basic), 200)

	got := b.want("a public client", exchange("practice-public", code("practice-public"), verifier), 200)
	if got.num("expires_in") != 7200 || got.str("scope") != xScope || got.str("token_type") != "bearer" {
		t.Errorf("got %v", got.json)
	}
	refresh := func(token string) reply {
		return b.post(xToken, "grant_type", "refresh_token", "client_id", "practice-public", "refresh_token", token)
	}
	next := b.want("refresh", refresh(got.str("refresh_token")), 200)
	if next.str("refresh_token") == got.str("refresh_token") {
		t.Error("the refresh token was not replaced")
	}
	if me := b.want("me", b.get("api.x.com/2/users/me", next.str("access_token"), "user.fields", "profile_image_url"), 200).sub("data"); me.str("username") != "acme-owner" {
		t.Errorf("me: %v", me.json)
	}
	b.xError("a refresh token twice", refresh(got.str("refresh_token")), 400, "invalid_request", "token was invalid")
	b.xError("and its family with it", refresh(next.str("refresh_token")), 400, "invalid_request", "token was invalid")
	if r := b.get("api.x.com/2/users/me", next.str("access_token")); r.status != 401 || r.str("type") != "about:blank" || r.str("title") != "Unauthorized" || r.num("status") != 401 {
		t.Errorf("dead: %d %s", r.status, r.body)
	}
	b.DropScopes(sandbox.X, "offline.access")
	if got := b.want("without offline.access", exchange("practice-public", code("practice-public"), verifier), 200); got.str("refresh_token") != "" {
		t.Error("a refresh token without offline.access")
	}
}

// Who signed in is asked once: X bills it. Revoking ends both tokens.
func TestRelinkConnectsX(t *testing.T) {
	for client, secret := range map[string]string{"practice": "practice-secret", "practice-public": ""} {
		b := newBench(t)
		c := connect(t, b.Network, &platform.Net{Sandbox: b.base}, "x", "", client, secret, callback, b.clock)
		if len(c.who) != 1 || c.who[0].Handle != "@acme-owner" || c.call.Tokens.Refresh.IsZero() {
			t.Fatalf("%s: got %+v", client, c.who)
		}
		x, err := c.p.Refresh(t.Context(), c.call)
		if err != nil || x.Tokens.Refresh == c.call.Tokens.Refresh {
			t.Fatalf("%s: refresh: %v", client, err)
		}
		c.call.Tokens = x.Tokens
		reads := 0
		for _, e := range b.Log() {
			if strings.HasPrefix(e.Path, "/2/users") {
				reads++
			}
		}
		if reads != 1 || c.p.Verify != nil {
			t.Errorf("%s: asked who it is %d times, want once", client, reads)
		}
		if err := c.p.Revoke(t.Context(), c.call); err != nil {
			t.Fatalf("%s: revoke: %v", client, err)
		}
		if r := b.get("api.x.com/2/users/me", c.call.Tokens.Access.Reveal()); r.status != 401 {
			t.Errorf("%s: the access token works on", client)
		}
		if _, err := c.p.Refresh(t.Context(), c.call); platform.KindOf(err) != platform.KindReconnect {
			t.Errorf("%s: refresh after revoking: %v", client, err)
		}
	}
}
