package window

import (
	"context"
	"sync/atomic"
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
	// queue is what this sign-in, at of it, is one of; nil for one alone. place
	// says so, and used is the part of the queue before it.
	queue     *queue
	at, place string
	used      float32
	// again tries again where start cannot; nil begins anew.
	again func()
	// others is true to offer, when it is done, the other accounts that need somebody.
	others bool
	// main is what Enter does; nil for nothing.
	main func()

	content *fyne.Container
	scroll  *container.Scroll // the body drawn
	flow    agent.Flow
	phase   agent.Phase // drawn last
	drawn   int         // version drawn last
	pasting bool
	over    bool
	left    *widget.Label
	// bar is the time left beside the label, of whole, the most there was.
	bar    *lifeBar
	whole  time.Duration
	cancel context.CancelFunc
	// still stops the seconds that are counted down.
	still context.CancelFunc
	// counting is how many such countings there are: one while a sign-in runs, else none.
	counting atomic.Int32
	// unwanted is true once the person has cancelled: a flow whose start was under way is ended, too.
	unwanted atomic.Bool
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
	v.cancel, v.phase, v.drawn, v.pasting, v.whole, v.flow = cancel, "", 0, false, 0, agent.Flow{}
	if v.hand != nil && v.hand.secret == "" {
		v.handOver()
		return
	}
	v.progress(platform.T(wordStarting))
	start := v.start
	v.u.goes(func() {
		s, err := v.u.service(ctx)
		var f agent.Flow
		if err == nil {
			f, err = start(ctx, s)
		}
		if v.unwanted.Load() && err == nil && !f.Phase.Ended() {
			_ = s.Cancel(v.u.ctx, f.ID) // it may have ended meanwhile, which is as good
			return
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
	counting, still := context.WithCancel(ctx)
	v.still = still
	v.counting.Add(1)
	v.u.goes(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		defer v.counting.Add(-1)
		for {
			select {
			case <-counting.Done():
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
		} else if v.u.snap == nil || snap.Seq > v.u.snap.Seq {
			v.u.received(snap)
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
	v.unwanted.Store(cancelFlow)
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

// count says how much time is left, in words and as a bar that runs out.
func (v *flowView) count() {
	if v.left == nil || v.flow.Deadline.IsZero() {
		return
	}
	left := v.flow.Deadline.Sub(v.u.now())
	v.left.SetText(timeLeft(left))
	v.whole = max(v.whole, left)
	if v.whole > 0 {
		v.bar.set(float32(max(0, left))/float32(v.whole), theme.ColorNamePrimary)
	}
}

// show draws a flow. The same phase is not drawn twice, so that typing is not disturbed.
func (v *flowView) show(f agent.Flow) {
	v.flow = f
	if f.Phase == v.phase && (f.Phase != agent.PhaseWaiting || f.Version == v.drawn || v.pasting) {
		return
	}
	v.phase, v.drawn = f.Phase, f.Version
	if f.Phase.Ended() && v.still != nil {
		v.still()
	}
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
		if len(f.Less) > 0 {
			v.less()
		} else {
			v.choose()
		}
	case agent.PhaseFailed:
		e := f.Error
		if e == nil {
			e = &platform.Error{Message: platform.T("the sign-in did not finish"), Repair: platform.T("try again")}
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

// typed is a key that nothing in front has a use for.
func (v *flowView) typed(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		v.leave()
	case fyne.KeyReturn, fyne.KeyEnter:
		if v.main != nil {
			v.main()
		}
	}
}

// leave is Esc: it cancels a flow that runs, and with it the queue, and closes one that ended.
func (v *flowView) leave() {
	if v.queue != nil {
		v.stop()
		return
	}
	v.close(true)
}

// button is one of the dialog's, main the one that Enter presses.
func (v *flowView) button(text string, tapped func()) *keyButton {
	return newKeyButton(text, tapped, v.typed)
}

func (v *flowView) mainButton(text string, tapped func()) *keyButton {
	b := v.button(text, tapped)
	b.Importance = widget.HighImportance
	return b
}

// cancelButton ends the flow; in a queue it ends the queue, and another one goes on with the next.
func (v *flowView) cancelButton() fyne.CanvasObject {
	if v.queue == nil {
		return v.button(platform.T(wordCancel), v.leave)
	}
	return container.NewHBox(v.button(platform.T("Stop"), v.leave), v.button(platform.T("Skip"), v.skip))
}

// field is a line to write in, with which Esc leaves the dialog.
func (v *flowView) field() *fieldEntry {
	e := newField()
	e.escape = v.leave
	return e
}

func (v *flowView) progress(text string) {
	v.left = nil
	busy := widget.NewActivity()
	busy.Start()
	v.set(container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedLayout(gap, 0, 2*gap, 0), container.NewVBox(busy)), nil, wrapped(text)), v.cancelButton())
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

func (v *flowView) copyLink() *keyButton {
	return v.copyButton(platform.T(wordCopyLink), func() string { return v.flow.URL })
}

func (v *flowView) copyButton(text string, what func() string) *keyButton {
	b := v.button(text, nil)
	b.Icon = theme.ContentCopyIcon()
	b.OnTapped = func() {
		v.u.app.Clipboard().SetContent(what())
		b.SetText(platform.T(wordCopied))
	}
	return b
}

func (v *flowView) leftLabel() *widget.Label {
	v.left, v.bar = widget.NewLabel(""), newLifeBar()
	v.left.Importance = widget.LowImportance
	v.count()
	return v.left
}

func (v *flowView) waiting() {
	other := v.button(platform.T(wordPaste), func() { v.pasting = true; v.paste() })
	body := container.NewVBox(wrapped(browserText(v.flow, v.title())))
	v.notes(body)
	body.Add(v.leftLabel())
	body.Add(container.New(layout.NewCustomPaddedLayout(0, gap, 2*gap, 2*gap), v.bar))
	body.Add(container.New(layout.NewCustomPaddedLayout(0, gap, 2*gap, 0), container.New(layout.NewRowWrapLayout(), v.copyLink(), other)))
	v.set(body, v.cancelButton())
}

// notes are what the agent has to say while the browser is waited for: a
// certificate that is asked about, a port that is taken.
func (v *flowView) notes(into *fyne.Container) {
	for _, n := range v.flow.Notes {
		into.Add(caption(sentence(n)))
	}
}

func (v *flowView) paste() {
	entry := v.field()
	entry.SetPlaceHolder(platform.T(wordPasteHint))
	problem := problemLabel()
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
	entry.OnSubmitted = func(string) { send() }
	text := platform.T(wordPasteText)
	if !v.flow.Opened {
		text = platform.T(wordOpenBrowser) + " " + text
	}
	body := container.NewVBox(wrapped(text), entry, problem.label)
	v.notes(body)
	body.Add(container.NewHBox(v.copyLink()))
	v.set(body, v.leftLabel(), v.cancelButton(), v.mainButton(platform.T(wordPasteUse), send))
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
		if !v.told(n) {
			text.Add(wrapped(sentence(n)))
		}
	}
	if len(f.Less) > 0 {
		// It is stored already: there was nothing better to keep.
		text.Add(v.losses())
		v.set(outcome(theme.WarningIcon(), toneWarn, platform.T("Connected, but not with everything"), text), v.keepOrTry(snap)...)
		return
	}
	v.set(outcome(icon, tone, word, text), v.after(snap, true)...)
}

// after are the buttons of a flow that has ended: in a queue to go on with the next one or stop, else to close.
func (v *flowView) after(snap *agent.Snapshot, well bool) []fyne.CanvasObject {
	shut := func() { v.close(false) }
	button := v.button
	if well {
		button = v.mainButton
	}
	if v.queue != nil {
		if rows := v.queue.after(snap, v.at); len(rows) > 0 {
			label := fit(queueTitle(rows), theme.TextSize(), fyne.TextStyle{}, em(160))
			return []fyne.CanvasObject{v.button(platform.T("Stop"), v.stop), button(platform.T("Next: %s", label), v.skip)}
		}
		shut = v.stop
	} else if n := needing(snap); v.others && well && n > 0 {
		return []fyne.CanvasObject{v.button(platform.T("Reconnect all (%d)", n), func() { v.close(false); v.u.reconnectAll() }), button(platform.T(wordClose), shut)}
	}
	return []fyne.CanvasObject{button(platform.T(wordClose), shut)}
}

// keepOrTry are the buttons where a permission is missing: to keep it so, or to sign in once more.
func (v *flowView) keepOrTry(snap *agent.Snapshot) []fyne.CanvasObject {
	buttons := v.after(snap, true)
	last := buttons[len(buttons)-1].(*keyButton)
	if v.queue == nil {
		last.SetText(platform.T("Keep it so"))
	}
	last.Importance = widget.MediumImportance
	return append(buttons, v.mainButton(platform.T(wordTryAgain), v.anew))
}

// needing is how many accounts need somebody.
func needing(snap *agent.Snapshot) int {
	if snap == nil {
		return 0
	}
	return snap.NeedsPerson()
}

// skip goes on with the queue's next sign-in; one that runs is cancelled.
func (v *flowView) skip() {
	v.queue.passed[v.at] = true
	v.close(true)
	v.u.goOn(v.queue)
}

// stop ends the queue; what is not done stays listed, and can be begun again.
func (v *flowView) stop() {
	v.close(true)
	v.u.inQueue(nil)
	v.u.say(v.queue.summary(v.u.snap), false)
}

func (v *flowView) failed(e *platform.Error) {
	v.left = nil
	body := tight(wrapped(sentence(e.Message)))
	if advice := e.Advice(); advice != "" {
		body.Add(wrapped(sentence(advice)))
	}
	buttons := v.after(v.u.snap, false)
	if row := v.u.row(v.account); row != nil && e.Kind == platform.KindWrongAccount && v.hand == nil && v.flow.SignedIn != "" {
		a := row.Account
		buttons = append(buttons, v.button(platform.T("Add as a new account"), func() {
			v.account, v.hand = "", nil
			v.start = func(ctx context.Context, s agent.Service) (agent.Flow, error) {
				return s.Connect(ctx, agent.ConnectRequest{Platform: a.Platform, Server: a.Server, Wants: a.Wants})
			}
			v.begin()
		}))
	}
	v.set(outcome(theme.ErrorIcon(), toneBad, platform.T(wordFailed), body), append(buttons, v.mainButton(platform.T(wordTryAgain), v.tryAgain))...)
}

func (v *flowView) tryAgain() {
	if v.hand != nil {
		v.hand.secret = "" // it was not the right one
	}
	if v.again != nil {
		v.again()
		return
	}
	v.begin()
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

func (d *flowDialog) leave() { d.view.leave() }

// flowWidth is the width of a flow's dialog or window; its height follows the content.
const flowWidth float32 = 480

// startFlow shows a flow over the main window.
func (u *ui) startFlow(title, account string, start flowStart, change func(*flowView)) {
	if u.flow != nil {
		return
	}
	d := &flowDialog{title: title}
	d.view = newFlowView(u, u.win, account, start, func() {
		d.dialog.hide()
		u.flow = nil
		if id := d.view.flow.ID; id != "" {
			u.shownFlows[id] = true
		}
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
	if change != nil {
		change(d.view)
	}
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

// reconnectEach brings accounts back, one sign-in after another.
func (u *ui) reconnectEach(ids []string) {
	if u.snap != nil {
		u.goOn(newQueue(u.snap, ids))
	}
}

// goOn begins a queue's next sign-in, or says what came of it all.
func (u *ui) goOn(q *queue) {
	key, rows := q.next(u.snap)
	if len(rows) == 0 {
		u.inQueue(nil)
		if len(q.order) > 1 {
			u.say(q.summary(u.snap), false)
		}
		return
	}
	if u.flow == nil {
		if q.at = u.now(); len(q.order) > 1 {
			u.inQueue(q)
		} else {
			u.inQueue(nil)
		}
	}
	row := rows[0]
	u.choose(row.Account.ID)
	hand := handOf(row)
	u.startFlow(platform.T("Reconnect %s", row.Account.Title()), row.Account.ID, reconnectStart(row, hand), func(v *flowView) {
		v.hand = hand
		v.queueUp(q, key, rows)
	})
}

// queueUp makes the sign-in one of a queue's, for the accounts in rows; a queue of one is none.
func (v *flowView) queueUp(q *queue, key string, rows []*agent.Row) {
	if n, of := q.placeOf(v.u.snap, key); of > 1 {
		v.queue, v.at, v.place, v.used = q, key, placeWords(n, of, rows), float32(n-1)/float32(of)
	}
}

// inQueue remembers the queue that is under way, for a window that is opened in
// the middle of it; nil for none.
func (u *ui) inQueue(q *queue) {
	if u.queued == nil && q == nil && u.memory.Queue == nil {
		return
	}
	u.queued, u.memory.Queue = q, q.kept()
	u.keep()
}

// queueHead says where the queue stands.
func (v *flowView) queueHead() fyne.CanvasObject {
	bar := newLifeBar()
	bar.set(v.used, theme.ColorNamePrimary)
	return tight(caption(v.place), container.New(layout.NewCustomPaddedLayout(0, 2*gap, 2*gap, 2*gap), bar))
}

// resumeFlow shows a sign-in that this window did not see begin: one that runs,
// or has ended lately and nobody was there to be told. The window may have been
// closed, or have died, in the middle of it; the agent went on. That of
// the account the window was opened for goes before others.
func (u *ui) resumeFlow() {
	if u.flow != nil || u.win == nil || u.snap == nil {
		return
	}
	var found *agent.Flow
	for i, f := range u.snap.Flows {
		cancelled := f.Error != nil && f.Error.Kind == platform.KindCancelled
		if f.Phase.Ended() && (f.Told || cancelled) {
			continue
		}
		if f.Account != "" && f.Account == u.ledTo && !f.Phase.Ended() {
			found = &u.snap.Flows[i]
			break
		}
		if found == nil || found.Phase.Ended() && !f.Phase.Ended() || found.Phase.Ended() == f.Phase.Ended() && f.Deadline.After(found.Deadline) {
			found = &u.snap.Flows[i]
		}
	}
	if found == nil && u.ledTo != "" {
		found = u.waits(u.ledTo)
	}
	if found != nil {
		u.joinFlow(*found)
	}
}

// waits is the sign-in that waits for what a person says about an account: one
// that runs, or was made as somebody else, which can be stored as a new account.
// That one was told by a notification, which is what led here; nil for none.
func (u *ui) waits(account string) *agent.Flow {
	var found *agent.Flow
	for i, f := range u.snap.Flows {
		if f.Account == account && (found == nil || found.Phase.Ended() && (!f.Phase.Ended() || f.Deadline.After(found.Deadline))) {
			found = &u.snap.Flows[i]
		}
	}
	if found == nil || !found.Phase.Ended() {
		return found
	}
	if e := found.Error; e == nil || e.Kind != platform.KindWrongAccount || found.SignedIn == "" || u.shownFlows[found.ID] {
		return nil
	}
	return found
}

// answer opens what waits for a person about an account, as the agent knows it
// now: the snapshot here may be older than what the person clicked.
func (u *ui) answer(account string) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		snap, err := s.Snapshot(ctx)
		return func() {
			if err != nil || u.win == nil {
				return // that the agent is away is said already
			}
			u.received(snap)
			f := u.waits(account)
			if f == nil {
				return
			}
			if d := u.flow; d != nil {
				if d.view.queue != nil || !d.view.phase.Ended() {
					return // another one is under way, or it is the one
				}
				d.view.close(false)
			}
			u.choose(account)
			u.joinFlow(*f)
		}
	})
}

// joinFlow shows a sign-in that this window did not begin.
func (u *ui) joinFlow(found agent.Flow) {
	id, row := found.ID, u.row(found.Account)
	join := func(ctx context.Context, s agent.Service) (agent.Flow, error) { return s.Flow(ctx, id, 0) }
	if row == nil {
		p := found.Platform
		u.startFlow(platform.T("Connect %s", platformName(p)), "", join, func(v *flowView) {
			v.again = func() { v.close(false); u.showConnectTo(p) }
		})
		return
	}
	u.startFlow(platform.T("Reconnect %s", row.Account.Title()), row.Account.ID, join, func(v *flowView) {
		v.again = func() { v.close(false); u.reconnect(row.Account.ID) }
		if q, key := u.memory.Queue.taken(row.Account.ID, u.now()); q != nil {
			rows := q.open(u.snap, key)
			if len(rows) == 0 {
				rows = []*agent.Row{row} // it was had while nobody looked
			}
			v.queueUp(q, key, rows)
			v.again = func() { v.close(false); u.goOn(q) }
			u.inQueue(q)
			return
		}
		v.others = true
	})
}
