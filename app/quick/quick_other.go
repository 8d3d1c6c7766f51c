//go:build !linux

package quick

// Refusal is nil: only Linux is quick.
func Refusal() []byte { return nil }
