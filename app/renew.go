package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"relink/app/agent"
	"relink/app/link"
	"relink/platform"
)

// renewWait bounds what another program is asked, and how long an agent may take to end.
const renewWait = 10 * time.Second

// renew settles that the agent and this window are of different versions: the
// older of the two is restarted. It reports whether that is this window. Where
// neither is older, as with two builds from source, nothing is restarted.
func (p program) renew(ctx context.Context, svc agent.Service, about agent.About) (outdated bool, err error) {
	order, ok := link.Order(about.Version, Version())
	switch {
	case ok && order < 0:
		return false, p.replace(ctx, svc, about)
	case ok && order > 0:
		exe, err := os.Executable()
		if err == nil {
			err = versionIs(ctx, exe, about.Version)
		}
		return true, wrong(err, platform.T("the agent is version %s, newer than this window's %s", about.Version, Version()))
	}
	return false, nil
}

// replace ends an older agent and starts this version's with the same flags.
// One that systemd keeps is systemd's no longer until the next login.
func (p program) replace(ctx context.Context, svc agent.Service, about agent.About) error {
	exe, err := agentProgram()
	if err != nil {
		return err
	}
	if err := versionIs(ctx, exe, Version()); err != nil {
		return wrong(err, platform.T("the agent is version %s, older than this window's %s, and so is its program", about.Version, Version()))
	}
	if err := svc.Quit(ctx); err != nil {
		return err
	}
	if err := p.ended(ctx, about.PID); err != nil {
		return err
	}
	ended, err := p.spawnAgent(about.Flags...)
	if err != nil {
		return err
	}
	next, err := p.await(ctx, ended)
	if err != nil {
		return err
	}
	now, err := next.About(ctx)
	if c, ok := next.(*link.Client); ok {
		_ = c.Close()
	}
	if err == nil && now.Version != Version() {
		// The system's service manager was faster, with its own program.
		return wrong(errors.New("another agent was started in its place"), platform.T("the agent is version %s, older than this window's %s, and so is its program", now.Version, Version()))
	}
	return err
}

// ended waits until the agent with a process ID has ended, or another has taken its place.
func (p program) ended(ctx context.Context, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, renewWait)
	defer cancel()
	for {
		c, err := link.Dial(ctx, p.paths.Socket, Version())
		switch {
		case errors.Is(err, link.ErrNotRunning):
			return nil
		case err == nil:
			about, aerr := c.About(ctx)
			_ = c.Close()
			if aerr == nil && about.PID != pid {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return &platform.Error{Kind: platform.KindAgent, Message: platform.T("the older agent does not end"), Repair: platform.T("end it by hand: relink quit"), Err: ctx.Err()}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// versionIs sees that a program, if it is started now, is of a version. Without
// that, the same older one would be restarted again and again.
func versionIs(ctx context.Context, exe, version string) error {
	ctx, cancel := context.WithTimeout(ctx, renewWait)
	defer cancel()
	out, err := exec.CommandContext(ctx, exe, "version", "--json", "--no-start").Output()
	if err != nil {
		return fmt.Errorf("ask %s for its version: %w", exe, err)
	}
	var now struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(out, &now); err != nil {
		return fmt.Errorf("ask %s for its version: %w", exe, err)
	}
	if now.Version != version {
		return fmt.Errorf("%s is version %s, not %s", exe, now.Version, version)
	}
	return nil
}

// wrong is why nothing could be restarted; nil for no error.
func wrong(err error, message string) error {
	if err == nil {
		return nil
	}
	return &platform.Error{Kind: platform.KindAgent, Message: message, Repair: platform.T("install both in the same version"), Err: err}
}
