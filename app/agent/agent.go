// Package agent is the resident part of Relink: it owns the state, sleeps until
// something will change by itself, tells people in good time, and does what
// they click.
//
// One goroutine owns the accounts. It is woken by the earliest of a heap of
// change times, by a wake signal, and by workers that report what they found
// on the network; it never waits for a network, a keyring or a notification
// server itself. Immutable [Snapshot]s go out to whoever watches.
//
// [Service] is what the window, the tray and the command line can do; [Agent]
// implements it.
package agent

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/refresh"
)

// Vault is what the agent stores. app/vault implements it.
type Vault interface {
	refresh.Store
	// Load lists all accounts with their current grants, without tokens.
	Load(ctx context.Context) ([]platform.Account, map[string]platform.Grant, error)
	Create(ctx context.Context, a platform.Account, g platform.Grant) error
	UpdateAccount(ctx context.Context, a platform.Account) error
	SaveAll(ctx context.Context, changes []Change) error
	Used(ctx context.Context, account string, at time.Time) error
	Forget(ctx context.Context, account string) error
	Apps(ctx context.Context) ([]platform.App, error)
	SetApp(ctx context.Context, app platform.App) error
	DeleteApp(ctx context.Context, platformID, server string) error
	AddEvents(ctx context.Context, events ...Event) error
	Events(ctx context.Context, account string, limit int) ([]Event, error)
	// Takers gives, per account and name, when a program last took a token since a time.
	Takers(ctx context.Context, since time.Time) (map[string]map[string]time.Time, error)
	// WriteNotices keeps what was said and what became of it, in order.
	WriteNotices(ctx context.Context, writes ...NoticeWrite) error
	Notices(ctx context.Context, account string, since time.Time, limit int) ([]Notice, error)
	Said(ctx context.Context) (map[string][]notifier.Entry, error)
	// SaveEntries stores lines of the ledger together with what is to be sent for them.
	SaveEntries(ctx context.Context, entries []notifier.Entry, parcels ...Parcel) error
	// Parcels lists what waits on a channel and is due, oldest first; at most limit.
	Parcels(ctx context.Context, channel string, due time.Time, limit int) ([]Parcel, error)
	// Waiting says per channel how much waits.
	Waiting(ctx context.Context) (map[string]Waiting, error)
	// PutOff makes parcels due later; failed counts it as a try.
	PutOff(ctx context.Context, due time.Time, failed bool, ids ...int64) error
	DropParcels(ctx context.Context, ids ...int64) error
	// Secret reads a secret by its name, SetSecret stores it and, where it is zero, deletes it.
	Secret(ctx context.Context, name string) (platform.Secret, error)
	SetSecret(ctx context.Context, name string, s platform.Secret) error
	// Secrets lists the names of those stored.
	Secrets(ctx context.Context) ([]string, error)
	GetMeta(ctx context.Context, key string) (string, error)
	SetMeta(ctx context.Context, key, value string) error
	Locked() error
	TryUnlock(ctx context.Context) error
	Unlock(ctx context.Context, passphrase string, create bool) error
	// LockUp forgets the key until Unlock; TryUnlock then asks nobody for it, and
	// Locked gives an error of the code LockedByHand.
	LockUp()
	// UseKeyring moves the key into the keyring.
	UseKeyring(ctx context.Context) error
	// TestKeyring writes, reads and deletes an item that is not the key, and
	// gives the keyring's name.
	TestKeyring(ctx context.Context) (string, error)
	Key() string
	KeyPlace() string
	SetAside() string
}

// Change is an account with its next grant, to be stored together.
type Change struct {
	Account platform.Account
	Grant   platform.Grant
}

// Parcel is one thing that waits to be sent over a channel. It holds no secret.
type Parcel struct {
	// ID is the vault's.
	ID int64
	// Channel is mail, webhook or hook; To the recipient, where there are several.
	Channel, To string
	// Key is what makes it one: a second with the same channel, To and Key is not added.
	Key string
	// Account and Generation it is about, and the deadline it was said for; zero where there is none.
	Account    string
	Generation int
	Deadline   time.Time
	Event      notifier.Event
	// Body is what is sent; nil where that is worded when it is sent.
	Body []byte
	// At is when it arose, Due when it is to be sent, Tries how often that was tried.
	At, Due time.Time
	Tries   int
}

// Waiting is how much waits on one channel.
type Waiting struct {
	Count int
	// Next is when the first is due, Oldest when the oldest arose.
	Next, Oldest time.Time
}

// NoticeWrite is a line of what was said, or with Mark what became of one: the
// newest with the Notice's Channel and Note takes its Became, BecameAt and
// Reason, unless more than being queued or shown has become of it before.
type NoticeWrite struct {
	Notice
	Mark bool
}

// SettingsStore keeps the settings file.
type SettingsStore interface {
	// Load gives the settings, and a warning line when the file is broken and
	// the last good one was used.
	Load() (s Settings, warning string, err error)
	Save(s Settings) error
}

// LockedByHand is the code of the error of a vault that the person has locked.
const LockedByHand = "by_hand"

// Config wires an agent to the world. Vault, Settings, Net and Log are
// required; a nil function is a part this machine lacks.
type Config struct {
	Vault    Vault
	Settings SettingsStore
	Net      *platform.Net
	Log      *slog.Logger
	// Sender makes the sender of notifications, given where clicks go and who
	// hears of notes that have gone from the screen without being withdrawn.
	Sender func(click func(Activation), closed func(note string, reason uint32)) notifier.Sender
	// Posts says how many scheduled posts need an account after a time, and when
	// the first of them goes out; nil where nothing is scheduled. The loop calls it.
	Posts func(account string, after time.Time) (count int, first time.Time)
	// OpenBrowser opens an address; command is the user's choice of browser,
	// token the desktop's activation token.
	OpenBrowser func(ctx context.Context, command, address, token string) error
	// TryBrowser is OpenBrowser that also tells, once, when the command ends with
	// a failure at once; it is for trying one out.
	TryBrowser func(ctx context.Context, command, address string, failed func(error)) error
	// Browsers lists the browsers of this computer.
	Browsers func(ctx context.Context) []Browser
	// Certificate gives this computer's own certificate for a name, for https
	// redirect addresses; nil means that they are pasted.
	Certificate func(host string) (tls.Certificate, error)
	// Keepers makes the reader of tokens that other programs keep, given what to
	// call when a file was changed; nil means there is none.
	Keepers func(changed func(path string)) Keepers
	// Language makes the process speak the language of a setting; nil leaves it at English.
	Language func(setting string) error
	// OpenWindow starts the window on a page. It calls failed when the window has
	// ended with an error, however late.
	OpenWindow func(ctx context.Context, page, token string, failed func()) error
	// Marks tells links of Relink's own notes from links that anybody may have
	// written; the zero value takes none for its own.
	Marks notifier.Marks
	// Autostart tells whether the agent starts at login, SetAutostart changes it.
	Autostart    func() (bool, error)
	SetAutostart func(on bool) error
	// Wake is told of resume from sleep and of the network coming back.
	Wake <-chan struct{}
	// TLS is how mail servers and the webhook are spoken to; nil means with the
	// system's authorities.
	TLS *tls.Config
	// GiveBack returns memory to the system that a burst of work needed; nil for nothing.
	GiveBack func()
	// Findings adds what the system around the agent can tell the doctor.
	Findings func(ctx context.Context) []Finding
	// Pictures is the directory for the accounts' pictures, made when first
	// needed; empty keeps none.
	Pictures string
	// Now and Elapsed are the wall clock and the time that really passed,
	// sleep included; nil means the time package.
	Now     func() time.Time
	Elapsed func() time.Duration
	// ElapsedStops says that Elapsed stands still while the computer sleeps
	// (macOS, the BSDs). Sleep then looks like a clock set forward, and up to a
	// month of it is taken for sleep.
	ElapsedStops bool
	// Rand is for jitter; nil means a random one.
	Rand  *rand.Rand
	About About
}

// Agent is the resident state. Make it with [New], start it with Run.
type Agent struct {
	cfg     Config
	log     *slog.Logger
	clock   *timekeeper
	refresh *refresh.Refresher
	sender  notifier.Sender
	// startedAt is the elapsed time at the start: the wall clock may be put right since.
	startedAt time.Duration

	work chan func()
	// ctx ends when the agent is to stop; done is closed when it has.
	ctx  context.Context
	quit context.CancelFunc
	done chan struct{}
	// tasks are the goroutines of workers and flows.
	tasks tasks

	snap     atomic.Pointer[Snapshot]
	settings atomic.Pointer[Settings]

	// loop-owned: only the Run goroutine touches these.
	entries map[string]*entry
	// crowd is how many accounts there are, for spreading requests.
	crowd   int
	heap    wakeHeap
	head    headState
	dirty   map[string]*entry
	gone    []string
	headNew bool
	// carried are ledger entries to be saved for a newer generation.
	carried []notifier.Entry
	// hinted are the hints that a window has shown before, by part.
	hinted map[string]string
	// remembered is when last_seen was written.
	remembered time.Time

	// storing is held while accounts are read and written in the vault and the
	// outcome is told to the loop: the loop hears of changes in the order they
	// were made, and nobody writes back what somebody else has changed. It is
	// never held over the network, and the loop never takes it.
	storing sync.Mutex

	mu       sync.Mutex // guards watchers, index, warm, flows, rehearsals, waited, pages, missed, opening, came, cameNot
	watchers map[chan *Snapshot]struct{}
	index    index
	warm     map[string]warmToken
	flows    map[string]*flow
	// rehearsals are those under way and lately done.
	rehearsals map[string]*rehearsal
	// waited is when the person was last told that a program waits for an account.
	waited map[string]time.Time
	// pages are the windows that listen for pages to show, oldest first.
	pages []chan Page
	// missed are pages for a window that is being started since opening.
	missed  []Page
	opening time.Time
	// came closes when that window listens, or has failed, which is in cameNot; nil when none starts.
	came    chan struct{}
	cameNot error

	mail    outbox
	journal journal
	avatars avatars
	notices notices
	// others are the channels beside the desktop and the pop-up; set before Run.
	others   []other
	channels channels
	lanes    lanes
	// keepers reads tokens that other programs keep; nil where there is none.
	keepers Keepers
	looks   looks
	// programs are the rules for programs that take tokens.
	programs programs
	// redeemed is what refresh tokens brought whose import did not come to its end. Guarded by mu.
	redeemed map[string]platform.Exchanged
}

// New opens the state from the vault. It needs no network. Errors are
// *platform.Error.
func New(ctx context.Context, cfg Config) (*Agent, error) {
	if cfg.Vault == nil || cfg.Settings == nil || cfg.Net == nil {
		panic("agent: New needs Vault, Settings and Net")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Elapsed == nil {
		start := time.Now()
		cfg.Elapsed = func() time.Duration { return time.Since(start) }
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	a := &Agent{
		cfg: cfg, log: cfg.Log,
		work: make(chan func(), 64), done: make(chan struct{}),
		entries: map[string]*entry{}, dirty: map[string]*entry{},
		watchers: map[chan *Snapshot]struct{}{}, warm: map[string]warmToken{}, flows: map[string]*flow{}, rehearsals: map[string]*rehearsal{}, waited: map[string]time.Time{},
	}
	a.ctx, a.quit = context.WithCancel(context.WithoutCancel(ctx))
	a.index.reset()
	settings, warning, err := cfg.Settings.Load()
	if err != nil {
		return nil, platform.As(err, platform.KindConfig)
	}
	a.settings.Store(&settings)
	a.speak(settings.Language)
	if warning != "" {
		a.head.warn("settings", warning)
	}
	a.clock = newTimekeeper(cfg.Now, cfg.Elapsed, a.metaTime(ctx, metaLastSeen))
	if cfg.ElapsedStops {
		a.clock.sleeps = maxSleep
	}
	if cfg.Net.Dated == nil {
		cfg.Net.Dated = a.clock.dated
	}
	if cfg.Keepers != nil {
		a.keepers = cfg.Keepers(a.keeperChanged)
	}
	a.refresh = refresh.New(refresh.Config{Store: keptVault{cfg.Vault, a}, Net: cfg.Net, Now: a.clock.now, Renewed: a.renewed, Log: cfg.Log})
	if cfg.Sender != nil {
		a.sender = cfg.Sender(func(act Activation) {
			a.task(func(ctx context.Context) {
				if err := a.Activate(ctx, act); err != nil {
					a.log.Warn("click", "action", act.Action, "error", err)
				}
			})
		}, a.closed)
	}
	a.avatars = avatars{dir: cfg.Pictures, net: *cfg.Net}
	a.avatars.net.Dated = nil // a picture's host is nobody to tell the time
	a.startedAt = cfg.Elapsed()
	a.head.paused = a.metaTime(ctx, metaPaused)
	a.hinted = map[string]string{}
	for _, part := range hints {
		if line, err := cfg.Vault.GetMeta(ctx, metaHint+part); err == nil && line != "" {
			a.hinted[part] = line
		}
	}
	if msg := cfg.Vault.SetAside(); msg != "" {
		a.head.warn("vault", msg)
	}
	if err := a.loadPrograms(ctx); err != nil {
		return nil, err
	}
	return a, a.load(ctx)
}

const metaLastSeen = "last_seen"

// metaTime reads a time kept in the vault; zero when there is none.
func (a *Agent) metaTime(ctx context.Context, key string) time.Time {
	s, err := a.cfg.Vault.GetMeta(ctx, key)
	if err != nil || s == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return at
}

// load reads every account and publishes the first snapshot.
func (a *Agent) load(ctx context.Context) error {
	accounts, grants, err := a.cfg.Vault.Load(ctx)
	if err != nil {
		return platform.As(err, platform.KindStorage)
	}
	said, err := a.cfg.Vault.Said(ctx)
	if err != nil {
		return platform.As(err, platform.KindStorage)
	}
	now := a.clock.now()
	takers, err := a.takers(ctx, now.Add(-dependsFor))
	if err != nil {
		return err
	}
	a.crowd = len(accounts)
	rows := make([]*Row, 0, len(accounts))
	for _, acc := range accounts {
		e := &entry{account: acc, grant: grants[acc.ID], said: said[acc.ID], takers: takers[acc.ID], at: -1}
		a.entries[acc.ID] = e
		a.index.put(acc)
		a.judge(e, now)
		e.verifyAt = a.firstVerify(e, now)
		rows = append(rows, e.row)
		a.dirty[acc.ID] = e
	}
	a.head.locked = lockLine(a.cfg.Vault)
	if err := a.loadChannels(ctx, now); err != nil {
		return err
	}
	a.snap.Store(NewSnapshot(a.header(now), rows))
	a.head.changed = nil // they are all in it
	return nil
}

// Run keeps the accounts until ctx ends or somebody quits. It returns when every goroutine
// it started is gone. An agent runs once.
func (a *Agent) Run(ctx context.Context) error {
	defer close(a.done)
	defer context.AfterFunc(ctx, a.quit)()
	ctx = a.ctx
	defer func() {
		a.quit()
		a.tasks.end()
		if a.keepers != nil {
			_ = a.keepers.Close()
		}
		a.refresh.Wait() // a refresh that has begun is carried through
		a.journal.flush(a.cfg.Vault.AddEvents, a.log)
		a.notices.flush(a.cfg.Vault.WriteNotices, a.log)
		a.remember(a.clock.now())
	}()

	a.task(func(ctx context.Context) { a.journal.run(ctx, a.cfg.Vault.AddEvents, a.log) })
	a.task(func(ctx context.Context) { a.notices.run(ctx, a.cfg.Vault.WriteNotices, a.log) })
	if a.sender != nil {
		a.task(func(ctx context.Context) {
			if err := a.sender.Run(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("notifications stopped", "error", err)
			}
		})
		a.task(func(ctx context.Context) { a.mail.run(ctx, a) })
	}
	a.task(a.probe)
	a.keepersStart()
	a.tryUnlock(0)
	a.turn()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(a.sleep())
		select {
		case <-ctx.Done():
			return nil
		case f := <-a.work:
			// Take what else is waiting, so that a burst makes one snapshot;
			// not what comes in meanwhile, see settled.
			n := len(a.work)
			for f(); n > 0; n-- {
				(<-a.work)()
			}
		case <-a.cfg.Wake:
			a.wakeUp()
		case <-timer.C:
		}
		a.turn()
	}
}

// minSleep keeps a wrong change time from becoming a busy loop.
const minSleep = 100 * time.Millisecond

// sleep is how long nothing will change by itself.
func (a *Agent) sleep() time.Duration {
	poll := a.settings.Load().Poll
	if poll <= 0 || poll > time.Hour {
		poll = time.Hour
	}
	now := a.clock.now()
	if next := a.heap.next(); !next.IsZero() {
		poll = min(poll, next.Sub(now))
	}
	for _, t := range []time.Time{a.head.retryLock, a.head.paused, a.head.askTime, a.channels.next()} {
		if !t.IsZero() {
			poll = min(poll, t.Sub(now))
		}
	}
	poll = max(poll, minSleep)
	a.channels.expected = now.Add(poll)
	return poll
}

// started is when the agent started, by the clock as it is believed now.
func (a *Agent) started() time.Time {
	return a.clock.now().Add(a.startedAt - a.cfg.Elapsed())
}

// turn judges what is due or was changed, says what must be said, and
// publishes. It costs by what changed, not by how many accounts there are.
func (a *Agent) turn() {
	now := a.clock.now()
	a.watchClock(now)
	a.channels.woke(now)
	for {
		e := a.heap.due(now)
		if e == nil {
			break
		}
		a.dirty[e.account.ID] = e
	}
	if !a.head.retryLock.IsZero() && !now.Before(a.head.retryLock) {
		a.head.retryLock = time.Time{}
		a.tryUnlock(a.head.lockWait)
	}
	if line := lockLine(a.cfg.Vault); line != a.head.locked {
		a.head.locked, a.headNew = line, true
	}
	if !a.head.paused.IsZero() && !now.Before(a.head.paused) {
		a.head.paused, a.headNew = time.Time{}, true
		a.replan()
	}
	if len(a.dirty) > 0 {
		a.remind(now)
	}
	a.publish(now)
	a.turnChannels(now)
	if now.Sub(a.remembered).Abs() >= rememberEvery {
		a.remembered = now
		a.task(func(context.Context) { a.remember(now) })
	}
}

// lockLine says why secrets cannot be read, empty when they can.
func lockLine(v Vault) string {
	if err := v.Locked(); err != nil {
		return platform.As(err, platform.KindLocked).Error()
	}
	return ""
}

// rememberEvery is how often, at wakes that come anyway, it is noted that the
// agent runs: one that is killed has no last word.
const rememberEvery = 6 * time.Hour

// remember notes when the agent last ran, for a clock that is wrong at the next start.
func (a *Agent) remember(now time.Time) {
	if a.clock.off() != 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), 5*time.Second)
	defer cancel()
	if err := a.cfg.Vault.SetMeta(ctx, metaLastSeen, now.UTC().Format(time.RFC3339)); err != nil {
		a.log.Warn("remember time", "error", err)
	}
}

// wakeUp follows resume from sleep and the network coming back: what was
// unreachable is asked again soon, once network and keyring have had time to answer.
func (a *Agent) wakeUp() {
	now := a.clock.now()
	if a.cfg.Vault.Locked() != nil {
		a.head.retryLock = now
	}
	for i := range a.channels.outlets {
		if o := &a.channels.outlets[i]; !o.due.IsZero() { // what failed for want of a network is tried again
			a.kick(senders[i], now.Add(10*time.Second))
		}
	}
	for id, e := range a.entries {
		if !e.unreachable.IsZero() || !e.failing.IsZero() {
			e.verifyAt = now.Add(5*time.Second + a.spread(0))
			a.dirty[id] = e
		}
	}
}

// watchClock says when the computer's clock jumped, and reopens the question
// of every deadline when it did or was put right.
func (a *Agent) watchClock(now time.Time) {
	off := a.clock.off()
	if off != 0 && !a.head.askTime.IsZero() && !now.Before(a.head.askTime) {
		a.head.askTime = now.Add(10 * time.Minute)
		a.askTime()
	}
	if (off == 0) == (a.head.clockOff == 0) {
		return
	}
	a.head.clockOff, a.head.askTime = off, time.Time{}
	a.headNew = true
	text := platform.T("This computer's clock is right again.")
	if off != 0 {
		text = platform.T("This computer's clock was set forward by %s; Relink counts on from before, until a platform confirms the new time. Check the date and time settings.", platform.Span(off))
		if off < 0 {
			text = platform.T("This computer's clock was set back by %s; Relink counts on from before, until a platform confirms the new time. Check the date and time settings.", platform.Span(off))
		}
		a.head.warn("clock", text)
		a.head.askTime = now
	} else {
		a.head.warn("clock", "")
	}
	a.journal.add(Event{At: now, Kind: "clock", Text: text})
	for id, e := range a.entries {
		a.dirty[id] = e
	}
}

// askTime asks any platform anything: the Date header of its answer tells the
// time. It goes to a platform that an account is on, and carries no token.
func (a *Agent) askTime() {
	var acc platform.Account
	for _, e := range a.entries {
		acc = e.account
		break
	}
	p, err := platform.Lookup(acc.Platform)
	if err != nil {
		return
	}
	a.task(func(ctx context.Context) {
		e, err := p.Discover(ctx, a.cfg.Net, acc.Server)
		if err != nil {
			return // asked again at the next wake
		}
		r, err := http.NewRequest(http.MethodHead, e.TokenURL, nil)
		if err != nil {
			return
		}
		_, err = a.cfg.Net.Send(ctx, p.Name, r)
		a.log.Info("asked for the time", "platform", p.ID, "error", err)
		a.tell(func() {}) // a turn, to see what it did
	})
}

// tryUnlock asks the keyring, off the loop, and again later when it says no.
func (a *Agent) tryUnlock(wait time.Duration) {
	if a.cfg.Vault.Locked() == nil {
		return
	}
	a.task(func(ctx context.Context) {
		err := a.cfg.Vault.TryUnlock(ctx)
		a.tell(func() { a.lockChanged(err, wait) })
	})
}

func (a *Agent) lockChanged(err error, wait time.Duration) {
	if err == nil {
		a.head.retryLock, a.head.lockWait = time.Time{}, 0
		now := a.clock.now()
		for i := range a.channels.outlets {
			if !a.channels.outlets[i].due.IsZero() {
				a.kick(senders[i], now)
			}
		}
		for id, e := range a.entries {
			if e.lockedOut {
				e.lockedOut = false
				e.verifyAt = now.Add(a.spread(0))
				a.dirty[id] = e
			}
		}
		return
	}
	wait = min(max(2*wait, 30*time.Second), 10*time.Minute)
	a.head.lockWait = wait
	a.head.retryLock = a.clock.now().Add(wait)
}

// lockMet takes in that a secret could not be read. It does not put off the
// next try: those who ask often would put it off for ever.
func (a *Agent) lockMet() {
	if a.head.retryLock.IsZero() {
		a.head.retryLock = a.clock.now().Add(30 * time.Second)
	}
}
