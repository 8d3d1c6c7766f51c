package platform

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// instagramFacebook connects Instagram professional accounts through Facebook
// Login: each is tied to a Page, whose token is what works for it. Sign-in,
// exchange, clocks and revocation are Facebook's.
var instagramFacebook = &Platform{
	ID: instagramFacebookDialect.id, Name: "Instagram (through Facebook)",
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: ",",
	Family:    FamilyNone,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 90 * day, ClockDataAccess: 90 * day},
	Lifetime:  "as Facebook: data access 90 days, and the token its own date (Facebook's answer decides, 90 days where it is silent)",
	Cost:      CostFree,
	Registration: Registration{
		Console: "https://developers.facebook.com/apps/", Secret: true,
		IDLabel: "App ID", SecretLabel: "App secret",
		Steps: []string{
			"Link the Instagram professional account to a Facebook Page you manage.",
			"Create an app of type Business and add the products Facebook Login and Instagram (API setup with Facebook login).",
			facebookRedirects,
			"In development mode the redirect address is {redirect}",
			"Copy App ID and App secret from Settings, Basic: those of the Meta app, not the Instagram app ID.",
		},
		Review: "Until App Review grants the permissions, only people with a role in the app can connect; business verification comes before it.",
	},
	Scopes: []string{"instagram_basic", "pages_show_list", "pages_read_engagement"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"instagram_content_publish"}},
		{Capability: Analytics, Scopes: []string{"instagram_manage_insights"}},
		// instagram_manage_messages is in no text at hand; Facebook refuses a name it does not know
		// on the sign-in page, so that it is asked for only when ticked.
		{Capability: Inbox, Scopes: []string{"instagram_manage_comments", "instagram_manage_messages"}, Approval: true},
		{Capability: Previews, Scopes: []string{"instagram_basic"}},
	},
	AskAgain:     metaRerequest,
	RevokePage:   facebookApps,
	Discover:     facebookDiscover,
	Settle:       instagramFacebookLogin.settle,
	Extend:       instagramFacebookLogin.extend,
	ExtendFrom:   facebookExtendFrom,
	Identify:     instagramFacebookLogin.identify,
	Verify:       instagramFacebookLogin.verify,
	Revoke:       instagramFacebookLogin.revoke,
	RevokesOwner: true, // as Facebook's
	Classify:     instagramFacebookDialect.metaClassify,
}

// It is Facebook that answers.
var instagramFacebookDialect = dialect{id: "instagram-facebook", name: "Facebook"}

var instagramFacebookLogin = func() login {
	l := login{dialect: instagramFacebookDialect, fields: "id,name,access_token,instagram_business_account"}
	l.identity = func(ctx context.Context, c Call, page facebookPage) (Identity, bool, error) {
		if page.Instagram.ID == "" {
			return Identity{}, false, nil
		}
		var who struct {
			ID, Username, Name string
			Picture            string `json:"profile_picture_url"`
		}
		err := l.get(ctx, c, "/"+url.PathEscape(page.Instagram.ID), url.Values{"fields": {"id,username,name,profile_picture_url"}}, c.Tokens.Access, &who)
		if err != nil {
			return Identity{}, false, err
		}
		if who.Username == "" {
			return Identity{}, false, garbage(l.name, l.id)
		}
		return Identity{ProviderID: page.Instagram.ID, Kind: "profile", Name: cmp.Or(who.Name, who.Username), Handle: "@" + who.Username, Avatar: who.Picture}, true, nil
	}
	return l
}()
