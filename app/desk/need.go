//go:build linux

package desk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Part is something a desk is made of.
type Part string

// The parts.
const (
	// PartDisplay is the display, the session bus and the window manager: what every desk has.
	PartDisplay  Part = "display"
	PartKeyring  Part = "keyring"
	PartXfce     Part = "xfce4-notifyd"
	PartDunst    Part = "dunst"
	PartTray     Part = "tray"
	PartMonitors Part = "monitors"
	PartChromium Part = "chromium"
)

// lack is a program that is not there, and the Debian package that has it.
type lack struct{ program, debian string }

// programs each part needs.
var programs = map[Part][]lack{
	PartDisplay: {
		{"Xvfb", "xvfb"}, {"openbox", "openbox"}, {"dbus-daemon", "dbus"},
		{"xdotool", "xdotool"}, {"xwininfo", "x11-utils"}, {"xprop", "x11-utils"},
	},
	PartKeyring:  {{"gnome-keyring-daemon", "gnome-keyring"}},
	PartDunst:    {{"dunst", "dunst"}, {"dunstctl", "dunst"}},
	PartTray:     {{"xfce4-panel", "xfce4-panel"}},
	PartMonitors: {{"xrandr", "x11-xserver-utils"}},
	PartChromium: {{"chromedriver", "chromium-driver"}},
}

// parts the configuration needs.
func (c Config) parts() []Part {
	parts := []Part{PartDisplay}
	if c.Keyring {
		parts = append(parts, PartKeyring)
	}
	switch c.Notifier {
	case Xfce:
		parts = append(parts, PartXfce)
	case Dunst:
		parts = append(parts, PartDunst)
	}
	if c.Tray {
		parts = append(parts, PartTray)
	}
	if len(c.Monitors) > 0 {
		parts = append(parts, PartMonitors)
	}
	return parts
}

// Missing names what this machine lacks for the parts, as "xdotool
// (apt-get install xdotool)"; empty when all is there.
func Missing(parts ...Part) []string {
	var out []string
	miss := func(l lack) {
		out = append(out, fmt.Sprintf("%s (apt-get install %s)", l.program, l.debian))
	}
	for _, part := range parts {
		for _, l := range programs[part] {
			if _, err := exec.LookPath(l.program); err != nil {
				miss(l)
			}
		}
		switch part {
		case PartXfce:
			if _, err := xfceNotifyd(); err != nil {
				miss(lack{"xfce4-notifyd", "xfce4-notifyd"})
			}
			if _, err := service("org.xfce.Xfconf.service"); err != nil {
				miss(lack{"xfconfd", "xfconf"})
			}
		case PartChromium:
			if _, err := chromium(); err != nil {
				miss(lack{"chromium", "chromium"})
			}
		}
	}
	return out
}

// Need skips a test where this machine lacks a part.
func Need(t testing.TB, parts ...Part) {
	t.Helper()
	if missing := Missing(parts...); len(missing) > 0 {
		t.Skip("skipped: needs " + strings.Join(missing, ", "))
	}
}

// xfceNotifyd finds the notification server, which is not on the PATH.
func xfceNotifyd() (string, error) {
	for _, pattern := range []string{"/usr/lib/*/xfce4/notifyd/xfce4-notifyd", "/usr/lib*/xfce4/notifyd/xfce4-notifyd", "/usr/libexec/xfce4/notifyd/xfce4-notifyd"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", errors.New("find xfce4-notifyd: not installed")
}

// service reads a D-Bus activation file of the system.
func service(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join("/usr/share/dbus-1/services", name))
}

// chromium finds the browser.
func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("find chromium: not installed")
}
