package desktop

import "path/filepath"

func findProgram(path string) string {
	if isRegular(path) {
		return path
	}
	return ""
}

func knownBrowsers(home string) []known {
	support := func(dir string) []string { return []string{filepath.Join(home, "Library/Application Support", dir)} }
	app := func(bundle, program string) []string {
		return []string{"/Applications/" + bundle + ".app/Contents/MacOS/" + program, filepath.Join(home, "Applications", bundle+".app/Contents/MacOS", program)}
	}
	return []known{
		{"Firefox", firefox, app("Firefox", "firefox"), support("Firefox")},
		{"Google Chrome", chromium, app("Google Chrome", "Google Chrome"), support("Google/Chrome")},
		{"Chromium", chromium, app("Chromium", "Chromium"), support("Chromium")},
		{"Brave", chromium, app("Brave Browser", "Brave Browser"), support("BraveSoftware/Brave-Browser")},
		{"Microsoft Edge", chromium, app("Microsoft Edge", "Microsoft Edge"), support("Microsoft Edge")},
		{"Vivaldi", chromium, app("Vivaldi", "Vivaldi"), support("Vivaldi")},
	}
}
