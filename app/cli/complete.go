package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

// shells write the script that completes commands in each shell.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
}

func (t *tool) completion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: platform.T("Print what completes commands in your shell"),
		Long: platform.T(`Print the script that completes commands, flags, accounts and platforms in your shell: bash, zsh, fish or powershell.

What it offers it asks this program for each time; accounts only where the agent runs.`),
		Example: `  relink completion bash > ~/.local/share/bash-completion/completions/relink
  relink completion zsh > "${fpath[1]}/_relink"
  relink completion fish > ~/.config/fish/completions/relink.fish`,
		Args:      takes(1, 1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			write := shells[args[0]]
			if write == nil {
				return usage(platform.T("choose from: %s", "bash, zsh, fish, powershell"), platform.T("there is no script for %q", args[0]))
			}
			return written(write(cmd.Root(), t.Stdout))
		},
	}
}

type completions = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// complete has the shell offer what can follow a verb.
func (t *tool) complete(cmd *cobra.Command) {
	switch cmd.Name() {
	case "reconnect", "token", "snooze", "mute", "steps", "rehearse", "rename", "label", "forget", "history":
		cmd.ValidArgsFunction = t.offersAccounts(1)
	case "check":
		cmd.ValidArgsFunction = t.offersAccounts(-1)
	case "connect", "platforms", "import":
		cmd.ValidArgsFunction = offersPlatforms
	case "app":
		for _, c := range cmd.Commands() {
			if c.Name() != "list" {
				c.ValidArgsFunction = offersPlatforms
			}
		}
	case "settings":
		for _, c := range cmd.Commands() {
			c.ValidArgsFunction = offersSettings
		}
	}
}

// offersAccounts offers the accounts' names for the first arguments, -1 for all. It starts no agent.
func (t *tool) offersAccounts(most int) completions {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		var s *agent.Snapshot
		svc, err := t.Dial(ctx, false)
		if err == nil {
			s, err = svc.Snapshot(ctx)
		}
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for r := range s.All() {
			out = append(out, r.Account.Ref()+"\t"+r.Account.Title())
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func offersPlatforms(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, p := range platform.All() {
		out = append(out, p.ID+"\t"+p.Title())
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func offersSettings(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, k := range keys() {
		out = append(out, k.key+"\t"+k.help)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
