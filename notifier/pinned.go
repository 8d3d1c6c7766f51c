package notifier

import (
	"context"
	"errors"
	"slices"
	"time"
)

// pinnedDeadline bounds a call of the system's own, which may hang with its notification service.
const pinnedDeadline = 5 * time.Second

// pinned keeps notes on a system that knows them by a name: a note replaces its
// like, a summary the notes of its accounts, and one that is fixed leaves the summary.
type pinned struct {
	cfg Config
	// ready makes sure that notes can be shown, and clicks come back.
	ready func() error
	// pin shows a note, replacing the one with the same ID; quietly puts it among
	// the notifications without a banner. unpin takes one away; one that is gone
	// already is no error. No two of the three are called at once.
	pin   func(n Note, quietly bool) error
	unpin func(id string) error

	// turn holds one token while a call is under way, and guards what follows.
	turn chan struct{}
	// summary is the summary on the screen; nil while there is none.
	summary *Note
}

// do runs f while no other does, and gives up on one that hangs: the next call
// then waits for it in vain, and the fallback shows the note.
func (p *pinned) do(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, pinnedDeadline)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return notShown(errors.New("the call before still hangs"))
	}
	done := make(chan error, 1)
	go func() {
		err := f()
		<-p.turn
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return notShown(ctx.Err())
	}
}

// Send shows a note, replacing the one with the same ID. A summary replaces the
// notes of its accounts as well.
func (p *pinned) Send(ctx context.Context, n Note) error {
	return p.do(ctx, func() error {
		if err := p.ready(); err != nil {
			return err
		}
		if err := p.pin(n, false); err != nil {
			return notShown(err)
		}
		if n.ID == SummaryID {
			p.summary = &n
			for _, part := range n.Parts {
				p.take(part.ID)
			}
			return nil
		}
		if err := p.leaveSummary(n.ID); err != nil { // it has a note of its own again
			p.cfg.Log.Warn("show summary again", "error", err)
		}
		return nil
	})
}

// take removes a note whose place another one took.
func (p *pinned) take(id string) {
	if err := p.unpin(id); err != nil {
		p.cfg.Log.Warn("take back notification", "id", id, "error", err)
	}
}

// Withdraw takes a note back, an earlier agent's too.
func (p *pinned) Withdraw(ctx context.Context, id string) error {
	return p.do(ctx, func() error {
		if id == SummaryID {
			p.summary = nil
		}
		err := p.unpin(id)
		return errors.Join(err, p.leaveSummary(id))
	})
}

// leaveSummary takes a note out of the summary that stands for it; the last one takes it along.
func (p *pinned) leaveSummary(id string) error {
	if p.summary == nil {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(p.summary.Parts), func(part Note) bool { return part.ID == id })
	switch len(rest) {
	case len(p.summary.Parts):
		return nil
	case 0:
		p.summary = nil
		return p.unpin(SummaryID)
	}
	n := summary(rest)
	p.summary = &n
	if err := p.pin(n, true); err != nil {
		return notShown(err)
	}
	return nil
}
