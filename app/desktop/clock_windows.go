package desktop

import (
	"time"

	"golang.org/x/sys/windows"
)

// Elapsed is a clock that nobody can set: the time since the computer
// started, sleep included (GetTickCount64), in steps of some 16 ms. Only
// differences between two readings mean something. It tells a clock that was
// set from time that has passed.
func Elapsed() time.Duration { return windows.DurationSinceBoot() }
