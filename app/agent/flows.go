package agent

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
)

// keepFlow is how long an ended flow can still be read.
const keepFlow = 5 * time.Minute

// chooseLimit is how long the choice of pages is waited for.
var chooseLimit = 15 * time.Minute

// flow is one browser sign-in as the agent keeps it. Guarded by Agent.mu.
type flow struct {
	state   Flow
	attempt *connect.Attempt
	server  string
	// clicked: nobody may be watching, so failures are told by a note.
	clicked bool
	// storing: what it brought is being stored; it can no longer be cancelled.
	storing bool
	// took: the person has said to take less than the account had.
	took    bool
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
	app, err := a.appFor(ctx, p, server, r.ClientID, r.Secret != "")
	if err != nil {
		return Flow{}, err
	}
	wants := r.Wants
	if len(wants) == 0 {
		wants = p.Default()
	}
	req := connect.Request{
		Platform: p, App: app, Server: server, Wants: wants, NoListener: r.NoListener,
		Device: r.Device, Login: r.Login, Secret: platform.NewSecret(r.Secret),
	}
	return a.start(ctx, req, nil, r.NoBrowser, "", false)
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
	app, err := a.appFor(ctx, p, acc.Server, "", r.Secret != "")
	if err != nil {
		return Flow{}, err
	}
	req := connect.Request{
		Platform: p, App: app, Server: acc.Server, Wants: acc.Wants, NoListener: r.NoListener,
		Device: r.Device, Login: cmp.Or(r.Login, acc.Handle), Secret: platform.NewSecret(r.Secret),
	}
	if len(req.Wants) == 0 {
		req.Wants = p.Default()
	}
	if acc.ProviderID != "" {
		req.Expect = &acc
	}
	if r.Anew {
		req.Params = p.AskAgain
	} else if row := a.snap.Load().Row(acc.ID); row != nil && slices.ContainsFunc(row.Status.Capabilities, func(c platform.CapabilityStatus) bool { return len(c.Missing) > 0 }) {
		req.Params = p.AskAgain
	}
	return a.start(ctx, req, &acc, r.NoBrowser, token, clicked)
}

// appFor finds the app registration to sign in with. A credential needs none.
func (a *Agent) appFor(ctx context.Context, p *platform.Platform, server, clientID string, credential bool) (platform.App, error) {
	app, err := a.cfg.Vault.App(ctx, p.ID, server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return platform.App{}, platform.As(err, platform.KindStorage)
	}
	switch {
	case clientID != "" && app.ID != clientID && app.ID != "" && !app.Self:
		// Other accounts are renewed with the one that is stored.
		return platform.App{}, &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: platform.T("another app registration of %s is stored already", p.Title()), Repair: platform.T("leave the client id out, or replace it with: relink app set %s", p.ID)}
	case clientID != "" && app.ID != clientID:
		return platform.App{Platform: p.ID, Server: server, ID: clientID}, nil
	case app.ID == "" && !p.Registration.Self && !p.Registration.None && !credential && (p.Redirect != platform.RedirectNone || p.Device != nil):
		repair := platform.T("store it with: relink app set %s", p.ID)
		if p.Site == platform.SiteIssuer {
			repair = platform.T("give --client-id, or store it with: relink app set %s --server %s", p.ID, server)
		}
		return platform.App{}, &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: platform.T("%s needs an app registration of your own", p.Title()), Repair: repair}
	}
	return app, nil
}

// start makes the listener, registers the flow and opens the browser.
func (a *Agent) start(ctx context.Context, req connect.Request, acc *platform.Account, noBrowser bool, token string, clicked bool) (Flow, error) {
	if a.ctx.Err() != nil {
		return Flow{}, gone()
	}
	if err := a.cfg.Vault.Locked(); err != nil {
		if e := platform.As(err, platform.KindLocked); e.Code == LockedByHand {
			return Flow{}, e // only Unlock opens that
		}
		// Better now than after the person has signed in.
		if err := a.cfg.Vault.Unlock(ctx, "", false); err != nil {
			return Flow{}, platform.As(err, platform.KindLocked)
		}
		a.tell(func() { a.lockChanged(nil, 0) })
	}
	fctx, cancel := context.WithCancel(a.ctx)
	stop := context.AfterFunc(ctx, cancel)
	attempt, err := connect.Start(fctx, connect.Config{
		Net: a.cfg.Net, Now: a.clock.now, Port: a.settings.Load().Port, Certificate: a.cfg.Certificate, Log: a.log,
	}, req)
	if !stop() && err == nil {
		attempt.Cancel()
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return Flow{}, platform.As(err, platform.KindRetry)
	}
	req.Server = attempt.Server                           // its lasting name
	if attempt.App.Self && !attempt.App.Secret.IsZero() { // the server has made it; a second try need not
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
			URL: attempt.URL, Redirect: attempt.Redirect, UserCode: attempt.UserCode, Listening: attempt.Listening, Deadline: attempt.Deadline, Notes: attempt.Notes,
		},
	}
	if acc != nil {
		f.state.Account = acc.ID
	}
	if !noBrowser && a.cfg.OpenBrowser != nil && attempt.URL != "" {
		f.state.Opened = true
	}
	a.mu.Lock()
	old := a.rivals(req, acc)
	a.flows[f.state.ID] = f
	out := f.state
	a.mu.Unlock()
	for _, o := range old {
		a.end(o, platform.T("a newer sign-in took over"), platform.T("finish that one in the browser"))
	}
	a.flowMoved(out)
	if f.state.Opened {
		a.task(func(ctx context.Context) {
			if err := a.cfg.OpenBrowser(ctx, a.browserFor(ctx, acc), attempt.URL, token); err != nil {
				a.log.Warn("open browser", "error", err)
				e := platform.As(err, platform.KindConfig)
				a.move(f, func(s *Flow) {
					s.Opened = false
					s.Notes = slices.Concat(s.Notes, []string{e.Error()})
				})
				if clicked && acc != nil {
					a.mailNote(notifier.Failed(*acc, e)) // nobody else would say it
				}
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

// keepApp stores a registration that has just been used, unless it is the one stored.
func (a *Agent) keepApp(ctx context.Context, app platform.App) error {
	if app.ID == "" {
		return nil
	}
	if old, err := a.cfg.Vault.App(ctx, app.Platform, app.Server); err == nil && sameApp(old, app) {
		return nil
	}
	if err := a.cfg.Vault.SetApp(ctx, app); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return nil
}

// rivals are the attempts that a new one takes over from: for the same
// account, or for the same first connection. The caller holds mu.
func (a *Agent) rivals(req connect.Request, acc *platform.Account) []*flow {
	var out []*flow
	for _, f := range a.flows {
		same := f.state.Account == "" && acc == nil && f.state.Platform == req.Platform.ID && f.server == req.Server
		if acc != nil {
			same = f.state.Account == acc.ID
		}
		if same && !f.state.Phase.Ended() {
			out = append(out, f)
		}
	}
	return out
}

// end ends a flow from outside. It reports false when it is too late for that.
func (a *Agent) end(f *flow, message, repair string) bool {
	a.mu.Lock()
	late := f.storing
	a.mu.Unlock()
	if late {
		return false
	}
	a.move(f, func(s *Flow) {
		s.Phase = PhaseFailed
		s.Error = &platform.Error{Kind: platform.KindCancelled, Platform: s.Platform, Message: message, Repair: repair}
	})
	f.attempt.Cancel()
	f.cancel()
	return true
}

// endFlows ends what runs for an account that is to be forgotten.
func (a *Agent) endFlows(id string) {
	a.mu.Lock()
	var old []*flow
	for _, f := range a.flows {
		if f.state.Account == id && !f.state.Phase.Ended() {
			old = append(old, f)
		}
	}
	a.mu.Unlock()
	for _, f := range old {
		a.end(f, platform.T("the account was removed"), platform.T("nothing else was changed"))
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
	if err != nil {
		if who := res.Identities; platform.KindOf(err) == platform.KindWrongAccount && len(who) > 0 && acc != nil && (acc.OwnerID == "" || who[0].OwnerID != acc.OwnerID) {
			a.move(f, func(s *Flow) { s.SignedIn = cmp.Or(who[0].Owner, who[0].Name, who[0].Handle, who[0].ProviderID) })
		}
		a.fail(ctx, f, acc, err)
		return
	}
	req.Server = res.Server
	chosen := res.Identities
	unfinished := acc != nil && acc.ProviderID == ""
	if (acc == nil || unfinished) && len(chosen) > 1 {
		f.attempt.Done(connect.Outcome{Choose: true})
		a.move(f, func(s *Flow) {
			s.Phase, s.Candidates, s.Deadline = PhaseChoosing, candidates(res.Identities), a.clock.now().Add(chooseLimit)
		})
		ids, _ := a.awaitChoice(ctx, f)
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(id platform.Identity) bool { return !slices.Contains(ids, id.ProviderID) })
	}
	if acc != nil && !unfinished {
		if less := a.loses(ctx, *acc, chosen[0]); len(less) > 0 {
			f.attempt.Done(connect.Outcome{Choose: true})
			a.move(f, func(s *Flow) {
				s.Phase, s.Candidates, s.Less, s.Deadline = PhaseChoosing, candidates(chosen), less, a.clock.now().Add(chooseLimit)
			})
			if ids, answered := a.awaitChoice(ctx, f); len(ids) == 0 {
				kind := platform.KindCancelled
				if !answered {
					kind = platform.KindTimeout // nobody knows of it yet
				}
				a.fail(ctx, f, acc, &platform.Error{Kind: kind, Platform: req.Platform.ID, Code: "less",
					Message: platform.T("less was allowed than before; %s keeps what it had", acc.Title()), Repair: platform.T("allow everything that is asked for: relink reconnect %s", acc.Ref())})
				return
			}
			f.took = true // read by this goroutine alone
		}
	}
	if !a.claim(f) {
		a.fail(ctx, f, acc, &platform.Error{Kind: platform.KindCancelled, Platform: req.Platform.ID, Message: platform.T("the connection was cancelled"), Repair: platform.T("nothing was changed")})
		return
	}
	// From here on it is carried through: codes work once.
	through, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := a.keepApp(through, res.App); err != nil {
		a.fail(through, f, acc, err)
		return
	}
	stored, notes, err := a.keep(through, req, acc, slices.Concat(res.Identities, res.Others), chosen)
	if err != nil {
		a.fail(through, f, acc, err)
		return
	}
	a.succeed(through, f, stored, notes, acc)
}

// claim takes a flow for storing, unless somebody has ended it.
func (a *Agent) claim(f *flow) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	f.storing = !f.state.Phase.Ended() && a.ctx.Err() == nil
	return f.storing
}

// candidates are what a person chooses from, without the grants: those carry tokens.
func candidates(ids []platform.Identity) []platform.Identity {
	out := slices.Clone(ids)
	for i := range out {
		out[i].Grant = platform.Grant{}
	}
	return out
}

// awaitChoice gives the provider ids chosen; none, and false, when nobody chose
// in time. Where the sign-in began with a click on a note, nobody may be there to
// choose: then the window is shown.
func (a *Agent) awaitChoice(ctx context.Context, f *flow) ([]string, bool) {
	if f.clicked && a.cfg.OpenWindow != nil {
		if err := a.show(ctx, Page{Name: "account:" + f.state.Account}); err != nil { // an account is never another's
			a.log.Warn("open window to choose", "error", err)
		}
	}
	timer := time.NewTimer(chooseLimit)
	defer timer.Stop()
	select {
	case ids := <-f.choose:
		return ids, true
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, false
}

// fail ends a flow; nothing was changed.
func (a *Agent) fail(ctx context.Context, f *flow, acc *platform.Account, err error) {
	e := platform.As(err, platform.KindRetry)
	f.attempt.Done(connect.Outcome{Error: e})
	ended := a.move(f, func(s *Flow) { s.Phase, s.Error, s.Candidates, s.Less = PhaseFailed, e, nil, nil })
	if !ended || ctx.Err() != nil && a.ctx.Err() != nil {
		return // replaced, cancelled, shutting down: that was said already
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
func (a *Agent) succeed(ctx context.Context, f *flow, stored []Change, notes []string, acc *platform.Account) {
	now := a.clock.now()
	// The state first: it takes back the note that asked for this.
	_ = a.settled(ctx)
	var outcome connect.Outcome
	var ids []string
	var less []Loss
	for _, c := range stored {
		s := platform.Assess(a.resolved(c.Account), c.Grant, now)
		kind, one := "connected", connect.Outcome{Titles: []string{c.Account.Title()}}
		holds(&one, s)
		if c.Grant.Generation > 1 {
			kind = "reconnected"
		}
		ids = append(ids, c.Account.ID)
		if !f.took && (acc == nil || acc.ID == c.Account.ID) { // not of siblings, which nobody asked about
			less = append(less, losses(c.Account, s)...)
		}
		outcome.Titles = append(outcome.Titles, c.Account.Title())
		if outcome.Until.IsZero() && !outcome.Lasts && !outcome.Renews { // the first that is known
			holds(&outcome, s)
		}
		if acc != nil && acc.ID == c.Account.ID && s.State != platform.StateUnfinished {
			a.mailNote(notifier.Connected(c.Account, s, now, nil))
		}
		a.journal.add(Event{At: now, Account: c.Account.ID, Ref: c.Account.Ref(), Kind: kind, Text: one.Connected()})
	}
	f.attempt.Done(outcome)
	a.move(f, func(s *Flow) {
		// What there was to say while the browser was waited for is over.
		s.Phase, s.Accounts, s.Notes, s.Candidates, s.Less = PhaseDone, ids, notes, nil, less
	})
}

// holds notes how long what is connected holds.
func holds(o *connect.Outcome, s platform.Status) {
	switch {
	case s.Deadline.Ends():
		o.Until = s.Deadline.At
	case s.Deadline.Source == platform.SourceNever:
		o.Lasts = true
	case s.Renews:
		o.Renews = true
	}
}

// move changes a flow and wakes those who watch it. One that has ended stays
// as it is; then it gives false.
func (a *Agent) move(f *flow, change func(*Flow)) bool {
	a.mu.Lock()
	if f.state.Phase.Ended() {
		a.mu.Unlock()
		return false
	}
	change(&f.state)
	f.state.Version++
	f.state.Told = f.clicked && f.state.Phase.Ended() // a note says it
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
	return true
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

// mailNote shows a note that is no rung of the ladder. One that stays is taken
// back like any other when the account no longer calls for it.
func (a *Agent) mailNote(n notifier.Note) {
	if a.sender == nil {
		return
	}
	a.tell(func() {
		for _, id := range n.Accounts {
			if e := a.entries[id]; e != nil {
				e.shown = ""
				if n.Resident {
					e.shown = n.ID
				}
			}
		}
		a.mail.send(n)
	})
}
