package notifier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

// What broke in programs like this one, and the test that keeps it from breaking here:
//
//	two notices for one event             TestPlan "expired, then revoked"; agent: TestSilentRefreshSaysNothingTwice
//	a notice that was closed comes back   TestClosedNoteStaysClosed; agent: TestClosedNoteComesBackWithNoRestart
//	a notice the moment it is started     TestPlan "first minute"; agent: TestNothingIsSaidInTheFirstMinute
//	a button acts on news of hours ago    agent: TestOldNoteIsCheckedBeforeItsButtonActs
//	mended elsewhere, and still shown     TestWithdrawn, TestXfce; agent: TestNoticesSayWhatBecame, TestNoticeOfManyIsWithdrawnWithTheLast
//	a short life is warned of at birth    TestPlan "short: …", TestPlanDays
//	"ends in -1 day"                      TestSpansAreNeverNegative, TestPlanDays
//	the wrong platform is named           TestNotesNameTheirPlatform
//	500 accounts make 500 notices         TestFiveHundredAtOnceAreOneNote, BenchmarkPlan

func TestClosedNoteStaysClosed(t *testing.T) {
	d := newDesk(t, false)
	first := d.record("actions", "body")
	s, _, closed := d.sender(Config{})
	send(t, s, ended("a", "LinkedIn · acme: expired"))
	a := first.last(t).id
	send(t, s, ended("b", "Facebook · acme: expired"))
	first.emit(t, "NotificationClosed", a, uint32(2))
	if id := get(t, "closed", closed); id != NoteID("a") {
		t.Fatalf("closed %s", id)
	}
	// Another server is given what still stands, and no more.
	if _, err := first.conn.ReleaseName(noteName); err != nil {
		t.Fatal(err)
	}
	second := d.record("actions", "body")
	eventually(t, "shown again", func() bool { return second.count() == 1 })
	time.Sleep(50 * time.Millisecond)
	if second.count() != 1 || second.last(t).Summary != "Facebook · acme: expired" {
		t.Errorf("%d shown again, the last %q, want b alone", second.count(), second.last(t).Summary)
	}
}

func TestSpansAreNeverNegative(t *testing.T) {
	for _, left := range []time.Duration{-40 * day, -time.Hour, -time.Second, 0, time.Second, 59 * time.Minute, 7 * day} {
		s := ending("a", left, 60*day)
		for _, state := range []platform.State{platform.StateConnected, platform.StateExpiring, platform.StateExpired, platform.StateDormant, platform.StateRevoked} {
			for _, n := range Plan([]Subject{s.in(state)}, base, Rules{Location: time.UTC}).Notes {
				if text := n.Title + " " + n.Body; strings.Contains(text, "-") {
					t.Errorf("%v left, %s: %q", left, state, text)
				}
				if !n.Resident && left <= 0 {
					t.Errorf("%v left, %s: %q is no warning any more", left, state, n.Title)
				}
			}
		}
	}
}

func TestNotesNameTheirPlatform(t *testing.T) {
	for _, p := range platform.All() {
		for _, state := range []platform.State{platform.StateExpiring, platform.StateExpired, platform.StateRevoked} {
			s := ending("acme", day, 60*day).in(state)
			s.Account.Platform, s.Status.Deadline.Source = p.ID, platform.SourceAssumed
			n := Plan([]Subject{s}, base, Rules{Location: time.UTC}).Notes[0]
			if !strings.HasPrefix(n.Title, p.Name+" · ") {
				t.Errorf("%s, %s: the title is %q", p.ID, state, n.Title)
			}
			for _, other := range platform.All() {
				if !strings.Contains(p.Name, other.Name) && strings.Contains(n.Title+n.Body, other.Name+" ") {
					t.Errorf("%s, %s: %q names %s", p.ID, state, n.Title+" "+n.Body, other.Name)
				}
			}
		}
	}
}

func TestFiveHundredAtOnceAreOneNote(t *testing.T) {
	var all []Subject
	for i := range 500 {
		// Connected one after the other, within the hour.
		all = append(all, ending(fmt.Sprintf("a%03d", i), 7*day+time.Duration(i)*7*time.Second, 60*day))
	}
	d := Plan(all, base, Rules{Location: time.UTC})
	if len(d.Notes) != 1 || len(d.Notes[0].Accounts) != 500 || d.Notes[0].Title != "500 accounts end soon" {
		t.Fatalf("%d notes, the first %q", len(d.Notes), d.Notes[0].Title)
	}
	if lines := strings.Count(d.Notes[0].Body, "\n"); lines > 5 {
		t.Errorf("%d lines", lines+1)
	}
}
