package platform

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// graphVersion is the Graph API version Meta's pages show as current (2026).
const graphVersion = "v25.0"

const graph = "https://graph.facebook.com/" + graphVersion

const day = 24 * time.Hour

// facebook connects the person who signs in and the Pages they manage.
//
// Two clocks run (developers.facebook.com, access-token and auth-vs-data
// pages): the token, about 60 days for a person and, when it was read with a
// long-lived token, none for a Page; and data access, 90 days from the last
// sign-in. debug_token gives both, and its answer wins; 90 days is the table's
// word when it is silent.
//
// The family is none although a token may be exchanged again while it works:
// whether that makes it last longer, Meta's pages contradict one another.
var facebook = &Platform{
	ID: facebookDialect.id, Name: facebookDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: ",",
	Family:    FamilyNone,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 90 * day, ClockDataAccess: 90 * day},
	Lifetime:  "about 60 days for a person, no end for a Page; data access 90 days (Facebook's answer decides, 90 days where it is silent)",
	Cost:      CostFree,
	Registration: Registration{
		Console: "https://developers.facebook.com/apps/", Secret: true,
		IDLabel: "App ID", SecretLabel: "App secret",
		Steps: []string{
			"Create an app of type Business and add the product Facebook Login.",
			facebookRedirects,
			"In development mode the redirect address is {redirect}",
			"Copy App ID and App secret from Settings, Basic.",
		},
		Review: "Until App Review grants the permissions, only people with a role in the app can connect; business verification comes before it.",
	},
	Scopes: []string{"pages_show_list"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"pages_manage_posts", "pages_read_engagement"}},
		{Capability: Analytics, Scopes: []string{"read_insights"}},
		{Capability: Inbox, Scopes: []string{"pages_manage_engagement", "pages_read_user_engagement"}},
		{Capability: Previews, Scopes: []string{"pages_read_engagement"}},
	},
	AskAgain:   metaRerequest,
	RevokePage: facebookApps,
	Discover:   facebookDiscover,
	Settle:     facebookLogin.settle,
	Extend:     facebookLogin.extend,
	ExtendFrom: facebookExtendFrom,
	Identify:   facebookLogin.identify,
	Verify:     facebookLogin.verify,
	Revoke:     facebookLogin.revoke,
	// It takes the person's permission for the app away, from all Pages
	// (developers.facebook.com, Facebook Login, Permissions: revoking).
	RevokesOwner: true,
	Classify:     facebookDialect.metaClassify,
}

const (
	facebookRedirects = "While the app is in development mode, http://localhost addresses work without being listed. A live app needs an HTTPS address under Valid OAuth Redirect URIs: list https://www.facebook.com/connect/login_success.html, store it as this registration's redirect address, and paste the address the browser ends on."
	// facebookApps is where a person takes an app away.
	facebookApps = "https://www.facebook.com/settings?tab=business_tools"
	// facebookExtendFrom keeps a token from being exchanged right after the sign-in; Meta sets no age.
	facebookExtendFrom = day
)

func facebookDiscover(context.Context, *Net, string) (Endpoint, error) {
	return Endpoint{
		AuthURL:  "https://www.facebook.com/" + graphVersion + "/dialog/oauth",
		TokenURL: graph + "/oauth/access_token",
	}, nil
}

var facebookDialect = dialect{id: "facebook", name: "Facebook"}

// login is Facebook Login, by which a person connects Pages or what is tied to them.
type login struct {
	dialect
	// fields of a Page to ask for.
	fields string
	// identity is what a Page stands for; false when for nothing.
	identity func(ctx context.Context, c Call, page facebookPage) (Identity, bool, error)
	// self is true where the person who signs in is an account too.
	self bool
}

var facebookLogin = login{
	dialect: facebookDialect,
	fields:  "id,username,name,access_token,picture.type(large)",
	identity: func(_ context.Context, _ Call, page facebookPage) (Identity, bool, error) {
		return Identity{ProviderID: page.ID, Kind: "page", Name: page.Name, Handle: page.Username, Avatar: page.Picture.Data.URL}, true, nil
	},
	self: true,
}

// get asks the Graph API.
func (l login) get(ctx context.Context, c Call, path string, form url.Values, token Secret, v any) error {
	return c.request(ctx, l.dialect, l.metaClassify, http.MethodGet, graph+path, form, token, nil, v)
}

// settle exchanges the short-lived token of the sign-in for a long-lived one.
func (l login) settle(ctx context.Context, c Call, x Exchanged) (Exchanged, error) {
	long, err := l.exchange(ctx, c, x.Tokens.Access)
	if err != nil {
		return x, err
	}
	x.Tokens, x.TokenType, x.Clocks = long.Tokens, long.TokenType, long.Clocks
	return x, nil
}

func (l login) exchange(ctx context.Context, c Call, token Secret) (Exchanged, error) {
	return metaExchange(ctx, c, l.dialect, http.MethodPost, graph+"/oauth/access_token", url.Values{
		"grant_type":        {"fb_exchange_token"},
		"client_id":         {c.App.ID},
		"client_secret":     {c.App.Secret.Reveal()},
		"fb_exchange_token": {token.Reveal()},
	})
}

// extend exchanges a person's token once more. Meta's pages do not agree on
// whether that gains anything, so it is believed only when debug_token says of
// the new token that it ends more than a day later than the old one. A Page's
// token is read anew at every sign-in instead.
func (l login) extend(ctx context.Context, c Call) (Exchanged, error) {
	nothing := l.say(KindPolicy, "not_extended", T("%s gives nothing that lasts longer without a sign-in", l.name), T("reconnect the account before the token ends"))
	if !c.Tokens.Owner.IsZero() || c.App.Secret.IsZero() {
		return Exchanged{}, nothing
	}
	old, err := l.debug(ctx, c, c.Tokens.Access)
	if err != nil {
		return Exchanged{}, err
	}
	ends := Grant{Clocks: old.Clocks}.Clock(ClockAccess)
	if !ends.Ends() {
		return Exchanged{}, nothing
	}
	x, err := l.exchange(ctx, c, c.Tokens.Access)
	if err != nil {
		return Exchanged{}, err
	}
	later, err := l.debug(ctx, c, x.Tokens.Access)
	if err != nil {
		return Exchanged{}, err
	}
	now := Grant{Clocks: later.Clocks}.Clock(ClockAccess)
	if now.Ends() && now.At.Sub(ends.At) <= day || !now.Ends() && now.Source != SourceNever {
		return Exchanged{}, nothing
	}
	x.Clocks, x.Scopes = later.Clocks, later.Scopes
	return x, nil
}

type facebookMe struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Picture struct {
		Data struct {
			URL string `json:"url"`
		} `json:"data"`
	} `json:"picture"`
}

type facebookPage struct {
	facebookMe
	Username    string `json:"username"`
	AccessToken string `json:"access_token"`
	// Instagram is the professional account tied to the Page, if any.
	Instagram struct {
		ID string `json:"id"`
	} `json:"instagram_business_account"`
}

func (l login) identify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	user := x.Tokens.Access
	var me facebookMe
	if err := l.get(ctx, c, "/me", url.Values{"fields": {"id,name,picture"}}, user, &me); err != nil {
		return nil, err
	}
	if me.ID == "" {
		return nil, garbage(l.name, l.id)
	}
	scopes, err := l.permissions(ctx, c, user)
	if e := As(err, KindRetry); e != nil && (e.Code == "100" || strings.HasPrefix(e.Code, "100/")) {
		return l.imported(ctx, c, x) // a Page has no permissions of its own to list
	}
	if err != nil {
		return nil, err
	}
	pages, err := l.pages(ctx, c, user)
	if err != nil {
		return nil, err
	}
	base := Grant{TokenType: "Bearer", Scopes: scopes, Asked: x.Asked, Issued: c.Now}
	out, errs := make([]Identity, len(pages)), make([]error, len(pages))
	// A person may manage dozens of Pages; each is asked about, a few at a time.
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i, page := range pages {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			g := base
			g.Tokens = Tokens{Access: NewSecret(page.AccessToken), Owner: user}
			out[i], errs[i] = l.one(ctx, c, page, g)
			out[i].Owner, out[i].OwnerID = me.Name, me.ID
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	out = slices.DeleteFunc(out, func(id Identity) bool { return id.ProviderID == "" })
	if l.self {
		g := base
		g.Tokens, g.Clocks = Tokens{Access: user}, x.Clocks
		l.clocks(ctx, c, &g)
		out = append(out, Identity{ProviderID: me.ID, Kind: "person", Name: me.Name, Avatar: me.Picture.Data.URL, Owner: me.Name, OwnerID: me.ID, Grant: g})
	}
	return out, nil
}

// one makes the identity of a Page and its grant; without an id when it stands for nothing.
func (l login) one(ctx context.Context, c Call, page facebookPage, g Grant) (Identity, error) {
	c.Tokens = g.Tokens
	id, ok, err := l.identity(ctx, c, page)
	if err != nil || !ok {
		return Identity{}, err
	}
	l.clocks(ctx, c, &g)
	id.Grant = g
	return id, nil
}

// imported is the identity of a token that is a Page's.
func (l login) imported(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	token := x.Tokens.Access
	fields := strings.ReplaceAll(l.fields, "access_token,", "")
	var page facebookPage
	if err := l.get(ctx, c, "/me", url.Values{"fields": {fields}}, token, &page); err != nil {
		return nil, err
	}
	id, err := l.one(ctx, c, page, Grant{Tokens: Tokens{Access: token}, TokenType: "Bearer", Asked: x.Asked, Issued: c.Now, Clocks: x.Clocks})
	if err != nil || id.ProviderID == "" {
		return nil, err
	}
	return []Identity{id}, nil
}

// clocks asks debug_token for both clocks. When it cannot be asked the grant
// keeps what the token response said and the table fills the rest.
func (l login) clocks(ctx context.Context, c Call, g *Grant) {
	if c.App.Secret.IsZero() {
		return
	}
	if v, err := l.debug(ctx, c, g.Tokens.Access); err == nil {
		g.Clocks = g.WithClocks(v.Clocks)
		if g.Scopes == nil {
			g.Scopes = v.Scopes
		}
	}
}

func (l login) permissions(ctx context.Context, c Call, user Secret) ([]string, error) {
	var answer struct {
		Data []struct{ Permission, Status string } `json:"data"`
	}
	if err := l.get(ctx, c, "/me/permissions", nil, user, &answer); err != nil {
		return nil, err
	}
	scopes := []string{}
	for _, p := range answer.Data {
		if p.Status == "granted" {
			scopes = append(scopes, p.Permission)
		}
	}
	return scopes, nil
}

// pages walks /me/accounts; a hundred pages of a hundred are enough for anybody.
func (l login) pages(ctx context.Context, c Call, user Secret) ([]facebookPage, error) {
	var pages []facebookPage
	form := url.Values{"fields": {l.fields}, "limit": {"100"}}
	for range 100 {
		var answer struct {
			Data   []facebookPage `json:"data"`
			Paging struct {
				Cursors struct {
					After string `json:"after"`
				} `json:"cursors"`
				Next string `json:"next"`
			} `json:"paging"`
		}
		if err := l.get(ctx, c, "/me/accounts", form, user, &answer); err != nil {
			return nil, err
		}
		for _, p := range answer.Data {
			if p.ID != "" && p.AccessToken != "" {
				pages = append(pages, p)
			}
		}
		if answer.Paging.Next == "" || answer.Paging.Cursors.After == "" {
			break
		}
		form.Set("after", answer.Paging.Cursors.After)
	}
	return pages, nil
}

// debug asks debug_token with the app's own token.
func (l login) debug(ctx context.Context, c Call, token Secret) (Verdict, error) {
	v, refused, err := metaDebug(ctx, c, l.dialect, graph+"/debug_token", token, NewSecret(c.App.ID+"|"+c.App.Secret.Reveal()))
	if refused {
		return Verdict{}, l.say(KindConfig, As(err, KindRetry).Code, T("%s refused the app's own id and secret", l.name), T("store them again with: relink app set %s", l.id))
	}
	return v, err
}

// verify asks debug_token. Without the app's secret it asks /me, which says only
// whether the token works.
func (l login) verify(ctx context.Context, c Call) (Verdict, error) {
	if !c.App.Secret.IsZero() {
		return l.debug(ctx, c, c.Tokens.Access)
	}
	var me facebookMe
	err := l.get(ctx, c, "/me", url.Values{"fields": {"id"}}, c.Tokens.Access, &me)
	if err == nil && me.ID == "" {
		err = garbage(l.name, l.id)
	}
	return Verdict{}, err
}

// revoke takes every permission back from the app, for all Pages of the person.
func (l login) revoke(ctx context.Context, c Call) error {
	token, id := c.Tokens.Owner, c.Account.OwnerID
	if token.IsZero() {
		token = c.Tokens.Access
	}
	if id == "" {
		id = c.Account.ProviderID
	}
	return c.request(ctx, l.dialect, l.metaClassify, http.MethodDelete, graph+"/"+url.PathEscape(id)+"/permissions", nil, token, nil, nil)
}
