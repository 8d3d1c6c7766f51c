// Package sandbox is the practice network: a small social network that speaks
// the OAuth dialects of Facebook, LinkedIn, Mastodon, a generic OpenID Connect
// issuer and others over real HTTP. People practise on it, tests run against it.
// It is never linked into relink.
//
// A [Network] is an [http.Handler]. Every platform is served under its host
// name as the first element of the path, so that
// https://graph.facebook.com/v25.0/me is /graph.facebook.com/v25.0/me here,
// which is how relink's --sandbox maps addresses:
//
//	www.facebook.com, graph.facebook.com   Facebook
//	www.linkedin.com, api.linkedin.com     LinkedIn
//	www.tiktok.com, open.tiktokapis.com    TikTok
//	accounts.google.com, *.googleapis.com  YouTube and Google Business Profile
//	www.pinterest.com, api.pinterest.com   Pinterest
//	www.reddit.com, oauth.reddit.com       Reddit
//	issuer.example, any *issuer*           OpenID Connect
//	bsky.social, plc.directory, pds.*      Bluesky
//	any host with a dot that is no other's Mastodon, every host a server
//
// The table is in dialects.go and on the page at /: one dialect, one file each.
//
// What it does is steered by methods of Network, each with an equal under
// /_control/ that the page at / documents. It keeps everything in memory, holds
// no real secret and is meant for loopback addresses only.
//
// The dialects are strict where the platforms are: codes work once, for a short
// time and only with their client, redirect address and PKCE verifier; secrets
// go where each platform takes them; errors have each platform's own shape.
// Where a platform's behaviour is not documented the comment beside it says so.
package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config of a Network; the zero value is usable.
type Config struct {
	// Now is the network's clock, also sent as the Date header; nil means time.Now.
	Now func() time.Time
	// People who can sign in, the first preselected; nil means DefaultPeople.
	People []Person
}

// Network is the practice network. Make one with [New]; it is safe for
// concurrent use.
type Network struct {
	now    func() time.Time
	people []Person

	// mu guards everything below.
	mu       sync.Mutex
	settings map[string]*settings
	apps     map[appKey]*app
	codes    map[string]*code
	pushes   map[string]*pushed // by request_uri
	devices  []*device
	tokens   map[string]*token
	order    []*token // tokens, oldest first
	consents map[consentKey]*consent
	posts    []Post
	faults   []*fault
	log      requestLog
	signer   *signer
	sky      sky
}

// New makes a network with the default apps and nobody signed in.
func New(c Config) *Network {
	n := &Network{now: c.Now, people: c.People}
	if n.now == nil {
		n.now = time.Now
	}
	if n.people == nil {
		n.people = DefaultPeople()
	}
	n.reset()
	return n
}

// Reset puts everything back to how New left it: no tokens, no faults, no log.
// Requests that hang are let go.
func (n *Network) Reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reset()
}

func (n *Network) reset() {
	for _, f := range n.faults {
		close(f.cleared)
	}
	n.settings = map[string]*settings{}
	n.apps = map[appKey]*app{}
	for _, d := range dialects {
		n.settings[d.id] = d.settings()
		for _, id := range d.also {
			n.settings[id] = n.settings[d.id]
		}
		for _, a := range d.apps {
			a.Platform = d.id
			n.putApp(a)
		}
	}
	n.pushes = map[string]*pushed{}
	n.sky = newSky()
	n.devices = nil
	n.codes = map[string]*code{}
	n.tokens = map[string]*token{}
	n.consents = map[consentKey]*consent{}
	n.order, n.posts, n.faults = nil, nil, nil
	n.log = requestLog{}
}

// request is one request, read whole and taken apart.
type request struct {
	*http.Request
	// host is the platform's, path what follows it, base the address of the
	// host here: http://127.0.0.1:PORT/host.
	host, path, base string
	// platform is the id of dialect; both are zero for a host that is none.
	platform string
	dialect  *dialect
	// issuer is the address an OIDC request reached its issuer by; empty elsewhere.
	issuer string
	// query and body are the parameters; form is both, the body's first.
	query, body, form url.Values
	// raw is the body as it came.
	raw []byte
	// params take the place of query in n.authorize; nil leaves it. pushed is
	// where they came from.
	params url.Values
	pushed *pushed
	now    time.Time
}

// server is the host where every host is a server of its own, and empty elsewhere.
func (q request) server() string {
	if q.dialect.perHost {
		return q.host
	}
	return ""
}

// answer is a response before it is sent, so that no lock is held while a slow
// reader takes it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) with(key, value string) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(key, value)
	return a
}

func jsonAnswer(status int, v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("sandbox: encode answer: %v", err)) // only own types come here
	}
	a := answer{status: status, body: b}.with("Content-Type", "application/json; charset=utf-8")
	return a.with("Cache-Control", "no-store")
}

func redirectAnswer(to string) answer {
	return answer{status: http.StatusFound}.with("Location", to).with("Cache-Control", "no-store")
}

// object is a JSON object as the dialects write it.
type object map[string]any

const maxRequest = 1 << 20

// ServeHTTP serves every platform, the control API and the index page.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := n.now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	q, err := n.read(w, r, now)
	if err != nil {
		http.Error(w, "cannot read the request: "+err.Error(), http.StatusBadRequest)
		return
	}
	switch {
	case r.URL.Path == "/":
		n.index(w, r)
		return
	case strings.HasPrefix(r.URL.Path, "/_control/"):
		n.control(w, r)
		return
	case q.platform == "":
		http.NotFound(w, r)
		return
	case q.dialect.share != nil:
		n.mu.Lock()
		q.dialect = q.dialect.share(n, q)
		n.mu.Unlock()
		q.platform = q.dialect.id
	}
	entry := n.logStart(q)
	a, sent := n.faulty(q, entry)
	if sent {
		return
	}
	n.logEnd(entry, a.status)
	a.send(w)
}

func (a answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // nobody to tell when the reader has gone
}

// read takes a request apart. The control API reads its own bodies.
func (n *Network) read(w http.ResponseWriter, r *http.Request, now time.Time) (request, error) {
	q := request{Request: r, now: now, query: r.URL.Query(), body: url.Values{}}
	host, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	path = "/" + path
	if host == ".well-known" {
		// RFC 8414 section 3.1 puts the well-known part before the issuer's own path.
		if rest, ok := strings.CutPrefix(path, metadataPath[len("/.well-known"):]+"/"); ok {
			var tail string
			host, tail, _ = strings.Cut(rest, "/")
			path = metadataPath
			if tail != "" {
				path += "/" + tail
			}
		}
	}
	q.host, q.path = strings.ToLower(host), path
	q.base = "http://" + r.Host + "/" + host
	if strings.HasPrefix(r.URL.Path, "/_control/") {
		return q, nil
	}
	if q.dialect = dialectAt(q.host); q.dialect != nil {
		q.platform = q.dialect.id
	}
	if r.Body != nil && r.Method != http.MethodGet && r.Method != http.MethodHead {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		if err := q.readBody(); err != nil {
			return q, err
		}
	}
	q.form = url.Values{}
	for _, from := range []url.Values{q.body, q.query} {
		for k, vs := range from {
			q.form[k] = append(q.form[k], vs...)
		}
	}
	return q, nil
}

func (q *request) readBody() error {
	var err error
	if q.raw, err = io.ReadAll(q.Request.Body); err != nil {
		return err
	}
	q.Request.Body = io.NopCloser(bytes.NewReader(q.raw))
	switch q.mediaType() {
	case "application/json":
		if len(bytes.TrimSpace(q.raw)) == 0 {
			return nil // a POST that says nothing
		}
		var in map[string]any
		if err := json.Unmarshal(q.raw, &in); err != nil {
			if json.Valid(q.raw) {
				return nil // a list or a plain value: q.json reads it
			}
			return fmt.Errorf("decode json: %w", err)
		}
		for k, v := range in {
			if list, ok := v.([]any); ok {
				for _, one := range list {
					q.body.Add(k, fmt.Sprint(one))
				}
				continue
			}
			q.body.Set(k, fmt.Sprint(v))
		}
	case "multipart/form-data":
		if err := q.ParseMultipartForm(maxRequest); err != nil {
			return err
		}
		maps.Copy(q.body, q.PostForm)
	default:
		if err := q.ParseForm(); err != nil {
			return err
		}
		maps.Copy(q.body, q.PostForm)
	}
	return nil
}

// serve lets the platform answer. It holds the lock.
func (n *Network) serve(q request) answer {
	n.mu.Lock()
	defer n.mu.Unlock()
	if id, ok := strings.CutPrefix(q.path, "/picture/"); ok {
		return picture(strings.TrimSuffix(id, ".png"))
	}
	return q.dialect.serve(n, q)
}

// settings of one platform, changed by the control API.
type settings struct {
	dialect *dialect
	life    Lifetimes
	// rotate gives a new refresh token at every refresh and kills the old one.
	rotate bool
	// auto approves at once, without a page.
	auto bool
	// preselect and force are people's ids; drop are scopes never granted.
	preselect, force string
	drop             []string
	// strict refuses client ids that are not registered.
	strict bool
}

// Never is a life without an end; None is for a token that is not given at all.
const (
	Never time.Duration = -1
	None  time.Duration = -2
)

// Lifetimes are how long what a platform gives will live. In a call of
// SetLifetimes a zero leaves that life as it is; Never has no end.
type Lifetimes struct {
	// Access token; in Meta's families the long-lived one of a person.
	Access time.Duration
	// Short is Meta's token straight from the sign-in.
	Short time.Duration
	// Page is Facebook's page token read with a long-lived one.
	Page time.Duration
	// Refresh token; None gives none.
	Refresh time.Duration
	// DataAccess is Meta's second clock, from the sign-in.
	DataAccess time.Duration
	// Code is how long an authorization code may be exchanged.
	Code time.Duration
	// Silent leaves the lives out of token answers; SilentIntrospection leaves the
	// ends out of debug_token and introspection.
	Silent, SilentIntrospection bool
}

const day = 24 * time.Hour

// of gives a platform's settings. A name that is none is a mistake in the caller.
func (n *Network) of(platform string) *settings {
	s := n.settings[platform]
	if s == nil {
		panic("sandbox: unknown platform " + platform)
	}
	return s
}

// each calls f for the settings of one platform, or of all for "".
func (n *Network) each(platform string, f func(*settings)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if platform != "" {
		f(n.of(platform))
		return
	}
	for _, p := range Platforms() {
		f(n.of(p))
	}
}

// SetLifetimes changes the lives of what is given from now on; a zero length
// stays as it is, the two switches are set as given. An empty platform means
// every one, here and in the methods below. A name that is no platform panics.
func (n *Network) SetLifetimes(platform string, l Lifetimes) {
	n.each(platform, func(s *settings) {
		for _, set := range []struct {
			to   *time.Duration
			from time.Duration
		}{
			{&s.life.Access, l.Access}, {&s.life.Short, l.Short}, {&s.life.Page, l.Page},
			{&s.life.Refresh, l.Refresh}, {&s.life.DataAccess, l.DataAccess}, {&s.life.Code, l.Code},
		} {
			if set.from != 0 {
				*set.to = set.from
			}
		}
		s.life.Silent, s.life.SilentIntrospection = l.Silent, l.SilentIntrospection
	})
}

// SetRotation says whether a refresh gives a new refresh token and kills the old one.
func (n *Network) SetRotation(platform string, on bool) {
	n.each(platform, func(s *settings) { s.rotate = on })
}

// SetAuto approves authorization requests at once, without a page.
func (n *Network) SetAuto(platform string, on bool) {
	n.each(platform, func(s *settings) { s.auto = on })
}

// SetStrictApps refuses client ids that are not registered.
func (n *Network) SetStrictApps(platform string, on bool) {
	n.each(platform, func(s *settings) { s.strict = on })
}

// Preselect chooses who is selected on the sign-in page when it opens; empty means the first.
func (n *Network) Preselect(platform, person string) {
	id := n.mustPerson(person)
	n.each(platform, func(s *settings) { s.preselect = id })
}

// SignInAs makes every sign-in one as this person, whoever is chosen: the wrong
// account. Empty ends that.
func (n *Network) SignInAs(platform, person string) {
	id := n.mustPerson(person)
	n.each(platform, func(s *settings) { s.force = id })
}

// DropScopes leaves these out of every grant, whatever is ticked. None ends that.
func (n *Network) DropScopes(platform string, scopes ...string) {
	n.each(platform, func(s *settings) { s.drop = slices.Clone(scopes) })
}
