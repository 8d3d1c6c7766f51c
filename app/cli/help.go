package cli

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/platform"
)

// helpWidth is how wide help is where the terminal's width is not known, and at most.
const helpWidth = 80

// speak has cobra say everything in the person's language: help, usage and what
// is wrong with the arguments.
func (t *tool) speak(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _, _ = io.WriteString(t.Stdout, t.helpOf(cmd)) })
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.SetHelpCommand(t.helpVerb())
}

func (t *tool) helpVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: platform.T("Say what a verb does"),
		RunE: func(cmd *cobra.Command, args []string) error {
			about, _, err := cmd.Root().Find(args)
			if err != nil || about == nil || len(args) > 0 && about == cmd.Root() {
				return noVerb(strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// helpOf is what --help prints.
func (t *tool) helpOf(cmd *cobra.Command) string {
	columns := helpWidth
	if w := t.width(); w > 0 {
		columns = min(w, columns)
	}
	var b strings.Builder
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "  ") { // a table's
			name, about, _ := strings.Cut(strings.TrimSpace(line), " ")
			hanging(&b, 2, 15, columns, name, strings.TrimSpace(about))
			continue
		}
		b.WriteString(strings.Join(wrap(line, columns), "\n") + "\n")
	}
	head := func(title string) { b.WriteString("\n" + title + "\n") }
	head(platform.T("Usage:"))
	if cmd.Runnable() {
		b.WriteString("  " + cmd.UseLine() + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("  " + cmd.CommandPath() + " [command]\n")
	}
	if cmd.Example != "" {
		head(platform.T("Examples:"))
		b.WriteString(cmd.Example + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		head(platform.T("Commands:"))
		wide := 0
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				wide = max(wide, len(c.Name())+2)
			}
		}
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				hanging(&b, 2, wide, columns, c.Name(), c.Short)
			}
		}
	}
	flags(&b, platform.T("Flags:"), cmd.LocalFlags(), columns)
	flags(&b, platform.T("Flags of every command:"), cmd.InheritedFlags(), columns)
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n" + strings.Join(wrap(platform.T("More about a command: %s [command] --help", cmd.CommandPath()), columns), "\n") + "\n")
	}
	return b.String()
}

// leastBeside is how many columns there must be for text beside a name.
const leastBeside = 24

// hanging writes a name and, beside it, what it is for, whose lines begin below each other.
func hanging(b *strings.Builder, indent, wide, columns int, name, about string) {
	lead, beside := strings.Repeat(" ", indent)+name, indent+wide
	if cells(name) >= wide || columns-beside < leastBeside { // below it
		b.WriteString(lead + "\n")
		lead, beside = "", indent+6
	}
	for _, line := range wrap(about, columns-beside) {
		b.WriteString(strings.TrimRight(lead+strings.Repeat(" ", beside-cells(lead))+line, " ") + "\n")
		lead = ""
	}
}

func flags(b *strings.Builder, title string, set *pflag.FlagSet, columns int) {
	if !set.HasAvailableFlags() {
		return
	}
	b.WriteString("\n" + title + "\n")
	var names, abouts []string
	wide := 0
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		about := f.Usage
		if f.Name == "help" {
			about = platform.T("say what this command does")
		}
		if kind, _ := pflag.UnquoteUsage(f); kind != "" {
			name += " " + kind
		}
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" && f.DefValue != "[]" {
			about = platform.T("%s (default %s)", about, f.DefValue)
		}
		names, abouts = append(names, name), append(abouts, about)
		wide = max(wide, len(name)+3)
	})
	for i, name := range names {
		hanging(b, 2, wide, columns, name, abouts[i])
	}
}

// flagError says what is wrong with a flag.
func flagError(err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if s := e.GetSpecifiedShortnames(); s != "" {
			return errors.New(platform.T("unknown flag: -%s", e.GetSpecifiedName()))
		}
		return errors.New(platform.T("unknown flag: --%s", e.GetSpecifiedName()))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return errors.New(platform.T("flag needs an argument: --%s", e.GetFlag().Name))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		why := errors.Unwrap(err)
		if platform.KindOf(why) == "" { // pflag's own, in English
			return errors.New(platform.T("%q is no value for --%s", e.GetValue(), e.GetFlag().Name))
		}
		return errors.New(platform.T("%q is no value for --%s: %s", e.GetValue(), e.GetFlag().Name, why))
	}
	return err
}

func noVerb(name string) error {
	return errors.New(platform.T("there is no command %q", name))
}

// takes is for verbs that want so many arguments, at least and at most; -1 is as many as there are.
func takes(least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		n := len(args)
		switch {
		case n >= least && (most < 0 || n <= most):
			return nil
		case least == most:
			return errors.New(platform.N(least, "it takes %d argument, not %d", "it takes %d arguments, not %d", n))
		case n < least:
			return errors.New(platform.N(least, "it takes at least %d argument, not %d", "it takes at least %d arguments, not %d", n))
		}
		return errors.New(platform.N(most, "it takes at most %d argument, not %d", "it takes at most %d arguments, not %d", n))
	}
}
