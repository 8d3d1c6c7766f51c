package notifier

import (
	"slices"
	"time"

	"relink/platform"
)

// Rehearsed is one step of a ladder as it will be said.
type Rehearsed struct {
	Step Step
	// Due is when it is due as things are now; zero for a connection that ends without a date.
	Due  time.Time
	Note Note
	// News is the same for the channels beside the desktop's notifications.
	News News
}

// Rehearse gives the notes of an account's whole ladder, each worded for the
// moment it is due and marked as a rehearsal, whatever was said of it already.
// Of the daily repeats only the first is there. It is pure, and the notes hold
// no entries for the ledger.
func Rehearse(s Subject, now time.Time, r Rules) []Rehearsed {
	s.Said, s.Account.Snoozed, s.Account.Muted = nil, time.Time{}, false
	s.Status.Capabilities = slices.Clone(s.Status.Capabilities)
	r.Paused, r.Started, r.Away = time.Time{}, time.Time{}, Away{}
	end := s.Status.Deadline
	var out []Rehearsed
	add := func(step Step, due time.Time, ended bool, at time.Time) {
		n := part{&s, verdict{step: step, ended: ended, popup: step == StepExpired || step == stateStep(platform.StateRevoked)}}.note(at, &r)
		news := News{Event: EventOf(step), Account: s.Account, Status: s.Status, Depends: s.Depends, At: at, Rehearsal: true}
		news.Status.Capabilities = slices.Clone(s.Status.Capabilities)
		out = append(out, Rehearsed{step, due, rehearsal(n, s.Account.ID), news})
	}
	if end.Ends() {
		asIs := s
		s.Status.State = platform.StateExpiring
		if asIs.Status.State.NeedsPerson() {
			s.Status.Capabilities = slices.Clone(s.Status.Capabilities)
			for i := range s.Status.Capabilities {
				s.Status.Capabilities[i].Works = true
			}
		}
		for _, e := range s.warnings(nil, now, &r) {
			add(e.step, e.due, false, e.due)
		}
		s = asIs
	}
	if !s.Status.State.NeedsPerson() {
		s.Status.State = platform.StateRevoked
		if end.Ends() {
			s.Status.State, s.Status.Reason = platform.StateExpired, string(end.Kind)
		}
		for i := range s.Status.Capabilities {
			s.Status.Capabilities[i].Works = false
		}
	}
	step, at := stateStep(s.Status.State), now
	if end.Ends() && s.Status.State != platform.StateRevoked && s.Status.State != platform.StateUnfinished {
		step, at = StepExpired, end.At
	}
	due := at
	if step != StepExpired {
		due = time.Time{}
	}
	add(step, due, true, at)
	if again := appendAgain(nil, &s, at, now, &r); len(again) > 0 {
		if step == StepExpired {
			due = again[0].due
		}
		add(again[0].step, due, true, again[0].due)
	}
	return out
}

// rehearsal marks a note: nobody may take it for the real one, and no click on
// it does anything to the account.
func rehearsal(n Note, account string) Note {
	n.ID = RehearsalID(account)
	n.Title = platform.T("Rehearsal: %s", n.Title)
	n.Body = sentences(platform.T("This is a rehearsal; nothing has happened."), n.Body)
	n.Entries, n.Rehearsal = nil, true
	return n
}

// RehearsalID is the ID of the notes of an account's rehearsal.
func RehearsalID(account string) string { return "rehearsal/" + account }
