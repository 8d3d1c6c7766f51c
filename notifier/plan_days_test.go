package notifier

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

// world is 400 days of some accounts and a computer that sleeps and restarts.
type world struct {
	*rand.Rand
	t        *testing.T
	now      time.Time
	rules    Rules
	accounts []platform.Account
	grants   []platform.Grant
	steps    [][]time.Duration
	ledger   map[grantKey]map[Step]Entry
	notes    int
}

type grantKey struct {
	account    string
	generation int
}

func (w *world) said(account string, generation int) map[Step]Entry {
	k := grantKey{account, generation}
	if w.ledger[k] == nil {
		w.ledger[k] = map[Step]Entry{}
	}
	return w.ledger[k]
}

func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.Int64N(int64(high-low)))
}

// issue gives an account a new grant at now.
func (w *world) issue(i int) {
	life := w.between(2*day, 120*day)
	if w.IntN(5) == 0 {
		life = w.between(40*time.Minute, 2*day)
	}
	w.grants[i] = platform.Grant{
		Account: w.accounts[i].ID, Generation: w.grants[i].Generation + 1,
		Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: w.now.Add(life), Since: w.now}},
	}
}

func (w *world) subject(i int, now time.Time) Subject {
	a := w.accounts[i]
	if len(w.steps[i]) > 0 {
		a.Lead = w.steps[i][0]
	}
	s := Subject{Account: a, Status: platform.Assess(a, w.grants[i], now), Steps: w.steps[i], Depends: w.IntN(3)}
	for _, e := range w.said(a.ID, s.Status.Generation) {
		s.Said = append(s.Said, e)
	}
	return s
}

// happen changes something.
func (w *world) happen() {
	i := w.IntN(len(w.accounts))
	switch w.IntN(8) {
	case 0: // switched off, or restarted
		w.now = w.now.Add(w.between(time.Second, 12*day))
		w.rules.Started = w.now
	case 1: // asleep
		w.now = w.now.Add(w.between(time.Minute, 4*day))
	case 2:
		w.issue(i)
	case 3:
		w.accounts[i].Snoozed = w.now.Add(w.between(time.Minute, 2*day))
	case 4:
		w.rules.Paused = w.now.Add(w.between(time.Minute, 3*day))
	case 5: // the platform says it ends at another time
		c := &w.grants[i].Clocks[0]
		c.At = c.At.Add(w.between(-10*day, 10*day))
	case 6:
		w.grants[i].Fault = platform.Fault{Code: "revoked", Definite: true}
	case 7: // used, to move the rule's clock
		w.accounts[i].Idle, w.accounts[i].LastUsed = w.between(day, 100*day), w.now
	}
}

// plan asks for a decision, checks it, and saves it. It gives the next time to look.
func (w *world) plan() time.Time {
	subjects := make([]Subject, len(w.accounts))
	for i := range subjects {
		subjects[i] = w.subject(i, w.now)
	}
	d := Plan(subjects, w.now, w.rules)
	young := w.now.Sub(w.rules.Started) < time.Minute
	if young && len(d.Notes) > 0 {
		w.t.Fatalf("%v: said %q %v after the start", w.now, d.Notes[0].Title, w.now.Sub(w.rules.Started))
	}
	if len(d.Notes) > crowd {
		w.t.Fatalf("%v: %d notes at once", w.now, len(d.Notes))
	}
	entries := d.Silent
	for _, n := range d.Notes {
		entries = append(entries, n.Entries...)
		w.notes += max(1, len(n.Parts))
	}
	for _, e := range entries {
		// Once per account, generation and step, unless the end has moved later
		// since, or it ended, was mended, and ended again.
		said := w.said(e.Account, e.Generation)
		old, twice := said[e.Step]
		if twice && e.Deadline.Sub(old.Deadline) <= rounding && !mendedSince(said, old) {
			w.t.Fatalf("%v: %+v twice, before as %+v", w.now, e, old)
		}
		said[e.Step] = e
	}
	next := w.now.Add(30 * day)
	for i := range subjects {
		s := w.subject(i, w.now)
		w.told(s, young)
		at, ok := d.Next[s.Account.ID]
		until := at
		if !ok {
			until = w.now.Add(200 * day)
		}
		// The status says itself when it will be another one.
		change := s.Status.Next
		if !change.IsZero() {
			if change.Before(until) {
				until, ok = change, false
			}
			if change.Before(next) {
				next = change
			}
		}
		// Nothing is due a moment before, something is due then.
		if gap := until.Sub(w.now); gap > 1 {
			early := w.now.Add(w.between(1, gap))
			if d := Plan([]Subject{w.subject(i, early)}, early, w.rules); len(d.Notes) > 0 {
				w.t.Fatalf("%v: %q is due at %v, next was said to be %v", w.now, d.Notes[0].Title, early, until)
			}
		}
		if ok {
			if !at.After(w.now) {
				w.t.Fatalf("%v: next is %v, not later", w.now, at)
			}
			if d := Plan([]Subject{w.subject(i, at)}, at, w.rules); len(d.Notes) != 1 {
				w.t.Fatalf("%v: nothing is due at the next time %v: %+v", w.now, at, w.subject(i, at))
			}
			if at.Before(next) {
				next = at
			}
		}
	}
	return next
}

// mendedSince: a repeat follows the news of an end, so it may be said again after newer news.
func mendedSince(said map[Step]Entry, old Entry) bool {
	return strings.HasPrefix(string(old.Step), "again-") &&
		(said[StepExpired].At.After(old.At) || said[stateStep(platform.StateRevoked)].At.After(old.At))
}

// told checks that the person knows of an end, and of the last step before one.
func (w *world) told(s Subject, young bool) {
	if young || s.Account.Snoozed.After(w.now) {
		return
	}
	end, said := s.Status.Deadline, w.said(s.Account.ID, s.Status.Generation)
	if s.Status.State.NeedsPerson() {
		if e, ok := said[StepExpired]; ok && !e.At.Before(end.At) && end.Ends() {
			return
		}
		if _, ok := said[stateStep(s.Status.State)]; ok {
			return
		}
		w.t.Fatalf("%v: nobody was told that %s is %s since %v", w.now, s.Account.ID, s.Status.State, end.At)
	}
	if w.rules.Paused.After(w.now) || !end.Ends() || s.Status.Life < shortLife {
		return
	}
	ladder := s.Steps
	if ladder == nil {
		ladder = DefaultSteps()
	}
	last := ladder[len(ladder)-1]
	if left := end.At.Sub(w.now); left <= min(last, s.Status.Life/2) {
		e, ok := said[Step(last.String())]
		if !ok || end.At.Sub(e.Deadline) > last/2 {
			w.t.Fatalf("%v: nobody was told that %s ends in %v", w.now, s.Account.ID, left)
		}
	}
}

// TestPlanDays lives through many times 400 days.
func TestPlanDays(t *testing.T) {
	runs := 1200
	if testing.Short() {
		runs = 100
	}
	location, err := time.LoadLocation("America/New_York")
	if err != nil {
		location = time.UTC
	}
	notes := 0
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), t: t, now: base, ledger: map[grantKey]map[Step]Entry{}}
			w.rules = Rules{Hour: w.IntN(24), Location: location, Started: base}
			for i := range 1 + w.IntN(5) {
				id := fmt.Sprint("account-", i)
				w.accounts = append(w.accounts, platform.Account{ID: id, Platform: "linkedin", Alias: id, ProviderID: id, Created: base})
				w.grants = append(w.grants, platform.Grant{})
				var steps []time.Duration
				if w.IntN(4) == 0 {
					steps = []time.Duration{w.between(3*day, 20*day), w.between(time.Hour, 2*day)}
				}
				w.steps = append(w.steps, steps)
				w.issue(i)
			}
			event := base.Add(w.between(0, 6*day))
			for end := base.Add(400 * day); w.now.Before(end); {
				next := w.plan()
				if next.Before(event) {
					w.now = next
					continue
				}
				w.now = event
				w.happen()
				event = w.now.Add(w.between(time.Second, 6*day))
			}
			notes += w.notes
		})
	}
	t.Logf("%d runs, %d things said", runs, notes)
	if notes < runs {
		t.Errorf("%d things said in %d runs: the test tests nothing", notes, runs)
	}
}
