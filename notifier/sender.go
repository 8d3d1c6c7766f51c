package notifier

import (
	"context"
	"log/slog"
	"sync"
)

// Config is what a sender needs. The zero value works; clicks then go nowhere.
type Config struct {
	// AppName is the name the desktop shows; empty means "Relink".
	AppName string
	// Icon is a PNG; nil leaves it to the desktop entry.
	Icon []byte
	// OnActivate is called for every click, OnClosed when a note has gone
	// without Withdraw; reason is the desktop's (1 expired, 2 dismissed by the
	// person, 3 and 4 by something else). Both are called from Run and must not block.
	OnActivate func(Activation)
	OnClosed   func(noteID string, reason uint32)
	// Log gets what goes wrong; nil discards it.
	Log *slog.Logger
	// Marks makes the links of buttons (Windows), and Links has the system open
	// them with this program; where it is nil or fails, notes have no buttons.
	Marks Marks
	Links func() error
	// Dir is where the icon may be kept as a file (Windows); empty shows none.
	Dir string
	// Address of the session bus (Linux); empty means the session's own.
	Address string
}

func (c Config) filled() Config {
	if c.AppName == "" {
		c.AppName = "Relink"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.OnActivate == nil {
		c.OnActivate = func(Activation) {}
	}
	if c.OnClosed == nil {
		c.OnClosed = func(string, uint32) {}
	}
	return c
}

// ClosedExpired is the reason of a note that the desktop took away after its
// time, ClosedDismissed of one that the person put away, as others are.
const (
	ClosedExpired   = 1
	ClosedDismissed = 2
)

// fallback sends by the first sender, and by the second what the first fails to show.
type fallback struct {
	first, second Sender
	log           *slog.Logger

	mu sync.Mutex
	// failing is guarded by mu: the loss is logged once, until the first sender works again.
	failing bool
}

func (f *fallback) Send(ctx context.Context, n Note) error {
	err := f.first.Send(ctx, n)
	f.mu.Lock()
	was := f.failing
	f.failing = err != nil
	f.mu.Unlock()
	if err == nil {
		return nil
	}
	if !was {
		f.log.Warn("notification without buttons, the desktop's server failed", "error", err)
	}
	if f.second.Send(ctx, n) == nil {
		return nil
	}
	// The first error names the repair.
	return err
}

func (f *fallback) Withdraw(ctx context.Context, id string) error { return f.first.Withdraw(ctx, id) }

func (f *fallback) Abilities(ctx context.Context) (Abilities, error) { return f.first.Abilities(ctx) }

func (f *fallback) Run(ctx context.Context) error { return f.first.Run(ctx) }
