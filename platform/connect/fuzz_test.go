package connect

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"relink/platform"
)

// FuzzCallback: only the answer that has the attempt's own state is taken, once,
// and whoever brings anything else learns nothing.
func FuzzCallback(f *testing.F) {
	for _, query := range []string{"code=x&state=STATE", "error=access_denied&state=STATE", "state=STATE", "code=x", "code=x&code=y&state=STATE", "code=x&state=STATE&state=", "%zz", "state=STATE&code=x#_=_", "code=&state=STATE"} {
		f.Add("GET", "/callback", "127.0.0.1:27465", query)
		f.Add("POST", "/callback", "127.0.0.1:27465", query)
	}
	f.Add("GET", "/", "evil.example", "code=x&state=STATE")
	p, err := platform.Lookup("linkedin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, host, query string) {
		a, err := Start(t.Context(), Config{}, Request{Platform: p, App: platform.App{ID: "id", Secret: platform.NewSecret("hush-hush")}, NoListener: true})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Cancel()
		d := &door{port: 27465, srv: &http.Server{}, guests: map[[sha256.Size]byte]*Attempt{sha256.Sum256([]byte(a.state)): a}}
		query = strings.ReplaceAll(query, "STATE", url.QueryEscape(a.state))
		r := &http.Request{Method: method, Host: host, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}}
		q, bad := url.ParseQuery(query)
		good := bad == nil && method == http.MethodGet && path == callbackPath && len(q["state"]) == 1 && q.Get("state") == a.state && len(q["code"])+len(q["error"]) == 1 &&
			(host == "127.0.0.1:27465" || host == "localhost:27465" || host == "[::1]:27465")
		if got := d.admit(r); (got != nil) != good {
			t.Errorf("%s %s%s?%s: taken %v", method, host, path, strings.ReplaceAll(query, a.state, "STATE"), got != nil)
		}
		if good && d.admit(r) != nil {
			t.Error("taken twice")
		}
		if !good {
			w := httptest.NewRecorder()
			d.ServeHTTP(w, r)
			if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), a.state) {
				t.Errorf("a stray gets %d", w.Code)
			}
		}
	})
}

// FuzzPaste: whatever is pasted, it is taken as this sign-in's answer or refused in one line.
func FuzzPaste(f *testing.F) {
	for _, s := range []string{"http://localhost:27465/callback?code=x&state=STATE", "code=x&state=STATE", "?code=x&state=STATE#_=_", "<https://a/?code=x&state=STATE>", "code=x", "", "\x00", "error=access_denied&state=STATE"} {
		f.Add(s)
	}
	p, err := platform.Lookup("linkedin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		a, err := Start(t.Context(), Config{}, Request{Platform: p, App: platform.App{ID: "id", Secret: platform.NewSecret("hush-hush")}, NoListener: true})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Cancel()
		err = a.Paste(strings.ReplaceAll(pasted, "STATE", url.QueryEscape(a.state)))
		if err != nil && (platform.KindOf(err) != platform.KindUsage || strings.ContainsAny(err.Error(), "\n\r") || strings.Contains(err.Error(), a.state)) {
			t.Errorf("got %v", err)
		}
		if err == nil && (a.answer.Get("state") != a.state || a.answer.Get("code") == "" && a.answer.Get("error") == "" && len(a.answer["code"])+len(a.answer["error"]) != 1) {
			t.Errorf("taken: %v", a.answer)
		}
	})
}
