package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

func (t *tool) reconnect() *cobra.Command {
	var s signIn
	var all bool
	cmd := &cobra.Command{
		Use:     "reconnect [ACCOUNT]",
		Short:   platform.T("Sign in again for an account that is there"),
		Long:    platform.T(`Sign in again for an account that is there. Its name, settings and history stay. With --all: every account that needs somebody or ends soon, one sign-in at a time; those of one person at one platform take one together. At a terminal, without either, they are listed to choose from.`),
		Example: "  relink reconnect\n  relink reconnect linkedin/acme\n  relink reconnect --all",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 != all && len(args) < 2 || len(args) == 0 && t.guided() {
				return nil
			}
			return errors.New(platform.T("name one account, or give --all"))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.guided() {
				return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
					return t.guideReconnect(ctx, svc, strings.Join(args, ""), all, s)
				})(cmd, args)
			}
			which := "--all"
			if !all {
				which = args[0]
			}
			if err := t.refuse(s, "relink reconnect "+which); err != nil && !s.credential && (all || !byHandRef(which)) {
				return err
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				if all {
					return t.reconnectAll(ctx, svc, s)
				}
				return t.reconnectOne(ctx, svc, which, s)
			})(cmd, args)
		},
	}
	s.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, platform.T("every account that needs somebody or ends soon"))
	return cmd
}

// byHandRef reports whether an account named as "telegram/acme" has no way in but by hand.
func byHandRef(ref string) bool {
	id, _, _ := strings.Cut(ref, "/")
	p, err := platform.Lookup(id)
	return err == nil && signIn{}.byHand(p)
}

func (t *tool) reconnectOne(ctx context.Context, svc agent.Service, account string, s signIn) error {
	f, err := t.startAgain(ctx, svc, account, s)
	if err != nil {
		return err
	}
	return t.follow(ctx, svc, f, s)
}

// startAgain starts the sign-in of an account that is there, the way it came.
func (t *tool) startAgain(ctx context.Context, svc agent.Service, account string, s signIn) (agent.Flow, error) {
	r := agent.ReconnectRequest{Account: account, Anew: s.anew, NoBrowser: s.noBrowser || s.paste, NoListener: s.paste, Device: s.device}
	if acc, byHand, err := t.wayOf(ctx, svc, account, s); err != nil {
		return agent.Flow{}, err
	} else if byHand != nil {
		if r.Login, r.Secret, err = t.credential(ctx, byHand, s, acc.Handle); err != nil {
			return agent.Flow{}, err
		}
	}
	return svc.Reconnect(ctx, r)
}

// wayOf finds the account and, where it is reconnected by hand, its platform: because
// that was asked for, because there is no other way, or because it was connected so.
func (t *tool) wayOf(ctx context.Context, svc agent.Service, name string, s signIn) (platform.Account, *platform.Platform, error) {
	snapshot, err := svc.Snapshot(ctx)
	if err != nil {
		return platform.Account{}, nil, err
	}
	for r := range snapshot.All() {
		if r.Account.ID != name && r.Account.Ref() != name && r.Account.Alias != name {
			continue
		}
		p, err := platform.Lookup(r.Account.Platform)
		browser := s.noBrowser || s.paste || s.device
		if err != nil || !s.byHand(p) && (browser || !p.ByHand(r.Grant)) {
			return r.Account, nil, nil
		}
		return r.Account, p, nil
	}
	return platform.Account{}, nil, nil // the agent says that there is none
}

// reconnectAll goes on after a failure; only Ctrl+C ends it early.
func (t *tool) reconnectAll(ctx context.Context, svc agent.Service, s signIn) error {
	snapshot, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	rows := due(snapshot)
	if len(rows) == 0 {
		if t.json {
			return nil
		}
		return t.print("%s", platform.T("Nobody is needed."))
	}
	return t.each(ctx, svc, rows, func(row *agent.Row, _ bool) (bool, error) {
		err := t.reconnectOne(ctx, svc, row.Account.ID, s)
		if err == nil {
			return true, nil
		}
		t.say("relink: %s: %s", row.Account.Ref(), errorLine(err))
		return ctx.Err() == nil, told(exitCode(err))
	})
}
