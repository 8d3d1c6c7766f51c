package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// oauthError is the error of RFC 6749, section 5.2.
func oauthError(status int, code, text string) answer {
	return jsonAnswer(status, object{"error": code, "error_description": text})
}

// exchange is a token endpoint as RFC 6749 has it.
func (n *Network) exchange(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	switch grant := q.form.Get("grant_type"); grant {
	case "authorization_code":
		c, problem := n.redeem(q, app.ClientID)
		if problem == "" && c.challenge == "" && q.dialect.pkce != pkceIgnored && q.unproven(app) {
			problem = codePKCE
		}
		if problem != "" {
			return q.fail(http.StatusBadRequest, "invalid_grant", "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.")
		}
		return n.issue(q, c)
	case "refresh_token":
		return n.refresh(q, app)
	case "":
		return q.fail(http.StatusBadRequest, "invalid_request", "Missing required parameter: grant_type.")
	case deviceGrant:
		if !slices.Contains(q.dialect.grants, grant) {
			break
		}
		c, problem := n.devicePoll(q, app, q.form.Get("device_code"))
		if problem != "" {
			return q.fail(http.StatusBadRequest, string(problem), "The device is not connected: "+string(problem)+".")
		}
		return n.issue(q, c)
	}
	return q.fail(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
}

// claims are what userinfo tells of a person, by scope (OpenID Connect Core, section 5.4).
func (n *Network) claims(q request, t *token) object {
	who, _ := n.person(t.key.person)
	out := object{"sub": who.ID}
	if t.has("profile") {
		out["name"], out["picture"] = who.Name, q.base+"/picture/"+who.ID+".svg"
	}
	if t.has("email") {
		out["email"], out["email_verified"] = who.Username+"@people.example", true
	}
	return out
}

// issue answers a code with tokens.
func (n *Network) issue(q request, c *code) answer {
	a, r := n.tokensFor(q, c)
	return n.tokenAnswer(q, a, r)
}

// tokensFor makes the tokens a code is good for; r is nil where no refresh token is given.
func (n *Network) tokensFor(q request, c *code) (a, r *token) {
	d, s := q.dialect, n.of(q.platform)
	base := token{key: c.key, page: c.page, scopes: c.scopes, family: c.issued, authed: c.granted, nonce: c.nonce, params: c.params}
	access := base
	access.kind = KindAccess
	a = n.mint(access, q.now, s.life.Access)
	if s.life.Refresh != None && (d.refreshable == nil || d.refreshable(c)) {
		refresh := base
		refresh.kind = KindRefresh
		r = n.mint(refresh, q.now, s.life.Refresh)
		if d.consentClock && c.granted.Before(q.now) {
			r.expires = end(c.granted, s.life.Refresh)
		}
	}
	return a, r
}

// refreshProblem is why a refresh token gives nothing; empty when it does.
type refreshProblem string

const (
	refreshUnknown refreshProblem = "unknown" // or another client's
	refreshUsed    refreshProblem = "used"    // a newer one took its place; the whole grant is over now
	refreshRevoked refreshProblem = "revoked"
	refreshExpired refreshProblem = "expired"
	refreshScope   refreshProblem = "scope" // asks for more than was granted
)

// renew makes new tokens for the refresh token in the form. Where the platform
// rotates, r is new and the old one is dead; elsewhere r is the old one.
func (n *Network) renew(q request, app *app) (a, r *token, problem refreshProblem) {
	d, s := q.dialect, n.of(q.platform)
	old := n.find(q, q.form.Get("refresh_token"))
	if old == nil || old.kind != KindRefresh || old.key.client != app.ClientID {
		return nil, nil, refreshUnknown
	}
	if !old.rotated.IsZero() && q.now.Sub(old.rotated) >= d.grace {
		// RFC 9700 section 4.14.2: two parties hold it, so nobody may use the rest.
		if old.family.revoked == "" {
			old.family.revoked = "refresh token used twice"
		}
		return nil, nil, refreshUsed
	}
	switch {
	case old.dead() != "":
		return nil, nil, refreshRevoked
	case old.expired(q.now):
		return nil, nil, refreshExpired
	}
	scopes := old.scopes
	if asked := strings.Fields(q.form.Get("scope")); len(asked) > 0 {
		for _, scope := range asked {
			if !old.has(scope) {
				return nil, nil, refreshScope
			}
		}
		scopes = asked
	}
	life := s.life.Access
	if !old.expires.IsZero() && d.consentClock {
		// A refresh token near its end gives access tokens that end with it.
		if left := old.expires.Sub(q.now); life < 0 || left < life {
			life = left
		}
	}
	base := token{key: old.key, page: old.page, scopes: scopes, family: old.family, authed: old.authed, nonce: old.nonce, params: old.params}
	access := base
	access.kind = KindAccess
	a = n.mint(access, q.now, life)
	r = old
	if s.rotate {
		if old.rotated.IsZero() {
			old.rotated = q.now
		}
		refresh := base
		refresh.kind, refresh.scopes = KindRefresh, old.scopes
		r = n.mint(refresh, q.now, s.life.Refresh)
		if d.consentClock {
			r.expires = old.expires
		}
	}
	return a, r, ""
}

// refresh answers a refresh token with new tokens.
func (n *Network) refresh(q request, app *app) answer {
	a, r, problem := n.renew(q, app)
	switch problem {
	case "":
		return n.tokenAnswer(q, a, r)
	case refreshScope:
		return q.fail(http.StatusBadRequest, "invalid_scope", "more than was granted")
	}
	return q.fail(http.StatusBadRequest, "invalid_grant", "The provided authorization grant or refresh token is invalid, expired or revoked.")
}

// tokenAnswer is the dialect's answer with tokens in it.
func (n *Network) tokenAnswer(q request, a, r *token) answer {
	if q.dialect.tokens != nil {
		return q.dialect.tokens(n, q, a, r)
	}
	return jsonAnswer(http.StatusOK, n.tokenObject(q, a, r))
}

// tokenObject is the answer of RFC 6749, section 5.1, for dialects to add to.
func (n *Network) tokenObject(q request, a, r *token) object {
	out := object{"access_token": a.value, "token_type": "Bearer", "scope": strings.Join(a.scopes, " ")}
	n.putLife(q, out, "expires_in", a)
	if r != nil {
		out["refresh_token"] = r.value
	}
	return out
}

// putLife adds the seconds a token has left, unless it has no end, is nil or the
// platform was told to be silent.
func (n *Network) putLife(q request, out object, name string, t *token) {
	if t != nil && !n.of(q.platform).life.Silent && !t.expires.IsZero() {
		out[name] = seconds(t.expires.Sub(q.now).Round(time.Second))
	}
}
