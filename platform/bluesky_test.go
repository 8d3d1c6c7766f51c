package platform

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// world answers addresses with JSON or text, and keeps the requests.
type world struct {
	t       *testing.T
	answers map[string]string // by address without the query; a status may stand in front: "404 …"
	header  http.Header       // of every answer
	answer  func(r *http.Request) (status int, body string, header http.Header)
	seen    []*http.Request
	bodies  []string
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	w.seen, w.bodies = append(w.seen, r), append(w.bodies, body)
	u := *r.URL
	u.RawQuery = ""
	status, text, header := http.StatusNotFound, "not here", w.header
	if w.answer != nil {
		if s, b, h := w.answer(r); s != 0 {
			status, text, header = s, b, h
		}
	}
	if s, ok := w.answers[u.String()]; ok {
		status, text = http.StatusOK, s
		if _, err := fmt.Sscanf(s, "%d ", &status); err == nil {
			_, text, _ = strings.Cut(s, " ")
		} else {
			status = http.StatusOK
		}
	}
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

const (
	acmeDID  = "did:plc:acmeacmeacmeacmeacmeacme"
	otherDID = "did:plc:otherotherotherotherothe"
)

func document(did, handle, pds string) string {
	return `{"id":"` + did + `","alsoKnownAs":["at://` + handle + `"],"service":[{"id":"#other","type":"Other","serviceEndpoint":{"a":"b"}},
		{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"` + pds + `"}]}`
}

func issuerMetadata(issuer string) string {
	return `{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/a","token_endpoint":"` + issuer + `/t","revocation_endpoint":"` + issuer +
		`/r","pushed_authorization_request_endpoint":"` + issuer + `/p","authorization_response_iss_parameter_supported":true}`
}

// acmeWorld has one account, held by pds.example, whose authorization server is as.example.
func acmeWorld(t *testing.T) (*world, *Net) {
	w := &world{t: t, answers: map[string]string{
		"https://acme.example/.well-known/atproto-did":                     acmeDID + "\n",
		"https://plc.directory/" + acmeDID:                                 document(acmeDID, "acme.example", "https://pds.example"),
		"https://pds.example/.well-known/oauth-protected-resource":         `{"resource":"https://pds.example","authorization_servers":["https://as.example"]}`,
		"https://as.example/.well-known/oauth-authorization-server":        issuerMetadata("https://as.example"),
		"https://plc.directory/" + otherDID:                                document(otherDID, "other.example", "https://elsewhere.example"),
		"https://elsewhere.example/.well-known/oauth-protected-resource":   `{"authorization_servers":["https://elsewhere.example"]}`,
		"https://elsewhere.example/.well-known/oauth-authorization-server": issuerMetadata("https://elsewhere.example"),
	}}
	return w, &Net{Transport: w}
}

func TestBlueskyDiscover(t *testing.T) {
	whole := Endpoint{
		AuthURL: "https://as.example/a", TokenURL: "https://as.example/t", RevokeURL: "https://as.example/r", PushedURL: "https://as.example/p",
		Issuer: "https://as.example", NamesIssuer: true, PKCE: true, APIURL: "https://pds.example", Server: acmeDID,
	}
	for _, tt := range []struct {
		name, server string
		change       map[string]string // "" takes an answer away
		want         func(e *Endpoint)
		kind         Kind
		says         string
	}{
		{name: "handle", server: "acme.example"},
		{name: "did", server: acmeDID},
		{name: "server", server: "https://pds.example", want: func(e *Endpoint) { e.Server = "" }},
		{name: "authorization server", server: "https://as.example", want: func(e *Endpoint) { e.Server, e.APIURL = "", "https://as.example" }},
		{name: "handle only in the DNS", server: "acme.example", change: map[string]string{
			"https://acme.example/.well-known/atproto-did": "", blueskyResolver: `{"did":"` + acmeDID + `"}`,
		}},
		{name: "handle's host shows a page", server: "acme.example", change: map[string]string{
			"https://acme.example/.well-known/atproto-did": "<html>Acme</html>", blueskyResolver: `{"did":"` + acmeDID + `"}`,
		}},
		{name: "did:web", server: "did:web:acme.example", want: func(e *Endpoint) { e.Server = "did:web:acme.example" }, change: map[string]string{
			"https://acme.example/.well-known/did.json": document("did:web:acme.example", "acme.example", "https://pds.example"),
		}},
		{name: "did:web with a path", server: "did:web:acme.example:x", kind: KindUsage, says: "no account"},
		{name: "did:web with a slash", server: "did:web:acme.example/x", kind: KindUsage, says: "no account"},
		{name: "another method", server: "did:key:abc", kind: KindUsage, says: "no account"},
		{name: "no such handle", server: "nobody.example", kind: KindUsage, says: "no account is called"},
		{name: "deleted", server: acmeDID, kind: KindUsage, says: "no account is called", change: map[string]string{"https://plc.directory/" + acmeDID: `410 {"message":"tombstone"}`}},
		{name: "not named back", server: "acme.example", kind: KindUsage, says: "does not name it back", change: map[string]string{
			"https://plc.directory/" + acmeDID: document(acmeDID, "new.example", "https://pds.example"),
		}},
		{name: "another's document", server: acmeDID, kind: KindRetry, change: map[string]string{"https://plc.directory/" + acmeDID: document(otherDID, "acme.example", "https://pds.example")}},
		{name: "server without https", server: acmeDID, kind: KindConfig, change: map[string]string{"https://plc.directory/" + acmeDID: document(acmeDID, "acme.example", "http://pds.example")}},
		{name: "server with a path", server: acmeDID, kind: KindConfig, change: map[string]string{"https://plc.directory/" + acmeDID: document(acmeDID, "acme.example", "https://pds.example/x")}},
		{name: "directory down", server: acmeDID, kind: KindRetry, change: map[string]string{"https://plc.directory/" + acmeDID: "503 x"}},
		{name: "directory's portal", server: acmeDID, kind: KindRetry, change: map[string]string{"https://plc.directory/" + acmeDID: "<html>"}},
		{name: "server down", server: acmeDID, kind: KindRetry, change: map[string]string{"https://pds.example/.well-known/oauth-protected-resource": "502 x"}},
		{name: "without a sign-in", server: acmeDID, change: map[string]string{"https://pds.example/.well-known/oauth-protected-resource": ""},
			want: func(e *Endpoint) { *e = Endpoint{PKCE: true, APIURL: "https://pds.example", Server: acmeDID} }},
		{name: "issuer of another name", server: acmeDID, kind: KindConfig, change: map[string]string{"https://as.example/.well-known/oauth-authorization-server": issuerMetadata("https://evil.example")}},
		{name: "issuer without https", server: acmeDID, kind: KindConfig, change: map[string]string{"https://pds.example/.well-known/oauth-protected-resource": `{"authorization_servers":["http://as.example"]}`}},
		{name: "token address without https", server: acmeDID, kind: KindConfig, change: map[string]string{
			"https://as.example/.well-known/oauth-authorization-server": `{"issuer":"https://as.example","authorization_endpoint":"https://as.example/a","token_endpoint":"http://as.example/t"}`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, n := acmeWorld(t)
			for address, body := range tt.change {
				if body == "" {
					delete(w.answers, address)
				} else {
					w.answers[address] = body
				}
			}
			got, err := blueskyDiscover(t.Context(), n, tt.server)
			if tt.kind != "" {
				if KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.says) || As(err, "").Repair == "" {
					t.Errorf("got %s: %v, want %s with %q", KindOf(err), err, tt.kind, tt.says)
				}
				return
			}
			want := whole
			if tt.want != nil {
				tt.want(&want)
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

// TestBlueskyToken: what a token answer must hold to be believed.
func TestBlueskyToken(t *testing.T) {
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	answer := func(change ...string) string {
		m := map[string]any{"access_token": "access-1", "refresh_token": "refresh-2", "token_type": "DPoP", "expires_in": 900, "scope": "atproto transition:generic", "sub": acmeDID}
		for i := 0; i < len(change); i += 2 {
			m[change[i]] = change[i+1]
		}
		b, _ := json.Marshal(m)
		return string(b)
	}
	for _, tt := range []struct {
		name, server, answer string
		kind                 Kind
	}{
		{name: "fine", server: acmeDID, answer: answer()},
		{name: "type in small letters", server: acmeDID, answer: answer("token_type", "dpop")},
		{name: "somebody else", server: acmeDID, answer: answer("sub", otherDID), kind: KindWrongAccount},
		{name: "nobody", server: acmeDID, answer: answer("sub", ""), kind: KindRetry},
		{name: "not bound", server: acmeDID, answer: answer("token_type", "Bearer"), kind: KindConfig},
		{name: "without atproto", server: acmeDID, answer: answer("scope", "transition:generic"), kind: KindPermission},
		{name: "without a scope", server: acmeDID, answer: answer("scope", ""), kind: KindPermission},
		{name: "no token", server: acmeDID, answer: `{"token_type":"DPoP"}`, kind: KindRetry},
		{name: "at a server's address", server: "https://pds.example", answer: answer()},
		// A server that speaks for an account which is held elsewhere.
		{name: "for another's account", server: "https://pds.example", answer: answer("sub", otherDID), kind: KindConfig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, n := acmeWorld(t)
			w.answers["https://as.example/t"] = tt.answer
			e, err := blueskyDiscover(t.Context(), n, tt.server)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Lookup("bluesky")
			if err != nil {
				t.Fatal(err)
			}
			now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
			c := Call{Net: n, App: App{ID: "http://localhost?x"}, Endpoint: e, Account: Account{Server: tt.server}, Tokens: Tokens{Key: key}, Now: now}
			x, err := p.Exchange(t.Context(), c, "code-1", Proof{Redirect: "http://127.0.0.1/callback", Verifier: "v"})
			if KindOf(err) != tt.kind {
				t.Fatalf("got %s: %v, want %s", KindOf(err), err, tt.kind)
			}
			if err != nil {
				return
			}
			if x.TokenType != "DPoP" || x.Subject != acmeDID || len(x.Clocks) != 2 || x.Clocks[1].Kind != ClockSession || !x.Clocks[1].At.Equal(now.Add(14*day)) {
				t.Errorf("got %+v", x)
			}
			// The refresh: the sign-in's clock is not made anew.
			c.Account.Server, c.TokenType, c.Tokens.Refresh = acmeDID, x.TokenType, x.Tokens.Refresh
			if x, err = p.Refresh(t.Context(), c); err != nil || len(x.Clocks) != 1 || x.Clocks[0].Kind != ClockAccess {
				t.Errorf("refresh: got %+v, %v", x, err)
			}
			sent, err := url.ParseQuery(w.bodies[len(w.bodies)-1])
			if err != nil || sent.Get("grant_type") != "refresh_token" || sent.Get("refresh_token") != "refresh-2" || sent.Get("client_id") != "http://localhost?x" || sent.Has("client_secret") {
				t.Errorf("sent names %v, %v", sent.Get("grant_type"), err)
			}
		})
	}
}

// parts reads a proof and checks its signature by the curve's own formulas.
func parts(t *testing.T, proof string) (head, claims map[string]any) {
	t.Helper()
	p := strings.Split(proof, ".")
	if len(p) != 3 {
		t.Fatalf("a proof of %d parts", len(p))
	}
	for i, v := range []*map[string]any{&head, &claims} {
		raw, err := b64.DecodeString(p[i])
		if err != nil || json.Unmarshal(raw, v) != nil {
			t.Fatalf("part %d is not JSON", i)
		}
	}
	jwk, _ := head["jwk"].(map[string]any)
	number := func(name string) []byte {
		s, _ := jwk[name].(string)
		raw, err := b64.DecodeString(s)
		if err != nil || len(raw) != 32 {
			t.Fatalf("%s of the key: %d bytes, %v", name, len(raw), err)
		}
		return raw
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, number("x"), number("y")))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := b64.DecodeString(p[2])
	if err != nil || len(sig) != 64 {
		t.Fatalf("a signature of %d bytes", len(sig))
	}
	sum := sha256.Sum256([]byte(p[0] + "." + p[1]))
	if !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature is wrong")
	}
	if jwk["d"] != nil {
		t.Error("the private key is in the proof")
	}
	return head, claims
}

func TestProof(t *testing.T) {
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	seen := map[any]bool{}
	for range 50 { // numbers with leading zeros must keep their length
		p, err := proof(key, "GET", "https://pds.example/xrpc/x?actor=a#b", "n1", NewSecret("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"), now)
		if err != nil {
			t.Fatal(err)
		}
		head, claims := parts(t, p)
		if head["typ"] != "dpop+jwt" || head["alg"] != "ES256" {
			t.Fatalf("head: %v", head)
		}
		// The hash is that of RFC 9449, section 7.1's example token.
		if claims["htm"] != "GET" || claims["htu"] != "https://pds.example/xrpc/x" || claims["nonce"] != "n1" || claims["iat"] != float64(now.Unix()) ||
			claims["ath"] != "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" {
			t.Fatalf("claims: %v", claims)
		}
		if seen[claims["jti"]] {
			t.Fatal("a jti twice")
		}
		seen[claims["jti"]] = true
	}
	p, err := proof(key, "POST", "https://as.example/t", "", Secret{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, claims := parts(t, p); len(claims) != 4 {
		t.Errorf("without nonce and token: %v", claims)
	}
	if other, _ := newKey(); other == key {
		t.Error("the same key twice")
	}
	for _, bad := range []string{"", "x", b64.EncodeToString(make([]byte, 32))} {
		if _, err := proof(NewSecret(bad), "GET", "https://a.example", "", Secret{}, now); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("a broken key: %v", err)
		}
	}
}

// TestProveNonce: a nonce is learnt from any answer and asked for again once, never twice.
func TestProveNonce(t *testing.T) {
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	turn := 0
	w := &world{t: t}
	w.answer = func(*http.Request) (int, string, http.Header) {
		turn++
		return 400, `{"error":"use_dpop_nonce"}`, http.Header{"Dpop-Nonce": {fmt.Sprint("n", turn)}}
	}
	c := Call{Net: &Net{Transport: w}, Tokens: Tokens{Key: key}, Now: time.Now()}
	used := func(r *http.Request) any { _, claims := parts(t, r.Header.Get("DPoP")); return claims["nonce"] }
	a, err := c.prove(t.Context(), blueskyDialect, "POST", "https://nonce.example/t", http.Header{}, []byte("a=b"), Secret{})
	if err != nil || a.Status != 400 || len(w.seen) != 2 {
		t.Fatalf("%d requests, %d, %v", len(w.seen), a.Status, err)
	}
	if used(w.seen[0]) != nil || used(w.seen[1]) != "n1" || w.bodies[1] != "a=b" {
		t.Errorf("nonces %v and %v, body %q", used(w.seen[0]), used(w.seen[1]), w.bodies[1])
	}
	w.answer = func(*http.Request) (int, string, http.Header) {
		return 401, `{}`, http.Header{"Dpop-Nonce": {"m1"}, "Www-Authenticate": {`DPoP error="use_dpop_nonce", error_description="x"`}}
	}
	if _, err := c.prove(t.Context(), blueskyDialect, "GET", "https://nonce.example/x", http.Header{}, nil, NewSecret("tok")); err != nil || len(w.seen) != 4 {
		t.Fatalf("%d requests, %v", len(w.seen), err)
	}
	if used(w.seen[2]) != "n2" || used(w.seen[3]) != "m1" || w.seen[3].Header.Get("Authorization") != "DPoP tok" {
		t.Errorf("nonces %v and %v", used(w.seen[2]), used(w.seen[3]))
	}
	// An answer that is no demand is taken as it is, and another server has a nonce of its own.
	w.answer = func(*http.Request) (int, string, http.Header) {
		return 401, `{"error":"invalid_token"}`, http.Header{"Dpop-Nonce": {"m2"}}
	}
	if _, err := c.prove(t.Context(), blueskyDialect, "GET", "https://other-nonce.example/x", http.Header{}, nil, NewSecret("tok")); err != nil || len(w.seen) != 5 || used(w.seen[4]) != nil {
		t.Errorf("%d requests, %v", len(w.seen), err)
	}
}

func TestAppPasswordShape(t *testing.T) {
	for s, want := range map[string]bool{
		"abcd-efgh-ijkl-mnop": true, "abcd-2345-ijkl-MNOP": true, "": false, "abcdefghijklmnop": false, "abcd-efgh-ijkl-mno": false, "abcd-efgh-ijkl-mnop-": false,
		"abcd-efgh-ijkl_mnop": false, "ab-d-efgh-ijkl-mnop": false, "äbcd-efgh-ijkl-mno": false,
	} {
		if appPassword(s) != want {
			t.Errorf("%q: got %v", s, !want)
		}
	}
}

// TestBlueskyAcceptForeign: a server that was named by its address may hand out
// sessions of its own accounts only.
func TestBlueskyAcceptForeign(t *testing.T) {
	for did, want := range map[string]Kind{acmeDID: "", otherDID: KindConfig} {
		w, n := acmeWorld(t)
		w.answers["https://pds.example/xrpc/com.atproto.server.createSession"] = `{"accessJwt":"a.b.c","refreshJwt":"d.e.f","did":"` + did + `"}`
		c := Call{Net: n, Endpoint: Endpoint{APIURL: "https://pds.example"}, Account: Account{Server: "https://pds.example"}, Now: time.Now()}
		x, err := blueskyAccept(t.Context(), c, "acme.example", NewSecret("abcd-efgh-ijkl-mnop"))
		if KindOf(err) != want || err == nil && x.Server != acmeDID {
			t.Errorf("%s: got server %q, %v, want %q", did, x.Server, err, want)
		}
	}
}
