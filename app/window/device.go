package window

import (
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/platform"
)

// device shows the code to type on another page, from which no browser comes
// back: as a QR code for a phone, and beside it the address and the code as text.
func (v *flowView) device() {
	code := widget.NewLabelWithStyle(v.flow.UserCode, fyne.TextAlignLeading, fyne.TextStyle{Bold: true, Monospace: true})
	code.SizeName = theme.SizeNameHeadingText
	code.Selectable = true
	copied := v.copyButton(platform.T(wordCopyCode), func() string { return v.flow.UserCode })
	text := container.NewVBox(tight(caption(platform.T("Address")), v.address()), indent(v.copyLink()), tight(caption(platform.T("Code")), code), indent(copied))
	body := container.NewVBox(wrapped(platform.T("Scan this with a phone, or open the address on any device, and type the code if it is asked for. Nothing comes back here; this goes on by itself.")))
	room := min(em(flowWidth), v.win.Canvas().Size().Width) - 14*gap
	switch q := newQRCode(v.flow.URL); {
	case q == nil:
		body.Add(text)
	case room < em(qrSide+qrBeside):
		q.most = room
		body.Add(container.NewCenter(q))
		body.Add(text)
	default:
		body.Add(container.NewBorder(nil, nil, container.NewVBox(pad(2, q)), nil, container.New(layout.NewCustomPaddedLayout(2*gap, 0, 0, 0), text)))
	}
	v.set(body, v.leftLabel(), v.cancelButton())
}

// qrBeside is the least width for what stands beside a QR code; with less it stands below.
const qrBeside float32 = 130

// indent moves a button to where the text of labels begins.
func indent(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 0), o)
}

// address is where the code is typed, as a link.
func (v *flowView) address() fyne.CanvasObject {
	at, err := url.Parse(v.flow.URL)
	if err != nil {
		return wrapped(v.flow.URL)
	}
	link := widget.NewHyperlink(v.flow.URL, at)
	link.Wrapping = fyne.TextWrapBreak
	return link
}
