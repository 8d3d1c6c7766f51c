package connect

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/sandbox"
)

const day = 24 * time.Hour

// practice gives a practice network and how to reach it.
func practice(t *testing.T) (*sandbox.Network, Config) {
	t.Helper()
	n := sandbox.New(sandbox.Config{})
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	t.Cleanup(func() { n.ClearFaults("") }) // what hangs must not keep the server
	return n, Config{Net: &platform.Net{Sandbox: s.URL, Timeout: 2 * time.Second}, Port: freePort(t)}
}

func practiceRequest(t *testing.T, id string) Request {
	t.Helper()
	r := Request{Platform: lookup(t, id), App: platform.App{ID: "mine", Secret: platform.NewSecret("hush")}}
	switch id {
	case "mastodon":
		r.Server, r.App = "mastodon.example", platform.App{}
	case "wordpress":
		r.Server, r.App = "wordpress.example", platform.App{}
	case "twitch", "wordpresscom":
		r.App.Secret = platform.Secret{}
		if id == "wordpresscom" {
			r.App = platform.App{}
		}
	case "bluesky":
		r.Server, r.App = "acme-owner.bsky.social", platform.App{}
	case "oidc":
		r.Server, r.App = "https://issuer.example", platform.App{ID: "public"}
	}
	return r
}

// through lets a person go through the sign-in page and waits for the result.
func through(t *testing.T, a *Attempt, c sandbox.Choice) (Result, error) {
	t.Helper()
	type seen struct {
		page string
		err  error
	}
	page := make(chan seen, 1)
	switch {
	case a.URL == "": // a credential
		return a.Wait(t.Context())
	case a.UserCode != "":
		if err := sandbox.Approve(t.Context(), nil, a.URL, c); err != nil {
			t.Fatal(err)
		}
		return a.Wait(t.Context())
	case !a.Listening:
		address, err := sandbox.SignIn(t.Context(), nil, a.URL, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Paste(address); err != nil {
			t.Fatal(err)
		}
		return a.Wait(t.Context())
	}
	go func() {
		_, text, err := sandbox.Follow(t.Context(), nil, a.URL, c)
		page <- seen{text, err}
	}()
	r, err := a.Wait(t.Context())
	o := Outcome{Error: err}
	for _, id := range r.Identities {
		o.Titles = append(o.Titles, id.Name)
	}
	a.Done(o)
	got := <-page
	if got.err != nil {
		t.Fatal(got.err)
	}
	want := "connected"
	if err != nil {
		want = "Not connected"
	}
	if !strings.Contains(got.page, want) {
		t.Errorf("page lacks %q: %s", want, got.page)
	}
	return r, err
}

func TestPracticeNetwork(t *testing.T) {
	for _, p := range platform.All() {
		t.Run(p.ID, func(t *testing.T) {
			n, cfg := practice(t)
			if p.ID == "oidc" {
				n.Register(sandbox.App{Platform: "oidc", ClientID: "public", Public: true, Redirects: []string{"http://127.0.0.1/callback"}})
			}
			req := practiceRequest(t, p.ID)
			if p.Redirect == platform.RedirectNone && p.Device == nil {
				var secret string
				req.Login, secret = n.CredentialAt(p.ID, req.Server, "")
				req.Secret = platform.NewSecret(secret)
			}
			a := start(t, cfg, req)
			r, err := through(t, a, sandbox.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Missing) > 0 {
				t.Errorf("missing: got %v", r.Missing)
			}
			for _, id := range r.Identities {
				if id.ProviderID == "" || id.Grant.Tokens.Access.IsZero() || len(id.Grant.Clocks) == 0 {
					t.Errorf("got %+v", id)
				}
			}
			if p.ID == "facebook" && !slices.ContainsFunc(r.Identities, func(id platform.Identity) bool {
				return id.Kind == "page" && id.Grant.Clock(platform.ClockDataAccess).Ends()
			}) {
				t.Errorf("no page with a data access clock: %+v", r.Identities)
			}
		})
	}
}

func TestPracticeNetworkSilent(t *testing.T) {
	n, cfg := practice(t)
	n.SetLifetimes("", sandbox.Lifetimes{Silent: true, SilentIntrospection: true})
	for id, want := range map[string]time.Duration{"facebook": 90 * day, "linkedin": 60 * day} {
		a := start(t, cfg, practiceRequest(t, id))
		r, err := through(t, a, sandbox.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		person := r.Identities[len(r.Identities)-1].Grant
		if c := person.Clock(platform.ClockAccess); c.Source != platform.SourceAssumed || c.At.Sub(c.Since) != want {
			t.Errorf("%s: got %+v, want %v assumed", id, c, want)
		}
	}
}

func TestPracticeNetworkPeople(t *testing.T) {
	n, cfg := practice(t)
	a := start(t, cfg, practiceRequest(t, "linkedin"))
	r, err := through(t, a, sandbox.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	me := r.Identities[0]
	expect := platform.Account{ID: "a1", Platform: "linkedin", Alias: "acme", ProviderID: me.ProviderID, Name: me.Name}

	t.Run("wrong account", func(t *testing.T) {
		people := sandbox.DefaultPeople()
		other := people[len(people)-1].Name
		if other == me.Name {
			t.Fatal("the practice network has one person only")
		}
		n.SignInAs("linkedin", other)
		defer n.SignInAs("linkedin", "")
		r := practiceRequest(t, "linkedin")
		r.Expect = &expect
		_, err := through(t, start(t, cfg, r), sandbox.Choice{})
		e := wantKind(t, err, platform.KindWrongAccount)
		if want := "You signed in as " + other + ". This account is " + me.Name + ". Nothing was changed"; e.Message != want {
			t.Errorf("got %q, want %q", e.Message, want)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		r := practiceRequest(t, "linkedin")
		r.Expect = &expect
		_, err := through(t, start(t, cfg, r), sandbox.Choice{Deny: true})
		wantKind(t, err, platform.KindCancelled)
	})
	t.Run("fewer scopes", func(t *testing.T) {
		n.DropScopes("linkedin", "w_member_social")
		defer n.DropScopes("linkedin")
		r := practiceRequest(t, "linkedin")
		r.Wants = []platform.Capability{platform.Publish}
		got, err := through(t, start(t, cfg, r), sandbox.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Missing, []string{"w_member_social"}) {
			t.Errorf("missing: got %v", got.Missing)
		}
	})
	t.Run("page left out", func(t *testing.T) {
		shop := sandbox.DefaultPeople()[0].Pages[0]
		owner := sandbox.DefaultPeople()[0]
		r := practiceRequest(t, "facebook")
		r.Expect = &platform.Account{ID: "a2", Platform: "facebook", Alias: "shop", ProviderID: shop.ID, Name: shop.Name, OwnerID: owner.ID}
		got, err := through(t, start(t, cfg, r), sandbox.Choice{})
		if err != nil || len(got.Identities) != 1 || got.Identities[0].Name != shop.Name || len(got.Others) != 2 {
			t.Fatalf("got %+v and %d others, %v", got.Identities, len(got.Others), err)
		}
		_, err = through(t, start(t, cfg, r), sandbox.Choice{Pages: []string{owner.Pages[1].ID}})
		e := wantKind(t, err, platform.KindWrongAccount)
		if want := "You signed in as Acme Owner, but Acme Shop was not among what you allowed. Nothing was changed"; e.Message != want {
			t.Errorf("got %q, want %q", e.Message, want)
		}
	})
	t.Run("pasted", func(t *testing.T) {
		r := practiceRequest(t, "facebook")
		r.NoListener = true
		a := start(t, cfg, r)
		address, err := sandbox.SignIn(t.Context(), nil, a.URL, sandbox.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Paste(address); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPracticeNetworkFaults(t *testing.T) {
	for _, kind := range []string{sandbox.FaultStatus, sandbox.FaultGarbage, sandbox.FaultHuge, sandbox.FaultNoToken, sandbox.FaultEmpty, sandbox.FaultPortal, sandbox.FaultDrop, sandbox.FaultHang} {
		for _, id := range []string{"facebook", "linkedin"} {
			t.Run(id+" "+kind, func(t *testing.T) {
				n, cfg := practice(t)
				cfg.Net.Timeout = 300 * time.Millisecond
				a := start(t, cfg, practiceRequest(t, id))
				n.SetFault(sandbox.Fault{Platform: id, Kind: kind})
				_, err := through(t, a, sandbox.Choice{})
				wantKind(t, err, platform.KindRetry)
			})
		}
	}
}
