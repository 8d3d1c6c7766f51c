package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"relink/platform"
	"relink/platform/connect"
)

// Import implements Service.
func (a *Agent) Import(ctx context.Context, r ImportRequest) (Row, error) {
	p, err := platform.Lookup(r.Platform)
	if err != nil {
		return Row{}, err
	}
	var keeper platform.Keeper
	if r.Keeper != "" {
		if keeper, err = platform.ParseKeeper(r.Keeper); err != nil {
			return Row{}, err
		}
		kept, err := a.readKept(ctx, keeper)
		if err != nil {
			return Row{}, placeless(err)
		}
		// Renewing is its keeper's business.
		r.Access, r.Refresh = kept.Access.Reveal(), ""
		if r.ExpiresAt.IsZero() {
			r.ExpiresAt = kept.ExpiresAt
		}
		keeper.Seen = platform.Fingerprint(kept.Access)
	}
	if r.Access == "" && r.Refresh == "" {
		return Row{}, &platform.Error{Kind: platform.KindUsage, Message: platform.T("no token was given"), Repair: platform.T("pass it on standard input: relink import %s < token-file", p.ID)}
	}
	server := ""
	if p.Site != platform.SiteNone {
		if server, err = connect.Normalize(p, r.Server); err != nil {
			return Row{}, err
		}
	}
	endpoint, err := p.Discover(ctx, a.cfg.Net, server)
	if err != nil {
		return Row{}, platform.As(err, platform.KindRetry)
	}
	if endpoint.Server != "" {
		server = endpoint.Server
	}
	app, err := a.cfg.Vault.App(ctx, p.ID, server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return Row{}, platform.As(err, platform.KindStorage)
	}
	if app.ID == "" && r.ClientID != "" {
		app = platform.App{Platform: p.ID, Server: server, ID: r.ClientID}
	}
	call := platform.Call{Net: a.cfg.Net, App: app, Endpoint: endpoint, Account: platform.Account{Platform: p.ID, Server: server}, Now: a.clock.now()}
	x, err := a.given(ctx, p, call, r)
	if err != nil {
		return Row{}, err
	}
	if !keeper.IsZero() && x.Tokens.Access.Reveal() != r.Access {
		// What is kept is no token itself, and could not be handed out as it is.
		return Row{}, &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("a %s %s cannot be watched where it is kept", p.Title(), platform.T(p.Credential.Name)), Repair: platform.T("hand it over instead: relink connect %s", p.ID)}
	}
	id, err := identified(ctx, p, call, x, r.Pick)
	if err != nil {
		return Row{}, err
	}
	if err := a.keepApp(ctx, app); err != nil {
		return Row{}, err
	}
	if !keeper.IsZero() {
		id.Grant.Tokens = platform.Tokens{} // they stay where they are
	}
	acc, g, err := a.storeImport(ctx, p, server, r.Alias, keeper, id, call.Now)
	if err != nil {
		return Row{}, err
	}
	text := platform.T("%s was imported", acc.Title())
	if !keeper.IsZero() {
		text = platform.T("%s is watched at %s", acc.Title(), keeper.String())
		a.watchKeepers()
		a.lookAt(acc.ID) // it may have been replaced between the reading and the watching
	}
	a.journal.add(Event{At: call.Now, Account: acc.ID, Ref: acc.Ref(), Kind: "imported", Text: text})
	if err := a.settled(ctx); err != nil {
		return Row{}, err
	}
	g.Tokens = platform.Tokens{}
	return Row{Account: acc, Grant: g, Status: platform.Assess(a.resolved(acc), g, call.Now)}, nil
}

// placeless is the error of a place that the person has named and that gives no
// token: no platform was asked, so trying again later is no way out of it. What
// is there is wrong, not the request.
func placeless(err error) error {
	e, ok := errors.AsType[*platform.Error](err)
	if !ok || e.Kind != platform.KindRetry {
		return err
	}
	out := *e
	out.Kind = platform.KindConfig
	return &out
}

// given turns what was handed over into tokens. A refresh token alone is used
// once for an access token; what that brings is remembered until it is stored,
// since the one given may be dead then.
func (a *Agent) given(ctx context.Context, p *platform.Platform, c platform.Call, r ImportRequest) (platform.Exchanged, error) {
	if p.Credential != nil && p.Redirect == platform.RedirectNone && p.Device == nil {
		x, err := p.Credential.Accept(ctx, c, r.Login, platform.NewSecret(r.Access))
		if err != nil {
			return x, platform.As(err, platform.KindRetry)
		}
		return x, nil
	}
	x := platform.Exchanged{Tokens: platform.Tokens{Access: platform.NewSecret(r.Access), Refresh: platform.NewSecret(r.Refresh)}, TokenType: "Bearer"}
	if r.Access == "" {
		key := platform.Fingerprint(x.Tokens.Refresh)
		a.mu.Lock()
		done, ok := a.redeemed[key]
		a.mu.Unlock()
		if ok {
			return done, nil
		}
		c.Tokens = x.Tokens
		fresh, err := p.Refresh(ctx, c)
		if err != nil {
			return x, platform.As(err, platform.KindRetry).WithRepair(platform.T("check the refresh token and its client id; nothing was stored"))
		}
		a.mu.Lock()
		if a.redeemed == nil {
			a.redeemed = map[string]platform.Exchanged{}
		}
		a.redeemed[key] = fresh
		a.mu.Unlock()
		return fresh, nil
	}
	if !r.ExpiresAt.IsZero() {
		x.Clocks = []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceToken, At: r.ExpiresAt, Since: c.Now}}
	}
	return x, nil
}

// identified asks whose a token is and when it ends. It stores nothing.
func identified(ctx context.Context, p *platform.Platform, c platform.Call, x platform.Exchanged, pick string) (platform.Identity, error) {
	c.Tokens, c.TokenType = x.Tokens, x.TokenType
	ids, err := p.Identify(ctx, c, x)
	if err != nil {
		e := platform.As(err, platform.KindRetry)
		if e.Kind != platform.KindRetry && e.Kind != platform.KindLimit { // those say what to do about themselves
			e = e.WithRepair(platform.T("check the token and its platform; nothing was stored"))
		}
		return platform.Identity{}, e
	}
	// The token given is one account's; its siblings are not what was asked for.
	ids = slices.DeleteFunc(ids, func(id platform.Identity) bool {
		return !id.Grant.Tokens.Access.IsZero() && id.Grant.Tokens.Access != x.Tokens.Access
	})
	id, err := picked(p, ids, pick)
	if err != nil {
		return id, err
	}
	g := &id.Grant
	if g.Tokens.Access.IsZero() {
		g.Tokens = x.Tokens
	}
	if g.TokenType == "" {
		g.TokenType = x.TokenType
	}
	if len(g.Clocks) == 0 {
		g.Clocks = x.Clocks
	}
	if p.Verify != nil && !slices.ContainsFunc(g.Clocks, func(c platform.Clock) bool { return c.Source != platform.SourceToken }) {
		c.Tokens, c.TokenType = g.Tokens, g.TokenType
		c.Account.ProviderID, c.Account.Handle, c.Account.OwnerID = id.ProviderID, id.Handle, id.OwnerID
		if v, err := p.Verify(ctx, c); err == nil {
			g.Clocks, g.Verified = g.WithClocks(v.Clocks), c.Now
			if v.Scopes != nil {
				g.Scopes = v.Scopes
			}
		}
	}
	if g.Clock(platform.ClockAccess).Kind == "" {
		// Only the platform's word that tokens do not end is taken for a token of
		// unknown age; else what is written in it is a hint.
		life, listed := p.Silent[platform.ClockAccess]
		if at := platform.WrittenEnd(g.Tokens.Access); !at.IsZero() {
			g.Clocks = append(g.Clocks, platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceToken, At: at, Since: c.Now})
		} else if listed && life == 0 {
			g.Clocks = append(g.Clocks, platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceNever, Since: c.Now})
		}
	}
	g.Refreshable = !g.Tokens.Refresh.IsZero()
	if g.Issued.IsZero() {
		g.Issued = c.Now
	}
	return id, nil
}

// picked is the one identity a token is for, by name or id where it is for several.
func picked(p *platform.Platform, ids []platform.Identity, pick string) (platform.Identity, error) {
	var names []string
	for _, id := range ids {
		if pick != "" && (pick == id.ProviderID || strings.EqualFold(pick, id.Name) || id.Handle != "" && strings.EqualFold(pick, id.Handle)) {
			return id, nil
		}
		names = append(names, or(id.Name, or(id.Handle, id.ProviderID)))
	}
	switch {
	case len(ids) == 0:
		return platform.Identity{}, &platform.Error{Kind: platform.KindConfig, Platform: p.ID, Message: platform.T("%s does not say whose token this is", p.Title()), Repair: platform.T("connect the account instead: relink connect %s", p.ID)}
	case pick != "":
		return platform.Identity{}, &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("this token is not for %q, but for %s", pick, platform.Join(names)), Repair: platform.T("pick one of them")}
	case len(ids) > 1:
		return platform.Identity{}, &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("this token is for several accounts: %s", platform.Join(names)), Repair: platform.T("say which with --pick NAME, once for each")}
	}
	return ids[0], nil
}

func (a *Agent) storeImport(ctx context.Context, p *platform.Platform, server, alias string, keeper platform.Keeper, id platform.Identity, now time.Time) (platform.Account, platform.Grant, error) {
	a.storing.Lock()
	defer a.storing.Unlock()
	known, exists := a.known(p.ID, server)[id.ProviderID]
	if exists {
		old, prev, err := a.newest(ctx, known.ID)
		if err != nil {
			return old, prev, err
		}
		c := follow(old, prev, id, keeper, now)
		return c.Account, c.Grant, a.save(ctx, []Change{c}, nil)
	}
	acc := filled(platform.Account{ID: newID(), Platform: p.ID, Server: server, Keeper: keeper, Created: now, Wants: p.Default()}, id, now)
	a.mu.Lock()
	acc.Alias = a.index.alias(p.ID, alias, id.Handle, id.Name)
	a.mu.Unlock()
	g := id.Grant
	g.Account, g.Generation = acc.ID, 1
	if err := a.cfg.Vault.Create(ctx, acc, g); err != nil {
		return acc, g, platform.As(err, platform.KindStorage)
	}
	a.stored(acc, g)
	return acc, g, nil
}
