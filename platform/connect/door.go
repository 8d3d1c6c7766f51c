package connect

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	// hold is how long a browser waits for the outcome before it is sent back to Relink.
	hold = 20 * time.Second
	// goodbye is how long a page may take to leave when the listener closes.
	goodbye = time.Second
)

// door is the listener on one loopback port. Attempts that run at the same time
// share it and are told apart by their state, so that one sign-in left open in a
// tab does not take the port from the next.
type door struct {
	port int
	// secure doors speak TLS.
	secure    bool
	srv       *http.Server
	listeners []net.Listener
	// guests are the attempts, by the hash of their state: looking one up
	// tells nothing about the others by its timing.
	guests map[[sha256.Size]byte]*Attempt
}

// doors are the open ones by port. The mutex guards the map and every door's guests.
var doors = struct {
	sync.Mutex
	open map[int]*door
}{open: map[int]*door{}}

// listen lets the attempt in at a port, opening the door if it is the first; 0
// means any free port. A secure door speaks TLS, with this computer's own certificate.
func (a *Attempt) listen(port int, secure bool) error {
	doors.Lock()
	defer doors.Unlock()
	d := doors.open[port]
	if d != nil && d.secure != secure {
		return errors.New("the port is in use for another kind of address")
	}
	if d == nil {
		var conf *tls.Config
		if secure {
			u, err := url.Parse(a.Redirect)
			if err != nil {
				return err
			}
			cert, err := a.cfg.Certificate(u.Hostname())
			if err != nil {
				return err
			}
			conf = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
		}
		var err error
		if d, err = openDoor(port, conf); err != nil {
			return err
		}
		doors.open[d.port] = d
	}
	d.guests[sha256.Sum256([]byte(a.state))] = a
	a.door = d
	return nil
}

func openDoor(port int, conf *tls.Config) (*door, error) {
	v4, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	d := &door{
		port:      v4.Addr().(*net.TCPAddr).Port,
		secure:    conf != nil,
		listeners: []net.Listener{v4},
		guests:    map[[sha256.Size]byte]*Attempt{},
	}
	// Browsers may try ::1 first for localhost. A computer without it is fine;
	// another program there would be handed the code, which is not.
	ip6 := net.JoinHostPort("::1", strconv.Itoa(d.port))
	if v6, err := net.Listen("tcp6", ip6); err == nil {
		d.listeners = append(d.listeners, v6)
	} else if c, dialErr := net.DialTimeout("tcp6", ip6, 200*time.Millisecond); dialErr == nil {
		_ = c.Close()
		_ = v4.Close()
		return nil, err
	}
	d.srv = &http.Server{
		Handler:           d,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      hold + 10*time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
		TLSConfig:         conf,
	}
	d.srv.SetKeepAlivesEnabled(false)
	for _, l := range d.listeners {
		go func() {
			if conf != nil {
				_ = d.srv.ServeTLS(l, "", "")
				return
			}
			_ = d.srv.Serve(l)
		}()
	}
	return d, nil
}

// leave takes the attempt out of its door. The last one closes the port before
// it returns; a page still on its way may finish.
func (a *Attempt) leave() {
	doors.Lock()
	defer doors.Unlock()
	d := a.door
	key := sha256.Sum256([]byte(a.state))
	if d == nil || d.guests[key] != a {
		return
	}
	delete(d.guests, key)
	if len(d.guests) > 0 {
		return
	}
	delete(doors.open, d.port)
	for _, l := range d.listeners {
		_ = l.Close()
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		if d.srv.Shutdown(ctx) != nil {
			_ = d.srv.Close()
		}
	}()
}

// ServeHTTP answers the one callback of each attempt; everything else gets the
// same neutral page.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := d.admit(r)
	if a == nil {
		writePage(w, http.StatusNotFound, stray())
		return
	}
	defer a.leave()
	limit := time.NewTimer(hold)
	defer limit.Stop()
	select {
	case o := <-a.outcome:
		writePage(w, http.StatusOK, o.page())
	case <-limit.C:
		writePage(w, http.StatusOK, slow())
	case <-r.Context().Done():
	}
}

// admit gives the attempt a request belongs to, nil when it is none's.
func (d *door) admit(r *http.Request) *Attempt {
	if r.Method != http.MethodGet {
		return nil
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || !single(q) {
		return nil
	}
	doors.Lock()
	a := d.guests[sha256.Sum256([]byte(q.Get("state")))]
	doors.Unlock()
	if a == nil || !d.ours(r.Host, a) || r.URL.Path != a.path() || !a.accept(q) {
		return nil
	}
	return a
}

// ours refuses names that merely resolve to this computer (DNS rebinding): all
// but its own, and the one the attempt's redirect address has.
func (d *door) ours(host string, a *Attempt) bool {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if u, err := url.Parse(a.Redirect); err == nil && d.secure {
		names = append(names, u.Hostname())
	}
	usual := 80
	if d.secure {
		usual = 443
	}
	for _, name := range names {
		if host == net.JoinHostPort(name, strconv.Itoa(d.port)) || d.port == usual && (host == name || host == "["+name+"]") {
			return true
		}
	}
	return false
}

// single reports whether a callback's query is whole and unambiguous: one
// state, and one of either code or error.
func single(q url.Values) bool {
	return len(q["state"]) == 1 && len(q["code"])+len(q["error"]) == 1
}
