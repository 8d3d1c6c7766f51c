package window

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relink/app/agent"
	"relink/platform"
)

// Everything the window says that does not come from the agent or from
// package platform is in this file.
const (
	wordAll          = "All"
	wordNeedsYou     = "Needs you"
	wordSoon         = "Ending soon"
	wordSearch       = "Search"
	wordConnect      = "Connect"
	wordReconnect    = "Reconnect"
	wordReconnectAll = "Reconnect all"
	wordWaiting      = "Waiting…"
	wordCheckNow     = "Check now"
	wordSnooze       = "Snooze"
	wordSnoozeEnd    = "End snooze"
	wordRename       = "Rename"
	wordCopyName     = "Copy name"
	wordDisconnect   = "Disconnect"
	wordCopy         = "Copy"
	wordCopied       = "Copied"
	wordCancel       = "Cancel"
	wordClose        = "Close"
	wordBack         = "Back"
	wordSave         = "Save"
	wordAdd          = "Add"
	wordEdit         = "Edit"
	wordDelete       = "Delete"
	wordLater        = "Later"
	wordTryAgain     = "Try again"
	wordUnlock       = "Unlock"
	wordStart        = "Start it"
	wordSettings     = "Settings"
	wordResume       = "Resume"
	wordNext         = "Next"
	wordRefresh      = "Look again"

	wordUnreachable = "unreachable"
	wordNoMatch     = "No account matches."
	wordEmptyTitle  = "Connect your first account"
	wordEmptyText   = "Relink keeps it connected and tells you in good time before it ends."
	wordComing      = "Coming up"
	wordNothingEnds = "Nothing ends in the next 90 days."
	wordPickRow     = "Choose an account to see its details."
	wordAway        = "Relink's agent is not running; showing what was known."
	wordAwayEmpty   = "Relink's agent is not running."

	wordEnds     = "Ends"
	wordWorks    = "What works"
	wordHistory  = "History"
	wordNoClock  = "Nobody has said when this ends."
	wordNoEvents = "Nothing yet."

	wordChoosePlatform = "Connect an account"
	wordServer         = "Server"
	wordServerHint     = "mastodon.social"
	wordServerBad      = "Enter the server's address, such as mastodon.social."
	wordIssuer         = "Issuer"
	wordIssuerHint     = "https://login.example.org"
	wordIssuerBad      = "Enter the issuer's address, such as https://login.example.org."
	wordAppTitle       = "Your app registration"
	wordAppOnce        = "Needed once."
	wordRedirect       = "Redirect address"
	wordConsole        = "Open the console"
	wordAskTitle       = "What it is for"
	wordNeedID         = "Enter the %s."
	wordClientID       = "Client ID"
	wordClientSecret   = "Client secret"

	wordStarting    = "Starting…"
	wordWorking     = "Signed in. Finishing…"
	wordCopyLink    = "Copy link"
	wordPaste       = "Paste the address instead"
	wordPasteText   = "After signing in, copy the whole address from the browser's address bar, even if the page shows an error, and paste it here."
	wordPasteHint   = "http://127.0.0.1…"
	wordPasteUse    = "Use this address"
	wordPasteEmpty  = "Paste the address first."
	wordChoose      = "Which should be connected?"
	wordChooseLater = "Choose later"
	wordChooseNone  = "Tick at least one, or choose later."
	wordOpenBrowser = "Open this link in your browser, sign in, and allow what is asked."
	wordConnected   = "Connected"
	wordFailed      = "Not connected"

	wordReminders   = "Reminders"
	wordPlatforms   = "Platforms"
	wordGeneral     = "Start & browser"
	wordSecurity    = "Security"
	wordAbout       = "About"
	wordStepsTitle  = "Remind me before the end"
	wordStepHint    = "7 days, 12 hours"
	wordStepBad     = "Write it like “3 days” or “12 hours”."
	wordStepTwice   = "That step is there already."
	wordHour        = "Daily repeat at"
	wordAutostart   = "Start Relink at login"
	wordBrowser     = "Browser command"
	wordBrowserHint = "the system's own"
	wordKeyPlace    = "Key"
	wordIdle        = "Unused accounts"
	wordIdleText    = "An account unused this long asks for a new sign-in."
	wordVerify      = "Check accounts"
	wordPort        = "Port"
	wordPortText    = "The redirect addresses contain it: registered apps must be changed too."
	wordPortBad     = "A port is a number from 1024 to 65535."
	wordNoApps      = "No app registrations yet."
	wordSelfApp     = "registered by Relink"
	wordLoading     = "Loading…"
	wordWorksHere   = "What works here"

	wordPassphrase      = "Passphrase"
	wordPassphraseAgain = "Again"
	wordPassphraseNew   = "There is no keyring to keep the key in. Choose a passphrase; nobody can recover it."
	wordPassphraseShort = "Choose at least 8 characters."
	wordPassphraseDiff  = "The two are not the same."
)

// when is a time in full, in the person's own zone: "Wed 25 Nov, 14:10".
func when(t, now time.Time) string { return day(t, now) + ", " + t.Local().Format("15:04") }

// day is a date: "Wed 25 Nov", with the year where it is another one.
func day(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Year() != now.Year() {
		return t.Format("Mon 2 Jan 2006")
	}
	return t.Format("Mon 2 Jan")
}

// ago is a past time relative to now.
func ago(t, now time.Time) string {
	if now.Sub(t) < time.Minute {
		return "just now"
	}
	return platform.Span(now.Sub(t)) + " ago"
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// sentence makes an error's line read as one.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?…:", last) {
		s += "."
	}
	return s
}

// said is an error as people read it: what happened, and what mends it.
func said(err error) string {
	e := platform.As(err, platform.KindAgent)
	if e == nil {
		return ""
	}
	if e.Repair == "" {
		return sentence(e.Message)
	}
	return sentence(e.Message) + " " + sentence(e.Repair)
}

// platformName is the name people read.
func platformName(id string) string {
	if p, err := platform.Lookup(id); err == nil {
		return p.Name
	}
	return id
}

// shortTitle is the account's name without its platform.
func shortTitle(a platform.Account) string {
	for _, s := range []string{a.Name, a.Handle, a.Alias} {
		if s = plain(s); s != "" {
			return s
		}
	}
	return a.Ref()
}

// plain makes a name that came from outside fit for one line: no control
// characters, nothing that turns the direction of the text around it.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// under is the line below the title: platform and handle, or the alias where
// that says more.
func under(a platform.Account) string {
	name := platformName(a.Platform)
	handle, alias := plain(a.Handle), plain(a.Alias)
	switch {
	case handle != "" && handle != shortTitle(a):
		return name + " · " + handle
	case alias != "" && alias != shortTitle(a):
		return name + " · " + alias
	case a.Server != "":
		return name + " · " + strings.TrimPrefix(a.Server, "https://")
	}
	return name
}

// deadlineLine is the row's time: "3 days left · Wed 25 Nov, 14:10".
func deadlineLine(r *agent.Row, now time.Time) string {
	s := r.Status
	switch s.State {
	case platform.StateRevoked, platform.StateUnverified:
		return s.Why(platformName(r.Account.Platform))
	case platform.StateDormant:
		return "since " + when(s.Deadline.At, now)
	}
	if s.Deadline.Ends() && s.State != platform.StateUnfinished {
		return s.Left(now) + " · " + when(s.Deadline.At, now)
	}
	return s.Left(now)
}

// sourceWord says in a word or three where the deadline is known from.
func sourceWord(r *agent.Row) string {
	if !r.Status.Deadline.Ends() || r.Status.State == platform.StateRevoked || r.Status.State == platform.StateUnfinished {
		return ""
	}
	switch r.Status.Deadline.Source {
	case platform.SourceProvider, platform.SourceIntrospected:
		return platformName(r.Account.Platform) + " said so"
	case platform.SourceAssumed:
		return "assumed"
	case platform.SourceRule:
		return "your rule"
	}
	return ""
}

// headline is the sentence about the whole.
func headline(total, needs, limited int, next *agent.Row, now time.Time) string {
	if total == 0 {
		return "No accounts yet."
	}
	if needs > 0 {
		if needs == 1 {
			return "1 account needs you."
		}
		return strconv.Itoa(needs) + " accounts need you."
	}
	out := fmt.Sprintf("All %d connected", total)
	if total == 1 {
		out = "1 account connected"
	}
	if limited > 0 {
		out += ", " + strconv.Itoa(limited) + " with limits"
	}
	out += "."
	if next != nil {
		a := next.Account
		name := a.Alias
		if name == "" {
			name = shortTitle(a)
		}
		out += " Next: " + platformName(a.Platform) + " " + name + ", " + day(next.Status.Deadline.At, now) + "."
	}
	return out
}

// capabilityLine says what one capability is worth: "inbox: not granted, pages_messaging is missing".
func capabilityLine(c platform.CapabilityStatus) string {
	word := sentence(c.Capability.Word())
	word = strings.TrimSuffix(word, ".")
	switch {
	case c.Works:
		return word
	case len(c.Missing) > 0:
		return word + ": not granted (" + platform.Join(c.Missing) + ")"
	}
	return word + ": stopped"
}

// stopped says what an account that ended no longer does.
func stopped(s platform.Status) string {
	if stops := s.Stops(); stops != "" {
		return "Stopped: " + stops + "."
	}
	return ""
}

// connectedUntil is the last word of a flow.
func connectedUntil(r *agent.Row, now time.Time) string {
	title := r.Account.Title()
	switch d := r.Status.Deadline; {
	case r.Status.State.NeedsPerson():
		return title + ": " + r.Status.Left(now) + "."
	case d.Ends():
		return title + " is connected until " + day(d.At, now) + "."
	case d.Source == platform.SourceNever:
		return title + " is connected; it does not expire."
	}
	return title + " is connected."
}

// browserText says what to do in the browser.
func browserText(f agent.Flow, account string) string {
	name := platformName(f.Platform)
	as := ""
	if account != "" {
		as = " as " + account
	}
	if !f.Opened {
		return wordOpenBrowser
	}
	return "Your browser has opened. Sign in to " + name + as + " and allow what it asks."
}

// timeLeft is a countdown: "2:41 left".
func timeLeft(d time.Duration) string {
	if d <= 0 {
		return "0:00 left"
	}
	s := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d left", s/60, s%60)
}

// step is a reminder step in words.
func step(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return count(int(d/(24*time.Hour)), "day", "days")
	}
	if d%time.Hour == 0 {
		return count(int(d/time.Hour), "hour", "hours")
	}
	return count(int(d/time.Minute), "minute", "minutes")
}

// parseStep reads "7 days", "7d", "12 hours", "90m".
func parseStep(s string) (time.Duration, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
	if i <= 0 {
		return 0, false
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n <= 0 || n > 1000 {
		return 0, false
	}
	switch strings.TrimSpace(s[i:]) {
	case "d", "day", "days":
		return time.Duration(n) * 24 * time.Hour, true
	case "h", "hour", "hours":
		return time.Duration(n) * time.Hour, true
	case "m", "min", "minute", "minutes":
		return time.Duration(n) * time.Minute, true
	}
	return 0, false
}

// checked sums up a verification.
func checked(results []agent.CheckResult) (text string, ok bool) {
	failed := 0
	var first *agent.CheckResult
	for i, r := range results {
		if r.Error != nil {
			if failed++; first == nil {
				first = &results[i]
			}
		}
	}
	switch {
	case len(results) == 1 && failed == 0:
		return "Checked " + results[0].Ref + ": " + results[0].State.Word() + ", " + results[0].Left + ".", true
	case len(results) == 1:
		return results[0].Ref + ": " + said(results[0].Error), false
	case failed == 0:
		return "Checked " + count(len(results), "account", "accounts") + ".", true
	}
	return fmt.Sprintf("Checked %d accounts; %d did not answer well. First: %s: %s", len(results), failed, first.Ref, said(first.Error)), false
}

// disconnectText says what Disconnect touches.
func disconnectText(a platform.Account) string {
	return "Relink forgets " + a.Title() + ": its tokens and settings on this computer. Nothing on " + platformName(a.Platform) + " itself is deleted. Scripts that use " + a.Ref() + " stop."
}

// revokeText is the tick beside it; ok is false where the platform has no call for it.
func revokeText(a platform.Account) (text string, ok bool) {
	p, err := platform.Lookup(a.Platform)
	if err != nil || p.Revoke == nil {
		return "", false
	}
	return "Also withdraw the permission at " + p.Name, true
}
