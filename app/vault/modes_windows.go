package vault

// checksModes: Windows keeps the profile's directories to their user by access
// lists that Go's permission bits do not show.
const checksModes = false
