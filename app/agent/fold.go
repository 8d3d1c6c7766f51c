package agent

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"relink/notifier"
	"relink/platform"
)

// headState is what a snapshot says besides its rows.
type headState struct {
	seq      uint64
	warnings map[string]string
	paused   time.Time
	clockOff time.Duration
	// askTime is when a platform is asked for the time, while the clock is not believed.
	askTime time.Time
	// retryLock is when the keyring is asked again, lockWait how long that was put off.
	retryLock time.Time
	lockWait  time.Duration
	// locked is why secrets cannot be read, empty when they can.
	locked  string
	changed []*Row
}

// warn sets the warning line of a part; empty takes it away. It reports whether that is news.
func (h *headState) warn(part, line string) bool {
	if h.warnings == nil {
		h.warnings = map[string]string{}
	}
	if h.warnings[part] == line {
		return false
	}
	if line == "" {
		delete(h.warnings, part)
	} else {
		h.warnings[part] = line
	}
	return true
}

// warn sets a warning line from the loop.
func (a *Agent) warn(part, line string) {
	if a.head.warn(part, line) {
		a.headNew = true
	}
}

// header makes a snapshot's header.
func (a *Agent) header(now time.Time) Snapshot {
	a.head.seq++
	s := Snapshot{Seq: a.head.seq, At: now, Locked: a.head.locked, AtLogin: a.head.warnings[hintAutostart], Paused: a.head.paused, Language: platform.Language(), Flows: a.listFlows()}
	for _, part := range slices.Sorted(maps.Keys(a.head.warnings)) {
		s.Warnings = append(s.Warnings, a.head.warnings[part])
	}
	return s
}

// resolved is the account with the settings that bear on it filled in.
func (a *Agent) resolved(acc platform.Account) platform.Account {
	s := a.settings.Load()
	if steps := ladder(acc, s); len(steps) > 0 {
		acc.Lead = steps[0]
	}
	acc.Idle = s.Idle
	return acc
}

// ladder is the reminder steps of an account: its own, its platform's, or everybody's.
func ladder(acc platform.Account, s *Settings) []time.Duration {
	if len(acc.Steps) > 0 {
		return acc.Steps
	}
	if steps := s.PlatformSteps[acc.Platform]; len(steps) > 0 {
		return steps
	}
	return s.Steps
}

// judge assesses an entry and renews its row when anything people see has changed.
func (a *Agent) judge(e *entry, now time.Time) {
	acc := a.resolved(e.account)
	e.status = platform.Assess(acc, e.grant, now)
	row := &Row{Account: e.account, Grant: e.grant, Status: e.status, UnreachableSince: e.unreachable, Flow: e.flow}
	row.Account.Lead, row.Account.Idle = acc.Lead, acc.Idle
	if e.row != nil && sameRow(e.row, row) {
		return
	}
	e.row = row
	a.head.changed = append(a.head.changed, row)
}

func sameRow(a, b *Row) bool {
	x, y := a.Status, b.Status
	x.Next, y.Next = time.Time{}, time.Time{}
	return a.Flow == b.Flow && a.UnreachableSince.Equal(b.UnreachableSince) && reflect.DeepEqual(x, y) &&
		reflect.DeepEqual(a.Grant, b.Grant) && reflect.DeepEqual(a.Account, b.Account)
}

// remind judges the entries that are due or were changed, plans what to say
// about them, saves the ledger, and only then says it.
func (a *Agent) remind(now time.Time) {
	subjects := make([]notifier.Subject, 0, len(a.dirty))
	for _, id := range slices.Sorted(maps.Keys(a.dirty)) {
		e := a.dirty[id]
		a.judge(e, now)
		subjects = append(subjects, a.subject(e, now))
	}
	rules := a.rules()
	rules.Paused, rules.Started = a.head.paused, a.started()
	d := notifier.Plan(subjects, now, rules)
	entries := slices.Clone(d.Silent)
	for _, n := range d.Notes {
		entries = append(entries, n.Entries...)
	}
	parcels, hears := a.parcels(subjects, d.Notes, now)
	saved := true
	if len(entries)+len(a.carried)+len(parcels) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := a.cfg.Vault.SaveEntries(ctx, slices.Concat(a.carried, entries), parcels...)
		cancel()
		saved = err == nil
		if err != nil {
			a.log.Error("save ledger", "error", err)
			a.warn("ledger", platform.T("Reminders are held back: %s", platform.As(err, platform.KindStorage).Error()))
		} else {
			a.warn("ledger", "")
			a.carried = nil
			for _, x := range entries {
				if e := a.entries[x.Account]; e != nil {
					e.said = append(e.said, x)
				}
			}
		}
	}
	for _, e := range a.dirty {
		id := e.account.ID
		e.planAt = d.Next[id]
		if !saved {
			e.planAt = now.Add(time.Minute)
		}
		if e.shown != "" && notifier.Withdrawn(e.prev, e.status) {
			a.mail.withdraw(e.shown)
			e.shown = ""
		}
		e.prev = e.status
		a.askDue(e, now)
		a.heap.set(e, e.status.Next, e.planAt, e.verifyAt)
	}
	// A map that was large once costs by that when it is walked and cleared.
	a.dirty = map[string]*entry{}
	if !saved {
		return
	}
	a.heard(parcels, hears)
	for _, n := range d.Notes {
		for _, id := range n.Accounts {
			if e := a.entries[id]; e != nil {
				e.shown = notifier.NoteID(id) // a summary knows its parts by it
			}
		}
		a.mail.send(n)
	}
}

// dependsFor is how long after it took a token a script still counts as one
// that depends on the account.
const dependsFor = 14 * 24 * time.Hour

// subject is an entry as the plan sees it.
func (a *Agent) subject(e *entry, now time.Time) notifier.Subject {
	s := notifier.Subject{Account: a.resolved(e.account), Status: e.status, Steps: ladder(e.account, a.settings.Load()), Said: e.said}
	for _, at := range e.takers {
		if now.Sub(at) < dependsFor {
			s.Depends++
		}
	}
	if a.cfg.Posts != nil {
		posts, first := a.cfg.Posts(e.account.ID, later(now, e.status.Deadline.At))
		s.Depends, s.First = s.Depends+posts, first
	}
	return s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// rules are the settings as the plan sees them. Paused is left to remind: only the loop knows it.
func (a *Agent) rules() notifier.Rules {
	s := a.settings.Load()
	return notifier.Rules{Hour: s.Hour, Urgent: s.Urgent, Quiet: s.Quiet, Free: s.FreeDays, Away: s.Away}
}

// publish sends out a new snapshot if anything in it is new.
func (a *Agent) publish(now time.Time) {
	if len(a.head.changed) == 0 && len(a.gone) == 0 && !a.headNew {
		return
	}
	a.calendarChanged(a.snap.Load(), a.head.changed, a.gone, now)
	snap := a.snap.Load().With(a.header(now), a.head.changed, a.gone)
	a.head.changed, a.gone, a.headNew = nil, nil, false
	a.mu.Lock()
	defer a.mu.Unlock()
	a.snap.Store(snap)
	for w := range a.watchers {
		offer(w, snap)
	}
}

// offer hands a snapshot to a watcher, throwing away one it has not taken yet.
func offer(w chan *Snapshot, s *Snapshot) {
	select {
	case <-w:
	default:
	}
	w <- s
}

// Snapshot implements Service.
func (a *Agent) Snapshot(context.Context) (*Snapshot, error) { return a.snap.Load(), nil }

// Watch implements Service.
func (a *Agent) Watch(ctx context.Context) (<-chan *Snapshot, error) {
	in := make(chan *Snapshot, 1)
	a.mu.Lock()
	a.watchers[in] = struct{}{}
	in <- a.snap.Load()
	a.mu.Unlock()
	out := make(chan *Snapshot)
	go func() {
		defer close(out)
		defer func() {
			a.mu.Lock()
			delete(a.watchers, in)
			a.mu.Unlock()
		}()
		for {
			var s *Snapshot
			select {
			case s = <-in:
			case <-ctx.Done():
				return
			case <-a.done:
				return
			}
			for sent := false; !sent; {
				select {
				case out <- s:
					sent = true
				case s = <-in: // newer: the reader misses the older one
				case <-ctx.Done():
					return
				case <-a.done:
					return
				}
			}
		}
	}()
	return out, nil
}

// reload takes an account as the vault now has it.
func (a *Agent) reload(ctx context.Context, id string) {
	a.storing.Lock()
	defer a.storing.Unlock()
	acc, err := a.cfg.Vault.Account(ctx, id)
	if err != nil {
		return
	}
	g, err := a.cfg.Vault.Grant(ctx, id)
	// With a generation, only its tokens cannot be read, and they are not wanted here.
	if err != nil && g.Generation == 0 {
		a.log.Warn("reload", "account", id, "error", err)
		return
	}
	a.stored(acc, g)
}

// renewed shows the accounts that were renewed together with another, whose own
// caller reads it again.
func (a *Agent) renewed(accounts ...string) {
	for _, id := range accounts[1:] {
		a.task(func(ctx context.Context) { a.reload(ctx, id) })
	}
}

// stored puts an account and its grant, as just read or saved, into the state.
// The caller holds storing.
func (a *Agent) stored(acc platform.Account, g platform.Grant) {
	g.Refreshable = g.Refreshable || !g.Tokens.Refresh.IsZero()
	g.Tokens = platform.Tokens{}
	a.mu.Lock()
	a.index.put(acc)
	a.mu.Unlock()
	a.tell(func() { a.take(acc, g) })
}

// take brings the loop's entry up to date.
func (a *Agent) take(acc platform.Account, g platform.Grant) {
	e := a.entries[acc.ID]
	if e == nil {
		e = &entry{at: -1}
		a.entries[acc.ID] = e
		a.crowd++
	}
	old := e.grant
	if g.Generation < old.Generation {
		return // the order of storing forbids it; a token that was replaced must not come back
	}
	if e.account.Keeper.String() != acc.Keeper.String() {
		a.warn(keeperPart(acc.ID), "")
		a.task(func(context.Context) { a.watchKeepers() })
	}
	e.account, e.grant = acc, g
	a.dirty[acc.ID] = e
	if old.Generation == g.Generation {
		return
	}
	// Nothing said of the old grant holds for the new one, except where it was
	// renewed silently and still ends when the old one did.
	said := e.said
	e.said, e.failing, e.unreachable, e.tries = nil, time.Time{}, time.Time{}, 0
	if is := platform.Assess(a.resolved(acc), g, a.clock.now()); sameEnd(e.prev, is) {
		for _, x := range said {
			x.Generation = g.Generation
			e.said = append(e.said, x)
		}
		a.carried = append(a.carried, e.said...)
		e.prev.Generation = g.Generation // the note on the screen stays true
	}
	e.verifyAt = a.firstVerify(e, a.clock.now())
}

// sameEnd reports whether an account that goes on ends when it did before.
func sameEnd(was, is platform.Status) bool {
	return !was.State.NeedsPerson() && was.Deadline.Ends() && is.Deadline.Ends() &&
		is.Deadline.At.Sub(was.Deadline.At).Abs() <= time.Hour
}
