package desktop

import (
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows/registry"
)

const (
	runKey   = `Software\Microsoft\Windows\CurrentVersion\Run`
	runValue = "Relink"
	// approvedKey is where Task Manager and Settings keep what the person
	// switched off: a first byte that is odd means off.
	approvedKey = `Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run`
)

func place() string { return `HKEY_CURRENT_USER\` + runKey + `\` + runValue }

func read() (entry, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return entry{}, errAbsent
	}
	if err != nil {
		return entry{}, err
	}
	defer k.Close()
	command, _, err := k.GetStringValue(runValue)
	if errors.Is(err, registry.ErrNotExist) {
		return entry{}, errAbsent
	}
	if err != nil {
		return entry{}, err
	}
	// A path cannot hold a quote, so that none has to be escaped.
	_, rest, _ := strings.Cut(command, `"`)
	path, _, _ := strings.Cut(rest, `"`)
	return entry{executable: path, off: switchedOff()}, nil
}

func switchedOff() bool {
	k, err := registry.OpenKey(registry.CURRENT_USER, approvedKey, registry.QUERY_VALUE)
	if err != nil {
		return false
	}
	defer k.Close()
	flags, _, err := k.GetBinaryValue(runValue)
	return err == nil && len(flags) > 0 && flags[0]&1 == 1
}

func write(executable string) error {
	k, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer k.Close()
	if err := k.SetStringValue(runValue, `"`+executable+`" agent`); err != nil {
		return err
	}
	return approve()
}

// approve takes back a switch-off: the person asked for the entry just now.
func approve() error {
	k, err := registry.OpenKey(registry.CURRENT_USER, approvedKey, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer k.Close()
	if err := k.DeleteValue(runValue); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	return nil
}

func remove() error {
	k, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err == nil {
		defer k.Close()
		err = k.DeleteValue(runValue)
	}
	if errors.Is(err, registry.ErrNotExist) {
		return fs.ErrNotExist
	}
	return err
}
