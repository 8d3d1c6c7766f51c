package refresh

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"relink/platform"
	"relink/platform/connect"
)

// provider is zitadel/oidc's certified provider with its own example storage:
// nothing of it was written for Relink. It rotates refresh tokens and kills the
// access token that belonged to the old one.
type provider struct {
	*httptest.Server
	refreshes atomic.Int32
}

func newProvider(t *testing.T) *provider {
	// The example announces itself through the standard loggers.
	was, out := slog.Default(), log.Writer()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(was); log.SetOutput(out) })

	p := &provider{}
	var handler http.Handler
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" && r.PostFormValue("grant_type") == "refresh_token" {
			p.refreshes.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	storage.RegisterClients(storage.NativeClient("relink", "http://127.0.0.1/callback"))
	handler = exampleop.SetupServer(p.URL, storage.NewStorage(storage.NewUserStore(p.URL)), nil, false)
	return p
}

// signIn walks the provider's own pages as a browser does, up to the page Relink answers with.
func (p *provider) signIn(t *testing.T, address string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	id := resp.Request.URL.Query().Get("authRequestID")
	if id == "" {
		t.Fatalf("no sign-in page: %d at %s", resp.StatusCode, resp.Request.URL.Path)
	}
	host, _ := url.Parse(p.URL)
	resp, err = c.PostForm(p.URL+"/login/username", url.Values{"id": {id}, "username": {"test-user@" + host.Hostname()}, "password": {"verysecure"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestIndependentProvider(t *testing.T) {
	p := newProvider(t)
	oidc, err := platform.Lookup("oidc")
	if err != nil {
		t.Fatal(err)
	}
	a, err := connect.Start(t.Context(), connect.Config{}, connect.Request{Platform: oidc, Server: p.URL + "/", App: platform.App{ID: "relink"}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Cancel()
	page := make(chan string, 1)
	go func() { page <- p.signIn(t, a.URL) }()
	res, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Done(connect.Outcome{Titles: []string{res.Identities[0].Name}, Until: time.Date(2027, 1, 21, 12, 0, 0, 0, time.Local)})
	if got := <-page; !strings.Contains(got, "is connected until 21 January 2027") {
		t.Errorf("page: %s", got)
	}
	id := res.Identities[0]
	if id.ProviderID != "id1" || id.ProviderID != res.Exchanged.Subject || !id.Grant.Refreshable || !id.Grant.Clock(platform.ClockAccess).Ends() {
		t.Fatalf("identity: got %+v", id)
	}

	// Store it, and share the store between two processes.
	m := &registered{memory: newMemory(), app: res.App}
	account := platform.Account{ID: "a1", Platform: "oidc", Server: res.Server, Alias: "acme", ProviderID: id.ProviderID}
	id.Grant.Generation = 1
	m.add(account, id.Grant)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	one, two := New(Config{Store: m, Now: now}), New(Config{Store: m, Now: now})
	if _, err := one.Verify(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	if g, err := one.Token(t.Context(), "a1", 0); err != nil || g.Generation != 1 {
		t.Fatalf("fresh token: got generation %d, %v", g.Generation, err)
	}

	// Rotation: every old refresh token is dead, so a second request with one would show.
	for round := 1; round <= 3; round++ {
		ahead.Add(int64(time.Hour))
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				r := one
				if n%2 == 1 {
					r = two
				}
				if g, err := r.Token(t.Context(), "a1", 0); err != nil || g.Generation != round+1 {
					t.Errorf("round %d: got generation %d, %v", round, g.Generation, err)
				}
			})
		}
		wg.Wait()
		if got := p.refreshes.Load(); got != int32(round) {
			t.Fatalf("round %d: %d refreshes reached the provider", round, got)
		}
		if _, err := two.Verify(t.Context(), "a1"); err != nil {
			t.Fatal(err)
		}
	}
	if g := m.grant(t, "a1"); g.Tokens.Refresh.Reveal() == id.Grant.Tokens.Refresh.Reveal() {
		t.Error("the refresh token was not rotated")
	}

	// Revocation at the provider.
	g := m.grant(t, "a1")
	if err := oidc.Revoke(t.Context(), platform.Call{Net: &platform.Net{}, App: res.App, Endpoint: res.Endpoint, Account: account, Tokens: g.Tokens, Now: now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Verify(t.Context(), "a1"); platform.KindOf(err) != platform.KindRetry || m.grant(t, "a1").Fault.Count != 1 {
		t.Errorf("first rejection: got %v, %+v", err, m.grant(t, "a1").Fault)
	}
	ahead.Add(int64(5 * time.Minute))
	_, err = one.Refresh(t.Context(), "a1")
	wantKind(t, err, platform.KindReconnect)
	if f := m.grant(t, "a1").Fault; !f.Ends() || !f.AccessRejected {
		t.Errorf("second rejection: got %+v", f)
	}
	one.Wait()
	two.Wait()
}

// A code the provider never gave.
func TestIndependentProviderRefusesCode(t *testing.T) {
	p := newProvider(t)
	oidc, err := platform.Lookup("oidc")
	if err != nil {
		t.Fatal(err)
	}
	r := connect.Request{Platform: oidc, Server: p.URL, App: platform.App{ID: "relink"}, NoListener: true}
	a, err := connect.Start(t.Context(), connect.Config{}, r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Cancel()
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Paste("?code=made-up&state=" + u.Query().Get("state")); err != nil {
		t.Fatal(err)
	}
	_, err = a.Wait(t.Context())
	if e := platform.As(err, ""); err == nil || e.Kind == platform.KindReconnect || e.Repair == "" {
		t.Errorf("made-up code: got %v", err)
	}
}

// registered is a store with the registration the sign-in used.
type registered struct {
	*memory
	app platform.App
}

func (r *registered) App(context.Context, string, string) (platform.App, error) { return r.app, nil }
