package cli

import (
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

const day = 24 * time.Hour

// parseSpan reads a span of time; see [agent.ParseSpan].
func parseSpan(s string) (time.Duration, error) {
	d, ok := agent.ParseSpan(strings.TrimSpace(s))
	if !ok {
		return 0, usage(platform.T("write one like 7d, 12h or 30m"), platform.T("%q is no duration", s))
	}
	return d, nil
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

// formatSpan writes a span; none is off.
func formatSpan(d time.Duration) string {
	if d == 0 {
		return "off"
	}
	return agent.FormatSpan(d)
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
