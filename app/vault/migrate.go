package vault

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"relink/platform"
)

// migrations lead from each version of the file to the next; the version is
// SQLite's user_version. A migration that was released is never edited.
// Times are Unix milliseconds, 0 for none; lists and clocks are JSON.
var migrations = []string{
	// 1: accounts, grants, app registrations.
	`CREATE TABLE meta (
		key   TEXT PRIMARY KEY,
		value TEXT NOT NULL
	) WITHOUT ROWID;
	CREATE TABLE accounts (
		id          TEXT PRIMARY KEY,
		platform    TEXT NOT NULL,
		server      TEXT NOT NULL DEFAULT '',
		provider_id TEXT NOT NULL DEFAULT '',
		alias       TEXT NOT NULL,
		kind        TEXT NOT NULL DEFAULT '',
		name        TEXT NOT NULL DEFAULT '',
		handle      TEXT NOT NULL DEFAULT '',
		avatar      TEXT NOT NULL DEFAULT '',
		owner       TEXT NOT NULL DEFAULT '',
		owner_id    TEXT NOT NULL DEFAULT '',
		wants       TEXT NOT NULL DEFAULT '',
		labels      TEXT NOT NULL DEFAULT '',
		steps       TEXT NOT NULL DEFAULT '',
		created     INTEGER NOT NULL DEFAULT 0,
		last_used   INTEGER NOT NULL DEFAULT 0,
		snoozed     INTEGER NOT NULL DEFAULT 0,
		muted       INTEGER NOT NULL DEFAULT 0,
		-- generation of the newest grant, 0 for none.
		generation  INTEGER NOT NULL DEFAULT 0
	);
	CREATE UNIQUE INDEX accounts_alias ON accounts (platform, alias);
	CREATE UNIQUE INDEX accounts_identity ON accounts (platform, server, provider_id) WHERE provider_id <> '';
	CREATE TABLE grants (
		account     TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
		generation  INTEGER NOT NULL,
		token_type  TEXT NOT NULL DEFAULT '',
		scopes      TEXT NOT NULL DEFAULT '',
		asked       TEXT NOT NULL DEFAULT '',
		clocks      TEXT NOT NULL DEFAULT '',
		issued      INTEGER NOT NULL DEFAULT 0,
		refreshable INTEGER NOT NULL DEFAULT 0,
		verified    INTEGER NOT NULL DEFAULT 0,
		fault       TEXT NOT NULL DEFAULT '',
		-- last, so that listing never reads it.
		sealed      BLOB NOT NULL,
		PRIMARY KEY (account, generation)
	);
	CREATE TABLE apps (
		platform  TEXT NOT NULL,
		server    TEXT NOT NULL DEFAULT '',
		client_id TEXT NOT NULL,
		redirect  TEXT NOT NULL DEFAULT '',
		scopes    TEXT NOT NULL DEFAULT '',
		self      INTEGER NOT NULL DEFAULT 0,
		sealed    BLOB,
		PRIMARY KEY (platform, server)
	);`,
	// 2: history and the ledger of reminders.
	`CREATE TABLE events (
		id      INTEGER PRIMARY KEY,
		at      INTEGER NOT NULL,
		account TEXT NOT NULL DEFAULT '',
		ref     TEXT NOT NULL DEFAULT '',
		kind    TEXT NOT NULL,
		text    TEXT NOT NULL
	);
	CREATE INDEX events_account ON events (account, id);
	CREATE INDEX events_at ON events (at);
	CREATE TABLE ledger (
		account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
		generation INTEGER NOT NULL,
		step       TEXT NOT NULL,
		at         INTEGER NOT NULL,
		deadline   INTEGER NOT NULL DEFAULT 0,
		collapsed  INTEGER NOT NULL DEFAULT 0,
		PRIMARY KEY (account, generation, step)
	) WITHOUT ROWID;`,
	// 3: what waits to be sent over a channel, and the channels' secrets.
	`CREATE TABLE parcels (
		id         INTEGER PRIMARY KEY,
		channel    TEXT NOT NULL,
		recipient  TEXT NOT NULL DEFAULT '',
		key        TEXT NOT NULL,
		account    TEXT NOT NULL DEFAULT '',
		generation INTEGER NOT NULL DEFAULT 0,
		deadline   INTEGER NOT NULL DEFAULT 0,
		event      TEXT NOT NULL,
		body       BLOB,
		at         INTEGER NOT NULL,
		due        INTEGER NOT NULL,
		tries      INTEGER NOT NULL DEFAULT 0
	);
	CREATE UNIQUE INDEX parcels_key ON parcels (channel, recipient, key);
	CREATE INDEX parcels_due ON parcels (channel, due, id);
	CREATE TABLE secrets (
		name   TEXT PRIMARY KEY,
		sealed BLOB NOT NULL
	) WITHOUT ROWID;`,
	// 4: what was said to the person, and what became of it.
	`CREATE TABLE notices (
		id        INTEGER PRIMARY KEY,
		at        INTEGER NOT NULL,
		channel   TEXT NOT NULL,
		note      TEXT NOT NULL,
		accounts  TEXT NOT NULL DEFAULT '',
		title     TEXT NOT NULL,
		body      TEXT NOT NULL DEFAULT '',
		became    TEXT NOT NULL,
		became_at INTEGER NOT NULL DEFAULT 0,
		reason    TEXT NOT NULL DEFAULT '',
		rehearsal INTEGER NOT NULL DEFAULT 0
	);
	CREATE INDEX notices_at ON notices (at);
	CREATE INDEX notices_note ON notices (channel, note, id);`,
	// 5: where another program keeps an account's token, as JSON; empty where the vault does.
	`ALTER TABLE accounts ADD COLUMN keeper TEXT NOT NULL DEFAULT '';`,
}

// migrate brings the file to the last of the steps, each in its own transaction.
func migrate(ctx context.Context, db *sql.DB, steps []string) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	if version > len(steps) {
		return newer(version)
	}
	if version == len(steps) {
		return nil
	}
	for ; version < len(steps); version++ {
		err := inTx(ctx, db, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, steps[version]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrate to version %d: %w", version+1, err)
		}
	}
	// Into the file itself, where headerVersion looks.
	_, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func newer(version int) *platform.Error {
	return &platform.Error{Kind: platform.KindStorage, Code: "newer",
		Message: platform.T("the vault was written by a newer Relink (its version %d, this one knows %d)", version, len(migrations)),
		Repair:  platform.T("install the newer Relink again; nothing was changed")}
}

// headerVersion reads user_version from the file's header (offset 60, see
// sqlite.org/fileformat), without SQLite, which would touch the file. A file
// that is missing, empty or no database has version 0.
func headerVersion(path string) (int, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	var head [100]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, nil
		}
		return 0, err
	}
	return int(binary.BigEndian.Uint32(head[60:])), nil
}

// inTx runs f in one immediate transaction.
func inTx(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
