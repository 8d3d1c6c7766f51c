//go:build cgo

// Command fynewindow is a bare Fyne window with one label: what Relink's
// window is measured against. It is as large as that is at first.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	w := app.NewWithID("app.relink.bench.fynewindow").NewWindow("Bare window")
	w.SetContent(widget.NewLabel("nothing"))
	w.Resize(fyne.NewSize(1240, 760))
	w.ShowAndRun()
}
