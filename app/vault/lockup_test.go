package vault

import (
	"context"
	"strings"
	"testing"

	"relink/app/agent"
	"relink/platform"
)

func TestLockUpHoldsUntilUnlock(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	v.LockUp()
	if e := platform.As(v.Locked(), ""); e == nil || e.Code != agent.LockedByHand {
		t.Errorf("locked: %v, want it to say by whom", e)
	}
	wantKind(t, v.Locked(), platform.KindLocked)
	if _, err := v.Grant(t.Context(), "account001"); platform.KindOf(err) != platform.KindLocked {
		t.Errorf("read a grant: %v", err)
	}
	// The keyring would answer; nobody but the person opens it.
	wantKind(t, v.TryUnlock(t.Context()), platform.KindLocked)
	wantKind(t, v.UseKeyring(t.Context()), platform.KindLocked)
	wantKind(t, v.Locked(), platform.KindLocked)
	check(t, v.Unlock(t.Context(), "", false))
	check(t, v.Locked())
	if _, err := v.Grant(t.Context(), "account001"); err != nil {
		t.Error(err)
	}
}

// An answer of the keyring that comes after the vault was locked opens nothing.
func TestLockUpBesideALateKeyring(t *testing.T) {
	cfg, k := lockedVault(t)
	hold := make(chan struct{})
	k.set(func(k *fakeKeyring) { k.hold = hold })
	v := mustOpen(t, cfg)
	v.mu.Lock()
	q := v.lock.asking
	v.mu.Unlock()
	if q == nil {
		t.Fatal("nobody asks the keyring")
	}
	v.LockUp()
	close(hold)
	<-q.done
	wantKind(t, v.Locked(), platform.KindLocked)
}

func TestKeyringTest(t *testing.T) {
	cfg, k := testConfig(t)
	v := mustOpen(t, cfg)
	items := len(k.items)
	name, err := v.TestKeyring(t.Context())
	if err != nil || name == "" || len(k.items) != items {
		t.Errorf("got %q, %v, and %d items where %d were", name, err, len(k.items), items)
	}
	for what, fault := range map[string]struct {
		set  func(*fakeKeyring)
		says string
	}{
		"absent":  {func(k *fakeKeyring) { k.fault = ErrNoKeyring }, "there is none"},
		"locked":  {func(k *fakeKeyring) { k.fault = errKeyringLocked }, "failed to unlock"},
		"forgets": {func(k *fakeKeyring) { k.forgets = true }, "no such item"},
		"keeps":   {func(k *fakeKeyring) { k.sticks = true }, "it is still there"},
		"silent":  {func(k *fakeKeyring) { k.hold = make(chan struct{}) }, "does not answer"},
	} {
		k.set(func(k *fakeKeyring) { k.fault, k.forgets, k.sticks, k.hold = nil, false, false, nil; fault.set(k) })
		_, err := v.TestKeyring(t.Context())
		if e := wantKind(t, err, platform.KindLocked); e != nil && (!strings.Contains(e.Message, fault.says) || e.Repair == "") {
			t.Errorf("%s: got %v", what, e)
		}
	}
	k.set(func(k *fakeKeyring) { k.fault, k.forgets, k.sticks, k.hold = nil, false, false, make(chan struct{}) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.TestKeyring(ctx); err != context.Canceled { //nolint:errorlint // the error itself
		t.Errorf("cancelled: got %v", err)
	}
}
