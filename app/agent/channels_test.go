package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/emersion/go-smtp"

	"relink/notifier"
	"relink/notifier/mailbox"
	"relink/platform"
)

const mailPassword = "hush-hush-of-the-mail"

// postOffice is a real mail server, which lives outside a test's bubble of
// time: call from within, it comes and goes.
type postOffice struct {
	*mailbox.Server
	calls chan func()
}

func newPostOffice(t *testing.T, cfg mailbox.Config) *postOffice {
	t.Helper()
	s, err := mailbox.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{s, make(chan func())}
	go func() {
		for f := range p.calls {
			f()
		}
	}()
	t.Cleanup(func() { close(p.calls); s.Away() })
	return p
}

// outside runs f where time is real.
func (p *postOffice) outside(f func()) {
	var mu sync.Mutex
	mu.Lock()
	p.calls <- func() { f(); mu.Unlock() }
	mu.Lock() // no channel of the bubble: those outside must not use one
}

func (p *postOffice) away() { p.outside(p.Away) }

func (p *postOffice) back(t *testing.T) {
	p.outside(func() {
		if err := p.Back(); err != nil {
			t.Error(err)
		}
	})
}

// subjects are those of the mails taken, with their recipients.
func (p *postOffice) subjects(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, m := range p.Mail() {
		msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		s, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m.To+": "+s)
	}
	return out
}

// mailing is an agent's configuration that mails to a post office.
func mailing(p *postOffice, v *memVault, ears *listener) Config {
	cfg := config(v, fine{}, ears)
	cfg.TLS = &tls.Config{RootCAs: p.Roots}
	cfg.Settings.(*memSettings).s.Mail = Mail{Server: "127.0.0.1", Port: p.Port, User: "me@example.com", To: []string{"me@example.com"}}
	v.secrets[ChannelMail] = platform.NewSecret(mailPassword)
	return cfg
}

var asksPassword = mailbox.Config{User: "me@example.com", Password: mailPassword}

// pass lets time pass and everything come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func wantMail(t *testing.T, p *postOffice, want ...string) {
	t.Helper()
	if got := p.subjects(t); !slices.Equal(got, want) {
		t.Errorf("got mails %q, want %q", got, want)
	}
}

func wantQueue(t *testing.T, v *memVault, want int) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.parcels) != want {
		t.Errorf("%d parcels wait, want %d: %+v", len(v.parcels), want, v.parcels)
	}
}

func warnings(t *testing.T, a *Agent) string {
	t.Helper()
	s, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(s.Warnings, "\n")
}

func finding(t *testing.T, a *Agent, name string) Finding {
	t.Helper()
	all, err := a.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Name == name {
			return f
		}
	}
	return Finding{}
}

func channel(t *testing.T, a *Agent, name string) Channel {
	t.Helper()
	all, err := a.Channels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[slices.Index(channelNames, name)]
}

// One digest a day, at the reminder hour: each step once, then the end, then
// daily seven times, and then no more.
func TestMailOverALife(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay+12*time.Hour)
		cfg := mailing(p, v, &listener{})
		var tidied atomic.Int32
		cfg.GiveBack = func() { tidied.Add(1) }
		_, stop := running(t, cfg)
		defer stop()
		pass(13*testDay + 20*time.Hour) // the 7-day step falls on noon: next morning's mail
		wantMail(t, p)
		wantQueue(t, v, 1)
		pass(30 * testDay)
		want := []string{
			"me@example.com: LinkedIn acme ends in 6 days", // worded as it is sent
			"me@example.com: LinkedIn acme ends in 2 days 3 hours",
			"me@example.com: LinkedIn acme ends in 3 hours",
		}
		for range 7 {
			want = append(want, "me@example.com: LinkedIn acme has expired")
		}
		got := p.subjects(t)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		wantQueue(t, v, 0)
		if n := tidied.Load(); int(n) != len(want) {
			t.Errorf("memory was given back %d times, want once after each mail", n)
		}
		for _, m := range p.Mail() {
			if bytes.Contains(m.Raw, []byte("tok-1")) || bytes.Contains(m.Raw, []byte(mailPassword)) {
				t.Error("a secret is in a mail")
			}
		}
	})
}

// TestMailServerAwayForADay: what was to go out goes out once, when the server is back.
func TestMailServerAwayForADay(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		a, stop := running(t, mailing(p, v, &listener{}))
		p.away()
		pass(13*testDay + 10*time.Hour)
		wantMail(t, p)
		wantQueue(t, v, 1)
		if w := warnings(t, a); !strings.Contains(w, "Mail is not sent: 127.0.0.1 refuses the connection; ") {
			t.Errorf("got warnings %q", w)
		}
		if c := channel(t, a, ChannelMail); c.OK || c.Waiting != 1 || !strings.HasPrefix(c.Text, "127.0.0.1 refuses the connection") || c.At.IsZero() {
			t.Errorf("got %+v", c)
		}
		if f := finding(t, a, "mail"); f.Level != LevelFail || f.Repair == "" || !strings.Contains(f.Text, "refuses the connection") {
			t.Errorf("got %+v", f)
		}
		stop() // and a restart between
		a, stop = running(t, mailing(p, v, &listener{}))
		defer stop()
		if w := warnings(t, a); !strings.Contains(w, "Mail is not sent: ") {
			t.Errorf("got warnings %q after a restart", w)
		}
		pass(14 * time.Hour)
		p.back(t)
		pass(2 * time.Hour)
		if got := p.subjects(t); len(got) != 1 || !strings.HasPrefix(got[0], "me@example.com: LinkedIn acme ends in ") {
			t.Errorf("got %q, want one mail", got)
		}
		wantQueue(t, v, 0)
		if w := warnings(t, a); strings.Contains(w, "Mail") {
			t.Errorf("got warnings %q", w)
		}
		if c := channel(t, a, ChannelMail); !c.OK || c.Text != "127.0.0.1 took the mail to me@example.com." {
			t.Errorf("got %+v", c)
		}
		pass(2 * testDay)
		if got := p.subjects(t); len(got) != 1 {
			t.Errorf("got %q, want one mail", got)
		}
	})
}

// TestMailGivesUp: a server that is gone for good is left alone, and that is said.
func TestMailGivesUp(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		cfg := mailing(p, v, &listener{})
		cfg.Settings.(*memSettings).s.Steps = []time.Duration{10 * testDay}
		a, stop := running(t, cfg)
		defer stop()
		p.away()
		pass(14*testDay + 15*time.Hour)
		wantQueue(t, v, 0)
		if w := warnings(t, a); !strings.Contains(w, "Mail is not sent: 1 mail given up after 4 days: ") {
			t.Errorf("got warnings %q", w)
		}
		list, err := a.Notices(t.Context(), NoticeQuery{})
		if err != nil || !slices.ContainsFunc(list, func(n Notice) bool {
			return n.Channel == ChannelMail && n.Became == OutcomeFailed && n.Reason != ""
		}) {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}

// TestMailOfManyAccounts: 500 at once are one digest.
func TestMailOfManyAccounts(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := newMemVault()
		now := time.Now()
		for i := range 500 {
			acc := platform.Account{ID: fmt.Sprintf("acc%07d", i), Platform: "linkedin", ProviderID: fmt.Sprint(i), Alias: fmt.Sprintf("a%03d", i), Created: now, LastUsed: now}
			g := platform.Grant{Account: acc.ID, Generation: 1, Issued: now, Verified: now,
				Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceProvider, At: now.Add(20*testDay + time.Duration(i)*time.Minute), Since: now}}}
			if err := v.Create(t.Context(), acc, g); err != nil {
				t.Fatal(err)
			}
		}
		_, stop := running(t, mailing(p, v, &listener{}))
		defer stop()
		pass(13*testDay + 10*time.Hour)
		all := p.Mail()
		if len(all) != 1 {
			t.Fatalf("got %d mails, want one", len(all))
		}
		for i := range 500 {
			if !bytes.Contains(all[0].Raw, fmt.Appendf(nil, "a%03d", i)) {
				t.Errorf("a%03d is not in it", i)
			}
		}
		wantQueue(t, v, 0)
	})
}

// TestMailIsDroppedWhenFixed: an account that was reconnected meanwhile is in no mail; the others are.
func TestMailIsDroppedWhenFixed(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		other := platform.Account{ID: "other", Platform: "linkedin", ProviderID: "8", Alias: "other", Created: time.Now(), LastUsed: time.Now()}
		g, _ := v.Grant(t.Context(), "acme")
		g.Account = "other"
		if err := v.Create(t.Context(), other, g); err != nil {
			t.Fatal(err)
		}
		a, stop := running(t, mailing(p, v, &listener{}))
		defer stop()
		pass(13*testDay + time.Hour)
		wantQueue(t, v, 2)
		acc, _ := v.Account(t.Context(), "acme")
		g = newGrantFor(v, t, "acme", 60*testDay)
		if err := v.SaveAll(t.Context(), []Change{{acc, g}}); err != nil {
			t.Fatal(err)
		}
		a.stored(acc, g)
		pass(10 * time.Hour)
		if got := p.subjects(t); len(got) != 1 || !strings.HasPrefix(got[0], "me@example.com: LinkedIn other ends in ") || bytes.Contains(p.Mail()[0].Raw, []byte("acme")) {
			t.Errorf("got %q, want one about the other", got)
		}
		wantQueue(t, v, 0)
		if err := a.Forget(t.Context(), "other", false); err != nil {
			t.Fatal(err)
		}
	})
}

// TestWrongMailPassword: one clear line, and no knocking at the door; the right one heals it at once.
func TestWrongMailPassword(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		cfg := mailing(p, v, &listener{})
		v.secrets[ChannelMail] = platform.NewSecret("another")
		a, stop := running(t, cfg)
		defer stop()
		const want = "127.0.0.1 refuses the user name or password; store the right password (some providers want one made for apps): relink mail set"
		if _, err := a.TestChannel(t.Context(), ChannelMail); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
		pass(13*testDay + 9*time.Hour + 2*time.Minute)
		if w := warnings(t, a); w != "Mail is not sent: "+want {
			t.Errorf("got warnings %q", w)
		}
		before := strings.Count(p.Wire(), "AUTH ")
		pass(12 * time.Hour)
		if n := strings.Count(p.Wire(), "AUTH ") - before; n > 2*6 { // offered by the server, and tried
			t.Errorf("the wrong password was tried too often: AUTH was on the wire %d times in 12 hours", n)
		}
		if err := a.SetSecret(t.Context(), ChannelMail, mailPassword); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := p.subjects(t); len(got) != 1 || warnings(t, a) != "" {
			t.Errorf("got %q and warnings %q", got, warnings(t, a))
		}
		text, err := a.TestChannel(t.Context(), ChannelMail)
		if err != nil || !strings.HasPrefix(text, "127.0.0.1 took the mail to me@example.com: ") {
			t.Errorf("got %q, %v", text, err)
		}
		if f := finding(t, a, "mail"); f.Level != LevelOK || !strings.Contains(f.Text, "me@example.com by 127.0.0.1") {
			t.Errorf("got %+v", f)
		}
	})
}

// TestUrgentMail: what has ended and is needed within a day does not wait for
// the morning; whatever else waits, does.
func TestUrgentMail(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay+15*time.Hour)
		cfg := mailing(p, v, &listener{})
		end := time.Now().Add(20*testDay + 15*time.Hour)
		cfg.Posts = func(string, time.Time) (int, time.Time) { return 2, end.Add(6 * time.Hour) }
		cfg.Settings.(*memSettings).s.Steps = []time.Duration{time.Hour}
		cfg.Settings.(*memSettings).s.Urgent = 0
		_, stop := running(t, cfg)
		defer stop()
		pass(20*testDay + 14*time.Hour + 30*time.Minute)
		wantMail(t, p) // an hour before: it waits for the morning
		wantQueue(t, v, 1)
		pass(31 * time.Minute)
		wantMail(t, p, "me@example.com: LinkedIn acme has expired")
		pass(19 * time.Hour)
		wantMail(t, p, "me@example.com: LinkedIn acme has expired", "me@example.com: LinkedIn acme has expired")
	})
}

// TestMailLabels: everybody hears of what is theirs, once.
func TestMailLabels(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		acc := v.accounts["acme"]
		acc.Labels = []string{"client", "vip"}
		v.accounts["acme"] = acc
		other := platform.Account{ID: "other", Platform: "linkedin", ProviderID: "8", Alias: "other", Created: time.Now(), LastUsed: time.Now()}
		g := v.grants["acme"]
		g.Account, g.Generation = "other", 1
		if err := v.Create(t.Context(), other, g); err != nil {
			t.Fatal(err)
		}
		cfg := mailing(p, v, &listener{})
		cfg.Settings.(*memSettings).s.Mail.Labels = map[string][]string{"client": {"them@client.example", "ME@example.com"}, "vip": {"them@client.example"}, "none": {"nobody@example.com"}}
		_, stop := running(t, cfg)
		defer stop()
		pass(13*testDay + 10*time.Hour)
		got := map[string]bool{}
		for _, m := range p.Mail() {
			if got[m.To] {
				t.Errorf("%s got two", m.To)
			}
			got[m.To] = true
			if m.To == "them@client.example" && bytes.Contains(m.Raw, []byte("linkedin/other")) {
				t.Error("a client is told of another's account")
			}
			if m.To == "me@example.com" && (!bytes.Contains(m.Raw, []byte("linkedin/other")) || !bytes.Contains(m.Raw, []byte("linkedin/acme"))) {
				t.Error("not everything is told")
			}
		}
		if len(got) != 2 || !got["me@example.com"] || !got["them@client.example"] {
			t.Errorf("got mails to %v", got)
		}
	})
}

// TestMailAddressCorrected: what waits for an address that was wrong goes to the right one.
func TestMailAddressCorrected(t *testing.T) {
	cfg := asksPassword
	cfg.Refuse = func(to string) error {
		if to == "typo@example.com" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
		}
		return nil
	}
	p := newPostOffice(t, cfg)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		cfg := mailing(p, v, &listener{})
		cfg.Settings.(*memSettings).s.Mail.To = []string{"typo@example.com"}
		a, stop := running(t, cfg)
		defer stop()
		pass(13*testDay + 10*time.Hour)
		wantMail(t, p)
		if w := warnings(t, a); w != "Mail is not sent: 127.0.0.1 did not take the mail to typo@example.com: 550 5.1.1 No such user; correct the address, or the sender: relink mail set" {
			t.Errorf("got warnings %q", w)
		}
		s, err := a.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Mail.To = []string{"right@example.com"}
		if err := a.SetSettings(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := p.subjects(t); len(got) != 1 || !strings.HasPrefix(got[0], "right@example.com: LinkedIn acme ends in ") {
			t.Errorf("got %q", got)
		}
		wantQueue(t, v, 0)
		if w := warnings(t, a); w != "" {
			t.Errorf("got warnings %q", w)
		}
	})
}

// TestMailAfterSleep: the hour was slept through, and is made up for.
func TestMailAfterSleep(t *testing.T) {
	p := newPostOffice(t, asksPassword)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		var asleep time.Duration
		start := time.Now()
		cfg := mailing(p, v, &listener{})
		wake := make(chan struct{}, 1)
		cfg.Now, cfg.Elapsed, cfg.Wake = func() time.Time { return time.Now().Add(asleep) }, func() time.Duration { return time.Since(start) + asleep }, wake
		a, stop := running(t, cfg)
		defer stop()
		pass(12*testDay + 23*time.Hour)
		if err := a.do(t.Context(), func() { asleep += 12 * time.Hour }); err != nil { // the step, due at midnight, and the hour are slept through
			t.Fatal(err)
		}
		wake <- struct{}{}
		pass(5 * time.Minute)
		if got := p.subjects(t); len(got) != 1 {
			t.Errorf("got %q, want one mail soon after waking", got)
		}
		wantQueue(t, v, 0)
	})
}

// inbox is a receiver of documents outside the bubble.
type inbox struct {
	*httptest.Server
	mu   sync.Mutex
	down bool
	docs []map[string]any
	ids  []string
}

func newInbox(t *testing.T) *inbox {
	i := &inbox{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.ids = append(i.ids, r.Header.Get(notifier.HeaderDelivery))
		if i.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var doc map[string]any
		if json.Unmarshal(body, &doc) == nil {
			i.docs = append(i.docs, doc)
		}
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *inbox) setDown(on bool) { i.mu.Lock(); i.down = on; i.mu.Unlock() }

func (i *inbox) events() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []string
	for _, d := range i.docs {
		line := fmt.Sprint(d["event"])
		if d["was"] != nil {
			line += " was " + fmt.Sprint(d["was"])
		}
		out = append(out, line)
	}
	return out
}

// TestWebhook: every event once and in order, over a receiver that is away for a day and a restart.
func TestWebhook(t *testing.T) {
	in := newInbox(t)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		rt := &answers{}
		cfg := config(v, rt, &listener{})
		cfg.Settings.(*memSettings).s.Webhook = in.URL + "/path-that-is-secret"
		v.secrets[ChannelWebhook] = platform.NewSecret("the-key")
		a, stop := running(t, cfg)
		pass(13*testDay + time.Minute)
		want := []string{"expiring"}
		if got := in.events(); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q at once", got, want)
		}
		// The platform is away, and comes back.
		rt.set(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
		pass(2 * testDay)
		rt.set(fine{}.RoundTrip)
		pass(testDay)
		want = append(want, "unreachable", "reconnected was unreachable")
		if got := slices.DeleteFunc(in.events(), func(s string) bool { return s == "expiring" }); !slices.Equal(got, want[1:]) {
			t.Errorf("got %q, want %q", got, want[1:])
		}
		sent := len(in.events())
		// The receiver is away while the account ends and is reconnected.
		in.setDown(true)
		pass(4*testDay + time.Hour)
		acc, _ := v.Account(t.Context(), "acme")
		g := newGrantFor(v, t, "acme", 60*testDay)
		if err := v.SaveAll(t.Context(), []Change{{acc, g}}); err != nil {
			t.Fatal(err)
		}
		a.stored(acc, g)
		pass(time.Hour)
		if w := warnings(t, a); !strings.Contains(w, "The webhook is not called: "+host(in.URL)+" answered 503 ") || strings.Contains(w, "secret") {
			t.Errorf("got warnings %q", w)
		}
		if c := channel(t, a, ChannelWebhook); c.OK || c.Waiting == 0 || c.Where != host(in.URL) {
			t.Errorf("got %+v", c)
		}
		stop()
		a, stop = running(t, cfg)
		defer stop()
		in.setDown(false)
		pass(2 * time.Hour)
		got := in.events()[sent:]
		if !slices.Equal(got, []string{"expiring", "expiring", "expired", "reconnected was expired"}) {
			t.Errorf("got %q", got)
		}
		wantQueue(t, v, 0)
		if w := warnings(t, a); w != "" {
			t.Errorf("got warnings %q", w)
		}
		seen := map[string]bool{}
		for _, d := range in.docs {
			id := fmt.Sprint(d["id"])
			if seen[id] || !slices.Contains(in.ids, id) {
				t.Errorf("delivery %q came twice, or its header says another", id)
			}
			seen[id] = true
			if acc, _ := d["account"].(map[string]any); acc["ref"] != "linkedin/acme" || strings.Contains(fmt.Sprint(d), "tok-") {
				t.Errorf("got %v", d)
			}
		}
	})
}

// TestWebhookPoison: one event that the receiver will not have does not hold up the others.
func TestWebhookPoison(t *testing.T) {
	var mu sync.Mutex
	var took []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if bytes.Contains(body, []byte("linkedin/acme")) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		took = append(took, string(body))
	}))
	defer srv.Close()
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 20*testDay)
		other := platform.Account{ID: "zother", Platform: "linkedin", ProviderID: "8", Alias: "other", Created: time.Now(), LastUsed: time.Now()}
		g := v.grants["acme"]
		g.Account = "zother"
		if err := v.Create(t.Context(), other, g); err != nil {
			t.Fatal(err)
		}
		cfg := config(v, fine{}, &listener{})
		cfg.Settings.(*memSettings).s.Webhook = srv.URL
		v.secrets[ChannelWebhook] = platform.NewSecret("the-key")
		a, stop := running(t, cfg)
		defer stop()
		pass(13*testDay + time.Minute)
		if mu.Lock(); len(took) != 1 {
			t.Errorf("got %q", took)
		}
		mu.Unlock()
		wantQueue(t, v, 1)
		// Switched off, nothing waits any more.
		s, _ := a.Settings(t.Context())
		s.Webhook = ""
		if err := a.SetSettings(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		wantQueue(t, v, 0)
		if w := warnings(t, a); w != "" {
			t.Errorf("got warnings %q", w)
		}
		if _, err := a.TestChannel(t.Context(), ChannelWebhook); platform.KindOf(err) != platform.KindUsage {
			t.Errorf("got %v", err)
		}
	})
}

// TestHookChannel: the command gets the document; one that fails is tried again, and that is seen.
func TestHookChannel(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("skipped: needs /bin/sh")
	}
	dir := t.TempDir()
	path, out, fail := filepath.Join(dir, "hook"), filepath.Join(dir, "out"), filepath.Join(dir, "fail")
	text := "#!/bin/sh\nif [ -e " + fail + " ]; then echo 'no such route' >&2; exit 1; fi\ncat >> " + out + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	v := one(t, time.Now(), 60*testDay)
	cfg := config(v, fine{}, &listener{})
	cfg.Settings.(*memSettings).s.Hook = path
	a, _ := running(t, cfg)
	got, err := a.TestChannel(t.Context(), ChannelHook)
	if err != nil || got != "hook ran and ended well." {
		t.Errorf("got %q, %v", got, err)
	}
	if raw, err := os.ReadFile(out); err != nil || !bytes.Contains(raw, []byte(`"event":"test"`)) {
		t.Errorf("got %q, %v", raw, err)
	}
	if err := os.WriteFile(fail, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.TestChannel(t.Context(), ChannelHook); err == nil || err.Error() != "the hook's command hook failed (exit status 1): no such route; mend it and try: relink hook test" || platform.KindOf(err) != platform.KindConfig {
		t.Errorf("got %v", err)
	}
	// Through the queue, as an event of the account's.
	n := notifier.News{ID: "d1", Event: notifier.EventExpired, Account: v.accounts["acme"], At: time.Now()}
	parcel := Parcel{Channel: ChannelHook, Key: "k", Account: "acme", Event: n.Event, Body: n.Document(), At: n.At, Due: n.At}
	if err := v.SaveEntries(t.Context(), nil, parcel); err != nil {
		t.Fatal(err)
	}
	res := a.deliver(t.Context(), ChannelHook, false)
	if res.result == nil || res.result.OK || !res.next.After(time.Now()) || v.parcels[0].Tries != 1 {
		t.Errorf("got %+v and %+v", res, v.parcels)
	}
	if err := os.Remove(fail); err != nil {
		t.Fatal(err)
	}
	if res := a.deliver(t.Context(), ChannelHook, true); res.result == nil || !res.result.OK || !res.next.IsZero() {
		t.Errorf("got %+v", res)
	}
	if raw, _ := os.ReadFile(out); !bytes.Contains(raw, []byte(`"event":"expired"`)) {
		t.Errorf("got %q", raw)
	}
}

// TestCalendarFile: kept current, written only when it says something else, and whole.
func TestCalendarFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		v := one(t, time.Now(), 20*testDay)
		cfg := config(v, fine{}, &listener{})
		cfg.About.Data = dir
		a, stop := running(t, cfg)
		defer stop()
		pass(time.Minute)
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Errorf("got %v, and nobody asked for a calendar", files)
		}
		set := func(value string) {
			s, err := a.Settings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Calendar = value
			if err := a.SetSettings(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Second)
		}
		set("on")
		path := filepath.Join(dir, "relink.ics")
		read := func() (time.Time, string) {
			t.Helper()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cal, err := ics.ParseCalendar(bytes.NewReader(raw))
			if err != nil || len(cal.Events()) != 1 || cal.Events()[0].Id() != "acme-access@relink" {
				t.Fatalf("got %v in\n%s", err, raw)
			}
			at, err := cal.Events()[0].GetStartAt()
			if err != nil {
				t.Fatal(err)
			}
			return at, string(raw)
		}
		at, first := read()
		if g, _ := v.Grant(t.Context(), "acme"); !at.Equal(g.Clocks[0].At) {
			t.Errorf("got %v, want %v", at, g.Clocks[0].At)
		}
		pass(3 * testDay) // verified since, and nothing that shows has changed
		if _, again := read(); again != first {
			t.Error("it was written again for nothing")
		}
		acc, _ := v.Account(t.Context(), "acme")
		g := newGrantFor(v, t, "acme", 60*testDay)
		if err := v.SaveAll(t.Context(), []Change{{acc, g}}); err != nil {
			t.Fatal(err)
		}
		a.stored(acc, g)
		pass(10 * time.Second)
		if at, _ := read(); !at.Equal(g.Clocks[0].At) {
			t.Errorf("got %v, want %v", at, g.Clocks[0].At)
		}
		if c := channel(t, a, ChannelCalendar); !c.OK || c.Where != path || c.Text != "1 deadline is in "+path+"." {
			t.Errorf("got %+v", c)
		}
		api, err := a.Calendar(t.Context())
		if _, file := read(); err != nil || !notifier.SameCalendar(api, file) {
			t.Errorf("got %v and\n%s", err, api)
		}
		set(filepath.Join(dir, "no", "such", "dir.ics"))
		if w := warnings(t, a); !strings.Contains(w, "The calendar is not written: cannot write ") {
			t.Errorf("got warnings %q", w)
		}
		if f := finding(t, a, "calendar"); f.Level != LevelFail || !strings.HasPrefix(f.Repair, "make its directory writable") {
			t.Errorf("got %+v", f)
		}
		set("")
		if w := warnings(t, a); w != "" {
			t.Errorf("got warnings %q", w)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
			t.Errorf("%v is left over", left)
		}
	})
}

// countingVault counts what is asked of the queue.
type countingVault struct {
	*memVault
	asked int
}

func (v *countingVault) Waiting(ctx context.Context) (map[string]Waiting, error) {
	v.asked++
	return v.memVault.Waiting(ctx)
}

func (v *countingVault) Parcels(ctx context.Context, channel string, due time.Time, limit int) ([]Parcel, error) {
	v.asked++
	return v.memVault.Parcels(ctx, channel, due, limit)
}

// TestChannelsCostNothingUnconfigured: no goroutine, no timer, no look into the
// vault; and with all of them on, none while nothing is due.
func TestChannelsCostNothingUnconfigured(t *testing.T) {
	p, in := newPostOffice(t, asksPassword), newInbox(t)
	synctest.Test(t, func(t *testing.T) {
		var goroutines [2]int
		for i := range goroutines {
			v := &countingVault{memVault: one(t, time.Now(), 60*testDay)}
			cfg := config(v.memVault, fine{}, &listener{})
			if i == 1 {
				cfg = mailing(p, v.memVault, &listener{})
				s := &cfg.Settings.(*memSettings).s
				s.Webhook, s.Hook, s.Calendar = in.URL, "/bin/true", filepath.Join(t.TempDir(), "c.ics")
			}
			cfg.Vault = v
			a, stop := running(t, cfg)
			pass(10 * testDay)
			stacks := make([]byte, 1<<20)
			for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
				if strings.Contains(stack, "app/agent/") && !strings.Contains(stack, "_test.go") {
					goroutines[i]++
				}
			}
			if want := i; v.asked != want { // at the start, once
				t.Errorf("the queue was asked for %d times, want %d", v.asked, want)
			}
			err := a.do(t.Context(), func() {
				if next := a.channels.next(); !next.IsZero() {
					t.Errorf("something is due at %v", next)
				}
				now := a.clock.now()
				if n := testing.AllocsPerRun(100, func() { a.turnChannels(now); a.calendarChanged(nil, nil, nil, now) }); n != 0 {
					t.Errorf("an idle turn makes %v allocations", n)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			stop()
			pass(time.Second)
		}
		if goroutines[0] == 0 || goroutines[0] != goroutines[1] {
			t.Errorf("%d goroutines without channels, %d with all of them", goroutines[0], goroutines[1])
		}
	})
}

// TestRehearsalOnChannels: the channels that are on take part, marked.
func TestRehearsalOnChannels(t *testing.T) {
	p, in := newPostOffice(t, asksPassword), newInbox(t)
	synctest.Test(t, func(t *testing.T) {
		v := one(t, time.Now(), 60*testDay)
		cfg := mailing(p, v, &listener{})
		cfg.Settings.(*memSettings).s.Webhook = in.URL
		v.secrets[ChannelWebhook] = platform.NewSecret("the-key")
		a, stop := running(t, cfg)
		defer stop()
		pass(2 * time.Minute)
		r, err := a.Rehearse(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if r, err = a.Rehearsal(t.Context(), r.ID, 0); err != nil || !r.Done {
			t.Fatalf("got %+v, %v", r, err)
		}
		for _, s := range r.Steps {
			for _, name := range []string{ChannelMail, ChannelWebhook} {
				if !slices.ContainsFunc(s.Results, func(x RehearsalResult) bool { return x.Channel == name && x.Became == OutcomeShown }) {
					t.Errorf("%s: %s is missing in %+v", s.Step, name, s.Results)
				}
			}
			if slices.ContainsFunc(s.Results, func(x RehearsalResult) bool { return x.Channel == ChannelHook }) {
				t.Error("the hook, which is off, took part")
			}
		}
		for _, s := range p.subjects(t) {
			if !strings.HasPrefix(s, "me@example.com: Rehearsal: LinkedIn acme ") {
				t.Errorf("got %q", s)
			}
		}
		for _, d := range in.docs {
			if d["rehearsal"] != true {
				t.Errorf("got %v", d)
			}
		}
		if len(p.Mail()) != len(r.Steps) || len(in.docs) != len(r.Steps) {
			t.Errorf("got %d mails and %d events for %d steps", len(p.Mail()), len(in.docs), len(r.Steps))
		}
		wantQueue(t, v, 0)
	})
}
