package desktop

import (
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"
)

// collecting reads how garbage is collected; -1 is by the limit alone.
func collecting() (percent int, limit int64) {
	read := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(read)
	return int(int32(read[0].Value.Uint64())), int64(read[1].Value.Uint64())
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

// With 200,000 accounts the memory is used up long before the second is over.
func TestLetGarbageBeUntilMemoryIsUsedUp(t *testing.T) {
	percent, limit := debug.SetGCPercent(70), debug.SetMemoryLimit(1<<40)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	letGarbageBe(time.Hour, 64<<20)
	var kept [][]byte
	for range 4 {
		if p, l := collecting(); p != -1 || l != 64<<20 {
			t.Fatalf("before it is used up: %d %%, limit %d", p, l)
		}
		kept = append(kept, make([]byte, 8<<20))
	}
	for range 200 {
		kept = append(kept, make([]byte, 1<<20))
		if p, l := collecting(); p == 70 && l == 1<<40 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("after %d MB it is as while it opens", len(kept))
}
