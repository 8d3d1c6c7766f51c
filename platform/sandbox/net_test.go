package sandbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/platform/sandbox"
)

// bench is a network over real HTTP, with a clock the test moves.
type bench struct {
	*sandbox.Network
	t    *testing.T
	base string

	mu  sync.Mutex
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	b.Network = sandbox.New(sandbox.Config{Now: b.clock})
	srv := httptest.NewServer(b.Network)
	t.Cleanup(func() { b.ClearFaults(""); srv.Close() })
	b.base = srv.URL
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (r reply) str(key string) string { s, _ := r.json[key].(string); return s }
func (r reply) num(key string) int    { f, _ := r.json[key].(float64); return int(f) }
func (r reply) sub(key string) reply  { m, _ := r.json[key].(map[string]any); return reply{json: m} }

// ask makes a request at an address below the network, "host/path".
func (b *bench) ask(method, at string, form url.Values, header ...string) reply {
	b.t.Helper()
	address := b.base + "/" + at
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	} else if form != nil {
		address += "?" + form.Encode()
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, at, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &out.json)
	return out
}

func (b *bench) get(at, token string, query ...string) reply {
	b.t.Helper()
	return b.ask(http.MethodGet, at, pairs(query...), "Authorization", "Bearer "+token)
}

func (b *bench) post(at string, form ...string) reply {
	b.t.Helper()
	return b.ask(http.MethodPost, at, pairs(form...))
}

func pairs(kv ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	return v
}

// want fails the test unless the reply has it.
func (b *bench) want(what string, got reply, status int) reply {
	b.t.Helper()
	if got.status != status {
		b.t.Fatalf("%s: status %d, want %d", what, got.status, status)
	}
	return got
}

const verifier = "practice-verifier-practice-verifier-practice-v"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	facebookAuth = "www.facebook.com/v25.0/dialog/oauth"
	linkedinAuth = "www.linkedin.com/oauth/v2/authorization"
	mastodonAuth = "mastodon.example/oauth/authorize"
	oidcAuth     = "issuer.example/authorize"
	callback     = "http://localhost:8421/callback"
)

// sign is a sign-in for a code; it gives the parameters of the redirect.
func (b *bench) sign(at string, choice sandbox.Choice, params ...string) url.Values {
	b.t.Helper()
	v := pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code", "state", "st")
	for i := 0; i+1 < len(params); i += 2 {
		v.Set(params[i], params[i+1])
	}
	to, err := sandbox.SignIn(b.t.Context(), nil, b.base+"/"+at+"?"+v.Encode(), choice)
	if err != nil {
		b.t.Fatalf("sign in at %s: %v", at, err)
	}
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, v.Get("redirect_uri")) {
		b.t.Fatalf("sign in at %s: sent to another address than the redirect", at)
	}
	got := u.Query()
	if got.Get("state") != v.Get("state") {
		b.t.Fatalf("sign in at %s: state %q, want %q", at, got.Get("state"), v.Get("state"))
	}
	return got
}

// refused is a sign-in page that shows an error instead.
func (b *bench) refused(at string, params ...string) string {
	b.t.Helper()
	r := b.ask(http.MethodGet, at, pairs(params...))
	if r.status != http.StatusBadRequest || !strings.Contains(r.body, `id="error"`) {
		b.t.Fatalf("authorize %v: status %d, want an error page", params, r.status)
	}
	return r.body
}

func TestCodeRules(t *testing.T) {
	// Every platform: a code works once, in time, for its client and redirect.
	platforms := []struct {
		name, auth, token string
		life              time.Duration
		extra             []string
	}{
		{"facebook", facebookAuth, "graph.facebook.com/v25.0/oauth/access_token", 10 * time.Minute, nil},
		{"linkedin", linkedinAuth, "www.linkedin.com/oauth/v2/accessToken", 30 * time.Minute, nil},
		{"mastodon", mastodonAuth, "mastodon.example/oauth/token", 10 * time.Minute, nil},
		{"oidc", oidcAuth, "issuer.example/token", time.Minute, nil},
	}
	for _, p := range platforms {
		t.Run(p.name, func(t *testing.T) {
			for _, c := range []struct {
				name   string
				change []string
				wait   time.Duration
				ok     bool
			}{
				{name: "as it should be", ok: true},
				{name: "at the last second", wait: p.life - time.Second, ok: true},
				{name: "too late", wait: p.life},
				{name: "another redirect", change: []string{"redirect_uri", callback + "/"}},
				{name: "another client", change: []string{"client_id", "somebody", "client_secret", "else"}},
				{name: "wrong secret", change: []string{"client_secret", "wrong"}},
				{name: "no secret", change: []string{"client_secret", ""}},
				{name: "another code", change: []string{"code", "c_123"}},
			} {
				t.Run(c.name, func(t *testing.T) {
					b := newBench(t)
					id, secret := "practice", "practice-secret"
					if p.name == "mastodon" {
						app := b.want("register", b.post("mastodon.example/api/v1/apps", "client_name", "Test", "redirect_uris", callback, "scopes", "read"), 200)
						id, secret = app.str("client_id"), app.str("client_secret")
					}
					code := b.sign(p.auth, sandbox.Choice{}, "client_id", id).Get("code")
					b.pass(c.wait)
					form := pairs("grant_type", "authorization_code", "code", code, "client_id", id, "client_secret", secret, "redirect_uri", callback)
					for i := 0; i+1 < len(c.change); i += 2 {
						form.Set(c.change[i], c.change[i+1])
					}
					got := b.ask(http.MethodPost, p.token, form)
					if ok := got.status == 200 && got.str("access_token") != ""; ok != c.ok {
						t.Fatalf("token: status %d, got a token: %v, want %v", got.status, ok, c.ok)
					}
					if got.status == 200 {
						again := b.ask(http.MethodPost, p.token, form)
						if again.status < 400 {
							t.Fatalf("the same code again: status %d", again.status)
						}
					}
				})
			}
		})
	}
}

func TestRedirectRules(t *testing.T) {
	b := newBench(t)
	b.Register(sandbox.App{Platform: sandbox.LinkedIn, ClientID: "exact", Secret: "s", Redirects: []string{callback}})
	b.Register(sandbox.App{Platform: sandbox.OIDC, ClientID: "native", Public: true, Redirects: []string{"http://127.0.0.1/callback"}})
	for _, c := range []struct {
		name, auth, client, redirect string
		ok                           bool
	}{
		{"facebook localhost", facebookAuth, "practice", callback, true},
		{"facebook number", facebookAuth, "practice", "http://127.0.0.1:8421/callback", false},
		{"facebook https", facebookAuth, "practice", "https://app.example/cb", true},
		{"http elsewhere", linkedinAuth, "practice", "http://app.example/cb", false},
		{"fragment", linkedinAuth, "practice", callback + "#x", false},
		{"no redirect", linkedinAuth, "practice", "", false},
		{"own scheme", linkedinAuth, "practice", "relink://callback", false},
		{"registered", linkedinAuth, "exact", callback, true},
		{"registered, other port", linkedinAuth, "exact", "http://localhost:8422/callback", false},
		{"registered, with query", linkedinAuth, "exact", callback + "?a=1", false},
		{"oidc any port", oidcAuth, "native", "http://127.0.0.1:49152/callback", true},
		{"oidc other path", oidcAuth, "native", "http://127.0.0.1:49152/other", false},
		{"oidc name", oidcAuth, "native", "http://localhost:49152/callback", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.ask(http.MethodGet, c.auth, pairs("client_id", c.client, "redirect_uri", c.redirect, "response_type", "code",
				"code_challenge", challenge(), "code_challenge_method", "S256"))
			if ok := r.status == 200; ok != c.ok {
				t.Errorf("status %d, want accepted: %v", r.status, c.ok)
			}
			if !c.ok && r.header.Get("Location") != "" {
				t.Error("a bad redirect address was redirected to")
			}
		})
	}
}

func TestAuthorizeErrors(t *testing.T) {
	b := newBench(t)
	if got := b.sign(oidcAuth, sandbox.Choice{}, "response_type", "token").Get("error"); got != "unsupported_response_type" {
		t.Errorf("response_type token: %q", got)
	}
	if got := b.sign(oidcAuth, sandbox.Choice{}, "prompt", "none").Get("error"); got != "login_required" {
		t.Errorf("prompt none: %q", got)
	}
	if got := b.sign(linkedinAuth, sandbox.Choice{}, "scope", "openid w_everything").Get("error"); got != "unauthorized_scope_error" {
		t.Errorf("LinkedIn, unknown scope: %q", got)
	}
	if page := b.refused(facebookAuth, "client_id", "practice", "redirect_uri", callback, "response_type", "code", "scope", "pages_show_list,nonsense"); !strings.Contains(page, "Invalid Scopes: nonsense") {
		t.Error("Facebook does not name the unknown scope")
	}
	b.refused(facebookAuth, "client_id", "practice", "redirect_uri", callback, "redirect_uri", callback, "response_type", "code")
	b.refused(mastodonAuth, "client_id", "practice", "redirect_uri", callback, "response_type", "code")
	b.SetStrictApps(sandbox.LinkedIn, true)
	b.refused(linkedinAuth, "client_id", "unknown", "redirect_uri", callback, "response_type", "code")

	for at, want := range map[string]string{facebookAuth: "access_denied", linkedinAuth: "user_cancelled_authorize", oidcAuth: "access_denied"} {
		got := b.sign(at, sandbox.Choice{Deny: true})
		if got.Get("error") != want || got.Get("code") != "" {
			t.Errorf("%s denied: error %q, want %q", at, got.Get("error"), want)
		}
	}
}

func TestSignInChoices(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	page := b.base + "/" + facebookAuth + "?" + pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code", "scope", "pages_show_list").Encode()
	for _, c := range []sandbox.Choice{{Person: "Nobody"}, {Pages: []string{"no-page"}}, {Scopes: []string{"pages_manage_posts"}}} {
		if _, err := sandbox.SignIn(ctx, nil, page, c); err == nil {
			t.Errorf("choosing what is not offered (%+v): no error", c)
		}
	}
	r := b.ask(http.MethodGet, facebookAuth, pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code", "scope", "pages_show_list,pages_manage_posts"))
	for _, want := range []string{
		"<h1>Practice Facebook — sign in</h1>", "practice network", `id="allow"`, `id="deny"`, `id="person-acme-owner" value="10000001" checked`,
		`id="page-acme-shop"`, `id="scope-pages_manage_posts"`,
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the sign-in page lacks %s", want)
		}
	}
	if strings.Contains(r.body, "<script") {
		t.Error("the sign-in page has a script")
	}
	b.Preselect(sandbox.Facebook, "other-person")
	r = b.ask(http.MethodGet, facebookAuth, pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code"))
	if !strings.Contains(r.body, `id="person-other-person" value="10000002" checked`) {
		t.Error("Preselect does not select")
	}
	hostile := b.ask(http.MethodGet, facebookAuth, pairs("client_id", "<script>alert(1)</script>", "redirect_uri", callback, "response_type", "code"))
	if strings.Contains(hostile.body, "<script") {
		t.Error("the client id is not escaped")
	}
}

func TestFollow(t *testing.T) {
	b := newBench(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "state "+r.FormValue("state"))
	}))
	defer app.Close()
	auth := b.base + "/" + linkedinAuth + "?" + pairs("client_id", "practice", "redirect_uri", app.URL+"/cb", "response_type", "code", "state", "s1").Encode()
	status, page, err := sandbox.Follow(t.Context(), nil, auth, sandbox.Choice{})
	if err != nil || status != http.StatusTeapot || page != "state s1" {
		t.Errorf("Follow = %d %q %v", status, page, err)
	}
	b.SetAuto(sandbox.LinkedIn, true)
	if r := b.ask(http.MethodGet, strings.TrimPrefix(auth, b.base+"/"), nil); r.status != http.StatusFound || !strings.Contains(r.header.Get("Location"), "code=") {
		t.Errorf("auto: status %d, want a redirect with a code", r.status)
	}
	if status, _, err := sandbox.Follow(t.Context(), nil, auth, sandbox.Choice{}); err != nil || status != http.StatusTeapot {
		t.Errorf("Follow with auto = %d %v", status, err)
	}
}

func TestTransportWithoutSocket(t *testing.T) {
	n := sandbox.New(sandbox.Config{})
	c := &http.Client{Transport: n.Transport(), Timeout: 50 * time.Millisecond}
	for _, at := range []string{"https://issuer.example/jwks", "http://127.0.0.1:1/issuer.example/jwks"} {
		resp, err := c.Get(at)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v", at, err)
		}
		_ = resp.Body.Close()
	}
	n.SetFault(sandbox.Fault{Kind: sandbox.FaultHang})
	if _, err := c.Get("https://issuer.example/jwks"); err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		t.Errorf("hang: %v, want a timeout", err)
	}
	n.ClearFaults("")
	n.SetFault(sandbox.Fault{Kind: sandbox.FaultDrop})
	if _, err := c.Get("https://issuer.example/jwks"); err == nil {
		t.Error("drop: no error")
	}
}
