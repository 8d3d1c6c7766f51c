package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// modal is a question over a window. Fyne's dialog package would do, but
// brings its file chooser along.
type modal struct {
	popup   *widget.PopUp
	buttons *fyne.Container
	size    fyne.Size
}

func newModal(title string, content fyne.CanvasObject, over fyne.Window) *modal {
	m := &modal{buttons: container.NewHBox(layout.NewSpacer())}
	head := headline2(title)
	m.popup = widget.NewModalPopUp(pad(3, container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 0, gap, gap), head), m.buttons, nil, nil, pad(1, content))), over.Canvas())
	return m
}

// with sets the buttons, the last one the main one.
func (m *modal) with(buttons ...fyne.CanvasObject) {
	m.buttons.Objects = append([]fyne.CanvasObject{layout.NewSpacer()}, buttons...)
}

// resize sets the size wanted; the window's own and the content's least bound it.
func (m *modal) resize(s fyne.Size) {
	m.size = s
	if m.popup.Visible() {
		m.fit()
	}
}

func (m *modal) fit() {
	m.popup.Resize(m.size.Min(m.popup.Canvas.Size().SubtractWidthHeight(8*gap, 8*gap)).Max(m.popup.MinSize()))
}

func (m *modal) show() {
	m.popup.Show()
	if !m.size.IsZero() {
		m.fit()
	}
}

func (m *modal) hide() { m.popup.Hide() }

// fieldEntry is a line to write in over a window; Esc, which an entry would
// swallow, leaves the question.
type fieldEntry struct {
	widget.Entry
	escape func()
}

func newField() *fieldEntry {
	f := &fieldEntry{}
	f.ExtendBaseWidget(f)
	return f
}

// newSecretField is a line for a passphrase, which is not shown.
func newSecretField() *fieldEntry {
	f := newField()
	f.Password = true
	return f
}

// escapable is a button that Esc, which a button would swallow, leaves.
type escapable struct {
	pushButton
	escape func()
}

func newEscapable(text string, tapped, escape func()) *escapable {
	b := &escapable{escape: escape}
	b.Text, b.OnTapped = text, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements [fyne.Focusable].
func (b *escapable) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		b.escape()
		return
	}
	b.pushButton.TypedKey(e)
}

func (f *fieldEntry) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape && f.escape != nil {
		f.escape()
		return
	}
	f.Entry.TypedKey(e)
}
