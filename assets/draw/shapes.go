package main

import (
	"image"
	"image/color"
	"math"
)

// Shapes live in a square of 64 by 64 units, whatever the pixels.
const unit = 64.0

// paint is a colour with its opacity, not multiplied; the zero value is nothing.
type paint struct{ r, g, b, a float64 }

func hex(v uint32) paint {
	return paint{float64(v>>16&255) / 255, float64(v>>8&255) / 255, float64(v&255) / 255, 1}
}

// picture is the paint at a point.
type picture func(x, y float64) paint

// render samples a picture on a fine grid in each pixel.
func render(p picture, size int) *image.NRGBA {
	grid := 8
	if size > 128 {
		grid = 4
	}
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	step := unit / float64(size*grid)
	for py := range size {
		for px := range size {
			var sum paint
			for sy := range grid {
				for sx := range grid {
					c := p((float64(px*grid+sx)+0.5)*step, (float64(py*grid+sy)+0.5)*step)
					sum.r += c.r * c.a
					sum.g += c.g * c.a
					sum.b += c.b * c.a
					sum.a += c.a
				}
			}
			if sum.a == 0 {
				continue
			}
			level := func(v float64) uint8 { return uint8(math.Round(255 * min(1, max(0, v)))) }
			img.SetNRGBA(px, py, color.NRGBA{
				R: level(sum.r / sum.a), G: level(sum.g / sum.a), B: level(sum.b / sum.a),
				A: level(sum.a / float64(grid*grid)),
			})
		}
	}
	return img
}

// Distances to shapes, negative inside.

func disc(x, y, cx, cy, radius float64) float64 { return math.Hypot(x-cx, y-cy) - radius }

func ring(x, y, cx, cy, radius, width float64) float64 {
	return math.Abs(math.Hypot(x-cx, y-cy)-radius) - width/2
}

// bar is a line with round ends.
func bar(x, y, x1, y1, x2, y2, width float64) float64 {
	dx, dy := x2-x1, y2-y1
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(1, max(0, ((x-x1)*dx+(y-y1)*dy)/l))
	}
	return math.Hypot(x-x1-t*dx, y-y1-t*dy) - width/2
}

// arc is a ring open between two angles, with round ends. Angles are in
// degrees, clockwise from the right.
func arc(x, y, cx, cy, radius, width, from, to float64) float64 {
	at := math.Mod(math.Atan2(y-cy, x-cx)*180/math.Pi+360, 360)
	if at < from || at > to {
		return ring(x, y, cx, cy, radius, width)
	}
	end := func(deg float64) float64 {
		rad := deg * math.Pi / 180
		return disc(x, y, cx+radius*math.Cos(rad), cy+radius*math.Sin(rad), width/2)
	}
	return min(end(from), end(to))
}

// box is a square with round corners.
func box(x, y, cx, cy, half, corner float64) float64 {
	qx, qy := math.Abs(x-cx)-half+corner, math.Abs(y-cy)-half+corner
	return math.Hypot(max(qx, 0), max(qy, 0)) + min(max(qx, qy), 0) - corner
}
