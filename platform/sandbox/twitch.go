package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Twitch is the platform's id.
const Twitch = "twitch"

var twitch = &dialect{
	id: Twitch, name: "Twitch",
	hosts: []string{"id.twitch.tv", "api.twitch.tv", "www.twitch.tv"},
	try:   []string{"/id.twitch.tv/oauth2/device", "/www.twitch.tv/activate", "/api.twitch.tv/helix/users"},
	serve: (*Network).twitch,
	// The life of a refresh token is what is said of public clients; Twitch does not write it down.
	life: Lifetimes{Access: 4 * time.Hour, Refresh: 30 * day}, rotate: true,
	apps: []App{practice, practicePublic}, public: true, auth: authBody | authNone,
	scopes: []string{
		"user:write:chat", "user:read:chat", "moderator:read:followers", "moderator:manage:announcements", "channel:manage:broadcast", "user:read:email",
	},
	redirect:   localhostRedirect,
	tokenPaths: []string{"/oauth2/token"}, signInPaths: []string{"/oauth2/authorize", "/activate"}, grants: []string{deviceGrant},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		out["scope"], out["token_type"] = a.scopes, "bearer"
		return jsonAnswer(http.StatusOK, out)
	},
	// What the token endpoint says is a sentence, without a code.
	tokenError: func(status int, code, _ string) answer {
		switch code {
		case "invalid_client":
			return twitchError(http.StatusBadRequest, "invalid client")
		case "unsupported_grant_type":
			return twitchError(http.StatusBadRequest, "invalid grant type")
		case string(devicePending), string(deviceSlow), string(deviceDenied):
			return twitchError(http.StatusBadRequest, code)
		case string(deviceExpired):
			return twitchError(http.StatusBadRequest, "invalid device code")
		}
		return twitchError(status, code)
	},
}

func twitchError(status int, message string) answer {
	return jsonAnswer(status, object{"status": status, "message": message})
}

// twitch serves id.twitch.tv (tokens), www.twitch.tv (where codes are typed) and api.twitch.tv.
func (n *Network) twitch(q request) answer {
	switch q.host + q.path {
	case "id.twitch.tv/oauth2/authorize":
		return n.authorize(q)
	case "id.twitch.tv/oauth2/device":
		return n.twitchDevice(q)
	case "www.twitch.tv/activate":
		return n.devicePage(q)
	case "id.twitch.tv/oauth2/token":
		return n.twitchToken(q)
	case "id.twitch.tv/oauth2/validate":
		return n.twitchValidate(q)
	case "id.twitch.tv/oauth2/revoke":
		return n.twitchRevoke(q)
	case "api.twitch.tv/helix/users":
		return n.twitchUsers(q)
	case "api.twitch.tv/helix/chat/messages":
		return n.twitchChat(q)
	}
	return jsonAnswer(http.StatusNotFound, object{"error": "Not Found", "status": 404, "message": ""})
}

func (n *Network) twitchDevice(q request) answer {
	app, ok := n.app(q, q.form.Get("client_id"))
	switch {
	case q.Method != http.MethodPost:
		return methodNotAllowed(http.MethodPost)
	case !ok:
		return twitchError(http.StatusBadRequest, "invalid client")
	case !q.form.Has("scopes"):
		return twitchError(http.StatusBadRequest, "missing scopes") // its name is not "scope"
	}
	scopes := strings.Fields(q.form.Get("scopes"))
	for _, s := range scopes {
		if !q.dialect.knows(app, s) {
			return twitchError(http.StatusBadRequest, "invalid scope requested: '"+s+"'")
		}
	}
	out := n.deviceStart(q, app, scopes, "http://"+q.Host+"/www.twitch.tv/activate")
	// There is one address, with the code in it.
	out["verification_uri"] = "http://" + q.Host + "/www.twitch.tv/activate?public=true&device-code=" + out["user_code"].(string)
	delete(out, "verification_uri_complete")
	return jsonAnswer(http.StatusOK, out)
}

func (n *Network) twitchToken(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	switch q.form.Get("grant_type") {
	case deviceGrant:
		if !q.form.Has("scopes") {
			return twitchError(http.StatusBadRequest, "missing scopes")
		}
		c, problem := n.devicePoll(q, app, q.form.Get("device_code"))
		switch problem {
		case "":
			return n.issue(q, c)
		case deviceUnknown, deviceExpired:
			return twitchError(http.StatusBadRequest, "invalid device code")
		}
		return twitchError(http.StatusBadRequest, string(problem))
	case "refresh_token":
		a, r, problem := n.renew(q, app)
		if problem != "" {
			return jsonAnswer(http.StatusBadRequest, object{"error": "Bad Request", "status": 400, "message": "Invalid refresh token"})
		}
		return n.tokenAnswer(q, a, r)
	case "authorization_code":
		c, problem := n.redeem(q, app.ClientID)
		switch {
		case problem != "":
			return twitchError(http.StatusBadRequest, "Invalid authorization code")
		case app.Public:
			return twitchError(http.StatusBadRequest, "missing client secret") // PKCE is not documented
		}
		return n.issue(q, c)
	}
	return twitchError(http.StatusBadRequest, "invalid grant type")
}

// twitchValidate takes the scheme OAuth; Bearer is taken as well, which is not written down.
func (n *Network) twitchValidate(q request) answer {
	value := q.credential("OAuth")
	if value == "" {
		value = q.bearer()
	}
	t, problem := n.access(q, value)
	switch problem {
	case "":
	case tokenMissing:
		return twitchError(http.StatusUnauthorized, "missing authorization token")
	default:
		return twitchError(http.StatusUnauthorized, "invalid access token")
	}
	who := n.owner(t)
	out := object{"client_id": t.key.client, "login": who.Username, "user_id": who.ID, "scopes": t.scopes}
	if !n.of(Twitch).life.SilentIntrospection {
		out["expires_in"] = 0 // what is said of tokens without an end
		if !t.expires.IsZero() {
			out["expires_in"] = seconds(t.expires.Sub(q.now))
		}
	}
	return jsonAnswer(http.StatusOK, out)
}

func (n *Network) twitchRevoke(q request) answer {
	t := n.find(q, q.form.Get("token"))
	switch {
	case q.Method != http.MethodPost:
		return methodNotAllowed(http.MethodPost)
	case q.form.Get("client_id") == "":
		return twitchError(http.StatusBadRequest, "missing client id")
	case t == nil || t.key.client != q.form.Get("client_id"):
		return twitchError(http.StatusBadRequest, "Invalid token")
	}
	// The refresh token of a revoked access token: not written down, taken to end with it.
	n.endToken(t, true)
	return answer{status: http.StatusOK}
}

// twitchCaller finds who asks the API; the client id must be the token's.
func (n *Network) twitchCaller(q request) (*token, *answer) {
	refuse := func(message string) (*token, *answer) {
		a := jsonAnswer(http.StatusUnauthorized, object{"error": "Unauthorized", "status": 401, "message": message})
		return nil, &a
	}
	t, problem := n.access(q, q.bearer())
	id := q.Header.Get("Client-Id")
	switch {
	case problem == tokenMissing:
		return refuse("OAuth token is missing")
	case id == "":
		return refuse("Client ID is missing")
	case problem != "":
		return refuse("Invalid OAuth token")
	case id != t.key.client:
		return refuse("Client ID and OAuth token do not match")
	}
	return t, nil
}

func (n *Network) twitchUsers(q request) answer {
	t, refused := n.twitchCaller(q)
	if refused != nil {
		return *refused
	}
	who := n.owner(t)
	return jsonAnswer(http.StatusOK, object{"data": []object{{
		"id": who.ID, "login": who.Username, "display_name": who.Name, "profile_image_url": q.base + "/picture/" + who.ID + ".png",
	}}})
}

func (n *Network) twitchChat(q request) answer {
	t, refused := n.twitchCaller(q)
	text := q.body.Get("message")
	switch {
	case refused != nil:
		return *refused
	case q.Method != http.MethodPost:
		return methodNotAllowed(http.MethodPost)
	case !slices.Contains(t.scopes, "user:write:chat"):
		return jsonAnswer(http.StatusUnauthorized, object{"error": "Unauthorized", "status": 401, "message": "Missing scope: user:write:chat"})
	case text == "" || len([]rune(text)) > 500:
		return jsonAnswer(http.StatusBadRequest, object{"error": "Bad Request", "status": 400, "message": "The message is empty or too long"})
	}
	return jsonAnswer(http.StatusOK, object{"data": []object{{"message_id": n.publish(q, t.key.person, text, ""), "is_sent": true}}})
}
