package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// withPerson sets the stage on the person's own desktop and leaves it open
// until they end it.
func withPerson(ctx context.Context, o options, r *report) error {
	home, err := os.MkdirTemp("", "relink-demo")
	if err != nil {
		return fmt.Errorf("make a home: %w", err)
	}
	defer os.RemoveAll(home)
	// The person's keyring is left alone.
	passphrase := filepath.Join(home, "passphrase")
	if err := os.WriteFile(passphrase, []byte("practice\n"), 0o600); err != nil {
		return fmt.Errorf("make a home: %w", err)
	}
	p, err := start(context.WithoutCancel(ctx), o, filepath.Join(home, "relink"), append(clean(os.Environ()), "RELINK_PASSPHRASE_FILE="+passphrase))
	if !r.step("starts the practice network and Relink", "", err) {
		return nil
	}
	defer p.stop()
	furnish(ctx, p, signInPlainly, r)

	window := exec.CommandContext(ctx, p.relink, "window")
	window.Env = p.env
	err = window.Start()
	r.step("opens the window", "", err)
	if err == nil {
		go func() { _ = window.Wait() }()
	}
	fmt.Fprint(r.out, `
Relink is in your tray, and its window is open. Nothing here reaches a real platform.

  * A minute after the start two notifications come: LinkedIn has ended, Facebook ends in 6 days.
    Click Reconnect on one, then Allow on the page that opens: the account is connected again.
  * Or click the tray icon, and an account in its menu.
  * Or choose an account in the window, and Reconnect.

Ctrl+C ends the demo and removes everything it made.

`)
	<-ctx.Done()
	return nil
}

// clean leaves out what would lead Relink to another home.
func clean(env []string) []string {
	var out []string
	for _, kv := range env {
		if !strings.HasPrefix(kv, "RELINK_") {
			out = append(out, kv)
		}
	}
	return out
}
