//go:build windows || darwin

package vault

// keyringReachable: the system always has its keyring.
func keyringReachable() bool { return true }

func keyringAbsent(error) bool { return false }

// keyringLocked: the system unlocks its keyring with the session.
func keyringLocked() string { return "" }
