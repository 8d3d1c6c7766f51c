package desktop

import (
	"os"

	"relink/platform"
)

// macOS reads the schemes of a program from its bundle (CFBundleURLTypes in
// Info.plist) and opens them with it once it has seen the bundle; which of two
// bundles is macOS's choice. Addresses come as Apple events, see [HearLinks].

func linksPlace() string { return platform.T("the application bundle") }

// readLinks gives this program where its bundle claims the links.
func readLinks() (string, error) {
	executable, err := Autostart{}.path()
	if err != nil {
		return "", err
	}
	path := bundlePlist(executable)
	if path == "" {
		return "", errLinksElsewhere
	}
	plist, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if !claims(plist, scheme) {
		return "", errLinksElsewhere
	}
	return executable, nil
}

func writeLinks(string) error { return errLinksElsewhere }

func removeLinks() error { return errLinksElsewhere }
