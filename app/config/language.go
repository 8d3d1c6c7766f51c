package config

import (
	"encoding/json"
	"fmt"

	"relink/assets"
	"relink/platform"
)

// SetLanguage makes the process speak a language: "en", or one of
// assets.Languages. Any other is said in English.
func SetLanguage(tag string) error {
	raw := assets.Language(tag)
	if raw == nil {
		platform.SetCatalogue(nil)
		return nil
	}
	var c platform.Catalogue
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("read the language %s: %w", tag, err)
	}
	platform.SetCatalogue(&c)
	return nil
}
