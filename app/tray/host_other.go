//go:build !linux

package tray

import "context"

const reasonNoBus = ""

// reachable: these systems have their tray built in.
func reachable(context.Context) error { return nil }

// HostPresent reports whether the desktop shows tray icons now; it always does here.
func HostPresent(context.Context) (present bool, reason string) { return true, "" }

// WatchHost tells whether the desktop shows tray icons, once here.
func WatchHost(_ context.Context, told func(present bool, reason string)) error {
	told(true, "")
	return nil
}
