package main

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir, Name      string
	GoFiles, CgoFiles, Imports []string
	Deps                       []string
	Standard                   bool
}

// list asks go list; cgo is the CGO_ENABLED it lists for, which needs no C compiler.
func list(t *testing.T, cgo string, args ...string) []pkg {
	t.Helper()
	return listFor(t, runtime.GOOS, cgo, args...)
}

// listFor is list for another system.
func listFor(t *testing.T, goos, cgo string, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,Imports,Deps,Standard"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED="+cgo)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

func ours(path string) bool { return path == "relink" || strings.HasPrefix(path, "relink/") }

// TestImportRules keeps who may import whom, on every system, with the window and without.
func TestImportRules(t *testing.T) {
	// only says which packages alone may import a module.
	only := map[string][]string{
		"fyne.io/systray":               {"relink/app/tray"},
		"github.com/zalando/go-keyring": {"relink/app/vault"},
		"github.com/gen2brain/beeep":    {"relink/notifier"},
		"modernc.org/sqlite":            {"relink/app/vault"},
		"github.com/jezek/xgb":          {"relink/app/desktop/place"},
		"fyne.io/fyne/v2/app":           {"relink", "relink/app/bench/fynetray", "relink/app/bench/fynewindow"},
	}
	views := []string{"relink/app/tray", "relink/app/link", "relink/app/window", "relink/app/cli"}
	builds := []struct{ goos, cgo, tags string }{
		{"linux", "1", "migrated_fynedo"}, {"windows", "1", "migrated_fynedo"}, {"darwin", "1", "migrated_fynedo"},
		{"linux", "0", "lean"}, {"windows", "0", "lean"}, {"darwin", "1", "lean"},
	}
	used := map[string]bool{} // who imports what, in any of them
	for _, build := range builds {
		for _, p := range listFor(t, build.goos, build.cgo, "-tags", build.tags, "./...") {
			for _, imp := range p.Imports {
				bad := func(why string) {
					t.Errorf("%s, %s: %s imports %s: %s", build.goos, build.tags, p.ImportPath, imp, why)
				}
				if allowed, ok := only[imp]; ok && !slices.Contains(allowed, p.ImportPath) {
					bad("only " + strings.Join(allowed, ", ") + " may")
				}
				used[p.ImportPath+" "+imp] = true
				switch {
				case p.ImportPath == "relink/assets" && strings.Contains(imp, "."):
					bad("assets imports nothing")
				case p.ImportPath == "relink/platform" && strings.Contains(imp, ".") && !strings.HasPrefix(imp, "golang.org/x/oauth2"):
					bad("platform imports only the standard library and x/oauth2")
				case p.ImportPath == "relink/platform" && ours(imp):
					bad("platform is the domain")
				case (strings.HasPrefix(p.ImportPath, "relink/platform") || strings.HasPrefix(p.ImportPath, "relink/notifier")) && strings.HasPrefix(imp, "relink/app"):
					bad("the domain does not know the program")
				case strings.HasPrefix(imp, "relink/platform/sandbox") && !strings.HasPrefix(p.ImportPath, "relink/platform/sandbox") && p.ImportPath != "relink/app/demo":
					bad("the practice network is never linked into relink")
				case slices.Contains(views, p.ImportPath) && slices.Contains(views, imp):
					bad("views do not know each other")
				case strings.HasPrefix(imp, "relink/app/") && strings.HasPrefix(p.ImportPath, "relink/app/") && imp != "relink/app/agent" && imp != "relink/app/atomicfile" && slices.Contains(views, p.ImportPath):
					bad("views know the agent only")
				case strings.HasPrefix(imp, "fyne.io/fyne/v2") && p.ImportPath != "relink" && p.ImportPath != "relink/app" && p.ImportPath != "relink/app/window" && !strings.HasPrefix(p.ImportPath, "relink/app/bench/"):
					bad("Fyne only in the window")
				case imp == "relink/app/desk" && p.ImportPath != "relink/app/demo" && !strings.HasPrefix(p.ImportPath, "relink/app/bench"):
					bad("the desk is for tests and the demo")
				}
			}
		}
	}
	for module, allowed := range only {
		for _, path := range allowed {
			if !used[path+" "+module] {
				t.Errorf("%s may import %s and does not: the rule names what is not there", path, module)
			}
		}
	}
	for _, path := range views {
		if !used[path+" relink/app/agent"] {
			t.Errorf("%s is no view", path)
		}
	}
}

// TestLeanBuildHasNoGUI: the lean program links neither Fyne nor the practice network, and no cgo.
func TestLeanBuildHasNoGUI(t *testing.T) {
	for _, p := range list(t, "0", "-deps", "-tags", "lean", ".") {
		if strings.HasPrefix(p.ImportPath, "fyne.io/fyne") || strings.HasPrefix(p.ImportPath, "relink/platform/sandbox") || strings.HasPrefix(p.ImportPath, "relink/app/desk/") {
			t.Errorf("the lean build links %s", p.ImportPath)
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("the lean build needs cgo for %s", p.ImportPath)
		}
		if p.ImportPath == "relink/app/desktop/place" {
			t.Errorf("the lean build links %s, which is the window's", p.ImportPath)
		}
		if strings.HasPrefix(p.ImportPath, "github.com/ebitengine/") && runtime.GOOS != "darwin" {
			t.Errorf("%s is for macOS alone", p.ImportPath)
		}
	}
}

// TestQuickComesFirst: app/quick is initialised before everything it does not need
// itself, as its path comes first, and it needs little.
func TestQuickComesFirst(t *testing.T) {
	const quick = "app.relink/quick"
	pkgs := list(t, "0", "-deps", "-tags", "lean", ".")
	i := slices.IndexFunc(pkgs, func(p pkg) bool { return p.ImportPath == quick })
	if i < 0 {
		t.Fatal("it is not linked in")
	}
	for _, imp := range pkgs[i].Imports {
		if !slices.Contains([]string{"os", "strconv", "strings", "syscall", "time", "unsafe"}, imp) {
			t.Errorf("it imports %s, which is initialised before it can answer", imp)
		}
	}
	for _, p := range pkgs {
		if p.ImportPath < quick && !slices.Contains(pkgs[i].Deps, p.ImportPath) {
			t.Errorf("%s is initialised before it", p.ImportPath)
		}
	}
}

// TestPackageComments: every package says what it is for, in one place.
func TestPackageComments(t *testing.T) {
	for _, p := range list(t, "1", "-tags", "migrated_fynedo", "./...") {
		found := 0
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			doc := f.Doc.Text()
			if doc == "" || strings.HasPrefix(doc, "go:build") {
				continue
			}
			found++
			if p.Name != "main" && !strings.HasPrefix(doc, "Package "+p.Name+" ") {
				t.Errorf("%s: the comment does not begin with Package %s", name, p.Name)
			}
		}
		if found != 1 {
			t.Errorf("%s has %d package comments, want 1", p.ImportPath, found)
		}
	}
}

// TestTopLevel: the top level is fixed.
func TestTopLevel(t *testing.T) {
	want := []string{"app", "assets", "notifier", "platform", "FyneApp.toml", "go.mod", "go.sum", "README.md", "Makefile", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "main.go", "gui_full.go", "gui_lean.go", "layout_test.go"}
	out, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Skip("needs a git checkout")
	}
	for _, path := range strings.Fields(string(out)) {
		top, _, _ := strings.Cut(path, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(want, top) {
			t.Errorf("%s is not part of the layout", top)
		}
	}
}
