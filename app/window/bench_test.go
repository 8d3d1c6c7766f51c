package window

import (
	"fmt"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relink/app/agent"
)

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	lin := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

func loaded(b *testing.B, n int) (*bench, *agent.Snapshot, []*agent.Row) {
	rows := randomRows(rand.New(rand.NewPCG(1, 1)), n)
	snap := agent.NewSnapshot(agent.Snapshot{}, rows)
	d := openOn(b, snap, "", nil)
	d.until("the rows", func() bool { return len(d.u.list.rows) == n })
	return d, snap, rows
}

// BenchmarkShow is what a snapshot costs the UI goroutine: ten accounts
// changed, the list in its middle.
func BenchmarkShow(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, snap, rows := loaded(b, n)
			d.u.list.ScrollToOffset(float32(n/2) * d.u.list.pitch())
			var changed []*agent.Row
			for i := range 10 {
				r := *rows[i*7]
				r.Account.Name += "!"
				changed = append(changed, &r)
			}
			views := []*view{buildView(snap.With(agent.Snapshot{}, changed, nil), query{}, now), buildView(snap, query{}, now)}
			i := 0
			for b.Loop() {
				d.u.show(views[i%2], true)
				i++
			}
		})
	}
}

// BenchmarkBuild is what a snapshot costs off the UI goroutine.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		snap := agent.NewSnapshot(agent.Snapshot{}, randomRows(rand.New(rand.NewPCG(1, 1)), n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				buildView(snap, query{}, now)
			}
		})
	}
}

// BenchmarkFilter is a letter typed into the search, until the rows are on the
// screen; the list is in its middle, in the order of names.
func BenchmarkFilter(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, snap, _ := loaded(b, n)
			i := 0
			for b.Loop() {
				v := buildView(snap, query{search: []string{"welt", "wel"}[i%2], order: orderName}, now)
				d.u.show(v, false)
				i++
			}
		})
	}
}

// BenchmarkScroll is a turn of the wheel: three rows.
func BenchmarkScroll(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, _, _ := loaded(b, n)
			i := 0
			for b.Loop() {
				i++
				d.u.list.ScrollToOffset(float32((i*3)%(n-20)) * d.u.list.pitch())
			}
		})
	}
}

// The cost of a snapshot and of scrolling follows what is on the screen, not
// how many accounts there are (budget: 10,000 rows no slower than 100; the
// factor allows for a busy machine).
func TestCostFollowsTheScreen(t *testing.T) {
	cost := func(n int, act func(*bench, *view, int)) time.Duration {
		rows := randomRows(rand.New(rand.NewPCG(1, 1)), n)
		snap := agent.NewSnapshot(agent.Snapshot{}, rows)
		b := openOn(t, snap, "", nil)
		b.until("the rows", func() bool { return len(b.u.list.rows) == n })
		b.u.list.ScrollToOffset(float32(n/2) * b.u.list.pitch())
		v := buildView(snap, query{}, now)
		var took []time.Duration
		for i := range 60 {
			start := time.Now()
			act(b, v, i)
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		return took[len(took)/4]
	}
	for name, act := range map[string]func(*bench, *view, int){
		"snapshot": func(b *bench, v *view, _ int) { b.u.show(v, true) },
		"scroll":   func(b *bench, _ *view, i int) { b.u.list.ScrollToOffset(float32(10+i) * b.u.list.pitch()) },
	} {
		few, many := cost(100, act), cost(10_000, act)
		if many > 3*few {
			t.Errorf("%s: %v with 10,000 rows, %v with 100", name, many, few)
		}
	}
}
