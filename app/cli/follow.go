package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// cancelWait is how long the agent may take to take back a flow nobody waits for any more.
const cancelWait = 2 * time.Second

// follow leads a flow to its end and tells it.
func (t *tool) follow(ctx context.Context, svc agent.Service, f agent.Flow, s signIn) error {
	f, err := t.watch(ctx, svc, f, s)
	if err != nil {
		return err
	}
	return t.ended(ctx, svc, f)
}

// watch leads a flow to its end. Whatever ends it early here is cancelled at the agent.
func (t *tool) watch(ctx context.Context, svc agent.Service, f agent.Flow, s signIn) (_ agent.Flow, err error) {
	defer func() {
		if err != nil && !f.Phase.Ended() {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWait)
			defer cancel()
			_ = svc.Cancel(late, f.ID)
		}
	}()
	if err := t.announce(f, s); err != nil {
		return f, err
	}
	polling, stop := context.WithCancel(ctx)
	defer stop()
	news := poll(polling, svc, f)

	comesBack := f.URL != "" && f.UserCode == ""
	listens := t.Interactive || comesBack && (s.noBrowser || s.paste)
	var tick <-chan time.Time
	if t.progress {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		tick = ticker.C
		defer t.wipe()
		t.waiting(f)
	}
	var asked, pasted, chose bool
	opened, wrong := f.Opened, 0
	for {
		if f.Phase == agent.PhaseChoosing && !asked {
			asked, chose = true, len(s.pick) > 0
			if err := t.choose(ctx, svc, f, s, listens); err != nil {
				return f, err
			}
		}
		if f.Phase.Ended() {
			t.wipe()
			return f, nil
		}
		if opened && !f.Opened { // the agent could not, and has noted why
			opened = false
			t.wipe()
			for _, n := range f.Notes {
				t.tell(n)
			}
			t.waiting(f)
		}
		var line <-chan typed
		if listens {
			line = t.keyboard().next()
		}
		select {
		case <-ctx.Done():
			t.over()
			return f, cancelled()
		case <-tick:
			t.tick(f)
		case l := <-line:
			t.keyboard().took()
			text := strings.TrimSpace(l.text)
			switch {
			case !l.ok:
				listens = false
				if comesBack && !f.Listening && !pasted && f.Phase == agent.PhaseWaiting {
					return f, usage(platform.T("run it again and paste the address the browser ends on"), platform.T("no redirect address came on stdin"))
				}
				if !chose && f.Phase == agent.PhaseChoosing {
					return f, t.unpicked(f)
				}
			case text == "":
				t.waiting(f)
			case f.Phase == agent.PhaseChoosing && !chose:
				ids, ok := t.typedChoice(f, text)
				if !ok {
					if wrong++; wrong == tries {
						return f, threeTimes()
					}
					continue
				}
				chose = true
				if err := svc.Choose(ctx, f.ID, ids); err != nil {
					return f, err
				}
			case f.Phase == agent.PhaseWaiting:
				err := svc.Paste(ctx, f.ID, text)
				pasted = pasted || err == nil
				if err != nil {
					wrong++
					if !t.Interactive || exitCode(err) != exitUsage || wrong == tries {
						return f, err
					}
					t.wipe()
					t.tell("relink: " + errorLine(err))
				}
				t.waiting(f)
			}
		case n := <-news:
			if n.err != nil {
				if ctx.Err() != nil {
					t.over()
					return f, cancelled()
				}
				return f, n.err
			}
			if f = n.flow; f.Phase != agent.PhaseWaiting {
				t.wipe()
				t.waiting(f)
			}
		}
	}
}

// announce says what the browser is to open.
func (t *tool) announce(f agent.Flow, s signIn) error {
	if f.URL == "" {
		return nil // there is nothing to open
	}
	manual := s.noBrowser || s.paste
	switch {
	case t.json:
		if err := t.emit(flowOut{f.ID, f.Platform, f.URL, f.Redirect, f.UserCode, f.Listening, stamp(f.Deadline)}); err != nil {
			return err
		}
	case manual:
		if err := t.print("%s", f.URL); err != nil {
			return err
		}
	}
	switch {
	case f.UserCode != "":
		t.tell(platform.T("Open %s on any device and type the code %s", f.URL, f.UserCode))
	case !manual:
		t.tell(platform.T("Sign in at %s in your browser. If none opens, open this address:", platformName(f.Platform)))
		t.say("%s", f.URL)
		if t.guided() && f.Listening {
			t.tell(platform.T("If the browser cannot come back, paste the address it ends on here."))
		}
	case !f.Listening:
		t.tell(platform.T("Open the address in a browser, sign in, then paste the address the browser ends on here."))
	default:
		t.tell(platform.T("Open the address in a browser and sign in. If the browser cannot come back, paste the address it ends on here."))
	}
	return nil
}

type flowNews struct {
	flow agent.Flow
	err  error
}

// poll waits for each change of a flow until it has ended.
func poll(ctx context.Context, svc agent.Service, f agent.Flow) <-chan flowNews {
	out := make(chan flowNews)
	go func() {
		for {
			next, err := svc.Flow(ctx, f.ID, f.Version)
			select {
			case out <- flowNews{next, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || next.Phase.Ended() {
				return
			}
			f = next
		}
	}()
	return out
}

// waiting shows what is waited for, anew.
func (t *tool) waiting(f agent.Flow) {
	if text := t.waitingFor(f); text != "" {
		_, _ = io.WriteString(t.Stderr, "\r\x1b[K"+text)
	}
}

// tick shows the time left and leaves what is being typed behind it alone.
func (t *tool) tick(f agent.Flow) {
	if text := t.waitingFor(f); text != "" {
		_, _ = io.WriteString(t.Stderr, "\x1b7\r"+text+"\x1b8")
	}
}

// waitingFor is what is waited for, in one line of the terminal; it stays as
// long while the time runs.
func (t *tool) waitingFor(f agent.Flow) string {
	if !t.progress {
		return ""
	}
	switch f.Phase {
	case agent.PhaseWaiting:
		left := max(0, f.Deadline.Sub(t.Now())).Round(time.Second)
		clock := fmt.Sprintf("%d:%02d", int(left.Minutes()), int(left.Seconds())%60)
		long := platform.T("waiting for your browser… %s left, Ctrl+C cancels", clock)
		if f.UserCode != "" {
			long = platform.T("waiting for the code %s… %s left, Ctrl+C cancels", f.UserCode, clock)
		}
		if f.URL == "" {
			return t.fitting(platform.T("asking the platform…"), "")
		}
		return t.fitting(long+" ", platform.T("%s left", clock)+" ")
	case agent.PhaseWorking:
		return t.fitting(platform.T("fetching the account…"), "")
	}
	return ""
}

// fitting is the longer of two texts if the terminal has room for it.
func (t *tool) fitting(long, short string) string {
	if w := t.width(); w > 0 && cells(long) >= w {
		return fitTo(words(short, long), w-1)
	}
	return long
}

// over leaves the line the terminal wrote ^C into.
func (t *tool) over() {
	if t.Interactive {
		_, _ = io.WriteString(t.Stderr, "\n")
	}
}

// wipe takes the progress line away.
func (t *tool) wipe() {
	if t.progress {
		_, _ = fmt.Fprint(t.Stderr, "\r\x1b[K")
	}
}

// ended tells how it went.
func (t *tool) ended(ctx context.Context, svc agent.Service, f agent.Flow) error {
	t.wipe()
	if f.Phase == agent.PhaseFailed {
		if f.Error == nil {
			return &platform.Error{Kind: platform.KindRetry, Message: platform.T("the sign-in failed; nothing was changed"), Repair: platform.T("try again")}
		}
		return f.Error
	}
	s, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	now, out := t.Now(), connectedOut{Flow: f.ID, Accounts: []accountOut{}, Notes: f.Notes}
	var lines []string
	for _, id := range f.Accounts {
		r := s.Row(id)
		if r == nil {
			continue
		}
		out.Accounts = append(out.Accounts, accountOf(r, now))
		lines = append(lines, r.Account.Title()+" ("+r.Account.Ref()+"): "+holds(r, now))
	}
	if t.json {
		return t.emit(out)
	}
	return t.printLines(append(lines, f.Notes...))
}

// holds says until when an account works.
func holds(r *agent.Row, now time.Time) string {
	s := r.Status
	if d := s.Deadline; d.Ends() && d.At.After(now) {
		return platform.T("%s until %s, %s", s.State.Word(), date(d.At), s.Left(now))
	}
	return platform.T("%s, %s", s.State.Word(), s.Left(now))
}
