package connect

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"relink/platform"
)

// server is a Mastodon server as far as registration goes.
type server struct {
	*httptest.Server
	registered []url.Values
	forgotten  bool
}

func newServer(t *testing.T) *server {
	s := &server{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/apps", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.registered = append(s.registered, r.PostForm)
		answer(w, map[string]any{"client_id": "client-" + strconv.Itoa(len(s.registered)), "client_secret": "hush"})
	})
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		if s.forgotten {
			w.WriteHeader(http.StatusUnauthorized)
			answer(w, map[string]any{"error": "invalid_client"})
			return
		}
		answer(w, map[string]any{"access_token": "access-1", "token_type": "Bearer", "scope": "read:accounts"})
	})
	mux.HandleFunc("GET /api/v1/accounts/verify_credentials", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"id": "7", "acct": "acme"})
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestRegistersItself(t *testing.T) {
	s := newServer(t)
	cfg := Config{Port: freePort(t)}
	r := Request{Platform: lookup(t, "mastodon"), Server: s.URL, Wants: []platform.Capability{platform.Publish}}
	first := start(t, cfg, r)
	if first.App.ID != "client-1" || !first.App.Self || first.App.Server != s.URL {
		t.Fatalf("app: got %+v", first.App)
	}
	if got := s.registered[0]; got.Get("redirect_uris") != first.Redirect || !strings.Contains(got.Get("scopes"), "read:notifications") {
		t.Errorf("registration: got %v, want the redirect address and all scopes", got)
	}
	first.Cancel()

	other := first.App
	other.Redirect = "http://localhost:1/callback"
	narrow := first.App
	narrow.Scopes = []string{"read"}
	broad := first.App
	broad.Scopes = []string{"read", "write"}
	tests := []struct {
		name   string
		app    platform.App
		forgot bool
		anew   bool
	}{
		{"fits", first.App, false, false},
		{"parents cover children", broad, false, false},
		{"another redirect address", other, false, true},
		{"fewer scopes", narrow, false, true},
		{"forgotten by the server", first.App, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.forgotten = tt.forgot
			before := len(s.registered)
			r := r
			r.App = tt.app
			a := start(t, cfg, r)
			if anew := len(s.registered) > before; anew != tt.anew {
				t.Errorf("registered anew: got %v, want %v", anew, tt.anew)
			}
			if anew := a.App.ID != tt.app.ID; anew != tt.anew {
				t.Errorf("app: got %s", a.App.ID)
			}
		})
	}
}

// Where Relink registers itself, a taken port is no obstacle.
func TestRegistersAtAnotherPort(t *testing.T) {
	s := newServer(t)
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	a := start(t, Config{Port: busy.Addr().(*net.TCPAddr).Port}, Request{Platform: lookup(t, "mastodon"), Server: s.URL})
	if !a.Listening || s.registered[0].Get("redirect_uris") != a.Redirect {
		t.Fatalf("got listening %v at %s, registered %v", a.Listening, a.Redirect, s.registered)
	}
	page := browse(back(t, a, "code=the-code"))
	r, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Done(Outcome{Titles: []string{"a", "b"}, Lasts: true})
	if got := <-page; !strings.Contains(got.body, "a and b are connected and do not expire.") {
		t.Errorf("page: %s", got.body)
	}
	if c := r.Identities[0].Grant.Clock(platform.ClockAccess); c.Source != platform.SourceNever {
		t.Errorf("clock: got %+v, want one that never ends", c)
	}
	// write:statuses and the others were asked for; only read:accounts was granted.
	if len(r.Missing) == 0 || r.Missing[0] != "write:statuses" {
		t.Errorf("missing: got %v", r.Missing)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	tests := []struct {
		platform string
		scope    string
		pkce     bool
		nonce    bool
	}{
		{"facebook", "pages_show_list,pages_manage_posts,pages_read_engagement", false, false},
		{"linkedin", "openid profile w_member_social", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.platform, func(t *testing.T) {
			r := Request{
				Platform: lookup(t, tt.platform), App: platform.App{ID: "cid", Secret: platform.NewSecret("hush")},
				Wants: []platform.Capability{platform.Publish}, Params: url.Values{"auth_type": {"rerequest"}},
			}
			a := start(t, Config{}, r)
			u, err := url.Parse(a.URL)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if got := q.Get("scope"); got != tt.scope {
				t.Errorf("scope: got %q, want %q", got, tt.scope)
			}
			if got := q.Get("code_challenge") != ""; got != tt.pkce {
				t.Errorf("PKCE: got %v, want %v", got, tt.pkce)
			}
			if got := q.Get("nonce") != ""; got != tt.nonce {
				t.Errorf("nonce: got %v, want %v", got, tt.nonce)
			}
			if q.Get("auth_type") != "rerequest" || !strings.HasPrefix(a.Redirect, "http://localhost:") {
				t.Errorf("got %v", q)
			}
			if strings.Contains(a.URL, "hush") {
				t.Error("the client secret is in the address")
			}
		})
	}
}
