package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"--listen", "127.0.0.1:0"}, in, io.Discard) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "sandbox: ")
	if err != nil || !ok || !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Fatalf("first line %q, %v", line, err)
	}
	resp, err := http.Get(address + "/_control/state")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("state: %v", err)
	}
	_ = resp.Body.Close()

	// A request that hangs does not keep it alive.
	post, err := http.Post(address+"/_control/fault", "application/json", strings.NewReader(`{"kind":"hang"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = post.Body.Close()
	go func() {
		if resp, err := http.Get(address + "/issuer.example/jwks"); err == nil {
			_ = resp.Body.Close()
		}
	}()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("run: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("still serving 5 s after it was interrupted")
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--listen", "0.0.0.0:0"}, {"--listen", ":0"}, {"--listen", "192.0.2.1:80"}, {"--listen", "nonsense"}, {"extra"}, {"--nonsense"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if err := run(ctx, args, io.Discard, io.Discard); err == nil {
			t.Errorf("run %v: no error", args)
		}
		cancel()
	}
}
