package notifier

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

// Notes read well in every catalogue: everything is filled in, and nothing is
// left of the English names of days and months.
func TestNotesInEveryLanguage(t *testing.T) {
	files, err := filepath.Glob("../assets/lang/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogues: %v", err)
	}
	defer platform.SetCatalogue(nil)
	start := time.Date(2026, 11, 25, 14, 10, 0, 0, time.UTC)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c platform.Catalogue
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		platform.SetCatalogue(&c)
		var notes []Note
		for _, source := range []platform.Source{platform.SourceProvider, platform.SourceAssumed, platform.SourceRule} {
			for _, works := range [][]platform.Capability{nil, {platform.Publish}, {platform.Publish, platform.Previews}} {
				s := Subject{
					Account: platform.Account{ID: "a", Platform: "linkedin", Alias: "acme", Name: "Acme"}, Depends: 2, First: start.Add(10 * day),
					Status: platform.Status{State: platform.StateExpiring, Life: 60 * day, Deadline: platform.Clock{Kind: platform.ClockAccess, At: start.Add(8 * day), Source: source}},
				}
				for _, w := range works {
					s.Status.Capabilities = append(s.Status.Capabilities, platform.CapabilityStatus{Capability: w, Works: true})
				}
				r := Rules{Hour: 9, Location: time.UTC}
				for _, step := range Rehearse(s, start, r) {
					notes = append(notes, step.Note)
				}
				r.Away = Away{From: dateOf(start.Add(5 * day)), To: dateOf(start.Add(12 * day))}
				notes = append(notes, part{&s, verdict{away: true}}.note(start, &r), Connected(s.Account, s.Status, start, time.UTC), Waiting(s.Account, s.Status, ""))
			}
		}
		notes = append(notes, summary(notes))
		for _, n := range notes {
			text := n.Title + "\n" + n.Body
			for _, b := range n.Buttons {
				text += "\n[" + b.Label + "]"
			}
			for _, wrong := range []string{"%", "..", "Dec", "November", "Wed", "Thu", " ends", "stop on", "reconnect ", "Reconnect now"} {
				if strings.Contains(text, wrong) {
					t.Errorf("%s: got %q in\n%s", c.Tag, wrong, text)
				}
			}
		}
	}
}
