//go:build unix && !darwin

package desktop

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The entry follows the Desktop Application Autostart Specification:
// https://specifications.freedesktop.org/autostart-spec/latest/

// executableKey is our own: the path as it is, without Exec's quoting.
const executableKey = "X-Relink-Executable"

func place() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "~/.config/autostart/relink.desktop"
	}
	return filepath.Join(dir, "autostart", "relink.desktop")
}

func read() (entry, error) {
	data, err := os.ReadFile(place())
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, errAbsent
	}
	if err != nil {
		return entry{}, err
	}
	var e entry
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch strings.TrimSpace(key) {
		case executableKey:
			e.executable = unescapeString(strings.TrimSpace(value))
		case "Hidden":
			e.off = e.off || strings.TrimSpace(value) == "true"
		case "X-GNOME-Autostart-enabled":
			e.off = e.off || strings.TrimSpace(value) == "false"
		}
	}
	return e, nil
}

func write(executable string) error {
	return replace(place(), []byte(desktopEntry(executable)))
}

func remove() error { return os.Remove(place()) }

func desktopEntry(executable string) string {
	return `[Desktop Entry]
Type=Application
Name=Relink
Comment=Keeps social accounts connected
Exec=` + escapeString(quoteExec(executable)) + ` agent
Icon=relink
Terminal=false
StartupNotify=false
X-GNOME-Autostart-enabled=true
` + executableKey + "=" + escapeString(executable) + "\n"
}

// quoteExec quotes an argument of Exec: double quotes around it, a backslash
// before what is special within them, and % doubled.
func quoteExec(arg string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(arg) + `"`
}

// escapeString escapes a value of type string, which comes on top of Exec's own quoting.
func escapeString(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(s)
}

func unescapeString(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(s)
}
