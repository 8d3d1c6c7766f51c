package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"relink/app/desk"
)

// quiet is how long Relink says nothing after it has started.
const quiet = time.Minute

// stage is the demo's own desktop with Relink on it.
type stage struct {
	*practice
	d     *desk.Desk
	r     *report
	shots string
	notes <-chan desk.Note
	sign  signIn
}

// byItself makes a desktop and does what a person would.
func byItself(ctx context.Context, o options, r *report) error {
	if err := os.MkdirAll(o.shots, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", o.shots, err)
	}
	if missing := desk.Missing(desk.PartDisplay, desk.PartKeyring, desk.PartXfce, desk.PartTray); len(missing) > 0 {
		return fmt.Errorf("make a desktop: needs %s; run: .ci/setup", strings.Join(missing, ", "))
	}
	chromium := desk.Missing(desk.PartChromium)
	d, err := desk.Start(ctx, desk.Config{Keyring: true, Notifier: desk.Xfce, Tray: true, RecordOnly: len(chromium) > 0})
	if !r.step("makes a desktop", "Xvfb, openbox, gnome-keyring, xfce4-notifyd and xfce4-panel on a D-Bus session of their own", err) {
		return nil
	}
	defer func() {
		if err := d.Close(); err != nil {
			r.step("clears the desktop away", "", err)
		}
	}()
	s := &stage{d: d, r: r, shots: o.shots, sign: signInPlainly}
	if len(chromium) > 0 {
		r.say("signs in with a plain HTTP client; Chromium needs " + strings.Join(chromium, ", "))
	} else {
		r.say("signs in with Chromium")
		s.sign = s.signInByBrowser
	}
	if s.notes, err = d.Notes(ctx); err != nil {
		return err
	}
	s.practice, err = start(ctx, o, filepath.Join(d.Dir(), "relink"), d.Env())
	if !r.step("starts the practice network and Relink", "its vault's key is in the keyring", err) {
		return nil
	}
	defer s.stop()
	s.play(ctx)
	return nil
}

// play is the demo itself.
func (s *stage) play(ctx context.Context) {
	furnish(ctx, s.practice, s.sign, s.r)
	seen, err := s.tray(ctx)
	s.r.step("shows itself in the tray", seen, err)
	seen, err = s.window(ctx)
	s.r.step("shows its window", seen, err)

	seen, err = s.silence(ctx)
	s.r.step("says nothing in its first minute", seen, err)
	notes, err := s.reminders(ctx)
	var titles []string
	for _, n := range notes {
		titles = append(titles, fmt.Sprintf("%q", n.Title))
	}
	if !s.r.step("reminds of both", strings.Join(titles, ", "), err) {
		return
	}
	for range 2 {
		name, seen, err := s.reconnect(ctx)
		s.r.step("reconnects "+name+" by a click on the notification", seen, err)
	}
	seen, err = s.well(ctx)
	s.r.step("needs nobody any more", seen, err)
	_, err = s.run(ctx, "", "quit")
	s.r.step("quits", "", err)
}

// shot writes a screenshot, or the part of it in a rectangle.
func (s *stage) shot(name string, part ...image.Rectangle) (string, error) {
	path := filepath.Join(s.shots, name+".png")
	return path, s.d.Screenshot(path, part...)
}

// tray sees that the panel has Relink's item, and opens its menu.
func (s *stage) tray(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tip, err := s.toolTip(ctx, "needs you")
	if err != nil {
		return "", err
	}
	before, err := s.d.Windows(ctx, desk.Match{})
	if err != nil {
		return "", err
	}
	// The only item of the tray is at the panel's right end.
	if err := s.d.ClickButton(ctx, 3, s.d.Size().X-14, 14); err != nil {
		return "", err
	}
	for {
		now, err := s.d.Windows(ctx, desk.Match{})
		if err != nil {
			return "", err
		}
		menu := slices.IndexFunc(now, func(w desk.Window) bool {
			return w.Bounds.Dy() > 60 && !slices.ContainsFunc(before, func(b desk.Window) bool { return b.ID == w.ID })
		})
		if menu < 0 {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		time.Sleep(300 * time.Millisecond) // until it is painted
		b := now[menu].Bounds
		path, err := s.shot("tray", image.Rect(b.Min.X-10, 0, s.d.Size().X, b.Max.Y+10))
		if err := errors.Join(err, s.d.Key(ctx, "Escape")); err != nil {
			return "", err
		}
		return fmt.Sprintf("%q, and its menu, %s", tip, path), nil
	}
}

// toolTip waits until the tray item's tooltip says so.
func (s *stage) toolTip(ctx context.Context, part string) (string, error) {
	for {
		items, err := s.d.TrayItems(ctx)
		if err != nil {
			return "", err
		}
		tip := items[0].ToolTip
		if strings.Contains(tip, part) {
			return tip, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the tooltip stays %q: %w", tip, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// window opens Relink's window beside the tray.
func (s *stage) window(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := s.d.Command(ctx, s.relink, "window")
	cmd.Env = s.env
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("open the window: %w", err)
	}
	defer func() { _ = cmd.Wait() }()
	defer cancel()
	w, err := s.d.WaitWindow(ctx, desk.Match{Class: "relink"})
	if err != nil {
		return "", err
	}
	time.Sleep(1500 * time.Millisecond) // until the list is painted, by software
	path, err := s.shot("window", w.Bounds)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%q, %d by %d, %s", w.Title, w.Bounds.Dx(), w.Bounds.Dy(), path), nil
}

// silence waits for the first minute to pass without a notification.
func (s *stage) silence(ctx context.Context) (string, error) {
	wait := time.Until(s.started.Add(quiet - time.Second))
	s.r.say(fmt.Sprintf("waits %.0f s for the first minute to pass", wait.Seconds()))
	select {
	case n := <-s.notes:
		if at := time.Since(s.started); at < quiet-time.Second {
			return "", fmt.Errorf("it said %q after %.0f s", n.Title, at.Seconds())
		}
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(wait):
	}
	return "no notification", nil
}

// reminders waits for both notifications to be on the screen.
func (s *stage) reminders(ctx context.Context) ([]desk.Note, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var notes []desk.Note
	for len(notes) < 2 {
		select {
		case n := <-s.notes:
			notes = append(notes, n)
		case <-ctx.Done():
			return nil, fmt.Errorf("only %d notifications came: %w", len(notes), ctx.Err())
		}
	}
	for _, name := range []string{"LinkedIn", "Facebook"} {
		if !slices.ContainsFunc(notes, func(n desk.Note) bool { return strings.Contains(n.Title, name) }) {
			return nil, fmt.Errorf("none is about %s: %+v", name, notes)
		}
	}
	for {
		shown, err := s.d.Windows(ctx, desk.NoteWindow)
		if err == nil && len(shown) >= 2 {
			time.Sleep(300 * time.Millisecond) // until they are painted
			_, err = s.shot("notification")
			return notes, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of 2 notifications are on the screen: %w", len(shown), errors.Join(ctx.Err(), err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reconnect clicks Reconnect on the topmost notification, signs in on the page
// that Relink opens, and sees the account connected and the notification gone.
func (s *stage) reconnect(ctx context.Context) (name, seen string, err error) {
	name = "an account"
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	opened := len(s.d.Opened())
	shown, err := s.d.Windows(ctx, desk.NoteWindow)
	if err != nil {
		return name, "", err
	}
	// Reconnect is followed by Later.
	if err := s.d.ClickNote(ctx, -2); err != nil {
		return name, "", err
	}
	address, err := s.d.WaitOpened(ctx, opened)
	if err != nil {
		return name, "", err
	}
	platform := ""
	for _, id := range []string{"facebook", "linkedin"} {
		if strings.Contains(address, id+".com") {
			platform = id
		}
	}
	if platform == "" {
		return name, "", errors.New("it opened the address of neither platform")
	}
	old, err := s.account(ctx, platform)
	if err != nil {
		return name, "", err
	}
	name = old.Ref
	page, err := s.finish(ctx, address)
	if err != nil {
		return name, "", err
	}
	for {
		a, err := s.account(ctx, platform)
		if err != nil {
			return name, "", err
		}
		if a.State == "connected" && a.Generation > old.Generation {
			return name, fmt.Sprintf("it asked for the browser, the page ends with %q, %s", page, a), s.withdrawn(ctx, shown)
		}
		select {
		case <-ctx.Done():
			return name, "", fmt.Errorf("it stays as it was: %s", a)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// withdrawn waits until one of the notifications that were shown is gone.
func (s *stage) withdrawn(ctx context.Context, shown []desk.Window) error {
	for {
		now, err := s.d.Windows(ctx, desk.NoteWindow)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(shown, func(old desk.Window) bool {
			return !slices.ContainsFunc(now, func(w desk.Window) bool { return w.ID == old.ID })
		}) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the notification stays: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// well sees that nobody is needed.
func (s *stage) well(ctx context.Context) (string, error) {
	all, code, err := s.status(ctx)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, a := range all {
		if a.State != "connected" {
			return "", fmt.Errorf("%s", a)
		}
		lines = append(lines, a.String())
	}
	if code != 0 || len(all) != 3 {
		return "", fmt.Errorf("relink status gives %d accounts and exit code %d", len(all), code)
	}
	return strings.Join(lines, "; "), nil
}

// signInByBrowser opens an address in Chromium and signs in there.
func (s *stage) signInByBrowser(ctx context.Context, address string) (string, error) {
	if _, err := s.d.Chromium(ctx, address); err != nil {
		return "", err
	}
	return s.allow(ctx)
}

// finish signs in on the page that Relink had opened.
func (s *stage) finish(ctx context.Context, address string) (string, error) {
	if s.plain() {
		return signInPlainly(ctx, address)
	}
	b, err := s.d.Browser(ctx)
	if err != nil {
		return "", err
	}
	if err := b.Tab(ctx, address); err != nil {
		return "", err
	}
	return s.allow(ctx)
}

func (s *stage) plain() bool { return len(desk.Missing(desk.PartChromium)) > 0 }

// allow clicks Allow in the browser's tab and reads the heading of the page it ends on.
func (s *stage) allow(ctx context.Context) (string, error) {
	b, err := s.d.Browser(ctx)
	if err != nil {
		return "", err
	}
	if err := b.Click(ctx, "#allow"); err != nil {
		return "", err
	}
	for {
		at, err := b.URL(ctx)
		if err == nil && !strings.HasPrefix(at, s.network) {
			return b.Text(ctx, "h1")
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the browser does not come back: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
