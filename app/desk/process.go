//go:build linux

package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one program of the desk.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and was waited for
}

// own puts a command into a process group of its own, so that all of it can be
// ended, and ties its life to ours, so that a test that panics leaves nothing.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
}

// spawn starts a program of the desk; what it says goes to a log of its name.
func (d *Desk) spawn(name string, stdin io.Reader, path string, args ...string) (*process, error) {
	return d.spawnWith(name, stdin, nil, path, args...)
}

func (d *Desk) spawnWith(name string, stdin io.Reader, extra []*os.File, path string, args ...string) (*process, error) {
	cmd := d.Command(context.Background(), path, args...)
	cmd.Stdin, cmd.ExtraFiles = stdin, extra
	log, err := os.OpenFile(d.path("log", name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	d.mu.Lock()
	d.procs = append(d.procs, p)
	d.mu.Unlock()
	return p, nil
}

// Kill ends one of the desk's programs at once, as a crash would: "notifyd",
// "dunst", "panel", "keyring", "openbox". It returns when it is gone.
func (d *Desk) Kill(name string) error {
	d.mu.Lock()
	i := slices.IndexFunc(d.procs, func(p *process) bool { return p.name == name })
	if i < 0 {
		d.mu.Unlock()
		return fmt.Errorf("kill %s: not running", name)
	}
	p := d.procs[i]
	d.procs = slices.Delete(d.procs, i, i+1)
	d.mu.Unlock()
	p.signal(syscall.SIGKILL)
	<-p.done
	return nil
}

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.done:
		// Its id may belong to another by now.
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
}

func (p *process) gone(limit time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// Close ends every program of the desk, those that programs started on it
// left behind included, and removes its directory.
func (d *Desk) Close() error {
	d.mu.Lock()
	procs, browser := d.procs, d.browser
	d.procs, d.browser = nil, nil
	d.mu.Unlock()
	if browser != nil {
		browser.quit()
	}
	if d.conn != nil {
		d.conn.Close()
	}
	for _, p := range slices.Backward(procs) {
		p.signal(syscall.SIGTERM)
	}
	for _, p := range procs {
		if !p.gone(2 * time.Second) {
			p.signal(syscall.SIGKILL)
		}
	}
	var errs []error
	for _, p := range procs {
		if !p.gone(5 * time.Second) {
			errs = append(errs, fmt.Errorf("close desk: %s does not end", p.name))
		}
	}
	if left := d.sweep(); len(left) > 0 {
		errs = append(errs, fmt.Errorf("close desk: processes %v do not end", left))
	}
	if err := os.RemoveAll(d.dir); err != nil {
		errs = append(errs, fmt.Errorf("close desk: %w", err))
	}
	return errors.Join(errs...)
}

// sweep kills what carries the desk's mark in its environment, such as
// services the bus started and browsers that left their group, and gives what would not go.
func (d *Desk) sweep() []int {
	var left []int
	for range 50 {
		if left = d.Marked(); len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return left
}

// Marked lists the live processes that run on the desk, whoever started them.
func (d *Desk) Marked() []int {
	mark := []byte("RELINK_DESK=" + d.dir + "\x00")
	// Chromium's helpers write their titles over their environment.
	profile := []byte("--user-data-dir=" + d.path("chromium"))
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ")) // empty for a zombie
		args, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if bytes.Contains(env, mark) || bytes.Contains(args, profile) {
			out = append(out, pid)
		}
	}
	return out
}

// Logs gives the last lines of what the desk's programs said, for a failing test.
func (d *Desk) Logs() string {
	names, err := filepath.Glob(d.path("log", "*"))
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil || len(bytes.TrimSpace(data)) == 0 {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		lines = lines[max(0, len(lines)-10):]
		fmt.Fprintf(&b, "%s:\n\t%s\n", filepath.Base(name), strings.Join(lines, "\n\t"))
	}
	return b.String()
}
