//go:build !lean

package app

import (
	"context"
	"sync"

	"relink/app/agent"
)

// ahead is a service whose accounts are on their way before a window asks for
// them: they come over the socket while Fyne starts, which takes as long.
type ahead struct {
	agent.Service
	mu    sync.Mutex // guards first
	first <-chan watched
}

// watched is what Watch gave.
type watched struct {
	snapshots <-chan *agent.Snapshot
	err       error
}

func watchAhead(ctx context.Context, svc agent.Service) *ahead {
	first := make(chan watched, 1)
	go func() {
		snapshots, err := svc.Watch(ctx)
		first <- watched{snapshots, err}
	}()
	return &ahead{Service: svc, first: first}
}

// Watch gives what was asked for ahead, once; then it asks anew.
func (a *ahead) Watch(ctx context.Context) (<-chan *agent.Snapshot, error) {
	a.mu.Lock()
	first := a.first
	a.first = nil
	a.mu.Unlock()
	if first == nil {
		return a.Service.Watch(ctx)
	}
	select {
	case w := <-first:
		return w.snapshots, w.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
