package sandbox

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Transport gives a client that asks the network directly, without a socket,
// which is what a test with simulated time (testing/synctest) needs. It takes
// platforms' own addresses as well as those mapped to any loopback origin.
func (n *Network) Transport() http.RoundTripper { return direct{n} }

type direct struct{ n *Network }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() { _ = in.Body.Close() }()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if host := in.URL.Hostname(); platformOf(host) != "" && !strings.HasPrefix(host, "127.") {
		u := url.URL{Path: "/" + in.URL.Host + in.URL.Path, RawQuery: in.URL.RawQuery}
		in.URL, in.Host = &u, "127.0.0.1"
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	defer func() {
		p := recover()
		if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
			err = io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	d.n.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
