package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// translated are the packages whose words for people are all in the catalogue.
var translated = []string{
	"platform",
	"platform/connect",
	"platform/refresh",
	"notifier",
	"app",
	"app/agent",
	"app/cli",
	"app/config",
	"app/desktop",
	"app/keeper",
	"app/link",
	"app/tray",
	"app/vault",
}

// people read these: fields of errors, findings, events, notes and flows, and
// parameters and variables of these names, which end there.
var (
	readFields = []string{"Message", "Repair", "Text", "Title", "Body", "Label", "Warning"}
	readNames  = []string{"message", "repair", "doing", "warning"}
)

// english are what is right in English, and why.
var english = map[string]string{
	" took a token": "as it is stored; History says it anew",
}

// outside finds the string literals with a letter that an expression says
// without T or N. A command line stays as it is.
func outside(e ast.Expr) (found []string) {
	first := e
	for b, ok := first.(*ast.BinaryExpr); ok; b, ok = first.(*ast.BinaryExpr) {
		first = b.X
	}
	if lit, ok := first.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, `"relink `) {
		return nil
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := strings.TrimPrefix(called(n), ".")
			return name != "T" && name != "N"
		case *ast.FuncLit:
			return false // its own statements are looked at
		case *ast.IndexExpr: // a key
			return false
		case *ast.BinaryExpr:
			return n.Op == token.ADD // what is compared is not said
		case *ast.BasicLit:
			s, err := strconv.Unquote(n.Value)
			if n.Kind == token.STRING && err == nil && english[s] == "" && strings.ContainsFunc(blanked(s), unicode.IsLetter) {
				found = append(found, s)
			}
		}
		return true
	})
	return found
}

// blanked is a text without fmt's blanks.
func blanked(s string) string { return verb.ReplaceAllString(s, "") }

// called is the name of what is called; a method, or another package's function, has a dot before it.
func called(c *ast.CallExpr) string {
	switch fun := c.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return "." + fun.Sel.Name
	}
	return ""
}

// untranslated lists, with their places, what a package's files say to people past the catalogue.
func untranslated(t *testing.T, files *token.FileSet, sources []*ast.File) (out []string) {
	t.Helper()
	check := func(e ast.Expr) {
		for _, s := range outside(e) {
			out = append(out, files.Position(e.Pos()).String()+": "+strconv.Quote(s))
		}
	}
	// The parameters that people read, by function: which of its arguments.
	read := map[string][]int{}
	note := func(name string, f *ast.FuncType) {
		at := 0
		for _, field := range f.Params.List {
			for _, p := range field.Names {
				if id, ok := field.Type.(*ast.Ident); ok && id.Name == "string" && slices.Contains(readNames, p.Name) {
					read[name] = append(read[name], at)
				}
				at++
			}
		}
	}
	for _, f := range sources {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				name := n.Name.Name
				if n.Recv != nil {
					name = "." + name
				}
				note(name, n.Type)
			case *ast.AssignStmt:
				for i, v := range n.Rhs {
					if lit, ok := v.(*ast.FuncLit); ok && i < len(n.Lhs) {
						if id, ok := n.Lhs[i].(*ast.Ident); ok {
							note(id.Name, lit.Type)
						}
					}
				}
			}
			return true
		})
	}
	for _, f := range sources {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && slices.Contains(readFields, id.Name) {
					check(n.Value)
				}
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					name, fields := "", readNames
					switch to := to.(type) {
					case *ast.Ident:
						name = to.Name
					case *ast.SelectorExpr:
						name, fields = to.Sel.Name, readFields
					}
					if slices.Contains(fields, name) && len(n.Lhs) == len(n.Rhs) {
						check(n.Rhs[i])
					}
				}
			case *ast.CallExpr:
				name := called(n)
				if name == ".WithRepair" && len(n.Args) == 1 {
					check(n.Args[0])
				}
				for _, at := range read[name] {
					if at < len(n.Args) {
						check(n.Args[at])
					}
				}
			}
			return true
		})
	}
	return out
}

// TestUntranslated: what people read goes through the catalogue, in every file of every system.
func TestUntranslated(t *testing.T) {
	for _, dir := range translated {
		files := token.NewFileSet()
		names, err := filepath.Glob(filepath.Join("../..", dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		var sources []*ast.File
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, f)
		}
		for _, line := range untranslated(t, files, sources) {
			t.Errorf("%s is said in English in every language: wrap it in platform.T", line)
		}
	}
}

// The test above finds what it is for.
func TestUntranslatedFinds(t *testing.T) {
	for body, want := range map[string]int{
		`_ = &Error{Message: T("it failed"), Repair: T("try %s", "again")}`:                 0,
		`_ = &Error{Message: "it failed", Repair: "relink status"}`:                         1,
		`_ = &Error{Message: "the " + x + " failed"}`:                                       2,
		`_ = &Error{Message: fmt.Sprintf("%s: %d", x, 1)}`:                                  0,
		`_ = &Error{Message: fmt.Sprintf("%s failed", x)}`:                                  1,
		`e.Repair = "try again"`:                                                            1,
		`message, repair := platform.T("a"), "b"`:                                           1,
		`fail := func(message string, err error) {}; fail("it failed", nil)`:                1,
		`fail := func(message string, err error) {}; fail(platform.N(1, "%d", "%ds"), nil)`: 0,
		`_ = e.WithRepair("try again")`:                                                     1,
		`_ = Finding{Name: "tray", Text: map[string]string{"a": T("x")}["a"]}`:              0,
		`log.Info("started", "message", "x")`:                                               0,
	} {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "x.go", "package x\nfunc f() {\n"+body+"\n}\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := untranslated(t, files, []*ast.File{f}); len(got) != want {
			t.Errorf("%s: found %q, want %d", body, got, want)
		}
	}
}
