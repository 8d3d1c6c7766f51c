package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

// signIn is how a sign-in is to be led.
type signIn struct {
	noBrowser, paste, device bool
	// anew asks again for what was declined.
	anew bool
	// credential takes the way by hand; login is the name that goes with it.
	credential bool
	login      string
	pick       []string
}

func (s *signIn) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.noBrowser, "no-browser", false, platform.T("print the address as the first line instead of opening a browser"))
	f.BoolVar(&s.paste, "paste", false, platform.T("for a browser on another machine: print the address, read the redirect address from stdin"))
	f.BoolVar(&s.device, "device", false, platform.T("sign in by a code typed on any device, where the platform has that"))
	f.BoolVar(&s.credential, "app-password-stdin", false, platform.T("hand over an app password, bot token or webhook address made at the platform: from stdin, or a prompt"))
	f.StringVar(&s.login, "login", "", platform.T("the login name that goes with an app password (WordPress)"))
	f.StringArrayVar(&s.pick, "pick", nil, platform.T("the page to connect, by name or id, where there are several; repeat it, or give all"))
}

// byHand reports whether a sign-in takes a credential made at the platform.
func (s signIn) byHand(p *platform.Platform) bool {
	return s.credential || p.HandOnly()
}

// credential asks for what was made at the platform, and says how to make it.
func (t *tool) credential(ctx context.Context, p *platform.Platform, s signIn, login string) (name, secret string, err error) {
	c := p.Credential
	if c == nil {
		return "", "", usage(platform.T("leave --app-password-stdin out"), platform.T("%s is connected in the browser only", p.Title()))
	}
	if t.Interactive {
		if t.guided() && c.Page != "" {
			t.tell(platform.T("%s, made here:", platform.Capital(platform.T(c.Name))))
			t.tell(c.Page)
		}
		t.numbered(translated(c.Steps))
	}
	name = words(s.login, login)
	if c.Login != "" && name == "" {
		if !t.Interactive {
			return "", "", usage(platform.T("add --login NAME"), platform.T("%s needs the %s that goes with the %s", p.Title(), platform.T(c.Login), platform.T(c.Name)))
		}
		if name, err = t.ask(ctx, platform.Capital(platform.T(c.Login))+": "); err != nil {
			return "", "", err
		}
		if name == "" {
			return "", "", usage(platform.T("run it again and type it"), platform.T("nothing was given"))
		}
	}
	secret, err = t.secret(ctx, platform.Capital(platform.T(c.Name))+": ")
	return name, secret, err
}

func translated(sentences []string) []string {
	out := make([]string, len(sentences))
	for i, s := range sentences {
		out[i] = platform.T(s)
	}
	return out
}

// refuse stops a caller without a terminal before anything is started.
func (t *tool) refuse(s signIn, command string) error {
	if t.Interactive || s.noBrowser || s.paste || s.device {
		return nil
	}
	return &platform.Error{
		Kind: platform.KindReconnect, Message: platform.T("this needs a person at a browser, and there is no terminal here"),
		Repair: platform.T("run it in one: %s (or add --no-browser and open the address yourself)", command),
	}
}

func (t *tool) connect() *cobra.Command {
	var s signIn
	var r agent.ConnectRequest
	var issuer, handle string
	var want []string
	cmd := &cobra.Command{
		Use:   "connect [PLATFORM]",
		Short: platform.T("Connect an account through the platform's own sign-in"),
		Long: platform.T(`Connect an account through the platform's own sign-in in the browser. Which platforms there are, and what they need first: relink platforms. Where a platform has an app password, a bot token or a webhook address instead, it is asked for.

At a terminal what is missing is asked for; without a platform you are led from the choice of one to the account that is connected.

With --no-browser the address to open is stdout's first line; then the command waits for the browser to come back, or for the redirect address on stdin.`),
		Example: `  relink connect
  relink connect mastodon --server https://mastodon.social
  relink connect facebook --pick "Acme Shop"
  relink connect oidc --issuer https://id.example.org --client-id relink
  relink connect bluesky --handle acme.bsky.social
  relink connect telegram < bot-token.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && t.guided() {
				return nil
			}
			return takes(1, 1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			site := words(r.Server, words(issuer, handle))
			if len(args) == 0 {
				return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
					return t.guideConnect(ctx, svc, r, site, want, s)
				})(cmd, args)
			}
			p, err := platform.Lookup(args[0])
			if err != nil {
				return err
			}
			r.Platform = p.ID
			if r.Server, err = siteOf(p, r.Server, issuer, handle); err != nil && t.guided() {
				r.Server, err = t.askSite(cmd.Context(), p)
			}
			if err != nil {
				return err
			}
			if r.Wants, err = wanted(p, want); err != nil {
				return err
			}
			byHand := s.byHand(p)
			if !byHand {
				if err := t.refuse(s, "relink connect "+p.ID); err != nil {
					return err
				}
			}
			r.NoBrowser, r.NoListener, r.Device = s.noBrowser || s.paste, s.paste, s.device
			if t.guided() {
				return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
					if len(r.Wants) == 0 { // which only the browser asks for
						if byHand, err = t.wayIn(ctx, svc, p, r, s, true); err != nil {
							return err
						}
					}
					return t.leadConnect(ctx, svc, p, r, s, byHand)
				})(cmd, args)
			}
			if byHand {
				if r.Login, r.Secret, err = t.credential(cmd.Context(), p, s, handle); err != nil {
					return err
				}
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				f, err := svc.Connect(ctx, r)
				if err != nil {
					return err
				}
				return t.follow(ctx, svc, f, s)
			})(cmd, args)
		},
	}
	s.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&r.Server, "server", "", platform.T("the server's address (Mastodon)"))
	f.StringVar(&issuer, "issuer", "", platform.T("the issuer's address (oidc)"))
	f.StringVar(&handle, "handle", "", platform.T("the account's handle (Bluesky)"))
	f.StringVar(&r.ClientID, "client-id", "", platform.T("a public client's id, where no app registration is stored"))
	f.StringSliceVar(&want, "want", nil, platform.T("what the account is for: publish,analytics,inbox,previews (default: what needs no approval by the platform)"))
	return cmd
}

// siteOf is the site that was given, whichever flag it came with.
func siteOf(p *platform.Platform, server, issuer, handle string) (string, error) {
	site := words(server, words(issuer, handle))
	switch {
	case p.Site == platform.SiteNone || site != "":
		return site, nil
	case p.Site == platform.SiteHandle:
		return "", usage(platform.T("add it: --handle acme.bsky.social"), platform.T("%s needs to know whose account", p.Title()))
	}
	return "", needsSite(p, string(p.Site))
}

// needsSite says that the server or issuer is missing, which a flag gives.
func needsSite(p *platform.Platform, flag string) error {
	if p.Site == platform.SiteIssuer {
		return usage(platform.T("add its address: --%s https://…", flag), platform.T("%s needs to know which issuer", p.Title()))
	}
	return usage(platform.T("add its address: --%s https://…", flag), platform.T("%s needs to know which server", p.Title()))
}

// wanted reads what the account is for.
func wanted(p *platform.Platform, want []string) ([]platform.Capability, error) {
	var out []platform.Capability
	for _, w := range want {
		c := platform.Capability(w)
		if !slices.ContainsFunc(p.Needs, func(n platform.Need) bool { return n.Capability == c }) {
			return nil, usage(platform.T("choose from: %s", capabilities(p)), platform.T("%s has nothing called %q", p.Title(), w))
		}
		out = append(out, c)
	}
	return out, nil
}

func capabilities(p *platform.Platform) string {
	var out []string
	for _, n := range p.Needs {
		out = append(out, string(n.Capability))
	}
	return words(strings.Join(out, ", "), platform.T("nothing, leave --want out"))
}
