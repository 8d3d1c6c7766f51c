package refresh

import (
	"encoding/json"
	"testing"
	"time"

	"relink/platform"
	"relink/platform/sandbox"
)

// Instagram and Threads have no refresh token: the token itself is issued anew,
// once it is a day old, early, and only while it works.
func TestExtending(t *testing.T) {
	for _, id := range []string{"instagram", "threads"} {
		t.Run(id, func(t *testing.T) {
			w := practise(t, id, func(*sandbox.Network) {})
			first := w.store.grant(t, "a1")
			asked := w.network.TokenRequests(id)
			verify := func(generation int) platform.Grant {
				t.Helper()
				if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
					t.Fatal(err)
				}
				g := w.store.grant(t, "a1")
				if g.Generation != generation {
					t.Fatalf("generation %d, want %d", g.Generation, generation)
				}
				return g
			}
			w.advance(23 * time.Hour)
			verify(1)
			if _, err := w.one.Refresh(t.Context(), "a1"); platform.KindOf(err) != platform.KindReconnect {
				t.Errorf("a token of 23 hours: %v", err)
			}
			w.advance(6 * day)
			verify(1)
			if n := w.network.TokenRequests(id) - asked; n != 0 {
				t.Errorf("%d token requests while it was young", n)
			}
			w.advance(day) // an eighth of 60 days
			g := verify(2)
			if g.Tokens.Access == first.Tokens.Access || g.Clock(platform.ClockAccess).At.Sub(w.now()) < 59*day {
				t.Errorf("extended to %v", g.Clock(platform.ClockAccess))
			}
			if before, after := first.Clock(platform.ClockDataAccess), g.Clock(platform.ClockDataAccess); before.At.Sub(after.At).Abs() > time.Minute {
				t.Errorf("data access moved from %v to %v: only a sign-in does that", before.At, after.At)
			}
			// An outage until the end: the token is not called dead before its own date, and asked for in vain after it.
			w.network.SetFault(sandbox.Fault{Platform: id, Kind: sandbox.FaultStatus, Status: 503})
			w.advance(59 * day)
			if _, err := w.one.Verify(t.Context(), "a1"); platform.KindOf(err) != platform.KindRetry {
				t.Errorf("verify in an outage: %v", err)
			}
			if g, err := w.one.Token(t.Context(), "a1", 0); err != nil || g.Generation != 2 {
				t.Errorf("token in an outage: %v", err)
			}
			w.network.ClearFaults("")
			w.advance(2 * day)
			n := w.network.Requests()
			if _, err := w.one.Token(t.Context(), "a1", 0); platform.KindOf(err) != platform.KindReconnect {
				t.Errorf("after its end: %v", err)
			}
			if w.network.Requests() != n {
				t.Error("the platform was asked to extend what has ended")
			}
		})
	}
}

// An answer with the same end is no renewal, and is said (evcc 426: an endless
// loop of renewals that renewed nothing).
func TestExtensionWithTheSameEndIsReported(t *testing.T) {
	w := practise(t, "instagram", func(*sandbox.Network) {})
	w.advance(10 * day)
	left, err := json.Marshal(map[string]any{"access_token": "another", "token_type": "bearer", "expires_in": 50 * 86400})
	if err != nil {
		t.Fatal(err)
	}
	w.network.SetFault(sandbox.Fault{Platform: "instagram", Path: "/refresh_access_token", Kind: sandbox.FaultJSON, Status: 200, Body: left})
	first := w.store.grant(t, "a1")
	_, err = w.one.Refresh(t.Context(), "a1")
	if e := platform.As(err, ""); err == nil || e.Kind != platform.KindPolicy || e.Code != "not_extended" || e.Repair != "if this goes on: relink reconnect instagram/acme" {
		t.Errorf("got %v", err)
	}
	if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
		t.Errorf("the old token works on: %v", err)
	}
	if g := w.store.grant(t, "a1"); g.Generation != 1 || g.Tokens != first.Tokens || g.Fault.Count != 0 {
		t.Errorf("the grant was changed: %+v", g)
	}
}

// X is never asked whether a token works, since reading is billed; that nobody
// was asked is no proof either, and clears no doubt.
func TestNeverAskedIsNoProof(t *testing.T) {
	w := practise(t, "x", func(*sandbox.Network) {})
	n := w.network.Requests()
	w.advance(time.Hour)
	before := w.store.grant(t, "a1")
	if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	if g := w.store.grant(t, "a1"); w.network.Requests() != n || !g.Verified.Equal(before.Verified) {
		t.Errorf("%d requests, verified %v after %v", w.network.Requests()-n, g.Verified, before.Verified)
	}
	// Refused once while the access token still holds, it is in doubt until a renewal works.
	w.network.SetFault(sandbox.Fault{Platform: "x", Kind: sandbox.FaultOAuth, Error: "invalid_grant", Times: 1})
	if _, err := w.one.Refresh(t.Context(), "a1"); err == nil {
		t.Fatal("the refusal was taken for an answer")
	}
	if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	if f := w.store.grant(t, "a1").Fault; f.Count != 1 || f.Ends() {
		t.Errorf("fault %+v", f)
	}
	w.advance(2 * time.Hour)
	if _, err := w.one.Verify(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	if g := w.store.grant(t, "a1"); g.Generation != 2 || g.Fault.Count != 0 || !g.Verified.After(before.Verified) {
		t.Errorf("a renewal is the proof: %+v", g)
	}
	for _, e := range w.network.Log() {
		if e.Path == "/2/users/me" && e.At.After(before.Issued.Add(time.Minute)) {
			t.Error("X was asked who it is after the sign-in")
		}
	}
}

// Facebook's re-exchange gains nothing on the practice network: the token stays,
// and only its own account is told so.
func TestFacebookReexchangeGainsNothing(t *testing.T) {
	w := practise(t, "facebook", func(*sandbox.Network) {})
	g := w.store.grant(t, "a1") // a Page's
	if c := g.Clock(platform.ClockAccess); c.Source != platform.SourceNever {
		t.Fatalf("the Page's token: %+v", c)
	}
	w.advance(30 * day)
	n := w.network.TokenRequests("facebook")
	if _, err := w.one.Refresh(t.Context(), "a1"); platform.KindOf(err) != platform.KindPolicy || w.network.TokenRequests("facebook") != n {
		t.Errorf("a Page's token: %v", err)
	}
	person := g
	person.Tokens = platform.Tokens{Access: g.Tokens.Owner}
	person.Clocks = []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceIntrospected, At: g.Issued.Add(60 * day), Since: g.Issued}}
	w.store.add(platform.Account{ID: "a2", Platform: "facebook", Alias: "owner", ProviderID: "10000001"}, person)
	if _, err := w.one.Verify(t.Context(), "a2"); err != nil {
		t.Errorf("verify: %v", err)
	}
	if got := w.store.grant(t, "a2"); got.Generation != 1 || w.network.TokenRequests("facebook") != n+1 {
		t.Errorf("generation %d, %d exchanges", got.Generation, w.network.TokenRequests("facebook")-n)
	}
}

// A token that another program keeps is that program's to renew.
func TestWatchedTokenIsNotExtended(t *testing.T) {
	now := time.Now()
	g := platform.Grant{Generation: 1, Issued: now.Add(-20 * 24 * time.Hour), Tokens: platform.Tokens{Access: platform.NewSecret("access-0")},
		Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(40 * 24 * time.Hour), Since: now.Add(-20 * 24 * time.Hour)}}}
	a := platform.Account{ID: "a", Platform: "threads", ProviderID: "1"}
	if !extensionDue(a, g, now) {
		t.Fatal("Relink's own token is not extended: this shows nothing")
	}
	a.Keeper = platform.Keeper{Kind: platform.KeeperEnv, Path: "/x", Key: "T"}
	if extensionDue(a, g, now) || renewable(a, g, now) {
		t.Error("it is extended")
	}
}
