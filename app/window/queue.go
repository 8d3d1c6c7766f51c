package window

import (
	"maps"
	"slices"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// queue is what several accounts that are to be brought back come to: the
// sign-ins it takes, one after another. What is done is read from the
// snapshot each time, so that an account that was healed on the way, by a
// sibling's sign-in or anywhere else, is skipped by itself, and one that is
// begun anew goes on with what is left. The zero value is empty.
type queue struct {
	// order are the sign-ins, worst account first, groups their accounts' IDs.
	order  []string
	groups map[string][]string
	// began is each account as it was at first.
	began map[string]*agent.Row
	// passed are the sign-ins that were had, whatever came of them, or skipped.
	passed map[string]bool
	// at is when the sign-in that it is at was begun.
	at time.Time
}

// newQueue groups accounts, which keep their order.
func newQueue(snap *agent.Snapshot, ids []string) *queue {
	q := &queue{groups: map[string][]string{}, began: map[string]*agent.Row{}, passed: map[string]bool{}}
	var rows []*agent.Row
	for _, id := range ids {
		if row := snap.Row(id); row != nil {
			rows = append(rows, row)
			q.began[id] = row
		}
	}
	for _, group := range agent.BySignIn(rows) {
		key := group[0].SignIn()
		q.order = append(q.order, key)
		for _, row := range group {
			q.groups[key] = append(q.groups[key], row.Account.ID)
		}
	}
	return q
}

// open are a sign-in's accounts that are not back yet, none when it is done.
func (q *queue) open(snap *agent.Snapshot, key string) []*agent.Row {
	var out []*agent.Row
	for _, id := range q.groups[key] {
		if r := snap.Row(id); r != nil && !r.BackSince(q.began[id]) {
			out = append(out, r)
		}
	}
	return out
}

// next is the sign-in to have now, with its accounts; empty when none is left.
func (q *queue) next(snap *agent.Snapshot) (key string, rows []*agent.Row) {
	for _, key := range q.order {
		if rows := q.open(snap, key); !q.passed[key] && len(rows) > 0 {
			return key, rows
		}
	}
	return "", nil
}

// after are the accounts of the sign-in that comes after one.
func (q *queue) after(snap *agent.Snapshot, key string) []*agent.Row {
	was := q.passed[key]
	q.passed[key] = true
	_, rows := q.next(snap)
	q.passed[key] = was
	return rows
}

// place is where the queue stands: the number of the sign-in it is at, 1 for the first.
func (q *queue) place(snap *agent.Snapshot) (n, of int) {
	key, _ := q.next(snap)
	return q.placeOf(snap, key)
}

// placeOf is the number of a sign-in of the queue, also when it was had by now.
func (q *queue) placeOf(snap *agent.Snapshot, at string) (n, of int) {
	n = 1
	for _, key := range q.order {
		if key != at && (q.passed[key] || len(q.open(snap, key)) == 0) {
			n++
		}
	}
	return min(n, len(q.order)), len(q.order)
}

// done is how many sign-ins have brought all their accounts back.
func (q *queue) done(snap *agent.Snapshot) int {
	n := 0
	for _, key := range q.order {
		if len(q.open(snap, key)) == 0 {
			n++
		}
	}
	return n
}

// queueTitle names the accounts of one sign-in: the first, and how many more.
func queueTitle(rows []*agent.Row) string {
	if len(rows) == 1 {
		return shortTitle(rows[0].Account)
	}
	return platform.N(len(rows)-1, "%[2]s and %[1]d more", "%[2]s and %[1]d more", shortTitle(rows[0].Account))
}

// placeWords says where the queue stands, and which accounts the sign-in is for.
func placeWords(n, of int, rows []*agent.Row) string {
	if len(rows) == 1 {
		return platform.T("%d of %d", n, of)
	}
	var names []string
	for _, r := range rows {
		names = append(names, shortTitle(r.Account))
	}
	return platform.T("%d of %d. One sign-in for: %s.", n, of, platform.Join(names))
}

// summary says what came of the queue.
func (q *queue) summary(snap *agent.Snapshot) string {
	done := q.done(snap)
	if done == len(q.order) {
		return platform.N(done, "%d sign-in done; everything is connected again.", "%d sign-ins done; everything is connected again.")
	}
	return platform.T("%d of %d sign-ins done. Reconnect all goes on with the rest.", done, len(q.order))
}

// queueKept is a queue as the window remembers it, for one that opens in the middle of it.
type queueKept struct {
	// At is when the sign-in that it is at was begun.
	At     time.Time           `json:"at"`
	Order  []string            `json:"order"`
	Groups map[string][]string `json:"groups"`
	// Began is what is to be known of each account as it was at first.
	Began  map[string]beganAs `json:"began"`
	Passed []string           `json:"passed,omitempty"`
}

// beganAs is the part of an account's row that says later whether it is back.
type beganAs struct {
	Generation int            `json:"generation"`
	State      platform.State `json:"state"`
}

// queueLasts is how long a queue that nobody went on with is one still.
const queueLasts = time.Hour

// kept is the queue to remember, which shares nothing with it; nil for none.
func (q *queue) kept() *queueKept {
	if q == nil {
		return nil
	}
	k := &queueKept{q.at, slices.Clone(q.order), maps.Clone(q.groups), map[string]beganAs{}, slices.Sorted(maps.Keys(q.passed))}
	for id, r := range q.began {
		k.Began[id] = beganAs{r.Grant.Generation, r.Status.State}
	}
	return k
}

// taken is a remembered queue that an account is in; nil where there is none, or where it is over.
func (k *queueKept) taken(account string, now time.Time) (*queue, string) {
	if k == nil || k.At.After(now) || now.Sub(k.At) > queueLasts {
		return nil, ""
	}
	for key, ids := range k.Groups {
		if !slices.Contains(ids, account) || !slices.Contains(k.Order, key) || slices.Contains(k.Passed, key) {
			continue
		}
		q := &queue{at: k.At, order: slices.Clone(k.Order), groups: maps.Clone(k.Groups), began: map[string]*agent.Row{}, passed: map[string]bool{}}
		for _, p := range k.Passed {
			q.passed[p] = true
		}
		for _, ids := range q.groups {
			for _, id := range ids {
				was := &agent.Row{}
				was.Grant.Generation, was.Status.State = k.Began[id].Generation, k.Began[id].State
				q.began[id] = was
			}
		}
		return q, key
	}
	return nil, ""
}
