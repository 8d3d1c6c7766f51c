package window

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// job is work that takes a while: what it is, and how to end it.
type job struct {
	text   string
	cancel func()
}

// long makes a call that may take a while: it says so, and can be cancelled.
// A second one ends the first.
func (u *ui) long(text string, call func(context.Context, agent.Service) func()) {
	if u.job != nil {
		u.job.cancel()
	}
	ctx, cancel := context.WithCancel(u.ctx)
	j := &job{text: text}
	over := func() bool {
		if u.job != j {
			return false
		}
		u.job = nil
		cancel()
		u.updateBanners()
		return true
	}
	j.cancel = func() { over() }
	u.job = j
	u.notice = notice{}
	u.updateBanners()
	u.goes(func() {
		s, err := u.service(ctx)
		then := func() { u.say(said(err), true) }
		if err == nil {
			then = call(ctx, s)
		}
		u.post(func() {
			if over() && then != nil {
				then()
			}
		})
	})
}

func (u *ui) updateBanners() {
	if u.accounts != nil {
		u.accounts.updateBanners()
	}
}

// mark takes an account among those that an act is for, or out of them.
func (u *ui) mark(id string, on bool) {
	if u.row(id) == nil {
		return
	}
	if on {
		u.marks[id] = true
	} else {
		delete(u.marks, id)
	}
	u.anchor = id
	u.marksChanged()
}

// markTo marks all from the last one marked or chosen to this one.
func (u *ui) markTo(id string) {
	from := u.anchor
	if from == "" {
		from = u.selected
	}
	a, b := find(u.list.rows, from), find(u.list.rows, id)
	if a < 0 {
		a = b
	}
	if b < 0 {
		return
	}
	for _, r := range u.list.rows[min(a, b) : max(a, b)+1] {
		u.marks[r.Account.ID] = true
	}
	u.marksChanged()
}

// markAll marks all that are listed; when they are already, none.
func (u *ui) markAll() {
	if len(u.list.rows) > 0 && len(u.marks) == len(u.list.rows) {
		u.unmark()
		return
	}
	clear(u.marks)
	for _, r := range u.list.rows {
		u.marks[r.Account.ID] = true
	}
	u.marksChanged()
}

func (u *ui) unmark() {
	clear(u.marks)
	u.anchor = ""
	u.marksChanged()
}

func (u *ui) marksChanged() {
	u.list.Refresh()
	u.accounts.updateBar()
}

// markedIDs are the accounts marked, in the order of the list, those that the
// filter hides after them.
func (u *ui) markedIDs() []string {
	var out []string
	for _, r := range u.list.rows {
		if u.marks[r.Account.ID] {
			out = append(out, r.Account.ID)
		}
	}
	if len(out) < len(u.marks) && u.snap != nil {
		for r := range u.snap.All() {
			if id := r.Account.ID; u.marks[id] && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// bulkBar is what can be done with those marked.
func (p *accountsPage) bulkBar() fyne.CanvasObject {
	u := p.u
	p.marked = heading("")
	button := func(word string, icon fyne.Resource, tapped func(*pushButton)) *pushButton {
		b := newButtonWithIcon(word, icon, nil)
		b.OnTapped = func() { tapped(b) }
		return b
	}
	none := newIconButton(theme.CancelIcon(), platform.T(wordMarkNone), u.unmark)
	none.Importance = widget.LowImportance
	acts := container.New(layout.NewRowWrapLayout(),
		button(platform.T(wordReconnect), nil, func(*pushButton) { u.reconnectEach(u.markedIDs()) }),
		button(platform.T(wordCheck), nil, func(*pushButton) { u.check(u.markedIDs()) }),
		button(platform.T(wordSnooze), nil, func(b *pushButton) { u.popMenu(b, u.snoozeItems(u.markedIDs(), nil)...) }),
		button(platform.T(wordEditLabels), nil, func(*pushButton) { u.editLabels(u.markedIDs()) }),
		button(platform.T(wordExport), nil, func(b *pushButton) { u.popMenu(b, u.exportItems()...) }),
	)
	p.bulk = container.NewStack(newGround(colorTintQuiet), container.New(layout.NewCustomPaddedLayout(gap, gap, gap, gap),
		container.NewBorder(nil, nil, nil, container.NewVBox(none), container.NewVBox(p.marked, acts))))
	p.bulk.Hide()
	return p.bulk
}

// editLabels changes the labels of accounts: of one all of them, of several
// it adds and takes away.
func (u *ui) editLabels(ids []string) {
	var rows []*agent.Row
	for _, id := range ids {
		if r := u.row(id); r != nil {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 || u.view == nil {
		return
	}
	title := platform.T("Labels: %s", shortTitle(rows[0].Account))
	if len(rows) > 1 {
		title = platform.N(len(rows), "Labels: %d account", "Labels: %d accounts")
	}
	// How many of the accounts have each label; those that all have are ticked.
	have := map[string]int{}
	for _, r := range rows {
		for _, l := range r.Account.Labels {
			have[l]++
		}
	}
	ticks := container.NewVBox()
	want := map[string]bool{}
	addTick := func(label string, on bool) {
		name := fit(plain(label), theme.TextSize(), fyne.TextStyle{}, em(280))
		if n := have[label]; n > 0 && n < len(rows) {
			name = platform.N(n, "%[2]s (%[1]d of them has it)", "%[2]s (%[1]d of them have it)", name)
		}
		tick := widget.NewCheck(name, func(on bool) { want[label] = on })
		tick.Checked = on
		ticks.Add(tick)
	}
	for _, g := range u.view.labels {
		addTick(g.name, have[g.name] == len(rows))
	}
	fresh := newField()
	fresh.SetPlaceHolder(platform.T(wordNewLabel))
	bad := problemLabel()
	scroll := scrolled(ticks)
	scroll.SetMinSize(fyne.NewSize(em(340), min(em(260), ticks.MinSize().Height)))
	m := newModal(title, container.NewVBox(scroll, fresh, bad.label), u.win)
	save := func() {
		for l := range strings.SplitSeq(fresh.Text, ",") {
			if l = strings.TrimSpace(l); l != "" {
				want[l] = true
			}
		}
		type change struct {
			id     string
			labels []string
		}
		var changes []change
		for _, r := range rows {
			next := slices.DeleteFunc(slices.Clone(r.Account.Labels), func(l string) bool { on, told := want[l]; return told && !on })
			for _, g := range u.view.labels { // in one order for all
				if want[g.name] && !slices.Contains(next, g.name) {
					next = append(next, g.name)
				}
			}
			for l, on := range want {
				if on && !slices.Contains(next, l) {
					next = append(next, l)
				}
			}
			if !slices.Equal(next, r.Account.Labels) {
				changes = append(changes, change{r.Account.ID, next})
			}
		}
		u.run(func(ctx context.Context, s agent.Service) func() {
			for _, c := range changes {
				if err := s.Label(ctx, c.id, c.labels); err != nil {
					return func() { bad.show(said(err)) }
				}
			}
			return m.hide
		})
	}
	fresh.OnSubmitted, fresh.escape = func(string) { save() }, m.hide
	m.with(newButton(platform.T(wordCancel), m.hide), primary(platform.T(wordSave), save))
	m.show()
	u.win.Canvas().Focus(fresh)
}

// accountItems are what can be done with one account, as a menu.
func (u *ui) accountItems(id string) []*fyne.MenuItem {
	row := u.row(id)
	if row == nil {
		return nil
	}
	snooze := fyne.NewMenuItem(platform.T(wordSnooze), nil)
	snooze.ChildMenu = fyne.NewMenu("", u.snoozeMenuItems(row)...)
	check := fyne.NewMenuItem(platform.T(wordCheckNow), func() { u.check([]string{id}) })
	rename := fyne.NewMenuItem(platform.T(wordRenameIt), u.accounts.detail.rename)
	labels := fyne.NewMenuItem(platform.T(wordEditLabels), func() { u.editLabels([]string{id}) })
	for _, c := range commands() {
		switch c.word {
		case wordCheckNow:
			check.Shortcut = c.shortcut()
		case wordLabels:
			labels.Shortcut = c.shortcut()
		}
	}
	mark := platform.T(wordMark)
	if u.marks[id] {
		mark = platform.T(wordUnmark)
	}
	return []*fyne.MenuItem{
		fyne.NewMenuItem(platform.T(wordReconnect), func() { u.reconnect(id) }),
		check, snooze,
		fyne.NewMenuItemSeparator(),
		rename, labels,
		fyne.NewMenuItem(platform.T(wordCopyName), func() { u.copyName(id) }),
		fyne.NewMenuItem(mark, func() { u.mark(id, !u.marks[id]) }),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(platform.T(wordDisconnectIt), u.accounts.detail.disconnect),
	}
}

func (u *ui) copyName(id string) {
	if row := u.row(id); row != nil {
		u.app.Clipboard().SetContent(row.Account.Ref())
		u.say(platform.T("Copied: %s", row.Account.Ref()), false)
	}
}

// labelsOf are an account's labels fit for one line.
func labelsOf(a platform.Account) []string {
	var out []string
	for _, l := range a.Labels {
		if l = plain(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
