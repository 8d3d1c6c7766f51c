package connect

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/sandbox"
)

const (
	acmeHandle  = "acme-owner.bsky.social"
	otherHandle = "other-person.bsky.social"
)

// TestBlueskyNames: whatever names the account, it is stored under its DID.
func TestBlueskyNames(t *testing.T) {
	_, cfg := practice(t)
	r := practiceRequest(t, "bluesky")
	first, err := through(t, start(t, cfg, r), sandbox.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	did := first.Server
	if !strings.HasPrefix(did, "did:plc:") {
		t.Fatalf("stored under %q", did)
	}
	id := first.Identities[0]
	if id.ProviderID != did || id.Handle != "@"+acmeHandle || id.Name != "Acme Owner" || id.Avatar == "" || id.Grant.TokenType != "DPoP" || id.Grant.Tokens.Key.IsZero() {
		t.Errorf("got %+v", id)
	}
	session := id.Grant.Clock(platform.ClockSession)
	if session.Source != platform.SourceAssumed || session.At.Sub(session.Since) != 14*day {
		t.Errorf("the sign-in's own clock: got %+v", session)
	}
	if access := id.Grant.Clock(platform.ClockAccess); access.Source != platform.SourceProvider || access.At.Sub(access.Since) != time.Hour {
		t.Errorf("access clock: got %+v", access)
	}
	u, err := url.Parse(first.App.ID)
	if err != nil || u.Scheme+"://"+u.Host != "http://localhost" || !strings.HasPrefix(u.Query().Get("redirect_uri"), "http://127.0.0.1:") || first.App.Server != did || !first.App.Self {
		t.Errorf("registration: got %+v", first.App)
	}
	for _, name := range []string{"@Acme-Owner.bsky.social", did, "https://practice.host.bsky.network", "https://bsky.social"} {
		t.Run(name, func(t *testing.T) {
			r.Server = name
			got, err := through(t, start(t, cfg, r), sandbox.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			if got.Server != did || got.App.Server != did || got.Identities[0].ProviderID != did || got.Identities[0].Name != "Acme Owner" {
				t.Errorf("got server %q, app of %q, identity %+v", got.Server, got.App.Server, got.Identities[0])
			}
		})
	}
	for name, want := range map[string]string{"nobody.bsky.social": `no account is called "nobody.bsky.social"`, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa": "no account is called"} {
		r.Server = name
		_, err := Start(t.Context(), cfg, r)
		if e := wantKind(t, err, platform.KindUsage); !strings.Contains(e.Message, want) {
			t.Errorf("%s: got %q", name, e.Message)
		}
	}
}

func TestBlueskyWrongAccount(t *testing.T) {
	n, cfg := practice(t)
	r := practiceRequest(t, "bluesky")
	mine, err := through(t, start(t, cfg, r), sandbox.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	n.SignInAs("bluesky", "Other Person")
	// On a first connection too: the handle says whose account was meant.
	for _, expect := range []*platform.Account{nil, {ID: "a1", Platform: "bluesky", Server: mine.Server, Alias: "acme", ProviderID: mine.Server, Name: "Acme Owner"}} {
		r.Expect = expect
		if expect != nil {
			r.Server = expect.Server
		}
		_, err := through(t, start(t, cfg, r), sandbox.Choice{})
		e := wantKind(t, err, platform.KindWrongAccount)
		if want := "You signed in as @" + otherHandle + ". This account is @" + acmeHandle + ". Nothing was changed"; e.Message != want {
			t.Errorf("got %q, want %q", e.Message, want)
		}
	}
	n.SignInAs("bluesky", "")
	got, err := through(t, start(t, cfg, r), sandbox.Choice{})
	if err != nil || got.Identities[0].ProviderID != mine.Server || got.App.ID == "" {
		t.Errorf("the right one: got %+v, %v", got.Identities, err)
	}
}

func TestBlueskyScopes(t *testing.T) {
	n, cfg := practice(t)
	n.DropScopes("bluesky", "transition:generic")
	got, err := through(t, start(t, cfg, practiceRequest(t, "bluesky")), sandbox.Choice{})
	if err != nil || !slices.Equal(got.Missing, []string{"transition:generic"}) {
		t.Errorf("missing: got %v, %v", got.Missing, err)
	}
	n.DropScopes("bluesky", "atproto")
	_, err = through(t, start(t, cfg, practiceRequest(t, "bluesky")), sandbox.Choice{})
	wantKind(t, err, platform.KindPermission)
}

// TestBlueskyIssuer: an answer that names another issuer, or none, is not the server's (RFC 9207).
func TestBlueskyIssuer(t *testing.T) {
	_, cfg := practice(t)
	r := practiceRequest(t, "bluesky")
	r.NoListener = true
	a := start(t, cfg, r)
	address, err := sandbox.SignIn(t.Context(), nil, a.URL, sandbox.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	right := u.Query().Get("iss")
	if right != "https://bsky.social" {
		t.Fatalf("iss is %q", right)
	}
	for _, iss := range []string{"", "https://evil.example", "https://bsky.social.evil.example"} {
		q := u.Query()
		q.Del("iss")
		if iss != "" {
			q.Set("iss", iss)
		}
		wantKind(t, a.Paste("http://127.0.0.1/callback?"+q.Encode()), platform.KindUsage)
	}
	if err := a.Paste(address); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBlueskyAppPassword(t *testing.T) {
	n, cfg := practice(t)
	login, secret := n.Credential("bluesky", "Acme Owner")
	_, others := n.Credential("bluesky", "Other Person")
	r := practiceRequest(t, "bluesky")
	var did string
	for _, server := range []string{acmeHandle, "https://practice.host.bsky.network", "https://bsky.social"} {
		r.Server, r.Login, r.Secret = server, login, platform.NewSecret(" "+secret+"\n")
		got, err := start(t, cfg, r).Wait(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", server, err)
		}
		id := got.Identities[0]
		if did == "" {
			did = got.Server
		}
		if got.Server != did || id.ProviderID != did || id.Name != "Acme Owner" || id.Grant.TokenType != "Bearer" || !id.Grant.Tokens.Key.IsZero() || len(got.Missing) > 0 {
			t.Errorf("%s: got server %q, %+v", server, got.Server, id)
		}
		access, refresh := id.Grant.Clock(platform.ClockAccess), id.Grant.Clock(platform.ClockRefresh)
		if access.Source != platform.SourceProvider || access.At.Sub(access.Since) != 2*time.Hour || refresh.Source != platform.SourceProvider || refresh.At.Sub(refresh.Since) != 90*day {
			t.Errorf("%s: clocks %+v", server, id.Grant.Clocks)
		}
		if c := id.Grant.Clock(platform.ClockSession); c.Kind != "" {
			t.Errorf("an app password has no fixed end: %+v", c)
		}
	}
	asked := n.Requests()
	for what, bad := range map[string]struct{ login, secret, code, says string }{
		"own password":    {login, "mine-mine-mine-mine", "AuthFactorTokenRequired", "make an app password"},
		"no app password": {login, "correct horse battery staple", "shape", "xxxx-xxxx-xxxx-xxxx"},
		"nearly one":      {login, "abcd-efgh-ijkl-mnop-", "shape", "xxxx-xxxx-xxxx-xxxx"},
		"unknown":         {login, "abcd-efgh-ijkl-mnop", "AuthenticationRequired", "make a new one"},
		"somebody else's": {login, others, "AuthenticationRequired", "make a new one"},
	} {
		r.Server, r.Login, r.Secret = did, bad.login, platform.NewSecret(bad.secret)
		_, err := start(t, cfg, r).Wait(t.Context())
		e := wantKind(t, err, platform.KindUsage)
		if e.Code != bad.code || !strings.Contains(e.Error(), bad.says) || strings.Contains(e.Error(), bad.secret) {
			t.Errorf("%s: got %q: %v", what, e.Code, e)
		}
	}
	// The whole credential of somebody else is a sign-in, for another account.
	r.Login, r.Secret = otherHandle, platform.NewSecret(others)
	_, err := start(t, cfg, r).Wait(t.Context())
	if e := wantKind(t, err, platform.KindWrongAccount); e.Message != "You signed in as @"+otherHandle+". This account is @"+acmeHandle+". Nothing was changed" {
		t.Errorf("got %q", e.Message)
	}
	// A handle that has changed since does not matter: the account's DID stands for it.
	r.Login, r.Secret = "@formerly.example", platform.NewSecret(secret)
	if _, err := start(t, cfg, r).Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if n.Requests() == asked {
		t.Error("nobody was asked")
	}
	// What the server says while it is not well is not held against the password.
	n.SetFault(sandbox.Fault{Platform: "bluesky", Path: "/xrpc/com.atproto.server.createSession", Kind: sandbox.FaultStatus})
	r.Login, r.Secret = login, platform.NewSecret(secret)
	_, err = start(t, cfg, r).Wait(t.Context())
	wantKind(t, err, platform.KindRetry)
}

// TestBlueskyWithoutBrowser: a server may have no sign-in for programs on this
// computer; the way that is left is named.
func TestBlueskyWithoutBrowser(t *testing.T) {
	for what, f := range map[string]sandbox.Fault{
		"no metadata":           {Path: "/.well-known/oauth-protected-resource", Kind: sandbox.FaultJSON, Status: 404, Body: []byte(`{"error":"NotFound"}`)},
		"localhost not allowed": {Path: "/oauth/par", Kind: sandbox.FaultJSON, Status: 400, Body: []byte(`{"error":"invalid_client_metadata","error_description":"x"}`)},
	} {
		n, cfg := practice(t)
		f.Platform = "bluesky"
		n.SetFault(f)
		r := practiceRequest(t, "bluesky")
		_, err := Start(t.Context(), cfg, r)
		if e := wantKind(t, err, platform.KindPolicy); !strings.Contains(e.Repair, "--app-password-stdin") {
			t.Errorf("%s: got %v", what, e)
		}
		login, secret := n.Credential("bluesky", "")
		r.Login, r.Secret = login, platform.NewSecret(secret)
		if _, err := start(t, cfg, r).Wait(t.Context()); err != nil {
			t.Errorf("%s: by app password: %v", what, err)
		}
	}
}
