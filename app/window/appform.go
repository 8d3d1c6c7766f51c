package window

import (
	"context"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// appForm takes the client id and secret of the user's own app registration.
type appForm struct {
	u       *ui
	p       *platform.Platform
	content *fyne.Container
	steps   *fyne.Container

	id, secret, redirect *widget.Entry
	// usual is Relink's own redirect address, empty until the agent has said it.
	usual string
	// server gives the server or issuer the registration is for, false for one that cannot be
	// used yet; nil is that of at, which is where a stored one belongs.
	server func() (string, bool)
	at     string
	// storedID is the client id of the registration that is stored, whose secret need not be typed again.
	storedID string
	test     *pushButton
	result   *fyne.Container
}

func newAppForm(u *ui, p *platform.Platform) *appForm {
	r := p.Registration
	f := &appForm{u: u, p: p, id: widget.NewEntry(), secret: widget.NewPasswordEntry(), redirect: widget.NewEntry(), steps: container.NewVBox()}
	f.id.SetPlaceHolder(f.idLabel())
	f.secret.SetPlaceHolder(f.secretLabel())
	f.content = container.NewVBox()
	if r.Console != "" {
		if address, err := url.Parse(r.Console); err == nil {
			f.content.Add(container.NewHBox(widget.NewHyperlink(platform.T(wordConsole), address)))
		}
	}
	f.content.Add(f.steps)
	f.showSteps()
	f.content.Add(field(platform.T(wordRedirect), copyable(u, f.redirect)))
	f.content.Add(field(f.idLabel(), f.id))
	if r.Secret {
		f.content.Add(field(f.secretLabel(), f.secret))
	}
	f.test = newButton(platform.T("Test"), f.try)
	f.result = container.NewVBox()
	f.content.Add(container.NewHBox(f.test))
	f.content.Add(f.result)
	for _, e := range []*widget.Entry{f.id, f.secret, f.redirect} {
		e.OnChanged = func(string) { f.stale() }
	}
	u.run(func(ctx context.Context, s agent.Service) func() {
		address, err := s.Redirect(ctx, p.ID)
		return func() {
			if err != nil {
				f.redirect.SetPlaceHolder(said(err))
				return
			}
			f.usual = address
			if f.redirect.Text == "" {
				f.redirect.SetText(address)
			}
			f.showSteps()
		}
	})
	return f
}

func (f *appForm) idLabel() string { return or(f.p.Registration.IDLabel, platform.T(wordClientID)) }
func (f *appForm) secretLabel() string {
	return or(f.p.Registration.SecretLabel, platform.T(wordClientSecret))
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (f *appForm) showSteps() {
	steps := make([]string, len(f.p.Registration.Steps))
	for i, s := range f.p.Registration.Steps {
		steps[i] = strings.ReplaceAll(platform.T(s), "{redirect}", or(f.usual, "…"))
	}
	f.steps.Objects = numbered(steps).Objects
	f.steps.Refresh()
}

// fill shows a registration that is stored; its secret is never shown.
func (f *appForm) fill(a platform.App) {
	f.id.SetText(a.ID)
	f.at, f.storedID = a.Server, a.ID
	if a.Redirect != "" {
		f.redirect.SetText(a.Redirect)
	}
}

// request checks the form. The problem is empty when it can be stored.
func (f *appForm) request(server string) (r agent.AppRequest, problem string) {
	r = agent.AppRequest{Platform: f.p.ID, Server: server, ClientID: strings.TrimSpace(f.id.Text), Secret: strings.TrimSpace(f.secret.Text)}
	if r.ClientID == "" {
		return r, platform.T(wordNeedID, f.idLabel())
	}
	// An issuer may take public clients, which have no secret.
	if f.p.Registration.Secret && r.Secret == "" && f.p.Site != platform.SiteIssuer {
		return r, platform.T(wordNeedID, f.secretLabel())
	}
	if text := strings.TrimSpace(f.redirect.Text); text != f.usual {
		r.Redirect = text
	}
	return r, ""
}

// try asks the platform about what is in the form, and shows what was found and
// what could not be. Nothing is stored.
func (f *appForm) try() {
	server, ok := f.at, true
	if f.server != nil {
		server, ok = f.server()
	}
	r := agent.AppRequest{Platform: f.p.ID, Server: server, ClientID: strings.TrimSpace(f.id.Text), Secret: strings.TrimSpace(f.secret.Text)}
	if text := strings.TrimSpace(f.redirect.Text); text != f.usual {
		r.Redirect = text
	}
	switch {
	case !ok:
		f.show(problemFinding(platform.T("Enter the address above first.")))
		return
	case r.ClientID == "":
		f.show(problemFinding(platform.T(wordNeedID, f.idLabel())))
		return
	case r.Secret == "" && f.p.Registration.Secret && r.ClientID != f.storedID && f.p.Site != platform.SiteIssuer:
		f.show(problemFinding(platform.T(wordNeedID, f.secretLabel())))
		return
	}
	f.test.Disable()
	f.result.Objects = []fyne.CanvasObject{caption(platform.T("Asking %s…", f.p.Title()))}
	f.result.Refresh()
	f.u.run(func(ctx context.Context, s agent.Service) func() {
		findings, err := s.TestApp(ctx, r)
		return func() {
			f.test.Enable()
			if err != nil {
				findings = problemFinding(said(err))
			}
			f.show(findings)
		}
	})
}

func problemFinding(text string) []agent.Finding {
	return []agent.Finding{{Level: agent.LevelFail, Text: text}}
}

// stale takes a result away that is about something else than what the form has now.
func (f *appForm) stale() {
	if len(f.result.Objects) > 0 && !f.test.Disabled() {
		f.show(nil)
	}
}

// show shows what a test found, each with a sign and a word: what was not tried as well.
func (f *appForm) show(findings []agent.Finding) {
	f.result.Objects = nil
	for _, x := range findings {
		icon, t, word := theme.ConfirmIcon(), toneGood, platform.T("Tested:")
		switch x.Level {
		case agent.LevelFail:
			icon, t, word = theme.ErrorIcon(), toneBad, platform.T("Wrong:")
		case agent.LevelWarn:
			icon, t, word = theme.WarningIcon(), toneWarn, platform.T("Doubtful:")
		case agent.LevelUntested:
			icon, t, word = theme.QuestionIcon(), toneQuiet, platform.T("Not tested:")
		}
		text := platform.T("%s %s", word, sentence(x.Text))
		if x.Name == "" {
			text = sentence(x.Text)
		}
		lines := tight(wrapped(text))
		if x.Repair != "" {
			lines.Add(caption(sentence(x.Repair)))
		}
		lead := container.NewVBox(spaceOf(0, gap), widget.NewIcon(theme.NewColoredResource(icon, t.color)))
		f.result.Add(container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 0), lead), nil, lines))
	}
	f.result.Refresh()
	f.content.Refresh()
}

// field is a named input.
func field(name string, input fyne.CanvasObject) fyne.CanvasObject {
	l := caption(name)
	l.Wrapping = fyne.TextWrapOff
	l.Truncation = fyne.TextTruncateEllipsis
	return tight(l, input)
}

// copyable puts a Copy button beside an entry.
func copyable(u *ui, e *widget.Entry) fyne.CanvasObject {
	b := newButtonWithIcon(platform.T(wordCopy), theme.ContentCopyIcon(), nil)
	b.OnTapped = func() {
		u.app.Clipboard().SetContent(e.Text)
		b.SetText(platform.T(wordCopied))
	}
	return container.NewBorder(nil, nil, nil, b, e)
}

// serverAddress reads what a person typed as a server or issuer: a host name
// gets https, and only this computer may do without it.
func serverAddress(text string, site platform.Site) (address string, ok bool) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if site == platform.SiteServer {
		// People paste handles: @name@server.
		if i := strings.LastIndex(text, "@"); i >= 0 && !strings.Contains(text, "://") {
			text = text[i+1:]
		}
	}
	if text == "" || strings.ContainsAny(text, " \t\n") {
		return "", false
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	a, err := url.Parse(text)
	if err != nil || a.Hostname() == "" || a.User != nil || a.RawQuery != "" || a.Fragment != "" {
		return "", false
	}
	local := a.Hostname() == "localhost" || a.Hostname() == "127.0.0.1" || a.Hostname() == "::1"
	switch {
	case a.Scheme != "https" && !(a.Scheme == "http" && local):
		return "", false
	case !local && !strings.Contains(strings.Trim(a.Hostname(), "."), ".") && !strings.Contains(a.Hostname(), ":"):
		return "", false
	}
	a.Host = strings.ToLower(a.Host)
	if site == platform.SiteServer {
		a.Path = ""
	}
	return a.String(), true
}
