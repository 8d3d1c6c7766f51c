package window

import (
	"image"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/assets"
	"relink/platform"
)

// popup is the small window at expiry: what ended, what stopped, Reconnect and
// Later.
//
// It asks to stay above other windows and for no focus: the person is in another
// window. On X11 it says so to the window manager as well (_NET_WM_USER_TIME 0),
// which would give it to every new window otherwise; a Wayland compositor does as
// it likes. Nothing here acts on a key that was meant for another window: no
// button has the keyboard focus when it opens.
//
// It stands beside the tray, on the monitor that the tray is on, where the window
// system tells where that is and lets a window be placed (X11); others below or
// above it. Elsewhere it is in the middle of the screen, or where the compositor puts it.
//
// What lies above all windows lies above the browser too. So the pop-ups go
// when a sign-in begins, wherever it was asked for; the notifications stay. The sign-in
// that one of them began goes on in an ordinary window.
type popup struct {
	u  *ui
	id string
	// key is where it is kept: one of an account, and one of its rehearsal.
	key      string
	practice bool
	// nth is its place among those that stand beside the tray.
	nth     int
	win     fyne.Window
	content *fyne.Container
	flow    *flowView
}

// popupSize holds a title and two lines of two each, in any language.
func popupSize() fyne.Size { return fyne.NewSize(em(440), em(252)) }

// openPopup shows the pop-up of an account, once; in practice as it would be at
// expiry, marked as a rehearsal and with nothing to click but Close.
func (u *ui) openPopup(id string, practice bool) {
	key := id
	if practice {
		key = pageRehearsal + id
	}
	if u.popups[key] != nil {
		return
	}
	p := &popup{u: u, id: id, key: key, practice: practice, nth: u.freePlace(), content: container.NewStack()}
	p.open(popupSize())
	scale, placed := p.place()
	if !placed && len(u.popups) == 0 {
		// Two in the middle would hide each other; the window manager finds the others a place.
		p.win.CenterOnScreen()
	}
	if w, ok := p.win.(desktop.Window); ok {
		w.RequestAlwaysOnTop()
	}
	u.popups[key] = p
	p.appear()
	if placed && p.win.Canvas().Scale() != scale {
		p.place() // how large it is was not known before
	}
	p.update()
}

// appear shows the window without taking the focus from where the person is.
func (p *popup) appear() {
	cfg, show := p.u.cfg, p.win.Show
	native, ok := p.win.(driver.NativeWindow)
	if !ok || cfg.Unasked == nil {
		show()
		return
	}
	p.win.SetIcon(&madeIcon{fyne.NewStaticResource("relink.png", assets.Icon()), func() {
		native.RunNative(func(context any) {
			if x, ok := context.(driver.X11WindowContext); ok && x.WindowHandle != 0 && cfg.Unfocused != nil {
				cfg.Unfocused(x.WindowHandle)
			}
		})
	}})
	cfg.Unasked(show)
}

// madeIcon is an icon that says when it is looked at. Fyne does so when the window
// is made and not yet on the screen, which it tells in no other way, and which is
// when a window can ask for no focus.
type madeIcon struct {
	fyne.Resource
	made func()
}

func (i *madeIcon) Content() []byte {
	i.made()
	return i.Resource.Content()
}

// freePlace is the first place in the row of pop-ups that none has.
func (u *ui) freePlace() int {
	taken := map[int]bool{}
	for _, p := range u.popups {
		taken[p.nth] = true
	}
	for nth := 0; ; nth++ {
		if !taken[nth] {
			return nth
		}
	}
}

// place asks for the place beside the tray; it gives the scale that it was
// reckoned with, and false where there is none, or no asking, as on Wayland.
func (p *popup) place() (scale float32, placed bool) {
	w, asks := p.win.(desktop.Window)
	if !asks || p.u.cfg.Corner == nil {
		return 0, false
	}
	if native, ok := p.win.(driver.NativeWindow); ok {
		wayland := false
		native.RunNative(func(context any) { _, wayland = context.(driver.WaylandWindowContext) })
		if wayland {
			return 0, false
		}
	}
	scale = p.win.Canvas().Scale()
	at, ok := p.u.cfg.Corner(image.Pt(int(popupSize().Width*scale), int(popupSize().Height*scale)), p.nth)
	if ok {
		w.RequestPosition(at.X, at.Y)
	}
	return scale, ok
}

// open makes the window, in place of the one there was.
func (p *popup) open(size fyne.Size) {
	u, win := p.u, p.u.app.NewWindow("Relink")
	win.SetContent(p.content)
	win.Resize(size)
	win.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			win.Close()
		}
	})
	win.SetOnClosed(func() {
		if p.win != win {
			return // another has taken its place
		}
		delete(u.popups, p.key)
		if p.flow != nil {
			p.flow.abandon()
		}
	})
	p.win = win
	p.retitle()
}

// retitle names the account for the task bar, where several may be.
func (p *popup) retitle() {
	if row := p.u.row(p.id); row != nil {
		p.win.SetTitle(titled(row.Account.Title()))
	}
}

// clearPopups closes the pop-ups because a sign-in has begun.
func (u *ui) clearPopups() {
	for _, p := range u.popups {
		if p.flow == nil {
			p.win.Close()
		}
	}
}

// began reports whether a sign-in runs that did not run before.
func began(before, now *agent.Snapshot) bool {
	if before == nil {
		return false
	}
	return slices.ContainsFunc(now.Flows, func(f agent.Flow) bool {
		return !f.Phase.Ended() && !slices.ContainsFunc(before.Flows, func(old agent.Flow) bool { return old.ID == f.ID })
	})
}

func (u *ui) updatePopups() {
	for _, p := range u.popups {
		p.update()
	}
}

// update draws the account; once it works again the window goes by itself.
func (p *popup) update() {
	if p.flow != nil {
		return
	}
	u := p.u
	row := u.row(p.id)
	switch {
	case row == nil && u.snap != nil, row != nil && !offersReconnect(row) && !p.practice:
		p.win.Close()
		return
	case row == nil:
		text := platform.T(wordLoading)
		if u.away {
			text = platform.T(wordAwayEmpty)
		}
		p.content.Objects = []fyne.CanvasObject{container.NewCenter(widget.NewLabel(text))}
		p.content.Refresh()
		return
	}
	p.retitle()
	if p.practice {
		p.rehearse(row)
		return
	}
	now := u.now()
	a := newAvatar(48)
	a.set(row.Account.Platform, shortTitle(row.Account))
	title := headline2(row.Account.Title())
	state := newChip()
	state.set(row.Status.State)
	text := tight(title, container.New(layout.NewCustomPaddedLayout(2*gap, 2*gap, 2*gap, 0), state), wrapped(sentence(deadlineLine(row, now))))
	if s := stopped(row.Status); s != "" {
		text.Add(wrapped(s))
	}
	if u.notice.bad {
		bad := problemLabel()
		bad.show(u.notice.text)
		text.Add(bad.label)
	}
	later := newButton(platform.T(wordLater), nil)
	later.OnTapped = func() {
		items := u.snoozeItems([]string{p.id}, p.win.Close)
		widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), p.win.Canvas(), fyne.NewPos(0, later.Size().Height), later)
	}
	p.content.Objects = []fyne.CanvasObject{pad(2, container.NewBorder(nil,
		container.NewHBox(layout.NewSpacer(), later, primary(platform.T(wordReconnect), p.reconnect)),
		container.NewVBox(pad(1, a)), nil, container.NewVScroll(text)))}
	p.content.Refresh()
}

// rehearse draws what comes when an account has ended, which it need not have.
func (p *popup) rehearse(row *agent.Row) {
	a := newAvatar(48)
	a.set(row.Account.Platform, shortTitle(row.Account))
	title := headline2(platform.T("Rehearsal: %s", row.Account.Title()))
	p.content.Objects = []fyne.CanvasObject{pad(2, container.NewBorder(nil,
		container.NewHBox(layout.NewSpacer(), primary(platform.T(wordClose), p.win.Close)),
		container.NewVBox(pad(1, a)), nil, container.NewVScroll(tight(title, wrapped(platform.T(wordRehearsalText))))))}
	p.content.Refresh()
}

func (p *popup) reconnect() {
	u := p.u
	row := u.row(p.id)
	if row == nil {
		return
	}
	small := p.win
	p.content = container.NewStack()
	p.open(popupSize())
	p.flow = newFlowView(u, p.win, p.id, nil, p.win.Close)
	p.flow.hand = handOf(row)
	p.flow.start = reconnectStart(row, p.flow.hand)
	win := p.win
	p.flow.fit = func() { win.Resize(fyne.NewSize(em(flowWidth), win.Content().MinSize().Height)) }
	p.content.Objects = []fyne.CanvasObject{pad(2, p.flow.content)}
	p.content.Refresh()
	p.win.Show()
	small.Close()
	p.flow.begin()
}
