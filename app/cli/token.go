package cli

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
)

// maxInput bounds what is read from stdin, in bytes.
const maxInput = 512 << 10

func (t *tool) token() *cobra.Command {
	var r agent.TokenRequest
	var header bool
	cmd := &cobra.Command{
		Use:   "token ACCOUNT",
		Short: platform.T("Print a working access token"),
		Long: platform.T(`Print a working access token and nothing else, refreshed first where that is needed and can be done without a person. Where a person is needed the exit code is 3 at once, and the desktop is told who waits.

Some tokens are of no use alone: those of Bluesky from a sign-in in the browser are bound to a key (DPoP, RFC 9449) that stays in Relink. They are not printed; with --json they are, with the token_type DPoP and a note. For scripts, sign in with an app password: relink reconnect ACCOUNT --app-password-stdin. It gives Bearer tokens, and lasts longer.`),
		Example: `  relink token linkedin/acme --min-valid 10m
  curl -H "$(relink token mastodon/acme --header)" https://mastodon.social/api/v1/timelines/home`,
		Args: takes(1, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			r.Account, r.Interactive, r.Consumer = args[0], t.Interactive, consumer()
			got, err := svc.Token(ctx, r)
			if err != nil {
				return err
			}
			kind, alone := got.Scheme(), got.Alone()
			switch {
			case t.json:
				out := tokenOut{Account: got.Account, AccessToken: got.AccessToken, TokenType: kind, ExpiresAt: stamp(got.ExpiresAt), Scopes: got.Scopes}
				if !got.ExpiresAt.IsZero() {
					in := int64(got.ExpiresAt.Sub(t.Now()) / time.Second)
					out.ExpiresIn = &in
				}
				if alone != nil {
					out.Note = alone.Error()
				}
				err = t.emit(out)
			case alone != nil:
				return alone
			case header:
				err = t.print("Authorization: %s %s", kind, got.AccessToken)
			default:
				err = t.print("%s", got.AccessToken)
			}
			if err == nil && t.progress {
				t.hint(ctx, svc, got.Account)
			}
			return err
		}),
	}
	cmd.Flags().Var(spanFlag{&r.MinValid}, "min-valid", platform.T("how long the token must still hold, such as 10m"))
	cmd.Flags().BoolVar(&header, "header", false, platform.T("print it as an HTTP Authorization header"))
	return cmd
}

// hint tells a person at the terminal that the account will soon need them.
func (t *tool) hint(ctx context.Context, svc agent.Service, account string) {
	s, err := svc.Snapshot(ctx)
	if err != nil {
		return
	}
	for r := range s.All() {
		if (r.Account.ID == account || r.Account.Ref() == account) && r.Status.State == platform.StateExpiring {
			t.say("relink: %s", platform.T("%s: %s; renew it: relink reconnect %s", r.Account.Ref(), r.Status.Left(t.Now()), r.Account.Ref()))
		}
	}
}

// consumer names the program that runs this one, where the system says so
// simply; the agent's notice names it as the one that waits.
func consumer() string {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(os.Getppid()) + "/comm")
	if err != nil {
		return "relink token"
	}
	return strings.TrimSpace(string(name))
}

// given is what import reads as JSON.
type given struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ClientID  string `json:"client_id"`
	ExpiresAt any    `json:"expires_at"`
}

func (t *tool) bring() *cobra.Command {
	var r agent.ImportRequest
	var issuer, handle string
	cmd := &cobra.Command{
		Use:   "import PLATFORM",
		Short: platform.T("Take over a token made elsewhere"),
		Long: platform.T(`Take over a token made elsewhere: from stdin or a prompt, never as an argument. It is either the token itself, or JSON with access_token and, if you have them, refresh_token, client_id and expires_at (RFC 3339, or seconds since 1970). Relink asks the platform whose it is and when it ends.

With --watch the token stays where another program keeps it: Relink reads it there, sees when it is replaced, and warns before it ends, but never copies or renews it.`),
		Example: `  relink import facebook < token.txt
  pass show acme/oidc.json | relink import oidc --issuer https://id.example.org
  relink import linkedin --watch env:/home/me/poster/.env#LINKEDIN_TOKEN
  relink import youtube --watch json:/home/me/tokens.json#/acme/access_token`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := platform.Lookup(args[0])
			if err != nil {
				return err
			}
			r.Platform = p.ID
			if r.Server, err = siteOf(p, r.Server, issuer, handle); err != nil {
				return err
			}
			if r.Keeper != "" {
				k, err := platform.ParseKeeper(r.Keeper)
				if err != nil {
					return err
				}
				r.Keeper = k.String()
			} else if err := t.readToken(cmd.Context(), &r); err != nil {
				return err
			}
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				got, err := svc.Import(ctx, r)
				if err != nil {
					return err
				}
				return t.result(accountOf(&got, t.Now()), "%s (%s): %s", got.Account.Title(), got.Account.Ref(), holds(&got, t.Now()))
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Server, "server", "", platform.T("the server's address (Mastodon)"))
	f.StringVar(&issuer, "issuer", "", platform.T("the issuer's address (oidc)"))
	f.StringVar(&handle, "handle", "", platform.T("the account's handle (Bluesky)"))
	f.StringVar(&r.Alias, "alias", "", platform.T("the short name of the account"))
	f.StringVar(&r.Keeper, "watch", "", platform.T("where another program keeps the token: env:PATH#NAME, json:PATH#/pointer or keyring:SERVICE/USER"))
	f.StringVar(&r.Pick, "pick", "", platform.T("the account, where a token is for several"))
	f.StringVar(&r.Login, "login", "", platform.T("the login name that goes with an app password"))
	return cmd
}

func (t *tool) readToken(ctx context.Context, r *agent.ImportRequest) error {
	text := ""
	if t.Interactive {
		var err error
		if text, err = t.secret(ctx, platform.T("Token: ")); err != nil {
			return err
		}
	} else {
		data, err := io.ReadAll(io.LimitReader(t.Stdin, maxInput))
		if err != nil {
			return usage(platform.T("give the token on stdin"), platform.T("stdin cannot be read"))
		}
		text = strings.TrimSpace(string(data))
	}
	if !strings.HasPrefix(text, "{") {
		r.Access = text
	} else {
		// The decoder's own words may quote the token.
		var g given
		if json.Unmarshal([]byte(text), &g) != nil {
			return usage(platform.T("see what it takes: relink import --help"), platform.T("stdin begins like JSON but is none that import takes"))
		}
		at, ok := platform.Moment(g.ExpiresAt)
		if !ok && g.ExpiresAt != nil {
			return usage(platform.T("write it as 2026-12-31T12:00:00Z, or as seconds since 1970"), platform.T("expires_at is no time"))
		}
		r.Access, r.Refresh, r.ClientID, r.ExpiresAt = g.Access, g.Refresh, g.ClientID, at
	}
	if r.Access == "" && r.Refresh == "" {
		return usage(platform.T("give it on stdin: relink import %s < token.txt", r.Platform), platform.T("there is no token"))
	}
	if strings.ContainsAny(r.Access, " \t\r\n") {
		return usage(platform.T("give the token alone, or JSON"), platform.T("a token has no spaces or line breaks"))
	}
	return nil
}

// secret asks for one at the terminal, or takes stdin's first line. It is never empty.
func (t *tool) secret(ctx context.Context, prompt string) (string, error) {
	text, err := t.maybeSecret(ctx, prompt)
	if err == nil && text == "" {
		err = usage(platform.T("give it at the prompt or on stdin"), platform.T("nothing was given"))
	}
	return text, err
}

func (t *tool) maybeSecret(ctx context.Context, prompt string) (string, error) {
	if t.Interactive {
		text, err := t.hidden(ctx, prompt)
		return strings.TrimSpace(text), err
	}
	return t.line(), nil
}

// line reads one line of stdin and nothing behind it, as a prompt may follow.
func (t *tool) line() string { return strings.TrimSpace(t.rawLine()) }

// rawLine is line with all but its ending.
func (t *tool) rawLine() string {
	if t.typing != nil {
		return t.typing.read().text
	}
	var text []byte
	one := make([]byte, 1)
	for len(text) < maxInput {
		n, err := t.Stdin.Read(one)
		if n == 1 && one[0] == '\n' || err != nil {
			break
		}
		text = append(text, one[:n]...)
	}
	return strings.TrimSuffix(string(text), "\r")
}

// passphrase asks for one at the terminal, or takes stdin's first line. Spaces
// around it are part of it, as in the window and in a passphrase file.
func (t *tool) passphrase(ctx context.Context, prompt string) (string, error) {
	text := ""
	if t.Interactive {
		var err error
		if text, err = t.hidden(ctx, prompt); err != nil {
			return "", err
		}
	} else {
		text = t.rawLine()
	}
	if text == "" {
		return "", usage(platform.T("give it at the prompt or on stdin"), platform.T("nothing was given"))
	}
	return text, nil
}

// newPassphrase asks twice at a terminal.
func (t *tool) newPassphrase(ctx context.Context, prompt string) (string, error) {
	first, err := t.passphrase(ctx, prompt)
	if err != nil || !t.Interactive {
		return first, err
	}
	again, err := t.passphrase(ctx, platform.T("The same again: "))
	if err != nil {
		return "", err
	}
	if first != again {
		return "", usage(platform.T("run the command again"), platform.T("the two passphrases differ"))
	}
	return first, nil
}

func (t *tool) unlock() *cobra.Command {
	var create, keyring bool
	cmd := &cobra.Command{
		Use:     "unlock",
		Short:   platform.T("Open the vault with its passphrase"),
		Long:    platform.T(`Open the vault with its passphrase, from a prompt or stdin. Where this computer has no keyring, --new-passphrase chooses one to protect the vault instead.`),
		Example: "  relink unlock\n  relink unlock --new-passphrase",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
				set, err := svc.Settings(ctx)
				if err != nil {
					return err
				}
				pass := ""
				switch {
				case keyring:
				case create:
					pass, err = t.newPassphrase(ctx, platform.T("New passphrase: "))
				case set.Key == "passphrase":
					pass, err = t.passphrase(ctx, platform.T("Passphrase: "))
				}
				if err != nil {
					return err
				}
				if keyring {
					if err := svc.UseKeyring(ctx); err != nil {
						return err
					}
					return t.result(okOut{true}, "%s", platform.T("The key is in the keyring."))
				}
				// Without a passphrase the keyring is asked again.
				if err := svc.Unlock(ctx, pass, create); err != nil {
					return err
				}
				return t.result(okOut{true}, platform.T("The vault is open."))
			})(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&keyring, "to-keyring", false, platform.T("move the key from under its passphrase into the keyring"))
	cmd.Flags().BoolVar(&create, "new-passphrase", false, platform.T("choose a passphrase where there is no keyring"))
	cmd.MarkFlagsMutuallyExclusive("new-passphrase", "to-keyring")
	return cmd
}

func (t *tool) backup() *cobra.Command {
	return &cobra.Command{
		Use:     "backup FILE",
		Short:   platform.T("Write everything to an archive sealed with a passphrase"),
		Long:    platform.T(`Write everything to an archive sealed with a passphrase, from a prompt or stdin. A vault that is under a passphrase itself is opened first: its passphrase then comes before the archive's, unless RELINK_PASSPHRASE_FILE names it.`),
		Example: "  relink backup relink-2026-11-24.age",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			vault := func() (string, error) { return t.passphrase(cmd.Context(), platform.T("Passphrase of the vault: ")) }
			archive := func() (string, error) {
				return t.newPassphrase(cmd.Context(), platform.T("New passphrase, for the archive: "))
			}
			if err := t.Backup(cmd.Context(), args[0], vault, archive); err != nil {
				return err
			}
			return t.result(okOut{true}, platform.T("Written to %s. Without its passphrase it is worthless."), args[0])
		},
	}
}

func (t *tool) restore() *cobra.Command {
	var replace, show bool
	cmd := &cobra.Command{
		Use:     "restore FILE",
		Short:   platform.T("Bring back what backup wrote"),
		Example: "  relink restore relink-2026-11-24.age",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pass, err := t.passphrase(cmd.Context(), platform.T("Passphrase of the archive: "))
			if err != nil {
				return err
			}
			if show {
				return t.showArchive(cmd.Context(), args[0], pass)
			}
			aside, err := t.Restore(cmd.Context(), args[0], pass, replace)
			said := platform.T("Restored from %s.", args[0])
			if aside != "" {
				said = platform.T("Restored from %s. The vault that was there is kept as %s.", args[0], aside)
				if err != nil {
					t.say("relink: %s", platform.T("the vault that was there is kept as %s", aside))
				}
			}
			if err != nil {
				return err
			}
			return t.result(restoredOut{true, aside}, "%s", said)
		},
	}
	if t.Upkeep.Inspect != nil {
		cmd.Flags().BoolVar(&show, "show", false, platform.T("only say what is in it"))
	}
	cmd.Flags().BoolVar(&replace, "replace", false, platform.T("set the vault that is there aside first"))
	return cmd
}
