package link

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// Client is the agent as seen from another process. Its methods may be called
// from many goroutines at once. After an agent was replaced by another, it goes
// on with that one.
type Client struct {
	path, version string

	mu     sync.Mutex // guards idle and closed
	idle   []*conn
	closed bool
}

var _ agent.Service = (*Client)(nil)

// Dial connects to the agent at path, for a program of the given version.
// Where none answers, the error is [ErrNotRunning]. An agent of another version
// says so at the first call. Close the client when done.
func Dial(ctx context.Context, path, version string) (*Client, error) {
	c := &Client{path: path, version: version}
	k, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	c.idle = append(c.idle, k)
	return c, nil
}

// post makes a call that was answered with success; the exchange is the caller's to end.
func (c *Client) post(ctx context.Context, name string, in any) (*exchange, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the request cannot be written as JSON"), Err: err}
	}
	if len(body) > maxRequest {
		return nil, tooLarge()
	}
	x, err := c.send(ctx, name, body)
	if err != nil {
		return nil, gone(ctx, err)
	}
	if x.StatusCode == http.StatusOK {
		return x, nil
	}
	data, err := x.read(c)
	if err != nil {
		return nil, gone(ctx, err)
	}
	return nil, Refused(data)
}

// Refused reads the body of an answer other than 200: what the agent said.
func Refused(answer []byte) *platform.Error {
	e := &platform.Error{}
	if json.Unmarshal(answer, e) != nil || e.Message == "" {
		return &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent gave an answer that is none"), Repair: platform.T("restart Relink: relink quit, then relink")}
	}
	return e
}

// call is one method of the API.
func call[Out any](ctx context.Context, c *Client, name string, in any) (Out, error) {
	var out Out
	x, err := c.post(ctx, name, in)
	if err != nil {
		return out, err
	}
	data, err := x.read(c)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, gone(ctx, err)
	}
	return out, nil
}

func do(ctx context.Context, c *Client, name string, in any) error {
	_, err := call[none](ctx, c, name, in)
	return err
}

// gone says that an answer did not come. What the caller ended itself it is told as that.
func gone(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if platform.KindOf(cause) != "" {
		return platform.As(cause, platform.KindAgent)
	}
	return &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent went away before it answered"), Repair: platform.T("run the command again"), Err: cause}
}

// Snapshot implements agent.Service.
func (c *Client) Snapshot(ctx context.Context) (*agent.Snapshot, error) {
	f, err := call[frame](ctx, c, "Snapshot", none{})
	if err != nil {
		return nil, err
	}
	return f.apply(nil), nil
}

// Watch implements agent.Service. Rows that did not change keep their address
// from one snapshot to the next.
func (c *Client) Watch(ctx context.Context) (<-chan *agent.Snapshot, error) {
	x, err := c.post(ctx, "Watch", none{})
	if err != nil {
		return nil, err
	}
	out := make(chan *agent.Snapshot, 1)
	go func() {
		defer close(out)
		defer x.end(c, false)
		var last *agent.Snapshot
		for f := range frames(x.Body) {
			last = f.apply(last)
			select { // the newest wins
			case <-out:
			default:
			}
			out <- last
		}
	}()
	return out, nil
}

// Pages implements agent.Service.
func (c *Client) Pages(ctx context.Context) (<-chan agent.Page, error) {
	x, err := c.post(ctx, "Pages", none{})
	if err != nil {
		return nil, err
	}
	out := make(chan agent.Page)
	go func() {
		defer close(out)
		defer x.end(c, false)
		for p := range lines[agent.Page](x.Body) {
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// lines reads a stream until it ends or breaks.
func lines[T any](r io.Reader) iter.Seq[T] {
	return func(yield func(T) bool) {
		in := json.NewDecoder(r)
		for {
			var v T
			if in.Decode(&v) != nil || !yield(v) {
				return
			}
		}
	}
}

// Connect implements agent.Service.
func (c *Client) Connect(ctx context.Context, r agent.ConnectRequest) (agent.Flow, error) {
	return call[agent.Flow](ctx, c, "Connect", r)
}

// Reconnect implements agent.Service.
func (c *Client) Reconnect(ctx context.Context, r agent.ReconnectRequest) (agent.Flow, error) {
	return call[agent.Flow](ctx, c, "Reconnect", r)
}

// Flow implements agent.Service.
func (c *Client) Flow(ctx context.Context, id string, after int) (agent.Flow, error) {
	return call[agent.Flow](ctx, c, "Flow", flowArgs{ID: id, After: after})
}

// Paste implements agent.Service.
func (c *Client) Paste(ctx context.Context, id, address string) error {
	return do(ctx, c, "Paste", flowArgs{ID: id, Address: address})
}

// Choose implements agent.Service.
func (c *Client) Choose(ctx context.Context, id string, providerIDs []string) error {
	return do(ctx, c, "Choose", flowArgs{ID: id, Choice: providerIDs})
}

// Cancel implements agent.Service.
func (c *Client) Cancel(ctx context.Context, id string) error {
	return do(ctx, c, "Cancel", flowArgs{ID: id})
}

// Import implements agent.Service.
func (c *Client) Import(ctx context.Context, r agent.ImportRequest) (agent.Row, error) {
	return call[agent.Row](ctx, c, "Import", r)
}

// Token implements agent.Service.
func (c *Client) Token(ctx context.Context, r agent.TokenRequest) (agent.Token, error) {
	return call[agent.Token](ctx, c, "Token", r)
}

// Check implements agent.Service.
func (c *Client) Check(ctx context.Context, accounts ...string) ([]agent.CheckResult, error) {
	return call[[]agent.CheckResult](ctx, c, "Check", accountArgs{Accounts: accounts})
}

// Snooze implements agent.Service.
func (c *Client) Snooze(ctx context.Context, account string, until time.Time) error {
	return do(ctx, c, "Snooze", accountArgs{Account: account, Until: until})
}

// Later implements agent.Service.
func (c *Client) Later(ctx context.Context, account string, choice notifier.Later) (time.Time, error) {
	return call[time.Time](ctx, c, "Later", accountArgs{Account: account, Choice: choice})
}

// Mute implements agent.Service.
func (c *Client) Mute(ctx context.Context, account string, on bool) error {
	return do(ctx, c, "Mute", accountArgs{Account: account, On: on})
}

// SetSteps implements agent.Service.
func (c *Client) SetSteps(ctx context.Context, account string, steps []time.Duration) error {
	return do(ctx, c, "SetSteps", accountArgs{Account: account, Steps: steps})
}

// Notices implements agent.Service.
func (c *Client) Notices(ctx context.Context, q agent.NoticeQuery) ([]agent.Notice, error) {
	return call[[]agent.Notice](ctx, c, "Notices", q)
}

// Rehearse implements agent.Service.
func (c *Client) Rehearse(ctx context.Context, account string) (agent.Rehearsal, error) {
	return call[agent.Rehearsal](ctx, c, "Rehearse", accountArgs{Account: account})
}

// Rehearsal implements agent.Service.
func (c *Client) Rehearsal(ctx context.Context, id string, after int) (agent.Rehearsal, error) {
	return call[agent.Rehearsal](ctx, c, "Rehearsal", flowArgs{ID: id, After: after})
}

// Pause implements agent.Service.
func (c *Client) Pause(ctx context.Context, until time.Time) error {
	return do(ctx, c, "Pause", accountArgs{Until: until})
}

// Rename implements agent.Service.
func (c *Client) Rename(ctx context.Context, account, alias string) error {
	return do(ctx, c, "Rename", accountArgs{Account: account, Alias: alias})
}

// Label implements agent.Service.
func (c *Client) Label(ctx context.Context, account string, labels []string) error {
	return do(ctx, c, "Label", accountArgs{Account: account, Labels: labels})
}

// Avatar implements agent.Service.
func (c *Client) Avatar(ctx context.Context, account string) ([]byte, error) {
	return call[[]byte](ctx, c, "Avatar", accountArgs{Account: account})
}

// Forget implements agent.Service.
func (c *Client) Forget(ctx context.Context, account string, revoke bool) error {
	return do(ctx, c, "Forget", accountArgs{Account: account, Revoke: revoke})
}

// History implements agent.Service.
func (c *Client) History(ctx context.Context, account string, limit int) ([]agent.Event, error) {
	return call[[]agent.Event](ctx, c, "History", accountArgs{Account: account, Limit: limit})
}

// Apps implements agent.Service.
func (c *Client) Apps(ctx context.Context) ([]platform.App, error) {
	return call[[]platform.App](ctx, c, "Apps", none{})
}

// SetApp implements agent.Service.
func (c *Client) SetApp(ctx context.Context, r agent.AppRequest) error {
	return do(ctx, c, "SetApp", r)
}

// TestApp implements agent.Service.
func (c *Client) TestApp(ctx context.Context, r agent.AppRequest) ([]agent.Finding, error) {
	return call[[]agent.Finding](ctx, c, "TestApp", r)
}

// DeleteApp implements agent.Service.
func (c *Client) DeleteApp(ctx context.Context, platformID, server string) error {
	return do(ctx, c, "DeleteApp", platformArgs{Platform: platformID, Server: server})
}

// Redirect implements agent.Service.
func (c *Client) Redirect(ctx context.Context, platformID string) (string, error) {
	return call[string](ctx, c, "Redirect", platformArgs{Platform: platformID})
}

// Settings implements agent.Service.
func (c *Client) Settings(ctx context.Context) (agent.Settings, error) {
	return call[agent.Settings](ctx, c, "Settings", none{})
}

// SetSettings implements agent.Service.
func (c *Client) SetSettings(ctx context.Context, s agent.Settings) error {
	return do(ctx, c, "SetSettings", s)
}

// Channels implements agent.Service.
func (c *Client) Channels(ctx context.Context) ([]agent.Channel, error) {
	return call[[]agent.Channel](ctx, c, "Channels", none{})
}

// SetSecret implements agent.Service.
func (c *Client) SetSecret(ctx context.Context, channel, secret string) error {
	return do(ctx, c, "SetSecret", channelArgs{Channel: channel, Secret: secret})
}

// TestChannel implements agent.Service.
func (c *Client) TestChannel(ctx context.Context, channel string) (string, error) {
	return call[string](ctx, c, "TestChannel", channelArgs{Channel: channel})
}

// Calendar implements agent.Service.
func (c *Client) Calendar(ctx context.Context) (string, error) {
	return call[string](ctx, c, "Calendar", none{})
}

// Unlock implements agent.Service.
func (c *Client) Unlock(ctx context.Context, passphrase string, create bool) error {
	return do(ctx, c, "Unlock", unlockArgs{Passphrase: passphrase, Create: create})
}

// Doctor implements agent.Service.
func (c *Client) Doctor(ctx context.Context) ([]agent.Finding, error) {
	return call[[]agent.Finding](ctx, c, "Doctor", none{})
}

// Activate implements agent.Service.
func (c *Client) Activate(ctx context.Context, a agent.Activation) error {
	return do(ctx, c, "Activate", a)
}

// About implements agent.Service.
func (c *Client) About(ctx context.Context) (agent.About, error) {
	return call[agent.About](ctx, c, "About", none{})
}

// Quit implements agent.Service.
func (c *Client) Quit(ctx context.Context) error { return do(ctx, c, "Quit", none{}) }

// TestBrowser implements agent.Service.
func (c *Client) TestBrowser(ctx context.Context, command string) (string, error) {
	return call[string](ctx, c, "TestBrowser", nameArgs{Name: command})
}

// Browsers implements agent.Service.
func (c *Client) Browsers(ctx context.Context) ([]agent.Browser, error) {
	return call[[]agent.Browser](ctx, c, "Browsers", none{})
}

// TestKeyring implements agent.Service.
func (c *Client) TestKeyring(ctx context.Context) (string, error) {
	return call[string](ctx, c, "TestKeyring", none{})
}

// Lock implements agent.Service.
func (c *Client) Lock(ctx context.Context) error { return do(ctx, c, "Lock", none{}) }

// UseKeyring implements agent.Service.
func (c *Client) UseKeyring(ctx context.Context) error { return do(ctx, c, "UseKeyring", none{}) }

// Programs implements agent.Service.
func (c *Client) Programs(ctx context.Context) ([]agent.Program, error) {
	return call[[]agent.Program](ctx, c, "Programs", none{})
}

// SetProgram implements agent.Service.
func (c *Client) SetProgram(ctx context.Context, name string, rule agent.Rule) error {
	return do(ctx, c, "SetProgram", nameArgs{Name: name, Rule: rule})
}

// ForgetProgram implements agent.Service.
func (c *Client) ForgetProgram(ctx context.Context, name string) error {
	return do(ctx, c, "ForgetProgram", nameArgs{Name: name})
}

// Certificate implements agent.Service.
func (c *Client) Certificate(ctx context.Context) (agent.Certificate, error) {
	return call[agent.Certificate](ctx, c, "Certificate", none{})
}

// Browser implements agent.Service.
func (c *Client) Browser(ctx context.Context, account string) (string, error) {
	return call[string](ctx, c, "Browser", browserArgs{Account: account})
}

// SetBrowser implements agent.Service.
func (c *Client) SetBrowser(ctx context.Context, account, command string) error {
	return do(ctx, c, "SetBrowser", browserArgs{Account: account, Command: command})
}
