package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// head opens a settings file that Relink begins.
func head() string {
	text := platform.T("Relink's settings. Edit them here or in the window; Relink keeps your comments\nand keys it does not know. Spans of time are written \"7d\", \"12h\" or \"30m\".")
	return "# " + strings.ReplaceAll(text, "\n", "\n# ") + "\n"
}

// setting is one key of the file with its comment and its value as TOML.
type setting struct {
	key, comment, value string
}

// listed gives the settings in the order of the file, with comments in the person's language.
func listed(s agent.Settings) []setting {
	return []setting{
		{"steps", platform.T("Reminders before a connection ends, longest first."), quoteSpans(s.Steps)},
		{"urgent", platform.T("One more reminder, only where a scheduled post or a script depends on the account; \"off\" for none."), quoteOff(s.Urgent)},
		{"hour", platform.T("The hour of the day, 0 to 23, for daily reminders of what has ended."), strconv.Itoa(s.Hour)},
		{"quiet", platform.T("Hours in which nothing is said, such as \"22:00-07:00\"; what falls into them is said before. What has ended is said at once all the same."), quote(s.Quiet.String())},
		{"free_days", platform.T("Days on which nothing is said, such as [\"sat\", \"sun\"]; what falls on them is said before."), quoteList(s.FreeDays.Names())},
		{"away", platform.T("When you are not there, such as \"2026-12-12/2026-12-26\": what ends within it is listed before it begins."), quote(s.Away.String())},
		{"idle", platform.T("How long an account may go unused before Relink asks for a new sign-in; \"off\" for never."), quoteOff(s.Idle)},
		{"poll", platform.T("The longest sleep between two looks at everything, 1m to 1h."), quoteSpan(s.Poll)},
		{"verify", platform.T("How often a platform is asked whether a connection still works."), quoteSpan(s.Verify)},
		{"port", platform.T("The port of the redirect address that is registered with the platforms' apps."), strconv.Itoa(s.Port)},
		{"autostart", platform.T("Start Relink at login."), strconv.FormatBool(s.Autostart)},
		{"language", platform.T("The language: \"auto\" for yours, or en, de, es, fr or ja."), quote(s.Language)},
		{"browser", platform.T("The command that opens a sign-in page; empty for the system's browser."), quote(s.Browser)},
		{"confirm", platform.T("Give no token to a program that you have not allowed: relink programs. One that you run at a terminal needs no leave."), strconv.FormatBool(s.Confirm)},
		{"mail_server", platform.T("The mail server that reminders are sent with, such as \"smtp.example.com\"; empty for none. The password goes elsewhere: relink mail set."), quote(s.Mail.Server)},
		{"mail_port", platform.T("Its port; 0 for the usual one."), strconv.Itoa(s.Mail.Port)},
		{"mail_security", platform.T("\"starttls\" or \"tls\"; \"none\" only for a server on this computer."), quote(security(s.Mail))},
		{"mail_user", platform.T("Who signs in there."), quote(s.Mail.User)},
		{"mail_from", platform.T("The sender's address; empty for mail_user."), quote(s.Mail.From)},
		{"mail_to", platform.T("Who gets every reminder."), quoteList(s.Mail.To)},
		{"webhook", platform.T("The address that events are posted to, https or on this computer; empty for none. The signing key is not here: relink webhook set."), quote(s.Webhook)},
		{"hook", platform.T("The command that is given events on its standard input; empty for none."), quote(s.Hook)},
		{"calendar", platform.T("A calendar file (.ics) of all deadlines: empty for none, \"on\" for one beside Relink's data, or its full path."), quote(s.Calendar)},
	}
}

const (
	tableKey     = "platform_steps"
	tableComment = "Reminders for single platforms, in place of steps."
	labelKey     = "mail_labels"
	labelComment = "Who else gets the reminders of accounts with a label."
)

// tables gives the settings that are tables of the file, each value as TOML.
func tables(s agent.Settings) map[string]map[string]string {
	out := map[string]map[string]string{tableKey: {}, labelKey: {}}
	for p, steps := range s.PlatformSteps {
		out[tableKey][p] = quoteSpans(steps)
	}
	for label, to := range s.Mail.Labels {
		out[labelKey][label] = quoteList(to)
	}
	return out
}

func quoteSpan(d time.Duration) string { return quote(agent.FormatSpan(d)) }

func quoteOff(d time.Duration) string {
	if d == 0 {
		return quote("off")
	}
	return quoteSpan(d)
}

func quoteSpans(list []time.Duration) string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = agent.FormatSpan(d)
	}
	return quoteList(out)
}

func quoteList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// quote writes a basic string; Go's escapes that TOML lacks do not occur for
// printable text, and others are written as \u.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\u` + strconv.FormatInt(0x10000+int64(r), 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// bare reports whether a key needs no quotes.
func bare(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

func quoteKey(key string) string {
	if bare(key) {
		return key
	}
	return quote(key)
}

// edit gives the text with the settings in it: only values that differ are
// touched, everything else stays letter for letter. The text must parse.
func edit(text string, s agent.Settings) string {
	was, bad := parse(text)
	if bad != nil {
		text, was = "", Defaults()
	}
	if strings.TrimSpace(text) == "" {
		text = head()
	} else if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	old := listed(was)
	for i, want := range listed(s) {
		at, there := find(text, want.key)
		switch {
		case there && old[i].value != want.value:
			text = text[:at.value] + want.value + text[at.end:]
		case !there:
			end := topEnd(text)
			text = text[:end] + "\n# " + want.comment + "\n" + want.key + " = " + want.value + "\n" + text[end:]
		}
	}
	from, to := tables(was), tables(s)
	text = editTable(text, tableKey, platform.T(tableComment), from[tableKey], to[tableKey])
	return editTable(text, labelKey, platform.T(labelComment), from[labelKey], to[labelKey])
}

// editTable brings a table up to date.
func editTable(text, table, comment string, was, want map[string]string) string {
	if at, there := find(text, table); there && !slices.Equal(tableLines(was), tableLines(want)) {
		// An inline table is written anew whole.
		return text[:at.value] + "{ " + strings.Join(tableLines(want), ", ") + " }" + text[at.end:]
	} else if there {
		return text
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		at, there := find(text, table+"."+key)
		value, stays := want[key]
		switch {
		case !there:
		case !stays:
			text = text[:at.start] + text[at.line:]
		case value != was[key]:
			text = text[:at.value] + value + text[at.end:]
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, there := was[key]; there {
			continue
		}
		line := quoteKey(key) + " = " + want[key] + "\n"
		if end, there := tableStart(text, table); there {
			text = text[:end] + line + text[end:]
		} else {
			text += "\n# " + comment + "\n[" + table + "]\n" + line
		}
	}
	return text
}

func tableLines(m map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, quoteKey(key)+" = "+m[key])
	}
	return out
}
