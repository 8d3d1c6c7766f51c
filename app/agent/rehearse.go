package agent

import (
	"context"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
)

const (
	// rehearsalSpan is how long a rehearsal takes at most, rehearsalGap how long
	// a note stands before the next takes its place.
	rehearsalSpan = 50 * time.Second
	rehearsalGap  = 8 * time.Second
	// rehearsalKept is how long one that is done can still be asked about.
	rehearsalKept = 10 * time.Minute
)

// rehearsal is one walk through an account's reminders. Guarded by Agent.mu.
type rehearsal struct {
	state   Rehearsal
	changed chan struct{}
	// ended is when nothing more came.
	ended time.Time
}

// other is a channel beside the desktop's notifications and the pop-up.
type other struct {
	name string
	// on reports whether it is set up; nil means always.
	on func() bool
	// send tells news at once and waits for the outcome.
	send func(ctx context.Context, n notifier.News) error
}

// Rehearse implements Service. The ledger is not touched, and nothing on the
// account changes.
func (a *Agent) Rehearse(ctx context.Context, account string) (Rehearsal, error) {
	acc, err := a.find(account)
	if err != nil {
		return Rehearsal{}, err
	}
	var steps []notifier.Rehearsed
	err = a.do(ctx, func() {
		if e := a.entries[acc.ID]; e != nil {
			now := a.clock.now()
			steps = notifier.Rehearse(a.subject(e, now), now, a.rules())
		}
	})
	if err != nil {
		return Rehearsal{}, err
	}
	if len(steps) == 0 {
		return Rehearsal{}, &platform.Error{Kind: platform.KindNotFound, Message: platform.T("%s was removed", acc.Ref()), Repair: platform.T("list the accounts with: relink status")}
	}
	r := &rehearsal{state: Rehearsal{ID: newID(), Version: 1, Account: acc.ID}, changed: make(chan struct{})}
	for _, s := range steps {
		r.state.Steps = append(r.state.Steps, RehearsalStep{Step: string(s.Step), Title: s.Note.Title, Body: s.Note.Body, Due: s.Due})
	}
	now := a.clock.now()
	a.mu.Lock()
	for id, old := range a.rehearsals {
		switch {
		case old.state.Account == acc.ID && !old.state.Done:
			a.mu.Unlock()
			return Rehearsal{}, &platform.Error{Kind: platform.KindUsage, Message: platform.T("a rehearsal for %s is under way", acc.Ref()), Repair: platform.T("wait a minute and try again")}
		case old.state.Done && now.Sub(old.ended).Abs() > rehearsalKept:
			delete(a.rehearsals, id)
		}
	}
	a.rehearsals[r.state.ID] = r
	state := r.snapshot()
	a.mu.Unlock()
	a.task(func(ctx context.Context) { a.rehearse(ctx, r, steps) })
	return state, nil
}

// snapshot is a copy that nobody changes any more. The caller holds Agent.mu.
func (r *rehearsal) snapshot() Rehearsal {
	out := r.state
	out.Steps = slices.Clone(out.Steps)
	for i := range out.Steps {
		out.Steps[i].Results = slices.Clone(out.Steps[i].Results)
	}
	return out
}

// moveRehearsal changes a rehearsal and tells whoever waits.
func (a *Agent) moveRehearsal(r *rehearsal, change func(*Rehearsal)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&r.state)
	r.state.Version++
	close(r.changed)
	r.changed = make(chan struct{})
}

// rehearse says one note after the other.
func (a *Agent) rehearse(ctx context.Context, r *rehearsal, steps []notifier.Rehearsed) {
	gap := min(rehearsalGap, rehearsalSpan/time.Duration(len(steps)))
	for i, s := range steps {
		a.moveRehearsal(r, func(x *Rehearsal) { x.Steps[i].Sent = a.clock.now() })
		for _, res := range a.rehearseStep(ctx, s) {
			a.moveRehearsal(r, func(x *Rehearsal) { x.Steps[i].Results = append(x.Steps[i].Results, res) })
		}
		select {
		case <-time.After(gap):
		case <-ctx.Done():
		}
	}
	id := notifier.RehearsalID(r.state.Account)
	if a.sender != nil {
		tctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.mail.deadline())
		if err := a.sender.Withdraw(tctx, id); err != nil {
			a.log.Warn("withdraw note", "note", id, "error", err)
		}
		cancel()
	}
	a.became(ChannelDesktop, id, OutcomeWithdrawn, nil)
	a.moveRehearsal(r, func(x *Rehearsal) { x.Done, r.ended = true, a.clock.now() })
}

// rehearseStep says a step on every channel there is.
func (a *Agent) rehearseStep(ctx context.Context, s notifier.Rehearsed) []RehearsalResult {
	n := s.Note
	ctx, cancel := context.WithTimeout(ctx, a.mail.deadline())
	defer cancel()
	var out []RehearsalResult
	try := func(channel string, send func() error) {
		res, err := RehearsalResult{Channel: channel, Became: OutcomeShown}, send()
		if err != nil {
			res.Became, res.Reason = OutcomeFailed, reason(err)
		}
		a.said(channel, n, res.Became, err)
		out = append(out, res)
	}
	try(ChannelDesktop, func() error {
		if a.sender == nil {
			return &platform.Error{Kind: platform.KindConfig, Message: platform.T("there is no way to notify here"), Repair: platform.T("start Relink in a desktop session")}
		}
		return a.sender.Send(ctx, n)
	})
	if n.Popup && a.cfg.OpenWindow != nil {
		try(ChannelPopup, func() error { return a.show(ctx, Page{Name: "rehearsal:" + n.Accounts[0]}) })
	}
	for _, o := range a.others {
		if o.on != nil && !o.on() {
			continue
		}
		try(o.name, func() error { return o.send(ctx, s.News) })
	}
	return out
}

// rehearsed takes in a click on a rehearsal's note; it does nothing else. It
// reports whether the click was on one.
func (a *Agent) rehearsed(act Activation) bool {
	if !strings.HasPrefix(act.Note, notifier.RehearsalID("")) {
		return false
	}
	a.mu.Lock()
	var at *rehearsal
	for _, r := range a.rehearsals {
		if !r.state.Done && act.Note == notifier.RehearsalID(r.state.Account) {
			at = r
		}
	}
	a.mu.Unlock()
	if at != nil {
		a.moveRehearsal(at, func(x *Rehearsal) {
			for i := len(x.Steps) - 1; i >= 0; i-- {
				if s := &x.Steps[i]; !s.Sent.IsZero() {
					for j := range s.Results {
						if res := &s.Results[j]; res.Channel == ChannelDesktop && res.Became == OutcomeShown {
							res.Became = OutcomeClicked
							if act.Action == notifier.ActionLater {
								res.Became = OutcomeSnoozed
							}
						}
					}
					return
				}
			}
		})
	}
	return true
}

// Rehearsal implements Service.
func (a *Agent) Rehearsal(ctx context.Context, id string, after int) (Rehearsal, error) {
	for {
		a.mu.Lock()
		r := a.rehearsals[id]
		if r == nil {
			a.mu.Unlock()
			return Rehearsal{}, &platform.Error{Kind: platform.KindNotFound, Message: platform.T("this rehearsal is over"), Repair: platform.T("start it again: relink rehearse ACCOUNT")}
		}
		state, changed := r.snapshot(), r.changed
		a.mu.Unlock()
		if state.Version > after || state.Done {
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
