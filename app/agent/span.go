package agent

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const wholeDay = 24 * time.Hour

// ParseSpan reads a span of time as people write it, days before what
// [time.ParseDuration] reads: "7d", "1d12h", "90m", "0"; false where it is none.
// It is never negative.
func ParseSpan(s string) (time.Duration, bool) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, false
	}
	var d time.Duration
	if rest != "" || !found {
		if d, err = time.ParseDuration(rest); err != nil || d < 0 {
			return 0, false
		}
	}
	return time.Duration(n)*wholeDay + d, true
}

// FormatSpan writes a span as [ParseSpan] reads it: "7d", "1d12h", "10m", "0".
// One that is negative, which nothing reads, begins with "-".
func FormatSpan(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	if d < 0 {
		return "-" + FormatSpan(-d)
	}
	out := ""
	if n := d / wholeDay; n > 0 {
		out, d = fmt.Sprintf("%dd", n), d%wholeDay
	}
	if d == 0 {
		return out
	}
	// 12h0m0s reads as 12h.
	rest := d.String()
	if strings.HasSuffix(rest, "m0s") {
		rest = strings.TrimSuffix(rest, "0s")
	}
	if strings.HasSuffix(rest, "h0m") {
		rest = strings.TrimSuffix(rest, "0m")
	}
	return out + rest
}
