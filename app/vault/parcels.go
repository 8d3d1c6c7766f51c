package vault

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

func addParcels(ctx context.Context, tx *sql.Tx, parcels []agent.Parcel) error {
	for _, p := range parcels {
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO parcels (channel, recipient, key, account, generation, deadline, event, body, at, due, tries)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.Channel, p.To, p.Key, p.Account, p.Generation, millis(p.Deadline), string(p.Event), p.Body,
			millis(p.At), millis(p.Due), p.Tries); err != nil {
			return err
		}
	}
	return nil
}

// Parcels lists what waits on a channel and is due, in the order it arose; at most limit.
func (v *Vault) Parcels(ctx context.Context, channel string, due time.Time, limit int) ([]agent.Parcel, error) {
	rows, err := v.read.QueryContext(ctx, `SELECT id, channel, recipient, key, account, generation, deadline, event, body, at, due, tries
		FROM parcels WHERE channel = ? AND due <= ? ORDER BY id LIMIT ?`, channel, millis(due), limit)
	if err != nil {
		return nil, storage(platform.T("read what waits to be sent"), err)
	}
	defer func() { _ = rows.Close() }()
	var out []agent.Parcel
	for rows.Next() {
		var p agent.Parcel
		var deadline, at, due int64
		if err := rows.Scan(&p.ID, &p.Channel, &p.To, &p.Key, &p.Account, &p.Generation, &deadline, &p.Event, &p.Body, &at, &due, &p.Tries); err != nil {
			return nil, storage(platform.T("read what waits to be sent"), err)
		}
		p.Deadline, p.At, p.Due = fromMillis(deadline), fromMillis(at), fromMillis(due)
		out = append(out, p)
	}
	return out, storage(platform.T("read what waits to be sent"), rows.Err())
}

// Waiting says per channel how much waits; a channel on which nothing does is missing.
func (v *Vault) Waiting(ctx context.Context) (map[string]agent.Waiting, error) {
	rows, err := v.read.QueryContext(ctx, "SELECT channel, count(*), min(due), min(at) FROM parcels GROUP BY channel")
	if err != nil {
		return nil, storage(platform.T("read what waits to be sent"), err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]agent.Waiting{}
	for rows.Next() {
		var channel string
		var w agent.Waiting
		var next, oldest int64
		if err := rows.Scan(&channel, &w.Count, &next, &oldest); err != nil {
			return nil, storage(platform.T("read what waits to be sent"), err)
		}
		w.Next, w.Oldest = fromMillis(next), fromMillis(oldest)
		out[channel] = w
	}
	return out, storage(platform.T("read what waits to be sent"), rows.Err())
}

// PutOff makes parcels due later; failed counts it as a try.
func (v *Vault) PutOff(ctx context.Context, due time.Time, failed bool, ids ...int64) error {
	more := 0
	if failed {
		more = 1
	}
	return v.eachPart(ctx, ids, func(tx *sql.Tx, marks string, args []any) error {
		_, err := tx.ExecContext(ctx, "UPDATE parcels SET due = ?, tries = tries + ? WHERE id IN ("+marks+")", append([]any{millis(due), more}, args...)...)
		return err
	})
}

// DropParcels deletes parcels: they were sent, or are not to be.
func (v *Vault) DropParcels(ctx context.Context, ids ...int64) error {
	return v.eachPart(ctx, ids, func(tx *sql.Tx, marks string, args []any) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM parcels WHERE id IN ("+marks+")", args...)
		return err
	})
}

// eachPart runs a statement over ids in one transaction, some hundreds at a
// time: SQLite limits the parameters of a statement.
func (v *Vault) eachPart(ctx context.Context, ids []int64, f func(tx *sql.Tx, marks string, args []any) error) error {
	if len(ids) == 0 {
		return nil
	}
	const most = 500
	return storage(platform.T("write what waits to be sent"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		for len(ids) > 0 {
			part := ids[:min(most, len(ids))]
			ids = ids[len(part):]
			args := make([]any, len(part))
			for i, id := range part {
				args[i] = id
			}
			if err := f(tx, strings.TrimSuffix(strings.Repeat("?,", len(part)), ","), args); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Secret reads a channel's secret by its name.
func (v *Vault) Secret(ctx context.Context, name string) (platform.Secret, error) {
	var sealed []byte
	err := v.read.QueryRowContext(ctx, "SELECT sealed FROM secrets WHERE name = ?", name).Scan(&sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return platform.Secret{}, &platform.Error{Kind: platform.KindNotFound, Message: platform.T("no secret is stored for %s", name), Repair: platform.T("store it with: relink %s set", name)}
	case err != nil:
		return platform.Secret{}, storage(platform.T("read the secret"), err)
	}
	key := v.key.Load()
	if key == nil {
		return platform.Secret{}, v.Locked()
	}
	plain, err := key.open("secrets", name, 0, sealed)
	if err != nil {
		return platform.Secret{}, &platform.Error{Kind: platform.KindStorage, Code: "damaged", Message: platform.T("the stored secret for %s is damaged", name), Repair: platform.T("store it again: relink %s set", name), Err: err}
	}
	return platform.NewSecret(string(plain)), nil
}

// SetSecret stores a secret by its name, and deletes it where it is zero.
func (v *Vault) SetSecret(ctx context.Context, name string, s platform.Secret) error {
	if s.IsZero() {
		_, err := v.write.ExecContext(ctx, "DELETE FROM secrets WHERE name = ?", name)
		return storage(platform.T("delete the secret"), err)
	}
	key := v.key.Load()
	if key == nil {
		return v.Locked()
	}
	_, err := v.write.ExecContext(ctx, "INSERT OR REPLACE INTO secrets (name, sealed) VALUES (?, ?)", name, key.seal("secrets", name, 0, []byte(s.Reveal())))
	return storage(platform.T("store the secret"), err)
}

// Secrets lists the names of the secrets stored.
func (v *Vault) Secrets(ctx context.Context) ([]string, error) {
	rows, err := v.read.QueryContext(ctx, "SELECT name FROM secrets ORDER BY name")
	if err != nil {
		return nil, storage(platform.T("read the secrets"), err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, storage(platform.T("read the secrets"), err)
		}
		out = append(out, name)
	}
	return out, storage(platform.T("read the secrets"), rows.Err())
}
