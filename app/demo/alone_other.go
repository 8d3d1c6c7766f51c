//go:build !linux

package main

import (
	"context"
	"errors"
)

// pictures needs what byItself does.
func pictures(ctx context.Context, o options, r *report) error { return byItself(ctx, o, r) }

// byItself needs a display server, a tray host and a notification server to
// start, which only Linux has as separate programs.
func byItself(context.Context, options, *report) error {
	return errors.New("a desktop of its own can be had on Linux only; run the demo on your desktop, without -alone")
}
