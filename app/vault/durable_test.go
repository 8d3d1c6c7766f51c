package vault

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"
)

// connected is told of every connection that is opened; nil while nobody looks.
var connected atomic.Pointer[func(conn sqlite.ExecQuerierContext, dsn string)]

func init() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		if tell := connected.Load(); tell != nil {
			(*tell)(conn, dsn)
		}
		return nil
	})
}

// pragma asks one connection for one setting.
func pragma(conn sqlite.ExecQuerierContext, name string) string {
	rows, err := conn.QueryContext(context.Background(), "PRAGMA "+name, nil)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = rows.Close() }()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return err.Error()
	}
	return fmt.Sprint(value[0])
}

// What a method has stored must outlive a power cut: whatever opens a vault's
// file, now or beside it, does so with synchronous=FULL, the write-ahead log and
// foreign keys. SQLite keeps the first and the last for each connection apart.
func TestEveryConnectionIsDurable(t *testing.T) {
	cfg, _ := testConfig(t)
	var mu sync.Mutex
	var opened []string // which file, and what is so on its connection
	tell := func(conn sqlite.ExecQuerierContext, dsn string) {
		path, _, _ := strings.Cut(dsn, "?")
		what := "its own file"
		if !strings.HasSuffix(path, "/"+fileName) {
			what = "a copy"
		}
		mu.Lock()
		defer mu.Unlock()
		opened = append(opened, fmt.Sprintf("%s: synchronous %s, journal_mode %s, foreign_keys %s, query_only %s", what,
			pragma(conn, "synchronous"), pragma(conn, "journal_mode"), pragma(conn, "foreign_keys"), pragma(conn, "query_only")))
	}
	connected.Store(&tell)
	defer connected.Store(nil)

	// All that opens a file: begin, write, read at once, copy, look into, bring back, delete.
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	for range 4 { // the readers that are opened for a burst
		rows, err := v.read.QueryContext(t.Context(), "SELECT id FROM accounts")
		check(t, err)
		defer func() { _ = rows.Close() }()
	}
	var archive bytes.Buffer
	check(t, v.Backup(t.Context(), &archive, "for the archive"))
	v.write.SetMaxIdleConns(0) // what database/sql does with a connection that failed: the next is another
	v.write.SetMaxIdleConns(1)
	check(t, v.Save(t.Context(), testGrant("account001", 2)))
	other, _ := testConfig(t)
	_, err := Inspect(t.Context(), other, bytes.NewReader(archive.Bytes()), "for the archive")
	check(t, err)
	_, err = Restore(t.Context(), other, &archive, "for the archive", false)
	check(t, err)
	check(t, mustOpen(t, other).Close())
	check(t, Erase(t.Context(), other))

	mu.Lock()
	defer mu.Unlock()
	const durable = "synchronous 2, journal_mode wal, foreign_keys 1, query_only "
	count := map[string]int{}
	for _, o := range opened {
		count[o]++
	}
	for _, want := range []struct {
		what string
		n    int // at least
	}{
		{"its own file: " + durable + "0", 4}, // the check at start and the writer, twice
		{"its own file: " + durable + "1", 4},
		{"a copy: " + durable + "0", 1},
	} {
		if count[want.what] < want.n {
			t.Errorf("%d connections have %s, want %d or more", count[want.what], want.what, want.n)
		}
	}
	for o, n := range count {
		if !strings.Contains(o, durable) {
			t.Errorf("%d connections have %s", n, o)
		}
	}
	if t.Failed() {
		t.Logf("all of them: %v", count)
	}
}
