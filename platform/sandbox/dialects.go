package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// dialects is the one table of platforms. The first that serves a host has it,
// so mastodon, which takes any host with a dot, stays last. It is filled in
// init because the dialects' functions use it.
var dialects []*dialect

func init() {
	dialects = []*dialect{
		facebook,
		instagram,
		threads,
		linkedin,
		xcom,
		tiktok,
		youtube,
		googlebusiness,
		pinterest,
		reddit,
		twitch,
		discord,
		slack,
		telegram,
		tumblr,
		wordpresscom,
		wordpress, // after wordpresscom: it takes every host with that in its name
		dribbble,
		medium,
		oidc,
		bluesky,
		mastodon, // the last: it takes every host
	}
}

// dialect is all that sets a platform apart. Each has a file of its own with a
// variable of this type, its id as a constant, and the functions that answer
// its addresses. They reach it as q.dialect, never by the variable's name,
// which would be an initialization cycle. The zero value of a field is the
// commonest behaviour.
type dialect struct {
	// id as relink names the platform; name as its pages do.
	id, name string
	// also are further ids of relink's that are this one here.
	also []string
	// hosts it serves, in lower case; host takes more of them by a rule, nil none.
	hosts []string
	host  func(host string) bool
	// share says which dialect a request is for, where a host is that of several
	// platforms (Google's); nil is the first that has it. It is called with the lock held.
	share func(n *Network, q request) *dialect
	// try are addresses and paths shown on the index page.
	try []string
	// serve answers a request to one of the hosts. It is called with the lock held.
	serve func(n *Network, q request) answer

	// life is how long what it gives lives; a code ten minutes where not said.
	// An access or refresh life of zero would be over at once: say Never or None.
	life Lifetimes
	// rotate: a refresh gives a new refresh token and kills the old one, which
	// works on for grace and after that ends the whole grant (RFC 9700 section 4.14.2).
	rotate bool
	grace  time.Duration
	// consentClock: refresh tokens end a fixed time after the consent and their
	// last access tokens end with them (LinkedIn).
	consentClock bool
	// dataAccess is true where consents have a second clock (Meta's).
	dataAccess bool
	// refreshable says whether a sign-in gives a refresh token; nil means always.
	// Lifetimes.Refresh of None has the last word.
	refreshable func(c *code) bool
	// prefix of access tokens.
	prefix string

	// apps are registered from the start; Platform is filled in.
	apps []App
	// registered refuses client ids that nobody registered, as strict does.
	registered bool
	// public is true where clients without a secret can be registered.
	public bool
	// perHost makes every host a server with its own apps, codes and tokens.
	perHost bool
	// auth are the ways a client may prove itself to n.client.
	auth clientAuth
	// clientKey names the parameter of the client id; empty is client_id.
	clientKey string

	// par is the need of a pushed authorization request (RFC 9126).
	par parMode
	// scopeKeys name the parameters with scopes; nil is scope. Their scopes are
	// taken together and stay readable apart in code.params.
	scopeKeys []string
	// scopes it knows; nil takes any. separators are the characters between
	// those of a request; empty is a space. usual are asked for by who asks for none.
	scopes     []string
	separators string
	usual      []string
	// unknown answers a request for a scope that is not known or not the app's;
	// nil leaves the scope out (OpenID Connect Core section 3.1.2.1).
	unknown func(a authorization, q request, scope string) answer
	// always are scopes granted without being asked. keeps adds those allowed
	// before and not asked about now.
	always []string
	keeps  bool
	pkce   pkceMode
	// redirect says whether an app may be sent back to an address.
	redirect func(a *app, redirect string) bool
	// hint is the person a request's parameters name (login_hint), who is then
	// preselected; nil looks at none.
	hint func(n *Network, params url.Values) (Person, bool)
	// check refuses an authorization request for reasons of the platform's own; nil has none.
	check func(n *Network, q request, a authorization) *answer
	// things the person ticks on the sign-in page; nil shows none.
	things *things
	// deny answers Cancel; nil sends access_denied. fail sends an error back to
	// the app; nil sends error and error_description.
	deny func(a authorization, q request) answer
	fail func(a authorization, q request, code, text string) answer
	// with adds parameters to a successful redirect (VK's device_id); nil adds none.
	with func(n *Network, q request, c *code, v url.Values)
	// fragment ends redirects that carry a code or an error: "#_=_".
	fragment string

	// tokenPaths and signInPaths are ends of host and path: "/oauth/token". The
	// first are counted in the log, the second spared by faults.
	tokenPaths, signInPaths []string
	// grants are grant types beyond RFC 6749's: n.exchange serves deviceGrant
	// among them, the log names them all.
	grants []string
	// codeReuse ends what a code gave when it comes a second time (RFC 6749 section 4.1.2).
	codeReuse bool
	// tokens is the answer to a code or a refresh; nil is n.tokenObject as it
	// stands. r is nil where there is no refresh token.
	tokens func(n *Network, q request, a, r *token) answer
	// tokenError is the shape of errors of the token endpoint; nil is oauthError.
	tokenError func(status int, code, text string) answer
	// credential makes what a person hands over instead of a sign-in: an app
	// password, a bot token, a webhook address; nil where there is none.
	credential func(n *Network, q request, who Person) (login, secret string)
	// logPath hides what is secret in a path; nil where nothing is (Telegram's is).
	logPath func(path string) string
}

// things are what a sign-in is about beside the person: pages, channels, blogs.
type things struct {
	// scope that makes them tickable; empty shows them always.
	scope string
	// one: exactly one is chosen and the tokens are bound to it (token.page).
	one bool
	// of a person; nil is Person.Things of the platform.
	of func(Person) []Thing
}

// has lists a person's.
func (t *things) has(platform string, p Person) []Thing {
	if t.of != nil {
		return t.of(p)
	}
	return p.Things[platform]
}

// asked reports whether scopes bring them up.
func (t *things) asked(scopes []string) bool {
	return t != nil && (t.scope == "" || slices.Contains(scopes, t.scope))
}

// Platforms lists the ids of all platforms, as relink names them.
func Platforms() []string {
	var out []string
	for _, d := range dialects {
		out = append(append(out, d.id), d.also...)
	}
	return out
}

// canonical is the id of the dialect that a platform is here; empty stays empty.
func canonical(platform string) string {
	if platform == "" {
		return ""
	}
	return dialectOf(platform).id
}

// dialectAt gives the dialect a host speaks; nil when it is none.
func dialectAt(host string) *dialect {
	for _, d := range dialects {
		if slices.Contains(d.hosts, host) || d.host != nil && d.host(host) {
			return d
		}
	}
	return nil
}

// dialectOf gives a platform's dialect. A name that is none is a mistake in the caller.
func dialectOf(platform string) *dialect {
	for _, d := range dialects {
		if d.id == platform || slices.Contains(d.also, platform) {
			return d
		}
	}
	panic(fmt.Sprintf("sandbox: unknown platform %q", platform))
}

// platformOf tells which platform a host belongs to; empty when it is none.
func platformOf(host string) string {
	if d := dialectAt(host); d != nil {
		return d.id
	}
	return ""
}

func (d *dialect) settings() *settings {
	s := &settings{dialect: d, life: d.life, rotate: d.rotate}
	if s.life.Code == 0 {
		s.life.Code = 10 * time.Minute
	}
	return s
}

// knows reports whether an app may ask for a scope.
func (d *dialect) knows(a *app, scope string) bool {
	return (d.scopes == nil || slices.Contains(d.scopes, scope)) && (len(a.Scopes) == 0 || slices.Contains(a.Scopes, scope))
}

// split takes the scopes of an authorization request apart.
func (d *dialect) split(v url.Values) []string {
	keys, between := d.scopeKeys, d.separators
	if keys == nil {
		keys = []string{"scope"}
	}
	if between == "" {
		between = " "
	}
	var out []string
	for _, k := range keys {
		out = append(out, strings.FieldsFunc(v.Get(k), func(r rune) bool { return strings.ContainsRune(between, r) })...)
	}
	return out
}

// clientID is the client id of a request's parameters.
func (d *dialect) clientID(v url.Values) string {
	if d.clientKey != "" {
		return v.Get(d.clientKey)
	}
	return v.Get("client_id")
}

func (d *dialect) isToken(q request) bool  { return endsIn(q, d.tokenPaths) }
func (d *dialect) isSignIn(q request) bool { return endsIn(q, d.signInPaths) }

func endsIn(q request, ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(q.host+q.path, end) })
}

// practice and practicePublic are the apps to practise with.
var (
	practice       = App{ClientID: "practice", Secret: "practice-secret"}
	practicePublic = App{ClientID: "practice-public", Public: true}
)

// unknownRefused answers an unknown scope as RFC 6749 section 4.1.2.1 has it.
func unknownRefused(a authorization, q request, _ string) answer {
	return a.fail(q, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
}

// unknownShown shows an error and does not go back to the app.
func unknownShown(_ authorization, q request, scope string) answer {
	return errorPage(q.platform, "Invalid Scopes: "+scope+".")
}
