//go:build unix && !darwin

package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
)

// findProgram finds a program in PATH; commands keep its bare name, so that they survive an update.
func findProgram(name string) string {
	if _, err := exec.LookPath(name); err != nil {
		return ""
	}
	return name
}

func knownBrowsers(home string) []known {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	in := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, filepath.Join(config, n))
		}
		return out
	}
	return []known{
		{"Firefox", firefox, []string{"firefox", "firefox-esr"}, []string{filepath.Join(home, ".mozilla/firefox"), filepath.Join(home, "snap/firefox/common/.mozilla/firefox"), filepath.Join(config, "mozilla/firefox")}},
		{"LibreWolf", firefox, []string{"librewolf"}, []string{filepath.Join(home, ".librewolf")}},
		{"Google Chrome", chromium, []string{"google-chrome", "google-chrome-stable"}, in("google-chrome")},
		{"Chromium", chromium, []string{"chromium", "chromium-browser"}, append(in("chromium"), filepath.Join(home, "snap/chromium/common/chromium"))},
		{"Brave", chromium, []string{"brave-browser", "brave"}, in("BraveSoftware/Brave-Browser")},
		{"Microsoft Edge", chromium, []string{"microsoft-edge", "microsoft-edge-stable"}, in("microsoft-edge")},
		{"Vivaldi", chromium, []string{"vivaldi", "vivaldi-stable"}, in("vivaldi")},
		{"Opera", other, []string{"opera"}, nil},
		{"GNOME Web", other, []string{"epiphany-browser", "epiphany"}, nil},
		{"Falkon", other, []string{"falkon"}, nil},
	}
}
