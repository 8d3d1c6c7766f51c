package window

import (
	"encoding/json"
	"strings"

	"fyne.io/fyne/v2/lang"

	"relink/platform"
)

// speak makes the window speak the language that the agent speaks, by its tag,
// and says anew what it shows. Empty is an agent that does not tell.
func (u *ui) speak(tag string) {
	if tag == "" || tag == u.asks || u.cfg.Language == nil {
		return
	}
	u.asks = tag
	if err := u.cfg.Language(tag); err != nil {
		u.say(said(err), true)
		return
	}
	u.spell()
	u.applyText()
	u.retell()
}

// tellFyne gives Fyne the words of its own menus, which it would say in the
// system's language although another was chosen.
func (u *ui) tellFyne() {
	system := lang.SystemLocale()
	if !u.toldFyne && strings.HasPrefix(system.LanguageString(), platform.Language()) {
		return
	}
	u.toldFyne = true
	words, err := json.Marshal(map[string]string{
		"Cut": platform.T("Cut"), "Copy": platform.T(wordCopy), "Paste": platform.T("Paste"), "Select all": platform.T(wordMarkAll),
		"Undo": platform.T(wordUndo), "Redo": platform.T("Redo"), "Quit": platform.T("Quit"),
	})
	if err == nil {
		_ = lang.AddTranslationsForLocale(words, system) // else they stay in the system's language
	}
}

// spell readies the language in use: it finds its fonts, and where there are
// none goes back to English, which can be read.
func (u *ui) spell() {
	l, ok := lettersFor(platform.Language(), u.fonts)
	u.letters, u.lacks = l, !ok
	if !ok {
		platform.SetCatalogue(nil)
	}
	u.tellFyne()
}

// lacking is the line about a language that cannot be written here.
func (u *ui) lacking() string {
	if !u.lacks {
		return ""
	}
	return platform.T("No font on this computer has Japanese letters, so this window speaks English. Install one, such as fonts-noto-cjk or fonts-ipafont, and open it again.")
}

// retell makes anew what the windows hold, and keeps the page, the place in the
// list, the search, those marked and the account chosen. A sign-in or a form
// that is in front stays as it is, in the words it began with.
func (u *ui) retell() {
	forgetTexts()
	if u.settings != nil {
		u.settings.retell()
	}
	if u.win != nil {
		old, list := u.accounts, u.list
		focused, offset := u.win.Canvas().Focused(), list.GetScrollOffset()
		p := u.fill()
		p.practising, p.asked = old.practising, old.asked
		p.search.Text = old.search.Text
		p.search.Refresh()
		if u.snap != nil && u.view != nil {
			u.asked++
			u.shown = u.asked
			u.view = buildView(u.snap, u.query, u.now())
			u.list.swap(u.view.rows, false)
			p.update()
			u.list.ScrollToOffset(offset)
		}
		switch {
		case u.connect != nil:
			p.content.Hide()
			p.pages.Add(u.connect.content)
		case u.notices != nil:
			u.notices = nil
			u.showNotices()
		case focused == old.search:
			u.win.Canvas().Focus(p.search)
		default:
			u.list.focus()
		}
		p.fit(u.size)
		u.retitle()
	}
	u.updatePopups()
}
