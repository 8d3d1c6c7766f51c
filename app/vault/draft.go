package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"relink/platform"
)

// draftDir holds one small sealed file for each refresh that is under way.
const draftDir = "drafts"

// Draft notes something under a lock's name, in place of what was noted there
// before; nil takes it away. It is there after this process is killed, though
// perhaps not after a power cut: it lives for the moment between a platform's answer and the
// vault's own commit, and waiting for the disk would only lengthen that moment.
func (v *Vault) Draft(_ context.Context, name string, note []byte) error {
	path, err := v.draft(name)
	if err != nil {
		return err
	}
	if note == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return storage(platform.T("note a renewal"), err)
		}
		return nil
	}
	key := v.key.Load()
	if key == nil {
		return v.Locked()
	}
	// Whoever writes holds the lock of that name, so there is one writer.
	next := path + ".new"
	err = os.WriteFile(next, key.seal(draftDir, name, 0, note), 0o600)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		_ = os.Remove(next)
		return storage(platform.T("note a renewal"), err)
	}
	return nil
}

// Drafted gives what was noted, nil when there is nothing. A note that does not
// open is none: it was sealed with a key that is gone.
func (v *Vault) Drafted(_ context.Context, name string) ([]byte, error) {
	path, err := v.draft(name)
	if err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storage(platform.T("read what was noted of a renewal"), err)
	}
	key := v.key.Load()
	if key == nil {
		return nil, v.Locked()
	}
	note, err := key.open(draftDir, name, 0, sealed)
	if err != nil {
		v.cfg.Log.Warn("a note of a renewal does not open and is dropped", "name", name)
		return nil, v.Draft(context.Background(), name, nil)
	}
	return note, nil
}

func (v *Vault) draft(name string) (string, error) {
	if name == "" || filepath.Base(name) != name {
		return "", noAccount(name)
	}
	return v.cfg.path(filepath.Join(draftDir, name)), nil
}
