package cli

import (
	"time"

	"relink/app/agent"
	"relink/platform"
)

// restoredOut is what restore did; SetAside is the file of the vault that was there.
type restoredOut struct {
	OK       bool   `json:"ok"`
	SetAside string `json:"set_aside,omitempty"`
}

// okOut is the result of a verb that has nothing else to say.
type okOut struct {
	OK bool `json:"ok"`
}

// statusOut is the result of status.
type statusOut struct {
	At time.Time `json:"at"`
	// NeedsPerson counts the accounts that somebody must act on now.
	NeedsPerson int `json:"needs_person"`
	// Locked says why the vault cannot be read.
	Locked      string       `json:"locked,omitempty"`
	PausedUntil time.Time    `json:"paused_until,omitzero"`
	Warnings    []string     `json:"warnings,omitempty"`
	Accounts    []accountOut `json:"accounts"`
}

// accountOut is one account.
type accountOut struct {
	ID       string `json:"id"`
	Ref      string `json:"ref"`
	Alias    string `json:"alias"`
	Platform string `json:"platform"`
	Server   string `json:"server,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Name     string `json:"name,omitempty"`
	Handle   string `json:"handle,omitempty"`
	// Labels are the person's own.
	Labels []string `json:"labels,omitempty"`
	// State is the code, StateWord what people read.
	State       platform.State `json:"state"`
	StateWord   string         `json:"state_word"`
	NeedsPerson bool           `json:"needs_person"`
	// Reason is a code, Why a sentence.
	Reason string `json:"reason,omitempty"`
	Why    string `json:"why,omitempty"`
	// Left is in words; LeftSeconds is missing when no end is known, and negative after it.
	Left        string          `json:"left"`
	LeftSeconds *int64          `json:"left_seconds,omitempty"`
	Deadline    *clockOut       `json:"deadline,omitempty"`
	LifeSeconds int64           `json:"life_seconds,omitempty"`
	Clocks      []clockOut      `json:"clocks,omitempty"`
	Scopes      []string        `json:"scopes,omitempty"`
	Works       []capabilityOut `json:"capabilities,omitempty"`
	// Generation counts the grants the account has had.
	Generation int       `json:"generation"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
	// Keeper is where another program keeps the token, where one does.
	Keeper           string    `json:"keeper,omitempty"`
	UnreachableSince time.Time `json:"unreachable_since,omitzero"`
	SnoozedUntil     time.Time `json:"snoozed_until,omitzero"`
	// Muted accounts are never reminded of; StepsSeconds are reminders of the account's own.
	Muted        bool    `json:"muted,omitempty"`
	StepsSeconds []int64 `json:"steps_seconds,omitempty"`
	Flow         string  `json:"flow,omitempty"`
}

// clockOut is one thing that ends; it never ends where At is missing.
type clockOut struct {
	Kind   platform.ClockKind `json:"kind"`
	At     time.Time          `json:"at,omitzero"`
	Source platform.Source    `json:"source"`
	Since  time.Time          `json:"since,omitzero"`
}

// capabilityOut says whether the account can do one thing now.
type capabilityOut struct {
	Capability platform.Capability `json:"capability"`
	Works      bool                `json:"works"`
	Missing    []string            `json:"missing_scopes,omitempty"`
}

func clock(c platform.Clock) clockOut {
	return clockOut{Kind: c.Kind, At: stamp(c.At), Source: c.Source, Since: stamp(c.Since)}
}

// accountOf tells an account as it is now.
func accountOf(row *agent.Row, now time.Time) accountOut {
	a, g, s := row.Account, row.Grant, row.Status
	out := accountOut{
		ID: a.ID, Ref: a.Ref(), Alias: a.Alias, Platform: a.Platform, Server: a.Server, Kind: a.Kind, Name: a.Name, Handle: a.Handle, Labels: a.Labels,
		State: s.State, StateWord: s.State.Word(), NeedsPerson: s.State.NeedsPerson(), Reason: s.Reason, Why: s.Why(platformName(a.Platform)),
		Left: s.Left(now), LifeSeconds: int64(s.Life / time.Second), Scopes: g.Scopes, Generation: g.Generation,
		Keeper: a.Keeper.String(), VerifiedAt: stamp(g.Verified), LastUsedAt: stamp(a.LastUsed), UnreachableSince: stamp(row.UnreachableSince), Flow: row.Flow,
	}
	if s.Deadline.Kind != "" {
		c := clock(s.Deadline)
		out.Deadline = &c
	}
	if s.Deadline.Ends() {
		left := int64(s.Deadline.At.Sub(now) / time.Second)
		out.LeftSeconds = &left
	}
	if a.Snoozed.After(now) {
		out.SnoozedUntil = stamp(a.Snoozed)
	}
	out.Muted = a.Muted
	for _, d := range a.Steps {
		out.StepsSeconds = append(out.StepsSeconds, int64(d/time.Second))
	}
	for _, c := range g.Clocks {
		out.Clocks = append(out.Clocks, clock(c))
	}
	for _, c := range s.Capabilities {
		out.Works = append(out.Works, capabilityOut{c.Capability, c.Works, c.Missing})
	}
	return out
}

func platformName(id string) string {
	if p, err := platform.Lookup(id); err == nil {
		return p.Title()
	}
	return id
}

// flowOut is the first line of connect and reconnect: what the browser is to open.
type flowOut struct {
	Flow     string `json:"flow"`
	Platform string `json:"platform"`
	URL      string `json:"url"`
	Redirect string `json:"redirect,omitempty"`
	// UserCode is to be typed at URL (a device code).
	UserCode string `json:"user_code,omitempty"`
	// Listening is false when the redirect address must be pasted.
	Listening bool      `json:"listening"`
	Until     time.Time `json:"until,omitzero"`
}

// connectedOut is a result of connect and reconnect.
type connectedOut struct {
	Flow     string       `json:"flow"`
	Accounts []accountOut `json:"accounts"`
	Notes    []string     `json:"notes,omitempty"`
}

// tokenOut is the result of token.
type tokenOut struct {
	Account     string `json:"account"`
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	// ExpiresAt is missing when it does not end or nobody knows.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	ExpiresIn *int64    `json:"expires_in_seconds,omitempty"`
	Scopes    []string  `json:"scopes,omitempty"`
	// Note says why the token is of no use alone.
	Note string `json:"note,omitempty"`
}

// checkOut is one result of check.
type checkOut struct {
	Account string         `json:"account"`
	Ref     string         `json:"ref"`
	State   platform.State `json:"state"`
	Left    string         `json:"left"`
	// Error is what the platform said, with the kind and the repair.
	Error *platform.Error `json:"error,omitempty"`
}

// eventOut is one line of history.
type eventOut struct {
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"`
	Ref     string    `json:"ref,omitempty"`
	Kind    string    `json:"kind"`
	Text    string    `json:"text"`
	// Notice is there where the line is something that was said.
	Notice *noticeOut `json:"notice,omitempty"`
}

// noticeOut is one thing said to the person by one channel.
type noticeOut struct {
	ID int64     `json:"id"`
	At time.Time `json:"at"`
	// Channel is "desktop", "popup", "mail", "webhook" or "hook".
	Channel  string   `json:"channel"`
	Accounts []string `json:"accounts,omitempty"`
	Title    string   `json:"title"`
	Body     string   `json:"body,omitempty"`
	// Became is queued, shown, failed, clicked, snoozed, closed, expired, replaced or withdrawn.
	Became    agent.Outcome `json:"became"`
	BecameAt  time.Time     `json:"became_at,omitzero"`
	Reason    string        `json:"reason,omitempty"`
	Rehearsal bool          `json:"rehearsal,omitempty"`
}

func noticeOf(n agent.Notice) *noticeOut {
	return &noticeOut{n.ID, stamp(n.At), n.Channel, n.Accounts, n.Title, n.Body, n.Became, stamp(n.BecameAt), n.Reason, n.Rehearsal}
}

// mutedOut is the result of mute.
type mutedOut struct {
	Account string `json:"account"`
	Muted   bool   `json:"muted"`
}

// stepsOut is the result of steps; none means the account is reminded of like the others.
type stepsOut struct {
	Account string  `json:"account"`
	Steps   []int64 `json:"steps_seconds"`
}

// rehearsalOut is one line of rehearse.
type rehearsalOut struct {
	Step  string `json:"step"`
	Title string `json:"title"`
	Body  string `json:"body"`
	// Due is when the real one goes out; missing where that is not known.
	Due     time.Time            `json:"due,omitzero"`
	Sent    time.Time            `json:"sent,omitzero"`
	Results []rehearsalResultOut `json:"results"`
}

type rehearsalResultOut struct {
	Channel string        `json:"channel"`
	Became  agent.Outcome `json:"became"`
	Reason  string        `json:"reason,omitempty"`
}

// findingOut is one line of doctor.
type findingOut struct {
	Name   string      `json:"name"`
	Level  agent.Level `json:"level"`
	Text   string      `json:"text"`
	Repair string      `json:"repair,omitempty"`
}

// platformOut is one platform.
type platformOut struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Lifetime string `json:"lifetime"`
	// Family is how tokens are renewed without a person: none, static, rotating, extending.
	Family platform.Family `json:"family"`
	// Needs is "server", "issuer" or "handle" where one must be given.
	Needs        string                `json:"needs,omitempty"`
	Registration platform.Registration `json:"registration"`
	// Scopes are always asked for; Capabilities as ticked.
	Scopes       []string        `json:"scopes,omitempty"`
	Capabilities []platform.Need `json:"capabilities"`
	// RedirectClass is any-port, fixed, https or none.
	RedirectClass platform.Redirect `json:"redirect_class"`
	// Credential is the way in by hand, where there is one; Device, whether a code can be typed.
	Credential *platform.Credential `json:"credential,omitempty"`
	Device     bool                 `json:"device,omitempty"`
	// VerifyCost is free, cheap or never.
	VerifyCost platform.Cost `json:"verify_cost"`
	// RevokePage is where you remove Relink yourself, where it cannot do so.
	RevokePage string `json:"revoke_page,omitempty"`
	// Legacy platforms give nothing new out any more.
	Legacy bool `json:"legacy,omitempty"`
	// Redirect is the exact address to register, where one platform was asked about.
	Redirect string `json:"redirect,omitempty"`
}

// appOut is one app registration.
type appOut struct {
	Platform string `json:"platform"`
	Server   string `json:"server,omitempty"`
	ClientID string `json:"client_id"`
	Redirect string `json:"redirect,omitempty"`
	// Self is true when Relink registered the app by itself.
	Self bool `json:"self,omitempty"`
}

// practiceOut is where the practice network is.
type practiceOut struct {
	Address string `json:"address"`
}

// labelsOut are an account's labels.
type labelsOut struct {
	Account string   `json:"account"`
	Labels  []string `json:"labels"`
}

// heldOut is the result of snooze and pause; off when Until is missing.
type heldOut struct {
	Account string    `json:"account,omitempty"`
	Until   time.Time `json:"until,omitzero"`
}

// settingsOut are the settings; 0 seconds means off.
type settingsOut struct {
	Steps         []int64            `json:"steps_seconds"`
	PlatformSteps map[string][]int64 `json:"platform_steps_seconds,omitempty"`
	Urgent        int64              `json:"urgent_seconds"`
	Hour          int                `json:"hour"`
	Quiet         string             `json:"quiet,omitempty"`
	FreeDays      []string           `json:"free_days,omitempty"`
	Away          string             `json:"away,omitempty"`
	Idle          int64              `json:"idle_seconds"`
	Poll          int64              `json:"poll_seconds"`
	Verify        int64              `json:"verify_seconds"`
	Port          int                `json:"port"`
	Autostart     bool               `json:"autostart"`
	Language      string             `json:"language"`
	Browser       string             `json:"browser,omitempty"`
	Confirm       bool               `json:"confirm"`
	// Mail is missing where none is sent.
	Mail     *agent.Mail `json:"mail,omitempty"`
	Webhook  string      `json:"webhook,omitempty"`
	Hook     string      `json:"hook,omitempty"`
	Calendar string      `json:"calendar,omitempty"`
	Key      string      `json:"key,omitempty"`
	KeyPlace string      `json:"key_place,omitempty"`
}

// versionOut is the result of version; Agent is missing when none runs.
type versionOut struct {
	Version string    `json:"version"`
	Agent   *agentOut `json:"agent,omitempty"`
}

// agentOut says which agent answers.
type agentOut struct {
	Version string   `json:"version"`
	PID     int      `json:"pid"`
	Config  string   `json:"config"`
	Data    string   `json:"data"`
	Log     string   `json:"log"`
	Sandbox string   `json:"sandbox,omitempty"`
	Full    bool     `json:"full"`
	Flags   []string `json:"flags,omitempty"`
	Windows int      `json:"windows,omitempty"`
}
