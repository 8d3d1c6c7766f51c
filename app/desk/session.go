//go:build linux

package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// busConfig lets nothing be started by name but what [Desk.furnish] puts into
// the services directory: a desk without a notification server stays without one.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <servicedir>%s</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// panelConfig is one panel at the top with a tray in it, small enough to leave room.
const panelConfig = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="28"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
      <property name="menu-is-primary" type="bool" value="false"/>
    </property>
  </property>
</channel>
`

// notifydConfig draws notes at once and whole, at the top right under the
// panel, and leaves them there long enough for a slow machine to click them.
const notifydConfig = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-notifyd" version="1.0">
  <property name="do-fadeout" type="bool" value="false"/>
  <property name="do-slideout" type="bool" value="false"/>
  <property name="initial-opacity" type="double" value="1.0"/>
  <property name="notify-location" type="uint" value="2"/>
  <property name="expire-timeout" type="int" value="60"/>
  <property name="notification-log" type="bool" value="false"/>
</channel>
`

const dunstConfig = `[global]
  origin = top-right
  offset = 10x40
  width = 380
  font = DejaVu Sans 10
  idle_threshold = 0
  show_age_threshold = -1
  mouse_left_click = do_action, close_current
`

// opener stands in for xdg-open: it notes the address, and hands it to the
// desk's Chromium where that is wanted. The note is written to the side and
// moved, one file per call, so that a reader never sees half of one.
const opener = `#!/bin/sh
set -eu
note=$(mktemp %[1]s/.new-XXXXXX)
printf '%%s' "${1-}" > "$note"
mv "$note" "%[1]s/$(date +%%s.%%N)-$$"
%[2]s
`

// furnish writes the desk's directories and configuration.
func (d *Desk) furnish() error {
	for _, name := range []string{"home", "config", "data", "state", "cache", "run", "bin", "log", "opened", "services", "screen", "chromium"} {
		if err := os.MkdirAll(d.path(name), 0o700); err != nil {
			return fmt.Errorf("furnish desk: %w", err)
		}
	}
	start := ""
	if !d.cfg.RecordOnly {
		if path, err := chromium(); err == nil {
			start = "exec " + path + " " + strings.Join(d.chromiumFlags(), " ") + ` "$1"`
		}
	}
	xfconf := filepath.Join("config", "xfce4", "xfconf", "xfce-perchannel-xml")
	files := map[string]string{
		"bus.conf":                    fmt.Sprintf(busConfig, d.path("bus"), d.path("services")),
		"config/dunstrc":              dunstConfig,
		"bin/xdg-open":                fmt.Sprintf(opener, d.path("opened"), start),
		xfconf + "/xfce4-panel.xml":   panelConfig,
		xfconf + "/xfce4-notifyd.xml": notifydConfig,
	}
	if data, err := service("org.xfce.Xfconf.service"); err == nil {
		files["services/org.xfce.Xfconf.service"] = string(data)
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o700); err != nil {
			return fmt.Errorf("furnish desk: %w", err)
		}
		mode := os.FileMode(0o600)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o700
		}
		if err := os.WriteFile(d.path(name), []byte(text), mode); err != nil {
			return fmt.Errorf("furnish desk: %w", err)
		}
	}
	return nil
}

// startDisplay runs the X server, which picks a free number itself.
func (d *Desk) startDisplay(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start Xvfb: %w", err)
	}
	defer r.Close()
	screen := fmt.Sprintf("%dx%dx24", d.size.X, d.size.Y)
	args := []string{"-displayfd", "3", "-screen", "0", screen, "-fbdir", d.path("screen"), "-nolisten", "tcp", "-noreset"}
	if d.cfg.NoOpenGL {
		args = append(args, "-extension", "GLX")
	}
	p, err := d.spawnWith("xvfb", nil, []*os.File{w}, "Xvfb", args...)
	w.Close()
	if err != nil {
		return err
	}
	number := make(chan string, 1)
	go func() {
		var buf bytes.Buffer
		one := make([]byte, 16)
		for !bytes.Contains(buf.Bytes(), []byte("\n")) {
			n, err := r.Read(one)
			if buf.Write(one[:n]); err != nil {
				if !errors.Is(err, io.EOF) {
					return
				}
				break
			}
		}
		number <- strings.TrimSpace(buf.String())
	}()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case n := <-number:
		if n == "" {
			return fmt.Errorf("start Xvfb: it gave no display\n%s", d.Logs())
		}
		d.display = ":" + n
		return nil
	case <-p.done:
		return fmt.Errorf("start Xvfb: it ended\n%s", d.Logs())
	case <-ctx.Done():
		return fmt.Errorf("start Xvfb: %w", ctx.Err())
	}
}

// startBus runs the session bus.
func (d *Desk) startBus(ctx context.Context) error {
	d.bus = "unix:path=" + d.path("bus")
	if _, err := d.spawn("bus", nil, "dbus-daemon", "--nofork", "--config-file="+d.path("bus.conf")); err != nil {
		return err
	}
	return d.await(ctx, "the session bus", func() bool {
		conn, err := dbus.Connect(d.bus)
		if err != nil {
			return false
		}
		d.conn = conn
		return true
	})
}

// startKeyring runs the Secret Service, with a new keyring that is open.
func (d *Desk) startKeyring() error {
	start := func(path string) error {
		_, err := d.spawn("keyring", strings.NewReader("practice"), path, "--foreground", "--unlock", "--components=secrets")
		return err
	}
	path, err := exec.LookPath("gnome-keyring-daemon")
	if err != nil {
		return fmt.Errorf("start keyring: %w", err)
	}
	if err = start(path); !errors.Is(err, os.ErrPermission) {
		return err
	}
	// The program's file carries CAP_IPC_LOCK, which a container may not hand out; a copy does not.
	program, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("start keyring: %w", err)
	}
	path = d.path("bin", "gnome-keyring-daemon")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		return fmt.Errorf("start keyring: %w", err)
	}
	return start(path)
}
