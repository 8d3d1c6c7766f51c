package vault

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"testing"

	"relink/platform"
)

// fill stores n accounts in one transaction.
func fill(tb testing.TB, v *Vault, n int) {
	tb.Helper()
	ctx := context.Background()
	check(tb, inTx(ctx, v.write, func(tx *sql.Tx) error {
		for i := range n {
			a := testAccount(i)
			if _, err := tx.ExecContext(ctx, insertAccount, append(values(a), a.ID)...); err != nil {
				return err
			}
			if err := v.saveIn(ctx, tx, testGrant(a.ID, 1)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// BenchmarkLoad lists all accounts with their grants, as at start. B/account is
// what the result keeps in memory.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cfg, _ := testConfig(b)
			v := mustOpen(b, cfg)
			fill(b, v, n)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var accounts []platform.Account
			var grants map[string]platform.Grant
			for b.Loop() {
				var err error
				if accounts, grants, err = v.Load(b.Context()); err != nil || len(accounts) != n || len(grants) != n {
					b.Fatal(len(accounts), len(grants), err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/account")
			runtime.KeepAlive(accounts)
			runtime.KeepAlive(grants)
		})
	}
}

// BenchmarkOpen is the whole start: integrity check, migrations, key.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cfg, _ := testConfig(b)
			v := mustOpen(b, cfg)
			fill(b, v, n)
			check(b, v.Close())
			for b.Loop() {
				v, err := Open(b.Context(), cfg)
				check(b, err)
				check(b, v.Close())
			}
		})
	}
}

// BenchmarkGrant reads one grant and opens its seal.
func BenchmarkGrant(b *testing.B) {
	cfg, _ := testConfig(b)
	v := mustOpen(b, cfg)
	fill(b, v, 10_000)
	ctx := b.Context()
	i := 0
	for b.Loop() {
		i++
		if g, err := v.Grant(ctx, fmt.Sprintf("account%03d", i*7919%10_000)); err != nil || g.Tokens.Access.IsZero() {
			b.Fatal(err)
		}
	}
}

// BenchmarkSave stores a new generation, flushed to the disk.
func BenchmarkSave(b *testing.B) {
	cfg, _ := testConfig(b)
	v := mustOpen(b, cfg)
	fill(b, v, 1000)
	generation := 1
	for b.Loop() {
		generation++
		check(b, v.Save(b.Context(), testGrant("account000", generation)))
		check(b, v.Confirm(b.Context(), "account000", generation, testTime, nil, nil))
	}
}
