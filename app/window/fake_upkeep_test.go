package window

import (
	"context"
	"slices"
	"time"

	"relink/app/agent"
)

func (f *fake) TestBrowser(_ context.Context, command string) (string, error) {
	return "The browser opened the test page after 0.4 seconds.", f.did("testbrowser ", command)
}
func (f *fake) Browsers(context.Context) ([]agent.Browser, error) {
	return f.browsers, f.did("browsers")
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
