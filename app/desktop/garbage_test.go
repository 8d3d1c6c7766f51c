package desktop

import (
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

// collecting reads how garbage is collected, without changing it.
func collecting() (percent int, limit int64) {
	percent = debug.SetGCPercent(-1)
	debug.SetGCPercent(percent)
	return percent, debug.SetMemoryLimit(-1)
}

func TestLetGarbageBe(t *testing.T) {
	for _, c := range []struct{ limit, during int64 }{{1 << 40, letBeMost}, {100 << 20, 100 << 20}} {
		synctest.Test(t, func(t *testing.T) {
			percent, limit := debug.SetGCPercent(70), debug.SetMemoryLimit(c.limit)
			defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
			LetGarbageBe()
			if p, l := collecting(); p != -1 || l != c.during {
				t.Errorf("while it opens: %d %%, limit %d, want it left alone up to %d", p, l, c.during)
			}
			time.Sleep(letBe)
			synctest.Wait()
			if p, l := collecting(); p != 70 || l != c.limit {
				t.Errorf("afterwards: %d %%, limit %d, want 70 %% and %d as before", p, l, c.limit)
			}
		})
	}
}
