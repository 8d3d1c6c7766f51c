package platform

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// tumblr connects the blogs of the person who signs in (github.com/tumblr/docs,
// api.md). Access tokens last about 42 minutes in its examples; every refresh
// gives a new refresh token, whose life is not written down, and one is given only
// with the scope offline_access. A blog is known by its uuid: names change. The
// User-Agent must be there and stay the same, which [UserAgent] does.
var tumblr = &Platform{
	ID: tumblrDialect.id, Name: tumblrDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: " ",
	Family:    FamilyRotating,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 2520 * time.Second},
	Lifetime:  "about 42 minutes, renewed by itself; how long that goes on is not written down",
	Shared:    true,
	Reasons:   tumblrDialect.reasons,
	Registration: Registration{
		Console: "https://www.tumblr.com/oauth/apps", Secret: true,
		IDLabel: "OAuth consumer key", SecretLabel: "Secret key",
		Steps: []string{
			"Register an application.",
			"As OAuth2 redirect URL enter {redirect}",
			"The default callback URL may be the same address.",
			"Copy the OAuth consumer key and, behind Show secret key, the secret key.",
		},
	},
	Scopes: []string{"basic", "offline_access"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"write"}},
		{Capability: Analytics, Scopes: []string{"basic"}},
		{Capability: Inbox, Scopes: []string{"basic"}},
	},
	RevokePage: "https://www.tumblr.com/settings/apps",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://www.tumblr.com/oauth2/authorize",
			TokenURL:    tumblrAPI + "/oauth2/token",
			UserInfoURL: tumblrAPI + "/user/info",
		}, nil
	},
	// A refresh token that has ended is said by a bare 401, as is a dead access token.
	TokenRequest: func(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
		get, err := c.tokenForm(ctx, tumblrDialect, tumblrClassify, oauth2.AuthStyleInParams, form, nil)
		if err != nil {
			return Exchanged{}, tumblrDialect.grantRefused(err)
		}
		return c.told(tumblrDialect, get)
	},
	Identify: tumblrIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := tumblrMe(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Classify: tumblrClassify,
}

const tumblrAPI = "https://api.tumblr.com/v2"

type tumblrUser struct {
	Name  string
	Blogs []struct {
		Name, Title, UUID string
		Primary           bool
	}
}

func tumblrMe(ctx context.Context, c Call, token Secret) (tumblrUser, error) {
	var answer struct {
		Response struct{ User tumblrUser }
	}
	err := c.request(ctx, tumblrDialect, tumblrClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, token, nil, &answer)
	if err == nil && answer.Response.User.Name == "" {
		err = garbage(tumblrDialect.name, tumblrDialect.id)
	}
	return answer.Response.User, err
}

func tumblrIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	me, err := tumblrMe(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	// The person has a name and no id; their primary blog's stands for them.
	owner := me.Name
	for _, b := range me.Blogs {
		if b.Primary && b.UUID != "" {
			owner = b.UUID
		}
	}
	var out []Identity
	for _, b := range me.Blogs {
		if b.UUID == "" {
			continue
		}
		out = append(out, Identity{
			ProviderID: b.UUID, Kind: "blog", Name: cmp.Or(b.Title, b.Name), Handle: "@" + b.Name, Owner: me.Name, OwnerID: owner,
			Avatar: tumblrAPI + "/blog/" + url.PathEscape(b.UUID) + "/avatar/512",
			Grant:  Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
		})
	}
	return out, nil
}

var tumblrDialect = dialect{id: "tumblr", name: "Tumblr"}

// tumblrClassify reads RFC 6749's errors at the token endpoint and
// {meta, response, errors} elsewhere.
func tumblrClassify(status int, body []byte) *Error {
	var answer struct {
		Error string
		Meta  struct{ Status int }
		// Errors is a list of things in some answers and of words in others.
		Errors any
	}
	if e := tumblrDialect.read(status, body, &answer); e != nil {
		return e
	}
	d := tumblrDialect
	if e := oauthClassify(d, answer.Error); e != nil {
		return e
	}
	if status < 400 && answer.Meta.Status >= 400 { // an error inside a 200
		status = answer.Meta.Status
		if e := outage(d.name, d.id, status); e != nil {
			return e
		}
	}
	if status < 400 {
		return nil
	}
	code := 0
	if list, ok := answer.Errors.([]any); ok && len(list) > 0 {
		if one, ok := list[0].(map[string]any); ok {
			number, _ := one["code"].(float64)
			code = int(number)
		}
	}
	name := fmt.Sprint(status)
	if code != 0 {
		name = fmt.Sprint(code)
	}
	switch {
	case code >= 8001 && code <= 8023:
		return d.say(KindPolicy, name, T("Tumblr refuses this post (its error %s: the media, the content, or a daily limit)", name), T("change the post or try again tomorrow; the token is not the problem"))
	case status == http.StatusUnauthorized:
		return d.stale(name)
	case status == http.StatusForbidden:
		return d.denied(name)
	}
	return d.odd(name)
}
