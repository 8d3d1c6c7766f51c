package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"relink/app/agent"
	"relink/app/atomicfile"
	"relink/app/desktop"
	"relink/app/link"
	"relink/app/vault"
	"relink/platform"
)

// inspect says what an archive holds.
func (p program) inspect(ctx context.Context, path, passphrase string) (agent.Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return agent.Archive{}, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the archive cannot be read"), Repair: platform.T("check the path: %s", path), Err: err}
	}
	defer func() { _ = f.Close() }()
	return vault.Inspect(ctx, p.vaultConfig(nil), f, passphrase)
}

// stopWait is how long an agent may take to end.
const stopWait = 20 * time.Second

// stopAgent ends the agent and waits until it has; ran tells whether one did,
// and flags how it was started.
func (p program) stopAgent(ctx context.Context) (ran bool, flags []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	for {
		c, err := link.Dial(ctx, p.paths.Socket, Version())
		if errors.Is(err, link.ErrNotRunning) {
			return ran, flags, nil
		}
		if err == nil {
			ran = true
			if about, err := c.About(ctx); err == nil {
				flags = about.Flags
			}
			_ = c.Quit(ctx) // once more does no harm
			_ = c.Close()
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ran, flags, &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent does not end"), Repair: platform.T("end it by hand and try again: %s", "relink quit"), Err: err}
		}
	}
}

// restoreOver ends the agent, puts an archive in place of the vault, which is
// set aside, and starts the agent again if one ran, whatever came of it.
func (p program) restoreOver(ctx context.Context, path, passphrase string) (aside string, err error) {
	// A wrong passphrase, or no backup, is no reason to end anything.
	if _, err := p.inspect(ctx, path, passphrase); err != nil {
		return "", err
	}
	ran, flags, err := p.stopAgent(ctx)
	if err == nil {
		aside, err = p.restore(ctx, path, passphrase, true)
	}
	if ran {
		// It was given up, perhaps, but nobody wants to be left without an agent.
		serr := p.startAgain(context.WithoutCancel(ctx), flags)
		if err == nil {
			err = serr
		}
	}
	return aside, err
}

// startAgain starts an agent as one was that has ended.
func (p program) startAgain(ctx context.Context, flags []string) error {
	ended, err := p.spawnAgent(flags...)
	if err == nil {
		_, err = p.await(ctx, ended)
	}
	return err
}

// places are where everything is stored, the directories alone and each once.
func (p program) places() []string {
	var out []string
	for _, dir := range []string{p.paths.Data, p.paths.Config, p.paths.State, p.paths.Cache} {
		if !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}

// erase ends the agent and deletes everything of Relink's on this computer: the
// vault with its key, the settings, the log, the pictures, its place in the
// login and its links. What it cannot delete it names.
func (p program) erase(ctx context.Context) error {
	if _, _, err := p.stopAgent(ctx); err != nil {
		return err
	}
	if err := vault.Erase(ctx, p.vaultConfig(nil)); err != nil {
		return err
	}
	if err := (desktop.Autostart{}).Disable(); err != nil {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the vault is deleted, but Relink could not be taken out of the login"), Repair: platform.T("remove it in the system's startup settings"), Err: err}
	}
	if err := (desktop.Links{}).Unregister(); err != nil {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the vault is deleted, but relink:// links are still registered"), Repair: platform.T("try again"), Err: err}
	}
	for dir, ours := range p.ours() {
		if err := removeOurs(dir, ours); err != nil {
			return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the vault is deleted, but what else is in %s could not be", dir), Repair: platform.T("delete it by hand"), Err: err}
		}
	}
	return nil
}

// ours are the names of Relink's own things in its directories, beside the
// vault's. A directory may hold what is not Relink's: RELINK_HOME can be any.
func (p program) ours() map[string][]string {
	out := map[string][]string{}
	add := func(dir string, names ...string) { out[dir] = append(out[dir], names...) }
	add(p.paths.Data, "redirect.pem", ".redirect-*", "relink.ics", atomicfile.Leftover("relink.ics"), "locks")
	add(p.paths.Config, "config.toml", "config.toml.*", atomicfile.Leftover("config.toml"), atomicfile.Leftover("config.toml.*"))
	add(p.paths.State, "relink.log", "relink-*.log", "window.json", atomicfile.Leftover("window.json"))
	add(p.paths.Cache, "pictures", "notification.png")
	if runtime.GOOS != "windows" {
		add(filepath.Dir(p.paths.Socket), "agent.sock", "agent.sock.*", "agent.lock")
	}
	return out
}

// removeOurs deletes what matches in a directory, and the directory if nothing
// else is in it.
func removeOurs(dir string, ours []string) error {
	for _, pattern := range ours {
		found, err := filepath.Glob(filepath.Join(globbed(dir), pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	_ = os.Remove(dir) // no error worth telling: something else is in it
	return nil
}

// globbed writes a directory's name so that Glob takes it as it is.
func globbed(dir string) string {
	if runtime.GOOS == "windows" {
		return dir // nothing escapes there
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}
