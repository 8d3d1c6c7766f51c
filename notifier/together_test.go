package notifier

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func endedNote(id string) Note {
	n := accountNote(id)
	n.Title, n.Urgency, n.Resident, n.Popup = id+" has ended", UrgencyCritical, true, true
	n.Entries = []Entry{{Key: Key{id, 1, StepExpired}, At: base}}
	return n
}

// stand is a screen: it shows what Together gives, as senders do.
type stand struct {
	t    *testing.T
	now  time.Time
	list []Standing
}

// show gives what was shown in the note's place.
func (s *stand) show(n Note) Note {
	s.t.Helper()
	out := Together(n, s.list, s.now)
	for _, p := range append([]Note{n}, out.Parts...) {
		s.gone(p.ID)
	}
	if out.ID != SummaryID {
		s.list = append(s.list, Standing{Note: out, At: s.now})
		return out
	}
	s.list = slices.DeleteFunc(s.list, func(x Standing) bool { return x.Summed }) // its place is taken
	for _, p := range out.Parts {
		s.list = append(s.list, Standing{Note: p, At: s.now, Summed: true})
	}
	return out
}

func (s *stand) gone(id string) {
	s.list = slices.DeleteFunc(s.list, func(x Standing) bool { return x.Note.ID == id })
}

func TestTogether(t *testing.T) {
	s := &stand{t: t, now: base}
	want := func(n Note, title string, lines ...string) {
		t.Helper()
		if n.Title != title || n.ID == SummaryID && !slices.Equal(strings.Split(n.Body, "\n"), lines) {
			t.Errorf("got %q, %q, want %q, %q", n.Title, n.Body, title, lines)
		}
	}
	wait := func(d time.Duration) { s.now = s.now.Add(d) }
	want(s.show(endedNote("a")), "a has ended")
	wait(10 * time.Minute)
	want(s.show(endedNote("b")), "b has ended")
	warning := endedNote("w")
	warning.Resident, warning.Title = false, "w ends in 1 day"
	want(s.show(warning), "w ends in 1 day")
	wait(10 * time.Minute)
	n := s.show(endedNote("c"))
	want(n, "3 accounts need you", "c has ended", "a has ended", "b has ended")
	if n.Urgency != UrgencyCritical || !n.Resident || len(n.Entries) != 1 || n.Entries[0].Account != "c" || !slices.Equal(n.Accounts, []string{"c", "a", "b"}) {
		t.Errorf("got %+v", n)
	}
	wait(59 * time.Minute)
	want(s.show(endedNote("d")), "4 accounts need you", "d has ended", "c has ended", "a has ended", "b has ended")
	wait(time.Hour)
	want(s.show(endedNote("e")), "e has ended")
	wait(time.Hour)
	s.gone(NoteID("a")) // reconnected
	// What Plan itself sums up takes the standing summary's place, and keeps it.
	want(s.show(summary([]Note{endedNote("f"), endedNote("g"), endedNote("b")})), "5 accounts need you", "f has ended", "g has ended", "b has ended", "d has ended", "and 1 more")
	// e's own note stands beside it; what is no step of the ladder is nobody's part.
	if got := Together(summary([]Note{warning, warning, warning}), s.list, s.now); len(got.Parts) != 8 {
		t.Errorf("a list of warnings: %q in %d parts, want the standing five kept", got.Title, len(got.Parts))
	}
	waiting := Waiting(platform.Account{ID: "h"}, platform.Status{}, "a script")
	if got := Together(waiting, s.list, s.now); got.ID != waiting.ID {
		t.Errorf("got %q", got.Title)
	}
	practice := endedNote("p")
	practice.Rehearsal = true
	if got := Together(practice, s.list, s.now); got.ID != practice.ID {
		t.Errorf("got %q", got.Title)
	}
	// A clock that was set back makes nothing recent.
	wait(-24 * time.Hour)
	want(s.show(endedNote("h")), "h has ended")
}

// However things end, at most two notes of ended accounts of one hour stand by
// themselves, each account is on the screen once, and none is lost.
func TestTogetherAlways(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 3))
		s := &stand{t: t, now: base}
		on := map[string]bool{}
		summaries := 0
		for i := range 60 {
			s.now = s.now.Add(time.Duration(rng.Int64N(int64(40 * time.Minute))))
			switch id := fmt.Sprint(rng.IntN(20)); rng.IntN(6) {
			case 0:
				s.gone(NoteID(id))
				delete(on, NoteID(id))
			case 1:
				many := []Note{endedNote(id), endedNote(fmt.Sprint("x", i)), endedNote(fmt.Sprint("y", i))}
				s.show(summary(many))
				for _, n := range many {
					on[n.ID] = true
				}
			default:
				n := s.show(endedNote(id))
				on[NoteID(id)] = true
				if n.ID == SummaryID {
					summaries++
				}
				if !slices.Contains(n.Accounts, id) {
					t.Fatalf("seed %d: %q was shown for %s", seed, n.Accounts, id)
				}
			}
			seen, alone := map[string]int{}, 0
			for _, x := range s.list {
				seen[x.Note.ID]++
				if !x.Summed && s.now.Sub(x.At) < together {
					alone++
				}
			}
			for id := range on {
				if seen[id] != 1 {
					t.Fatalf("seed %d: %s is shown %d times", seed, id, seen[id])
				}
			}
			if len(seen) != len(on) || alone > crowd {
				t.Fatalf("seed %d: %d shown of %d, %d by themselves", seed, len(seen), len(on), alone)
			}
		}
		if seed == 0 && summaries == 0 {
			t.Error("nothing was put together")
		}
	}
}
