package notifier

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"relink/platform"
)

// The steps that are not a rung of the ladder.
const (
	StepExpired Step = "expired"
	Step75      Step = "75%"
	Step95      Step = "95%"
)

const (
	day = 24 * time.Hour
	// quietStart: a program that has just started, or been upgraded, keeps quiet.
	quietStart = time.Minute
	// shortLife is below which a grant is warned of by share of its life, and
	// infancy the part of it in which nobody is warned.
	shortLife = 2 * day
	infancy   = 30 * time.Minute
	// repeats is how often an ended connection is named again, once a day.
	repeats = 7
	// wrongClock is how far in the future an entry may lie before it is taken
	// for one written while the clock was wrong.
	wrongClock = day
	// rounding covers what stores and platforms cut off a time.
	rounding = time.Minute
	// together: steps of a day and more go out at the beginning of their hour,
	// so that accounts connected one after the other are told of in one note.
	together = time.Hour
	// leastNotice is what a last warning must leave to be worth holding back.
	leastNotice = time.Hour
	// soonAgain is how long after the news of an end a repeat that was moved
	// earlier has to come to be worth saying.
	soonAgain = 12 * time.Hour
	// awayNotice is how many days before an absence its list is said.
	awayNotice = 2
	// crowd is how many notes may be due at once before they become one.
	crowd = 2
)

// DefaultSteps is the ladder where the settings say nothing.
func DefaultSteps() []time.Duration { return defaultSteps[:] }

var defaultSteps = [...]time.Duration{7 * day, 3 * day, day}

func againStep(k int) Step { return Step("again-" + strconv.Itoa(k)) }

func stateStep(s platform.State) Step { return Step("state-" + string(s)) }

// Plan decides what to say at now. It is pure.
//
// An account is held by its latest step due: steps before it that were never
// said, because the computer slept or the account was snoozed, are recorded as
// collapsed. More than two notes due at once become one summary, and so does
// all that ends during an absence.
//
// What falls into quiet hours or on a free day is said before. What could not
// be, because the computer slept, waits until they are over, but for the news
// that it has ended and the last warning that would come too late.
func Plan(subjects []Subject, now time.Time, r Rules) Decision {
	d := Decision{Next: map[string]time.Time{}}
	var due []part
	for i := range subjects {
		v := judge(&subjects[i], now, &r)
		d.Silent = append(d.Silent, v.silent...)
		if !v.next.IsZero() {
			d.Next[subjects[i].Account.ID] = v.next
		}
		if v.say {
			due = append(due, part{&subjects[i], v})
		}
	}
	slices.SortFunc(due, byUrgency)
	absent := 0
	for _, p := range due {
		if p.verdict.away {
			absent++
		}
		d.Notes = append(d.Notes, p.note(now, &r))
	}
	if len(d.Notes) > crowd || absent > 1 {
		d.Notes = []Note{summary(d.Notes)}
	}
	return d
}

// Withdrawn reports whether a note shown for prev must be taken back now that
// cur is the account's status: there is a new grant, or the state no longer
// calls for what was said, or the end has moved away.
func Withdrawn(prev, cur platform.Status) bool {
	if prev.Generation != cur.Generation {
		return true
	}
	was, is := calls(prev), calls(cur)
	return is < was || was < 2 && is < 2 && cur.Deadline.At.Sub(prev.Deadline.At) > time.Hour
}

// calls ranks what a status calls for: 0 nothing, 1 a warning, 2 a person now.
func calls(s platform.Status) int {
	switch {
	case s.State.NeedsPerson():
		return 2
	case s.State == platform.StateExpiring:
		return 1
	}
	return 0
}

// verdict is what Plan found about one subject.
type verdict struct {
	say    bool
	step   Step
	ended  bool
	popup  bool
	away   bool
	save   []Entry
	silent []Entry
	next   time.Time
}

type part struct {
	subject *Subject
	verdict verdict
}

// byUrgency puts first what breaks first: what something depends on by the
// moment that fails, then the rest by its end. What has ended without a date
// comes before every date.
func byUrgency(a, b part) int {
	end := func(p part) time.Time {
		if s := p.subject.Status; s.State == platform.StateRevoked || s.State == platform.StateUnfinished {
			return time.Time{}
		}
		return p.subject.Status.Deadline.At
	}
	breaks := func(p part) time.Time {
		if !p.subject.First.IsZero() {
			return p.subject.First
		}
		return end(p) // a script comes whenever it likes
	}
	unused := func(p part) int {
		if p.subject.Depends > 0 {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(unused(a), unused(b)),
		breaks(a).Compare(breaks(b)),
		end(a).Compare(end(b)),
		cmp.Compare(b.subject.Depends, a.subject.Depends),
		strings.Compare(a.subject.Account.Title(), b.subject.Account.Title()),
		strings.Compare(a.subject.Account.ID, b.subject.Account.ID),
	)
}

func (r *Rules) location() *time.Location {
	if r.Location == nil {
		return time.Local
	}
	return r.Location
}

// event is one step of one account. An account's events are ordered: a later
// one says all that an earlier one would have.
type event struct {
	step Step
	due  time.Time
	said bool
	// final is the news that it has ended, which neither a pause nor quiet hours hold back.
	final bool
	// last is when a warning is no use any more, of the last one before then: it
	// goes out in quiet hours rather than not at all. Zero for others.
	last time.Time
	// early is an entry that was written before the step was due, by a clock
	// that ran ahead.
	early bool
}

// away reports whether it is the word of an end during an absence.
func (e event) away() bool { return strings.HasPrefix(string(e.step), awayPrefix) }

func judge(s *Subject, now time.Time, r *Rules) verdict {
	if s.Account.Muted {
		return verdict{}
	}
	s, wrong := s.righted(now)
	var buf [6 + repeats + 1]event
	events, ended := s.events(buf[:0], now, r)

	hold := holds(s, now, r)
	last := -1
	for i, e := range events {
		// What comes before a step that was said is overtaken, held back or not.
		if e.said || !hold(e).After(now) {
			last = i
		}
	}
	v := verdict{ended: ended}
	entry := func(step Step, collapsed bool) Entry {
		return Entry{Key: Key{s.Account.ID, s.Status.Generation, step}, At: now, Deadline: s.Status.Deadline.At, Collapsed: collapsed}
	}
	v.silent = wrong
	for _, e := range events {
		if e.early {
			v.silent = append(v.silent, voided(Key{s.Account.ID, s.Status.Generation, e.step}, now))
		}
	}
	for _, e := range events[:last+1] {
		if !e.said && e.step != events[last].step {
			v.silent = append(v.silent, entry(e.step, true))
		}
	}
	if last >= 0 && !events[last].said {
		v.say, v.step, v.away = true, events[last].step, events[last].away()
		v.popup = events[last].final && !s.everEnded()
		v.save = append(v.silent, entry(v.step, false))
		v.silent = nil
		if events[last].final {
			events = appendAgain(events, s, now, now, r)
		}
	}
	for _, e := range events[last+1:] {
		at := hold(e)
		if !at.After(now) || e.away() && !at.Before(e.last) {
			continue
		}
		if v.next.IsZero() || at.Before(v.next) {
			v.next = at
		}
	}
	return v
}

// holds gives the function that says when an event may go out: when it is due,
// or later while something holds it back.
func holds(s *Subject, now time.Time, r *Rules) func(event) time.Time {
	until := s.Account.Snoozed
	// A start that lies in the future is a clock set back since; waiting for
	// it could take a year.
	if start := r.Started.Add(quietStart); !r.Started.IsZero() && !now.Before(r.Started) && start.After(until) {
		until = start
	}
	paused := r.Paused
	if until.After(paused) {
		paused = until
	}
	return func(e event) time.Time {
		at := until
		if !e.final {
			at = paused
		}
		at = later(at, e.due)
		if e.final || !r.silent(later(at, now)) {
			return at
		}
		opens := r.opens(later(at, now))
		if !e.last.IsZero() && e.last.Sub(opens) < leastNotice {
			return at
		}
		return opens
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// events lists the subject's steps in order, each with the time it is due, and
// says whether the connection has ended.
func (s *Subject) events(out []event, now time.Time, r *Rules) ([]event, bool) {
	st := &s.Status
	dateless := st.State == platform.StateRevoked || st.State == platform.StateUnfinished
	passed := st.Deadline.Ends() && !now.Before(st.Deadline.At)
	ended := passed || st.State.NeedsPerson()
	if st.Deadline.Ends() {
		out = s.warnings(out, now, r)
	}
	if !ended {
		if st.Deadline.Ends() {
			out = s.absent(out, now, r)
			out = append(out, s.event(StepExpired, 0, rounding, true, now))
		}
		return out, false
	}
	if dateless {
		// Whatever warnings were still to come are overtaken only once due.
		out = slices.DeleteFunc(out, func(e event) bool { return e.due.After(now) })
	}

	// One event is told once: a token that expired and is then called invalid
	// by its platform has not ended twice.
	anchor, said := s.find(StepExpired)
	said = said && s.counts(anchor, rounding) && (passed || !dateless)
	e := event{step: StepExpired, due: st.Deadline.At, final: true}
	if dateless || !st.Deadline.Ends() {
		e = event{step: stateStep(st.State), due: now, final: true}
		own, ok := s.find(e.step)
		if ok && (!said || own.At.After(anchor.At)) {
			anchor, said = own, true
		}
	}
	e.said = said
	out = append(out, e)
	if said {
		out = appendAgain(out, s, anchor.At, now, r)
	}
	return out, true
}

// warnings are the rungs before the deadline.
func (s *Subject) warnings(out []event, now time.Time, r *Rules) []event {
	life, from := s.Status.Life, len(out)
	add := func(step Step, before, slack time.Duration, grouped bool) {
		e := s.event(step, before, slack, false, now)
		old := func(at time.Time) bool { // not while the account is young
			return life <= 0 || s.Status.Deadline.At.Sub(at) <= life/2
		}
		if hour := e.due.Truncate(together); grouped && !r.silent(hour) && old(hour) {
			e.due = hour
		} else if early := r.earlier(e.due); old(early) {
			e.due = early
		}
		out = append(out, e)
	}
	if life > 0 && life < shortLife {
		for _, w := range [...]struct {
			step   Step
			before time.Duration
		}{{Step75, life / 4}, {Step95, life / 20}} {
			if life-w.before >= infancy {
				add(w.step, w.before, w.before/2, false)
			}
		}
	} else {
		steps := s.Steps
		if steps == nil {
			steps = defaultSteps[:]
		}
		if s.Depends > 0 && r.Urgent > 0 && !slices.Contains(steps, r.Urgent) {
			steps = append(slices.Clone(steps), r.Urgent)
		}
		for _, step := range longestFirst(steps) {
			if step <= 0 {
				continue
			}
			// A step that had to be shortened keeps its name, so that a change in
			// what is known of the life does not make it another step.
			before := step
			if life > 0 {
				before = min(step, life/2)
			}
			add(Step(step.String()), before, step/2, before == step && step >= day)
		}
	}
	if len(out) > from {
		out[len(out)-1].last = s.Status.Deadline.At
	}
	return out
}

const awayPrefix = "away-"

// absent puts in its place the word that the connection ends while nobody is
// there: once, some days before the absence begins, or as soon as it is known.
func (s *Subject) absent(out []event, now time.Time, r *Rules) []event {
	st, loc := &s.Status, r.location()
	if r.Away.None() || st.Life > 0 && st.Life < shortLife {
		return out
	}
	begins, ends := r.Away.begins(loc), r.Away.ends(loc)
	if st.Deadline.At.Before(begins) || !st.Deadline.At.Before(ends) || !now.Before(begins) {
		return out
	}
	day1 := r.Away.From
	due := r.earlier(time.Date(day1.Year, day1.Month, day1.Day-awayNotice, r.Hour, 0, 0, 0, loc))
	if st.Life > 0 { // a warning never comes before half of a life
		due = later(due, st.Deadline.At.Add(-st.Life/2))
	}
	if !due.Before(begins) {
		return out
	}
	e := s.event(Step(awayPrefix+day1.String()), st.Deadline.At.Sub(due), ends.Sub(begins), false, now)
	e.last = begins
	// It says more than any warning that is due by now, and no more than was
	// known when it was said.
	from, at := due, len(out)
	if !e.said {
		from = later(due, now)
	}
	for at > 0 && out[at-1].due.After(from) {
		at--
	}
	return slices.Insert(out, at, e)
}

// event makes the step that is due so long before the deadline; slack is how
// far the deadline may move later before the step counts as another's.
func (s *Subject) event(step Step, before, slack time.Duration, final bool, now time.Time) event {
	e := event{step: step, due: s.Status.Deadline.At.Add(-before), final: final}
	if old, ok := s.find(step); ok && s.counts(old, slack) {
		// An entry of the past was written early because settings moved the step since.
		e.early = e.due.Sub(now) > slack && old.At.After(now)
		e.said = !e.early
	}
	return e
}

func longestFirst(steps []time.Duration) []time.Duration {
	down := func(a, b time.Duration) int { return cmp.Compare(b, a) }
	if slices.IsSortedFunc(steps, down) {
		return steps
	}
	steps = slices.Clone(steps)
	slices.SortFunc(steps, down)
	return steps
}

// appendAgain adds the daily repeats: at the reminder hour of the days after
// the end was told.
func appendAgain(out []event, s *Subject, anchor, now time.Time, r *Rules) []event {
	loc := r.location()
	y, m, d := anchor.In(loc).Date()
	for k := 1; k <= repeats; k++ {
		due := time.Date(y, m, d+k, r.Hour, 0, 0, 0, loc)
		e := event{step: againStep(k), due: r.earlier(due)}
		if old, ok := s.find(e.step); ok {
			// A repeat from before belongs to an end that was mended since.
			e.said = !old.At.Before(anchor)
		}
		if !e.said && e.due.Before(due) && e.due.Sub(anchor) < soonAgain {
			continue
		}
		out = append(out, e)
	}
	return out
}

// noEnd is the deadline of an entry that counts for nothing.
var noEnd = time.Unix(1, 0)

// voided takes back what was said while the clock was wrong: it has to be said
// when its time comes.
func voided(k Key, now time.Time) Entry {
	return Entry{Key: k, At: now, Deadline: noEnd, Collapsed: true}
}

// righted gives the subject without entries that were written by a clock far
// ahead of now, and what the ledger must hold in their place. That a connection has
// ended without a date was true at any time, and is not said anew.
func (s *Subject) righted(now time.Time) (*Subject, []Entry) {
	wrong := func(e Entry) bool { return e.At.Sub(now) > wrongClock && e.Generation == s.Status.Generation }
	if !slices.ContainsFunc(s.Said, wrong) {
		return s, nil
	}
	out := *s
	out.Said = slices.Clone(s.Said)
	var in []Entry
	for i, e := range out.Said {
		if !wrong(e) {
			continue
		}
		if strings.HasPrefix(string(e.Step), "state-") {
			e.At = now
		} else {
			e = voided(e.Key, now)
		}
		out.Said[i] = e
		in = append(in, e)
	}
	return &out, in
}

// find gives the last entry of a step in the subject's generation.
func (s *Subject) find(step Step) (Entry, bool) {
	for _, e := range slices.Backward(s.Said) {
		if e.Step == step && e.Generation == s.Status.Generation && e.Account == s.Account.ID {
			return e, !e.Deadline.Equal(noEnd)
		}
	}
	return Entry{}, false
}

// counts reports whether an entry holds for the deadline as it is known now: it
// may have moved later by up to slack since, or any amount earlier.
func (s *Subject) counts(e Entry, slack time.Duration) bool {
	d := s.Status.Deadline
	if e.Deadline.IsZero() || !d.Ends() {
		return true
	}
	return d.At.Sub(e.Deadline) <= slack
}

// everEnded reports whether an end was ever told in this generation.
func (s *Subject) everEnded() bool {
	return slices.ContainsFunc(s.Said, func(e Entry) bool {
		return e.Generation == s.Status.Generation && !e.Collapsed &&
			(e.Step == StepExpired || strings.HasPrefix(string(e.Step), "state-"))
	})
}
