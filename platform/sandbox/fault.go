package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a fault does instead of the platform's answer.
const (
	// FaultStatus answers with Status (500 when zero); 429 and 503 carry Retry-After.
	FaultStatus = "status"
	// FaultHang waits, for For or until cleared, and then answers as usual.
	FaultHang = "hang"
	// FaultGarbage answers 200 with a web page.
	FaultGarbage = "garbage"
	// FaultHuge answers 200 with 10 MB.
	FaultHuge = "huge"
	// FaultNoToken answers token requests with a 200 that has no token in it.
	FaultNoToken = "no_token"
	// FaultEmpty answers 200 with nothing.
	FaultEmpty = "empty"
	// FaultPortal redirects to a sign-in page of somebody else's network.
	FaultPortal = "portal"
	// FaultGraph answers with Facebook's error envelope: Code, Subcode.
	FaultGraph = "graph"
	// FaultOAuth answers with RFC 6749's error: Error, such as invalid_grant.
	FaultOAuth = "oauth"
	// FaultJSON answers with Body as it stands, Status and Header: any platform's own error.
	FaultJSON = "json"
	// FaultDrop cuts the connection before anything happens.
	FaultDrop = "drop"
	// FaultLost carries the request out and cuts the connection before the answer.
	FaultLost = "lost"
)

func faultKinds() []string {
	return []string{
		FaultStatus, FaultHang, FaultGarbage, FaultHuge, FaultNoToken, FaultEmpty, FaultPortal,
		FaultGraph, FaultOAuth, FaultJSON, FaultDrop, FaultLost,
	}
}

// Fault is something that goes wrong. Sign-in pages are spared unless Path names them.
type Fault struct {
	// Platform or Host it applies to; both empty is everywhere.
	Platform, Host string
	// Path is a pattern for the path after the host, as path.Match has it, or
	// its beginning; empty is every path.
	Path string
	// Kind is one of FaultStatus and its neighbours.
	Kind string
	// Status of FaultStatus, 500 when zero; of FaultGraph, FaultOAuth and FaultJSON, 400.
	Status int
	// For is how long FaultHang waits; zero until cleared.
	For time.Duration
	// Times it happens before it is over; zero until cleared.
	Times int
	// Code and Subcode of FaultGraph; Error of FaultOAuth.
	Code, Subcode int
	Error         string
	// Body of FaultJSON, a JSON value; Header are lines of its answer.
	Body   json.RawMessage
	Header map[string]string
}

type fault struct {
	Fault
	hits    int
	cleared chan struct{} // closed when the fault is
}

// SetFault makes something go wrong from now on. Several may be set; the first that applies does.
func (n *Network) SetFault(f Fault) {
	if !slices.Contains(faultKinds(), f.Kind) {
		panic("sandbox: unknown fault " + f.Kind)
	}
	if f.Kind == FaultJSON && !json.Valid(f.Body) {
		panic("sandbox: the body of a json fault is not JSON")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	f.Platform = canonical(f.Platform)
	n.faults = append(n.faults, &fault{Fault: f, cleared: make(chan struct{})})
}

// ClearFaults ends those of a platform, or all for "". Requests that hang go on.
func (n *Network) ClearFaults(platform string) {
	platform = canonical(platform)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = slices.DeleteFunc(n.faults, func(f *fault) bool {
		if platform != "" && f.Platform != platform && platformOf(f.Host) != platform {
			return false
		}
		close(f.cleared)
		return true
	})
}

// match finds the fault for a request and counts it.
func (n *Network) match(q request) *fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range n.faults {
		if !f.applies(q) {
			continue
		}
		f.hits++
		return f
	}
	return nil
}

func (f *fault) applies(q request) bool {
	switch {
	case f.Times > 0 && f.hits >= f.Times,
		f.Platform != "" && f.Platform != q.platform,
		f.Host != "" && !strings.EqualFold(f.Host, q.host),
		f.Kind == FaultNoToken && !q.dialect.isToken(q):
		return false
	case f.Path == "":
		return !q.dialect.isSignIn(q)
	}
	ok, err := path.Match(f.Path, q.path)
	return err == nil && ok || strings.HasPrefix(q.path, f.Path)
}

const hugeSize = 10 << 20

// faulty answers a request, with a fault in the way if one applies. It reports
// true when it has sent the answer, or cut the connection, itself.
func (n *Network) faulty(q request, entry *Entry) (answer, bool) {
	f := n.match(q)
	if f == nil {
		return n.serve(q), false
	}
	n.logFault(entry, f.Kind)
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	switch f.Kind {
	case FaultHang:
		var timeout <-chan time.Time
		if f.For > 0 {
			t := time.NewTimer(f.For)
			defer t.Stop()
			timeout = t.C
		}
		select {
		case <-q.Context().Done():
			return answer{}, true
		case <-f.cleared:
		case <-timeout:
		}
		q.now = n.now()
		return n.serve(q), false
	case FaultGarbage:
		return webPage(http.StatusOK, []byte("<!DOCTYPE html><title>Hello</title><p>This is not the API you are looking for.")), false
	case FaultHuge:
		return answer{status: http.StatusOK, body: bytes.Repeat([]byte(" "), hugeSize)}.with("Content-Type", "application/json"), false
	case FaultNoToken:
		return jsonAnswer(http.StatusOK, object{"token_type": "Bearer"}), false
	case FaultEmpty:
		return answer{status: http.StatusOK}.with("Content-Type", "application/json"), false
	case FaultPortal:
		return redirectAnswer("http://" + q.Host + "/portal/sign-in"), false
	case FaultGraph:
		return graphError(status, f.Code, f.Subcode, "OAuthException", "The practice network was told to answer this"), false
	case FaultOAuth:
		return oauthError(status, f.Error, "The practice network was told to answer this"), false
	case FaultJSON:
		a := jsonAnswer(status, f.Body)
		for k, v := range f.Header {
			a = a.with(k, v)
		}
		return a, false
	case FaultLost:
		n.logEnd(entry, n.serve(q).status)
		cut()
		return answer{}, true
	case FaultDrop:
		cut()
		return answer{}, true
	}
	if f.Status == 0 {
		status = http.StatusInternalServerError
	}
	a := webPage(status, []byte("<!DOCTYPE html><title>"+strconv.Itoa(status)+"</title><p>The practice network was told to answer this."))
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		a = a.with("Retry-After", "120")
	}
	return a, false
}

// cut ends the connection without an answer, the only way net/http has.
func cut() { panic(http.ErrAbortHandler) }
