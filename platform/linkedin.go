package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// linkedin connects the member who signs in and, where the app is approved for
// the Community Management API and the person ticked it, the organisations they
// manage. Those share the member's tokens. Tokens last 60 days
// (learn.microsoft.com, LinkedIn programmatic refresh tokens); refresh tokens
// come only to approved apps and end 365 days after the first consent, whatever
// happens between. introspectToken tells the end of any of the app's tokens.
// Its ID tokens come without the nonce (github.com/authlib/authlib issue 763,
// spring-projects/spring-security issue 7696; linkedin-api-js-client issue 34 is open).
//
// Apps that LinkedIn has enabled for it on request may use PKCE without a secret at
// another address (native-pkce) with any port on 127.0.0.1. The address is not in
// the documentation seen, so Relink does not use it.
var linkedin = &Platform{
	ID: linkedinDialect.id, Name: linkedinDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	NoNonce:   true,
	Separator: " ",
	Family:    FamilyStatic,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 60 * day},
	Lifetime:  "60 days; apps with refresh tokens: 365 days from the first sign-in",
	Registration: Registration{
		Console: "https://www.linkedin.com/developers/apps", Secret: true,
		IDLabel: "Client ID", SecretLabel: "Primary Client Secret",
		Steps: []string{
			"Create an app, tied to a company page.",
			"Under Products, add Sign In with LinkedIn using OpenID Connect and Share on LinkedIn.",
			"For organisations, ask there for the Community Management API as well.",
			"Under Auth, add the redirect address {redirect}",
			"Copy Client ID and Primary Client Secret from Auth.",
		},
		Review: "Organisations need the Community Management API and members' figures a product of their own: LinkedIn approves both app by app. Refresh tokens come only to approved apps.",
	},
	Scopes: []string{"openid", "profile"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"w_member_social"}},
		{Capability: Analytics, Scopes: []string{"r_member_postAnalytics"}, Approval: true},
		{Capability: Inbox, Scopes: []string{"r_member_social"}, Approval: true},
		{Capability: Organisations, Scopes: linkedinOrganisations, Approval: true},
	},
	RevokePage: "https://www.linkedin.com/mypreferences/d/data-sharing-for-permitted-services",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:       "https://www.linkedin.com/oauth/v2/authorization",
			TokenURL:      "https://www.linkedin.com/oauth/v2/accessToken",
			IntrospectURL: "https://www.linkedin.com/oauth/v2/introspectToken",
			UserInfoURL:   "https://api.linkedin.com/v2/userinfo",
		}, nil
	},
	Identify: linkedinIdentify,
	Verify:   linkedinVerify,
	Knows:    linkedinKnows,
	Classify: linkedinClassify,
}

func linkedinIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	var who struct{ Sub, Name, Picture string }
	if err := c.request(ctx, linkedinDialect, linkedinClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, x.Tokens.Access, nil, &who); err != nil {
		return nil, err
	}
	if who.Sub == "" {
		return nil, garbage(linkedinDialect.name, linkedinDialect.id)
	}
	me := Identity{
		ProviderID: who.Sub, Kind: "person", Name: who.Name, Avatar: who.Picture, Owner: who.Name, OwnerID: who.Sub,
		Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
	}
	if !slices.ContainsFunc(x.Scopes, func(s string) bool { return slices.Contains(linkedinOrganisations, s) || s == "r_organization_admin" }) {
		return []Identity{me}, nil
	}
	list, err := linkedinManaged(ctx, c, x.Tokens.Access)
	if KindOf(err) == KindPermission {
		// Some of the permissions were left out: the account says which are missing.
		return []Identity{me}, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]Identity, 0, len(list)+1)
	for _, org := range list {
		id := me
		id.ProviderID, id.Kind, id.Name, id.Handle, id.Avatar = org.id, "organisation", org.LocalizedName, org.VanityName, ""
		out = append(out, id)
	}
	return append(out, me), nil
}

// linkedinOrganisations are the permissions for the organisations a member manages.
var linkedinOrganisations = []string{"rw_organization_admin", "w_organization_social", "r_organization_social"}

const linkedinREST = "https://api.linkedin.com/rest"

// linkedinCurrent is the version of LinkedIn's versioned API this was written for.
const linkedinCurrent = "202607"

// linkedinVersion is the version to ask for. Each is of a month and works for at
// least a year from then (learn.microsoft.com, LinkedIn API versioning). When the one this
// was written for is that old, a younger one is asked for rather than one that may be gone.
func linkedinVersion(now time.Time) string {
	if young := now.UTC().AddDate(0, -11, 0).Format("200601"); young > linkedinCurrent {
		return young
	}
	return linkedinCurrent
}

// linkedinHeader goes with every request to the versioned API.
func linkedinHeader(c Call) http.Header {
	return http.Header{"Linkedin-Version": {linkedinVersion(c.Now)}, "X-Restli-Protocol-Version": {"2.0.0"}}
}

type linkedinOrg struct {
	id            string
	LocalizedName string `json:"localizedName"`
	VanityName    string `json:"vanityName"`
}

// linkedinManaged lists the organisations the member may publish for. The roles
// are LinkedIn's; CONTENT_ADMINISTRATOR has two spellings in its documentation.
func linkedinManaged(ctx context.Context, c Call, token Secret) ([]linkedinOrg, error) {
	var ids []string
	const page = 100
	for start := 0; start < 50*page; start += page {
		var answer struct {
			Elements []struct{ Organization, Role, State string }
		}
		form := url.Values{"q": {"roleAssignee"}, "state": {"APPROVED"}, "start": {fmt.Sprint(start)}, "count": {fmt.Sprint(page)}}
		if err := c.request(ctx, linkedinDialect, linkedinClassify, http.MethodGet, linkedinREST+"/organizationAcls", form, token, linkedinHeader(c), &answer); err != nil {
			return nil, err
		}
		if answer.Elements == nil {
			return nil, garbage(linkedinDialect.name, linkedinDialect.id)
		}
		for _, e := range answer.Elements {
			id, ok := strings.CutPrefix(e.Organization, "urn:li:organization:")
			manages := e.Role == "ADMINISTRATOR" || e.Role == "CONTENT_ADMINISTRATOR" || e.Role == "CONTENT_ADMIN"
			if ok && manages && (e.State == "" || e.State == "APPROVED") && isNumber(id) && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(answer.Elements) < page {
			break
		}
	}
	var out []linkedinOrg
	for some := range slices.Chunk(ids, 50) {
		var answer struct{ Results map[string]linkedinOrg }
		// Rest.li takes its lists with the brackets as they are.
		address := linkedinREST + "/organizations?ids=List(" + strings.Join(some, ",") + ")"
		if err := c.request(ctx, linkedinDialect, linkedinClassify, http.MethodGet, address, nil, token, linkedinHeader(c), &answer); err != nil {
			return nil, err
		}
		for _, id := range some {
			org := answer.Results[id] // one without a name can still be connected
			org.id = id
			out = append(out, org)
		}
	}
	return out, nil
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func linkedinVerify(ctx context.Context, c Call) (Verdict, error) {
	if c.App.Secret.IsZero() {
		var who struct{ Sub string }
		err := c.request(ctx, linkedinDialect, linkedinClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, c.Tokens.Access, nil, &who)
		if err == nil && who.Sub == "" {
			err = garbage(linkedinDialect.name, linkedinDialect.id)
		}
		return Verdict{}, err
	}
	var answer struct {
		Active    *bool  `json:"active"`
		Status    string `json:"status"`
		Scope     string `json:"scope"`
		CreatedAt int64  `json:"created_at"`
		ExpiresAt int64  `json:"expires_at"`
	}
	err := c.request(ctx, linkedinDialect, linkedinClassify, http.MethodPost, c.Endpoint.IntrospectURL, url.Values{
		"client_id":     {c.App.ID},
		"client_secret": {c.App.Secret.Reveal()},
		"token":         {c.Tokens.Access.Reveal()},
	}, Secret{}, nil, &answer)
	if err != nil {
		if e := As(err, KindRetry); e.Kind == KindRefresh || e.Kind == KindReconnect {
			return Verdict{}, linkedinApp()
		}
		return Verdict{}, err
	}
	if answer.Active == nil {
		return Verdict{}, garbage(linkedinDialect.name, linkedinDialect.id)
	}
	v := Verdict{}
	if answer.Scope != "" {
		v.Scopes = SplitScopes(answer.Scope)
	}
	if end, ok := Moment(answer.ExpiresAt); ok {
		since, ok := Moment(answer.CreatedAt)
		if !ok {
			since = c.Now
		}
		v.Clocks = []Clock{{Kind: ClockAccess, Source: SourceIntrospected, At: end, Since: since, Learnt: c.Now}}
	}
	if *answer.Active || answer.Status == "expired" && len(v.Clocks) > 0 {
		return v, nil // an end with a date is a clock, not a fault
	}
	return v, &Error{Kind: KindReconnect, Platform: linkedinDialect.id, Code: answer.Status, Definite: true,
		Message: linkedinSays(answer.Status), Repair: T("reconnect the account")}
}

func linkedinSays(status string) string {
	switch status {
	case "revoked":
		return T("LinkedIn says this token is revoked")
	case "expired":
		return T("LinkedIn says this token is expired")
	}
	return T("LinkedIn says this token is not valid")
}

// linkedinKnows asks about a token that is none, which only a client may. The
// token endpoint says invalid_request of a code it does not know, and so tells nothing of the client.
func linkedinKnows(ctx context.Context, c Call) error {
	c.Tokens.Access = NewSecret("none")
	_, err := linkedinVerify(ctx, c)
	if e := As(err, KindRetry); e != nil && (e.Kind == KindReconnect || e.Kind == KindRefresh) {
		return nil // the token is refused, and not the client
	}
	return err
}

func linkedinApp() *Error {
	return &Error{Kind: KindConfig, Platform: linkedinDialect.id, Code: "invalid_client", Message: T("LinkedIn does not know this client id and secret"), Repair: T("store them again with: relink app set linkedin")}
}

var linkedinDialect = dialect{id: "linkedin", name: "LinkedIn"}

// linkedinClassify reads both error shapes: RFC 6749's at the token endpoint,
// {status, serviceErrorCode, message} elsewhere. The numbers 65600 to 65602 are
// not in LinkedIn's documentation; any 401 asks for a refresh first, and the
// answer to that, or introspection, decides.
func linkedinClassify(status int, body []byte) *Error {
	var answer struct {
		Error            string `json:"error"`
		ServiceErrorCode int    `json:"serviceErrorCode"`
	}
	if err := json.Unmarshal(body, &answer); err != nil && status >= 400 {
		if e := outage(linkedinDialect.name, linkedinDialect.id, status); e != nil {
			return e
		}
		return garbage(linkedinDialect.name, linkedinDialect.id)
	}
	if e := outage(linkedinDialect.name, linkedinDialect.id, status); e != nil {
		return e
	}
	if e := oauthClassify(linkedinDialect, answer.Error); e != nil {
		return e
	}
	if status < 400 {
		return nil
	}
	code := fmt.Sprint(status)
	if answer.ServiceErrorCode != 0 {
		code = fmt.Sprint(answer.ServiceErrorCode)
	}
	say := func(k Kind, message, repair string) *Error {
		return &Error{Kind: k, Platform: linkedinDialect.id, Code: code, Message: message, Repair: repair}
	}
	switch {
	case status == http.StatusUnauthorized && answer.ServiceErrorCode == 65601:
		return say(KindReconnect, T("LinkedIn says this token was revoked"), T("reconnect the account"))
	case status == http.StatusUnauthorized:
		return say(KindRefresh, T("LinkedIn no longer accepts this access token"), T("reconnect the account"))
	case status == http.StatusForbidden:
		return say(KindPermission, T("LinkedIn did not grant a permission this needs"), T("add the product to your LinkedIn app, then reconnect"))
	case status == http.StatusUpgradeRequired:
		return say(KindConfig, T("LinkedIn has switched off this version of its API"), T("update Relink"))
	}
	return say(KindRetry, T("LinkedIn answered with status %s", fmt.Sprint(status)), T("try again later; nothing was changed"))
}
