package window

import (
	"context"
	"slices"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// ownBrowser asks which browser, and which of its profiles, an account signs in with.
func (u *ui) ownBrowser(a platform.Account) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		now, err := s.Browser(ctx, a.ID)
		var found []agent.Browser
		if err == nil {
			found, err = s.Browsers(ctx)
		}
		return func() {
			switch {
			case err != nil:
				u.say(said(err), true)
			case u.win != nil:
				u.askBrowser(a, now, found)
			}
		}
	})
}

func (u *ui) askBrowser(a platform.Account, now string, found []agent.Browser) {
	bad := problemLabel()
	commands, names := browserChoices(found, now)
	names[0] = platform.T("as in the settings")
	command := newField()
	command.SetText(now)
	command.SetPlaceHolder(platform.T("as in the settings"))
	choice := widget.NewSelect(names, nil)
	choice.SetSelectedIndex(max(0, slices.Index(commands, now)))
	choice.OnChanged = func(string) { command.SetText(commands[choice.SelectedIndex()]) }
	body := container.NewVBox(wrapped(platform.T("%s signs in with this browser, in this profile.", a.Title())),
		field(platform.T("Browser, profile"), choice), field(platform.T(wordBrowser), command), bad.label)
	m := newModal(platform.T("Browser of this account"), least(em(420), 0, body), u.win)
	command.escape = m.hide
	save := func() {
		text := command.Text
		u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.SetBrowser(ctx, a.ID, text)
			return func() {
				if err != nil {
					bad.show(said(err))
					return
				}
				m.hide()
			}
		})
	}
	command.OnSubmitted = func(string) { save() }
	m.with(newButton(platform.T(wordCancel), m.hide), primary(platform.T(wordSave), save))
	m.show()
	u.win.Canvas().Focus(choice)
}
