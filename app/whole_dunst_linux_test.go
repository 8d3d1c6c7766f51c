package app_test

import (
	"strings"
	"testing"
	"time"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// onDunst is the same day on a server of another kind, which has no buttons of its
// own: what has ended is shown once, a click by dunst's own tool opens the browser,
// and an account that is brought back on the command line is gone from the screen.
func onDunst(t *testing.T, program string) {
	desk.Need(t, desk.PartDunst)
	s := newStage(t, program, desk.Config{Keyring: true, Notifier: desk.Dunst, RecordOnly: true})
	shown := follow(t, s.d)
	started := time.Now()
	a := s.startAgent("--no-tray")
	for _, p := range []string{"facebook", "linkedin"} {
		s.register(p)
	}
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "facebook", "--pick", "Acme Shop")
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "linkedin")
	s.network.Revoke(sandbox.Selection{Platform: sandbox.Facebook}, sandbox.ReasonPassword)
	s.want(3, "check")

	ctl := func(args ...string) string {
		t.Helper()
		out, err := s.d.Command(s.soon(), "dunstctl", args...).Output()
		if err != nil {
			t.Fatalf("dunstctl %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	displayed := func(n string, limit time.Duration, what string) {
		t.Helper()
		s.eventually(limit, what, func() bool { return ctl("count", "displayed") == n })
	}
	displayed("1", 100*time.Second-time.Since(started), "the note about Facebook")
	s.shot("ended")

	// A click on it asks for the sign-in in the browser, and a person who closes that tab is not stuck.
	ctl("action", "0")
	s.opened(0, "")

	// The other one ends while the first is still on the screen: that is replaced by nothing.
	s.network.Expire(sandbox.Selection{Platform: sandbox.LinkedIn}, time.Now().Add(-time.Hour))
	s.want(3, "check")
	displayed("2", 30*time.Second, "the note about LinkedIn beside it")
	s.shot("two")

	// Brought back by another way, each goes within two seconds.
	for _, p := range []string{"linkedin", "facebook"} {
		was := s.account(p)
		s.flow(sandbox.Choice{Person: "Acme Owner"}, "reconnect", "--no-browser", was.Ref)
		healed := time.Now()
		title := map[string]string{"facebook": "Facebook", "linkedin": "LinkedIn"}[p]
		s.eventually(withdrawLimit, "the note about "+p+" to give place to good news", func() bool {
			_, asks := shown.find(title, "reconnect")
			_, tells := shown.find(title, "default")
			return !asks && tells
		})
		t.Logf("the note about %s went %v after the reconnect", p, time.Since(healed).Round(10*time.Millisecond))
		if now := s.account(p); now.Generation <= was.Generation || now.NeedsPerson {
			t.Errorf("%s: %+v, before %+v", p, now, was)
		}
	}
	said := map[string]int{}
	for _, n := range shown.said() {
		said[n.title]++
	}
	for _, title := range []string{"Facebook · Acme Shop: disconnected", "LinkedIn · Acme Owner: expired"} {
		if said[title] != 1 {
			t.Errorf("%q was said %d times, want once: %v", title, said[title], said)
		}
	}
	displayed("0", 60*time.Second, "the good news to go by itself")
	s.quit(a)
}
