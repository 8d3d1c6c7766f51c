package link

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// BenchmarkToken is a token over a warm connection. Target: p50 at most 80 µs.
func BenchmarkToken(b *testing.B) {
	c := start(b, quick{}, "1.0.0", "1.0.0")
	ask := agent.TokenRequest{Account: "linkedin/acme", Consumer: "bench"}
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		if _, err := c.Token(b.Context(), ask); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[len(took)*95/100].Nanoseconds())/1000, "p95-µs")
}

// BenchmarkTokenParallel is 50 callers at once. Target: at least 2,000 a second.
func BenchmarkTokenParallel(b *testing.B) {
	c := start(b, quick{}, "1.0.0", "1.0.0")
	ask := agent.TokenRequest{Account: "linkedin/acme", Consumer: "bench"}
	const callers, each = 50, 20
	began, calls := time.Now(), 0
	for b.Loop() {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range each {
					if _, err := c.Token(b.Context(), ask); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		calls += callers * each
	}
	b.ReportMetric(float64(calls)/time.Since(began).Seconds(), "tokens/s")
}

// BenchmarkFirst is what a window that opens waits for: the whole snapshot over the socket.
func BenchmarkFirst(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			var rows []*agent.Row
			for i := range n {
				a := platform.Account{ID: fmt.Sprintf("id%08d", i), Platform: "linkedin", ProviderID: strconv.Itoa(1_000_000 + i), Alias: fmt.Sprintf("client-%06d", i), Name: fmt.Sprintf("Client %06d", i), Created: now, LastUsed: now}
				g := platform.Grant{Account: a.ID, Generation: 1, TokenType: "Bearer", Issued: now, Verified: now,
					Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: now, At: now.Add(60*24*time.Hour + time.Duration(i)*time.Minute)}}}
				rows = append(rows, &agent.Row{Account: a, Grant: g, Status: platform.Assess(a, g, now)})
			}
			c := start(b, &opening{snap: agent.NewSnapshot(agent.Snapshot{}, rows)}, "1.0.0", "1.0.0")
			for b.Loop() {
				ctx, cancel := context.WithCancel(b.Context())
				snapshots, err := c.Watch(ctx)
				if err != nil {
					b.Fatal(err)
				}
				if s := <-snapshots; s.Len() != n {
					b.Fatalf("%d rows", s.Len())
				}
				cancel()
				for range snapshots {
				}
			}
		})
	}
}

// opening is an agent whose every watcher gets one snapshot.
type opening struct {
	fake
	snap *agent.Snapshot
}

func (o *opening) Watch(context.Context) (<-chan *agent.Snapshot, error) {
	out := make(chan *agent.Snapshot, 1)
	out <- o.snap
	return out, nil
}
