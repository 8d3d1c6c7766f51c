package connect

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

const (
	// certificateLife is as long as browsers accept one for (CA/Browser Forum
	// ballot SC22: 398 days); certificateSpare is when it is made anew.
	certificateLife  = 397 * 24 * time.Hour
	certificateSpare = 30 * 24 * time.Hour
)

// Certificate gives this computer's own certificate for a name, kept in a
// directory and made there when it is missing, for another name or about to end. Nobody
// has signed it but itself: a browser asks once whether to go on.
func Certificate(dir, host string, now time.Time) (tls.Certificate, error) {
	path := filepath.Join(dir, "redirect.pem")
	if raw, err := os.ReadFile(path); err == nil {
		cert, err := tls.X509KeyPair(raw, raw)
		if err == nil && cert.Leaf != nil && cert.Leaf.VerifyHostname(host) == nil && now.Add(certificateSpare).Before(cert.Leaf.NotAfter) && now.After(cert.Leaf.NotBefore) {
			return cert, nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return tls.Certificate{}, fmt.Errorf("read certificate: %w", err)
	}
	raw, err := newCertificate(host, now)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	if err := writeWhole(path, raw); err != nil {
		return tls.Certificate{}, fmt.Errorf("write certificate: %w", err)
	}
	return tls.X509KeyPair(raw, raw)
}

// newCertificate is a key and its own certificate, as PEM.
func newCertificate(host string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: host, Organization: []string{"Relink on this computer"}},
		DNSNames:     []string{host},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// writeWhole writes a file that only its owner can read, all of it or nothing.
func writeWhole(path string, raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".redirect-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
