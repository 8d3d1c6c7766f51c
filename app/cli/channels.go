package cli

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

// channelOut is how mail, webhook, hook or calendar does.
type channelOut struct {
	Name  string `json:"name"`
	On    bool   `json:"on"`
	Where string `json:"where,omitempty"`
	// Secret is true when its password or signing key is stored.
	Secret  bool      `json:"secret,omitempty"`
	Waiting int       `json:"waiting"`
	Since   time.Time `json:"waiting_since,omitzero"`
	// At is when something was last sent or tried, OK how that went, Text the result.
	At   time.Time `json:"last_at,omitzero"`
	OK   bool      `json:"last_ok"`
	Text string    `json:"last,omitempty"`
}

// keyOut is the result of webhook set where Relink made the key.
type keyOut struct {
	OK bool `json:"ok"`
	// SigningKey is shown this once.
	SigningKey string `json:"signing_key,omitempty"`
}

// channel makes the verb of a channel: alone it says how the channel does.
func (t *tool) channel(name, short, long string, set *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long, Args: nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error { return t.showChannel(ctx, svc, name) }),
	}
	cmd.AddCommand(set, t.channelTest(name), t.channelOff(name))
	return cmd
}

func (t *tool) showChannel(ctx context.Context, svc agent.Service, name string) error {
	all, err := svc.Channels(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(c agent.Channel) bool { return c.Name == name })
	if i < 0 {
		return usage(platform.T("restart the agent: relink quit, then relink"), platform.T("the agent knows no %s", name))
	}
	c := all[i]
	out := channelOut{Name: c.Name, On: c.On, Where: c.Where, Secret: c.Secret, Waiting: c.Waiting, OK: c.OK, Text: c.Text}
	lines := []string{platform.T("The %s is off; set it up: relink %s set", name, name)}
	if c.On {
		lines = []string{platform.T("The %s goes to %s.", name, c.Where)}
	}
	if !c.Since.IsZero() {
		out.Since = stamp(c.Since)
		lines = append(lines, platform.N(c.Waiting, "%d waiting, the oldest since %s.", "%d waiting, the oldest since %s.", date(c.Since)))
	}
	if !c.At.IsZero() {
		out.At = stamp(c.At)
		lines = append(lines, platform.T("Last, %s: %s", date(c.At), c.Text))
	}
	return t.result(out, "%s", strings.Join(lines, "\n"))
}

func (t *tool) channelTest(name string) *cobra.Command {
	return &cobra.Command{
		Use: "test", Short: platform.T("Send a test now and say what became of it"), Args: nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			text, err := svc.TestChannel(ctx, name)
			if err != nil {
				return err
			}
			return t.result(channelOut{Name: name, On: true, OK: true, Text: text}, "%s", text)
		}),
	}
}

func (t *tool) channelOff(name string) *cobra.Command {
	var forget bool
	cmd := &cobra.Command{
		Use: "off", Short: platform.T("Switch it off, and drop what waits"), Args: nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			err := t.change(ctx, svc, func(s *agent.Settings) {
				switch name {
				case agent.ChannelMail:
					s.Mail.Server = ""
				case agent.ChannelWebhook:
					s.Webhook = ""
				case agent.ChannelHook:
					s.Hook = ""
				case agent.ChannelCalendar:
					s.Calendar = ""
				}
			})
			if err == nil && forget {
				err = svc.SetSecret(ctx, name, "")
			}
			if err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("The %s is off."), name)
		}),
	}
	if name == agent.ChannelMail || name == agent.ChannelWebhook {
		cmd.Flags().BoolVar(&forget, "forget", false, platform.T("delete its password or key too"))
	}
	return cmd
}

// change changes the settings and leaves the rest of them as it is.
func (t *tool) change(ctx context.Context, svc agent.Service, f func(*agent.Settings)) error {
	s, err := svc.Settings(ctx)
	if err != nil {
		return err
	}
	f(&s)
	return svc.SetSettings(ctx, s)
}

func (t *tool) mail() *cobra.Command {
	var m agent.Mail
	var labels []string
	var noUser bool
	set := &cobra.Command{
		Use:   "set",
		Short: platform.T("Set the mail server, the recipients and the password"),
		Long: platform.T(`Set where reminders are mailed; what is not given stays as it is. The password comes from a prompt or stdin, never from an argument; an empty one leaves the stored one as it is. It is sealed in the vault.

The server must speak TLS: starttls on port 587 by default, or tls on 465. "none" is taken for a server on this computer only.`),
		Example: "  relink mail set --server smtp.example.com --user me@example.com --to me@example.com\n" +
			"  relink mail set --label acme=them@acme.example,boss@acme.example < password.txt",
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			own := map[string][]string{}
			for _, l := range labels {
				name, to, ok := strings.Cut(l, "=")
				if name == "" || !ok {
					return usage(platform.T("write it as --label NAME=ADDRESS, or --label NAME= for nobody"), platform.T("%q is no label with addresses", l))
				}
				own[name] = nil
				if to != "" {
					own[name] = strings.Split(to, ",")
				}
			}
			password := ""
			if !noUser {
				var err error
				if password, err = t.maybeSecret(cmd.Context(), platform.T("Mail password (empty: as it is): ")); err != nil {
					return err
				}
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				// The password first: what fails changes nothing.
				if password != "" {
					if err := svc.SetSecret(ctx, agent.ChannelMail, password); err != nil {
						return err
					}
				}
				err := t.change(ctx, svc, func(s *agent.Settings) {
					for flag, to := range map[string]struct{ to, from *string }{
						"server": {&s.Mail.Server, &m.Server}, "security": {&s.Mail.Security, &m.Security}, "user": {&s.Mail.User, &m.User}, "from": {&s.Mail.From, &m.From},
					} {
						if given(flag) {
							*to.to = *to.from
						}
					}
					if noUser {
						s.Mail.User = ""
					}
					if given("port") {
						s.Mail.Port = m.Port
					}
					if given("to") {
						s.Mail.To = m.To
					}
					for name, to := range own {
						next := map[string][]string{}
						for k, v := range s.Mail.Labels {
							next[k] = v
						}
						if next[name] = to; len(to) == 0 {
							delete(next, name)
						}
						s.Mail.Labels = next
					}
				})
				if err != nil {
					return err
				}
				return t.result(okOut{true}, platform.T("Stored. Try it: relink mail test"))
			})(cmd, nil)
		},
	}
	f := set.Flags()
	f.StringVar(&m.Server, "server", "", platform.T("the mail server's host name"))
	f.IntVar(&m.Port, "port", 0, platform.T("its port; 0 for the usual one"))
	f.StringVar(&m.Security, "security", "", platform.T("starttls, tls, or none for a server on this computer"))
	f.StringVar(&m.User, "user", "", platform.T("who signs in"))
	f.BoolVar(&noUser, "no-user", false, platform.T("nobody signs in"))
	f.StringVar(&m.From, "from", "", platform.T("the sender's address, where it is not the user"))
	f.StringSliceVar(&m.To, "to", nil, platform.T("who gets every reminder"))
	f.StringArrayVar(&labels, "label", nil, platform.T("who else gets those of a label: NAME=ADDRESS,…"))
	return t.channel(agent.ChannelMail, platform.T("Mail reminders"), platform.T(`Say how mailed reminders do: where they go, what waits, and how the last one went.

One mail a day at the reminder hour tells all that is new; at once only what has ended while something is due within 24 hours. While the server is away, mail waits; what was fixed meanwhile is not sent.`), set)
}

func (t *tool) webhook() *cobra.Command {
	set := &cobra.Command{
		Use:     "set ADDRESS",
		Short:   platform.T("Set the address and the signing key"),
		Long:    platform.T(`Set the address that events are posted to, https or on this computer. The signing key comes from a prompt or stdin, never from an argument; where none is given and none is stored, one is made and printed once.`),
		Example: "  relink webhook set https://example.com/relink\n  relink webhook set https://example.com/relink < key.txt",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := t.maybeSecret(cmd.Context(), platform.T("Signing key (empty: as it is, or a new one): "))
			if err != nil {
				return err
			}
			return t.with(func(ctx context.Context, svc agent.Service, args []string) error {
				all, err := svc.Channels(ctx)
				if err != nil {
					return err
				}
				made := ""
				if key == "" && !slices.ContainsFunc(all, func(c agent.Channel) bool { return c.Name == agent.ChannelWebhook && c.Secret }) {
					made = rand.Text() + rand.Text()
					key = made
				}
				if key != "" {
					if err := svc.SetSecret(ctx, agent.ChannelWebhook, key); err != nil {
						return err
					}
				}
				if err := t.change(ctx, svc, func(s *agent.Settings) { s.Webhook = args[0] }); err != nil {
					return err
				}
				t.say(platform.T("Stored. Try it: relink webhook test"))
				if made == "" {
					return t.result(okOut{true}, platform.T("The signing key is stored."))
				}
				t.say(platform.T("The signing key, shown this once, is for the receiver:"))
				return t.result(keyOut{true, made}, "%s", made)
			})(cmd, args)
		},
	}
	return t.channel(agent.ChannelWebhook, platform.T("Post events to an address"), platform.T(`Say how the webhook does. It is sent one JSON document for each event, by POST: expiring, expired, reconnected, unreachable; the fields are id, event, was, at, account (id, ref, platform, server, title, labels), state, reason, deadline (at, kind, source), unreachable_since, depends, rehearsal. There is no secret in it.

X-Relink-Signature is "sha256=" and the HMAC-SHA256, in hex, of the text of X-Relink-Timestamp, a dot, and the body. Refuse timestamps that are minutes off. X-Relink-Delivery is the same when an event comes again. Any 2xx is taken for received; else it is tried again for 4 days. Redirects are not followed.`), set)
}

func (t *tool) hook() *cobra.Command {
	set := &cobra.Command{
		Use:     "set COMMAND",
		Short:   platform.T("Set the command"),
		Long:    platform.T(`Set the command that is given each event: the webhook's JSON document on its standard input, and the event in RELINK_EVENT. The command is split into words at spaces, quotes kept together; no shell sees it. It is ended after 30 seconds, and tried again for a day when it fails.`),
		Example: "  relink hook set \"/usr/local/bin/relink-event --verbose\"",
		Args:    takes(1, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			if err := t.change(ctx, svc, func(s *agent.Settings) { s.Hook = args[0] }); err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("Stored. Try it: relink hook test"))
		}),
	}
	return t.channel(agent.ChannelHook, platform.T("Run a command on events"), platform.T("Say how the command hook does: what it runs, what waits, and how the last run went."), set)
}

func (t *tool) calendar() *cobra.Command {
	set := &cobra.Command{
		Use:     "set on|PATH",
		Short:   platform.T("Keep a calendar file current"),
		Long:    platform.T(`Keep a calendar file (.ics) of all deadlines current: "on" keeps relink.ics beside Relink's data, a path ending in .ics any other file, such as one that a calendar program subscribes to or a synchronised folder holds.`),
		Example: "  relink calendar set on\n  relink calendar set ~/Sync/relink.ics",
		Args:    takes(1, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			path := args[0]
			if path != "on" && path != "off" {
				abs, err := filepath.Abs(path)
				if err != nil {
					return usage(platform.T("give the full path"), platform.T("the path cannot be found out: %s", err))
				}
				path = abs
			}
			if err := t.change(ctx, svc, func(s *agent.Settings) { s.Calendar = path }); err != nil {
				return err
			}
			if path == "off" {
				return t.result(okOut{true}, platform.T("The calendar is off."))
			}
			text, err := svc.TestChannel(ctx, agent.ChannelCalendar)
			if err != nil {
				return err
			}
			return t.result(channelOut{Name: agent.ChannelCalendar, On: true, OK: true, Text: text}, "%s", text)
		}),
	}
	cmd := t.channel(agent.ChannelCalendar, platform.T("Print the deadlines as a calendar, or keep a file of them"), platform.T(`Print all deadlines as an iCalendar text (RFC 5545). No file is kept until one is asked for with set.`), set)
	cmd.Example = "  relink calendar > deadlines.ics\n  relink calendar set on"
	cmd.RunE = t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
		text, err := svc.Calendar(ctx)
		if err != nil {
			return err
		}
		if t.json {
			return t.emit(map[string]string{"calendar": text})
		}
		_, err = t.Stdout.Write([]byte(text))
		return written(err)
	})
	return cmd
}

// channelKeys are the settings of the channels.
func channelKeys() []setting {
	line := func(key, help string, field func(*agent.Settings) *string) setting {
		return setting{
			key, help,
			func(s agent.Settings) string { return *field(&s) },
			func(s *agent.Settings, v string) error { *field(s) = v; return nil },
		}
	}
	orOff := func(key, help string, field func(*agent.Settings) *string) setting {
		return setting{
			key, help,
			func(s agent.Settings) string { return words(*field(&s), "off") },
			func(s *agent.Settings, v string) error {
				if v == "off" {
					v = ""
				}
				*field(s) = v
				return nil
			},
		}
	}
	return []setting{
		orOff("mail_server", platform.T("the mail server, or off. The password: relink mail set"), func(s *agent.Settings) *string { return &s.Mail.Server }),
		{
			"mail_port", platform.T("its port; 0 for the usual one"),
			func(s agent.Settings) string { return strconv.Itoa(s.Mail.Port) },
			func(s *agent.Settings, v string) (err error) { s.Mail.Port, err = parseNumber(v, 0, 65535); return err },
		},
		{
			"mail_security", platform.T("starttls, tls, or none for a server on this computer"),
			func(s agent.Settings) string { return words(s.Mail.Security, "starttls") },
			func(s *agent.Settings, v string) error { s.Mail.Security = v; return nil },
		},
		line("mail_user", platform.T("who signs in there"), func(s *agent.Settings) *string { return &s.Mail.User }),
		line("mail_from", platform.T("the sender's address; empty for the user"), func(s *agent.Settings) *string { return &s.Mail.From }),
		{
			"mail_to", platform.T("who gets every reminder, commas between"),
			func(s agent.Settings) string { return strings.Join(s.Mail.To, ",") },
			func(s *agent.Settings, v string) error {
				s.Mail.To = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
				return nil
			},
		},
		orOff("webhook", platform.T("the address that events are posted to, or off. The key: relink webhook set"), func(s *agent.Settings) *string { return &s.Webhook }),
		orOff("hook", platform.T("the command that is given events, or off"), func(s *agent.Settings) *string { return &s.Hook }),
		orOff("calendar", platform.T("a calendar file of all deadlines: off, on, or its full path"), func(s *agent.Settings) *string { return &s.Calendar }),
	}
}

// mailOf is the mail settings as JSON; nothing where there is no server.
func mailOf(m agent.Mail) *agent.Mail {
	if m.Server == "" {
		return nil
	}
	return &m
}
