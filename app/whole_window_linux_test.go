package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// ours are the program's windows on a desk.
var ours = desk.Match{Class: "relink"}

// furnished is a stage with an agent and three accounts: LinkedIn, which has
// expired, Facebook and Mastodon.
func furnished(t *testing.T, program string) (*stage, *agent) {
	t.Helper()
	s := newStage(t, program, desk.Config{Keyring: true, RecordOnly: true, Size: image.Pt(1400, 900)})
	a := s.startAgent("--no-tray")
	for _, p := range []string{"facebook", "linkedin"} {
		s.register(p)
	}
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "facebook", "--pick", "Acme Shop")
	s.connect(sandbox.Choice{}, "linkedin")
	s.connect(sandbox.Choice{}, "mastodon", "--server", "https://mastodon.example")
	s.network.Expire(sandbox.Selection{Platform: sandbox.LinkedIn}, time.Now().Add(-24*time.Hour))
	s.want(3, "check")
	return s, a
}

// window is the program's main window, or another, on a desk.
type window struct {
	s   *stage
	cmd *exec.Cmd
	desk.Window
}

// open starts a window on its last page and waits until it is painted.
func (s *stage) open(args ...string) *window {
	s.t.Helper()
	w := &window{s: s, cmd: s.command(s.t.Context(), append([]string{"window"}, args...)...)}
	if err := w.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	var err error
	if w.Window, err = s.d.WaitWindow(s.soon(), ours); err != nil {
		s.t.Fatal(err)
	}
	w.still()
	return w
}

// still waits until the window does not change any more. Somebody who looks
// waits for that too; a caret that blinks and a line that runs are let be.
func (w *window) still() desk.Frame {
	w.s.t.Helper()
	const pause, calm, blinks = 50 * time.Millisecond, 400 * time.Millisecond, 1500
	last, err := w.s.d.Frame()
	if err != nil {
		w.s.t.Fatal(err)
	}
	all := image.Rectangle{Max: w.s.d.Size()}
	since := time.Now()
	w.s.eventually(15*time.Second, "the window to be painted", func() bool {
		time.Sleep(pause)
		f, err := w.s.d.Frame()
		if err != nil {
			w.s.t.Fatal(err)
		}
		if f.Changed(last, all) > blinks {
			since = time.Now()
		}
		last = f
		return time.Since(since) >= calm
	})
	return last
}

// is waits until the topmost window's title is, or begins with, what is given.
func (w *window) is(title string) {
	w.s.t.Helper()
	got := ""
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		found, err := w.s.d.Windows(w.s.soon(), ours)
		if err == nil && len(found) > 0 {
			if got = found[0].Title; got == title || strings.HasSuffix(title, "…") && strings.HasPrefix(got, strings.TrimSuffix(title, "…")) {
				return
			}
		}
		if time.Since(start) > 10*time.Second {
			w.s.shot("wrong")
			w.s.t.Fatalf("the window in front is %q, want %q", got, title)
		}
	}
}

// gone waits until the window's process has ended by itself.
func (w *window) gone() {
	w.s.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- w.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			w.s.t.Errorf("the window's process: %v", err)
		}
	case <-time.After(10 * time.Second):
		w.s.t.Fatal("the window's process does not end")
	}
}

// look keeps a picture of the screen that is shown.
func (w *window) look(name string) {
	w.s.t.Helper()
	w.still()
	w.s.shot(name)
}

// keys presses keys one after the other.
func (w *window) keys(keys ...string) {
	w.s.t.Helper()
	if err := w.s.d.Key(w.s.soon(), keys...); err != nil {
		w.s.t.Fatal(err)
	}
}

// changes does something and sees that the screen is another one after it.
func (w *window) changes(what string, do func()) {
	w.s.t.Helper()
	before := w.still()
	do()
	w.still()
	w.s.eventually(10*time.Second, what, func() bool {
		now, err := w.s.d.Frame()
		return err == nil && now.Changed(before, w.Bounds) > 400
	})
}

// rests sees that the window does next to nothing while nobody does anything: at
// 60 frames a second, one that is painted again and again takes a third of a core.
func (w *window) rests(page string) {
	w.s.t.Helper()
	w.still()
	used := func() int {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.cmd.Process.Pid))
		if err != nil {
			w.s.t.Fatal(err)
		}
		// User and system time are the 14th and 15th field, in hundredths of a second.
		f := strings.Fields(string(data))
		user, err1 := strconv.Atoi(f[13])
		system, err2 := strconv.Atoi(f[14])
		if err1 != nil || err2 != nil {
			w.s.t.Fatalf("read the time used: %s", data)
		}
		return user + system
	}
	least := 100
	for range 3 { // what a painting just before left to be done is done then
		before := used()
		time.Sleep(500 * time.Millisecond)
		if least = min(least, 2*(used()-before)); least <= 8 {
			return
		}
	}
	w.s.t.Errorf("%s: the window takes %d %% of a core while nothing happens", page, least)
}

// firstRun is a window that has no account yet, by keyboard and by pointer: from
// its first screen to the account that is connected there.
func firstRun(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true, RecordOnly: true, Size: image.Pt(1400, 900)})
	a := s.startAgent("--no-tray")
	if err := s.d.MovePointer(s.soon(), 1399, 899); err != nil {
		t.Fatal(err)
	}
	w := s.open()
	w.is("Relink: Connect your first account")
	w.look("1 first run")
	w.rests("first run")
	w.click(473, 209) // the first platform
	w.is("Relink: Connect Mastodon")
	w.click(51, 32)
	w.is("Relink: Connect your first account")
	w.keys("Tab", "Return")
	w.is("Relink: Connect Mastodon")
	w.still()
	if err := s.d.Type(s.soon(), "mastodon.example"); err != nil {
		t.Fatal(err)
	}
	w.look("2 server")
	w.keys("Return")
	address := s.opened(0, "mastodon.example")
	w.look("3 waiting")
	if _, _, err := sandbox.Follow(s.soon(), nil, address, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	s.eventually(10*time.Second, "the account", func() bool { return len(s.status().Accounts) == 1 })
	w.look("4 done")
	s.eventually(10*time.Second, "the account to be shown", func() bool {
		w.keys("Return") // the sign-in's Close, once it is there
		time.Sleep(200 * time.Millisecond)
		found, err := s.d.Windows(s.soon(), ours)
		return err == nil && len(found) > 0 && strings.HasPrefix(found[0].Title, "Relink: Mastodon")
	})
	w.is("Relink: Mastodon…")
	w.look("5 account")
	w.keys("ctrl+w")
	w.gone()
	s.quit(a)
}

// byKeyboard walks all screens without a pointer.
func byKeyboard(t *testing.T, program string) {
	s, a := furnished(t, program)
	if err := s.d.MovePointer(s.soon(), 1399, 899); err != nil {
		t.Fatal(err)
	}
	w := s.open()
	w.is("Relink")
	w.look("1 list")
	w.rests("list")
	w.keys("Down")
	w.is("Relink: LinkedIn…")
	w.look("2 detail")
	w.rests("detail")
	w.keys("Escape")
	w.is("Relink")
	w.changes("the picture of 90 days to be in front", func() { w.keys("h", "Right") })
	w.look("3 horizon")
	w.keys("Return")
	w.is("Relink: …")
	w.keys("Escape")
	w.is("Relink")
	w.changes("the search to leave nothing", func() {
		w.keys("slash")
		if err := s.d.Type(s.soon(), "nobody"); err != nil {
			t.Fatal(err)
		}
	})
	w.look("4 no match")
	w.changes("the list to come back", func() { w.keys("Escape") })
	w.keys("Down")
	w.changes("one to be marked", func() { w.keys("space") })
	w.look("5 bulk")
	w.changes("no mark", func() { w.keys("Escape") })
	w.changes("the keys", func() { w.keys("question") })
	w.look("6 keys")
	w.changes("the list again", func() { w.keys("Escape") })
	w.keys("ctrl+i")
	w.is("Relink: Notices")
	w.look("7 notices")
	w.rests("notices")
	w.keys("Escape")
	w.is("Relink: LinkedIn…")
	w.keys("ctrl+n")
	w.is("Relink: Connect an account")
	w.look("8 connect")
	w.keys("Tab", "Tab", "Return")
	w.is("Relink: Connect …")
	w.look("9 connect form")
	w.keys("Escape")
	w.is("Relink: Connect an account")
	w.keys("Escape")
	w.is("Relink: LinkedIn…")
	w.keys("r")
	w.is("Relink: Reconnect LinkedIn…")
	s.opened(0, "www.linkedin.com")
	w.look("10 flow")
	w.keys("Escape")
	w.is("Relink: LinkedIn…")
	typed := func(text string) {
		if err := s.d.Type(s.soon(), text); err != nil {
			t.Fatal(err)
		}
	}
	w.changes("a new name to be asked for", func() { w.keys("F2") })
	w.keys("ctrl+a")
	typed("second")
	w.look("12 rename")
	w.keys("Return")
	s.eventually(5*time.Second, "the new name", func() bool { return s.account("linkedin").Ref == "linkedin/second" })
	w.changes("labels to be asked for", func() { w.keys("ctrl+l") })
	typed("Client A")
	w.look("13 labels")
	w.keys("Return")
	s.eventually(5*time.Second, "the label", func() bool { return slices.Contains(s.account("linkedin").Labels, "Client A") })
	w.changes("ways to snooze", func() { w.keys("Return", "Tab", "Tab", "Return") })
	w.look("14 snooze")
	w.keys("Down", "Return")
	s.eventually(5*time.Second, "the snooze", func() bool { return !s.account("linkedin").Snoozed.IsZero() })
	w.changes("larger text", func() { w.keys("ctrl+plus") })
	w.look("15 larger text")
	w.changes("the usual text", func() { w.keys("ctrl+0") })
	w.keys("ctrl+comma")
	w.is("Relink: Settings: Reminders")
	for _, page := range []string{"Mail & more", "Platforms", "Start & tray", "Browser", "Security", "Scripts", "Data", "About"} {
		w.keys("ctrl+Next")
		w.is("Relink: Settings: " + page)
		w.look("11 settings " + page)
	}
	w.keys("ctrl+Next")
	w.is("Relink: Settings: Reminders")
	w.keys("Escape")
	w.is("Relink: LinkedIn…")
	w.keys("ctrl+w")
	w.gone()
	s.quit(a)
}

// click clicks in the topmost window, at pixels from its top left; negative ones
// count from its right and bottom. The pointer then goes out of the way.
func (w *window) click(x, y int) {
	w.s.t.Helper()
	if err := w.s.d.ClickWindow(w.s.soon(), ours, x, y); err != nil {
		w.s.t.Fatal(err)
	}
}

// byPointer walks all screens without a key.
func byPointer(t *testing.T, program string) {
	s, a := furnished(t, program)
	w := s.open()
	w.is("Relink")
	const row, edge = 66, 270 // from one account to the next; left of all rows
	w.click(edge+150, 135)
	w.is("Relink: LinkedIn…")
	w.look("2 detail")
	const acts = 242 // the row of the detail's buttons
	for _, ask := range []struct {
		name string
		line int         // of the menu, from the button down
		no   image.Point // its Cancel
	}{
		{"rename", 36, image.Pt(719, 444)},
		{"labels", 76, image.Pt(708, 444)},
		{"disconnect", 237, image.Pt(720, 467)},
	} {
		w.changes("more to do", func() { w.click(-78, acts) })
		if ask.name == "rename" {
			w.look("12 more")
		}
		w.changes("to be asked for "+ask.name, func() { w.click(-100, acts+ask.line) })
		w.look("12 " + ask.name)
		w.changes("no question after "+ask.name, func() { w.click(ask.no.X, ask.no.Y) })
	}
	w.changes("ways to snooze", func() { w.click(-133, acts) })
	w.look("13 snooze")
	w.click(-133, acts+40)
	s.eventually(5*time.Second, "the snooze", func() bool { return !s.account("linkedin").Snoozed.IsZero() })
	w.changes("no line that says so", func() { w.click(-40, 84) })
	w.click(edge+150, 135+row)
	w.is("Relink: Facebook…")
	w.click(-34, 86) // the detail's cross
	w.is("Relink")
	w.changes("the filter", func() { w.click(84, 158) })
	w.look("1 needs you")
	w.changes("all again", func() { w.click(84, 124) })
	w.click(-36, 196) // the last mark of the picture
	w.is("Relink: Facebook…")
	w.click(-34, 86)
	w.is("Relink")
	w.changes("a mark on the account", func() { w.click(edge-25, 135) })
	w.look("5 bulk")
	w.changes("no mark", func() { w.click(839, 86) })
	w.click(-102, 32)
	w.is("Relink: Connect an account")
	w.click(624, 190)
	w.is("Relink: Connect Mastodon")
	w.look("9 connect form")
	w.click(51, 32)
	w.is("Relink: Connect an account")
	w.click(51, 32)
	w.is("Relink")
	w.changes("the menu", func() { w.click(-30, 32) })
	w.look("6 menu")
	w.click(-150, 190)
	w.is("Relink: Notices")
	w.look("7 notices")
	w.click(51, 32)
	w.is("Relink")
	w.changes("the menu", func() { w.click(-30, 32) })
	w.changes("the keys", func() { w.click(-150, 313) })
	w.look("8 keys")
	w.changes("no keys", func() { w.click(780, 640) })
	w.click(edge+520, 135) // Reconnect, in the row
	w.is("Relink: Reconnect LinkedIn…")
	s.opened(0, "www.linkedin.com")
	w.look("10 flow")
	w.click(813, 481)
	w.is("Relink: LinkedIn…")
	w.changes("the menu", func() { w.click(-30, 32) })
	w.click(-150, 230)
	w.is("Relink: Settings: Reminders")
	for i, page := range []string{"Mail & more", "Platforms", "Start & tray", "Browser", "Security", "Scripts", "Data", "About", "Reminders"} {
		w.click(62, 38+57*((i+1)%9))
		w.is("Relink: Settings: " + page)
		w.look("11 settings " + page)
	}
	w.close()
	w.is("Relink: LinkedIn…")
	w.close()
	w.gone()
	s.quit(a)
}

// close clicks the cross in the frame of the window in front.
func (w *window) close() {
	w.s.t.Helper()
	found, err := w.s.d.WaitWindow(w.s.soon(), ours)
	if err == nil {
		err = w.s.d.Click(w.s.soon(), found.Bounds.Max.X-11, found.Bounds.Min.Y-11)
	}
	if err != nil {
		w.s.t.Fatal(err)
	}
}

// agentKilled kills the agent under an open window.
func agentKilled(t *testing.T, program string) {
	s, a := furnished(t, program)
	if err := s.d.MovePointer(s.soon(), 1399, 899); err != nil {
		t.Fatal(err)
	}
	w := s.open()
	w.is("Relink")
	rows := image.Rect(270, 100, 840, 100+3*66).Add(w.Bounds.Min)
	s.eventually(10*time.Second, "the accounts to be painted", func() bool { return written(w.still(), rows) > 3000 })
	before := w.still()
	kill(t, a)
	w.is("Relink: not running")
	w.look("not running")
	// The three rows are there still, lower by the line that says so.
	s.eventually(5*time.Second, "the accounts to be shown as they were", func() bool {
		now := w.still()
		for dy := 1; dy < 120; dy++ {
			if same(before, now, rows, dy) {
				return true
			}
		}
		return false
	})
	a = s.startAgent("--no-tray")
	w.is("Relink")
	w.still()
	s.eventually(10*time.Second, "the window to be as before", func() bool {
		f, err := s.d.Frame()
		return err == nil && same(before, f, rows, 0)
	})
	w.look("running again")
	if found, err := s.d.Windows(s.soon(), ours); err != nil || len(found) != 1 || found[0].ID != w.ID {
		t.Errorf("the windows are %+v: %v, want the one there was", found, err)
	}
	w.keys("Down")
	w.is("Relink: LinkedIn…")
	w.keys("ctrl+w")
	w.gone()
	s.quit(a)
}

// written counts the pixels of a place that are not as its first one.
func written(f desk.Frame, place image.Rectangle) int {
	n, paper := 0, f.At(place.Min.X, place.Min.Y)
	for y := place.Min.Y; y < place.Max.Y; y++ {
		for x := place.Min.X; x < place.Max.X; x++ {
			if !bytes.Equal(f.At(x, y), paper) {
				n++
			}
		}
	}
	return n
}

// same reports whether one frame shows at a place what another shows dy pixels
// lower, all but one pixel of a hundred: letters stand on parts of pixels.
func same(a, b desk.Frame, place image.Rectangle, dy int) bool {
	off, most := 0, place.Dx()*place.Dy()/100
	for y := place.Min.Y; y < place.Max.Y; y++ {
		for x := place.Min.X; x < place.Max.X; x++ {
			if y+dy >= b.Height || !bytes.Equal(a.At(x, y), b.At(x, y+dy)) {
				if off++; off > most {
					return false
				}
			}
		}
	}
	return true
}

// windowKilled kills the window in the middle of a sign-in, twice: the sign-in
// goes on, and the next window joins it or shows what came of it.
func windowKilled(t *testing.T, program string) {
	s, a := furnished(t, program)
	was := s.account("linkedin")
	w := s.open()
	w.keys("Down")
	w.is("Relink: LinkedIn…")
	w.keys("r")
	w.is("Relink: Reconnect LinkedIn…")
	address := s.opened(0, "www.linkedin.com")
	w.look("before")
	w.killed()
	if st := s.account("linkedin"); st.State != "expired" {
		t.Errorf("with the window gone: %+v", st)
	}
	w = s.open()
	w.is("Relink: Reconnect LinkedIn…") // by itself
	if n := len(s.d.Opened()); n != 1 {
		t.Errorf("%d addresses were opened, want the sign-in to be joined", n)
	}
	w.look("joined")
	dialog := image.Rect(520, 330, 880, 560)
	waiting := w.still()
	w.killed()
	if _, _, err := sandbox.Follow(s.soon(), nil, address, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	s.eventually(10*time.Second, was.Ref+" to be connected", func() bool {
		now := s.account("linkedin")
		return now.State == "connected" && now.ID == was.ID && now.Generation == was.Generation+1
	})
	w = s.open()
	w.is("Relink: Reconnect LinkedIn…") // what came of it, which nobody was there to be told
	w.look("reopened")
	if n := w.still().Changed(waiting, dialog); n < 2000 {
		t.Errorf("%d pixels of the dialog are others than while it waited, want its result", n)
	}
	w.keys("Escape")
	w.is("Relink: LinkedIn…")
	w.keys("ctrl+w")
	w.gone()
	w = s.open() // it is told once
	w.still()
	if found, err := s.d.Windows(s.soon(), ours); err != nil || len(found) != 1 || strings.Contains(found[0].Title, "Reconnect") {
		t.Errorf("opened once more: %+v, %v", found, err)
	}
	if now := s.account("linkedin"); now.State != "connected" || now.Generation != was.Generation+1 {
		t.Errorf("afterwards: %+v", now)
	}
	w.keys("ctrl+w")
	w.gone()
	s.quit(a)
	s.nothingLeft()
}

// killed ends the window's process as a crash would.
func (w *window) killed() {
	w.s.t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		w.s.t.Fatal(err)
	}
	_ = w.cmd.Wait() // it was killed
	if err := w.s.d.WaitNoWindow(w.s.soon(), ours); err != nil {
		w.s.t.Fatal(err)
	}
}

// versionsDiffer updates Relink under an open window and a running agent.
func versionsDiffer(t *testing.T, program string) {
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-tags", "migrated_fynedo", "-ldflags", "-s -w -X relink/app.version=99.1.0", "-o", newer, "relink")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("skipped: needs what building the window takes (.ci/setup build): %v: %s", err, out)
	}
	// The program is updated in its place, as a package would.
	installed := filepath.Join(dir, "relink")
	data, err := os.ReadFile(program)
	if err == nil {
		err = writeProgram(installed, data)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, a := furnished(t, installed)
	w := s.open()
	w.keys("Down")
	w.is("Relink: LinkedIn…")

	// While the program on disk is as old as the window, that the agent is newer is only said.
	s.quit(a)
	s.program = newer
	a = s.startAgent("--no-tray")
	w.is("Relink: another version is running")
	w.look("newer agent")

	// Once it was updated, the window makes room for one of the agent's version, which opens where it was.
	s.quit(a)
	data, err = os.ReadFile(newer)
	if err == nil {
		err = writeProgram(installed+".new", data)
	}
	if err == nil {
		err = os.Rename(installed+".new", installed)
	}
	if err != nil {
		t.Fatal(err)
	}
	a = s.startAgent("--no-tray")
	w.gone()
	s.program = installed
	w.is("Relink: LinkedIn…")
	w.look("newer window")
	s.eventually(10*time.Second, "one window to be left", func() bool { return len(s.windowProcesses()) == 1 })
	w.keys("ctrl+w")
	s.eventually(10*time.Second, "it to close", func() bool { return len(s.windowProcesses()) == 0 })
	s.quit(a)

	// A newer window ends an older agent, and starts its own in the same way.
	s.program = program
	a = s.startAgent("--no-tray")
	s.program = installed
	w = s.open()
	select {
	case <-a.ended:
		if a.code != 0 {
			t.Errorf("the older agent ended with %d: %s", a.code, a.said())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the older agent goes on")
	}
	w.is("Relink: LinkedIn…")
	w.look("newer both")
	var who struct {
		Version string
		Agent   struct {
			Version string
			Flags   []string
		}
	}
	if err := json.Unmarshal([]byte(s.want(0, "version", "--json").out), &who); err != nil || who.Agent.Version != "99.1.0" || who.Version != who.Agent.Version {
		t.Errorf("relink version says %+v: %v", who, err)
	}
	if want := []string{"--no-tray", "--sandbox", s.url}; !slices.Equal(who.Agent.Flags, want) {
		t.Errorf("the new agent was started with %q, want %q", who.Agent.Flags, want)
	}
	if all := s.processes(); len(all) != 2 {
		t.Errorf("these run: %v, want one window and one agent", all)
	}
	if st := s.status(); st.Code != 3 || len(st.Accounts) != 3 {
		t.Errorf("after the update: %+v", st)
	}
	w.keys("ctrl+w")
	w.gone()
	s.want(0, "quit")
	s.nothingLeft()
}
