// Package connect is the browser flow: an authorization code with PKCE, brought
// back over a loopback redirect (RFC 6749, 7636, 8252) or by pasting the
// redirect address.
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
	"encoding/base64"
	"errors"
	"log/slog"
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
	// Port of the redirect address; zero means DefaultPort.
	Port int
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
	if r.App.ID == "" && p.Register == nil {
		return nil, needsApp(p)
	}
	endpoint, err := p.Discover(ctx, cfg.Net, server)
	if err != nil {
		return nil, err
	}
	wants := r.Wants
	if wants == nil && r.Expect != nil {
		wants = r.Expect.Wants
	}
	if wants == nil {
		wants = p.Default()
	}

	a := newAttempt(cfg, r, server, endpoint, p.Ask(wants))
	a.meet()
	if err := a.register(ctx); err != nil {
		a.end(err)
		return nil, err
	}
	if err := a.address(); err != nil {
		a.end(err)
		return nil, err
	}
	a.mu.Lock()
	a.timer = time.AfterFunc(cfg.Limit, a.expire)
	a.mu.Unlock()
	cfg.Log.Debug("sign-in started", "platform", p.ID, "server", server, "listening", a.Listening)
	return a, nil
}

func needsApp(p *platform.Platform) error {
	e := &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: p.Name + " needs your own app registration first", Repair: "relink app set " + p.ID}
	if p.Site == platform.SiteIssuer {
		e.Message = "the issuer needs a client id"
		e.Repair = "relink connect " + p.ID + " --issuer URL --client-id ID"
	}
	return e
}

// meet decides where the browser comes back to, and opens the listener there.
func (a *Attempt) meet() {
	self := a.req.Platform.Register != nil && (a.App.ID == "" || a.App.Self)
	app := a.App
	if self {
		app.Redirect = "" // it can be registered anew
	}
	a.Redirect = RedirectAddress(a.req.Platform, app, a.cfg.Port)
	port, local := loopbackPort(a.Redirect)
	switch {
	case a.req.NoListener:
		return
	case !local:
		a.Notes = append(a.Notes, "This registration's redirect address is not on this computer: paste the address the browser ends on.")
		return
	}
	err := a.listen(port)
	anyPort := self || a.req.Platform.Redirect == platform.RedirectAnyPort && app.Redirect == ""
	if err != nil && anyPort {
		if err = a.listen(0); err == nil {
			a.Redirect = withPort(a.Redirect, a.door.port)
		}
	}
	if err != nil {
		a.Notes = append(a.Notes, "Port "+strconv.Itoa(port)+" is taken by another program: paste the address the browser ends on, or close that program and start again.")
		a.cfg.Log.Warn("no listener", "port", port, "error", err)
		return
	}
	a.Listening = true
}

// register makes or renews Relink's own registration where that is the platform's way.
func (a *Attempt) register(ctx context.Context) error {
	p := a.req.Platform
	if p.Register == nil || a.App.ID != "" && !a.App.Self {
		return nil
	}
	if a.App.ID != "" && a.App.Redirect == a.Redirect && covers(a.App.Scopes, a.asked) && a.known(ctx) {
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

// address builds the authorization request.
func (a *Attempt) address() error {
	p := a.req.Platform
	conf := p.OAuth(a.Endpoint, a.App, a.Redirect)
	conf.Endpoint.AuthURL = a.cfg.Net.URL(a.Endpoint.AuthURL)
	u, err := url.Parse(conf.Endpoint.AuthURL)
	if err != nil {
		return &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: "the sign-in address is not a valid one", Repair: "check the server's address"}
	}
	if err := platform.Secure(u); err != nil {
		return err
	}
	var opts []oauth2.AuthCodeOption
	if len(a.asked) > 0 {
		opts = append(opts, oauth2.SetAuthURLParam("scope", strings.Join(a.asked, p.Separator)))
	}
	if a.Endpoint.PKCE || p.PKCE {
		a.proof.Verifier = oauth2.GenerateVerifier()
		opts = append(opts, oauth2.S256ChallengeOption(a.proof.Verifier))
	}
	if slices.Contains(a.asked, "openid") && !p.NoNonce {
		a.proof.Nonce = unguessable()
		opts = append(opts, oauth2.SetAuthURLParam("nonce", a.proof.Nonce))
	}
	for _, params := range []url.Values{p.AuthParams, a.req.Params} {
		for key, values := range params {
			opts = append(opts, oauth2.SetAuthURLParam(key, strings.Join(values, " ")))
		}
	}
	a.proof.Redirect = a.Redirect
	a.URL = conf.AuthCodeURL(a.state, opts...)
	return nil
}

// unguessable gives 256 random bits as text.
func unguessable() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
