package platform

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// medium keeps integration tokens that exist (github.com/Medium/medium-api-docs).
// Its API is no longer supported, gives no new integration to anybody and, it is
// said, no new tokens since 2025; those that exist have no end.
var medium = &Platform{
	ID: mediumDialect.id, Name: mediumDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: ",",
	Family:    FamilyNone,
	Redirect:  RedirectNone,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 0},
	Lifetime:  "does not expire; Medium reportedly gives out no new tokens",
	Legacy:    true,
	Reasons:   mediumDialect.reasons,
	Registration: Registration{
		None:   true,
		Review: "Medium's API is no longer supported: only integration tokens that already exist work.",
	},
	Needs:      []Need{{Capability: Publish}},
	RevokePage: "https://medium.com/me/settings/security",
	Credential: &Credential{
		Name: "integration token", Page: "https://medium.com/me/settings/security",
		Steps: []string{
			"Medium reportedly gives out no new integration tokens: this is for one that you have.",
			"Copy it from where you keep it, or from Medium's settings under Security and apps, Integration tokens.",
		},
		Lasts: "until it is revoked in Medium's settings",
		Accept: func(_ context.Context, _ Call, _ string, secret Secret) (Exchanged, error) {
			token := strings.TrimSpace(secret.Reveal())
			if token == "" || strings.ContainsAny(token, " \t\r\n") {
				return Exchanged{}, mediumDialect.say(KindUsage, "shape", T("that is not an integration token"), T("copy it whole, without spaces"))
			}
			return Exchanged{Tokens: Tokens{Access: NewSecret(token)}, TokenType: "Bearer"}, nil
		},
	},
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{UserInfoURL: "https://api.medium.com/v1/me"}, nil
	},
	Identify: func(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
		who, err := mediumMe(ctx, c, x.Tokens.Access)
		if err != nil {
			return nil, err
		}
		name := cmp.Or(who.Name, who.Username)
		return []Identity{{
			ProviderID: who.ID, Kind: "person", Name: name, Handle: "@" + who.Username, Avatar: who.Picture, Owner: name, OwnerID: who.ID,
			Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
		}}, nil
	},
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := mediumMe(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Classify: mediumClassify,
}

type mediumUser struct {
	ID, Username, Name string
	Picture            string `json:"imageUrl"`
}

func mediumMe(ctx context.Context, c Call, token Secret) (mediumUser, error) {
	var answer struct{ Data mediumUser }
	err := c.request(ctx, mediumDialect, mediumClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, token, nil, &answer)
	if err == nil && answer.Data.ID == "" {
		err = garbage(mediumDialect.name, mediumDialect.id)
	}
	return answer.Data, err
}

var mediumDialect = dialect{id: "medium", name: "Medium", reasons: map[string]string{
	"401": "Medium no longer accepts the integration token, and reportedly gives out no new ones.",
}}

// mediumClassify goes by the status: {errors: [{message, code}]} says no more.
func mediumClassify(status int, body []byte) *Error {
	var answer struct {
		Errors []struct{ Code int }
	}
	if e := mediumDialect.read(status, body, &answer); e != nil {
		return e
	}
	d := mediumDialect
	if status < 400 && len(answer.Errors) > 0 { // an error inside a 200
		return d.odd(fmt.Sprint(answer.Errors[0].Code))
	}
	switch {
	case status < 400:
		return nil
	case status == http.StatusUnauthorized:
		return d.dead("401")
	case status == http.StatusForbidden:
		return d.denied("403")
	}
	return d.odd(fmt.Sprint(status))
}
