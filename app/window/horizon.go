package window

import (
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

// shape is how a deadline is marked, so that colour only repeats what the
// form says.
type shape int

const (
	shapeLater shape = iota // a circle: all is well until then
	shapeSoon               // a triangle: within the first reminder
	shapeOver               // a square: over, or somebody is needed
	shapeMore               // a bar: more than there is room for
)

func shapeOf(r *agent.Row) shape {
	switch s := r.Status.State; {
	case s.NeedsPerson():
		return shapeOver
	case s == platform.StateExpiring:
		return shapeSoon
	}
	return shapeLater
}

// spot is one mark: the accounts it stands for and its middle.
type spot struct {
	rows  []*agent.Row
	shape shape
	// hollow is a date that nobody said, only assumed.
	hollow bool
	x, y   float32
}

// scale is the time line's geometry.
type plotScale struct {
	now time.Time
	// zero is where now is, day the width of one, pitch the distance of marks.
	zero, day, pitch float32
	// base is the line the marks stand on.
	base float32
}

func (s plotScale) x(at time.Time) float32 {
	return s.zero + float32(at.Sub(s.now).Hours()/24)*s.day
}

// spots puts the marks of rows, soonest first, into a picture of this size:
// what is over stands left of now, what falls together is stacked, and what
// finds no room in its stack becomes one mark that says how many.
func (s plotScale) spots(rows []*agent.Row, size fyne.Size) []spot {
	room := max(1, int(s.base/s.pitch))
	columns := max(1, int((size.Width-s.zero)/s.pitch))
	type column struct{ rows []*agent.Row }
	stacks := make([]column, columns+1) // the first one is what is over
	for _, r := range rows {
		i := 0
		if at := r.Status.Deadline.At; at.After(s.now) {
			i = min(columns, 1+int((s.x(at)-s.zero)/s.pitch))
		}
		stacks[i].rows = append(stacks[i].rows, r)
	}
	var out []spot
	for i, c := range stacks {
		x := s.zero + (float32(i)-0.5)*s.pitch
		for k, r := range c.rows {
			p := spot{rows: c.rows[k : k+1], shape: shapeOf(r), hollow: r.Status.Deadline.Source == platform.SourceAssumed, x: x, y: s.base - (float32(k)+0.5)*s.pitch}
			if k == room-1 && len(c.rows) > room {
				p.rows, p.shape, p.hollow = c.rows[k:], shapeMore, false
			}
			out = append(out, p)
			if p.shape == shapeMore {
				break
			}
		}
	}
	return out
}

// timeline is the picture of the next 90 days: today at the left, a mark for
// each deadline. Pointing at a mark names it, a click chooses its account, and
// so do the arrow keys and Enter.
type timeline struct {
	widget.BaseWidget
	u    *ui
	rows []*agent.Row
	now  time.Time
	// at is the mark pointed at, by mouse or keyboard; -1 is none.
	at      int
	focused bool
	spots   []spot
	scale   plotScale
	// named is told what is pointed at; nil is nothing.
	named func(*spot)
}

func newTimeline(u *ui, named func(*spot)) *timeline {
	t := &timeline{u: u, at: -1, named: named}
	t.ExtendBaseWidget(t)
	return t
}

// set shows other deadlines, soonest first.
func (t *timeline) set(rows []*agent.Row, now time.Time) {
	var held string
	if t.at >= 0 && t.at < len(t.spots) {
		held = t.spots[t.at].rows[0].Account.ID
	}
	t.rows, t.now = rows, now
	t.lay(t.Size())
	t.at = -1
	for i, s := range t.spots {
		if s.rows[0].Account.ID == held {
			t.at = i
		}
	}
	t.Refresh()
	t.name()
}

// The picture's measures.
const (
	plotMark   float32 = 10
	plotGap    float32 = 3
	plotLabels float32 = 20 // under the line, at the usual size of text
)

func (t *timeline) lay(size fyne.Size) {
	pitch := plotMark + plotGap
	s := plotScale{now: t.now, pitch: pitch, zero: 2 * pitch, base: size.Height - em(plotLabels)}
	s.day = max(0.1, (size.Width-s.zero-pitch)/float32(horizon.Hours()/24))
	t.scale = s
	t.spots = s.spots(t.rows, size)
}

func (t *timeline) name() {
	if t.named == nil {
		return
	}
	if t.at < 0 || t.at >= len(t.spots) {
		t.named(nil)
		return
	}
	t.named(&t.spots[t.at])
}

// point names the mark at a place; -1 is none.
func (t *timeline) point(i int) {
	if t.at != i {
		t.at = i
		t.Refresh()
		t.name()
	}
}

// find is the mark at a point, -1 where there is none near.
func (t *timeline) find(p fyne.Position) int {
	best, near := -1, float64(t.scale.pitch)
	for i, s := range t.spots {
		if d := math.Hypot(float64(s.x-p.X), float64(s.y-p.Y)); d < near {
			best, near = i, d
		}
	}
	return best
}

// open chooses what a mark stands for: its account, or the list in the order of ends.
func (t *timeline) open(i int) {
	if i < 0 || i >= len(t.spots) {
		return
	}
	if s := t.spots[i]; s.shape == shapeMore {
		t.u.setOrder(orderEnd)
		t.u.list.show(s.rows[0].Account.ID)
	} else {
		t.u.choose(s.rows[0].Account.ID)
		t.u.list.show(s.rows[0].Account.ID)
		t.u.list.focus()
	}
}

func (t *timeline) MouseIn(e *desktop.MouseEvent)    { t.point(t.find(e.Position)) }
func (t *timeline) MouseMoved(e *desktop.MouseEvent) { t.point(t.find(e.Position)) }
func (t *timeline) MouseOut()                        { t.point(-1) }
func (t *timeline) Tapped(e *fyne.PointEvent)        { t.open(t.find(e.Position)) }

func (t *timeline) Cursor() desktop.Cursor {
	if t.at >= 0 {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

func (t *timeline) AccessibilityLabel() string             { return platform.T(wordHorizonTitle) }
func (t *timeline) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

func (t *timeline) FocusGained() {
	t.focused = true
	if t.at < 0 && len(t.spots) > 0 {
		t.at = 0
	}
	t.Refresh()
	t.name()
}

func (t *timeline) FocusLost() {
	t.focused = false
	t.point(-1)
	t.Refresh()
}

func (t *timeline) TypedRune(r rune) { t.u.typedRune(r) }

func (t *timeline) TypedKey(e *fyne.KeyEvent) {
	last := len(t.spots) - 1
	if last < 0 {
		t.u.typedKey(e)
		return
	}
	switch e.Name {
	case fyne.KeyRight:
		t.point(min(last, t.at+1))
	case fyne.KeyLeft:
		t.point(max(0, t.at-1))
	case fyne.KeyDown, fyne.KeyUp:
		// Within a stack: the next one lower or higher in the same column.
		step := 1
		if e.Name == fyne.KeyDown {
			step = -1
		}
		if n := t.at + step; t.at >= 0 && n >= 0 && n <= last && t.spots[n].x == t.spots[t.at].x {
			t.point(n)
		}
	case fyne.KeyHome:
		t.point(0)
	case fyne.KeyEnd:
		t.point(last)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		t.open(t.at)
	default:
		t.u.typedKey(e)
	}
}

// months are the firsts of months within the picture, in the person's zone.
func months(now time.Time) []time.Time {
	n := now.Local()
	var out []time.Time
	for i := 1; ; i++ {
		at := time.Date(n.Year(), n.Month()+time.Month(i), 1, 0, 0, 0, 0, n.Location())
		if at.Sub(now) > horizon {
			return out
		}
		out = append(out, at)
	}
}

func (t *timeline) CreateRenderer() fyne.WidgetRenderer {
	r := &timelineRenderer{t: t}
	r.Refresh()
	return r
}

type timelineRenderer struct {
	t       *timeline
	objects []fyne.CanvasObject
	size    fyne.Size
}

func (r *timelineRenderer) Destroy()                     {}
func (r *timelineRenderer) Objects() []fyne.CanvasObject { return r.objects }

func (r *timelineRenderer) MinSize() fyne.Size {
	return fyne.NewSize(em(200), 6*(plotMark+plotGap)+em(plotLabels))
}

func (r *timelineRenderer) Layout(size fyne.Size) {
	if r.size != size {
		r.size = size
		r.t.lay(size)
		r.Refresh()
	}
}

func (r *timelineRenderer) Refresh() {
	t := r.t
	r.objects = r.objects[:0]
	if t.now.IsZero() || r.size.Width <= t.scale.zero {
		return
	}
	s := t.scale
	quiet, faint := paint(colorMuted), paint(theme.ColorNameSeparator)
	rule := func(x, y, w, h float32, today bool) {
		l := canvas.NewRectangle(faint)
		if today {
			l.FillColor = quiet
		}
		l.Move(fyne.NewPos(x, y))
		l.Resize(fyne.NewSize(w, h))
		r.objects = append(r.objects, l)
	}
	free := float32(0)
	label := func(text string, x float32) {
		l := canvas.NewText(text, quiet)
		l.TextSize = theme.Size(theme.SizeNameCaptionText)
		w := l.MinSize().Width
		if x < free || x+w > r.size.Width {
			return
		}
		free = x + w + 2*gap
		l.Move(fyne.NewPos(x, s.base+gap/2))
		l.Resize(l.MinSize())
		r.objects = append(r.objects, l)
	}
	rule(0, s.base, r.size.Width, 1, false)
	rule(s.zero, 0, 1, s.base+gap, true)
	label(platform.T(wordToday), s.zero)
	for _, m := range months(t.now) {
		rule(s.x(m), 0, 1, s.base+gap, false)
		label(platform.At(m, platform.T("Jan")), s.x(m))
	}
	for i, p := range t.spots {
		if p.rows[0].Account.ID == t.u.selected || i == t.at {
			ring := &canvas.Rectangle{CornerRadius: 4, StrokeWidth: 1.5, StrokeColor: paint(theme.ColorNamePrimary)}
			if i == t.at {
				ring.FillColor = paint(theme.ColorNameSelection)
			}
			side := s.pitch + plotGap
			ring.Move(fyne.NewPos(p.x-side/2, p.y-side/2))
			ring.Resize(fyne.NewSquareSize(side))
			r.objects = append(r.objects, ring)
		}
		r.objects = append(r.objects, drawMark(p.shape, p.hollow, p.x, p.y, plotMark))
	}
	canvas.Refresh(t)
}

// drawMark draws a mark around its middle.
func drawMark(kind shape, hollow bool, x, y, side float32) fyne.CanvasObject {
	var o fyne.CanvasObject
	color := map[shape]fyne.ThemeColorName{shapeLater: theme.ColorNamePrimary, shapeSoon: theme.ColorNameWarning, shapeOver: theme.ColorNameError, shapeMore: colorMuted}[kind]
	c := paint(color)
	w, h := side, side
	switch kind {
	case shapeSoon:
		p := &canvas.RegularPolygon{Sides: 3, FillColor: c, StrokeColor: c, StrokeWidth: 1.5}
		if hollow {
			p.FillColor = paint(theme.ColorNameBackground)
		}
		o = p
	case shapeLater:
		p := &canvas.Circle{FillColor: c, StrokeColor: c, StrokeWidth: 1.5}
		if hollow {
			p.FillColor = paint(theme.ColorNameBackground)
		}
		w, h = side-1, side-1
		o = p
	default:
		p := &canvas.Rectangle{FillColor: c, StrokeColor: c, StrokeWidth: 1.5, CornerRadius: 1}
		if hollow {
			p.FillColor = paint(theme.ColorNameBackground)
		}
		w, h = side-1, side-1
		if kind == shapeMore {
			w, h = side, 4
			p.CornerRadius = 2
		}
		o = p
	}
	o.Resize(fyne.NewSize(w, h))
	o.Move(fyne.NewPos(x-w/2, y-h/2))
	return o
}

// markIcon is a mark in a legend.
type markIcon struct {
	widget.BaseWidget
	kind   shape
	hollow bool
}

func newMarkIcon(kind shape, hollow bool) *markIcon {
	m := &markIcon{kind: kind, hollow: hollow}
	m.ExtendBaseWidget(m)
	return m
}

func (m *markIcon) CreateRenderer() fyne.WidgetRenderer {
	r := &markIconRenderer{m: m}
	r.Refresh()
	return r
}

type markIconRenderer struct {
	m *markIcon
	o fyne.CanvasObject
	// size is the one o was drawn for.
	size fyne.Size
}

func (r *markIconRenderer) Destroy()                     {}
func (r *markIconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.o} }
func (r *markIconRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(plotMark + 2) }

// Layout draws what has another size. It refreshes nothing: it runs while the
// window is painted, which would then be painted again, and so without end.
func (r *markIconRenderer) Layout(size fyne.Size) {
	if size != r.size {
		r.draw(size)
	}
}

func (r *markIconRenderer) Refresh() {
	r.draw(r.m.Size())
	canvas.Refresh(r.m)
}

func (r *markIconRenderer) draw(size fyne.Size) {
	r.size = size
	r.o = drawMark(r.m.kind, r.m.hollow, size.Width/2, size.Height/2, plotMark)
}
