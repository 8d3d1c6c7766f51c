package desktop

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"relink/platform"
)

// Autostart starts Relink's agent when the person logs in: a file in
// ~/.config/autostart on Linux and the BSDs, a value of the Run key on Windows,
// a LaunchAgent on macOS. The zero value is the program that runs now.
type Autostart struct {
	// Executable is the absolute path of the program; empty means this one.
	Executable string
}

// entry is what the system holds.
type entry struct {
	executable string
	// off is true where the person switched the entry off in the system's own settings.
	off bool
}

// errAbsent: there is no entry.
var errAbsent = errors.New("no entry")

// foreign reports whether this Relink has a home of its own. The entry, of which
// a person has one, is then another Relink's.
func foreign() bool { return os.Getenv("RELINK_HOME") != "" }

// Enabled reports whether the agent starts at login. An entry the person
// switched off in the desktop's own settings counts as disabled.
func (a Autostart) Enabled() (bool, error) {
	if foreign() {
		return false, nil
	}
	e, err := read()
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, fault(platform.KindStorage, platform.T("the entry that starts Relink at login cannot be read"), platform.T("look at %s", place()), err)
	}
	return !e.off, nil
}

// Enable writes the entry; one that is right already is left alone.
func (a Autostart) Enable() error {
	if foreign() {
		// The entry could not carry the home, and the agent at login would be another one.
		return fault(platform.KindUsage, platform.T("starting at login is not for a Relink with a home of its own"), platform.T("unset RELINK_HOME first"), nil)
	}
	path, err := a.path()
	if err != nil {
		return fault(platform.KindStorage, platform.T("the path of Relink's program cannot be found"), platform.T("start Relink by its full path"), err)
	}
	if e, err := read(); err == nil && !e.off && e.executable == path {
		return nil
	}
	if err := write(path); err != nil {
		return fault(platform.KindStorage, platform.T("the entry that starts Relink at login cannot be written"), platform.T("check %s", place()), err)
	}
	return nil
}

// Disable removes the entry; none is no error, and another Relink's is none.
func (a Autostart) Disable() error {
	if foreign() {
		return nil
	}
	if err := remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault(platform.KindStorage, platform.T("the entry that starts Relink at login cannot be removed"), platform.T("remove %s", place()), err)
	}
	return nil
}

// Repair writes the entry again where it names a program that is gone, and
// reports whether it did. One that names another Relink that is still there is left alone.
func (a Autostart) Repair() (bool, error) {
	if foreign() {
		return false, nil
	}
	e, err := read()
	if err != nil && !errors.Is(err, errAbsent) {
		return false, fault(platform.KindStorage, platform.T("the entry that starts Relink at login cannot be read"), platform.T("look at %s", place()), err)
	}
	if e.off || e.executable == "" {
		return false, nil
	}
	if _, err := os.Stat(e.executable); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := a.Enable(); err != nil {
		return false, err
	}
	return true, nil
}

// path is the program as it should be started.
func (a Autostart) path() (string, error) {
	if a.Executable != "" {
		return filepath.Abs(a.Executable)
	}
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	// An AppImage is mounted at another place each time. A terminal that is
	// an AppImage itself leaves its own variables behind, hence the second look.
	if image, dir := os.Getenv("APPIMAGE"), os.Getenv("APPDIR"); image != "" && dir != "" && strings.HasPrefix(path, dir) {
		return image, nil
	}
	// Linux says so of a program whose file was replaced by an update.
	return strings.TrimSuffix(path, " (deleted)"), nil
}
