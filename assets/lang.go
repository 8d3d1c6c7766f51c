package assets

import _ "embed"

// As strings they stay where they are in the program, which every command reads one of.
var (
	//go:embed lang/de.json
	german string
	//go:embed lang/es.json
	spanish string
	//go:embed lang/fr.json
	french string
	//go:embed lang/ja.json
	japanese string
)

// Languages are those there is a catalogue for, beside English.
func Languages() []string { return []string{"de", "es", "fr", "ja"} }

// Language gives the catalogue of a language as JSON (platform.Catalogue); empty when there is none.
func Language(tag string) string {
	switch tag {
	case "de":
		return german
	case "es":
		return spanish
	case "fr":
		return french
	case "ja":
		return japanese
	}
	return ""
}
