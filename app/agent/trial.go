package agent

import (
	"cmp"
	"context"
	"strings"

	"relink/platform"
	"relink/platform/connect"
)

// TestApp implements Service.
func (a *Agent) TestApp(ctx context.Context, r AppRequest) ([]Finding, error) {
	p, err := platform.Lookup(r.Platform)
	if err != nil {
		return nil, err
	}
	if p.Registration.None {
		return nil, &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("%s needs no app registration", p.Title()), Repair: platform.T("connect it: relink connect %s", p.ID)}
	}
	server, err := a.site(p, r.Server)
	if err != nil {
		return nil, err
	}
	app := platform.App{Platform: p.ID, Server: server, ID: strings.TrimSpace(r.ClientID), Secret: platform.NewSecret(strings.TrimSpace(r.Secret)), Redirect: strings.TrimSpace(r.Redirect)}
	if app.ID == "" || app.Secret.IsZero() {
		stored, err := a.cfg.Vault.App(ctx, p.ID, server)
		if err != nil && platform.KindOf(err) != platform.KindNotFound {
			return nil, platform.As(err, platform.KindStorage)
		}
		if app.ID == "" && stored.ID == "" {
			return nil, &platform.Error{Kind: platform.KindNotFound, Platform: p.ID, Message: platform.T("no app registration of %s is stored", p.Title()), Repair: platform.T("store it with: relink app set %s", p.ID)}
		}
		if app.ID == "" || app.ID == stored.ID {
			redirect := cmp.Or(app.Redirect, stored.Redirect)
			app = stored
			app.Redirect = redirect
		}
	}
	var out []Finding
	for _, t := range connect.TryApp(ctx, connect.Config{Net: a.cfg.Net, Now: a.clock.now, Port: a.settings.Load().Port, Certificate: a.cfg.Certificate, Log: a.log}, p, app) {
		level := map[connect.Grade]Level{connect.GradeGood: LevelOK, connect.GradeDoubt: LevelWarn, connect.GradeBad: LevelFail, connect.GradeNot: LevelUntested}[t.Grade]
		out = append(out, Finding{Name: string(t.Part), Level: level, Text: t.Text, Repair: t.Repair})
	}
	return out, nil
}
