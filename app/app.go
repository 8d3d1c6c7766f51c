// Package app puts Relink together: it finds the directories, opens the vault,
// and runs one of the two roles, the resident agent or the window that is its
// client. It is the only package that wires the others.
package app

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"app.relink/quick"

	"relink/app/agent"
	"relink/app/atomicfile"
	"relink/app/cli"
	"relink/app/config"
	"relink/app/desktop"
	"relink/app/link"
	"relink/app/vault"
	"relink/notifier"
	"relink/platform"
)

// Streams are the program's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main runs Relink with its arguments and gives the exit code. It must be
// called on the main goroutine: the window and, on macOS, the tray need it.
func Main(ctx context.Context, std Streams, args []string, gui *GUI) int {
	paths, err := config.Find(os.Getenv)
	if err == nil {
		// Every role speaks the person's language from its first word on; where
		// its catalogue cannot be read it speaks English.
		_ = config.SetLanguage(config.LanguageOf(paths.Settings()))
	}
	if refused := quick.Refusal(); refused != nil {
		return cli.Report(std.Err, link.Refused(refused))
	}
	if err != nil {
		return cli.Report(std.Err, err)
	}
	p := program{paths: paths, gui: gui, std: std}
	return cli.Main(ctx, cli.Config{
		Stdin: std.In, Stdout: std.Out, Stderr: std.Err,
		Dial:        p.dial,
		RunAgent:    p.runAgent,
		OpenWindow:  p.window,
		Links:       links,
		Practise:    p.practise,
		Interactive: desktop.HasTerminal(),
		Hide:        desktop.HideTyping,
		HasDisplay:  desktop.HasDisplay,
		Version:     Version(),
		Backup:      p.backup,
		Restore: func(ctx context.Context, path, passphrase string, replace bool) (string, error) {
			if replace {
				return p.restoreOver(ctx, path, passphrase)
			}
			return p.restore(ctx, path, passphrase, false)
		},
		Upkeep: cli.Upkeep{Inspect: p.inspect, Erase: p.erase, Places: p.places()},
	}, args)
}

// program is what every role needs.
type program struct {
	paths config.Paths
	gui   *GUI
	std   Streams
}

// dial connects to the agent, starting one first if that is wanted and none runs.
func (p program) dial(ctx context.Context, start bool) (agent.Service, error) {
	c, err := link.Dial(ctx, p.paths.Socket, Version())
	if err == nil {
		return c, nil
	}
	if !start || !errors.Is(err, link.ErrNotRunning) {
		return nil, err
	}
	ended, err := p.spawnAgent()
	if err != nil {
		return nil, err
	}
	return p.await(ctx, ended)
}

// window is the window role.
func (p program) window(ctx context.Context, page string) error {
	if p.gui == nil {
		return startWindow(page, "", nil)
	}
	if ok, reason := desktop.HasDisplay(); !ok {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("the window cannot be shown: %s", reason), Repair: platform.T("use the terminal: relink status, relink connect, relink reconnect")}
	}
	svc, err := p.dial(ctx, true)
	if err != nil {
		return err
	}
	if shown, err := shownElsewhere(ctx, svc, page); shown || err != nil {
		return err
	}
	return runWindow(ctx, p, page, svc)
}

// shownElsewhere asks a window that is open for the page; false when there is none.
func shownElsewhere(ctx context.Context, svc agent.Service, page string) (bool, error) {
	about, err := svc.About(ctx)
	if err != nil || about.Windows == 0 || about.Version != Version() {
		return false, err // a window of this version settles which of the two makes room
	}
	act := agent.Activation{Action: notifier.ActionShow}
	switch id, isAccount := strings.CutPrefix(page, "account:"); {
	case isAccount:
		act.Account = id
	case page == "connect":
		act.Action = notifier.ActionConnect
	case page == "settings":
		act.Action = notifier.ActionSettings
	case page == "needs":
		act.Action = notifier.ActionReview
	case page == "notices":
		act.Action = notifier.ActionNotices
	case page == "about":
		act.Action = notifier.ActionAbout
	case page != "" && page != "accounts":
		return false, nil // a pop-up is a window of its own, and what is no page has its error there
	}
	return true, svc.Activate(ctx, act)
}

// links has the system open relink:// addresses with this program, or no more.
// A Relink with a home of its own has no say in either, which Register says.
func links(on bool) error {
	if on || os.Getenv(config.Home) != "" {
		return desktop.Links{}.Register()
	}
	return desktop.Links{}.Unregister()
}

// backup writes an archive of the vault, which an agent may have open. The
// agent does not hand out the key, so that a passphrase is asked for again.
func (p program) backup(ctx context.Context, path string, vaults, archives func() (string, error)) error {
	v, err := p.openVault(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	fail := func(err error) error {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the archive could not be written"), Repair: platform.T("check the path and the room on the disk: %s", path), Err: err}
	}
	if _, err := os.Stat(path); err == nil {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("%s is there already", path), Repair: platform.T("choose another name")}
	}
	if v.Key() == vault.KeyPassphrase && v.Locked() != nil && os.Getenv("RELINK_PASSPHRASE_FILE") == "" {
		passphrase, err := vaults()
		if err != nil {
			return err
		}
		if err := v.Unlock(ctx, passphrase, false); err != nil {
			return err
		}
	}
	if err := v.Locked(); err != nil {
		return err // before anybody types a passphrase for nothing
	}
	passphrase, err := archives()
	if err != nil {
		return err
	}
	// Whole or not at all: half an archive is never mistaken for one.
	var broke error
	err = atomicfile.Stream(path, 0o600, func(w io.Writer) error {
		broke = v.Backup(ctx, w, passphrase)
		return broke
	})
	if err != nil && broke == nil {
		return fail(err)
	}
	return broke
}

// restore unpacks an archive; a vault that is there is refused, or with
// replace set aside. The agent must have ended.
func (p program) restore(ctx context.Context, path, passphrase string, replace bool) (aside string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", &platform.Error{Kind: platform.KindUsage, Message: platform.T("the archive cannot be read"), Repair: platform.T("check the path: %s", path), Err: err}
	}
	defer func() { _ = f.Close() }()
	return vault.Restore(ctx, p.vaultConfig(nil), f, passphrase, replace)
}
