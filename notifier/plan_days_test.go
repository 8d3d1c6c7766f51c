package notifier

import (
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

// TestPlanDays lives 400 days again and again, with everything that happens to
// accounts, settings and computers, and checks what Plan says against what is
// written here a second time, in the slowest and plainest way:
//
//   - nothing is said twice, and no generation has two pop-ups,
//   - no end goes unsaid, and no last warning,
//   - nothing is said in quiet hours or on free days but what cannot wait,
//   - what falls into them is said before and not after,
//   - every note is true at the moment it is said,
//   - Plan knows to the nanosecond when it has something to say next.
//
// RELINK_LONG, which make test sets, is 10,000 runs; so is
// go test ./notifier -run TestPlanDays -args -runs 10000

var runsFlag = flag.Int("runs", usualRuns, "how many times 400 days TestPlanDays lives through")

const usualRuns, longRuns = 4000, 10_000

// world is 400 days of some accounts and a computer that sleeps and restarts.
type world struct {
	*rand.Rand
	t        *testing.T
	seed     int
	now      time.Time
	rules    Rules
	accounts []platform.Account
	grants   []platform.Grant
	steps    [][]time.Duration
	depends  []int
	ledger   map[grantKey]map[Step]Entry
	// calm is since when nothing but time has happened to an account.
	calm  []time.Time
	notes map[string]int
	// popups counts pop-ups of a grant since the clock was wrong.
	popups map[grantKey]int
	// wrong is true while the clock is.
	wrong bool
}

type grantKey struct {
	account    string
	generation int
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d, %v, rules %+v: "+format, append([]any{w.seed, w.now, w.rules}, args...)...)
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
	s := Subject{Account: a, Status: platform.Assess(a, w.grants[i], now), Steps: w.steps[i], Depends: w.depends[i]}
	for _, e := range w.said(a.ID, s.Status.Generation) {
		s.Said = append(s.Said, e)
	}
	return s
}

// ladder is the account's steps before the end, longest first, with how long before the end each is at the latest.
func (w *world) ladder(i int, s Subject) (steps []Step, before []time.Duration) {
	life := s.Status.Life
	if life > 0 && life < shortLife {
		for _, x := range []struct {
			step   Step
			before time.Duration
		}{{Step75, life / 4}, {Step95, life / 20}} {
			if life-x.before >= infancy {
				steps, before = append(steps, x.step), append(before, x.before)
			}
		}
		return steps, before
	}
	list := slices.Clone(w.steps[i])
	if list == nil {
		list = DefaultSteps()
	}
	if w.depends[i] > 0 && w.rules.Urgent > 0 {
		list = append(slices.Clone(list), w.rules.Urgent)
	}
	slices.Sort(list)
	slices.Reverse(list)
	for _, d := range slices.Compact(list) {
		steps = append(steps, Step(d.String()))
		if life > 0 {
			d = min(d, life/2)
		}
		before = append(before, d)
	}
	return steps, before
}

// hushed is whether nothing is to be said at t, by what the clock on the wall shows.
func (w *world) hushed(t time.Time) bool {
	t = t.In(w.rules.Location)
	day := strings.ToLower(t.Format("Mon"))
	if slices.Contains(w.rules.Free.Names(), day) {
		return true
	}
	if w.rules.Quiet.None() {
		return false
	}
	from, to, _ := strings.Cut(w.rules.Quiet.String(), "-")
	at := t.Format("15:04")
	if from < to {
		return at >= from && at < to
	}
	return at >= from || at < to
}

// quietUntil is when something may be said again, found minute by minute.
func (w *world) quietUntil(t time.Time) time.Time {
	for w.hushed(t) {
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t
}

// happen changes something.
func (w *world) happen() {
	i := w.IntN(len(w.accounts))
	all := func() {
		for j := range w.calm {
			w.calm[j] = w.now
		}
	}
	defer func() { w.calm[i] = w.now }()
	switch w.IntN(14) {
	case 0: // switched off, or restarted
		w.now = w.now.Add(w.between(time.Second, 12*day))
		w.rules.Started = w.now
		all()
	case 1: // asleep
		w.now = w.now.Add(w.between(time.Minute, 4*day))
		all()
	case 2, 3:
		w.issue(i)
	case 4:
		choice := []Later{LaterHour, LaterTomorrow}[w.IntN(2)]
		w.accounts[i].Snoozed, _ = choice.Until(w.now, w.rules, time.Time{})
	case 5:
		w.rules.Paused = w.now.Add(w.between(time.Minute, 3*day))
		all()
	case 6: // the platform says it ends at another time
		c := &w.grants[i].Clocks[0]
		c.At = c.At.Add(w.between(-10*day, 10*day))
	case 7:
		w.grants[i].Fault = platform.Fault{Code: "revoked", Definite: true}
	case 8: // used, to move the rule's clock
		w.accounts[i].Idle, w.accounts[i].LastUsed = w.between(day, 100*day), w.now
	case 9: // a script begins, or stops
		w.depends[i] = w.IntN(3)
	case 10:
		w.quiet()
		all()
	case 11:
		begin := w.now.Add(w.between(0, 30*day)).In(w.rules.Location)
		w.rules.Away = Away{dateOf(begin), dateOf(begin.Add(w.between(0, 20*day)))}
		all()
	case 12: // the clock is wrong for a moment, by anything up to a year, and put right
		right := w.now
		off := w.between(-365*day, 365*day)
		if w.IntN(2) == 0 {
			off = w.between(-2*day, 2*day)
		}
		w.now, w.wrong = w.now.Add(off), true
		w.plan()
		w.now, w.wrong = right, false
		clear(w.popups) // what was said in the future is taken back, and comes again
		all()
	case 13: // muted, and not any more
		w.accounts[i].Muted = !w.accounts[i].Muted
	}
}

// quiet chooses hours and days.
func (w *world) quiet() {
	w.rules.Quiet, w.rules.Free = Quiet{}, 0
	if w.IntN(3) > 0 {
		w.rules.Quiet = Quiet{time.Duration(w.IntN(96)) * 15 * time.Minute, time.Duration(w.IntN(96)) * 15 * time.Minute}
	}
	for w.IntN(2) == 0 && w.rules.Free.String() != "" || w.IntN(3) == 0 {
		if w.rules.Free |= 1 << w.IntN(7); w.rules.Free == 1<<7-1 {
			w.rules.Free = 1 << time.Sunday
		}
	}
}

// plan asks for a decision, checks it, and saves it. It gives the next time to look.
func (w *world) plan() time.Time {
	subjects := make([]Subject, len(w.accounts))
	for i := range subjects {
		subjects[i] = w.subject(i, w.now)
	}
	d := Plan(subjects, w.now, w.rules)
	young := !w.now.Before(w.rules.Started) && w.now.Sub(w.rules.Started) < time.Minute
	if young && len(d.Notes) > 0 {
		w.fail("said %q %v after the start", d.Notes[0].Title, w.now.Sub(w.rules.Started))
	}
	if len(d.Notes) > crowd {
		w.fail("%d notes at once", len(d.Notes))
	}
	entries := slices.Clone(d.Silent)
	for _, n := range d.Notes {
		entries = append(entries, n.Entries...)
		parts := n.Parts
		if parts == nil {
			parts = []Note{n}
		}
		for _, p := range parts {
			at := slices.IndexFunc(subjects, func(s Subject) bool { return s.Account.ID == p.Accounts[0] })
			w.checkNote(p, at, subjects[at])
		}
	}
	for _, e := range entries {
		// Once per account, generation and step, unless the end has moved later
		// since, or it ended, was mended, and ended again, or the clock was wrong
		// when it was said.
		said := w.said(e.Account, e.Generation)
		old, twice := said[e.Step]
		if twice && e.Deadline.Sub(old.Deadline) <= rounding && !mendedSince(said, old) && !old.At.After(w.now) {
			w.fail("%+v twice, before as %+v", e, old)
		}
		said[e.Step] = e
	}
	next := w.now.Add(30 * day)
	for i := range subjects {
		s := w.subject(i, w.now)
		w.told(i, s, young)
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
				w.fail("%q is due at %v, next was said to be %v", d.Notes[0].Title, early, until)
			}
		}
		if ok {
			if !at.After(w.now) {
				w.fail("next is %v, not later", at)
			}
			if d := Plan([]Subject{w.subject(i, at)}, at, w.rules); len(d.Notes) != 1 {
				w.fail("nothing is due at the next time %v: %+v, said %+v", at, w.subject(i, at).Status, w.said(s.Account.ID, s.Status.Generation))
			}
			if at.Before(next) {
				next = at
			}
		}
	}
	return next
}

// checkNote checks that a note is true now, and may be said now.
func (w *world) checkNote(n Note, i int, s Subject) {
	step := n.Entries[len(n.Entries)-1].Step
	end := s.Status.Deadline.At
	left := end.Sub(w.now)
	name := strings.TrimSuffix(strings.TrimRight(string(step), "0123456789"), "-")
	ended := step == StepExpired || strings.HasPrefix(string(step), "state-") || name == "again"
	away := strings.HasPrefix(string(step), awayPrefix)
	switch {
	case ended:
		if !s.Status.State.NeedsPerson() || !n.Resident || n.Urgency != UrgencyCritical {
			w.fail("%q was said of %+v", n.Title, s.Status)
		}
		name = "ended"
		if strings.HasPrefix(string(step), "again-") {
			name = "again"
		}
	case !strings.Contains(n.Body, end.In(w.rules.Location).Format("2 Jan")) || left <= 0 || n.Resident || n.Popup:
		w.fail("%q, %q was said of what ends at %v", n.Title, n.Body, end)
	case away:
		from, to := w.rules.Away.From.In(w.rules.Location), w.rules.Away.To.In(w.rules.Location).AddDate(0, 0, 1)
		if !w.now.Before(from) || end.Before(from) || !end.Before(to) {
			w.fail("%q was said of what ends at %v", n.Title, end)
		}
		if fresh := w.now.Add(s.Status.Life); strings.Contains(n.Body, "Reconnect now") && fresh.Before(to) {
			w.fail("%q was said of a life of %v", n.Body, s.Status.Life)
		}
		name = "away"
	default:
		if !strings.HasSuffix(n.Title, " ends in "+about(left)) {
			w.fail("%q was said %v before the end", n.Title, left)
		}
		if life := s.Status.Life; life > 0 && left > life/2 {
			w.fail("%q was said with more than half of %v left", n.Title, life)
		}
		steps, before := w.ladder(i, s)
		at := slices.Index(steps, step)
		if at < 0 {
			w.fail("%q is no step of %v", step, steps)
		}
		// Earlier only by an hour for company, or by a free week and a night.
		most := before[at] + time.Hour
		if w.hushed(end.Add(-before[at])) {
			most += 8 * day
		}
		if left > most {
			w.fail("%q, step %s, was said %v before the end", n.Title, step, left)
		}
		name = "warning"
	}
	if k := (grantKey{s.Account.ID, s.Status.Generation}); n.Popup && !w.wrong {
		if w.popups[k]++; w.popups[k] > 1 {
			w.fail("%q is the second pop-up of %v", n.Title, k)
		}
	}
	switch {
	case !w.hushed(w.now):
	case name == "ended":
		name += " in quiet hours"
	default:
		open := w.quietUntil(w.now)
		last := end
		if away {
			last = w.rules.Away.From.In(w.rules.Location)
		}
		steps, _ := w.ladder(i, s)
		if name == "again" || !away && step != steps[len(steps)-1] || last.Sub(open) >= time.Hour {
			w.fail("%q, step %s, was said in quiet hours, which end at %v", n.Title, step, open)
		}
		name += " in quiet hours"
	}
	w.notes[name]++
}

// mendedSince: a repeat follows the news of an end, so it may be said again after newer news.
func mendedSince(said map[Step]Entry, old Entry) bool {
	return strings.HasPrefix(string(old.Step), "again-") &&
		(said[StepExpired].At.After(old.At) || said[stateStep(platform.StateRevoked)].At.After(old.At))
}

// told checks that the person knows of an end, and of the last step before one.
func (w *world) told(i int, s Subject, young bool) {
	if young || w.wrong || s.Account.Muted || s.Account.Snoozed.After(w.now) {
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
		w.fail("nobody was told that %s is %s since %v", s.Account.ID, s.Status.State, end.At)
	}
	if w.rules.Paused.After(w.now) || !end.Ends() {
		return
	}
	steps, before := w.ladder(i, s)
	for j, step := range steps {
		due := end.At.Add(-before[j])
		if due.After(w.now) {
			continue
		}
		// In silence only what could have been said before it began is owed; the
		// user's own rule does not say before its first step that there is an end.
		if w.hushed(w.now) && (end.Source == platform.SourceRule || w.now.Sub(w.calm[i]) < 9*day || s.Status.Life > 0 && s.Status.Life < 2*before[j]+18*day) {
			continue
		}
		e, ok := said[step]
		slack := before[j] / 2
		if d, err := time.ParseDuration(string(step)); err == nil {
			slack = d / 2
		}
		if !ok || end.At.Sub(e.Deadline) > slack {
			w.fail("nobody was told that %s ends in %v, step %s, due %v", s.Account.ID, end.At.Sub(w.now), step, due)
		}
	}
}

func TestPlanDays(t *testing.T) {
	runs := *runsFlag
	if runs == usualRuns && os.Getenv("RELINK_LONG") != "" {
		runs = longRuns
	}
	runs /= raceRuns
	if testing.Short() {
		runs = 200
	}
	var places []*time.Location
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"} {
		if loc, err := time.LoadLocation(name); err == nil {
			places = append(places, loc)
		}
	}
	if len(places) == 0 {
		places = append(places, time.UTC)
	}
	notes := map[string]int{}
	for seed := range runs {
		w := &world{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), t: t, seed: seed, now: base, ledger: map[grantKey]map[Step]Entry{}, notes: notes, popups: map[grantKey]int{}}
		w.rules = Rules{Hour: w.IntN(24), Location: places[w.IntN(len(places))], Started: base}
		if w.IntN(2) == 0 {
			w.rules.Urgent = w.between(time.Hour, 12*time.Hour)
		}
		if w.IntN(3) > 0 {
			w.quiet()
		}
		for i := range 1 + w.IntN(5) {
			id := string(rune('a' + i))
			w.accounts = append(w.accounts, platform.Account{ID: id, Platform: "linkedin", Alias: id, ProviderID: id, Created: base})
			w.grants = append(w.grants, platform.Grant{})
			w.depends = append(w.depends, w.IntN(2))
			w.calm = append(w.calm, base)
			var steps []time.Duration
			if w.IntN(4) == 0 {
				steps = []time.Duration{w.between(3*day, 20*day), w.between(time.Hour, 2*day)}
			}
			w.steps = append(w.steps, steps)
			w.issue(i)
		}
		// Some live in turmoil, some in peace.
		pace := w.between(4*day, 60*day)
		event := base.Add(w.between(0, pace))
		for end := base.Add(400 * day); w.now.Before(end); {
			next := w.plan()
			if next.Before(event) {
				w.now = next
				continue
			}
			w.now = event
			w.happen()
			event = w.now.Add(w.between(time.Second, pace))
		}
	}
	t.Logf("%d runs, said: %v", runs, notes)
	for _, kind := range []string{"ended", "again", "warning", "away", "ended in quiet hours", "warning in quiet hours"} {
		if notes[kind] == 0 {
			t.Errorf("%s: nothing of it was said in %d runs, and so nothing tested", kind, runs)
		}
	}
}
