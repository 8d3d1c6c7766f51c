package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/assets"
	"relink/platform"
)

// speak makes this process speak a language for one test.
func speak(t *testing.T, tag string) {
	t.Helper()
	var c platform.Catalogue
	if err := json.Unmarshal([]byte(assets.Language(tag)), &c); err != nil {
		t.Fatal(err)
	}
	platform.SetCatalogue(&c)
	t.Cleanup(func() { platform.SetCatalogue(nil) })
}

// said is what help says of each command and flag, by its name.
func said() map[string]string {
	t := &tool{Config: Config{Stdin: strings.NewReader(""), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}, Backup: (&bench{}).backup, Restore: (&bench{}).restore}}
	out := map[string]string{}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		out[cmd.CommandPath()+" short"], out[cmd.CommandPath()+" long"] = cmd.Short, cmd.Long
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { out[cmd.CommandPath()+" --"+f.Name] = f.Usage })
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(t.root(nil))
	return out
}

// TestHelpSpeaks: every command and every flag is explained in every language.
func TestHelpSpeaks(t *testing.T) {
	english := said()
	if len(english) < 120 {
		t.Fatalf("found %d texts", len(english))
	}
	for _, tag := range assets.Languages() {
		t.Run(tag, func(t *testing.T) {
			speak(t, tag)
			for name, text := range said() {
				if text != "" && text == english[name] && !strings.HasSuffix(name, "--help") {
					t.Errorf("%s: %q", name, text)
				}
			}
		})
	}
}

// TestHelpFits: no line of help is wider than the terminal, but for what is to be
// typed as it stands there.
func TestHelpFits(t *testing.T) {
	for _, tag := range append([]string{"en"}, assets.Languages()...) {
		for _, columns := range []int{40, 80, 200} {
			if tag != "en" {
				speak(t, tag)
			}
			for _, v := range []string{"", "connect", "settings", "webhook", "mail set", "history", "import", "token"} {
				b := bench{columns: columns}
				if code := b.run(t, append(strings.Fields(v), "--help")...); code != exitDone {
					t.Fatalf("%s: exit code %d", v, code)
				}
				for line := range strings.SplitSeq(b.out.String(), "\n") {
					if cells(line) > min(columns, helpWidth) && len(pieces(line)) > 1 && !strings.HasPrefix(line, "  relink ") && !strings.HasPrefix(line, "  curl ") && !strings.HasPrefix(line, "  pass ") {
						t.Errorf("%s, %d columns, %s: %d: %q", tag, columns, v, cells(line), line)
					}
				}
			}
		}
	}
}

func TestHelpVerb(t *testing.T) {
	var direct, verb bench
	direct.run(t, "mail", "set", "--help")
	if code := verb.run(t, "help", "mail", "set"); code != exitDone || verb.out.String() != direct.out.String() {
		t.Errorf("got %d, %q", code, verb.out.String())
	}
	var none bench
	if code := none.run(t, "help", "nonsense"); code != exitUsage && code != exitFailed || !strings.Contains(none.err.String(), `there is no command "nonsense"`) {
		t.Errorf("got %d, %q", code, none.err.String())
	}
}

// TestTablesInJapanese: columns stand below each other by what characters take in a terminal.
func TestTablesInJapanese(t *testing.T) {
	speak(t, "ja")
	b := bench{fake: &fake{snapshot: accounts()}}
	b.run(t, "status")
	lines := strings.Split(b.out.String(), "\n")[:4]
	if !strings.HasPrefix(lines[0], "アカウント") {
		t.Fatalf("got %q", lines[0])
	}
	// Where the second column begins in each line.
	at := make([]int, len(lines))
	for i, l := range lines {
		cell, _, _ := strings.Cut(l, "  ")
		rest := strings.TrimLeft(strings.TrimPrefix(l, cell), " ")
		at[i] = cells(strings.TrimSuffix(l, rest))
	}
	if slices.Min(at) != slices.Max(at) {
		t.Errorf("the columns begin at %v in\n%s", at, strings.Join(lines, "\n"))
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		b := bench{}
		if code := b.run(t, "completion", shell); code != exitDone || !strings.Contains(b.out.String(), "__complete") {
			t.Errorf("%s: got %d, %.80q", shell, code, b.out.String())
		}
	}
	for args, want := range map[string]string{
		"reconnect ": "linkedin/acme\tLinkedIn · Acme", "token ": "facebook/shop\t", "check x ": "mastodon/acme\t", "connect ": "mastodon\tMastodon",
		"app set ": "facebook\tFacebook", "settings set ": "steps\twhen to remind", "completion ": "fish", "stat": "status\tShow every account",
	} {
		b := bench{}
		words := append([]string{"__complete"}, strings.Split(args, " ")...)
		if code := b.run(t, words...); code != exitDone || !strings.Contains(b.out.String(), want) {
			t.Errorf("%s: got %d, %q", args, code, b.out.String())
		}
		if slices.Contains(b.dials, true) {
			t.Errorf("%s: an agent was started", args)
		}
	}
	// One account is all that token takes.
	b := bench{}
	if b.run(t, "__complete", "token", "linkedin/acme", ""); strings.Contains(b.out.String(), "facebook") {
		t.Errorf("got %q", b.out.String())
	}
	b = bench{}
	if code := b.run(t, "completion", "tcsh"); code != exitUsage || b.err.String() != "relink: there is no script for \"tcsh\"; choose from: bash, zsh, fish, powershell\n" {
		t.Errorf("got %d, %q", code, b.err.String())
	}
}
