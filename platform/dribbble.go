package platform

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// dribbble connects the person who signs in (developer.dribbble.com). Its
// tokens have no end, no refresh token and no way to be revoked by a program.
var dribbble = &Platform{
	ID: dribbbleDialect.id, Name: dribbbleDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: " ",
	Family:    FamilyNone,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 0},
	Lifetime:  "does not expire; ends when the app is removed",
	Reasons:   dribbbleDialect.reasons,
	Registration: Registration{
		Console: "https://dribbble.com/account/applications/new", Secret: true,
		IDLabel: "Client ID", SecretLabel: "Client Secret",
		Steps: []string{
			"Register an application.",
			"As callback URL enter {redirect}",
			"Copy Client ID and Client Secret.",
		},
		Review: "Uploading shots needs an app that Dribbble has approved and an account that may upload.",
	},
	Scopes:     []string{"public"},
	Needs:      []Need{{Capability: Publish, Scopes: []string{"upload"}}},
	RevokePage: "https://dribbble.com/account/applications",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://dribbble.com/oauth/authorize",
			TokenURL:    "https://dribbble.com/oauth/token",
			UserInfoURL: "https://api.dribbble.com/v2/user",
		}, nil
	},
	Identify: func(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
		who, err := dribbbleMe(ctx, c, x.Tokens.Access)
		if err != nil {
			return nil, err
		}
		id, name := fmt.Sprint(who.ID), cmp.Or(who.Name, who.Login)
		return []Identity{{
			ProviderID: id, Kind: "person", Name: name, Handle: "@" + who.Login, Avatar: who.Avatar, Owner: name, OwnerID: id,
			Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
		}}, nil
	},
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := dribbbleMe(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Classify: dribbbleClassify,
}

type dribbbleUser struct {
	ID          int64
	Login, Name string
	Avatar      string `json:"avatar_url"`
}

func dribbbleMe(ctx context.Context, c Call, token Secret) (dribbbleUser, error) {
	var who dribbbleUser
	err := c.request(ctx, dribbbleDialect, dribbbleClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, token, nil, &who)
	if err == nil && who.ID == 0 {
		err = garbage(dribbbleDialect.name, dribbbleDialect.id)
	}
	return who, err
}

var dribbbleDialect = dialect{id: "dribbble", name: "Dribbble", reasons: map[string]string{
	"401": "Dribbble no longer accepts the token; the app may have been removed.",
}}

// dribbbleClassify reads RFC 6749's errors at the token endpoint and {message} elsewhere.
func dribbbleClassify(status int, body []byte) *Error {
	var answer struct{ Error string }
	if e := dribbbleDialect.read(status, body, &answer); e != nil {
		return e
	}
	d := dribbbleDialect
	if e := oauthClassify(d, answer.Error); e != nil && e.Kind != KindRefresh {
		return e
	}
	switch {
	case status < 400 && answer.Error == "":
		return nil
	case status == http.StatusUnauthorized, answer.Error == "invalid_token":
		return d.dead("401") // there is nothing to renew it with
	case status == http.StatusForbidden:
		return d.say(KindPolicy, "403", T("Dribbble does not let this account or app upload"), T("ask Dribbble for the right to upload; the token is not the problem"))
	}
	return d.odd(fmt.Sprint(status))
}
