package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"

	"relink/app/desk"
)

// windows measures the window with few and with many accounts, beside a bare
// Fyne window: from its start until it is painted, its list too, and what it
// holds then. They are opened by turns, so that all see the same machine, and
// the least counts: what else runs on it only adds.
func (b *bench) windows(ctx context.Context, t *table) error {
	// Out of the way: a row under the pointer is painted again, and a bare window has none.
	if err := b.d.MovePointer(ctx, 1599, 999); err != nil {
		return err
	}
	held := map[int]usage{}
	for _, n := range []int{100, b.accounts, b.many} {
		if n == 0 || held[n].rss > 0 {
			continue
		}
		home, err := b.home(ctx, n)
		if err != nil {
			return err
		}
		a, err := b.agent(ctx, b.full, home, "--no-tray")
		if err != nil {
			return err
		}
		var untouched usage // the agent before it has seen a window
		if n == b.many {
			time.Sleep(started)
			if untouched, err = readUsage(a.cmd.Process.Pid); err != nil {
				a.stop()
				return err
			}
		}
		var bare, ours []time.Duration
		var holds, bareHolds []usage
		err = func() error {
			for range b.windowRounds {
				x, err := b.painted(ctx, func(pid int) error {
					u, err := readUsage(pid)
					bareHolds = append(bareHolds, u)
					return err
				}, home, "Bare window", b.path("fynewindow"))
				if err != nil {
					return err
				}
				y, err := b.painted(ctx, func(pid int) error {
					u, err := readUsage(pid)
					holds = append(holds, u)
					return err
				}, home, "Relink", b.full, "window")
				if err != nil {
					return err
				}
				bare, ours = append(bare, x), append(ours, y)
			}
			return nil
		}()
		if err == nil && n == b.many {
			err = b.frees(ctx, t, a, home, untouched)
		}
		a.stop()
		if err != nil {
			return err
		}
		held[n] = least(holds)
		t.add(figure{what: fmt.Sprintf("window open, processor time, %d accounts", n), got: millis(lowest(holds)), unit: "ms", beside: "bare Fyne window", base: millis(lowest(bareHolds))})
		t.add(figure{what: fmt.Sprintf("window open, its list painted, %d accounts", n), got: millis(slices.Min(ours)), unit: "ms", beside: "bare Fyne window", base: millis(slices.Min(bare)), most: 1.5})
	}
	if b.many != 0 {
		t.add(figure{what: fmt.Sprintf("window, memory, %d accounts", b.many), got: float64(held[b.many].rss) / 1e6, unit: "MB", beside: "with 100", base: float64(held[100].rss) / 1e6, most: 1.5})
		t.add(figure{what: fmt.Sprintf("window, memory of its own, %d accounts", b.many), got: float64(held[b.many].anon) / 1e6, unit: "MB", beside: "with 100", base: float64(held[100].anon) / 1e6})
	}
	return nil
}

// least is the usage with the least memory.
func least(all []usage) usage {
	out := all[0]
	for _, u := range all[1:] {
		if u.rss < out.rss {
			out = u
		}
	}
	return out
}

// lowest is the least processor time: what else runs on a machine takes little of that.
func lowest(all []usage) time.Duration {
	out := all[0].cpu
	for _, u := range all {
		out = min(out, u.cpu)
	}
	return out
}

// frees closes a window by its key, and measures what is left of it: nothing of
// its process, and what the agent holds beside what it held before, and before
// the first of all windows.
func (b *bench) frees(ctx context.Context, t *table, a *running, home string, untouched usage) error {
	time.Sleep(closed)
	before, err := readUsage(a.cmd.Process.Pid)
	if err != nil {
		return err
	}
	for range 3 {
		cmd := b.d.Command(ctx, b.full, "window")
		cmd.Env = append(cmd.Env, "RELINK_HOME="+home)
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("open window: %w", err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if _, err := b.d.WaitWindow(ctx, desk.Match{Title: "Relink"}); err != nil {
			return err
		}
		time.Sleep(still)
		if err := b.d.Key(ctx, "ctrl+w"); err != nil {
			return err
		}
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("close window: %w", err)
			}
		case <-time.After(10 * time.Second):
			return errors.New("close window: its process goes on")
		}
	}
	time.Sleep(closed)
	after, err := readUsage(a.cmd.Process.Pid)
	if err != nil {
		return err
	}
	// The pages of its program, which are in memory as long as they are of use to
	// somebody, are counted with the first and not with the second.
	t.add(figure{what: fmt.Sprintf("agent, memory after three windows were closed, %d accounts", b.many), got: float64(after.rss) / 1e6, unit: "MB", beside: "before", base: float64(before.rss) / 1e6})
	t.add(figure{what: fmt.Sprintf("agent, memory of its own after three windows were closed, %d accounts", b.many), got: float64(after.anon) / 1e6, unit: "MB", beside: "before", base: float64(before.anon) / 1e6, most: 1.1})
	t.add(figure{what: fmt.Sprintf("the same after all windows, %d accounts", b.many), got: float64(after.anon) / 1e6, unit: "MB", beside: "before the first", base: float64(untouched.anon) / 1e6, most: 1.1})
	return nil
}

// benchLine is a line of go test -bench.
var benchLine = regexp.MustCompile(`(?m)^Benchmark(\w+)/(\d+)\S*\s+\d+\s+([\d.]+) ns/op`)

// list measures the list with 10,000 accounts under Fyne's test driver. Each
// figure is the least of several: what else runs on the machine only adds to it.
func (b *bench) list(ctx context.Context, t *table) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Show|Build|Filter|Scroll)$", "-benchtime", "300ms", "-count", "5", "-tags", "lean,migrated_fynedo", "./app/window")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("measure the list: %w: %s", err, out)
	}
	took := map[string]time.Duration{}
	for _, m := range benchLine.FindAllStringSubmatch(string(out), -1) {
		ns, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return fmt.Errorf("measure the list: %w", err)
		}
		name := m[1] + "/" + m[2]
		if d := time.Duration(ns); took[name] == 0 || d < took[name] {
			took[name] = d
		}
	}
	for _, f := range []struct {
		name, what string
		most       float64
	}{
		{"Scroll", "list, a turn of the wheel", 1000.0 / 60},
		{"Filter", "list, a letter typed into the search", 16},
		{"Show", "list, a snapshot with 10 changes shown", 4},
		{"Build", "list, a snapshot made ready beside the window", 0},
	} {
		for _, n := range []string{"100", "10000"} {
			d := took[f.name+"/"+n]
			if d == 0 {
				return fmt.Errorf("measure the list: no figure for %s with %s accounts in: %s", f.name, n, out)
			}
			most := f.most
			if n == "100" {
				most = 0
			}
			t.add(figure{what: f.what + ", " + n + " accounts", got: millis(d), unit: "ms", most: most})
		}
	}
	return nil
}

const (
	// still is how long a screen must not change to be finished.
	still = time.Second
	// started is how long after its start an agent has given back what only starting needed.
	started = 13 * time.Second
	// closed is how long after a window was closed the agent has given back what
	// it was told with: it begins a second after.
	closed = 3 * time.Second
	// few is the share of a window's pixels that may differ in two frames that
	// are alike: a caret blinks.
	few = 0.001
)

// painted opens a window, waits until nothing in it changes any more, and says
// when it first looked like that. It knows nothing of what is in it. look is
// called with the window's process before that is ended; nil for nothing to see.
func (b *bench) painted(ctx context.Context, look func(pid int) error, home, title, name string, args ...string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	before, err := b.d.Frame()
	if err != nil {
		return 0, err
	}
	screen := image.Rect(0, 0, before.Width, before.Height)
	enough := int(few * float64(screen.Dx()*screen.Dy()))
	type seen struct {
		desk.Frame
		at time.Duration
	}
	running, end := context.WithCancel(ctx)
	cmd := b.d.Command(running, name, args...)
	cmd.Env = append(cmd.Env, "RELINK_HOME="+home)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		end()
		return 0, fmt.Errorf("open window: %w", err)
	}
	defer func() { end(); _ = cmd.Wait() }()
	frames := []seen{{before, 0}}
	last := frames[0]
	for len(frames) == 1 || last.at-frames[len(frames)-1].at < still {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("wait until %q is painted: %w", title, err)
		}
		time.Sleep(2 * time.Millisecond)
		f, err := b.d.Frame()
		if err != nil {
			return 0, err
		}
		last = seen{f, time.Since(began)}
		if f.Changed(frames[len(frames)-1].Frame, screen) > enough {
			frames = append(frames, last)
		}
	}
	w, err := b.d.WaitWindow(ctx, desk.Match{Title: title})
	if err != nil {
		return 0, err
	}
	enough = int(few * float64(w.Bounds.Dx()*w.Bounds.Dy()))
	for _, f := range frames {
		if f.Changed(last.Frame, w.Bounds) <= enough {
			if look != nil {
				if err := look(cmd.Process.Pid); err != nil {
					return 0, err
				}
			}
			end()
			return f.at, b.d.WaitNoWindow(ctx, desk.Match{Title: title})
		}
	}
	return 0, fmt.Errorf("wait until %q is painted: it never looked the same twice", title)
}
