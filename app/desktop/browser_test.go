package desktop

import (
	"context"
	"errors"
	"slices"
	"testing"

	"relink/platform"
)

func TestOpenRefusesWhatIsNoWebAddress(t *testing.T) {
	for _, address := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "//example.com", "http:", "https://", "-new-window", "http://\x7f"} {
		err := Opener{Command: "/does/not/matter"}.Open(t.Context(), address, "")
		if platform.KindOf(err) != platform.KindUsage {
			t.Errorf("%q: got %v, want a usage error", address, err)
		}
	}
}

func TestOpenSaysHowToGoOn(t *testing.T) {
	tests := map[string]struct{ command, want string }{
		"no such program": {"/does/not/exist", "the browser could not be started (/does/not/exist); copy the link into a browser instead"},
		"open quote":      {`firefox "-P`, "the browser command in the settings has a quote that is not closed; correct it in Settings, Browser"},
		"nothing":         {`""`, "the browser command in the settings names no program; correct it in Settings, Browser"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := Opener{Command: tt.command}.Open(t.Context(), "https://example.com/?code=secret", "")
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestOpenAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (Opener{Command: "/does/not/exist"}).Open(ctx, "https://example.com", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestArgv(t *testing.T) {
	const address = "https://example.com/?a=1&b=%20"
	tests := map[string]struct {
		command string
		want    []string
	}{
		"added":        {"firefox", []string{"firefox", address}},
		"options":      {"firefox -P  work", []string{"firefox", "-P", "work", address}},
		"placed":       {"chromium --app=%s --incognito", []string{"chromium", "--app=" + address, "--incognito"}},
		"quotes":       {`"C:\Program Files\b.exe" --profile-directory='Profile 1'`, []string{`C:\Program Files\b.exe`, "--profile-directory=Profile 1", address}},
		"no shell":     {"b $(id) ; rm", []string{"b", "$(id)", ";", "rm", address}},
		"empty option": {`b ""`, []string{"b", "", address}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Opener{Command: tt.command}.argv(address)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestWithToken(t *testing.T) {
	env := []string{"A=1", "XDG_ACTIVATION_TOKEN=old", "DESKTOP_STARTUP_ID=old"}
	if got, want := withToken(env, ""), []string{"A=1"}; !slices.Equal(got, want) {
		t.Errorf("no token: got %q, want %q", got, want)
	}
	if got, want := withToken(env, "new"), []string{"A=1", "XDG_ACTIVATION_TOKEN=new", "DESKTOP_STARTUP_ID=new"}; !slices.Equal(got, want) {
		t.Errorf("token: got %q, want %q", got, want)
	}
}
