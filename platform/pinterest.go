package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"
)

// pinterest connects the account that signs in (pinterest/api-description, v5).
//
// Access tokens last 30 days. Refresh tokens are continuous: 60 days, and each
// refresh gives a new one, for ever. Apps made before 25 September 2025 get that only
// with continuous_refresh=true, which is sent always; the older kind ends a year after the
// sign-in, and an answer that says so is believed.
var pinterest = &Platform{
	ID: pinterestDialect.id, Name: pinterestDialect.name, Reasons: pinterestReasons,
	AuthStyle: oauth2.AuthStyleInHeader,
	Separator: ",",
	Family:    FamilyRotating,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 30 * day, ClockRefresh: 60 * day},
	Lifetime:  "renews by itself; without a refresh it ends after 60 days",
	Registration: Registration{
		Console: "https://developers.pinterest.com/apps/", Secret: true,
		IDLabel: "App ID", SecretLabel: "App secret key",
		Steps: []string{
			"Connect an app under My apps; trial access is granted first.",
			"Under Redirect links add {redirect}",
			"Copy App ID and App secret key.",
		},
		Review: "With trial access others may not see the pins; ask for standard access with a video of how the app is used.",
	},
	Scopes: []string{"user_accounts:read"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"boards:read", "boards:write", "pins:read", "pins:write"}},
		{Capability: Analytics, Scopes: []string{"pins:read"}},
		{Capability: Previews, Scopes: []string{"boards:read", "pins:read"}},
	},
	RevokePage: "https://www.pinterest.com/settings/security",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://www.pinterest.com/oauth/",
			TokenURL:    pinterestAPI + "/oauth/token",
			RevokeURL:   pinterestAPI + "/oauth/token/revoke",
			UserInfoURL: pinterestAPI + "/user_account",
		}, nil
	},
	TokenRequest: pinterestToken,
	Identify:     pinterestIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := pinterestWho(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Revoke:   pinterestRevoke,
	Classify: pinterestClassify,
}

const pinterestAPI = "https://api.pinterest.com/v5"

func pinterestToken(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	form.Set("continuous_refresh", "true")
	get, err := c.tokenForm(ctx, pinterestDialect, pinterestTokenClassify, oauth2.AuthStyleInHeader, form, nil)
	if err != nil {
		return Exchanged{}, err
	}
	x, err := c.told(pinterestDialect, get)
	if err != nil {
		return x, err
	}
	// The end of the refresh token may be told as a time instead.
	if end, ok := Moment(get("refresh_token_expires_at")); ok && end.After(c.Now) && (Grant{Clocks: x.Clocks}).Clock(ClockRefresh).Kind == "" {
		x.Clocks = append(x.Clocks, Clock{Kind: ClockRefresh, Source: SourceProvider, At: end, Since: c.Now})
	}
	return x, nil
}

type pinterestUser struct {
	ID           string `json:"id"`
	Username     string `json:"username"`
	BusinessName string `json:"business_name"`
	ProfileImage string `json:"profile_image"`
	AccountType  string `json:"account_type"`
}

func pinterestWho(ctx context.Context, c Call, token Secret) (pinterestUser, error) {
	var who pinterestUser
	err := c.request(ctx, pinterestDialect, pinterestClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, token, nil, &who)
	if err == nil && who.ID == "" {
		err = garbage(pinterestDialect.name, pinterestDialect.id)
	}
	return who, err
}

func pinterestIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	who, err := pinterestWho(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	name, kind := cmp.Or(who.BusinessName, who.Username), "person"
	if who.AccountType == "BUSINESS" {
		kind = "business"
	}
	return []Identity{{
		ProviderID: who.ID, Kind: kind, Name: name, Handle: "@" + who.Username, Avatar: who.ProfileImage, Owner: name, OwnerID: who.ID, Grant: c.grant(x),
	}}, nil
}

func pinterestRevoke(ctx context.Context, c Call) error {
	token, hint := c.Tokens.Refresh, "refresh_token"
	if token.IsZero() {
		token, hint = c.Tokens.Access, "access_token"
	}
	return c.request(ctx, pinterestDialect, quiet(pinterestDialect, pinterestTokenClassify), http.MethodPost, c.Endpoint.RevokeURL,
		url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}}, Secret{}, http.Header{"Authorization": {c.App.basic()}}, nil)
}

var pinterestReasons = map[string]string{
	"283": "Pinterest no longer accepts this sign-in: it was withdrawn or not renewed in time, or the app's set-up is wrong.",
}

var pinterestDialect = dialect{id: "pinterest", name: "Pinterest", reasons: pinterestReasons}

// pinterestClassify reads {code, message}. The numbers are not in Pinterest's
// specification; they are what its API is known to answer.
func pinterestClassify(status int, body []byte) *Error {
	d := pinterestDialect
	if status >= 500 { // nothing said while it is not well counts against a token
		return outage(d.name, d.id, status)
	}
	var answer struct {
		Code  *int   `json:"code"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Code == nil {
		if e := outage(d.name, d.id, status); e != nil {
			return e
		}
		// The redirect address carries RFC 6749's words.
		if e := oauthClassify(d, answer.Error); e != nil {
			return e
		}
		if status >= 400 {
			return garbage(d.name, d.id)
		}
		return nil
	}
	code := strconv.Itoa(*answer.Code)
	switch {
	case status < 400 && *answer.Code == 0:
		return nil
	case *answer.Code == 283:
		return d.dead(code)
	case *answer.Code == 8, status == http.StatusTooManyRequests:
		return d.limited(code)
	case *answer.Code == 3, status == http.StatusForbidden:
		return d.say(KindPermission, code, T("Pinterest did not grant a permission or the access this needs"), T("reconnect and allow everything, or ask for standard access for the app"))
	case *answer.Code == 2, status == http.StatusUnauthorized:
		return d.stale(code)
	}
	return d.odd(fmt.Sprintf("%s (status %d)", code, status))
}

// pinterestTokenClassify judges the token endpoint, where 401 is said of the
// client's id and secret, and any other refusal of the grant.
func pinterestTokenClassify(status int, body []byte) *Error {
	e := pinterestClassify(status, body)
	switch {
	case e == nil || e.Code == "garbage" || e.Kind == KindLimit || e.Kind == KindReconnect || status >= 500 || status < 400:
		return e
	case status == http.StatusUnauthorized:
		return pinterestDialect.noApp(e.Code)
	case status == http.StatusBadRequest:
		return pinterestDialect.dead(e.Code)
	}
	return e
}
