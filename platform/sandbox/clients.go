package sandbox

import (
	"net/http"
	"net/url"
)

// clientAuth is a set of ways a client proves itself (RFC 6749, section 2.3).
type clientAuth uint8

const (
	// authBasic takes id and secret in the Authorization header.
	authBasic clientAuth = 1 << iota
	// authBody takes them in the form.
	authBody
	// authNone takes a public client by its id alone; such a client must use PKCE.
	authNone
	// authEmptyPassword takes a public client by Basic with an empty password (Reddit).
	authEmptyPassword
)

// client authenticates whoever calls a token, revocation or introspection
// endpoint in the ways the dialect allows, and in one of them only.
func (n *Network) client(q request) (*app, *answer) {
	refuse := func(text string) (*app, *answer) {
		a := q.fail(http.StatusUnauthorized, "invalid_client", text).with("WWW-Authenticate", `Basic realm="practice"`)
		return nil, &a
	}
	const failed = "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."
	d := q.dialect
	id, secret := d.clientID(q.form), q.form.Get("client_secret")
	user, pass, basic := q.BasicAuth()
	public := d.auth&authNone != 0
	switch {
	case basic:
		// Section 2.3.1: both were form-encoded before they were joined.
		name, err1 := url.QueryUnescape(user)
		word, err2 := url.QueryUnescape(pass)
		public = d.auth&authEmptyPassword != 0
		if err1 != nil || err2 != nil || word == "" && !public {
			return refuse("the Basic credentials are not a client id and secret")
		}
		if secret != "" || id != "" && id != name {
			a := q.fail(http.StatusBadRequest, "invalid_request", "more than one way of client authentication")
			return nil, &a
		}
		if d.auth&(authBasic|authEmptyPassword) == 0 {
			return refuse("the client's credentials belong in the body")
		}
		id, secret = name, word
	case secret != "" && d.auth&authBody == 0:
		return refuse("the client's credentials belong in the Authorization header")
	}
	app, ok := n.app(q, id)
	switch {
	case !ok:
		return refuse(failed)
	case app.Public && secret != "":
		return refuse("a public client has no secret")
	case public && (app.Public || secret == "" && !app.registered):
		return app, nil
	case secret == "" || !app.secretOK(secret):
		return refuse(failed)
	}
	return app, nil
}

// unproven reports whether the client that asks proved itself by nothing, so
// that PKCE must do it.
func (q request) unproven(a *app) bool {
	return a.Public || !a.registered && q.form.Get("client_secret") == "" && q.Header.Get("Authorization") == ""
}

// fail is an error of a token endpoint in the dialect's shape.
func (q request) fail(status int, code, text string) answer {
	if q.dialect.tokenError != nil {
		return q.dialect.tokenError(status, code, text)
	}
	return oauthError(status, code, text)
}
