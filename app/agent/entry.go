package agent

import (
	"container/heap"
	"time"

	"relink/notifier"
	"relink/platform"
)

// entry is one account as the loop keeps it.
type entry struct {
	account platform.Account
	grant   platform.Grant // without tokens
	status  platform.Status
	row     *Row
	said    []notifier.Entry
	// takers are the programs that took a token lately, with the time of the last.
	takers map[string]time.Time

	// failing is the first of the failures to reach the platform that nobody
	// was told of yet; unreachable the same once it is told; tries counts them.
	failing     time.Time
	unreachable time.Time
	tries       int
	// verifyAt is when the platform is asked next; planAt when something may be due to be said.
	verifyAt time.Time
	planAt   time.Time
	// busy: a worker is asking the platform. lockedOut: it could not, for want of the key.
	busy, lockedOut bool
	// heard is what the channels were told of it and still holds; beyond: they
	// were told that the platform is out of reach.
	heard  notifier.Event
	beyond bool
	// shown is the id of the note on the screen, empty when there is none.
	shown string
	flow  string
	// prev is the status the last plan saw.
	prev platform.Status

	// wake is when the entry is looked at next; at its place in the heap, -1 when not in it.
	wake time.Time
	at   int
}

// wakeHeap orders entries by when they are looked at next.
type wakeHeap []*entry

func (h wakeHeap) Len() int           { return len(h) }
func (h wakeHeap) Less(i, j int) bool { return h[i].wake.Before(h[j].wake) }
func (h wakeHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push and Pop are for container/heap.
func (h *wakeHeap) Push(x any) {
	e := x.(*entry)
	e.at = len(*h)
	*h = append(*h, e)
}

func (h *wakeHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.at = -1
	return e
}

// set places an entry at its next time: the earliest of the times given that is not zero.
func (h *wakeHeap) set(e *entry, times ...time.Time) {
	var wake time.Time
	for _, t := range times {
		if !t.IsZero() && (wake.IsZero() || t.Before(wake)) {
			wake = t
		}
	}
	e.wake = wake
	switch {
	case wake.IsZero() && e.at >= 0:
		heap.Remove(h, e.at)
	case wake.IsZero():
	case e.at >= 0:
		heap.Fix(h, e.at)
	default:
		heap.Push(h, e)
	}
}

func (h *wakeHeap) remove(e *entry) {
	if e.at >= 0 {
		heap.Remove(h, e.at)
	}
}

// next is the earliest time in the heap, zero when it is empty.
func (h wakeHeap) next() time.Time {
	if len(h) == 0 {
		return time.Time{}
	}
	return h[0].wake
}

// due takes out the earliest entry that is due, nil when none is.
func (h *wakeHeap) due(now time.Time) *entry {
	if len(*h) == 0 || (*h)[0].wake.After(now) {
		return nil
	}
	return heap.Pop(h).(*entry)
}
