package agent

import (
	"context"
	"slices"
	"time"

	"relink/platform"
)

const (
	// openingWait is how long a window that was started may take to listen.
	openingWait = 10 * time.Second
	// hintWindow is the warning that no window can be shown.
	hintWindow = "window"
)

// lookWait is how long a click looks whether the window comes. Where there is no
// OpenGL it has failed after a tenth of a second. Tests that show none shorten it.
var lookWait = 2 * time.Second

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
	a.windowCame(nil)
	a.mu.Unlock()
	a.task(func(context.Context) {
		a.tell(func() {
			a.hintsShown()
			a.warn(hintWindow, "")
		})
	})
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
		a.opening, a.missed, a.came = a.cfg.Now(), nil, make(chan struct{})
	}
	came := a.came
	a.mu.Unlock()
	if a.cfg.OpenWindow == nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("there is no window here"), Repair: platform.T("use the terminal: relink status, relink connect, relink reconnect")}
	}
	err := a.cfg.OpenWindow(ctx, p.Name, p.Token, func() { a.windowFailed(came) })
	if err != nil {
		a.mu.Lock()
		a.opening = time.Time{}
		a.windowCame(err)
		a.mu.Unlock()
	}
	return err
}

// windowCame tells who waits that the window listens, or will not. The caller holds mu.
func (a *Agent) windowCame(err error) {
	if a.came != nil {
		close(a.came)
		a.came, a.cameNot = nil, err
	}
}

// windowFailed is told when a window that was started ends with an error. One
// that has listened was seen, and says itself what is wrong.
func (a *Agent) windowFailed(came chan struct{}) {
	e := &platform.Error{Kind: platform.KindConfig, Message: platform.T("the window cannot be shown"), Repair: platform.T("see why with: relink window")}
	a.mu.Lock()
	mine := a.came == came
	if mine {
		a.opening = time.Time{}
		a.windowCame(e)
	}
	a.mu.Unlock()
	if mine {
		a.tell(func() { a.warn(hintWindow, platform.Sentence(e.Error())) })
	}
}

// seen waits a little for the window that is being started, and says why none comes.
func (a *Agent) seen(ctx context.Context) error {
	a.mu.Lock()
	came := a.came
	a.mu.Unlock()
	if came == nil {
		return nil
	}
	wait := time.NewTimer(lookWait)
	defer wait.Stop()
	select {
	case <-came:
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.cameNot
	case <-wait.C:
	case <-ctx.Done():
	}
	return nil
}

// Warn shows a line in every view, for a part of the system around the agent
// ("tray"); an empty line takes it away.
func (a *Agent) Warn(part, line string) { a.tell(func() { a.warn(part, line) }) }
