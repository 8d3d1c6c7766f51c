package agent

import (
	"context"
	"slices"
	"time"

	"relink/platform"
	"relink/platform/connect"
)

// keep stores what a sign-in brought: a new generation for every account it
// heals, in one transaction, and new accounts for those chosen that are not
// there yet. acc is the account that was to be reconnected, nil on a first
// connection; all are the identities behind the sign-in.
func (a *Agent) keep(ctx context.Context, req connect.Request, acc *platform.Account, all, chosen []platform.Identity) ([]Change, []string, error) {
	a.storing.Lock()
	defer a.storing.Unlock()
	now := a.clock.now()
	known := a.known(req.Platform.ID, req.Server)
	var unfinished *platform.Account
	if acc != nil {
		if _, err := a.cfg.Vault.Account(ctx, acc.ID); err != nil {
			return nil, nil, platform.As(err, platform.KindStorage) // removed meanwhile
		}
		if acc.ProviderID == "" {
			unfinished = acc
		}
	} else if all[0].OwnerID != "" {
		unfinished = a.unfinished(req.Platform.ID, req.Server, all[0].OwnerID)
	}

	var healed, fresh []Change
	var notes []string
	heal := func(old platform.Account, id platform.Identity, wanted bool) error {
		c, more, err := a.heal(ctx, old, id, now, wanted)
		if err != nil || c.Account.ID == "" {
			return err
		}
		if wanted && acc != nil {
			c.Account.Wants = req.Wants
		}
		healed, notes = append(healed, c), append(notes, more...)
		return nil
	}
	for _, id := range chosen {
		old, exists := known[id.ProviderID]
		if !exists && unfinished != nil { // it becomes the first that is new
			old, exists, unfinished = *unfinished, true, nil
		}
		if exists {
			// Nobody was asked whether an account that is connected once more may do less than before.
			asked := acc != nil || old.ProviderID == "" || !old.Keeper.IsZero()
			before := len(healed)
			if err := heal(old, id, asked); err != nil {
				return nil, nil, err
			}
			if len(healed) == before {
				notes = append(notes, platform.T("%s keeps what it had: less was allowed this time.", old.Title()))
			}
			continue
		}
		c := Change{platform.Account{ID: newID(), Platform: req.Platform.ID, Server: req.Server, Created: now, Wants: req.Wants}, id.Grant}
		c.Account = filled(c.Account, id, now)
		fresh = append(fresh, c)
		notes = append(notes, compare(c.Account, platform.Grant{}, id.Grant, now)...)
	}
	for _, id := range all { // siblings of the same sign-in are healed too
		old, exists := known[id.ProviderID]
		if exists && !slices.ContainsFunc(chosen, func(c platform.Identity) bool { return c.ProviderID == id.ProviderID }) {
			if err := heal(old, id, false); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(chosen) == 0 {
		notes = append(notes, platform.T("No page was chosen; the account stays unfinished until one is."))
		own := person(all)
		nobody := platform.Identity{Name: own.Owner, Owner: own.Owner, OwnerID: own.OwnerID, Grant: own.Grant}
		if unfinished != nil {
			if err := heal(*unfinished, nobody, true); err != nil {
				return nil, nil, err
			}
		} else {
			c := Change{platform.Account{ID: newID(), Platform: req.Platform.ID, Server: req.Server, Created: now, Wants: req.Wants}, own.Grant}
			c.Account = filled(c.Account, nobody, now)
			fresh = append(fresh, c)
		}
	}
	if err := a.save(ctx, healed, fresh); err != nil {
		return nil, nil, err
	}
	return append(healed, fresh...), notes, nil
}

// save stores changed and new accounts and tells the loop of each; new ones
// get their aliases here. The caller holds storing.
func (a *Agent) save(ctx context.Context, healed, fresh []Change) error {
	if len(healed) > 0 {
		if err := a.cfg.Vault.SaveAll(ctx, healed); err != nil {
			return platform.As(err, platform.KindStorage)
		}
		for _, c := range healed {
			a.stored(c.Account, c.Grant)
		}
	}
	for i := range fresh {
		c := &fresh[i]
		a.mu.Lock()
		c.Account.Alias = a.index.alias(c.Account.Platform, c.Account.Handle, c.Account.Name)
		a.mu.Unlock()
		c.Grant.Account, c.Grant.Generation = c.Account.ID, 1
		if err := a.cfg.Vault.Create(ctx, c.Account, c.Grant); err != nil {
			return platform.As(err, platform.KindStorage)
		}
		a.stored(c.Account, c.Grant)
	}
	return nil
}

// heal makes an account's next generation of an identity's grant. One that
// nobody asked for (wanted is false) is left alone, and the Change zero, where
// the new grant is worth less than what it has: another person may have
// signed in, for less.
func (a *Agent) heal(ctx context.Context, old platform.Account, id platform.Identity, now time.Time, wanted bool) (Change, []string, error) {
	acc, prev, err := a.newest(ctx, old.ID)
	if err != nil {
		return Change{}, nil, err
	}
	if !wanted && !acc.Keeper.IsZero() {
		return Change{}, nil, nil // another program looks after it
	}
	c := follow(acc, prev, id, platform.Keeper{}, now) // from now on Relink has a token of its own
	if !wanted && platform.Assess(acc, c.Grant, now).State.Severity() < platform.Assess(acc, prev, now).State.Severity() {
		return Change{}, nil, nil
	}
	return c, compare(c.Account, prev, c.Grant, now), nil
}

// newest reads an account and its grant as they are stored. The caller holds storing.
func (a *Agent) newest(ctx context.Context, id string) (platform.Account, platform.Grant, error) {
	acc, err := a.cfg.Vault.Account(ctx, id)
	if err != nil {
		return acc, platform.Grant{}, platform.As(err, platform.KindStorage)
	}
	g, err := a.cfg.Vault.Grant(ctx, id)
	// With a generation, only the old token cannot be read: a new one heals that.
	if err != nil && g.Generation == 0 && platform.KindOf(err) != platform.KindNotFound {
		return acc, g, platform.As(err, platform.KindStorage)
	}
	return acc, g, nil
}

// follow is an account with its next generation, of an identity's grant.
func follow(acc platform.Account, prev platform.Grant, id platform.Identity, keeper platform.Keeper, now time.Time) Change {
	g := id.Grant
	g.Account, g.Generation = acc.ID, prev.Generation+1
	acc = filled(acc, id, now)
	acc.Keeper = keeper
	return Change{acc, g}
}

// person is the identity of the person who signed in, or the last there is.
func person(ids []platform.Identity) platform.Identity {
	for _, id := range ids {
		if id.Kind == "person" {
			return id
		}
	}
	return ids[len(ids)-1]
}

// unfinished finds the account a person left without a page, nil when there is none.
func (a *Agent) unfinished(platformID, server, ownerID string) *platform.Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, acc := range a.index.accounts {
		if acc.Platform == platformID && acc.Server == server && acc.ProviderID == "" && acc.OwnerID == ownerID {
			return &acc
		}
	}
	return nil
}

// known maps the platform's own ids to the accounts that are there.
func (a *Agent) known(platformID, server string) map[string]platform.Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]platform.Account{}
	for _, acc := range a.index.accounts {
		if acc.Platform == platformID && acc.Server == server && acc.ProviderID != "" {
			out[acc.ProviderID] = acc
		}
	}
	return out
}

// filled takes over who it is; the account's id, alias, labels and settings stay.
func filled(acc platform.Account, id platform.Identity, now time.Time) platform.Account {
	acc.ProviderID, acc.Kind, acc.Name, acc.Handle, acc.Avatar = id.ProviderID, id.Kind, id.Name, id.Handle, id.Avatar
	if id.OwnerID != "" {
		acc.Owner, acc.OwnerID = id.Owner, id.OwnerID
	}
	acc.LastUsed, acc.Snoozed = now, time.Time{}
	return acc
}

// compare says what a person should know of a new grant: permissions that are
// missing, an end date that did not move, or moved the wrong way.
func compare(acc platform.Account, prev, next platform.Grant, now time.Time) []string {
	var notes []string
	was, is := platform.Assess(acc, prev, now), platform.Assess(acc, next, now)
	for _, l := range losses(acc, is) {
		notes = append(notes, l.Text())
	}
	switch moved := is.Deadline.At.Sub(was.Deadline.At); {
	case prev.Generation == 0 || !was.Deadline.Ends() || !is.Deadline.Ends() || moved >= time.Minute:
	case moved < -time.Hour: // another way in, such as the browser instead of an app password
		notes = append(notes, platform.T("%s: it ends sooner than before, on %s and not on %s.", acc.Title(), platform.LongDate(is.Deadline.At), platform.LongDate(was.Deadline.At)))
	default:
		notes = append(notes, platform.T("%s: the end date did not move; it is still %s.", acc.Title(), platform.At(is.Deadline.At.Local(), platform.T("2 January 2006, 15:04"))))
	}
	return notes
}

// losses are what an account does not do because of missing permissions.
func losses(acc platform.Account, s platform.Status) []Loss {
	var out []Loss
	for _, c := range s.Capabilities {
		if len(c.Missing) > 0 {
			out = append(out, Loss{acc.Title(), c.Capability, c.Missing})
		}
	}
	return out
}

// loses says what an account can do now and could not with the grant that a
// sign-in brought; nothing when the grant it has works no longer.
//
// The rule is: what works is not replaced by less before the person has said so.
// Where nothing works any more, less is better than nothing, and it is kept first.
func (a *Agent) loses(ctx context.Context, acc platform.Account, id platform.Identity) []Loss {
	if !acc.Keeper.IsZero() {
		return nil // another program's token, which stays where it is
	}
	lost := func() []Loss {
		prev, err := a.cfg.Vault.Grant(ctx, acc.ID)
		if err != nil || prev.Generation == 0 || prev.Fault.Count > 0 {
			return nil
		}
		now := a.clock.now()
		was := platform.Assess(acc, prev, now)
		if was.State.NeedsPerson() {
			return nil
		}
		return slices.DeleteFunc(losses(acc, platform.Assess(acc, follow(acc, prev, id, platform.Keeper{}, now).Grant, now)), func(l Loss) bool {
			return !slices.ContainsFunc(was.Capabilities, func(c platform.CapabilityStatus) bool {
				return c.Capability == l.Capability && len(c.Missing) == 0
			})
		})
	}
	if len(lost()) == 0 {
		return nil
	}
	// Permissions may be the person's and the app's together, not the token's (Facebook): declined
	// just now, the old token has lost them as well. The platform's own answer decides; without one
	// the old token is taken to work.
	_, _ = a.refresh.Verify(ctx, acc.ID)
	return lost()
}
