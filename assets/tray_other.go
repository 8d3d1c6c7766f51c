//go:build !windows && !darwin

package assets

import _ "embed"

// TrayIsTemplate is true where the tray icon has no colour of its own and the
// system draws it in the menu bar's.
const TrayIsTemplate = false

var (
	//go:embed tray-ok.png
	trayOK []byte
	//go:embed tray-soon.png
	traySoon []byte
	//go:embed tray-needs.png
	trayNeeds []byte
	//go:embed tray-hollow.png
	trayHollow []byte
)
