package window

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// tile makes any content clickable and reachable by keyboard.
type tile struct {
	widget.BaseWidget
	// name is what a screen reader says.
	name     string
	content  fyne.CanvasObject
	tapped   func()
	rune     func(rune)
	key      func(*fyne.KeyEvent)
	framed   bool
	selected bool

	ground           *canvas.Rectangle
	hovered, focused bool
}

func newTile(content fyne.CanvasObject, tapped func()) *tile {
	t := &tile{content: content, tapped: tapped, ground: &canvas.Rectangle{CornerRadius: 6}}
	t.ExtendBaseWidget(t)
	return t
}

func (t *tile) Tapped(*fyne.PointEvent)        { t.tapped() }
func (t *tile) MouseIn(*desktop.MouseEvent)    { t.hovered = true; t.Refresh() }
func (t *tile) MouseMoved(*desktop.MouseEvent) {}
func (t *tile) MouseOut()                      { t.hovered = false; t.Refresh() }
func (t *tile) FocusGained()                   { t.focused = true; t.Refresh() }
func (t *tile) FocusLost()                     { t.focused = false; t.Refresh() }

func (t *tile) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		t.tapped()
	case t.key != nil:
		t.key(e)
	}
}

func (t *tile) TypedRune(r rune) {
	if t.rune != nil {
		t.rune(r)
	}
}

func (t *tile) AccessibilityLabel() string             { return t.name }
func (t *tile) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (t *tile) CreateRenderer() fyne.WidgetRenderer {
	r := &tileRenderer{t}
	r.Refresh()
	return r
}

type tileRenderer struct{ t *tile }

func (r *tileRenderer) Destroy()           {}
func (r *tileRenderer) MinSize() fyne.Size { return r.t.content.MinSize() }
func (r *tileRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.t.ground, r.t.content}
}

func (r *tileRenderer) Layout(size fyne.Size) {
	r.t.ground.Resize(size)
	r.t.content.Resize(size)
}

func (r *tileRenderer) Refresh() {
	g := r.t.ground
	g.FillColor = color.Transparent
	switch {
	case r.t.selected:
		g.FillColor = paint(theme.ColorNameSelection)
	case r.t.hovered:
		g.FillColor = paint(theme.ColorNameHover)
	}
	g.StrokeWidth = 0
	if r.t.framed {
		g.StrokeWidth, g.StrokeColor = 1, paint(theme.ColorNameSeparator)
	}
	if r.t.focused {
		g.StrokeWidth, g.StrokeColor = 1.5, paint(theme.ColorNamePrimary)
	}
	canvas.Refresh(r.t)
}

// pad keeps content off the edges, in multiples of the grid.
func pad(n float32, o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(n*gap, n*gap, n*gap, n*gap), o)
}

// least gives content a smallest size.
func least(w, h float32, o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(leastLayout{fyne.NewSize(w, h)}, o)
}

type leastLayout struct{ size fyne.Size }

func (l leastLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	out := l.size
	for _, o := range objects {
		out = out.Max(o.MinSize())
	}
	return out
}

func (l leastLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
}

// caption is small, quiet text that wraps.
func caption(text string) *widget.Label {
	l := wrapped(text)
	l.SizeName, l.Importance = theme.SizeNameCaptionText, widget.LowImportance
	return l
}

// scrolled is content that may be higher than its place; the bar gets room of its own.
func scrolled(o fyne.CanvasObject) *container.Scroll {
	return container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 0, 3*gap), o))
}

func wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

func heading(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

// headline2 is a heading over a page of its own, whole however long it is.
func headline2(text string) *widget.Label {
	l := heading(text)
	l.SizeName = theme.SizeNameSubHeadingText
	l.Truncation, l.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	return l
}

// tight stacks objects without space between them: labels bring their own.
func tight(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedVBoxLayout(-2*gap), objects...)
}

// banner is a line across the window: an icon, what is the matter, and what
// can be done about it.
func banner(t tone, icon fyne.Resource, text string, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	return bannerIn(false, t, icon, text, buttons...)
}

// first is the first of some objects, nil of none.
func first(o []fyne.CanvasObject) fyne.CanvasObject {
	if len(o) == 0 {
		return nil
	}
	return o[0]
}

// bannerIn is a banner; where there is little room, what can be done stands under the text.
func bannerIn(little bool, t tone, icon fyne.Resource, text string, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	lead := container.NewCenter(widget.NewIcon(theme.NewColoredResource(icon, t.color)))
	row := container.NewBorder(nil, nil, lead, container.NewCenter(container.NewHBox(buttons...)), wrapped(text))
	if _, icon := first(buttons).(*iconButton); little && len(buttons) > 0 && !icon {
		row = container.NewBorder(nil, container.NewHBox(append([]fyne.CanvasObject{layout.NewSpacer()}, buttons...)...), lead, nil, wrapped(text))
	}
	return container.NewStack(newGround(t.tint), container.New(layout.NewCustomPaddedLayout(gap, gap, 3*gap, 2*gap), row))
}

// ground is a rectangle that follows the theme.
type ground struct {
	widget.BaseWidget
	color fyne.ThemeColorName
}

func newGround(color fyne.ThemeColorName) *ground {
	g := &ground{color: color}
	g.ExtendBaseWidget(g)
	return g
}

func (g *ground) CreateRenderer() fyne.WidgetRenderer {
	r := &groundRenderer{g, &canvas.Rectangle{CornerRadius: 6}}
	r.Refresh()
	return r
}

type groundRenderer struct {
	g    *ground
	rect *canvas.Rectangle
}

func (r *groundRenderer) Destroy()                     {}
func (r *groundRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *groundRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *groundRenderer) Layout(size fyne.Size)        { r.rect.Resize(size) }
func (r *groundRenderer) Refresh() {
	r.rect.FillColor = paint(r.g.color)
	r.rect.Refresh()
}

// iconButton is a button without a word, and the word that a screen reader says.
type iconButton struct {
	pushButton
	name string
}

func newIconButton(icon fyne.Resource, name string, tapped func()) *iconButton {
	b := &iconButton{name: name}
	b.Icon, b.OnTapped = icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

func (b *iconButton) AccessibilityLabel() string { return b.name }

// spaceOf is empty room.
func spaceOf(w, h float32) fyne.CanvasObject {
	return least(w, h, canvas.NewRectangle(color.Transparent))
}

// emptyNote is the quiet line where there is nothing to list.
func emptyNote(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignCenter, fyne.TextStyle{})
	l.Importance = widget.LowImportance
	return l
}

// tag is a label of the person's own on a faint ground.
type tag struct {
	widget.BaseWidget
	text string
}

func newTag(text string) *tag {
	t := &tag{text: text}
	t.ExtendBaseWidget(t)
	return t
}

// tagMost is the width a label is cut at, at the usual size of text.
const tagMost float32 = 200

func (t *tag) CreateRenderer() fyne.WidgetRenderer {
	l := newLine(theme.SizeNameCaptionText, theme.ColorNameForeground)
	l.text, l.align = t.text, fyne.TextAlignCenter
	return &tagRenderer{t, newGround(colorTintQuiet), l}
}

type tagRenderer struct {
	t      *tag
	ground *ground
	line   *line
}

func (r *tagRenderer) Destroy() {}
func (r *tagRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.line}
}

func (r *tagRenderer) MinSize() fyne.Size {
	w := fyne.MeasureText(r.t.text, theme.Size(theme.SizeNameCaptionText), fyne.TextStyle{}).Width + 1
	return fyne.NewSize(min(em(tagMost), w)+4*gap, chipHeight())
}

func (r *tagRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	h := r.line.MinSize().Height
	r.line.Move(fyne.NewPos(2*gap, (size.Height-h)/2))
	r.line.Resize(fyne.NewSize(max(0, size.Width-4*gap), h))
}

func (r *tagRenderer) Refresh() {
	r.ground.Refresh()
	r.line.Refresh()
	r.Layout(r.t.Size())
}
