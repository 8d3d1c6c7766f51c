package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// tiktok connects the person who signs in, through a client of the type Desktop.
//
// Its OAuth 2 has other names and shapes (developers.tiktok.com, Login Kit for
// Desktop, User Access Token Management): client_key for client_id, scopes with
// commas, and a PKCE challenge that is the lower-case hexadecimal SHA-256. A
// client of the type Web takes https addresses only and, by report, the usual challenge: not
// supported here. Dated copies of its documentation disagree about the lives (2 or
// 24 hours, 180 or 365 days) and about whether every refresh rotates: the
// answer's own figures count, the table has the shorter, and a refresh token is
// used once.
var tiktok = &Platform{
	ID: tiktokDialect.id, Name: tiktokDialect.name, Reasons: tiktokReasons,
	AuthStyle: oauth2.AuthStyleInParams,
	PKCE:      true, PKCEHex: true,
	Separator: ",",
	Family:    FamilyRotating,
	Redirect:  RedirectAnyPort,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 2 * time.Hour, ClockRefresh: 180 * day},
	Lifetime:  "renews by itself; without a refresh it ends after 180 or 365 days, as TikTok says",
	Registration: Registration{
		Console: "https://developers.tiktok.com/apps", Secret: true,
		IDLabel: "Client key", SecretLabel: "Client secret",
		Steps: []string{
			"Create an app and add the products Login Kit and Content Posting API, with Direct Post.",
			"Under Scopes add user.info.basic, user.info.profile, user.info.stats, video.list and video.publish.",
			"In Login Kit choose Desktop and add the redirect address {redirect} with * in place of the port: http://127.0.0.1:*/callback",
			"Copy Client key and Client secret. Until the app is approved use those of its Sandbox, with your account as a target user.",
		},
		Review: "Until TikTok has audited the app, whatever it posts stays private, at most 5 people may post in 24 hours, and their accounts must be private.",
	},
	Scopes: []string{"user.info.basic", tiktokProfile},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"video.publish"}},
		{Capability: Analytics, Scopes: []string{"user.info.stats", "video.list"}},
		{Capability: Previews, Scopes: []string{"video.list"}},
	},
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://www.tiktok.com/v2/auth/authorize/",
			TokenURL:    "https://open.tiktokapis.com/v2/oauth/token/",
			RevokeURL:   "https://open.tiktokapis.com/v2/oauth/revoke/",
			UserInfoURL: "https://open.tiktokapis.com/v2/user/info/",
			PKCE:        true,
		}, nil
	},
	Authorize:    tiktokAuthorize,
	TokenRequest: tiktokToken,
	Identify:     tiktokIdentify,
	Verify:       tiktokVerify,
	Revoke:       tiktokRevoke,
	RevokePage:   "https://www.tiktok.com/setting",
	Classify:     tiktokClassify,
}

// tiktokProfile is the scope of the handle.
const tiktokProfile = "user.info.profile"

func tiktokAuthorize(_ context.Context, c Call, params url.Values) (Authorization, error) {
	params = maps.Clone(params)
	params.Set("client_key", params.Get("client_id"))
	params.Del("client_id")
	return Authorization{URL: c.Endpoint.AuthURL + "?" + params.Encode()}, nil
}

// tiktokToken sends a token request. The code is decoded as TikTok wants it: it
// was taken out of the redirect address by its query.
func tiktokToken(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	var fields map[string]any
	if err := c.request(ctx, tiktokDialect, tiktokClassify, http.MethodPost, c.Endpoint.TokenURL, tiktokClient(c, form), Secret{}, nil, &fields); err != nil {
		return Exchanged{}, err
	}
	return c.told(tiktokDialect, func(key string) any { return fields[key] })
}

// tiktokClient adds the client's credentials, which always go in the body.
func tiktokClient(c Call, form url.Values) url.Values {
	form = maps.Clone(form)
	form.Set("client_key", c.App.ID)
	form.Set("client_secret", c.App.Secret.Reveal())
	return form
}

type tiktokUser struct {
	OpenID      string `json:"open_id"`
	AvatarURL   string `json:"avatar_url"`
	DisplayName string `json:"display_name"`
	Username    string `json:"username"`
}

// tiktokWho asks who a token belongs to. A field without its scope is refused.
func tiktokWho(ctx context.Context, c Call, token Secret, fields string) (tiktokUser, error) {
	var answer struct {
		Data struct {
			User tiktokUser `json:"user"`
		} `json:"data"`
	}
	err := c.request(ctx, tiktokDialect, tiktokClassify, http.MethodGet, c.Endpoint.UserInfoURL, url.Values{"fields": {fields}}, token, nil, &answer)
	if err == nil && answer.Data.User.OpenID == "" {
		err = garbage(tiktokDialect.name, tiktokDialect.id)
	}
	return answer.Data.User, err
}

func tiktokIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	fields := "open_id,avatar_url,display_name"
	if slices.Contains(x.Scopes, tiktokProfile) {
		fields += ",username"
	}
	who, err := tiktokWho(ctx, c, x.Tokens.Access, fields)
	if err != nil {
		return nil, err
	}
	handle := who.Username
	if handle != "" {
		handle = "@" + handle
	}
	return []Identity{{
		ProviderID: who.OpenID, Kind: "person", Name: who.DisplayName, Handle: handle, Avatar: who.AvatarURL,
		Owner: who.DisplayName, OwnerID: who.OpenID, Grant: c.grant(x),
	}}, nil
}

func tiktokVerify(ctx context.Context, c Call) (Verdict, error) {
	_, err := tiktokWho(ctx, c, c.Tokens.Access, "open_id")
	return Verdict{}, err
}

func tiktokRevoke(ctx context.Context, c Call) error {
	return c.request(ctx, tiktokDialect, quiet(tiktokDialect, tiktokClassify), http.MethodPost, c.Endpoint.RevokeURL, tiktokClient(c, url.Values{"token": {c.Tokens.Access.Reveal()}}), Secret{}, nil, nil)
}

var tiktokReasons = map[string]string{
	"invalid_grant": "TikTok no longer accepts this sign-in: it was withdrawn, or its refresh token has ended or was used elsewhere.",
}

var tiktokDialect = dialect{id: "tiktok", name: "TikTok", reasons: tiktokReasons}

// tiktokClassify reads the token endpoint's errors, whose error is a word, and
// the API's, whose error is an object, with the code "ok" when all is well.
// Either may come with the status 200.
func tiktokClassify(status int, body []byte) *Error {
	d := tiktokDialect
	if status >= 500 { // nothing said while it is not well counts against a token
		return outage(d.name, d.id, status)
	}
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var code string
	if err := json.Unmarshal(body, &answer); err == nil && len(answer.Error) > 0 && json.Unmarshal(answer.Error, &code) != nil {
		var e struct{ Code string }
		_ = json.Unmarshal(answer.Error, &e)
		code = e.Code
	}
	if code == "ok" && status < 400 {
		return nil
	}
	if code == "" || code == "ok" {
		if e := outage(d.name, d.id, status); e != nil {
			return e
		}
		if status >= 400 {
			return garbage(d.name, d.id)
		}
		return nil
	}
	switch {
	case code == "access_token_invalid":
		return d.stale(code)
	case code == "scope_not_authorized", code == "scope_permission_missed":
		return d.denied(code)
	case code == "rate_limit_exceeded":
		return d.limited(code)
	case code == "spam_risk_too_many_posts", code == "spam_risk_too_many_pending_share", code == "reached_active_user_cap":
		return d.say(KindLimit, code, T("TikTok takes no more posts by this app today"), T("try again tomorrow; the token is not the problem"))
	case strings.HasPrefix(code, "unaudited_client"):
		return d.say(KindPolicy, code, T("TikTok has not audited your app: it may only post to private accounts"), T("ask for the audit in TikTok's console; the token is not the problem"))
	case strings.HasPrefix(code, "spam_risk"):
		return d.say(KindPolicy, code, T("TikTok does not let this account post now"), T("read the notice in TikTok's app; the token is not the problem"))
	case code == "url_ownership_unverified", code == "privacy_level_option_mismatch":
		return d.say(KindConfig, code, T("TikTok refuses this because of the app's set-up (%s)", code), T("check the app in TikTok's console; the token is not the problem"))
	case code == "invalid_params", code == "invalid_file_upload", strings.HasSuffix(code, "_check_failed"):
		return d.say(KindUsage, code, T("TikTok does not take what was sent (%s)", plainCode(code)), T("check the post; the token is not the problem"))
	case code == "internal_error":
		return d.unwell(code)
	}
	if e := oauthClassify(d, code); e != nil {
		return e
	}
	if status == http.StatusTooManyRequests {
		return d.limited(plainCode(code))
	}
	return d.odd(plainCode(code))
}

// plainCode is a code that is fit to be shown: what is not a word is only counted.
func plainCode(code string) string {
	if len(code) > 64 || strings.IndexFunc(code, func(r rune) bool {
		return !(r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) >= 0 {
		return fmt.Sprintf("of %d letters", len(code))
	}
	return code
}
