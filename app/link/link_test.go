package link

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.UTC)

func TestEveryMethodRoundTrips(t *testing.T) {
	row := agent.Row{
		Account: platform.Account{ID: "a1", Platform: "linkedin", Alias: "acme", Wants: []platform.Capability{platform.Publish}},
		Grant:   platform.Grant{Account: "a1", Generation: 3, Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: noon}}},
		Status:  platform.Status{Account: "a1", State: platform.StateExpiring, Life: 60 * 24 * time.Hour},
	}
	flow := agent.Flow{
		ID: "f1", Version: 2, Platform: "facebook", Phase: agent.PhaseFailed, URL: "https://example.com/?a=1&b=2", Listening: true, Deadline: noon,
		Candidates: []platform.Identity{{ProviderID: "17", Name: "Acme"}}, Accounts: []string{"a1"}, Notes: []string{"note"},
		Error: &platform.Error{Kind: platform.KindTimeout, Message: "too late", Repair: "again"},
	}
	connect := agent.ConnectRequest{Platform: "mastodon", Server: "https://example.social", Wants: []platform.Capability{platform.Publish}, ClientID: "id", NoBrowser: true, NoListener: true}
	reconnect := agent.ReconnectRequest{Account: "linkedin/acme", NoBrowser: true}
	bring := agent.ImportRequest{Platform: "facebook", Access: "at", Refresh: "rt", ExpiresAt: noon}
	ask := agent.TokenRequest{Account: "a1", MinValid: 10 * time.Minute, Consumer: "post.sh", Interactive: true}
	token := agent.Token{Account: "a1", AccessToken: "at", TokenType: "Bearer", ExpiresAt: noon, Scopes: []string{"x"}}
	checks := []agent.CheckResult{{Account: "a1", Ref: "linkedin/acme", State: platform.StateConnected, Left: "3 days left", Error: &platform.Error{Kind: platform.KindRetry, Message: "down"}}}
	events := []agent.Event{{At: noon, Account: "a1", Ref: "linkedin/acme", Kind: "connected", Text: "Connected."}}
	app := agent.AppRequest{Platform: "facebook", ClientID: "id", Secret: "s", Redirect: "http://127.0.0.1:1/x"}
	settings := agent.Settings{Steps: []time.Duration{7 * 24 * time.Hour}, PlatformSteps: map[string][]time.Duration{"x": {time.Hour}}, Hour: 9, Port: 1, Key: "keyring",
		Urgent: time.Hour, Quiet: notifier.Quiet{From: 22 * time.Hour, To: 7 * time.Hour}, FreeDays: 1<<time.Saturday | 1<<time.Sunday,
		Away: notifier.Away{From: notifier.Date{Year: 2026, Month: 12, Day: 12}, To: notifier.Date{Year: 2026, Month: 12, Day: 26}}}
	query := agent.NoticeQuery{Account: "a1", Since: noon, Limit: 3}
	notices := []agent.Notice{{ID: 3, At: noon, Channel: "mail", Note: "account/a1", Accounts: []string{"a1"}, Title: "t", Body: "b", Became: agent.OutcomeFailed, BecameAt: noon, Reason: "no; do", Rehearsal: true}}
	rehearsal := agent.Rehearsal{ID: "r1", Version: 2, Account: "a1", Done: true, Steps: []agent.RehearsalStep{{Step: "expired", Title: "t", Body: "b", Due: noon, Sent: noon, Results: []agent.RehearsalResult{{Channel: "desktop", Became: agent.OutcomeShown}}}}}
	findings := []agent.Finding{{Name: "keyring", Level: agent.LevelWarn, Text: "slow", Repair: "wait"}}
	click := agent.Activation{Account: "a1", Action: "reconnect", Token: "xdg"}
	about := agent.About{Version: "1.0.0", PID: 7, Config: "c", Data: "d", Log: "l", Sandbox: "s", Full: true}
	apps := []platform.App{{Platform: "facebook", ID: "id", Redirect: "r", Self: true}}

	type result struct {
		out any
		err error
	}
	got := func(out any, err error) result { return result{out, err} }
	ctx := t.Context()
	browsers := []agent.Browser{{Name: "Firefox", Command: "firefox", Profiles: []agent.BrowserProfile{{Name: "work", Command: "firefox -P work"}}}}
	programs := []agent.Program{{Name: "post.sh", Rule: agent.RuleAllow, Took: []agent.Taking{{Account: "a1", Ref: "facebook/acme", At: noon}}}}
	certificate := agent.Certificate{Host: "relink.internal", Ends: noon, Fingerprint: "3F:81", PEM: "-----BEGIN"}
	tests := []struct {
		name  string
		run   func(c *Client) result
		asked []any
		want  any
	}{
		{"Connect", func(c *Client) result { return got(c.Connect(ctx, connect)) }, []any{connect}, flow},
		{"Reconnect", func(c *Client) result { return got(c.Reconnect(ctx, reconnect)) }, []any{reconnect}, flow},
		{"Flow", func(c *Client) result { return got(c.Flow(ctx, "f1", 2)) }, []any{"f1", 2}, flow},
		{"Paste", func(c *Client) result { return got(nil, c.Paste(ctx, "f1", "http://127.0.0.1/?code=x")) }, []any{"f1", "http://127.0.0.1/?code=x"}, nil},
		{"Choose", func(c *Client) result { return got(nil, c.Choose(ctx, "f1", []string{"17", "18"})) }, []any{"f1", []string{"17", "18"}}, nil},
		{"Choose none", func(c *Client) result { return got(nil, c.Choose(ctx, "f1", nil)) }, []any{"f1", []string(nil)}, nil},
		{"Cancel", func(c *Client) result { return got(nil, c.Cancel(ctx, "f1")) }, []any{"f1"}, nil},
		{"Import", func(c *Client) result { return got(c.Import(ctx, bring)) }, []any{bring}, row},
		{"Token", func(c *Client) result { return got(c.Token(ctx, ask)) }, []any{ask}, token},
		{"Check", func(c *Client) result { return got(c.Check(ctx, "a1", "a2")) }, []any{[]string{"a1", "a2"}}, checks},
		{"Check all", func(c *Client) result { return got(c.Check(ctx)) }, []any{[]string(nil)}, checks},
		{"Snooze", func(c *Client) result { return got(nil, c.Snooze(ctx, "a1", noon)) }, []any{"a1", noon}, nil},
		{"Snooze off", func(c *Client) result { return got(nil, c.Snooze(ctx, "a1", time.Time{})) }, []any{"a1", time.Time{}}, nil},
		{"Later", func(c *Client) result { return got(c.Later(ctx, "a1", notifier.LaterPost)) }, []any{"a1", notifier.LaterPost}, noon},
		{"Mute", func(c *Client) result { return got(nil, c.Mute(ctx, "a1", true)) }, []any{"a1", true}, nil},
		{"SetSteps", func(c *Client) result { return got(nil, c.SetSteps(ctx, "a1", []time.Duration{time.Hour})) }, []any{"a1", []time.Duration{time.Hour}}, nil},
		{"Notices", func(c *Client) result { return got(c.Notices(ctx, query)) }, []any{query}, notices},
		{"Rehearse", func(c *Client) result { return got(c.Rehearse(ctx, "a1")) }, []any{"a1"}, rehearsal},
		{"Rehearsal", func(c *Client) result { return got(c.Rehearsal(ctx, "r1", 2)) }, []any{"r1", 2}, rehearsal},
		{"Pause", func(c *Client) result { return got(nil, c.Pause(ctx, noon)) }, []any{noon}, nil},
		{"Rename", func(c *Client) result { return got(nil, c.Rename(ctx, "a1", "new")) }, []any{"a1", "new"}, nil},
		{"Label", func(c *Client) result { return got(nil, c.Label(ctx, "a1", []string{"Client A", "b"})) }, []any{"a1", []string{"Client A", "b"}}, nil},
		{"Avatar", func(c *Client) result { return got(c.Avatar(ctx, "a1")) }, []any{"a1"}, []byte("\x89PNG\x00")},
		{"Forget", func(c *Client) result { return got(nil, c.Forget(ctx, "a1", true)) }, []any{"a1", true}, nil},
		{"History", func(c *Client) result { return got(c.History(ctx, "a1", 5)) }, []any{"a1", 5}, events},
		{"Apps", func(c *Client) result { return got(c.Apps(ctx)) }, nil, apps},
		{"SetApp", func(c *Client) result { return got(nil, c.SetApp(ctx, app)) }, []any{app}, nil},
		{"TestApp", func(c *Client) result { return got(c.TestApp(ctx, app)) }, []any{app}, findings},
		{"DeleteApp", func(c *Client) result { return got(nil, c.DeleteApp(ctx, "facebook", "s")) }, []any{"facebook", "s"}, nil},
		{"Redirect", func(c *Client) result { return got(c.Redirect(ctx, "facebook")) }, []any{"facebook"}, "http://127.0.0.1:53682/callback"},
		{"Settings", func(c *Client) result { return got(c.Settings(ctx)) }, nil, settings},
		{"SetSettings", func(c *Client) result { return got(nil, c.SetSettings(ctx, settings)) }, []any{settings}, nil},
		{"Channels", func(c *Client) result { return got(c.Channels(ctx)) }, nil, []agent.Channel{{Name: "mail", On: true, Waiting: 2, At: noon, Text: "Sent."}}},
		{"SetSecret", func(c *Client) result { return got(nil, c.SetSecret(ctx, "mail", "hush")) }, []any{"mail", "hush"}, nil},
		{"TestChannel", func(c *Client) result { return got(c.TestChannel(ctx, "webhook")) }, []any{"webhook"}, "The test was taken."},
		{"Calendar", func(c *Client) result { return got(c.Calendar(ctx)) }, nil, "BEGIN:VCALENDAR\r\n"},
		{"Unlock", func(c *Client) result { return got(nil, c.Unlock(ctx, "pass", true)) }, []any{"pass", true}, nil},
		{"Doctor", func(c *Client) result { return got(c.Doctor(ctx)) }, nil, findings},
		{"Activate", func(c *Client) result { return got(nil, c.Activate(ctx, click)) }, []any{click}, nil},
		{"About", func(c *Client) result { return got(c.About(ctx)) }, nil, about},
		{"TestBrowser", func(c *Client) result { return got(c.TestBrowser(ctx, "firefox -P work")) }, []any{"firefox -P work"}, "It opened the page."},
		{"Browsers", func(c *Client) result { return got(c.Browsers(ctx)) }, nil, browsers},
		{"Browser", func(c *Client) result { return got(c.Browser(ctx, "a1")) }, []any{"a1"}, "firefox -P work"},
		{"SetBrowser", func(c *Client) result { return got(nil, c.SetBrowser(ctx, "a1", "firefox -P work")) }, []any{"a1", "firefox -P work"}, nil},
		{"TestKeyring", func(c *Client) result { return got(c.TestKeyring(ctx)) }, nil, "It works."},
		{"Lock", func(c *Client) result { return got(nil, c.Lock(ctx)) }, nil, nil},
		{"UseKeyring", func(c *Client) result { return got(nil, c.UseKeyring(ctx)) }, nil, nil},
		{"Programs", func(c *Client) result { return got(c.Programs(ctx)) }, nil, programs},
		{"SetProgram", func(c *Client) result { return got(nil, c.SetProgram(ctx, "post.sh", agent.RuleDeny)) }, []any{"post.sh", agent.RuleDeny}, nil},
		{"ForgetProgram", func(c *Client) result { return got(nil, c.ForgetProgram(ctx, "post.sh")) }, []any{"post.sh"}, nil},
		{"Certificate", func(c *Client) result { return got(c.Certificate(ctx)) }, nil, certificate},
		{"Quit", func(c *Client) result { return got(nil, c.Quit(ctx)) }, nil, nil},
	}
	f := &fake{}
	c := start(t, f, "1.0.0", "1.0.0")
	seen := map[string]bool{"Snapshot": true, "Watch": true, "Pages": true} // in watch_test.go
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, _, _ := strings.Cut(tt.name, " ")
			seen[name] = true
			f.answer, f.asked, f.err = tt.want, []any{"not asked"}, nil
			got := tt.run(c)
			if got.err != nil || tt.want != nil && !reflect.DeepEqual(got.out, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got.out, got.err, tt.want)
			}
			if !reflect.DeepEqual(f.asked, tt.asked) {
				t.Errorf("asked %#v, want %#v", f.asked, tt.asked)
			}
			f.err = &platform.Error{Kind: platform.KindLocked, Platform: "x", Code: "190/460", Message: "the vault is locked", Repair: "unlock it: relink unlock", Definite: true}
			if got := tt.run(c); !reflect.DeepEqual(got.err, f.err) {
				t.Errorf("error: got %#v, want %#v", got.err, f.err)
			}
		})
	}
	for m := range reflect.TypeFor[agent.Service]().Methods() {
		if !seen[m.Name] {
			t.Errorf("method %s of agent.Service has no test", m.Name)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	f := &fake{}
	c := start(t, f, "1.0.0", "1.0.0")
	for _, kind := range []platform.Kind{
		platform.KindReconnect, platform.KindRefresh, platform.KindRetry, platform.KindLimit, platform.KindPolicy, platform.KindPermission, platform.KindConfig, platform.KindWrongAccount,
		platform.KindCancelled, platform.KindTimeout, platform.KindLocked, platform.KindStorage, platform.KindUsage, platform.KindNotFound, platform.KindAgent,
	} {
		f.err = &platform.Error{Kind: kind, Message: "m", Repair: "r"}
		if _, err := c.Token(t.Context(), agent.TokenRequest{}); platform.KindOf(err) != kind {
			t.Errorf("got %v, want kind %s", err, kind)
		}
	}
	f.err = errors.New("open vault: no such file")
	if _, err := c.Token(t.Context(), agent.TokenRequest{}); err == nil || err.Error() != f.err.Error() {
		t.Errorf("plain error: got %v, want %v", err, f.err)
	}
}

func TestVersions(t *testing.T) {
	tests := []struct{ agent, caller, want string }{
		{"1.2.0", "1.2.0", ""},
		{"1.2.0", "", ""},
		{"dev", "dev", ""},
		{"1.2.0", "1.10.0", "older than"},
		{"v2.0.0", "1.10.0", "newer than"},
		{"1.2", "1.2.1", "older than"},
		{"1.2.0", "dev", ", not this program's"},
		{"1.2.0-rc1", "1.2.0", ", not this program's"},
		{"1.2.0+0f3a", "1.2.0+77e1", ", not this program's"},
		{"1.2.0+0f3a", "1.3.0", "older than"},
	}
	for _, tt := range tests {
		t.Run(tt.agent+" "+tt.caller, func(t *testing.T) {
			c := start(t, &fake{}, tt.agent, tt.caller)
			_, err := c.Settings(t.Context())
			switch {
			case tt.want == "":
				if err != nil {
					t.Errorf("got %v", err)
				}
			case platform.KindOf(err) != platform.KindAgent || !strings.Contains(err.Error(), tt.want) || !strings.HasSuffix(err.Error(), "restart Relink: relink quit, then relink"):
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, err := c.Watch(t.Context()); tt.want != "" && platform.KindOf(err) != platform.KindAgent {
				t.Errorf("Watch: got %v", err)
			}
			if _, err := c.About(t.Context()); err != nil {
				t.Errorf("About must answer any version: %v", err)
			}
			if err := c.Quit(t.Context()); err != nil {
				t.Errorf("Quit must be taken from any version: %v", err)
			}
		})
	}
}

func TestLargeRequestIsRefused(t *testing.T) {
	f := &fake{asked: []any{"not asked"}}
	path := socket(t)
	serve(t, path, f, "1.0.0")
	raw := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) }}}
	body := io.MultiReader(strings.NewReader(`{"access_token":"`), io.LimitReader(endless{}, 10<<20))
	resp, err := raw.Post("http://relink/v1/Import", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "larger than 1 MB") {
		t.Errorf("got %d %s", resp.StatusCode, answer)
	}
	if !reflect.DeepEqual(f.asked, []any{"not asked"}) {
		t.Error("the service was asked")
	}
	c, err := Dial(t.Context(), path, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Import(t.Context(), agent.ImportRequest{Access: strings.Repeat("x", 10<<20)}); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("client: got %v", err)
	}
	if _, err := c.About(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestBadRequests(t *testing.T) {
	path := socket(t)
	serve(t, path, &fake{}, "1.0.0")
	raw := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) }}}
	tests := []struct{ name, method, path, body, want string }{
		{"get", "GET", "/v1/Token", "", "POST"},
		{"elsewhere", "POST", "/", "", "POST"},
		{"unknown", "POST", "/v1/Nothing", "{}", "no method Nothing"},
		{"no json", "POST", "/v1/Import", `{"access_token":"hush-hush`, "not the JSON"},
		{"wrong type", "POST", "/v1/Import", `{"access_token":{"hush-hush":1}}`, "not the JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, _ := http.NewRequestWithContext(t.Context(), tt.method, "http://relink"+tt.path, strings.NewReader(tt.body))
			resp, err := raw.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(answer), tt.want) || !strings.Contains(string(answer), `"kind":"usage"`) {
				t.Errorf("got %d %s", resp.StatusCode, answer)
			}
			if strings.Contains(string(answer), "hush") {
				t.Error("the answer quotes the request")
			}
		})
	}
}

func TestCallerMayGiveUp(t *testing.T) {
	c := start(t, &fake{}, "1.0.0", "1.0.0")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Flow(ctx, "hang", 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Flow(t.Context(), "f1", 0); err != nil {
		t.Errorf("next call: %v", err)
	}
}

func TestServeEndsWhileACallerWaits(t *testing.T) {
	path := socket(t)
	stop := serve(t, path, &fake{}, "1.0.0")
	c, err := Dial(t.Context(), path, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	failed := make(chan error, 1)
	go func() { _, err := c.Flow(context.Background(), "hang", 0); failed <- err }()
	time.Sleep(20 * time.Millisecond)
	began := time.Now()
	stop()
	if took := time.Since(began); took > drain/2 {
		t.Errorf("Serve took %v to end", took)
	}
	if err := <-failed; err == nil {
		t.Error("the caller got an answer")
	}
	if _, err := c.About(t.Context()); !errors.Is(err, ErrNotRunning) || platform.KindOf(err) != platform.KindAgent {
		t.Errorf("afterwards: got %v", err)
	}
}

func TestClientOutlivesTheAgent(t *testing.T) {
	path := socket(t)
	stop := serve(t, path, &fake{answer: agent.About{PID: 1}}, "1.0.0")
	c, err := Dial(t.Context(), path, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for want := 1; want < 4; want++ {
		var wg sync.WaitGroup
		for range 8 { // leaves several connections idle
			wg.Go(func() {
				if got, err := c.About(t.Context()); err != nil || got.PID != want {
					t.Errorf("agent %d: got %v, %v", want, got.PID, err)
				}
			})
		}
		wg.Wait()
		stop()
		if _, err := c.About(t.Context()); !errors.Is(err, ErrNotRunning) {
			t.Errorf("between agents: got %v", err)
		}
		stop = serve(t, path, &fake{answer: agent.About{PID: want + 1}}, "1.0.0")
	}
}

// TestNothingIsAskedTwice: an agent that dies over a request may have done it.
func TestNothingIsAskedTwice(t *testing.T) {
	path := socket(t)
	var asked atomic.Int32
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skip("needs unix sockets: ", err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				asked.Add(1)
			}
			_ = conn.Close()
		}
	}()
	c, err := Dial(t.Context(), path, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Forget(t.Context(), "a1", true)
	if platform.KindOf(err) != platform.KindAgent || !strings.HasSuffix(err.Error(), "run the command again") || asked.Load() != 1 {
		t.Errorf("asked %d times, got %v", asked.Load(), err)
	}
}

func TestAFaultOfTheAgentIsAnswered(t *testing.T) {
	c := start(t, quick{}, "1.0.0", "1.0.0") // it has Token only
	for range 2 {
		if _, err := c.Settings(t.Context()); err == nil || !strings.Contains(err.Error(), "fault in the agent") {
			t.Errorf("got %v", err)
		}
		if _, err := c.Token(t.Context(), agent.TokenRequest{}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}
