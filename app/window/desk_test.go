package window

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC
	_ = os.Setenv("LANG", "en_GB.UTF-8")
	os.Exit(m.Run())
}

// bench is a window with a fake agent. The test's goroutine is the UI
// goroutine: posts wait in a queue until the test runs them.
type bench struct {
	t     testing.TB
	app   fyne.App
	f     *fake
	u     *ui
	mu    sync.Mutex
	queue []func()
	// end ends the window's goroutines and waits for them.
	end func()
}

func openOn(t testing.TB, snap *agent.Snapshot, page string, change func(*fake, *Config)) *bench {
	t.Helper()
	b := &bench{t: t, app: test.NewTempApp(t), f: newFake(snap)}
	b.f.ui = goroutine()
	b.f.events = sampleEvents()
	cfg := Config{Service: b.f, Version: "1.0.0", Page: page}
	if change != nil {
		change(b.f, &cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	u, err := newUI(ctx, b.app, cfg, func(f func()) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.queue = append(b.queue, f)
	})
	if err != nil {
		t.Fatal(err)
	}
	u.now = func() time.Time { return now }
	b.u = u
	b.end = func() {
		cancel()
		u.work.Wait()
	}
	t.Cleanup(b.end)
	if err := u.open(page); err != nil {
		t.Fatal(err)
	}
	return b
}

// open shows a page with the sample accounts and waits until they are there.
func open(t testing.TB, page string) *bench {
	t.Helper()
	b := openOn(t, sampleSnapshot(), page, nil)
	b.until("the first snapshot", func() bool { return b.u.snap != nil && (b.u.accounts == nil || b.u.view != nil) })
	return b
}

// pump runs what was posted and reports whether there was anything.
func (b *bench) pump() bool {
	b.mu.Lock()
	posts := b.queue
	b.queue = nil
	b.mu.Unlock()
	for _, f := range posts {
		f()
	}
	return len(posts) > 0
}

func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		b.pump()
		if ok() {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain for %s; calls: %q; on screen: %q", what, b.f.called(), b.texts())
		}
		time.Sleep(time.Millisecond)
	}
}

// calls waits for a call that begins so.
func (b *bench) calls(prefix string) {
	b.t.Helper()
	b.until("the call "+prefix, func() bool {
		return slices.ContainsFunc(b.f.called(), func(c string) bool { return strings.HasPrefix(c, prefix) })
	})
}

func (b *bench) window() fyne.Window {
	if b.u.settings != nil {
		return b.u.settings.win
	}
	for _, p := range b.u.popups {
		return p.win
	}
	return b.u.win
}

// walk visits all that can be seen.
func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			walk(c, visit)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			walk(c, visit)
		}
	}
}

func (b *bench) seen(visit func(fyne.CanvasObject)) {
	c := b.window().Canvas()
	walk(c.Content(), visit)
	for _, o := range c.Overlays().List() {
		walk(o, visit)
	}
}

// texts are the words of labels, lines, buttons and ticks on the screen.
func (b *bench) texts() []string {
	var out []string
	b.seen(func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Label:
			out = append(out, o.Text)
		case *line:
			out = append(out, o.text)
		case *pushButton:
			out = append(out, o.Text)
		case *keyButton:
			out = append(out, o.Text)
		case *escapable:
			out = append(out, o.Text)
		case *candidateTick:
			out = append(out, o.Text)
		case *widget.Check:
			out = append(out, o.Text)
		case *chip:
			out = append(out, o.state.Word())
		}
	})
	return out
}

func (b *bench) shows(part string) bool {
	return slices.ContainsFunc(b.texts(), func(s string) bool { return strings.Contains(s, part) })
}

// sees waits for words on the screen.
func (b *bench) sees(part string) {
	b.t.Helper()
	b.until("the words "+part, func() bool { return b.shows(part) })
}

func (b *bench) button(text string) *widget.Button {
	var out *widget.Button
	b.seen(func(o fyne.CanvasObject) {
		// The last one found is in front: overlays come after the content.
		if btn, ok := o.(*pushButton); ok && btn.Text == text && !btn.Disabled() {
			out = &btn.Button
		}
		if btn, ok := o.(*iconButton); ok && btn.name == text && !btn.Disabled() {
			out = &btn.Button
		}
		if btn, ok := o.(*escapable); ok && btn.Text == text && !btn.Disabled() {
			out = &btn.Button
		}
		if btn, ok := o.(*keyButton); ok && btn.Text == text && !btn.Disabled() {
			out = &btn.Button
		}
	})
	return out
}

// press taps the button in front that has this text.
func (b *bench) press(text string) {
	b.t.Helper()
	b.until("the button "+text, func() bool { return b.button(text) != nil })
	test.Tap(b.button(text))
}

// pressFirst taps the first button on the screen that has this text.
func (b *bench) pressFirst(text string) {
	b.t.Helper()
	var out *widget.Button
	b.seen(func(o fyne.CanvasObject) {
		if btn, ok := o.(*pushButton); ok && btn.Text == text && out == nil {
			out = &btn.Button
		}
	})
	if out == nil {
		b.t.Fatalf("no button %q on the screen: %q", text, b.texts())
	}
	test.Tap(out)
}

// tick taps the tick that has this text.
func (b *bench) tick(text string) {
	b.t.Helper()
	var out *widget.Check
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok && c.Text == text {
			out = c
		}
	})
	if out == nil {
		b.t.Fatalf("no tick %q on the screen: %q", text, b.texts())
	}
	test.Tap(out)
}

func (b *bench) entry(hint string) *widget.Entry {
	b.t.Helper()
	var out *widget.Entry
	b.seen(func(o fyne.CanvasObject) {
		if e, ok := o.(*widget.Entry); ok && e.PlaceHolder == hint {
			out = e
		}
		if e, ok := o.(*fieldEntry); ok && e.PlaceHolder == hint {
			out = &e.Entry
		}
	})
	if out == nil {
		b.t.Fatalf("no entry %q on the screen: %q", hint, b.texts())
	}
	return out
}

// menu taps an item of the pop-up menu in front.
func (b *bench) menu(label string) {
	b.t.Helper()
	var item fyne.Tappable
	walk(b.window().Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if tap, ok := o.(fyne.Tappable); ok && strings.Contains(test.RenderObjectToMarkup(o), ">"+label+"<") {
			item = tap // the innermost one is visited last
		}
	})
	if item != nil {
		test.Tap(item)
		return
	}
	b.t.Fatalf("no menu item %q", label)
}

func (b *bench) tapTile(text string) {
	b.t.Helper()
	var out *tile
	b.seen(func(o fyne.CanvasObject) {
		if tl, ok := o.(*tile); ok {
			walk(tl.content, func(c fyne.CanvasObject) {
				if l, ok := c.(*line); ok && l.text == text {
					out = tl
				}
				if l, ok := c.(*widget.Label); ok && l.Text == text {
					out = tl
				}
			})
		}
	})
	if out == nil {
		b.t.Fatalf("no tile %q", text)
	}
	test.Tap(out)
}

// key types on whatever has the focus, as the driver does.
func (b *bench) key(name fyne.KeyName) {
	c := b.window().Canvas()
	if f := c.Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
	} else if k := c.OnTypedKey(); k != nil {
		k(&fyne.KeyEvent{Name: name})
	}
	b.pump()
}

func (b *bench) rune(r rune) {
	c := b.window().Canvas()
	if f := c.Focused(); f != nil {
		f.TypedRune(r)
	} else if k := c.OnTypedRune(); k != nil {
		k(r)
	}
	b.pump()
}
