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
	wakeGap    = 3 * time.Second
	// lull is how long an agent that has started says nothing, and some to spare.
	lull = 75 * time.Second
)

// wakes measures what a wake costs in which ten accounts reach their first
// reminder: all that the agent does for it, from the timer to the vault's ledger
// and the note on the screen. Agents with few and with many accounts run side by
// side, so that both see the same machine.
func (b *bench) wakes(ctx context.Context, t *table) error {
	sizes := []int{100, b.many}
	if b.many == 0 {
		return nil
	}
	// Filling the vaults takes its time, and the accounts must be there before.
	from := time.Now().Add(lull + time.Duration(b.many)*4*time.Millisecond).Truncate(time.Second)
	var agents []*running
	defer func() {
		for _, a := range agents {
			a.stop()
		}
	}()
	for _, n := range sizes {
		home := filepath.Join(b.dir, "wakes-"+strconv.Itoa(n))
		if err := b.seed(ctx, home, n, "-from", from.Format(time.RFC3339), "-gap", wakeGap.String()); err != nil {
			return err
		}
		a, err := b.agent(ctx, b.lean, home, "--no-tray")
		if err != nil {
			return err
		}
		agents = append(agents, a)
	}
	if left := time.Until(from); left < lull-wakeGap {
		return fmt.Errorf("measure wakes: seeding took too long, the first reminder is due in %s", left.Round(time.Second))
	}
	took := make([][]time.Duration, len(sizes))
	last := make([]time.Duration, len(sizes))
	for round := range wakeRounds + 1 {
		// Half a gap after one wake, and before the next.
		if err := sleep(ctx, time.Until(from.Add(time.Duration(round)*wakeGap-wakeGap/2))); err != nil {
			return err
		}
		for i, a := range agents {
			cpu, err := processor(a.cmd.Process.Pid)
			if err != nil {
				return err
			}
			if round > 0 {
				took[i] = append(took[i], cpu-last[i])
			}
			last[i] = cpu
		}
	}
	for i, a := range agents {
		s, err := a.client.Snapshot(ctx)
		if err != nil {
			return err
		}
		if got := s.Counts[platform.StateExpiring]; got != 10*wakeRounds {
			return fmt.Errorf("measure wakes: %d of %d accounts changed among %d", got, 10*wakeRounds, sizes[i])
		}
	}
	few, many := millis(median(took[0])), millis(median(took[1]))
	t.add(figure{what: fmt.Sprintf("a wake with 10 changes, %d accounts, processor time", sizes[0]), got: few, unit: "ms"})
	t.add(figure{what: fmt.Sprintf("a wake with 10 changes, %d accounts, processor time", sizes[1]), got: many, unit: "ms",
		beside: fmt.Sprintf("%d accounts", sizes[0]), base: few})
	return nil
}
