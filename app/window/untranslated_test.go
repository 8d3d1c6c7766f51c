package window

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// untold are the words that stay as they are in every language: names, formats
// and what only who writes the program reads.
var untold = []string{
	"https://", "Relink", "Relink ", "CSV", "JSON", "relink-accounts-", "relink-", "relink-history", "SHA-256", "Mon",
	"English", "Deutsch", "Español", "Français", // what languages call themselves
	"the window is older than the agent",
	"open window: neither a service nor a way to dial one was given",
}

// sinks are the functions and methods whose strings people read.
var sinks = []string{
	"NewLabel", "NewLabelWithStyle", "NewButton", "NewButtonWithIcon", "NewCheck", "NewHyperlink", "NewMenuItem", "NewTabItem", "NewTabItemWithIcon",
	"SetText", "SetPlaceHolder", "SetTitle", "NewWindow", "NewSelect", "NewRadioGroup", "NewText",
	"wrapped", "caption", "heading", "heading2", "emptyNote", "fact", "path", "setting", "field", "newTag", "newModal", "newIconButton", "primary",
	"say", "show", "act", "long", "confirm", "set", "setEither", "banner", "bannerIn",
}

var (
	twoWords  = regexp.MustCompile(`\pL{2,} \pL`)
	sentence1 = regexp.MustCompile(`^\p{Lu}\p{Ll}{2,}`)
	letters2  = regexp.MustCompile(`\pL{2,}`)
)

// untranslated finds what a file would show in English whatever the language:
// a string with words that T or N does not say, and a word's constant that is
// shown as it stands.
func untranslated(f *ast.File) map[token.Pos]string {
	out := map[token.Pos]string{}
	var stack []ast.Node
	above := func(n int) ast.Node {
		if len(stack) < n+1 {
			return nil
		}
		return stack[len(stack)-1-n]
	}
	name := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && x.Name == "platform" {
				return "platform." + e.Sel.Name
			}
			return e.Sel.Name
		}
		return ""
	}
	said := func() bool {
		for i := 1; i < len(stack); i++ {
			switch p := above(i).(type) {
			case *ast.CallExpr:
				if n := name(p.Fun); n == "platform.T" || n == "platform.N" {
					return true
				}
			case *ast.FuncLit, *ast.BlockStmt:
				return false
			}
		}
		return false
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.CommentGroup:
			stack = stack[:len(stack)-1]
			return false
		case *ast.Field: // its tag is for machines
			if n.Tag != nil {
				n.Tag = nil
			}
		case *ast.Ident:
			if !regexp.MustCompile(`^word[A-Z]`).MatchString(n.Name) || said() {
				return true
			}
			switch p := above(1).(type) {
			case *ast.ValueSpec, *ast.CaseClause:
				return true // it is defined, or compared
			case *ast.BinaryExpr:
				if p.Op == token.EQL || p.Op == token.NEQ {
					return true
				}
			case *ast.KeyValueExpr:
				if k, ok := p.Key.(*ast.Ident); ok && (k.Name == "word" || k.Name == "sign") {
					return true // a command, which is said where it is shown
				}
			case *ast.CompositeLit:
				return true // a list of words, said where one is taken out
			case *ast.CallExpr:
				if n := name(p.Fun); n == "item" || n == "page" || n == "confirmSetting" {
					return true // finds a command or a page by its word
				}
			}
			out[n.Pos()] = n.Name
		case *ast.BasicLit:
			s, err := strconv.Unquote(n.Value)
			if n.Kind != token.STRING || err != nil || said() || slices.Contains(untold, s) || strings.HasPrefix(s, "<svg") {
				return true
			}
			if v, ok := above(1).(*ast.ValueSpec); ok && regexp.MustCompile(`^word[A-Z]`).MatchString(v.Names[0].Name) {
				return true
			}
			if kv, ok := above(1).(*ast.KeyValueExpr); ok && kv.Key == ast.Expr(n) {
				return true // a key is looked up
			}
			bad := twoWords.MatchString(s) || sentence1.MatchString(s)
			if c, ok := above(1).(*ast.CallExpr); ok && slices.Contains(sinks, strings.TrimPrefix(name(c.Fun), "platform.")) {
				bad = bad || letters2.MatchString(s)
			}
			if b, ok := above(1).(*ast.BinaryExpr); ok && b.Op == token.ADD {
				bad = bad || letters2.MatchString(s)
			}
			if _, ok := above(1).(*ast.ReturnStmt); ok {
				bad = bad || letters2.MatchString(s)
			}
			if bad {
				out[n.Pos()] = s
			}
		}
		return true
	})
	return out
}

// TestUntranslated: nothing in this package is shown in English whatever the language.
func TestUntranslated(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, e := range files {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for pos, s := range untranslated(f) {
			t.Errorf("%s: %q is the same in every language; say it by platform.T or platform.N", set.Position(pos), s)
		}
	}
}

// The test can fail: it finds what it is for, and lets go what is none.
func TestUntranslatedIsFound(t *testing.T) {
	for code, want := range map[string]bool{
		`widget.NewLabel("Hello")`:                          true,
		`widget.NewLabel("hello")`:                          true,
		`b.SetText(n + " left")`:                            true,
		`caption("it is " + platform.T("over"))`:            true,
		`return "no account matches"`:                       true,
		`newTag(wordAll)`:                                   true,
		`x := platform.T("All") + ": " + wordAll`:           true,
		`widget.NewLabel(platform.T("Hello"))`:              false,
		`caption(platform.N(n, "%d day", "%d days"))`:       false,
		`caption(platform.T(wordAll))`:                      false,
		`if c.word == wordAll { return }`:                   false,
		`b.SetText(a + " · " + b)`:                          false,
		`s := strings.HasPrefix(x, "account:")`:             false,
		`m := map[string]string{"Cut": platform.T("Cut")}`:  false,
		`m := map[string]string{"Cut": "Cut it"}`:           true,
		`use(platform.T("a"), func() { show("not said") })`: true,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", fmt.Sprintf("package window\nfunc x() string {\n%s\nreturn \"\"\n}", code), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(untranslated(f)) > 0; got != want {
			t.Errorf("%s: found %v, want %v", code, got, want)
		}
	}
}
