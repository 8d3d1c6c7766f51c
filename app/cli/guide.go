package cli

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"

	"relink/app/agent"
	"relink/platform"
	"relink/platform/connect"
)

// guideConnect leads a person from the choice of a platform to the account that
// is connected. What was given already is not asked for.
func (t *tool) guideConnect(ctx context.Context, svc agent.Service, r agent.ConnectRequest, site string, want []string, s signIn) error {
	if err := unlocked(ctx, svc); err != nil { // before a person reads and types
		return err
	}
	p, err := t.askPlatform(ctx)
	if err != nil {
		return err
	}
	r.Platform = p.ID
	t.say("")
	t.tell(platform.T("How long a token from %s lasts:", p.Title()))
	t.tell(platform.Sentence(platform.T(p.Lifetime))) // which has colons of its own
	switch {
	case p.Site == platform.SiteNone:
	case site == "":
		r.Server, err = t.askSite(ctx, p)
	default:
		r.Server, err = connect.Normalize(p, site)
	}
	if err != nil {
		return err
	}
	byHand, err := t.wayIn(ctx, svc, p, r, s, false)
	if err != nil {
		return err
	}
	if !byHand {
		if err := t.prepareApp(ctx, svc, p, r); err != nil { // before what the app is to ask for
			return err
		}
		if r.Wants, err = wanted(p, want); err == nil && len(want) == 0 {
			r.Wants, err = t.askWants(ctx, p)
		}
		if err == nil {
			err = t.askWhere(ctx, p, &s)
		}
		if err != nil {
			return err
		}
	}
	r.NoListener, r.Device = s.paste, s.device
	return t.leadConnect(ctx, svc, p, r, s, byHand)
}

// unlocked is nil where the vault is open, or can be opened by the keyring.
func unlocked(ctx context.Context, svc agent.Service) error {
	snapshot, err := svc.Snapshot(ctx)
	if err != nil || snapshot.Locked == "" {
		return err
	}
	return svc.Unlock(ctx, "", false)
}

// leadConnect connects a first account of a platform, with a person at the terminal.
func (t *tool) leadConnect(ctx context.Context, svc agent.Service, p *platform.Platform, r agent.ConnectRequest, s signIn, byHand bool) error {
	if !byHand {
		if err := t.prepareApp(ctx, svc, p, r); err != nil {
			return err
		}
		t.elsewhere(p, &s)
		r.NoBrowser = s.noBrowser || s.paste
	}
	s.credential = byHand
	_, err := t.lead(ctx, svc, attempt{platform: p, server: r.Server, start: func(ctx context.Context) (agent.Flow, error) {
		if byHand {
			login := ""
			if p.Site == platform.SiteHandle {
				login = r.Server
			}
			var err error
			if r.Login, r.Secret, err = t.credential(ctx, p, s, login); err != nil {
				return agent.Flow{}, err
			}
		}
		return svc.Connect(ctx, r)
	}}, s, false)
	return err
}

// askPlatform lists the platforms and asks for one, by its number or a part of its name.
func (t *tool) askPlatform(ctx context.Context) (*platform.Platform, error) {
	all := inOrder(platform.All())
	names := make([][]string, len(all))
	groups := make([][]string, 3)
	for i, p := range all {
		names[i] = []string{p.Title(), p.ID}
		groups[rank(p)] = append(groups[rank(p)], pad(i+1, len(all))+p.Title())
	}
	t.tell(platform.T("What do you want to connect?"))
	for i, heading := range []string{platform.T("Nothing to register:"), platform.T("With an app registration of your own:"), platform.T("Only with a token you have already:")} {
		t.tell(heading)
		for _, line := range columns(groups[i], t.width()) {
			t.say("%s", line)
		}
	}
	question := platform.T("A number, or a part of the name: ")
	for wrong := 0; wrong < tries; {
		answer, err := t.ask(ctx, question)
		if err != nil {
			return nil, err
		}
		if n, err := numbers(answer, len(all)); err == nil && len(n) == 1 {
			return all[n[0]-1], nil
		}
		found := byName(answer, names)
		switch len(found) {
		case 1:
			return all[found[0]], nil
		case 0:
			wrong++
			t.tell(platform.T("Nothing in the list is called that."))
		default:
			for _, i := range found {
				t.say("%s", pad(i+1, len(all))+all[i].Name)
			}
		}
	}
	return nil, threeTimes()
}

// askSite asks which server, issuer or handle is meant.
func (t *tool) askSite(ctx context.Context, p *platform.Platform) (string, error) {
	question := platform.T("Which server, such as mastodon.social: ")
	switch {
	case p.Site == platform.SiteHandle:
		question = platform.T("Your handle, such as acme.bsky.social: ")
	case p.Site == platform.SiteIssuer:
		question = platform.T("The issuer's address, such as https://id.example.org: ")
	case p.SitePath:
		question = platform.T("Your site's address, such as https://example.com/blog: ")
	}
	return answered(ctx, t, question, func(s string) (string, error) {
		if s == "" {
			return "", errors.New(platform.T("It cannot be left out."))
		}
		return connect.Normalize(p, s)
	})
}

// wayIn gives whether a first connection is by hand, and asks where there are two
// ways; with must only where the browser's takes an app registration that is not there.
func (t *tool) wayIn(ctx context.Context, svc agent.Service, p *platform.Platform, r agent.ConnectRequest, s signIn, must bool) (byHand bool, err error) {
	if byHand = s.byHand(p); byHand || p.Credential == nil || s.noBrowser || s.paste || s.device {
		return byHand, nil
	}
	needs, err := t.needsApp(ctx, svc, p, r)
	if err != nil || must && !needs {
		return false, err
	}
	return t.askWay(ctx, p, needs)
}

// askWay asks whether to sign in in the browser or to hand a credential over.
// Enter takes the browser, but where that takes an app registration first.
func (t *tool) askWay(ctx context.Context, p *platform.Platform, needsApp bool) (byHand bool, err error) {
	t.say("")
	hand := platform.Capital(platform.T(p.Credential.Name))
	if p.Credential.Lasts != "" {
		hand += " (" + platform.T(p.Credential.Lasts) + ")"
	}
	t.tell(platform.T("How do you want to sign in?"))
	browser, usual := platform.T("In the browser"), 2
	if needsApp {
		browser, usual = platform.T("In the browser, with an app registration of your own"), 1
	}
	t.numbered([]string{hand, browser})
	n, err := answered(ctx, t, platform.T("[1-%d, Enter = %d]", 2, usual)+" ", func(s string) (int, error) {
		if s == "" {
			return usual, nil
		}
		n, err := numbers(s, 2)
		if err != nil || len(n) != 1 {
			return 0, errors.New(platform.T("One of them, please."))
		}
		return n[0], nil
	})
	return n == 1, err
}

// askWants says what will be asked for and lets each be left out.
func (t *tool) askWants(ctx context.Context, p *platform.Platform) ([]platform.Capability, error) {
	if len(p.Needs) == 0 {
		return nil, nil
	}
	for range tries {
		t.say("")
		t.tell(platform.T("What %s will be asked for:", p.Title()))
		if len(p.Scopes) > 0 {
			t.tellIn("- ", platform.T("In any case: %s", platform.Join(p.Scopes)))
		}
		var out []platform.Capability
		for _, n := range p.Needs {
			text := platform.T("%s: %s", platform.Capital(n.Capability.Word()), platform.Join(n.Scopes))
			if n.Approval { // without it the whole sign-in is refused
				text = platform.T("%s: %s; %s must have approved your app for it", platform.Capital(n.Capability.Word()), platform.Join(n.Scopes), p.Title())
			}
			t.tellIn("- ", text)
			yes, err := t.yes(ctx, "  "+platform.T("Ask for it?"), !n.Approval)
			if err != nil {
				return nil, err
			}
			if yes {
				out = append(out, n.Capability)
			}
		}
		if len(out) > 0 {
			return out, nil
		}
		t.tell(platform.T("At least one is needed."))
	}
	return nil, threeTimes()
}

// askWhere asks which computer's browser the sign-in is in.
func (t *tool) askWhere(ctx context.Context, p *platform.Platform, s *signIn) error {
	if s.noBrowser || s.paste || s.device || p.Redirect == platform.RedirectNone {
		return nil
	}
	t.say("")
	if t.elsewhere(p, s) {
		return nil
	}
	here, err := t.yes(ctx, platform.T("Open the browser on this computer?"), true)
	s.noBrowser = !here
	return err
}

// elsewhere has the address printed where no browser can be shown on this computer.
func (t *tool) elsewhere(p *platform.Platform, s *signIn) bool {
	if s.noBrowser || s.paste || s.device || p.Redirect == platform.RedirectNone || t.HasDisplay == nil {
		return false
	}
	ok, reason := t.HasDisplay()
	if !ok {
		t.tell(platform.T("No browser can be shown here (%s): open the address that follows on any computer.", reason))
		s.noBrowser = true
	}
	return !ok
}

// needsApp reports whether a sign-in in the browser takes an app registration and none is stored.
func (t *tool) needsApp(ctx context.Context, svc agent.Service, p *platform.Platform, r agent.ConnectRequest) (bool, error) {
	reg := p.Registration
	if reg.Self || reg.None || r.ClientID != "" || p.HandOnly() {
		return false, nil
	}
	server, err := connect.Normalize(p, r.Server)
	if err != nil {
		return false, err
	}
	apps, err := svc.Apps(ctx)
	return err == nil && !slices.ContainsFunc(apps, func(a platform.App) bool { return a.Platform == p.ID && a.Server == server }), err
}

// prepareApp leads through the app registration where one is needed and none is stored.
func (t *tool) prepareApp(ctx context.Context, svc agent.Service, p *platform.Platform, r agent.ConnectRequest) error {
	needs, err := t.needsApp(ctx, svc, p, r)
	if err != nil || !needs {
		return err
	}
	server, err := connect.Normalize(p, r.Server)
	if err != nil {
		return err
	}
	redirect, err := svc.Redirect(ctx, p.ID)
	if err != nil {
		return err
	}
	t.say("")
	t.tell(platform.T("%s needs an app registration of your own, once.", p.Title()))
	t.registration(p, redirect)
	return t.typeApp(ctx, svc, p, server)
}

// registration says what to register at a platform, step by step.
func (t *tool) registration(p *platform.Platform, redirect string) {
	reg := p.Registration
	if reg.Console != "" {
		t.tell(platform.T("Register it here:"))
		t.tell(reg.Console)
	}
	steps := make([]string, len(reg.Steps))
	for i, step := range reg.Steps {
		steps[i] = strings.ReplaceAll(platform.T(step), "{redirect}", redirect)
	}
	t.numbered(steps)
	if redirect != "" && p.Redirect != platform.RedirectAnyPort {
		t.tell(platform.T("The redirect address must be exactly:"))
		t.tell(redirect)
	}
	if strings.HasPrefix(redirect, "https://"+connect.HostName+":") {
		t.tell(platform.T("For that address to reach this computer:"))
		for _, step := range connect.HTTPSSteps(runtime.GOOS) {
			t.say("- %s", step) // there is a command in it to copy, which a line break would spoil
		}
	}
	if reg.Review != "" {
		t.tell(platform.T(reg.Review))
	}
}

// typeApp asks for the client id and the secret, has the platform asked about
// them, and stores them.
func (t *tool) typeApp(ctx context.Context, svc agent.Service, p *platform.Platform, server string) error {
	for range tries {
		app, err := t.askApp(ctx, p, server)
		if err != nil {
			return err
		}
		wrong := false
		found, err := svc.TestApp(ctx, app)
		if err == nil { // else a sign-in will tell
			wrong = t.doubts(found)
		}
		keep := !wrong
		if wrong {
			if keep, err = t.yes(ctx, platform.T("Store it all the same?"), false); err != nil {
				return err
			}
		}
		if keep {
			return svc.SetApp(ctx, app)
		}
	}
	return threeTimes()
}

// doubts tells what is wrong with an app registration, or that the platform
// knows it, and gives whether it is of no use so.
func (t *tool) doubts(found []agent.Finding) (wrong bool) {
	for _, f := range found {
		if f.Name == "app" && f.Level == agent.LevelOK {
			t.tell(f.Text)
		}
		if f.Level != agent.LevelFail && f.Level != agent.LevelWarn {
			continue
		}
		t.tell(f.Line())
		wrong = wrong || f.Level == agent.LevelFail
	}
	return wrong
}

// askApp asks for an app registration.
func (t *tool) askApp(ctx context.Context, p *platform.Platform, server string) (agent.AppRequest, error) {
	reg := p.Registration
	id := words(reg.IDLabel, platform.T("Client id"))
	app := agent.AppRequest{Platform: p.ID, Server: server}
	missing := func(name string) func(string) (string, error) {
		return func(s string) (string, error) {
			if s = strings.TrimSpace(s); s == "" && name != "" {
				return "", errors.New(platform.T("%s is needed.", name))
			}
			return s, nil
		}
	}
	var err error
	if app.ClientID, err = answered(ctx, t, id+": ", missing(id)); err != nil {
		return app, err
	}
	if p.Redirect == platform.RedirectFixed || p.Redirect == platform.RedirectHTTPS {
		question := platform.T("Redirect address you registered (Enter = the one above): ")
		if app.Redirect, err = answered(ctx, t, question, func(s string) (string, error) {
			if s != "" && !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
				return "", errors.New(platform.T("An address begins with https:// or http://."))
			}
			return s, nil
		}); err != nil {
			return app, err
		}
	}
	if reg.Secret || p.Site == platform.SiteIssuer {
		name := words(reg.SecretLabel, platform.T("Client secret"))
		question, needed := platform.T("%s (it is not shown): ", name), name
		if p.Site == platform.SiteIssuer { // which may take public clients
			question, needed = platform.T("%s (it is not shown; Enter where there is none): ", name), ""
		}
		app.Secret, err = answeredBy(ctx, t, func() (string, error) { return t.hidden(ctx, question) }, missing(needed))
	}
	return app, err
}

// attempt is a sign-in that can be tried again.
type attempt struct {
	platform *platform.Platform
	server   string
	// account is the one that is there already; nil on a first connection.
	account *agent.Row
	// start begins it and asks for what it takes.
	start func(ctx context.Context) (agent.Flow, error)
}

// errSkipped: the person leaves this account for later, and goes on with the next.
var errSkipped = errors.New("skipped")

// lead leads a sign-in and lets the person decide about what came of it. In a
// queue it can be skipped. What went wrong was told already where the error is told.
func (t *tool) lead(ctx context.Context, svc agent.Service, a attempt, s signIn, queue bool) (agent.Flow, error) {
	for {
		f, err := a.start(ctx)
		if err == nil {
			f, err = t.watch(ctx, svc, f, s)
		}
		if err == nil {
			if err = t.ended(ctx, svc, f); err == nil {
				again, err := t.askFewer(ctx, svc, f, s)
				if err != nil || again == nil {
					return f, err
				}
				a = *again
				continue
			}
		}
		if ctx.Err() != nil || f.ID == "" && platform.KindOf(err) == platform.KindCancelled {
			return f, err
		}
		next, err := t.askAfter(ctx, svc, a, f, err, s, queue)
		if err != nil {
			return f, err
		}
		a = *next
	}
}

// askAfter tells what went wrong and asks what to do about it. The error ends
// the sign-in; it is errSkipped where the next of a queue is to follow.
func (t *tool) askAfter(ctx context.Context, svc agent.Service, a attempt, f agent.Flow, failure error, s signIn, queue bool) (*attempt, error) {
	kind := platform.KindOf(failure)
	switch kind {
	case platform.KindLocked, platform.KindStorage, platform.KindAgent:
		return nil, failure // another try would end the same way
	}
	if e, ok := errors.AsType[*platform.Error](failure); ok && e.Code == codeAnswers {
		return nil, failure // one more question is no help
	}
	var options []string
	var acts []func() (*attempt, error)
	add := func(word string, act func() (*attempt, error)) {
		options, acts = append(options, word), append(acts, act)
	}
	add(platform.T("Try again"), func() (*attempt, error) { return &a, nil })
	if kind == platform.KindWrongAccount && a.account != nil && f.SignedIn != "" {
		acc := a.account.Account
		t.tell(platform.T("You signed in as %s. This account is %s. Nothing was changed.", f.SignedIn, acc.Title()))
		add(platform.T("Add %s as a new account", f.SignedIn), func() (*attempt, error) {
			r := agent.ConnectRequest{Platform: acc.Platform, Server: acc.Server, Wants: acc.Wants, NoBrowser: s.noBrowser || s.paste, NoListener: s.paste}
			return &attempt{platform: a.platform, server: a.server, start: func(ctx context.Context) (agent.Flow, error) { return svc.Connect(ctx, r) }}, nil
		})
	} else {
		t.tell("relink: " + errorLine(failure))
	}
	if reg := a.platform.Registration; kind == platform.KindConfig && !reg.Self && !reg.None && !s.byHand(a.platform) {
		add(platform.T("Type the app registration again"), func() (*attempt, error) {
			redirect, err := svc.Redirect(ctx, a.platform.ID)
			if err != nil {
				return nil, err
			}
			t.registration(a.platform, redirect)
			return &a, t.typeApp(ctx, svc, a.platform, a.server)
		})
	}
	if queue {
		add(platform.T("Skip this account"), func() (*attempt, error) { return nil, errSkipped })
	}
	add(platform.T("Stop"), func() (*attempt, error) { return nil, told(exitCode(failure)) })
	n, err := t.offer(ctx, platform.T("What now?"), options)
	if err != nil {
		return nil, err
	}
	return acts[n]()
}

// askFewer asks about permissions that were not granted; nil keeps things as they are.
func (t *tool) askFewer(ctx context.Context, svc agent.Service, f agent.Flow, s signIn) (*attempt, error) {
	if len(f.Accounts) == 0 {
		return nil, nil
	}
	snapshot, err := svc.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range f.Accounts {
		row := snapshot.Row(id)
		if row == nil || !slices.ContainsFunc(row.Status.Capabilities, func(c platform.CapabilityStatus) bool { return len(c.Missing) > 0 }) {
			continue
		}
		p, err := platform.Lookup(row.Account.Platform)
		if err != nil {
			return nil, err
		}
		if s.byHand(p) {
			return nil, nil
		}
		for _, c := range row.Status.Capabilities {
			if len(c.Missing) > 0 {
				t.tellIn("- ", platform.T("%s does not work: %s was not granted.", platform.Capital(c.Capability.Word()), platform.Join(c.Missing)))
			}
		}
		again, err := t.yes(ctx, platform.T("Sign in again and allow it?"), false)
		if err != nil || !again {
			return nil, ignoreCancelled(ctx, err)
		}
		s.anew = true
		next := t.attemptOf(svc, row, s)
		return &next, nil
	}
	return nil, nil
}

// ignoreCancelled is for questions about what is done and stored already: no answer leaves it so.
func ignoreCancelled(ctx context.Context, err error) error {
	if ctx.Err() == nil && platform.KindOf(err) == platform.KindCancelled {
		return nil
	}
	return err
}

// attemptOf is the sign-in of an account that is there.
func (t *tool) attemptOf(svc agent.Service, row *agent.Row, s signIn) attempt {
	p, err := platform.Lookup(row.Account.Platform)
	if err != nil {
		p = &platform.Platform{ID: row.Account.Platform, Name: row.Account.Platform, Registration: platform.Registration{None: true}}
	}
	return attempt{platform: p, server: row.Account.Server, account: row, start: func(ctx context.Context) (agent.Flow, error) {
		return t.startAgain(ctx, svc, row.Account.ID, s)
	}}
}
