// Package assets holds the pictures that are built into the program. It only
// embeds; assets/draw draws them, from one source, so that the states of the
// tray icon and the program's own icon cannot drift apart.
package assets

import _ "embed"

//go:generate go run ./draw

// State is what the tray icon says. The states differ in shape as well as in
// colour: macOS shows template icons without any colour, and some eyes do not
// tell the colours apart.
type State int

const (
	// Hollow: two rings drawn as thin lines. The vault is locked, reminders are
	// paused, or nothing is known yet.
	Hollow State = iota
	// OK: two linked rings. All is well.
	OK
	// Soon: linked rings with a dot. Something ends within the first reminder step.
	Soon
	// Needs: an open ring with a bar in it. Somebody is needed now.
	Needs
)

// String gives the state's name, as in the names of the files.
func (s State) String() string {
	switch s {
	case OK:
		return "ok"
	case Soon:
		return "soon"
	case Needs:
		return "needs"
	}
	return "hollow"
}

//go:embed icon-128.png
var icon []byte

// Icon is the program's icon for notifications, a PNG of 128 by 128 pixels:
// its raw pixels are kept, and sent with each. icon.png is the same for
// packages. Nobody may change the bytes.
func Icon() []byte { return icon }

// Tray gives the tray icon for a state in the format this system takes: an ICO
// on Windows, a template PNG (black and transparent) on macOS, a PNG of 64 by
// 64 pixels that reads on light and dark panels everywhere else. Nobody may
// change the bytes.
func Tray(s State) []byte {
	switch s {
	case OK:
		return trayOK
	case Soon:
		return traySoon
	case Needs:
		return trayNeeds
	}
	return trayHollow
}
