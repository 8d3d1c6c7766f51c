package assets

import "embed"

//go:embed lang/*.json
var lang embed.FS

// Languages are those there is a catalogue for, beside English.
func Languages() []string { return []string{"de", "es", "fr", "ja"} }

// Language gives the catalogue of a language as JSON (platform.Catalogue); nil when there is none.
func Language(tag string) []byte {
	b, err := lang.ReadFile("lang/" + tag + ".json")
	if err != nil {
		return nil
	}
	return b
}
