package agent

import (
	"context"
	"sync"

	"relink/platform"
)

// do runs f on the loop and waits for it. The loop itself must not.
func (a *Agent) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case a.work <- func() { f(); close(ran) }:
	case <-a.ctx.Done():
		return gone()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-ran:
		return nil
	case <-a.ctx.Done(): // not done: a task that waits here is waited for
		return gone()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shown runs f on the loop and returns once the snapshot shows what it changed:
// whoever changes something and looks next must see it.
func (a *Agent) shown(ctx context.Context, f func()) error {
	if err := a.do(ctx, f); err != nil {
		return err
	}
	return a.settled(ctx)
}

// settled waits until what was told to the loop so far shows in the snapshot.
func (a *Agent) settled(ctx context.Context) error {
	// The first ends a turn at the latest, the second is taken after that turn.
	for range 2 {
		if err := a.do(ctx, func() {}); err != nil {
			return err
		}
	}
	return nil
}

// tell runs f on the loop without waiting. The loop itself must not.
func (a *Agent) tell(f func()) {
	select {
	case a.work <- f:
	case <-a.ctx.Done():
	}
}

func gone() error {
	return &platform.Error{Kind: platform.KindAgent, Message: platform.T("Relink is shutting down"), Repair: platform.T("start it again: relink")}
}

// task starts a goroutine that Run waits for; none once the agent is ending.
func (a *Agent) task(f func(ctx context.Context)) { a.tasks.start(func() { f(a.ctx) }) }

// tasks are goroutines that are waited for: a WaitGroup that may be asked for
// more while it is waited on, and then refuses.
type tasks struct {
	mu    sync.Mutex // guards ended and the group's first Add
	group sync.WaitGroup
	ended bool
}

func (t *tasks) start(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.group.Go(f)
	}
}

func (t *tasks) end() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.group.Wait()
}
