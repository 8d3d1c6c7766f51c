package app_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// aBareDesk has neither a tray nor notifications: Relink shows its window
// instead and says why.
func aBareDesk(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true})
	started := time.Now()
	a := s.startAgent()
	if _, err := s.d.WaitWindow(within(t, 30*time.Second), desk.Match{Class: "relink", Title: "Relink"}); err != nil {
		t.Fatal(err)
	}
	took := time.Since(started)
	t.Logf("the window opened by itself after %s", took.Round(100*time.Millisecond))
	if took > 25*time.Second {
		t.Errorf("the window opened by itself after %s", took)
	}
	time.Sleep(1500 * time.Millisecond)
	s.shot("window")
	if w := strings.Join(s.status().Warnings, "\n"); !strings.Contains(w, "tray") {
		t.Errorf("the warnings are %q, without the tray", w)
	}

	var findings []struct{ Name, Level, Text, Repair string }
	if err := json.Unmarshal([]byte(s.run("doctor", "--json").out), &findings); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notifications", "tray"} {
		found := false
		for _, f := range findings {
			if f.Name != name {
				continue
			}
			found = true
			if f.Level == "ok" || f.Repair == "" || f.Text == "" {
				t.Errorf("relink doctor says of %s: %+v", name, f)
			}
		}
		if !found {
			t.Errorf("relink doctor says nothing of %s", name)
		}
	}
	for _, f := range findings {
		if f.Name == "keyring" && f.Level != "ok" {
			t.Errorf("relink doctor says of the keyring: %+v", f)
		}
	}
	s.quit(a)
}

// noOpenGL is a display on which no window can be drawn, and then no display at
// all: each is said in one line, by the click and by the command that asked for
// the window, and the terminal leads through the same.
func noOpenGL(t *testing.T, program string) {
	const terminal = "; use the terminal: relink status, relink connect, relink reconnect"
	s := newStage(t, program, desk.Config{Keyring: true, Notifier: desk.Xfce, Tray: true, NoOpenGL: true, RecordOnly: true})
	a := s.startAgent()
	r := s.want(1, "window")
	oneLine(t, r.err)
	if !strings.HasPrefix(r.err, "relink: the window needs OpenGL 2.1, which is missing here (") || !strings.HasSuffix(r.err, terminal) {
		t.Errorf("relink window says %q", r.err)
	}
	// With an agent that runs it is the agent that starts the window.
	if r = s.want(1); r.err != "relink: the window cannot be shown; see why with: relink window" {
		t.Errorf("relink says %q", r.err)
	}
	if w := s.status().Warnings; !slices.Contains(w, "The window cannot be shown; see why with: relink window.") {
		t.Errorf("the warnings are %q", w)
	}
	// A click in the tray has no terminal to say it in.
	shown := follow(t, s.d)
	if _, err := s.d.TrayItems(s.soon()); err != nil {
		t.Fatal(err)
	}
	if err := s.d.Click(s.soon(), s.d.Size().X-14, 14); err != nil {
		t.Fatal(err)
	}
	s.eventually(10*time.Second, "a note that no window can be shown", func() bool {
		return slices.ContainsFunc(shown.said(), func(n note) bool {
			return n.title == "The window cannot be shown" && n.body == "See why with: relink window."
		})
	})
	time.Sleep(500 * time.Millisecond)
	s.shot("note")

	// The same in the terminal.
	s.connect(sandbox.Choice{}, "mastodon", "--server", "https://mastodon.example")
	if r := s.want(0, "status"); !strings.Contains(r.out, "does not expire") {
		t.Errorf("relink status prints %q", r.out)
	}
	s.quit(a)
	cmd := s.command(s.soon(), "window")
	cmd.Env = slices.DeleteFunc(cmd.Env, func(e string) bool {
		return strings.HasPrefix(e, "DISPLAY=") || strings.HasPrefix(e, "WAYLAND_DISPLAY=")
	})
	out, err := cmd.CombinedOutput()
	if want := "relink: the window cannot be shown: neither DISPLAY nor WAYLAND_DISPLAY is set" + terminal; err == nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("without a display: %v, %q", err, out)
	}
	s.nothingLeft()
}

// twoAgents start at once: one of them wins.
func twoAgents(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true})
	for range 3 {
		both := []*agent{s.start("--no-tray"), s.start("--no-tray")}
		won := 0
		select {
		case <-both[0].ended:
			won = 1
		case <-both[1].ended:
		case <-time.After(10 * time.Second):
			t.Fatal("both agents go on")
		}
		lost := both[1-won]
		if lost.code == 0 {
			t.Error("the second agent ended with 0")
		}
		oneLine(t, lost.said())
		t.Logf("the second ended with %d and %q", lost.code, lost.said())
		s.eventually(10*time.Second, "the other to answer", func() bool { return s.run("status", "--no-start").code == 0 })
		select {
		case <-both[won].ended:
			t.Fatalf("both ended: %q and %q", both[0].said(), both[1].said())
		default:
		}
		s.quit(both[won])
		s.nothingLeft()
	}
}

// aKilledAgent loses nothing. The next command starts another by itself, but
// not in a home of the practice network, where it would meet the real platforms.
func aKilledAgent(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true})
	a := s.startAgent("--no-tray")
	s.register("linkedin")
	s.connect(sandbox.Choice{}, "linkedin")
	was := s.account("linkedin")
	token := s.want(0, "token", was.Ref).out
	if !slices.Contains(s.heard.list(), token) {
		t.Error("relink token says what the network never gave out")
	}
	kill(t, a)

	if r := s.run("status", "--no-start"); r.code == 0 {
		t.Errorf("without an agent relink status --no-start gives %d", r.code)
	} else {
		oneLine(t, r.err)
	}
	if r := s.run("status"); r.code != 1 || !strings.Contains(r.err, "ended at once") {
		t.Errorf("an agent without the practice network: exit %d, %q", r.code, r.err)
	} else {
		oneLine(t, r.err)
	}
	if r := s.run("agent", "--no-tray"); r.code == 0 || !strings.Contains(r.err, "is for the practice network") {
		t.Errorf("and by hand: exit %d, %q", r.code, r.err)
	}
	b := s.startAgent("--no-tray")
	if now := s.account("linkedin"); !reflect.DeepEqual(now, was) {
		t.Errorf("after the crash: got %+v, want %+v", now, was)
	}
	if got := s.want(0, "token", was.Ref).out; got != token {
		t.Error("after the crash the token is another")
	}
	s.want(0, "forget", was.Ref)
	s.quit(b)
	// Empty, the home is anybody's.
	r := s.want(0, "status", "--json")
	t.Logf("a command started an agent and answered within %s", r.took.Round(time.Millisecond))
	if n := len(s.processes()); n != 1 {
		t.Errorf("%d processes run, want 1", n)
	}
	s.want(0, "quit")
	s.nothingLeft()
}

// aLockedKeyring hides the tokens; nothing is called expired because of it.
func aLockedKeyring(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true})
	a := s.startAgent("--no-tray")
	s.register("linkedin")
	s.connect(sandbox.Choice{}, "linkedin")
	was := s.account("linkedin")
	s.quit(a)

	k := s.keyring()
	k.lock()
	a = s.startAgent("--no-tray")
	r := s.run("token", was.Ref)
	if r.code != 4 || r.out != "" || r.took > 5*time.Second {
		t.Errorf("with a locked keyring relink token ends with %d after %s, want 4 within 5s: %s", r.code, r.took, r.err)
	}
	oneLine(t, r.err)
	t.Logf("locked, after %s: %s", r.took.Round(time.Millisecond), r.err)
	st := s.status()
	if st.Locked == "" || st.Code != 4 || len(st.Accounts) != 1 || st.Accounts[0].State != "connected" || st.Accounts[0].Generation != was.Generation {
		t.Errorf("with a locked keyring: %+v", st)
	}

	k.unlock()
	if r := s.run("unlock"); r.code != 0 {
		t.Errorf("relink unlock ends with %d: %s", r.code, r.err)
	}
	if r := s.run("token", was.Ref); r.code != 0 || r.out == "" {
		t.Errorf("after unlocking relink token ends with %d: %s", r.code, r.err)
	}
	if st := s.status(); st.Locked != "" || st.Code != 0 {
		t.Errorf("after unlocking: %+v", st)
	}
	s.quit(a)
	s.nothingLeft()
}

// keyring is the desk's Secret Service.
type keyring struct {
	s    *stage
	conn *dbus.Conn
	// collection is the one that Relink's key is in.
	collection dbus.ObjectPath
}

func (s *stage) keyring() *keyring {
	s.t.Helper()
	conn, err := s.d.Bus()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	k := &keyring{s: s, conn: conn}
	var open, locked []dbus.ObjectPath
	if err := k.call("org.freedesktop.Secret.Service.SearchItems", map[string]string{"service": "relink"}).Store(&open, &locked); err != nil || len(open) != 1 {
		s.t.Fatalf("find Relink's key: %d items: %v", len(open), err)
	}
	k.collection = open[0][:strings.LastIndexByte(string(open[0]), '/')]
	return k
}

func (k *keyring) call(method string, args ...any) *dbus.Call {
	return k.conn.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").Call(method, 0, args...)
}

func (k *keyring) lock() {
	k.s.t.Helper()
	var done []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := k.call("org.freedesktop.Secret.Service.Lock", []dbus.ObjectPath{k.collection}).Store(&done, &prompt); err != nil || len(done) == 0 {
		k.s.t.Fatalf("lock the keyring: %v, prompt %s: %v", done, prompt, err)
	}
}

// unlock opens the keyring with the desk's password, as a login would.
func (k *keyring) unlock() {
	k.s.t.Helper()
	var output dbus.Variant
	var session dbus.ObjectPath
	if err := k.call("org.freedesktop.Secret.Service.OpenSession", "plain", dbus.MakeVariant("")).Store(&output, &session); err != nil {
		k.s.t.Fatal(err)
	}
	master := struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}{session, []byte{}, []byte("practice"), "text/plain"}
	if err := k.call("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface.UnlockWithMasterPassword", k.collection, master).Err; err != nil {
		k.s.t.Fatalf("unlock the keyring: %v", err)
	}
}

// noKeyring is a desk that never had one: Relink asks for a choice and keeps
// nothing in the open.
func noKeyring(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{})
	a := s.startAgent("--no-tray")
	r := s.runWith("practice-secret\n", "app", "set", "linkedin", "--client-id", "practice")
	if r.code != 4 || r.took > 5*time.Second {
		t.Errorf("without a keyring relink app set ends with %d after %s, want 4 within 5s: %s", r.code, r.took, r.err)
	}
	oneLine(t, r.err)
	if !strings.Contains(r.err, "relink unlock --new-passphrase") {
		t.Errorf("without a keyring it says %q, and nothing of a passphrase", r.err)
	}
	if r := s.runWith("correct horse\ncorrect horse\n", "unlock", "--new-passphrase"); r.code != 0 {
		t.Fatalf("relink unlock --new-passphrase ends with %d: %s", r.code, r.err)
	}
	s.register("linkedin")
	s.connect(sandbox.Choice{}, "linkedin")
	s.keepsSecretsEverywhere(a)
	s.quit(a)
	a = s.startAgent("--no-tray")
	ref := s.account("linkedin").Ref
	s.want(4, "token", ref)
	if r := s.runWith("correct horse\n", "unlock"); r.code != 0 {
		t.Fatalf("relink unlock ends with %d: %s", r.code, r.err)
	}
	s.want(0, "token", ref)
	s.quit(a)
	s.nothingLeft()
}
