package app

import (
	"context"
	"encoding/json"
	"errors"
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
		return true, sameOnDisk(ctx, about.Version)
	}
	return false, nil
}

// replace ends an older agent and starts this version's with the same flags.
// One that systemd keeps is systemd's no longer until the next login.
func (p program) replace(ctx context.Context, svc agent.Service, about agent.About) error {
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
	if err == nil && now.Version == about.Version {
		err = &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent's program is still version %s, older than this window's %s", now.Version, Version()),
			Repair: platform.T("install both in the same version")}
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

// sameOnDisk sees that this program, started anew, is of a version: an update
// has put another in its place. Else it would open again as it is, and again.
func sameOnDisk(ctx context.Context, version string) error {
	exe, err := os.Executable()
	var out []byte
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, renewWait)
		defer cancel()
		out, err = exec.CommandContext(ctx, exe, "version", "--json", "--no-start").Output()
	}
	var now struct {
		Version string `json:"version"`
	}
	if err == nil {
		err = json.Unmarshal(out, &now)
	}
	if err != nil || now.Version != version {
		return &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent is version %s, newer than this window's %s", version, Version()),
			Repair: platform.T("install both in the same version"), Err: err}
	}
	return nil
}
