//go:build !lean

package app

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

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

const (
	// letBe is how long a window that opens collects no garbage: until it is
	// painted, on a slow machine too.
	letBe = time.Second
	// letBeMost is the memory in bytes from which on it does all the same.
	letBeMost = 256 << 20
)

// letGarbageBe has a window open without collecting garbage. Nearly all of what
// it makes by then, the accounts and the fonts above all, is to stay; to walk it
// again and again as it grew took a fifth of the time until 10,000 accounts were
// painted. Then what is left over is given back to the system at once.
func letGarbageBe() {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, letBeMost))
	time.AfterFunc(letBe, func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
		debug.FreeOSMemory()
	})
}
