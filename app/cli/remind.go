package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

func (t *tool) mute() *cobra.Command {
	return &cobra.Command{
		Use:     "mute ACCOUNT [off]",
		Short:   platform.T("Switch an account's reminders off, or on again"),
		Long:    platform.T("Switch an account's reminders off for good; off takes that back. The tray and the window go on showing its state."),
		Example: "  relink mute mastodon/test\n  relink mute mastodon/test off",
		Args:    takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			on := len(args) == 1
			if !on && args[1] != "off" {
				return usage(platform.T("leave it out, or write off"), platform.T("%q is neither", args[1]))
			}
			return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
				if err := svc.Mute(ctx, args[0], on); err != nil {
					return err
				}
				out := mutedOut{args[0], on}
				if on {
					return t.result(out, platform.T("No reminders for %s any more; take that back with: relink mute %s off"), args[0], args[0])
				}
				return t.result(out, platform.T("Reminders for %s go on."), args[0])
			})(cmd, args)
		},
	}
}

func (t *tool) steps() *cobra.Command {
	return &cobra.Command{
		Use:     "steps ACCOUNT STEPS",
		Short:   platform.T("Give an account reminders of its own"),
		Long:    platform.T("Give an account reminders of its own, in place of its platform's and everybody's; off takes them back."),
		Example: "  relink steps facebook/shop 14d,7d,1d,4h\n  relink steps facebook/shop off",
		Args:    takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var own []time.Duration
			if args[1] != "off" {
				var err error
				if own, err = parseSpans(args[1]); err != nil {
					return err
				}
			}
			return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
				if err := svc.SetSteps(ctx, args[0], own); err != nil {
					return err
				}
				out := stepsOut{args[0], []int64{}}
				for _, d := range own {
					out.Steps = append(out.Steps, int64(d/time.Second))
				}
				if len(own) == 0 {
					return t.result(out, platform.T("Reminders for %s come as for the others."), args[0])
				}
				return t.result(out, platform.T("Reminders for %s come %s before it ends."), args[0], formatSpans(own))
			})(cmd, args)
		},
	}
}

func (t *tool) away() *cobra.Command {
	return &cobra.Command{
		Use:     "away FROM TO",
		Short:   platform.T("Say when you are not there"),
		Long:    platform.T(`Say when you are not there, both days included. What ends within that time is listed once before it begins, with what can be reconnected early. off ends it.`),
		Example: "  relink away 2026-12-12 2026-12-26\n  relink away off",
		Args:    takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			away, err := notifier.ParseAway(strings.Join(args, "/"))
			if err != nil {
				return usage(platform.T("write two days like 2026-12-12 2026-12-26, or off"), err.Error())
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				s, err := svc.Settings(ctx)
				if err != nil {
					return err
				}
				s.Away = away
				if err := svc.SetSettings(ctx, s); err != nil {
					return err
				}
				if away.None() {
					return t.result(settingsOf(s), platform.T("You are not marked as away."))
				}
				return t.result(settingsOf(s), platform.T("You are away from %s to %s; what ends in that time is listed before you leave."), away.From, away.To)
			})(cmd, args)
		},
	}
}

func (t *tool) rehearse() *cobra.Command {
	return &cobra.Command{
		Use:     "rehearse ACCOUNT",
		Short:   platform.T("Show every reminder an account would give, as a rehearsal"),
		Long:    platform.T(`Show every reminder an account would give, one after the other within a minute, on every channel there is and marked as a rehearsal. Nothing else happens: a click on one is only counted, and the real reminders come all the same. Exit code 1 when a channel could not show one.`),
		Example: "  relink rehearse linkedin/acme",
		Args:    takes(1, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			r, err := svc.Rehearse(ctx, args[0])
			if err != nil {
				return err
			}
			shown, failed := 0, false
			for {
				// A step is told when the next is on its way: until then more may become of it.
				for shown < len(r.Steps) && (r.Done || shown+1 < len(r.Steps) && !r.Steps[shown+1].Sent.IsZero()) {
					s := r.Steps[shown]
					shown++
					bad, err := t.rehearsed(s)
					if err != nil {
						return err
					}
					failed = failed || bad
				}
				if r.Done {
					break
				}
				if r, err = svc.Rehearsal(ctx, r.ID, r.Version); err != nil {
					return err
				}
			}
			if failed {
				return told(exitFailed)
			}
			return nil
		}),
	}
}

// rehearsed tells one step, and whether a channel could not show it.
func (t *tool) rehearsed(s agent.RehearsalStep) (failed bool, err error) {
	var results []string
	out := rehearsalOut{Step: s.Step, Title: s.Title, Body: s.Body, Due: stamp(s.Due), Sent: stamp(s.Sent), Results: []rehearsalResultOut{}}
	for _, r := range s.Results {
		failed = failed || r.Became == agent.OutcomeFailed
		out.Results = append(out.Results, rehearsalResultOut(r))
		line := r.Channel + ": " + string(r.Became)
		if r.Reason != "" {
			line += ", " + r.Reason
		}
		results = append(results, line)
	}
	if t.json {
		return failed, t.emit(out)
	}
	due := platform.T("no date")
	if !s.Due.IsZero() {
		due = date(s.Due)
	}
	return failed, t.print("%s  %s\n    %s", due, s.Title, strings.Join(results, "; "))
}
