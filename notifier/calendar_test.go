package notifier

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"relink/platform"
)

// TestCalendar has the calendar read back by somebody else's parser.
func TestCalendar(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	list := []News{newsOf(1, 3*day, now), newsOf(2, -time.Hour, now), newsOf(3, 60*day, now)}
	list[0].Account.Name = "Bäckerei; Öl, Wein \\ Käse\nund\u202e “Sohn” 🥐🥐🥐🥐🥐🥐🥐🥐🥐🥐"
	list[0].Account.Alias = strings.Repeat("ä🥐", 40)
	never := News{Account: platform.Account{ID: "never", Platform: "mastodon", Alias: "n"}, Status: platform.Status{Deadline: platform.Clock{Source: platform.SourceNever}}}
	text := Calendar(append(list, never), now)

	for n, line := range strings.SplitAfter(text, "\r\n") {
		if len(line) > 77 || line != "" && !strings.HasSuffix(line, "\r\n") || strings.ContainsAny(strings.TrimSuffix(line, "\r\n"), "\r\n") || !utf8.ValidString(line) {
			t.Errorf("line %d is %q", n, line)
		}
	}
	cal, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(cal.Events()) != 3 {
		t.Fatalf("got %d events, want those that end", len(cal.Events()))
	}
	byID := map[string]*ics.VEvent{}
	for _, e := range cal.Events() {
		byID[e.Id()] = e
		if at, err := e.GetDtStampTime(); err != nil || !at.Equal(now) {
			t.Errorf("%s: got DTSTAMP %v, %v", e.Id(), at, err)
		}
	}
	for _, n := range list {
		e := byID[n.Account.ID+"-access@relink"]
		if e == nil {
			t.Errorf("%s is missing", n.Account.ID)
			continue
		}
		if at, err := e.GetStartAt(); err != nil || !at.Equal(n.Status.Deadline.At) {
			t.Errorf("got %v, %v, want %v", at, err, n.Status.Deadline.At)
		}
		verb := " ends"
		if n.Event == EventExpired {
			verb = " has ended"
		}
		if got := ics.FromText(e.GetProperty(ics.ComponentPropertySummary).Value); got != shortName(n.Account)+verb {
			t.Errorf("got %q", got)
		}
		if got := ics.FromText(e.GetProperty(ics.ComponentPropertyDescription).Value); !strings.HasPrefix(got, clean(n.Account.Title())+"\n") || !strings.HasSuffix(got, "relink reconnect "+n.Account.Ref()) {
			t.Errorf("got %q", got)
		}
	}
	// Its own writer makes something that reads the same.
	var back bytes.Buffer
	if err := cal.SerializeTo(&back); err != nil {
		t.Fatal(err)
	}
	if again, err := ics.ParseCalendar(&back); err != nil || len(again.Events()) != 3 {
		t.Errorf("got %v", err)
	}

	if later := Calendar(list, now.Add(time.Minute)); !SameCalendar(text, later) || text == later {
		t.Error("the same deadlines, written later, are something else")
	}
	moved := Calendar([]News{list[0], list[1], newsOf(3, 61*day, now)}, now)
	if SameCalendar(text, moved) || SameCalendar(text, "") || SameCalendar(text, text+"x") {
		t.Error("another deadline is the same")
	}
	if !strings.Contains(moved, "UID:"+list[2].Account.ID+"-access@relink\r\n") {
		t.Error("a new end gave the event another UID")
	}
}

func FuzzCalendarLine(f *testing.F) {
	f.Add("plain")
	f.Add(strings.Repeat("ä", 200) + ";,\\\n\r\x00")
	f.Fuzz(func(t *testing.T, s string) {
		var c calendar
		c.line("SUMMARY", escapeText(s))
		text := c.String()
		for _, line := range strings.SplitAfter(text, "\r\n") {
			if len(line) > 77 || !utf8.ValidString(line) {
				t.Errorf("%q is too long or broken", line)
			}
		}
		plain := strings.ReplaceAll(strings.TrimSuffix(text, "\r\n"), "\r\n ", "")
		if plain != "SUMMARY:"+escapeText(s) || strings.ContainsAny(plain, "\r\n") {
			t.Errorf("got %q", plain)
		}
	})
}

func BenchmarkCalendar1000(b *testing.B) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	var list []News
	for i := range 1000 {
		list = append(list, newsOf(i, time.Duration(i)*time.Hour+day, now))
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(Calendar(list, now)) < 1000 {
			b.Fatal("a deadline is missing")
		}
	}
}
