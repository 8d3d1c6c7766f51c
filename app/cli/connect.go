package cli

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

// cancelWait is how long the agent may take to take back a flow nobody waits for any more.
const cancelWait = 2 * time.Second

// signIn is how a sign-in is to be led.
type signIn struct {
	noBrowser, paste, device bool
	// credential takes the way by hand; login is the name that goes with it.
	credential bool
	login      string
	pick       []string
}

func (s *signIn) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.noBrowser, "no-browser", false, "print the address as the first line instead of opening a browser")
	f.BoolVar(&s.paste, "paste", false, "for a browser on another machine: print the address, read the redirect address from stdin")
	f.BoolVar(&s.device, "device", false, "sign in by a code typed on any device, where the platform has that")
	f.BoolVar(&s.credential, "app-password-stdin", false, "hand over an app password, bot token or webhook address made at the platform: from stdin, or a prompt")
	f.StringVar(&s.login, "login", "", "the login name that goes with an app password (WordPress)")
	f.StringArrayVar(&s.pick, "pick", nil, "the page to connect, by name or id, where there are several; repeat it, or give all")
}

// byHand reports whether a sign-in takes a credential made at the platform.
func (s signIn) byHand(p *platform.Platform) bool {
	return s.credential || p.HandOnly()
}

// credential asks for what was made at the platform, and says how to make it.
func (t *tool) credential(p *platform.Platform, s signIn, login string) (name, secret string, err error) {
	c := p.Credential
	if c == nil {
		return "", "", usage("leave --app-password-stdin out", "%s is connected in the browser only", p.Name)
	}
	if t.Interactive {
		for i, step := range c.Steps {
			t.say("%d. %s", i+1, step)
		}
	}
	name = words(s.login, login)
	if c.Login != "" && name == "" {
		if !t.Interactive {
			return "", "", usage("add --login NAME", "%s needs the %s that goes with the %s", p.Name, c.Login, c.Name)
		}
		_, _ = fmt.Fprintf(t.Stderr, "%s: ", platform.Capital(c.Login))
		if name = t.line(); name == "" {
			return "", "", usage("run it again and type it", "nothing was given")
		}
	}
	secret, err = t.secret(platform.Capital(c.Name) + ": ")
	return name, secret, err
}

// refuse stops a caller without a terminal before anything is started.
func (t *tool) refuse(s signIn, command string) error {
	if t.Interactive || s.noBrowser || s.paste || s.device {
		return nil
	}
	return &platform.Error{
		Kind: platform.KindReconnect, Message: "this needs a person at a browser, and there is no terminal here",
		Repair: "run it in one: " + command + " (or add --no-browser and open the address yourself)",
	}
}

func (t *tool) connect() *cobra.Command {
	var s signIn
	var r agent.ConnectRequest
	var issuer, handle string
	var want []string
	cmd := &cobra.Command{
		Use:   "connect PLATFORM",
		Short: "Connect an account through the platform's own sign-in",
		Long: `Connect an account through the platform's own sign-in in the browser. Which
platforms there are, and what they need first: relink platforms. Where a platform
has an app password, a bot token or a webhook address instead, it is asked for.

With --no-browser the address to open is stdout's first line; then the command
waits for the browser to come back, or for the redirect address on stdin.`,
		Example: `  relink connect mastodon --server https://mastodon.social
  relink connect facebook --pick "Acme Shop"
  relink connect oidc --issuer https://id.example.org --client-id relink
  relink connect bluesky --handle acme.bsky.social
  relink connect telegram < bot-token.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := platform.Lookup(args[0])
			if err != nil {
				return err
			}
			r.Platform = p.ID
			if r.Server, err = siteOf(p, r.Server, issuer, handle); err != nil {
				return err
			}
			for _, w := range want {
				c := platform.Capability(w)
				if !slices.ContainsFunc(p.Needs, func(n platform.Need) bool { return n.Capability == c }) {
					return usage("choose from: "+capabilities(p), "%s has nothing called %q", p.Name, w)
				}
				r.Wants = append(r.Wants, c)
			}
			if s.byHand(p) {
				if r.Login, r.Secret, err = t.credential(p, s, handle); err != nil {
					return err
				}
			} else if err := t.refuse(s, "relink connect "+p.ID); err != nil {
				return err
			}
			r.NoBrowser, r.NoListener, r.Device = s.noBrowser || s.paste, s.paste, s.device
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				f, err := svc.Connect(ctx, r)
				if err != nil {
					return err
				}
				return t.follow(ctx, svc, f, s)
			})(cmd, args)
		},
	}
	s.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&r.Server, "server", "", "the server's address (Mastodon)")
	f.StringVar(&issuer, "issuer", "", "the issuer's address (oidc)")
	f.StringVar(&handle, "handle", "", "the account's handle (Bluesky)")
	f.StringVar(&r.ClientID, "client-id", "", "a public client's id, where no app registration is stored")
	f.StringSliceVar(&want, "want", nil, "what the account is for: publish,analytics,inbox,previews (default: what needs no approval by the platform)")
	return cmd
}

// siteOf is the site that was given, whichever flag it came with.
func siteOf(p *platform.Platform, server, issuer, handle string) (string, error) {
	site := words(server, words(issuer, handle))
	switch {
	case p.Site == platform.SiteNone || site != "":
		return site, nil
	case p.Site == platform.SiteHandle:
		return "", usage("add it: --handle acme.bsky.social", "%s needs to know whose account", p.Name)
	}
	return "", usage("add its address: --"+string(p.Site)+" https://…", "%s needs to know which %s", p.Name, p.Site)
}

func capabilities(p *platform.Platform) string {
	var out []string
	for _, n := range p.Needs {
		out = append(out, string(n.Capability))
	}
	return words(strings.Join(out, ", "), "nothing, leave --want out")
}

func (t *tool) reconnect() *cobra.Command {
	var s signIn
	var all bool
	cmd := &cobra.Command{
		Use:   "reconnect ACCOUNT",
		Short: "Sign in again for an account that is there",
		Long: `Sign in again for an account that is there. Its name, settings and history stay.
With --all: every account that needs somebody or ends soon, one at a time.`,
		Example: "  relink reconnect linkedin/acme\n  relink reconnect --all",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 != all && len(args) < 2 {
				return nil
			}
			return fmt.Errorf("name one account, or give --all")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			which := "--all"
			if !all {
				which = args[0]
			}
			if err := t.refuse(s, "relink reconnect "+which); err != nil && !s.credential && (all || !byHandRef(which)) {
				return err
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				if all {
					return t.reconnectAll(ctx, svc, s)
				}
				return t.reconnectOne(ctx, svc, which, s)
			})(cmd, args)
		},
	}
	s.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every account that needs somebody or ends soon")
	return cmd
}

// byHandRef reports whether an account named as "telegram/acme" has no way in but by hand.
func byHandRef(ref string) bool {
	id, _, _ := strings.Cut(ref, "/")
	p, err := platform.Lookup(id)
	return err == nil && signIn{}.byHand(p)
}

func (t *tool) reconnectOne(ctx context.Context, svc agent.Service, account string, s signIn) error {
	r := agent.ReconnectRequest{Account: account, NoBrowser: s.noBrowser || s.paste, NoListener: s.paste, Device: s.device}
	if acc, byHand, err := t.wayOf(ctx, svc, account, s); err != nil {
		return err
	} else if byHand != nil {
		if r.Login, r.Secret, err = t.credential(byHand, s, acc.Handle); err != nil {
			return err
		}
	}
	f, err := svc.Reconnect(ctx, r)
	if err != nil {
		return err
	}
	return t.follow(ctx, svc, f, s)
}

// wayOf finds the account and, where it is reconnected by hand, its platform: because
// that was asked for, because there is no other way, or because it was connected so.
func (t *tool) wayOf(ctx context.Context, svc agent.Service, name string, s signIn) (platform.Account, *platform.Platform, error) {
	snapshot, err := svc.Snapshot(ctx)
	if err != nil {
		return platform.Account{}, nil, err
	}
	for r := range snapshot.All() {
		if r.Account.ID != name && r.Account.Ref() != name && r.Account.Alias != name {
			continue
		}
		p, err := platform.Lookup(r.Account.Platform)
		browser := s.noBrowser || s.paste || s.device
		if err != nil || !s.byHand(p) && (browser || !p.ByHand(r.Grant)) {
			return r.Account, nil, nil
		}
		return r.Account, p, nil
	}
	return platform.Account{}, nil, nil // the agent says that there is none
}

// reconnectAll goes on after a failure; only Ctrl+C ends it early.
func (t *tool) reconnectAll(ctx context.Context, svc agent.Service, s signIn) error {
	snapshot, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	var due []platform.Account
	for r := range snapshot.All() {
		if r.Status.State.NeedsPerson() || r.Status.State == platform.StateExpiring {
			due = append(due, r.Account)
		}
	}
	if len(due) == 0 {
		if t.json {
			return nil
		}
		return t.print("Nobody is needed.")
	}
	code := exitDone
	for i, a := range due {
		t.say("%s (%d of %d)", a.Title(), i+1, len(due))
		err := t.reconnectOne(ctx, svc, a.ID, s)
		if err == nil {
			continue
		}
		t.say("relink: %s: %s", a.Ref(), errorLine(err))
		code = worse(code, exitCode(err))
		if ctx.Err() != nil {
			break
		}
	}
	if code != exitDone {
		return told(code)
	}
	return nil
}

// follow leads a flow to its end. Whatever ends it early here is cancelled at the agent.
func (t *tool) follow(ctx context.Context, svc agent.Service, f agent.Flow, s signIn) (err error) {
	defer func() {
		if err != nil && !f.Phase.Ended() {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWait)
			defer cancel()
			_ = svc.Cancel(late, f.ID)
		}
	}()
	if err := t.announce(f, s); err != nil {
		return err
	}
	polling, stop := context.WithCancel(ctx)
	defer stop()
	news := poll(polling, svc, f)

	var typed <-chan string
	comesBack := f.URL != "" && f.UserCode == ""
	if t.Interactive || comesBack && (s.noBrowser || s.paste) {
		typed = t.lines()
	}
	var tick <-chan time.Time
	if t.progress {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		tick = ticker.C
		defer t.wipe()
		t.waiting(f)
	}
	var asked, pasted, chose bool
	for {
		if f.Phase == agent.PhaseChoosing && !asked {
			asked, chose = true, len(s.pick) > 0
			if err := t.choose(ctx, svc, f, s, typed != nil); err != nil {
				return err
			}
		}
		if f.Phase.Ended() {
			return t.ended(ctx, svc, f)
		}
		select {
		case <-ctx.Done():
			return cancelled()
		case <-tick:
			t.waiting(f)
		case line, ok := <-typed:
			switch {
			case !ok:
				typed = nil
				if comesBack && !f.Listening && !pasted && f.Phase == agent.PhaseWaiting {
					return usage("run it again and paste the address the browser ends on", "no redirect address came on stdin")
				}
				if !chose && f.Phase == agent.PhaseChoosing {
					return t.unpicked(f)
				}
			case line == "":
			case f.Phase == agent.PhaseChoosing && !chose:
				ids, ok := t.typedChoice(f, line)
				if !ok {
					continue
				}
				chose = true
				if err := svc.Choose(ctx, f.ID, ids); err != nil {
					return err
				}
			case f.Phase == agent.PhaseWaiting:
				err := svc.Paste(ctx, f.ID, line)
				pasted = pasted || err == nil
				if err != nil {
					if !t.Interactive || exitCode(err) != exitUsage {
						return err
					}
					t.wipe()
					t.say("relink: %s", errorLine(err))
				}
			}
		case n := <-news:
			if n.err != nil {
				if ctx.Err() != nil {
					return cancelled()
				}
				return n.err
			}
			f = n.flow
		}
	}
}

// announce says what the browser is to open.
func (t *tool) announce(f agent.Flow, s signIn) error {
	if f.URL == "" {
		return nil // there is nothing to open
	}
	manual := s.noBrowser || s.paste
	switch {
	case t.json:
		if err := t.emit(flowOut{f.ID, f.Platform, f.URL, f.Redirect, f.UserCode, f.Listening, stamp(f.Deadline)}); err != nil {
			return err
		}
	case manual:
		if err := t.print("%s", f.URL); err != nil {
			return err
		}
	}
	switch {
	case f.UserCode != "":
		t.say("Open %s on any device and type the code %s", f.URL, f.UserCode)
	case !manual:
		t.say("Sign in at %s in your browser. If none opens, open this address:\n%s", platformName(f.Platform), f.URL)
	case !f.Listening:
		t.say("Open the address in a browser, sign in, then paste the address the browser ends on here.")
	default:
		t.say("Open the address in a browser and sign in. If the browser cannot come back, paste the address it ends on here.")
	}
	return nil
}

type flowNews struct {
	flow agent.Flow
	err  error
}

// poll waits for each change of a flow until it has ended.
func poll(ctx context.Context, svc agent.Service, f agent.Flow) <-chan flowNews {
	out := make(chan flowNews)
	go func() {
		for {
			next, err := svc.Flow(ctx, f.ID, f.Version)
			select {
			case out <- flowNews{next, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || next.Phase.Ended() {
				return
			}
			f = next
		}
	}()
	return out
}

// lines reads what is typed, or piped in, from the first time it is asked for.
func (t *tool) lines() <-chan string {
	if t.typed == nil {
		out := make(chan string)
		t.typed = out
		in := bufio.NewScanner(t.Stdin)
		in.Buffer(nil, maxInput)
		go func() {
			defer close(out)
			for in.Scan() {
				out <- strings.TrimSpace(in.Text())
			}
		}()
	}
	return t.typed
}

func (t *tool) waiting(f agent.Flow) {
	switch f.Phase {
	case agent.PhaseWaiting:
		left := max(0, f.Deadline.Sub(t.Now())).Round(time.Second)
		what := "your browser"
		if f.UserCode != "" {
			what = "the code " + f.UserCode
		}
		_, _ = fmt.Fprintf(t.Stderr, "\r\x1b[Kwaiting for %s… %d:%02d left, Ctrl+C cancels", what, int(left.Minutes()), int(left.Seconds())%60)
	case agent.PhaseWorking:
		_, _ = fmt.Fprintf(t.Stderr, "\r\x1b[Kfetching the account…")
	}
}

// wipe takes the progress line away.
func (t *tool) wipe() {
	if t.progress {
		_, _ = fmt.Fprint(t.Stderr, "\r\x1b[K")
	}
}

// choose settles which pages become accounts: by --pick, or by asking.
func (t *tool) choose(ctx context.Context, svc agent.Service, f agent.Flow, s signIn, canAsk bool) error {
	t.wipe()
	if len(s.pick) > 0 {
		ids, missing := picked(f.Candidates, s.pick)
		if missing != "" {
			t.candidates(f)
			return usage("pick one that is listed", "there is no page %q", missing)
		}
		return svc.Choose(ctx, f.ID, ids)
	}
	if !t.Interactive || !canAsk {
		return t.unpicked(f)
	}
	t.candidates(f)
	_, _ = fmt.Fprint(t.Stderr, "Which? Numbers such as 1,3, or all, or none to decide later: ")
	return nil
}

func (t *tool) unpicked(f agent.Flow) error {
	t.candidates(f)
	return usage("run it again with --pick NAME, or --pick all", "there are several pages to choose from")
}

func (t *tool) candidates(f agent.Flow) {
	for i, c := range f.Candidates {
		words := []string{c.ProviderID}
		if c.Kind != "" {
			words = append([]string{c.Kind}, words...)
		}
		t.say("%d. %s (%s)", i+1, nameOf(c), strings.Join(words, " "))
	}
}

func nameOf(c platform.Identity) string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Handle != "":
		return c.Handle
	}
	return c.ProviderID
}

// typedChoice reads the typed answer; what cannot be understood is asked again.
func (t *tool) typedChoice(f agent.Flow, answer string) (ids []string, ok bool) {
	switch answer {
	case "all":
		ids, _ = picked(f.Candidates, []string{"all"})
		return ids, true
	case "none":
		return nil, true
	}
	for part := range strings.SplitSeq(answer, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > len(f.Candidates) {
			_, _ = fmt.Fprintf(t.Stderr, "Numbers from 1 to %d, or all, or none: ", len(f.Candidates))
			return nil, false
		}
		ids = append(ids, f.Candidates[n-1].ProviderID)
	}
	return ids, true
}

// picked finds candidates by id, name or handle; missing is the first that is not among them.
func picked(candidates []platform.Identity, picks []string) (ids []string, missing string) {
	for _, pick := range picks {
		found := false
		for _, c := range candidates {
			same := pick == "all" || pick == c.ProviderID || strings.EqualFold(pick, c.Name) || c.Handle != "" && strings.EqualFold(strings.TrimPrefix(pick, "@"), strings.TrimPrefix(c.Handle, "@"))
			if same && !slices.Contains(ids, c.ProviderID) {
				ids = append(ids, c.ProviderID)
			}
			found = found || same
		}
		if !found {
			return nil, pick
		}
	}
	return ids, ""
}

// ended tells how it went.
func (t *tool) ended(ctx context.Context, svc agent.Service, f agent.Flow) error {
	t.wipe()
	if f.Phase == agent.PhaseFailed {
		if f.Error == nil {
			return &platform.Error{Kind: platform.KindRetry, Message: "the sign-in failed; nothing was changed", Repair: "try again"}
		}
		return f.Error
	}
	s, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	now, out := t.Now(), connectedOut{Flow: f.ID, Accounts: []accountOut{}, Notes: f.Notes}
	var lines []string
	for _, id := range f.Accounts {
		r := s.Row(id)
		if r == nil {
			continue
		}
		out.Accounts = append(out.Accounts, accountOf(r, now))
		lines = append(lines, r.Account.Title()+" ("+r.Account.Ref()+"): "+holds(r, now))
	}
	if t.json {
		return t.emit(out)
	}
	return t.print("%s", strings.Join(append(lines, f.Notes...), "\n"))
}

// holds says until when an account works.
func holds(r *agent.Row, now time.Time) string {
	s := r.Status
	if d := s.Deadline; d.Ends() && d.At.After(now) {
		return s.State.Word() + " until " + date(d.At) + ", " + s.Left(now)
	}
	return s.State.Word() + ", " + s.Left(now)
}
