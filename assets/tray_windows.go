package assets

import _ "embed"

// TrayIsTemplate is true where the tray icon has no colour of its own and the
// system draws it in the menu bar's.
const TrayIsTemplate = false

var (
	//go:embed tray-ok.ico
	trayOK []byte
	//go:embed tray-soon.ico
	traySoon []byte
	//go:embed tray-needs.ico
	trayNeeds []byte
	//go:embed tray-hollow.ico
	trayHollow []byte
)
