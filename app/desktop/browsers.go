package desktop

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Browser is a browser that is installed here.
type Browser struct {
	// Name as people know it; Command opens an address in it, as Opener takes it.
	Name, Command string
	// Profiles of it, by name; none where there is only one.
	Profiles []Profile
}

// Profile is a profile of a browser, with the command that opens an address in it.
type Profile struct{ Name, Command string }

// kindOf browser decides where profiles are listed and how one is named.
type kindOf int

const (
	chromium kindOf = iota
	firefox
	other
)

// known is a browser that may be installed: the programs it may be, by name in
// PATH or by full path, and the directories its profiles may be listed in.
type known struct {
	name     string
	kind     kindOf
	programs []string
	dirs     []string
}

// Browsers lists the browsers of this computer that Relink knows how to start,
// with their profiles. It reads files only and starts nothing.
func Browsers() []Browser {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return browsers(knownBrowsers(home), findProgram)
}

func browsers(list []known, find func(string) string) []Browser {
	var out []Browser
	seen := map[string]bool{}
	for _, k := range list {
		program := ""
		for _, p := range k.programs {
			if program = find(p); program != "" {
				break
			}
		}
		if program == "" || seen[program] {
			continue
		}
		word, ok := commandWord(program)
		if !ok {
			continue
		}
		seen[program] = true
		b := Browser{Name: k.name, Command: word}
		for _, dir := range k.dirs {
			if b.Profiles = profiles(k.kind, word, dir); len(b.Profiles) > 0 {
				break
			}
		}
		if len(b.Profiles) < 2 {
			b.Profiles = nil
		}
		out = append(out, b)
	}
	return out
}

func profiles(kind kindOf, program, dir string) []Profile {
	switch kind {
	case chromium:
		return chromiumProfiles(program, filepath.Join(dir, "Local State"))
	case firefox:
		return firefoxProfiles(program, filepath.Join(dir, "profiles.ini"))
	}
	return nil
}

// maxList is how much is read of a browser's list of profiles.
const maxList = 8 << 20

func readList(path string) []byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxList {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return raw
}

// chromiumProfiles reads the profiles of Chromium and what is made of it: they
// are in the object profile.info_cache of the file Local State, by their directory.
func chromiumProfiles(program, path string) []Profile {
	var state struct {
		Profile struct {
			Cache map[string]struct {
				Name string `json:"name"`
			} `json:"info_cache"`
		} `json:"profile"`
	}
	if json.Unmarshal(readList(path), &state) != nil {
		return nil
	}
	var out []Profile
	for dir, p := range state.Profile.Cache {
		if word, ok := commandWord("--profile-directory=" + dir); ok {
			out = append(out, Profile{Name: cmp.Or(strings.TrimSpace(p.Name), dir), Command: program + " " + word})
		}
	}
	slices.SortFunc(out, func(a, b Profile) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Command, b.Command)) })
	return out
}

// firefoxProfiles reads the profiles of Firefox: every section Profile… of
// profiles.ini names one.
func firefoxProfiles(program, path string) []Profile {
	var out []Profile
	in := false
	lines := bufio.NewScanner(bytes.NewReader(readList(path)))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			in = strings.HasPrefix(line, "[Profile")
			continue
		}
		name, is := strings.CutPrefix(line, "Name=")
		if !in || !is || name == "" {
			continue
		}
		if word, ok := commandWord(name); ok {
			out = append(out, Profile{Name: name, Command: program + " -P " + word})
		}
	}
	slices.SortFunc(out, func(a, b Profile) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// commandWord writes one word of a command as platform.SplitCommand reads it;
// ok is false for one that cannot be written.
func commandWord(s string) (word string, ok bool) {
	switch {
	case s == "" || strings.ContainsAny(s, "\r\n\x00") || strings.Contains(s, "%s"):
		return "", false
	case !strings.ContainsAny(s, " \t'\""):
		return s, true
	case !strings.Contains(s, `"`):
		return `"` + s + `"`, true
	case !strings.Contains(s, "'"):
		return "'" + s + "'", true
	}
	return "", false
}
