package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

func TestWordPressStrict(t *testing.T) {
	b := newBench(t)
	login, password := b.CredentialAt("wordpress", "blog.example", "")
	basic := func(login, password string) []string {
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
	}
	at := "blog.example/wp-json/wp/v2/users/me"
	for name, c := range map[string]struct {
		at, code string
		status   int
		header   []string
	}{
		"good":           {at, "", 200, basic(login, password)},
		"without spaces": {at, "", 200, basic(login, strings.ReplaceAll(password, " ", ""))},
		"in a folder":    {"blog.example/news/wp-json/wp/v2/users/me", "", 200, basic(login, password)},
		"no header":      {at, "rest_not_logged_in", 401, nil},
		"Bearer":         {at, "rest_not_logged_in", 401, []string{"Authorization", "Bearer " + password}},
		"another's":      {at, "incorrect_password", 401, basic("other-person", password)},
		"nobody":         {at, "invalid_username", 401, basic("nobody", password)},
		"another site":   {"wordpress.example/wp-json/wp/v2/users/me", "incorrect_password", 401, basic(login, password)},
		"no route":       {"blog.example/wp-json/wp/v9/users", "rest_no_route", 404, basic(login, password)},
	} {
		if r := b.ask(http.MethodGet, c.at, nil, c.header...); r.status != c.status || r.str("code") != c.code {
			t.Errorf("%s: %d %q, want %d %q", name, r.status, r.str("code"), c.status, c.code)
		}
	}
}

func TestWordPressLife(t *testing.T) {
	simulate(t, "wordpress", func(s *simulated) {
		r := signin.Request{Server: "Blog.example/news/"}
		got := s.must(s.credential(r, "blog.example", ""))
		who := got.Identities[0]
		if got.Server != "https://blog.example/news" || who.ProviderID != "10000001" || who.Handle != "acme-owner" || who.Name != "Acme Owner at blog.example/news" ||
			who.Avatar == "" || who.Grant.TokenType != "Basic" || !strings.HasSuffix(got.Endpoint.APIURL, "/blog.example/news/wp-json") {
			s.t.Errorf("%s at %s: %+v", got.Server, got.Endpoint.APIURL, who)
		}
		s.accessClock(who.Grant, platform.SourceNever, 0)
		c := s.call(got, 0)
		s.verify("at once", c)
		s.outages(c)
		s.handed(r, "blog.example", got)

		// What plugins and web servers do is told as such, and not as a bad password.
		for code, kind := range map[string]platform.Kind{"rest_not_logged_in": platform.KindConfig, "rest_forbidden": platform.KindPolicy} {
			s.SetFault(sandbox.Fault{Platform: "wordpress", Path: "/news/wp-json", Kind: sandbox.FaultJSON, Status: 401, Body: []byte(`{"code":"` + code + `"}`)})
			_, err := s.p.Verify(s.t.Context(), c)
			s.want(code, err, kind, c.Tokens.Access)
			s.ClearFaults("")
		}
		for name, bad := range map[string]signin.Request{
			"no login":  {Secret: platform.NewSecret("abcd")},
			"no server": {Login: "acme-owner", Secret: platform.NewSecret("abcd"), Server: " "},
			"a colon":   {Login: "acme:owner", Secret: platform.NewSecret("abcd")},
			"no secret": {Login: "acme-owner", Secret: platform.NewSecret(" ")},
		} {
			if bad.Server == "" {
				bad.Server = "blog.example"
			}
			_, err := s.connect(bad, sandbox.Choice{})
			s.want(name, err, platform.KindUsage)
		}
		_, err := s.connect(signin.Request{Server: "blog.example", Login: "acme-owner", Secret: platform.NewSecret("guess-word")}, sandbox.Choice{})
		s.want("a wrong password", err, platform.KindReconnect, platform.NewSecret("guess-word"))

		s.SetFault(sandbox.Fault{Platform: "wordpress", Kind: sandbox.FaultStatus, Status: 404})
		_, err = s.connect(s.credential(r, "blog.example", ""), sandbox.Choice{})
		s.want("no WordPress there", err, platform.KindConfig)
		s.ClearFaults("")

		if err := s.p.Revoke(s.t.Context(), c); err != nil {
			s.t.Fatal(err)
		}
		_, err = s.p.Verify(s.t.Context(), c)
		s.want("revoked", err, platform.KindReconnect, c.Tokens.Access)
	})
}
