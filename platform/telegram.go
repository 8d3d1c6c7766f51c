package platform

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// telegram connects a bot by the token that @BotFather gives
// (core.telegram.org/bots/api). There is no sign-in, no end and no renewal: the
// token works until it is replaced or the bot is deleted. It is part of every
// request's path, so addresses are never logged or put into an error, and a
// bot's picture, whose address would hold it, is left out.
var telegram = &Platform{
	ID: telegramDialect.id, Name: telegramDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	Separator: " ",
	Family:    FamilyNone,
	Redirect:  RedirectNone,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 0},
	Lifetime:  "does not expire; ends when the bot's token is replaced or the bot is deleted",
	Cost:      CostFree,
	Reasons:   telegramDialect.reasons,
	Registration: Registration{
		None: true, Console: "https://t.me/BotFather",
	},
	// Rights are given per chat, not in the token.
	Needs:      []Need{{Capability: Publish}, {Capability: Analytics}, {Capability: Inbox}},
	RevokePage: "https://t.me/BotFather",
	Credential: &Credential{
		Name: "bot token", Page: "https://t.me/BotFather",
		Steps: []string{
			"Open a chat with @BotFather in Telegram.",
			"Send /newbot and answer its questions, or /token for a bot you have.",
			"Copy the token: digits, a colon and 35 characters.",
			"Add the bot to your channel as an administrator who may post.",
			"To end the token later, send /revoke to @BotFather.",
		},
		Lasts: "until it is replaced at @BotFather or the bot is deleted",
		Accept: func(_ context.Context, _ Call, _ string, secret Secret) (Exchanged, error) {
			token := strings.TrimSpace(secret.Reveal())
			if !telegramToken.MatchString(token) {
				return Exchanged{}, telegramDialect.say(KindUsage, "shape", T("that is not a bot token"), T("copy it whole from @BotFather: digits, a colon, letters"))
			}
			return Exchanged{Tokens: Tokens{Access: NewSecret(token)}, TokenType: "Bot"}, nil
		},
	},
	Discover: func(context.Context, *Net, string) (Endpoint, error) {
		return Endpoint{APIURL: "https://api.telegram.org"}, nil
	},
	Identify: telegramIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := telegramMe(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Classify: telegramClassify,
}

var telegramToken = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)

type telegramBot struct {
	ID        int64
	Username  string
	FirstName string `json:"first_name"`
}

// telegramMe asks who a token is. Nothing of the address may get out.
func telegramMe(ctx context.Context, c Call, token Secret) (telegramBot, error) {
	if !telegramToken.MatchString(token.Reveal()) {
		return telegramBot{}, telegramClassify(http.StatusNotFound, []byte("{}"))
	}
	var answer struct {
		OK     bool
		Result telegramBot
	}
	err := c.request(ctx, telegramDialect, telegramClassify, http.MethodGet, c.Endpoint.APIURL+"/bot"+token.Reveal()+"/getMe", nil, Secret{}, nil, &answer)
	if err == nil && (!answer.OK || answer.Result.ID == 0) {
		err = garbage(telegramDialect.name, telegramDialect.id)
	}
	return answer.Result, err
}

func telegramIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	bot, err := telegramMe(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	handle := ""
	if bot.Username != "" {
		handle = "@" + bot.Username
	}
	id, name := fmt.Sprint(bot.ID), cmp.Or(bot.FirstName, handle)
	return []Identity{{
		ProviderID: id, Kind: "bot", Name: name, Handle: handle, Owner: name, OwnerID: id,
		Grant: Grant{Tokens: Tokens{Access: x.Tokens.Access}, TokenType: "Bot", Asked: x.Asked, Issued: c.Now},
	}}, nil
}

var telegramDialect = dialect{id: "telegram", name: "Telegram", reasons: map[string]string{
	"401": "The bot's token was replaced, or the bot was deleted.",
}}

// telegramClassify reads {ok, error_code, description, parameters}. That 404 means a
// token of the wrong form is known from use and not written down, so it is not
// held against the token.
func telegramClassify(status int, body []byte) *Error {
	var answer struct {
		OK          *bool
		Code        int `json:"error_code"`
		Description string
		Parameters  struct {
			Migrated int64 `json:"migrate_to_chat_id"`
		}
	}
	if e := telegramDialect.read(status, body, &answer); e != nil {
		return e
	}
	if status < 400 && (answer.OK == nil || *answer.OK) {
		return nil
	}
	if status < 400 { // ok is false inside a 200
		status = answer.Code
		if e := outage(telegramDialect.name, telegramDialect.id, status); e != nil {
			return e
		}
	}
	d, code, text := telegramDialect, fmt.Sprint(status), strings.ToLower(answer.Description)
	switch {
	case status == http.StatusUnauthorized:
		return d.dead(code)
	case status == http.StatusNotFound:
		return d.say(KindConfig, code, T("Telegram does not know this as a bot token"), T("copy it whole from @BotFather and connect the bot again: relink connect telegram"))
	case status == http.StatusConflict:
		return d.say(KindPolicy, code, T("another program reads this bot's messages, or it has a webhook"), T("stop that one; the token is not the problem"))
	case answer.Parameters.Migrated != 0:
		return d.say(KindConfig, "migrated", T("the chat has become a supergroup and has another id"), T("use the chat's new id"))
	case status == http.StatusForbidden, strings.Contains(text, "chat not found"), strings.Contains(text, "not enough rights"), strings.Contains(text, "need administrator rights"):
		return d.say(KindPermission, code, T("the bot may not write in that chat"), T("add it there as an administrator who may post"))
	}
	return d.odd(code)
}
