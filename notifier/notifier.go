// Package notifier decides when to tell a person what, and tells them.
//
// [Plan] is pure: from what was already said (the ledger), the accounts'
// statuses and the rules it gives the notes to send now and when to look
// again. A [Sender] per system shows a note natively and reports clicks. The
// ledger is saved before a note is sent, so that a step is said once however
// often the program dies.
package notifier

import (
	"context"
	"time"

	"relink/platform"
)

// Step is a rung of the ladder as the ledger knows it: "168h0m0s" for a rung
// before the end (time.Duration.String), "expired", "again-1" to "again-7" for
// the daily repeats, "75%" and "95%" for short lives, "state-revoked" and the
// like for a connection that ended without a date.
type Step string

// Key is what is said once.
type Key struct {
	Account    string
	Generation int
	Step       Step
}

// Entry is a line of the ledger: what was said, or decided to be left unsaid, when.
// Saving one replaces the entry with the same key.
type Entry struct {
	Key
	At time.Time
	// Deadline is the end it was said for; zero where there was none. When the
	// same grant turns out to end much later, the step is due anew.
	Deadline time.Time
	// Collapsed is true for a step that a later one swallowed after an absence.
	Collapsed bool
}

// Subject is one account to judge.
type Subject struct {
	Account platform.Account
	Status  platform.Status
	// Steps is the account's ladder as settings resolve it, longest first; nil
	// means DefaultSteps, empty means only the end itself.
	Steps []time.Duration
	// Locked or unreachable accounts are judged by their clocks all the same;
	// Depends counts scheduled posts and scripts that need the account.
	Depends int
	// First is when the first scheduled post goes out that the end stops, or has
	// stopped; zero where none does.
	First time.Time
	// Said are the ledger's entries for this account and generation, oldest
	// first; of two with the same key the last holds.
	Said []Entry
}

// Rules are the settings that shape the plan.
type Rules struct {
	// Hour is the local hour of the daily repeat.
	Hour int
	// Urgent is one more step for subjects something depends on; 0 is none.
	Urgent time.Duration
	// Quiet hours and Free days move a note earlier, never later.
	Quiet Quiet
	Free  Days
	// Away is when nobody is there; what ends within it is told before.
	Away Away
	// Location of the person; nil means time.Local.
	Location *time.Location
	// Paused holds everything back until then, except what ends meanwhile.
	Paused time.Time
	// Started is when the agent started; nothing is said in the first minute.
	Started time.Time
}

// Urgency of a note, as the desktop knows it.
type Urgency int

// The urgencies.
const (
	UrgencyLow Urgency = iota
	UrgencyNormal
	UrgencyCritical
)

// Action is what a click asks for.
type Action string

// The actions.
const (
	ActionReconnect Action = "reconnect"
	// ActionLater asks for a snooze; the note is gone already.
	ActionLater    Action = "later"
	ActionShow     Action = "show"
	ActionSettings Action = "settings"
	ActionReview   Action = "review"
	ActionConnect  Action = "connect"
	ActionNotices  Action = "notices"
	ActionAbout    Action = "about"
)

// Activation is a click, wherever it happened.
type Activation struct {
	// Account the click was about (its ID); empty for the whole.
	Account string `json:"account,omitempty"`
	Action  Action `json:"action"`
	// Note is the ID of the note that was clicked; empty for a click elsewhere.
	Note string `json:"note,omitempty"`
	// Token is the desktop's activation token (XDG), handed to the window or browser.
	Token string `json:"token,omitempty"`
	// Link is the relink:// address that was opened, empty for any other click;
	// what it asks for replaces the fields above, as far as it is to be trusted.
	Link string `json:"link,omitempty"`
}

// Button of a note.
type Button struct {
	Action Action
	Label  string
}

// Note is one thing to say.
type Note struct {
	// ID is stable per account ("account/ID"), or "summary": a note with the
	// same ID replaces the one before.
	ID string
	// Accounts the note is about.
	Accounts []string
	Title    string
	Body     string
	Urgency  Urgency
	// Resident stays until acted on.
	Resident bool
	// Popup asks for the small window too, once per generation.
	Popup bool
	// Default is the action of a click on the note itself.
	Default Action
	Buttons []Button
	// Entries are what the ledger must hold before the note goes out.
	Entries []Entry
	// Parts are the notes a summary stands for, nil in any other note.
	Parts []Note
	// Rehearsal marks a note that is only shown for practice.
	Rehearsal bool
	// line is what a summary lists it as, where that is not the title; absence is
	// the person's, in words, in a note of what ends within it.
	line, absence string
}

// Decision is what Plan found.
type Decision struct {
	Notes []Note
	// Silent are entries to save without a note (steps collapsed, or overtaken).
	Silent []Entry
	// Next says per account when something will be due while its status stays
	// what it is (Status.Next says until when); missing means never by itself.
	Next map[string]time.Time
}

// Abilities is what a sender's system can do.
type Abilities struct {
	// Name of the server, "Xfce Notify Daemon 0.7.3".
	Name string
	// Actions: buttons work and clicks come back.
	Actions bool
	// Persistence: resident notes stay.
	Persistence bool
	// Off says why the system shows no notes, or only urgent ones, although it takes them, and after
	// "; " what mends that; empty when it does, or nobody can know.
	Off string
}

// Sender shows notes on one system.
type Sender interface {
	// Send shows a note, replacing the one with the same ID.
	Send(ctx context.Context, n Note) error
	// Withdraw takes a note back; one that is gone already is no error. An
	// account's note is taken out of a standing summary as well.
	Withdraw(ctx context.Context, id string) error
	// Abilities asks the system what it can do; an error means notes cannot be shown.
	Abilities(ctx context.Context) (Abilities, error)
	// Run handles clicks until ctx ends, then takes back what still stands:
	// its buttons would do nothing any more.
	Run(ctx context.Context) error
}
