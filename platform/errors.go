package platform

import (
	"errors"
	"strings"
)

// Kind is what an error means for the person and for the token. It decides
// tray, notice, retry and exit code.
type Kind string

// The kinds.
const (
	// KindReconnect: the grant is dead; a person is needed.
	KindReconnect Kind = "reconnect"
	// KindRefresh: only the access token is dead; refresh, then retry.
	KindRefresh Kind = "refresh"
	// KindRetry: network, 5xx, garbage; says nothing about the token.
	KindRetry Kind = "retry"
	// KindLimit: a rate or quota limit; says nothing about the token.
	KindLimit Kind = "limit"
	// KindPolicy: the platform forbids the act; says nothing about the token.
	KindPolicy Kind = "policy"
	// KindPermission: a scope or role is missing.
	KindPermission Kind = "permission"
	// KindConfig: the app registration or a setting is wrong.
	KindConfig Kind = "config"
	// KindWrongAccount: somebody else signed in; nothing was changed.
	KindWrongAccount Kind = "wrong_account"
	// KindCancelled: the person said no, or another attempt took over.
	KindCancelled Kind = "cancelled"
	// KindTimeout: the browser did not come back in time.
	KindTimeout Kind = "timeout"
	// KindLocked: the vault or keyring cannot be read.
	KindLocked Kind = "locked"
	// KindStorage: the disk or the vault file is at fault.
	KindStorage Kind = "storage"
	// KindUsage: the request itself is wrong.
	KindUsage Kind = "usage"
	// KindNotFound: no such account, flow or registration.
	KindNotFound Kind = "not_found"
	// KindAgent: the agent is not there or of another version.
	KindAgent Kind = "agent"
)

// Error is what people read: one line that ends with the repair. It holds no
// secret and no raw answer of a platform.
type Error struct {
	Kind Kind `json:"kind"`
	// Platform that said it, if one did.
	Platform string `json:"platform,omitempty"`
	// Code is the platform's own, "190/460" or "invalid_grant".
	Code string `json:"code,omitempty"`
	// Message says what happened; Repair the command or click that mends it.
	Message string `json:"message"`
	Repair  string `json:"repair,omitempty"`
	// Again: signing in again is the repair, and nothing beside it.
	Again bool `json:"again,omitempty"`
	// Definite: the platform was asked about the token and said it is dead.
	Definite bool `json:"definite,omitempty"`
	// Err is the cause, for errors.Is; never shown.
	Err error `json:"-"`
	// app: the platform does not know the client id and secret, whatever its Code is.
	app bool
}

func (e *Error) Error() string {
	if e.Repair == "" {
		return e.Message
	}
	return T("%s; %s", e.Message, e.Repair)
}

// Halves parts a line as [Error.Error] makes it: what happened, and the repair.
func Halves(line string) (message, repair string) {
	message, repair, _ = strings.Cut(line, T("%s; %s", "", ""))
	return message, repair
}

// Advice is the repair for a place where a click signs in again: without the
// command that does so, and empty where signing in again is all there is to do.
func (e *Error) Advice() string {
	if e.Again {
		return ""
	}
	before, found := e.Repair, false
	for _, command := range []string{"relink reconnect ", "relink connect "} {
		if s, _, ok := strings.Cut(before, command); ok {
			before, found = s, true
		}
	}
	if !found {
		return e.Repair
	}
	// A command stands at the end of its sentence in every language.
	before = strings.TrimRight(before, ": \u00a0")
	return strings.TrimSuffix(strings.TrimSuffix(before, T(", then")), T(", or"))
}

// RefusesApp reports whether the platform turned the app registration itself
// away: a client id it does not know, a wrong secret.
func (e *Error) RefusesApp() bool {
	return e.Kind == KindConfig && (e.app || e.Code == "invalid_client" || e.Code == "unauthorized_client")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of an error, empty when it has none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// As gives the *Error in a chain, or wraps err as one of the kind given.
func As(err error, kind Kind) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: kind, Message: err.Error(), Err: err}
}

// WithRepair gives a copy of the error with another repair.
func (e *Error) WithRepair(repair string) *Error {
	c := *e
	c.Repair, c.Again = repair, false
	return &c
}
