// Package link is the local API: the agent's [agent.Service] as HTTP and JSON
// over a unix socket, or a named pipe on Windows, for the window, the command
// line and scripts of the same user.
//
// Each method is one POST to /v1/<method> with a JSON object in and out. An
// answer with another status than 200 holds a [platform.Error]. Watch and Pages
// answer with a stream, one JSON object a line; Watch sends the whole snapshot
// first and then what changed. Token, with the header Accept: text/plain, answers
// "Bearer <token>" on one line.
//
// A request states its program's version in the header Relink-Version; another
// version than the agent's is refused, except to ask About and to Quit, so that
// an old agent can be told to go. A caller that states none (curl) is served as
// it is.
//
// Nobody but the user reaches the agent: the socket is 0600 in a 0700
// directory, the peer's user is checked on both sides, and the pipe's security
// descriptor names the user alone. The listener is also the lock that keeps a
// second agent from starting. Secrets travel only in the answers of Token and
// in the requests of Import, SetApp, Unlock and Paste.
package link

import (
	"errors"
	"strconv"
	"strings"

	"relink/platform"
)

const (
	versionHeader = "Relink-Version"
	// maxRequest bounds a request's body, in bytes.
	maxRequest = 1 << 20
	prefix     = "/v1/"
)

var (
	// ErrRunning means another agent of this user holds the listener.
	ErrRunning = errors.New("another agent is running")
	// ErrNotRunning means no agent answers at the path.
	ErrNotRunning = errors.New("no agent is running")
)

func running(path string) error {
	return &platform.Error{
		Kind: platform.KindAgent, Err: ErrRunning,
		Message: platform.T("Relink is already running at %s", path), Repair: platform.T("use it as it is, or end it first: relink quit"),
	}
}

func notRunning(cause error) error {
	return &platform.Error{
		Kind: platform.KindAgent, Err: errors.Join(ErrNotRunning, cause),
		Message: platform.T("Relink is not running"), Repair: platform.T("start it: relink agent"),
	}
}

// mismatch says that the agent and the caller are of different versions; nil when they are not.
func mismatch(agentVersion, caller string) *platform.Error {
	if caller == "" || caller == agentVersion {
		return nil
	}
	message := platform.T("the running agent is version %s, not this program's %s", agentVersion, caller)
	switch order, ok := Order(agentVersion, caller); {
	case ok && order < 0:
		message = platform.T("the running agent is version %s, older than this program's %s", agentVersion, caller)
	case ok && order > 0:
		message = platform.T("the running agent is version %s, newer than this program's %s", agentVersion, caller)
	}
	return &platform.Error{
		Kind:    platform.KindAgent,
		Message: message,
		Repair:  platform.T("restart Relink: relink quit, then relink"),
	}
}

// Order compares two version numbers: negative where a is the older one, zero where
// they differ in nothing that has an order; ok is false where one is none.
func Order(a, b string) (order int, ok bool) {
	x, okX := numbers(a)
	y, okY := numbers(b)
	if !okX || !okY {
		return 0, false
	}
	for i := range x {
		if x[i] != y[i] {
			return x[i] - y[i], true
		}
	}
	return 0, false
}

func numbers(version string) (out [3]int, ok bool) {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	version, _, _ = strings.Cut(version, "+")
	for i, part := range strings.SplitN(version, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return out, false
		}
		out[i] = n
	}
	return out, true
}
