package notifier

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relink/platform"
)

// Every sentence of a notification is in this file. None holds a secret, an
// identifier of the platform or a raw answer; a name that comes from a platform is cleaned.

// Labels of the buttons.
const (
	labelReconnect = "Reconnect"
	labelLater     = "Later"
	labelReview    = "Review"
	labelAgain     = "Try again"
	labelShow      = "Details"
)

// SummaryID is the ID of the one note that stands for many.
const SummaryID = "summary"

// NoteID is the ID of an account's note.
func NoteID(account string) string { return "account/" + account }

// note words what judge decided.
func (p part) note(now time.Time, r *Rules) Note {
	s, v, loc := p.subject, p.verdict, r.location()
	n := Note{
		ID:       NoteID(s.Account.ID),
		Accounts: []string{s.Account.ID},
		Urgency:  UrgencyNormal,
		Default:  ActionReconnect,
		Buttons:  []Button{{ActionReconnect, labelReconnect}, {ActionLater, labelLater}},
		Entries:  v.save,
	}
	left := s.Status.Deadline.At.Sub(now)
	switch {
	case v.ended:
		n.Urgency, n.Resident, n.Popup = UrgencyCritical, true, v.popup
		n.Title, n.Body = endedTitle(s, v.step), endedBody(s, now, loc)
		return n
	case v.away:
		p.absent(&n, now, r)
		return n
	case left > quietFrom:
		n.Urgency = UrgencyLow // it is early days; a desktop need not interrupt anybody
	case left <= day && s.Depends > 0:
		n.Urgency = UrgencyCritical
	}
	n.Title = accountTitle(s.Account) + " ends in " + about(left)
	n.Body = warningBody(s, now, loc)
	return n
}

// quietFrom is above which time left a warning is of low urgency: longer than
// three days and what their step is early by.
const quietFrom = 4 * day

// absent words that an account ends while nobody is there.
func (p part) absent(n *Note, now time.Time, r *Rules) {
	s, loc := p.subject, r.location()
	end := s.Status.Deadline.At
	n.Title = accountTitle(s.Account) + " ends while you are away"
	n.line = accountTitle(s.Account) + ": " + moment(end, now, loc)
	n.absence = span(r.Away)
	gain := ""
	// A new sign-in begins the same life anew; it is offered where that moves the end.
	switch fresh := now.Add(s.Status.Life); {
	case s.Status.Life <= 0:
	case !fresh.Before(r.Away.ends(loc)):
		gain = "Reconnect now and it holds until " + date(fresh, now, loc) + "."
		n.line += ", lasts if you reconnect now"
	case fresh.Sub(end) >= day:
		gain = "Reconnecting now moves that to " + date(fresh, now, loc) + "."
		n.line += ", a little later if you reconnect now"
	default:
		gain = "Reconnecting early would not move that."
		n.Default, n.Buttons = ActionShow, []Button{{ActionShow, labelShow}, {ActionLater, labelLater}}
	}
	n.Body = sentences(warningBody(s, now, loc), gain)
}

// span is an absence in words, "12 to 26 December".
func span(a Away) string {
	from, to := a.From.In(time.UTC), a.To.In(time.UTC)
	switch {
	case a.From == a.To:
		return from.Format("2 January")
	case a.From.Year == a.To.Year && a.From.Month == a.To.Month:
		return from.Format("2") + " to " + to.Format("2 January")
	}
	return from.Format("2 January") + " to " + to.Format("2 January")
}

func endedTitle(s *Subject, step Step) string {
	word := s.Status.State.Word()
	if !s.Status.State.NeedsPerson() {
		word = platform.StateExpired.Word()
	}
	if strings.HasPrefix(string(step), "again-") {
		word = "still " + word
	}
	return accountTitle(s.Account) + ": " + word
}

func endedBody(s *Subject, now time.Time, loc *time.Location) string {
	at := s.Status.Deadline.At
	when := ""
	if s.Status.Deadline.Ends() && !now.Before(at) && s.Status.State != platform.StateRevoked && s.Status.State != platform.StateUnfinished {
		when = " on " + moment(at, now, loc)
	}
	what, plural := capabilities(s.Status, false)
	verb := " has stopped"
	switch {
	case s.Status.State == platform.StateUnfinished:
		verb, when = " does not work yet", ""
		if plural {
			verb = " do not work yet"
		}
	case when != "":
		verb = " stopped"
	case plural:
		verb = " have stopped"
	}
	return sentences(what+verb+when+".", s.Status.Why(platformName(s.Account)), depends(s, now, loc))
}

func warningBody(s *Subject, now time.Time, loc *time.Location) string {
	what, plural := capabilities(s.Status, true)
	verb := " stops on "
	if plural {
		verb = " stop on "
	}
	out := what + verb + moment(s.Status.Deadline.At, now, loc)
	why := ""
	switch {
	case s.Status.Deadline.Source == platform.SourceAssumed:
		out += " (assumed: " + platformName(s.Account) + " did not say)"
	case s.Status.Deadline.Source == platform.SourceRule:
		why = "Nobody has used it for a long time; sign in again to keep it, or change the rule in Settings."
	case s.Status.Deadline.Kind == platform.ClockInactivity:
		why = platformName(s.Account) + " ends what is not used."
	}
	return sentences(out+".", why, depends(s, now, loc))
}

// capabilities names what works, or what does not, to open a sentence with.
func capabilities(s platform.Status, works bool) (words string, plural bool) {
	var list []string
	for _, c := range s.Capabilities {
		if c.Works == works {
			list = append(list, c.Capability.Word())
		}
	}
	if len(list) == 0 {
		return "Access", false
	}
	words = platform.Join(list)
	// "Analytics" and "previews" are plural by themselves.
	plural = len(list) > 1 || strings.HasSuffix(words, "s")
	return strings.ToUpper(words[:1]) + words[1:], plural
}

func depends(s *Subject, now time.Time, loc *time.Location) string {
	first := ""
	if !s.First.IsZero() {
		first = ", the first post is due on " + moment(s.First, now, loc)
	}
	switch n := s.Depends; n {
	case 0:
		return ""
	case 1:
		return "1 scheduled post or script depends on it" + first + "."
	default:
		return fmt.Sprintf("%d scheduled posts or scripts depend on it%s.", n, first)
	}
}

// Connected is the quiet note after an account was connected again. It takes
// the place of the note that asked for it.
func Connected(a platform.Account, s platform.Status, now time.Time, loc *time.Location) Note {
	n := Note{
		ID:       NoteID(a.ID),
		Accounts: []string{a.ID},
		Title:    accountTitle(a) + " is connected",
		Urgency:  UrgencyLow,
		Default:  ActionShow,
	}
	if loc == nil {
		loc = time.Local
	}
	switch {
	case s.Deadline.Ends():
		n.Body = "Until " + date(s.Deadline.At, now, loc) + "."
	case s.Deadline.Source == platform.SourceNever:
		n.Body = "It does not expire."
	}
	if s.State == platform.StateLimited {
		what, plural := capabilities(s, false)
		lack := what + " does not work: the permission was not granted."
		if plural {
			lack = what + " do not work: not every permission was granted."
		}
		n.Body = sentences(n.Body, lack)
	}
	return n
}

// Waiting is the note for a program that asked for a token when a person is
// needed first. It takes the place of the account's note.
func Waiting(a platform.Account, s platform.Status, consumer string) Note {
	who := clean(consumer)
	if who == "" {
		who = "A program"
	}
	return Note{
		ID:       NoteID(a.ID),
		Accounts: []string{a.ID},
		Title:    who + " is waiting for " + accountTitle(a),
		Body:     sentences("It gets no token until you reconnect.", s.Why(platformName(a))),
		Urgency:  UrgencyCritical,
		Resident: true,
		Default:  ActionReconnect,
		Buttons:  []Button{{ActionReconnect, labelReconnect}, {ActionLater, labelLater}},
	}
}

// Failed is the note for a reconnect that was asked for by a click and did not
// succeed. It takes the place of the account's note. Its buttons say how to go
// on; a command line does not.
func Failed(a platform.Account, e *platform.Error) Note {
	return Note{
		ID:       NoteID(a.ID),
		Accounts: []string{a.ID},
		Title:    accountTitle(a) + " was not reconnected",
		Body:     sentences(sentence(e.Message), sentence(e.Advice())),
		Urgency:  UrgencyCritical,
		Resident: true,
		Default:  ActionReconnect,
		Buttons:  []Button{{ActionReconnect, labelAgain}, {ActionLater, labelLater}},
	}
}

// summary is one note for many.
func summary(parts []Note) Note {
	n := Note{
		ID:      SummaryID,
		Urgency: UrgencyNormal,
		Default: ActionReview,
		Buttons: []Button{{ActionReview, labelReview}},
		Parts:   parts,
	}
	shown := 4
	absent := !slices.ContainsFunc(parts, func(p Note) bool { return p.absence == "" })
	if absent {
		shown = 10 // it is a list to act on, and comes once
	}
	var lines []string
	ended := 0
	for i, p := range parts {
		n.Accounts = append(n.Accounts, p.Accounts...)
		n.Entries = append(n.Entries, p.Entries...)
		n.Urgency = max(n.Urgency, p.Urgency)
		n.Resident = n.Resident || p.Resident
		n.Popup = n.Popup || p.Popup
		if p.Resident {
			ended++
		}
		if i < shown && p.line != "" {
			lines = append(lines, p.line)
		} else if i < shown {
			lines = append(lines, p.Title)
		}
	}
	if more := len(parts) - shown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	n.Body = strings.Join(lines, "\n")
	ending := len(parts) - ended
	switch {
	case absent && ending > 0:
		n.Title = accounts(ending) + numbered(ending, " ends", " end") + " while you are away, " + parts[0].absence
	case ending == 0:
		n.Title = accounts(ended) + numbered(ended, " needs you", " need you")
	case ended == 0:
		n.Title = accounts(ending) + numbered(ending, " ends soon", " end soon")
	default:
		n.Title = accounts(ended) + numbered(ended, " needs you", " need you") + fmt.Sprintf(", %d more", ending) + numbered(ending, " ends soon", " end soon")
	}
	return n
}

func accounts(n int) string { return fmt.Sprintf("%d %s", n, numbered(n, "account", "accounts")) }

func numbered(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// withoutButtons is the text for a system whose notes cannot be clicked.
func withoutButtons(n Note) string {
	if len(n.Buttons) == 0 {
		return n.Body
	}
	do := "Open Relink from the tray to reconnect."
	if n.ID == SummaryID {
		do = "Open Relink from the tray to review them."
	}
	return strings.TrimPrefix(n.Body+"\n"+do, "\n")
}

// about is a time left for a title. It is rounded, so that a note that goes
// out a few minutes after its step reads "3 days" and not "2 days 23 hours".
func about(d time.Duration) string {
	if d > 6*time.Hour {
		return platform.Span(d.Round(time.Hour))
	}
	return platform.Span(d.Round(time.Minute))
}

// moment is a date and time in a sentence, "Wed 25 Nov, 14:10"; the year only where it is another.
func moment(t, now time.Time, loc *time.Location) string {
	t, now = t.In(loc), now.In(loc)
	if t.Year() != now.Year() && t.Sub(now).Abs() > 180*day {
		return t.Format("Mon 2 Jan 2006, 15:04")
	}
	return t.Format("Mon 2 Jan, 15:04")
}

// date is "21 November"; the year only where it is another.
func date(t, now time.Time, loc *time.Location) string {
	t, now = t.In(loc), now.In(loc)
	if t.Year() != now.Year() {
		return t.Format("2 January 2006")
	}
	return t.Format("2 January")
}

func accountTitle(a platform.Account) string { return clean(a.Title()) }

// clean makes a name from outside fit for one line of at most 60 characters.
func clean(s string) string { return oneLine(s, 60) }

// oneLine makes a text from outside fit for one line: no control characters, no
// marks that turn the writing direction, at most so many characters.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func platformName(a platform.Account) string {
	if p, err := platform.Lookup(a.Platform); err == nil {
		return p.Name
	}
	return clean(a.Platform)
}

// sentence gives a part of an error a capital and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// sentences joins those that are not empty.
func sentences(list ...string) string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}
