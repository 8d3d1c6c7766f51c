package notifier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestUrgent(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		event   Event
		depends int
		first   time.Time
		want    bool
	}{
		{"a post tomorrow morning", EventExpired, 1, now.Add(20 * time.Hour), true},
		{"a post in 24 h sharp", EventExpired, 1, now.Add(24 * time.Hour), true},
		{"a post next week", EventExpired, 1, now.Add(7 * day), false},
		{"a post that is late", EventExpired, 1, now.Add(-time.Hour), true},
		{"a script", EventExpired, 1, time.Time{}, true},
		{"nobody needs it", EventExpired, 0, time.Time{}, false},
		{"it has not ended", EventExpiring, 3, now.Add(time.Hour), false},
		{"its platform is away", EventUnreachable, 3, now.Add(time.Hour), false},
	}
	for _, tt := range tests {
		if got := Urgent(tt.event, tt.depends, tt.first, now); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func TestDigestAt(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("skipped: needs the time zone database")
	}
	at := func(d, h, m int) time.Time { return time.Date(2026, 10, d, h, m, 0, 0, loc) }
	long := at(1, 0, 0)
	tests := []struct {
		name             string
		now, last, awake time.Time
		want             time.Time
	}{
		{"before the hour", at(20, 7, 30), at(19, 9, 1), long, at(20, 9, 0)},
		{"after the hour", at(20, 15, 0), time.Time{}, long, at(21, 9, 0)},
		{"with the hour", at(20, 9, 0), at(19, 9, 1), long, at(20, 9, 1)},
		{"with the hour, but the day's is out", at(20, 9, 5), at(20, 9, 1), long, at(21, 9, 0)},
		{"the hour was slept through", at(20, 11, 0), at(19, 9, 1), at(20, 10, 58), at(20, 11, 1)},
		{"slept through, but the day's is out", at(20, 11, 0), at(20, 9, 1), at(20, 10, 58), at(21, 9, 0)},
		{"long awake after it", at(20, 15, 0), at(19, 9, 1), at(20, 10, 58), at(21, 9, 0)},
		{"over the end of summer time", at(24, 15, 0), time.Time{}, long, at(25, 9, 0)},
		{"a last one in the future is a wrong clock's", at(20, 9, 0), at(25, 9, 0), long, at(20, 9, 1)},
	}
	for _, tt := range tests {
		if got := DigestAt(tt.now, 9, loc, tt.last, tt.awake); !got.Equal(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestStill(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	end := now.Add(3 * day)
	clock := func(at time.Time) platform.Clock {
		return platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: at}
	}
	expiring := platform.Status{Generation: 1, State: platform.StateExpiring, Deadline: clock(end)}
	with := func(change func(*platform.Status)) platform.Status {
		s := expiring
		change(&s)
		return s
	}
	tests := []struct {
		name  string
		muted bool
		s     platform.Status
		want  bool
	}{
		{"as it was", false, expiring, true},
		{"muted since", true, expiring, false},
		{"ended since", false, with(func(s *platform.Status) { s.State = platform.StateExpired }), true},
		{"revoked since", false, with(func(s *platform.Status) { s.State, s.Deadline = platform.StateRevoked, platform.Clock{} }), true},
		{"reconnected", false, with(func(s *platform.Status) {
			s.Generation, s.State, s.Deadline = 2, platform.StateConnected, clock(end.Add(60*day))
		}), false},
		{"reconnected for a short time", false, with(func(s *platform.Status) { s.Generation, s.Deadline = 2, clock(end.Add(2*day)) }), false},
		{"renewed, with the same end", false, with(func(s *platform.Status) { s.Generation = 2 }), true},
		{"found to end later", false, with(func(s *platform.Status) { s.Deadline = clock(end.Add(2 * day)) }), false},
	}
	for _, tt := range tests {
		if got := Still(1, end, platform.Account{Muted: tt.muted}, tt.s); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func newsOf(i int, left time.Duration, now time.Time) News {
	acc := platform.Account{ID: fmt.Sprintf("acc%07d", i), Platform: "linkedin", ProviderID: fmt.Sprint(i), Alias: fmt.Sprintf("a%03d", i), Name: fmt.Sprintf("Client %d", i)}
	g := platform.Grant{Account: acc.ID, Generation: 1, Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(left), Since: now.Add(left - 60*day)}}}
	n := News{Event: EventExpiring, Account: acc, Status: platform.Assess(acc, g, now), At: now}
	if left <= 0 {
		n.Event = EventExpired
	}
	return n
}

func TestDigest(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	one := testNews()
	l := Digest("me@example.com", []News{one}, now.Add(3*time.Hour), time.UTC, "desk")
	if l.Subject != "LinkedIn acme ends in 3 days" || l.Urgent {
		t.Errorf("got %q", l.Subject)
	}
	for _, want := range []string{
		"Fri 27 Nov, 12:00", "4 scheduled posts or scripts depend on it.", "Reconnect: relink://reconnect/linkedin/acme\n", "relink reconnect linkedin/acme\n",
		"The links work on desk, ", "From another machine: ", "LinkedIn · Acme <Inc>.",
	} {
		if !strings.Contains(l.Text, want) {
			t.Errorf("%q is not in\n%s", want, l.Text)
		}
	}
	for _, want := range []string{`<a href="relink://reconnect/linkedin/acme">Reconnect</a>`, "LinkedIn · Acme &lt;Inc&gt;."} {
		if !strings.Contains(l.HTML, want) {
			t.Errorf("%q is not in\n%s", want, l.HTML)
		}
	}
	if strings.Contains(l.Text+l.HTML+l.Subject, hush) || strings.Contains(l.Text+l.HTML, "\u202e") {
		t.Error("a secret or a control character is in it")
	}

	// What has ended, and what others need, comes first.
	many := []News{newsOf(1, 2*day, now), newsOf(2, -time.Hour, now), newsOf(3, 6*day, now)}
	if l := Digest("me@example.com", many, now, time.UTC, ""); l.Subject != "LinkedIn a002 has expired, and 2 more accounts end soon" || !l.Urgent {
		t.Errorf("got %q", l.Subject)
	}
	many[2].Depends = 1
	if l := Digest("me@example.com", many, now, time.UTC, ""); l.Subject != "LinkedIn a003 ends in 6 days, and 2 more accounts need you" {
		t.Errorf("got %q", l.Subject)
	}
	if l := Digest("me@example.com", many[:2], now, time.UTC, ""); l.Subject != "LinkedIn a002 has expired, and 1 more account ends soon" {
		t.Errorf("got %q", l.Subject)
	}
	var crowd []News
	for i := range 500 {
		crowd = append(crowd, newsOf(i, 3*day, now))
	}
	l = Digest("me@example.com", crowd, now, time.UTC, "desk")
	for i := range crowd {
		if ref := crowd[i].Account.Ref(); !strings.Contains(l.Text, ref) || !strings.Contains(l.HTML, ref) {
			t.Errorf("%s is not in it", ref)
		}
	}
	if l.Subject != "LinkedIn a000 ends in 3 days, and 499 more accounts end soon" || len(l.Text) > 60_000 {
		t.Errorf("got %q and %d bytes", l.Subject, len(l.Text))
	}
	again, other := Digest("me@example.com", crowd, now, time.UTC, "desk"), Digest("you@example.com", crowd, now, time.UTC, "desk")
	if l.ID != again.ID || l.ID == other.ID || l.ID == Digest("me@example.com", crowd, now.Add(day), time.UTC, "").ID {
		t.Error("the ID does not follow what is said, to whom and on which day")
	}
}
