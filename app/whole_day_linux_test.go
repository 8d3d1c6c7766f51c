package app_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// withdrawLimit is how soon a note must go when what it says is no longer so.
const withdrawLimit = 2 * time.Second

// aDay is what Relink is for: two accounts end, it says so, and two clicks
// bring them back.
func aDay(t *testing.T, program string) {
	desk.Need(t, desk.PartXfce, desk.PartTray, desk.PartChromium)
	s := newStage(t, program, desk.Config{Keyring: true, Notifier: desk.Xfce, Tray: true})
	shown := follow(t, s.d)
	started := time.Now()
	a := s.startAgent()

	s.keyIsInKeyring()
	s.register("facebook")
	s.register("linkedin")
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "facebook", "--pick", "Acme Shop")
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "linkedin")
	if st := s.status(); st.Code != 0 || len(st.Accounts) != 2 {
		t.Fatalf("after connecting: %+v", st)
	}
	s.keepsSecretsEverywhere(a)

	if s.network.Revoke(sandbox.Selection{Platform: sandbox.Facebook}, sandbox.ReasonPassword) == 0 {
		t.Fatal("nothing was revoked")
	}
	if s.network.Expire(sandbox.Selection{Platform: sandbox.LinkedIn}, time.Now().Add(-24*time.Hour)) == 0 {
		t.Fatal("nothing has expired")
	}
	s.want(3, "check")
	st := s.status()
	facebook, linkedin := s.account("facebook"), s.account("linkedin")
	if st.Code != 3 || facebook.State != "revoked" || linkedin.State != "expired" || !facebook.NeedsPerson || !linkedin.NeedsPerson {
		t.Fatalf("after the check: exit code %d, %+v", st.Code, st.Accounts)
	}
	if text := s.want(3, "status").out; !strings.Contains(text, facebook.Ref) || !strings.Contains(text, linkedin.Ref) {
		t.Errorf("relink status says\n%s", text)
	}

	// The first minute is quiet.
	for time.Since(started) < 55*time.Second {
		if n := shown.said(); len(n) > 0 {
			t.Fatalf("%s after the start it said %q", time.Since(started), n[0].title)
		}
		time.Sleep(250 * time.Millisecond)
	}
	for _, title := range []string{"Facebook", "LinkedIn"} {
		s.eventually(30*time.Second, "a note about "+title, func() bool { _, ok := shown.find(title, "reconnect"); return ok })
	}
	t.Logf("both notes are on the screen %s after the start", time.Since(started).Round(time.Second))

	s.popups(facebook, linkedin)
	s.notesClicked(shown, facebook)
	s.trayClicked(shown, linkedin)

	st = s.status()
	// A home of its own does not start at login, and Relink says so once.
	st.Warnings = slices.DeleteFunc(st.Warnings, func(w string) bool { return strings.Contains(w, "does not start at login") })
	if st.Code != 0 || len(st.Accounts) != 2 || len(st.Warnings) > 0 {
		t.Errorf("in the end: %+v", st)
	}
	s.keepsSecretsEverywhere(a)
	for _, n := range shown.said() {
		s.keepsSecrets("a note", n.title+"\n"+n.body)
	}
	s.quit(a)
	s.nothingLeft()
}

// keyIsInKeyring finds the vault's key where it belongs.
func (s *stage) keyIsInKeyring() {
	t := s.t
	t.Helper()
	conn, err := s.d.Bus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var open, locked []dbus.ObjectPath
	err = conn.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").Call("org.freedesktop.Secret.Service.SearchItems", 0,
		map[string]string{"service": "relink"}).Store(&open, &locked)
	if err != nil || len(open) != 1 || len(locked) != 0 {
		t.Errorf("the keyring has %d open and %d locked items of Relink, want 1 and 0: %v", len(open), len(locked), err)
	}
	var settings struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal([]byte(s.want(0, "settings", "--json").out), &settings); err != nil || settings.Key != "keyring" {
		t.Errorf("relink settings says the key is in %q: %v", settings.Key, err)
	}
}

// popups sees the pop-up windows of what has ended: each by its name, none
// over another, all of one process.
func (s *stage) popups(accounts ...account) {
	t := s.t
	t.Helper()
	ctx := s.soon()
	for _, a := range accounts {
		name := map[string]string{"facebook": "Relink: Facebook", "linkedin": "Relink: LinkedIn"}[a.Platform]
		if _, err := s.d.WaitWindow(ctx, desk.Match{Class: "relink", Title: name}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1500 * time.Millisecond) // until they have their places and are painted, by software
	s.shot("popups")
	found, err := s.d.Windows(ctx, desk.Match{Class: "relink"})
	if err != nil || len(found) != len(accounts) {
		t.Errorf("the pop-ups are %+v: %v", found, err)
	}
	notes, err := s.d.Windows(ctx, desk.Match{Class: "notifyd"})
	if err != nil || len(notes) == 0 {
		t.Errorf("the notes are %+v: %v", notes, err)
	}
	for i, w := range found {
		t.Logf("pop-up %q at %v", w.Title, w.Bounds)
		for _, note := range notes {
			if w.Bounds.Overlaps(note.Bounds) {
				t.Errorf("%q at %v hides a note at %v", w.Title, w.Bounds, note.Bounds)
			}
		}
		if w.Bounds.Dx() > s.d.Size().X*2/3 || w.Bounds.Dy() > s.d.Size().Y/2 {
			t.Errorf("%q covers the screen: %v", w.Title, w.Bounds)
		}
		for _, other := range found[:i] {
			if both := w.Bounds.Intersect(other.Bounds); both.Dy() > w.Bounds.Dy()/2 && both.Dx() > w.Bounds.Dx()/2 {
				t.Errorf("%q at %v hides %q at %v", w.Title, w.Bounds, other.Title, other.Bounds)
			}
		}
	}
	if n := len(s.windowProcesses()); n != 1 {
		t.Errorf("%d processes show windows, want 1", n)
	}
}

func (s *stage) windowProcesses() []int {
	var out []int
	for pid, args := range s.processes() {
		if strings.Contains(args, " window") {
			out = append(out, pid)
		}
	}
	return out
}

// opened waits until Relink has opened a page beyond the first n, and gives its address.
func (s *stage) opened(n int, host string) string {
	s.t.Helper()
	address, err := s.d.WaitOpened(s.soon(), n)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.HasPrefix(address, s.url+"/"+host) {
		s.t.Fatalf("it opened %s, want %s", strings.SplitN(address, "?", 2)[0], host)
	}
	return address
}

// signIn does what a person does in Chromium on a page that Relink opened,
// and gives what the last page says.
func (s *stage) signIn(address, person string) string {
	t := s.t
	t.Helper()
	ctx := s.soon()
	b, err := s.d.Browser(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Tab(ctx, address); err != nil {
		t.Fatal(err)
	}
	if err := b.Click(ctx, "#person-"+person); err != nil {
		t.Fatal(err)
	}
	if err := b.Click(ctx, "#allow"); err != nil {
		t.Fatal(err)
	}
	s.eventually(20*time.Second, "the browser to come back", func() bool {
		at, err := b.URL(ctx)
		return err == nil && !strings.HasPrefix(at, s.url)
	})
	text, err := b.Text(ctx, "body")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// notesClicked brings an account back from its notification, at the second attempt.
func (s *stage) notesClicked(shown *notes, was account) {
	t := s.t
	t.Helper()
	n, ok := shown.find("Facebook", "reconnect")
	if !ok {
		t.Fatal("the note has gone")
	}
	s.shot("notes")
	before, err := windowsOf(s.soon(), s.d)
	if err != nil {
		t.Fatal(err)
	}
	opened := len(s.d.Opened())
	if err := shown.click(s.soon(), s.d, n, 1); err != nil {
		t.Fatal(err)
	}
	address := s.opened(opened, "www.facebook.com")
	s.eventually(10*time.Second, "the pop-ups to make room for the browser", func() bool { return len(s.windowProcesses()) == 0 })
	text := s.signIn(address, "other-person")
	for _, part := range []string{"You signed in as Other Person", "Nothing was changed", "Acme Shop"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page says %q, without %q", text, part)
		}
	}
	s.shot("wrong-person")
	if a := s.account("facebook"); a.State != was.State || a.Generation != was.Generation || a.ID != was.ID {
		t.Errorf("the wrong person made %+v of %+v", a, was)
	}

	// The note now says what went wrong, and offers another attempt.
	s.eventually(5*time.Second, "a note about the failure", func() bool {
		n, ok = shown.find("Facebook", "reconnect")
		return ok && strings.Contains(n.body, "Nothing was changed")
	})
	time.Sleep(500 * time.Millisecond)
	s.shot("note-again")
	opened = len(s.d.Opened())
	if err := shown.click(s.soon(), s.d, n, 1, before...); err != nil {
		t.Fatal(err)
	}
	text = s.signIn(s.opened(opened, "www.facebook.com"), "acme-owner")
	s.shot("right-person")
	if !strings.Contains(text, "Acme Shop is connected until") {
		t.Errorf("the page says %q", text)
	}
	s.healed(shown, was, "Facebook")
}

// healed sees that an account is back, as itself, and that nothing asks for it any more.
func (s *stage) healed(shown *notes, was account, title string) {
	t := s.t
	t.Helper()
	s.eventually(10*time.Second, was.Ref+" to be connected", func() bool { return s.account(was.Platform).State == "connected" })
	at := time.Now()
	s.eventually(10*time.Second, "its note to be withdrawn", func() bool { _, ok := shown.find(title, "reconnect"); return !ok })
	took := time.Since(at)
	t.Logf("%s: the note was withdrawn at most %s after it was seen connected", was.Ref, took.Round(time.Millisecond))
	if took > withdrawLimit {
		t.Errorf("withdrawing took %s, want %s", took, withdrawLimit)
	}
	if a := s.account(was.Platform); a.ID != was.ID || a.Ref != was.Ref || a.Generation != was.Generation+1 {
		t.Errorf("healed: got %+v, want the same with a generation more: %+v", a, was)
	}
}

// trayClicked brings an account back from the tray's menu.
func (s *stage) trayClicked(shown *notes, was account) {
	t := s.t
	t.Helper()
	ctx := s.soon()
	if _, ok := shown.find("LinkedIn", "reconnect"); !ok {
		t.Error("the note that nobody clicked has gone")
	}
	var lines []menuLine
	line := -1
	s.eventually(5*time.Second, "the tray's menu to know how things stand", func() bool {
		lines = trayMenu(t, s.d)
		line = slices.IndexFunc(lines, func(l menuLine) bool {
			return strings.Contains(l.label, "LinkedIn · ") && strings.HasSuffix(l.label, ": expired")
		})
		return line >= 0 && lines[0].label == "1 account needs you"
	})
	before, err := s.d.Windows(ctx, desk.Match{})
	if err != nil {
		t.Fatal(err)
	}
	// The only item of the tray is at the panel's right end.
	if err := s.d.ClickButton(ctx, 3, s.d.Size().X-14, 14); err != nil {
		t.Fatal(err)
	}
	var menu desk.Window
	find := func() bool {
		now, err := s.d.Windows(ctx, desk.Match{})
		i := slices.IndexFunc(now, func(w desk.Window) bool {
			return w.Bounds.Dy() > 100 && w.Class != "Xfce4-notifyd" && !slices.ContainsFunc(before, func(b desk.Window) bool { return b.ID == w.ID })
		})
		if err != nil || i < 0 {
			return false
		}
		menu = now[i]
		return true
	}
	s.eventually(10*time.Second, "the tray's menu", find)
	time.Sleep(700 * time.Millisecond) // it grows as its lines arrive
	if !find() {
		t.Fatal("the menu closed by itself")
	}
	s.shot("tray-menu")
	// A separator is about a third of a line high.
	at, all := 0.0, 0.0
	for i, l := range lines {
		height := 1.0
		if l.separator {
			height = 1.0 / 3
		}
		if i < line {
			at += height
		}
		all += height
	}
	height := float64(menu.Bounds.Dy()) / (all + 0.3)
	y := menu.Bounds.Min.Y + int(height*(at+0.5+0.15))
	if err := s.d.MovePointer(ctx, menu.Bounds.Min.X+menu.Bounds.Dx()/2, y); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	opened := len(s.d.Opened())
	clicked := time.Now()
	if err := s.d.Command(ctx, "xdotool", "click", "1").Run(); err != nil {
		t.Fatal(err)
	}
	address := s.opened(opened, "www.linkedin.com")
	took := s.openedAt().Sub(clicked)
	t.Logf("tray click to browser asked: %s (budget 100ms; starting xdotool and the opener's shell included)", took.Round(time.Millisecond))
	if took > 2*time.Second {
		t.Errorf("the browser was asked %s after the click", took)
	}
	if text := s.signIn(address, "acme-owner"); !strings.Contains(text, "is connected until") {
		t.Errorf("the page says %q", text)
	}
	s.healed(shown, was, "LinkedIn")
	// The tray is not told of every step at once.
	s.eventually(5*time.Second, "the tray's menu to say that all is well", func() bool {
		return strings.HasPrefix(trayMenu(t, s.d)[0].label, "All 2 accounts")
	})
	if n := len(s.windowProcesses()); n != 0 {
		t.Errorf("%d processes show windows, want none", n)
	}
}

// openedAt is when the newest address was opened: the desk's opener names its notes by the time.
func (s *stage) openedAt() time.Time {
	s.t.Helper()
	names, err := filepath.Glob(filepath.Join(s.d.Dir(), "opened", "[0-9]*"))
	if err != nil || len(names) == 0 {
		s.t.Fatal("nothing was opened: ", err)
	}
	slices.Sort(names)
	stamp, _, _ := strings.Cut(filepath.Base(names[len(names)-1]), "-")
	seconds, nanos, _ := strings.Cut(stamp, ".")
	sec, err1 := strconv.ParseInt(seconds, 10, 64)
	nsec, err2 := strconv.ParseInt(nanos, 10, 64)
	if err1 != nil || err2 != nil {
		s.t.Fatal(fmt.Errorf("read the time of %s", names[len(names)-1]))
	}
	return time.Unix(sec, nsec)
}

// twoWindows launches Relink twice: there is one agent and one window.
func twoWindows(t *testing.T, program string) {
	desk.Need(t, desk.PartTray)
	s := newStage(t, program, desk.Config{Keyring: true, Tray: true, RecordOnly: true})
	a := s.startAgent()
	s.register("linkedin")
	s.connect(sandbox.Choice{}, "linkedin")
	s.connect(sandbox.Choice{}, "mastodon", "--server", "https://mastodon.example")

	s.want(0)
	w, err := s.d.WaitWindow(s.soon(), desk.Match{Class: "relink"})
	if err != nil {
		t.Fatal(err)
	}
	if w.Title != "Relink" {
		t.Errorf("the window's title is %q", w.Title)
	}
	time.Sleep(2 * time.Second) // until the list is painted, by software
	s.shot("window")

	// Out of sight, the next launch brings it back.
	if err := s.d.Command(s.soon(), "xdotool", "windowminimize", w.ID).Run(); err != nil {
		t.Fatal(err)
	}
	if err := s.d.WaitNoWindow(s.soon(), desk.Match{Class: "relink"}); err != nil {
		t.Fatal(err)
	}
	s.want(0)
	if _, err := s.d.WaitWindow(s.soon(), desk.Match{Class: "relink"}); err != nil {
		t.Error(err)
	}
	s.want(0)
	s.want(0, "window")
	time.Sleep(time.Second)
	windows, err := s.d.Windows(s.soon(), desk.Match{Class: "relink"})
	if err != nil || len(windows) != 1 || windows[0].ID != w.ID {
		t.Errorf("after four launches the windows are %+v: %v", windows, err)
	}
	if all := s.processes(); len(all) != 2 || len(s.windowProcesses()) != 1 {
		t.Errorf("after four launches these run: %v", all)
	}

	// Closing the window ends its process and nothing else.
	if err := s.d.Command(s.soon(), "xdotool", "windowclose", w.ID).Run(); err != nil {
		t.Fatal(err)
	}
	s.eventually(10*time.Second, "the window's process to end", func() bool { return len(s.windowProcesses()) == 0 })

	s.popupClicked()
	s.quit(a)
	s.nothingLeft()
}

// popupClicked brings an account back from the pop-up at its end, which is
// not in the browser's way meanwhile.
func (s *stage) popupClicked() {
	t := s.t
	t.Helper()
	s.network.Expire(sandbox.Selection{Platform: sandbox.LinkedIn}, time.Now().Add(-time.Hour))
	was := s.account("linkedin")
	s.want(3, "check", was.Ref)
	window := s.command(t.Context(), "window", "--page", "popup:"+was.ID)
	if err := window.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- window.Wait() }()
	popup, err := s.d.WaitWindow(s.soon(), desk.Match{Class: "relink", Title: "LinkedIn"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // until it is painted, by software
	s.shot("popup")
	opened := len(s.d.Opened())
	// Reconnect is at the lower right.
	if err := s.d.ClickWindow(s.soon(), desk.Match{Class: "relink", Title: "LinkedIn"}, -58, -30); err != nil {
		t.Fatal(err)
	}
	address := s.opened(opened, "www.linkedin.com")
	time.Sleep(time.Second)
	s.shot("popup-waits")
	windows, err := s.d.Windows(s.soon(), desk.Match{Class: "relink"})
	if err != nil || len(windows) != 1 || windows[0].ID == popup.ID {
		t.Errorf("while the browser is asked the windows are %+v: %v", windows, err)
	} else if state, err := s.d.Command(s.soon(), "xprop", "-id", windows[0].ID, "_NET_WM_STATE").Output(); err != nil || strings.Contains(string(state), "ABOVE") {
		t.Errorf("it lies over the browser: %s, %v", state, err)
	}
	if _, _, err := sandbox.Follow(s.soon(), nil, address, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	s.eventually(10*time.Second, was.Ref+" to be connected", func() bool {
		a := s.account("linkedin")
		return a.State == "connected" && a.ID == was.ID && a.Generation == was.Generation+1
	})
	time.Sleep(time.Second)
	s.shot("popup-done")
	if err := s.d.Key(s.soon(), "Escape"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the pop-up's process: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Escape does not close the pop-up")
	}
}
