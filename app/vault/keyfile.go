package vault

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"filippo.io/age"

	"relink/platform"
)

// keyFile is the vault's key under a passphrase: an age file (scrypt) of 32 bytes.
const keyFile = "key.age"

var errPassphrase = errors.New("wrong passphrase")

// writeKeyFile puts the key under a passphrase, replacing the file whole.
func writeKeyFile(cfg Config, path string, s *sealer, passphrase string) error {
	var buf bytes.Buffer
	w, err := encrypt(&buf, passphrase, cfg.Work)
	if err != nil {
		return storage(platform.T("make the key file"), err)
	}
	if _, err := w.Write(s.key[:]); err != nil {
		return storage(platform.T("make the key file"), err)
	}
	if err := w.Close(); err != nil {
		return storage(platform.T("make the key file"), err)
	}
	return storage(platform.T("write the key file"), replaceFile(path, buf.Bytes()))
}

// readKeyFile opens the key file; the error is errPassphrase when the
// passphrase does not, and os.ErrNotExist when there is no file.
func readKeyFile(cfg Config, passphrase string) (*sealer, error) {
	raw, err := os.ReadFile(cfg.path(keyFile))
	if err != nil {
		return nil, err
	}
	r, err := decrypt(bytes.NewReader(raw), passphrase)
	if err != nil {
		return nil, err
	}
	key, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return newSealer(key)
}

func encrypt(w io.Writer, passphrase string, work int) (io.WriteCloser, error) {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	if work > 0 {
		to.SetWorkFactor(work)
	}
	// scrypt needs 256 MB for a second; a program that stays must give them back.
	defer debug.FreeOSMemory()
	return age.Encrypt(w, to)
}

func decrypt(r io.Reader, passphrase string) (io.Reader, error) {
	who, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	defer debug.FreeOSMemory()
	plain, err := age.Decrypt(r, who)
	var no *age.NoIdentityMatchError
	if errors.As(err, &no) || errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, errPassphrase
	}
	return plain, err
}

// replaceFile writes a file whole or not at all, durably, for the user alone.
func replaceFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

// passphraseFromFile reads the first line of the file the config names.
func passphraseFromFile(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", locked(platform.T("the passphrase file %s cannot be read", path), platform.T("make it readable, or correct RELINK_PASSPHRASE_FILE"))
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", locked(platform.T("the passphrase file %s is empty", path), platform.T("write the passphrase into its first line"))
	}
	return line, nil
}

func locked(message, repair string) *platform.Error {
	return &platform.Error{Kind: platform.KindLocked, Message: message, Repair: repair}
}
