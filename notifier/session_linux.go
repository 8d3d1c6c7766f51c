package notifier

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"

	"relink/platform"
)

// The connection to the session bus and the server on it.

// connect makes the connection if there is none, and meets the server. Only
// what must be shown starts a server: at login that could be another than the
// desktop is about to bring.
func (b *bus) connect(ctx context.Context, start bool) error {
	if b.conn == nil || !b.conn.Connected() {
		b.drop()
		if err := b.dial(ctx); err != nil {
			return errNoBus(err)
		}
		select {
		case b.fresh <- struct{}{}:
		default:
		}
	}
	owner, err := b.owner(ctx, start)
	if err != nil {
		return errNoServer(err)
	}
	return b.meet(ctx, owner)
}

func (b *bus) dial(ctx context.Context) error {
	conn, end, err := openBus(ctx, b.cfg.Address)
	if err != nil {
		return err
	}
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	var id string
	err = errors.Join(
		conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(noteName), dbus.WithMatchObjectPath(notePath)),
		conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName),
			dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, noteName)),
		callBus(ctx, conn.BusObject(), busName+".GetId", nil, &id),
	)
	if err != nil {
		end()
		return err
	}
	b.conn, b.signals, b.id, b.end = conn, signals, id, end
	return nil
}

// openBus makes a connection of its own to the session bus; end closes it.
func openBus(ctx context.Context, address string) (conn *dbus.Conn, end func(), err error) {
	if address = sessionAddress(address); address == "" {
		return nil, nil, errors.New("no address")
	}
	// The handshake knows no deadline; ending its context closes the socket under it.
	life, cut := context.WithCancel(context.Background())
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	stop := context.AfterFunc(ctx, cut)
	conn, err = dbus.Connect(address, dbus.WithContext(life), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil || !stop() {
		cut()
		return nil, nil, errors.Join(err, ctx.Err())
	}
	return conn, func() { _ = conn.Close(); cut() }, nil
}

// sessionAddress finds the session bus without ever starting one.
func sessionAddress(address string) string {
	if address != "" {
		return address
	}
	if env := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); env != "" && env != "autolaunch:" {
		return env
	}
	for _, path := range []string{filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus"), userBus()} {
		if _, err := os.Stat(path); err == nil && filepath.IsAbs(path) {
			return "unix:path=" + dbus.EscapeBusAddressValue(path)
		}
	}
	return ""
}

// drop forgets the connection. What the server shows stays known: it may still
// be the same one when the bus is back.
func (b *bus) drop() {
	b.end()
	b.conn, b.signals, b.end, b.id = nil, nil, func() {}, ""
}

// owner gives the server's name on the bus, starting one where the bus knows
// how; without start it is empty where none runs.
func (b *bus) owner(ctx context.Context, start bool) (string, error) {
	var owner string
	err := b.call(ctx, b.conn.BusObject(), busName+".GetNameOwner", []any{noteName}, &owner)
	var answer dbus.Error
	if !errors.As(err, &answer) || answer.Name != "org.freedesktop.DBus.Error.NameHasNoOwner" {
		return owner, err
	}
	if !start {
		return "", nil
	}
	var started uint32
	if err := b.call(ctx, b.conn.BusObject(), busName+".StartServiceByName", []any{noteName, uint32(0)}, &started); err != nil {
		return "", err
	}
	err = b.call(ctx, b.conn.BusObject(), busName+".GetNameOwner", []any{noteName}, &owner)
	return owner, err
}

// meet notices which server answers. Another one than before knows none of our
// ids: notes that should still stand are shown again, quietly, the rest are forgotten.
func (b *bus) meet(ctx context.Context, owner string) error {
	server := ""
	if owner != "" {
		server = b.id + " " + owner
	}
	if server == b.server {
		return nil
	}
	// The ids first: the new server gives the same numbers to other programs' notes.
	b.server = ""
	clear(b.tokens)
	for id, st := range b.notes {
		st.id = 0
		if !st.note.Resident {
			delete(b.notes, id)
		}
	}
	if server == "" {
		return nil
	}
	var name, vendor, version, spec string
	var caps []string
	err := errors.Join(
		b.call(ctx, b.object(), noteName+".GetCapabilities", nil, &caps),
		b.call(ctx, b.object(), noteName+".GetServerInformation", nil, &name, &vendor, &version, &spec),
	)
	if err != nil {
		return errNoServer(err)
	}
	b.server, b.caps, b.name = server, caps, strings.TrimSpace(name+" "+version)
	for id, st := range b.notes {
		if err := b.show(ctx, st.note, true); err != nil {
			b.cfg.Log.Warn("show notification again", "id", id, "error", err)
		}
	}
	return nil
}

func (b *bus) object() dbus.BusObject { return b.conn.Object(noteName, notePath) }

func (b *bus) call(ctx context.Context, o dbus.BusObject, method string, args []any, results ...any) error {
	return callBus(ctx, o, method, args, results...)
}

// callBus makes one call with a deadline.
func callBus(ctx context.Context, o dbus.BusObject, method string, args []any, results ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	c := o.CallWithContext(ctx, method, 0, args...)
	if c.Err != nil {
		return c.Err
	}
	return c.Store(results...)
}

// off says why the server shows nothing of what it takes, as far as it or its
// desktop tells; each is asked in its own way, and none is started for it.
func (b *bus) off(ctx context.Context) string {
	get := func(name string, path dbus.ObjectPath, method string, args ...any) any {
		ctx, cancel := context.WithTimeout(ctx, callDeadline)
		defer cancel()
		c := b.conn.Object(name, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
		var v dbus.Variant
		if c.Err != nil || c.Store(&v) != nil {
			return nil
		}
		for { // a portal wraps its answer twice
			inner, ok := v.Value().(dbus.Variant)
			if !ok {
				return v.Value()
			}
			v = inner
		}
	}
	const property = "org.freedesktop.DBus.Properties.Get"
	switch server := strings.ToLower(b.name); {
	case strings.HasPrefix(server, "dunst"):
		if get(noteName, notePath, property, "org.dunstproject.cmd0", "paused") == true {
			return platform.T("dunst is paused; go on with: dunstctl set-paused false")
		}
	case strings.HasPrefix(server, "xfce"):
		if get("org.xfce.Xfconf", "/org/xfce/Xfconf", "org.xfce.Xfconf.GetProperty", "xfce4-notifyd", "/do-not-disturb") == true {
			return platform.T("Do Not Disturb is on; switch it off in the panel or in Settings, Notifications")
		}
	case strings.HasPrefix(server, "cinnamon"):
		return cinnamonOff(b.setting(ctx))
	case strings.HasPrefix(server, "gnome-shell"):
		if why := gnomeOff(b.setting(ctx)); why != "" {
			return why
		}
		if get(portalName, portalPath, "org.freedesktop.portal.Settings.Read", "org.gnome.desktop.notifications", "show-banners") == false {
			return platform.T("Do Not Disturb is on and lets only urgent ones through; switch it off in the calendar of the top bar")
		}
	default: // Plasma, and whoever else has the property: a person's Do Not Disturb, or a program's wish; it does not say whose
		if get(noteName, notePath, property, noteName, "Inhibited") == true {
			return platform.T("the desktop holds notifications back, for Do Not Disturb or for a program that asked; look in its notification settings")
		}
	}
	return ""
}

func errNoBus(err error) error {
	return &platform.Error{
		Kind:    platform.KindConfig,
		Message: platform.T("there is no desktop session to show notifications in"),
		Repair:  platform.T("start Relink from the desktop session, or set DBUS_SESSION_BUS_ADDRESS to its bus"),
		Err:     err,
	}
}

func errNoServer(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &platform.Error{
			Kind:    platform.KindRetry,
			Message: platform.T("the desktop's notification server does not answer"),
			Repair:  platform.T("restart it, or sign out and in again"),
			Err:     err,
		}
	}
	return &platform.Error{
		Kind:    platform.KindConfig,
		Message: platform.T("no notification server runs in this desktop session"),
		Repair:  platform.T("install one (xfce4-notifyd or dunst) and run: relink doctor"),
		Err:     err,
	}
}
