package window

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"relink/app/agent"
)

const activate = "https://www.twitch.tv/activate?device-code=WDJBMJHT&public=true"

// scan reads a QR code with a decoder that is not the encoder's.
func scan(t *testing.T, img image.Image) string {
	t.Helper()
	source := gozxing.NewLuminanceSourceFromImage(img)
	for _, binary := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
		bits, err := gozxing.NewBinaryBitmap(binary)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}); err == nil {
			return found.GetText()
		}
	}
	t.Fatalf("not readable at %v", img.Bounds())
	return ""
}

// Every module is the same whole number of pixels at every scale, with a light
// margin of four of them around, and the whole can be read.
func TestQRCodeIsPixelExact(t *testing.T) {
	for _, text := range []string{activate, "https://example.org/device", "http://127.0.0.1:41213/login.example.org/oauth2/v1/device/verification?user_code=WDJB-MJHT&locale=de_DE&client=relink"} {
		q := newQRCode(text)
		if q == nil {
			t.Fatalf("no code for %q", text)
		}
		n := q.modules.Bounds().Dx()
		for _, side := range []int{157, 196, 245, 294, 392, 640} {
			img := drawModules(q.modules, side, side+3)
			px := side / (n + 8)
			if px < 2 {
				continue // no screen is that coarse
			}
			left, top := (side-n*px)/2, (side+3-n*px)/2
			if min(left, top) < 4*px {
				t.Fatalf("%d: margin of %d pixels, modules of %d", side, min(left, top), px)
			}
			for y := range side + 3 {
				for x := range side {
					want := color.Gray{Y: 255}
					if (image.Point{x, y}).In(image.Rect(left, top, left+n*px, top+n*px)) {
						if c, _, _, _ := q.modules.At((x-left)/px, (y-top)/px).RGBA(); c == 0 {
							want.Y = 0
						}
					}
					if got := img.At(x, y); got != want {
						t.Fatalf("%d: pixel %d,%d is %v, want %v", side, x, y, got, want)
					}
				}
			}
			if got := scan(t, img); got != text {
				t.Errorf("%d: read %q, want %q", side, got, text)
			}
		}
	}
	if newQRCode(strings.Repeat("x", 5000)) != nil {
		t.Error("a code for more than a code holds")
	}
}

// The code on the screen can be read in both themes and at every scale; the
// address and the code stand beside it.
func TestQRCodeOnTheScreen(t *testing.T) {
	for _, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		b := reconnecting(t)
		b.u.variant = func(t fyne.Theme) fyne.Theme { return &variantLook{t, variant} }
		b.u.applyText()
		b.f.move(func(f *agent.Flow) { f.URL, f.UserCode, f.Listening = activate, "WDJB-MJHT", false })
		b.sees("WDJB-MJHT")
		if got := scan(t, b.window().Canvas().Capture()); got != activate {
			t.Errorf("read %q", got)
		}
		var links []string
		b.seen(func(o fyne.CanvasObject) {
			if l, ok := o.(*widget.Hyperlink); ok {
				links = append(links, l.Text)
			}
		})
		if !slices.Contains(links, activate) {
			t.Errorf("links %q lack the address", links)
		}
		b.press(wordCopyLink)
		if got := b.app.Clipboard().Content(); got != activate {
			t.Errorf("clipboard = %q", got)
		}
		for _, scale := range []float32{1, 1.25, 1.5, 2, 3} {
			c := software.NewCanvas()
			c.SetPadded(false)
			c.SetContent(newQRCode(activate))
			c.Resize(fyne.NewSquareSize(qrSide))
			c.SetScale(scale)
			shot := c.Capture()
			ground := image.NewRGBA(shot.Bounds().Inset(-20)) // what is around it is as dark as it gets
			draw.Draw(ground, ground.Bounds(), image.Black, image.Point{}, draw.Src)
			draw.Draw(ground, shot.Bounds(), shot, shot.Bounds().Min, draw.Src)
			if got := scan(t, ground); got != activate {
				t.Errorf("scale %v: read %q", scale, got)
			}
			for _, p := range pixels(shot) {
				if p != (color.NRGBA{A: 255}) && p != (color.NRGBA{R: 255, G: 255, B: 255, A: 255}) {
					t.Fatalf("scale %v: a pixel is neither dark nor light: %v", scale, p)
				}
			}
		}
	}
}

func pixels(img image.Image) []color.NRGBA {
	var out []color.NRGBA
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			out = append(out, color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA))
		}
	}
	return out
}
