package assets

import _ "embed"

// TrayIsTemplate is true where the tray icon has no colour of its own and the
// system draws it in the menu bar's.
const TrayIsTemplate = true

var (
	//go:embed tray-ok-template.png
	trayOK []byte
	//go:embed tray-soon-template.png
	traySoon []byte
	//go:embed tray-needs-template.png
	trayNeeds []byte
	//go:embed tray-hollow-template.png
	trayHollow []byte
)
