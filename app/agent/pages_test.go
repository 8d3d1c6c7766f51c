package agent

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestClosedWindowsAreGivenBack: once the last window has gone, what it was told with goes back to the system.
func TestClosedWindowsAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given atomic.Int32
		cfg := config(one(t, time.Now(), 20*testDay), fine{}, nil)
		cfg.GiveBack = func() { given.Add(1) }
		a, stop := running(t, cfg)
		defer stop()
		open := func() context.CancelFunc {
			ctx, closed := context.WithCancel(t.Context())
			if _, err := a.Pages(ctx); err != nil {
				t.Fatal(err)
			}
			return closed
		}
		first, last := open(), open()
		first()
		pass(5 * time.Second)
		if n := given.Load(); n != 0 {
			t.Errorf("with a window open memory was given back %d times", n)
		}
		last()
		pass(5 * time.Second)
		if n := given.Load(); n != 1 {
			t.Errorf("with all closed memory was given back %d times, want once", n)
		}
	})
}
