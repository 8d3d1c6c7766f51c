package notifier

import (
	"bufio"
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// desk is a private session: a display and a bus of its own, with nothing on it.
type desk struct {
	t       *testing.T
	dir     string
	display string
	address string
	env     []string
}

// need gives the path of a program, or skips the test.
func need(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if found, _ := filepath.Glob(name); len(found) > 0 {
			return found[0]
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("needs %s", filepath.Base(names[0]))
	return ""
}

// newDesk starts a bus; withDisplay an X server too.
func newDesk(t *testing.T, withDisplay bool) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	daemon := need(t, "dbus-daemon")
	d.env = append(os.Environ(), "HOME="+d.dir, "XDG_CONFIG_HOME="+d.dir, "XDG_CACHE_HOME="+d.dir, "XDG_DATA_HOME="+d.dir,
		"XDG_RUNTIME_DIR="+d.dir, "GDK_BACKEND=x11", "LC_ALL=C.UTF-8", "NO_AT_BRIDGE=1")
	if withDisplay {
		need(t, "Xvfb")
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp")
		cmd.ExtraFiles = []*os.File{write}
		d.start(cmd)
		_ = write.Close()
		d.display = ":" + d.line(read)
		d.env = append(d.env, "DISPLAY="+d.display)
	}
	d.bus(daemon, filepath.Join(d.dir, "bus"))
	return d
}

// bus starts a message bus at a socket. It can start nothing by itself but
// Xfce's settings, so that the tests say which notification server answers.
func (d *desk) bus(daemon, socket string) *exec.Cmd {
	d.t.Helper()
	services := filepath.Join(d.dir, "services")
	if err := os.MkdirAll(services, 0o700); err != nil {
		d.t.Fatal(err)
	}
	if b, err := os.ReadFile("/usr/share/dbus-1/services/org.xfce.Xfconf.service"); err == nil {
		if err := os.WriteFile(filepath.Join(services, "org.xfce.Xfconf.service"), b, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	config := filepath.Join(d.dir, "bus.conf")
	err := os.WriteFile(config, fmt.Appendf(nil, `<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<servicedir>%s</servicedir><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`, socket, services), 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command(daemon, "--config-file="+config, "--nofork", "--print-address")
	cmd.Env = d.env
	out, err := cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	d.start(cmd)
	d.address = d.line(out)
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+d.address)
	return cmd
}

// start runs a program until the test ends.
func (d *desk) start(cmd *exec.Cmd) {
	d.t.Helper()
	if cmd.Env == nil {
		cmd.Env = d.env
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		d.t.Fatalf("start %s: %v", cmd.Path, err)
	}
	d.t.Cleanup(func() { stop(cmd) })
}

func stop(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
}

// line reads one line, for at most ten seconds.
func (d *desk) line(r interface{ Read([]byte) (int, error) }) string {
	d.t.Helper()
	got := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r).ReadString('\n')
		got <- strings.TrimSpace(line)
	}()
	select {
	case line := <-got:
		if line != "" {
			return line
		}
	case <-time.After(10 * time.Second):
	}
	d.t.Fatal("a program of the desk did not start")
	return ""
}

// run runs a program to its end and gives what it printed.
func (d *desk) run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = d.env
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// shot saves a picture of the screen where RELINK_SHOTS says.
func (d *desk) shot(name string) {
	d.t.Helper()
	dir := os.Getenv("RELINK_SHOTS")
	if dir == "" {
		dir = d.t.TempDir()
	}
	if _, err := exec.LookPath("import"); err != nil {
		d.t.Log("no screenshot: needs imagemagick")
		return
	}
	path := filepath.Join(dir, name+".png")
	if out, err := d.run("import", "-window", "root", path); err != nil {
		d.t.Logf("screenshot: %v %s", err, out)
	}
}

// window is where a window is on the screen, in pixels.
type window struct{ id, x, y, w, h int }

// windows lists the visible windows of a class.
func (d *desk) windows(class string) []window {
	out, _ := d.run("xdotool", "search", "--onlyvisible", "--class", class)
	var list []window
	for _, field := range strings.Fields(out) {
		shell, err := d.run("xdotool", "getwindowgeometry", "--shell", field)
		if err != nil {
			continue // gone meanwhile
		}
		v := map[string]int{}
		for line := range strings.Lines(shell) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				v[key], _ = strconv.Atoi(value)
			}
		}
		list = append(list, window{v["WINDOW"], v["X"], v["Y"], v["WIDTH"], v["HEIGHT"]})
	}
	return list
}

// click presses the first mouse button at a place of the screen.
func (d *desk) click(x, y int) {
	d.t.Helper()
	if _, err := d.run("xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y), "sleep", "0.2", "click", "1"); err != nil {
		d.t.Fatalf("click: %v", err)
	}
}

// buttons finds the row of buttons at the bottom of a window, left to right:
// the runs of columns in which something is drawn.
func (d *desk) buttons(w window) []window {
	d.t.Helper()
	cmd := exec.Command(need(d.t, "import"), "-window", "root", "png:-")
	cmd.Env = d.env
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("screenshot: %v", err)
	}
	screen, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		d.t.Fatalf("screenshot: %v", err)
	}
	const low, high, least = 40, 20, 40
	drawn := func(x int) bool {
		for y := w.y + w.h - low; y < w.y+w.h-high; y++ {
			if screen.At(x, y) != screen.At(w.x+6, y) {
				return true
			}
		}
		return false
	}
	var list []window
	for x := w.x + 6; x < w.x+w.w-6; x++ {
		from := x
		for x < w.x+w.w-6 && drawn(x) {
			x++
		}
		if x-from >= least {
			list = append(list, window{x: from, y: w.y + w.h - low, w: x - from, h: low - high})
		}
	}
	return list
}

// press clicks the n-th button of a window.
func (d *desk) press(w window, n int) {
	d.t.Helper()
	list := d.buttons(w)
	if len(list) <= n {
		d.t.Fatalf("%d buttons found in %+v, want more than %d", len(list), w, n)
	}
	d.click(list[n].x+list[n].w/2, list[n].y+list[n].h/2)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
