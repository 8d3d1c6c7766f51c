package platform

import (
	"bytes"
	"cmp"
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

// wordpresscom connects the sites of a WordPress.com account, in one of two ways.
//
// The usual one is the OAuth 2.1 server of public-api.wordpress.com, whose
// metadata offer dynamic registration, public clients with PKCE and refresh tokens:
// Relink registers itself. Whether refresh tokens change, how long they last, and
// whether a token without the scope global is bound to one site, is not written down
// there; the answers decide.
//
// With an app of the user's own the classic endpoints are used: no PKCE, no refresh
// token, no end that anybody states, and a token for the one site that was
// chosen. Sources disagree on its life, so an expires_in is believed.
var wordpresscom = &Platform{
	ID: wordpresscomDialect.id, Name: wordpresscomDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: " ",
	Family:    FamilyRotating,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 14 * day},
	Lifetime:  "two weeks, renewed by itself; with your own app WordPress.com does not say when it ends",
	Shared:    true,
	Cost:      CostFree,
	Reasons:   wordpresscomDialect.reasons,
	Registration: Registration{
		Self: true, Console: "https://developer.wordpress.com/apps/",
		IDLabel: "Client ID", SecretLabel: "Client Secret",
		Steps: []string{
			"Not needed: Relink registers itself. With your own app each token is for one site and does not expire; accounts connected before must be reconnected.",
			"Create an application of type Web, with the redirect URL {redirect}",
			"Copy Client ID and Client Secret.",
		},
	},
	Scopes: []string{"auth", "sites"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"posts", "media"}},
		{Capability: Analytics, Scopes: []string{"stats"}},
		{Capability: Inbox, Scopes: []string{"comments"}},
	},
	RevokePage: "https://wordpress.com/me/security/connected-applications",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		const server = wordpresscomOrigin + "/oauth2-1"
		return Endpoint{
			AuthURL: server + "/authorize", TokenURL: server + "/token", RevokeURL: server + "/revoke",
			IntrospectURL: server + "/token-info", RegisterURL: server + "/register",
			APIURL: wordpresscomOrigin + "/rest/v1.1", Issuer: wordpresscomOrigin, PKCE: true,
		}, nil
	},
	Register: wordpresscomRegister,
	Authorize: func(_ context.Context, c Call, params url.Values) (Authorization, error) {
		address := c.Endpoint.AuthURL
		if wordpresscomClassic(c) {
			address = wordpresscomOrigin + "/oauth2/authorize"
			params.Del("code_challenge")
			params.Del("code_challenge_method")
		}
		return Authorization{URL: address + "?" + params.Encode()}, nil
	},
	TokenRequest: wordpresscomToken,
	Identify:     wordpresscomIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		info, err := wordpresscomInfo(ctx, c)
		if err != nil {
			return Verdict{}, err
		}
		v := Verdict{Scopes: info.scopes()}
		if at := info.end(c.Now); !at.IsZero() {
			v.Clocks = []Clock{{Kind: ClockAccess, Source: SourceIntrospected, At: at, Since: c.Now, Learnt: c.Now}}
		}
		return v, nil
	},
	Revoke: func(ctx context.Context, c Call) error {
		if wordpresscomClassic(c) {
			return wordpresscomDialect.say(KindPolicy, "classic", T("WordPress.com has no way for a program to revoke this token"), T("disconnect the app at https://wordpress.com/me/security/connected-applications"))
		}
		token := c.Tokens.Refresh // ends all that came of it (RFC 7009, section 2.1)
		if token.IsZero() {
			token = c.Tokens.Access
		}
		return c.request(ctx, wordpresscomDialect, wordpresscomClassify, http.MethodPost, c.Endpoint.RevokeURL,
			wordpresscomClient(c, url.Values{"token": {token.Reveal()}}), Secret{}, nil, nil)
	},
	Classify: wordpresscomClassify,
}

const wordpresscomOrigin = "https://public-api.wordpress.com"

// wordpresscomClassic reports whether the classic endpoints are meant: the app is
// the user's own, and there is no refresh token, which they never give.
func wordpresscomClassic(c Call) bool {
	return c.App.ID != "" && !c.App.Self && c.Tokens.Refresh.IsZero()
}

// wordpresscomClient adds the client's credentials to a form.
func wordpresscomClient(c Call, form url.Values) url.Values {
	if c.App.ID != "" {
		form.Set("client_id", c.App.ID)
	}
	if !c.App.Secret.IsZero() {
		form.Set("client_secret", c.App.Secret.Reveal())
	}
	return form
}

// wordpresscomRegister makes a public client (RFC 7591). A server that gives a
// secret all the same has it kept.
func wordpresscomRegister(ctx context.Context, n *Net, e Endpoint, server, redirect string, scopes []string) (App, error) {
	body, err := json.Marshal(map[string]any{
		"client_name": "Relink", "redirect_uris": []string{redirect}, "scope": strings.Join(scopes, " "),
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "token_endpoint_auth_method": "none",
	})
	if err != nil {
		return App{}, garbage(wordpresscomDialect.name, wordpresscomDialect.id)
	}
	r, err := http.NewRequest(http.MethodPost, e.RegisterURL, bytes.NewReader(body))
	if err != nil {
		return App{}, garbage(wordpresscomDialect.name, wordpresscomDialect.id)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	var answer struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if _, err := (Call{Net: n}).ask(ctx, wordpresscomDialect, wordpresscomClassify, r, &answer); err != nil {
		return App{}, err
	}
	if answer.ID == "" {
		return App{}, wordpresscomDialect.say(KindRetry, "no_client", T("WordPress.com did not register Relink"), T("try again later, or make your own app: relink app set wordpresscom"))
	}
	return App{Platform: wordpresscomDialect.id, Server: server, ID: answer.ID, Secret: NewSecret(answer.Secret), Redirect: redirect, Scopes: scopes, Self: true}, nil
}

func wordpresscomToken(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	classic := wordpresscomClassic(c) && form.Get("grant_type") != "refresh_token"
	if classic {
		c.Endpoint.TokenURL = wordpresscomOrigin + "/oauth2/token"
		form.Del("code_verifier")
	}
	get, err := c.tokenForm(ctx, wordpresscomDialect, wordpresscomClassify, oauth2.AuthStyleInParams, form, nil)
	if err != nil {
		return Exchanged{}, wordpresscomDialect.grantRefused(err)
	}
	x, err := c.told(wordpresscomDialect, get)
	if classic && err == nil && len(x.Clocks) == 0 {
		x.Clocks = []Clock{{Kind: ClockAccess, Source: SourceAssumed, Since: c.Now}} // sources disagree: no end is known, and none is promised
	}
	return x, err
}

// wordpresscomTold is what introspection says: RFC 7662's answer, or the classic one.
type wordpresscomTold struct {
	Active  *bool
	Scope   any
	Exp     float64
	Expires float64 `json:"expires_in"`
	// UserID and BlogID are numbers in some answers and words in others.
	UserID any `json:"user_id"`
	BlogID any `json:"blog_id"`
}

func (i wordpresscomTold) scopes() []string {
	switch s := i.Scope.(type) {
	case string:
		if s != "" {
			return SplitScopes(s)
		}
	case []any:
		var out []string
		for _, one := range s {
			if one, ok := one.(string); ok {
				out = append(out, one)
			}
		}
		return out
	}
	return nil
}

func (i wordpresscomTold) end(now time.Time) time.Time {
	if end, ok := Moment(i.Exp); ok {
		return end
	}
	if left := seconds(i.Expires); left > 0 {
		return now.Add(left)
	}
	return time.Time{}
}

// site is the one the token is bound to, empty when it is bound to none.
func (i wordpresscomTold) site() string { return wordpresscomID(i.BlogID) }

// wordpresscomID reads an id that may be a number or a word; zero is none.
func wordpresscomID(v any) string {
	var s string
	switch v := v.(type) {
	case float64:
		s = fmt.Sprintf("%.0f", v)
	case string:
		s = v
	}
	if s == "0" {
		return ""
	}
	return s
}

// wordpresscomInfo asks about c's access token.
func wordpresscomInfo(ctx context.Context, c Call) (wordpresscomTold, error) {
	var info wordpresscomTold
	if wordpresscomClassic(c) {
		err := c.request(ctx, wordpresscomDialect, wordpresscomClassify, http.MethodGet, wordpresscomOrigin+"/oauth2/token-info",
			url.Values{"client_id": {c.App.ID}, "token": {c.Tokens.Access.Reveal()}}, Secret{}, nil, &info)
		if err == nil && wordpresscomID(info.UserID) == "" {
			err = garbage(wordpresscomDialect.name, wordpresscomDialect.id)
		}
		return info, wordpresscomSure(c, err)
	}
	err := c.request(ctx, wordpresscomDialect, wordpresscomClassify, http.MethodPost, c.Endpoint.IntrospectURL,
		wordpresscomClient(c, url.Values{"token": {c.Tokens.Access.Reveal()}}), Secret{}, nil, &info)
	switch {
	case err != nil:
	case info.Active == nil:
		err = garbage(wordpresscomDialect.name, wordpresscomDialect.id)
	case !*info.Active:
		err = wordpresscomDialect.stale("inactive") // ended or revoked: it does not say which
	}
	return info, wordpresscomSure(c, err)
}

// wordpresscomSure makes certain of a refusal by who was asked about the very
// token: without a refresh token there is nothing left to try.
func wordpresscomSure(c Call, err error) error {
	e := As(err, KindRetry)
	if e == nil || e.Kind != KindRefresh || !c.Tokens.Refresh.IsZero() {
		return err
	}
	dead := wordpresscomDialect.dead(e.Code)
	dead.Definite = true
	return dead
}

func wordpresscomIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	c.Tokens = x.Tokens
	var info wordpresscomTold
	if c.App.ID != "" { // an imported token may come without its app
		var err error
		if info, err = wordpresscomInfo(ctx, c); err != nil {
			return nil, err
		}
	}
	get := func(path string, v any) error {
		return c.request(ctx, wordpresscomDialect, wordpresscomClassify, http.MethodGet, c.Endpoint.APIURL+path, nil, x.Tokens.Access, nil, v)
	}
	var me struct {
		ID      any
		Name    string `json:"display_name"`
		Login   string `json:"username"`
		Picture string `json:"avatar_URL"`
	}
	if err := get("/me", &me); err != nil {
		return nil, err
	}
	owner, id := cmp.Or(me.Name, me.Login), wordpresscomID(me.ID)
	if id == "" {
		return nil, garbage(wordpresscomDialect.name, wordpresscomDialect.id)
	}
	var sites []wordpresscomSite
	if bound := info.site(); bound != "" {
		var one wordpresscomSite
		if err := get("/sites/"+url.PathEscape(bound), &one); err != nil {
			return nil, err
		}
		sites = []wordpresscomSite{one}
	} else {
		var answer struct{ Sites []wordpresscomSite }
		if err := get("/me/sites", &answer); err != nil {
			return nil, err
		}
		sites = answer.Sites
	}
	clocks := x.Clocks
	if at := info.end(c.Now); len(clocks) == 0 && !at.IsZero() {
		clocks = []Clock{{Kind: ClockAccess, Source: SourceIntrospected, At: at, Since: c.Now, Learnt: c.Now}}
	}
	var out []Identity
	for _, s := range sites {
		site := wordpresscomID(s.ID)
		if site == "" {
			return nil, garbage(wordpresscomDialect.name, wordpresscomDialect.id)
		}
		handle := s.URL
		if u, err := url.Parse(s.URL); err == nil {
			handle = u.Host + strings.TrimRight(u.Path, "/")
		}
		out = append(out, Identity{
			ProviderID: site, Kind: "site", Name: cmp.Or(s.Name, handle), Handle: handle, Avatar: cmp.Or(s.Icon.Img, me.Picture), Owner: owner, OwnerID: id,
			Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: firstList(x.Scopes, info.scopes()), Asked: x.Asked, Clocks: slices.Clone(clocks), Issued: c.Now},
		})
	}
	return out, nil
}

type wordpresscomSite struct {
	ID        any
	Name, URL string
	Icon      struct{ Img string }
}

var wordpresscomDialect = dialect{id: "wordpresscom", name: "WordPress.com", reasons: map[string]string{
	"inactive":               "WordPress.com says this token is no longer valid.",
	"authorization_required": "WordPress.com says that the site no longer lets this app in.",
}}

// wordpresscomClassify reads {error, error_description} of both OAuth servers and
// {error, message} or {code, message} of the API. Which statuses go with its codes is
// not written down, so the codes decide.
func wordpresscomClassify(status int, body []byte) *Error {
	var answer struct {
		Error string
		Code  any
	}
	if e := wordpresscomDialect.read(status, body, &answer); e != nil {
		return e
	}
	d, code := wordpresscomDialect, answer.Error
	if word, ok := answer.Code.(string); ok && code == "" && status >= 400 {
		code = word
	}
	switch {
	case code == "" && status < 400:
		return nil
	case code == "authorization_required":
		return d.dead(code)
	case code == "invalid_client", code == "unauthorized_client", code == "unknown_client":
		return d.say(KindConfig, "invalid_client", T("WordPress.com does not know this app registration any more"), T("reconnect the account; an app of your own is stored again with: relink app set wordpresscom"))
	case code == "unauthorized", code == "rest_cannot_create", code == "rest_forbidden", code == "user_cannot_publish_posts":
		return d.denied(code)
	}
	if e := oauthClassify(d, code); e != nil {
		return e
	}
	switch status {
	case http.StatusUnauthorized:
		return d.stale("401")
	case http.StatusForbidden:
		return d.denied("403")
	}
	return d.odd(fmt.Sprint(status))
}
