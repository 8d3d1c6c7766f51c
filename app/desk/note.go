//go:build linux

package desk

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

// NoteWindow is the window of a note of xfce4-notifyd.
var NoteWindow = Match{Class: "xfce4-notifyd"}

// ClickNote moves the pointer to a button of the topmost note of
// xfce4-notifyd that has any and clicks: 0 is the first from the left, -1 the last. The server draws the
// default action as a button too. ctx bounds the wait for a note with such a button.
func (d *Desk) ClickNote(ctx context.Context, which int) error {
	// A button under the pointer lights up and looks like the note.
	if err := d.MovePointer(ctx, 0, d.size.Y-1); err != nil {
		return err
	}
	var buttons []image.Rectangle
	var last error
	if err := poll(ctx, func() bool {
		// A note that still grows is found the same twice only when it is done.
		before := buttons
		time.Sleep(100 * time.Millisecond)
		buttons, last = d.NoteButtons(ctx)
		return slices.Equal(before, buttons) && which < len(buttons) && -which <= len(buttons)
	}); err != nil {
		return fmt.Errorf("click button %d of the note, which has %d: %w", which, len(buttons), errors.Join(err, last))
	}
	if which < 0 {
		which += len(buttons)
	}
	at := buttons[which]
	return d.Click(ctx, (at.Min.X+at.Max.X)/2, (at.Min.Y+at.Max.Y)/2)
}

// NoteButtons finds the buttons of the topmost note of xfce4-notifyd that has
// any. The pointer must be elsewhere.
func (d *Desk) NoteButtons(ctx context.Context) ([]image.Rectangle, error) {
	found, err := d.Windows(ctx, NoteWindow)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	img, err := d.Image()
	if err != nil {
		return nil, err
	}
	for _, w := range found {
		if buttons := noteButtons(img, w.Bounds.Intersect(img.Bounds())); len(buttons) > 0 {
			return buttons, nil
		}
	}
	return nil, nil
}

// noteButtons finds buttons by their looks: along the lower part of the row
// of buttons, they are what is not the note's own colour.
func noteButtons(img *image.RGBA, note image.Rectangle) []image.Rectangle {
	const (
		margin   = 14 // pixels below the row
		height   = 34 // of the row, at least
		minWidth = 30
		edge     = 4  // pixels of border
		shadow   = 24 // how far a button's soft shadow is from the note's colour
	)
	y := note.Max.Y - margin - 8
	paper := img.RGBAAt(note.Min.X+6, y)
	var out []image.Rectangle
	start := -1
	for x := note.Min.X + 6; x < note.Max.X-5; x++ {
		inside := x < note.Max.X-6 && apart(img.RGBAAt(x, y), paper) > shadow
		switch {
		case inside && start < 0:
			start = x
		case !inside && start >= 0:
			if x-start >= minWidth && plain(img, start+edge, x-edge, y, paper) {
				out = append(out, image.Rect(start, note.Max.Y-margin-height, x, note.Max.Y-margin))
			}
			start = -1
		}
	}
	return out
}

// plain reports whether a row of pixels is near the note's colour, as a
// button's face is and a picture is not.
func plain(img *image.RGBA, from, to, y int, paper color.RGBA) bool {
	for x := from; x < to; x++ {
		if apart(img.RGBAAt(x, y), paper) > 120 {
			return false
		}
	}
	return true
}

// apart is how far two colours are from each other: the sum over red, green and blue.
func apart(a, b color.RGBA) int {
	one := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return one(a.R, b.R) + one(a.G, b.G) + one(a.B, b.B)
}

// Note is a notification as a program asked for it.
type Note struct {
	App, Title, Body string
	// Actions are keys and labels by turns.
	Actions []string
	// Replaces is the id of the note that it takes the place of; 0 is none.
	Replaces uint32
}

// Notes listens to what programs ask the notification server to show, until
// ctx ends, and closes the channel then. What nobody reads is lost after 64.
func (d *Desk) Notes(ctx context.Context) (<-chan Note, error) {
	conn, err := d.Bus()
	if err != nil {
		return nil, err
	}
	rules := []string{"type='method_call',interface='org.freedesktop.Notifications',member='Notify'"}
	if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, rules, uint32(0)).Err; err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen to notifications: %w", err)
	}
	messages, out := make(chan *dbus.Message, 64), make(chan Note, 64)
	conn.Eavesdrop(messages)
	go func() {
		defer close(out)
		defer conn.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case m, ok := <-messages:
				if !ok {
					return
				}
				var n Note
				var icon string
				// The rest is hints and time.
				if len(m.Body) < 6 || dbus.Store(m.Body[:6], &n.App, &n.Replaces, &icon, &n.Title, &n.Body, &n.Actions) != nil {
					continue
				}
				select {
				case out <- n:
				default:
				}
			}
		}
	}()
	return out, nil
}
