package config

import (
	"fmt"
	"os"
	"strings"

	"relink/assets"
	"relink/platform"
)

// Auto is the language setting that follows the person's locale; so does an empty one.
const Auto = "auto"

// Languages are the values of the language setting beside [Auto].
func Languages() []string { return append([]string{"en"}, assets.Languages()...) }

// Resolve gives the tag of the language that a setting means: itself, or for
// [Auto] the first of the person's languages that there is a catalogue for, English where there is none.
//
// The person's languages are as POSIX and gettext have them: the locale is the
// first of LC_ALL, LC_MESSAGES and LANG that is set, and LANGUAGE, a list that
// colons part, goes before it unless the locale is C or POSIX, which are English.
// Where none is set, system gives them, most wanted first; it may be nil.
func Resolve(setting string, env func(string) string, system func() []string) string {
	if setting != "" && setting != Auto {
		if spoken(setting) {
			return setting
		}
		return "en"
	}
	var wanted []string
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := env(name); locale != "" {
			if plain, _, _ := strings.Cut(locale, "."); plain == "C" || plain == "POSIX" {
				return "en"
			}
			wanted = append(strings.Split(env("LANGUAGE"), ":"), locale)
			break
		}
	}
	if wanted == nil && system != nil {
		wanted = system()
	}
	for _, w := range wanted {
		if tag := primary(w); spoken(tag) {
			return tag
		}
	}
	return "en"
}

// primary is the language of a locale's name: "de" of de_AT.UTF-8@euro and de-AT.
func primary(locale string) string {
	if i := strings.IndexAny(locale, "_-.@"); i >= 0 {
		locale = locale[:i]
	}
	return strings.ToLower(strings.TrimSpace(locale))
}

func spoken(tag string) bool {
	for _, t := range Languages() {
		if t == tag {
			return true
		}
	}
	return false
}

// SetLanguage makes the process speak the language that a setting means, as
// [Resolve] finds it in this process's environment, or else in the system's own
// settings: the display languages on Windows, AppleLanguages on macOS.
// For English it reads nothing.
func SetLanguage(setting string) error {
	tag := Resolve(setting, os.Getenv, systemLanguages)
	if tag == platform.Language() {
		return nil
	}
	text := assets.Language(tag)
	if text == "" {
		platform.SetCatalogue(nil)
		return nil
	}
	c, err := readCatalogue(text)
	if err != nil {
		return fmt.Errorf("%s: %w", tag, err)
	}
	platform.SetCatalogue(c)
	return nil
}

// LanguageOf is the language setting in a settings file; [Auto] where it says
// none or cannot be read. It reads only as far as it must: every command asks.
func LanguageOf(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Auto
	}
	text := string(raw)
	if at, there := find(text, "language"); there {
		if tag := strings.Trim(text[at.value:at.end], `"'`); spoken(tag) {
			return tag
		}
	}
	return Auto
}
