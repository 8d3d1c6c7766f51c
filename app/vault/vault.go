// Package vault stores what Relink keeps: accounts, grants, app registrations,
// history and the ledger of reminders, in one SQLite file, with every secret sealed.
//
// Tokens and client secrets are sealed with XChaCha20-Poly1305. The 32-byte key
// is the only thing in the OS keyring; where there is none, it lies in a key
// file under a passphrase the person chose, never in the plain. While the key
// cannot be had the vault is locked: who, when and state stay readable, and an
// error of [platform.KindLocked] says how to open it.
//
// Everything is durable when a method returns (WAL, synchronous=FULL), and a
// method either changes everything it names or nothing. A file that is damaged
// is set aside, one from a newer Relink refused; neither is written to.
// Several processes may open one vault.
//
// Errors are *[platform.Error] with KindStorage (disk or file), KindLocked,
// KindNotFound or KindUsage, but for a context that ended.
package vault

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"relink/app/agent"
	"relink/platform"
)

const (
	fileName = "relink.db"
	lockDir  = "locks"

	// DefaultKeyringTimeout is how long a keyring is waited for when nobody asked for it.
	DefaultKeyringTimeout = 3 * time.Second
	// DefaultPromptTimeout is how long when a person may be typing a password into its prompt.
	DefaultPromptTimeout = time.Minute
)

// Config of a vault. Dir is required; the zero value of the rest works.
type Config struct {
	// Dir holds the vault's files. It is made if missing, and kept at 0700.
	Dir string
	// Keyring keeps the key; nil means the system's.
	Keyring Keyring
	// Log gets repairs and late answers; nil means nowhere.
	Log *slog.Logger
	// PassphraseFile names a file whose first line is the passphrase, for
	// machines without a person (RELINK_PASSPHRASE_FILE). Naming one is the
	// choice of a passphrase where no choice was made yet.
	PassphraseFile string
	// KeyringTimeout and PromptTimeout limit one wait for the keyring; zero
	// means the defaults.
	KeyringTimeout, PromptTimeout time.Duration
	// Work is scrypt's work factor (log2) for new passphrases; zero means age's
	// own, about a second.
	Work int
	// Now is the clock for file names and the age of history; nil means time.Now.
	Now func() time.Time
}

func (c Config) filled() Config {
	if c.Dir == "" {
		panic("vault: Config needs Dir")
	}
	if c.Keyring == nil {
		c.Keyring = System{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if c.KeyringTimeout <= 0 {
		c.KeyringTimeout = DefaultKeyringTimeout
	}
	if c.PromptTimeout <= 0 {
		c.PromptTimeout = DefaultPromptTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Config) path(name string) string { return filepath.Join(c.Dir, name) }

// Vault is an open vault. Its methods may be called from any goroutine.
type Vault struct {
	cfg Config
	// write has one connection, so that writers of this process queue here
	// and not in SQLite's busy loop; read has several.
	write, read *sql.DB
	stmts       statements
	// inUse is held shared while the vault is open: nobody moves the file away.
	inUse    *flock.Flock
	setAside string

	// life ends with Close: a keyring that answers later opens nothing.
	life context.Context
	end  context.CancelFunc
	key  atomic.Pointer[sealer]
	mu   sync.Mutex // guards lock
	lock lockState
	// fresh is the key offered to the keyring; held with the lock ".key".
	fresh *sealer
}

var _ agent.Vault = (*Vault)(nil)

// Open opens the vault in cfg.Dir, or begins one. It waits for the keyring no
// longer than KeyringTimeout; the vault then opens locked, see [Vault.Locked].
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	cfg = cfg.filled()
	if err := secureDirs(cfg); err != nil {
		return nil, err
	}
	v := &Vault{cfg: cfg, inUse: flock.New(cfg.path(lockDir+"/vault"), flock.SetPermissions(0o600))}
	v.life, v.end = context.WithCancel(context.Background())
	if err := v.start(ctx); err != nil {
		_ = v.Close()
		return nil, err
	}
	return v, nil
}

func (v *Vault) start(ctx context.Context) error {
	// One process at a time checks, migrates and sets aside.
	unlock, err := v.Lock(ctx, ".open")
	if err != nil {
		return err
	}
	defer unlock()
	if v.setAside, err = checkFile(ctx, v.cfg); err != nil {
		return err
	}
	if ok, err := v.inUse.TryRLock(); err != nil || !ok {
		return storage(platform.T("open the vault"), orBusy(err))
	}
	if v.write, err = openDB(v.cfg.path(fileName), 1, false); err != nil {
		return storage(platform.T("open the vault"), err)
	}
	if err := migrate(ctx, v.write, migrations); err != nil {
		return storage(platform.T("open the vault"), err)
	}
	if v.read, err = openDB(v.cfg.path(fileName), 4, true); err != nil {
		return storage(platform.T("open the vault"), err)
	}
	if err := v.stmts.prepare(ctx, v.read); err != nil {
		return storage(platform.T("open the vault"), err)
	}
	if err := v.prune(ctx); err != nil {
		return err
	}
	if err := v.readLockState(ctx); err != nil {
		return err
	}
	// A vault that stays locked is open all the same.
	if err := v.tryUnlock(ctx, v.cfg.KeyringTimeout); err != nil {
		v.cfg.Log.Warn("vault is locked", "reason", err)
	}
	return ctx.Err()
}

// SetAside is the sentence about a damaged file that Open has set aside; empty when none was.
func (v *Vault) SetAside() string { return v.setAside }

// Close closes the files and forgets the key.
func (v *Vault) Close() error {
	v.end()
	v.key.Store(nil)
	v.stmts.close()
	var err error
	for _, db := range []*sql.DB{v.read, v.write} {
		if db != nil {
			if e := db.Close(); e != nil && err == nil {
				err = fmt.Errorf("close vault: %w", e)
			}
		}
	}
	_ = v.inUse.Close()
	return err
}

// openDB opens the SQLite file with a number of connections.
func openDB(path string, conns int, readOnly bool) (*sql.DB, error) {
	pragmas := []string{
		"busy_timeout(5000)", "foreign_keys(1)", "journal_mode(wal)", "synchronous(full)",
		"cache_size(-200)", "temp_store(memory)",
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(1)")
	}
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", fileURI(path)+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if readOnly {
		// The second reader and on are for bursts; the first stays warm.
		db.SetMaxIdleConns(1)
	}
	return db, nil
}

// fileURI names a file as SQLite's URI form wants it, whatever is in its path.
func fileURI(path string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") && filepath.IsAbs(path) {
		p = "/" + p // a Windows drive
	}
	return "file:" + (&url.URL{Path: p}).EscapedPath()
}

// secureDirs makes the vault's directories and file, and repairs their permissions.
func secureDirs(cfg Config) error {
	for _, dir := range []string{cfg.Dir, cfg.path(lockDir), cfg.path(draftDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return storage(platform.T("make %s", dir), err)
		}
		if err := restrict(cfg, dir, 0o700); err != nil {
			return err
		}
	}
	names, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return storage(platform.T("read %s", cfg.Dir), err)
	}
	for _, e := range names {
		if e.Type().IsRegular() {
			if err := restrict(cfg, cfg.path(e.Name()), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// restrict takes away what a mode grants beyond the one given.
func restrict(cfg Config, path string, mode os.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		if os.IsNotExist(err) {
			return nil // a journal that SQLite has just removed
		}
		return storage(platform.T("check the permissions of %s", path), err)
	}
	if !checksModes || info.Mode().Perm()&^mode == 0 {
		return nil
	}
	cfg.Log.Warn("permissions were too wide and have been repaired", "path", path, "were", info.Mode().Perm().String())
	if err := os.Chmod(path, mode); err != nil {
		return storage(platform.T("restrict %s", path), err)
	}
	return nil
}

// NewID makes an account's id: ten letters and digits.
func NewID() string { return strings.ToLower(rand.Text()[:10]) }

// Lock keeps an account to the caller, across processes, until unlock is
// called or the process ends. It waits until ctx ends.
func (v *Vault) Lock(ctx context.Context, account string) (unlock func(), err error) {
	if account == "" || strings.ContainsAny(account, `/\:`) {
		return nil, noAccount(account)
	}
	f := flock.New(v.cfg.path(filepath.Join(lockDir, account)), flock.SetPermissions(0o600))
	if _, err := f.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		_ = f.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("lock account %s: %w", account, ctx.Err())
		}
		return nil, storage(platform.T("lock the account"), err)
	}
	return func() { _ = f.Close() }, nil
}

func noAccount(id string) *platform.Error {
	return &platform.Error{Kind: platform.KindNotFound, Message: platform.T("no account %s is stored", id), Repair: platform.T("see which there are: relink status")}
}
