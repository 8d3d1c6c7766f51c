package agent

import (
	"context"
	"maps"
	"time"

	"relink/notifier"
	"relink/platform"
)

const (
	// usedEvery is how often the use of a token is written down.
	usedEvery = time.Hour
	// warmMargin is how long a token in memory must still hold to be given
	// without looking at the vault.
	warmMargin = time.Minute
)

// warmToken is a token already read and checked, for callers that come often.
type warmToken struct {
	token      Token
	generation int
	used       map[string]time.Time
}

// Token implements Service. It never goes through the loop: a thousand callers
// wait for nobody.
func (a *Agent) Token(ctx context.Context, r TokenRequest) (Token, error) {
	acc, err := a.find(r.Account)
	if err != nil {
		return Token{}, err
	}
	if err := a.permits(r); err != nil {
		return Token{}, err
	}
	now, row := a.clock.now(), a.snap.Load().Row(acc.ID)
	if row != nil && !acc.Keeper.IsZero() && row.Status.State.NeedsPerson() {
		// The program that keeps it may have a new one.
		if changed, _ := a.lookAgain(ctx, acc.ID); changed {
			if err := a.settled(ctx); err != nil {
				return Token{}, err
			}
			row = a.snap.Load().Row(acc.ID)
		}
	}
	if row != nil && row.Status.State.NeedsPerson() {
		a.waiting(row, r.Consumer)
		return Token{}, needsPerson(acc, row.Status)
	}
	// What another program keeps may have been replaced meanwhile.
	if t, ok := a.warmFor(row, max(r.MinValid, warmMargin), now); ok && acc.Keeper.IsZero() {
		a.use(acc, r.Consumer, now)
		return t, nil
	}
	g, err := a.refresh.Token(ctx, acc.ID, r.MinValid)
	if platform.KindOf(err) == platform.KindLocked && a.cfg.Vault.TryUnlock(ctx) == nil {
		// The keyring was opened meanwhile; nobody was prompted.
		a.tell(func() { a.lockChanged(nil, 0) })
		g, err = a.refresh.Token(ctx, acc.ID, r.MinValid)
	}
	if err != nil {
		e := platform.As(err, platform.KindRetry)
		if e.Kind == platform.KindLocked {
			a.tell(a.lockMet)
		}
		a.task(func(ctx context.Context) { a.reload(ctx, acc.ID) })
		return Token{}, e
	}
	t := Token{Account: acc.Ref(), AccessToken: g.Tokens.Access.Reveal(), TokenType: g.TokenType, Scopes: g.Scopes}
	if t.TokenType == "" {
		t.TokenType = "Bearer"
	}
	if c := g.Clock(platform.ClockAccess); c.Ends() {
		t.ExpiresAt = c.At
	}
	a.mu.Lock()
	old := a.warm[acc.ID]
	if old.used == nil {
		old.used = map[string]time.Time{}
	}
	a.warm[acc.ID] = warmToken{token: t, generation: g.Generation, used: old.used}
	a.mu.Unlock()
	if row == nil || row.Grant.Generation != g.Generation {
		a.task(func(ctx context.Context) { a.reload(ctx, acc.ID) })
	}
	a.use(acc, r.Consumer, now)
	return t, nil
}

// warmFor gives the token in memory of an account that is as it was when the
// token was read: the same grant, nothing said against it, the vault open.
func (a *Agent) warmFor(row *Row, minValid time.Duration, now time.Time) (Token, bool) {
	if row == nil || row.Grant.Fault.Count > 0 || a.cfg.Vault.Locked() != nil {
		return Token{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w, ok := a.warm[row.Account.ID]
	if !ok || w.generation != row.Grant.Generation || !w.token.ExpiresAt.IsZero() && w.token.ExpiresAt.Sub(now) < minValid {
		return Token{}, false
	}
	w.token.Account = row.Account.Ref() // it may have been renamed
	return w.token, true
}

// TookToken follows a program's name in the text of an event of kind "token" as
// it is stored, in every language; History puts the person's in its place.
const TookToken = " took a token"

// use writes down who took a token, at most once an hour each.
func (a *Agent) use(acc platform.Account, consumer string, now time.Time) {
	a.mu.Lock()
	w, ok := a.warm[acc.ID]
	if !ok || now.Sub(w.used[consumer]) < usedEvery {
		a.mu.Unlock()
		return
	}
	w.used[consumer] = now
	a.mu.Unlock()
	who := programName(consumer)
	a.journal.add(Event{At: now, Account: acc.ID, Ref: acc.Ref(), Kind: "token", Text: who + TookToken})
	a.task(func(ctx context.Context) {
		a.storing.Lock()
		err := a.cfg.Vault.Used(ctx, acc.ID, now)
		a.storing.Unlock()
		if err != nil {
			a.log.Warn("write down use", "error", err)
			return
		}
		a.tell(func() {
			if e := a.entries[acc.ID]; e != nil {
				if e.takers == nil {
					e.takers = map[string]time.Time{}
				}
				e.takers[who] = now
			}
		})
		a.reload(ctx, acc.ID)
	})
}

func needsPerson(acc platform.Account, s platform.Status) *platform.Error {
	p, _ := platform.Lookup(acc.Platform)
	return &platform.Error{Kind: platform.KindReconnect, Platform: acc.Platform, Code: s.Reason,
		Message: platform.T("%s is %s: %s", acc.Ref(), s.State.Word(), platform.Clause(s.Why(p.Title()))), Repair: platform.T("sign in again with: relink reconnect %s", acc.Ref()), Again: true}
}

// waiting tells the person which program waits for an account, at most once an
// hour, and not while they want to hear nothing of it.
func (a *Agent) waiting(row *Row, consumer string) {
	acc, now := row.Account, a.clock.now()
	if consumer == "" || a.sender == nil || acc.Muted || now.Before(acc.Snoozed) || now.Before(a.snap.Load().Paused) {
		return
	}
	key := acc.ID + " " + consumer
	a.mu.Lock()
	maps.DeleteFunc(a.waited, func(_ string, at time.Time) bool { return now.Sub(at) >= usedEvery })
	_, told := a.waited[key]
	if !told {
		a.waited[key] = now
	}
	a.mu.Unlock()
	if !told {
		a.mailNote(notifier.Waiting(acc, row.Status, consumer))
	}
}

// Check implements Service.
func (a *Agent) Check(ctx context.Context, names ...string) ([]CheckResult, error) {
	var accounts []platform.Account
	if len(names) == 0 {
		for row := range a.snap.Load().All() {
			if row.Grant.Generation > 0 {
				accounts = append(accounts, row.Account)
			}
		}
	}
	for _, name := range names {
		acc, err := a.find(name)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, acc)
	}
	errs := make([]error, len(accounts))
	left := make(chan struct{}, len(accounts))
	for i, acc := range accounts {
		a.lanes.submit(a, "check "+acc.Platform+" "+acc.Server, func(actx context.Context) {
			defer func() { left <- struct{}{} }()
			if actx.Err() != nil || ctx.Err() != nil {
				return
			}
			_, errs[i] = a.refresh.Verify(ctx, acc.ID)
			a.reload(actx, acc.ID)
			if ctx.Err() != nil {
				return // the caller gave up; that says nothing about the platform
			}
			a.tell(func() { a.verified(acc.ID, errs[i]) })
		})
	}
	for range accounts {
		select {
		case <-left:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-a.ctx.Done():
			return nil, gone()
		}
	}
	if err := a.settled(ctx); err != nil {
		return nil, err
	}
	snap, now := a.snap.Load(), a.clock.now()
	out := make([]CheckResult, len(accounts))
	for i, acc := range accounts {
		out[i] = CheckResult{Account: acc.ID, Ref: acc.Ref()}
		if row := snap.Row(acc.ID); row != nil {
			out[i].State, out[i].Left = row.Status.State, row.Status.Left(now)
		}
		if errs[i] != nil {
			out[i].Error = platform.As(errs[i], platform.KindRetry)
		}
	}
	return out, nil
}

func (a *Agent) find(name string) (platform.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.index.find(name)
}
