//go:build !linux && !windows

package notifier

// New gives the sender of this system.
func New(cfg Config) Sender { return newPlain(cfg) }
