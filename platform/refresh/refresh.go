// Package refresh is the only user of refresh tokens: it hands out access
// tokens that hold, and renews them when they do not.
//
// A refresh is: lock the account across processes, read the store again (who
// was faster has already done it), note that it begins, ask the platform once,
// note the answer as it came, save it, and only then let it out. A rotated
// refresh token that was not saved is lost for ever, so a refresh that has begun is
// carried through even when nobody waits for it any more, and what a killed process
// had noted is taken up by the next.
//
// Only the platform's definite word ends a connection. A network that fails, a
// limit, a server that is not well or answers nonsense changes nothing but when
// to try again.
package refresh

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"relink/platform"
)

// Store keeps accounts and grants. It is safe for concurrent use, also by
// several processes. Its errors are *platform.Error.
type Store interface {
	// Lock keeps everybody else from refreshing an account, across processes,
	// until unlock is called or the process ends.
	Lock(ctx context.Context, account string) (unlock func(), err error)
	Account(ctx context.Context, id string) (platform.Account, error)
	// Grant gives the newest generation with its tokens; generation 0 when there is none.
	Grant(ctx context.Context, account string) (platform.Grant, error)
	// App gives the registration for a platform and server.
	App(ctx context.Context, platformID, server string) (platform.App, error)
	// Save stores new generations, all or none, durably before it returns; each
	// Generation must be one more than the newest. The previous ones are kept until Confirm.
	Save(ctx context.Context, grants ...platform.Grant) error
	// Draft notes something under a lock's name, in place of what was noted there
	// before, so that it is there when this process is killed next; nil takes it
	// away. It holds tokens and must be sealed. It is asked twice in a refresh: it need
	// not outlive a power cut.
	Draft(ctx context.Context, name string, note []byte) error
	// Drafted gives what was noted, nil when there is nothing.
	Drafted(ctx context.Context, name string) ([]byte, error)
	// Siblings gives the newest grants, with their tokens, of the other accounts
	// that belong to the same person at the same platform and server.
	Siblings(ctx context.Context, account string) ([]platform.Grant, error)
	// Confirm records that a generation worked: clocks replace those of the
	// same kind, scopes are set unless nil, any fault is cleared.
	Confirm(ctx context.Context, account string, generation int, at time.Time, clocks []platform.Clock, scopes []string) error
	// Fault records what a platform said against a generation; one that is not
	// the newest any more is left alone.
	Fault(ctx context.Context, account string, generation int, f platform.Fault) error
}

const (
	firstPause = 30 * time.Second
	longPause  = time.Hour
	// patience is the most waiting for the lock, asking the platform, and saving
	// may each take.
	patience = 2 * time.Minute
	// addresses is how long a server's metadata is believed.
	addresses = time.Hour
)

// Config for New. Store is required.
type Config struct {
	Store Store
	// Net reaches the platforms; nil means the real ones.
	Net *platform.Net
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand gives numbers in [0,1) that spread retries; nil means math/rand.
	Rand func() float64
	// Renewed, if set, is told which accounts got a new generation, after it was stored.
	Renewed func(accounts ...string)
	// Log gets what happened, without secrets; nil means nowhere.
	Log *slog.Logger
}

// Refresher hands out and renews access tokens. Its methods are safe for
// concurrent use; accounts do not wait for one another.
type Refresher struct {
	store Store
	net   *platform.Net
	now   func() time.Time
	rand  func() float64
	told  func(accounts ...string)
	log   *slog.Logger

	flights singleflight.Group
	running sync.WaitGroup

	// mu guards what follows.
	mu        sync.Mutex
	pauses    map[string]pause
	endpoints map[site]address
	// unsaved are grants the platform gave and the store would not take, by lock
	// name. They are saved before anything else happens to their accounts.
	unsaved map[string][]platform.Grant
}

// pause is the back-off of one account.
type pause struct {
	until time.Time
	wait  time.Duration
	err   *platform.Error
}

type site struct{ platform, server string }

type address struct {
	endpoint platform.Endpoint
	at       time.Time
}

// New makes a Refresher. It panics without a store.
func New(cfg Config) *Refresher {
	if cfg.Store == nil {
		panic("refresh.New: no store")
	}
	r := &Refresher{
		store: cfg.Store, net: cfg.Net, now: cfg.Now, rand: cfg.Rand, told: cfg.Renewed, log: cfg.Log,
		pauses: map[string]pause{}, endpoints: map[site]address{}, unsaved: map[string][]platform.Grant{},
	}
	if r.net == nil {
		r.net = &platform.Net{}
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.rand == nil {
		r.rand = rand.Float64
	}
	if r.told == nil {
		r.told = func(...string) {}
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r
}

// Wait returns when no refresh is under way any more. Call it before the store is closed.
func (r *Refresher) Wait() { r.running.Wait() }

// Token gives a grant whose access token still holds for minValid, renewed if
// need be. Zero takes any that has not ended, but renews it a little ahead:
// a tenth of its life, at most 5 minutes. More than a token of this account can
// hold gives a fresh one.
//
// Errors are *platform.Error. KindReconnect, given without a network, says that
// only a person helps.
func (r *Refresher) Token(ctx context.Context, account string, minValid time.Duration) (platform.Grant, error) {
	a, g, err := r.read(ctx, account)
	if err != nil {
		return platform.Grant{}, err
	}
	if err := dead(a, g); err != nil {
		return platform.Grant{}, err
	}
	now, clock := r.now(), g.Clock(platform.ClockAccess)
	if holds(clock, now, need(clock, minValid)) {
		return g, nil
	}
	// Good enough to fall back on when it cannot be renewed now.
	usable := holds(clock, now, 0) && minValid <= 0 && !g.Fault.AccessRejected
	if !renewable(a, g, now) {
		if usable {
			return g, nil
		}
		return platform.Grant{}, ended(a, clock, now)
	}
	if p, waiting := r.pausing(account, now); waiting {
		if usable {
			return g, nil
		}
		return platform.Grant{}, p.err
	}
	fresh, err := r.fly(ctx, account, g.Generation)
	switch {
	case err == nil:
		return fresh, nil
	case !usable || platform.KindOf(err) == platform.KindReconnect || platform.KindOf(err) == platform.KindStorage:
		return platform.Grant{}, err
	}
	// The attempt may have learnt that the access token is refused as well.
	if latest, readErr := r.store.Grant(ctx, account); readErr != nil || latest.Fault.AccessRejected {
		return platform.Grant{}, err
	}
	return g, nil
}

// Refresh renews now, whatever the token is still worth and however recently it
// failed. Errors are as those of Token.
func (r *Refresher) Refresh(ctx context.Context, account string) (platform.Grant, error) {
	a, g, err := r.read(ctx, account)
	if err != nil {
		return platform.Grant{}, err
	}
	if !renewable(a, g, r.now()) {
		return platform.Grant{}, person(a, platform.T("the token of %s cannot be renewed without a person", a.Ref()))
	}
	return r.fly(ctx, account, g.Generation)
}

// Next is when an account may be tried again after a failure; zero when now.
func (r *Refresher) Next(account string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pauses[account].until
}

func (r *Refresher) read(ctx context.Context, account string) (platform.Account, platform.Grant, error) {
	a, err := r.store.Account(ctx, account)
	if err != nil {
		return a, platform.Grant{}, err
	}
	g, err := r.store.Grant(ctx, account)
	return a, g, err
}

// renewable reports whether a grant can be renewed without a person now: by its
// refresh token, or by extension while its access token still works and is old enough.
func renewable(a platform.Account, g platform.Grant, now time.Time) bool {
	if !a.Keeper.IsZero() {
		return false // it is another program's to renew
	}
	if !g.Tokens.Refresh.IsZero() {
		return true
	}
	p, err := platform.Lookup(a.Platform)
	return err == nil && p.Extend != nil && !g.Tokens.Access.IsZero() && now.Sub(g.Issued) >= p.ExtendFrom &&
		holds(g.Clock(platform.ClockAccess), now, 0)
}

// extendShare is the part of its life after which a token that can only be
// extended while it works is extended: early, since once it has ended only a
// person helps, and every failure leaves most of the life to try again.
const extendShare = 8

// extensionDue reports whether an extending grant should be extended now.
func extensionDue(a platform.Account, g platform.Grant, now time.Time) bool {
	c := g.Clock(platform.ClockAccess)
	if !g.Tokens.Refresh.IsZero() || !c.Ends() || !renewable(a, g, now) {
		return false
	}
	life := c.At.Sub(c.Since)
	return c.Since.IsZero() || life <= 0 || now.Sub(c.Since) >= life/extendShare
}

// need is how long an access token must still hold not to be renewed.
func need(c platform.Clock, minValid time.Duration) time.Duration {
	life := time.Duration(0)
	if c.Ends() && c.At.After(c.Since) && !c.Since.IsZero() {
		life = c.At.Sub(c.Since)
	}
	if minValid <= 0 {
		if life == 0 {
			return time.Minute
		}
		return min(life/10, 5*time.Minute)
	}
	if life > 0 {
		// Asked for more than a fresh token holds, every call would renew it.
		minValid = min(minValid, life*9/10)
	}
	return minValid
}

// holds reports whether an access token still works for d. One whose end nobody
// knows is taken to.
func holds(c platform.Clock, now time.Time, d time.Duration) bool {
	return !c.Ends() || c.At.Sub(now) > d
}

// dead gives the error for a grant that needs a person for certain, nil otherwise.
func dead(a platform.Account, g platform.Grant) error {
	switch {
	case g.Generation == 0 || g.Tokens.Access.IsZero() && g.Tokens.Refresh.IsZero():
		return person(a, platform.T("there is no token of %s", a.Ref()))
	case g.Fault.Ends():
		return person(a, platform.T("the token of %s is no longer accepted by %s", a.Ref(), name(a)))
	}
	return nil
}

func ended(a platform.Account, c platform.Clock, now time.Time) error {
	if left := c.At.Sub(now); left > 0 {
		return person(a, platform.T("the token of %s holds only %s more and cannot be renewed without a person", a.Ref(), platform.Span(left)))
	}
	return person(a, platform.T("the token of %s has ended and cannot be renewed without a person", a.Ref()))
}

// person says that somebody must reconnect.
func person(a platform.Account, message string) *platform.Error {
	return &platform.Error{
		Kind: platform.KindReconnect, Platform: a.Platform,
		Message: message, Repair: reconnect(a),
	}
}

func reconnect(a platform.Account) string { return "relink reconnect " + a.Ref() }

func name(a platform.Account) string {
	if p, err := platform.Lookup(a.Platform); err == nil && p.Site == platform.SiteNone {
		return p.Name
	}
	return platform.T("its server")
}
