package agent

import (
	"testing"
	"time"
)

func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7d": 7 * wholeDay, "12h": 12 * time.Hour, "30m": 30 * time.Minute, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "1d30m": wholeDay + 30*time.Minute,
		"24h": wholeDay, "0": 0, "0d": 0, "90s": 90 * time.Second, "10d0h5m": 10*wholeDay + 5*time.Minute,
	} {
		got, ok := ParseSpan(text)
		if !ok || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
		if back, ok := ParseSpan(FormatSpan(got)); !ok || back != want {
			t.Errorf("%q is written %q, which reads %v, %v", text, FormatSpan(got), back, ok)
		}
	}
	for _, text := range []string{"", "off", "7", "d", "7 days", "-1d", "-1h", "1d-2h", "1.5d", "7w", "99999999d", "1h1d", "1d1d", "+1d", "soon"} {
		if got, ok := ParseSpan(text); ok {
			t.Errorf("%q reads %v", text, got)
		}
	}
	for d, want := range map[time.Duration]string{
		7 * wholeDay: "7d", 36 * time.Hour: "1d12h", 30 * time.Minute: "30m", time.Hour: "1h", 90 * time.Minute: "1h30m", 100 * time.Second: "1m40s", 0: "0", -time.Hour: "-1h",
	} {
		if got := FormatSpan(d); got != want {
			t.Errorf("got %q for %v, want %q", got, d, want)
		}
	}
}
