package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

func TestCheck(t *testing.T) {
	if got, err := Check(Defaults()); err != nil || !reflect.DeepEqual(got, Defaults()) {
		t.Errorf("the defaults are not in order: %+v, %v", got, err)
	}
	s := Defaults()
	s.Steps = []time.Duration{day, 7 * day, day, time.Hour}
	s.PlatformSteps = map[string][]time.Duration{"facebook": {day, 14 * day}, "linkedin": {}}
	got, err := Check(s)
	if want := []time.Duration{7 * day, day, time.Hour}; err != nil || !reflect.DeepEqual(got.Steps, want) {
		t.Errorf("got %v, %v, want %v", got.Steps, err, want)
	}
	if want := []time.Duration{14 * day, day}; !reflect.DeepEqual(got.PlatformSteps["facebook"], want) || s.PlatformSteps["facebook"][0] != day {
		t.Errorf("got %v, want %v, and what was given left alone", got.PlatformSteps["facebook"], want)
	}
	bad := map[string]func(s *agent.Settings){
		"steps":                   func(s *agent.Settings) { s.Steps = []time.Duration{day, 0} },
		"platform_steps.facebook": func(s *agent.Settings) { s.PlatformSteps = map[string][]time.Duration{"facebook": {-day}} },
		"platform_steps.facebock": func(s *agent.Settings) { s.PlatformSteps = map[string][]time.Duration{"facebock": {day}} },
		"urgent":                  func(s *agent.Settings) { s.Urgent = time.Second },
		"free_days":               func(s *agent.Settings) { s.FreeDays = 1<<7 - 1 },
		"away": func(s *agent.Settings) {
			s.Away = notifier.Away{From: notifier.Date{Year: 2026, Month: 12, Day: 2}, To: notifier.Date{Year: 2026, Month: 12, Day: 1}}
		},
		"hour":    func(s *agent.Settings) { s.Hour = 24 },
		"idle":    func(s *agent.Settings) { s.Idle = time.Minute },
		"poll":    func(s *agent.Settings) { s.Poll = 2 * time.Hour },
		"verify":  func(s *agent.Settings) { s.Verify = time.Second },
		"port":    func(s *agent.Settings) { s.Port = 1023 },
		"browser": func(s *agent.Settings) { s.Browser = "a\nb" },
	}
	for key, spoil := range bad {
		s := Defaults()
		spoil(&s)
		_, err := Check(s)
		if platform.KindOf(err) != platform.KindUsage || !strings.HasPrefix(err.Error(), key+" ") {
			t.Errorf("%s: got %v", key, err)
		}
	}
	empty := Defaults()
	empty.Steps = nil
	if _, err := Check(empty); err == nil {
		t.Error("an empty ladder was taken")
	}
	off := Defaults()
	off.Idle = 0
	if _, err := Check(off); err != nil {
		t.Error(err)
	}
}

// FuzzEdit: whatever parses can be changed without disturbing what else it
// says, or is refused by Save's read-back; and the scanner never fails.
func FuzzEdit(f *testing.F) {
	f.Add("")
	f.Add(edit("", Defaults()))
	f.Add("hour = 5 # five\n[platform_steps]\nfacebook = [\"1d\", # x\n\"2h\"]\n[other]\nhour = 3")
	f.Add("platform_steps = { facebook = ['1d'] }\nbrowser = '''a'b''c'''\nx = \"\"\"\n[hour]\nhour = 3\\\"\"\"\"\"\n")
	f.Add("\"hour\" = 7\n'po\\ll' = 1\nplatform_steps.linkedin = [ \"3d\" ]\n")
	f.Add("hour = 9")
	f.Fuzz(func(t *testing.T, text string) {
		was, bad := parse(text)
		if bad != nil {
			_ = edit(text, Defaults())
			return
		}
		if got := edit(text, was); strings.TrimSpace(text) != "" {
			if back, bad := parse(got); bad == nil && !same(back, was) {
				t.Errorf("nothing was changed in %q, and %q says something else", text, got)
			}
		}
		want := was
		want.Hour, want.Browser = (was.Hour+1)%24, "x \"y\" \\z"
		if back, bad := parse(edit(text, want)); bad == nil && !same(back, want) {
			t.Logf("%q is refused", text)
		}
	})
}

// TestReminderSettings: what shapes reminders is written to the file and read back.
func TestReminderSettings(t *testing.T) {
	want := Defaults()
	want.Urgent = 0
	want.Quiet = notifier.Quiet{From: 22*time.Hour + 30*time.Minute, To: 7 * time.Hour}
	want.FreeDays = 1<<time.Saturday | 1<<time.Sunday
	want.Away = notifier.Away{From: notifier.Date{Year: 2026, Month: 12, Day: 12}, To: notifier.Date{Year: 2027, Month: 1, Day: 6}}
	text := edit("# mine\nsteps = [\"7d\"]\n", want)
	for _, line := range []string{`urgent = "off"`, `quiet = "22:30-07:00"`, `free_days = ["sat", "sun"]`, `away = "2026-12-12/2027-01-06"`, "# mine"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	if got, bad := parse(text); bad != nil || !same(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, bad, want)
	}
	for text, line := range map[string]int{"\nquiet = \"22-7\"": 2, "free_days = [\"sat\", \"dimanche\"]": 1, "\n\naway = \"2026-12-12\"": 3, "urgent = \"soon\"": 1} {
		if _, bad := parse(text); bad == nil || bad.line != line {
			t.Errorf("%q: %v, want a fault in line %d", text, bad, line)
		}
	}
}
