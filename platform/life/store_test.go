package life

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"relink/platform"
)

// store keeps what a vault would, in memory; it implements refresh.Store.
type store struct {
	mu       sync.Mutex
	app      platform.App
	accounts map[string]platform.Account
	grants   map[string]platform.Grant
	drafts   map[string][]byte
	locks    map[string]chan struct{}
}

func newStore(app platform.App) *store {
	return &store{app: app, accounts: map[string]platform.Account{}, grants: map[string]platform.Grant{}, locks: map[string]chan struct{}{}}
}

// put stores an account's next generation.
func (s *store) put(a platform.Account, g platform.Grant) platform.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.Account, g.Generation = a.ID, s.grants[a.ID].Generation+1
	s.accounts[a.ID], s.grants[a.ID] = a, g
	return a
}

func (s *store) Lock(ctx context.Context, name string) (func(), error) {
	s.mu.Lock()
	if s.locks[name] == nil {
		s.locks[name] = make(chan struct{}, 1)
	}
	lock := s.locks[name]
	s.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *store) Account(_ context.Context, id string) (platform.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.accounts[id]
	if !ok {
		return a, &platform.Error{Kind: platform.KindNotFound, Message: "no such account"}
	}
	return a, nil
}

func (s *store) Grant(_ context.Context, id string) (platform.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[id]
	g.Clocks = slices.Clone(g.Clocks)
	return g, nil
}

func (s *store) App(context.Context, string, string) (platform.App, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.app.ID == "" {
		return s.app, &platform.Error{Kind: platform.KindNotFound, Message: "no app registration"}
	}
	return s.app, nil
}

func (s *store) Save(_ context.Context, grants ...platform.Grant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range grants {
		if g.Generation != s.grants[g.Account].Generation+1 {
			return fmt.Errorf("save generation %d over %d", g.Generation, s.grants[g.Account].Generation)
		}
	}
	for _, g := range grants {
		s.grants[g.Account] = g
	}
	return nil
}

func (s *store) Siblings(_ context.Context, id string) ([]platform.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []platform.Grant
	of := s.accounts[id]
	for _, other := range slices.Sorted(maps.Keys(s.accounts)) {
		a := s.accounts[other]
		if other != id && a.OwnerID != "" && a.OwnerID == of.OwnerID && a.Platform == of.Platform && a.Server == of.Server {
			out = append(out, s.grants[other])
		}
	}
	return out, nil
}

func (s *store) Confirm(_ context.Context, id string, generation int, at time.Time, clocks []platform.Clock, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[id]
	if g.Generation != generation {
		return nil
	}
	g.Clocks, g.Verified, g.Fault = g.WithClocks(clocks), at, platform.Fault{}
	if scopes != nil {
		g.Scopes = scopes
	}
	s.grants[id] = g
	return nil
}

func (s *store) Fault(_ context.Context, id string, generation int, f platform.Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.grants[id]; g.Generation == generation {
		g.Fault = f
		s.grants[id] = g
	}
	return nil
}

func (s *store) Draft(_ context.Context, name string, note []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drafts == nil {
		s.drafts = map[string][]byte{}
	}
	s.drafts[name] = note
	return nil
}

func (s *store) Drafted(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drafts[name], nil
}
