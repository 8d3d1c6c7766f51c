package vault

import (
	"archive/tar"
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"time"

	"github.com/gofrs/flock"

	"relink/app/atomicfile"
	"relink/platform"
)

// A backup is an age file (passphrase) around a tar archive of two entries:
// the key, in hex, and a consistent copy of the SQLite file.
const (
	backupKey = "key"
	backupDB  = fileName
)

// MetaRestored is the meta key that Restore sets to the time (RFC 3339) of
// the restore: what rotates may have been renewed since the backup was made, so
// every account should be verified before it is relied on.
const MetaRestored = "restored"

// Backup writes the vault to w, its key inside, all under a passphrase. The
// vault must be open.
func (v *Vault) Backup(ctx context.Context, w io.Writer, passphrase string) error {
	key := v.key.Load()
	if key == nil {
		return v.Locked()
	}
	if passphrase == "" {
		return emptyPassphrase()
	}
	tmp, err := tempFile(v.cfg, "backup")
	if err != nil {
		return err
	}
	defer removeDB(tmp)
	if err := copyVault(ctx, v.cfg.path(fileName), tmp); err != nil {
		return storage(platform.T("copy the vault"), err)
	}
	sealed, err := encrypt(w, passphrase, v.cfg.Work)
	if err != nil {
		return storage(platform.T("write the backup"), err)
	}
	archive := tar.NewWriter(sealed)
	if err := errors.Join(
		addFile(archive, backupKey, hex.EncodeToString(key.key[:]), v.cfg.Now()),
		addCopy(archive, backupDB, tmp),
		archive.Close(), sealed.Close(), ctx.Err(),
	); err != nil {
		return storage(platform.T("write the backup"), err)
	}
	return nil
}

// copyVault makes a consistent copy, on a connection of its own: writers need not wait for it.
func copyVault(ctx context.Context, from, to string) error {
	db, err := openDB(from, 1, false)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	// VACUUM INTO takes a file that is there, if empty: so it keeps its 0600.
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

func emptyPassphrase() error {
	return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the passphrase is empty"), Repair: platform.T("choose a longer one")}
}

// addFile adds an entry; its time is when the backup was made.
func addFile(w *tar.Writer, name, data string, at time.Time) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: at.Truncate(time.Second), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err := io.WriteString(w, data)
	return err
}

func addCopy(w *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// tempFile makes an empty file beside the vault, for the user alone.
func tempFile(cfg Config, what string) (string, error) {
	f, err := os.CreateTemp(cfg.Dir, "."+what+"-*") // 0600
	if err != nil {
		return "", storage(platform.T("write beside the vault"), err)
	}
	return f.Name(), storage(platform.T("write beside the vault"), f.Close())
}

func removeDB(path string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		_ = os.Remove(path + suffix)
	}
}

// Restore puts a backup in place as the vault of cfg.Dir, which must not be
// open anywhere. A vault that is there is refused, or with replace set aside;
// aside is then its file's new name, also when what follows fails.
// The key goes into the keyring where that answers, else into a key file under
// the backup's own passphrase. See [MetaRestored].
func Restore(ctx context.Context, cfg Config, r io.Reader, passphrase string, replace bool) (aside string, err error) {
	cfg = cfg.filled()
	if err := secureDirs(cfg); err != nil {
		return "", err
	}
	v := &Vault{cfg: cfg, inUse: flock.New(cfg.path(lockDir+"/vault"), flock.SetPermissions(0o600))}
	unlock, err := v.Lock(ctx, ".open")
	if err != nil {
		return "", err
	}
	defer unlock()
	info, err := os.Stat(cfg.path(fileName))
	there := err == nil && info.Size() > 0
	if there && !replace {
		return "", &platform.Error{Kind: platform.KindUsage, Message: platform.T("there is a vault in %s already", cfg.Dir), Repair: platform.T("set it aside and restore with: relink restore --replace FILE")}
	}
	tmp, err := tempFile(cfg, "restore")
	if err != nil {
		return "", err
	}
	defer removeDB(tmp)
	_, key, err := unpack(cfg, r, passphrase, tmp)
	if err != nil {
		return "", err
	}
	home, err := adapt(ctx, cfg, tmp, key)
	if err != nil {
		return "", err
	}
	kind, newKey := KeyKeyring, ""
	kctx, cancel := context.WithTimeout(ctx, cfg.PromptTimeout)
	defer cancel()
	if err := v.putInKeyring(kctx, home, key); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		kind, newKey = KeyPassphrase, tmp+".key"
		defer func() { _ = os.Remove(newKey) }()
		if err := writeKeyFile(cfg, newKey, key, passphrase); err != nil {
			return "", err
		}
	}
	if err := setKind(ctx, tmp, kind); err != nil {
		return "", storage(platform.T("finish the restored vault"), err)
	}
	// Everything is on the disk; what follows only renames.
	if err := foldWAL(ctx, cfg); err != nil {
		return "", err
	}
	old, err := setAside(cfg, "replaced")
	if err != nil {
		return "", err
	}
	if there {
		aside = old
	}
	if newKey != "" {
		if err := os.Rename(newKey, cfg.path(keyFile)); err != nil {
			return aside, storage(platform.T("put the key file in place"), err)
		}
	}
	if err := os.Rename(tmp, cfg.path(fileName)); err != nil {
		return aside, storage(platform.T("put the restored vault in place"), err)
	}
	return aside, storage(platform.T("put the restored vault in place"), atomicfile.SyncDir(cfg.Dir))
}

// unpack opens an archive, writes its SQLite file to path and gives its key, and
// when it was made, zero where it does not say.
func unpack(cfg Config, r io.Reader, passphrase, path string) (made time.Time, key *sealer, err error) {
	unreadable := func(err error) error {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("this is not a whole backup of Relink"), Repair: platform.T("give the file that relink backup wrote"), Err: err}
	}
	if passphrase == "" {
		return made, nil, emptyPassphrase()
	}
	plain, err := decrypt(r, passphrase)
	if errors.Is(err, errPassphrase) {
		return made, nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the passphrase is not the backup's"), Repair: platform.T("try again; nothing was changed")}
	}
	if err != nil {
		return made, nil, unreadable(err)
	}
	whole := false
	archive := tar.NewReader(bufio.NewReader(plain))
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return made, nil, unreadable(err)
		}
		switch head.Name {
		case backupKey:
			if head.ModTime.Unix() > 0 {
				made = head.ModTime.UTC()
			}
			text, err := io.ReadAll(io.LimitReader(archive, 2*keySize))
			if err == nil {
				text, err = hex.DecodeString(string(text))
			}
			if err != nil {
				return made, nil, unreadable(err)
			}
			if key, err = newSealer(text); err != nil {
				return made, nil, unreadable(err)
			}
		case backupDB:
			if err := copyTo(path, archive); err != nil {
				if p := (*os.PathError)(nil); errors.As(err, &p) {
					return made, nil, storage(platform.T("write the restored vault"), err)
				}
				return made, nil, unreadable(err)
			}
			whole = true
		}
	}
	if key == nil || !whole {
		return made, nil, unreadable(io.ErrUnexpectedEOF)
	}
	return made, key, nil
}

func copyTo(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// adapt checks an unpacked file and makes it a vault of its own: a copy must
// not share its keyring item with the one it was copied from.
func adapt(ctx context.Context, cfg Config, path string, key *sealer) (home string, err error) {
	version, err := headerVersion(path)
	if err != nil {
		return "", storage(platform.T("read the backup"), err)
	}
	if version > len(migrations) {
		return "", newer(version)
	}
	if err := quickCheck(ctx, path); err != nil {
		return "", storage(platform.T("read the backup"), err)
	}
	db, err := openDB(path, 1, false)
	if err != nil {
		return "", storage(platform.T("read the backup"), err)
	}
	defer func() { _ = db.Close() }()
	var check string
	if err := db.QueryRowContext(ctx, "SELECT h.value, c.value FROM meta h, meta c WHERE h.key = ? AND c.key = ?", metaHome, metaCheck).Scan(&home, &check); err != nil {
		return "", storage(platform.T("read the backup"), err)
	}
	if !key.fits(home, check) {
		return "", &platform.Error{Kind: platform.KindUsage, Message: platform.T("the key in the backup is not its vault's"), Repair: platform.T("give another backup; nothing was changed")}
	}
	home = NewID()
	return home, storage(platform.T("adapt the backup"), inTx(ctx, db, func(tx *sql.Tx) error {
		for k, val := range map[string]string{metaHome: home, metaCheck: key.check(home), MetaRestored: cfg.Now().UTC().Format(time.RFC3339)} {
			if _, err := tx.ExecContext(ctx, setMeta, k, val); err != nil {
				return err
			}
		}
		return nil
	}))
}

// setKind writes where the key is into an unpacked file, and leaves all of it in that one file.
func setKind(ctx context.Context, path, kind string) error {
	db, err := openDB(path, 1, false)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, setMeta, metaKind, kind); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return err
	}
	return db.Close()
}

// foldWAL moves what is in the old vault's journal into its file, so that a
// crash while both are renamed parts nothing. A damaged file stays as it is.
func foldWAL(ctx context.Context, cfg Config) error {
	if !exists(cfg.path(fileName)) {
		return nil
	}
	db, err := openDB(cfg.path(fileName), 1, false)
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		_ = db.Close()
	}
	if err != nil && !damaged(err) {
		return storage(platform.T("set the vault aside"), err)
	}
	return nil
}
