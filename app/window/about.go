package window

import (
	"context"
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
	title := heading("Relink " + strings.TrimPrefix(t.w.u.cfg.Version, "v"))
	title.SizeName = theme.SizeNameSubHeadingText
	out := []fyne.CanvasObject{title}
	if err != nil {
		out = append(out, caption(said(err)))
	} else {
		if a.Version != t.w.u.cfg.Version {
			out = append(out, path(platform.T("Agent"), a.Version))
		}
		out = append(out, path(platform.T(wordSettings), a.Config), path(platform.T("Data"), a.Data), path(platform.T("Log"), a.Log))
		if a.PID != 0 {
			out = append(out, path(platform.T("Process"), strconv.Itoa(a.PID)))
		}
		if a.Sandbox != "" {
			out = append(out, path(platform.T("Practice network"), a.Sandbox))
		}
	}
	again := widget.NewButtonWithIcon(platform.T(wordRefresh), theme.ViewRefreshIcon(), t.load)
	out = append(out, widget.NewSeparator(), container.NewBorder(nil, nil, nil, again, heading(platform.T(wordWorksHere))))
	if derr != nil {
		out = append(out, caption(said(derr)))
	}
	if line := t.w.u.lacking(); line != "" {
		findings = append(findings, agent.Finding{Name: platform.T("font"), Level: agent.LevelWarn, Text: line})
	}
	for _, f := range findings {
		icon, tn := theme.ConfirmIcon(), toneGood
		switch f.Level {
		case agent.LevelWarn:
			icon, tn = theme.WarningIcon(), toneWarn
		case agent.LevelFail:
			icon, tn = theme.ErrorIcon(), toneBad
		}
		text := tight(wrapped(platform.T("%s: %s", capital(f.Name), f.Text)))
		if f.Repair != "" {
			text.Add(caption(sentence(f.Repair)))
		}
		out = append(out, container.NewBorder(nil, nil, container.NewVBox(pad(1, widget.NewIcon(theme.NewColoredResource(icon, tn.color)))), nil, text))
	}
	t.content.Objects = out
	t.content.Refresh()
}

// path is a name and a value that can be selected.
func path(name, value string) fyne.CanvasObject {
	v := widget.NewLabel(value)
	v.Wrapping, v.Selectable = fyne.TextWrapBreak, true
	return container.NewBorder(nil, nil, least(136, 0, widget.NewLabel(name)), nil, v)
}

// confirm asks before something that cannot be taken back.
func (w *settingsWindow) confirm(title, text, word string, then func()) {
	m := newModal(title, least(400, 0, wrapped(text)), w.win)
	ok := widget.NewButton(word, func() { m.hide(); then() })
	ok.Importance = widget.DangerImportance
	m.with(widget.NewButton(platform.T(wordCancel), m.hide), ok)
	m.show()
}

// form shows fields over the settings; save gets a function that closes it.
func (w *settingsWindow) form(title string, body fyne.CanvasObject, save func(close func())) {
	m := newModal(title, scrolled(body), w.win)
	m.with(widget.NewButton(platform.T(wordCancel), m.hide), primary(platform.T(wordSave), func() { save(m.hide) }))
	m.resize(fyne.NewSize(600, 520))
	m.show()
}
