package window

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// The values of Settings.Key.
const (
	keyKeyring    = "keyring"
	keyPassphrase = "passphrase"
)

// securityPage is where the vault's key is, who gets tokens without being
// asked, and the certificate of this computer.
type securityPage struct {
	w       *settingsWindow
	content *fyne.Container
	// certificate is asked for once.
	certificate agent.Certificate
	err         error
	loading     bool
	// shut is why the vault is closed, as it was drawn.
	shut string
	test *trial
}

func newSecurityPage(w *settingsWindow) *securityPage {
	return &securityPage{w: w, content: container.NewVBox(caption(platform.T(wordLoading))),
		test: w.trial(platform.T("Test the keyring"), platform.T("Stores a test item in it, reads it back and deletes it. The key itself is not touched."), func(ctx context.Context, s agent.Service) (string, error) {
			return s.TestKeyring(ctx)
		})}
}

func (p *securityPage) load() {
	if p.loading || p.certificate.Host != "" {
		return
	}
	p.loading = true
	p.w.u.run(func(ctx context.Context, s agent.Service) func() {
		c, err := s.Certificate(ctx)
		return func() {
			p.loading, p.certificate, p.err = false, c, err
			p.draw()
		}
	})
}

func (p *securityPage) draw() {
	w := p.w
	if w.saved.Port == 0 {
		return // not loaded
	}
	p.shut = w.locked()
	p.content.Objects = parted(p.key(), container.NewVBox(w.confirmSetting(wordSecurity), w.idleSetting()), p.certified())
	p.content.Refresh()
}

// locked says why the vault is closed; empty while it is open or nothing is known.
func (w *settingsWindow) locked() string {
	if w.u.snap == nil {
		return ""
	}
	return w.u.snap.Locked
}

// lockChanged follows a vault that was opened or locked.
func (p *securityPage) lockChanged() {
	if p.shut != p.w.locked() {
		p.draw()
	}
}

// act makes a call of the agent and shows here what was wrong with it; then
// follows when nothing was.
func (w *settingsWindow) act(where problem, call func(context.Context, agent.Service) error, then func()) {
	w.u.run(func(ctx context.Context, s agent.Service) func() {
		err := call(ctx, s)
		return func() {
			where.show(said(err))
			if err == nil && then != nil {
				then()
			}
		}
	})
}

// unlock opens the vault: by its passphrase, or by asking the keyring again.
func (w *settingsWindow) unlock(where problem) {
	if w.saved.Key != keyKeyring {
		w.u.passphraseFor(w.win, false, "", nil)
		return
	}
	w.act(where, func(ctx context.Context, s agent.Service) error { return s.Unlock(ctx, "", false) }, nil)
}

// key is where the vault's key is, and what can be done about it.
func (p *securityPage) key() fyne.CanvasObject {
	w, bad := p.w, p.w.problem("vault")
	rows := []fyne.CanvasObject{path(platform.T(wordKeyPlace), or(strings.TrimSuffix(sentence(w.saved.KeyPlace), "."), platform.T("Not chosen yet.")))}
	buttons := container.NewHBox()
	open := w.locked() == ""
	if open {
		rows = append(rows, w.result(toneGood, theme.ConfirmIcon(), platform.T("The vault is open."), ""))
	} else {
		rows = append(rows, w.result(toneWarn, theme.WarningIcon(), sentence(w.locked()), ""))
	}
	reload := func() { w.load() }
	switch {
	case w.saved.Key == "":
		buttons.Add(newButton(platform.T("Choose a passphrase…"), func() {
			w.u.passphraseFor(w.win, true, platform.T("The key is kept in a file that only this passphrase opens. Nobody can recover it."), reload)
		}))
	case !open:
		buttons.Add(primary(platform.T("Unlock…"), func() { w.unlock(bad) }))
	default:
		buttons.Add(newButton(platform.T("Lock now"), func() {
			w.act(bad, func(ctx context.Context, s agent.Service) error { return s.Lock(ctx) }, func() {
				w.undoes(func() { w.unlock(bad) })
			})
		}))
		if w.saved.Key == keyPassphrase {
			buttons.Add(newButton(platform.T("Change the passphrase…"), func() {
				w.u.passphraseFor(w.win, true, platform.T("The key is put under the new passphrase; the old one opens nothing any more. Nobody can recover it."), reload)
			}))
			buttons.Add(newButton(platform.T("Move it to the keyring"), func() {
				w.act(bad, func(ctx context.Context, s agent.Service) error { return s.UseKeyring(ctx) }, reload)
			}))
		} else {
			buttons.Add(newButton(platform.T("Use a passphrase instead…"), func() {
				w.u.passphraseFor(w.win, true, platform.T("The key moves from the keyring into a file that only this passphrase opens. Nobody can recover it."), reload)
			}))
		}
	}
	rows = append(rows, flowButtons(buttons.Objects...), caption(platform.T("While the vault is locked, no token is given out or renewed. Accounts and dates stay readable.")), bad.label, p.test.content)
	return section(platform.T("The vault"), "", rows...)
}

// confirmSetting is whether programs need leave; it is on two pages.
func (w *settingsWindow) confirmSetting(page string) fyne.CanvasObject {
	p := w.problem("?" + page)
	tick := widget.NewCheck(platform.T("Programs need your leave"), nil)
	tick.Checked = w.saved.Confirm
	tick.OnChanged = func(on bool) {
		w.save(p, func(s *agent.Settings) { s.Confirm = on }, func() { w.security.draw(); w.scripts.draw() })
	}
	return container.NewVBox(tight(tick, caption(platform.T("A program gets no token before you have allowed it under Scripts. One that you run yourself at a terminal needs no leave."))), p.label)
}

func (w *settingsWindow) idleSetting() fyne.CanvasObject {
	const d = 24 * time.Hour
	p := w.problem("idle")
	return setting(platform.T(wordIdle), pickSpan([]time.Duration{0, 30 * d, 60 * d, 90 * d, 180 * d}, w.saved.Idle,
		func(d time.Duration) string {
			if d <= 0 {
				return platform.T("off")
			}
			return platform.T("after %s", step(d))
		}, func(d time.Duration) { w.save(p, func(s *agent.Settings) { s.Idle = d }, nil) }), platform.T(wordIdleText), p)
}

// certified is this computer's own certificate.
func (p *securityPage) certified() fyne.CanvasObject {
	title := platform.T("Certificate for https addresses")
	c := p.certificate
	switch {
	case p.err != nil:
		return section(title, "", caption(said(p.err)))
	case c.Host == "":
		return section(title, "", caption(platform.T(wordLoading)))
	}
	return section(title, platform.T("Made on this computer for %s, and for nothing else. Nobody else vouches for it: at the first sign-in the browser asks whether to go on. Compare the fingerprint, or add the certificate to the browser's own.", c.Host),
		path(platform.T("Holds until"), platform.Day(c.Ends, p.w.u.now())),
		path("SHA-256", c.Fingerprint),
		flowButtons(newButtonWithIcon(platform.T("Copy the certificate"), theme.ContentCopyIcon(), func() { p.w.u.app.Clipboard().SetContent(c.PEM) })))
}
