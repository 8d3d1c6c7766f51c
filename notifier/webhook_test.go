package notifier

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/platform"
)

func contextEndingIn(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// receiver keeps what was posted to it.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	heads  []http.Header
	bodies [][]byte
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.heads, r.bodies = append(r.heads, q.Header.Clone()), append(r.bodies, body)
		r.mu.Unlock()
		if answer != nil {
			answer(w, q)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func testNews() News {
	acc := platform.Account{ID: "abcdefghij", Platform: "linkedin", ProviderID: "u1", Alias: "acme", Name: "Acme <Inc>\u202e", Labels: []string{"client"}}
	at := time.Date(2026, 11, 27, 12, 0, 0, 500, time.UTC)
	g := platform.Grant{Account: acc.ID, Generation: 2, Tokens: platform.Tokens{Access: platform.NewSecret(hush)},
		Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: at, Since: at.Add(-60 * day)}}}
	now := at.Add(-3 * day)
	return News{ID: "d1", Event: EventExpiring, Account: acc, Status: platform.Assess(acc, g, now), Depends: 4, At: now}
}

// TestDocument: the fields are a contract.
func TestDocument(t *testing.T) {
	const want = `{"id":"d1","event":"expiring","at":"2026-11-24T12:00:00Z","account":{"id":"abcdefghij","ref":"linkedin/acme","platform":"linkedin",` +
		`"title":"LinkedIn · Acme \u003cInc\u003e","labels":["client"]},"state":"expiring","reason":"access",` +
		`"deadline":{"at":"2026-11-27T12:00:00Z","kind":"access","source":"provider"},"depends":4}`
	if got := string(testNews().Document()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	n := testNews()
	n.Event, n.Was, n.Unreachable, n.Rehearsal = EventReconnected, EventUnreachable, n.At, true
	var got map[string]any
	if err := json.Unmarshal(n.Document(), &got); err != nil || got["was"] != "unreachable" || got["rehearsal"] != true || got["unreachable_since"] != "2026-11-24T12:00:00Z" {
		t.Errorf("got %v, %v", got, err)
	}
	if got := string(News{ID: "t", Event: EventTest, At: n.At}.Document()); got != `{"id":"t","event":"test","at":"2026-11-24T12:00:00Z"}` {
		t.Errorf("got %s", got)
	}
}

func TestPost(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	now := time.Unix(1_800_000_000, 0)
	body := testNews().Document()
	got, err := Webhook{URL: r.URL + "/x?y=z", Key: platform.NewSecret(hush), Agent: "Relink/test"}.Post(t.Context(), "d1", EventExpiring, body, now)
	if err != nil || got != "204 No Content" {
		t.Fatalf("got %q, %v", got, err)
	}
	h := r.heads[0]
	want := map[string]string{HeaderTimestamp: "1800000000", HeaderEvent: "expiring", HeaderDelivery: "d1", "Content-Type": "application/json", "User-Agent": "Relink/test"}
	for name, value := range want {
		if h.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, h.Get(name), value)
		}
	}
	if string(r.bodies[0]) != string(body) || strings.Contains(string(r.bodies[0]), hush) {
		t.Errorf("got %s", r.bodies[0])
	}
	if h.Get(HeaderSignature) != Sign(platform.NewSecret(hush), now, body) {
		t.Errorf("got %q", h.Get(HeaderSignature))
	}
	checked := 0
	// The receiver's side, written by others: openssl and Python's hmac.
	signed := "1800000000." + string(r.bodies[0])
	for _, other := range []struct {
		name string
		args []string
	}{
		{"openssl", []string{"dgst", "-sha256", "-hmac", hush, "-r"}},
		{"python3", []string{"-c", "import hmac,sys; print(hmac.new(b'" + hush + "', sys.stdin.buffer.read(), 'sha256').hexdigest())"}},
	} {
		path, err := exec.LookPath(other.name)
		if err != nil {
			t.Logf("skipped: needs %s", other.name)
			continue
		}
		cmd := exec.Command(path, other.args...)
		cmd.Stdin = strings.NewReader(signed)
		out, err := cmd.Output()
		if err != nil {
			t.Logf("skipped: %s does not run: %v", other.name, err)
			continue
		}
		checked++
		if mac := "sha256=" + strings.Fields(string(out))[0]; mac != h.Get(HeaderSignature) {
			t.Errorf("%s says %s, the header %s", other.name, mac, h.Get(HeaderSignature))
		}
	}
	if checked == 0 {
		t.Skip("skipped: needs openssl or python3")
	}
}

func TestPostFails(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		kind   platform.Kind
		want   string
	}{
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, platform.KindConfig, " answered 307 Temporary Redirect, and redirects are not followed; "},
		{"gone", status(410), platform.KindConfig, " answered 410 Gone; "},
		{"busy", status(503), platform.KindRetry, " answered 503 Service Unavailable; look at the receiver; it is tried again"},
		{"too many", status(429), platform.KindRetry, " answered 429 "},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, platform.KindRetry, "cannot reach "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, tt.answer)
			_, err := Webhook{URL: r.URL + "/" + hush, Key: platform.NewSecret("k")}.Post(t.Context(), "d", EventExpired, []byte("{}"), time.Now())
			if platform.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), hush) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if len(elsewhere.bodies) != 0 {
		t.Error("the redirect was followed")
	}
	t.Run("no end", func(t *testing.T) {
		r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		})
		if got, err := (Webhook{URL: r.URL, Key: platform.NewSecret("k")}).Post(t.Context(), "d", EventExpired, []byte("{}"), time.Now()); err != nil || got != "200 OK" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		r := newReceiver(t, func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
		ctx, cancel := contextEndingIn(t, 100*time.Millisecond)
		defer cancel()
		_, err := Webhook{URL: r.URL, Key: platform.NewSecret("k")}.Post(ctx, "d", EventExpired, []byte("{}"), time.Now())
		if platform.KindOf(err) != platform.KindRetry || !strings.Contains(err.Error(), " does not answer in time; ") {
			t.Errorf("got %v", err)
		}
	})
	r := newReceiver(t, nil)
	for name, w := range map[string]Webhook{
		"plain http elsewhere": {URL: "http://example.com/", Key: platform.NewSecret("k")},
		"a password":           {URL: strings.Replace(r.URL, "http://", "http://me:pw@", 1), Key: platform.NewSecret("k")},
		"no key":               {URL: r.URL},
		"no address":           {URL: "::", Key: platform.NewSecret("k")},
	} {
		if _, err := w.Post(t.Context(), "d", EventExpired, []byte("{}"), time.Now()); platform.KindOf(err) != platform.KindConfig {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(r.bodies) != 0 {
		t.Error("something was sent all the same")
	}
}

// script writes a program that the shell runs.
func script(t *testing.T, text string) string {
	t.Helper()
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("skipped: needs /bin/sh")
	}
	path := filepath.Join(t.TempDir(), "my hook.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHook(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	path := script(t, `cat > "$1"; printf '%s %s' "$RELINK_EVENT" "$RELINK_PASSPHRASE_FILE" >> "$1"; echo chatter; echo chatter >&2`)
	t.Setenv("RELINK_PASSPHRASE_FILE", "/secret/file")
	body := testNews().Document()
	if err := (Hook{Command: `"` + path + `" ` + out}).Run(t.Context(), EventExpiring, body); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil || string(got) != string(body)+"\nexpiring " {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestHookIsKilled: at its limit the command ends, and with it what it started.
func TestHookIsKilled(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	path := script(t, `(sleep 2; echo late > `+mark+`) & sleep 60`)
	start := time.Now()
	err := Hook{Command: `"` + path + `"`, Limit: 300 * time.Millisecond}.Run(t.Context(), EventExpired, nil)
	if platform.KindOf(err) != platform.KindRetry || !strings.Contains(err.Error(), "my hook.sh was ended after") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	time.Sleep(2500*time.Millisecond - time.Since(start))
	if _, err := os.Stat(mark); err == nil {
		t.Error("what it started went on")
	}
}

func TestHookFails(t *testing.T) {
	long := strings.Repeat("x", 300)
	path := script(t, "echo first >&2; echo 'no route, token "+"abcdEFGH1234567890abcdEFGH"+" "+long+"' >&2; exit 3")
	err := Hook{Command: `"` + path + `"`}.Run(t.Context(), EventExpired, []byte("{}"))
	if platform.KindOf(err) != platform.KindRetry || !strings.Contains(err.Error(), "my hook.sh failed (exit status 3): no route, token [secret] xxx") || len(err.Error()) > 300 {
		t.Errorf("got %v", err)
	}
	for _, command := range []string{"/no/such/program", `"open`, ""} {
		if err := (Hook{Command: command}).Run(t.Context(), EventExpired, nil); platform.KindOf(err) != platform.KindConfig {
			t.Errorf("%q: got %v", command, err)
		}
	}
	// A hook that does not read what it is given is no failure.
	big := make([]byte, 1<<20)
	if err := (Hook{Command: `"` + script(t, "exit 0") + `"`}).Run(t.Context(), EventExpired, big); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestEventOf(t *testing.T) {
	got := []Event{EventOf("168h0m0s"), EventOf(Step75), EventOf(StepExpired), EventOf(againStep(3)), EventOf(stateStep(platform.StateRevoked))}
	if want := []Event{EventExpiring, EventExpiring, EventExpired, EventExpired, EventExpired}; !slices.Equal(got, want) || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
