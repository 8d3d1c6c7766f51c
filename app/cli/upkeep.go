package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

// Upkeep is what is done to all of Relink's data on this computer. The zero
// value leaves its verbs out.
type Upkeep struct {
	// Inspect says what is in an archive.
	Inspect func(ctx context.Context, path, passphrase string) (agent.Archive, error)
	// Erase ends the agent and deletes everything.
	Erase func(ctx context.Context) error
	// Places are the directories that everything is stored in.
	Places []string
}

// programs lists the programs that take tokens, and says which may.
func (t *tool) programs() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "programs",
		Short: platform.T("List the programs that take tokens, and say which may"),
		Long: platform.T(`List the programs that took a token in the last 90 days, and say which may. Where the setting confirm is on, one that was not allowed gets none, unless a person runs it at a terminal.

A program says its own name: rules keep order among your own and stop none that lies.`),
		Example: "  relink programs\n  relink programs allow post.sh\n  relink settings set confirm on",
		Args:    nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			list, err := svc.Programs(ctx)
			if err != nil {
				return err
			}
			set, err := svc.Settings(ctx)
			if err != nil {
				return err
			}
			out, rows := []programOut{}, []string{}
			for _, p := range list {
				o := programOut{Name: p.Name, Rule: string(p.Rule), Asked: stamp(p.Asked), Took: []takingOut{}}
				state, took := "", "-"
				switch {
				case p.Rule == agent.RuleAllow:
					state = platform.T("allowed")
				case p.Rule == agent.RuleDeny:
					state = platform.T("denied")
				case set.Confirm:
					state = platform.T("waits to be allowed")
				default:
					state = platform.T("may")
				}
				for _, one := range p.Took {
					o.Took = append(o.Took, takingOut{Account: one.Account, Ref: one.Ref, At: stamp(one.At)})
				}
				if len(p.Took) > 0 {
					took = platform.T("%s, %s", date(p.Took[0].At), p.Took[0].Ref)
				}
				if len(p.Took) > 1 {
					took = platform.N(len(p.Took)-1, "%[2]s, and %[1]d more", "%[2]s, and %[1]d more", took)
				}
				out, rows = append(out, o), append(rows, row(p.Name, state, took))
			}
			if t.json {
				return t.emit(out)
			}
			if len(rows) == 0 {
				return t.print("%s", platform.T("No program has taken a token in the last 90 days."))
			}
			return t.table(false, rows)
		}),
	}
	judge := func(verb, short string, done func(name string) string, act func(context.Context, agent.Service, string) error) {
		cmd.AddCommand(&cobra.Command{
			Use: verb + " NAME", Short: short, Args: takes(1, 1),
			RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
				if err := act(ctx, svc, args[0]); err != nil {
					return err
				}
				return t.result(okOut{true}, "%s", done(args[0]))
			}),
		})
	}
	rule := func(r agent.Rule) func(context.Context, agent.Service, string) error {
		return func(ctx context.Context, svc agent.Service, name string) error { return svc.SetProgram(ctx, name, r) }
	}
	judge("allow", platform.T("Let it have tokens"), func(n string) string { return platform.T("%s may take tokens.", n) }, rule(agent.RuleAllow))
	judge("deny", platform.T("Give it no token"), func(n string) string { return platform.T("%s gets no token any more.", n) }, rule(agent.RuleDeny))
	judge("forget", platform.T("Drop its rule, and that it took any"), func(n string) string { return platform.T("%s is forgotten.", n) },
		func(ctx context.Context, svc agent.Service, name string) error { return svc.ForgetProgram(ctx, name) })
	return cmd
}

// lock closes the vault until unlock.
func (t *tool) lock() *cobra.Command {
	return &cobra.Command{
		Use:     "lock",
		Short:   platform.T("Close the vault: no token is given out until it is unlocked"),
		Example: "  relink lock\n  relink unlock",
		Args:    nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			if err := svc.Lock(ctx); err != nil {
				return err
			}
			return t.result(okOut{true}, "%s", platform.T("The vault is locked. Open it with: %s", "relink unlock"))
		}),
	}
}

// browser says which browser an account signs in with.
func (t *tool) browser() *cobra.Command {
	var clear bool
	cmd := &cobra.Command{
		Use:     "browser ACCOUNT [COMMAND]",
		Short:   platform.T("Say or change which browser an account signs in with"),
		Long:    platform.T("Say which browser an account signs in with, or give it a command of its own: a profile keeps the sign-ins of clients apart. The one for all is a setting: relink settings set browser COMMAND."),
		Example: "  relink browser linkedin/acme 'firefox -P acme'\n  relink browser linkedin/acme --clear",
		Args:    takes(1, 2),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			if clear && len(args) == 2 {
				return &platform.Error{Kind: platform.KindUsage, Message: platform.T("a command and --clear say different things"), Repair: platform.T("leave one of them out")}
			}
			if clear || len(args) == 2 {
				command := strings.Join(args[1:], " ")
				if err := svc.SetBrowser(ctx, args[0], command); err != nil {
					return err
				}
			}
			command, err := svc.Browser(ctx, args[0])
			if err != nil {
				return err
			}
			line := platform.T("%s signs in with: %s", args[0], command)
			if command == "" {
				line = platform.T("%s signs in with the browser in the settings.", args[0])
			}
			return t.result(browserOut{args[0], command}, "%s", line)
		}),
	}
	cmd.Flags().BoolVar(&clear, "clear", false, platform.T("take the one in the settings"))
	return cmd
}

// test tries out what the settings chose.
func (t *tool) test() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "test",
		Short:   platform.T("Try the browser, the keyring or a notification now"),
		Long:    platform.T(`Try something out now and say what became of it: the browser opens a page of this computer, the keyring keeps a test item for a moment, the desktop shows a notification. Mail, webhook and command have a test of their own: relink mail test.`),
		Example: "  relink test browser\n  relink test keyring\n  relink test notification",
		Args:    nothing,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add := func(what, short string, try func(context.Context, agent.Service) (string, error)) {
		cmd.AddCommand(&cobra.Command{
			Use: what, Short: short, Args: nothing,
			RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				text, err := try(ctx, svc)
				if err != nil {
					return err
				}
				return t.result(testOut{true, text}, "%s", text)
			}),
		})
	}
	add("browser", platform.T("Open a page of this computer in the browser that is set"), func(ctx context.Context, svc agent.Service) (string, error) {
		set, err := svc.Settings(ctx)
		if err != nil {
			return "", err
		}
		return svc.TestBrowser(ctx, set.Browser)
	})
	add("keyring", platform.T("Store a test item, read it back and delete it"), func(ctx context.Context, svc agent.Service) (string, error) { return svc.TestKeyring(ctx) })
	add("notification", platform.T("Show a notification"), func(ctx context.Context, svc agent.Service) (string, error) {
		return svc.TestChannel(ctx, agent.ChannelDesktop)
	})
	return cmd
}

// deleteAll deletes everything of Relink's on this computer.
func (t *tool) deleteAll() *cobra.Command {
	var revoke bool
	cmd := &cobra.Command{
		Use:   "delete-all",
		Short: platform.T("Delete everything that Relink has stored on this computer"),
		Long: platform.T(`Delete everything that Relink has stored on this computer: accounts, tokens, app registrations, history, settings, the log, and the key in the keyring. The agent ends first. A word must be typed before anything is deleted.

At the platforms the tokens stay good until they end; --revoke withdraws them first where the platform can. Backups that were stored elsewhere stay.`),
		Example: "  relink delete-all --revoke",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			word := platform.T("delete")
			t.say("%s", platform.T("This deletes everything that Relink has stored on this computer, and nothing brings it back:"))
			for _, dir := range t.Upkeep.Places {
				t.say("  %s", dir)
			}
			t.say("%s", platform.T("At the platforms the tokens stay good until they end or are withdrawn."))
			if err := t.typedWord(ctx, word); err != nil {
				return err
			}
			if revoke {
				failed, err := t.withdrawAll(ctx)
				if err != nil {
					return err
				}
				if len(failed) > 0 {
					t.say("%s", platform.N(len(failed), "%d permission could not be withdrawn; nothing else was deleted yet.", "%d permissions could not be withdrawn; nothing else was deleted yet."))
					for _, line := range failed {
						t.say("  %s", line)
					}
					if err := t.typedWord(ctx, word); err != nil {
						return err
					}
				}
			}
			if err := t.Upkeep.Erase(ctx); err != nil {
				return err
			}
			return t.result(okOut{true}, "%s", platform.T("Everything is deleted."))
		},
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, platform.T("withdraw the tokens at the platforms first"))
	return cmd
}

// typedWord has a person type a word before what cannot be taken back.
func (t *tool) typedWord(ctx context.Context, word string) error {
	typed, err := t.ask(ctx, platform.T("To go on, type the word: %s", word)+" ")
	if err != nil {
		return err
	}
	if !strings.EqualFold(typed, word) && !strings.EqualFold(typed, "delete") { // not every keyboard writes every language
		return &platform.Error{Kind: platform.KindCancelled, Message: platform.T("another word was typed; nothing was deleted"), Repair: platform.T("run the command again when it suits")}
	}
	return nil
}

// withdrawAll revokes every account whose platform can, and gives a line for
// each that it could not.
func (t *tool) withdrawAll(ctx context.Context) (failed []string, err error) {
	svc, err := t.Dial(ctx, !t.noStart)
	if err != nil {
		return nil, err
	}
	snap, err := svc.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	for r := range snap.All() {
		p, err := platform.Lookup(r.Account.Platform)
		if err != nil || p.Revoke == nil {
			continue
		}
		switch err := svc.Forget(ctx, r.Account.ID, true); {
		case err == nil:
			t.say("%s", platform.T("Withdrawn: %s", r.Account.Ref()))
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			failed = append(failed, platform.T("%s: %s", r.Account.Ref(), errorLine(err)))
		}
	}
	return failed, nil
}

// showArchive says what is in an archive.
func (t *tool) showArchive(ctx context.Context, path, passphrase string) error {
	in, err := t.Upkeep.Inspect(ctx, path, passphrase)
	if err != nil {
		return err
	}
	out := archiveOut{At: stamp(in.At), Accounts: in.Accounts, Apps: in.Apps}
	lines := []string{platform.N(in.Total(), "%d account", "%d accounts"), platform.N(in.Apps, "%d app registration", "%d app registrations")}
	if !in.At.IsZero() {
		lines = append([]string{platform.T("Made: %s", date(in.At))}, lines...)
	}
	return t.result(out, "%s", strings.Join(lines, "\n"))
}

// The JSON of this file's verbs.
type (
	programOut struct {
		Name  string      `json:"name"`
		Rule  string      `json:"rule,omitempty"`
		Asked time.Time   `json:"asked,omitzero"`
		Took  []takingOut `json:"took"`
	}
	takingOut struct {
		Account string    `json:"account"`
		Ref     string    `json:"ref"`
		At      time.Time `json:"at"`
	}
	browserOut struct {
		Account string `json:"account"`
		Browser string `json:"browser"`
	}
	testOut struct {
		OK   bool   `json:"ok"`
		Text string `json:"text"`
	}
	archiveOut struct {
		At       time.Time      `json:"at,omitzero"`
		Accounts map[string]int `json:"accounts"`
		Apps     int            `json:"apps"`
	}
)
