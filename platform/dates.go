package platform

import (
	"strings"
	"time"
)

// At writes a moment by a layout of package time, with the names of days and
// months in the person's language. The layout is said first, so that each
// language has its own order: At(t, T("Mon 2 Jan, 15:04")). The zone is t's own;
// [Date], [Day] and [When] are for the person's.
func At(t time.Time, layout string) string {
	if Language() == "en" {
		return t.Format(layout)
	}
	var b strings.Builder
	for {
		at, name := -1, ""
		// The longer name first: "Jan" begins "January".
		for _, n := range [...]string{"January", "Jan", "Monday", "Mon"} {
			if i := strings.Index(layout, n); i >= 0 && (at < 0 || i < at) {
				at, name = i, n
			}
		}
		if at < 0 {
			b.WriteString(t.Format(layout))
			return b.String()
		}
		if at > 0 {
			b.WriteString(t.Format(layout[:at]))
		}
		b.WriteString(named(t, name))
		layout = layout[at+len(name):]
	}
}

// named is the name that stands in a layout for t's day or month.
func named(t time.Time, name string) string {
	var list string
	i := int(t.Month()) - 1
	switch name {
	case "January":
		list = T("January February March April May June July August September October November December")
	case "Jan":
		list = T("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
	case "Monday":
		i, list = int(t.Weekday()), T("Sunday Monday Tuesday Wednesday Thursday Friday Saturday")
	case "Mon":
		i, list = int(t.Weekday()), T("Sun Mon Tue Wed Thu Fri Sat")
	}
	if names := strings.Fields(list); i < len(names) {
		return names[i]
	}
	return t.Format(name)
}

// Date writes a day as people do, in their own time zone: "25 Nov 2026".
func Date(t time.Time) string { return At(t.Local(), T("2 Jan 2006")) }

// LongDate writes a day in full, in the person's zone: "25 November 2026".
func LongDate(t time.Time) string { return At(t.Local(), T("2 January 2006")) }

// Day is a day beside now, in the person's zone: "Wed 25 Nov", with the year
// where it is another one.
func Day(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Year() != now.Year() {
		return At(t, T("Mon 2 Jan 2006"))
	}
	return At(t, T("Mon 2 Jan"))
}

// When is a moment beside now, in the person's zone: "Wed 25 Nov, 14:10", with
// the year where it is another one.
func When(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Year() != now.Year() {
		return At(t, T("Mon 2 Jan 2006, 15:04"))
	}
	return At(t, T("Mon 2 Jan, 15:04"))
}

// Ago is how long ago a past moment was, as [Span] says it: "3 hours ago",
// "1 day 4 hours ago"; "just now" within a minute, and for what is still to come.
// What lies ahead is said by Span within a sentence of its own.
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	days, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	switch {
	case d < time.Minute:
		return T("just now")
	case d < time.Hour:
		return N(int(d/time.Minute), "%d minute ago", "%d minutes ago")
	case d < 24*time.Hour:
		return N(hours, "%d hour ago", "%d hours ago")
	case days < 3 && hours > 0:
		return N(days, "%d day %s ago", "%d days %s ago", N(hours, "%d hour", "%d hours"))
	case days >= 3:
		days = int((d + 12*time.Hour) / (24 * time.Hour))
	}
	return N(days, "%d day ago", "%d days ago")
}
