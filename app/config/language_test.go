package config

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"relink/assets"
	"relink/platform"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// sentences finds everything that is said in the person's language: the
// first words of T, the two forms of N, and the platforms' reasons.
func sentences(t *testing.T) (said, counted map[string]string) {
	t.Helper()
	said, counted = map[string]string{}, map[string]string{}
	files := token.NewFileSet()
	text := func(e ast.Expr, where string) string {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return ""
		}
		s, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		return s
	}
	for _, dir := range []string{"platform", "notifier", "app"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				// A label stands in a constant, and is said wherever it is used.
				if v, ok := n.(*ast.ValueSpec); ok && slices.Contains([]string{"notifier", "tray", "window"}, f.Name.Name) {
					for i, name := range v.Names {
						if strings.HasPrefix(name.Name, "label") && i < len(v.Values) {
							if s := text(v.Values[i], name.Name); strings.ContainsFunc(s, unicode.IsLetter) { // else a sign, or no text
								said[s] = files.Position(v.Pos()).String()
							}
						}
					}
				}
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				name := ""
				switch fun := call.Fun.(type) {
				case *ast.Ident:
					if f.Name.Name == "platform" {
						name = fun.Name
					}
				case *ast.SelectorExpr:
					if x, ok := fun.X.(*ast.Ident); ok && x.Name == "platform" {
						name = fun.Sel.Name
					}
				}
				where := files.Position(call.Pos()).String()
				switch {
				case name == "T":
					if s := text(call.Args[0], where); s != "" {
						said[s] = where
					} else if _, joined := call.Args[0].(*ast.BinaryExpr); joined {
						t.Errorf("%s: a sentence put together of parts cannot be translated", where)
					}
				case name == "N" && len(call.Args) >= 3:
					one, many := text(call.Args[1], where), text(call.Args[2], where)
					if one == "" || many == "" {
						t.Errorf("%s: both forms must stand there whole", where)
					}
					counted[many] = where
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range platform.All() {
		for code, s := range p.Reasons {
			said[s] = p.ID + " " + code
		}
	}
	return said, counted
}

// TestLanguages: every catalogue has every sentence, with the same blanks in it, and none that nobody says.
func TestLanguages(t *testing.T) {
	said, counted := sentences(t)
	if len(said) < 50 || len(counted) < 3 {
		t.Fatalf("found %d sentences and %d that count", len(said), len(counted))
	}
	// layouts are dates, whose blanks are none of fmt's.
	blanks := func(s string) []string {
		out := verb.FindAllString(s, -1)
		for i, v := range out {
			out[i] = "%" + v[len(v)-1:]
		}
		slices.Sort(out)
		return out
	}
	for _, tag := range assets.Languages() {
		var c platform.Catalogue
		if err := json.Unmarshal(assets.Language(tag), &c); err != nil || c.Tag != tag {
			t.Fatalf("%s: %q, %v", tag, c.Tag, err)
		}
		for s, where := range said {
			if c.Sentences[s] == "" {
				t.Errorf("%s lacks %q (%s)", tag, s, where)
			} else if !slices.Equal(blanks(s), blanks(c.Sentences[s])) {
				t.Errorf("%s: %q has other blanks than %q", tag, c.Sentences[s], s)
			}
		}
		for s := range c.Sentences {
			if said[s] == "" {
				t.Errorf("%s: nobody says %q any more", tag, s)
			}
		}
		for s, where := range counted {
			forms := c.Plurals[s]
			if len(forms) != map[bool]int{true: 1, false: 2}[tag == "ja"] {
				t.Errorf("%s: %q (%s) has %d forms", tag, s, where, len(forms))
			}
			for _, form := range forms {
				if !slices.Equal(blanks(s), blanks(form)) {
					t.Errorf("%s: %q has other blanks than %q", tag, form, s)
				}
			}
		}
		for s := range c.Plurals {
			if counted[s] == "" {
				t.Errorf("%s: nobody says %q any more", tag, s)
			}
		}
	}
}

func TestSetLanguage(t *testing.T) {
	defer platform.SetCatalogue(nil)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := platform.Status{State: platform.StateExpiring, Deadline: platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(72 * time.Hour)}}
	for tag, want := range map[string]string{"en": "3 days left", "de": "noch 3 Tage", "es": "quedan 3 días", "fr": "encore 3 jours", "ja": "残り3日", "xx": "3 days left"} {
		if err := SetLanguage(tag); err != nil {
			t.Fatal(err)
		}
		if got := s.Left(now); got != want {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
	}
	if err := SetLanguage("fr"); err != nil {
		t.Fatal(err)
	}
	if got := platform.N(0, "%d day", "%d days"); got != "0 jour" {
		t.Errorf("French counts nothing as one: got %q", got)
	}
}
