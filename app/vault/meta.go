package vault

import (
	"context"
	"database/sql"
	"errors"

	"relink/platform"
)

const setMeta = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"

// GetMeta reads a small value kept by name; empty when there is none.
func (v *Vault) GetMeta(ctx context.Context, key string) (string, error) {
	var value string
	err := v.read.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, storage(platform.T("read the vault"), err)
}

// SetMeta keeps a small value by name.
func (v *Vault) SetMeta(ctx context.Context, key, value string) error {
	_, err := v.write.ExecContext(ctx, setMeta, key, value)
	return storage(platform.T("write to the vault"), err)
}
