package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"relink/app/agent"
	"relink/app/config"
	"relink/app/desktop"
	"relink/app/keeper"
	"relink/app/link"
	"relink/app/tray"
	"relink/app/vault"
	"relink/assets"
	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
)

// startWait is how long a new agent may take until it answers. A keyring that
// asks for its password does not hold it up.
const startWait = 15 * time.Second

// spawnAgent starts the agent as a process of its own that outlives this one;
// ended closes when it does not stay.
func (p program) spawnAgent(flags ...string) (ended <-chan struct{}, err error) {
	exe, err := agentProgram()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, append([]string{"agent"}, flags...)...)
	desktop.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent could not be started"), Repair: platform.T("start it by hand: relink agent"), Err: err}
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(gone)
	}()
	return gone, nil
}

// agentProgram is the path of the program that the agent is to be. It stays for
// months: the small one beside the window's, if there is one.
func agentProgram() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", &platform.Error{Kind: platform.KindAgent, Message: platform.T("Relink cannot find its own program"), Repair: platform.T("start it by its full path"), Err: err}
	}
	if beside := sibling(exe, "relink"); strings.HasPrefix(filepath.Base(exe), "relink-window") && isFile(beside) {
		exe = beside
	}
	return exe, nil
}

// await dials until the agent answers, or has ended.
func (p program) await(ctx context.Context, ended <-chan struct{}) (agent.Service, error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		c, err := p.answering(ctx)
		if err == nil {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent was started but does not answer"), Repair: platform.T("see why with: relink agent"), Err: err}
		case <-ended:
			// Another one may have been faster.
			if c, err := p.answering(ctx); err == nil {
				return c, nil
			}
			return nil, &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent was started and ended at once"), Repair: platform.T("see why with: relink agent")}
		case <-time.After(pause):
		}
	}
}

// answering connects to an agent that is there to stay: one that has the
// listener may still find that it cannot start.
func (p program) answering(ctx context.Context) (agent.Service, error) {
	c, err := link.Dial(ctx, p.paths.Socket, Version())
	if err != nil {
		return nil, err
	}
	if _, err := c.About(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (p program) vaultConfig(log *slog.Logger) vault.Config {
	return vault.Config{Dir: p.paths.Data, PassphraseFile: os.Getenv("RELINK_PASSPHRASE_FILE"), Log: log}
}

func (p program) openVault(ctx context.Context, log *slog.Logger) (*vault.Vault, error) {
	return vault.Open(ctx, p.vaultConfig(log))
}

const (
	// gcPercent keeps what the agent holds nearer to what it needs than Go's
	// 100 does; it allocates too little for the time to show.
	gcPercent = 50
	// settled is when the start is over, the tray's too, and what it left goes
	// back to the system, once.
	settled = 10 * time.Second
)

// runAgent is the agent role: it returns when it was told to quit.
func (p program) runAgent(ctx context.Context, noTray bool, sandbox string) error {
	debug.SetGCPercent(gcPercent)
	platform.Version = Version()
	net := &platform.Net{}
	if sandbox != "" {
		if err := practice(sandbox); err != nil {
			return err
		}
		net.Sandbox = sandbox
	}
	listener, err := link.Listen(p.paths.Socket)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	log, logFile, err := config.Log(p.paths.Log(), slog.LevelInfo)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	v, err := p.openVault(ctx, log)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	if err := keepApart(ctx, v, sandbox != ""); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	auto := desktop.Autostart{}
	if _, err := auto.Repair(); err != nil {
		log.Warn("start at login", "error", err)
	}
	if _, err := (desktop.Links{}).Repair(); err != nil {
		log.Warn("relink:// links", "error", err)
	}
	marks, err := noteMarks(ctx, v)
	if err != nil {
		return err
	}
	about := agent.About{Version: Version(), PID: os.Getpid(), Config: p.paths.Config, Data: p.paths.Data, Log: p.paths.Log(), Sandbox: sandbox, Full: p.gui != nil}
	if noTray {
		about.Flags = append(about.Flags, "--no-tray")
	}
	if sandbox != "" {
		about.Flags = append(about.Flags, "--sandbox", sandbox)
	}
	a, err := agent.New(ctx, agent.Config{
		Vault: v, Settings: config.File(p.paths.Settings()), Net: net, Log: log,
		Sender: func(click func(agent.Activation), closed func(string, uint32)) notifier.Sender {
			return notifier.New(notifier.Config{
				Icon: assets.Icon(), OnActivate: click, OnClosed: closed, Log: log,
				Marks: marks, Links: desktop.Links{}.Register, Dir: p.paths.Cache,
			})
		},
		OpenBrowser: desktop.OpenBrowser,
		TryBrowser: func(ctx context.Context, command, address string, failed func(error)) error {
			return desktop.Opener{Command: command, Failed: failed}.Open(ctx, address, "")
		},
		Browsers:    func(context.Context) []agent.Browser { return installedBrowsers() },
		Language:    config.SetLanguage,
		Keepers:     func(changed func(string)) agent.Keepers { return keeper.New(vault.System{}, changed) },
		Certificate: func(host string) (tls.Certificate, error) { return connect.Certificate(p.paths.Data, host, time.Now()) },
		OpenWindow: func(_ context.Context, page, token string, failed func()) error {
			return startWindow(page, token, failed)
		},
		Autostart: auto.Enabled,
		SetAutostart: func(on bool) error {
			if !on {
				return auto.Disable()
			}
			if err := auto.Enable(); err != nil {
				return err
			}
			// Whoever wants it there for good wants its links to work as well.
			if err := (desktop.Links{}).Register(); err != nil {
				log.Warn("relink:// links", "error", err)
			}
			return nil
		},
		Marks:    marks,
		Wake:     wakes(ctx, log),
		Pictures: filepath.Join(p.paths.Cache, "pictures"),
		Findings: p.findings,
		GiveBack: desktop.GiveBack,
		Elapsed:  desktop.Elapsed,
		// What desktop.Elapsed says of itself.
		ElapsedStops: runtime.GOOS != "linux" && runtime.GOOS != "windows",
		About:        about,
	})
	if err != nil {
		return err
	}
	defer time.AfterFunc(settled, desktop.GiveBack).Stop()
	log.Info("started", "version", about.Version, "sandbox", sandbox != "")

	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer cancel() // told to quit: everything else ends with it
		return a.Run(gctx)
	})
	group.Go(func() error { return link.Serve(gctx, listener, a, link.Config{Version: Version()}) })
	if !noTray {
		desktop.HearLinks(func(address string) {
			go func() {
				if err := a.Activate(gctx, agent.Activation{Link: address}); err != nil {
					log.Warn("relink:// link", "error", err)
				}
			}()
		})
		p.runTray(gctx, a, log, func() {
			// On macOS the process ends with the tray: what is under way is carried through here.
			cancel()
			_ = group.Wait()
			_ = v.Close()
		})
	}
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return err
}

// trayWait is how long a missing tray is waited for: at login the panel often
// comes after the agent.
const trayWait = 15 * time.Second

// runTray shows the tray until ctx ends. Where there is no place for one, the
// window opens instead and says why.
func (p program) runTray(ctx context.Context, a *agent.Agent, log *slog.Logger, onExit func()) {
	var once sync.Once
	var mu sync.Mutex // guards late
	var late *time.Timer
	t := tray.New(tray.Config{Service: a, Log: log, OnExit: onExit, OnHost: func(present bool, reason string) {
		mu.Lock()
		defer mu.Unlock()
		if late != nil {
			late.Stop()
			late = nil
		}
		if present {
			a.Warn("tray", "")
			return
		}
		var mine *time.Timer
		mine = time.AfterFunc(trayWait, func() {
			mu.Lock()
			current := late == mine
			mu.Unlock()
			if !current || ctx.Err() != nil {
				return
			}
			a.Warn("tray", platform.T("Relink has no place in a tray here: %s", reason))
			once.Do(func() {
				if err := a.Activate(ctx, agent.Activation{Action: notifier.ActionShow}); err != nil {
					log.Warn("open window", "error", err)
				}
			})
		})
		late = mine
	}})
	if err := t.Run(ctx); err != nil && ctx.Err() == nil {
		log.Warn("tray", "error", err)
		<-ctx.Done()
	}
}

// practice allows the practice network only on this computer, and only beside
// a RELINK_HOME of its own, so that it never mixes with real accounts.
func practice(sandbox string) error {
	u, err := url.Parse(sandbox)
	if err != nil || u.Scheme != "http" || !platform.Loopback(u.Hostname()) {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the practice network must be an http address on this computer"), Repair: platform.T("give one like --sandbox http://127.0.0.1:8099")}
	}
	if os.Getenv("RELINK_HOME") == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the practice network needs a RELINK_HOME of its own"), Repair: platform.T("set RELINK_HOME to an empty directory and start again")}
	}
	return nil
}

const metaPractice = "practice"

// keepApart refuses to mix the practice network with real accounts: a home
// belongs to one of them from its first account on.
func keepApart(ctx context.Context, v *vault.Vault, sandbox bool) error {
	mark, err := v.GetMeta(ctx, metaPractice)
	if err != nil {
		return err
	}
	if sandbox == (mark != "") {
		return nil
	}
	accounts, _, err := v.Load(ctx)
	if err != nil {
		return err
	}
	switch {
	case sandbox && len(accounts) > 0:
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("this RELINK_HOME holds real accounts"), Repair: platform.T("practise in an empty one: RELINK_HOME=DIR relink agent --sandbox URL")}
	case !sandbox && len(accounts) > 0:
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("this RELINK_HOME is for the practice network"), Repair: platform.T("start it with: relink agent --sandbox URL")}
	case sandbox:
		return v.SetMeta(ctx, metaPractice, "yes")
	}
	return v.SetMeta(ctx, metaPractice, "")
}

const metaMarks = "marks"

// noteMarks is the key of the links that notes carry, made once. It is no secret
// to this person's programs, which may do all that such a link does.
func noteMarks(ctx context.Context, v *vault.Vault) (notifier.Marks, error) {
	text, err := v.GetMeta(ctx, metaMarks)
	if err != nil {
		return notifier.Marks{}, err
	}
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == 32 {
		return notifier.Marks{Key: key}, nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return notifier.Marks{Key: key}, v.SetMeta(ctx, metaMarks, base64.StdEncoding.EncodeToString(key))
}

// wakes turns the system's signals into wake-ups of the agent.
func wakes(ctx context.Context, log *slog.Logger) <-chan struct{} {
	signals := desktop.Signals(ctx, log)
	if signals == nil {
		return nil
	}
	out := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case _, ok := <-signals:
				if !ok {
					return
				}
			}
			select {
			case out <- struct{}{}:
			default: // one is waiting already
			}
		}
	}()
	return out
}

// startWindow starts the window and leaves it alone; failed is called when it
// has ended with an error, and may be nil.
func startWindow(page, token string, failed func()) error {
	cmd, err := windowCommand(page, token)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return &platform.Error{Kind: platform.KindConfig, Message: platform.T("the window could not be started"), Repair: platform.T("use the terminal: relink status, relink connect, relink reconnect"), Err: err}
	}
	go func() { // which leaves no zombie behind either
		if cmd.Wait() != nil && failed != nil {
			failed()
		}
	}()
	return nil
}

// windowCommand is the program with the window: relink-window beside this one
// if it is there, else this one if it has a window.
func windowCommand(page, token string) (*exec.Cmd, error) {
	if ok, reason := desktop.HasDisplay(); !ok {
		return nil, &platform.Error{Kind: platform.KindConfig, Message: platform.T("the window cannot be shown: %s", reason), Repair: platform.T("use the terminal: relink status, relink connect, relink reconnect")}
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, &platform.Error{Kind: platform.KindConfig, Message: platform.T("Relink cannot find its own program"), Repair: platform.T("start it by its full path"), Err: err}
	}
	if beside := sibling(exe, "relink-window"); isFile(beside) {
		exe = beside
	} else if !hasWindow {
		return nil, &platform.Error{Kind: platform.KindConfig, Message: platform.T("this build of Relink has no window"), Repair: platform.T("install relink-window beside it, or use the terminal: relink status, relink connect, relink reconnect")}
	}
	args := []string{"window"}
	if page != "" {
		args = append(args, "--page", page)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = os.Environ()
	if token != "" {
		cmd.Env = append(cmd.Env, "XDG_ACTIVATION_TOKEN="+token, "DESKTOP_STARTUP_ID="+token)
	}
	desktop.Detach(cmd)
	return cmd, nil
}

// sibling is the path of another program in the same directory.
func sibling(exe, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(exe), name)
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}
