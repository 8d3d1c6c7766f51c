package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// flowStart begins a browser flow.
type flowStart func(context.Context, agent.Service) (agent.Flow, error)

// flowView is what a person sees of a browser flow: what to do, paste, choose,
// how it ended. It is the same in a dialog and in the pop-up.
type flowView struct {
	u       *ui
	win     fyne.Window
	start   flowStart
	account string // ID being reconnected, empty on a first connection
	closed  func()
	// hand is the credential that is handed over instead of a sign-in in the
	// browser; nil for the browser.
	hand *byHand
	// fit makes what is around the view as high as its content; nil leaves it.
	fit func()
	// next starts the flow after this one; nil when it is the last.
	next      func()
	nextLabel string

	content *fyne.Container
	scroll  *container.Scroll // the body drawn
	flow    agent.Flow
	phase   agent.Phase // drawn last
	drawn   int         // version drawn last
	pasting bool
	over    bool
	left    *widget.Label
	cancel  context.CancelFunc
}

func newFlowView(u *ui, win fyne.Window, account string, start flowStart, closed func()) *flowView {
	return &flowView{u: u, win: win, account: account, start: start, closed: closed, content: container.NewStack()}
}

// begin starts the flow and follows it until it ends.
func (v *flowView) begin() {
	ctx, cancel := context.WithCancel(v.u.ctx)
	if v.cancel != nil {
		v.cancel()
	}
	v.cancel, v.phase, v.drawn, v.pasting, v.flow = cancel, "", 0, false, agent.Flow{}
	if v.hand != nil && v.hand.secret == "" {
		v.handOver()
		return
	}
	v.progress(platform.T(wordStarting))
	v.u.goes(func() {
		s, err := v.u.service(ctx)
		var f agent.Flow
		if err == nil {
			f, err = v.start(ctx, s)
		}
		for err == nil {
			shown := f
			v.post(ctx, func() { v.show(shown) })
			if f.Phase.Ended() {
				if f.Phase == agent.PhaseDone {
					v.finish(ctx, s, f)
				}
				return
			}
			f, err = s.Flow(ctx, f.ID, f.Version)
		}
		if ctx.Err() == nil {
			v.post(ctx, func() { v.failed(platform.As(err, platform.KindAgent)) })
		}
	})
	v.u.goes(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				v.post(ctx, v.count)
			}
		}
	})
}

// post runs f on the UI goroutine unless the view has gone meanwhile.
func (v *flowView) post(ctx context.Context, f func()) {
	v.u.post(func() {
		if ctx.Err() == nil && !v.over {
			f()
		}
	})
}

// finish fetches the accounts' new state, so that the date told is the stored one.
func (v *flowView) finish(ctx context.Context, s agent.Service, f agent.Flow) {
	snap, err := s.Snapshot(ctx)
	v.post(ctx, func() {
		if err != nil {
			snap = v.u.snap
		}
		v.done(f, snap)
	})
}

// close ends the view; a flow that still runs is cancelled if asked.
func (v *flowView) close(cancelFlow bool) {
	if v.over {
		return
	}
	v.over = true
	if v.cancel != nil {
		v.cancel()
	}
	if id := v.flow.ID; cancelFlow && id != "" && !v.flow.Phase.Ended() {
		v.u.run(func(ctx context.Context, s agent.Service) func() {
			_ = s.Cancel(ctx, id) // it may have ended meanwhile, which is as good
			return nil
		})
	}
	v.closed()
}

// abandon stops following the flow without ending it.
func (v *flowView) abandon() {
	v.over = true
	if v.cancel != nil {
		v.cancel()
	}
}

func (v *flowView) count() {
	if v.left != nil && !v.flow.Deadline.IsZero() {
		v.left.SetText(timeLeft(v.flow.Deadline.Sub(v.u.now())))
	}
}

// show draws a flow. The same phase is not drawn twice, so that typing is not disturbed.
func (v *flowView) show(f agent.Flow) {
	v.flow = f
	if f.Phase == v.phase && (f.Phase != agent.PhaseWaiting || f.Version == v.drawn || v.pasting) {
		return
	}
	v.phase, v.drawn = f.Phase, f.Version
	switch f.Phase {
	case agent.PhaseWaiting:
		if f.URL == "" { // nothing to open
			v.progress(platform.T(wordWorking))
			return
		}
		if f.UserCode != "" {
			v.device()
			return
		}
		if v.pasting = v.pasting || !f.Listening; v.pasting {
			v.paste()
		} else {
			v.waiting()
		}
	case agent.PhaseWorking:
		v.progress(platform.T(wordWorking))
	case agent.PhaseChoosing:
		v.choose()
	case agent.PhaseFailed:
		e := f.Error
		if e == nil {
			e = &platform.Error{Message: "the sign-in did not finish", Repair: "try again"}
		}
		v.failed(e)
	}
}

// set draws a body with buttons under it.
func (v *flowView) set(body fyne.CanvasObject, buttons ...fyne.CanvasObject) {
	v.setUnder(nil, body, buttons...)
}

// The height of a flow's body: not so little that phases make the dialog jump,
// and what is higher scrolls.
const (
	flowBodyLeast float32 = 120
	flowBodyMost  float32 = 400
)

func (v *flowView) cancelButton() *widget.Button {
	return widget.NewButton(platform.T(wordCancel), func() { v.close(true) })
}

func primary(text string, tapped func()) *widget.Button {
	b := widget.NewButton(text, tapped)
	b.Importance = widget.HighImportance
	return b
}

func (v *flowView) progress(text string) {
	v.left = nil
	v.set(container.NewVBox(wrapped(text), container.New(slim{}, widget.NewProgressBarInfinite())), v.cancelButton())
}

// slim lays a progress bar out as a thin line.
type slim struct{}

func (slim) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(0, 3*gap) }
func (slim) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(2*gap, gap))
	o[0].Resize(fyne.NewSize(size.Width-4*gap, gap))
}

func (v *flowView) title() string {
	if row := v.u.row(v.account); row != nil {
		return shortTitle(row.Account)
	}
	return ""
}

func (v *flowView) copyLink() *widget.Button {
	b := widget.NewButtonWithIcon(platform.T(wordCopyLink), theme.ContentCopyIcon(), nil)
	b.OnTapped = func() {
		v.u.app.Clipboard().SetContent(v.flow.URL)
		b.SetText(platform.T(wordCopied))
	}
	return b
}

func (v *flowView) leftLabel() *widget.Label {
	v.left = widget.NewLabel("")
	v.left.Importance = widget.LowImportance
	v.count()
	return v.left
}

func (v *flowView) waiting() {
	other := widget.NewButton(platform.T(wordPaste), func() { v.pasting = true; v.paste() })
	body := container.NewVBox(wrapped(browserText(v.flow, v.title())), container.New(slim{}, widget.NewProgressBarInfinite()), v.leftLabel(),
		container.New(layout.NewCustomPaddedLayout(0, gap, 2*gap, 0), container.New(layout.NewRowWrapLayout(), v.copyLink(), other)))
	v.set(body, v.cancelButton())
}

func (v *flowView) paste() {
	entry := widget.NewEntry()
	entry.SetPlaceHolder(platform.T(wordPasteHint))
	problem := problemLabel()
	use := primary(platform.T(wordPasteUse), nil)
	send := func() {
		text, id := entry.Text, v.flow.ID
		if text == "" {
			problem.show(platform.T(wordPasteEmpty))
			return
		}
		v.u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.Paste(ctx, id, text)
			return func() {
				if err != nil {
					problem.show(said(err))
				}
			}
		})
	}
	use.OnTapped = send
	entry.OnSubmitted = func(string) { send() }
	text := platform.T(wordPasteText)
	if !v.flow.Opened {
		text = platform.T(wordOpenBrowser) + " " + text
	}
	body := container.NewVBox(wrapped(text), entry, problem.label, container.NewHBox(v.copyLink(), v.leftLabel()))
	v.set(body, v.cancelButton(), use)
	v.win.Canvas().Focus(entry)
}

func (v *flowView) done(f agent.Flow, snap *agent.Snapshot) {
	v.left = nil
	now := v.u.now()
	text := tight()
	icon, tone, word := theme.ConfirmIcon(), toneGood, platform.T(wordConnected)
	for _, id := range f.Accounts {
		if row := snap.Row(id); row != nil {
			text.Add(wrapped(connectedUntil(row, now)))
			if row.Status.State == platform.StateUnfinished {
				icon, tone, word = theme.WarningIcon(), toneWarn, platform.T("Not finished")
			}
		}
	}
	if len(text.Objects) == 0 {
		text.Add(wrapped(platform.T(wordConnected) + "."))
	}
	for _, n := range f.Notes {
		text.Add(wrapped(sentence(n)))
	}
	buttons := []fyne.CanvasObject{widget.NewButton(platform.T(wordClose), func() { v.close(false) })}
	if v.next != nil {
		buttons = append(buttons, primary(platform.T(wordNext)+": "+v.nextLabel, func() { v.close(false); v.next() }))
	} else {
		buttons[0].(*widget.Button).Importance = widget.HighImportance
	}
	v.set(outcome(icon, tone, word, text), buttons...)
}

func (v *flowView) failed(e *platform.Error) {
	v.left = nil
	body := tight(wrapped(sentence(e.Message)))
	if advice := e.Advice(); advice != "" {
		body.Add(wrapped(sentence(advice)))
	}
	buttons := []fyne.CanvasObject{widget.NewButton(platform.T(wordClose), func() { v.close(false) })}
	if v.next != nil {
		buttons = append(buttons, widget.NewButton(platform.T(wordNext)+": "+v.nextLabel, func() { v.close(false); v.next() }))
	}
	if row := v.u.row(v.account); row != nil && e.Kind == platform.KindWrongAccount && v.hand == nil && v.flow.SignedIn != "" {
		a := row.Account
		buttons = append(buttons, widget.NewButton("Add as a new account", func() {
			v.account, v.hand = "", nil
			v.start = func(ctx context.Context, s agent.Service) (agent.Flow, error) {
				return s.Connect(ctx, agent.ConnectRequest{Platform: a.Platform, Server: a.Server, Wants: a.Wants})
			}
			v.begin()
		}))
	}
	v.set(outcome(theme.ErrorIcon(), toneBad, platform.T(wordFailed), body), append(buttons, primary(platform.T(wordTryAgain), func() {
		if v.hand != nil {
			v.hand.secret = "" // it was not the right one
		}
		v.begin()
	}))...)
}

// outcome is how something ended: icon, word and the lines about it.
func outcome(icon fyne.Resource, t tone, word string, body fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVBox(container.New(layout.NewCustomPaddedHBoxLayout(0), spacer(2*gap), widget.NewIcon(theme.NewColoredResource(icon, t.color)), heading2(word)), body)
}

// heading2 is a heading that is never cut, for a row that gives it no width.
func heading2(text string) *widget.Label {
	return widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
}

// flowDialog is a flow over the main window.
type flowDialog struct {
	title  string
	view   *flowView
	dialog *modal
}

// leave is Esc: it cancels a flow that runs and closes one that ended.
func (d *flowDialog) leave() { d.view.close(true) }

// flowWidth is the width of a flow's dialog or window; its height follows the content.
const flowWidth float32 = 480

// startFlow shows a flow over the main window.
func (u *ui) startFlow(title, account string, start flowStart, hand *byHand, next func(), nextLabel string) {
	if u.flow != nil {
		return
	}
	d := &flowDialog{title: title}
	d.view = newFlowView(u, u.win, account, start, func() {
		d.dialog.hide()
		u.flow = nil
		u.retitle()
		u.win.Canvas().Focus(u.list)
		if d.view.flow.Phase == agent.PhaseDone {
			if u.connect != nil {
				u.connect.leave()
			}
			if ids := d.view.flow.Accounts; len(ids) > 0 && u.row(ids[0]) != nil {
				u.choose(ids[0])
			}
		}
	})
	d.view.hand, d.view.next, d.view.nextLabel = hand, next, nextLabel
	d.dialog = newModal(title, d.view.content, u.win)
	u.flow = d
	u.retitle()
	d.view.fit = func() { d.dialog.resize(fyne.NewSize(em(flowWidth), 0)) }
	d.dialog.show()
	d.view.begin()
}

// reconnectStart starts the flow of an account, or joins the one that runs.
func reconnectStart(row *agent.Row, hand *byHand) flowStart {
	return func(ctx context.Context, s agent.Service) (agent.Flow, error) {
		if row.Flow != "" && hand == nil {
			if f, err := s.Flow(ctx, row.Flow, 0); err == nil && !f.Phase.Ended() {
				return f, nil
			}
		}
		r := agent.ReconnectRequest{Account: row.Account.ID}
		if hand != nil {
			r.Login, r.Secret = hand.login, hand.secret
		}
		return s.Reconnect(ctx, r)
	}
}

// reconnect brings one account back.
func (u *ui) reconnect(id string) { u.reconnectEach([]string{id}) }

// reconnectAll brings back every account that needs a person, one after another.
func (u *ui) reconnectAll() {
	var ids []string
	for r := range u.snap.All() {
		if !r.Status.State.NeedsPerson() {
			break // worst first
		}
		ids = append(ids, r.Account.ID)
	}
	u.reconnectEach(ids)
}

func (u *ui) reconnectEach(ids []string) {
	for len(ids) > 0 && u.row(ids[0]) == nil {
		ids = ids[1:]
	}
	if len(ids) == 0 {
		return
	}
	row := u.row(ids[0])
	var next func()
	label := ""
	if len(ids) > 1 {
		rest := ids[1:]
		next = func() { u.reconnectEach(rest) }
		if after := u.row(rest[0]); after != nil {
			label = fit(shortTitle(after.Account), theme.TextSize(), fyne.TextStyle{}, 140)
		}
	}
	u.choose(row.Account.ID)
	hand := handOf(row)
	u.startFlow(platform.T(wordReconnect)+" "+row.Account.Title(), row.Account.ID, reconnectStart(row, hand), hand, next, label)
}
