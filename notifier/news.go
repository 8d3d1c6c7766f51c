package notifier

import (
	"strings"
	"time"

	"relink/platform"
)

// Event is what the channels beside the desktop's notifications tell of an account.
type Event string

// The events.
const (
	// EventExpiring: a step of the ladder before the end.
	EventExpiring Event = "expiring"
	// EventExpired: it has ended, whatever for; daily again while it stays so.
	EventExpired Event = "expired"
	// EventReconnected: what was told before is over, by whatever path.
	EventReconnected Event = "reconnected"
	// EventUnreachable: its platform does not answer; says nothing of the account.
	EventUnreachable Event = "unreachable"
	// EventTest: a person tries the channel.
	EventTest Event = "test"
)

// EventOf is the event a step of the ladder is told as.
func EventOf(step Step) Event {
	if step == StepExpired || strings.HasPrefix(string(step), "again-") || strings.HasPrefix(string(step), "state-") {
		return EventExpired
	}
	return EventExpiring
}

// News is one thing told over a channel.
type News struct {
	// ID of the delivery; a receiver that has seen it may leave it.
	ID    string
	Event Event
	// Was is what is over, where Event is reconnected.
	Was     Event
	Account platform.Account
	Status  platform.Status
	// Unreachable is since when the platform does not answer; zero while it does.
	Unreachable time.Time
	// Depends counts scheduled posts and scripts that need the account.
	Depends int
	// At is when it arose.
	At time.Time
	// Rehearsal: nothing of it is so; the ladder is being tried.
	Rehearsal bool
}
