//go:build lean

package main

import "relink/app"

// gui is nil: the lean build has no window of its own.
var gui *app.GUI
