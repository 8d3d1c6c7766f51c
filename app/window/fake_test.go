package window

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// fake is a Service with sample accounts. It records what it was asked and
// lets a test move a flow along.
type fake struct {
	request  agent.ConnectRequest
	mu       sync.Mutex
	snap     *agent.Snapshot
	watchers []chan *agent.Snapshot
	calls    []string
	fail     map[string]error
	settings agent.Settings
	apps     []platform.App
	flow     agent.Flow
	changed  chan struct{}
	events   []agent.Event
	findings []agent.Finding
	tried    []agent.Finding
	pictures map[string][]byte
	// hang holds a check up until it is closed.
	hang     chan struct{}
	notices  []agent.Notice
	browsers []agent.Browser
	programs []agent.Program
	// own is the browser of any account.
	own   string
	pages chan agent.Page
	// version is the agent's; empty is the window's own.
	version string
	// restarts is how often the agent was started again.
	restarts int
	// ui is the goroutine no call may come from; zero allows all.
	ui uint64
}

// goroutine is the number of the goroutine that asks.
func goroutine() uint64 {
	var buf [64]byte
	var id uint64
	_, _ = fmt.Sscanf(string(buf[:runtime.Stack(buf[:], false)]), "goroutine %d ", &id)
	return id
}

// off fails loudly when a call comes from the UI goroutine.
func (f *fake) off() {
	if f.ui != 0 && goroutine() == f.ui {
		panic("service called on the UI goroutine")
	}
}

var _ agent.Service = (*fake)(nil)

func newFake(snap *agent.Snapshot) *fake {
	const d = 24 * time.Hour
	return &fake{
		snap: snap, fail: map[string]error{}, changed: make(chan struct{}), pages: make(chan agent.Page),
		settings: agent.Settings{Steps: []time.Duration{7 * d, 3 * d, d}, Hour: 9, Idle: 90 * d, Verify: d, Port: 53917,
			Key: "keyring", KeyPlace: "in the system's keyring (Secret Service)"},
		findings: []agent.Finding{
			{Name: "keyring", Level: agent.LevelOK, Text: "Secret Service answers"},
			{Name: "notifications", Level: agent.LevelWarn, Text: "the notification server shows no buttons", Repair: "use the tray menu to reconnect"},
			{Name: "network", Level: agent.LevelFail, Text: "no name could be resolved", Repair: "check the network connection"},
		},
	}
}

// did records a call and gives the error planned for it.
func (f *fake) did(name string, args ...any) error {
	f.off()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name+fmt.Sprint(args...))
	return f.fail[name]
}

// fails plans an error for a call, nil for none.
func (f *fake) fails(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail[name] = err
}

// failing gives the error planned for a call that is not recorded.
func (f *fake) failing(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail[name]
}

func (f *fake) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

// publish sends a new snapshot to whoever watches.
func (f *fake) publish(s *agent.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snap = s
	for _, w := range f.watchers {
		w <- s
	}
}

// away closes the watchers' channels, as an agent does that goes away.
func (f *fake) away() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.watchers {
		close(w)
	}
	f.watchers = nil
}

// move changes the flow.
func (f *fake) move(change func(*agent.Flow)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flow.Candidates = nil
	change(&f.flow)
	f.flow.Version++
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) Snapshot(context.Context) (*agent.Snapshot, error) {
	f.off()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snap, nil
}

func (f *fake) Watch(ctx context.Context) (<-chan *agent.Snapshot, error) {
	if err := f.did("watch"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	other := f.version
	f.mu.Unlock()
	if other != "" {
		return nil, &platform.Error{Kind: platform.KindAgent, Message: "the running agent is version " + other, Repair: "restart Relink"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	in, out := make(chan *agent.Snapshot, 100), make(chan *agent.Snapshot)
	if f.snap != nil {
		in <- f.snap
	}
	f.watchers = append(f.watchers, in)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case s, ok := <-in:
				if !ok {
					return
				}
				select {
				case out <- s:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}

func (f *fake) begin(account, platformID string) agent.Flow {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flow = agent.Flow{ID: "flow-1", Version: 1, Platform: platformID, Account: account, Phase: agent.PhaseWaiting,
		URL: "https://example.org/authorize?state=x", Redirect: "http://127.0.0.1:53917/callback",
		Listening: true, Opened: true, Deadline: now.Add(3 * time.Minute)}
	return f.flow
}

func (f *fake) Connect(_ context.Context, r agent.ConnectRequest) (agent.Flow, error) {
	if err := f.did("connect ", r.Platform, " ", r.Server, " ", r.Wants); err != nil {
		return agent.Flow{}, err
	}
	f.mu.Lock()
	f.request = r
	f.mu.Unlock()
	return f.begin("", r.Platform), nil
}

// connected is the last request to connect.
func (f *fake) connected() agent.ConnectRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.request
}

func (f *fake) Reconnect(_ context.Context, r agent.ReconnectRequest) (agent.Flow, error) {
	anew := ""
	if r.Anew {
		anew = " anew"
	}
	if err := f.did("reconnect ", r.Account, anew); err != nil {
		return agent.Flow{}, err
	}
	p := ""
	if row := f.snap.Row(r.Account); row != nil {
		p = row.Account.Platform
	}
	return f.begin(r.Account, p), nil
}

func (f *fake) Flow(ctx context.Context, _ string, after int) (agent.Flow, error) {
	f.off()
	for {
		f.mu.Lock()
		flow, changed := f.flow, f.changed
		f.mu.Unlock()
		if flow.Version > after {
			return flow, nil
		}
		select {
		case <-ctx.Done():
			return agent.Flow{}, ctx.Err()
		case <-changed:
		}
	}
}

func (f *fake) Paste(_ context.Context, id, address string) error {
	return f.did("paste ", id, " ", address)
}
func (f *fake) Choose(_ context.Context, id string, ids []string) error {
	return f.did("choose ", id, " ", ids)
}
func (f *fake) Cancel(_ context.Context, id string) error { return f.did("cancel ", id) }
func (f *fake) Import(context.Context, agent.ImportRequest) (agent.Row, error) {
	return agent.Row{}, f.did("import")
}
func (f *fake) Token(context.Context, agent.TokenRequest) (agent.Token, error) {
	return agent.Token{}, f.did("token")
}

func (f *fake) Check(_ context.Context, accounts ...string) ([]agent.CheckResult, error) {
	if err := f.did("check ", accounts); err != nil {
		return nil, err
	}
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang != nil {
		<-hang
	}
	var out []agent.CheckResult
	for r := range f.snap.All() {
		if len(accounts) == 0 || accounts[0] == r.Account.ID {
			out = append(out, agent.CheckResult{Account: r.Account.ID, Ref: r.Account.Ref(), State: r.Status.State, Left: r.Status.Left(now)})
		}
	}
	return out, nil
}

func (f *fake) Snooze(_ context.Context, account string, until time.Time) error {
	return f.did("snooze ", account, " ", until.UTC().Format(time.DateTime))
}
func (f *fake) Later(_ context.Context, account string, choice notifier.Later) (time.Time, error) {
	until := now.Add(time.Hour)
	if choice == notifier.LaterTomorrow {
		until = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	}
	return until, f.did("later ", account, " ", choice)
}
func (f *fake) Mute(_ context.Context, account string, on bool) error {
	return f.did("mute ", account, " ", on)
}
func (f *fake) SetSteps(_ context.Context, account string, steps []time.Duration) error {
	return f.did("steps ", account, " ", steps)
}
func (f *fake) Notices(context.Context, agent.NoticeQuery) ([]agent.Notice, error) {
	err := f.did("notices")
	return f.notices, err
}
func (f *fake) Rehearse(_ context.Context, account string) (agent.Rehearsal, error) {
	return agent.Rehearsal{}, f.did("rehearse ", account)
}
func (f *fake) Rehearsal(context.Context, string, int) (agent.Rehearsal, error) {
	f.off()
	return agent.Rehearsal{Done: true}, f.failing("rehearsal")
}
func (f *fake) Pause(_ context.Context, until time.Time) error {
	return f.did("pause ", until.IsZero())
}
func (f *fake) Rename(_ context.Context, account, alias string) error {
	return f.did("rename ", account, " ", alias)
}
func (f *fake) Label(_ context.Context, account string, labels []string) error {
	return f.did("label ", account, " ", labels)
}

func (f *fake) Avatar(_ context.Context, account string) ([]byte, error) {
	f.off()
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.pictures[account]; ok {
		return p, nil
	}
	return nil, &platform.Error{Kind: platform.KindNotFound, Message: "there is no picture"}
}

func (f *fake) Forget(_ context.Context, account string, revoke bool) error {
	return f.did("forget ", account, " ", revoke)
}

func (f *fake) History(_ context.Context, account string, _ int) ([]agent.Event, error) {
	if err := f.did("history ", account); err != nil {
		return nil, err
	}
	return f.events, nil
}

func (f *fake) Apps(context.Context) ([]platform.App, error) {
	f.off()
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]platform.App(nil), f.apps...), f.fail["apps"]
}

func (f *fake) SetApp(_ context.Context, r agent.AppRequest) error {
	if err := f.did("setapp ", r.Platform, " ", r.Server, " ", r.ClientID, " ", r.Secret != "", " ", r.Redirect); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apps = append(f.apps, platform.App{Platform: r.Platform, Server: r.Server, ID: r.ClientID, Redirect: r.Redirect})
	return nil
}

func (f *fake) TestApp(_ context.Context, r agent.AppRequest) ([]agent.Finding, error) {
	if err := f.did("testapp ", r.Platform, " ", r.Server, " ", r.ClientID, " ", r.Secret != "", " ", r.Redirect); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tried, nil
}

func (f *fake) DeleteApp(_ context.Context, p, server string) error {
	return f.did("deleteapp ", p, " ", server)
}
func (f *fake) Redirect(context.Context, string) (string, error) {
	f.off()
	return "http://127.0.0.1:53917/callback", f.failing("redirect")
}

func (f *fake) Settings(context.Context) (agent.Settings, error) {
	f.off()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings, f.fail["settings"]
}

func (f *fake) SetSettings(_ context.Context, s agent.Settings) error {
	if err := f.did("setsettings"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settings = s
	return nil
}

func (f *fake) Channels(context.Context) ([]agent.Channel, error) {
	f.off()
	return []agent.Channel{{Name: agent.ChannelMail, On: f.set().Mail.Server != ""}, {Name: agent.ChannelWebhook}, {Name: agent.ChannelHook}, {Name: agent.ChannelCalendar}}, f.failing("channels")
}
func (f *fake) SetSecret(_ context.Context, channel, secret string) error {
	return f.did("setsecret ", channel, " ", len(secret))
}
func (f *fake) TestChannel(_ context.Context, channel string) (string, error) {
	return "The test was taken.", f.did("testchannel ", channel)
}
func (f *fake) Calendar(context.Context) (string, error) {
	f.off()
	return "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", f.failing("calendar")
}

func (f *fake) Unlock(_ context.Context, passphrase string, create bool) error {
	return f.did("unlock ", len(passphrase), " ", create)
}
func (f *fake) Doctor(context.Context) ([]agent.Finding, error) {
	f.off()
	return f.findings, f.failing("doctor")
}
func (f *fake) Activate(_ context.Context, a agent.Activation) error {
	return f.did("activate ", a.Account)
}
func (f *fake) About(context.Context) (agent.About, error) {
	f.off()
	f.mu.Lock()
	version, restarts := f.version, f.restarts
	f.mu.Unlock()
	if version == "" {
		version = "1.0.0"
	}
	return agent.About{Version: version, PID: 4711 + restarts, Config: "/home/acme/.config/relink", Data: "/home/acme/.local/share/relink",
		Log: "/home/acme/.local/state/relink/relink.log", Full: true}, f.failing("about")
}
func (f *fake) Pages(ctx context.Context) (<-chan agent.Page, error) {
	f.off()
	out := make(chan agent.Page)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case p := <-f.pages:
				select {
				case out <- p:
				case <-ctx.Done():
				}
			}
		}
	}()
	return out, nil
}
func (f *fake) Quit(context.Context) error { return f.did("quit") }

// becomes makes the agent one of another version; empty is the window's own.
func (f *fake) becomes(version string) {
	f.mu.Lock()
	f.version = version
	f.mu.Unlock()
	f.away()
}

// set gives the settings as they were stored last.
func (f *fake) set() agent.Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings
}
