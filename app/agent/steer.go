package agent

import (
	"context"
	"slices"

	"relink/platform"
)

// flow finds a sign-in that runs or has ended lately.
func (a *Agent) flow(id string) (*flow, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.flows[id]
	if f == nil {
		return nil, &platform.Error{Kind: platform.KindNotFound, Message: platform.T("this sign-in is over"), Repair: platform.T("start it again")}
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
		first := state.Phase.Ended() && !state.Told && ctx.Err() == nil // who has gone is told nothing
		if first {
			f.state.Told, state.Told = true, true
		}
		a.mu.Unlock()
		if first {
			a.tell(func() { a.headNew = true })
		}
		if err := ctx.Err(); err != nil && !first {
			return state, err
		}
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
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("there is nothing to choose in this sign-in"), Repair: platform.T("wait for it to finish")}
	}
	for _, p := range providerIDs {
		if !slices.ContainsFunc(f.state.Candidates, func(c platform.Identity) bool { return c.ProviderID == p }) {
			return &platform.Error{Kind: platform.KindUsage, Message: platform.T("no such page: %s", p), Repair: platform.T("choose from the list")}
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
	if !a.end(f, platform.T("the sign-in was cancelled"), platform.T("nothing was changed")) {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the sign-in is done already"), Repair: platform.T("remove the account with: relink forget")}
	}
	return nil
}
