package agent

import (
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
