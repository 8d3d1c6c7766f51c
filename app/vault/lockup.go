package vault

import (
	"context"
	"errors"

	"relink/app/agent"
	"relink/platform"
)

// LockUp forgets the key until [Vault.Unlock]; TryUnlock then asks nobody for
// it. What is being read or written at the moment is carried through.
func (v *Vault) LockUp() {
	v.mu.Lock()
	v.lock.byHand = true
	reason := locked(platform.T("the vault is locked, as you asked"), platform.T("open it with: relink unlock"))
	reason.Code = agent.LockedByHand
	v.lock.reason = reason
	v.key.Store(nil)
	v.mu.Unlock()
}

// TestKeyring writes an item of its own, reads it back and deletes it, with
// patience for the keyring's prompt, and gives the keyring's name. The vault's
// key is not touched.
func (v *Vault) TestKeyring(ctx context.Context) (name string, err error) {
	kctx, cancel := context.WithTimeout(ctx, v.cfg.PromptTimeout)
	defer cancel()
	user, secret := "test-"+NewID(), NewID()
	fault := func(doing string, err error) error {
		why := err.Error()
		repair := platform.T("look at it in the system's password manager, then try again")
		switch {
		case errors.Is(err, ErrNoKeyring):
			why, repair = platform.T("there is none (%s) to be reached", keyringName()), platform.T("start one, or keep the key under a passphrase: relink unlock --new-passphrase")
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(deadlineOf(ctx, kctx, err), context.DeadlineExceeded):
			why, repair = platform.T("it does not answer"), platform.T("answer its password prompt if one is up, then try again")
		case errors.Is(err, ErrNoKey):
			why = platform.T("it says that it has no such item")
		}
		return &platform.Error{Kind: platform.KindLocked, Message: platform.T("the keyring could not %s: %s", doing, why), Repair: repair, Err: err}
	}
	if err := v.cfg.Keyring.Set(kctx, service, user, secret); err != nil {
		return "", fault(platform.T("store a test item"), err)
	}
	back, err := v.cfg.Keyring.Get(kctx, service, user)
	derr := v.cfg.Keyring.Delete(kctx, service, user)
	switch {
	case err != nil:
		return "", fault(platform.T("give a test item back"), err)
	case back != secret:
		return "", fault(platform.T("give a test item back"), errors.New(platform.T("what came back is something else")))
	case derr != nil:
		return "", fault(platform.T("delete a test item"), derr)
	}
	if _, err := v.cfg.Keyring.Get(kctx, service, user); !errors.Is(err, ErrNoKey) {
		if err == nil {
			err = errors.New(platform.T("it is still there"))
		}
		return "", fault(platform.T("delete a test item"), err)
	}
	return keyringName(), nil
}
