package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// X is the platform's id.
const X = "x"

var xcom = &dialect{
	id: X, name: "X",
	hosts:  []string{"x.com", "api.x.com"},
	try:    []string{"/x.com/i/oauth2/authorize", "/api.x.com/2/users/me"},
	serve:  (*Network).xcom,
	prefix: "x_",
	life:   Lifetimes{Access: 2 * time.Hour, Refresh: 180 * day, Code: 30 * time.Second},
	rotate: true,
	// offline.access is what asks for a refresh token.
	refreshable: func(c *code) bool { return slices.Contains(c.scopes, "offline.access") },
	apps:        []App{practice, practicePublic},
	public:      true,
	auth:        authBasic | authNone,
	scopes: []string{
		"tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "users.email", "follows.read", "follows.write", "offline.access",
		"space.read", "mute.read", "mute.write", "like.read", "like.write", "list.read", "list.write", "block.read", "block.write",
		"bookmark.read", "bookmark.write", "dm.read", "dm.write", "media.write",
	},
	unknown:     unknownShown,
	pkce:        pkceRequired,
	redirect:    openRedirect,
	codeReuse:   true,
	tokenPaths:  []string{"/2/oauth2/token"},
	signInPaths: []string{"/i/oauth2/authorize"},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		out["token_type"] = "bearer"
		return jsonAnswer(http.StatusOK, out)
	},
	tokenError: xTokenError,
}

// xTokenError: X says invalid_request where RFC 6749 has invalid_grant.
func xTokenError(status int, code, text string) answer {
	switch code {
	case "invalid_grant":
		code, text = "invalid_request", "Value passed for the token was invalid."
	case "invalid_client":
		code, text = "unauthorized_client", "Missing valid authorization header"
	}
	return oauthError(status, code, text)
}

func (n *Network) xcom(q request) answer {
	switch q.host + q.path {
	case "x.com/i/oauth2/authorize":
		return n.authorize(q)
	case "api.x.com/2/oauth2/token":
		return n.xToken(q)
	case "api.x.com/2/oauth2/revoke":
		q.form = q.body
		a := n.revoke(q)
		if a.status == http.StatusOK {
			a = jsonAnswer(http.StatusOK, object{"revoked": true})
		}
		return a
	case "api.x.com/2/users/me":
		return n.xMe(q)
	case "api.x.com/2/tweets":
		return n.xPost(q)
	}
	return xProblem(http.StatusNotFound, "Not Found", "about:blank", "Not Found")
}

func xProblem(status int, title, kind, detail string) answer {
	return jsonAnswer(status, object{"title": title, "detail": detail, "type": kind, "status": status})
}

// xToken takes a form in the body; what is wrong with a code has X's own words.
func (n *Network) xToken(q request) answer {
	q.form = q.body
	if q.Method != http.MethodPost || !q.isForm() {
		return oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter [grant_type].")
	}
	if q.form.Get("grant_type") != "authorization_code" {
		return n.exchange(q)
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	c, problem := n.redeem(q, app.ClientID)
	switch problem {
	case "":
		return n.issue(q, c)
	case codeRedirect:
		return oauthError(http.StatusBadRequest, "invalid_request", "Value passed for the redirect uri did not match the uri of the authorization code.")
	case codePKCE:
		return oauthError(http.StatusBadRequest, "invalid_request", "Value passed for the code verifier did not match the code challenge.")
	}
	return oauthError(http.StatusBadRequest, "invalid_request", "Value passed for the authorization code was invalid.")
}

// xCaller finds whose token a request came with, and what it lacks.
func (n *Network) xCaller(q request, method string, scopes ...string) (*token, *answer) {
	t, problem := n.access(q, q.bearer())
	var bad answer
	switch {
	case problem != "":
		bad = xProblem(http.StatusUnauthorized, "Unauthorized", "about:blank", "Unauthorized")
	case q.Method != method:
		bad = xProblem(http.StatusMethodNotAllowed, "Method Not Allowed", "about:blank", "Method Not Allowed")
	case slices.ContainsFunc(scopes, func(s string) bool { return !t.has(s) }):
		bad = xProblem(http.StatusForbidden, "Forbidden", "about:blank", "The token lacks one of the scopes "+strings.Join(scopes, ", "))
	default:
		return t, nil
	}
	return nil, &bad
}

// xMe is billed at X; the log says how often it was asked.
func (n *Network) xMe(q request) answer {
	t, refused := n.xCaller(q, http.MethodGet, "tweet.read", "users.read")
	if refused != nil {
		return *refused
	}
	who := n.owner(t)
	out := object{"id": who.ID, "name": who.Name, "username": who.Username}
	for f := range strings.SplitSeq(q.query.Get("user.fields"), ",") {
		switch f {
		case "", "id", "name", "username":
		case "profile_image_url":
			out[f] = q.base + "/picture/" + who.ID + ".png"
		case "public_metrics":
			out[f] = object{"followers_count": 7}
		default:
			return xProblem(http.StatusBadRequest, "Invalid Request", "https://api.x.com/2/problems/invalid-request", "The user.fields query parameter value ["+f+"] is not one of those known")
		}
	}
	return jsonAnswer(http.StatusOK, object{"data": out})
}

func (n *Network) xPost(q request) answer {
	t, refused := n.xCaller(q, http.MethodPost, "tweet.read", "tweet.write", "users.read")
	if refused != nil {
		return *refused
	}
	var in struct{ Text string }
	if err := q.json(&in); err != nil || in.Text == "" {
		return xProblem(http.StatusBadRequest, "Invalid Request", "https://api.x.com/2/problems/invalid-request", "One or more parameters to your request was invalid.")
	}
	id := n.publish(q, t.key.person, in.Text, "")
	return jsonAnswer(http.StatusCreated, object{"data": object{"id": id, "text": in.Text}})
}
