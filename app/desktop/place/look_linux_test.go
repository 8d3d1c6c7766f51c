package place

import (
	"image"
	"testing"
	"time"

	"relink/app/desk"
)

// A panel's tray is found on the second of two monitors, where it really is.
func TestLook(t *testing.T) {
	left, right := image.Rect(0, 0, 1000, 700), image.Rect(1000, 0, 2200, 800)
	d := desk.New(t, desk.Config{Tray: true, Size: image.Pt(2200, 800), Monitors: []image.Rectangle{left, right}})
	t.Setenv("DISPLAY", d.Display())
	var s screen
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var err error
		if s, err = look(); err != nil {
			t.Fatal(err)
		}
		if len(s.panels) == 1 && !s.tray.Empty() || time.Now().After(end) {
			break
		}
	}
	if len(s.monitors) != 2 || s.monitors[0] != left || s.monitors[1] != right {
		t.Errorf("monitors %v", s.monitors)
	}
	if len(s.panels) != 1 || !s.panels[0].In(right) || s.panels[0].Dx() != right.Dx() || s.panels[0].Min.Y != 0 {
		t.Fatalf("panels %v", s.panels)
	}
	if !s.tray.Overlaps(s.panels[0]) || s.tray.Dx() > right.Dx()/2 || s.tray.Min.X < 2000 {
		t.Errorf("tray %v, want it at the end of the panel", s.tray)
	}
	at, ok := Corner(image.Pt(440, 200), 0)
	if want := image.Pt(right.Max.X-gap-440, s.panels[0].Max.Y+gap+title); !ok || at != want {
		t.Errorf("corner %v, %v, want %v", at, ok, want)
	}
}

func TestNoScreen(t *testing.T) {
	for _, display := range []string{"", ":4711"} {
		t.Setenv("DISPLAY", display)
		if at, ok := Corner(image.Pt(440, 200), 0); ok {
			t.Errorf("%q: a corner at %v", display, at)
		}
	}
}
