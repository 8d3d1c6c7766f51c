//go:build linux || freebsd || openbsd || netbsd

package place

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"log"
	"os"
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// server asks an X server. Properties and selections are those of the Extended
// Window Manager Hints and of the System Tray Protocol, specifications.freedesktop.org.
type server struct {
	*xgb.Conn
	root  xproto.Window
	atoms map[string]xproto.Atom
}

func init() {
	xgb.Logger = log.New(io.Discard, "", 0) // it speaks to standard error
}

// look finds monitors, panels and tray on $DISPLAY.
func look() (screen, error) {
	display := os.Getenv("DISPLAY")
	if display == "" {
		return screen{}, errors.New("no X server")
	}
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return screen{}, fmt.Errorf("reach the X server: %w", err)
	}
	defer conn.Close()
	x := &server{conn, xproto.Setup(conn).DefaultScreen(conn).Root, map[string]xproto.Atom{}}
	var s screen
	if s.monitors, err = x.monitors(); err != nil {
		return screen{}, fmt.Errorf("ask for monitors: %w", err)
	}
	host := x.host()
	windows := x.list("_NET_CLIENT_LIST", xproto.AtomWindow)
	// What goes past the window manager, as notifications do, is in no list.
	if tree, err := xproto.QueryTree(x.Conn, x.root).Reply(); err == nil {
		for _, w := range tree.Children {
			if !slices.Contains(windows, uint32(w)) {
				windows = append(windows, uint32(w))
			}
		}
	}
	dock, note := uint32(x.atom("_NET_WM_WINDOW_TYPE_DOCK")), uint32(x.atom("_NET_WM_WINDOW_TYPE_NOTIFICATION"))
	for _, w := range windows {
		w := xproto.Window(w)
		kinds := x.get(w, "_NET_WM_WINDOW_TYPE", xproto.AtomAtom)
		if !slices.Contains(kinds, dock) && !slices.Contains(kinds, note) {
			continue
		}
		r := x.bounds(w)
		if r.Empty() {
			continue
		}
		if slices.Contains(kinds, note) {
			s.notes = append(s.notes, r)
			continue
		}
		s.panels = append(s.panels, r)
		if host == 0 || !s.tray.Empty() {
			continue
		}
		own := x.client(w) == host // then it is somewhere on the panel
		if !own {
			s.tray = x.inside(w, host, 4)
			own = !s.tray.Empty() && !s.tray.Overlaps(r) // found, and not where it can be seen
		}
		if own {
			s.tray = r
		}
	}
	return s, nil
}

// monitors are those of RandR 1.5, which knows parts of a screen that a person set.
func (x *server) monitors() ([]image.Rectangle, error) {
	if err := randr.Init(x.Conn); err != nil {
		return nil, err
	}
	if _, err := randr.QueryVersion(x.Conn, 1, 5).Reply(); err != nil { // or the server hides them
		return nil, err
	}
	reply, err := randr.GetMonitors(x.Conn, x.root, true).Reply()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(reply.Monitors, func(a, b randr.MonitorInfo) int {
		primary := func(m randr.MonitorInfo) int {
			if m.Primary {
				return 0
			}
			return 1
		}
		return cmp.Compare(primary(a), primary(b))
	})
	var out []image.Rectangle
	for _, m := range reply.Monitors {
		out = append(out, image.Rect(0, 0, int(m.Width), int(m.Height)).Add(image.Pt(int(m.X), int(m.Y))))
	}
	return out, nil
}

// host is the program that has the tray for icons of old (XEmbed). Panels that show
// status notifiers have it as well; one that has not, such as Plasma's, is found as the only panel.
func (x *server) host() uint32 {
	name := fmt.Sprintf("_NET_SYSTEM_TRAY_S%d", x.DefaultScreen)
	reply, err := xproto.GetSelectionOwner(x.Conn, x.atom(name)).Reply()
	if err != nil || reply.Owner == 0 {
		return 0
	}
	return x.client(reply.Owner)
}

// client tells windows of one program from those of others: the ids that the
// server gave it begin alike.
func (x *server) client(w xproto.Window) uint32 {
	return uint32(w) &^ xproto.Setup(x.Conn).ResourceIdMask
}

// inside finds a program's window in another's, as panels hold those of their plugins.
func (x *server) inside(w xproto.Window, client uint32, depth int) image.Rectangle {
	tree, err := xproto.QueryTree(x.Conn, w).Reply()
	if err != nil || depth == 0 {
		return image.Rectangle{}
	}
	for _, child := range tree.Children {
		if x.client(child) == client {
			if r := x.bounds(child); !r.Empty() {
				return r
			}
			continue
		}
		if r := x.inside(child, client, depth-1); !r.Empty() {
			return r
		}
	}
	return image.Rectangle{}
}

// bounds are a window's on the screen, empty where it is not shown.
func (x *server) bounds(w xproto.Window) image.Rectangle {
	if a, err := xproto.GetWindowAttributes(x.Conn, w).Reply(); err != nil || a.MapState != xproto.MapStateViewable {
		return image.Rectangle{}
	}
	g, err := xproto.GetGeometry(x.Conn, xproto.Drawable(w)).Reply()
	if err != nil || g.Width < 2 || g.Height < 2 {
		return image.Rectangle{}
	}
	at, err := xproto.TranslateCoordinates(x.Conn, w, x.root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}
	}
	return image.Rect(0, 0, int(g.Width), int(g.Height)).Add(image.Pt(int(at.DstX), int(at.DstY)))
}

func (x *server) atom(name string) xproto.Atom {
	if a, ok := x.atoms[name]; ok {
		return a
	}
	reply, err := xproto.InternAtom(x.Conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0
	}
	x.atoms[name] = reply.Atom
	return reply.Atom
}

// list reads a property of the root window, get one of any: a row of 32-bit numbers.
func (x *server) list(name string, kind xproto.Atom) []uint32 { return x.get(x.root, name, kind) }

func (x *server) get(w xproto.Window, name string, kind xproto.Atom) []uint32 {
	const most = 1 << 12
	reply, err := xproto.GetProperty(x.Conn, false, w, x.atom(name), kind, 0, most).Reply()
	if err != nil || reply.Format != 32 {
		return nil
	}
	out := make([]uint32, 0, reply.ValueLen)
	for b := reply.Value; len(b) >= 4; b = b[4:] {
		out = append(out, xgb.Get32(b))
	}
	return out
}

// Unfocused has a window that is not on the screen yet appear without the focus
// (Extended Window Manager Hints, _NET_WM_USER_TIME).
func Unfocused(window uintptr) {
	conn, err := xgb.NewConnDisplay(os.Getenv("DISPLAY"))
	if err != nil {
		return
	}
	defer conn.Close()
	x := &server{conn, 0, map[string]xproto.Atom{}}
	// Checked, so that it is there before the window is shown; one that is gone is no loss.
	_ = xproto.ChangePropertyChecked(conn, xproto.PropModeReplace, xproto.Window(window), x.atom("_NET_WM_USER_TIME"),
		xproto.AtomCardinal, 32, 1, make([]byte, 4)).Check()
}
