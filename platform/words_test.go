package platform

import "testing"

func TestCapital(t *testing.T) {
	for noun, want := range map[string]string{"": "", "bot token": "Bot token", "écriture": "Écriture", "投稿": "投稿"} {
		if got := Capital(noun); got != want {
			t.Errorf("%q: got %q, want %q", noun, got, want)
		}
	}
}

// What stands in brackets behind a platform's name is said in the person's
// language, and a reason of the platform's own is found by either name.
func TestTitleOfAPlatform(t *testing.T) {
	t.Cleanup(func() { SetCatalogue(nil) })
	SetCatalogue(&Catalogue{Tag: "de", Sentences: map[string]string{"Instagram (through Facebook)": "Instagram (über Facebook)", "Facebook": "Gesichtsbuch"}})
	a := Account{Platform: "instagram-facebook", Name: "Acme"}
	if got := a.Title(); got != "Instagram (über Facebook) · Acme" {
		t.Errorf("the account is called %q", got)
	}
	p, err := Lookup(a.Platform)
	if err != nil {
		t.Fatal(err)
	}
	for code := range p.Reasons {
		f := Fault{Code: code}
		if f.why(p.Title()) != f.why(p.Name) {
			t.Errorf("%s is %q by its title and %q by its name", code, f.why(p.Title()), f.why(p.Name))
		}
	}
	if p, err = Lookup("facebook"); err != nil || p.Title() != "Facebook" {
		t.Errorf("a name is translated: %v", err)
	}
}
