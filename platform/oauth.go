package platform

import "encoding/json"

// dialect names a platform for the functions that its value is made of.
type dialect struct {
	id, name string
	// reasons are the platform's Reasons.
	reasons map[string]string
}

// say makes an error of the platform.
func (d dialect) say(k Kind, code, message, repair string) *Error {
	return &Error{Kind: k, Platform: d.id, Code: code, Message: message, Repair: repair}
}

// The sentences that platforms have in common, one for each bucket.

// dead: only a person helps.
func (d dialect) dead(code string) *Error {
	message := ""
	if reason := d.reasons[code]; reason != "" {
		message = T(reason)
	} else {
		message = Fault{Code: code}.usual(d.name)
	}
	return d.say(KindReconnect, code, Clause(message), T("reconnect the account"))
}

// stale: only the access token is refused.
func (d dialect) stale(code string) *Error {
	return d.say(KindRefresh, code, T("%s no longer accepts this access token", d.name), T("reconnect the account"))
}

// denied: a permission is missing.
func (d dialect) denied(code string) *Error {
	return d.say(KindPermission, code, T("%s did not grant a permission this needs", d.name), T("reconnect and allow everything that is asked for"))
}

// limited: too many requests; says nothing about the token.
func (d dialect) limited(code string) *Error {
	return d.say(KindLimit, code, T("%s limits how often it may be asked", d.name), T("try again later; the token is not the problem"))
}

// unwell: the platform's own fault; says nothing about the token.
func (d dialect) unwell(code string) *Error {
	return d.say(KindRetry, code, T("%s is not well", d.name), T("try again later; nothing was changed"))
}

// odd: an answer nobody foresaw; says nothing about the token.
func (d dialect) odd(code string) *Error {
	if code == "" {
		return d.say(KindRetry, code, T("%s answered with an error without a name", d.name), T("try again later; nothing was changed"))
	}
	return d.say(KindRetry, code, T("%s answered with its error %s", d.name, code), T("try again later; nothing was changed"))
}

// noApp: the client id or secret is wrong.
func (d dialect) noApp(code string) *Error {
	e := d.say(KindConfig, code, T("%s does not know this client id and secret", d.name), T("store them again with: relink app set %s", d.id))
	e.app = true
	return e
}

// read decodes an answer's JSON into v for a classify function, whatever of it
// fits. An outage, and an error that is no JSON, are said at once.
func (d dialect) read(status int, body []byte, v any) *Error {
	if e := outage(d.name, d.id, status); e != nil {
		return e
	}
	if err := json.Unmarshal(body, v); err != nil && status >= 400 && !json.Valid(body) {
		return garbage(d.name, d.id)
	}
	return nil
}

// grantRefused is an error of a token request: there a refusal is the refresh
// token's or the code's, and not the access token's.
func (d dialect) grantRefused(err error) error {
	if e := As(err, KindRetry); e != nil && e.Kind == KindRefresh {
		return d.dead(e.Code)
	}
	return err
}

// oauthClassify reads an error code of RFC 6749, sections 4.1.2.1 and 5.2; nil
// when there is none.
func oauthClassify(d dialect, code string) *Error {
	switch code {
	case "":
		return nil
	case "invalid_grant":
		return d.dead(code)
	case "invalid_token":
		return d.stale(code)
	case "invalid_client", "unauthorized_client":
		return d.noApp(code)
	case "invalid_scope", "insufficient_scope", "unauthorized_scope_error":
		return d.say(KindPermission, code, T("%s does not grant a permission that was asked for", d.name), T("choose fewer permissions, or add the product to your app there"))
	case "access_denied", "user_cancelled_login", "user_cancelled_authorize", "consent_required", "login_required":
		return d.say(KindCancelled, code, T("the sign-in was declined"), T("start the connection again when you are ready"))
	case "authorization_pending":
		return d.say(KindRetry, code, T("nobody has typed the code at %s yet", d.name), T("type it there; Relink goes on asking"))
	case "expired_token":
		return d.say(KindTimeout, code, T("the code for %s has ended", d.name), T("start the connection again"))
	case "temporarily_unavailable", "server_error":
		return d.unwell(code)
	case "slow_down":
		return d.limited(code)
	case "invalid_request", "unsupported_grant_type", "unsupported_response_type", "redirect_uri_mismatch":
		return d.say(KindConfig, code, T("%s refused the request (%s)", d.name, code), T("check the app's redirect address and permissions: relink platforms"))
	}
	return nil
}
