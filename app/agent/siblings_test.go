package agent

import (
	"fmt"
	"slices"
	"testing"

	"relink/platform"
)

func TestSiblings(t *testing.T) {
	row := func(id, platformID, server, owner string) *Row {
		return &Row{Account: platform.Account{ID: id, Platform: platformID, Server: server, OwnerID: owner}}
	}
	s := NewSnapshot(Snapshot{}, []*Row{
		row("page1", "facebook", "", "u1"), row("page2", "facebook", "", "u1"), row("person", "facebook", "", "u1"),
		row("page3", "facebook", "", "u2"), row("old", "facebook", "", ""), row("older", "facebook", "", ""),
		row("m1", "mastodon", "https://a.example", "u1"), row("m2", "mastodon", "https://a.example", "u1"), // cannot be, and one token each
		row("l1", "linkedin", "", "u1"), row("l2", "linkedin", "", "u1"), // has no call to revoke
		row("gone", "nowhere", "", "u1"),
	})
	for id, want := range map[string][]string{
		"page1": {"page2", "person"}, "person": {"page1", "page2"}, "page3": nil, "old": nil, "m1": nil, "l1": nil, "gone": nil, "nobody": nil,
	} {
		var got []string
		for _, r := range s.Siblings(id) {
			got = append(got, r.Account.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
}

// TestBySignIn: what one sign-in brings back stands together, at the place of the worst of it.
func TestBySignIn(t *testing.T) {
	row := func(id, platformID, owner string) *Row {
		return &Row{Account: platform.Account{ID: id, Platform: platformID, OwnerID: owner}}
	}
	var got [][]string
	for _, group := range BySignIn([]*Row{
		row("1", "facebook", "u1"), row("2", "linkedin", ""), row("3", "facebook", "u2"), row("4", "facebook", "u1"), row("5", "linkedin", ""), row("6", "instagram", "u1"),
		row("7", "telegram", "u1"), row("8", "telegram", "u1"), // each by a token of its own
	}) {
		var ids []string
		for _, r := range group {
			ids = append(ids, r.Account.ID)
		}
		got = append(got, ids)
	}
	if fmt.Sprint(got) != "[[1 4] [2] [3] [5] [6] [7] [8]]" {
		t.Errorf("got %v", got)
	}
}

func TestBackSince(t *testing.T) {
	row := func(generation int, state platform.State) *Row {
		return &Row{Grant: platform.Grant{Generation: generation}, Status: platform.Status{State: state}}
	}
	for _, tt := range []struct {
		before, now *Row
		want        bool
	}{
		{row(2, platform.StateExpired), row(3, platform.StateConnected), true},
		{row(2, platform.StateExpired), row(3, platform.StateLimited), true},
		{row(2, platform.StateExpired), row(2, platform.StateConnected), true},
		{row(2, platform.StateExpired), row(3, platform.StateRevoked), false},
		{row(2, platform.StateExpiring), row(2, platform.StateExpiring), false},
		{row(2, platform.StateExpiring), row(3, platform.StateExpiring), true}, // a second sign-in would not move its end either
		{row(2, platform.StateConnected), row(2, platform.StateConnected), false},
	} {
		if got := tt.now.BackSince(tt.before); got != tt.want {
			t.Errorf("%+v after %+v: got %v", tt.now, tt.before, got)
		}
	}
}
