package config

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
)

const (
	day     = 24 * time.Hour
	maxSpan = 365 * day
)

// Defaults are the settings nobody has changed.
func Defaults() agent.Settings {
	return agent.Settings{
		Steps: []time.Duration{7 * day, 3 * day, day}, Urgent: 4 * time.Hour, Hour: 9, Idle: 90 * day,
		Poll: time.Hour, Verify: day, Language: Auto, Port: connect.DefaultPort,
	}
}

// Check gives the settings with the ladders in order and each step once, or
// says which setting cannot be.
func Check(s agent.Settings) (agent.Settings, error) {
	var bad *fieldError
	if s, bad = checked(s); bad != nil {
		return s, &platform.Error{Kind: platform.KindUsage, Code: bad.key, Message: bad.Error(), Repair: platform.T("correct it; nothing was changed")}
	}
	return s, nil
}

// fieldError is a setting that cannot be, by its key in the file.
type fieldError struct{ key, why string }

func (e *fieldError) Error() string { return platform.T("%s %s", e.key, e.why) }

func checked(s agent.Settings) (agent.Settings, *fieldError) {
	if len(s.Steps) == 0 {
		return s, &fieldError{"steps", platform.T("must name at least one span of time, such as 3d")}
	}
	var bad *fieldError
	if s.Steps, bad = ladder("steps", s.Steps); bad != nil {
		return s, bad
	}
	if len(s.PlatformSteps) > 0 {
		s.PlatformSteps = maps.Clone(s.PlatformSteps)
		for _, p := range slices.Sorted(maps.Keys(s.PlatformSteps)) {
			if _, err := platform.Lookup(p); err != nil {
				return s, &fieldError{tableKey + "." + p, platform.T("names no platform that Relink knows")}
			}
			if s.PlatformSteps[p], bad = ladder(tableKey+"."+p, s.PlatformSteps[p]); bad != nil {
				return s, bad
			}
		}
	}
	span := func(key string, d, least, most time.Duration) {
		if bad == nil && (d < least || d > most) {
			bad = &fieldError{key, platform.T("must be from %s to %s, not %s", agent.FormatSpan(least), agent.FormatSpan(most), agent.FormatSpan(d))}
		}
	}
	number := func(key string, n, least, most int) {
		if bad == nil && (n < least || n > most) {
			bad = &fieldError{key, platform.T("must be from %d to %d, not %d", least, most, n)}
		}
	}
	if s.Urgent != 0 {
		span("urgent", s.Urgent, time.Minute, 30*day)
	}
	number("hour", s.Hour, 0, 23)
	// Written and read back, each is checked by those who know it.
	for key, check := range map[string]func() error{
		"quiet":     func() error { _, err := notifier.ParseQuiet(s.Quiet.String()); return err },
		"free_days": func() error { _, err := notifier.ParseDays(s.FreeDays.String()); return err },
		"away":      func() error { _, err := notifier.ParseAway(s.Away.String()); return err },
	} {
		if err := check(); err != nil && bad == nil {
			bad = &fieldError{key, platform.T("has %s", err.Error())}
		}
	}
	if s.Idle != 0 {
		span("idle", s.Idle, day, 10*maxSpan)
	}
	span("poll", s.Poll, time.Minute, time.Hour)
	span("verify", s.Verify, time.Minute, 30*day)
	number("port", s.Port, 1024, 65535)
	if bad == nil && s.Language != "" && s.Language != Auto && !spoken(s.Language) {
		bad = &fieldError{"language", platform.T("must be %s or one of %s", Auto, strings.Join(Languages(), ", "))}
	}
	if bad == nil && strings.ContainsAny(s.Browser, "\r\n\x00") {
		bad = &fieldError{"browser", platform.T("must be one line")}
	}
	if bad == nil {
		s, bad = channels(s)
	}
	return s, bad
}

// ladder puts steps in order, longest first, each once.
func ladder(key string, steps []time.Duration) ([]time.Duration, *fieldError) {
	for _, d := range steps {
		if d <= 0 || d > maxSpan {
			return steps, &fieldError{key, platform.T("must be spans of up to %s, not %s", agent.FormatSpan(maxSpan), agent.FormatSpan(d))}
		}
	}
	out := slices.Clone(steps)
	slices.SortFunc(out, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	return slices.Compact(out), nil
}

// file is config.toml as go-toml reads it; nil is a key that is not there.
// Spans stay text here, so that a wrong one is named with its key and line.
type file struct {
	Steps         *[]string           `toml:"steps"`
	PlatformSteps map[string][]string `toml:"platform_steps"`
	Urgent        *string             `toml:"urgent"`
	Hour          *int                `toml:"hour"`
	Quiet         *string             `toml:"quiet"`
	FreeDays      *[]string           `toml:"free_days"`
	Away          *string             `toml:"away"`
	Idle          *string             `toml:"idle"`
	Poll          *string             `toml:"poll"`
	Verify        *string             `toml:"verify"`
	Port          *int                `toml:"port"`
	Autostart     *bool               `toml:"autostart"`
	Language      *string             `toml:"language"`
	Browser       *string             `toml:"browser"`
	Confirm       *bool               `toml:"confirm"`
	MailServer    *string             `toml:"mail_server"`
	MailPort      *int                `toml:"mail_port"`
	MailSecurity  *string             `toml:"mail_security"`
	MailUser      *string             `toml:"mail_user"`
	MailFrom      *string             `toml:"mail_from"`
	MailTo        *[]string           `toml:"mail_to"`
	MailLabels    map[string][]string `toml:"mail_labels"`
	Webhook       *string             `toml:"webhook"`
	Hook          *string             `toml:"hook"`
	Calendar      *string             `toml:"calendar"`
}

// settings gives the defaults with what the file says in their place.
func (f file) settings() (agent.Settings, *fieldError) {
	s := Defaults()
	var bad *fieldError
	one := func(key, text string) time.Duration {
		if text == "off" {
			return 0
		}
		d, ok := agent.ParseSpan(text)
		if !ok && bad == nil {
			bad = &fieldError{key, platform.T("must be a span of time such as 7d, 12h or 30m, not %q", text)}
		}
		return d
	}
	list := func(key string, texts []string) []time.Duration {
		out := make([]time.Duration, len(texts))
		for i, t := range texts {
			out[i] = one(key, t)
		}
		return out
	}
	if f.Steps != nil {
		s.Steps = list("steps", *f.Steps)
	}
	for _, p := range slices.Sorted(maps.Keys(f.PlatformSteps)) {
		if s.PlatformSteps == nil {
			s.PlatformSteps = map[string][]time.Duration{}
		}
		s.PlatformSteps[p] = list(tableKey+"."+p, f.PlatformSteps[p])
	}
	for key, to := range map[string]struct {
		text *string
		span *time.Duration
	}{"urgent": {f.Urgent, &s.Urgent}, "idle": {f.Idle, &s.Idle}, "poll": {f.Poll, &s.Poll}, "verify": {f.Verify, &s.Verify}} {
		if to.text != nil {
			*to.span = one(key, *to.text)
		}
	}
	set(&s.Hour, f.Hour)
	fail := func(key string, err error) {
		if err != nil && bad == nil {
			bad = &fieldError{key, platform.T("has %s", err.Error())}
		}
	}
	var err error
	if f.Quiet != nil {
		s.Quiet, err = notifier.ParseQuiet(*f.Quiet)
		fail("quiet", err)
	}
	if f.FreeDays != nil {
		s.FreeDays, err = notifier.ParseDays(strings.Join(*f.FreeDays, ","))
		fail("free_days", err)
	}
	if f.Away != nil {
		s.Away, err = notifier.ParseAway(*f.Away)
		fail("away", err)
	}
	set(&s.Port, f.Port)
	set(&s.Autostart, f.Autostart)
	set(&s.Language, f.Language)
	set(&s.Browser, f.Browser)
	set(&s.Confirm, f.Confirm)
	set(&s.Mail.Server, f.MailServer)
	set(&s.Mail.Port, f.MailPort)
	set(&s.Mail.Security, f.MailSecurity)
	set(&s.Mail.User, f.MailUser)
	set(&s.Mail.From, f.MailFrom)
	set(&s.Mail.To, f.MailTo)
	s.Mail.Labels = f.MailLabels
	set(&s.Webhook, f.Webhook)
	set(&s.Hook, f.Hook)
	set(&s.Calendar, f.Calendar)
	if bad != nil {
		return s, bad
	}
	return checked(s)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// lineError is what is wrong with the text of a settings file, and where; line 0 is unknown.
type lineError struct {
	line int
	why  string
}

func (e *lineError) Error() string {
	if e.line == 0 {
		return e.why
	}
	return platform.T("line %d: %s", e.line, e.why)
}

// parse reads the text of a settings file.
func parse(text string) (agent.Settings, *lineError) {
	s := Defaults()
	var f file
	if err := toml.Unmarshal([]byte(text), &f); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ := at.Position()
			return s, &lineError{line, strings.TrimPrefix(at.Error(), "toml: ")}
		}
		return s, &lineError{0, strings.TrimPrefix(err.Error(), "toml: ")}
	}
	s, bad := f.settings()
	if bad != nil {
		return s, &lineError{lineOf(text, bad.key), bad.Error()}
	}
	return s, nil
}
