package cli

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/app/agent"
	"relink/platform"
)

const address = "https://www.linkedin.com/oauth/v2/authorization?client_id=1&state=x"

func step(version int, phase agent.Phase, change ...func(*agent.Flow)) agent.Flow {
	f := agent.Flow{ID: "f1", Version: version, Platform: "linkedin", Phase: phase, URL: address, Redirect: "http://127.0.0.1:1/callback", Listening: true, Deadline: noon.Add(163 * time.Second)}
	for _, c := range change {
		c(&f)
	}
	return f
}

func deaf(f *agent.Flow) { f.Listening = false }

func stored(f *agent.Flow) {
	f.Accounts, f.Notes = []string{"a1"}, []string{"Analytics will not work: r_organization_social was not granted."}
}

func pages(f *agent.Flow) {
	f.Candidates = []platform.Identity{{ProviderID: "17", Kind: "page", Name: "Acme Shop"}, {ProviderID: "18", Name: "Other", Handle: "@other"}, {ProviderID: "19"}}
}

// fewer is a sign-in for less than the account has.
func fewer(f *agent.Flow) {
	f.Candidates = []platform.Identity{{ProviderID: "17", Name: "Acme"}}
	f.Less = []agent.Loss{{Title: "LinkedIn · Acme", Capability: platform.Publish, Missing: []string{"w_member_social"}}}
}

const less = "Less was allowed than before. What the account has still works, and was not changed.\nLinkedIn · Acme: publishing will not work, w_member_social was not granted.\n"

func failed(e *platform.Error) func(*agent.Flow) { return func(f *agent.Flow) { f.Error = e } }

const connected = "LinkedIn · Acme (linkedin/acme): ending soon until Fri 27 Nov 2026, 12:00, 3 days left\nAnalytics will not work: r_organization_social was not granted.\n"

const list = "1. Acme Shop (page 17)\n2. Other (18)\n3. 19 (19)\n"

func TestConnect(t *testing.T) {
	open := "Sign in at LinkedIn in your browser. If none opens, open this address:\n" + address + "\n"
	manual := "Open the address in a browser and sign in. If the browser cannot come back, paste the address it ends on here.\n"
	pasteHere := "Open the address in a browser, sign in, then paste the address the browser ends on here.\n"
	request := func(rest string) string {
		return "Connect {Platform:linkedin Server: Wants:[] ClientID: " + rest + "}"
	}
	choosing := []agent.Flow{step(1, agent.PhaseWaiting), step(2, agent.PhaseChoosing, pages), step(3, agent.PhaseDone, stored)}
	plain := []agent.Flow{step(1, agent.PhaseWaiting), step(2, agent.PhaseWorking), step(3, agent.PhaseDone, stored)}
	tests := []struct {
		name, args  string
		interactive bool
		stdin       string
		flows       []agent.Flow
		hold        bool // Flow waits until something was pasted or chosen
		errs        map[string]error
		code        int
		out, err    string
		calls       []string
	}{
		{
			name: "in a terminal", args: "connect linkedin", interactive: true, flows: plain,
			out: connected, err: open, calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:")},
		},
		{
			name: "no browser", args: "connect linkedin --no-browser", flows: plain,
			out: address + "\n" + connected, err: manual, calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:")},
		},
		{
			name: "json", args: "connect linkedin --no-browser --json", flows: []agent.Flow{plain[0], step(3, agent.PhaseDone)}, err: manual,
			out:   `{"flow":"f1","platform":"linkedin","url":"` + address + `","redirect":"http://127.0.0.1:1/callback","listening":true,"until":"2026-11-24T12:02:43Z"}` + "\n" + `{"flow":"f1","accounts":[]}` + "\n",
			calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:")},
		},
		{
			name: "pasted", args: "connect linkedin --paste", stdin: "\n http://127.0.0.1:1/callback?code=" + hush + " \n", hold: true,
			flows: []agent.Flow{step(1, agent.PhaseWaiting, deaf), step(2, agent.PhaseDone, stored)},
			out:   address + "\n" + connected, err: pasteHere,
			calls: []string{request("NoBrowser:true NoListener:true Device:false Login: Secret:"), "Paste f1 http://127.0.0.1:1/callback?code=" + hush},
		},
		{
			name: "nothing pasted", args: "connect linkedin --paste", hold: true, flows: []agent.Flow{step(1, agent.PhaseWaiting, deaf)},
			code: exitUsage, out: address + "\n", err: pasteHere + "relink: no redirect address came on stdin; run it again and paste the address the browser ends on\n",
			calls: []string{request("NoBrowser:true NoListener:true Device:false Login: Secret:"), "Cancel f1"},
		},
		{
			name: "wrong paste", args: "connect linkedin --no-browser", stdin: "http://nowhere?code=" + hush + "\n", hold: true, flows: plain,
			errs: map[string]error{"Paste": &platform.Error{Kind: platform.KindUsage, Message: "that is another address", Repair: "paste the one the browser ends on"}},
			code: exitUsage, out: address + "\n", err: manual + "relink: that is another address; paste the one the browser ends on\n",
			calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:"), "Paste f1 http://nowhere?code=" + hush, "Cancel f1"},
		},
		{
			name: "failed", args: "connect linkedin", interactive: true,
			flows: []agent.Flow{plain[0], step(2, agent.PhaseFailed, failed(&platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again: relink connect linkedin"}))},
			code:  exitPerson, err: open + "relink: the browser did not come back within 3 minutes; try again: relink connect linkedin\n", calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:")},
		},
		{
			name: "wrong account", args: "connect linkedin", interactive: true,
			flows: []agent.Flow{plain[0], step(2, agent.PhaseFailed, failed(&platform.Error{Kind: platform.KindWrongAccount, Message: "you signed in as Bob", Repair: "sign in as Acme"}))},
			code:  exitFailed, err: open + "relink: you signed in as Bob; sign in as Acme\n", calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:")},
		},
		{
			name: "pick by name", args: "connect linkedin --no-browser --pick ACME§SHOP --pick other", flows: choosing,
			out: address + "\n" + connected, err: manual, calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:"), "Choose f1 [17 18]"},
		},
		{
			name: "pick all", args: "connect linkedin --no-browser --pick all", flows: choosing,
			out: address + "\n" + connected, err: manual, calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:"), "Choose f1 [17 18 19]"},
		},
		{
			name: "pick what is not there", args: "connect linkedin --no-browser --pick Nobody", flows: choosing,
			code: exitUsage, out: address + "\n", err: manual + list + "relink: there is no page \"Nobody\"; pick one that is listed\n", calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:"), "Cancel f1"},
		},
		{
			name: "nothing picked", args: "connect linkedin --no-browser", flows: choosing,
			code: exitUsage, out: address + "\n", err: manual + list + "relink: there are several pages to choose from; run it again with --pick NAME, or --pick all\n", calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:"), "Cancel f1"},
		},
		{
			name: "asked", args: "connect linkedin", interactive: true, stdin: "4\nfirst\n1, 3\n", hold: true, flows: []agent.Flow{step(1, agent.PhaseChoosing, pages), choosing[2]},
			out: connected, err: open + list + "Which? Numbers such as 1,3-5, or all, or none to decide later: Numbers from 1 to 3, or all, or none: Numbers from 1 to 3, or all, or none: ",
			calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:"), "Choose f1 [17 19]"},
		},
		{
			name: "decided later", args: "connect linkedin", interactive: true, stdin: "none\n", hold: true, flows: []agent.Flow{step(1, agent.PhaseChoosing, pages), choosing[2]},
			out: connected, err: open + list + "Which? Numbers such as 1,3-5, or all, or none to decide later: ", calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:"), "Choose f1 []"},
		},
		{
			name: "less, taken", args: "connect linkedin", interactive: true, stdin: "1\n", hold: true, flows: []agent.Flow{step(1, agent.PhaseChoosing, fewer), choosing[2]},
			out: connected, err: open + less + "Take the new permission all the same? 1 takes it, none keeps what the account had: ",
			calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:"), "Choose f1 [17]"},
		},
		{
			name: "less, and nobody to ask", args: "connect linkedin --no-browser", flows: []agent.Flow{step(1, agent.PhaseWaiting), step(2, agent.PhaseChoosing, fewer)},
			code: exitUsage, out: address + "\n", err: manual + less + "relink: the account keeps what it had; run it again and allow everything, or add --pick all to take it\n",
			calls: []string{request("NoBrowser:true NoListener:false Device:false Login: Secret:"), "Cancel f1"},
		},
		{
			name: "agent gone", args: "connect linkedin", interactive: true, flows: plain, errs: map[string]error{"Flow": &platform.Error{Kind: platform.KindAgent, Message: "the agent went away", Repair: "again"}},
			code: exitFailed, err: open + "relink: the agent went away; again\n", calls: []string{request("NoBrowser:false NoListener:false Device:false Login: Secret:"), "Cancel f1"},
		},
		{
			name: "wants", args: "connect mastodon --server https://m.example --want publish,publish --no-browser", flows: plain,
			out: address + "\n" + connected, err: manual, calls: []string{"Connect {Platform:mastodon Server:https://m.example Wants:[publish publish] ClientID: NoBrowser:true NoListener:false Device:false Login: Secret:}"},
		},
		{
			name: "issuer", args: "connect oidc --issuer https://id.example.org --client-id c --no-browser", flows: plain,
			out: address + "\n" + connected, err: manual, calls: []string{"Connect {Platform:oidc Server:https://id.example.org Wants:[] ClientID:c NoBrowser:true NoListener:false Device:false Login: Secret:}"},
		},
		{name: "no server", args: "connect mastodon", code: exitUsage, err: "relink: Mastodon needs to know which server; add its address: --server https://…\n"},
		{name: "unknown", args: "connect nowhere", code: exitUsage, err: "relink: unknown platform nowhere; choose one of: " + everyPlatform() + "\n"},
		{
			name: "no terminal", args: "connect linkedin", code: exitPerson,
			err: "relink: this needs a person at a browser, and there is no terminal here; run it in one: relink connect linkedin (or add --no-browser and open the address yourself)\n",
		},
		{
			name: "reconnect without terminal", args: "reconnect linkedin/acme", code: exitPerson,
			err: "relink: this needs a person at a browser, and there is no terminal here; run it in one: relink reconnect linkedin/acme (or add --no-browser and open the address yourself)\n",
		},
		{
			name: "reconnect all without terminal", args: "reconnect --all", code: exitPerson,
			err: "relink: this needs a person at a browser, and there is no terminal here; run it in one: relink reconnect --all (or add --no-browser and open the address yourself)\n",
		},
		{
			name: "reconnect", args: "reconnect linkedin/acme", interactive: true, flows: plain,
			out: connected, err: open, calls: []string{"Reconnect {Account:linkedin/acme Anew:false NoBrowser:false NoListener:false Device:false Login: Secret:}"},
		},
		{
			name: "reconnect all", args: "reconnect --all", interactive: true, flows: plain,
			out: connected + connected, err: "\nFacebook · Acme Shop (1 of 2)\n" + open + "\nLinkedIn · Acme (2 of 2)\n" + open + "\n2 accounts were reconnected.\n",
			calls: []string{"Reconnect {Account:a2 Anew:false NoBrowser:false NoListener:false Device:false Login: Secret:}", "Reconnect {Account:a1 Anew:false NoBrowser:false NoListener:false Device:false Login: Secret:}"},
		},
		{
			name: "one failure does not stop the rest", args: "reconnect --all", interactive: true, code: exitUnreachable,
			flows: plain, errs: map[string]error{"Reconnect": &platform.Error{Kind: platform.KindRetry, Message: "no answer", Repair: "later"}},
			err: "\nFacebook · Acme Shop (1 of 2)\nrelink: facebook/shop: no answer; later\n\nLinkedIn · Acme (2 of 2)\nrelink: linkedin/acme: no answer; later\n" +
				"\n0 accounts were reconnected. 2 were not reconnected: facebook/shop and linkedin/acme.\n",
			calls: []string{"Reconnect {Account:a2 Anew:false NoBrowser:false NoListener:false Device:false Login: Secret:}", "Reconnect {Account:a1 Anew:false NoBrowser:false NoListener:false Device:false Login: Secret:}"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{snapshot: accounts(), flows: tt.flows, err: tt.errs}
			if tt.hold {
				f.release = make(chan struct{})
			}
			b := bench{fake: f, interactive: tt.interactive, stdin: strings.NewReader(tt.stdin)}
			var args []string
			for _, a := range strings.Fields(tt.args) {
				args = append(args, strings.ReplaceAll(a, "§", " "))
			}
			if code := b.run(t, args...); code != tt.code {
				t.Errorf("exit code: got %d, want %d", code, tt.code)
			}
			if b.out.String() != tt.out {
				t.Errorf("stdout: got\n%s\nwant\n%s", b.out.String(), tt.out)
			}
			if b.err.String() != tt.err {
				t.Errorf("stderr: got\n%s\nwant\n%s", b.err.String(), tt.err)
			}
			if !slices.Equal(f.calls, tt.calls) {
				t.Errorf("calls: got %q, want %q", f.calls, tt.calls)
			}
			if strings.Contains(b.out.String()+b.err.String(), hush) {
				t.Error("a secret is shown")
			}
			if tt.code == exitPerson && len(tt.calls) == 0 && len(b.dials) > 0 {
				t.Error("an agent was started for nothing")
			}
		})
	}
}

func TestCtrlCCancelsTheFlow(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, _ := io.Pipe() // a terminal nobody types at
	f := &fake{flows: []agent.Flow{step(1, agent.PhaseWaiting)}, release: make(chan struct{}), started: make(chan struct{}, 1)}
	go func() { <-f.started; cancel() }()
	b := bench{fake: f, interactive: true, stdin: in, ctx: ctx}
	if code := b.run(t, "connect", "linkedin"); code != exitFailed {
		t.Errorf("exit code: got %d", code)
	}
	if !slices.Contains(f.calls, "Cancel f1") {
		t.Errorf("calls: got %q", f.calls)
	}
	if !strings.HasSuffix(b.err.String(), "\nrelink: cancelled; nothing was changed; run the command again when it suits\n") {
		t.Errorf("stderr: got %q", b.err.String())
	}
}

// TestReconnectAllBySignIn: accounts that one sign-in brings back take one, and
// a sign-in that fails takes none of the others with it.
func TestReconnectAllBySignIn(t *testing.T) {
	row := func(id, owner string, generation int, ended bool) *agent.Row {
		a := platform.Account{ID: id, Platform: "facebook", ProviderID: id, Alias: id, Name: id, OwnerID: owner}
		g := platform.Grant{Account: id, Generation: generation, Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceNever}}}
		if ended {
			g.Fault = platform.Fault{Code: "revoked", First: noon, Last: noon, Count: 2, AccessRejected: true, Definite: true}
		}
		return &agent.Row{Account: a, Grant: g, Status: platform.Assess(a, g, noon)}
	}
	rows := []*agent.Row{row("p1", "u1", 1, true), row("p2", "u1", 1, true), row("p3", "u1", 1, true), row("q1", "u2", 1, true), row("q2", "u2", 1, true), row("r1", "u3", 1, true)}
	f := &fake{snapshot: agent.NewSnapshot(agent.Snapshot{Seq: 1, At: noon}, rows), flows: []agent.Flow{step(1, agent.PhaseDone)}}
	f.again = func(account string) error {
		switch account {
		case "p1": // and p2 with it; p3 was not ticked
			rows[0], rows[1] = row("p1", "u1", 2, false), row("p2", "u1", 2, false)
		case "p3":
			rows[2] = row("p3", "u1", 3, false)
		case "q1":
			return &platform.Error{Kind: platform.KindRetry, Message: "no answer", Repair: "later"}
		case "r1":
			rows[5] = row("r1", "u3", 2, false)
		}
		f.snapshot = agent.NewSnapshot(agent.Snapshot{Seq: 2, At: noon}, rows)
		return nil
	}
	b := bench{fake: f, interactive: true}
	if code := b.run(t, "reconnect", "--all"); code != exitUnreachable {
		t.Errorf("exit code %d", code)
	}
	var asked []string
	for _, c := range f.calls {
		asked = append(asked, strings.TrimPrefix(strings.Fields(c)[1], "{Account:"))
	}
	if want := []string{"p1", "p3", "q1", "r1"}; !slices.Equal(asked, want) {
		t.Errorf("signed in for %q, want %q", asked, want)
	}
	for _, want := range []string{
		"Facebook · p1 and 2 more (1 of 3)", "Facebook · p2 came back with it", "Facebook · p3 (1 of 3)",
		"Facebook · q1 and 1 more (2 of 3)", "relink: facebook/q1: no answer; later", "Facebook · r1 (3 of 3)",
		"3 accounts were reconnected. 1 came back along with another. 2 were not reconnected: facebook/q1 and facebook/q2.",
	} {
		if !strings.Contains(b.err.String(), want) {
			t.Errorf("nothing says %q in\n%s", want, b.err.String())
		}
	}
}

// The exit code of several is the worst of theirs, in whichever order they came.
func TestWorseKnowsNoOrder(t *testing.T) {
	if len(ranks) != exitUnreachable+1 {
		t.Errorf("%d of the exit codes have a rank", len(ranks))
	}
	for i, a := range ranks {
		for _, b := range ranks[i:] {
			if worse(a, b) != b || worse(b, a) != b {
				t.Errorf("of %d and %d the worse is %d, and %d the other way round", a, b, worse(a, b), worse(b, a))
			}
		}
	}
}

func TestReconnectNobody(t *testing.T) {
	b := bench{fake: &fake{snapshot: only(accounts(), "a3")}, interactive: true}
	if code := b.run(t, "reconnect", "--all"); code != exitDone || b.out.String() != "Nobody is needed.\n" {
		t.Errorf("got %d, %q", code, b.out.String())
	}
}

func TestProgress(t *testing.T) {
	f := &fake{snapshot: accounts(), flows: []agent.Flow{step(1, agent.PhaseWaiting), step(2, agent.PhaseDone, stored)}}
	b := bench{fake: f, interactive: true, progress: true}
	if code := b.run(t, "connect", "linkedin"); code != exitDone {
		t.Errorf("exit code: got %d", code)
	}
	if got := b.err.String(); !strings.Contains(got, "\r\x1b[Kwaiting for your browser… 2:43 left, Ctrl+C cancels") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("got %q", got)
	}
	if b.out.String() != connected {
		t.Errorf("stdout: got %q", b.out.String())
	}
}

// TestAddressComesFirst: a script reads the first line while the command still waits.
func TestAddressComesFirst(t *testing.T) {
	f := &fake{snapshot: accounts(), flows: []agent.Flow{step(1, agent.PhaseWaiting), step(2, agent.PhaseDone, stored)}, release: make(chan struct{})}
	var out lockedBuffer
	l := &tool{Config: Config{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard, Now: func() time.Time { return noon },
		Dial: func(context.Context, bool) (agent.Service, error) { return f, nil },
	}}
	ended := make(chan int, 1)
	go func() { ended <- l.main(t.Context(), []string{"connect", "linkedin", "--no-browser"}) }()
	for deadline := time.Now().Add(5 * time.Second); out.String() != address+"\n"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %q", out.String())
		}
	}
	close(f.release)
	if code := <-ended; code != exitDone || out.String() != address+"\n"+connected {
		t.Errorf("got %d, %q", code, out.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestReconnectGoesTheWayItCame: an account connected by an app password is not
// moved to the browser, where it would last 14 days and not 90, unless that is asked for.
func TestReconnectGoesTheWayItCame(t *testing.T) {
	acc := platform.Account{ID: "b1", Platform: "bluesky", Server: "did:plc:acme", ProviderID: "did:plc:acme", Alias: "acme", Handle: "acme.bsky.social"}
	for _, tt := range []struct{ name, args, kind, call string }{
		{"app password", "reconnect bluesky/acme", "Bearer", "Reconnect {Account:bluesky/acme Anew:false NoBrowser:false NoListener:false Device:false Login:acme.bsky.social Secret:" + hush + "}"},
		{"app password, browser asked for", "reconnect bluesky/acme --no-browser", "Bearer", "Reconnect {Account:bluesky/acme Anew:false NoBrowser:true NoListener:false Device:false Login: Secret:}"},
		{"browser", "reconnect bluesky/acme", "DPoP", "Reconnect {Account:bluesky/acme Anew:false NoBrowser:false NoListener:false Device:false Login: Secret:}"},
		{"browser, app password asked for", "reconnect bluesky/acme --app-password-stdin", "DPoP", "Reconnect {Account:bluesky/acme Anew:false NoBrowser:false NoListener:false Device:false Login:acme.bsky.social Secret:" + hush + "}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := platform.Grant{Account: acc.ID, Generation: 1, TokenType: tt.kind}
			if tt.kind == "DPoP" {
				g.Asked = []string{"atproto"}
			}
			f := &fake{snapshot: agent.NewSnapshot(agent.Snapshot{Seq: 1, At: noon}, []*agent.Row{{Account: acc, Grant: g}}), flows: []agent.Flow{step(1, agent.PhaseDone)}}
			b := bench{fake: f, interactive: true, passwords: []string{hush}}
			if code := b.run(t, strings.Fields(tt.args)...); code != exitDone {
				t.Errorf("exit code: got %d, %s", code, b.err.String())
			}
			if want := []string{tt.call}; !slices.Equal(f.calls, want) {
				t.Errorf("calls: got %q, want %q", f.calls, want)
			}
			if strings.Contains(b.out.String()+b.err.String(), hush) {
				t.Error("the credential is shown")
			}
		})
	}
}

func TestPlatformsSpeakEnglish(t *testing.T) {
	for id, want := range map[string]string{"bluesky": "\nWith an app password:\n", "telegram": "\nWith a bot token:\n"} {
		b := bench{fake: &fake{}}
		if code := b.run(t, "platforms", id); code != exitDone || !strings.Contains(b.out.String(), want) {
			t.Errorf("%s: got %d, %q", id, code, b.out.String())
		}
	}
}

// TestQueueKeepsTheWorst: what ends a queue is said, and does not hide that an
// account before it needs a person.
func TestQueueKeepsTheWorst(t *testing.T) {
	gone := &platform.Error{Kind: platform.KindAgent, Message: "the agent went away", Repair: "run the command again"}
	for _, c := range []struct {
		name  string
		first error // of the first account; the queue goes on
		end   error
		want  int
		line  string
	}{
		{"nothing before", nil, gone, exitFailed, "the agent went away; run the command again"},
		{"a person is needed", told(exitPerson), gone, exitPerson, "the agent went away; run the command again"},
		{"unreachable", told(exitUnreachable), gone, exitUnreachable, "the agent went away; run the command again"},
		{"then cancelled", told(exitPerson), cancelled(), exitPerson, "cancelled; nothing was changed; run the command again when it suits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said strings.Builder
			l := &tool{Config: Config{Stderr: &said, Now: func() time.Time { return noon }}}
			rows := slices.Collect(accounts().All())[:2]
			n := 0
			err := l.each(t.Context(), &fake{snapshot: accounts()}, rows, func(*agent.Row, bool) (bool, error) {
				if n++; n == 1 && c.first != nil {
					return true, c.first
				}
				return false, c.end
			})
			if exitCode(err) != c.want || errorLine(err) != c.line {
				t.Errorf("exit code %d, %q, want %d, %q", exitCode(err), errorLine(err), c.want, c.line)
			}
			if !strings.Contains(said.String(), "were not reconnected") {
				t.Errorf("said %q", said.String())
			}
		})
	}
}
