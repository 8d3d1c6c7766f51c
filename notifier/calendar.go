package notifier

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relink/platform"
)

// Calendar writes the deadlines as an iCalendar object (RFC 5545), one event
// for each account that ends at a known time. An event keeps its UID as long as
// it is the same account and the same clock, so that a new end moves the event.
// There are no alarms in it: Relink does the reminding.
func Calendar(list []News, now time.Time) string {
	list = slices.DeleteFunc(slices.Clone(list), func(n News) bool { return !n.Status.Deadline.Ends() })
	slices.SortFunc(list, func(a, b News) int {
		return cmp.Or(a.Status.Deadline.At.Compare(b.Status.Deadline.At), strings.Compare(a.Account.ID, b.Account.ID))
	})
	var c calendar
	c.Grow(256 + 640*len(list))
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//Relink//Relink//EN")
	c.line("CALSCALE", "GREGORIAN")
	c.line("METHOD", "PUBLISH")
	c.line("X-WR-CALNAME", "Relink")
	for _, n := range list {
		d, name := n.Status.Deadline, shortName(n.Account)
		summary := platform.T("%s ends", name)
		if !now.Before(d.At) {
			summary = platform.T("%s has ended", name)
		}
		c.line("BEGIN", "VEVENT")
		c.line("UID", escapeText(n.Account.ID+"-"+string(d.Kind)+"@relink"))
		c.line(stamp, moments(now))
		c.line("DTSTART", moments(d.At))
		c.line("SUMMARY", escapeText(summary))
		c.line("DESCRIPTION", escapeText(calendarBody(n, now)))
		c.line("URL", Link(n.Account))
		c.line("CATEGORIES", escapeText("Relink"))
		c.line("TRANSP", "TRANSPARENT")
		c.line("END", "VEVENT")
	}
	c.line("END", "VCALENDAR")
	return c.String()
}

// calendarBody says what stops and how to go on. Only what does not change by
// itself is in it: the file is read long after it was written.
func calendarBody(n News, now time.Time) string {
	s := Subject{Account: n.Account, Status: n.Status}
	what, plural := capabilities(s.Status, !s.Status.State.NeedsPerson())
	stops := platform.T("%s stops then.", what)
	if plural {
		stops = platform.T("%s stop then.", what)
	}
	if !now.Before(n.Status.Deadline.At) {
		stops = platform.T("%s stopped then.", what)
	}
	why := ""
	switch d := n.Status.Deadline; {
	case d.Source == platform.SourceAssumed:
		why = platform.T("The time is assumed: %s did not say.", platformName(n.Account))
	case d.Source == platform.SourceRule:
		why = platform.T("Nobody has used it for a long time.")
	}
	return clean(n.Account.Title()) + "\n" + sentences(stops, why) + "\n" + platform.T("Reconnect it in Relink, or run: %s", "relink reconnect "+n.Account.Ref())
}

// SameCalendar reports whether two calendars say the same, whenever they were written.
func SameCalendar(a, b string) bool {
	for a != "" || b != "" {
		x, restA, _ := strings.Cut(a, "\r\n")
		y, restB, _ := strings.Cut(b, "\r\n")
		if x != y && !(strings.HasPrefix(x, stamp+":") && strings.HasPrefix(y, stamp+":")) {
			return false
		}
		a, b = restA, restB
	}
	return true
}

const stamp = "DTSTAMP"

// moments is a time in UTC, as calendars write it (RFC 5545, 3.3.5).
func moments(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// calendar gathers content lines.
type calendar struct{ strings.Builder }

// line writes a content line, folded after at most 75 octets and never inside
// a character (RFC 5545, 3.1).
func (c *calendar) line(name, value string) {
	const most = 75
	s := name + ":" + value
	room := most
	for len(s) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		c.WriteString(s[:cut])
		c.WriteString("\r\n ")
		s, room = s[cut:], most-1
	}
	c.WriteString(s)
	c.WriteString("\r\n")
}

// escapeText makes a TEXT value (RFC 5545, 3.3.11). Control characters have no
// form there and are left out.
func escapeText(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	for _, r := range strings.ToValidUTF8(s, "") {
		switch {
		case r == '\\' || r == ';' || r == ',':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shortName is how a subject line calls an account, "LinkedIn acme".
func shortName(a platform.Account) string {
	return strings.TrimSpace(platformName(a) + " " + clean(a.Alias))
}
