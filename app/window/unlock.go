package window

import (
	"context"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// passphraseLeast is the fewest characters of a new passphrase.
const passphraseLeast = 8

// unlock asks for the vault's passphrase, or for a new one where none was chosen yet.
func (u *ui) unlock(over fyne.Window) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		set, err := s.Settings(ctx)
		if err != nil {
			return func() { u.say(said(err), true) }
		}
		if set.Key == keyKeyring {
			// Nothing to type here: the keyring asks for itself.
			err := s.Unlock(ctx, "", false)
			return func() { u.say(said(err), err != nil) }
		}
		return func() { u.passphrase(over, set.Key == "") }
	})
}

func (u *ui) passphrase(over fyne.Window, create bool) {
	u.passphraseFor(over, create, platform.T(wordPassphraseNew), nil)
}

// passphraseFor asks for the passphrase, or for a new one: why says what it is
// for. then follows when the vault took it; nil for nothing.
func (u *ui) passphraseFor(over fyne.Window, create bool, why string, then func()) {
	word, again, bad := widget.NewPasswordEntry(), widget.NewPasswordEntry(), problemLabel()
	word.SetPlaceHolder(platform.T(wordPassphrase))
	again.SetPlaceHolder(platform.T(wordPassphraseAgain))
	body := container.NewVBox()
	if create {
		body.Add(wrapped(why))
	}
	body.Add(word)
	if create {
		body.Add(again)
	}
	body.Add(bad.label)
	m := newModal(platform.T(wordPassphrase), least(em(360), 0, body), over)
	ok := primary(platform.T(wordUnlock), nil)
	if create {
		ok.SetText(platform.T(wordSave))
	}
	ok.OnTapped = func() {
		text := word.Text
		switch {
		case create && utf8.RuneCountInString(text) < passphraseLeast:
			bad.show(platform.T(wordPassphraseShort))
			return
		case create && text != again.Text:
			bad.show(platform.T(wordPassphraseDiff))
			return
		}
		u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.Unlock(ctx, text, create)
			return func() {
				if err != nil {
					bad.show(said(err))
					return
				}
				word.SetText("")
				again.SetText("")
				m.hide()
				if then != nil {
					then()
				}
			}
		})
	}
	word.OnSubmitted = func(string) {
		if create {
			over.Canvas().Focus(again)
		} else {
			ok.OnTapped()
		}
	}
	again.OnSubmitted = func(string) { ok.OnTapped() }
	m.with(newButton(platform.T(wordCancel), m.hide), ok)
	m.show()
	over.Canvas().Focus(word)
}
