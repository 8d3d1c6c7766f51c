package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
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
	now, row := a.clock.now(), a.snap.Load().Row(acc.ID)
	if row != nil && row.Status.State.NeedsPerson() {
		a.waiting(row, r.Consumer)
		return Token{}, needsPerson(acc, row.Status)
	}
	if t, ok := a.warmFor(row, max(r.MinValid, warmMargin), now); ok {
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

// TookToken follows a program's name in the text of an event of kind "token".
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
	who := consumer
	if who == "" {
		who = "a program"
	}
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
		Message: acc.Ref() + " is " + s.State.Word() + ": " + trimStop(s.Why(p.Name)), Repair: "sign in again with: relink reconnect " + acc.Ref()}
}

func trimStop(s string) string {
	if s != "" && s[len(s)-1] == '.' {
		return s[:len(s)-1]
	}
	return s
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

// Import implements Service.
func (a *Agent) Import(ctx context.Context, r ImportRequest) (Row, error) {
	p, err := platform.Lookup(r.Platform)
	if err != nil {
		return Row{}, err
	}
	if r.Access == "" {
		return Row{}, &platform.Error{Kind: platform.KindUsage, Message: "no token was given", Repair: "pass it on standard input: relink import " + p.ID + " < token-file"}
	}
	server := ""
	if p.Site != platform.SiteNone {
		if server, err = connect.Normalize(p, r.Server); err != nil {
			return Row{}, err
		}
	}
	app, err := a.cfg.Vault.App(ctx, p.ID, server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return Row{}, platform.As(err, platform.KindStorage)
	}
	if app.ID == "" && r.ClientID != "" {
		app = platform.App{Platform: p.ID, Server: server, ID: r.ClientID}
	}
	endpoint, err := p.Discover(ctx, a.cfg.Net, server)
	if err != nil {
		return Row{}, platform.As(err, platform.KindRetry)
	}
	now := a.clock.now()
	x := platform.Exchanged{Tokens: platform.Tokens{Access: platform.NewSecret(r.Access), Refresh: platform.NewSecret(r.Refresh)}, TokenType: "Bearer"}
	if !r.ExpiresAt.IsZero() {
		x.Clocks = []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceAssumed, At: r.ExpiresAt, Since: now}}
	}
	call := platform.Call{Net: a.cfg.Net, App: app, Endpoint: endpoint, Account: platform.Account{Platform: p.ID, Server: server}, Tokens: x.Tokens, Now: now}
	ids, err := p.Identify(ctx, call, x)
	if err != nil {
		return Row{}, platform.As(err, platform.KindRetry).WithRepair("check the token and its platform; nothing was stored")
	}
	// The token given is one account's; its siblings are not what was asked for.
	at := slices.IndexFunc(ids, func(id platform.Identity) bool { return id.Grant.Tokens.Access == x.Tokens.Access })
	if at < 0 {
		return Row{}, &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: p.Name + " does not say whose token this is", Repair: "connect the account instead: relink connect " + p.ID}
	}
	id := ids[at]
	if p.Verify != nil && len(id.Grant.Clocks) == 0 {
		call.Tokens = id.Grant.Tokens
		call.Account.ProviderID = id.ProviderID
		if v, err := p.Verify(ctx, call); err == nil {
			id.Grant.Clocks, id.Grant.Verified = id.Grant.WithClocks(v.Clocks), now
			if v.Scopes != nil {
				id.Grant.Scopes = v.Scopes
			}
		}
	}
	if p.Silent[platform.ClockAccess] == 0 {
		// Only the platform's word that tokens do not end is taken for a token of unknown age.
		if _, never := p.Silent[platform.ClockAccess]; never && id.Grant.Clock(platform.ClockAccess).Kind == "" {
			id.Grant.Clocks = append(id.Grant.Clocks, platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceNever, Since: now})
		}
	}
	id.Grant.Refreshable = !id.Grant.Tokens.Refresh.IsZero()
	if err := a.keepApp(ctx, app); err != nil {
		return Row{}, err
	}
	return a.imported(ctx, p, server, r.Alias, id, now)
}

func (a *Agent) imported(ctx context.Context, p *platform.Platform, server, alias string, id platform.Identity, now time.Time) (Row, error) {
	acc, g, err := a.storeImport(ctx, p, server, alias, id, now)
	if err != nil {
		return Row{}, err
	}
	a.journal.add(Event{At: now, Account: acc.ID, Ref: acc.Ref(), Kind: "imported", Text: fmt.Sprintf("%s was imported", acc.Title())})
	if err := a.settled(ctx); err != nil {
		return Row{}, err
	}
	g.Tokens = platform.Tokens{}
	return Row{Account: acc, Grant: g, Status: platform.Assess(a.resolved(acc), g, now)}, nil
}

func (a *Agent) storeImport(ctx context.Context, p *platform.Platform, server, alias string, id platform.Identity, now time.Time) (platform.Account, platform.Grant, error) {
	a.storing.Lock()
	defer a.storing.Unlock()
	g := id.Grant
	acc, exists := a.known(p.ID, server)[id.ProviderID]
	if exists {
		prev, err := a.cfg.Vault.Grant(ctx, acc.ID)
		if err != nil && prev.Generation == 0 {
			return acc, g, platform.As(err, platform.KindStorage)
		}
		acc = filled(acc, id, now)
		g.Account, g.Generation = acc.ID, prev.Generation+1
		if err := a.cfg.Vault.SaveAll(ctx, []Change{{acc, g}}); err != nil {
			return acc, g, platform.As(err, platform.KindStorage)
		}
	} else {
		acc = filled(platform.Account{ID: newID(), Platform: p.ID, Server: server, Created: now, Wants: p.Default()}, id, now)
		a.mu.Lock()
		acc.Alias = a.index.alias(p.ID, alias, id.Handle, id.Name)
		a.mu.Unlock()
		g.Account, g.Generation = acc.ID, 1
		if err := a.cfg.Vault.Create(ctx, acc, g); err != nil {
			return acc, g, platform.As(err, platform.KindStorage)
		}
	}
	a.stored(acc, g)
	return acc, g, nil
}

func (a *Agent) find(name string) (platform.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.index.find(name)
}
