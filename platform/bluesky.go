package platform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// bluesky is an account of the AT Protocol, on Bluesky's servers or on any
// other. What lasts is its DID: the handle may change, and the server (PDS) that
// holds it may too. There are two ways in. The sign-in in the browser (OAuth with
// PAR, PKCE and DPoP, atproto.com/specs/oauth) ends after 14 days for a program
// without a server of its own. An app password gives a session that ends 90 days
// after its last use (com.atproto.server.createSession).
var bluesky = &Platform{
	ID: blueskyDialect.id, Name: blueskyDialect.name,
	AuthStyle: oauth2.AuthStyleInParams,
	PKCE:      true,
	Separator: " ",
	Family:    FamilyRotating,
	Redirect:  RedirectAnyPort,
	Site:      SiteHandle,
	// Both ways say how long their access tokens hold. 15 minutes is the shortest
	// the specification recommends: less than the truth only renews earlier.
	Silent:       map[ClockKind]time.Duration{ClockAccess: 15 * time.Minute},
	Lifetime:     "app password: 90 days after the last use; a sign-in in the browser ends after 14 days",
	Reasons:      blueskyDialect.reasons,
	Registration: Registration{Self: true},
	Scopes:       []string{"atproto"},
	// transition:generic is what an app password may do; finer scopes are not known to every server.
	Needs: []Need{
		{Capability: Publish, Scopes: []string{"transition:generic"}},
		{Capability: Analytics, Scopes: []string{"transition:generic"}},
		{Capability: Inbox, Scopes: []string{"transition:generic"}},
		{Capability: Previews, Scopes: []string{"transition:generic"}},
	},
	Credential: &Credential{
		Name: "app password", Login: "handle", Page: blueskyPasswords,
		Steps: []string{
			"Sign in at Bluesky and open Settings, Privacy and security, App passwords: " + blueskyPasswords,
			"Add an app password; name it Relink. Access to direct messages is not needed.",
			"Copy it: it looks like xxxx-xxxx-xxxx-xxxx and is shown once.",
		},
		Lasts:  "90 days after its last use, and Relink renews it before: longer than a sign-in in the browser, which ends after 14 days",
		Types:  []string{"Bearer"}, // the browser's are bound to a key
		Accept: blueskyAccept,
	},
	Discover:     blueskyDiscover,
	Register:     blueskyRegister,
	Authorize:    blueskyAuthorize,
	TokenRequest: blueskyToken,
	Identify:     blueskyIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := blueskyWho(ctx, c)
		return Verdict{}, err
	},
	Revoke:   blueskyRevoke,
	Classify: blueskyClassify,
}

const (
	blueskyPasswords = "https://bsky.app/settings/app-passwords"
	// blueskyResolver answers for handles that only the DNS knows (_atproto TXT records).
	blueskyResolver = "https://public.api.bsky.app/xrpc/com.atproto.identity.resolveHandle"

	// blueskySession is what a public client's sign-in lasts, and its refresh tokens
	// with it: atproto.com/specs/oauth, and the reference server's constants. No
	// answer says so, hence it is assumed; an earlier end shows as invalid_grant.
	blueskySession = 14 * day
	// The reference server's lives of an app password's session, for tokens that
	// cannot be read: packages/pds/src/account-manager/helpers/auth.ts.
	blueskyAccess, blueskyRefresh = 2 * time.Hour, 90 * day
)

// identity is what a DID document says.
type identity struct {
	did, handle string
	// pds is the origin of the server that holds the account.
	pds string
}

func isDID(s string) bool { return strings.HasPrefix(s, "did:") }

// blueskyDiscover finds the server of an account and that server's authorization
// server, by handle, DID or the server's own address. A server without a sign-in
// in the browser leaves all but APIURL empty.
func blueskyDiscover(ctx context.Context, n *Net, server string) (Endpoint, error) {
	e := Endpoint{PKCE: true, APIURL: server}
	if !strings.Contains(server, "://") {
		who, err := blueskyResolve(ctx, n, server)
		if err != nil {
			return e, err
		}
		e.Server, e.APIURL = who.did, who.pds
	}
	var resource struct {
		Servers []string `json:"authorization_servers"`
	}
	status, err := blueskyGet(ctx, n, e.APIURL+"/.well-known/oauth-protected-resource", &resource)
	if err != nil {
		return e, err
	}
	issuer := ""
	switch {
	case status == http.StatusOK && len(resource.Servers) == 1: // the specification allows no second
		issuer = resource.Servers[0]
	case e.Server == "":
		issuer = server // what was given may be the authorization server's address
	default:
		return e, nil
	}
	if u, err := url.Parse(issuer); err != nil || u.Host == "" || u.Path != "" || Secure(u) != nil {
		return e, blueskyDialect.say(KindConfig, "", T("the account's server names an authorization server without an https origin"), T("ask the server's operator"))
	}
	var m metadata
	if status, err = blueskyGet(ctx, n, issuer+"/.well-known/oauth-authorization-server", &m); err != nil {
		return e, err
	}
	if status != http.StatusOK {
		return e, nil
	}
	if m.Issuer != issuer { // RFC 8414, section 3.3
		return e, blueskyDialect.say(KindConfig, "", T("the authorization server at %s gives itself another name", issuer), T("ask the server's operator"))
	}
	for _, address := range []string{m.Auth, m.Token, m.Pushed, m.Revoke} {
		if u, err := url.Parse(address); address != "" && (err != nil || Secure(u) != nil) {
			return e, blueskyDialect.say(KindConfig, "", T("the authorization server's addresses are not https"), T("ask the server's operator; tokens travel only over https"))
		}
	}
	e.AuthURL, e.TokenURL, e.PushedURL, e.RevokeURL = m.Auth, m.Token, m.Pushed, m.Revoke
	e.Issuer, e.NamesIssuer, e.Scopes = m.Issuer, m.NamesIssuer, m.Scopes
	return e, nil
}

// blueskyResolve finds an account by handle or DID (atproto.com/specs/handle,
// atproto.com/specs/did). A handle counts only when its DID names it too.
func blueskyResolve(ctx context.Context, n *Net, name string) (identity, error) {
	did := name
	if !isDID(name) {
		var err error
		if did, err = blueskyDID(ctx, n, name); err != nil {
			return identity{}, err
		}
	}
	address := "https://plc.directory/" + did
	if host, ok := strings.CutPrefix(did, "did:web:"); ok {
		address = "https://" + host + "/.well-known/did.json" // atproto allows no path in it
		if u, err := url.Parse(address); err != nil || u.Host != host {
			return identity{}, blueskyNobody(did)
		}
	} else if !strings.HasPrefix(did, "did:plc:") || strings.ContainsAny(did, "/?#%") {
		return identity{}, blueskyNobody(did)
	}
	var doc struct {
		ID    string   `json:"id"`
		Known []string `json:"alsoKnownAs"`
		Has   []struct {
			ID, Type string
			Endpoint any `json:"serviceEndpoint"` // other services' may be an object
		} `json:"service"`
	}
	status, err := blueskyGet(ctx, n, address, &doc)
	switch {
	case err != nil:
		return identity{}, err
	case status == http.StatusNotFound || status == http.StatusGone:
		return identity{}, blueskyNobody(did)
	case status != http.StatusOK || doc.ID != did:
		return identity{}, garbage(T("the directory of %s accounts", blueskyDialect.name), blueskyDialect.id)
	}
	who := identity{did: did}
	for _, s := range doc.Known {
		if handle, ok := strings.CutPrefix(s, "at://"); ok {
			who.handle = strings.ToLower(handle) // the first is the handle in use
			break
		}
	}
	if !isDID(name) && who.handle != name {
		return identity{}, blueskyDialect.say(KindUsage, "handle", T("the handle %s names an account that does not name it back", name), T("use the account's present handle, or its DID"))
	}
	for _, s := range doc.Has {
		if s.Type == "AtprotoPersonalDataServer" && (s.ID == "#atproto_pds" || s.ID == did+"#atproto_pds") {
			who.pds, _ = s.Endpoint.(string)
			break
		}
	}
	who.pds = strings.TrimSuffix(who.pds, "/")
	if u, err := url.Parse(who.pds); err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || Secure(u) != nil {
		return identity{}, blueskyDialect.say(KindConfig, "pds", T("the account's DID document names no server"), T("the account may be deleted; look at it in the app"))
	}
	return who, nil
}

func blueskyNobody(name string) *Error {
	return blueskyDialect.say(KindUsage, "unknown", T("no account is called %q", name), T("check the handle; write it like acme.bsky.social"))
}

// blueskyDID asks a handle's own host first, then a public resolver, which also
// knows what is only in the DNS. Whoever answers decides.
func blueskyDID(ctx context.Context, n *Net, handle string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, "https://"+handle+"/.well-known/atproto-did", nil)
	if err != nil {
		return "", blueskyNobody(handle)
	}
	if a, err := n.Send(ctx, blueskyDialect.name, r); err == nil && a.Status == http.StatusOK {
		if did := strings.TrimSpace(string(a.Body)); isDID(did) && len(did) < 2048 {
			return did, nil
		}
	}
	var answer struct{ DID string }
	status, err := blueskyGet(ctx, n, blueskyResolver+"?"+url.Values{"handle": {handle}}.Encode(), &answer)
	switch {
	case err != nil:
		return "", err
	case status != http.StatusOK || !isDID(answer.DID):
		return "", blueskyNobody(handle)
	}
	return answer.DID, nil
}

// blueskyGet reads public JSON. A refusal is a status, not an error.
func blueskyGet(ctx context.Context, n *Net, address string, v any) (int, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, blueskyDialect.say(KindUsage, "", T("that is not an address"), T("write the handle like acme.bsky.social"))
	}
	r.Header.Set("Accept", "application/json")
	a, err := n.Send(ctx, blueskyDialect.name, r)
	if err != nil {
		return 0, err
	}
	if e := outage(blueskyDialect.name, blueskyDialect.id, a.Status); e != nil {
		return a.Status, e
	}
	if a.Status == http.StatusOK && json.Unmarshal(a.Body, v) != nil {
		return a.Status, garbage(blueskyDialect.name, blueskyDialect.id)
	}
	return a.Status, nil
}

// blueskyRegister makes the client id of a program on this computer: the address
// http://localhost with the redirect address and the scopes in it, which stands
// for itself. Servers need not take it (atproto.com/specs/oauth, "Localhost
// Client Development"); their answer to the first request decides.
func blueskyRegister(_ context.Context, _ *Net, _ Endpoint, server, redirect string, scopes []string) (App, error) {
	id := "http://localhost?" + url.Values{"redirect_uri": {redirect}, "scope": {strings.Join(scopes, " ")}}.Encode()
	return App{Platform: blueskyDialect.id, Server: server, ID: id, Redirect: redirect, Scopes: scopes, Self: true}, nil
}

// blueskyAuthorize pushes the request (RFC 9126) with a proof of a new key.
func blueskyAuthorize(ctx context.Context, c Call, params url.Values) (Authorization, error) {
	if c.Endpoint.PushedURL == "" || c.Endpoint.AuthURL == "" {
		return Authorization{}, blueskyNoBrowser("")
	}
	key, err := newKey()
	if err != nil {
		return Authorization{}, blueskyDialect.say(KindStorage, "key", T("no key could be made"), T("this computer gives no random numbers"))
	}
	c.Tokens.Key = key
	params = maps.Clone(params)
	if isDID(c.Account.Server) && !params.Has("login_hint") {
		params.Set("login_hint", c.Account.Server)
	}
	var answer struct {
		URI string `json:"request_uri"`
	}
	if err := blueskyForm(ctx, c, c.Endpoint.PushedURL, params, &answer); err != nil {
		return Authorization{}, err
	}
	if answer.URI == "" {
		return Authorization{}, garbage(blueskyDialect.name, blueskyDialect.id)
	}
	u, err := url.Parse(c.Endpoint.AuthURL)
	if err != nil {
		return Authorization{}, garbage(blueskyDialect.name, blueskyDialect.id)
	}
	q := u.Query()
	q.Set("client_id", c.App.ID)
	q.Set("request_uri", answer.URI)
	u.RawQuery = q.Encode()
	return Authorization{URL: u.String(), Key: key}, nil
}

// blueskyForm posts a form with a proof to the authorization server.
func blueskyForm(ctx context.Context, c Call, address string, form url.Values, v any) error {
	a, err := c.prove(ctx, blueskyDialect, http.MethodPost, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()), Secret{})
	return blueskyAnswer(a, err, v)
}

func blueskyAnswer(a Answer, err error, v any) error {
	if err != nil {
		return err
	}
	if e := blueskyClassify(a.Status, a.Body); e != nil {
		return e
	}
	if v != nil && json.Unmarshal(a.Body, v) != nil {
		return garbage(blueskyDialect.name, blueskyDialect.id)
	}
	return nil
}

// blueskyToken exchanges a code or a refresh token at the authorization server,
// or renews an app password's session.
func blueskyToken(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	first := form.Get("grant_type") != "refresh_token"
	switch {
	case !first && c.Tokens.Key.IsZero():
		return blueskyRenew(ctx, c)
	case c.Endpoint.TokenURL == "":
		// The account has moved to a server that has no such sign-in.
		return Exchanged{}, blueskyNoBrowser("")
	}
	form = maps.Clone(form)
	form.Set("client_id", c.App.ID)
	var fields map[string]any
	if err := blueskyForm(ctx, c, c.Endpoint.TokenURL, form, &fields); err != nil {
		return Exchanged{}, err
	}
	x, err := c.exchangedFrom(&Platform{ID: blueskyDialect.id}, func(key string) any { return fields[key] }, "")
	if err != nil || x.Tokens.Access.IsZero() {
		return x, err
	}
	x.Subject, _ = fields["sub"].(string)
	if !strings.EqualFold(x.TokenType, bound) { // RFC 9449, section 5
		return Exchanged{}, blueskyDialect.say(KindConfig, "token_type", T("the server gave a token that is not bound to a key"), T("connect with an app password: %s", blueskyByPassword))
	}
	x.TokenType = bound
	// A server may speak for its own accounts only, and this is what ties them to it.
	want := c.Account.Server
	switch {
	case !isDID(x.Subject):
		return Exchanged{}, garbage(blueskyDialect.name, blueskyDialect.id)
	case isDID(want) && x.Subject != want:
		return Exchanged{}, blueskyOther(ctx, c, x.Subject, want)
	case !isDID(want):
		e, err := blueskyDiscover(ctx, c.Net, x.Subject)
		if err != nil {
			return Exchanged{}, err
		}
		if e.Issuer != c.Endpoint.Issuer {
			return Exchanged{}, blueskyForeign(c)
		}
		x.Server = x.Subject
	}
	if !slices.Contains(x.Scopes, "atproto") {
		return Exchanged{}, blueskyDialect.denied("scope")
	}
	if first {
		x.Clocks = append(x.Clocks, Clock{Kind: ClockSession, Source: SourceAssumed, At: c.Now.Add(blueskySession), Since: c.Now})
	}
	return x, nil
}

// blueskyOther says that somebody else signed in.
func blueskyOther(ctx context.Context, c Call, got, want string) *Error {
	name := func(did string) string {
		if who, err := blueskyResolve(ctx, c.Net, did); err == nil && who.handle != "" {
			return "@" + who.handle
		}
		return did
	}
	mine := name(want)
	return blueskyDialect.say(KindWrongAccount, "sub", T("You signed in as %s. This account is %s. Nothing was changed", name(got), mine), T("sign out there, then sign in for %s", mine))
}

func blueskyForeign(c Call) *Error {
	return blueskyDialect.say(KindConfig, "sub", T("%s speaks for an account that another server holds; nothing was changed", c.Account.Server), T("give the account's handle instead"))
}

// blueskyByPassword is the command of the other way in.
const blueskyByPassword = "relink connect bluesky --handle HANDLE --app-password-stdin"

// blueskyNoBrowser says that a server has no sign-in for programs on this computer.
func blueskyNoBrowser(code string) *Error {
	return blueskyDialect.say(KindPolicy, code, T("the account's server has no sign-in in the browser for programs on this computer"), T("connect with an app password: %s", blueskyByPassword))
}

// session is what createSession, refreshSession and getSession answer.
type session struct {
	Access  string `json:"accessJwt"`
	Refresh string `json:"refreshJwt"`
	DID     string `json:"did"`
	Handle  string `json:"handle"`
	Active  *bool  `json:"active"`
	Status  string `json:"status"`
}

// clocks of an app password's session. How long its tokens hold stands in them;
// that is read as a hint, without checking the signature: nothing is trusted for it.
func (s session) clocks(now time.Time) []Clock {
	out := []Clock{jwtClock(s.Access, ClockAccess, blueskyAccess, now)}
	if s.Refresh != "" {
		out = append(out, jwtClock(s.Refresh, ClockRefresh, blueskyRefresh, now))
	}
	return out
}

func jwtClock(token string, kind ClockKind, usual time.Duration, now time.Time) Clock {
	c := Clock{Kind: kind, Source: SourceAssumed, At: now.Add(usual), Since: now}
	var claims struct{ Exp, Iat float64 }
	if !jwtPayload(token, &claims) {
		return c
	}
	// The life, not the moment: this computer's clock may differ from the server's.
	if since, ok := Moment(claims.Iat); ok && claims.Exp > claims.Iat {
		life := seconds(claims.Exp - claims.Iat)
		c.Source, c.Since = SourceProvider, since
		if c.Since.Sub(now).Abs() < time.Hour {
			c.Since = now // it was issued just now
		}
		c.At = c.Since.Add(life)
	}
	return c
}

// blueskyAccept makes a session with an app password. It is done once, by a
// person: the server takes 30 in 5 minutes and 300 a day.
func blueskyAccept(ctx context.Context, c Call, login string, password Secret) (Exchanged, error) {
	secret := strings.TrimSpace(password.Reveal())
	if !appPassword(secret) {
		return Exchanged{}, blueskyDialect.say(KindUsage, "shape", T("that is not an app password: one looks like xxxx-xxxx-xxxx-xxxx"), T("make one at %s", blueskyPasswords))
	}
	login = strings.TrimPrefix(strings.TrimSpace(login), "@")
	names := []string{login}
	if isDID(c.Account.Server) && login != c.Account.Server {
		names = append(names, c.Account.Server) // the handle may have changed meanwhile
	}
	if login == "" {
		names = names[1:]
	}
	if len(names) == 0 {
		return Exchanged{}, blueskyDialect.say(KindUsage, "login", T("whose app password it is was not said"), T("add the handle: %s", blueskyByPassword))
	}
	var s session
	for i, name := range names {
		body, _ := json.Marshal(map[string]string{"identifier": name, "password": secret}) // text only
		err := blueskyXRPC(ctx, c, http.MethodPost, "com.atproto.server.createSession", Secret{}, body, &s)
		if err == nil {
			break
		}
		e := As(err, KindRetry)
		switch {
		case e.Code == "AuthenticationRequired" && i+1 < len(names):
			continue
		case e.Code == "AuthenticationRequired":
			e = blueskyDialect.say(KindUsage, e.Code, T("%s does not accept this app password for %s", blueskyDialect.name, names[0]), T("check the handle, or make a new one at %s", blueskyPasswords))
		case e.Code == "AuthFactorTokenRequired":
			e = blueskyDialect.say(KindUsage, e.Code, T("that is the account's own password, which wants a code by mail"), T("make an app password at %s", blueskyPasswords))
		}
		return Exchanged{}, e
	}
	switch {
	case s.Access == "" || s.Refresh == "":
		return Exchanged{}, noToken(blueskyDialect)
	case !isDID(s.DID):
		return Exchanged{}, garbage(blueskyDialect.name, blueskyDialect.id)
	}
	x := blueskyExchanged(s, c.Now)
	if isDID(c.Account.Server) {
		if s.DID != c.Account.Server {
			return Exchanged{}, blueskyOther(ctx, c, s.DID, c.Account.Server)
		}
		return x, nil
	}
	e, err := blueskyDiscover(ctx, c.Net, s.DID)
	if err != nil {
		return Exchanged{}, err
	}
	if e.APIURL != c.Account.Server && e.Issuer != c.Account.Server {
		return Exchanged{}, blueskyForeign(c)
	}
	x.Server = s.DID
	return x, nil
}

func blueskyExchanged(s session, now time.Time) Exchanged {
	return Exchanged{
		Tokens: Tokens{Access: NewSecret(s.Access), Refresh: NewSecret(s.Refresh)}, TokenType: "Bearer", Clocks: s.clocks(now), Subject: s.DID,
	}
}

// appPassword reports whether s has the shape of one.
func appPassword(s string) bool {
	if len(s) != 19 {
		return false
	}
	for i, r := range s {
		if dash := i%5 == 4; dash != (r == '-') || !dash && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return true
}

// blueskyRenew renews an app password's session. The old refresh token works for
// two hours more, so that a lost answer can be asked for again.
func blueskyRenew(ctx context.Context, c Call) (Exchanged, error) {
	var s session
	err := blueskyXRPC(ctx, c, http.MethodPost, "com.atproto.server.refreshSession", c.Tokens.Refresh, nil, &s)
	switch e := As(err, KindRetry); {
	case err == nil:
	case e.Kind == KindRefresh: // it is the refresh token that was shown
		return Exchanged{}, blueskyDialect.dead(e.Code)
	default:
		return Exchanged{}, e
	}
	if s.Access == "" {
		return Exchanged{}, noToken(blueskyDialect)
	}
	if s.DID != c.Account.Server && s.DID != c.Account.ProviderID {
		return Exchanged{}, blueskyDialect.say(KindConfig, "did", T("the server answered for another account"), T("reconnect the account"))
	}
	return blueskyExchanged(s, c.Now), nil
}

// blueskyXRPC makes one call of the account's own server, by the way its token
// wants: with a proof, or alone. A nil body sends none; v may be nil.
func blueskyXRPC(ctx context.Context, c Call, method, name string, token Secret, body []byte, v any) error {
	address, header := c.Endpoint.APIURL+"/xrpc/"+name, http.Header{}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	if !c.Tokens.Key.IsZero() && !token.IsZero() {
		a, err := c.prove(ctx, blueskyDialect, method, address, header, body, token)
		return blueskyAnswer(a, err, v)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return blueskyDialect.say(KindConfig, "", T("the account's server has no valid address"), T("ask its operator"))
	}
	r.Header = header
	r.Header.Set("Accept", "application/json")
	if !token.IsZero() {
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	a, err := c.Net.Send(ctx, blueskyDialect.name, r)
	return blueskyAnswer(a, err, v)
}

// blueskyWho asks whose the access token is, which is also the cheapest call
// that needs one. An account that is switched off is not the token's fault.
func blueskyWho(ctx context.Context, c Call) (session, error) {
	var s session
	if err := blueskyXRPC(ctx, c, http.MethodGet, "com.atproto.server.getSession", c.Tokens.Access, nil, &s); err != nil {
		return s, err
	}
	switch {
	case !isDID(s.DID):
		return s, garbage(blueskyDialect.name, blueskyDialect.id)
	case isDID(c.Account.Server) && s.DID != c.Account.Server:
		return s, blueskyDialect.say(KindConfig, "did", T("the server answered for another account"), T("reconnect the account"))
	case s.Active != nil && !*s.Active:
		return s, blueskyOff("inactive")
	}
	return s, nil
}

func blueskyOff(code string) *Error {
	return blueskyDialect.say(KindPolicy, code, T("the %s account is deactivated, suspended or has moved", blueskyDialect.name), T("look at it in the app; the token is not the problem"))
}

func blueskyIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	c.Tokens = x.Tokens
	if !isDID(c.Account.Server) && isDID(x.Subject) {
		// Signed in at an address; the account's own server is found by its DID.
		e, err := blueskyDiscover(ctx, c.Net, x.Subject)
		if err != nil {
			return nil, err
		}
		c.Account.Server, c.Endpoint = x.Subject, e
	}
	s, err := blueskyWho(ctx, c)
	if err != nil {
		return nil, err
	}
	if x.Subject != "" && s.DID != x.Subject {
		return nil, garbage(blueskyDialect.name, blueskyDialect.id)
	}
	handle := "@" + s.Handle
	if s.Handle == "" || s.Handle == "handle.invalid" { // what servers write when it no longer names the account
		handle = s.DID
	}
	// The picture and the shown name are an extra; a new account has no profile yet.
	var profile struct{ DisplayName, Avatar string }
	_ = blueskyXRPC(ctx, c, http.MethodGet, "app.bsky.actor.getProfile?"+url.Values{"actor": {s.DID}}.Encode(), c.Tokens.Access, nil, &profile)
	name := cmp.Or(strings.TrimSpace(profile.DisplayName), handle)
	g := Grant{Tokens: x.Tokens, TokenType: x.TokenType, Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now, Refreshable: !x.Tokens.Refresh.IsZero()}
	if len(g.Clocks) == 0 && x.Tokens.Key.IsZero() {
		g.Clocks = session{Access: x.Tokens.Access.Reveal(), Refresh: x.Tokens.Refresh.Reveal()}.clocks(c.Now)
	}
	return []Identity{{ProviderID: s.DID, Kind: "person", Name: name, Handle: handle, Avatar: profile.Avatar, Owner: name, OwnerID: s.DID, Grant: g}}, nil
}

// blueskyRevoke ends the sign-in, or the app password's session. The app
// password itself stays until the person removes it.
func blueskyRevoke(ctx context.Context, c Call) error {
	token := c.Tokens.Refresh
	if c.Tokens.Key.IsZero() {
		return blueskyXRPC(ctx, c, http.MethodPost, "com.atproto.server.deleteSession", token, nil, nil)
	}
	if c.Endpoint.RevokeURL == "" {
		return blueskyDialect.say(KindPolicy, "", T("the account's server has no way to end a sign-in"), T("end it in the account's settings there"))
	}
	if token.IsZero() {
		token = c.Tokens.Access
	}
	return blueskyForm(ctx, c, c.Endpoint.RevokeURL, url.Values{"token": {token.Reveal()}, "client_id": {c.App.ID}}, nil)
}

var blueskyDialect = dialect{id: "bluesky", name: "Bluesky", reasons: map[string]string{
	"ExpiredToken":           "The app password's session has ended: it was not used for 90 days, or was ended at Bluesky.",
	"InvalidToken":           "Bluesky no longer knows the app password's session.",
	"AuthenticationRequired": "Bluesky no longer takes the app password.",
	"invalid_grant":          "The sign-in was ended: its 14 days are over, or somebody ended it in the account's settings.",
}}

// blueskyClassify reads errors of the servers' API (XRPC) and of their
// authorization servers (RFC 6749, 9126, 9449).
func blueskyClassify(status int, body []byte) *Error {
	d := blueskyDialect
	if e := outage(d.name, d.id, status); e != nil {
		return e
	}
	var answer struct{ Error string }
	if err := json.Unmarshal(body, &answer); err != nil && status >= 400 {
		return garbage(d.name, d.id)
	}
	code := answer.Error
	switch code {
	case "ExpiredToken", "InvalidToken", "invalid_token":
		// Of the access token: whether the grant lives, the refresh token's own answer tells.
		return d.stale(code)
	case "AuthenticationRequired", "invalid_grant":
		return d.dead(code)
	case "AuthFactorTokenRequired":
		return d.say(KindConfig, code, T("%s wants a code by mail for the account's own password", d.name), T("make an app password at %s", blueskyPasswords))
	case "AccountTakedown", "AccountDeactivated", "AccountSuspended", "RepoTakendown", "RepoDeactivated", "RepoSuspended":
		return blueskyOff(code)
	case "RateLimitExceeded":
		return d.limited(code)
	case "UpstreamFailure", "UpstreamTimeout", "NotEnoughResources", "InternalServerError":
		return d.unwell(code)
	case "ScopeMissingError", "insufficient_scope":
		return d.denied(code)
	case "invalid_dpop_proof":
		return d.say(KindRetry, code, T("%s does not accept this computer's proof of its key", d.name), T("check this computer's clock and try again; nothing was changed"))
	case "use_dpop_nonce":
		return d.say(KindRetry, code, T("%s refuses the proof it has just asked for", d.name), T("try again later; nothing was changed"))
	case "invalid_client", "invalid_client_metadata", "unauthorized_client", "invalid_redirect_uri":
		return blueskyNoBrowser(code)
	}
	if e := oauthClassify(d, code); e != nil {
		if e.Kind == KindConfig { // there is no registration to check
			return d.odd(code)
		}
		return e
	}
	switch {
	case status < 400:
		return nil
	case status == http.StatusUnauthorized && code == "":
		return d.stale("401")
	case status == http.StatusForbidden && code == "":
		return d.say(KindPolicy, "403", T("%s does not allow this account to do that now", d.name), T("look at the account in the app to see why"))
	case code != "" && len(code) <= 64 && !strings.ContainsFunc(code, func(r rune) bool {
		return !(r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
	}):
		return d.odd(code)
	}
	return d.odd(fmt.Sprint(status))
}
