package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"relink/app/desk"
)

// pictureAccounts are on every platform, in every state: what an agency has.
const pictureAccounts = 26

// pictures writes the README's pictures: the real window and a real notification,
// on a desktop of their own, with practice accounts.
func pictures(ctx context.Context, o options, r *report) error {
	d, err := desk.Start(ctx, desk.Config{Keyring: true, Notifier: desk.Xfce, Tray: true, RecordOnly: true, Size: image.Pt(1440, 900)})
	if err != nil {
		return err
	}
	defer func() {
		if err := d.Close(); err != nil {
			r.step("clears the desktop away", "", err)
		}
	}()
	p, err := start(ctx, o, filepath.Join(d.Dir(), "relink"), d.Env())
	if err != nil {
		return err
	}
	defer p.stop()
	// The accounts are put into the vault while no agent has it open.
	if err := p.quit(ctx); err != nil {
		return err
	}
	seed := exec.CommandContext(ctx, o.seed, "-mixed", "-accounts", fmt.Sprint(pictureAccounts), "-picture", p.network)
	seed.Env = p.env
	if out, err := seed.CombinedOutput(); err != nil {
		return fmt.Errorf("make accounts: %w: %s", err, out)
	}
	if err := p.startAgent(ctx); err != nil {
		return err
	}
	if _, err := p.run(ctx, "practice-secret\n", "app", "set", "linkedin", "--client-id", "practice"); err != nil {
		return err
	}
	// A pointer over the window would light up what it is on.
	if err := d.MovePointer(ctx, 0, 899); err != nil {
		return err
	}
	c := &camera{d: d, p: p, dir: o.pictures}
	for _, shot := range []struct {
		name, look string
		keys       []string
	}{
		{"window", "light", nil},
		{"detail", "light", []string{"Down", "Down", "Down"}},
		{"horizon", "dark", []string{"h", "Right", "Right", "Right", "Right", "Right"}},
		{"connect", "light", []string{"ctrl+n", "l", "i", "n", "k", "Return"}},
	} {
		err := c.window(ctx, shot.name, shot.look, shot.keys...)
		if !r.step("pictures "+shot.name, "", err) {
			return nil
		}
	}
	err = c.notification(ctx)
	r.step("pictures a notification", "", err)
	return nil
}

// camera takes pictures of a desktop.
type camera struct {
	d   *desk.Desk
	p   *practice
	dir string
}

// window pictures Relink's window, light or dark, after some keys.
func (c *camera) window(ctx context.Context, name, look string, keys ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := c.d.Command(ctx, c.p.relink, "window")
	cmd.Env = append(c.p.env, "FYNE_THEME="+look)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open the window: %w", err)
	}
	defer func() { _ = cmd.Wait() }()
	if _, err := c.d.WaitWindow(ctx, desk.Match{Class: "relink"}); err != nil {
		return err
	}
	if err := c.still(ctx, image.Rectangle{Max: c.d.Size()}); err != nil {
		return err
	}
	// Only now it is where the window manager put it.
	w, err := c.d.WaitWindow(ctx, desk.Match{Class: "relink"})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := c.d.Key(ctx, key); err != nil {
			return err
		}
	}
	if err := c.still(ctx, w.Bounds); err != nil {
		return err
	}
	img, err := c.d.Image()
	if err == nil {
		err = desk.WriteSmall(filepath.Join(c.dir, name+".png"), img.SubImage(w.Bounds))
	}
	for range 3 { // out of what is in front, so that the next one opens on the list
		err = errors.Join(err, c.d.Key(ctx, "Escape"))
	}
	return errors.Join(err, c.d.Key(ctx, "ctrl+w"))
}

// still waits until a part of the screen has not changed for a while.
func (c *camera) still(ctx context.Context, part image.Rectangle) error {
	const calm, caret = time.Second, 200 // a caret blinks
	last, err := c.d.Frame()
	for since := time.Now(); err == nil && time.Since(since) < calm; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(50 * time.Millisecond)
		var now desk.Frame
		if now, err = c.d.Frame(); err == nil && now.Changed(last, part) > caret {
			since = time.Now()
		}
		last = now
	}
	return err
}

// notification pictures what Relink says once its first minute is over, with the tray it sits in.
func (c *camera) notification(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Second)
	defer cancel()
	w, err := c.d.WaitWindow(ctx, desk.NoteWindow)
	if err != nil {
		return err
	}
	// What the agent shows by itself now would be half a window behind the note.
	shown, err := c.d.Windows(ctx, desk.Match{Class: "relink"})
	if err != nil {
		return err
	}
	for _, other := range shown {
		if err := c.d.Command(ctx, "xdotool", "windowminimize", other.ID).Run(); err != nil {
			return fmt.Errorf("clear the screen: %w", err)
		}
	}
	time.Sleep(time.Second) // until it has its place and is painted
	if found, err := c.d.Windows(ctx, desk.NoteWindow); err == nil && len(found) > 0 {
		w = found[0]
	}
	img, err := c.d.Image()
	if err != nil {
		return err
	}
	return desk.WriteSmall(filepath.Join(c.dir, "notification.png"), img.SubImage(image.Rect(w.Bounds.Min.X, 0, c.d.Size().X, w.Bounds.Max.Y)))
}

// quit ends the agent and waits until it is gone.
func (p *practice) quit(ctx context.Context) error {
	_, err := p.run(ctx, "", "quit", "--no-start")
	if err == nil {
		err = p.agent.Wait()
	}
	p.agent = nil
	if err != nil {
		return fmt.Errorf("end relink: %w: %s", err, strings.TrimSpace(p.log.String()))
	}
	return nil
}
