package link

import (
	"slices"
	"sync"
	"testing"
	"time"

	"relink/app/agent"
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
