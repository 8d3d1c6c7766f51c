package desktop

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// letBe is how long a program that opens a window collects no garbage. The
	// list of 10,000 accounts was painted after a quarter of that where it was measured.
	letBe = time.Second
	// letBeMost is the memory in bytes from which on it does all the same.
	letBeMost = 256 << 20
)

// LetGarbageBe has a window open without collecting garbage: for a second, and
// only while that takes no more than 256 MB. Nearly all of what it makes by then,
// the accounts and the fonts above all, is to stay; to walk it again and again as
// it grew took a fifth of the time until 10,000 accounts were painted. Then what
// is left over is given back to the system at once, and garbage is collected as
// before, by the person's own GOGC and GOMEMLIMIT where they are set.
func LetGarbageBe() { letGarbageBe(letBe, letBeMost) }

func letGarbageBe(during time.Duration, most int64) {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, most))
	asBefore := sync.OnceFunc(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	// The first collection says that the memory is used up: at the limit every
	// further one would come sooner than the last.
	runtime.AddCleanup(new(struct{ next *byte }), func(asBefore func()) { asBefore() }, asBefore)
	time.AfterFunc(during, func() {
		asBefore()
		debug.FreeOSMemory()
	})
}
