package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"relink/platform"
)

func init() {
	children["full"] = full
	children["readonly"] = readOnly
	children["limited"] = limited
	children["undeletable"] = undeletable
}

// alone runs a child as root of a user and mount namespace of its own, where
// it may mount what it likes and leaves nothing behind.
func alone(t *testing.T, what string) {
	t.Helper()
	cmd := child(t, what, "VAULT_DIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	switch {
	case len(out) == 0 && err != nil: // it never ran
		t.Skip("needs user and mount namespaces: ", err)
	case strings.Contains(string(out), "skip:"):
		t.Skip(strings.TrimSpace(string(out)))
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
}

func TestDiskFull(t *testing.T)             { alone(t, "full") }
func TestReadOnly(t *testing.T)             { alone(t, "readonly") }
func TestEraseNamesWhatIsLeft(t *testing.T) { alone(t, "undeletable") }
func TestFileLimit(t *testing.T)            { runLimited(t) }

// tinyDisk mounts 1 MB on the test's directory and begins a vault there.
func tinyDisk() (*Vault, Config, error) {
	cfg := Config{Dir: os.Getenv("VAULT_DIR") + "/vault", Keyring: newFakeKeyring()}
	if err := unix.Mount("none", os.Getenv("VAULT_DIR"), "tmpfs", 0, "size=1m"); err != nil {
		fmt.Println("skip: needs to mount a tmpfs:", err)
		os.Exit(0)
	}
	v, err := Open(context.Background(), cfg)
	if err != nil {
		return nil, cfg, err
	}
	return v, cfg, v.Create(context.Background(), testAccount(1), testGrant("account001", 1))
}

func full() error {
	v, cfg, err := tinyDisk()
	if err != nil {
		return err
	}
	filler := os.Getenv("VAULT_DIR") + "/filler"
	f, err := os.Create(filler)
	if err != nil {
		return err
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the disk cannot be filled: %w", err)
	}
	failed, err := saveUntilRefused(v, "full", "disk is full")
	if err != nil {
		return err
	}
	// A passphrase that cannot be written changes nothing either.
	if err := v.Unlock(context.Background(), "pass", true); platform.KindOf(err) != platform.KindStorage || v.Key() != KeyKeyring {
		return fmt.Errorf("new passphrase on a full disk: %w, key %q", err, v.Key())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	return savesAgain(v, cfg, failed)
}

// saveUntilRefused saves generations until one is refused, and checks that
// nothing of that one was stored.
func saveUntilRefused(v *Vault, code, says string) (refused int, err error) {
	ctx := context.Background()
	for generation := 2; ; generation++ {
		err := v.Save(ctx, testGrant("account001", generation))
		if err == nil {
			if generation > 5000 {
				return 0, errors.New("5000 saves and no limit met")
			}
			continue
		}
		var e *platform.Error
		if !errors.As(err, &e) || e.Kind != platform.KindStorage || e.Code != code || !strings.Contains(e.Message, says) || e.Repair == "" {
			return 0, fmt.Errorf("generation %d: got %w", generation, err)
		}
		g, err := v.Grant(ctx, "account001")
		if err != nil || g.Generation != generation-1 || g.Tokens != testGrant("account001", generation-1).Tokens {
			return 0, fmt.Errorf("generation %d was refused, and %d is there: %w", generation, g.Generation, err)
		}
		return generation, nil
	}
}

// savesAgain checks that all goes on where it was once there is space.
func savesAgain(v *Vault, cfg Config, generation int) error {
	ctx := context.Background()
	if err := v.Save(ctx, testGrant("account001", generation)); err != nil {
		return fmt.Errorf("with space again: %w", err)
	}
	if err := v.Close(); err != nil {
		return err
	}
	v, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	g, err := v.Grant(ctx, "account001")
	if err != nil || g.Generation != generation || v.SetAside() != "" {
		return fmt.Errorf("after a new start generation %d is there, want %d: %w", g.Generation, generation, err)
	}
	fmt.Println("stored again from generation", generation)
	return v.Close()
}

func readOnly() error {
	v, cfg, err := tinyDisk()
	if err != nil {
		return err
	}
	if err := v.Close(); err != nil {
		return err
	}
	remount := func(flags uintptr) error {
		return unix.Mount("none", os.Getenv("VAULT_DIR"), "tmpfs", unix.MS_REMOUNT|flags, "size=1m")
	}
	if err := remount(unix.MS_RDONLY); err != nil {
		return err
	}
	_, err = Open(context.Background(), cfg)
	var e *platform.Error
	if !errors.As(err, &e) || e.Kind != platform.KindStorage || e.Code != "read_only" || e.Repair == "" {
		return fmt.Errorf("got %w", err)
	}
	if err := remount(0); err != nil {
		return err
	}
	if v, err = Open(context.Background(), cfg); err != nil {
		return err
	}
	fmt.Println(e)
	return savesAgain(v, cfg, 2)
}

// runLimited needs no privileges: the child may not let a file grow.
func runLimited(t *testing.T) {
	out, err := child(t, "limited", "VAULT_DIR="+t.TempDir()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
}

func limited() error {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	ctx := context.Background()
	cfg := Config{Dir: os.Getenv("VAULT_DIR") + "/vault", Keyring: newFakeKeyring()}
	v, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	if err := v.Create(ctx, testAccount(1), testGrant("account001", 1)); err != nil {
		return err
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 300_000, Max: old.Max}); err != nil {
		return err
	}
	refused, err := saveUntilRefused(v, "io", "reports an error")
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	return savesAgain(v, cfg, refused)
}

// undeletable deletes a vault of which one thing cannot be deleted: something is mounted there.
func undeletable() error {
	v, cfg, err := tinyDisk()
	if err != nil {
		return err
	}
	if err := v.Close(); err != nil {
		return err
	}
	stuck := cfg.Dir + "/.backup-1"
	if err := os.Mkdir(stuck, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("none", stuck, "tmpfs", 0, "size=64k"); err != nil {
		return err
	}
	err = Erase(context.Background(), cfg)
	var e *platform.Error
	if !errors.As(err, &e) || e.Kind != platform.KindStorage || !strings.Contains(e.Message, stuck) || strings.Contains(e.Error(), "nothing was changed") {
		return fmt.Errorf("it says %w", err)
	}
	if exists(cfg.path(fileName)) || exists(cfg.path(draftDir)) {
		return errors.New("what could be deleted is still there")
	}
	if err := unix.Unmount(stuck, 0); err != nil {
		return err
	}
	if err := Erase(context.Background(), cfg); err != nil {
		return err
	}
	if exists(stuck) {
		return errors.New("the second time left it, too")
	}
	fmt.Println("deleted, and what was left was named")
	return nil
}
