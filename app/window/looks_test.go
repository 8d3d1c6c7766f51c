//go:build linux

package window

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/fontscan"

	"relink/app/agent"
	"relink/app/desk"
	"relink/platform"
)

// looks are the pictures in testdata: screens, both variants, two scales, three languages.
var looks = []struct {
	name, page, lang string
	dark             bool
	scale            float32
	size             fyne.Size
	act              func(*bench)
	// of is the part that is pictured; nil for all.
	of func(*bench) fyne.CanvasObject
}{
	{name: "list-light", page: PageAccounts, scale: 1, size: fyne.NewSize(1100, 460)},
	{name: "list-dark-de-2x", page: PageAccounts, lang: "de", dark: true, scale: 2, size: fyne.NewSize(700, 330)},
	{name: "list-light-ja", page: PageAccounts, lang: "ja", scale: 1, size: fyne.NewSize(1100, 330)},
	{name: "detail-dark", page: "account:o0002", dark: true, scale: 1, size: fyne.NewSize(440, 700)},
	{name: "detail-light-de-2x", page: "account:o0004", lang: "de", scale: 2, size: fyne.NewSize(420, 400)},
	{name: "horizon-light", page: PageAccounts, scale: 1, size: fyne.NewSize(1100, 400), of: horizonOf},
	{name: "horizon-dark-2x", page: PageAccounts, dark: true, scale: 2, size: fyne.NewSize(1100, 300), of: horizonOf},
	{name: "connect-light-de", page: PageConnect, lang: "de", scale: 1, size: fyne.NewSize(620, 560), act: func(b *bench) { b.u.showConnectTo("bluesky") }},
	{name: "connect-dark-2x", page: PageConnect, dark: true, scale: 2, size: fyne.NewSize(520, 330)},
	{name: "settings-dark", page: PageSettings, dark: true, scale: 1},
	{name: "settings-light-de-2x", page: PageSettings, lang: "de", scale: 2, size: fyne.NewSize(820, 400)},
	{name: "settings-light-ja", page: PageSettings, lang: "ja", scale: 1},
	{name: "text-200-dark", page: PageAccounts, dark: true, scale: 1, size: fyne.NewSize(900, 420), act: func(b *bench) { b.u.resizeText(100) }},
}

func horizonOf(b *bench) fyne.CanvasObject { return b.u.accounts.coming.content }

const (
	// channelNear is how far a colour may be off: the goldens have few of them,
	// and letters have soft edges.
	channelNear = 40
	// pixelsOff is the share of pixels that may be further off: a caret, which blinks.
	pixelsOff = 0.0002
)

// TestLooks compares pictures of the screens with those in testdata; -update writes them anew.
func TestLooks(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("skipped: needs linux on amd64, where the pictures were made; others round colours in another way")
	}
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			if l.lang != "" {
				speak(t, l.lang)
			}
			b := shown(t, agent.NewSnapshot(agent.Snapshot{}, office(24)), l.page, nil)
			b.u.variant = func(t fyne.Theme) fyne.Theme {
				return &variantLook{t, map[bool]fyne.ThemeVariant{false: theme.VariantLight, true: theme.VariantDark}[l.dark]}
			}
			if l.lang == "ja" {
				b.u.fonts = gothic(t)
				b.u.spell()
			}
			b.u.applyText()
			b.u.retell()
			if l.act != nil {
				l.act(b)
			}
			w := b.window()
			w.Canvas().(interface{ SetScale(float32) }).SetScale(l.scale)
			if l.size.Width > 0 {
				w.Resize(l.size)
			}
			b.calm()
			b.stable(func() string { return test.RenderToMarkup(w.Canvas()) })
			got := w.Canvas().Capture()
			if l.of != nil {
				o := l.of(b)
				at := b.app.Driver().AbsolutePositionForObject(o)
				px := func(v float32) int { return int(v * l.scale) }
				got = got.(interface {
					SubImage(image.Rectangle) image.Image
				}).SubImage(image.Rect(px(at.X), px(at.Y), px(at.X+o.Size().Width), px(at.Y+o.Size().Height)))
			}
			comparePicture(t, l.name, got)
		})
	}
}

// gothic gives the one Japanese font of the pictures, which .ci/setup installs.
func gothic(t *testing.T) func() ([]fontscan.Footprint, error) {
	t.Helper()
	all, err := systemFonts()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(f fontscan.Footprint) bool { return filepath.Base(f.Location.File) != "ipag.ttf" })
	if len(all) == 0 {
		t.Skip("skipped: needs the Japanese font of the pictures, IPAGothic (apt-get install fonts-ipafont-gothic)")
	}
	return func() ([]fontscan.Footprint, error) { return all, nil }
}

// calm waits until nothing has come for a while.
func (b *bench) calm() {
	b.t.Helper()
	b.until("everything to have come", func() bool { return !b.shows(platform.T(wordLoading)) })
	for quiet := 0; quiet < 40; quiet++ {
		if b.pump() {
			quiet = 0
		}
		time.Sleep(time.Millisecond)
	}
}

func comparePicture(t *testing.T, name string, got image.Image) {
	t.Helper()
	path := filepath.Join("testdata", name+".png")
	if *update {
		writePicture(t, path, desk.Small(got))
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden; write it with -update: %v", err)
	}
	want, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	off, all := pixelsDiffer(got, want), got.Bounds().Dx()*got.Bounds().Dy()
	if off < 0 || float64(off) > pixelsOff*float64(all) {
		where := "set RELINK_SHOTS to a directory to have the picture written there"
		if dir := os.Getenv("RELINK_SHOTS"); dir != "" {
			where = filepath.Join(dir, name+".png")
			writePicture(t, where, got)
		}
		t.Errorf("%s is not as it was: %d of %d pixels differ, its size is %v and was %v; %s (%s)", path, off, all, got.Bounds().Size(), want.Bounds().Size(), howToUpdate, where)
	}
}

// pixelsDiffer counts the pixels whose colours are further apart than channelNear; negative where the sizes differ.
func pixelsDiffer(a, b image.Image) int {
	if a.Bounds().Size() != b.Bounds().Size() {
		return -1
	}
	far := func(x, y uint32) bool { return max(x, y)-min(x, y) > channelNear<<8 }
	n := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, _ := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			if far(r1, r2) || far(g1, g2) || far(b1, b2) {
				n++
			}
		}
	}
	return n
}

func writePicture(t *testing.T, path string, img image.Image) {
	t.Helper()
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
