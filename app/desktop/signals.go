package desktop

// Signal is something that happened to the computer that makes it worth
// looking at the accounts again.
type Signal int

const (
	// Resume: the computer woke from sleep.
	Resume Signal = iota + 1
	// NetworkUp: the internet can be reached again.
	NetworkUp
)

// String names the signal for logs.
func (s Signal) String() string {
	switch s {
	case Resume:
		return "resume"
	case NetworkUp:
		return "network up"
	}
	return "unknown"
}
