package window

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

var zeroTime time.Time

const (
	// historyMost is how many events the detail lists, historyAsked how many it
	// looks through for the programs that took tokens.
	historyMost  = 30
	historyAsked = 300
	// usersMost is how many programs are listed.
	usersMost = 6
)

// detail is the chosen account. Its buttons stay, so that a snapshot does not
// take the keyboard away from them; the rest is made anew when the account changed.
type detail struct {
	u       *ui
	content *fyne.Container

	avatar    *avatar
	title     *widget.Label
	under     *widget.Label
	chip      *chip
	labels    *fyne.Container
	why       *widget.Label
	reconnect *pushButton
	snooze    *pushButton
	more      *iconButton
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
	d.title.Wrapping, d.title.Truncation = fyne.TextWrapWord, fyne.TextTruncateOff
	d.under = caption("")
	d.under.Wrapping = fyne.TextWrapWord
	d.why = wrapped("")
	d.reconnect = newButton(platform.T(wordReconnect), func() { u.reconnect(u.selected) })
	check := newButton(platform.T(wordCheckNow), func() { u.check([]string{u.selected}) })
	d.snooze = newButton(platform.T(wordSnooze), nil)
	d.snooze.OnTapped = func() {
		if row := u.row(u.selected); row != nil {
			u.popMenu(d.snooze, u.snoozeMenuItems(row)...)
		}
	}
	d.more = newIconButton(theme.MoreVerticalIcon(), platform.T(wordMore), nil)
	d.more.OnTapped = func() { u.popMenu(d.more, d.moreItems()...) }
	closer := newIconButton(theme.CancelIcon(), platform.T(wordClose), func() { u.choose(""); u.list.focus() })
	closer.Importance = widget.LowImportance

	d.facts, d.history = container.NewVBox(), container.NewVBox()
	d.labels = container.New(layout.NewRowWrapLayout())
	head := container.NewBorder(nil, nil, container.NewVBox(pad(1, d.avatar)), container.NewVBox(closer), tight(d.title, d.under))
	buttons := container.New(layout.NewRowWrapLayout(), d.reconnect, check, d.snooze, d.more)
	d.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(gap, 4*gap, 3*gap, 3*gap), container.NewVBox(
		head,
		container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), d.chip),
		d.why,
		container.New(layout.NewCustomPaddedLayout(0, gap, 2*gap, 2*gap), d.labels),
		container.New(layout.NewCustomPaddedLayout(0, 2*gap, 2*gap, 2*gap), buttons),
		d.facts, d.history)))
	d.content = container.NewStack(d.scroll)
	d.content.Hide()
	return d
}

// moreItems are the acts of lesser use.
func (d *detail) moreItems() []*fyne.MenuItem {
	u := d.u
	row := u.row(u.selected)
	if row == nil {
		return nil
	}
	mute := fyne.NewMenuItem(platform.T(wordMute), func() { u.mute(row.Account.ID, true) })
	if row.Account.Muted {
		mute = fyne.NewMenuItem(platform.T(wordUnmute), func() { u.mute(row.Account.ID, false) })
	}
	return []*fyne.MenuItem{
		fyne.NewMenuItem(platform.T(wordRenameIt), d.rename),
		fyne.NewMenuItem(platform.T(wordEditLabels), func() { u.editLabels([]string{u.selected}) }),
		fyne.NewMenuItem(platform.T(wordCopyName), func() { u.copyName(u.selected) }),
		fyne.NewMenuItem(platform.T(wordOwnBrowser), func() { u.ownBrowser(row.Account) }),
		mute,
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(platform.T(wordDisconnectIt), d.disconnect),
	}
}

// focus gives the keyboard to the first act.
func (d *detail) focus() {
	if d.content.Visible() {
		d.u.win.Canvas().Focus(d.reconnect)
	}
}

// picture shows the picture of the chosen account where it came meanwhile.
func (d *detail) picture() {
	if d.shown != nil {
		d.avatar.setPicture(d.u.pictures.of(d.shown.Account))
	}
}

// redraw makes all of it anew: the text has another size.
func (d *detail) redraw() {
	d.shown = nil
	d.update()
}

// update shows the chosen account, or the picture of what comes where there is none.
func (d *detail) update() {
	u := d.u
	row := u.row(u.selected)
	showIf(d.content, row != nil)
	showIf(u.accounts.coming.content, row == nil)
	if row == nil {
		d.shown, d.asked = nil, ""
		u.accounts.coming.update()
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
	d.picture()
	d.title.SetText(shortTitle(a))
	lines := []string{under(a)}
	if !strings.HasSuffix(lines[0], " · "+a.Alias) {
		lines = append(lines, a.Ref())
	}
	if owner := plain(a.Owner); owner != "" {
		lines = append(lines, platform.T("signed in by %s", owner))
	}
	d.under.SetText(strings.Join(lines, "\n"))
	d.chip.set(s.State)
	d.why.SetText(d.whyText(row, now))
	showIf(d.why, d.why.Text != "")
	d.labels.Objects = nil
	for _, l := range labelsOf(a) {
		d.labels.Add(newTag(l))
	}
	showIf(d.labels, len(d.labels.Objects) > 0)

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
	if !row.UnreachableSince.IsZero() {
		out = append(out, platform.T("%s has not answered since %s.", name, when(row.UnreachableSince, now)))
	}
	if row.Account.Muted {
		out = append(out, platform.T("Its reminders are off."))
	} else if row.Account.Snoozed.After(now) {
		out = append(out, platform.T("Snoozed until %s.", when(row.Account.Snoozed, now)))
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

// factObjects are the clocks, what works, and when it was checked.
func (d *detail) factObjects(row *agent.Row, now time.Time) []fyne.CanvasObject {
	name := platformName(row.Account.Platform)
	ends := tight(heading(platform.T(wordEnds)))
	out := []fyne.CanvasObject{ends}
	clocks := row.Grant.Clocks
	if dl := row.Status.Deadline; dl.Source == platform.SourceRule {
		clocks = append(clocks[:len(clocks):len(clocks)], dl)
	}
	for _, c := range clocks {
		ends.Add(fact(capital(c.Kind.Word()), clockDate(c, now)))
		ends.Add(caption(clockSource(c, name, now)))
	}
	if len(clocks) == 0 {
		ends.Add(caption(platform.T(wordNoClock)))
	}
	if len(row.Status.Capabilities) > 0 {
		works := tight()
		for _, c := range row.Status.Capabilities {
			works.Add(capabilityRow(c, row.Status, now))
		}
		out = append(out, widget.NewSeparator(), tight(heading(platform.T(wordWorks)), works))
	}
	out = append(out, widget.NewSeparator())
	verified := platform.T(wordNever)
	if v := row.Grant.Verified; !v.IsZero() {
		verified = ago(v, now)
	}
	facts := []fyne.CanvasObject{heading(platform.T(wordKnown)), fact(platform.T("Last verified"), verified)}
	if !row.Account.LastUsed.IsZero() {
		facts = append(facts, fact(platform.T("Last used"), ago(row.Account.LastUsed, now)))
	}
	if !row.Account.Created.IsZero() {
		facts = append(facts, fact(platform.T("Connected since"), day(row.Account.Created, now)))
	}
	return append(out, tight(facts...))
}

// capabilityRow is one thing an account is for: whether it works, and what
// stops and why where it does not.
func capabilityRow(c platform.CapabilityStatus, s platform.Status, now time.Time) fyne.CanvasObject {
	icon, t := theme.ConfirmIcon(), toneGood
	if !c.Works {
		icon, t = theme.CancelIcon(), toneBad
	}
	line, why := capabilityLine(c, s, now)
	text := tight(wrapped(line))
	if why != "" {
		text.Add(caption(why))
	}
	lead := container.NewVBox(spaceOf(0, gap), widget.NewIcon(theme.NewColoredResource(icon, t.color)))
	return container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 0), lead), nil, text)
}

// fact is a name and its value, which wraps where there is no room for both.
func fact(name, value string) fyne.CanvasObject {
	v := wrapped(value)
	v.Alignment = fyne.TextAlignTrailing
	return container.NewBorder(nil, nil, widget.NewLabel(name), nil, v)
}

// factOf is a name that came from outside, cut where it is long, and its value.
func factOf(name, value string) fyne.CanvasObject {
	v := widget.NewLabel(value)
	v.Alignment = fyne.TextAlignTrailing
	n := widget.NewLabel(name)
	n.Truncation = fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, nil, v, n)
}

func (d *detail) loadHistory(id string) {
	d.asked = id
	d.u.run(func(ctx context.Context, s agent.Service) func() {
		events, err := s.History(ctx, id, historyAsked)
		return func() {
			if d.asked != id {
				return
			}
			d.showHistory(events, err)
		}
	})
}

// usedBy is a program that took the account's token: its name, how often as
// far as the events tell, and when last.
type usedBy struct {
	name  string
	times int
	last  time.Time
}

// users reads from events, newest first, which programs took a token.
func users(events []agent.Event) []usedBy {
	var out []usedBy
	for _, e := range events {
		if e.Kind != "token" {
			continue
		}
		name := plain(e.Program)
		i := slices.IndexFunc(out, func(x usedBy) bool { return x.name == name })
		if i < 0 {
			out = append(out, usedBy{name: name, last: e.At})
			i = len(out) - 1
		}
		out[i].times++
	}
	return out
}

func (d *detail) showHistory(events []agent.Event, err error) {
	now := d.u.now()
	rows := []fyne.CanvasObject{heading(platform.T(wordUsedBy))}
	who := users(events)
	switch {
	case err != nil:
		rows = append(rows, caption(said(err)))
	case len(who) == 0:
		rows = append(rows, caption(platform.T(wordNoUsers)))
	}
	for _, x := range who[:min(usersMost, len(who))] {
		rows = append(rows, factOf(x.name, ago(x.last, now)))
	}
	if len(who) > usersMost {
		rows = append(rows, caption(platform.N(len(who)-usersMost, "%d more program", "%d more programs")))
	}
	story := tight(heading(platform.T(wordHistory)))
	out := []fyne.CanvasObject{widget.NewSeparator(), tight(rows...), widget.NewSeparator(), story}
	n := 0
	for _, e := range events {
		if e.Kind == "token" {
			continue // they are counted above
		}
		if n++; n > historyMost {
			break
		}
		story.Add(wrapped(sentence(plain(e.Text))))
		story.Add(caption(when(e.At, now)))
	}
	if n == 0 && err == nil {
		story.Add(caption(platform.T(wordNoEvents)))
	}
	d.history.Objects = out
	d.history.Refresh()
}

// snoozeMenuItems are the times reminders can be held back for, and their end.
func (u *ui) snoozeMenuItems(row *agent.Row) []*fyne.MenuItem {
	items := u.snoozeItems([]string{row.Account.ID}, nil)
	if row.Account.Snoozed.After(u.now()) {
		items = append(items, fyne.NewMenuItem(platform.T(wordSnoozeEnd), func() { u.snooze([]string{row.Account.ID}, zeroTime, nil) }))
	}
	return items
}

// snoozeItems are the choices; then, if any, follows a snooze that was taken.
func (u *ui) snoozeItems(ids []string, then func()) []*fyne.MenuItem {
	return []*fyne.MenuItem{
		fyne.NewMenuItem(platform.N(1, "%d hour", "%d hours"), func() { u.later(ids, notifier.LaterHour, then) }),
		fyne.NewMenuItem(platform.T("Tomorrow"), func() { u.later(ids, notifier.LaterTomorrow, then) }),
		fyne.NewMenuItem(platform.T("A week"), func() { u.snoozeDays(ids, 7, then) }),
	}
}

// each makes a call for every account; the first failure ends it.
func (u *ui) each(ids []string, then func(), done func() string, call func(ctx context.Context, s agent.Service, id string) error) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		for _, id := range ids {
			if err := call(ctx, s, id); err != nil {
				return func() { u.say(said(err), true) }
			}
		}
		return func() {
			if then != nil {
				then()
				return
			}
			u.say(done(), false)
		}
	})
}

func (u *ui) snooze(ids []string, until time.Time, then func()) {
	u.each(ids, then, func() string {
		if until.IsZero() {
			return platform.T("Reminders are on again.")
		}
		return platform.T("Snoozed until %s.", when(until, u.now()))
	}, func(ctx context.Context, s agent.Service, id string) error { return s.Snooze(ctx, id, until) })
}

// later snoozes until a moment that the agent finds.
func (u *ui) later(ids []string, choice notifier.Later, then func()) {
	var until time.Time
	u.each(ids, then, func() string { return platform.T("Snoozed until %s.", when(until, u.now())) },
		func(ctx context.Context, s agent.Service, id string) (err error) {
			until, err = s.Later(ctx, id, choice)
			return err
		})
}

// snoozeDays snoozes until the reminder hour of a day to come.
func (u *ui) snoozeDays(ids []string, days int, then func()) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		set, err := s.Settings(ctx)
		if err != nil {
			return func() { u.say(said(err), true) }
		}
		return func() {
			n := u.now().Local()
			u.snooze(ids, time.Date(n.Year(), n.Month(), n.Day()+days, set.Hour, 0, 0, 0, n.Location()), then)
		}
	})
}

func (u *ui) mute(id string, on bool) {
	done := platform.T("Reminders are on again.")
	if on {
		done = platform.T("Its reminders are off.")
	}
	u.act(done, func(ctx context.Context, s agent.Service) error { return s.Mute(ctx, id, on) })
}

func (d *detail) rename() {
	row := d.u.row(d.u.selected)
	if row == nil {
		return
	}
	name := newField()
	name.SetText(row.Account.Alias)
	problem := problemLabel()
	m := newModal(platform.T("Rename %s", row.Account.Ref()), least(em(360), 0, container.NewVBox(name, caption(platform.T(wordRenameText)), problem.label)), d.u.win)
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
	name.OnSubmitted, name.escape = func(string) { save() }, m.hide
	m.with(newButton(platform.T(wordCancel), m.hide), primary(platform.T(wordSave), save))
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
	} else if text != "" {
		content.Add(caption(text))
	}
	title := fit(platform.T("Disconnect %s?", shortTitle(row.Account)), theme.Size(theme.SizeNameSubHeadingText), fyne.TextStyle{Bold: true}, em(400))
	m := newModal(title, least(em(400), 0, content), d.u.win)
	ok := newButton(platform.T(wordDisconnect), func() {
		m.hide()
		withdraw := revoke.Checked
		d.u.act(platform.T("%s is disconnected.", row.Account.Title()), func(ctx context.Context, s agent.Service) error {
			return s.Forget(ctx, row.Account.ID, withdraw)
		})
	})
	ok.Importance = widget.DangerImportance
	m.with(newButton(platform.T(wordCancel), m.hide), ok)
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

// comingPane is the right side while no account is chosen: the picture of the
// next 90 days, and the next ends in words.
type comingPane struct {
	u       *ui
	content *fyne.Container
	line    *timeline
	about   *line
	name    *line
	date    *line
	list    *fyne.Container
	legend  *fyne.Container
	// faces are the avatars of those listed, by account.
	faces map[string]*avatar
	view  *view
	at    time.Time
}

// comingMost is how many ends the pane lists in words.
const comingMost = 6

func newComingPane(u *ui) *comingPane {
	c := &comingPane{u: u, list: container.New(layout.NewCustomPaddedVBoxLayout(0)), legend: container.New(layout.NewRowWrapLayout())}
	title := heading(platform.T(wordHorizonTitle))
	title.SizeName = theme.SizeNameSubHeadingText
	c.about = newLine(theme.SizeNameCaptionText, colorMuted)
	c.name = newLine(theme.SizeNameText, theme.ColorNameForeground)
	c.date = newLine(theme.SizeNameCaptionText, colorMuted)
	c.name.style.Bold = true
	c.line = newTimeline(u, c.named)
	inset := func(o fyne.CanvasObject) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), o)
	}
	c.content = container.NewStack(container.NewVScroll(container.New(layout.NewCustomPaddedLayout(gap, 4*gap, 3*gap, 4*gap), container.New(layout.NewCustomPaddedVBoxLayout(2*gap),
		tight(title, inset(c.about)),
		inset(c.line),
		inset(c.legend),
		inset(container.New(layout.NewCustomPaddedVBoxLayout(0), c.name, c.date)),
		c.list))))
	return c
}

func (c *comingPane) redraw() {
	c.view = nil
	c.update()
}

// picture shows a picture that came.
func (c *comingPane) picture(id string) {
	if a, row := c.faces[id], c.u.row(id); a != nil && row != nil {
		a.setPicture(c.u.pictures.of(row.Account))
	}
}

// named says what a mark stands for.
func (c *comingPane) named(s *spot) {
	now := c.u.now()
	switch {
	case s == nil:
		c.name.set("", theme.ColorNameForeground)
		c.date.set(platform.T(wordPointAtMark), colorMuted)
	case s.shape == shapeMore:
		last := s.rows[len(s.rows)-1].Status.Deadline.At
		c.name.set(platform.N(len(s.rows), "%d more account", "%d more accounts"), theme.ColorNameForeground)
		c.date.set(platform.T("until %s", day(last, now)), colorMuted)
	default:
		r := s.rows[0]
		c.name.set(r.Account.Title(), theme.ColorNameForeground)
		c.date.set(deadlineLine(r, now), colorMuted)
	}
}

func (c *comingPane) update() {
	v := c.u.view
	now := c.u.now()
	if v == nil || c.view == v && now.Sub(c.at) < time.Minute {
		return
	}
	c.view, c.at = v, now
	c.line.set(v.coming, now)
	c.about.set(comingWords(v.coming, now), colorMuted)
	hollow, more := false, false
	kinds := map[shape]bool{}
	for _, s := range c.line.spots {
		kinds[s.shape] = true
		hollow = hollow || s.hollow
		more = more || s.shape == shapeMore
	}
	c.legend.Objects = nil
	add := func(kind shape, hollow bool, word string) {
		l := newLine(theme.SizeNameCaptionText, colorMuted)
		l.text = word
		w := fyne.MeasureText(word, theme.Size(theme.SizeNameCaptionText), fyne.TextStyle{}).Width
		c.legend.Add(container.New(layout.NewCustomPaddedHBoxLayout(gap), container.NewCenter(newMarkIcon(kind, hollow)), least(w+3*gap, 0, l)))
	}
	for _, k := range []struct {
		kind shape
		word string
	}{{shapeOver, platform.T(wordMarkOver)}, {shapeSoon, platform.T(wordMarkSoon)}, {shapeLater, platform.T(wordMarkLater)}, {shapeMore, platform.T(wordMarkMore)}} {
		if kinds[k.kind] {
			add(k.kind, false, k.word)
		}
	}
	if hollow {
		add(shapeLater, true, platform.T(wordMarkAssumed))
	}
	var out []fyne.CanvasObject
	c.faces = map[string]*avatar{}
	for _, r := range v.coming {
		if r.Status.State.NeedsPerson() {
			continue
		}
		if len(out) == comingMost {
			break
		}
		a := newAvatar(28)
		a.set(r.Account.Platform, shortTitle(r.Account))
		a.setPicture(c.u.pictures.of(r.Account))
		name := newLine(theme.SizeNameText, theme.ColorNameForeground)
		name.text = shortTitle(r.Account)
		date := newLine(theme.SizeNameCaptionText, colorMuted)
		date.text = day(r.Status.Deadline.At, now) + " · " + r.Status.Left(now)
		id := r.Account.ID
		c.faces[id] = a
		t := newTile(container.New(layout.NewCustomPaddedLayout(gap+gap/2, gap+gap/2, 2*gap, 2*gap),
			container.NewBorder(nil, nil, container.NewHBox(container.NewCenter(a), spaceOf(gap, 0)), nil,
				container.New(layout.NewCustomPaddedVBoxLayout(0), name, date))), func() { c.u.choose(id); c.u.list.show(id) })
		t.name = name.text + ", " + date.text
		t.rune, t.key = c.u.typedRune, c.u.typedKey
		out = append(out, t)
	}
	if len(out) == 0 {
		out = append(out, caption(platform.T(wordNothingEnds)))
	}
	c.list.Objects = out
	c.list.Refresh()
	c.legend.Refresh()
}

// focusHorizon gives the keyboard to the picture.
func (u *ui) focusHorizon() {
	u.choose("")
	if u.accounts.coming.content.Visible() && !u.accounts.panes.narrow {
		u.win.Canvas().Focus(u.accounts.coming.line)
	}
}
