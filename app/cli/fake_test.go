package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// socketEnv names an agent's socket to this test binary when it is to be the command line.
const socketEnv = "RELINK_TEST_SOCKET"

func TestMain(m *testing.M) {
	time.Local = time.UTC
	if socket := os.Getenv(socketEnv); socket != "" { // a test's command line at a terminal
		os.Exit(commandLine(socket, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// hush stands for every secret of these tests.
const hush = "hush-hush"

// fake is a Service that notes its calls and answers from its fields. Methods
// it lacks fail the test by the nil Service.
type fake struct {
	agent.Service
	mu       sync.Mutex
	calls    []string
	snapshot *agent.Snapshot
	err      map[string]error
	token    agent.Token
	flows    []agent.Flow // what Connect gives, then what Flow gives
	started  chan struct{}
	release  chan struct{} // closed when Flow may give the next; nil: at once
	settings agent.Settings
	about    agent.About
	checks   []agent.CheckResult
	findings []agent.Finding
	channels []agent.Channel
	saved    agent.Settings // what SetSettings was given last
	programs []agent.Program
	// again, where it is not nil, says what comes of reconnecting an account.
	again func(account string) error
}

func (f *fake) note(name string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	words := []string{name}
	for _, a := range args {
		words = append(words, fmt.Sprintf("%+v", a))
	}
	f.calls = append(f.calls, strings.Join(words, " "))
	return f.err[name]
}

func (f *fake) Snapshot(context.Context) (*agent.Snapshot, error) {
	return f.snapshot, f.err["Snapshot"]
}

func (f *fake) first() agent.Flow {
	if len(f.flows) == 0 {
		return agent.Flow{}
	}
	return f.flows[0]
}

func (f *fake) Connect(_ context.Context, r agent.ConnectRequest) (agent.Flow, error) {
	return f.first(), f.note("Connect", r)
}

func (f *fake) Reconnect(_ context.Context, r agent.ReconnectRequest) (agent.Flow, error) {
	err := f.note("Reconnect", r)
	if err == nil && f.again != nil {
		err = f.again(r.Account)
	}
	return f.first(), err
}

func (f *fake) Flow(ctx context.Context, _ string, after int) (agent.Flow, error) {
	if f.started != nil {
		select {
		case f.started <- struct{}{}:
		default:
		}
	}
	if f.release != nil {
		select {
		case <-f.release:
		case <-ctx.Done():
			return agent.Flow{}, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, next := range f.flows {
		if next.Version > after {
			return next, f.err["Flow"]
		}
	}
	return agent.Flow{}, errors.New("the test's flow has no next step")
}

// go lets Flow go on, once.
func (f *fake) letGo() {
	if f.release != nil {
		close(f.release)
	}
}

func (f *fake) Paste(_ context.Context, id, address string) error {
	err := f.note("Paste", id, address)
	if err == nil {
		f.letGo()
	}
	return err
}

func (f *fake) Choose(_ context.Context, id string, ids []string) error {
	err := f.note("Choose", id, ids)
	if err == nil {
		f.letGo()
	}
	return err
}

func (f *fake) Cancel(ctx context.Context, id string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return f.note("Cancel", id)
}

func (f *fake) Import(_ context.Context, r agent.ImportRequest) (agent.Row, error) {
	err := f.note("Import", r)
	for row := range f.snapshot.All() {
		return *row, err
	}
	return agent.Row{}, err
}

func (f *fake) Token(_ context.Context, r agent.TokenRequest) (agent.Token, error) {
	r.Consumer = ""
	return f.token, f.note("Token", r)
}

func (f *fake) Check(_ context.Context, accounts ...string) ([]agent.CheckResult, error) {
	return f.checks, f.note("Check", accounts)
}

func (f *fake) Snooze(_ context.Context, account string, until time.Time) error {
	return f.note("Snooze", account, until.Format(time.RFC3339))
}

func (f *fake) Pause(_ context.Context, until time.Time) error {
	return f.note("Pause", until.Format(time.RFC3339))
}

func (f *fake) Rename(_ context.Context, account, alias string) error {
	return f.note("Rename", account, alias)
}

func (f *fake) Label(_ context.Context, account string, labels []string) error {
	return f.note("Label", account, strings.Join(labels, "|"))
}

func (f *fake) Avatar(_ context.Context, account string) ([]byte, error) {
	return nil, f.note("Avatar", account)
}

func (f *fake) Forget(_ context.Context, account string, revoke bool) error {
	return f.note("Forget", account, revoke)
}

func (f *fake) History(_ context.Context, account string, limit int) ([]agent.Event, error) {
	return []agent.Event{{At: noon, Account: "a1", Ref: "linkedin/acme", Kind: "connected", Text: "Connected until 23 Jan."}, {At: noon.Add(-time.Hour), Kind: "rejected", Text: "its server rejected the token"}}, f.note("History", account, limit)
}

func (f *fake) Apps(context.Context) ([]platform.App, error) {
	return []platform.App{{Platform: "facebook", ID: "1234", Secret: platform.NewSecret(hush), Redirect: "http://localhost:1/callback"}, {Platform: "mastodon", Server: "https://mastodon.social", ID: "m", Self: true}}, f.note("Apps")
}

func (f *fake) SetApp(_ context.Context, r agent.AppRequest) error { return f.note("SetApp", r) }

func (f *fake) TestApp(_ context.Context, r agent.AppRequest) ([]agent.Finding, error) {
	return []agent.Finding{
		{Name: "app", Level: agent.LevelFail, Text: "LinkedIn does not know this client id and secret.", Repair: "copy both again"},
		{Name: "rest", Level: agent.LevelUntested, Text: "Only a sign-in shows the rest."},
	}, f.note("TestApp", r)
}

func (f *fake) DeleteApp(_ context.Context, id, server string) error {
	return f.note("DeleteApp", id, server)
}

func (f *fake) Redirect(_ context.Context, id string) (string, error) {
	return "http://127.0.0.1:53682/callback", f.note("Redirect", id)
}

func (f *fake) Settings(context.Context) (agent.Settings, error) {
	return f.settings, f.err["Settings"]
}

func (f *fake) Later(_ context.Context, account string, choice notifier.Later) (time.Time, error) {
	return noon.Add(21 * time.Hour), f.note("Later", account, choice)
}

func (f *fake) Mute(_ context.Context, account string, on bool) error {
	return f.note("Mute", account, on)
}

func (f *fake) SetSteps(_ context.Context, account string, steps []time.Duration) error {
	return f.note("SetSteps", account, steps)
}

func (f *fake) Notices(_ context.Context, q agent.NoticeQuery) ([]agent.Notice, error) {
	return []agent.Notice{
		{ID: 2, At: noon, Channel: "mail", Note: "account/a1", Accounts: []string{"a1"}, Title: "LinkedIn · Acme ends in 3 days", Became: agent.OutcomeFailed, BecameAt: noon.Add(time.Minute), Reason: "the server refused; see relink doctor"},
		{ID: 1, At: noon.Add(-time.Hour), Channel: "desktop", Note: "account/a1", Accounts: []string{"a1"}, Title: "LinkedIn · Acme ends in 7 days", Body: "b", Became: agent.OutcomeClicked, BecameAt: noon},
	}, f.note("Notices", q.Account, q.Limit)
}

func (f *fake) Rehearse(_ context.Context, account string) (agent.Rehearsal, error) {
	return rehearsed(0, false), f.note("Rehearse", account)
}

func (f *fake) Rehearsal(_ context.Context, id string, after int) (agent.Rehearsal, error) {
	return rehearsed(after+1, after == 2), f.note("Rehearsal", id, after)
}

// rehearsed is a rehearsal of two steps after so many changes.
func rehearsed(version int, done bool) agent.Rehearsal {
	r := agent.Rehearsal{ID: "r1", Version: version, Account: "a1", Done: done, Steps: []agent.RehearsalStep{{Step: "72h0m0s", Title: "Rehearsal: ends in 3 days", Due: noon}, {Step: "state-revoked", Title: "Rehearsal: disconnected"}}}
	for i := range min(version, 2) {
		r.Steps[i].Sent = noon
		r.Steps[i].Results = []agent.RehearsalResult{{Channel: "desktop", Became: agent.OutcomeShown}}
	}
	if version > 1 {
		r.Steps[0].Results[0].Became = agent.OutcomeClicked
		r.Steps[1].Results = append(r.Steps[1].Results, agent.RehearsalResult{Channel: "popup", Became: agent.OutcomeFailed, Reason: "no display; use the tray"})
	}
	return r
}

func (f *fake) SetSettings(_ context.Context, s agent.Settings) error {
	f.saved = s
	return f.note("SetSettings", s.Steps, s.PlatformSteps, s.Idle, s.Hour, s.Autostart, s.Urgent, s.Quiet, s.FreeDays, s.Away)
}

func (f *fake) Channels(context.Context) ([]agent.Channel, error) {
	return f.channels, f.err["Channels"]
}

func (f *fake) SetSecret(_ context.Context, channel, secret string) error {
	return f.note("SetSecret", channel, secret)
}

func (f *fake) TestChannel(_ context.Context, channel string) (string, error) {
	return "The test was taken.", f.note("TestChannel", channel)
}

func (f *fake) Calendar(context.Context) (string, error) {
	return "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", f.err["Calendar"]
}

func (f *fake) Unlock(_ context.Context, pass string, create bool) error {
	return f.note("Unlock", pass, create)
}

func (f *fake) Doctor(context.Context) ([]agent.Finding, error) { return f.findings, f.note("Doctor") }

func (f *fake) Activate(_ context.Context, a agent.Activation) error {
	a.Token = ""
	return f.note("Activate", a)
}

func (f *fake) About(context.Context) (agent.About, error) { return f.about, f.err["About"] }

func (f *fake) Quit(context.Context) error { return f.note("Quit") }

// accounts are one of each kind that matters: ended, ending, and never ending.
func accounts() *agent.Snapshot {
	clock := func(kind platform.ClockKind, source platform.Source, at, since time.Time) platform.Clock {
		return platform.Clock{Kind: kind, Source: source, At: at, Since: since}
	}
	row := func(a platform.Account, c platform.Clock) *agent.Row {
		g := platform.Grant{Account: a.ID, Generation: 2, Clocks: []platform.Clock{c}, Verified: noon.Add(-time.Hour)}
		return &agent.Row{Account: a, Grant: g, Status: platform.Assess(a, g, noon)}
	}
	return agent.NewSnapshot(agent.Snapshot{Seq: 1, At: noon}, []*agent.Row{
		row(platform.Account{ID: "a1", Platform: "linkedin", ProviderID: "u1", Alias: "acme", Name: "Acme"}, clock(platform.ClockAccess, platform.SourceProvider, noon.Add(3*day), noon.Add(-57*day))),
		row(platform.Account{ID: "a2", Platform: "facebook", ProviderID: "17", Alias: "shop", Name: "Acme Shop"}, clock(platform.ClockDataAccess, platform.SourceAssumed, noon.Add(-2*time.Hour), noon.Add(-90*day-2*time.Hour))),
		row(platform.Account{ID: "a3", Platform: "mastodon", Server: "https://mastodon.social", ProviderID: "9", Alias: "acme", Handle: "@acme@mastodon.social"}, platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceNever}),
	})
}

// ofOnePerson are two Pages of one person, the person, and a Page of another's.
func ofOnePerson() *agent.Snapshot {
	row := func(id, alias, owner string) *agent.Row {
		return &agent.Row{Account: platform.Account{ID: id, Platform: "facebook", ProviderID: id, Alias: alias, OwnerID: owner}}
	}
	return agent.NewSnapshot(agent.Snapshot{At: noon}, []*agent.Row{row("p1", "shop", "u1"), row("p2", "cafe", "u1"), row("p3", "owner", "u1"), row("p4", "other", "u2")})
}

// only keeps some of the accounts.
func only(s *agent.Snapshot, ids ...string) *agent.Snapshot {
	var rows []*agent.Row
	for _, id := range ids {
		rows = append(rows, s.Row(id))
	}
	return agent.NewSnapshot(agent.Snapshot{Seq: 1, At: s.At, Locked: s.Locked, Warnings: s.Warnings, Paused: s.Paused}, rows)
}

// bench is one run with everything around it.
type bench struct {
	fake        *fake
	stdin       io.Reader
	interactive bool
	progress    bool
	guide       bool     // all three streams are a person's terminal
	columns     int      // of the terminal
	blind       bool     // there is no display
	passwords   []string // typed without being shown
	dialErr     error
	locked      bool   // the vault is under a passphrase and backup needs it
	aside       string // where restore says the old vault went
	ctx         context.Context

	out, err bytes.Buffer
	dials    []bool
	other    []string
	hidden   int // how often what is typed is still hidden
}

func (b *bench) run(t *testing.T, args ...string) int {
	t.Helper()
	if b.fake == nil {
		b.fake = &fake{snapshot: accounts()}
	}
	if b.stdin == nil {
		b.stdin = strings.NewReader("")
	}
	if b.ctx == nil {
		b.ctx = t.Context()
	}
	if len(b.passwords) > 0 { // typed behind what is on stdin
		b.stdin = io.MultiReader(b.stdin, strings.NewReader(strings.Join(b.passwords, "\n")+"\n"))
	}
	l := &tool{progress: b.progress, guide: b.guide, columns: func() int { return b.columns }, Config: Config{
		Stdin: b.stdin, Stdout: &b.out, Stderr: &b.err, Interactive: b.interactive, Version: "1.2.3", Now: func() time.Time { return noon },
		Dial: func(_ context.Context, start bool) (agent.Service, error) {
			b.dials = append(b.dials, start)
			if b.dialErr != nil {
				return nil, b.dialErr
			}
			return b.fake, nil
		},
		RunAgent: func(_ context.Context, noTray bool, sandbox string) error {
			b.other = append(b.other, fmt.Sprint("agent ", noTray, " ", sandbox))
			return nil
		},
		OpenWindow: func(_ context.Context, page string) error { b.other = append(b.other, "window "+page); return nil },
		Links:      func(on bool) error { b.other = append(b.other, fmt.Sprint("links ", on)); return nil },
		Backup:     b.backup, Restore: b.restore,
		Upkeep: Upkeep{
			Inspect: func(_ context.Context, path, pass string) (agent.Archive, error) {
				b.other = append(b.other, "inspect "+path+" "+pass)
				return agent.Archive{At: noon, Accounts: map[string]int{"facebook": 2, "linkedin": 1}, Apps: 1}, nil
			},
			Erase:  func(context.Context) error { b.other = append(b.other, "erase"); return nil },
			Places: []string{"/data/relink"},
		},
		Hide: func() (func(), error) {
			b.hidden++
			return func() { b.hidden-- }, nil
		},
		HasDisplay: func() (bool, string) { return !b.blind, "no display" },
	}}
	return l.main(b.ctx, args)
}

func (b *bench) backup(_ context.Context, path string, vault, archive func() (string, error)) error {
	if b.locked {
		pass, err := vault()
		if err != nil {
			return err
		}
		b.other = append(b.other, "open "+pass)
	}
	pass, err := archive()
	if err != nil {
		return err
	}
	b.other = append(b.other, "backup "+path+" "+pass)
	return nil
}

func (b *bench) restore(_ context.Context, path, pass string, _ bool) (string, error) {
	b.other = append(b.other, "restore "+path+" "+pass)
	return b.aside, nil
}

// everyPlatform lists the platforms as an error does.
func everyPlatform() string {
	var ids []string
	for _, p := range platform.All() {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, ", ")
}

func (f *fake) TestBrowser(_ context.Context, command string) (string, error) {
	return "The browser opened the test page.", f.note("TestBrowser", command)
}

func (f *fake) TestKeyring(context.Context) (string, error) {
	return "The keyring works.", f.note("TestKeyring")
}

func (f *fake) Lock(context.Context) error { return f.note("Lock") }

func (f *fake) UseKeyring(context.Context) error { return f.note("UseKeyring") }

func (f *fake) Programs(context.Context) ([]agent.Program, error) {
	return f.programs, f.note("Programs")
}

func (f *fake) SetProgram(_ context.Context, name string, rule agent.Rule) error {
	return f.note("SetProgram", name, rule)
}

func (f *fake) ForgetProgram(_ context.Context, name string) error {
	return f.note("ForgetProgram", name)
}

func (f *fake) Browser(_ context.Context, account string) (string, error) {
	return f.settings.Browser, f.note("Browser", account)
}

func (f *fake) SetBrowser(_ context.Context, account, command string) error {
	return f.note("SetBrowser", account, command)
}
