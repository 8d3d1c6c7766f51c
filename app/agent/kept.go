package agent

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"relink/platform"
)

// Keepers reads tokens that other programs keep.
type Keepers interface {
	// Read gives the token as its keeper has it now. Errors are *platform.Error of KindRetry.
	Read(ctx context.Context, k platform.Keeper) (platform.Kept, error)
	// Watch replaces the keepers whose files are watched for changes.
	Watch(keepers []platform.Keeper) error
	Close() error
}

// keptVault is the vault with the tokens that other programs keep read where they are.
type keptVault struct {
	Vault
	a *Agent
}

// Grant implements refresh.Store.
func (v keptVault) Grant(ctx context.Context, account string) (platform.Grant, error) {
	v.a.mu.Lock()
	acc, err := v.a.index.find(account)
	v.a.mu.Unlock()
	g, err2 := v.Vault.Grant(ctx, account)
	if err != nil || err2 != nil || acc.Keeper.IsZero() || g.Generation == 0 {
		return g, err2
	}
	kept, err := v.a.readKept(ctx, acc.Keeper)
	if err != nil {
		return platform.Grant{}, err
	}
	if platform.Fingerprint(kept.Access) != acc.Keeper.Seen {
		// Whose it is must be known before it is given to anybody.
		_, why := v.a.lookAgain(ctx, account)
		v.a.mu.Lock()
		acc, err = v.a.index.find(account)
		v.a.mu.Unlock()
		if err != nil || acc.Keeper.IsZero() || platform.Fingerprint(kept.Access) != acc.Keeper.Seen {
			e := &platform.Error{Kind: platform.KindRetry, Platform: acc.Platform, Code: "keeper", Err: why,
				Message: platform.T("the token of %s was replaced where it is kept, and Relink does not know whose the new one is", acc.Ref()), Repair: platform.T("let the program that keeps it write the right one")}
			if why != nil {
				e.Message += ": " + platform.As(why, platform.KindRetry).Message
			}
			return platform.Grant{}, e
		}
		if g, err = v.Vault.Grant(ctx, account); err != nil {
			return g, err
		}
	}
	g.Tokens = platform.Tokens{Access: kept.Access}
	return g, nil
}

func (a *Agent) readKept(ctx context.Context, k platform.Keeper) (platform.Kept, error) {
	if a.keepers == nil {
		return platform.Kept{}, &platform.Error{Kind: platform.KindRetry, Message: platform.T("tokens of other programs cannot be read here"), Repair: platform.T("import the token itself: relink import --help")}
	}
	return a.keepers.Read(ctx, k)
}

// watchKeepers has the files of all watched accounts watched, and no others.
func (a *Agent) watchKeepers() {
	if a.keepers == nil {
		return
	}
	a.mu.Lock()
	var all []platform.Keeper
	for _, acc := range a.index.accounts {
		if !acc.Keeper.IsZero() {
			all = append(all, acc.Keeper)
		}
	}
	a.mu.Unlock()
	if err := a.keepers.Watch(all); err != nil {
		a.log.Warn("watch tokens of other programs", "error", err)
	}
}

// keepersStart looks at every watched token once: it may have been replaced
// while no agent ran.
func (a *Agent) keepersStart() {
	a.watchKeepers()
	a.lookAt(a.keptAt("")...)
}

// keptAt lists the watched accounts whose token is in a file, all for "".
func (a *Agent) keptAt(path string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for id, acc := range a.index.accounts {
		if !acc.Keeper.IsZero() && (path == "" || acc.Keeper.Path == path && acc.Keeper.Kind != platform.KeeperKeyring) {
			ids = append(ids, id)
		}
	}
	return ids
}

// keeperChanged follows a change of a file in which tokens are kept.
func (a *Agent) keeperChanged(path string) { a.lookAt(a.keptAt(path)...) }

// lookAt looks at watched tokens, in their platforms' lanes.
func (a *Agent) lookAt(ids ...string) {
	for _, id := range ids {
		if acc, err := a.find(id); err == nil {
			a.lanes.submit(a, acc.Platform+" "+acc.Server, func(ctx context.Context) { _, _ = a.lookAgain(ctx, id) })
		}
	}
}

const (
	// lookPause is how long after an outage a watched token is looked at again; it
	// doubles up to lookLong.
	lookPause = 30 * time.Second
	lookLong  = time.Hour
	// lookLimit is how long one look may take.
	lookLimit = 2 * time.Minute
)

// look is what came of looking at a token that was replaced and is not the account's yet.
type look struct {
	// seen is the token's fingerprint.
	seen string
	err  *platform.Error
	// until is when it is asked about again; zero: not before it is replaced once more.
	until time.Time
	wait  time.Duration
}

// looks remembers what came of looks, and has each account looked at once at a time.
type looks struct {
	flights singleflight.Group
	mu      sync.Mutex // guards last
	last    map[string]look
}

// again gives what a look at the same token came to, if it need not be asked about again.
func (l *looks) again(id, seen string, now time.Time) (look, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, ok := l.last[id]
	return last, ok && last.seen == seen && (last.until.IsZero() || now.Before(last.until) && last.until.Sub(now) <= lookLong)
}

func (l *looks) put(id string, came *look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]look{}
	}
	if came == nil {
		delete(l.last, id)
		return
	}
	l.last[id] = *came
}

// lookAgain looks at a watched token. One that was replaced becomes the
// account's next generation, if it is the same account's, and changed is true;
// else the person is told, once. The platform is asked once about a token, and
// after an outage again, later each time. Whoever comes meanwhile shares the answer.
func (a *Agent) lookAgain(ctx context.Context, id string) (changed bool, err error) {
	out, err, _ := a.looks.flights.Do(id, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit)
		defer cancel()
		return a.lookOnce(ctx, id)
	})
	changed, _ = out.(bool)
	return changed, err
}

func (a *Agent) lookOnce(ctx context.Context, id string) (bool, error) {
	acc, err := a.find(id)
	if err != nil || acc.Keeper.IsZero() {
		return false, err
	}
	kept, err := a.readKept(ctx, acc.Keeper)
	if err != nil {
		// It may be being written: what is wrong shows at the next verification.
		a.log.Info("watched token", "account", acc.Ref(), "error", err)
		return false, err
	}
	seen, now := platform.Fingerprint(kept.Access), a.clock.now()
	if seen == acc.Keeper.Seen {
		a.looks.put(id, nil)
		a.tell(func() { a.warn(keeperPart(id), "") })
		return false, nil
	}
	last, known := a.looks.again(id, seen, now)
	if known {
		return false, last.err
	}
	if err := a.takeOver(ctx, acc, kept, seen); err != nil {
		e := platform.As(err, platform.KindRetry)
		a.log.Info("watched token was replaced", "account", acc.Ref(), "error", e)
		came := &look{seen: seen, err: e}
		if e.Kind == platform.KindRetry || e.Kind == platform.KindLimit {
			came.wait = lookPause
			if last.seen == seen {
				came.wait = min(max(2*last.wait, lookPause), lookLong)
			}
			came.until = now.Add(came.wait)
		}
		a.looks.put(id, came)
		a.tell(func() { a.unknownToken(acc, came) })
		return false, e
	}
	a.looks.put(id, nil)
	a.journal.add(Event{At: now, Account: acc.ID, Ref: acc.Ref(), Kind: "refreshed", Text: platform.T("The token in %s was replaced.", acc.Keeper.String())})
	a.tell(func() { a.warn(keeperPart(id), "") })
	a.watchKeepers() // a directory that was made anew is another one
	return true, nil
}

// unknownToken says that a watched token was replaced by one that does not
// work, or has it looked at again after an outage.
func (a *Agent) unknownToken(acc platform.Account, came *look) {
	if came.until.IsZero() {
		a.warn(keeperPart(acc.ID), platform.T("%s: the token in %s was replaced by one that does not work: %s", acc.Title(), acc.Keeper.String(), came.err.Message))
		return
	}
	if e := a.entries[acc.ID]; e != nil && (e.verifyAt.IsZero() || came.until.Before(e.verifyAt)) {
		e.verifyAt = came.until
		a.dirty[acc.ID] = e
	}
}

// keeperPart names a watched token among the parts that are warned of.
func keeperPart(id string) string { return "keeper " + id }

// takeOver makes a token that was replaced the account's, if it is. It stores no token.
func (a *Agent) takeOver(ctx context.Context, acc platform.Account, kept platform.Kept, seen string) error {
	p, err := platform.Lookup(acc.Platform)
	if err != nil {
		return err
	}
	endpoint, err := p.Discover(ctx, a.cfg.Net, acc.Server)
	if err != nil {
		return err
	}
	app, err := a.cfg.Vault.App(ctx, acc.Platform, acc.Server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return err
	}
	call := platform.Call{Net: a.cfg.Net, App: app, Endpoint: endpoint, Account: platform.Account{Platform: acc.Platform, Server: acc.Server}, Now: a.clock.now()}
	x, err := a.given(ctx, p, call, ImportRequest{Access: kept.Access.Reveal(), ExpiresAt: kept.ExpiresAt})
	if err != nil {
		return err
	}
	found, err := identified(ctx, p, call, x, acc.ProviderID)
	if err != nil {
		return err
	}
	if found.ProviderID != acc.ProviderID {
		return &platform.Error{Kind: platform.KindWrongAccount, Message: platform.T("it belongs to %s", or(found.Name, found.ProviderID)), Repair: platform.T("let the program that keeps it write the right one")}
	}
	found.Grant.Tokens = platform.Tokens{}
	keeper := acc.Keeper
	keeper.Seen = seen
	return a.storeReplaced(ctx, acc, keeper, found, call.Now)
}

// storeReplaced stores the grant of a watched token that was replaced, unless
// the account was forgotten or connected otherwise while the platform was asked.
func (a *Agent) storeReplaced(ctx context.Context, was platform.Account, keeper platform.Keeper, id platform.Identity, now time.Time) error {
	a.storing.Lock()
	defer a.storing.Unlock()
	old, prev, err := a.newest(ctx, was.ID)
	if err != nil {
		return err
	}
	if old.Keeper != was.Keeper {
		return &platform.Error{Kind: platform.KindRetry, Message: platform.T("the account was changed meanwhile"), Repair: platform.T("nothing to do")}
	}
	c := follow(old, prev, id, keeper, now)
	c.Account.LastUsed, c.Account.Snoozed = old.LastUsed, old.Snoozed // nobody has used it by replacing it
	return a.save(ctx, []Change{c}, nil)
}
