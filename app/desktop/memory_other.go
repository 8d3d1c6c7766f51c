//go:build !linux

package desktop

import "runtime/debug"

// GiveBack returns the part of the heap that only starting needed.
func GiveBack() { debug.FreeOSMemory() }
