//go:build linux

package desk

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
)

// Small gives a picture of a screen 256 colours: those it has most of, and then
// those that are unlike all before. Flat grounds keep theirs, soft edges of letters come near.
func Small(img image.Image) *image.Paletted {
	const exact, most = 64, 256
	count := map[color.RGBA]int{}
	bounds := img.Bounds()
	each := func(do func(x, y int, c color.RGBA)) {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
				do(x-bounds.Min.X, y-bounds.Min.Y, color.RGBA{c.R, c.G, c.B, 0xff})
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { count[c]++ })
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	value := func(c color.RGBA) int { return int(c.R)<<16 + int(c.G)<<8 + int(c.B) }
	slices.SortFunc(all, func(a, b color.RGBA) int {
		if d := count[b] - count[a]; d != 0 {
			return d
		}
		return value(a) - value(b)
	})
	var palette color.Palette
	for _, c := range all {
		if len(palette) < exact || len(palette) < most && !slices.ContainsFunc(palette, func(p color.Color) bool { return alike(p.(color.RGBA), c) }) {
			palette = append(palette, c)
		}
	}
	out := image.NewPaletted(image.Rect(0, 0, bounds.Dx(), bounds.Dy()), palette)
	index := map[color.RGBA]uint8{}
	each(func(x, y int, c color.RGBA) {
		i, ok := index[c]
		if !ok {
			i = uint8(palette.Index(c))
			index[c] = i
		}
		out.SetColorIndex(x, y, i)
	})
	return out
}

// alike reports whether two colours look much the same.
func alike(a, b color.RGBA) bool {
	const step = 12
	d := func(x, y uint8) bool { return max(x, y)-min(x, y) <= step }
	return d(a.R, b.R) && d(a.G, b.G) && d(a.B, b.B)
}

// WriteSmall writes a picture with few colours to a PNG file.
func WriteSmall(path string, img image.Image) error {
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, Small(img)); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}
