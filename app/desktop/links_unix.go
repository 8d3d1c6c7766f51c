//go:build unix && !darwin

package desktop

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A program opens a scheme by a desktop entry that names it as a MIME type, and
// by being the default of that type:
// https://specifications.freedesktop.org/mime-apps-spec/latest/

const (
	linksType = "x-scheme-handler/" + scheme
	// linksEntry is not relink.desktop, which is a package's: one in the person's
	// own directory would hide that.
	linksEntry    = "relink-link.desktop"
	defaultsGroup = "[Default Applications]"
)

func linksPlace() string {
	dir := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "~"
		}
		dir = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(dir, "applications", linksEntry)
}

// defaultsPlace is the person's mimeapps.list; where that is a link, what it leads to.
func defaultsPlace() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "mimeapps.list")
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	return path, nil
}

// readLinks gives the program that the entry names, if the entry is the default.
func readLinks() (string, error) {
	data, err := os.ReadFile(linksPlace())
	if errors.Is(err, fs.ErrNotExist) {
		return "", errAbsent
	}
	if err != nil {
		return "", err
	}
	defaults, err := readDefaults()
	if err != nil {
		return "", err
	}
	if list := openers(defaults); len(list) == 0 || list[0] != linksEntry {
		return "", errAbsent // another program's by the person's choice, or nobody's
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), executableKey+"="); ok {
			return unescapeString(value), nil
		}
	}
	return "", nil
}

func readDefaults() (string, error) {
	path, err := defaultsPlace()
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

func writeLinks(executable string) error {
	if err := replace(linksPlace(), []byte(linkEntry(executable))); err != nil {
		return err
	}
	return writeDefaults(true)
}

func removeLinks() error {
	return errors.Join(writeDefaults(false), os.Remove(linksPlace()))
}

func writeDefaults(on bool) error {
	old, err := readDefaults()
	if err != nil {
		return err
	}
	data := withOpener(old, on)
	if data == old {
		return nil
	}
	path, err := defaultsPlace()
	if err != nil {
		return err
	}
	return replace(path, []byte(data))
}

func linkEntry(executable string) string {
	return `[Desktop Entry]
Type=Application
Name=Relink
Comment=Opens links to Relink's accounts
Exec=` + escapeString(plainExec(executable)) + ` open %u
Icon=relink
Terminal=false
NoDisplay=true
StartupNotify=true
MimeType=` + linksType + `;
` + executableKey + "=" + escapeString(executable) + "\n"
}

// plainExec quotes only what needs it: where no desktop runs, xdg-open (1.1.3)
// takes Exec apart at its spaces and knows of no quotes. A path with a space in
// it is started by the desktops alone.
func plainExec(executable string) string {
	if strings.IndexFunc(executable, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@,:", r))
	}) < 0 {
		return executable
	}
	return quoteExec(executable)
}

// openers are the entries that mimeapps.list names for the scheme, best first.
func openers(data string) []string {
	var list []string
	inGroup := false
	for line := range strings.Lines(data) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inGroup = line == defaultsGroup
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !inGroup || !ok || strings.TrimSpace(key) != linksType {
			continue
		}
		for name := range strings.SplitSeq(value, ";") {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			}
		}
	}
	return list
}

// withOpener gives mimeapps.list with our entry before all others, or without
// it. What is not about the scheme stays as it is, to the byte.
func withOpener(data string, on bool) string {
	list := slices.DeleteFunc(openers(data), func(name string) bool { return name == linksEntry })
	if on {
		list = slices.Insert(list, 0, linksEntry)
	}
	ours := ""
	if len(list) > 0 {
		ours = linksType + "=" + strings.Join(list, ";") + ";\n"
	}
	var b strings.Builder
	inGroup, placed := false, ours == ""
	for line := range strings.Lines(data) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			inGroup = trimmed == defaultsGroup
			b.WriteString(line)
			if inGroup && !placed {
				if !strings.HasSuffix(line, "\n") {
					b.WriteByte('\n')
				}
				b.WriteString(ours)
				placed = true
			}
			continue
		}
		key, _, ok := strings.Cut(trimmed, "=")
		if inGroup && ok && strings.TrimSpace(key) == linksType {
			continue
		}
		b.WriteString(line)
	}
	if placed {
		return b.String()
	}
	if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		b.WriteByte('\n')
	}
	return b.String() + defaultsGroup + "\n" + ours
}
