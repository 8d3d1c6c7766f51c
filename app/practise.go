package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"relink/app/config"
	"relink/app/desktop"
	"relink/app/link"
	"relink/platform"
)

// practiceWait is how long the practice network and its agent may take to start.
const practiceWait = 15 * time.Second

// sandboxes are the names of the practice network's program, as packages and as make call it.
var sandboxes = []string{"relink-sandbox", "sandbox"}

// sandboxBeside finds the practice network beside this program; empty when it is not installed.
func sandboxBeside() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	for _, name := range sandboxes {
		if path := sibling(exe, name); isFile(path) {
			return path
		}
	}
	return ""
}

// practise shows a window on the practice network, with an agent and a vault
// of its own that go when the window is closed. It calls ready with the
// network's address once the window is about to open.
func (p program) practise(ctx context.Context, ready func(address string)) error {
	fail := func(message string, err error) error {
		return &platform.Error{Kind: platform.KindConfig, Message: message, Repair: platform.T("see what works here: relink doctor"), Err: err}
	}
	sandbox := sandboxBeside()
	if sandbox == "" {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("the practice network is not installed beside Relink"), Repair: platform.T("install relink-sandbox, or run in Relink's sources: make demo")}
	}
	win, err := windowCommand("", "")
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return fail(platform.T("Relink cannot find its own program"), err)
	}
	home, err := os.MkdirTemp("", "relink-practice-")
	if err != nil {
		return fail(platform.T("there is no room for the practice vault"), err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	// The throw-away vault must not touch the person's keyring.
	words := filepath.Join(home, "passphrase")
	if err := os.WriteFile(words, []byte(rand.Text()), 0o600); err != nil {
		return fail(platform.T("there is no room for the practice vault"), err)
	}
	env := append(withoutRelink(os.Environ()), config.Home+"="+home, "RELINK_PASSPHRASE_FILE="+words)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	network := exec.CommandContext(ctx, sandbox)
	network.Env, network.WaitDelay = env, time.Second
	out, err := network.StdoutPipe()
	if err == nil {
		err = network.Start()
	}
	if err != nil {
		return fail(platform.T("the practice network could not be started"), err)
	}
	defer func() { cancel(); _ = network.Wait() }()
	address, err := sandboxAddress(ctx, out)
	if err != nil {
		return fail(platform.T("the practice network did not say where it is"), err)
	}

	agent := exec.Command(exe, "agent", "--sandbox", address)
	agent.Env = env
	if err := agent.Start(); err != nil {
		return fail(platform.T("the practice agent could not be started"), err)
	}
	gone := make(chan struct{})
	go func() { _ = agent.Wait(); close(gone) }()
	paths, err := config.Find(lookup(env))
	if err != nil {
		return err
	}
	defer endPractice(paths.Socket, agent, gone)
	if _, err := (program{paths: paths}).await(ctx, gone); err != nil {
		return err
	}
	win.Env = env
	if ready != nil {
		ready(address)
	}
	if err := win.Start(); err != nil {
		return fail(platform.T("the window could not be started"), err)
	}
	shut := make(chan error, 1)
	go func() { shut <- win.Wait() }()
	select {
	case err = <-shut:
	case <-gone: // somebody chose Quit in its tray
	case <-ctx.Done():
	}
	if ctx.Err() != nil || err == nil {
		_ = win.Process.Kill()
		return nil
	}
	return fail(platform.T("the practice window ended badly"), err)
}

// endPractice ends the practice agent, by force if it does not heed.
func endPractice(socket string, agent *exec.Cmd, gone <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if c, err := link.Dial(ctx, socket, Version()); err == nil {
		_ = c.Quit(ctx)
		_ = c.Close()
	}
	select {
	case <-gone:
	case <-ctx.Done():
		_ = agent.Process.Kill()
		<-gone
	}
}

// sandboxAddress reads the practice network's first line.
func sandboxAddress(ctx context.Context, out io.Reader) (string, error) {
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		address, ok := strings.CutPrefix(strings.TrimSpace(a.line), "sandbox: ")
		if !ok {
			return "", fmt.Errorf("it said %q: %w", a.line, a.err)
		}
		return address, nil
	case <-time.After(practiceWait):
		return "", context.DeadlineExceeded
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// withoutRelink is an environment without Relink's own variables.
func withoutRelink(env []string) []string {
	var out []string
	for _, kv := range env {
		if !strings.HasPrefix(kv, "RELINK_") {
			out = append(out, kv)
		}
	}
	return out
}

// lookup reads an environment; of two of a name the last one counts.
func lookup(env []string) func(string) string {
	return func(key string) string {
		value := ""
		for _, kv := range env {
			if v, ok := strings.CutPrefix(kv, key+"="); ok {
				value = v
			}
		}
		return value
	}
}

// startPractice starts the practice network in a process of its own, which
// outlives this window, and returns when it is there or says why not.
func startPractice(ctx context.Context) error {
	exe, err := os.Executable()
	if err != nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("Relink cannot find its own program"), Repair: platform.T("start it by its full path"), Err: err}
	}
	cmd := exec.Command(exe, "practise")
	desktop.Detach(cmd)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("the practice network could not be started"), Repair: platform.T("try it in a terminal: relink practise"), Err: err}
	}
	there, ended := make(chan bool, 1), make(chan struct{})
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		there <- strings.Contains(line, "http://")
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		close(ended)
	}()
	select {
	case ok := <-there:
		if ok {
			return nil
		}
		<-ended
		return &platform.Error{Kind: platform.KindConfig, Message: lastLine(said.String()), Err: errors.New("practise ended")}
	case <-ctx.Done():
		_ = cmd.Process.Signal(os.Interrupt)
		return ctx.Err()
	}
}

// lastLine is what a command line said last, without its name.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	line := strings.TrimPrefix(lines[len(lines)-1], "relink: ")
	if line == "" {
		return platform.T("the practice network could not be started; try it in a terminal: relink practise")
	}
	return line
}
