package notifier

import (
	"context"
	"os"
	"os/exec"
	"strings"

	"relink/platform"
)

// GNOME keeps what is shown in settings of its own, which its notification server
// does not tell, and portals do not pass on (xdg-desktop-portal-gtk's list of
// schemas lacks them). They are read with GNOME's own program for it.

// gnomeApp is where GNOME keeps a person's choice for the program whose desktop
// entry a note names (gnome-shell's messageTray.js; schema of gsettings-desktop-schemas).
const gnomeApp = "org.gnome.desktop.notifications.application:/org/gnome/desktop/notifications/application/" + desktopEntry + "/"

// gnomeOff says why GNOME shows nothing of Relink's, or of anybody's; get asks for one setting.
// Where only pop-ups are off, what is urgent pops up all the same (gnome-shell's messageTray.js).
func gnomeOff(get func(schema, key string) string) string {
	switch {
	case get(gnomeApp, "enable") == "false":
		return platform.T("Relink's notifications are switched off in GNOME; switch them on in Settings, Notifications, Relink")
	case get("org.gnome.desktop.notifications", "show-banners") == "false":
		return platform.T("Do Not Disturb is on and lets only urgent ones through; switch it off in the calendar of the top bar")
	case get(gnomeApp, "show-banners") == "false":
		return platform.T("GNOME only lists Relink's notifications, but for urgent ones; switch their pop-ups on in Settings, Notifications, Relink")
	}
	return ""
}

// cinnamonOff is the same for Cinnamon, which has one switch for all.
func cinnamonOff(get func(schema, key string) string) string {
	if get("org.cinnamon.desktop.notifications", "display-notifications") == "false" {
		return platform.T("notifications are switched off; switch them on in System Settings, Notifications")
	}
	return ""
}

// setting asks gsettings; empty where there is no such program, schema or key.
func (b *bus) setting(ctx context.Context) func(schema, key string) string {
	path, err := exec.LookPath("gsettings")
	return func(schema, key string) string {
		if err != nil {
			return ""
		}
		ctx, cancel := context.WithTimeout(ctx, callDeadline)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, "get", schema, key)
		if b.cfg.Address != "" {
			cmd.Env = append(os.Environ(), "DBUS_SESSION_BUS_ADDRESS="+b.cfg.Address)
		}
		out, err := cmd.Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
}
