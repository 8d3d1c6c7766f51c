//go:build !lean

package main

import (
	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"github.com/go-gl/glfw/v3.4/glfw"

	"relink/app"
)

// gui hands in Fyne's driver, which needs cgo and OpenGL; this is the only file that names it.
var gui = &app.GUI{
	App: func() fyne.App { return fyneapp.NewWithID(app.ID) },
	// Fyne leaves GLFW to take the focus for every window it shows, and has no word for that.
	Unasked: func(show func()) {
		glfw.WindowHint(glfw.FocusOnShow, glfw.False)
		defer glfw.WindowHint(glfw.FocusOnShow, glfw.True)
		show()
	},
}
