package vault

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
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
	return storage(platform.T("write the history"), inTx(ctx, v.write, func(tx *sql.Tx) error {
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
		return nil, storage(platform.T("read the history"), err)
	}
	defer func() { _ = rows.Close() }()
	var out []agent.Event
	for rows.Next() {
		var e agent.Event
		var at int64
		if err := rows.Scan(&at, &e.Account, &e.Ref, &e.Kind, &e.Text); err != nil {
			return nil, storage(platform.T("read the history"), err)
		}
		e.At = fromMillis(at)
		out = append(out, e)
	}
	return out, storage(platform.T("read the history"), rows.Err())
}

// prune drops old history. Age is counted from a recent line, not from this
// computer's clock alone: set a year ahead, it must cost nothing. The line is
// the hundredth from the end, so that a few written under a wrong clock decide nothing.
func (v *Vault) prune(ctx context.Context) error {
	var recent int64
	err := v.read.QueryRowContext(ctx, "SELECT coalesce((SELECT at FROM events ORDER BY at DESC LIMIT 1 OFFSET 100), 0)").Scan(&recent)
	if err != nil {
		return storage(platform.T("read the history"), err)
	}
	recent = min(recent, millis(v.cfg.Now()))
	for _, table := range []string{"events", "notices"} {
		if _, err := v.write.ExecContext(ctx, "DELETE FROM "+table+" WHERE at < ? OR id <= (SELECT max(id) FROM "+table+") - ?", recent-keepEvents.Milliseconds(), keepLines); err != nil {
			return storage(platform.T("prune the history"), err)
		}
	}
	return nil
}

// Takers gives, per account and name, when a program last took a token since a
// time, from the history.
func (v *Vault) Takers(ctx context.Context, since time.Time) (map[string]map[string]time.Time, error) {
	rows, err := v.read.QueryContext(ctx, "SELECT account, text, max(at) FROM events WHERE kind = 'token' AND at >= ? GROUP BY account, text", millis(since))
	if err != nil {
		return nil, storage(platform.T("read the history"), err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]map[string]time.Time{}
	for rows.Next() {
		var account, text string
		var at int64
		if err := rows.Scan(&account, &text, &at); err != nil {
			return nil, storage(platform.T("read the history"), err)
		}
		if out[account] == nil {
			out[account] = map[string]time.Time{}
		}
		out[account][strings.TrimSuffix(text, agent.TookToken)] = fromMillis(at)
	}
	return out, storage(platform.T("read the history"), rows.Err())
}

// noticesLimit is how many notices Notices gives when nobody says.
const noticesLimit = 200

// WriteNotices keeps what was said and what became of it, all or none, in order.
func (v *Vault) WriteNotices(ctx context.Context, writes ...agent.NoticeWrite) error {
	if len(writes) == 0 {
		return nil
	}
	return storage(platform.T("write the notices"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		for _, n := range writes {
			var err error
			if n.Mark {
				_, err = tx.ExecContext(ctx, `UPDATE notices SET became = ?, became_at = ?, reason = ?
					WHERE id = (SELECT max(id) FROM notices WHERE channel = ? AND note = ?) AND became IN (?, ?)`,
					string(n.Became), millis(n.BecameAt), n.Reason, n.Channel, n.Note, string(agent.OutcomeQueued), string(agent.OutcomeShown))
			} else {
				_, err = tx.ExecContext(ctx, `INSERT INTO notices (at, channel, note, accounts, title, body, became, became_at, reason, rehearsal)
					VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
					millis(n.At), n.Channel, n.Note, listColumn(n.Accounts), n.Title, n.Body, string(n.Became), millis(n.BecameAt), n.Reason, n.Rehearsal)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// Notices lists what was said since a time, newest first; of one account, or
// of all when it is empty; 200 where limit is not positive.
func (v *Vault) Notices(ctx context.Context, account string, since time.Time, limit int) ([]agent.Notice, error) {
	if limit <= 0 {
		limit = noticesLimit
	}
	query, args := `SELECT id, at, channel, note, accounts, title, body, became, became_at, reason, rehearsal FROM notices WHERE at >= ?`, []any{millis(since)}
	if account != "" {
		query, args = query+" AND accounts <> '' AND EXISTS (SELECT 1 FROM json_each(accounts) WHERE value = ?)", append(args, account)
	}
	rows, err := v.read.QueryContext(ctx, query+" ORDER BY id DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, storage(platform.T("read the notices"), err)
	}
	defer func() { _ = rows.Close() }()
	var out []agent.Notice
	for rows.Next() {
		var n agent.Notice
		var at, became int64
		var accounts string
		if err := rows.Scan(&n.ID, &at, &n.Channel, &n.Note, &accounts, &n.Title, &n.Body, &n.Became, &became, &n.Reason, &n.Rehearsal); err != nil {
			return nil, storage(platform.T("read the notices"), err)
		}
		n.At, n.BecameAt = fromMillis(at), fromMillis(became)
		if n.Accounts, err = (*reader)(nil).list(accounts); err != nil {
			return nil, storage(platform.T("read the notices"), err)
		}
		out = append(out, n)
	}
	return out, storage(platform.T("read the notices"), rows.Err())
}

// Said gives the ledger: per account what was said of its newest generation.
func (v *Vault) Said(ctx context.Context) (map[string][]notifier.Entry, error) {
	rows, err := v.read.QueryContext(ctx, `SELECT l.account, l.generation, l.step, l.at, l.deadline, l.collapsed
		FROM ledger l JOIN accounts a ON a.id = l.account AND a.generation = l.generation ORDER BY l.account, l.at`)
	if err != nil {
		return nil, storage(platform.T("read the reminders"), err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]notifier.Entry{}
	for rows.Next() {
		var e notifier.Entry
		var at, deadline int64
		if err := rows.Scan(&e.Account, &e.Generation, &e.Step, &at, &deadline, &e.Collapsed); err != nil {
			return nil, storage(platform.T("read the reminders"), err)
		}
		e.At, e.Deadline = fromMillis(at), fromMillis(deadline)
		out[e.Account] = append(out[e.Account], e)
	}
	return out, storage(platform.T("read the reminders"), rows.Err())
}

// SaveEntries writes lines of the ledger and the parcels to be sent for them,
// all or none; a line with the same key is replaced, one of an account that is
// gone is left out, and a parcel that waits already is not added again.
func (v *Vault) SaveEntries(ctx context.Context, entries []notifier.Entry, parcels ...agent.Parcel) error {
	if len(entries)+len(parcels) == 0 {
		return nil
	}
	return storage(platform.T("store the reminders"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		for _, e := range entries {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO ledger (account, generation, step, at, deadline, collapsed)
				SELECT id, ?, ?, ?, ?, ? FROM accounts WHERE id = ?`, e.Generation, string(e.Step), millis(e.At), millis(e.Deadline), e.Collapsed, e.Account); err != nil {
				return err
			}
		}
		return addParcels(ctx, tx, parcels)
	}))
}
