package sandbox

import (
	"net/http"
	"strings"
)

// Pinterest is the platform's id.
const Pinterest = "pinterest"

var pinterest = &dialect{
	id: Pinterest, name: "Pinterest",
	hosts:      []string{"www.pinterest.com", "api.pinterest.com"},
	try:        []string{"/www.pinterest.com/oauth/", "/api.pinterest.com/v5/user_account"},
	serve:      (*Network).pinterest,
	prefix:     "pina_",
	life:       Lifetimes{Access: 30 * day, Refresh: 60 * day},
	rotate:     true,
	apps:       []App{practice},
	auth:       authBasic,
	separators: ",",
	scopes: []string{
		"user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write",
		"boards:read_secret", "boards:write_secret", "pins:read_secret", "pins:write_secret", "ads:read",
	},
	unknown:     unknownRefused,
	redirect:    exactRedirect,
	tokenPaths:  []string{"/v5/oauth/token"},
	signInPaths: []string{"www.pinterest.com/oauth/"},
	tokens: func(n *Network, q request, a, r *token) answer {
		// As for an app made before 25 September 2025: continuous refresh must be
		// asked for, and the older kind is not given any more.
		if q.form.Get("grant_type") == "authorization_code" && q.form.Get("continuous_refresh") != "true" {
			r = nil
		}
		out := n.tokenObject(q, a, r)
		n.putLife(q, out, "refresh_token_expires_in", r)
		if r != nil && !r.expires.IsZero() && !n.of(Pinterest).life.Silent {
			out["refresh_token_expires_at"] = r.expires.Unix()
		}
		out["token_type"], out["response_type"] = "bearer", q.form.Get("grant_type")
		return jsonAnswer(http.StatusOK, out)
	},
	tokenError: func(status int, code, text string) answer {
		switch code {
		case "invalid_client":
			return pinterestError(http.StatusUnauthorized, 2, "Authentication failed.")
		case "invalid_grant":
			return pinterestError(http.StatusBadRequest, 283, "The authorization grant is invalid: "+text)
		}
		return pinterestError(status, 1, text)
	},
}

// pinterestError has the shape of the specification; the numbers are what the API is known to answer.
func pinterestError(status, code int, text string) answer {
	return jsonAnswer(status, object{"code": code, "message": text})
}

// pinterest serves www.pinterest.com (sign-in) and api.pinterest.com.
func (n *Network) pinterest(q request) answer {
	switch q.host + q.path {
	case "www.pinterest.com/oauth/":
		return n.authorize(q)
	case "api.pinterest.com/v5/oauth/token":
		if q.form = q.body; !q.isForm() {
			return pinterestError(http.StatusBadRequest, 1, "the body is not a form")
		}
		return n.exchange(q)
	case "api.pinterest.com/v5/oauth/token/revoke":
		q.form = q.body
		return n.revoke(q)
	case "api.pinterest.com/v5/user_account":
		return n.pinterestUser(q)
	}
	return pinterestError(http.StatusNotFound, 50, "Not found")
}

func (n *Network) pinterestUser(q request) answer {
	t, problem := n.access(q, q.bearer())
	switch {
	case q.Method != http.MethodGet:
		return methodNotAllowed(http.MethodGet)
	case problem != "":
		return pinterestError(http.StatusUnauthorized, 2, "Authentication failed.")
	case !t.has("user_accounts:read"):
		return pinterestError(http.StatusForbidden, 3, "Authorization failed.")
	}
	who := n.owner(t)
	return jsonAnswer(http.StatusOK, object{
		"id": who.ID, "username": strings.ReplaceAll(who.Username, "-", ""), "business_name": who.Name, "account_type": "BUSINESS",
		"profile_image": q.base + "/picture/" + who.ID + ".png", "follower_count": 12, "monthly_views": 345,
	})
}
