package cli

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"relink/app/agent"
	"relink/platform"
)

func channelBench(stdin string, change func(*fake)) bench {
	f := &fake{snapshot: accounts(), settings: agent.Settings{Hour: 9}, channels: []agent.Channel{
		{Name: agent.ChannelMail, On: true, Where: "me@example.com by smtp.example.com", Secret: true, Waiting: 2, Since: noon.Add(-day), At: noon, Text: "smtp.example.com refuses the connection; check the network"},
		{Name: agent.ChannelWebhook}, {Name: agent.ChannelHook}, {Name: agent.ChannelCalendar},
	}}
	if change != nil {
		change(f)
	}
	return bench{fake: f, stdin: strings.NewReader(stdin)}
}

func TestMailVerbs(t *testing.T) {
	b := channelBench("", nil)
	if code := b.run(t, "mail"); code != exitDone || b.out.String() != "The mail goes to me@example.com by smtp.example.com.\n2 waiting, the oldest since Mon 23 Nov 2026, 12:00.\nLast, Tue 24 Nov 2026, 12:00: smtp.example.com refuses the connection; check the network\n" {
		t.Errorf("got %d, %q", code, b.out.String())
	}
	b = channelBench("", nil)
	const want = `{"name":"mail","on":true,"where":"me@example.com by smtp.example.com","secret":true,"waiting":2,"waiting_since":"2026-11-23T12:00:00Z","last_at":"2026-11-24T12:00:00Z","last_ok":false,"last":"smtp.example.com refuses the connection; check the network"}` + "\n"
	if code := b.run(t, "mail", "--json"); code != exitDone || b.out.String() != want {
		t.Errorf("got %d, %q", code, b.out.String())
	}

	// What is given changes, the rest stays; the password comes from stdin and is said nowhere.
	b = channelBench(hush+"\n", func(f *fake) {
		f.settings.Mail = agent.Mail{Port: 2525, To: []string{"old@example.com"}, Labels: map[string][]string{"keep": {"k@example.com"}, "drop": {"d@example.com"}}}
	})
	code := b.run(t, "mail", "set", "--server", "smtp.example.com", "--user", "me@example.com", "--to", "me@example.com,you@example.com", "--label", "acme=a@example.com,b@example.com", "--label", "drop=")
	wantMail := agent.Mail{Server: "smtp.example.com", Port: 2525, User: "me@example.com", To: []string{"me@example.com", "you@example.com"},
		Labels: map[string][]string{"keep": {"k@example.com"}, "acme": {"a@example.com", "b@example.com"}}}
	if code != exitDone || !reflect.DeepEqual(b.fake.saved.Mail, wantMail) || b.fake.saved.Hour != 9 {
		t.Errorf("got %d, %+v", code, b.fake.saved)
	}
	if !slices.Contains(b.fake.calls, "SetSecret mail "+hush) || strings.Contains(b.out.String()+b.err.String(), hush) {
		t.Errorf("got calls %q and output %q", b.fake.calls, b.out.String()+b.err.String())
	}
	// No password given: the one stored stays.
	b = channelBench("", nil)
	if code := b.run(t, "mail", "set", "--from", "relink@example.com"); code != exitDone || len(b.fake.calls) != 1 || b.fake.saved.Mail.From != "relink@example.com" {
		t.Errorf("got %d, calls %q", code, b.fake.calls)
	}
	// A secret is no argument, and is not repeated.
	b = channelBench("", nil)
	if code := b.run(t, "mail", "set", hush); code != exitUsage || strings.Contains(b.err.String(), hush) {
		t.Errorf("got %d, %q", code, b.err.String())
	}
	b = channelBench("", nil)
	if code := b.run(t, "mail", "set", "--label", "acme"); code != exitUsage || len(b.dials) != 0 {
		t.Errorf("got %d, %q", code, b.err.String())
	}
	// Where the password cannot be sealed, nothing is changed.
	b = channelBench(hush+"\n", func(f *fake) {
		f.err = map[string]error{"SetSecret": &platform.Error{Kind: platform.KindLocked, Message: "the vault is locked", Repair: "open it: relink unlock"}}
	})
	if code := b.run(t, "mail", "set", "--server", "x"); code != exitLocked || len(b.fake.calls) != 1 {
		t.Errorf("got %d, calls %q", code, b.fake.calls)
	}
	b = channelBench("", nil)
	if code := b.run(t, "mail", "test"); code != exitDone || b.out.String() != "The test was taken.\n" || b.fake.calls[0] != "TestChannel mail" {
		t.Errorf("got %d, %q", code, b.out.String())
	}
	b = channelBench("", func(f *fake) {
		f.err = map[string]error{"TestChannel": &platform.Error{Kind: platform.KindConfig, Message: "smtp.example.com refuses the user name or password", Repair: "store the right password: relink mail set"}}
	})
	if code := b.run(t, "mail", "test"); code != exitFailed || b.err.String() != "relink: smtp.example.com refuses the user name or password; store the right password: relink mail set\n" {
		t.Errorf("got %d, %q", code, b.err.String())
	}
	b = channelBench("", func(f *fake) { f.settings.Mail = wantMail })
	if code := b.run(t, "mail", "off", "--forget"); code != exitDone || b.fake.saved.Mail.Server != "" || b.fake.saved.Mail.User == "" || b.fake.calls[1] != "SetSecret mail " {
		t.Errorf("got %d, %+v, %q", code, b.fake.saved.Mail, b.fake.calls)
	}
}

func TestWebhookVerbs(t *testing.T) {
	b := channelBench("", nil)
	if code := b.run(t, "webhook"); code != exitDone || b.out.String() != "The webhook is off; set it up: relink webhook set\n" {
		t.Errorf("got %d, %q", code, b.out.String())
	}
	// No key anywhere: one is made, and shown this once on stdout alone.
	b = channelBench("", nil)
	if code := b.run(t, "webhook", "set", "https://example.com/x", "--json"); code != exitDone || b.fake.saved.Webhook != "https://example.com/x" {
		t.Errorf("got %d, %+v", code, b.fake.saved)
	}
	var made keyOut
	if err := json.Unmarshal(b.out.Bytes(), &made); err != nil || len(made.SigningKey) < 40 || b.fake.calls[0] != "SetSecret webhook "+made.SigningKey || strings.Contains(b.err.String(), made.SigningKey) {
		t.Errorf("got %v, %q, calls %q", err, b.out.String(), b.fake.calls)
	}
	// A key on stdin is taken and not shown; one that is stored stays.
	b = channelBench(hush+"\n", nil)
	if code := b.run(t, "webhook", "set", "https://example.com/x"); code != exitDone || b.fake.calls[0] != "SetSecret webhook "+hush || strings.Contains(b.out.String()+b.err.String(), hush) {
		t.Errorf("got %d, %q", code, b.out.String())
	}
	b = channelBench("", func(f *fake) { f.channels[1].Secret = true })
	if code := b.run(t, "webhook", "set", "https://example.com/y"); code != exitDone || len(b.fake.calls) != 1 || b.fake.saved.Webhook != "https://example.com/y" {
		t.Errorf("got %d, calls %q", code, b.fake.calls)
	}
	b = channelBench("", nil)
	if code := b.run(t, "webhook", "test"); code != exitDone || b.fake.calls[0] != "TestChannel webhook" {
		t.Errorf("got %d, calls %q", code, b.fake.calls)
	}
}

func TestHookAndCalendarVerbs(t *testing.T) {
	b := channelBench("", nil)
	if code := b.run(t, "hook", "set", "/opt/x --all"); code != exitDone || b.fake.saved.Hook != "/opt/x --all" {
		t.Errorf("got %d, %+v", code, b.fake.saved)
	}
	b = channelBench("", func(f *fake) { f.settings.Hook = "/opt/x" })
	if code := b.run(t, "hook", "off"); code != exitDone || b.fake.saved.Hook != "" || b.out.String() != "The hook is off.\n" {
		t.Errorf("got %d, %+v", code, b.fake.saved)
	}
	b = channelBench("", nil)
	if code := b.run(t, "calendar"); code != exitDone || b.out.String() != "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" {
		t.Errorf("got %d, %q", code, b.out.String())
	}
	b = channelBench("", nil)
	if code := b.run(t, "calendar", "set", "deadlines.ics"); code != exitDone || !filepath.IsAbs(b.fake.saved.Calendar) || filepath.Base(b.fake.saved.Calendar) != "deadlines.ics" || b.fake.calls[1] != "TestChannel calendar" {
		t.Errorf("got %d, %+v, %q", code, b.fake.saved, b.fake.calls)
	}
	b = channelBench("", nil)
	if code := b.run(t, "calendar", "set", "on"); code != exitDone || b.fake.saved.Calendar != "on" {
		t.Errorf("got %d, %+v", code, b.fake.saved)
	}
	b = channelBench("", func(f *fake) { f.settings.Calendar = "on" })
	if code := b.run(t, "settings", "set", "calendar", "off"); code != exitDone || b.fake.saved.Calendar != "" || b.out.String() != "calendar is off\n" {
		t.Errorf("got %d, %+v, %q", code, b.fake.saved, b.out.String())
	}
	b = channelBench("", nil)
	if code := b.run(t, "settings", "set", "mail_to", "a@example.com, b@example.com"); code != exitDone || !slices.Equal(b.fake.saved.Mail.To, []string{"a@example.com", "b@example.com"}) {
		t.Errorf("got %d, %+v, %q", code, b.fake.saved, b.err.String())
	}
}
