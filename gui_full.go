//go:build !lean

package main

import (
	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"relink/app"
)

// gui hands in Fyne's driver, which needs cgo and OpenGL; this is the only file that names it.
var gui app.GUI = func() fyne.App { return fyneapp.NewWithID(app.ID) }
