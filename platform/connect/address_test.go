package connect

import (
	"testing"

	"relink/platform"
)

func TestNormalize(t *testing.T) {
	tests := []struct{ platform, in, want string }{
		{"mastodon", "mastodon.social", "https://mastodon.social"},
		{"mastodon", " Mastodon.Social/ ", "https://mastodon.social"},
		{"mastodon", "https://mastodon.social:443/@acme", "https://mastodon.social"},
		{"mastodon", "@acme@mastodon.social", "https://mastodon.social"},
		{"mastodon", "HTTPS://mastodon.social", "https://mastodon.social"},
		{"mastodon", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"mastodon", "http://mastodon.social", ""},
		{"mastodon", "ftp://mastodon.social", ""},
		{"mastodon", "https://user:pw@mastodon.social", ""},
		{"mastodon", "two words", ""},
		{"mastodon", "", ""},
		{"wordpress", "Example.com/Blog/", "https://example.com/Blog"},
		{"wordpress", "https://example.com", "https://example.com"},
		{"oidc", "accounts.example.com", "https://accounts.example.com"},
		{"oidc", "https://Accounts.example.com/realms/Acme/", "https://accounts.example.com/realms/Acme"},
		{"oidc", "https://a.example/r/.well-known/openid-configuration", "https://a.example/r"},
		{"oidc", "https://a.example/?x=y#z", "https://a.example"},
		{"facebook", "whatever", ""},
	}
	for _, tt := range tests {
		got, err := Normalize(lookup(t, tt.platform), tt.in)
		if got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.platform, tt.in, got, tt.want)
		}
		if tt.want == "" && tt.platform != "facebook" {
			wantKind(t, err, platform.KindUsage)
		}
	}
}

func TestRedirectAddress(t *testing.T) {
	own := platform.App{Redirect: "https://example.com/cb"}
	tests := []struct {
		platform string
		app      platform.App
		want     string
	}{
		{"facebook", platform.App{}, "http://localhost:4711/callback"},
		{"linkedin", platform.App{}, "http://localhost:4711/callback"},
		{"oidc", platform.App{}, "http://127.0.0.1:4711/callback"},
		{"facebook", own, own.Redirect},
		{"oidc", own, own.Redirect},
	}
	for _, tt := range tests {
		if got := RedirectAddress(lookup(t, tt.platform), tt.app, 4711); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.platform, got, tt.want)
		}
	}
}
