package main

// look is how a shape is painted.
type look struct {
	// body fills the shape; mark its dot or bar.
	body, mark paint
	// edge surrounds everything, edgeWidth units wide, so that the icon reads
	// on a panel of its own colour. No width, no edge.
	edge      paint
	edgeWidth float64
}

var (
	// The edge is opaque and pure black, so that every pixel that is not opaque
	// is pure black too: fyne.io/systray on Linux keeps the wrong byte of any
	// other colour there, and the icon gets a purple fringe.
	edge     = paint{a: 1}
	template = look{body: paint{a: 1}, mark: paint{a: 1}}
	// The colours are bright enough for a dark panel; the edge carries them on a light one.
	coloured = map[string]look{
		"ok":     {body: hex(0x3fc98a), mark: hex(0x3fc98a), edge: edge, edgeWidth: 2.2},
		"soon":   {body: hex(0x3fc98a), mark: hex(0xffb020), edge: edge, edgeWidth: 2.2},
		"needs":  {body: hex(0xff5d52), mark: hex(0xff5d52), edge: edge, edgeWidth: 2.2},
		"hollow": {body: hex(0xd5d9e0), mark: hex(0xd5d9e0), edge: edge, edgeWidth: 2.2},
	}
)

// The two rings: centres, radius and width. gap is the space where one passes
// under the other.
const (
	leftX, rightX = 22.2, 41.8
	middle        = 32.0
	radius        = 15.5
	width         = 7.6
	gap           = 2.8
)

// rings gives the distance to two linked rings: above the middle the left one
// passes over the right one, below it under. The one beneath is cut back, so
// that the link shows without any colour.
func rings(x, y, cx, cy, scale, width, cut float64) float64 {
	dx := (rightX - leftX) / 2 * scale
	a := ring(x, y, cx-dx, cy, radius*scale, width*scale)
	b := ring(x, y, cx+dx, cy, radius*scale, width*scale)
	over, under := a, b
	if y > cy {
		over, under = b, a
	}
	// Only where they cross, inside each other's reach, is anything cut.
	return min(over, max(under, cut*scale-over))
}

// edged paints a shape with its edge. dist is the distance to the shape, ink
// the paint inside.
func (l look) edged(dist float64, ink paint) paint {
	switch {
	case dist <= 0:
		return ink
	case dist <= l.edgeWidth:
		return l.edge
	}
	return paint{}
}

// linked: all well.
func linked(l look) picture {
	return func(x, y float64) paint {
		return l.edged(rings(x, y, 32, middle, 1, width, gap), l.body)
	}
}

// linkedDot: something ends soon. The dot stands clear of the rings.
func linkedDot(l look) picture {
	const dotX, dotY, dotR, clear = 51.5, 50.5, 9.5, 3.4
	return func(x, y float64) paint {
		dot := disc(x, y, dotX, dotY, dotR)
		if dot <= l.edgeWidth {
			return l.edged(dot, l.mark)
		}
		r := rings(x, y, 32, middle-4.5, 1, width, gap)
		return l.edged(max(r, clear+l.edgeWidth-dot), l.body)
	}
}

// openBar: somebody is needed. A ring that is open at the upper right, and a
// bar over a dot in it.
func openBar(l look) picture {
	return func(x, y float64) paint {
		r := arc(x, y, 32, 32, 25, 7.8, 285, 345)
		mark := min(bar(x, y, 32, 20.5, 32, 32.5, 7.6), disc(x, y, 32, 44, 4.3))
		if mark < r {
			return l.edged(mark, l.mark)
		}
		return l.edged(r, l.body)
	}
}

// hollow: locked or paused. The rings as thin lines.
func hollow(l look) picture {
	const line = 3.6
	return func(x, y float64) paint {
		return l.edged(rings(x, y, 32, middle, 1.08, line, gap), l.body)
	}
}

// appIcon is the program's icon: the linked rings on a rounded square.
func appIcon(x, y float64) paint {
	square := box(x, y, 32, 32, 29, 14)
	if square > 0 {
		return paint{}
	}
	if rings(x, y, 32, 32, 0.8, width, gap) <= 0 {
		return hex(0xffffff)
	}
	// From teal at the top to a deeper green at the bottom.
	top, bottom := hex(0x2bb58a), hex(0x0d6e6e)
	t := y / unit
	mix := func(a, b float64) float64 { return a + (b-a)*t }
	return paint{mix(top.r, bottom.r), mix(top.g, bottom.g), mix(top.b, bottom.b), 1}
}
