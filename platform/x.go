package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// xcom connects the person who signs in at X, by OAuth 2 with PKCE. Access
// tokens live two hours; the refresh token comes with offline.access, works once
// and gives the next (docs.x.com, OAuth 2.0 and pricing pages; how long it lives
// unused they do not say: 6 months is what people report).
//
// Reading who signed in is billed, so it happens once, when the account is
// connected; after that a refresh that works is the proof, and a refusal.
var xcom = &Platform{
	ID: xDialect.id, Name: xDialect.name,
	AuthStyle: oauth2.AuthStyleInHeader, // a confidential client; a public one has no secret to put there
	PKCE:      true,
	Separator: " ",
	Family:    FamilyRotating,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 2 * time.Hour, ClockRefresh: 180 * day},
	Lifetime:  "2 hours, renewed by itself; unused it ends, people report after about 6 months",
	Cost:      CostNever,
	Registration: Registration{
		Console: "https://console.x.com/", Secret: true,
		IDLabel: "OAuth 2.0 Client ID", SecretLabel: "OAuth 2.0 Client Secret (none for a Native App)",
		Steps: []string{
			"Create a project with an app in it, and attach a package or credits: X bills by use.",
			"Under User authentication settings choose the app permissions you need and the type Native App (no secret) or Web App (with secret).",
			"Add the callback address {redirect} exactly; X compares every character.",
			"Copy the OAuth 2.0 Client ID, and for a Web App the Client Secret: not the API key and its secret.",
		},
		Review: "None; but reading and posting are billed by use, and direct messages need the permission in the app's settings.",
	},
	Scopes: []string{"tweet.read", "users.read", "offline.access"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"tweet.write", "media.write"}},
		{Capability: Analytics, Scopes: []string{"tweet.read", "users.read"}},
		{Capability: Inbox, Scopes: []string{"dm.read", "dm.write", "tweet.moderate.write"}, Approval: true},
		{Capability: Previews, Scopes: []string{"tweet.read"}},
	},
	Reasons:    xDialect.reasons,
	RevokePage: "https://x.com/settings/connected_apps",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://x.com/i/oauth2/authorize",
			TokenURL:    xAPI + "/oauth2/token",
			RevokeURL:   xAPI + "/oauth2/revoke",
			UserInfoURL: xAPI + "/users/me",
		}, nil
	},
	Identify: xIdentify,
	Revoke:   xRevoke,
	Classify: xClassify,
}

const xAPI = "https://api.x.com/2"

var xDialect = dialect{id: "x", name: "X", reasons: map[string]string{
	// Said of a refresh token that has ended, been used or been revoked.
	"invalid_request": "X no longer accepts the refresh token.",
}}

func xIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	var answer struct {
		Data struct {
			ID, Name, Username string
			Picture            string `json:"profile_image_url"`
		} `json:"data"`
	}
	err := c.request(ctx, xDialect, xClassify, http.MethodGet, c.Endpoint.UserInfoURL, url.Values{"user.fields": {"id,name,username,profile_image_url"}}, x.Tokens.Access, nil, &answer)
	if err != nil {
		return nil, err
	}
	who := answer.Data
	if who.ID == "" {
		return nil, garbage(xDialect.name, xDialect.id)
	}
	name := cmp.Or(who.Name, who.Username)
	return []Identity{{
		ProviderID: who.ID, Kind: "person", Name: name, Handle: "@" + who.Username, Avatar: who.Picture, Owner: name, OwnerID: who.ID,
		Grant: Grant{Tokens: x.Tokens, TokenType: x.TokenType, Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
	}}, nil
}

// xRevoke ends both tokens: whether one ends the other is not documented.
func xRevoke(ctx context.Context, c Call) error {
	c.Endpoint.TokenURL = c.Endpoint.RevokeURL // the client proves itself in the same way
	for _, t := range []Secret{c.Tokens.Refresh, c.Tokens.Access} {
		if t.IsZero() {
			continue
		}
		form := url.Values{"token": {t.Reveal()}}
		if _, err := c.tokenForm(ctx, xDialect, xClassify, xcomStyle(c), form, nil); err != nil {
			return err
		}
	}
	return nil
}

func xcomStyle(c Call) oauth2.AuthStyle { return style(oauth2.AuthStyleInHeader, c.Endpoint, c.App) }

// xClassify reads RFC 6749's errors at the token endpoint and, elsewhere, X's own
// problems, which look like RFC 7807's: {title, detail, type, status}. A 200
// with errors and no data is one, too (docs.x.com, response codes and errors).
func xClassify(status int, body []byte) *Error {
	type problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Type   string `json:"type"`
		Reason string `json:"reason"`
	}
	var answer struct {
		problem
		Error       string          `json:"error"`
		Description string          `json:"error_description"`
		Data        json.RawMessage `json:"data"`
		Errors      []problem       `json:"errors"`
	}
	if e := xDialect.read(status, body, &answer); e != nil {
		return e
	}
	if answer.Error != "" && status >= 400 {
		return xTokenError(answer.Error, strings.ToLower(answer.Description))
	}
	p := answer.problem
	if len(answer.Errors) > 0 && p.Type == "" {
		p = answer.Errors[0]
	}
	if status < 400 && (len(answer.Errors) == 0 || len(answer.Data) > 0) {
		return nil
	}
	// The types are addresses; which of X's two hosts they name has changed.
	_, code, _ := strings.Cut(p.Type, "/problems/")
	if code == "" {
		code = fmt.Sprint(status)
	}
	says := strings.ToLower(p.Title + " " + p.Detail)
	d := xDialect
	switch {
	case status == http.StatusUnauthorized:
		return d.stale(code)
	case status == http.StatusPaymentRequired, code == "usage-capped", strings.Contains(says, "credits"):
		return d.say(KindLimit, code, T("what your app may use at X, or has credits for, is used up"), T("add credits at console.x.com, or wait for the next month; the token is not the problem"))
	case code == "rate-limit-exceeded":
		return d.limited(code)
	case code == "client-forbidden", p.Reason == "client-not-enrolled":
		return d.say(KindConfig, code, T("X says that your app is in no project or package"), T("attach it to one at console.x.com; the token is not the problem"))
	case code == "unsupported-authentication", code == "oauth1-permissions":
		return d.say(KindConfig, code, T("X does not take this kind of token for that"), T("check User authentication settings and app permissions at console.x.com, then reconnect the account"))
	case code == "user-suspended", strings.Contains(says, "suspended"):
		return d.say(KindPolicy, code, T("X has suspended this account"), T("sign in on x.com to see why; the token is not the problem"))
	case status == http.StatusForbidden && strings.Contains(says, "scope"):
		return d.denied(code)
	case status == http.StatusForbidden:
		return d.say(KindPolicy, code, T("X does not permit that"), T("change what was asked for; the token is not the problem"))
	case code == "duplicate-content", strings.Contains(says, "duplicate"):
		return d.say(KindPolicy, code, T("X refused the post: it is the same as one before"), T("change the text; the token is not the problem"))
	}
	return d.odd(code)
}

// xTokenError: X says invalid_request of a refresh token that has ended, too,
// and only its words tell that from a request that is wrong.
func xTokenError(code, says string) *Error {
	if code == "invalid_request" {
		switch {
		case strings.Contains(says, "redirect"): // its sentence names the code as well
		case strings.Contains(says, "authorization code"):
			return xDialect.say(KindCancelled, code, T("X no longer accepts this sign-in's code; it holds for 30 seconds"), T("start the connection again"))
		case strings.Contains(says, "token was invalid"):
			return xDialect.dead(code)
		}
	}
	if e := oauthClassify(xDialect, code); e != nil {
		return e
	}
	return xDialect.odd("error")
}
