package platform

import (
	"slices"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func access(source Source, life time.Duration) Clock {
	c := Clock{Kind: ClockAccess, Source: source, Since: t0}
	if source != SourceNever {
		c.At = t0.Add(life)
	}
	return c
}

func TestAssess(t *testing.T) {
	page := Account{ID: "a", Platform: "facebook", ProviderID: "1", Created: t0}
	grant := func(clocks ...Clock) Grant { return Grant{Account: "a", Generation: 1, Issued: t0, Clocks: clocks} }
	data := Clock{Kind: ClockDataAccess, Source: SourceAssumed, At: t0.Add(90 * day), Since: t0}
	fault := func(f Fault, g Grant) Grant { g.Fault = f; return g }
	tests := []struct {
		name     string
		account  Account
		grant    Grant
		at       time.Duration
		state    State
		reason   string
		deadline ClockKind
		next     time.Duration // from t0; 0 means none
	}{
		{"fresh", page, grant(access(SourceProvider, 60*day)), 0, StateConnected, "", ClockAccess, 53 * day},
		{"seven days left", page, grant(access(SourceProvider, 60*day)), 53 * day, StateExpiring, "access", ClockAccess, 60 * day},
		{"ended", page, grant(access(SourceProvider, 60*day)), 60 * day, StateExpired, "access", ClockAccess, 0},
		{"earliest clock decides", page, grant(access(SourceProvider, 60*day), data), 90 * day, StateExpired, "access", ClockAccess, 0},
		{"never beside data access", page, grant(access(SourceNever, 0), data), 0, StateConnected, "", ClockDataAccess, 83 * day},
		{"never", page, grant(access(SourceNever, 0)), 4000 * day, StateConnected, "", ClockAccess, 0},
		{"unknown end", page, grant(), 0, StateUnverified, "no_clock", "", 0},
		{"no grant", page, Grant{}, 0, StateUnfinished, "no_grant", "", 0},
		{"no page", Account{ID: "a", Platform: "facebook"}, grant(access(SourceNever, 0)), 0, StateUnfinished, "no_choice", ClockAccess, 0},
		{"asked and dead", page, fault(Fault{Code: "190/460", Count: 1, Definite: true}, grant(access(SourceProvider, 60*day))), day, StateRevoked, "190/460", ClockAccess, 53 * day},
		{"rejected once", page, fault(Fault{Code: "190", Count: 1, First: t0, Last: t0, AccessRejected: true}, grant(access(SourceProvider, 60*day))), day, StateConnected, "doubted", ClockAccess, 53 * day},
		{"rejected twice at once", page, fault(Fault{Code: "190", Count: 2, First: t0, Last: t0.Add(time.Second), AccessRejected: true}, grant(access(SourceProvider, 60*day))), day, StateConnected, "doubted", ClockAccess, 53 * day},
		{"rejected twice, minutes apart", page, fault(Fault{Code: "190", Count: 2, First: t0, Last: t0.Add(3 * time.Minute), AccessRejected: true}, grant(access(SourceProvider, 60*day))), day, StateRevoked, "190", ClockAccess, 53 * day},
		{"refresh token rejected, access token lives", page, fault(Fault{Code: "invalid_grant", Count: 5, First: t0, Last: t0.Add(day)}, grant(access(SourceProvider, 60*day))), day, StateConnected, "doubted", ClockAccess, 53 * day},
		{"short life is warned at three quarters", page, grant(access(SourceProvider, 24*time.Hour)), 18 * time.Hour, StateExpiring, "access", ClockAccess, 24 * time.Hour},
		{"short life is not born expiring", page, grant(access(SourceProvider, 24*time.Hour)), time.Minute, StateConnected, "", ClockAccess, 18 * time.Hour},
		{"ten days: half its life at most", page, grant(access(SourceProvider, 10*day)), 4 * day, StateConnected, "", ClockAccess, 5 * day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Assess(tt.account, tt.grant, t0.Add(tt.at))
			if got.State != tt.state || got.Reason != tt.reason || got.Deadline.Kind != tt.deadline {
				t.Errorf("got %s %q, deadline %q; want %s %q, %q", got.State, got.Reason, got.Deadline.Kind, tt.state, tt.reason, tt.deadline)
			}
			want := time.Time{}
			if tt.next > 0 {
				want = t0.Add(tt.next)
			}
			if !got.Next.Equal(want) {
				t.Errorf("next %v, want %v", got.Next, want)
			}
		})
	}
}

func TestAssessRefreshable(t *testing.T) {
	a := Account{ID: "a", Platform: "oidc", ProviderID: "1", Created: t0}
	g := Grant{Generation: 1, Refreshable: true, Clocks: []Clock{access(SourceProvider, time.Hour)}}
	got := Assess(a, g, t0.Add(30*day))
	if got.State != StateConnected || got.Deadline.Ends() || got.Left(t0) != "renews by itself" {
		t.Errorf("an access token that renews by itself: got %s, deadline %v, %q", got.State, got.Deadline, got.Left(t0))
	}
	g.Clocks = append(g.Clocks, Clock{Kind: ClockRefresh, Source: SourceProvider, At: t0.Add(365 * day), Since: t0})
	if got := Assess(a, g, t0.Add(360*day)); got.State != StateExpiring || got.Reason != "refresh" {
		t.Errorf("five days before the refresh token ends: got %s %q", got.State, got.Reason)
	}
}

func TestAssessIdleRule(t *testing.T) {
	a := Account{ID: "a", Platform: "mastodon", ProviderID: "1", Created: t0, LastUsed: t0, Idle: 90 * day}
	g := Grant{Generation: 1, Clocks: []Clock{access(SourceNever, 0)}}
	for _, tt := range []struct {
		at    time.Duration
		state State
		left  string
	}{
		{10 * day, StateConnected, "does not expire"},
		{85 * day, StateExpiring, "5 days left"},
		{91 * day, StateDormant, "unused too long"},
	} {
		now := t0.Add(tt.at)
		got := Assess(a, g, now)
		if got.State != tt.state || got.Left(now) != tt.left {
			t.Errorf("after %s: got %s %q, want %s %q", Span(tt.at), got.State, got.Left(now), tt.state, tt.left)
		}
	}
	a.Idle = 0
	if got := Assess(a, g, t0.Add(900*day)); got.State != StateConnected {
		t.Errorf("rule switched off: got %s", got.State)
	}
}

func TestAssessLimited(t *testing.T) {
	a := Account{ID: "a", Platform: "mastodon", ProviderID: "1", Wants: []Capability{Publish, Inbox}}
	g := Grant{Generation: 1, Clocks: []Clock{access(SourceNever, 0)}, Scopes: []string{"read:accounts", "write"}}
	got := Assess(a, g, t0)
	if got.State != StateLimited {
		t.Fatalf("got %s, want limited", got.State)
	}
	if !got.Capabilities[0].Works {
		t.Error("write covers write:statuses, but publishing is said not to work")
	}
	if c := got.Capabilities[1]; c.Works || !slices.Equal(c.Missing, []string{"read:notifications"}) {
		t.Errorf("inbox: got %+v", c)
	}
	g.Scopes = nil // the platform did not say
	if got := Assess(a, g, t0); got.State != StateConnected {
		t.Errorf("silence about scopes: got %s", got.State)
	}
}

// Regression list: no negative durations (aws-vault 382).
func TestLeftIsNeverNegative(t *testing.T) {
	a := Account{ID: "a", Platform: "facebook", ProviderID: "1"}
	g := Grant{Generation: 1, Clocks: []Clock{access(SourceProvider, 60*day)}}
	for h := range 24 * 120 {
		now := t0.Add(time.Duration(h) * time.Hour)
		if left := Assess(a, g, now).Left(now); slices.Contains([]byte(left), '-') {
			t.Fatalf("after %d hours: %q", h, left)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than a minute", 90 * time.Second: "1 minute", 59 * time.Minute: "59 minutes", 5 * time.Hour: "5 hours",
		28 * time.Hour: "1 day 4 hours", 48 * time.Hour: "2 days", 80 * time.Hour: "3 days", -2 * time.Hour: "2 hours",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}

func BenchmarkAssess(b *testing.B) {
	a := Account{ID: "a", Platform: "facebook", ProviderID: "1", Created: t0, LastUsed: t0, Idle: 90 * day}
	g := Grant{Generation: 1, Issued: t0, Scopes: []string{"pages_manage_posts"}, Clocks: []Clock{access(SourceProvider, 60*day)}}
	for b.Loop() {
		Assess(a, g, t0)
	}
}

func TestWithClocksKeepsTheirAge(t *testing.T) {
	g := Grant{Clocks: []Clock{access(SourceProvider, 60*day), {Kind: ClockDataAccess, Source: SourceAssumed, At: t0.Add(90 * day), Since: t0}}}
	asked := t0.Add(58 * day)
	same := Clock{Kind: ClockAccess, Source: SourceIntrospected, At: t0.Add(60*day + time.Minute), Since: asked}
	got := Grant{Clocks: g.WithClocks([]Clock{same})}
	if len(got.Clocks) != 2 || !got.Clock(ClockAccess).Since.Equal(t0) || got.Clock(ClockAccess).Source != SourceIntrospected {
		t.Errorf("the same end, asked again: %+v", got.Clocks)
	}
	moved := Clock{Kind: ClockAccess, Source: SourceIntrospected, At: t0.Add(118 * day), Since: asked}
	if got := (Grant{Clocks: g.WithClocks([]Clock{moved})}); !got.Clock(ClockAccess).Since.Equal(asked) {
		t.Errorf("a new end: %+v", got.Clocks)
	}
}
