//go:build !linux

package desktop

import (
	"context"
	"log/slog"
)

// Signals gives a nil channel here: reading it waits for ever, so that it
// stands in a select as it does on Linux. The agent's own hourly look and its
// clock find out what happened.
func Signals(context.Context, *slog.Logger) <-chan Signal { return nil }
