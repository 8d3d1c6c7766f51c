//go:build linux

// Package desk gives tests and the demo a desktop of their own on a bare
// Linux machine: an X server without a screen, a D-Bus session, a window
// manager, and as wished a Secret Service, a notification server, a tray host
// and Chromium. They are the real programs, in a throw-away home.
//
// Nothing of the person's own session is touched: every program started here,
// and every program given [Desk.Env], sees another HOME, other XDG
// directories, another display and another session bus.
//
//	d := desk.New(t, desk.Config{Keyring: true, Notifier: desk.Xfce, Tray: true})
//	cmd := exec.Command("relink", "agent")
//	cmd.Env = d.Env()
//
// Only tests, app/demo and app/bench may import it.
package desk

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// Notifier is which notification server runs.
type Notifier string

// The notification servers; the zero value is none.
const (
	// Xfce is xfce4-notifyd: it draws buttons a pointer can click.
	Xfce Notifier = "xfce"
	// Dunst draws no buttons; a click, or dunstctl action, invokes the default action.
	Dunst Notifier = "dunst"
)

// Config says what the desk has. The zero value is a display with a window
// manager and an empty session bus.
type Config struct {
	// Keyring runs gnome-keyring's Secret Service, unlocked.
	Keyring bool
	// Notifier is the notification server; empty is none.
	Notifier Notifier
	// Tray runs a panel with a StatusNotifier host.
	Tray bool
	// Size of the screen in pixels; zero is 1280 by 800.
	Size image.Point
	// Monitors are the parts of the screen that count as monitors of their own, the
	// tray is on the last of them; nil is one.
	Monitors []image.Rectangle
	// NoOpenGL is a display that has none.
	NoOpenGL bool
	// RecordOnly keeps addresses that programs open from reaching Chromium:
	// they are only noted, see [Desk.Opened].
	RecordOnly bool
}

// startLimit is how long one part may take to come up, on a slow machine.
const startLimit = 30 * time.Second

// Desk is a running desktop. Close ends it.
type Desk struct {
	dir     string
	display string
	bus     string
	size    image.Point
	cfg     Config
	conn    *dbus.Conn

	mu      sync.Mutex // guards procs and browser
	procs   []*process // in the order they were started
	browser *Browser
}

// New is Start for a test: it skips the test where a part is lacking, fails it where one does
// not start, and closes the desk at the end.
func New(t testing.TB, cfg Config) *Desk {
	t.Helper()
	Need(t, cfg.parts()...)
	d, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Start brings a desk up and returns once every part answers. The desk lives
// until Close, or until the process that started it ends; ctx only bounds the start.
func Start(ctx context.Context, cfg Config) (*Desk, error) {
	if cfg.Size == (image.Point{}) {
		cfg.Size = image.Pt(1280, 800)
	}
	// Not t.TempDir and not $TMPDIR: a socket's path may have 107 characters at most.
	dir, err := os.MkdirTemp("/tmp", "desk")
	if err != nil {
		return nil, fmt.Errorf("make desk: %w", err)
	}
	d := &Desk{dir: dir, size: cfg.Size, cfg: cfg}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start desk: %w", err), d.Close())
	}
	return d, nil
}

func (d *Desk) start(ctx context.Context) error {
	if err := d.furnish(); err != nil {
		return err
	}
	if err := d.startDisplay(ctx); err != nil {
		return err
	}
	for i, m := range d.cfg.Monitors {
		// Xvfb has one output, and GTK takes a monitor without one for none: so the
		// panel, which follows GTK, is on the one that has it.
		output := "none"
		if i == len(d.cfg.Monitors)-1 {
			output = "screen"
		}
		// Millimetres after each slash.
		at := fmt.Sprintf("%d/%dx%d/%d+%d+%d", m.Dx(), m.Dx()/4, m.Dy(), m.Dy()/4, m.Min.X, m.Min.Y)
		if out, err := d.output(ctx, "xrandr", "--setmonitor", fmt.Sprint("part", i), at, output); err != nil {
			return fmt.Errorf("set monitor %d: %w: %s", i, err, out)
		}
	}
	if err := d.startBus(ctx); err != nil {
		return err
	}
	if _, err := d.spawn("openbox", nil, "openbox", "--sm-disable"); err != nil {
		return err
	}
	if d.cfg.Keyring {
		if err := d.startKeyring(); err != nil {
			return err
		}
	}
	switch d.cfg.Notifier {
	case "":
	case Xfce:
		path, err := xfceNotifyd()
		if err != nil {
			return err
		}
		if _, err := d.spawn("notifyd", nil, path); err != nil {
			return err
		}
	case Dunst:
		if _, err := d.spawn("dunst", nil, "dunst", "-conf", d.path("config", "dunstrc")); err != nil {
			return err
		}
	default:
		return fmt.Errorf("no such notifier: %q", d.cfg.Notifier)
	}
	if d.cfg.Tray {
		if _, err := d.spawn("panel", nil, "xfce4-panel", "--disable-wm-check", "--sm-client-disable"); err != nil {
			return err
		}
	}
	return d.ready(ctx)
}

// ready waits for every part to answer.
func (d *Desk) ready(ctx context.Context) error {
	if err := d.await(ctx, "a window manager", func() bool {
		out, err := d.output(ctx, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
		return err == nil && strings.Contains(out, "window id")
	}); err != nil {
		return err
	}
	if d.cfg.Keyring {
		if err := d.awaitName(ctx, "org.freedesktop.secrets"); err != nil {
			return err
		}
	}
	if d.cfg.Notifier != "" {
		if err := d.awaitName(ctx, "org.freedesktop.Notifications"); err != nil {
			return err
		}
	}
	if d.cfg.Tray {
		return d.await(ctx, "a tray host", d.HasTrayHost)
	}
	return nil
}

// HasTrayHost reports whether a StatusNotifier host is registered.
func (d *Desk) HasTrayHost() bool {
	v, err := d.conn.Object("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher").GetProperty("org.kde.StatusNotifierWatcher.IsStatusNotifierHostRegistered")
	host, ok := v.Value().(bool)
	return err == nil && ok && host
}

func (d *Desk) awaitName(ctx context.Context, name string) error {
	return d.await(ctx, name+" on the session bus", func() bool {
		var owned bool
		err := d.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
		return err == nil && owned
	})
}

// await asks every 20 ms until it is so; what names it in the error, which
// carries the last lines of the desk's logs.
func (d *Desk) await(ctx context.Context, what string, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := poll(ctx, so); err != nil {
		return fmt.Errorf("wait for %s: %w\n%s", what, err, d.Logs())
	}
	return nil
}

func poll(ctx context.Context, so func() bool) error {
	for !so() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Dir is the desk's throw-away directory; there is room for a test's own files in it.
func (d *Desk) Dir() string { return d.dir }

// Display is the X display, ":7".
func (d *Desk) Display() string { return d.display }

// BusAddress is the address of the session bus.
func (d *Desk) BusAddress() string { return d.bus }

// Size of the screen in pixels.
func (d *Desk) Size() image.Point { return d.size }

// Bus opens a private connection to the session bus; the caller closes it.
func (d *Desk) Bus() (*dbus.Conn, error) {
	conn, err := dbus.Connect(d.bus)
	if err != nil {
		return nil, fmt.Errorf("connect to the desk's bus: %w", err)
	}
	return conn, nil
}

// passed are the variables of the caller that a program on the desk still
// sees: nothing of them names a session.
var passed = []string{"TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "GOCOVERDIR", "GOTRACEBACK", "GODEBUG", "GORACE", "GOMAXPROCS"}

// Env is the whole environment for a program on the desk.
func (d *Desk) Env() []string {
	env := []string{
		"RELINK_DESK=" + d.dir,
		"HOME=" + d.path("home"),
		"XDG_CONFIG_HOME=" + d.path("config"),
		"XDG_DATA_HOME=" + d.path("data"),
		"XDG_STATE_HOME=" + d.path("state"),
		"XDG_CACHE_HOME=" + d.path("cache"),
		"XDG_RUNTIME_DIR=" + d.path("run"),
		"XDG_SESSION_TYPE=x11",
		"XDG_CURRENT_DESKTOP=XFCE",
		"DISPLAY=" + d.display,
		"DBUS_SESSION_BUS_ADDRESS=" + d.bus,
		"PATH=" + d.path("bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"BROWSER=" + d.path("bin", "xdg-open"),
		// No accessibility bus, no dconf, no gvfs, no GPU: the desk is small.
		"NO_AT_BRIDGE=1", "GTK_A11Y=none",
		"GSETTINGS_BACKEND=memory", "GIO_USE_VFS=local", "GDK_BACKEND=x11",
		"LIBGL_ALWAYS_SOFTWARE=1",
		// English, whatever the caller speaks.
		"LC_ALL=C.UTF-8",
	}
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// Command prepares a program with the desk's environment, in a process group of its own. The
// caller starts and waits for it; Close ends it if it still runs.
func (d *Desk) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = d.Env()
	own(cmd)
	return cmd
}

// output runs a short program on the desk.
func (d *Desk) output(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := d.Command(ctx, name, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return string(out), fmt.Errorf("run %s: %w", name, err)
	}
	return string(out), nil
}

func (d *Desk) path(elem ...string) string {
	return filepath.Join(append([]string{d.dir}, elem...)...)
}
