package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"

	"relink/app/agent"
	"relink/app/atomicfile"
	"relink/platform"
)

// File is a settings file by its path; it implements [agent.SettingsStore].
type File string

var _ agent.SettingsStore = File("")

// Load implements [agent.SettingsStore].
func (f File) Load() (agent.Settings, string, error) { return Load(string(f)) }

// Save implements [agent.SettingsStore].
func (f File) Save(s agent.Settings) error { return Save(string(f), s) }

// good is the copy of the last settings that could be read, broken the copy of
// those that could not and were replaced.
func good(path string) string   { return path + ".good" }
func broken(path string) string { return path + ".broken" }

// Load reads the settings; where there is no file, the defaults. A file that
// is broken leaves the last good settings in force, or the defaults, with a
// warning that names the line. The error is *[platform.Error]: the file is
// there and cannot be read.
func Load(path string) (s agent.Settings, warning string, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Defaults(), "", nil
	}
	if err != nil {
		return Defaults(), "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("cannot read %s: %s", path, reason(err)), Repair: platform.T("make it readable for you"), Err: err}
	}
	s, bad := parse(string(raw))
	if bad == nil {
		if old, err := os.ReadFile(good(path)); err != nil || string(old) != string(raw) {
			if err := atomicfile.Write(good(path), raw, 0o600); err != nil {
				warning = platform.T("The settings are in force, but no copy of them could be kept: %s.", reason(err))
			}
		}
		return s, warning, nil
	}
	warning = platform.T("%s, %v; the defaults are in force until you mend the line or delete the file.", path, bad)
	s = Defaults()
	if raw, err := os.ReadFile(good(path)); err == nil {
		if last, still := parse(string(raw)); still == nil {
			s, warning = last, platform.T("%s, %v; the last good settings are in force until you mend the line or delete the file.", path, bad)
		}
	}
	return s, warning, nil
}

// Save writes the settings, whole or not at all. What the file holds beside
// them stays: comments, order, keys of other versions. A file that is broken is
// kept as config.toml.broken, and the last good one carries on.
func Save(path string, s agent.Settings) error {
	s, err := Check(s)
	if err != nil {
		return err
	}
	fail := func(err error) error {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("cannot write %s: %s", path, reason(err)), Repair: platform.T("make it writable for you, with space on the disk, and try again; nothing was changed"), Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fail(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(err)
	}
	if _, bad := parse(string(raw)); bad != nil {
		if err := atomicfile.Write(broken(path), raw, 0o600); err != nil {
			return fail(err)
		}
		raw, err = os.ReadFile(good(path))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fail(err)
		}
	}
	text := edit(string(raw), s)
	// What was written must read back as what was meant, however the file was laid out.
	if back, bad := parse(text); bad != nil || !same(back, s) {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("cannot change %s without disturbing what else it holds", path), Repair: platform.T("change the setting in the file itself")}
	}
	if err := atomicfile.Write(path, []byte(text), 0o600); err != nil {
		return fail(err)
	}
	if err := atomicfile.Write(good(path), []byte(text), 0o600); err != nil {
		return fail(err)
	}
	return nil
}

// same compares what the file holds of two settings.
func same(a, b agent.Settings) bool {
	return reflect.DeepEqual(listed(a), listed(b)) && reflect.DeepEqual(tables(a), tables(b))
}
