package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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
	// anew asks again for what was declined.
	anew bool
	// credential takes the way by hand; login is the name that goes with it.
	credential bool
	login      string
	pick       []string
}

func (s *signIn) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.noBrowser, "no-browser", false, platform.T("print the address as the first line instead of opening a browser"))
	f.BoolVar(&s.paste, "paste", false, platform.T("for a browser on another machine: print the address, read the redirect address from stdin"))
	f.BoolVar(&s.device, "device", false, platform.T("sign in by a code typed on any device, where the platform has that"))
	f.BoolVar(&s.credential, "app-password-stdin", false, platform.T("hand over an app password, bot token or webhook address made at the platform: from stdin, or a prompt"))
	f.StringVar(&s.login, "login", "", platform.T("the login name that goes with an app password (WordPress)"))
	f.StringArrayVar(&s.pick, "pick", nil, platform.T("the page to connect, by name or id, where there are several; repeat it, or give all"))
}

// byHand reports whether a sign-in takes a credential made at the platform.
func (s signIn) byHand(p *platform.Platform) bool {
	return s.credential || p.HandOnly()
}

// credential asks for what was made at the platform, and says how to make it.
func (t *tool) credential(ctx context.Context, p *platform.Platform, s signIn, login string) (name, secret string, err error) {
	c := p.Credential
	if c == nil {
		return "", "", usage(platform.T("leave --app-password-stdin out"), platform.T("%s is connected in the browser only", p.Name))
	}
	if t.Interactive {
		if t.guided() && c.Page != "" {
			t.tell(platform.T("%s, made here:", platform.Capital(platform.T(c.Name))))
			t.tell(c.Page)
		}
		t.numbered(translated(c.Steps))
	}
	name = words(s.login, login)
	if c.Login != "" && name == "" {
		if !t.Interactive {
			return "", "", usage(platform.T("add --login NAME"), platform.T("%s needs the %s that goes with the %s", p.Name, platform.T(c.Login), platform.T(c.Name)))
		}
		if name, err = t.ask(ctx, platform.Capital(platform.T(c.Login))+": "); err != nil {
			return "", "", err
		}
		if name == "" {
			return "", "", usage(platform.T("run it again and type it"), platform.T("nothing was given"))
		}
	}
	secret, err = t.secret(ctx, platform.Capital(platform.T(c.Name))+": ")
	return name, secret, err
}

func translated(sentences []string) []string {
	out := make([]string, len(sentences))
	for i, s := range sentences {
		out[i] = platform.T(s)
	}
	return out
}

// refuse stops a caller without a terminal before anything is started.
func (t *tool) refuse(s signIn, command string) error {
	if t.Interactive || s.noBrowser || s.paste || s.device {
		return nil
	}
	return &platform.Error{
		Kind: platform.KindReconnect, Message: platform.T("this needs a person at a browser, and there is no terminal here"),
		Repair: platform.T("run it in one: %s (or add --no-browser and open the address yourself)", command),
	}
}

func (t *tool) connect() *cobra.Command {
	var s signIn
	var r agent.ConnectRequest
	var issuer, handle string
	var want []string
	cmd := &cobra.Command{
		Use:   "connect [PLATFORM]",
		Short: platform.T("Connect an account through the platform's own sign-in"),
		Long: platform.T(`Connect an account through the platform's own sign-in in the browser. Which platforms there are, and what they need first: relink platforms. Where a platform has an app password, a bot token or a webhook address instead, it is asked for.

At a terminal what is missing is asked for; without a platform you are led from the choice of one to the account that is connected.

With --no-browser the address to open is stdout's first line; then the command waits for the browser to come back, or for the redirect address on stdin.`),
		Example: `  relink connect
  relink connect mastodon --server https://mastodon.social
  relink connect facebook --pick "Acme Shop"
  relink connect oidc --issuer https://id.example.org --client-id relink
  relink connect bluesky --handle acme.bsky.social
  relink connect telegram < bot-token.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && t.guided() {
				return nil
			}
			return takes(1, 1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			site := words(r.Server, words(issuer, handle))
			if len(args) == 0 {
				return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
					return t.guideConnect(ctx, svc, r, site, want, s)
				})(cmd, args)
			}
			p, err := platform.Lookup(args[0])
			if err != nil {
				return err
			}
			r.Platform = p.ID
			if r.Server, err = siteOf(p, r.Server, issuer, handle); err != nil && t.guided() {
				r.Server, err = t.askSite(cmd.Context(), p)
			}
			if err != nil {
				return err
			}
			if r.Wants, err = wanted(p, want); err != nil {
				return err
			}
			byHand := s.byHand(p)
			if !byHand {
				if err := t.refuse(s, "relink connect "+p.ID); err != nil {
					return err
				}
			}
			r.NoBrowser, r.NoListener, r.Device = s.noBrowser || s.paste, s.paste, s.device
			if t.guided() {
				return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
					if len(r.Wants) == 0 { // which only the browser asks for
						if byHand, err = t.wayIn(ctx, svc, p, r, s, true); err != nil {
							return err
						}
					}
					return t.leadConnect(ctx, svc, p, r, s, byHand)
				})(cmd, args)
			}
			if byHand {
				if r.Login, r.Secret, err = t.credential(cmd.Context(), p, s, handle); err != nil {
					return err
				}
			}
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
	f.StringVar(&r.Server, "server", "", platform.T("the server's address (Mastodon)"))
	f.StringVar(&issuer, "issuer", "", platform.T("the issuer's address (oidc)"))
	f.StringVar(&handle, "handle", "", platform.T("the account's handle (Bluesky)"))
	f.StringVar(&r.ClientID, "client-id", "", platform.T("a public client's id, where no app registration is stored"))
	f.StringSliceVar(&want, "want", nil, platform.T("what the account is for: publish,analytics,inbox,previews (default: what needs no approval by the platform)"))
	return cmd
}

// siteOf is the site that was given, whichever flag it came with.
func siteOf(p *platform.Platform, server, issuer, handle string) (string, error) {
	site := words(server, words(issuer, handle))
	switch {
	case p.Site == platform.SiteNone || site != "":
		return site, nil
	case p.Site == platform.SiteHandle:
		return "", usage(platform.T("add it: --handle acme.bsky.social"), platform.T("%s needs to know whose account", p.Name))
	}
	return "", needsSite(p, string(p.Site))
}

// needsSite says that the server or issuer is missing, which a flag gives.
func needsSite(p *platform.Platform, flag string) error {
	if p.Site == platform.SiteIssuer {
		return usage(platform.T("add its address: --%s https://…", flag), platform.T("%s needs to know which issuer", p.Name))
	}
	return usage(platform.T("add its address: --%s https://…", flag), platform.T("%s needs to know which server", p.Name))
}

// wanted reads what the account is for.
func wanted(p *platform.Platform, want []string) ([]platform.Capability, error) {
	var out []platform.Capability
	for _, w := range want {
		c := platform.Capability(w)
		if !slices.ContainsFunc(p.Needs, func(n platform.Need) bool { return n.Capability == c }) {
			return nil, usage(platform.T("choose from: %s", capabilities(p)), platform.T("%s has nothing called %q", p.Name, w))
		}
		out = append(out, c)
	}
	return out, nil
}

func capabilities(p *platform.Platform) string {
	var out []string
	for _, n := range p.Needs {
		out = append(out, string(n.Capability))
	}
	return words(strings.Join(out, ", "), platform.T("nothing, leave --want out"))
}

func (t *tool) reconnect() *cobra.Command {
	var s signIn
	var all bool
	cmd := &cobra.Command{
		Use:     "reconnect [ACCOUNT]",
		Short:   platform.T("Sign in again for an account that is there"),
		Long:    platform.T(`Sign in again for an account that is there. Its name, settings and history stay. With --all: every account that needs somebody or ends soon, one sign-in at a time; those of one person at one platform take one together. At a terminal, without either, they are listed to choose from.`),
		Example: "  relink reconnect\n  relink reconnect linkedin/acme\n  relink reconnect --all",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 != all && len(args) < 2 || len(args) == 0 && t.guided() {
				return nil
			}
			return errors.New(platform.T("name one account, or give --all"))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.guided() {
				return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
					return t.guideReconnect(ctx, svc, strings.Join(args, ""), all, s)
				})(cmd, args)
			}
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
	cmd.Flags().BoolVar(&all, "all", false, platform.T("every account that needs somebody or ends soon"))
	return cmd
}

// byHandRef reports whether an account named as "telegram/acme" has no way in but by hand.
func byHandRef(ref string) bool {
	id, _, _ := strings.Cut(ref, "/")
	p, err := platform.Lookup(id)
	return err == nil && signIn{}.byHand(p)
}

func (t *tool) reconnectOne(ctx context.Context, svc agent.Service, account string, s signIn) error {
	f, err := t.startAgain(ctx, svc, account, s)
	if err != nil {
		return err
	}
	return t.follow(ctx, svc, f, s)
}

// startAgain starts the sign-in of an account that is there, the way it came.
func (t *tool) startAgain(ctx context.Context, svc agent.Service, account string, s signIn) (agent.Flow, error) {
	r := agent.ReconnectRequest{Account: account, Anew: s.anew, NoBrowser: s.noBrowser || s.paste, NoListener: s.paste, Device: s.device}
	if acc, byHand, err := t.wayOf(ctx, svc, account, s); err != nil {
		return agent.Flow{}, err
	} else if byHand != nil {
		if r.Login, r.Secret, err = t.credential(ctx, byHand, s, acc.Handle); err != nil {
			return agent.Flow{}, err
		}
	}
	return svc.Reconnect(ctx, r)
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
	rows := due(snapshot)
	if len(rows) == 0 {
		if t.json {
			return nil
		}
		return t.print("%s", platform.T("Nobody is needed."))
	}
	return t.each(ctx, svc, rows, func(row *agent.Row, _ bool) (bool, error) {
		err := t.reconnectOne(ctx, svc, row.Account.ID, s)
		if err == nil {
			return true, nil
		}
		t.say("relink: %s: %s", row.Account.Ref(), errorLine(err))
		return ctx.Err() == nil, told(exitCode(err))
	})
}

// follow leads a flow to its end and tells it.
func (t *tool) follow(ctx context.Context, svc agent.Service, f agent.Flow, s signIn) error {
	f, err := t.watch(ctx, svc, f, s)
	if err != nil {
		return err
	}
	return t.ended(ctx, svc, f)
}

// watch leads a flow to its end. Whatever ends it early here is cancelled at the agent.
func (t *tool) watch(ctx context.Context, svc agent.Service, f agent.Flow, s signIn) (_ agent.Flow, err error) {
	defer func() {
		if err != nil && !f.Phase.Ended() {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWait)
			defer cancel()
			_ = svc.Cancel(late, f.ID)
		}
	}()
	if err := t.announce(f, s); err != nil {
		return f, err
	}
	polling, stop := context.WithCancel(ctx)
	defer stop()
	news := poll(polling, svc, f)

	comesBack := f.URL != "" && f.UserCode == ""
	listens := t.Interactive || comesBack && (s.noBrowser || s.paste)
	var tick <-chan time.Time
	if t.progress {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		tick = ticker.C
		defer t.wipe()
		t.waiting(f)
	}
	var asked, pasted, chose bool
	opened, wrong := f.Opened, 0
	for {
		if f.Phase == agent.PhaseChoosing && !asked {
			asked, chose = true, len(s.pick) > 0
			if err := t.choose(ctx, svc, f, s, listens); err != nil {
				return f, err
			}
		}
		if f.Phase.Ended() {
			t.wipe()
			return f, nil
		}
		if opened && !f.Opened { // the agent could not, and has noted why
			opened = false
			t.wipe()
			for _, n := range f.Notes {
				t.tell(n)
			}
			t.waiting(f)
		}
		var line <-chan typed
		if listens {
			line = t.keyboard().next()
		}
		select {
		case <-ctx.Done():
			t.over()
			return f, cancelled()
		case <-tick:
			t.tick(f)
		case l := <-line:
			t.keyboard().took()
			text := strings.TrimSpace(l.text)
			switch {
			case !l.ok:
				listens = false
				if comesBack && !f.Listening && !pasted && f.Phase == agent.PhaseWaiting {
					return f, usage(platform.T("run it again and paste the address the browser ends on"), platform.T("no redirect address came on stdin"))
				}
				if !chose && f.Phase == agent.PhaseChoosing {
					return f, t.unpicked(f)
				}
			case text == "":
				t.waiting(f)
			case f.Phase == agent.PhaseChoosing && !chose:
				ids, ok := t.typedChoice(f, text)
				if !ok {
					if wrong++; wrong == tries {
						return f, threeTimes()
					}
					continue
				}
				chose = true
				if err := svc.Choose(ctx, f.ID, ids); err != nil {
					return f, err
				}
			case f.Phase == agent.PhaseWaiting:
				err := svc.Paste(ctx, f.ID, text)
				pasted = pasted || err == nil
				if err != nil {
					wrong++
					if !t.Interactive || exitCode(err) != exitUsage || wrong == tries {
						return f, err
					}
					t.wipe()
					t.tell("relink: " + errorLine(err))
				}
				t.waiting(f)
			}
		case n := <-news:
			if n.err != nil {
				if ctx.Err() != nil {
					t.over()
					return f, cancelled()
				}
				return f, n.err
			}
			if f = n.flow; f.Phase != agent.PhaseWaiting {
				t.wipe()
				t.waiting(f)
			}
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
		t.tell(platform.T("Open %s on any device and type the code %s", f.URL, f.UserCode))
	case !manual:
		t.tell(platform.T("Sign in at %s in your browser. If none opens, open this address:", platformName(f.Platform)))
		t.say("%s", f.URL)
		if t.guided() && f.Listening {
			t.tell(platform.T("If the browser cannot come back, paste the address it ends on here."))
		}
	case !f.Listening:
		t.tell(platform.T("Open the address in a browser, sign in, then paste the address the browser ends on here."))
	default:
		t.tell(platform.T("Open the address in a browser and sign in. If the browser cannot come back, paste the address it ends on here."))
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

// waiting shows what is waited for, anew.
func (t *tool) waiting(f agent.Flow) {
	if text := t.waitingFor(f); text != "" {
		_, _ = io.WriteString(t.Stderr, "\r\x1b[K"+text)
	}
}

// tick shows the time left and leaves what is being typed behind it alone.
func (t *tool) tick(f agent.Flow) {
	if text := t.waitingFor(f); text != "" {
		_, _ = io.WriteString(t.Stderr, "\x1b7\r"+text+"\x1b8")
	}
}

// waitingFor is what is waited for, in one line of the terminal; it stays as
// long while the time runs.
func (t *tool) waitingFor(f agent.Flow) string {
	if !t.progress {
		return ""
	}
	switch f.Phase {
	case agent.PhaseWaiting:
		left := max(0, f.Deadline.Sub(t.Now())).Round(time.Second)
		clock := fmt.Sprintf("%d:%02d", int(left.Minutes()), int(left.Seconds())%60)
		long := platform.T("waiting for your browser… %s left, Ctrl+C cancels", clock)
		if f.UserCode != "" {
			long = platform.T("waiting for the code %s… %s left, Ctrl+C cancels", f.UserCode, clock)
		}
		if f.URL == "" {
			return t.fitting(platform.T("asking the platform…"), "")
		}
		return t.fitting(long+" ", platform.T("%s left", clock)+" ")
	case agent.PhaseWorking:
		return t.fitting(platform.T("fetching the account…"), "")
	}
	return ""
}

// fitting is the longer of two texts if the terminal has room for it.
func (t *tool) fitting(long, short string) string {
	if w := t.width(); w > 0 && cells(long) >= w {
		return fitTo(words(short, long), w-1)
	}
	return long
}

// over leaves the line the terminal wrote ^C into.
func (t *tool) over() {
	if t.Interactive {
		_, _ = io.WriteString(t.Stderr, "\n")
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
			return usage(platform.T("pick one that is listed"), platform.T("there is no page %q", missing))
		}
		return svc.Choose(ctx, f.ID, ids)
	}
	if !t.Interactive || !canAsk {
		return t.unpicked(f)
	}
	if len(f.Less) > 0 {
		t.less(f)
		_, _ = io.WriteString(t.Stderr, platform.T("Take the new permission all the same? 1 takes it, none keeps what the account had: "))
		return nil
	}
	t.candidates(f)
	_, _ = io.WriteString(t.Stderr, platform.T("Which? Numbers such as 1,3-5, or all, or none to decide later: "))
	return nil
}

// less says what an account would no longer do with what was allowed.
func (t *tool) less(f agent.Flow) {
	t.tell(platform.T("Less was allowed than before. What the account has still works, and was not changed."))
	for _, l := range f.Less {
		t.tell(l.Text())
	}
}

func (t *tool) unpicked(f agent.Flow) error {
	if len(f.Less) > 0 {
		t.less(f)
		return usage(platform.T("run it again and allow everything, or add --pick all to take it"), platform.T("the account keeps what it had"))
	}
	t.candidates(f)
	return usage(platform.T("run it again with --pick NAME, or --pick all"), platform.T("there are several pages to choose from"))
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
	if isWord(answer, "none", platform.T("none")) {
		return nil, true
	}
	chosen, err := numbers(answer, len(f.Candidates))
	if err != nil { // not a number, but perhaps a name
		names := make([][]string, len(f.Candidates))
		for i, c := range f.Candidates {
			names[i] = []string{c.Name, c.Handle, c.ProviderID}
		}
		if found := byName(answer, names); len(found) == 1 {
			return []string{f.Candidates[found[0]].ProviderID}, true
		}
		_, _ = io.WriteString(t.Stderr, platform.T("Numbers from 1 to %d, or all, or none: ", len(f.Candidates)))
		return nil, false
	}
	for _, n := range chosen {
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
			return &platform.Error{Kind: platform.KindRetry, Message: platform.T("the sign-in failed; nothing was changed"), Repair: platform.T("try again")}
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
	return t.printLines(append(lines, f.Notes...))
}

// holds says until when an account works.
func holds(r *agent.Row, now time.Time) string {
	s := r.Status
	if d := s.Deadline; d.Ends() && d.At.After(now) {
		return platform.T("%s until %s, %s", s.State.Word(), date(d.At), s.Left(now))
	}
	return platform.T("%s, %s", s.State.Word(), s.Left(now))
}
