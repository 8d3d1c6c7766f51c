// Package platform is Relink's domain: the social networks it knows and their
// OAuth dialects, the accounts and grants people have there, and what a grant
// is worth at a given moment.
//
// A [Platform] is a value, one file each, listed in [All]. [Assess] is pure and
// decides an account's state from what is stored. Everything that meets the
// network goes through [Net]. Other packages of Relink import this one; it
// imports only the standard library and golang.org/x/oauth2.
//
// Facts about platforms name their source beside them. A fact that only the
// platform's own answer can settle is written so that the answer decides.
package platform

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Family is how a platform renews tokens without a person.
type Family string

const (
	// FamilyNone has no renewal: only a person helps.
	FamilyNone Family = "none"
	// FamilyStatic has a refresh token that stays the same.
	FamilyStatic Family = "static"
	// FamilyRotating returns a new refresh token at every refresh and kills the old one.
	FamilyRotating Family = "rotating"
	// FamilyExtending has no refresh token: the access token itself is issued anew while it still works.
	FamilyExtending Family = "extending"
)

// Redirect is the class of redirect addresses a platform accepts from a desktop program.
type Redirect string

const (
	// RedirectAnyPort accepts any port on 127.0.0.1 (RFC 8252, section 7.3).
	RedirectAnyPort Redirect = "any-port"
	// RedirectFixed accepts only the exact address that was registered.
	RedirectFixed Redirect = "fixed"
	// RedirectHTTPS accepts only an https address, exactly as registered, and never
	// localhost: a name mapped to this computer in its hosts file, or pasting.
	RedirectHTTPS Redirect = "https"
	// RedirectNone has no sign-in in a browser that comes back: a device code is
	// typed at the platform (RFC 8628), or a credential made there is handed over.
	RedirectNone Redirect = "none"
)

// Site says which server of a federated platform is meant.
type Site string

const (
	// SiteNone is a platform with one address for everybody.
	SiteNone Site = ""
	// SiteServer needs the address of a server (Mastodon).
	SiteServer Site = "server"
	// SiteIssuer needs an OAuth issuer (OIDC).
	SiteIssuer Site = "issuer"
	// SiteHandle needs a handle, a DID or the address of a server (Bluesky).
	SiteHandle Site = "handle"
)

// Cost is what one verification costs, as a class: "free" is introspection or
// a call made for this, "cheap" an ordinary read, "never" is billed or
// forbidden, and the platform is not asked.
type Cost string

// The cost classes.
const (
	CostFree  Cost = "free"
	CostCheap Cost = "cheap"
	CostNever Cost = "never"
)

// Need is what a capability asks for.
type Need struct {
	Capability Capability `json:"capability"`
	// Scopes, all of them, must be granted for the capability to work.
	Scopes []string `json:"scopes"`
	// Approval is true where the platform grants the scopes only to apps it has
	// approved for them; they are asked for when ticked, not by default.
	Approval bool `json:"approval,omitempty"`
}

// Registration says what the user's own app at a platform needs.
type Registration struct {
	// Self is true where Relink registers itself and the user does nothing.
	Self bool `json:"self,omitempty"`
	// None is true where no registration exists or is needed.
	None bool `json:"none,omitempty"`
	// Console is the web address where an app is created.
	Console string `json:"console,omitempty"`
	// Secret is true where the app has a client secret that must be stored.
	Secret bool `json:"secret,omitempty"`
	// IDLabel and SecretLabel are the platform's own words for the two values.
	IDLabel     string `json:"id_label,omitempty"`
	SecretLabel string `json:"secret_label,omitempty"`
	// Steps are done once, in order, in the platform's console. The word
	// {redirect} stands for the exact redirect address.
	Steps []string `json:"steps,omitempty"`
	// Review says in a sentence what review or audit the platform asks for, and
	// what does not work before it; empty where it asks for none.
	Review string `json:"review,omitempty"`
}

// Credential is a way in without a browser: something the person makes at the
// platform and hands over.
type Credential struct {
	// Name is what it is called there: "app password", "bot token", "webhook address".
	Name string `json:"name"`
	// Login is what the login name that goes with it is called; empty where none does.
	Login string `json:"login,omitempty"`
	// Page is the web address where it is made, empty where it is made in an app.
	Page string `json:"page,omitempty"`
	// Steps are done in order to make one.
	Steps []string `json:"steps,omitempty"`
	// Lasts says how long this way lasts, in a sentence, for a person who has a choice.
	Lasts string `json:"lasts,omitempty"`
	// Types are the token types of grants made with it, where there is another way in too.
	Types []string `json:"-"`
	// Accept turns it into what is kept, asking the platform where it must.
	// c.Tokens is empty; Identify is called after it. Errors are *[Error].
	Accept func(ctx context.Context, c Call, login string, secret Secret) (Exchanged, error) `json:"-"`
}

// Authorization is where to send the browser.
type Authorization struct {
	URL string
	// Key is the private key the tokens will be bound to (RFC 9449); zero where they are not.
	Key Secret
}

// Device is a device authorization (RFC 8628, section 3.2).
type Device struct {
	// Code is shown to the token endpoint, UserCode to the person.
	Code     Secret
	UserCode string
	// URL is where the person types UserCode; whole where the address holds it already.
	URL string
	// Expires is how long it holds, Interval how long to wait between two questions.
	Expires, Interval time.Duration
}

// App is the user's own app registration at a platform.
type App struct {
	Platform string `json:"platform"`
	// Server is the origin or issuer it belongs to, empty where there is one for all.
	Server string `json:"server,omitempty"`
	ID     string `json:"client_id"`
	Secret Secret `json:"-"`
	// Redirect is the exact address registered; empty means Relink's default.
	Redirect string `json:"redirect,omitempty"`
	// Scopes are those the app was registered with, where that limits what may be asked (Mastodon).
	Scopes []string `json:"scopes,omitempty"`
	// Self is true when Relink registered the app by itself.
	Self bool `json:"self,omitempty"`
}

// Endpoint holds the addresses of one platform or server.
type Endpoint struct {
	AuthURL, TokenURL, RevokeURL, IntrospectURL, UserInfoURL, RegisterURL string
	// PKCE is true when the server takes the S256 code challenge (RFC 7636).
	PKCE bool
	// Issuer is the server's own name for itself (RFC 8414), empty where it has none.
	Issuer string
	// NamesIssuer is true where the server says that its answers in the browser name
	// the issuer, so that one without is not its own (RFC 9207, section 2.4).
	NamesIssuer bool
	// Scopes the server says it knows; nil when it does not say.
	Scopes []string
	// AuthStyle overrides the platform's where the server's metadata asks for another.
	AuthStyle oauth2.AuthStyle
	// DeviceURL is the device authorization endpoint (RFC 8628), PushedURL that for
	// pushed authorization requests (RFC 9126); empty where there is none.
	DeviceURL, PushedURL string
	// APIURL is the origin of the account's own API where that depends on the account (Bluesky's PDS).
	APIURL string
	// Server is the lasting name of the site where it is not the one that was
	// asked for: a handle's DID. Empty where it is.
	Server string
}

// Call is everything a platform function needs for one request.
type Call struct {
	Net      *Net
	App      App
	Endpoint Endpoint
	Account  Account
	Tokens   Tokens
	// TokenType is the grant's, which tells platforms with several ways in apart.
	TokenType string
	// Asked are the scopes a sign-in asks for; nil outside of one.
	Asked []string
	// Now is the time answers are counted from.
	Now time.Time
}

// Exchanged is what the token endpoint gave.
type Exchanged struct {
	Tokens    Tokens
	TokenType string
	// Scopes granted; nil when the answer does not say.
	Scopes []string
	// Asked are the scopes that were requested.
	Asked []string
	// Clocks are those the answer states, source provider.
	Clocks []Clock
	// Subject is the sub claim of an ID token in the answer, or of the answer itself, if any.
	Subject string
	// Server is the lasting name of the site where only the sign-in tells it: the
	// DID of whoever signed in at a server. Empty where it is known before.
	Server string
}

// Identity is one profile, page, channel or organisation behind a sign-in, with
// the grant it gets.
type Identity struct {
	ProviderID string `json:"provider_id"`
	Kind       string `json:"kind,omitempty"`
	Name       string `json:"name,omitempty"`
	Handle     string `json:"handle,omitempty"`
	Avatar     string `json:"avatar,omitempty"`
	// Owner is the person who signed in, as the platform names them.
	Owner   string `json:"owner,omitempty"`
	OwnerID string `json:"owner_id,omitempty"`
	Grant   Grant  `json:"-"`
}

// Verdict is what a verification learned. The zero value means "it works, nothing new".
type Verdict struct {
	// Clocks replace those of the same kind; source introspected.
	Clocks []Clock
	// Scopes granted as the platform sees them; nil when it did not say.
	Scopes []string
}

// Platform is a social network and its OAuth dialect.
type Platform struct {
	// ID is the name on the command line; Name the one people read.
	ID, Name string
	// AuthStyle says where the client secret goes. Never zero: x/oauth2 would
	// then try twice and burn one-time codes.
	AuthStyle oauth2.AuthStyle
	// PKCE is true where S256 is taken; a server's metadata may say so too. With
	// PKCEHex the challenge is written in lower-case hex, against RFC 7636 (TikTok).
	PKCE    bool
	PKCEHex bool
	// NoNonce is true where ID tokens lack the nonce that was sent; none is sent then.
	NoNonce   bool
	Separator string
	Family    Family
	Redirect  Redirect
	Site      Site
	// SitePath is true where a server's address may have a path (a blog in a folder).
	SitePath bool
	// Silent is how long each clock runs when the platform does not say;
	// a missing kind has no such clock, zero means it never ends.
	Silent map[ClockKind]time.Duration
	// Lifetime is the sentence for the platforms table.
	Lifetime string
	// Shared is true where the accounts behind one sign-in have one refresh token
	// together: one renewal is for all of them.
	Shared bool
	// RevokesOwner is true where Revoke ends all that the account's owner allowed
	// the app, and with it every other account of that owner.
	RevokesOwner bool
	// Legacy is true where the platform gives nothing new out any more.
	Legacy bool
	// Cost of Verify; empty means cheap. CostNever goes with no Verify.
	Cost Cost
	// VerifyEvery is how often the platform itself wants to be asked; zero leaves it to the settings.
	VerifyEvery time.Duration
	// ExtendFrom is how old a token must be for Extend.
	ExtendFrom time.Duration
	// Reasons says what the platform's codes mean for a grant that has ended, a sentence each.
	Reasons      map[string]string
	Registration Registration
	// Scopes are always asked for; Needs are asked for as ticked.
	Scopes []string
	Needs  []Need
	// AuthParams are added to the authorization request.
	AuthParams url.Values
	// LoginHint names the parameter that says who is expected to sign in, by the
	// account's OwnerID, when an account is reconnected; empty where there is none.
	LoginHint string
	// AskAgain is added when a permission was declined before: without it the
	// platform does not offer it a second time. Nil where it always does.
	AskAgain url.Values
	// RevokePage is where the user removes the app, where the platform has no call for it.
	RevokePage string
	// Credential is a way in without a browser; nil where there is none.
	Credential *Credential

	// Discover finds the addresses; server is empty where Site is SiteNone.
	Discover func(ctx context.Context, n *Net, server string) (Endpoint, error)
	// Register makes an app registration; nil where the user does.
	Register func(ctx context.Context, n *Net, e Endpoint, server, redirect string, scopes []string) (App, error)
	// Knows asks, without a person, whether the platform knows c.App, by a call of
	// its own for that; nil asks the token endpoint with a code that is none. An error
	// that RefusesApp says no.
	Knows func(ctx context.Context, c Call) error
	// Authorize makes the address for the browser of the parameters of an
	// authorization request, where more is needed than to write them in a query; nil does that.
	Authorize func(ctx context.Context, c Call, params url.Values) (Authorization, error)
	// TokenRequest sends one token request: form holds grant_type and what goes
	// with it, without the client's credentials. Nil is RFC 6749 by x/oauth2. Errors are *[Error].
	TokenRequest func(ctx context.Context, c Call, form url.Values) (Exchanged, error)
	// Device asks for a device code; nil is RFC 8628 where the endpoint has a DeviceURL.
	Device func(ctx context.Context, c Call, scopes []string) (Device, error)
	// Extend issues the access token anew while it still works (FamilyExtending);
	// nil where the platform has no such call. An answer that gains nothing is an
	// error of KindPolicy, and the old token stays in use.
	Extend func(ctx context.Context, c Call) (Exchanged, error)
	// Settle turns what the token endpoint gave into what is kept (long-lived
	// exchange); nil keeps it as it is.
	Settle func(ctx context.Context, c Call, x Exchanged) (Exchanged, error)
	// Identify says whose the grant is. Several identities mean the user chooses.
	Identify func(ctx context.Context, c Call, x Exchanged) ([]Identity, error)
	// Verify asks whether the grant still works, without changing it.
	Verify func(ctx context.Context, c Call) (Verdict, error)
	// Revoke ends the grant at the platform; nil where it has no such call.
	Revoke func(ctx context.Context, c Call) error
	// Classify turns an unsuccessful answer (or a 200 that carries an error)
	// into an [Error]; nil when the answer is fine.
	Classify func(status int, body []byte) *Error
}

// All lists the platforms, in the order people see them.
func All() []*Platform {
	return []*Platform{
		facebook, instagram, instagramFacebook, threads, linkedin, xcom, tiktok, youtube, googlebusiness, pinterest, reddit,
		mastodon, bluesky, tumblr, twitch, discord, slack, telegram, wordpresscom, wordpress, dribbble, medium, oidc,
	}
}

// Lookup finds a platform by ID.
func Lookup(id string) (*Platform, error) {
	for _, p := range All() {
		if p.ID == id {
			return p, nil
		}
	}
	names := make([]string, 0, len(All()))
	for _, p := range All() {
		names = append(names, p.ID)
	}
	return nil, &Error{Kind: KindUsage, Message: T("unknown platform %s", strings.TrimSpace(id)), Repair: T("choose one of: %s", strings.Join(names, ", "))}
}

// Ask is the list of scopes to request for the capabilities wanted, each once, in table order.
func (p *Platform) Ask(want []Capability) []string {
	out := slices.Clone(p.Scopes)
	for _, n := range p.Needs {
		if !slices.Contains(want, n.Capability) {
			continue
		}
		for _, s := range n.Scopes {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// Default lists the capabilities wanted when nobody chose: those that need no approval.
func (p *Platform) Default() []Capability {
	var out []Capability
	for _, n := range p.Needs {
		if !n.Approval {
			out = append(out, n.Capability)
		}
	}
	return out
}

// HandOnly reports whether there is no way in but by a credential made at the platform.
func (p *Platform) HandOnly() bool {
	return p.Credential != nil && p.Redirect == RedirectNone && p.Device == nil
}

// ByHand reports whether a grant came by a credential made at the platform, so
// that the next one should too: the other way may last less. Who signs in in the
// browser was asked for scopes, who hands a credential over was not.
func (p *Platform) ByHand(g Grant) bool {
	return p.HandOnly() || p.Credential != nil && slices.Contains(p.Credential.Types, g.TokenType) && len(g.Asked) == 0
}

// Style says where the client's credentials go in a token request: a public
// client has no secret to put in a header.
func (p *Platform) Style(e Endpoint, app App) oauth2.AuthStyle { return style(p.AuthStyle, e, app) }

func style(usual oauth2.AuthStyle, e Endpoint, app App) oauth2.AuthStyle {
	switch {
	case app.Secret.IsZero():
		return oauth2.AuthStyleInParams
	case e.AuthStyle != oauth2.AuthStyleAutoDetect:
		return e.AuthStyle
	}
	return usual
}

// SplitScopes reads a list of scopes as platforms write them, with spaces or commas.
func SplitScopes(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
}
