package app_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/app/desk"
)

// practising opens the practice network's own window, and closes it: what it
// brought goes with it, and the person's own home stays as it was.
func practising(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true})
	// A copy in a place of its own: what stands beside the program depends on what was built before.
	dir := t.TempDir()
	beside := filepath.Join(dir, "relink")
	own, err := os.ReadFile(program)
	if err == nil {
		err = writeProgram(beside, own)
	}
	if err != nil {
		t.Fatal(err)
	}
	lacking := s.d.Command(within(t, 30*time.Second), beside, "practise")
	lacking.Env = append(lacking.Env, "RELINK_HOME="+s.home)
	said, err := lacking.CombinedOutput()
	if lacking.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), "install relink-sandbox") {
		t.Errorf("without the practice network: %v: %s", err, said)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "relink-sandbox"), "relink/platform/sandbox/cmd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the practice network: %v: %s", err, out)
	}
	rooms := filepath.Join(dir, "tmp")
	if err := os.Mkdir(rooms, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := s.d.Command(within(t, 90*time.Second), beside, "practise")
	cmd.Env = append(cmd.Env, "RELINK_HOME="+s.home, "TMPDIR="+rooms)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "practice: http://127.0.0.1:") {
		t.Fatalf("its first line is %q: %v", line, err)
	}
	w, err := s.d.WaitWindow(s.soon(), desk.Match{Class: "relink", Title: "Relink"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	s.shot("practice")
	if left, _ := os.ReadDir(rooms); len(left) != 1 {
		t.Errorf("while it runs there are %d rooms of it, want 1", len(left))
	}
	if err := s.d.Command(s.soon(), "xdotool", "windowclose", w.ID).Run(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended: // a window that is torn away may say so
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end with its window")
	}
	if left, _ := os.ReadDir(rooms); len(left) != 0 {
		t.Errorf("%d rooms of it are left", len(left))
	}
	if _, err := os.Stat(s.home); !os.IsNotExist(err) {
		t.Errorf("the person's own home was touched: %v", err)
	}
}
