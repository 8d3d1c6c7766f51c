package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"relink/assets"
	"relink/platform"
)

// TestReadCatalogue: a catalogue reads as encoding/json reads it, and by the
// short way where it is one of ours.
func TestReadCatalogue(t *testing.T) {
	for _, tag := range assets.Languages() {
		var want platform.Catalogue
		if err := json.Unmarshal([]byte(assets.Language(tag)), &want); err != nil {
			t.Fatal(err)
		}
		r := fileReader{text: assets.Language(tag)}
		if got := r.catalogue(); got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s is read otherwise", tag)
		}
	}
	// What no catalogue of ours looks like is read all the same, or refused.
	for text, want := range map[string]platform.Catalogue{
		`{"tag":"xx","sentences":{"a \"b\" \\":"c\u00e9\n"},"plurals":{"%d a":["1","\\\""]}}`: {Tag: "xx", Sentences: map[string]string{`a "b" \`: "cé\n"}, Plurals: map[string][]string{"%d a": {"1", `\"`}}},
		`{"tag":"xx","note":{"by":1},"sentences":null}`:                                       {Tag: "xx"},
	} {
		if got, err := readCatalogue(text); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "{", `{"tag":"x`, `{"tag":"x"} more`, `{"tag":"x","sentences":{"a"}}`, `{"tag":1}`, `{"tag":"a\`, `["tag"]`} {
		if c, err := readCatalogue(text); err == nil {
			t.Errorf("%s: got %+v", text, c)
		}
	}
}

// FuzzCatalogue: what the short way takes, encoding/json takes for the same.
func FuzzCatalogue(f *testing.F) {
	for _, s := range []string{`{"tag":"xx","sentences":{"a":"b"},"plurals":{"c":["d","e"]}}`, `{"tag":"a\\","sentences":{}}`, `{"tag":"x",}`, "{\"tag\":\"\xff\"}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := fileReader{text: text}
		got := r.catalogue()
		if got == nil || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return // json makes something of the first and refuses the second; no catalogue has them
		}
		var want platform.Catalogue
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("json refuses it: %v", err)
		}
		if len(want.Sentences) != len(got.Sentences) || len(want.Plurals) != len(got.Plurals) || want.Tag != got.Tag {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func BenchmarkCatalogue(b *testing.B) {
	raw := assets.Language("de")
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := readCatalogue(raw); err != nil {
			b.Fatal(err)
		}
	}
}
