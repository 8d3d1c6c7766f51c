package window

import (
	"slices"
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// Filters beside a platform's ID.
const (
	filterAll   = ""
	filterNeeds = "!needs"
	filterSoon  = "!soon"
)

// horizon is how far the list of coming deadlines looks.
const horizon = 90 * 24 * time.Hour

// view is a snapshot made ready for the screen: what the filter and the search
// leave, and the numbers beside the filters. It is built off the UI goroutine
// and never changed afterwards.
type view struct {
	snap  *agent.Snapshot
	rows  []*agent.Row
	total int
	needs int
	soon  int
	// platforms that have accounts, in the order people see them.
	platforms []platformCount
	// coming are the next deadlines among accounts that work, soonest first.
	coming   []*agent.Row
	headline string
}

type platformCount struct {
	id, name string
	n        int
}

// comingMax is how many deadlines the empty right side lists.
const comingMax = 8

func buildView(snap *agent.Snapshot, filter, search string, now time.Time) *view {
	v := &view{snap: snap, total: snap.Len()}
	words := strings.Fields(strings.ToLower(search))
	if filter == filterAll && len(words) == 0 {
		v.rows = make([]*agent.Row, 0, v.total)
	}
	perPlatform := map[string]int{}
	limited := 0
	for r := range snap.All() {
		state := r.Status.State
		perPlatform[r.Account.Platform]++
		switch {
		case state.NeedsPerson():
			v.needs++
		case state == platform.StateExpiring:
			v.soon++
		case state == platform.StateLimited:
			limited++
		}
		if !state.NeedsPerson() && r.Status.Deadline.Ends() {
			v.addComing(r)
		}
		if shows(r, filter) && matches(r, words) {
			v.rows = append(v.rows, r)
		}
	}
	for _, p := range platform.All() {
		if n := perPlatform[p.ID]; n > 0 {
			v.platforms = append(v.platforms, platformCount{p.ID, p.Name, n})
			delete(perPlatform, p.ID)
		}
	}
	var rest []platformCount
	for id, n := range perPlatform {
		rest = append(rest, platformCount{id, id, n})
	}
	slices.SortFunc(rest, func(a, b platformCount) int { return strings.Compare(a.id, b.id) })
	v.platforms = append(v.platforms, rest...)

	var next *agent.Row
	if len(v.coming) > 0 {
		next = v.coming[0]
	}
	v.headline = headline(v.total, v.needs, limited, next, now)
	return v
}

// addComing keeps the soonest deadlines, in order.
func (v *view) addComing(r *agent.Row) {
	at := r.Status.Deadline.At
	i := len(v.coming)
	for i > 0 && at.Before(v.coming[i-1].Status.Deadline.At) {
		i--
	}
	if i == comingMax {
		return
	}
	v.coming = slices.Insert(v.coming, i, r)
	if len(v.coming) > comingMax {
		v.coming = v.coming[:comingMax]
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
	return r.Account.Platform == filter
}

// matches reports whether every word is somewhere in the account's names.
func matches(r *agent.Row, words []string) bool {
	if len(words) == 0 {
		return true
	}
	a := r.Account
	text := strings.ToLower(strings.Join(append([]string{platformName(a.Platform), a.Ref(), a.Name, a.Handle, a.Server, r.Status.State.Word()}, a.Labels...), "\n"))
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
