package app_test

import (
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// twoMonitors has the tray on the second one: what has ended is told there, in
// the corner beside it, one below the other.
func twoMonitors(t *testing.T, program string) {
	desk.Need(t, desk.PartTray, desk.PartMonitors)
	first, second := image.Rect(0, 0, 1000, 800), image.Rect(1000, 0, 2280, 800)
	s := newStage(t, program, desk.Config{Keyring: true, Tray: true, RecordOnly: true, Size: image.Pt(2280, 800), Monitors: []image.Rectangle{first, second}})
	a := s.startAgent()
	for _, p := range []string{"facebook", "linkedin"} {
		s.register(p)
	}
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "facebook", "--pick", "Acme Shop")
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "linkedin")
	s.network.Revoke(sandbox.Selection{Platform: sandbox.Facebook}, sandbox.ReasonPassword)
	s.network.Expire(sandbox.Selection{Platform: sandbox.LinkedIn}, time.Now().Add(-24*time.Hour))
	s.want(3, "check")

	var found []desk.Window
	s.eventually(100*time.Second, "two pop-ups", func() bool { // the first minute is quiet
		found, _ = s.d.Windows(s.soon(), ours)
		return len(found) == 2
	})
	time.Sleep(500 * time.Millisecond) // until they have their places
	found, err := s.d.Windows(s.soon(), ours)
	if err != nil || len(found) != 2 {
		t.Fatalf("the pop-ups are %+v: %v", found, err)
	}
	// A window that has not the focus is painted all the same.
	s.eventually(20*time.Second, "both to be painted", func() bool {
		img, err := s.d.Image()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range found {
			colours := map[color.RGBA]bool{}
			for y := w.Bounds.Min.Y; y < w.Bounds.Max.Y; y++ {
				for x := w.Bounds.Min.X; x < w.Bounds.Max.X; x++ {
					colours[img.RGBAAt(x, y)] = true
				}
			}
			if len(colours) < 20 {
				return false
			}
		}
		return true
	})
	s.shot("popups")
	corner := image.Rect(second.Max.X-second.Dx()/2, 0, second.Max.X, second.Max.Y)
	for i, w := range found {
		t.Logf("pop-up %q at %v", w.Title, w.Bounds)
		if !w.Bounds.In(corner) || w.Bounds.Max.X < second.Max.X-40 || w.Bounds.Overlaps(found[1-i].Bounds) {
			t.Errorf("%q is at %v, want it at the right of %v and apart from the other", w.Title, w.Bounds, second)
		}
	}
	if top := min(found[0].Bounds.Min.Y, found[1].Bounds.Min.Y); top > 100 {
		t.Errorf("the upper one is %d pixels from the top, where the tray is", top)
	}
	// Neither took the focus: a person may be typing elsewhere.
	focus, _ := s.d.Command(s.soon(), "xdotool", "getwindowfocus", "getwindowname").Output() // none is an error
	if strings.Contains(string(focus), "Relink") {
		t.Errorf("%q has the focus", focus)
	}
	active, err := s.d.Command(s.soon(), "xprop", "-root", "_NET_ACTIVE_WINDOW").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range found {
		if strings.Contains(string(active), w.ID) {
			t.Errorf("%q is the active window", w.Title)
		}
	}
	s.quit(a)
}
