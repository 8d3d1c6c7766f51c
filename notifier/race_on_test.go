//go:build race

package notifier

// raceRuns: Plan is pure, so a few runs under the race detector do.
const raceRuns = 40
