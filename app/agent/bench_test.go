package agent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"relink/platform"
)

// crowd makes a vault with n accounts, all well, none due.
func crowd(b *testing.B, n int) (*Agent, []string) {
	b.Helper()
	v, now := newMemVault(), time.Now()
	ids := make([]string, n)
	for i := range n {
		ids[i] = fmt.Sprintf("acc%06d", i)
		acc := platform.Account{ID: ids[i], Platform: "linkedin", ProviderID: ids[i], Alias: ids[i], Name: ids[i], Created: now, LastUsed: now}
		g := platform.Grant{Account: ids[i], Generation: 1, Issued: now, Verified: now, Clocks: []platform.Clock{
			{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: now, At: now.Add(60*24*time.Hour + time.Duration(i)*time.Second)},
		}}
		if err := v.Create(context.Background(), acc, g); err != nil {
			b.Fatal(err)
		}
	}
	a, err := New(context.Background(), Config{Vault: v, Settings: testSettings(), Net: &platform.Net{Transport: fine{}}, Rand: rand.New(rand.NewPCG(1, 1))})
	if err != nil {
		b.Fatal(err)
	}
	a.turn() // what a start leaves to be looked at
	return a, ids
}

// BenchmarkWake is one wake with 10 changed accounts, from judging to the new
// snapshot, beside growing numbers of accounts that did not change. The wakes
// follow each other at once, so that few accounts stay in the processor's
// cache from one to the next, and many do not.
func BenchmarkWake(b *testing.B) { wake(b, nil) }

// BenchmarkWakeAfterPause is the same as it comes in life: minutes lie between
// two wakes, and the cache belongs to others meanwhile.
func BenchmarkWakeAfterPause(b *testing.B) { wake(b, make([]byte, 32<<20)) }

func wake(b *testing.B, others []byte) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			a, ids := crowd(b, n)
			rng, round, took := rand.New(rand.NewPCG(1, 1)), 0, time.Duration(0)
			for b.Loop() {
				round++
				for range 10 {
					e := a.entries[ids[rng.IntN(n)]]
					e.grant.Verified = e.grant.Verified.Add(time.Duration(round))
					e.grant.Clocks = []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: e.grant.Issued, At: e.grant.Issued.Add(60*24*time.Hour + time.Duration(rng.IntN(n))*time.Second)}}
					a.dirty[e.account.ID] = e
				}
				for i := 0; i < len(others); i += 64 {
					others[i]++
				}
				began := time.Now()
				a.turn()
				took += time.Since(began)
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(round), "ns/wake")
		})
	}
}

// BenchmarkIdleWake is a wake that finds nothing to do.
func BenchmarkIdleWake(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			a, _ := crowd(b, n)
			for b.Loop() {
				a.turn()
			}
		})
	}
}
