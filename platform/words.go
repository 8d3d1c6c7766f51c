package platform

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Word is the state in one word or two, as people read it.
func (s State) Word() string {
	switch s {
	case StateExpired:
		return "expired"
	case StateRevoked:
		return "disconnected"
	case StateDormant:
		return "unused too long"
	case StateUnfinished:
		return "not finished"
	case StateExpiring:
		return "ending soon"
	case StateLimited:
		return "limited"
	case StateUnverified:
		return "end unknown"
	}
	return "connected"
}

// Span is a positive duration in words: "6 days", "1 day 4 hours", "3 hours", "20 minutes".
// It never reads negative.
func Span(d time.Duration) string {
	d = d.Abs()
	n := func(v int, unit string) string {
		if v == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", v, unit)
	}
	days, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return n(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		return n(int(d/time.Hour), "hour")
	case days < 3 && hours > 0:
		return n(days, "day") + " " + n(hours, "hour")
	case days < 3:
		return n(days, "day")
	}
	// From three days on to the nearest day: "6 days" just after it was seven.
	return n(int((d+12*time.Hour)/(24*time.Hour)), "day")
}

// Left says how much time an account has, relative to now: "3 days left",
// "expired 2 hours ago", "does not expire".
func (s Status) Left(now time.Time) string {
	switch {
	case s.State == StateUnfinished && s.Reason == "no_grant":
		return "not connected"
	case s.State == StateUnfinished:
		return "choose a page to finish"
	case s.State == StateRevoked:
		return "disconnected"
	case s.Deadline.Ends() && !now.Before(s.Deadline.At):
		if s.State == StateDormant {
			return "unused too long"
		}
		return "expired " + Span(now.Sub(s.Deadline.At)) + " ago"
	case s.Deadline.Ends():
		return Span(s.Deadline.At.Sub(now)) + " left"
	case s.Deadline.Source == SourceNever:
		return "does not expire"
	case s.Renews:
		return "renews by itself"
	}
	return "end unknown"
}

// Word names the clock: "access token", "data access".
func (k ClockKind) Word() string {
	switch k {
	case ClockAccess:
		return "access token"
	case ClockRefresh:
		return "refresh token"
	case ClockDataAccess:
		return "data access"
	case ClockSession:
		return "session"
	case ClockInactivity:
		return "inactivity"
	}
	return string(k)
}

// Known says where a clock's time is known from, in words.
func (c Clock) Known(platformName string) string {
	on := ""
	if learnt := cmp.Or(c.Learnt, c.Since); !learnt.IsZero() {
		on = " on " + learnt.Local().Format("2 Jan 2006")
	}
	switch c.Source {
	case SourceProvider:
		return platformName + " said so" + on
	case SourceIntrospected:
		return platformName + " said so when asked" + on
	case SourceAssumed:
		if life := lifeOf(c); life > 0 {
			return "assumed: " + platformName + "'s usual " + Span(life)
		}
		return "assumed"
	case SourceNever:
		return platformName + " tokens do not expire"
	case SourceRule:
		return "your own rule for unused accounts"
	case SourceToken:
		return "written in the token or beside it; " + platformName + " has not confirmed it"
	}
	return "unknown"
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
	if c == Publish {
		return "publishing"
	}
	return string(c)
}

// Join writes a list as people do: "a, b and c".
func Join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Why says the reason of a status in one sentence, without the account's name.
func (s Status) Why(platformName string) string {
	switch {
	case s.State == StateRevoked:
		return Fault{Code: s.Reason}.why(platformName)
	case s.State == StateExpired && s.Reason == string(ClockDataAccess):
		return platformName + " asks people to sign in again every 90 days; it has been that long."
	case s.State == StateExpired && s.Reason == string(ClockRefresh):
		return "The refresh token has ended; only a new sign-in helps."
	case s.State == StateExpired:
		return "The " + ClockKind(s.Reason).Word() + " has ended."
	case s.State == StateDormant && s.Reason == string(SourceRule):
		return "Nobody has used this account for a long time; sign in again to keep it, or change the rule in Settings."
	case s.State == StateDormant:
		return platformName + " ends what is not used."
	case s.State == StateUnfinished && s.Reason == "no_grant":
		return "There is no token stored for this account."
	case s.State == StateUnfinished:
		return "Signed in, but no page was chosen."
	case s.State == StateExpiring:
		return "The " + s.Deadline.Kind.Word() + " ends soon."
	case s.State == StateLimited:
		return "Not every permission was granted."
	case s.State == StateUnverified:
		return platformName + " did not say when this token ends."
	case s.Reason == "doubted":
		return platformName + " rejected the token once; Relink asks again before calling it ended."
	}
	return ""
}

func (f Fault) why(platformName string) string {
	for _, p := range All() {
		if p.Name == platformName && p.Reasons[f.Code] != "" {
			return p.Reasons[f.Code]
		}
	}
	return f.usual(platformName)
}

// usual is the sentence for codes that mean the same everywhere.
func (f Fault) usual(platformName string) string {
	switch f.Code {
	case "190/460":
		return "The password was changed."
	case "190/458":
		return "The app was removed at " + platformName + "."
	case "190/459", "190/464":
		return platformName + " wants the person to sign in on its own site first."
	case "190/492":
		return "The person who connected the page no longer manages it."
	case "190/463", "expired":
		return platformName + " says the token has ended."
	case "revoked", "65601":
		return "The permission was withdrawn at " + platformName + "."
	case "answer_lost":
		return "The answer to a renewal was lost on its way, and " + platformName + " takes the old refresh token no more."
	case "invalid_grant":
		return platformName + " no longer accepts the refresh token."
	}
	return platformName + " no longer accepts the token."
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
		return nil, errors.New("has a quote that is not closed")
	}
	if in {
		out = append(out, word.String())
	}
	if len(out) == 0 || out[0] == "" {
		return nil, errors.New("names no program")
	}
	return out, nil
}
