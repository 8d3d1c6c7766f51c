package main

import (
	"bytes"
	"encoding/binary"
	"image"
)

// ico packs images into an icon file. The images are bitmaps, not PNGs:
// LoadImage takes PNG only for the largest size.
func ico(sizes []int, images [][]byte) []byte {
	var b bytes.Buffer
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	le([]uint16{0, 1, uint16(len(sizes))})
	offset := uint32(6 + 16*len(sizes))
	for i, size := range sizes {
		le([]uint8{uint8(size), uint8(size), 0, 0})
		le([]uint16{1, 32})
		le([]uint32{uint32(len(images[i])), offset})
		offset += uint32(len(images[i]))
	}
	for _, data := range images {
		b.Write(data)
	}
	return b.Bytes()
}

// dib is a 32-bit bitmap as icons hold it: a header with twice the height,
// rows from the bottom in BGRA, then a mask of one bit a pixel, which only
// programs that know no alpha read.
func dib(img *image.NRGBA) []byte {
	size := img.Rect.Dx()
	var b bytes.Buffer
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	le([]uint32{40, uint32(size), uint32(2 * size)})
	le([]uint16{1, 32})
	le([]uint32{0, uint32(4 * size * size), 0, 0, 0, 0})
	for y := size - 1; y >= 0; y-- {
		for x := range size {
			c := img.NRGBAAt(x, y)
			b.Write([]byte{c.B, c.G, c.R, c.A})
		}
	}
	stride := (size + 31) / 32 * 4
	for y := size - 1; y >= 0; y-- {
		row := make([]byte, stride)
		for x := range size {
			if img.NRGBAAt(x, y).A == 0 {
				row[x/8] |= 0x80 >> (x % 8)
			}
		}
		b.Write(row)
	}
	return b.Bytes()
}
