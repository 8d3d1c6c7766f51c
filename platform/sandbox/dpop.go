package sandbox

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// proofProblem is why a proof of a key (RFC 9449, section 4.3) does not serve;
// empty when it does.
type proofProblem string

const (
	proofMissing proofProblem = "no proof, or more than one"
	proofShape   proofProblem = "not a signed dpop+jwt of ES256 with its public key"
	proofMethod  proofProblem = "htm is not the request's method"
	proofAddress proofProblem = "htu is not the request's address without its query"
	proofTime    proofProblem = "iat is not now"
	proofAgain   proofProblem = "jti was used before"
	proofToken   proofProblem = "ath is not the token's hash"
	proofNonce   proofProblem = "the nonce is missing or old"
)

// code is the error code of RFC 9449, sections 5, 7.1 and 8.
func (p proofProblem) code() string {
	if p == proofNonce {
		return "use_dpop_nonce"
	}
	return "invalid_dpop_proof"
}

const (
	// nonceLife is how often a server's nonce changes; the one before still works
	// (3 minutes at atproto's reference server, 5 at most).
	nonceLife = 3 * time.Minute
	// proofWindow is how far a proof's time may be from now.
	proofWindow = time.Minute
)

// proofs checks proofs. It is guarded by the network's lock. The proofs are read by
// go-jose, so that nothing here is the client's own idea of them.
type proofs struct {
	key  []byte
	used map[string]time.Time // jti, when it may be forgotten
}

func newProofs() proofs {
	p := proofs{key: make([]byte, 32), used: map[string]time.Time{}}
	_, _ = rand.Read(p.key) // never fails (crypto/rand)
	return p
}

// nonce is what a host wants in its proofs, so many turns ago.
func (p *proofs) nonce(host string, now time.Time, ago int64) string {
	m := hmac.New(sha256.New, p.key)
	_, _ = m.Write(binary.BigEndian.AppendUint64([]byte(host), uint64(now.Unix()/int64(nonceLife/time.Second)-ago)))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// remind adds the host's nonce to an answer, as every answer has it.
func (p *proofs) remind(q request, a answer) answer {
	return a.with("DPoP-Nonce", p.nonce(q.host, q.now, 0))
}

// check gives the thumbprint (RFC 7638) of the key that a request proves. token
// is the access token it came with, empty at an authorization server.
func (p *proofs) check(q request, token string) (key string, problem proofProblem) {
	values := q.Header.Values("DPoP")
	if len(values) != 1 {
		return "", proofMissing
	}
	signed, err := jose.ParseSigned(values[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || len(signed.Signatures) != 1 {
		return "", proofShape
	}
	head := signed.Signatures[0].Protected
	if typ, _ := head.ExtraHeaders[jose.HeaderType].(string); typ != "dpop+jwt" || head.JSONWebKey == nil || !head.JSONWebKey.Valid() || !head.JSONWebKey.IsPublic() {
		return "", proofShape
	}
	payload, err := signed.Verify(head.JSONWebKey)
	if err != nil {
		return "", proofShape
	}
	var claims struct {
		ID     string `json:"jti"`
		Method string `json:"htm"`
		URL    string `json:"htu"`
		Issued int64  `json:"iat"`
		Nonce  string `json:"nonce"`
		Hash   string `json:"ath"`
	}
	thumb, err := head.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.ID == "" {
		return "", proofShape
	}
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	sum := sha256.Sum256([]byte(token))
	switch {
	case claims.Method != q.Method:
		return "", proofMethod
	case claims.URL != "https://"+q.host+q.path: // as the client knows the address, whatever brought it here
		return "", proofAddress
	case q.now.Sub(time.Unix(claims.Issued, 0)).Abs() > proofWindow:
		return "", proofTime
	case token != "" && !same(claims.Hash, base64.RawURLEncoding.EncodeToString(sum[:])):
		return "", proofToken
	case !same(claims.Nonce, p.nonce(q.host, q.now, 0)) && !same(claims.Nonce, p.nonce(q.host, q.now, 1)):
		return "", proofNonce
	}
	maps.DeleteFunc(p.used, func(_ string, at time.Time) bool { return q.now.After(at) })
	if _, again := p.used[claims.ID]; again {
		return "", proofAgain
	}
	p.used[claims.ID] = q.now.Add(2 * proofWindow)
	return base64.RawURLEncoding.EncodeToString(thumb), ""
}
