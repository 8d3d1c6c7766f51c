package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// oauthError is the error of RFC 6749, section 5.2.
func oauthError(status int, code, text string) answer {
	return jsonAnswer(status, object{"error": code, "error_description": text})
}

// client authenticates whoever calls a token, revocation or introspection
// endpoint (RFC 6749, section 2.3): Basic or in the body, never both; a public
// client by its id alone.
func (n *Network) client(q request) (*app, *answer) {
	refuse := func(text string) (*app, *answer) {
		a := oauthError(http.StatusUnauthorized, "invalid_client", text).with("WWW-Authenticate", `Basic realm="practice"`)
		return nil, &a
	}
	id, secret := q.form.Get("client_id"), q.form.Get("client_secret")
	_, _, basic := q.BasicAuth()
	if basic {
		user, pass, _ := q.BasicAuth()
		// Section 2.3.1: both were form-encoded before they were joined.
		name, err1 := url.QueryUnescape(user)
		word, err2 := url.QueryUnescape(pass)
		if err1 != nil || err2 != nil || word == "" {
			return refuse("the Basic credentials are not a client id and secret")
		}
		if secret != "" || id != "" && id != name {
			a := oauthError(http.StatusBadRequest, "invalid_request", "more than one way of client authentication")
			return nil, &a
		}
		id, secret = name, word
	}
	app, ok := n.app(q, id)
	switch {
	case !ok:
		return refuse("Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	case app.Public && secret != "":
		return refuse("a public client has no secret")
	case app.Public, secret == "" && !app.registered:
		return app, nil
	case !app.secretOK(secret):
		return refuse("Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	}
	return app, nil
}

// exchange is the token endpoint of Mastodon and the issuer.
func (n *Network) exchange(q request, issuer string) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	switch q.form.Get("grant_type") {
	case "authorization_code":
		c, problem := n.redeem(q, app.ClientID)
		if problem == "" && c.challenge == "" && (app.Public || !app.registered && q.form.Get("client_secret") == "" && q.Header.Get("Authorization") == "") {
			problem = codePKCE
		}
		if problem != "" {
			return oauthError(http.StatusBadRequest, "invalid_grant", "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.")
		}
		return n.issue(q, c, issuer)
	case "refresh_token":
		return n.refresh(q, app, issuer)
	case "":
		return oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: grant_type.")
	}
	return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
}

// claims are what userinfo tells of a person, by scope (OpenID Connect Core, section 5.4).
func (n *Network) claims(q request, t *token) object {
	who, _ := n.person(t.key.person)
	out := object{"sub": who.ID}
	if t.has("profile") {
		out["name"], out["picture"] = who.Name, q.base+"/picture/"+who.ID+".svg"
		if q.platform == OIDC {
			out["preferred_username"], out["updated_at"] = who.Username, t.authed.Unix()
		}
	}
	if t.has("email") {
		out["email"], out["email_verified"] = who.Username+"@people.example", true
	}
	return out
}

// issue answers a code with tokens, for every platform but Facebook.
func (n *Network) issue(q request, c *code, issuer string) answer {
	s := n.of(q.platform)
	base := token{key: c.key, scopes: c.scopes, family: c.issued, authed: c.granted, nonce: c.nonce}
	access := base
	access.kind = KindAccess
	a := n.mint(access, q.now, s.life.Access)
	var r *token
	// OpenID Connect Core section 11: offline_access is what asks for a refresh token.
	if s.life.Refresh != None && (q.platform != OIDC || slices.Contains(c.scopes, "offline_access")) {
		refresh := base
		refresh.kind = KindRefresh
		r = n.mint(refresh, q.now, s.life.Refresh)
		if q.platform == LinkedIn && c.granted.Before(q.now) {
			r.expires = end(c.granted, s.life.Refresh) // the clock starts at the consent
		}
	}
	return n.tokenAnswer(q, a, r, issuer)
}

// refresh answers a refresh token with a new access token, and where the
// platform rotates, with a new refresh token that kills the old one.
func (n *Network) refresh(q request, app *app, issuer string) answer {
	s := n.of(q.platform)
	old := n.find(q, q.form.Get("refresh_token"))
	refused := oauthError(http.StatusBadRequest, "invalid_grant", "The provided authorization grant or refresh token is invalid, expired or revoked.")
	if old == nil || old.kind != KindRefresh || old.key.client != app.ClientID {
		return refused
	}
	if !old.rotated.IsZero() {
		// RFC 9700 section 4.14.2: two parties hold it, so nobody may use the rest.
		old.family.revoked = "refresh token used twice"
		return refused
	}
	if !old.alive(q.now) {
		return refused
	}
	scopes := old.scopes
	if asked := strings.Fields(q.form.Get("scope")); len(asked) > 0 {
		for _, scope := range asked {
			if !old.has(scope) {
				return oauthError(http.StatusBadRequest, "invalid_scope", "more than was granted")
			}
		}
		scopes = asked
	}
	life := s.life.Access
	if !old.expires.IsZero() && q.platform == LinkedIn {
		// A refresh token near its end gives access tokens that end with it.
		if left := old.expires.Sub(q.now); life < 0 || left < life {
			life = left
		}
	}
	a := n.mint(token{kind: KindAccess, key: old.key, scopes: scopes, family: old.family, authed: old.authed, nonce: old.nonce}, q.now, life)
	r := old
	if s.rotate {
		old.rotated = q.now
		r = n.mint(token{kind: KindRefresh, key: old.key, scopes: old.scopes, family: old.family, authed: old.authed, nonce: old.nonce}, q.now, s.life.Refresh)
	}
	return n.tokenAnswer(q, a, r, issuer)
}

// tokenAnswer is the answer of RFC 6749, section 5.1, with each platform's extras.
func (n *Network) tokenAnswer(q request, a, r *token, issuer string) answer {
	s := n.of(q.platform)
	out := object{"access_token": a.value, "token_type": "Bearer", "scope": strings.Join(a.scopes, " ")}
	life := func(name string, t *token) {
		if !s.life.Silent && !t.expires.IsZero() {
			out[name] = seconds(t.expires.Sub(q.now).Round(time.Second))
		}
	}
	life("expires_in", a)
	if r != nil {
		out["refresh_token"] = r.value
		switch q.platform {
		case LinkedIn:
			life("refresh_token_expires_in", r)
		case OIDC:
			life("refresh_expires_in", r)
		}
	}
	switch q.platform {
	case LinkedIn:
		out["scope"] = strings.Join(a.scopes, ",")
	case Mastodon:
		out["created_at"] = a.issued.Unix()
	}
	if q.platform == OIDC && a.has("openid") {
		out["id_token"] = n.idToken(q, a, issuer)
	}
	return jsonAnswer(http.StatusOK, out)
}
