package tray

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// paper stands for the system's menu: it keeps what it is told and counts.
type paper struct {
	calls int
	top   []*drawn
}

type drawn struct {
	paper       *paper
	label       string
	hidden, off bool
	separator   bool
	clicked     func()
	kids        []*drawn
}

func (p *paper) add(parent entry, label string, clicked func()) entry {
	p.calls++
	d := &drawn{paper: p, label: label, clicked: clicked}
	if parent, ok := parent.(*drawn); ok {
		if parent.hidden {
			// Windows cannot turn a line that is not there into a submenu.
			panic("child added to a hidden line")
		}
		parent.kids = append(parent.kids, d)
	} else {
		p.top = append(p.top, d)
	}
	return d
}

func (p *paper) separator() { p.top = append(p.top, &drawn{separator: true}) }

func (d *drawn) SetTitle(s string) { d.paper.calls++; d.label = s }
func (d *drawn) Enable()           { d.paper.calls++; d.off = false }
func (d *drawn) Disable()          { d.paper.calls++; d.off = true }
func (d *drawn) Show()             { d.paper.calls++; d.hidden = false }
func (d *drawn) Hide()             { d.paper.calls++; d.hidden = true }

func read(all []*drawn, indent string) string {
	var b strings.Builder
	for _, d := range all {
		switch {
		case d.hidden:
			continue
		case d.separator:
			b.WriteString(indent + "---\n")
			continue
		}
		fmt.Fprintf(&b, "%s%s %v\n", indent, d.label, !d.off)
		b.WriteString(read(d.kids, indent+"  "))
	}
	return b.String()
}

func labels(items []Item, indent string) string {
	var b strings.Builder
	for _, it := range items {
		if it.Separator {
			b.WriteString(indent + "---\n")
			continue
		}
		fmt.Fprintf(&b, "%s%s %v\n", indent, escape(it.Label), it.Enabled)
		b.WriteString(labels(it.Children, indent+"  "))
	}
	return b.String()
}

// Whatever came before, the system's menu ends up as the items say.
func TestLinesFollowEverySnapshot(t *testing.T) {
	p := &paper{}
	l := &lines{make: p, clicked: func(Act) {}}
	var names []string
	for name := range snapshots {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, from := range names {
		for _, to := range names {
			l.show(Menu(snapshots[from], now))
			l.show(Menu(snapshots[to], now))
			if got, want := read(p.top, ""), labels(Menu(snapshots[to], now), ""); got != want {
				t.Fatalf("%s to %s: got\n%s\nwant\n%s", from, to, got, want)
			}
		}
	}
}

func TestLinesTouchOnlyWhatChanged(t *testing.T) {
	p := &paper{}
	l := &lines{make: p, clicked: func(Act) {}}
	l.show(Menu(snapshots["three"], now))
	before := p.calls
	l.show(Menu(snapshots["three"], now))
	if got := p.calls - before; got != 0 {
		t.Errorf("the same menu again: got %d calls, want none", got)
	}
	l.show(Menu(snapshots["three"], now.Add(day)))
	if got := p.calls - before; got != 1 {
		t.Errorf("a day later: got %d calls, want 1 for the one line whose time changed", got)
	}
}

func TestLinesClick(t *testing.T) {
	p := &paper{}
	var got []Act
	l := &lines{make: p, clicked: func(a Act) { got = append(got, a) }}
	l.show(Menu(snapshots["three"], now))
	line := p.top[2]
	line.clicked()
	l.show(Menu(snapshots["flows"], now))
	line.clicked()
	l.show(Menu(snapshots["starting"], now))
	line.clicked() // a click that was on its way to a line with nothing to do now
	want := []Act{
		{Activation: agent.Activation{Action: notifier.ActionReconnect, Account: "facebook-shop"}},
		{Command: CommandCancel, Arg: "f3"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEscape(t *testing.T) {
	want := map[string]string{"windows": "a_b && c", "darwin": "a_b & c"}[runtime.GOOS]
	if want == "" {
		want = "a__b & c"
	}
	if got := escape("a_b & c"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// recorder is a Service that notes what it is asked.
type recorder struct {
	agent.Service
	asked []string
	err   error
}

func (r *recorder) Cancel(_ context.Context, id string) error {
	r.asked = append(r.asked, "cancel "+id)
	return nil
}

func (r *recorder) Pause(_ context.Context, until time.Time) error {
	r.asked = append(r.asked, "pause "+until.Format(time.RFC3339))
	return nil
}

func (r *recorder) Settings(context.Context) (agent.Settings, error) {
	return agent.Settings{Hour: 8}, r.err
}

func (r *recorder) Quit(context.Context) error {
	r.asked = append(r.asked, "quit")
	return nil
}

func (r *recorder) Activate(_ context.Context, a agent.Activation) error {
	r.asked = append(r.asked, strings.TrimSpace("activate "+string(a.Action)+" "+a.Account))
	return nil
}

func TestPerform(t *testing.T) {
	tests := []struct {
		act  Act
		err  error
		want string
	}{
		{act: Act{Command: CommandCancel, Arg: "f1"}, want: "cancel f1"},
		{act: Act{Command: CommandQuit}, want: "quit"},
		{act: Act{Command: CommandPause, Arg: PauseTomorrow}, want: "pause 2026-11-25T08:00:00Z"},
		{act: Act{Command: CommandPause, Arg: PauseTomorrow}, err: errors.New("no settings"), want: "pause 2026-11-25T09:00:00Z"},
		{act: Act{Command: CommandPause, Arg: PauseEnd}, want: "pause 0001-01-01T00:00:00Z"},
		{act: activate(notifier.ActionReconnect, "a"), want: "activate reconnect a"},
		{act: activate(notifier.ActionSettings, ""), want: "activate settings"},
	}
	for _, tt := range tests {
		r := &recorder{err: tt.err}
		if err := perform(t.Context(), r, tt.act, now); err != nil {
			t.Errorf("%+v: %v", tt.act, err)
		}
		if !slices.Equal(r.asked, []string{tt.want}) {
			t.Errorf("%+v: got %q, want %q", tt.act, r.asked, tt.want)
		}
	}
}

// A menu somebody may be looking at keeps its lines in place; only when that
// was a while ago do they move.
func TestMenuHoldsStillWhileOpen(t *testing.T) {
	p := &paper{}
	l := &loop{snapshot: snapshots["soon"], lines: &lines{make: p, clicked: func(Act) {}}}
	if wait := l.menu(); wait != 0 {
		t.Fatalf("first menu: got wait %v", wait)
	}
	was := read(p.top, "")
	l.opened, l.snapshot = time.Now(), snapshots["three"]
	if wait := l.menu(); wait <= 0 || wait > settle {
		t.Errorf("open: got wait %v, want up to %v", wait, settle)
	}
	if got := read(p.top, ""); got != was {
		t.Errorf("open: the lines moved:\n%s", got)
	}
	l.opened = time.Now().Add(-settle)
	if wait := l.menu(); wait != 0 {
		t.Errorf("later: got wait %v", wait)
	}
	if !strings.Contains(read(p.top, ""), platform.StateExpired.Word()) {
		t.Error("later: the lines did not move")
	}
}
