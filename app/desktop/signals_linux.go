package desktop

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	login1 = "org.freedesktop.login1"
	nm     = "org.freedesktop.NetworkManager"
	// nmConnectedGlobal is NM_STATE_CONNECTED_GLOBAL, nmFull NM_CONNECTIVITY_FULL.
	nmConnectedGlobal = 70
	nmFull            = 4
)

// Signals tells when the computer woke (logind) and when the internet can be
// reached again (NetworkManager), until ctx ends. Where one of them, or the
// system bus, is absent, its signals do not come. The channel is never
// closed; a signal that nobody has read yet is not doubled. It returns at once.
func Signals(ctx context.Context, log *slog.Logger) <-chan Signal {
	w := watcher{out: make(chan Signal, 2), last: map[Signal]time.Time{}}
	go func() {
		if err := w.run(ctx); err != nil && ctx.Err() == nil {
			log.Info("no signals for sleep and network", "err", err)
		}
	}()
	return w.out
}

type watcher struct {
	out  chan Signal
	last map[Signal]time.Time
	up   bool
}

func (w *watcher) run(ctx context.Context) error {
	// A connection of our own: the shared one may be closed by others.
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("connect to the system bus: %w", err)
	}
	defer conn.Close()
	in := make(chan *dbus.Signal, 16)
	conn.Signal(in)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(login1), dbus.WithMatchInterface(login1 + ".Manager"), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchSender(nm), dbus.WithMatchInterface(nm), dbus.WithMatchMember("StateChanged")},
		{
			dbus.WithMatchSender(nm), dbus.WithMatchObjectPath("/org/freedesktop/NetworkManager"),
			dbus.WithMatchInterface("org.freedesktop.DBus.Properties"), dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchArg(0, nm),
		},
	} {
		if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
			return fmt.Errorf("ask the system bus for signals: %w", err)
		}
	}
	w.up = connected(ctx, conn)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case sig, ok := <-in:
			if !ok {
				return fmt.Errorf("read the system bus: %w", dbus.ErrClosed)
			}
			w.handle(sig, time.Now())
		}
	}
}

// connected asks NetworkManager for the state now, so that the first signal
// is known to be a change or not. It is not started for the question.
func connected(ctx context.Context, conn *dbus.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var state uint32
	err := conn.Object(nm, "/org/freedesktop/NetworkManager").CallWithContext(ctx, nm+".state", dbus.FlagNoAutoStart).Store(&state)
	return err == nil && state >= nmConnectedGlobal
}

func (w *watcher) handle(sig *dbus.Signal, now time.Time) {
	switch sig.Name {
	case login1 + ".Manager.PrepareForSleep":
		// True before sleep, false after.
		if len(sig.Body) == 1 && sig.Body[0] == false {
			w.emit(Resume, now)
		}
	case nm + ".StateChanged":
		if len(sig.Body) == 1 {
			if state, ok := sig.Body[0].(uint32); ok {
				w.network(state >= nmConnectedGlobal, now)
			}
		}
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		if len(sig.Body) < 2 {
			return
		}
		changed, _ := sig.Body[1].(map[string]dbus.Variant)
		if c, ok := changed["Connectivity"].Value().(uint32); ok {
			w.network(c == nmFull, now)
		}
	}
}

// network tells of a change from down to up only: NetworkManager says the
// same through both of its signals.
func (w *watcher) network(up bool, now time.Time) {
	if up && !w.up {
		w.emit(NetworkUp, now)
	}
	w.up = up
}

func (w *watcher) emit(s Signal, now time.Time) {
	if last, ok := w.last[s]; ok && now.Sub(last).Abs() < time.Second {
		return
	}
	w.last[s] = now
	select {
	case w.out <- s:
	default: // two unread signals already make the reader look
	}
}
