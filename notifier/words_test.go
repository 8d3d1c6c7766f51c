package notifier

import (
	"errors"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestWords(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 10, 30, 0, time.UTC)
	account := platform.Account{ID: "1", Platform: "linkedin", Alias: "acme", ProviderID: "7"}
	works := func(works bool, list ...platform.Capability) (out []platform.CapabilityStatus) {
		for _, c := range list {
			out = append(out, platform.CapabilityStatus{Capability: c, Works: works})
		}
		return out
	}
	clock := func(left time.Duration, source platform.Source) platform.Clock {
		return platform.Clock{Kind: platform.ClockAccess, Source: source, At: now.Add(left)}
	}
	for name, c := range map[string]struct {
		subject     Subject
		step        Step
		title, body string
	}{
		"days": {
			Subject{Status: platform.Status{State: platform.StateExpiring, Deadline: clock(3*day-30*time.Second, platform.SourceProvider), Capabilities: works(true, platform.Publish, platform.Analytics, platform.Inbox)}}, w3,
			"LinkedIn · acme ends in 3 days", "Publishing, analytics and inbox stop on Wed 25 Nov, 14:10.",
		},
		"one capability, assumed": {
			Subject{Status: platform.Status{State: platform.StateExpiring, Deadline: clock(day-2*time.Minute, platform.SourceAssumed), Capabilities: works(true, platform.Publish)}}, w1,
			"LinkedIn · acme ends in 1 day", "Publishing stops on Mon 23 Nov, 14:08 (assumed: LinkedIn did not say).",
		},
		"hours, one post": {
			Subject{Depends: 1, Status: platform.Status{State: platform.StateExpiring, Deadline: clock(90*time.Minute, platform.SourceProvider), Capabilities: works(true, platform.Inbox)}}, w1,
			"LinkedIn · acme ends in 1 hour", "Inbox stops on Sun 22 Nov, 15:40. 1 scheduled post or script depends on it.",
		},
		"own rule": {
			Subject{Status: platform.Status{State: platform.StateExpiring, Deadline: platform.Clock{Kind: platform.ClockInactivity, Source: platform.SourceRule, At: now.Add(7 * day)}, Capabilities: works(true, platform.Publish)}}, w7,
			"LinkedIn · acme ends in 7 days", "Publishing stops on Sun 29 Nov, 14:10. Nobody has used it for a long time; sign in again to keep it, or change the rule in Settings.",
		},
		"no capability known": {
			Subject{Status: platform.Status{State: platform.StateExpiring, Deadline: clock(7*day, platform.SourceProvider)}}, w7,
			"LinkedIn · acme ends in 7 days", "Access stops on Sun 29 Nov, 14:10.",
		},
		"expired": {
			Subject{Depends: 4, Status: platform.Status{State: platform.StateExpired, Reason: "access", Deadline: clock(-time.Hour, platform.SourceProvider), Capabilities: works(false, platform.Publish, platform.Inbox)}}, StepExpired,
			"LinkedIn · acme: expired", "Publishing and inbox stopped on Sun 22 Nov, 13:10. The access token has ended. 4 scheduled posts or scripts depend on it.",
		},
		"expired, again": {
			Subject{Status: platform.Status{State: platform.StateExpired, Reason: "access", Deadline: clock(-400*day, platform.SourceProvider), Capabilities: works(false, platform.Analytics)}}, "again-2",
			"LinkedIn · acme: still expired", "Analytics stopped on Sat 18 Oct 2025, 14:10. The access token has ended.",
		},
		"revoked": {
			Subject{Status: platform.Status{State: platform.StateRevoked, Reason: "65601", Deadline: clock(30*day, platform.SourceProvider), Capabilities: works(false, platform.Publish)}}, "state-revoked",
			"LinkedIn · acme: disconnected", "Publishing has stopped. LinkedIn says that the permission was withdrawn or replaced.",
		},
		"unfinished": {
			Subject{Status: platform.Status{State: platform.StateUnfinished, Reason: "no_choice", Capabilities: works(false, platform.Publish, platform.Inbox)}}, "state-unfinished",
			"LinkedIn · acme: not finished", "Publishing and inbox do not work yet. Signed in, but no page was chosen.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.subject.Account = account
			p := part{&c.subject, verdict{step: c.step, ended: c.subject.Status.State.NeedsPerson()}}
			n := p.note(now, &Rules{Location: time.UTC})
			if n.Title != c.title || n.Body != c.body {
				t.Errorf("got  %q\n     %q\nwant %q\n     %q", n.Title, n.Body, c.title, c.body)
			}
		})
	}
}

func TestSummaryWords(t *testing.T) {
	bad, soon := Note{Title: "a: expired", Resident: true}, Note{Title: "b ends in 3 days"}
	for want, parts := range map[string][]Note{
		"3 accounts need you|a: expired\na: expired\na: expired":                                                            {bad, bad, bad},
		"1 account needs you|a: expired":                                                                                    {bad},
		"4 accounts end soon|b ends in 3 days\nb ends in 3 days\nb ends in 3 days\nb ends in 3 days":                        {soon, soon, soon, soon},
		"1 account needs you, 2 more end soon|a: expired\nb ends in 3 days\nb ends in 3 days":                               {bad, soon, soon},
		"2 accounts need you, 1 more ends soon|a: expired\na: expired\nb ends in 3 days":                                    {bad, bad, soon},
		"1 account needs you, 5 more end soon|a: expired\nb ends in 3 days\nb ends in 3 days\nb ends in 3 days\nand 2 more": {bad, soon, soon, soon, soon, soon},
	} {
		n := summary(parts)
		if got := n.Title + "|" + n.Body; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOtherNotes(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 10, 0, 0, time.UTC)
	a := platform.Account{ID: "1", Platform: "linkedin", Alias: "acme"}
	until := func(t time.Time) platform.Status {
		return platform.Status{State: platform.StateConnected, Deadline: platform.Clock{Source: platform.SourceProvider, At: t}}
	}
	failed := func(message, repair string) Note {
		return Failed(a, &platform.Error{Message: message, Repair: repair, Again: strings.HasPrefix(repair, "sign "), Err: errors.New("raw")})
	}
	limited := until(now.Add(60 * day))
	limited.State = platform.StateLimited
	limited.Capabilities = []platform.CapabilityStatus{{Capability: platform.Publish, Works: true}, {Capability: platform.Inbox}}
	for want, n := range map[string]Note{
		"LinkedIn · acme is connected|Until 22 December.":                                                          Connected(a, until(now.Add(30*day)), now, time.UTC),
		"LinkedIn · acme is connected|Until 21 January 2027.":                                                      Connected(a, until(now.Add(60*day)), now, time.UTC),
		"LinkedIn · acme is connected|It does not expire.":                                                         Connected(a, platform.Status{Deadline: platform.Clock{Source: platform.SourceNever}}, now, time.UTC),
		"LinkedIn · acme is connected|":                                                                            Connected(a, platform.Status{State: platform.StateUnverified}, now, nil),
		"LinkedIn · acme is connected|Until 21 January 2027. Inbox does not work: the permission was not granted.": Connected(a, limited, now, time.UTC),
		"post.py is waiting for LinkedIn · acme|It gets no token until you reconnect. The access token has ended.": Waiting(a, platform.Status{State: platform.StateExpired, Reason: "access"}, "post.py"),
		"LinkedIn · acme was not reconnected|The browser did not come back in time. Check the network.":            failed("the browser did not come back in time", "check the network"),
		"LinkedIn · acme was not reconnected|You signed in as Bob. This account is Acme. Nothing was changed.":     failed("You signed in as Bob. This account is Acme. Nothing was changed", "sign out there, then sign in for Acme: relink reconnect linkedin/acme"),
		"LinkedIn · acme was not reconnected|LinkedIn refused the sign-in. Check the app's redirect address.":      failed("LinkedIn refused the sign-in", "check the app's redirect address, then: relink reconnect linkedin/acme"),
	} {
		if got := n.Title + "|" + n.Body; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if n.ID != NoteID("1") || len(n.Accounts) != 1 {
			t.Errorf("note %q is %q about %v, want the account's", n.Title, n.ID, n.Accounts)
		}
	}
	if n := Connected(a, limited, now, nil); n.Urgency != UrgencyLow || n.Resident || len(n.Buttons) != 0 {
		t.Errorf("connected note = %+v, want a quiet one", n)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Acme\n\t Shop":            "Acme Shop",
		"a\x1b[31mb\x00":           "a[31mb",
		"evil\u202etxt":            "eviltxt",
		strings.Repeat("é", 80):    strings.Repeat("é", 59) + "…",
		"Ünïcode <b>stays</b> & é": "Ünïcode <b>stays</b> & é",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}
