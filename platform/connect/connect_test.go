package connect

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestConnect(t *testing.T) {
	i := newIssuer(t)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	a := start(t, Config{Now: func() time.Time { return now }}, i.request(t))
	if !a.Listening || len(a.Notes) > 0 {
		t.Fatalf("no listener: %v", a.Notes)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if raw, err := base64.RawURLEncoding.DecodeString(q.Get("state")); err != nil || len(raw) != 32 {
		t.Errorf("state has %d bytes (%v), want 32", len(raw), err)
	}
	for key, want := range map[string]string{"response_type": "code", "client_id": "cid", "redirect_uri": a.Redirect, "code_challenge_method": "S256", "scope": "openid profile offline_access"} {
		if got := q.Get(key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if q.Get("nonce") == "" {
		t.Error("no nonce")
	}
	if want := now.Add(DefaultLimit); !a.Deadline.Equal(want) {
		t.Errorf("deadline: got %v, want %v", a.Deadline, want)
	}

	page := browse(back(t, a, "code=the-code"))
	<-a.Working()
	r, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case p := <-page:
		t.Fatalf("the page did not wait for the outcome: %s", p.body)
	default:
	}
	a.Done(Outcome{Titles: []string{"Acme <Shop>"}, Until: time.Date(2027, 1, 21, 12, 0, 0, 0, time.Local)})
	got := <-page
	for _, want := range []string{"Acme &lt;Shop&gt; is connected until 21 January 2027.", "You can close this tab."} {
		if !strings.Contains(got.body, want) {
			t.Errorf("page lacks %q: %s", want, got.body)
		}
	}
	if strings.Contains(got.body, "<script") || strings.Contains(got.body, "src=") || strings.Contains(got.body, "href=") {
		t.Errorf("page needs more than itself: %s", got.body)
	}
	for key, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got.header.Get(key) != want {
			t.Errorf("%s: got %q, want %q", key, got.header.Get(key), want)
		}
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("content security policy: got %q", csp)
	}

	form := i.requests()[0]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if got := base64.RawURLEncoding.EncodeToString(sum[:]); got != q.Get("code_challenge") {
		t.Error("the verifier does not fit the challenge")
	}
	if form.Get("code") != "the-code" || form.Get("redirect_uri") != a.Redirect {
		t.Errorf("token request: got %v", form)
	}
	if len(r.Identities) != 1 || r.Identities[0].ProviderID != "u1" {
		t.Fatalf("identities: got %+v", r.Identities)
	}
	g := r.Identities[0].Grant
	want := []platform.Clock{
		{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(time.Hour), Since: now},
		{Kind: platform.ClockRefresh, Source: platform.SourceProvider, At: now.Add(2 * time.Hour), Since: now},
	}
	if !reflect.DeepEqual(g.Clocks, want) {
		t.Errorf("clocks: got %v, want %v", g.Clocks, want)
	}
	if g.Tokens.Access.Reveal() != "access-1" || g.Tokens.Refresh.Reveal() != "refresh-1" || !g.Refreshable || !g.Issued.Equal(now) {
		t.Errorf("grant: got %+v", g)
	}
	if !slices.Equal(g.Scopes, []string{"openid", "profile"}) || !slices.Equal(g.Asked, []string{"openid", "profile", "offline_access"}) {
		t.Errorf("scopes: got %v asked %v", g.Scopes, g.Asked)
	}
}

// A sign-in must not be disturbed by, and tell nothing to, whoever else calls.
func TestStrayCallbacks(t *testing.T) {
	i := newIssuer(t)
	a := start(t, Config{}, i.request(t))
	host := strings.TrimPrefix(strings.TrimSuffix(a.Redirect, callbackPath), "http://")
	good := back(t, a, "code=the-code")
	_, port, _ := net.SplitHostPort(host)
	strays := []struct{ name, method, address, host string }{
		{"another path", "GET", strings.Replace(good, callbackPath, "/", 1), ""},
		{"favicon", "GET", "http://" + host + "/favicon.ico", ""},
		{"post", "POST", good, ""},
		{"put", "PUT", good, ""},
		{"foreign host", "GET", good, "evil.example:" + port},
		{"host without port", "GET", good, "127.0.0.1"},
		{"host with another port", "GET", good, "127.0.0.1:1"},
		{"wrong state", "GET", a.Redirect + "?code=x&state=wrong", ""},
		{"no state", "GET", a.Redirect + "?code=x", ""},
		{"two states", "GET", good + "&state=wrong", ""},
		{"two codes", "GET", good + "&code=other", ""},
		{"code and error", "GET", good + "&error=access_denied", ""},
		{"neither code nor error", "GET", back(t, a, "x=y"), ""},
		{"another issuer", "GET", good + "&iss=https%3A%2F%2Fevil.example", ""},
		{"broken query", "GET", good + "&a=%zz", ""},
	}
	var neutral reply
	same := func(name string, got reply) {
		t.Helper()
		if neutral.body == "" {
			neutral = got
		}
		if got.status != http.StatusNotFound || got.body != neutral.body || !reflect.DeepEqual(got.header, neutral.header) {
			t.Errorf("%s: got %d %v %s, want the same page as for all others", name, got.status, got.header, got.body)
		}
	}
	for _, s := range strays {
		got, err := visit(s.method, s.address, s.host)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		same(s.name, got)
	}
	select {
	case <-a.Working():
		t.Fatal("a stray callback was taken for the real one")
	default:
	}

	page := browse(good)
	<-a.Working()
	for range 2 {
		got, err := visit(http.MethodGet, good, "")
		if err != nil {
			t.Fatal(err)
		}
		same("replay", got)
	}
	if _, err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Paste(good); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("pasting after the callback: got %v", err)
	}
	a.Done(Outcome{})
	<-page
	if n := len(i.requests()); n != 1 {
		t.Errorf("the code was used %d times, want once", n)
	}
	if _, err := visit(http.MethodGet, good, ""); err == nil {
		t.Error("the port still answers after the end")
	}
}

func TestPaste(t *testing.T) {
	good := func(t *testing.T, a *Attempt) string { return back(t, a, "code=the%2Dcode") }
	tests := []struct {
		name    string
		address func(*testing.T, *Attempt) string
		want    platform.Kind
	}{
		{"whole address", good, ""},
		{"with spaces and quotes", func(t *testing.T, a *Attempt) string { return "  '" + good(t, a) + "'\n" }, ""},
		{"Facebook's fragment", func(t *testing.T, a *Attempt) string { return good(t, a) + "#_=_" }, ""},
		{"Instagram's fragment", func(t *testing.T, a *Attempt) string { return good(t, a) + "#_" }, ""},
		{"only the query", func(t *testing.T, a *Attempt) string { _, q, _ := strings.Cut(good(t, a), "?"); return q }, ""},
		{"empty", func(*testing.T, *Attempt) string { return "" }, platform.KindUsage},
		{"only a code", func(*testing.T, *Attempt) string { return "abcdef" }, platform.KindUsage},
		{"no state", func(_ *testing.T, a *Attempt) string { return a.Redirect + "?code=x" }, platform.KindUsage},
		{"another sign-in", func(_ *testing.T, a *Attempt) string { return a.Redirect + "?code=x&state=other" }, platform.KindUsage},
		{"the sign-in address itself", func(_ *testing.T, a *Attempt) string { return a.URL }, platform.KindUsage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := newIssuer(t)
			r := i.request(t)
			r.NoListener = true
			a := start(t, Config{}, r)
			if a.Listening {
				t.Fatal("listens although asked not to")
			}
			err := a.Paste(tt.address(t, a))
			if tt.want != "" {
				wantKind(t, err, tt.want)
				// The attempt goes on.
				err = a.Paste(good(t, a))
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := i.requests()[0].Get("code"); got != "the-code" {
				t.Errorf("code: got %q", got)
			}
		})
	}
}

func TestTokenEndpointFaults(t *testing.T) {
	body := func(status int, s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(s))
		}
	}
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	tests := []struct {
		name  string
		token http.HandlerFunc
		want  platform.Kind
	}{
		{"down", body(500, "oops"), platform.KindRetry},
		{"limit", body(429, `{}`), platform.KindLimit},
		{"garbage", body(200, "<html>welcome to the hotel network</html>"), platform.KindRetry},
		{"captive portal", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/login", http.StatusFound)
		}, platform.KindRetry},
		{"10 MB", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"pad":"` + strings.Repeat("x", 10<<20) + `","access_token":"access-1"}`))
		}, platform.KindRetry},
		{"200 without a token", body(200, `{"token_type":"Bearer"}`), platform.KindRetry},
		{"200 with an empty token", body(200, `{"access_token":"","expires_in":60}`), platform.KindRetry},
		{"200 with an error", body(200, `{"error":"server_error"}`), platform.KindRetry},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}, platform.KindRetry},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, platform.KindRetry},
		{"code refused", body(400, `{"error":"invalid_grant"}`), platform.KindCancelled},
		{"client refused", body(401, `{"error":"invalid_client","error_description":"the-code access-1"}`), platform.KindConfig},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := newIssuer(t)
			i.token = tt.token
			a := start(t, Config{Net: &platform.Net{Timeout: 300 * time.Millisecond}}, i.request(t))
			page := browse(back(t, a, "code=the-code"))
			_, err := a.Wait(t.Context())
			e := wantKind(t, err, tt.want)
			a.Done(Outcome{Error: err})
			if got := <-page; !strings.Contains(got.body, "Not connected") || !strings.Contains(got.body, "What to do") && !strings.Contains(got.body, "Go back to Relink and try again.") || strings.Contains(got.body, "relink connect") {
				t.Errorf("page does not say what went wrong (%v): %s", e, got.body)
			}
			if _, again := a.Wait(t.Context()); !errors.Is(again, err) {
				t.Errorf("second wait: got %v, want %v", again, err)
			}
			if n := len(i.requests()); n != 1 {
				t.Errorf("the code was used %d times, want once", n)
			}
		})
	}
}

func TestDeclined(t *testing.T) {
	tests := []struct {
		code string
		want platform.Kind
	}{
		{"access_denied", platform.KindCancelled},
		{"user_cancelled_authorize", platform.KindCancelled},
		{"invalid_scope", platform.KindPermission},
		{"temporarily_unavailable", platform.KindRetry},
		{"unauthorized_client", platform.KindConfig},
		{"something_else", platform.KindConfig},
		{"%3Cscript%3E%0A", platform.KindConfig},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			i := newIssuer(t)
			r := i.request(t)
			r.NoListener = true
			a := start(t, Config{}, r)
			if err := a.Paste(back(t, a, "error="+tt.code+"&error_description=raw+text")); err != nil {
				t.Fatal(err)
			}
			_, err := a.Wait(t.Context())
			e := wantKind(t, err, tt.want)
			if strings.Contains(e.Error(), "raw text") || strings.Contains(e.Error(), "<") {
				t.Errorf("shows raw text: %v", e)
			}
			if n := len(i.requests()); n != 0 {
				t.Errorf("%d token requests after an error", n)
			}
		})
	}
}

func TestExpectedAccount(t *testing.T) {
	acme := platform.Account{ID: "a1", Platform: "oidc", Alias: "acme", ProviderID: "u1", Name: "Acme Shop"}
	tests := []struct {
		name, sub, who, says string
		expect               func(*platform.Account)
	}{
		{"the same", "u1", "Acme Shop", "", nil},
		{"another", "u2", "Bob", "You signed in as Bob. This account is Acme Shop. Nothing was changed", nil},
		{"same owner", "u2", "Bob", "You signed in as Bob, but Acme Shop was not among what you allowed. Nothing was changed", func(a *platform.Account) { a.OwnerID = "u2" }},
		{"unfinished takes any", "u2", "Bob", "", func(a *platform.Account) { a.ProviderID = "" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := newIssuer(t)
			i.sub, i.name = tt.sub, tt.who
			r := i.request(t)
			expect := acme
			if tt.expect != nil {
				tt.expect(&expect)
			}
			r.Expect, r.NoListener = &expect, true
			a := start(t, Config{}, r)
			if err := a.Paste(back(t, a, "code=the-code")); err != nil {
				t.Fatal(err)
			}
			res, err := a.Wait(t.Context())
			if tt.says == "" {
				if err != nil || len(res.Identities) != 1 {
					t.Fatalf("got %v, %v", res.Identities, err)
				}
				return
			}
			e := wantKind(t, err, platform.KindWrongAccount)
			if e.Message != tt.says || !strings.HasSuffix(e.Repair, "relink reconnect oidc/acme") {
				t.Errorf("got %q %q", e.Message, e.Repair)
			}
			if len(res.Identities) != 1 || res.Identities[0].ProviderID != tt.sub {
				t.Errorf("who signed in is lost: %+v", res.Identities)
			}
		})
	}
}

func TestForeignIDToken(t *testing.T) {
	for _, nonce := range []string{"another sign-in's", ""} {
		i := newIssuer(t)
		r := i.request(t)
		r.NoListener = true
		a := start(t, Config{}, r)
		address := back(t, a, "code=the-code")
		i.nonce = nonce
		if err := a.Paste(address); err != nil {
			t.Fatal(err)
		}
		_, err := a.Wait(t.Context())
		if e := wantKind(t, err, platform.KindConfig); e.Code != "id_token" {
			t.Errorf("nonce %q: got code %q", nonce, e.Code)
		}
	}
}

func TestPorts(t *testing.T) {
	i := newIssuer(t)
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	port := busy.Addr().(*net.TCPAddr).Port

	t.Run("any port moves on", func(t *testing.T) {
		a := start(t, Config{Port: port}, i.request(t))
		if !a.Listening || strings.Contains(a.Redirect, ":"+strconv.Itoa(port)+"/") {
			t.Errorf("got listening %v at %s", a.Listening, a.Redirect)
		}
	})
	t.Run("fixed port is pasted", func(t *testing.T) {
		r := i.request(t)
		r.App.Redirect = "http://localhost:" + strconv.Itoa(port) + "/cb"
		a := start(t, Config{}, r)
		if a.Listening || a.Redirect != r.App.Redirect || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "is taken") {
			t.Errorf("got listening %v at %s, notes %v", a.Listening, a.Redirect, a.Notes)
		}
		if err := a.Paste(back(t, a, "code=the-code")); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("taken on IPv6 only", func(t *testing.T) {
		six, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("needs IPv6 on the loopback interface")
		}
		defer func() { _ = six.Close() }()
		r := i.request(t)
		r.App.Redirect = "http://localhost:" + strconv.Itoa(six.Addr().(*net.TCPAddr).Port) + "/cb"
		if a := start(t, Config{}, r); a.Listening {
			t.Error("the code could have gone to another program")
		}
	})
	t.Run("redirect elsewhere is pasted", func(t *testing.T) {
		r := i.request(t)
		r.App.Redirect = "https://www.facebook.com/connect/login_success.html"
		a := start(t, Config{}, r)
		if a.Listening || a.Redirect != r.App.Redirect || len(a.Notes) != 1 {
			t.Errorf("got listening %v at %s, notes %v", a.Listening, a.Redirect, a.Notes)
		}
	})
	t.Run("own address", func(t *testing.T) {
		r := i.request(t)
		r.App.Redirect = "http://localhost:" + strconv.Itoa(freePort(t)) + "/some/path"
		a := start(t, Config{}, r)
		page := browse(back(t, a, "code=the-code"))
		if _, err := a.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.Done(Outcome{Choose: true})
		if got := <-page; !strings.Contains(got.body, "choose what to connect") {
			t.Errorf("page: %s", got.body)
		}
	})
	t.Run("shared", func(t *testing.T) {
		cfg := Config{Port: freePort(t)}
		one, two := start(t, cfg, i.request(t)), start(t, cfg, i.request(t))
		if !one.Listening || !two.Listening || one.Redirect != two.Redirect {
			t.Fatalf("got %s and %s", one.Redirect, two.Redirect)
		}
		one.Cancel()
		page := browse(back(t, two, "code=the-code"))
		if _, err := two.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		two.Done(Outcome{Titles: []string{"two"}})
		if got := <-page; !strings.Contains(got.body, "two is connected") {
			t.Errorf("page: %s", got.body)
		}
	})
	t.Run("free after cancel", func(t *testing.T) {
		cfg := Config{Port: freePort(t)}
		a := start(t, cfg, i.request(t))
		a.Cancel()
		l, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(cfg.Port))
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		_, err = a.Wait(t.Context())
		wantKind(t, err, platform.KindCancelled)
	})
}

func TestStartErrors(t *testing.T) {
	down := newIssuer(t)
	down.Close()
	tests := []struct {
		name string
		r    Request
		want platform.Kind
	}{
		{"no issuer", Request{Platform: lookup(t, "oidc"), App: platform.App{ID: "x"}}, platform.KindUsage},
		{"plain http", Request{Platform: lookup(t, "oidc"), App: platform.App{ID: "x"}, Server: "http://issuer.example"}, platform.KindUsage},
		{"no client id", Request{Platform: lookup(t, "oidc"), Server: "https://issuer.example"}, platform.KindConfig},
		{"no app", Request{Platform: lookup(t, "facebook")}, platform.KindConfig},
		{"unreachable", Request{Platform: lookup(t, "oidc"), App: platform.App{ID: "x"}, Server: down.URL}, platform.KindRetry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Start(t.Context(), Config{Port: freePort(t)}, tt.r)
			wantKind(t, err, tt.want)
			gone(t)
		})
	}
}

// The page is no place for a command line that starts the same sign-in.
func TestPageSaysWhatToDo(t *testing.T) {
	const back = "Go back to Relink and try again."
	for repair, want := range map[string][]string{
		"":                                      {back},
		"start it again: relink connect a":      {back},
		"tick it on the page: relink connect a": {"What to do: tick it on the page.", back},
		"check the network":                     {"What to do: check the network."},
	} {
		p := Outcome{Error: &platform.Error{Message: "it failed", Repair: repair, Again: strings.HasPrefix(repair, "start")}}.page()
		if got := p.Lines[1 : len(p.Lines)-1]; !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", repair, got, want)
		}
	}
}
