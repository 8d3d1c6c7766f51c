package tray

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

// The tray of a Linux desktop is two programs: a watcher, which items register
// with, and a host, which draws them.
// https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
const (
	statusWatcher     = "org.kde.StatusNotifierWatcher"
	statusWatcherPath = "/StatusNotifierWatcher"
)

const (
	reasonNoBus   = "there is no session bus (D-Bus), which tray icons need"
	reasonNotHost = "the desktop's tray is not showing icons yet"
)

// noTray says what can be done about it, too.
func noTray() string {
	if slices.Contains(strings.Split(os.Getenv("XDG_CURRENT_DESKTOP"), ":"), "GNOME") {
		return platform.T("this desktop shows no tray icons; install the GNOME extension AppIndicator and KStatusNotifierItem Support")
	}
	return platform.T("this desktop shows no tray icons; add a tray (status notifier) to your panel")
}

// dial makes a connection of our own, and starts no bus: systray uses the
// shared connection, which anybody in the process may close.
func dial(ctx context.Context) (*dbus.Conn, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("connect to the session bus: %w", err)
	}
	if err := conn.Auth(nil); err != nil {
		conn.Close()
		return nil, fmt.Errorf("authenticate at the session bus: %w", err)
	}
	if err := conn.Hello(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("greet the session bus: %w", err)
	}
	return conn, nil
}

// reachable reports whether there is a bus at all.
func reachable(ctx context.Context) error {
	conn, err := dial(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

// HostPresent reports whether the desktop shows tray icons now, with a reason
// for people when it does not.
func HostPresent(ctx context.Context) (present bool, reason string) {
	conn, err := dial(ctx)
	if err != nil {
		return false, platform.T(reasonNoBus)
	}
	defer conn.Close()
	return ask(ctx, conn)
}

func ask(ctx context.Context, conn *dbus.Conn) (bool, string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var owned bool
	if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, statusWatcher).Store(&owned); err != nil || !owned {
		return false, noTray()
	}
	var v dbus.Variant
	call := conn.Object(statusWatcher, statusWatcherPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, statusWatcher, "IsStatusNotifierHostRegistered")
	if err := call.Store(&v); err != nil {
		// A watcher that cannot say is taken to be whole.
		return true, ""
	}
	if host, ok := v.Value().(bool); ok && !host {
		return false, platform.T(reasonNotHost)
	}
	return true, ""
}

// WatchHost tells whether the desktop shows tray icons, at once and at every
// change, until ctx ends. It does not poll.
func WatchHost(ctx context.Context, told func(present bool, reason string)) error {
	conn, err := dial(ctx)
	if err != nil {
		told(false, platform.T(reasonNoBus))
		return err
	}
	defer conn.Close()
	in := make(chan *dbus.Signal, 16)
	conn.Signal(in)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, statusWatcher)},
		{dbus.WithMatchSender(statusWatcher), dbus.WithMatchInterface(statusWatcher), dbus.WithMatchMember("StatusNotifierHostRegistered")},
		{dbus.WithMatchSender(statusWatcher), dbus.WithMatchInterface(statusWatcher), dbus.WithMatchMember("StatusNotifierHostUnregistered")},
	} {
		if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
			return fmt.Errorf("ask the session bus for signals: %w", err)
		}
	}
	present, reason := ask(ctx, conn)
	told(present, reason)
	for {
		select {
		case <-ctx.Done():
			return nil
		case sig, ok := <-in:
			if !ok {
				return fmt.Errorf("read the session bus: %w", dbus.ErrClosed)
			}
			if sig.Name == "org.freedesktop.DBus.NameAcquired" {
				continue
			}
			p, r := ask(ctx, conn)
			if ctx.Err() == nil && (p != present || r != reason) {
				present, reason = p, r
				told(present, reason)
			}
		}
	}
}
