package sandbox_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform/sandbox"
)

// command sends a control command.
func (b *bench) command(path, body string) reply {
	b.t.Helper()
	resp, err := http.Post(b.base+"/_control/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := reply{status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&out.json); err != nil {
		b.t.Fatalf("%s: %v", path, err)
	}
	return out
}

func TestControl(t *testing.T) {
	b := newBench(t)
	for _, c := range [][2]string{
		{"lifetimes", `{"platform":"linkedin","access":"6d12h","refresh":"365d"}`},
		{"rotation", `{"platform":"linkedin","on":true}`},
		{"person", `{"platform":"linkedin","preselect":"Other Person"}`},
		{"scopes", `{"platform":"linkedin","drop":["profile"]}`},
		{"app", `{"platform":"linkedin","client_id":"mine","client_secret":"s3","redirects":["` + callback + `"]}`},
		{"strict", `{"platform":"linkedin","on":true}`},
	} {
		b.want(c[0], b.command(c[0], c[1]), 200)
	}
	code := b.sign(linkedinAuth, sandbox.Choice{}, "client_id", "mine", "scope", "openid profile").Get("code")
	r := b.want("token", b.post(linkedinToken, "grant_type", "authorization_code", "code", code, "client_id", "mine", "client_secret", "s3", "redirect_uri", callback), 200)
	token := r.str("access_token")
	if r.num("expires_in") != int((6*day+12*time.Hour).Seconds()) || r.str("scope") != "openid" {
		t.Errorf("expires_in %d, scope %q: want 6.5 days, openid", r.num("expires_in"), r.str("scope"))
	}
	rotated := b.post(linkedinToken, "grant_type", "refresh_token", "refresh_token", r.str("refresh_token"), "client_id", "mine", "client_secret", "s3")
	if rotated.str("refresh_token") == r.str("refresh_token") {
		t.Error("rotation was switched on and the refresh token stayed")
	}
	if who := b.get("api.linkedin.com/v2/userinfo", token); who.str("sub") != "10000002" {
		t.Errorf("userinfo: %s", who.body)
	}
	if got := b.command("expire", `{"platform":"linkedin","account":"Other Person","kind":"access","ago":"24h"}`); got.num("changed") != 2 {
		t.Errorf("expire changed %d, want the two access tokens", got.num("changed"))
	}
	b.linkedinError("expired", b.get("api.linkedin.com/v2/userinfo", token), 401, 65602)
	if got := b.command("revoke", `{"platform":"linkedin","reason":"password"}`); got.num("changed") != 4 {
		t.Errorf("revoke changed %d, want 4", got.num("changed"))
	}
	b.linkedinError("revoked", b.get("api.linkedin.com/v2/userinfo", token), 401, 65601)
	b.want("fault", b.command("fault", `{"platform":"linkedin","kind":"status","status":503}`), 200)
	b.want("faulty", b.get("api.linkedin.com/v2/userinfo", token), 503)
	b.want("clear", b.command("clear", `{}`), 200)
	b.want("auto", b.command("auto", `{"on":true}`), 200)
	b.want("auto signs in", b.ask(http.MethodGet, linkedinAuth, pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code")), 302)
	b.want("reset", b.command("reset", ``), 200)
	b.want("after reset", b.ask(http.MethodGet, linkedinAuth, pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code")), 200)
	b.linkedinError("after reset", b.get("api.linkedin.com/v2/userinfo", token), 401, 65600)
}

func TestControlRefuses(t *testing.T) {
	b := newBench(t)
	for _, c := range [][2]string{
		{"lifetimes", `{"platform":"myspace"}`},
		{"lifetimes", `{"platform":"facebook","acces":"6d"}`},
		{"lifetimes", `{"platform":"facebook","access":"six days"}`},
		{"lifetimes", `{"platform":"facebook","access":"none"}`},
		{"lifetimes", `{"platform":"facebook","access":"-2h"}`},
		{"lifetimes", `not json`},
		{"expire", `{"kind":"everything"}`},
		{"expire", `{"ago":"never"}`},
		{"revoke", `{"reason":"boredom"}`},
		{"fault", `{"kind":"meteor"}`},
		{"fault", `{"kind":"status","status":99}`},
		{"person", `{"force":"Nobody"}`},
		{"app", `{"platform":"mastodon","client_id":"x"}`},
		{"app", `{"platform":"facebook","client_id":"x","public":true}`},
		{"app", `{"client_id":"x"}`},
	} {
		if r := b.command(c[0], c[1]); r.status != 400 || r.str("error") == "" {
			t.Errorf("%s %s: status %d, want 400 and a reason", c[0], c[1], r.status)
		}
	}
	b.want("no such command", b.command("nonsense", `{}`), 404)
	b.want("wrong method", b.ask(http.MethodGet, "_control/expire", nil), 405)
	r := b.ask(http.MethodPost, "_control/reset", nil, "Origin", "https://elsewhere.example")
	b.want("a web page elsewhere", r, 403)
}

func TestLogAndStateHoldNoSecrets(t *testing.T) {
	b := newBench(t)
	long, short := b.person(sandbox.Choice{}, pageScope)
	page := b.accounts(long)["Acme Shop"]
	r := b.native("openid offline_access")
	b.nativeRefresh(r.str("refresh_token"))
	s := b.register("mastodon.example", "read", callback)
	m := s.token(s.code("read")).str("access_token")
	secrets := []string{long, short, page, r.str("access_token"), r.str("refresh_token"), s.secret, m, "practice-secret", verifier}

	log := b.ask(http.MethodGet, "_control/log", nil)
	state := b.ask(http.MethodGet, "_control/state", nil)
	index := b.ask(http.MethodGet, "_control/posts", nil)
	for i, secret := range secrets {
		if secret == "" {
			t.Fatalf("secret %d is empty: the test tests nothing", i)
		}
		for _, page := range []reply{log, state, index} {
			if page.status != 200 || strings.Contains(page.body, secret) {
				t.Errorf("secret %d is in an answer of the control API, or status %d", i, page.status)
			}
		}
	}
	if got := b.TokenRequests(sandbox.Facebook); got != 2 {
		t.Errorf("TokenRequests(facebook) = %d, want the code and the exchange", got)
	}
	if got := b.TokenRequests(""); got != 5 {
		t.Errorf("TokenRequests() = %d, want 5", got)
	}
	var refreshes []sandbox.Entry
	for _, e := range b.Log() {
		if e.Grant == "refresh_token" {
			refreshes = append(refreshes, e)
		}
	}
	if len(refreshes) != 1 || refreshes[0].Status != 200 || refreshes[0].Host != "issuer.example" || refreshes[0].Path != "/token" || !slices.Contains(refreshes[0].Form, "client_id") {
		t.Errorf("refreshes in the log: %+v", refreshes)
	}
	if state.json["requests"].(float64) != float64(b.Requests()) {
		t.Error("state and Requests() do not agree")
	}
	b.ClearLog()
	if len(b.Log()) != 0 || b.TokenRequests("") != 0 {
		t.Error("ClearLog leaves something")
	}
	// A secret in the wrong field is not kept either.
	b.post("issuer.example/token", "grant_type", "at_secret-in-the-wrong-field")
	if e := b.Log()[0]; e.Grant != "other" {
		t.Errorf("grant type in the log: %q", e.Grant)
	}
}

func TestIndex(t *testing.T) {
	b := newBench(t)
	r := b.want("index", b.ask(http.MethodGet, "", nil), 200)
	for _, want := range []string{"practice network", "/_control/expire", "practice-public", "Acme Owner", b.base} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the index page lacks %q", want)
		}
	}
	b.want("nothing", b.ask(http.MethodGet, "nothing", nil), 404)
	if got := b.ask(http.MethodGet, "graph.facebook.com/picture/10000001.png", nil); got.status != 200 || !strings.HasPrefix(got.body, "\x89PNG") {
		t.Errorf("avatar: %d", got.status)
	}
	if got := r.header.Get("Date"); got != b.clock().Format(http.TimeFormat) {
		t.Errorf("Date %q, want the network's own time", got)
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"": 0, "90s": 90 * time.Second, "6d": 6 * day, "1.5d": 36 * time.Hour, "6d12h": 6*day + 12*time.Hour, "never": sandbox.Never, "none": sandbox.None,
	} {
		if got, err := sandbox.Duration(in); err != nil || got != want {
			t.Errorf("Duration(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"6", "d", "-1d", "6 days", "-5s"} {
		if got, err := sandbox.Duration(in); err == nil {
			t.Errorf("Duration(%q) = %v, want an error", in, got)
		}
	}
}
