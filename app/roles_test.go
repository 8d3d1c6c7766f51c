package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"relink/app/vault"
	"relink/platform"
)

// The practice network is on this computer, and in a home of its own.
func TestPractice(t *testing.T) {
	for _, c := range []struct {
		url, home string
		words     string // of the refusal; empty is none
	}{
		{"http://127.0.0.1:8099", "/a/home", ""},
		{"http://localhost:8099", "/a/home", ""},
		{"http://[::1]:8099", "/a/home", ""},
		{"http://127.0.0.1:8099", "", "RELINK_HOME"},
		{"https://127.0.0.1:8099", "/a/home", "http address on this computer"},
		{"http://192.0.2.7:8099", "/a/home", "http address on this computer"},
		{"http://0.0.0.0:8099", "/a/home", "http address on this computer"},
		{"http://localhost.example:8099", "/a/home", "http address on this computer"},
		{"http://127.0.0.1.example:8099", "/a/home", "http address on this computer"},
		{"http://127.0.0.1@social.example", "/a/home", "http address on this computer"},
		{"http://social.example#127.0.0.1", "/a/home", "http address on this computer"},
		{"127.0.0.1:8099", "/a/home", "http address on this computer"},
		{"unix:///run/x", "/a/home", "http address on this computer"},
		{"http://", "/a/home", "http address on this computer"},
	} {
		t.Setenv("RELINK_HOME", c.home)
		err := practice(c.url)
		if c.words == "" && err != nil || c.words != "" && (platform.KindOf(err) != platform.KindUsage || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("practice(%q) in %q: %v", c.url, c.home, err)
		}
	}
}

// A home is one network's from its first account on, and not before.
func TestKeepApart(t *testing.T) {
	for _, practising := range []bool{true, false} {
		p := alone(t)
		if err := p.paths.Make(); err != nil {
			t.Fatal(err)
		}
		v, err := vault.Open(t.Context(), p.vaultConfig(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = v.Close() }()
		// While it is empty either may have it.
		for _, on := range []bool{practising, !practising, practising} {
			if err := keepApart(t.Context(), v, on); err != nil {
				t.Fatalf("an empty home, practising %v: %v", on, err)
			}
		}
		account := platform.Account{ID: "a1", Platform: "mastodon", Server: "https://social.example", ProviderID: "1", Alias: "acme", Created: time.Now()}
		grant := platform.Grant{Account: "a1", Generation: 1, Tokens: platform.Tokens{Access: platform.NewSecret("token-1")}}
		if err := v.Create(t.Context(), account, grant); err != nil {
			t.Fatal(err)
		}
		if err := keepApart(t.Context(), v, practising); err != nil {
			t.Errorf("its own, practising %v: %v", practising, err)
		}
		words := map[bool]string{true: "is for the practice network", false: "holds real accounts"}[practising]
		for range 2 { // a refusal changes nothing
			if err := keepApart(t.Context(), v, !practising); platform.KindOf(err) != platform.KindUsage || !strings.Contains(err.Error(), words) {
				t.Errorf("the other, practising %v: %v", !practising, err)
			}
		}
		if err := keepApart(t.Context(), v, practising); err != nil {
			t.Errorf("its own, afterwards: %v", err)
		}
	}
}
