package agent

import (
	"context"
	"time"

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
		v.a.lookAgain(ctx, account)
		v.a.mu.Lock()
		acc, err = v.a.index.find(account)
		v.a.mu.Unlock()
		if err != nil || acc.Keeper.IsZero() || platform.Fingerprint(kept.Access) != acc.Keeper.Seen {
			return platform.Grant{}, &platform.Error{Kind: platform.KindRetry, Platform: acc.Platform, Code: "keeper",
				Message: "the token of " + acc.Ref() + " was replaced where it is kept, and Relink does not know yet whose the new one is", Repair: "see why: relink status"}
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
		return platform.Kept{}, &platform.Error{Kind: platform.KindRetry, Message: "tokens of other programs cannot be read here", Repair: "import the token itself: relink import --help"}
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
	for _, id := range a.keptAt("") {
		a.task(func(ctx context.Context) { a.lookAgain(ctx, id) })
	}
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
func (a *Agent) keeperChanged(path string) {
	for _, id := range a.keptAt(path) {
		a.task(func(ctx context.Context) { a.lookAgain(ctx, id) })
	}
}

// lookAgain looks at a watched token. One that was replaced becomes the
// account's next generation, if it is the same account's; else the person is told.
func (a *Agent) lookAgain(ctx context.Context, id string) {
	acc, err := a.find(id)
	if err != nil || acc.Keeper.IsZero() {
		return
	}
	part := "keeper " + id
	kept, err := a.readKept(ctx, acc.Keeper)
	if err != nil {
		// It may be being written: what is wrong shows at the next verification.
		a.log.Info("watched token", "account", acc.Ref(), "error", err)
		return
	}
	seen := platform.Fingerprint(kept.Access)
	if seen == acc.Keeper.Seen {
		a.tell(func() { a.warn(part, "") })
		return
	}
	fail := func(err error) {
		a.log.Info("watched token was replaced", "account", acc.Ref(), "error", err)
		if e := platform.As(err, platform.KindRetry); e.Kind != platform.KindRetry && e.Kind != platform.KindLimit {
			a.tell(func() {
				a.warn(part, acc.Title()+": the token in "+acc.Keeper.String()+" was replaced by one that does not work: "+e.Message)
			})
		}
	}
	p, err := platform.Lookup(acc.Platform)
	if err != nil {
		fail(err)
		return
	}
	endpoint, err := p.Discover(ctx, a.cfg.Net, acc.Server)
	if err != nil {
		fail(err)
		return
	}
	app, err := a.cfg.Vault.App(ctx, acc.Platform, acc.Server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		fail(err)
		return
	}
	call := platform.Call{Net: a.cfg.Net, App: app, Endpoint: endpoint, Account: platform.Account{Platform: acc.Platform, Server: acc.Server}, Now: a.clock.now()}
	x, err := a.given(ctx, p, call, ImportRequest{Access: kept.Access.Reveal(), ExpiresAt: kept.ExpiresAt})
	if err != nil {
		fail(err)
		return
	}
	found, err := identified(ctx, p, call, x, acc.ProviderID)
	if err != nil {
		fail(err)
		return
	}
	if found.ProviderID != acc.ProviderID {
		fail(&platform.Error{Kind: platform.KindWrongAccount, Message: "it belongs to " + or(found.Name, found.ProviderID)})
		return
	}
	found.Grant.Tokens = platform.Tokens{}
	keeper := acc.Keeper
	keeper.Seen = seen
	if err := a.storeReplaced(ctx, acc, keeper, found, call.Now); err != nil {
		fail(err)
		return
	}
	a.journal.add(Event{At: call.Now, Account: acc.ID, Ref: acc.Ref(), Kind: "refreshed", Text: "The token in " + keeper.String() + " was replaced."})
	a.tell(func() { a.warn(part, "") })
}

// storeReplaced stores the grant of a watched token that was replaced, unless
// the account was forgotten or connected otherwise while the platform was asked.
func (a *Agent) storeReplaced(ctx context.Context, was platform.Account, keeper platform.Keeper, id platform.Identity, now time.Time) error {
	a.storing.Lock()
	defer a.storing.Unlock()
	acc, err := a.cfg.Vault.Account(ctx, was.ID)
	if err != nil {
		return platform.As(err, platform.KindStorage)
	}
	if acc.Keeper != was.Keeper {
		return &platform.Error{Kind: platform.KindRetry, Message: "the account was changed meanwhile", Repair: "nothing to do"}
	}
	prev, err := a.cfg.Vault.Grant(ctx, acc.ID)
	if err != nil && prev.Generation == 0 {
		return platform.As(err, platform.KindStorage)
	}
	used := acc.LastUsed
	acc = filled(acc, id, now)
	acc.Keeper, acc.LastUsed = keeper, used // nobody has used it by replacing it
	g := id.Grant
	g.Account, g.Generation = acc.ID, prev.Generation+1
	if err := a.cfg.Vault.SaveAll(ctx, []Change{{acc, g}}); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	a.stored(acc, g)
	return nil
}
