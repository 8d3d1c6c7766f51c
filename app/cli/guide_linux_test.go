package cli

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"relink/app/agent"
	"relink/app/config"
	"relink/app/desktop"
	"relink/app/link"
	"relink/app/vault"
	"relink/platform"
	"relink/platform/sandbox"
)

// office is an agent beside the practice network, reached as the program reaches it.
type office struct {
	t       *testing.T
	network *sandbox.Network
	agent   *agent.Agent
	socket  string
	mu      sync.Mutex
	opened  []string // addresses the agent was to open a browser on
}

// commandLine is the command line at a terminal, as the program makes it.
func commandLine(socket string, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	_ = config.SetLanguage(config.Auto)
	return Main(ctx, Config{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Interactive: desktop.HasTerminal(), Hide: desktop.HideTyping, HasDisplay: desktop.HasDisplay,
		Dial: func(ctx context.Context, _ bool) (agent.Service, error) { return link.Dial(ctx, socket, "test") },
	}, args)
}

func newOffice(t *testing.T) *office {
	t.Helper()
	dir := t.TempDir()
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte("pass phrase\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), vault.Config{Dir: filepath.Join(dir, "vault"), PassphraseFile: pass, Work: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	settings := config.Defaults()
	settings.Port = freePort(t)
	file := filepath.Join(dir, "config.toml")
	if err := config.Save(file, settings); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, network: sandbox.New(sandbox.Config{}), socket: filepath.Join(dir, "run", "agent.sock")}
	server := httptest.NewServer(o.network)
	t.Cleanup(server.Close)
	a, err := agent.New(t.Context(), agent.Config{
		Vault: v, Settings: config.File(file), Net: &platform.Net{Sandbox: server.URL, Timeout: 5 * time.Second},
		OpenBrowser: func(_ context.Context, _, address, _ string) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.opened = append(o.opened, address)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.agent = a
	listener, err := link.Listen(o.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- a.Run(ctx) }()
	go func() { ended <- link.Serve(ctx, listener, a, link.Config{Version: "test"}) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Errorf("agent: %v", err)
		}
	})
	return o
}

// freePort is a port below those that systems give out by themselves, so that nobody takes it meanwhile.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 12000 + rand.IntN(8000)
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// register stores the app registration that the practice network knows.
func (o *office) register(platforms ...string) {
	o.t.Helper()
	for _, p := range platforms {
		if err := o.agent.SetApp(o.t.Context(), agent.AppRequest{Platform: p, ClientID: "practice", Secret: "practice-secret"}); err != nil {
			o.t.Fatal(err)
		}
	}
}

// connect connects accounts without the command line.
func (o *office) connect(platformID, server, person string, pages ...string) {
	o.t.Helper()
	f, err := o.agent.Connect(o.t.Context(), agent.ConnectRequest{Platform: platformID, Server: server, NoBrowser: true})
	if err == nil {
		_, _, err = sandbox.Follow(o.t.Context(), nil, f.URL, sandbox.Choice{Person: person})
	}
	for err == nil && !f.Phase.Ended() {
		if f.Phase == agent.PhaseChoosing {
			err = o.agent.Choose(o.t.Context(), f.ID, pages)
		}
		if err == nil {
			f, err = o.agent.Flow(o.t.Context(), f.ID, f.Version)
		}
	}
	if err != nil || f.Phase != agent.PhaseDone {
		o.t.Fatalf("connect %s: %s, %v, %v", platformID, f.Phase, f.Error, err)
	}
}

// revoke ends tokens at their platforms and has Relink find that out.
func (o *office) revoke(platforms ...string) {
	o.t.Helper()
	for _, p := range platforms {
		if o.network.Revoke(sandbox.Selection{Platform: p}, "") == 0 {
			o.t.Fatalf("%s has nothing to revoke", p)
		}
	}
	if _, err := o.agent.Check(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) snapshot() *agent.Snapshot {
	o.t.Helper()
	s, err := o.agent.Snapshot(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return s
}

// terminal is a command line at a terminal of its own, with somebody who reads and types.
type terminal struct {
	t      *testing.T
	tty    *os.File
	cmd    *exec.Cmd
	mu     sync.Mutex
	raw    bytes.Buffer
	seen   int // how much of the text was read
	closed chan struct{}
}

// at runs the command line at a terminal. Those of env go before the usual environment.
func (o *office) at(columns uint16, env []string, args ...string) *terminal {
	o.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		o.t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	usual := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"DISPLAY", "WAYLAND_DISPLAY", "LANG", "LC_ALL", "LC_MESSAGES", "LANGUAGE", "TERM"}, name)
	})
	cmd.Env = slices.Concat(usual, []string{"TERM=xterm", "LC_ALL=C.UTF-8", "TZ=UTC", socketEnv + "=" + o.socket}, env)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: columns})
	if err != nil {
		o.t.Fatal(err)
	}
	w := &terminal{t: o.t, tty: tty, cmd: cmd, closed: make(chan struct{})}
	go func() {
		defer close(w.closed)
		part := make([]byte, 4096)
		for {
			n, err := tty.Read(part)
			w.mu.Lock()
			w.raw.Write(part[:n])
			w.mu.Unlock()
			if err != nil { // the command has ended
				return
			}
		}
	}()
	o.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = tty.Close()
		<-w.closed
	})
	return w
}

var escapes = regexp.MustCompile("\x1b(\\[[0-9;?]*[a-zA-Z]|[78])")

func (w *terminal) output() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raw.String()
}

// text is what was shown, whatever the lines it was broken into.
func (w *terminal) text() string {
	return strings.Join(strings.Fields(escapes.ReplaceAllString(w.output(), " ")), " ")
}

// sees waits until something was shown behind what was seen before.
func (w *terminal) sees(want string) {
	w.t.Helper()
	want = strings.Join(strings.Fields(want), " ")
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		text := w.text()
		if i := strings.Index(text[min(w.seen, len(text)):], want); i >= 0 {
			w.seen += i + len(want)
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("nothing says %q in\n%s", want, w.output())
		}
	}
}

func (w *terminal) types(lines ...string) {
	w.t.Helper()
	for _, l := range lines {
		if _, err := w.tty.WriteString(l + "\r"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// asked waits for a question and answers it.
func (w *terminal) asked(question, answer string) {
	w.t.Helper()
	w.sees(question)
	w.types(answer)
}

// presses sends one key, such as Ctrl+C.
func (w *terminal) presses(key string) {
	w.t.Helper()
	if _, err := w.tty.WriteString(key); err != nil {
		w.t.Fatal(err)
	}
}

const ctrlC, ctrlD = "\x03", "\x04"

// echoes reports whether the terminal shows what is typed.
func (w *terminal) echoes() bool {
	w.t.Helper()
	as, err := unix.IoctlGetTermios(int(w.tty.Fd()), unix.TCGETS)
	if err != nil {
		w.t.Fatal(err)
	}
	return as.Lflag&unix.ECHO != 0
}

// ends waits for the command's end and looks at what it leaves behind.
func (w *terminal) ends(code int) {
	w.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- w.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(15 * time.Second):
		w.t.Fatalf("it does not end:\n%s", w.output())
	}
	if got := w.cmd.ProcessState.ExitCode(); got != code {
		w.t.Errorf("exit code: got %d, want %d:\n%s", got, code, w.output())
	}
	if !w.echoes() {
		w.t.Error("the terminal is left without showing what is typed")
	}
	if strings.Contains(w.output(), "practice-secret") {
		w.t.Errorf("a secret is shown:\n%s", w.output())
	}
	if m := regexp.MustCompile("\x1b\\[[0-9;]*m").FindString(w.output()); m != "" {
		w.t.Errorf("a colour is shown: %q", m)
	}
}

// address is the last one that was printed on a line of its own.
func (w *terminal) address() string {
	w.t.Helper()
	all := regexp.MustCompile(`(?m)^(http://127\.0\.0\.1:\S+)\r?$`).FindAllStringSubmatch(escapes.ReplaceAllString(w.output(), ""), -1)
	if len(all) == 0 {
		w.t.Fatalf("no address in\n%s", w.output())
	}
	return all[len(all)-1][1]
}

// cancelled ends the command by Ctrl+C.
func (w *terminal) cancelled() {
	w.t.Helper()
	w.presses(ctrlC)
	w.ends(exitFailed)
}

// signsIn is what the person does at the address that was printed, once the
// browser is waited for.
func (w *terminal) signsIn(choice sandbox.Choice) {
	w.t.Helper()
	w.sees("waiting for your browser…")
	if _, _, err := sandbox.Follow(w.t.Context(), nil, w.address(), choice); err != nil {
		w.t.Fatal(err)
	}
}

func TestGuidedConnect(t *testing.T) {
	o := newOffice(t)
	w := o.at(80, nil, "connect")
	w.sees("Nothing to register: 1. Mastodon")
	w.asked("A number, or a part of the name:", "nonsense")
	w.asked("Nothing in the list is called that. A number, or a part of the name:", "face")
	w.asked("7. Facebook 9. Instagram (through Facebook) A number, or a part of the name:", "7")
	w.sees("Facebook needs an app registration of your own, once. Register it here: https://developers.facebook.com/apps/ 1. ")
	w.sees("The redirect address must be exactly: http://localhost:")
	w.asked("App ID:", "")
	w.asked("App ID is needed. App ID:", "practice")
	w.asked("(Enter = the one above):", "")
	w.sees("App secret (it is not shown):")
	if w.echoes() {
		t.Error("the secret would be shown")
	}
	w.types("practice-secret")
	w.asked("What Facebook will be asked for: - In any case: pages_show_list - Publishing: pages_manage_posts and pages_read_engagement Ask for it? [Y/n]", "")
	w.asked("Analytics: read_insights Ask for it? [Y/n]", "perhaps")
	w.asked("Yes or no, please.", "n")
	w.asked("- Inbox", "n")
	w.asked("- Previews", "y")
	w.sees("No browser can be shown here (neither DISPLAY nor WAYLAND_DISPLAY is set): open the address that follows on any computer.")
	w.sees("waiting for your browser… 2:5")
	w.signsIn(sandbox.Choice{Person: "Acme Owner"})
	if scopes := w.address(); !strings.Contains(scopes, "pages_manage_posts") || strings.Contains(scopes, "read_insights") {
		t.Errorf("asked for at %s", scopes)
	}
	w.asked("1. Acme Shop (page 20100001) 2. Acme Blog (page 20100002) 3. Acme Owner (person 10000001) Which? Numbers such as 1,3-5, or all, or none to decide later:", "9")
	w.asked("Numbers from 1 to 3", "1-2")
	w.sees("Facebook · Acme Shop (facebook/acme-shop): connected until")
	w.sees("Facebook · Acme Blog (facebook/acme-blog): connected until")
	w.ends(exitDone)
	if n := o.snapshot().Len(); n != 2 {
		t.Errorf("%d accounts are stored", n)
	}
	for r := range o.snapshot().All() {
		if !slices.Equal(r.Account.Wants, []platform.Capability{platform.Publish, platform.Previews}) {
			t.Errorf("%s is wanted for %v", r.Account.Ref(), r.Account.Wants)
		}
	}
}

// TestGuidedBrowser: with a display the browser opens here, and the address can be pasted all the same.
func TestGuidedBrowser(t *testing.T) {
	o := newOffice(t)
	w := o.at(80, []string{"DISPLAY=:99"}, "connect")
	w.asked("A number, or a part of the name:", "mastodon")
	w.asked("Which server, such as mastodon.social:", "not a server")
	w.asked("is not the address of a server; write it like https://mastodon.social Which server", "https://mastodon.example")
	for range 4 { // publish, analytics, inbox, previews
		w.asked("Ask for it? [Y/n]", "")
		if strings.Contains(w.text(), "Open the browser") {
			break
		}
	}
	w.asked("Open the browser on this computer? [Y/n]", "")
	w.sees("Sign in at Mastodon in your browser. If none opens, open this address:")
	w.sees("If the browser cannot come back, paste the address it ends on here.")
	w.sees("waiting for your browser…")
	w.types("http://example.com/?code=x")
	w.sees("relink: ")
	w.sees("waiting for your browser…")
	to, err := sandbox.SignIn(t.Context(), nil, w.address(), sandbox.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	w.types(to)
	w.sees("connected, does not expire")
	w.ends(exitDone)
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.opened) != 1 || o.opened[0] != w.address() {
		t.Errorf("opened %q", o.opened)
	}
}

func TestGuidedCredential(t *testing.T) {
	o := newOffice(t)
	_, token := o.network.Credential("telegram", "Acme Owner")
	w := o.at(80, nil, "connect")
	w.asked("A number, or a part of the name:", "telegram")
	w.sees("How long a token from Telegram lasts: Does not expire; ends when")
	w.sees("Bot token, made here:")
	w.sees("Bot token:")
	if w.echoes() {
		t.Error("the token would be shown")
	}
	w.types("12345:wrong")
	w.sees("relink: ")
	w.asked("1. Try again 2. Stop What now? [1-2, Enter = 2]", "1")
	w.asked("Bot token:", token)
	w.sees("does not expire")
	w.ends(exitDone)
	if strings.Contains(w.output(), token) {
		t.Error("the token is shown")
	}
}

// TestGuidedWay: what takes no app registration is offered first until there is one.
func TestGuidedWay(t *testing.T) {
	o := newOffice(t)
	for _, args := range [][]string{{"connect"}, {"connect", "discord"}} {
		w := o.at(80, nil, args...)
		if len(args) == 1 {
			w.asked("A number, or a part of the name:", "discord")
		}
		w.sees("How do you want to sign in? 1. Webhook address or bot token (")
		w.asked("2. In the browser, with an app registration of your own [1-2, Enter = 1]", "3")
		w.asked("One of them, please.", "2")
		w.sees("Discord needs an app registration of your own, once.")
		w.presses(ctrlC)
		w.sees("relink: cancelled; nothing was changed")
		w.ends(exitFailed)

		w = o.at(80, nil, args...)
		if len(args) == 1 {
			w.asked("A number, or a part of the name:", "discord")
		}
		w.asked("[1-2, Enter = 1]", "")
		w.sees("Webhook address or bot token: ")
		w.cancelled()
	}

	w := o.at(80, nil, "connect") // whose browser takes none
	w.asked("A number, or a part of the name:", "bluesky")
	w.asked("Your handle,", "acme.bsky.social")
	w.sees("2. In the browser [1-2, Enter = 2]")
	w.cancelled()

	o.register("discord")
	w = o.at(80, nil, "connect")
	w.asked("A number, or a part of the name:", "discord")
	w.sees("2. In the browser [1-2, Enter = 2]")
	w.cancelled()
	w = o.at(80, nil, "connect", "discord") // nothing is missing, nothing is asked
	w.sees("waiting for your browser…")
	w.cancelled()
}

func TestGuidedDevice(t *testing.T) {
	o := newOffice(t)
	o.register("twitch")
	w := o.at(80, nil, "connect", "twitch")
	w.sees("on any device and type the code")
	w.sees("waiting for the code")
	f := o.snapshot().Flows[0]
	w.sees(f.UserCode)
	if err := o.network.Approve(t.Context(), nil, f.URL, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	w.sees("(twitch/")
	w.ends(exitDone)
}

// An issuer that takes any port is not said to take one address alone.
func TestGuidedAnyPort(t *testing.T) {
	w := newOffice(t).at(80, nil, "connect", "oidc")
	w.asked("The issuer's address,", "https://issuer.example")
	w.sees("(any port, RFC 8252)")
	w.sees("Client ID:")
	if strings.Contains(w.output(), "must be exactly") {
		t.Errorf("said: %s", w.output())
	}
	w.cancelled()
}

// TestGuidedApp: a secret that was typed wrong is typed again.
func TestGuidedApp(t *testing.T) {
	o := newOffice(t)
	w := o.at(80, nil, "connect", "linkedin")
	w.asked("Client ID:", "practice")
	w.asked("(Enter = the one above):", "nowhere")
	w.asked("An address begins with https:// or http://.", "")
	w.asked("Primary Client Secret (it is not shown):", "wrong")
	w.asked("Store it all the same? [y/N]", "")
	w.asked("Client ID:", "practice")
	w.asked("above):", "")
	w.asked("(it is not shown):", "wrong")
	w.asked("Store it all the same? [y/N]", "y")
	w.signsIn(sandbox.Choice{})
	w.asked("1. Try again 2. Type the app registration again 3. Stop What now? [1-3, Enter = 3]", "2")
	w.asked("Client ID:", "practice")
	w.asked("(Enter = the one above):", "")
	w.asked("Primary Client Secret (it is not shown):", "practice-secret")
	w.sees("LinkedIn knows this client id and secret.")
	w.signsIn(sandbox.Choice{})
	w.sees("(linkedin/acme-owner): connected until")
	w.ends(exitDone)
}

func TestGuidedWrongAccount(t *testing.T) {
	o := newOffice(t)
	o.register("linkedin")
	o.connect("linkedin", "", "Acme Owner")
	w := o.at(80, nil, "reconnect", "linkedin/acme-owner")
	w.signsIn(sandbox.Choice{Person: "Other Person"})
	w.asked("You signed in as Other Person. This account is LinkedIn · Acme Owner. Nothing was changed. 1. Try again 2. Add Other Person as a new account 3. Stop What now? [1-3, Enter = 3]", "1")
	w.signsIn(sandbox.Choice{Person: "Other Person"})
	w.asked("What now?", "2")
	w.signsIn(sandbox.Choice{Person: "Other Person"})
	w.sees("LinkedIn · Other Person (linkedin/other-person): connected until")
	w.ends(exitDone)
	if n := o.snapshot().Len(); n != 2 {
		t.Errorf("%d accounts are stored", n)
	}

	w = o.at(80, nil, "reconnect", "linkedin/acme-owner")
	w.signsIn(sandbox.Choice{Person: "Other Person"})
	w.asked("What now? [1-3, Enter = 3]", "")
	w.ends(exitFailed)
}

// TestGuidedFewer: what was not allowed is named, and can be allowed at once.
func TestGuidedFewer(t *testing.T) {
	o := newOffice(t)
	o.register("linkedin")
	for _, keep := range []bool{true, false} {
		w := o.at(80, nil, "connect", "linkedin")
		w.signsIn(sandbox.Choice{Scopes: []string{"openid", "profile"}})
		w.sees("limited until")
		w.sees("- Publishing does not work: w_member_social was not granted. Sign in again and allow it? [y/N]")
		if keep {
			w.types("")
		} else {
			w.types("y")
			w.signsIn(sandbox.Choice{})
			w.sees("connected until")
			w.sees("the end date did not move")
		}
		w.ends(exitDone)
	}
}

func TestGuidedQueue(t *testing.T) {
	o := newOffice(t)
	o.register("facebook", "linkedin")
	o.connect("facebook", "", "Acme Owner", "20100001", "20100002")
	o.connect("linkedin", "", "Acme Owner")
	o.connect("mastodon", "https://mastodon.example", "Acme Owner")
	o.revoke("facebook", "linkedin")

	w := o.at(80, nil, "reconnect")
	w.sees("3 accounts need you or end soon: 1. ")
	w.asked("Which? [1-3, all, or a part of a name; Enter = none]", "no such account")
	w.sees("No account is called that.")
	// LinkedIn between the two Pages, which one sign-in brings back.
	numbers := map[string]string{}
	for i, r := range due(o.snapshot()) {
		numbers[r.Account.Ref()] = strconv.Itoa(i + 1)
	}
	shop, blog, person := numbers["facebook/acme-shop"], numbers["facebook/acme-blog"], numbers["linkedin/acme-owner"]
	which := strings.Join([]string{shop, person, blog}, ",")

	// A sign-in that is skipped is not asked for again by its other Page.
	w.types(which)
	w.sees("Facebook · Acme Shop and 1 more (1 of 2)")
	w.signsIn(sandbox.Choice{Person: "Other Person"})
	w.asked("3. Skip this account 4. Stop What now? [1-4, Enter = 4]", "3")
	w.asked("LinkedIn · Acme Owner (2 of 2) [Enter", "q")
	w.sees("0 accounts were reconnected. 3 were not reconnected: facebook/acme-shop, facebook/acme-blog and linkedin/acme-owner.")
	w.ends(exitPerson)

	w = o.at(80, nil, "reconnect")
	w.asked("Which? [1-3", which)
	w.sees("Facebook · Acme Shop and 1 more (1 of 2)")
	w.signsIn(sandbox.Choice{Person: "Acme Owner"})
	w.sees("Facebook · Acme Blog came back with it; there is nothing to do.")
	w.asked("LinkedIn · Acme Owner (2 of 2) [Enter = sign in, s = skip, q = stop]", "what")
	w.asked("Enter, s or q, please.", "s")
	w.sees("1 account was reconnected. 1 came back along with another. 1 was not reconnected: linkedin/acme-owner.")
	w.ends(exitPerson)

	// What is left can be found by a part of its name, and is then alone.
	w = o.at(80, nil, "reconnect")
	w.sees("1 account needs you or ends soon: 1. LinkedIn · Acme Owner")
	w.asked("Enter = no]", "mastodon")
	w.sees("waiting for your browser…")
	w.cancelled()

	w = o.at(80, nil, "reconnect", "--all")
	w.signsIn(sandbox.Choice{Person: "Acme Owner"})
	w.sees("LinkedIn · Acme Owner (linkedin/acme-owner): connected until")
	w.ends(exitDone)

	w = o.at(80, nil, "reconnect", "--all")
	w.sees("Nobody is needed.")
	w.ends(exitDone)

	w = o.at(80, nil, "reconnect")
	w.asked("Nobody is needed. These are connected: 1. ", "")
	w.ends(exitDone)
}

func TestStatusAsks(t *testing.T) {
	o := newOffice(t)
	o.register("linkedin")
	o.connect("linkedin", "", "Acme Owner")
	o.connect("mastodon", "https://mastodon.example", "Acme Owner")

	w := o.at(120, nil, "status") // nobody is needed
	w.sees("Next: linkedin/acme-owner")
	w.ends(exitDone)

	o.revoke("linkedin")
	w = o.at(120, nil, "status")
	w.sees("1 linkedin/acme-owner")
	w.asked("Reconnect now? [y, Enter = no]", "")
	w.ends(exitPerson)

	for _, key := range []string{ctrlC, ctrlD} {
		w = o.at(120, nil, "status")
		w.sees("Enter = no]")
		w.presses(key)
		w.ends(exitPerson)
		if strings.Contains(w.text(), "cancelled") {
			t.Errorf("more is said than a no needs: %s", w.text())
		}
	}
	for _, flag := range []string{"--no-input", "--json"} {
		w = o.at(120, nil, "status", flag)
		w.ends(exitPerson)
		if strings.Contains(w.text(), "Reconnect now?") {
			t.Errorf("%s: it asks", flag)
		}
	}

	w = o.at(120, nil, "status")
	w.asked("Enter = no]", "1")
	w.signsIn(sandbox.Choice{Person: "Acme Owner"})
	w.sees("connected until")
	w.ends(exitDone)
}

// TestEndsEarly: Ctrl+C, Ctrl+D and three wrong answers end a dialogue wherever
// it is, and the flow at the agent with it.
func TestEndsEarly(t *testing.T) {
	o := newOffice(t)
	o.register("linkedin")
	for _, key := range []string{ctrlC, ctrlD} {
		w := o.at(80, nil, "connect")
		w.sees("part of the name:")
		w.presses(key)
		w.sees("relink: cancelled; nothing was changed; run the command again when it suits")
		w.ends(exitFailed)

		w = o.at(80, nil, "connect", "facebook")
		w.asked("App ID:", "practice")
		w.asked("above):", "")
		w.sees("App secret (it is not shown):")
		if w.presses(key); key == ctrlC {
			w.presses("x") // typed into nothing
		}
		w.sees("relink: cancelled")
		w.ends(exitFailed)
	}
	if apps, err := o.agent.Apps(t.Context()); err != nil || slices.ContainsFunc(apps, func(a platform.App) bool { return a.Platform == "facebook" }) {
		t.Errorf("stored: %v, %v", apps, err)
	}

	w := o.at(80, nil, "connect", "linkedin")
	w.sees("waiting for your browser…")
	w.presses(ctrlC)
	w.sees("relink: cancelled; nothing was changed")
	w.ends(exitFailed)
	for _, f := range o.snapshot().Flows {
		if f.Platform == "linkedin" && f.Phase != agent.PhaseFailed {
			t.Errorf("the flow is still %s", f.Phase)
		}
	}

	w = o.at(80, nil, "connect")
	for range tries {
		w.asked("part of the name:", "nonsense")
	}
	w.sees("relink: three answers could not be used; nothing was changed; run the command again, or see what it takes: relink --help")
	w.ends(exitUsage)

	w = o.at(80, nil, "connect", "mastodon")
	for range tries {
		w.asked("Which server, such as mastodon.social:", "")
	}
	w.sees("three answers could not be used")
	w.ends(exitUsage)
}

// TestGuidedPages: pages are chosen by a part of their name too, and three
// answers that name none end the sign-in, at the agent as well.
func TestGuidedPages(t *testing.T) {
	o := newOffice(t)
	o.register("facebook")
	w := o.at(80, nil, "connect", "facebook")
	w.signsIn(sandbox.Choice{Person: "Acme Owner"})
	w.sees("none to decide later:")
	for range tries - 1 {
		w.types("9")
		w.sees("Numbers from 1 to 3")
	}
	w.types("acme") // three of them
	w.sees("three answers could not be used")
	w.ends(exitUsage)
	for _, f := range o.snapshot().Flows {
		if f.Phase != agent.PhaseFailed {
			t.Errorf("the flow is still %s", f.Phase)
		}
	}

	w = o.at(80, nil, "connect", "facebook")
	w.signsIn(sandbox.Choice{Person: "Acme Owner"})
	w.asked("none to decide later:", "blog")
	w.sees("Facebook · Acme Blog (facebook/acme-blog): connected until")
	w.ends(exitDone)
	if n := o.snapshot().Len(); n != 1 {
		t.Errorf("%d accounts are stored", n)
	}
}

// TestGuidedLess: what works is not replaced by less without a yes.
func TestGuidedLess(t *testing.T) {
	o := newOffice(t)
	o.connect("mastodon", "https://mastodon.example", "Acme Owner")
	id, ref := "", ""
	for r := range o.snapshot().All() {
		id, ref = r.Account.ID, r.Account.Ref()
	}
	for _, answer := range []string{"none", "1"} {
		w := o.at(80, nil, "reconnect", ref)
		w.signsIn(sandbox.Choice{Scopes: []string{"read:accounts"}})
		w.sees("Less was allowed than before.")
		w.asked("none keeps what the account had:", answer)
		if answer == "1" {
			w.asked("Sign in again and allow it? [y/N]", "")
			w.ends(exitDone)
			continue
		}
		w.sees("keeps what it had")
		w.asked("What now? [1-2, Enter = 2]", "")
		w.ends(exitFailed)
		if r := o.snapshot().Row(id); r.Status.State != platform.StateConnected || r.Grant.Generation != 1 {
			t.Errorf("it is %s, generation %d", r.Status.State, r.Grant.Generation)
		}
	}
}

// TestNarrowTerminal: with 40 columns no line but an address is longer, and the
// clock does not run into the next line.
func TestNarrowTerminal(t *testing.T) {
	o := newOffice(t)
	o.register("linkedin")
	o.connect("linkedin", "", "Acme Owner")
	o.revoke("linkedin")
	for _, env := range [][]string{nil, {"LC_ALL=ja_JP.UTF-8"}, {"LC_ALL=de_DE.UTF-8"}, {"TERM=dumb"}, {"NO_COLOR=1"}} {
		w := o.at(40, env, "status")
		w.sees("linkedin/acme-owner")
		w.asked("] ", "1")
		w.sees("http://127.0.0.1:")
		if len(env) == 0 {
			w.sees("2:58") // it has run
		} else if env[0] != "TERM=dumb" {
			w.sees("2:59")
		}
		w.cancelled()
		out := w.output()
		if len(env) > 0 && env[0] == "TERM=dumb" && strings.Contains(out, "\x1b") {
			t.Errorf("%v: a terminal that understands no escapes gets some: %q", env, out)
		}
		for line := range strings.SplitSeq(escapes.ReplaceAllString(out, "\n"), "\n") {
			for part := range strings.SplitSeq(line, "\r") {
				if cells(part) > 40 && !strings.Contains(part, "http://") {
					t.Errorf("%v: %d columns: %q", env, cells(part), part)
				}
			}
		}
	}
}
