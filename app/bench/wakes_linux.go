package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"relink/platform"
)

const (
	// wakeRounds wakes with ten changes each are what a hundred accounts give.
	wakeRounds = 10
	wakeGap    = 4 * time.Second
	// wakePairs agents with few accounts and as many with many wake by turns. One
	// process may be dearer than its like by half for as long as it lives, by where
	// its memory came to lie; the least of several is what the work itself takes.
	wakePairs = 5
	// lull is how long an agent that has started says nothing, and some to spare.
	lull = 75 * time.Second
	// seeding is how long making an account may take.
	seeding = 2 * time.Millisecond
)

// waker is an agent to measure: what it holds, and when its first wake is.
type waker struct {
	*running
	accounts int
	from     time.Time
	// last is the processor's time before the next wake, took that of each so far.
	last time.Duration
	took []time.Duration
}

// wakes measures what a wake costs in which ten accounts reach their first
// reminder: all that the agent does for it, from the timer to the vault's ledger
// and the note on the screen. Agents with few and with many accounts wake one
// after another, so that all see the same machine and none wakes beside another.
func (b *bench) wakes(ctx context.Context, t *table) error {
	if b.many == 0 {
		return nil
	}
	sizes := [2]int{100, b.many}
	first := time.Now().Add(lull + wakePairs*time.Duration(b.many)*seeding).Truncate(time.Second)
	var all []*waker
	defer func() {
		for _, w := range all {
			w.stop()
		}
	}()
	for i := range wakePairs * len(sizes) {
		w := &waker{accounts: sizes[i%len(sizes)], from: first.Add(time.Duration(i) * wakeGap / (wakePairs * 2))}
		home := filepath.Join(b.dir, "wakes-"+strconv.Itoa(i))
		if err := b.seed(ctx, home, w.accounts, "-from", w.from.Format(time.RFC3339Nano), "-gap", wakeGap.String()); err != nil {
			return err
		}
		var err error
		if w.running, err = b.agent(ctx, b.lean, home, "--no-tray"); err != nil {
			return err
		}
		all = append(all, w)
	}
	if left := time.Until(first); left < lull-wakeGap {
		return fmt.Errorf("measure wakes: seeding took too long, the first reminder is due in %s", left.Round(time.Second))
	}
	for round := range wakeRounds + 1 {
		for _, w := range all {
			// Half a gap after one wake, and before the next.
			if err := sleep(ctx, time.Until(w.from.Add(time.Duration(round)*wakeGap-wakeGap/2))); err != nil {
				return err
			}
			cpu, err := processor(w.cmd.Process.Pid)
			if err != nil {
				return err
			}
			if round > 0 {
				w.took = append(w.took, cpu-w.last)
			}
			w.last = cpu
		}
	}
	took := map[int]time.Duration{}
	for _, w := range all {
		s, err := w.client.Snapshot(ctx)
		if err != nil {
			return err
		}
		if got := s.Counts[platform.StateExpiring]; got != 10*wakeRounds {
			return fmt.Errorf("measure wakes: %d of %d accounts changed among %d", got, 10*wakeRounds, w.accounts)
		}
		if m := median(w.took); took[w.accounts] == 0 || m < took[w.accounts] {
			took[w.accounts] = m
		}
	}
	few, many := millis(took[sizes[0]]), millis(took[sizes[1]])
	t.add(figure{what: fmt.Sprintf("a wake with 10 changes, %d accounts, processor time", sizes[0]), got: few, unit: "ms", most: 2})
	t.add(figure{what: fmt.Sprintf("a wake with 10 changes, %d accounts, processor time", sizes[1]), got: many, unit: "ms", most: 2})
	// "No dearer" within what two runs of the same agent differ by.
	t.add(figure{what: "the same, beside each other", got: many, unit: "ms", beside: fmt.Sprintf("%d accounts", sizes[0]), base: few, most: 1.2})
	return nil
}
