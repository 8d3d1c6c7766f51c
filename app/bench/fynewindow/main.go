//go:build cgo

// Command fynewindow is a bare Fyne window with one label: what Relink's
// window is measured against.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	w := app.NewWithID("app.relink.bench.fynewindow").NewWindow("Bare window")
	w.SetContent(widget.NewLabel("nothing"))
	w.Resize(fyne.NewSize(900, 600))
	w.ShowAndRun()
}
