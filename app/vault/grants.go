package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"relink/app/agent"
	"relink/platform"
)

const (
	grantColumns = "g.token_type, g.scopes, g.asked, g.clocks, g.issued, g.refreshable, g.verified, g.fault"
	selectGrant  = "SELECT a.generation, " + grantColumns + `, g.sealed
		FROM accounts a LEFT JOIN grants g ON g.account = a.id AND g.generation = a.generation WHERE a.id = ?`
	insertGrant = `INSERT INTO grants (account, generation, token_type, scopes, asked, clocks, issued, refreshable, verified, fault, sealed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)`
)

// grantRow is a grant as it lies in a row; all NULL where an account has none.
type grantRow struct {
	tokenType, scopes, asked, clocks, fault sql.NullString
	issued, verified                        sql.NullInt64
	refreshable                             sql.NullBool
}

func (row *grantRow) into() []any {
	return []any{&row.tokenType, &row.scopes, &row.asked, &row.clocks, &row.issued, &row.refreshable, &row.verified, &row.fault}
}

func (row *grantRow) grant(r *reader) (g platform.Grant, err error) {
	g = platform.Grant{
		TokenType: r.word(row.tokenType.String), Issued: fromMillis(row.issued.Int64),
		Refreshable: row.refreshable.Bool, Verified: fromMillis(row.verified.Int64),
	}
	if g.Scopes, err = r.list(row.scopes.String); err != nil {
		return g, err
	}
	if g.Asked, err = r.list(row.asked.String); err != nil {
		return g, err
	}
	if g.Clocks, err = r.clocks(row.clocks.String); err != nil {
		return g, err
	}
	g.Fault, err = fault(row.fault.String)
	return g, err
}

// statements of the hot path, prepared once.
type statements struct{ account, grant *sql.Stmt }

func (s *statements) prepare(ctx context.Context, db *sql.DB) (err error) {
	if s.account, err = db.PrepareContext(ctx, selectAccount); err != nil {
		return err
	}
	s.grant, err = db.PrepareContext(ctx, selectGrant)
	return err
}

func (s *statements) close() {
	for _, stmt := range []*sql.Stmt{s.account, s.grant} {
		if stmt != nil {
			_ = stmt.Close()
		}
	}
}

// Grant reads an account's newest grant with its tokens; generation 0 when
// there is none. Where only the tokens cannot be read, the rest comes with the error.
func (v *Vault) Grant(ctx context.Context, account string) (platform.Grant, error) {
	return v.grantBy(account, v.stmts.grant.QueryRowContext(ctx, account))
}

func (v *Vault) grantBy(account string, row *sql.Row) (platform.Grant, error) {
	var gr grantRow
	var generation int
	var sealed []byte
	into := append(append([]any{&generation}, gr.into()...), &sealed)
	if err := row.Scan(into...); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return platform.Grant{}, noAccount(account)
		}
		return platform.Grant{}, storage(platform.T("read the grant"), err)
	}
	if generation == 0 {
		return platform.Grant{Account: account}, nil
	}
	g, err := gr.grant(nil)
	if err != nil {
		return platform.Grant{}, rowFault(account, err)
	}
	g.Account, g.Generation = account, generation
	g.Tokens, err = v.unseal(account, generation, sealed)
	return g, err
}

func (v *Vault) unseal(account string, generation int, sealed []byte) (platform.Tokens, error) {
	key := v.key.Load()
	if key == nil {
		return platform.Tokens{}, v.Locked()
	}
	plain, err := key.open("grants", account, generation, sealed)
	var t sealedTokens
	if err == nil {
		err = json.Unmarshal(plain, &t)
	}
	if err != nil {
		return platform.Tokens{}, &platform.Error{Kind: platform.KindStorage, Code: "damaged", Message: platform.T("the stored token of account %s is damaged", account), Repair: platform.T("sign in again: relink reconnect %s", account), Again: true, Err: errSeal}
	}
	return platform.Tokens{
		Access: platform.NewSecret(t.Access), Refresh: platform.NewSecret(t.Refresh),
		Owner: platform.NewSecret(t.Owner), Key: platform.NewSecret(t.Key),
	}, nil
}

// Save stores new generations of accounts' grants, all or none. Each must be
// one more than the newest; otherwise [ErrConflict] is in the error. The
// generations before are kept until [Vault.Confirm]. Where Refreshable is set and
// a new grant brings no refresh token, the one before stays in use.
func (v *Vault) Save(ctx context.Context, grants ...platform.Grant) error {
	return storage(platform.T("store the token"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		for _, g := range grants {
			if err := v.saveIn(ctx, tx, g); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Siblings reads the newest grants, with their tokens, of the other accounts
// that belong to the same person at the same platform and server. Damaged ones
// are left out: their tokens are of no use.
func (v *Vault) Siblings(ctx context.Context, account string) ([]platform.Grant, error) {
	if err := v.Locked(); err != nil {
		return nil, err
	}
	rows, err := v.read.QueryContext(ctx, `SELECT s.id FROM accounts a JOIN accounts s
		ON s.platform = a.platform AND s.server = a.server AND s.owner_id = a.owner_id AND s.id <> a.id
		WHERE a.id = ? AND a.owner_id <> '' AND s.generation > 0`, account)
	if err != nil {
		return nil, storage(platform.T("read the accounts"), err)
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, storage(platform.T("read the accounts"), err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, storage(platform.T("read the accounts"), err)
	}
	var out []platform.Grant
	for _, id := range ids {
		g, err := v.Grant(ctx, id)
		switch {
		case err == nil:
			out = append(out, g)
		case !errors.Is(err, errSeal):
			return nil, err
		}
	}
	return out, nil
}

// SaveAll stores several accounts with their next generations: all or none.
func (v *Vault) SaveAll(ctx context.Context, changes []agent.Change) error {
	return storage(platform.T("store the tokens"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		for _, c := range changes {
			if err := updateIn(ctx, tx, c.Account); err != nil {
				return err
			}
			c.Grant.Account = c.Account.ID
			if err := v.saveIn(ctx, tx, c.Grant); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (v *Vault) saveIn(ctx context.Context, tx *sql.Tx, g platform.Grant) error {
	key := v.key.Load()
	if key == nil {
		return v.Locked()
	}
	var newest int
	var keeper string
	err := tx.QueryRowContext(ctx, "SELECT generation, keeper FROM accounts WHERE id = ?", g.Account).Scan(&newest, &keeper)
	if errors.Is(err, sql.ErrNoRows) {
		return noAccount(g.Account)
	}
	if err != nil {
		return err
	}
	if g.Tokens.Access.IsZero() && keeper == "" { // else another program has it
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("a grant without an access token is not stored"), Repair: platform.T("try again; nothing was changed")}
	}
	if g.Generation != newest+1 {
		return &platform.Error{Kind: platform.KindRetry, Code: "conflict", Message: platform.T("another program has renewed this account's token meanwhile"), Repair: platform.T("try again; its token is kept"), Err: ErrConflict}
	}
	if g.Refreshable && g.Tokens.Refresh.IsZero() && newest > 0 && keeper == "" {
		var sealed []byte
		if err := tx.QueryRowContext(ctx, "SELECT sealed FROM grants WHERE account = ? AND generation = ?", g.Account, newest).Scan(&sealed); err != nil {
			return err
		}
		old, err := v.unseal(g.Account, newest, sealed)
		if err != nil {
			return err
		}
		g.Tokens.Refresh = old.Refresh
	}
	plain, err := json.Marshal(sealedTokens{g.Tokens.Access.Reveal(), g.Tokens.Refresh.Reveal(), g.Tokens.Owner.Reveal(), g.Tokens.Key.Reveal()})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, insertGrant, g.Account, g.Generation, g.TokenType, listColumn(g.Scopes), listColumn(g.Asked), clocksColumn(g.Clocks),
		millis(g.Issued), !g.Tokens.Refresh.IsZero(), millis(g.Verified), key.seal("grants", g.Account, g.Generation, plain)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE accounts SET generation = ? WHERE id = ?", g.Generation, g.Account); err != nil {
		return err
	}
	return dropBefore(ctx, tx, g.Account, newest)
}

// dropBefore deletes the generations before one, and what was said of them.
func dropBefore(ctx context.Context, tx *sql.Tx, account string, generation int) error {
	for _, q := range []string{"DELETE FROM grants WHERE account = ? AND generation < ?", "DELETE FROM ledger WHERE account = ? AND generation < ?"} {
		if _, err := tx.ExecContext(ctx, q, account, generation); err != nil {
			return err
		}
	}
	return nil
}

// Confirm records that a generation worked at a time: clocks replace those of
// the same kind, scopes are set unless nil, the fault is cleared, and the
// generations before are deleted. One that is not the newest any more is left alone.
func (v *Vault) Confirm(ctx context.Context, account string, generation int, at time.Time, clocks []platform.Clock, scopes []string) error {
	return storage(platform.T("store what the platform said"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		if ok, err := isNewest(ctx, tx, account, generation); !ok {
			return err
		}
		var stored, storedScopes string
		if err := tx.QueryRowContext(ctx, "SELECT clocks, scopes FROM grants WHERE account = ? AND generation = ?", account, generation).Scan(&stored, &storedScopes); err != nil {
			return err
		}
		if len(clocks) > 0 {
			old, err := (*reader)(nil).clocks(stored)
			if err != nil {
				return rowFault(account, err)
			}
			stored = clocksColumn(platform.Grant{Clocks: old}.WithClocks(clocks))
		}
		if scopes != nil {
			storedScopes = listColumn(scopes)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE grants SET verified = ?, fault = '', clocks = ?, scopes = ? WHERE account = ? AND generation = ?",
			millis(at), stored, storedScopes, account, generation); err != nil {
			return err
		}
		return dropBefore(ctx, tx, account, generation)
	}))
}

// Fault records what a platform said against a generation. One that is not the
// newest any more is left alone.
func (v *Vault) Fault(ctx context.Context, account string, generation int, f platform.Fault) error {
	return storage(platform.T("store what the platform said"), inTx(ctx, v.write, func(tx *sql.Tx) error {
		if ok, err := isNewest(ctx, tx, account, generation); !ok {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE grants SET fault = ? WHERE account = ? AND generation = ?", faultText(f), account, generation)
		return err
	}))
}

func isNewest(ctx context.Context, tx *sql.Tx, account string, generation int) (bool, error) {
	var newest int
	err := tx.QueryRowContext(ctx, "SELECT generation FROM accounts WHERE id = ?", account).Scan(&newest)
	if errors.Is(err, sql.ErrNoRows) {
		return false, noAccount(account)
	}
	return err == nil && newest == generation && newest > 0, err
}
