//go:build linux

package desk

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// soon bounds one step of a test.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// shot keeps a screenshot where RELINK_SHOTS names a directory, for people to look at.
func shot(t *testing.T, d *Desk, name string) {
	t.Helper()
	dir := os.Getenv("RELINK_SHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	if err := d.Screenshot(filepath.Join(dir, name+".png")); err != nil {
		t.Error(err)
	}
}

// notify shows a note with these actions (key, label, …) and gives its id.
func notify(t *testing.T, conn *dbus.Conn, actions ...string) uint32 {
	t.Helper()
	var id uint32
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(2))}
	err := conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").Call("org.freedesktop.Notifications.Notify", 0,
		"Relink", uint32(0), "dialog-warning", "LinkedIn · acme ends in 3 days", "4 scheduled posts from Thursday will not go out. Sign in again and nothing is lost.",
		actions, hints, int32(0)).Store(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// listen gives the signals of the notification server.
func listen(t *testing.T, conn *dbus.Conn) <-chan *dbus.Signal {
	t.Helper()
	if err := conn.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.Notifications")); err != nil {
		t.Fatal(err)
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	return signals
}

// invoked waits for a click on note id and gives the action's key.
func invoked(t *testing.T, signals <-chan *dbus.Signal, id uint32) string {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case s := <-signals:
			if s.Name == "org.freedesktop.Notifications.ActionInvoked" && s.Body[0] == id {
				return s.Body[1].(string)
			}
		case <-timeout:
			t.Fatal("no action was invoked")
		}
	}
}

func bus(t *testing.T, d *Desk) *dbus.Conn {
	t.Helper()
	conn, err := d.Bus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestEverythingAtOnce(t *testing.T) {
	d := New(t, Config{Keyring: true, Notifier: Xfce, Tray: true})
	if !d.HasTrayHost() {
		t.Error("no tray host is registered")
	}
	if _, err := d.WaitWindow(soon(t), Match{Class: "xfce4-panel"}); err != nil {
		t.Error(err)
	}
	shot(t, d, "all")
}

func TestXfceButtonIsClicked(t *testing.T) {
	d := New(t, Config{Notifier: Xfce, Tray: true})
	conn := bus(t, d)
	signals := listen(t, conn)
	notes, err := d.Notes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		actions []string
		which   int
		want    string
	}{
		"first of two":    {[]string{"reconnect", "Reconnect", "later", "Later"}, 0, "reconnect"},
		"second of two":   {[]string{"reconnect", "Reconnect", "later", "Later"}, 1, "later"},
		"second of three": {[]string{"default", "Open", "reconnect", "Reconnect", "later", "Later"}, 1, "reconnect"},
		"one":             {[]string{"reconnect", "Reconnect"}, 0, "reconnect"},
		"last but one":    {[]string{"default", "Open", "reconnect", "Reconnect", "later", "Later"}, -2, "reconnect"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			// One above it without buttons, whose picture is none either.
			silent := notify(t, conn)
			<-notes
			id := notify(t, conn, tt.actions...)
			if got := <-notes; got.App != "Relink" || got.Title != "LinkedIn · acme ends in 3 days" || !slices.Equal(got.Actions, tt.actions) {
				t.Errorf("overheard %+v", got)
			}
			if _, err := d.WaitWindow(soon(t), NoteWindow); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond) // until it is painted, for the picture
			shot(t, d, "xfce "+name)
			if err := d.ClickNote(soon(t), tt.which); err != nil {
				t.Fatal(err)
			}
			if got := invoked(t, signals, id); got != tt.want {
				t.Errorf("got action %q, want %s", got, tt.want)
			}
			if err := conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").Call("org.freedesktop.Notifications.CloseNotification", 0, silent).Err; err != nil {
				t.Error(err)
			}
			if err := d.WaitNoWindow(soon(t), NoteWindow); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDunstInvokesTheDefaultAction(t *testing.T) {
	d := New(t, Config{Notifier: Dunst})
	conn := bus(t, d)
	signals := listen(t, conn)
	id := notify(t, conn, "default", "Reconnect", "later", "Later")
	w, err := d.WaitWindow(soon(t), Match{Class: "dunst"})
	if err != nil {
		t.Fatal(err)
	}
	shot(t, d, "dunst")
	if err := d.Click(soon(t), w.Bounds.Min.X+20, w.Bounds.Min.Y+20); err != nil {
		t.Fatal(err)
	}
	if got := invoked(t, signals, id); got != "default" {
		t.Errorf("got action %q, want default", got)
	}
}

// secret as org.freedesktop.Secret has it on the wire.
type secret struct {
	Session    dbus.ObjectPath
	Parameters []byte
	Value      []byte
	Type       string
}

func TestKeyringKeepsASecret(t *testing.T) {
	d := New(t, Config{Keyring: true})
	conn := bus(t, d)
	service := conn.Object("org.freedesktop.secrets", "/org/freedesktop/secrets")
	var out dbus.Variant
	var session, item, prompt dbus.ObjectPath
	if err := service.Call("org.freedesktop.Secret.Service.OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&out, &session); err != nil {
		t.Fatal(err)
	}
	properties := map[string]dbus.Variant{
		"org.freedesktop.Secret.Item.Label":      dbus.MakeVariant("a key"),
		"org.freedesktop.Secret.Item.Attributes": dbus.MakeVariant(map[string]string{"service": "relink"}),
	}
	want := secret{Session: session, Parameters: []byte{}, Value: []byte("0123456789abcdef"), Type: "text/plain"}
	err := conn.Object("org.freedesktop.secrets", "/org/freedesktop/secrets/aliases/default").
		Call("org.freedesktop.Secret.Collection.CreateItem", 0, properties, want, true).Store(&item, &prompt)
	if err != nil || prompt != "/" {
		t.Fatalf("got prompt %q, %v, want it stored at once", prompt, err)
	}
	var got secret
	if err := conn.Object("org.freedesktop.secrets", item).Call("org.freedesktop.Secret.Item.GetSecret", 0, session).Store(&got); err != nil {
		t.Fatal(err)
	}
	if string(got.Value) != string(want.Value) {
		t.Errorf("got a secret of %d bytes back, want the one stored", len(got.Value))
	}
}

func TestNothingIsStartedByName(t *testing.T) {
	d := New(t, Config{})
	conn := bus(t, d)
	for _, name := range []string{"org.freedesktop.Notifications", "org.freedesktop.secrets", "org.kde.StatusNotifierWatcher"} {
		err := conn.BusObject().Call("org.freedesktop.DBus.StartServiceByName", 0, name, uint32(0)).Err
		if err == nil || !strings.Contains(err.Error(), "not provided") {
			t.Errorf("%s: got %v, want that nobody provides it", name, err)
		}
	}
	if d.HasTrayHost() {
		t.Error("there is a tray host")
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	Need(t, Config{Keyring: true, Notifier: Xfce, Tray: true}.parts()...)
	d, err := Start(soon(t), Config{Keyring: true, Notifier: Xfce, Tray: true})
	if err != nil {
		t.Fatal(err)
	}
	// A program that leaves its group and session, as a browser does.
	stray := exec.Command("sleep", "600")
	stray.Env = d.Env()
	stray.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := stray.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- stray.Wait() }()
	if n := len(d.Marked()); n < 7 {
		t.Errorf("%d processes run, want at least Xvfb, bus, openbox, keyring, notifyd, panel and the stray", n)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the stray still runs")
	}
	if left := d.Marked(); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if _, err := os.Stat(d.Dir()); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}

func TestEnvNamesNothingOfThePerson(t *testing.T) {
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/person/bus")
	t.Setenv("DISPLAY", ":person")
	t.Setenv("HOME", "/person")
	t.Setenv("XDG_CONFIG_HOME", "/person/config")
	t.Setenv("RELINK_HOME", "/person/relink")
	d := &Desk{dir: "/tmp/desk", display: ":7", bus: "unix:path=/tmp/desk/bus"}
	for _, kv := range d.Env() {
		if strings.Contains(kv, "person") || strings.HasPrefix(kv, "WAYLAND_DISPLAY") {
			t.Errorf("the person's session shows: %s", kv)
		}
	}
}

func TestScreenshotShowsWhatIsThere(t *testing.T) {
	d := New(t, Config{Size: image.Pt(320, 200)})
	img, err := d.Image()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.Bounds(), image.Rect(0, 0, 320, 200); got != want {
		t.Fatalf("got a screen of %v, want %v", got, want)
	}
	if got, want := img.RGBAAt(300, 190), (color.RGBA{A: 0xff}); got != want {
		t.Errorf("the empty screen is %v, want %v", got, want)
	}
	// openbox's menu, by the right button, is light.
	if err := d.ClickButton(soon(t), 3, 50, 50); err != nil {
		t.Fatal(err)
	}
	if err := poll(soon(t), func() bool {
		img, err = d.Image()
		return err == nil && img.RGBAAt(120, 80) != color.RGBA{A: 0xff}
	}); err != nil {
		t.Errorf("the menu does not show: %v", err)
	}
	path := filepath.Join(t.TempDir(), "shot.png")
	if err := d.Screenshot(path, image.Rect(10, 10, 60, 40)); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, err := png.DecodeConfig(f); err != nil || c.Width != 50 || c.Height != 30 {
		t.Errorf("got a picture of %d by %d, %v, want 50 by 30", c.Width, c.Height, err)
	}
}

func TestChromiumIsOpenedAndDriven(t *testing.T) {
	Need(t, PartChromium)
	d := New(t, Config{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case r.URL.Path == "/done":
			w.Write([]byte("<title>Done</title><p>Hello " + r.FormValue("who")))
		default:
			w.Write([]byte(`<title>Sign in</title><form action="/done"><input id="who" name="who"><button id="allow">Allow</button></form>`))
		}
	}))
	defer site.Close()
	// As Relink opens it: xdg-open from the desk's PATH.
	open := d.Command(soon(t), "sh", "-c", `setsid xdg-open "$1" >/dev/null 2>&1 &`, "sh", site.URL+"/?a=1&b=2")
	if out, err := open.CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	ctx := soon(t)
	if got, err := d.WaitOpened(ctx, 0); err != nil || got != site.URL+"/?a=1&b=2" {
		t.Errorf("got %q, %v noted", got, err)
	}
	b, err := d.Browser(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Tab(ctx, site.URL); err != nil {
		t.Fatal(err)
	}
	if err := b.Fill(ctx, "#who", "Acme"); err != nil {
		t.Fatal(err)
	}
	shot(t, d, "chromium")
	if err := b.Click(ctx, "#allow"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WaitText(ctx, "Hello Acme"); err != nil {
		t.Error(err)
	}
	if got, err := b.Title(ctx); err != nil || got != "Done" {
		t.Errorf("got title %q, %v", got, err)
	}
	if got, err := b.URL(ctx); err != nil || got != site.URL+"/done?who=Acme" {
		t.Errorf("got address %q, %v", got, err)
	}
	// A second program opens a second tab of the same Chromium.
	if _, err := d.Chromium(ctx, site.URL+"/done?who=again"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WaitText(ctx, "Hello again"); err != nil {
		t.Error(err)
	}
}
