package window

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
)

var zeroTime time.Time

// historyMost is how many events the detail lists.
const historyMost = 30

// detail is the chosen account. Its buttons stay, so that a snapshot does not
// take the keyboard away from them; the rest is made anew when the account changed.
type detail struct {
	u       *ui
	content *fyne.Container

	avatar    *avatar
	title     *widget.Label
	under     *widget.Label
	chip      *chip
	why       *widget.Label
	reconnect *widget.Button
	snooze    *widget.Button
	facts     *fyne.Container
	history   *fyne.Container
	scroll    *container.Scroll

	// shown and at are what the facts were made from; asked is the history's account.
	shown *agent.Row
	at    time.Time
	asked string
}

func newDetail(u *ui) *detail {
	d := &detail{u: u, avatar: newAvatar(48), chip: newChip()}
	d.title = heading("")
	d.title.SizeName = theme.SizeNameSubHeadingText
	d.title.Wrapping, d.title.Truncation = fyne.TextWrapBreak, fyne.TextTruncateOff
	d.under = caption("")
	d.under.Wrapping = fyne.TextWrapBreak
	d.why = wrapped("")
	d.reconnect = widget.NewButtonWithIcon(wordReconnect, theme.ViewRefreshIcon(), func() { u.reconnect(u.selected) })
	check := widget.NewButton(wordCheckNow, func() { u.check(u.selected) })
	d.snooze = widget.NewButton(wordSnooze, nil)
	d.snooze.OnTapped = func() { u.snoozeMenu(u.selected, d.snooze) }
	rename := widget.NewButton(wordRename, d.rename)
	copyName := widget.NewButton(wordCopyName, func() {
		if row := u.row(u.selected); row != nil {
			u.app.Clipboard().SetContent(row.Account.Ref())
			u.say(wordCopied+": "+row.Account.Ref(), false)
		}
	})
	disconnect := widget.NewButton(wordDisconnect+"…", d.disconnect)
	close := widget.NewButtonWithIcon("", theme.CancelIcon(), func() { u.choose("") })
	close.Importance = widget.LowImportance

	d.facts, d.history = container.NewVBox(), container.NewVBox()
	head := container.NewBorder(nil, nil, container.NewVBox(pad(1, d.avatar)), container.NewVBox(close), tight(d.title, d.under))
	buttons := container.New(layout.NewRowWrapLayout(), d.reconnect, check, d.snooze, rename, copyName, disconnect)
	d.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(gap, 4*gap, 3*gap, 3*gap), container.NewVBox(
		head,
		container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), d.chip),
		d.why,
		container.New(layout.NewCustomPaddedLayout(0, 2*gap, 2*gap, 2*gap), buttons),
		d.facts, d.history)))
	d.content = container.NewStack(d.scroll)
	d.content.Hide()
	return d
}

// focus gives the keyboard to the first act.
func (d *detail) focus() { d.u.win.Canvas().Focus(d.reconnect) }

// update shows the chosen account, or the summary where there is none.
func (d *detail) update() {
	u := d.u
	row := u.row(u.selected)
	showIf(d.content, row != nil)
	showIf(u.accounts.summary.content, row == nil)
	if row == nil {
		d.shown, d.asked = nil, ""
		u.accounts.summary.update()
		return
	}
	now := u.now()
	if d.shown == row && now.Sub(d.at) < time.Minute {
		return
	}
	fresh := d.shown == nil || d.shown.Account.ID != row.Account.ID
	changed := d.shown != row
	d.shown, d.at = row, now

	a, s := row.Account, row.Status
	d.avatar.set(a.Platform, shortTitle(a))
	d.title.SetText(shortTitle(a))
	lines := []string{under(a)}
	if !strings.HasSuffix(lines[0], " · "+a.Alias) {
		lines = append(lines, a.Ref())
	}
	if a.Owner != "" {
		lines = append(lines, "signed in by "+a.Owner)
	}
	d.under.SetText(strings.Join(lines, "\n"))
	d.chip.set(s.State)
	d.why.SetText(d.whyText(row, now))
	showIf(d.why, d.why.Text != "")

	d.reconnect.Importance = widget.MediumImportance
	if offersReconnect(row) {
		d.reconnect.Importance = widget.HighImportance
	}
	d.reconnect.Refresh()
	d.facts.Objects = d.factObjects(row, now)
	d.facts.Refresh()
	if fresh {
		d.scroll.ScrollToTop()
		d.history.Objects = nil
	}
	d.content.Refresh()
	if changed {
		d.loadHistory(row.Account.ID)
	}
}

func (d *detail) whyText(row *agent.Row, now time.Time) string {
	name := platformName(row.Account.Platform)
	out := []string{row.Status.Why(name)}
	if row.Status.State.NeedsPerson() {
		out = append(out, stopped(row.Status))
	}
	if !row.UnreachableSince.IsZero() {
		out = append(out, name+" has not answered since "+when(row.UnreachableSince, now)+".")
	}
	if row.Account.Snoozed.After(now) {
		out = append(out, "Snoozed until "+when(row.Account.Snoozed, now)+".")
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

// factObjects are the clocks, what works, and when it was checked.
func (d *detail) factObjects(row *agent.Row, now time.Time) []fyne.CanvasObject {
	name := platformName(row.Account.Platform)
	out := []fyne.CanvasObject{heading(wordEnds)}
	clocks := row.Grant.Clocks
	if dl := row.Status.Deadline; dl.Source == "rule" {
		clocks = append(clocks[:len(clocks):len(clocks)], dl)
	}
	for _, c := range clocks {
		date := "does not expire"
		if c.Ends() {
			date = when(c.At, now)
			if c.At.Before(now) {
				date += " (over)"
			}
		}
		out = append(out, tight(fact(strings.TrimSuffix(sentence(c.Kind.Word()), "."), date), caption(sentence(c.Known(name)))))
	}
	if len(clocks) == 0 {
		out = append(out, caption(wordNoClock))
	}
	if len(row.Status.Capabilities) > 0 {
		out = append(out, widget.NewSeparator(), heading(wordWorks))
		for _, c := range row.Status.Capabilities {
			icon, t := theme.ConfirmIcon(), toneGood
			if !c.Works {
				icon, t = theme.CancelIcon(), toneBad
			}
			out = append(out, container.NewBorder(nil, nil,
				container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 0), container.NewVBox(least(0, gap, canvas.NewRectangle(nil)), widget.NewIcon(theme.NewColoredResource(icon, t.color)))), nil,
				wrapped(capabilityLine(c))))
		}
	}
	out = append(out, widget.NewSeparator())
	verified := "never"
	if v := row.Grant.Verified; !v.IsZero() {
		verified = ago(v, now)
	}
	out = append(out, fact("Last verified", verified))
	if !row.Account.LastUsed.IsZero() {
		out = append(out, fact("Last used", ago(row.Account.LastUsed, now)))
	}
	if !row.Account.Created.IsZero() {
		out = append(out, fact("Connected since", day(row.Account.Created, now)))
	}
	return out
}

// fact is a name and its value on one line.
func fact(name, value string) fyne.CanvasObject {
	v := widget.NewLabel(value)
	v.Alignment = fyne.TextAlignTrailing
	n := widget.NewLabel(name)
	n.Truncation = fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, nil, v, n)
}

func (d *detail) loadHistory(id string) {
	d.asked = id
	d.u.run(func(ctx context.Context, s agent.Service) func() {
		events, err := s.History(ctx, id, historyMost)
		return func() {
			if d.asked != id {
				return
			}
			d.showHistory(events, err)
		}
	})
}

func (d *detail) showHistory(events []agent.Event, err error) {
	out := []fyne.CanvasObject{widget.NewSeparator(), heading(wordHistory)}
	switch {
	case err != nil:
		out = append(out, caption(said(err)))
	case len(events) == 0:
		out = append(out, caption(wordNoEvents))
	}
	for _, e := range events {
		out = append(out, tight(wrapped(sentence(e.Text)), caption(when(e.At, d.u.now()))))
	}
	d.history.Objects = out
	d.history.Refresh()
}

// snoozeMenu offers the times reminders can be held back for.
func (u *ui) snoozeMenu(id string, at fyne.CanvasObject) {
	row := u.row(id)
	if row == nil {
		return
	}
	items := u.snoozeItems(id, nil)
	if row.Account.Snoozed.After(u.now()) {
		items = append(items, fyne.NewMenuItem(wordSnoozeEnd, func() { u.snooze(id, zeroTime, nil) }))
	}
	widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), u.win.Canvas(), fyne.NewPos(0, at.Size().Height), at)
}

// snoozeItems are the choices; then, if any, follows a snooze that was taken.
func (u *ui) snoozeItems(id string, then func()) []*fyne.MenuItem {
	return []*fyne.MenuItem{
		fyne.NewMenuItem("1 hour", func() { u.snooze(id, u.now().Add(time.Hour), then) }),
		fyne.NewMenuItem("Tomorrow", func() { u.snoozeDays(id, 1, then) }),
		fyne.NewMenuItem("A week", func() { u.snoozeDays(id, 7, then) }),
	}
}

func (u *ui) snooze(id string, until time.Time, then func()) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		err := s.Snooze(ctx, id, until)
		return func() {
			switch {
			case err != nil:
				u.say(said(err), true)
			case then != nil:
				then()
			case until.IsZero():
				u.say("Reminders are on again.", false)
			default:
				u.say("Snoozed until "+when(until, u.now())+".", false)
			}
		}
	})
}

// snoozeDays snoozes until the reminder hour of a day to come.
func (u *ui) snoozeDays(id string, days int, then func()) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		set, err := s.Settings(ctx)
		if err != nil {
			return func() { u.say(said(err), true) }
		}
		return func() {
			n := u.now().Local()
			u.snooze(id, time.Date(n.Year(), n.Month(), n.Day()+days, set.Hour, 0, 0, 0, n.Location()), then)
		}
	})
}

func (d *detail) rename() {
	row := d.u.row(d.u.selected)
	if row == nil {
		return
	}
	name := widget.NewEntry()
	name.SetText(row.Account.Alias)
	problem := problemLabel()
	m := newModal(wordRename, least(360, 0, container.NewVBox(name, problem.label)), d.u.win)
	save := func() {
		d.u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.Rename(ctx, row.Account.ID, strings.TrimSpace(name.Text))
			return func() {
				if err != nil {
					problem.show(said(err))
					return
				}
				m.hide()
			}
		})
	}
	name.OnSubmitted = func(string) { save() }
	m.with(widget.NewButton(wordCancel, m.hide), primary(wordSave, save))
	m.show()
	d.u.win.Canvas().Focus(name)
}

func (d *detail) disconnect() {
	row := d.u.row(d.u.selected)
	if row == nil {
		return
	}
	content := container.NewVBox(wrapped(disconnectText(row.Account)))
	revoke := widget.NewCheck("", nil)
	if text, ok := revokeText(row.Account); ok {
		revoke.SetText(text)
		content.Add(revoke)
	}
	m := newModal(wordDisconnect+" "+shortTitle(row.Account)+"?", least(400, 0, content), d.u.win)
	ok := widget.NewButton(wordDisconnect, func() {
		m.hide()
		withdraw := revoke.Checked
		d.u.act(row.Account.Title()+" is disconnected.", func(ctx context.Context, s agent.Service) error {
			return s.Forget(ctx, row.Account.ID, withdraw)
		})
	})
	ok.Importance = widget.DangerImportance
	m.with(widget.NewButton(wordCancel, m.hide), ok)
	m.show()
}

// problem is an error shown in place; hidden while there is none.
type problem struct{ label *widget.Label }

func problemLabel() problem {
	l := wrapped("")
	l.Importance = widget.DangerImportance
	l.Hide()
	return problem{l}
}

func (p problem) show(text string) {
	p.label.SetText(text)
	showIf(p.label, text != "")
}

// summary is the calm right side while no account is chosen: what ends next.
type summary struct {
	u       *ui
	content *fyne.Container
	list    *fyne.Container
	view    *view
}

func newSummary(u *ui) *summary {
	s := &summary{u: u, list: container.NewVBox()}
	s.content = container.NewStack(container.NewVScroll(container.New(layout.NewCustomPaddedLayout(2*gap, 4*gap, 3*gap, 4*gap), s.list)))
	return s
}

func (s *summary) update() {
	v := s.u.view
	if v == nil || s.view == v {
		return
	}
	s.view = v
	now := s.u.now()
	title := heading(wordComing)
	title.SizeName = theme.SizeNameSubHeadingText
	out := []fyne.CanvasObject{title}
	for _, r := range v.coming {
		if r.Status.Deadline.At.Sub(now) > horizon {
			break
		}
		a := newAvatar(32)
		a.set(r.Account.Platform, shortTitle(r.Account))
		name := newLine(theme.SizeNameText, theme.ColorNameForeground)
		name.text = shortTitle(r.Account)
		date := newLine(theme.SizeNameCaptionText, colorMuted)
		date.text = day(r.Status.Deadline.At, now) + " · " + r.Status.Left(now)
		id := r.Account.ID
		t := newTile(container.New(layout.NewCustomPaddedLayout(2*gap, 2*gap, 2*gap, 2*gap),
			container.NewBorder(nil, nil, container.NewHBox(a, least(gap, 0, canvas.NewRectangle(nil))), nil,
				container.New(layout.NewCustomPaddedVBoxLayout(gap/2), name, date))), func() { s.u.choose(id) })
		t.rune, t.key = s.u.typedRune, s.u.typedKey
		out = append(out, t)
	}
	if len(out) == 1 {
		out = append(out, caption(wordNothingEnds))
	}
	out = append(out, caption(wordPickRow))
	s.list.Objects = out
	s.list.Refresh()
}
