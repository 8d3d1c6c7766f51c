package tray

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/app/agent"
	"relink/assets"
	"relink/notifier"
	"relink/platform"
)

var update = flag.Bool("update", false, "write the golden files")

// now is a Tuesday.
var now = time.Date(2026, 11, 24, 14, 10, 0, 0, time.UTC)

const day = 24 * time.Hour

// row makes an account of a state that ends in left (0: never).
func row(platformID, alias, name string, state platform.State, left time.Duration) *agent.Row {
	r := &agent.Row{
		Account: platform.Account{ID: platformID + "-" + alias, Platform: platformID, ProviderID: alias, Alias: alias, Name: name},
		Status:  platform.Status{State: state, Deadline: platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceNever}},
	}
	if left != 0 {
		r.Status.Deadline = platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(left)}
	}
	return r
}

func three() []*agent.Row {
	masto := row("mastodon", "acme", "", platform.StateConnected, 0)
	masto.Account.Handle = "@acme@mastodon.social"
	return []*agent.Row{
		masto,
		row("linkedin", "acme", "", platform.StateExpiring, 3*day+time.Hour),
		row("facebook", "shop", "Acme Shop", platform.StateExpired, -2*time.Hour),
	}
}

func many(n int, state platform.State) []*agent.Row {
	var out []*agent.Row
	for i := range n {
		out = append(out, row("linkedin", fmt.Sprintf("client-%03d", i), fmt.Sprintf("Client %03d", i), state, time.Duration(i+60)*day))
	}
	return out
}

func with(rows []*agent.Row, change func([]*agent.Row)) []*agent.Row {
	change(rows)
	return rows
}

var snapshots = map[string]*agent.Snapshot{
	"starting":   nil,
	"empty":      agent.NewSnapshot(agent.Snapshot{}, nil),
	"three":      agent.NewSnapshot(agent.Snapshot{}, three()),
	"one":        agent.NewSnapshot(agent.Snapshot{}, three()[:1]),
	"soon":       agent.NewSnapshot(agent.Snapshot{}, three()[:2]),
	"locked":     agent.NewSnapshot(agent.Snapshot{Locked: "the keyring is locked"}, three()),
	"paused":     agent.NewSnapshot(agent.Snapshot{Paused: now.Add(time.Hour)}, three()),
	"long-pause": agent.NewSnapshot(agent.Snapshot{Paused: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}, many(2, platform.StateConnected)),
	"states": agent.NewSnapshot(agent.Snapshot{}, with([]*agent.Row{
		row("facebook", "a", "A", platform.StateExpired, -3*day),
		row("facebook", "b", "B", platform.StateRevoked, 3*day),
		row("facebook", "c", "C", platform.StateDormant, -day),
		row("facebook", "d", "D", platform.StateUnfinished, 3*day),
		row("facebook", "e", "E", platform.StateUnfinished, 0),
		row("facebook", "f", "F", platform.StateLimited, 40*day),
		row("facebook", "g", "G", platform.StateUnverified, 0),
		row("facebook", "h", "H", platform.StateConnected, 59*day),
	}, func(r []*agent.Row) {
		r[4].Status.Reason = "no_grant"
		r[5].Status.Capabilities = []platform.CapabilityStatus{{Capability: platform.Publish, Works: true}, {Capability: platform.Analytics}, {Capability: platform.Inbox}}
		r[6].Status.Deadline = platform.Clock{}
		r[7].UnreachableSince = now.Add(-90 * time.Minute)
	})),
	"flows": agent.NewSnapshot(agent.Snapshot{Flows: []agent.Flow{
		{ID: "f1", Platform: "facebook", Account: "facebook-shop", Phase: agent.PhaseWaiting},
		{ID: "f2", Platform: "linkedin", Account: "linkedin-acme", Phase: agent.PhaseWorking},
		{ID: "f3", Platform: "mastodon", Phase: agent.PhaseWaiting},
		{ID: "f4", Platform: "facebook", Phase: agent.PhaseChoosing},
		{ID: "f5", Platform: "facebook", Account: "mastodon-acme", Phase: agent.PhaseDone},
	}}, three()),
	"twelve": agent.NewSnapshot(agent.Snapshot{}, append(many(11, platform.StateConnected), three()[2])),
	"hundred": agent.NewSnapshot(agent.Snapshot{}, append(many(100, platform.StateConnected), with(many(3, platform.StateExpired), func(r []*agent.Row) {
		for i := range r {
			r[i].Account.ID += "-x"
			r[i].Account.Platform = "facebook"
			r[i].Status.Deadline.At = now.Add(-day)
		}
	})...)),
	"names": agent.NewSnapshot(agent.Snapshot{}, []*agent.Row{
		row("linkedin", "a", "Same", platform.StateConnected, 0),
		row("linkedin", "b", "Same", platform.StateConnected, 0),
		row("linkedin", "c", "new\nline\tand\x07bell \u202egnirts", platform.StateConnected, 0),
		row("linkedin", "d", strings.Repeat("very ", 40)+"long", platform.StateConnected, 0),
		row("linkedin", "e", "under_score & co", platform.StateConnected, 0),
	}),
}

// text draws a menu for people who compare.
func text(items []Item, indent string) string {
	var b strings.Builder
	for _, it := range items {
		if it.Separator {
			fmt.Fprintf(&b, "%s---\n", indent)
			continue
		}
		act := string(it.Act.Command)
		if a := it.Act.Activation; a.Action != "" {
			act = string(a.Action)
			if a.Account != "" {
				act += " " + a.Account
			}
		} else if it.Act.Arg != "" {
			act += " " + it.Act.Arg
		}
		switch {
		case !it.Enabled:
			act = "(grey)"
		case len(it.Children) > 0:
			act = "▸"
		default:
			act = "→ " + act
		}
		fmt.Fprintf(&b, "%s%s  %s\n", indent, it.Label, act)
		b.WriteString(text(it.Children, indent+"    "))
	}
	return b.String()
}

func TestMenu(t *testing.T) {
	for name, s := range snapshots {
		t.Run(name, func(t *testing.T) {
			got := fmt.Sprintf("[%v] %s\n\n%s", Icon(s, now), Tooltip(s, now), text(Menu(s, now), ""))
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Every item stands at a known place, in order, once, with something to do.
func TestMenuKeepsToItsPlaces(t *testing.T) {
	for name, s := range snapshots {
		check(t, name, places(), Menu(s, now))
	}
}

func check(t *testing.T, name string, all []place, items []Item) {
	t.Helper()
	var ids []string
	kids := map[string][]place{}
	for _, p := range all {
		ids = append(ids, p.id)
		kids[p.id] = p.kids
	}
	last := -1
	for _, it := range items {
		at := slices.Index(ids, it.ID)
		if at <= last {
			t.Errorf("%s: %q is not after what stands before it", name, it.ID)
		}
		last = at
		if !it.Separator && it.Enabled && len(it.Children) == 0 && it.Act == (Act{}) {
			t.Errorf("%s: %q does nothing", name, it.ID)
		}
		check(t, name, kids[it.ID], it.Children)
	}
}

func TestTooltipFitsWindows(t *testing.T) {
	r := row("linkedin", strings.Repeat("long", 60), "", platform.StateExpiring, 2*day+5*time.Hour)
	rows := append(many(10000, platform.StateExpired), r)
	for _, x := range rows[:10000] {
		x.Status.Deadline.At = now.Add(-day)
	}
	got := Tooltip(agent.NewSnapshot(agent.Snapshot{Paused: now.Add(day)}, rows), now)
	if n := len([]rune(got)); n > 127 {
		t.Errorf("%d characters, want 127 at most: %s", n, got)
	}
}

// What ends next is not always in the worst state.
func TestTooltipNamesWhatEndsNext(t *testing.T) {
	s := agent.NewSnapshot(agent.Snapshot{}, []*agent.Row{
		row("facebook", "limited", "", platform.StateLimited, 40*day),
		row("linkedin", "sooner", "", platform.StateConnected, 20*day),
		row("linkedin", "later", "", platform.StateConnected, 30*day),
	})
	if got, want := Tooltip(s, now), "Relink: all 3 connected, next: LinkedIn sooner in 20 days"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIcon(t *testing.T) {
	tests := map[string]assets.State{
		"starting": assets.Hollow, "locked": assets.Hollow, "paused": assets.Hollow,
		"three": assets.Needs, "soon": assets.Soon, "one": assets.OK, "empty": assets.OK,
	}
	for name, want := range tests {
		if got := Icon(snapshots[name], now); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := Icon(snapshots["paused"], now.Add(2*time.Hour)); got != assets.Needs {
		t.Errorf("after the pause: got %v, want needs", got)
	}
}

func TestPace(t *testing.T) {
	minutes := agent.NewSnapshot(agent.Snapshot{}, []*agent.Row{row("linkedin", "a", "", platform.StateExpiring, 90*time.Minute)})
	for name, tt := range map[string]struct {
		s    *agent.Snapshot
		want time.Duration
	}{
		"nothing yet":    {nil, time.Hour},
		"days":           {snapshots["three"], time.Hour},
		"does not end":   {snapshots["one"], time.Hour},
		"within 2 hours": {minutes, time.Minute},
	} {
		if got := pace(tt.s, now); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestUntil(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("needs the time zone database")
	}
	at := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, berlin) }
	tests := []struct {
		span      string
		now, want time.Time
	}{
		{PauseHour, at(2026, 11, 24, 14, 10), at(2026, 11, 24, 15, 10)},
		{PauseTomorrow, at(2026, 11, 24, 14, 10), at(2026, 11, 25, 9, 0)},
		{PauseTomorrow, at(2026, 12, 31, 23, 59), at(2027, 1, 1, 9, 0)},
		{PauseTomorrow, at(2026, 3, 28, 12, 0), at(2026, 3, 29, 9, 0)}, // the clocks change that night
		{PauseMonday, at(2026, 11, 24, 14, 10), at(2026, 11, 30, 9, 0)},
		{PauseMonday, at(2026, 11, 29, 14, 10), at(2026, 11, 30, 9, 0)},
		{PauseMonday, at(2026, 11, 30, 7, 0), at(2026, 12, 7, 9, 0)},
		{PauseEnd, at(2026, 11, 24, 14, 10), time.Time{}},
	}
	for _, tt := range tests {
		if got := Until(tt.span, tt.now, 9); !got.Equal(tt.want) {
			t.Errorf("%s from %v: got %v, want %v", tt.span, tt.now, got, tt.want)
		}
	}
}

func TestMenuActions(t *testing.T) {
	items := Menu(snapshots["three"], now)
	want := map[string]agent.Activation{
		"head":  {Action: notifier.ActionReview},
		"row/0": {Action: notifier.ActionReconnect, Account: "facebook-shop"},
		"row/1": {Action: notifier.ActionReconnect, Account: "linkedin-acme"},
		"row/2": {Action: notifier.ActionShow, Account: "mastodon-acme"},
	}
	got := acts(items)
	for id, a := range want {
		if got[id].Activation != a {
			t.Errorf("%s: got %+v, want %+v", id, got[id], a)
		}
	}
}

// The menu costs by what it shows, not by how many accounts there are.
func BenchmarkMenu(b *testing.B) {
	for _, n := range []int{100, 10000} {
		s := agent.NewSnapshot(agent.Snapshot{}, many(n, platform.StateConnected))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Menu(s, now)
				Tooltip(s, now)
			}
		})
	}
}
