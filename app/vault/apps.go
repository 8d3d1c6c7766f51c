package vault

import (
	"context"
	"database/sql"
	"errors"

	"relink/platform"
)

const appColumns = "platform, server, client_id, redirect, scopes, self, sealed"

// scanApp reads a row of apps and the seal of its secret, nil when it has none.
func scanApp(scan func(...any) error) (platform.App, []byte, error) {
	var a platform.App
	var scopes string
	var sealed []byte
	if err := scan(&a.Platform, &a.Server, &a.ID, &a.Redirect, &scopes, &a.Self, &sealed); err != nil {
		return a, nil, err
	}
	var err error
	a.Scopes, err = (*reader)(nil).list(scopes)
	return a, sealed, err
}

// appRow is a registration's row id in associated data.
func appRow(platformID, server string) string { return platformID + "\n" + server }

// App reads the registration at a platform and server, with its secret. One
// that has no secret can be read while the vault is locked.
func (v *Vault) App(ctx context.Context, platformID, server string) (platform.App, error) {
	row := v.read.QueryRowContext(ctx, "SELECT "+appColumns+" FROM apps WHERE platform = ? AND server = ?", platformID, server)
	a, sealed, err := scanApp(row.Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return platform.App{}, noApp(platformID, server)
	case err != nil:
		return platform.App{}, storage(platform.T("read the app registration"), err)
	case sealed == nil:
		return a, nil
	}
	key := v.key.Load()
	if key == nil {
		return platform.App{}, v.Locked()
	}
	secret, err := key.open("apps", appRow(platformID, server), 0, sealed)
	if err != nil {
		return platform.App{}, &platform.Error{Kind: platform.KindStorage, Platform: platformID, Code: "damaged", Message: platform.T("the stored app secret for %s is damaged", platformID), Repair: platform.T("store it again: relink app set %s", platformID), Err: err}
	}
	a.Secret = platform.NewSecret(string(secret))
	return a, nil
}

func noApp(platformID, server string) *platform.Error {
	message := platform.T("no app registration is stored for %s", platformID)
	if server != "" {
		message = platform.T("no app registration is stored for %s at %s", platformID, server)
	}
	return &platform.Error{Kind: platform.KindNotFound, Platform: platformID, Message: message, Repair: platform.T("store it with: relink app set %s", platformID)}
}

// Apps lists the registrations without their secrets.
func (v *Vault) Apps(ctx context.Context) ([]platform.App, error) {
	rows, err := v.read.QueryContext(ctx, "SELECT "+appColumns+" FROM apps ORDER BY platform, server")
	if err != nil {
		return nil, storage(platform.T("read the app registrations"), err)
	}
	defer func() { _ = rows.Close() }()
	var out []platform.App
	for rows.Next() {
		a, _, err := scanApp(rows.Scan)
		if err != nil {
			return nil, storage(platform.T("read the app registrations"), err)
		}
		out = append(out, a)
	}
	return out, storage(platform.T("read the app registrations"), rows.Err())
}

// SetApp stores a registration in place of the one for its platform and server.
func (v *Vault) SetApp(ctx context.Context, a platform.App) error {
	var sealed []byte
	if !a.Secret.IsZero() {
		key := v.key.Load()
		if key == nil {
			return v.Locked()
		}
		sealed = key.seal("apps", appRow(a.Platform, a.Server), 0, []byte(a.Secret.Reveal()))
	}
	_, err := v.write.ExecContext(ctx, "INSERT OR REPLACE INTO apps ("+appColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
		a.Platform, a.Server, a.ID, a.Redirect, listColumn(a.Scopes), a.Self, sealed)
	return storage(platform.T("store the app registration"), err)
}

// DeleteApp deletes a registration. Accounts connected with it stay, and work
// until their tokens must be renewed.
func (v *Vault) DeleteApp(ctx context.Context, platformID, server string) error {
	res, err := v.write.ExecContext(ctx, "DELETE FROM apps WHERE platform = ? AND server = ?", platformID, server)
	if err != nil {
		return storage(platform.T("delete the app registration"), err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return noApp(platformID, server)
	}
	return nil
}
