package tray

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"sync"
	"time"

	"fyne.io/systray"

	"relink/app/agent"
	"relink/assets"
	"relink/notifier"
)

const (
	// throttle is the least time between two changes of the menu.
	throttle = 200 * time.Millisecond
	// settle is how long after it was opened the menu's lines keep their
	// places, where the system tells that it was: nobody aims at one account
	// and hits another.
	settle = 10 * time.Second
	// patience is how long an action may take before it is given up.
	patience = 30 * time.Second
	// defaultHour is the reminder hour where the settings cannot be had.
	defaultHour = 9
)

// Config of a Tray.
type Config struct {
	// Service is what clicks act on and where snapshots come from.
	Service agent.Service
	// Log must not be nil.
	Log *slog.Logger
	// OnHost is told whether the desktop shows tray icons, at start and at
	// every change, with a reason for people when it does not, from another
	// goroutine. It may be nil.
	OnHost func(present bool, reason string)
	// OnExit is called when the tray has ended, on the main goroutine. On
	// macOS the process ends right after it and Run does not return: what
	// has to be saved is saved here. It may be nil.
	OnExit func()
}

// Tray is the icon and its menu. systray's state is global: one per process, run once.
type Tray struct {
	cfg Config
}

// New makes a tray; Run shows it.
func New(cfg Config) *Tray {
	if cfg.Service == nil || cfg.Log == nil {
		panic("tray: Config needs Service and Log")
	}
	if cfg.OnHost == nil {
		cfg.OnHost = func(bool, string) {}
	}
	if cfg.OnExit == nil {
		cfg.OnExit = func() {}
	}
	return &Tray{cfg: cfg}
}

// errEnded: the agent closed its stream of snapshots.
var errEnded = errors.New("watch snapshots: the agent has ended")

// Run shows the tray until ctx ends, and gives nil then. It must be called on
// the main goroutine, which macOS keeps for such things. Where there can be
// no tray it says so through OnHost and only waits.
func (t *Tray) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := reachable(ctx); err != nil {
		// systray would log, and hang a launcher for a bus on some systems.
		t.cfg.Log.Info("no tray", "err", err)
		t.cfg.OnHost(false, reasonNoBus)
		<-ctx.Done()
		t.cfg.OnExit()
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := WatchHost(ctx, t.cfg.OnHost); err != nil && ctx.Err() == nil {
			t.cfg.Log.Warn("watch for a tray host", "err", err)
		}
	})

	s := t.first(ctx)
	// Whether a click opens the menu or the window is settled at registration.
	systray.SetOnTapped(func() { go t.do(ctx, activate(notifier.ActionShow, "")) })
	l := &loop{Tray: t, ctx: ctx, snapshot: s, lines: &lines{make: systrayMaker{ctx}}, clicks: make(chan Act, 1)}
	l.lines.clicked = l.click
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		// What is set before registration is there from the first look; the
		// title becomes the item's id, under which panels remember it.
		systray.SetTitle("Relink")
		l.face()
	}
	systray.Run(func() {
		l.face()
		l.menu()
		wg.Go(func() {
			if err := l.run(); err != nil {
				cancel(err)
			}
		})
		go func() {
			<-ctx.Done()
			systray.Quit()
		}()
	}, t.cfg.OnExit)
	cancel(nil)
	wg.Wait()
	if err := context.Cause(ctx); errors.Is(err, errEnded) {
		return err
	}
	return nil
}

// first gives the snapshot to start with, nil when the agent is not ready yet.
func (t *Tray) first(ctx context.Context) *agent.Snapshot {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	s, err := t.cfg.Service.Snapshot(ctx)
	if err != nil {
		t.cfg.Log.Debug("first snapshot for the tray", "err", err)
		return nil
	}
	return s
}

// loop follows the snapshots. Its fields belong to one goroutine at a time:
// Run's until systray is ready, then run's.
type loop struct {
	*Tray
	ctx      context.Context
	lines    *lines
	snapshot *agent.Snapshot
	items    []Item
	icon     assets.State
	drawn    bool
	tooltip  string
	opened   time.Time
	clicks   chan Act
}

func (l *loop) click(a Act) {
	go l.do(l.ctx, a)
	select {
	case l.clicks <- a:
	default:
	}
}

func (l *loop) run() error {
	in, err := l.cfg.Service.Watch(l.ctx)
	if err != nil {
		return errors.Join(errEnded, err)
	}
	// systray drops an icon or tooltip that changes in the moment it registers.
	again := time.NewTimer(time.Second)
	defer again.Stop()
	var due <-chan time.Time
	var last time.Time
	wake := time.NewTimer(pace(l.snapshot, time.Now()))
	defer wake.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return nil
		case s, ok := <-in:
			if !ok {
				if l.ctx.Err() != nil {
					return nil
				}
				return errEnded
			}
			l.snapshot = s
			if due == nil {
				due = time.After(max(0, throttle-time.Since(last)))
			}
			continue
		case <-systray.TrayOpenedCh:
			l.opened = time.Now()
		case <-l.clicks:
			// A click closes the menu.
			l.opened = time.Time{}
		case <-again.C:
			l.drawn, l.tooltip = false, ""
		case <-due:
			due = nil
		case <-wake.C:
		}
		last = time.Now()
		l.face()
		if wait := l.menu(); wait > 0 && due == nil {
			due = time.After(wait)
		}
		wake.Reset(pace(l.snapshot, time.Now()))
	}
}

// pace is when the times shown are worked out again though nobody opened the
// menu: tooltips tell nobody that they are looked at, and neither do menus on
// Windows and in Xfce. Only what ends within hours is told in minutes.
func pace(s *agent.Snapshot, now time.Time) time.Duration {
	if row := next(s, now); row != nil && row.Status.Deadline.At.Sub(now) < 2*time.Hour {
		return time.Minute
	}
	return time.Hour
}

// face shows icon and tooltip where they changed.
func (l *loop) face() {
	now := time.Now()
	if icon := Icon(l.snapshot, now); !l.drawn || icon != l.icon {
		l.icon, l.drawn = icon, true
		data := assets.Tray(icon)
		if assets.TrayIsTemplate {
			systray.SetTemplateIcon(data, data)
		} else {
			systray.SetIcon(data)
		}
	}
	if tip := Tooltip(l.snapshot, now); tip != l.tooltip {
		l.tooltip = tip
		systray.SetTooltip(tip)
	}
}

// menu shows the menu, or gives how long to wait where a person may be
// looking at it and the change would move its lines.
func (l *loop) menu() (wait time.Duration) {
	now := time.Now()
	items := Menu(l.snapshot, now)
	if left := settle - now.Sub(l.opened); !l.opened.IsZero() && left > 0 && !maps.Equal(acts(items), acts(l.items)) {
		return left
	}
	l.items = items
	l.lines.show(items)
	return 0
}

// do carries a click out.
func (t *Tray) do(ctx context.Context, a Act) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := perform(ctx, t.cfg.Service, a, time.Now()); err != nil && ctx.Err() == nil {
		t.cfg.Log.Warn("tray action", "command", a.Command, "action", a.Activation.Action, "account", a.Activation.Account, "err", err)
	}
}

func perform(ctx context.Context, s agent.Service, a Act, now time.Time) error {
	switch a.Command {
	case CommandCancel:
		return s.Cancel(ctx, a.Arg)
	case CommandPause:
		hour := defaultHour
		if set, err := s.Settings(ctx); err == nil {
			hour = set.Hour
		}
		return s.Pause(ctx, Until(a.Arg, now, hour))
	case CommandQuit:
		return s.Quit(ctx)
	}
	return s.Activate(ctx, a.Activation)
}

// systrayMaker makes the lines with systray.
type systrayMaker struct{ ctx context.Context }

func (m systrayMaker) add(parent entry, label string, clicked func()) entry {
	var item *systray.MenuItem
	if p, ok := parent.(*systray.MenuItem); ok {
		item = p.AddSubMenuItem(label, "")
	} else {
		item = systray.AddMenuItem(label, "")
	}
	// systray drops a click that nobody waits for: this only waits.
	go func() {
		for {
			select {
			case <-m.ctx.Done():
				return
			case _, ok := <-item.ClickedCh:
				if !ok {
					return
				}
				clicked()
			}
		}
	}()
	return item
}

func (m systrayMaker) separator() { systray.AddSeparator() }
