package agent

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relink/notifier"
	"relink/platform"
)

// update changes an account's metadata in the vault and in the state. The
// vault's account is changed, not a copy that may be old.
func (a *Agent) update(ctx context.Context, name string, change func(*platform.Account)) (platform.Account, error) {
	acc, err := a.find(name)
	if err != nil {
		return acc, err
	}
	a.storing.Lock()
	defer a.storing.Unlock()
	if acc, err = a.cfg.Vault.Account(ctx, acc.ID); err != nil {
		return acc, platform.As(err, platform.KindStorage)
	}
	change(&acc)
	if err := a.cfg.Vault.UpdateAccount(ctx, acc); err != nil {
		return acc, platform.As(err, platform.KindStorage)
	}
	a.mu.Lock()
	a.index.put(acc)
	a.mu.Unlock()
	return acc, a.shown(ctx, func() {
		if e := a.entries[acc.ID]; e != nil {
			e.account = acc
			a.dirty[acc.ID] = e
		}
	})
}

// Snooze implements Service.
func (a *Agent) Snooze(ctx context.Context, account string, until time.Time) error {
	acc, err := a.update(ctx, account, func(acc *platform.Account) { acc.Snoozed = until })
	if err != nil {
		return err
	}
	text := platform.T("Reminders are on again.")
	if !until.IsZero() {
		text = platform.T("Snoozed until %s.", platform.When(until, a.clock.now()))
	}
	a.journal.add(Event{At: a.clock.now(), Account: acc.ID, Ref: acc.Ref(), Kind: "snoozed", Text: text})
	if until.IsZero() {
		return nil
	}
	return a.do(ctx, func() { a.takeBack(acc.ID) })
}

// Later implements Service.
func (a *Agent) Later(ctx context.Context, account string, choice notifier.Later) (time.Time, error) {
	acc, err := a.find(account)
	if err != nil {
		return time.Time{}, err
	}
	var first time.Time
	now := a.clock.now()
	if a.cfg.Posts != nil {
		after := now
		if row := a.snap.Load().Row(acc.ID); row != nil && row.Status.Deadline.At.After(after) {
			after = row.Status.Deadline.At
		}
		_, first = a.cfg.Posts(acc.ID, after)
	}
	until, ok := choice.Until(now, a.rules(), first)
	switch {
	case ok:
		return until, a.Snooze(ctx, acc.ID, until)
	case choice != notifier.LaterPost:
		return until, &platform.Error{Kind: platform.KindUsage, Message: platform.T("nobody knows when %s is", string(choice)), Repair: platform.T("choose hour, tomorrow or post")}
	case first.IsZero():
		return until, &platform.Error{Kind: platform.KindUsage, Message: platform.T("no scheduled post waits for %s", acc.Ref()), Repair: platform.T("snooze it for a time: relink snooze %s tomorrow", acc.Ref())}
	}
	return until, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the first post of %s goes out too soon to wait", acc.Ref()), Repair: platform.T("reconnect it now: relink reconnect %s", acc.Ref())}
}

// Mute implements Service.
func (a *Agent) Mute(ctx context.Context, account string, on bool) error {
	acc, err := a.update(ctx, account, func(acc *platform.Account) { acc.Muted = on })
	if err != nil {
		return err
	}
	text := platform.T("Reminders are on again.")
	if on {
		text = platform.T("Reminders were switched off for this account.")
	}
	a.journal.add(Event{At: a.clock.now(), Account: acc.ID, Ref: acc.Ref(), Kind: "settings", Text: text})
	if !on {
		return nil
	}
	return a.do(ctx, func() { a.takeBack(acc.ID) })
}

// SetSteps implements Service.
func (a *Agent) SetSteps(ctx context.Context, account string, steps []time.Duration) error {
	for _, d := range steps {
		if d <= 0 || d > 365*24*time.Hour {
			return &platform.Error{Kind: platform.KindUsage, Message: platform.T("a reminder cannot be %s before the end", platform.Span(d)), Repair: platform.T("give spans of up to a year, such as 14d,3d")}
		}
	}
	steps = slices.Clone(steps)
	slices.Sort(steps)
	steps = slices.Compact(steps)
	slices.Reverse(steps)
	acc, err := a.update(ctx, account, func(acc *platform.Account) { acc.Steps = steps })
	if err != nil {
		return err
	}
	a.journal.add(Event{At: a.clock.now(), Account: acc.ID, Ref: acc.Ref(), Kind: "settings", Text: platform.T("The reminders of this account were changed.")})
	return nil
}

// takeBack takes an account's note from the screen. The loop calls it.
func (a *Agent) takeBack(id string) {
	if e := a.entries[id]; e != nil && e.shown != "" {
		a.mail.withdraw(e.shown)
		e.shown = ""
	}
}

const metaPaused = "paused"

// Pause implements Service.
func (a *Agent) Pause(ctx context.Context, until time.Time) error {
	value := ""
	if !until.IsZero() {
		value = until.UTC().Format(time.RFC3339)
	}
	if err := a.cfg.Vault.SetMeta(ctx, metaPaused, value); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return a.shown(ctx, func() {
		a.head.paused, a.headNew = until, true
		a.replan()
	})
}

// replan looks at every account again: a setting changed what is due.
func (a *Agent) replan() {
	for id, e := range a.entries {
		a.dirty[id] = e
	}
}

// Rename implements Service.
func (a *Agent) Rename(ctx context.Context, account, alias string) error {
	old, err := a.find(account)
	if err != nil {
		return err
	}
	alias = slug(alias)
	if alias == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("that is not a name"), Repair: platform.T("use letters, digits, dots and dashes")}
	}
	if taken, err := a.find(old.Platform + "/" + alias); err == nil && taken.ID != old.ID {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("%s is taken", taken.Ref()), Repair: platform.T("choose another name")}
	}
	acc, err := a.update(ctx, old.ID, func(acc *platform.Account) {
		old = *acc
		acc.Alias = alias
	})
	if err != nil {
		return err
	}
	a.journal.add(Event{At: a.clock.now(), Account: acc.ID, Ref: acc.Ref(), Kind: "renamed", Text: platform.T("%s is now %s", old.Ref(), acc.Ref())})
	return nil
}

// The bounds of labels, in characters and number.
const (
	labelLongest = 40
	labelsMost   = 20
)

// Label implements Service.
func (a *Agent) Label(ctx context.Context, account string, labels []string) error {
	clean, err := cleanLabels(labels)
	if err != nil {
		return err
	}
	acc, err := a.update(ctx, account, func(acc *platform.Account) { acc.Labels = clean })
	if err != nil {
		return err
	}
	text := platform.T("The labels were taken away.")
	if len(clean) > 0 {
		text = platform.T("Labelled %s.", strings.Join(clean, ", "))
	}
	a.journal.add(Event{At: a.clock.now(), Account: acc.ID, Ref: acc.Ref(), Kind: "labelled", Text: text})
	return nil
}

// cleanLabels makes labels one line each and drops those that are there
// already, whatever their case.
func cleanLabels(labels []string) ([]string, error) {
	var out []string
	for _, l := range labels {
		l = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			switch {
			case unicode.IsSpace(r):
				return ' '
			case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
				return -1
			}
			return r
		}, l)), " ")
		if l == "" || slices.ContainsFunc(out, func(x string) bool { return strings.EqualFold(x, l) }) {
			continue
		}
		if utf8.RuneCountInString(l) > labelLongest {
			return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T("a label has at most %d characters", labelLongest), Repair: platform.T("choose a shorter one")}
		}
		out = append(out, l)
	}
	if len(out) > labelsMost {
		return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T("an account has at most %d labels", labelsMost), Repair: platform.T("leave some out")}
	}
	return out, nil
}

// Forget implements Service.
func (a *Agent) Forget(ctx context.Context, account string, revoke bool) error {
	acc, err := a.find(account)
	if err != nil {
		return err
	}
	if revoke {
		if err := a.revoke(ctx, acc); err != nil {
			return err
		}
	}
	a.endFlows(acc.ID)
	a.storing.Lock()
	defer a.storing.Unlock()
	if err := a.cfg.Vault.Forget(ctx, acc.ID); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	a.avatars.drop(acc.ID)
	if err := a.cfg.Vault.SetMeta(ctx, browserKey(acc.ID), ""); err != nil {
		a.log.Warn("forget the account's browser", "error", err) // its id never comes again
	}
	text := platform.T("%s was removed from Relink", acc.Title())
	if revoke {
		text = platform.T("%s was removed from Relink and revoked at the platform", acc.Title())
	}
	a.journal.add(Event{At: a.clock.now(), Account: acc.ID, Ref: acc.Ref(), Kind: "forgotten", Text: text})
	a.mu.Lock()
	a.index.drop(acc.ID)
	delete(a.warm, acc.ID)
	a.mu.Unlock()
	return a.shown(ctx, func() {
		e := a.entries[acc.ID]
		if e == nil {
			return
		}
		if e.shown != "" {
			a.mail.withdraw(e.shown)
		}
		if !e.account.Keeper.IsZero() {
			a.warn(keeperPart(acc.ID), "")
			a.task(func(context.Context) { a.watchKeepers() })
		}
		a.heap.remove(e)
		a.crowd--
		delete(a.entries, acc.ID)
		delete(a.dirty, acc.ID)
		a.gone = append(a.gone, acc.ID)
	})
}

// revoke ends the grant at the platform. A failure leaves everything as it is.
func (a *Agent) revoke(ctx context.Context, acc platform.Account) error {
	p, err := platform.Lookup(acc.Platform)
	if err != nil {
		return err
	}
	if p.Revoke == nil {
		return &platform.Error{Kind: platform.KindPolicy, Platform: p.ID, Message: platform.T("%s has no way for a program to revoke a token", p.Title()), Repair: platform.T("remove the app at %s and run: relink forget %s", p.RevokePage, acc.Ref())}
	}
	g, err := keptVault{a.cfg.Vault, a}.Grant(ctx, acc.ID)
	if err != nil {
		return platform.As(err, platform.KindStorage)
	}
	if g.Generation == 0 {
		return nil
	}
	app, err := a.cfg.Vault.App(ctx, acc.Platform, acc.Server)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return platform.As(err, platform.KindStorage)
	}
	endpoint, err := p.Discover(ctx, a.cfg.Net, acc.Server)
	if err != nil {
		return platform.As(err, platform.KindRetry)
	}
	err = p.Revoke(ctx, platform.Call{Net: a.cfg.Net, App: app, Endpoint: endpoint, Account: acc, Tokens: g.Tokens, TokenType: g.TokenType, Now: a.clock.now()})
	switch platform.KindOf(err) {
	case platform.KindReconnect, platform.KindRefresh:
		return nil // it is dead already
	}
	if err != nil {
		return platform.As(err, platform.KindRetry).WithRepair(platform.T("the account was kept; try again, or forget it without --revoke"))
	}
	return nil
}

// Apps implements Service.
func (a *Agent) Apps(ctx context.Context) ([]platform.App, error) {
	apps, err := a.cfg.Vault.Apps(ctx)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	return apps, nil
}

// SetApp implements Service.
func (a *Agent) SetApp(ctx context.Context, r AppRequest) error {
	p, err := platform.Lookup(r.Platform)
	if err != nil {
		return err
	}
	if strings.TrimSpace(r.ClientID) == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("no client id was given"), Repair: platform.T("copy it from %s", or(p.Registration.Console, platform.T("the platform's console")))}
	}
	if p.Registration.Secret && p.Site != platform.SiteIssuer && r.Secret == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("%s needs the app's secret too", p.Title()), Repair: platform.T("copy it from %s", or(p.Registration.Console, platform.T("the platform's console")))}
	}
	server, err := a.site(p, r.Server)
	if err != nil {
		return err
	}
	app := platform.App{
		Platform: p.ID, Server: server, ID: strings.TrimSpace(r.ClientID),
		Secret: platform.NewSecret(strings.TrimSpace(r.Secret)), Redirect: strings.TrimSpace(r.Redirect),
	}
	if err := a.cfg.Vault.SetApp(ctx, app); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	now := a.clock.now()
	a.journal.add(Event{At: now, Kind: "settings", Text: platform.T("The app registration for %s was stored.", p.Title())})
	return a.shown(ctx, func() {
		part := appPart(p.ID, server)
		if a.head.warnings[part] == "" {
			return
		}
		a.warn(part, "")
		for id, e := range a.entries { // see whether it is right now
			if e.account.Platform == p.ID && e.account.Server == server {
				e.verifyAt = now.Add(a.spread(0))
				a.dirty[id] = e
			}
		}
	})
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// DeleteApp implements Service.
func (a *Agent) DeleteApp(ctx context.Context, platformID, server string) error {
	p, err := platform.Lookup(platformID)
	if err != nil {
		return err
	}
	if server, err = a.site(p, server); err != nil {
		return err
	}
	if err := a.cfg.Vault.DeleteApp(ctx, platformID, server); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return nil
}

// Settings implements Service.
func (a *Agent) Settings(context.Context) (Settings, error) {
	s := *a.settings.Load()
	s.Key, s.KeyPlace = a.cfg.Vault.Key(), a.cfg.Vault.KeyPlace()
	if a.cfg.Autostart != nil {
		// The system's own settings can switch it too: ask, do not remember.
		on, err := a.cfg.Autostart()
		s.Autostart = err == nil && on
	}
	return s, nil
}

// SetSettings implements Service. All of it happens, or nothing.
func (a *Agent) SetSettings(ctx context.Context, s Settings) error {
	a.storing.Lock()
	defer a.storing.Unlock()
	old, err := a.Settings(ctx)
	if err != nil {
		return err
	}
	if err := a.cfg.Settings.Save(s); err != nil { // which also checks them
		return platform.As(err, platform.KindConfig)
	}
	loaded, _, err := a.cfg.Settings.Load()
	if err == nil && a.cfg.SetAutostart != nil && s.Autostart != old.Autostart {
		err = a.cfg.SetAutostart(s.Autostart)
	}
	if err != nil {
		if err := a.cfg.Settings.Save(old); err != nil {
			a.log.Error("put settings back", "error", err)
		}
		return platform.As(err, platform.KindConfig)
	}
	a.settings.Store(&loaded)
	was := platform.Language()
	a.speak(loaded.Language)
	return a.shown(ctx, func() {
		if platform.Language() != was {
			a.resay()
		}
		a.channelsSet(&old, &loaded)
		if s.Autostart {
			a.hint(hintAutostart, "")
		}
		a.warn("settings", "")
		a.headNew = true
		a.replan()
	})
}

// Unlock implements Service.
func (a *Agent) Unlock(ctx context.Context, passphrase string, create bool) error {
	if err := a.cfg.Vault.Unlock(ctx, passphrase, create); err != nil {
		return platform.As(err, platform.KindLocked)
	}
	return a.shown(ctx, func() { a.lockChanged(nil, 0) })
}

// Doctor implements Service.
func (a *Agent) Doctor(ctx context.Context) ([]Finding, error) {
	var out []Finding
	key := Finding{Name: "keyring", Level: LevelOK, Text: platform.T("The vault's key is %s.", a.cfg.Vault.KeyPlace())}
	if err := a.cfg.Vault.Locked(); err != nil {
		e := platform.As(err, platform.KindLocked)
		key = Finding{Name: "keyring", Level: LevelFail, Text: e.Message, Repair: e.Repair}
	}
	out = append(out, key)
	if msg := a.cfg.Vault.SetAside(); msg != "" {
		out = append(out, Finding{Name: "vault", Level: LevelWarn, Text: msg})
	} else {
		out = append(out, Finding{Name: "vault", Level: LevelOK, Text: platform.N(a.snap.Load().Len(), "%d account in %s.", "%d accounts in %s.", a.cfg.About.Data)})
	}
	shown := a.senderFinding(ctx)
	out = append(out, shown)
	out = append(out, a.channelFindings(ctx, shown.Level != LevelFail)...)
	clock := Finding{Name: "clock", Level: LevelOK, Text: platform.T("The computer's clock is believed.")}
	if off := a.clock.off(); off != 0 {
		clock = Finding{Name: "clock", Level: LevelWarn, Text: platform.T("The computer's clock is off by %s from what Relink saw.", platform.Span(off)), Repair: platform.T("check the date and time settings")}
	}
	out = append(out, clock)
	if a.cfg.Findings != nil {
		out = append(out, a.cfg.Findings(ctx)...)
	}
	return out, nil
}

func (a *Agent) senderFinding(ctx context.Context) Finding {
	if a.sender == nil {
		return Finding{Name: "notifications", Level: LevelFail, Text: platform.T("There is no way to notify here."), Repair: platform.T("look at relink status, or start Relink in a desktop session")}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	can, err := a.sender.Abilities(ctx)
	switch {
	case err != nil:
		e := platform.As(err, platform.KindConfig)
		return Finding{Name: "notifications", Level: LevelFail, Text: e.Message, Repair: e.Repair}
	case can.Off != "":
		text, repair := platform.Halves(can.Off)
		return Finding{Name: "notifications", Level: LevelWarn, Text: platform.T("Notifications may not appear: %s.", text), Repair: repair}
	case !can.Actions:
		return Finding{Name: "notifications", Level: LevelWarn, Text: platform.T("%s shows notes without buttons.", can.Name), Repair: platform.T("reconnect from the tray menu or the window")}
	}
	return Finding{Name: "notifications", Level: LevelOK, Text: platform.T("%s shows notes with buttons.", can.Name)}
}

// About implements Service.
func (a *Agent) About(context.Context) (About, error) {
	about := a.cfg.About
	a.mu.Lock()
	about.Windows = len(a.pages)
	a.mu.Unlock()
	return about, nil
}

// Quit implements Service.
func (a *Agent) Quit(context.Context) error {
	// After the answer is out: the caller is connected to this process.
	a.task(func(ctx context.Context) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
		a.quit()
	})
	return nil
}

// Activate implements Service.
func (a *Agent) Activate(ctx context.Context, act Activation) error {
	if act.Link != "" {
		var err error
		if act, err = a.linked(act); err != nil {
			return err
		}
	}
	a.answered(act)
	if a.rehearsed(act) {
		return nil
	}
	open := func(page string) error {
		err := a.show(ctx, Page{Name: page, Token: act.Token})
		if err == nil {
			err = a.seen(ctx)
		}
		if err != nil {
			a.mailNote(notifier.NoWindow(platform.As(err, platform.KindConfig)))
		}
		return err
	}
	if act.Account == "" {
		switch act.Action {
		case notifier.ActionSettings:
			if strings.HasPrefix(act.Note, programNote) {
				return open("settings:Scripts")
			}
			return open("settings")
		case notifier.ActionConnect:
			return open("connect")
		case notifier.ActionNotices:
			return open("notices")
		case notifier.ActionAbout:
			return open("about")
		case notifier.ActionReview, notifier.ActionReconnect:
			// Several at once are a queue that a person walks in the window.
			return open("needs")
		}
		return open("accounts")
	}
	acc, err := a.find(act.Account)
	if err != nil {
		return err
	}
	switch act.Action {
	case notifier.ActionReconnect:
		// A note may be hours old: what it said is checked before anything opens,
		// in the vault, where another program may have renewed the grant.
		a.reload(ctx, acc.ID)
		if err := a.settled(ctx); err != nil {
			return err
		}
		row := a.snap.Load().Row(acc.ID)
		if row != nil && row.Status.State == platform.StateConnected && row.Status.Reason == "" {
			a.mailNote(notifier.Connected(acc, row.Status, a.clock.now(), nil))
			return nil
		}
		if p, err := platform.Lookup(acc.Platform); err == nil && row != nil && p.ByHand(row.Grant) && a.cfg.OpenWindow != nil {
			return open("account:" + acc.ID) // where the credential can be handed over; the browser would swap it for another
		}
		f, err := a.reconnect(ctx, ReconnectRequest{Account: acc.ID}, act.Token, true)
		if err != nil {
			a.mailNote(notifier.Failed(acc, platform.As(err, platform.KindRetry)))
			return err
		}
		if !f.Listening && a.cfg.OpenWindow != nil {
			return open("account:" + acc.ID) // where the address can be pasted
		}
		return nil
	case notifier.ActionLater:
		return a.Snooze(ctx, acc.ID, a.later(acc.ID))
	}
	return open("account:" + acc.ID)
}

// linked is what a relink:// address comes to. A web page can write one, so that
// it opens the window, where a person clicks, and does nothing else; only on a
// note of Relink's own it is that click already.
func (a *Agent) linked(act Activation) (Activation, error) {
	t, err := notifier.ParseLink(act.Link)
	if err != nil {
		return Activation{}, err
	}
	out := Activation{Account: t.Account, Action: t.Action, Token: act.Token}
	if a.cfg.Marks.Genuine(t, a.cfg.Now()) {
		out.Note = t.Note
		return out, nil
	}
	if out.Action == notifier.ActionReconnect || out.Action == notifier.ActionLater {
		out.Action = notifier.ActionShow
	}
	if acc, err := a.find(out.Account); err == nil {
		out.Account = acc.ID
	} else {
		out.Account = "" // forgotten, or never there: the list shows which are
	}
	return out, nil
}

// later is when "Later" brings a reminder back: tomorrow at the reminder hour,
// or in an hour where the account ends before that.
func (a *Agent) later(id string) time.Time {
	now := a.clock.now()
	until, _ := notifier.LaterTomorrow.Until(now, a.rules(), time.Time{})
	if row := a.snap.Load().Row(id); row != nil {
		if d := row.Status.Deadline; d.Ends() && d.At.After(now) && d.At.Before(until) {
			return now.Add(time.Hour)
		}
	}
	return until
}

// speak makes the agent speak the person's language.
func (a *Agent) speak(setting string) {
	if a.cfg.Language == nil {
		return
	}
	if err := a.cfg.Language(setting); err != nil {
		a.log.Warn("language", "error", err)
	}
}
