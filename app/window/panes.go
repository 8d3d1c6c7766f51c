package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// The panes' measures at the usual size of text.
const (
	sideWidth   float32 = 208
	detailLeast float32 = 356
	detailMost  float32 = 440
	// threeFrom and twoFrom are the widths from which there is room for the
	// filters, the list and the account side by side, and for the first two.
	threeFrom float32 = 1080
	twoFrom   float32 = 680
	// oneFrom is the width below which even a sentence stands alone.
	oneFrom float32 = 480
)

// panes lays the main screen out: filters, list and account side by side where
// there is room; else the account takes the list's place, and the filters
// become a button above it. Nothing is cut off on a small screen, and large
// text finds its room the same way.
type panes struct {
	search, side, button, list, right fyne.CanvasObject
	line                              fyne.CanvasObject
	content                           *fyne.Container
	// chosen is true while an account is, which then has the list's place where both have no room.
	chosen bool
	// narrow is true while they have not.
	narrow bool
}

func newPanes(search, side fyne.CanvasObject, button *pushButton, list, right fyne.CanvasObject) *panes {
	p := &panes{search: search, side: side, button: button, list: list, right: right, line: widget.NewSeparator()}
	p.content = container.New(p, search, side, button, list, p.line, right)
	return p
}

// choose says whether an account is chosen.
func (p *panes) choose(chosen bool) {
	if p.chosen != chosen {
		p.chosen = chosen
		p.Layout(nil, p.content.Size())
	}
}

func (p *panes) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(rowFloor+2*gap, em(240))
}

func (p *panes) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		showIf(o, w > 0)
		if w > 0 {
			o.Move(fyne.NewPos(x, y))
			o.Resize(fyne.NewSize(w, h))
		}
	}
	p.narrow = size.Width < em(threeFrom)
	side, top := em(sideWidth), p.search.MinSize().Height
	switch {
	case size.Width >= em(twoFrom):
		place(p.search, gap, gap, side-2*gap, top)
		place(p.side, 0, top+2*gap, side, size.Height-top-2*gap)
		place(p.button, 0, 0, 0, 0)
		top = 0
	case p.chosen:
		// The account alone.
		place(p.search, 0, 0, 0, 0)
		place(p.side, 0, 0, 0, 0)
		place(p.button, 0, 0, 0, 0)
		side, top = 0, 0
	default:
		half := (size.Width - 5*gap) / 2
		place(p.button, 2*gap, 0, half, top)
		place(p.search, size.Width-2*gap-half, 0, half, top)
		place(p.side, 0, 0, 0, 0)
		side, top = 0, top+2*gap
	}
	if !p.narrow {
		right := min(em(detailMost), max(em(detailLeast), size.Width*0.3))
		place(p.list, side, 0, size.Width-side-right-gap, size.Height)
		place(p.line, size.Width-right-gap, 0, 1, size.Height)
		place(p.right, size.Width-right, 0, right, size.Height)
		return
	}
	place(p.line, 0, 0, 0, 0)
	list, right := size.Width-side, float32(0)
	if p.chosen {
		list, right = 0, list
	}
	place(p.list, side, top, list, size.Height-top)
	place(p.right, side, top, right, size.Height-top)
}

// sizeKeeper notes how large the window is, to open it so again.
type sizeKeeper struct{ u *ui }

func (k *sizeKeeper) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }
func (k *sizeKeeper) Layout(o []fyne.CanvasObject, size fyne.Size) {
	k.u.size = k.u.win.Canvas().Size()
	if k.u.accounts != nil {
		k.u.accounts.fit(k.u.size)
		k.u.list.fit()
	}
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(size)
}
