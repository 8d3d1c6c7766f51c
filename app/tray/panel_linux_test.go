package tray

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/app/agent"
	"relink/app/desk"
	"relink/platform"
)

// childEnv makes the test binary a program with a tray: systray can run once
// in a process, and on its main goroutine.
const childEnv = "RELINK_TEST_TRAY"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	now = time.Now()
	s := &stage{next: make(chan *agent.Snapshot, 1), first: scenes()["three"]}
	go s.direct(os.Stdin)
	err := New(Config{
		Service: s,
		Log:     slog.New(slog.NewTextHandler(os.Stderr, nil)),
		OnHost:  func(present bool, reason string) { fmt.Println("host", present, reason) },
		OnExit:  func() { fmt.Println("exit") },
	}).Run(ctx)
	fmt.Println("end", err)
}

func scenes() map[string]*agent.Snapshot {
	wide := append(three(), many(12, platform.StateConnected)...)
	return map[string]*agent.Snapshot{
		"three": agent.NewSnapshot(agent.Snapshot{}, three()),
		"wide":  agent.NewSnapshot(agent.Snapshot{}, wide),
		"flow": agent.NewSnapshot(agent.Snapshot{Flows: []agent.Flow{
			{ID: "f1", Platform: "facebook", Account: "facebook-shop", Phase: agent.PhaseWaiting},
		}}, three()),
		"soon":   agent.NewSnapshot(agent.Snapshot{}, three()[:2]),
		"well":   agent.NewSnapshot(agent.Snapshot{}, three()[:1]),
		"locked": agent.NewSnapshot(agent.Snapshot{Locked: "the keyring is locked"}, three()),
	}
}

// stage is an agent that shows the scenes named on standard input and writes
// what the tray asks of it to standard output.
type stage struct {
	agent.Service
	first *agent.Snapshot
	next  chan *agent.Snapshot
}

func (s *stage) direct(in io.Reader) {
	for sc := bufio.NewScanner(in); sc.Scan(); {
		s.next <- scenes()[sc.Text()]
	}
}

func (s *stage) Snapshot(context.Context) (*agent.Snapshot, error) { return s.first, nil }

func (s *stage) Watch(context.Context) (<-chan *agent.Snapshot, error) { return s.next, nil }

func (s *stage) Activate(_ context.Context, a agent.Activation) error {
	fmt.Println("activate", a.Action, a.Account)
	return nil
}

func (s *stage) Cancel(_ context.Context, id string) error {
	fmt.Println("cancel", id)
	return nil
}

func (s *stage) Settings(context.Context) (agent.Settings, error) {
	return agent.Settings{Hour: 9}, nil
}

func (s *stage) Pause(_ context.Context, until time.Time) error {
	fmt.Println("pause", time.Until(until).Round(time.Minute))
	return nil
}

func (s *stage) Quit(context.Context) error {
	fmt.Println("quit")
	return syscall.Kill(os.Getpid(), syscall.SIGTERM)
}

// child is the program with a tray, seen from the test.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.Writer
	lines chan string
}

func start(t *testing.T, env []string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.Command(exe), lines: make(chan string, 64)}
	c.cmd.Env = append(env, childEnv+"=1")
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			c.lines <- strings.TrimSpace(sc.Text())
		}
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

func (c *child) show(scene string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, scene); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(2 * throttle)
}

func (c *child) want(line string) {
	c.t.Helper()
	select {
	case got := <-c.lines:
		if got != line {
			c.t.Fatalf("got %q, want %q", got, line)
		}
	case <-time.After(10 * time.Second):
		c.t.Fatalf("got nothing, want %q", line)
	}
}

// Where there is no bus there is no tray, and nothing hangs or dies of it.
func TestNoBus(t *testing.T) {
	c := start(t, []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=" + filepath.Join(t.TempDir(), "none")})
	c.want("host false " + reasonNoBus)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.want("exit")
	c.want("end <nil>")
}

// A panel that comes after Relink shows it all the same.
func TestPanelComesLater(t *testing.T) {
	d := desk.New(t, desk.Config{})
	c := start(t, d.Env())
	c.want("host false " + noTray())
	if err := exec.Command("sh", "-c", "command -v xfce4-panel").Run(); err != nil {
		t.Skip("needs xfce4-panel")
	}
	panel := d.Command(t.Context(), "xfce4-panel", "--disable-wm-check", "--sm-client-disable")
	if err := panel.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = panel.Process.Kill()
		_ = panel.Wait()
	}()
	for {
		select {
		case line := <-c.lines:
			if line == "host true" {
				eventually(t, "an item", func() bool { return len(items(t, d)) == 1 })
				return
			}
			// Watcher and host come one after the other.
			if line != "host false "+reasonNotHost {
				t.Fatalf("got %q, want a tray host", line)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the panel was not noticed")
		}
	}
}

// items lists what is registered with the watcher.
func items(t *testing.T, d *desk.Desk) []string {
	t.Helper()
	conn, err := d.Bus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	v, err := conn.Object(statusWatcher, statusWatcherPath).GetProperty(statusWatcher + ".RegisteredStatusNotifierItems")
	if err != nil {
		return nil
	}
	all, _ := v.Value().([]string)
	return all
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 500 {
		if so() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// The icon in a real panel, its menu under a real pointer.
func TestPanel(t *testing.T) {
	d := desk.New(t, desk.Config{Tray: true})
	c := start(t, d.Env())
	c.want("host true")
	eventually(t, "an item at the watcher", func() bool { return len(items(t, d)) == 1 })
	icon := find(t, d)

	t.Run("tooltip", func(t *testing.T) {
		conn, err := d.Bus()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		sender, path, _ := strings.Cut(items(t, d)[0], "/")
		obj := conn.Object(sender, dbus.ObjectPath("/"+path))
		title, err := obj.GetProperty("org.kde.StatusNotifierItem.Id")
		if err != nil || title.Value() != "Relink" {
			t.Errorf("Id: got %v, %v, want Relink", title, err)
		}
		tip, err := obj.GetProperty("org.kde.StatusNotifierItem.ToolTip")
		if err != nil {
			t.Fatal(err)
		}
		parts, ok := tip.Value().([]any)
		if want := "Relink: 1 needs you, next: LinkedIn acme in 3 days"; !ok || len(parts) < 3 || parts[2] != want {
			t.Errorf("ToolTip: got %v, want %q", tip, want)
		}
	})

	t.Run("left click", func(t *testing.T) {
		c.t = t
		if err := d.Click(t.Context(), icon.X, icon.Y); err != nil {
			t.Fatal(err)
		}
		c.want("activate show")
	})

	t.Run("reconnect", func(t *testing.T) {
		c.t = t
		// head, separator, the three accounts, separator, Open, Pause, Settings, Quit
		choose(t, d, icon, "menu", 1.5, 8, 2)
		c.want("activate reconnect facebook-shop")
	})

	t.Run("cancel", func(t *testing.T) {
		c.t = t
		c.show("flow")
		choose(t, d, icon, "menu-flow", 1.5, 8, 2)
		c.want("cancel f1")
	})

	t.Run("more", func(t *testing.T) {
		c.t = t
		c.show("wide")
		menu := open(t, d, icon)
		// More accounts is the third from the separator; the keyboard goes into it.
		if err := d.Key(t.Context(), slices.Repeat([]string{"Down"}, 12)...); err != nil {
			t.Fatal(err)
		}
		if err := d.Key(t.Context(), "Right"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the menu beside it", func() bool {
			now, err := d.Windows(t.Context(), desk.Match{})
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(now, func(w desk.Window) bool {
				return w.ID != menu.ID && w.Bounds.Dy() > 100 && w.Bounds.Dy() < 790 && w.Bounds.Min.X != menu.Bounds.Min.X
			})
		})
		time.Sleep(500 * time.Millisecond) // it grows as its lines arrive
		shot(t, d, "menu-more")
		if err := d.Key(t.Context(), "Return"); err != nil {
			t.Fatal(err)
		}
		c.want("activate show linkedin-client-008")
		c.show("three")
	})

	t.Run("icons", func(t *testing.T) {
		c.t = t
		seen := map[string]string{}
		for _, scene := range []string{"three", "soon", "well", "locked"} {
			c.show(scene)
			if err := d.Command(t.Context(), "xdotool", "mousemove", "200", "400").Run(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
			shot(t, d, "icon-"+scene)
			img, err := d.Image()
			if err != nil {
				t.Fatal(err)
			}
			var pix []byte
			for y := icon.Y - 11; y < icon.Y+11; y++ {
				pix = append(pix, img.Pix[img.PixOffset(icon.X-11, y):img.PixOffset(icon.X+11, y)]...)
			}
			if other, ok := seen[string(pix)]; ok {
				t.Errorf("%s looks like %s in the panel", scene, other)
			}
			seen[string(pix)] = scene
		}
		c.show("three")
	})

	t.Run("quit", func(t *testing.T) {
		c.t = t
		choose(t, d, icon, "menu-quit", 7.5, 8, 2)
		c.want("quit")
		c.want("exit")
		c.want("end <nil>")
		eventually(t, "the item to go", func() bool { return len(items(t, d)) == 0 })
	})
}

// find gives the middle of the icon: the panel is empty but for it.
func find(t *testing.T, d *desk.Desk) image.Point {
	t.Helper()
	panel, err := d.WaitWindow(t.Context(), desk.Match{Class: "xfce4-panel"})
	if err != nil {
		t.Fatal(err)
	}
	var at image.Rectangle
	eventually(t, "a red icon in the panel", func() bool {
		img, err := d.Image()
		if err != nil {
			return false
		}
		at = image.Rectangle{}
		for y := panel.Bounds.Min.Y; y < panel.Bounds.Max.Y; y++ {
			for x := panel.Bounds.Min.X; x < panel.Bounds.Max.X; x++ {
				if p := img.RGBAAt(x, y); int(p.R) > int(p.G)+80 && int(p.R) > int(p.B)+80 {
					at = at.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		return at.Dx() > 8
	})
	shot(t, d, "panel")
	return at.Min.Add(at.Max).Div(2)
}

// open opens the menu with the right button and gives its window.
func open(t *testing.T, d *desk.Desk, icon image.Point) desk.Window {
	t.Helper()
	before, err := d.Windows(t.Context(), desk.Match{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ClickButton(t.Context(), 3, icon.X, icon.Y); err != nil {
		t.Fatal(err)
	}
	var menu desk.Window
	eventually(t, "the menu", func() bool {
		now, err := d.Windows(t.Context(), desk.Match{})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range now {
			if w.Bounds.Dy() > 100 && w.Bounds.Dy() < 790 && !slices.ContainsFunc(before, func(b desk.Window) bool { return b.ID == w.ID }) {
				menu = w
				return true
			}
		}
		return false
	})
	time.Sleep(500 * time.Millisecond) // it grows as its lines arrive
	all, err := d.Windows(t.Context(), desk.Match{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		if w.ID == menu.ID {
			return w
		}
	}
	t.Fatal("the menu closed by itself")
	return menu
}

// choose opens the menu and clicks on the line whose middle is so many lines
// from the top (separators not counted), of a menu of so many lines and
// separators. A separator is about a third of a line high.
func choose(t *testing.T, d *desk.Desk, icon image.Point, name string, line float64, lines, separators int) {
	t.Helper()
	menu := open(t, d, icon)
	shot(t, d, name)
	above := 0
	if line > 1 {
		above++
	}
	if line > 4 {
		above++
	}
	height := float64(menu.Bounds.Dy()) / (float64(lines) + float64(separators)/3 + 0.3)
	y := menu.Bounds.Min.Y + int(height*(line+float64(above)/3+0.15))
	if err := d.Click(t.Context(), menu.Bounds.Min.X+menu.Bounds.Dx()/2, y); err != nil {
		t.Fatal(err)
	}
}

// shot keeps a screenshot where RELINK_SHOTS names a directory, for people to look at.
func shot(t *testing.T, d *desk.Desk, name string) {
	t.Helper()
	dir := os.Getenv("RELINK_SHOTS")
	if dir == "" {
		return
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), d.Screenshot(filepath.Join(dir, "tray-"+name+".png"))); err != nil {
		t.Error(err)
	}
}
