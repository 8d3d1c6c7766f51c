package sandbox

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Reasons for a revocation, as [Network.Revoke] takes them.
const (
	// ReasonPassword: the person changed their password.
	ReasonPassword = "password"
	// ReasonAppRemoved: the person removed the app.
	ReasonAppRemoved = "app_removed"
	// ReasonLoggedOut: the session was ended.
	ReasonLoggedOut = "logged_out"
	// ReasonRole: the person no longer manages the page.
	ReasonRole = "role"
	// ReasonCheckpoint: the person must sign in at the site first.
	ReasonCheckpoint = "checkpoint"
)

func reasons() []string {
	return []string{ReasonPassword, ReasonAppRemoved, ReasonLoggedOut, ReasonRole, ReasonCheckpoint}
}

// Kinds of token.
const (
	KindAccess  = "access"
	KindPage    = "page"
	KindRefresh = "refresh"
	// KindDataAccess names Meta's second clock in [Network.Expire].
	KindDataAccess = "data_access"
)

// consentKey: what a person allowed an app, one per app and person.
type consentKey struct{ platform, host, client, person string }

type consent struct {
	scopes []string
	// declined are scopes that were asked for and not allowed.
	declined []string
	pages    []string // ids of the things that were ticked
	// dataAccess is when the platform stops giving data; zero means never.
	dataAccess time.Time
}

// code is an authorization code.
type code struct {
	value                      string
	key                        consentKey
	redirect, challenge, nonce string
	scopes                     []string
	page                       string     // id of the thing the tokens are bound to, if any
	params                     url.Values // of the authorization request
	expires, granted           time.Time
	used                       bool
	issued                     *family
}

// family is everything that came from one sign-in. Ending it ends all of it.
type family struct {
	revoked string // the reason, or ""
}

// token is an access, page or refresh token.
type token struct {
	value, kind string
	key         consentKey
	page        string // id of the page, blog or channel it is bound to, if any
	scopes      []string
	issued      time.Time
	expires     time.Time // zero means never
	life        time.Duration
	// long is Meta's long-lived kind.
	long    bool
	family  *family
	revoked string // the reason, or ""
	// rotated is when a newer refresh token took its place.
	rotated time.Time
	// parent is the token a page token was read with.
	parent *token
	nonce  string
	authed time.Time
	params url.Values // of the authorization request
}

func (t *token) dead() string {
	if t.revoked != "" {
		return t.revoked
	}
	return t.family.revoked
}

func (t *token) expired(now time.Time) bool { return !t.expires.IsZero() && !now.Before(t.expires) }

func (t *token) alive(now time.Time) bool { return t.dead() == "" && !t.expired(now) }

func (t *token) has(scope string) bool { return slices.Contains(t.scopes, scope) }

// end gives when a life that starts at a time is over; zero for never.
func end(from time.Time, life time.Duration) time.Time {
	if life < 0 {
		return time.Time{}
	}
	return from.Add(life)
}

// mint makes and keeps a token.
func (n *Network) mint(t token, now time.Time, life time.Duration) *token {
	prefix := n.of(t.key.platform).dialect.prefix
	if t.kind == KindRefresh {
		prefix = "rt_"
	}
	t.value, t.issued, t.life = random(prefix), now, life
	t.expires = end(now, life)
	n.tokens[t.value] = &t
	n.order = append(n.order, &t)
	return &t
}

// find gives the token with this value on the request's platform and server.
func (n *Network) find(q request, value string) *token {
	t := n.tokens[value]
	if t == nil || value == "" || t.key.platform != q.platform || t.key.host != q.server() {
		return nil
	}
	return t
}

func (n *Network) revokeKey(key consentKey, reason string) {
	for _, t := range n.order {
		if t.key == key && t.revoked == "" {
			t.revoked = reason
		}
	}
}

// matches reports whether an account (a person or a page, channel or blog, by id, name or
// username; "" is every one) is the token's.
func (n *Network) matches(t *token, account string) bool {
	if account == "" {
		return true
	}
	p, ok := n.person(t.key.person)
	if !ok {
		return false
	}
	for _, s := range []string{p.ID, p.Name, p.Username} {
		if strings.EqualFold(s, account) {
			return true
		}
	}
	for _, list := range p.Things { // an Instagram account has its page's token
		for _, g := range list {
			if t.page != "" && g.Of == t.page && account == g.ID {
				return true
			}
		}
	}
	g, ok := p.thing(t.page)
	return ok && t.page != "" && (account == g.ID || strings.EqualFold(account, g.Name) || strings.EqualFold(account, g.Username))
}

// Selection says which tokens are meant: every field narrows it.
type Selection struct {
	Platform string
	// Account is a person or a page, by id, name or username. A person means their pages too.
	Account string
	// Kind is KindAccess, KindPage, KindRefresh or KindDataAccess; empty means
	// every token, and not data access.
	Kind string
}

// Expire makes tokens end at a time: in the past they have ended, in the future
// they are about to. Introspection and debug_token give that time. It returns
// how many were changed.
func (n *Network) Expire(s Selection, at time.Time) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	s.Platform = canonical(s.Platform)
	count := 0
	seen := map[consentKey]bool{}
	for _, t := range n.order {
		if s.Platform != "" && t.key.platform != s.Platform || t.dead() != "" || !t.rotated.IsZero() || !n.matches(t, s.Account) {
			continue
		}
		if s.Kind == KindDataAccess {
			if c := n.consents[t.key]; c != nil && n.of(t.key.platform).dialect.dataAccess && !seen[t.key] {
				seen[t.key] = true
				c.dataAccess = at
				count++
			}
			continue
		}
		if s.Kind != "" && s.Kind != t.kind {
			continue
		}
		t.expires = at
		// A life that is over began before it ended.
		life := t.life
		if life <= 0 {
			life = 60 * day
		}
		if born := at.Add(-life); born.Before(t.issued) {
			t.issued = born
		}
		count++
	}
	return count
}

// Revoke ends tokens for a reason (see ReasonPassword and its neighbours) and
// returns how many it was.
func (n *Network) Revoke(s Selection, reason string) int {
	if reason == "" {
		reason = ReasonAppRemoved
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	s.Platform = canonical(s.Platform)
	count := 0
	for _, t := range n.order {
		if s.Platform != "" && t.key.platform != s.Platform || s.Kind != "" && s.Kind != t.kind || t.dead() != "" || !n.matches(t, s.Account) {
			continue
		}
		t.revoked = reason
		count++
	}
	return count
}

// Post is something published.
type Post struct {
	Platform string    `json:"platform"`
	ID       string    `json:"id"`
	Author   string    `json:"author"` // id of the person or page
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
	// key is Mastodon's Idempotency-Key.
	key string
}

// Posts lists what was published, oldest first.
func (n *Network) Posts() []Post {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.posts)
}
