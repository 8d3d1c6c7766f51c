package notifier

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"relink/notifier/mailbox"
	"relink/platform"
)

// hush stands for every password of these tests.
const hush = "hush-hush-1"

func box(t *testing.T, cfg mailbox.Config) (*mailbox.Server, MailServer) {
	t.Helper()
	s, err := mailbox.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Away)
	return s, MailServer{
		Host: "127.0.0.1", Port: s.Port, User: "me@example.com", Password: platform.NewSecret(hush), From: "me@example.com", Agent: "Relink/test",
		TLS: &tls.Config{RootCAs: s.Roots},
	}
}

func letter(to string) Letter {
	return Letter{To: to, ID: "id-" + to, Date: time.Now(), Subject: "Zwölf: “LinkedIn acme” ends", Text: "Grüße\n.\nend\n", HTML: "<p>Grüße</p>"}
}

// read parses a mail with Go's own reader and gives its subject and two bodies.
func read(t *testing.T, m mailbox.Mail) (head mail.Header, subject, text, html string) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("got %q, %v", kind, err)
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return msg.Header, subject, text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		if enc := p.Header.Get("Content-Transfer-Encoding"); enc != "quoted-printable" {
			t.Fatalf("got encoding %q", enc)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(body)
		} else {
			text = string(body)
		}
	}
}

func TestSend(t *testing.T) {
	for name, cfg := range map[string]mailbox.Config{
		"starttls": {User: "me@example.com", Password: hush},
		"tls":      {User: "me@example.com", Password: hush, Implicit: true},
		"none":     {User: "me@example.com", Password: hush, Plain: true},
		"nobody":   {},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := box(t, cfg)
			m.Security = name
			if name == "nobody" {
				m.Security, m.User = "", ""
			}
			got, err := m.Send(t.Context(), []Letter{letter("a@example.com"), letter("b@example.com")})
			if err != nil || len(got) != 2 || got[0].Err != nil || got[1].Err != nil {
				t.Fatalf("got %+v, %v\n%s", got, err, s.Wire())
			}
			all := s.Mail()
			if len(all) != 2 || all[0].To != "a@example.com" || all[1].To != "b@example.com" || all[0].From != "me@example.com" {
				t.Fatalf("got %+v", all)
			}
			head, subject, text, html := read(t, all[0])
			l := letter("a@example.com")
			if subject != l.Subject || strings.ReplaceAll(text, "\r\n", "\n") != l.Text || html != l.HTML {
				t.Errorf("got %q, %q, %q", subject, text, html)
			}
			if head.Get("Auto-Submitted") != "auto-generated" || head.Get("Message-ID") != "<id-a@example.com@example.com>" || !strings.Contains(head.Get("From"), "me@example.com") || strings.Contains(head.Get("To"), "b@") {
				t.Errorf("got %v", head)
			}
			if n := strings.Count(s.Wire(), "MAIL FROM"); n != 2 {
				t.Errorf("MAIL was said %d times over one connection", n)
			}
		})
	}
}

// TestNoPlainText: where TLS cannot be had, the server hears neither who signs
// in nor who writes to whom.
func TestNoPlainText(t *testing.T) {
	unknown := func(t *testing.T, cfg mailbox.Config) (*mailbox.Server, MailServer) {
		s, m := box(t, cfg)
		m.TLS = nil // the system's authorities do not know it
		return s, m
	}
	tests := []struct {
		name     string
		cfg      mailbox.Config
		start    func(*testing.T, mailbox.Config) (*mailbox.Server, MailServer)
		security string
		want     string
	}{
		{"no STARTTLS", mailbox.Config{Plain: true}, box, SecurityStartTLS, "127.0.0.1 offers no STARTTLS, and nothing was sent in plain text; use its TLS port: relink mail set --security tls"},
		{"no TLS", mailbox.Config{Plain: true}, box, SecurityTLS, "127.0.0.1 does not speak TLS as it should; check the server, its port and its TLS versions, then: relink mail test"},
		{"a stranger's certificate", mailbox.Config{}, unknown, SecurityStartTLS, "the certificate of 127.0.0.1 is not trusted: "},
		{"a stranger's certificate at once", mailbox.Config{Implicit: true}, unknown, SecurityTLS, "the certificate of 127.0.0.1 is not trusted: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.User, tt.cfg.Password = "me@example.com", hush
			s, m := tt.start(t, tt.cfg)
			m.Security = tt.security
			_, err := m.Send(t.Context(), []Letter{letter("a@example.com")})
			if platform.KindOf(err) != platform.KindConfig || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			time.Sleep(50 * time.Millisecond) // what was said is there
			for _, said := range []string{"AUTH PLAIN ", "AUTH SCRAM", "MAIL FROM", "RCPT", "example.com", hush} {
				if strings.Contains(s.Wire(), said) {
					t.Errorf("%q was said in\n%s", said, s.Wire())
				}
			}
			if len(s.Mail()) != 0 {
				t.Error("a mail was sent")
			}
		})
	}
	// Plain text is for this computer alone, whatever the settings say.
	_, err := MailServer{Host: "smtp.example.com", Security: SecurityNone, From: "me@example.com"}.Send(t.Context(), nil)
	if platform.KindOf(err) != platform.KindConfig {
		t.Errorf("got %v", err)
	}
}

func TestSendFails(t *testing.T) {
	good := mailbox.Config{User: "me@example.com", Password: hush}
	t.Run("wrong password", func(t *testing.T) {
		s, m := box(t, good)
		m.Password = platform.NewSecret("wrong-" + hush)
		_, err := m.Send(t.Context(), []Letter{letter("a@example.com")})
		const want = "127.0.0.1 refuses the user name or password; store the right password (some providers want one made for apps): relink mail set"
		if err == nil || err.Error() != want || platform.KindOf(err) != platform.KindConfig || strings.Contains(err.Error(), hush) {
			t.Errorf("got %v, want %q", err, want)
		}
		if strings.Contains(s.Wire(), "MAIL FROM") {
			t.Error("it went on all the same")
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		s, m := box(t, good)
		s.Away()
		_, err := m.Send(t.Context(), []Letter{letter("a@example.com")})
		if platform.KindOf(err) != platform.KindRetry || err.Error() != "127.0.0.1 refuses the connection; check the network and the server; it is tried again" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no such server", func(t *testing.T) {
		_, m := box(t, good)
		m.Host = "mail.invalid" // RFC 2606: never there
		_, err := m.Send(t.Context(), []Letter{letter("a@example.com")})
		if platform.KindOf(err) != platform.KindRetry || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("one address refused", func(t *testing.T) {
		cfg := good
		cfg.Refuse = func(to string) error {
			switch to {
			case "gone@example.com":
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here."}
			case "grey@example.com":
				return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Come back later"}
			}
			return nil
		}
		s, m := box(t, cfg)
		got, err := m.Send(t.Context(), []Letter{letter("gone@example.com"), letter("grey@example.com"), letter("a@example.com")})
		if err != nil || got[0].Err == nil || got[1].Err == nil || got[2].Err != nil {
			t.Fatalf("got %+v, %v", got, err)
		}
		if e := got[0].Err; e.Kind != platform.KindConfig || e.Error() != "127.0.0.1 did not take the mail to gone@example.com: 550 5.1.1 No such user here; correct the address, or the sender: relink mail set" {
			t.Errorf("got %v", e)
		}
		if e := got[1].Err; e.Kind != platform.KindRetry || e.Error() != "127.0.0.1 did not take the mail to grey@example.com: 451 4.7.1 Come back later; it is tried again" {
			t.Errorf("got %v", e)
		}
		if len(s.Mail()) != 1 {
			t.Errorf("got %d mails, want the one that was taken", len(s.Mail()))
		}
	})
	t.Run("a server that says nothing", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		_, m := box(t, good)
		m.Port = l.Addr().(*net.TCPAddr).Port
		ctx, cancel := contextEndingIn(t, 200*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := m.Send(ctx, []Letter{letter("a@example.com")}); err == nil || time.Since(start) > 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}
