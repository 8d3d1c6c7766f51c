package connect

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

// deviceServer is an issuer with a device authorization endpoint (RFC 8628)
// that answers its token requests from a list, the last for ever.
func deviceServer(t *testing.T, answers ...string) (*issuer, *[]time.Time) {
	i := newIssuer(t)
	var asked []time.Time
	i.token = func(w http.ResponseWriter, r *http.Request) {
		n := len(asked)
		asked = append(asked, time.Now())
		said := answers[min(n, len(answers)-1)]
		switch {
		case r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" || r.PostForm.Get("device_code") != "dev-1" || r.PostForm.Get("client_id") != "cid":
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": "invalid_request"})
		case said == "down":
			w.WriteHeader(http.StatusServiceUnavailable)
		case said == "":
			answer(w, map[string]any{"access_token": "access-1", "token_type": "bearer", "expires_in": 3600, "refresh_token": "refresh-1"})
		default:
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": said})
		}
	}
	inner := i.Config.Handler
	i.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			answer(w, map[string]any{
				"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
				"userinfo_endpoint": i.URL + "/userinfo", "device_authorization_endpoint": i.URL + "/device",
			})
		case "/device":
			answer(w, map[string]any{
				"device_code": "dev-1", "user_code": "WDJB-MJHT", "verification_uri": i.URL + "/activate",
				"expires_in": 600, "interval": 5,
			})
		default:
			inner.ServeHTTP(w, r)
		}
	})
	return i, &asked
}

func device(t *testing.T, i *issuer) *Attempt {
	t.Helper()
	r := i.request(t)
	r.Device = true
	a, err := Start(t.Context(), Config{Net: &platform.Net{Transport: memory{i.Config.Handler}}}, r)
	if err != nil {
		t.Fatal(err)
	}
	if a.UserCode != "WDJB-MJHT" || a.URL != i.URL+"/activate" || a.Redirect != "" || a.Listening {
		t.Errorf("attempt: got code %q at %q, redirect %q, listening %v", a.UserCode, a.URL, a.Redirect, a.Listening)
	}
	return a
}

func TestDevice(t *testing.T) {
	i, asked := deviceServer(t, "authorization_pending", "slow_down", "down", "")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := device(t, i)
		r, err := a.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Identities) != 1 || r.Identities[0].ProviderID != "u1" || r.Identities[0].Grant.Tokens.Refresh.Reveal() != "refresh-1" || r.Identities[0].Grant.TokenType != "Bearer" {
			t.Errorf("identities: got %+v", r.Identities)
		}
		// 5 s, then 5 s, then 5 s slower as it was asked to be, then twice as slow after an outage.
		var pauses []time.Duration
		for _, at := range *asked {
			pauses = append(pauses, at.Sub(began))
			began = at
		}
		want := []time.Duration{5 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}
		for k := range want {
			if len(pauses) != len(want) || pauses[k] != want[k] {
				t.Fatalf("pauses between questions: got %v, want %v", pauses, want)
			}
		}
	})
}

func TestDeviceEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		cancel bool
		want   platform.Kind
		after  time.Duration
	}{
		"nobody types it": {answer: "authorization_pending", want: platform.KindTimeout, after: 10 * time.Minute},
		"declined":        {answer: "access_denied", want: platform.KindCancelled, after: 5 * time.Second},
		"ended there":     {answer: "expired_token", want: platform.KindTimeout, after: 5 * time.Second},
		"cancelled":       {answer: "authorization_pending", cancel: true, want: platform.KindCancelled, after: 7 * time.Second},
		"unknown client":  {answer: "invalid_client", want: platform.KindConfig, after: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			i, _ := deviceServer(t, tt.answer)
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				a := device(t, i)
				if tt.cancel {
					time.AfterFunc(7*time.Second, a.Cancel)
				}
				_, err := a.Wait(t.Context())
				wantKind(t, err, tt.want)
				if took := time.Since(began); took != tt.after {
					t.Errorf("ended after %v, want %v", took, tt.after)
				}
			})
		})
	}
}

func TestDeviceNotThere(t *testing.T) {
	i := newIssuer(t)
	r := i.request(t)
	r.Device = true
	_, err := Start(t.Context(), Config{}, r)
	wantKind(t, err, platform.KindUsage)
	gone(t)
}

// A credential made at the platform goes the same way as a sign-in, without a browser.
func TestCredential(t *testing.T) {
	i := newIssuer(t)
	own := *lookup(t, "oidc")
	var login string
	own.Credential = &platform.Credential{Name: "app password", Accept: accept(&login)}
	r := i.request(t)
	r.Platform, r.App, r.Login, r.Secret = &own, platform.App{}, " acme ", platform.NewSecret("pass-1")
	a := start(t, Config{}, r)
	if a.URL != "" || a.Listening || a.UserCode != "" {
		t.Errorf("a browser is asked for: %q, listening %v", a.URL, a.Listening)
	}
	got, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if login != "acme" || len(got.Identities) != 1 || got.Identities[0].ProviderID != "u1" || len(got.Identities[0].Grant.Asked) != 0 {
		t.Errorf("login %q, identities %+v", login, got.Identities)
	}

	// Somebody else's is refused, and nothing shows it.
	r.Expect = &platform.Account{Platform: "oidc", Alias: "bob", Name: "Bob", ProviderID: "u2"}
	_, err = start(t, Config{}, r).Wait(t.Context())
	wantKind(t, err, platform.KindWrongAccount)
	r.Secret, r.Expect = platform.NewSecret("wrong-1"), nil
	_, err = start(t, Config{}, r).Wait(t.Context())
	if wantKind(t, err, platform.KindReconnect); strings.Contains(err.Error(), "wrong-1") {
		t.Errorf("the credential is in the error: %v", err)
	}
	r.Platform = lookup(t, "oidc")
	_, err = Start(t.Context(), Config{}, r)
	wantKind(t, err, platform.KindUsage)
}

// A platform may have its own way to the browser, with a key that tokens are bound to.
func TestAuthorize(t *testing.T) {
	i := newIssuer(t)
	own := *lookup(t, "oidc")
	own.PKCEHex, own.NoNonce = true, true
	var params url.Values
	own.Authorize = authorize(&params)
	r := i.request(t)
	r.Platform = &own
	a := start(t, Config{}, r)
	if a.URL != i.URL+"/authorize?request_uri=urn:1" {
		t.Errorf("address: got %q", a.URL)
	}
	challenge := params.Get("code_challenge")
	if len(challenge) != 64 || strings.Trim(challenge, "0123456789abcdef") != "" {
		t.Errorf("challenge %q is not the hex of a SHA-256", challenge)
	}
	if params.Get("state") == "" || params.Get("client_id") != "cid" || params.Get("redirect_uri") != a.Redirect || params.Get("response_type") != "code" {
		t.Errorf("parameters: got %v", params)
	}
	page := browse(a.Redirect + "?code=the-code&state=" + url.QueryEscape(params.Get("state")))
	got, err := a.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Done(Outcome{})
	<-page
	if got.Identities[0].Grant.Tokens.Key.Reveal() != "key-1" {
		t.Error("the key is not in the grant")
	}
}
