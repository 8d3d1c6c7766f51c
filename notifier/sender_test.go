package notifier

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

// half is a sender whose Send fails while err is set.
type half struct {
	Sender
	err  error
	sent int
}

func (h *half) Send(context.Context, Note) error {
	h.sent++
	return h.err
}

func TestFallbackSaysSoOnce(t *testing.T) {
	var log bytes.Buffer
	first, second := &half{err: &platform.Error{Message: "no server", Repair: "install one"}}, &half{}
	f := &fallback{first: first, second: second, log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 3 {
		if err := f.Send(t.Context(), Note{}); err != nil {
			t.Fatalf("send: %v, want it shown by the second", err)
		}
	}
	if n := strings.Count(log.String(), "no server"); n != 1 || second.sent != 3 {
		t.Errorf("logged %d times, want 1; sent %d, want 3", n, second.sent)
	}
	second.err = errors.New("nor this")
	if err := f.Send(t.Context(), Note{}); !errors.Is(err, first.err) {
		t.Errorf("both fail: %v, want the first's error, which names the repair", err)
	}
	first.err, second.sent = nil, 0
	if err := f.Send(t.Context(), Note{}); err != nil || second.sent != 0 {
		t.Errorf("works again: %v, second sent %d", err, second.sent)
	}
	first.err = errors.New("no server again")
	_ = f.Send(t.Context(), Note{})
	if !strings.Contains(log.String(), "no server again") {
		t.Error("a new loss was not logged")
	}
}

// TestPlainHangs: a call that never returns costs a deadline, and no second goroutine.
func TestPlainHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlain(Config{})
		var calls atomic.Int32
		release := make(chan struct{})
		p.notify = func(string, string, any) error {
			calls.Add(1)
			<-release
			return nil
		}
		start := time.Now()
		for range 2 {
			err := p.Send(t.Context(), Note{Title: "x"})
			if platform.KindOf(err) != platform.KindConfig || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "could not be shown") {
				t.Errorf("send: %v, want that it was not shown", err)
			}
		}
		if took := time.Since(start); took != 2*beeepDeadline || calls.Load() != 1 {
			t.Errorf("took %v and %d calls, want %v and 1", took, calls.Load(), 2*beeepDeadline)
		}
		close(release)
		synctest.Wait()
		p.notify = func(title, body string, icon any) error {
			if title != "x" || body != "b\nOpen Relink from the tray to reconnect." || icon != "" {
				t.Errorf("notify(%q, %q, %v)", title, body, icon)
			}
			return nil
		}
		if err := p.Send(t.Context(), Note{Title: "x", Body: "b", Buttons: []Button{{ActionReconnect, labelReconnect}}}); err != nil {
			t.Errorf("send after the hang: %v", err)
		}
	})
}
