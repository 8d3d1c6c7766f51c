package sandbox_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"relink/platform/sandbox"
)

const (
	skyPDS      = "practice.host.bsky.network"
	skyRedirect = "http://127.0.0.1:8421/callback"
)

func skyClient(scope string) string {
	return "http://localhost?" + pairs("redirect_uri", "http://127.0.0.1/callback", "scope", scope).Encode()
}

// skyBench is a Bluesky client that makes its proofs with go-jose.
type skyBench struct {
	*bench
	key    *ecdsa.PrivateKey
	client string
	nonces map[string]string
	jti    int
}

func newSky(t *testing.T) *skyBench {
	t.Helper()
	s := &skyBench{bench: newBench(t), client: skyClient("atproto transition:generic"), nonces: map[string]string{}}
	s.key = newES256(t)
	return s
}

func newES256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// proof changes claims as told: pairs of a name and a value, nil takes one out.
// The names typ and key change the header and the key.
func (s *skyBench) proof(method, at, token string, change ...any) string {
	s.t.Helper()
	s.jti++
	host, _, _ := strings.Cut(at, "/")
	at, _, _ = strings.Cut(at, "?")
	claims := map[string]any{"jti": "jti-" + strconv.Itoa(s.jti), "htm": method, "htu": "https://" + at, "iat": s.clock().Unix(), "nonce": s.nonces[host]}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	typ, embed := "dpop+jwt", true
	key := jose.SigningKey{Algorithm: jose.ES256, Key: s.key}
	for i := 0; i+1 < len(change); i += 2 {
		switch name := change[i].(string); {
		case name == "typ":
			typ = change[i+1].(string)
		case name == "key":
			key = change[i+1].(jose.SigningKey)
		case name == "embed":
			embed = change[i+1].(bool)
		case change[i+1] == nil:
			delete(claims, name)
		default:
			claims[name] = change[i+1]
		}
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ)))
	if err != nil {
		s.t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// form posts a form with a proof, and once more with the nonce it learns.
func (s *skyBench) form(at string, form url.Values, change ...any) reply {
	s.t.Helper()
	for range 2 {
		host, _, _ := strings.Cut(at, "/")
		r := s.ask(http.MethodPost, at, form, "DPoP", s.proof(http.MethodPost, at, "", change...))
		s.nonces[host] = r.header.Get("DPoP-Nonce")
		if r.str("error") != "use_dpop_nonce" {
			return r
		}
	}
	s.t.Fatal("the nonce just given is not taken")
	return reply{}
}

func (s *skyBench) asked(change ...string) url.Values {
	v := pairs("client_id", s.client, "response_type", "code", "redirect_uri", skyRedirect, "state", "st", "scope", "atproto transition:generic",
		"code_challenge", challenge(), "code_challenge_method", "S256", "login_hint", "acme-owner.bsky.social")
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
		if change[i+1] == "" {
			v.Del(change[i])
		}
	}
	return v
}

// code is a whole sign-in at an authorization server.
func (s *skyBench) code(as string) string {
	s.t.Helper()
	r := s.form(as+"/oauth/par", s.asked())
	s.want("par", r, http.StatusCreated)
	to, err := sandbox.SignIn(s.t.Context(), nil, s.base+"/"+as+"/oauth/authorize?"+pairs("client_id", s.client, "request_uri", r.str("request_uri")).Encode(), sandbox.Choice{})
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil || u.Query().Get("iss") != "https://"+as || u.Query().Get("state") != "st" || !strings.HasPrefix(to, skyRedirect+"?") {
		s.t.Fatal("the answer lacks iss or state, or goes elsewhere")
	}
	return u.Query().Get("code")
}

func (s *skyBench) redeem(as, code string, change ...any) reply {
	return s.form(as+"/oauth/token", pairs("grant_type", "authorization_code", "code", code, "redirect_uri", skyRedirect, "client_id", s.client, "code_verifier", verifier), change...)
}

func (s *skyBench) refresh(as, token string, change ...any) reply {
	return s.form(as+"/oauth/token", pairs("grant_type", "refresh_token", "refresh_token", token, "client_id", s.client), change...)
}

// whoami calls getSession with a bound token.
func (s *skyBench) whoami(pds, token string, change ...any) reply {
	s.t.Helper()
	at := pds + "/xrpc/com.atproto.server.getSession"
	for range 2 {
		r := s.ask(http.MethodGet, at, nil, "Authorization", "DPoP "+token, "DPoP", s.proof(http.MethodGet, at, token, change...))
		s.nonces[pds] = r.header.Get("DPoP-Nonce")
		if r.str("error") != "use_dpop_nonce" {
			return r
		}
	}
	s.t.Fatal("the nonce just given is not taken")
	return reply{}
}

// xrpc posts JSON, or nothing for a nil body.
func (b *bench) xrpc(at string, body any, header ...string) reply {
	b.t.Helper()
	var in io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+"/"+at, in)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &out.json)
	return out
}

func (b *bench) refusal(what string, got reply, status int, code string) {
	b.t.Helper()
	if got.status != status || got.str("error") != code {
		b.t.Errorf("%s: %d %q, want %d %q", what, got.status, got.str("error"), status, code)
	}
}

func TestBlueskyNaming(t *testing.T) {
	b := newBench(t)
	did := strings.TrimSpace(b.want("handle", b.ask(http.MethodGet, "acme-owner.bsky.social/.well-known/atproto-did", nil), 200).body)
	if r := b.ask(http.MethodGet, "public.api.bsky.app/xrpc/com.atproto.identity.resolveHandle", pairs("handle", "Acme-Owner.bsky.social")); r.str("did") != did || !strings.HasPrefix(did, "did:plc:") || len(did) != 32 {
		t.Errorf("resolver: %s, handle: %s", r.body, did)
	}
	doc := b.want("document", b.ask(http.MethodGet, "plc.directory/"+did, nil), 200)
	if doc.str("id") != did || anyStrings(doc.json["alsoKnownAs"])[0] != "at://acme-owner.bsky.social" || !strings.Contains(doc.body, `"serviceEndpoint":"https://`+skyPDS+`"`) {
		t.Errorf("document: %s", doc.body)
	}
	if r := b.want("resource", b.ask(http.MethodGet, skyPDS+"/.well-known/oauth-protected-resource", nil), 200); anyStrings(r.json["authorization_servers"])[0] != "https://bsky.social" {
		t.Errorf("resource: %s", r.body)
	}
	meta := b.want("metadata", b.ask(http.MethodGet, "bsky.social/.well-known/oauth-authorization-server", nil), 200)
	if meta.str("issuer") != "https://bsky.social" || meta.json["require_pushed_authorization_requests"] != true || meta.json["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("metadata: %s", meta.body)
	}
	b.want("no such handle", b.ask(http.MethodGet, "nobody.bsky.social/.well-known/atproto-did", nil), 404)
	b.want("no such did", b.ask(http.MethodGet, "plc.directory/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", nil), 404)
	b.refusal("no such name", b.ask(http.MethodGet, "public.api.bsky.app/xrpc/com.atproto.identity.resolveHandle", pairs("handle", "x.example")), 400, "InvalidRequest")
}

func TestBlueskySignIn(t *testing.T) {
	s := newSky(t)
	r := s.want("token", s.redeem("bsky.social", s.code("bsky.social")), 200)
	if r.str("token_type") != "DPoP" || !strings.HasPrefix(r.str("sub"), "did:plc:") || r.num("expires_in") != 3600 || r.str("scope") != "atproto transition:generic" {
		t.Fatal("token answer: want DPoP, sub, expires_in and scope")
	}
	who := s.want("getSession", s.whoami(skyPDS, r.str("access_token")), 200)
	if who.str("did") != r.str("sub") || who.str("handle") != "acme-owner.bsky.social" {
		t.Errorf("getSession: %s", who.body)
	}

	at, token := skyPDS+"/xrpc/com.atproto.repo.createRecord", r.str("access_token")
	post := func(rkey, text string) reply {
		record := map[string]any{"$type": "app.bsky.feed.post", "text": text, "createdAt": s.clock().Format(time.RFC3339)}
		return s.xrpc(at, map[string]any{"repo": r.str("sub"), "collection": "app.bsky.feed.post", "rkey": rkey, "record": record},
			"Authorization", "DPoP "+token, "DPoP", s.proof(http.MethodPost, at, token))
	}
	if got := s.want("post", post("k1", "Hello"), 200); got.str("uri") != "at://"+r.str("sub")+"/app.bsky.feed.post/k1" {
		t.Errorf("post: %s", got.body)
	}
	s.refusal("the same key", post("k1", "Hello"), 400, "InvalidRequest")
	s.refusal("too long", post("k2", strings.Repeat("ä", 301)), 400, "InvalidRequest")
	if n := len(s.Posts()); n != 1 {
		t.Errorf("%d posts", n)
	}

	// Refresh tokens work once; whoever uses one twice ends the sign-in.
	second := s.want("refresh", s.refresh("bsky.social", r.str("refresh_token")), 200)
	if second.str("refresh_token") == r.str("refresh_token") || second.str("sub") != r.str("sub") {
		t.Error("the refresh token did not change, or sub is missing")
	}
	s.refusal("used again", s.refresh("bsky.social", r.str("refresh_token")), 400, "invalid_grant")
	s.refusal("and its successor", s.refresh("bsky.social", second.str("refresh_token")), 400, "invalid_grant")
	s.refusal("and the access token", s.whoami(skyPDS, second.str("access_token")), 401, "invalid_token")
}

// TestBlueskyFortnight: no refresh moves the end, and the last access token ends with it.
func TestBlueskyFortnight(t *testing.T) {
	s := newSky(t)
	r := s.want("token", s.redeem("bsky.social", s.code("bsky.social")), 200)
	for range 13 {
		s.pass(day)
		r = s.want("refresh", s.refresh("bsky.social", r.str("refresh_token")), 200)
	}
	s.pass(day - 10*time.Minute)
	r = s.want("the last", s.refresh("bsky.social", r.str("refresh_token")), 200)
	if n := r.num("expires_in"); n != 600 {
		t.Errorf("the last access token holds %d s, want 600", n)
	}
	s.pass(10 * time.Minute)
	s.refusal("after 14 days", s.refresh("bsky.social", r.str("refresh_token")), 400, "invalid_grant")
	s.refusal("its access token", s.whoami(skyPDS, r.str("access_token")), 401, "invalid_token")
}

// TestBlueskyRevocation ends a sign-in by its refresh token.
func TestBlueskyRevocation(t *testing.T) {
	s := newSky(t)
	r := s.want("token", s.redeem("bsky.social", s.code("bsky.social")), 200)
	s.want("another client", s.post("bsky.social/oauth/revoke", "client_id", skyClient("atproto"), "token", r.str("refresh_token")), 403)
	s.want("revoke", s.post("bsky.social/oauth/revoke", "client_id", s.client, "token", r.str("refresh_token")), 200)
	s.refusal("afterwards", s.whoami(skyPDS, r.str("access_token")), 401, "invalid_token")
}

// TestBlueskyProofs: every sloppy proof is refused, at both kinds of server.
func TestBlueskyProofs(t *testing.T) {
	s := newSky(t)
	r := s.want("token", s.redeem("bsky.social", s.code("bsky.social")), 200)
	token := r.str("access_token")
	s.want("the nonce of the server", s.whoami(skyPDS, token), 200)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := func() string { // the whole key in the header
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, (&jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: s.key}}}).WithType("dpop+jwt"))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign([]byte(`{"jti":"x","htm":"GET","htu":"https://` + skyPDS + `/xrpc/com.atproto.server.getSession"}`))
		if err != nil {
			t.Fatal(err)
		}
		text, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	at := skyPDS + "/xrpc/com.atproto.server.getSession"
	call := func(proofs ...string) reply {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/"+at, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "DPoP "+token)
		q.Header["Dpop"] = proofs
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, _ := io.ReadAll(resp.Body)
		out := reply{status: resp.StatusCode, header: resp.Header, body: string(raw)}
		_ = json.Unmarshal(raw, &out.json)
		return out
	}
	one := s.proof(http.MethodGet, at, token)
	s.want("a good proof", call(one), 200)
	minutes := func(m int64) int64 { return s.clock().Unix() + 60*m }
	other := sha256.Sum256([]byte("another token"))
	for what, bad := range map[string][]string{
		"no proof":               nil,
		"the same once more":     {one},
		"two proofs":             {s.proof(http.MethodGet, at, token), s.proof(http.MethodGet, at, token)},
		"no JWT":                 {"x.y.z"},
		"another typ":            {s.proof(http.MethodGet, at, token, "typ", "JWT")},
		"no key in it":           {s.proof(http.MethodGet, at, token, "embed", false)},
		"the private key in it":  {private()},
		"RSA":                    {s.proof(http.MethodGet, at, token, "key", jose.SigningKey{Algorithm: jose.RS256, Key: rsaKey})},
		"no jti":                 {s.proof(http.MethodGet, at, token, "jti", nil)},
		"another method":         {s.proof(http.MethodPost, at, token)},
		"another address":        {s.proof(http.MethodGet, skyPDS+"/xrpc/com.atproto.server.deleteSession", token)},
		"another server":         {s.proof(http.MethodGet, "bsky.social/xrpc/com.atproto.server.getSession", token)},
		"the address here":       {s.proof(http.MethodGet, at, token, "htu", s.base+"/"+at)},
		"too old":                {s.proof(http.MethodGet, at, token, "iat", minutes(-2))},
		"from the future":        {s.proof(http.MethodGet, at, token, "iat", minutes(2))},
		"no time":                {s.proof(http.MethodGet, at, token, "iat", nil)},
		"no hash of the token":   {s.proof(http.MethodGet, at, "")},
		"another token's hash":   {s.proof(http.MethodGet, at, token, "ath", base64.RawURLEncoding.EncodeToString(other[:]))},
		"a signature of another": {strings.Join(append(strings.Split(one, ".")[:2], strings.Split(s.proof(http.MethodGet, at, token), ".")[2]), ".")},
	} {
		got := call(bad...)
		s.refusal(what, got, 401, "invalid_dpop_proof")
		if !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_dpop_proof"`) {
			t.Errorf("%s: no WWW-Authenticate", what)
		}
	}
	for what, nonce := range map[string]any{"none": nil, "another server's": s.nonces["bsky.social"], "made up": "x"} {
		got := call(s.proof(http.MethodGet, at, token, "nonce", nonce))
		s.refusal("nonce: "+what, got, 401, "use_dpop_nonce")
		if got.header.Get("DPoP-Nonce") != s.nonces[skyPDS] || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="use_dpop_nonce"`) {
			t.Errorf("nonce %s: the answer does not give the right one", what)
		}
	}
	// Nonces rotate: the one before still works, older ones do not.
	s.pass(3 * time.Minute)
	s.want("one turn old", call(s.proof(http.MethodGet, at, token)), 200)
	s.pass(3 * time.Minute)
	s.refusal("two turns old", call(s.proof(http.MethodGet, at, token)), 401, "use_dpop_nonce")
	s.want("with the new one", s.whoami(skyPDS, token), 200)

	// The authorization server says it its own way.
	s.refusal("par without a proof", s.ask(http.MethodPost, "bsky.social/oauth/par", s.asked()), 400, "invalid_dpop_proof")
	s.refusal("par without a nonce", s.ask(http.MethodPost, "bsky.social/oauth/par", s.asked(), "DPoP", s.proof(http.MethodPost, "bsky.social/oauth/par", "", "nonce", nil)), 400, "use_dpop_nonce")
	s.refusal("par for another method", s.form("bsky.social/oauth/par", s.asked(), "htm", "GET"), 400, "invalid_dpop_proof")
	s.refusal("refresh without a proof", s.ask(http.MethodPost, "bsky.social/oauth/token", pairs("grant_type", "refresh_token", "refresh_token", r.str("refresh_token"), "client_id", s.client)), 400, "invalid_dpop_proof")
}

// TestBlueskyBinding: codes and tokens serve the key they were made with, and no other.
func TestBlueskyBinding(t *testing.T) {
	s := newSky(t)
	other := jose.SigningKey{Algorithm: jose.ES256, Key: newES256(t)}
	s.refusal("a code by another key", s.redeem("bsky.social", s.code("bsky.social"), "key", other), 400, "invalid_grant")
	r := s.want("token", s.redeem("bsky.social", s.code("bsky.social")), 200)
	s.refusal("a refresh by another key", s.refresh("bsky.social", r.str("refresh_token"), "key", other), 400, "invalid_grant")
	s.refusal("a call by another key", s.whoami(skyPDS, r.str("access_token"), "key", other), 401, "invalid_token")
	s.refusal("a call as Bearer", s.get(skyPDS+"/xrpc/com.atproto.server.getSession", r.str("access_token")), 400, "InvalidToken")
	s.refusal("a refresh at another server", s.refresh("pds.other.example", r.str("refresh_token")), 400, "invalid_grant")
	s.want("that has cost nothing", s.refresh("bsky.social", r.str("refresh_token")), 200)
}

// TestBlueskyRequests: what a pushed request must be, and that there is no other.
func TestBlueskyRequests(t *testing.T) {
	s := newSky(t)
	par := "bsky.social/oauth/par"
	page := s.refused("bsky.social/oauth/authorize", "client_id", s.client, "response_type", "code", "redirect_uri", skyRedirect, "state", "st", "scope", "atproto",
		"code_challenge", challenge(), "code_challenge_method", "S256")
	if !strings.Contains(page, "PAR") {
		t.Error("a request that was not pushed: the page does not say what is missing")
	}
	for what, c := range map[string]struct {
		form url.Values
		code string
	}{
		"no PKCE":             {s.asked("code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		"plain PKCE":          {s.asked("code_challenge_method", "plain"), "invalid_request"},
		"without atproto":     {s.asked("scope", "transition:generic"), "invalid_scope"},
		"undeclared scope":    {s.asked("scope", "atproto transition:email"), "invalid_scope"},
		"unknown scope":       {s.asked("scope", "atproto everything"), "invalid_scope"},
		"redirect localhost":  {s.asked("redirect_uri", "http://localhost:8421/callback"), "invalid_request"},
		"another path":        {s.asked("redirect_uri", "http://127.0.0.1:8421/other"), "invalid_request"},
		"implicit":            {s.asked("response_type", "token"), "unsupported_response_type"},
		"a secret":            {s.asked("client_secret", "x"), "invalid_client"},
		"an app of one's own": {s.asked("client_id", "mine"), "invalid_client_metadata"},
		"localhost with port": {s.asked("client_id", "http://localhost:80?scope=atproto"), "invalid_client_metadata"},
		"localhost with path": {s.asked("client_id", "http://localhost/x"), "invalid_client_metadata"},
		"odd parameter":       {s.asked("client_id", s.client+"&client_name=x"), "invalid_client_metadata"},
		"redirect elsewhere":  {s.asked("client_id", "http://localhost?redirect_uri=https%3A%2F%2Fevil.example%2F"), "invalid_client_metadata"},
	} {
		if r := s.form(par, c.form); r.str("error") != c.code || r.status/100 != 4 {
			t.Errorf("%s: %d %q, want %q", what, r.status, r.str("error"), c.code)
		}
	}
	r := s.want("par", s.form(par, s.asked("redirect_uri", "http://127.0.0.1:50001/callback")), 201)
	s.refused("bsky.social/oauth/authorize", "client_id", skyClient("atproto"), "request_uri", r.str("request_uri"))
}

func TestBlueskyAppPasswords(t *testing.T) {
	b := newBench(t)
	login, secret := b.Credential(sandbox.Bluesky, "Acme Owner")
	at := skyPDS + "/xrpc/com.atproto.server."
	enter := func(identifier, password string) reply {
		return b.xrpc(at+"createSession", map[string]string{"identifier": identifier, "password": password})
	}
	if login != "acme-owner.bsky.social" || len(secret) != 19 || strings.Count(secret, "-") != 3 {
		t.Fatalf("login %q, a secret of %d characters", login, len(secret))
	}
	first := b.want("createSession", enter(login, secret), 200)
	claims := func(token string) (out struct{ Iat, Exp int64 }) {
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil || json.Unmarshal(raw, &out) != nil {
			t.Fatal("the token is no JWT")
		}
		return out
	}
	if a, r := claims(first.str("accessJwt")), claims(first.str("refreshJwt")); a.Exp-a.Iat != 7200 || r.Exp-r.Iat != 90*86400 {
		t.Errorf("lives %d and %d", a.Exp-a.Iat, r.Exp-r.Iat)
	}
	b.want("by DID", enter(first.str("did"), secret), 200)
	b.want("at the entry", b.xrpc("bsky.social/xrpc/com.atproto.server.createSession", map[string]string{"identifier": login, "password": secret}), 200)
	b.refusal("wrong", enter(login, "aaaa-bbbb-cccc-dddd"), 401, "AuthenticationRequired")
	b.refusal("another's", enter("other-person.bsky.social", secret), 401, "AuthenticationRequired")
	b.refusal("own password", enter(login, "mine-mine-mine-mine"), 401, "AuthFactorTokenRequired")
	b.refusal("a form", b.post(at+"createSession", "identifier", login, "password", secret), 400, "InvalidRequest")
	b.refusal("GET", b.ask(http.MethodGet, at+"createSession", nil), 405, "InvalidRequest")

	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	b.want("getSession", b.get(at+"getSession", first.str("accessJwt")), 200)
	b.refusal("refresh token on a call", b.get(at+"getSession", first.str("refreshJwt")), 400, "InvalidToken")
	b.refusal("no token", b.ask(http.MethodGet, at+"getSession", nil), 401, "AuthMissing")
	b.refusal("nonsense", b.get(at+"getSession", "x"), 400, "InvalidToken")
	b.refusal("refresh with a body", b.xrpc(at+"refreshSession", map[string]string{}, bearer(first.str("refreshJwt"))...), 400, "InvalidRequest")
	b.refusal("refresh with the access token", b.xrpc(at+"refreshSession", nil, bearer(first.str("accessJwt"))...), 400, "InvalidToken")

	b.pass(2 * time.Hour)
	b.refusal("access token over", b.get(at+"getSession", first.str("accessJwt")), 400, "ExpiredToken")
	second := b.want("refresh", b.xrpc(at+"refreshSession", nil, bearer(first.str("refreshJwt"))...), 200)
	b.pass(2*time.Hour - time.Second)
	b.want("within the grace", b.xrpc(at+"refreshSession", nil, bearer(first.str("refreshJwt"))...), 200)
	b.pass(time.Second)
	b.refusal("after the grace", b.xrpc(at+"refreshSession", nil, bearer(first.str("refreshJwt"))...), 400, "ExpiredToken")
	b.pass(89 * day)
	second = b.want("the newer one, later", b.xrpc(at+"refreshSession", nil, bearer(second.str("refreshJwt"))...), 200)
	b.pass(90 * day)
	b.refusal("unused for 90 days", b.xrpc(at+"refreshSession", nil, bearer(second.str("refreshJwt"))...), 400, "ExpiredToken")

	third := b.want("again", enter(login, secret), 200)
	b.want("deleteSession", b.xrpc(at+"deleteSession", nil, bearer(third.str("refreshJwt"))...), 200)
	b.refusal("after it", b.xrpc(at+"refreshSession", nil, bearer(third.str("refreshJwt"))...), 400, "ExpiredToken")

	for range 30 {
		enter(login, "aaaa-bbbb-cccc-dddd")
	}
	b.refusal("too often", enter(login, secret), 429, "RateLimitExceeded")
	b.pass(5 * time.Minute)
	b.want("later", enter(login, secret), 200)
}

func TestBlueskyMoves(t *testing.T) {
	s := newSky(t)
	r := s.want("token", s.redeem("bsky.social", s.code("bsky.social")), 200)
	login, secret := s.Credential(sandbox.Bluesky, "")
	session := s.want("session", s.xrpc(skyPDS+"/xrpc/com.atproto.server.createSession", map[string]string{"identifier": login, "password": secret}), 200)
	if r := s.xrpc("_control/pds", map[string]string{"person": "Acme Owner", "host": "elsewhere.example"}); r.status != 400 {
		t.Errorf("a name that is no server's: %d", r.status)
	}
	s.want("move", s.xrpc("_control/pds", map[string]string{"person": "Acme Owner", "host": "pds.acme.example"}), 200)

	doc := s.want("document", s.ask(http.MethodGet, "plc.directory/"+r.str("sub"), nil), 200)
	if !strings.Contains(doc.body, "https://pds.acme.example") {
		t.Errorf("document: %s", doc.body)
	}
	for _, as := range []string{"bsky.social", "pds.acme.example"} {
		s.refusal("old refresh token at "+as, s.refresh(as, r.str("refresh_token")), 400, "invalid_grant")
	}
	for _, pds := range []string{skyPDS, "pds.acme.example"} {
		s.refusal("old access token at "+pds, s.whoami(pds, r.str("access_token")), 401, "invalid_token")
		s.refusal("old session at "+pds, s.xrpc(pds+"/xrpc/com.atproto.server.refreshSession", nil, "Authorization", "Bearer "+session.str("refreshJwt")), 400, "InvalidToken")
		s.refusal("old app password at "+pds, s.xrpc(pds+"/xrpc/com.atproto.server.createSession", map[string]string{"identifier": login, "password": secret}), 401, "AuthenticationRequired")
	}
	again := s.want("at the new server", s.redeem("pds.acme.example", s.code("pds.acme.example")), 200)
	if again.str("sub") != r.str("sub") {
		t.Error("another DID after the move")
	}
	s.want("its token", s.whoami("pds.acme.example", again.str("access_token")), 200)
	s.refusal("its token at the old server", s.whoami(skyPDS, again.str("access_token")), 401, "invalid_token")
}
