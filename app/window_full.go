//go:build !lean

package app

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"fyne.io/fyne/v2"

	"relink/app/agent"
	"relink/app/config"
	"relink/app/desktop"
	"relink/app/desktop/place"
	"relink/app/window"
)

const hasWindow = true

// GUI is what the window's toolkit is asked for; nil in the lean build.
type GUI struct {
	// App makes the Fyne app.
	App func() fyne.App
	// Unasked runs show, and has the windows that it makes appear without focus.
	Unasked func(show func())
}

// runWindow is the window role. It must be called on the main goroutine.
func runWindow(ctx context.Context, p program, page string, svc agent.Service) error {
	var practise func(context.Context) error
	if sandboxBeside() != "" {
		practise = startPractice
	}
	desktop.HearLinks(func(address string) {
		go func() {
			svc, err := p.dial(ctx, true)
			if err != nil {
				return // the window says so already
			}
			_ = svc.Activate(ctx, agent.Activation{Link: address}) // opens what there is to see
			if c, ok := svc.(io.Closer); ok {
				_ = c.Close()
			}
		}()
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	screen := watchOpenGL(cancel)
	defer screen.end()
	desktop.LetGarbageBe()
	svc = watchAhead(ctx, svc)
	err := window.Run(ctx, p.gui.App(), window.Config{
		Renew: p.renew, Language: config.SetLanguage,
		Upkeep: &window.Upkeep{
			Backup: func(ctx context.Context, path, vault, archive string) error {
				given := func(word string) func() (string, error) { return func() (string, error) { return word, nil } }
				return p.backup(ctx, path, given(vault), given(archive))
			},
			Inspect: p.inspect, Restore: p.restoreOver, Erase: p.erase, Places: p.places(),
		},
		Practise: practise, Memory: filepath.Join(p.paths.State, "window.json"),
		Service: svc, Page: page, Version: Version(), Corner: place.Corner, Unasked: p.gui.Unasked, Unfocused: place.Unfocused,
		Dial: func(ctx context.Context) (agent.Service, error) { return p.dial(ctx, false) },
		Start: func(ctx context.Context) error {
			_, err := p.dial(ctx, true)
			return err
		},
	})
	if err := screen.failed(); err != nil {
		return err
	}
	if next, ok := errors.AsType[*window.Outdated](err); ok {
		return startWindow(next.Page, "", nil)
	}
	return err
}
