package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"relink/app/agent"
	"relink/app/config"
	"relink/app/link"
)

func (b *bench) startSandbox(ctx context.Context) error {
	cmd := b.d.Command(ctx, b.path("sandbox"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start practice network: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start practice network: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("start practice network: %w", err)
	}
	_, b.sandbox, _ = strings.Cut(strings.TrimSpace(line), "sandbox: ")
	return nil
}

// home is a RELINK_HOME with so many accounts.
func (b *bench) home(ctx context.Context, accounts int) (string, error) {
	home := filepath.Join(b.dir, "relink-"+strconv.Itoa(accounts))
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}
	return home, b.seed(ctx, home, accounts)
}

func (b *bench) seed(ctx context.Context, home string, accounts int, args ...string) error {
	cmd := b.d.Command(ctx, b.path("seed"), append([]string{"-accounts", strconv.Itoa(accounts)}, args...)...)
	cmd.Env = append(cmd.Env, "RELINK_HOME="+home)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("seed %d accounts: %w: %s", accounts, err, out)
	}
	return nil
}

// running is an agent that answers.
type running struct {
	cmd    *exec.Cmd
	client *link.Client
	// first is from its start to its first snapshot.
	first time.Duration
	row   *agent.Row
}

func (b *bench) agent(ctx context.Context, program, home string, args ...string) (*running, error) {
	env := append(b.d.Env(), "RELINK_HOME="+home)
	version := exec.CommandContext(ctx, program, "version")
	version.Env = env
	said, err := version.Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", program, err)
	}
	// "relink 0.1.0 …"
	words := strings.Fields(string(said))
	if len(words) > 1 && words[0] == "relink" {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("ask %s for its version: it says nothing", program)
	}
	paths, err := config.Find(func(name string) string {
		if name == "RELINK_HOME" {
			return home
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	cmd := b.d.Command(ctx, program, append([]string{"agent", "--sandbox", b.sandbox}, args...)...)
	cmd.Env = env
	var said2 strings.Builder
	cmd.Stderr = &said2
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start agent: %w", err)
	}
	a := &running{cmd: cmd}
	for {
		if a.client, err = link.Dial(ctx, paths.Socket, words[0]); err == nil {
			var s *agent.Snapshot
			if s, err = a.client.Snapshot(ctx); err == nil {
				a.first = time.Since(began)
				for row := range s.All() {
					a.row = row
					break
				}
				return a, nil
			}
			_ = a.client.Close()
		}
		if time.Since(began) > time.Minute || ctx.Err() != nil {
			a.client = nil
			a.stop()
			return nil, fmt.Errorf("start agent: %w: %s", err, said2.String())
		}
		time.Sleep(time.Millisecond)
	}
}

func (a *running) stop() {
	if a.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if a.client.Quit(ctx) != nil {
			_ = a.cmd.Process.Kill()
		}
		_ = a.client.Close()
	} else {
		_ = a.cmd.Process.Kill()
	}
	_ = a.cmd.Wait()
}

// short measures programs that end at once, by turns so that both see the same machine.
func (b *bench) short(ctx context.Context, t *table) error {
	home, err := b.home(ctx, b.accounts)
	if err != nil {
		return err
	}
	a, err := b.agent(ctx, b.lean, home, "--no-tray")
	if err != nil {
		return err
	}
	defer a.stop()
	ref := a.row.Account.Ref()
	env := append(b.d.Env(), "RELINK_HOME="+home)
	once := func(name string, args ...string) (time.Duration, error) {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = env
		began := time.Now()
		err := cmd.Run()
		return time.Since(began), err
	}
	var empty, token []time.Duration
	for range b.rounds {
		e, err := once(b.path("empty"))
		if err != nil {
			return fmt.Errorf("start empty: %w", err)
		}
		r, err := once(b.lean, "token", ref)
		if err != nil {
			return fmt.Errorf("start relink token: %w", err)
		}
		empty, token = append(empty, e), append(token, r)
	}
	t.add(figure{what: "relink token, whole process, lean", got: millis(median(token)), unit: "ms", beside: "empty program", base: millis(median(empty)), most: 2})

	var socket []time.Duration
	for range 50 * b.rounds {
		began := time.Now()
		if _, err := a.client.Token(ctx, agent.TokenRequest{Account: a.row.Account.ID, Consumer: "bench"}); err != nil {
			return fmt.Errorf("ask for a token: %w", err)
		}
		socket = append(socket, time.Since(began))
	}
	t.add(figure{what: "token over the socket, warm, p50", got: millis(median(socket)), unit: "ms", most: 0.08})
	return nil
}

// start measures from the start of an agent to its first snapshot.
func (b *bench) start(ctx context.Context, t *table) error {
	budgets := map[int]float64{10_000: 500}
	for _, n := range []int{b.accounts, b.many} {
		if n == 0 {
			continue
		}
		home, err := b.home(ctx, n)
		if err != nil {
			return err
		}
		var took []time.Duration
		for range 5 {
			a, err := b.agent(ctx, b.lean, home)
			if err != nil {
				return err
			}
			took = append(took, a.first)
			a.stop()
		}
		t.add(figure{what: fmt.Sprintf("start to first snapshot, %d accounts", n), got: millis(median(took)), unit: "ms", most: budgets[n]})
	}
	return nil
}

// resident measures what an idle agent costs beside a bare Fyne tray.
func (b *bench) resident(ctx context.Context, t *table) error {
	tray := b.d.Command(ctx, b.path("fynetray"))
	if err := tray.Start(); err != nil {
		return fmt.Errorf("start fynetray: %w", err)
	}
	stop := func() error {
		err := tray.Process.Kill()
		_ = tray.Wait()
		return err
	}
	if _, err := b.d.TrayItems(ctx); err != nil {
		return errors.Join(err, stop())
	}
	fyne, err := idle(ctx, tray.Process.Pid, b.warm, b.span)
	if err := errors.Join(err, stop()); err != nil {
		return fmt.Errorf("measure fynetray: %w", err)
	}
	t.add(figure{what: "bare Fyne tray, memory", got: fyne.rss, unit: "MB"})
	t.add(figure{what: "bare Fyne tray, memory of its own", got: fyne.anon, unit: "MB"})
	t.add(figure{what: "bare Fyne tray, CPU", got: fyne.cpu, unit: "%"})
	t.add(figure{what: "bare Fyne tray, context switches", got: fyne.switchesSec, unit: "/s"})

	home, err := b.home(ctx, b.accounts)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		name, path        string
		budgets, channels bool
	}{{"lean", b.lean, true, false}, {"full", b.full, false, false}, {"lean, every channel on", b.lean, true, true}} {
		a, err := b.agent(ctx, p.path, home)
		if err != nil {
			return err
		}
		if p.channels {
			if err := everyChannel(ctx, a.client); err != nil {
				a.stop()
				return err
			}
		}
		if _, err := b.d.TrayItems(ctx); err != nil {
			a.stop()
			return err
		}
		// The connection would keep the agent's server awake no more than a person's script does.
		got, err := idle(ctx, a.cmd.Process.Pid, b.warm, b.span)
		a.stop()
		if err != nil {
			return fmt.Errorf("measure agent: %w", err)
		}
		name := fmt.Sprintf("agent, %s, %d accounts, ", p.name, b.accounts)
		budget := func(most float64) float64 {
			if p.budgets {
				return most
			}
			return 0
		}
		t.add(figure{what: name + "memory", got: got.rss, unit: "MB", beside: "bare Fyne tray", base: fyne.rss, most: budget(1.0 / 6)})
		t.add(figure{what: name + "memory of its own", got: got.anon, unit: "MB", beside: "bare Fyne tray", base: fyne.anon})
		t.add(figure{what: name + "CPU", got: got.cpu, unit: "%", most: budget(0.02)})
		t.add(figure{what: name + "context switches", got: got.switchesSec, unit: "/s", most: budget(1)})
	}
	return nil
}

// everyChannel switches on all ways to tell a person. Nothing is due, so that none is used.
func everyChannel(ctx context.Context, s agent.Service) error {
	set, err := s.Settings(ctx)
	if err != nil {
		return err
	}
	set.Mail = agent.Mail{Server: "127.0.0.1", Port: 9, Security: "none", From: "relink@example.com", To: []string{"me@example.com"}}
	set.Webhook, set.Hook, set.Calendar = "http://127.0.0.1:9/", "/bin/true", "on"
	if err := s.SetSettings(ctx, set); err != nil {
		return fmt.Errorf("switch on every channel: %w", err)
	}
	for _, name := range []string{agent.ChannelMail, agent.ChannelWebhook, agent.ChannelHook, agent.ChannelCalendar} {
		all, err := s.Channels(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(c agent.Channel) bool { return c.Name == name && c.On }) {
			return fmt.Errorf("switch on every channel: %s is off", name)
		}
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}
