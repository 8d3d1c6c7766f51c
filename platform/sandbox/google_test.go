package sandbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

const (
	googleAuth    = "accounts.google.com/o/oauth2/v2/auth"
	googleToken   = "oauth2.googleapis.com/token"
	googleInfo    = "oauth2.googleapis.com/tokeninfo"
	googleRead    = "https://www.googleapis.com/auth/youtube.readonly"
	googleManage  = "https://www.googleapis.com/auth/business.manage"
	loopback      = "http://127.0.0.1:49152/callback"
	channelsAt    = "www.googleapis.com/youtube/v3/channels"
	accountsAt    = "mybusinessaccountmanagement.googleapis.com/v1/accounts"
	locationsHost = "mybusinessbusinessinformation.googleapis.com"
)

// consent is one at Google, by hand; it gives the token answer.
func (b *bench) consent(scope string, more ...string) reply {
	b.t.Helper()
	code := b.sign(googleAuth, sandbox.Choice{}, append([]string{
		"redirect_uri", loopback, "scope", scope, "code_challenge", challenge(), "code_challenge_method", "S256",
	}, more...)...).Get("code")
	return b.want("token", b.post(googleToken, "grant_type", "authorization_code", "code", code, "client_id", "practice", "client_secret", "practice-secret",
		"redirect_uri", loopback, "code_verifier", verifier), 200)
}

func TestGoogleIsStrict(t *testing.T) {
	b := newBench(t)
	if r := b.consent(googleRead); r.json["refresh_token"] != nil {
		t.Error("a refresh token without access_type=offline")
	}
	r := b.consent(googleRead, "access_type", "offline")
	if r.json["refresh_token"] != nil {
		t.Error("a refresh token at the second consent without prompt=consent")
	}
	r = b.consent("openid profile "+googleRead, "access_type", "offline", "prompt", "consent")
	refresh := r.str("refresh_token")
	if refresh == "" || r.json["refresh_token_expires_in"] != nil || r.num("expires_in") != 3600 {
		t.Fatalf("token answer: %v", r.json["expires_in"])
	}
	if s := r.str("scope"); s != "openid https://www.googleapis.com/auth/userinfo.profile "+googleRead {
		t.Errorf("scope %q", s)
	}
	ask := func(form ...string) reply {
		return b.post(googleToken, append([]string{"grant_type", "refresh_token", "refresh_token", refresh}, form...)...)
	}
	if r := ask("client_id", "practice"); r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("without the secret: %d %s", r.status, r.str("error"))
	}
	basic := b.ask(http.MethodPost, googleToken, pairs("grant_type", "refresh_token", "refresh_token", refresh), "Authorization", "Basic cHJhY3RpY2U6cHJhY3RpY2Utc2VjcmV0")
	if basic.status != 401 {
		t.Errorf("Basic: %d", basic.status)
	}
	again := b.want("refresh", ask("client_id", "practice", "client_secret", "practice-secret"), 200)
	if again.json["refresh_token"] != nil {
		t.Error("the refresh token is said again")
	}
	b.refused(googleAuth, "client_id", "practice", "redirect_uri", "https://app.example/cb", "response_type", "code", "scope", googleRead)
	b.refused(googleAuth, "client_id", "practice", "redirect_uri", loopback, "response_type", "code", "scope", "nonsense")

	token := again.str("access_token")
	b.want("no part", b.get(channelsAt, token, "mine", "true"), 400)
	b.want("no filter", b.get(channelsAt, token, "part", "snippet"), 400)
	info := b.want("tokeninfo", b.ask(http.MethodGet, googleInfo, pairs("access_token", token)), 200)
	if info.str("expires_in") != "3600" || info.str("aud") != "practice" || info.str("sub") != "10000001" {
		t.Errorf("tokeninfo: %s", info.body)
	}
	if r := b.ask(http.MethodGet, googleInfo, pairs("access_token", "nonsense")); r.status != 400 || r.str("error") != "invalid_token" {
		t.Errorf("tokeninfo of nonsense: %d %s", r.status, r.str("error"))
	}
	token = b.consent("openid").str("access_token")
	if r := b.get(channelsAt, token, "part", "snippet", "mine", "true"); r.status != 403 || !strings.Contains(r.body, "ACCESS_TOKEN_SCOPE_INSUFFICIENT") {
		t.Errorf("without the scope: %d", r.status)
	}
}

// The two platforms share hosts: what is done to one leaves the other alone.
func TestGoogleHostsAreShared(t *testing.T) {
	b := newBench(t)
	_, tube := b.mustSignUp("youtube")
	_, shop := b.mustSignUp("googlebusiness")
	b.SetFault(sandbox.Fault{Platform: "googlebusiness", Kind: sandbox.FaultStatus, Status: 503})
	if _, err := tube.refresh(t, b); err != nil {
		t.Errorf("YouTube: %v", err)
	}
	_, err := shop.refresh(t, b)
	wantKind(t, "Google Business Profile", err, platform.KindRetry, "503")
	b.ClearFaults("")
	b.Revoke(sandbox.Selection{Platform: "youtube"}, "")
	_, err = tube.refresh(t, b)
	wantKind(t, "YouTube, revoked", err, platform.KindReconnect, "invalid_grant")
	if _, err := shop.verify(t, b); err != nil {
		t.Errorf("Google Business Profile: %v", err)
	}
	if n := b.TokenRequests("googlebusiness"); n != 2 {
		t.Errorf("token requests of Google Business Profile: %d, want 2", n)
	}
}

func TestGoogleLife(t *testing.T) {
	for _, id := range []string{"youtube", "googlebusiness"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t)
			r, h := b.mustSignUp(id)
			g := r.Identities[0].Grant
			if c := g.Clock(platform.ClockInactivity); c.Source != platform.SourceAssumed || c.At.Sub(c.Since) != 180*day {
				t.Errorf("inactivity: %+v", c)
			}
			if c := g.Clock(platform.ClockRefresh); c.Kind != "" {
				t.Errorf("a refresh clock nobody spoke of: %+v", c)
			}
			if s := platform.Assess(platform.Account{ProviderID: "1", Platform: id}, withGeneration(g), b.clock().Add(30*day)); s.State != platform.StateConnected || !s.Renews {
				t.Errorf("a month on: %+v", s)
			}
			first := h.c.Tokens
			b.pass(170 * day)
			if _, err := h.refresh(t, b); err != nil || h.c.Tokens.Refresh != first.Refresh || h.c.Tokens.Access == first.Access {
				t.Fatalf("after 170 days: %v", err)
			}
			v, err := h.verify(t, b)
			if err != nil || len(v.Clocks) != 1 || !v.Clocks[0].At.Equal(b.clock().Add(time.Hour)) || !slices.Contains(v.Scopes, "openid") {
				t.Errorf("verify: %+v, %v", v, err)
			}
			b.pass(190 * day)
			_, err = h.refresh(t, b)
			wantKind(t, "after six months of nothing", err, platform.KindReconnect, "invalid_grant")
			if !strings.Contains(err.Error(), "six months") {
				t.Errorf("the reason is not said: %v", err)
			}
		})
	}
}

func withGeneration(g platform.Grant) platform.Grant { g.Generation = 1; return g }

// While a project is in testing the refresh token ends after 7 days, and says so.
func TestGoogleInTesting(t *testing.T) {
	b := newBench(t)
	b.SetLifetimes("youtube", sandbox.Lifetimes{Refresh: 7 * day})
	r, h := b.mustSignUp("youtube")
	g := r.Identities[0].Grant
	if c := g.Clock(platform.ClockRefresh); c.Source != platform.SourceProvider || !c.At.Equal(b.clock().Add(7*day)) {
		t.Fatalf("refresh clock: %+v", c)
	}
	s := platform.Assess(platform.Account{ProviderID: "1", Platform: "youtube"}, withGeneration(g), b.clock())
	if s.Deadline.Kind != platform.ClockRefresh {
		t.Errorf("deadline: %+v", s.Deadline)
	}
	b.pass(6 * day)
	x, err := h.refresh(t, b)
	if err != nil {
		t.Fatal(err)
	}
	if c := (platform.Grant{Clocks: x.Clocks}).Clock(platform.ClockRefresh); !c.At.Equal(b.clock().Add(day)) {
		t.Errorf("a day before the end the answer says %+v", c)
	}
	b.pass(day)
	_, err = h.refresh(t, b)
	wantKind(t, "after 7 days", err, platform.KindReconnect, "invalid_grant")
}

func TestGoogleScopesDecide(t *testing.T) {
	b := newBench(t)
	upload := "https://www.googleapis.com/auth/youtube.upload"
	all := []string{"openid", "profile", googleRead, "https://www.googleapis.com/auth/yt-analytics.readonly", "https://www.googleapis.com/auth/youtube.force-ssl"}
	r, err := b.signUp("youtube", sandbox.Choice{Scopes: all}, nil)
	if err != nil || !slices.Equal(r.Missing, []string{upload}) {
		t.Errorf("missing %q, %v", r.Missing, err)
	}
	// Without the one that lists channels there is nothing to connect, and the person is told what to do.
	_, err = b.signUp("youtube", sandbox.Choice{Scopes: []string{"openid", "profile", upload}}, nil)
	wantKind(t, "channels not to be seen", err, platform.KindPermission, "insufficientPermissions")
}

func TestYouTubeChannels(t *testing.T) {
	b := newBench(t)
	r, err := b.signUp("youtube", sandbox.Choice{Pages: []string{"acme-blog"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := r.Identities[0]
	if len(r.Identities) != 1 || id.ProviderID != "UC3320100002" || id.Kind != "channel" || id.Name != "Acme Blog" || id.Handle != "@acme-blog" || id.Avatar == "" || id.Owner != "Acme Owner" || id.OwnerID != "10000001" {
		t.Errorf("got %+v", r.Identities)
	}
	// Another channel of the same person is not that one.
	expect := platform.Account{ID: "a1", Platform: "youtube", Alias: "blog", ProviderID: id.ProviderID, Name: id.Name, OwnerID: id.OwnerID}
	_, err = b.signUp("youtube", sandbox.Choice{Pages: []string{"acme-shop"}}, func(r *signin.Request) { r.Expect = &expect })
	wantKind(t, "the other channel", err, platform.KindWrongAccount, "")
	if !strings.Contains(err.Error(), "Acme Blog was not among what you allowed") {
		t.Errorf("got %v", err)
	}
	// Google takes the error of a person without a channel in two shapes.
	for _, f := range []sandbox.Fault{
		{Path: "/youtube", Kind: sandbox.FaultJSON, Status: 401, Body: []byte(`{"error":{"code":401,"status":"UNAUTHENTICATED","errors":[{"reason":"youtubeSignupRequired"}]}}`)},
		{Path: "/youtube", Kind: sandbox.FaultJSON, Status: 200, Body: []byte(`{"kind":"youtube#channelListResponse","pageInfo":{"totalResults":0}}`)},
	} {
		b.SetFault(f)
		_, err := b.signUp("youtube", sandbox.Choice{}, nil)
		wantKind(t, "no channel", err, platform.KindPolicy, "youtubeSignupRequired")
		b.ClearFaults("")
	}
	b.SetFault(sandbox.Fault{Path: "/youtube", Kind: sandbox.FaultJSON, Status: 200, Times: 1, Body: []byte(`{"kind":"youtube#channelListResponse","nextPageToken":"2",
		"items":[{"id":"UC1","snippet":{"title":"One"}},{"id":"UC2","snippet":{"title":"Two"}}]}`)})
	r, err = b.signUp("youtube", sandbox.Choice{}, nil)
	if err != nil || len(r.Identities) != 3 || r.Identities[1].ProviderID != "UC2" || r.Identities[1].OwnerID != r.Identities[2].OwnerID {
		t.Errorf("several channels on two pages: %+v, %v", r.Identities, err)
	}
}

// Reconnecting tells Google who is expected, by the account's owner.
func TestGoogleLoginHint(t *testing.T) {
	b := newBench(t)
	hint := func(expect *platform.Account) string {
		p, err := platform.Lookup("youtube")
		if err != nil {
			t.Fatal(err)
		}
		a, err := signin.Start(t.Context(), signin.Config{Net: &platform.Net{Sandbox: b.base}}, signin.Request{
			Platform: p, App: platform.App{ID: "practice"}, NoListener: true, Expect: expect,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Cancel()
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		if q := u.Query(); q.Get("access_type") != "offline" || q.Get("prompt") != "consent" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" {
			t.Errorf("parameters: %v", q)
		}
		return u.Query().Get("login_hint")
	}
	if got := hint(&platform.Account{ProviderID: "UC1", OwnerID: "10000001"}); got != "10000001" {
		t.Errorf("hint %q", got)
	}
	if got := hint(&platform.Account{ProviderID: "UC1"}) + hint(nil); got != "" {
		t.Errorf("a hint out of nothing: %q", got)
	}
}

func TestGoogleBusinessLocations(t *testing.T) {
	b := newBench(t)
	r, err := b.signUp("googlebusiness", sandbox.Choice{Person: "Agency Desk"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, id := range r.Identities {
		kinds[id.Kind]++
		if id.OwnerID != "10000003" || id.Owner != "Agency Desk" || id.Name == "" {
			t.Errorf("got %+v", id)
		}
	}
	if kinds["location"] != 12 || kinds["account"] != 1 || r.Identities[0].ProviderID != "locations/3420300001" || r.Identities[12].ProviderID != "accounts/10000003-group" {
		t.Errorf("got %v, first %+v", kinds, r.Identities[0])
	}
	token := r.Identities[0].Grant.Tokens.Access.Reveal()
	b.want("no read mask", b.get(locationsHost+"/v1/accounts/10000003-group/locations", token), 400)
	b.want("somebody else's account", b.get(locationsHost+"/v1/accounts/10000001-group/locations", token, "readMask", "name"), 403)

	empty := sandbox.Fault{Path: "/v1/accounts", Kind: sandbox.FaultJSON, Status: 200, Body: []byte(`{}`)}
	b.SetFault(empty)
	_, err = b.signUp("googlebusiness", sandbox.Choice{}, nil)
	wantKind(t, "no business", err, platform.KindPolicy, "no_account")
}

// A project that was never approved gets 429 for everything; that is no fault of the token.
func TestGoogleBusinessNotApproved(t *testing.T) {
	for _, c := range []struct {
		body string
		kind platform.Kind
		says string
	}{
		{`{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit_value":"0"}}]}}`,
			platform.KindPolicy, "has not approved your project"},
		{`{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded"}}`, platform.KindLimit, "a project that it has not approved gets none"},
	} {
		b := newBench(t)
		b.SetFault(sandbox.Fault{Path: "/v1/accounts", Kind: sandbox.FaultJSON, Status: 429, Body: []byte(c.body)})
		_, err := b.signUp("googlebusiness", sandbox.Choice{}, nil)
		wantKind(t, "quota", err, c.kind, "")
		if err != nil && (!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "the token is not the problem")) {
			t.Errorf("got %v", err)
		}
	}
}

func TestGoogleRevoke(t *testing.T) {
	b := newBench(t)
	r, h := b.mustSignUp("googlebusiness")
	sibling := b.hold(r, 1)
	if err := h.p.Revoke(t.Context(), h.c); err != nil {
		t.Fatal(err)
	}
	_, err := sibling.verify(t, b)
	wantKind(t, "a sibling after it", err, platform.KindRefresh, "invalid_token")
	if err := h.p.Revoke(t.Context(), h.c); err != nil {
		t.Errorf("what has ended cannot be revoked: %v", err)
	}
	for _, kind := range []string{sandbox.FaultPortal, sandbox.FaultGarbage} {
		b.SetFault(sandbox.Fault{Kind: kind})
		wantKind(t, kind, h.p.Revoke(t.Context(), h.c), platform.KindRetry, "garbage")
		b.ClearFaults("")
	}
}
