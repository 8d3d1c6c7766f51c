package vault

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"relink/app/agent"
	"relink/app/atomicfile"
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
// in the keyring. It must not be open anywhere. The keys go first, the vault's own
// last of them: as long as one stays, no file goes and the vault opens as before.
// Whatever should stay of the files after a crash opens nothing any more.
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
	if again, err := os.ReadDir(cfg.Dir); err == nil {
		names = again
	}
	var left []string
	var failed error
	for _, e := range names {
		if !ours(e.Name()) {
			continue
		}
		if err := os.RemoveAll(cfg.path(e.Name())); err != nil {
			left, failed = append(left, cfg.path(e.Name())), err
		}
	}
	if failed != nil {
		return &platform.Error{
			Kind: platform.KindStorage, Message: platform.T("not everything of the vault could be deleted; this is left: %s", strings.Join(left, ", ")),
			Repair: platform.T("delete it by hand"), Err: failed,
		}
	}
	if err := atomicfile.SyncDir(cfg.Dir); err != nil {
		cfg.Log.Warn("the disk has not confirmed that the vault is deleted", "error", err)
	}
	return nil
}

// ours reports whether a name in the vault's directory is the vault's: its
// files, those set aside, and what a crash left of copies.
func ours(name string) bool {
	for _, prefix := range []string{fileName, keyFile, draftDir, "." + keyFile, ".backup-", ".restore-", ".inspect-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// eraseKeys deletes the keyring's items of the vault and of those set aside.
func (v *Vault) eraseKeys(ctx context.Context, names []os.DirEntry) error {
	own := ""
	aside := map[string][]string{} // the files by their key's item
	for _, e := range names {
		rest, is := strings.CutPrefix(e.Name(), fileName)
		if !is || strings.HasSuffix(rest, "-wal") || strings.HasSuffix(rest, "-shm") || strings.HasSuffix(rest, "-journal") {
			continue
		}
		home, err := v.keyItem(ctx, v.cfg.path(e.Name()))
		if err != nil {
			return err
		}
		if rest == "" {
			own = home
		} else if home != "" {
			aside[home] = append(aside[home], e.Name())
		}
	}
	var gone []string // the files that no longer open
	for _, home := range slices.Sorted(maps.Keys(aside)) {
		if home == own { // a copy of the vault: they go together
			continue
		}
		deleted, err := v.eraseKey(ctx, home, strings.Join(aside[home], ", "), gone)
		if err != nil {
			return err
		}
		if deleted {
			gone = append(gone, aside[home]...)
		}
	}
	if own == "" {
		return nil
	}
	_, err := v.eraseKey(ctx, own, fileName, gone)
	return err
}

// keyItem is the keyring's item of one vault; empty where its key is elsewhere
// or the file cannot be read, and so names none.
func (v *Vault) keyItem(ctx context.Context, path string) (string, error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return "", nil
	}
	db, err := openDB(path, 1, true)
	if err != nil {
		return "", storage(platform.T("read the vault"), err)
	}
	defer func() { _ = db.Close() }()
	var home, kind string
	if err := db.QueryRowContext(ctx, "SELECT h.value, coalesce((SELECT value FROM meta WHERE key = ?), '') FROM meta h WHERE h.key = ?", metaKind, metaHome).Scan(&home, &kind); err != nil {
		return "", ctx.Err()
	}
	if kind != KeyKeyring {
		return "", nil
	}
	return home, nil
}

// eraseKey deletes one item of the keyring, the key of the file named, and reports
// whether it was there. gone are the files set aside whose keys are deleted already;
// the error names them.
func (v *Vault) eraseKey(ctx context.Context, home, file string, gone []string) (bool, error) {
	item, lost := service+"/"+home, strings.Join(gone, ", ")
	if ctx.Err() != nil { // before it is asked: a keyring goes on with what it was asked for
		if len(gone) == 0 {
			return false, ctx.Err() // nothing was changed
		}
		return false, &platform.Error{
			Kind: platform.KindCancelled, Message: platform.T("stopped halfway; your vault is as it was, but what was set aside no longer opens: %s", lost),
			Repair: platform.T("delete everything again for the rest"), Err: ctx.Err(),
		}
	}
	kctx, cancel := context.WithTimeout(ctx, v.cfg.PromptTimeout)
	defer cancel()
	err := v.cfg.Keyring.Delete(kctx, service, home)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrNoKey):
		return false, nil
	case kctx.Err() != nil:
		// Its prompt may stay, and somebody answer it later.
		e := &platform.Error{
			Kind: platform.KindLocked, Message: platform.T("the keyring did not say whether it deleted the key of %s (item %s); no file was deleted", file, item),
			Repair: platform.T("unlock the keyring and delete everything again"), Err: err,
		}
		if ctx.Err() != nil {
			e.Kind, e.Err = platform.KindCancelled, ctx.Err()
		}
		if len(gone) > 0 {
			e.Message = platform.T("the keyring did not say whether it deleted the key of %s (item %s); no file was deleted, but what was set aside no longer opens: %s", file, item, lost)
		}
		return false, e
	}
	message := platform.T("the key could not be deleted from the keyring (item %s); nothing was deleted", item)
	if len(gone) > 0 {
		message = platform.T("the key could not be deleted from the keyring (item %s); your vault is as it was, but what was set aside no longer opens: %s", item, lost)
	}
	return false, &platform.Error{Kind: platform.KindLocked, Message: message, Repair: platform.T("unlock the keyring and try again"), Err: err}
}
