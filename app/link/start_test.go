package link

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"relink/app/agent"
)

// socket gives a path for a socket in a directory of its own; t.TempDir would
// be open to others, and too long on macOS.
func socket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "relink")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "agent.sock")
}

// start serves svc until the test ends and gives a client for it.
func start(t testing.TB, svc agent.Service, agentVersion, callerVersion string) *Client {
	t.Helper()
	path := socket(t)
	serve(t, path, svc, agentVersion)
	c, err := Dial(context.Background(), path, callerVersion)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// serve serves svc at path; the function it gives ends it and waits.
func serve(t testing.TB, path string, svc agent.Service, version string) (stop func()) {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, svc, Config{Version: version}) }()
	var done bool
	stop = func() {
		cancel()
		if !done {
			done = true
			if err := <-ended; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}
