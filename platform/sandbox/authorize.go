package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// authorization is a checked authorization request (RFC 6749, section 4.1.1).
type authorization struct {
	app                               *app
	redirect, state, challenge, nonce string
	scopes                            []string
	// issuer is sent along with the code (RFC 9207); empty for platforms that do not.
	issuer string
	// params are all parameters of the request.
	params url.Values
}

// pkceMode is what a dialect does with PKCE (RFC 7636).
type pkceMode uint8

const (
	pkceIgnored  pkceMode = iota
	pkceOptional          // S256 where it is used; public clients must
	pkceStrict            // pkceOptional, and a verifier without a challenge is refused (RFC 9700 section 4.8.2)
	pkceRequired          // S256 from everyone
	pkceHex               // from everyone, the challenge is the lower-case hexadecimal SHA-256 (TikTok's desktop clients)
)

var (
	challengeShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	hexShape       = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// authorize shows the sign-in page and takes its form. The parameters are those
// in the address, q.params where the caller set it, or what was pushed.
func (n *Network) authorize(q request) answer {
	if q.Method != http.MethodGet && q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodGet, http.MethodPost)
	}
	if refused := n.pull(&q); refused != nil {
		return *refused
	}
	a, refused := n.authorization(q)
	if refused != nil {
		return *refused
	}
	s := n.of(q.platform)
	switch {
	case s.auto:
		return n.allow(q, a, n.expected(q, a), nil, nil)
	case q.Method == http.MethodGet:
		return n.signInPage(q, a, "")
	}
	switch q.body.Get("decision") {
	case "allow":
		who, pages, scopes, ok := n.decided(q)
		if !ok {
			return errorPage(q.platform, "Choose who you are.")
		}
		return n.allow(q, a, who, pages, scopes)
	case "deny":
		q.spend()
		if q.dialect.deny != nil {
			return q.dialect.deny(a, q)
		}
		return a.fail(q, "access_denied", "The resource owner or authorization server denied the request.")
	}
	return errorPage(q.platform, "Choose Allow or Cancel.")
}

// spend uses up the request_uri, if there was one.
func (q request) spend() {
	if q.pushed != nil {
		q.pushed.used = true
	}
}

// decided reads who was chosen and what was ticked from the sign-in form.
func (n *Network) decided(q request) (who Person, pages, scopes []string, ok bool) {
	who, ok = n.person(q.body.Get("person"))
	return who, append([]string{}, q.body["page"]...), append([]string{}, q.body["scope"]...), ok
}

// expected is who is preselected for a request.
func (n *Network) expected(q request, a authorization) Person {
	if q.dialect.hint != nil {
		if who, ok := q.dialect.hint(n, a.params); ok {
			return who
		}
	}
	return n.preselected(n.of(q.platform))
}

func (n *Network) preselected(s *settings) Person {
	if p, ok := n.person(s.preselect); ok {
		return p
	}
	return n.people[0]
}

// authorization checks a request. Until the client and its redirect address are
// known to be right, errors are shown and never sent there.
func (n *Network) authorization(q request) (authorization, *answer) {
	d, v := q.dialect, q.params
	if v == nil {
		v = q.query
	}
	show := func(text string) (authorization, *answer) {
		p := errorPage(q.platform, text)
		return authorization{}, &p
	}
	for _, key := range []string{"client_id", d.clientKey, "redirect_uri", "response_type", "scope", "state", "code_challenge"} {
		if len(v[key]) > 1 {
			return show("The parameter " + key + " is there twice.")
		}
	}
	app, ok := n.app(q, d.clientID(v))
	if !ok {
		return show("This app is not known here: check its client id.")
	}
	a := authorization{app: app, redirect: v.Get("redirect_uri"), state: v.Get("state"), nonce: v.Get("nonce"), issuer: q.issuer, params: v}
	if !d.redirect(app, a.redirect) {
		return show("The redirect address is not one this app may use.")
	}
	refuse := func(code, text string) (authorization, *answer) {
		r := a.fail(q, code, text)
		return a, &r
	}
	if v.Get("response_type") != "code" {
		return refuse("unsupported_response_type", "only code is supported")
	}
	asked := d.split(v)
	if len(asked) == 0 {
		asked = d.usual
	}
	for _, scope := range asked {
		switch {
		case slices.Contains(a.scopes, scope):
		case d.knows(app, scope):
			a.scopes = append(a.scopes, scope)
		case d.unknown != nil:
			r := d.unknown(a, q, scope)
			return a, &r
		}
	}
	if d.check != nil {
		if r := d.check(n, q, a); r != nil {
			return a, r
		}
	}
	if d.pkce == pkceIgnored {
		return a, nil
	}
	a.challenge = v.Get("code_challenge")
	switch {
	case a.challenge == "" && (d.pkce == pkceRequired || d.pkce == pkceHex):
		return refuse("invalid_request", "a code challenge is required")
	case a.challenge == "" && app.Public:
		return refuse("invalid_request", "a public client must use PKCE")
	case a.challenge == "":
	case v.Get("code_challenge_method") != "S256":
		return refuse("invalid_request", "the code challenge method must be S256")
	case d.pkce == pkceHex && !hexShape.MatchString(a.challenge):
		return refuse("invalid_request", "the code challenge is not a hexadecimal SHA-256")
	case d.pkce != pkceHex && !challengeShape.MatchString(a.challenge):
		return refuse("invalid_request", "the code challenge is not a base64url SHA-256")
	}
	return a, nil
}

// allow gives a code to the app. Nil pages or scopes are all of them.
func (n *Network) allow(q request, a authorization, who Person, pages, scopes []string) answer {
	q.spend()
	c := n.grant(q, a, who, pages, scopes)
	if a.redirect == oob {
		return noticePage("Practice "+q.dialect.name, "Copy this code and paste it into the app.", c.value)
	}
	v := url.Values{"code": {c.value}}
	if a.issuer != "" {
		v.Set("iss", a.issuer)
	}
	if q.dialect.with != nil {
		q.dialect.with(n, q, c, v)
	}
	return a.back(q, v)
}

// grant keeps what a person allowed and makes the code for it. Nil pages or
// scopes are all of them.
func (n *Network) grant(q request, a authorization, who Person, pages, scopes []string) *code {
	d, s := q.dialect, n.of(q.platform)
	if s.force != "" {
		who, _ = n.person(s.force)
	}
	var granted []string
	for _, scope := range a.scopes {
		if (scopes == nil || slices.Contains(scopes, scope)) && !slices.Contains(s.drop, scope) {
			granted = append(granted, scope)
		}
	}
	key := consentKey{platform: q.platform, host: q.server(), client: a.app.ClientID, person: who.ID}
	old := n.consents[key]
	c := &consent{}
	if d.keeps && old != nil {
		for _, scope := range old.scopes {
			if !slices.Contains(a.scopes, scope) && !slices.Contains(d.always, scope) {
				granted = append(granted, scope)
			}
		}
	}
	granted = append(granted, d.always...)
	var bound string
	switch {
	case d.things.asked(a.scopes):
		c.pages, bound = d.things.pick(q.platform, who, pages)
	case d.keeps && old != nil:
		c.pages = old.pages
	}
	if d.dataAccess {
		c.dataAccess = end(q.now, s.life.DataAccess)
	}
	for _, scope := range a.scopes {
		if !slices.Contains(granted, scope) {
			c.declined = append(c.declined, scope)
		}
	}
	c.scopes = granted
	n.consents[key] = c
	code := &code{
		value: random("c_"), key: key, redirect: a.redirect, challenge: a.challenge, nonce: a.nonce, page: bound, params: a.params,
		scopes: granted, expires: end(q.now, s.life.Code), granted: q.now,
	}
	n.codes[code.value] = code
	return code
}

// pick gives the ids of a person's things that were ticked, nil for all of them,
// and where the tokens are bound to one, which: the first if none of theirs was chosen.
func (t *things) pick(platform string, who Person, ticked []string) (ids []string, bound string) {
	all := t.has(platform, who)
	for _, g := range all {
		if ticked == nil || slices.Contains(ticked, g.ID) {
			ids = append(ids, g.ID)
		}
	}
	if !t.one || len(all) == 0 {
		return ids, ""
	}
	if len(ids) == 0 {
		ids = []string{all[0].ID}
	}
	return ids[:1], ids[0]
}

func (a authorization) fail(q request, code, text string) answer {
	if q.dialect.fail != nil {
		return q.dialect.fail(a, q, code, text)
	}
	v := url.Values{"error": {code}, "error_description": {text}}
	if a.issuer != "" {
		v.Set("iss", a.issuer)
	}
	return a.back(q, v)
}

// loginSuccess is Meta's redirect address for programs without a listener. The
// network has its own, so that practising never leaves this computer.
const loginSuccess = "https://www.facebook.com/connect/login_success.html"

// back sends the browser to the app.
func (a authorization) back(q request, v url.Values) answer {
	if a.redirect == oob {
		return errorPage(q.platform, v.Get("error_description"))
	}
	if a.state != "" {
		v.Set("state", a.state)
	}
	to := a.redirect
	if to == loginSuccess {
		to = "http://" + q.Host + "/" + strings.TrimPrefix(loginSuccess, "https://")
	}
	sep := "?"
	if strings.Contains(to, "?") {
		sep = "&"
	}
	return redirectAnswer(to + sep + v.Encode() + q.dialect.fragment)
}

// codeProblem is why a code cannot be exchanged; empty when it can.
type codeProblem string

const (
	codeUnknown  codeProblem = "unknown"
	codeUsed     codeProblem = "used"
	codeExpired  codeProblem = "expired"
	codeClient   codeProblem = "client"
	codeRedirect codeProblem = "redirect"
	codePKCE     codeProblem = "pkce"
)

// redeem takes a code. Whatever comes of it, the code is used up, unless it was
// another client's.
func (n *Network) redeem(q request, clientID string) (*code, codeProblem) {
	c := n.codes[q.form.Get("code")]
	if c == nil || c.key.platform != q.platform || c.key.host != q.server() {
		return nil, codeUnknown
	}
	if c.key.client != clientID {
		return nil, codeClient
	}
	if c.used {
		if c.issued != nil && q.dialect.codeReuse {
			c.issued.revoked = "code used twice" // RFC 6749, section 4.1.2
		}
		return nil, codeUsed
	}
	c.used = true
	switch {
	case !c.expires.IsZero() && !q.now.Before(c.expires):
		return nil, codeExpired
	case q.form.Get("redirect_uri") != c.redirect:
		return nil, codeRedirect
	}
	verifier := q.form.Get("code_verifier")
	if c.challenge != "" {
		sum := sha256.Sum256([]byte(verifier))
		hash := base64.RawURLEncoding.EncodeToString(sum[:])
		if q.dialect.pkce == pkceHex {
			hash = hex.EncodeToString(sum[:])
		}
		if hash != c.challenge {
			return nil, codePKCE
		}
	} else if verifier != "" && q.dialect.pkce == pkceStrict {
		return nil, codePKCE // RFC 9700 section 4.8.2: a verifier without a challenge is a downgrade
	}
	c.issued = &family{}
	return c, ""
}
