//go:build unix && !darwin

package vault

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/godbus/dbus/v5"
)

// keyringReachable reports whether there is a session bus to find the Secret
// Service on. Without one the D-Bus library would start a bus of its own
// (dbus-launch), which nobody sees and nobody ends.
func keyringReachable() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return err == nil
}

// keyringAbsent tells "nobody offers the Secret Service" from "it refuses".
func keyringAbsent(err error) bool {
	var refused dbus.Error
	if !errors.As(err, &refused) {
		// Not an answer from the bus: the bus itself could not be had.
		var path *os.PathError
		var call *os.SyscallError
		return errors.As(err, &path) || errors.As(err, &call) || errors.Is(err, dbus.ErrClosed)
	}
	switch refused.Name {
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.UnknownInterface", "org.freedesktop.DBus.Error.UnknownMethod":
		return true
	}
	const spawn = "org.freedesktop.DBus.Error.Spawn."
	return len(refused.Name) > len(spawn) && refused.Name[:len(spawn)] == spawn
}
