package agent

import (
	"context"
	"slices"
	"time"

	"relink/platform"
)

// openingWait is how long a window that was started may take to listen.
const openingWait = 10 * time.Second

// Pages implements Service.
func (a *Agent) Pages(ctx context.Context) (<-chan Page, error) {
	out := make(chan Page, 4)
	a.mu.Lock()
	a.pages = append(a.pages, out)
	if a.cfg.Now().Sub(a.opening).Abs() < time.Minute { // later it would surprise
		for _, p := range a.missed[:min(len(a.missed), cap(out))] {
			out <- p
		}
	}
	a.missed, a.opening = nil, time.Time{}
	a.mu.Unlock()
	a.task(func(context.Context) { a.tell(a.hintsShown) })
	go func() {
		select {
		case <-ctx.Done():
		case <-a.done:
		}
		a.mu.Lock()
		a.pages = slices.DeleteFunc(a.pages, func(c chan Page) bool { return c == out })
		last := len(a.pages) == 0
		close(out)
		a.mu.Unlock()
		if last && a.cfg.GiveBack != nil {
			a.task(a.tidy)
		}
	}()
	return out, nil
}

// closedWait is how long a window may be gone before what it was told with is given back.
const closedWait = time.Second

// tidy gives back what a window that was closed needed here: all accounts were written for it.
func (a *Agent) tidy(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(closedWait):
		a.cfg.GiveBack()
	}
}

// show asks an open window for a page, or starts a window on it.
func (a *Agent) show(ctx context.Context, p Page) error {
	a.mu.Lock()
	for _, c := range slices.Backward(a.pages) {
		select {
		case c <- p:
			a.mu.Unlock()
			return nil
		default: // it does not listen any more
		}
	}
	if a.cfg.Now().Sub(a.opening).Abs() < openingWait {
		// A window is on its way up; it shows this too.
		a.missed = append(a.missed, p)
		a.mu.Unlock()
		return nil
	}
	if a.cfg.OpenWindow != nil {
		a.opening, a.missed = a.cfg.Now(), nil
	}
	a.mu.Unlock()
	if a.cfg.OpenWindow == nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("there is no window here"), Repair: platform.T("use the terminal: relink status, relink connect, relink reconnect")}
	}
	err := a.cfg.OpenWindow(ctx, p.Name, p.Token)
	if err != nil {
		a.mu.Lock()
		a.opening = time.Time{}
		a.mu.Unlock()
	}
	return err
}

// Warn shows a line in every view, for a part of the system around the agent
// ("tray"); an empty line takes it away.
func (a *Agent) Warn(part, line string) { a.tell(func() { a.warn(part, line) }) }
