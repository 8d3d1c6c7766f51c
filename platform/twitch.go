package platform

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// twitch connects a channel by device code (dev.twitch.tv, Getting OAuth Access
// Tokens), which suits a public client on a desktop: no redirect, no secret.
// Refresh tokens of public clients work once; that they end after 30 days
// without use is said of them and not found in Twitch's own pages, so the answer
// to a refresh decides. Twitch obliges apps to ask its validate endpoint at the
// start and hourly (dev.twitch.tv, Validate Tokens).
var twitch = &Platform{
	ID: twitchDialect.id, Name: twitchDialect.name,
	AuthStyle:   oauth2.AuthStyleInParams,
	Separator:   " ",
	Family:      FamilyRotating,
	Redirect:    RedirectNone,
	Silent:      map[ClockKind]time.Duration{ClockAccess: 4 * time.Hour, ClockRefresh: 30 * day},
	Lifetime:    "about 4 hours, renewed by itself; unused it ends, reportedly after 30 days",
	Cost:        CostFree,
	VerifyEvery: time.Hour,
	Reasons:     twitchDialect.reasons,
	Registration: Registration{
		Console: "https://dev.twitch.tv/console/apps", IDLabel: "Client ID",
		Steps: []string{
			"Switch on two-factor authentication for your Twitch account: the console asks for it.",
			"Register an application. It wants a redirect address though none is used: http://localhost will do.",
			"Set Client Type to Public.",
			"Copy Client ID from Manage. There is no secret.",
		},
	},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"user:write:chat"}},
		{Capability: Analytics, Scopes: []string{"moderator:read:followers"}},
		{Capability: Inbox, Scopes: []string{"user:read:chat"}},
	},
	RevokePage: "https://www.twitch.tv/settings/connections",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:       "https://id.twitch.tv/oauth2/authorize",
			TokenURL:      "https://id.twitch.tv/oauth2/token",
			DeviceURL:     "https://id.twitch.tv/oauth2/device",
			RevokeURL:     "https://id.twitch.tv/oauth2/revoke",
			IntrospectURL: "https://id.twitch.tv/oauth2/validate",
			UserInfoURL:   "https://api.twitch.tv/helix/users",
		}, nil
	},
	TokenRequest: func(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
		if form.Get("grant_type") == deviceGrant {
			form.Set("scopes", strings.Join(c.Asked, " ")) // wanted again with the code
		}
		get, err := c.tokenForm(ctx, twitchDialect, twitchClassify, oauth2.AuthStyleInParams, form, nil)
		if err != nil {
			return Exchanged{}, twitchDialect.grantRefused(err)
		}
		return c.told(twitchDialect, get)
	},
	// The endpoint's name for the scopes is "scopes", against RFC 8628.
	Device: func(ctx context.Context, c Call, scopes []string) (Device, error) {
		return c.device(ctx, twitchDialect, twitchClassify, url.Values{"client_id": {c.App.ID}, "scopes": {strings.Join(scopes, " ")}})
	},
	Identify: twitchIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		v, err := twitchValidate(ctx, c, c.Tokens.Access)
		return v.verdict(c), err
	},
	Revoke: func(ctx context.Context, c Call) error {
		return c.request(ctx, twitchDialect, twitchClassify, http.MethodPost, c.Endpoint.RevokeURL,
			url.Values{"client_id": {c.App.ID}, "token": {c.Tokens.Access.Reveal()}}, Secret{}, nil, nil)
	},
	Classify: twitchClassify,
}

type twitchValid struct {
	ClientID  string   `json:"client_id"`
	Login     string   `json:"login"`
	UserID    string   `json:"user_id"`
	Scopes    []string `json:"scopes"`
	ExpiresIn float64  `json:"expires_in"`
}

func (v twitchValid) verdict(c Call) Verdict {
	out := Verdict{Scopes: v.Scopes}
	if left := seconds(v.ExpiresIn); left > 0 {
		out.Clocks = []Clock{{Kind: ClockAccess, Source: SourceIntrospected, At: c.Now.Add(left), Since: c.Now, Learnt: c.Now}}
	}
	return out
}

// twitchValidate asks about a token; its scheme is OAuth, not Bearer.
func twitchValidate(ctx context.Context, c Call, token Secret) (twitchValid, error) {
	var v twitchValid
	err := c.request(ctx, twitchDialect, twitchClassify, http.MethodGet, c.Endpoint.IntrospectURL, nil, Secret{},
		http.Header{"Authorization": {"OAuth " + token.Reveal()}}, &v)
	if err == nil && v.ClientID == "" {
		err = garbage(twitchDialect.name, twitchDialect.id)
	}
	if err == nil && v.Scopes == nil {
		v.Scopes = []string{} // a token without any says null
	}
	return v, err
}

func twitchIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	valid, err := twitchValidate(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data []struct {
			ID, Login   string
			DisplayName string `json:"display_name"`
			Picture     string `json:"profile_image_url"`
		}
	}
	// The client id that goes with a token is the one it was made for.
	err = c.request(ctx, twitchDialect, twitchClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, x.Tokens.Access, http.Header{"Client-Id": {valid.ClientID}}, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.Data) != 1 || answer.Data[0].ID == "" {
		return nil, garbage(twitchDialect.name, twitchDialect.id)
	}
	who, clocks := answer.Data[0], x.Clocks
	if len(clocks) == 0 {
		clocks = valid.verdict(c).Clocks
	}
	name := cmp.Or(who.DisplayName, who.Login)
	return []Identity{{
		ProviderID: who.ID, Kind: "channel", Name: name, Handle: "@" + who.Login, Avatar: who.Picture, Owner: name, OwnerID: who.ID,
		Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: valid.Scopes, Asked: x.Asked, Clocks: clocks, Issued: c.Now},
	}}, nil
}

var twitchDialect = dialect{id: "twitch", name: "Twitch", reasons: map[string]string{
	"invalid_refresh_token": "Twitch no longer accepts the refresh token: it was used, went unused for too long, or the app was disconnected.",
}}

// twitchClassify reads {status, message} and, from the API, {error, status, message}.
// Only the message tells what happened.
func twitchClassify(status int, body []byte) *Error {
	var answer struct{ Message string }
	if e := twitchDialect.read(status, body, &answer); e != nil {
		return e
	}
	if status < 400 {
		return nil
	}
	d, message := twitchDialect, strings.ToLower(answer.Message)
	switch {
	case message == "authorization_pending", message == "slow_down", message == "access_denied", message == "expired_token":
		return oauthClassify(d, message)
	case strings.Contains(message, "invalid device code"):
		return oauthClassify(d, "expired_token")
	case strings.Contains(message, "refresh token"):
		return d.dead("invalid_refresh_token")
	case strings.Contains(message, "invalid client"), strings.Contains(message, "missing client id"), strings.Contains(message, "client secret"),
		strings.Contains(message, "client id and oauth token do not match"):
		return d.noApp("invalid_client")
	case strings.Contains(message, "invalid scope"):
		return oauthClassify(d, "invalid_scope")
	case status == http.StatusUnauthorized && strings.Contains(message, "missing scope"):
		return d.denied("missing_scope")
	case status == http.StatusUnauthorized:
		return d.stale("401")
	case status == http.StatusForbidden:
		return d.denied("403")
	}
	return d.odd(fmt.Sprint(status))
}
