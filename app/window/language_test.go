package window

import (
	"encoding/json"
	"testing"

	"relink/assets"
	"relink/platform"
)

// speak makes the test's process speak a language, until the test ends.
func speak(t testing.TB, tag string) {
	t.Helper()
	t.Cleanup(func() { platform.SetCatalogue(nil) })
	if tag == "en" {
		platform.SetCatalogue(nil)
		return
	}
	var c platform.Catalogue
	if err := json.Unmarshal(assets.Language(tag), &c); err != nil || c.Tag != tag {
		t.Fatalf("language %q: %q, %v", tag, c.Tag, err)
	}
	platform.SetCatalogue(&c)
}
