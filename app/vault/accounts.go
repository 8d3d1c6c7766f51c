package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"relink/platform"
)

const (
	accountColumns = `a.id, a.platform, a.server, a.provider_id, a.alias, a.kind, a.name, a.handle, a.avatar, a.owner, a.owner_id,
		a.wants, a.labels, a.steps, a.created, a.last_used, a.snoozed, a.muted, a.keeper`
	selectAccount = "SELECT " + accountColumns + " FROM accounts a WHERE a.id = ?"
	loadAll       = "SELECT " + accountColumns + ", a.generation, " + grantColumns + `
		FROM accounts a LEFT JOIN grants g ON g.account = a.id AND g.generation = a.generation`
)

// accountRow is an account as it lies in a row.
type accountRow struct {
	platform.Account
	wants, labels, steps       string
	keeper                     string
	created, lastUsed, snoozed int64
}

func (row *accountRow) into() []any {
	a := &row.Account
	return []any{
		&a.ID, &a.Platform, &a.Server, &a.ProviderID, &a.Alias, &a.Kind, &a.Name, &a.Handle, &a.Avatar, &a.Owner, &a.OwnerID,
		&row.wants, &row.labels, &row.steps, &row.created, &row.lastUsed, &row.snoozed, &a.Muted, &row.keeper,
	}
}

func (row *accountRow) account(r *reader) (platform.Account, error) {
	a := row.Account
	a.Platform, a.Server, a.Kind = r.word(a.Platform), r.word(a.Server), r.word(a.Kind)
	a.Owner, a.OwnerID = r.word(a.Owner), r.word(a.OwnerID)
	a.Created, a.LastUsed, a.Snoozed = fromMillis(row.created), fromMillis(row.lastUsed), fromMillis(row.snoozed)
	a.Wants, a.Labels, a.Steps = nil, nil, nil
	if row.wants != "" {
		if err := json.Unmarshal([]byte(row.wants), &a.Wants); err != nil {
			return a, rowFault(a.ID, err)
		}
	}
	if row.steps != "" {
		if err := json.Unmarshal([]byte(row.steps), &a.Steps); err != nil {
			return a, rowFault(a.ID, err)
		}
	}
	a.Keeper = platform.Keeper{}
	if row.keeper != "" {
		if err := json.Unmarshal([]byte(row.keeper), &a.Keeper); err != nil {
			return a, rowFault(a.ID, err)
		}
	}
	var err error
	if a.Labels, err = r.list(row.labels); err != nil {
		return a, rowFault(a.ID, err)
	}
	return a, nil
}

func rowFault(id string, err error) error {
	return &platform.Error{Kind: platform.KindStorage, Code: "damaged", Message: platform.T("what is stored of account %s cannot be read", id), Repair: platform.T("bring back a backup: relink restore"), Err: err}
}

// values are the columns of an account but its id, in the order of setAccount and insertAccount.
func values(a platform.Account) []any {
	return []any{
		a.Platform, a.Server, a.ProviderID, a.Alias, a.Kind, a.Name, a.Handle, a.Avatar, a.Owner, a.OwnerID,
		listColumn(a.Wants), listColumn(a.Labels), listColumn(a.Steps), millis(a.Created), millis(a.LastUsed), millis(a.Snoozed), a.Muted, keeperColumn(a.Keeper),
	}
}

const (
	insertAccount = `INSERT INTO accounts (platform, server, provider_id, alias, kind, name, handle, avatar, owner, owner_id,
		wants, labels, steps, created, last_used, snoozed, muted, keeper, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	setAccount = `UPDATE accounts SET platform = ?, server = ?, provider_id = ?, alias = ?, kind = ?, name = ?, handle = ?, avatar = ?, owner = ?, owner_id = ?,
		wants = ?, labels = ?, steps = ?, created = ?, last_used = ?, snoozed = ?, muted = ?, keeper = ? WHERE id = ?`
)

// Load lists every account, and by its id the newest grant of each that has
// one, without tokens. It works while the vault is locked. Lists of the grants
// are shared between them: they may be appended to, not written into.
func (v *Vault) Load(ctx context.Context) ([]platform.Account, map[string]platform.Grant, error) {
	accounts, grants, err := v.load(ctx)
	if err != nil {
		return nil, nil, storage(platform.T("read the accounts"), err)
	}
	return accounts, grants, nil
}

func (v *Vault) load(ctx context.Context) ([]platform.Account, map[string]platform.Grant, error) {
	var count int
	if err := v.read.QueryRowContext(ctx, "SELECT count(*) FROM accounts").Scan(&count); err != nil {
		return nil, nil, err
	}
	rows, err := v.read.QueryContext(ctx, loadAll)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	accounts := make([]platform.Account, 0, count)
	grants := make(map[string]platform.Grant, count)
	r := newReader()
	var ar accountRow
	var gr grantRow
	var generation int
	into := slices.Concat(ar.into(), []any{&generation}, gr.into())
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		a, err := ar.account(r)
		if err != nil {
			return nil, nil, err
		}
		accounts = append(accounts, a)
		if generation == 0 {
			continue
		}
		g, err := gr.grant(r)
		if err != nil {
			return nil, nil, rowFault(a.ID, err)
		}
		g.Account, g.Generation = a.ID, generation
		grants[a.ID] = g
	}
	return accounts, grants, rows.Err()
}

// Account reads one account.
func (v *Vault) Account(ctx context.Context, id string) (platform.Account, error) {
	var row accountRow
	err := v.stmts.account.QueryRowContext(ctx, id).Scan(row.into()...)
	if errors.Is(err, sql.ErrNoRows) {
		return platform.Account{}, noAccount(id)
	}
	if err != nil {
		return platform.Account{}, storage(platform.T("read the account"), err)
	}
	return row.account(nil)
}

// Create stores a new account, and its first grant unless that is zero.
func (v *Vault) Create(ctx context.Context, a platform.Account, g platform.Grant) error {
	if a.ID == "" || a.Platform == "" || a.Alias == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("an account needs an id, a platform and an alias"), Repair: platform.T("name it and try again")}
	}
	err := inTx(ctx, v.write, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, insertAccount, append(values(a), a.ID)...); err != nil {
			return taken(ctx, tx, a, err)
		}
		if g.Generation == 0 && g.Tokens.Access.IsZero() {
			return nil
		}
		g.Account = a.ID
		return v.saveIn(ctx, tx, g)
	})
	return storage(platform.T("store the account"), err)
}

// UpdateAccount stores an account's changed fields; its grant stays as it is.
func (v *Vault) UpdateAccount(ctx context.Context, a platform.Account) error {
	return storage(platform.T("store the account"), inTx(ctx, v.write, func(tx *sql.Tx) error { return updateIn(ctx, tx, a) }))
}

func updateIn(ctx context.Context, tx *sql.Tx, a platform.Account) error {
	res, err := tx.ExecContext(ctx, setAccount, append(values(a), a.ID)...)
	if err != nil {
		return taken(ctx, tx, a, err)
	}
	return changed(res, a.ID)
}

// changed turns "no row" into "no such account".
func changed(res sql.Result, id string) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return noAccount(id)
	}
	return err
}

// taken says which account stands in the way of a unique name or identity.
func taken(ctx context.Context, tx *sql.Tx, a platform.Account, err error) error {
	if !isUnique(err) {
		return err
	}
	var id, alias string
	if e := tx.QueryRowContext(ctx, `SELECT id, alias FROM accounts WHERE id <> ?1 AND platform = ?2 AND
		(alias = ?3 OR server = ?4 AND provider_id = ?5 AND ?5 <> '') ORDER BY alias = ?3`,
		a.ID, a.Platform, a.Alias, a.Server, a.ProviderID).Scan(&id, &alias); e != nil {
		return fmt.Errorf("account %s is stored already: %w", a.ID, err)
	}
	if alias == a.Alias {
		return &platform.Error{Kind: platform.KindUsage, Platform: a.Platform, Message: platform.T("%s is another account's name", a.Ref()), Repair: platform.T("choose another"), Err: err}
	}
	return &platform.Error{Kind: platform.KindUsage, Platform: a.Platform, Message: platform.T("%s is connected already, as %s/%s", a.Ref(), a.Platform, alias), Repair: platform.T("sign in to that one: relink reconnect %s/%s", a.Platform, alias), Again: true, Err: err}
}

// Used records when an account was last used.
func (v *Vault) Used(ctx context.Context, account string, at time.Time) error {
	res, err := v.write.ExecContext(ctx, "UPDATE accounts SET last_used = ? WHERE id = ?", millis(at), account)
	if err == nil {
		err = changed(res, account)
	}
	return storage(platform.T("write down the use"), err)
}

// Forget deletes an account with its grants and what was said of it; its
// history stays.
func (v *Vault) Forget(ctx context.Context, account string) error {
	res, err := v.write.ExecContext(ctx, "DELETE FROM accounts WHERE id = ?", account)
	if err == nil {
		err = changed(res, account)
	}
	if err == nil {
		_ = os.Remove(v.cfg.path(filepath.Join(lockDir, filepath.Base(account))))
		_ = v.Draft(ctx, filepath.Base(account), nil)
	}
	return storage(platform.T("forget the account"), err)
}
