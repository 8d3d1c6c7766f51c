package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// TikTok is the platform's id.
const TikTok = "tiktok"

var tiktok = &dialect{
	id: TikTok, name: "TikTok",
	hosts:  []string{"www.tiktok.com", "open.tiktokapis.com"},
	try:    []string{"/www.tiktok.com/v2/auth/authorize/", "/open.tiktokapis.com/v2/user/info/"},
	serve:  (*Network).tiktok,
	prefix: "act.",
	// The newer of two dated copies of the documentation.
	life:   Lifetimes{Access: 2 * time.Hour, Refresh: 180 * day},
	rotate: true,
	apps:   []App{practice},
	auth:   authBody, clientKey: "client_key",
	scopes:     []string{"user.info.basic", "user.info.profile", "user.info.stats", "video.list", "video.publish", "video.upload"},
	separators: ",",
	unknown: func(a authorization, q request, _ string) answer {
		return a.fail(q, "invalid_scope", "The scope is not one of this app's")
	},
	pkce: pkceHex,
	// The Desktop client; one of the type Web takes https addresses only.
	redirect: wildcardRedirect,
	// Codes hold characters that an address must escape: to be sent on they must
	// be decoded first.
	with: func(n *Network, _ request, c *code, v url.Values) {
		delete(n.codes, c.value)
		c.value += "*0!4711.u1"
		n.codes[c.value] = c
		v.Set("code", c.value)
		v.Set("scopes", strings.Join(c.scopes, ","))
	},
	tokenPaths:  []string{"/v2/oauth/token/"},
	signInPaths: []string{"/v2/auth/authorize/"},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		n.putLife(q, out, "refresh_expires_in", r)
		out["scope"], out["open_id"] = strings.Join(a.scopes, ","), openID(a)
		return jsonAnswer(http.StatusOK, out)
	},
	// Errors are flat, and most come with the status 200: not documented.
	tokenError: func(status int, code, text string) answer {
		if code != "invalid_grant" {
			status = http.StatusOK
		}
		return jsonAnswer(status, object{"error": code, "error_description": text, "log_id": "20261124120000"})
	},
}

// openID is a person's id for one app.
func openID(t *token) string { return "-000" + t.key.person }

// tiktok serves www.tiktok.com (sign-in) and open.tiktokapis.com.
func (n *Network) tiktok(q request) answer {
	switch q.host + q.path {
	case "www.tiktok.com/v2/auth/authorize/":
		return n.authorize(q)
	case "open.tiktokapis.com/v2/oauth/token/":
		q.form = q.body
		if !q.isForm() {
			return q.fail(http.StatusBadRequest, "invalid_request", "Only `application/x-www-form-urlencoded` is supported as Content-Type.")
		}
		return n.exchange(q)
	case "open.tiktokapis.com/v2/oauth/revoke/":
		return n.tiktokRevoke(q)
	case "open.tiktokapis.com/v2/user/info/":
		return n.tiktokUser(q)
	}
	return tiktokError(http.StatusNotFound, "invalid_params", "The requested resource is not found")
}

func tiktokError(status int, code, text string) answer {
	return jsonAnswer(status, object{"data": object{}, "error": object{"code": code, "message": text, "log_id": "20261124120000"}})
}

// tiktokRevoke ends everything that came from the sign-in.
func (n *Network) tiktokRevoke(q request) answer {
	q.form = q.body
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	t := n.find(q, q.form.Get("token"))
	if t == nil || t.kind != KindAccess || t.key.client != app.ClientID {
		return q.fail(http.StatusBadRequest, "invalid_request", "The token is not one of this client's")
	}
	n.endToken(t, true)
	return answer{status: http.StatusOK}
}

// tiktokFields are those of a user, with the scope each needs.
var tiktokFields = map[string]string{
	"open_id": "user.info.basic", "union_id": "user.info.basic", "avatar_url": "user.info.basic", "display_name": "user.info.basic",
	"username": "user.info.profile", "follower_count": "user.info.stats", "likes_count": "user.info.stats", "video_count": "user.info.stats",
}

func (n *Network) tiktokUser(q request) answer {
	if q.Method != http.MethodGet {
		return methodNotAllowed(http.MethodGet)
	}
	t, problem := n.access(q, q.bearer())
	if problem != "" {
		return tiktokError(http.StatusUnauthorized, "access_token_invalid", "The access token is invalid or not found in the request.")
	}
	who := n.owner(t)
	all := object{
		"open_id": openID(t), "union_id": "u" + openID(t), "avatar_url": q.base + "/picture/" + who.ID + ".png", "display_name": who.Name,
		"username": who.Username, "follower_count": 12, "likes_count": 34, "video_count": 5,
	}
	user := object{}
	for _, f := range strings.Split(q.query.Get("fields"), ",") {
		scope, known := tiktokFields[f]
		switch {
		case !known:
			return tiktokError(http.StatusBadRequest, "invalid_params", "The fields parameter is missing or holds one that is not known")
		case !slices.Contains(t.scopes, scope):
			return tiktokError(http.StatusUnauthorized, "scope_not_authorized", "The user did not authorize the scope required for completing this request.")
		}
		user[f] = all[f]
	}
	return jsonAnswer(http.StatusOK, object{"data": object{"user": user}, "error": object{"code": "ok", "message": "", "log_id": "20261124120000"}})
}
