package platform

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// longest is the longest life a token answer is believed to mean; more would
// overflow what a duration can hold.
const longest = 100 * 365 * day

// OAuth gives x/oauth2's view of an app at a server. The authentication style
// is never left to be guessed.
func (p *Platform) OAuth(e Endpoint, app App, redirect string) *oauth2.Config {
	style := p.Style(e, app)
	if style == oauth2.AuthStyleAutoDetect {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: app.ID, ClientSecret: app.Secret.Reveal(), RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{AuthURL: e.AuthURL, TokenURL: e.TokenURL, AuthStyle: style},
	}
}

// Proof is what a code was asked for with; all of it goes back with the code.
type Proof struct {
	// Redirect is the address the code came to.
	Redirect string
	// Verifier is PKCE's (RFC 7636), Nonce OpenID Connect's; empty where not used.
	Verifier, Nonce string
}

// Exchange turns a code into tokens with one request (RFC 6749, section 4.1.3).
// Errors are *[Error]; the code is used up in every case.
func (p *Platform) Exchange(ctx context.Context, c Call, code string, proof Proof) (Exchanged, error) {
	if p.TokenRequest != nil {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {proof.Redirect}}
		if proof.Verifier != "" {
			form.Set("code_verifier", proof.Verifier)
		}
		return p.requested(ctx, c, form)
	}
	var opts []oauth2.AuthCodeOption
	if proof.Verifier != "" {
		opts = append(opts, oauth2.VerifierOption(proof.Verifier))
	}
	tok, err := p.OAuth(c.Endpoint, c.App, proof.Redirect).Exchange(c.Net.Context(ctx), code, opts...)
	if err != nil {
		return Exchanged{}, p.tokenError(err)
	}
	return p.exchanged(c, tok, proof.Nonce)
}

// Refresh asks for a new access token with c.Tokens.Refresh, with one request
// (RFC 6749, section 6). An answer without a refresh token keeps the old one.
// Errors are *[Error]; KindReconnect means the refresh token was refused.
func (p *Platform) Refresh(ctx context.Context, c Call) (Exchanged, error) {
	if p.TokenRequest != nil {
		x, err := p.requested(ctx, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.Tokens.Refresh.Reveal()}})
		if err == nil && x.Tokens.Refresh.IsZero() {
			x.Tokens.Refresh = c.Tokens.Refresh
		}
		return x, err
	}
	old := &oauth2.Token{RefreshToken: c.Tokens.Refresh.Reveal()}
	tok, err := p.OAuth(c.Endpoint, c.App, "").TokenSource(c.Net.Context(ctx), old).Token()
	if err != nil {
		return Exchanged{}, p.tokenError(err)
	}
	return p.exchanged(c, tok, "")
}

// deviceGrant is the grant type of RFC 8628, section 3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// StartDevice asks for a device code (RFC 8628, section 3.1). Errors are *[Error].
func (p *Platform) StartDevice(ctx context.Context, c Call, scopes []string) (Device, error) {
	if p.Device != nil {
		return p.Device(ctx, c, scopes)
	}
	if c.Endpoint.DeviceURL == "" {
		return Device{}, &Error{Kind: KindUsage, Platform: p.ID, Message: T("%s has no sign-in by device code", p.Name), Repair: T("connect through the browser")}
	}
	d := dialect{id: p.ID, name: p.called()}
	form := url.Values{"client_id": {c.App.ID}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, p.Separator))
	}
	return c.device(ctx, d, p.Classify, form)
}

// device sends a device authorization request and reads the answer as RFC 8628 has it.
func (c Call) device(ctx context.Context, d dialect, classify func(int, []byte) *Error, form url.Values) (Device, error) {
	var answer struct {
		Code     string  `json:"device_code"`
		UserCode string  `json:"user_code"`
		URL      string  `json:"verification_uri"`
		Whole    string  `json:"verification_uri_complete"`
		Expires  float64 `json:"expires_in"`
		Interval float64 `json:"interval"`
	}
	if err := c.request(ctx, d, classify, http.MethodPost, c.Endpoint.DeviceURL, form, Secret{}, nil, &answer); err != nil {
		return Device{}, err
	}
	if answer.Code == "" || answer.UserCode == "" || answer.URL == "" {
		return Device{}, garbage(d.name, d.id)
	}
	out := Device{
		Code: NewSecret(answer.Code), UserCode: answer.UserCode, URL: cmp.Or(answer.Whole, answer.URL),
		Expires: seconds(answer.Expires), Interval: seconds(answer.Interval),
	}
	if out.Interval < time.Second {
		out.Interval = 5 * time.Second // section 3.2: when none is said
	}
	return out, nil
}

// Poll asks whether the person has typed the code yet, with one request. An
// error with the Code "authorization_pending" or "slow_down" means not yet.
func (p *Platform) Poll(ctx context.Context, c Call, code Secret) (Exchanged, error) {
	form := url.Values{"grant_type": {deviceGrant}, "device_code": {code.Reveal()}}
	if p.TokenRequest != nil {
		return p.requested(ctx, c, form)
	}
	get, err := c.tokenForm(ctx, dialect{id: p.ID, name: p.called()}, p.Classify, p.Style(c.Endpoint, c.App), form, nil)
	if err != nil {
		return Exchanged{}, err
	}
	return c.exchangedFrom(p, get, "")
}

// requested makes a token request the platform's own way. A 200 is not a token.
func (p *Platform) requested(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
	x, err := p.TokenRequest(ctx, c, form)
	if err == nil && x.Tokens.Access.IsZero() {
		err = noToken(dialect{id: p.ID, name: p.called()})
	}
	if err != nil {
		return Exchanged{}, As(err, KindRetry)
	}
	if x.TokenType == "" {
		x.TokenType = "Bearer"
	}
	return x, nil
}

// tokenForm posts a token request, with the client's id and secret where style
// says, and gives a function that reads the answer's fields.
func (c Call) tokenForm(ctx context.Context, d dialect, classify func(int, []byte) *Error, style oauth2.AuthStyle, form url.Values, header http.Header) (func(string) any, error) {
	form = maps.Clone(form)
	header = maps.Clone(header)
	if header == nil {
		header = http.Header{}
	}
	if style == oauth2.AuthStyleInHeader {
		header.Set("Authorization", c.App.basic())
	} else {
		form.Set("client_id", c.App.ID)
		if !c.App.Secret.IsZero() {
			form.Set("client_secret", c.App.Secret.Reveal())
		}
	}
	var fields map[string]any
	if err := c.request(ctx, d, classify, http.MethodPost, c.Endpoint.TokenURL, form, Secret{}, header, &fields); err != nil {
		return nil, err
	}
	return func(key string) any { return fields[key] }, nil
}

func (p *Platform) exchanged(c Call, tok *oauth2.Token, nonce string) (Exchanged, error) {
	x, err := c.exchangedFrom(p, tok.Extra, nonce)
	if err != nil {
		return x, err
	}
	x.Tokens.Access, x.Tokens.Refresh, x.TokenType = NewSecret(tok.AccessToken), NewSecret(tok.RefreshToken), tok.Type()
	return x, nil
}

// exchangedFrom reads a token answer as RFC 6749, section 5.1 writes it; get
// gives its fields. Lists may be text or JSON lists, lives numbers or text.
func (c Call) exchangedFrom(p *Platform, get func(string) any, nonce string) (Exchanged, error) {
	word := func(key string) string { s, _ := get(key).(string); return s }
	x := Exchanged{
		Tokens:    Tokens{Access: NewSecret(word("access_token")), Refresh: NewSecret(word("refresh_token"))},
		TokenType: word("token_type"),
	}
	if strings.EqualFold(x.TokenType, "bearer") {
		x.TokenType = "Bearer"
	}
	switch s := get("scope").(type) {
	case string:
		if s != "" {
			x.Scopes = SplitScopes(s)
		}
	case []any:
		x.Scopes = []string{}
		for _, one := range s {
			if one, ok := one.(string); ok {
				x.Scopes = append(x.Scopes, one)
			}
		}
	}
	clock := func(kind ClockKind, keys ...string) {
		for _, key := range keys {
			if d := seconds(get(key)); d > 0 {
				x.Clocks = append(x.Clocks, Clock{Kind: kind, Source: SourceProvider, At: c.Now.Add(d), Since: c.Now})
				return
			}
		}
	}
	clock(ClockAccess, "expires_in")
	if !x.Tokens.Refresh.IsZero() || !c.Tokens.Refresh.IsZero() {
		// LinkedIn, Google and Pinterest use the first name, TikTok and Keycloak the second.
		clock(ClockRefresh, "refresh_token_expires_in", "refresh_expires_in")
	}
	raw := word("id_token")
	if raw == "" {
		return x, nil
	}
	// The token came straight from the token endpoint over TLS, so its
	// signature may be left unchecked (OpenID Connect Core, section 3.1.3.7, step 6).
	claims, ok := idClaims(raw)
	if !ok {
		return x, nil
	}
	// A nonce that was sent must come back (step 11).
	if nonce != "" && claims.Nonce != nonce || len(claims.Audience) > 0 && !claims.Audience.has(c.App.ID) {
		return Exchanged{}, &Error{Kind: KindConfig, Platform: p.ID, Code: "id_token", Message: T("the ID token in the answer belongs to another sign-in"), Repair: T("start the connection again; nothing was changed")}
	}
	x.Subject = claims.Subject
	return x, nil
}

// told is exchangedFrom for a platform without ID tokens.
func (c Call) told(d dialect, get func(string) any) (Exchanged, error) {
	return c.exchangedFrom(&Platform{ID: d.id}, get, "")
}

// basic is the app in an Authorization header (RFC 6749, section 2.3.1: both are
// form-encoded before they are joined). A public client's password is empty.
func (a App) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(a.ID)+":"+url.QueryEscape(a.Secret.Reveal())))
}

// grant is what an identity gets where it is all that the sign-in gave.
func (c Call) grant(x Exchanged) Grant {
	return Grant{Tokens: x.Tokens, TokenType: x.TokenType, Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now}
}

// called is the platform's name in a sentence.
func (p *Platform) called() string {
	if p.Site == SiteIssuer {
		return T("the issuer")
	}
	return p.Name
}

type claims struct {
	Subject  string   `json:"sub"`
	Nonce    string   `json:"nonce"`
	Audience audience `json:"aud"`
}

// audience is one string or a list of them (RFC 7519, section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

func (a audience) has(id string) bool {
	for _, v := range a {
		if v == id {
			return true
		}
	}
	return false
}

func idClaims(raw string) (claims, bool) {
	var c claims
	return c, jwtPayload(raw, &c)
}

// jwtPayload reads what a token in the form of a JWT (RFC 7519) says; false when
// it is none. Nothing is checked.
func jwtPayload(token string, v any) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	return err == nil && json.Unmarshal(b, v) == nil
}

// seconds reads a life as platforms write it: a number or a string of one.
func seconds(v any) time.Duration {
	var s float64
	switch v := v.(type) {
	case float64:
		s = v
	case int64:
		s = float64(v)
	case string:
		s, _ = strconv.ParseFloat(v, 64)
	}
	if !(s > 0) {
		return 0
	}
	if s > longest.Seconds() {
		return longest
	}
	return time.Duration(s) * time.Second
}

// tokenError says what a failed token request means. What x/oauth2 would print
// holds the raw answer and is dropped.
func (p *Platform) tokenError(err error) *Error {
	name := p.called()
	var refused *oauth2.RetrieveError
	var transport *url.Error
	switch {
	case errors.As(err, &refused):
		if e := p.Classify(refused.Response.StatusCode, refused.Body); e != nil {
			return e
		}
		return noToken(dialect{id: p.ID, name: name})
	case errors.As(err, &transport):
		return Unreachable(name, err)
	case strings.HasPrefix(err.Error(), "oauth2: server response missing"):
		return noToken(dialect{id: p.ID, name: name})
	case strings.HasPrefix(err.Error(), "oauth2: cannot parse"):
		return garbage(name, p.ID)
	}
	return Unreachable(name, err)
}

// noToken is a 200 that is not a token.
func noToken(d dialect) *Error {
	return d.say(KindRetry, "no_token", T("%s answered without a token", d.name), T("try again; nothing was changed"))
}

// Clocks gives a grant's clocks with silence filled from the platform's table:
// what the platform said always stands. A grant without tokens has none.
func (p *Platform) Clocks(g Grant, now time.Time) []Clock {
	if g.Tokens.Access.IsZero() {
		return g.Clocks
	}
	since := g.Issued
	if since.IsZero() {
		since = now
	}
	out := g.Clocks
	for _, kind := range []ClockKind{ClockAccess, ClockRefresh, ClockDataAccess, ClockSession, ClockInactivity} {
		life, listed := p.Silent[kind]
		if !listed || g.Clock(kind).Kind != "" || kind == ClockRefresh && g.Tokens.Refresh.IsZero() {
			continue
		}
		c := Clock{Kind: kind, Source: SourceNever, Since: since}
		if life > 0 {
			c.Source, c.At = SourceAssumed, since.Add(life)
		}
		out = append(out[:len(out):len(out)], c)
	}
	return out
}
