//go:build linux

package desk

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Window is one visible window.
type Window struct {
	ID    string
	Title string
	// Class is the second word of WM_CLASS, Instance the first.
	Class, Instance string
	// Bounds on the screen, without the frame.
	Bounds image.Rectangle
}

// Match picks windows: every field that is set must be contained in the
// window's, letter case apart. The zero value matches every window that has a title or a class.
type Match struct {
	Class, Title string
}

func (m Match) matches(w Window) bool {
	has := func(s, part string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(part)) }
	return has(w.Title, m.Title) && (has(w.Class, m.Class) || has(w.Instance, m.Class))
}

func (m Match) String() string { return fmt.Sprintf("class %q, title %q", m.Class, m.Title) }

// treeLine is a window in the output of xwininfo -tree:
// 0x1c00007 "Title": ("instance" "Class")  300x200+0+0  +490+300
var treeLine = regexp.MustCompile(`^\s+(0x[0-9a-f]+) (?:"(.*)"|\(has no name\)):\s+\((?:"(.*?)" "(.*?)")?\)\s+(\d+)x(\d+)\+-?\d+\+-?\d+\s+\+(-?\d+)\+(-?\d+)`)

// Windows lists the visible windows that match, topmost first.
func (d *Desk) Windows(ctx context.Context, m Match) ([]Window, error) {
	tree, err := d.output(ctx, "xwininfo", "-root", "-tree")
	if err != nil {
		return nil, fmt.Errorf("list windows: %w", err)
	}
	// xdotool ends with 1 when there is none.
	ids, _ := d.output(ctx, "xdotool", "search", "--onlyvisible", "--name", "")
	shown := strings.Fields(ids)
	var out []Window
	for line := range strings.Lines(tree) {
		f := treeLine.FindStringSubmatch(line)
		if f == nil || f[2] == "" && f[4] == "" {
			continue
		}
		id, err := strconv.ParseUint(f[1], 0, 32)
		if err != nil || !slices.Contains(shown, strconv.FormatUint(id, 10)) {
			continue
		}
		n := make([]int, 4)
		for i := range n {
			n[i], _ = strconv.Atoi(f[5+i]) // digits, by the pattern
		}
		w := Window{ID: f[1], Title: f[2], Instance: f[3], Class: f[4], Bounds: image.Rect(n[2], n[3], n[2]+n[0], n[3]+n[1])}
		// Toolkits keep hidden helper windows of a pixel or ten beside the real ones.
		if w.Bounds.Dx() > 10 && w.Bounds.Dy() > 10 && m.matches(w) {
			out = append(out, w)
		}
	}
	return out, nil
}

// WaitWindow waits until a window matches and gives the topmost; ctx bounds the wait.
func (d *Desk) WaitWindow(ctx context.Context, m Match) (Window, error) {
	var found []Window
	var err error
	if late := poll(ctx, func() bool {
		found, err = d.Windows(ctx, m)
		return len(found) > 0
	}); late != nil {
		return Window{}, fmt.Errorf("wait for a window with %s: %w", m, errors.Join(late, err))
	}
	return found[0], nil
}

// WaitNoWindow waits until no window matches.
func (d *Desk) WaitNoWindow(ctx context.Context, m Match) error {
	if late := poll(ctx, func() bool {
		found, err := d.Windows(ctx, m)
		return err == nil && len(found) == 0
	}); late != nil {
		return fmt.Errorf("wait for no window with %s: %w", m, late)
	}
	return nil
}

// MovePointer moves the pointer; pixels from the screen's top left.
func (d *Desk) MovePointer(ctx context.Context, x, y int) error {
	if _, err := d.output(ctx, "xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y)); err != nil {
		return fmt.Errorf("move pointer: %w", err)
	}
	return nil
}

// Click moves the pointer and clicks the left button; pixels from the screen's top left.
func (d *Desk) Click(ctx context.Context, x, y int) error { return d.ClickButton(ctx, 1, x, y) }

// ClickButton is Click with another button: 1 left, 2 middle, 3 right.
func (d *Desk) ClickButton(ctx context.Context, button, x, y int) error {
	if err := d.MovePointer(ctx, x, y); err != nil {
		return err
	}
	// Toolkits that light up what the pointer is on need to have seen it come.
	time.Sleep(100 * time.Millisecond)
	if _, err := d.output(ctx, "xdotool", "click", strconv.Itoa(button)); err != nil {
		return fmt.Errorf("click: %w", err)
	}
	return nil
}

// ClickWindow clicks in the topmost window that matches, at pixels from its
// top left; negative ones count from its right and bottom.
func (d *Desk) ClickWindow(ctx context.Context, m Match, x, y int) error {
	w, err := d.WaitWindow(ctx, m)
	if err != nil {
		return err
	}
	if x < 0 {
		x += w.Bounds.Dx()
	}
	if y < 0 {
		y += w.Bounds.Dy()
	}
	return d.Click(ctx, w.Bounds.Min.X+x, w.Bounds.Min.Y+y)
}

// Key presses keys in the focused window, each as xdotool names it: "Return", "ctrl+r".
func (d *Desk) Key(ctx context.Context, keys ...string) error {
	_, err := d.output(ctx, "xdotool", append([]string{"key", "--clearmodifiers", "--delay", "30"}, keys...)...)
	return err
}

// Type types text into the focused window.
func (d *Desk) Type(ctx context.Context, text string) error {
	_, err := d.output(ctx, "xdotool", "type", "--clearmodifiers", "--delay", "15", "--", text)
	return err
}

// Opened lists the addresses that programs on the desk asked to be opened, oldest first.
func (d *Desk) Opened() []string {
	names, err := filepath.Glob(d.path("opened", "[0-9]*"))
	if err != nil {
		return nil
	}
	slices.Sort(names)
	var out []string
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			out = append(out, string(data))
		}
	}
	return out
}

// WaitOpened waits until more than n addresses were opened and gives the newest.
func (d *Desk) WaitOpened(ctx context.Context, n int) (string, error) {
	var all []string
	if late := poll(ctx, func() bool { all = d.Opened(); return len(all) > n }); late != nil {
		return "", fmt.Errorf("wait for an address to be opened: %w", late)
	}
	return all[len(all)-1], nil
}

// Screenshot writes the screen to a PNG file, or the part of it in the one rectangle given.
func (d *Desk) Screenshot(path string, part ...image.Rectangle) error {
	img, err := d.Image()
	if err != nil {
		return err
	}
	var out image.Image = img
	for _, r := range part {
		out = img.SubImage(r)
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, out); err != nil {
		return fmt.Errorf("write screenshot: %w", err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write screenshot: %w", err)
	}
	return nil
}

// Image is what the screen shows now.
func (d *Desk) Image() (*image.RGBA, error) {
	f, err := d.Frame()
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for y := range f.Height {
		for x := range f.Width {
			px := f.At(x, y)
			r, g, b := px[2], px[1], px[0]
			if !f.lsbFirst {
				r, g, b = px[1], px[2], px[3]
			}
			copy(img.Pix[img.PixOffset(x, y):], []byte{r, g, b, 0xff})
		}
	}
	return img, nil
}

// Frame is the screen at one moment as the X server has it; cheaper to take and to compare than an image.
type Frame struct {
	Width, Height int
	pixels        []byte
	line          int
	lsbFirst      bool
}

// At is a pixel, four bytes in the server's order.
func (f Frame) At(x, y int) []byte { return f.pixels[y*f.line+x*4:][:4] }

// Changed is how many pixels within bounds are not as in another frame.
func (f Frame) Changed(other Frame, bounds image.Rectangle) int {
	bounds = bounds.Intersect(image.Rect(0, 0, f.Width, f.Height))
	n := 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		from, to := y*f.line+bounds.Min.X*4, y*f.line+bounds.Max.X*4
		a, b := f.pixels[from:to], other.pixels[from:to]
		if bytes.Equal(a, b) {
			continue
		}
		for ; len(a) > 0; a, b = a[4:], b[4:] {
			if !bytes.Equal(a[:4], b[:4]) {
				n++
			}
		}
	}
	return n
}

// Frame reads what the screen shows now from the X server's own framebuffer: an
// XWD file (X11/XWDFile.h) that the server keeps up to date.
func (d *Desk) Frame() (Frame, error) {
	data, err := os.ReadFile(d.path("screen", "Xvfb_screen0"))
	if err != nil {
		return Frame{}, fmt.Errorf("read screen: %w", err)
	}
	const fields = 25
	if len(data) < fields*4 {
		return Frame{}, errors.New("read screen: the framebuffer is cut short")
	}
	h := make([]int, fields)
	for i := range h {
		h[i] = int(binary.BigEndian.Uint32(data[i*4:]))
	}
	headerSize, width, height, bits, line, colors := h[0], h[4], h[5], h[11], h[12], h[19]
	const colorSize = 12
	start := headerSize + colors*colorSize
	if bits != 32 || start+line*height > len(data) {
		return Frame{}, fmt.Errorf("read screen: the framebuffer has %d bits a pixel and %d bytes", bits, len(data))
	}
	return Frame{Width: width, Height: height, pixels: data[start:], line: line, lsbFirst: h[7] == 0}, nil
}
