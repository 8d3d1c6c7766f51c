//go:build lean

package app

import (
	"context"

	"relink/app/agent"
	"relink/platform"
)

// GUI is nothing in the lean build.
type GUI func()

const hasWindow = false

func runWindow(context.Context, program, string, agent.Service) error {
	return &platform.Error{Kind: platform.KindConfig, Message: "this build of Relink has no window", Repair: "install relink-window beside it, or use: relink status"}
}
