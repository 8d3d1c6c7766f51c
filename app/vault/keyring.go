package vault

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"
)

// service is the name of Relink's items in the keyring; the user of an item is
// the vault's own id, so that several vaults (RELINK_HOME) have their own.
const service = "relink"

var (
	// ErrNoKey is a keyring's answer when it has no such item.
	ErrNoKey = errors.New("not in the keyring")
	// ErrNoKeyring says that this machine has no keyring, or none that answers.
	ErrNoKeyring = errors.New("there is no keyring")

	errLockedKeyring = errors.New("the keyring is locked")
)

// Keyring keeps one small secret under a name. Errors are [ErrNoKey],
// [ErrNoKeyring], the context's, or anything else for a keyring that refuses (locked).
type Keyring interface {
	Get(ctx context.Context, service, user string) (string, error)
	Set(ctx context.Context, service, user, secret string) error
	Delete(ctx context.Context, service, user string) error
}

// System is the operating system's keyring: Secret Service, Keychain or
// Credential Manager. Its calls know no context, so each runs beside the
// caller and may outlast it, by a prompt nobody answers.
type System struct{}

// WouldPrompt reports whether asking now would put up a prompt, because the
// keyring is locked. A keyring that cannot tell is taken not to.
func (System) WouldPrompt(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	locked, err := beside(ctx, func() (string, error) { return keyringLocked(), nil })
	return err == nil && locked != ""
}

// Get implements [Keyring].
func (System) Get(ctx context.Context, service, user string) (string, error) {
	return beside(ctx, func() (string, error) { return keyring.Get(service, user) })
}

// Set implements [Keyring].
func (System) Set(ctx context.Context, service, user, secret string) error {
	_, err := beside(ctx, func() (string, error) { return "", keyring.Set(service, user, secret) })
	return err
}

// Delete implements [Keyring]. An item that is not there is no error.
func (System) Delete(ctx context.Context, service, user string) error {
	_, err := beside(ctx, func() (string, error) { return "", keyring.Delete(service, user) })
	if errors.Is(err, ErrNoKey) {
		return nil
	}
	return err
}

func beside(ctx context.Context, f func() (string, error)) (string, error) {
	if !keyringReachable() {
		return "", ErrNoKeyring
	}
	type answer struct {
		value string
		err   error
	}
	ch := make(chan answer, 1)
	go func() {
		value, err := f()
		ch <- answer{value, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-ch:
		switch {
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", ErrNoKey
		case a.err != nil && keyringAbsent(a.err):
			return "", ErrNoKeyring
		}
		return a.value, a.err
	}
}

// keyringName is what people call the keyring here.
func keyringName() string {
	switch runtime.GOOS {
	case "windows":
		return "Credential Manager"
	case "darwin":
		return "Keychain"
	}
	return "Secret Service"
}
