package platform

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// oidc is any OAuth 2 or OpenID Connect issuer that publishes its metadata
// (RFC 8414, OpenID Connect Discovery). Refresh tokens are treated as rotating,
// which is safe for those that are not.
var oidc = &Platform{
	ID: oidcDialect.id, Name: oidcDialect.name,
	AuthStyle: oidcAuthStyle,
	PKCE:      true, // RFC 9700: also where the metadata does not mention it
	Separator: " ",
	Family:    FamilyRotating,
	Redirect:  RedirectAnyPort,
	Site:      SiteIssuer,
	Lifetime:  "as the issuer says; with a refresh token it renews by itself",
	Registration: Registration{
		Secret: true, IDLabel: "Client ID", SecretLabel: "Client secret (empty for a public client)",
		Steps: []string{
			"Register a native or public client at the issuer, with PKCE.",
			"Allow the redirect address {redirect} (any port, RFC 8252).",
		},
	},
	Scopes:     []string{"openid", "profile", "offline_access"},
	Needs:      nil,
	AuthParams: url.Values{"prompt": {"consent"}}, // OpenID Connect Core section 11: offline_access needs it
	Discover:   oidcDiscover,
	Identify:   oidcIdentify,
	Verify:     oidcVerify,
	Revoke:     oidcRevoke,
	Classify:   oidcClassify,
}

// oidcAuthStyle is the default of RFC 6749 section 2.3.1; metadata may say otherwise.
const oidcAuthStyle = oauth2.AuthStyleInHeader

// metadata is what RFC 8414 and OpenID Connect Discovery have in common.
type metadata struct {
	Issuer      string   `json:"issuer"`
	Auth        string   `json:"authorization_endpoint"`
	Token       string   `json:"token_endpoint"`
	Revoke      string   `json:"revocation_endpoint"`
	Introspect  string   `json:"introspection_endpoint"`
	UserInfo    string   `json:"userinfo_endpoint"`
	Register    string   `json:"registration_endpoint"`
	Device      string   `json:"device_authorization_endpoint"`
	Pushed      string   `json:"pushed_authorization_request_endpoint"`
	Scopes      []string `json:"scopes_supported"`
	Challenges  []string `json:"code_challenge_methods_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

// oidcDiscover asks at both well-known addresses, OpenID's first.
func oidcDiscover(ctx context.Context, n *Net, issuer string) (Endpoint, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return Endpoint{}, &Error{Kind: KindUsage, Message: T("%q is not an issuer's address", issuer), Repair: T("write it like https://accounts.example.com")}
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	var last *Error
	for _, address := range []string{
		origin + path + "/.well-known/openid-configuration",
		origin + "/.well-known/oauth-authorization-server" + path,
	} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			return Endpoint{}, badServer(issuer)
		}
		a, err := n.Send(ctx, T("the issuer"), r)
		if err != nil {
			return Endpoint{}, err
		}
		if a.Status != http.StatusOK {
			if last = outage(T("the issuer"), "oidc", a.Status); last != nil && a.Status >= 500 {
				return Endpoint{}, last
			}
			continue
		}
		var m metadata
		if json.Unmarshal(a.Body, &m) != nil || m.Auth == "" || m.Token == "" {
			last = garbage(T("the issuer"), "oidc")
			continue
		}
		if same := strings.TrimSuffix(m.Issuer, "/"); same != strings.TrimSuffix(issuer, "/") && same != strings.TrimSuffix(n.URL(issuer), "/") {
			return Endpoint{}, &Error{Kind: KindConfig, Platform: "oidc", Message: T("the issuer calls itself %s", m.Issuer), Repair: T("use exactly that address with --issuer")}
		}
		e := Endpoint{
			AuthURL: m.Auth, TokenURL: m.Token, RevokeURL: m.Revoke, IntrospectURL: m.Introspect,
			UserInfoURL: m.UserInfo, RegisterURL: m.Register, DeviceURL: m.Device, PushedURL: m.Pushed, Issuer: m.Issuer, NamesIssuer: m.NamesIssuer, Scopes: m.Scopes,
			PKCE: len(m.Challenges) == 0 || slices.Contains(m.Challenges, "S256"),
		}
		if len(m.AuthMethods) > 0 && !slices.Contains(m.AuthMethods, "client_secret_basic") {
			e.AuthStyle = oauth2.AuthStyleInParams
		}
		for _, address := range []string{e.AuthURL, e.TokenURL, e.DeviceURL, e.PushedURL} {
			if address == "" {
				continue
			}
			if u, err := url.Parse(address); err != nil || Secure(u) != nil {
				return Endpoint{}, &Error{Kind: KindConfig, Platform: "oidc", Message: T("the issuer's addresses are not https"), Repair: T("ask its operator; tokens travel only over https")}
			}
		}
		return e, nil
	}
	if last != nil {
		return Endpoint{}, last
	}
	return Endpoint{}, &Error{Kind: KindConfig, Platform: "oidc", Message: T("no OpenID or OAuth metadata at %s", issuer), Repair: T("check the issuer's address")}
}

func oidcIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	var who struct {
		Sub, Name, Picture string
		Username           string `json:"preferred_username"`
		Email              string
	}
	switch {
	case c.Endpoint.UserInfoURL != "":
		if err := c.request(ctx, oidcDialect, oidcClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, x.Tokens.Access, nil, &who); err != nil {
			return nil, err
		}
		// OpenID Connect Core section 5.3.2: the two must be the same person.
		if x.Subject != "" && who.Sub != x.Subject {
			return nil, garbage(T("the issuer"), oidcDialect.id)
		}
	case x.Subject != "":
		who.Sub = x.Subject
	case c.Endpoint.IntrospectURL != "":
		sub, err := oidcIntrospect(ctx, c, x.Tokens.Access)
		if err != nil {
			return nil, err
		}
		who.Sub, who.Username = sub.Sub, sub.Username
	}
	if who.Sub == "" {
		return nil, &Error{Kind: KindConfig, Platform: oidcDialect.id, Message: T("the issuer does not say whose account this is"), Repair: T("allow the scope openid for this client")}
	}
	handle := cmp.Or(who.Username, who.Email)
	name := cmp.Or(who.Name, handle, who.Sub)
	return []Identity{{
		ProviderID: who.Sub, Kind: "person", Name: name, Handle: handle, Avatar: who.Picture, Owner: name, OwnerID: who.Sub,
		Grant: Grant{Tokens: x.Tokens, TokenType: x.TokenType, Scopes: x.Scopes, Asked: x.Asked, Clocks: x.Clocks, Issued: c.Now, Refreshable: !x.Tokens.Refresh.IsZero()},
	}}, nil
}

type introspection struct {
	Active             *bool
	Sub, Username, Exp string
}

// oidcIntrospect asks about a token (RFC 7662) with the client's own credentials.
func oidcIntrospect(ctx context.Context, c Call, token Secret) (introspection, error) {
	form := url.Values{"token": {token.Reveal()}, "token_type_hint": {"access_token"}}
	var answer struct {
		Active        *bool
		Sub, Username string
	}
	err := c.request(ctx, oidcDialect, oidcClassify, http.MethodPost, c.Endpoint.IntrospectURL, form, Secret{}, clientAuth(c, form), &answer)
	return introspection{Active: answer.Active, Sub: answer.Sub, Username: answer.Username}, err
}

// clientAuth adds the client's credentials to a form, or gives them as a header.
func clientAuth(c Call, form url.Values) http.Header {
	if style(oidcAuthStyle, c.Endpoint, c.App) == oauth2.AuthStyleInHeader {
		// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
		pair := url.QueryEscape(c.App.ID) + ":" + url.QueryEscape(c.App.Secret.Reveal())
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(pair))}}
	}
	form.Set("client_id", c.App.ID)
	if !c.App.Secret.IsZero() {
		form.Set("client_secret", c.App.Secret.Reveal())
	}
	return nil
}

// oidcVerify asks the userinfo endpoint, which any client may; without one it
// introspects.
func oidcVerify(ctx context.Context, c Call) (Verdict, error) {
	switch {
	case c.Endpoint.UserInfoURL != "":
		var who struct{ Sub string }
		err := c.request(ctx, oidcDialect, oidcClassify, http.MethodGet, c.Endpoint.UserInfoURL, nil, c.Tokens.Access, nil, &who)
		if err == nil && who.Sub == "" { // a network's sign-in page also answers 200
			return Verdict{}, garbage(T("the issuer"), oidcDialect.id)
		}
		return Verdict{}, err
	case c.Endpoint.IntrospectURL != "":
		answer, err := oidcIntrospect(ctx, c, c.Tokens.Access)
		if err != nil {
			return Verdict{}, err
		}
		if answer.Active == nil {
			return Verdict{}, garbage(T("the issuer"), oidcDialect.id)
		}
		if !*answer.Active {
			return Verdict{}, oauthClassify(oidcDialect, "invalid_token")
		}
		return Verdict{}, nil
	}
	return Verdict{}, &Error{Kind: KindPolicy, Platform: oidcDialect.id, Message: T("the issuer has no way to ask about a token"), Repair: T("nothing to do: its end date is all that is known")}
}

// oidcRevoke ends the refresh token where there is one, which ends the grant (RFC 7009).
func oidcRevoke(ctx context.Context, c Call) error {
	if c.Endpoint.RevokeURL == "" {
		return &Error{Kind: KindPolicy, Platform: oidcDialect.id, Message: T("the issuer has no way to revoke a token"), Repair: T("remove the app on the issuer's own site")}
	}
	form := url.Values{"token": {c.Tokens.Access.Reveal()}, "token_type_hint": {"access_token"}}
	if !c.Tokens.Refresh.IsZero() {
		form = url.Values{"token": {c.Tokens.Refresh.Reveal()}, "token_type_hint": {"refresh_token"}}
	}
	return c.request(ctx, oidcDialect, oidcClassify, http.MethodPost, c.Endpoint.RevokeURL, form, Secret{}, clientAuth(c, form), nil)
}

var oidcDialect = dialect{id: "oidc", name: "OpenID Connect"}

func oidcClassify(status int, body []byte) *Error {
	var answer struct{ Error string }
	parsed := json.Unmarshal(body, &answer)
	if parsed != nil && len(body) > 0 && status >= 400 && status != http.StatusUnauthorized && status != http.StatusForbidden {
		if e := outage(T("the issuer"), oidcDialect.id, status); e != nil {
			return e
		}
		return garbage(T("the issuer"), oidcDialect.id)
	}
	if e := outage(T("the issuer"), oidcDialect.id, status); e != nil {
		return e
	}
	if e := oauthClassify(oidcDialect, answer.Error); e != nil {
		return e
	}
	switch {
	case status < 400:
		return nil
	case status == http.StatusUnauthorized: // RFC 6750: the body may be empty
		return oauthClassify(oidcDialect, "invalid_token")
	case status == http.StatusForbidden && parsed == nil:
		// An empty object: some providers (zitadel/oidc) say so of a revoked token.
		// Missing scopes have a code of their own.
		return oauthClassify(oidcDialect, "invalid_token")
	case status == http.StatusForbidden:
		return oauthClassify(oidcDialect, "insufficient_scope")
	}
	return &Error{Kind: KindRetry, Platform: oidcDialect.id, Code: fmt.Sprint(status), Message: T("the issuer answered with status %d", status), Repair: T("try again later; nothing was changed")}
}
