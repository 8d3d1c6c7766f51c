package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

func init() {
	children["keyring"] = realKeyring
	children["no-service"] = noService
}

// inSession runs a shell script on a D-Bus session of its own, with a home of
// its own; $SELF is this binary.
func inSession(t *testing.T, what, script string, needs ...string) {
	t.Helper()
	for _, name := range append(needs, "dbus-run-session") {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("needs ", name)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	check(t, err)
	home := t.TempDir()
	cmd := exec.CommandContext(ctx, "dbus-run-session", "--", "sh", "-c", script)
	cmd.Env = append(os.Environ(), childEnv+"="+what, "SELF="+self, "HOME="+home, "XDG_RUNTIME_DIR="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home,
		"VAULT_DIR="+home+"/vault", "DISPLAY=", "WAYLAND_DISPLAY=", "GNOME_KEYRING_CONTROL=", "SSH_AUTH_SOCK=")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
}

// TestGnomeKeyring keeps a vault's key in a real gnome-keyring: made there,
// found by the next start, locked, unlocked again.
func TestGnomeKeyring(t *testing.T) {
	inSession(t, "keyring", `
		printf 'a test password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
		exec "$SELF"`, "gnome-keyring-daemon")
}

func realKeyring() error {
	ctx := context.Background()
	cfg := Config{Dir: os.Getenv("VAULT_DIR"), Log: slog.New(slog.DiscardHandler), Work: 10}
	v, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	if err := v.Locked(); err != nil {
		return fmt.Errorf("first start: %w", err)
	}
	if err := v.Create(ctx, testAccount(1), testGrant("account001", 1)); err != nil {
		return err
	}
	if err := v.Close(); err != nil {
		return err
	}
	if v, err = Open(ctx, cfg); err != nil {
		return err
	}
	if g, err := v.Grant(ctx, "account001"); err != nil || g.Tokens != testGrant("account001", 1).Tokens {
		return fmt.Errorf("second start: %w", err)
	}
	place := v.KeyPlace()
	if err := v.Close(); err != nil {
		return err
	}
	// Locked, and no display to ask the person on: refused, in time.
	if err := lockKeyring(); err != nil {
		return err
	}
	started := time.Now()
	if v, err = Open(ctx, cfg); err != nil {
		return err
	}
	if err := v.Locked(); platform.KindOf(err) != platform.KindLocked {
		return fmt.Errorf("with a locked keyring: got %w", err)
	}
	fmt.Println("locked:", v.Locked(), "after", time.Since(started).Round(time.Millisecond))
	if !(System{}).WouldPrompt(ctx) {
		return errors.New("a locked keyring is not told from an open one")
	}
	if err := v.TryUnlock(ctx); platform.KindOf(err) != platform.KindLocked || !strings.Contains(err.Error(), "locked") {
		return fmt.Errorf("asking again without a person: got %w", err)
	}
	if accounts, _, err := v.Load(ctx); err != nil || len(accounts) != 1 {
		return fmt.Errorf("metadata while locked: %d accounts, %w", len(accounts), err)
	}
	unlock := exec.Command("gnome-keyring-daemon", "--replace", "--unlock", "--components=secrets")
	unlock.Stdin = strings.NewReader("a test password")
	if out, err := unlock.CombinedOutput(); err != nil {
		return fmt.Errorf("unlock the keyring: %w: %s", err, out)
	}
	for range 20 {
		if err = v.TryUnlock(ctx); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("unlocked again: %w", err)
	}
	if (System{}).WouldPrompt(ctx) {
		return errors.New("an open keyring is taken for a locked one")
	}
	// Out of the keyring: no item stays.
	if err := v.Unlock(ctx, "pass phrase", true); err != nil {
		return err
	}
	_, home, _ := strings.Cut(place, service+"/")
	if _, err := (System{}).Get(ctx, service, home); !errors.Is(err, ErrNoKey) {
		return fmt.Errorf("the item %q after the key was moved: got %w", home, err)
	}
	fmt.Println(place)
	return v.Close()
}

func lockKeyring() error {
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		return err
	}
	defer func() { _ = bus.Close() }()
	return bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{"/org/freedesktop/secrets/collection/login"}).Err
}

// TestSessionWithoutSecretService: a bus that knows no keyring is "none", not "locked".
func TestSessionWithoutSecretService(t *testing.T) {
	bus := t.TempDir() + "/bus.conf"
	check(t, os.WriteFile(bus, []byte(`<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
		<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600))
	inSession(t, "no-service", `exec dbus-run-session --config-file=`+bus+` -- "$SELF"`)
}

func noService() error {
	v, err := Open(context.Background(), Config{Dir: os.Getenv("VAULT_DIR"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	var e *platform.Error
	if err := v.Locked(); !errors.As(err, &e) || !errors.Is(e, ErrNoKeyring) || !strings.Contains(e.Repair, "--new-passphrase") {
		return fmt.Errorf("got %w", err)
	}
	fmt.Println(e)
	return v.Close()
}

// TestNoSessionBus: on a machine without any bus nothing is started to have one.
func TestNoSessionBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	started := time.Now()
	if _, err := (System{}).Get(t.Context(), service, "x"); !errors.Is(err, ErrNoKeyring) || time.Since(started) > time.Second {
		t.Errorf("got %v after %v", err, time.Since(started))
	}
}
