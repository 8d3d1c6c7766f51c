package desktop

import (
	"os"
	"path/filepath"
)

func findProgram(path string) string {
	if filepath.IsAbs(path) && isRegular(path) {
		return path
	}
	return ""
}

func knownBrowsers(string) []known {
	local, roaming := os.Getenv("LOCALAPPDATA"), os.Getenv("APPDATA")
	in := func(path string) (out []string) {
		for _, root := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)"), local} {
			if root != "" {
				out = append(out, filepath.Join(root, path))
			}
		}
		return out
	}
	data := func(path string) []string { return []string{filepath.Join(local, path, "User Data")} }
	return []known{
		{"Firefox", firefox, in(`Mozilla Firefox\firefox.exe`), []string{filepath.Join(roaming, `Mozilla\Firefox`)}},
		{"Google Chrome", chromium, in(`Google\Chrome\Application\chrome.exe`), data(`Google\Chrome`)},
		{"Chromium", chromium, in(`Chromium\Application\chrome.exe`), data("Chromium")},
		{"Brave", chromium, in(`BraveSoftware\Brave-Browser\Application\brave.exe`), data(`BraveSoftware\Brave-Browser`)},
		{"Microsoft Edge", chromium, in(`Microsoft\Edge\Application\msedge.exe`), data(`Microsoft\Edge`)},
		{"Vivaldi", chromium, in(`Vivaldi\Application\vivaldi.exe`), data("Vivaldi")},
	}
}
