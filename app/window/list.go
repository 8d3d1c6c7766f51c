package window

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// accountList is Fyne's pooling list with a selection that names an account
// and not a place, so that a snapshot may move rows under it.
type accountList struct {
	widget.List
	u       *ui
	rows    []*agent.Row
	focused bool
	// tall is the height the rows were made for.
	tall float32
}

func newAccountList(u *ui) *accountList {
	l := &accountList{u: u}
	l.tall = l.rowHeight()
	l.Length = func() int { return len(l.rows) }
	l.CreateItem = func() fyne.CanvasObject { return newRowView(l) }
	l.UpdateItem = func(i int, o fyne.CanvasObject) {
		if i < len(l.rows) {
			row := l.rows[i]
			id := row.Account.ID
			o.(*rowView).set(row, u.pictures.of(row.Account), u.now(), rowLook{
				selected: id == u.selected, focused: l.focused, marked: u.marks[id], marking: len(u.marks) > 0,
			})
		}
	}
	l.OnSelected = func(i int) {
		// The list's own selection is a place; drop it and keep the account.
		l.Unselect(i)
		if i < len(l.rows) {
			u.choose(l.rows[i].Account.ID)
		}
	}
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// pitch is the distance from one row to the next.
func (l *accountList) pitch() float32 { return l.rowHeight() + theme.Size(theme.SizeNamePadding) }

// stacked reports whether a row's name, state and time are one below the other,
// because the state would leave the name no room beside it.
func (l *accountList) stacked() bool { return l.u.size.Width > 0 && l.u.size.Width < em(rowStacked) }

// rowHeight is that of a row with the text as large and the window as wide as it is.
func (l *accountList) rowHeight() float32 {
	h := rowHeight()
	if l.stacked() {
		h += lineHeight(theme.SizeNameText)
	}
	return h
}

// fit draws the list anew where the window's width gives its rows another height.
func (l *accountList) fit() {
	if l.tall != l.rowHeight() {
		l.Refresh()
	}
}

// Refresh draws the list anew, its place kept where its rows became higher or lower.
func (l *accountList) Refresh() {
	if tall := l.rowHeight(); tall != l.tall {
		padding := theme.Size(theme.SizeNamePadding)
		place := l.GetScrollOffset() / (l.tall + padding)
		l.tall = tall
		l.List.Refresh()
		l.ScrollToOffset(place * l.pitch())
		return
	}
	l.List.Refresh()
}

// swap shows other rows. With keep, the row at the top of the screen stays
// where it is, wherever it went in the order; else the list starts at its top.
func (l *accountList) swap(rows []*agent.Row, keep bool) {
	old, offset := l.rows, l.GetScrollOffset()
	l.rows = rows
	l.Refresh()
	if !keep {
		l.ScrollToOffset(0)
		return
	}
	top := int(math.Floor(float64(offset / l.pitch())))
	if offset <= 0 || top >= len(old) {
		return
	}
	id := old[top].Account.ID
	if top < len(rows) && rows[top].Account.ID == id {
		return
	}
	if i := find(rows, id); i >= 0 {
		l.ScrollToOffset(float32(i)*l.pitch() + offset - float32(top)*l.pitch())
	}
}

// top is the account at the top of the screen; empty at the list's own top.
func (l *accountList) top() string {
	i := int(l.GetScrollOffset() / l.pitch())
	if i <= 0 || i >= len(l.rows) {
		return ""
	}
	return l.rows[i].Account.ID
}

// show scrolls to an account where it is listed.
func (l *accountList) show(id string) {
	if i := find(l.rows, id); i >= 0 {
		l.ScrollTo(i)
	}
}

func (l *accountList) focus() {
	if l.u.win != nil && l.Visible() {
		l.u.win.Canvas().Focus(l)
	}
}

// step moves the selection by n rows.
func (l *accountList) step(n int) {
	if len(l.rows) == 0 {
		return
	}
	at := find(l.rows, l.u.selected)
	switch {
	case at < 0 && n < 0:
		at = len(l.rows) - 1
	case at < 0:
		at = 0
	default:
		at = min(len(l.rows)-1, max(0, at+n))
	}
	l.ScrollTo(at)
	l.u.choose(l.rows[at].Account.ID)
}

func (l *accountList) AccessibilityLabel() string             { return platform.T(wordAllAccounts) }
func (l *accountList) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

func (l *accountList) FocusGained() {
	l.focused = true
	l.Refresh()
}

func (l *accountList) FocusLost() {
	l.focused = false
	l.Refresh()
}

func (l *accountList) TypedKey(e *fyne.KeyEvent) {
	page := max(1, int(l.Size().Height/l.pitch())-1)
	switch e.Name {
	case fyne.KeyDown:
		l.step(1)
	case fyne.KeyUp:
		l.step(-1)
	case fyne.KeyPageDown:
		l.step(page)
	case fyne.KeyPageUp:
		l.step(-page)
	case fyne.KeyHome:
		l.step(-len(l.rows))
	case fyne.KeyEnd:
		l.step(len(l.rows))
	case fyne.KeySpace:
		if id := l.u.selected; id != "" {
			l.u.mark(id, !l.u.marks[id])
		}
	default:
		l.u.typedKey(e)
	}
}

func (l *accountList) TypedRune(r rune) { l.u.typedRune(r) }

// searchEntry is the search field: Esc empties and leaves it, Down goes to the list.
type searchEntry struct {
	widget.Entry
	u *ui
}

func newSearchEntry(u *ui) *searchEntry {
	s := &searchEntry{u: u}
	s.ExtendBaseWidget(s)
	s.SetPlaceHolder(platform.T(wordSearch))
	s.Icon = theme.SearchIcon()
	s.OnChanged = u.setSearch
	return s
}

func (s *searchEntry) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		s.SetText("")
		s.u.list.focus()
	case fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnter:
		s.u.list.focus()
		if find(s.u.list.rows, s.u.selected) < 0 {
			s.u.list.step(1)
		}
	default:
		s.Entry.TypedKey(e)
	}
}

// TypedShortcut hands the window's own shortcuts on, which a focused entry
// would swallow.
func (s *searchEntry) TypedShortcut(sc fyne.Shortcut) {
	if c, ok := sc.(*desktop.CustomShortcut); ok && s.u.shortcut(c) {
		return
	}
	s.Entry.TypedShortcut(sc)
}
