//go:build unix

package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relink/platform"
)

func TestListenClosesToOthers(t *testing.T) {
	path := filepath.Join(filepath.Dir(socket(t)), "made", "agent.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for file, want := range map[string]os.FileMode{path: 0o600, path + ".lock": 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %v", file, info.Mode().Perm(), err, want)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	dir := filepath.Dir(socket(t))
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file.sock")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, want string
		kind             platform.Kind
	}{
		{"too long", filepath.Join(dir, strings.Repeat("long", 40), "agent.sock"), "set RELINK_HOME to a shorter directory", platform.KindConfig},
		{"open directory", filepath.Join(open, "agent.sock"), "close it: chmod 700 " + open, platform.KindStorage},
		{"a file in the way", file, "is in the way", platform.KindStorage},
		{"no directory can be made", filepath.Join(file, "sub", "agent.sock"), "make the socket's directory", platform.KindStorage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Listen(tt.path)
			if platform.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if got, _ := os.ReadFile(file); string(got) != "mine" {
		t.Error("the file in the way was changed")
	}
	if _, err := Dial(t.Context(), filepath.Join(dir, strings.Repeat("long", 40)), "1"); platform.KindOf(err) != platform.KindConfig {
		t.Errorf("Dial, path too long: got %v", err)
	}
	if _, err := Dial(t.Context(), filepath.Join(dir, "none.sock"), "1"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Dial, nobody there: got %v", err)
	}
}

func TestSecondAgentIsRefused(t *testing.T) {
	path := socket(t)
	stop := serve(t, path, &fake{}, "1.0.0")
	if _, err := Listen(path); !errors.Is(err, ErrRunning) || platform.KindOf(err) != platform.KindAgent {
		t.Errorf("second: got %v", err)
	}
	t.Run("lock file removed under it", func(t *testing.T) {
		if err := os.Remove(path + ".lock"); err != nil {
			t.Fatal(err)
		}
		if _, err := Listen(path); !errors.Is(err, ErrRunning) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the first one's socket is gone: %v", err)
		}
	})
	stop()
	l, err := Listen(path)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	_ = l.Close()
}

func TestExactlyOneOfManyWins(t *testing.T) {
	for range 20 {
		path := socket(t)
		var won, refused atomic.Int32
		var wg sync.WaitGroup
		held := make(chan net.Listener, 16)
		for range 16 {
			wg.Go(func() {
				switch l, err := Listen(path); {
				case err == nil:
					won.Add(1)
					held <- l
				case errors.Is(err, ErrRunning):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || refused.Load() != 15 {
			t.Fatalf("%d won and %d were refused", won.Load(), refused.Load())
		}
		_ = (<-held).Close()
	}
}

// The test binary plays the other process: an agent to be killed, or a caller with another uid.
func TestMain(m *testing.M) {
	switch path := os.Getenv("LINK_TEST_PATH"); os.Getenv("LINK_TEST_ROLE") {
	case "agent":
		l, err := Listen(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("listening")
		_ = Serve(context.Background(), l, &fake{}, Config{Version: "1.0.0"})
	case "caller":
		conn, err := net.Dial("unix", path)
		if err != nil {
			fmt.Println("dial:", err)
			os.Exit(1)
		}
		_, _ = io.WriteString(conn, "POST /v1/About HTTP/1.1\r\nHost: relink\r\nContent-Length: 2\r\n\r\n{}")
		answer, _ := io.ReadAll(io.LimitReader(conn, 12))
		fmt.Printf("answer: %q\n", answer)
	case "client":
		_, err := Dial(context.Background(), path, "1.0.0")
		fmt.Println(err)
	default:
		os.Exit(m.Run())
	}
}

func other(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "LINK_TEST_ROLE="+role, "LINK_TEST_PATH="+path)
	return cmd
}

func TestSocketOfAKilledAgentIsReplaced(t *testing.T) {
	path := socket(t)
	cmd := other(t, "agent", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 9)
	if _, err := io.ReadFull(out, line); err != nil || string(line) != "listening" {
		t.Fatalf("other agent: %q %v", line, err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("while it lives: got %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the killed agent should leave its socket: %v", err)
	}
	if _, err := Dial(t.Context(), path, "1.0.0"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Dial: got %v", err)
	}
	serve(t, path, &fake{}, "1.0.0")
	c, err := Dial(t.Context(), path, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.About(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOtherUsersAreRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to run a process as another user")
	}
	const nobody = 65534
	run := func(t *testing.T, role, path string) string {
		t.Helper()
		cmd := other(t, role, path)
		// The binary's own directory is closed to others; it is inherited open.
		binary, err := os.Open(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		defer binary.Close()
		cmd.Path, cmd.ExtraFiles = "/proc/self/fd/3", []*os.File{binary}
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Skipf("needs a process of another user: %v %s", err, out.String())
		}
		return out.String()
	}
	path := socket(t)
	serve(t, path, &fake{}, "1.0.0")
	// Open the doors, so that only the check of the peer stands.
	for _, name := range []string{filepath.Dir(path), path} {
		if err := os.Chmod(name, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if got := run(t, "caller", path); got != "answer: \"\"\n" {
		t.Errorf("the agent answered another user: %s", got)
	}
	if got := run(t, "client", path); !strings.Contains(got, "is not yours") {
		t.Errorf("a client trusted another user's agent: %s", got)
	}
	c, err := Dial(t.Context(), path, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.About(ctx); err != nil {
		t.Errorf("own user afterwards: %v", err)
	}
}
