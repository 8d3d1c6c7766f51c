package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// keyButton is a button in a dialog: Enter presses it, and the keys it has no
// use for go on, which Fyne's own button swallows.
type keyButton struct {
	widget.Button
	key func(*fyne.KeyEvent)
}

func newKeyButton(text string, tapped func(), key func(*fyne.KeyEvent)) *keyButton {
	b := &keyButton{key: key}
	b.Text, b.OnTapped = text, tapped
	b.ExtendBaseWidget(b)
	return b
}

func (b *keyButton) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	default:
		b.key(e)
	}
}

// pushButton is a button that Enter presses too, and that passes on the keys it
// has no use for, which Fyne's own swallows: Esc goes back, and R reconnects,
// wherever the focus is.
type pushButton struct{ widget.Button }

func newButton(text string, tapped func()) *pushButton { return newButtonWithIcon(text, nil, tapped) }

func newButtonWithIcon(text string, icon fyne.Resource, tapped func()) *pushButton {
	b := &pushButton{}
	b.Text, b.Icon, b.OnTapped = text, icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements [fyne.Focusable].
func (b *pushButton) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace:
		b.Button.TypedKey(e)
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Button.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace, Physical: e.Physical})
	default:
		if c := b.canvas(); c != nil && c.OnTypedKey() != nil {
			c.OnTypedKey()(e)
		}
	}
}

// TypedRune implements [fyne.Focusable].
func (b *pushButton) TypedRune(r rune) {
	if c := b.canvas(); c != nil && c.OnTypedRune() != nil {
		c.OnTypedRune()(r)
	}
}

// canvas is where it has the focus, nil for none. Fyne knows the canvas of the
// whole widget only, of which this may be a part.
func (b *pushButton) canvas() fyne.Canvas {
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		if f, ok := w.Canvas().Focused().(interface{ part() *pushButton }); ok && f.part() == b {
			return w.Canvas()
		}
	}
	return nil
}

func (b *pushButton) part() *pushButton { return b }

// primary is the main button of a question.
func primary(text string, tapped func()) *pushButton {
	b := newButton(text, tapped)
	b.Importance = widget.HighImportance
	return b
}
