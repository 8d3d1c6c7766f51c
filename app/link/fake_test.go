package link

import (
	"context"
	"sync"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// fake is a Service that notes what it was asked and answers what it was told.
type fake struct {
	mu     sync.Mutex
	asked  []any
	err    error
	answer any
	watch  chan *agent.Snapshot
	pages  chan agent.Page
}

var _ agent.Service = (*fake)(nil)

func (f *fake) note(args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = args
	return f.err
}

func answer[T any](f *fake, args ...any) (T, error) {
	err := f.note(args...)
	out, _ := f.answer.(T)
	return out, err
}

func (f *fake) Snapshot(context.Context) (*agent.Snapshot, error) { return answer[*agent.Snapshot](f) }

func (f *fake) Watch(context.Context) (<-chan *agent.Snapshot, error) { return f.watch, f.note() }

func (f *fake) Connect(_ context.Context, r agent.ConnectRequest) (agent.Flow, error) {
	return answer[agent.Flow](f, r)
}

func (f *fake) Reconnect(_ context.Context, r agent.ReconnectRequest) (agent.Flow, error) {
	return answer[agent.Flow](f, r)
}

func (f *fake) Flow(ctx context.Context, id string, after int) (agent.Flow, error) {
	if id == "hang" {
		<-ctx.Done()
		return agent.Flow{}, ctx.Err()
	}
	return answer[agent.Flow](f, id, after)
}

func (f *fake) Paste(_ context.Context, id, address string) error { return f.note(id, address) }

func (f *fake) Choose(_ context.Context, id string, ids []string) error { return f.note(id, ids) }

func (f *fake) Cancel(_ context.Context, id string) error { return f.note(id) }

func (f *fake) Import(_ context.Context, r agent.ImportRequest) (agent.Row, error) {
	return answer[agent.Row](f, r)
}

func (f *fake) Token(_ context.Context, r agent.TokenRequest) (agent.Token, error) {
	return answer[agent.Token](f, r)
}

func (f *fake) Check(_ context.Context, accounts ...string) ([]agent.CheckResult, error) {
	return answer[[]agent.CheckResult](f, accounts)
}

func (f *fake) Snooze(_ context.Context, account string, until time.Time) error {
	return f.note(account, until)
}

func (f *fake) Later(_ context.Context, account string, choice notifier.Later) (time.Time, error) {
	return answer[time.Time](f, account, choice)
}

func (f *fake) Mute(_ context.Context, account string, on bool) error { return f.note(account, on) }

func (f *fake) SetSteps(_ context.Context, account string, steps []time.Duration) error {
	return f.note(account, steps)
}

func (f *fake) Notices(_ context.Context, q agent.NoticeQuery) ([]agent.Notice, error) {
	return answer[[]agent.Notice](f, q)
}

func (f *fake) Rehearse(_ context.Context, account string) (agent.Rehearsal, error) {
	return answer[agent.Rehearsal](f, account)
}

func (f *fake) Rehearsal(_ context.Context, id string, after int) (agent.Rehearsal, error) {
	return answer[agent.Rehearsal](f, id, after)
}

func (f *fake) Pause(_ context.Context, until time.Time) error { return f.note(until) }

func (f *fake) Rename(_ context.Context, account, alias string) error { return f.note(account, alias) }

func (f *fake) Label(_ context.Context, account string, labels []string) error {
	return f.note(account, labels)
}

func (f *fake) Avatar(_ context.Context, account string) ([]byte, error) {
	return answer[[]byte](f, account)
}

func (f *fake) Forget(_ context.Context, account string, revoke bool) error {
	return f.note(account, revoke)
}

func (f *fake) History(_ context.Context, account string, limit int) ([]agent.Event, error) {
	return answer[[]agent.Event](f, account, limit)
}

func (f *fake) Apps(context.Context) ([]platform.App, error) { return answer[[]platform.App](f) }

func (f *fake) SetApp(_ context.Context, r agent.AppRequest) error { return f.note(r) }

func (f *fake) TestApp(_ context.Context, r agent.AppRequest) ([]agent.Finding, error) {
	return answer[[]agent.Finding](f, r)
}

func (f *fake) DeleteApp(_ context.Context, id, server string) error { return f.note(id, server) }

func (f *fake) Redirect(_ context.Context, id string) (string, error) { return answer[string](f, id) }

func (f *fake) Settings(context.Context) (agent.Settings, error) { return answer[agent.Settings](f) }

func (f *fake) SetSettings(_ context.Context, s agent.Settings) error { return f.note(s) }

func (f *fake) Channels(context.Context) ([]agent.Channel, error) { return answer[[]agent.Channel](f) }

func (f *fake) SetSecret(_ context.Context, channel, secret string) error {
	return f.note(channel, secret)
}

func (f *fake) TestChannel(_ context.Context, channel string) (string, error) {
	return answer[string](f, channel)
}

func (f *fake) Calendar(context.Context) (string, error) { return answer[string](f) }

func (f *fake) Unlock(_ context.Context, passphrase string, create bool) error {
	return f.note(passphrase, create)
}

func (f *fake) Doctor(context.Context) ([]agent.Finding, error) { return answer[[]agent.Finding](f) }

func (f *fake) Activate(_ context.Context, a agent.Activation) error { return f.note(a) }

func (f *fake) Pages(context.Context) (<-chan agent.Page, error) { return f.pages, f.note() }

func (f *fake) About(context.Context) (agent.About, error) { return answer[agent.About](f) }

func (f *fake) Quit(context.Context) error { return f.note() }

// quick answers Token at once, as a warm agent does; the rest is nil.
type quick struct{ agent.Service }

func (quick) Token(_ context.Context, r agent.TokenRequest) (agent.Token, error) {
	return agent.Token{Account: r.Account, AccessToken: "secret-of-the-test", TokenType: "Bearer", Scopes: []string{"openid"}}, nil
}

func (f *fake) TestBrowser(_ context.Context, command string) (string, error) {
	return answer[string](f, command)
}

func (f *fake) Browsers(context.Context) ([]agent.Browser, error) { return answer[[]agent.Browser](f) }

func (f *fake) TestKeyring(context.Context) (string, error) { return answer[string](f) }

func (f *fake) Lock(context.Context) error { return f.note() }

func (f *fake) UseKeyring(context.Context) error { return f.note() }

func (f *fake) Programs(context.Context) ([]agent.Program, error) { return answer[[]agent.Program](f) }

func (f *fake) SetProgram(_ context.Context, name string, rule agent.Rule) error {
	return f.note(name, rule)
}

func (f *fake) ForgetProgram(_ context.Context, name string) error { return f.note(name) }

func (f *fake) Certificate(context.Context) (agent.Certificate, error) {
	return answer[agent.Certificate](f)
}

func (f *fake) Browser(_ context.Context, account string) (string, error) {
	return answer[string](f, account)
}

func (f *fake) SetBrowser(_ context.Context, account, command string) error {
	return f.note(account, command)
}
