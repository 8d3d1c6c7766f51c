package main

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed files are what the generator draws. Pixels are compared with a
// small tolerance: other processors round otherwise, other Go versions pack otherwise.
func TestCommittedFilesAreDrawn(t *testing.T) {
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Errorf("%v; run go generate ./assets", err)
			continue
		}
		if !same(t, name, got, want) {
			t.Errorf("%s is not what assets/draw draws; run go generate ./assets", name)
		}
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); (ext == ".png" || ext == ".ico") && all[e.Name()] == nil {
			t.Errorf("%s is drawn by nobody", e.Name())
		}
	}
}

func same(t *testing.T, name string, got, want []byte) bool {
	t.Helper()
	if filepath.Ext(name) == ".png" {
		return near(pixels(t, name, got), pixels(t, name, want))
	}
	return near(got, want)
}

func near(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if d := int(a[i]) - int(b[i]); d < -2 || d > 2 {
			return false
		}
	}
	return true
}

func pixels(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	n, ok := img.(*image.NRGBA)
	if !ok {
		t.Fatalf("%s: got %T, want NRGBA", name, img)
	}
	return n.Pix
}

// The states are told apart without colour at the size of a small panel: by
// how much of the icon is covered differently, seen as one grey.
func TestStatesDifferByShape(t *testing.T) {
	shapes := map[string]picture{"ok": linked(template), "soon": linkedDot(template), "needs": openBar(template), "hollow": hollow(template)}
	for a, pa := range shapes {
		for b, pb := range shapes {
			if a >= b {
				continue
			}
			const size = 22
			x, y := render(pa, size), render(pb, size)
			diff := 0
			for i := 3; i < len(x.Pix); i += 4 {
				diff += max(int(x.Pix[i]), int(y.Pix[i])) - min(int(x.Pix[i]), int(y.Pix[i]))
			}
			if share := float64(diff) / (255 * size * size); share < 0.08 {
				t.Errorf("%s and %s differ in %.0f %% of the icon, want 8 at least", a, b, 100*share)
			}
		}
	}
}

// See the edge in icons.go.
func TestSoftPixelsAreBlack(t *testing.T) {
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range all {
		if filepath.Ext(name) != ".png" || strings.HasPrefix(name, "icon") {
			continue
		}
		pix := pixels(t, name, data)
		for i := 0; i < len(pix); i += 4 {
			if a := pix[i+3]; a > 0 && a < 255 && (pix[i] > 0 || pix[i+1] > 0 || pix[i+2] > 0) {
				t.Fatalf("%s: a pixel of alpha %d is coloured %v, want black", name, a, pix[i:i+3])
			}
		}
	}
}

// Every tray icon has an edge that a panel of the icon's own colour cannot swallow.
func TestEdgeSurroundsBody(t *testing.T) {
	l := coloured["ok"]
	if got := l.edged(-1, l.body); got != l.body {
		t.Errorf("inside: got %v, want the body", got)
	}
	if got := l.edged(1, l.body); got != l.edge {
		t.Errorf("at the border: got %v, want the edge", got)
	}
	if got := template.edged(1, template.body); got != (paint{}) {
		t.Errorf("template: got an edge %v, want none", got)
	}
}

func TestRenderStaysInside(t *testing.T) {
	for name, p := range map[string]picture{"ok": linked(coloured["ok"]), "soon": linkedDot(coloured["soon"]), "needs": openBar(coloured["needs"]), "hollow": hollow(coloured["hollow"])} {
		img := render(p, 64)
		for i := range 64 {
			for _, at := range [][2]int{{i, 0}, {i, 63}, {0, i}, {63, i}} {
				if a := img.NRGBAAt(at[0], at[1]).A; a > 200 {
					t.Errorf("%s is cut off at %v", name, at)
				}
			}
		}
	}
}

// The coloured icons read on dark panels by their body and on light ones by
// their edge: at least 3 to 1, as WCAG asks of what is no text.
func TestReadsOnEveryPanel(t *testing.T) {
	lin := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	light := func(p paint) float64 { return 0.2126*lin(p.r) + 0.7152*lin(p.g) + 0.0722*lin(p.b) }
	contrast := func(a, b paint) float64 {
		x, y := light(a), light(b)
		return (max(x, y) + 0.05) / (min(x, y) + 0.05)
	}
	for name, l := range coloured {
		for _, panel := range []paint{hex(0x101214), hex(0x2b2f36), hex(0x3b4252)} {
			if got := min(contrast(l.body, panel), contrast(l.mark, panel)); got < 3 {
				t.Errorf("%s on a dark panel: %.1f to 1", name, got)
			}
		}
		for _, panel := range []paint{hex(0xffffff), hex(0xe8e8e8), hex(0xc8ccd2)} {
			if got := contrast(l.edge, panel); got < 3 {
				t.Errorf("%s on a light panel: %.1f to 1", name, got)
			}
		}
	}
}
