package window

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// browserPage is which browser signs in, and in which of its profiles.
type browserPage struct {
	w       *settingsWindow
	content *fyne.Container
	// found are the browsers of this computer; known once they were asked for.
	found   []agent.Browser
	known   bool
	err     error
	loading bool
	test    *trial
}

func newBrowserPage(w *settingsWindow) *browserPage {
	return &browserPage{w: w, content: container.NewVBox(caption(platform.T(wordLoading))),
		test: w.trial(platform.T(wordTest), platform.T("Opens a page of this computer in it, and waits for it to come back."), func(ctx context.Context, s agent.Service) (string, error) {
			set, err := s.Settings(ctx)
			if err != nil {
				return "", err
			}
			return s.TestBrowser(ctx, set.Browser)
		})}
}

func (p *browserPage) load() {
	if p.loading || p.known {
		return
	}
	p.loading = true
	p.w.u.run(func(ctx context.Context, s agent.Service) func() {
		found, err := s.Browsers(ctx)
		return func() {
			p.loading, p.known, p.found, p.err = false, err == nil, found, err
			p.draw()
		}
	})
}

// browserChoices are the commands to choose from and what they are called; the
// first is the system's own.
func browserChoices(found []agent.Browser, now string) (commands, names []string) {
	commands, names = []string{""}, []string{platform.T("the system's")}
	for _, b := range found {
		commands, names = append(commands, b.Command), append(names, b.Name)
		for _, profile := range b.Profiles {
			commands, names = append(commands, profile.Command), append(names, b.Name+" · "+plain(profile.Name))
		}
	}
	if !slices.Contains(commands, now) {
		commands, names = append(commands, now), append(names, platform.T("a command of your own"))
	}
	return commands, names
}

func (p *browserPage) draw() {
	w := p.w
	if w.saved.Port == 0 {
		return // not loaded
	}
	sp, cp := w.problem("browser"), w.problem("browser-command")
	commands, names := browserChoices(p.found, w.saved.Browser)
	choice := pick(names, slices.Index(commands, w.saved.Browser), func(i int) {
		w.save(sp, func(s *agent.Settings) { s.Browser = commands[i] }, p.draw)
	})
	command := widget.NewEntry()
	command.SetText(w.saved.Browser)
	command.SetPlaceHolder(platform.T(wordBrowserHint))
	save := newButton(platform.T(wordSave), func() {
		w.save(cp, func(s *agent.Settings) { s.Browser = strings.TrimSpace(command.Text) }, p.draw)
	})
	command.OnSubmitted = func(string) { save.OnTapped() }
	out := []fyne.CanvasObject{
		section(platform.T("The browser you sign in with"), platform.T("A profile of its own keeps the sign-ins of clients apart from yours. An account can have its own browser: in the menu of its details."),
			setting(platform.T("Browser, profile"), choice, "", sp),
			setting(platform.T(wordBrowser), container.NewBorder(nil, nil, nil, save, least(em(220), 0, command)), platform.T("%s stands for the address; without it the address comes last.", "%s"), cp),
			p.test.content),
	}
	if p.err != nil {
		out = append(out, caption(said(p.err)))
	}
	p.content.Objects = out
	p.content.Refresh()
}
