package notifier

import (
	"context"
	"encoding/xml"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

// pinboard is a board that keeps what hangs on it.
type pinboard struct {
	shown map[string]string // documents by tag
	calls []string
	why   string
	err   error
	hang  chan struct{} // show waits for it, where there is one
}

func (p *pinboard) show(tag, document string, quietly bool) error {
	if p.hang != nil {
		<-p.hang
	}
	if p.err != nil {
		return p.err
	}
	how := "show "
	if quietly {
		how = "quietly "
	}
	p.calls = append(p.calls, how+tag)
	p.shown[tag] = document
	return nil
}

func (p *pinboard) remove(tag string) error {
	p.calls = append(p.calls, "remove "+tag)
	delete(p.shown, tag)
	return p.err
}

func (p *pinboard) off() (string, error) { return p.why, p.err }

var toastMarks = Marks{Key: []byte("0123456789abcdef0123456789abcdef")}

func testToast(links func() error) (*toast, *pinboard) {
	p := &pinboard{shown: map[string]string{}}
	t := newToast(Config{Marks: toastMarks, Links: links}, p)
	t.now = func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	return t, p
}

func fine() error { return nil }

// parsedToast is a toast as an XML parser reads it.
type parsedToast struct {
	Type     string   `xml:"activationType,attr"`
	Launch   string   `xml:"launch,attr"`
	Scenario string   `xml:"scenario,attr"`
	Duration string   `xml:"duration,attr"`
	Text     []string `xml:"visual>binding>text"`
	Audio    *struct {
		Silent bool `xml:"silent,attr"`
	} `xml:"audio"`
	Actions []struct {
		Type      string `xml:"activationType,attr"`
		Content   string `xml:"content,attr"`
		Arguments string `xml:"arguments,attr"`
	} `xml:"actions>action"`
}

func parseToast(t *testing.T, document string) (p parsedToast) {
	t.Helper()
	if err := xml.Unmarshal([]byte(document), &p); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return p
}

func accountNote(id string) Note {
	return Note{ID: NoteID(id), Accounts: []string{id}, Title: id, Default: ActionReconnect, Buttons: []Button{{ActionReconnect, labelReconnect}, {ActionLater, labelLater}}}
}

// What names hold is text, never markup, and every button is our own link.
func TestToastXML(t *testing.T) {
	n := accountNote("acme")
	n.Title, n.Body, n.Urgency, n.Resident = `A&B <toast launch="calc.exe"> "'`, "]]>\nline\x00\x1b two", UrgencyCritical, true
	ts, board := testToast(fine)
	if err := ts.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	p := parseToast(t, board.shown["account/acme"])
	if len(p.Text) != 2 || p.Text[0] != n.Title || p.Text[1] != "]]>\nline\ufffd\ufffd two" || p.Type != "protocol" || p.Scenario != "reminder" || p.Duration != "long" || p.Audio != nil {
		t.Errorf("got %+v", p)
	}
	links := map[string]Action{p.Launch: ActionReconnect, p.Actions[0].Arguments: ActionReconnect, p.Actions[1].Arguments: ActionLater}
	for link, action := range links {
		target, err := ParseLink(link)
		if err != nil || target.Action != action || target.Account != "acme" || target.Note != n.ID || !toastMarks.Genuine(target, ts.now()) {
			t.Errorf("%s: got %+v, %v, want a genuine %s", link, target, err, action)
		}
	}
	if p.Actions[0].Content != labelReconnect || p.Actions[0].Type != "protocol" {
		t.Errorf("got %+v", p.Actions)
	}

	quiet := parseToast(t, toastXML(Note{ID: "x", Title: "is connected", Urgency: UrgencyLow, Resident: true}, func(Action) string { return "" }))
	if quiet.Audio == nil || !quiet.Audio.Silent || quiet.Scenario != "" || quiet.Launch != "" || quiet.Actions != nil {
		t.Errorf("without buttons: got %+v", quiet)
	}
	many := Note{Buttons: slices.Repeat([]Button{{ActionShow, "x"}}, 9)}
	if got := parseToast(t, toastXML(many, func(Action) string { return "" })); len(got.Actions) != buttonsMost {
		t.Errorf("%d buttons, want %d", len(got.Actions), buttonsMost)
	}
	if tag := toastTag(NoteID(strings.Repeat("x", 80))); len(tag) != 64 {
		t.Errorf("a tag of %d characters", len(tag))
	}
}

// A note replaces its like, a summary those of its accounts, and one that is
// fixed leaves the summary.
func TestToastReplacesAndWithdraws(t *testing.T) {
	ts, board := testToast(fine)
	a, b, c := accountNote("a"), accountNote("b"), accountNote("c")
	want := func(what string, tags ...string) {
		t.Helper()
		if got := slices.Sorted(maps.Keys(board.shown)); !slices.Equal(got, tags) {
			t.Errorf("%s: %q are shown, want %q", what, got, tags)
		}
	}
	send := func(n Note) {
		t.Helper()
		if err := ts.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	withdraw := func(id string) {
		t.Helper()
		if err := ts.Withdraw(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	send(a)
	a.Title = "a again"
	send(a)
	want("twice", "account/a")
	if got := parseToast(t, board.shown["account/a"]).Text[0]; got != "a again" {
		t.Errorf("got %q", got)
	}
	send(summary([]Note{a, b, c}))
	want("summary", SummaryID)
	if target, err := ParseLink(parseToast(t, board.shown[SummaryID]).Launch); err != nil || target.Action != ActionReview {
		t.Errorf("summary: got %+v, %v, want to review", target, err)
	}
	before := len(board.calls)
	withdraw(b.ID)
	if got := board.calls[before:]; !slices.Equal(got, []string{"remove account/b", "quietly summary"}) {
		t.Errorf("b is fixed: got %q", got)
	}
	send(c)
	want("c has its own", "account/c", SummaryID)
	withdraw(a.ID)
	want("a is fixed", "account/c")
	withdraw(c.ID)
	want("c is fixed")
	withdraw("account/shown by an agent before")
	if got := board.calls[len(board.calls)-1]; got != "remove account/shown by an agent before" {
		t.Errorf("got %q, want it removed all the same", got)
	}
}

// Where a button would lead nowhere, or Windows refuses, the fallback has the note.
func TestToastFallsBack(t *testing.T) {
	n := accountNote("a")
	broken := errors.New("0x803E0105")
	foreign := &platform.Error{Kind: platform.KindUsage, Message: "no links", Repair: "none"}
	for name, c := range map[string]struct {
		links func() error
		marks Marks
		err   error
		want  error
	}{
		"no links":         {nil, toastMarks, nil, nil},
		"no marks":         {fine, Marks{}, nil, nil},
		"links refused":    {func() error { return foreign }, toastMarks, nil, foreign},
		"Windows refuses":  {fine, toastMarks, broken, broken},
		"Windows and link": {func() error { return foreign }, toastMarks, broken, foreign},
	} {
		ts, board := testToast(c.links)
		ts.cfg.Marks, board.err = c.marks, c.err
		second := &half{}
		f := &fallback{first: ts, second: second, log: ts.cfg.Log}
		if err := f.Send(t.Context(), n); err != nil || second.sent != 1 || len(board.shown) != 0 {
			t.Errorf("%s: %v, the fallback sent %d, %d toasts", name, err, second.sent, len(board.shown))
		}
		if err := ts.Send(t.Context(), n); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if a, err := f.Abilities(t.Context()); err != nil || a.Actions || a.Name == "" {
			t.Errorf("%s: abilities %+v, %v, want none", name, a, err)
		}
	}
	asked := 0
	ts, board := testToast(func() error { asked++; return nil })
	board.why = "switched off; switch it on"
	for range 3 {
		if err := ts.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := ts.Abilities(t.Context()); err != nil || !a.Actions || !a.Persistence || a.Off != board.why || asked != 1 {
		t.Errorf("got %+v, %v, asked for the links %d times, want once", a, err, asked)
	}
}

// A call that never returns costs a deadline, and the notes after it too.
func TestToastHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, board := testToast(fine)
		board.hang = make(chan struct{})
		start := time.Now()
		for range 2 {
			if err := ts.Send(t.Context(), accountNote("a")); platform.KindOf(err) != platform.KindConfig {
				t.Errorf("got %v, want that it was not shown", err)
			}
		}
		if took := time.Since(start); took != 2*pinnedDeadline {
			t.Errorf("took %v, want %v", took, 2*pinnedDeadline)
		}
		close(board.hang)
		synctest.Wait()
		if err := ts.Send(context.Background(), accountNote("a")); err != nil {
			t.Errorf("after the hang: %v", err)
		}
	})
}
