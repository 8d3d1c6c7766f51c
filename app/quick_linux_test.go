package app

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"app.relink/quick"

	"relink/app/agent"
	"relink/app/config"
	"relink/app/link"
	"relink/platform"
)

// tokens is an agent that has one account and notes what it is asked.
type tokens struct {
	agent.Service
	mu    sync.Mutex
	asked []agent.TokenRequest
}

func (s *tokens) Token(_ context.Context, r agent.TokenRequest) (agent.Token, error) {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	switch r.Account {
	case "mastodon/acme":
		return agent.Token{Account: r.Account, AccessToken: "token-1", TokenType: "bearer"}, nil
	case "long":
		return agent.Token{Account: r.Account, AccessToken: strings.Repeat("x", 20_000), TokenType: "Long"}, nil
	case "bound":
		return agent.Token{Account: "bluesky/acme", AccessToken: "token-2", TokenType: "DPoP"}, nil
	}
	return agent.Token{}, &platform.Error{Kind: platform.KindReconnect, Message: "it has expired", Repair: "reconnect: relink reconnect " + r.Account}
}

func (s *tokens) requests() []agent.TokenRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

// quickly serves svc where config says the agent is in an environment.
func quickly(t *testing.T, env map[string]string, handler func(net.Listener)) func(string) string {
	t.Helper()
	get := func(name string) string { return env[name] }
	paths, err := config.Find(get)
	if err != nil {
		t.Fatal(err)
	}
	l, err := link.Listen(paths.Socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); handler(l) }()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return get
}

func TestQuick(t *testing.T) {
	// Where go test runs from a terminal, a token command is a person's.
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = null
	t.Cleanup(func() { os.Stdin = stdin; _ = null.Close() })

	dir, err := os.MkdirTemp("", "rq")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	serve := func(svc agent.Service) func(net.Listener) {
		return func(l net.Listener) {
			_ = link.Serve(t.Context(), l, svc, link.Config{Version: "1.2.3"})
		}
	}
	const bearer = "token-1\n"
	places := []map[string]string{
		{"RELINK_HOME": filepath.Join(dir, "home"), "XDG_RUNTIME_DIR": dir},
		{"XDG_RUNTIME_DIR": filepath.Join(dir, "run")},
	}
	for _, place := range places {
		svc := &tokens{}
		env := quickly(t, place, serve(svc))
		tests := []struct {
			args string
			line string
			want agent.TokenRequest
		}{
			{"token mastodon/acme", bearer, agent.TokenRequest{Account: "mastodon/acme"}},
			{"token mastodon/acme --no-start --min-valid 1h30m", bearer, agent.TokenRequest{Account: "mastodon/acme", MinValid: 90 * time.Minute}},
			{"token --min-valid=10m mastodon/acme --header", "Authorization: Bearer token-1\n", agent.TokenRequest{Account: "mastodon/acme", MinValid: 10 * time.Minute}},
			{"token long --header", "Authorization: Long " + strings.Repeat("x", 20_000) + "\n", agent.TokenRequest{Account: "long"}},
		}
		for _, tt := range tests {
			line, done := quick.Ask(env, strings.Fields(tt.args))
			if !done || line != tt.line {
				t.Errorf("%v: %s: got %q, %v", place, tt.args, line, done)
			}
			got := svc.requests()
			if len(got) != 1 {
				t.Fatalf("%s: asked %d times", tt.args, len(got))
			}
			if got[0].Consumer == "" || strings.ContainsAny(got[0].Consumer, " \n") {
				t.Errorf("%s: the consumer is %q", tt.args, got[0].Consumer)
			}
			if got[0].Consumer = ""; got[0] != tt.want {
				t.Errorf("%s: asked for %+v", tt.args, got[0])
			}
		}
		for _, args := range []string{
			"", "token", "status", "token a b", "token mastodon/acme --json", "token --help", "token mastodon/acme --min-valid 7d", "token mastodon/acme --min-valid -1m",
			"token mastodon/acme --min-valid soon", "token mastodon/acme --min-valid", "token -- mastodon/acme", "token acmé", `token a"b`, "--json token mastodon/acme", "tokens mastodon/acme",
		} {
			if line, done := quick.Ask(env, strings.Fields(args)); done || quick.Refusal() != nil {
				t.Errorf("%s: got %q, refusal %s", args, line, quick.Refusal())
			}
			if got := svc.requests(); len(got) > 0 {
				t.Errorf("%s: asked for %+v", args, got)
			}
		}
	}
	for name, env := range map[string]map[string]string{
		"no agent":   {"RELINK_HOME": filepath.Join(dir, "none")},
		"relative":   {"RELINK_HOME": "home", "XDG_RUNTIME_DIR": places[1]["XDG_RUNTIME_DIR"]},
		"unknown":    {},
		"too long":   {"RELINK_HOME": filepath.Join(dir, strings.Repeat("x", 100))},
		"not normal": {"RELINK_HOME": dir + "/../" + filepath.Base(dir) + "/home"},
	} {
		if line, done := quick.Ask(func(name string) string { return env[name] }, []string{"token", "mastodon/acme"}); done {
			t.Errorf("%s: got %q", name, line)
		}
	}

	t.Cleanup(func() { quick.Ask(os.Getenv, nil) }) // forget the refusal
	// What the agent says goes on to the person, who is not asked for twice.
	svc := &tokens{}
	env := quickly(t, map[string]string{"RELINK_HOME": filepath.Join(dir, "ended")}, serve(svc))
	if line, done := quick.Ask(env, []string{"token", "linkedin/acme"}); done {
		t.Fatalf("got %q", line)
	}
	var out, says strings.Builder
	code := Main(t.Context(), Streams{In: strings.NewReader(""), Out: &out, Err: &says}, []string{"token", "linkedin/acme"}, nil)
	if want := "relink: it has expired; reconnect: relink reconnect linkedin/acme\n"; code != 3 || out.String() != "" || says.String() != want {
		t.Errorf("got exit code %d, %q, %q", code, out.String(), says.String())
	}
	if got := svc.requests(); len(got) != 1 {
		t.Errorf("asked %d times", len(got))
	}
	// A token that is bound to a key is refused the quick way too.
	for _, args := range [][]string{{"token", "bound"}, {"token", "bound", "--header"}} {
		if line, done := quick.Ask(env, args); done || !strings.Contains(string(quick.Refusal()), "of no use alone") || strings.Contains(string(quick.Refusal()), "token-2") {
			t.Errorf("%v: got %q, %s", args, line, quick.Refusal())
		}
	}
}

// TestQuickOddAnswers: an answer that is not a token on a line is left to the program.
func TestQuickOddAnswers(t *testing.T) {
	dir, err := os.MkdirTemp("", "rq")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	answer := ""
	env := quickly(t, map[string]string{"RELINK_HOME": dir}, func(l net.Listener) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_ = r.Body.Close()
			}
			_, _ = conn.Write([]byte(answer))
			_ = conn.Close()
		}
	})
	older, _ := json.Marshal(agent.Token{AccessToken: "token-1"})
	for name, text := range map[string]string{
		"nothing":        "",
		"half a head":    "HTTP/1.0 200 OK\r\nContent-Le",
		"half a token":   "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\nBearer tok",
		"an older one":   "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(older)) + "\r\n\r\n" + string(older),
		"without a type": "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\ntoken-1\n",
	} {
		answer = text
		if line, done := quick.Ask(env, []string{"token", "mastodon/acme"}); done || quick.Refusal() != nil {
			t.Errorf("%s: got %q, refusal %q", name, line, quick.Refusal())
		}
	}
}
