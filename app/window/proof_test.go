package window

import (
	"fmt"
	"image/color"
	"math/rand/v2"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// box is something that is seen at a place of the window.
type box struct {
	what           string
	x0, y0, x1, y1 float32
}

func (b box) within(c box) box {
	b.x0, b.y0, b.x1, b.y1 = max(b.x0, c.x0), max(b.y0, c.y0), min(b.x1, c.x1), min(b.y1, c.y1)
	return b
}

func (b box) empty() bool { return b.x1-b.x0 < 1 || b.y1-b.y0 < 1 }

func boxOf(what string, at fyne.Position, size fyne.Size) box {
	return box{what, at.X, at.Y, at.X + size.Width, at.Y + size.Height}
}

// boxes lists what is seen: words as wide as they are, and whole things such
// as buttons, marks and fields.
func boxes(o fyne.CanvasObject, at fyne.Position, clip box, add func(seen, whole box)) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	whole := func(what string) {
		b := boxOf(what, at, o.Size())
		if seen := b.within(clip); !seen.empty() {
			add(seen, b)
		}
	}
	switch o := o.(type) {
	case *canvas.Text:
		size := fyne.MeasureText(o.Text, o.TextSize, o.TextStyle)
		x := at.X
		switch o.Alignment {
		case fyne.TextAlignCenter:
			x += (o.Size().Width - size.Width) / 2
		case fyne.TextAlignTrailing:
			x += o.Size().Width - size.Width
		}
		b := boxOf("“"+o.Text+"”", fyne.NewPos(x, at.Y+(o.Size().Height-size.Height)/2), size)
		if seen := b.within(clip); o.Text != "" && !seen.empty() {
			add(seen, b)
		}
		return
	case *avatar:
		whole("avatar " + o.initials)
		return
	case *chip:
		whole("chip " + o.state.Word())
		return
	case *pushButton:
		whole("button " + o.Text)
		return
	case *keyButton:
		whole("button " + o.Text)
		return
	case *iconButton:
		whole("button " + o.name)
		return
	case *searchEntry:
		whole("search")
		return
	case *lifeBar:
		if o.used >= 0 {
			b := boxOf("bar", at.AddXY(0, (o.Size().Height-gap)/2), fyne.NewSize(o.Size().Width, gap))
			if seen := b.within(clip); !seen.empty() {
				add(seen, b)
			}
		}
		return
	case *timeline:
		whole("the picture of 90 days")
		return
	case *container.Scroll:
		clip = boxOf("", at, o.Size()).within(clip)
	case *widget.Icon:
		whole("icon")
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			boxes(c, at, clip, add)
		}
	case fyne.Widget:
		if l, ok := o.(*accountList); ok {
			clip = boxOf("", at, l.Size()).within(clip)
		}
		for _, c := range test.WidgetRenderer(o).Objects() {
			boxes(c, at, clip, add)
		}
	}
}

// overlaps are the pairs of things that lie over each other, in the window and in
// what lies in front of it.
func overlaps(w fyne.Window) (out []string) {
	out = overlapsIn(w, w.Canvas().Content())
	for _, o := range w.Canvas().Overlays().List() {
		out = append(out, overlapsIn(w, o)...)
	}
	return out
}

func overlapsIn(w fyne.Window, o fyne.CanvasObject) (out []string) {
	size := w.Canvas().Size()
	var all []box
	boxes(o, fyne.NewPos(0, 0), boxOf("", fyne.NewPos(0, 0), size), func(seen, _ box) { all = append(all, seen) })
	for i, a := range all {
		for _, b := range all[i+1:] {
			// What touches by a pixel is drawn with the air of its letters between.
			c := a.within(b)
			if c.x1-c.x0 > 1.5 && c.y1-c.y0 > 2.5 {
				out = append(out, fmt.Sprintf("%s %v over %s %v", a.what, a, b.what, b))
			}
		}
	}
	return out
}

// TestRandomSnapshotsRender shows 400 snapshots of any kind, in windows and
// with text of any size: nothing breaks, nothing lies over anything else, and
// as few rows are drawn as fit on the screen. A part of them is shown in the
// languages whose words are long, and whose letters are of another font.
func TestRandomSnapshotsRender(t *testing.T) {
	renderRandom(t, 400)
	for _, tag := range []string{"de", "ja"} {
		t.Run(tag, func(t *testing.T) {
			speak(t, tag)
			renderRandom(t, 40)
		})
	}
}

func renderRandom(t *testing.T, snapshots int) {
	r := rand.New(rand.NewPCG(7, 8))
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{}, nil), "", nil)
	b.f.mu.Lock()
	b.f.pictures = map[string][]byte{}
	for i := range 60 {
		switch id := fmt.Sprintf("r%06d", i); i % 3 { // of the others there is no picture
		case 0:
			b.f.pictures[id] = pngPicture(40+i, 30, color.RGBA{R: uint8(4 * i), A: 255})
		case 1:
			b.f.pictures[id] = pngPicture(40, 30, color.White)[:60+i]
		}
	}
	b.f.mu.Unlock()
	states, pictures := map[platform.State]int{}, 0
	for i := range snapshots {
		n := r.IntN(60)
		switch {
		case i%40 == 7:
			n = 5000
		case i%25 == 3:
			n = 0
		}
		if i%8 == 0 {
			b.u.memory.Text = textLeast + textStep*r.IntN((textMost-textLeast)/textStep+1)
			b.u.applyText()
		}
		grow := float32(b.u.memory.Text) / 100
		b.u.win.Resize(fyne.NewSize(max(380*grow, 380+float32(r.IntN(1300))), max(480*grow, 480+float32(r.IntN(700)))))
		rows := randomRows(r, n)
		for _, row := range rows {
			states[row.Status.State]++
			if r.IntN(2) == 0 {
				row.Account.Avatar = "https://pictures.example/" + row.Account.ID
			}
		}
		b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: uint64(i), Locked: oddNames[r.IntN(len(oddNames))], Warnings: []string{oddNames[r.IntN(len(oddNames))]}}, rows))
		b.until("the snapshot", func() bool { return b.u.snap.Seq == uint64(i) && b.u.view != nil && b.u.view.snap == b.u.snap })
		b.u.choose("")
		if n > 0 {
			b.u.setOrder(orders[r.IntN(len(orders))].id)
			for range r.IntN(3) {
				b.u.mark(rows[r.IntN(n)].Account.ID, true)
			}
			if r.IntN(3) == 0 {
				b.u.unmark()
			}
			b.u.list.ScrollToOffset(float32(r.IntN(n)) * b.u.list.pitch())
			if r.IntN(2) == 0 {
				b.u.choose(rows[r.IntN(n)].Account.ID)
			}
		}
		b.pump()
		// Words that wrap know their height only after they know their width; the
		// real driver lays out anew with every frame until nothing changes.
		size := b.u.win.Canvas().Size()
		b.u.win.Resize(size.AddWidthHeight(1, 0))
		b.u.win.Resize(size)
		for range 2 {
			b.u.win.Content().Refresh()
		}
		test.RenderToMarkup(b.u.win.Canvas())
		if bad := overlaps(b.u.win); len(bad) > 0 {
			t.Fatalf("snapshot %d, %d accounts, window %v, text %d %%, order %q, chosen %q:\n%s", i, n, size, b.u.memory.Text, b.u.order, b.u.selected, bad[0])
		}
		drawn := 0
		b.seen(func(o fyne.CanvasObject) {
			switch o := o.(type) {
			case *rowView:
				drawn++
			case *avatar:
				if o.picture != nil {
					pictures++
				}
			}
		})
		if most := int(size.Height/b.u.list.pitch()) + 2; drawn > most {
			t.Fatalf("%d rows are drawn for %d accounts, where %d fit", drawn, n, most)
		}
	}
	for _, s := range platform.States() {
		if states[s] == 0 {
			t.Errorf("no account was %s", s)
		}
	}
	if pictures == 0 {
		t.Error("no picture was shown")
	}
}

// The proof can fail: two words in one place are found.
func TestOverlapsAreFound(t *testing.T) {
	test.NewTempApp(t)
	one, two := canvas.NewText("one", theme.Color(theme.ColorNameForeground)), canvas.NewText("two", theme.Color(theme.ColorNameForeground))
	w := test.NewTempWindow(t, container.NewStack(one, two))
	if len(overlaps(w)) != 1 {
		t.Errorf("found %q, want the two words", overlaps(w))
	}
	w.SetContent(container.NewHBox(one, two))
	if bad := overlaps(w); len(bad) != 0 {
		t.Errorf("found %q where nothing overlaps", bad)
	}
	three, four := canvas.NewText("three", theme.Color(theme.ColorNameForeground)), canvas.NewText("four", theme.Color(theme.ColorNameForeground))
	w.Canvas().Overlays().Add(container.NewStack(three, four))
	if len(overlaps(w)) != 1 {
		t.Errorf("found %q in front, want the two words", overlaps(w))
	}
}
