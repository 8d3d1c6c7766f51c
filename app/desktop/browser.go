package desktop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"relink/platform"
)

const copyLink = "copy the link into a browser instead"

// notice is how long a browser command is watched for failing at once; after
// that its exit says nothing, since many run as long as the window is open.
const notice = 300 * time.Millisecond

// Opener opens addresses in the person's browser.
type Opener struct {
	// Command is the browser to use, words split at spaces, quotes kept
	// together; %s stands for the address, which is added at the end where
	// there is no %s. Empty means the system's default.
	Command string
	// Failed is told, from another goroutine, when the command was started
	// and failed within 300 ms. It may be nil.
	Failed func(error)
}

// Open asks for an address to be opened and returns once the command was
// started. The address must be http or https and goes to the command as one
// argument, past any shell. token is the desktop's activation token (XDG), which lets the browser
// come to the front; empty when there is none. Errors are *platform.Error.
//
// The command outlives Relink: it has its own session and no streams of ours.
// ctx only keeps it from being started.
func (o Opener) Open(ctx context.Context, address, token string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("open browser: %w", err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// The address itself is not told: it may carry a code.
		return fault(platform.KindUsage, platform.T("only web addresses can be opened in a browser"), platform.T(copyLink), nil)
	}
	argv, err := o.argv(u.String())
	if err != nil {
		return err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = withToken(os.Environ(), token)
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fault(platform.KindConfig, platform.T("the browser could not be started (%s)", argv[0]), platform.T(copyLink), err)
	}
	go o.reap(cmd)
	return nil
}

// reap waits for the command, so that no zombie stays, and tells of a failure at once.
func (o Opener) reap(cmd *exec.Cmd) {
	start := time.Now()
	err := cmd.Wait()
	if err == nil || time.Since(start) > notice || o.Failed == nil {
		return
	}
	var exit *exec.ExitError
	message := platform.T("the browser command %s could not be watched", cmd.Path)
	if errors.As(err, &exit) {
		message = platform.T("the browser command %s failed (%s)", cmd.Path, exit)
	}
	o.Failed(fault(platform.KindConfig, message, platform.T(copyLink), err))
}

// OpenBrowser is Opener.Open for a caller that has nobody to tell of a late
// failure: it goes to the default logger.
func OpenBrowser(ctx context.Context, command, address, token string) error {
	o := Opener{Command: command, Failed: func(err error) { slog.Warn("open browser", "err", err) }}
	return o.Open(ctx, address, token)
}

// argv is the command with the address in it.
func (o Opener) argv(address string) ([]string, error) {
	if strings.TrimSpace(o.Command) == "" {
		return systemOpener(address)
	}
	words, err := platform.SplitCommand(o.Command)
	if err != nil {
		return nil, fault(platform.KindConfig, platform.T("the browser command in the settings %s", err), platform.T("correct it in Settings, Browser"), nil)
	}
	return withAddress(words, address), nil
}

// withAddress puts the address where %s stands, or at the end.
func withAddress(words []string, address string) []string {
	out, placed := make([]string, 0, len(words)+1), false
	for i, w := range words {
		if i > 0 && strings.Contains(w, "%s") {
			w, placed = strings.ReplaceAll(w, "%s", address), true
		}
		out = append(out, w)
	}
	if !placed {
		out = append(out, address)
	}
	return out
}

// withToken hands the activation token over the way the desktop does, and
// keeps one meant for Relink itself from reaching the browser.
func withToken(env []string, token string) []string {
	out := make([]string, 0, len(env)+2)
	for _, kv := range env {
		if !strings.HasPrefix(kv, "XDG_ACTIVATION_TOKEN=") && !strings.HasPrefix(kv, "DESKTOP_STARTUP_ID=") {
			out = append(out, kv)
		}
	}
	if token != "" {
		out = append(out, "XDG_ACTIVATION_TOKEN="+token, "DESKTOP_STARTUP_ID="+token)
	}
	return out
}
