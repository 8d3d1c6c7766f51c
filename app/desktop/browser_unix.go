//go:build unix && !darwin

package desktop

import (
	"os"
	"os/exec"
	"strings"
	"syscall"

	"relink/platform"
)

// systemOpener prefers xdg-open, which knows the desktop; then what $BROWSER
// lists (colon separated, the first that is there); then the usual names.
func systemOpener(address string) ([]string, error) {
	if path, err := exec.LookPath("xdg-open"); err == nil {
		return []string{path, address}, nil
	}
	for _, command := range strings.Split(os.Getenv("BROWSER"), ":") {
		words, err := platform.SplitCommand(command)
		if err != nil {
			continue
		}
		if path, err := exec.LookPath(words[0]); err == nil {
			words[0] = path
			return withAddress(words, address), nil
		}
	}
	for _, name := range []string{"x-www-browser", "sensible-browser", "www-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path, address}, nil
		}
	}
	return nil, fault(platform.KindConfig, platform.T("no browser was found (xdg-open is not installed and BROWSER is not set)"), platform.T(copyLink), exec.ErrNotFound)
}

// detach gives the command its own session: closing the terminal Relink was
// started from does not end the browser.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
