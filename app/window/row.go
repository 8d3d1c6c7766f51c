package window

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

const (
	rowHeight   float32 = 72
	rowAvatar   float32 = 40
	rowName     float32 = 112 // least width of the names
	rowTime     float32 = 236 // state, bar and time
	rowButton   float32 = 100
	rowMinWidth         = 7*gap + rowAvatar + rowName + 3*gap + rowButton + 4*gap + rowTime + 4*gap
)

// rowView is one account in the list. Rows are pooled by the list: set gives
// the same widget another account.
type rowView struct {
	widget.BaseWidget
	row *agent.Row

	ground *canvas.Rectangle
	avatar *avatar
	title  *line
	under  *line
	chip   *chip
	source *line
	bar    *lifeBar
	time   *line
	button *widget.Button
	// selected and focused draw the ground.
	selected, focused bool
}

func newRowView(reconnect func(id string)) *rowView {
	r := &rowView{
		ground: &canvas.Rectangle{CornerRadius: 6},
		avatar: newAvatar(rowAvatar),
		title:  newLine(theme.SizeNameText, theme.ColorNameForeground),
		under:  newLine(theme.SizeNameCaptionText, colorMuted),
		chip:   newChip(),
		source: newLine(theme.SizeNameCaptionText, colorMuted),
		bar:    newLifeBar(),
		time:   newLine(theme.SizeNameCaptionText, theme.ColorNameForeground),
	}
	r.title.style.Bold = true
	r.source.align = fyne.TextAlignTrailing
	r.button = widget.NewButton(wordReconnect, func() {
		if r.row != nil {
			reconnect(r.row.Account.ID)
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

func (r *rowView) set(row *agent.Row, now time.Time, selected, focused bool) {
	r.row, r.selected, r.focused = row, selected, focused
	a, s := row.Account, row.Status
	t := toneOf(s.State)
	r.avatar.set(a.Platform, shortTitle(a))
	r.title.set(shortTitle(a), theme.ColorNameForeground)
	r.under.set(under(a), colorMuted)
	r.chip.set(s.State)
	source, color := sourceWord(row), colorMuted
	if !row.UnreachableSince.IsZero() {
		source, color = wordUnreachable, theme.ColorNameWarning
	}
	r.source.set(source, color)
	r.time.set(deadlineLine(row, now), theme.ColorNameForeground)
	barColor := t.color
	if s.State == platform.StateConnected || s.State == platform.StateLimited {
		barColor = theme.ColorNamePrimary
	}
	r.bar.set(lifeUsed(s, s.Deadline.At.Sub(now).Seconds()), barColor)

	text, importance := wordReconnect, widget.MediumImportance
	switch {
	case row.Flow != "":
		text = wordWaiting
	case s.State.NeedsPerson():
		importance = widget.HighImportance
	}
	if r.button.Text != text || r.button.Importance != importance {
		r.button.Text, r.button.Importance = text, importance
		r.button.Refresh()
	}
	if show := offersReconnect(row); show != r.button.Visible() {
		if show {
			r.button.Show()
		} else {
			r.button.Hide()
		}
	}
	r.Refresh()
}

func (r *rowView) CreateRenderer() fyne.WidgetRenderer {
	v := &rowRenderer{rowView: r}
	v.objects = []fyne.CanvasObject{r.ground, r.avatar, r.title, r.under, r.chip, r.source, r.bar, r.time, r.button}
	v.Refresh()
	return v
}

type rowRenderer struct {
	*rowView
	objects []fyne.CanvasObject
}

func (r *rowRenderer) Destroy()                     {}
func (r *rowRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *rowRenderer) MinSize() fyne.Size           { return fyne.NewSize(rowMinWidth, rowHeight) }

func (r *rowRenderer) Layout(size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	place(r.ground, 0, 0, size.Width, size.Height)
	place(r.avatar, 3*gap, (size.Height-rowAvatar)/2, rowAvatar, rowAvatar)

	times := size.Width - 4*gap - rowTime
	chip := min(r.chip.MinSize().Width, rowTime)
	place(r.chip, times, 2*gap, chip, chipHeight)
	place(r.source, times+chip+2*gap, 2*gap+2, rowTime-chip-2*gap, chipHeight-2)
	h := r.time.MinSize().Height
	place(r.time, times, 8*gap, rowTime, h)
	place(r.bar, times, size.Height-4*gap, rowTime, gap)

	x := 3*gap + rowAvatar + 4*gap
	w := times - 4*gap - x
	if r.button.Visible() {
		// The button stands beside the names, which have its room where there is none.
		button := r.button.MinSize().Height
		place(r.button, times-4*gap-rowButton, (size.Height-button)/2, rowButton, button)
		w -= rowButton + 3*gap
	}
	th, uh := r.title.MinSize().Height, r.under.MinSize().Height
	top := (size.Height - th - uh - gap/2) / 2
	place(r.title, x, top, w, th)
	place(r.under, x, top+th+gap/2, w, uh)
}

func (r *rowRenderer) Refresh() {
	switch {
	case r.selected:
		r.ground.FillColor = paint(theme.ColorNameSelection)
		r.ground.Show()
	default:
		r.ground.Hide()
	}
	r.ground.StrokeWidth = 0
	if r.selected && r.focused {
		r.ground.StrokeColor, r.ground.StrokeWidth = paint(theme.ColorNamePrimary), 1.5
	}
	// The chip's width follows its word.
	r.Layout(r.Size())
	canvas.Refresh(r.rowView)
}
