package connect

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/platform"
)

// issuer is a small OpenID provider that answers as the test wants.
type issuer struct {
	*httptest.Server
	// token answers the token endpoint; nil gives a good answer.
	token http.HandlerFunc
	// sub is who signed in.
	sub, name string

	mu    sync.Mutex
	asked []url.Values // token requests, in order
	nonce string       // of the sign-in that was last sent back
}

// issuers finds the one an address leads to, by its host.
var issuers sync.Map

func newIssuer(t *testing.T) *issuer {
	i := &issuer{sub: "u1", name: "Acme Shop"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"userinfo_endpoint": i.URL + "/userinfo", "code_challenge_methods_supported": []string{"S256"},
		})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		i.mu.Lock()
		i.asked = append(i.asked, r.PostForm)
		i.mu.Unlock()
		if i.token != nil {
			i.token(w, r)
			return
		}
		i.good(w, r)
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, map[string]any{"sub": i.sub, "name": i.name})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	issuers.Store(i.Listener.Addr().String(), i)
	return i
}

func (i *issuer) good(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	claims, _ := json.Marshal(map[string]any{"sub": i.sub, "aud": "cid", "nonce": i.nonce})
	i.mu.Unlock()
	answer(w, map[string]any{
		"access_token": "access-1", "refresh_token": "refresh-1", "token_type": "Bearer", "expires_in": 3600,
		"refresh_token_expires_in": "7200", "scope": "openid profile",
		"id_token": "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln",
	})
}

func (i *issuer) requests() []url.Values {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func (i *issuer) request(t *testing.T) Request {
	return Request{Platform: lookup(t, "oidc"), Server: i.URL, App: platform.App{ID: "cid"}}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func lookup(t *testing.T, id string) *platform.Platform {
	t.Helper()
	p, err := platform.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start begins an attempt that is cleaned up and checked for leftovers.
func start(t *testing.T, cfg Config, r Request) *Attempt {
	t.Helper()
	if cfg.Port == 0 {
		cfg.Port = freePort(t)
	}
	a, err := Start(t.Context(), cfg, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Cancel()
		gone(t)
	})
	return a
}

// gone fails if anything of a listener is left.
func gone(t *testing.T) {
	t.Helper()
	var stacks string
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		doors.Lock()
		open := len(doors.open)
		doors.Unlock()
		if open == 0 && !strings.Contains(stacks, "connect.(*door)") && !strings.Contains(stacks, "connect.openDoor") && !strings.Contains(stacks, "connect.(*Attempt).leave") {
			return
		}
	}
	t.Errorf("left behind after the attempt ended:\n%s", stacks)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// back is the address the browser is sent back to, with the attempt's state
// taken from its URL, as a server does.
func back(t *testing.T, a *Attempt, params string) string {
	t.Helper()
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := issuers.Load(u.Host); ok {
		i := i.(*issuer)
		i.mu.Lock()
		i.nonce = u.Query().Get("nonce")
		i.mu.Unlock()
	}
	return a.Redirect + "?" + params + "&state=" + url.QueryEscape(u.Query().Get("state"))
}

type reply struct {
	status int
	header http.Header
	body   string
}

// visit goes to an address as the browser does.
func visit(method, address, host string) (reply, error) {
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		return reply{}, err
	}
	if host != "" {
		r.Host = host
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	resp.Header.Del("Date")
	return reply{resp.StatusCode, resp.Header, string(body)}, err
}

// browse visits in the background.
func browse(address string) <-chan reply {
	out := make(chan reply, 1)
	go func() {
		r, err := visit(http.MethodGet, address, "")
		if err != nil {
			r.body = fmt.Sprint("no page: ", err)
		}
		out <- r
	}()
	return out
}

func wantKind(t *testing.T, err error, want platform.Kind) *platform.Error {
	t.Helper()
	if got := platform.KindOf(err); got != want {
		t.Fatalf("got kind %q (%v), want %q", got, err, want)
	}
	e := platform.As(err, "")
	if e.Repair == "" || strings.Contains(e.Error(), "\n") {
		t.Errorf("error is not one line with a repair: %q", e.Error())
	}
	for _, secret := range []string{"access-1", "refresh-1", "the-code"} {
		if strings.Contains(e.Error(), secret) {
			t.Errorf("error shows a secret: %q", e.Error())
		}
	}
	return e
}
