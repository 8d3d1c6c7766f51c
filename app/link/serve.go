package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"relink/app/agent"
	"relink/platform"
)

// Config of a server.
type Config struct {
	// Version is the agent's own.
	Version string
	// Log takes faults of the server itself, never a request's contents; nil drops them.
	Log *slog.Logger
}

// drain is how long answers under way may take once the server is to end: the
// answer to Quit must arrive.
const drain = 500 * time.Millisecond

// Serve answers requests until ctx ends, then closes the listener. It returns
// nil when ctx ended it.
func Serve(ctx context.Context, l net.Listener, svc agent.Service, cfg Config) error {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	// Streams and long polls end with ctx; short calls get their time to finish.
	srv := &http.Server{
		Handler:           &server{methods: methods(svc), svc: svc, version: cfg.Version, log: cfg.Log, serving: ctx},
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve local API: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		_ = srv.Close() // what is not done by now never is
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve local API: %w", err)
	}
	return nil
}

type server struct {
	methods map[string]method
	svc     agent.Service
	version string
	log     *slog.Logger
	// serving ends when Serve is to return.
	serving context.Context
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok || r.Method != http.MethodPost {
		fail(w, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the local API takes POST %s<method>", prefix), Repair: platform.T("see relink help")})
		return
	}
	w.Header()["Content-Type"] = jsonType
	if err := mismatch(s.version, r.Header.Get(versionHeader)); err != nil && name != "About" && name != "Quit" {
		fail(w, err)
		return
	}
	switch name {
	case "Watch":
		d := &differ{}
		stream(s, w, r, s.svc.Watch, func(w io.Writer, s *agent.Snapshot) error { return d.next(s).write(w) })
		return
	case "Pages":
		stream(s, w, r, s.svc.Pages, func(w io.Writer, p agent.Page) error { return json.NewEncoder(w).Encode(p) })
		return
	}
	run, ok := s.methods[name]
	if !ok {
		fail(w, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the agent knows no method %s", name), Repair: platform.T("restart Relink: relink quit, then relink")})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
			fail(w, tooLarge())
		}
		return
	}
	// A fault in one call must neither end the agent nor leave the caller to
	// think that its request did not arrive.
	defer func() {
		if fault := recover(); fault != nil {
			s.log.Error("fault in a call", "method", name, "fault", fault, "stack", string(debug.Stack()))
			fail(w, &platform.Error{Kind: platform.KindAgent, Message: platform.T("a fault in the agent ended this call"), Repair: platform.T("see its log, its place is in: relink version --json")})
		}
	}()
	ctx := r.Context()
	if name == "Flow" { // the one call that waits for a person
		var cancel context.CancelFunc
		ctx, cancel = s.untilDone(ctx)
		defer cancel()
	}
	out, err := run(ctx, body)
	if err != nil {
		fail(w, err)
		return
	}
	if t, isToken := out.(agent.Token); isToken && r.Header.Get("Accept") == plainType {
		if err := t.Alone(); err != nil {
			fail(w, err)
			return
		}
		line := t.Scheme() + " " + t.AccessToken + "\n"
		w.Header()["Content-Type"] = []string{plainType}
		w.Header().Set("Content-Length", strconv.Itoa(len(line))) // an HTTP/1.0 caller sees by it that it has all
		_, _ = io.WriteString(w, line)
		return
	}
	answer, err := json.Marshal(out)
	if err != nil {
		fail(w, fmt.Errorf("write answer: %w", err))
		return
	}
	_, _ = w.Write(answer)
}

// untilDone ends a request's context with the server's own.
func (s *server) untilDone(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.serving, cancel)
	return ctx, func() { stop(); cancel() }
}

// stream writes what a channel of the service gives, one JSON value a line,
// until either side goes. Only this stream waits for a slow reader: the service
// drops what it cannot take.
func stream[T any](s *server, w http.ResponseWriter, r *http.Request, open func(context.Context) (<-chan T, error), write func(io.Writer, T) error) {
	ctx, cancel := s.untilDone(r.Context())
	defer cancel()
	values, err := open(ctx)
	if err != nil {
		fail(w, err)
		return
	}
	flush := http.NewResponseController(w)
	_ = flush.Flush() // the caller goes on now, whenever the first value comes
	for {
		select {
		case <-ctx.Done():
			return
		case v, ok := <-values:
			if !ok || write(w, v) != nil || flush.Flush() != nil {
				return
			}
		}
	}
}

func tooLarge() error {
	return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the request is larger than 1 MB"), Repair: platform.T("send less")}
}

var jsonType = []string{"application/json"}

// plainType asks Token for its type and itself alone, on one line.
const plainType = "text/plain"

func fail(w http.ResponseWriter, err error) {
	e := platform.As(err, "")
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(http.StatusUnprocessableEntity)
	_ = json.NewEncoder(w).Encode(e)
}
