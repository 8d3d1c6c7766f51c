package life

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"relink/platform"
)

const (
	readme     = "../../README.md"
	tableBegin = "<!-- platforms: written by make readme -->\n"
	tableEnd   = "<!-- /platforms -->\n"
)

// table is the README's table of platforms.
func table() string {
	var b strings.Builder
	b.WriteString("| platform | connected by | a token lasts | your own app |\n|---|---|---|---|\n")
	for _, p := range platform.All() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", p.Name, by(p), p.Lifetime, app(p))
	}
	return b.String()
}

func by(p *platform.Platform) string {
	var ways []string
	switch p.Redirect {
	case platform.RedirectHTTPS:
		ways = append(ways, "browser (https, or pasting)")
	case platform.RedirectAnyPort, platform.RedirectFixed:
		ways = append(ways, "browser")
	}
	if p.Device != nil {
		ways = append(ways, "code on another device")
	}
	if p.Credential != nil {
		ways = append(ways, p.Credential.Name)
	}
	word := strings.Join(ways, ", or ")
	if p.Legacy {
		word += "; existing ones only"
	}
	return word
}

func app(p *platform.Platform) string {
	r := p.Registration
	switch {
	case r.Self:
		return "no, Relink registers itself"
	case r.None:
		return "no"
	case p.Site == platform.SiteIssuer:
		return "a client id"
	case p.Credential != nil:
		return "for the browser"
	}
	return "yes"
}

// TestREADME: the table is what the platforms say of themselves. RELINK_UPDATE writes it.
func TestREADME(t *testing.T) {
	raw, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("README.md lacks the lines %q and %q", tableBegin, tableEnd)
	}
	want := before + tableBegin + table() + tableEnd + after
	if want == string(raw) {
		return
	}
	if os.Getenv("RELINK_UPDATE") == "" {
		t.Fatal("the table of platforms in README.md is stale; write it with: make readme")
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
