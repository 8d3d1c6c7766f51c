package tray

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

// bus starts a private session bus and makes it this test's.
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
	address := strings.TrimSpace(line)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	return address
}

func TestHostWithoutABus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if present, reason := HostPresent(t.Context()); present || reason != reasonNoBus {
		t.Errorf("got %v, %q, want false, %q", present, reason, reasonNoBus)
	}
	if err := reachable(t.Context()); err == nil {
		t.Error("reachable: got nil, want an error")
	}
}

func TestWatchHost(t *testing.T) {
	address := bus(t)
	type change struct {
		present bool
		reason  string
	}
	told := make(chan change, 8)
	done := make(chan error, 1)
	go func() { done <- WatchHost(t.Context(), func(p bool, r string) { told <- change{p, r} }) }()
	want := func(w change) {
		t.Helper()
		select {
		case got := <-told:
			if got != w {
				t.Errorf("got %+v, want %+v", got, w)
			}
		case err := <-done:
			t.Fatalf("WatchHost ended: %v", err)
		case <-time.After(5 * time.Second):
			t.Fatalf("got nothing, want %+v", w)
		}
	}
	want(change{false, noTray()})

	watcher, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close()
	props, err := prop.Export(watcher, statusWatcherPath, prop.Map{statusWatcher: {
		"IsStatusNotifierHostRegistered": {Value: false, Emit: prop.EmitTrue},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watcher.RequestName(statusWatcher, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	want(change{false, reasonNotHost})

	props.SetMust(statusWatcher, "IsStatusNotifierHostRegistered", true)
	if err := watcher.Emit(statusWatcherPath, statusWatcher+".StatusNotifierHostRegistered"); err != nil {
		t.Fatal(err)
	}
	want(change{true, ""})
	if present, reason := HostPresent(t.Context()); !present || reason != "" {
		t.Errorf("HostPresent: got %v, %q, want true", present, reason)
	}

	if _, err := watcher.ReleaseName(statusWatcher); err != nil {
		t.Fatal(err)
	}
	want(change{false, noTray()})
}
