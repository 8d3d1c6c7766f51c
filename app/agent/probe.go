package agent

import (
	"context"
	"time"

	"relink/notifier"
	"relink/platform"
)

// A hint is a loss that a person may live with: it is said until a window has
// shown it, and after that only the doctor says it, until it was mended and is lost again.

const metaHint = "hint_"

// The parts hints are about.
const (
	hintButtons   = "notification buttons"
	hintAutostart = "autostart"
)

// autostartLine is the warning that nobody starts Relink at login. It is said by platform.T.
const autostartLine = "Relink does not start at login, and until somebody starts it nobody is reminded; switch it on: relink settings set autostart on"

var hints = []string{hintButtons, hintAutostart}

// hint sets the line of a part; empty says that nothing is lost. The loop calls it.
func (a *Agent) hint(part, line string) {
	if line == "" {
		if a.hinted[part] != "" {
			a.keepHint(part, "")
		}
	} else if a.hinted[part] != "" {
		return
	}
	a.warn(part, line)
	a.mu.Lock()
	open := len(a.pages) > 0
	a.mu.Unlock()
	if open {
		a.hintsShown()
	}
}

// hintsShown takes in that a window shows what there is. The lines stay until the next start.
func (a *Agent) hintsShown() {
	for _, part := range hints {
		if line := a.head.warnings[part]; line != "" && a.hinted[part] == "" {
			a.keepHint(part, line)
		}
	}
}

func (a *Agent) keepHint(part, line string) {
	a.hinted[part] = line
	a.task(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := a.cfg.Vault.SetMeta(ctx, metaHint+part, line); err != nil {
			a.log.Warn("remember hint", "part", part, "error", err)
		}
	})
}

// probe looks what of this machine works against being reminded, once the
// desktop has had a minute to bring its own.
func (a *Agent) probe(ctx context.Context) {
	select {
	case <-time.After(time.Minute):
	case <-ctx.Done():
		return
	}
	if a.cfg.Autostart != nil && a.cfg.About.Sandbox == "" { // nobody practises from login on
		on, err := a.cfg.Autostart()
		a.tell(func() {
			line := ""
			if err == nil && !on && len(a.entries) > 0 {
				line = platform.T(autostartLine)
			}
			a.hint(hintAutostart, line)
		})
	}
	if a.sender == nil {
		return
	}
	actx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	can, err := a.sender.Abilities(actx)
	if ctx.Err() != nil {
		return
	}
	a.tell(func() {
		a.notifies(err)
		if err != nil {
			return
		}
		a.heldBack(can.Off)
		line := ""
		if !can.Actions {
			line = buttonless(can)
		}
		a.hint(hintButtons, line)
	})
}

func buttonless(can notifier.Abilities) string {
	return platform.T("%s shows notifications without buttons; reconnect from the tray menu or the window", can.Name)
}

// resay says anew, in the language that is spoken now, what of this machine
// works against being reminded. The loop calls it.
func (a *Agent) resay() {
	if a.head.warnings[hintAutostart] != "" {
		a.warn(hintAutostart, platform.T(autostartLine))
	}
	if a.sender == nil {
		return
	}
	a.task(func(ctx context.Context) {
		actx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		can, err := a.sender.Abilities(actx)
		if ctx.Err() != nil {
			return
		}
		a.tell(func() {
			switch {
			case err != nil:
				a.notifies(err)
				return
			case can.Off != "":
				a.heldBack(can.Off)
			}
			if a.head.warnings[hintButtons] != "" {
				a.warn(hintButtons, buttonless(can))
			}
		})
	})
}
