package app

import "runtime/debug"

// ID names the program to desktops.
const ID = "app.relink.Relink"

// version is set at link time by a release: -X relink/app.version=1.2.3.
var version = ""

// Version is the release, or the commit that a build from source was made at.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "0.1.0+" + s.Value[:12]
		}
	}
	return "0.1.0"
}
