package cli

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

func (t *tool) app() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "app",
		Short: platform.T("Keep your own app registrations"),
		Long:  platform.T("Keep the client ids and secrets of your own apps at the platforms. What to register: relink platforms PLATFORM."),
		Args:  nothing,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(t.appSet(), t.appTest(), t.appList(), t.appRemove())
	return cmd
}

// appOf reads which platform's app is meant; the flags say which of its servers.
func appOf(r *agent.AppRequest, id string) (*platform.Platform, error) {
	p, err := platform.Lookup(id)
	if err != nil {
		return nil, err
	}
	if r.Platform = p.ID; p.Site != platform.SiteNone && r.Server == "" {
		return nil, needsSite(p, "server")
	}
	return p, nil
}

func (t *tool) appSet() *cobra.Command {
	var r agent.AppRequest
	cmd := &cobra.Command{
		Use:     "set PLATFORM",
		Short:   platform.T("Store a client id and secret"),
		Long:    platform.T(`Store the client id and secret of your own app. The secret comes from a prompt or stdin, never from an argument; an empty one means a public client.`),
		Example: "  relink app set linkedin --client-id 78abc\n  relink app set facebook --client-id 1234 < secret.txt",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := appOf(&r, args[0])
			if err != nil {
				return err
			}
			idLabel, secretLabel := words(p.Registration.IDLabel, platform.T("Client id")), words(p.Registration.SecretLabel, platform.T("Client secret"))
			if r.ClientID == "" && t.Interactive {
				if r.ClientID, err = t.ask(cmd.Context(), idLabel+": "); err != nil {
					return err
				}
			}
			if r.ClientID == "" {
				return usage(platform.T("add --client-id"), platform.T("%s is missing", idLabel))
			}
			if r.Secret, err = t.maybeSecret(cmd.Context(), secretLabel+": "); err != nil {
				return err
			}
			if r.Secret == "" && p.Registration.Secret {
				return usage(platform.T("give it at the prompt or on stdin"), platform.T("%s needs the %s", p.Title(), secretLabel))
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				if err := svc.SetApp(ctx, r); err != nil {
					return err
				}
				redirect := r.Redirect
				if redirect == "" {
					if redirect, err = svc.Redirect(ctx, p.ID); err != nil {
						return err
					}
				}
				line := platform.T("Stored.")
				if redirect != "" { // else no browser comes back
					line = platform.T("Stored. The redirect address registered at %s must be exactly %s", p.Title(), redirect)
				}
				line += "\n" + platform.T("Then run: relink connect %s", p.ID)
				return t.result(appOut{Platform: r.Platform, Server: r.Server, ClientID: r.ClientID, Redirect: redirect}, "%s", line)
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.ClientID, "client-id", "", platform.T("the app's client id"))
	f.StringVar(&r.Server, "server", "", platform.T("the server or issuer it belongs to"))
	f.StringVar(&r.Redirect, "redirect", "", platform.T("the exact redirect address registered, where it is not Relink's own"))
	return cmd
}

func (t *tool) appTest() *cobra.Command {
	var r agent.AppRequest
	cmd := &cobra.Command{
		Use:     "test PLATFORM",
		Short:   platform.T("Ask the platform about a client id and secret"),
		Long:    platform.T(`Ask the platform whether it knows the client id and secret, and look whether the browser could come back to this computer. Without --client-id they are those stored; with it the secret comes from a prompt or stdin. Nothing is stored, and what only a sign-in can show is named. Exit code 1 when something is wrong.`),
		Example: "  relink app test linkedin\n  relink app test facebook --client-id 1234 < secret.txt",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := appOf(&r, args[0])
			if err != nil {
				return err
			}
			if r.ClientID != "" && p.Registration.Secret {
				if r.Secret, err = t.maybeSecret(cmd.Context(), words(p.Registration.SecretLabel, platform.T("Client secret"))+": "); err != nil {
					return err
				}
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				findings, err := svc.TestApp(ctx, r)
				if err != nil {
					return err
				}
				return t.findings(findings)
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.ClientID, "client-id", "", platform.T("the app's client id, where it is not the one stored"))
	f.StringVar(&r.Server, "server", "", platform.T("the server or issuer it belongs to"))
	f.StringVar(&r.Redirect, "redirect", "", platform.T("the redirect address registered, where it is not Relink's own"))
	return cmd
}

func words(label, otherwise string) string {
	if label == "" {
		return otherwise
	}
	return label
}

func (t *tool) appList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: platform.T("List the app registrations, without their secrets"),
		Args:  nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			apps, err := svc.Apps(ctx)
			if err != nil {
				return err
			}
			out, rows := []appOut{}, []string{row(platform.T("PLATFORM"), platform.T("SERVER"), platform.T("CLIENT ID"), platform.T("REDIRECT"), platform.T("MADE BY"))}
			for _, a := range apps {
				by := platform.T("you")
				if a.Self {
					by = "Relink"
				}
				out = append(out, appOut{a.Platform, a.Server, a.ID, a.Redirect, a.Self})
				rows = append(rows, row(a.Platform, words(a.Server, "-"), a.ID, words(a.Redirect, "-"), by))
			}
			if t.json {
				return t.emit(out)
			}
			return t.table(true, rows)
		}),
	}
}

func (t *tool) appRemove() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:   "remove PLATFORM",
		Short: platform.T("Remove an app registration"),
		Args:  takes(1, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			if err := svc.DeleteApp(ctx, args[0], server); err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("Removed."))
		}),
	}
	cmd.Flags().StringVar(&server, "server", "", platform.T("the server or issuer it belongs to"))
	return cmd
}

// until reads "7d" as a time from now, "off" as none.
func (t *tool) until(s string) (time.Time, error) {
	d, err := parseSpanOrOff(s)
	if err != nil || d == 0 {
		return time.Time{}, err
	}
	return t.Now().Add(d), nil
}

func (t *tool) snooze() *cobra.Command {
	return &cobra.Command{
		Use:     "snooze ACCOUNT DURATION",
		Short:   platform.T("Hold an account's reminders back"),
		Long:    platform.T(`Hold an account's reminders back for a time such as 12h; "tomorrow" is until the reminder hour of tomorrow, "post" until the day before the first scheduled post that its end would stop, and off ends it.`),
		Example: "  relink snooze linkedin/acme 12h\n  relink snooze linkedin/acme tomorrow\n  relink snooze linkedin/acme off",
		Args:    takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			choice := notifier.Later(args[1])
			var until time.Time
			if choice != notifier.LaterTomorrow && choice != notifier.LaterPost {
				var err error
				if until, err = t.until(args[1]); err != nil {
					return err
				}
				choice = ""
			}
			return t.with(func(ctx context.Context, svc agent.Service, args []string) (err error) {
				if choice != "" {
					until, err = svc.Later(ctx, args[0], choice)
				} else {
					err = svc.Snooze(ctx, args[0], until)
				}
				if err != nil {
					return err
				}
				out := heldOut{args[0], stamp(until)}
				if until.IsZero() {
					return t.result(out, platform.T("Reminders for %s go on."), args[0])
				}
				return t.result(out, platform.T("No reminders for %s until %s."), args[0], date(until))
			})(cmd, args)
		},
	}
}

func (t *tool) pause() *cobra.Command {
	return &cobra.Command{
		Use:     "pause DURATION",
		Short:   platform.T("Hold all reminders back, but for what ends meanwhile"),
		Example: "  relink pause 2d\n  relink pause off",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			until, err := t.until(args[0])
			if err != nil {
				return err
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				if err := svc.Pause(ctx, until); err != nil {
					return err
				}
				out := heldOut{Until: stamp(until)}
				if until.IsZero() {
					return t.result(out, platform.T("Reminders go on."))
				}
				return t.result(out, platform.T("Reminders are paused until %s."), date(until))
			})(cmd, args)
		},
	}
}

func (t *tool) rename() *cobra.Command {
	return &cobra.Command{
		Use:     "rename ACCOUNT ALIAS",
		Short:   platform.T("Give an account another short name"),
		Example: "  relink rename linkedin/urn-123 acme",
		Args:    takes(2, 2),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			if err := svc.Rename(ctx, args[0], args[1]); err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("Renamed to %s."), args[1])
		}),
	}
}

func (t *tool) label() *cobra.Command {
	var clear bool
	cmd := &cobra.Command{
		Use:     "label ACCOUNT [LABEL…]",
		Short:   platform.T("Give an account labels to find it by"),
		Long:    platform.T(`Give an account labels to find it by; they replace those it had. Without a label those it has are printed, with --clear they are taken away.`),
		Example: "  relink label linkedin/acme \"Client A\" paid",
		Args:    takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if clear && len(args) > 1 {
				return usage(platform.T("leave one of them out"), platform.T("labels and --clear say different things"))
			}
			return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
				if len(args) == 1 && !clear {
					return t.labels(ctx, svc, args[0])
				}
				if err := svc.Label(ctx, args[0], args[1:]); err != nil {
					return err
				}
				if clear {
					return t.result(okOut{true}, platform.T("%s has no labels now."), args[0])
				}
				return t.result(okOut{true}, platform.T("Labelled %s: %s."), args[0], strings.Join(args[1:], ", "))
			})(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&clear, "clear", false, platform.T("take all labels away"))
	return cmd
}

// labels prints the labels of an account, one a line.
func (t *tool) labels(ctx context.Context, svc agent.Service, name string) error {
	s, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	row, err := rowOf(s, name)
	if err != nil {
		return err
	}
	out := labelsOut{Account: row.Account.Ref(), Labels: append([]string{}, row.Account.Labels...)}
	return t.result(out, "%s", strings.Join(out.Labels, "\n"))
}

// rowOf finds an account in a snapshot as the agent does: by its ID, its ref, or
// an alias that no other has.
func rowOf(s *agent.Snapshot, name string) (*agent.Row, error) {
	if r := s.Row(name); r != nil {
		return r, nil
	}
	var found []*agent.Row
	for r := range s.All() {
		if strings.EqualFold(name, r.Account.Ref()) {
			return r, nil
		}
		if strings.EqualFold(name, r.Account.Alias) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		return nil, &platform.Error{Kind: platform.KindNotFound, Message: platform.T("no one account is called %s", name), Repair: platform.T("see their names: relink status")}
	}
	return found[0], nil
}

func (t *tool) forget() *cobra.Command {
	var revoke, yes bool
	cmd := &cobra.Command{
		Use:     "forget ACCOUNT",
		Short:   platform.T("Remove an account and its tokens"),
		Long:    platform.T(`Remove an account and its tokens from this computer. With --revoke they are ended at the platform first. Some platforms then end every account of that sign-in: which ones is said and asked first.`),
		Example: "  relink forget linkedin/acme\n  relink forget mastodon/acme --revoke",
		Args:    takes(1, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			if revoke && !yes {
				if err := t.confirmRevoke(ctx, svc, args[0]); err != nil {
					return err
				}
			}
			if err := svc.Forget(ctx, args[0], revoke); err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("Forgot %s."), args[0])
		}),
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, platform.T("end the tokens at the platform first"))
	cmd.Flags().BoolVar(&yes, "yes", false, platform.T("do not ask when other accounts stop with it"))
	return cmd
}

// confirmRevoke asks before other accounts stop with one that is revoked.
func (t *tool) confirmRevoke(ctx context.Context, svc agent.Service, name string) error {
	s, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	row, err := rowOf(s, name)
	if err != nil {
		return err
	}
	var refs []string
	for _, r := range s.Siblings(row.Account.ID) {
		refs = append(refs, r.Account.Ref())
	}
	if len(refs) == 0 {
		return nil
	}
	what := platform.T("revoking %s ends these too: %s", row.Account.Ref(), platform.Join(refs))
	if !t.Interactive {
		return usage(platform.T("add --yes if they may end, or leave --revoke out"), what)
	}
	t.say("relink: %s.", what)
	answer, err := t.ask(ctx, platform.T("Type yes to go on: "))
	if err == nil && !isWord(answer, "yes", platform.T("yes")) {
		err = cancelled()
	}
	return err
}

func (t *tool) window() *cobra.Command {
	var page string
	cmd := &cobra.Command{
		Use:     "window",
		Short:   platform.T("Show the window"),
		Example: "  relink window --page settings",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := t.OpenWindow(cmd.Context(), page); err != nil {
				return err
			}
			if t.json {
				return t.emit(okOut{true})
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&page, "page", "", platform.T("accounts, needs, connect, notices, settings, about, or account:ID"))
	return cmd
}

func (t *tool) open() *cobra.Command {
	var register, unregister bool
	cmd := &cobra.Command{
		Use:     "open LINK",
		Short:   platform.T("Open a relink:// link, as in mails and calendars"),
		Long:    platform.T(`Open a relink:// link, as Relink's mails and calendar carry them: it shows the account in the window, where a click goes on. With --register the system opens such links by this command, with --unregister no more.`),
		Example: "  relink open relink://reconnect/linkedin/acme\n  relink open --register",
		Args:    takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case register && unregister || (register || unregister) == (len(args) == 1):
				return usage(platform.T("give a link, or --register, or --unregister"), platform.T("it is not clear what to open"))
			case register || unregister:
				if err := t.Links(register); err != nil {
					return err
				}
				if register {
					return t.result(okOut{true}, platform.T("relink:// links open Relink now."))
				}
				return t.result(okOut{true}, platform.T("relink:// links do not open Relink any more."))
			}
			if _, err := notifier.ParseLink(args[0]); err != nil {
				return err
			}
			return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
				// What the link may do is for the agent to say.
				act := agent.Activation{Action: notifier.ActionShow, Link: args[0], Token: os.Getenv("XDG_ACTIVATION_TOKEN")}
				if err := svc.Activate(ctx, act); err != nil {
					return err
				}
				if t.json {
					return t.emit(okOut{true})
				}
				return nil
			})(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&register, "register", false, platform.T("have the system open relink:// links with Relink"))
	cmd.Flags().BoolVar(&unregister, "unregister", false, platform.T("leave relink:// links to others"))
	return cmd
}

func (t *tool) practise() *cobra.Command {
	return &cobra.Command{
		Use:   "practise",
		Short: platform.T("Try Relink on a practice network"),
		Long:  platform.T(`Try Relink on a small social network on this computer, whose tokens end in minutes. It gets a window, an agent and a vault of its own; they go when the window is closed, and nothing real is touched.`),
		Args:  nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.Practise(cmd.Context(), func(address string) {
				if t.json {
					_ = t.emit(practiceOut{address})
					return
				}
				_ = t.print(platform.T("practice: %s"), address)
			})
		},
	}
}

func (t *tool) agent() *cobra.Command {
	var noTray bool
	var sandbox string
	cmd := &cobra.Command{
		Use:     "agent",
		Short:   platform.T("Run the agent in the foreground"),
		Long:    platform.T(`Run the agent in the foreground: for a service manager, or a server without a desktop. Everything else starts it by itself.`),
		Example: "  relink agent --no-tray",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.RunAgent(cmd.Context(), noTray, sandbox)
		},
	}
	cmd.Flags().BoolVar(&noTray, "no-tray", false, platform.T("show no tray icon"))
	cmd.Flags().StringVar(&sandbox, "sandbox", "", platform.T("use the practice network at this address; needs a RELINK_HOME of its own"))
	return cmd
}

func (t *tool) quit() *cobra.Command {
	return &cobra.Command{
		Use:   "quit",
		Short: platform.T("End the agent"),
		Args:  nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			svc, err := t.Dial(cmd.Context(), false)
			if platform.KindOf(err) == platform.KindAgent {
				return t.result(okOut{true}, platform.T("Relink is not running."))
			}
			if err != nil {
				return err
			}
			if err := svc.Quit(cmd.Context()); err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("Relink has ended. Until it runs again nobody is reminded."))
		},
	}
}

func (t *tool) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: platform.T("Print the version, and the running agent's"),
		Args:  nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, lines := versionOut{Version: t.Version}, []string{"relink " + t.Version}
			if svc, err := t.Dial(cmd.Context(), false); err == nil {
				if a, err := svc.About(cmd.Context()); err == nil {
					o := agentOut(a)
					out.Agent = &o
					lines = append(lines, platform.T("agent %s, data in %s, log %s", a.Version, a.Data, a.Log))
					if a.Sandbox != "" {
						lines = append(lines, platform.T("practice network %s", a.Sandbox))
					}
				}
			}
			return t.result(out, "%s", strings.Join(lines, "\n"))
		},
	}
}
