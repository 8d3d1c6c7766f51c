package vault

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestDamagedFileIsSetAside(t *testing.T) {
	tests := map[string]func(t *testing.T, path string, raw []byte) []byte{
		"bytes overwritten in the middle": func(_ *testing.T, _ string, raw []byte) []byte {
			out := bytes.Clone(raw)
			for i := len(out) / 3; i < 2*len(out)/3; i++ {
				out[i] = 0xA5
			}
			return out
		},
		"truncated":         func(_ *testing.T, _ string, raw []byte) []byte { return raw[:len(raw)/2] },
		"cut in the header": func(_ *testing.T, _ string, raw []byte) []byte { return raw[:60] },
		"header overwritten": func(_ *testing.T, _ string, raw []byte) []byte {
			return append([]byte("this is a text file, not a database"), raw[35:]...)
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, k := testConfig(t)
			cfg.Now = func() time.Time { return time.Date(2026, 11, 24, 9, 8, 7, 0, time.UTC) }
			v := mustOpen(t, cfg)
			fill(t, v, 200)
			check(t, v.Close())
			path := cfg.path(fileName)
			raw, err := os.ReadFile(path)
			check(t, err)
			broken := damage(t, path, raw)
			check(t, os.WriteFile(path, broken, 0o600))

			v = mustOpen(t, cfg)
			aside := cfg.path("relink.db.damaged-20261124-090807")
			if got, err := os.ReadFile(aside); err != nil || !bytes.Equal(got, broken) {
				t.Errorf("the damaged file is not kept as it was: %v", err)
			}
			if s := v.SetAside(); !strings.Contains(s, aside) || !strings.Contains(s, "relink restore") {
				t.Errorf("got sentence %q", s)
			}
			if accounts, _, err := v.Load(t.Context()); err != nil || len(accounts) != 0 {
				t.Errorf("got %d accounts, %v", len(accounts), err)
			}
			check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
			if len(k.items) != 2 {
				t.Errorf("%d keys: the old vault's must stay, for who mends the file", len(k.items))
			}
			check(t, v.Close())
			if v = mustOpen(t, cfg); v.SetAside() != "" {
				t.Errorf("the new file was set aside too: %q", v.SetAside())
			}
			// Damage again within the same second overwrites nothing.
			check(t, v.Close())
			check(t, os.WriteFile(path, broken, 0o600))
			mustOpen(t, cfg)
			if !exists(aside) || !exists(aside+"-2") {
				t.Error("one of the two damaged files is gone")
			}
		})
	}
}

func TestDamagedFileInUseStays(t *testing.T) {
	cfg, _ := testConfig(t)
	other := mustOpen(t, cfg)
	fill(t, other, 200)
	_, err := other.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	check(t, err)
	f, err := os.OpenFile(cfg.path(fileName), os.O_RDWR, 0)
	check(t, err)
	_, err = f.WriteAt(bytes.Repeat([]byte{0xA5}, 100_000), 8192)
	check(t, err)
	check(t, f.Close())
	_, err = Open(t.Context(), cfg)
	wantKind(t, err, platform.KindStorage)
	if left, _ := filepath.Glob(cfg.path("*.damaged-*")); len(left) != 0 {
		t.Errorf("moved away under an open vault: %v", left)
	}
}

func TestKeyFileGoesAsideWithItsVault(t *testing.T) {
	cfg, k := testConfig(t)
	k.fault = ErrNoKeyring
	v := mustOpen(t, cfg)
	check(t, v.Unlock(t.Context(), "first", true))
	fill(t, v, 100)
	check(t, v.Close())
	check(t, os.Truncate(cfg.path(fileName), 20_000))
	v = mustOpen(t, cfg)
	check(t, v.Unlock(t.Context(), "second", true))
	if kept, _ := filepath.Glob(cfg.path("key.age.damaged-*")); len(kept) != 1 {
		t.Errorf("the damaged vault's key file is gone: %v", kept)
	}
}

func TestNewerVersionIsRefusedAndUntouched(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	_, err := v.write.Exec(fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1))
	check(t, err)
	// While its log holds the new version, and once the file itself does.
	_, err = Open(t.Context(), cfg)
	wantKind(t, err, platform.KindStorage)
	check(t, v.Close())
	before, err := os.ReadFile(cfg.path(fileName))
	check(t, err)
	_, err = Open(t.Context(), cfg)
	if e := wantKind(t, err, platform.KindStorage); e.Code != "newer" || !strings.Contains(e.Error(), "newer Relink") || !strings.Contains(e.Repair, "install the newer Relink again") {
		t.Errorf("got %v", e)
	}
	after, err := os.ReadFile(cfg.path(fileName))
	check(t, err)
	if !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	if left, _ := filepath.Glob(cfg.path("relink.db*")); len(left) != 1 {
		t.Errorf("files were made beside it: %v", left)
	}
}

// TestMigrations opens a file as each earlier version left it.
func TestMigrations(t *testing.T) {
	for version := range len(migrations) + 1 {
		t.Run(fmt.Sprint("from ", version), func(t *testing.T) {
			cfg, k := testConfig(t)
			key := freshSealer()
			db, err := openDB(cfg.path(fileName), 1, false)
			check(t, err)
			ctx := t.Context()
			check(t, migrate(ctx, db, migrations[:version]))
			if version >= 1 {
				check(t, k.Set(ctx, service, "home", key.text()))
				check(t, version1(ctx, db, key))
			}
			check(t, db.Close())
			v := mustOpen(t, cfg)
			check(t, v.Locked())
			var now int
			check(t, v.read.QueryRow("PRAGMA user_version").Scan(&now))
			if now != len(migrations) {
				t.Errorf("got version %d, want %d", now, len(migrations))
			}
			if got, err := headerVersion(cfg.path(fileName)); err != nil || got != len(migrations) {
				t.Errorf("the header says version %d (%v), want %d", got, err, len(migrations))
			}
			if version >= 1 {
				a, g := accountAndGrant(t, v, "a1")
				if a.Ref() != "facebook/acme" || g.Generation != 3 || g.Tokens.Access.Reveal() != "kept" || g.Clock(platform.ClockAccess).At.UnixMilli() != 1790000000000 {
					t.Errorf("got %+v, %+v", a, g)
				}
			}
			check(t, inTxEvents(v, 1))
			check(t, v.Create(ctx, testAccount(1), testGrant("account001", 1)))
		})
	}
}

// version1 writes what version 1 wrote, in its own words: it must not follow
// when the program's words change.
func version1(ctx context.Context, db *sql.DB, key *sealer) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		for _, q := range []struct {
			query string
			args  []any
		}{
			{"INSERT INTO meta VALUES ('home_id', 'home'), ('key_kind', 'keyring'), ('key_check', ?)", []any{key.check("home")}},
			{"INSERT INTO accounts (id, platform, alias, generation) VALUES ('a1', 'facebook', 'acme', 3)", nil},
			{"INSERT INTO grants (account, generation, clocks, sealed) VALUES ('a1', 3, ?, ?)", []any{
				`[{"kind":"access","source":"provider","at":1790000000000}]`, key.seal("grants", "a1", 3, []byte(`{"access":"kept"}`))}},
		} {
			if _, err := tx.ExecContext(ctx, q.query, q.args...); err != nil {
				return err
			}
		}
		return nil
	})
}
