// Package mailbox is a real mail server on this computer for tests: it keeps
// what it is handed, has a certificate of its own, and can refuse and be away.
// Never linked into relink.
package mailbox

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Config of a server. The zero value offers STARTTLS and asks nobody to sign in.
type Config struct {
	// User and Password are asked for; empty for nobody.
	User, Password string
	// Plain offers no TLS at all; Implicit speaks TLS from the first byte.
	Plain, Implicit bool
	// Refuse answers RCPT for an address; nil takes everybody.
	Refuse func(to string) error
}

// Mail is one mail the server took.
type Mail struct {
	From, To string
	Raw      []byte
}

// Server is a mail server. Its methods may be called from any goroutine.
type Server struct {
	cfg  Config
	cert tls.Certificate
	// Roots are what a client must trust.
	Roots *x509.CertPool
	// Port it listens on at 127.0.0.1, also while it is away.
	Port int

	mu   sync.Mutex // guards the fields below
	srv  *smtp.Server
	door net.Listener
	mail []Mail
	wire bytes.Buffer
}

// Start starts a server; end it with Away.
func Start(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg}
	if err := s.certify(); err != nil {
		return nil, err
	}
	return s, s.Back()
}

// certify makes the certificate. It holds for any clock a test may have.
func (s *Server) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailbox"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(leaf)
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return nil
}

// Back makes the server listen, on the port it had before.
func (s *Server) Back() error {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Port = l.Addr().(*net.TCPAddr).Port
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s}, nil }))
	srv.Domain, srv.Debug = "mailbox.test", (*wire)(s)
	srv.ReadTimeout, srv.WriteTimeout = 30*time.Second, 30*time.Second
	srv.ErrorLog = silent{}
	secure := &tls.Config{Certificates: []tls.Certificate{s.cert}}
	switch {
	case s.cfg.Implicit:
		l = tls.NewListener(l, secure)
	case s.cfg.Plain:
		srv.AllowInsecureAuth = true
	default:
		srv.TLSConfig = secure
	}
	s.srv, s.door = srv, l
	go func() { _ = srv.Serve(l) }()
	return nil
}

// Away makes the server refuse connections, and ends those there are.
func (s *Server) Away() {
	s.mu.Lock()
	srv, door := s.srv, s.door
	s.srv = nil
	s.mu.Unlock()
	if srv != nil {
		_ = door.Close()
		_ = srv.Close()
	}
}

// Mail lists what was taken, oldest first.
func (s *Server) Mail() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mail...)
}

// Wire is all that was said in both directions.
func (s *Server) Wire() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wire.String()
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// wire keeps what is said.
type wire Server

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wire.Write(p)
}

type session struct {
	s        *Server
	signedIn bool
	from, to string
}

// AuthMechanisms and Auth implement smtp.AuthSession.
func (x *session) AuthMechanisms() []string {
	if x.s.cfg.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (x *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != x.s.cfg.User || password != x.s.cfg.Password {
			return smtp.ErrAuthFailed
		}
		x.signedIn = true
		return nil
	}), nil
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if x.s.cfg.User != "" && !x.signedIn {
		return smtp.ErrAuthRequired
	}
	x.from = from
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if x.s.cfg.Refuse != nil {
		if err := x.s.cfg.Refuse(to); err != nil {
			return err
		}
	}
	x.to = to
	return nil
}

func (x *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.mail = append(x.s.mail, Mail{x.from, x.to, raw})
	return nil
}

func (x *session) Reset()        { x.from, x.to = "", "" }
func (x *session) Logout() error { return nil }
