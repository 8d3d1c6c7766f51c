package notifier

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"relink/platform"
)

const (
	// HookLimit is how long the hook's command may run.
	HookLimit = 30 * time.Second
	// hookGrace is how long its output is waited for after it was ended.
	hookGrace = 2 * time.Second
	// hookLine is how much of its error output may be told, in characters.
	hookLine = 120
)

// Hook is a command of the person's own that is given events.
type Hook struct {
	// Command is split into words at spaces, quotes kept together; no shell sees it.
	Command string
	// Limit on its time; zero means HookLimit. At its end the command is killed
	// with all that it started; what a command that is done left running may go on.
	Limit time.Duration
}

// Run gives the command one document on its standard input. Its output goes
// nowhere, but for the last line of its error output when it fails. Errors are
// *platform.Error: KindConfig where it cannot be started, else KindRetry.
func (h Hook) Run(ctx context.Context, event Event, body []byte) error {
	words, err := platform.SplitCommand(h.Command)
	if err != nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("the hook's command %s", err), Repair: platform.T("correct it: relink hook set COMMAND")}
	}
	limit := h.Limit
	if limit <= 0 {
		limit = HookLimit
	}
	rctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	name := filepath.Base(words[0])
	cmd := exec.CommandContext(rctx, words[0], words[1:]...)
	cmd.Env = hookEnv(os.Environ(), event)
	cmd.Stdin = bytes.NewReader(append(bytes.Clone(body), '\n'))
	var complaint tail
	cmd.Stderr = &complaint
	cmd.WaitDelay = hookGrace
	end, err := startGroup(cmd)
	if err != nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("the hook's command %s cannot be started", name), Repair: platform.T("check that it is there and may be run: relink hook set COMMAND"), Err: err}
	}
	err = cmd.Wait()
	end()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && rctx.Err() == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case rctx.Err() != nil:
		return &platform.Error{Kind: platform.KindRetry, Code: "timeout", Message: platform.T("the hook's command %s was ended after %s", name, platform.Span(limit)), Repair: platform.T("make it faster, or let it hand long work to another program"), Err: err}
	}
	message := platform.T("the hook's command %s failed", name)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		message = platform.T("the hook's command %s failed (%s)", name, exit)
	}
	if line := complaint.line(); line != "" {
		message = platform.T("%s: %s", message, line)
	}
	return &platform.Error{Kind: platform.KindRetry, Message: message, Repair: platform.T("mend it and try: relink hook test"), Err: err}
}

// hookEnv is the agent's environment with the event's name, and without what
// opens the vault or lets a window come to the front.
func hookEnv(env []string, event Event) []string {
	out := make([]string, 0, len(env)+1)
	for _, kv := range env {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "RELINK_PASSPHRASE_FILE", "XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID":
		default:
			out = append(out, kv)
		}
	}
	return append(out, "RELINK_EVENT="+string(event))
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.kept = append(t.kept, p[max(0, len(p)-most):]...)
	if over := len(t.kept) - most; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// secretish are words that may be a token: long, without a space, with digits.
var secretish = regexp.MustCompile(`[A-Za-z0-9_\-.~+/=]{20,}`)

// line is the last line written, short and with what may be a secret blotted out.
func (t *tail) line() string {
	lines := strings.FieldsFunc(strings.ToValidUTF8(string(t.kept), ""), func(r rune) bool { return r == '\n' || r == '\r' })
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return ""
	}
	s := secretish.ReplaceAllStringFunc(lines[len(lines)-1], func(w string) string {
		if strings.ContainsAny(w, "0123456789") {
			return platform.NewSecret(w).String()
		}
		return w
	})
	return oneLine(s, hookLine)
}
