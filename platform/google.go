package platform

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/oauth2"
)

// What YouTube and Google Business Profile have in common: Google's OAuth.
//
// A "Desktop app" client takes any port on 127.0.0.1, S256, and a secret that is
// none but must be sent (developers.google.com, OAuth 2.0 for desktop apps, loopback
// migration). The refresh token stays the same and has no fixed end; it ends when it
// was not used for six months, when the person withdraws it, and, while the project's
// consent screen is in testing, 7 days after the sign-in. The last is told by
// refresh_token_expires_in, which is not documented for it: where it is there it is
// believed, where it is not there is no such clock.

// google fills in what every Google platform has. It is applied before the
// table is read, so that each file says only what is its own.
func google(p *Platform, d dialect) *Platform {
	p.ID, p.Name, p.Reasons = d.id, d.name, d.reasons
	p.AuthStyle = oauth2.AuthStyleInParams
	p.PKCE = true
	p.Separator = " "
	p.Family = FamilyStatic
	p.Redirect = RedirectAnyPort
	p.Silent = map[ClockKind]time.Duration{ClockAccess: time.Hour, ClockInactivity: 180 * day}
	p.Lifetime = "renews by itself; ends after six months unused, and after 7 days while the Google project is in testing"
	p.Cost = CostFree
	// Without both, a second consent gives no refresh token.
	p.AuthParams = url.Values{"access_type": {"offline"}, "prompt": {"consent"}}
	p.LoginHint = "login_hint" // takes the sub claim as well as an address
	p.RevokePage = "https://myaccount.google.com/connections"
	p.Discover = func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:       "https://accounts.google.com/o/oauth2/v2/auth",
			TokenURL:      "https://oauth2.googleapis.com/token",
			RevokeURL:     "https://oauth2.googleapis.com/revoke",
			IntrospectURL: "https://oauth2.googleapis.com/tokeninfo",
			UserInfoURL:   "https://openidconnect.googleapis.com/v1/userinfo",
			PKCE:          true,
		}, nil
	}
	p.Registration.Console = "https://console.cloud.google.com/auth/clients"
	p.Registration.Secret = true
	p.Registration.IDLabel, p.Registration.SecretLabel = "Client ID", "Client secret"
	if p.Classify == nil {
		p.Classify = func(status int, body []byte) *Error { return googleClassify(d, status, body) }
	}
	p.Verify = func(ctx context.Context, c Call) (Verdict, error) { return googleVerify(ctx, c, d, p.Classify) }
	p.Revoke = func(ctx context.Context, c Call) error { return googleRevoke(ctx, c, d, p.Classify) }
	return p
}

// googleReasons are what Google's codes mean for a grant that has ended.
func googleReasons() map[string]string {
	return map[string]string{
		"invalid_grant": "Google no longer accepts this sign-in: it was withdrawn, not used for six months, or its 7 days in a project in testing are over.",
		"invalid_rapt":  "Google wants a new sign-in; the organisation seems to ask for one after some time.",
	}
}

// googleSteps are the steps in the console for an API by its name there.
func googleSteps(api, scopes string) []string {
	return []string{
		"Create a project at console.cloud.google.com and enable " + api + " under APIs & Services, Library.",
		"Under Google Auth Platform, fill in Branding, and under Data Access add the permissions " + scopes + ".",
		"Under Audience choose Publish app: while it is in testing, Google ends every connection after 7 days.",
		"Under Clients create one of the type Desktop app. Its redirect address {redirect} needs no registering, and any port works.",
		"Copy Client ID and Client secret.",
	}
}

const googleScope = "https://www.googleapis.com/auth/"

// googleOwner says who signed in. A token from elsewhere may not have been
// granted openid; then nobody is named.
func googleOwner(ctx context.Context, c Call, d dialect, classify func(int, []byte) *Error, x Exchanged) (id, name string, err error) {
	var who struct{ Sub, Name string }
	err = c.request(ctx, d, classify, http.MethodGet, c.Endpoint.UserInfoURL, nil, x.Tokens.Access, nil, &who)
	switch KindOf(err) {
	case KindRefresh, KindPermission:
		return x.Subject, "", nil
	case "":
	default:
		return "", "", err
	}
	// OpenID Connect Core section 5.3.2: the two must be the same person.
	if who.Sub == "" || x.Subject != "" && who.Sub != x.Subject {
		return "", "", garbage(d.name, d.id)
	}
	return who.Sub, who.Name, nil
}

// googleVerify asks tokeninfo, which says what the access token is good for and
// how long. What has become of the refresh token only a refresh tells.
func googleVerify(ctx context.Context, c Call, d dialect, classify func(int, []byte) *Error) (Verdict, error) {
	var info struct {
		Audience  string `json:"aud"`
		Scope     string `json:"scope"`
		ExpiresIn any    `json:"expires_in"` // a number in quotes
	}
	err := c.request(ctx, d, classify, http.MethodGet, c.Endpoint.IntrospectURL, url.Values{"access_token": {c.Tokens.Access.Reveal()}}, Secret{}, nil, &info)
	if err != nil {
		return Verdict{}, err
	}
	left := seconds(info.ExpiresIn)
	if info.Audience == "" && left == 0 {
		return Verdict{}, garbage(d.name, d.id)
	}
	v := Verdict{}
	if info.Scope != "" {
		v.Scopes = SplitScopes(info.Scope)
	}
	if left > 0 {
		v.Clocks = []Clock{{Kind: ClockAccess, Source: SourceIntrospected, At: c.Now.Add(left), Since: c.Now, Learnt: c.Now}}
	}
	return v, nil
}

// googleRevoke withdraws the whole consent of this person to this client, with
// all its tokens, also those of other channels, locations and Google platforms.
func googleRevoke(ctx context.Context, c Call, d dialect, classify func(int, []byte) *Error) error {
	token := c.Tokens.Refresh
	if token.IsZero() {
		token = c.Tokens.Access
	}
	address := c.Endpoint.RevokeURL + "?" + url.Values{"token": {token.Reveal()}}.Encode()
	err := c.request(ctx, d, quiet(d, classify), http.MethodPost, address, url.Values{}, Secret{}, nil, nil)
	if e := As(err, KindRetry); e != nil && e.Code == "invalid_token" {
		return nil // it has ended already
	}
	return err
}

// googleFault is the error of Google's APIs (cloud.google.com/apis/design/errors);
// reasons are in errors in the older ones and in details in the newer.
type googleFault struct {
	Status string `json:"status"`
	Errors []struct {
		Reason string `json:"reason"`
	} `json:"errors"`
	Details []struct {
		Reason   string            `json:"reason"`
		Metadata map[string]string `json:"metadata"`
	} `json:"details"`
}

// is gives the first of the reasons that was said, or "".
func (f googleFault) is(reasons ...string) string {
	said := []string{}
	for _, e := range f.Errors {
		said = append(said, e.Reason)
	}
	for _, e := range f.Details {
		said = append(said, e.Reason)
	}
	for _, s := range append(said, f.Status) {
		if s != "" && slices.Contains(reasons, s) {
			return s
		}
	}
	return ""
}

// noQuota: the project may ask nothing at all (quota_limit_value, seen with
// projects that have no access; where it is missing nothing is concluded).
func (f googleFault) noQuota() bool {
	for _, e := range f.Details {
		if e.Metadata["quota_limit_value"] == "0" {
			return true
		}
	}
	return false
}

// googleClassify reads the OAuth endpoints' errors, whose error is a word, and
// the APIs', whose error is an object.
func googleClassify(d dialect, status int, body []byte) *Error {
	if status >= 500 { // nothing said while it is not well counts against a token
		return outage(d.name, d.id, status)
	}
	var answer struct {
		Error   json.RawMessage `json:"error"`
		Subtype string          `json:"error_subtype"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Error) == 0 {
		if e := outage(d.name, d.id, status); e != nil {
			return e
		}
		if status >= 400 {
			return garbage(d.name, d.id)
		}
		return nil
	}
	var word string
	if json.Unmarshal(answer.Error, &word) == nil {
		return googleTokenError(d, status, word, answer.Subtype)
	}
	var f googleFault
	_ = json.Unmarshal(answer.Error, &f) // what does not fit is left out
	if code := f.is("youtubeSignupRequired"); code != "" {
		return noChannel(d)
	}
	if code := f.is("authenticatedUserAccountClosed", "authenticatedUserAccountSuspended"); code != "" {
		return d.say(KindPolicy, code, T("Google has closed or suspended this account"), T("sign in at accounts.google.com to see why; the token is not the problem"))
	}
	if code := f.is("accessNotConfigured", "SERVICE_DISABLED"); code != "" {
		return d.say(KindConfig, code, T("the API of %s is not enabled in your Google project", d.name), T("enable it in the console under APIs & Services, Library"))
	}
	if code := f.is("quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded", "uploadLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"); code != "" {
		if f.noQuota() {
			return d.say(KindPolicy, code, T("Google has not approved your project for this API: its quota is 0"), T("ask Google for access to the API; the token is not the problem"))
		}
		return d.limited(code)
	}
	if code := f.is("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"); code != "" {
		return d.denied(code)
	}
	code := strconv.Itoa(status)
	if f.Status != "" {
		code = f.Status
	}
	switch {
	case status == http.StatusUnauthorized:
		return d.stale(code)
	case status == http.StatusTooManyRequests:
		return d.limited(code)
	case status == http.StatusForbidden:
		return d.say(KindPermission, code, T("Google does not let this account do that here"), T("check its role there, or reconnect and allow everything that is asked for"))
	}
	return d.odd(code)
}

// googleTokenError is a word from the OAuth endpoints.
func googleTokenError(d dialect, status int, word, subtype string) *Error {
	switch {
	case word == "invalid_grant" && (subtype == "invalid_rapt" || subtype == "rapt_required"):
		return d.dead("invalid_rapt")
	case word == "invalid_grant", word == "invalid_rapt", word == "rapt_required":
		return d.dead(word)
	case word == "deleted_client":
		return d.say(KindConfig, word, T("your app registration at Google was deleted"), T("restore it in the console, or store another with: relink app set %s", d.id))
	case word == "admin_policy_enforced", word == "org_internal", word == "disallowed_useragent":
		return d.say(KindPolicy, word, T("Google or this account's organisation does not allow this app"), T("ask the organisation's administrator to allow it"))
	}
	if status == http.StatusUnauthorized && word == "invalid_request" {
		return d.stale(word) // what userinfo says of a dead token
	}
	if e := oauthClassify(d, word); e != nil {
		return e
	}
	switch {
	case status == http.StatusUnauthorized:
		return d.stale(word)
	case status == http.StatusTooManyRequests:
		return d.limited(word)
	}
	return d.odd(word)
}
