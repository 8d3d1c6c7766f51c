package sandbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform/sandbox"
)

const basic = "Basic cHJhY3RpY2U6cHJhY3RpY2Utc2VjcmV0" // practice:practice-secret

// native signs in with the public client and PKCE.
func (b *bench) native(scope string, more ...string) reply {
	b.t.Helper()
	params := append([]string{"client_id", "practice-public", "scope", scope, "code_challenge", challenge(), "code_challenge_method", "S256"}, more...)
	code := b.sign(oidcAuth, sandbox.Choice{}, params...).Get("code")
	return b.want("token", b.post("issuer.example/token", "grant_type", "authorization_code", "code", code, "client_id", "practice-public", "redirect_uri", callback, "code_verifier", verifier), 200)
}

func (b *bench) nativeRefresh(token string) reply {
	b.t.Helper()
	return b.post("issuer.example/token", "grant_type", "refresh_token", "refresh_token", token, "client_id", "practice-public")
}

func TestDiscovery(t *testing.T) {
	b := newBench(t)
	for at, issuer := range map[string]string{
		"issuer.example/.well-known/openid-configuration":                   "issuer.example",
		"issuer.example/.well-known/oauth-authorization-server":             "issuer.example",
		".well-known/oauth-authorization-server/issuer.example":             "issuer.example",
		"issuer.example/realms/acme/.well-known/openid-configuration":       "issuer.example/realms/acme",
		"issuer.example/.well-known/oauth-authorization-server/realms/acme": "issuer.example/realms/acme",
		".well-known/oauth-authorization-server/issuer.example/realms/acme": "issuer.example/realms/acme",
		"other-issuer.example:8443/.well-known/openid-configuration":        "other-issuer.example:8443",
	} {
		r := b.want(at, b.ask(http.MethodGet, at, nil), 200)
		base := b.base + "/" + issuer
		if r.str("issuer") != base || r.str("token_endpoint") != base+"/token" || r.str("authorization_endpoint") != base+"/authorize" || r.str("jwks_uri") != base+"/jwks" {
			t.Errorf("%s: issuer %s, token endpoint %s", at, r.str("issuer"), r.str("token_endpoint"))
		}
	}
}

func TestPublicClient(t *testing.T) {
	b := newBench(t)
	if got := b.sign(oidcAuth, sandbox.Choice{}, "client_id", "practice-public").Get("error"); got != "invalid_request" {
		t.Errorf("no PKCE: %q, want invalid_request", got)
	}
	if got := b.sign(oidcAuth, sandbox.Choice{}, "client_id", "practice-public", "code_challenge", verifier, "code_challenge_method", "plain").Get("error"); got != "invalid_request" {
		t.Errorf("plain: %q, want invalid_request", got)
	}
	if got := b.sign(oidcAuth, sandbox.Choice{}, "client_id", "practice-public", "code_challenge", "short", "code_challenge_method", "S256").Get("error"); got != "invalid_request" {
		t.Errorf("short challenge: %q, want invalid_request", got)
	}
	for _, c := range []struct {
		name   string
		change []string
		header string
		want   string
	}{
		{"another verifier", []string{"code_verifier", "x" + verifier}, "", "invalid_grant"},
		{"no verifier", []string{"code_verifier", ""}, "", "invalid_grant"},
		{"a secret", []string{"client_secret", "practice-secret"}, "", "invalid_client"},
		{"Basic without a secret", nil, "Basic cHJhY3RpY2UtcHVibGljOg==", "invalid_client"},
		{"two ways at once", []string{"client_id", "practice", "client_secret", "practice-secret"}, basic, "invalid_request"},
		{"no client", []string{"client_id", ""}, "", "invalid_client"},
		{"another grant type", []string{"grant_type", "password"}, "", "unsupported_grant_type"},
	} {
		code := b.sign(oidcAuth, sandbox.Choice{}, "client_id", "practice-public", "code_challenge", challenge(), "code_challenge_method", "S256").Get("code")
		form := pairs("grant_type", "authorization_code", "code", code, "client_id", "practice-public", "redirect_uri", callback, "code_verifier", verifier)
		for i := 0; i+1 < len(c.change); i += 2 {
			form.Set(c.change[i], c.change[i+1])
		}
		var header []string
		if c.header != "" {
			header = []string{"Authorization", c.header}
		}
		if r := b.ask(http.MethodPost, "issuer.example/token", form, header...); r.str("error") != c.want {
			t.Errorf("%s: %d %q, want %q", c.name, r.status, r.str("error"), c.want)
		}
	}
	// An id nobody registered is public when it shows no secret, and then needs PKCE too.
	code := b.sign(oidcAuth, sandbox.Choice{}, "client_id", "unknown").Get("code")
	if r := b.post("issuer.example/token", "grant_type", "authorization_code", "code", code, "client_id", "unknown", "redirect_uri", callback); r.str("error") != "invalid_grant" {
		t.Errorf("unknown client without PKCE or secret: %q", r.str("error"))
	}
}

func TestConfidentialClient(t *testing.T) {
	b := newBench(t)
	code := func() string { return b.sign(oidcAuth, sandbox.Choice{}, "scope", "openid").Get("code") }
	form := pairs("grant_type", "authorization_code", "redirect_uri", callback)
	form.Set("code", code())
	b.want("Basic", b.ask(http.MethodPost, "issuer.example/token", form, "Authorization", basic), 200)
	form.Set("code", code())
	if r := b.ask(http.MethodPost, "issuer.example/token", form, "Authorization", "Basic cHJhY3RpY2U6d3Jvbmc="); r.status != 401 || r.str("error") != "invalid_client" || r.header.Get("WWW-Authenticate") == "" {
		t.Errorf("wrong Basic: %d %s", r.status, r.str("error"))
	}
	form.Set("client_id", "practice")
	form.Set("client_secret", "practice-secret")
	if r := b.ask(http.MethodPost, "issuer.example/token?"+form.Encode(), nil); r.status < 400 {
		t.Error("the token endpoint takes secrets from the address")
	}
	r := b.want("in the body", b.ask(http.MethodPost, "issuer.example/token", form), 200)
	if r.header.Get("Cache-Control") != "no-store" {
		t.Error("the token answer may be cached")
	}
	// A special secret arrives form-encoded inside Basic (RFC 6749, section 2.3.1).
	b.Register(sandbox.App{Platform: sandbox.OIDC, ClientID: "a b", Secret: "s:c%r+t"})
	form = pairs("grant_type", "authorization_code", "redirect_uri", callback, "code", b.sign(oidcAuth, sandbox.Choice{}, "client_id", "a b").Get("code"))
	pair := base64.StdEncoding.EncodeToString([]byte("a+b:s%3Ac%25r%2Bt"))
	b.want("encoded Basic", b.ask(http.MethodPost, "issuer.example/token", form, "Authorization", "Basic "+pair), 200)
}

func TestCodeReuseEndsTheGrant(t *testing.T) {
	b := newBench(t)
	form := pairs("grant_type", "authorization_code", "redirect_uri", callback, "client_id", "practice", "client_secret", "practice-secret",
		"code", b.sign(oidcAuth, sandbox.Choice{}, "scope", "openid offline_access").Get("code"))
	r := b.want("first", b.ask(http.MethodPost, "issuer.example/token", form), 200)
	if again := b.ask(http.MethodPost, "issuer.example/token", form); again.status != 400 || again.str("error") != "invalid_grant" {
		t.Errorf("second: %d %s", again.status, again.str("error"))
	}
	b.want("its access token", b.get("issuer.example/userinfo", r.str("access_token")), 401)
	if r := b.post("issuer.example/token", "grant_type", "refresh_token", "refresh_token", r.str("refresh_token"), "client_id", "practice", "client_secret", "practice-secret"); r.str("error") != "invalid_grant" {
		t.Errorf("its refresh token: %q", r.str("error"))
	}
}

func TestRotation(t *testing.T) {
	b := newBench(t)
	r := b.native("openid offline_access")
	first := r.str("refresh_token")
	if first == "" || r.num("expires_in") != 3600 || r.num("refresh_expires_in") != 30*86400 {
		t.Fatalf("expires_in %d, refresh_expires_in %d", r.num("expires_in"), r.num("refresh_expires_in"))
	}
	b.pass(2 * time.Hour)
	b.want("expired", b.get("issuer.example/userinfo", r.str("access_token")), 401)
	r = b.want("refresh", b.nativeRefresh(first), 200)
	second, access := r.str("refresh_token"), r.str("access_token")
	if second == "" || second == first {
		t.Fatal("the refresh token did not rotate")
	}
	b.want("refreshed", b.get("issuer.example/userinfo", access), 200)
	if r := b.nativeRefresh(first); r.status != 400 || r.str("error") != "invalid_grant" {
		t.Errorf("the rotated token: %d %s, want invalid_grant", r.status, r.str("error"))
	}
	if r := b.nativeRefresh(second); r.str("error") != "invalid_grant" {
		t.Error("using a rotated token again did not end the family")
	}
	b.want("nor its access token", b.get("issuer.example/userinfo", access), 401)

	b.SetRotation(sandbox.OIDC, false)
	static := b.native("openid offline_access").str("refresh_token")
	for range 3 {
		r := b.want("static", b.nativeRefresh(static), 200)
		if r.str("refresh_token") != static {
			t.Error("a static refresh token changed")
		}
	}
	b.pass(30 * day)
	if r := b.nativeRefresh(static); r.str("error") != "invalid_grant" {
		t.Error("a static refresh token outlived its life")
	}
	if r := b.native("openid"); r.json["refresh_token"] != nil {
		t.Error("a refresh token without offline_access")
	}
	b.SetLifetimes(sandbox.OIDC, sandbox.Lifetimes{Refresh: sandbox.None})
	if r := b.native("openid offline_access"); r.json["refresh_token"] != nil {
		t.Error("a refresh token though there are none")
	}
}

func TestRefreshNarrowsOnly(t *testing.T) {
	b := newBench(t)
	refresh := b.native("openid offline_access").str("refresh_token")
	more := b.post("issuer.example/token", "grant_type", "refresh_token", "refresh_token", refresh, "client_id", "practice-public", "scope", "openid email")
	if more.str("error") != "invalid_scope" {
		t.Errorf("more scopes: %q", more.str("error"))
	}
	other := b.post("issuer.example/token", "grant_type", "refresh_token", "refresh_token", refresh, "client_id", "practice", "client_secret", "practice-secret")
	if other.str("error") != "invalid_grant" {
		t.Errorf("another client: %q", other.str("error"))
	}
	less := b.post("issuer.example/token", "grant_type", "refresh_token", "refresh_token", refresh, "client_id", "practice-public", "scope", "openid")
	if less.status != 200 || less.str("scope") != "openid" {
		t.Errorf("fewer scopes: %d %q", less.status, less.str("scope"))
	}
}

func TestIDToken(t *testing.T) {
	b := newBench(t)
	r := b.native("openid profile email", "nonce", "n-1")
	parts := strings.Split(r.str("id_token"), ".")
	if len(parts) != 3 {
		t.Fatal("no ID token")
	}
	decode := func(s string) []byte {
		out, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	var head struct{ Alg, Kid string }
	var claims map[string]any
	if json.Unmarshal(decode(parts[0]), &head) != nil || json.Unmarshal(decode(parts[1]), &claims) != nil || head.Alg != "ES256" {
		t.Fatalf("ID token header %+v", head)
	}
	keys := b.want("jwks", b.ask(http.MethodGet, "issuer.example/jwks", nil), 200).json["keys"].([]any)
	key := reply{json: keys[0].(map[string]any)}
	if key.str("kid") != head.Kid {
		t.Fatal("the key is not in the set")
	}
	// SEC 1, section 2.3.3: 4, then both coordinates at their full length.
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, decode(key.str("x")), decode(key.str("y"))))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	sig := decode(parts[2])
	if !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature is wrong")
	}
	half := sha256.Sum256([]byte(r.str("access_token")))
	for k, want := range map[string]any{
		"iss": b.base + "/issuer.example", "aud": "practice-public", "sub": "10000001", "nonce": "n-1", "name": "Acme Owner",
		"email": "acme-owner@people.example", "iat": float64(b.clock().Unix()), "at_hash": base64.RawURLEncoding.EncodeToString(half[:16]),
	} {
		if claims[k] != want {
			t.Errorf("claim %s = %v, want %v", k, claims[k], want)
		}
	}
	who := b.want("userinfo", b.get("issuer.example/userinfo", r.str("access_token")), 200)
	if who.str("sub") != "10000001" || who.str("preferred_username") != "acme-owner" {
		t.Errorf("userinfo: %s", who.body)
	}
	if r := b.native("profile"); r.json["id_token"] != nil {
		t.Error("an ID token without openid")
	} else if got := b.get("issuer.example/userinfo", r.str("access_token")); got.status != 403 || got.str("error") != "insufficient_scope" {
		t.Errorf("userinfo without openid: %d %s", got.status, got.str("error"))
	}
	if got := b.sign(oidcAuth, sandbox.Choice{}).Get("iss"); got != b.base+"/issuer.example" {
		t.Errorf("iss of the redirect: %q", got)
	}
}

func TestIntrospectAndRevoke(t *testing.T) {
	b := newBench(t)
	code := b.sign(oidcAuth, sandbox.Choice{}, "scope", "openid offline_access").Get("code")
	r := b.want("token", b.post("issuer.example/token", "grant_type", "authorization_code", "code", code, "client_id", "practice", "client_secret", "practice-secret", "redirect_uri", callback), 200)
	access, refresh := r.str("access_token"), r.str("refresh_token")
	ask := func(token string) reply {
		return b.ask(http.MethodPost, "issuer.example/introspect", pairs("token", token), "Authorization", basic)
	}
	d := b.want("introspect", ask(access), 200)
	if d.json["active"] != true || d.str("username") != "acme-owner" || int64(d.num("exp")) != b.clock().Add(time.Hour).Unix() || d.str("client_id") != "practice" {
		t.Errorf("introspection: %s", d.body)
	}
	if d := ask("nonsense"); d.status != 200 || strings.TrimSpace(d.body) != `{"active":false}` {
		t.Errorf("nonsense: %d %s", d.status, d.body)
	}
	b.want("no client", b.post("issuer.example/introspect", "token", access), 401)
	b.want("public client", b.post("issuer.example/introspect", "token", access, "client_id", "practice-public"), 401)

	b.want("revoke unknown", b.ask(http.MethodPost, "issuer.example/revoke", pairs("token", "nonsense"), "Authorization", basic), 200)
	if r := b.post("issuer.example/revoke", "token", access, "client_id", "practice-public"); r.status != 403 || r.str("error") != "unauthorized_client" {
		t.Errorf("another client's token: %d %s", r.status, r.str("error"))
	}
	b.want("revoke access", b.ask(http.MethodPost, "issuer.example/revoke", pairs("token", access), "Authorization", basic), 200)
	if ask(access).json["active"] != false || ask(refresh).json["active"] != true {
		t.Error("revoking the access token: want it inactive and the refresh token active")
	}
	b.want("revoke refresh", b.ask(http.MethodPost, "issuer.example/revoke", pairs("token", refresh), "Authorization", basic), 200)
	if ask(refresh).json["active"] != false {
		t.Error("the refresh token is still active")
	}
}
