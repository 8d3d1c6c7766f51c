package agent

import (
	"context"

	"relink/platform"
	"relink/platform/connect"
)

// Redirect implements Service.
func (a *Agent) Redirect(ctx context.Context, platformID string) (string, error) {
	p, err := platform.Lookup(platformID)
	if err != nil {
		return "", err
	}
	var app platform.App
	if p.Site == platform.SiteNone {
		if app, err = a.cfg.Vault.App(ctx, p.ID, ""); err != nil && platform.KindOf(err) != platform.KindNotFound {
			return "", platform.As(err, platform.KindStorage)
		}
	}
	return connect.RedirectAddress(p, app, a.settings.Load().Port), nil
}

// site brings a server's address into the form it is stored under.
func (a *Agent) site(p *platform.Platform, server string) (string, error) {
	if p.Site == platform.SiteNone {
		return "", nil
	}
	return connect.Normalize(p, server)
}
