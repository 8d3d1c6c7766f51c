package platform

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// The ways of a Discord grant, as its TokenType says.
const (
	discordWebhook = "Webhook" // the access token is the webhook's address
	discordBot     = "Bot"
)

// discord connects what one publishes to, a channel by its webhook, and who one
// is, by OAuth (discord.com/developers/docs, topics OAuth2 and resources
// Webhook). A webhook works until it is deleted. An account of kind channel is
// known by the channel's id and not the webhook's: a deleted webhook is replaced
// by a new one in the same channel. Tokens of OAuth last 7 days; whether refresh
// tokens change, and how long they last, is not written down, so the answers decide.
var discord = &Platform{
	ID: discordDialect.id, Name: discordDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	PKCE:      true,
	Separator: " ",
	Family:    FamilyRotating,
	Redirect:  RedirectFixed,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 7 * day},
	Lifetime:  "webhook: does not expire; sign-in: 7 days, renewed by itself; how long that goes on is not written down",
	Cost:      CostFree,
	Reasons:   discordDialect.reasons,
	Registration: Registration{
		Console: "https://discord.com/developers/applications", Secret: true,
		IDLabel: "Client ID", SecretLabel: "Client Secret",
		Steps: []string{
			"Not needed for a webhook or a bot. Else create an application.",
			"Under OAuth2, add the redirect {redirect}",
			"Copy Client ID and Client Secret from OAuth2. With Public Client switched on there is no secret.",
		},
	},
	Scopes: []string{"identify"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"webhook.incoming"}},
		{Capability: Analytics, Scopes: []string{"guilds"}},
	},
	RevokePage: "https://discord.com/channels/@me",
	Credential: &Credential{
		Name: "webhook address or bot token", Page: "https://support.discord.com/hc/en-us/articles/228383668",
		Steps: []string{
			"In Discord, open the channel's settings, Integrations, Webhooks.",
			"Make a webhook there and choose Copy Webhook URL.",
			"For a bot instead: in the developer portal, under Bot, choose Reset Token and copy it.",
		},
		Lasts:  "a webhook until it is deleted, a bot's token until it is reset",
		Types:  []string{discordWebhook, discordBot},
		Accept: discordAccept,
	},
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{
			AuthURL:       "https://discord.com/oauth2/authorize",
			TokenURL:      "https://discord.com/api/oauth2/token",
			RevokeURL:     "https://discord.com/api/oauth2/token/revoke",
			IntrospectURL: discordAPI + "/oauth2/@me",
			UserInfoURL:   discordAPI + "/users/@me",
		}, nil
	},
	// The answer to a code brings the webhook that webhook.incoming made; it is
	// carried to Identify in the owner's place.
	TokenRequest: func(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
		get, err := c.tokenForm(ctx, discordDialect, discordClassify, style(oauth2.AuthStyleInParams, c.Endpoint, c.App), form, nil)
		if err != nil {
			return Exchanged{}, discordDialect.grantRefused(err)
		}
		x, err := c.told(discordDialect, get)
		if hook, ok := get("webhook").(map[string]any); ok && err == nil {
			address, _ := hook["url"].(string)
			if address, ok := discordAddress(address); ok {
				x.Tokens.Owner = address
			}
		}
		return x, err
	},
	Identify: discordIdentify,
	Verify:   discordVerify,
	Revoke:   discordRevoke,
	// See discordRevoke; a webhook and a bot are their own owners.
	RevokesOwner: true,
	Classify:     discordClassify,
}

const discordAPI = "https://discord.com/api/v10"

var (
	discordURL   = regexp.MustCompile(`^https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(\d+)/([A-Za-z0-9_-]+)/?$`)
	discordToken = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
)

// discordAddress gives a webhook's address in its one form; false for what is none.
func discordAddress(s string) (Secret, bool) {
	m := discordURL.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Secret{}, false
	}
	return NewSecret("https://discord.com/api/webhooks/" + m[1] + "/" + m[2]), true
}

func discordAccept(_ context.Context, _ Call, _ string, secret Secret) (Exchanged, error) {
	if address, ok := discordAddress(secret.Reveal()); ok {
		return Exchanged{Tokens: Tokens{Access: address}, TokenType: discordWebhook}, nil
	}
	if token := strings.TrimSpace(secret.Reveal()); discordToken.MatchString(token) {
		return Exchanged{Tokens: Tokens{Access: NewSecret(token)}, TokenType: discordBot}, nil
	}
	return Exchanged{}, discordDialect.say(KindUsage, "shape", T("that is neither a webhook's address nor a bot token"), T("copy the whole address: https://discord.com/api/webhooks/…"))
}

// discordWay tells how a grant came; an imported address is a webhook whatever it was called.
func discordWay(tokenType string, access Secret) string {
	if _, ok := discordAddress(access.Reveal()); ok {
		return discordWebhook
	}
	return tokenType
}

type discordUser struct {
	ID, Username, Avatar string
	GlobalName           string `json:"global_name"`
}

func discordPicture(id, hash string) string {
	if id == "" || hash == "" {
		return ""
	}
	return "https://cdn.discordapp.com/avatars/" + id + "/" + hash + ".png"
}

func discordIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	switch discordWay(x.TokenType, x.Tokens.Access) {
	case discordWebhook:
		channel, err := discordChannel(ctx, c, x, x.Tokens.Access)
		return []Identity{channel}, err
	case discordBot:
		who, err := discordBotUser(ctx, c, x.Tokens.Access)
		if err != nil {
			return nil, err
		}
		return []Identity{discordPerson(c, x, who, "bot", Grant{Tokens: x.Tokens, TokenType: discordBot,
			Clocks: []Clock{{Kind: ClockAccess, Source: SourceNever, Since: c.Now}}})}, nil
	}
	me, err := discordMe(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	if me.User.ID == "" { // without the scope identify
		return nil, discordDialect.denied("identify")
	}
	g := Grant{Tokens: x.Tokens, TokenType: "Bearer", Scopes: firstList(x.Scopes, me.Scopes), Clocks: x.Clocks}
	g.Tokens.Owner = Secret{}
	if len(g.Clocks) == 0 {
		g.Clocks = me.verdict(c).Clocks
	}
	person := discordPerson(c, x, me.User, "person", g)
	if x.Tokens.Owner.IsZero() {
		return []Identity{person}, nil
	}
	channel, err := discordChannel(ctx, c, x, x.Tokens.Owner)
	if err != nil {
		return nil, err
	}
	channel.Owner, channel.OwnerID = person.Name, person.ProviderID
	channel.Grant.Scopes = g.Scopes
	return []Identity{channel, person}, nil
}

func firstList(lists ...[]string) []string {
	for _, l := range lists {
		if l != nil {
			return l
		}
	}
	return nil
}

func discordPerson(c Call, x Exchanged, who discordUser, kind string, g Grant) Identity {
	g.Asked, g.Issued = x.Asked, c.Now
	name := cmp.Or(who.GlobalName, who.Username)
	return Identity{ProviderID: who.ID, Kind: kind, Name: name, Handle: "@" + who.Username, Avatar: discordPicture(who.ID, who.Avatar), Owner: name, OwnerID: who.ID, Grant: g}
}

type discordHook struct {
	ID, Name, Avatar string
	Channel          string `json:"channel_id"`
}

// discordHookAt asks for a webhook by its address, which needs no other proof.
func discordHookAt(ctx context.Context, c Call, address Secret) (discordHook, error) {
	var hook discordHook
	err := c.request(ctx, discordDialect, discordClassify, http.MethodGet, address.Reveal(), nil, Secret{}, nil, &hook)
	if err == nil && (hook.ID == "" || hook.Channel == "") {
		err = garbage(discordDialect.name, discordDialect.id)
	}
	return hook, err
}

// discordChannel is the channel a webhook belongs to; it goes by the webhook's
// name, as its messages do.
func discordChannel(ctx context.Context, c Call, x Exchanged, address Secret) (Identity, error) {
	hook, err := discordHookAt(ctx, c, address)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		ProviderID: hook.Channel, Kind: "channel", Name: hook.Name, Avatar: discordPicture(hook.ID, hook.Avatar), Owner: hook.Name, OwnerID: hook.Channel,
		Grant: Grant{Tokens: Tokens{Access: address}, TokenType: discordWebhook, Asked: x.Asked, Issued: c.Now,
			Clocks: []Clock{{Kind: ClockAccess, Source: SourceNever, Since: c.Now}}},
	}, nil
}

type discordAuth struct {
	Scopes  []string
	Expires time.Time
	User    discordUser
}

// discordMe asks about a token and its person.
func discordMe(ctx context.Context, c Call, token Secret) (discordAuth, error) {
	var me discordAuth
	err := c.request(ctx, discordDialect, discordClassify, http.MethodGet, c.Endpoint.IntrospectURL, nil, token, nil, &me)
	if err == nil && me.Scopes == nil {
		err = garbage(discordDialect.name, discordDialect.id)
	}
	return me, err
}

func (me discordAuth) verdict(c Call) Verdict {
	v := Verdict{Scopes: me.Scopes}
	if !me.Expires.IsZero() {
		v.Clocks = []Clock{{Kind: ClockAccess, Source: SourceIntrospected, At: me.Expires, Since: c.Now, Learnt: c.Now}}
	}
	return v
}

func discordBotUser(ctx context.Context, c Call, token Secret) (discordUser, error) {
	var who discordUser
	err := c.request(ctx, discordDialect, discordClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, Secret{}, http.Header{"Authorization": {"Bot " + token.Reveal()}}, &who)
	if err == nil && who.ID == "" {
		err = garbage(discordDialect.name, discordDialect.id)
	}
	return who, err
}

func discordVerify(ctx context.Context, c Call) (Verdict, error) {
	switch discordWay(c.TokenType, c.Tokens.Access) {
	case discordWebhook:
		_, err := discordHookAt(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	case discordBot:
		_, err := discordBotUser(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	}
	me, err := discordMe(ctx, c, c.Tokens.Access)
	return me.verdict(c), err
}

// discordRevoke ends a whole authorization, which revoking any of its tokens
// does, or deletes a webhook, which its address suffices for.
func discordRevoke(ctx context.Context, c Call) error {
	switch discordWay(c.TokenType, c.Tokens.Access) {
	case discordWebhook:
		return c.request(ctx, discordDialect, discordClassify, http.MethodDelete, c.Tokens.Access.Reveal(), nil, Secret{}, nil, nil)
	case discordBot:
		return discordDialect.say(KindPolicy, "bot", T("a bot's token can only be replaced by its owner"), T("choose Reset Token at https://discord.com/developers/applications"))
	}
	form := url.Values{"token": {c.Tokens.Access.Reveal()}, "token_type_hint": {"access_token"}, "client_id": {c.App.ID}}
	if !c.App.Secret.IsZero() {
		form.Set("client_secret", c.App.Secret.Reveal())
	}
	return c.request(ctx, discordDialect, discordClassify, http.MethodPost, c.Endpoint.RevokeURL, form, Secret{}, nil, nil)
}

var discordDialect = dialect{id: "discord", name: "Discord", reasons: map[string]string{
	"10015": "The webhook was deleted in Discord.",
	"50027": "The webhook's address no longer works.",
}}

// discordClassify reads RFC 6749's errors at the token endpoint and {code,
// message} elsewhere.
func discordClassify(status int, body []byte) *Error {
	var answer struct {
		Error string
		Code  int
	}
	if e := discordDialect.read(status, body, &answer); e != nil {
		return e
	}
	if status < 400 {
		return nil
	}
	d := discordDialect
	if e := oauthClassify(d, answer.Error); e != nil {
		return e
	}
	code := fmt.Sprint(status)
	if answer.Code != 0 {
		code = fmt.Sprint(answer.Code)
	}
	switch answer.Code {
	case 10015, 50027:
		return d.dead(code)
	case 40001, 50014, 50025:
		return d.stale(code)
	case 10003, 10004:
		return d.say(KindPermission, code, T("Discord does not know that channel or server any more"), T("choose another one"))
	case 50001, 50013:
		return d.denied(code)
	case 20016, 20028:
		return d.limited(code)
	}
	switch status {
	case http.StatusUnauthorized:
		return d.stale(code)
	case http.StatusForbidden:
		return d.denied(code)
	}
	return d.odd(code)
}
