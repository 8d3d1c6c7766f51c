// Package window is Relink's Fyne window: the accounts, connecting and
// reconnecting them, the settings, and the pop-up at expiry. One file a screen.
//
// It is a client: everything it shows comes from [agent.Service], everything a
// person does goes there. It decides nothing and stores nothing.
//
// # Goroutines
//
// Widgets are touched on Fyne's goroutine only. Service calls never run there:
// [ui.run] starts a goroutine for the call and posts what it found back. In
// tests the posts go to a queue that the test empties itself.
//
// The package does not import Fyne's driver, so that it builds and tests
// without cgo, display or OpenGL; the program hands the [fyne.App] in.
package window

import (
	"context"
	"errors"
	"image"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"github.com/go-text/typesetting/fontscan"

	"relink/app/agent"
	"relink/platform"
)

// The pages a window can be opened on; "account:ID", "popup:ID" and "rehearsal:ID" name one account.
const (
	PageAccounts = "accounts"
	PageNeeds    = "needs"
	PageConnect  = "connect"
	PageSettings = "settings"
	PageAbout    = "about"
	PageNotices  = "notices"

	// pageSettings goes before the name of a page of the settings.
	pageSettings = "settings:"
	pageAccount  = "account:"
	pagePopup    = "popup:"
	// pageRehearsal is the pop-up of an account as it would be, marked as a rehearsal.
	pageRehearsal = "rehearsal:"
)

// Config is what a window needs.
type Config struct {
	// Service is the agent; nil dials first.
	Service agent.Service
	// Dial connects again when the agent went away; nil keeps asking Service.
	Dial func(context.Context) (agent.Service, error)
	// Start starts an agent, for the button beside "is not running"; nil leaves the button out.
	Start func(context.Context) error
	// Renew is called when the agent is of another version than this window, once
	// for each version, or each agent where the window is the older one: the older of the two is to be restarted. It reports whether
	// that is this window, which then closes; nil only says so.
	Renew func(ctx context.Context, s agent.Service, about agent.About) (outdated bool, err error)
	// Practise starts the practice network with an agent and a window of its
	// own; nil where it is not installed.
	Practise func(context.Context) error
	// Language makes the process speak a language, by its tag; nil leaves it as it is.
	Language func(tag string) error
	// Memory is the file in which the window remembers its size, place and
	// order; empty remembers nothing.
	Memory string
	// Page is the first one shown; empty means the last one, at first the accounts.
	Page string
	// Corner gives the place of the nth pop-up of a size in pixels, where the window
	// system lets windows be placed; nil has them in the middle.
	Corner func(size image.Point, nth int) (image.Point, bool)
	// Unasked runs show so that the windows it makes take no focus, and Unfocused
	// tells the X server so of one; nil leaves both to the window system.
	Unasked   func(show func())
	Unfocused func(x11 uintptr)
	// Version of this program, for About.
	Version string
	// Upkeep is what is done to everything at once; nil leaves it out.
	Upkeep *Upkeep
}

// Upkeep is what is done to all of Relink's data on this computer, past the
// agent, which does not hand out the vault's key. Each may take a while.
type Upkeep struct {
	// Backup writes an archive to a new file; vault is the vault's own passphrase,
	// empty where it has none, archive the new one. Once ctx ends nothing is left behind.
	Backup func(ctx context.Context, path, vault, archive string) error
	// Inspect says what is in an archive.
	Inspect func(ctx context.Context, path, passphrase string) (agent.Archive, error)
	// Restore ends the agent, puts an archive in place of the vault and starts the
	// agent again; aside is where the old vault went, also when what follows fails.
	Restore func(ctx context.Context, path, passphrase string) (aside string, err error)
	// Erase ends the agent and deletes everything.
	Erase func(ctx context.Context) error
	// Places are the directories that everything is stored in.
	Places []string
}

// Outdated is how [Run] ends when the agent is newer and the window is to be
// opened again, by the program as it is now.
type Outdated struct {
	// Page to open it on.
	Page string
}

func (*Outdated) Error() string { return "the window is older than the agent" }

// Run shows the window and returns when it is closed or ctx ends; [*Outdated] when
// another is to be opened in its place. It must be called on the main goroutine.
func Run(ctx context.Context, a fyne.App, cfg Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	early := newEarly()
	u, err := newUI(ctx, a, cfg, early.post)
	if err != nil {
		return err
	}
	u.early = early
	if err := u.open(cfg.Page); err != nil {
		return err
	}
	early.end(fyne.Do)
	stop := context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })
	a.Run()
	stop()
	cancel()
	u.wait(2 * time.Second)
	if u.outdated != nil {
		return u.outdated
	}
	return nil
}

// ui is one window process: its windows and what they know. All fields but
// those under mu belong to the UI goroutine.
type ui struct {
	ctx  context.Context
	app  fyne.App
	cfg  Config
	post func(func())
	// early takes in what comes before the first window is shown; nil has all of it come later.
	early *early
	now   func() time.Time
	work  sync.WaitGroup

	mu  sync.Mutex // guards svc
	svc agent.Service

	win  fyne.Window
	snap *agent.Snapshot
	view *view
	// asked and shown number the views, so that an older one never replaces a newer.
	asked, shown int
	away         bool
	// skew says that agent and window are of different versions; renewed is the
	// version for which Config.Renew was called last, with the process where this
	// window is the older one; it belongs to watch.
	skew     string
	renewed  string
	outdated *Outdated
	notice   notice
	selected string
	query
	// marks are the accounts chosen together, anchor the last one of them.
	marks  map[string]bool
	anchor string
	// job is the long work that runs; nil for none.
	job *job
	// login asks whether to start at login; loginAsked is true once that was thought of.
	login, loginAsked bool
	// memory is what is remembered from last time, size how large the window is now;
	// place is the account to scroll to with the first rows.
	memory memory
	size   fyne.Size
	place  string
	// saving is held to write memory; keeps counts what is to be written, and
	// kept is the last that was, guarded by saving.
	saving      sync.Mutex
	keeps, kept int
	// exportTo is where exports go; empty means the person's downloads.
	exportTo string

	// variant fixes the theme's variant, for pictures in tests; nil follows the system.
	variant func(fyne.Theme) fyne.Theme

	// asks is the language last asked for; letters are its fonts, and lacks is
	// true where the system has none for it, so that the window speaks English.
	asks    string
	letters *typefaces
	lacks   bool
	// toldFyne is true once Fyne speaks another language than the system.
	toldFyne bool
	fonts    func() ([]fontscan.Footprint, error)

	pictures *pictures
	notices  *noticesPage

	list     *accountList
	accounts *accountsPage
	connect  *connectPage
	flow     *flowDialog
	// shownFlows are the sign-ins, by ID, whose dialog was closed in this window.
	shownFlows map[string]bool
	// queued are the sign-ins under way one after another; nil for none, or one alone.
	queued *queue
	// ledTo is the account whose page was asked for last.
	ledTo    string
	settings *settingsWindow
	popups   map[string]*popup
}

// notice is the outcome of the last act, shown until dismissed.
type notice struct {
	text string
	bad  bool
}

func newUI(ctx context.Context, a fyne.App, cfg Config, post func(func())) (*ui, error) {
	if cfg.Service == nil && cfg.Dial == nil {
		return nil, errors.New("open window: neither a service nor a way to dial one was given")
	}
	u := &ui{ctx: ctx, app: a, cfg: cfg, post: post, now: time.Now, svc: cfg.Service, popups: map[string]*popup{}, shownFlows: map[string]bool{}}
	if cfg.Memory != "" {
		u.memory = recall(cfg.Memory)
	}
	u.asks = platform.Language()
	u.fonts = systemFonts
	u.spell()
	u.filter, u.order, u.selected, u.place = u.memory.Filter, u.memory.Order, u.memory.Account, u.memory.Top
	u.applyText()
	return u, nil
}

// open shows the first page and starts to follow the agent.
func (u *ui) open(page string) error {
	u.goes(u.watch)
	if err := u.turn(page); err != nil {
		return err
	}
	u.goes(u.follow)
	u.goes(u.tick)
	return nil
}

// turn shows a page: in a window that is open already where there is one.
func (u *ui) turn(page string) error {
	switch {
	case page == "" && u.memory.Page == PageNotices:
		u.openMain()
		u.showNotices()
	case page == "" || page == PageAccounts:
		u.openMain()
	case page == PageNotices:
		u.openMain()
		u.showNotices()
	case page == PageNeeds:
		u.openMain()
		u.setFilter(filterNeeds)
	case page == PageConnect:
		u.openMain()
		u.showConnect()
	case page == PageSettings, page == PageAbout, strings.HasPrefix(page, pageSettings):
		u.openSettings(page)
	case strings.HasPrefix(page, pageAccount):
		u.openMain()
		u.choose(strings.TrimPrefix(page, pageAccount))
		u.list.show(u.selected)
		u.ledTo = u.selected
		if u.snap != nil { // else the first one brings it
			u.answer(u.selected)
		}
	case strings.HasPrefix(page, pagePopup):
		u.openPopup(strings.TrimPrefix(page, pagePopup), false)
	case strings.HasPrefix(page, pageRehearsal):
		u.openPopup(strings.TrimPrefix(page, pageRehearsal), true)
	default:
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("unknown page %q", page),
			Repair: platform.T("choose one of: %s", "accounts, needs, connect, notices, settings, about")}
	}
	return nil
}

// goes runs f in a goroutine of the window's own.
func (u *ui) goes(f func()) { u.work.Go(f) }

// wait gives the window's goroutines a moment to end; a call that does not
// heed its context must not keep a closed window alive.
func (u *ui) wait(atMost time.Duration) {
	done := make(chan struct{})
	go func() { u.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(atMost):
	}
}

// run makes a call off the UI goroutine; what it returns runs on it.
func (u *ui) run(call func(context.Context, agent.Service) func()) {
	u.goes(func() {
		s, err := u.service(u.ctx)
		if err != nil {
			u.post(func() { u.say(said(err), true) })
			return
		}
		if then := call(u.ctx, s); then != nil && u.ctx.Err() == nil {
			u.post(then)
		}
	})
}

// act makes a call of which only the failure, or done, is worth a line.
func (u *ui) act(done string, call func(context.Context, agent.Service) error) {
	u.run(func(ctx context.Context, s agent.Service) func() {
		err := call(ctx, s)
		return func() {
			if err != nil {
				u.say(said(err), true)
			} else if done != "" {
				u.say(done, false)
			}
		}
	})
}

// service is the agent in use, dialled where there is none yet.
func (u *ui) service(ctx context.Context) (agent.Service, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.svc != nil {
		return u.svc, nil
	}
	s, err := u.cfg.Dial(ctx)
	if err != nil {
		return nil, err
	}
	u.svc = s
	return s, nil
}

// drop forgets an agent that went away, so that the next call dials.
func (u *ui) drop() {
	if u.cfg.Dial == nil {
		return
	}
	u.mu.Lock()
	u.svc = nil
	u.mu.Unlock()
}

// The pause between attempts to reach an agent that went away.
const (
	redialFirst = 500 * time.Millisecond
	redialMost  = 8 * time.Second
)

// watch follows the snapshots until the window closes, and reaches for the
// agent again whenever it goes away.
func (u *ui) watch() {
	u.again(func(s agent.Service) bool {
		snapshots, err := s.Watch(u.ctx)
		if err != nil {
			return u.skewed(s, err)
		}
		came := false
		for snap := range snapshots {
			came = true
			u.post(func() { u.received(snap) })
		}
		return came
	}, func() {
		u.drop()
		u.post(func() { u.setAway(true) })
	})
}

// skewed looks whether a refusal is because the agent is of another version, and
// has the older of the two restarted. It reports whether it is worth trying again at once.
func (u *ui) skewed(s agent.Service, refused error) bool {
	about, err := s.About(u.ctx)
	if err != nil || about.Version == u.cfg.Version {
		return false
	}
	u.post(func() { u.setSkew(said(refused)) })
	process := about.Version + " " + strconv.Itoa(about.PID)
	if u.cfg.Renew == nil || u.renewed == about.Version || u.renewed == process {
		return false
	}
	outdated, err := u.cfg.Renew(u.ctx, s, about)
	// An older agent is ended once for a version, whatever its process: what keeps it
	// up, such as a service of the system's, would start it for as long as it is ended.
	// Where this window is the older one, each new agent is a reason to look again
	// whether the program was updated by now.
	if u.renewed = about.Version; outdated {
		u.renewed = process
	}
	switch {
	case u.ctx.Err() != nil:
	case err != nil:
		u.post(func() { u.setSkew(said(err)) })
	case outdated:
		u.post(u.leave)
	}
	return err == nil
}

// leave closes this window for one that takes its place.
func (u *ui) leave() {
	u.outdated = &Outdated{}
	for _, p := range u.popups {
		u.outdated.Page = pagePopup + p.id
		p.win.Close()
	}
	if u.settings != nil {
		u.outdated.Page = PageSettings
		u.settings.win.Close()
	}
	if u.win != nil {
		u.outdated.Page = "" // the last one, as it was
		u.win.Close()
	}
	u.app.Quit()
}

// follow shows the pages that the agent asks this process for, so that a
// second click does not start a second process.
func (u *ui) follow() {
	u.again(func(s agent.Service) bool {
		pages, err := s.Pages(u.ctx)
		if err != nil {
			return false
		}
		for p := range pages {
			u.post(func() {
				if err := u.turn(p.Name); err != nil {
					u.say(said(err), true)
				}
			})
		}
		return true
	}, func() {})
}

// again runs one until the window closes, with a growing pause after each end;
// one reports whether it got anything.
func (u *ui) again(one func(agent.Service) bool, ended func()) {
	pause := redialFirst
	for u.ctx.Err() == nil {
		if s, err := u.service(u.ctx); err == nil && one(s) {
			pause = redialFirst
		}
		if u.ctx.Err() != nil {
			return
		}
		ended()
		select {
		case <-u.ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, redialMost)
	}
}

// tick makes relative times young again, once a minute. The process ends with
// its window, so nothing ticks while none is shown.
func (u *ui) tick() {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-u.ctx.Done():
			return
		case <-t.C:
			u.post(u.minute)
		}
	}
}

func (u *ui) minute() {
	u.rebuild(true)
	u.updatePopups()
}

// received takes a snapshot in.
func (u *ui) received(snap *agent.Snapshot) {
	if began(u.snap, snap) {
		u.clearPopups()
	}
	if u.snap != nil && !u.away && snap.Seq > 0 && snap.Seq < u.snap.Seq {
		return // it was on its way while a newer one was asked for
	}
	first := u.snap == nil
	u.snap, u.skew = snap, ""
	u.speak(snap.Language)
	if u.settings != nil {
		u.settings.security.lockChanged()
	}
	u.setAway(false)
	u.rebuild(true)
	u.updatePopups()
	if first {
		u.resumeFlow()
	}
}

// rebuild makes the view anew off the UI goroutine. keep holds the list's place.
func (u *ui) rebuild(keep bool) {
	if u.snap == nil || u.accounts == nil {
		return
	}
	u.asked++
	n, snap, q, now := u.asked, u.snap, u.query, u.now()
	u.goes(func() {
		v := buildView(snap, q, now)
		u.post(func() {
			if n > u.shown {
				u.shown = n
				u.show(v, keep)
			}
		})
	})
}

// show puts a view on the screen.
func (u *ui) show(v *view, keep bool) {
	if u.accounts == nil {
		return
	}
	first := u.view == nil
	u.view = v
	if u.selected != "" && u.row(u.selected) == nil { // the newest snapshot's word, a view may be older
		u.selected = ""
	}
	for id := range u.marks {
		if v.snap.Row(id) == nil {
			delete(u.marks, id)
		}
	}
	if !v.has(v.query.filter) {
		// Its last account has gone.
		u.filter = filterAll
		u.rebuild(false)
	}
	u.list.swap(v.rows, keep)
	u.accounts.update()
	u.retitle()
	if first && v.total > 0 {
		if i := find(v.rows, u.place); i >= 0 {
			u.list.ScrollToOffset(float32(i) * u.list.pitch())
		}
		u.place = ""
		if u.notices != nil && u.notices.redraw != nil {
			u.notices.redraw() // now the accounts have names and faces
		}
	}
	u.askLogin()
}

// keep writes down what is remembered, off the UI goroutine.
func (u *ui) keep() {
	if u.cfg.Memory == "" {
		return
	}
	m := &u.memory
	if u.win != nil {
		m.Filter, m.Order, m.Account = u.filter, u.order, u.selected
		m.Top = u.list.top()
		m.Page = ""
		if u.notices != nil {
			m.Page = PageNotices
		}
		if !u.size.IsZero() {
			m.Width, m.Height = u.size.Width, u.size.Height
		}
	}
	now := *m
	now.Asked = slices.Clone(m.Asked)
	u.keeps++
	n, path := u.keeps, u.cfg.Memory
	u.goes(func() {
		u.saving.Lock()
		defer u.saving.Unlock()
		if n < u.kept {
			return // a newer one was faster
		}
		u.kept = n
		_ = now.remember(path) // nothing is lost that matters
	})
}

func (u *ui) setAway(away bool) {
	if u.away == away {
		return
	}
	u.away = away
	if u.accounts != nil {
		u.accounts.update()
	}
	u.retitle()
	u.updatePopups()
}

// setSkew says that the agent is there and of another version.
func (u *ui) setSkew(text string) {
	u.skew, u.away = text, false
	u.setAway(true)
	if u.settings != nil {
		u.settings.say(text)
	}
}

// say shows the outcome of an act.
func (u *ui) say(text string, bad bool) {
	u.notice = notice{text, bad}
	switch {
	case u.accounts != nil:
		u.accounts.updateBanners()
	case u.settings != nil:
		u.settings.say(text)
	}
	u.updatePopups()
}

// retitle names in the window's title what it shows, for the task bar and for
// who cannot see it.
func (u *ui) retitle() {
	if u.win == nil {
		return
	}
	what, row := "", u.row(u.selected)
	switch {
	case u.skew != "":
		what = platform.T("another version is running")
	case u.away:
		what = platform.T("not running")
	case u.flow != nil:
		what = u.flow.title
	case u.connect != nil:
		what = u.connect.title
	case u.notices != nil:
		what = platform.T(wordNotices)
	case u.view != nil && u.view.total == 0:
		what = platform.T(wordEmptyTitle)
	case row != nil:
		what = row.Account.Title()
	}
	title := titled(what)
	if u.win.Title() != title {
		u.win.SetTitle(title)
	}
}

// titled is a window's title; empty names the program alone.
func titled(what string) string {
	if what == "" {
		return "Relink"
	}
	return platform.T("Relink: %s", plain(what))
}

// row is an account as the newest snapshot knows it.
func (u *ui) row(id string) *agent.Row {
	if u.snap == nil || id == "" {
		return nil
	}
	return u.snap.Row(id)
}

// choose selects an account.
func (u *ui) choose(id string) {
	if u.selected == id {
		return
	}
	u.selected = id
	u.retitle()
	u.list.Refresh()
	u.accounts.detail.update()
	u.accounts.coming.line.Refresh()
	u.accounts.panes.choose(u.row(id) != nil)
}

func (u *ui) setFilter(f string) {
	if u.filter == f {
		return
	}
	u.filter = f
	u.accounts.updateFilters()
	u.rebuild(false)
}

func (u *ui) setSearch(s string) {
	u.search = s
	u.rebuild(false)
}

func (u *ui) setOrder(o string) {
	if u.order == o {
		return
	}
	u.order = o
	u.accounts.updateBar()
	u.rebuild(false)
}
