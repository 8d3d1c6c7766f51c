package window

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// accountsPage is the main screen: a sentence about the whole, filters, the
// list, and the chosen account or the picture of what comes.
type accountsPage struct {
	u *ui

	headline *widget.Label
	// stacked is true where the sentence stands over the buttons, in as many lines as it takes.
	stacked      bool
	buttons      *fyne.Container
	reconnectAll *iconButton
	connect      *iconButton
	practice     *fyne.Container
	// practising is true on the practice network, asked once that is known.
	practising bool
	asked      bool
	banners    *fyne.Container
	bannerKey  string
	// little is true where there is not the room for a button beside a sentence.
	little       bool
	search       *searchEntry
	filters      *fyne.Container
	filterKey    string
	filterButton *pushButton
	// bar is over the list: what is listed and in which order, or what to do with those marked.
	bar      *fyne.Container
	listed   *line
	order    *pushButton
	marked   *widget.Label
	bulk     *fyne.Container
	noMatch  *fyne.Container
	detail   *detail
	coming   *comingPane
	panes    *panes
	firstRun *firstRun
	// list is the panes, empty what is there before the first account; content both and what is above them.
	list, empty *fyne.Container
	content     fyne.CanvasObject
	// pages holds the accounts and, over them, another page.
	pages *fyne.Container
}

// openMain makes the main window.
func (u *ui) openMain() {
	if u.win != nil {
		if u.connect != nil && u.flow == nil {
			u.connect.leave()
		}
		u.closeNotices()
		u.win.Show()
		u.win.RequestFocus()
		return
	}
	u.win = u.app.NewWindow("Relink")
	u.win.SetOnClosed(u.closedMain)
	u.marks, u.anchor = map[string]bool{}, ""
	u.pictures = newPictures(u)
	u.pictures.came = func(id string) {
		u.list.Refresh()
		u.accounts.detail.picture()
		u.accounts.coming.picture(id)
	}
	p := u.fill()
	u.keys()
	size := fyne.NewSize(1240, 760)
	if m := u.memory; m.Width > 0 {
		size = fyne.NewSize(m.Width, m.Height)
	}
	u.win.Resize(size)
	if u.early != nil {
		u.early.until(func() bool { return p.asked && u.view != nil }, earlyWait)
	}
	u.win.Show()
	if u.view == nil {
		u.rebuild(false)
	}
}

// fill makes what the main window holds.
func (u *ui) fill() *accountsPage {
	p := &accountsPage{u: u}
	u.accounts = p
	u.list = newAccountList(u)

	p.headline = widget.NewLabel("")
	p.headline.SizeName, p.headline.TextStyle.Bold = theme.SizeNameSubHeadingText, true
	p.headline.Truncation = fyne.TextTruncateEllipsis
	p.reconnectAll = newIconButton(theme.ViewRefreshIcon(), platform.T(wordReconnectAll), u.reconnectAll)
	p.reconnectAll.Importance = widget.HighImportance
	p.reconnectAll.Hide()
	p.connect = newIconButton(theme.ContentAddIcon(), platform.T(wordConnect), u.showConnect)
	p.connect.Text = platform.T(wordConnect)
	menu := newIconButton(theme.MenuIcon(), platform.T(wordMenu), nil)
	menu.OnTapped = func() { u.popMenu(menu, u.menuItems()...) }
	p.practice = container.NewHBox(container.NewCenter(newTag(platform.T(wordPracticeTag))), spaceOf(gap, 0))
	p.practice.Hide()
	u.run(func(ctx context.Context, s agent.Service) func() {
		about, err := s.About(ctx)
		return func() {
			p.asked = true
			if p.practising = err == nil && about.Sandbox != ""; p.practising {
				p.fit(u.size)
			}
		}
	})
	p.buttons = container.NewCenter(container.NewHBox(p.practice, p.reconnectAll, p.connect, menu))
	header := container.New(header{p}, p.headline, p.buttons)
	p.banners = container.New(layout.NewCustomPaddedVBoxLayout(gap))

	p.search = newSearchEntry(u)
	p.filters = container.New(layout.NewCustomPaddedVBoxLayout(gap / 2))
	side := container.NewVScroll(p.filters)
	p.filterButton = newButtonWithIcon("", theme.ListIcon(), nil)
	p.filterButton.Alignment = widget.ButtonAlignLeading
	p.filterButton.OnTapped = func() { u.popMenu(p.filterButton, p.filterItems()...) }

	p.noMatch = container.NewCenter(emptyNote(platform.T(wordNoMatch)))
	p.noMatch.Hide()
	p.detail = newDetail(u)
	p.coming = newComingPane(u)
	middle := container.NewBorder(container.NewVBox(container.NewStack(p.listBar(), p.bulkBar())), nil, nil, nil, container.NewStack(u.list, p.noMatch))
	p.panes = newPanes(p.search, side, p.filterButton, middle, container.NewStack(p.coming.content, p.detail.content))
	p.list = p.panes.content
	p.list.Hide()
	p.firstRun = newFirstRun(u)
	p.empty = container.NewStack(p.firstRun.content)
	p.empty.Hide()

	p.content = container.NewBorder(
		container.NewVBox(container.New(layout.NewCustomPaddedLayout(2*gap, gap, 2*gap, 2*gap), header),
			container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), p.banners)),
		nil, nil, nil, container.NewStack(p.list, p.empty))
	p.pages = container.NewStack(p.content)
	u.win.SetContent(container.New(&sizeKeeper{u}, p.pages))
	u.win.SetMainMenu(u.mainMenu())
	return p
}

// fit gives the sentence at the top its room where there is little.
func (p *accountsPage) fit(size fyne.Size) {
	little, tight := size.Width < em(twoFrom), size.Width < em(oneFrom)
	if tight != p.little {
		p.little = tight
		p.updateBanners()
		p.updateBar()
	}
	showIf(p.practice, p.practising && !little)
	word, all := platform.T(wordConnect), ""
	if v := p.u.view; v != nil && v.needs >= 2 {
		all = platform.T("Reconnect all (%d)", v.needs)
		p.reconnectAll.name = all
		if little {
			all = strconv.Itoa(v.needs)
		}
	}
	if little {
		word = ""
	}
	if p.connect.Text != word {
		p.connect.SetText(word)
	}
	if p.reconnectAll.Text != all {
		p.reconnectAll.SetText(all)
	}
	p.stack(size.Width, tight)
}

// closedMain forgets the main window; others may live on. A flow goes on in
// the agent, since the browser is still with the person.
func (u *ui) closedMain() {
	u.keep()
	if u.flow != nil {
		u.flow.view.abandon()
	}
	u.win, u.accounts, u.list, u.view, u.flow, u.connect, u.notices = nil, nil, nil, nil, nil, nil, nil
	u.search = ""
}

// listBar says what is listed, and in which order.
func (p *accountsPage) listBar() fyne.CanvasObject {
	p.listed = newLine(theme.SizeNameCaptionText, colorMuted)
	p.order = newButtonWithIcon("", theme.MenuDropDownIcon(), nil)
	p.order.Importance, p.order.IconPlacement = widget.LowImportance, widget.ButtonIconTrailingText
	p.order.OnTapped = func() {
		var items []*fyne.MenuItem
		for _, o := range orders {
			it := fyne.NewMenuItem(platform.T(o.word), func() { p.u.setOrder(o.id) })
			it.Checked = o.id == p.u.order
			items = append(items, it)
		}
		p.u.popMenu(p.order, items...)
	}
	p.bar = container.NewBorder(nil, nil, nil, p.order,
		container.New(layout.NewCustomPaddedLayout(0, 0, 3*gap, 0), container.New(middle{}, p.listed)))
	return p.bar
}

// middle sets one line in the middle of the height.
type middle struct{}

func (middle) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }
func (middle) Layout(o []fyne.CanvasObject, size fyne.Size) {
	h := o[0].MinSize().Height
	o[0].Move(fyne.NewPos(0, (size.Height-h)/2))
	o[0].Resize(fyne.NewSize(size.Width, h))
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
	p.fit(p.u.size)
	p.u.list.fit()
	showIf(p.list, v.total > 0)
	showIf(p.empty, v.total == 0)
	if v.total == 0 {
		p.firstRun.update()
	}
	showIf(p.noMatch, v.total > 0 && len(v.rows) == 0)
	p.updateFilters()
	p.updateBar()
	p.detail.update()
	p.panes.choose(p.u.row(p.u.selected) != nil)
}

func showIf(o fyne.CanvasObject, show bool) {
	switch {
	case show && !o.Visible():
		o.Show()
	case !show && o.Visible():
		o.Hide()
	}
}

// updateBar says what is listed, or what can be done with those marked.
func (p *accountsPage) updateBar() {
	v := p.u.view
	if v == nil {
		return
	}
	text := filterWord(v) + " · " + strconv.Itoa(len(v.rows))
	if v.query.search != "" {
		text = platform.N(len(v.rows), "%d match for “%s”", "%d matches for “%s”", plain(v.query.search))
	}
	if p.little && v.query.search == "" {
		text = "" // the button of the filters, right above, says the same
	}
	p.listed.set(text, colorMuted)
	if word := orderWord(p.u.order); p.order.Text != word {
		p.order.SetText(word)
	}
	n := len(p.u.marks)
	showIf(p.bar, n == 0)
	showIf(p.bulk, n > 0)
	if n > 0 {
		p.marked.SetText(platform.N(n, "%d selected", "%d selected"))
	}
}

// filterWord names what the filter leaves.
func filterWord(v *view) string {
	switch v.query.filter {
	case filterAll:
		return platform.T(wordAllAccounts)
	case filterNeeds:
		return platform.T(wordNeedsYou)
	case filterSoon:
		return platform.T(wordSoon)
	}
	for _, g := range append(slices.Clone(v.platforms), v.labels...) {
		if g.id == v.query.filter {
			return g.name
		}
	}
	return platform.T(wordAllAccounts)
}

// filterItem is one filter as it is offered.
type filterItem struct {
	id, name string
	n        int
	icon     fyne.Resource
	// over is the heading above it, if it begins a group.
	over string
}

func (p *accountsPage) offered() []filterItem {
	v := p.u.view
	if v == nil {
		return nil
	}
	items := []filterItem{
		{filterAll, platform.T(wordAll), v.total, theme.ListIcon(), ""},
		{filterNeeds, platform.T(wordNeedsYou), v.needs, theme.ErrorIcon(), ""},
		{filterSoon, platform.T(wordSoon), v.soon, theme.HistoryIcon(), ""},
	}
	over := platform.T(wordPlatforms)
	for _, c := range v.platforms {
		items = append(items, filterItem{c.id, plain(c.name), c.n, nil, over})
		over = ""
	}
	over = platform.T(wordLabels)
	for _, c := range v.labels {
		items = append(items, filterItem{c.id, plain(c.name), c.n, labelIcon, over})
		over = ""
	}
	return items
}

// filterItems are the filters as a menu, where there is no room at the left.
func (p *accountsPage) filterItems() []*fyne.MenuItem {
	var out []*fyne.MenuItem
	for _, f := range p.offered() {
		if f.over != "" {
			out = append(out, fyne.NewMenuItemSeparator())
		}
		it := fyne.NewMenuItem(f.name+" · "+strconv.Itoa(f.n), func() { p.u.setFilter(f.id) })
		it.Checked = f.id == p.u.filter
		out = append(out, it)
	}
	return out
}

// updateFilters rebuilds the filters when a number or the choice changed.
func (p *accountsPage) updateFilters() {
	items := p.offered()
	key := fmt.Sprint(p.u.filter, theme.TextSize(), items)
	if key == p.filterKey || items == nil {
		return
	}
	p.filterKey = key
	tiles := func() (out []*tile) {
		for _, o := range p.filters.Objects {
			if t, ok := o.(*tile); ok {
				out = append(out, t)
			}
		}
		return out
	}
	focused := slices.IndexFunc(tiles(), func(t *tile) bool { return t.focused })
	p.filters.RemoveAll()
	for _, it := range items {
		if it.over != "" {
			over := newLine(theme.SizeNameCaptionText, colorMuted)
			over.text, over.style.Bold = it.over, true
			p.filters.Add(container.New(layout.NewCustomPaddedLayout(2*gap, gap/2, 3*gap, gap), over))
		}
		var lead fyne.CanvasObject
		if it.icon != nil {
			lead = widget.NewIcon(theme.NewColoredResource(it.icon, colorMuted))
		} else {
			a := newAvatar(5 * gap)
			a.set(it.id, "")
			lead = a
		}
		name := newLine(theme.SizeNameText, theme.ColorNameForeground)
		name.text = it.name
		name.style.Bold = it.id == p.u.filter
		number := newLine(theme.SizeNameCaptionText, colorMuted)
		number.text, number.align = strconv.Itoa(it.n), fyne.TextAlignTrailing
		t := newTile(container.New(filterLayout{}, lead, name, number), func() { p.u.setFilter(it.id) })
		t.name = it.name + ", " + strconv.Itoa(it.n)
		t.selected = it.id == p.u.filter
		t.rune, t.key = p.u.typedRune, p.u.typedKey
		p.filters.Add(t)
		if t.selected {
			p.filterButton.SetText(it.name + " · " + strconv.Itoa(it.n))
		}
	}
	if now := tiles(); focused >= 0 && focused < len(now) {
		p.u.win.Canvas().Focus(now[focused])
	}
	p.filters.Refresh()
}

// filterLayout lays a filter out: mark, name, number.
type filterLayout struct{}

func (filterLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(em(120), max(8*gap, o[1].MinSize().Height+3*gap))
}

func (filterLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, w, h float32) {
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(max(0, w), h))
	}
	number := em(36)
	lead := em(5 * gap)
	place(o[0], 3*gap, lead, lead)
	place(o[1], 6*gap+lead, size.Width-6*gap-lead-number-4*gap, o[1].MinSize().Height)
	place(o[2], size.Width-number-3*gap, number, o[2].MinSize().Height)
}

// updateBanners shows what is the matter with the whole.
func (p *accountsPage) updateBanners() {
	u := p.u
	var out []fyne.CanvasObject
	var key strings.Builder
	fmt.Fprintln(&key, p.little)
	add := func(t tone, icon fyne.Resource, text string, buttons ...fyne.CanvasObject) {
		fmt.Fprintln(&key, text, len(buttons))
		out = append(out, bannerIn(p.little, t, icon, text, buttons...))
	}
	if u.away {
		text := platform.T(wordAway)
		if u.snap == nil {
			text = platform.T(wordAwayEmpty)
		}
		var buttons []fyne.CanvasObject
		if u.skew != "" {
			text = u.skew
		} else if u.cfg.Start != nil {
			buttons = append(buttons, newButton(platform.T(wordStart), u.start))
		}
		add(toneBad, theme.ErrorIcon(), text, buttons...)
	}
	if line := u.lacking(); line != "" {
		add(toneWarn, theme.WarningIcon(), line)
	}
	if s := u.snap; s != nil {
		if s.Locked != "" {
			add(toneWarn, theme.WarningIcon(), sentence(s.Locked), newButton(platform.T(wordUnlock), func() { u.unlock(u.win) }))
		}
		if s.Paused.After(u.now()) {
			add(toneQuiet, theme.MediaPauseIcon(), platform.T("Reminders are paused until %s.", when(s.Paused, u.now())),
				newButton(platform.T(wordResume), u.resume))
		}
		for _, w := range s.Warnings {
			if w == s.AtLogin && (u.login || u.memory.asked(askedLogin)) {
				continue // it is asked below, or was answered
			}
			add(toneWarn, theme.WarningIcon(), sentence(w))
		}
	}
	if u.login {
		add(toneQuiet, theme.QuestionIcon(), platform.T(wordAskLogin), newButton(platform.T(wordNo), func() { u.answerLogin(false) }), primary(platform.T(wordYes), func() { u.answerLogin(true) }))
	}
	if u.job != nil {
		add(toneQuiet, theme.InfoIcon(), u.job.text, newButton(platform.T(wordCancel), u.job.cancel))
	}
	if n := u.notice; n.text != "" {
		t, icon := toneQuiet, theme.InfoIcon()
		if n.bad {
			t, icon = toneBad, theme.ErrorIcon()
		}
		closer := newIconButton(theme.CancelIcon(), platform.T(wordClose), func() { u.say("", false) })
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
