package notifier

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"relink/platform"
)

// The headers of a webhook's request. The signature is
//
//	"sha256=" + hex(HMAC-SHA256(key, timestamp + "." + body))
//
// with the timestamp header's text (Unix seconds at the time of sending) and
// the body as it came. A receiver compares it in constant time and refuses
// timestamps that are more than a few minutes off: nobody can send it again later.
const (
	HeaderSignature = "X-Relink-Signature"
	HeaderTimestamp = "X-Relink-Timestamp"
	HeaderEvent     = "X-Relink-Event"
	HeaderDelivery  = "X-Relink-Delivery"
)

const (
	// webhookTimeout is how long one request may take in all.
	webhookTimeout = 20 * time.Second
	// answerLimit is how much of an answer is read, only to end the exchange in order.
	answerLimit = 64 << 10
)

// Webhook is where events are posted to.
type Webhook struct {
	URL string
	// Key signs; without one nothing is sent.
	Key platform.Secret
	// Agent names the program, "Relink/1.2".
	Agent string
	// TLS is for authorities of one's own; nil means the system's.
	TLS *tls.Config
}

// Sign gives the signature of a body sent at a time.
func Sign(key platform.Secret, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write(strconv.AppendInt(nil, at.Unix(), 10))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Post sends one document. now is the time it is signed for. Redirects are not
// followed, and what the receiver answers beside its status is not read into
// anything. Errors are *platform.Error: KindConfig where trying again changes
// nothing, else KindRetry. On success it gives the status, "204 No Content".
func (w Webhook) Post(ctx context.Context, id string, event Event, body []byte, now time.Time) (string, error) {
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && platform.Loopback(u.Hostname())) {
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("the webhook's address is not https"), Repair: platform.T("set another one: relink webhook set https://…")}
	}
	if w.Key.IsZero() {
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("the webhook has no signing key"), Repair: platform.T("make one: relink webhook set %s://%s/…", u.Scheme, u.Host)}
	}
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("the webhook's address cannot be used"), Repair: platform.T("set another one: relink webhook set https://…")}
	}
	r.Header = http.Header{
		"Content-Type":  {"application/json"},
		"User-Agent":    {w.Agent},
		HeaderTimestamp: {strconv.FormatInt(now.Unix(), 10)},
		HeaderSignature: {Sign(w.Key, now, body)},
		HeaderEvent:     {string(event)},
		HeaderDelivery:  {id},
	}
	// A connection of its own: events come days apart, and an idle one would keep goroutines.
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: w.TLS, TLSHandshakeTimeout: 10 * time.Second,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, MaxResponseHeaderBytes: answerLimit, ForceAttemptHTTP2: true,
	}
	defer t.CloseIdleConnections()
	c := http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	if err != nil {
		return "", unreached(u.Host, "webhook", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, answerLimit)
	status := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return status, nil
	case code >= 300 && code < 400:
		return "", &platform.Error{Kind: platform.KindConfig, Code: strconv.Itoa(code), Message: platform.T("%s answered %s, and redirects are not followed", u.Host, status), Repair: platform.T("set the address it leads to: relink webhook set https://…")}
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return "", &platform.Error{Kind: platform.KindRetry, Code: strconv.Itoa(code), Message: platform.T("%s answered %s", u.Host, status), Repair: platform.T("look at the receiver; it is tried again")}
	default:
		return "", &platform.Error{Kind: platform.KindConfig, Code: strconv.Itoa(code), Message: platform.T("%s answered %s", u.Host, status), Repair: platform.T("check the receiver and its signing key, then: relink webhook test")}
	}
}

// unreached says in one line why a server could not be reached. The address
// itself is not told: it may hold a secret.
func unreached(host, channel string, err error) *platform.Error {
	e := &platform.Error{Kind: platform.KindRetry, Message: platform.T("cannot reach %s", host), Repair: platform.T("check the network and the server; it is tried again"), Err: err}
	var dns *net.DNSError
	var timeout net.Error
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &cert):
		e.Kind, e.Message, e.Repair = platform.KindConfig, platform.T("the certificate of %s is not trusted: %s", host, clean(cert.Err.Error())), platform.T("check the name of the server and its certificate, then: relink %s test", channel)
	case errors.As(err, &record), errors.As(err, &alert):
		e.Kind, e.Message, e.Repair = platform.KindConfig, platform.T("%s does not speak TLS as it should", host), platform.T("check the server, its port and its TLS versions, then: relink %s test", channel)
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Message = platform.T("there is no server called %s", dns.Name)
		e.Repair = platform.T("check its name and the network; it is tried again")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Message = platform.T("%s does not answer in time", host)
	case refused(err):
		e.Message = platform.T("%s refuses the connection", host)
	}
	return e
}
