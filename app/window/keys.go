package window

import (
	"context"
	"runtime"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// command is something a person can do by key, by menu, or both.
type command struct {
	word string
	// key without a modifier is a letter typed while the list is in front.
	key      fyne.KeyName
	modifier fyne.KeyModifier
	// sign is what the sheet shows; empty means by key and modifier.
	sign string
	do   func(u *ui)
}

const ctrl = fyne.KeyModifierShortcutDefault

// commands are all there are, in the order of the sheet.
func commands() []command {
	return []command{
		{word: wordSearch, sign: "/", do: func(u *ui) { u.win.Canvas().Focus(u.accounts.search) }},
		{word: wordKeyDetails, sign: wordSignEnter, do: func(u *ui) { u.accounts.detail.focus() }},
		{word: wordReconnect, sign: "R", do: func(u *ui) { u.reconnectEach(u.targets()) }},
		{word: wordCheckNow, key: fyne.KeyR, modifier: ctrl, do: func(u *ui) { u.check(u.targets()) }},
		{word: wordCheckAll, key: fyne.KeyR, modifier: ctrl | fyne.KeyModifierShift, do: func(u *ui) { u.check(nil) }},
		{word: wordRename, key: fyne.KeyF2, do: func(u *ui) { u.accounts.detail.rename() }},
		{word: wordLabels, key: fyne.KeyL, modifier: ctrl, do: func(u *ui) { u.editLabels(u.targets()) }},
		{word: wordMark, sign: wordSignSpace, do: func(u *ui) { u.mark(u.selected, !u.marks[u.selected]) }},
		{word: wordMarkAll, key: fyne.KeyA, modifier: ctrl, do: (*ui).markAll},
		{word: wordExportCSV, key: fyne.KeyE, modifier: ctrl, do: func(u *ui) { u.export(formatCSV) }},
		{word: wordConnectNew, key: fyne.KeyN, modifier: ctrl, do: (*ui).showConnect},
		{word: wordHorizon, sign: "H", do: (*ui).focusHorizon},
		{word: wordNotices, key: fyne.KeyI, modifier: ctrl, do: (*ui).showNotices},
		{word: wordSettings, key: fyne.KeyComma, modifier: ctrl, do: func(u *ui) { u.openSettings(PageSettings) }},
		{word: wordTurnPages, sign: ctrlSign() + platform.T(wordSignPages), do: func(*ui) {}}, // in their own window
		{word: wordLarger, key: fyne.KeyEqual, modifier: ctrl, sign: ctrlSign() + "+", do: func(u *ui) { u.resizeText(textStep) }},
		{word: wordSmaller, key: fyne.KeyMinus, modifier: ctrl, sign: ctrlSign() + "−", do: func(u *ui) { u.resizeText(-textStep) }},
		{word: wordUsualText, key: fyne.Key0, modifier: ctrl, do: func(u *ui) { u.resizeText(0) }},
		{word: wordBackKey, sign: wordSignEsc, do: (*ui).back},
		{word: wordKeys, sign: "?", do: (*ui).showKeys},
		{word: wordCloseWindow, key: fyne.KeyW, modifier: ctrl, do: func(u *ui) { u.win.Close() }},
	}
}

// letters are the keys that are typed as text.
var letters = map[rune]string{'/': "/", 'r': "R", 'R': "R", 'h': "H", 'H': "H", '?': "?"}

func ctrlSign() string {
	if runtime.GOOS == "darwin" {
		return "⌘"
	}
	return platform.T("Ctrl+")
}

// signOf is a command's key as people read it.
func signOf(c command) string {
	if c.sign != "" {
		return platform.T(c.sign)
	}
	out := ""
	if c.modifier&ctrl != 0 {
		out = ctrlSign()
	}
	if c.modifier&fyne.KeyModifierShift != 0 {
		out += map[bool]string{true: "⇧", false: platform.T("Shift+")}[runtime.GOOS == "darwin"]
	}
	return out + string(c.key)
}

func (c command) shortcut() *desktop.CustomShortcut {
	return &desktop.CustomShortcut{KeyName: c.key, Modifier: c.modifier}
}

// keys binds the window's keyboard.
func (u *ui) keys() {
	c := u.win.Canvas()
	c.SetOnTypedKey(u.typedKey)
	c.SetOnTypedRune(u.typedRune)
	for _, cmd := range commands() {
		if cmd.modifier != 0 {
			sc := cmd.shortcut()
			c.AddShortcut(sc, func(fyne.Shortcut) { u.shortcut(sc) })
		}
	}
	for _, sc := range larger {
		c.AddShortcut(&sc, func(fyne.Shortcut) { u.shortcut(&sc) })
	}
	// Some systems make Ctrl+A a shortcut of its own kind.
	c.AddShortcut(&fyne.ShortcutSelectAll{}, func(fyne.Shortcut) {
		if u.idle() {
			u.markAll()
		}
	})
}

// larger are the other keys that have a + on keyboards of the world.
var larger = []desktop.CustomShortcut{
	{KeyName: fyne.KeyEqual, Modifier: ctrl | fyne.KeyModifierShift},
	{KeyName: fyne.KeyPlus, Modifier: ctrl},
	{KeyName: fyne.KeyPlus, Modifier: ctrl | fyne.KeyModifierShift},
}

// anywhere are the shortcuts that work while something else is in front.
func anywhere(c command) bool {
	switch c.key {
	case fyne.KeyEqual, fyne.KeyMinus, fyne.Key0, fyne.KeyW, fyne.KeyComma:
		return true
	}
	return false
}

// shortcut does what a key with Ctrl (or Cmd) means, and reports whether it means anything.
func (u *ui) shortcut(sc *desktop.CustomShortcut) bool {
	if slices.Contains(larger, *sc) {
		sc = &desktop.CustomShortcut{KeyName: fyne.KeyEqual, Modifier: ctrl}
	}
	for _, c := range commands() {
		if c.modifier != 0 && c.key == sc.KeyName && c.modifier == sc.Modifier {
			if u.idle() || anywhere(c) {
				c.do(u)
			}
			return true
		}
	}
	return false
}

func (u *ui) typedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		u.back()
	case fyne.KeyReturn, fyne.KeyEnter:
		if u.flow != nil {
			u.flow.view.typed(e)
		} else if u.idle() && u.selected != "" {
			u.accounts.detail.focus()
		}
	case fyne.KeyF2:
		if u.idle() && u.selected != "" {
			u.accounts.detail.rename()
		}
	}
}

func (u *ui) typedRune(r rune) {
	sign, ok := letters[r]
	if !ok || !u.idle() {
		return
	}
	for _, c := range commands() {
		if c.sign == sign && (sign != "R" || len(u.targets()) > 0) {
			c.do(u)
		}
	}
}

// idle is true while the list is what the keyboard talks to.
func (u *ui) idle() bool {
	return u.accounts != nil && u.flow == nil && u.connect == nil && u.notices == nil && u.win.Canvas().Overlays().Top() == nil
}

// back leaves what is in front: a flow, another page, the search, those marked, the selection.
func (u *ui) back() {
	if u.accounts == nil {
		return
	}
	top := u.win.Canvas().Overlays().Top()
	switch {
	case u.flow != nil:
		u.flow.leave()
	case top != nil:
		u.win.Canvas().Overlays().Remove(top)
	case u.connect != nil:
		u.connect.back()
	case u.notices != nil:
		u.closeNotices()
	case u.search != "":
		u.accounts.search.SetText("")
	case len(u.marks) > 0:
		u.unmark()
	case u.selected != "":
		u.choose("")
		u.list.focus()
	}
}

// targets are the accounts that an act is for: those marked, else the one
// chosen; nil when there is none.
func (u *ui) targets() []string {
	if len(u.marks) > 0 {
		return u.markedIDs()
	}
	if u.row(u.selected) != nil {
		return []string{u.selected}
	}
	return nil
}

// showKeys is the sheet of all shortcuts.
func (u *ui) showKeys() {
	grid := container.New(layout.NewFormLayout())
	wide := em(104)
	for _, c := range commands() {
		wide = max(wide, fyne.MeasureText(signOf(c), theme.TextSize(), fyne.TextStyle{Monospace: true}).Width+1)
	}
	for _, c := range commands() {
		sign := newLine(theme.SizeNameText, theme.ColorNameForeground)
		sign.text, sign.style.Monospace, sign.align = signOf(c), true, fyne.TextAlignTrailing
		word := newLine(theme.SizeNameText, theme.ColorNameForeground)
		word.text = platform.T(c.word)
		grid.Add(least(wide, em(24), container.New(middle{}, sign)))
		grid.Add(least(em(232), em(24), container.New(layout.NewCustomPaddedLayout(0, 0, 3*gap, 0), container.New(middle{}, word))))
	}
	m := newModal(platform.T(wordKeys), scrolled(grid), u.win)
	m.with(primary(platform.T(wordClose), m.hide))
	m.resize(fyne.NewSize(em(420), em(600)))
	m.show()
}

// menuItems is the window's menu, with the keys beside what it offers.
func (u *ui) menuItems() []*fyne.MenuItem {
	item := func(word string) *fyne.MenuItem {
		for _, c := range commands() {
			if c.word == word {
				it := fyne.NewMenuItem(platform.T(word), func() { c.do(u) })
				if c.modifier != 0 {
					it.Shortcut = c.shortcut()
				}
				return it
			}
		}
		return fyne.NewMenuItem(platform.T(word), nil)
	}
	text := fyne.NewMenuItem(platform.T(wordTextSize), nil)
	text.ChildMenu = fyne.NewMenu("", item(wordLarger), item(wordSmaller), item(wordUsualText))
	export := fyne.NewMenuItem(platform.T(wordExport), nil)
	export.ChildMenu = fyne.NewMenu("", u.exportItems()...)
	return []*fyne.MenuItem{
		item(wordConnectNew), item(wordCheckAll), export,
		fyne.NewMenuItemSeparator(),
		item(wordNotices), item(wordSettings), text,
		fyne.NewMenuItemSeparator(),
		item(wordKeys),
		fyne.NewMenuItem(platform.T(wordAbout), func() { u.openSettings(PageAbout) }),
	}
}

// mainMenu is the same where the system has a bar for it; elsewhere the button
// at the top right is calmer.
func (u *ui) mainMenu() *fyne.MainMenu {
	if runtime.GOOS != "darwin" {
		return nil
	}
	return fyne.NewMainMenu(fyne.NewMenu("Relink", u.menuItems()...))
}

// popMenu shows a menu under what was clicked, within the window.
func (u *ui) popMenu(at fyne.CanvasObject, items ...*fyne.MenuItem) {
	widget.ShowPopUpMenuAtRelativePosition(keyed(items), u.win.Canvas(), fyne.NewPos(0, at.Size().Height), at)
}

// keyed is a menu with its keys in a column of their own. Fyne writes them in
// the colour of shadows, which can hardly be read.
func keyed(items []*fyne.MenuItem) *fyne.Menu {
	width := func(s string) float32 { return fyne.MeasureText(s, theme.TextSize(), fyne.TextStyle{}).Width }
	sign := func(it *fyne.MenuItem) string {
		if sc, ok := it.Shortcut.(*desktop.CustomShortcut); ok {
			for _, c := range commands() {
				if c.modifier != 0 && c.key == sc.KeyName && c.modifier == sc.Modifier {
					return signOf(c)
				}
			}
		}
		return ""
	}
	widest := float32(0)
	for _, it := range items {
		if sign(it) != "" {
			widest = max(widest, width(it.Label))
		}
	}
	out := make([]*fyne.MenuItem, 0, len(items))
	for _, it := range items {
		if key := sign(it); key != "" {
			c := *it
			c.Shortcut = nil
			c.Label = padded(c.Label, widest+8*gap, width) + key
			it = &c
		}
		out = append(out, it)
	}
	return fyne.NewMenu("", out...)
}

// padded fills s up to a width, to a pixel or so. Fyne garbles a text with tabs
// in which not every letter is one byte long.
func padded(s string, to float32, width func(string) float32) string {
	const space, hair = " ", "\u200a"
	for _, fill := range []string{space, hair} {
		// Each is measured where it stands: it takes the font of what is before it.
		for range 200 {
			if width(s+fill+".")-width(".") > to {
				break
			}
			s += fill
		}
	}
	return s
}

// resizeText makes the text larger or smaller by per cent; 0 makes it the usual size.
func (u *ui) resizeText(by int) {
	now := u.memory.Text
	if now == 0 {
		now = textUsual
	}
	next := textUsual
	if by != 0 {
		next = min(textMost, max(textLeast, now+by))
	}
	if next == now {
		return
	}
	u.memory.Text = next
	u.applyText()
	u.keep()
}

// applyText puts the size of the text into effect.
func (u *ui) applyText() {
	l := newLook().(look)
	if u.memory.Text != 0 {
		l.text = float32(u.memory.Text) / 100
	}
	l.letters = u.letters
	var t fyne.Theme = l
	if u.variant != nil {
		t = u.variant(t)
	}
	u.app.Settings().SetTheme(t)
	if u.accounts != nil {
		u.list.Refresh()
		u.accounts.detail.redraw()
		u.accounts.coming.redraw()
		u.accounts.update()
		u.accounts.fit(u.size)
		u.win.Content().Refresh()
	}
}

// check asks the platforms about accounts; none means all of them.
func (u *ui) check(ids []string) {
	text := platform.T(wordCheckingAll)
	switch {
	case len(ids) == 1:
		if row := u.row(ids[0]); row != nil {
			text = platform.T("Checking %s…", row.Account.Title())
		}
	case len(ids) > 1:
		text = platform.N(len(ids), "Checking %d account…", "Checking %d accounts…")
	}
	u.long(text, func(ctx context.Context, s agent.Service) func() {
		results, err := s.Check(ctx, ids...)
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
