// Package app_test runs the whole program on a real desk: the real keyring,
// notification server, tray host and browser, the practice network for the
// platforms, and people who click.
package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// TestWhole is every story on a desk of its own, as many at once as the
// machine has processors.
func TestWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: needs minutes")
	}
	desk.Need(t, desk.PartDisplay, desk.PartKeyring)
	program := relink(t)
	for name, story := range map[string]func(*testing.T, string){
		"a day":           aDay,
		"bare desk":       aBareDesk,
		"no OpenGL":       noOpenGL,
		"two agents":      twoAgents,
		"locked":          aLockedKeyring,
		"killed":          aKilledAgent,
		"no keyring":      noKeyring,
		"two windows":     twoWindows,
		"two monitors":    twoMonitors,
		"on dunst":        onDunst,
		"practise":        practising,
		"first run":       firstRun,
		"by keyboard":     byKeyboard,
		"by pointer":      byPointer,
		"agent killed":    agentKilled,
		"window killed":   windowKilled,
		"versions differ": versionsDiffer,
		"device code":     deviceCode,
		"queued":          queued,
		"upkeep":          upkeep,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, program)
		})
	}
}

// relink gives the program with the window: RELINK_BIN, or one built now.
func relink(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("RELINK_BIN"); path != "" {
		path, err := filepath.EvalSymlinks(path)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "relink")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-tags", "migrated_fynedo", "-o", path, "relink")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(string(out), "\n")
		t.Skipf("skipped: needs RELINK_BIN, or what building it takes (.ci/setup build): %v: %s", err, first)
	}
	return path
}

// stage is a desk with the practice network and a home for Relink.
type stage struct {
	t       *testing.T
	d       *desk.Desk
	program string
	home    string
	// network steers what url serves.
	network *sandbox.Network
	url     string
	heard   secrets
	// agents counts the agents started, for the names of their logs.
	agents int
	// ported is true once the home has a port of its own.
	ported bool
}

// writeProgram writes what is to be run. While it is open for writing no other
// story may start a process, which would hold it open too and have it refused as
// busy (golang.org/issue/22315).
func writeProgram(path string, data []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, data, 0o755)
}

func newStage(t *testing.T, program string, cfg desk.Config) *stage {
	t.Helper()
	s := &stage{t: t, program: program, d: desk.New(t, cfg), network: sandbox.New(sandbox.Config{})}
	s.home = filepath.Join(s.d.Dir(), "relink")
	server := httptest.NewServer(s.heard.listen(s.network))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// soon bounds one step.
func (s *stage) soon() context.Context { return within(s.t, 30*time.Second) }

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// command is a command line of Relink. Whatever it is, it does not reach a
// real platform: an agent that a command line starts knows no practice network.
func (s *stage) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := s.d.Command(ctx, s.program, args...)
	cmd.Env = append(cmd.Env, "RELINK_HOME="+s.home, "HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9")
	return cmd
}

// result is what a command line came to.
type result struct {
	code     int
	out, err string
	took     time.Duration
}

// run runs a command line to its end.
func (s *stage) run(args ...string) result {
	s.t.Helper()
	return s.runWith("", args...)
}

func (s *stage) runWith(stdin string, args ...string) result {
	s.t.Helper()
	cmd := s.command(s.soon(), args...)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &said
	start := time.Now()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("relink %s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), strings.TrimSpace(out.String()), strings.TrimSpace(said.String()), time.Since(start)}
}

// want runs a command line that must end with an exit code.
func (s *stage) want(code int, args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != code {
		s.t.Fatalf("relink %s: exit code %d, want %d: %s", strings.Join(args, " "), r.code, code, r.err)
	}
	return r
}

// agent is one that a story started itself.
type agent struct {
	cmd   *exec.Cmd
	log   string // path of what it said
	ended chan struct{}
	code  int // read it only after ended
}

// start starts an agent and does not wait for it.
func (s *stage) start(flags ...string) *agent {
	s.t.Helper()
	s.agents++
	a := &agent{log: filepath.Join(s.d.Dir(), fmt.Sprintf("agent-%d.log", s.agents)), ended: make(chan struct{})}
	log, err := os.Create(a.log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	a.cmd = s.command(context.Background(), append([]string{"agent", "--sandbox", s.url}, flags...)...)
	a.cmd.Stdout, a.cmd.Stderr = log, log
	if err := a.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = a.cmd.Wait() // its code tells
		a.code = a.cmd.ProcessState.ExitCode()
		close(a.ended)
	}()
	s.t.Cleanup(func() {
		_ = a.cmd.Process.Kill()
		<-a.ended
	})
	return a
}

// startAgent starts an agent and waits until it answers.
func (s *stage) startAgent(flags ...string) *agent {
	s.t.Helper()
	a := s.start(flags...)
	s.eventually(20*time.Second, "the agent to answer", func() bool {
		code := s.run("status", "--no-start").code
		return code == 0 || code == 3 || code == 4
	})
	if !s.ported {
		s.portOfItsOwn()
		s.ported = true
	}
	return a
}

func (a *agent) said() string {
	data, err := os.ReadFile(a.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data))
}

// quit ends an agent as a person would.
func (s *stage) quit(a *agent) {
	s.t.Helper()
	s.want(0, "quit")
	select {
	case <-a.ended:
	case <-time.After(5 * time.Second):
		s.t.Fatal("the agent does not end")
	}
	if a.code != 0 {
		s.t.Errorf("the agent ended with %d: %s", a.code, a.said())
	}
}

// nothingLeft sees that no process of Relink is left on the desk.
func (s *stage) nothingLeft() {
	s.t.Helper()
	s.eventually(5*time.Second, "Relink's processes to end", func() bool { return len(s.processes()) == 0 })
	if sockets, err := filepath.Glob(filepath.Join(s.home, "*", "agent.sock")); err != nil || len(sockets) > 0 {
		s.t.Errorf("left behind: %v, %v", sockets, err)
	}
}

// processes lists Relink's on the desk, those of the programs beside it
// included: their arguments by process id.
func (s *stage) processes() map[int]string {
	out := map[int]string{}
	for _, pid := range s.d.Marked() {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil || filepath.Dir(exe) != filepath.Dir(s.program) || !strings.HasPrefix(filepath.Base(exe), "relink") {
			continue
		}
		args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // gone by now is as good as none
		if len(args) > 0 {
			out[pid] = strings.TrimSpace(strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return out
}

// account is one as relink status tells it.
type account struct {
	ID          string    `json:"id"`
	Ref         string    `json:"ref"`
	Platform    string    `json:"platform"`
	State       string    `json:"state"`
	Left        string    `json:"left"`
	Generation  int       `json:"generation"`
	NeedsPerson bool      `json:"needs_person"`
	Labels      []string  `json:"labels"`
	Snoozed     time.Time `json:"snoozed_until"`
}

type status struct {
	Code     int       `json:"-"`
	Locked   string    `json:"locked"`
	Warnings []string  `json:"warnings"`
	Accounts []account `json:"accounts"`
}

func (s *stage) status() status {
	s.t.Helper()
	r := s.run("status", "--json", "--no-start")
	st := status{Code: r.code}
	if err := json.Unmarshal([]byte(r.out), &st); err != nil {
		s.t.Fatalf("read relink status: %v: %s", err, r.err)
	}
	return st
}

// account gives the only one of a platform.
func (s *stage) account(platform string) account {
	s.t.Helper()
	all := s.status().Accounts
	i := slices.IndexFunc(all, func(a account) bool { return a.Platform == platform })
	if i < 0 {
		s.t.Fatalf("there is no %s account: %+v", platform, all)
	}
	return all[i]
}

// register stores an app registration for a platform.
func (s *stage) register(platform string) {
	s.t.Helper()
	secret := "practice-secret" // what the network expects of this client
	s.heard.add(secret)
	if r := s.runWith(secret+"\n", "app", "set", platform, "--client-id", "practice"); r.code != 0 {
		s.t.Fatalf("store an app registration: %s", r.err)
	}
}

// connect connects an account from the command line; the person signs in
// where it says.
func (s *stage) connect(choice sandbox.Choice, args ...string) {
	s.t.Helper()
	s.flow(choice, append([]string{"connect", "--no-browser"}, args...)...)
}

// flow goes through a browser sign-in that a command line leads.
func (s *stage) flow(choice sandbox.Choice, args ...string) {
	s.t.Helper()
	ctx := s.soon()
	cmd := s.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err == nil {
		_, _, err = sandbox.Follow(ctx, nil, strings.TrimSpace(address), choice)
	}
	if err != nil {
		_ = cmd.Process.Kill()
	}
	_, drained := io.Copy(io.Discard, lines)
	if err := errors.Join(err, drained, cmd.Wait()); err != nil {
		s.t.Fatalf("relink %s: %v: %s", strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
}

// eventually waits until something is so.
func (s *stage) eventually(limit time.Duration, what string, so func() bool) {
	s.t.Helper()
	for start := time.Now(); !so(); time.Sleep(25 * time.Millisecond) {
		if time.Since(start) > limit {
			s.shot("late")
			s.t.Fatalf("waited %s in vain for %s\n%s", limit, what, s.d.Logs())
		}
	}
}

// shot keeps a screenshot where RELINK_SHOTS names a directory, for people to look at.
func (s *stage) shot(name string) {
	s.t.Helper()
	dir := os.Getenv("RELINK_SHOTS")
	if dir == "" {
		return
	}
	name = strings.ReplaceAll(filepath.Base(s.t.Name())+" "+name, " ", "-")
	if err := errors.Join(os.MkdirAll(dir, 0o755), s.d.Screenshot(filepath.Join(dir, "whole-"+name+".png"))); err != nil {
		s.t.Error(err)
	}
}

// secrets are what must not be found anywhere: every token that the network
// has given out, and every client secret typed in.
type secrets struct {
	mu  sync.Mutex // guards all
	all []string
}

var givenOut = regexp.MustCompile(`"(?:access_token|refresh_token|id_token|client_secret)"\s*:\s*"([^"]{8,})"`)

func (s *secrets) add(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.all, secret) {
		s.all = append(s.all, secret)
	}
}

func (s *secrets) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// listen hears what a network answers.
func (s *secrets) listen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&listener{w, s}, r)
	})
}

type listener struct {
	http.ResponseWriter
	s *secrets
}

func (l *listener) Write(p []byte) (int, error) {
	for _, m := range givenOut.FindAllSubmatch(p, -1) {
		l.s.add(string(m[1]))
	}
	return l.ResponseWriter.Write(p)
}

// Unwrap lets the network flush and hijack.
func (l *listener) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// keepsSecrets searches a text for the secrets, without showing one.
func (s *stage) keepsSecrets(place, text string) {
	s.t.Helper()
	for i, secret := range s.heard.list() {
		if strings.Contains(text, secret) {
			s.t.Errorf("secret %d of the practice network is in %s", i, place)
		}
	}
}

// keepsSecretsEverywhere searches all files under Relink's home, what its
// agent said, and the arguments of its processes.
func (s *stage) keepsSecretsEverywhere(a *agent) {
	s.t.Helper()
	if n := len(s.heard.list()); n < 2 {
		s.t.Fatalf("the network gave out %d secrets, so nothing would be found", n)
	}
	files := 0
	err := filepath.WalkDir(s.home, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		s.keepsSecrets(path, string(data))
		return err
	})
	if err != nil || files < 2 {
		s.t.Errorf("searched %d files: %v", files, err)
	}
	s.keepsSecrets("what the agent said", a.said())
	for _, args := range s.processes() {
		s.keepsSecrets("an argument", args)
	}
}

// oneLine sees that a command said one line and how to mend it.
func oneLine(t *testing.T, said string) {
	t.Helper()
	if said == "" || strings.Contains(said, "\n") {
		t.Errorf("said %q, want one line", said)
	}
}

// kill ends a process as a crash would.
func kill(t *testing.T, a *agent) {
	t.Helper()
	if err := a.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-a.ended
}
