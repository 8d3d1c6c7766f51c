package window

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// now is the moment every sample is made for.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const dayLong = 24 * time.Hour

func sampleRow(a platform.Account, g platform.Grant) *agent.Row {
	if g.Generation == 0 && g.Clocks != nil {
		g.Generation = 1
	}
	a.Created = now.Add(-120 * dayLong)
	g.Account, g.Issued = a.ID, now.Add(-20*dayLong)
	if g.Verified.IsZero() {
		g.Verified = now.Add(-3 * time.Hour)
	}
	return &agent.Row{Account: a, Grant: g, Status: platform.Assess(a, g, now)}
}

func clockAt(kind platform.ClockKind, source platform.Source, at, life time.Duration) platform.Clock {
	return platform.Clock{Kind: kind, Source: source, At: now.Add(at), Since: now.Add(at - life)}
}

// sampleRows has an account in every state.
func sampleRows() []*agent.Row {
	full := []string{"pages_manage_posts", "pages_read_engagement", "read_insights", "pages_manage_engagement", "pages_read_user_engagement", "pages_show_list", "pages_manage_metadata", "pages_messaging", "business_management"}
	fb := func(id, alias, name string, clocks ...platform.Clock) *agent.Row {
		return sampleRow(platform.Account{ID: id, Platform: "facebook", ProviderID: "1" + id, Alias: alias, Name: name, Kind: "page", Owner: "Erin Example"},
			platform.Grant{Scopes: full, Clocks: clocks})
	}
	li := func(id, alias, name string, clocks ...platform.Clock) *agent.Row {
		return sampleRow(platform.Account{ID: id, Platform: "linkedin", ProviderID: "2" + id, Alias: alias, Name: name, Handle: alias}, platform.Grant{Clocks: clocks})
	}
	revoked := platform.Grant{Clocks: []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, 30*dayLong, 60*dayLong)},
		Fault: platform.Fault{Code: "190/460", Definite: true, Count: 1, First: now.Add(-dayLong), Last: now.Add(-dayLong)}}
	rows := []*agent.Row{
		fb("a1", "acme-shop", "Acme Shop", clockAt(platform.ClockAccess, platform.SourceAssumed, -2*time.Hour, 90*dayLong),
			clockAt(platform.ClockDataAccess, platform.SourceIntrospected, 5*dayLong, 90*dayLong)),
		sampleRow(platform.Account{ID: "a2", Platform: "facebook", ProviderID: "9", Alias: "acme-news", Name: "Acme News"}, revoked),
		sampleRow(platform.Account{ID: "a3", Platform: "facebook", Alias: "example", Name: "Erin Example"}, platform.Grant{Generation: 1}),
		li("a4", "acme", "Acme GmbH", clockAt(platform.ClockAccess, platform.SourceProvider, 3*dayLong+2*time.Hour+10*time.Minute, 60*dayLong)),
		li("a5", "acme-labs", "Acme Labs", clockAt(platform.ClockAccess, platform.SourceAssumed, 41*dayLong, 60*dayLong)),
		sampleRow(platform.Account{ID: "a6", Platform: "mastodon", Server: "https://mastodon.social", ProviderID: "7", Alias: "acme", Name: "Acme", Handle: "@acme@mastodon.social"},
			platform.Grant{Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceNever, Since: now.Add(-50 * dayLong)}}, Scopes: []string{"read", "write"}}),
		sampleRow(platform.Account{ID: "a7", Platform: "oidc", Server: "https://login.example.org", ProviderID: "8", Alias: "intranet", Name: "Intranet"},
			platform.Grant{Generation: 1}),
		sampleRow(platform.Account{ID: "a8", Platform: "mastodon", Server: "https://social.example", ProviderID: "11", Alias: "labs", Name: "Acme Labs", Handle: "@labs@social.example"},
			platform.Grant{Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceNever}}, Scopes: []string{"read:accounts", "read:statuses"}}),
		sampleRow(platform.Account{ID: "a9", Platform: "oidc", Server: "https://login.example.org", ProviderID: "12", Alias: "wiki", Name: "Wiki", Idle: 90 * dayLong, LastUsed: now.Add(-95 * dayLong)},
			platform.Grant{Refreshable: true, Clocks: []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, time.Hour, time.Hour), clockAt(platform.ClockRefresh, platform.SourceProvider, 200*dayLong, 365*dayLong)}}),
	}
	down := *rows[4]
	down.UnreachableSince = now.Add(-40 * time.Minute)
	rows[4] = &down
	return rows
}

func sampleSnapshot() *agent.Snapshot {
	return agent.NewSnapshot(agent.Snapshot{Seq: 1, At: now}, sampleRows())
}

func sampleEvents() []agent.Event {
	return []agent.Event{
		{At: now.Add(-2 * time.Hour), Kind: "notice", Text: "Said: Facebook · Acme Shop has expired."},
		{At: now.Add(-26 * time.Hour), Kind: "notice", Text: "Said: Facebook · Acme Shop ends in 1 day."},
		{At: now.Add(-90 * dayLong), Kind: "connected", Text: "Connected by Erin Example."},
	}
}

// sampleNotices were said to the person with sampleRows, or with office.
func sampleNotices() []agent.Notice {
	say := func(id int64, ago time.Duration, channel, note, title, body string, became agent.Outcome, after time.Duration, accounts ...string) agent.Notice {
		n := agent.Notice{ID: id, At: now.Add(-ago), Channel: channel, Note: note, Accounts: accounts, Title: title, Body: body, Became: became}
		if after > 0 {
			n.BecameAt = n.At.Add(after)
		}
		return n
	}
	failed := say(6, 26*time.Hour, "mail", "n2", "Facebook · Acme Shop ends in 1 day", "", agent.OutcomeFailed, 0, "a1", "o0002")
	failed.Reason = "the mail server refused the password; enter it again in Settings, Mail"
	out := []agent.Notice{
		say(9, 2*time.Hour, agent.ChannelPopup, "n1", "Facebook · Acme Shop has expired", "4 scheduled posts from Thursday will not go out.", agent.OutcomeShown, 0, "a1"),
		say(8, 2*time.Hour, agent.ChannelDesktop, "n1", "Facebook · Acme Shop has expired", "4 scheduled posts from Thursday will not go out.", agent.OutcomeSnoozed, 4*time.Minute, "a1"),
		say(7, 26*time.Hour, agent.ChannelDesktop, "n2", "Facebook · Acme Shop ends in 1 day", "Publishing, analytics, inbox and previews stop.", agent.OutcomeClosed, 20*time.Minute, "a1"),
		failed,
		say(5, 50*time.Hour, agent.ChannelDesktop, "n3", "LinkedIn · Acme GmbH ends in 5 days", "", agent.OutcomeClicked, 0, "a4"),
		say(4, 70*time.Hour, agent.ChannelDesktop, "n4", "2 accounts need you", "", agent.OutcomeReplaced, 9*time.Hour, "a1", "a2"),
		say(3, 200*time.Hour, agent.ChannelDesktop, "n5", "LinkedIn · Acme Labs ends in 3 days", "", agent.OutcomeWithdrawn, 26*time.Hour, "a5"),
		say(2, 201*time.Hour, agent.ChannelDesktop, "n6", "Mastodon · Acme", "", agent.OutcomeExpired, time.Minute, "a6"),
	}
	out[7].Rehearsal = true
	return out
}

// oddNames are what people and platforms put into name fields.
var oddNames = []string{
	"", " ", "Acme", strings.Repeat("Längster Name der Welt ", 9), strings.Repeat("W", 200), "شركة أكمي للتسويق", "אקמי בע״מ",
	"🦊🔥 Füchse 👩‍👩‍👧‍👦", "a\nb\tc", "ﷺ", "\u202eevil", "日本語の会社", "%s %d", "<b>x</b>", "\x00\xff",
}

// randomRows makes n accounts in any state.
func randomRows(r *rand.Rand, n int) []*agent.Row {
	platforms := []string{"facebook", "linkedin", "mastodon", "oidc", "myspace", ""}
	odd := func() string { return oddNames[r.IntN(len(oddNames))] }
	out := make([]*agent.Row, 0, n)
	for i := range n {
		a := platform.Account{ID: fmt.Sprintf("r%06d", i), Platform: platforms[r.IntN(len(platforms))], Alias: odd(), Name: odd(), Handle: odd(), ProviderID: "x"}
		g := platform.Grant{Generation: 1}
		never := []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceNever}}
		switch r.IntN(9) {
		case 0:
			a.ProviderID = ""
		case 1:
			g.Clocks = never
		case 2:
			g.Fault = platform.Fault{Definite: true, Count: 1, Code: odd()}
		case 3: // limited
			a.Platform, g.Clocks, g.Scopes = "mastodon", never, []string{"read:accounts"}
		case 4: // dormant
			g.Clocks, a.Idle, a.LastUsed = never, 90*dayLong, now.Add(-95*dayLong)
		case 5: // unverified: nobody knows when it ends
		default:
			life := time.Duration(1+r.IntN(90)) * dayLong
			g.Clocks = []platform.Clock{clockAt(platform.ClockAccess, platform.SourceAssumed, time.Duration(r.IntN(180)-60)*dayLong, life)}
		}
		for range r.IntN(4) {
			a.Labels = append(a.Labels, odd())
		}
		if r.IntN(8) == 0 {
			a.Snoozed = now.Add(time.Hour)
		}
		row := &agent.Row{Account: a, Grant: g, Status: platform.Assess(a, g, now)}
		if r.IntN(10) == 0 {
			row.UnreachableSince = now.Add(-time.Hour)
		}
		if r.IntN(20) == 0 {
			row.Flow = "f"
		}
		out = append(out, row)
	}
	return out
}
