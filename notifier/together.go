package notifier

import (
	"slices"
	"time"
)

// Standing is a note on the screen.
type Standing struct {
	Note Note
	// At is when it was shown, Summed whether the standing summary shows it.
	At     time.Time
	Summed bool
}

// Together gives what to show for n while others stand, oldest first: n itself,
// or a summary of it and them. Accounts that end minutes apart are one thing to a
// person: the third within an hour makes one note of all. And a summary that takes
// another's place keeps what still holds of it. Warnings are let be: what they say
// of the time left does not stay true, and Plan has those of an hour go out at once.
func Together(n Note, standing []Standing, now time.Time) Note {
	if n.Rehearsal || len(n.Entries) == 0 {
		return n // no step of the ladder
	}
	parts := slices.Clone(n.Parts)
	if n.ID != SummaryID {
		if !n.Resident {
			return n
		}
		parts = []Note{n}
	}
	own := func(s Standing) bool {
		return !s.Note.Resident || slices.ContainsFunc(parts, func(p Note) bool { return p.ID == s.Note.ID })
	}
	standing = slices.DeleteFunc(slices.Clone(standing), own)
	recent := func(s Standing) bool { age := now.Sub(s.At); return age >= 0 && age < together }
	fresh := 0
	for _, s := range standing {
		if recent(s) {
			fresh++
		}
	}
	if n.ID != SummaryID && fresh+1 <= crowd {
		return n
	}
	alone := len(parts)
	for _, s := range standing {
		if s.Summed || recent(s) && n.Resident { // a list of warnings takes in no more than it must
			parts = append(parts, s.Note)
		}
	}
	if len(parts) == alone {
		return n
	}
	out := summary(parts)
	out.Entries = n.Entries // the others' are in the ledger
	return out
}
