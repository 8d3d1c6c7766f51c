package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// command is one call of the control API. The index page lists them.
type command struct {
	Method, Path, Body, Does string
	run                      func(n *Network, r *http.Request) (any, error)
}

// commands is filled in init because the index page and the list refer to each other.
var commands []command

func init() {
	commands = []command{
		{"GET", "/_control/state", "", "Everything there is, without a secret.", func(n *Network, _ *http.Request) (any, error) { return n.state(), nil }},
		{"GET", "/_control/log", "", "The requests so far: method, host, path, names of parameters, status. ?platform= narrows it.", controlLog},
		{"DELETE", "/_control/log", "", "Forget them.", func(n *Network, _ *http.Request) (any, error) { n.ClearLog(); return done, nil }},
		{"GET", "/_control/posts", "", "What was published.", func(n *Network, _ *http.Request) (any, error) { return append([]Post{}, n.Posts()...), nil }},
		{"POST", "/_control/lifetimes", `{"platform":"facebook","access":"60d","short":"2h","page":"never","data_access":"90d","refresh":"none","code":"10m","silent":false,"silent_introspection":false}`,
			"How long what is given from now on lives. A length left out stays as it is, a switch left out is off: silent leaves expires_in out, silent_introspection the dates of debug_token and introspection.", controlLifetimes},
		{"POST", "/_control/rotation", `{"platform":"oidc","on":true}`, "Whether a refresh kills the old refresh token.", controlRotation},
		{"POST", "/_control/expire", `{"platform":"facebook","account":"Acme Shop","kind":"","ago":"24h"}`,
			"End tokens now, some time ago, or with \"in\":\"6d\" soon. account is a person, page, channel or blog (empty: all), kind access, page, refresh or data_access (empty: all tokens).", controlExpire},
		{"POST", "/_control/revoke", `{"platform":"facebook","account":"Acme Owner","reason":"password"}`, "Revoke tokens. Reasons: " + strings.Join(reasons(), ", ") + ".", controlRevoke},
		{"POST", "/_control/fault", `{"platform":"linkedin","host":"","path":"","kind":"status","status":500,"for":"30s","times":0,"code":4,"subcode":0,"error":"invalid_grant","body":{},"header":{}}`,
			"Make something go wrong until cleared, or so many times. Kinds: " + strings.Join(faultKinds(), ", ") + ". json answers body as it stands, with status and header: any platform's own error. Sign-in pages are spared unless path names them.", controlFault},
		{"POST", "/_control/clear", `{"platform":""}`, "End the faults; what hangs goes on.", controlClear},
		{"POST", "/_control/person", `{"platform":"facebook","preselect":"Acme Owner","force":"Other Person"}`, "Who is selected when the sign-in page opens; force signs in as that person whoever is chosen (the wrong account).", controlPerson},
		{"POST", "/_control/credential", `{"platform":"telegram","host":"","person":"Acme Owner"}`, "Make what is handed over instead of a sign-in: an app password, a bot token, a webhook address. Answers login and secret.", controlCredential},
		{"POST", "/_control/pds", `{"person":"Acme Owner","host":"pds.acme.example"}`, "Move a Bluesky account to another server, pds.… something: same DID, and nothing the old server gave works on.", controlPDS},
		{"POST", "/_control/scopes", `{"platform":"facebook","drop":["pages_manage_posts"]}`, "Permissions that are never granted, whatever is ticked.", controlScopes},
		{"POST", "/_control/auto", `{"platform":"facebook","on":true}`, "Approve at once, without a page.", controlAuto},
		{"POST", "/_control/app", `{"platform":"linkedin","client_id":"mine","client_secret":"…","public":false,"redirects":["http://localhost:8421/callback"],"scopes":[]}`,
			"Register an app: its secret is then checked, its redirects must match as the platform has it, most of them exactly (oidc: any port on 127.0.0.1).", controlApp},
		{"POST", "/_control/strict", `{"platform":"linkedin","on":true}`, "Refuse client ids that are not registered.", controlStrict},
		{"POST", "/_control/reset", `{}`, "Back to the beginning.", func(n *Network, _ *http.Request) (any, error) { n.Reset(); return done, nil }},
	}
}

var done = object{"done": true}

// crossOrigin keeps web pages elsewhere from steering a practice network.
var crossOrigin = http.NewCrossOriginProtection()

func (n *Network) control(w http.ResponseWriter, r *http.Request) {
	reply := func(status int, v any) { jsonAnswer(status, v).send(w) }
	if err := crossOrigin.Check(r); err != nil {
		reply(http.StatusForbidden, object{"error": err.Error()})
		return
	}
	var methods []string
	for _, c := range commands {
		if c.Path != r.URL.Path {
			continue
		}
		if c.Method != r.Method {
			methods = append(methods, c.Method)
			continue
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		out, err := c.run(n, r)
		if err != nil {
			reply(http.StatusBadRequest, object{"error": err.Error(), "example": c.Body})
			return
		}
		reply(http.StatusOK, out)
		return
	}
	if methods != nil {
		reply(http.StatusMethodNotAllowed, object{"error": "use " + strings.Join(methods, " or ")})
		return
	}
	reply(http.StatusNotFound, object{"error": "no such command; the page at / lists them"})
}

// decode reads a command's body strictly: a misspelt field would be a test that
// tests nothing.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode command: %w", err)
	}
	return nil
}

// target is the platform a command is for; empty is every one.
type target struct {
	Platform string `json:"platform"`
}

func (t target) check() error {
	if t.Platform != "" && !slices.Contains(Platforms(), t.Platform) {
		return fmt.Errorf("unknown platform %q; use one of %s", t.Platform, strings.Join(Platforms(), ", "))
	}
	return nil
}

// Duration reads a length of time: what time.ParseDuration reads, days ("6d"),
// "never" and "none". Empty is zero.
func Duration(s string) (time.Duration, error) {
	switch s {
	case "":
		return 0, nil
	case "never":
		return Never, nil
	case "none":
		return None, nil
	}
	var d time.Duration
	if days, rest, ok := strings.Cut(s, "d"); ok {
		v, err := strconv.ParseFloat(days, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a length of time like 6d, 24h or 90s", s)
		}
		d = time.Duration(v * float64(day))
		if s = rest; s == "" {
			s = "0s"
		}
	}
	more, err := time.ParseDuration(s)
	if err != nil || d+more < 0 {
		return 0, fmt.Errorf("%q is not a length of time like 6d, 24h or 90s", s)
	}
	return d + more, nil
}

func controlLog(n *Network, r *http.Request) (any, error) {
	out := []Entry{}
	p := r.URL.Query().Get("platform")
	if slices.Contains(Platforms(), p) {
		p = canonical(p)
	}
	for _, e := range n.Log() {
		if p == "" || p == e.Platform {
			out = append(out, e)
		}
	}
	return out, nil
}

func controlLifetimes(n *Network, r *http.Request) (any, error) {
	var in struct {
		target
		Access              string `json:"access"`
		Short               string `json:"short"`
		Page                string `json:"page"`
		Refresh             string `json:"refresh"`
		DataAccess          string `json:"data_access"`
		Code                string `json:"code"`
		Silent              bool   `json:"silent"`
		SilentIntrospection bool   `json:"silent_introspection"`
	}
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	l := Lifetimes{Silent: in.Silent, SilentIntrospection: in.SilentIntrospection}
	for _, f := range []struct {
		to   *time.Duration
		from string
	}{{&l.Access, in.Access}, {&l.Short, in.Short}, {&l.Page, in.Page}, {&l.Refresh, in.Refresh}, {&l.DataAccess, in.DataAccess}, {&l.Code, in.Code}} {
		d, err := Duration(f.from)
		if err != nil {
			return nil, err
		}
		if d == None && f.to != &l.Refresh {
			return nil, errors.New("none is for refresh tokens only")
		}
		*f.to = d
	}
	n.SetLifetimes(in.Platform, l)
	return done, nil
}

// toggle is a command that switches something.
func toggle(r *http.Request, set func(platform string, on bool)) (any, error) {
	var in struct {
		target
		On bool `json:"on"`
	}
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	set(in.Platform, in.On)
	return done, nil
}

func controlRotation(n *Network, r *http.Request) (any, error) { return toggle(r, n.SetRotation) }
func controlAuto(n *Network, r *http.Request) (any, error)     { return toggle(r, n.SetAuto) }
func controlStrict(n *Network, r *http.Request) (any, error)   { return toggle(r, n.SetStrictApps) }

type selection struct {
	target
	Account string `json:"account"`
	Kind    string `json:"kind"`
}

func (s selection) check() error {
	if !slices.Contains([]string{"", KindAccess, KindPage, KindRefresh, KindDataAccess}, s.Kind) {
		return fmt.Errorf("unknown kind %q", s.Kind)
	}
	return s.target.check()
}

func controlExpire(n *Network, r *http.Request) (any, error) {
	var in struct {
		selection
		Ago string `json:"ago"`
		In  string `json:"in"`
	}
	err := errors.Join(decode(r, &in), in.check())
	ago, err1 := Duration(in.Ago)
	ahead, err2 := Duration(in.In)
	if err = errors.Join(err, err1, err2); err != nil {
		return nil, err
	}
	if ago < 0 || ahead < 0 {
		return nil, errors.New("ago and in are lengths of time")
	}
	return object{"changed": n.Expire(Selection{in.Platform, in.Account, in.Kind}, n.now().Add(ahead-ago))}, nil
}

func controlRevoke(n *Network, r *http.Request) (any, error) {
	var in struct {
		selection
		Reason string `json:"reason"`
	}
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	if in.Reason != "" && !slices.Contains(reasons(), in.Reason) {
		return nil, fmt.Errorf("unknown reason %q; use one of %s", in.Reason, strings.Join(reasons(), ", "))
	}
	return object{"changed": n.Revoke(Selection{in.Platform, in.Account, in.Kind}, in.Reason)}, nil
}

func controlFault(n *Network, r *http.Request) (any, error) {
	var in struct {
		target
		Host    string            `json:"host"`
		Path    string            `json:"path"`
		Kind    string            `json:"kind"`
		Status  int               `json:"status"`
		For     string            `json:"for"`
		Times   int               `json:"times"`
		Code    int               `json:"code"`
		Subcode int               `json:"subcode"`
		Error   string            `json:"error"`
		Body    json.RawMessage   `json:"body"`
		Header  map[string]string `json:"header"`
	}
	err := errors.Join(decode(r, &in), in.check())
	wait, err2 := Duration(in.For)
	if err = errors.Join(err, err2); err != nil {
		return nil, err
	}
	if !slices.Contains(faultKinds(), in.Kind) {
		return nil, fmt.Errorf("unknown kind %q; use one of %s", in.Kind, strings.Join(faultKinds(), ", "))
	}
	if in.Status != 0 && (in.Status < 200 || in.Status > 599) {
		return nil, fmt.Errorf("%d is not a status an answer can have", in.Status)
	}
	if in.Kind == FaultJSON && in.Body == nil {
		return nil, errors.New("a json fault needs a body")
	}
	n.SetFault(Fault{
		Platform: in.Platform, Host: in.Host, Path: in.Path, Kind: in.Kind, Status: in.Status, For: wait, Times: in.Times,
		Code: in.Code, Subcode: in.Subcode, Error: in.Error, Body: in.Body, Header: in.Header,
	})
	return done, nil
}

func controlClear(n *Network, r *http.Request) (any, error) {
	var in target
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	n.ClearFaults(in.Platform)
	return done, nil
}

func controlPerson(n *Network, r *http.Request) (any, error) {
	var in struct {
		target
		Preselect *string `json:"preselect"`
		Force     *string `json:"force"`
	}
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	for _, who := range []*string{in.Preselect, in.Force} {
		if who == nil || *who == "" {
			continue
		}
		if _, ok := n.person(*who); !ok {
			return nil, fmt.Errorf("nobody here is called %q", *who)
		}
	}
	if in.Preselect != nil {
		n.Preselect(in.Platform, *in.Preselect)
	}
	if in.Force != nil {
		n.SignInAs(in.Platform, *in.Force)
	}
	return done, nil
}

func controlCredential(n *Network, r *http.Request) (any, error) {
	var in struct {
		target
		Host   string `json:"host"`
		Person string `json:"person"`
	}
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	if _, ok := n.person(in.Person); in.Person != "" && !ok {
		return nil, fmt.Errorf("nobody here is called %q", in.Person)
	}
	if in.Platform == "" || dialectOf(in.Platform).credential == nil {
		return nil, errors.New("this platform has no credentials made by hand")
	}
	login, secret := n.CredentialAt(in.Platform, in.Host, in.Person)
	return object{"login": login, "secret": secret}, nil
}

func controlPDS(n *Network, r *http.Request) (any, error) {
	var in struct {
		Person string `json:"person"`
		Host   string `json:"host"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if _, ok := n.person(in.Person); !ok {
		return nil, fmt.Errorf("nobody here is called %q", in.Person)
	}
	if !strings.HasPrefix(in.Host, "pds.") {
		return nil, errors.New("a server is named pds. something")
	}
	n.MovePDS(in.Person, in.Host)
	return done, nil
}

func controlScopes(n *Network, r *http.Request) (any, error) {
	var in struct {
		target
		Drop []string `json:"drop"`
	}
	if err := errors.Join(decode(r, &in), in.check()); err != nil {
		return nil, err
	}
	n.DropScopes(in.Platform, in.Drop...)
	return done, nil
}

func controlApp(n *Network, r *http.Request) (any, error) {
	var in App
	if err := errors.Join(decode(r, &in), target{in.Platform}.check()); err != nil {
		return nil, err
	}
	switch {
	case in.Platform == "" || in.ClientID == "":
		return nil, errors.New("an app needs a platform and a client_id")
	case in.Public && in.Secret != "":
		return nil, errors.New("a public client has no secret")
	case in.Public && !dialectOf(in.Platform).public:
		return nil, errors.New("this platform has no public clients")
	case dialectOf(in.Platform).perHost && (in.Host == "" || in.Secret == "" || len(in.Redirects) == 0):
		return nil, errors.New("an app where every host is a server of its own needs host, client_secret and redirects; on Mastodon apps register themselves at /api/v1/apps")
	}
	n.Register(in)
	return done, nil
}
