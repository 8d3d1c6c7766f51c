// Package cli is Relink's command line: one verb for everything the window can
// do, a client of [agent.Service].
//
// Results go to stdout, everything else to stderr. An error is one line that
// ends with what repairs it. The exit code is 0 done, 1 failed, 2 wrong usage,
// 3 a person is needed, 4 the vault is locked, 5 the platform is unreachable.
//
// With --json a verb prints one JSON value on one line; connect and reconnect
// print one line with the address to open and then one for each result. Times
// are RFC 3339 in UTC, spans whole seconds (fields that end in _seconds), and a
// field that has no value is left out. The fields are those of the structs of
// this package whose names end in Out; they are added to, never renamed.
//
// Secrets come from a prompt or stdin, never from an argument. A caller without
// a terminal never makes a browser open.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// Config is what the command line needs of the program around it.
type Config struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Dial connects to the agent, starting one first if start is set and none runs.
	Dial func(ctx context.Context, start bool) (agent.Service, error)
	// RunAgent is the agent role in this process; sandbox is the practice
	// network's address, empty for the real platforms.
	RunAgent func(ctx context.Context, noTray bool, sandbox string) error
	// OpenWindow is the window role in this process.
	OpenWindow func(ctx context.Context, page string) error
	// Links has the system open relink:// addresses with this program, or no more.
	Links func(on bool) error
	// Practise shows a window on the practice network until it is closed; ready
	// is called with its address.
	Practise func(ctx context.Context, ready func(address string)) error
	// Backup writes an archive, Restore reads one. Where nil the verb is not there.
	// Backup calls vault where the vault's own passphrase is needed, then archive
	// for the archive's.
	Backup func(ctx context.Context, path string, vault, archive func() (string, error)) error
	// Restore refuses a vault that is there, or with replace sets it aside and
	// says where, also when it fails behind that.
	Restore func(ctx context.Context, path, passphrase string, replace bool) (aside string, err error)
	Upkeep  Upkeep
	// Interactive is true when a person sits at stdin.
	Interactive bool
	// Hide has the terminal not show what is typed until show is called; nil where there is none.
	Hide func() (show func(), err error)
	// HasDisplay reports whether a browser can be shown here, and why not; nil means yes.
	HasDisplay func() (ok bool, reason string)
	Version    string
	// Now is the time; nil means time.Now.
	Now func() time.Time
}

// Main runs one command, given without the program's name, and returns the exit code.
func Main(ctx context.Context, cfg Config, args []string) int {
	t := &tool{Config: cfg}
	if t.Now == nil {
		t.Now = time.Now
	}
	t.atTerminal(os.Getenv)
	return t.main(ctx, args)
}

// tool is one run of the command line.
type tool struct {
	Config
	// progress is true when a person reads stderr, on a terminal that understands escapes.
	progress bool
	// guide is true when stdin, stdout and stderr are a person's terminal.
	guide   bool
	json    bool
	noStart bool
	noInput bool
	// running is true once the arguments were found right.
	running bool
	// columns is the width of the terminal, nil where there is none.
	columns func() int
	typing  *keyboard
}

func (t *tool) main(ctx context.Context, args []string) int {
	if len(args) == 1 && strings.HasPrefix(args[0], notifier.Scheme+":") {
		args = []string{"open", args[0]} // as a system may call what opens a link
	}
	root := t.root(args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if !t.running { // cobra's own: unknown verbs and flags, missing arguments
		err = usage(platform.T("see what is possible: relink --help"), err.Error())
	}
	if line := errorLine(err); line != "" && t.guided() { // at words, where a person reads
		t.tell("relink: " + line)
		return exitCode(err)
	}
	return Report(t.Stderr, err)
}

// Report tells a person what went wrong, in one line, and gives the exit code.
func Report(stderr io.Writer, err error) int {
	if line := errorLine(err); line != "" {
		_, _ = fmt.Fprintf(stderr, "relink: %s\n", line)
	}
	return exitCode(err)
}

// verbs are made one by one, as a run needs only its own.
var verbs = []struct {
	name string
	make func(*tool) *cobra.Command
}{
	{"status", (*tool).status},
	{"connect", (*tool).connect},
	{"reconnect", (*tool).reconnect},
	{"token", (*tool).token},
	{"check", (*tool).check},
	{"import", (*tool).bring},
	{"platforms", (*tool).platforms},
	{"app", (*tool).app},
	{"snooze", (*tool).snooze},
	{"pause", (*tool).pause},
	{"mute", (*tool).mute},
	{"steps", (*tool).steps},
	{"away", (*tool).away},
	{"rehearse", (*tool).rehearse},
	{"rename", (*tool).rename},
	{"label", (*tool).label},
	{"forget", (*tool).forget},
	{"history", (*tool).history},
	{"doctor", (*tool).doctor},
	{"settings", (*tool).settings},
	{"mail", (*tool).mail},
	{"webhook", (*tool).webhook},
	{"hook", (*tool).hook},
	{"calendar", (*tool).calendar},
	{"unlock", (*tool).unlock},
	{"lock", (*tool).lock},
	{"browser", (*tool).browser},
	{"programs", (*tool).programs},
	{"test", (*tool).test},
	{"backup", (*tool).backup},
	{"restore", (*tool).restore},
	{"completion", (*tool).completion},
	{"delete-all", (*tool).deleteAll},
	{"window", (*tool).window},
	{"open", (*tool).open},
	{"practise", (*tool).practise},
	{"agent", (*tool).agent},
	{"quit", (*tool).quit},
	{"version", (*tool).version},
}

func (t *tool) root(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "relink",
		Short: platform.T("Keep social accounts connected"),
		Long: platform.T(`Relink keeps social accounts connected: it knows when each of their tokens ends, says so in time, and renews it through the platform's own sign-in. Without a verb it starts the agent and shows the window.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a person is needed, 4 the vault is locked, 5 the platform is unreachable.`),
		Example: `  relink connect mastodon --server https://mastodon.social
  relink status
  curl -H "$(relink token mastodon/acme --header)" https://mastodon.social/api/v1/timelines/home`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noVerb(args[0])
			}
			return nil
		},
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			t.running = true
			t.Interactive = t.Interactive && !t.noInput
		},
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			show := agent.Activation{Action: "show", Token: os.Getenv("XDG_ACTIVATION_TOKEN")}
			if err := svc.Activate(ctx, show); err != nil {
				return err
			}
			if t.json {
				return t.emit(okOut{true})
			}
			return nil
		}),
	}
	root.PersistentFlags().BoolVar(&t.json, "json", false, platform.T("print JSON, one value a line"))
	root.PersistentFlags().BoolVar(&t.noStart, "no-start", false, platform.T("do not start the agent if none runs"))
	root.PersistentFlags().BoolVar(&t.noInput, "no-input", false, platform.T("ask nothing, as if no person were at the terminal"))
	root.CompletionOptions.DisableDefaultCmd = true
	t.speak(root)
	root.SetIn(t.Stdin)
	root.SetOut(t.Stdout)
	root.SetErr(t.Stderr)
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			continue
		}
		for _, v := range verbs {
			if cmd := t.made(v.name, v.make, arg); cmd != nil {
				root.AddCommand(cmd)
				return root
			}
		}
		break
	}
	for _, v := range verbs {
		if cmd := t.made(v.name, v.make, v.name); cmd != nil {
			root.AddCommand(cmd)
		}
	}
	return root
}

// made makes a verb if it is the one wanted and can be had.
func (t *tool) made(name string, make func(*tool) *cobra.Command, want string) *cobra.Command {
	if name != want || name == "backup" && t.Backup == nil || name == "restore" && t.Restore == nil || name == "delete-all" && t.Upkeep.Erase == nil {
		return nil
	}
	cmd := make(t)
	t.complete(cmd)
	return cmd
}

type action = func(cmd *cobra.Command, args []string) error

// with gives a verb its agent.
func (t *tool) with(f func(ctx context.Context, svc agent.Service, args []string) error) action {
	return func(cmd *cobra.Command, args []string) error {
		svc, err := t.Dial(cmd.Context(), !t.noStart)
		if err != nil {
			return err
		}
		return f(cmd.Context(), svc, args)
	}
}

// say writes a line for a person to stderr.
func (t *tool) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.Stderr, format+"\n", args...)
}

// print writes a line of the result.
func (t *tool) print(format string, args ...any) error {
	_, err := fmt.Fprintf(t.Stdout, format+"\n", args...)
	return written(err)
}

// emit writes a result as JSON.
func (t *tool) emit(v any) error {
	out := json.NewEncoder(t.Stdout)
	out.SetEscapeHTML(false)
	return written(out.Encode(v))
}

// result writes what was done, as JSON or in words.
func (t *tool) result(v any, format string, args ...any) error {
	if t.json {
		return t.emit(v)
	}
	return t.print(format, args...)
}

func written(err error) error {
	if err != nil {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the result could not be written: %s", err), Repair: platform.T("make room, or send the output elsewhere"), Err: err}
	}
	return nil
}

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitPerson
	exitLocked
	exitUnreachable
)

// codes is the exit code of each kind of error; the rest is exitFailed.
var codes = map[platform.Kind]int{
	platform.KindUsage:      exitUsage,
	platform.KindReconnect:  exitPerson,
	platform.KindPermission: exitPerson,
	platform.KindTimeout:    exitPerson,
	platform.KindLocked:     exitLocked,
	platform.KindRetry:      exitUnreachable,
	platform.KindLimit:      exitUnreachable,
}

// told is an exit code whose reason was printed already.
type told int

func (c told) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// exits is an error that ended what had failed in part before, with the exit code of all.
type exits struct {
	error
	code int
}

func (e exits) Unwrap() error { return e.error }

func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if all, ok := errors.AsType[exits](err); ok {
		return all.code
	}
	if code, ok := errors.AsType[told](err); ok {
		return int(code)
	}
	if code, ok := codes[platform.KindOf(err)]; ok {
		return code
	}
	return exitFailed
}

// errorLine is the one line a person reads; empty when it was said already.
func errorLine(err error) string {
	if _, ok := errors.AsType[told](err); ok {
		return ""
	}
	if errors.Is(err, context.Canceled) && platform.KindOf(err) == "" {
		err = cancelled()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// nothing refuses arguments without repeating them: one may be a secret that was given by mistake.
func nothing(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return errors.New(platform.T("%s takes no arguments", cmd.CommandPath()))
	}
	return nil
}

func usage(repair, message string) *platform.Error {
	return &platform.Error{Kind: platform.KindUsage, Message: message, Repair: repair}
}

func cancelled() *platform.Error {
	return &platform.Error{Kind: platform.KindCancelled, Message: platform.T("cancelled; nothing was changed"), Repair: platform.T("run the command again when it suits")}
}
