package platform

import (
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

// mastodon connects an account on any Mastodon server. Relink registers its
// app there by itself (docs.joinmastodon.org, methods/apps). Tokens do not
// expire; forks that say otherwise in the token response are believed.
var mastodon = &Platform{
	ID: mastodonDialect.id, Name: mastodonDialect.name,
	AuthStyle:    oauth2.AuthStyleInParams,
	Separator:    " ",
	Family:       FamilyNone,
	Redirect:     RedirectFixed,
	Site:         SiteServer,
	Silent:       map[ClockKind]time.Duration{ClockAccess: 0},
	Lifetime:     "does not expire; ends when revoked, or when the server says otherwise",
	Registration: Registration{Self: true},
	Scopes:       []string{"read:accounts"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"write:statuses", "write:media"}},
		{Capability: Analytics, Scopes: []string{"read:statuses"}},
		{Capability: Inbox, Scopes: []string{"read:notifications"}},
		{Capability: Previews, Scopes: []string{"read:statuses"}},
	},
	Discover: mastodonDiscover,
	Register: mastodonRegister,
	Identify: mastodonIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		var who struct{ ID string }
		err := c.request(ctx, mastodonDialect, mastodonClassify, http.MethodGet, c.Account.Server+"/api/v1/accounts/verify_credentials", nil, c.Tokens.Access, nil, &who)
		if err == nil && who.ID == "" {
			return Verdict{}, garbage(mastodonDialect.name, mastodonDialect.id)
		}
		return Verdict{}, err
	},
	Revoke: func(ctx context.Context, c Call) error {
		return c.request(ctx, mastodonDialect, mastodonClassify, http.MethodPost, c.Endpoint.RevokeURL, url.Values{
			"client_id": {c.App.ID}, "client_secret": {c.App.Secret.Reveal()}, "token": {c.Tokens.Access.Reveal()},
		}, Secret{}, nil, nil)
	},
	Classify: mastodonClassify,
}

// mastodonDiscover asks for the server's metadata (4.3 and later); older
// servers have the same addresses and no PKCE.
func mastodonDiscover(ctx context.Context, n *Net, server string) (Endpoint, error) {
	e := Endpoint{
		AuthURL:     server + "/oauth/authorize",
		TokenURL:    server + "/oauth/token",
		RevokeURL:   server + "/oauth/revoke",
		RegisterURL: server + "/api/v1/apps",
	}
	r, err := http.NewRequest(http.MethodGet, server+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		return e, badServer(server)
	}
	a, err := n.Send(ctx, T("the Mastodon server"), r)
	if err != nil {
		return e, err
	}
	if a.Status >= 500 {
		return e, outage(T("the Mastodon server"), "mastodon", a.Status)
	}
	var m metadata
	if a.Status == http.StatusOK && json.Unmarshal(a.Body, &m) == nil {
		e.PKCE = slices.Contains(m.Challenges, "S256")
		e.Scopes = m.Scopes
	}
	return e, nil
}

func badServer(server string) *Error {
	return &Error{Kind: KindUsage, Message: T("%q is not a server's address", server), Repair: T("write it like https://mastodon.social")}
}

func mastodonRegister(ctx context.Context, n *Net, e Endpoint, server, redirect string, scopes []string) (App, error) {
	var answer struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	c := Call{Net: n}
	err := c.request(ctx, mastodonDialect, mastodonClassify, http.MethodPost, e.RegisterURL, url.Values{
		"client_name": {"Relink"}, "redirect_uris": {redirect}, "scopes": {strings.Join(scopes, " ")},
	}, Secret{}, nil, &answer)
	if err != nil {
		return App{}, err
	}
	if answer.ClientID == "" || answer.ClientSecret == "" {
		return App{}, &Error{Kind: KindRetry, Platform: mastodonDialect.id, Message: T("the server did not register Relink"), Repair: T("check that this is a Mastodon server's address")}
	}
	return App{
		Platform: mastodonDialect.id, Server: server, ID: answer.ClientID, Secret: NewSecret(answer.ClientSecret),
		Redirect: redirect, Scopes: scopes, Self: true,
	}, nil
}

func mastodonIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	var who struct {
		ID, Acct, Avatar string
		DisplayName      string `json:"display_name"`
	}
	if err := c.request(ctx, mastodonDialect, mastodonClassify, http.MethodGet, c.Account.Server+"/api/v1/accounts/verify_credentials", nil, x.Tokens.Access, nil, &who); err != nil {
		return nil, err
	}
	if who.ID == "" {
		return nil, garbage(mastodonDialect.name, mastodonDialect.id)
	}
	handle := "@" + who.Acct
	if u, err := url.Parse(c.Account.Server); err == nil && !strings.Contains(who.Acct, "@") {
		handle += "@" + u.Host
	}
	return []Identity{{
		ProviderID: who.ID, Kind: "person", Name: handle, Handle: handle, Avatar: who.Avatar, Owner: handle, OwnerID: who.ID,
		Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
	}}, nil
}

var mastodonDialect = dialect{id: "mastodon", name: "Mastodon"}

func mastodonClassify(status int, body []byte) *Error {
	var answer struct{ Error string }
	if err := json.Unmarshal(body, &answer); err != nil && status >= 400 {
		if e := outage(mastodonDialect.name, mastodonDialect.id, status); e != nil {
			return e
		}
		return garbage(mastodonDialect.name, mastodonDialect.id)
	}
	// The token endpoint speaks RFC 6749; the API speaks sentences.
	if e := outage(mastodonDialect.name, mastodonDialect.id, status); e != nil {
		return e
	}
	if e := oauthClassify(mastodonDialect, answer.Error); e != nil {
		return e
	}
	say := func(k Kind, message, repair string) *Error {
		return &Error{Kind: k, Platform: mastodonDialect.id, Code: fmt.Sprint(status), Message: message, Repair: repair}
	}
	switch {
	case status < 400:
		return nil
	case status == http.StatusUnauthorized:
		return say(KindReconnect, T("the Mastodon server no longer accepts this token"), T("reconnect the account"))
	case status == http.StatusForbidden && strings.Contains(answer.Error, "scope"):
		return say(KindPermission, T("the Mastodon server did not grant a permission this needs"), T("reconnect and allow everything that is asked for"))
	case status == http.StatusForbidden:
		return say(KindPolicy, T("the Mastodon server does not allow this account to do that now"), T("sign in on the server's own site to see why"))
	}
	return say(KindRetry, T("the Mastodon server answered with status %s", fmt.Sprint(status)), T("try again later; nothing was changed"))
}
