package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// header lays the sentence about the whole and the buttons out: beside each
// other, or in little room the sentence in lines of its own over the buttons.
type header struct{ p *accountsPage }

func (h header) MinSize([]fyne.CanvasObject) fyne.Size {
	text, buttons := h.p.headline.MinSize(), h.p.buttons.MinSize()
	if h.p.stacked {
		return fyne.NewSize(max(text.Width, buttons.Width), text.Height+buttons.Height)
	}
	return fyne.NewSize(text.Width+theme.Padding()+buttons.Width, max(text.Height, buttons.Height))
}

func (h header) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	text, buttons := h.p.headline, h.p.buttons
	b := buttons.MinSize()
	if h.p.stacked {
		text.Move(fyne.NewPos(0, 0))
		text.Resize(fyne.NewSize(size.Width, size.Height-b.Height))
		buttons.Move(fyne.NewPos(size.Width-b.Width, size.Height-b.Height))
		buttons.Resize(b)
		return
	}
	text.Move(fyne.NewPos(0, 0))
	text.Resize(fyne.NewSize(size.Width-theme.Padding()-b.Width, size.Height))
	buttons.Move(fyne.NewPos(size.Width-b.Width, 0))
	buttons.Resize(fyne.NewSize(b.Width, size.Height))
}

// stack decides whether the sentence stands over the buttons in a window of a
// width: where there is little room, and not enough beside them.
func (p *accountsPage) stack(width float32, little bool) {
	width -= 4*gap + 2*theme.Padding()
	text := p.headline
	whole := fyne.MeasureText(text.Text, theme.Size(text.SizeName), text.TextStyle).Width + 2*theme.InnerPadding()
	stacked := little && whole > width-theme.Padding()-p.buttons.MinSize().Width
	if stacked {
		// Its height follows its width, so that it gets it before anything is laid out.
		text.Resize(fyne.NewSize(width, text.Size().Height))
	}
	if stacked == p.stacked {
		return
	}
	p.stacked = stacked
	text.Truncation, text.Wrapping = fyne.TextTruncateEllipsis, fyne.TextWrapOff
	if stacked {
		text.Truncation, text.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	}
	text.Refresh()
	if p.pages != nil {
		p.pages.Refresh()
	}
}
