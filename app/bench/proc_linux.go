package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
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

// ticks per second of /proc/PID/stat, the same on every Linux Go runs on (USER_HZ).
const ticks = 100

func readUsage(pid int) (usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	u := usage{at: time.Now()}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return u, fmt.Errorf("read usage: %w", err)
	}
	// The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return u, fmt.Errorf("read usage: %s/stat is cut short", dir)
	}
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return u, fmt.Errorf("read usage: %w", err)
		}
		u.cpu += time.Duration(n) * time.Second / ticks
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
