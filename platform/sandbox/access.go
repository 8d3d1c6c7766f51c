package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// credential is what follows a scheme in the Authorization header: Bearer (RFC
// 6750), OAuth (Twitch), DPoP, Bot. Empty when there is none of that scheme.
func (q request) credential(scheme string) string {
	s, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	if !strings.EqualFold(s, scheme) {
		return ""
	}
	return strings.TrimSpace(token)
}

// bearer is the access token of a request: the header of RFC 6750, nothing else.
func (q request) bearer() string { return q.credential("Bearer") }

// tokenProblem is why a token does not serve; empty when it does.
type tokenProblem string

const (
	tokenMissing tokenProblem = "missing"
	tokenUnknown tokenProblem = "unknown" // or of another kind, platform or server
	tokenRevoked tokenProblem = "revoked" // token.dead says for what reason
	tokenExpired tokenProblem = "expired"
	tokenYoung   tokenProblem = "young" // see n.extend
)

// access checks the token a request came with, of one of the kinds (none: KindAccess).
// The token is nil for missing and unknown only.
func (n *Network) access(q request, value string, kinds ...string) (*token, tokenProblem) {
	if kinds == nil {
		kinds = []string{KindAccess}
	}
	t := n.find(q, value)
	switch {
	case value == "":
		return nil, tokenMissing
	case t == nil || !slices.Contains(kinds, t.kind):
		return nil, tokenUnknown
	case t.dead() != "" || !t.rotated.IsZero():
		return t, tokenRevoked
	case t.expired(q.now):
		return t, tokenExpired
	}
	return t, ""
}

// owner is the person a token speaks for.
func (n *Network) owner(t *token) Person {
	who, _ := n.person(t.key.person)
	return who
}

// chosen are the things the person ticked in the sign-in a token came from.
func (n *Network) chosen(q request, t *token) []Thing {
	c := n.consents[t.key]
	if c == nil || q.dialect.things == nil {
		return nil
	}
	var out []Thing
	for _, g := range q.dialect.things.has(q.platform, n.owner(t)) {
		if slices.Contains(c.pages, g.ID) && (t.page == "" || t.page == g.ID) {
			out = append(out, g)
		}
	}
	return out
}

// json decodes a body that says it is JSON. q.body has its top level flattened;
// this is for what is deeper.
func (q request) json(v any) error {
	if !q.isJSON() {
		return errors.New("the body is not application/json")
	}
	return json.Unmarshal(q.raw, v)
}

func (q request) isJSON() bool { return q.mediaType() == "application/json" }
func (q request) isForm() bool { return q.mediaType() == "application/x-www-form-urlencoded" }

func (q request) mediaType() string {
	kind, _, _ := strings.Cut(q.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// namedAgent reports whether the User-Agent says which program asks, as Reddit
// and Tumblr want; the defaults of libraries do not.
func (q request) namedAgent() bool {
	ua := strings.ToLower(strings.TrimSpace(q.UserAgent()))
	return ua != "" && !slices.ContainsFunc([]string{
		"go-http-client", "curl/", "wget/", "python-", "java/", "okhttp", "node", "axios", "mozilla/",
	}, func(lib string) bool { return strings.HasPrefix(ua, lib) })
}

// revoke is a revocation endpoint (RFC 7009): a refresh token ends all that came of it. One
// that is not known is none of the caller's business and fine.
func (n *Network) revoke(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	t := n.find(q, q.form.Get("token"))
	switch {
	case q.form.Get("token") == "":
		return q.fail(http.StatusBadRequest, "invalid_request", "the parameter token is missing")
	case t == nil:
	case t.key.client != app.ClientID:
		return q.fail(http.StatusForbidden, "unauthorized_client", "You are not authorized to revoke this token")
	default:
		n.endToken(t, false)
	}
	return jsonAnswer(http.StatusOK, object{})
}

// endToken revokes a token for the app. all ends everything from the same
// sign-in; a refresh token always does (RFC 7009 section 2.1).
func (n *Network) endToken(t *token, all bool) {
	if t == nil {
		return
	}
	if all || t.kind == KindRefresh {
		t.family.revoked = revokedByApp
		return
	}
	t.revoked = revokedByApp
}

const revokedByApp = "revoked by the app"

// lengthen exchanges a token that works for a long-lived one (Meta's
// *_exchange_token). One that is long-lived already is given back as it is: not
// documented, so it gains nothing here.
func (n *Network) lengthen(q request, t *token) *token {
	if t.long {
		return t
	}
	long := token{kind: t.kind, key: t.key, page: t.page, scopes: t.scopes, family: t.family, authed: t.authed, params: t.params, long: true}
	return n.mint(long, q.now, n.of(q.platform).life.Access)
}

// minimumAge is how old a long-lived Instagram or Threads token must be before it is extended.
const minimumAge = 24 * time.Hour

// extend gives a new token for a long-lived one (Meta's *_refresh_token), with a
// whole life from now. The old one works on to its own end: not documented.
// Too young or short-lived is tokenYoung.
func (n *Network) extend(q request, value string) (*token, tokenProblem) {
	t, problem := n.access(q, value)
	switch {
	case problem != "":
		return t, problem
	case !t.long || q.now.Sub(t.issued) < minimumAge:
		return t, tokenYoung
	}
	again := token{kind: t.kind, key: t.key, page: t.page, scopes: t.scopes, family: t.family, authed: t.authed, params: t.params, long: true}
	return n.mint(again, q.now, n.of(q.platform).life.Access), ""
}
