package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What Meta's platforms have in common: Facebook, Instagram by either sign-in,
// and Threads. Their errors are one envelope, their tokens are exchanged for
// longer ones, and two clocks run: the token, and data access.

// metaRerequest: a permission that was declined is only offered again with it
// (Meta's Login documentation).
var metaRerequest = url.Values{"auth_type": {"rerequest"}}

// metaToken is an answer with a token in it.
type metaToken struct {
	AccessToken string  `json:"access_token"`
	ExpiresIn   float64 `json:"expires_in"`
}

// metaExchange asks for another token; form and method are the platform's own.
// An answer that does not say how long it lives leaves that to the table.
func metaExchange(ctx context.Context, c Call, d dialect, method, at string, form url.Values) (Exchanged, error) {
	var answer metaToken
	if err := c.request(ctx, d, d.metaClassify, method, at, form, Secret{}, nil, &answer); err != nil {
		return Exchanged{}, err
	}
	if answer.AccessToken == "" {
		return Exchanged{}, noToken(d)
	}
	x := Exchanged{Tokens: Tokens{Access: NewSecret(answer.AccessToken)}, TokenType: "Bearer"}
	if life := seconds(answer.ExpiresIn); life > 0 {
		x.Clocks = []Clock{{Kind: ClockAccess, Source: SourceProvider, At: c.Now.Add(life), Since: c.Now}}
	}
	return x, nil
}

// metaLong exchanges the short-lived token of a sign-in for a long-lived one, as
// Instagram and Threads do it; scopes stay as the first answer had them.
func metaLong(ctx context.Context, c Call, d dialect, at, grant string, x Exchanged) (Exchanged, error) {
	long, err := metaExchange(ctx, c, d, http.MethodGet, at, url.Values{
		"grant_type": {grant}, "client_secret": {c.App.Secret.Reveal()}, "access_token": {x.Tokens.Access.Reveal()},
	})
	if err != nil {
		return x, err
	}
	x.Tokens, x.TokenType, x.Clocks = long.Tokens, long.TokenType, long.Clocks
	return x, nil
}

// metaRefresh has a long-lived token issued anew, which needs no secret.
func metaRefresh(ctx context.Context, c Call, d dialect, at, grant string) (Exchanged, error) {
	return metaExchange(ctx, c, d, http.MethodGet, at, url.Values{"grant_type": {grant}, "access_token": {c.Tokens.Access.Reveal()}})
}

// metaCode turns a code into Instagram's or Threads' short-lived token. Both
// clients are confidential, with the secret in the form. Instagram's answer is
// also documented wrapped in a list, and its permissions as text or as a list;
// user ids are numbers too large for a float, and are not read.
func metaCode(d dialect) func(context.Context, Call, url.Values) (Exchanged, error) {
	return func(ctx context.Context, c Call, form url.Values) (Exchanged, error) {
		// The redirect address ends with "#_", which is no part of the code.
		form.Set("code", strings.TrimSuffix(form.Get("code"), "#_"))
		form.Set("client_id", c.App.ID)
		form.Set("client_secret", c.App.Secret.Reveal())
		type short struct {
			metaToken
			Permissions json.RawMessage `json:"permissions"`
		}
		var answer struct {
			short
			Data []short `json:"data"`
		}
		if err := c.request(ctx, d, d.metaClassify, http.MethodPost, c.Endpoint.TokenURL, form, Secret{}, nil, &answer); err != nil {
			return Exchanged{}, err
		}
		got := answer.short
		if got.AccessToken == "" && len(answer.Data) > 0 {
			got = answer.Data[0]
		}
		return Exchanged{Tokens: Tokens{Access: NewSecret(got.AccessToken)}, Scopes: metaPermissions(got.Permissions)}, nil
	}
}

// metaPermissions reads "a,b" or ["a","b"]; nil when it does not say.
func metaPermissions(raw json.RawMessage) []string {
	var list []string
	var text string
	switch {
	case json.Unmarshal(raw, &list) == nil && list != nil:
		return list
	case json.Unmarshal(raw, &text) == nil && text != "":
		return SplitScopes(text)
	}
	return nil
}

// metaDebug asks debug_token what a token is worth. Asker is whose authority the
// question has; what goes wrong with that is refused, not the token asked about.
func metaDebug(ctx context.Context, c Call, d dialect, at string, token, asker Secret) (v Verdict, refused bool, err error) {
	var answer struct {
		Data struct {
			IsValid    *bool    `json:"is_valid"`
			ExpiresAt  *int64   `json:"expires_at"`
			DataAccess int64    `json:"data_access_expires_at"`
			IssuedAt   int64    `json:"issued_at"`
			Scopes     []string `json:"scopes"`
			Error      *struct {
				Code    int `json:"code"`
				Subcode int `json:"subcode"`
			} `json:"error"`
		} `json:"data"`
	}
	err = c.request(ctx, d, d.metaClassify, http.MethodGet, at, url.Values{
		"input_token": {token.Reveal()}, "access_token": {asker.Reveal()},
	}, Secret{}, nil, &answer)
	if err != nil {
		kind := KindOf(err)
		return Verdict{}, kind != KindRetry && kind != KindLimit, err
	}
	info := answer.Data
	if info.IsValid == nil {
		return Verdict{}, false, garbage(d.name, d.id)
	}
	v = Verdict{Scopes: info.Scopes}
	since, ok := Moment(info.IssuedAt)
	if !ok {
		since = c.Now
	}
	var end time.Time
	if info.ExpiresAt != nil {
		end, ok = Moment(*info.ExpiresAt)
		switch {
		case ok:
			v.Clocks = append(v.Clocks, Clock{Kind: ClockAccess, Source: SourceIntrospected, At: end, Since: since, Learnt: c.Now})
		case *info.ExpiresAt <= 0: // 0 means never
			v.Clocks = append(v.Clocks, Clock{Kind: ClockAccess, Source: SourceNever, Since: since, Learnt: c.Now})
		}
	}
	if at, ok := Moment(info.DataAccess); ok {
		v.Clocks = append(v.Clocks, Clock{Kind: ClockDataAccess, Source: SourceIntrospected, At: at, Since: since, Learnt: c.Now})
	}
	if !*info.IsValid {
		if !end.IsZero() && !end.After(c.Now) {
			return v, false, nil // an end with a date is a clock, not a fault
		}
		code := "190"
		if info.Error != nil && info.Error.Subcode > 0 {
			code = fmt.Sprintf("190/%d", info.Error.Subcode)
		}
		return v, false, d.metaDead(code, true)
	}
	return v, false, nil
}

// metaDead is an error that only a person can mend.
func (d dialect) metaDead(code string, definite bool) *Error {
	e := d.dead(code)
	e.Definite = definite
	switch code {
	case "190/459", "190/464":
		// A checkpoint, or an account that is not confirmed: no sign-in helps before that is settled.
		site := d.name
		if site == "Facebook" {
			site = "facebook.com"
		}
		e.Repair = T("sign in on %s and follow what it asks, then reconnect the account", site)
	}
	return e
}

// metaClassify reads the Graph error envelope, also inside a 200
// (developers.facebook.com, Graph API error handling; the rate-limit list is that
// of the BUC documentation), and the flat one of Instagram's token endpoint,
// which no page documents: what it does not know leaves the token alone.
// Words of a message decide only what would else be held against a token, or
// what needs another repair: they are not documented either.
func (d dialect) metaClassify(status int, body []byte) *Error {
	var answer struct {
		Error *struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
			Subcode int    `json:"error_subcode"`
		} `json:"error"`
		FlatType    string `json:"error_type"`
		FlatMessage string `json:"error_message"`
	}
	err := json.Unmarshal(body, &answer)
	switch {
	case err == nil && answer.FlatType != "" && status < 500 && status != http.StatusTooManyRequests:
		return d.metaFlat(strings.ToLower(answer.FlatMessage))
	case err != nil || answer.Error == nil:
		if e := outage(d.name, d.id, status); e != nil {
			return e
		}
		if status >= 400 {
			return garbage(d.name, d.id)
		}
		return nil
	case status >= 500: // nothing said while it is not well counts against a token
		return outage(d.name, d.id, status)
	}
	g := answer.Error
	code := fmt.Sprint(g.Code)
	if g.Subcode != 0 {
		code = fmt.Sprintf("%d/%d", g.Code, g.Subcode)
	}
	says := func(words ...string) bool {
		message := strings.ToLower(g.Message)
		for _, w := range words {
			if strings.Contains(message, w) {
				return true
			}
		}
		return false
	}
	switch {
	case status == http.StatusTooManyRequests:
		return d.limited(code)
	case g.Code == 101, g.Code == 190 && says("error validating application"), g.Code == 1 && says("client secret"):
		return d.noApp(code)
	case g.Code == 190 || g.Code == 102:
		return d.metaDead(code, false)
	case g.Code == 100 && g.Subcode >= 36007 && g.Subcode <= 36009, g.Code == 100 && says("verification code", "authorization code"):
		return d.metaCodeOver(code)
	case g.Code == 191:
		return d.metaRedirect(code)
	case g.Subcode == 2207042:
		return d.limited(code) // as many posts as a day may have
	case g.Subcode == 2207050, g.Subcode == 2207051, g.Subcode == 4279013:
		return d.metaBlocked(code)
	case g.Subcode >= 2207000 && g.Subcode <= 2207999:
		return d.say(KindPolicy, code, T("%s refused the post or its media", d.name), T("change the post; the token is not the problem"))
	case g.Code == 3, says("developer role", "app review", "development mode", "api access blocked", "api access deactivated"):
		return d.metaGate(code)
	case g.Code == 10, g.Code >= 200 && g.Code <= 299:
		return d.denied(code)
	case g.Code == 100 && g.Subcode == 33:
		return d.say(KindPermission, code, T("%s does not show this to the account that was connected", d.name), T("reconnect and allow everything that is asked for"))
	case g.Code == 4, g.Code == 17, g.Code == 32, g.Code == 341, g.Code == 613, g.Code >= 80000 && g.Code <= 80014:
		return d.limited(code)
	case g.Code == 368:
		return d.metaBlocked(code)
	case g.Code == 506:
		return d.say(KindPolicy, code, T("%s refused the post: it is the same as the one before", d.name), T("change the text; the token is not the problem"))
	case g.Code == 1, g.Code == 2:
		return d.unwell(code)
	}
	if e := outage(d.name, d.id, status); e != nil {
		return e
	}
	return d.odd(code)
}

// metaFlat judges by the message, in lower case: there is no better code than 400.
func (d dialect) metaFlat(message string) *Error {
	switch {
	case strings.Contains(message, "developer role"):
		return d.metaGate("400")
	case strings.Contains(message, "redirect"):
		return d.metaRedirect("400")
	case strings.Contains(message, "platform app"), strings.Contains(message, "client_secret"), strings.Contains(message, "client secret"), strings.Contains(message, "client_id"):
		return d.noApp("400")
	case strings.Contains(message, "code"):
		return d.metaCodeOver("400")
	}
	return d.odd("400")
}

// metaGate: an app that was not reviewed serves people with a role in it only,
// and only what it was approved for.
func (d dialect) metaGate(code string) *Error {
	return d.say(KindPolicy, code, T("%s does not let your app do this for this account yet; the token is not the problem", d.name),
		T("give the account a role in your app, or pass App Review, at developers.facebook.com/apps"))
}

// metaBlocked: the account or what it did is restricted.
func (d dialect) metaBlocked(code string) *Error {
	return d.say(KindPolicy, code, T("%s has blocked this for a while", d.name), T("read the notice in %s itself; the token is not the problem", d.name))
}

func (d dialect) metaCodeOver(code string) *Error {
	return d.say(KindCancelled, code, T("%s no longer accepts this sign-in's code", d.name), T("start the connection again"))
}

func (d dialect) metaRedirect(code string) *Error {
	return d.say(KindConfig, code, T("%s does not accept the redirect address", d.name), T("list it in the app's settings exactly as relink platforms shows it"))
}
