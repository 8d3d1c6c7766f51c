package vault

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/gofrs/flock"

	"relink/app/agent"
	"relink/platform"
)

// Inspect says what a backup holds and changes nothing. It unpacks it beside
// the vault for as long as it looks; secrets stay sealed in that copy.
func Inspect(ctx context.Context, cfg Config, r io.Reader, passphrase string) (agent.Archive, error) {
	cfg = cfg.filled()
	var out agent.Archive
	if err := secureDirs(cfg); err != nil {
		return out, err
	}
	tmp, err := tempFile(cfg, "inspect")
	if err != nil {
		return out, err
	}
	defer removeDB(tmp)
	if out.At, _, err = unpack(cfg, r, passphrase, tmp); err != nil {
		return out, err
	}
	version, err := headerVersion(tmp)
	if err != nil {
		return out, storage(platform.T("read the backup"), err)
	}
	if version > len(migrations) {
		return out, newer(version)
	}
	if err := quickCheck(ctx, tmp); err != nil {
		return out, storage(platform.T("read the backup"), err)
	}
	db, err := openDB(tmp, 1, true)
	if err != nil {
		return out, storage(platform.T("read the backup"), err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, "SELECT platform, count(*) FROM accounts GROUP BY platform")
	if err != nil {
		return out, storage(platform.T("read the backup"), err)
	}
	defer func() { _ = rows.Close() }()
	out.Accounts = map[string]int{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return out, storage(platform.T("read the backup"), err)
		}
		out.Accounts[id] = n
	}
	if err := rows.Err(); err != nil {
		return out, storage(platform.T("read the backup"), err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM apps").Scan(&out.Apps); err != nil {
		return out, storage(platform.T("read the backup"), err)
	}
	if out.At.IsZero() { // one that does not say when it was made: when the last thing in it happened
		var last int64
		if err := db.QueryRowContext(ctx, "SELECT coalesce(max(at), 0) FROM events").Scan(&last); err != nil {
			return out, storage(platform.T("read the backup"), err)
		}
		if last > 0 {
			out.At = fromMillis(last)
		}
	}
	return out, nil
}

// Erase deletes the vault of cfg.Dir and what was set aside of it, with its key
// in the keyring. It must not be open anywhere. The key goes first: whatever
// should stay of the files after a crash opens nothing any more.
func Erase(ctx context.Context, cfg Config) error {
	cfg = cfg.filled()
	if !exists(cfg.Dir) {
		return nil
	}
	if err := secureDirs(cfg); err != nil {
		return err
	}
	v := &Vault{cfg: cfg, inUse: flock.New(cfg.path(lockDir+"/vault"), flock.SetPermissions(0o600))}
	unlock, err := v.Lock(ctx, ".open")
	if err != nil {
		return err
	}
	defer unlock()
	defer func() { _ = v.inUse.Close() }()
	if ok, err := v.inUse.TryLock(); err != nil || !ok {
		return storage(platform.T("delete the vault"), orBusy(err))
	}
	names, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return storage(platform.T("delete the vault"), err)
	}
	if err := v.eraseKeys(ctx, names); err != nil {
		return err
	}
	// Again: what was looked into may have left a journal beside it.
	if names, err = os.ReadDir(cfg.Dir); err != nil {
		return storage(platform.T("delete the vault"), err)
	}
	for _, e := range names {
		if ours(e.Name()) {
			if err := os.RemoveAll(cfg.path(e.Name())); err != nil {
				return storage(platform.T("delete the vault"), err)
			}
		}
	}
	return storage(platform.T("delete the vault"), syncDir(cfg.Dir))
}

// ours reports whether a name in the vault's directory is the vault's: its
// files, those set aside, and what a crash left of copies.
func ours(name string) bool {
	for _, prefix := range []string{fileName, keyFile, draftDir, ".backup-", ".restore-", ".inspect-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// eraseKeys deletes the keyring's items of the vault and of those set aside.
func (v *Vault) eraseKeys(ctx context.Context, names []os.DirEntry) error {
	for _, e := range names {
		rest, is := strings.CutPrefix(e.Name(), fileName)
		if !is || strings.HasSuffix(rest, "-wal") || strings.HasSuffix(rest, "-shm") || strings.HasSuffix(rest, "-journal") {
			continue
		}
		if err := v.eraseKey(ctx, v.cfg.path(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// eraseKey deletes the keyring's item of one vault, where its key is there.
func (v *Vault) eraseKey(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil
	}
	db, err := openDB(path, 1, true)
	if err != nil {
		return storage(platform.T("read the vault"), err)
	}
	defer func() { _ = db.Close() }()
	var home, kind string
	if err := db.QueryRowContext(ctx, "SELECT h.value, coalesce((SELECT value FROM meta WHERE key = ?), '') FROM meta h WHERE h.key = ?", metaKind, metaHome).Scan(&home, &kind); err != nil {
		return nil //nolint:nilerr // a file that cannot be read names no key
	}
	if kind != KeyKeyring {
		return nil
	}
	kctx, cancel := context.WithTimeout(ctx, v.cfg.PromptTimeout)
	defer cancel()
	err = v.cfg.Keyring.Delete(kctx, service, home)
	if err == nil || errors.Is(err, ErrNoKey) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &platform.Error{
		Kind: platform.KindLocked, Message: platform.T("the key could not be deleted from the keyring (item %s); nothing was deleted", service+"/"+home),
		Repair: platform.T("unlock the keyring and try again"), Err: err,
	}
}
