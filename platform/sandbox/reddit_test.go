package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

const (
	redditAuth  = "www.reddit.com/api/v1/authorize"
	redditToken = "www.reddit.com/api/v1/access_token"
	goodAgent   = "desktop:test:v1"
)

func TestRedditIsStrict(t *testing.T) {
	b := newBench(t)
	b.refused(redditAuth, "client_id", "practice", "redirect_uri", callback, "response_type", "code", "scope", "identity")
	b.refused(redditAuth, "client_id", "practice", "redirect_uri", callback, "response_type", "code", "state", "s", "duration", "long")
	exchange := func(agent, basic string, more ...string) reply {
		code := b.sign(redditAuth, sandbox.Choice{}, append([]string{"scope", "identity"}, more...)...).Get("code")
		return b.ask(http.MethodPost, redditToken, pairs("grant_type", "authorization_code", "code", code, "redirect_uri", callback), "Authorization", basic, "User-Agent", agent)
	}
	for _, agent := range []string{"Go-http-client/1.1", "Mozilla/5.0", "relink", ""} {
		if r := exchange(agent, practiceBasic); r.status != 429 {
			t.Errorf("User-Agent %q: %d", agent, r.status)
		}
	}
	if r := exchange(goodAgent, "Basic cHJhY3RpY2U6d3Jvbmc="); r.status != 401 || r.num("error") != 401 {
		t.Errorf("a wrong secret: %d %s", r.status, r.body)
	}
	if r := b.want("token", exchange(goodAgent, practiceBasic), 200); r.json["refresh_token"] != nil {
		t.Error("a refresh token without duration=permanent")
	}
	r := b.want("token", exchange(goodAgent, practiceBasic, "duration", "permanent"), 200)
	if r.str("refresh_token") == "" || r.num("expires_in") != 86400 {
		t.Errorf("token answer: expires_in %d", r.num("expires_in"))
	}
	again := b.ask(http.MethodPost, redditToken, pairs("grant_type", "refresh_token", "refresh_token", r.str("refresh_token")), "Authorization", practiceBasic, "User-Agent", goodAgent)
	if again.status != 200 || again.json["refresh_token"] != nil {
		t.Errorf("refresh: %d", again.status)
	}
	bad := b.ask(http.MethodPost, redditToken, pairs("grant_type", "authorization_code", "code", "x", "redirect_uri", callback), "Authorization", practiceBasic, "User-Agent", goodAgent)
	if bad.status != 200 || bad.str("error") != "invalid_grant" {
		t.Errorf("a code that is none: %d %s", bad.status, bad.body)
	}
	dead := b.ask(http.MethodPost, redditToken, pairs("grant_type", "refresh_token", "refresh_token", "x"), "Authorization", practiceBasic, "User-Agent", goodAgent)
	if dead.status != 400 || dead.num("error") != 400 {
		t.Errorf("a refresh token that is none: %d %s", dead.status, dead.body)
	}
	me := b.ask(http.MethodGet, "oauth.reddit.com/api/v1/me", nil, "Authorization", "Bearer "+r.str("access_token"), "User-Agent", "curl/8")
	if me.status != 429 {
		t.Errorf("the API takes curl: %d", me.status)
	}
}

func TestRedditLife(t *testing.T) {
	for _, kind := range []string{"web app", "installed app"} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			r, err := b.signUp("reddit", sandbox.Choice{}, func(r *signin.Request) {
				if kind == "installed app" { // no secret: Basic with an empty password
					r.App = platform.App{ID: "practice-public"}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			id, h := r.Identities[0], b.hold(r, 0)
			if id.Handle != "u/acme-owner" || strings.ContainsAny(id.Avatar, "?&") || !strings.HasSuffix(id.Avatar, ".png") || len(r.Missing) != 0 {
				t.Errorf("got %+v", id)
			}
			if c := id.Grant.Clock(platform.ClockRefresh); c.Source != platform.SourceNever {
				t.Errorf("refresh clock: %+v", c)
			}
			first := h.c.Tokens
			b.pass(3 * 365 * day)
			_, err = h.verify(t, b)
			wantKind(t, "an access token that has ended", err, platform.KindRefresh, "401")
			if _, err := h.refresh(t, b); err != nil || h.c.Tokens.Refresh != first.Refresh || h.c.Tokens.Access == first.Access {
				t.Fatalf("after three years: %v", err)
			}
			if _, err := h.verify(t, b); err != nil {
				t.Error(err)
			}
			wrong := *h
			wrong.c.App.Secret = platform.NewSecret("wrong")
			_, err = wrong.refresh(t, b)
			wantKind(t, "a wrong secret", err, platform.KindConfig, "401")
			if err := h.p.Revoke(t.Context(), h.c); err != nil {
				t.Fatal(err)
			}
			_, err = h.verify(t, b)
			wantKind(t, "verify after revoking", err, platform.KindRefresh, "401")
			_, err = h.refresh(t, b)
			wantKind(t, "refresh after revoking", err, platform.KindReconnect, "400")
			b.SetFault(sandbox.Fault{Kind: sandbox.FaultGarbage})
			wantKind(t, "revoking into a page", h.p.Revoke(t.Context(), h.c), platform.KindRetry, "garbage")
		})
	}
}

// Every request says who asks, in Reddit's form, with the account's own name once it is known.
func TestRedditAgent(t *testing.T) {
	b := newBench(t)
	_, h := b.mustSignUp("reddit")
	if _, err := h.verify(t, b); err != nil {
		t.Fatal(err)
	}
	h.c.Account.Handle = "u/evil)\r\nX: y"
	if _, err := h.verify(t, b); err != nil {
		t.Fatal(err)
	}
	var agents []string
	for _, e := range b.Log() {
		if e.Path == "/api/v1/authorize" {
			continue
		}
		agents = append(agents, e.Agent)
	}
	want := []string{"desktop:app.relink.Relink:v0", "desktop:app.relink.Relink:v0", "desktop:app.relink.Relink:v0 (by /u/acme-owner)", "desktop:app.relink.Relink:v0"}
	if strings.Join(agents, "|") != strings.Join(want, "|") {
		t.Errorf("got %q", agents)
	}
}

// What a dead refresh token is told differs; each ends the connection, and an unwell Reddit does not.
func TestRedditRefreshAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   platform.Kind
	}{
		{400, `{"error":"invalid_grant"}`, platform.KindReconnect},
		{400, `{"error":"invalid_request"}`, platform.KindReconnect},
		{400, `{"message":"Bad Request","error":400}`, platform.KindReconnect},
		{200, `{"error":"invalid_grant"}`, platform.KindReconnect},
		{400, `{"error":"unsupported_grant_type"}`, platform.KindConfig},
		{401, `{"message":"Unauthorized","error":401}`, platform.KindConfig},
		{403, `{"message":"Forbidden","error":403}`, platform.KindPermission},
		{429, `{"message":"Too Many Requests","error":429}`, platform.KindLimit},
		{503, `{"message":"Service Unavailable","error":503}`, platform.KindRetry},
	} {
		b := newBench(t)
		_, h := b.mustSignUp("reddit")
		b.SetFault(sandbox.Fault{Path: "/api/v1/access_token", Kind: sandbox.FaultJSON, Status: c.status, Body: []byte(c.body)})
		_, err := h.refresh(t, b)
		wantKind(t, c.body, err, c.kind, "")
	}
}
