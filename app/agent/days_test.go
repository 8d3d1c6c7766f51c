package agent

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/notifier"
	"relink/platform"
)

const testDay = 24 * time.Hour

// fine is a platform that confirms every token.
type fine struct{}

func (fine) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"id":"1","sub":"1","active":true,"status":"active"}`
	return &http.Response{StatusCode: 200, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestHundredDays runs an agent with 50 accounts over 100 days, with restarts,
// absences, sleep, and people who sometimes reconnect: every step is said once
// and none is missed.
func TestHundredDays(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { hundredDays(t, seed) }) })
	}
}

type life struct {
	account  platform.Account
	issued   time.Time
	deadline time.Time
}

func hundredDays(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	vault, ears := newMemVault(), &listener{}
	start := time.Now()
	end := start.Add(100 * testDay)
	// asleep is how long the computer has slept: the wall clock and the time
	// that passed both count it, timers do not.
	var asleep time.Duration
	now := func() time.Time { return time.Now().Add(asleep) }
	elapsed := func() time.Duration { return time.Since(start) + asleep }
	wake := make(chan struct{}, 1)
	lives := map[string]life{} // account and generation
	platforms := []string{"facebook", "linkedin", "mastodon"}
	for i := range 50 {
		acc := platform.Account{
			ID: fmt.Sprintf("acc%02d", i), Platform: platforms[i%3], ProviderID: fmt.Sprint(i), Alias: fmt.Sprintf("a%02d", i),
			Created: start, LastUsed: start,
		}
		if acc.Platform == "mastodon" {
			acc.Server = "https://mastodon.example"
		}
		g := newGrant(rng, acc.ID, 1, start)
		if err := vault.Create(t.Context(), acc, g); err != nil {
			t.Fatal(err)
		}
		lives[acc.ID+"/1"] = life{acc, start, g.Clocks[0].At}
	}
	cfg := Config{
		Vault: vault, Settings: testSettings(), Net: &platform.Net{Transport: fine{}},
		Sender: func(func(Activation), func(string, uint32)) notifier.Sender { return ears },
		Now:    now, Elapsed: elapsed, Wake: wake, Rand: rand.New(rand.NewPCG(seed, 8)),
	}
	// up lists when the agent was awake, to know what it could have said.
	type span struct{ from, to time.Time }
	var up []span
	for now().Before(end) {
		from := now()
		cfg.Net = &platform.Net{Transport: fine{}}
		a, stop := running(t, cfg)
		run := time.Duration(rng.Int64N(int64(12 * testDay)))
		for until := now().Add(run); now().Before(until) && now().Before(end); {
			time.Sleep(time.Duration(rng.Int64N(int64(8 * time.Hour))))
			switch rng.IntN(24) {
			case 0: // the lid is closed
				synctest.Wait()
				up = append(up, span{from, now()})
				asleep += time.Duration(rng.Int64N(int64(3 * testDay)))
				from = now()
				wake <- struct{}{}
			case 1: // somebody reconnects an account
				id := fmt.Sprintf("acc%02d", rng.IntN(50))
				acc, _ := vault.Account(t.Context(), id)
				old, _ := vault.Grant(t.Context(), id)
				g := newGrant(rng, id, old.Generation+1, now())
				acc.LastUsed = now()
				if err := vault.SaveAll(t.Context(), []Change{{acc, g}}); err != nil {
					t.Fatal(err)
				}
				a.stored(acc, g)
				lives[fmt.Sprintf("%s/%d", id, g.Generation)] = life{acc, now(), g.Clocks[0].At}
			}
			synctest.Wait()
		}
		up = append(up, span{from, now()})
		stop()
		if rng.IntN(3) == 0 { // the computer is off
			time.Sleep(time.Duration(rng.Int64N(int64(5 * testDay))))
		}
	}

	// Once each: by key, over all notes that went out.
	said := map[notifier.Key]int{}
	for _, n := range ears.all() {
		for _, e := range n.note.Entries {
			if !e.Collapsed {
				said[e.Key]++
			}
		}
	}
	for k, n := range said {
		if n != 1 {
			t.Errorf("%v was said %d times", k, n)
		}
	}
	// None missed: a rung that came while the agent was up, with the grant
	// still the newest, was said within a poll, or a later one instead.
	awake := func(from, to time.Time) bool {
		for _, s := range up {
			if !s.from.After(from) && !s.to.Before(to) {
				return true
			}
		}
		return false
	}
	checked := 0
	for key, l := range lives {
		id, generation, _ := strings.Cut(key, "/")
		var gen int
		fmt.Sscan(generation, &gen)
		replaced := end
		if next, ok := lives[fmt.Sprintf("%s/%d", id, gen+1)]; ok {
			replaced = next.issued
		}
		if l.deadline.IsZero() {
			continue
		}
		rungs := map[notifier.Step]time.Time{"expired": l.deadline}
		if l.deadline.Sub(l.issued) >= 14*testDay {
			for _, d := range []time.Duration{7 * testDay, 3 * testDay, testDay} {
				rungs[notifier.Step(d.String())] = l.deadline.Add(-d)
			}
		}
		if lasts := l.deadline.Sub(l.issued); lasts < 2*testDay {
			rungs["75%"], rungs["95%"] = l.deadline.Add(-lasts/4), l.deadline.Add(-lasts/20)
		}
		// However late: the end itself is said once the agent has been up for a poll.
		for _, s := range up {
			if from := later(s.from, l.deadline); !from.Add(65 * time.Minute).After(earlier(s.to, replaced)) {
				checked++
				if said[notifier.Key{Account: id, Generation: gen, Step: "expired"}] == 0 {
					t.Errorf("%s, generation %d: ended %v and was never said", id, gen, l.deadline)
				}
				break
			}
		}
		for step, due := range rungs {
			// Give the first minute after a start, and a poll.
			if !awake(due.Add(-2*time.Minute), due.Add(time.Hour+2*time.Minute)) || !due.Add(2*time.Hour).Before(replaced) {
				continue
			}
			checked++
			if said[notifier.Key{Account: id, Generation: gen, Step: step}] == 0 {
				t.Errorf("%s, generation %d: %s, due %v, was never said", id, gen, step, due)
			}
		}
	}
	if checked < 80 {
		t.Fatalf("only %d steps could be checked: the simulation proves nothing", checked)
	}
	t.Logf("%d notes, %d steps checked, %d grants", len(ears.all()), checked, len(lives))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func newGrant(rng *rand.Rand, id string, generation int, now time.Time) platform.Grant {
	g := platform.Grant{Account: id, Generation: generation, Issued: now, Verified: now, Tokens: platform.Tokens{Access: platform.NewSecret("t")}}
	c := platform.Clock{Kind: platform.ClockAccess, Source: platform.SourceProvider, Since: now}
	switch rng.IntN(5) {
	case 0:
		c.Source = platform.SourceNever
	case 1:
		c.At = now.Add(time.Duration(8+rng.IntN(40)) * time.Hour)
	default:
		c.At = now.Add(time.Duration(15*24+rng.IntN(45*24)) * time.Hour)
	}
	g.Clocks = []platform.Clock{c}
	return g
}
