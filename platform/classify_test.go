package platform

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// TestTable walks every platform: what a new one must have.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range All() {
		t.Run(p.ID, func(t *testing.T) {
			if p.ID == "" || p.Name == "" || seen[p.ID] {
				t.Errorf("id %q, name %q", p.ID, p.Name)
			}
			seen[p.ID] = true
			if p.AuthStyle == oauth2.AuthStyleAutoDetect {
				t.Error("AuthStyle is not set: x/oauth2 would send one-time codes twice")
			}
			if p.Separator == "" || p.Family == "" || p.Redirect == "" || p.Lifetime == "" {
				t.Errorf("separator %q, family %q, redirect %q, lifetime %q", p.Separator, p.Family, p.Redirect, p.Lifetime)
			}
			if p.Discover == nil || p.Identify == nil || p.Classify == nil || (p.Verify == nil) != (p.Cost == CostNever) {
				t.Error("Discover, Identify, Classify and, unless it costs, Verify must be there")
			}
			if p.Revoke == nil && p.RevokePage == "" {
				t.Error("neither a way to revoke nor the page where the user does")
			}
			if p.Registration.Self != (p.Register != nil) {
				t.Error("Registration.Self and Register disagree")
			}
			if p.Redirect == RedirectNone && p.Device == nil && p.Credential == nil {
				t.Error("no way in: neither a redirect, nor a device code, nor a credential")
			}
			if c := p.Credential; c != nil && (c.Name == "" || c.Accept == nil || len(c.Steps) == 0) {
				t.Error("a credential needs a name, steps and Accept")
			}
			if r := p.Registration; p.Redirect == RedirectNone && !r.None && (len(r.Steps) == 0 || r.IDLabel == "") {
				t.Error("the app registration needs steps")
			}
			if r := p.Registration; p.Redirect != RedirectNone && !r.Self && (len(r.Steps) == 0 || !strings.Contains(strings.Join(r.Steps, " "), "{redirect}") || r.IDLabel == "") {
				t.Error("the app registration's steps must name the redirect address")
			}
			for _, raw := range []string{p.Registration.Console, p.RevokePage} {
				if u, err := url.Parse(raw); raw != "" && (err != nil || u.Scheme != "https") {
					t.Errorf("address %q is not https", raw)
				}
			}
			if (p.Family == FamilyExtending) && (p.Extend == nil || p.ExtendFrom < day) {
				t.Error("an extending platform needs Extend, from a day on")
			}
			for kind, life := range p.Silent {
				if life < 0 || life > 0 && life < time.Minute {
					t.Errorf("the %s clock runs %v where the platform is silent", kind, life)
				}
			}
			// Where nobody can renew it, something must say when a token ends.
			if _, listed := p.Silent[ClockAccess]; p.Family == FamilyNone && !listed {
				t.Error("a token that cannot be renewed has no life in the table")
			}
			seenNeeds := map[Capability]bool{}
			for _, n := range p.Needs {
				if len(n.Scopes) == 0 && p.Redirect != RedirectNone || seenNeeds[n.Capability] {
					t.Errorf("%s needs its scopes, and once", n.Capability)
				}
				seenNeeds[n.Capability] = true
			}
			if !seenNeeds[Publish] && p.ID != "oidc" {
				t.Error("nobody can publish")
			}
			for code, s := range p.Reasons {
				if code == "" || !strings.HasSuffix(s, ".") || strings.Contains(s, "%") {
					t.Errorf("reason %q is no sentence: %q", code, s)
				}
			}
			if p.Site != SiteNone {
				return
			}
			e, err := p.Discover(t.Context(), &Net{}, "")
			if err != nil {
				t.Fatal(err)
			}
			addresses := []string{e.AuthURL, e.TokenURL}
			if p.Redirect == RedirectNone {
				addresses = addresses[:0]
				if p.Device != nil {
					addresses = []string{e.DeviceURL, e.TokenURL}
				}
			}
			for _, raw := range addresses {
				if u, err := url.Parse(raw); err != nil || u.Scheme != "https" || u.Host == "" {
					t.Errorf("address %q is not https", raw)
				}
			}
		})
	}
}

// fixture is one answer of a platform and what it must be taken for.
type fixture struct {
	Name   string          `json:"name"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
	// Text is a body that is not JSON.
	Text string `json:"text"`
	Kind Kind   `json:"kind"`
	Code string `json:"code"`
}

// TestClassify walks testdata/PLATFORM/errors.json of every platform.
func TestClassify(t *testing.T) {
	for _, p := range All() {
		raw, err := os.ReadFile(filepath.Join("testdata", p.ID, "errors.json"))
		if err != nil {
			t.Errorf("%s has no fixtures: %v", p.ID, err)
			continue
		}
		var fixtures []fixture
		if err := json.Unmarshal(raw, &fixtures); err != nil {
			t.Fatalf("%s: %v", p.ID, err)
		}
		// Each bucket has one: a person or a refresh is needed, or the token is left alone.
		token, other := 0, 0
		for _, f := range fixtures {
			switch f.Kind {
			case KindReconnect, KindRefresh:
				token++
			case KindRetry, KindLimit:
				other++
			}
		}
		if token == 0 || other < 3 {
			t.Errorf("%s: %d fixtures are of the token, %d leave it alone", p.ID, token, other)
		}
		for _, f := range fixtures {
			t.Run(p.ID+"/"+f.Name, func(t *testing.T) {
				body := []byte(f.Body)
				if f.Text != "" {
					body = []byte(f.Text)
				}
				e := p.Classify(f.Status, body)
				if f.Kind == "" {
					if e != nil {
						t.Fatalf("a good answer is taken for %s: %v", e.Kind, e)
					}
					return
				}
				if e == nil {
					t.Fatalf("taken for a good answer, want %s", f.Kind)
				}
				if e.Kind != f.Kind || f.Code != "" && e.Code != f.Code {
					t.Errorf("got %s %q, want %s %q", e.Kind, e.Code, f.Kind, f.Code)
				}
				if e.Message == "" || e.Repair == "" || strings.ContainsAny(e.Error(), "\n{}<>") {
					t.Errorf("not a line that ends with the repair: %q", e.Error())
				}
			})
		}
	}
}

// TestErrorsNameTheirPlatform: what a platform answered is never told as
// another's. Facebook answers for Instagram where that is connected through it.
func TestErrorsNameTheirPlatform(t *testing.T) {
	for _, p := range All() {
		raw, err := os.ReadFile(filepath.Join("testdata", p.ID, "errors.json"))
		if err != nil {
			t.Fatal(err)
		}
		var fixtures []fixture
		if err := json.Unmarshal(raw, &fixtures); err != nil {
			t.Fatal(err)
		}
		for _, f := range fixtures {
			body := []byte(f.Body)
			if f.Text != "" {
				body = []byte(f.Text)
			}
			e := p.Classify(f.Status, body)
			if e == nil {
				continue
			}
			if e.Platform != p.ID {
				t.Errorf("%s, %s: it is said to be of %q", p.ID, f.Name, e.Platform)
			}
			for _, other := range All() {
				own := other == p || strings.Contains(p.Name, other.Name) || p.ID == "googlebusiness" && other.ID == "youtube"
				if !own && regexp.MustCompile(`\b`+regexp.QuoteMeta(other.Name)+`\b`).MatchString(e.Error()) {
					t.Errorf("%s, %s: it names %s: %s", p.ID, f.Name, other.Name, e)
				}
			}
		}
	}
}

func TestNetURL(t *testing.T) {
	n := &Net{Sandbox: "http://127.0.0.1:9"}
	for raw, want := range map[string]string{
		"https://graph.facebook.com/v25.0/me?x=1": "http://127.0.0.1:9/graph.facebook.com/v25.0/me?x=1",
		"http://127.0.0.1:9/issuer.example/token": "http://127.0.0.1:9/issuer.example/token",
		"https://mastodon.example/oauth/a%2Fb":    "http://127.0.0.1:9/mastodon.example/oauth/a%2Fb",
	} {
		if got := n.URL(raw); got != want {
			t.Errorf("URL(%q) = %q, want %q", raw, got, want)
		}
	}
	if got := (&Net{}).URL("https://a.example/"); got != "https://a.example/" {
		t.Errorf("without a sandbox: %q", got)
	}
}

func TestNetWithstands(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/big":
			for range 11 << 10 {
				_, _ = w.Write(make([]byte, 1<<10))
			}
		case "/hang":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/away":
			http.Redirect(w, r, "http://127.0.0.1:1/portal", http.StatusFound)
		case "/html":
			_, _ = w.Write([]byte("<html>Welcome to our hotel</html>"))
		}
	}))
	defer srv.Close()
	defer close(release)
	n := &Net{Timeout: 200 * time.Millisecond}
	for _, tt := range []struct{ path, says string }{
		{"/big", "larger than 1 MB"}, {"/hang", "no answer in time"}, {"/html", "not its API"}, {"/away", "not its API"},
	} {
		var v struct{ ID string }
		err := Call{Net: n}.request(t.Context(), mastodonDialect, mastodonClassify, http.MethodGet, srv.URL+tt.path, nil, NewSecret("tok-1"), nil, &v)
		if KindOf(err) != KindRetry || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v (%s), want a %s error with %q", tt.path, err, KindOf(err), KindRetry, tt.says)
		}
	}
	// An error must not carry the request's address: it may hold a token.
	down := httptest.NewServer(nil)
	down.Close()
	err := Call{Net: n}.request(t.Context(), facebookDialect, facebookDialect.metaClassify, http.MethodGet, down.URL+"/debug_token", url.Values{"input_token": {"tok-1"}}, Secret{}, nil, nil)
	for e := err; e != nil; {
		if strings.Contains(e.Error(), "tok-1") {
			t.Errorf("a token in an error: %v", e)
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	if KindOf(err) != KindRetry {
		t.Errorf("a platform that is down: got %v", err)
	}
	if err := (Call{Net: n}).request(context.Background(), facebookDialect, facebookDialect.metaClassify, http.MethodGet, "http://example.org/", nil, Secret{}, nil, nil); KindOf(err) != KindUsage {
		t.Errorf("plain http to another computer: got %v", err)
	}
}
