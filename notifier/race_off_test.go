//go:build !race

package notifier

// raceRuns divides how often simulations run under the race detector.
const raceRuns = 1
