package notifier

import (
	"encoding/json"
	"time"

	"relink/platform"
)

// document is what a webhook and the command hook are given, as one JSON
// object. Its fields are added to, never renamed; there is no secret in it, and
// a field without a value is left out. Times are RFC 3339 in UTC.
type document struct {
	// ID of the delivery: one that comes again, because the answer to the first
	// was lost, has the same.
	ID string `json:"id"`
	// Event is expiring, expired, reconnected, unreachable or test.
	Event Event `json:"event"`
	// Was is the event that is over, where Event is reconnected.
	Was Event `json:"was,omitempty"`
	// At is when it arose, which may be long before it is delivered.
	At time.Time `json:"at"`
	// Account is missing in a test.
	Account *documentAccount `json:"account,omitempty"`
	// State is the account's, as in relink status --json.
	State platform.State `json:"state,omitempty"`
	// Reason is a code for the state, such as access, data_access or 190/460.
	Reason   string            `json:"reason,omitempty"`
	Deadline *documentDeadline `json:"deadline,omitempty"`
	// UnreachableSince is when the platform stopped answering.
	UnreachableSince time.Time `json:"unreachable_since,omitzero"`
	// Depends counts the scheduled posts and scripts that need the account.
	Depends int `json:"depends,omitempty"`
	// Rehearsal is true where nothing of it is so.
	Rehearsal bool `json:"rehearsal,omitempty"`
}

type documentAccount struct {
	ID       string   `json:"id"`
	Ref      string   `json:"ref"`
	Platform string   `json:"platform"`
	Server   string   `json:"server,omitempty"`
	Title    string   `json:"title"`
	Labels   []string `json:"labels,omitempty"`
}

type documentDeadline struct {
	At time.Time `json:"at"`
	// Kind is what ends: access, refresh, data_access, session or inactivity.
	Kind platform.ClockKind `json:"kind"`
	// Source is where the time is known from: provider, introspected, assumed or rule.
	Source platform.Source `json:"source"`
}

// Document writes the news as a webhook and the command hook are given it.
func (n News) Document() []byte {
	at := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.UTC().Truncate(time.Second)
	}
	d := document{
		ID: n.ID, Event: n.Event, Was: n.Was, At: at(n.At), State: n.Status.State, Reason: n.Status.Reason,
		UnreachableSince: at(n.Unreachable), Depends: n.Depends, Rehearsal: n.Rehearsal,
	}
	if a := n.Account; a.ID != "" {
		d.Account = &documentAccount{a.ID, a.Ref(), a.Platform, a.Server, clean(a.Title()), a.Labels}
	}
	if c := n.Status.Deadline; c.Ends() {
		d.Deadline = &documentDeadline{at(c.At), c.Kind, c.Source}
	}
	body, err := json.Marshal(d)
	if err != nil {
		panic(err) // plain structs
	}
	return body
}
