//go:build !linux && !windows

package desktop

import "time"

// Elapsed is a clock that nobody can set. Only differences between two
// readings mean something. It tells a clock that was set from time that has
// passed. On macOS and the BSDs it stands still during sleep (a clock that
// counts sleep needs cgo there), so that after sleep it reads like a clock set
// forward.
func Elapsed() time.Duration { return time.Since(started) }

var started = time.Now()
