package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

const (
	linkedinToken      = "www.linkedin.com/oauth/v2/accessToken"
	linkedinIntrospect = "www.linkedin.com/oauth/v2/introspectToken"
)

func (b *bench) member(scope string) reply {
	b.t.Helper()
	// PKCE is ignored: a challenge without its verifier does no harm.
	code := b.sign(linkedinAuth, sandbox.Choice{}, "scope", scope, "code_challenge", challenge(), "code_challenge_method", "S256").Get("code")
	return b.want("token", b.post(linkedinToken, "grant_type", "authorization_code", "code", code, "client_id", "practice", "client_secret", "practice-secret", "redirect_uri", callback), 200)
}

func (b *bench) introspectLinkedIn(token string) reply {
	b.t.Helper()
	return b.want("introspect", b.post(linkedinIntrospect, "client_id", "practice", "client_secret", "practice-secret", "token", token), 200)
}

func (b *bench) linkedinRefresh(token string) reply {
	b.t.Helper()
	return b.post(linkedinToken, "grant_type", "refresh_token", "refresh_token", token, "client_id", "practice", "client_secret", "practice-secret")
}

func TestLinkedInClient(t *testing.T) {
	b := newBench(t)
	code := b.sign(linkedinAuth, sandbox.Choice{}).Get("code")
	form := pairs("grant_type", "authorization_code", "code", code, "redirect_uri", callback)
	r := b.ask(http.MethodPost, linkedinToken, form, "Authorization", "Basic cHJhY3RpY2U6cHJhY3RpY2Utc2VjcmV0")
	if r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("Basic: %d %s, want 401 invalid_client", r.status, r.str("error"))
	}
	form.Set("client_id", "practice")
	if r := b.ask(http.MethodPost, linkedinToken, form); r.status != 400 || r.str("error") != "invalid_request" {
		t.Errorf("no secret: %d %s, want 400 invalid_request", r.status, r.str("error"))
	}
	form.Set("client_secret", "wrong")
	if r := b.ask(http.MethodPost, linkedinToken, form); r.status != 401 || r.str("error") != "invalid_client" {
		t.Errorf("wrong secret: %d %s, want 401 invalid_client", r.status, r.str("error"))
	}
	form.Set("client_secret", "practice-secret")
	if r := b.ask(http.MethodGet, linkedinToken, form); r.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", r.status)
	}
	if r := b.ask(http.MethodPost, linkedinToken+"?"+form.Encode(), nil); r.status != 400 {
		t.Errorf("parameters in the address: %d, want 400", r.status)
	}
	b.want("none of that used up the code", b.ask(http.MethodPost, linkedinToken, form), 200)
}

func TestLinkedInLife(t *testing.T) {
	b := newBench(t)
	r := b.member("openid profile")
	if r.num("expires_in") != 5184000 || r.json["refresh_token"] != nil || r.str("scope") == "" {
		t.Errorf("token answer: expires_in %d, refresh token there: %v", r.num("expires_in"), r.json["refresh_token"] != nil)
	}
	token := r.str("access_token")
	who := b.want("userinfo", b.get("api.linkedin.com/v2/userinfo", token), 200)
	if who.str("sub") != "10000001" || who.str("name") != "Acme Owner" || who.json["email"] != nil {
		t.Errorf("userinfo: %s", who.body)
	}
	end := b.clock().Add(60 * day)
	if d := b.introspectLinkedIn(token); d.json["active"] != true || d.str("status") != "active" || int64(d.num("expires_at")) != end.Unix() {
		t.Errorf("introspection: %s", d.body)
	}
	b.pass(60 * day)
	b.linkedinError("expired", b.get("api.linkedin.com/v2/userinfo", token), 401, 65602)
	if d := b.introspectLinkedIn(token); d.json["active"] != false || d.str("status") != "expired" || int64(d.num("expires_at")) != end.Unix() {
		t.Errorf("introspection of an expired token: %s", d.body)
	}
	b.linkedinError("not a token", b.get("api.linkedin.com/v2/userinfo", "nonsense"), 401, 65600)
	b.linkedinError("no token", b.ask(http.MethodGet, "api.linkedin.com/v2/userinfo", nil), 401, 401)
	if d := b.introspectLinkedIn("nonsense"); d.json["active"] != false || d.json["status"] != nil {
		t.Errorf("introspection of nonsense: %s", d.body)
	}
	token = b.member("openid profile").str("access_token")
	b.Revoke(sandbox.Selection{Platform: "linkedin"}, "")
	b.linkedinError("revoked", b.get("api.linkedin.com/v2/userinfo", token), 401, 65601)
	if d := b.introspectLinkedIn(token); d.str("status") != "revoked" {
		t.Errorf("introspection of a revoked token: %s", d.body)
	}
	b.SetLifetimes(sandbox.LinkedIn, sandbox.Lifetimes{Silent: true})
	if r := b.member("openid"); r.json["expires_in"] != nil {
		t.Error("silent: expires_in is there")
	}
}

func (b *bench) linkedinError(what string, r reply, status, service int) {
	b.t.Helper()
	if r.status != status || r.num("status") != status || r.num("serviceErrorCode") != service || r.str("message") == "" {
		b.t.Errorf("%s: %d/%d, want %d/%d", what, r.status, r.num("serviceErrorCode"), status, service)
	}
}

func TestLinkedInRefreshEnds(t *testing.T) {
	b := newBench(t)
	b.SetLifetimes(sandbox.LinkedIn, sandbox.Lifetimes{Refresh: 365 * day})
	r := b.member("openid")
	refresh := r.str("refresh_token")
	if refresh == "" || r.num("refresh_token_expires_in") != 365*86400 {
		t.Fatalf("refresh_token_expires_in %d, want a year", r.num("refresh_token_expires_in"))
	}
	b.pass(360 * day)
	r = b.want("day 360", b.linkedinRefresh(refresh), 200)
	if r.str("refresh_token") != refresh || r.num("refresh_token_expires_in") != 5*86400 || r.num("expires_in") != 5*86400 {
		t.Errorf("day 360: expires_in %d, refresh_token_expires_in %d: want five days, the same refresh token", r.num("expires_in"), r.num("refresh_token_expires_in"))
	}
	b.want("a static refresh token works again", b.linkedinRefresh(refresh), 200)
	b.pass(5 * day)
	if r := b.linkedinRefresh(refresh); r.status != 400 || r.str("error") != "invalid_grant" {
		t.Errorf("day 365: %d %s, want invalid_grant", r.status, r.str("error"))
	}
}

func TestLinkedInScopes(t *testing.T) {
	b := newBench(t)
	old := b.member("profile").str("access_token")
	b.linkedinError("userinfo without openid", b.get("api.linkedin.com/v2/userinfo", old), 403, 100)
	same := b.member("profile").str("access_token")
	b.linkedinError("the same scopes again leave a token alone", b.get("api.linkedin.com/v2/userinfo", old), 403, 100)
	token := b.member("openid profile w_member_social").str("access_token")
	b.linkedinError("other scopes end it", b.get("api.linkedin.com/v2/userinfo", same), 401, 65601)
	b.linkedinError("me", b.get("api.linkedin.com/v2/me", token), 403, 100)

	post := func(token, version string) reply {
		form := pairs("author", "urn:li:person:10000001", "commentary", "Hello")
		return b.ask(http.MethodPost, "api.linkedin.com/rest/posts", form, "Authorization", "Bearer "+token, "LinkedIn-Version", version)
	}
	b.linkedinError("no version", post(token, ""), 400, 0)
	b.linkedinError("old version", post(token, "202301"), 426, 0)
	if r := post(token, "202607"); r.status != 201 || !strings.HasPrefix(r.header.Get("x-restli-id"), "urn:li:share:") {
		t.Errorf("post: %d, id %q", r.status, r.header.Get("x-restli-id"))
	}
	b.DropScopes(sandbox.LinkedIn, "w_member_social")
	token = b.member("openid w_member_social").str("access_token")
	b.linkedinError("scope dropped", post(token, "202607"), 403, 100)
}

func TestExpireAgo(t *testing.T) {
	b := newBench(t)
	token := b.member("openid").str("access_token")
	b.pass(30 * day)
	at := b.clock().Add(-24 * time.Hour)
	b.Expire(sandbox.Selection{Platform: "linkedin", Account: "acme-owner"}, at)
	d := b.introspectLinkedIn(token)
	if d.str("status") != "expired" || int64(d.num("expires_at")) != at.Unix() || int64(d.num("created_at")) != at.Add(-60*day).Unix() {
		t.Errorf("introspection: %s", d.body)
	}
}

// organisations is a sign-in that asks for them as well.
func (b *bench) organisations(choice sandbox.Choice, change func(*signin.Request)) (signin.Result, error) {
	b.t.Helper()
	return b.signUp("linkedin", choice, func(r *signin.Request) {
		r.Wants = []platform.Capability{platform.Publish, platform.Organisations}
		if change != nil {
			change(r)
		}
	})
}

func TestLinkedInOrganisations(t *testing.T) {
	b := newBench(t)
	r, err := b.organisations(sandbox.Choice{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, id := range r.Identities {
		got = append(got, id.Kind+" "+id.ProviderID+" "+id.Name)
		if id.OwnerID != "10000001" || id.Owner != "Acme Owner" || id.Grant.Tokens.Access != r.Identities[0].Grant.Tokens.Access {
			t.Errorf("%s does not share the member's grant: %+v", id.Name, id)
		}
	}
	// An organisation where the member only reads figures, and one where the role was withdrawn, are not theirs to connect.
	want := []string{"organisation 3120100001 Acme Shop", "organisation 3120100002 Acme Blog", "person 10000001 Acme Owner"}
	if !slices.Equal(got, want) || len(r.Missing) != 0 {
		t.Errorf("got %q, missing %q", got, r.Missing)
	}
	if _, err := b.hold(r, 0).verify(t, b); err != nil {
		t.Errorf("verify an organisation: %v", err)
	}
	acc := platform.Account{ID: "a1", Platform: "linkedin", Alias: "shop", ProviderID: "3120100001", Name: "Acme Shop", OwnerID: "10000001"}
	again, err := b.organisations(sandbox.Choice{}, func(r *signin.Request) { r.Expect = &acc })
	if err != nil || len(again.Identities) != 1 || again.Identities[0].ProviderID != acc.ProviderID || len(again.Others) != 2 {
		t.Errorf("reconnect: %+v, %v", again.Identities, err)
	}
	_, err = b.organisations(sandbox.Choice{Person: "Other Person"}, func(r *signin.Request) { r.Expect = &acc })
	wantKind(t, "somebody else", err, platform.KindWrongAccount, "")
}

func TestLinkedInOrganisationsNotAsked(t *testing.T) {
	b := newBench(t)
	r, _ := b.mustSignUp("linkedin")
	if len(r.Identities) != 1 || r.Identities[0].Kind != "person" {
		t.Errorf("got %+v", r.Identities)
	}
	if i := slices.IndexFunc(b.Log(), func(e sandbox.Entry) bool { return strings.Contains(e.Path, "organization") }); i >= 0 {
		t.Errorf("organisations were asked for: %+v", b.Log()[i])
	}
	// The app is not approved: LinkedIn refuses the sign-in and says why.
	b.Register(sandbox.App{Platform: "linkedin", ClientID: "plain", Secret: "s", Scopes: []string{"openid", "profile", "w_member_social"}})
	_, err := b.organisations(sandbox.Choice{}, func(r *signin.Request) { r.App = platform.App{ID: "plain", Secret: platform.NewSecret("s")} })
	wantKind(t, "an app without the product", err, platform.KindPermission, "unauthorized_scope_error")
	// Without the permission that lists organisations there is the member, and what is missing is named.
	b.DropScopes("linkedin", "rw_organization_admin")
	r, err = b.organisations(sandbox.Choice{}, nil)
	if err != nil || len(r.Identities) != 1 || !slices.Equal(r.Missing, []string{"rw_organization_admin"}) {
		t.Errorf("got %+v, missing %q, %v", r.Identities, r.Missing, err)
	}
}

func TestLinkedInVersionedAPI(t *testing.T) {
	b := newBench(t)
	token := b.member("openid rw_organization_admin").str("access_token")
	ask := func(at, version, protocol string) reply {
		return b.ask(http.MethodGet, "api.linkedin.com/rest/"+at, nil, "Authorization", "Bearer "+token, "LinkedIn-Version", version, "X-Restli-Protocol-Version", protocol)
	}
	b.linkedinError("no version", ask("organizationAcls?q=roleAssignee", "", "2.0.0"), 400, 0)
	b.linkedinError("old version", ask("organizationAcls?q=roleAssignee", "202401", "2.0.0"), 426, 0)
	b.linkedinError("no protocol", ask("organizationAcls?q=roleAssignee", "202607", ""), 400, 0)
	b.linkedinError("no finder", ask("organizationAcls", "202607", "2.0.0"), 400, 0)
	b.linkedinError("brackets escaped", ask("organizations?ids=List%283120100001%29", "202607", "2.0.0"), 400, 0)
	b.want("a list", ask("organizations?ids=List(3120100001)", "202607", "2.0.0"), 200)
	token = b.member("openid w_organization_social").str("access_token")
	b.linkedinError("no permission", ask("organizationAcls?q=roleAssignee", "202607", "2.0.0"), 403, 100)

	// A program older than its version's life asks for one that still works.
	b.pass(3 * 365 * day)
	if r, err := b.organisations(sandbox.Choice{}, nil); err != nil || len(r.Identities) != 3 {
		t.Errorf("three years on: %+v, %v", r.Identities, err)
	}
	b.SetFault(sandbox.Fault{Path: "/rest/organizationAcls", Kind: sandbox.FaultJSON, Status: 426, Body: []byte(`{"status":426,"code":"NONEXISTENT_VERSION"}`)})
	_, err := b.organisations(sandbox.Choice{}, nil)
	wantKind(t, "a version that is gone", err, platform.KindConfig, "426")
}
