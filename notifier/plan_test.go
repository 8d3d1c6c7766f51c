package notifier

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

// base is a Monday noon.
var base = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const hour = time.Hour

// ending is an account whose token ends left after base, out of a life.
func ending(id string, left, life time.Duration) Subject {
	at := base.Add(left)
	return Subject{
		Account: platform.Account{ID: id, Platform: "linkedin", Alias: id, ProviderID: "p-" + id},
		Status: platform.Status{
			Account: id, Generation: 1, State: platform.StateConnected, Life: life,
			Deadline:     platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: at, Since: at.Add(-life)},
			Capabilities: []platform.CapabilityStatus{{Capability: platform.Publish, Works: true}, {Capability: platform.Inbox, Works: true}},
		},
	}
}

// in gives the subject in another state; nothing works in those that need a person.
func (s Subject) in(state platform.State) Subject {
	s.Status.State = state
	s.Status.Capabilities = slices.Clone(s.Status.Capabilities)
	for i := range s.Status.Capabilities {
		s.Status.Capabilities[i].Works = !state.NeedsPerson()
	}
	return s
}

// said gives the subject with a step in its ledger, said so long before base.
func (s Subject) said(ago time.Duration, steps ...Step) Subject {
	s.Said = slices.Clone(s.Said)
	for _, step := range steps {
		s.Said = append(s.Said, Entry{Key: Key{s.Account.ID, s.Status.Generation, step}, At: base.Add(-ago), Deadline: s.Status.Deadline.At})
	}
	return s
}

func (s Subject) with(f func(*Subject)) Subject { f(&s); return s }

// story tells a decision in one line: what is said, what is collapsed, when next.
func story(d Decision, id string) string {
	var said, collapsed []string
	entries := slices.Clone(d.Silent)
	for _, n := range d.Notes {
		entries = append(entries, n.Entries...)
	}
	for _, e := range entries {
		if e.Account != id {
			continue
		}
		if e.Collapsed {
			collapsed = append(collapsed, string(e.Step))
		} else {
			said = append(said, string(e.Step))
		}
	}
	next := "-"
	if t, ok := d.Next[id]; ok {
		next = strings.TrimPrefix(t.Sub(base).String(), "+")
	}
	return fmt.Sprintf("%s|%s|%s", strings.Join(said, ","), strings.Join(collapsed, ","), next)
}

const (
	w7 = Step("168h0m0s")
	w3 = Step("72h0m0s")
	w1 = Step("24h0m0s")
)

func TestPlan(t *testing.T) {
	long := 60 * day
	for name, c := range map[string]struct {
		s    Subject
		r    Rules
		want string
	}{
		"far away":                 {ending("a", 30*day, long), Rules{}, "||552h0m0s"},
		"does not end":             {ending("a", 0, 0).with(func(s *Subject) { s.Status.Deadline = platform.Clock{Source: platform.SourceNever} }), Rules{}, "||-"},
		"seven days":               {ending("a", 7*day, long), Rules{}, "168h0m0s||96h0m0s"},
		"a moment before":          {ending("a", 7*day+hour, long), Rules{}, "||1h0m0s"},
		"in its hour, for company": {ending("a", 7*day+59*time.Minute, long), Rules{}, "168h0m0s||96h0m0s"},
		"short steps are exact":    {ending("a", 4*hour+time.Second, long).said(day, w7, w3, w1).with(func(s *Subject) { s.Steps = []time.Duration{4 * hour} }), Rules{}, "||1s"},
		"said once":                {ending("a", 7*day-hour, long).said(hour, w7), Rules{}, "||95h0m0s"},
		"missed steps collapse":    {ending("a", 2*day, long), Rules{}, "72h0m0s|168h0m0s|24h0m0s"},
		"all missed":               {ending("a", hour, long), Rules{}, "24h0m0s|168h0m0s,72h0m0s|1h0m0s"},
		"overtaken silently":       {ending("a", 2*day, long).said(hour, w3), Rules{}, "|168h0m0s|24h0m0s"},
		"another generation":       {ending("a", 7*day, long).said(hour, w7).with(func(s *Subject) { s.Status.Generation = 2 }), Rules{}, "168h0m0s||96h0m0s"},
		"own steps, any order":     {ending("a", 4*day, long).with(func(s *Subject) { s.Steps = []time.Duration{hour, 5 * day} }), Rules{}, "120h0m0s||95h0m0s"},
		"no steps, only the end":   {ending("a", hour, long).with(func(s *Subject) { s.Steps = []time.Duration{} }), Rules{}, "||1h0m0s"},
		"half a ten-day life":      {ending("a", 5*day, 10*day), Rules{}, "168h0m0s||48h0m0s"},
		"not before half":          {ending("a", 6*day, 10*day), Rules{}, "||24h0m0s"},
		"half a four-day life":     {ending("a", 2*day, 4*day), Rules{}, "72h0m0s|168h0m0s|24h0m0s"},
		"short: born":              {ending("a", 24*hour, 24*hour), Rules{}, "||18h0m0s"},
		"short: 75 %":              {ending("a", 6*hour, 24*hour), Rules{}, "75%||4h48m0s"},
		"short: 95 %":              {ending("a", 72*time.Minute, 24*hour).said(hour, Step75), Rules{}, "95%||1h12m0s"},
		"short: never at birth":    {ending("a", 8*time.Minute, 35*time.Minute), Rules{}, "||6m15s"},
		"short: born for an hour":  {ending("a", 10*time.Minute, 20*time.Minute), Rules{}, "||10m0s"},

		"expired":                  {ending("a", 0, long).in(platform.StateExpired).said(day, w7, w3, w1), Rules{Hour: 9}, "expired||21h0m0s"},
		"expired while off":        {ending("a", -20*day, long).in(platform.StateExpired).said(28*day, w7), Rules{Hour: 9}, "expired|72h0m0s,24h0m0s|21h0m0s"},
		"expired, status is stale": {ending("a", -time.Second, long).said(day, w7, w3, w1), Rules{Hour: 9}, "expired||21h0m0s"},
		"not yet again":            {ending("a", -hour, long).in(platform.StateExpired).said(hour, w7, w3, w1, StepExpired), Rules{Hour: 13}, "||25h0m0s"},
		"again at the hour":        {ending("a", -day, long).in(platform.StateExpired).said(day, w7, w3, w1, StepExpired), Rules{Hour: 12}, "again-1||24h0m0s"},
		"again after days asleep":  {ending("a", -4*day, long).in(platform.StateExpired).said(4*day, w7, w3, w1, StepExpired), Rules{Hour: 12}, "again-4|again-1,again-2,again-3|24h0m0s"},
		"the seventh is the last":  {ending("a", -7*day, long).in(platform.StateExpired).said(7*day, w7, w3, w1, StepExpired).said(day, "again-1", "again-2", "again-3", "again-4", "again-5", "again-6"), Rules{Hour: 12}, "again-7||-"},
		"then nothing":             {ending("a", -70*day, long).in(platform.StateExpired).said(70*day, w7, w3, w1, StepExpired).said(60*day, "again-1", "again-2", "again-3", "again-4", "again-5", "again-6", "again-7"), Rules{Hour: 12}, "||-"},
		"dormant":                  {ending("a", 0, long).in(platform.StateDormant).said(day, w7, w3, w1), Rules{Hour: 9}, "expired||21h0m0s"},

		"revoked":                   {ending("a", 30*day, long).in(platform.StateRevoked), Rules{Hour: 9}, "state-revoked||21h0m0s"},
		"revoked, warnings missed":  {ending("a", 2*day, long).in(platform.StateRevoked), Rules{Hour: 9}, "state-revoked|168h0m0s,72h0m0s|21h0m0s"},
		"revoked without any date":  {ending("a", 0, 0).with(func(s *Subject) { s.Status.Deadline = platform.Clock{Source: platform.SourceNever} }).in(platform.StateRevoked), Rules{Hour: 9}, "state-revoked||21h0m0s"},
		"revoked was said":          {ending("a", 30*day, long).in(platform.StateRevoked).said(day, "state-revoked"), Rules{Hour: 12}, "again-1||24h0m0s"},
		"expired, then revoked":     {ending("a", -hour, long).in(platform.StateRevoked).said(hour, w7, w3, w1, StepExpired), Rules{Hour: 9}, "||21h0m0s"},
		"revoked, mended, expired":  {ending("a", 0, long).in(platform.StateExpired).said(day, w7, w3, w1, "state-revoked", "again-1"), Rules{Hour: 9}, "expired||21h0m0s"},
		"unfinished":                {Subject{Account: platform.Account{ID: "a", Platform: "facebook"}, Status: platform.Status{State: platform.StateUnfinished}}, Rules{Hour: 9}, "state-unfinished||21h0m0s"},
		"unfinished, said":          {Subject{Account: platform.Account{ID: "a", Platform: "facebook"}, Status: platform.Status{State: platform.StateUnfinished}}.said(hour, "state-unfinished"), Rules{Hour: 9}, "||21h0m0s"},
		"limited has no step":       {ending("a", 30*day, long).in(platform.StateLimited), Rules{}, "||552h0m0s"},
		"limited, but it ends":      {ending("a", 3*day, long).in(platform.StateLimited).said(day, w7), Rules{}, "72h0m0s||48h0m0s"},
		"unverified":                {ending("a", 0, 0).with(func(s *Subject) { s.Status.Deadline = platform.Clock{} }).in(platform.StateUnverified), Rules{}, "||-"},
		"life unknown":              {ending("a", 3*day, 0).said(day, w7), Rules{}, "72h0m0s||48h0m0s"},
		"first minute":              {ending("a", 7*day, long), Rules{Started: base.Add(-59 * time.Second)}, "||1s"},
		"first minute, nothing due": {ending("a", 30*day, long), Rules{Started: base}, "||552h0m0s"},
		"after the first minute":    {ending("a", 7*day, long), Rules{Started: base.Add(-time.Minute)}, "168h0m0s||96h0m0s"},
		"first minute, expired":     {ending("a", 0, long).in(platform.StateExpired), Rules{Started: base, Hour: 9}, "||1m0s"},
		"clock set back since":      {ending("a", 7*day, long), Rules{Started: base.Add(365 * day)}, "168h0m0s||96h0m0s"},

		"paused":                    {ending("a", 7*day, long), Rules{Paused: base.Add(hour)}, "||1h0m0s"},
		"paused past the next":      {ending("a", 7*day, long), Rules{Paused: base.Add(5 * day)}, "||120h0m0s"},
		"paused, the end is next":   {ending("a", hour, long), Rules{Paused: base.Add(day)}, "||1h0m0s"},
		"paused, the end goes out":  {ending("a", 0, long).in(platform.StateExpired).said(day, w7, w3), Rules{Paused: base.Add(2 * day), Hour: 9}, "expired|24h0m0s|48h0m0s"},
		"paused, revoked goes out":  {ending("a", 30*day, long).in(platform.StateRevoked), Rules{Paused: base.Add(hour), Hour: 9}, "state-revoked||21h0m0s"},
		"paused, again is held":     {ending("a", -day, long).in(platform.StateExpired).said(day, w7, w3, w1, StepExpired), Rules{Paused: base.Add(hour), Hour: 12}, "||1h0m0s"},
		"pause is over":             {ending("a", 7*day, long), Rules{Paused: base}, "168h0m0s||96h0m0s"},
		"snoozed":                   {ending("a", 7*day, long).with(func(s *Subject) { s.Account.Snoozed = base.Add(hour) }), Rules{}, "||1h0m0s"},
		"snoozed past its end":      {ending("a", hour, long).with(func(s *Subject) { s.Account.Snoozed = base.Add(day) }), Rules{}, "||24h0m0s"},
		"snoozed, expired waits":    {ending("a", 0, long).in(platform.StateExpired).with(func(s *Subject) { s.Account.Snoozed = base.Add(hour) }), Rules{Hour: 9}, "||1h0m0s"},
		"snooze over, step was new": {ending("a", 2*day, long).said(6*day, w7).with(func(s *Subject) { s.Account.Snoozed = base }), Rules{}, "72h0m0s||24h0m0s"},
		"snooze over, step is said": {ending("a", 2*day, long).said(day, w7, w3).with(func(s *Subject) { s.Account.Snoozed = base }), Rules{}, "||24h0m0s"},
		"urgent, nothing depends":   {ending("a", 4*hour, long).said(day, w7, w3, w1), Rules{Urgent: 4 * hour}, "||4h0m0s"},
		"urgent, a script depends":  {ending("a", 4*hour, long).said(day, w7, w3, w1).with(func(s *Subject) { s.Depends = 1 }), Rules{Urgent: 4 * hour}, "4h0m0s||4h0m0s"},
		"urgent, and own steps":     {ending("a", 4*hour, long).with(func(s *Subject) { s.Depends, s.Steps = 1, []time.Duration{day} }), Rules{Urgent: 4 * hour}, "4h0m0s|24h0m0s|4h0m0s"},
		"urgent, short life":        {ending("a", 4*hour, 20*hour).with(func(s *Subject) { s.Depends = 1 }), Rules{Urgent: 4 * hour}, "75%||3h0m0s"},
		"muted":                     {ending("a", 0, long).in(platform.StateExpired).with(func(s *Subject) { s.Account.Muted = true }), Rules{}, "||-"},
	} {
		t.Run(name, func(t *testing.T) {
			c.r.Location = time.UTC
			if got := story(Plan([]Subject{c.s}, base, c.r), "a"); got != c.want {
				t.Errorf("said|collapsed|next = %s, want %s", got, c.want)
			}
		})
	}
}

// TestPlanQuiet: base is a Monday noon; the siesta is around it, the night is not.
func TestPlanQuiet(t *testing.T) {
	long := 60 * day
	night, siesta := Quiet{22 * hour, 7 * hour}, Quiet{11 * hour, 13 * hour}
	weekend, monday := Days(1<<time.Saturday|1<<time.Sunday), Days(1<<time.Monday)
	for name, c := range map[string]struct {
		s    Subject
		r    Rules
		want string
	}{
		"before the night":                {ending("a", 3*day+15*hour, long).said(hour, w7), Rules{Quiet: night}, "||9h30m0s"},
		"before the night, from its end":  {ending("a", 3*day+19*hour-time.Second, long).said(hour, w7), Rules{Quiet: night}, "||9h30m0s"},
		"at the end of the night":         {ending("a", 3*day+19*hour, long).said(hour, w7), Rules{Quiet: night}, "||19h0m0s"},
		"a Sunday's is Friday's":          {ending("a", 6*day, long).said(hour, w7, w3), Rules{Free: weekend}, "||96h0m0s"},
		"a Sunday night's is Friday's":    {ending("a", 6*day+10*hour+30*time.Minute, long).said(hour, w7, w3), Rules{Free: weekend, Quiet: night}, "||105h30m0s"},
		"late, waits for the end":         {ending("a", 2*day, long).said(5*day, w7), Rules{Quiet: siesta}, "||1h0m0s"},
		"late, waits for Tuesday":         {ending("a", 2*day, long).said(5*day, w7), Rules{Free: monday}, "||12h0m0s"},
		"late, waits for Tuesday morning": {ending("a", 2*day, long).said(5*day, w7), Rules{Free: monday, Quiet: night}, "||19h0m0s"},
		"last, and time enough":           {ending("a", 2*hour, long).said(day, w7, w3), Rules{Quiet: siesta}, "||1h0m0s"},
		"last, and too late after":        {ending("a", 2*hour-time.Second, long).said(day, w7, w3), Rules{Quiet: siesta}, "24h0m0s||1h59m59s"},
		"not last, too late after":        {ending("a", 90*time.Minute, 6*hour), Rules{Quiet: siesta}, "||1h0m0s"},
		"the end goes out":                {ending("a", 0, long).in(platform.StateExpired).said(day, w7, w3, w1), Rules{Quiet: siesta, Hour: 9}, "expired||21h0m0s"},
		"the end goes out on a free day":  {ending("a", 0, long).in(platform.StateExpired).said(day, w7, w3, w1), Rules{Free: monday, Hour: 9}, "expired||21h0m0s"},
		"revoked goes out":                {ending("a", 30*day, long).in(platform.StateRevoked), Rules{Quiet: siesta, Hour: 9}, "state-revoked||21h0m0s"},
		"the end at night":                {ending("a", 14*hour, long).said(day, w7, w3, w1), Rules{Quiet: night}, "||14h0m0s"},
		"a repeat waits":                  {ending("a", -day, long).in(platform.StateExpired).said(day, w7, w3, w1, StepExpired), Rules{Quiet: siesta, Hour: 10}, "||1h0m0s"},
		"a repeat is moved before":        {ending("a", 0, long).in(platform.StateExpired).said(0, w7, w3, w1, StepExpired), Rules{Quiet: Quiet{2 * hour, 10 * hour}, Hour: 9}, "||13h30m0s"},
		"a repeat too soon is left out":   {ending("a", 0, long).in(platform.StateExpired).said(0, w7, w3, w1, StepExpired), Rules{Quiet: night, Hour: 6}, "||33h30m0s"},
		"repeats of free days left out":   {ending("a", 0, long).in(platform.StateExpired).said(0, w7, w3, w1, StepExpired), Rules{Free: 1<<time.Tuesday | 1<<time.Wednesday, Hour: 9}, "||69h0m0s"},
		"repeats of free days are one":    {ending("a", -day, long).in(platform.StateExpired).said(day, w7, w3, w1, StepExpired), Rules{Free: 1 << time.Tuesday, Hour: 9}, "again-2|again-1|45h0m0s"},
		"short life, no room before":      {ending("a", 15*hour, 15*hour), Rules{Quiet: Quiet{18 * hour, 8 * hour}}, "||14h15m0s"},
		"short life, before":              {ending("a", 20*hour, 20*hour), Rules{Quiet: Quiet{23 * hour, 4 * hour}}, "||10h30m0s"},
		"never before half a life":        {ending("a", 5*day, 10*day), Rules{Free: weekend}, "168h0m0s||48h0m0s"},
		"snoozed into the night":          {ending("a", 3*day, long).said(5*day, w7).with(func(s *Subject) { s.Account.Snoozed = base.Add(11 * hour) }), Rules{Quiet: night}, "||19h0m0s"},
		"paused into the weekend":         {ending("a", 7*day, long), Rules{Free: weekend, Paused: base.Add(5 * day)}, "||156h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			c.r.Location = time.UTC
			if got := story(Plan([]Subject{c.s}, base, c.r), "a"); got != c.want {
				t.Errorf("said|collapsed|next = %s, want %s", got, c.want)
			}
		})
	}
}

// absence is so many days from base on, both included.
func absence(from, to int) Away {
	return Away{dateOf(base.AddDate(0, 0, from)), dateOf(base.AddDate(0, 0, to))}
}

func TestPlanAway(t *testing.T) {
	long := 60 * day
	for name, c := range map[string]struct {
		s    Subject
		r    Rules
		want string
	}{
		"two days before":            {ending("a", 11*day, long), Rules{Away: absence(10, 20), Hour: 9}, "||96h0m0s"},
		"after the first step":       {ending("a", 11*day, long).said(0, w7), Rules{Away: absence(10, 20), Hour: 9}, "||189h0m0s"},
		"as soon as it is known":     {ending("a", 8*day, long), Rules{Away: absence(1, 20)}, "away-2026-03-03||24h0m0s"},
		"in place of a step":         {ending("a", 3*day, long), Rules{Away: absence(2, 20), Hour: 9}, "away-2026-03-04|168h0m0s,72h0m0s|48h0m0s"},
		"the steps after go on":      {ending("a", 3*day, long).said(hour, "away-2026-03-04"), Rules{Away: absence(2, 20), Hour: 9}, "72h0m0s|168h0m0s|48h0m0s"},
		"said once":                  {ending("a", 8*day, long).said(hour, "away-2026-03-03"), Rules{Away: absence(1, 20)}, "||24h0m0s"},
		"another absence":            {ending("a", 8*day, long).said(hour, "away-2026-03-04"), Rules{Away: absence(1, 20)}, "away-2026-03-03||24h0m0s"},
		"not once it has begun":      {ending("a", 8*day, long), Rules{Away: absence(0, 20)}, "||24h0m0s"},
		"ends before":                {ending("a", 8*day, long), Rules{Away: absence(9, 20), Hour: 9}, "||24h0m0s"},
		"ends after":                 {ending("a", 8*day+12*hour, long), Rules{Away: absence(1, 7)}, "||36h0m0s"},
		"ends on the last day":       {ending("a", 8*day+11*hour, long), Rules{Away: absence(1, 8)}, "away-2026-03-03||35h0m0s"},
		"Friday, for a Monday":       {ending("a", 16*day, long).said(0, w7, w3), Rules{Away: absence(14, 20), Hour: 13, Free: 1<<time.Saturday | 1<<time.Sunday}, "||265h0m0s"},
		"too young":                  {ending("a", 5*day, 8*day), Rules{Away: absence(1, 20)}, "||24h0m0s"},
		"ended already":              {ending("a", -hour, long).in(platform.StateExpired).said(hour, w7, w3, w1, StepExpired), Rules{Away: absence(1, 20), Hour: 9}, "||21h0m0s"},
		"the last hour, though free": {ending("a", 4*day, long).said(5*day, w7), Rules{Away: absence(1, 20), Hour: 9, Free: 1 << time.Monday}, "away-2026-03-03||24h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			c.r.Location = time.UTC
			if got := story(Plan([]Subject{c.s}, base, c.r), "a"); got != c.want {
				t.Errorf("said|collapsed|next = %s, want %s", got, c.want)
			}
		})
	}

	r := Rules{Away: absence(1, 20), Location: time.UTC}
	for name, c := range map[string]struct {
		s          Subject
		body, line string
		reconnect  bool
	}{
		"lasts":        {ending("a", 8*day, long), "Publishing and inbox stop on Tue 10 Mar, 12:00. Reconnect now and it holds until 1 May.", "LinkedIn · a: Tue 10 Mar, 12:00, lasts if you reconnect now", true},
		"moves":        {ending("a", 6*day, 14*day), "Publishing and inbox stop on Sun 8 Mar, 12:00. Reconnecting now moves that to 16 March.", "LinkedIn · a: Sun 8 Mar, 12:00, a little later if you reconnect now", true},
		"life unknown": {ending("a", 8*day, 0), "Publishing and inbox stop on Tue 10 Mar, 12:00.", "LinkedIn · a: Tue 10 Mar, 12:00", true},
	} {
		t.Run(name, func(t *testing.T) {
			d := Plan([]Subject{c.s}, base, r)
			n := d.Notes[0]
			if n.Title != "LinkedIn · a ends while you are away" || n.Body != c.body || n.line != c.line || (n.Default == ActionReconnect) != c.reconnect {
				t.Errorf("got %q, %q, %q, %s", n.Title, n.Body, n.line, n.Default)
			}
		})
	}
	young := ending("a", 4*day, 100*hour) // nearly its whole life is left
	n := part{&young, verdict{away: true}}.note(base, &r)
	if !strings.HasSuffix(n.Body, "Reconnecting early would not move that.") || n.Default != ActionShow || n.Buttons[0].Action != ActionShow {
		t.Errorf("where nothing is gained: %+v", n)
	}
	two := Plan([]Subject{ending("a", 8*day, long), ending("b", 9*day, 0)}, base, r).Notes
	if len(two) != 1 || two[0].Title != "2 accounts end while you are away, 3 to 22 March" ||
		two[0].Body != "LinkedIn · a: Tue 10 Mar, 12:00, lasts if you reconnect now\nLinkedIn · b: Wed 11 Mar, 12:00" || len(two[0].Entries) != 2 {
		t.Errorf("two at once: %+v", two)
	}
}

// TestPlanMoved: the deadline of one grant moves while its steps are being said.
func TestPlanMoved(t *testing.T) {
	move := func(s Subject, by time.Duration) Subject {
		s.Status.Deadline.At = s.Status.Deadline.At.Add(by)
		return s
	}
	long := 60 * day
	for name, c := range map[string]struct {
		s    Subject
		want string
	}{
		"a second later":              {move(ending("a", 7*day, long).said(0, w7), time.Second), "||96h0m0s"},
		"a day later":                 {move(ending("a", 7*day, long).said(0, w7), day), "||120h0m0s"},
		"a month later":               {move(ending("a", 7*day, long).said(0, w7), 30*day), "||720h0m0s"},
		"a month later, due again":    {move(ending("a", -23*day, long).said(30*day, w7), 30*day), "168h0m0s||96h0m0s"},
		"later, and still ending":     {move(ending("a", hour, long).said(0, w7, w3, w1), 3*day-hour), "72h0m0s||48h0m0s"},
		"earlier":                     {move(ending("a", 7*day, long).said(0, w7), -4*day), "72h0m0s||48h0m0s"},
		"much earlier":                {move(ending("a", 30*day, long), -29*day), "24h0m0s|168h0m0s,72h0m0s|24h0m0s"},
		"earlier, all was said":       {move(ending("a", 20*hour, long).said(0, w7, w3, w1), -hour), "||19h0m0s"},
		"expired, then extended":      {move(ending("a", -hour, long).said(hour, w7, w3, w1, StepExpired), 90*day), "||1991h0m0s"},
		"expired once more":           {move(ending("a", -90*day, long).said(90*day, w7, w3, w1, StepExpired, "again-1"), 90*day).in(platform.StateExpired), "expired|168h0m0s,72h0m0s,24h0m0s|21h0m0s"},
		"expired, a second's doubt":   {move(ending("a", -2*time.Second, long).said(2*time.Second, w7, w3, w1, StepExpired), time.Second).in(platform.StateExpired), "||21h0m0s"},
		"revoked after an extension":  {move(ending("a", -hour, long).said(hour, w7, w3, w1, StepExpired), 90*day).in(platform.StateRevoked), "state-revoked||21h0m0s"},
		"entry of an earlier version": {ending("a", 7*day, long).with(func(s *Subject) { s.Said = []Entry{{Key: Key{"a", 1, w7}, At: base}} }), "||96h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := story(Plan([]Subject{c.s}, base, Rules{Hour: 9, Location: time.UTC}), "a"); got != c.want {
				t.Errorf("said|collapsed|next = %s, want %s", got, c.want)
			}
		})
	}
}

// TestPlanClock: what was said while the clock ran a year ahead does not
// silence the real steps.
func TestPlanClock(t *testing.T) {
	r := Rules{Hour: 9, Location: time.UTC}
	ledger := map[Key]Entry{}
	at := func(now time.Time) Decision {
		s := ending("a", 30*day, 60*day)
		if !now.Before(s.Status.Deadline.At) {
			s = s.in(platform.StateExpired)
		}
		for _, e := range ledger {
			s.Said = append(s.Said, e)
		}
		d := Plan([]Subject{s}, now, r)
		for _, e := range d.Silent {
			ledger[e.Key] = e
		}
		for _, n := range d.Notes {
			for _, e := range n.Entries {
				ledger[e.Key] = e
			}
		}
		return d
	}
	if d := at(base.Add(365 * day)); len(d.Notes) != 1 {
		t.Fatalf("a year ahead: %d notes, want 1", len(d.Notes))
	}
	if d := at(base); len(d.Notes) != 0 {
		t.Fatalf("set back: %d notes, want 0", len(d.Notes))
	}
	var said []Step
	for now := base; now.Before(base.Add(40 * day)); now = now.Add(hour) {
		for _, n := range at(now).Notes {
			said = append(said, n.Entries[len(n.Entries)-1].Step)
		}
	}
	want := []Step{w7, w3, w1, StepExpired, "again-1", "again-2", "again-3", "again-4", "again-5", "again-6", "again-7"}
	if !slices.Equal(said, want) {
		t.Errorf("said %v, want %v", said, want)
	}

	// A few hours ahead, which no entry gives away by its time alone.
	clear(ledger)
	d := at(base.Add(30*day + hour))
	if got := d.Notes[0].Entries; got[len(got)-1].Step != StepExpired {
		t.Fatalf("said %v, want expired", got)
	}
	at(base.Add(30*day - 5*hour))
	if d := at(base.Add(30 * day)); len(d.Notes) != 1 {
		t.Errorf("at the real end: %d notes, want 1", len(d.Notes))
	}
}

func TestPlanHourInSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("needs the time zone database")
	}
	// The clocks went forward on 29 March 2026 and back on 25 October.
	for _, told := range []time.Time{time.Date(2026, 3, 26, 23, 30, 0, 0, berlin), time.Date(2026, 10, 22, 0, 30, 0, 0, berlin)} {
		s := ending("a", told.Sub(base), 60*day).in(platform.StateExpired)
		s.Said = []Entry{{Key: Key{"a", 1, StepExpired}, At: told, Deadline: told}, {Key: Key{"a", 1, w7}}, {Key: Key{"a", 1, w3}}, {Key: Key{"a", 1, w1}}}
		now := told
		for k := 1; k <= repeats; k++ {
			next := Plan([]Subject{s}, now, Rules{Hour: 9, Location: berlin}).Next["a"]
			want := time.Date(told.Year(), told.Month(), told.Day()+k, 9, 0, 0, 0, berlin)
			if !next.Equal(want) {
				t.Fatalf("repeat %d at %v, want %v", k, next.In(berlin), want)
			}
			d := Plan([]Subject{s}, next, Rules{Hour: 9, Location: berlin})
			if len(d.Notes) != 1 {
				t.Fatalf("repeat %d: %d notes, want 1", k, len(d.Notes))
			}
			s.Said = append(s.Said, d.Notes[0].Entries...)
			now = next
		}
	}
}

func TestPlanNotes(t *testing.T) {
	warn := ending("warn", 3*day, 60*day).said(day, w7)
	soon := ending("soon", day, 60*day).said(day, w7, w3)
	used := ending("used", 7*day, 60*day).with(func(s *Subject) { s.Depends = 2 })
	gone := ending("gone", -hour, 60*day).in(platform.StateExpired)
	dead := ending("dead", 9*day, 60*day).in(platform.StateRevoked)
	post := ending("post", 7*day, 60*day).with(func(s *Subject) { s.Depends, s.First = 1, base.Add(7*day+hour) })
	late := gone.with(func(s *Subject) { s.Depends, s.First = 1, base.Add(day) })
	late.Account.ID = "late"
	for name, c := range map[string]struct {
		subjects []Subject
		want     []string
	}{
		"a post tomorrow outranks the unused": {[]Subject{gone, late}, []string{"account/late", "account/gone"}},
		"the sooner failure first":            {[]Subject{post, used, late}, []string{"summary late used post"}},
		"two stay two":                        {[]Subject{warn, soon}, []string{"account/soon", "account/warn"}},
		"three are one":                       {[]Subject{warn, soon, gone}, []string{"summary gone soon warn"}},
		"what is depended on first":           {[]Subject{warn, used}, []string{"account/used", "account/warn"}},
		"broken before ending":                {[]Subject{warn, gone, dead, used}, []string{"summary used dead gone warn"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			d := Plan(c.subjects, base, Rules{Location: time.UTC})
			for _, n := range d.Notes {
				if n.ID == SummaryID {
					n.ID = strings.Join(append([]string{n.ID}, n.Accounts...), " ")
					entries := 0
					for _, p := range n.Parts {
						entries += len(p.Entries)
					}
					if len(n.Entries) != entries || n.Default != ActionReview || n.Buttons[0].Action != ActionReview {
						t.Errorf("summary = %+v, want every entry and Review", n)
					}
				}
				got = append(got, n.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("notes %q, want %q", got, c.want)
			}
		})
	}

	d := Plan([]Subject{gone}, base, Rules{})
	if n := d.Notes[0]; !n.Resident || !n.Popup || n.Urgency != UrgencyCritical || n.Default != ActionReconnect || len(n.Buttons) != 2 {
		t.Errorf("expired note = %+v", n)
	}
	d = Plan([]Subject{gone.said(day, StepExpired)}, base.Add(30*day), Rules{})
	if n := d.Notes[0]; !n.Resident || n.Popup {
		t.Errorf("repeat = %+v, want resident and no second popup", n)
	}
	d = Plan([]Subject{warn}, base, Rules{})
	if n := d.Notes[0]; n.Resident || n.Popup || n.Urgency != UrgencyNormal {
		t.Errorf("warning = %+v, want neither resident nor popup", n)
	}
}

func TestWithdrawn(t *testing.T) {
	connected, expiring := ending("a", 30*day, 60*day).Status, ending("a", 3*day, 60*day).in(platform.StateExpiring).Status
	expired, revoked := ending("a", 0, 60*day).in(platform.StateExpired).Status, ending("a", 0, 60*day).in(platform.StateRevoked).Status
	renewed := connected
	renewed.Generation = 2
	reExpired := expired
	reExpired.Generation = 2
	later := expiring
	later.Deadline.At = later.Deadline.At.Add(2 * day)
	for name, c := range map[string]struct {
		prev, cur platform.Status
		want      bool
	}{
		"reconnected":               {expired, renewed, true},
		"new grant, ended already":  {expired, reExpired, true},
		"extended":                  {expiring, connected, true},
		"works again":               {revoked, connected, true},
		"ends later than was said":  {expiring, later, true},
		"ends, but not yet":         {expired, expiring, true},
		"same":                      {expiring, expiring, false},
		"worse":                     {expiring, expired, false},
		"expired, then called dead": {expired, revoked, false},
		"nothing was shown":         {connected, expiring, false},
	} {
		if got := Withdrawn(c.prev, c.cur); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{1, 1000} {
		subjects := make([]Subject, n)
		for i := range subjects {
			subjects[i] = ending(fmt.Sprint(i), 30*day, 60*day)
		}
		subjects[0] = ending("0", 3*day, 60*day).said(day, w7)
		b.Run(fmt.Sprintf("%d-subjects", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := Plan(subjects, base, Rules{Started: base.Add(-day)}); len(d.Notes) != 1 {
					b.Fatal("not said")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/subject")
		})
	}
}
