package window

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
)

const (
	sidebarWidth float32 = 184
	detailWidth  float32 = 328
)

// accountsPage is the main screen: a sentence about the whole, filters, the
// list, and the chosen account.
type accountsPage struct {
	u *ui

	headline     *widget.Label
	reconnectAll *widget.Button
	banners      *fyne.Container
	bannerKey    string
	search       *searchEntry
	filters      *fyne.Container
	filterKey    string
	noMatch      *widget.Label
	detail       *detail
	summary      *summary
	// body holds the list or the empty state; content all of it.
	list, empty *fyne.Container
	split       *container.Split
	content     fyne.CanvasObject
	// pages holds the accounts and, over them, the connect page.
	pages *fyne.Container
}

// openMain makes the main window.
func (u *ui) openMain() {
	if u.win != nil {
		if u.connect != nil && u.flow == nil {
			u.connect.leave()
		}
		u.win.Show()
		u.win.RequestFocus()
		return
	}
	u.win = u.app.NewWindow("Relink")
	u.win.SetOnClosed(u.closedMain)
	p := &accountsPage{u: u}
	u.accounts = p
	u.list = newAccountList(u)

	p.headline = widget.NewLabel("")
	p.headline.SizeName, p.headline.TextStyle.Bold = theme.SizeNameSubHeadingText, true
	p.headline.Truncation = fyne.TextTruncateEllipsis
	p.reconnectAll = widget.NewButtonWithIcon(wordReconnectAll, theme.ViewRefreshIcon(), u.reconnectAll)
	p.reconnectAll.Importance = widget.HighImportance
	p.reconnectAll.Hide()
	connect := widget.NewButtonWithIcon(wordConnect, theme.ContentAddIcon(), u.showConnect)
	settings := widget.NewButtonWithIcon("", theme.SettingsIcon(), func() { u.openSettings(PageSettings) })
	header := container.NewBorder(nil, nil, nil, container.NewCenter(container.NewHBox(p.reconnectAll, connect, settings)), p.headline)
	p.banners = container.NewVBox()

	p.search = newSearchEntry(u)
	p.filters = container.New(layout.NewCustomPaddedVBoxLayout(gap / 2))
	side := container.NewBorder(pad(1, p.search), nil, nil, nil, container.NewVScroll(p.filters))

	p.noMatch = widget.NewLabelWithStyle(wordNoMatch, fyne.TextAlignCenter, fyne.TextStyle{})
	p.noMatch.Importance = widget.LowImportance
	p.noMatch.Hide()
	p.detail = newDetail(u)
	p.summary = newSummary(u)
	p.split = container.NewHSplit(
		container.NewStack(u.list, container.NewCenter(p.noMatch)),
		least(detailWidth, 0, container.NewStack(p.summary.content, p.detail.content)))
	p.split.Offset = 0.7 // as much as the detail's least width leaves
	p.list = container.NewBorder(nil, nil, least(sidebarWidth, 0, side), nil, p.split)
	p.list.Hide()
	p.empty = container.NewStack(emptyState(u))
	p.empty.Hide()

	p.content = container.NewBorder(
		container.NewVBox(container.New(layout.NewCustomPaddedLayout(2*gap, gap, 2*gap, 2*gap), header),
			container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), p.banners)),
		nil, nil, nil, container.NewStack(p.list, p.empty))
	p.pages = container.NewStack(p.content)
	u.win.SetContent(p.pages)
	u.keys()
	u.win.Resize(fyne.NewSize(1240, 760))
	u.win.Show()
	u.rebuild(false)
}

// closedMain forgets the main window; others may live on. A flow goes on in
// the agent, since the browser is still with the person.
func (u *ui) closedMain() {
	if u.flow != nil {
		u.flow.view.abandon()
	}
	u.win, u.accounts, u.list, u.view, u.flow, u.connect = nil, nil, nil, nil, nil, nil
	u.filter, u.search = filterAll, ""
}

// emptyState is what a person sees before the first account.
func emptyState(u *ui) fyne.CanvasObject {
	title := widget.NewLabelWithStyle(wordEmptyTitle, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameHeadingText
	text := widget.NewLabelWithStyle(wordEmptyText, fyne.TextAlignCenter, fyne.TextStyle{})
	text.Importance = widget.LowImportance
	return container.NewVScroll(container.NewCenter(container.NewVBox(title, text, least(480, 0, pad(2, platformTiles(u, 1))))))
}

// update shows the current view.
func (p *accountsPage) update() {
	p.updateBanners()
	v := p.u.view
	if v == nil {
		return
	}
	if v.total > 0 && !p.list.Visible() && p.u.win.Canvas().Focused() == nil {
		// A hidden list takes no focus, so it gets it with its first rows.
		p.list.Show()
		p.u.win.Canvas().Focus(p.u.list)
	}
	p.headline.SetText(v.headline)
	showIf(p.reconnectAll, v.needs >= 2)
	if v.needs >= 2 {
		p.reconnectAll.SetText(fmt.Sprintf("%s (%d)", wordReconnectAll, v.needs))
	}
	showIf(p.list, v.total > 0)
	showIf(p.empty, v.total == 0)
	showIf(p.noMatch, v.total > 0 && len(v.rows) == 0)
	p.updateFilters()
	p.detail.update()
}

func showIf(o fyne.CanvasObject, show bool) {
	switch {
	case show && !o.Visible():
		o.Show()
	case !show && o.Visible():
		o.Hide()
	}
}

// updateFilters rebuilds the filters when a number or the choice changed.
func (p *accountsPage) updateFilters() {
	v := p.u.view
	if v == nil {
		return
	}
	type item struct {
		id, name string
		n        int
		icon     fyne.Resource
	}
	items := []item{
		{filterAll, wordAll, v.total, theme.ListIcon()},
		{filterNeeds, wordNeedsYou, v.needs, theme.ErrorIcon()},
		{filterSoon, wordSoon, v.soon, theme.HistoryIcon()},
	}
	for _, c := range v.platforms {
		items = append(items, item{c.id, c.name, c.n, nil})
	}
	key := fmt.Sprint(p.u.filter, items)
	if key == p.filterKey {
		return
	}
	p.filterKey = key
	focused := slices.IndexFunc(p.filters.Objects, func(o fyne.CanvasObject) bool { t, ok := o.(*tile); return ok && t.focused })
	p.filters.RemoveAll()
	for _, it := range items {
		var lead fyne.CanvasObject
		if it.icon != nil {
			lead = widget.NewIcon(theme.NewColoredResource(it.icon, colorMuted))
		} else {
			a := newAvatar(20)
			a.set(it.id, "")
			lead = a
		}
		name := newLine(theme.SizeNameText, theme.ColorNameForeground)
		name.text = it.name
		name.style.Bold = it.id == p.u.filter
		number := newLine(theme.SizeNameCaptionText, colorMuted)
		number.text, number.align = strconv.Itoa(it.n), fyne.TextAlignTrailing
		t := newTile(container.New(filterLayout{}, lead, name, number), func() { p.u.setFilter(it.id) })
		t.selected = it.id == p.u.filter
		t.rune, t.key = p.u.typedRune, p.u.typedKey
		p.filters.Add(t)
	}
	if focused >= 0 && focused < len(p.filters.Objects) {
		p.u.win.Canvas().Focus(p.filters.Objects[focused].(*tile))
	}
	p.filters.Refresh()
}

// filterLayout lays a filter out: mark, name, number.
type filterLayout struct{}

func (filterLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(120, 9*gap) }

func (filterLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, w, h float32) {
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
	}
	place(o[0], 3*gap, 5*gap, 5*gap)
	place(o[1], 11*gap, size.Width-11*gap-14*gap, o[1].MinSize().Height)
	place(o[2], size.Width-15*gap, 12*gap, o[2].MinSize().Height)
}

// updateBanners shows what is the matter with the whole.
func (p *accountsPage) updateBanners() {
	u := p.u
	var out []fyne.CanvasObject
	var key strings.Builder
	add := func(t tone, icon fyne.Resource, text string, buttons ...fyne.CanvasObject) {
		fmt.Fprintln(&key, text, len(buttons))
		out = append(out, banner(t, icon, text, buttons...))
	}
	if u.away {
		text := wordAway
		if u.snap == nil {
			text = wordAwayEmpty
		}
		var buttons []fyne.CanvasObject
		if u.cfg.Start != nil {
			buttons = append(buttons, widget.NewButton(wordStart, u.start))
		}
		add(toneBad, theme.ErrorIcon(), text, buttons...)
	}
	if s := u.snap; s != nil {
		if s.Locked != "" {
			add(toneWarn, theme.WarningIcon(), sentence(s.Locked), widget.NewButton(wordUnlock, func() { u.unlock(u.win) }))
		}
		if s.Paused.After(u.now()) {
			add(toneQuiet, theme.MediaPauseIcon(), "Reminders are paused until "+when(s.Paused, u.now())+".",
				widget.NewButton(wordResume, u.resume))
		}
		for _, w := range s.Warnings {
			add(toneWarn, theme.WarningIcon(), sentence(w))
		}
	}
	if n := u.notice; n.text != "" {
		t, icon := toneQuiet, theme.InfoIcon()
		if n.bad {
			t, icon = toneBad, theme.ErrorIcon()
		}
		closer := widget.NewButtonWithIcon("", theme.CancelIcon(), func() { u.say("", false) })
		closer.Importance = widget.LowImportance
		add(t, icon, n.text, closer)
	}
	if key.String() == p.bannerKey {
		return
	}
	p.bannerKey = key.String()
	p.banners.Objects = out
	p.banners.Refresh()
	p.pages.Refresh()
}

// keys binds the window's keyboard.
func (u *ui) keys() {
	c := u.win.Canvas()
	c.SetOnTypedKey(u.typedKey)
	c.SetOnTypedRune(u.typedRune)
	for _, k := range []fyne.KeyName{fyne.KeyR, fyne.KeyComma} {
		sc := &desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierShortcutDefault}
		c.AddShortcut(sc, func(fyne.Shortcut) { u.shortcut(sc) })
	}
}

// shortcut does what a key with Ctrl (or Cmd) means, and reports whether it means anything.
func (u *ui) shortcut(sc *desktop.CustomShortcut) bool {
	if sc.Modifier != fyne.KeyModifierShortcutDefault {
		return false
	}
	switch sc.KeyName {
	case fyne.KeyR:
		u.check(u.selected)
	case fyne.KeyComma:
		u.openSettings(PageSettings)
	default:
		return false
	}
	return true
}

func (u *ui) typedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		u.back()
	case fyne.KeyReturn, fyne.KeyEnter:
		if u.idle() && u.selected != "" {
			u.accounts.detail.focus()
		}
	}
}

func (u *ui) typedRune(r rune) {
	if !u.idle() {
		return
	}
	switch r {
	case '/':
		u.win.Canvas().Focus(u.accounts.search)
	case 'r', 'R':
		if u.selected != "" {
			u.reconnect(u.selected)
		}
	}
}

// idle is true while the list is what the keyboard talks to.
func (u *ui) idle() bool {
	return u.accounts != nil && u.flow == nil && u.connect == nil && u.win.Canvas().Overlays().Top() == nil
}

// back leaves what is in front: a flow, the connect page, the search, the selection.
func (u *ui) back() {
	switch {
	case u.flow != nil:
		u.flow.leave()
	case u.win.Canvas().Overlays().Top() != nil:
		u.win.Canvas().Overlays().Remove(u.win.Canvas().Overlays().Top())
	case u.connect != nil:
		u.connect.back()
	case u.search != "":
		u.accounts.search.SetText("")
	case u.selected != "":
		u.choose("")
		u.win.Canvas().Focus(u.list)
	}
}

// check asks the platform about one account, or about all of them.
func (u *ui) check(id string) {
	var names []string
	text := "Checking all accounts…"
	if row := u.row(id); row != nil {
		names, text = []string{id}, "Checking "+row.Account.Title()+"…"
	}
	u.say(text, false)
	u.run(func(ctx context.Context, s agent.Service) func() {
		results, err := s.Check(ctx, names...)
		return func() {
			if err != nil {
				u.say(said(err), true)
				return
			}
			text, ok := checked(results)
			u.say(text, !ok)
		}
	})
}

func (u *ui) resume() {
	u.act("", func(ctx context.Context, s agent.Service) error { return s.Pause(ctx, zeroTime) })
}

// start starts an agent where none runs.
func (u *ui) start() {
	u.goes(func() {
		if err := u.cfg.Start(u.ctx); err != nil {
			u.post(func() { u.say(said(err), true) })
		}
	})
}
