package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func accept(login *string) func(context.Context, platform.Call, string, platform.Secret) (platform.Exchanged, error) {
	return func(_ context.Context, c platform.Call, name string, secret platform.Secret) (platform.Exchanged, error) {
		*login = name
		if secret.Reveal() != "pass-1" {
			return platform.Exchanged{}, &platform.Error{Kind: platform.KindReconnect, Message: "the password is not accepted", Repair: "make another"}
		}
		return platform.Exchanged{Tokens: platform.Tokens{Access: platform.NewSecret("access-1")}, TokenType: "Bearer"}, nil
	}
}

func authorize(seen *url.Values) func(context.Context, platform.Call, url.Values) (platform.Authorization, error) {
	return func(_ context.Context, c platform.Call, params url.Values) (platform.Authorization, error) {
		*seen = params
		return platform.Authorization{URL: c.Endpoint.AuthURL + "?request_uri=urn:1", Key: platform.NewSecret("key-1")}, nil
	}
}

// freePair is a port that is free together with the one after it. Both are below
// those that systems give out by themselves, so that nobody takes one meanwhile.
func freePair(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(7000)
		first, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		second, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
		_ = first.Close()
		if err == nil {
			_ = second.Close()
			return port
		}
	}
	t.Fatal("no two ports in a row are free")
	return 0
}

// mapped is the hosts file with one line.
func mapped(host string) ([]string, error) {
	if host == HostName {
		return []string{"127.0.0.1"}, nil
	}
	return nil, &net.DNSError{Name: host, IsNotFound: true}
}

// An https redirect address comes back to this computer over a certificate of its own.
func TestHTTPS(t *testing.T) {
	i, dir := newIssuer(t), t.TempDir()
	own := *lookup(t, "oidc")
	own.Redirect = platform.RedirectHTTPS
	port := freePair(t)
	cfg := Config{
		Port: port, Lookup: mapped,
		Certificate: func(host string) (tls.Certificate, error) { return Certificate(dir, host, time.Now()) },
	}
	r := i.request(t)
	r.Platform = &own
	a := start(t, cfg, r)
	want := "https://relink.internal:" + strconv.Itoa(port+1) + "/callback"
	if a.Redirect != want || !a.Listening {
		t.Fatalf("redirect %q, listening %v, notes %q; want %q", a.Redirect, a.Listening, a.Notes, want)
	}
	cert, err := Certificate(dir, HostName, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AddCert(cert.Leaf)
	browser := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trust},
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+strconv.Itoa(port+1))
		},
	}}
	back := back(t, a, "code=the-code")
	// Whoever comes by another name, or without TLS, is a stray.
	for _, address := range []string{strings.Replace(back, HostName, "evil.example", 1), strings.Replace(back, "https://"+HostName, "http://127.0.0.1", 1)} {
		resp, err := browser.Get(address)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got status %d", address[:24], resp.StatusCode)
			}
		}
	}
	page := make(chan int, 1)
	go func() {
		resp, err := browser.Get(back)
		if err != nil {
			page <- 0
			return
		}
		_ = resp.Body.Close()
		page <- resp.StatusCode
	}()
	if _, err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Done(Outcome{Titles: []string{"Acme"}})
	if status := <-page; status != http.StatusOK {
		t.Errorf("page: got status %d", status)
	}
}

// Without the line in the hosts file, or a certificate, the address is pasted, and the note says what would help.
func TestHTTPSNotHere(t *testing.T) {
	i := newIssuer(t)
	own := *lookup(t, "oidc")
	own.Redirect = platform.RedirectHTTPS
	r := i.request(t)
	r.Platform = &own
	unmapped := func(string) ([]string, error) { return nil, errors.New("no such host") }
	elsewhere := func(string) ([]string, error) { return []string{"127.0.0.1", "192.0.2.1"}, nil }
	certificate := func(host string) (tls.Certificate, error) { return Certificate(t.TempDir(), host, time.Now()) }
	for name, tt := range map[string]struct {
		cfg      Config
		redirect string
		note     string
	}{
		"not in the hosts file":         {Config{Lookup: unmapped, Certificate: certificate}, "", `add the line "127.0.0.1 relink.internal"`},
		"mapped to another as well":     {Config{Lookup: elsewhere, Certificate: certificate}, "", `add the line "127.0.0.1 relink.internal"`},
		"no certificate":                {Config{Lookup: mapped}, "", "paste the address"},
		"registered another computer's": {Config{Lookup: unmapped, Certificate: certificate}, "https://www.example.com/back", "paste the address"},
	} {
		t.Run(name, func(t *testing.T) {
			r := r
			r.App.Redirect = tt.redirect
			a := start(t, tt.cfg, r)
			if a.Listening || !strings.Contains(strings.Join(a.Notes, " "), tt.note) {
				t.Errorf("listening %v, notes %q, want %q", a.Listening, a.Notes, tt.note)
			}
			if err := a.Paste(back(t, a, "code=the-code")); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCertificate(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first, err := Certificate(dir, HostName, now)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "redirect.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info, err)
	}
	serial := func(c tls.Certificate) string { return c.Leaf.SerialNumber.String() }
	again, err := Certificate(dir, HostName, now.AddDate(0, 6, 0))
	if err != nil || serial(again) != serial(first) {
		t.Errorf("not kept: %v", err)
	}
	other, err := Certificate(dir, "other.internal", now)
	if err != nil || other.Leaf.VerifyHostname("other.internal") != nil {
		t.Errorf("another name: %v", err)
	}
	later, err := Certificate(dir, "other.internal", now.AddDate(0, 13, 0))
	if err != nil || serial(later) == serial(other) {
		t.Errorf("about to end, and not made anew: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "redirect.pem"), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Certificate(dir, HostName, now); err != nil {
		t.Errorf("a broken file is not replaced: %v", err)
	}
	if _, err := Certificate(filepath.Join(dir, "missing"), HostName, now); err == nil || !strings.Contains(err.Error(), "write certificate") {
		t.Errorf("no directory: %v", err)
	}
}
