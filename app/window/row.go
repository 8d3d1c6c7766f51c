package window

import (
	"image"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// The row's measures at the usual size of text.
const (
	rowAvatar float32 = 40
	rowName   float32 = 136 // least width of the names beside the columns
	rowTime   float32 = 272 // state, time and bar
	rowButton float32 = 108
	// rowFloor is the width below which a row is not laid out well any more.
	rowFloor float32 = 240
	// rowStacked is the width of a window below which a row's state stands under its name.
	rowStacked float32 = 320
)

// rowHeight is that of three lines and a bar, with the text as large as it is.
func rowHeight() float32 {
	caption := lineHeight(theme.SizeNameCaptionText)
	return max(16*gap, float32(math.Ceil(float64(2*gap+chipHeight()+gap+caption+gap+gap+2*gap))))
}

// buttonWidth is that of the longer of a row's two words, in any language.
func buttonWidth() float32 {
	size, bold := theme.Size(theme.SizeNameText), fyne.TextStyle{Bold: true}
	words := max(fyne.MeasureText(platform.T(wordReconnect), size, bold).Width, fyne.MeasureText(platform.T(wordWaiting), size, bold).Width)
	return max(em(rowButton), float32(math.Ceil(float64(words)))+3*theme.Size(theme.SizeNameInnerPadding))
}

// lineHeight is the height of one line of text.
func lineHeight(size fyne.ThemeSizeName) float32 {
	return fyne.MeasureText("M", theme.Size(size), fyne.TextStyle{}).Height
}

// rowView is one account in the list. Rows are pooled by the list: set gives
// the same widget another account.
type rowView struct {
	widget.BaseWidget
	row  *agent.Row
	list *accountList

	ground *canvas.Rectangle
	edge   *canvas.Rectangle
	avatar *avatar
	tick   *widget.Icon
	title  *line
	under  *line
	chip   *chip
	source *line
	bar    *lifeBar
	time   *line
	button *pushButton
	// selected and focused draw the ground; marked is one of several chosen, and
	// marking says that there are some.
	selected, focused, marked, marking bool
	hovered                            bool
	// rest ends what a pointer that rests lights up; nil before the first one came.
	rest     *time.Timer
	modifier fyne.KeyModifier
}

func newRowView(l *accountList) *rowView {
	r := &rowView{
		list:   l,
		ground: &canvas.Rectangle{CornerRadius: 6},
		edge:   &canvas.Rectangle{CornerRadius: 2},
		avatar: newAvatar(rowAvatar),
		tick:   widget.NewIcon(nil),
		title:  newLine(theme.SizeNameText, theme.ColorNameForeground),
		under:  newLine(theme.SizeNameCaptionText, colorMuted),
		chip:   newChip(),
		source: newLine(theme.SizeNameCaptionText, colorMuted),
		bar:    newLifeBar(),
		time:   newLine(theme.SizeNameCaptionText, theme.ColorNameForeground),
	}
	r.title.style.Bold = true
	r.source.align = fyne.TextAlignTrailing
	r.button = newButton(platform.T(wordReconnect), func() {
		if r.row != nil {
			l.u.reconnect(r.row.Account.ID)
		}
	})
	r.ExtendBaseWidget(r)
	return r
}

// offersReconnect reports whether a row's button makes sense.
func offersReconnect(r *agent.Row) bool {
	s := r.Status.State
	return s.NeedsPerson() || s == platform.StateExpiring || r.Flow != ""
}

// rowLook is how a row is drawn beside what it holds.
type rowLook struct{ selected, focused, marked, marking bool }

func (r *rowView) set(row *agent.Row, picture image.Image, now time.Time, look rowLook) {
	r.row, r.selected, r.focused, r.marked, r.marking = row, look.selected, look.focused, look.marked, look.marking
	a, s := row.Account, row.Status
	t := toneOf(s.State)
	r.avatar.set(a.Platform, shortTitle(a))
	r.avatar.setPicture(picture)
	r.title.set(shortTitle(a), theme.ColorNameForeground)
	r.under.set(underLabels(a), colorMuted)
	r.chip.set(s.State)
	source, color := sourceWord(row), colorMuted
	switch {
	case !row.UnreachableSince.IsZero():
		source, color = platform.T(wordUnreachable), theme.ColorNameWarning
	case a.Snoozed.After(now):
		source = platform.T(wordSnoozed)
	}
	r.source.set(source, color)
	full, brief := deadlineLines(row, now)
	r.time.setEither(full, brief, theme.ColorNameForeground)
	barColor := t.color
	if s.State == platform.StateConnected || s.State == platform.StateLimited {
		barColor = theme.ColorNamePrimary
	}
	r.bar.set(lifeUsed(s, s.Deadline.At.Sub(now).Seconds()), barColor)

	text := platform.T(wordReconnect)
	if row.Flow != "" {
		text = platform.T(wordWaiting)
	}
	if r.button.Text != text {
		r.button.SetText(text)
	}
	r.Refresh()
}

// tickReaches is how far from the left edge a click marks the row.
func tickReaches() float32 { return 3*gap + em(rowAvatar) + gap }

func (r *rowView) MouseDown(e *desktop.MouseEvent) { r.modifier = e.Modifier }
func (r *rowView) MouseUp(*desktop.MouseEvent)     {}

func (r *rowView) MouseIn(*desktop.MouseEvent)    { r.hover(true) }
func (r *rowView) MouseMoved(*desktop.MouseEvent) { r.hover(true) }
func (r *rowView) MouseOut()                      { r.hover(false) }

// rests is how long a row stays lit under a pointer that does not move. Fyne
// does not tell when the pointer leaves the window, which may be over the list's
// edge: a row would stay lit until it comes back.
const rests = 4 * time.Second

func (r *rowView) hover(on bool) {
	if on {
		if r.rest == nil {
			r.rest = time.AfterFunc(rests, func() { r.list.u.post(func() { r.hover(false) }) })
		} else {
			r.rest.Reset(rests)
		}
	} else if r.rest != nil {
		r.rest.Stop()
	}
	if r.hovered != on {
		r.hovered = on
		r.Refresh()
	}
}

func (r *rowView) Tapped(e *fyne.PointEvent) {
	if r.row == nil {
		return
	}
	modifier := r.modifier
	r.modifier = 0
	id := r.row.Account.ID
	r.list.focus()
	switch {
	case modifier&fyne.KeyModifierShift != 0:
		r.list.u.markTo(id)
	case modifier&fyne.KeyModifierShortcutDefault != 0, e.Position.X < tickReaches() && (r.marking || r.hovered):
		r.list.u.mark(id, !r.list.u.marks[id])
	default:
		r.list.u.choose(id)
	}
}

func (r *rowView) TappedSecondary(e *fyne.PointEvent) {
	if r.row == nil {
		return
	}
	u := r.list.u
	u.choose(r.row.Account.ID)
	widget.ShowPopUpMenuAtPosition(keyed(u.accountItems(r.row.Account.ID)), u.win.Canvas(), e.AbsolutePosition)
}

// AccessibilityLabel is the row as it would be read out.
func (r *rowView) AccessibilityLabel() string {
	if r.row == nil {
		return ""
	}
	return r.title.text + ", " + r.under.text + ", " + r.row.Status.State.Word() + ", " + r.time.text
}

func (r *rowView) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (r *rowView) CreateRenderer() fyne.WidgetRenderer {
	v := &rowRenderer{rowView: r}
	v.objects = []fyne.CanvasObject{r.ground, r.edge, r.avatar, r.tick, r.title, r.under, r.chip, r.source, r.bar, r.time, r.button}
	v.Refresh()
	return v
}

type rowRenderer struct {
	*rowView
	objects []fyne.CanvasObject
}

func (r *rowRenderer) Destroy()                     {}
func (r *rowRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *rowRenderer) MinSize() fyne.Size           { return fyne.NewSize(rowFloor, r.list.rowHeight()) }

func (r *rowRenderer) Layout(size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), h))
	}
	place(r.ground, 0, 0, size.Width, size.Height)
	place(r.edge, 0, 2*gap, 3, size.Height-4*gap)
	face, tick := em(rowAvatar), em(6*gap)
	place(r.avatar, 3*gap, (size.Height-face)/2, face, face)
	place(r.tick, 3*gap+(face-tick)/2, (size.Height-tick)/2, tick, tick)

	x, right := 3*gap+face+3*gap, size.Width-3*gap
	th, uh := r.title.MinSize().Height, r.under.MinSize().Height
	times, button := em(rowTime), buttonWidth()
	offers := r.row != nil && offersReconnect(r.row)
	chip := min(r.chip.MinSize().Width, times)
	if right-x >= em(rowName)+4*gap+times+4*gap+button {
		// In columns, which stand where they stand whether a row has a button or not.
		showIf(r.button, offers)
		showIf(r.source, true)
		showIf(r.under, true)
		bh := r.button.MinSize().Height
		place(r.button, right-button, (size.Height-bh)/2, button, bh)
		at := right - button - 4*gap - times
		place(r.chip, at, 2*gap, chip, chipHeight())
		place(r.source, at+chip+2*gap, 2*gap+(chipHeight()-uh)/2, times-chip-2*gap, uh)
		place(r.time, at, 2*gap+chipHeight()+gap, times, uh)
		place(r.bar, at, size.Height-3*gap, times, gap)
		top := (size.Height - th - uh - gap/2) / 2
		place(r.title, x, top, at-4*gap-x, th)
		place(r.under, x, top+th+gap/2, at-4*gap-x, uh)
		return
	}
	// In little room the time stands under the name, and the names of lesser use go.
	showIf(r.source, false)
	showIf(r.under, false)
	offers = offers && right-x >= em(rowName)+chip+button+6*gap
	showIf(r.button, offers)
	if offers {
		bh := r.button.MinSize().Height
		place(r.button, right-button, (size.Height-bh)/2, button, bh)
		right -= button + 3*gap
	}
	place(r.source, x, 0, 0, 0)
	place(r.under, x, 0, 0, 0)
	if r.list.stacked() {
		place(r.title, x, 2*gap, right-x, th)
		place(r.chip, x, 2*gap+th, min(r.chip.MinSize().Width, right-x), chipHeight())
		place(r.time, x, 2*gap+th+chipHeight()+gap, right-x, uh)
		place(r.bar, x, size.Height-3*gap, right-x, gap)
		return
	}
	// The state is whole, the name gets the rest.
	chip = min(r.chip.MinSize().Width, right-x)
	place(r.chip, right-chip, 2*gap, chip, chipHeight())
	place(r.title, x, 2*gap+(chipHeight()-th)/2, right-chip-2*gap-x, th)
	place(r.time, x, 2*gap+chipHeight()+gap, right-x, uh)
	place(r.bar, x, size.Height-3*gap, right-x, gap)
}

func (r *rowRenderer) Refresh() {
	fill := fyne.ThemeColorName("")
	switch {
	case r.selected, r.marked:
		fill = theme.ColorNameSelection
	case r.hovered:
		fill = theme.ColorNameHover
	}
	showIf(r.ground, fill != "")
	if fill != "" {
		r.ground.FillColor = paint(fill)
	}
	r.ground.StrokeWidth = 0
	if r.selected && r.focused {
		r.ground.StrokeColor, r.ground.StrokeWidth = paint(theme.ColorNamePrimary), 1.5
	}
	showIf(r.edge, r.selected && !r.focused)
	r.edge.FillColor = paint(theme.ColorNamePrimary)
	marks := r.marked || r.marking || r.hovered
	showIf(r.tick, marks)
	showIf(r.avatar, !marks)
	if marks {
		var icon fyne.Resource = theme.NewColoredResource(theme.CheckButtonIcon(), colorMuted)
		if r.marked {
			icon = theme.NewPrimaryThemedResource(theme.CheckButtonCheckedIcon())
		}
		r.tick.SetResource(icon)
	}
	// The chip's width follows its word.
	r.Layout(r.Size())
	canvas.Refresh(r.rowView)
}
