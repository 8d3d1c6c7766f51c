package agent

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/notifier"
	"relink/platform"
)

// memVault is a Vault in memory, with the contract of app/vault's. It outlives
// agents, as a file does.
type memVault struct {
	drafts   map[string][]byte
	mu       sync.Mutex
	accounts map[string]platform.Account
	grants   map[string]platform.Grant
	apps     map[string]platform.App
	events   []Event
	notices  []Notice
	said     map[notifier.Key]notifier.Entry
	meta     map[string]string
	locks    map[string]*sync.Mutex
	locked   error
	parcels  []Parcel
	parcel   int64
	secrets  map[string]platform.Secret
	// byHand: LockUp was called; keyring is what TestKeyring answers.
	byHand  bool
	keyring error
	// full makes every write of the ledger fail, as a full disk does.
	full error
}

func newMemVault() *memVault {
	return &memVault{
		accounts: map[string]platform.Account{}, grants: map[string]platform.Grant{}, apps: map[string]platform.App{},
		said: map[notifier.Key]notifier.Entry{}, meta: map[string]string{}, locks: map[string]*sync.Mutex{}, secrets: map[string]platform.Secret{},
	}
}

func (v *memVault) Lock(_ context.Context, account string) (func(), error) {
	v.mu.Lock()
	l := v.locks[account]
	if l == nil {
		l = &sync.Mutex{}
		v.locks[account] = l
	}
	v.mu.Unlock()
	l.Lock()
	return l.Unlock, nil
}

func (v *memVault) Account(_ context.Context, id string) (platform.Account, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	a, ok := v.accounts[id]
	if !ok {
		return a, &platform.Error{Kind: platform.KindNotFound, Message: "no such account"}
	}
	return a, nil
}

func (v *memVault) Grant(_ context.Context, id string) (platform.Grant, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.locked != nil {
		return platform.Grant{}, v.locked
	}
	return v.grants[id], nil
}

func (v *memVault) App(_ context.Context, p, server string) (platform.App, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	app, ok := v.apps[p+" "+server]
	if !ok {
		return app, &platform.Error{Kind: platform.KindNotFound, Message: "no app registration"}
	}
	return app, nil
}

func (v *memVault) Save(_ context.Context, grants ...platform.Grant) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, g := range grants { // all or none
		if g.Generation != v.grants[g.Account].Generation+1 {
			return &platform.Error{Kind: platform.KindStorage, Message: "generation conflict"}
		}
	}
	for _, g := range grants {
		if err := v.save(g); err != nil {
			return err
		}
	}
	return nil
}

func (v *memVault) Siblings(_ context.Context, id string) ([]platform.Grant, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []platform.Grant
	of := v.accounts[id]
	for other, a := range v.accounts {
		if other != id && a.Platform == of.Platform && a.Server == of.Server && a.OwnerID == of.OwnerID && a.OwnerID != "" {
			out = append(out, v.grants[other])
		}
	}
	return out, nil
}

func (v *memVault) save(g platform.Grant) error {
	old := v.grants[g.Account]
	if g.Generation != old.Generation+1 {
		return &platform.Error{Kind: platform.KindStorage, Message: "generation conflict"}
	}
	if g.Tokens.Refresh.IsZero() {
		g.Tokens.Refresh = old.Tokens.Refresh
	}
	g.Refreshable = !g.Tokens.Refresh.IsZero()
	v.grants[g.Account] = g
	return nil
}

func (v *memVault) Confirm(_ context.Context, id string, generation int, at time.Time, clocks []platform.Clock, scopes []string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	g := v.grants[id]
	if g.Generation != generation {
		return nil
	}
	g.Clocks, g.Verified, g.Fault = g.WithClocks(clocks), at, platform.Fault{}
	if scopes != nil {
		g.Scopes = scopes
	}
	v.grants[id] = g
	return nil
}

func (v *memVault) Fault(_ context.Context, id string, generation int, f platform.Fault) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if g := v.grants[id]; g.Generation == generation {
		g.Fault = f
		v.grants[id] = g
	}
	return nil
}

func (v *memVault) Load(context.Context) ([]platform.Account, map[string]platform.Grant, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	grants := map[string]platform.Grant{}
	for id, g := range v.grants {
		g.Tokens = platform.Tokens{}
		grants[id] = g
	}
	return slices.Collect(maps.Values(v.accounts)), grants, nil
}

func (v *memVault) Create(_ context.Context, a platform.Account, g platform.Grant) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.accounts[a.ID] = a
	return v.save(g)
}

func (v *memVault) UpdateAccount(_ context.Context, a platform.Account) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.accounts[a.ID] = a
	return nil
}

func (v *memVault) SaveAll(_ context.Context, changes []Change) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range changes {
		if err := v.save(c.Grant); err != nil {
			return err
		}
		v.accounts[c.Account.ID] = c.Account
	}
	return nil
}

func (v *memVault) Used(_ context.Context, id string, at time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := v.accounts[id]
	a.LastUsed = at
	v.accounts[id] = a
	return nil
}

func (v *memVault) Forget(_ context.Context, id string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.accounts, id)
	delete(v.grants, id)
	return nil
}

func (v *memVault) Apps(context.Context) ([]platform.App, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Collect(maps.Values(v.apps)), nil
}

func (v *memVault) SetApp(_ context.Context, app platform.App) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.apps[app.Platform+" "+app.Server] = app
	return nil
}

func (v *memVault) DeleteApp(_ context.Context, p, server string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.apps, p+" "+server)
	return nil
}

func (v *memVault) AddEvents(_ context.Context, events ...Event) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.events = append(v.events, events...)
	return nil
}

func (v *memVault) Events(_ context.Context, id string, limit int) ([]Event, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Event
	for _, e := range slices.Backward(v.events) {
		if (id == "" || e.Account == id) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (v *memVault) Takers(_ context.Context, since time.Time) (map[string]map[string]time.Time, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string]map[string]time.Time{}
	for _, e := range v.events {
		if who, ok := strings.CutSuffix(e.Text, TookToken); ok && e.Kind == "token" && !e.At.Before(since) {
			if out[e.Account] == nil {
				out[e.Account] = map[string]time.Time{}
			}
			out[e.Account][who] = e.At
		}
	}
	return out, nil
}

func (v *memVault) WriteNotices(_ context.Context, writes ...NoticeWrite) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range writes {
		if !w.Mark {
			w.ID = int64(len(v.notices) + 1)
			v.notices = append(v.notices, w.Notice)
			continue
		}
		for i := len(v.notices) - 1; i >= 0; i-- {
			if n := &v.notices[i]; n.Channel == w.Channel && n.Note == w.Note {
				if n.Became.open() {
					n.Became, n.BecameAt, n.Reason = w.Became, w.BecameAt, w.Reason
				}
				break
			}
		}
	}
	return nil
}

func (v *memVault) Notices(_ context.Context, account string, since time.Time, limit int) ([]Notice, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Notice
	for _, n := range slices.Backward(v.notices) {
		if (account == "" || slices.Contains(n.Accounts, account)) && !n.At.Before(since) && (limit <= 0 || len(out) < limit) {
			out = append(out, n)
		}
	}
	return out, nil
}

func (v *memVault) Said(context.Context) (map[string][]notifier.Entry, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string][]notifier.Entry{}
	for k, e := range v.said {
		if v.grants[k.Account].Generation == k.Generation {
			out[k.Account] = append(out[k.Account], e)
		}
	}
	return out, nil
}

func (v *memVault) SaveEntries(_ context.Context, entries []notifier.Entry, parcels ...Parcel) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.full != nil {
		return v.full
	}
	for _, e := range entries {
		v.said[e.Key] = e
	}
	for _, p := range parcels {
		if !slices.ContainsFunc(v.parcels, func(o Parcel) bool { return o.Channel == p.Channel && o.To == p.To && o.Key == p.Key }) {
			v.parcel++
			p.ID = v.parcel
			v.parcels = append(v.parcels, p)
		}
	}
	return nil
}

func (v *memVault) Parcels(_ context.Context, channel string, due time.Time, limit int) ([]Parcel, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Parcel
	for _, p := range v.parcels {
		if p.Channel == channel && !p.Due.After(due) && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, nil
}

func (v *memVault) Waiting(context.Context) (map[string]Waiting, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string]Waiting{}
	for _, p := range v.parcels {
		w := out[p.Channel]
		w.Count++
		if w.Count == 1 || p.Due.Before(w.Next) {
			w.Next = p.Due
		}
		if w.Count == 1 || p.At.Before(w.Oldest) {
			w.Oldest = p.At
		}
		out[p.Channel] = w
	}
	return out, nil
}

func (v *memVault) PutOff(_ context.Context, due time.Time, failed bool, ids ...int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, p := range v.parcels {
		if slices.Contains(ids, p.ID) {
			v.parcels[i].Due = due
			if failed {
				v.parcels[i].Tries++
			}
		}
	}
	return nil
}

func (v *memVault) DropParcels(_ context.Context, ids ...int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parcels = slices.DeleteFunc(v.parcels, func(p Parcel) bool { return slices.Contains(ids, p.ID) })
	return nil
}

func (v *memVault) Secret(_ context.Context, name string) (platform.Secret, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.locked != nil {
		return platform.Secret{}, v.locked
	}
	s, ok := v.secrets[name]
	if !ok {
		return s, &platform.Error{Kind: platform.KindNotFound, Message: "no secret is stored for " + name}
	}
	return s, nil
}

func (v *memVault) SetSecret(_ context.Context, name string, s platform.Secret) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.locked != nil {
		return v.locked
	}
	if s.IsZero() {
		delete(v.secrets, name)
		return nil
	}
	v.secrets[name] = s
	return nil
}

func (v *memVault) Secrets(context.Context) ([]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.secrets)), nil
}

func (v *memVault) GetMeta(_ context.Context, key string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.meta[key], nil
}

func (v *memVault) SetMeta(_ context.Context, key, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.meta[key] = value
	return nil
}

func (v *memVault) Locked() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.locked
}

func (v *memVault) TryUnlock(context.Context) error { return v.Locked() }

func (v *memVault) Unlock(_ context.Context, passphrase string, _ bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byHand {
		v.byHand, v.locked = false, nil
	}
	if passphrase == "" {
		return v.locked // as a keyring that stays locked
	}
	v.locked = nil
	return nil
}

func (v *memVault) LockUp() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byHand, v.locked = true, &platform.Error{Kind: platform.KindLocked, Code: LockedByHand, Message: "the vault is locked, as you asked"}
}

func (v *memVault) UseKeyring(context.Context) error { return v.Locked() }

func (v *memVault) TestKeyring(context.Context) (string, error) { return "Test Keyring", v.keyring }

func (v *memVault) Key() string      { return "keyring" }
func (v *memVault) KeyPlace() string { return "in the test's memory" }
func (v *memVault) SetAside() string { return "" }

// memSettings is a SettingsStore in memory.
type memSettings struct {
	s     Settings
	fails error
}

func (m *memSettings) Load() (Settings, string, error) { return m.s, "", nil }

func (m *memSettings) Save(s Settings) error {
	if m.fails == nil {
		m.s = s
	}
	return m.fails
}

func testSettings() *memSettings {
	return &memSettings{s: Settings{
		Steps: []time.Duration{7 * 24 * time.Hour, 3 * 24 * time.Hour, 24 * time.Hour},
		Hour:  9, Poll: time.Hour, Verify: 24 * time.Hour, Port: 27465,
	}}
}

// told is a note as a person got it.
type told struct {
	at   time.Time
	note notifier.Note
}

// listener is a Sender that remembers what was said.
type listener struct {
	mu    sync.Mutex
	told  []told
	gone  []string
	fails error
}

func (l *listener) Send(_ context.Context, n notifier.Note) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails != nil {
		return l.fails
	}
	l.told = append(l.told, told{time.Now(), n})
	return nil
}

func (l *listener) Withdraw(_ context.Context, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = append(l.gone, id)
	return nil
}

func (l *listener) Abilities(context.Context) (notifier.Abilities, error) {
	return notifier.Abilities{Name: "test", Actions: true}, l.fails
}

func (l *listener) Run(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (l *listener) all() []told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// running starts an agent in the test and stops it at its end, or when stop is called.
// windowless has clicks not wait for a window that a test does not show.
func windowless(t *testing.T) {
	was := lookWait
	lookWait = 0
	t.Cleanup(func() { lookWait = was })
}

func running(t *testing.T, cfg Config) (a *Agent, stop func()) {
	t.Helper()
	a, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return a, stop
}

func (v *memVault) Draft(_ context.Context, name string, note []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drafts == nil {
		v.drafts = map[string][]byte{}
	}
	v.drafts[name] = note
	return nil
}

func (v *memVault) Drafted(_ context.Context, name string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.drafts[name], nil
}
