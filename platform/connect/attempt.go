package connect

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"relink/platform"
)

// working is how long tokens and identity may take once the browser is back.
const working = 2 * time.Minute

// Attempt is one sign-in. Its methods may be called from any goroutine; the
// exported fields do not change.
type Attempt struct {
	// URL is the address for the browser, Redirect where it comes back to. With a
	// device code the browser does not come back, and UserCode is typed at URL; with
	// a credential all three are empty.
	URL, Redirect, UserCode string
	// Listening is false when the redirect address must be pasted; Notes says why.
	Listening bool
	Notes     []string
	// Deadline is when the browser must be back.
	Deadline time.Time
	// App is the registration in use. Where Relink made it, the caller keeps it.
	App platform.App
	// Server is the normalised server or issuer.
	Server   string
	Endpoint platform.Endpoint

	cfg   Config
	req   Request
	asked []string
	state string
	proof platform.Proof
	// key is what the tokens will be bound to, if they are.
	key    platform.Secret
	device platform.Device
	timer  *time.Timer

	working chan struct{} // closed when the callback has come
	ended   chan struct{} // closed when the attempt was ended from outside
	outcome chan Outcome  // what the browser's page is waiting for
	waited  sync.Once
	result  Result
	failed  error

	// mu guards what follows; doors guards door.
	mu     sync.Mutex
	answer url.Values // the callback, once
	over   error      // why the attempt was ended from outside
	told   bool       // the outcome was given
	stop   context.CancelFunc
	door   *door
}

// Result is what a sign-in gave.
type Result struct {
	App platform.App
	// Server is that of the attempt, or the lasting name that only the sign-in told.
	Server    string
	Endpoint  platform.Endpoint
	Exchanged platform.Exchanged
	// Identities are what can be connected, each with its whole grant but for
	// account and generation. On reconnect it is the expected one alone, or, with
	// an error of KindWrongAccount, who signed in instead.
	Identities []platform.Identity
	// Others are further identities behind a reconnect's sign-in.
	Others []platform.Identity
	// Missing are scopes of the capabilities wanted that were not granted.
	Missing []string
}

func newAttempt(cfg Config, r Request, server string, e platform.Endpoint, asked []string) *Attempt {
	app := r.App
	app.Platform = r.Platform.ID
	if r.Platform.Site != platform.SiteNone {
		app.Server = server
	}
	return &Attempt{
		App: app, Server: server, Endpoint: e, Deadline: cfg.Now().Add(cfg.Limit),
		cfg: cfg, req: r, asked: asked, state: unguessable(),
		working: make(chan struct{}), ended: make(chan struct{}), outcome: make(chan Outcome, 1),
	}
}

// Working is closed when the callback has come, from the browser or by pasting.
func (a *Attempt) Working() <-chan struct{} { return a.working }

// Cancel ends the attempt; nothing is changed. Wait returns KindCancelled.
// Its port is free when Cancel returns, unless another attempt uses it.
func (a *Attempt) Cancel() {
	a.end(&platform.Error{Kind: platform.KindCancelled, Platform: a.req.Platform.ID, Message: platform.T("the sign-in was cancelled; nothing was changed"), Repair: a.again(), Again: true})
}

func (a *Attempt) expire() {
	a.mu.Lock()
	came := a.answer != nil
	a.mu.Unlock()
	if came {
		return
	}
	message := platform.T("the browser did not come back within %s", platform.Span(a.cfg.Limit))
	if a.UserCode != "" {
		message = platform.T("nobody typed the code within %s", platform.Span(a.cfg.Limit))
	}
	a.end(&platform.Error{Kind: platform.KindTimeout, Platform: a.req.Platform.ID, Message: message, Repair: platform.T("start it again: %s", a.again()), Again: true})
}

// end stops the attempt from outside, once.
func (a *Attempt) end(err error) {
	a.mu.Lock()
	if a.over != nil {
		a.mu.Unlock()
		return
	}
	a.over = err
	close(a.ended)
	if a.timer != nil {
		a.timer.Stop()
	}
	if a.stop != nil {
		a.stop()
	}
	a.mu.Unlock()
	a.Done(Outcome{Error: err})
	a.leave()
}

// accept takes the callback if it is the first.
func (a *Attempt) accept(q url.Values) bool {
	// RFC 9207: an answer that names another issuer, or none where it should, is mixed up.
	if iss := q.Get("iss"); (iss != "" || a.Endpoint.NamesIssuer) && a.Endpoint.Issuer != "" && strings.TrimSuffix(iss, "/") != strings.TrimSuffix(a.Endpoint.Issuer, "/") {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answer != nil || a.over != nil {
		return false
	}
	a.answer = q
	if a.timer != nil {
		a.timer.Stop()
	}
	close(a.working)
	return true
}

func (a *Attempt) path() string {
	u, err := url.Parse(a.Redirect)
	if err != nil || u.Path == "" {
		return "/"
	}
	return u.Path
}

// Paste hands in the address the browser ended on, or only its query. Errors
// are *platform.Error of KindUsage; the attempt goes on after one.
func (a *Attempt) Paste(address string) error {
	usage := func(message, repair string) error {
		return &platform.Error{Kind: platform.KindUsage, Platform: a.req.Platform.ID, Message: message, Repair: repair}
	}
	s := strings.Trim(strings.TrimSpace(address), `"'<>`)
	s, _, _ = strings.Cut(s, "#") // Facebook ends it with #_=_, Instagram with #_
	if _, query, ok := strings.Cut(s, "?"); ok {
		s = query
	}
	q, err := url.ParseQuery(s)
	if err != nil || len(q["code"])+len(q["error"]) != 1 {
		return usage(platform.T("that address holds no answer of a sign-in"), platform.T("paste the whole address the browser ended on, with code= in it"))
	}
	if len(q["state"]) != 1 || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.state)) != 1 {
		return usage(platform.T("that address belongs to another sign-in"), platform.T("paste the address this sign-in ended on, or start again: %s", a.again()))
	}
	if !a.accept(q) {
		return usage(platform.T("this sign-in has already been answered or has ended"), platform.T("start again: %s", a.again()))
	}
	a.leave()
	return nil
}

// Done tells the person in the browser what became of the sign-in, once. It is
// called after Wait, whatever it returned.
func (a *Attempt) Done(o Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.told {
		a.told = true
		a.outcome <- o
	}
}

// again is the command that starts the same sign-in.
func (a *Attempt) again() string {
	if a.req.Expect != nil {
		return "relink reconnect " + a.req.Expect.Ref()
	}
	s := "relink connect " + a.req.Platform.ID
	switch a.req.Platform.Site {
	case platform.SiteServer:
		s += " --server " + a.Server
	case platform.SiteIssuer:
		s += " --issuer " + a.Server
	case platform.SiteHandle:
		s += " --handle " + a.Server
	}
	return s
}

// Wait waits for the browser, then exchanges the code (once, whatever comes of
// it), asks whose the grant is and compares it with the account expected.
// Errors are *platform.Error. Ending ctx cancels the attempt. A second call
// gives the same answer.
func (a *Attempt) Wait(ctx context.Context) (Result, error) {
	a.waited.Do(func() { a.result, a.failed = a.wait(ctx) })
	return a.result, a.failed
}

func (a *Attempt) wait(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var polled *platform.Exchanged
	if a.UserCode != "" {
		x, err := a.poll(ctx)
		if err != nil {
			return Result{}, err
		}
		polled = &x
	}
	select {
	case <-a.working:
	case <-a.ended:
		return Result{}, a.over
	case <-ctx.Done():
		a.Cancel()
		<-a.ended
		return Result{}, a.over
	}
	a.mu.Lock()
	a.stop = cancel
	over := a.over
	a.mu.Unlock()
	if over != nil {
		return Result{}, over
	}
	ctx, enough := context.WithTimeout(ctx, working)
	defer enough()
	r, err := a.settle(ctx, polled)
	if err == nil {
		return r, nil
	}
	a.mu.Lock()
	over = a.over
	a.mu.Unlock()
	if over != nil {
		err = over
	} else if errors.Is(ctx.Err(), context.Canceled) {
		err = &platform.Error{Kind: platform.KindCancelled, Platform: a.req.Platform.ID, Message: platform.T("the sign-in was cancelled; nothing was changed"), Repair: a.again(), Again: true}
	}
	e := platform.As(err, platform.KindRetry)
	a.cfg.Log.Info("sign-in failed", "platform", a.req.Platform.ID, "kind", e.Kind, "code", e.Code)
	return r, e
}

// call is a request of this sign-in, before there are tokens.
func (a *Attempt) call() platform.Call {
	return platform.Call{
		Net: a.cfg.Net, App: a.App, Endpoint: a.Endpoint,
		Account: platform.Account{Platform: a.req.Platform.ID, Server: a.Server}, Asked: a.asked, Now: a.cfg.Now(),
	}
}

// settle turns the callback, the device's answer or a credential into identities with grants.
func (a *Attempt) settle(ctx context.Context, polled *platform.Exchanged) (Result, error) {
	p, c := a.req.Platform, a.call()
	c.Tokens.Key = a.key
	x, err := a.exchange(ctx, c, polled)
	if err != nil {
		return Result{}, err
	}
	if x.Asked == nil {
		x.Asked = a.asked
	}
	if x.Tokens.Key.IsZero() {
		x.Tokens.Key = a.key
	}
	c.Tokens, c.TokenType = x.Tokens, x.TokenType
	if p.Settle != nil && !a.req.byCredential() {
		asked, key := x.Asked, x.Tokens.Key
		if x, err = p.Settle(ctx, c, x); err != nil {
			return Result{}, err
		}
		x.Asked, x.Tokens.Key = asked, key
		c.Tokens, c.TokenType = x.Tokens, x.TokenType
	}
	ids, err := p.Identify(ctx, c, x)
	if err != nil {
		return Result{}, err
	}
	for i := range ids {
		ids[i].Grant = whole(p, ids[i].Grant, x, c.Now)
	}
	r := Result{App: a.App, Server: cmp.Or(x.Server, a.Server), Endpoint: a.Endpoint, Exchanged: x, Identities: ids}
	if r.App.Server != "" {
		r.App.Server = r.Server
	}
	if len(ids) == 0 {
		return r, &platform.Error{Kind: platform.KindPermission, Platform: p.ID, Message: platform.T("%s named no account for this sign-in", p.Name), Repair: platform.T("allow everything that is asked for: %s", a.again())}
	}
	if err := a.check(&r); err != nil {
		return r, err
	}
	r.Missing = a.missing(r.Identities)
	return r, nil
}

// exchange gives the tokens, whichever way they come.
func (a *Attempt) exchange(ctx context.Context, c platform.Call, polled *platform.Exchanged) (platform.Exchanged, error) {
	p := a.req.Platform
	switch {
	case a.req.byCredential():
		x, err := p.Credential.Accept(ctx, c, strings.TrimSpace(a.req.Login), a.req.Secret)
		if err == nil && x.Asked == nil {
			x.Asked = []string{} // nobody was asked
		}
		return x, err
	case polled != nil:
		return *polled, nil
	case a.answer.Get("error") != "":
		return platform.Exchanged{}, a.declined(a.answer.Get("error"))
	}
	x, err := p.Exchange(ctx, c, a.answer.Get("code"), a.proof)
	if err != nil {
		e := platform.As(err, platform.KindRetry)
		if e.Kind == platform.KindReconnect {
			e = &platform.Error{Kind: platform.KindCancelled, Platform: p.ID, Code: e.Code, Message: platform.T("%s no longer accepts this sign-in's code", p.Name), Repair: platform.T("start it again: %s", a.again()), Again: true, Err: e}
		}
		if e.Code == "invalid_client" && a.App.Self {
			e = e.WithRepair(platform.T("Relink registers itself anew next time: %s", a.again()))
		}
		return platform.Exchanged{}, e
	}
	return x, nil
}

// whole completes a grant with what the token endpoint said and, where nobody
// said anything, the platform's table.
func whole(p *platform.Platform, g platform.Grant, x platform.Exchanged, now time.Time) platform.Grant {
	if g.Tokens.Access.IsZero() {
		g.Tokens, g.Clocks = x.Tokens, x.Clocks
	}
	if g.Tokens.Key.IsZero() {
		g.Tokens.Key = x.Tokens.Key
	}
	if g.TokenType == "" {
		g.TokenType = x.TokenType
	}
	if g.Scopes == nil {
		g.Scopes = x.Scopes
	}
	if g.Asked == nil {
		g.Asked = x.Asked
	}
	if g.Issued.IsZero() {
		g.Issued = now
	}
	g.Refreshable = !g.Tokens.Refresh.IsZero()
	g.Verified = now
	g.Clocks = p.Clocks(g, now)
	return g
}

// check compares who signed in with the account expected.
func (a *Attempt) check(r *Result) error {
	want := a.req.Expect
	if want == nil || want.ProviderID == "" {
		return nil
	}
	i := slices.IndexFunc(r.Identities, func(id platform.Identity) bool { return id.ProviderID == want.ProviderID })
	if i >= 0 {
		r.Others = slices.Concat(r.Identities[:i:i], r.Identities[i+1:])
		r.Identities = []platform.Identity{r.Identities[i]}
		return nil
	}
	who, mine := r.Identities[0], called(want.Name, want.Handle, want.Alias)
	e := &platform.Error{
		Kind: platform.KindWrongAccount, Platform: a.req.Platform.ID,
		Message: platform.T("You signed in as %s. This account is %s. Nothing was changed", called(who.Owner, who.Name, who.Handle, who.ProviderID), mine),
		Repair:  platform.T("sign out there, then sign in for %s: %s", mine, a.again()), Again: true,
	}
	if want.OwnerID != "" && want.OwnerID == who.OwnerID {
		e.Message = platform.T("You signed in as %s, but %s was not among what you allowed. Nothing was changed", called(who.Owner, who.Name), mine)
		e.Repair, e.Again = platform.T("tick %s on the permission page: %s", mine, a.again()), false
	}
	return e
}

func called(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return platform.T("somebody else")
}

// missing lists the scopes of capabilities asked for and not granted. A
// platform that does not say what it granted is taken at its word.
func (a *Attempt) missing(ids []platform.Identity) []string {
	var out []string
	for _, n := range a.req.Platform.Needs {
		for _, s := range n.Scopes {
			if !slices.Contains(a.asked, s) || slices.Contains(out, s) {
				continue
			}
			if slices.ContainsFunc(ids, func(id platform.Identity) bool { return id.Grant.Scopes != nil && !grants(id.Grant.Scopes, s) }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// declined says what an error in the callback means (RFC 6749, section 4.1.2.1).
func (a *Attempt) declined(code string) error {
	p := a.req.Platform
	switch code {
	case "access_denied", "user_cancelled_login", "user_cancelled_authorize", "user_denied":
		return &platform.Error{Kind: platform.KindCancelled, Platform: p.ID, Code: "access_denied", Message: platform.T("the sign-in was declined; nothing was changed"), Repair: platform.T("start it again when you are ready: %s", a.again()), Again: true}
	}
	plain := len(code) <= 64 && strings.IndexFunc(code, func(r rune) bool {
		return !(r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z')
	}) < 0
	if !plain {
		code = platform.T("an error")
	} else if e := p.Classify(400, fmt.Appendf(nil, `{"error":%q}`, code)); e != nil && e.Code == code {
		return e
	}
	return &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Code: code, Message: platform.T("%s refused the sign-in (%s)", p.Name, code), Repair: platform.T("check the app's redirect address and permissions, then: %s", a.again())}
}
