package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"relink/platform"
)

const day = 24 * time.Hour

// parseSpan reads a duration as people write it: "7d", "1d12h", "10m". It is never negative.
func parseSpan(s string) (time.Duration, error) {
	wrong := usage(platform.T("write one like 7d, 12h or 30m"), platform.T("%q is no duration", s))
	rest, total := strings.TrimSpace(s), time.Duration(0)
	if days, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, wrong
		}
		total, rest = time.Duration(n)*day, after
		if rest == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || strings.HasPrefix(rest, "-") {
		return 0, wrong
	}
	return total + d, nil
}

// parseSpanOrOff takes "off" as zero, and zero as nothing else.
func parseSpanOrOff(s string) (time.Duration, error) {
	if s == "off" {
		return 0, nil
	}
	d, err := parseSpan(s)
	if err == nil && d == 0 {
		return 0, usage(platform.T("write one like 7d, 12h or 30m, or off"), platform.T("%q is no time at all", s))
	}
	return d, err
}

// formatSpan writes a duration so that parseSpan reads it: "7d", "1d12h", "10m".
func formatSpan(d time.Duration) string {
	if d == 0 {
		return "off"
	}
	out := ""
	if days := d / day; days > 0 {
		out, d = fmt.Sprintf("%dd", days), d%day
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

func formatSpans(all []time.Duration) string {
	out := make([]string, len(all))
	for i, d := range all {
		out[i] = formatSpan(d)
	}
	return strings.Join(out, ",")
}

func parseSpans(s string) ([]time.Duration, error) {
	var out []time.Duration
	for part := range strings.SplitSeq(s, ",") {
		d, err := parseSpan(part)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// spanFlag is a flag that takes a duration with days.
type spanFlag struct{ d *time.Duration }

func (f spanFlag) String() string {
	if f.d == nil || *f.d == 0 {
		return ""
	}
	return formatSpan(*f.d)
}

func (f spanFlag) Type() string { return "duration" }

func (f spanFlag) Set(s string) error {
	d, err := parseSpan(s)
	if err != nil {
		return err
	}
	*f.d = d
	return nil
}

// date is an absolute moment as people read it, in their own time zone.
func date(at time.Time) string { return platform.At(at.Local(), platform.T("Mon 2 Jan 2006, 15:04")) }

// stamp is a moment as JSON has it.
func stamp(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Truncate(time.Second)
}
