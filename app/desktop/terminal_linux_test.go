package desktop

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The test binary says what HasTerminal says when it is asked to.
func TestMain(m *testing.M) {
	if os.Getenv("RELINK_TEST_TERMINAL") == "" {
		os.Exit(m.Run())
	}
	fmt.Println("terminal", HasTerminal())
}

func TestHasTerminal(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("RELINK_TEST_TERMINAL", "1")
	run := func(cmd *exec.Cmd) string {
		t.Helper()
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if got := run(exec.Command(exe)); got != "terminal false" {
		t.Errorf("from a program: got %q", got)
	}
	// script gives a command a terminal of its own.
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("needs script (bsdutils)")
	}
	for command, want := range map[string]string{
		exe:                  "terminal true",
		exe + " | cat":       "terminal true",
		exe + " < /dev/null": "terminal false",
		exe + " 2>/dev/null": "terminal false",
	} {
		if got := run(exec.Command("script", "-qec", command, "/dev/null")); got != want {
			t.Errorf("%s: got %q, want %q", strings.TrimPrefix(command, exe), got, want)
		}
	}
}
