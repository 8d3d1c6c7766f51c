package platform

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
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
	old := &oauth2.Token{RefreshToken: c.Tokens.Refresh.Reveal()}
	tok, err := p.OAuth(c.Endpoint, c.App, "").TokenSource(c.Net.Context(ctx), old).Token()
	if err != nil {
		return Exchanged{}, p.tokenError(err)
	}
	return p.exchanged(c, tok, "")
}

func (p *Platform) exchanged(c Call, tok *oauth2.Token, nonce string) (Exchanged, error) {
	x := Exchanged{
		Tokens:    Tokens{Access: NewSecret(tok.AccessToken), Refresh: NewSecret(tok.RefreshToken)},
		TokenType: tok.Type(),
	}
	if s, ok := tok.Extra("scope").(string); ok && s != "" {
		x.Scopes = SplitScopes(s)
	}
	clock := func(kind ClockKind, keys ...string) {
		for _, key := range keys {
			if d := seconds(tok.Extra(key)); d > 0 {
				x.Clocks = append(x.Clocks, Clock{Kind: kind, Source: SourceProvider, At: c.Now.Add(d), Since: c.Now})
				return
			}
		}
	}
	clock(ClockAccess, "expires_in")
	if tok.RefreshToken != "" {
		// LinkedIn and TikTok use the first name, Keycloak the second.
		clock(ClockRefresh, "refresh_token_expires_in", "refresh_expires_in")
	}
	raw, _ := tok.Extra("id_token").(string)
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
		return Exchanged{}, &Error{Kind: KindConfig, Platform: p.ID, Code: "id_token", Message: "the ID token in the answer belongs to another sign-in", Repair: "start the connection again; nothing was changed"}
	}
	x.Subject = claims.Subject
	return x, nil
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
	parts := strings.Split(raw, ".")
	var c claims
	if len(parts) != 3 {
		return c, false
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	return c, err == nil && json.Unmarshal(b, &c) == nil
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
	name := p.Name
	if p.Site == SiteIssuer {
		name = "the issuer"
	}
	var refused *oauth2.RetrieveError
	var transport *url.Error
	switch {
	case errors.As(err, &refused):
		if e := p.Classify(refused.Response.StatusCode, refused.Body); e != nil {
			return e
		}
		return noToken(dialect{p.ID, name})
	case errors.As(err, &transport):
		return Unreachable(name, err)
	case strings.HasPrefix(err.Error(), "oauth2: server response missing"):
		return noToken(dialect{p.ID, name})
	case strings.HasPrefix(err.Error(), "oauth2: cannot parse"):
		return garbage(name, p.ID)
	}
	return Unreachable(name, err)
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
