package refresh

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

// issuer answers as the test wants, without a network: time can be simulated.
type issuer struct {
	mu sync.Mutex
	// token and userinfo answer; nil means well.
	token, userinfo http.HandlerFunc
	rotate          bool
	silent          bool // no expires_in
	tokens, infos   int  // requests
	refresh         string
}

func newIssuer() *issuer { return &issuer{refresh: "refresh-0"} }

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	done := make(chan struct{})
	go func() {
		defer close(done)
		i.serve(w, r)
	}()
	select {
	case <-done:
		return w.Result(), nil
	case <-r.Context().Done():
		<-done
		return nil, r.Context().Err()
	}
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		base := "https://" + r.URL.Host
		answer(w, map[string]any{"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token", "userinfo_endpoint": base + "/userinfo"})
	case "/token":
		_ = r.ParseForm()
		i.mu.Lock()
		i.tokens++
		n, other := i.tokens, i.token
		i.mu.Unlock()
		if other != nil {
			other(w, r)
			return
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		if got := r.PostForm.Get("refresh_token"); got != i.refresh {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": "invalid_grant"})
			return
		}
		out := map[string]any{"access_token": fmt.Sprint("access-", n), "token_type": "Bearer"}
		if !i.silent {
			out["expires_in"] = 3600
		}
		if i.rotate {
			i.refresh = fmt.Sprint("refresh-", n)
			out["refresh_token"] = i.refresh
		}
		answer(w, out)
	case "/userinfo":
		i.mu.Lock()
		i.infos++
		other := i.userinfo
		i.mu.Unlock()
		if other != nil {
			other(w, r)
			return
		}
		answer(w, map[string]any{"sub": "u1"})
	}
}

func (i *issuer) counts() (tokens, infos int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.tokens, i.infos
}

func answer(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const (
	invalidGrant = `{"error":"invalid_grant"}`
	invalidToken = `{"error":"invalid_token"}`
)

var acme = platform.Account{ID: "a1", Platform: "oidc", Server: "https://issuer.example", Alias: "acme", ProviderID: "u1"}

// clock is an access clock of one hour that ends in d.
func clock(d time.Duration) platform.Clock {
	at := time.Now().Add(d)
	return platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: at, Since: at.Add(-time.Hour)}
}

func grant(left time.Duration) platform.Grant {
	return platform.Grant{
		Generation: 1, TokenType: "Bearer", Clocks: []platform.Clock{clock(left)}, Scopes: []string{"openid"},
		Tokens: platform.Tokens{Access: platform.NewSecret("access-0"), Refresh: platform.NewSecret("refresh-0")},
	}
}

// world runs a test in simulated time with one account.
func world(t *testing.T, g func() platform.Grant, test func(*testing.T, *issuer, *memory, *Refresher)) {
	synctest.Test(t, func(t *testing.T) {
		i, m := newIssuer(), newMemory()
		m.add(acme, g())
		r := refresher(i, m)
		test(t, i, m, r)
		r.Wait()
	})
}

func refresher(i http.RoundTripper, m *memory) *Refresher {
	return New(Config{Store: m, Net: &platform.Net{Transport: i}, Rand: func() float64 { return 0.5 }})
}

func wantKind(t *testing.T, err error, want platform.Kind) *platform.Error {
	t.Helper()
	if got := platform.KindOf(err); got != want {
		t.Fatalf("got kind %q (%v), want %q", got, err, want)
	}
	e := platform.As(err, "")
	if e.Repair == "" || strings.Contains(e.Error(), "access-") || strings.Contains(e.Error(), "refresh-") {
		t.Errorf("error lacks a repair or shows a token: %q", e.Error())
	}
	if want == platform.KindReconnect && e.Repair != "relink reconnect oidc/acme" {
		t.Errorf("repair: got %q", e.Repair)
	}
	return e
}
