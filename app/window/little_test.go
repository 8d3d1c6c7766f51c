package window

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"relink/app/agent"
	"relink/platform"
)

// In a narrow window with the largest text the sentence about the whole is
// there to its end, and of each account the state and the time that is left;
// only a name is cut.
func TestLittleRoomForLargeText(t *testing.T) {
	for _, tag := range []string{"en", "de"} {
		t.Run(tag, func(t *testing.T) {
			speak(t, tag)
			b := openOn(t, agent.NewSnapshot(agent.Snapshot{}, office(40)), "", nil)
			b.until("the accounts", func() bool { return b.u.view != nil })
			w := b.window()
			w.Resize(fyne.NewSize(420, 1400))
			b.u.resizeText(textMost - textUsual)
			w.Resize(fyne.NewSize(420, 1401))

			p := b.u.accounts
			head := p.headline
			if head.MinSize().Height > head.Size().Height || head.Truncation != fyne.TextTruncateOff {
				t.Errorf("the sentence needs %v and has %v", head.MinSize(), head.Size())
			}
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject
			if over := at(p.buttons).Y - at(head).Y - head.Size().Height; over < 0 {
				t.Errorf("the buttons lie %v over the sentence", -over)
			}
			widest := fyne.MeasureText(longestWord(head.Text), theme.Size(head.SizeName), head.TextStyle).Width
			if widest > head.Size().Width {
				t.Errorf("the sentence's longest word is %v wide, in %v", widest, head.Size().Width)
			}

			seen := map[platform.State]int{}
			for _, state := range []string{"", platform.T(wordSoon)} {
				if state != "" {
					b.u.setFilter(filterSoon)
					b.until("the filter", func() bool { return b.u.view.query.filter == filterSoon })
				}
				b.seen(func(o fyne.CanvasObject) {
					r, ok := o.(*rowView)
					if !ok || r.row == nil {
						return
					}
					s := r.row.Status
					seen[s.State]++
					if got := drawn(r.chip); got != s.State.Word() {
						t.Errorf("%s: the state reads %q", r.title.text, got)
					}
					if got := drawn(r.time); s.Deadline.Ends() && s.State != platform.StateRevoked && strings.HasSuffix(got, "…") {
						t.Errorf("%s: the time reads %q", r.title.text, got)
					}
					if r.title.Size().Width < 100 {
						t.Errorf("%s: %v of its name is left", r.title.text, r.title.Size().Width)
					}
					if end := r.time.Position().Y + r.time.Size().Height; end > r.Size().Height {
						t.Errorf("%s: the time ends at %v of %v", r.title.text, end, r.Size().Height)
					}
				})
			}
			if seen[platform.StateExpired] == 0 || seen[platform.StateExpiring] == 0 {
				t.Errorf("no rows to look at: %v", seen)
			}

			w.Resize(fyne.NewSize(1240, 760))
			if p.stacked || b.u.list.stacked() || b.u.list.tall != rowHeight() {
				t.Error("a wide window is laid out like a narrow one")
			}
		})
	}
}

// drawn is the text that a chip or a line puts on the screen.
func drawn(w fyne.Widget) (out string) {
	for _, o := range test.WidgetRenderer(w).Objects() {
		if text, ok := o.(*canvas.Text); ok {
			out = text.Text
		}
	}
	return out
}

func longestWord(s string) (out string) {
	for _, w := range strings.Fields(s) {
		if len(w) > len(out) {
			out = w
		}
	}
	return out
}
