package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Google's OAuth, which YouTube and Google Business Profile share. A request to
// one of its hosts belongs to the platform its code, token or scopes are of.
const (
	googleAuthHost     = "accounts.google.com"
	googleTokenHost    = "oauth2.googleapis.com"
	googleUserInfoHost = "openidconnect.googleapis.com"

	googleScope = "https://www.googleapis.com/auth/"
)

// googleDialect makes a platform's dialect of what is Google's and what is its own.
func googleDialect(id, name string, serve func(n *Network, q request) answer, own dialect) *dialect {
	d := own
	d.id, d.name, d.serve = id, name, func(n *Network, q request) answer { return n.google(q, serve) }
	// YouTube lists the hosts that are both's; share tells them apart.
	d.share = (*Network).googleShare
	d.prefix = "ya29."
	d.life = Lifetimes{Access: time.Hour, Refresh: Never}
	d.apps = []App{practice}
	d.auth = authBody // the secret of a desktop client is none, but must be sent
	d.scopes = append([]string{"openid", "profile", "email", googleScope + "userinfo.profile", googleScope + "userinfo.email"}, own.scopes...)
	d.unknown = unknownShown
	d.pkce = pkceOptional
	d.redirect = desktopRedirect
	d.tokenPaths = []string{googleTokenHost + "/token"}
	d.signInPaths = []string{"/o/oauth2/v2/auth"}
	d.tokens = (*Network).googleTokens
	return &d
}

func (n *Network) googleShare(q request) *dialect {
	for _, key := range []string{"code", "refresh_token", "token", "access_token"} {
		if c := n.codes[q.form.Get(key)]; c != nil {
			return dialectOf(c.key.platform)
		}
		if t := n.tokens[q.form.Get(key)]; t != nil {
			return dialectOf(t.key.platform)
		}
	}
	if t := n.tokens[q.bearer()]; t != nil && q.host == googleUserInfoHost {
		return dialectOf(t.key.platform)
	}
	if strings.HasPrefix(q.host, "mybusiness") || strings.Contains(strings.Join(q.form["scope"], " "), "business.manage") {
		return dialectOf(GoogleBusiness)
	}
	return dialectOf(YouTube)
}

// google serves the OAuth hosts; what is not theirs is the platform's API.
func (n *Network) google(q request, api func(n *Network, q request) answer) answer {
	switch q.host + q.path {
	case googleAuthHost + "/o/oauth2/v2/auth":
		return n.authorize(q)
	case googleTokenHost + "/token":
		return n.googleToken(q)
	case googleTokenHost + "/tokeninfo":
		return n.googleTokenInfo(q)
	case googleTokenHost + "/revoke":
		return n.googleRevoke(q)
	case googleUserInfoHost + "/v1/userinfo":
		return n.googleUserInfo(q)
	}
	return api(n, q)
}

// googleUnused is how long a refresh token may go unused.
const googleUnused = 183 * day

func (n *Network) googleToken(q request) answer {
	q.form = q.body
	if !q.isForm() {
		return oauthError(http.StatusBadRequest, "invalid_request", "the body is not a form")
	}
	if t := n.find(q, q.form.Get("refresh_token")); t != nil && t.dead() == "" {
		last := t.issued
		for _, other := range n.order {
			if other.family == t.family && other.issued.After(last) {
				last = other.issued
			}
		}
		if q.now.Sub(last) >= googleUnused {
			t.revoked = "unused"
		}
	}
	return n.exchange(q)
}

// googleTokens gives a refresh token only for access_type=offline, and to who
// consented before only with prompt=consent. Its scope names are the long ones.
func (n *Network) googleTokens(q request, a, r *token) answer {
	if q.form.Get("grant_type") == "authorization_code" && r != nil {
		again := slices.ContainsFunc(n.order, func(t *token) bool { return t.key == a.key && t.family != a.family })
		prompted := slices.Contains(strings.Fields(a.params.Get("prompt")), "consent")
		if a.params.Get("access_type") != "offline" || again && !prompted {
			r = nil
		}
	}
	shown := r
	if q.form.Get("grant_type") == "refresh_token" {
		shown = nil // it stays the same and is not said again
	}
	out := n.tokenObject(q, a, shown)
	// Told where the refresh token has an end: projects in testing, time-limited access.
	n.putLife(q, out, "refresh_token_expires_in", r)
	out["scope"] = googleScopes(a)
	if a.has("openid") {
		q.issuer = "https://" + googleAuthHost
		out["id_token"] = n.idToken(q, a)
	}
	return jsonAnswer(http.StatusOK, out)
}

func googleScopes(t *token) string {
	var out []string
	for _, s := range t.scopes {
		if s == "profile" || s == "email" {
			s = googleScope + "userinfo." + s
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func (n *Network) googleTokenInfo(q request) answer {
	t, problem := n.access(q, q.form.Get("access_token"))
	if problem != "" {
		return oauthError(http.StatusBadRequest, "invalid_token", "Invalid Value")
	}
	out := object{"azp": t.key.client, "aud": t.key.client, "scope": googleScopes(t), "access_type": "offline"}
	if t.has("openid") {
		out["sub"] = t.key.person
	}
	if !t.expires.IsZero() && !n.of(q.platform).life.SilentIntrospection {
		out["exp"] = strconv.FormatInt(t.expires.Unix(), 10)
		out["expires_in"] = strconv.FormatInt(int64(t.expires.Sub(q.now)/time.Second), 10)
	}
	return jsonAnswer(http.StatusOK, out)
}

// googleRevoke ends the whole consent of a person to a client.
func (n *Network) googleRevoke(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	t := n.find(q, q.form.Get("token"))
	if t == nil || !t.alive(q.now) {
		return oauthError(http.StatusBadRequest, "invalid_token", "Token expired or revoked")
	}
	for _, other := range n.order {
		if other.key.client == t.key.client && other.key.person == t.key.person && n.of(other.key.platform).dialect.share != nil && other.revoked == "" {
			other.revoked = revokedByApp
		}
	}
	return jsonAnswer(http.StatusOK, object{})
}

func (n *Network) googleUserInfo(q request) answer {
	t, problem := n.access(q, q.bearer())
	if problem != "" || !t.has("openid") {
		return oauthError(http.StatusUnauthorized, "invalid_request", "Invalid Credentials")
	}
	return jsonAnswer(http.StatusOK, n.claims(q, t))
}

// googleError is the error of an API.
func googleError(status int, word, reason, text string) answer {
	e := object{"code": status, "message": text, "status": word, "errors": []object{{"message": text, "domain": "global", "reason": reason}}}
	if reason == "insufficientPermissions" {
		e["details"] = []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"}}
	}
	return jsonAnswer(status, object{"error": e})
}

// googleCaller finds who asks an API, with one of the scopes.
func (n *Network) googleCaller(q request, scopes ...string) (*token, *answer) {
	t, problem := n.access(q, q.bearer())
	var bad answer
	switch {
	case q.Method != http.MethodGet:
		bad = methodNotAllowed(http.MethodGet)
	case problem == tokenMissing:
		bad = googleError(http.StatusUnauthorized, "UNAUTHENTICATED", "required", "Login Required.")
	case problem != "":
		bad = googleError(http.StatusUnauthorized, "UNAUTHENTICATED", "authError", "Request had invalid authentication credentials.")
	case !slices.ContainsFunc(scopes, func(s string) bool { return t.has(googleScope + s) }):
		bad = googleError(http.StatusForbidden, "PERMISSION_DENIED", "insufficientPermissions", "Request had insufficient authentication scopes.")
	default:
		return t, nil
	}
	return nil, &bad
}
