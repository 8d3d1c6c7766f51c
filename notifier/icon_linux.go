package notifier

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"

	"github.com/godbus/dbus/v5"
)

// imageData turns a PNG into the "image-data" hint: raw pixels, because a file
// of ours may be out of the server's reach. What is no PNG gives nil.
func imageData(icon []byte) *dbus.Variant {
	if len(icon) == 0 {
		return nil
	}
	src, err := png.Decode(bytes.NewReader(icon))
	if err != nil {
		return nil
	}
	r := src.Bounds()
	// Not premultiplied, as the specification's images are.
	dst := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(dst, dst.Bounds(), src, r.Min, draw.Src)
	v := dbus.MakeVariant(struct {
		Width, Height, Stride int32
		Alpha                 bool
		Bits, Channels        int32
		Pixels                []byte
	}{int32(r.Dx()), int32(r.Dy()), int32(dst.Stride), true, 8, 4, dst.Pix})
	return &v
}
