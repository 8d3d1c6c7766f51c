package desktop

import (
	"errors"
	"io/fs"
	"os"

	"relink/notifier"
	"relink/platform"
)

const scheme = notifier.Scheme

// Links has the system open relink:// addresses with Relink: a desktop entry and
// a line of mimeapps.list on Linux and the BSDs, a key of the person's classes on
// Windows. macOS takes them from a program's bundle alone. The zero value is the
// program that runs now.
type Links struct {
	// Executable is the absolute path of the program; empty means this one.
	Executable string
}

// errLinksElsewhere: the system has no such place for a program to write to.
var errLinksElsewhere = errors.New("not by the program")

// Registered reports whether relink:// addresses open a Relink that is there.
func (l Links) Registered() (bool, error) {
	if foreign() {
		return false, nil
	}
	executable, err := readLinks()
	if errors.Is(err, errAbsent) || errors.Is(err, errLinksElsewhere) {
		return false, nil
	}
	if err != nil {
		return false, fault(platform.KindStorage, platform.T("it cannot be read what opens relink:// links"), platform.T("look at %s", linksPlace()), err)
	}
	_, err = os.Stat(executable)
	return err == nil, nil
}

// Register has the links open this program; an entry that is right already is left alone.
func (l Links) Register() error {
	if foreign() {
		// As with starting at login: the system's entry is the person's own Relink's.
		return fault(platform.KindUsage, platform.T("relink:// links are not for a Relink with a home of its own"), platform.T("unset RELINK_HOME first"), nil)
	}
	path, err := Autostart(l).path()
	if err != nil {
		return fault(platform.KindStorage, platform.T("the path of Relink's program cannot be found"), platform.T("start Relink by its full path"), err)
	}
	if executable, err := readLinks(); err == nil && executable == path {
		return nil
	}
	err = writeLinks(path)
	if errors.Is(err, errLinksElsewhere) {
		return fault(platform.KindConfig, platform.T("here only an application bundle can open relink:// links"), platform.T("use the window, or: relink reconnect ACCOUNT"), err)
	}
	if err != nil {
		return fault(platform.KindStorage, platform.T("the entry that opens relink:// links cannot be written"), platform.T("check %s", linksPlace()), err)
	}
	return nil
}

// Unregister takes the entry away; none is no error, and another Relink's is none.
func (l Links) Unregister() error {
	if foreign() {
		return nil
	}
	if err := removeLinks(); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errLinksElsewhere) {
		return fault(platform.KindStorage, platform.T("the entry that opens relink:// links cannot be removed"), platform.T("remove %s", linksPlace()), err)
	}
	return nil
}

// Repair registers again where the entry names a program that is gone, and
// reports whether it did. Where the person never had one, there is none afterwards.
func (l Links) Repair() (bool, error) {
	if foreign() {
		return false, nil
	}
	executable, err := readLinks()
	if errors.Is(err, errAbsent) || errors.Is(err, errLinksElsewhere) || err == nil && executable == "" {
		return false, nil
	}
	if err != nil {
		return false, fault(platform.KindStorage, platform.T("it cannot be read what opens relink:// links"), platform.T("look at %s", linksPlace()), err)
	}
	if _, err := os.Stat(executable); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := l.Register(); err != nil {
		return false, err
	}
	return true, nil
}
