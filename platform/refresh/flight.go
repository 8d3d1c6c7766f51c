package refresh

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"relink/platform"
)

// fly renews a grant that was seen at a generation. Callers who saw the same
// one share a single refresh; giving up waiting does not stop it.
func (r *Refresher) fly(ctx context.Context, account string, seen int) (platform.Grant, error) {
	key := account + "/" + strconv.Itoa(seen)
	r.running.Add(1)
	result := r.flights.DoChan(key, func() (any, error) {
		g, err := r.renew(context.WithoutCancel(ctx), account, seen)
		return g, err
	})
	landed := make(chan struct{})
	var g platform.Grant
	var err error
	go func() {
		defer r.running.Done()
		defer close(landed)
		out := <-result
		g, _ = out.Val.(platform.Grant)
		err = out.Err
	}()
	select {
	case <-landed:
		return g, err
	case <-ctx.Done():
		return platform.Grant{}, &platform.Error{Kind: platform.KindRetry, Message: platform.T("no answer in time for a new token"), Repair: platform.T("try again; the refresh goes on"), Err: ctx.Err()}
	}
}

// renew is one refresh, under the account's lock.
func (r *Refresher) renew(ctx context.Context, account string, seen int) (platform.Grant, error) {
	a, err := r.store.Account(ctx, account)
	if err != nil {
		return platform.Grant{}, err
	}
	key := lockName(a)
	unlock, err := r.lock(ctx, key)
	if err != nil {
		return platform.Grant{}, err
	}
	defer unlock()
	// Waiting for the lock must not have used up the time of the request.
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.saveLate(ctx, key); err != nil {
		return platform.Grant{}, err
	}
	lost, err := r.recall(ctx, key, account)
	if err != nil {
		return platform.Grant{}, err
	}
	a, g, err := r.read(ctx, account)
	if err != nil {
		return platform.Grant{}, err
	}
	if g.Generation != seen {
		if err := dead(a, g); err != nil {
			return platform.Grant{}, err
		}
		return g, nil // somebody else was faster
	}
	if !renewable(a, g, r.now()) {
		return platform.Grant{}, person(a, platform.T("the token of %s cannot be renewed without a person", a.Ref()))
	}
	// Asked before the refresh: afterwards nothing may come between the answer and the disk.
	siblings, err := r.sharers(ctx, a, g)
	if err != nil {
		return platform.Grant{}, err
	}
	p, c, err := r.call(ctx, a, g)
	if err != nil {
		return platform.Grant{}, r.failed(a, err)
	}
	doubted := lost != "" && lost == held(g)
	x, err := r.ask(ctx, key, p, c, g, doubted)
	if err != nil {
		return platform.Grant{}, r.refused(ctx, a, g, p, c, err, doubted)
	}
	if g.Tokens.Refresh.IsZero() && !later(g, x) { // an extension that gained nothing
		return platform.Grant{}, r.failed(a, notLater(a))
	}
	fresh := []platform.Grant{next(p, g, x, c.Now)}
	for _, s := range siblings {
		fresh = append(fresh, next(p, s, x, c.Now))
	}
	if err := r.save(ctx, key, fresh); err != nil {
		return platform.Grant{}, err
	}
	r.log.Info("token renewed", "account", a.Ref(), "generation", fresh[0].Generation, "siblings", len(siblings))
	return fresh[0], nil
}

// later reports whether what an extension gave ends later than what there is by
// more than the hour that clocks may differ. An answer that names no end is
// taken for a whole life, as the platform's table has it.
func later(g platform.Grant, x platform.Exchanged) bool {
	before, after := g.Clock(platform.ClockAccess), platform.Grant{Clocks: x.Clocks}.Clock(platform.ClockAccess)
	return !before.Ends() || !after.Ends() || after.At.Sub(before.At) > time.Hour
}

// notLater says that an extension gave nothing; the old token stays in use.
func notLater(a platform.Account) *platform.Error {
	return &platform.Error{
		Kind: platform.KindPolicy, Platform: a.Platform, Code: "not_extended",
		Message: platform.T("%s answered with a token of %s that lasts no longer than the one there is", name(a), a.Ref()), Repair: platform.T("if this goes on: %s", reconnect(a)),
	}
}

// lockName is what keeps an account's refreshes apart: its own id, or, where
// the accounts of one sign-in share a refresh token, one for all of them.
func lockName(a platform.Account) string {
	p, err := platform.Lookup(a.Platform)
	if err != nil || !p.Shared || a.OwnerID == "" {
		return a.ID
	}
	sum := sha256.Sum256([]byte(a.Platform + "\x00" + a.Server + "\x00" + a.OwnerID))
	return "owner-" + hex.EncodeToString(sum[:12])
}

// sharers are the grants of other accounts that hold the same refresh token,
// and so would be dead after it is used.
func (r *Refresher) sharers(ctx context.Context, a platform.Account, g platform.Grant) ([]platform.Grant, error) {
	p, err := platform.Lookup(a.Platform)
	if err != nil {
		return nil, err
	}
	if !p.Shared || g.Tokens.Refresh.IsZero() {
		return nil, nil
	}
	all, err := r.store.Siblings(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(s platform.Grant) bool { return s.Tokens.Refresh.Reveal() != g.Tokens.Refresh.Reveal() }), nil
}

func (r *Refresher) lock(ctx context.Context, name string) (func(), error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.store.Lock(ctx, name)
}

// next is the generation after g with what a refresh gave. What the answer does
// not say goes on as it was: scopes, consent-bound clocks, and lives, which
// start anew for tokens that are new.
func next(p *platform.Platform, g platform.Grant, x platform.Exchanged, now time.Time) platform.Grant {
	rotated := x.Tokens.Refresh.Reveal() != g.Tokens.Refresh.Reveal()
	out := g
	out.Generation++
	out.Tokens.Access, out.Tokens.Refresh = x.Tokens.Access, x.Tokens.Refresh
	if !x.Tokens.Owner.IsZero() {
		out.Tokens.Owner = x.Tokens.Owner
	}
	if !x.Tokens.Key.IsZero() {
		out.Tokens.Key = x.Tokens.Key
	}
	out.Issued, out.Verified, out.Fault = now, now, platform.Fault{}
	out.Refreshable = !out.Tokens.Refresh.IsZero()
	if x.TokenType != "" {
		out.TokenType = x.TokenType
	}
	if x.Scopes != nil {
		out.Scopes = x.Scopes
	}
	out.Clocks = nil
	for _, c := range g.WithClocks(x.Clocks) {
		told := containsKind(x.Clocks, c.Kind)
		// A refresh is a use: clocks that run from the last one start anew.
		renewed := c.Kind == platform.ClockAccess || c.Kind == platform.ClockRefresh && rotated || c.Kind == platform.ClockInactivity
		if !told && renewed {
			if _, listed := p.Silent[c.Kind]; listed {
				continue // the table's word, filled in below
			}
			c = again(c, now)
		}
		if c.Kind != "" {
			out.Clocks = append(out.Clocks, c)
		}
	}
	out.Clocks = p.Clocks(out, now)
	return out
}

func containsKind(clocks []platform.Clock, kind platform.ClockKind) bool {
	for _, c := range clocks {
		if c.Kind == kind {
			return true
		}
	}
	return false
}

// again is a clock that starts anew without the platform having said so: its
// earlier life is the best guess. Zero when that is unknown.
func again(c platform.Clock, now time.Time) platform.Clock {
	switch {
	case !c.Ends():
		c.Since = now
		return c
	case c.Since.IsZero() || !c.At.After(c.Since):
		return platform.Clock{}
	}
	return platform.Clock{Kind: c.Kind, Source: platform.SourceAssumed, At: now.Add(c.At.Sub(c.Since)), Since: now}
}

// save stores grants before anybody sees them. Those that cannot be stored are
// kept in memory: their refresh token may be the only one that works now.
func (r *Refresher) save(ctx context.Context, key string, grants []platform.Grant) error {
	// The platform's answer may have used up the time; saving gets its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := r.store.Save(ctx, grants...)
	accounts := make([]string, len(grants))
	for i, g := range grants {
		accounts[i] = g.Account
	}
	r.mu.Lock()
	if err == nil {
		delete(r.unsaved, key)
		for _, id := range accounts {
			delete(r.pauses, id)
		}
	} else {
		r.unsaved[key] = grants
	}
	r.mu.Unlock()
	if err == nil {
		r.forget(ctx, key)
		r.told(accounts...)
		return nil
	}
	e := platform.As(err, platform.KindStorage)
	r.log.Error("renewed token could not be stored; kept in memory", "accounts", accounts, "kind", e.Kind)
	return e
}

// saveLate saves what an earlier refresh could not. A grant that somebody has
// since replaced is dropped.
func (r *Refresher) saveLate(ctx context.Context, key string) error {
	r.mu.Lock()
	late := r.unsaved[key]
	r.mu.Unlock()
	var keep []platform.Grant
	for _, g := range late {
		stored, err := r.store.Grant(ctx, g.Account)
		switch {
		case platform.KindOf(err) == platform.KindNotFound:
		case err != nil:
			return err
		case g.Generation == stored.Generation+1:
			keep = append(keep, g)
		}
	}
	if len(keep) > 0 {
		return r.save(ctx, key, keep)
	}
	r.mu.Lock()
	delete(r.unsaved, key)
	r.mu.Unlock()
	return nil
}

// call prepares a request for an account.
func (r *Refresher) call(ctx context.Context, a platform.Account, g platform.Grant) (*platform.Platform, platform.Call, error) {
	p, err := platform.Lookup(a.Platform)
	if err != nil {
		return nil, platform.Call{}, err
	}
	app, err := r.store.App(ctx, a.Platform, a.Server)
	// An imported token may have no registration; what needs one says so itself.
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return nil, platform.Call{}, err
	}
	e, err := r.endpoint(ctx, p, a.Server)
	if err != nil {
		return nil, platform.Call{}, err
	}
	return p, platform.Call{Net: r.net, App: app, Endpoint: e, Account: a, Tokens: g.Tokens, TokenType: g.TokenType, Now: r.now()}, nil
}

// endpoint remembers a server's addresses for a while.
func (r *Refresher) endpoint(ctx context.Context, p *platform.Platform, server string) (platform.Endpoint, error) {
	key, now := site{p.ID, server}, r.now()
	r.mu.Lock()
	known, ok := r.endpoints[key]
	r.mu.Unlock()
	if ok && now.Sub(known.at).Abs() < addresses {
		return known.endpoint, nil
	}
	e, err := p.Discover(ctx, r.net, server)
	if err != nil {
		return e, err
	}
	r.mu.Lock()
	r.endpoints[key] = address{e, now}
	r.mu.Unlock()
	return e, nil
}

// answerLost is the code of a refresh token that is refused after the answer to
// its use did not arrive: nobody is to blame but the way.
const answerLost = "answer_lost"

// refused judges a refresh that failed. Only the refusal of the refresh token
// itself is held against the grant, and then the access token is tried too. lost
// tells whether the answer to an earlier try did not arrive.
func (r *Refresher) refused(ctx context.Context, a platform.Account, g platform.Grant, p *platform.Platform, c platform.Call, err error, lost bool) error {
	r.mu.Lock()
	delete(r.endpoints, site{p.ID, a.Server}) // it may have moved
	r.mu.Unlock()
	refusal := *platform.As(err, platform.KindRetry)
	e := &refusal
	if lost && e.Kind == platform.KindReconnect {
		e.Code = answerLost
	}
	// "login_required" and its like, said to a refresh, want a person too.
	if e.Kind != platform.KindReconnect && e.Kind != platform.KindCancelled {
		return r.failed(a, e)
	}
	accessRejected := c.Tokens.Access.IsZero()
	if !accessRejected {
		err := error(&platform.Error{Kind: platform.KindPolicy})
		if p.Verify != nil {
			_, err = p.Verify(ctx, c)
		}
		// Where the platform cannot be asked, the token's own end decides.
		unasked := platform.KindOf(err) == platform.KindPolicy || platform.KindOf(err) == platform.KindPermission
		accessRejected = rejected(err) || unasked && !holds(g.Clock(platform.ClockAccess), c.Now, 0)
		e.Definite = e.Definite || err != nil && platform.As(err, "").Definite
	}
	f := g.Fault.Again(e, accessRejected, r.now())
	if err := r.store.Fault(ctx, a.ID, g.Generation, f); err != nil {
		return err
	}
	return r.doubted(a, f, e)
}

// rejected reports whether a platform said no to the token it was shown.
func rejected(err error) bool {
	kind := platform.KindOf(err)
	return kind == platform.KindReconnect || kind == platform.KindRefresh
}

// doubted is the error after a rejection: a person is needed once it is
// certain; until then it is asked again.
func (r *Refresher) doubted(a platform.Account, f platform.Fault, e *platform.Error) error {
	if f.Ends() {
		r.clear(a.ID)
		out := person(a, platform.T("the token of %s is no longer accepted by %s", a.Ref(), name(a)))
		out.Code, out.Definite, out.Err = e.Code, e.Definite, e
		return out
	}
	out := &platform.Error{
		Kind: platform.KindRetry, Platform: a.Platform, Code: e.Code, Err: e,
		Message: platform.T("%s rejected the token of %s; Relink asks again before calling it ended", name(a), a.Ref()),
		Repair:  platform.T("wait a few minutes, or %s", reconnect(a)),
	}
	r.pause(a.ID, out, f.Retry())
	return out
}

// failed starts or lengthens the account's back-off and gives the error for people.
func (r *Refresher) failed(a platform.Account, err error) error {
	var e *platform.Error
	if !errors.As(err, &e) {
		e = &platform.Error{Kind: platform.KindRetry, Platform: a.Platform, Message: platform.T("the token of %s could not be renewed", a.Ref()), Repair: platform.T("try again later; nothing was changed"), Err: err}
	}
	r.pause(a.ID, e, time.Time{})
	r.log.Info("token not renewed", "account", a.Ref(), "kind", e.Kind, "code", e.Code, "next", r.Next(a.ID))
	return e
}

// pause backs an account off: 30 s, doubling to an hour, spread by up to a
// quarter either way, and not before a given time.
func (r *Refresher) pause(account string, e *platform.Error, notBefore time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := min(max(2*r.pauses[account].wait, firstPause), longPause)
	spread := time.Duration((r.rand()*0.5 + 0.75) * float64(wait))
	until := r.now().Add(min(spread, longPause))
	if until.Before(notBefore) {
		until = notBefore
	}
	r.pauses[account] = pause{until: until, wait: wait, err: e}
}

// pausing gives the back-off an account is in. A clock set back must not
// lengthen it beyond what it can be.
func (r *Refresher) pausing(account string, now time.Time) (pause, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.pauses[account]
	return p, ok && now.Before(p.until) && p.until.Sub(now) <= longPause
}

func (r *Refresher) clear(account string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pauses, account)
}
