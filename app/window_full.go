//go:build !lean

package app

import (
	"context"

	"fyne.io/fyne/v2"

	"relink/app/agent"
	"relink/app/window"
)

// GUI makes the Fyne app; nil in the lean build.
type GUI func() fyne.App

// runWindow is the window role. It must be called on the main goroutine.
const hasWindow = true

func runWindow(ctx context.Context, gui GUI, page string, svc agent.Service, dial func(context.Context) (agent.Service, error)) error {
	return window.Run(ctx, gui(), window.Config{Service: svc, Page: page, Dial: dial, Version: Version()})
}
