package window

import (
	"context"
	"slices"
	"time"

	"relink/app/agent"
	"relink/platform"
)

func (f *fake) TestBrowser(_ context.Context, command string) (string, error) {
	return "The browser opened the test page after 0.4 seconds.", f.did("testbrowser ", command)
}
func (f *fake) Browsers(context.Context) ([]agent.Browser, error) {
	return f.browsers, f.did("browsers")
}
func (f *fake) Browser(_ context.Context, account string) (string, error) {
	err := f.did("browser ", account)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.own, err
}
func (f *fake) SetBrowser(_ context.Context, account, command string) error {
	if err := f.did("setbrowser ", account, " ", command); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = command
	return nil
}
func (f *fake) TestKeyring(context.Context) (string, error) {
	return "The keyring (Secret Service) kept a test item, gave it back and deleted it.", f.did("testkeyring")
}
func (f *fake) Lock(context.Context) error       { return f.did("lock") }
func (f *fake) UseKeyring(context.Context) error { return f.did("usekeyring") }
func (f *fake) Programs(context.Context) ([]agent.Program, error) {
	err := f.did("programs")
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.programs), err
}
func (f *fake) SetProgram(_ context.Context, name string, rule agent.Rule) error {
	if err := f.did("setprogram ", name, " ", rule); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.programs {
		if f.programs[i].Name == name {
			f.programs[i].Rule, f.programs[i].Asked = rule, time.Time{}
		}
	}
	return nil
}
func (f *fake) ForgetProgram(_ context.Context, name string) error {
	if err := f.did("forgetprogram ", name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.programs = slices.DeleteFunc(f.programs, func(p agent.Program) bool { return p.Name == name })
	return nil
}
func (f *fake) Certificate(context.Context) (agent.Certificate, error) {
	return agent.Certificate{Host: "relink.internal", Ends: now.Add(300 * 24 * time.Hour), Fingerprint: "3F:81:0A:C2", PEM: "-----BEGIN CERTIFICATE-----\n"}, f.did("certificate")
}

// furnish gives the pages of the settings something to show.
func furnish(f *fake, cfg *Config) {
	f.settings.PlatformSteps = map[string][]time.Duration{"facebook": {14 * dayLong, 7 * dayLong, dayLong}}
	f.settings.Browser, f.settings.Confirm = `chromium "--profile-directory=Profile 1"`, true
	f.apps = []platform.App{{Platform: "linkedin", ID: "86abc4vq1x9f2k"}, {Platform: "tiktok", ID: "aw8k2m"}, {Platform: "mastodon", Server: "https://mastodon.social", ID: "Yh3mPz", Self: true}}
	f.browsers = []agent.Browser{
		{Name: "Firefox", Command: "firefox", Profiles: []agent.BrowserProfile{{Name: "default", Command: "firefox -P default"}, {Name: "Client A", Command: `firefox -P "Client A"`}}},
		{Name: "Chromium", Command: "chromium", Profiles: []agent.BrowserProfile{{Name: "Me", Command: "chromium --profile-directory=Default"}, {Name: "Work", Command: `chromium "--profile-directory=Profile 1"`}}},
	}
	f.programs = []agent.Program{
		{Name: "post.sh", Rule: agent.RuleAllow, Took: []agent.Taking{{Account: "o0001", Ref: "facebook/brand-01", At: now.Add(-2 * time.Hour)}, {Account: "o0002", Ref: "linkedin/brand-02", At: now.Add(-26 * time.Hour)}}},
		{Name: "backup.py", Asked: now.Add(-3 * time.Hour)},
		{Name: "old-scheduler", Rule: agent.RuleDeny, Took: []agent.Taking{{Account: "o0001", Ref: "facebook/brand-01", At: now.Add(-40 * dayLong)}}},
	}
	f.findings = append(f.findings, agent.Finding{Name: "tray", Level: agent.LevelWarn, Text: "There is no tray here: GNOME shows none without an extension", Repair: "install the extension AppIndicator; until then use the window"})
	cfg.Upkeep = &Upkeep{Places: []string{"/home/acme/.local/share/relink", "/home/acme/.config/relink", "/home/acme/.local/state/relink", "/home/acme/.cache/relink"}}
}
