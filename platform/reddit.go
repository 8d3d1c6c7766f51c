package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// reddit connects the person who signs in.
//
// Facts are from Reddit's own server, published until 2017, and the documentation
// of its client libraries. A refresh token comes only with duration=permanent, stays
// the same and does not end until somebody withdraws it. Access tokens last an hour or a
// day, by source: expires_in decides. The client is told by Basic, with an empty
// password for an "installed app", and every request by its User-Agent.
var reddit = &Platform{
	ID: redditDialect.id, Name: redditDialect.name, Reasons: redditReasons,
	AuthStyle: oauth2.AuthStyleInHeader,
	Separator: " ",
	Family:    FamilyStatic,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: time.Hour, ClockRefresh: 0},
	Lifetime:  "renews by itself; ends when it is withdrawn",
	Registration: Registration{
		Console: "https://www.reddit.com/prefs/apps", Secret: true,
		IDLabel: "Client ID (below the app's name)", SecretLabel: "Secret (empty for an installed app)",
		Steps: []string{
			"Ask Reddit for API access under its Responsible Builder Policy; apps made before 11 November 2025 keep working.",
			"Under prefs/apps create an app of the type web app or installed app.",
			"Give the redirect uri {redirect}; an app has exactly one.",
			"Copy the client ID below the app's name, and the secret unless it is an installed app.",
		},
		Review: "Since 11 November 2025 Reddit approves every new app under its Responsible Builder Policy before it works.",
	},
	Scopes: []string{"identity"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"submit", "edit"}},
		{Capability: Analytics, Scopes: []string{"read", "history"}},
		{Capability: Inbox, Scopes: []string{"privatemessages"}},
		{Capability: Previews, Scopes: []string{"read"}},
	},
	AuthParams: url.Values{"duration": {"permanent"}},
	RevokePage: "https://www.reddit.com/prefs/apps",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://www.reddit.com/api/v1/authorize",
			TokenURL:    "https://www.reddit.com/api/v1/access_token",
			RevokeURL:   "https://www.reddit.com/api/v1/revoke_token",
			UserInfoURL: "https://oauth.reddit.com/api/v1/me",
		}, nil
	},
	TokenRequest: redditToken,
	Identify:     redditIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := redditWho(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Revoke:   redditRevoke,
	Classify: redditClassify,
}

// redditAgent is the User-Agent as Reddit wants it: system, program, version and
// the account it acts for, where that is known. It refuses what looks like a library's.
func redditAgent(c Call) http.Header {
	version := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '+' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, Version)
	agent := "desktop:app.relink.Relink:v" + cmp.Or(version, "0")
	if name, ok := strings.CutPrefix(c.Account.Handle, "u/"); ok && plainCode(name) == name {
		agent += " (by /u/" + name + ")"
	}
	return http.Header{"User-Agent": {agent}}
}

// redditToken sends a token request. In the answer to a refresh the refresh
// token is left out; it stays.
func redditToken(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	classify := redditClientClassify
	if form.Get("grant_type") == "refresh_token" {
		classify = redditRefreshClassify
	}
	get, err := c.tokenForm(ctx, redditDialect, classify, oauth2.AuthStyleInHeader, form, redditAgent(c))
	if err != nil {
		return Exchanged{}, err
	}
	return c.told(redditDialect, get)
}

type redditUser struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	IconImg string `json:"icon_img"`
}

func redditWho(ctx context.Context, c Call, token Secret) (redditUser, error) {
	var who redditUser
	err := c.request(ctx, redditDialect, redditClassify, http.MethodGet, c.Endpoint.UserInfoURL, url.Values{"raw_json": {"1"}}, token, redditAgent(c), &who)
	if err == nil && who.ID == "" {
		err = garbage(redditDialect.name, redditDialect.id)
	}
	return who, err
}

func redditIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	who, err := redditWho(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	avatar, _, _ := strings.Cut(html.UnescapeString(who.IconImg), "?") // the rest is a signature for one size
	return []Identity{{
		ProviderID: who.ID, Kind: "person", Name: who.Name, Handle: "u/" + who.Name, Avatar: avatar, Owner: who.Name, OwnerID: who.ID, Grant: c.grant(x),
	}}, nil
}

func redditRevoke(ctx context.Context, c Call) error {
	token, hint := c.Tokens.Refresh, "refresh_token"
	if token.IsZero() {
		token, hint = c.Tokens.Access, "access_token"
	}
	header := redditAgent(c)
	header.Set("Authorization", c.App.basic())
	return c.request(ctx, redditDialect, quiet(redditDialect, redditClientClassify), http.MethodPost, c.Endpoint.RevokeURL,
		url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}}, Secret{}, header, nil)
}

var redditReasons = map[string]string{
	"invalid_grant":   "Reddit no longer accepts this sign-in: the app was removed there, or its access was withdrawn.",
	"invalid_request": "Reddit no longer accepts this sign-in: the app was removed there, or its access was withdrawn.",
	"400":             "Reddit no longer accepts this sign-in: the app was removed there, or its access was withdrawn.",
}

var redditDialect = dialect{id: "reddit", name: "Reddit", reasons: redditReasons}

// redditClientClassify judges answers to the client itself: 401 is said of its id and secret.
func redditClientClassify(status int, body []byte) *Error {
	e := redditClassify(status, body)
	if e != nil && status == http.StatusUnauthorized && e.Code != "garbage" {
		return redditDialect.noApp(e.Code)
	}
	return e
}

// redditRefreshClassify judges the answer to a refresh, where a dead refresh
// token gets 400 with "invalid_request" or with no word at all.
func redditRefreshClassify(status int, body []byte) *Error {
	e := redditClientClassify(status, body)
	if e != nil && status == http.StatusBadRequest && e.Code != "garbage" && e.Code != "unsupported_grant_type" {
		return redditDialect.dead(e.Code)
	}
	return e
}

// redditClassify reads all of Reddit's shapes: RFC 6749's word, the API's
// {message, error: 401}, and lists of errors inside a 200.
func redditClassify(status int, body []byte) *Error {
	d := redditDialect
	if status >= 500 { // nothing said while it is not well counts against a token
		return outage(d.name, d.id, status)
	}
	var answer struct {
		Error  any    `json:"error"`
		Reason string `json:"reason"`
		JSON   struct {
			Errors [][]any `json:"errors"`
		} `json:"json"`
	}
	if err := json.Unmarshal(body, &answer); err != nil && answer.Error == nil {
		// A page: what it is for, the status says.
		switch {
		case status == http.StatusForbidden:
			return redditBlocked("403")
		case outage(d.name, d.id, status) != nil:
			return outage(d.name, d.id, status)
		case status >= 400:
			return garbage(d.name, d.id)
		}
		return nil
	}
	if word, ok := answer.Error.(string); ok && word != "" {
		if word == "invalid_grant" {
			return d.dead(word)
		}
		if e := oauthClassify(d, word); e != nil && status != http.StatusUnauthorized {
			return e
		}
	}
	for _, e := range answer.JSON.Errors {
		if len(e) == 0 {
			continue
		}
		code := plainCode(fmt.Sprint(e[0]))
		switch code {
		case "RATELIMIT":
			return d.limited(code)
		case "USER_REQUIRED":
			return d.stale(code)
		}
		return d.say(KindUsage, code, T("Reddit does not take what was sent (%s)", code), T("check the post; the token is not the problem"))
	}
	code := fmt.Sprint(status)
	switch {
	case status == http.StatusUnauthorized:
		return d.stale(code)
	case status == http.StatusForbidden && answer.Reason != "":
		return d.say(KindPolicy, plainCode(answer.Reason), T("Reddit does not let this account do that there"), T("look at the community on reddit.com; the token is not the problem"))
	case status == http.StatusForbidden:
		return redditBlocked(code)
	case status == http.StatusTooManyRequests:
		return d.limited(code)
	case status >= 300 && status < 400:
		return garbage(d.name, d.id)
	case status >= 400:
		return d.odd(code)
	}
	return nil
}

// redditBlocked: banned, not granted, or the program is not let in; Reddit does not say which.
func redditBlocked(code string) *Error {
	return redditDialect.say(KindPermission, code, T("Reddit does not allow this: a permission is missing, or it blocks this account, app or network"),
		T("look on reddit.com whether the account and the app are in order"))
}
