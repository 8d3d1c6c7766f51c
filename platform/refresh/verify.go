package refresh

import (
	"context"

	"relink/platform"
)

// Verify asks the platform whether an account's grant still works. An access
// token that is merely dead is renewed and asked about once more. Success is
// confirmed in the store; a rejection is recorded there, and ends the
// connection only when [platform.Fault.Ends] says so. Everything else (network,
// limits, nonsense) changes nothing.
//
// Errors are *platform.Error.
func (r *Refresher) Verify(ctx context.Context, account string) (platform.Verdict, error) {
	a, g, err := r.read(ctx, account)
	if err != nil {
		return platform.Verdict{}, err
	}
	if g.Generation == 0 || g.Tokens.Access.IsZero() && g.Tokens.Refresh.IsZero() {
		return platform.Verdict{}, person(a, platform.T("there is no token of %s", a.Ref()))
	}
	clock, renewed := g.Clock(platform.ClockAccess), false
	if !g.Tokens.Refresh.IsZero() && (g.Tokens.Access.IsZero() || !holds(clock, r.now(), 0)) {
		// Known to have ended: asking about it would say nothing new.
		if g, err = r.fly(ctx, account, g.Generation); err != nil {
			return platform.Verdict{}, err
		}
		renewed = true
	}
	if !renewed && extensionDue(a, g, r.now()) {
		// A failure leaves a token that works for a long time yet; asking tells whether it does.
		if longer, err := r.fly(ctx, account, g.Generation); err == nil {
			g, renewed = longer, true
		} else if platform.KindOf(err) == platform.KindReconnect || platform.KindOf(err) == platform.KindStorage {
			return platform.Verdict{}, err
		}
	}
	v, err := r.question(ctx, a, g)
	if !renewed && rejected(err) && !platform.As(err, "").Definite && !g.Tokens.Refresh.IsZero() {
		if g, err = r.fly(ctx, account, g.Generation); err != nil {
			return platform.Verdict{}, err
		}
		renewed = true
		v, err = r.question(ctx, a, g)
	}
	switch {
	case renewed && rejected(err) && !platform.As(err, "").Definite:
		// The grant lives, or it would not have been renewed.
		return v, &platform.Error{
			Kind: platform.KindPermission, Platform: a.Platform, Code: platform.As(err, "").Code, Err: err,
			Message: platform.T("the token of %s was renewed, but %s does not accept the new one", a.Ref(), name(a)), Repair: platform.T("if this goes on: %s", reconnect(a)),
		}
	case err == nil && !renewed && neverAsked(a):
		return v, nil // nothing was learnt
	case err == nil:
		r.clear(account)
		return v, r.store.Confirm(ctx, account, g.Generation, r.now(), v.Clocks, v.Scopes)
	case rejected(err):
		return v, r.reject(ctx, a, g, platform.As(err, platform.KindReconnect))
	}
	return platform.Verdict{}, err
}

func (r *Refresher) question(ctx context.Context, a platform.Account, g platform.Grant) (platform.Verdict, error) {
	p, c, err := r.call(ctx, a, g)
	if err != nil || p.Verify == nil {
		return platform.Verdict{}, err
	}
	return p.Verify(ctx, c)
}

// neverAsked reports whether a platform is never asked about a token: a renewal is its proof.
func neverAsked(a platform.Account) bool {
	p, err := platform.Lookup(a.Platform)
	return err == nil && p.Verify == nil
}

// reject records that the platform refused the access token, unless the grant
// has been replaced meanwhile.
func (r *Refresher) reject(ctx context.Context, a platform.Account, g platform.Grant, e *platform.Error) error {
	unlock, err := r.lock(ctx, lockName(a))
	if err != nil {
		return err
	}
	defer unlock()
	now, err := r.store.Grant(ctx, a.ID)
	if err != nil {
		return err
	}
	if now.Generation != g.Generation {
		return &platform.Error{Kind: platform.KindRetry, Platform: a.Platform, Message: platform.T("the token of %s was replaced while it was checked", a.Ref()), Repair: platform.T("check again: relink check %s", a.Ref())}
	}
	f := now.Fault.Again(e, true, r.now())
	if err := r.store.Fault(ctx, a.ID, g.Generation, f); err != nil {
		return err
	}
	return r.doubted(a, f, e)
}
