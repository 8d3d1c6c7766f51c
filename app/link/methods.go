package link

import (
	"context"
	"encoding/json"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// method runs one call of the API: JSON in, something to write as JSON out.
type method func(ctx context.Context, body []byte) (any, error)

// none is what a method without arguments takes, or without results gives.
type none struct{}

// The arguments of methods that take more than one value.
type (
	flowArgs struct {
		ID      string   `json:"id"`
		After   int      `json:"after,omitempty"`
		Address string   `json:"address,omitempty"`
		Choice  []string `json:"provider_ids,omitempty"`
	}
	accountArgs struct {
		Account  string    `json:"account,omitempty"`
		Accounts []string  `json:"accounts,omitempty"`
		Until    time.Time `json:"until,omitzero"`
		Alias    string    `json:"alias,omitempty"`
		Labels   []string  `json:"labels,omitempty"`
		Revoke   bool      `json:"revoke,omitempty"`
		Limit    int       `json:"limit,omitempty"`
		// Choice is for Later, On for Mute, Steps for SetSteps.
		Choice notifier.Later  `json:"choice,omitempty"`
		On     bool            `json:"on,omitempty"`
		Steps  []time.Duration `json:"steps,omitempty"`
	}
	platformArgs struct {
		Platform string `json:"platform"`
		Server   string `json:"server,omitempty"`
	}
	channelArgs struct {
		Channel string `json:"channel"`
		Secret  string `json:"secret,omitempty"`
	}
	nameArgs struct {
		Name string     `json:"name"`
		Rule agent.Rule `json:"rule,omitempty"`
	}
	browserArgs struct {
		Account string `json:"account"`
		Command string `json:"command,omitempty"`
	}
	unlockArgs struct {
		Passphrase string `json:"passphrase"`
		Create     bool   `json:"create,omitempty"`
	}
)

// gives makes a method of a function with a result, does of one without.
func gives[In, Out any](f func(context.Context, In) (Out, error)) method {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if len(body) > 0 && json.Unmarshal(body, &in) != nil {
			// The cause may quote the body, and a body may hold a secret.
			return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T("the request is not the JSON this method takes"), Repair: platform.T("see the package comment of app/link")}
		}
		return f(ctx, in)
	}
}

func does[In any](f func(context.Context, In) error) method {
	return gives(func(ctx context.Context, in In) (none, error) { return none{}, f(ctx, in) })
}

// methods is the API's table; Watch and Pages, which stream, are apart.
func methods(svc agent.Service) map[string]method {
	return map[string]method{
		"Snapshot": gives(func(ctx context.Context, _ none) (frame, error) {
			s, err := svc.Snapshot(ctx)
			if err != nil {
				return frame{}, err
			}
			return new(differ).next(s), nil
		}),
		"Connect":   gives(svc.Connect),
		"Reconnect": gives(svc.Reconnect),
		"Flow": gives(func(ctx context.Context, in flowArgs) (agent.Flow, error) {
			return svc.Flow(ctx, in.ID, in.After)
		}),
		"Paste":  does(func(ctx context.Context, in flowArgs) error { return svc.Paste(ctx, in.ID, in.Address) }),
		"Choose": does(func(ctx context.Context, in flowArgs) error { return svc.Choose(ctx, in.ID, in.Choice) }),
		"Cancel": does(func(ctx context.Context, in flowArgs) error { return svc.Cancel(ctx, in.ID) }),
		"Import": gives(svc.Import),
		"Token":  gives(svc.Token),
		"Check": gives(func(ctx context.Context, in accountArgs) ([]agent.CheckResult, error) {
			return svc.Check(ctx, in.Accounts...)
		}),
		"Snooze": does(func(ctx context.Context, in accountArgs) error { return svc.Snooze(ctx, in.Account, in.Until) }),
		"Later": gives(func(ctx context.Context, in accountArgs) (time.Time, error) {
			return svc.Later(ctx, in.Account, in.Choice)
		}),
		"Mute":     does(func(ctx context.Context, in accountArgs) error { return svc.Mute(ctx, in.Account, in.On) }),
		"SetSteps": does(func(ctx context.Context, in accountArgs) error { return svc.SetSteps(ctx, in.Account, in.Steps) }),
		"Notices":  gives(svc.Notices),
		"Rehearse": gives(func(ctx context.Context, in accountArgs) (agent.Rehearsal, error) {
			return svc.Rehearse(ctx, in.Account)
		}),
		"Rehearsal": gives(func(ctx context.Context, in flowArgs) (agent.Rehearsal, error) {
			return svc.Rehearsal(ctx, in.ID, in.After)
		}),
		"Pause":  does(func(ctx context.Context, in accountArgs) error { return svc.Pause(ctx, in.Until) }),
		"Rename": does(func(ctx context.Context, in accountArgs) error { return svc.Rename(ctx, in.Account, in.Alias) }),
		"Label":  does(func(ctx context.Context, in accountArgs) error { return svc.Label(ctx, in.Account, in.Labels) }),
		"Avatar": gives(func(ctx context.Context, in accountArgs) ([]byte, error) { return svc.Avatar(ctx, in.Account) }),
		"Forget": does(func(ctx context.Context, in accountArgs) error { return svc.Forget(ctx, in.Account, in.Revoke) }),
		"History": gives(func(ctx context.Context, in accountArgs) ([]agent.Event, error) {
			return svc.History(ctx, in.Account, in.Limit)
		}),
		"Apps":    gives(func(ctx context.Context, _ none) ([]platform.App, error) { return svc.Apps(ctx) }),
		"SetApp":  does(svc.SetApp),
		"TestApp": gives(svc.TestApp),
		"DeleteApp": does(func(ctx context.Context, in platformArgs) error {
			return svc.DeleteApp(ctx, in.Platform, in.Server)
		}),
		"Redirect": gives(func(ctx context.Context, in platformArgs) (string, error) {
			return svc.Redirect(ctx, in.Platform)
		}),
		"Settings":    gives(func(ctx context.Context, _ none) (agent.Settings, error) { return svc.Settings(ctx) }),
		"SetSettings": does(svc.SetSettings),
		"Channels":    gives(func(ctx context.Context, _ none) ([]agent.Channel, error) { return svc.Channels(ctx) }),
		"SetSecret": does(func(ctx context.Context, in channelArgs) error {
			return svc.SetSecret(ctx, in.Channel, in.Secret)
		}),
		"TestChannel": gives(func(ctx context.Context, in channelArgs) (string, error) {
			return svc.TestChannel(ctx, in.Channel)
		}),
		"Calendar": gives(func(ctx context.Context, _ none) (string, error) { return svc.Calendar(ctx) }),
		"Unlock": does(func(ctx context.Context, in unlockArgs) error {
			return svc.Unlock(ctx, in.Passphrase, in.Create)
		}),
		"Doctor":   gives(func(ctx context.Context, _ none) ([]agent.Finding, error) { return svc.Doctor(ctx) }),
		"Activate": does(svc.Activate),
		"About":    gives(func(ctx context.Context, _ none) (agent.About, error) { return svc.About(ctx) }),
		"Quit":     does(func(ctx context.Context, _ none) error { return svc.Quit(ctx) }),
		"TestBrowser": gives(func(ctx context.Context, in nameArgs) (string, error) {
			return svc.TestBrowser(ctx, in.Name)
		}),
		"Browsers": gives(func(ctx context.Context, _ none) ([]agent.Browser, error) { return svc.Browsers(ctx) }),
		"Browser":  gives(func(ctx context.Context, in browserArgs) (string, error) { return svc.Browser(ctx, in.Account) }),
		"SetBrowser": does(func(ctx context.Context, in browserArgs) error {
			return svc.SetBrowser(ctx, in.Account, in.Command)
		}),
		"TestKeyring": gives(func(ctx context.Context, _ none) (string, error) { return svc.TestKeyring(ctx) }),
		"Lock":        does(func(ctx context.Context, _ none) error { return svc.Lock(ctx) }),
		"UseKeyring":  does(func(ctx context.Context, _ none) error { return svc.UseKeyring(ctx) }),
		"Programs":    gives(func(ctx context.Context, _ none) ([]agent.Program, error) { return svc.Programs(ctx) }),
		"SetProgram": does(func(ctx context.Context, in nameArgs) error {
			return svc.SetProgram(ctx, in.Name, in.Rule)
		}),
		"ForgetProgram": does(func(ctx context.Context, in nameArgs) error { return svc.ForgetProgram(ctx, in.Name) }),
		"Certificate":   gives(func(ctx context.Context, _ none) (agent.Certificate, error) { return svc.Certificate(ctx) }),
	}
}
