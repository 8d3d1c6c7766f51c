package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// beside sets two things beside each other, or where there is no room for that
// one below the other: narrow windows, large text and long words.
type beside struct {
	// lead is how wide the first is, at the usual size of text; the second gets
	// the rest. Zero: the second is as wide as it must be, the first gets the rest.
	lead float32
	// width is the last one laid out for.
	width float32
}

// besideLeast is the least that the first keeps, at the usual size of text, when it gets the rest.
const besideLeast float32 = 200

// followed puts something, such as buttons, behind what grows.
func followed(what, by fyne.CanvasObject) *fyne.Container { return container.New(&beside{}, what, by) }

// stacked reports whether a width is too little for both beside each other.
func (l *beside) stacked(a, b fyne.Size, width float32) bool {
	first := max(em(besideLeast), a.Width)
	if l.lead > 0 {
		first = max(em(l.lead), a.Width)
	}
	return width > 0 && width < first+theme.Padding()+b.Width
}

func (l *beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	a, b := objects[0].MinSize(), objects[1].MinSize()
	out := fyne.NewSize(max(a.Width, b.Width), max(a.Height, b.Height))
	if l.stacked(a, b, l.width) {
		out.Height = a.Height + theme.Padding() + b.Height
	}
	return out
}

func (l *beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	one, two := objects[0], objects[1]
	a, b, pad := one.MinSize(), two.MinSize(), theme.Padding()
	if l.stacked(a, b, size.Width) {
		one.Resize(fyne.NewSize(size.Width, a.Height))
		height := one.MinSize().Height // words that wrap know it only now
		one.Resize(fyne.NewSize(size.Width, height))
		one.Move(fyne.NewPos(0, 0))
		two.Resize(fyne.NewSize(size.Width, b.Height))
		two.Move(fyne.NewPos(0, height+pad))
		return
	}
	first := size.Width - pad - b.Width
	if l.lead > 0 {
		first = max(em(l.lead), a.Width)
	}
	one.Resize(fyne.NewSize(first, size.Height))
	one.Move(fyne.NewPos(0, 0))
	two.Resize(fyne.NewSize(size.Width-pad-first, size.Height))
	two.Move(fyne.NewPos(first+pad, 0))
}

// upright keeps something in the middle of a height, at the left.
func upright(o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVBox(layout.NewSpacer(), container.NewHBox(o), layout.NewSpacer())
}

// boldly is a heading that goes on in the next line rather than be cut.
func boldly(text string) *widget.Label {
	l := wrapped(text)
	l.TextStyle.Bold = true
	return l
}
