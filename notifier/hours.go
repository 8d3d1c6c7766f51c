package notifier

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"relink/platform"
)

// Quiet is a part of every day in which nothing is said, by the clock on the
// wall. Where To is not after From it goes on past midnight; the zero value, and
// any with both ends the same, is none.
type Quiet struct {
	// From and To are since midnight, in whole minutes.
	From, To time.Duration
}

// None reports whether no hours are quiet.
func (q Quiet) None() bool { return q.From == q.To }

// String writes "22:00-07:00", and "" for none.
func (q Quiet) String() string {
	if q.None() {
		return ""
	}
	return clockTime(q.From) + "-" + clockTime(q.To)
}

func clockTime(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute)
}

// ParseQuiet reads "22:00-07:00"; "" and "off" are none.
func ParseQuiet(s string) (Quiet, error) {
	if s == "" || s == "off" {
		return Quiet{}, nil
	}
	wrong := errors.New(platform.T("%q is no part of a day such as 22:00-07:00", s))
	from, to, found := strings.Cut(s, "-")
	a, err := time.Parse("15:04", strings.TrimSpace(from))
	b, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !found || err != nil || err2 != nil {
		return Quiet{}, wrong
	}
	q := Quiet{time.Duration(a.Hour())*time.Hour + time.Duration(a.Minute())*time.Minute, time.Duration(b.Hour())*time.Hour + time.Duration(b.Minute())*time.Minute}
	if q.None() {
		return Quiet{}, errors.New(platform.T("%q leaves no time to say anything", s))
	}
	return q, nil
}

// MarshalText implements encoding.TextMarshaler.
func (q Quiet) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (q *Quiet) UnmarshalText(b []byte) (err error) {
	*q, err = ParseQuiet(string(b))
	return err
}

// Days is a set of weekdays; bit n is time.Weekday n.
type Days uint8

// Has reports whether a day is in the set.
func (d Days) Has(w time.Weekday) bool { return d&(1<<w) != 0 }

// weekdays are the days in the order people list them.
var weekdays = [...]time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

func dayName(w time.Weekday) string { return strings.ToLower(w.String()[:3]) }

// Names lists the days, "sat", "sun", from Monday on.
func (d Days) Names() []string {
	var out []string
	for _, w := range weekdays {
		if d.Has(w) {
			out = append(out, dayName(w))
		}
	}
	return out
}

// String writes "sat,sun", and "" for none.
func (d Days) String() string { return strings.Join(d.Names(), ",") }

// ParseDays reads "sat,sun" or "Saturday, Sunday"; "" and "off" are none. Not
// every day can be free.
func ParseDays(s string) (Days, error) {
	if s == "" || s == "off" {
		return 0, nil
	}
	var d Days
	for part := range strings.SplitSeq(s, ",") {
		name := strings.ToLower(strings.TrimSpace(part))
		at := slices.IndexFunc(weekdays[:], func(w time.Weekday) bool {
			return len(name) >= 3 && strings.HasPrefix(strings.ToLower(w.String()), name)
		})
		if at < 0 {
			return 0, errors.New(platform.T("%q is no day of the week such as sat or sun", strings.TrimSpace(part)))
		}
		d |= 1 << weekdays[at]
	}
	if d == 1<<7-1 {
		return 0, errors.New(platform.T("%q leaves no day to say anything", s))
	}
	return d, nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Days) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDays(string(b))
	return err
}

// Date is a day in the calendar, wherever the person is.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

func dateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// In is the day's first moment at a place.
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

func (d Date) compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Away is when the person is not there, both days included; the zero value is never.
type Away struct{ From, To Date }

// None reports whether the person is never away.
func (a Away) None() bool { return a == Away{} }

// String writes "2026-12-12/2026-12-26", and "" for never.
func (a Away) String() string {
	if a.None() {
		return ""
	}
	return a.From.String() + "/" + a.To.String()
}

// ParseAway reads "2026-12-12/2026-12-26"; "" and "off" are never.
func ParseAway(s string) (Away, error) {
	if s == "" || s == "off" {
		return Away{}, nil
	}
	from, to, found := strings.Cut(s, "/")
	a, err := time.Parse(time.DateOnly, strings.TrimSpace(from))
	b, err2 := time.Parse(time.DateOnly, strings.TrimSpace(to))
	if !found || err != nil || err2 != nil {
		return Away{}, errors.New(platform.T("%q are no two days such as 2026-12-12/2026-12-26", s))
	}
	away := Away{dateOf(a), dateOf(b)}
	if away.From.compare(away.To) > 0 {
		return Away{}, errors.New(platform.T("%q ends before it begins", s))
	}
	if b.Sub(a) > 366*day {
		return Away{}, errors.New(platform.T("%q is longer than a year", s))
	}
	return away, nil
}

// MarshalText implements encoding.TextMarshaler.
func (a Away) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Away) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAway(string(b))
	return err
}

// begins and ends are the first moment of the absence and the first after it.
func (a Away) begins(loc *time.Location) time.Time { return a.From.In(loc) }

func (a Away) ends(loc *time.Location) time.Time {
	return time.Date(a.To.Year, a.To.Month, a.To.Day+1, 0, 0, 0, 0, loc)
}

// quietLead is how long before quiet hours a note that falls into them goes out.
const quietLead = 30 * time.Minute

// length is how much of a day is quiet.
func (q Quiet) length() time.Duration {
	d := q.To - q.From
	if d < 0 {
		d += day
	}
	return d
}

// wall is the time of day that a clock on the wall shows.
func wall(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

func (q Quiet) covers(local time.Time) bool {
	at := wall(local)
	if q.From <= q.To {
		return at >= q.From && at < q.To
	}
	return at >= q.From || at < q.To
}

// silent reports whether t lies in quiet hours or on a free day.
func (r *Rules) silent(t time.Time) bool {
	if r.Free == 0 && r.Quiet.None() {
		return false
	}
	t = t.In(r.location())
	return r.Free.Has(t.Weekday()) || r.Quiet.covers(t)
}

// mostMoves bounds the search for a moment at which something may be said. A
// week holds at most six free days and seven nights.
const mostMoves = 32

// earlier is the last moment up to t at which something may be said: at the
// same time on a day that is not free, and before quiet hours, not in them.
func (r *Rules) earlier(t time.Time) time.Time {
	if !r.silent(t) {
		return t
	}
	loc, at := r.location(), t
	lead, moved := min(quietLead, (day-r.Quiet.length())/2), false
	for range mostMoves {
		local := at.In(loc)
		y, m, d := local.Date()
		switch {
		case r.Free.Has(local.Weekday()):
			at, moved = time.Date(y, m, d-1, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), loc), true
		case r.Quiet.covers(local):
			if r.Quiet.From > r.Quiet.To && wall(local) < r.Quiet.To && !moved {
				d-- // it began yesterday; on a day that was chosen anew its evening does
			}
			at = time.Date(y, m, d, 0, int(r.Quiet.From/time.Minute), 0, 0, loc).Add(-lead)
		default:
			return at
		}
	}
	return t
}

// opens is the first moment from t on at which something may be said.
func (r *Rules) opens(t time.Time) time.Time {
	loc, at := r.location(), t
	for range 2 * mostMoves {
		if !r.silent(at) {
			return at
		}
		local := at.In(loc)
		y, m, d := local.Date()
		next := time.Date(y, m, d+1, 0, 0, 0, 0, loc)
		if !r.Free.Has(local.Weekday()) {
			if r.Quiet.From > r.Quiet.To && wall(local) >= r.Quiet.From {
				d++ // it ends tomorrow
			}
			next = time.Date(y, m, d, 0, int(r.Quiet.To/time.Minute), 0, 0, loc)
		}
		if !next.After(at) {
			next = at.Add(time.Hour) // of a time that the clock shows twice it was the first
		}
		// The clock may be changed before the end: past it, or to show it twice.
		_, off := local.Zone()
		ny, nm, nd := next.Date()
		first := time.Date(ny, nm, nd, next.Hour(), next.Minute(), 0, 0, time.FixedZone("", off))
		_, change := local.ZoneBounds()
		for _, t := range []time.Time{first, change} {
			if t.After(at) && t.Before(next) && !r.silent(t) {
				next = t
			}
		}
		at = next
	}
	return at
}
