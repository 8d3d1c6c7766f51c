package vault

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"filippo.io/age"

	"relink/app/atomicfile"
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
	return storage(platform.T("write the key file"), atomicfile.Write(path, buf.Bytes(), 0o600))
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
