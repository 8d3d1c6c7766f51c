//go:build lean

package app

import (
	"context"

	"relink/app/agent"
	"relink/platform"
)

// GUI is nothing in the lean build.
type GUI struct{}

const hasWindow = false

func runWindow(context.Context, program, string, agent.Service) error {
	return &platform.Error{Kind: platform.KindConfig, Message: platform.T("this build of Relink has no window"), Repair: platform.T("install relink-window beside it, or use the terminal: relink status, relink connect, relink reconnect")}
}
