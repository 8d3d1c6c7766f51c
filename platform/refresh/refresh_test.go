package refresh

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

func TestTokenMargins(t *testing.T) {
	tests := []struct {
		name     string
		left     time.Duration
		minValid time.Duration
		renewed  bool
	}{
		{"fresh", 50 * time.Minute, 0, false},
		{"just before the margin", 5*time.Minute + time.Second, 0, false},
		{"within the margin", 5 * time.Minute, 0, true},
		{"ended", -time.Minute, 0, true},
		{"ended long ago", -1000 * time.Hour, 0, true},
		{"asked for less than is left", 20 * time.Minute, 10 * time.Minute, false},
		{"asked for more than is left", 20 * time.Minute, 30 * time.Minute, true},
		{"asked for more than a token holds, fresh", 58 * time.Minute, 24 * time.Hour, false},
		{"asked for more than a token holds", 50 * time.Minute, 24 * time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world(t, func() platform.Grant { return grant(tt.left) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
				g, err := r.Token(t.Context(), "a1", tt.minValid)
				if err != nil {
					t.Fatal(err)
				}
				want, asked := "access-0", 0
				if tt.renewed {
					want, asked = "access-1", 1
				}
				if got := g.Tokens.Access.Reveal(); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if n, _ := i.counts(); n != asked {
					t.Errorf("%d requests, want %d", n, asked)
				}
			})
		})
	}
}

func TestShortLivedTokensAreNotRenewedAtBirth(t *testing.T) {
	for _, life := range []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour, 60 * 24 * time.Hour} {
		c := platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: time.Unix(0, 0), At: time.Unix(0, 0).Add(life)}
		for _, minValid := range []time.Duration{0, life / 2, life, 10 * life} {
			if got := need(c, minValid); got >= life {
				t.Errorf("life %v, asked %v: needs %v", life, minValid, got)
			}
		}
	}
}

func TestStaticAndRotating(t *testing.T) {
	for _, rotate := range []bool{false, true} {
		t.Run(fmt.Sprint("rotate ", rotate), func(t *testing.T) {
			world(t, func() platform.Grant { return grant(0) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
				i.rotate = rotate
				for n := 1; n <= 5; n++ {
					g, err := r.Refresh(t.Context(), "a1")
					if err != nil {
						t.Fatal(err)
					}
					stored := m.grant(t, "a1")
					want := "refresh-0"
					if rotate {
						want = fmt.Sprint("refresh-", n)
					}
					if got := stored.Tokens.Refresh.Reveal(); got != want {
						t.Fatalf("round %d: refresh token got %s, want %s", n, got, want)
					}
					if stored.Generation != n+1 || g.Generation != n+1 || stored.Tokens.Access.Reveal() != fmt.Sprint("access-", n) {
						t.Errorf("round %d: got generation %d", n, stored.Generation)
					}
					if c := stored.Clock(platform.ClockAccess); c.Source != platform.SourceProvider || !c.At.Equal(time.Now().Add(time.Hour)) {
						t.Errorf("round %d: access clock %+v", n, c)
					}
					time.Sleep(2 * time.Hour) // the access token ends in between
				}
			})
		})
	}
}

func TestSilentAnswerKeepsLives(t *testing.T) {
	session := platform.Clock{Kind: platform.ClockSession, Source: platform.SourceProvider, At: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, rotate := range []bool{false, true} {
		world(t, func() platform.Grant {
			g := grant(-time.Minute)
			refresh := platform.Clock{Kind: platform.ClockRefresh, Source: platform.SourceProvider, At: time.Now().Add(24 * time.Hour), Since: time.Now().Add(-24 * time.Hour)}
			g.Clocks = append(g.Clocks, refresh, session)
			return g
		}, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			i.silent, i.rotate = true, rotate
			old := m.grant(t, "a1")
			g, err := r.Token(t.Context(), "a1", 0)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			if got, want := g.Clock(platform.ClockAccess), (platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceAssumed, At: now.Add(time.Hour), Since: now}); got != want {
				t.Errorf("access: got %+v, want %+v", got, want)
			}
			want := old.Clock(platform.ClockRefresh)
			if rotate {
				want = platform.Clock{Kind: platform.ClockRefresh, Source: platform.SourceAssumed, At: now.Add(48 * time.Hour), Since: now}
			}
			if got := g.Clock(platform.ClockRefresh); got != want {
				t.Errorf("rotate %v, refresh: got %+v, want %+v", rotate, got, want)
			}
			if got := g.Clock(platform.ClockSession); got != session {
				t.Errorf("session: got %+v, want %+v", got, session)
			}
		})
	}
}

func TestOneRequestForManyCallersAndProcesses(t *testing.T) {
	world(t, func() platform.Grant { return grant(0) }, func(t *testing.T, i *issuer, m *memory, first *Refresher) {
		i.rotate = true
		second := refresher(i, m) // another process on the same store
		var wg sync.WaitGroup
		for n := range 100 {
			r := first
			if n%2 == 1 {
				r = second
			}
			wg.Go(func() {
				g, err := r.Token(t.Context(), "a1", 0)
				if err != nil || g.Tokens.Access.Reveal() != "access-1" {
					t.Errorf("got generation %d, %v", g.Generation, err)
				}
			})
		}
		wg.Wait()
		second.Wait()
		if n, _ := i.counts(); n != 1 {
			t.Errorf("%d requests reached the issuer, want 1", n)
		}
		if g := m.grant(t, "a1"); g.Generation != 2 {
			t.Errorf("generation: got %d, want 2", g.Generation)
		}
	})
}

func TestPersonNeededWithoutNetwork(t *testing.T) {
	noRefresh := func(left time.Duration) func() platform.Grant {
		return func() platform.Grant {
			g := grant(left)
			g.Tokens.Refresh = platform.Secret{}
			return g
		}
	}
	tests := []struct {
		name     string
		grant    func() platform.Grant
		minValid time.Duration
	}{
		{"ended, no refresh token", noRefresh(-time.Hour), 0},
		{"holds too little, no refresh token", noRefresh(time.Minute), time.Hour},
		{"no grant", func() platform.Grant { return platform.Grant{} }, 0},
		{"revoked", func() platform.Grant {
			g := grant(time.Hour)
			g.Fault = platform.Fault{Count: 1, Definite: true, Code: "revoked"}
			return g
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world(t, tt.grant, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
				_, err := r.Token(t.Context(), "a1", tt.minValid)
				wantKind(t, err, platform.KindReconnect)
				if tokens, infos := i.counts(); tokens+infos != 0 {
					t.Errorf("%d requests", tokens+infos)
				}
			})
		})
	}
	t.Run("without a refresh token the last minutes are still given", func(t *testing.T) {
		world(t, noRefresh(time.Minute), func(t *testing.T, i *issuer, m *memory, r *Refresher) {
			if _, err := r.Token(t.Context(), "a1", 0); err != nil {
				t.Error(err)
			}
			_, err := r.Refresh(t.Context(), "a1")
			wantKind(t, err, platform.KindReconnect)
		})
	})
}

// faults are answers that say nothing about the token.
var faults = map[string]http.HandlerFunc{
	"500":                 says(500, "oops"),
	"503":                 says(503, `{"error":"temporarily_unavailable"}`),
	"429":                 says(429, `{}`),
	"garbage":             says(200, "<html>hotel</html>"),
	"captive portal":      says(302, ""),
	"10 MB":               says(200, `{"access_token":"`+strings.Repeat("x", 10<<20)+`"}`),
	"200 without a token": says(200, `{"token_type":"Bearer"}`),
	"hangs":               func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"client refused":      says(401, `{"error":"invalid_client"}`),
}

func TestFaultsNeverTouchTheGrant(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			world(t, func() platform.Grant { return grant(2 * time.Minute) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
				i.token = fault
				before := m.grant(t, "a1")
				// Within the margin: what is left of the old one is still good.
				if g, err := r.Token(t.Context(), "a1", 0); err != nil || g.Tokens.Access.Reveal() != "access-0" {
					t.Errorf("got %v, want the token that still holds", err)
				}
				if !r.Next("a1").After(time.Now()) {
					t.Error("no back-off")
				}
				time.Sleep(3 * time.Minute)
				_, err := r.Token(t.Context(), "a1", 0)
				if k := platform.KindOf(err); k == platform.KindReconnect || k == "" {
					t.Errorf("after the end: got %v", err)
				}
				if _, err = r.Refresh(t.Context(), "a1"); err == nil {
					t.Error("a forced refresh succeeded")
				}
				if after := m.grant(t, "a1"); after.Fault != before.Fault || after.Generation != before.Generation || after.Tokens != before.Tokens {
					t.Errorf("the grant was changed: %+v", after)
				}
				// It heals by itself.
				i.mu.Lock()
				i.token = nil
				i.mu.Unlock()
				time.Sleep(2 * time.Hour)
				if _, err := r.Token(t.Context(), "a1", 0); err != nil {
					t.Errorf("after the fault: %v", err)
				}
				if !r.Next("a1").IsZero() {
					t.Error("back-off goes on after success")
				}
			})
		})
	}
}

func TestBackOff(t *testing.T) {
	world(t, func() platform.Grant { return grant(-time.Minute) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
		i.token = says(500, "")
		want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}
		for n, d := range want {
			if _, err := r.Token(t.Context(), "a1", 0); platform.KindOf(err) != platform.KindRetry {
				t.Fatal(err)
			}
			if got := time.Until(r.Next("a1")); got != d {
				t.Errorf("failure %d: next in %v, want %v", n+1, got, d)
			}
			// Asking meanwhile costs no request.
			if _, err := r.Token(t.Context(), "a1", 0); platform.KindOf(err) != platform.KindRetry {
				t.Fatal(err)
			}
			if got, _ := i.counts(); got != n+1 {
				t.Fatalf("%d requests after %d failures", got, n+1)
			}
			time.Sleep(d)
		}
		// A person who asks does not have to wait.
		i.token = nil
		if _, err := r.Refresh(t.Context(), "a1"); err != nil {
			t.Error(err)
		}
	})
}

func TestJitter(t *testing.T) {
	m := newMemory()
	m.add(acme, grant(0))
	now := time.Now()
	seen := map[time.Duration]bool{}
	for n := range 10 {
		r := New(Config{Store: m, Now: func() time.Time { return now }, Rand: func() float64 { return float64(n) / 10 }})
		r.pause("a1", nil, time.Time{})
		d := r.Next("a1").Sub(now)
		if d < 22*time.Second || d > 38*time.Second {
			t.Errorf("first pause: got %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 10 {
		t.Errorf("%d different pauses of 10", len(seen))
	}
}

func TestSaveBeforeUse(t *testing.T) {
	world(t, func() platform.Grant { return grant(0) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
		i.rotate = true
		m.broken = &platform.Error{Kind: platform.KindStorage, Message: "the disk is full", Repair: "make room"}
		_, err := r.Token(t.Context(), "a1", 0)
		wantKind(t, err, platform.KindStorage)
		if g := m.grant(t, "a1"); g.Generation != 1 {
			t.Fatalf("stored generation %d", g.Generation)
		}
		_, err = r.Token(t.Context(), "a1", 0)
		wantKind(t, err, platform.KindStorage)
		m.mu.Lock()
		m.broken = nil
		m.mu.Unlock()
		// The rotated pair was not lost and is not asked for again.
		g, err := r.Token(t.Context(), "a1", 0)
		if err != nil || g.Tokens.Access.Reveal() != "access-1" || m.grant(t, "a1").Tokens.Refresh.Reveal() != "refresh-1" {
			t.Errorf("got generation %d, %v", g.Generation, err)
		}
		if n, _ := i.counts(); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestCallerWhoLeavesDoesNotStopTheRefresh(t *testing.T) {
	world(t, func() platform.Grant { return grant(0) }, func(t *testing.T, i *issuer, m *memory, r *Refresher) {
		i.rotate = true
		i.token = func(w http.ResponseWriter, req *http.Request) {
			time.Sleep(10 * time.Second)
			answer(w, map[string]any{"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 3600})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := r.Token(ctx, "a1", 0)
		wantKind(t, err, platform.KindRetry)
		if took := time.Since(began); took != time.Second {
			t.Errorf("the caller waited %v", took)
		}
		r.Wait()
		if g := m.grant(t, "a1"); g.Tokens.Refresh.Reveal() != "refresh-1" {
			t.Error("the rotated token was lost")
		}
	})
}

func TestHangingPlatformDelaysOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well, ill, m := newIssuer(), newIssuer(), newMemory()
		ill.token = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		both := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "ill.example" {
				return ill.RoundTrip(r)
			}
			return well.RoundTrip(r)
		})
		m.add(acme, grant(0))
		sick := acme
		sick.ID, sick.Server = "a2", "https://ill.example"
		m.add(sick, grant(0))
		r := refresher(both, m)
		began := time.Now()
		hung := make(chan time.Duration, 1)
		go func() {
			_, _ = r.Token(t.Context(), "a2", 0)
			hung <- time.Since(began)
		}()
		synctest.Wait()
		for range 50 {
			if _, err := r.Refresh(t.Context(), "a1"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("the other account took %v", took)
		}
		if took := <-hung; took != platform.DefaultTimeout {
			t.Errorf("the hanging one took %v, want %v", took, platform.DefaultTimeout)
		}
		r.Wait()
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
