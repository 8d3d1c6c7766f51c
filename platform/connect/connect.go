// Package connect is how an account is connected: an authorization code with
// PKCE, brought back over a loopback redirect (RFC 6749, 7636, 8252) or by pasting
// the redirect address; a device code (RFC 8628); or a credential that the
// person made at the platform.
//
// [Start] finds the server, registers Relink there if that is the platform's
// way, and returns an [Attempt] whose listener already answers; only then should
// the browser open. [Attempt.Wait] turns the callback into tokens and says whose
// they are; it stores nothing. [Attempt.Done] tells the person, in the browser's
// own tab, what became of it.
//
// The listener answers one path, one GET per attempt, and one neutral page to
// everything else: a stray, forged or replayed callback learns nothing and
// disturbs nothing.
package connect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"relink/platform"
)

const (
	// DefaultLimit is how long the browser may take to come back.
	DefaultLimit = 3 * time.Minute
	// DefaultPort of the redirect address. It is below the ports that systems
	// give out by themselves, so that it is free when it is needed.
	DefaultPort = 27465
)

// Config is what every attempt shares. The zero value works.
type Config struct {
	// Net reaches the platforms; nil means the real ones.
	Net *platform.Net
	// Now is the clock that answers are counted from; nil means time.Now.
	Now func() time.Time
	// Limit is how long the browser may take; zero means DefaultLimit.
	Limit time.Duration
	// Port of the redirect address; zero means DefaultPort. Https has the one after it.
	Port int
	// Certificate gives one for a name, for https redirect addresses on this
	// computer; nil means that they are pasted.
	Certificate func(host string) (tls.Certificate, error)
	// Lookup resolves a name, for those that the hosts file maps to this computer;
	// nil means the system's resolver, for at most a second.
	Lookup func(host string) ([]string, error)
	// Log gets what happened, without secrets; nil means nowhere.
	Log *slog.Logger
}

// Request says what to connect.
type Request struct {
	Platform *platform.Platform
	// App is the registration to use. Zero where the platform registers Relink
	// itself; only ID for a public client.
	App platform.App
	// Server or issuer, as a person writes it; see [Normalize].
	Server string
	// Wants are the capabilities to ask permission for; nil means those of
	// Expect, or the platform's default.
	Wants []platform.Capability
	// Expect is the account to reconnect: whoever signs in must be it.
	Expect *platform.Account
	// NoListener leaves the listener out: the redirect address will be pasted.
	NoListener bool
	// Params are added to the authorization request: login_hint, auth_type.
	Params url.Values
	// Device signs in by a code that is typed on another page (RFC 8628), where
	// the platform has that; platforms without a redirect do so by themselves.
	Device bool
	// Login and Secret are a credential made at the platform, handed over instead
	// of a sign-in in the browser; see [platform.Credential].
	Login  string
	Secret platform.Secret
}

// byCredential and byDevice say which way in a request takes.
func (r Request) byCredential() bool { return !r.Secret.IsZero() }

func (r Request) byDevice() bool {
	return r.Device || r.Platform.Redirect == platform.RedirectNone && !r.byCredential()
}

// Start begins an attempt. When it returns, the listener answers (or Notes says
// why there is none). Errors are *platform.Error.
func Start(ctx context.Context, cfg Config, r Request) (*Attempt, error) {
	if cfg.Net == nil {
		cfg.Net = &platform.Net{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Limit <= 0 {
		cfg.Limit = DefaultLimit
	}
	if cfg.Port == 0 {
		cfg.Port = DefaultPort
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := r.Platform
	server, err := Normalize(p, r.Server)
	if err != nil {
		return nil, err
	}
	if cfg.Lookup == nil {
		cfg.Lookup = resolve
	}
	switch {
	case r.byCredential() && p.Credential == nil:
		return nil, &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("%s takes no credential made by hand", p.Name), Repair: platform.T("sign in through the browser: relink connect %s", p.ID)}
	case r.byCredential():
	case p.Redirect == platform.RedirectNone && p.Device == nil:
		return nil, needsCredential(p)
	case r.App.ID == "" && p.Register == nil && !p.Registration.None:
		return nil, needsApp(p)
	}
	endpoint, err := p.Discover(ctx, cfg.Net, server)
	if err != nil {
		return nil, err
	}
	if endpoint.Server != "" {
		server = endpoint.Server
	}
	wants := r.Wants
	if wants == nil && r.Expect != nil {
		wants = r.Expect.Wants
	}
	if wants == nil {
		wants = p.Default()
	}

	a := newAttempt(cfg, r, server, endpoint, p.Ask(wants))
	if err := a.prepare(ctx); err != nil {
		a.end(err)
		return nil, err
	}
	a.mu.Lock()
	a.timer = time.AfterFunc(a.cfg.Limit, a.expire)
	a.mu.Unlock()
	cfg.Log.Debug("sign-in started", "platform", p.ID, "server", server, "listening", a.Listening)
	return a, nil
}

// prepare makes everything ready for the person.
func (a *Attempt) prepare(ctx context.Context) error {
	switch {
	case a.req.byCredential():
		close(a.working) // there is nobody to wait for
		return nil
	case a.req.byDevice():
		return a.askDevice(ctx)
	}
	a.meet()
	if err := a.register(ctx); err != nil {
		return err
	}
	return a.address(ctx)
}

// resolve asks the system, which asks the hosts file first. A name that only a
// server far away could know is not this computer's.
func resolve(host string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return net.DefaultResolver.LookupHost(ctx, host)
}

func needsCredential(p *platform.Platform) error {
	return &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("%s is connected by a %s that you make there", p.Name, platform.T(p.Credential.Name)), Repair: platform.T("relink connect %s shows how and asks for it", p.ID)}
}

func needsApp(p *platform.Platform) error {
	e := &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: platform.T("%s needs your own app registration first", p.Name), Repair: "relink app set " + p.ID}
	if p.Site == platform.SiteIssuer {
		e.Message = platform.T("the issuer needs a client id")
		e.Repair = "relink connect " + p.ID + " --issuer URL --client-id ID"
	}
	return e
}

// meet decides where the browser comes back to, and opens the listener there.
func (a *Attempt) meet() {
	self := a.req.Platform.Register != nil && (a.App.ID == "" || a.App.Self)
	// Refresh tokens belong to the registration they were given to: where there are
	// any, one that is at the server stays as it is, and so does its address.
	if self && a.App.ID != "" && a.Endpoint.RegisterURL != "" && a.req.Platform.Family != platform.FamilyNone {
		self = false
	}
	app := a.App
	if self {
		app.Redirect = "" // it can be registered anew
	}
	a.Redirect = RedirectAddress(a.req.Platform, app, a.cfg.Port)
	if a.req.NoListener {
		return // and no name needs looking up
	}
	port, secure, here := loopbackPort(a.Redirect, a.cfg.Lookup)
	switch {
	case !here && secure && strings.HasPrefix(a.Redirect, "https://"+HostName+":"):
		a.Notes = append(a.Notes, platform.T("The name %s is not mapped to this computer yet: add the line \"127.0.0.1 %s\" to the hosts file, or paste the address the browser ends on.", HostName, HostName))
		return
	case !here, secure && a.cfg.Certificate == nil:
		a.Notes = append(a.Notes, platform.T("This registration's redirect address is not on this computer: paste the address the browser ends on."))
		return
	}
	err := a.listen(port, secure)
	anyPort := self || a.req.Platform.Redirect == platform.RedirectAnyPort && app.Redirect == ""
	if err != nil && anyPort {
		if err = a.listen(0, secure); err == nil {
			a.Redirect = withPort(a.Redirect, a.door.port)
		}
	}
	if err != nil {
		a.Notes = append(a.Notes, platform.T("Port %s is taken by another program: paste the address the browser ends on, or close that program and start again.", strconv.Itoa(port)))
		a.cfg.Log.Warn("no listener", "port", port, "error", err)
		return
	}
	if secure {
		a.Notes = append(a.Notes, platform.T("The browser will say once that it does not know this computer's own certificate: choose Advanced, then Continue. The connection does not leave this computer."))
	}
	a.Listening = true
}

// register makes or renews Relink's own registration where that is the platform's way.
func (a *Attempt) register(ctx context.Context) error {
	p := a.req.Platform
	if p.Register == nil || a.App.ID != "" && !a.App.Self {
		return nil
	}
	// One that is at no server cannot have been forgotten.
	if a.App.ID != "" && a.App.Redirect == a.Redirect && covers(a.App.Scopes, a.asked) && (a.App.Secret.IsZero() && a.Endpoint.RegisterURL == "" || a.known(ctx)) {
		return nil
	}
	app, err := p.Register(ctx, a.cfg.Net, a.Endpoint, a.Server, a.Redirect, everything(p))
	if err != nil {
		return err
	}
	app.Self = true
	a.App = app
	return nil
}

// everything is all that may ever be asked for: a registration made with it
// still fits when more is wanted later.
func everything(p *platform.Platform) []string {
	var all []platform.Capability
	for _, n := range p.Needs {
		all = append(all, n.Capability)
	}
	return p.Ask(all)
}

// known asks whether the server still knows the registration. Servers forget
// apps, and then show the person an error page from which nobody comes back.
// Only a plain "invalid_client" counts as forgotten.
func (a *Attempt) known(ctx context.Context) bool {
	if a.App.Secret.IsZero() {
		// A public client has no grant of its own; a refresh token that is none tells as well.
		c := a.call()
		c.Tokens.Refresh = platform.NewSecret("none")
		_, err := a.req.Platform.Refresh(ctx, c)
		return err == nil || platform.As(err, "").Code != "invalid_client"
	}
	conf := a.req.Platform.OAuth(a.Endpoint, a.App, "")
	cc := clientcredentials.Config{ClientID: conf.ClientID, ClientSecret: conf.ClientSecret, TokenURL: conf.Endpoint.TokenURL, AuthStyle: conf.Endpoint.AuthStyle}
	_, err := cc.Token(a.cfg.Net.Context(ctx))
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return true
	}
	e := a.req.Platform.Classify(refused.Response.StatusCode, refused.Body)
	return e == nil || e.Code != "invalid_client"
}

// covers reports whether the scopes registered include those asked for; a
// parent covers its children ("write" covers "write:media").
func covers(have, asked []string) bool {
	for _, s := range asked {
		if !grants(have, s) {
			return false
		}
	}
	return true
}

func grants(have []string, scope string) bool {
	return slices.ContainsFunc(have, func(h string) bool { return h == scope || strings.HasPrefix(scope, h+":") })
}

// address builds the authorization request (RFC 6749, section 4.1.1).
func (a *Attempt) address(ctx context.Context) error {
	p := a.req.Platform
	params := url.Values{"response_type": {"code"}, "client_id": {a.App.ID}, "redirect_uri": {a.Redirect}, "state": {a.state}}
	if len(a.asked) > 0 {
		params.Set("scope", strings.Join(a.asked, p.Separator))
	}
	if a.Endpoint.PKCE || p.PKCE {
		a.proof.Verifier = oauth2.GenerateVerifier()
		challenge := oauth2.S256ChallengeFromVerifier(a.proof.Verifier)
		if p.PKCEHex {
			sum := sha256.Sum256([]byte(a.proof.Verifier))
			challenge = hex.EncodeToString(sum[:])
		}
		params.Set("code_challenge", challenge)
		params.Set("code_challenge_method", "S256")
	}
	if slices.Contains(a.asked, "openid") && !p.NoNonce {
		a.proof.Nonce = unguessable()
		params.Set("nonce", a.proof.Nonce)
	}
	if who := a.req.Expect; who != nil && who.OwnerID != "" && p.LoginHint != "" {
		params.Set(p.LoginHint, who.OwnerID)
	}
	for _, more := range []url.Values{p.AuthParams, a.req.Params} {
		for key, values := range more {
			params.Set(key, strings.Join(values, " "))
		}
	}
	a.proof.Redirect = a.Redirect
	address := a.Endpoint.AuthURL
	if p.Authorize != nil {
		auth, err := p.Authorize(ctx, a.call(), params)
		if err != nil {
			return err
		}
		address, a.key = auth.URL, auth.Key
	} else {
		sep := "?"
		if strings.Contains(address, "?") {
			sep = "&"
		}
		address += sep + params.Encode()
	}
	a.URL = a.cfg.Net.URL(address)
	u, err := url.Parse(a.URL)
	if err != nil {
		return &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: platform.T("the sign-in address is not a valid one"), Repair: platform.T("check the server's address")}
	}
	return platform.Secure(u)
}

// unguessable gives 256 random bits as text.
func unguessable() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
