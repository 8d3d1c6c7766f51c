package refresh

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"relink/platform"
)

// memory is a Store shared by several refreshers, as several processes share a vault.
type memory struct {
	mu       sync.Mutex
	accounts map[string]platform.Account
	grants   map[string]platform.Grant
	earlier  map[string]platform.Grant
	drafts   map[string][]byte
	locks    map[string]chan struct{}
	confirms int
	// broken makes Save fail.
	broken error
}

func newMemory() *memory {
	return &memory{accounts: map[string]platform.Account{}, grants: map[string]platform.Grant{}, earlier: map[string]platform.Grant{}, locks: map[string]chan struct{}{}}
}

func (m *memory) add(a platform.Account, g platform.Grant) {
	g.Account, g.Refreshable = a.ID, !g.Tokens.Refresh.IsZero()
	m.accounts[a.ID], m.grants[a.ID], m.locks[a.ID] = a, g, make(chan struct{}, 1)
}

func (m *memory) Lock(ctx context.Context, name string) (func(), error) {
	m.mu.Lock()
	if m.locks[name] == nil {
		m.locks[name] = make(chan struct{}, 1)
	}
	lock := m.locks[name]
	m.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, &platform.Error{Kind: platform.KindStorage, Message: "the account is locked", Repair: "try again"}
	}
}

func (m *memory) Account(_ context.Context, id string) (platform.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.accounts[id]
	if !ok {
		return a, &platform.Error{Kind: platform.KindNotFound, Message: "no such account", Repair: "relink status"}
	}
	return a, nil
}

func (m *memory) Grant(_ context.Context, account string) (platform.Grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.grants[account]
	g.Clocks = slices.Clone(g.Clocks)
	return g, nil
}

func (m *memory) App(_ context.Context, platformID, server string) (platform.App, error) {
	return platform.App{Platform: platformID, Server: server, ID: "cid"}, nil
}

func (m *memory) Save(_ context.Context, grants ...platform.Grant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	for _, g := range grants {
		if old := m.grants[g.Account]; g.Generation != old.Generation+1 {
			return fmt.Errorf("save generation %d over %d", g.Generation, old.Generation)
		}
	}
	for _, g := range grants {
		m.earlier[g.Account], m.grants[g.Account] = m.grants[g.Account], g
	}
	return nil
}

func (m *memory) Siblings(_ context.Context, account string) ([]platform.Grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []platform.Grant
	of := m.accounts[account]
	for id, a := range m.accounts {
		if id != account && a.Platform == of.Platform && a.Server == of.Server && a.OwnerID == of.OwnerID && a.OwnerID != "" {
			out = append(out, m.grants[id])
		}
	}
	return out, nil
}

func (m *memory) Confirm(_ context.Context, account string, generation int, at time.Time, clocks []platform.Clock, scopes []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.grants[account]
	if g.Generation != generation {
		return fmt.Errorf("confirm generation %d, have %d", generation, g.Generation)
	}
	m.confirms++
	g.Verified, g.Clocks, g.Fault = at, g.WithClocks(clocks), platform.Fault{}
	if scopes != nil {
		g.Scopes = scopes
	}
	m.grants[account] = g
	delete(m.earlier, account)
	return nil
}

func (m *memory) Fault(_ context.Context, account string, generation int, f platform.Fault) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.grants[account]
	if g.Generation == generation {
		g.Fault = f
		m.grants[account] = g
	}
	return nil
}

func (m *memory) grant(t *testing.T, account string) platform.Grant {
	t.Helper()
	g, err := m.Grant(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (m *memory) Draft(_ context.Context, name string, note []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drafts == nil {
		m.drafts = map[string][]byte{}
	}
	m.drafts[name] = note
	return nil
}

func (m *memory) Drafted(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.drafts[name], nil
}
