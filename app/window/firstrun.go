package window

import (
	"context"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// firstRun is what a person sees before the first account: where to begin,
// what Relink will and will not do, and how to try it without a real account.
type firstRun struct {
	u       *ui
	content fyne.CanvasObject
	box     *fyne.Container
	made    bool
}

func newFirstRun(u *ui) *firstRun {
	f := &firstRun{u: u, box: container.NewVBox()}
	f.content = container.NewVScroll(container.New(column{600}, container.New(layout.NewCustomPaddedLayout(6*gap, 8*gap, 4*gap, 4*gap), f.box)))
	return f
}

// update makes the page when it is first needed.
func (f *firstRun) update() {
	if f.made {
		return
	}
	f.made = true
	title := widget.NewLabelWithStyle(platform.T(wordEmptyTitle), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.SizeName, title.Wrapping = theme.SizeNameHeadingText, fyne.TextWrapWord
	text := wrapped(platform.T(wordEmptyText))
	text.Importance = widget.LowImportance
	promises := container.NewVBox()
	for _, p := range []struct {
		good bool
		text string
	}{{true, platform.T(wordWill1)}, {true, platform.T(wordWill2)}, {true, platform.T(wordWill3)}, {false, platform.T(wordWont1)}, {false, platform.T(wordWont2)}} {
		icon, t := theme.ConfirmIcon(), toneGood
		if !p.good {
			icon, t = theme.CancelIcon(), toneQuiet
		}
		lead := container.NewVBox(spaceOf(0, gap), widget.NewIcon(theme.NewColoredResource(icon, t.color)))
		promises.Add(container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 0), lead), nil, wrapped(p.text)))
	}
	f.box.Objects = []fyne.CanvasObject{
		tight(title, text), spaceOf(0, gap), f.platforms(), spaceOf(0, 2*gap),
		f.practice(), spaceOf(0, 2*gap),
		tight(append([]fyne.CanvasObject{heading(platform.T(wordWill))}, promises.Objects...)...),
	}
	f.box.Refresh()
}

// platforms are those to begin with, the ones that need no app registration,
// and the way to the others.
func (f *firstRun) platforms() fyne.CanvasObject {
	u := f.u
	grid := container.NewGridWithColumns(2)
	box := container.New(layout.NewCustomPaddedVBoxLayout(gap), grid)
	others := 0
	add := func(into *fyne.Container, lead fyne.CanvasObject, name, about string, tapped func()) {
		t := newTile(pad(2, container.NewBorder(nil, nil, container.NewVBox(pad(1, lead)), nil, tight(heading(name), caption(about)))), tapped)
		t.framed, t.key, t.name = true, u.typedKey, name
		into.Add(t)
	}
	for _, p := range platformsInOrder() {
		if !p.Registration.Self && !p.Registration.None {
			others++
			continue
		}
		a := newAvatar(32)
		a.set(p.ID, "")
		add(grid, a, p.Title(), platform.T(wordNoRegistration), func() { u.showConnectTo(p.ID) })
	}
	if others > 0 {
		plus := least(em(32), em(32), widget.NewIcon(theme.NewColoredResource(theme.ContentAddIcon(), colorMuted)))
		add(box, plus, platform.N(others, "%d more platform", "%d more platforms"), platform.T(wordNeedRegistration), u.showConnect)
	}
	return box
}

// practice offers the practice network, or says how to get it, or that this is it.
func (f *firstRun) practice() fyne.CanvasObject {
	box := container.NewStack(f.offer())
	f.u.run(func(ctx context.Context, s agent.Service) func() {
		about, err := s.About(ctx)
		if err != nil || about.Sandbox == "" {
			return nil
		}
		return func() {
			body := container.NewVBox(tight(heading(platform.T(wordPractising)), caption(platform.T(wordPractisingText))))
			if at, err := url.Parse(about.Sandbox); err == nil {
				body.Add(widget.NewHyperlink(about.Sandbox, at))
			}
			box.Objects = []fyne.CanvasObject{container.NewStack(newGround(colorTintQuiet), pad(2, body))}
			f.box.Refresh()
		}
	})
	return box
}

func (f *firstRun) offer() fyne.CanvasObject {
	u := f.u
	inner := container.NewVBox(tight(heading(platform.T(wordPractise)), caption(platform.T(wordPractiseText))))
	if u.cfg.Practise == nil {
		inner.Add(caption(platform.T(wordPractiseLacks)))
	} else {
		go_ := newButton(platform.T(wordPractiseGo), nil)
		go_.OnTapped = func() {
			go_.Disable()
			u.long(platform.T(wordPractiseStarting), func(ctx context.Context, _ agent.Service) func() {
				err := u.cfg.Practise(ctx)
				return func() {
					go_.Enable()
					if err != nil {
						u.say(said(err), true)
						return
					}
					u.say(platform.T(wordPractiseOpen), false)
				}
			})
		}
		inner.Add(container.New(layout.NewCustomPaddedLayout(0, gap, 2*gap, 0), container.NewHBox(go_)))
	}
	return container.NewStack(newGround(colorTintQuiet), pad(2, inner))
}

// askLogin asks once, when the first account is there, whether Relink should
// start at login.
func (u *ui) askLogin() {
	if u.loginAsked || u.memory.asked(askedLogin) || u.snap == nil || u.snap.Len() == 0 {
		return
	}
	u.loginAsked = true
	u.run(func(ctx context.Context, s agent.Service) func() {
		set, err := s.Settings(ctx)
		if err != nil {
			return nil
		}
		about, err := s.About(ctx)
		if err != nil || about.Sandbox != "" {
			return nil // nobody practises at every login
		}
		return func() {
			u.login = !set.Autostart
			if set.Autostart {
				u.memory.Asked = append(u.memory.Asked, askedLogin)
			}
			u.updateBanners()
		}
	})
}

func (u *ui) answerLogin(yes bool) {
	u.login = false
	u.memory.Asked = append(u.memory.Asked, askedLogin)
	u.keep()
	u.updateBanners()
	if !yes {
		return
	}
	u.act(platform.T("Relink starts when you log in."), func(ctx context.Context, s agent.Service) error {
		set, err := s.Settings(ctx)
		if err != nil {
			return err
		}
		set.Autostart = true
		return s.SetSettings(ctx, set)
	})
}
