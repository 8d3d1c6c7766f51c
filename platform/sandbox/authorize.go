package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
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
}

var challengeShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// authorize shows the sign-in page and takes its form. issuer is for OIDC only.
func (n *Network) authorize(q request, issuer string) answer {
	if q.Method != http.MethodGet && q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodGet, http.MethodPost)
	}
	a, refused := n.authorization(q, issuer)
	if refused != nil {
		return *refused
	}
	s := n.of(q.platform)
	prompt := strings.Fields(q.query.Get("prompt"))
	switch {
	case s.auto:
		return n.allow(q, a, n.preselected(s), nil, nil)
	case q.platform == OIDC && slices.Contains(prompt, "none"):
		return a.fail(q, "login_required", "nobody is signed in")
	case q.Method == http.MethodGet:
		return n.signInPage(q, a)
	}
	switch q.body.Get("decision") {
	case "allow":
		who, ok := n.person(q.body.Get("person"))
		if !ok {
			return errorPage(q.platform, "Choose who you are.")
		}
		pages, scopes := q.body["page"], q.body["scope"]
		if pages == nil {
			pages = []string{}
		}
		if scopes == nil {
			scopes = []string{}
		}
		return n.allow(q, a, who, pages, scopes)
	case "deny":
		return a.deny(q)
	}
	return errorPage(q.platform, "Choose Allow or Cancel.")
}

func (n *Network) preselected(s *settings) Person {
	if p, ok := n.person(s.preselect); ok {
		return p
	}
	return n.people[0]
}

// authorization checks a request. Until the client and its redirect address are
// known to be right, errors are shown and never sent there.
func (n *Network) authorization(q request, issuer string) (authorization, *answer) {
	v := q.query
	show := func(text string) (authorization, *answer) {
		p := errorPage(q.platform, text)
		return authorization{}, &p
	}
	for _, key := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge"} {
		if len(v[key]) > 1 {
			return show("The parameter " + key + " is there twice.")
		}
	}
	app, ok := n.app(q, v.Get("client_id"))
	if !ok {
		return show("This app is not known here: check its client id.")
	}
	a := authorization{app: app, redirect: v.Get("redirect_uri"), state: v.Get("state"), nonce: v.Get("nonce"), issuer: issuer}
	if !app.redirectOK(a.redirect) {
		return show("The redirect address is not one this app may use.")
	}
	refuse := func(code, text string) (authorization, *answer) {
		r := a.fail(q, code, text)
		return a, &r
	}
	if v.Get("response_type") != "code" {
		return refuse("unsupported_response_type", "only code is supported")
	}
	asked := strings.FieldsFunc(v.Get("scope"), func(r rune) bool { return r == ' ' || r == ',' && q.platform == Facebook })
	for _, scope := range asked {
		known := slices.Contains(knownScopes(q.platform), scope) && (len(app.Scopes) == 0 || slices.Contains(app.Scopes, scope))
		switch {
		case slices.Contains(a.scopes, scope):
		case known:
			a.scopes = append(a.scopes, scope)
		case q.platform == Facebook:
			return show("Invalid Scopes: " + scope + ".")
		case q.platform == LinkedIn:
			return refuse("unauthorized_scope_error", `Scope "`+scope+`" is not authorized for your application`)
		case q.platform == Mastodon:
			return refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
		default: // OpenID Connect Core section 3.1.2.1: scopes not understood should be ignored
		}
	}
	if q.platform == Mastodon && len(asked) == 0 {
		a.scopes = []string{"read"}
		if len(app.Scopes) > 0 && !slices.Contains(app.Scopes, "read") {
			return refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
		}
	}
	if q.platform != Mastodon && q.platform != OIDC {
		return a, nil // PKCE is ignored
	}
	a.challenge = v.Get("code_challenge")
	switch {
	case a.challenge == "" && app.Public:
		return refuse("invalid_request", "a public client must use PKCE")
	case a.challenge == "":
	case v.Get("code_challenge_method") != "S256":
		return refuse("invalid_request", "the code challenge method must be S256")
	case !challengeShape.MatchString(a.challenge):
		return refuse("invalid_request", "the code challenge is not a base64url SHA-256")
	}
	return a, nil
}

// allow gives a code to the app. Nil pages or scopes are all of them.
func (n *Network) allow(q request, a authorization, who Person, pages, scopes []string) answer {
	s := n.of(q.platform)
	if s.force != "" {
		who, _ = n.person(s.force)
	}
	var granted []string
	for _, scope := range a.scopes {
		if (scopes == nil || slices.Contains(scopes, scope)) && !slices.Contains(s.drop, scope) {
			granted = append(granted, scope)
		}
	}
	key := consentKey{platform: q.platform, client: a.app.ClientID, person: who.ID}
	if q.platform == Mastodon {
		key.host = q.host
	}
	old := n.consents[key]
	c := &consent{}
	if q.platform == Facebook {
		// Facebook keeps what was allowed before and not asked about now.
		if old != nil {
			for _, scope := range old.scopes {
				if !slices.Contains(a.scopes, scope) && scope != "public_profile" {
					granted = append(granted, scope)
				}
			}
		}
		granted = append(granted, "public_profile")
		switch {
		case slices.Contains(a.scopes, "pages_show_list"):
			for _, page := range who.Pages {
				if pages == nil || slices.Contains(pages, page.ID) {
					c.pages = append(c.pages, page.ID)
				}
			}
		case old != nil:
			c.pages = old.pages
		}
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
		value: random("c_"), key: key, redirect: a.redirect, challenge: a.challenge, nonce: a.nonce,
		scopes: granted, expires: end(q.now, s.life.Code), granted: q.now,
	}
	n.codes[code.value] = code
	if a.redirect == oob {
		return noticePage("Practice Mastodon", "Copy this code and paste it into the app.", code.value)
	}
	v := url.Values{"code": {code.value}}
	if a.issuer != "" {
		v.Set("iss", a.issuer)
	}
	return a.back(q, v)
}

func (a authorization) deny(q request) answer {
	switch q.platform {
	case Facebook:
		return a.back(q, url.Values{
			"error": {"access_denied"}, "error_code": {"200"},
			"error_description": {"Permissions error"}, "error_reason": {"user_denied"},
		})
	case LinkedIn:
		return a.fail(q, "user_cancelled_authorize", "The user cancelled the authorization")
	}
	return a.fail(q, "access_denied", "The resource owner or authorization server denied the request.")
}

func (a authorization) fail(q request, code, text string) answer {
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
	to += sep + v.Encode()
	if q.platform == Facebook {
		to += "#_=_"
	}
	return redirectAnswer(to)
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
	if c == nil || c.key.platform != q.platform || q.platform == Mastodon && c.key.host != q.host {
		return nil, codeUnknown
	}
	if c.key.client != clientID {
		return nil, codeClient
	}
	if c.used {
		if c.issued != nil && q.platform == OIDC {
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
		if base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
			return nil, codePKCE
		}
	} else if verifier != "" && q.platform == OIDC {
		return nil, codePKCE // RFC 9700 section 4.8.2: a verifier without a challenge is a downgrade
	}
	c.issued = &family{}
	return c, ""
}

// knownScopes of a platform.
func knownScopes(platform string) []string {
	switch platform {
	case Facebook:
		return []string{
			"public_profile", "email", "pages_show_list", "pages_manage_posts", "pages_read_engagement", "publish_video", "read_insights",
			"pages_manage_engagement", "pages_read_user_content", "pages_read_user_engagement", "pages_messaging", "business_management",
		}
	case LinkedIn:
		return []string{
			"openid", "profile", "email", "w_member_social", "w_organization_social", "r_organization_social", "rw_organization_admin",
			"r_organization_admin", "r_member_social", "r_member_postAnalytics", "r_member_profileAnalytics", "r_basicprofile",
		}
	case Mastodon:
		return []string{
			"profile", "read", "read:accounts", "read:statuses", "read:notifications", "write", "write:statuses", "write:media",
			"write:conversations", "follow", "push",
		}
	}
	return []string{"openid", "profile", "email", "offline_access", "read", "write"}
}
