package platform

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

const instagramGraph = "https://graph.instagram.com"

// instagram connects a professional account by Instagram's own login, without a
// Facebook Page. Its tokens live an hour until they are exchanged, then 60 days;
// one that is a day old is issued anew for another 60, for as long as it works
// (developers.facebook.com, instagram-platform reference: access_token and
// refresh_access_token). No page describes a call that asks what a token is
// worth, or one that revokes it.
var instagram = &Platform{
	ID: instagramDialect.id, Name: instagramDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: ",",
	Family:    FamilyExtending,
	Redirect:  RedirectHTTPS,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 60 * day},
	Lifetime:  "60 days, extended by Relink for as long as the token works",
	Registration: Registration{
		Console: "https://developers.facebook.com/apps/", Secret: true,
		IDLabel: "Instagram app ID", SecretLabel: "Instagram app secret",
		Steps: []string{
			"The Instagram account must be a professional one (business or creator).",
			"Create an app of type Business, add the product Instagram and choose API setup with Instagram login.",
			"Under App roles add the account as an Instagram Tester, and accept that in Instagram under Settings, Apps and websites, Tester invites.",
			"Under Set up Instagram business login, Business login settings, add the OAuth redirect URI {redirect} exactly; the console may put a slash behind it: take it away again.",
			"Copy Instagram app ID and Instagram app secret from the same page; they are not the Meta app's.",
		},
		Review: "Until App Review grants the permissions, only Instagram accounts that are testers of the app can connect.",
	},
	Scopes: []string{"instagram_business_basic"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"instagram_business_content_publish"}},
		{Capability: Analytics, Scopes: []string{"instagram_business_manage_insights"}},
		{Capability: Inbox, Scopes: []string{"instagram_business_manage_comments", "instagram_business_manage_messages"}},
		{Capability: Previews, Scopes: []string{"instagram_business_basic"}},
	},
	AuthParams: url.Values{"enable_fb_login": {"0"}},
	RevokePage: "https://www.instagram.com/accounts/manage_access/",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:     "https://www.instagram.com/oauth/authorize",
			TokenURL:    "https://api.instagram.com/oauth/access_token",
			UserInfoURL: instagramGraph + "/" + graphVersion + "/me",
		}, nil
	},
	TokenRequest: metaCode(instagramDialect),
	Settle: func(ctx context.Context, c Call, x Exchanged) (Exchanged, error) {
		return metaLong(ctx, c, instagramDialect, instagramGraph+"/access_token", "ig_exchange_token", x)
	},
	Extend: func(ctx context.Context, c Call) (Exchanged, error) {
		return metaRefresh(ctx, c, instagramDialect, instagramGraph+"/refresh_access_token", "ig_refresh_token")
	},
	ExtendFrom: day,
	Identify:   instagramIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := instagramMe(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Classify: instagramDialect.metaClassify,
}

var instagramDialect = dialect{id: "instagram", name: "Instagram"}

// instagramUser is an account. Its user_id is the same for every app; id, which
// is not asked for, is the app's own.
type instagramUser struct {
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Picture  string `json:"profile_picture_url"`
}

// instagramMe says whose a token is. The answer is also documented wrapped in a list.
func instagramMe(ctx context.Context, c Call, token Secret) (instagramUser, error) {
	var answer struct {
		instagramUser
		Data []instagramUser `json:"data"`
	}
	err := c.request(ctx, instagramDialect, instagramDialect.metaClassify, http.MethodGet, c.Endpoint.UserInfoURL,
		url.Values{"fields": {"user_id,username,name,profile_picture_url"}}, token, nil, &answer)
	if err != nil {
		return instagramUser{}, err
	}
	who := answer.instagramUser
	if who.UserID == "" && len(answer.Data) > 0 {
		who = answer.Data[0]
	}
	if who.UserID == "" {
		return who, garbage(instagramDialect.name, instagramDialect.id)
	}
	return who, nil
}

func instagramIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	who, err := instagramMe(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(who.Name, who.Username)
	return []Identity{{
		ProviderID: who.UserID, Kind: "profile", Name: name, Handle: "@" + who.Username, Avatar: who.Picture, Owner: name, OwnerID: who.UserID,
		Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
	}}, nil
}
