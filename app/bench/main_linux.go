// Command bench measures what Relink costs, on a desktop of its own, beside
// programs that do less: a bare Fyne tray, a bare Fyne window, an empty Go
// program. It prints each figure with the budget it has to keep, and ends with
// exit code 1 if one was missed.
//
//	make bench
//	make bench BENCH="-span 10s -packages=false"
//	make bench BENCH="-packages=false -parts short,windows"
//
// Relink is given the practice network, so nothing reaches a real platform.
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"relink/app/desk"
)

// options of one run.
type options struct {
	warm, span     time.Duration
	accounts, many int
	rounds         int
	windowRounds   int
	packages       bool
	parts          string
	lean, full     string
}

func main() {
	var o options
	flag.DurationVar(&o.warm, "warm", 15*time.Second, "how long a program runs before it is measured")
	flag.DurationVar(&o.span, "span", 60*time.Second, "how long it is measured")
	flag.IntVar(&o.accounts, "accounts", 1000, "accounts of the resident agent")
	flag.IntVar(&o.many, "many", 10_000, "accounts when the start is measured; 0 leaves it out")
	flag.IntVar(&o.rounds, "rounds", 60, "how often a short program is started")
	flag.IntVar(&o.windowRounds, "windows", 9, "how often a window is opened")
	flag.BoolVar(&o.packages, "packages", true, "run the packages' own benchmarks too")
	flag.StringVar(&o.parts, "parts", "short,start,wakes,list,windows,resident", "what to measure, in this order")
	flag.StringVar(&o.lean, "lean", filepath.Join("bin", "relink-lean"), "the `program` without the window")
	flag.StringVar(&o.full, "full", filepath.Join("bin", "relink"), "the `program` with it")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	t := &table{}
	err := run(ctx, o, t)
	stop()
	t.print(os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	if err != nil || t.missed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, t *table) error {
	fmt.Printf("%s, %d cores, %s after %s of warming up, %s\n\n", runtime.GOARCH, runtime.NumCPU(), o.span, o.warm, runtime.Version())
	if o.packages {
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem", "-tags", "lean,migrated_fynedo",
			"./platform/...", "./notifier", "./app/vault", "./app/agent", "./app/link", "./app/tray", "./app/window")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("run the packages' benchmarks: %w", err)
		}
		fmt.Println()
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	parts := map[string]func(context.Context, *table) error{"short": b.short, "start": b.start, "wakes": b.wakes, "list": b.list, "windows": b.windows, "resident": b.resident}
	for name := range strings.SplitSeq(o.parts, ",") {
		part, ok := parts[name]
		if !ok {
			return fmt.Errorf("there is no part %q; use short, start, wakes, list, windows, resident", name)
		}
		if err := part(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// bench is a desktop with everything built.
type bench struct {
	options
	d *desk.Desk
	// dir has the programs to compare with, and the homes.
	dir     string
	sandbox string // address of the practice network
}

func newBench(ctx context.Context, o options) (*bench, error) {
	d, err := desk.Start(ctx, desk.Config{Keyring: true, Notifier: desk.Xfce, Tray: true, RecordOnly: true, Size: image.Pt(1600, 1000)})
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, d: d, dir: d.Dir()}
	for _, path := range []*string{&b.lean, &b.full} {
		if *path, err = filepath.Abs(*path); err != nil {
			b.close()
			return nil, fmt.Errorf("find %s: %w", *path, err)
		}
	}
	builds := []struct{ name, pkg, cgo string }{
		{"empty", "./app/bench/empty", "0"}, {"seed", "./app/bench/seed", "0"}, {"sandbox", "./platform/sandbox/cmd", "0"},
		{"fynetray", "./app/bench/fynetray", "1"}, {"fynewindow", "./app/bench/fynewindow", "1"},
	}
	for _, p := range builds {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-tags", "migrated_fynedo", "-o", b.path(p.name), p.pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+p.cgo)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			b.close()
			return nil, fmt.Errorf("build %s: %w", p.pkg, err)
		}
	}
	if err := b.startSandbox(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, "bin", name) }

func (b *bench) close() {
	if err := b.d.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}
