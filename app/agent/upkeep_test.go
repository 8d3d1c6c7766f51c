package agent

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
	"relink/platform/sandbox"
)

func TestBrowserComesBack(t *testing.T) {
	cfg := config(newMemVault(), nil, &listener{})
	var asked string
	page := make(chan string, 1)
	cfg.TryBrowser = func(ctx context.Context, command, address string, _ func(error)) error {
		asked = command
		go func() {
			defer close(page)
			r, err := http.Get(address[:strings.LastIndex(address, "/")] + "/favicon.ico")
			if err == nil {
				_ = r.Body.Close()
			}
			if r, err = http.Get(address); err != nil {
				return
			}
			defer func() { _ = r.Body.Close() }()
			body, _ := io.ReadAll(r.Body)
			page <- string(body)
		}()
		return nil
	}
	a, stop := running(t, cfg)
	text, err := a.TestBrowser(t.Context(), "firefox -P work")
	if err != nil || asked != "firefox -P work" || !strings.HasPrefix(text, "The browser opened the test page after ") {
		t.Errorf("got %q, %v, by %q", text, err, asked)
	}
	stop()
	http.DefaultClient.CloseIdleConnections()
	if shown := <-page; !strings.Contains(shown, "You can close this tab.") || strings.Contains(shown, "<script") {
		t.Errorf("the browser shows %q", shown)
	}
}

func TestBrowserThatFails(t *testing.T) {
	browserWait = time.Second
	defer func() { browserWait = 30 * time.Second }()
	bad := &platform.Error{Kind: platform.KindConfig, Message: "it cannot be started", Repair: "choose another"}
	for name, tt := range map[string]struct {
		try  func(failed func(error)) error
		kind platform.Kind
		says string
	}{
		"not there":     {func(func(error)) error { return bad }, platform.KindConfig, "it cannot be started"},
		"ends at once":  {func(failed func(error)) error { go failed(bad); return nil }, platform.KindConfig, "it cannot be started"},
		"shows nothing": {func(func(error)) error { return nil }, platform.KindTimeout, "did not ask for the test page within 1 second"},
	} {
		cfg := config(newMemVault(), nil, &listener{})
		cfg.TryBrowser = func(_ context.Context, _, _ string, failed func(error)) error { return tt.try(failed) }
		a, stop := running(t, cfg)
		text, err := a.TestBrowser(t.Context(), "")
		e := platform.As(err, "")
		if text != "" || e == nil || e.Kind != tt.kind || !strings.Contains(e.Message, tt.says) || e.Repair == "" {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
		stop()
	}
}

func TestNotificationTest(t *testing.T) {
	ears := &listener{}
	a, _ := running(t, config(newMemVault(), nil, ears))
	text, err := a.TestChannel(t.Context(), ChannelDesktop)
	if err != nil || text != "test took the notification." || len(ears.all()) != 1 {
		t.Errorf("got %q, %v, %d notes", text, err, len(ears.all()))
	}
	ears.mu.Lock()
	ears.fails = &platform.Error{Kind: platform.KindConfig, Message: "no server answers", Repair: "start one"}
	ears.mu.Unlock()
	if text, err := a.TestChannel(t.Context(), ChannelDesktop); text != "" || platform.KindOf(err) != platform.KindConfig || err.Error() != "no server answers; start one" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestLockStopsTokensUntilUnlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, stop := running(t, config(one(t, time.Now(), 60*testDay), nil, &listener{}))
		defer stop()
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); err != nil {
			t.Fatal(err)
		}
		if err := a.Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s, err := a.Snapshot(t.Context()); err != nil || !strings.Contains(s.Locked, "as you asked") {
			t.Errorf("the snapshot says %q, %v", s.Locked, err)
		}
		if got, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); platform.KindOf(err) != platform.KindLocked {
			t.Errorf("got %v, %v", got, err)
		}
		if err := a.Unlock(t.Context(), "", false); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Token(t.Context(), TokenRequest{Account: "acme"}); err != nil {
			t.Error(err)
		}
	})
}

func TestProgramsAreJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, ears := one(t, time.Now(), 60*testDay), &listener{}
		cfg := config(v, nil, ears)
		a, stop := running(t, cfg)
		ask := func(name string, interactive bool) error {
			t.Helper()
			_, err := a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: name, Interactive: interactive})
			synctest.Wait()
			return err
		}
		list := func() (names []string) {
			t.Helper()
			all, err := a.Programs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				s := p.Name + " " + string(p.Rule)
				for _, took := range p.Took {
					s += " " + took.Ref
				}
				if !p.Asked.IsZero() {
					s += " asked"
				}
				names = append(names, s)
			}
			return names
		}
		want := func(names ...string) {
			t.Helper()
			if got := list(); !slices.Equal(got, names) {
				t.Errorf("got %q, want %q", got, names)
			}
		}
		// Nobody is asked while nothing is to be confirmed.
		if err := ask("post.sh", false); err != nil {
			t.Fatal(err)
		}
		want("post.sh  linkedin/acme")
		pass(time.Minute)

		s, err := a.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Confirm = true
		if err := a.SetSettings(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		e := platform.As(ask("new one", false), "")
		if e == nil || e.Kind != platform.KindPermission || e.Code != "program_unknown" || !strings.HasSuffix(e.Repair, "relink programs allow 'new one'") {
			t.Fatalf("got %v", e)
		}
		if err := ask("new one", false); err == nil {
			t.Error("a program that asks twice gets a token")
		}
		if n := len(ears.all()); n != 1 || ears.all()[0].note.Title != "new one asks for a token" {
			t.Errorf("%d notes, want one", n)
		}
		if err := ask("shell", true); err != nil {
			t.Errorf("a person at a terminal: %v", err)
		}
		want("new one  asked", "shell  linkedin/acme", "post.sh  linkedin/acme")
		if err := a.SetProgram(t.Context(), "new one", RuleAllow); err != nil {
			t.Fatal(err)
		}
		if err := ask("new one", false); err != nil {
			t.Errorf("an allowed program: %v", err)
		}
		if err := a.SetProgram(t.Context(), "shell", RuleDeny); err != nil {
			t.Fatal(err)
		}
		if e := platform.As(ask("shell", true), ""); e == nil || e.Code != "program_denied" {
			t.Errorf("a denied program at a terminal: %v", e)
		}

		// The rules outlive the agent, and what was forgotten is.
		stop()
		a, stop = running(t, cfg)
		defer stop()
		if e := platform.As(ask("shell", false), ""); e == nil || e.Code != "program_denied" {
			t.Errorf("after a restart: %v", e)
		}
		pass(time.Minute)
		for _, name := range []string{"post.sh", "shell"} {
			if err := a.ForgetProgram(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		want("new one allow linkedin/acme")
		if err := a.ForgetProgram(t.Context(), "post.sh"); platform.KindOf(err) != platform.KindNotFound {
			t.Errorf("forget twice: %v", err)
		}
		if err := a.SetProgram(t.Context(), " ", RuleAllow); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("no name: %v", err)
		}
	})
}

// A forgotten program that comes again is listed again.
func TestForgottenProgramComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, stop := running(t, config(one(t, time.Now(), 60*testDay), nil, &listener{}))
		defer stop()
		for range 2 {
			if _, err := a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: "post.sh"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if all, err := a.Programs(t.Context()); err != nil || len(all) != 1 || len(all[0].Took) != 1 {
				t.Fatalf("got %+v, %v", all, err)
			}
			pass(time.Minute)
			if err := a.ForgetProgram(t.Context(), "post.sh"); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
		}
	})
}

// Whoever invents names does not fill the vault, and no rule is lost to it.
func TestProgramsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config(one(t, time.Now(), 60*testDay), nil, &listener{})
		cfg.Settings.(*memSettings).s.Confirm = true
		a, stop := running(t, cfg)
		defer stop()
		if err := a.SetProgram(t.Context(), "mine", RuleDeny); err != nil {
			t.Fatal(err)
		}
		for i := range programsMost + 50 {
			_, _ = a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: strings.Repeat("x", 300) + string(rune('a'+i%26)) + time.Duration(i).String()})
			_, _ = a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: time.Duration(i).String()})
			synctest.Wait()
		}
		all := a.programs.all()
		if len(all) != programsMost+1 || all["mine"].Rule != RuleDeny {
			t.Errorf("%d are remembered, mine as %q", len(all), all["mine"].Rule)
		}
		for name := range all {
			if len(name) > 100 {
				t.Errorf("a name of %d letters is kept", len(name))
			}
		}
	})
}

// A program that was forgotten stays so, however many others ask before or after.
func TestForgottenProgramStaysForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config(one(t, time.Now(), 60*testDay), nil, &listener{})
		a, stop := running(t, cfg)
		defer stop()
		take := func(name string) error {
			_, err := a.Token(t.Context(), TokenRequest{Account: "acme", Consumer: name})
			synctest.Wait()
			return err
		}
		crowd := func(of string) {
			for i := range programsMost + 5 {
				if err := take(of + time.Duration(i).String()); err == nil {
					t.Fatal("a program that nobody allowed has a token")
				}
			}
		}
		shown := func() bool {
			all, err := a.Programs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(all, func(p Program) bool { return p.Name == "post.sh" })
		}
		if err := take("post.sh"); err != nil || !shown() {
			t.Fatalf("it took no token: %v", err)
		}
		s, err := a.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Confirm = true
		if err := a.SetSettings(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		crowd("before ")
		pass(time.Minute)
		if err := a.ForgetProgram(t.Context(), "post.sh"); err != nil || shown() {
			t.Fatalf("forgotten, it is shown; %v", err)
		}
		crowd("after ")
		if shown() {
			t.Error("forgotten, it is shown again once others have asked")
		}
		// Having asked itself, it waits as others do, and what it took before stays forgotten.
		if take("post.sh") == nil || !shown() {
			t.Error("it has a token, or is not shown to wait")
		}
		pass(time.Minute)
		crowd("later ")
		if shown() {
			t.Error("what it took before it was forgotten is told again")
		}
	})
	// The mark goes with what it covers.
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	all := map[string]programState{
		"long ago": {Forgot: now.Add(-programsKept - time.Hour)}, "lately": {Forgot: now.Add(-programsKept + time.Hour)},
		"denied since": {Rule: RuleDeny, Forgot: now.Add(-2 * programsKept)},
	}
	limitPrograms(all, now)
	if _, kept := all["long ago"]; kept || len(all) != 2 || all["lately"].Forgot.IsZero() || all["denied since"] != (programState{Rule: RuleDeny}) {
		t.Errorf("kept: %+v", all)
	}
}

func TestCertificateIsTold(t *testing.T) {
	cfg := config(newMemVault(), nil, &listener{})
	dir := t.TempDir()
	cfg.Certificate = func(host string) (tls.Certificate, error) { return connect.Certificate(dir, host, time.Now()) }
	a, _ := running(t, cfg)
	c, err := a.Certificate(t.Context())
	if err != nil || c.Host != connect.HostName || len(c.Fingerprint) != 95 || c.Ends.Before(time.Now().AddDate(1, 0, 0)) {
		t.Fatalf("got %+v, %v", c, err)
	}
	block, rest := pem.Decode([]byte(c.PEM))
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 || strings.Contains(c.PEM, "PRIVATE") {
		t.Errorf("the PEM holds more or less than the certificate: %q", c.PEM)
	}
	again, err := a.Certificate(t.Context())
	if err != nil || again.Fingerprint != c.Fingerprint {
		t.Errorf("asked again it is another one: %v", err)
	}
}

// A change of the language shows in the next snapshot, so that an open window follows it.
func TestSnapshotNamesTheLanguage(t *testing.T) {
	defer platform.SetCatalogue(nil)
	synctest.Test(t, func(t *testing.T) {
		cfg := config(one(t, time.Now(), 60*testDay), fine{}, &listener{})
		cfg.Language = func(tag string) error {
			platform.SetCatalogue(&platform.Catalogue{Tag: tag})
			return nil
		}
		a, stop := running(t, cfg)
		defer stop()
		pass(time.Minute)
		for _, tag := range []string{"de", "ja"} {
			s, err := a.Settings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Language = tag
			if err := a.SetSettings(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the next snapshot is made
			snap, err := a.Snapshot(t.Context())
			if err != nil || snap.Language != tag {
				t.Errorf("the snapshot is in %q, %v, want %q", snap.Language, err, tag)
			}
		}
	})
}

// An account signs in with the browser of its own, and others with the one in the settings.
func TestBrowserOfAnAccount(t *testing.T) {
	commands := make(chan string, 4)
	d := newDesk(t, func(cfg *Config) {
		open := cfg.OpenBrowser
		cfg.OpenBrowser = func(ctx context.Context, command, address, token string) error {
			commands <- command
			return open(ctx, command, address, token)
		}
		cfg.Settings.(*memSettings).s.Browser = "everybody"
	})
	d.person(&sandbox.Choice{})
	f, err := d.Connect(t.Context(), ConnectRequest{Platform: "linkedin"})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-commands; got != "everybody" {
		t.Errorf("a first connection opens in %q", got)
	}
	f = d.until(t, f.ID, PhaseDone)
	if f.Phase != PhaseDone {
		t.Fatalf("got %s, %v", f.Phase, f.Error)
	}
	id := f.Accounts[0]
	if err := d.SetBrowser(t.Context(), id, "firefox 'oops"); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("no command: %v", err)
	}
	if err := d.SetBrowser(t.Context(), id, " firefox -P acme "); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Browser(t.Context(), id); err != nil || got != "firefox -P acme" {
		t.Errorf("got %q, %v", got, err)
	}
	if f, err = d.Reconnect(t.Context(), ReconnectRequest{Account: id}); err != nil {
		t.Fatal(err)
	}
	if got := <-commands; got != "firefox -P acme" {
		t.Errorf("a reconnection opens in %q", got)
	}
	d.until(t, f.ID, PhaseDone)
	if err := d.Forget(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if left, _ := d.vault.GetMeta(t.Context(), browserKey(id)); left != "" {
		t.Errorf("%q is left of a forgotten account", left)
	}
}

// A click on the note that a program waits leads to where it can be allowed.
func TestClickOnAWaitingProgram(t *testing.T) {
	windowless(t)
	pages := make(chan string, 1)
	cfg := config(newMemVault(), nil, &listener{})
	cfg.OpenWindow = func(_ context.Context, page, _ string, _ func()) error { pages <- page; return nil }
	a, _ := running(t, cfg)
	if err := a.Activate(t.Context(), Activation{Action: notifier.ActionSettings, Note: programNote + "post.sh"}); err != nil {
		t.Fatal(err)
	}
	if got := <-pages; got != "settings:Scripts" {
		t.Errorf("it opens %q", got)
	}
}
