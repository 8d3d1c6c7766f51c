package window

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// startPage is when Relink runs, where it is seen, and how it speaks.
type startPage struct {
	w       *settingsWindow
	content *fyne.Container
	// tray is how the tray does, and what closing the window therefore means.
	tray    *fyne.Container
	loading bool
}

func newStartPage(w *settingsWindow) *startPage {
	return &startPage{w: w, content: container.NewVBox(caption(platform.T(wordLoading))), tray: container.NewVBox(caption(platform.T(wordLoading)))}
}

// load asks how the tray does.
func (p *startPage) load() {
	if p.loading {
		return
	}
	p.loading = true
	p.w.u.run(func(ctx context.Context, s agent.Service) func() {
		findings, err := s.Doctor(ctx)
		return func() {
			p.loading = false
			closing := platform.T("Closing this window ends only the window. Relink goes on in the tray, watches and reminds; Quit in the tray's menu ends it.")
			p.tray.Objects = nil
			for _, f := range findings {
				if f.Name == "tray" {
					p.tray.Add(found(f))
					if f.Level != agent.LevelOK {
						closing = platform.T("Closing this window ends only the window. Relink goes on unseen, watches and reminds; this command ends it: %s", "relink quit")
					}
				}
			}
			switch {
			case err != nil:
				p.tray.Add(caption(said(err)))
			case len(p.tray.Objects) == 0:
				p.tray.Add(caption(platform.T("Nothing is known of a tray here.")))
			}
			p.tray.Add(wrapped(closing))
			p.tray.Refresh()
		}
	})
}

func (p *startPage) draw() {
	w := p.w
	if w.saved.Port == 0 {
		return // not loaded
	}
	ap, vp := w.problem("autostart"), w.problem("verify")
	auto := widget.NewCheck(platform.T(wordAutostart), nil)
	auto.Checked = w.saved.Autostart
	auto.OnChanged = func(on bool) { w.save(ap, func(s *agent.Settings) { s.Autostart = on }, nil) }
	verify := pickSpan([]time.Duration{6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}, w.saved.Verify, every,
		func(d time.Duration) { w.save(vp, func(s *agent.Settings) { s.Verify = d }, nil) })
	again := newButtonWithIcon(platform.T(wordRefresh), theme.ViewRefreshIcon(), p.load)
	p.content.Objects = parted(
		section(platform.T("Start"), platform.T("Only while Relink runs can it remind you."), auto, ap.label, setting(platform.T(wordVerify), verify, "", vp)),
		container.NewVBox(container.NewBorder(nil, nil, nil, again, heading(platform.T("Tray"))), p.tray),
		section(platform.T("Language and text"), "", w.languageSetting(), w.textSetting()),
	)
	p.content.Refresh()
}

// every says how often: "every day", "every 6 hours".
func every(d time.Duration) string {
	switch {
	case d == 7*24*time.Hour:
		return platform.T("every week")
	case d == 24*time.Hour:
		return platform.T("every day")
	case d%(24*time.Hour) == 0:
		return platform.N(int(d/(24*time.Hour)), "every %d day", "every %d days")
	case d == time.Hour:
		return platform.T("every hour")
	case d%time.Hour == 0:
		return platform.N(int(d/time.Hour), "every %d hour", "every %d hours")
	}
	return platform.N(int(d/time.Minute), "every %d minute", "every %d minutes")
}

// languages are the settings of the language, and what each calls itself.
var languages = []struct{ tag, name string }{
	{"en", "English"}, {"de", "Deutsch"}, {"es", "Español"}, {"fr", "Français"}, {"ja", "日本語"},
}

// languageAuto follows the system, as an empty setting does.
const languageAuto = "auto"

func (w *settingsWindow) languageSetting() fyne.CanvasObject {
	p := w.problem("language")
	tags, names := []string{languageAuto}, []string{platform.T("the system's")}
	for _, l := range languages {
		tags, names = append(tags, l.tag), append(names, l.name)
	}
	return setting(platform.T("Language"), pick(names, max(0, slices.Index(tags, w.saved.Language)), func(i int) {
		// The window follows when the agent says that it speaks another.
		w.save(p, func(s *agent.Settings) { s.Language = tags[i] }, nil)
	}), platform.T("Of the window, the tray, notifications and mails."), p)
}

// textSetting is how large the text is; it is the window's own and needs no agent.
func (w *settingsWindow) textSetting() fyne.CanvasObject {
	var sizes []int
	var words []string
	for n := textLeast; n <= textMost; n += textStep {
		sizes, words = append(sizes, n), append(words, strconv.Itoa(n)+" %")
	}
	now := w.u.memory.Text
	if now == 0 {
		now = textUsual
	}
	set := func(size int) {
		w.u.memory.Text = size
		w.u.applyText()
		w.u.keep()
		w.draw()
	}
	return setting(platform.T(wordTextSize), pick(words, slices.Index(sizes, now), func(i int) {
		set(sizes[i])
		w.undoes(func() { set(now) })
	}), "", problemLabel())
}

// found is a finding of the doctor: how it is, and what mends it.
func found(f agent.Finding) fyne.CanvasObject {
	icon, tn := theme.ConfirmIcon(), toneGood
	switch f.Level {
	case agent.LevelWarn:
		icon, tn = theme.WarningIcon(), toneWarn
	case agent.LevelFail:
		icon, tn = theme.ErrorIcon(), toneBad
	}
	text := tight(wrapped(sentence(strings.TrimSpace(f.Text))))
	if f.Repair != "" {
		text.Add(caption(sentence(f.Repair)))
	}
	return container.NewBorder(nil, nil, container.NewVBox(pad(1, widget.NewIcon(theme.NewColoredResource(icon, tn.color)))), nil, text)
}
