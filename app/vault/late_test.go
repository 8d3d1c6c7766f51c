package vault

import (
	"bytes"
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"relink/platform"
)

func acct(id string) (platform.Account, platform.Grant) {
	return platform.Account{ID: id, Platform: "mastodon", Alias: id}, platform.Grant{Generation: 1, Tokens: platform.Tokens{Access: platform.NewSecret("tok-" + id)}}
}

// A prompt answered late must not bring back the key that a passphrase replaced.
func TestLateKeyOverwrites(t *testing.T) {
	cfg, k := testConfig(t)
	cfg.KeyringTimeout = 50 * time.Millisecond
	cfg.PromptTimeout = 5 * time.Second
	cfg.Keyring = heldDelete{k}
	v := mustOpen(t, cfg)
	_ = v.Close() // key made, nothing sealed
	hold := make(chan struct{})
	k.set(func(k *fakeKeyring) { k.hold = hold })
	v = mustOpen(t, cfg)
	if v.Locked() == nil {
		t.Fatal("open")
	}
	check(t, v.Unlock(t.Context(), "passphrase", true))
	close(hold)
	time.Sleep(200 * time.Millisecond)
	a, g := acct("aaa")
	check(t, v.Create(t.Context(), a, g))
	_ = v.Close()
	v = mustOpen(t, cfg)
	check(t, v.Unlock(t.Context(), "passphrase", false))
	if _, err := v.Grant(t.Context(), "aaa"); err != nil {
		t.Errorf("token lost: %v", err)
	}
}

type slowSet struct {
	*fakeKeyring
	n     atomic.Int32
	first chan struct{}
}

func (s *slowSet) Set(ctx context.Context, a, b, c string) error {
	if s.n.Add(1) == 1 {
		go func() { <-s.first; _ = s.fakeKeyring.Set(context.Background(), a, b, c) }()
		<-ctx.Done()
		return ctx.Err()
	}
	return s.fakeKeyring.Set(ctx, a, b, c)
}

// A keyring write that was given up on may land later; it must be of the same key.
func TestLateSet(t *testing.T) {
	cfg, k := testConfig(t)
	s := &slowSet{fakeKeyring: k, first: make(chan struct{})}
	cfg.Keyring = s
	cfg.KeyringTimeout = 50 * time.Millisecond
	v := mustOpen(t, cfg)
	check(t, v.TryUnlock(t.Context()))
	a, g := acct("aaa")
	check(t, v.Create(t.Context(), a, g))
	close(s.first)
	time.Sleep(100 * time.Millisecond)
	_ = v.Close()
	v = mustOpen(t, cfg)
	if _, err := v.Grant(t.Context(), "aaa"); err != nil {
		t.Errorf("token lost: %v", err)
	}
}

// A journal left of a vault that is gone must not spoil a restored one.
func TestStaleWAL(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	a, g := acct("aaa")
	check(t, v.Create(t.Context(), a, g))
	var b bytes.Buffer
	check(t, v.Backup(t.Context(), &b, "pp"))
	for _, id := range []string{"b1", "b2", "b3"} {
		a, g := acct(id)
		check(t, v.Create(t.Context(), a, g))
	}
	wal, err := os.ReadFile(cfg.path(fileName + "-wal"))
	check(t, err)
	t.Log("wal bytes", len(wal))
	_ = v.Close()
	_ = os.Remove(cfg.path(fileName))
	check(t, os.WriteFile(cfg.path(fileName+"-wal"), wal, 0o600))
	check(t, restore(t.Context(), cfg, &b, "pp", false))
	v, err = Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer v.Close()
	t.Log("aside:", v.SetAside(), "locked:", v.Locked())
	accs, _, err := v.Load(t.Context())
	t.Log(len(accs), err)
	if _, err := v.Grant(t.Context(), "aaa"); err != nil {
		t.Errorf("restored token: %v", err)
	}
	if len(accs) != 1 {
		t.Errorf("restored vault shows %d accounts, backup had 1", len(accs))
	}
}

// A crash in setAside after the WAL was renamed, before the file was (Restore --replace over a vault whose agent was killed).
type heldDelete struct{ *fakeKeyring }

func (h heldDelete) Delete(ctx context.Context, a, b string) error { <-ctx.Done(); return ctx.Err() }
