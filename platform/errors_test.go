package platform

import "testing"

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		e    Error
		want string
	}{
		{Error{}, ""},
		{Error{Repair: "try later"}, "try later"},
		{Error{Repair: "relink reconnect facebook/acme-shop"}, ""},
		{Error{Repair: "start it again: relink connect linkedin", Again: true}, ""},
		{Error{Repair: "sign out there, then sign in for Acme Shop: relink reconnect facebook/acme-shop", Again: true}, ""},
		{Error{Repair: "tick Acme Shop on the permission page: relink reconnect facebook/acme-shop"}, "tick Acme Shop on the permission page"},
		{Error{Repair: "check the app's redirect address and permissions, then: relink connect oidc --issuer https://id.example.org"}, "check the app's redirect address and permissions"},
		{Error{Repair: "wait a few minutes, or relink reconnect mastodon/acme@mastodon.example"}, "wait a few minutes"},
		{Error{Repair: "store them again with: relink app set oidc"}, "store them again with: relink app set oidc"},
	} {
		if got := c.e.Advice(); got != c.want {
			t.Errorf("advice of %q: got %q, want %q", c.e.Repair, got, c.want)
		}
	}
}
