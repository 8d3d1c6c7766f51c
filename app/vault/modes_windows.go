package vault

// checksModes: Windows keeps the profile's directories to their user by access
// lists that Go's permission bits do not show.
const checksModes = false

// syncDir: a rename is durable on NTFS by its journal; directories cannot be flushed.
func syncDir(string) error { return nil }
