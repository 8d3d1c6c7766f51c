package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
)

const (
	// keepFlow is how long an ended flow can still be read.
	keepFlow = 5 * time.Minute
	// chooseLimit is how long the choice of pages is waited for.
	chooseLimit = 15 * time.Minute
)

// flow is one browser sign-in as the agent keeps it. Guarded by Agent.mu.
type flow struct {
	state   Flow
	attempt *connect.Attempt
	server  string
	// clicked: nobody may be watching, so failures are told by a note.
	clicked bool
	choose  chan []string
	changed chan struct{}
	cancel  context.CancelFunc
}

// Connect implements Service.
func (a *Agent) Connect(ctx context.Context, r ConnectRequest) (Flow, error) {
	p, err := platform.Lookup(r.Platform)
	if err != nil {
		return Flow{}, err
	}
	server := ""
	if p.Site != platform.SiteNone {
		if server, err = connect.Normalize(p, r.Server); err != nil {
			return Flow{}, err
		}
	}
	app, err := a.appFor(ctx, p, server, r.ClientID)
	if err != nil {
		return Flow{}, err
	}
	wants := r.Wants
	if len(wants) == 0 {
		wants = p.Default()
	}
	return a.start(ctx, connect.Request{Platform: p, App: app, Server: server, Wants: wants, NoListener: r.NoListener}, nil, r.NoBrowser, "", false)
}

// Reconnect implements Service.
func (a *Agent) Reconnect(ctx context.Context, r ReconnectRequest) (Flow, error) {
	return a.reconnect(ctx, r, "", false)
}

func (a *Agent) reconnect(ctx context.Context, r ReconnectRequest, token string, clicked bool) (Flow, error) {
	acc, err := a.find(r.Account)
	if err != nil {
		return Flow{}, err
	}
	p, err := platform.Lookup(acc.Platform)
	if err != nil {
		return Flow{}, err
	}
	app, err := a.appFor(ctx, p, acc.Server, "")
	if err != nil {
		return Flow{}, err
	}
	req := connect.Request{Platform: p, App: app, Server: acc.Server, Wants: acc.Wants, NoListener: r.NoListener}
	if len(req.Wants) == 0 {
		req.Wants = p.Default()
	}
	if acc.ProviderID != "" {
		req.Expect = &acc
	}
	return a.start(ctx, req, &acc, r.NoBrowser, token, clicked)
}

// appFor finds the app registration to sign in with.
func (a *Agent) appFor(ctx context.Context, p *platform.Platform, server, clientID string) (platform.App, error) {
	app, err := a.cfg.Vault.App(ctx, p.ID, server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return platform.App{}, platform.As(err, platform.KindStorage)
	}
	switch {
	case clientID != "" && app.ID != clientID:
		return platform.App{Platform: p.ID, Server: server, ID: clientID}, nil
	case app.ID == "" && !p.Registration.Self:
		repair := "store it with: relink app set " + p.ID
		if p.Site == platform.SiteIssuer {
			repair = "give --client-id, or store it with: relink app set " + p.ID + " --server " + server
		}
		return platform.App{}, &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: p.Name + " needs an app registration of your own", Repair: repair}
	}
	return app, nil
}

// start makes the listener, registers the flow and opens the browser.
func (a *Agent) start(ctx context.Context, req connect.Request, acc *platform.Account, noBrowser bool, token string, clicked bool) (Flow, error) {
	if a.ctx == nil || a.ctx.Err() != nil {
		return Flow{}, gone()
	}
	if err := a.cfg.Vault.Locked(); err != nil {
		// Better now than after the person has signed in.
		if err := a.cfg.Vault.TryUnlock(ctx); err != nil {
			return Flow{}, platform.As(err, platform.KindLocked)
		}
		a.tell(func() { a.lockChanged(nil, 0) })
	}
	a.replace(req, acc)
	fctx, cancel := context.WithCancel(a.ctx)
	stop := context.AfterFunc(ctx, cancel)
	attempt, err := connect.Start(fctx, connect.Config{Net: a.cfg.Net, Now: a.clock.now, Port: a.settings.Load().Port, Log: a.log}, req)
	if !stop() && err == nil {
		attempt.Cancel()
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return Flow{}, platform.As(err, platform.KindRetry)
	}
	if !sameApp(attempt.App, req.App) || req.App.Secret.IsZero() {
		if err := a.keepApp(ctx, attempt.App); err != nil {
			attempt.Cancel()
			cancel()
			return Flow{}, err
		}
	}
	f := &flow{
		attempt: attempt, server: req.Server, clicked: clicked, cancel: cancel,
		choose: make(chan []string, 1), changed: make(chan struct{}),
		state: Flow{
			ID: newID(), Version: 1, Platform: req.Platform.ID, Phase: PhaseWaiting,
			URL: attempt.URL, Redirect: attempt.Redirect, Listening: attempt.Listening, Deadline: attempt.Deadline, Notes: attempt.Notes,
		},
	}
	if acc != nil {
		f.state.Account = acc.ID
	}
	if !noBrowser && a.cfg.OpenBrowser != nil {
		f.state.Opened = true
	}
	a.mu.Lock()
	a.flows[f.state.ID] = f
	out := f.state
	a.mu.Unlock()
	a.flowMoved(out)
	if f.state.Opened {
		a.task(func(ctx context.Context) {
			if err := a.cfg.OpenBrowser(ctx, a.settings.Load().Browser, attempt.URL, token); err != nil {
				a.log.Warn("open browser", "error", err)
				a.move(f, func(s *Flow) {
					s.Opened = false
					s.Notes = append(s.Notes, platform.As(err, platform.KindConfig).Error())
				})
			}
		})
	}
	a.task(func(context.Context) {
		defer cancel()
		a.follow(fctx, f, req, acc)
	})
	return out, nil
}

func sameApp(a, b platform.App) bool {
	return a.ID == b.ID && a.Secret == b.Secret && a.Redirect == b.Redirect && slices.Equal(a.Scopes, b.Scopes)
}

// keepApp stores a registration that Relink or the caller has just made.
func (a *Agent) keepApp(ctx context.Context, app platform.App) error {
	if app.ID == "" {
		return nil
	}
	if err := a.cfg.Vault.SetApp(ctx, app); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return nil
}

// replace ends the attempt that a new one takes over from: for the same
// account, or for the same first connection.
func (a *Agent) replace(req connect.Request, acc *platform.Account) {
	a.mu.Lock()
	var old []*flow
	for _, f := range a.flows {
		if f.state.Phase.Ended() {
			continue
		}
		same := f.state.Platform == req.Platform.ID && f.server == req.Server
		if acc != nil {
			same = f.state.Account == acc.ID
		} else {
			same = same && f.state.Account == ""
		}
		if same {
			old = append(old, f)
		}
	}
	a.mu.Unlock()
	for _, f := range old {
		a.move(f, func(s *Flow) {
			s.Phase = PhaseFailed
			s.Error = &platform.Error{Kind: platform.KindCancelled, Platform: s.Platform, Message: "a newer sign-in took over", Repair: "finish that one in the browser"}
		})
		f.attempt.Cancel()
		f.cancel()
	}
}

// follow waits for the browser and stores what it brings.
func (a *Agent) follow(ctx context.Context, f *flow, req connect.Request, acc *platform.Account) {
	a.task(func(context.Context) {
		select {
		case <-f.attempt.Working():
			a.move(f, func(s *Flow) {
				if s.Phase == PhaseWaiting {
					s.Phase = PhaseWorking
				}
			})
		case <-ctx.Done():
		}
	})
	res, err := f.attempt.Wait(ctx)
	if err == nil && !sameApp(res.App, f.attempt.App) {
		err = a.keepApp(ctx, res.App)
	}
	if err != nil {
		a.fail(ctx, f, acc, err)
		return
	}
	chosen := res.Identities
	unfinished := acc != nil && acc.ProviderID == ""
	if (acc == nil || unfinished) && len(chosen) > 1 {
		f.attempt.Done(connect.Outcome{Choose: true})
		a.move(f, func(s *Flow) {
			s.Phase, s.Candidates, s.Deadline = PhaseChoosing, res.Identities, a.clock.now().Add(chooseLimit)
		})
		ids, ok := a.awaitChoice(ctx, f)
		if !ok {
			a.fail(ctx, f, acc, &platform.Error{Kind: platform.KindCancelled, Platform: req.Platform.ID, Message: "the connection was cancelled", Repair: "nothing was changed"})
			return
		}
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(id platform.Identity) bool { return !slices.Contains(ids, id.ProviderID) })
	}
	stored, notes, err := a.keep(ctx, req, acc, append(slices.Clone(res.Identities), res.Others...), chosen)
	if err != nil {
		a.fail(ctx, f, acc, err)
		return
	}
	a.succeed(f, stored, notes, acc != nil)
}

func (a *Agent) awaitChoice(ctx context.Context, f *flow) (ids []string, ok bool) {
	timer := time.NewTimer(chooseLimit)
	defer timer.Stop()
	select {
	case ids = <-f.choose:
		return ids, true
	case <-timer.C:
		return nil, true // nobody chose: kept, unfinished
	case <-ctx.Done():
		return nil, false
	}
}

// keep stores what a sign-in brought: new accounts for those chosen, a new
// generation for every account it heals. One transaction for all that exist.
func (a *Agent) keep(ctx context.Context, req connect.Request, acc *platform.Account, all, chosen []platform.Identity) ([]platform.Account, []string, error) {
	now := a.clock.now()
	var out []platform.Account
	var changes []Change
	var notes []string
	known := a.known(req.Platform.ID, req.Server)
	if acc != nil && acc.ProviderID == "" && len(chosen) > 0 {
		// The unfinished account becomes the first one chosen, if that is new.
		if _, taken := known[chosen[0].ProviderID]; !taken {
			known[chosen[0].ProviderID] = *acc
		}
	}
	heal := slices.Clone(chosen)
	for _, id := range all { // siblings of the same sign-in are healed too
		if _, ok := known[id.ProviderID]; ok && !slices.ContainsFunc(heal, func(c platform.Identity) bool { return c.ProviderID == id.ProviderID }) {
			heal = append(heal, id)
		}
	}
	if len(chosen) == 0 && len(all) > 0 && (acc == nil || acc.ProviderID == "") {
		u := platform.Account{ID: newID(), Platform: req.Platform.ID, Server: req.Server, Created: now, LastUsed: now, Wants: req.Wants, Owner: all[0].Owner, OwnerID: all[0].OwnerID, Name: all[0].Owner}
		if acc != nil {
			return []platform.Account{*acc}, []string{"No page was chosen; the account stays unfinished."}, nil
		}
		a.mu.Lock()
		u.Alias = a.index.alias(u.Platform, all[0].Owner)
		a.mu.Unlock()
		g := all[len(all)-1].Grant // the person's own
		g.Account, g.Generation = u.ID, 1
		if err := a.cfg.Vault.Create(ctx, u, g); err != nil {
			return nil, nil, platform.As(err, platform.KindStorage)
		}
		a.stored(u, g)
		return []platform.Account{u}, []string{"No page was chosen; the account stays unfinished until one is."}, nil
	}
	for _, id := range heal {
		old, exists := known[id.ProviderID]
		if !exists {
			continue
		}
		prev, err := a.cfg.Vault.Grant(ctx, old.ID)
		// With a generation, only the old token cannot be read: the new one heals that.
		if err != nil && prev.Generation == 0 && platform.KindOf(err) != platform.KindNotFound {
			return nil, nil, platform.As(err, platform.KindStorage)
		}
		next := filled(old, id, now)
		if acc != nil && acc.ID == old.ID {
			next.Wants = req.Wants
		}
		g := id.Grant
		g.Account, g.Generation = old.ID, prev.Generation+1
		notes = append(notes, a.compare(next, prev, g, now)...)
		changes = append(changes, Change{next, g})
		out = append(out, next)
	}
	if len(changes) > 0 {
		if err := a.cfg.Vault.SaveAll(ctx, changes); err != nil {
			return nil, nil, platform.As(err, platform.KindStorage)
		}
		for _, c := range changes {
			a.stored(c.Account, c.Grant)
		}
	}
	for _, id := range chosen {
		if _, exists := known[id.ProviderID]; exists {
			continue
		}
		fresh := filled(platform.Account{ID: newID(), Platform: req.Platform.ID, Server: req.Server, Created: now, Wants: req.Wants}, id, now)
		a.mu.Lock()
		fresh.Alias = a.index.alias(fresh.Platform, id.Handle, id.Name)
		a.mu.Unlock()
		g := id.Grant
		g.Account, g.Generation = fresh.ID, 1
		if err := a.cfg.Vault.Create(ctx, fresh, g); err != nil {
			return nil, nil, platform.As(err, platform.KindStorage)
		}
		notes = append(notes, a.compare(fresh, platform.Grant{}, g, now)...)
		a.stored(fresh, g)
		out = append(out, fresh)
	}
	return out, notes, nil
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
	acc.Owner, acc.OwnerID = id.Owner, id.OwnerID
	acc.LastUsed, acc.Snoozed = now, time.Time{}
	return acc
}

// compare says what a person should know of a new grant: permissions that are
// missing, an end date that did not move.
func (a *Agent) compare(acc platform.Account, prev, next platform.Grant, now time.Time) []string {
	var notes []string
	was, is := platform.Assess(acc, prev, now), platform.Assess(acc, next, now)
	for _, c := range is.Capabilities {
		if len(c.Missing) > 0 {
			notes = append(notes, fmt.Sprintf("%s: %s will not work, %s was not granted.", acc.Title(), c.Capability.Word(), platform.Join(c.Missing)))
		}
	}
	if prev.Generation > 0 && was.Deadline.Ends() && is.Deadline.Ends() && is.Deadline.At.Before(was.Deadline.At.Add(time.Minute)) {
		notes = append(notes, fmt.Sprintf("%s: the end date did not move; it is still %s.", acc.Title(), is.Deadline.At.Local().Format("2 January 2006, 15:04")))
	}
	return notes
}

// fail ends a flow; nothing was changed.
func (a *Agent) fail(ctx context.Context, f *flow, acc *platform.Account, err error) {
	e := platform.As(err, platform.KindRetry)
	f.attempt.Done(connect.Outcome{Error: e})
	ended := false
	a.move(f, func(s *Flow) {
		if s.Phase.Ended() {
			return // replaced or cancelled: that was said already
		}
		ended = true
		s.Phase, s.Error = PhaseFailed, e
	})
	if !ended || ctx.Err() != nil && a.ctx.Err() != nil {
		return
	}
	a.log.Info("sign-in failed", "platform", f.state.Platform, "kind", e.Kind, "code", e.Code)
	ev := Event{At: a.clock.now(), Kind: "flow_failed", Text: e.Error()}
	if acc != nil {
		ev.Account, ev.Ref = acc.ID, acc.Ref()
	}
	a.journal.add(ev)
	if f.clicked && acc != nil && e.Kind != platform.KindCancelled {
		a.mailNote(notifier.Failed(*acc, e))
	}
}

// succeed ends a flow with what was stored, takes standing notes back and says the good news quietly.
func (a *Agent) succeed(f *flow, stored []platform.Account, notes []string, again bool) {
	now := a.clock.now()
	// The state first: it takes back the note that asked for this.
	a.settled(a.ctx)
	var outcome connect.Outcome
	var ids []string
	kind := "connected"
	if again {
		kind = "reconnected"
	}
	for _, acc := range stored {
		ids = append(ids, acc.ID)
		outcome.Titles = append(outcome.Titles, acc.Title())
		until := ""
		if g, err := a.cfg.Vault.Grant(a.ctx, acc.ID); err == nil {
			s := platform.Assess(a.resolved(acc), g, now)
			until = holds(s)
			if again {
				a.mailNote(notifier.Connected(acc, s, now, nil))
			}
		}
		if outcome.Until == "" {
			outcome.Until = until
		}
		a.journal.add(Event{At: now, Account: acc.ID, Ref: acc.Ref(), Kind: kind, Text: strings.TrimSpace(acc.Title() + " is connected " + until)})
	}
	f.attempt.Done(outcome)
	a.move(f, func(s *Flow) {
		s.Phase, s.Accounts, s.Notes, s.Candidates = PhaseDone, ids, append(s.Notes, notes...), nil
	})
}

// holds says how long a status holds: "until 21 January 2027", "and does not expire".
func holds(s platform.Status) string {
	switch {
	case s.Deadline.Ends():
		return "until " + s.Deadline.At.Local().Format("2 January 2006")
	case s.Deadline.Source == platform.SourceNever:
		return "and does not expire"
	case s.Renews:
		return "and renews by itself"
	}
	return ""
}

// move changes a flow and wakes those who watch it.
func (a *Agent) move(f *flow, change func(*Flow)) {
	a.mu.Lock()
	change(&f.state)
	f.state.Version++
	close(f.changed)
	f.changed = make(chan struct{})
	out := f.state
	a.mu.Unlock()
	if out.Phase.Ended() {
		a.task(func(ctx context.Context) {
			timer := time.NewTimer(keepFlow)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			a.mu.Lock()
			delete(a.flows, out.ID)
			a.mu.Unlock()
			a.tell(func() { a.headNew = true })
		})
	}
	a.flowMoved(out)
}

// flowMoved shows a flow's standing at its account's row.
func (a *Agent) flowMoved(f Flow) {
	a.tell(func() {
		a.headNew = true
		e := a.entries[f.Account]
		if e == nil {
			return
		}
		switch {
		case !f.Phase.Ended():
			e.flow = f.ID
		case e.flow == f.ID:
			e.flow = ""
		}
		a.dirty[f.Account] = e
	})
}

// listFlows gives the flows for a snapshot, oldest deadline first.
func (a *Agent) listFlows() []Flow {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]Flow, 0, len(a.flows))
	for _, f := range a.flows {
		out = append(out, f.state)
	}
	slices.SortFunc(out, func(x, y Flow) int { return strings.Compare(x.ID, y.ID) })
	return out
}

func (a *Agent) flow(id string) (*flow, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.flows[id]
	if f == nil {
		return nil, &platform.Error{Kind: platform.KindNotFound, Message: "this sign-in is over", Repair: "start it again"}
	}
	return f, nil
}

// Flow implements Service.
func (a *Agent) Flow(ctx context.Context, id string, after int) (Flow, error) {
	f, err := a.flow(id)
	if err != nil {
		return Flow{}, err
	}
	for {
		a.mu.Lock()
		state, changed := f.state, f.changed
		a.mu.Unlock()
		if state.Version > after || state.Phase.Ended() {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, ctx.Err()
		case <-a.done:
			return state, gone()
		}
	}
}

// Paste implements Service.
func (a *Agent) Paste(_ context.Context, id, address string) error {
	f, err := a.flow(id)
	if err != nil {
		return err
	}
	return f.attempt.Paste(address)
}

// Choose implements Service.
func (a *Agent) Choose(_ context.Context, id string, providerIDs []string) error {
	f, err := a.flow(id)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if f.state.Phase != PhaseChoosing {
		return &platform.Error{Kind: platform.KindUsage, Message: "there is nothing to choose in this sign-in", Repair: "wait for it to finish"}
	}
	for _, p := range providerIDs {
		if !slices.ContainsFunc(f.state.Candidates, func(c platform.Identity) bool { return c.ProviderID == p }) {
			return &platform.Error{Kind: platform.KindUsage, Message: "no such page: " + p, Repair: "choose from the list"}
		}
	}
	select {
	case f.choose <- providerIDs:
	default:
	}
	return nil
}

// Cancel implements Service.
func (a *Agent) Cancel(_ context.Context, id string) error {
	f, err := a.flow(id)
	if err != nil {
		return err
	}
	a.move(f, func(s *Flow) {
		if !s.Phase.Ended() {
			s.Phase = PhaseFailed
			s.Error = &platform.Error{Kind: platform.KindCancelled, Platform: s.Platform, Message: "the sign-in was cancelled", Repair: "nothing was changed"}
		}
	})
	f.attempt.Cancel()
	f.cancel()
	return nil
}

// mailNote shows a note that is no rung of the ladder.
func (a *Agent) mailNote(n notifier.Note) {
	if a.sender != nil {
		a.mail.send(n)
	}
}
