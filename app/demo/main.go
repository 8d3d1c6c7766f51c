// Command demo shows Relink at work, on practice accounts in a throw-away home.
//
// It starts the practice network and Relink, and connects a Facebook Page that
// ends in 6 days, a LinkedIn account that ended yesterday and a Mastodon
// account that does not end. On a desktop it leaves tray and window open and says what to click.
// Without a display it makes a desktop of its own, waits for the reminders,
// clicks Reconnect on the notifications itself, signs in, and ends with
//
//	demo: N passed, M failed
//
// and exit code 1 if anything failed. Nothing reaches a real platform, and no
// keyring but one made for the occasion is touched.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// limit is how long the whole may take where nobody watches.
const limit = 2 * time.Minute

// options of one run.
type options struct {
	relink, sandbox, shots string
	// seed makes the accounts of the pictures, which are written to the directory pictures.
	seed, pictures string
}

func main() {
	var o options
	flag.StringVar(&o.relink, "relink", filepath.Join("bin", program("relink")), "the `program` to show")
	flag.StringVar(&o.sandbox, "sandbox", filepath.Join("bin", program("relink-sandbox")), "the practice network's `program`")
	flag.StringVar(&o.shots, "shots", "demo-shots", "`directory` for screenshots")
	flag.StringVar(&o.pictures, "pictures", "", "only write the README's pictures, to this `directory`")
	flag.StringVar(&o.seed, "seed", filepath.Join("bin", program("relink-seed")), "the `program` that makes the accounts of the pictures")
	alone := flag.Bool("alone", !hasDesktop(), "make a desktop of its own and click by itself")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	r := &report{out: os.Stdout, start: time.Now()}
	if err := run(ctx, o, *alone, r); err != nil {
		r.step("goes on to the end", "", err)
	}
	stop()
	fmt.Printf("demo: %d passed, %d failed\n", r.passed, r.failed)
	if r.failed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, alone bool, r *report) error {
	programs := []*string{&o.relink, &o.sandbox}
	if o.pictures != "" {
		programs = append(programs, &o.seed)
	}
	for _, path := range programs {
		full, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("find %s: %w", *path, err)
		}
		if _, err := os.Stat(full); err != nil {
			return fmt.Errorf("%s is not built; run: make demo", *path)
		}
		*path = full
	}
	if o.pictures != "" {
		ctx, cancel := context.WithTimeout(ctx, 2*limit)
		defer cancel()
		return pictures(ctx, o, r)
	}
	if alone {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return byItself(ctx, o, r)
	}
	return withPerson(ctx, o, r)
}

func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// hasDesktop reports whether somebody is likely to watch.
func hasDesktop() bool {
	if os.Getenv("CI") != "" {
		return false
	}
	return runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// report counts the steps and prints each with what was seen.
type report struct {
	out            io.Writer
	start          time.Time
	passed, failed int
}

// step records one step; err says it failed. It gives back whether it passed.
func (r *report) step(name, seen string, err error) bool {
	word := "ok    "
	if err != nil {
		word, seen = "FAILED", err.Error()
		r.failed++
	} else {
		r.passed++
	}
	r.line(word, name, seen)
	return err == nil
}

// say prints a line that is no step.
func (r *report) say(text string) { r.line("      ", text, "") }

func (r *report) line(word, name, seen string) {
	if seen != "" {
		name += ": " + seen
	}
	fmt.Fprintf(r.out, "%5.1fs %s %s\n", time.Since(r.start).Seconds(), word, name)
}
