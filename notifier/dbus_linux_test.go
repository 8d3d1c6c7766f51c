package notifier

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const xfceServer = "/usr/lib/*/xfce4/notifyd/xfce4-notifyd"

// sender runs a D-Bus sender on the desk until the test ends.
func (d *desk) sender(cfg Config) (s *bus, clicks chan Activation, closed chan string) {
	d.t.Helper()
	clicks, closed = make(chan Activation, 8), make(chan string, 8)
	cfg.Address = d.address
	cfg.OnActivate = func(a Activation) { clicks <- a }
	cfg.OnClosed = func(id string, _ uint32) { closed <- id }
	s = newBus(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	d.t.Cleanup(func() {
		cancel()
		<-done
	})
	return s, clicks, closed
}

// server starts a notification server and waits until it answers.
func (d *desk) server(s Sender, path string, args ...string) (*exec.Cmd, Abilities) {
	d.t.Helper()
	cmd := exec.Command(path, args...)
	d.start(cmd)
	var a Abilities
	eventually(d.t, path+" answers", func() bool {
		var err error
		a, err = s.Abilities(d.t.Context())
		return err == nil
	})
	return cmd, a
}

// title is what a note reads as the sender knows it.
func (b *bus) title(id string) string {
	b.turn <- struct{}{}
	defer b.unlock()
	if st := b.notes[id]; st != nil {
		return st.note.Title
	}
	return ""
}

func ended(account, title string) Note {
	return Note{
		ID: NoteID(account), Accounts: []string{account}, Title: title, Body: "Publishing & inbox stopped on Wed 25 Nov, 14:10.",
		Urgency: UrgencyCritical, Resident: true, Default: ActionReconnect,
		Buttons: []Button{{ActionReconnect, labelReconnect}, {ActionLater, labelLater}},
	}
}

func get[T any](t *testing.T, what string, ch chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("never: %s", what)
		panic("unreachable")
	}
}

func send(t *testing.T, s Sender, n Note) {
	t.Helper()
	if err := s.Send(t.Context(), n); err != nil {
		t.Fatalf("send %s: %v", n.ID, err)
	}
}

// TestXfce clicks real buttons of Xfce's notification server.
func TestXfce(t *testing.T) {
	path := need(t, xfceServer)
	need(t, "xdotool")
	d := newDesk(t, true)
	s, clicks, closed := d.sender(Config{})
	_, can := d.server(s, path)
	if !can.Actions || !strings.Contains(can.Name, "Xfce") {
		t.Fatalf("abilities = %+v, want Xfce with actions", can)
	}
	shown := func() []window { return d.windows("xfce4-notifyd") }
	count := func(n int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d windows", n), func() bool { return len(shown()) == n })
	}

	send(t, s, ended("a", "LinkedIn · acme ends in 3 days"))
	count(1)
	send(t, s, ended("a", "LinkedIn · acme: expired"))
	send(t, s, ended("b", "Facebook · Acme Shop: expired"))
	count(2)
	time.Sleep(time.Second) // the window fades in
	d.shot("notification-xfce")
	if n := len(shown()); n != 2 {
		t.Fatalf("%d windows, want 2: a note replaces the one with its ID", n)
	}

	// The first window is a's, at the top.
	top := slices.MinFunc(shown(), func(a, b window) int { return a.y - b.y })
	if n := len(d.buttons(top)); n != 2 {
		t.Fatalf("%d buttons, want 2: Reconnect and Later", n)
	}
	d.press(top, 0)
	if got, want := get(t, "click", clicks), (Activation{Account: "a", Action: ActionReconnect}); got.Account != want.Account || got.Action != want.Action {
		t.Errorf("click = %+v, want %+v", got, want)
	}
	count(1)

	if err := s.Withdraw(t.Context(), NoteID("b")); err != nil {
		t.Fatal(err)
	}
	count(0)
	if err := s.Withdraw(t.Context(), NoteID("b")); err != nil {
		t.Errorf("withdraw again: %v", err)
	}

	send(t, s, ended("c", "X"))
	count(1)
	time.Sleep(time.Second)
	d.press(shown()[0], 1)
	if got := get(t, "click", clicks); got.Account != "c" || got.Action != ActionLater {
		t.Errorf("click = %+v, want Later of c", got)
	}
	count(0)

	// A summary takes the place of its accounts' notes, and shrinks with them.
	parts := []Note{ended("a", "LinkedIn · acme: expired"), ended("b", "Facebook · Acme Shop: expired"), ended("c", "Mastodon · acme: disconnected")}
	send(t, s, parts[0])
	send(t, s, summary(parts))
	count(1)
	for i, left := range []int{1, 1, 0} {
		if err := s.Withdraw(t.Context(), parts[i].ID); err != nil {
			t.Fatal(err)
		}
		count(left)
		if left > 0 {
			if got, want := s.title(SummaryID), summary(parts[i+1:]).Title; got != want {
				t.Errorf("summary = %q, want %q", got, want)
			}
		}
	}
	send(t, s, summary(parts))
	count(1)
	time.Sleep(time.Second)
	d.shot("notification-xfce-summary")
	d.press(shown()[0], 0)
	if got := get(t, "click", clicks); got != (Activation{Action: ActionReview, Note: SummaryID}) {
		t.Errorf("click = %+v, want Review of all", got)
	}
	count(0)

	// A person who closes a note is believed.
	send(t, s, ended("a", "LinkedIn · acme: expired"))
	count(1)
	time.Sleep(time.Second)
	w := shown()[0]
	d.click(w.x+w.w/2, w.y+10)
	if got := get(t, "closed", closed); got != NoteID("a") {
		t.Errorf("closed %q, want %q", got, NoteID("a"))
	}
	count(0)
}

// TestDunst answers the default action, and outlives the server.
func TestDunst(t *testing.T) {
	path, ctl := need(t, "dunst"), need(t, "dunstctl")
	need(t, "dbus-send") // dunstctl is a script around it
	d := newDesk(t, true)
	icon, err := os.ReadFile("testdata/icon.png")
	if err != nil {
		t.Fatal(err)
	}
	s, clicks, closed := d.sender(Config{Icon: icon})
	server, can := d.server(s, path, "-config", "/dev/null")
	if !can.Actions || !strings.HasPrefix(can.Name, "dunst") {
		t.Fatalf("abilities = %+v, want dunst with actions", can)
	}
	displayed := func() string {
		out, _ := d.run(ctl, "count", "displayed")
		return out
	}
	eventuallyShown := func(n string) {
		t.Helper()
		eventually(t, n+" displayed", func() bool { return displayed() == n })
	}

	send(t, s, ended("a", "LinkedIn · acme ends in 3 days"))
	send(t, s, ended("a", "LinkedIn · <acme> & co: expired"))
	eventuallyShown("1")
	d.shot("notification-dunst")
	if _, err := d.run(ctl, "action", "0"); err != nil {
		t.Fatal(err)
	}
	if got := get(t, "click", clicks); got.Account != "a" || got.Action != ActionReconnect {
		t.Errorf("click = %+v, want Reconnect of a", got)
	}

	warning := ended("w", "Mastodon · acme ends in 1 day")
	warning.Resident, warning.Urgency = false, UrgencyNormal
	send(t, s, warning)
	send(t, s, ended("b", "Facebook · Acme Shop: expired"))
	send(t, s, ended("c", "Mastodon · acme: disconnected"))
	if err := s.Withdraw(t.Context(), NoteID("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Withdraw(t.Context(), NoteID("c")); err != nil {
		t.Fatal(err)
	}
	eventuallyShown("2")

	// Another server knows nothing: what is resident and not withdrawn comes back, once.
	stop(server)
	d.start(exec.Command(path, "-config", "/dev/null"))
	eventuallyShown("1")
	time.Sleep(300 * time.Millisecond)
	if n := displayed(); n != "1" {
		t.Errorf("%s displayed after a restart, want 1", n)
	}
	if _, err := d.run(ctl, "action", "0"); err != nil {
		t.Fatal(err)
	}
	if got := get(t, "click", clicks); got.Account != "b" || got.Action != ActionReconnect {
		t.Errorf("click = %+v, want Reconnect of b", got)
	}

	send(t, s, ended("d", "X"))
	eventually(t, "displayed", func() bool { return displayed() != "0" })
	if _, err := d.run(ctl, "close-all"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if id := get(t, "closed", closed); id != NoteID("d") && id != NoteID("b") {
			t.Errorf("closed %q", id)
		}
	}
}
