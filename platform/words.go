package platform

import (
	"cmp"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Word is the state in one word or two, as people read it.
func (s State) Word() string {
	switch s {
	case StateExpired:
		return T("expired")
	case StateRevoked:
		return T("disconnected")
	case StateDormant:
		return T("unused too long")
	case StateUnfinished:
		return T("not finished")
	case StateExpiring:
		return T("ending soon")
	case StateLimited:
		return T("limited")
	case StateUnverified:
		return T("end unknown")
	}
	return T("connected")
}

// Title is the platform's name as people read it: a name is the same in every
// language, what stands behind it in brackets is not.
func (p *Platform) Title() string {
	if strings.HasSuffix(p.Name, ")") {
		return T(p.Name)
	}
	return p.Name
}

// Span is a positive duration in words: "6 days", "1 day 4 hours", "3 hours", "20 minutes".
// It never reads negative.
func Span(d time.Duration) string {
	d = d.Abs()
	inMinutes := func(v int) string { return N(v, "%d minute", "%d minutes") }
	inHours := func(v int) string { return N(v, "%d hour", "%d hours") }
	inDays := func(v int) string { return N(v, "%d day", "%d days") }
	days, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	switch {
	case d < time.Minute:
		return T("less than a minute")
	case d < time.Hour:
		return inMinutes(int(d / time.Minute))
	case d < 24*time.Hour:
		return inHours(int(d / time.Hour))
	case days < 3 && hours > 0:
		return inDays(days) + " " + inHours(hours)
	case days < 3:
		return inDays(days)
	}
	// From three days on to the nearest day: "6 days" just after it was seven.
	return inDays(int((d + 12*time.Hour) / (24 * time.Hour)))
}

// Left says how much time an account has, relative to now: "3 days left",
// "expired 2 hours ago", "does not expire".
func (s Status) Left(now time.Time) string {
	switch {
	case s.State == StateUnfinished && s.Reason == "no_grant":
		return T("not connected")
	case s.State == StateUnfinished:
		return T("choose a page to finish")
	case s.State == StateRevoked:
		return T("disconnected")
	case s.Deadline.Ends() && !now.Before(s.Deadline.At):
		if s.State == StateDormant {
			return T("unused too long")
		}
		return T("expired %s", Ago(s.Deadline.At, now))
	case s.Deadline.Ends():
		return T("%s left", Span(s.Deadline.At.Sub(now)))
	case s.Deadline.Source == SourceNever:
		return T("does not expire")
	case s.Renews:
		return T("renews by itself")
	}
	return T("end unknown")
}

// Word names the clock: "access token", "data access".
func (k ClockKind) Word() string {
	switch k {
	case ClockAccess:
		return T("access token")
	case ClockRefresh:
		return T("refresh token")
	case ClockDataAccess:
		return T("data access")
	case ClockSession:
		return T("session")
	case ClockInactivity:
		return T("inactivity")
	}
	return string(k)
}

// Known says where a clock's time is known from, in words.
func (c Clock) Known(platformName string) string {
	day := ""
	if learnt := cmp.Or(c.Learnt, c.Since); !learnt.IsZero() {
		day = Date(learnt)
	}
	switch {
	case c.Source == SourceProvider && day != "":
		return T("%s said so on %s", platformName, day)
	case c.Source == SourceProvider:
		return T("%s said so", platformName)
	case c.Source == SourceIntrospected && day != "":
		return T("%s said so when asked on %s", platformName, day)
	case c.Source == SourceIntrospected:
		return T("%s said so when asked", platformName)
	case c.Source == SourceAssumed && lifeOf(c) > 0:
		return T("assumed: %s's usual %s", platformName, Span(lifeOf(c)))
	case c.Source == SourceAssumed:
		return T("assumed")
	case c.Source == SourceNever:
		return T("%s tokens do not expire", platformName)
	case c.Source == SourceRule:
		return T("your own rule for unused accounts")
	case c.Source == SourceToken:
		return T("written in the token or beside it; %s has not confirmed it", platformName)
	}
	return T("unknown")
}

// Stops lists what does not work, in words: "publishing, analytics and inbox".
func (s Status) Stops() string {
	var out []string
	for _, c := range s.Capabilities {
		if !c.Works {
			out = append(out, c.Capability.Word())
		}
	}
	return Join(out)
}

// Word names a capability as an activity.
func (c Capability) Word() string {
	switch c {
	case Publish:
		return T("publishing")
	case Analytics:
		return T("analytics")
	case Inbox:
		return T("inbox")
	case Previews:
		return T("previews")
	case Organisations:
		return T("organisations")
	}
	return string(c)
}

// Join writes a list as people do: "a, b and c".
func Join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return T("%s and %s", strings.Join(words[:len(words)-1], T(", ")), words[len(words)-1])
}

// Why says the reason of a status in one sentence, without the account's name.
func (s Status) Why(platformName string) string {
	switch {
	case s.State == StateRevoked:
		return Fault{Code: s.Reason}.why(platformName)
	case s.State == StateExpired && s.Reason == string(ClockDataAccess):
		return T("%s wants the person to sign in again; the date until which it gives data has passed.", platformName)
	case s.State == StateExpired && s.Reason == string(ClockRefresh):
		return T("The refresh token has ended; only a new sign-in helps.")
	case s.State == StateExpired:
		return T("The %s has ended.", ClockKind(s.Reason).Word())
	case s.State == StateDormant && s.Reason == string(SourceRule):
		return T("Nobody has used this account for a long time; sign in again to keep it, or change the rule in Settings.")
	case s.State == StateDormant:
		return T("%s ends what is not used.", platformName)
	case s.State == StateUnfinished && s.Reason == "no_grant":
		return T("There is no token stored for this account.")
	case s.State == StateUnfinished:
		return T("Signed in, but no page was chosen.")
	case s.State == StateExpiring:
		return T("The %s ends soon.", s.Deadline.Kind.Word())
	case s.State == StateLimited:
		return T("Not every permission was granted.")
	case s.State == StateUnverified:
		return T("%s did not say when this token ends.", platformName)
	case s.Reason == "doubted":
		return T("%s rejected the token once; Relink asks again before calling it ended.", platformName)
	}
	return ""
}

func (f Fault) why(platformName string) string {
	for _, p := range All() {
		if (p.Name == platformName || p.Title() == platformName) && p.Reasons[f.Code] != "" {
			return T(p.Reasons[f.Code])
		}
	}
	return f.usual(platformName)
}

// usual is the sentence for codes that mean the same everywhere.
func (f Fault) usual(platformName string) string {
	switch f.Code {
	case "190/460":
		return T("The password was changed.")
	case "190/458":
		return T("The app was removed at %s.", platformName)
	case "190/459", "190/464":
		return T("%s wants the person to sign in on its own site first.", platformName)
	case "190/492":
		return T("%s says that the person who connected the page may no longer manage it.", platformName)
	case "190/463", "expired":
		return T("%s says the token has ended.", platformName)
	case "revoked", "65601":
		return T("%s says that the permission was withdrawn or replaced.", platformName)
	case "answer_lost":
		return T("The answer to a renewal was lost on its way, and %s takes the old refresh token no more.", platformName)
	case "invalid_grant":
		return T("%s no longer accepts the refresh token.", platformName)
	}
	return T("%s no longer accepts the token.", platformName)
}

// Sentence makes what an error says read as one: with a capital and a full stop.
func Sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?…:。！？", last) {
		s = T("%s.", s)
	}
	return s
}

// Clause is a sentence without its full stop, for a place within another.
func Clause(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "."), "。") }

// Article puts a or an before a noun.
func Article(noun string) string {
	if noun != "" && strings.ContainsRune("aeiouAEIOU", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// Capital begins a noun as a label does: "Bot token".
func Capital(noun string) string {
	first, size := utf8.DecodeRuneInString(noun)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + noun[size:]
}

// SplitCommand splits a command into words at white space; single and double quotes
// keep words together. A backslash is an ordinary character: Windows paths are full of them.
func SplitCommand(s string) ([]string, error) {
	var out []string
	var word strings.Builder
	in, quote := false, rune(0)
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, in = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if in {
				out = append(out, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New(T("has a quote that is not closed"))
	}
	if in {
		out = append(out, word.String())
	}
	if len(out) == 0 || out[0] == "" {
		return nil, errors.New(T("names no program"))
	}
	return out, nil
}
