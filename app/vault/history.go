package vault

import (
	"context"
	"database/sql"
	"time"

	"relink/app/agent"
	"relink/notifier"
)

const (
	// keepEvents and keepLines limit the history: 90 days, 20,000 lines.
	keepEvents = 90 * 24 * time.Hour
	keepLines  = 20_000
	// eventsLimit is how many lines Events gives when nobody says.
	eventsLimit = 1000
)

// AddEvents adds lines to the history.
func (v *Vault) AddEvents(ctx context.Context, events ...agent.Event) error {
	if len(events) == 0 {
		return nil
	}
	return storage("write the history", inTx(ctx, v.write, func(tx *sql.Tx) error {
		for _, e := range events {
			if _, err := tx.ExecContext(ctx, "INSERT INTO events (at, account, ref, kind, text) VALUES (?, ?, ?, ?, ?)",
				millis(e.At), e.Account, e.Ref, e.Kind, e.Text); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Events lists the history of an account, or of all when it is empty, newest
// first, 1000 lines where limit is not positive.
func (v *Vault) Events(ctx context.Context, account string, limit int) ([]agent.Event, error) {
	if limit <= 0 {
		limit = eventsLimit
	}
	query, args := "SELECT at, account, ref, kind, text FROM events ORDER BY id DESC LIMIT ?", []any{limit}
	if account != "" {
		query, args = "SELECT at, account, ref, kind, text FROM events WHERE account = ? ORDER BY id DESC LIMIT ?", []any{account, limit}
	}
	rows, err := v.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, storage("read the history", err)
	}
	defer func() { _ = rows.Close() }()
	var out []agent.Event
	for rows.Next() {
		var e agent.Event
		var at int64
		if err := rows.Scan(&at, &e.Account, &e.Ref, &e.Kind, &e.Text); err != nil {
			return nil, storage("read the history", err)
		}
		e.At = fromMillis(at)
		out = append(out, e)
	}
	return out, storage("read the history", rows.Err())
}

// prune drops old history. Age is counted from a recent line, not from this
// computer's clock alone: set a year ahead, it must cost nothing. The line is
// the hundredth from the end, so that a few written under a wrong clock decide nothing.
func (v *Vault) prune(ctx context.Context) error {
	var recent int64
	err := v.read.QueryRowContext(ctx, "SELECT coalesce((SELECT at FROM events ORDER BY at DESC LIMIT 1 OFFSET 100), 0)").Scan(&recent)
	if err != nil {
		return storage("read the history", err)
	}
	recent = min(recent, millis(v.cfg.Now()))
	_, err = v.write.ExecContext(ctx, "DELETE FROM events WHERE at < ? OR id <= (SELECT max(id) FROM events) - ?", recent-keepEvents.Milliseconds(), keepLines)
	return storage("prune the history", err)
}

// Said gives the ledger: per account what was said of its newest generation.
func (v *Vault) Said(ctx context.Context) (map[string][]notifier.Entry, error) {
	rows, err := v.read.QueryContext(ctx, `SELECT l.account, l.generation, l.step, l.at, l.deadline, l.collapsed
		FROM ledger l JOIN accounts a ON a.id = l.account AND a.generation = l.generation ORDER BY l.account, l.at`)
	if err != nil {
		return nil, storage("read the reminders", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]notifier.Entry{}
	for rows.Next() {
		var e notifier.Entry
		var at, deadline int64
		if err := rows.Scan(&e.Account, &e.Generation, &e.Step, &at, &deadline, &e.Collapsed); err != nil {
			return nil, storage("read the reminders", err)
		}
		e.At, e.Deadline = fromMillis(at), fromMillis(deadline)
		out[e.Account] = append(out[e.Account], e)
	}
	return out, storage("read the reminders", rows.Err())
}

// SaveEntries writes lines of the ledger and the parcels to be sent for them,
// all or none; a line with the same key is replaced, one of an account that is
// gone is left out, and a parcel that waits already is not added again.
func (v *Vault) SaveEntries(ctx context.Context, entries []notifier.Entry, parcels ...agent.Parcel) error {
	if len(entries)+len(parcels) == 0 {
		return nil
	}
	return storage("store the reminders", inTx(ctx, v.write, func(tx *sql.Tx) error {
		for _, e := range entries {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO ledger (account, generation, step, at, deadline, collapsed)
				SELECT id, ?, ?, ?, ?, ? FROM accounts WHERE id = ?`, e.Generation, string(e.Step), millis(e.At), millis(e.Deadline), e.Collapsed, e.Account); err != nil {
				return err
			}
		}
		return addParcels(ctx, tx, parcels)
	}))
}
