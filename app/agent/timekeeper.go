package agent

import (
	"sync"
	"time"
)

const (
	// clockSlack is how far the wall clock may stray from the time that really
	// passed before it counts as set by hand.
	clockSlack = 5 * time.Minute
	// trustedDate is how far a platform's Date header may be from the clock.
	trustedDate = 10 * time.Minute
	// maxSleep is how long a computer may have slept or been off without the
	// time being asked for.
	maxSleep = 31 * 24 * time.Hour
)

// timekeeper tells the time that deadlines are judged by. It follows the wall
// clock, but not when that jumps: a clock set forward a year would show every
// account as expired. Until a platform's Date header says who is right it
// counts on from before the jump.
type timekeeper struct {
	wall    func() time.Time
	elapsed func() time.Duration
	// sleeps is the longest jump forward that is taken for sleep; zero where
	// elapsed goes on during sleep. There the two cannot be told apart, lids are
	// closed far more often than clocks are set, and a clock that was set after
	// all is put right again in the same way as before.
	sleeps time.Duration

	mu sync.Mutex // guards the fields below
	// base and at are a wall time believed in, and the elapsed time then.
	base time.Time
	at   time.Duration
	// jump is how far the wall clock is off; zero while it is believed.
	jump time.Duration
}

func newTimekeeper(wall func() time.Time, elapsed func() time.Duration, lastSeen time.Time) *timekeeper {
	t := &timekeeper{wall: wall, elapsed: elapsed, base: wall(), at: elapsed()}
	// A clock behind the time of the last run is wrong for certain; one that is
	// far ahead of it may be, and a platform is asked.
	if off := t.base.Sub(lastSeen); !lastSeen.IsZero() && (off < -clockSlack || off > maxSleep) {
		t.base, t.jump = lastSeen, off
	}
	return t
}

// now is the time to judge by.
func (t *timekeeper) now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.read()
}

func (t *timekeeper) read() time.Time {
	wall, elapsed := t.wall().Round(0), t.elapsed()
	expected := t.base.Add(elapsed - t.at)
	off := wall.Sub(expected)
	if off.Abs() <= clockSlack || off > 0 && off <= t.sleeps {
		// In step, asleep, or put right again.
		t.base, t.at, t.jump = wall, elapsed, 0
		return wall
	}
	t.jump = off
	return expected
}

// dated is told a platform's own time.
func (t *timekeeper) dated(date time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.read()
	if t.jump == 0 {
		return
	}
	wall := t.wall().Round(0)
	if date.Sub(wall).Abs() <= trustedDate && date.Sub(now).Abs() > trustedDate {
		t.base, t.at, t.jump = wall, t.elapsed(), 0
	}
}

// off is how far the wall clock is from the time judged by; zero while it is believed.
func (t *timekeeper) off() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read()
	return t.jump
}
