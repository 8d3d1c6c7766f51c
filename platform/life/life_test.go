package life

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
	"relink/platform/connect"
	"relink/platform/refresh"
	"relink/platform/sandbox"
)

// way is one way into a platform: most have one.
type way struct {
	platform string
	// by is "browser", "device" or "credential".
	by string
	// server to connect at, for platforms that have several.
	server string
	// public uses the app registration without a secret.
	public bool
	// app says what kind of app registration it is, where that decides how long
	// tokens last; see lives.
	app string
}

// lives are what a platform gives to some apps only.
var lives = map[string]struct {
	platform string
	lives    sandbox.Lifetimes
}{
	"with refresh tokens": {"linkedin", sandbox.Lifetimes{Refresh: 365 * 24 * time.Hour}},
	"with rotation":       {"slack", sandbox.Lifetimes{Access: 12 * time.Hour, Refresh: sandbox.Never}},
	"in testing":          {"youtube", sandbox.Lifetimes{Refresh: 7 * 24 * time.Hour}},
}

// how says it in words.
func (w way) how() string {
	if w.app != "" {
		return w.by + " " + w.app
	}
	return w.by
}

// sites are the servers of the practice network for platforms with several.
var sites = map[string]string{
	"mastodon": "https://mastodon.example", "oidc": "https://issuer.example", "wordpress": "https://blog.example",
	"bluesky": "acme-owner.bsky.social",
}

// ways lists every way into every platform.
func ways() []way {
	var out []way
	for _, p := range platform.All() {
		w := way{platform: p.ID, server: sites[p.ID], by: "browser"}
		if p.Redirect != platform.RedirectNone {
			out = append(out, w)
			for _, app := range slices.Sorted(maps.Keys(lives)) {
				if lives[app].platform == p.ID {
					other := w
					other.app = app
					out = append(out, other)
				}
			}
		}
		if p.Device != nil {
			w.by, w.public = "device", true
			out = append(out, w)
		}
		if p.Credential != nil {
			w.by, w.public = "credential", false
			out = append(out, w)
		}
	}
	return out
}

// world is one platform with one account of it, in simulated time.
type world struct {
	*testing.T
	way   way
	p     *platform.Platform
	net   *sandbox.Network
	wire  *platform.Net
	store *store
	keep  *refresh.Refresher
	acc   platform.Account
}

const (
	owner = "Acme Owner"
	other = "Other Person"
)

// in runs a test in simulated time.
func in(t *testing.T, w way, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, err := platform.Lookup(w.platform)
		if err != nil {
			t.Fatal(err)
		}
		n := sandbox.New(sandbox.Config{})
		app := platform.App{Platform: p.ID, ID: "practice", Secret: platform.NewSecret("practice-secret")}
		switch {
		case p.Registration.Self || p.Registration.None || w.by == "credential":
			app = platform.App{}
		case w.public:
			app = platform.App{Platform: p.ID, ID: "practice-public"}
		}
		if w.app != "" {
			n.SetLifetimes(w.platform, lives[w.app].lives)
			n.SetRotation(w.platform, w.app == "with rotation")
		}
		s := newStore(app)
		net := &platform.Net{Sandbox: "http://127.0.0.1:1", Transport: n.Transport()}
		x := &world{T: t, way: w, p: p, net: n, wire: net, store: s, keep: refresh.New(refresh.Config{Store: s, Net: net, Rand: func() float64 { return 0.5 }})}
		defer n.ClearFaults("")
		test(x)
		x.keep.Wait()
	})
}

// signIn goes the way in as a person.
func (w *world) signIn(expect *platform.Account, person string) (connect.Result, error) {
	w.Helper()
	ctx := w.Context()
	r := connect.Request{Platform: w.p, App: w.store.app, Server: w.way.server, Expect: expect, NoListener: true, Device: w.way.by == "device"}
	if expect != nil {
		r.Server = expect.Server
	}
	if w.way.by == "credential" {
		host := strings.TrimPrefix(w.way.server, "https://")
		if w.p.Site != platform.SiteServer {
			host = ""
		}
		login, secret := w.net.CredentialAt(w.p.ID, host, person)
		r.Login, r.Secret = login, platform.NewSecret(secret)
	}
	a, err := connect.Start(ctx, connect.Config{Net: w.wire}, r)
	if err != nil {
		return connect.Result{}, err
	}
	defer a.Cancel()
	choice := sandbox.Choice{Person: person}
	switch {
	case a.UserCode != "":
		if err := w.net.Approve(ctx, nil, a.URL, choice); err != nil {
			w.Fatalf("approve the device: %v", err)
		}
	case a.URL != "":
		to, err := w.net.SignIn(ctx, nil, a.URL, choice)
		if err != nil {
			w.Fatalf("sign in: %v", err)
		}
		if err := a.Paste(to); err != nil {
			w.Fatalf("paste: %v", err)
		}
	}
	out, err := a.Wait(ctx)
	a.Done(connect.Outcome{Error: err})
	if err == nil {
		w.store.app = out.App
	}
	return out, err
}

// connect connects the owner's first account.
func (w *world) connect() connect.Result {
	w.Helper()
	got, err := w.signIn(nil, owner)
	if err != nil {
		w.Fatalf("connect: %v", err)
	}
	for i, id := range got.Identities {
		a := platform.Account{
			ID: fmt.Sprint("a", i), Platform: w.p.ID, Server: got.Server, Alias: fmt.Sprint("acme", i), ProviderID: id.ProviderID, Kind: id.Kind,
			Name: id.Name, Handle: id.Handle, Owner: id.Owner, OwnerID: id.OwnerID, Created: time.Now(),
		}
		a = w.store.put(a, id.Grant)
		if i == 0 {
			w.acc = a
		}
	}
	return got
}

func (w *world) grant() platform.Grant { g, _ := w.store.Grant(w.Context(), w.acc.ID); return g }

func (w *world) status() platform.Status { return platform.Assess(w.acc, w.grant(), time.Now()) }

// asks counts the requests that the platform got during f.
func (w *world) asks(f func()) int {
	before := w.net.Requests()
	f()
	return w.net.Requests() - before
}

// steps of a life, in the order of the matrix's columns. Each says in a word
// or two what it found, or fails.
var steps = []struct {
	name string
	run  func(w *world) string
}{
	{"connect", connected},
	{"wrong account", wrongAccount},
	{"fewer scopes", fewerScopes},
	{"outage", outage},
	{"expiry", expiry},
	{"renewal", renewal},
	{"revoked", revoked},
	{"reconnect", reconnected},
}

func connected(w *world) string {
	got := w.connect()
	kinds := map[string]bool{}
	for _, id := range got.Identities {
		kinds[id.Kind] = true
		switch {
		case id.ProviderID == "" || id.Name == "" && id.Handle == "":
			w.Errorf("an account without a name: %+v", id)
		case id.Grant.Tokens.Access.IsZero():
			w.Errorf("%s has no token", id.Name)
		case strings.Contains(fmt.Sprintf("%+v", id), id.Grant.Tokens.Access.Reveal()):
			w.Errorf("%s shows its token", id.Name)
		}
	}
	if s := w.status(); s.State != platform.StateConnected && s.State != platform.StateExpiring {
		w.Errorf("after connecting it is %s (%s): %+v", s.State, s.Reason, s.Capabilities)
	}
	if _, err := w.keep.Verify(w.Context(), w.acc.ID); err != nil {
		w.Errorf("verify a fresh grant: %v", err)
	}
	word := "ok"
	if n := len(got.Identities); n > 1 {
		word = fmt.Sprint(n, " accounts")
	}
	if c := w.grant().Clock(platform.ClockAccess); c.Kind != "" {
		word += ", " + string(c.Source)
	}
	return word
}

// wrongAccount: somebody else signs in; nothing changes.
func wrongAccount(w *world) string {
	w.connect()
	before := w.grant()
	_, err := w.signIn(&w.acc, other)
	e := platform.As(err, "")
	if err == nil || e.Kind != platform.KindWrongAccount || !strings.Contains(e.Message, "Nothing was changed") {
		w.Fatalf("got %v", err)
	}
	if !reflect.DeepEqual(before, w.grant()) {
		w.Error("the grant was changed")
	}
	return "refused"
}

// fewerScopes: what is missing is named by what stops.
func fewerScopes(w *world) string {
	if w.way.by == "credential" || len(w.p.Needs) == 0 {
		return "-"
	}
	at := slices.IndexFunc(w.p.Needs, func(n platform.Need) bool {
		return !n.Approval && slices.ContainsFunc(n.Scopes, func(s string) bool { return !slices.Contains(w.p.Scopes, s) })
	})
	if at < 0 {
		return "-"
	}
	need := w.p.Needs[at]
	i := slices.IndexFunc(need.Scopes, func(s string) bool { return !slices.Contains(w.p.Scopes, s) })
	w.net.DropScopes(w.p.ID, need.Scopes[i])
	got := w.connect()
	if !slices.Contains(got.Missing, need.Scopes[i]) {
		w.Fatalf("%s was left out, and missing is %q", need.Scopes[i], got.Missing)
	}
	s := w.status()
	c := slices.IndexFunc(s.Capabilities, func(c platform.CapabilityStatus) bool { return c.Capability == need.Capability })
	if s.State != platform.StateLimited || c < 0 || s.Capabilities[c].Works || !slices.Contains(s.Capabilities[c].Missing, need.Scopes[i]) {
		w.Fatalf("it is %s, %+v", s.State, s.Capabilities)
	}
	return "no " + string(need.Capability)
}

// outage: nothing a platform does while it is not well changes anything.
func outage(w *world) string {
	w.connect()
	before := w.grant()
	for _, f := range []sandbox.Fault{
		{Kind: sandbox.FaultStatus, Status: http.StatusInternalServerError}, {Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable},
		{Kind: sandbox.FaultStatus, Status: http.StatusTooManyRequests}, {Kind: sandbox.FaultGarbage}, {Kind: sandbox.FaultHuge}, {Kind: sandbox.FaultEmpty},
		{Kind: sandbox.FaultPortal}, {Kind: sandbox.FaultDrop}, {Kind: sandbox.FaultHang},
	} {
		w.net.SetFault(f)
		// The refresh token's use may be what is asked for; its loss on the way is no outage but a crash.
		asks := []func() error{func() error { _, err := w.keep.Verify(w.Context(), w.acc.ID); return err }}
		if before.Refreshable {
			asks = append(asks, func() error { _, err := w.keep.Refresh(w.Context(), w.acc.ID); return err })
		}
		for _, ask := range asks {
			err := ask()
			if err == nil && w.p.Verify == nil {
				continue // nobody was asked
			}
			if kind := platform.KindOf(err); kind != platform.KindRetry && kind != platform.KindLimit {
				w.Errorf("%s %d: got %v (%s)", f.Kind, f.Status, err, kind)
			}
		}
		w.net.ClearFaults("")
	}
	if !reflect.DeepEqual(before, w.grant()) {
		w.Errorf("the grant was changed: %+v", w.grant())
	}
	if s := w.status(); s.State != platform.StateConnected && s.State != platform.StateExpiring {
		w.Errorf("it is %s", s.State)
	}
	return "unchanged"
}

// expiry: the end comes, by the clock, with no network; or there is none.
func expiry(w *world) string {
	w.connect()
	g := w.grant()
	d := w.status().Deadline
	if !d.Ends() {
		if c := g.Clock(platform.ClockAccess); c.Ends() {
			return "renews"
		}
		if s := platform.Assess(w.acc, g, time.Now().AddDate(10, 0, 0)); s.State != platform.StateConnected {
			w.Errorf("ten years on it is %s", s.State)
		}
		return "never"
	}
	lead := platform.Lead(0, d.At.Sub(d.Since))
	for _, at := range []struct {
		when time.Time
		want platform.State
	}{
		{d.At.Add(-lead - time.Minute), platform.StateConnected}, {d.At.Add(-lead), platform.StateExpiring},
		{d.At.Add(-time.Second), platform.StateExpiring}, {d.At, platform.StateExpired},
	} {
		if d.Kind == platform.ClockInactivity && at.want == platform.StateExpired {
			at.want = platform.StateDormant
		}
		if s := platform.Assess(w.acc, g, at.when); s.State != at.want {
			w.Errorf("%v before the end it is %s, want %s", d.At.Sub(at.when), s.State, at.want)
		}
	}
	if !g.Refreshable {
		time.Sleep(time.Until(g.Clock(platform.ClockAccess).At) + time.Second)
		if c := g.Clock(platform.ClockAccess); c.Ends() {
			n := w.asks(func() {
				_, err := w.keep.Token(w.Context(), w.acc.ID, 0)
				if platform.KindOf(err) != platform.KindReconnect {
					w.Errorf("a token that has ended: got %v", err)
				}
			})
			if n != 0 {
				w.Errorf("the platform was asked %d times about what the clock says", n)
			}
		}
	}
	return platform.Span(d.At.Sub(d.Since)) + ", " + string(d.Source)
}

// renewal: without a person, where the platform has that; else not at all.
func renewal(w *world) string {
	w.connect()
	g := w.grant()
	c := g.Clock(platform.ClockAccess)
	switch {
	case g.Refreshable && c.Ends():
		time.Sleep(time.Until(c.At) + time.Second)
		var fresh platform.Grant
		var err error
		w.net.ClearLog()
		fresh, err = w.keep.Token(w.Context(), w.acc.ID, 0)
		if err != nil {
			w.Fatalf("renew: %v", err)
		}
		if fresh.Generation != g.Generation+1 || fresh.Tokens.Access == g.Tokens.Access || !fresh.Clock(platform.ClockAccess).At.After(c.At) || !fresh.Refreshable {
			w.Errorf("generation %d after %d, another token %v, until %v after %v", fresh.Generation, g.Generation, fresh.Tokens.Access != g.Tokens.Access, fresh.Clock(platform.ClockAccess).At, c.At)
		}
		rotated := fresh.Tokens.Refresh != g.Tokens.Refresh
		if rotated && w.p.Family == platform.FamilyStatic {
			w.Error("a static refresh token has changed")
		}
		// Those that share the refresh token go on as well.
		for _, id := range []string{"a1", "a2"} {
			if _, ok := w.store.accounts[id]; ok && w.p.Shared {
				if _, err := w.keep.Refresh(w.Context(), id); err != nil {
					w.Errorf("the sibling %s: %v", id, err)
				}
			}
		}
		for k := range 5 { // and on
			c = w.grant().Clock(platform.ClockAccess)
			time.Sleep(time.Until(c.At) + time.Second)
			if _, err := w.keep.Token(w.Context(), w.acc.ID, 0); err != nil {
				w.Fatalf("renewal %d: %v", k+2, err)
			}
		}
		if rotated {
			return "rotates"
		}
		return "static"
	case w.p.Extend != nil && !g.Refreshable && c.Ends():
		if _, err := w.keep.Verify(w.Context(), w.acc.ID); err != nil || w.grant().Generation != 1 {
			w.Errorf("a young token: generation %d, %v", w.grant().Generation, err)
		}
		time.Sleep(max(w.p.ExtendFrom, c.At.Sub(c.Since)/8) + time.Hour)
		if _, err := w.keep.Verify(w.Context(), w.acc.ID); err != nil {
			w.Fatalf("extend: %v", err)
		}
		fresh := w.grant()
		if fresh.Generation == g.Generation {
			return "no gain"
		}
		if !fresh.Clock(platform.ClockAccess).At.After(c.At.Add(24*time.Hour)) || fresh.Tokens.Access.IsZero() {
			w.Errorf("until %v after %v", fresh.Clock(platform.ClockAccess).At, c.At)
		}
		return "extends"
	case !g.Refreshable && (!c.Ends() || w.p.Family == platform.FamilyNone || w.p.Extend == nil):
		if _, err := w.keep.Refresh(w.Context(), w.acc.ID); platform.KindOf(err) != platform.KindReconnect {
			w.Errorf("renew what cannot be renewed: %v", err)
		}
		return "-"
	}
	return "not needed"
}

// revoked: the platform is asked, and its word is believed when it is certain.
func revoked(w *world) string {
	w.connect()
	if w.net.Revoke(sandbox.Selection{Platform: w.p.ID}, "") == 0 {
		w.Fatal("there was nothing to revoke")
	}
	word := "seen by verify"
	if w.p.Verify == nil {
		word = "seen by renewal"
		time.Sleep(time.Until(w.grant().Clock(platform.ClockAccess).At) + time.Second)
	}
	asked := 0
	for ; asked < 3 && w.status().State != platform.StateRevoked; asked++ {
		_, err := w.keep.Verify(w.Context(), w.acc.ID)
		if err == nil {
			w.Fatalf("question %d: it works", asked+1)
		}
		if s := w.status().State; s == platform.StateRevoked && !w.grant().Fault.Definite && asked == 0 {
			w.Error("one word that is not definite ended it")
		}
		time.Sleep(3 * time.Minute)
	}
	s := w.status()
	if s.State != platform.StateRevoked {
		w.Fatalf("after %d questions it is %s, fault %+v", asked, s.State, w.grant().Fault)
	}
	if why := s.Why(w.p.Name); why == "" || strings.Contains(why, "{") {
		w.Errorf("why: %q", why)
	}
	n := w.asks(func() {
		if _, err := w.keep.Token(w.Context(), w.acc.ID, 0); platform.KindOf(err) != platform.KindReconnect {
			w.Errorf("a token of what is revoked: %v", err)
		}
	})
	if n != 0 {
		w.Errorf("the platform was asked %d times about what is known", n)
	}
	return word
}

// reconnected: the same account, its id and all, with a grant that works.
func reconnected(w *world) string {
	w.connect()
	w.net.Revoke(sandbox.Selection{Platform: w.p.ID}, "")
	got, err := w.signIn(&w.acc, owner)
	if err != nil {
		w.Fatalf("reconnect: %v", err)
	}
	if len(got.Identities) != 1 || got.Identities[0].ProviderID != w.acc.ProviderID || got.Server != w.acc.Server {
		w.Fatalf("another account: %+v", got.Identities)
	}
	w.store.put(w.acc, got.Identities[0].Grant)
	if _, err := w.keep.Verify(w.Context(), w.acc.ID); err != nil {
		w.Errorf("verify: %v", err)
	}
	if s := w.status(); s.State != platform.StateConnected && s.State != platform.StateExpiring {
		w.Errorf("it is %s (%s)", s.State, s.Reason)
	}
	return "same id"
}

// TestLife walks every way into every platform. With RELINK_MATRIX set it
// prints what came of it as a table.
func TestLife(t *testing.T) {
	var mu sync.Mutex
	found := map[way]map[string]string{}
	for _, w := range ways() {
		found[w] = map[string]string{}
		for _, s := range steps {
			t.Run(w.platform+"/"+w.how()+"/"+s.name, func(t *testing.T) {
				said := "FAILED"
				defer func() {
					mu.Lock()
					found[w][s.name] = said
					mu.Unlock()
				}()
				in(t, w, func(x *world) { said = s.run(x) })
				if t.Failed() {
					said = "FAILED"
				}
			})
		}
	}
	if os.Getenv("RELINK_MATRIX") != "" {
		fmt.Print(matrix(found))
	}
}

func matrix(found map[way]map[string]string) string {
	var b strings.Builder
	line := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	header, rule := []string{"platform", "by"}, []string{"---", "---"}
	for _, s := range steps {
		header, rule = append(header, s.name), append(rule, "---")
	}
	line(header...)
	line(rule...)
	for _, w := range ways() {
		cells := []string{w.platform, w.how()}
		for _, s := range steps {
			cells = append(cells, found[w][s.name])
		}
		line(cells...)
	}
	return b.String()
}

var _ refresh.Store = (*store)(nil)
