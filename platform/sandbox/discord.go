package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Discord is the platform's id.
const Discord = "discord"

var discord = &dialect{
	id: Discord, name: "Discord",
	hosts: []string{"discord.com"},
	try:   []string{"/discord.com/oauth2/authorize", "/discord.com/api/v10/oauth2/@me", "/discord.com/api/webhooks/…"},
	serve: (*Network).discord,
	// The life of a refresh token, and that it changes, is not written down. Page is a webhook's life.
	life: Lifetimes{Access: 7 * day, Refresh: Never, Page: Never, Code: 10 * time.Minute}, rotate: true,
	apps: []App{practice, practicePublic}, public: true, auth: authBasic | authBody | authNone,
	scopes:   []string{"identify", "email", "guilds", "bot", "webhook.incoming"},
	unknown:  unknownRefused,
	pkce:     pkceOptional,
	redirect: openRedirect,
	things:   &things{scope: "webhook.incoming", one: true},
	tokenPaths: []string{
		"/oauth2/token",
	}, signInPaths: []string{"/oauth2/authorize"},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		if a.page != "" && a.has("webhook.incoming") && q.form.Get("grant_type") == "authorization_code" {
			out["webhook"] = n.discordHook(n.discordMake(q, a.key, a.page))
		}
		return jsonAnswer(http.StatusOK, out)
	},
	// A webhook in the person's first channel.
	credential: func(n *Network, q request, who Person) (string, string) {
		t := n.discordMake(q, consentKey{platform: Discord, person: who.ID}, who.Things[Discord][0].ID)
		address, _ := n.discordHook(t)["url"].(string)
		return "", address
	},
	logPath: func(path string) string { return hookPath.ReplaceAllString(path, "$1/webhooks/$2/…") },
}

var hookPath = regexp.MustCompile(`^(/api(?:/v\d+)?)/webhooks/(\d+)/([^/]+)$`)

// discordMake makes a webhook. What the app did with a sign-in does not end it: it is a family of its own.
func (n *Network) discordMake(q request, key consentKey, channel string) *token {
	return n.mint(token{
		kind: KindPage, key: key, page: channel, family: &family{}, authed: q.now,
		params: url.Values{"id": {fmt.Sprintf("97%010d", len(n.order))}},
	}, q.now, n.of(Discord).life.Page)
}

func (n *Network) discordHook(t *token) object {
	thing, _ := n.owner(t).thing(t.page)
	id := t.params.Get("id")
	out := object{
		"id": id, "type": 1, "name": thing.Name, "avatar": nil, "channel_id": t.page, "guild_id": "98" + t.key.person, "token": t.value,
		"url": "https://discord.com/api/webhooks/" + id + "/" + t.value,
	}
	if t.key.client != "" {
		out["application_id"] = t.key.client
	}
	return out
}

func discordError(status, code int, message string) answer {
	return jsonAnswer(status, object{"code": code, "message": message})
}

func (n *Network) discord(q request) answer {
	path := q.path
	if rest, ok := strings.CutPrefix(path, "/api/v10"); ok {
		path = "/api" + rest
	}
	if m := hookPath.FindStringSubmatch(q.path); m != nil {
		return n.discordWebhook(q, m[2], m[3])
	}
	switch path {
	case "/oauth2/authorize":
		return n.authorize(q)
	case "/api/oauth2/token", "/api/oauth2/token/revoke":
		if !q.isForm() {
			return oauthError(http.StatusBadRequest, "invalid_request", "The content type must be application/x-www-form-urlencoded")
		}
		if path == "/api/oauth2/token" {
			return n.exchange(q)
		}
		return n.discordRevoke(q)
	case "/api/oauth2/@me":
		return n.discordMe(q)
	case "/api/users/@me":
		return n.discordUser(q)
	}
	return discordError(http.StatusNotFound, 0, "404: Not Found")
}

// discordRevoke ends the whole authorization with any of its tokens.
func (n *Network) discordRevoke(q request) answer {
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	if t := n.find(q, q.form.Get("token")); t != nil && t.kind != KindPage && t.key.client == app.ClientID {
		n.endToken(t, true)
	}
	return jsonAnswer(http.StatusOK, object{})
}

func discordPerson(who Person) object {
	return object{"id": who.ID, "username": who.Username, "global_name": who.Name, "avatar": "a" + who.ID, "discriminator": "0"}
}

func (n *Network) discordMe(q request) answer {
	t, problem := n.access(q, q.bearer())
	if problem != "" {
		return discordError(http.StatusUnauthorized, 0, "401: Unauthorized")
	}
	out := object{"application": object{"id": t.key.client, "name": t.key.client}, "scopes": append([]string{}, t.scopes...)}
	if !n.of(Discord).life.SilentIntrospection && !t.expires.IsZero() {
		out["expires"] = t.expires.UTC().Format("2006-01-02T15:04:05.000000+00:00")
	}
	if t.has("identify") {
		out["user"] = discordPerson(n.owner(t))
	}
	return jsonAnswer(http.StatusOK, out)
}

func (n *Network) discordUser(q request) answer {
	t, problem := n.access(q, q.bearer())
	if bot := q.credential("Bot"); bot != "" {
		// A bot token is the practice bot's of a person: their id with dots.
		id, _, _ := strings.Cut(bot, ".")
		who, ok := n.person(id)
		if !ok || bot != id+".practice.bot" {
			return discordError(http.StatusUnauthorized, 0, "401: Unauthorized")
		}
		out := discordPerson(who)
		out["id"], out["username"], out["global_name"], out["bot"] = "9"+who.ID, who.Username+"-bot", nil, true
		return jsonAnswer(http.StatusOK, out)
	}
	switch {
	case problem != "":
		return discordError(http.StatusUnauthorized, 0, "401: Unauthorized")
	case !t.has("identify"):
		return discordError(http.StatusForbidden, 50001, "Missing Access")
	}
	return jsonAnswer(http.StatusOK, discordPerson(n.owner(t)))
}

// discordWebhook serves a webhook's address, which needs no other proof.
func (n *Network) discordWebhook(q request, id, value string) answer {
	t := n.find(q, value)
	switch {
	case t == nil || t.kind != KindPage:
		return discordError(http.StatusUnauthorized, 50027, "Invalid Webhook Token")
	case t.params.Get("id") != id || !t.alive(q.now):
		return discordError(http.StatusNotFound, 10015, "Unknown Webhook")
	}
	switch q.Method {
	case http.MethodGet:
		return jsonAnswer(http.StatusOK, n.discordHook(t))
	case http.MethodDelete:
		t.revoked = revokedByApp
		return answer{status: http.StatusNoContent}
	case http.MethodPost:
		text := q.body.Get("content")
		if text == "" || len([]rune(text)) > 2000 {
			return discordError(http.StatusBadRequest, 50006, "Cannot send an empty message")
		}
		message := object{"id": n.publish(q, t.page, text, ""), "channel_id": t.page, "content": text, "webhook_id": id}
		if q.query.Get("wait") != "true" {
			return answer{status: http.StatusNoContent}
		}
		return jsonAnswer(http.StatusOK, message)
	}
	return discordError(http.StatusMethodNotAllowed, 0, "405: Method Not Allowed")
}
