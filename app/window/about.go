package window

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// aboutTab says which program this is, where things are, and what works here.
type aboutTab struct {
	w       *settingsWindow
	content *fyne.Container
	loading bool
}

func newAboutTab(w *settingsWindow) *aboutTab {
	return &aboutTab{w: w, content: container.NewVBox(caption(platform.T(wordLoading)))}
}

func (t *aboutTab) load() {
	if t.loading {
		return
	}
	t.loading = true
	t.w.u.run(func(ctx context.Context, s agent.Service) func() {
		about, err := s.About(ctx)
		findings, derr := s.Doctor(ctx)
		return func() {
			t.loading = false
			t.draw(about, err, findings, derr)
		}
	})
}

func (t *aboutTab) draw(a agent.About, err error, findings []agent.Finding, derr error) {
	w := t.w
	title := heading("Relink " + strings.TrimPrefix(w.u.cfg.Version, "v"))
	title.SizeName = theme.SizeNameSubHeadingText
	out := []fyne.CanvasObject{tight(title, caption(platform.T("Free software under the MIT licence. It keeps nothing but on this computer and sends nothing to its makers.")))}
	if err != nil {
		out = append(out, caption(said(err)))
	} else {
		if a.Version != w.u.cfg.Version {
			out = append(out, path(platform.T("Agent"), a.Version))
		}
		out = append(out, w.placed(platform.T(wordSettings), a.Config), w.placed(platform.T("Data"), a.Data), w.placed(platform.T("Log"), a.Log))
		if a.PID != 0 {
			out = append(out, path(platform.T("Process"), strconv.Itoa(a.PID)))
		}
		if a.Sandbox != "" {
			out = append(out, path(platform.T("Practice network"), a.Sandbox))
		}
	}
	again := newButtonWithIcon(platform.T(wordRefresh), theme.ViewRefreshIcon(), t.load)
	out = append(out, widget.NewSeparator(), container.NewBorder(nil, nil, nil, again, heading(platform.T(wordWorksHere))))
	if derr != nil {
		out = append(out, caption(said(derr)))
	}
	if line := t.w.u.lacking(); line != "" {
		findings = append(findings, agent.Finding{Name: platform.T("font"), Level: agent.LevelWarn, Text: line})
	}
	for _, f := range findings {
		f.Text = platform.T("%s: %s", capital(f.Name), f.Text)
		out = append(out, found(f))
	}
	if derr == nil {
		result := newButtonWithIcon(platform.T("Copy the result"), theme.ContentCopyIcon(), func() { w.u.app.Clipboard().SetContent(doctorText(findings)) })
		all := newButtonWithIcon(platform.T("Copy diagnostics"), theme.ContentCopyIcon(), func() {
			w.u.app.Clipboard().SetContent(diagnostics(w.u.cfg.Version, a, w.saved, w.u.snap, findings))
		})
		out = append(out, flowButtons(result, all), caption(platform.T("Diagnostics are for a report: versions, settings, how many accounts are in which state, and what works here. No name, address, token or other secret is in them.")))
	}
	t.content.Objects = out
	t.content.Refresh()
}

// doctorText is what the doctor found, as a text to hand on.
func doctorText(findings []agent.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%-5s %s: %s\n", f.Level, f.Name, f.Text)
		if f.Repair != "" {
			fmt.Fprintf(&b, "      → %s\n", f.Repair)
		}
	}
	return b.String()
}

// diagnostics is a text for a report. What names the person or a client of
// theirs stays out of it: addresses, accounts, paths below the home, commands.
func diagnostics(version string, a agent.About, s agent.Settings, snap *agent.Snapshot, findings []agent.Finding) string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%s: %v\n", name, value) }
	line("relink", version)
	line("agent", a.Version)
	line("system", runtime.GOOS+"/"+runtime.GOARCH)
	line("go", runtime.Version())
	line("language", platform.Language())
	if a.Sandbox != "" {
		line("practice_network", "yes")
	}
	line("accounts", snap.Len())
	states, platforms := map[string]int{}, map[string]int{}
	for r := range snap.All() {
		states[string(r.Status.State)]++
		platforms[r.Account.Platform]++
	}
	line("by_state", counted(states))
	line("by_platform", counted(platforms))
	if snap != nil {
		line("vault_locked", snap.Locked != "")
		line("paused", !snap.Paused.IsZero())
	}
	line("key", s.Key)
	line("steps", s.Steps)
	line("platforms_with_steps_of_their_own", len(s.PlatformSteps))
	line("hour_quiet_free_days", fmt.Sprintf("%d, %s, %s", s.Hour, s.Quiet, s.FreeDays))
	line("idle_poll_verify", fmt.Sprintf("%s, %s, %s", s.Idle, s.Poll, s.Verify))
	line("port", s.Port)
	line("starts_at_login", s.Autostart)
	line("own_browser_command", s.Browser != "")
	line("programs_need_leave", s.Confirm)
	line("mail_webhook_command_calendar", fmt.Sprintf("%t, %t, %t, %t", s.Mail.Server != "", s.Webhook != "", s.Hook != "", s.Calendar != ""))
	b.WriteString("\n")
	text := doctorText(findings)
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		text = strings.ReplaceAll(text, home, "~")
	}
	b.WriteString(text)
	return b.String()
}

// counted writes counts, the names in order.
func counted(m map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(out, ", ")
}

// path is a name and a value that can be selected.
func path(name, value string) fyne.CanvasObject {
	v := widget.NewLabel(value)
	v.Wrapping, v.Selectable = fyne.TextWrapBreak, true
	return container.New(&beside{lead: 136}, container.NewVBox(widget.NewLabel(name)), v)
}

// confirm asks before something that cannot be taken back.
func (w *settingsWindow) confirm(title, text, word string, then func()) {
	m := newModal(title, least(em(400), 0, wrapped(text)), w.win)
	ok := newEscapable(word, func() { m.hide(); then() }, m.hide)
	ok.Importance = widget.DangerImportance
	m.with(newEscapable(platform.T(wordCancel), m.hide, m.hide), ok)
	m.show()
}

// form shows fields over the settings; save gets a function that closes it.
func (w *settingsWindow) form(title string, body fyne.CanvasObject, save func(close func())) {
	w.ask(title, platform.T(wordSave), body, save)
}

// ask shows something over the settings with a button, by its word, that goes
// on, which it gives; then gets a function that closes it.
func (w *settingsWindow) ask(title, word string, body fyne.CanvasObject, then func(close func())) *pushButton {
	m := newModal(title, scrolled(body), w.win)
	ok := newEscapable(word, func() { then(m.hide) }, m.hide)
	ok.Importance = widget.HighImportance
	fieldsIn(body, func(f *fieldEntry) { f.escape = m.hide })
	m.with(newEscapable(platform.T(wordCancel), m.hide, m.hide), ok)
	m.resize(fyne.NewSize(em(600), em(520)))
	m.show()
	return &ok.pushButton
}

// fieldsIn visits the lines to write in of a form.
func fieldsIn(o fyne.CanvasObject, visit func(*fieldEntry)) {
	switch o := o.(type) {
	case *fieldEntry:
		visit(o)
	case *fyne.Container:
		for _, c := range o.Objects {
			fieldsIn(c, visit)
		}
	}
}
