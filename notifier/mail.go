package notifier

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"relink/platform"
)

// Every sentence of a mail is in this file. As in a notification, none holds a
// secret or a raw answer, and names from outside are cleaned.

// urgentWithin is how near the next use of an account must be for a mail that it has ended to go out at once.
const urgentWithin = 24 * time.Hour

// Urgent reports whether a mail goes out at once and does not wait for the
// day's: the account has ended, and something is due within 24 hours. depends
// counts the scheduled posts and scripts that need the account; first is when
// the first post goes out, zero where only scripts depend: those may ask at any time.
func Urgent(event Event, depends int, first, now time.Time) bool {
	return event == EventExpired && depends > 0 && (first.IsZero() || first.Sub(now) <= urgentWithin)
}

// digestGather is how long news are gathered once the hour has struck: those
// that come with it go out together.
const digestGather = time.Minute

// DigestAt is when news that arise at now go out with the day's mail: at the
// reminder hour. last is when the last such mail went out, zero when none did;
// awake is since when the program has run without a break. An hour that was
// slept through is made up for at once, unless the day's mail has gone out.
func DigestAt(now time.Time, hour int, loc *time.Location, last, awake time.Time) time.Time {
	if loc == nil {
		loc = time.Local
	}
	y, m, d := now.In(loc).Date()
	today := time.Date(y, m, d, hour, 0, 0, 0, loc)
	const fresh = 10 * time.Minute
	switch {
	case now.Before(today):
		return today
	case !last.Before(today) && !last.After(now):
	case now.Sub(today) < fresh, awake.After(today) && now.Sub(awake) < fresh:
		return now.Add(digestGather)
	}
	return time.Date(y, m, d+1, hour, 0, 0, 0, loc)
}

// Still reports whether news queued for an account are still so: those that
// were fixed meanwhile, or that are now another end's, are not sent. generation
// and deadline are what they were said for.
func Still(generation int, deadline time.Time, a platform.Account, s platform.Status) bool {
	switch {
	case a.Muted || calls(s) == 0:
		return false
	case generation == s.Generation:
		return s.State.NeedsPerson() || deadline.IsZero() || s.Deadline.At.Sub(deadline) <= time.Hour
	}
	// A renewed token that still ends when the old one did.
	return !deadline.IsZero() && s.Deadline.At.Sub(deadline).Abs() <= time.Hour
}

// Letter is one mail to one person.
type Letter struct {
	To string
	// ID is the same for the same news on the same day: a letter that comes
	// twice, because the server's answer was lost, can be told.
	ID      string
	Date    time.Time
	Subject string
	Text    string
	HTML    string
	// Urgent marks it as important.
	Urgent bool
}

// digestFull is how many accounts a mail tells in full; the rest get a line each.
const digestFull = 20

// Digest words one mail about one or more accounts, what breaks first in
// front. host is the name of the computer that Relink runs on.
func Digest(to string, list []News, now time.Time, loc *time.Location, host string) Letter {
	if loc == nil {
		loc = time.Local
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b News) int {
		end := func(n News) time.Time {
			if n.Status.State == platform.StateRevoked || n.Status.State == platform.StateUnfinished {
				return time.Time{} // no date tells how long ago
			}
			return n.Status.Deadline.At
		}
		return cmp.Or(cmp.Compare(b.Depends, a.Depends), cmp.Compare(calls(b.Status), calls(a.Status)), end(a).Compare(end(b)), strings.Compare(a.Account.Ref(), b.Account.Ref()))
	})
	l := Letter{To: to, ID: letterID(to, list, now, loc), Date: now, Subject: digestSubject(list, now)}
	var text, page strings.Builder
	page.WriteString(`<!DOCTYPE html><html lang="` + platform.Language() + `"><head><meta charset="utf-8"></head><body style="font-family:sans-serif;line-height:1.5">` + "\n")
	for i, n := range list {
		l.Urgent = l.Urgent || n.Status.State.NeedsPerson()
		head, body := digestHead(n, now), digestBody(n, now, loc)
		if i >= digestFull {
			if i == digestFull {
				text.WriteString(platform.T("Also:") + "\n")
				page.WriteString("<p>" + html.EscapeString(platform.T("Also:")) + "</p>\n<ul>\n")
			}
			text.WriteString("- " + head + "  (" + n.Account.Ref() + ")\n")
			page.WriteString("<li>" + html.EscapeString(head+" ("+n.Account.Ref()+")") + "</li>\n")
			continue
		}
		ref := n.Account.Ref()
		text.WriteString(head + "\n" + body + "\n" + platform.T("Reconnect: %s\nor run:    %s", Link(n.Account), "relink reconnect "+ref) + "\n\n")
		page.WriteString("<p><b>" + html.EscapeString(head) + "</b><br>\n" + html.EscapeString(body) + "<br>\n" +
			platform.T("%s, or run: %s", `<a href="`+html.EscapeString(Link(n.Account))+`">`+html.EscapeString(platform.T(labelReconnect))+"</a>",
				"<code>relink reconnect "+html.EscapeString(ref)+"</code>") + "</p>\n")
	}
	if len(list) > digestFull {
		text.WriteString("\n")
		page.WriteString("</ul>\n")
	}
	here := platform.T("The links work on the computer that Relink runs on.")
	if host = clean(host); host != "" {
		here = platform.T("The links work on %s, the computer that Relink runs on.", host)
	}
	there := platform.T("From another machine: log in there, run the command with --no-browser, open the address it prints in any browser, and paste the address that the browser ends at.")
	foot := platform.T("Relink sends this because something needs a person or soon will. Who gets it: relink mail set.")
	text.WriteString(here + "\n" + there + "\n\n-- \n" + foot + "\n")
	page.WriteString("<p>" + html.EscapeString(here) + "<br>\n" + html.EscapeString(there) + "</p>\n<p><small>" + html.EscapeString(foot) + "</small></p>\n</body></html>\n")
	l.Text, l.HTML = text.String(), page.String()
	return l
}

func digestHead(n News, now time.Time) string {
	name := shortName(n.Account)
	head := platform.T("%s ends in %s", name, about(n.Status.Deadline.At.Sub(now)))
	switch {
	case n.Status.State.NeedsPerson() && n.Status.State != platform.StateExpired:
		head = platform.T("%s: %s", name, n.Status.State.Word())
	case n.Status.State.NeedsPerson() || !now.Before(n.Status.Deadline.At):
		head = platform.T("%s has expired", name)
	}
	if n.Rehearsal {
		head = platform.T("Rehearsal: %s", head)
	}
	return head
}

func digestBody(n News, now time.Time, loc *time.Location) string {
	s := &Subject{Account: n.Account, Status: n.Status, Depends: n.Depends}
	body := clean(n.Account.Title()) + ". "
	if n.Status.State.NeedsPerson() {
		return body + endedBody(s, now, loc)
	}
	return body + warningBody(s, now, loc)
}

// digestSubject names the first, and how many more there are.
func digestSubject(list []News, now time.Time) string {
	if len(list) == 0 {
		return "Relink"
	}
	out := digestHead(list[0], now)
	if more := len(list) - 1; more > 0 {
		rest := platform.N(more, "and %d more account needs you", "and %d more accounts need you")
		if !slices.ContainsFunc(list[1:], func(n News) bool { return n.Status.State.NeedsPerson() }) {
			rest = platform.N(more, "and %d more account ends soon", "and %d more accounts end soon")
		}
		out += platform.T(", ") + rest
	}
	return out
}

// letterID is made of what the letter says and to whom, and of the day.
func letterID(to string, list []News, now time.Time, loc *time.Location) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", to, now.In(loc).Format(time.DateOnly))
	for _, n := range list {
		fmt.Fprintf(h, "%s %d %s\n", n.Account.ID, n.Status.Generation, n.Event)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// TestLetter is the mail that a person sends to see whether it arrives.
func TestLetter(to string, now time.Time, host string) Letter {
	head := platform.T("Relink can reach you by mail")
	text := platform.T("This is the test you asked for.")
	if host = clean(host); host != "" {
		text = platform.T("This is the test you asked for on %s.", host)
	}
	text += " " + platform.T("When an account is about to end, a mail like this one says which, when, and how to reconnect it.")
	return Letter{
		To: to, ID: letterID(to, nil, now, time.UTC) + "." + fmt.Sprint(now.Unix()), Date: now, Subject: head, Text: text + "\n",
		HTML: `<!DOCTYPE html><html lang="` + platform.Language() + `"><head><meta charset="utf-8"></head><body><p>` + html.EscapeString(text) + "</p></body></html>\n",
	}
}
