package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

// saying is a network in which everybody answers the same.
type saying struct {
	status int
	kind   string
	body   string
}

func (s saying) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: s.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {s.kind}},
		Body: io.NopCloser(strings.NewReader(s.body)), ContentLength: int64(len(s.body)), Request: r,
	}, nil
}

// proper fails for an error that is no line for people.
func proper(t *testing.T, p *Platform, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: %T is not an *Error: %v", p.ID, err, err)
	}
	line := e.Error()
	if e.Message == "" || e.Repair == "" || e.Kind == "" || len(line) > 600 || strings.IndexFunc(line, unicode.IsControl) >= 0 {
		t.Errorf("%s: not one line that ends with the repair: %q", p.ID, line)
	}
	if strings.Contains(line+e.Code, "hush-hush") {
		t.Errorf("%s: a secret in an error: %q", p.ID, line)
	}
}

// known are error bodies of every platform, to begin with.
func known(f *testing.F) []string {
	f.Helper()
	return []string{
		`{"error":{"message":"hush-hush","type":"OAuthException","code":190,"error_subcode":463}}`, `{"error":"invalid_grant","error_description":"hush-hush"}`,
		`{"status":401,"serviceErrorCode":65601,"message":"hush-hush"}`, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"hush-hush"}`,
		`{"error":{"code":"access_token_invalid","message":"hush-hush","log_id":"1"}}`, `{"error":{"code":403,"message":"hush-hush","errors":[{"reason":"quotaExceeded"}],"status":"PERMISSION_DENIED"}}`,
		`{"code":2,"message":"hush-hush"}`, `{"ok":false,"error":"token_revoked"}`, `{"ok":false,"error_code":401,"description":"hush-hush"}`, `{"error":"ExpiredToken","message":"hush-hush"}`,
		`{"meta":{"status":401,"msg":"hush-hush"},"response":[]}`, `{"errors":[{"code":6000,"message":"hush-hush"}]}`, `{"data":[{"error":1}]}`, `[]`, `null`, `"x"`, `{`, ``, `<html>hush-hush</html>`,
		`{"access_token":"tok","token_type":"bearer","expires_in":"3600","refresh_token":"r","scope":["a"],"id_token":"a.b.c"}`,
		`{"ok":true,"access_token":"tok","authed_user":{"access_token":"u"},"team":{"id":"T"}}`, `{"data":[{"access_token":"tok","user_id":1,"permissions":"a,b"}]}`,
		`{"access_token":"tok","open_id":"o","expires_in":-1,"refresh_expires_in":1e300,"scope":"a,b"}`, `{"access_token":{"a":1},"expires_in":[]}`, `{"access_token":""}`,
	}
}

// FuzzClassify: whatever a platform answers, it is judged in one line.
func FuzzClassify(f *testing.F) {
	for _, body := range known(f) {
		for _, status := range []int{200, 302, 400, 401, 403, 429, 503} {
			f.Add(status, body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		for _, p := range All() {
			e := p.Classify(status, []byte(body))
			if e == nil {
				continue
			}
			proper(t, p, e)
			if status >= 500 && (e.Kind == KindReconnect || e.Kind == KindRefresh) {
				t.Errorf("%s: status %d says something about the token: %s", p.ID, status, e.Kind)
			}
		}
	})
}

// FuzzTokenAnswer: an answer of the token endpoint is a token or an error, and
// never half of both.
func FuzzTokenAnswer(f *testing.F) {
	for _, body := range known(f) {
		f.Add(200, "application/json", body)
		f.Add(400, "application/json", body)
	}
	f.Add(200, "application/x-www-form-urlencoded", "access_token=tok&expires_in=3600")
	f.Add(200, "text/plain", "access_token=tok&expires_in=x")
	now := time.Now()
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		if status < 100 || status > 999 {
			return
		}
		n := &Net{Transport: saying{status, kind, body}}
		for _, p := range All() {
			e := Endpoint{AuthURL: "https://a.example/a", TokenURL: "https://a.example/t", DeviceURL: "https://a.example/d", APIURL: "https://a.example", Issuer: "https://a.example"}
			c := Call{Net: n, App: App{ID: "id", Secret: NewSecret("hush-hush")}, Endpoint: e, Tokens: Tokens{Access: NewSecret("hush-hush"), Refresh: NewSecret("hush-hush")}, TokenType: "Bearer", Now: now}
			check := func(x Exchanged, err error) {
				t.Helper()
				proper(t, p, err)
				if (err == nil) == x.Tokens.Access.IsZero() {
					t.Errorf("%s: a token is there: %v, error %v", p.ID, !x.Tokens.Access.IsZero(), err)
				}
				for _, clock := range x.Clocks {
					if clock.Ends() && (clock.At.Before(now) || clock.At.After(now.Add(longest+time.Minute))) && clock.Source == SourceProvider {
						t.Errorf("%s: a life of %v", p.ID, clock.At.Sub(now))
					}
				}
			}
			if p.Redirect != RedirectNone {
				check(p.Exchange(t.Context(), c, "code", Proof{Redirect: "http://127.0.0.1:1/", Verifier: "v"}))
			}
			if p.Family == FamilyRotating || p.Family == FamilyStatic {
				x, err := p.Refresh(t.Context(), c)
				check(x, err)
				if err == nil && x.Tokens.Refresh.IsZero() {
					t.Errorf("%s: an answer without a refresh token loses the old one", p.ID)
				}
			}
			if _, err := p.StartDevice(t.Context(), c, nil); err != nil {
				proper(t, p, err)
			}
			for _, ask := range []func(context.Context, Call) (Verdict, error){p.Verify} {
				if ask != nil {
					_, err := ask(t.Context(), c)
					proper(t, p, err)
				}
			}
			ids, err := p.Identify(t.Context(), c, Exchanged{Tokens: c.Tokens, TokenType: c.TokenType})
			proper(t, p, err)
			for _, id := range ids {
				if id.ProviderID == "" {
					t.Errorf("%s: an account without an id: %+v", p.ID, id)
				}
			}
		}
	})
}

// FuzzDiscovery: metadata gives addresses that tokens may be sent to, or an error.
func FuzzDiscovery(f *testing.F) {
	f.Add(200, `{"issuer":"https://a.example","authorization_endpoint":"https://a.example/a","token_endpoint":"https://a.example/t"}`)
	f.Add(200, `{"issuer":"https://a.example","authorization_endpoint":"http://a.example/a","token_endpoint":"javascript:1"}`)
	f.Add(200, `{"issuer":"https://b.example","authorization_endpoint":"/a","token_endpoint":"/t","device_authorization_endpoint":"http://x/"}`)
	f.Add(200, `{"did":"did:plc:abc","authorization_servers":["https://a.example"],"service":[{"id":"#atproto_pds","serviceEndpoint":"https://a.example"}],"alsoKnownAs":["at://a.example"],"id":"did:plc:abc"}`)
	f.Add(404, ``)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 {
			return
		}
		n := &Net{Transport: saying{status, "application/json", body}}
		for _, p := range All() {
			server := map[Site]string{SiteServer: "https://a.example", SiteIssuer: "https://a.example", SiteHandle: "a.example"}[p.Site]
			e, err := p.Discover(t.Context(), n, server)
			proper(t, p, err)
			if err != nil {
				continue
			}
			for _, raw := range []string{e.AuthURL, e.TokenURL, e.DeviceURL, e.PushedURL} {
				if raw == "" {
					continue
				}
				if u, err := url.Parse(raw); err != nil || Secure(u) != nil {
					t.Errorf("%s: tokens would go to %q", p.ID, raw)
				}
			}
		}
	})
}
