package sandbox_test

import (
	"net/http"
	"strconv"
	"testing"

	"relink/platform"
	"relink/platform/sandbox"
)

const (
	pinterestAuth  = "www.pinterest.com/oauth/"
	pinterestToken = "api.pinterest.com/v5/oauth/token"
	practiceBasic  = "Basic cHJhY3RpY2U6cHJhY3RpY2Utc2VjcmV0"
)

func TestPinterestIsStrict(t *testing.T) {
	b := newBench(t)
	b.Register(sandbox.App{Platform: "pinterest", ClientID: "exact", Secret: "s", Redirects: []string{callback}})
	b.refused(pinterestAuth, "client_id", "exact", "redirect_uri", "http://localhost:8422/callback", "response_type", "code")
	if got := b.sign(pinterestAuth, sandbox.Choice{}, "scope", "boards:read pins:read").Get("error"); got != "invalid_scope" {
		t.Errorf("scopes with a space: %q", got)
	}
	exchange := func(basic string, form ...string) reply {
		code := b.sign(pinterestAuth, sandbox.Choice{}, "scope", "boards:read,pins:read").Get("code")
		v := pairs(append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback}, form...)...)
		if basic == "" {
			return b.ask(http.MethodPost, pinterestToken, v)
		}
		return b.ask(http.MethodPost, pinterestToken, v, "Authorization", basic)
	}
	if r := exchange("", "client_id", "practice", "client_secret", "practice-secret"); r.status != 401 || r.num("code") != 2 {
		t.Errorf("the secret in the body: %d %s", r.status, r.body)
	}
	if r := exchange("Basic cHJhY3RpY2U6d3Jvbmc="); r.status != 401 || r.num("code") != 2 {
		t.Errorf("a wrong secret: %d %s", r.status, r.body)
	}
	r := b.want("token", exchange(practiceBasic), 200)
	if r.json["refresh_token"] != nil {
		t.Error("a refresh token without continuous_refresh")
	}
	if who := b.get("api.pinterest.com/v5/user_account", r.str("access_token")); who.status != 403 || who.num("code") != 3 {
		t.Errorf("without user_accounts:read: %d %s", who.status, who.body)
	}
	r = b.want("token", exchange(practiceBasic, "continuous_refresh", "true"), 200)
	if r.num("expires_in") != 30*86400 || r.num("refresh_token_expires_in") != 60*86400 || int64(r.num("refresh_token_expires_at")) != b.clock().Add(60*day).Unix() {
		t.Errorf("token answer: expires_in %d, refresh_token_expires_in %d", r.num("expires_in"), r.num("refresh_token_expires_in"))
	}
	if r := b.ask(http.MethodPost, pinterestToken, pairs("grant_type", "authorization_code", "code", "x", "redirect_uri", callback), "Authorization", practiceBasic); r.status != 400 || r.num("code") != 283 {
		t.Errorf("a code that is none: %d %s", r.status, r.body)
	}
}

// The refresh token slides: renewed in time it never ends, forgotten it is over after 60 days.
func TestPinterestLife(t *testing.T) {
	b := newBench(t)
	r, h := b.mustSignUp("pinterest")
	id := r.Identities[0]
	if id.Name != "Acme Owner" || id.Handle != "@acmeowner" || id.Kind != "business" || id.Avatar == "" || len(r.Missing) != 0 {
		t.Errorf("got %+v, missing %q", id, r.Missing)
	}
	for range 12 {
		b.pass(59 * day)
		old := h.c.Tokens.Refresh
		x, err := h.refresh(t, b)
		if err != nil || h.c.Tokens.Refresh == old {
			t.Fatalf("refresh: %v", err)
		}
		if c := (platform.Grant{Clocks: x.Clocks}).Clock(platform.ClockRefresh); c.Source != platform.SourceProvider || !c.At.Equal(b.clock().Add(60*day)) {
			t.Fatalf("refresh clock: %+v", c)
		}
	}
	b.pass(30 * day)
	_, err := h.verify(t, b)
	wantKind(t, "an access token that has ended", err, platform.KindRefresh, "2")
	b.pass(30 * day)
	_, err = h.refresh(t, b)
	wantKind(t, "after 60 days", err, platform.KindReconnect, "283")
}

// The end of the refresh token is read from a time where no length is told.
func TestPinterestExpiresAt(t *testing.T) {
	b := newBench(t)
	at := b.clock().Add(365 * day)
	b.SetFault(sandbox.Fault{Path: "/v5/oauth/token", Kind: sandbox.FaultJSON, Status: 200,
		Body: []byte(`{"access_token":"pina_1","refresh_token":"pinr_1","token_type":"bearer","expires_in":2592000,"scope":"pins:read","refresh_token_expires_at":` + strconv.FormatInt(at.Unix(), 10) + `}`)})
	p, err := platform.Lookup("pinterest")
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Discover(t.Context(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	h := &held{p, platform.Call{Net: &platform.Net{Sandbox: b.base}, App: app, Endpoint: e, Tokens: platform.Tokens{Refresh: platform.NewSecret("pinr_0")}}}
	x, err := h.refresh(t, b)
	if c := (platform.Grant{Clocks: x.Clocks}).Clock(platform.ClockRefresh); err != nil || !c.At.Equal(at) || c.Source != platform.SourceProvider {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestPinterestRevoke(t *testing.T) {
	b := newBench(t)
	_, h := b.mustSignUp("pinterest")
	wrong := *h
	wrong.c.App.Secret = platform.NewSecret("wrong")
	wantKind(t, "a wrong secret", wrong.p.Revoke(t.Context(), wrong.c), platform.KindConfig, "2")
	_, err := wrong.refresh(t, b)
	wantKind(t, "a refresh with it", err, platform.KindConfig, "2")
	if err := h.p.Revoke(t.Context(), h.c); err != nil {
		t.Fatal(err)
	}
	_, err = h.verify(t, b)
	wantKind(t, "verify after it", err, platform.KindRefresh, "2")
	_, err = h.refresh(t, b)
	wantKind(t, "refresh after it", err, platform.KindReconnect, "283")
}
