package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// practice is the practice network and a Relink that knows only it.
type practice struct {
	relink  string // the program
	network string // the practice network's address
	env     []string
	// started is when the agent was; nothing is said in its first minute.
	started time.Time
	agent   *exec.Cmd
	sandbox *exec.Cmd
	log     *bytes.Buffer // of the agent; read it only after the agent has ended
}

// account is one account as relink status --json gives it.
type account struct {
	Ref         string `json:"ref"`
	Platform    string `json:"platform"`
	State       string `json:"state"`
	Left        string `json:"left"`
	LeftSeconds *int64 `json:"left_seconds"`
	Generation  int    `json:"generation"`
	Deadline    struct {
		Kind   string    `json:"kind"`
		At     time.Time `json:"at"`
		Source string    `json:"source"`
	} `json:"deadline"`
}

// left is how long an account still holds; negative after its end.
func (a account) left() time.Duration {
	if a.LeftSeconds == nil {
		return 0
	}
	return time.Duration(*a.LeftSeconds) * time.Second
}

func (a account) String() string {
	s := fmt.Sprintf("%s is %s, %s", a.Ref, a.State, a.Left)
	if !a.Deadline.At.IsZero() {
		s += fmt.Sprintf(" (%s, %s)", a.Deadline.At.Local().Format("2 Jan 15:04"), a.Deadline.Source)
	}
	return s
}

// start starts the practice network, then the agent. env is the whole
// environment but for RELINK_HOME.
func start(ctx context.Context, o options, home string, env []string) (*practice, error) {
	p := &practice{relink: o.relink, env: append(env, "RELINK_HOME="+home), log: &bytes.Buffer{}}
	p.sandbox = exec.CommandContext(ctx, o.sandbox)
	p.sandbox.Env = env
	out, err := p.sandbox.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start practice network: %w", err)
	}
	if err := p.sandbox.Start(); err != nil {
		return nil, fmt.Errorf("start practice network: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "sandbox: ")
	if err != nil || !found {
		p.stop()
		return nil, fmt.Errorf("start practice network: it said %q: %w", line, err)
	}
	p.network = address
	return p, p.startAgent(ctx)
}

// startAgent starts the agent and waits until it answers.
func (p *practice) startAgent(ctx context.Context) error {
	p.agent = exec.CommandContext(ctx, p.relink, "agent", "--sandbox", p.network)
	p.agent.Env, p.agent.Stdout, p.agent.Stderr = p.env, p.log, p.log
	p.agent.Cancel = func() error { return p.agent.Process.Signal(os.Interrupt) }
	p.agent.WaitDelay = 5 * time.Second
	p.started = time.Now()
	if err := p.agent.Start(); err != nil {
		p.agent = nil
		p.stop()
		return fmt.Errorf("start relink: %w", err)
	}
	for {
		_, _, err := p.status(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || time.Since(p.started) > 20*time.Second {
			p.stop()
			return fmt.Errorf("start relink: %w\n%s", err, p.log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// stop ends both and waits until they are gone.
func (p *practice) stop() {
	if p.agent != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if _, err := p.run(ctx, "", "quit", "--no-start"); err != nil {
			_ = p.agent.Process.Kill()
		}
		_ = p.agent.Wait()
		p.agent = nil
	}
	if p.sandbox != nil {
		_ = p.sandbox.Process.Kill()
		_ = p.sandbox.Wait()
		p.sandbox = nil
	}
}

// run runs one command line of Relink and gives its output. An error carries
// the line that Relink said.
func (p *practice) run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.relink, args...)
	cmd.Env, cmd.Stdin = p.env, strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("relink %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// status gives the accounts and the exit code: 0 all well, 3 somebody is needed.
func (p *practice) status(ctx context.Context) ([]account, int, error) {
	out, err := p.run(ctx, "", "status", "--json", "--no-start")
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	if code != 0 && code != 3 || code == 0 && err != nil {
		return nil, code, err
	}
	var answer struct {
		Accounts []account `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		return nil, code, fmt.Errorf("read relink status: %w", err)
	}
	return answer.Accounts, code, nil
}

// account gives the one account of a platform.
func (p *practice) account(ctx context.Context, platform string) (account, error) {
	all, _, err := p.status(ctx)
	if err != nil {
		return account{}, err
	}
	for _, a := range all {
		if a.Platform == platform {
			return a, nil
		}
	}
	return account{}, fmt.Errorf("there is no %s account", platform)
}

// control steers the practice network.
func (p *practice) control(ctx context.Context, command string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("steer practice network: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.network+"/_control/"+command, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("steer practice network: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("steer practice network: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("steer practice network: %s: %s", res.Status, answer), err)
	}
	return nil
}

// signIn goes through the sign-in page at an address and gives what the page
// said at the end.
type signIn func(ctx context.Context, address string) (string, error)

// connect connects an account from the command line: Relink prints the
// address, signIn does what a person would there.
func (p *practice) connect(ctx context.Context, sign signIn, args ...string) error {
	cmd := exec.CommandContext(ctx, p.relink, append([]string{"connect", "--no-browser"}, args...)...)
	cmd.Env = p.env
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err == nil {
		if _, err = sign(ctx, strings.TrimSpace(address)); err != nil {
			_ = cmd.Process.Kill()
		}
	}
	_, drained := io.Copy(io.Discard, lines)
	if ended := cmd.Wait(); ended != nil || err != nil {
		return fmt.Errorf("relink connect %s: %w: %s", args[0], errors.Join(err, drained, ended), strings.TrimSpace(said.String()))
	}
	return nil
}

// furnish connects the three accounts and brings two of them to where the
// demo wants them: the network moves the ends, Relink asks and learns.
func furnish(ctx context.Context, p *practice, sign signIn, r *report) {
	for _, platform := range []string{"facebook", "linkedin"} {
		_, err := p.run(ctx, "practice-secret\n", "app", "set", platform, "--client-id", "practice")
		r.step("stores an app registration for "+platform, "secret from stdin", err)
	}

	err := p.connect(ctx, sign, "facebook", "--pick", "Acme Shop")
	if err == nil {
		err = p.control(ctx, "expire", map[string]string{"platform": "facebook", "account": "Acme Shop", "in": "6d"})
	}
	seen, err := p.checked(ctx, err, "facebook", func(a account) bool {
		return a.State == "expiring" && a.left() > 5*24*time.Hour && a.left() <= 6*24*time.Hour
	})
	r.step("connects a Facebook Page that ends in 6 days", seen, err)

	err = p.connect(ctx, sign, "linkedin")
	if err == nil {
		err = p.control(ctx, "expire", map[string]string{"platform": "linkedin", "ago": "24h"})
	}
	seen, err = p.checked(ctx, err, "linkedin", func(a account) bool { return a.State == "expired" && a.left() < -23*time.Hour })
	r.step("connects a LinkedIn account that ended yesterday", seen, err)

	err = p.connect(ctx, sign, "mastodon", "--server", "https://mastodon.example")
	seen, err = p.checked(ctx, err, "mastodon", func(a account) bool { return a.State == "connected" && a.Deadline.Source == "never" })
	r.step("connects a Mastodon account that does not end", seen, err)
}

// checked has Relink ask the platform, and sees whether the account is as wanted.
func (p *practice) checked(ctx context.Context, before error, platform string, wanted func(account) bool) (string, error) {
	if before != nil {
		return "", before
	}
	a, err := p.account(ctx, platform)
	if err != nil {
		return "", err
	}
	// An account that has ended makes check exit with 3.
	if _, err := p.run(ctx, "", "check", a.Ref); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 {
			return "", err
		}
	}
	if a, err = p.account(ctx, platform); err != nil {
		return "", err
	}
	if !wanted(a) {
		return "", fmt.Errorf("not as it should be: %s", a)
	}
	return a.String(), nil
}
