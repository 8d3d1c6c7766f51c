package notifier

import (
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestParseLink(t *testing.T) {
	for in, want := range map[string]Target{
		"relink://reconnect/linkedin/acme":                   {Action: ActionReconnect, Account: "linkedin/acme"},
		"relink://reconnect/linkedin/acme/":                  {Action: ActionReconnect, Account: "linkedin/acme"},
		"relink://reconnect/k3x9q0a1bz":                      {Action: ActionReconnect, Account: "k3x9q0a1bz"},
		"relink://snooze/mastodon/acme@example.social":       {Action: ActionLater, Account: "mastodon/acme@example.social"},
		"relink://snooze/mastodon/acme%40example.social":     {Action: ActionLater, Account: "mastodon/acme@example.social"},
		"relink://show/tumblr/m%C3%BCller":                   {Action: ActionShow, Account: "tumblr/müller"},
		"relink://show/tumblr/müller":                        {Action: ActionShow, Account: "tumblr/müller"},
		"relink://show":                                      {Action: ActionShow},
		"relink://show/":                                     {Action: ActionShow},
		"relink://review":                                    {Action: ActionReview},
		"relink://settings":                                  {Action: ActionSettings},
		"relink://review?note=summary&at=1798765432&mark=ab": {Action: ActionReview, Note: "summary", At: time.Unix(1798765432, 0), Mark: "ab"},
	} {
		if got, err := ParseLink(in); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "relink", "relink:", "relink:show", "relink:/show", "relink://", "relink:///show", "RELINK://show", " relink://show", "relink://show ", "relink://show\n",
		"http://show", "relink://forget/linkedin/acme", "relink://Reconnect/linkedin/acme", "relink://connect/linkedin", "relink://user@show", "relink://show:80", "relink://show#x",
		"relink://reconnect", "relink://reconnect/", "relink://snooze", "relink://show//", "relink://reconnect//acme", "relink://reconnect/linkedin//",
		"relink://reconnect/linkedin/acme/x", "relink://reconnect/linkedin/..%2Facme", "relink://reconnect/linkedin/--all", "relink://reconnect/--all", "relink://reconnect/-/acme",
		"relink://reconnect/linkedin/a%00b", "relink://reconnect/linkedin/a%zz", "relink://reconnect/linkedin/a%20b", "relink://reconnect/linkedin/a%0Ab", "relink://reconnect/Linkedin/acme",
		"relink://reconnect/linkedin/a\"b", "relink://reconnect/linkedin/%FF", "relink://reconnect/linkedin/" + strings.Repeat("a", aliasLongest+1), "relink://reconnect/" + strings.Repeat("a", nameLongest+1) + "/a",
		"relink://show?", "relink://show?x=1", "relink://show?note=a&at=1", "relink://show?at=1&note=a&mark=b", "relink://show?note=a&at=0&mark=b", "relink://show?note=a&at=-1&mark=b",
		"relink://show?note=a&at=01&mark=b", "relink://show?note=a%20b&at=1&mark=b", "relink://show?note=&at=1&mark=b", "relink://show?note=a&at=1&mark=" + strings.Repeat("b", 44),
		"relink://show?note=a&at=1&mark=b&x=1", "relink://" + strings.Repeat("a", linkLongest),
	} {
		if got, err := ParseLink(in); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("%q: got %+v, %v, want it refused", in, got, err)
		}
	}
}

// What mails and calendars carry is read back as the account they are about.
func TestLinkOfAccount(t *testing.T) {
	for _, ref := range []string{"linkedin/acme", "mastodon/acme@example.social", "tumblr/müller-2", "bluesky/日本.example", "googlebusiness/" + strings.Repeat("x", 64)} {
		name, alias, _ := strings.Cut(ref, "/")
		link := Link(platform.Account{Platform: name, Alias: alias})
		if link != "relink://reconnect/"+ref {
			t.Errorf("got %s", link)
		}
		if got, err := ParseLink(link); err != nil || got != (Target{Action: ActionReconnect, Account: ref}) {
			t.Errorf("%s: got %+v, %v", link, got, err)
		}
	}
	for _, p := range platform.All() {
		if _, err := ParseLink(Link(platform.Account{Platform: p.ID, Alias: "acme"})); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
	}
}

func TestMarks(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 7, time.UTC)
	m := Marks{Key: []byte("0123456789abcdef0123456789abcdef")}
	note := Note{ID: NoteID("k3x9q0a1bz"), Accounts: []string{"k3x9q0a1bz"}}
	link := m.Link(note, ActionReconnect, now)
	got, err := ParseLink(link)
	if err != nil || got.Action != ActionReconnect || got.Account != "k3x9q0a1bz" || got.Note != note.ID {
		t.Fatalf("%s: got %+v, %v", link, got, err)
	}
	for _, age := range []time.Duration{0, 13 * time.Hour, 3 * 24 * time.Hour} {
		if !m.Genuine(got, now.Add(age)) {
			t.Errorf("not genuine after %v", age)
		}
	}
	if m.Genuine(got, now.Add(markLife)) || m.Genuine(got, now.Add(-2*time.Hour)) {
		t.Error("genuine for ever")
	}
	for name, change := range map[string]func(*Target){
		"another account": func(t *Target) { t.Account = "other" },
		"another action":  func(t *Target) { t.Action = ActionLater },
		"another note":    func(t *Target) { t.Note = NoteID("other") },
		"a later time":    func(t *Target) { t.At = t.At.Add(time.Second) },
		"another mark":    func(t *Target) { t.Mark = strings.Repeat("A", len(t.Mark)) },
		"no mark":         func(t *Target) { t.Mark = "" },
	} {
		x := got
		change(&x)
		if m.Genuine(x, now) {
			t.Errorf("%s: taken for genuine", name)
		}
	}
	if (Marks{Key: []byte("another key, of the same length!")}).Genuine(got, now) {
		t.Error("genuine by another key")
	}
	if x, err := ParseLink((Marks{}).Link(note, ActionReconnect, now)); err != nil || (Marks{}).Genuine(x, now) {
		t.Errorf("genuine without a key: %v", err)
	}
	if x, err := ParseLink(m.Link(Note{ID: SummaryID, Accounts: []string{"a", "b"}}, ActionReconnect, now)); err != nil || x.Action != ActionReview || x.Account != "" {
		t.Errorf("summary: got %+v, %v, want to review", x, err)
	}
	if x, err := ParseLink(m.Link(Note{ID: RehearsalID("acme"), Accounts: []string{"acme"}}, ActionLater, now)); err != nil || x.Note != RehearsalID("acme") || !m.Genuine(x, now) {
		t.Errorf("rehearsal: got %+v, %v", x, err)
	}
}

// FuzzLink: an address is refused, or names one of the things a link may ask
// for, about something that can be an account's name, and is written back as it was meant.
func FuzzLink(f *testing.F) {
	m := Marks{Key: make([]byte, 32)}
	for _, s := range []string{"relink://show", "relink://reconnect/linkedin/acme", "relink://snooze/tumblr/m%C3%BCller/", "relink://reconnect/linkedin/..%2F", "relink://show?note=a&at=1&mark=b", "relink://", "http://x"} {
		f.Add(s)
	}
	f.Add(m.Link(Note{ID: "account/acme", Accounts: []string{"acme"}}, ActionReconnect, time.Unix(1798765432, 0)))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseLink(s)
		if err != nil {
			if platform.KindOf(err) != platform.KindUsage || len(s) > 8 && strings.Contains(err.Error(), s) {
				t.Errorf("got %v", err)
			}
			return
		}
		switch got.Action {
		case ActionReconnect, ActionLater:
			if got.Account == "" {
				t.Error("no account")
			}
		case ActionShow, ActionReview, ActionSettings:
		default:
			t.Errorf("action %q", got.Action)
		}
		if strings.ContainsAny(got.Account, "\x00\n\r\"' \\%?#&") || strings.HasPrefix(got.Account, "-") || strings.Contains(got.Account, "..") && strings.Count(got.Account, "/") > 1 {
			t.Errorf("account %q", got.Account)
		}
		if again, err := ParseLink(got.String()); err != nil || again != got {
			t.Errorf("written back as %q: %+v, %v", got, again, err)
		}
	})
}
