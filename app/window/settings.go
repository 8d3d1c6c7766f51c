package window

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// settingsWindow is a window of its own. A change is stored at once; what the
// agent says against it is shown where it was made.
type settingsWindow struct {
	u     *ui
	win   fyne.Window
	tabs  *container.AppTabs
	pages []*settingsPage
	top   problem
	// saved are the settings as the agent last took them.
	saved    agent.Settings
	apps     *appsTab
	channels *channelsTab
	about    *aboutTab
	start    *startPage
	browser  *browserPage
	security *securityPage
	scripts  *scriptsPage
	data     *dataPage
	// queue are the changes to be stored, the first one under way.
	queue []storing
	// undo puts the last change back; hidden while there is none.
	undo *pushButton

	// stop ends the work under way, as its Cancel does; nil while there is none.
	stop func()

	reminders *fyne.Container
	// problems are what is wrong with settings on pages that are drawn anew
	// whenever something is heard; they stay.
	problems map[string]problem
	// noteTest shows a notification.
	noteTest *trial
	// stepFields take another reminder step, by platform.
	stepFields map[string]*widget.Entry
}

// settingsPage is one page of the settings.
type settingsPage struct {
	// word is its name in English.
	word    string
	icon    fyne.Resource
	content fyne.CanvasObject
	// shown is called whenever the page comes to the front; nil for nothing.
	shown func()
}

// openSettings shows the settings on a page: settings or about.
func (u *ui) openSettings(page string) {
	if u.settings != nil {
		u.settings.choose(page)
		u.settings.win.RequestFocus()
		return
	}
	w := &settingsWindow{u: u, win: u.app.NewWindow(titled(platform.T(wordSettings)))}
	u.settings = w
	w.fill()
	w.win.SetOnClosed(func() { u.settings = nil })
	w.win.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			w.back()
		}
	})
	w.keys()
	w.win.Resize(fyne.NewSize(em(880), em(640)))
	w.win.CenterOnScreen()
	w.choose(page)
	w.win.Show()
	w.load()
	w.apps.load()
}

// back leaves what is in front: work under way, a question, the window.
func (w *settingsWindow) back() {
	top := w.win.Canvas().Overlays().Top()
	switch {
	case w.stop != nil:
		w.stop()
	case top != nil:
		w.win.Canvas().Overlays().Remove(top)
	default:
		w.win.Close()
	}
}

// retell says all of it anew, on the page that is in front: the language is another.
func (w *settingsWindow) retell() {
	w.fill()
	w.turned()
	w.load()
	w.apps.load()
}

// fill makes what the window holds, in the language of the moment.
func (w *settingsWindow) fill() {
	w.top, w.problems = problemLabel(), map[string]problem{}
	w.reminders = container.NewVBox(caption(platform.T(wordLoading)))
	w.noteTest = w.trial(platform.T("Show one now"), platform.T("A notification like those that remind you."), func(ctx context.Context, s agent.Service) (string, error) {
		return s.TestChannel(ctx, agent.ChannelDesktop)
	})
	w.apps, w.about, w.channels = newAppsTab(w), newAboutTab(w), newChannelsTab(w)
	w.start, w.browser, w.security = newStartPage(w), newBrowserPage(w), newSecurityPage(w)
	w.scripts, w.data = newScriptsPage(w), newDataPage(w)
	undone := w.undo
	w.undo = newButtonWithIcon(platform.T(wordUndo), theme.ContentUndoIcon(), nil)
	w.undo.Hide()
	if undone != nil && undone.Visible() {
		w.undo.OnTapped = undone.OnTapped
		w.undo.Show()
	}
	w.pages = []*settingsPage{
		{wordReminders, theme.HistoryIcon(), w.reminders, nil},
		{wordChannels, theme.MailSendIcon(), w.channels.content, nil},
		{wordPlatforms, theme.AccountIcon(), w.apps.content, nil},
		{wordGeneral, theme.ComputerIcon(), w.start.content, w.start.load},
		{wordBrowserPage, theme.SearchIcon(), w.browser.content, w.browser.load},
		{wordSecurity, theme.VisibilityOffIcon(), w.security.content, w.security.load},
		{wordScripts, theme.FileApplicationIcon(), w.scripts.content, w.scripts.load},
		{wordData, theme.StorageIcon(), w.data.content, w.data.load},
		{wordAbout, theme.InfoIcon(), w.about.content, w.about.load},
	}
	at := 0
	if w.tabs != nil {
		at = w.tabs.SelectedIndex()
	}
	w.tabs = container.NewAppTabs()
	for _, p := range w.pages {
		w.tabs.Append(container.NewTabItemWithIcon(platform.T(p.word), p.icon, container.NewVScroll(
			container.New(layout.NewCustomPaddedLayout(2*gap, 4*gap, 4*gap, 4*gap), p.content))))
	}
	w.tabs.SetTabLocation(container.TabLocationLeading)
	w.tabs.SelectIndex(at)
	w.tabs.OnSelected = func(*container.TabItem) { w.turned() }
	w.win.SetContent(container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), w.top.label),
		container.New(layout.NewCustomPaddedLayout(gap, gap, gap, gap), container.NewHBox(layout.NewSpacer(), w.undo)), nil, nil, w.tabs))
}

// turned follows a page that came to the front.
func (w *settingsWindow) turned() {
	w.retitle()
	if p := w.pages[w.tabs.SelectedIndex()]; p.shown != nil {
		p.shown()
	}
}

// page brings a page to the front, by its name.
func (w *settingsWindow) page(word string) {
	for i, p := range w.pages {
		if p.word == word && w.tabs.SelectedIndex() != i {
			w.tabs.SelectIndex(i)
			return
		}
	}
	w.turned()
}

func (w *settingsWindow) choose(page string) {
	switch word, ok := strings.CutPrefix(page, pageSettings); {
	case page == PageAbout:
		w.page(wordAbout)
	case ok:
		w.page(word)
	default:
		w.page(wordReminders)
	}
}

// retitle names the page in the window's title.
func (w *settingsWindow) retitle() {
	w.win.SetTitle(titled(platform.T(wordSettings) + ": " + w.tabs.Selected().Text))
}

// problem is what is wrong with a setting, by its name; it outlives the drawing of its page.
func (w *settingsWindow) problem(name string) problem {
	p, ok := w.problems[name]
	if !ok {
		p = problemLabel()
		w.problems[name] = p
	}
	return p
}

// say shows what belongs to no single field.
func (w *settingsWindow) say(text string) { w.top.show(text) }

func (w *settingsWindow) load() {
	w.u.run(func(ctx context.Context, s agent.Service) func() {
		set, err := s.Settings(ctx)
		return func() {
			if err != nil {
				w.say(said(err))
				return
			}
			w.say("")
			w.saved = set
			w.draw()
		}
	})
}

// save stores one change; where shows what was wrong with it.
func (w *settingsWindow) save(where problem, change func(*agent.Settings), then func()) {
	w.store(storing{where, change, then, true, w.draw})
}

// storing is a change that waits to be stored.
type storing struct {
	where  problem
	change func(*agent.Settings)
	then   func()
	// undo offers to put back what was before; undone follows when that was done.
	undo   bool
	undone func()
}

// undoes offers to undo the last change, in place of the one before it.
func (w *settingsWindow) undoes(back func()) {
	w.undo.OnTapped = func() {
		w.undo.Hide()
		back()
	}
	w.undo.Show()
}

// store takes a change over, after those before it: each is made to what the
// agent took last, so that a quick second one does not lose the first.
func (w *settingsWindow) store(s storing) {
	w.queue = append(w.queue, s)
	if len(w.queue) == 1 {
		w.next()
	}
}

func (w *settingsWindow) next() {
	s, before := w.queue[0], w.saved
	next := before
	next.Steps, next.PlatformSteps = slices.Clone(next.Steps), maps.Clone(next.PlatformSteps)
	s.change(&next)
	w.u.goes(func() {
		svc, err := w.u.service(w.u.ctx)
		if err == nil {
			err = svc.SetSettings(w.u.ctx, next)
		}
		w.u.post(func() {
			w.stored(s, before, next, err)
			if w.queue = w.queue[1:]; len(w.queue) > 0 {
				w.next()
			}
		})
	})
}

func (w *settingsWindow) stored(s storing, before, next agent.Settings, err error) {
	if err != nil {
		s.where.show(said(err))
		return
	}
	s.where.show("")
	w.saved = next
	if s.undo {
		w.undoes(func() { w.store(storing{w.top, func(set *agent.Settings) { *set = before }, s.undone, false, nil}) })
	}
	if s.then != nil {
		s.then()
	}
}

// settingName is the width of a setting's name, at the usual size of text.
const settingName float32 = 176

// setting is a name, its input, a line about it and its error.
func setting(name string, input fyne.CanvasObject, about string, p problem) fyne.CanvasObject {
	below := container.NewVBox(container.NewBorder(nil, nil, input, nil))
	if about != "" {
		below.Add(caption(about))
	}
	below.Add(p.label)
	return container.New(&beside{lead: settingName}, container.NewVBox(widget.NewLabel(name)), below)
}

func (w *settingsWindow) draw() {
	w.drawReminders()
	w.channels.draw()
	w.start.draw()
	w.browser.draw()
	w.security.draw()
	w.scripts.draw()
}

// pick is a choice by place.
func pick(options []string, at int, chosen func(int)) fyne.CanvasObject {
	s := widget.NewSelect(options, nil)
	if at >= 0 && at < len(options) {
		s.SetSelectedIndex(at)
	}
	s.OnChanged = func(string) { chosen(s.SelectedIndex()) }
	return least(em(180), 0, s)
}

// pickSpan is a choice among durations; one that is set and not offered is added.
func pickSpan(options []time.Duration, value time.Duration, word func(time.Duration) string, chosen func(time.Duration)) fyne.CanvasObject {
	if !slices.Contains(options, value) {
		options = append(slices.Clone(options), value)
	}
	var words []string
	for _, d := range options {
		words = append(words, word(d))
	}
	return pick(words, slices.Index(options, value), func(i int) { chosen(options[i]) })
}

// typed is a setting that is written: take reads it, and says what is wrong with it.
func (w *settingsWindow) typed(name, value, hint, about string, take func(string) (func(*agent.Settings), error)) fyne.CanvasObject {
	p := problemLabel()
	e := widget.NewEntry()
	e.SetText(value)
	e.SetPlaceHolder(hint)
	set := newButton(platform.T(wordSave), nil)
	set.OnTapped = func() {
		change, err := take(strings.TrimSpace(e.Text))
		if err != nil {
			p.show(said(err))
			return
		}
		w.save(p, change, nil)
	}
	e.OnSubmitted = func(string) { set.OnTapped() }
	return setting(name, container.NewHBox(least(em(220), 0, e), set), about, p)
}
