package window

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"relink/app/agent"
	"relink/platform"
)

// openEarly opens a window whose loop does not run, as Run does. Nothing is
// pumped: what it shows is what its first paint would have.
func openEarly(t *testing.T, f *fake, m memory) (*ui, *early) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := newEarly()
	u, err := newUI(ctx, test.NewTempApp(t), Config{Service: f, Version: "1.0.0"}, e.post)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); u.work.Wait() })
	u.now, u.early = func() time.Time { return now }, e
	u.selected, u.place = m.Account, m.Top
	f.ui = goroutine()
	if err := u.open(""); err != nil {
		t.Fatal(err)
	}
	return u, e
}

func TestFirstPaintHasTheList(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(1, 1)), 200)
	snap := agent.NewSnapshot(agent.Snapshot{}, rows)
	top := slices.Collect(snap.All())[120].Account.ID
	u, e := openEarly(t, newFake(snap), memory{Top: top})
	if len(u.list.rows) != len(rows) || !u.accounts.list.Visible() {
		t.Fatalf("shown with %d rows (visible: %v), want %d", len(u.list.rows), u.accounts.list.Visible(), len(rows))
	}
	e.until(func() bool { return u.list.top() != top }, 300*time.Millisecond)
	if got := u.list.top(); got != top {
		t.Errorf("the list's top is %q, want the remembered %q", got, top)
	}
}

func TestNoAgentHoldsTheWindow(t *testing.T) {
	f := newFake(sampleSnapshot())
	f.fails("watch", &platform.Error{Kind: platform.KindAgent, Message: "it is gone", Repair: "start it"})
	began := time.Now()
	u, e := openEarly(t, f, memory{})
	if took := time.Since(began); took < earlyWait || took > earlyWait+2*time.Second {
		t.Errorf("the window was held for %v, want about %v", took, earlyWait)
	}
	if u.win == nil || u.view != nil {
		t.Errorf("window %v, view %v; want a window without a list", u.win, u.view)
	}
	// What comes later goes to the loop, and a second window is not held up there.
	e.end(func(func()) {})
	began = time.Now()
	e.until(func() bool { return false }, time.Minute)
	if took := time.Since(began); took > time.Second {
		t.Errorf("with a loop a window is held for %v", took)
	}
}

func TestEarlyKeepsTheOrder(t *testing.T) {
	e := newEarly()
	var got []int
	for i := range 3 {
		e.post(func() { got = append(got, i) })
	}
	e.until(func() bool { return true }, time.Minute)
	for i := 3; i < 6; i++ {
		e.post(func() { got = append(got, i) })
	}
	e.end(func(f func()) { f() })
	e.post(func() { got = append(got, 6) })
	if !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("ran in the order %v", got)
	}
}

// What is handed over runs at once while Fyne's loop has not begun, and may post again.
func TestEarlyEndsInOrder(t *testing.T) {
	e := newEarly()
	var ran []int
	e.post(func() {
		ran = append(ran, 1)
		e.post(func() { ran = append(ran, 3) })
	})
	e.post(func() { ran = append(ran, 2) })
	e.end(func(f func()) { f() })
	e.post(func() { ran = append(ran, 4) })
	if len(ran) != 4 || ran[0] != 1 || ran[1] != 2 || ran[2] != 3 || ran[3] != 4 {
		t.Errorf("ran %v", ran)
	}
}
