package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"relink/platform/sandbox"
)

// server is a registered app on a Mastodon server.
type server struct {
	*bench
	host, id, secret string
}

func (b *bench) register(host, scopes string, redirects ...string) server {
	b.t.Helper()
	form := pairs("client_name", "Test", "scopes", scopes)
	form["redirect_uris[]"] = redirects
	r := b.want("register", b.ask(http.MethodPost, host+"/api/v1/apps", form), 200)
	if r.str("client_id") == "" || r.str("client_secret") == "" || r.num("client_secret_expires_at") != 0 {
		b.t.Fatal("register: no client")
	}
	return server{b, host, r.str("client_id"), r.str("client_secret")}
}

func (s server) code(scope string, more ...string) string {
	s.t.Helper()
	v := s.sign(s.host+"/oauth/authorize", sandbox.Choice{}, append([]string{"client_id", s.id, "scope", scope}, more...)...)
	return v.Get("code")
}

func (s server) token(code string, more ...string) reply {
	s.t.Helper()
	form := pairs("grant_type", "authorization_code", "code", code, "client_id", s.id, "client_secret", s.secret, "redirect_uri", callback)
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return s.ask(http.MethodPost, s.host+"/oauth/token", form)
}

func TestMastodonWhole(t *testing.T) {
	b := newBench(t)
	meta := b.want("metadata", b.ask(http.MethodGet, "mastodon.example/.well-known/oauth-authorization-server", nil), 200)
	if got := anyStrings(meta.json["code_challenge_methods_supported"]); len(got) != 1 || got[0] != "S256" || meta.str("token_endpoint") != b.base+"/mastodon.example/oauth/token" {
		t.Errorf("metadata: %s", meta.body)
	}
	s := b.register("mastodon.example", "read:accounts write:statuses", callback)
	r := b.want("token", s.token(s.code("read:accounts write:statuses")), 200)
	if r.json["expires_in"] != nil || r.json["refresh_token"] != nil || int64(r.num("created_at")) != b.clock().Unix() || r.str("scope") != "read:accounts write:statuses" {
		t.Error("token answer: want created_at and scope, neither expires_in nor refresh_token")
	}
	token := r.str("access_token")
	b.pass(3000 * day)
	who := b.want("verify", b.get("mastodon.example/api/v1/accounts/verify_credentials", token), 200)
	if who.str("acct") != "acme-owner" || who.str("display_name") != "Acme Owner" {
		t.Errorf("verify_credentials: %s", who.body)
	}
	app := b.want("app", b.get("mastodon.example/api/v1/apps/verify_credentials", token), 200)
	if app.str("name") != "Test" || app.json["client_secret"] != nil {
		t.Errorf("apps/verify_credentials: want the name and no secret")
	}

	status := func(text, key string) reply {
		return b.ask(http.MethodPost, "mastodon.example/api/v1/statuses", pairs("status", text), "Authorization", "Bearer "+token, "Idempotency-Key", key)
	}
	first := b.want("status", status("Hello", "k1"), 200)
	if again := status("Hello", "k1"); again.str("id") != first.str("id") || len(b.Posts()) != 1 {
		t.Error("the same Idempotency-Key posted twice")
	}
	if other := status("Hello", "k2"); other.str("id") == first.str("id") {
		t.Error("another Idempotency-Key did not post")
	}
	b.want("empty", status("", "k3"), 422)
	b.want("too long", status(strings.Repeat("ä", 501), "k4"), 422)
	b.want("500 characters", status(strings.Repeat("ä", 500), "k5"), 200)

	if r := b.get("other.example/api/v1/accounts/verify_credentials", token); r.status != 401 {
		t.Errorf("another server takes the token: %d", r.status)
	}
	if r := b.get("mastodon.example/api/v1/accounts/verify_credentials", "nonsense"); r.status != 401 || r.str("error") != "The access token is invalid" {
		t.Errorf("nonsense: %d %q", r.status, r.str("error"))
	}
	b.want("revoke, wrong secret", b.post("mastodon.example/oauth/revoke", "client_id", s.id, "client_secret", "x", "token", token), 401)
	b.want("revoke", b.post("mastodon.example/oauth/revoke", "client_id", s.id, "client_secret", s.secret, "token", token), 200)
	b.want("revoke again", b.post("mastodon.example/oauth/revoke", "client_id", s.id, "client_secret", s.secret, "token", token), 200)
	if r := b.get("mastodon.example/api/v1/accounts/verify_credentials", token); r.status != 401 || r.str("error") != "The access token was revoked" {
		t.Errorf("revoked: %d %q", r.status, r.str("error"))
	}
}

func TestMastodonRegistration(t *testing.T) {
	b := newBench(t)
	at := "fedi.example/api/v1/apps"
	b.want("no name", b.post(at, "redirect_uris", callback), 422)
	b.want("no redirect", b.post(at, "client_name", "Test"), 422)
	b.want("unknown scope", b.post(at, "client_name", "Test", "redirect_uris", callback, "scopes", "read admin:everything"), 422)
	b.want("GET", b.ask(http.MethodGet, at, nil), 404)

	s := b.register("fedi.example", "read", callback)
	auth := "fedi.example/oauth/authorize"
	b.refused(auth, "client_id", s.id, "redirect_uri", callback+"/x", "response_type", "code", "scope", "read")
	b.refused("mastodon.example/oauth/authorize", "client_id", s.id, "redirect_uri", callback, "response_type", "code", "scope", "read")
	if got := s.sign(auth, sandbox.Choice{}, "client_id", s.id, "scope", "read write").Get("error"); got != "invalid_scope" {
		t.Errorf("more scopes than registered: %q, want invalid_scope", got)
	}
	if r := s.token(s.code("read"), "client_secret", "wrong"); r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("wrong secret: %d %s", r.status, r.str("error"))
	}
	r := b.want("read only", s.token(s.code("read")), 200)
	if r := b.ask(http.MethodPost, "fedi.example/api/v1/statuses", pairs("status", "Hi"), "Authorization", "Bearer "+r.str("access_token")); r.status != 403 || r.str("error") != "This action is outside the authorized scopes" {
		t.Errorf("posting without write: %d %q", r.status, r.str("error"))
	}
}

func TestMastodonPKCE(t *testing.T) {
	b := newBench(t)
	s := b.register("mastodon.example", "read", callback)
	pkce := []string{"code_challenge", challenge(), "code_challenge_method", "S256"}
	b.want("with its verifier", s.token(s.code("read", pkce...), "code_verifier", verifier), 200)
	if r := s.token(s.code("read", pkce...), "code_verifier", verifier+"x"); r.str("error") != "invalid_grant" {
		t.Errorf("another verifier: %d %s", r.status, r.str("error"))
	}
	if r := s.token(s.code("read", pkce...)); r.str("error") != "invalid_grant" {
		t.Errorf("no verifier: %d %s", r.status, r.str("error"))
	}
	if got := s.sign(mastodonAuth, sandbox.Choice{}, "client_id", s.id, "scope", "read", "code_challenge", challenge(), "code_challenge_method", "plain").Get("error"); got != "invalid_request" {
		t.Errorf("plain: %q", got)
	}
}

func TestMastodonOutOfBand(t *testing.T) {
	b := newBench(t)
	s := b.register("mastodon.example", "read", "urn:ietf:wg:oauth:2.0:oob")
	q := pairs("client_id", s.id, "redirect_uri", "urn:ietf:wg:oauth:2.0:oob", "response_type", "code", "scope", "read").Encode()
	r := b.want("allow", b.post("mastodon.example/oauth/authorize?"+q, "person", "10000001", "scope", "read", "decision", "allow"), 200)
	_, rest, ok := strings.Cut(r.body, `<code id="code">`)
	code, _, _ := strings.Cut(rest, "<")
	if !ok || code == "" {
		t.Fatal("the page does not show a code")
	}
	b.want("token", s.token(code, "redirect_uri", "urn:ietf:wg:oauth:2.0:oob"), 200)
}

func TestMastodonForkWithExpiry(t *testing.T) {
	b := newBench(t)
	b.SetLifetimes(sandbox.Mastodon, sandbox.Lifetimes{Access: 30 * day, Refresh: 90 * day})
	s := b.register("pleroma.example", "read", callback)
	r := s.token(s.code("read"))
	if r.num("expires_in") != 30*86400 || r.str("refresh_token") == "" {
		t.Errorf("a fork's token: expires_in %d", r.num("expires_in"))
	}
	b.pass(30 * day)
	if got := b.get("pleroma.example/api/v1/accounts/verify_credentials", r.str("access_token")); got.status != 401 || got.str("error") != "The access token expired" {
		t.Errorf("expired: %d %q", got.status, got.str("error"))
	}
}
