package window

import (
	"context"
	"runtime"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
	"relink/platform/connect"
)

// portSetting is the fixed port of the redirect address.
func (w *settingsWindow) portSetting() fyne.CanvasObject {
	p := problemLabel()
	port := widget.NewEntry()
	port.SetText(strconv.Itoa(w.saved.Port))
	set := newButton(platform.T(wordSave), nil)
	set.OnTapped = func() {
		n, err := strconv.Atoi(strings.TrimSpace(port.Text))
		if err != nil || n < 1024 || n > 65535 {
			p.show(platform.T(wordPortBad))
			return
		}
		w.store(storing{p, func(s *agent.Settings) { s.Port = n }, w.apps.load, true, w.apps.load})
	}
	port.OnSubmitted = func(string) { set.OnTapped() }
	return setting(platform.T(wordPort), container.NewHBox(least(em(96), 0, port), set), platform.T(wordPortText), p)
}

// appsTab lists the app registrations.
type appsTab struct {
	w       *settingsWindow
	content *fyne.Container
	problem problem
	// redraw shows again what was loaded last; nil before.
	redraw func()
}

func newAppsTab(w *settingsWindow) *appsTab {
	return &appsTab{w: w, content: container.NewVBox(caption(platform.T(wordLoading))), problem: problemLabel()}
}

func (t *appsTab) load() {
	t.w.u.run(func(ctx context.Context, s agent.Service) func() {
		apps, err := s.Apps(ctx)
		set, serr := s.Settings(ctx)
		redirects := map[string]string{}
		for _, a := range apps {
			if a.Redirect != "" {
				continue
			}
			if r, rerr := s.Redirect(ctx, a.Platform); rerr == nil {
				redirects[a.Platform] = r
			}
		}
		return func() {
			if serr == nil && len(t.w.queue) == 0 {
				t.w.saved.Port = set.Port
			}
			t.draw(apps, redirects)
			t.problem.show(said(err))
		}
	})
}

func (t *appsTab) draw(apps []platform.App, redirects map[string]string) {
	add := newButtonWithIcon(platform.T(wordAdd), theme.ContentAddIcon(), nil)
	add.OnTapped = func() {
		var items []*fyne.MenuItem
		for _, p := range platform.All() {
			if !p.Registration.Self {
				items = append(items, fyne.NewMenuItem(p.Title(), func() { t.edit(p, platform.App{Platform: p.ID}) }))
			}
		}
		widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), t.w.win.Canvas(), fyne.NewPos(0, add.Size().Height), add)
	}
	t.redraw = func() { t.draw(apps, redirects) }
	out := []fyne.CanvasObject{container.NewBorder(nil, nil, nil, add, heading(platform.T("Your app registrations"))), t.problem.label}
	if len(apps) == 0 {
		out = append(out, caption(platform.T(wordNoApps)))
	}
	for _, a := range apps {
		out = append(out, t.item(a, or(a.Redirect, redirects[a.Platform])), widget.NewSeparator())
	}
	out = append(out, t.w.portSetting(), widget.NewSeparator(), t.w.httpsHelp())
	t.content.Objects = out
	t.content.Refresh()
}

func (t *appsTab) item(a platform.App, redirect string) fyne.CanvasObject {
	m := newAvatar(32)
	m.set(a.Platform, "")
	name := platformName(a.Platform)
	if a.Server != "" {
		name += " · " + strings.TrimPrefix(a.Server, "https://")
	}
	about := a.ID
	if a.Self {
		about += " · " + platform.T(wordSelfApp)
	}
	buttons := container.NewHBox()
	if p, err := platform.Lookup(a.Platform); err == nil && !a.Self {
		buttons.Add(newButton(platform.T(wordEdit), func() { t.edit(p, a) }))
	}
	buttons.Add(newButton(platform.T(wordDelete), func() { t.delete(a, name) }))
	id := caption(about)
	id.Wrapping = fyne.TextWrapBreak
	body := container.NewVBox(followed(tight(heading(name), id), container.NewVBox(buttons)))
	if redirect != "" {
		e := widget.NewEntry()
		e.SetText(redirect)
		e.Disable()
		body.Add(copyable(t.w.u, e))
	}
	return container.NewBorder(nil, nil, container.NewVBox(pad(1, m)), nil, body)
}

func (t *appsTab) delete(a platform.App, name string) {
	text := platform.T("Accounts connected with %s's registration can no longer be renewed or reconnected until another one is stored. Its secret is deleted here; at %s the app stays as it is.", name, platformName(a.Platform))
	t.w.confirm(platform.T("Delete the registration for %s?", name), text, platform.T(wordDelete), func() {
		t.w.u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.DeleteApp(ctx, a.Platform, a.Server)
			return func() {
				t.load()
				t.problem.show(said(err))
			}
		})
	})
}

// edit shows the form for a registration, new where it has no ID.
func (t *appsTab) edit(p *platform.Platform, a platform.App) {
	form := newAppForm(t.w.u, p)
	form.fill(a)
	bad := problemLabel()
	body := container.NewVBox()
	site := widget.NewEntry()
	site.SetText(a.Server)
	if p.Site != platform.SiteNone {
		name := platform.T(wordServer)
		if p.Site == platform.SiteIssuer {
			name = platform.T(wordIssuer)
		}
		if a.ID != "" {
			site.Disable() // it is the registration's name
		}
		body.Add(field(name, site))
	}
	body.Add(form.content)
	body.Add(bad.label)
	form.server = func() (string, bool) {
		if p.Site != platform.SiteNone && a.ID == "" {
			return serverAddress(site.Text, p.Site)
		}
		return a.Server, true
	}
	t.w.form(p.Title(), body, func(close func()) {
		server, ok := form.server()
		if !ok {
			bad.show(platform.T(wordIssuerBad))
			return
		}
		r, text := form.request(server)
		if text != "" {
			bad.show(text)
			return
		}
		t.w.u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.SetApp(ctx, r)
			return func() {
				if err != nil {
					bad.show(said(err))
					return
				}
				close()
				t.load()
			}
		})
	})
}

// httpsHelp says what the https redirect addresses are that some platforms ask
// for, and what brings them to this computer.
func (w *settingsWindow) httpsHelp() fyne.CanvasObject {
	var names []string
	address := ""
	for _, p := range platform.All() {
		if p.Redirect == platform.RedirectHTTPS {
			names = append(names, p.Title())
			address = connect.RedirectAddress(p, platform.App{}, w.saved.Port)
		}
	}
	e := widget.NewEntry()
	e.SetText(address)
	e.Disable()
	return section(platform.T("Addresses with https"),
		platform.T("%s take nothing but https. For them the sign-in comes back to the name %s, which is this computer alone: no other one can be reached by it.", platform.Join(names), connect.HostName),
		copyable(w.u, e), wrapped(platform.T(wordReaching)), numbered(connect.HTTPSSteps(runtime.GOOS)),
		caption(platform.T("Its certificate is described under Security.")))
}
