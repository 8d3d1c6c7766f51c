package notifier

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relink/platform"
)

// Every sentence of a notification is in this file, whole, so that it can be
// said in another language. None holds a secret, an
// identifier of the platform or a raw answer; a name that comes from a platform is cleaned.

// Labels of the buttons, in English; a note holds them in the person's language.
const (
	labelReconnect = "Reconnect"
	labelLater     = "Later"
	labelReview    = "Review"
	labelAgain     = "Try again"
	labelShow      = "Details"
)

// buttons are one that does something and the one that puts it off.
func buttons(a Action, label string) []Button {
	return []Button{{a, platform.T(label)}, {ActionLater, platform.T(labelLater)}}
}

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
		Buttons:  buttons(ActionReconnect, labelReconnect),
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
	n.Title = platform.T("%s ends in %s", accountTitle(s.Account), about(left))
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
	n.Title = platform.T("%s ends while you are away", accountTitle(s.Account))
	title, at := accountTitle(s.Account), moment(end, now, loc)
	n.line = platform.T("%s: %s", title, at)
	n.absence = span(r.Away)
	gain := ""
	// A new sign-in begins the same life anew; it is offered where that moves the end.
	switch fresh := now.Add(s.Status.Life); {
	case s.Status.Life <= 0:
	case !fresh.Before(r.Away.ends(loc)):
		gain = platform.T("Reconnect now and it holds until %s.", date(fresh, now, loc))
		n.line = platform.T("%s: %s, lasts if you reconnect now", title, at)
	case fresh.Sub(end) >= day:
		gain = platform.T("Reconnecting now moves that to %s.", date(fresh, now, loc))
		n.line = platform.T("%s: %s, a little later if you reconnect now", title, at)
	default:
		gain = platform.T("Reconnecting early would not move that.")
		n.Default, n.Buttons = ActionShow, buttons(ActionShow, labelShow)
	}
	n.Body = sentences(warningBody(s, now, loc), gain)
}

// span is an absence in words, "12 to 26 December".
func span(a Away) string {
	from, to, layout := a.From.In(time.UTC), a.To.In(time.UTC), platform.T("2 January")
	switch {
	case a.From == a.To:
		return platform.At(from, layout)
	case a.From.Year == a.To.Year && a.From.Month == a.To.Month:
		return platform.T("%s to %s", platform.At(from, platform.T("2")), platform.At(to, layout))
	}
	return platform.T("%s to %s", platform.At(from, layout), platform.At(to, layout))
}

func endedTitle(s *Subject, step Step) string {
	word := s.Status.State.Word()
	if !s.Status.State.NeedsPerson() {
		word = platform.StateExpired.Word()
	}
	if strings.HasPrefix(string(step), "again-") {
		return platform.T("%s: still %s", accountTitle(s.Account), word)
	}
	return platform.T("%s: %s", accountTitle(s.Account), word)
}

func endedBody(s *Subject, now time.Time, loc *time.Location) string {
	at := s.Status.Deadline.At
	when := ""
	if s.Status.Deadline.Ends() && !now.Before(at) && s.Status.State != platform.StateRevoked && s.Status.State != platform.StateUnfinished {
		when = moment(at, now, loc)
	}
	what, plural := capabilities(s.Status, false)
	var first string
	switch {
	case s.Status.State == platform.StateUnfinished && plural:
		first = platform.T("%s do not work yet.", what)
	case s.Status.State == platform.StateUnfinished:
		first = platform.T("%s does not work yet.", what)
	case when != "":
		first = platform.T("%s stopped on %s.", what, when)
	case plural:
		first = platform.T("%s have stopped.", what)
	default:
		first = platform.T("%s has stopped.", what)
	}
	return sentences(first, s.Status.Why(platformName(s.Account)), depends(s, now, loc))
}

func warningBody(s *Subject, now time.Time, loc *time.Location) string {
	what, plural := capabilities(s.Status, true)
	at, assumed := moment(s.Status.Deadline.At, now, loc), s.Status.Deadline.Source == platform.SourceAssumed
	var out string
	switch {
	case assumed && plural:
		out = platform.T("%s stop on %s (assumed: %s did not say).", what, at, platformName(s.Account))
	case assumed:
		out = platform.T("%s stops on %s (assumed: %s did not say).", what, at, platformName(s.Account))
	case plural:
		out = platform.T("%s stop on %s.", what, at)
	default:
		out = platform.T("%s stops on %s.", what, at)
	}
	why := ""
	switch {
	case assumed:
	case s.Status.Deadline.Source == platform.SourceRule:
		why = platform.T("Nobody has used it for a long time; sign in again to keep it, or change the rule in Settings.")
	case s.Status.Deadline.Kind == platform.ClockInactivity:
		why = platform.T("%s ends what is not used.", platformName(s.Account))
	}
	return sentences(out, why, depends(s, now, loc))
}

// capabilities names what works, or what does not, to open a sentence with.
func capabilities(s platform.Status, works bool) (words string, plural bool) {
	var list []string
	for _, c := range s.Capabilities {
		if c.Works == works {
			list = append(list, c.Capability.Word())
			// "Analytics" and "previews" are plural by themselves, in every language there is.
			plural = len(list) > 1 || strings.HasSuffix(string(c.Capability), "s")
		}
	}
	if len(list) == 0 {
		return platform.T("Access"), false
	}
	words = platform.Join(list)
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:], plural
}

func depends(s *Subject, now time.Time, loc *time.Location) string {
	switch {
	case s.Depends == 0:
		return ""
	case s.First.IsZero():
		return platform.N(s.Depends, "%d scheduled post or script depends on it.", "%d scheduled posts or scripts depend on it.")
	}
	return platform.N(s.Depends, "%d scheduled post or script depends on it, the first post is due on %s.",
		"%d scheduled posts or scripts depend on it, the first post is due on %s.", moment(s.First, now, loc))
}

// Connected is the quiet note after an account was connected again. It takes
// the place of the note that asked for it.
func Connected(a platform.Account, s platform.Status, now time.Time, loc *time.Location) Note {
	n := Note{
		ID:       NoteID(a.ID),
		Accounts: []string{a.ID},
		Title:    platform.T("%s is connected", accountTitle(a)),
		Urgency:  UrgencyLow,
		Default:  ActionShow,
	}
	if loc == nil {
		loc = time.Local
	}
	switch {
	case s.Deadline.Ends():
		n.Body = platform.T("Until %s.", date(s.Deadline.At, now, loc))
	case s.Deadline.Source == platform.SourceNever:
		n.Body = platform.T("It does not expire.")
	}
	if s.State == platform.StateLimited {
		what, plural := capabilities(s, false)
		lack := platform.T("%s does not work: the permission was not granted.", what)
		if plural {
			lack = platform.T("%s do not work: not every permission was granted.", what)
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
		who = platform.T("A program")
	}
	return Note{
		ID:       NoteID(a.ID),
		Accounts: []string{a.ID},
		Title:    platform.T("%s is waiting for %s", who, accountTitle(a)),
		Body:     sentences(platform.T("It gets no token until you reconnect."), s.Why(platformName(a))),
		Urgency:  UrgencyCritical,
		Resident: true,
		Default:  ActionReconnect,
		Buttons:  buttons(ActionReconnect, labelReconnect),
	}
}

// Failed is the note for a reconnect that was asked for by a click and did not
// succeed. It takes the place of the account's note. Its buttons say how to go
// on; a command line does not.
func Failed(a platform.Account, e *platform.Error) Note {
	return Note{
		ID:       NoteID(a.ID),
		Accounts: []string{a.ID},
		Title:    platform.T("%s was not reconnected", accountTitle(a)),
		Body:     sentences(platform.Sentence(e.Message), platform.Sentence(e.Advice())),
		Urgency:  UrgencyCritical,
		Resident: true,
		Default:  ActionReconnect,
		Buttons:  buttons(ActionReconnect, labelAgain),
	}
}

// NoWindow says that the window, which a click asked for, cannot be shown.
func NoWindow(e *platform.Error) Note {
	return Note{ID: "window", Title: platform.Capital(e.Message), Body: platform.Sentence(e.Advice()), Urgency: UrgencyNormal}
}

// summary is one note for many.
func summary(parts []Note) Note {
	n := Note{
		ID:      SummaryID,
		Urgency: UrgencyNormal,
		Default: ActionReview,
		Buttons: []Button{{ActionReview, platform.T(labelReview)}},
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
		lines = append(lines, platform.N(more, "and %d more", "and %d more"))
	}
	n.Body = strings.Join(lines, "\n")
	ending := len(parts) - ended
	switch {
	case absent && ending > 0:
		n.Title = platform.N(ending, "%d account ends while you are away, %s", "%d accounts end while you are away, %s", parts[0].absence)
	case ended == 0:
		n.Title = platform.N(ending, "%d account ends soon", "%d accounts end soon")
	default:
		n.Title = platform.N(ended, "%d account needs you", "%d accounts need you")
		if ending > 0 {
			n.Title += platform.T(", ") + platform.N(ending, "%d more ends soon", "%d more end soon")
		}
	}
	return n
}

// withoutButtons is the text for a system whose notes cannot be clicked.
func withoutButtons(n Note) string {
	if len(n.Buttons) == 0 {
		return n.Body
	}
	do := platform.T("Open Relink from the tray to reconnect.")
	if n.ID == SummaryID {
		do = platform.T("Open Relink from the tray to review them.")
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
		return platform.At(t, platform.T("Mon 2 Jan 2006, 15:04"))
	}
	return platform.At(t, platform.T("Mon 2 Jan, 15:04"))
}

// date is "21 November"; the year only where it is another.
func date(t, now time.Time, loc *time.Location) string {
	t, now = t.In(loc), now.In(loc)
	if t.Year() != now.Year() {
		return platform.At(t, platform.T("2 January 2006"))
	}
	return platform.At(t, platform.T("2 January"))
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
		return p.Title()
	}
	return clean(a.Platform)
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
