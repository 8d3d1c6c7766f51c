package window

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// settingsWindow is a window of its own. A change is stored at once; what the
// agent says against it is shown where it was made.
type settingsWindow struct {
	u    *ui
	win  fyne.Window
	tabs *container.AppTabs
	top  problem
	// saved are the settings as the agent last took them.
	saved    agent.Settings
	apps     *appsTab
	channels *channelsTab
	about    *aboutTab
	// queue are the changes to be stored, the first one under way.
	queue []storing
	// undo puts the last change back; hidden while there is none.
	undo *widget.Button

	reminders, general, security *fyne.Container
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
		if e.Name == fyne.KeyEscape && w.win.Canvas().Overlays().Top() == nil {
			w.win.Close()
		}
	})
	w.keys()
	w.win.Resize(fyne.NewSize(em(820), em(620)))
	w.win.CenterOnScreen()
	w.choose(page)
	w.win.Show()
	w.load()
	w.apps.load()
}

// retell says all of it anew, on the page that is in front: the language is another.
func (w *settingsWindow) retell() {
	at := w.tabs.SelectedIndex()
	w.fill()
	w.tabs.SelectIndex(at)
	w.retitle()
	w.load()
	w.apps.load()
}

// fill makes what the window holds.
func (w *settingsWindow) fill() {
	w.top = problemLabel()
	w.reminders, w.general, w.security = container.NewVBox(), container.NewVBox(), container.NewVBox()
	w.apps, w.about, w.channels = newAppsTab(w), newAboutTab(w), newChannelsTab(w)
	w.undo = widget.NewButtonWithIcon(wordUndo, theme.ContentUndoIcon(), nil)
	w.undo.Hide()
	for _, box := range []*fyne.Container{w.reminders, w.general, w.security} {
		box.Add(caption(wordLoading))
	}
	tab := func(title string, icon fyne.Resource, o fyne.CanvasObject) *container.TabItem {
		return container.NewTabItemWithIcon(title, icon, container.NewVScroll(
			container.New(layout.NewCustomPaddedLayout(2*gap, 4*gap, 4*gap, 4*gap), o)))
	}
	w.tabs = container.NewAppTabs(
		tab(wordReminders, theme.HistoryIcon(), w.reminders),
		tab(wordChannels, theme.MailSendIcon(), w.channels.content),
		tab(wordPlatforms, theme.AccountIcon(), w.apps.content),
		tab(wordGeneral, theme.ComputerIcon(), w.general),
		tab(wordSecurity, theme.VisibilityOffIcon(), w.security),
		tab(wordAbout, theme.InfoIcon(), w.about.content))
	w.tabs.SetTabLocation(container.TabLocationLeading)
	w.tabs.OnSelected = func(item *container.TabItem) {
		w.retitle()
		if item == w.tabs.Items[len(w.tabs.Items)-1] {
			w.about.load()
		}
	}
	w.win.SetContent(container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 0, 2*gap, 2*gap), w.top.label),
		container.New(layout.NewCustomPaddedLayout(gap, gap, gap, gap), container.NewHBox(layout.NewSpacer(), w.undo)), nil, nil, w.tabs))
}

func (w *settingsWindow) choose(page string) {
	if page == PageAbout {
		w.tabs.SelectIndex(len(w.tabs.Items) - 1)
		w.about.load()
	} else {
		w.tabs.SelectIndex(0)
	}
	w.retitle()
}

// retitle names the page in the window's title.
func (w *settingsWindow) retitle() {
	w.win.SetTitle(titled(platform.T(wordSettings) + ": " + w.tabs.Selected().Text))
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
	w.store(storing{where, change, then, true})
}

// storing is a change that waits to be stored.
type storing struct {
	where  problem
	change func(*agent.Settings)
	then   func()
	// undo offers to put back what was before.
	undo bool
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
	next.Steps = slices.Clone(next.Steps)
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
	showIf(w.undo, s.undo)
	w.undo.OnTapped = func() {
		w.store(storing{w.top, func(set *agent.Settings) { *set = before }, w.draw, false})
	}
	if s.then != nil {
		s.then()
	}
}

// settingName is the width of a setting's name, at the usual size of text.
const settingName float32 = 152

// setting is a name, its input, a line about it and its error.
func setting(name string, input fyne.CanvasObject, about string, p problem) fyne.CanvasObject {
	box := container.NewVBox(container.NewBorder(nil, nil, least(em(settingName), 0, widget.NewLabel(name)), nil, container.NewBorder(nil, nil, input, nil)))
	if about != "" {
		box.Add(container.NewBorder(nil, nil, spacer(em(settingName)), nil, caption(about)))
	}
	box.Add(container.NewBorder(nil, nil, spacer(em(settingName)), nil, p.label))
	return box
}

func (w *settingsWindow) draw() {
	w.drawReminders()
	w.drawGeneral()
	w.drawSecurity()
	w.channels.draw()
}

func (w *settingsWindow) drawReminders() {
	p := problemLabel()
	chips := container.New(layout.NewRowWrapLayout())
	var show func()
	change := func(steps []time.Duration) {
		slices.SortFunc(steps, func(a, b time.Duration) int { return int(b/time.Second) - int(a/time.Second) })
		w.save(p, func(s *agent.Settings) { s.Steps = steps }, show)
	}
	show = func() {
		chips.RemoveAll()
		for _, d := range w.saved.Steps {
			chips.Add(widget.NewButtonWithIcon(step(d), theme.CancelIcon(), func() {
				change(slices.DeleteFunc(slices.Clone(w.saved.Steps), func(x time.Duration) bool { return x == d }))
			}))
		}
		chips.Refresh()
		w.reminders.Refresh()
	}
	add := widget.NewEntry()
	add.SetPlaceHolder(wordStepHint)
	submit := func() {
		d, ok := parseStep(add.Text)
		switch {
		case !ok:
			p.show(wordStepBad)
		case slices.Contains(w.saved.Steps, d):
			p.show(wordStepTwice)
		default:
			add.SetText("")
			change(append(slices.Clone(w.saved.Steps), d))
		}
	}
	add.OnSubmitted = func(string) { submit() }
	show()

	hp := problemLabel()
	var hours []string
	for h := range 24 {
		hours = append(hours, fmt.Sprintf("%02d:00", h))
	}
	hour := pick(hours, w.saved.Hour, func(i int) { w.save(hp, func(s *agent.Settings) { s.Hour = i }, nil) })
	w.reminders.Objects = []fyne.CanvasObject{
		heading(wordStepsTitle), pad(1, chips),
		container.NewHBox(least(160, 0, add), widget.NewButtonWithIcon(wordAdd, theme.ContentAddIcon(), submit)),
		p.label, widget.NewSeparator(),
		setting(wordHour, hour, "", hp),
		w.quietSetting(), w.freeDays(), w.awaySetting(), w.urgentSetting(),
	}
	w.reminders.Refresh()
}

// typed is a setting that is written: take reads it, and says what is wrong with it.
func (w *settingsWindow) typed(name, value, hint, about string, take func(string) (func(*agent.Settings), error)) fyne.CanvasObject {
	p := problemLabel()
	e := widget.NewEntry()
	e.SetText(value)
	e.SetPlaceHolder(hint)
	set := widget.NewButton(wordSave, nil)
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

func (w *settingsWindow) quietSetting() fyne.CanvasObject {
	return w.typed(wordQuiet, w.saved.Quiet.String(), wordQuietHint, wordQuietText, func(s string) (func(*agent.Settings), error) {
		q, err := notifier.ParseQuiet(s)
		if err != nil {
			return nil, &platform.Error{Kind: platform.KindUsage, Message: wordQuietBad, Err: err}
		}
		return func(set *agent.Settings) { set.Quiet = q }, nil
	})
}

func (w *settingsWindow) awaySetting() fyne.CanvasObject {
	return w.typed(wordAwayName, w.saved.Away.String(), wordAwayHint, wordAwayText, func(s string) (func(*agent.Settings), error) {
		a, err := notifier.ParseAway(s)
		if err != nil {
			return nil, &platform.Error{Kind: platform.KindUsage, Message: wordAwayBad, Err: err}
		}
		return func(set *agent.Settings) { set.Away = a }, nil
	})
}

// freeDays are ticks, Monday first.
func (w *settingsWindow) freeDays() fyne.CanvasObject {
	p := problemLabel()
	row := container.New(layout.NewRowWrapLayout())
	for i := range 7 {
		day := time.Weekday((i + 1) % 7)
		tick := widget.NewCheck(day.String()[:3], nil)
		tick.Checked = w.saved.FreeDays.Has(day)
		tick.OnChanged = func(on bool) {
			w.save(p, func(set *agent.Settings) {
				set.FreeDays &^= 1 << day
				if on {
					set.FreeDays |= 1 << day
				}
			}, nil)
		}
		row.Add(tick)
	}
	box := container.NewVBox(container.NewBorder(nil, nil, least(em(settingName), 0, widget.NewLabel(wordFreeDays)), nil, row))
	box.Add(container.NewBorder(nil, nil, spacer(em(settingName)), nil, caption(wordFreeDaysText)))
	box.Add(container.NewBorder(nil, nil, spacer(em(settingName)), nil, p.label))
	return box
}

func (w *settingsWindow) urgentSetting() fyne.CanvasObject {
	p := problemLabel()
	return setting(wordUrgent, pickSpan([]time.Duration{0, time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour}, w.saved.Urgent, func(d time.Duration) string {
		if d <= 0 {
			return "off"
		}
		return step(d) + " before"
	}, func(d time.Duration) { w.save(p, func(set *agent.Settings) { set.Urgent = d }, nil) }), wordUrgentText, p)
}

// textSetting is how large the text is; it is the window's own and needs no agent.
func (w *settingsWindow) textSetting() fyne.CanvasObject {
	var sizes []int
	var words []string
	for n := textLeast; n <= textMost; n += textStep {
		sizes, words = append(sizes, n), append(words, strconv.Itoa(n)+" %")
	}
	now := w.u.memory.Text
	if now == 0 {
		now = textUsual
	}
	return setting(wordTextSize, pick(words, slices.Index(sizes, now), func(i int) {
		w.u.memory.Text = sizes[i]
		w.u.applyText()
		w.u.keep()
		w.draw()
	}), "", problemLabel())
}

// pick is a choice by place.
func pick(options []string, at int, chosen func(int)) fyne.CanvasObject {
	s := widget.NewSelect(options, nil)
	if at >= 0 && at < len(options) {
		s.SetSelectedIndex(at)
	}
	s.OnChanged = func(string) { chosen(s.SelectedIndex()) }
	return least(180, 0, s)
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

func (w *settingsWindow) drawGeneral() {
	ap, bp, vp := problemLabel(), problemLabel(), problemLabel()
	auto := widget.NewCheck("", nil)
	auto.Checked = w.saved.Autostart
	auto.OnChanged = func(on bool) { w.save(ap, func(s *agent.Settings) { s.Autostart = on }, nil) }
	browser := widget.NewEntry()
	browser.SetText(w.saved.Browser)
	browser.SetPlaceHolder(wordBrowserHint)
	set := widget.NewButton(wordSave, nil)
	set.OnTapped = func() {
		w.save(bp, func(s *agent.Settings) { s.Browser = strings.TrimSpace(browser.Text) }, nil)
	}
	browser.OnSubmitted = func(string) { set.OnTapped() }
	verify := pickSpan([]time.Duration{6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}, w.saved.Verify,
		func(d time.Duration) string { return "every " + strings.TrimPrefix(step(d), "1 ") },
		func(d time.Duration) { w.save(vp, func(s *agent.Settings) { s.Verify = d }, nil) })
	w.general.Objects = []fyne.CanvasObject{
		setting(wordAutostart, auto, "", ap),
		setting(wordBrowser, container.NewHBox(least(240, 0, browser), set), "", bp),
		setting(wordVerify, verify, "", vp),
		w.textSetting(),
	}
	w.general.Refresh()
}

func (w *settingsWindow) drawSecurity() {
	const d = 24 * time.Hour
	ip := problemLabel()
	idle := pickSpan([]time.Duration{0, 30 * d, 60 * d, 90 * d, 180 * d}, w.saved.Idle,
		func(d time.Duration) string {
			if d <= 0 {
				return "off"
			}
			return "after " + step(d)
		}, func(d time.Duration) { w.save(ip, func(s *agent.Settings) { s.Idle = d }, nil) })
	w.security.Objects = []fyne.CanvasObject{
		setting(wordKeyPlace, least(360, 0, wrapped(or(sentence(w.saved.KeyPlace), "Not chosen yet."))), "", problemLabel()),
		setting(wordIdle, idle, wordIdleText, ip),
	}
	if w.saved.Key == "" {
		w.security.Add(container.NewHBox(widget.NewButton(wordPassphrase+"…", func() { w.u.unlock(w.win) })))
	}
	w.security.Refresh()
}

// portSetting is the fixed port of the redirect address.
func (w *settingsWindow) portSetting() fyne.CanvasObject {
	p := problemLabel()
	port := widget.NewEntry()
	port.SetText(strconv.Itoa(w.saved.Port))
	set := widget.NewButton(wordSave, nil)
	set.OnTapped = func() {
		n, err := strconv.Atoi(strings.TrimSpace(port.Text))
		if err != nil || n < 1024 || n > 65535 {
			p.show(wordPortBad)
			return
		}
		w.save(p, func(s *agent.Settings) { s.Port = n }, w.apps.load)
	}
	port.OnSubmitted = func(string) { set.OnTapped() }
	return setting(wordPort, container.NewHBox(least(96, 0, port), set), wordPortText, p)
}

// appsTab lists the app registrations.
type appsTab struct {
	w       *settingsWindow
	content *fyne.Container
	problem problem
}

func newAppsTab(w *settingsWindow) *appsTab {
	return &appsTab{w: w, content: container.NewVBox(caption(wordLoading)), problem: problemLabel()}
}

func (t *appsTab) load() {
	t.w.u.run(func(ctx context.Context, s agent.Service) func() {
		apps, err := s.Apps(ctx)
		set, serr := s.Settings(ctx)
		redirects := map[string]string{}
		for _, a := range apps {
			if a.Redirect != "" {
				continue
			}
			if r, rerr := s.Redirect(ctx, a.Platform); rerr == nil {
				redirects[a.Platform] = r
			}
		}
		return func() {
			if serr == nil {
				t.w.saved.Port = set.Port
			}
			t.draw(apps, redirects)
			t.problem.show(said(err))
		}
	})
}

func (t *appsTab) draw(apps []platform.App, redirects map[string]string) {
	add := widget.NewButtonWithIcon(wordAdd, theme.ContentAddIcon(), nil)
	add.OnTapped = func() {
		var items []*fyne.MenuItem
		for _, p := range platform.All() {
			if !p.Registration.Self {
				items = append(items, fyne.NewMenuItem(p.Name, func() { t.edit(p, platform.App{Platform: p.ID}) }))
			}
		}
		widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), t.w.win.Canvas(), fyne.NewPos(0, add.Size().Height), add)
	}
	out := []fyne.CanvasObject{container.NewBorder(nil, nil, nil, add, heading(wordAppTitle+"s")), t.problem.label}
	if len(apps) == 0 {
		out = append(out, caption(wordNoApps))
	}
	for _, a := range apps {
		out = append(out, t.item(a, or(a.Redirect, redirects[a.Platform])), widget.NewSeparator())
	}
	out = append(out, t.w.portSetting())
	t.content.Objects = out
	t.content.Refresh()
}

func (t *appsTab) item(a platform.App, redirect string) fyne.CanvasObject {
	m := newAvatar(32)
	m.set(a.Platform, "")
	name := platformName(a.Platform)
	if a.Server != "" {
		name += " · " + strings.TrimPrefix(a.Server, "https://")
	}
	about := a.ID
	if a.Self {
		about += " · " + wordSelfApp
	}
	buttons := container.NewHBox()
	if p, err := platform.Lookup(a.Platform); err == nil && !a.Self {
		buttons.Add(widget.NewButton(wordEdit, func() { t.edit(p, a) }))
	}
	buttons.Add(widget.NewButton(wordDelete, func() { t.delete(a, name) }))
	id := caption(about)
	id.Wrapping = fyne.TextWrapBreak
	body := container.NewVBox(tight(heading(name), id))
	if redirect != "" {
		e := widget.NewEntry()
		e.SetText(redirect)
		e.Disable()
		body.Add(copyable(t.w.u, e))
	}
	return container.NewBorder(nil, nil, container.NewVBox(pad(1, m)), container.NewVBox(buttons), body)
}

func (t *appsTab) delete(a platform.App, name string) {
	text := "Accounts connected with " + name + "'s registration can no longer be renewed or reconnected until another one is stored."
	t.w.confirm(wordDelete+" "+name+"?", text, wordDelete, func() {
		t.w.u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.DeleteApp(ctx, a.Platform, a.Server)
			return func() {
				t.load()
				t.problem.show(said(err))
			}
		})
	})
}

// edit shows the form for a registration, new where it has no ID.
func (t *appsTab) edit(p *platform.Platform, a platform.App) {
	form := newAppForm(t.w.u, p)
	form.fill(a)
	bad := problemLabel()
	body := container.NewVBox()
	site := widget.NewEntry()
	site.SetText(a.Server)
	if p.Site != platform.SiteNone {
		name := wordServer
		if p.Site == platform.SiteIssuer {
			name = wordIssuer
		}
		if a.ID != "" {
			site.Disable() // it is the registration's name
		}
		body.Add(field(name, site))
	}
	body.Add(form.content)
	body.Add(bad.label)
	t.w.form(p.Name, body, func(close func()) {
		server, ok := a.Server, true
		if p.Site != platform.SiteNone && a.ID == "" {
			server, ok = serverAddress(site.Text, p.Site)
		}
		if !ok {
			bad.show(wordIssuerBad)
			return
		}
		r, text := form.request(server)
		if text != "" {
			bad.show(text)
			return
		}
		t.w.u.run(func(ctx context.Context, s agent.Service) func() {
			err := s.SetApp(ctx, r)
			return func() {
				if err != nil {
					bad.show(said(err))
					return
				}
				close()
				t.load()
			}
		})
	})
}
