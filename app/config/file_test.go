package config

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"relink/platform"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestFirstSaveWritesAllWithComments(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "new", "config.toml"))
	s, warning, err := f.Load()
	if err != nil || warning != "" || !reflect.DeepEqual(s, Defaults()) {
		t.Fatalf("without a file: got %+v, %q, %v", s, warning, err)
	}
	s.Steps = []time.Duration{14 * day, 36 * time.Hour}
	s.Idle, s.Browser = 0, `"C:\a b\firefox.exe" -P ü`
	s.PlatformSteps = map[string][]time.Duration{"facebook": {10 * day}, "linkedin": {day}}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	got, warning, err := f.Load()
	if err != nil || warning != "" || !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, %q, %v, want %+v", got, warning, err, s)
	}
	text := read(t, string(f))
	for _, item := range append(listed(s), setting{key: "[" + tableKey + "]", comment: tableComment}) {
		if !strings.Contains(text, "# "+item.comment+"\n"+item.key) {
			t.Errorf("%s has no comment in\n%s", item.key, text)
		}
	}
	if info, _ := os.Stat(string(f)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v", info.Mode())
	}
	// Saving the same again changes no byte.
	if err := f.Save(s); err != nil || read(t, string(f)) != text {
		t.Errorf("saved twice (%v):\n%s", err, read(t, string(f)))
	}
	s.PlatformSteps = map[string][]time.Duration{"linkedin": {2 * day}, "mastodon": {day}}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := f.Load(); !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, want %+v in\n%s", got, s, read(t, string(f)))
	}
}

const byHand = `# mine
hour = 7   # early bird
colour = "blue" # of another version
steps = [
  "5d", # a working week
  "24h",
]

"port" = 20000

# about platforms
[ platform_steps ] # some
facebook = ["3d"]

[future]
hour = 99
steps = """
hour = 1
"""
`

func TestSaveKeepsEverythingElse(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "config.toml"))
	write(t, string(f), byHand)
	s, warning, err := f.Load()
	if err != nil || warning != "" || s.Hour != 7 || s.Port != 20000 || !reflect.DeepEqual(s.Steps, []time.Duration{5 * day, day}) {
		t.Fatalf("got %+v, %q, %v", s, warning, err)
	}
	s.Hour, s.Port, s.Idle = 8, 20001, 30*day
	s.PlatformSteps = map[string][]time.Duration{"linkedin": {day}}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	text := read(t, string(f))
	if got, _, _ := f.Load(); !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, want %+v", got, s)
	}
	for _, kept := range []string{"# mine\nhour = 8   # early bird\ncolour = \"blue\" # of another version\n", "  \"5d\", # a working week\n  \"24h\",\n]", `"port" = 20001`,
		"# about platforms\n[ platform_steps ] # some\n", "[future]\nhour = 99\nsteps = \"\"\"\nhour = 1\n\"\"\"\n", "idle = \"30d\""} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is not in\n%s", kept, text)
		}
	}
	var all map[string]any
	if err := toml.Unmarshal([]byte(text), &all); err != nil || all["future"].(map[string]any)["hour"] != int64(99) {
		t.Errorf("another version's table was touched: %v, %v", all["future"], err)
	}
}

func TestSaveOfLayoutsByHand(t *testing.T) {
	for _, text := range []string{
		"platform_steps = { facebook = [\"3d\"] } # inline\n",
		"[platform_steps]\nfacebook = ['3d']",
		"hour = 9\r\nsteps = ['7d']\r\n[platform_steps]\r\nfacebook = ['3d']\r\n",
	} {
		f := File(filepath.Join(t.TempDir(), "config.toml"))
		write(t, string(f), text)
		s, warning, err := f.Load()
		if err != nil || warning != "" {
			t.Fatalf("%q: %q, %v", text, warning, err)
		}
		s.Hour = 3
		s.PlatformSteps = map[string][]time.Duration{"facebook": {2 * day}, "linkedin": {day}}
		if err := f.Save(s); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, _, _ := f.Load(); !reflect.DeepEqual(got, s) {
			t.Errorf("%q: got %+v, want %+v in\n%s", text, got, s, read(t, string(f)))
		}
	}
	// A layout that cannot be followed is refused, and stays.
	f := File(filepath.Join(t.TempDir(), "config.toml"))
	dotted := "platform_steps.facebook = [\"3d\"]\n"
	write(t, string(f), dotted)
	s, _, _ := f.Load()
	s.PlatformSteps = map[string][]time.Duration{"facebook": {3 * day}, "linkedin": {day}}
	if err := f.Save(s); platform.KindOf(err) != platform.KindConfig || read(t, string(f)) != dotted {
		t.Errorf("got %v and %q", err, read(t, string(f)))
	}
}

func TestBrokenFileLeavesTheLastGoodInForce(t *testing.T) {
	tests := map[string]struct{ text, says string }{
		"syntax":             {"hour = 9\nport = = 3\n", "line 2:"},
		"open bracket":       {"hour = 9\nsteps = [\"7d\"\nport = 20000\n", "line 3:"},
		"wrong type":         {"\n\nhour = \"nine\"\n", "line 3:"},
		"out of range":       {"# x\nhour = 25\n", "line 2: hour must be from 0 to 23, not 25"},
		"no span":            {"\nsteps = [\"7 days\"]\n", "line 2: steps must be a span of time such as 7d, 12h or 30m, not \"7 days\""},
		"empty ladder":       {"steps = []\n", "line 1: steps"},
		"unknown platform":   {"[platform_steps]\nfacebock = [\"1d\"]\n", "line 2: platform_steps.facebock"},
		"in an inline table": {"hour = 1\nplatform_steps = { facebook = [\"x\"] }\n", "line 2: platform_steps.facebook"},
		"bytes":              {"\x00\xff\xfe", "line 1:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := File(filepath.Join(t.TempDir(), "config.toml"))
			// Nothing good before: the defaults.
			write(t, string(f), tt.text)
			s, warning, err := f.Load()
			if err != nil || !reflect.DeepEqual(s, Defaults()) || !strings.Contains(warning, "defaults") {
				t.Errorf("got %+v, %q, %v", s, warning, err)
			}
			write(t, string(f), "hour = 5\n# kept\n")
			if _, warning, err := f.Load(); err != nil || warning != "" {
				t.Fatal(warning, err)
			}
			write(t, string(f), tt.text)
			s, warning, err = f.Load()
			if err != nil || s.Hour != 5 {
				t.Errorf("got hour %d, %v", s.Hour, err)
			}
			if !strings.Contains(warning, tt.says) || !strings.Contains(warning, string(f)) || strings.Contains(warning, "\n") || !strings.HasSuffix(warning, "delete the file.") {
				t.Errorf("got warning %q, want %q in it", warning, tt.says)
			}
			if read(t, string(f)) != tt.text {
				t.Error("loading changed the broken file")
			}
			// A change from the window goes into the good one; the broken text is kept.
			s.Port = 20000
			if err := f.Save(s); err != nil {
				t.Fatal(err)
			}
			if text := read(t, string(f)); !strings.Contains(text, "# kept") || read(t, string(f)+".broken") != tt.text {
				t.Errorf("got %q", text)
			}
			if got, warning, err := f.Load(); err != nil || warning != "" || got.Port != 20000 || got.Hour != 5 {
				t.Errorf("got %+v, %q, %v", got, warning, err)
			}
		})
	}
}

func TestSaveRefusesAndChangesNothing(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "config.toml"))
	write(t, string(f), "hour = 5\n")
	s := Defaults()
	s.Hour = -1
	if err := f.Save(s); platform.KindOf(err) != platform.KindUsage || read(t, string(f)) != "hour = 5\n" {
		t.Errorf("got %v, %q", err, read(t, string(f)))
	}
	dir := File(filepath.Join(t.TempDir(), "config.toml"))
	if err := os.Mkdir(string(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := dir.Save(Defaults()); platform.KindOf(err) != platform.KindStorage {
		t.Errorf("got %v", err)
	}
	if _, _, err := dir.Load(); platform.KindOf(err) != platform.KindConfig {
		t.Errorf("got %v", err)
	}
}

func TestSaveFollowsALink(t *testing.T) {
	dir := t.TempDir()
	real, f := filepath.Join(dir, "real.toml"), File(filepath.Join(dir, "config.toml"))
	write(t, real, "hour = 5\n")
	if err := os.Symlink(real, string(f)); err != nil {
		t.Skip("needs symbolic links: ", err)
	}
	if err := f.Save(Defaults()); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(string(f)); info.Mode()&os.ModeSymlink == 0 || !strings.Contains(read(t, real), "hour = 9") {
		t.Error("the link was replaced")
	}
}
