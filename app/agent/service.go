package agent

import (
	"context"
	"iter"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
)

// Service is everything the window, the tray and the command line can do. The
// agent implements it in-process, link.Client over the socket.
//
// An account is named by its ID, its ref ("linkedin/acme"), or its alias where
// that is unique. Errors are *platform.Error: their Kind gives the exit code,
// their text is one line that ends with the repair.
type Service interface {
	// Snapshot gives the newest snapshot.
	Snapshot(ctx context.Context) (*Snapshot, error)
	// Watch sends the newest snapshot now and after every change until ctx
	// ends, then closes the channel. A slow reader misses older ones. The
	// channel also closes when the agent goes away.
	Watch(ctx context.Context) (<-chan *Snapshot, error)

	// Connect starts a browser flow for a new account, Reconnect for one that
	// is there; a second attempt replaces the first. Both return as soon as
	// the listener answers, with the address to open; the flow goes on in the agent.
	Connect(ctx context.Context, r ConnectRequest) (Flow, error)
	Reconnect(ctx context.Context, r ReconnectRequest) (Flow, error)
	// Flow waits until the flow has changed from the version given (0: at
	// once) and gives it.
	Flow(ctx context.Context, id string, after int) (Flow, error)
	// Paste hands in the redirect address a person copied from the browser.
	Paste(ctx context.Context, id, address string) error
	// Choose says which of the flow's candidates become accounts, by
	// provider id; none leaves one account unfinished.
	Choose(ctx context.Context, id string, providerIDs []string) error
	// Cancel ends a flow; nothing is changed.
	Cancel(ctx context.Context, id string) error

	// Import stores a token made elsewhere, after identifying it.
	Import(ctx context.Context, r ImportRequest) (Row, error)
	// Token gives a working access token, refreshed if that is needed and can
	// be done without a person.
	Token(ctx context.Context, r TokenRequest) (Token, error)
	// Check verifies accounts at their platforms now; no name means all.
	Check(ctx context.Context, accounts ...string) ([]CheckResult, error)
	// Snooze holds reminders back until a time; zero ends it.
	Snooze(ctx context.Context, account string, until time.Time) error
	// Later snoozes an account until a moment the agent finds, and gives it; an
	// account that has no such moment is an error of KindUsage.
	Later(ctx context.Context, account string, choice notifier.Later) (time.Time, error)
	// Mute switches an account's reminders off, or on again.
	Mute(ctx context.Context, account string, on bool) error
	// SetSteps gives an account a ladder of its own; none takes it back.
	SetSteps(ctx context.Context, account string, steps []time.Duration) error
	// Pause holds all reminders back until a time, but for what ends meanwhile; zero ends it.
	Pause(ctx context.Context, until time.Time) error
	// Rename changes the alias.
	Rename(ctx context.Context, account, alias string) error
	// Label replaces an account's labels; none takes them all away.
	Label(ctx context.Context, account string, labels []string) error
	// Avatar gives an account's picture, a PNG, JPEG, GIF or WebP of at most
	// 256 KB from elsewhere: check its size in pixels before decoding it. It
	// waits for one that is being fetched; where none can be had, the error's
	// kind is not_found.
	Avatar(ctx context.Context, account string) ([]byte, error)
	// Forget removes an account and its tokens, revoking them at the platform first if asked.
	Forget(ctx context.Context, account string, revoke bool) error
	// History lists what happened, newest first; an empty account means all.
	History(ctx context.Context, account string, limit int) ([]Event, error)

	// Notices lists what was said to the person, newest first, by every channel
	// and what became of it.
	Notices(ctx context.Context, q NoticeQuery) ([]Notice, error)
	// Rehearse walks an account's reminders on every channel, marked as a
	// rehearsal, within a minute; it returns as soon as the first is on its way.
	// Rehearsal waits until more has happened than in the version given and says
	// what (0: at once).
	Rehearse(ctx context.Context, account string) (Rehearsal, error)
	Rehearsal(ctx context.Context, id string, after int) (Rehearsal, error)

	// Apps lists the app registrations stored, without their secrets.
	Apps(ctx context.Context) ([]platform.App, error)
	SetApp(ctx context.Context, r AppRequest) error
	DeleteApp(ctx context.Context, platformID, server string) error
	// TestApp asks the platform about an app registration, as far as that goes
	// without a person at a browser, and says of each part whether it was tried. Without
	// a client id it is the one stored; without a secret the stored one's, where the id is
	// the same. Nothing is stored.
	TestApp(ctx context.Context, r AppRequest) ([]Finding, error)
	// Redirect gives the exact redirect address to register for a platform.
	Redirect(ctx context.Context, platformID string) (string, error)

	Settings(ctx context.Context) (Settings, error)
	SetSettings(ctx context.Context, s Settings) error
	// Channels says how each way to tell people and programs beside the
	// desktop's notifications does: mail, webhook, command hook and calendar.
	Channels(ctx context.Context) ([]Channel, error)
	// SetSecret stores a channel's secret: the mail password, the webhook's
	// signing key. An empty one deletes it.
	SetSecret(ctx context.Context, channel, secret string) error
	// TestChannel sends a test over a channel, or as a notification on the desktop
	// (ChannelDesktop), now and gives what became of it in one line.
	TestChannel(ctx context.Context, channel string) (string, error)
	// Calendar gives all deadlines as an iCalendar text (RFC 5545).
	Calendar(ctx context.Context) (string, error)
	// Unlock opens the vault with a passphrase; create makes one where none was chosen yet.
	Unlock(ctx context.Context, passphrase string, create bool) error
	// Doctor says what works here.
	Doctor(ctx context.Context) ([]Finding, error)
	// Activate does what a click asked for: the same for the tray, a
	// notification, a link and a second launch.
	Activate(ctx context.Context, a Activation) error
	// Pages sends the pages a window is asked to show until ctx ends, then
	// closes the channel. While somebody listens, the agent asks them rather
	// than start another window.
	Pages(ctx context.Context) (<-chan Page, error)
	// About says which program and version answers.
	About(ctx context.Context) (About, error)
	Quit(ctx context.Context) error

	Upkeep
}

// Row is one account as people see it. Rows are immutable and shared between snapshots.
type Row struct {
	Account platform.Account `json:"account"`
	Grant   platform.Grant   `json:"grant"`
	Status  platform.Status  `json:"status"`
	// UnreachableSince is when the platform stopped answering; zero while it does.
	UnreachableSince time.Time `json:"unreachable_since,omitzero"`
	// Flow is the id of a browser flow that runs for this account.
	Flow string `json:"flow,omitempty"`
}

// Snapshot is the whole state at one moment, immutable.
type Snapshot struct {
	// Seq grows with every snapshot of one agent.
	Seq uint64
	// At is when it was made, by the agent's trusted clock.
	At time.Time
	// Locked says why secrets cannot be read; empty when they can.
	Locked string
	// Warnings are lines for the person: a clock that jumped, no tray host,
	// notifications that do not work, a vault that was set aside.
	Warnings []string
	// AtLogin is the one of Warnings that says that nobody starts Relink at login;
	// empty where none does. A window that asks the person about it leaves it out.
	AtLogin string
	// Paused holds all reminders back until then.
	Paused time.Time
	// Language is the tag of the language the agent speaks, so that a window follows a change of it.
	Language string
	// Flows are the browser flows that run, or ended within the last minutes.
	Flows []Flow
	// Counts per state, and how many need a person now.
	Counts map[platform.State]int
	rows   rowSet
}

// All walks the accounts, worst first.
func (s *Snapshot) All() iter.Seq[*Row] {
	if s == nil {
		return func(func(*Row) bool) {}
	}
	return s.rows.all()
}

// Len is the number of accounts.
func (s *Snapshot) Len() int {
	if s == nil {
		return 0
	}
	return s.rows.len()
}

// Row finds an account by its ID, nil when there is none.
func (s *Snapshot) Row(id string) *Row {
	if s == nil {
		return nil
	}
	return s.rows.get(id)
}

// NeedsPerson is how many accounts somebody must act on now.
func (s *Snapshot) NeedsPerson() int {
	n := 0
	for state, count := range s.Counts {
		if state.NeedsPerson() {
			n += count
		}
	}
	return n
}

// Phase is where a browser flow stands.
type Phase string

// The phases of a flow.
const (
	// PhaseWaiting: the browser is with the person.
	PhaseWaiting Phase = "waiting"
	// PhaseWorking: the callback came; tokens and identity are being fetched.
	PhaseWorking Phase = "working"
	// PhaseChoosing: several pages or organisations; the person chooses.
	PhaseChoosing Phase = "choosing"
	// PhaseDone: stored.
	PhaseDone Phase = "done"
	// PhaseFailed: nothing was changed; Error says why.
	PhaseFailed Phase = "failed"
)

// Ended reports whether nothing more will happen.
func (p Phase) Ended() bool { return p == PhaseDone || p == PhaseFailed }

// Flow is one browser sign-in.
type Flow struct {
	ID       string `json:"id"`
	Version  int    `json:"version"`
	Platform string `json:"platform"`
	// Account is the one being reconnected; empty on first connection.
	Account string `json:"account,omitempty"`
	Phase   Phase  `json:"phase"`
	// URL is the address for the browser; Redirect where it comes back to.
	URL      string `json:"url,omitempty"`
	Redirect string `json:"redirect,omitempty"`
	// UserCode is to be typed at URL, from which the browser does not come back
	// (a device code); empty for any other way.
	UserCode string `json:"user_code,omitempty"`
	// Listening is false when no listener could be had and the redirect
	// address must be pasted.
	Listening bool `json:"listening"`
	// Opened is true when the agent has asked the system to open the browser.
	Opened   bool      `json:"opened"`
	Deadline time.Time `json:"deadline,omitzero"`
	// Candidates to choose from while choosing.
	Candidates []platform.Identity `json:"candidates,omitempty"`
	// Less is what an account will no longer do because a permission was not granted.
	// While choosing: the account can do it still, nothing was changed, and the one candidate
	// chosen takes the new permission all the same, none leaves the account what it had. When
	// done: it was stored, as there was nothing better to keep.
	Less []Loss `json:"less,omitempty"`
	// Accounts are the IDs stored when done.
	Accounts []string `json:"accounts,omitempty"`
	// SignedIn is who signed in instead of the account's owner, of an Error of KindWrongAccount;
	// empty where it was the owner, who did not allow the account.
	SignedIn string `json:"signed_in,omitempty"`
	// Notes are lines for the person: while waiting why the address must be pasted, or what the
	// browser will ask; when done permissions that are missing, an end date that did not move.
	Notes []string        `json:"notes,omitempty"`
	Error *platform.Error `json:"error,omitempty"`
	// Told is true once somebody was given how it ended: whoever followed it, or
	// the person by a notification. A window that opens later shows what nobody was told.
	Told bool `json:"told,omitempty"`
}

// Loss is one thing that an account does not do because of permissions that were not granted.
type Loss struct {
	// Title is the account as people read it.
	Title      string              `json:"title"`
	Capability platform.Capability `json:"capability"`
	// Missing are the permissions, by the platform's own names.
	Missing []string `json:"missing"`
}

// Text says it in a sentence.
func (l Loss) Text() string {
	return platform.T("%s: %s will not work, %s was not granted.", l.Title, l.Capability.Word(), platform.Join(l.Missing))
}

// ConnectRequest starts a first connection.
type ConnectRequest struct {
	Platform string                `json:"platform"`
	Server   string                `json:"server,omitempty"`
	Wants    []platform.Capability `json:"wants,omitempty"`
	// ClientID is a public client's, where no app registration is stored.
	ClientID string `json:"client_id,omitempty"`
	// NoBrowser leaves opening the address to the caller.
	NoBrowser bool `json:"no_browser,omitempty"`
	// NoListener is for a browser on another machine: the address is pasted.
	NoListener bool `json:"no_listener,omitempty"`
	// Device signs in by a code typed on another page, where the platform has that.
	Device bool `json:"device,omitempty"`
	// Login and Secret are a credential made at the platform (an app password, a
	// bot token, a webhook's address), handed over instead of a sign-in in the
	// browser; see platform.Credential.
	Login  string `json:"login,omitempty"`
	Secret string `json:"secret,omitempty"`
}

// ReconnectRequest starts the flow again for an account.
type ReconnectRequest struct {
	Account string `json:"account"`
	// Anew asks again for what was declined at the last sign-in, where the platform
	// would not by itself.
	Anew       bool `json:"anew,omitempty"`
	NoBrowser  bool `json:"no_browser,omitempty"`
	NoListener bool `json:"no_listener,omitempty"`
	// Device, Login and Secret are as in ConnectRequest; an empty Login is the account's handle.
	Device bool   `json:"device,omitempty"`
	Login  string `json:"login,omitempty"`
	Secret string `json:"secret,omitempty"`
}

// ImportRequest brings a token made elsewhere.
type ImportRequest struct {
	Platform string `json:"platform"`
	Server   string `json:"server,omitempty"`
	Alias    string `json:"alias,omitempty"`
	Access   string `json:"access_token"`
	// Refresh alone is used once to get an access token.
	Refresh  string `json:"refresh_token,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	// Login goes with an app password.
	Login string `json:"login,omitempty"`
	// Keeper is where another program keeps the token, which is then watched and
	// read there instead of stored, as platform.ParseKeeper reads it.
	Keeper string `json:"keeper,omitempty"`
	// Pick names the account where a token is for several.
	Pick string `json:"pick,omitempty"`
	// ExpiresAt as the giver knows it; zero when unknown.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// TokenRequest asks for a working access token.
type TokenRequest struct {
	Account string `json:"account"`
	// MinValid is how long it must still hold; zero takes any that has not ended.
	MinValid time.Duration `json:"min_valid,omitempty"`
	// Consumer names who asks, for the history: the program's name.
	Consumer string `json:"consumer,omitempty"`
	// Interactive is true when a person sits at the caller's terminal.
	Interactive bool `json:"interactive,omitempty"`
}

// Token is a working access token. ExpiresAt is zero when it does not end or nobody knows.
type Token struct {
	Account     string    `json:"account"`
	AccessToken string    `json:"access_token"`
	TokenType   string    `json:"token_type"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	Scopes      []string  `json:"scopes,omitempty"`
}

// Scheme is the token's type as an Authorization header has it.
func (t Token) Scheme() string {
	if t.TokenType == "" || strings.EqualFold(t.TokenType, "bearer") {
		return "Bearer"
	}
	return t.TokenType
}

// Alone says why the token is of no use by itself; nil when it is. One that is
// bound to a key (RFC 9449) goes with a proof that only the key's holder can
// make, anew for every request.
func (t Token) Alone() error {
	if !strings.EqualFold(t.TokenType, "DPoP") {
		return nil
	}
	return &platform.Error{
		Kind: platform.KindPolicy, Code: "bound", Message: platform.T("the token of %s is bound to a key (DPoP) and of no use alone", t.Account),
		Repair: platform.T("sign in with an app password instead: relink reconnect %s --app-password-stdin", t.Account),
	}
}

// CheckResult is what the platform said about one account.
type CheckResult struct {
	Account string          `json:"account"`
	Ref     string          `json:"ref"`
	State   platform.State  `json:"state"`
	Left    string          `json:"left"`
	Error   *platform.Error `json:"error,omitempty"`
}

// Event is one line of history.
type Event struct {
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"`
	// Ref is the account's name when it happened, "linkedin/acme".
	Ref string `json:"ref,omitempty"`
	// Kind is a code: connected, reconnected, imported, refreshed, refresh_failed,
	// verified, rejected, unreachable, reachable, notice, notice_failed, withdrawn, clicked, snoozed,
	// token, forgotten, flow_failed, renamed, labelled, settings, clock; of a channel:
	// mail, webhook, hook, and with _failed when it was given up.
	Kind string `json:"kind"`
	// Text is the sentence people read.
	Text string `json:"text"`
	// Program is the one that took a token, of kind token.
	Program string `json:"program,omitempty"`
	// Notice is what was said, of kinds notice and notice_failed.
	Notice *Notice `json:"notice,omitempty"`
}

// Outcome is what became of a notice.
type Outcome string

// The outcomes. The first three are what a channel knows; what the person did
// takes their place, and the first thing the person did stays.
const (
	// OutcomeQueued: on its way, as a mail that waits for its server.
	OutcomeQueued Outcome = "queued"
	// OutcomeShown: the channel took it. Whether it was seen nobody can know.
	OutcomeShown Outcome = "shown"
	// OutcomeFailed: the channel could not; Reason says why.
	OutcomeFailed Outcome = "failed"
	// OutcomeClicked: the person asked for what it offers.
	OutcomeClicked Outcome = "clicked"
	OutcomeSnoozed Outcome = "snoozed"
	// OutcomeClosed: the person put it away, OutcomeExpired: the desktop did.
	OutcomeClosed  Outcome = "closed"
	OutcomeExpired Outcome = "expired"
	// OutcomeReplaced: a newer one about the same took its place.
	OutcomeReplaced Outcome = "replaced"
	// OutcomeWithdrawn: taken back because it was no longer true.
	OutcomeWithdrawn Outcome = "withdrawn"
)

// open reports whether more may become of it.
func (o Outcome) open() bool { return o == OutcomeQueued || o == OutcomeShown }

// The channels that tell the person on this computer; the others are with [Channel].
const (
	ChannelDesktop = "desktop"
	ChannelPopup   = "popup"
)

// Notice is one thing said to the person by one channel.
type Notice struct {
	// ID grows with every notice.
	ID int64     `json:"id"`
	At time.Time `json:"at"`
	// Channel is "desktop", "popup", "mail", "webhook" or "hook".
	Channel string `json:"channel"`
	// Note is what it is about, as notifier.Note.ID: the newer of two with the
	// same takes the older's place.
	Note string `json:"note"`
	// Accounts are the IDs of the accounts it names.
	Accounts []string  `json:"accounts,omitempty"`
	Title    string    `json:"title"`
	Body     string    `json:"body,omitempty"`
	Became   Outcome   `json:"became"`
	BecameAt time.Time `json:"became_at,omitzero"`
	// Reason is why it failed, one line that ends with the repair.
	Reason string `json:"reason,omitempty"`
	// Rehearsal is true when it was only shown for practice.
	Rehearsal bool `json:"rehearsal,omitempty"`
}

// NoticeQuery says which notices are wanted.
type NoticeQuery struct {
	// Account names the one account; empty means all.
	Account string `json:"account,omitempty"`
	// Since is the oldest wanted; zero means 90 days.
	Since time.Time `json:"since,omitzero"`
	// Limit is how many at most; 0 means 200.
	Limit int `json:"limit,omitempty"`
}

// Rehearsal is a walk through an account's reminders.
type Rehearsal struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Account string `json:"account"`
	// Steps are all there will be; those not sent yet have no Sent.
	Steps []RehearsalStep `json:"steps"`
	// Done: nothing more will be sent.
	Done bool `json:"done"`
}

// RehearsalStep is one reminder as it would be.
type RehearsalStep struct {
	// Step is its name in the ledger, Title and Body what it says.
	Step  string `json:"step"`
	Title string `json:"title"`
	Body  string `json:"body"`
	// Due is when the real one goes out as things are now; zero where it is not known.
	Due  time.Time `json:"due,omitzero"`
	Sent time.Time `json:"sent,omitzero"`
	// Results are what became of it, by channel.
	Results []RehearsalResult `json:"results,omitempty"`
}

// RehearsalResult is what one channel did with a rehearsed reminder.
type RehearsalResult struct {
	Channel string  `json:"channel"`
	Became  Outcome `json:"became"`
	Reason  string  `json:"reason,omitempty"`
}

// AppRequest stores an app registration.
type AppRequest struct {
	Platform string `json:"platform"`
	Server   string `json:"server,omitempty"`
	ClientID string `json:"client_id"`
	Secret   string `json:"client_secret,omitempty"`
	// Redirect is the exact address registered; empty means Relink's default.
	Redirect string `json:"redirect,omitempty"`
}

// Settings are what a person may change; see config.toml.
type Settings struct {
	// Steps is the reminder ladder before the end, longest first.
	Steps []time.Duration `json:"steps"`
	// PlatformSteps overrides it per platform.
	PlatformSteps map[string][]time.Duration `json:"platform_steps,omitempty"`
	// Urgent is one more step, for accounts that a scheduled post or a script
	// depends on; 0 is none.
	Urgent time.Duration `json:"urgent"`
	// Hour is the local hour of the daily repeat, 0 to 23.
	Hour int `json:"hour"`
	// Quiet hours and free days move a reminder earlier; "22:00-07:00" and "sat,sun" in JSON.
	Quiet    notifier.Quiet `json:"quiet,omitzero"`
	FreeDays notifier.Days  `json:"free_days,omitzero"`
	// Away is when nobody is there: what ends within it is told before; "2026-12-12/2026-12-26" in JSON.
	Away notifier.Away `json:"away,omitzero"`
	// Idle is how long an account may go unused before a reconnect is asked for; 0 switches the rule off.
	Idle time.Duration `json:"idle"`
	// Poll is the longest sleep of the agent; at most an hour.
	Poll time.Duration `json:"poll"`
	// Verify is how often a platform is asked whether the grant still works.
	Verify time.Duration `json:"verify"`
	// Port is the fixed port of the redirect address.
	Port int `json:"port"`
	// Autostart starts the agent at login.
	Autostart bool `json:"autostart"`
	// Language of all that is said: "auto" for the person's, "en", "de", "es", "fr" or "ja"; empty is "auto".
	Language string `json:"language,omitempty"`
	// Browser is the command that opens an address; empty means the system's.
	Browser string `json:"browser,omitempty"`
	// Confirm gives no token to a program that nobody has allowed, but for one
	// that a person runs at a terminal; see Upkeep.SetProgram.
	Confirm bool `json:"confirm,omitempty"`
	// Mail says where reminders are mailed; without a server none are.
	Mail Mail `json:"mail,omitzero"`
	// Webhook is the address that events are posted to; empty for none.
	Webhook string `json:"webhook,omitempty"`
	// Hook is the command that is given events, words split at spaces, quotes kept together; empty for none.
	Hook string `json:"hook,omitempty"`
	// Calendar is the .ics file of all deadlines: empty for none, "on" for
	// relink.ics beside Relink's data, or an absolute path.
	Calendar string `json:"calendar,omitempty"`
	// Key is where the vault's key is: "keyring" or "passphrase"; empty until chosen.
	Key string `json:"key,omitempty"`
	// KeyPlace says the same in words; read only.
	KeyPlace string `json:"key_place,omitempty"`
}

// Mail is how reminders are mailed. The password is no setting: see SetSecret.
type Mail struct {
	// Server is the mail server's host name; empty switches mail off.
	Server string `json:"server,omitempty"`
	// Port of the server; 0 means 587, or 465 with tls.
	Port int `json:"port,omitempty"`
	// Security is "starttls" (also when empty) or "tls", both required of the
	// server, or "none", which is taken for a server on this computer only.
	Security string `json:"security,omitempty"`
	// User to sign in as; empty for a server that asks for none.
	User string `json:"user,omitempty"`
	// From is the sender's address; empty means User.
	From string `json:"from,omitempty"`
	// To gets everything.
	To []string `json:"to,omitempty"`
	// Labels are further recipients, each told of the accounts with that label only.
	Labels map[string][]string `json:"labels,omitempty"`
}

// The channels.
const (
	ChannelMail     = "mail"
	ChannelWebhook  = "webhook"
	ChannelHook     = "hook"
	ChannelCalendar = "calendar"
)

// Channel is how one of the channels does.
type Channel struct {
	// Name is mail, webhook, hook or calendar.
	Name string `json:"name"`
	On   bool   `json:"on"`
	// Where says where it goes, for people: a mail server, a host, a program, a file.
	Where string `json:"where,omitempty"`
	// Secret is true when its secret is stored.
	Secret bool `json:"secret,omitempty"`
	// Waiting counts what is yet to be sent, Since is when the oldest of it arose.
	Waiting int       `json:"waiting,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// At is when something was last sent or tried, zero when never; OK is how
	// that went, and Text the result in one line.
	At   time.Time `json:"at,omitzero"`
	OK   bool      `json:"ok"`
	Text string    `json:"text,omitempty"`
	// Message and Repair are the parts of Text where it failed: why, and what mends it.
	Message string `json:"message,omitempty"`
	Repair  string `json:"repair,omitempty"`
}

// Level of a finding.
type Level string

// The levels: fine, a loss, a fault.
const (
	LevelOK   Level = "ok"
	LevelWarn Level = "warn"
	LevelFail Level = "fail"
	// LevelUntested is what was not tried, or gave no answer; of TestApp only.
	LevelUntested Level = "untested"
)

// Finding is one line of the doctor.
type Finding struct {
	// Name is the part: of TestApp shape, server, app, redirect and rest; else keyring, notifications, tray, browser, clock, network, vault, agent, autostart, links.
	Name   string `json:"name"`
	Level  Level  `json:"level"`
	Text   string `json:"text"`
	Repair string `json:"repair,omitempty"`
}

// Line is what was found, and what mends it, in one line.
func (f Finding) Line() string {
	if f.Repair == "" {
		return f.Text
	}
	return platform.T("%s; %s", strings.TrimRight(f.Text, ".。"), f.Repair)
}

// Activation is a click, wherever it happened: tray, notification, link, second launch.
type Activation = notifier.Activation

// Page is what a window is asked to show.
type Page struct {
	// Name is "accounts", "needs", "connect", "notices", "settings", "settings:PAGE" by its English name, "about", "account:ID" or "popup:ID".
	Name string `json:"name"`
	// Token is the desktop's activation token (XDG), which allows the window to come to the front.
	Token string `json:"token,omitempty"`
}

// About says who answers.
type About struct {
	Version string `json:"version"`
	PID     int    `json:"pid"`
	// Home holds the directories in use.
	Config string `json:"config"`
	Data   string `json:"data"`
	Log    string `json:"log"`
	// Sandbox is the practice network's address, empty for the real platforms.
	Sandbox string `json:"sandbox,omitempty"`
	Full    bool   `json:"full"`
	// Flags are those that this agent was started with, for one that takes its place.
	Flags []string `json:"flags,omitempty"`
	// Windows is how many window processes show something now.
	Windows int `json:"windows,omitempty"`
}
