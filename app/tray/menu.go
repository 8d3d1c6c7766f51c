// Package tray is Relink's icon and menu in the notification area.
//
// [Menu], [Tooltip] and [Icon] are pure: from a snapshot and the time they
// give what is to be shown, as data. [Tray] shows it through fyne.io/systray,
// which nothing else in Relink imports. [WatchHost] knows whether the desktop
// shows tray icons at all.
package tray

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"relink/app/agent"
	"relink/assets"
	"relink/notifier"
	"relink/platform"
)

const (
	// Rows is how many accounts the menu itself lists; MoreRows how many its
	// submenu. Beyond that the window is the better place.
	Rows     = 10
	MoreRows = 40
	// longest is where a name is cut, in characters.
	longest = 60
	// tooltipLongest is what every system shows of a tooltip, in characters.
	tooltipLongest = 127
)

// Command is what an item does beside an activation.
type Command string

// The commands. An empty command is an activation.
const (
	// CommandCancel ends the browser flow named by Arg.
	CommandCancel Command = "cancel"
	// CommandPause holds reminders back for the span named by Arg.
	CommandPause Command = "pause"
	CommandQuit  Command = "quit"
)

// The spans of a pause.
const (
	PauseHour     = "hour"
	PauseTomorrow = "tomorrow"
	PauseMonday   = "monday"
	// PauseEnd ends a pause.
	PauseEnd = "end"
)

// Act is what a click does, as data. The zero value does nothing.
type Act struct {
	Command    Command          `json:"command,omitempty"`
	Arg        string           `json:"arg,omitempty"`
	Activation agent.Activation `json:"activation,omitzero"`
}

// Item is one line of the menu.
type Item struct {
	// ID is the item's place in the menu, from the fixed list of [places]:
	// what stands there may change, the places and their order do not.
	ID        string `json:"id"`
	Label     string `json:"label,omitempty"`
	Enabled   bool   `json:"enabled,omitempty"`
	Separator bool   `json:"separator,omitempty"`
	Children  []Item `json:"children,omitempty"`
	Act       Act    `json:"act,omitzero"`
}

func activate(action notifier.Action, account string) Act {
	return Act{Activation: agent.Activation{Action: action, Account: account}}
}

// Menu gives the menu for a snapshot at now. A nil snapshot is an agent that
// has only just started.
func Menu(s *agent.Snapshot, now time.Time) []Item {
	items := []Item{head(s), {ID: "sep/1", Separator: true}}
	rows, more := accounts(s, now)
	for i, row := range rows {
		row.ID = fmt.Sprintf("row/%d", i)
		items = append(items, row)
	}
	if len(more) > 0 {
		items = append(items, submenu(s, more))
	}
	items = append(items, Item{ID: "sep/2", Separator: true})
	if n := reconnectable(s); n > 1 {
		items = append(items, Item{ID: "all", Label: platform.T("Reconnect all (%d)…", n), Enabled: true, Act: activate(notifier.ActionReconnect, "")})
	}
	return append(items,
		Item{ID: "open", Label: platform.T("Open Relink"), Enabled: true, Act: activate(notifier.ActionShow, "")},
		pause(s, now),
		Item{ID: "settings", Label: platform.T("Settings…"), Enabled: true, Act: activate(notifier.ActionSettings, "")},
		Item{ID: "quit", Label: platform.T("Quit"), Enabled: true, Act: Act{Command: CommandQuit}},
	)
}

// head is the first line: how things stand, in one sentence.
func head(s *agent.Snapshot) Item {
	it := Item{ID: "head", Enabled: true, Act: activate(notifier.ActionShow, "")}
	switch {
	case s == nil:
		it.Label, it.Enabled, it.Act = platform.T("Relink is starting…"), false, Act{}
	case s.Locked != "":
		it.Label = platform.T("Relink is locked: unlock…")
	case s.NeedsPerson() > 0:
		it.Label, it.Act = needs(s.NeedsPerson()), activate(notifier.ActionReview, "")
	case s.Len() == 0:
		it.Label = platform.T("No account is connected yet")
	case s.Counts[platform.StateExpiring] > 0:
		it.Label, it.Act = ends(s.Counts[platform.StateExpiring]), activate(notifier.ActionReview, "")
	case s.Len() == 1:
		it.Label = platform.T("Your account is connected")
	default:
		it.Label = platform.T("All %d accounts are connected", s.Len())
	}
	return it
}

func needs(n int) string { return platform.N(n, "%d account needs you", "%d accounts need you") }

func ends(n int) string { return platform.N(n, "%d account ends soon", "%d accounts end soon") }

// accounts gives the rows of the menu and of its submenu, worst first, with
// the sign-ins for accounts that are not there yet before them.
func accounts(s *agent.Snapshot, now time.Time) (rows, more []Item) {
	if s == nil {
		return []Item{{Label: platform.T("Reading the accounts…")}}, nil
	}
	flows := map[string]agent.Flow{}
	var all []Item
	for _, f := range s.Flows {
		switch {
		case f.Phase.Ended():
		case f.Account != "":
			flows[f.Account] = f
		case len(all) < Rows:
			all = append(all, flowItem(platformName(f.Platform), f))
		}
	}
	var shown []*agent.Row
	same := map[string]int{}
	for row := range s.All() {
		if len(all)+len(shown) == Rows+MoreRows {
			break
		}
		shown = append(shown, row)
		same[clean(row.Account.Title())]++
	}
	for _, row := range shown {
		title := clean(row.Account.Title())
		if same[title] > 1 {
			// Two accounts of one name are told apart by what the user calls them.
			title += " (" + clean(row.Account.Alias) + ")"
		}
		if f, ok := flows[row.Account.ID]; ok {
			all = append(all, flowItem(title, f))
			continue
		}
		all = append(all, rowItem(s, row, title, now))
	}
	if len(all) == 0 {
		all = []Item{{Label: platform.T("Connect your first account…"), Enabled: true, Act: activate(notifier.ActionConnect, "")}}
	}
	return all[:min(Rows, len(all))], all[min(Rows, len(all)):]
}

func submenu(s *agent.Snapshot, more []Item) Item {
	for i := range more {
		more[i].ID = fmt.Sprintf("more/%d", i)
	}
	// The flows for accounts that are not there yet are no accounts.
	if n := s.Len(); n > Rows+MoreRows {
		more = append(more, Item{ID: "more/open", Label: platform.T("Open Relink for all %d…", n), Enabled: true, Act: activate(notifier.ActionShow, "")})
	}
	return Item{ID: "more", Label: platform.T("More accounts"), Enabled: true, Children: more}
}

// rowItem is an account at rest: what it is, how it stands; a click does what
// it needs.
func rowItem(s *agent.Snapshot, row *agent.Row, title string, now time.Time) Item {
	st := row.Status
	sign, text, action := "✓", st.Left(now), notifier.ActionShow
	switch {
	case st.State == platform.StateUnfinished && st.Reason != "no_grant":
		sign = "⚠"
	case st.State.NeedsPerson():
		sign, action = "⚠", notifier.ActionReconnect
		if st.State != platform.StateUnfinished {
			text = st.State.Word()
		}
	case st.State == platform.StateExpiring:
		sign, action = "◷", notifier.ActionReconnect
	case st.State == platform.StateLimited:
		sign, action = "◐", notifier.ActionReconnect
		if stops := st.Stops(); stops != "" {
			text = platform.T("without %s", stops)
		}
	case st.State == platform.StateUnverified:
		sign = "?"
	}
	if !row.UnreachableSince.IsZero() {
		text = platform.T("%s (no answer since %s)", text, clock(row.UnreachableSince, now))
	}
	if s.Locked != "" {
		// A sign-in could not be kept; the window says how to unlock.
		action = notifier.ActionShow
	}
	return Item{Label: sign + " " + platform.T("%s: %s", title, text), Enabled: true, Act: activate(action, row.Account.ID)}
}

// flowItem is an account, or one to be, whose sign-in runs.
func flowItem(title string, f agent.Flow) Item {
	it := Item{Enabled: true, Act: Act{Command: CommandCancel, Arg: f.ID}}
	switch f.Phase {
	case agent.PhaseWorking:
		it.Label = "… " + platform.T("%s: finishing… (cancel)", title)
	case agent.PhaseChoosing:
		it.Label, it.Act = "… "+platform.T("%s: choose what to connect…", title), activate(notifier.ActionShow, f.Account)
	default:
		it.Label = "… " + platform.T("%s: waiting for your browser… (cancel)", title)
	}
	return it
}

func pause(s *agent.Snapshot, now time.Time) Item {
	it := Item{ID: "pause", Label: platform.T("Pause reminders"), Enabled: true}
	if s != nil && s.Paused.After(now) {
		it.Label = platform.T("Reminders are paused until %s", clock(s.Paused, now))
		it.Children = []Item{{ID: "pause/end", Label: platform.T("Remind me again"), Enabled: true, Act: Act{Command: CommandPause, Arg: PauseEnd}}}
	}
	it.Children = append(it.Children,
		Item{ID: "pause/hour", Label: platform.N(1, "%d hour", "%d hours"), Enabled: true, Act: Act{Command: CommandPause, Arg: PauseHour}},
		Item{ID: "pause/tomorrow", Label: platform.T("Until tomorrow"), Enabled: true, Act: Act{Command: CommandPause, Arg: PauseTomorrow}},
		Item{ID: "pause/monday", Label: platform.T("Until Monday"), Enabled: true, Act: Act{Command: CommandPause, Arg: PauseMonday}},
	)
	return it
}

// Until is the end of a pause that starts now: tomorrow and Monday mean the
// reminder hour there. The zero time ends a pause.
func Until(span string, now time.Time, hour int) time.Time {
	day := func(n int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+n, hour, 0, 0, 0, now.Location())
	}
	switch span {
	case PauseHour:
		return now.Add(time.Hour)
	case PauseTomorrow:
		return day(1)
	case PauseMonday:
		// The next Monday: a week ahead on a Monday.
		return day((int(time.Monday-now.Weekday())+6)%7 + 1)
	}
	return time.Time{}
}

// Tooltip is the whole in one line, short enough for every system (127 characters).
func Tooltip(s *agent.Snapshot, now time.Time) string {
	var say string
	switch {
	case s == nil:
		return platform.T("Relink: starting")
	case s.Locked != "":
		say = platform.T("Relink: locked")
	case s.Len() == 0:
		return platform.T("Relink: no account is connected yet")
	case s.NeedsPerson() > 0:
		say = platform.N(s.NeedsPerson(), "Relink: %d needs you", "Relink: %d need you")
	default:
		say = platform.T("Relink: all %d connected", s.Len())
		if s.Len() == 1 {
			say = platform.T("Relink: connected")
		}
	}
	if s.Paused.After(now) {
		say += platform.T(", ") + platform.T("reminders paused")
	}
	if row := next(s, now); row != nil {
		a := row.Account
		say += platform.T(", ") + platform.T("next: %s in %s", platformName(a.Platform)+" "+cut(clean(a.Alias), 32), platform.Span(row.Status.Deadline.At.Sub(now)))
	}
	return cut(say, tooltipLongest)
}

// next is the account that ends next and has not ended yet. Rows come by
// state and by deadline within a state, so that the first of each state is
// enough, and nothing after the first connected one can be sooner.
func next(s *agent.Snapshot, now time.Time) (soonest *agent.Row) {
	for row := range s.All() { // a nil snapshot has none
		st := row.Status
		if st.State.NeedsPerson() {
			continue
		}
		if d := st.Deadline; d.Ends() && d.At.After(now) && (soonest == nil || d.At.Before(soonest.Status.Deadline.At)) {
			soonest = row
		}
		if st.State == platform.StateConnected {
			break
		}
	}
	return soonest
}

// Icon is the state the tray icon shows: the worst there is.
func Icon(s *agent.Snapshot, now time.Time) assets.State {
	switch {
	case s == nil, s.Locked != "", s.Paused.After(now):
		return assets.Hollow
	case s.NeedsPerson() > 0:
		return assets.Needs
	case s.Counts[platform.StateExpiring] > 0:
		return assets.Soon
	}
	return assets.OK
}

// reconnectable is how many accounts a sign-in would bring back.
func reconnectable(s *agent.Snapshot) int {
	if s == nil || s.Locked != "" {
		return 0
	}
	return s.NeedsPerson()
}

// clean makes a name that came from a platform fit for one line: no control
// characters, nothing that turns the direction of the text after it, not
// endlessly long.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)), " ")
	return cut(s, longest)
}

// cut shortens a name to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return s
}

func platformName(id string) string {
	if p, err := platform.Lookup(id); err == nil {
		return p.Title()
	}
	return clean(id)
}

// clock is a time as people say it beside now: the hour today, with the day otherwise.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	if y, m, d := t.Date(); y == now.Year() && m == now.Month() && d == now.Day() {
		return t.Format("15:04")
	}
	if t.Sub(now).Abs() < 6*24*time.Hour {
		return platform.At(t, platform.T("Mon 15:04"))
	}
	return platform.At(t, platform.T("2 Jan 15:04"))
}
