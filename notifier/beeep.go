package notifier

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/gen2brain/beeep"

	"relink/platform"
)

// beeepDeadline is how long beeep may take: it starts other programs, and can
// hang with a broken notification daemon (gen2brain/beeep issue 70).
const beeepDeadline = 8 * time.Second

// plain shows notes through beeep, which has no buttons, no replacing and no
// taking back, so its text says where to click.
type plain struct {
	cfg Config
	// busy holds one token while a call is under way, so that calls that hang do not pile up.
	busy   chan struct{}
	notify func(title, body string, icon any) error
}

func newPlain(cfg Config) *plain {
	cfg = cfg.filled()
	// A global of beeep; there is one name per program.
	beeep.AppName = cfg.AppName
	return &plain{cfg: cfg, busy: make(chan struct{}, 1), notify: beeep.Notify}
}

func (p *plain) Send(ctx context.Context, n Note) error {
	ctx, cancel := context.WithTimeout(ctx, beeepDeadline)
	defer cancel()
	select {
	case p.busy <- struct{}{}:
	case <-ctx.Done():
		return notShown(errors.New("the call before still hangs"))
	}
	var icon any = ""
	if len(p.cfg.Icon) > 0 {
		icon = p.cfg.Icon
	}
	done := make(chan error, 1)
	go func() {
		done <- p.notify(n.Title, withoutButtons(n), icon)
		<-p.busy
	}()
	select {
	case err := <-done:
		if err != nil {
			return notShown(err)
		}
		return nil
	case <-ctx.Done():
		return notShown(ctx.Err())
	}
}

func notShown(err error) error {
	return &platform.Error{
		Kind:    platform.KindConfig,
		Message: platform.T("the notification could not be shown"),
		Repair:  platform.T("allow notifications for Relink in the system's settings, then run: relink doctor"),
		Err:     err,
	}
}

// Withdraw can do nothing here.
func (p *plain) Withdraw(context.Context, string) error { return nil }

func (p *plain) Abilities(context.Context) (Abilities, error) {
	return Abilities{Name: map[string]string{"windows": platform.T("Windows notifications"), "darwin": platform.T("macOS notifications")}[runtime.GOOS]}, nil
}

func (p *plain) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
