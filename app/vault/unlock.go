package vault

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"os"
	"time"

	"relink/platform"
)

// Where the key is, as [Vault.Key] says it.
const (
	KeyKeyring    = "keyring"
	KeyPassphrase = "passphrase"
)

// The vault's own entries in the table meta.
const (
	metaHome  = "home_id"
	metaKind  = "key_kind"
	metaCheck = "key_check"
)

// lockState is what is known of the key, apart from the key itself.
type lockState struct {
	// kind is where the key is; empty until it was made.
	kind string
	// home names the vault in the keyring.
	home string
	// check tells whether a key is the right one.
	check string
	// reason the vault is locked.
	reason error
	// byHand: it was locked by the person, and only the person opens it again.
	byHand bool
	// asking is the question the keyring has not answered yet.
	asking *question
}

// question is one call for the key. However many wait, the keyring is asked
// once: every further call would put up another prompt.
type question struct {
	done chan struct{}
	err  error // set before done closes
}

// readLockState takes the state from the file; a new vault gets its id.
func (v *Vault) readLockState(ctx context.Context) error {
	home, err := v.GetMeta(ctx, metaHome)
	if err == nil && home == "" {
		_, err = v.write.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", metaHome, NewID())
		if err == nil {
			home, err = v.GetMeta(ctx, metaHome)
		}
	}
	if err != nil {
		return storage(platform.T("read the vault"), err)
	}
	kind, err := v.GetMeta(ctx, metaKind)
	if err != nil {
		return err
	}
	check, err := v.GetMeta(ctx, metaCheck)
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.lock.home, v.lock.kind, v.lock.check = home, kind, check
	v.mu.Unlock()
	return nil
}

func (v *Vault) state() lockState {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lock
}

// Locked says why secrets cannot be read; nil when they can.
func (v *Vault) Locked() error {
	if v.key.Load() != nil {
		return nil
	}
	if s := v.state(); s.reason != nil {
		return s.reason
	}
	return locked(platform.T("the vault is locked"), platform.T("open it with: relink unlock"))
}

// Key is where the key is, "keyring" or "passphrase"; empty until it was made.
func (v *Vault) Key() string { return v.state().kind }

// KeyPlace says the same in words.
func (v *Vault) KeyPlace() string {
	switch s := v.state(); s.kind {
	case KeyKeyring:
		return platform.T("in the system keyring (%s), item %s/%s", keyringName(), service, s.home)
	case KeyPassphrase:
		return platform.T("in the key file %s, under your passphrase", v.cfg.path(keyFile))
	}
	return platform.T("not chosen yet")
}

// TryUnlock opens the vault without bothering a person: it asks the keyring
// again, unless that is locked and would put up its prompt, or
// takes the passphrase from its file. It waits KeyringTimeout; a keyring that
// answers later still opens the vault.
func (v *Vault) TryUnlock(ctx context.Context) error {
	if v.key.Load() != nil {
		return nil
	}
	if s := v.state(); s.byHand {
		return s.reason
	}
	if k, ok := v.cfg.Keyring.(interface{ WouldPrompt(context.Context) bool }); ok && v.state().kind != KeyPassphrase && k.WouldPrompt(ctx) {
		return v.settle(errLockedKeyring)
	}
	return v.tryUnlock(ctx, v.cfg.KeyringTimeout)
}

func (v *Vault) tryUnlock(ctx context.Context, wait time.Duration) error {
	if v.key.Load() != nil {
		return nil
	}
	if err := v.readLockState(ctx); err != nil {
		return err
	}
	var err error
	switch s := v.state(); {
	case s.kind == KeyPassphrase && v.cfg.PassphraseFile == "":
		err = locked(platform.T("the vault is locked by its passphrase"), platform.T("give it with: relink unlock"))
		if !exists(v.cfg.path(keyFile)) {
			err = noKeyFile(v.cfg)
		}
	case s.kind == KeyPassphrase, s.kind == "" && v.cfg.PassphraseFile != "":
		var passphrase string
		if passphrase, err = passphraseFromFile(v.cfg.PassphraseFile); err == nil {
			err = v.unlock(ctx, passphrase, s.kind == "")
		}
	default:
		if err = v.ask(ctx, wait); errors.Is(err, ErrNoKey) {
			err = v.makeInKeyring(ctx, wait)
		}
	}
	return v.settle(err)
}

// settle turns the outcome of an attempt into the reason people read.
func (v *Vault) settle(err error) error {
	if err == nil {
		return nil
	}
	s := v.state()
	var own *platform.Error
	switch {
	case errors.As(err, &own):
	case errors.Is(err, context.Canceled):
		return err
	default:
		own = keyringFault(s, v.cfg, err)
	}
	v.mu.Lock()
	v.lock.reason = own
	v.mu.Unlock()
	return own
}

// keyringFault says what a keyring's refusal means. A vault without a key yet
// names both ways to get one.
func keyringFault(s lockState, cfg Config, err error) *platform.Error {
	why := platform.T("the keyring is locked or refuses")
	repair := platform.T("unlock it, then: relink unlock")
	switch {
	case errors.Is(err, ErrNoKeyring):
		why, repair = platform.T("there is no keyring (%s) to be reached", keyringName()), platform.T("start it, then: relink unlock")
	case errors.Is(err, context.DeadlineExceeded):
		why, repair = platform.T("the keyring does not answer"), platform.T("answer its password prompt if one is up, then: relink unlock")
	case errors.Is(err, ErrNoKey):
		why, repair = platform.T("the key is not in the keyring, where it should be item %s/%s", service, s.home), platform.T("bring that keyring back, or a backup: relink restore")
	case errors.Is(err, errSeal):
		why, repair = platform.T("the key in the keyring, item %s/%s, is not this vault's", service, s.home), platform.T("bring the right one back, or a backup: relink restore")
	}
	e := locked(platform.T("the vault is locked: %s", why), repair)
	if s.kind == "" {
		e = locked(platform.T("the vault has no key yet: %s", why), platform.T("%s, or choose a passphrase: relink unlock --new-passphrase", repair))
	}
	e.Err = err
	return e
}

func noKeyFile(cfg Config) *platform.Error {
	return locked(platform.T("the vault is locked: its key file %s is missing", cfg.path(keyFile)), platform.T("bring it back, or a backup: relink restore"))
}

// ask waits for the keyring's answer, but no longer than wait. The answer
// opens the vault whenever it comes.
func (v *Vault) ask(ctx context.Context, wait time.Duration) error {
	v.mu.Lock()
	q := v.lock.asking
	if q == nil {
		q = &question{done: make(chan struct{})}
		v.lock.asking = q
		go func() {
			q.err = v.fetch()
			v.mu.Lock()
			v.lock.asking = nil
			v.mu.Unlock()
			close(q.done)
		}()
	}
	v.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-q.done:
		return q.err
	case <-timer.C:
		return context.DeadlineExceeded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetch takes the key from the keyring and opens the vault with it.
func (v *Vault) fetch() error {
	ctx, cancel := context.WithTimeout(v.life, v.cfg.PromptTimeout)
	defer cancel()
	s := v.state()
	text, err := v.cfg.Keyring.Get(ctx, service, s.home)
	if err != nil {
		return err
	}
	s = v.state() // a key may have been chosen, or the vault locked, while the prompt was up
	if s.byHand {
		return s.reason
	}
	if s.check == "" {
		return ErrNoKey // none was made yet; what lies there is makeInKeyring's to judge
	}
	key, err := sealerFromText(text)
	if err != nil || !key.fits(s.home, s.check) {
		return errSeal
	}
	v.open(ctx, key)
	return nil
}

func (v *Vault) open(ctx context.Context, key *sealer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if ctx.Err() == nil && !v.lock.byHand { // not after Close, nor LockUp
		v.key.Store(key)
	}
}

// makeInKeyring makes the key of a vault that has none, or of one that lost
// it before anything was sealed.
func (v *Vault) makeInKeyring(ctx context.Context, wait time.Duration) error {
	unlock, err := v.Lock(ctx, ".key")
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.readLockState(ctx); err != nil {
		return err
	}
	s := v.state()
	if s.kind == KeyPassphrase {
		return locked(platform.T("the vault is locked by its passphrase"), platform.T("give it with: relink unlock"))
	}
	kctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	// A key left by a start that died before it was written down, or just made
	// by another process, is as good as a new one.
	var key *sealer
	text, err := v.cfg.Keyring.Get(kctx, service, s.home)
	switch {
	case err == nil:
		if key, err = sealerFromText(text); err != nil || s.check != "" && !key.fits(s.home, s.check) {
			key, err = nil, errSeal
		}
	case !errors.Is(err, ErrNoKey):
		return deadlineOf(ctx, kctx, err)
	}
	if key == nil {
		if sealed, e := v.anySealed(ctx); e != nil || sealed {
			return cmp.Or(e, err)
		}
		if v.fresh == nil {
			v.fresh = freshSealer()
		}
		key = v.fresh // a write that was given up on may still land: it must be of this key
		if err := v.putInKeyring(kctx, s.home, key); err != nil {
			return deadlineOf(ctx, kctx, err)
		}
	}
	return v.adopt(ctx, KeyKeyring, key, s.check == "" || !key.fits(s.home, s.check))
}

// deadlineOf tells a keyring's silence from the end of the caller's own context.
func deadlineOf(ctx, kctx context.Context, err error) error {
	if ctx.Err() == nil && kctx.Err() != nil {
		return context.DeadlineExceeded
	}
	return err
}

// putInKeyring writes the key and reads it back: a keyring that says yes and
// forgets would lose everything.
func (v *Vault) putInKeyring(ctx context.Context, home string, key *sealer) error {
	if err := v.cfg.Keyring.Set(ctx, service, home, key.text()); err != nil {
		return err
	}
	back, err := v.cfg.Keyring.Get(ctx, service, home)
	if err != nil {
		return err
	}
	if back != key.text() {
		return locked(platform.T("the keyring did not keep the key it was given"), platform.T("choose a passphrase instead: relink unlock --new-passphrase"))
	}
	return nil
}

// adopt writes down where the key is and opens the vault with it. A new key is
// refused when anything was sealed with another.
func (v *Vault) adopt(ctx context.Context, kind string, key *sealer, isNew bool) error {
	s := v.state()
	check := s.check
	if isNew {
		check = key.check(s.home)
	}
	err := inTx(ctx, v.write, func(tx *sql.Tx) error {
		if isNew {
			var sealed bool
			if err := tx.QueryRowContext(ctx, anySealed).Scan(&sealed); err != nil {
				return err
			}
			if sealed {
				return ErrNoKey
			}
		}
		for k, val := range map[string]string{metaKind: kind, metaCheck: check} {
			if _, err := tx.ExecContext(ctx, setMeta, k, val); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, ErrNoKey) {
			return err
		}
		return storage(platform.T("write down where the key is"), err)
	}
	v.mu.Lock()
	v.lock.kind, v.lock.check, v.lock.reason = kind, check, nil
	v.mu.Unlock()
	v.open(v.life, key)
	return nil
}

const anySealed = "SELECT EXISTS (SELECT 1 FROM grants) OR EXISTS (SELECT 1 FROM apps WHERE sealed IS NOT NULL) OR EXISTS (SELECT 1 FROM secrets)"

func (v *Vault) anySealed(ctx context.Context) (bool, error) {
	var sealed bool
	err := v.read.QueryRowContext(ctx, anySealed).Scan(&sealed)
	return sealed, storage(platform.T("read the vault"), err)
}

// Unlock opens the vault with a passphrase. With create it chooses one: for a
// vault without a key, or, while the vault is open, in place of the keyring or
// of the passphrase before. Without a passphrase it is [Vault.TryUnlock] with
// patience for the keyring's prompt.
func (v *Vault) Unlock(ctx context.Context, passphrase string, create bool) error {
	v.mu.Lock()
	v.lock.byHand = false // whatever comes of it: the person asks for it to be open
	v.mu.Unlock()
	if passphrase == "" && !create {
		return v.tryUnlock(ctx, v.cfg.PromptTimeout)
	}
	if err := v.readLockState(ctx); err != nil {
		return err
	}
	err := v.unlock(ctx, passphrase, create)
	if v.key.Load() != nil {
		return err // a reason to be locked is none any more
	}
	return v.settle(err)
}

func (v *Vault) unlock(ctx context.Context, passphrase string, create bool) error {
	if passphrase == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the passphrase is empty"), Repair: platform.T("choose a longer one")}
	}
	if create {
		return v.choose(ctx, passphrase)
	}
	s := v.state()
	if s.kind != KeyPassphrase {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("this vault has no passphrase; its key is %s", v.KeyPlace()), Repair: platform.T("choose one with: relink unlock --new-passphrase")}
	}
	key, err := readKeyFile(v.cfg, passphrase)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return noKeyFile(v.cfg)
	case errors.Is(err, errPassphrase):
		return locked(platform.T("the passphrase is wrong"), platform.T("try again: relink unlock"))
	case err != nil:
		return storage(platform.T("read the key file"), err)
	case !key.fits(s.home, s.check):
		return locked(platform.T("the key file %s is not this vault's", v.cfg.path(keyFile)), platform.T("bring the right one back, or a backup: relink restore"))
	}
	v.mu.Lock()
	v.lock.reason = nil
	v.mu.Unlock()
	v.open(v.life, key)
	return nil
}

// choose puts the key under a new passphrase.
func (v *Vault) choose(ctx context.Context, passphrase string) error {
	unlock, err := v.Lock(ctx, ".key")
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.readLockState(ctx); err != nil {
		return err
	}
	s := v.state()
	key, isNew := v.key.Load(), false
	if key == nil {
		if sealed, err := v.anySealed(ctx); err != nil || sealed {
			if err != nil {
				return err
			}
			return locked(platform.T("the vault is locked, and a new passphrase would not open what it holds; the key is %s", v.KeyPlace()), platform.T("open it first: relink unlock"))
		}
		key, isNew = freshSealer(), true
	}
	if isNew && s.kind == KeyPassphrase && exists(v.cfg.path(keyFile)) {
		return locked(platform.T("the vault has a passphrase already"), platform.T("open it first: relink unlock"))
	}
	if err := writeKeyFile(v.cfg, v.cfg.path(keyFile), key, passphrase); err != nil {
		return err
	}
	if err := v.adopt(ctx, KeyPassphrase, key, isNew); err != nil {
		return err
	}
	if s.kind == KeyKeyring {
		v.dropFromKeyring(ctx, s.home)
	}
	return nil
}

// dropFromKeyring removes the key from the place it was moved from. It staying
// there is untidy, not wrong.
func (v *Vault) dropFromKeyring(ctx context.Context, home string) {
	ctx, cancel := context.WithTimeout(ctx, v.cfg.KeyringTimeout)
	defer cancel()
	if err := v.cfg.Keyring.Delete(ctx, service, home); err != nil {
		v.cfg.Log.Warn("the key's old item stays in the keyring", "item", service+"/"+home, "error", err)
	}
}

// UseKeyring moves the key into the keyring, or makes it there. A key under a
// passphrase must be open for that.
func (v *Vault) UseKeyring(ctx context.Context) error {
	if err := v.readLockState(ctx); err != nil {
		return err
	}
	s := v.state()
	if s.byHand {
		return s.reason
	}
	if s.kind != KeyPassphrase {
		return v.tryUnlock(ctx, v.cfg.PromptTimeout)
	}
	key := v.key.Load()
	if key == nil {
		return v.Locked()
	}
	unlock, err := v.Lock(ctx, ".key")
	if err != nil {
		return err
	}
	defer unlock()
	kctx, cancel := context.WithTimeout(ctx, v.cfg.PromptTimeout)
	defer cancel()
	if err := v.putInKeyring(kctx, s.home, key); err != nil {
		if own := (*platform.Error)(nil); errors.As(err, &own) {
			return own
		}
		return keyringFault(s, v.cfg, deadlineOf(ctx, kctx, err)).WithRepair(platform.T("the passphrase stays; try again when the keyring answers"))
	}
	if err := v.adopt(ctx, KeyKeyring, key, false); err != nil {
		return err
	}
	if err := os.Remove(v.cfg.path(keyFile)); err != nil {
		v.cfg.Log.Warn("the key file stays", "error", err)
	}
	return nil
}
