package desktop

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"relink/platform"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBrowsersWithTheirProfiles(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "ff/profiles.ini"), "[Install4F96]\nDefault=x\nName=not a profile\n\n[Profile1]\nName=Client A\nPath=aaa\n[Profile0]\r\nName=default\r\n")
	put(t, filepath.Join(dir, "cr/Local State"), `{"browser":{},"profile":{"info_cache":{"Profile 1":{"name":"Work"},"Default":{"name":"Me"}}}}`)
	put(t, filepath.Join(dir, "one/Local State"), `{"profile":{"info_cache":{"Default":{"name":"Me"}}}}`)
	put(t, filepath.Join(dir, "broken/Local State"), `{"profile":`)
	list := []known{
		{"Firefox", firefox, []string{"absent", "firefox"}, []string{filepath.Join(dir, "nowhere"), filepath.Join(dir, "ff")}},
		{"Chromium", chromium, []string{`C:\Program Files\c.exe`}, []string{filepath.Join(dir, "cr")}},
		{"One", chromium, []string{"one"}, []string{filepath.Join(dir, "one")}},
		{"Broken", chromium, []string{"broken"}, []string{filepath.Join(dir, "broken")}},
		{"Away", other, []string{"absent"}, nil},
		{"Twice", other, []string{"one"}, nil},
	}
	got := browsers(list, func(name string) string {
		if name == "absent" {
			return ""
		}
		return name
	})
	want := []Browser{
		{"Firefox", "firefox", []Profile{{"Client A", `firefox -P "Client A"`}, {"default", "firefox -P default"}}},
		{"Chromium", `"C:\Program Files\c.exe"`, []Profile{
			{"Me", `"C:\Program Files\c.exe" --profile-directory=Default`}, {"Work", `"C:\Program Files\c.exe" "--profile-directory=Profile 1"`},
		}},
		{"One", "one", nil}, {"Broken", "broken", nil},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// What is offered starts what is meant.
	words, err := platform.SplitCommand(got[1].Profiles[1].Command)
	if err != nil || !reflect.DeepEqual(words, []string{`C:\Program Files\c.exe`, "--profile-directory=Profile 1"}) {
		t.Errorf("got %q, %v", words, err)
	}
}

func TestCommandWord(t *testing.T) {
	for _, s := range []string{"a", "a b", `it's "it"`, `say "it"`, "it's", "", "a\nb", "%s"} {
		word, ok := commandWord(s)
		words, err := platform.SplitCommand("x " + word)
		if ok && (err != nil || len(words) != 2 || words[1] != s) {
			t.Errorf("%q is written %q and read %q, %v", s, word, words, err)
		}
		if want := s != "" && s != "a\nb" && s != "%s" && s != `it's "it"`; ok != want {
			t.Errorf("%q: got %v, want %v", s, ok, want)
		}
	}
}
