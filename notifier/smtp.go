package notifier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"relink/platform"
)

// How a mail server is spoken to. Both kinds of TLS are required of the
// server; none is for a server on this computer only.
const (
	SecurityStartTLS = "starttls"
	SecurityTLS      = "tls"
	SecurityNone     = "none"
)

// smtpTimeout is how long one step with a mail server may take.
const smtpTimeout = 30 * time.Second

// MailServer is where mail is handed in.
type MailServer struct {
	Host string
	// Port 0 is 587, or 465 with SecurityTLS.
	Port int
	// Security is one of the constants; empty is SecurityStartTLS.
	Security string
	// User to sign in as, with Password; empty for a server that asks for none.
	User     string
	Password platform.Secret
	// From is the sender's address.
	From string
	// Agent names the program, "Relink/1.2".
	Agent string
	// TLS is for authorities of one's own; nil means the system's.
	TLS *tls.Config
}

// Handed is what became of one letter: the server's answer when it took it, or why it did not.
type Handed struct {
	Answer string
	Err    *platform.Error
}

// Send hands letters in over one connection. The error is one that concerns
// them all, and then the server took none: it was not reached, spoke no TLS or
// refused the sign-in. Without the TLS asked for nothing is said to the server,
// neither who signs in nor who writes to whom. Errors are *platform.Error:
// KindConfig where trying again changes nothing, else KindRetry.
func (m MailServer) Send(ctx context.Context, letters []Letter) ([]Handed, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := m.client(ctx)
	if err != nil {
		return nil, &platform.Error{Kind: platform.KindConfig, Message: platform.T("the mail server's settings cannot be used"), Repair: platform.T("set them again: relink mail set"), Err: err}
	}
	if err := c.DialWithContext(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, m.failed(err)
	}
	defer func() { _ = c.Close() }()
	out := make([]Handed, len(letters))
	for i, l := range letters {
		if err := ctx.Err(); err != nil {
			out[i].Err = &platform.Error{Kind: platform.KindRetry, Message: platform.T("the mail to %s was not sent", l.To), Repair: platform.T("it is tried again"), Err: err}
			continue
		}
		msg, err := m.message(l)
		if err != nil {
			out[i].Err = &platform.Error{Kind: platform.KindConfig, Message: platform.T("no mail can be sent to %s", oneLine(l.To, 60)), Repair: platform.T("correct the address: relink mail set"), Err: err}
			continue
		}
		err = c.Send(msg)
		if msg.IsDelivered() { // whatever came after
			out[i].Answer = oneLine(msg.ServerResponse(), 100)
			continue
		}
		out[i].Err = m.declined(l, err)
	}
	return out, nil
}

func (m MailServer) client(ctx context.Context) (*gomail.Client, error) {
	port := m.Port
	tc := m.TLS.Clone()
	if tc == nil {
		tc = &tls.Config{}
	}
	tc.ServerName, tc.MinVersion = m.Host, tls.VersionTLS12
	opts := []gomail.Option{gomail.WithTimeout(smtpTimeout), gomail.WithTLSConfig(tc), gomail.WithoutNoop()}
	dial := (&net.Dialer{Timeout: smtpTimeout}).DialContext
	switch m.Security {
	case "", SecurityStartTLS:
		if port == 0 {
			port = 587
		}
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case SecurityTLS:
		if port == 0 {
			port = 465
		}
		dial = (&tls.Dialer{NetDialer: &net.Dialer{Timeout: smtpTimeout}, Config: tc}).DialContext
		opts = append(opts, gomail.WithSSL())
	case SecurityNone:
		if !platform.Loopback(m.Host) {
			return nil, errors.New("plain text is for a server on this computer")
		}
		if port == 0 {
			port = 25
		}
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, errors.New("no such security")
	}
	if m.User != "" {
		opts = append(opts, gomail.WithUsername(m.User), gomail.WithPassword(m.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	opts = append(opts, gomail.WithPort(port), gomail.WithDialContextFunc(func(dctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(dctx, network, address)
		if err == nil {
			// Whoever ends the program does not wait for a server that hangs.
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}))
	return gomail.NewClient(m.Host, opts...)
}

func (m MailServer) message(l Letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat("Relink", m.From); err != nil {
		return nil, err
	}
	if err := msg.To(l.To); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(m.From, "@")
	msg.SetMessageIDWithValue(l.ID + "@" + domain)
	msg.SetDateWithValue(l.Date)
	msg.Subject(l.Subject)
	msg.SetUserAgent(m.Agent)
	// RFC 3834: no holiday notices back.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	if l.Urgent {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	msg.SetBodyString(gomail.TypeTextPlain, l.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return msg, nil
}

// failed says in one line why a server took no mail at all.
func (m MailServer) failed(err error) *platform.Error {
	var said *textproto.Error
	switch text := err.Error(); {
	case strings.Contains(text, "does not support STARTTLS"):
		return &platform.Error{Kind: platform.KindConfig, Code: "no_tls", Message: platform.T("%s offers no STARTTLS, and nothing was sent in plain text", m.Host), Repair: platform.T("use its TLS port: relink mail set --security tls"), Err: err}
	case strings.Contains(text, "does not support SMTP AUTH"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered):
		return &platform.Error{Kind: platform.KindConfig, Code: "no_auth", Message: platform.T("%s lets nobody sign in", m.Host), Repair: platform.T("leave the user out, or use another port: relink mail set"), Err: err}
	case errors.As(err, &said):
		e := &platform.Error{Kind: platform.KindConfig, Code: strconv.Itoa(said.Code), Err: err}
		switch answer := answered(said.Code, said.Msg); {
		case said.Code == 534 || said.Code == 535:
			e.Message, e.Repair = platform.T("%s refuses the user name or password", m.Host), platform.T("store the right password (some providers want one made for apps): relink mail set")
		case said.Code >= 400 && said.Code < 500:
			e.Kind, e.Message, e.Repair = platform.KindRetry, platform.T("%s takes no mail now: %s", m.Host, answer), platform.T("it is tried again")
		default:
			e.Message, e.Repair = platform.T("%s takes no mail: %s", m.Host, answer), platform.T("correct the settings: relink mail set")
		}
		return e
	}
	return unreached(m.Host, "mail", err)
}

// reply finds a server's refusal in what go-mail makes of it.
var reply = regexp.MustCompile(`\b([45]\d\d) (.*?)(, affected recipient|, affected message|$)`)

// declined says in one line why a server did not take one letter.
func (m MailServer) declined(l Letter, err error) *platform.Error {
	e := &platform.Error{Kind: platform.KindRetry, Message: platform.T("%s went away before it took the mail to %s", m.Host, l.To), Repair: platform.T("it is tried again"), Err: err}
	var said *gomail.SendError
	if !errors.As(err, &said) || said.ErrorCode() == 0 {
		return e
	}
	answer := strconv.Itoa(said.ErrorCode())
	if found := reply.FindStringSubmatch(strings.ReplaceAll(said.Error(), "\n", " ")); found != nil {
		text := found[2]
		if plain, err := strconv.Unquote(text); err == nil {
			text = plain
		}
		answer = answered(said.ErrorCode(), text)
	}
	e.Code = strconv.Itoa(said.ErrorCode())
	e.Message = platform.T("%s did not take the mail to %s: %s", m.Host, l.To, answer)
	if said.ErrorCode() >= 500 {
		e.Kind, e.Repair = platform.KindConfig, platform.T("correct the address, or the sender: relink mail set")
	}
	return e
}

// answered is a server's answer for a person.
func answered(code int, text string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, strings.TrimRight(oneLine(text, 100), ".")))
}
