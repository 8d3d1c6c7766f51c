package window

import (
	"context"
	"image/color"
	"runtime"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
	"relink/platform/connect"
)

// connectPage connects a first account: choose a platform, give what it needs,
// then the browser.
type connectPage struct {
	u       *ui
	content *fyne.Container
	form    *connectForm
	scroll  *container.Scroll // of the step shown
	title   string            // of the step shown
}

// showConnect opens the page over the accounts.
func (u *ui) showConnect() { u.showConnectTo("") }

// showConnectTo opens the page with a platform already chosen.
func (u *ui) showConnectTo(id string) {
	if u.connect == nil {
		u.connect = &connectPage{u: u, content: container.NewStack()}
		u.accounts.content.Hide()
		u.accounts.pages.Add(u.connect.content)
	}
	p, err := platform.Lookup(id)
	if err != nil {
		u.connect.platforms()
		return
	}
	u.connect.choose(p)
}

// leave goes back to the accounts.
func (c *connectPage) leave() {
	c.u.connect = nil
	c.u.retitle()
	c.u.accounts.pages.Remove(c.content)
	c.u.accounts.content.Show()
	c.u.accounts.pages.Refresh()
	// The field that was written in is not there any more; the list may not be yet,
	// where this is the first account, and takes the focus with its first rows.
	c.u.win.Canvas().Unfocus()
	c.u.win.Canvas().Focus(c.u.list)
}

// back goes one step back.
func (c *connectPage) back() {
	if c.form != nil && c.u.view != nil && c.u.view.total > 0 {
		c.platforms()
		return
	}
	c.leave()
}

// set shows a step in a column that stays readable on a wide window.
func (c *connectPage) set(title string, body fyne.CanvasObject) {
	c.title = title
	c.u.retitle()
	back := newButtonWithIcon(platform.T(wordBack), theme.NavigateBackIcon(), c.back)
	back.Importance = widget.LowImportance
	t := heading2(title)
	t.SizeName = theme.SizeNameSubHeadingText
	head := container.New(layout.NewCustomPaddedLayout(2*gap, gap, 2*gap, 2*gap), container.NewHBox(back, t))
	c.scroll = container.NewVScroll(container.New(column{560}, container.New(layout.NewCustomPaddedLayout(2*gap, 6*gap, 4*gap, 4*gap), body)))
	c.content.Objects = []fyne.CanvasObject{container.NewBorder(head, nil, nil, nil, c.scroll)}
	c.content.Refresh()
	c.u.accounts.pages.Refresh()
}

// column centres content no wider than width, at the usual size of text.
type column struct{ width float32 }

func (c column) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }
func (c column) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := min(em(c.width), size.Width)
	o[0].Move(fyne.NewPos((size.Width-w)/2, 0))
	o[0].Resize(fyne.NewSize(w, size.Height))
}

func (c *connectPage) platforms() {
	c.form = nil
	l := newPlatformList(c.u)
	c.set(platform.T(wordChoosePlatform), l.content)
	c.u.win.Canvas().Focus(l.search)
}

// reveal scrolls to something the keyboard has gone to.
func (c *connectPage) reveal(o fyne.CanvasObject) { revealIn(c.scroll, o) }

func (c *connectPage) choose(p *platform.Platform) {
	c.form = newConnectForm(c.u, p)
	c.set(platform.T("Connect %s", p.Title()), c.form.content)
	if c.form.server != nil {
		c.u.win.Canvas().Focus(c.form.server)
	} else {
		c.u.win.Canvas().Focus(c.form.button)
	}
	if p.HandOnly() && p.Site == platform.SiteNone {
		c.form.submit() // there is nothing else to ask
	}
}

// connectForm is what one platform needs before the browser opens.
type connectForm struct {
	u       *ui
	p       *platform.Platform
	content *fyne.Container

	server  *fieldEntry
	app     *appForm
	appBox  *fyne.Container
	problem problem
	button  *pushButton
	wants   []platform.Capability
	// apps stored already; known once the agent has said so.
	apps  []platform.App
	known bool
	// byHand is true while a credential is to be handed over instead of a sign-in in the browser.
	byHand bool
	// device is true for a code that is typed on another device.
	device bool
	// asks are the permissions to ask for in the browser.
	asks *fyne.Container
}

func newConnectForm(u *ui, p *platform.Platform) *connectForm {
	f := &connectForm{u: u, p: p, problem: problemLabel(), content: container.NewVBox()}
	mark := newAvatar(40)
	mark.set(p.ID, "")
	f.content.Add(container.NewBorder(nil, nil, pad(1, mark), nil, container.NewVBox(layout.NewSpacer(), caption(sentence(platform.T(p.Lifetime))), layout.NewSpacer())))
	if p.Site != platform.SiteNone {
		f.server = newField()
		f.server.escape = u.back
		name, hint := platform.T(wordServer), platform.T(wordServerHint)
		switch {
		case p.Site == platform.SiteIssuer:
			name, hint = platform.T(wordIssuer), platform.T(wordIssuerHint)
		case p.Site == platform.SiteHandle:
			name, hint = platform.T(wordHandle), platform.T(wordHandleHint)
		case p.SitePath:
			hint = platform.T(wordSiteHint)
		}
		f.server.SetPlaceHolder(hint)
		f.server.OnChanged = func(string) { f.showApp(); f.problem.show("") }
		f.server.OnSubmitted = func(string) { f.submit() }
		f.content.Add(field(name, f.server))
	}
	f.ways()
	f.byHand = p.HandOnly()
	if !p.Registration.Self && !p.Registration.None {
		f.app = newAppForm(u, p)
		f.app.server = f.site
		f.appBox = container.NewVBox(tight(heading(platform.T(wordAppTitle)), caption(platform.T(wordAppOnce))), f.app.content)
		if p.Registration.Review != "" {
			f.appBox.Add(caption(sentence(platform.T(p.Registration.Review))))
		}
		if p.Redirect == platform.RedirectHTTPS {
			f.appBox.Add(wrapped(platform.T(wordReaching)))
			f.appBox.Add(numbered(connect.HTTPSSteps(runtime.GOOS)))
		}
		f.appBox.Hide()
		f.content.Add(f.appBox)
		u.run(func(ctx context.Context, s agent.Service) func() {
			apps, err := s.Apps(ctx)
			return func() {
				if err != nil {
					f.problem.show(said(err))
				}
				f.apps, f.known = apps, true
				f.showApp()
			}
		})
	}
	f.asks = f.permissions()
	f.content.Add(f.asks)
	f.asks.Hidden = f.byHand
	f.button = primary(platform.T(wordConnect), f.submit)
	f.content.Add(f.problem.label)
	f.content.Add(container.NewHBox(f.button))
	return f
}

// ways lets a person choose where a platform has several ways in. Whether an
// issuer gives device codes only its metadata says, which the agent reads: it answers that it does not.
func (f *connectForm) ways() {
	p := f.p
	options := []string{platform.T(wordWayBrowser)}
	var lasts fyne.CanvasObject
	switch {
	case p.HandOnly():
		return
	case p.Credential != nil:
		options = append(options, platform.T("Without the browser: %s", platform.T(p.Credential.Name)))
		lasts = caption(sentence(platform.T(p.Credential.Lasts)))
	case p.Site == platform.SiteIssuer:
		options = append(options, platform.T("With a code, on any other device"))
	default:
		return
	}
	ways := widget.NewRadioGroup(options, nil)
	ways.Required = true
	ways.Selected = options[0]
	ways.OnChanged = func(way string) {
		f.byHand = p.Credential != nil && way != options[0]
		f.device = p.Credential == nil && way != options[0]
		f.showApp()
		showIf(f.asks, !f.byHand)
	}
	f.content.Add(heading(platform.T(wordWay)))
	if lasts == nil {
		f.content.Add(ways)
		return
	}
	f.content.Add(tight(ways, lasts))
}

// permissions are what will be asked for in the browser: for each thing the
// account is for, in words and with the platform's own names behind them.
func (f *connectForm) permissions() *fyne.Container {
	p, out := f.p, container.NewVBox()
	if len(p.Needs) == 0 || p.HandOnly() {
		return out
	}
	lines := func(scopes []string) *fyne.Container {
		list := tight()
		for _, s := range scopes {
			list.Add(caption(platform.T("• %s", platform.ScopeText(s))))
		}
		return list
	}
	out.Add(tight(heading(platform.T(wordAskTitle)), caption(platform.T("%s asks you to allow this. Untick what the account is not for.", p.Title()))))
	for _, n := range p.Needs {
		asks := lines(n.Scopes)
		if n.Approval {
			// Asked for without the approval, the whole sign-in is refused.
			asks.Add(caption(platform.T("Tick it only when %s has approved your app for it; else the whole sign-in is refused.", p.Title())))
		} else {
			f.wants = append(f.wants, n.Capability)
		}
		tick := widget.NewCheck(strings.TrimSuffix(sentence(n.Capability.Word()), "."), func(on bool) { f.want(n.Capability, on) })
		tick.Checked = !n.Approval
		out.Add(tight(tick, indented(asks)))
	}
	if len(p.Scopes) > 0 {
		out.Add(tight(heading(platform.T("Always asked for")), indented(lines(p.Scopes))))
	}
	return out
}

func indented(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, 7*gap, 0), o)
}

func (f *connectForm) want(c platform.Capability, on bool) {
	f.wants = slices.DeleteFunc(f.wants, func(w platform.Capability) bool { return w == c })
	if on {
		f.wants = append(f.wants, c)
	}
}

// site is the server typed, and whether it can be used.
func (f *connectForm) site() (string, bool) {
	if f.server == nil {
		return "", true
	}
	if f.p.Site == platform.SiteHandle || f.p.SitePath {
		address, err := connect.Normalize(f.p, f.server.Text)
		return address, err == nil
	}
	return serverAddress(f.server.Text, f.p.Site)
}

// stored finds the app registration that would be used.
func (f *connectForm) stored() bool {
	server, ok := f.site()
	return ok && slices.ContainsFunc(f.apps, func(a platform.App) bool {
		return a.Platform == f.p.ID && strings.TrimRight(a.Server, "/") == server
	})
}

// showApp shows the registration's fields where none is stored.
func (f *connectForm) showApp() {
	if f.appBox != nil {
		showIf(f.appBox, f.known && !f.stored() && !f.byHand)
	}
}

// submit checks the form, stores the registration if there is one to store,
// and starts the flow.
func (f *connectForm) submit() {
	f.problem.show("")
	server, ok := f.site()
	if !ok {
		bad := platform.T(wordServerBad)
		switch f.p.Site {
		case platform.SiteIssuer:
			bad = platform.T(wordIssuerBad)
		case platform.SiteHandle:
			bad = platform.T(wordHandleBad)
		}
		f.problem.show(bad)
		return
	}
	request := agent.ConnectRequest{Platform: f.p.ID, Server: server, Wants: slices.Clone(f.wants), Device: f.device}
	var hand *byHand
	if f.byHand {
		hand = &byHand{p: f.p}
		if f.p.Site == platform.SiteHandle {
			hand.login = server
		}
	}
	begin := func() {
		f.u.startFlow(platform.T("Connect %s", f.p.Title()), "", func(ctx context.Context, s agent.Service) (agent.Flow, error) {
			if hand != nil {
				request.Login, request.Secret = hand.login, hand.secret
			}
			return s.Connect(ctx, request)
		}, func(v *flowView) { v.hand = hand })
	}
	if f.appBox == nil || !f.appBox.Visible() {
		begin()
		return
	}
	app, bad := f.app.request(server)
	if bad != "" {
		f.problem.show(bad)
		return
	}
	f.u.run(func(ctx context.Context, s agent.Service) func() {
		err := s.SetApp(ctx, app)
		return func() {
			if err != nil {
				f.problem.show(said(err))
				return
			}
			f.apps = append(f.apps, platform.App{Platform: app.Platform, Server: app.Server, ID: app.ClientID})
			f.app.secret.SetText("")
			f.showApp()
			begin()
		}
	})
}

// spacer is empty room of a width.
func spacer(w float32) fyne.CanvasObject { return least(w, 0, canvas.NewRectangle(color.Transparent)) }
