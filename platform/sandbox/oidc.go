package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// OIDC is the platform's id.
const OIDC = "oidc"

var oidc = &dialect{
	id: OIDC, name: "issuer",
	host:   func(host string) bool { return strings.Contains(host, "issuer") },
	try:    []string{"/issuer.example/.well-known/openid-configuration"},
	serve:  (*Network).oidc,
	prefix: "at_",
	life:   Lifetimes{Access: time.Hour, Refresh: 30 * day, Code: time.Minute},
	rotate: true,
	// OpenID Connect Core section 11: offline_access is what asks for a refresh token.
	refreshable: func(c *code) bool { return slices.Contains(c.scopes, "offline_access") },
	apps:        []App{practice, practicePublic},
	public:      true,
	auth:        authBasic | authBody | authNone,
	scopes:      []string{"openid", "profile", "email", "offline_access", "read", "write"},
	pkce:        pkceStrict,
	redirect:    portlessRedirect,
	check: func(n *Network, q request, a authorization) *answer {
		if slices.Contains(strings.Fields(a.params.Get("prompt")), "none") && !n.of(q.platform).auto {
			r := a.fail(q, "login_required", "nobody is signed in")
			return &r
		}
		return nil
	},
	codeReuse:   true,
	tokenPaths:  []string{"/token"},
	signInPaths: []string{"/authorize"},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		n.putLife(q, out, "refresh_expires_in", r)
		if a.has("openid") {
			out["id_token"] = n.idToken(q, a)
		}
		return jsonAnswer(http.StatusOK, out)
	},
}

// oidc serves an issuer. Its path may be anything: what comes before the
// endpoint is the issuer's own, so https://issuer.example/realms/acme is another
// issuer than https://issuer.example, with the same people and apps.
func (n *Network) oidc(q request) answer {
	if tail, ok := strings.CutPrefix(q.path, metadataPath); ok {
		q.issuer = q.base + strings.TrimSuffix(tail, "/")
		return n.oidcMetadata(q)
	}
	for _, endpoint := range []struct {
		suffix string
		serve  func(q request) answer
	}{
		{"/.well-known/openid-configuration", n.oidcMetadata},
		{"/authorize", n.authorize},
		{"/token", n.oidcToken},
		{"/userinfo", n.oidcUserInfo},
		{"/revoke", func(q request) answer { q.form = q.body; return n.revoke(q) }},
		{"/introspect", n.oidcIntrospect},
		{"/jwks", func(request) answer { return n.oidcKeys() }},
	} {
		if prefix, ok := strings.CutSuffix(q.path, endpoint.suffix); ok {
			q.issuer = q.base + prefix
			return endpoint.serve(q)
		}
	}
	return oauthError(http.StatusNotFound, "not_found", "there is nothing at this address")
}

// oidcMetadata is built from how the issuer was reached, so that it is right
// both through relink's mapping and for a client that comes here directly.
func (n *Network) oidcMetadata(q request) answer {
	issuer := q.issuer
	return jsonAnswer(http.StatusOK, object{
		"issuer":                 issuer,
		"authorization_endpoint": issuer + "/authorize",
		"token_endpoint":         issuer + "/token",
		"userinfo_endpoint":      issuer + "/userinfo",
		"revocation_endpoint":    issuer + "/revoke",
		"introspection_endpoint": issuer + "/introspect",
		"jwks_uri":               issuer + "/jwks",
		"scopes_supported":       q.dialect.scopes,

		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "none"},
		"revocation_endpoint_auth_methods_supported":     []string{"client_secret_basic", "client_secret_post", "none"},
		"introspection_endpoint_auth_methods_supported":  []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (n *Network) oidcToken(q request) answer {
	q.form = q.body // RFC 6749 section 3.2: never in the address
	return n.exchange(q)
}

func (n *Network) oidcUserInfo(q request) answer {
	if q.Method != http.MethodGet && q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodGet, http.MethodPost)
	}
	refuse := func(status int, code, text string) answer {
		return oauthError(status, code, text).with("WWW-Authenticate", `Bearer error="`+code+`", error_description="`+text+`"`)
	}
	t := n.find(q, q.bearer())
	switch {
	case q.bearer() == "": // RFC 6750 section 3.1: no error code for a request without a token
		return answer{status: http.StatusUnauthorized}.with("WWW-Authenticate", "Bearer")
	case t == nil || t.kind != KindAccess:
		return refuse(http.StatusUnauthorized, "invalid_token", "the access token is not known")
	case t.dead() != "":
		return refuse(http.StatusUnauthorized, "invalid_token", "the access token was revoked")
	case t.expired(q.now):
		return refuse(http.StatusUnauthorized, "invalid_token", "the access token expired")
	case !t.has("openid"):
		return refuse(http.StatusForbidden, "insufficient_scope", "the scope openid is needed")
	}
	return jsonAnswer(http.StatusOK, n.oidcClaims(q, t))
}

func (n *Network) oidcClaims(q request, t *token) object {
	out := n.claims(q, t)
	if t.has("profile") {
		out["preferred_username"], out["updated_at"] = n.owner(t).Username, t.authed.Unix()
	}
	return out
}

// oidcIntrospect is RFC 7662, for confidential clients and their own tokens.
func (n *Network) oidcIntrospect(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	q.form = q.body
	app, refused := n.client(q)
	switch {
	case refused != nil:
		return *refused
	case app.Public || q.form.Get("client_secret") == "" && q.Header.Get("Authorization") == "":
		return oauthError(http.StatusUnauthorized, "invalid_client", "introspection needs a client secret")
	case q.form.Get("token") == "":
		return oauthError(http.StatusBadRequest, "invalid_request", "the parameter token is missing")
	}
	t := n.find(q, q.form.Get("token"))
	if t == nil || t.key.client != app.ClientID || !t.alive(q.now) || !t.rotated.IsZero() {
		return jsonAnswer(http.StatusOK, object{"active": false})
	}
	who, _ := n.person(t.key.person)
	out := object{
		"active": true, "scope": strings.Join(t.scopes, " "), "client_id": app.ClientID, "username": who.Username,
		"token_type": "Bearer", "iat": t.issued.Unix(), "sub": who.ID, "iss": q.issuer,
	}
	if !t.expires.IsZero() && !n.of(OIDC).life.SilentIntrospection {
		out["exp"] = t.expires.Unix()
	}
	return jsonAnswer(http.StatusOK, out)
}

// signer holds the issuer's key for ID tokens.
type signer struct {
	key *ecdsa.PrivateKey
	id  string
}

// sign gives the key, made when it is first needed; it outlives a Reset.
func (n *Network) sign() *signer {
	if n.signer == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(fmt.Sprintf("sandbox: generate key: %v", err)) // crypto/rand does not fail
		}
		n.signer = &signer{key: key, id: random("k_")[:10]}
	}
	return n.signer
}

func (n *Network) oidcKeys() answer {
	s := n.sign()
	point, err := s.key.PublicKey.Bytes() // 0x04, X, Y
	if err != nil {
		panic(fmt.Sprintf("sandbox: encode key: %v", err)) // the curve is ours
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return jsonAnswer(http.StatusOK, object{"keys": []object{{
		"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": s.id,
		"x": b64(point[1:33]), "y": b64(point[33:65]),
	}}})
}

// idToken is the signed word on who signed in (OpenID Connect Core, section 2).
func (n *Network) idToken(q request, t *token) string {
	s := n.sign()
	claims := n.oidcClaims(q, t)
	claims["iss"], claims["aud"], claims["azp"] = q.issuer, t.key.client, t.key.client
	claims["iat"], claims["exp"], claims["auth_time"] = q.now.Unix(), q.now.Add(idTokenLife).Unix(), t.authed.Unix()
	if t.nonce != "" {
		claims["nonce"] = t.nonce
	}
	half := sha256.Sum256([]byte(t.value))
	b64 := base64.RawURLEncoding.EncodeToString
	claims["at_hash"] = b64(half[:16])
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("sandbox: encode claims: %v", err))
		}
		return b64(b)
	}
	text := part(object{"alg": "ES256", "typ": "JWT", "kid": s.id}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		panic(fmt.Sprintf("sandbox: sign: %v", err))
	}
	sig := make([]byte, 64) // RFC 7518 section 3.4: R and S, 32 bytes each
	r.FillBytes(sig[:32])
	v.FillBytes(sig[32:])
	return text + "." + b64(sig)
}

const idTokenLife = 5 * time.Minute
