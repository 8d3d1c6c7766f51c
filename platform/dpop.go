package platform

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Tokens that are bound to a key (RFC 9449, DPoP): every request carries a
// proof, signed with the key, that whoever shows the token also holds the key.

// bound is the token type and the scheme of the Authorization header.
const bound = "DPoP"

var b64 = base64.RawURLEncoding

// newKey makes a key for ES256, written as RFC 7518, section 6.2.2.1 does.
func newKey() (Secret, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Secret{}, err
	}
	raw, err := k.Bytes()
	return NewSecret(b64.EncodeToString(raw)), err
}

// errKey says nothing of what is wrong with a key: it is a secret.
var errKey = errors.New("the key of this grant cannot be read")

// proof makes a proof for one request (RFC 9449, section 4.2). An empty nonce is
// left out, and so is the token's hash at an authorization server, where token is zero.
func proof(key Secret, method, address, nonce string, token Secret, now time.Time) (string, error) {
	raw, err := b64.DecodeString(key.Reveal())
	if err != nil {
		return "", errKey
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return "", errKey
	}
	point, err := k.PublicKey.Bytes() // 0x04, X, Y
	if err != nil {
		return "", errKey
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.RawQuery, u.Fragment = "", ""
	type jwk struct {
		Crv string `json:"crv"`
		Kty string `json:"kty"`
		X   string `json:"x"`
		Y   string `json:"y"`
	}
	head := struct {
		Typ string `json:"typ"`
		Alg string `json:"alg"`
		JWK jwk    `json:"jwk"`
	}{"dpop+jwt", "ES256", jwk{"P-256", "EC", b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:65])}}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	claims := struct {
		ID     string `json:"jti"`
		Method string `json:"htm"`
		URL    string `json:"htu"`
		Issued int64  `json:"iat"`
		Nonce  string `json:"nonce,omitempty"`
		Hash   string `json:"ath,omitempty"`
	}{b64.EncodeToString(id), method, u.String(), now.Unix(), nonce, ""}
	if !token.IsZero() {
		sum := sha256.Sum256([]byte(token.Reveal()))
		claims.Hash = b64.EncodeToString(sum[:])
	}
	part := func(v any) string {
		b, _ := json.Marshal(v) // strings and a number
		return b64.EncodeToString(b)
	}
	text := part(head) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
	if err != nil {
		return "", err
	}
	sig := make([]byte, 64) // RFC 7518, section 3.4: R and S, 32 bytes each
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + b64.EncodeToString(sig), nil
}

// nonces are what servers want in the next proof, by origin (RFC 9449, section
// 8): one book for the process, as connections are. They change every few
// minutes and are no secret; a wrong one costs one more request.
var nonces nonceBook

type nonceBook struct {
	mu sync.Mutex // guards of
	of map[string]string
}

// manyNonces is how many are kept; all are dropped when there are more.
const manyNonces = 1000

func (n *nonceBook) get(origin string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.of[origin]
}

func (n *nonceBook) put(origin, nonce string) {
	if nonce == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of == nil || len(n.of) > manyNonces {
		n.of = map[string]string{}
	}
	n.of[origin] = nonce
}

// prove sends a request with a proof of c.Tokens.Key, and once more where the
// server wants its nonce in it. token is zero at an authorization server. Errors are *[Error].
func (c Call) prove(ctx context.Context, d dialect, method, address string, header http.Header, body []byte, token Secret) (Answer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Answer{}, d.say(KindConfig, "", T("the server's addresses are not valid ones"), T("ask its operator"))
	}
	origin := c.Net.Sandbox + " " + u.Scheme + "://" + u.Host
	for again := false; ; again = true {
		nonce := nonces.get(origin)
		p, err := proof(c.Tokens.Key, method, address, nonce, token, c.Now)
		if err != nil {
			return Answer{}, d.say(KindReconnect, "key", T("the key that the %s token is bound to cannot be used", d.name), T("reconnect the account"))
		}
		r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			return Answer{}, d.say(KindConfig, "", T("the server's addresses are not valid ones"), T("ask its operator"))
		}
		for k, vs := range header {
			r.Header[k] = vs
		}
		r.Header.Set("Accept", "application/json")
		r.Header.Set(bound, p)
		if !token.IsZero() {
			r.Header.Set("Authorization", bound+" "+token.Reveal())
		}
		a, err := c.Net.Send(ctx, d.name, r)
		if err != nil {
			return a, err
		}
		fresh := a.Header.Get("DPoP-Nonce")
		nonces.put(origin, fresh)
		if again || fresh == "" || fresh == nonce || !wantsNonce(a) {
			return a, nil
		}
	}
}

// wantsNonce reports whether a server refused a proof for want of its nonce: an
// authorization server says so in the body (section 8), another one in a header (section 9).
func wantsNonce(a Answer) bool {
	const code = "use_dpop_nonce"
	if a.Status != http.StatusBadRequest && a.Status != http.StatusUnauthorized {
		return false
	}
	var body struct{ Error string }
	return json.Unmarshal(a.Body, &body) == nil && body.Error == code || strings.Contains(a.Header.Get("WWW-Authenticate"), `error="`+code+`"`)
}
