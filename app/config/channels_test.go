package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"relink/app/agent"
	"relink/platform"
)

func withMail() agent.Settings {
	s := Defaults()
	s.Mail = agent.Mail{Server: "smtp.example.com", User: "me@example.com", To: []string{"me@example.com"}, Labels: map[string][]string{"acme": {"them@acme.example"}, "zwölf, \"x\"": {"z@example.com"}}}
	return s
}

func TestChannelsRoundTrip(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "config.toml"))
	s := withMail()
	s.Mail.Port, s.Mail.Security, s.Mail.From = 2525, "tls", "relink@example.com"
	s.Webhook, s.Hook, s.Calendar = "https://example.com/hook?to=a", `"/opt/my hook" --all`, "on"
	for range 2 {
		if err := f.Save(s); err != nil {
			t.Fatal(err)
		}
		if got, warning, err := f.Load(); err != nil || warning != "" || !reflect.DeepEqual(got, s) {
			t.Errorf("got %+v, %q, %v, want %+v in\n%s", got, warning, err, s, read(t, string(f)))
		}
		s.Mail.Labels = map[string][]string{"acme": {"them@acme.example", "boss@acme.example"}}
		s.Calendar = ""
	}
	s.Mail = agent.Mail{}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	if got, _, err := f.Load(); err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, %v, want %+v", got, err, s)
	}
}

func TestCheckChannels(t *testing.T) {
	good := map[string]func(s *agent.Settings){
		"as it is":             func(*agent.Settings) {},
		"plain to here":        func(s *agent.Settings) { s.Mail.Server, s.Mail.Security = "127.0.0.1", "none" },
		"plain to here by v6":  func(s *agent.Settings) { s.Mail.Server, s.Mail.Security = "::1", "none" },
		"http to here":         func(s *agent.Settings) { s.Webhook = "http://localhost:8080/x" },
		"no user but a sender": func(s *agent.Settings) { s.Mail.User, s.Mail.From = "", "me@example.com" },
		"calendar off":         func(s *agent.Settings) { s.Calendar = "off" },
	}
	for name, change := range good {
		s := withMail()
		change(&s)
		if _, err := Check(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := map[string]map[string]func(s *agent.Settings){
		"mail_server": {
			"a port":  func(s *agent.Settings) { s.Mail.Server = "smtp.example.com:587" },
			"an URL":  func(s *agent.Settings) { s.Mail.Server = "smtps://smtp.example.com" },
			"2 lines": func(s *agent.Settings) { s.Mail.Server = "a\nb" },
		},
		"mail_port":     {"too high": func(s *agent.Settings) { s.Mail.Port = 70000 }},
		"mail_security": {"plain to elsewhere": func(s *agent.Settings) { s.Mail.Security = "none" }, "no such": func(s *agent.Settings) { s.Mail.Security = "ssl" }},
		"mail_from":     {"no address": func(s *agent.Settings) { s.Mail.From = "me" }, "none": func(s *agent.Settings) { s.Mail.User = "me" }},
		"mail_to": {
			"none":     func(s *agent.Settings) { s.Mail.To = nil },
			"a name":   func(s *agent.Settings) { s.Mail.To = []string{"Me <me@example.com>"} },
			"a header": func(s *agent.Settings) { s.Mail.To = []string{"me@example.com\r\nBcc: you@example.com"} },
		},
		"mail_labels.acme": {"no address": func(s *agent.Settings) { s.Mail.Labels = map[string][]string{"acme": {"them"}} }},
		"webhook": {
			"plain to elsewhere": func(s *agent.Settings) { s.Webhook = "http://example.com/" },
			"no host":            func(s *agent.Settings) { s.Webhook = "https://" },
			"a password":         func(s *agent.Settings) { s.Webhook = "https://me:pw@example.com/" },
			"another scheme":     func(s *agent.Settings) { s.Webhook = "file:///etc/passwd" },
		},
		"hook":     {"an open quote": func(s *agent.Settings) { s.Hook = `run "it` }},
		"calendar": {"relative": func(s *agent.Settings) { s.Calendar = "relink.ics" }, "no .ics": func(s *agent.Settings) { s.Calendar = "/tmp/calendar" }},
	}
	for key, ways := range bad {
		for name, spoil := range ways {
			s := withMail()
			spoil(&s)
			_, err := Check(s)
			if platform.KindOf(err) != platform.KindUsage || !strings.HasPrefix(err.Error(), key+" ") {
				t.Errorf("%s, %s: got %v", key, name, err)
			}
		}
	}
}
