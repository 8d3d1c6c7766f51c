package notifier

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

// recorder is a notification server that keeps what it is asked to show.
type recorder struct {
	conn *dbus.Conn
	caps []string
	// name is the server's; empty means "recorder".
	name string

	mu     sync.Mutex // guards what follows
	shown  []call
	closed []uint32
}

type call struct {
	App, Icon, Summary, Body string
	Replaces, id             uint32
	Actions                  []string
	Hints                    map[string]dbus.Variant
	Timeout                  int32
}

func (r *recorder) Notify(app string, replaces uint32, icon, summary, body string, actions []string, hints map[string]dbus.Variant, timeout int32) (uint32, *dbus.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := replaces
	if id == 0 {
		id = uint32(len(r.shown) + 1)
	}
	r.shown = append(r.shown, call{app, icon, summary, body, replaces, id, actions, hints, timeout})
	return id, nil
}

func (r *recorder) CloseNotification(id uint32) *dbus.Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = append(r.closed, id)
	return nil
}

func (r *recorder) GetCapabilities() ([]string, *dbus.Error) { return r.caps, nil }

func (r *recorder) GetServerInformation() (name, vendor, version, spec string, err *dbus.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.name != "" {
		return r.name, "test", "1", "1.2", nil
	}
	return "recorder", "test", "1", "1.2", nil
}

func (r *recorder) last(t *testing.T) call {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.shown) == 0 {
		t.Fatal("nothing was shown")
	}
	return r.shown[len(r.shown)-1]
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.shown)
}

func (r *recorder) emit(t *testing.T, signal string, values ...any) {
	t.Helper()
	if err := r.conn.Emit(notePath, noteName+"."+signal, values...); err != nil {
		t.Fatal(err)
	}
}

// record puts a recorder on the desk's bus.
func (d *desk) record(caps ...string) *recorder {
	d.t.Helper()
	conn, err := dbus.Connect(d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.Close() })
	r := &recorder{conn: conn, caps: caps}
	if err := conn.Export(r, notePath, noteName); err != nil {
		d.t.Fatal(err)
	}
	if reply, err := conn.RequestName(noteName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		d.t.Fatalf("own %s: %v %v", noteName, reply, err)
	}
	return r
}

func TestNotifyCall(t *testing.T) {
	d := newDesk(t, false)
	r := d.record("actions", "body", "body-markup", "persistence")
	icon, err := os.ReadFile("testdata/icon.png")
	if err != nil {
		t.Fatal(err)
	}
	s, clicks, closed := d.sender(Config{Icon: icon})
	a, err := s.Abilities(t.Context())
	if want := (Abilities{Name: "recorder 1", Actions: true, Persistence: true}); err != nil || a != want {
		t.Fatalf("abilities = %+v, %v, want %+v", a, err, want)
	}

	note := ended("a", "LinkedIn · a & b: expired")
	note.Body = `It's "<b>a</b> & b".`
	send(t, s, note)
	got := r.last(t)
	if got.Summary != note.Title || got.Body != `It's "&lt;b&gt;a&lt;/b&gt; &amp; b".` {
		t.Errorf("text = %q, %q", got.Summary, got.Body)
	}
	if got, want := strings.Join(got.Actions, " "), "default Reconnect reconnect Reconnect later Later"; got != want {
		t.Errorf("actions = %q, want %q", got, want)
	}
	if got.App != "Relink" || got.Timeout != 0 || got.Replaces != 0 {
		t.Errorf("call = %+v", got)
	}
	for name, want := range map[string]any{"urgency": byte(2), "resident": true, "desktop-entry": "relink", "category": category} {
		if got := got.Hints[name].Value(); got != want {
			t.Errorf("hint %s = %v, want %v", name, got, want)
		}
	}
	if image, ok := got.Hints["image-data"].Value().([]any); !ok || len(image) != 7 || image[0] != int32(48) || image[2] != int32(4*48) || len(image[6].([]byte)) != 4*48*48 {
		t.Error("image-data is not the icon")
	}

	warning := note
	warning.Urgency, warning.Resident = UrgencyNormal, false
	send(t, s, warning)
	second := r.last(t)
	if second.Replaces != got.id || second.Timeout != -1 || second.Hints["resident"].Value() != nil {
		t.Errorf("second call = %+v, want it to replace %d and to time out", second, got.id)
	}

	// Somebody else's note, and a key we did not offer, start nothing.
	r.emit(t, "ActionInvoked", uint32(99), "default")
	r.emit(t, "ActionInvoked", got.id, "settings")
	r.emit(t, "NotificationClosed", uint32(99), uint32(2))
	r.emit(t, "ActivationToken", got.id, "token-1")
	r.emit(t, "ActionInvoked", got.id, "default")
	if got, want := get(t, "click", clicks), (Activation{"a", ActionReconnect, NoteID("a"), "token-1", ""}); got != want {
		t.Errorf("click = %+v, want %+v", got, want)
	}
	r.emit(t, "ActionInvoked", got.id, "reconnect")
	if got, want := get(t, "click", clicks), (Activation{"a", ActionReconnect, NoteID("a"), "", ""}); got != want {
		t.Errorf("click = %+v, want %+v: a token works once", got, want)
	}
	r.emit(t, "NotificationClosed", got.id, uint32(2))
	if id := get(t, "closed", closed); id != note.ID {
		t.Errorf("closed %q, want %q", id, note.ID)
	}
	// A closed note is not replaced but shown anew.
	send(t, s, warning)
	if got := r.last(t); got.Replaces != 0 {
		t.Errorf("replaces %d, want none", got.Replaces)
	}
}

func TestServerWithoutActions(t *testing.T) {
	d := newDesk(t, false)
	r := d.record("body")
	s, _, _ := d.sender(Config{})
	note := ended("a", "LinkedIn · acme: expired")
	send(t, s, note)
	if got := r.last(t); len(got.Actions) != 0 || got.Body != note.Body+"\nOpen Relink from the tray to reconnect." {
		t.Errorf("actions %q, body %q, want none and where to click", got.Actions, got.Body)
	}
	if a, err := s.Abilities(t.Context()); err != nil || a.Actions || a.Persistence {
		t.Errorf("abilities = %+v, %v, want none", a, err)
	}
}

// TestServerReplaced: a server that hands over lives on, with ids of its own.
func TestServerReplaced(t *testing.T) {
	d := newDesk(t, false)
	first := d.record("actions", "body")
	s, clicks, _ := d.sender(Config{})
	send(t, s, ended("a", "LinkedIn · acme: expired"))
	send(t, s, ended("b", "Facebook · acme: expired"))
	if _, err := first.conn.ReleaseName(noteName); err != nil {
		t.Fatal(err)
	}
	if err := s.Withdraw(t.Context(), NoteID("a")); err != nil {
		t.Fatalf("withdraw without a server: %v", err)
	}
	second := d.record("actions", "body")
	eventually(t, "shown again", func() bool { return second.count() == 1 })
	got := second.last(t)
	if got.Summary != "Facebook · acme: expired" || got.Replaces != 0 || got.Hints["suppress-sound"].Value() != true {
		t.Errorf("shown again = %+v, want b's, as new and quietly", got)
	}
	second.emit(t, "ActionInvoked", got.id, "later")
	if got := get(t, "click", clicks); got.Account != "b" || got.Action != ActionLater {
		t.Errorf("click = %+v, want Later of b", got)
	}
}

// TestBusRestarted: the whole bus goes and comes back.
func TestBusRestarted(t *testing.T) {
	d := &desk{t: t, dir: t.TempDir(), env: os.Environ()}
	daemon, socket := need(t, "dbus-daemon"), filepath.Join(d.dir, "bus")
	cmd := d.bus(daemon, socket)
	d.address = "unix:path=" + socket // without the id of the bus that will go
	d.record("actions")
	s, clicks, _ := d.sender(Config{})
	send(t, s, ended("a", "LinkedIn · acme: expired"))

	stop(cmd)
	err := s.Send(t.Context(), ended("b", "X"))
	var e *platform.Error
	if !errors.As(err, &e) || e.Repair == "" {
		t.Fatalf("without a bus: %v, want an error with a repair", err)
	}
	_ = os.Remove(socket)
	d.bus(daemon, socket)
	d.address = "unix:path=" + socket
	r := d.record("actions")
	eventually(t, "shown again", func() bool { return r.count() == 1 })
	r.emit(t, "ActionInvoked", r.last(t).id, "default")
	if got := get(t, "click", clicks); got.Account != "a" {
		t.Errorf("click = %+v, want a's", got)
	}
}

// TestLeave: what stands is taken back when the program ends.
func TestLeave(t *testing.T) {
	d := newDesk(t, false)
	r := d.record("actions")
	s := newBus(Config{Address: d.address})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	send(t, s, ended("a", "X"))
	cancel()
	if err := get(t, "end of Run", done); err != nil {
		t.Errorf("run: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.closed) != 1 || r.closed[0] != r.shown[0].id {
		t.Errorf("closed %v, want the one note", r.closed)
	}
}

func TestNoServer(t *testing.T) {
	d := newDesk(t, false)
	s, _, _ := d.sender(Config{})
	for what, err := range map[string]error{
		"abilities": func() error { _, err := s.Abilities(t.Context()); return err }(),
		"send":      s.Send(t.Context(), ended("a", "X")),
	} {
		if platform.KindOf(err) != platform.KindConfig || !strings.Contains(err.Error(), "no notification server") {
			t.Errorf("%s: %v, want that no server runs", what, err)
		}
	}
	if err := s.Withdraw(t.Context(), NoteID("a")); err != nil {
		t.Errorf("withdraw: %v", err)
	}
}

func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	t.Setenv("PATH", t.TempDir())
	_, err := New(Config{}).Abilities(t.Context())
	if platform.KindOf(err) != platform.KindConfig || !strings.Contains(err.Error(), "no desktop session") {
		t.Errorf("abilities: %v, want that there is no session", err)
	}
}

// TestServerHangs: a server that is stopped costs one deadline, not the program.
func TestServerHangs(t *testing.T) {
	path := need(t, "dunst")
	d := newDesk(t, true)
	s, _, _ := d.sender(Config{})
	cmd, _ := d.server(s, path, "-config", "/dev/null")
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	err := s.Send(t.Context(), ended("a", "X"))
	if platform.KindOf(err) != platform.KindRetry {
		t.Errorf("send: %v, want that the server does not answer", err)
	}
	if took := time.Since(start); took > callDeadline+2*time.Second {
		t.Errorf("took %v, want about %v", took, callDeadline)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	send(t, s, ended("a", "X"))
}

// TestFallback: without a server beeep shows the note by notify-send.
func TestFallback(t *testing.T) {
	need(t, "sh")
	d := newDesk(t, false)
	out := filepath.Join(d.dir, "said")
	script := "#!/bin/sh\nprintf '%s|%s' \"$1\" \"$2\" >" + out + "\n"
	if err := os.WriteFile(filepath.Join(d.dir, "notify-send"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", d.dir+":"+filepath.Dir(sh))
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", d.address)
	note := ended("a", "LinkedIn · acme: expired")
	send(t, New(Config{}), note)
	got, err := os.ReadFile(out)
	if want := note.Title + "|" + note.Body + "\nOpen Relink from the tray to reconnect."; err != nil || string(got) != want {
		t.Errorf("notify-send got %q, %v, want %q", got, err, want)
	}
}

// TestNoteLeavesTheSummary: an account that gets a note of its own again is
// not in the summary as well, which goes with its last.
func TestNoteLeavesTheSummary(t *testing.T) {
	d := newDesk(t, false)
	r := d.record("actions", "body")
	s, _, _ := d.sender(Config{})
	send(t, s, summary([]Note{ended("a", "a"), ended("b", "b")}))
	sum := r.last(t)
	send(t, s, ended("a", "a again"))
	if got := r.last(t); got.Replaces != sum.id || got.Summary != "1 account needs you" || got.Body != "b" {
		t.Errorf("summary = %+v, want b alone in its place", got)
	}
	send(t, s, ended("b", "b again"))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.closed) != 1 || r.closed[0] != sum.id {
		t.Errorf("closed %v, want the summary %d", r.closed, sum.id)
	}
}
