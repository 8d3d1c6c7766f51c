package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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
var facebook = &Platform{
	ID: facebookDialect.id, Name: facebookDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: ",",
	Family:    FamilyNone,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 90 * day, ClockDataAccess: 90 * day},
	Lifetime:  "90 days (token and data access each have their own date; Facebook's answer decides)",
	Registration: Registration{
		Console: "https://developers.facebook.com/apps/", Secret: true,
		IDLabel: "App ID", SecretLabel: "App secret",
		Steps: []string{
			"Create an app of type Business and add the product Facebook Login.",
			"While the app is in development mode, http://localhost addresses work without being listed. A live app needs an HTTPS address under Valid OAuth Redirect URIs: list https://www.facebook.com/connect/login_success.html, store it as this registration's redirect address, and paste the address the browser ends on.",
			"In development mode the redirect address is {redirect}",
			"Copy App ID and App secret from Settings, Basic.",
		},
	},
	Scopes: []string{"pages_show_list"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"pages_manage_posts", "pages_read_engagement"}},
		{Capability: Analytics, Scopes: []string{"read_insights"}},
		{Capability: Inbox, Scopes: []string{"pages_manage_engagement", "pages_read_user_engagement"}},
		{Capability: Previews, Scopes: []string{"pages_read_engagement"}},
	},
	// Meta's Login documentation: a declined permission is only offered again with rerequest.
	AskAgain:   url.Values{"auth_type": {"rerequest"}},
	RevokePage: "https://www.facebook.com/settings?tab=business_tools",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:  "https://www.facebook.com/" + graphVersion + "/dialog/oauth",
			TokenURL: graph + "/oauth/access_token",
		}, nil
	},
	Settle:   facebookSettle,
	Identify: facebookIdentify,
	Verify:   facebookVerify,
	Revoke:   facebookRevoke,
	// It takes the person's permission for the app away, from all Pages
	// (developers.facebook.com, Facebook Login, Permissions: revoking).
	RevokesOwner: true,
	Classify:     facebookClassify,
}

// facebookSettle exchanges the short-lived token of the sign-in for a long-lived one.
func facebookSettle(ctx context.Context, c Call, x Exchanged) (Exchanged, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	err := c.request(ctx, facebookDialect, facebookClassify, http.MethodPost, graph+"/oauth/access_token", url.Values{
		"grant_type":        {"fb_exchange_token"},
		"client_id":         {c.App.ID},
		"client_secret":     {c.App.Secret.Reveal()},
		"fb_exchange_token": {x.Tokens.Access.Reveal()},
	}, Secret{}, nil, &answer)
	if err != nil {
		return x, err
	}
	if answer.AccessToken == "" {
		return x, noToken(facebookDialect)
	}
	x.Tokens = Tokens{Access: NewSecret(answer.AccessToken)}
	x.Clocks = nil
	if answer.ExpiresIn > 0 {
		x.Clocks = []Clock{{Kind: ClockAccess, Source: SourceProvider, At: c.Now.Add(time.Duration(answer.ExpiresIn) * time.Second), Since: c.Now}}
	}
	return x, nil
}

// noToken is a 200 that is not a token.
func noToken(d dialect) *Error {
	return &Error{Kind: KindRetry, Platform: d.id, Code: "no_token", Message: d.name + " answered without a token", Repair: "try again; nothing was changed"}
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
}

func facebookIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	user := x.Tokens.Access
	var me facebookMe
	if err := c.request(ctx, facebookDialect, facebookClassify, http.MethodGet, graph+"/me", url.Values{"fields": {"id,name,picture"}}, user, nil, &me); err != nil {
		return nil, err
	}
	if me.ID == "" {
		return nil, garbage(facebookDialect.name, facebookDialect.id)
	}
	scopes, err := facebookPermissions(ctx, c, user)
	if e := As(err, KindRetry); e != nil && (e.Code == "100" || strings.HasPrefix(e.Code, "100/")) {
		// A Page has no permissions of its own to list: the token is a Page's.
		page := Identity{ProviderID: me.ID, Kind: "page", Name: me.Name, Avatar: me.Picture.Data.URL}
		page.Grant = Grant{Tokens: Tokens{Access: user}, TokenType: "Bearer", Asked: x.Asked, Issued: c.Now, Clocks: x.Clocks}
		c.Tokens = page.Grant.Tokens
		facebookClocks(ctx, c, &page.Grant)
		return []Identity{page}, nil
	}
	if err != nil {
		return nil, err
	}
	pages, err := facebookPages(ctx, c, user)
	if err != nil {
		return nil, err
	}
	person := Identity{ProviderID: me.ID, Kind: "person", Name: me.Name, Avatar: me.Picture.Data.URL, Owner: me.Name, OwnerID: me.ID}
	person.Grant = Grant{Tokens: Tokens{Access: user}, TokenType: "Bearer", Scopes: scopes, Asked: x.Asked, Issued: c.Now, Clocks: x.Clocks}
	c.Tokens = person.Grant.Tokens
	facebookClocks(ctx, c, &person.Grant)

	out := make([]Identity, len(pages), len(pages)+1)
	// A person may manage dozens of Pages; each is asked about, a few at a time.
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i, page := range pages {
		out[i] = Identity{ProviderID: page.ID, Kind: "page", Name: page.Name, Handle: page.Username, Avatar: page.Picture.Data.URL, Owner: me.Name, OwnerID: me.ID}
		out[i].Grant = Grant{
			Tokens:    Tokens{Access: NewSecret(page.AccessToken), Owner: user},
			TokenType: "Bearer", Scopes: scopes, Asked: x.Asked, Issued: c.Now,
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			pc := c
			pc.Tokens = out[i].Grant.Tokens
			facebookClocks(ctx, pc, &out[i].Grant)
		})
	}
	wg.Wait()
	return append(out, person), nil
}

// facebookClocks asks debug_token for both clocks. When it cannot be asked the
// grant keeps what the token response said and the table fills the rest.
func facebookClocks(ctx context.Context, c Call, g *Grant) {
	if c.App.Secret.IsZero() {
		return
	}
	if v, err := facebookVerify(ctx, c); err == nil {
		g.Clocks = g.WithClocks(v.Clocks)
		if g.Scopes == nil {
			g.Scopes = v.Scopes
		}
	}
}

func facebookPermissions(ctx context.Context, c Call, user Secret) ([]string, error) {
	var answer struct {
		Data []struct{ Permission, Status string } `json:"data"`
	}
	if err := c.request(ctx, facebookDialect, facebookClassify, http.MethodGet, graph+"/me/permissions", nil, user, nil, &answer); err != nil {
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

// facebookPages walks /me/accounts; a hundred pages of a hundred are enough for anybody.
func facebookPages(ctx context.Context, c Call, user Secret) ([]facebookPage, error) {
	var pages []facebookPage
	form := url.Values{"fields": {"id,username,name,access_token,picture.type(large)"}, "limit": {"100"}}
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
		if err := c.request(ctx, facebookDialect, facebookClassify, http.MethodGet, graph+"/me/accounts", form, user, nil, &answer); err != nil {
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

// facebookVerify asks debug_token with the app's own token. Without the app
// secret it asks /me, which says only whether the token works.
func facebookVerify(ctx context.Context, c Call) (Verdict, error) {
	if c.App.Secret.IsZero() {
		var me facebookMe
		err := c.request(ctx, facebookDialect, facebookClassify, http.MethodGet, graph+"/me", url.Values{"fields": {"id"}}, c.Tokens.Access, nil, &me)
		if err == nil && me.ID == "" {
			err = garbage(facebookDialect.name, facebookDialect.id)
		}
		return Verdict{}, err
	}
	var answer struct {
		Data struct {
			IsValid    *bool    `json:"is_valid"`
			ExpiresAt  *int64   `json:"expires_at"`
			DataAccess int64    `json:"data_access_expires_at"`
			IssuedAt   int64    `json:"issued_at"`
			Scopes     []string `json:"scopes"`
			Error      *struct {
				Code    int `json:"code"`
				Subcode int `json:"subcode"`
			} `json:"error"`
		} `json:"data"`
	}
	err := c.request(ctx, facebookDialect, facebookClassify, http.MethodGet, graph+"/debug_token", url.Values{
		"input_token":  {c.Tokens.Access.Reveal()},
		"access_token": {c.App.ID + "|" + c.App.Secret.Reveal()},
	}, Secret{}, nil, &answer)
	if err != nil {
		// What went wrong here is said of the app's token, not of the one asked about.
		if e := As(err, KindRetry); e.Kind == KindReconnect || e.Kind == KindPermission {
			return Verdict{}, &Error{Kind: KindConfig, Platform: facebookDialect.id, Code: e.Code, Message: "Facebook refused the app's own id and secret", Repair: "store them again with: relink app set facebook"}
		}
		return Verdict{}, err
	}
	d := answer.Data
	if d.IsValid == nil {
		return Verdict{}, garbage(facebookDialect.name, facebookDialect.id)
	}
	v := Verdict{Scopes: d.Scopes}
	since := c.Now
	if d.IssuedAt > 0 {
		since = time.Unix(d.IssuedAt, 0)
	}
	if d.ExpiresAt != nil {
		clock := Clock{Kind: ClockAccess, Source: SourceNever, Since: since, Learnt: c.Now} // expires_at 0 means never
		if *d.ExpiresAt > 0 {
			clock = Clock{Kind: ClockAccess, Source: SourceIntrospected, At: time.Unix(*d.ExpiresAt, 0), Since: since, Learnt: c.Now}
		}
		v.Clocks = append(v.Clocks, clock)
	}
	if d.DataAccess > 0 {
		v.Clocks = append(v.Clocks, Clock{Kind: ClockDataAccess, Source: SourceIntrospected, At: time.Unix(d.DataAccess, 0), Since: since, Learnt: c.Now})
	}
	if !*d.IsValid {
		if d.ExpiresAt != nil && *d.ExpiresAt > 0 && !time.Unix(*d.ExpiresAt, 0).After(c.Now) {
			return v, nil // an end with a date is a clock, not a fault
		}
		code := "190"
		if d.Error != nil && d.Error.Subcode > 0 {
			code = fmt.Sprintf("190/%d", d.Error.Subcode)
		}
		return v, facebookDead(code, true)
	}
	return v, nil
}

func facebookRevoke(ctx context.Context, c Call) error {
	token, id := c.Tokens.Owner, c.Account.OwnerID
	if token.IsZero() {
		token = c.Tokens.Access
	}
	if id == "" {
		id = c.Account.ProviderID
	}
	return c.request(ctx, facebookDialect, facebookClassify, http.MethodDelete, graph+"/"+url.PathEscape(id)+"/permissions", nil, token, nil, nil)
}

// facebookDead is a Graph error that only a person can mend.
func facebookDead(code string, definite bool) *Error {
	return &Error{Kind: KindReconnect, Platform: facebookDialect.id, Code: code, Definite: definite,
		Message: strings.TrimSuffix(Fault{Code: code}.usual(facebookDialect.name), "."), Repair: "reconnect the account"}
}

var facebookDialect = dialect{id: "facebook", name: "Facebook"}

// facebookClassify reads the Graph error envelope, also inside a 200
// (developers.facebook.com, Graph API error handling; codes in PLATFORMS
// section 1 of the project's fact sheet).
func facebookClassify(status int, body []byte) *Error {
	var answer struct {
		Error *struct {
			Message string `json:"message"`
			Type    string `json:"type"`
			Code    int    `json:"code"`
			Subcode int    `json:"error_subcode"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error == nil {
		if e := outage(facebookDialect.name, facebookDialect.id, status); e != nil {
			return e
		}
		if status >= 400 {
			return garbage(facebookDialect.name, facebookDialect.id)
		}
		return nil
	}
	if status >= 500 { // nothing said while it is not well counts against a token
		return outage(facebookDialect.name, facebookDialect.id, status)
	}
	g := answer.Error
	code := fmt.Sprint(g.Code)
	if g.Subcode != 0 {
		code = fmt.Sprintf("%d/%d", g.Code, g.Subcode)
	}
	say := func(k Kind, message, repair string) *Error {
		return &Error{Kind: k, Platform: facebookDialect.id, Code: code, Message: message, Repair: repair}
	}
	switch {
	case g.Code == 190 || g.Code == 102:
		return facebookDead(code, false)
	case g.Code == 101 || g.Code == 1 && strings.Contains(strings.ToLower(g.Message), "client secret"):
		return say(KindConfig, "Facebook does not know this app id and secret", "store them again with: relink app set facebook")
	case g.Code == 100 && g.Subcode >= 36007 && g.Subcode <= 36009 || g.Code == 100 && strings.Contains(strings.ToLower(g.Message), "verification code"):
		return say(KindCancelled, "Facebook no longer accepts this sign-in's code", "start the connection again")
	case g.Code == 191:
		return say(KindConfig, "Facebook does not accept the redirect address", "list it under Valid OAuth Redirect URIs; relink platforms shows it")
	case g.Code == 10 || g.Code >= 200 && g.Code <= 299:
		return say(KindPermission, "Facebook did not grant a permission this needs", "reconnect and allow everything that is asked for")
	case g.Code == 4, g.Code == 17, g.Code == 32, g.Code == 341, g.Code == 613, g.Code >= 80000 && g.Code <= 80006:
		return say(KindLimit, "Facebook limits how often it may be asked", "try again later; the token is not the problem")
	case g.Code == 368:
		return say(KindPolicy, "Facebook has blocked this for a while", "read the notice on facebook.com; the token is not the problem")
	case g.Code == 1, g.Code == 2:
		return say(KindRetry, "Facebook is not well", "try again later; nothing was changed")
	}
	if e := outage(facebookDialect.name, facebookDialect.id, status); e != nil {
		return e
	}
	return say(KindRetry, "Facebook answered with its error "+code, "try again later; nothing was changed")
}
