// Command seed fills a RELINK_HOME with accounts to measure Relink with. They
// are all well, far from their ends, so that an agent that opens the home idles.
//
// With -from the first hundred do not: from that moment on, ten of them reach
// the first reminder every few seconds, so that the agent wakes with ten changes.
//
// With -mixed they are what an agency has instead: every platform, every state.
//
//	RELINK_HOME=/tmp/home seed -accounts 1000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"relink/app/config"
	"relink/app/vault"
	"relink/platform"
)

func main() {
	accounts := flag.Int("accounts", 1000, "how many")
	mixed := flag.Bool("mixed", false, "on every platform and in every state, to look at the window with")
	picture := flag.String("picture", "", "the practice network's `address`, for a picture of each of the mixed")
	var w wakes
	flag.Func("from", "the `time` (RFC 3339) at which the first ten reach their first reminder", func(v string) (err error) {
		w.from, err = time.Parse(time.RFC3339, v)
		return err
	})
	flag.DurationVar(&w.gap, "gap", 3*time.Second, "how long after ten the next ten do")
	flag.Parse()
	if err := run(context.Background(), *accounts, *mixed, *picture, w); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

// wakes says when accounts reach their first reminder; the zero value is never.
type wakes struct {
	from time.Time
	gap  time.Duration
}

// wakers are the accounts that do.
const wakers = 100

// clock is that of the i-th account, and ok whether it is one of them.
func (w wakes) clock(i int) (c platform.Clock, ok bool) {
	const lead, life = 7 * 24 * time.Hour, 60 * 24 * time.Hour
	if w.from.IsZero() || i >= wakers {
		return c, false
	}
	end := w.from.Add(lead + time.Duration(i/10)*w.gap)
	return platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: end.Add(-life), At: end}, true
}

func run(ctx context.Context, accounts int, mixed bool, picture string, w wakes) error {
	if os.Getenv("RELINK_HOME") == "" {
		return fmt.Errorf("set RELINK_HOME: this is not for a real vault")
	}
	paths, err := config.Find(os.Getenv)
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, vault.Config{Dir: paths.Data, PassphraseFile: os.Getenv("RELINK_PASSPHRASE_FILE")})
	if err != nil {
		return err
	}
	defer v.Close()
	if err := v.TryUnlock(ctx); err != nil {
		return err
	}
	// The accounts are for the practice network only: the agent asks for this mark.
	if err := v.SetMeta(ctx, "practice", "yes"); err != nil {
		return err
	}
	now := time.Now()
	platforms := []string{"facebook", "linkedin", "mastodon"}
	for i := range accounts {
		if mixed {
			a, g := mix(i, now, picture)
			if err := v.Create(ctx, a, g); err != nil {
				return err
			}
			continue
		}
		id := platforms[i%len(platforms)]
		clock := platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: now, At: now.Add(60*24*time.Hour + time.Duration(i)*time.Minute)}
		server := ""
		if soon, ok := w.clock(i); ok {
			id, clock = platforms[i%2], soon
		} else if id == "mastodon" {
			clock, server = platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceNever, Since: now}, "https://mastodon.example"
		}
		a := platform.Account{
			ID: vault.NewID(), Platform: id, Server: server, ProviderID: fmt.Sprintf("%d", 1_000_000+i), Alias: fmt.Sprintf("client-%06d", i),
			Name: fmt.Sprintf("Client %06d", i), Created: now, LastUsed: now,
		}
		g := platform.Grant{
			Account: a.ID, Generation: 1, TokenType: "Bearer", Clocks: []platform.Clock{clock}, Issued: now, Verified: now,
			Tokens: platform.Tokens{Access: platform.NewSecret(fmt.Sprintf("practice-token-%06d", i))},
		}
		if err := v.Create(ctx, a, g); err != nil {
			return err
		}
	}
	return nil
}
