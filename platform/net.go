package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const (
	// maxBody is the most a platform's answer may hold: 1 MB.
	maxBody = 1 << 20
	// DefaultTimeout of one request, dial to last byte.
	DefaultTimeout = 20 * time.Second
)

// Version of the program, for platforms that want it in the User-Agent; set
// before the first request. Empty is unknown.
var Version string

// UserAgent is sent with every request; some platforms refuse an empty or common one.
var UserAgent = "relink (desktop; token keeper)"

// Net is how platforms are reached: one HTTP client with a time limit, a size
// limit and no cookies. With Sandbox set, every platform is the practice
// network's instead. The zero value reaches the real platforms.
type Net struct {
	// Sandbox is the practice network's loopback origin; empty for the real platforms.
	Sandbox string
	// Transport for requests; nil means a shared default.
	Transport http.RoundTripper
	// Timeout of one request; zero means DefaultTimeout.
	Timeout time.Duration
	// Dated, if set, is told the Date header of every answer: the platforms'
	// clocks check this computer's.
	Dated func(time.Time)
}

var defaultTransport = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 4
	t.IdleConnTimeout = 30 * time.Second
	t.TLSHandshakeTimeout = 10 * time.Second
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}()

// URL gives the address to use for a platform's: itself, or the practice
// network's, which serves every platform under its host name.
func (n *Net) URL(raw string) string {
	if n == nil || n.Sandbox == "" {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || strings.HasPrefix(raw, strings.TrimSuffix(n.Sandbox, "/")+"/") {
		return raw
	}
	s, err := url.Parse(n.Sandbox)
	if err != nil {
		return raw
	}
	u.Path = "/" + u.Host + u.Path
	if u.RawPath != "" {
		u.RawPath = "/" + u.Host + u.RawPath
	}
	u.Scheme, u.Host = s.Scheme, s.Host
	return u.String()
}

// Through gives the same Net with something between it and the wire, which
// sees requests as they go out and answers as they come.
func (n *Net) Through(wrap func(http.RoundTripper) http.RoundTripper) *Net {
	c := *n
	next := c.Transport
	if next == nil {
		next = defaultTransport
	}
	c.Transport = wrap(next)
	return &c
}

// HTTP gives the client.
func (n *Net) HTTP() *http.Client {
	timeout := n.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &http.Client{
		Transport: (*wire)(n),
		Timeout:   timeout,
		// A token request must never follow a redirect to somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Context gives x/oauth2 this client.
func (n *Net) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, n.HTTP())
}

// wire is Net as a RoundTripper.
type wire Net

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	raw := (*Net)(w).URL(r.URL.String())
	if raw != r.URL.String() {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.URL, r.Host = u, u.Host
	}
	if err := Secure(r.URL); err != nil {
		return nil, err
	}
	if r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", UserAgent)
	}
	t := w.Transport
	if t == nil {
		t = defaultTransport
	}
	resp, err := t.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if w.Dated != nil {
		if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			w.Dated(at)
		}
	}
	resp.Body = &limited{ReadCloser: resp.Body, left: maxBody}
	return resp, nil
}

var errTooBig = errors.New("answer is larger than 1 MB")

// limited fails, rather than cuts, a body that is too large.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, errTooBig
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, errTooBig
	}
	return n, err
}

// Secure refuses plain http to anything but this computer.
func Secure(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()) {
		return nil
	}
	return &Error{Kind: KindUsage, Message: T("refusing %s to %s: tokens travel only over https", u.Scheme, u.Hostname()), Repair: T("use the https address")}
}

// Loopback reports whether a host name is this computer.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Answer is a platform's reply, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send makes a request and reads the answer, whatever its status. Errors are
// *Error with KindRetry: nothing was learnt about any token.
func (n *Net) Send(ctx context.Context, platformName string, r *http.Request) (Answer, error) {
	resp, err := n.HTTP().Do(r.WithContext(ctx))
	if err != nil {
		return Answer{}, Unreachable(platformName, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, Unreachable(platformName, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// Unreachable says that a platform could not be asked. It never carries the
// request: its address may hold a token.
func Unreachable(platformName string, err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	why := T("no answer")
	var dns *net.DNSError
	var nerr net.Error
	switch {
	case errors.Is(err, errTooBig):
		why = T("its answer is larger than 1 MB")
	case errors.Is(err, context.Canceled):
		why = T("the request was cancelled")
	case errors.As(err, &dns):
		why = T("its address cannot be found")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &nerr) && nerr.Timeout():
		why = T("no answer in time")
	}
	return &Error{Kind: KindRetry, Message: T("%s cannot be reached: %s", platformName, why), Repair: T("check the network and try again; nothing was changed"), Err: scrub{err}}
}

// scrub keeps a cause for errors.Is and drops its text, which may hold an
// address with a token in it.
type scrub struct{ err error }

func (s scrub) Error() string        { return "request failed" }
func (s scrub) Is(target error) bool { return errors.Is(s.err, target) }

// request sends one API call and decodes its JSON into v. The platform's own
// classify judges the answer.
func (c Call) request(ctx context.Context, d dialect, classify func(int, []byte) *Error, method, raw string, form url.Values, bearer Secret, header http.Header, v any) error {
	var body io.Reader
	if method != http.MethodGet && form != nil {
		body = strings.NewReader(form.Encode())
	} else if form != nil {
		sep := "?"
		if strings.Contains(raw, "?") {
			sep = "&"
		}
		raw += sep + form.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, raw, body)
	if err != nil {
		return &Error{Kind: KindUsage, Platform: d.id, Message: T("the address is not a valid one"), Repair: T("check the server's address")}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "application/json")
	for k, vs := range header {
		r.Header[k] = vs
	}
	if !bearer.IsZero() {
		r.Header.Set("Authorization", "Bearer "+bearer.Reveal())
	}
	_, err = c.ask(ctx, d, classify, r, v)
	return err
}

// ask sends a request made elsewhere, has classify judge the answer and decodes
// its JSON into v, unless that is nil. It gives the answer's header.
func (c Call) ask(ctx context.Context, d dialect, classify func(int, []byte) *Error, r *http.Request, v any) (http.Header, error) {
	a, err := c.Net.Send(ctx, d.name, r)
	if err != nil {
		return nil, err
	}
	if e := classify(a.Status, a.Body); e != nil {
		return nil, e
	}
	if v == nil {
		return a.Header, nil
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return nil, garbage(d.name, d.id)
	}
	return a.Header, nil
}

// quiet judges the answer to a request that has nothing to tell (a revocation):
// it may be empty, but a page is not from the platform.
func quiet(d dialect, classify func(int, []byte) *Error) func(int, []byte) *Error {
	return func(status int, body []byte) *Error {
		if e := classify(status, body); e != nil {
			return e
		}
		if len(bytes.TrimSpace(body)) > 0 && !json.Valid(body) {
			return garbage(d.name, d.id)
		}
		return nil
	}
}

func garbage(name, id string) *Error {
	return &Error{Kind: KindRetry, Platform: id, Code: "garbage", Message: T("%s answered something that is not its API", name), Repair: T("a network sign-in page may be in the way: check the network and try again")}
}

// outage classifies what every platform has in common; nil when the status is none of it.
func outage(name, id string, status int) *Error {
	switch {
	case status == http.StatusTooManyRequests:
		return &Error{Kind: KindLimit, Platform: id, Code: "429", Message: T("%s limits how often it may be asked", name), Repair: T("try again later; the token is not the problem")}
	case status >= 500:
		return &Error{Kind: KindRetry, Platform: id, Code: fmt.Sprint(status), Message: T("%s is not well (status %d)", name, status), Repair: T("try again later; nothing was changed")}
	case status >= 300 && status < 400:
		return garbage(name, id)
	}
	return nil
}
