//go:build cgo

// Command fynetray is a bare tray icon made with Fyne, without a window: what
// Relink's resident part is measured against.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
)

func main() {
	a := app.NewWithID("app.relink.bench.fynetray")
	if tray, ok := a.(desktop.App); ok {
		tray.SetSystemTrayMenu(fyne.NewMenu("tray", fyne.NewMenuItem("Open", func() {})))
		tray.SetSystemTrayIcon(theme.InfoIcon())
	}
	a.Run()
}
