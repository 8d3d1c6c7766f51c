package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/platform"
)

// fakeKeyring is a keyring in memory with faults to set.
type fakeKeyring struct {
	mu    sync.Mutex
	items map[string]string
	// fault is what every call answers; nil for a keyring that works.
	fault error
	// hold makes Get wait until it is closed, as an unlock prompt does.
	hold chan struct{}
	// forgets: Set says yes and keeps nothing.
	forgets bool
	// sticks: Delete says yes and deletes nothing.
	sticks bool
	// keeps are the items (service/user) that Delete refuses to delete.
	keeps map[string]bool
	// silent is the item (service/user) at whose deletion it does not answer, until
	// the context ends; it tells asked first.
	silent string
	asked  func()
	// deleted is told of every item that was.
	deleted func(item string)
	// prompts: it is locked, and asking puts up its prompt.
	prompts bool
	gets    int
}

func (k *fakeKeyring) WouldPrompt(context.Context) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.prompts
}

func newFakeKeyring() *fakeKeyring { return &fakeKeyring{items: map[string]string{}} }

var errKeyringLocked = errors.New("failed to unlock correct collection")

func (k *fakeKeyring) set(f func(*fakeKeyring)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(k)
}

func (k *fakeKeyring) Get(ctx context.Context, service, user string) (string, error) {
	k.mu.Lock()
	k.gets++
	hold := k.hold
	k.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fault != nil {
		return "", k.fault
	}
	if v, ok := k.items[service+"/"+user]; ok {
		return v, nil
	}
	return "", ErrNoKey
}

func (k *fakeKeyring) Set(_ context.Context, service, user, secret string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fault != nil {
		return k.fault
	}
	if !k.forgets {
		k.items[service+"/"+user] = secret
	}
	return nil
}

func (k *fakeKeyring) Delete(ctx context.Context, service, user string) error {
	k.mu.Lock()
	if k.silent == service+"/"+user {
		asked := k.asked
		k.mu.Unlock()
		if asked != nil {
			asked()
		}
		<-ctx.Done()
		return ctx.Err()
	}
	defer k.mu.Unlock()
	if k.fault != nil {
		return k.fault
	}
	if k.keeps[service+"/"+user] {
		return errKeyringLocked
	}
	if !k.sticks {
		delete(k.items, service+"/"+user)
	}
	if k.deleted != nil {
		k.deleted(service + "/" + user)
	}
	return nil
}

// testConfig is a vault in a directory of the test's own, with a keyring in memory.
func testConfig(tb testing.TB) (Config, *fakeKeyring) {
	tb.Helper()
	k := newFakeKeyring()
	return Config{Dir: tb.TempDir(), Keyring: k, Work: 10, KeyringTimeout: time.Second, PromptTimeout: 2 * time.Second, Log: slog.New(slog.DiscardHandler)}, k
}

func mustOpen(tb testing.TB, cfg Config) *Vault {
	tb.Helper()
	v, err := Open(tb.Context(), cfg)
	if err != nil {
		tb.Fatalf("open vault: %v", err)
	}
	tb.Cleanup(func() { _ = v.Close() })
	return v
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// wantKind checks an error's kind, and that it is one line ending with a repair.
func wantKind(tb testing.TB, err error, kind platform.Kind) *platform.Error {
	tb.Helper()
	var e *platform.Error
	if !errors.As(err, &e) || e.Kind != kind {
		tb.Fatalf("got error %v, want kind %q", err, kind)
	}
	if e.Repair == "" || strings.Contains(e.Error(), "\n") {
		tb.Fatalf("error %q is not one line with a repair", e)
	}
	return e
}

var testTime = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func testAccount(i int) platform.Account {
	return platform.Account{
		ID: fmt.Sprintf("account%03d", i), Platform: "facebook", ProviderID: fmt.Sprintf("%d", 100000+i), Kind: "page",
		Alias: fmt.Sprintf("shop%d", i), Name: fmt.Sprintf("Shop %d", i), Handle: fmt.Sprintf("shop%d", i),
		Wants: []platform.Capability{platform.Publish, platform.Inbox}, Labels: []string{"client"},
		Created: testTime, LastUsed: testTime.Add(time.Hour), Steps: []time.Duration{7 * 24 * time.Hour, 24 * time.Hour},
	}
}

// testGrant is a generation whose every part tells which one it is.
func testGrant(account string, generation int) platform.Grant {
	at := testTime.Add(time.Duration(generation) * time.Minute)
	return platform.Grant{
		Account: account, Generation: generation, TokenType: "Bearer",
		Tokens: platform.Tokens{
			Access: platform.NewSecret(fmt.Sprintf("access-plain-%s-%d", account, generation)), Refresh: platform.NewSecret(fmt.Sprintf("refresh-plain-%s-%d", account, generation)),
			Owner: platform.NewSecret(fmt.Sprintf("owner-plain-%s", account)),
		},
		Scopes: []string{"pages_manage_posts", "pages_messaging"}, Asked: []string{"pages_manage_posts", "pages_messaging", "read_insights"},
		Clocks: []platform.Clock{
			{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: at.Add(60 * 24 * time.Hour), Since: at},
			{Kind: platform.ClockDataAccess, Source: platform.SourceAssumed, At: at.Add(90 * 24 * time.Hour), Since: at},
		},
		Issued: at, Refreshable: true,
	}
}
