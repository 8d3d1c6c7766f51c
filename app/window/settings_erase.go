package window

import (
	"context"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/platform"
)

// erase asks, by a word that must be typed, whether everything is to be deleted.
func (p *dataPage) erase() {
	w, bad := p.w, problemLabel()
	n, revocable := 0, 0
	if w.u.snap != nil {
		for r := range w.u.snap.All() {
			n++
			if _, ok := revokeText(r.Account); ok {
				revocable++
			}
		}
	}
	body := container.NewVBox(
		wrapped(platform.N(n, "This deletes, and nothing brings it back: %d account with its tokens and history, the app registrations, the settings, the log, and the key in the keyring.",
			"This deletes, and nothing brings it back: %d accounts with their tokens and history, the app registrations, the settings, the log, and the key in the keyring.")),
		caption(strings.Join(w.u.cfg.Upkeep.Places, "\n")),
		wrapped(platform.T("Vaults that were set aside go with it. Backups and exports that you have stored elsewhere stay.")),
		wrapped(platform.T("At the platforms the tokens stay good until they end or are withdrawn. Whoever has a copy, in a backup for example, can go on using them.")))
	revoke := widget.NewCheck(platform.T("Withdraw the permissions first"), nil)
	if revocable > 0 {
		body.Add(tight(revoke, caption(platform.N(revocable, "For the %d account whose platform can.", "For the %d accounts whose platform can."))))
	}
	word := platform.T("delete")
	typed := newField()
	typed.SetPlaceHolder(word)
	body.Add(field(platform.T("To go on, type the word: %s", word), typed))
	body.Add(bad.label)
	ok := w.ask(platform.T("Delete everything?"), platform.T("Delete everything"), body, func(close func()) {
		if t := strings.TrimSpace(typed.Text); !strings.EqualFold(t, word) && !strings.EqualFold(t, "delete") { // not every keyboard writes every language
			bad.show(platform.T("Type the word %s first; nothing was deleted.", word))
			return
		}
		close()
		if revoke.Checked {
			p.withdraw(p.eraseAll)
		} else {
			p.eraseAll()
		}
	})
	ok.Importance = widget.DangerImportance
	ok.Refresh()
	w.win.Canvas().Focus(typed)
}

// withdraw revokes every account's permission where its platform can; then
// follows when all were, or when the person goes on all the same.
func (p *dataPage) withdraw(then func()) {
	w := p.w
	var accounts []platform.Account
	for r := range w.u.snap.All() {
		if _, ok := revokeText(r.Account); ok {
			accounts = append(accounts, r.Account)
		}
	}
	var failed []string
	w.working(platform.T("Delete everything"), platform.T("Withdrawing permissions…"), func(ctx context.Context, say func(string)) error {
		s, err := w.u.service(ctx)
		if err != nil {
			return err
		}
		for i, a := range accounts {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			say(platform.T("Withdrawing permissions: %d of %d, %s", i+1, len(accounts), a.Title()))
			if err := s.Forget(ctx, a.ID, true); err != nil && ctx.Err() == nil {
				failed = append(failed, platform.T("%s: %s", a.Title(), said(err)))
			}
		}
		return ctx.Err()
	}, func(err error, gaveUp bool) {
		switch {
		case gaveUp:
			p.tell(toneQuiet, theme.InfoIcon(), platform.T("Cancelled. What was withdrawn before is; nothing else was deleted."), "")
		case err != nil:
			p.tell(toneBad, theme.ErrorIcon(), said(err), "")
		case len(failed) > 0:
			w.ask(platform.T("Not everything was withdrawn"), platform.T("Delete all the same"), tight(
				wrapped(platform.N(len(failed), "%d permission could not be withdrawn; nothing else was deleted yet.", "%d permissions could not be withdrawn; nothing else was deleted yet.")),
				wrapped(strings.Join(failed, "\n"))), func(close func()) {
				close()
				then()
			})
		default:
			then()
		}
	})
}

func (p *dataPage) eraseAll() {
	w := p.w
	w.u.memory = memory{}
	w.u.cfg.Memory = "" // the window must not write it anew
	w.working(platform.T("Delete everything"), platform.T("Deleting…"), func(ctx context.Context, _ func(string)) error {
		return w.u.cfg.Upkeep.Erase(ctx)
	}, func(err error, gaveUp bool) {
		switch {
		case gaveUp:
			p.tell(toneQuiet, theme.InfoIcon(), platform.T("Cancelled; look again what is left before you go on."), "")
		case err != nil:
			p.tell(toneBad, theme.ErrorIcon(), said(err), "")
		default:
			m := newModal(platform.T("Everything is deleted"), least(em(360), 0, wrapped(platform.T("Relink has ended. To begin anew, start it again."))), w.win)
			m.with(primary(platform.T(wordClose), w.u.app.Quit))
			m.show()
		}
	})
}
