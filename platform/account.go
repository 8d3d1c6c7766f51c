package platform

import (
	"slices"
	"time"
)

// Capability is something an account is for.
type Capability string

// The capabilities. Organisations is for the organisations a member manages,
// where a platform asks for permissions of their own for them (LinkedIn).
const (
	Publish       Capability = "publish"
	Analytics     Capability = "analytics"
	Inbox         Capability = "inbox"
	Previews      Capability = "previews"
	Organisations Capability = "organisations"
)

// Source says where a clock's time is known from.
type Source string

const (
	// SourceProvider: the token response said so.
	SourceProvider Source = "provider"
	// SourceIntrospected: the platform said so when asked about the token.
	SourceIntrospected Source = "introspected"
	// SourceAssumed: the platform was silent; Relink's table.
	SourceAssumed Source = "assumed"
	// SourceNever: the platform's word is that it does not end.
	SourceNever Source = "never"
	// SourceRule: the user's own rule for unused accounts.
	SourceRule Source = "rule"
	// SourceToken: the token says so of itself, or who gave it; nobody has checked it.
	SourceToken Source = "token"
)

// ClockKind is what ends.
type ClockKind string

// The kinds of clock.
const (
	ClockAccess     ClockKind = "access"
	ClockRefresh    ClockKind = "refresh"
	ClockDataAccess ClockKind = "data_access"
	ClockSession    ClockKind = "session"
	ClockInactivity ClockKind = "inactivity"
)

// Clock is one thing that ends. The zero value is "no clock".
type Clock struct {
	Kind   ClockKind `json:"kind"`
	Source Source    `json:"source"`
	// At is when it ends; zero when Source is never.
	At time.Time `json:"at,omitzero"`
	// Since is where its life is counted from: when the token was issued, as far
	// as that is known.
	Since time.Time `json:"since,omitzero"`
	// Learnt is when the platform was asked and said so; zero means at Since.
	Learnt time.Time `json:"learnt,omitzero"`
}

// Ends reports whether the clock ends at a known time.
func (c Clock) Ends() bool { return c.Source != SourceNever && !c.At.IsZero() }

// Account is one profile, page, channel or organisation on a platform.
// Its identity at the platform is (Platform, Server, ProviderID); ID never changes.
type Account struct {
	ID       string `json:"id"`
	Platform string `json:"platform"`
	Server   string `json:"server,omitempty"`
	// ProviderID is the platform's own id; empty while no page was chosen.
	ProviderID string `json:"provider_id,omitempty"`
	Kind       string `json:"kind,omitempty"`
	// Alias is the short name the user may change, such as "acme"; with the
	// platform in front, "linkedin/acme", it names the account everywhere.
	Alias   string       `json:"alias"`
	Name    string       `json:"name,omitempty"`
	Handle  string       `json:"handle,omitempty"`
	Avatar  string       `json:"avatar,omitempty"`
	Owner   string       `json:"owner,omitempty"`
	OwnerID string       `json:"owner_id,omitempty"`
	Wants   []Capability `json:"wants,omitempty"`
	Labels  []string     `json:"labels,omitempty"`
	// Keeper is where another program keeps the token; zero where Relink does.
	Keeper  Keeper    `json:"keeper,omitzero"`
	Created time.Time `json:"created,omitzero"`
	// LastUsed is the last token handed out, publication or sign-in.
	LastUsed time.Time `json:"last_used,omitzero"`
	// Snoozed holds reminders back until then.
	Snoozed time.Time `json:"snoozed,omitzero"`
	Muted   bool      `json:"muted,omitempty"`
	// Steps is the account's own reminder ladder, longest first; nil uses the settings.
	Steps []time.Duration `json:"steps,omitempty"`
	// Lead is how long before a deadline the account counts as expiring: its
	// first reminder step. Zero means 7 days.
	Lead time.Duration `json:"-"`
	// Idle is how long the account may go unused; zero or less switches the rule off.
	Idle time.Duration `json:"-"`
}

// Ref is the name of the account on the command line, "platform/alias".
func (a Account) Ref() string { return a.Platform + "/" + a.Alias }

// Title is how people read it, "Facebook · Acme Shop".
func (a Account) Title() string {
	name := a.Platform
	if p, err := Lookup(a.Platform); err == nil {
		name = p.Title()
	}
	switch {
	case a.Name != "":
		return name + " · " + a.Name
	case a.Handle != "":
		return name + " · " + a.Handle
	}
	return name + " · " + a.Alias
}

// Tokens are a grant's secrets. They are zero in a grant that was listed
// rather than read.
type Tokens struct {
	Access  Secret
	Refresh Secret
	// Owner is the token of the person behind a page (Facebook), from which
	// the page's own is read.
	Owner Secret
	// Key is the private key the tokens are bound to (RFC 9449), as the platform's
	// own file writes it.
	Key Secret
}

// Grant is what one consent gave an account. Generation 0 means there is none.
type Grant struct {
	Account    string `json:"account"`
	Generation int    `json:"generation"`
	Tokens     Tokens `json:"-"`
	TokenType  string `json:"token_type,omitempty"`
	// Scopes granted; nil when the platform did not say.
	Scopes []string  `json:"scopes,omitempty"`
	Asked  []string  `json:"asked,omitempty"`
	Clocks []Clock   `json:"clocks,omitempty"`
	Issued time.Time `json:"issued,omitzero"`
	// Refreshable is true when there is a refresh token, known without unsealing it.
	Refreshable bool `json:"refreshable,omitempty"`
	// Verified is the last time the platform confirmed the grant; a refresh counts.
	Verified time.Time `json:"verified,omitzero"`
	Fault    Fault     `json:"fault,omitzero"`
}

// Clock gives the clock of a kind, zero when there is none.
func (g Grant) Clock(kind ClockKind) Clock {
	for _, c := range g.Clocks {
		if c.Kind == kind {
			return c
		}
	}
	return Clock{}
}

// WithClocks gives the grant's clocks with those of the same kind replaced. A
// clock that still ends at the same time keeps where its life is counted from:
// asking again does not make a token younger.
func (g Grant) WithClocks(clocks []Clock) []Clock {
	out := make([]Clock, 0, len(g.Clocks)+len(clocks))
	for _, old := range g.Clocks {
		if !slices.ContainsFunc(clocks, func(c Clock) bool { return c.Kind == old.Kind }) {
			out = append(out, old)
		}
	}
	for _, c := range clocks {
		old := g.Clock(c.Kind)
		if old.Ends() && c.Ends() && c.At.Sub(old.At).Abs() <= time.Hour && old.Since.Before(c.Since) {
			c.Since = old.Since
		}
		out = append(out, c)
	}
	return out
}

// faultApart is how far apart two rejections must be before they end a
// connection: "twice, minutes apart".
const faultApart = 2 * time.Minute

// Fault is what a platform said against a grant. The zero value is none.
type Fault struct {
	Code string `json:"code,omitempty"`
	// First and Last are when it was said; Count how often.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	Count int       `json:"count,omitempty"`
	// AccessRejected: the access token itself was refused too, or there is
	// nothing but the access token.
	AccessRejected bool `json:"access_rejected,omitempty"`
	// Definite: the platform was asked about the token and said it is dead.
	Definite bool `json:"definite,omitempty"`
}

// Again adds a rejection at now.
func (f Fault) Again(e *Error, accessRejected bool, now time.Time) Fault {
	if f.Count == 0 {
		f.First = now
	}
	f.Code, f.Last, f.Count = e.Code, now, f.Count+1
	f.AccessRejected = f.AccessRejected || accessRejected
	f.Definite = f.Definite || e.Definite
	return f
}

// Ends reports whether the fault ends the connection: the platform was asked
// and said so, or it rejected the grant twice, minutes apart, with the access
// token refused too. Anything less is asked again.
func (f Fault) Ends() bool {
	return f.Definite || f.Count >= 2 && f.AccessRejected && f.Last.Sub(f.First) >= faultApart
}

// Retry is when a fault that does not end the connection is asked about again; zero when there is none.
func (f Fault) Retry() time.Time {
	if f.Count == 0 || f.Ends() {
		return time.Time{}
	}
	return f.Last.Add(faultApart)
}
