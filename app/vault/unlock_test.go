package vault

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestFreshVaultMakesItsKeyInTheKeyring(t *testing.T) {
	cfg, k := testConfig(t)
	v := mustOpen(t, cfg)
	check(t, v.Locked())
	if v.Key() != KeyKeyring || len(k.items) != 1 || !strings.Contains(v.KeyPlace(), "relink/") {
		t.Errorf("key %q, %d items, place %q", v.Key(), len(k.items), v.KeyPlace())
	}
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	check(t, v.Close())
	v = mustOpen(t, cfg)
	if _, err := v.Grant(t.Context(), "account001"); err != nil {
		t.Error(err)
	}
	// Another vault has its own key in the same keyring.
	other := cfg
	other.Dir = t.TempDir()
	mustOpen(t, other)
	if len(k.items) != 2 {
		t.Errorf("%d items for two vaults", len(k.items))
	}
}

// lockedVault gives a vault that holds something and was closed.
func lockedVault(t *testing.T) (Config, *fakeKeyring) {
	t.Helper()
	cfg, k := testConfig(t)
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	check(t, v.Close())
	return cfg, k
}

func TestKeyringFaultsLockAndLoseNothing(t *testing.T) {
	tests := []struct {
		name  string
		fault func(k *fakeKeyring, item string)
		says  string
	}{
		{"locked", func(k *fakeKeyring, _ string) { k.fault = errKeyringLocked }, "locked or refuses"},
		{"absent", func(k *fakeKeyring, _ string) { k.fault = ErrNoKeyring }, "no keyring"},
		{"slow", func(k *fakeKeyring, _ string) { k.hold = make(chan struct{}) }, "does not answer"},
		{"item gone", func(k *fakeKeyring, item string) { delete(k.items, item) }, "not in the keyring"},
		{"wrong key", func(k *fakeKeyring, item string) { k.items[item] = freshSealer().text() }, "not this vault's"},
		{"garbage", func(k *fakeKeyring, item string) { k.items[item] = "%%%" }, "not this vault's"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, k := lockedVault(t)
			cfg.KeyringTimeout = 50 * time.Millisecond
			working := maps.Clone(k.items)
			item := slices.Collect(maps.Keys(working))[0]
			k.set(func(k *fakeKeyring) { tt.fault(k, item) })
			started := time.Now()
			v := mustOpen(t, cfg)
			if took := time.Since(started); took > time.Second {
				t.Errorf("open took %v", took)
			}
			if e := wantKind(t, v.Locked(), platform.KindLocked); !strings.Contains(e.Message, tt.says) {
				t.Errorf("got %q, want it to say %q", e.Message, tt.says)
			}
			ctx := t.Context()
			_, err := v.Grant(ctx, "account001")
			wantKind(t, err, platform.KindLocked)
			wantKind(t, v.Save(ctx, testGrant("account001", 2)), platform.KindLocked)
			wantKind(t, v.Unlock(ctx, "new pass phrase", true), platform.KindLocked)
			wantKind(t, v.TryUnlock(ctx), platform.KindLocked)
			accounts, grants, err := v.Load(ctx)
			if err != nil || len(accounts) != 1 || grants["account001"].Generation != 1 {
				t.Errorf("metadata cannot be read while locked: %v", err)
			}
			k.set(func(k *fakeKeyring) {
				if k.hold != nil {
					close(k.hold)
				}
				k.items, k.fault, k.hold = working, nil, nil
			})
			check(t, v.TryUnlock(ctx))
			check(t, v.Locked())
			if g, err := v.Grant(ctx, "account001"); err != nil || g.Tokens != testGrant("account001", 1).Tokens {
				t.Errorf("the token is not what it was (%v)", err)
			}
		})
	}
}

func TestSlowKeyringOpensTheVaultLate(t *testing.T) {
	cfg, k := lockedVault(t)
	cfg.KeyringTimeout = 20 * time.Millisecond
	hold := make(chan struct{})
	k.set(func(k *fakeKeyring) { k.hold, k.gets = hold, 0 })
	v := mustOpen(t, cfg)
	for range 5 {
		wantKind(t, v.TryUnlock(t.Context()), platform.KindLocked)
	}
	k.set(func(k *fakeKeyring) {
		if k.gets != 1 {
			t.Errorf("the keyring was asked %d times at once: that many prompts", k.gets)
		}
	})
	close(hold) // the person answers the prompt
	for deadline := time.Now().Add(5 * time.Second); v.Locked() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the late answer did not open the vault")
		}
	}
}

func TestNoKeyringNamesBothWays(t *testing.T) {
	cfg, k := testConfig(t)
	k.fault = ErrNoKeyring
	v := mustOpen(t, cfg)
	e := wantKind(t, v.Locked(), platform.KindLocked)
	if !strings.Contains(e.Repair, "relink unlock --new-passphrase") || !strings.Contains(e.Repair, "start it") {
		t.Errorf("the repair %q does not name both ways", e.Repair)
	}
	if v.Key() != "" || v.KeyPlace() != "not chosen yet" {
		t.Errorf("got key %q, place %q", v.Key(), v.KeyPlace())
	}
	wantKind(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)), platform.KindLocked)
	if exists(cfg.path(keyFile)) {
		t.Error("a key file was made that nobody asked for")
	}
	// One way: the keyring comes.
	k.set(func(k *fakeKeyring) { k.fault = nil })
	check(t, v.TryUnlock(t.Context()))
}

func TestForgetfulKeyringIsNotTrusted(t *testing.T) {
	cfg, k := testConfig(t)
	k.forgets = true
	v := mustOpen(t, cfg)
	wantKind(t, v.Locked(), platform.KindLocked)
	if v.Key() != "" {
		t.Errorf("got key %q", v.Key())
	}
}

func TestLostKeyOfAnEmptyVaultIsMadeAnew(t *testing.T) {
	cfg, k := testConfig(t)
	check(t, mustOpen(t, cfg).Close())
	clear(k.items)
	v := mustOpen(t, cfg)
	check(t, v.Locked())
	if len(k.items) != 1 {
		t.Errorf("%d items", len(k.items))
	}
}

func TestPassphrase(t *testing.T) {
	cfg, k := testConfig(t)
	k.fault = ErrNoKeyring
	v := mustOpen(t, cfg)
	ctx := t.Context()
	wantKind(t, v.Unlock(ctx, "first", false), platform.KindUsage)
	wantKind(t, v.Unlock(ctx, "", true), platform.KindUsage)
	check(t, v.Unlock(ctx, "first", true))
	check(t, v.Create(ctx, testAccount(1), testGrant("account001", 1)))
	if v.Key() != KeyPassphrase || !strings.Contains(v.KeyPlace(), keyFile) {
		t.Errorf("key %q, place %q", v.Key(), v.KeyPlace())
	}
	check(t, v.Close())

	v = mustOpen(t, cfg)
	wantKind(t, v.Locked(), platform.KindLocked)
	wantKind(t, v.Unlock(ctx, "wrong", false), platform.KindLocked)
	wantKind(t, v.Unlock(ctx, "other", true), platform.KindLocked)
	wantKind(t, v.Unlock(ctx, "", false), platform.KindLocked)
	wantKind(t, v.UseKeyring(ctx), platform.KindLocked)
	check(t, v.Unlock(ctx, "first", false))
	if _, err := v.Grant(ctx, "account001"); err != nil {
		t.Error(err)
	}
	// A change of passphrase keeps the key.
	check(t, v.Unlock(ctx, "second", true))
	check(t, v.Close())
	v = mustOpen(t, cfg)
	wantKind(t, v.Unlock(ctx, "first", false), platform.KindLocked)
	check(t, v.Unlock(ctx, "second", false))

	// Into the keyring, and back out.
	wantKind(t, v.UseKeyring(ctx), platform.KindLocked) // still none
	check(t, v.Locked())
	k.set(func(k *fakeKeyring) { k.fault = nil })
	check(t, v.UseKeyring(ctx))
	if v.Key() != KeyKeyring || exists(cfg.path(keyFile)) {
		t.Errorf("key %q, key file there: %v", v.Key(), exists(cfg.path(keyFile)))
	}
	check(t, v.Close())
	v = mustOpen(t, cfg)
	if _, err := v.Grant(ctx, "account001"); err != nil {
		t.Error(err)
	}
	check(t, v.Unlock(ctx, "third", true))
	if v.Key() != KeyPassphrase || len(k.items) != 0 {
		t.Errorf("key %q, %d items left", v.Key(), len(k.items))
	}
	check(t, v.Close())
	check(t, os.Rename(cfg.path(keyFile), cfg.path("elsewhere")))
	v = mustOpen(t, cfg)
	if e := wantKind(t, v.Locked(), platform.KindLocked); !strings.Contains(e.Message, "missing") {
		t.Errorf("got %q", e)
	}
	wantKind(t, v.Unlock(ctx, "third", false), platform.KindLocked)
	wantKind(t, v.Unlock(ctx, "fourth", true), platform.KindLocked)
}

func TestPassphraseFile(t *testing.T) {
	cfg, k := testConfig(t)
	k.fault = ErrNoKeyring
	cfg.PassphraseFile = filepath.Join(t.TempDir(), "pass")
	v := mustOpen(t, cfg)
	wantKind(t, v.Locked(), platform.KindLocked)
	check(t, os.WriteFile(cfg.PassphraseFile, []byte("\nx"), 0o600))
	wantKind(t, v.TryUnlock(t.Context()), platform.KindLocked)
	check(t, os.WriteFile(cfg.PassphraseFile, []byte("from the file\r\nnot this"), 0o600))
	check(t, v.TryUnlock(t.Context()))
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	check(t, v.Close())
	v = mustOpen(t, cfg)
	check(t, v.Locked())
	check(t, v.Close())
	cfg.PassphraseFile = ""
	v = mustOpen(t, cfg)
	check(t, v.Unlock(t.Context(), "from the file", false))
}

func TestUnlockEndsWithItsContext(t *testing.T) {
	cfg, k := lockedVault(t)
	k.set(func(k *fakeKeyring) { k.fault = errKeyringLocked })
	v := mustOpen(t, cfg)
	hold := make(chan struct{})
	defer close(hold)
	k.set(func(k *fakeKeyring) { k.hold = hold })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	started := time.Now()
	if err := v.UseKeyring(ctx); err == nil || time.Since(started) > time.Second {
		t.Errorf("got %v after %v", err, time.Since(started))
	}
}

// TestTwoStartsMakeOneKey: several first starts at once end with one key.
func TestTwoStartsMakeOneKey(t *testing.T) {
	cfg, k := testConfig(t)
	type result struct {
		v   *Vault
		err error
	}
	ch := make(chan result)
	for range 4 {
		go func() {
			v, err := Open(context.Background(), cfg)
			ch <- result{v, err}
		}()
	}
	for i := range 4 {
		r := <-ch
		check(t, r.err)
		t.Cleanup(func() { _ = r.v.Close() })
		check(t, r.v.Locked())
		a := testAccount(i)
		check(t, r.v.Create(t.Context(), a, testGrant(a.ID, 1)))
	}
	if len(k.items) != 1 {
		t.Errorf("%d keys", len(k.items))
	}
	v := mustOpen(t, cfg)
	for i := range 4 {
		if _, err := v.Grant(t.Context(), testAccount(i).ID); err != nil {
			t.Error(err)
		}
	}
}

// Asking again by itself never puts up a prompt; a person's word does.
func TestTryUnlockPromptsNobody(t *testing.T) {
	cfg, k := lockedVault(t)
	k.set(func(k *fakeKeyring) { k.fault = errKeyringLocked })
	v := mustOpen(t, cfg)
	k.set(func(k *fakeKeyring) { k.fault, k.prompts, k.gets = nil, true, 0 })
	if e := wantKind(t, v.TryUnlock(t.Context()), platform.KindLocked); !strings.Contains(e.Message, "locked") {
		t.Errorf("got %q", e.Message)
	}
	k.set(func(k *fakeKeyring) {
		if k.gets != 0 {
			t.Errorf("the keyring was asked %d times", k.gets)
		}
	})
	check(t, v.Unlock(t.Context(), "", false))
	check(t, v.Locked())
}
