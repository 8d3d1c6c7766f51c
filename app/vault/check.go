package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gofrs/flock"

	"relink/app/atomicfile"
	"relink/platform"
)

// errDamaged is a file that SQLite opens but finds fault with.
var errDamaged = errors.New("the file is damaged")

// checkFile makes sure that the vault's file can be trusted: it refuses one
// from a newer version, sets a damaged one aside and makes a missing one. The
// sentence for the person is empty unless something was set aside.
func checkFile(ctx context.Context, cfg Config) (string, error) {
	path := cfg.path(fileName)
	version, err := headerVersion(path)
	if err != nil {
		return "", storage(platform.T("read the vault"), err)
	}
	if version > len(migrations) {
		return "", newer(version)
	}
	info, err := os.Stat(path)
	sentence := ""
	if err == nil && info.Size() > 0 {
		switch err := quickCheck(ctx, path); {
		case errors.Is(err, errDamaged), damaged(err):
			aside, err := setAside(cfg, "damaged")
			if err != nil {
				return "", err
			}
			sentence = platform.T("The vault's file was damaged. It is kept as %s and a new one was begun: connect the accounts again, or bring back a backup with relink restore.", aside)
			cfg.Log.Error("vault set aside", "reason", sentence)
		case err != nil:
			return "", storage(platform.T("check the vault"), err)
		}
	}
	// SQLite would make the file with wider permissions; its journals take the file's.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", storage(platform.T("write the vault"), err)
	}
	return sentence, storage(platform.T("write the vault"), f.Close())
}

// quickCheck asks SQLite whether the file is sound.
func quickCheck(ctx context.Context, path string) error {
	db, err := openDB(path, 1, false)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return errDamaged
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// setAside renames the vault's files, its key file too: it opens only them. It
// gives the vault's new name.
func setAside(cfg Config, why string) (string, error) {
	// Nobody else may be writing to them meanwhile.
	use := flock.New(cfg.path(lockDir+"/vault"), flock.SetPermissions(0o600))
	defer func() { _ = use.Close() }()
	if ok, err := use.TryLock(); err != nil || !ok {
		return "", storage(platform.T("set the vault aside"), orBusy(err))
	}
	stamp := "." + why + "-" + cfg.Now().UTC().Format("20060102-150405")
	suffix := stamp
	for n := 2; exists(cfg.path(fileName + suffix)); n++ {
		suffix = fmt.Sprintf("%s-%d", stamp, n)
	}
	// The file itself last: as long as it is there, a start after a crash here finds it damaged again.
	for _, name := range []string{keyFile, fileName + "-wal", fileName + "-shm", fileName} {
		to := name + suffix
		if rest, ok := strings.CutPrefix(name, fileName); ok {
			to = fileName + suffix + rest
		}
		if err := os.Rename(cfg.path(name), cfg.path(to)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", storage(platform.T("set the vault aside"), err)
		}
	}
	if err := atomicfile.SyncDir(cfg.Dir); err != nil {
		return "", storage(platform.T("set the vault aside"), err)
	}
	return cfg.path(fileName + suffix), nil
}
