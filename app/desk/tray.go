//go:build linux

package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// TrayItem is an item that a program has put into the tray.
type TrayItem struct {
	ID, Title, Status, ToolTip string
}

// TrayItems waits until there is an item in the tray and gives all of them;
// ctx bounds the wait.
func (d *Desk) TrayItems(ctx context.Context) ([]TrayItem, error) {
	var items []TrayItem
	var last error
	if err := poll(ctx, func() bool {
		items, last = d.trayItems()
		return len(items) > 0
	}); err != nil {
		return nil, fmt.Errorf("wait for an item in the tray: %w", errors.Join(err, last))
	}
	return items, nil
}

func (d *Desk) trayItems() ([]TrayItem, error) {
	const item = "org.kde.StatusNotifierItem"
	v, err := d.conn.Object("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher").GetProperty("org.kde.StatusNotifierWatcher.RegisteredStatusNotifierItems")
	if err != nil {
		return nil, err
	}
	names, _ := v.Value().([]string)
	var out []TrayItem
	for _, name := range names {
		// A bus name with the object's path behind it.
		owner, path := name, "/StatusNotifierItem"
		if i := strings.IndexByte(name, '/'); i >= 0 {
			owner, path = name[:i], name[i:]
		}
		var props map[string]dbus.Variant
		if err := d.conn.Object(owner, dbus.ObjectPath(path)).Call("org.freedesktop.DBus.Properties.GetAll", 0, item).Store(&props); err != nil {
			return nil, err
		}
		word := func(name string) string { s, _ := props[name].Value().(string); return s }
		t := TrayItem{ID: word("Id"), Title: word("Title"), Status: word("Status")}
		// Icon name, pictures, title, text.
		if tip, ok := props["ToolTip"].Value().([]any); ok && len(tip) == 4 {
			t.ToolTip, _ = tip[2].(string)
		}
		out = append(out, t)
	}
	return out, nil
}
