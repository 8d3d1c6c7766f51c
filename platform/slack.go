package platform

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// slack connects a workspace's bot, or, with an app that uses PKCE, the person
// (docs.slack.dev, authentication: installing with OAuth, using token rotation,
// using PKCE). An app with a secret asks for bot scopes and comes back over
// https only. An app with PKCE has no secret, may come back to this computer and
// may ask for user scopes alone. Without token rotation tokens do not end; with it
// they last 12 hours and every refresh token works once. Errors come inside a 200.
var slack = &Platform{
	ID: slackDialect.id, Name: slackDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	PKCE:      true,
	Separator: ",",
	Family:    FamilyRotating,
	Redirect:  RedirectHTTPS,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 0},
	Lifetime:  "does not expire; with token rotation: 12 hours, renewed by itself; with PKCE refresh tokens last 30 days",
	Cost:      CostFree,
	Reasons:   slackDialect.reasons,
	Registration: Registration{
		Console: "https://api.slack.com/apps", Secret: true,
		IDLabel: "Client ID", SecretLabel: "Client Secret",
		Steps: []string{
			"Create an app from scratch in your workspace.",
			"Under OAuth & Permissions, add the redirect URL {redirect}",
			"There too, add the bot token scopes chat:write, channels:read, channels:history and users:read.",
			"Token rotation may be on or off; switched on, it stays on.",
			"Copy Client ID and Client Secret from Basic Information.",
			"Without a secret: switch on PKCE (it stays on), add the scopes as user token scopes, store the client ID alone; http://localhost addresses are then taken.",
		},
		Review: "An app for one's own workspace needs none; for other workspaces it must be distributed, and some workspaces want an administrator's approval.",
	},
	Scopes: []string{"users:read"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"chat:write"}},
		{Capability: Analytics, Scopes: []string{"channels:read"}},
		{Capability: Inbox, Scopes: []string{"channels:history"}},
	},
	RevokePage: "https://slack.com/apps/manage",
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:       "https://slack.com/oauth/v2/authorize",
			TokenURL:      slackAPI + "oauth.v2.access",
			RevokeURL:     slackAPI + "auth.revoke",
			IntrospectURL: slackAPI + "auth.test",
		}, nil
	},
	Authorize: func(_ context.Context, c Call, params url.Values) (Authorization, error) {
		if c.App.Secret.IsZero() {
			params.Set("user_scope", params.Get("scope"))
			params.Del("scope")
		} else { // PKCE would make a public client of it
			params.Del("code_challenge")
			params.Del("code_challenge_method")
		}
		return Authorization{URL: c.Endpoint.AuthURL + "?" + params.Encode()}, nil
	},
	TokenRequest: slackToken,
	Identify:     slackIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, scopes, err := slackTest(ctx, c, c.Tokens.Access)
		return Verdict{Scopes: scopes}, err
	},
	Revoke: func(ctx context.Context, c Call) error {
		return c.request(ctx, slackDialect, slackClassify, http.MethodPost, c.Endpoint.RevokeURL, url.Values{}, c.Tokens.Access, nil, nil)
	},
	Classify: slackClassify,
}

const slackAPI = "https://slack.com/api/"

// slackToken gives the bot's token, which stands at the top of the answer, or
// the person's, which stands under authed_user.
func slackToken(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	if !c.App.Secret.IsZero() {
		form.Del("code_verifier")
	}
	get, err := c.tokenForm(ctx, slackDialect, slackClassify, style(oauth2.AuthStyleInParams, c.Endpoint, c.App), form, nil)
	if err != nil {
		return Exchanged{}, slackDialect.grantRefused(err)
	}
	if top, _ := get("access_token").(string); top == "" {
		user, _ := get("authed_user").(map[string]any)
		get = func(key string) any { return user[key] }
	}
	x, err := c.told(slackDialect, get)
	if err != nil {
		return x, err
	}
	x.TokenType = "Bearer" // Slack says bot or user; the header says Bearer
	if c.App.Secret.IsZero() && !x.Tokens.Refresh.IsZero() {
		// With PKCE a refresh token lasts 30 days (docs.slack.dev, using PKCE), which no answer says.
		if !slices.ContainsFunc(x.Clocks, func(k Clock) bool { return k.Kind == ClockRefresh }) {
			x.Clocks = append(x.Clocks, Clock{Kind: ClockRefresh, Source: SourceAssumed, At: c.Now.Add(30 * day), Since: c.Now})
		}
	}
	return x, nil
}

type slackWho struct {
	Team   string
	TeamID string `json:"team_id"`
	User   string
	UserID string `json:"user_id"`
	BotID  string `json:"bot_id"`
}

// slackTest asks about a token. That a header names the scopes is known from use
// and not written down: without it nothing is known of them.
func slackTest(ctx context.Context, c Call, token Secret) (slackWho, []string, error) {
	var who slackWho
	r, err := http.NewRequest(http.MethodPost, c.Endpoint.IntrospectURL, nil)
	if err != nil {
		return who, nil, garbage(slackDialect.name, slackDialect.id)
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	header, err := c.ask(ctx, slackDialect, slackClassify, r, &who)
	if err != nil {
		return who, nil, err
	}
	if who.TeamID == "" || who.UserID == "" {
		return who, nil, garbage(slackDialect.name, slackDialect.id)
	}
	var scopes []string
	if named := header.Get("X-OAuth-Scopes"); named != "" {
		scopes = SplitScopes(named)
	}
	return who, scopes, nil
}

func slackIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	who, scopes, err := slackTest(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	scopes = firstList(x.Scopes, scopes)
	kind := "person"
	if who.BotID != "" {
		kind = "bot"
	}
	// A user's id is the workspace's own.
	id := who.TeamID + "/" + who.UserID
	name := who.User + " in " + cmp.Or(who.Team, who.TeamID)
	out := Identity{
		ProviderID: id, Kind: kind, Name: name, Handle: "@" + who.User, Owner: name, OwnerID: id,
		Grant: Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now},
	}
	if slices.Contains(scopes, "users:read") {
		var answer struct {
			User struct {
				Profile struct {
					Picture string `json:"image_192"`
				}
			}
		}
		// A picture is not worth failing for.
		if c.request(ctx, slackDialect, slackClassify, http.MethodGet, slackAPI+"users.info", url.Values{"user": {who.UserID}}, x.Tokens.Access, nil, &answer) == nil {
			out.Avatar = answer.User.Profile.Picture
		}
	}
	return []Identity{out}, nil
}

var slackDialect = dialect{id: "slack", name: "Slack", reasons: map[string]string{
	"token_revoked":         "Slack says that the token was revoked.",
	"account_inactive":      "Slack says that the app, the person or the workspace is no longer active.",
	"invalid_refresh_token": "Slack no longer accepts the refresh token.",
	"org_login_required":    "Slack says that the organisation wants a new sign-in.",
}}

// slackClassify reads {ok, error}, which is in a 200 as a rule. The list of
// codes is the usual one; what is not on it says nothing about the token.
func slackClassify(status int, body []byte) *Error {
	var answer struct {
		OK    *bool
		Error string
	}
	if e := slackDialect.read(status, body, &answer); e != nil {
		return e
	}
	if status < 400 && (answer.OK == nil || *answer.OK) {
		return nil
	}
	d := slackDialect
	switch code := answer.Error; code {
	case "token_revoked", "account_inactive", "invalid_auth", "not_authed", "org_login_required", "invalid_refresh_token", "invalid_grant", "invalid_code", "code_already_used":
		return d.dead(code)
	case "token_expired":
		return d.stale(code)
	case "missing_scope", "no_permission", "not_allowed_token_type":
		return d.denied(code)
	case "not_in_channel", "channel_not_found", "is_archived", "restricted_action":
		return d.say(KindPermission, code, T("Slack does not let this account post there (%s)", strings.ReplaceAll(code, "_", " ")), T("invite it to the channel, or choose another one"))
	case "ratelimited", "rate_limited":
		return d.limited(code)
	case "service_unavailable", "internal_error", "fatal_error", "request_timeout", "team_added_to_org":
		return d.unwell(code)
	case "invalid_client_id", "bad_client_secret", "invalid_client":
		return d.noApp(code)
	case "bad_redirect_uri", "invalid_redirect_uri", "invalid_scope", "invalid_scope_requested", "no_scopes", "pkce_not_allowed", "invalid_team_for_non_distributed_app":
		return d.say(KindConfig, code, T("Slack refused the app's registration (%s)", strings.ReplaceAll(code, "_", " ")), T("check its redirect address, scopes and distribution there, then: relink connect slack"))
	case "":
		if status == http.StatusUnauthorized {
			return d.stale("401")
		}
		return d.odd("")
	default:
		if e := oauthClassify(d, code); e != nil {
			return e
		}
		if len(code) > 64 || strings.ContainsAny(code, " <>{}\n") {
			code = "unknown"
		}
		return d.odd(code)
	}
}
