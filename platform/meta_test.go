package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// answering serves each path with what f gives for it, and notes what was asked.
func answering(t *testing.T, f func(r *http.Request) any) (*Net, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.Method+" "+r.URL.Path)
		v := f(r)
		if v == nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}))
	t.Cleanup(srv.Close)
	return &Net{Sandbox: srv.URL}, &asked
}

type object = map[string]any

// Meta's pages do not agree on whether exchanging a long-lived token again makes
// it last longer: only debug_token's word that it ends more than a day later counts.
func TestFacebookExtendsOnlyWhatEndsLater(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ends := now.Add(20 * day)
	for _, c := range []struct {
		name     string
		then     time.Time // end of the new token; zero is never
		silent   bool      // debug_token names no end
		owner    bool      // it is a Page's token
		public   bool      // without the app's secret
		extends  bool
		requests int
	}{
		{name: "40 days later", then: ends.Add(40 * day), extends: true, requests: 3},
		{name: "never", extends: true, requests: 3},
		{name: "the same end", then: ends, requests: 3},
		{name: "a day later", then: ends.Add(day), requests: 3},
		{name: "a second more than a day", then: ends.Add(day + time.Second), extends: true, requests: 3},
		{name: "earlier", then: ends.Add(-day), requests: 3},
		{name: "nobody says", silent: true, requests: 1},
		{name: "a Page's token", then: ends.Add(40 * day), owner: true},
		{name: "no secret", then: ends.Add(40 * day), public: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, asked := answering(t, func(r *http.Request) any {
				if strings.HasSuffix(r.URL.Path, "/oauth/access_token") {
					// What it says itself is not believed.
					return object{"access_token": "new", "expires_in": 5183944}
				}
				data := object{"is_valid": true, "scopes": []string{"pages_show_list"}}
				if !c.silent {
					data["expires_at"], data["data_access_expires_at"] = ends.Unix(), now.Add(70*day).Unix()
				}
				if r.Form.Get("input_token") == "new" && !c.silent {
					data["expires_at"] = 0
					if !c.then.IsZero() {
						data["expires_at"] = c.then.Unix()
					}
				}
				return object{"data": data}
			})
			call := Call{Net: net, App: App{ID: "app", Secret: NewSecret("s")}, Tokens: Tokens{Access: NewSecret("old")}, Now: now}
			if c.owner {
				call.Tokens.Owner = NewSecret("person")
			}
			if c.public {
				call.App.Secret = Secret{}
			}
			x, err := facebook.Extend(t.Context(), call)
			if len(*asked) != c.requests {
				t.Errorf("asked %v, want %d requests", *asked, c.requests)
			}
			if !c.extends {
				if e := As(err, ""); err == nil || e.Kind != KindPolicy || e.Code != "not_extended" {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			clock := Grant{Clocks: x.Clocks}.Clock(ClockAccess)
			if x.Tokens.Access.Reveal() != "new" || !clock.At.Equal(c.then) && clock.Source != SourceNever {
				t.Errorf("got %+v", x)
			}
		})
	}
	// A platform that is down while it is compared says nothing.
	net, _ := answering(t, func(r *http.Request) any { return nil })
	call := Call{Net: net, App: App{ID: "app", Secret: NewSecret("s")}, Tokens: Tokens{Access: NewSecret("old")}, Now: now}
	if _, err := facebook.Extend(t.Context(), call); KindOf(err) != KindRetry {
		t.Errorf("while it is down: %v", err)
	}
}

// Instagram's answers are documented both plain and wrapped in a list.
func TestInstagramReadsBothShapes(t *testing.T) {
	for _, c := range []struct{ name, token, me string }{
		{"plain", `{"access_token":"short","user_id":17841400000000001,"permissions":["a","b"]}`, `{"user_id":"17841400000000001","username":"acme","name":"Acme"}`},
		{"wrapped", `{"data":[{"access_token":"short","user_id":"17841400000000001","permissions":"a,b"}]}`, `{"data":[{"user_id":"17841400000000001","username":"acme","name":"Acme"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent url.Values
			net, _ := answering(t, func(r *http.Request) any {
				if strings.HasSuffix(r.URL.Path, "/me") {
					return json.RawMessage(c.me)
				}
				sent = r.PostForm
				return json.RawMessage(c.token)
			})
			e, err := instagram.Discover(t.Context(), net, "")
			if err != nil {
				t.Fatal(err)
			}
			call := Call{Net: net, App: App{ID: "app", Secret: NewSecret("s")}, Endpoint: e, Now: time.Now()}
			x, err := instagram.Exchange(t.Context(), call, "AQB#_", Proof{Redirect: "https://relink.internal/callback"})
			if err != nil || x.Tokens.Access.Reveal() != "short" || !slices.Equal(x.Scopes, []string{"a", "b"}) {
				t.Fatalf("got %+v, %v", x, err)
			}
			if sent.Get("code") != "AQB" || sent.Get("client_id") != "app" || sent.Get("client_secret") != "s" || sent.Get("grant_type") != "authorization_code" {
				t.Errorf("sent %v", slices.Sorted(maps.Keys(sent)))
			}
			who, err := instagram.Identify(t.Context(), call, x)
			if err != nil || len(who) != 1 || who[0].ProviderID != "17841400000000001" || who[0].Handle != "@acme" {
				t.Errorf("got %+v, %v", who, err)
			}
		})
	}
	net, _ := answering(t, func(*http.Request) any { return object{"user_id": 1} })
	if _, err := instagram.Exchange(t.Context(), Call{Net: net, Endpoint: Endpoint{TokenURL: "https://api.instagram.com/oauth/access_token"}}, "c", Proof{}); KindOf(err) != KindRetry || As(err, "").Code != "no_token" {
		t.Errorf("a 200 without a token: %v", err)
	}
}

// Whose token debug_token wants, Threads' pages do not settle: the app's is
// tried, then the token itself, then only whether it works.
func TestThreadsAsksHoweverItIsAllowed(t *testing.T) {
	refuse := object{"error": object{"message": "not allowed", "code": 10}}
	for _, c := range []struct {
		name     string
		takes    func(asker string) bool
		secret   bool
		clock    bool
		requests int
	}{
		{"the app's token", func(a string) bool { return a == "TH|app|s" }, true, true, 1},
		{"itself", func(a string) bool { return a == "tok" }, true, true, 2},
		{"itself, without a secret", func(a string) bool { return a == "tok" }, false, true, 1},
		{"not at all", func(string) bool { return false }, true, false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, asked := answering(t, func(r *http.Request) any {
				switch {
				case strings.HasSuffix(r.URL.Path, "/me"):
					return object{"id": "1", "username": "acme"}
				case c.takes(r.Form.Get("access_token")):
					return object{"data": object{"is_valid": true, "issued_at": 1747070132, "expires_at": 1752254132, "data_access_expires_at": 1754846132}}
				}
				return refuse
			})
			e, _ := threads.Discover(t.Context(), net, "")
			call := Call{Net: net, App: App{ID: "app"}, Endpoint: e, Tokens: Tokens{Access: NewSecret("tok")}, Now: time.Unix(1747070132, 0)}
			if c.secret {
				call.App.Secret = NewSecret("s")
			}
			v, err := threads.Verify(t.Context(), call)
			if err != nil || len(*asked) != c.requests {
				t.Fatalf("asked %v, %v", *asked, err)
			}
			if g := (Grant{Clocks: v.Clocks}); c.clock != g.Clock(ClockAccess).Ends() || c.clock != g.Clock(ClockDataAccess).Ends() {
				t.Errorf("clocks %+v", v.Clocks)
			}
		})
	}
	// A token that debug_token calls dead is dead, whoever asked.
	net, _ := answering(t, func(r *http.Request) any {
		return object{"data": object{"is_valid": false, "error": object{"code": 190, "subcode": 458}}}
	})
	e, _ := threads.Discover(t.Context(), net, "")
	_, err := threads.Verify(t.Context(), Call{Net: net, Endpoint: e, Tokens: Tokens{Access: NewSecret("tok")}, Now: time.Now()})
	if err == nil || !As(err, "").Definite || As(err, "").Code != "190/458" {
		t.Errorf("got %v", err)
	}
}

// 459 and 464 want the person on the site first; reconnecting alone does not help.
func TestMetaSaysWhatComesFirst(t *testing.T) {
	for _, sub := range []int{459, 464} {
		e := facebookDialect.metaClassify(400, fmt.Appendf(nil, `{"error":{"code":190,"error_subcode":%d,"message":"x"}}`, sub))
		if e == nil || e.Kind != KindReconnect || !strings.Contains(e.Repair, "sign in on facebook.com") || !strings.Contains(e.Repair, "then reconnect") {
			t.Errorf("%d: got %v", sub, e)
		}
	}
	for _, p := range []*Platform{instagram, instagramFacebook, threads} {
		e := p.Classify(400, []byte(`{"error":{"code":190,"error_subcode":458,"message":"x"}}`))
		if e == nil || e.Platform != p.ID || strings.Contains(e.Message, "Facebook") != (p == instagramFacebook) {
			t.Errorf("%s: got %+v", p.ID, e)
		}
	}
}
