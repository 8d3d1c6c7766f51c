package platform

import "testing"

func TestAdvice(t *testing.T) {
	for repair, want := range map[string]string{
		"":                                    "",
		"try later":                           "try later",
		"relink reconnect facebook/acme-shop": "",
		"start it again: relink connect linkedin":                                                                     "",
		"sign out there, then sign in for Acme Shop: relink reconnect facebook/acme-shop":                             "",
		"tick Acme Shop on the permission page: relink reconnect facebook/acme-shop":                                  "tick Acme Shop on the permission page",
		"check the app's redirect address and permissions, then: relink connect oidc --issuer https://id.example.org": "check the app's redirect address and permissions",
		"wait a few minutes, or relink reconnect mastodon/acme@mastodon.example":                                      "wait a few minutes",
		"store them again with: relink app set oidc":                                                                  "store them again with: relink app set oidc",
	} {
		if got := (&Error{Repair: repair}).Advice(); got != want {
			t.Errorf("advice of %q: got %q, want %q", repair, got, want)
		}
	}
}
