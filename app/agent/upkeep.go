package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"html"
	"net"
	"net/http"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
	"relink/platform/connect"
)

// Upkeep is what the pages of the settings try out and change beside the settings themselves.
type Upkeep interface {
	// TestBrowser opens a page of this computer in a browser, by a command as in
	// Settings.Browser, and says in one line how it came back. It waits no
	// longer than half a minute.
	TestBrowser(ctx context.Context, command string) (string, error)
	// Browsers lists the browsers found on this computer with their profiles.
	Browsers(ctx context.Context) ([]Browser, error)
	// Browser gives the command of the browser that an account signs in with;
	// empty means the one in the settings. SetBrowser changes it.
	Browser(ctx context.Context, account string) (string, error)
	SetBrowser(ctx context.Context, account, command string) error
	// TestKeyring writes an item of its own into the keyring, reads it back and
	// deletes it, and says so in one line. The vault's key is not touched.
	TestKeyring(ctx context.Context) (string, error)
	// Lock forgets the vault's key: no token is read until Unlock, whatever the
	// keyring would give.
	Lock(ctx context.Context) error
	// UseKeyring moves the vault's key from under its passphrase into the
	// keyring; the vault must be open.
	UseKeyring(ctx context.Context) error
	// Programs lists the programs that took a token in the last 90 days, that
	// wait to be allowed, or that have a rule; the last to come first.
	Programs(ctx context.Context) ([]Program, error)
	// SetProgram says whether a program, by its name, may take tokens.
	SetProgram(ctx context.Context, name string, rule Rule) error
	// ForgetProgram drops a program's rule and that it ever took a token; the history stays.
	ForgetProgram(ctx context.Context, name string) error
	// Certificate tells of this computer's own certificate for https redirect
	// addresses, which is made where there is none.
	Certificate(ctx context.Context) (Certificate, error)
}

// Browser is one that is installed.
type Browser struct {
	Name string `json:"name"`
	// Command opens an address in it, as Settings.Browser takes it.
	Command string `json:"command"`
	// Profiles are its profiles, where it has more than the one.
	Profiles []BrowserProfile `json:"profiles,omitempty"`
}

// BrowserProfile is a profile of a browser, with the command that opens an address in it.
type BrowserProfile struct {
	Name    string `json:"name"`
	Command string `json:"command"`
}

// Certificate is what there is to know of a certificate, without its key.
type Certificate struct {
	Host string    `json:"host"`
	Ends time.Time `json:"ends"`
	// Fingerprint is the SHA-256 of it in pairs of hex digits, as browsers show it.
	Fingerprint string `json:"fingerprint"`
	// PEM is the certificate itself, to be given to a browser.
	PEM string `json:"pem"`
}

// Archive is what a backup holds.
type Archive struct {
	// At is when it was made, as far as it says; zero when nobody knows.
	At time.Time `json:"at,omitzero"`
	// Accounts counts them by platform.
	Accounts map[string]int `json:"accounts"`
	// Apps counts the app registrations.
	Apps int `json:"apps"`
}

// Total is the number of accounts.
func (a Archive) Total() int {
	n := 0
	for _, of := range a.Accounts {
		n += of
	}
	return n
}

// browserWait is how long a browser may take to ask for the test page.
var browserWait = 30 * time.Second

// testNote is the note of a notification's test.
const testNote = "test"

// TestBrowser implements Service.
func (a *Agent) TestBrowser(ctx context.Context, command string) (string, error) {
	open := a.cfg.TryBrowser
	if open == nil {
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("no browser can be opened from here"), Repair: platform.T("start Relink in a desktop session")}
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("the test page has no place on this computer"), Repair: platform.T("allow Relink to listen on 127.0.0.1"), Err: err}
	}
	came, path := make(chan struct{}, 1), "/"+rand.Text()
	page := browserPage()
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte(page))
		select {
		case came <- struct{}{}:
		default:
		}
	})}
	go func() { _ = server.Serve(l) }()
	defer func() {
		// The page is on its way when it was asked for: let it arrive.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(end) != nil {
			_ = server.Close()
		}
	}()
	failed, began := make(chan error, 1), time.Now()
	err = open(ctx, command, "http://"+l.Addr().String()+path, func(err error) { failed <- err })
	if err != nil {
		return "", platform.As(err, platform.KindConfig)
	}
	timer := time.NewTimer(browserWait)
	defer timer.Stop()
	select {
	case <-came:
		return platform.T("The browser opened the test page after %.1f seconds.", time.Since(began).Seconds()), nil
	case err := <-failed:
		return "", platform.As(err, platform.KindConfig)
	case <-timer.C:
		return "", &platform.Error{
			Kind: platform.KindTimeout, Message: platform.N(int(browserWait/time.Second),
				"the browser was started, but did not ask for the test page within %d second", "the browser was started, but did not ask for the test page within %d seconds"),
			Repair: platform.T("look whether it opened, or choose another browser"),
		}
	case <-ctx.Done():
		return "", ctx.Err()
	case <-a.ctx.Done():
		return "", gone()
	}
}

// browserPage is what the test shows in the browser.
func browserPage() string {
	title, text := html.EscapeString(platform.T("This browser works")), html.EscapeString(platform.T("Relink opened this page to test it. You can close this tab."))
	return `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + title + `</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 1em;color-scheme:light dark}</style><h1>` + title + `</h1><p>` + text + `</p>`
}

// Browsers implements Service.
func (a *Agent) Browsers(ctx context.Context) ([]Browser, error) {
	if a.cfg.Browsers == nil {
		return nil, nil
	}
	return a.cfg.Browsers(ctx), nil
}

func browserKey(account string) string { return "browser_" + account }

// Browser implements Service.
func (a *Agent) Browser(ctx context.Context, account string) (string, error) {
	acc, err := a.find(account)
	if err != nil {
		return "", err
	}
	command, err := a.cfg.Vault.GetMeta(ctx, browserKey(acc.ID))
	if err != nil {
		return "", platform.As(err, platform.KindStorage)
	}
	return command, nil
}

// SetBrowser implements Service.
func (a *Agent) SetBrowser(ctx context.Context, account, command string) error {
	acc, err := a.find(account)
	if err != nil {
		return err
	}
	command = strings.TrimSpace(command)
	if command != "" {
		bad := strings.ContainsAny(command, "\r\n\x00")
		if _, err := platform.SplitCommand(command); err != nil || bad {
			return &platform.Error{Kind: platform.KindUsage, Message: platform.T("this is no command: %s", command), Repair: platform.T("write a program with its options, on one line, quotes in pairs"), Err: err}
		}
	}
	if err := a.cfg.Vault.SetMeta(ctx, browserKey(acc.ID), command); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return nil
}

// browserFor is the command of the browser that a sign-in opens in; acc is nil
// for a first connection.
func (a *Agent) browserFor(ctx context.Context, acc *platform.Account) string {
	if acc != nil {
		command, err := a.cfg.Vault.GetMeta(ctx, browserKey(acc.ID))
		if err != nil {
			a.log.Warn("read the account's browser", "account", acc.Ref(), "error", err)
		} else if command != "" {
			return command
		}
	}
	return a.settings.Load().Browser
}

// TestKeyring implements Service.
func (a *Agent) TestKeyring(ctx context.Context) (string, error) {
	name, err := a.cfg.Vault.TestKeyring(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", platform.As(err, platform.KindLocked)
	}
	return platform.T("The keyring (%s) kept a test item, gave it back and deleted it.", name), nil
}

// Lock implements Service.
func (a *Agent) Lock(ctx context.Context) error {
	a.cfg.Vault.LockUp()
	a.mu.Lock()
	a.warm = map[string]warmToken{}
	a.mu.Unlock()
	return a.shown(ctx, func() { a.headNew = true })
}

// UseKeyring implements Service.
func (a *Agent) UseKeyring(ctx context.Context) error {
	if err := a.cfg.Vault.UseKeyring(ctx); err != nil {
		return platform.As(err, platform.KindLocked)
	}
	return a.shown(ctx, func() { a.lockChanged(nil, 0) })
}

// Certificate implements Service.
func (a *Agent) Certificate(context.Context) (Certificate, error) {
	if a.cfg.Certificate == nil {
		return Certificate{}, &platform.Error{Kind: platform.KindConfig, Message: platform.T("there are no https redirect addresses here"), Repair: platform.T("paste the address after signing in instead")}
	}
	cert, err := a.cfg.Certificate(connect.HostName)
	if err != nil {
		return Certificate{}, platform.As(err, platform.KindStorage)
	}
	sum := sha256.Sum256(cert.Leaf.Raw)
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return Certificate{
		Host: connect.HostName, Ends: cert.Leaf.NotAfter, Fingerprint: strings.Join(pairs, ":"),
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Leaf.Raw})),
	}, nil
}

// testDesktop shows a notification now. Where the desktop takes notes and shows
// none, as far as it says so, that is the result.
func (a *Agent) testDesktop(ctx context.Context) (string, error) {
	if a.sender == nil {
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("there is no way to notify here"), Repair: platform.T("start Relink in a desktop session")}
	}
	ctx, cancel := context.WithTimeout(ctx, a.mail.deadline())
	defer cancel()
	n := notifier.Note{
		ID: testNote, Title: platform.T("Relink can reach you here"), Body: platform.T("When an account is about to end, a notification like this one says which and when."),
		Urgency: notifier.UrgencyNormal, Default: notifier.ActionShow, Buttons: []notifier.Button{{Action: notifier.ActionShow, Label: platform.T("Open Relink")}},
	}
	err := a.sender.Send(ctx, n)
	can, aerr := a.sender.Abilities(ctx)
	a.tell(func() {
		a.notifies(err)
		if aerr == nil {
			a.heldBack(can.Off)
		}
	})
	switch {
	case err != nil:
		a.said(ChannelDesktop, n, OutcomeFailed, err)
		return "", platform.As(err, platform.KindConfig)
	case aerr == nil && can.Off != "":
		text, repair := platform.Halves(can.Off)
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("notifications may not appear: %s", text), Repair: repair}
	}
	a.said(ChannelDesktop, n, OutcomeShown, nil)
	switch {
	case aerr != nil || can.Name == "":
		return platform.T("A notification was shown."), nil
	case !can.Actions:
		return platform.T("%s took the notification; it shows no buttons.", can.Name), nil
	}
	return platform.T("%s took the notification.", can.Name), nil
}
