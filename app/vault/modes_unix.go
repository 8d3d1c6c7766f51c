//go:build unix

package vault

// checksModes: permission bits mean what they say here.
const checksModes = true
