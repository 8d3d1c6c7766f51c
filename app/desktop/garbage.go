package desktop

import (
	"runtime/debug"
	"time"
)

const (
	// letBe is how long a program that opens a window collects no garbage: until
	// it is painted, on a slow machine too.
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
func LetGarbageBe() {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, letBeMost))
	time.AfterFunc(letBe, func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
		debug.FreeOSMemory()
	})
}
