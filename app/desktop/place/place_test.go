package place

import (
	"image"
	"testing"
)

func TestCorner(t *testing.T) {
	left, right := image.Rect(0, 0, 1280, 800), image.Rect(1280, 0, 1280+1920, 1080)
	both := []image.Rectangle{left, right}
	size := image.Pt(440, 200)
	top := image.Rect(1280, 0, 3200, 28)
	bottom := image.Rect(0, 772, 1280, 800)
	for name, c := range map[string]struct {
		s    screen
		nth  int
		want image.Point
		none bool
	}{
		"tray above, on the second":          {s: screen{both, []image.Rectangle{top, bottom}, image.Rect(3000, 0, 3100, 28), nil}, want: image.Pt(3200-12-440, 28+12+36)},
		"the second of them below it":        {s: screen{both, []image.Rectangle{top}, image.Rect(3000, 0, 3100, 28), nil}, nth: 1, want: image.Pt(2748, 76+248)},
		"where a note is shown":              {s: screen{both, []image.Rectangle{top}, image.Rect(3000, 0, 3100, 28), []image.Rectangle{image.Rect(2800, 40, 3190, 160)}}, want: image.Pt(2748, 1080-12-200)},
		"the second of them above it, there": {s: screen{both, []image.Rectangle{top}, image.Rect(3000, 0, 3100, 28), []image.Rectangle{image.Rect(2800, 40, 3190, 560)}}, nth: 1, want: image.Pt(2748, 868-248)},
		"a note above, the tray below":       {s: screen{both, []image.Rectangle{bottom}, image.Rect(1100, 772, 1200, 800), []image.Rectangle{image.Rect(900, 40, 1270, 160)}}, want: image.Pt(828, 560)},
		"a note by the tray below":           {s: screen{both, []image.Rectangle{bottom}, image.Rect(1100, 772, 1200, 800), []image.Rectangle{image.Rect(900, 600, 1270, 760)}}, want: image.Pt(828, 48)},
		"tray below, on the first":           {s: screen{both, []image.Rectangle{top, bottom}, image.Rect(1100, 772, 1200, 800), nil}, want: image.Pt(1280-12-440, 772-12-200)},
		"the second of them above it":        {s: screen{both, []image.Rectangle{bottom}, image.Rect(1100, 772, 1200, 800), nil}, nth: 1, want: image.Pt(828, 560-248)},
		"no room for a fourth":               {s: screen{both, []image.Rectangle{bottom}, image.Rect(1100, 772, 1200, 800), nil}, nth: 3, none: true},
		"tray at the left end":               {s: screen{both, []image.Rectangle{bottom}, image.Rect(10, 772, 90, 800), nil}, want: image.Pt(12, 560)},
		"the panel is all one knows":         {s: screen{monitors: both, panels: []image.Rectangle{top}}, want: image.Pt(2748, 76)},
		"one at the left edge":               {s: screen{monitors: both, panels: []image.Rectangle{image.Rect(0, 0, 40, 800)}}, want: image.Pt(52, 800-12-200)},
		"one at the right edge":              {s: screen{monitors: both, panels: []image.Rectangle{image.Rect(3160, 0, 3200, 1080)}}, want: image.Pt(3160-12-440, 1080-12-200)},
		"a short one in the middle":          {s: screen{monitors: both, panels: []image.Rectangle{image.Rect(500, 760, 700, 800)}}, want: image.Pt(12, 760-12-200)},
		"over both":                          {s: screen{monitors: both, panels: []image.Rectangle{image.Rect(0, 0, 3200, 28)}}, want: image.Pt(2748, 76)},
		"two, and which is unknown":          {s: screen{monitors: both, panels: []image.Rectangle{top, bottom}}, none: true},
		"no panel":                           {s: screen{monitors: both}, none: true},
		"no monitor":                         {s: screen{panels: []image.Rectangle{top}}, none: true},
		"a monitor that is off":              {s: screen{monitors: []image.Rectangle{left}, panels: []image.Rectangle{top}}, none: true},
		"too small a monitor":                {s: screen{monitors: []image.Rectangle{image.Rect(0, 0, 400, 300)}, panels: []image.Rectangle{image.Rect(0, 0, 400, 28)}}, none: true},
	} {
		if got, ok := c.s.corner(size, c.nth); ok == c.none || ok && got != c.want {
			t.Errorf("%s: got %v, %v, want %v", name, got, ok, c.want)
		}
	}
}
