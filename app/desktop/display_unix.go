//go:build unix && !darwin

package desktop

import (
	"os"

	"relink/platform"
)

// HasDisplay reports whether windows can be shown, and why not. It asks the
// environment only: a display that is named may still refuse.
func HasDisplay() (ok bool, reason string) {
	if os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("DISPLAY") != "" {
		return true, ""
	}
	return false, platform.T("neither DISPLAY nor WAYLAND_DISPLAY is set")
}
