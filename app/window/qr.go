package window

import (
	"image"
	"image/color"
	"image/draw"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"github.com/boombuler/barcode/qr"

	"relink/platform"
)

// quietZone is the light margin around a QR code, in modules: what cameras need
// to find it (ISO/IEC 18004, section 9.1).
const quietZone = 4

// qrSide is the side of a QR code with its margin, at the usual size of text.
const qrSide float32 = 196

// qrCode shows an address to a phone's camera. It is dark on light in both
// themes, as many cameras read no other, and what it says always stands beside
// it as text.
type qrCode struct {
	widget.BaseWidget
	modules image.Image
	// most is the largest side there is room for; zero leaves it at the usual.
	most float32
}

// newQRCode makes the code of a text; nil when it is too long for one.
func newQRCode(text string) *qrCode {
	// M stands 15 % of damage, and is what fits an address into modules large enough for a phone.
	modules, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil
	}
	q := &qrCode{modules: modules}
	q.ExtendBaseWidget(q)
	return q
}

func (q *qrCode) AccessibilityLabel() string { return platform.T("QR code of the address beside it") }
func (q *qrCode) AccessibilityRole() fyne.AccessibleRole {
	return fyne.AccessibleRoleText
}

func (q *qrCode) CreateRenderer() fyne.WidgetRenderer {
	r := canvas.NewRaster(func(w, h int) image.Image { return drawModules(q.modules, w, h) })
	r.ScaleMode = canvas.ImageScalePixels // never blurred, should the sizes ever differ
	side := em(qrSide)
	if q.most > 0 {
		side = min(side, q.most)
	}
	r.SetMinSize(fyne.NewSquareSize(side))
	return widget.NewSimpleRenderer(r)
}

// drawModules draws modules with their margin into w × h pixels, each the same
// whole number of pixels wide and high; what is left over is margin too.
func drawModules(modules image.Image, w, h int) image.Image {
	out := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	n := modules.Bounds().Dx()
	px := min(w, h) / (n + 2*quietZone)
	left, top := (w-n*px)/2, (h-n*px)/2
	for y := range n * px {
		for x := range n * px {
			if c, _, _, _ := modules.At(x/px, y/px).RGBA(); c == 0 {
				out.SetGray(left+x, top+y, color.Gray{})
			}
		}
	}
	return out
}
