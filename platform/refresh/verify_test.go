package refresh

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

func TestInvalidGrantEndsOnlyWhenCertain(t *testing.T) {
	t.Run("access token refused too", func(t *testing.T) {
		world(t, func() platform.Grant { return grant(time.Minute) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.token, i.userinfo = says(400, invalidGrant), says(401, invalidToken)
			_, err := r.Token(t.Context(), "a1", 0)
			e := wantKind(t, err, platform.KindRetry)
			if !strings.HasSuffix(e.Repair, "relink reconnect oidc/acme") {
				t.Errorf("repair: got %q", e.Repair)
			}
			if f := m.grant(t, "a1").Fault; f.Ends() || f.Count != 1 || !f.AccessRejected {
				t.Errorf("after one rejection: %+v", f)
			}
			time.Sleep(time.Until(r.Next("a1")))
			_, err = r.Token(t.Context(), "a1", 0)
			wantKind(t, err, platform.KindReconnect)
			if f := m.grant(t, "a1").Fault; !f.Ends() {
				t.Errorf("after two rejections, minutes apart: %+v", f)
			}
			tokens, _ := i.counts()
			_, err = r.Token(t.Context(), "a1", 0)
			wantKind(t, err, platform.KindReconnect)
			if n, _ := i.counts(); n != tokens {
				t.Error("the platform was asked about a connection that has ended")
			}
		})
	})
	t.Run("access token still works", func(t *testing.T) {
		world(t, func() platform.Grant { return grant(30 * time.Minute) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.token = says(400, invalidGrant)
			for range 5 {
				_, err := r.Refresh(t.Context(), "a1")
				wantKind(t, err, platform.KindRetry)
				time.Sleep(3 * time.Minute)
			}
			if f := m.grant(t, "a1").Fault; f.Ends() || f.Count != 5 {
				t.Errorf("got %+v", f)
			}
			if _, err := r.Token(t.Context(), "a1", 0); err != nil {
				t.Errorf("the access token that works is not given: %v", err)
			}
		})
	})
	t.Run("platform cannot be asked about it", func(t *testing.T) {
		world(t, func() platform.Grant { return grant(-time.Minute) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.token, i.userinfo = says(400, invalidGrant), says(502, "")
			for range 5 {
				_, err := r.Refresh(t.Context(), "a1")
				wantKind(t, err, platform.KindRetry)
				time.Sleep(3 * time.Minute)
			}
			if f := m.grant(t, "a1").Fault; f.Ends() {
				t.Errorf("an outage ended the connection: %+v", f)
			}
		})
	})
}

// Whoever waits for a token hears of a refusal at once, not when it is certain
// minutes later, and no desktop is needed for that.
func TestRefusalIsAnsweredAtOnce(t *testing.T) {
	world(t, func() platform.Grant { return grant(-time.Minute) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
		i.token, i.userinfo = says(400, invalidGrant), says(401, invalidToken)
		ask := func(what string, want platform.Kind) {
			t.Helper()
			start := time.Now()
			_, err := r.Token(t.Context(), "a1", 0)
			wantKind(t, err, want)
			if took := time.Since(start); took > time.Second {
				t.Errorf("%s: the answer took %v", what, took)
			}
		}
		ask("refused for the first time", platform.KindRetry)
		ask("within the pause", platform.KindRetry)
		time.Sleep(time.Until(r.Next("a1")))
		ask("refused again, minutes later", platform.KindReconnect)
		ask("known to have ended", platform.KindReconnect)
	})
}

func TestVerify(t *testing.T) {
	t.Run("works", func(t *testing.T) {
		world(t, func() platform.Grant {
			g := grant(time.Hour)
			g.Fault = platform.Fault{Count: 1}
			return g
		}, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			if _, err := r.Verify(t.Context(), "a1"); err != nil {
				t.Fatal(err)
			}
			if g := m.grant(t, "a1"); m.confirms != 1 || g.Fault.Count != 0 || !g.Verified.Equal(time.Now()) {
				t.Errorf("not confirmed: %+v", g)
			}
		})
	})
	t.Run("dead access token is renewed", func(t *testing.T) {
		world(t, func() platform.Grant { return grant(time.Hour) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.userinfo = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer access-1" {
					w.WriteHeader(401)
					return
				}
				answer(w, map[string]any{"sub": "u1"})
			}
			if _, err := r.Verify(t.Context(), "a1"); err != nil {
				t.Fatal(err)
			}
			if tokens, infos := i.counts(); tokens != 1 || infos != 2 || m.confirms != 1 || m.grant(t, "a1").Generation != 2 {
				t.Errorf("%d refreshes, %d checks, %d confirmations", tokens, infos, m.confirms)
			}
		})
	})
	t.Run("renewed and still not accepted", func(t *testing.T) {
		world(t, func() platform.Grant { return grant(time.Hour) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.userinfo = says(401, invalidToken)
			for range 3 {
				_, err := r.Verify(t.Context(), "a1")
				wantKind(t, err, platform.KindPermission)
				time.Sleep(3 * time.Minute)
			}
			if f := m.grant(t, "a1").Fault; f.Count != 0 {
				t.Errorf("held against a grant that was renewed: %+v", f)
			}
		})
	})
	t.Run("revoked", func(t *testing.T) {
		world(t, func() platform.Grant { return grant(time.Hour) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.token, i.userinfo = says(400, invalidGrant), says(401, "")
			_, err := r.Verify(t.Context(), "a1")
			wantKind(t, err, platform.KindRetry)
			time.Sleep(3 * time.Minute)
			_, err = r.Verify(t.Context(), "a1")
			wantKind(t, err, platform.KindReconnect)
		})
	})
	t.Run("rejected without a refresh token", func(t *testing.T) {
		world(t, func() platform.Grant {
			g := grant(time.Hour)
			g.Tokens.Refresh = platform.Secret{}
			return g
		}, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.userinfo = says(401, invalidToken)
			_, err := r.Verify(t.Context(), "a1")
			wantKind(t, err, platform.KindRetry)
			time.Sleep(time.Minute)
			_, err = r.Verify(t.Context(), "a1") // too soon to be certain
			wantKind(t, err, platform.KindRetry)
			time.Sleep(3 * time.Minute)
			_, err = r.Verify(t.Context(), "a1")
			wantKind(t, err, platform.KindReconnect)
		})
	})
	for name, fault := range faults {
		if name == "client refused" {
			continue // a userinfo endpoint knows no client
		}
		t.Run("nothing learnt from "+name, func(t *testing.T) {
			world(t, func() platform.Grant { return grant(time.Hour) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
				i.userinfo = fault
				if _, err := r.Verify(t.Context(), "a1"); err == nil || rejected(err) {
					t.Errorf("got %v", err)
				}
				if g := m.grant(t, "a1"); m.confirms != 0 || g.Fault.Count != 0 {
					t.Errorf("the grant was changed: %+v", g)
				}
			})
		})
	}
}
