package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Telegram is the platform's id.
const Telegram = "telegram"

var telegram = &dialect{
	id: Telegram, name: "Telegram",
	hosts:    []string{"api.telegram.org"},
	try:      []string{"/api.telegram.org/bot<token>/getMe"},
	serve:    (*Network).telegram,
	life:     Lifetimes{Access: Never, Refresh: None},
	redirect: func(*app, string) bool { return false },
	// A person has one bot. It has one token, and a new one once that is dead.
	credential: func(n *Network, q request, who Person) (string, string) {
		for _, t := range n.order {
			if t.key.platform == Telegram && t.key.person == who.ID && t.alive(q.now) {
				return "", t.value
			}
		}
		t := n.mint(token{kind: KindAccess, key: consentKey{platform: Telegram, person: who.ID}, family: &family{}, authed: q.now}, q.now, n.of(Telegram).life.Access)
		n.rename(t, botID(who)+":AA"+random("")[:33])
		return "", t.value
	},
	logPath: func(path string) string { return tokenPart.ReplaceAllString(path, "…") },
}

// rename gives a token another value, where a platform's have a form of their own.
func (n *Network) rename(t *token, value string) {
	delete(n.tokens, t.value)
	t.value = value
	n.tokens[value] = t
}

var (
	botPath   = regexp.MustCompile(`^/bot([^/]*)(/.*)?$`)
	tokenPart = regexp.MustCompile(`[0-9]+:[A-Za-z0-9_-]+`) // wherever it is put
	botToken  = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)
)

// botID is the id of a person's bot.
func botID(p Person) string { return "7" + p.ID }

func telegramError(status int, description string) answer {
	return jsonAnswer(status, object{"ok": false, "error_code": status, "description": description})
}

// telegram serves api.telegram.org; the token is in the path.
func (n *Network) telegram(q request) answer {
	m := botPath.FindStringSubmatch(q.path)
	if m == nil || !botToken.MatchString(m[1]) {
		return telegramError(http.StatusNotFound, "Not Found")
	}
	t, problem := n.access(q, m[1])
	if problem != "" {
		return telegramError(http.StatusUnauthorized, "Unauthorized")
	}
	who := n.owner(t)
	switch strings.ToLower(strings.TrimPrefix(m[2], "/")) {
	case "getme":
		id, _ := strconv.ParseInt(botID(who), 10, 64)
		return jsonAnswer(http.StatusOK, object{"ok": true, "result": object{
			"id": id, "is_bot": true, "first_name": who.Name + " bot", "username": strings.ReplaceAll(who.Username, "-", "_") + "_bot",
			"can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
		}})
	case "sendmessage":
		chat, text := q.form.Get("chat_id"), q.form.Get("text")
		at := slices.IndexFunc(who.Things[Telegram], func(g Thing) bool { return chat == g.ID || chat == "@"+g.Username })
		switch {
		case at < 0:
			return telegramError(http.StatusBadRequest, "Bad Request: chat not found")
		case strings.TrimSpace(text) == "":
			return telegramError(http.StatusBadRequest, "Bad Request: message text is empty")
		case len([]rune(text)) > 4096:
			return telegramError(http.StatusBadRequest, "Bad Request: message is too long")
		}
		id := n.publish(q, who.Things[Telegram][at].ID, text, "")
		number, _ := strconv.Atoi(id)
		return jsonAnswer(http.StatusOK, object{"ok": true, "result": object{"message_id": number, "date": q.now.Unix(), "text": text}})
	}
	return telegramError(http.StatusNotFound, "Not Found: method not found")
}
