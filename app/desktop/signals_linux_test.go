package desktop

import (
	"bufio"
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus starts a private D-Bus daemon and gives its address.
func bus(t *testing.T) string {
	t.Helper()
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon")
	}
	cmd := exec.Command(daemon, "--session", "--nofork", "--nopidfile", "--print-address", "--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("read the address of dbus-daemon: %v", err)
	}
	return strings.TrimSpace(line)
}

// fake plays a system service: it owns a name and emits signals.
func fake(t *testing.T, address, name string) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if name == "" {
		return conn
	}
	if reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("own %s: %v, %v", name, reply, err)
	}
	return conn
}

type networkManager struct{ state uint32 }

func (n networkManager) State() (uint32, *dbus.Error) { return n.state, nil }

func TestSignals(t *testing.T) {
	address := bus(t)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
	logind, manager, stranger := fake(t, address, login1), fake(t, address, nm), fake(t, address, "")
	if err := manager.ExportWithMap(networkManager{nmConnectedGlobal}, map[string]string{"State": "state"}, "/org/freedesktop/NetworkManager", nm); err != nil {
		t.Fatal(err)
	}
	in := Signals(t.Context(), slog.New(slog.DiscardHandler))

	sleep := func(c *dbus.Conn, asleep bool) {
		t.Helper()
		if err := c.Emit("/org/freedesktop/login1", login1+".Manager.PrepareForSleep", asleep); err != nil {
			t.Fatal(err)
		}
	}
	state := func(s uint32) {
		t.Helper()
		if err := manager.Emit("/org/freedesktop/NetworkManager", nm+".StateChanged", s); err != nil {
			t.Fatal(err)
		}
	}
	connectivity := func(c uint32) {
		t.Helper()
		err := manager.Emit("/org/freedesktop/NetworkManager", "org.freedesktop.DBus.Properties.PropertiesChanged",
			nm, map[string]dbus.Variant{"Connectivity": dbus.MakeVariant(c)}, []string{})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(s Signal) {
		t.Helper()
		select {
		case got := <-in:
			if got != s {
				t.Errorf("got %v, want %v", got, s)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("got nothing, want %v", s)
		}
	}
	silence := func(why string) {
		t.Helper()
		select {
		case got := <-in:
			t.Errorf("%s: got %v, want nothing", why, got)
		case <-time.After(200 * time.Millisecond):
		}
	}

	// The watcher's rules are in place once the first signal comes through.
	for {
		sleep(logind, false)
		select {
		case <-in:
		case <-time.After(50 * time.Millisecond):
			continue
		}
		break
	}
	time.Sleep(1100 * time.Millisecond)
	for len(in) > 0 {
		<-in
	}

	sleep(logind, true)
	silence("falling asleep")
	sleep(stranger, false)
	silence("another program on the bus")
	sleep(logind, false)
	want(Resume)
	sleep(logind, false)
	silence("the same said twice")

	state(nmConnectedGlobal)
	silence("it was up already")
	state(20)
	state(50)
	silence("a local network")
	state(nmConnectedGlobal)
	want(NetworkUp)
	connectivity(nmFull)
	silence("the same by the other signal")
	time.Sleep(time.Second)
	connectivity(2)
	silence("behind a captive portal")
	connectivity(nmFull)
	want(NetworkUp)
}

func TestSignalsWithoutABus(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	select {
	case s := <-Signals(ctx, slog.New(slog.DiscardHandler)):
		t.Errorf("got %v, want nothing", s)
	case <-ctx.Done():
	}
}
