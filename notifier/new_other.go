//go:build !linux && !windows && !darwin

package notifier

// New gives the sender of this system.
func New(cfg Config) Sender { return newPlain(cfg) }
