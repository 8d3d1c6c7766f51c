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

// primary is the main button of a question.
func primary(text string, tapped func()) *widget.Button {
	b := widget.NewButton(text, tapped)
	b.Importance = widget.HighImportance
	return b
}
