package config

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
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

// sentences finds everything that is said in the person's language: the first
// words of T, or the constant that stands there, the two forms of N, the
// notes' labels and the platforms' reasons.
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
	// Constants, by directory and name: T may be given one.
	constants, used := map[string]string{}, map[string]string{}
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
				// A label, or a word of the window, stands in a constant, and is said wherever it is used.
				if v, ok := n.(*ast.ValueSpec); ok {
					for i, name := range v.Names {
						if i >= len(v.Values) {
							continue
						}
						s := text(v.Values[i], name.Name)
						if s != "" { // another system's may have none
							constants[filepath.Dir(path)+" "+name.Name] = s
						}
						label := slices.Contains([]string{"notifier", "tray", "window"}, f.Name.Name) && strings.HasPrefix(name.Name, "label")
						word := f.Name.Name == "window" && strings.HasPrefix(name.Name, "word")
						if (label || word) && strings.ContainsFunc(s, unicode.IsLetter) { // else a sign, or no text
							said[s] = files.Position(v.Pos()).String()
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
					} else if id, ok := call.Args[0].(*ast.Ident); ok {
						used[filepath.Dir(path)+" "+id.Name] = where
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
	for name, where := range used {
		if s := constants[name]; s != "" {
			said[s] = where
		}
	}
	for _, p := range platform.All() {
		for code, s := range p.Reasons {
			said[s] = p.ID + " " + code
		}
		// What stands in the table is said where it is shown.
		texts := append([]string{p.Lifetime, p.Registration.Review}, p.Registration.Steps...)
		if c := p.Credential; c != nil {
			texts = append(append(texts, c.Name, c.Login, c.Lasts), c.Steps...)
		}
		if strings.HasSuffix(p.Name, ")") { // see [platform.Platform.Title]
			texts = append(texts, p.Name)
		}
		for _, s := range texts {
			if s != "" {
				said[s] = p.ID
			}
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
		if err := json.Unmarshal([]byte(assets.Language(tag)), &c); err != nil || c.Tag != tag {
			t.Fatalf("%s: %q, %v", tag, c.Tag, err)
		}
		for s, where := range said {
			if c.Sentences[s] == "" {
				t.Errorf("%s lacks %q (%s)", tag, s, where)
			} else if !slices.Equal(blanks(s), blanks(c.Sentences[s])) {
				t.Errorf("%s: %q has other blanks than %q", tag, c.Sentences[s], s)
			} else if strings.Contains(s, "{redirect}") != strings.Contains(c.Sentences[s], "{redirect}") {
				t.Errorf("%s: %q lacks the redirect address", tag, c.Sentences[s])
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
	for tag, want := range map[string]string{"en": "3 days left", "de": "noch 3 Tage", "es": "restante: 3 días", "fr": "encore 3 jours", "ja": "残り3日", "xx": "3 days left"} {
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

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, setting string
		env           map[string]string
		system        []string
		want          string
	}{
		{name: "fixed", setting: "fr", env: map[string]string{"LC_ALL": "de_DE.UTF-8"}, want: "fr"},
		{name: "fixed to English", setting: "en", env: map[string]string{"LC_ALL": "de_DE.UTF-8"}, want: "en"},
		{name: "fixed to one that is not there", setting: "xx", env: map[string]string{"LANG": "de_DE.UTF-8"}, want: "en"},
		{name: "nothing set", setting: Auto, want: "en"},
		{name: "empty is auto", env: map[string]string{"LANG": "de_DE.UTF-8"}, want: "de"},
		{name: "LANG", setting: Auto, env: map[string]string{"LANG": "es_MX.UTF-8"}, want: "es"},
		{name: "LC_MESSAGES before LANG", setting: Auto, env: map[string]string{"LC_MESSAGES": "ja_JP", "LANG": "es_MX.UTF-8"}, want: "ja"},
		{name: "LC_ALL before LC_MESSAGES", setting: Auto, env: map[string]string{"LC_ALL": "de_AT@euro", "LC_MESSAGES": "ja_JP", "LANG": "es_MX.UTF-8"}, want: "de"},
		{name: "LANGUAGE before all", setting: Auto, env: map[string]string{"LANGUAGE": "nl:fr_CA:de", "LANG": "es_MX.UTF-8"}, want: "fr"},
		{name: "LANGUAGE with English first", setting: Auto, env: map[string]string{"LANGUAGE": "en_GB:de", "LANG": "de_DE.UTF-8"}, want: "en"},
		{name: "LANGUAGE without one we have", setting: Auto, env: map[string]string{"LANGUAGE": "nl", "LANG": "de_DE.UTF-8"}, want: "de"},
		{name: "C has no LANGUAGE", setting: Auto, env: map[string]string{"LANGUAGE": "de", "LC_ALL": "C.UTF-8"}, system: []string{"de"}, want: "en"},
		{name: "POSIX", setting: Auto, env: map[string]string{"LANGUAGE": "de", "LANG": "POSIX"}, want: "en"},
		{name: "no catalogue", setting: Auto, env: map[string]string{"LANG": "nl_NL.UTF-8"}, system: []string{"de"}, want: "en"},
		{name: "the system's", setting: Auto, system: []string{"nl-NL", "fr-CH", "de-CH"}, want: "fr"},
		{name: "the environment before the system's", setting: Auto, env: map[string]string{"LANG": "ja"}, system: []string{"fr-CH"}, want: "ja"},
	} {
		got := Resolve(c.setting, func(k string) string { return c.env[k] }, func() []string { return c.system })
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if got := LanguageOf(path); got != Auto {
		t.Errorf("without a file: got %q", got)
	}
	for text, want := range map[string]string{
		"":                                        Auto,
		"language = \"de\"\n":                     "de",
		"hour = 9\n\nlanguage = 'fr' # mine\n":    "fr",
		"language = \"xx\"\n":                     Auto,
		"language = \"auto\"\n":                   Auto,
		"language = ":                             Auto,
		"# language = \"de\"\nbroken [\n":         Auto,
		"[mail_labels]\nlanguage = [\"a@b.c\"]\n": Auto,
		"[mail_labels]\nlanguage = \"de\"\n":      Auto,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := LanguageOf(path); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	s := Defaults()
	s.Language = "ja"
	if err := Save(path, s); err != nil {
		t.Fatal(err)
	}
	if got := LanguageOf(path); got != "ja" {
		t.Errorf("as saved: got %q", got)
	}
}

// TestDates: the helpers name days and months in the language, in its order.
func TestDates(t *testing.T) {
	defer platform.SetCatalogue(nil)
	at := time.Date(2026, 3, 4, 9, 5, 0, 0, time.Local)
	next := at.AddDate(0, 10, 0)
	for _, c := range []struct{ tag, when, day, far, ago, long string }{
		{"en", "Wed 4 Mar, 09:05", "Wed 4 Mar", "Wed 4 Mar 2026, 09:05", "3 days ago", "1 day 4 hours ago"},
		{"de", "Mi, 4. Mär, 09:05", "Mi, 4. Mär", "Mi, 4. Mär 2026, 09:05", "vor 3 Tagen", "vor 1 Tag 4 Stunden"},
		{"es", "mié 4 mar, 09:05", "mié 4 mar", "mié 4 mar 2026, 09:05", "hace 3 días", "hace 1 día 4 horas"},
		{"fr", "mer. 4 mars, 09:05", "mer. 4 mars", "mer. 4 mars 2026, 09:05", "il y a 3 jours", "il y a 1 jour 4 heures"},
		{"ja", "3月4日(水) 09:05", "3月4日(水)", "2026年3月4日(水) 09:05", "3日前", "1日4時間前"},
	} {
		if err := SetLanguage(c.tag); err != nil {
			t.Fatal(err)
		}
		for i, got := range []string{platform.When(at, at), platform.Day(at, at), platform.When(at, next), platform.Ago(at, at.Add(72*time.Hour)), platform.Ago(at, at.Add(28*time.Hour))} {
			if want := []string{c.when, c.day, c.far, c.ago, c.long}[i]; got != want {
				t.Errorf("%s: got %q, want %q", c.tag, got, want)
			}
		}
	}
}

// Lists of names have as many in every language, so that each stands for its own.
func TestNamesOfDaysAndMonths(t *testing.T) {
	for _, tag := range assets.Languages() {
		var c platform.Catalogue
		if err := json.Unmarshal([]byte(assets.Language(tag)), &c); err != nil {
			t.Fatal(err)
		}
		for s, n := range map[string]int{
			"January February March April May June July August September October November December": 12, "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec": 12,
			"Sunday Monday Tuesday Wednesday Thursday Friday Saturday": 7, "Sun Mon Tue Wed Thu Fri Sat": 7,
		} {
			if got := len(strings.Fields(c.Sentences[s])); got != n {
				t.Errorf("%s: %d names for %q", tag, got, s)
			}
		}
	}
}

// The window shows a repair without the command that signs in again: it stands
// at the end of its sentence in every language.
func TestAdviceInEveryLanguage(t *testing.T) {
	defer platform.SetCatalogue(nil)
	for _, tag := range Languages() {
		if err := SetLanguage(tag); err != nil {
			t.Fatal(err)
		}
		const command = "relink reconnect mastodon/acme"
		for _, repair := range []string{
			platform.T("wait a few minutes, or %s", command), platform.T("check the app's redirect address and permissions, then: %s", command),
			platform.T("allow everything that is asked for: %s", command), platform.T("tick %s on the permission page: %s", "Acme", command),
			platform.T("check its redirect address, scopes and distribution there, then: relink connect slack"),
		} {
			got := (&platform.Error{Repair: repair}).Advice()
			words := strings.FieldsFunc(got, func(r rune) bool { return r == ' ' || r == ',' || r == ':' || r == '、' })
			last := ""
			if len(words) > 0 {
				last = words[len(words)-1]
			}
			if got == "" || strings.Contains(got, "relink") || strings.HasSuffix(got, " ") || strings.HasSuffix(got, ":") || strings.HasSuffix(got, ",") ||
				slices.Contains([]string{"or", "then", "oder", "dann", "o", "luego", "ou", "puis", "その後"}, last) {
				t.Errorf("%s: %q becomes %q", tag, repair, got)
			}
		}
	}
}

// A settings file that is begun in one language reads back the same in any.
func TestSettingsFileInEveryLanguage(t *testing.T) {
	defer platform.SetCatalogue(nil)
	for _, tag := range Languages() {
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := SetLanguage(tag); err != nil {
			t.Fatal(err)
		}
		s := Defaults()
		s.Mail.Labels, s.PlatformSteps = map[string][]string{"a": {"b@c.example"}}, map[string][]time.Duration{"facebook": {48 * time.Hour}}
		if err := Save(path, s); err != nil {
			t.Fatalf("%s: %v", tag, err)
		}
		platform.SetCatalogue(nil)
		got, warning, err := Load(path)
		if err != nil || warning != "" || !same(got, s) {
			t.Errorf("%s: got %+v, %q, %v", tag, got, warning, err)
		}
		raw, err := os.ReadFile(path)
		if english := strings.Contains(string(raw), "Start Relink at login."); err != nil || english != (tag == "en") {
			t.Errorf("%s: %v, got\n%s", tag, err, raw)
		}
	}
}
