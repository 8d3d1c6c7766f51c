package vault

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/connect"
	"relink/platform/refresh"
	"relink/platform/sandbox"
)

// The points at which a refreshing process is killed, in the order it passes
// them. Only between the first two is the answer nowhere but in the process.
const (
	killArrived = "arrived" // the answer came, and nobody has looked at it
	killNoted   = "noted"   // it is noted
	killRead    = "read"    // it was read, and is about to be stored
	killStored  = "stored"  // the transaction is over
	killDone    = "done"    // the note is gone
)

// killing is a vault whose process dies at a point of the nth refresh.
type killing struct {
	*Vault
	point string
	after int
	count int
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (k *killing) at(point string) {
	if k.point == point && k.count == k.after {
		die()
	}
}

func (k *killing) Draft(ctx context.Context, name string, note []byte) error {
	if note != nil && strings.Contains(string(note), `"answer":`) {
		k.at(killArrived)
	}
	err := k.Vault.Draft(ctx, name, note)
	switch {
	case note == nil:
		k.at(killDone)
	case strings.Contains(string(note), `"answer":`):
		k.at(killNoted)
	}
	return err
}

func (k *killing) Save(ctx context.Context, grants ...platform.Grant) error {
	k.at(killRead)
	err := k.Vault.Save(ctx, grants...)
	k.at(killStored)
	return err
}

// rotator refreshes one account again and again until it is killed, and says
// how often it has.
func rotator() error {
	ctx := context.Background()
	v, err := Open(ctx, childConfig())
	if err != nil {
		return err
	}
	k := &killing{Vault: v, point: os.Getenv("KILL_POINT")}
	k.after, _ = strconv.Atoi(os.Getenv("KILL_AFTER"))
	r := refresh.New(refresh.Config{Store: k, Net: &platform.Net{Sandbox: os.Getenv("SANDBOX")}})
	for k.count = 1; ; k.count++ {
		if _, err := r.Refresh(ctx, "account001"); err != nil {
			fmt.Println("refused:", platform.As(err, platform.KindRetry).Code, err)
			return nil
		}
		fmt.Println(k.count)
	}
}

func init() { children["rotator"] = rotator }

// rotating is one account of a provider that rotates strictly: a refresh token
// used twice ends everything.
type rotating struct {
	net *sandbox.Network
	url string
	// used are the refresh tokens that came, reused how many came a second time.
	used   map[string]bool
	mu     sync.Mutex
	reused atomic.Int32
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	o := &rotating{net: sandbox.New(sandbox.Config{}), used: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/issuer.example/token" {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if _, token, ok := strings.Cut(string(body), "refresh_token="); ok && !strings.HasPrefix(string(body), "grant_type=authorization_code") {
				token, _, _ = strings.Cut(token, "&")
				o.mu.Lock()
				if o.used[token] {
					o.reused.Add(1)
				}
				o.used[token] = true
				o.mu.Unlock()
			}
		}
		o.net.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	o.url = server.URL
	dir := t.TempDir()
	pass := dir + "/pass"
	check(t, os.WriteFile(pass, []byte("of the test"), 0o600))
	for key, value := range map[string]string{"VAULT_DIR": dir + "/vault", "VAULT_PASS": pass, "SANDBOX": o.url} {
		t.Setenv(key, value)
	}
	got := o.signIn(t)
	v, err := Open(t.Context(), childConfig())
	check(t, err)
	acc := testAccount(1)
	acc.Platform, acc.Server, acc.ProviderID, acc.OwnerID = "oidc", got.Server, got.Identities[0].ProviderID, got.Identities[0].OwnerID
	g := got.Identities[0].Grant
	g.Generation = 1
	check(t, v.Create(t.Context(), acc, g))
	check(t, v.SetApp(t.Context(), platform.App{Platform: "oidc", Server: got.Server, ID: "practice-public"}))
	check(t, v.Close())
	return o
}

func (o *rotating) signIn(t *testing.T) connect.Result {
	t.Helper()
	p, err := platform.Lookup("oidc")
	check(t, err)
	a, err := connect.Start(t.Context(), connect.Config{Net: &platform.Net{Sandbox: o.url}}, connect.Request{
		Platform: p, Server: "https://issuer.example", App: platform.App{ID: "practice-public"}, NoListener: true,
	})
	check(t, err)
	to, err := o.net.SignIn(t.Context(), nil, a.URL, sandbox.Choice{})
	check(t, err)
	check(t, a.Paste(to))
	got, err := a.Wait(t.Context())
	check(t, err)
	a.Done(connect.Outcome{})
	return got
}

// reconnect gives the account a new grant, as a person does.
func (o *rotating) reconnect(t *testing.T) {
	t.Helper()
	v, err := Open(t.Context(), childConfig())
	check(t, err)
	defer func() { _ = v.Close() }()
	_, old := accountAndGrant(t, v, "account001")
	g := o.signIn(t).Identities[0].Grant
	g.Account, g.Generation = "account001", old.Generation+1
	check(t, v.Save(t.Context(), g))
}

// run lets a child refresh until it is killed: at a point of the nth refresh,
// or after a time. It gives how often it refreshed, and how it was refused.
func (o *rotating) run(t *testing.T, point string, after int, random time.Duration) (count int, refused string) {
	t.Helper()
	cmd := child(t, "rotator", "KILL_POINT="+point, "KILL_AFTER="+strconv.Itoa(after))
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "child:"):
			t.Fatal(line)
		case strings.HasPrefix(line, "refused:"):
			refused = line
		default:
			if count, _ = strconv.Atoi(line); count == 1 && random > 0 {
				time.AfterFunc(random, func() { _ = cmd.Process.Kill() })
			}
		}
	}
	_ = cmd.Wait() // killed
	return count, refused
}

// TestKilledWhileRotating: however a process that refreshes is killed once the
// provider's answer has come, no grant is lost and no refresh token is used
// twice. A kill at random may also come while the answer is on its way: then
// nobody can know, the old refresh token is tried once, and the account says what
// happened. RELINK_LONG makes it ten thousand refreshes.
func TestKilledWhileRotating(t *testing.T) {
	o := newRotating(t)
	each, wanted := 12, 1000
	switch {
	case os.Getenv("RELINK_LONG") != "":
		each, wanted = 100, 10_000
	case testing.Short():
		each, wanted = 2, 50
	}
	total, kills, onItsWay, began := 0, 0, 0, time.Now()
	for range each {
		for _, point := range []string{killNoted, killRead, killStored, killDone} {
			n, refused := o.run(t, point, 1+rand.IntN(6), 0)
			total, kills = total+n, kills+1
			if refused != "" || o.reused.Load() > 0 {
				t.Fatalf("killed when the answer was %s, after %d refreshes: %q, %d refresh tokens used twice", point, total, refused, o.reused.Load())
			}
		}
	}
	for total < wanted {
		n, refused := o.run(t, "", 0, time.Duration(rand.IntN(250_000))*time.Microsecond)
		total, kills = total+n, kills+1
		if refused == "" {
			continue
		}
		if onItsWay++; !strings.HasPrefix(refused, "refused: answer_lost ") {
			t.Fatalf("after %d refreshes: %s", total, refused)
		}
		o.reconnect(t)
	}
	if reused := int(o.reused.Load()); reused != onItsWay {
		t.Errorf("%d refresh tokens used twice, %d answers lost on their way", reused, onItsWay)
	}
	v, err := Open(t.Context(), childConfig())
	check(t, err)
	defer func() { _ = v.Close() }()
	r := refresh.New(refresh.Config{Store: v, Net: &platform.Net{Sandbox: o.url}})
	if _, err := r.Verify(t.Context(), "account001"); err != nil {
		t.Errorf("in the end: %v", err)
	}
	t.Logf("%d refreshes in %v, killed %d times: %d times at each of 4 points after the answer came, with 0 grants lost and 0 refresh tokens used twice; of %d kills at random %d came while the answer was on its way",
		total, time.Since(began).Round(time.Second), kills, each, kills-4*each, onItsWay)
}

// TestKilledBeforeTheAnswer: an answer that was never received may cost the
// grant; then the account says what happened.
func TestKilledBeforeTheAnswer(t *testing.T) {
	o := newRotating(t)
	o.run(t, killArrived, 3, 0)
	v, err := Open(t.Context(), childConfig())
	check(t, err)
	defer func() { _ = v.Close() }()
	now := time.Now()
	r := refresh.New(refresh.Config{Store: v, Net: &platform.Net{Sandbox: o.url}, Now: func() time.Time { return now }})
	for range 2 {
		_, err = r.Refresh(t.Context(), "account001")
		now = now.Add(5 * time.Minute)
	}
	wantKind(t, err, platform.KindReconnect)
	a, g := accountAndGrant(t, v, "account001")
	s := platform.Assess(a, g, now)
	if s.State != platform.StateRevoked || !strings.Contains(s.Why("OpenID Connect"), "was lost on its way") {
		t.Errorf("it is %s: %s", s.State, s.Why("OpenID Connect"))
	}
}

// asker wants one token, once it is told to.
func asker() error {
	v, err := Open(context.Background(), childConfig())
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	r := refresh.New(refresh.Config{Store: v, Net: &platform.Net{Sandbox: os.Getenv("SANDBOX")}})
	g, err := r.Token(context.Background(), "account001", 50*time.Minute)
	if err != nil {
		return err
	}
	fmt.Println("generation", g.Generation)
	return nil
}

func init() { children["asker"] = asker }

// TestTwoProcessesRefresh: several processes that need a new token at the same
// moment get it by one request.
func TestTwoProcessesRefresh(t *testing.T) {
	o := newRotating(t)
	o.net.Expire(sandbox.Selection{Platform: "oidc", Kind: sandbox.KindAccess}, time.Now().Add(time.Minute))
	v, err := Open(t.Context(), childConfig())
	check(t, err)
	at := time.Now().Add(time.Minute)
	check(t, v.Confirm(t.Context(), "account001", 1, time.Now(), []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: at, Since: at.Add(-time.Hour)}}, nil))
	check(t, v.Close())
	// The provider takes its time, so that everybody is there before it answers.
	o.net.SetFault(sandbox.Fault{Platform: "oidc", Path: "/token", Kind: sandbox.FaultHang, For: 500 * time.Millisecond})
	before := o.net.TokenRequests("oidc")
	type process struct {
		lines *bufio.Scanner
		start io.WriteCloser
		wait  func() error
	}
	var all []process
	for range 3 {
		cmd := child(t, "asker")
		out, err := cmd.StdoutPipe()
		check(t, err)
		in, err := cmd.StdinPipe()
		check(t, err)
		check(t, cmd.Start())
		p := process{bufio.NewScanner(out), in, cmd.Wait}
		if !p.lines.Scan() || p.lines.Text() != "ready" {
			t.Fatalf("got %q", p.lines.Text())
		}
		all = append(all, p)
	}
	for _, p := range all {
		check(t, p.start.Close())
	}
	for _, p := range all {
		if !p.lines.Scan() || p.lines.Text() != "generation 2" {
			t.Errorf("got %q", p.lines.Text())
		}
		_ = p.wait()
	}
	if n := o.net.TokenRequests("oidc") - before; n != 1 {
		t.Errorf("%d requests reached the provider", n)
	}
}
