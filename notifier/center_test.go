package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

// fakeCenter is macOS as far as a center sees it.
type fakeCenter struct {
	mu     sync.Mutex // guards all below
	shown  map[string]centerRequest
	calls  []string
	rights centerRights
	heard  func(centerAnswer)
	// unbundled and broken are what start and show fail with.
	unbundled, broken error
}

func (f *fakeCenter) call(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, s)
}

func (f *fakeCenter) start(heard func(centerAnswer)) error {
	f.call("start")
	f.heard = heard
	return f.unbundled
}

func (f *fakeCenter) allowed() (centerRights, error) { return f.rights, nil }
func (f *fakeCenter) ask() error                     { f.call("ask"); return nil }

func (f *fakeCenter) show(r centerRequest) error {
	f.call("show " + r.ID)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown[r.ID] = r
	return f.broken
}

func (f *fakeCenter) remove(ids ...string) error {
	f.call("remove " + strings.Join(ids, " "))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		delete(f.shown, id)
	}
	return nil
}

// allow is what a person gave who said yes, with alerts.
var allow = centerRights{status: 2, style: styleAlert}

func testCenter(rights centerRights) (*center, *fakeCenter) {
	f := &fakeCenter{shown: map[string]centerRequest{}, rights: rights}
	return newCenter(Config{Links: fine}, f), f
}

// A note replaces its like, a summary those of its accounts, what is fixed goes,
// and at the end nothing is left with buttons that nobody hears.
func TestCenterReplacesAndWithdraws(t *testing.T) {
	c, f := testCenter(allow)
	want := func(what string, ids ...string) {
		t.Helper()
		if got := slices.Sorted(maps.Keys(f.shown)); !slices.Equal(got, ids) {
			t.Errorf("%s: %q are shown, want %q", what, got, ids)
		}
	}
	a, b := accountNote("a"), accountNote("b")
	for _, n := range []Note{a, b} {
		if err := c.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	want("two", "account/a", "account/b")
	if err := c.Send(t.Context(), summary([]Note{a, b})); err != nil {
		t.Fatal(err)
	}
	want("summary", SummaryID)
	if r := f.shown[SummaryID]; r.Passive || !r.Sound || r.Category != "review|review=Review" {
		t.Errorf("summary: got %+v", r)
	}
	if err := c.Withdraw(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	want("a is fixed", SummaryID)
	if r := f.shown[SummaryID]; !r.Passive || r.Sound || len(r.Buttons) != 1 {
		t.Errorf("the summary after a is fixed: got %+v, want it told quietly", r)
	}
	if err := c.Withdraw(t.Context(), "account/of an agent before"); err != nil || !slices.Contains(f.calls, "remove account/of an agent before") {
		t.Errorf("%v, %q, want it removed all the same", err, f.calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	want("after the end")
}

// What a person clicks is what the note said, also on one of an agent before.
func TestCenterClicks(t *testing.T) {
	note := accountNote("acme")
	many := summary([]Note{note, accountNote("b")})
	news := Note{ID: NoteID("acme"), Default: ActionShow}
	dumb := Note{ID: NoteID("acme")}
	for name, c := range map[string]struct {
		note   Note
		action string
		want   Activation
		none   bool
	}{
		"default":       {note: note, action: answerDefault, want: Activation{Account: "acme", Action: ActionReconnect, Note: note.ID}},
		"reconnect":     {note: note, action: "reconnect", want: Activation{Account: "acme", Action: ActionReconnect, Note: note.ID}},
		"later":         {note: note, action: "later", want: Activation{Account: "acme", Action: ActionLater, Note: note.ID}},
		"summary":       {note: many, action: answerDefault, want: Activation{Action: ActionReview, Note: SummaryID}},
		"review":        {note: many, action: "review", want: Activation{Action: ActionReview, Note: SummaryID}},
		"good news":     {note: news, action: answerDefault, want: Activation{Account: "acme", Action: ActionShow, Note: news.ID}},
		"nothing to do": {note: dumb, action: answerDefault, none: true},
		"no such":       {note: note, action: "settings", none: true},
		"half a word":   {note: note, action: "re", none: true},
		"empty":         {note: note, action: "", none: true},
	} {
		got, ok := centerClick(centerAnswer{c.note.ID, centerCategory(c.note), c.action})
		if ok == c.none || ok && got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, ok, c.want)
		}
	}
}

// A summary that the person has taken away does not come back when one of its
// accounts is done.
func TestCenterDismissedSummaryStaysAway(t *testing.T) {
	for _, action := range []string{answerDismiss, string(ActionReview)} {
		c, f := testCenter(allow)
		parts := []Note{{ID: "account/a", Title: "a"}, {ID: "account/b", Title: "b"}, {ID: "account/c", Title: "c"}}
		if err := c.Send(t.Context(), summary(parts)); err != nil {
			t.Fatal(err)
		}
		category := centerCategory(summary(parts))
		c.answered(t.Context(), centerAnswer{id: SummaryID, category: category, action: action})
		f.mu.Lock()
		delete(f.shown, SummaryID) // macOS takes it away by itself
		f.mu.Unlock()
		if err := c.Withdraw(t.Context(), "account/a"); err != nil {
			t.Fatal(err)
		}
		if len(f.shown) != 0 {
			t.Errorf("%s: shown again: %v", action, f.shown)
		}
	}
}

// Clicks arrive on a thread of the system's and are told from Run; Later and a
// dismissal leave nothing behind.
func TestCenterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := testCenter(allow)
		var clicks []Activation
		var closed []string
		c.cfg.OnActivate = func(a Activation) { clicks = append(clicks, a) }
		c.cfg.OnClosed = func(id string, reason uint32) {
			if reason != ClosedDismissed {
				t.Errorf("closed for %d", reason)
			}
			closed = append(closed, id)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		for _, id := range []string{"a", "b", "c"} {
			if err := c.Send(t.Context(), accountNote(id)); err != nil {
				t.Fatal(err)
			}
		}
		category := f.shown["account/a"].Category
		f.heard(centerAnswer{"account/a", category, "later"})
		f.heard(centerAnswer{"account/b", category, answerDismiss})
		f.heard(centerAnswer{"account/c", category, answerDefault})
		for range 100 {
			f.heard(centerAnswer{"account/c", "", "nonsense"}) // never blocks
		}
		synctest.Wait()
		if len(clicks) != 2 || clicks[0].Action != ActionLater || clicks[0].Account != "a" || clicks[1].Action != ActionReconnect || !slices.Equal(closed, []string{"account/b"}) {
			t.Errorf("clicked %+v, closed %q", clicks, closed)
		}
		if _, left := f.shown["account/a"]; left {
			t.Error("put off, and still there")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if last := f.calls[len(f.calls)-1]; last != "remove account/c" {
			t.Errorf("at the end: %q, want what still stands removed", last)
		}
	})
}

// The person is asked with the first note, once; until they have answered the
// fallback shows notes, and what they refused no other way shows.
func TestCenterAsks(t *testing.T) {
	c, f := testCenter(centerRights{})
	second := &half{}
	fb := &fallback{first: c, second: second, log: c.cfg.Log}
	off := func() string {
		t.Helper()
		a, err := fb.Abilities(t.Context())
		if err != nil || !a.Actions {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.Off
	}
	if got := off(); got != "" || slices.Contains(f.calls, "ask") {
		t.Errorf("before the first note: off %q, calls %q", got, f.calls)
	}
	for range 2 {
		if err := fb.Send(t.Context(), accountNote("a")); err != nil {
			t.Fatal(err)
		}
	}
	if got := off(); second.sent != 2 || !slices.Equal(f.calls, []string{"start", "ask"}) || !strings.Contains(got, "waits for your answer") {
		t.Errorf("unanswered: the fallback sent %d, calls %q, off %q", second.sent, f.calls, got)
	}
	f.rights = centerRights{status: rightsDenied}
	if err := fb.Send(t.Context(), accountNote("a")); err != nil || second.sent != 2 || len(f.shown) != 0 || !strings.Contains(off(), "switched off; ") {
		t.Errorf("refused: %v, the fallback sent %d, shown %v, off %q", err, second.sent, f.shown, off())
	}
	f.rights = centerRights{status: 2, style: styleNone}
	if err := fb.Send(t.Context(), accountNote("a")); err != nil || second.sent != 2 || len(f.shown) != 1 || !strings.Contains(off(), "only lists") {
		t.Errorf("without a style: %v, off %q", err, off())
	}
	f.rights = allow
	if a, _ := fb.Abilities(t.Context()); a.Off != "" || !a.Persistence {
		t.Errorf("allowed: %+v", a)
	}
}

// Where there is no bundle, or macOS refuses, the fallback has the note.
func TestCenterFallsBack(t *testing.T) {
	refused := errors.New("UNErrorDomain 1")
	for name, f := range map[string]struct {
		links     func() error
		unbundled error
		broken    error
		actions   bool
	}{
		"another Relink's": {links: nil},
		"no links":         {links: func() error { return errors.New("only a bundle") }},
		"no bundle":        {links: fine, unbundled: errors.New("no bundle")},
		"macOS refuses":    {links: fine, broken: refused, actions: true},
	} {
		c, system := testCenter(allow)
		c.cfg.Links, system.unbundled, system.broken = f.links, f.unbundled, f.broken
		second := &half{}
		fb := &fallback{first: c, second: second, log: c.cfg.Log}
		if err := fb.Send(t.Context(), accountNote("a")); err != nil || second.sent != 1 {
			t.Errorf("%s: %v, the fallback sent %d", name, err, second.sent)
		}
		if err := fb.Withdraw(t.Context(), "account/a"); err != nil {
			t.Errorf("%s: withdraw: %v", name, err)
		}
		if a, err := fb.Abilities(t.Context()); err != nil || a.Actions != f.actions || a.Name == "" {
			t.Errorf("%s: abilities %+v, %v", name, a, err)
		}
	}
}

// What names hold is text that a C string can carry.
func TestCenterNote(t *testing.T) {
	n := accountNote("acme")
	n.Title, n.Body, n.Urgency = "A\x00B\xff", "line\nなまえ", UrgencyNormal
	if r := centerNote(n, false); r.Title != "AB\ufffd" || r.Body != n.Body || r.ID != n.ID || len(r.Buttons) != 2 || !r.Sound || r.Passive {
		t.Errorf("got %+v", r)
	}
	if r := centerNote(Note{ID: "x", Urgency: UrgencyLow}, false); r.Sound || !r.Passive || r.Category != "" {
		t.Errorf("good news: got %+v", r)
	}
}

// Buttons in other words are another category, or macOS would show the old
// words; and what is said about a refusal keeps its two halves in every language.
func TestCenterLanguages(t *testing.T) {
	defer platform.SetCatalogue(nil)
	files, err := filepath.Glob("../assets/lang/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogues: %v", err)
	}
	refusals := []centerRights{{status: rightsDenied}, {}, {status: 2}}
	platform.SetCatalogue(nil)
	english := map[string]bool{}
	for _, l := range refusals {
		text, _ := platform.Halves(centerOff(l, true))
		english[text] = true
	}
	seen := map[string]bool{}
	for _, file := range append(files, "") {
		platform.SetCatalogue(nil)
		if file != "" {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c platform.Catalogue
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Fatal(err)
			}
			platform.SetCatalogue(&c)
			for english, said := range c.Sentences {
				// [Abilities.Off] is parted by [platform.Halves], on every system.
				is := func(part string) bool { return strings.Contains(english, part) }
				off := slices.ContainsFunc([]string{"otifications are switched off", "Do Not Disturb is on", "is paused; ", " only lists ", " waits for your answer "}, is)
				if text, repair := platform.Halves(said); off && strings.Contains(english, "; ") && (text == "" || repair == "") {
					t.Errorf("%s: %q is no longer in two halves: %q", file, english, said)
				}
			}
		}
		n := Connected(platform.Account{ID: "a"}, platform.Status{}, time.Now(), time.UTC)
		w := Waiting(platform.Account{ID: "a"}, platform.Status{}, "x")
		if centerCategory(n) != "show" || seen[centerCategory(w)] {
			t.Errorf("%s: categories %q and %q", file, centerCategory(n), centerCategory(w))
		}
		seen[centerCategory(w)] = true
		if a, ok := centerClick(centerAnswer{w.ID, centerCategory(w), "later"}); !ok || a.Action != ActionLater {
			t.Errorf("%s: got %+v, %v for Later", file, a, ok)
		}
		for _, l := range refusals {
			if text, repair := platform.Halves(centerOff(l, true)); text == "" || repair == "" || english[text] != (file == "") {
				t.Errorf("%s: %+v: got %q; %q", file, l, text, repair)
			}
		}
	}
}
