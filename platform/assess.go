package platform

import (
	"slices"
	"time"
)

// State is what an account is worth now.
type State string

// The states, worst first.
const (
	// StateExpired: its deadline has passed.
	StateExpired State = "expired"
	// StateRevoked: the platform said the grant is dead.
	StateRevoked State = "revoked"
	// StateDormant: unused too long, by the platform's clock or the user's rule.
	StateDormant State = "dormant"
	// StateUnfinished: signed in, but no page chosen.
	StateUnfinished State = "unfinished"
	// StateExpiring: ends within the first reminder step.
	StateExpiring State = "expiring"
	// StateLimited: works, but scopes for something wanted are missing.
	StateLimited State = "limited"
	// StateUnverified: imported, expiry unknown.
	StateUnverified State = "unverified"
	// StateConnected: all well.
	StateConnected State = "connected"
)

// States lists every state, worst first.
func States() []State {
	return []State{StateExpired, StateRevoked, StateDormant, StateUnfinished, StateExpiring, StateLimited, StateUnverified, StateConnected}
}

// Severity orders states: 0 is the worst.
func (s State) Severity() int { return slices.Index(States(), s) }

// NeedsPerson reports whether somebody must act now for the account to work.
func (s State) NeedsPerson() bool {
	return s == StateExpired || s == StateRevoked || s == StateDormant || s == StateUnfinished
}

// CapabilityStatus says whether one capability works now.
type CapabilityStatus struct {
	Capability Capability `json:"capability"`
	Works      bool       `json:"works"`
	// Missing scopes; empty when it is the state that stops it.
	Missing []string `json:"missing,omitempty"`
}

// Status is the judgement on one account. It is derived, never stored.
type Status struct {
	Account    string `json:"account"`
	Generation int    `json:"generation"`
	State      State  `json:"state"`
	// Deadline is the earliest clock that only a person can reset; zero when none is known.
	Deadline Clock `json:"deadline,omitzero"`
	// Life is how long the deadline's clock runs in all, for the ladder and the bar; zero when unknown.
	Life time.Duration `json:"life,omitempty"`
	// Renews: the tokens are renewed without a person, for as long as Deadline allows.
	Renews bool `json:"renews,omitempty"`
	// Next is when the status changes by itself; zero when it does not.
	Next time.Time `json:"-"`
	// Reason is a code for why, such as "access", "data_access" or "190/460".
	Reason       string             `json:"reason,omitempty"`
	Capabilities []CapabilityStatus `json:"capabilities,omitempty"`
}

const (
	defaultLead = 7 * 24 * time.Hour
	// shortLife is below which a grant is warned of by share of its life.
	shortLife = 48 * time.Hour
)

// Lead is how long before its end a clock of the given life counts as
// expiring: the first reminder step, never longer than half the life, and a
// quarter of a life shorter than 48 hours. Unknown life (0) takes the step as it is.
func Lead(step, life time.Duration) time.Duration {
	if step <= 0 {
		step = defaultLead
	}
	switch {
	case life <= 0:
		return step
	case life < shortLife:
		return life / 4
	}
	return min(step, life/2)
}

// Assess says what an account is worth at now. It is pure: no network, no clock of its own.
func Assess(a Account, g Grant, now time.Time) (s Status) {
	s = Status{Account: a.ID, Generation: g.Generation, State: StateConnected, Renews: g.Refreshable}
	var next []time.Time
	defer func() {
		for _, t := range next {
			if t.After(now) && (s.Next.IsZero() || t.Before(s.Next)) {
				s.Next = t
			}
		}
	}()

	s.Deadline = deadline(g)
	if idle := idleClock(a); idle.Ends() && (!s.Deadline.Ends() || idle.At.Before(s.Deadline.At)) {
		// The user's own rule counts only once it is near: a token that does
		// not end should read so for most of its life.
		from := idle.At.Add(-Lead(a.Lead, a.Idle))
		if now.Before(from) {
			next = append(next, from)
		} else {
			s.Deadline = idle
		}
	}
	missing := missingScopes(a, g)
	known := len(g.Clocks) > 0

	switch {
	case a.ProviderID == "" || g.Generation == 0:
		s.State, s.Reason = StateUnfinished, "no_choice"
		if a.ProviderID != "" {
			s.Reason = "no_grant"
		}
	case g.Fault.Ends():
		s.State, s.Reason = StateRevoked, g.Fault.Code
	case s.Deadline.Ends() && !now.Before(s.Deadline.At):
		s.State, s.Reason = StateExpired, string(s.Deadline.Kind)
		if s.Deadline.Kind == ClockInactivity {
			s.State, s.Reason = StateDormant, string(s.Deadline.Source)
		}
	case s.Deadline.Ends() && !now.Before(s.Deadline.At.Add(-Lead(a.Lead, lifeOf(s.Deadline)))):
		s.State, s.Reason = StateExpiring, string(s.Deadline.Kind)
	case len(missing) > 0:
		s.State, s.Reason = StateLimited, "scopes"
	case !known && !g.Refreshable:
		s.State, s.Reason = StateUnverified, "no_clock"
	case g.Fault.Count > 0:
		s.Reason = "doubted"
	}
	if s.Deadline.Ends() {
		s.Life = lifeOf(s.Deadline)
		next = append(next, s.Deadline.At, s.Deadline.At.Add(-Lead(a.Lead, s.Life)))
	}
	for _, c := range wants(a) {
		cs := CapabilityStatus{Capability: c, Works: !s.State.NeedsPerson(), Missing: missing[c]}
		cs.Works = cs.Works && len(cs.Missing) == 0
		s.Capabilities = append(s.Capabilities, cs)
	}
	return s
}

// deadline is the earliest clock that only a person can reset. The access
// token's end is none while there is a refresh token.
func deadline(g Grant) Clock {
	var out Clock
	for _, c := range g.Clocks {
		if c.Kind == ClockAccess && g.Refreshable {
			continue
		}
		switch {
		case !c.Ends():
			if out.Kind == "" {
				out = c
			}
		case !out.Ends() || c.At.Before(out.At):
			out = c
		}
	}
	return out
}

// idleClock is the user's own rule for accounts nobody uses.
func idleClock(a Account) Clock {
	if a.Idle <= 0 {
		return Clock{}
	}
	last := a.LastUsed
	if last.IsZero() {
		last = a.Created
	}
	if last.IsZero() {
		return Clock{}
	}
	return Clock{Kind: ClockInactivity, Source: SourceRule, At: last.Add(a.Idle), Since: last}
}

func lifeOf(c Clock) time.Duration {
	if !c.Ends() || c.Since.IsZero() || !c.At.After(c.Since) {
		return 0
	}
	return c.At.Sub(c.Since)
}

func wants(a Account) []Capability {
	if len(a.Wants) > 0 {
		return a.Wants
	}
	if p, err := Lookup(a.Platform); err == nil {
		return p.Default()
	}
	return nil
}

// missingScopes names, per capability wanted, the scopes that were not
// granted. A platform that does not say what it granted is taken at its asked word.
func missingScopes(a Account, g Grant) map[Capability][]string {
	if g.Scopes == nil || g.Generation == 0 {
		return nil
	}
	p, err := Lookup(a.Platform)
	if err != nil {
		return nil
	}
	var out map[Capability][]string
	for _, n := range p.Needs {
		if !slices.Contains(wants(a), n.Capability) {
			continue
		}
		for _, scope := range n.Scopes {
			if !granted(g.Scopes, scope) {
				if out == nil {
					out = map[Capability][]string{}
				}
				out[n.Capability] = append(out[n.Capability], scope)
			}
		}
	}
	return out
}

// granted reports whether a scope is among those granted. A parent scope
// covers its children where platforms nest them with a colon (Mastodon:
// "write" covers "write:statuses").
func granted(have []string, scope string) bool {
	for _, h := range have {
		if h == scope || len(scope) > len(h) && scope[:len(h)] == h && scope[len(h)] == ':' {
			return true
		}
	}
	return false
}
