package platform

import "testing"

// Every permission that may be asked for is said in words.
func TestEveryScopeHasWords(t *testing.T) {
	for _, p := range All() {
		var all []Capability
		for _, n := range p.Needs {
			all = append(all, n.Capability)
		}
		for _, s := range p.Ask(all) {
			if ScopeWord(s) == "" {
				t.Errorf("%s: %s has no words", p.ID, s)
			}
		}
	}
	if got := ScopeText("pages_manage_posts"); got != "publish on your pages (pages_manage_posts)" {
		t.Errorf("got %q", got)
	}
	if got := ScopeText("made_up"); got != "made_up" {
		t.Errorf("a name that is not in the table: got %q", got)
	}
}
