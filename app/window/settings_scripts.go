package window

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// scriptsPage is which programs take tokens, and which may.
type scriptsPage struct {
	w        *settingsWindow
	content  *fyne.Container
	problem  problem
	programs []agent.Program
	known    bool
	loading  bool
}

func newScriptsPage(w *settingsWindow) *scriptsPage {
	return &scriptsPage{w: w, content: container.NewVBox(caption(platform.T(wordLoading))), problem: problemLabel()}
}

func (p *scriptsPage) load() {
	if p.loading {
		return
	}
	p.loading = true
	p.w.u.run(func(ctx context.Context, s agent.Service) func() {
		programs, err := s.Programs(ctx)
		return func() {
			p.loading = false
			p.problem.show(said(err))
			if err == nil {
				p.known, p.programs = true, programs
			}
			p.draw()
		}
	})
}

func (p *scriptsPage) draw() {
	w := p.w
	if w.saved.Port == 0 {
		return // not loaded
	}
	again := newButtonWithIcon(platform.T(wordRefresh), theme.ViewRefreshIcon(), p.load)
	out := []fyne.CanvasObject{
		w.confirmSetting(wordScripts), widget.NewSeparator(),
		followed(boldly(platform.T("Programs that took a token in the last 90 days")), upright(again)), p.problem.label,
	}
	switch {
	case !p.known:
		out = append(out, caption(platform.T(wordLoading)))
	case len(p.programs) == 0:
		out = append(out, wrapped(platform.T("None so far. A script takes one by this command: %s", "relink token ACCOUNT")))
	}
	for _, one := range p.programs {
		out = append(out, p.item(one), widget.NewSeparator())
	}
	out = append(out, caption(platform.T("A program says its own name. Rules keep order among your own; they stop none that lies.")))
	p.content.Objects = out
	p.content.Refresh()
}

// takingsShown is how many accounts of a program are listed.
const takingsShown = 4

func (p *scriptsPage) item(one agent.Program) fyne.CanvasObject {
	now := p.w.u.now()
	icon, tn, state := theme.ConfirmIcon(), toneGood, platform.T("gets tokens")
	switch {
	case one.Rule == agent.RuleAllow:
		state = platform.T("allowed by you")
	case one.Rule == agent.RuleDeny:
		icon, tn, state = theme.CancelIcon(), toneBad, platform.T("denied by you")
	case p.w.saved.Confirm && !one.Asked.IsZero():
		icon, tn, state = theme.QuestionIcon(), toneWarn, platform.T("asked %s and got none", platform.Ago(one.Asked, now))
	case p.w.saved.Confirm:
		icon, tn, state = theme.QuestionIcon(), toneWarn, platform.T("gets none before you allow it")
	}
	title := heading(plain(one.Name))
	lines := []string{}
	for i, t := range one.Took {
		if i == takingsShown {
			lines = append(lines, platform.N(len(one.Took)-i, "and %d more account", "and %d more accounts"))
			break
		}
		lines = append(lines, platform.T("%s: %s", t.Ref, platform.When(t.At, now)))
	}
	body := []fyne.CanvasObject{title, caption(sentence(state))}
	if len(lines) > 0 {
		body = append(body, caption(strings.Join(lines, "\n")))
	}
	buttons := container.NewHBox()
	rule := func(word string, r agent.Rule) {
		if one.Rule != r {
			buttons.Add(newButton(word, func() { p.judge(one, r) }))
		}
	}
	rule(platform.T("Allow"), agent.RuleAllow)
	rule(platform.T("Deny"), agent.RuleDeny)
	buttons.Add(newButton(platform.T("Forget…"), func() {
		p.w.confirm(platform.T("Forget %s?", plain(one.Name)), platform.T("What it took is no longer listed, and your rule for it goes. The history stays. If it comes again, it is a new one."), platform.T("Forget"), func() {
			p.w.act(p.problem, func(ctx context.Context, s agent.Service) error { return s.ForgetProgram(ctx, one.Name) }, p.load)
		})
	}))
	return container.NewBorder(nil, nil, container.NewVBox(pad(1, widget.NewIcon(theme.NewColoredResource(icon, tn.color)))), nil,
		followed(tight(body...), container.NewVBox(buttons)))
}

// judge sets a program's rule, which can be undone.
func (p *scriptsPage) judge(one agent.Program, r agent.Rule) {
	set := func(r agent.Rule, then func()) {
		p.w.act(p.problem, func(ctx context.Context, s agent.Service) error { return s.SetProgram(ctx, one.Name, r) }, func() {
			then()
			p.load()
		})
	}
	set(r, func() { p.w.undoes(func() { set(one.Rule, func() {}) }) })
}
