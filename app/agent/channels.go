package agent

import (
	"context"
	"slices"

	"relink/platform"
)

// channelNames are the channels in the order people see them.
var channelNames = []string{ChannelMail, ChannelWebhook, ChannelHook, ChannelCalendar}

func noChannel(name string) *platform.Error {
	return &platform.Error{Kind: platform.KindUsage, Message: "there is no channel " + name, Repair: "name one of: " + platform.Join(channelNames)}
}

// SetSecret implements Service.
func (a *Agent) SetSecret(ctx context.Context, channel, secret string) error {
	if channel != ChannelMail && channel != ChannelWebhook {
		if !slices.Contains(channelNames, channel) {
			return noChannel(channel)
		}
		return &platform.Error{Kind: platform.KindUsage, Message: "the " + channel + " has no secret", Repair: "leave it out"}
	}
	if err := a.cfg.Vault.SetSecret(ctx, channel, platform.NewSecret(secret)); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return nil
}

// Channels implements Service.
func (a *Agent) Channels(ctx context.Context) ([]Channel, error) {
	secrets, err := a.cfg.Vault.Secrets(ctx)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	waiting, err := a.cfg.Vault.Waiting(ctx)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	s := a.settings.Load()
	out := make([]Channel, len(channelNames))
	for i, name := range channelNames {
		w := waiting[name]
		out[i] = Channel{Name: name, On: s.has(name), Secret: slices.Contains(secrets, name), Waiting: w.Count, Since: w.Oldest}
	}
	return out, nil
}

// has reports whether a channel is switched on.
func (s *Settings) has(channel string) bool {
	switch channel {
	case ChannelMail:
		return s.Mail.Server != ""
	case ChannelWebhook:
		return s.Webhook != ""
	case ChannelHook:
		return s.Hook != ""
	case ChannelCalendar:
		return s.Calendar != ""
	}
	return false
}

// TestChannel implements Service.
func (a *Agent) TestChannel(_ context.Context, channel string) (string, error) {
	return "", noChannel(channel)
}

// Calendar implements Service.
func (a *Agent) Calendar(context.Context) (string, error) { return "", noChannel(ChannelCalendar) }
