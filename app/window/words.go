package window

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"relink/app/agent"
	"relink/platform"
)

// The words of the window that stand in more than one place, or that name an
// act. They are English here, as the catalogues know them, and are said by
// [platform.T] where they are shown: a constant may be compared, what is shown
// may not.
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
	wordRenameIt     = "Rename…"
	wordDisconnectIt = "Disconnect…"
	wordEditLabels   = "Labels…"
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

	wordRehearsalText = "This is how Relink says that an account has ended. Nothing has happened; the real one names what stopped and offers to reconnect."
	wordTryAgain      = "Try again"
	wordUnlock        = "Unlock"
	wordStart         = "Start it"
	wordSettings      = "Settings"
	wordTurnPages     = "Turn the pages of Settings"
	wordSignPages     = "PgUp/PgDn"
	wordResume        = "Resume"
	wordNext          = "Next"
	wordRefresh       = "Look again"

	wordAllAccounts   = "All accounts"
	wordLabels        = "Labels"
	wordNewLabel      = "New label, another"
	wordMore          = "More"
	wordMenu          = "Menu"
	wordMute          = "Switch reminders off"
	wordUnmute        = "Switch reminders on"
	wordRenameText    = "Scripts and the command line know it by this name."
	wordCheck         = "Check"
	wordExport        = "Export"
	wordExportCSV     = "Export as CSV"
	wordOrderWorst    = "Worst first"
	wordOrderEnd      = "By end"
	wordOrderName     = "By name"
	wordOrderPlatform = "By platform"
	wordSnoozed       = "snoozed"
	wordItSaidSo      = "it said so"
	wordNever         = "never"
	wordToday         = "Today"
	wordYesterday     = "Yesterday"
	wordYes           = "Yes"
	wordNo            = "No"
	wordCheckingAll   = "Checking all accounts…"

	wordHorizon      = "Next 90 days"
	wordHorizonTitle = "The next 90 days"
	wordPointAtMark  = "Point at a mark to see whose it is."
	wordMarkOver     = "needs you"
	wordMarkSoon     = "ending soon"
	wordMarkLater    = "later"
	wordMarkMore     = "more"
	wordMarkAssumed  = "hollow: date assumed"

	wordKnown   = "Last seen"
	wordUsedBy  = "Used by"
	wordNoUsers = "No program has taken its token."

	wordNotices   = "Notices"
	wordNoNotices = "Nothing was said in the last 90 days."
	wordRehearsal = "Rehearsal"

	wordKeys        = "Keyboard shortcuts"
	wordKeyDetails  = "Go to the details"
	wordCheckAll    = "Check all"
	wordMark        = "Select"
	wordUnmark      = "Unselect"
	wordMarkAll     = "Select all"
	wordMarkNone    = "Select none"
	wordConnectNew  = "Connect an account…"
	wordTextSize    = "Text size"
	wordLarger      = "Larger text"
	wordSmaller     = "Smaller text"
	wordUsualText   = "Usual text size"
	wordSignEnter   = "Enter"
	wordSignSpace   = "Space"
	wordSignEsc     = "Esc"
	wordBackKey     = "Back, or close what is in front"
	wordCloseWindow = "Close the window"

	wordAskLogin = "Start Relink when you log in? Only while it runs can it remind you."
	wordWill     = "What Relink does"
	wordWill1    = "Tells you from 7 days before a connection ends, and brings you back with one click."
	wordWill2    = "Renews by itself what can be renewed without you."
	wordWill3    = "Keeps every token on this computer, sealed, and gives them to your scripts."
	wordWont1    = "Never asks for your password: you sign in at the platform, in your own browser."
	wordWont2    = "Never posts, likes or deletes by itself, and sends nothing to anybody else."

	wordNoRegistration   = "Nothing to register first."
	wordNeedRegistration = "Facebook, LinkedIn and others. They need an app registration of your own, which Relink walks you through."

	wordPractise         = "Or try it first"
	wordPractiseText     = "The practice network is a small social network on this computer, with tokens that end in minutes. It gets a window and a vault of its own; nothing real is touched."
	wordPracticeTag      = "practice network"
	wordPractising       = "You are practising"
	wordPractisingText   = "Every platform is played by the practice network on this computer. Connect an account on any of them; who signs in, how long tokens hold and what goes wrong is set on its own page:"
	wordPractiseGo       = "Start practising"
	wordPractiseStarting = "Starting the practice network…"
	wordPractiseOpen     = "The practice network is open in a window of its own."
	wordPractiseLacks    = "It is not installed beside this program: relink-sandbox is missing. In Relink's sources, make sandbox builds it."

	wordUnreachable = "unreachable"
	wordNoMatch     = "No account matches."
	wordEmptyTitle  = "Connect your first account"
	wordEmptyText   = "Choose where it is. The platform's own sign-in opens in your browser."
	wordNothingEnds = "Nothing ends in the next 90 days."
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
	wordSiteHint       = "blog.example.com"
	wordHandle         = "Handle"
	wordHandleHint     = "acme.bsky.social"
	wordHandleBad      = "Enter the handle, such as acme.bsky.social."
	wordWay            = "How to connect"
	wordWayBrowser     = "By signing in in the browser"
	wordMakeIt         = "Open the page at %s"
	wordCopyCode       = "Copy code"
	wordReaching       = "For that address to reach this computer:"
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
	wordOpenBrowser = "Open this link in your browser, sign in, and allow what is asked."
	wordConnected   = "Connected"
	wordFailed      = "Not connected"

	wordReminders   = "Reminders"
	wordPlatforms   = "Platforms"
	wordGeneral     = "Start & tray"
	wordBrowserPage = "Browser"
	wordOwnBrowser  = "Browser…"
	wordScripts     = "Scripts"
	wordData        = "Data"
	wordBackUp      = "Back up…"
	wordRestore     = "Restore…"
	wordDeleteAll   = "Delete everything…"
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

	wordUndo         = "Undo"
	wordQuiet        = "Quiet hours"
	wordQuietText    = "Nothing is said in them; what falls into them is said before."
	wordQuietBad     = "write hours like 22:00-07:00, or leave it empty"
	wordFreeDays     = "Free days"
	wordFreeDaysText = "What falls on them is said on the last day before."
	wordAwayName     = "Away"
	wordAwayText     = "What ends while you are away is said before you go."
	wordAwayBad      = "write two days like 2026-12-12/2026-12-26, or leave it empty"
	wordUrgent       = "One more reminder"
	wordUrgentText   = "For accounts that a scheduled post or a script depends on."

	wordChannels     = "Mail & more"
	wordTest         = "Test"
	wordTesting      = "Sending a test…"
	wordChannelOff   = "Off."
	wordKeepSecret   = "unchanged"
	wordMail         = "Mail"
	wordMailText     = "One mail a day at the reminder hour; at once only what has ended and is needed soon."
	wordMailServer   = "Server"
	wordMailSecurity = "Security, port"
	wordMailPlain    = "none (this computer)"
	wordMailPort     = "usual port"
	wordMailPortBad  = "A port is a number from 1 to 65535."
	wordMailUser     = "User"
	wordMailPassword = "Password"
	wordMailFrom     = "the user's address"
	wordMailFromName = "From"
	wordMailTo       = "To"
	wordWebhook      = "Webhook"
	wordWebhookText  = "Events are posted to this address as JSON, signed with the key."
	wordAddress      = "Address"
	wordSigningKey   = "Signing key"
	wordHook         = "Command"
	wordHookText     = "A program of yours is given events on its standard input."
	wordHookCommand  = "Command"
	wordCalendar     = "Calendar"
	wordCalendarText = "A file with every deadline, which calendars can subscribe to."
	wordCalendarFile = "File"
	wordCalendarHint = "on, or a path ending in .ics"

	wordPassphrase      = "Passphrase"
	wordPassphraseAgain = "Again"
	wordPassphraseNew   = "There is no keyring to keep the key in. Choose a passphrase; nobody can recover it."
	wordPassphraseShort = "Choose at least 8 characters."
	wordPassphraseDiff  = "The two are not the same."
)

// when, day and ago are the times as people read them; see package platform.
func when(t, now time.Time) string { return platform.When(t, now) }

func day(t, now time.Time) string { return platform.Day(t, now) }

func ago(t, now time.Time) string { return platform.Ago(t, now) }

// sentence makes an error's line read as one.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	s = capital(s)
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?…:。！？", last) {
		if last < utf8.RuneSelf {
			return s + "."
		}
		s = platform.T("%s.", s)
	}
	return s
}

// capital begins with a capital letter, as what stands at the head of a line does.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
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
		return p.Title()
	}
	return id
}

// kindWord says what kind of thing an account is; a kind that has no word is
// said as the platform has it.
func kindWord(kind string) string {
	switch kind {
	case "page":
		return platform.T("page")
	case "person":
		return platform.T("person")
	case "profile":
		return platform.T("profile")
	case "channel":
		return platform.T("channel")
	case "organization", "organisation":
		return platform.T("organisation")
	case "blog":
		return platform.T("blog")
	case "bot":
		return platform.T("bot")
	case "site":
		return platform.T("site")
	}
	return plain(kind)
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
	full, _ := deadlineLines(r, now)
	return full
}

// deadlineLines are the row's time and, where it says two things, the first of
// them for little room.
func deadlineLines(r *agent.Row, now time.Time) (full, brief string) {
	s := r.Status
	switch s.State {
	case platform.StateRevoked, platform.StateUnverified:
		return s.Why(platformName(r.Account.Platform)), ""
	case platform.StateDormant:
		return platform.T("since %s", when(s.Deadline.At, now)), ""
	}
	if s.Deadline.Ends() && s.State != platform.StateUnfinished {
		left := s.Left(now)
		full, brief = left+" · "+when(s.Deadline.At, now), left
		if s.State == platform.StateExpired {
			// The state beside it says what happened then.
			brief = platform.Ago(s.Deadline.At, now)
		}
		return full, brief
	}
	return s.Left(now), ""
}

// sourceLongest is the longest name of a platform that finds room beside a state.
const sourceLongest = 15

// sourceWord says in a word or three where the deadline is known from.
func sourceWord(r *agent.Row) string {
	if !r.Status.Deadline.Ends() || r.Status.State == platform.StateRevoked || r.Status.State == platform.StateUnfinished {
		return ""
	}
	switch r.Status.Deadline.Source {
	case platform.SourceProvider, platform.SourceIntrospected:
		name := platformName(r.Account.Platform)
		if len(name) > sourceLongest {
			return platform.T(wordItSaidSo)
		}
		return platform.T("%s said so", name)
	case platform.SourceAssumed:
		return platform.T("assumed")
	case platform.SourceRule:
		return platform.T("your rule")
	}
	return ""
}

// headline is the sentence about the whole.
func headline(total, needs, limited int, next *agent.Row, now time.Time) string {
	if total == 0 {
		return platform.T("No accounts yet.")
	}
	if needs > 0 {
		return platform.N(needs, "%d account needs you.", "%d accounts need you.")
	}
	out := platform.N(total, "%d account connected.", "All %d connected.")
	if limited > 0 {
		out = platform.N(total, "%d account connected, %d with limits.", "All %d connected, %d with limits.", limited)
	}
	if next != nil {
		a := next.Account
		name := a.Alias
		if name == "" {
			name = shortTitle(a)
		}
		out += " " + platform.T("Next: %s, %s.", platformName(a.Platform)+" "+name, day(next.Status.Deadline.At, now))
	}
	return out
}

// capabilityLine says what one capability is worth, and why it is worth
// nothing where it is not: what stops, and the permission that is missing.
func capabilityLine(c platform.CapabilityStatus, s platform.Status, now time.Time) (line, why string) {
	line = capital(c.Capability.Word())
	if c.Works {
		if d := s.Deadline; d.Ends() && s.State == platform.StateExpiring {
			return line, platform.T("Works until %s.", when(d.At, now))
		}
		return line, ""
	}
	if len(c.Missing) > 0 {
		return platform.T("%s: not granted", line), withoutGrant(c.Capability) + " " + platform.T("Missing: %s. Reconnect and allow it.", platform.Join(c.Missing))
	}
	return platform.T("%s: stopped", line), untilReconnect(c.Capability)
}

// withoutGrant says what does not happen where a permission is missing.
func withoutGrant(c platform.Capability) string {
	switch c {
	case platform.Publish:
		return platform.T("Posts do not go out.")
	case platform.Analytics:
		return platform.T("No numbers come in.")
	case platform.Inbox:
		return platform.T("Messages and comments are not seen.")
	case platform.Previews:
		return platform.T("Links have no preview.")
	}
	return platform.T("It does not work.")
}

// untilReconnect says what does not happen while the account is not connected.
func untilReconnect(c platform.Capability) string {
	switch c {
	case platform.Publish:
		return platform.T("Posts do not go out until you reconnect.")
	case platform.Analytics:
		return platform.T("No numbers come in until you reconnect.")
	case platform.Inbox:
		return platform.T("Messages and comments are not seen until you reconnect.")
	case platform.Previews:
		return platform.T("Links have no preview until you reconnect.")
	}
	return platform.T("It does not work until you reconnect.")
}

// clockDate is when a clock ends, in words.
func clockDate(c platform.Clock, now time.Time) string {
	switch {
	case !c.Ends():
		return platform.T("does not expire")
	case !c.At.After(now):
		return platform.T("%s (over)", when(c.At, now))
	}
	return when(c.At, now)
}

// clockSource is how long that is, and where it is known from.
func clockSource(c platform.Clock, platformName string, now time.Time) string {
	known := sentence(c.Known(platformName))
	if c.Ends() && c.At.After(now) {
		return platform.T("%s left", platform.Span(c.At.Sub(now))) + " · " + known
	}
	return known
}

// underLabels is the line below the title, with the labels.
func underLabels(a platform.Account) string {
	out := under(a)
	for _, l := range labelsOf(a) {
		out += " · " + l
	}
	return out
}

// comingWords sums the picture up: "23 deadlines, 4 within a week".
func comingWords(rows []*agent.Row, now time.Time) string {
	ahead, week := 0, 0
	for _, r := range rows {
		if at := r.Status.Deadline.At; at.After(now) {
			ahead++
			if at.Sub(now) <= 7*24*time.Hour {
				week++
			}
		}
	}
	out := []string{platform.N(ahead, "%d deadline", "%d deadlines")}
	if week > 0 {
		out = append(out, platform.N(week, "%d within a week", "%d within a week"))
	}
	if over := len(rows) - ahead; over > 0 {
		out = append(out, platform.N(over, "%d over", "%d over"))
	}
	return strings.Join(out, platform.T(", "))
}

// dayName is a day as people say it beside today.
func dayName(t, now time.Time) string {
	switch day(t, now) {
	case day(now, now):
		return platform.T(wordToday)
	case day(now.AddDate(0, 0, -1), now):
		return platform.T(wordYesterday)
	}
	return day(t, now)
}

// outcomeWords says what became of a notice.
func outcomeWords(n agent.Notice, now time.Time) (icon fyne.Resource, t tone, text string) {
	at := func(what string) string {
		if n.BecameAt.IsZero() || n.BecameAt.Sub(n.At) < time.Minute {
			return what
		}
		return platform.T("%s, %s later", what, platform.Span(n.BecameAt.Sub(n.At)))
	}
	switch n.Became {
	case agent.OutcomeQueued:
		return theme.HistoryIcon(), toneQuiet, platform.T("on its way")
	case agent.OutcomeFailed:
		return theme.ErrorIcon(), toneBad, platform.T("not shown: %s", strings.TrimRight(capital(strings.TrimSpace(n.Reason)), ".。"))
	case agent.OutcomeClicked:
		return theme.ConfirmIcon(), toneGood, at(platform.T("you acted on it"))
	case agent.OutcomeSnoozed:
		return theme.HistoryIcon(), toneQuiet, at(platform.T("you put it off"))
	case agent.OutcomeClosed:
		return theme.CancelIcon(), toneQuiet, at(platform.T("you closed it"))
	case agent.OutcomeExpired:
		return theme.VisibilityOffIcon(), toneQuiet, at(platform.T("went away by itself"))
	case agent.OutcomeReplaced:
		return theme.MoreHorizontalIcon(), toneQuiet, at(platform.T("a newer one took its place"))
	case agent.OutcomeWithdrawn:
		return theme.ConfirmIcon(), toneGood, at(platform.T("taken back, it was settled"))
	}
	return theme.VisibilityIcon(), toneQuiet, platform.T("shown")
}

// channelWords lists the channels that said something.
func channelWords(channels []string) string {
	var out []string
	for _, c := range channels {
		switch c {
		case agent.ChannelDesktop:
			c = platform.T("notification")
		case agent.ChannelPopup:
			c = platform.T("window at expiry")
		case agent.ChannelHook:
			c = platform.T("command")
		case agent.ChannelMail:
			c = platform.T("mail")
		case agent.ChannelWebhook:
			c = platform.T("webhook")
		}
		out = append(out, c)
	}
	return platform.T("by %s", platform.Join(out))
}

// stopped says what an account that ended no longer does.
func stopped(s platform.Status) string {
	if stops := s.Stops(); stops != "" {
		return platform.T("Stopped: %s.", stops)
	}
	return ""
}

// connectedUntil is the last word of a flow.
func connectedUntil(r *agent.Row, now time.Time) string {
	title := r.Account.Title()
	switch d := r.Status.Deadline; {
	case r.Status.State.NeedsPerson():
		return platform.T("%s: %s.", title, r.Status.Left(now))
	case d.Ends():
		return platform.T("%s is connected until %s.", title, day(d.At, now))
	case d.Source == platform.SourceNever:
		return platform.T("%s is connected; it does not expire.", title)
	}
	return platform.T("%s is connected.", title)
}

// browserText says what to do in the browser.
func browserText(f agent.Flow, account string) string {
	name := platformName(f.Platform)
	switch {
	case !f.Opened:
		return platform.T(wordOpenBrowser)
	case account != "":
		return platform.T("Your browser has opened. Sign in to %s as %s and allow what it asks.", name, account)
	}
	return platform.T("Your browser has opened. Sign in to %s and allow what it asks.", name)
}

// timeLeft is a countdown: "2:41 left".
func timeLeft(d time.Duration) string {
	s := max(0, int(d.Round(time.Second)/time.Second))
	return platform.T("%s left", fmt.Sprintf("%d:%02d", s/60, s%60))
}

// step is a reminder step in words.
func step(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return platform.N(int(d/(24*time.Hour)), "%d day", "%d days")
	}
	if d%time.Hour == 0 {
		return platform.N(int(d/time.Hour), "%d hour", "%d hours")
	}
	return platform.N(int(d/time.Minute), "%d minute", "%d minutes")
}

// parseStep reads "7 days", "7d", "12 hours", "90m", and what step says in the
// person's language.
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
	unit := strings.TrimSpace(s[i:])
	for _, u := range []struct {
		d     time.Duration
		words []string
	}{
		{24 * time.Hour, []string{"d", "day", "days"}}, {time.Hour, []string{"h", "hour", "hours"}}, {time.Minute, []string{"m", "min", "minute", "minutes"}},
	} {
		for _, k := range []int{1, 2} { // one and many
			said := strings.ToLower(step(time.Duration(k) * u.d))
			u.words = append(u.words, strings.TrimSpace(strings.TrimPrefix(said, strconv.Itoa(k))))
		}
		if slices.Contains(u.words, unit) {
			return time.Duration(n) * u.d, true
		}
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
		return platform.T("Checked %s: %s, %s.", results[0].Ref, results[0].State.Word(), results[0].Left), true
	case len(results) == 1:
		return platform.T("%s: %s", results[0].Ref, said(results[0].Error)), false
	case failed == 0:
		return platform.N(len(results), "Checked %d account.", "Checked %d accounts."), true
	}
	return platform.N(len(results), "Checked %d account; %d did not answer well. First: %s: %s", "Checked %d accounts; %d did not answer well. First: %s: %s",
		failed, first.Ref, said(first.Error)), false
}

// disconnectText says what Disconnect touches.
func disconnectText(a platform.Account) string {
	return platform.T("Relink forgets %s: its tokens and settings on this computer. Nothing on %s itself is deleted. Scripts that use %s stop.", a.Title(), platformName(a.Platform), a.Ref())
}

// revokeText is the tick beside it; ok is false where the platform has no call
// for it, and the text then says where it is done by hand.
func revokeText(a platform.Account) (text string, ok bool) {
	p, err := platform.Lookup(a.Platform)
	switch {
	case err != nil:
		return "", false
	case p.Revoke != nil:
		return platform.T("Also withdraw the permission at %s", p.Title()), true
	case p.RevokePage != "":
		return platform.T("To withdraw the permission too, remove the app at %s", p.RevokePage), false
	}
	return "", false
}
