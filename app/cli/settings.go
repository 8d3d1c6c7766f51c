package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// setting is one key of the settings. Those without set are read only.
type setting struct {
	key, help string
	get       func(agent.Settings) string
	set       func(s *agent.Settings, value string) error
}

func keys() []setting {
	return slices.Concat(reminderKeys(), channelKeys(), []setting{
		{"key", platform.T("where the vault's key is"), func(s agent.Settings) string { return words(s.KeyPlace, s.Key) }, nil},
	})
}

func reminderKeys() []setting {
	return []setting{
		{
			"steps", platform.T("when to remind, before the end"),
			func(s agent.Settings) string { return formatSpans(s.Steps) },
			func(s *agent.Settings, v string) (err error) { s.Steps, err = parseSpans(v); return err },
		},
		span("urgent", platform.T("one more step where a scheduled post or a script depends on the account; off for none"), func(s *agent.Settings) *time.Duration { return &s.Urgent }),
		text("quiet", platform.T("hours in which nothing is said, such as 22:00-07:00; what falls into them is said before"), platform.T("write hours like 22:00-07:00, or off"),
			func(s *agent.Settings) *notifier.Quiet { return &s.Quiet }, notifier.ParseQuiet),
		text("free_days", platform.T("days on which nothing is said, such as sat,sun; what falls on them is said before"), platform.T("write days like sat,sun, or off"),
			func(s *agent.Settings) *notifier.Days { return &s.FreeDays }, notifier.ParseDays),
		text("away", platform.T("when you are not there, such as 2026-12-12/2026-12-26; what ends then is listed before"), platform.T("write two days like 2026-12-12/2026-12-26, or off"),
			func(s *agent.Settings) *notifier.Away { return &s.Away }, notifier.ParseAway),
		{
			"hour", platform.T("the hour of daily reminders, 0 to 23"),
			func(s agent.Settings) string { return strconv.Itoa(s.Hour) },
			func(s *agent.Settings, v string) (err error) { s.Hour, err = parseNumber(v, 0, 23); return err },
		},
		span("idle", platform.T("how long an account may go unused; off switches the rule off"), func(s *agent.Settings) *time.Duration { return &s.Idle }),
		span("poll", platform.T("the agent's longest sleep, at most 1h"), func(s *agent.Settings) *time.Duration { return &s.Poll }),
		span("verify", platform.T("how often platforms are asked whether tokens work"), func(s *agent.Settings) *time.Duration { return &s.Verify }),
		{
			"port", platform.T("the port of the redirect address"),
			func(s agent.Settings) string { return strconv.Itoa(s.Port) },
			func(s *agent.Settings, v string) (err error) { s.Port, err = parseNumber(v, 1, 65535); return err },
		},
		{
			"autostart", platform.T("start at login: on or off"),
			func(s agent.Settings) string {
				if s.Autostart {
					return "on"
				}
				return "off"
			},
			func(s *agent.Settings, v string) error {
				if v != "on" && v != "off" {
					return usage(platform.T("write on or off"), platform.T("%q is neither", v))
				}
				s.Autostart = v == "on"
				return nil
			},
		},
		{
			"language", platform.T("the language: auto for yours, or en, de, es, fr or ja"),
			func(s agent.Settings) string { return words(s.Language, "auto") },
			func(s *agent.Settings, v string) error { s.Language = v; return nil },
		},
		{
			"confirm", platform.T("whether programs need leave before they get a token, see relink programs: on or off"),
			func(s agent.Settings) string {
				if s.Confirm {
					return "on"
				}
				return "off"
			},
			func(s *agent.Settings, v string) error {
				if v != "on" && v != "off" {
					return usage(platform.T("write on or off"), platform.T("%q is neither", v))
				}
				s.Confirm = v == "on"
				return nil
			},
		},
		{
			"browser", platform.T("the command that opens an address; empty means the system's"),
			func(s agent.Settings) string { return s.Browser },
			func(s *agent.Settings, v string) error { s.Browser = v; return nil },
		},
	}
}

func span(key, help string, field func(*agent.Settings) *time.Duration) setting {
	return setting{
		key, help,
		func(s agent.Settings) string { return formatSpan(*field(&s)) },
		func(s *agent.Settings, v string) (err error) { *field(s), err = parseSpanOrOff(v); return err },
	}
}

// text is a setting that is written and read by its type.
func text[T fmt.Stringer](key, help, repair string, field func(*agent.Settings) *T, parse func(string) (T, error)) setting {
	return setting{
		key, help,
		func(s agent.Settings) string { return words((*field(&s)).String(), "off") },
		func(s *agent.Settings, v string) error {
			x, err := parse(v)
			if err != nil {
				return usage(repair, err.Error())
			}
			*field(s) = x
			return nil
		},
	}
}

func parseNumber(v string, low, high int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		return 0, usage(platform.T("write a number from %d to %d", low, high), platform.T("%q is out of range", v))
	}
	return n, nil
}

// find gives the setting of a key, "steps.PLATFORM" included.
func find(key string) (setting, error) {
	if id, ok := strings.CutPrefix(key, "steps."); ok {
		if _, err := platform.Lookup(id); err != nil {
			return setting{}, err
		}
		return setting{
			key: key,
			get: func(s agent.Settings) string {
				if own, ok := s.PlatformSteps[id]; ok {
					return formatSpans(own)
				}
				return "off"
			},
			set: func(s *agent.Settings, v string) error {
				s.PlatformSteps = maps.Clone(s.PlatformSteps)
				if v == "off" {
					delete(s.PlatformSteps, id)
					return nil
				}
				own, err := parseSpans(v)
				if s.PlatformSteps == nil {
					s.PlatformSteps = map[string][]time.Duration{}
				}
				s.PlatformSteps[id] = own
				return err
			},
		}, nil
	}
	var names []string
	for _, s := range keys() {
		if s.key == key {
			return s, nil
		}
		names = append(names, s.key)
	}
	return setting{}, usage(platform.T("choose one of: %s", strings.Join(names, ", ")+", steps.PLATFORM"), platform.T("there is no setting %q", key))
}

func (t *tool) settings() *cobra.Command {
	var help strings.Builder
	for _, s := range keys() {
		help.WriteString("  " + s.key + strings.Repeat(" ", 15-len(s.key)) + s.help + "\n")
	}
	cmd := &cobra.Command{
		Use:   "settings",
		Short: platform.T("Print or change the settings"),
		Long: platform.T("Print the settings, or one of them, or change one:") + "\n\n" + help.String() + "\n" +
			platform.T("steps.PLATFORM holds the steps of one platform; off takes them back. The file is config.toml; its place: relink version --json."),
		Example: "  relink settings\n  relink settings set steps 7d,3d,1d\n  relink settings set steps.facebook 14d,7d,1d",
		Args:    nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			s, err := svc.Settings(ctx)
			if err != nil {
				return err
			}
			if t.json {
				return t.emit(settingsOf(s))
			}
			var rows []string
			for _, k := range keys() {
				rows = append(rows, row(k.key, k.get(s)))
				if k.key == "steps" {
					for _, id := range slices.Sorted(maps.Keys(s.PlatformSteps)) {
						rows = append(rows, row("steps."+id, formatSpans(s.PlatformSteps[id])))
					}
				}
			}
			return t.table(false, rows)
		}),
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "get KEY", Short: platform.T("Print one setting"), Args: takes(1, 1),
			RunE: func(cmd *cobra.Command, args []string) error {
				k, err := find(args[0])
				if err != nil {
					return err
				}
				return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
					s, err := svc.Settings(ctx)
					if err != nil {
						return err
					}
					return t.result(map[string]string{k.key: k.get(s)}, "%s", k.get(s))
				})(cmd, args)
			},
		},
		&cobra.Command{
			Use: "set KEY VALUE", Short: platform.T("Change one setting"), Args: takes(2, 2),
			RunE: func(cmd *cobra.Command, args []string) error {
				k, err := find(args[0])
				if err != nil {
					return err
				}
				if k.set == nil {
					return usage(platform.T("see relink unlock --help"), platform.T("%s cannot be set", k.key))
				}
				if err := k.set(&agent.Settings{}, args[1]); err != nil { // before anything is started
					return err
				}
				return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
					s, err := svc.Settings(ctx)
					if err != nil {
						return err
					}
					if err := k.set(&s, args[1]); err != nil {
						return err
					}
					if err := svc.SetSettings(ctx, s); err != nil {
						return err
					}
					return t.result(settingsOf(s), platform.T("%s is %s"), k.key, k.get(s))
				})(cmd, args)
			},
		},
	)
	return cmd
}

func settingsOf(s agent.Settings) settingsOut {
	seconds := func(all []time.Duration) []int64 {
		out := make([]int64, len(all))
		for i, d := range all {
			out[i] = int64(d / time.Second)
		}
		return out
	}
	out := settingsOut{
		Steps: seconds(s.Steps), Urgent: int64(s.Urgent / time.Second), Hour: s.Hour, Quiet: s.Quiet.String(), FreeDays: s.FreeDays.Names(), Away: s.Away.String(),
		Idle: int64(s.Idle / time.Second), Poll: int64(s.Poll / time.Second), Verify: int64(s.Verify / time.Second),
		Port: s.Port, Autostart: s.Autostart, Confirm: s.Confirm, Language: words(s.Language, "auto"), Browser: s.Browser, Mail: mailOf(s.Mail), Webhook: s.Webhook, Hook: s.Hook, Calendar: s.Calendar, Key: s.Key, KeyPlace: s.KeyPlace,
	}
	for id, steps := range s.PlatformSteps {
		if out.PlatformSteps == nil {
			out.PlatformSteps = map[string][]int64{}
		}
		out.PlatformSteps[id] = seconds(steps)
	}
	return out
}
