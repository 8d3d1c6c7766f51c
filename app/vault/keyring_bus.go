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

// keyringLocked names the collection that go-keyring would use, the login one
// or else the default, when that is locked; empty when it is open or cannot be
// asked. Reading the property prompts nobody (Secret Service API, Collection).
func keyringLocked() string {
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	const name, login = "org.freedesktop.secrets", dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	paths := []dbus.ObjectPath{login}
	var alias dbus.ObjectPath
	if conn.Object(name, "/org/freedesktop/secrets").Call("org.freedesktop.Secret.Service.ReadAlias", dbus.FlagNoAutoStart, "default").Store(&alias) == nil && alias != "/" {
		paths = append(paths, alias)
	}
	for _, path := range paths {
		var locked bool
		if err := conn.Object(name, path).Call("org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, "org.freedesktop.Secret.Collection", "Locked").Store(&locked); err == nil {
			if locked {
				return string(path)
			}
			return ""
		}
	}
	return ""
}
