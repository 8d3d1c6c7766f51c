package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process has used up to a moment, and what it holds.
type usage struct {
	at time.Time
	// cpu is user and system time.
	cpu time.Duration
	// switches are context switches of all threads, wanted or not.
	switches int
	// rss is all memory held, anon what of it is the process's own (Pss_Anon), in bytes.
	rss, anon int
}

// processor reads the time on the processor that a process's threads have used,
// those that ended too, in nanoseconds (clock_getcpuclockid(3)). /proc/PID/stat
// counts in hundredths of a second, user and system time each by itself, and
// shows two milliseconds of work as up to two of them.
func processor(pid int) (time.Duration, error) {
	const sched = 2 // CPUCLOCK_SCHED of the whole process
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		return 0, fmt.Errorf("read the processor clock of %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

func readUsage(pid int) (usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	u := usage{at: time.Now()}
	var err error
	if u.cpu, err = processor(pid); err != nil {
		return u, err
	}
	threads, err := filepath.Glob(filepath.Join(dir, "task", "*", "status"))
	if err != nil || len(threads) == 0 {
		return u, fmt.Errorf("read usage: %s has no threads", dir)
	}
	for _, name := range threads {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // a thread that has just ended
		}
		u.switches += number(data, "voluntary_ctxt_switches:") + number(data, "nonvoluntary_ctxt_switches:")
	}
	rollup, err := os.ReadFile(filepath.Join(dir, "smaps_rollup"))
	if err != nil {
		return u, fmt.Errorf("read usage: %w", err)
	}
	u.rss, u.anon = number(rollup, "Rss:")<<10, number(rollup, "Pss_Anon:")<<10
	return u, nil
}

// number finds a line that begins with key and gives the number after it.
func number(data []byte, key string) int {
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				n, _ := strconv.Atoi(f[0]) // the kernel writes digits
				return n
			}
		}
	}
	return 0
}

// resident is what a program costs while it idles.
type resident struct {
	rss, anon   float64 // MB
	cpu         float64 // per cent of one core
	switchesSec float64
}

// idle watches a process: nothing for warm, then what it uses over the span.
func idle(ctx context.Context, pid int, warm, span time.Duration) (resident, error) {
	if err := sleep(ctx, warm); err != nil {
		return resident{}, err
	}
	a, err := readUsage(pid)
	if err != nil {
		return resident{}, err
	}
	if err := sleep(ctx, span); err != nil {
		return resident{}, err
	}
	b, err := readUsage(pid)
	if err != nil {
		return resident{}, err
	}
	secs := b.at.Sub(a.at).Seconds()
	return resident{
		rss: float64(b.rss) / 1e6, anon: float64(b.anon) / 1e6,
		cpu:         100 * (b.cpu - a.cpu).Seconds() / secs,
		switchesSec: float64(b.switches-a.switches) / secs,
	}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
