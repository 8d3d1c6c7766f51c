package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// Slack is the platform's id.
const Slack = "slack"

var slack = &dialect{
	id: Slack, name: "Slack",
	hosts: []string{"slack.com"},
	try:   []string{"/slack.com/oauth/v2/authorize", "/slack.com/api/auth.test"},
	serve: (*Network).slack,
	// Without token rotation; SetLifetimes with an Access of 12 hours and a Refresh switches it on.
	life: Lifetimes{Access: Never, Refresh: None, Code: 10 * time.Minute}, rotate: true, prefix: "xoxp-",
	apps: []App{practice, practicePublic}, public: true, auth: authBasic | authBody | authNone,
	scopeKeys: []string{"scope", "user_scope"}, separators: ", ",
	scopes: []string{
		"chat:write", "chat:write.customize", "files:write", "channels:read", "groups:read", "channels:history", "groups:history", "im:history",
		"users:read", "incoming-webhook",
	},
	unknown: func(_ authorization, q request, scope string) answer {
		return errorPage(q.platform, "Invalid permissions requested: "+scope+".")
	},
	pkce:     pkceOptional,
	redirect: slackRedirect,
	check: func(_ *Network, q request, a authorization) *answer {
		bad := func(text string) *answer { p := errorPage(q.platform, text); return &p }
		switch {
		case len(a.scopes) == 0:
			return bad("No scopes requested.")
		case a.app.Public && a.params.Get("scope") != "":
			return bad("An app with PKCE cannot request bot scopes on a desktop.")
		case !a.app.Public && a.params.Get("code_challenge") != "" && a.app.registered:
			return bad("This app does not use PKCE.")
		}
		return nil
	},
	tokenPaths: []string{"/api/oauth.v2.access"}, signInPaths: []string{"/oauth/v2/authorize"},
	tokens: func(n *Network, q request, a, r *token) answer {
		who := n.owner(a)
		user := object{"id": "U" + who.ID}
		top := object{"ok": true, "app_id": "A" + a.key.client, "team": object{"id": "T" + who.ID, "name": who.Name + "'s team"}, "enterprise": nil, "is_enterprise_install": false}
		into := top
		kind := "bot"
		if slackUser(a) {
			into, kind = user, "user"
		} else {
			top["bot_user_id"] = "UB" + who.ID
		}
		into["access_token"], into["token_type"], into["scope"] = a.value, kind, strings.Join(a.scopes, ",")
		if r != nil {
			into["refresh_token"] = r.value
			n.putLife(q, into, "expires_in", a)
		}
		if q.form.Get("grant_type") == "refresh_token" && kind == "user" {
			// Where a refreshed user token stands is not written down; taken to be the top.
			for k, v := range into {
				if k != "id" {
					top[k] = v
				}
			}
			return jsonAnswer(http.StatusOK, top)
		}
		top["authed_user"] = user
		return jsonAnswer(http.StatusOK, top)
	},
	tokenError: func(_ int, code, _ string) answer {
		if code == "invalid_client" {
			code = "invalid_client_id"
		}
		return slackError(code)
	},
}

// slackUser reports whether a token is a person's: nothing was asked for the bot.
func slackUser(t *token) bool { return t.params.Get("scope") == "" }

// slackRedirect: https only; apps with PKCE may also come back to this computer.
func slackRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	if !ok {
		return false
	}
	here := u.Hostname() == "localhost" || isLoopback(u)
	return registered(a, redirect, u.Scheme == "https" || a.Public && u.Scheme == "http" && here) && (u.Scheme == "https" || a.Public)
}

// slackError is an error as Slack's methods have it: inside a 200.
func slackError(code string) answer {
	return jsonAnswer(http.StatusOK, object{"ok": false, "error": code})
}

func (n *Network) slack(q request) answer {
	switch q.path {
	case "/oauth/v2/authorize":
		return n.authorize(q)
	case "/api/oauth.v2.access":
		return n.slackToken(q)
	case "/api/auth.test", "/api/auth.revoke", "/api/users.info", "/api/chat.postMessage":
		return n.slackMethod(q, strings.TrimPrefix(q.path, "/api/"))
	}
	if strings.HasPrefix(q.path, "/api/") {
		return slackError("unknown_method")
	}
	return answer{status: http.StatusNotFound}
}

func (n *Network) slackToken(q request) answer {
	if q.Method != http.MethodPost || !q.isForm() {
		return slackError("invalid_form_data")
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	if q.form.Get("grant_type") == "refresh_token" {
		a, r, problem := n.renew(q, app)
		if problem != "" {
			return slackError("invalid_refresh_token")
		}
		return n.tokenAnswer(q, a, r)
	}
	// A code comes with or without the grant type.
	c, problem := n.redeem(q, app.ClientID)
	switch {
	case problem == codeRedirect:
		return slackError("bad_redirect_uri")
	case problem == codeUsed:
		return slackError("code_already_used")
	case problem != "" || c.challenge == "" && q.unproven(app):
		return slackError("invalid_code")
	case c.challenge == "" && q.form.Get("code_verifier") != "":
		return slackError("pkce_not_allowed")
	}
	return n.issue(q, c)
}

// slackMethod serves the methods that want a token.
func (n *Network) slackMethod(q request, method string) answer {
	value := q.bearer()
	if value == "" {
		value = q.body.Get("token")
	}
	t, problem := n.access(q, value)
	switch problem {
	case "":
	case tokenMissing:
		return slackError("not_authed")
	case tokenExpired:
		return slackError("token_expired")
	case tokenRevoked:
		return slackError("token_revoked")
	default:
		return slackError("invalid_auth")
	}
	who := n.owner(t)
	user := "U" + who.ID
	if !slackUser(t) {
		user = "UB" + who.ID
	}
	scoped := func(out object) answer {
		return jsonAnswer(http.StatusOK, out).with("X-OAuth-Scopes", strings.Join(t.scopes, ","))
	}
	missing := func(scope string) answer {
		return scoped(object{"ok": false, "error": "missing_scope", "needed": scope, "provided": strings.Join(t.scopes, ",")})
	}
	switch method {
	case "auth.test":
		out := object{"ok": true, "url": "https://" + who.Username + ".slack.com/", "team": who.Name + "'s team", "team_id": "T" + who.ID, "user": who.Username, "user_id": user}
		if !slackUser(t) {
			out["user"], out["bot_id"] = "relink", "B"+who.ID
		}
		return scoped(out)
	case "auth.revoke":
		n.endToken(t, true)
		return scoped(object{"ok": true, "revoked": true})
	case "users.info":
		if !t.has("users:read") {
			return missing("users:read")
		}
		return scoped(object{"ok": true, "user": object{"id": user, "name": who.Username, "profile": object{"image_192": q.base + "/picture/" + user + ".png"}}})
	}
	channel, text := q.form.Get("channel"), q.form.Get("text")
	switch {
	case !t.has("chat:write"):
		return missing("chat:write")
	case text == "":
		return slackError("no_text")
	}
	for _, g := range who.Things[Slack] {
		if g.ID == channel || "#"+g.Username == channel {
			return scoped(object{"ok": true, "channel": g.ID, "ts": n.publish(q, g.ID, text, "")})
		}
	}
	return slackError("channel_not_found")
}
