package desktop

import (
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// A scheme is a class of the person's own with the value "URL Protocol":
// https://learn.microsoft.com/windows/win32/shell/default-programs
const (
	linksKey    = `Software\Classes\` + scheme
	commandKey  = linksKey + `\shell\open\command`
	urlProtocol = "URL Protocol"
)

func linksPlace() string { return `HKEY_CURRENT_USER\` + linksKey }

func readLinks() (string, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, commandKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return "", errAbsent
	}
	if err != nil {
		return "", err
	}
	defer k.Close()
	command, _, err := k.GetStringValue("")
	if errors.Is(err, registry.ErrNotExist) {
		return "", errAbsent
	}
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(command, `"`)
	path, _, _ := strings.Cut(rest, `"`)
	return path, nil
}

func writeLinks(executable string) error {
	k, _, err := registry.CreateKey(registry.CURRENT_USER, linksKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer k.Close()
	command, _, err := registry.CreateKey(registry.CURRENT_USER, commandKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer command.Close()
	// Windows puts the address in as it is. Should there be a quote in it, what
	// follows is still no option of ours behind "--", but one argument too many.
	return errors.Join(
		k.SetStringValue("", "URL:Relink"),
		k.SetStringValue(urlProtocol, ""),
		command.SetStringValue("", `"`+executable+`" open -- "%1"`),
	)
}

func removeLinks() error {
	// A key goes when it has no keys below it.
	for _, path := range []string{commandKey, linksKey + `\shell\open`, linksKey + `\shell`, linksKey} {
		if err := registry.DeleteKey(registry.CURRENT_USER, path); errors.Is(err, registry.ErrNotExist) && path == linksKey {
			return fs.ErrNotExist
		} else if err != nil && !errors.Is(err, registry.ErrNotExist) {
			return err
		}
	}
	return nil
}
