package desktop

import (
	"time"

	"golang.org/x/sys/unix"
)

// Elapsed is a clock that nobody can set: the time since the computer
// started, sleep included. Only differences between two readings mean
// something. It tells a clock that was set from time that has passed.
func Elapsed() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Since(started)
	}
	return time.Duration(ts.Nano())
}

var started = time.Now()
