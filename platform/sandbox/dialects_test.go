package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// blocks is a platform made of the building blocks that no other has yet.
func blocks() *dialect {
	return &dialect{
		id: "blocks", name: "Blocks",
		hosts: []string{"blocks.test"},
		serve: func(n *Network, q request) answer {
			switch q.path {
			case "/authorize":
				return n.authorize(q)
			case "/token":
				return n.exchange(q)
			case "/par":
				app, refused := n.client(q)
				if refused != nil {
					return *refused
				}
				return n.push(q, app)
			case "/device":
				app, _ := n.app(q, q.dialect.clientID(q.form))
				return jsonAnswer(http.StatusOK, n.deviceStart(q, app, strings.Fields(q.form.Get("scope")), q.base+"/activate"))
			case "/activate":
				return n.devicePage(q)
			case "/extend":
				t, problem := n.extend(q, q.form.Get("access_token"))
				if problem != "" {
					return q.fail(http.StatusBadRequest, string(problem), "")
				}
				return n.tokenAnswer(q, t, nil)
			case "/long":
				t, problem := n.access(q, q.credential("OAuth"))
				if problem != "" {
					return q.fail(http.StatusUnauthorized, string(problem), "")
				}
				return n.tokenAnswer(q, n.lengthen(q, t), nil)
			case "/blogs":
				t, problem := n.access(q, q.credential("OAuth"))
				if problem != "" {
					return q.fail(http.StatusUnauthorized, string(problem), "")
				}
				return jsonAnswer(http.StatusOK, object{"blogs": n.chosen(q, t), "agent": q.namedAgent()})
			}
			return answer{status: http.StatusNotFound}
		},
		life: Lifetimes{Access: time.Hour, Refresh: 30 * day}, rotate: true, grace: time.Minute,
		apps: []App{practice, practicePublic}, public: true, auth: authBasic | authNone,
		clientKey: "client_key", par: parRequired, separators: ",", pkce: pkceHex,
		redirect: wildcardRedirect,
		things: &things{one: true, of: func(p Person) []Thing {
			return p.Things["tumblr"]
		}},
		fragment: "#_", tokenPaths: []string{"/token"}, signInPaths: []string{"/authorize", "/activate"}, grants: []string{deviceGrant},
		tokenError: func(status int, code, text string) answer {
			return jsonAnswer(status, object{"code": code, "message": text})
		},
		logPath: func(path string) string { return strings.ReplaceAll(path, "secret", "…") },
	}
}

type blockBench struct {
	*Network
	t   *testing.T
	now time.Time
}

func newBlocks(t *testing.T, d *dialect) *blockBench {
	t.Helper()
	table := dialects
	dialects = append([]*dialect{d}, table...)
	t.Cleanup(func() { dialects = table })
	b := &blockBench{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	b.Network = New(Config{Now: func() time.Time { return b.now }})
	return b
}

// call sends a form (nil: GET) and gives status, JSON and text of the answer.
func (b *blockBench) call(path string, form url.Values, header ...string) (int, object, string) {
	b.t.Helper()
	method := http.MethodPost
	if form == nil {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, "https://blocks.test"+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.Transport().RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var out object
	_ = json.Unmarshal(raw, &out)
	return resp.StatusCode, out, string(raw)
}

func (b *blockBench) want(what, path string, form url.Values, status int, code string, header ...string) object {
	b.t.Helper()
	got, out, text := b.call(path, form, header...)
	if have, _ := out["code"].(string); got != status || have != code {
		b.t.Fatalf("%s: %d %s, want %d %q", what, got, text, status, code)
	}
	return out
}

func form(kv ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return v
}

func TestBlocks(t *testing.T) {
	b := newBlocks(t, blocks())
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	asked := form("client_key", "practice-public", "response_type", "code", "redirect_uri", "http://127.0.0.1:4711/callback/",
		"state", "s", "scope", "one,two", "code_challenge", hex.EncodeToString(sum[:]), "code_challenge_method", "S256")

	const at = "https://blocks.test/authorize?client_key=practice-public&request_uri="
	if _, _, page := b.call("/authorize?"+asked.Encode(), nil); !strings.Contains(page, "push its request first") {
		t.Fatal("a request that was not pushed was taken")
	}
	bad := form("client_key", "practice-public", "response_type", "code", "redirect_uri", "http://127.0.0.1:4711/callback/")
	b.want("without PKCE", "/par", bad, 400, "invalid_request")
	push := func() string {
		uri, _ := b.want("push", "/par", asked, 201, "")["request_uri"].(string)
		return at + url.QueryEscape(uri)
	}
	late := push()
	b.now = b.now.Add(parLife)
	if _, err := b.SignIn(t.Context(), nil, late, Choice{}); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Fatalf("an old request_uri: %v", err)
	}
	address := push()
	to, err := b.SignIn(t.Context(), nil, address, Choice{Pages: []string{"acme-blog"}})
	if err != nil || !strings.HasSuffix(to, "#_") {
		t.Fatalf("sign in: %v", err)
	}
	if _, err := b.SignIn(t.Context(), nil, address, Choice{}); err == nil || !strings.Contains(err.Error(), "used already") {
		t.Fatalf("a request_uri twice: %v", err)
	}
	u, _ := url.Parse(to)
	exchange := form("grant_type", "authorization_code", "client_key", "practice-public", "code", u.Query().Get("code"),
		"redirect_uri", "http://127.0.0.1:4711/callback/", "code_verifier", verifier)
	got := b.want("exchange", "/token", exchange, 200, "")
	if got["scope"] != "one two" {
		t.Errorf("scope %v", got["scope"])
	}
	access, _ := got["access_token"].(string)
	blogs := b.want("blogs", "/blogs", nil, 200, "", "Authorization", "OAuth "+access, "User-Agent", "Go-http-client/1.1")
	if list, _ := blogs["blogs"].([]any); len(list) != 1 || list[0].(map[string]any)["username"] != "acme-blog" || blogs["agent"] != false {
		t.Errorf("blogs: %v", blogs)
	}
	b.want("another scheme", "/blogs", nil, 401, "missing", "Authorization", "Bearer "+access)

	refresh := func(token any) url.Values {
		return form("grant_type", "refresh_token", "client_key", "practice-public", "refresh_token", token.(string))
	}
	first := got["refresh_token"]
	second := b.want("refresh", "/token", refresh(first), 200, "")["refresh_token"]
	if second == first {
		t.Fatal("the refresh token did not rotate")
	}
	b.want("the old one in its grace", "/token", refresh(first), 200, "")
	b.now = b.now.Add(time.Minute)
	b.want("the old one after it", "/token", refresh(first), 400, "invalid_grant")
	b.want("the new one is dead as well", "/token", refresh(second), 400, "invalid_grant")
	b.want("all is over", "/blogs", nil, 401, "revoked", "Authorization", "OAuth "+access)
}

func TestBlockClients(t *testing.T) {
	b := newBlocks(t, blocks())
	v := form("grant_type", "refresh_token", "refresh_token", "none", "client_key", "practice", "client_secret", "practice-secret")
	b.want("a secret in the body", "/token", v, 401, "invalid_client")
	v.Del("client_secret")
	b.want("no secret", "/token", v, 401, "invalid_client")
	basic := func(user, pass string) string {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, pass)
		return r.Header.Get("Authorization")
	}
	b.want("Basic", "/token", v, 400, "invalid_grant", "Authorization", basic("practice", "practice-secret"))
	b.want("a wrong secret", "/token", v, 401, "invalid_client", "Authorization", basic("practice", "guess"))
	v.Set("client_key", "practice-public")
	b.want("an empty password", "/token", v, 401, "invalid_client", "Authorization", basic("practice-public", ""))
	d := blocks()
	d.auth = authEmptyPassword | authBody
	b = newBlocks(t, d)
	b.want("an empty password where it is wanted", "/token", v, 400, "invalid_grant", "Authorization", basic("practice-public", ""))
	b.want("the id alone", "/token", v, 401, "invalid_client")
	v.Set("client_key", "practice")
	v.Set("client_secret", "practice-secret")
	b.want("the body", "/token", v, 400, "invalid_grant")
}

func TestBlockDevice(t *testing.T) {
	b := newBlocks(t, blocks())
	begin := func() (poll url.Values, page string) {
		got := b.want("start", "/device", form("client_key", "practice-public", "scope", "one two"), 200, "")
		return form("grant_type", deviceGrant, "client_key", "practice-public", "device_code", got["device_code"].(string)), got["verification_uri_complete"].(string)
	}
	poll, page := begin()
	b.want("pending", "/token", poll, 400, "authorization_pending")
	b.want("too soon", "/token", poll, 400, "slow_down")
	b.now = b.now.Add(6 * time.Second)
	b.want("sooner than the slower interval", "/token", poll, 400, "slow_down")
	other := url.Values{}
	for k, v := range poll {
		other[k] = v
	}
	other.Set("client_key", "somebody")
	b.now = b.now.Add(time.Minute)
	b.want("another client", "/token", other, 400, "invalid_grant")
	if err := b.Approve(t.Context(), nil, page, Choice{Person: "Other Person", Scopes: []string{"two"}}); err != nil {
		t.Fatal(err)
	}
	got := b.want("approved", "/token", poll, 200, "")
	if got["scope"] != "two" || got["refresh_token"] == nil {
		t.Errorf("tokens: scope %v", got["scope"])
	}
	blogs := b.want("blogs", "/blogs", nil, 200, "", "Authorization", "OAuth "+got["access_token"].(string))
	if list, _ := blogs["blogs"].([]any); len(list) != 1 || list[0].(map[string]any)["username"] != "other-page" {
		t.Errorf("the blogs are not Other Person's: %v", blogs)
	}
	b.want("twice", "/token", poll, 400, "invalid_grant")
	if err := b.Approve(t.Context(), nil, page, Choice{}); err == nil {
		t.Error("a code was approved twice")
	}

	poll, page = begin()
	if err := b.Approve(t.Context(), nil, page, Choice{Deny: true}); err != nil {
		t.Fatal(err)
	}
	b.want("denied", "/token", poll, 400, "access_denied")
	poll, _ = begin()
	b.now = b.now.Add(deviceLife)
	b.want("expired", "/token", poll, 400, "expired_token")
	b.SetAuto("blocks", true)
	poll, _ = begin()
	b.want("approved by itself", "/token", poll, 200, "")
}

func TestBlockExtend(t *testing.T) {
	d := blocks()
	d.par, d.pkce, d.rotate = parNever, pkceIgnored, false
	d.life = Lifetimes{Access: 60 * day, Short: time.Hour, Refresh: None}
	d.redirect = httpsRedirect
	b := newBlocks(t, d)
	short := b.mint(token{kind: KindAccess, key: consentKey{platform: "blocks", client: "practice", person: "10000001"}, family: &family{}}, b.now, time.Hour)
	b.want("a short-lived one", "/extend", form("access_token", short.value), 400, "young")
	long := b.want("exchange", "/long", form(), 200, "", "Authorization", "OAuth "+short.value)["access_token"].(string)
	b.want("a day is not over", "/extend", form("access_token", long), 400, "young")
	b.now = b.now.Add(minimumAge)
	again := b.want("a day old", "/extend", form("access_token", long), 200, "")
	if again["access_token"] == long || again["expires_in"] != float64(60*24*3600) {
		t.Errorf("extended: expires_in %v", again["expires_in"])
	}
	b.now = b.now.Add(60 * day)
	b.want("over", "/extend", form("access_token", again["access_token"].(string)), 400, "expired")
}

func TestFaultJSON(t *testing.T) {
	b := newBlocks(t, blocks())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/_control/fault",
		strings.NewReader(`{"platform":"blocks","kind":"json","status":403,"body":{"code":"spam_risk","more":[1]},"header":{"Retry-After":"7"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := b.Transport().RoundTrip(r); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("set the fault: %v %v", resp, err)
	}
	b.want("the fault", "/blogs", nil, 403, "spam_risk")
	b.ClearFaults("blocks")
	b.want("cleared", "/blogs", nil, 401, "missing")
	defer func() {
		if recover() == nil {
			t.Error("a fault without JSON was taken")
		}
	}()
	b.SetFault(Fault{Kind: FaultJSON, Body: json.RawMessage("{")})
}

func TestLogHides(t *testing.T) {
	b := newBlocks(t, blocks())
	b.call("/bot/secret/x", nil)
	if e := b.Log()[0]; e.Path != "/bot/…/x" {
		t.Errorf("path in the log: %q", e.Path)
	}
}

func TestRedirectRules(t *testing.T) {
	for _, c := range []struct {
		name       string
		rule       func(*app, string) bool
		registered []string
		good, bad  []string
	}{
		{"open", openRedirect, nil, []string{"https://a.example/x", "http://localhost:1/", "http://127.0.0.1:1/", "http://[::1]:1/"}, []string{"http://a.example/", "app://x/", "/x", "https://a.example/#f", "https://u@a.example/"}},
		{"localhost", localhostRedirect, nil, []string{"https://a.example/", "http://localhost:1/"}, []string{"http://127.0.0.1:1/"}},
		{"exact", exactRedirect, []string{"http://localhost:1/"}, []string{"http://localhost:1/"}, []string{"http://localhost:2/", "http://localhost:1/x"}},
		{"exact, none", exactRedirect, nil, []string{"http://localhost:1/"}, []string{"app://x/"}},
		{"https", httpsRedirect, nil, []string{"https://relink.internal:8421/callback"}, []string{"https://localhost:8421/", "https://127.0.0.1/", "https://[::1]/", "http://relink.internal/", "https://x.localhost/"}},
		{"https registered", httpsRedirect, []string{"https://localhost/", "https://a.example/"}, []string{"https://a.example/"}, []string{"https://localhost/", "https://b.example/"}},
		{"portless", portlessRedirect, []string{"http://127.0.0.1/cb", "http://localhost/cb"}, []string{"http://127.0.0.1:99/cb"}, []string{"http://localhost:99/cb", "http://127.0.0.1:99/other", "http://[::1]:99/cb"}},
		{"loopback", loopbackRedirect, nil, []string{"http://127.0.0.1:99/cb", "http://[::1]:99/"}, []string{"http://localhost:99/cb", "https://a.example/"}},
		{"desktop", desktopRedirect, nil, []string{"http://127.0.0.1:99/cb", "http://localhost:99/"}, []string{"https://a.example/", "http://a.example/"}},
		{"wildcard", wildcardRedirect, []string{"http://127.0.0.1:*/callback/"}, []string{"http://127.0.0.1:4711/callback/"}, []string{"http://127.0.0.1/callback/", "http://127.0.0.1:4711/callback", "http://localhost:4711/callback/", "http://127.0.0.1:4711/callback/?a=b"}},
		{"wildcard, none", wildcardRedirect, nil, []string{"http://localhost:1/", "https://127.0.0.1:1/"}, []string{"https://a.example:1/"}},
	} {
		a := &app{App: App{Redirects: c.registered}}
		for _, u := range c.good {
			if !c.rule(a, u) {
				t.Errorf("%s: %s was refused", c.name, u)
			}
		}
		for _, u := range c.bad {
			if c.rule(a, u) {
				t.Errorf("%s: %s was taken", c.name, u)
			}
		}
	}
}

// TestDialects keeps the table in order: what every dialect must say, and who has which host.
func TestDialects(t *testing.T) {
	seen := map[string]bool{}
	for i, d := range dialects {
		switch {
		case d.id == "" || d.name == "" || d.serve == nil || d.redirect == nil || len(d.try) == 0:
			t.Errorf("%q: id, name, serve, redirect and try are needed", d.id)
		case d.life.Access == 0 || d.life.Refresh == 0:
			t.Errorf("%s: say how long access and refresh tokens live, Never or None", d.id)
		case seen[d.id]:
			t.Errorf("%s is there twice", d.id)
		}
		seen[d.id] = true
		for _, h := range d.hosts {
			if got := dialectAt(h); got != d {
				t.Errorf("%s of %s is served by %s", h, d.id, got.id)
			}
		}
		if d == mastodon && i != len(dialects)-1 {
			t.Error("mastodon takes every host: put it last")
		}
		for _, a := range d.apps {
			if a.Public && !d.public {
				t.Errorf("%s has a public app and no public clients", d.id)
			}
		}
	}
}
