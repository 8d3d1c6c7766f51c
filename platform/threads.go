package platform

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

const threadsGraph = "https://graph.threads.net"

// threads connects a Threads profile. Its tokens live an hour until they are
// exchanged, then 60 days; one that is a day old is issued anew for another 60
// while it works, and permissions have a clock of their own, 90 days
// (developers.facebook.com, threads: long-lived tokens; the two dates are in the
// sample of its debug_token page).
var threads = &Platform{
	ID: threadsDialect.id, Name: threadsDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: ",",
	Family:    FamilyExtending,
	Redirect:  RedirectHTTPS,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 60 * day, ClockDataAccess: 90 * day},
	Lifetime:  "60 days, extended by Relink while the token works; data access about 90 days (Threads' answer decides)",
	Registration: Registration{
		Console: "https://developers.facebook.com/apps/", Secret: true,
		IDLabel: "Threads app ID", SecretLabel: "Threads app secret",
		Steps: []string{
			"Create an app with the use case Access the Threads API, and add the permissions you will ask for.",
			"Under App roles add the profile as a Threads Tester, and accept that in Threads under Settings, Account, Website permissions, Invites.",
			"In the use case's settings add the redirect callback URL {redirect} (Threads takes neither http nor localhost).",
			"Copy Threads app ID and Threads app secret from the same page; they are not the Meta app's.",
		},
		Review: "Until App Review grants the permissions, only Threads profiles that are testers of the app can connect.",
	},
	Scopes: []string{"threads_basic"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"threads_content_publish"}},
		{Capability: Analytics, Scopes: []string{"threads_manage_insights"}},
		{Capability: Inbox, Scopes: []string{"threads_read_replies", "threads_manage_replies", "threads_manage_mentions"}},
		{Capability: Previews, Scopes: []string{"threads_basic"}},
	},
	RevokePage: "https://www.threads.com/settings/account", // Website permissions are there
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:       "https://threads.com/oauth/authorize",
			TokenURL:      threadsGraph + "/oauth/access_token",
			IntrospectURL: threadsGraph + "/v1.0/debug_token",
			UserInfoURL:   threadsGraph + "/v1.0/me",
		}, nil
	},
	TokenRequest: metaCode(threadsDialect),
	Settle: func(ctx context.Context, c Call, x Exchanged) (Exchanged, error) {
		return metaLong(ctx, c, threadsDialect, threadsGraph+"/access_token", "th_exchange_token", x)
	},
	Extend: func(ctx context.Context, c Call) (Exchanged, error) {
		return metaRefresh(ctx, c, threadsDialect, threadsGraph+"/refresh_access_token", "th_refresh_token")
	},
	ExtendFrom: day,
	Identify:   threadsIdentify,
	Verify:     threadsVerify,
	Classify:   threadsDialect.metaClassify,
}

var threadsDialect = dialect{id: "threads", name: "Threads"}

type threadsUser struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Picture  string `json:"threads_profile_picture_url"`
}

func threadsMe(ctx context.Context, c Call, token Secret) (threadsUser, error) {
	var who threadsUser
	err := c.request(ctx, threadsDialect, threadsDialect.metaClassify, http.MethodGet, c.Endpoint.UserInfoURL,
		url.Values{"fields": {"id,username,name,threads_profile_picture_url"}}, token, nil, &who)
	if err == nil && who.ID == "" {
		err = garbage(threadsDialect.name, threadsDialect.id)
	}
	return who, err
}

func threadsIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	who, err := threadsMe(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	g := Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now}
	c.Tokens = g.Tokens
	// When it cannot be asked, the token response and the table give the clocks.
	if v, asked, err := threadsDebug(ctx, c); asked && err == nil {
		g.Clocks = g.WithClocks(v.Clocks)
		if g.Scopes == nil {
			g.Scopes = v.Scopes
		}
	}
	name := cmp.Or(who.Name, who.Username)
	return []Identity{{
		ProviderID: who.ID, Kind: "profile", Name: name, Handle: "@" + who.Username, Avatar: who.Picture, Owner: name, OwnerID: who.ID, Grant: g,
	}}, nil
}

// threadsDebug asks debug_token, first as the app and then as the token itself.
// The page wants the token of a tester of the app, Meta's sample shows a token to
// itself, and no text says whether the app's own token will do: the answers
// decide. Asked is false when neither is let.
func threadsDebug(ctx context.Context, c Call) (v Verdict, asked bool, err error) {
	askers := []Secret{c.Tokens.Access}
	if !c.App.Secret.IsZero() {
		askers = []Secret{NewSecret("TH|" + c.App.ID + "|" + c.App.Secret.Reveal()), c.Tokens.Access}
	}
	for _, asker := range askers {
		v, refused, err := metaDebug(ctx, c, threadsDialect, c.Endpoint.IntrospectURL, c.Tokens.Access, asker)
		if !refused {
			return v, true, err
		}
	}
	return Verdict{}, false, nil
}

// threadsVerify asks debug_token where it is allowed to, else whose the token is.
func threadsVerify(ctx context.Context, c Call) (Verdict, error) {
	if v, asked, err := threadsDebug(ctx, c); asked {
		return v, err
	}
	_, err := threadsMe(ctx, c, c.Tokens.Access)
	return Verdict{}, err
}
