package agent

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relink/platform"
)

// anyRow makes a row of few kinds, so that many are alike.
func anyRow(rng *rand.Rand, id int) *Row {
	states := platform.States()
	r := &Row{Account: platform.Account{ID: fmt.Sprint("a", id), Platform: []string{"facebook", "linkedin"}[rng.IntN(2)], Alias: fmt.Sprint("x", rng.IntN(3))}}
	r.Status.State = states[rng.IntN(len(states))]
	base := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	switch rng.IntN(5) {
	case 0:
		r.Status.Deadline = platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceNever}
	case 1: // none known
	case 2:
		r.Status.Deadline = platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: base.AddDate(rng.IntN(3)*4000-5000, 0, 0)}
	default: // nanoseconds apart
		r.Status.Deadline = platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: base.Add(time.Duration(rng.IntN(4)) * 300 * time.Microsecond)}
	}
	return r
}

// TestRows changes snapshots at random beside a plain map, and looks at old ones again.
func TestRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	type kept struct {
		snap *Snapshot
		want map[string]*Row
	}
	check := func(k kept) {
		t.Helper()
		want := slices.Collect(maps.Values(k.want))
		slices.SortFunc(want, worse)
		if got := slices.Collect(k.snap.All()); !slices.Equal(got, want) {
			t.Fatalf("got %d rows, want %d, or in another order", len(got), len(want))
		}
		if k.snap.Len() != len(want) {
			t.Fatalf("Len: got %d, want %d", k.snap.Len(), len(want))
		}
		counts := map[platform.State]int{}
		for id, row := range k.want {
			counts[row.Status.State]++
			if k.snap.Row(id) != row {
				t.Fatalf("row %s is another", id)
			}
		}
		maps.DeleteFunc(k.snap.Counts, func(_ platform.State, n int) bool { return n == 0 })
		if !maps.Equal(k.snap.Counts, counts) {
			t.Fatalf("counts: got %v, want %v", k.snap.Counts, counts)
		}
		if k.snap.Row("nobody") != nil {
			t.Fatal("a row of nobody")
		}
		seen := 0
		for range k.snap.All() { // a reader may stop anywhere
			if seen++; seen > len(want)/2 {
				break
			}
		}
	}
	for _, n := range []int{0, 1, 50, 3000} {
		model := map[string]*Row{}
		for i := range n {
			r := anyRow(rng, i)
			model[r.Account.ID] = r
		}
		now := kept{NewSnapshot(Snapshot{}, slices.Collect(maps.Values(model))), maps.Clone(model)}
		check(now)
		all := []kept{now}
		for range 120 {
			var changed []*Row
			var removed []string
			for range rng.IntN(12) {
				r := anyRow(rng, rng.IntN(n+20))
				changed = append(changed, r)
			}
			for range rng.IntN(4) {
				removed = append(removed, fmt.Sprint("a", rng.IntN(n+20)))
			}
			for _, id := range removed {
				delete(model, id)
			}
			for _, r := range changed {
				model[r.Account.ID] = r
			}
			now = kept{now.snap.With(Snapshot{}, changed, removed), maps.Clone(model)}
			check(now)
			if rng.IntN(10) == 0 {
				all = append(all, now)
			}
		}
		for _, k := range all {
			check(k)
		}
	}
	a, b := anyRow(rng, 1), anyRow(rng, 1)
	check(kept{NewSnapshot(Snapshot{}, []*Row{a, b}), map[string]*Row{"a1": b}})
}
