// Package place finds where a small window belongs that should be seen and not be
// in the way: in the corner of the monitor that the tray is on, beside it, or below
// where notifications are shown there.
//
// X11 alone tells a program where panels are and lets it place a window. Wayland's
// compositors do neither; on Windows and macOS nothing is asked yet. There the
// window system puts the window where it likes.
package place

import (
	"image"
	"slices"
	"time"
)

// screen is what is on the screen, all in its pixels.
type screen struct {
	// monitors, the primary one first.
	monitors []image.Rectangle
	// panels are the bars at edges of monitors.
	panels []image.Rectangle
	// tray is where the tray is, or the panel that it is on where no more is known;
	// empty where nothing is.
	tray image.Rectangle
	// notes are the notifications that are shown.
	notes []image.Rectangle
}

const (
	// gap is between the window and what is around it, title what a title bar takes at the most.
	gap   = 12
	title = 36
	// patience is how long the X server may take; it answers within milliseconds.
	patience = 500 * time.Millisecond
)

// Corner gives the place of the upper left corner of a window's content, of that
// size in pixels, as the nth of such windows that stand there, from 0. It is false
// where none can be told, or there is no room for one more.
func Corner(size image.Point, nth int) (image.Point, bool) {
	found := make(chan screen, 1)
	go func() {
		if s, err := look(); err == nil {
			found <- s
		}
		close(found)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case s := <-found:
		return s.corner(size, nth)
	case <-timer.C:
		return image.Point{}, false
	}
}

// corner is where the nth window goes. It is pure.
func (s screen) corner(size image.Point, nth int) (image.Point, bool) {
	tray := s.tray
	if tray.Empty() {
		// Where only one panel is, the tray is on it.
		if len(s.panels) != 1 {
			return image.Point{}, false
		}
		tray = s.panels[0]
	}
	monitor := s.monitor(tray)
	if monitor.Empty() {
		return image.Point{}, false
	}
	at := middle(tray)
	switch tray = tray.Intersect(monitor); {
	// A panel that goes along an edge has its tray at the end of it.
	case tray.Dx() > monitor.Dx()/2:
		at.X = tray.Max.X
	case tray.Dy() > monitor.Dy()/2:
		at.Y = tray.Max.Y
	}
	area := s.area(monitor)
	area.Min = area.Min.Add(image.Pt(gap, gap+title))
	area.Max = area.Max.Sub(image.Pt(gap, gap))
	p, step := area.Min, size.Y+title+gap
	if at.X > middle(monitor).X {
		p.X = area.Max.X - size.X
	}
	upper, lower := p.Y+nth*step, area.Max.Y-size.Y-nth*step
	taken := func(y int) bool {
		window := image.Rect(p.X, y-title, p.X+size.X, y+size.Y)
		return slices.ContainsFunc(s.notes, window.Overlaps)
	}
	below := at.Y > middle(monitor).Y
	if p.Y = upper; below {
		p.Y = lower
	}
	// Notifications say the same, and have their buttons: they are not hidden.
	if taken(p.Y) {
		if p.Y = lower; below {
			p.Y = upper
		}
	}
	return p, image.Rectangle{p, p.Add(size)}.In(area)
}

func middle(r image.Rectangle) image.Point { return r.Min.Add(r.Max).Div(2) }

// monitor is the one that most of r is on.
func (s screen) monitor(r image.Rectangle) (best image.Rectangle) {
	most := 0
	for _, m := range s.monitors {
		if part := m.Intersect(r); part.Dx()*part.Dy() > most {
			best, most = m, part.Dx()*part.Dy()
		}
	}
	return best
}

// area is a monitor without the panels at its edges.
func (s screen) area(m image.Rectangle) image.Rectangle {
	free := m
	for _, panel := range s.panels {
		p := panel.Intersect(m)
		switch {
		case p.Empty():
		case p.Dx() >= p.Dy() && middle(p).Y < middle(m).Y:
			free.Min.Y = max(free.Min.Y, p.Max.Y)
		case p.Dx() >= p.Dy():
			free.Max.Y = min(free.Max.Y, p.Min.Y)
		case middle(p).X < middle(m).X:
			free.Min.X = max(free.Min.X, p.Max.X)
		default:
			free.Max.X = min(free.Max.X, p.Min.X)
		}
	}
	return free
}
