package sandbox

import (
	"maps"
	"slices"
	"time"
)

// Entry is one request to a platform. It holds names of parameters, never their values.
type Entry struct {
	Seq      int       `json:"seq"`
	At       time.Time `json:"at"`
	Method   string    `json:"method"`
	Platform string    `json:"platform"`
	Host     string    `json:"host"`
	Path     string    `json:"path"`
	// Form are the names of all parameters, sorted.
	Form []string `json:"form,omitempty"`
	// Token is true for requests to a token endpoint; Grant is their grant type.
	Token bool   `json:"token,omitempty"`
	Grant string `json:"grant,omitempty"`
	// Agent is the User-Agent.
	Agent string `json:"agent,omitempty"`
	// Status answered; zero while it hangs and when the connection was cut before anything was done.
	Status int `json:"status"`
	// Fault that applied, if any.
	Fault string `json:"fault,omitempty"`
}

// keepLog is how many entries are kept; the counts go on.
const keepLog = 10_000

type requestLog struct {
	entries []*Entry
	seq     int
	tokens  map[string]int // by platform
}

var grantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}

func (n *Network) logStart(q request) *Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log.seq++
	e := &Entry{
		Seq: n.log.seq, At: q.now, Method: q.Method, Platform: q.platform, Host: q.host, Path: q.path,
		Form: slices.Sorted(maps.Keys(q.form)), Token: q.dialect.isToken(q), Agent: q.UserAgent(),
	}
	if q.dialect.logPath != nil {
		e.Path = q.dialect.logPath(q.path)
	}
	if e.Token {
		if n.log.tokens == nil {
			n.log.tokens = map[string]int{}
		}
		n.log.tokens[q.platform]++
		e.Grant = grantOf(q)
	}
	n.log.entries = append(n.log.entries, e)
	if len(n.log.entries) > keepLog {
		n.log.entries = slices.Delete(n.log.entries, 0, keepLog/10)
	}
	return e
}

// grantOf names a grant type that is known; anything else might be a secret in the wrong field.
func grantOf(q request) string {
	g := q.form.Get("grant_type")
	switch {
	case g == "" && q.form.Get("code") != "":
		return "authorization_code" // Facebook takes a code without saying so
	case slices.Contains(grantTypes, g), slices.Contains(q.dialect.grants, g):
		return g
	}
	return "other"
}

func (n *Network) logEnd(e *Entry, status int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e.Status = status
}

func (n *Network) logFault(e *Entry, kind string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e.Fault = kind
}

// Log gives the requests to platforms, oldest first, the last ten thousand at most.
func (n *Network) Log() []Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]Entry, len(n.log.entries))
	for i, e := range n.log.entries {
		out[i] = *e
		out[i].Form = slices.Clone(e.Form)
	}
	return out
}

// ClearLog forgets the requests and the counts.
func (n *Network) ClearLog() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = requestLog{}
}

// Requests counts all requests to platforms since the log was cleared.
func (n *Network) Requests() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.seq
}

// TokenRequests counts the requests to a platform's token endpoint, or to all for "".
func (n *Network) TokenRequests(platform string) int {
	platform = canonical(platform)
	n.mu.Lock()
	defer n.mu.Unlock()
	if platform != "" {
		return n.log.tokens[platform]
	}
	sum := 0
	for _, c := range n.log.tokens {
		sum += c
	}
	return sum
}
