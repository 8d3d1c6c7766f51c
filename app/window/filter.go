package window

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// Filters beside a platform's ID. A label's is its text behind tagMark.
const (
	filterAll   = ""
	filterNeeds = "!needs"
	filterSoon  = "!soon"
	tagMark     = "#"
)

// The orders of the list. The empty one is the snapshot's own: worst first.
const (
	orderWorst    = ""
	orderEnd      = "end"
	orderName     = "name"
	orderPlatform = "platform"
)

// orders are those a person chooses from, with their words.
var orders = []struct{ id, word string }{
	{orderWorst, wordOrderWorst}, {orderEnd, wordOrderEnd}, {orderName, wordOrderName}, {orderPlatform, wordOrderPlatform},
}

func orderWord(id string) string {
	for _, o := range orders {
		if o.id == id {
			return platform.T(o.word)
		}
	}
	return platform.T(orders[0].word)
}

// horizon is how far the picture of coming deadlines looks.
const horizon = 90 * 24 * time.Hour

// query is what a person asked to see of the snapshot.
type query struct{ filter, search, order string }

// view is a snapshot made ready for the screen: what the filter and the search
// leave, and the numbers beside the filters. It is built off the UI goroutine
// and never changed afterwards.
type view struct {
	snap  *agent.Snapshot
	query query
	rows  []*agent.Row
	total int
	needs int
	soon  int
	// platforms and labels that have accounts, in the order people see them.
	platforms, labels []group
	// coming are the deadlines of the next 90 days, and those that are over and
	// wait for a person, soonest first.
	coming   []*agent.Row
	headline string
}

// group is a filter's name and how many accounts it leaves.
type group struct {
	id, name string
	n        int
}

func buildView(snap *agent.Snapshot, q query, now time.Time) *view {
	v := &view{snap: snap, query: q, total: snap.Len()}
	words := strings.Fields(strings.ToLower(q.search))
	if q.filter == filterAll && len(words) == 0 {
		v.rows = make([]*agent.Row, 0, v.total)
	}
	perPlatform, perLabel := map[string]int{}, map[string]int{}
	limited := 0
	for r := range snap.All() {
		state := r.Status.State
		perPlatform[r.Account.Platform]++
		for _, l := range r.Account.Labels {
			perLabel[l]++
		}
		switch {
		case state.NeedsPerson():
			v.needs++
		case state == platform.StateExpiring:
			v.soon++
		case state == platform.StateLimited:
			limited++
		}
		if onHorizon(r, now) {
			v.coming = append(v.coming, r)
		}
		if shows(r, q.filter) && matches(r, words) {
			v.rows = append(v.rows, r)
		}
	}
	byEnd := func(a, b *agent.Row) int { return a.Status.Deadline.At.Compare(b.Status.Deadline.At) }
	slices.SortStableFunc(v.coming, byEnd)
	v.sort(byEnd)
	for _, p := range platform.All() {
		if n := perPlatform[p.ID]; n > 0 {
			v.platforms = append(v.platforms, group{p.ID, p.Title(), n})
			delete(perPlatform, p.ID)
		}
	}
	v.platforms = append(v.platforms, groups(perPlatform, "")...)
	v.labels = groups(perLabel, tagMark)

	var next *agent.Row
	for _, r := range v.coming {
		if !r.Status.State.NeedsPerson() {
			next = r
			break
		}
	}
	v.headline = headline(v.total, v.needs, limited, next, now)
	return v
}

// groups are counted names in the alphabet's order, mark before their ids.
func groups(counts map[string]int, mark string) []group {
	var out []group
	for name, n := range counts {
		out = append(out, group{mark + name, name, n})
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), strings.Compare(a.name, b.name))
	})
	return out
}

// onHorizon reports whether a row has a mark in the picture.
func onHorizon(r *agent.Row, now time.Time) bool {
	s := r.Status
	switch s.State {
	case platform.StateRevoked, platform.StateUnfinished:
		return false // they have no date to be put at
	}
	return s.Deadline.Ends() && s.Deadline.At.Sub(now) <= horizon
}

// sort puts the rows into the order wanted; equal ones stay worst first.
func (v *view) sort(byEnd func(a, b *agent.Row) int) {
	name := func(r *agent.Row) string { return textOf(r).name }
	switch v.query.order {
	case orderEnd:
		slices.SortStableFunc(v.rows, func(a, b *agent.Row) int {
			ea, eb := a.Status.Deadline.Ends(), b.Status.Deadline.Ends()
			switch {
			case ea && eb:
				return byEnd(a, b)
			case ea:
				return -1
			case eb:
				return 1
			}
			return 0
		})
	case orderName:
		slices.SortStableFunc(v.rows, func(a, b *agent.Row) int { return strings.Compare(name(a), name(b)) })
	case orderPlatform:
		place := map[string]int{}
		for i, p := range platform.All() {
			place[p.ID] = i + 1 - 1000
		}
		slices.SortStableFunc(v.rows, func(a, b *agent.Row) int {
			return cmp.Or(cmp.Compare(place[a.Account.Platform], place[b.Account.Platform]),
				strings.Compare(a.Account.Platform, b.Account.Platform), strings.Compare(name(a), name(b)))
		})
	}
}

func shows(r *agent.Row, filter string) bool {
	switch filter {
	case filterAll:
		return true
	case filterNeeds:
		return r.Status.State.NeedsPerson()
	case filterSoon:
		return r.Status.State == platform.StateExpiring
	}
	if label, ok := strings.CutPrefix(filter, tagMark); ok {
		return slices.Contains(r.Account.Labels, label)
	}
	return r.Account.Platform == filter
}

// has reports whether there is such a filter to choose.
func (v *view) has(filter string) bool {
	switch filter {
	case filterAll, filterNeeds, filterSoon:
		return true
	}
	is := func(g group) bool { return g.id == filter }
	return slices.ContainsFunc(v.platforms, is) || slices.ContainsFunc(v.labels, is)
}

// rowText is what is searched and sorted by, in small letters.
type rowText struct{ name, all string }

// texts keeps them while a row lives on from snapshot to snapshot: rows are
// immutable. It is emptied when it has grown beyond what is there.
var texts struct {
	sync.Mutex
	rows map[*agent.Row]rowText
}

// textsMost bounds what is kept.
const textsMost = 50_000

// forgetTexts empties them: the words they hold are of another language.
func forgetTexts() {
	texts.Lock()
	texts.rows = nil
	texts.Unlock()
}

func textOf(r *agent.Row) rowText {
	texts.Lock()
	defer texts.Unlock()
	t, ok := texts.rows[r]
	if !ok {
		if texts.rows == nil || len(texts.rows) >= textsMost {
			texts.rows = map[*agent.Row]rowText{}
		}
		a := r.Account
		t = rowText{strings.ToLower(shortTitle(a)),
			strings.ToLower(strings.Join(append([]string{platformName(a.Platform), a.Ref(), a.Name, a.Handle, a.Server, a.Owner, r.Status.State.Word()}, a.Labels...), "\n"))}
		texts.rows[r] = t
	}
	return t
}

// matches reports whether every word is somewhere in the account's names.
func matches(r *agent.Row, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text := textOf(r).all
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// find is the place of an account among rows, -1 when it is not there.
func find(rows []*agent.Row, id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(rows, func(r *agent.Row) bool { return r.Account.ID == id })
}
