package platform

// dialect names a platform for the functions that its value is made of.
type dialect struct{ id, name string }

// oauthClassify reads an error code of RFC 6749, sections 4.1.2.1 and 5.2; nil
// when there is none.
func oauthClassify(d dialect, code string) *Error {
	say := func(k Kind, message, repair string) *Error {
		return &Error{Kind: k, Platform: d.id, Code: code, Message: message, Repair: repair}
	}
	switch code {
	case "":
		return nil
	case "invalid_grant":
		return say(KindReconnect, d.name+" no longer accepts this grant", "reconnect the account")
	case "invalid_token":
		return say(KindRefresh, d.name+" no longer accepts this access token", "reconnect the account")
	case "invalid_client", "unauthorized_client":
		return say(KindConfig, d.name+" does not know this client id and secret", "store them again with: relink app set "+d.id)
	case "invalid_scope", "insufficient_scope", "unauthorized_scope_error":
		return say(KindPermission, d.name+" does not grant a permission that was asked for", "choose fewer permissions, or add the product to your app there")
	case "access_denied", "user_cancelled_login", "user_cancelled_authorize", "consent_required", "login_required":
		return say(KindCancelled, "the sign-in was declined", "start the connection again when you are ready")
	case "temporarily_unavailable", "server_error":
		return say(KindRetry, d.name+" is not well", "try again later; nothing was changed")
	case "slow_down":
		return say(KindLimit, d.name+" limits how often it may be asked", "try again later; the token is not the problem")
	case "invalid_request", "unsupported_grant_type", "unsupported_response_type", "redirect_uri_mismatch":
		return say(KindConfig, d.name+" refused the request ("+code+")", "check the app's redirect address and permissions: relink platforms")
	}
	return nil
}
