package app

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSandboxAddress(t *testing.T) {
	for _, tt := range []struct{ said, want string }{
		{"sandbox: http://127.0.0.1:41\nmore\n", "http://127.0.0.1:41"},
		{"panic: no\n", ""},
		{"", ""},
	} {
		got, err := sandboxAddress(t.Context(), strings.NewReader(tt.said))
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("sandboxAddress(%q) = %q, %v, want %q", tt.said, got, err, tt.want)
		}
	}
	silent, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := sandboxAddress(ctx, silent); err == nil {
		t.Error("one that says nothing gave no error")
	}
}

func TestPracticeEnvironment(t *testing.T) {
	env := append(withoutRelink([]string{"HOME=/home/acme", "RELINK_HOME=/srv/real", "RELINK_PASSPHRASE_FILE=/srv/words", "RELINKED=yes"}), "RELINK_HOME=/tmp/practice")
	if want := []string{"HOME=/home/acme", "RELINKED=yes", "RELINK_HOME=/tmp/practice"}; !slices.Equal(env, want) {
		t.Errorf("got %q, want %q", env, want)
	}
	get := lookup([]string{"A=1", "B=2", "A=3"})
	if get("A") != "3" || get("B") != "2" || get("C") != "" {
		t.Errorf("A=%q B=%q C=%q", get("A"), get("B"), get("C"))
	}
}

func TestLastLine(t *testing.T) {
	for said, want := range map[string]string{
		"warning\nrelink: no port is free; end another program\n": "no port is free; end another program",
		"": "the practice network could not be started; try it in a terminal: relink practise",
	} {
		if got := lastLine(said); got != want {
			t.Errorf("lastLine(%q) = %q, want %q", said, got, want)
		}
	}
}
