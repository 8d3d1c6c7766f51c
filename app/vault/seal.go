package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize = chacha20poly1305.KeySize
	// sealV1 is the first byte of what is sealed: XChaCha20-Poly1305, then the nonce.
	sealV1 = 1
)

var errSeal = errors.New("seal does not open")

// sealer seals and opens with one key. The place of a secret (table, row,
// generation) is associated data: a seal moved to another row does not open.
type sealer struct {
	key  [keySize]byte
	aead cipher.AEAD
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("key has %d bytes, not %d", len(key), keySize)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	s := &sealer{aead: aead}
	copy(s.key[:], key)
	return s, nil
}

// freshSealer makes a new key.
func freshSealer() *sealer {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails, see crypto/rand
	s, err := newSealer(key[:])
	if err != nil {
		panic(err) // the size is right
	}
	return s
}

// String keeps the key out of anything that prints a sealer.
func (s *sealer) String() string { return "[secret]" }

// GoString does the same for %#v.
func (s *sealer) GoString() string { return "[secret]" }

func place(table, row string, generation int) []byte {
	ad := make([]byte, 0, len(table)+len(row)+12)
	ad = append(append(ad, table...), 0)
	ad = append(append(ad, row...), 0)
	return strconv.AppendInt(ad, int64(generation), 10)
}

func (s *sealer) seal(table, row string, generation int, plain []byte) []byte {
	const head = 1 + chacha20poly1305.NonceSizeX
	out := make([]byte, head, head+len(plain)+chacha20poly1305.Overhead)
	out[0] = sealV1
	_, _ = rand.Read(out[1:])
	return s.aead.Seal(out, out[1:head], plain, place(table, row, generation))
}

func (s *sealer) open(table, row string, generation int, sealed []byte) ([]byte, error) {
	const head = 1 + chacha20poly1305.NonceSizeX
	if len(sealed) < head || sealed[0] != sealV1 {
		return nil, errSeal
	}
	plain, err := s.aead.Open(nil, sealed[1:head], sealed[head:], place(table, row, generation))
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}

// check is a seal that tells later whether a key is this vault's.
func (s *sealer) check(home string) string {
	return base64.RawStdEncoding.EncodeToString(s.seal("meta", home, 0, []byte("relink")))
}

func (s *sealer) fits(home, check string) bool {
	sealed, err := base64.RawStdEncoding.DecodeString(check)
	if err != nil {
		return false
	}
	_, err = s.open("meta", home, 0, sealed)
	return err == nil
}

func (s *sealer) text() string { return base64.RawStdEncoding.EncodeToString(s.key[:]) }

func sealerFromText(text string) (*sealer, error) {
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("key is not base64")
	}
	return newSealer(key)
}
