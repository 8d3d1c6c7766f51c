package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/sandbox"
)

const (
	tiktokAuth  = "www.tiktok.com/v2/auth/authorize/"
	tiktokToken = "open.tiktokapis.com/v2/oauth/token/"
	tiktokUser  = "open.tiktokapis.com/v2/user/info/"
	tiktokBack  = "http://127.0.0.1:4711/callback/"
)

func hexChallenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return hex.EncodeToString(sum[:])
}

func TestTikTokIsStrict(t *testing.T) {
	b := newBench(t)
	b.Register(sandbox.App{Platform: "tiktok", ClientID: "desktop", Secret: "s", Redirects: []string{"http://127.0.0.1:*/callback/"}})
	at := func(more ...string) []string {
		return append([]string{"client_id", "", "client_key", "desktop", "redirect_uri", tiktokBack, "scope", "user.info.basic,video.publish",
			"code_challenge", hexChallenge(), "code_challenge_method", "S256"}, more...)
	}
	for what, more := range map[string][]string{
		"client_id for client_key": {"client_key", "", "client_id", "desktop"},
		"the path without its end": {"redirect_uri", "http://127.0.0.1:4711/callback"},
		"another host":             {"redirect_uri", "https://app.example:4711/callback/"},
		"no port":                  {"redirect_uri", "http://127.0.0.1/callback/"},
		"a query in the redirect":  {"redirect_uri", tiktokBack + "?a=b"},
		"the name, not the number": {"redirect_uri", "http://localhost:4711/callback/"},
	} {
		v := pairs("response_type", "code")
		all := at(more...)
		for i := 0; i+1 < len(all); i += 2 {
			v.Set(all[i], all[i+1])
		}
		if r := b.ask(http.MethodGet, tiktokAuth, v); r.status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want an error page", what, r.status)
		}
	}
	for what, more := range map[string][]string{
		"no challenge":        {"code_challenge", ""},
		"base64url challenge": {"code_challenge", challenge()},
		"plain":               {"code_challenge_method", "plain"},
	} {
		if got := b.sign(tiktokAuth, sandbox.Choice{}, at(more...)...).Get("error"); got != "invalid_request" {
			t.Errorf("%s: %q, want invalid_request", what, got)
		}
	}
	if got := b.sign(tiktokAuth, sandbox.Choice{}, at("scope", "user.info.basic video.publish")...).Get("error"); got != "invalid_scope" {
		t.Errorf("scopes with a space: %q", got)
	}
	back := b.sign(tiktokAuth, sandbox.Choice{}, at()...)
	code := back.Get("code")
	if !strings.HasSuffix(code, "*0!4711.u1") || back.Get("scopes") != "user.info.basic,video.publish" {
		t.Fatalf("the redirect lacks its own signs: scopes %q", back.Get("scopes"))
	}
	ask := func(more ...string) reply {
		v := pairs("grant_type", "authorization_code", "client_key", "desktop", "client_secret", "s", "code", code, "redirect_uri", tiktokBack, "code_verifier", verifier)
		for i := 0; i+1 < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return b.ask(http.MethodPost, tiktokToken, v)
	}
	// Errors come with the status 200.
	for what, more := range map[string][]string{
		"client_id": {"client_key", "", "client_id", "desktop"}, "no secret": {"client_secret", ""},
	} {
		if r := ask(more...); r.status != 200 || r.str("error") != "invalid_client" || r.str("log_id") == "" {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	if r := ask("code", url.QueryEscape(code)); r.status != 400 || r.str("error") != "invalid_grant" {
		t.Errorf("a code that is not decoded: %d %s", r.status, r.str("error"))
	}
	r := b.want("token", ask(), 200)
	if r.num("expires_in") != 7200 || r.num("refresh_expires_in") != 180*86400 || r.str("open_id") == "" || r.str("scope") != "user.info.basic,video.publish" {
		t.Errorf("token answer: expires_in %d, scope %q", r.num("expires_in"), r.str("scope"))
	}
	who := b.get(tiktokUser, r.str("access_token"), "fields", "open_id,display_name")
	if who.sub("error").str("code") != "ok" || who.sub("data").sub("user").str("open_id") != r.str("open_id") {
		t.Errorf("user: %s", who.body)
	}
	if who := b.get(tiktokUser, r.str("access_token"), "fields", "open_id,username"); who.status != 401 || who.sub("error").str("code") != "scope_not_authorized" {
		t.Errorf("a field without its scope: %d %s", who.status, who.body)
	}
	if who := b.get(tiktokUser, r.str("access_token")); who.status != 400 {
		t.Errorf("no fields: %d", who.status)
	}
}

func TestTikTokLife(t *testing.T) {
	b := newBench(t)
	r, h := b.mustSignUp("tiktok")
	id := r.Identities[0]
	if id.Handle != "@acme-owner" || id.Name != "Acme Owner" || id.ProviderID == "" || id.OwnerID != id.ProviderID || len(r.Missing) != 0 {
		t.Errorf("got %+v", id)
	}
	if c := id.Grant.Clock(platform.ClockRefresh); c.Source != platform.SourceProvider || !c.At.Equal(b.clock().Add(180*day)) {
		t.Errorf("refresh clock: %+v", c)
	}
	old := h.c.Tokens
	b.pass(3 * time.Hour)
	_, err := h.verify(t, b)
	wantKind(t, "an access token that has ended", err, platform.KindRefresh, "access_token_invalid")
	if _, err := h.refresh(t, b); err != nil || h.c.Tokens.Refresh == old.Refresh {
		t.Fatalf("refresh: %v", err)
	}
	if _, err := h.verify(t, b); err != nil {
		t.Error(err)
	}
	// An answer's own figures count, whichever copy of the documentation they follow.
	b.SetLifetimes("tiktok", sandbox.Lifetimes{Access: 24 * time.Hour, Refresh: 365 * day})
	x, err := h.refresh(t, b)
	if g := (platform.Grant{Clocks: x.Clocks}); err != nil || !g.Clock(platform.ClockAccess).At.Equal(b.clock().Add(day)) || !g.Clock(platform.ClockRefresh).At.Equal(b.clock().Add(365*day)) {
		t.Errorf("clocks %+v, %v", x.Clocks, err)
	}
	// Wrong credentials come with the status 200 and are no token.
	wrong := *h
	wrong.c.App.Secret = platform.NewSecret("wrong")
	_, err = wrong.refresh(t, b)
	wantKind(t, "a wrong secret", err, platform.KindConfig, "invalid_client")
	stale := *h
	stale.c.Tokens.Refresh = old.Refresh
	_, err = stale.refresh(t, b)
	wantKind(t, "a refresh token used before", err, platform.KindReconnect, "invalid_grant")
}

func TestTikTokWithoutHandle(t *testing.T) {
	b := newBench(t)
	r, err := b.signUp("tiktok", sandbox.Choice{Scopes: []string{"user.info.basic", "video.publish"}}, nil)
	if err != nil || r.Identities[0].Handle != "" || r.Identities[0].Name != "Acme Owner" || !slices.Equal(r.Missing, []string{"user.info.stats", "video.list"}) {
		t.Errorf("got %+v, missing %q, %v", r.Identities, r.Missing, err)
	}
}

func TestTikTokRevoke(t *testing.T) {
	b := newBench(t)
	_, h := b.mustSignUp("tiktok")
	if err := h.p.Revoke(t.Context(), h.c); err != nil {
		t.Fatal(err)
	}
	_, err := h.refresh(t, b)
	wantKind(t, "refresh after it", err, platform.KindReconnect, "invalid_grant")
	wrong := *h
	wrong.c.App.Secret = platform.NewSecret("wrong")
	wantKind(t, "an error inside a 200", wrong.p.Revoke(t.Context(), wrong.c), platform.KindConfig, "invalid_client")
}
