package window

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

func settings(t *testing.T, page string, change func(*fake)) *bench {
	b := openOn(t, sampleSnapshot(), PageSettings, func(f *fake, _ *Config) {
		if change != nil {
			change(f)
		}
	})
	b.until("the settings", func() bool { return b.u.settings.saved.Port != 0 && len(b.u.settings.reminders.Objects) > 1 })
	b.u.settings.page(page)
	return b
}

func TestReminderSteps(t *testing.T) {
	b := settings(t, wordReminders, nil)
	e := b.entry(wordStepHint)
	e.SetText("soon")
	b.press(wordAdd)
	b.sees(wordStepBad)
	e.SetText("72h")
	b.press(wordAdd)
	b.sees(wordStepTwice)
	e.SetText("4 hours")
	b.press(wordAdd)
	b.sees("4 hours")
	b.press("1 day")
	want := []time.Duration{7 * dayLong, 3 * dayLong, 4 * time.Hour}
	b.until("the steps", func() bool {
		b.f.mu.Lock()
		defer b.f.mu.Unlock()
		return slices.Equal(b.f.settings.Steps, want)
	})
}

func TestSettingErrorInPlace(t *testing.T) {
	b := settings(t, wordGeneral, nil)
	b.f.fails("setsettings", &platform.Error{Kind: platform.KindStorage, Message: "the disk is full", Repair: "free some space"})
	var tick *widget.Check
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok {
			tick = c
		}
	})
	test.Tap(tick)
	b.sees("The disk is full. Free some space.")
	if b.u.settings.saved.Autostart {
		t.Error("a setting that was refused counts as saved")
	}
}

func TestPort(t *testing.T) {
	b := settings(t, wordPlatforms, nil)
	b.sees(wordPortText)
	var port *widget.Entry
	b.seen(func(o fyne.CanvasObject) {
		if e, ok := o.(*widget.Entry); ok && e.Text == "53917" {
			port = e
		}
	})
	port.SetText("80")
	b.press(wordSave)
	b.sees(wordPortBad)
	port.SetText("50000")
	b.press(wordSave)
	b.until("the port", func() bool { b.f.mu.Lock(); defer b.f.mu.Unlock(); return b.f.settings.Port == 50000 })
}

func TestAppRegistrations(t *testing.T) {
	b := settings(t, wordPlatforms, func(f *fake) { f.apps = []platform.App{{Platform: "linkedin", ID: "86abc"}} })
	b.sees("86abc")
	b.press(wordEdit)
	b.sees(wordRedirect)
	b.press(wordSave)
	b.sees("Enter the ")
	var secret *widget.Entry
	b.seen(func(o fyne.CanvasObject) {
		if e, ok := o.(*widget.Entry); ok && e.Password {
			secret = e
		}
	})
	secret.SetText("hush")
	b.until("the redirect address", func() bool { return b.shows(wordRedirect) })
	b.press(wordSave)
	b.calls("setapp linkedin  86abc true")
	b.until("the form to close", func() bool { return b.window().Canvas().Overlays().Top() == nil })
	b.press(wordDelete)
	b.sees("can no longer be renewed")
	b.press(wordDelete)
	b.calls("deleteapp linkedin")
}

func TestAboutShowsTheDoctor(t *testing.T) {
	b := openOn(t, sampleSnapshot(), PageAbout, nil)
	b.sees("Relink 1.0.0")
	b.sees("Notifications: the notification server shows no buttons")
	b.sees("Use the tray menu to reconnect.")
	b.sees("/home/acme/.config/relink")
}

func TestSettingsWithoutAnAgent(t *testing.T) {
	b := openOn(t, nil, PageSettings, func(f *fake, _ *Config) {
		f.fail["settings"] = &platform.Error{Kind: platform.KindAgent, Message: "relink's agent does not answer", Repair: "start it"}
	})
	b.sees("Relink's agent does not answer. Start it.")
}

func TestQuietHoursAndDays(t *testing.T) {
	b := settings(t, wordReminders, nil)
	e := b.entry(hintQuiet)
	e.SetText("late")
	e.OnSubmitted("")
	b.sees(sentence(wordQuietBad))
	e.SetText("22:00-07:00")
	e.OnSubmitted("")
	b.until("the quiet hours", func() bool { return b.f.set().Quiet.String() == "22:00-07:00" })
	b.tick("Sat") // two at once: neither is lost
	b.tick("Sun")
	b.until("the free days", func() bool { return b.f.set().FreeDays.String() == "sat,sun" })
	away := b.entry(hintAway)
	away.SetText("2026-12-12/2026-12-26")
	away.OnSubmitted("")
	b.until("the days away", func() bool { return b.u.settings.saved.Away.String() == "2026-12-12/2026-12-26" })
	// Undo puts the last change back, and only that.
	b.press(wordUndo)
	b.until("the days away to go", func() bool {
		s := b.f.set()
		return s.Away.None() && s.FreeDays.String() == "sat,sun" && !b.u.settings.undo.Visible()
	})
}

func TestMail(t *testing.T) {
	b := settings(t, wordChannels, nil)
	b.entry("smtp.example.com").SetText("mail.acme.example")
	b.entry("me@example.com").SetText("bot@acme.example")
	b.entry("me@example.com, team@example.com").SetText("a@acme.example, b@acme.example")
	b.entry(wordMailPort).SetText("99999")
	b.pressFirst(wordSave)
	b.sees(wordMailPortBad)
	b.entry(wordMailPort).SetText("2525")
	var password *widget.Entry
	b.seen(func(o fyne.CanvasObject) {
		if e, ok := o.(*widget.Entry); ok && e.Password && password == nil {
			password = e
		}
	})
	password.SetText("hush")
	b.pressFirst(wordSave)
	b.calls("setsecret mail 4")
	b.until("the mail settings", func() bool {
		m := b.f.set().Mail
		return m.Server == "mail.acme.example" && m.User == "bot@acme.example" && m.Port == 2525 && m.Security == "starttls" && slices.Equal(m.To, []string{"a@acme.example", "b@acme.example"})
	})
	if password.Text != "" {
		t.Error("the password stays on the screen")
	}
	b.until("the test to be possible", func() bool { return !b.u.settings.channels.lines[agent.ChannelMail].test.Disabled() })
	b.pressFirst(wordTest)
	b.calls("testchannel mail")
	b.sees("The test was taken.")
	b.f.fails("testchannel ", &platform.Error{Kind: platform.KindRetry, Message: "the mail server refused the password", Repair: "enter it again"})
	b.pressFirst(wordTest)
	b.sees("The mail server refused the password. Enter it again.")
}

func TestChannelWords(t *testing.T) {
	for _, tt := range []struct {
		c    agent.Channel
		want string
	}{
		{agent.Channel{}, "Off."},
		{agent.Channel{On: true}, "On, nothing was sent yet."},
		{agent.Channel{On: true, OK: true, At: now.Add(-time.Hour), Text: "taken by mail.acme.example"}, "Taken by mail.acme.example (1 hour ago)."},
		{agent.Channel{On: true, At: now.Add(-time.Hour), Text: "no answer", Waiting: 2, Since: now.Add(-3 * time.Hour)}, "No answer (1 hour ago). 2 messages wait since Sun 22 Nov, 09:00."},
	} {
		if _, _, got := channelWord(tt.c, now); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestTextSizeInSettings(t *testing.T) {
	b := settings(t, wordGeneral, nil)
	b.seen(func(o fyne.CanvasObject) {
		if s, ok := o.(*widget.Select); ok && s.Selected == "100 %" {
			s.SetSelected("150 %")
		}
	})
	if got := theme.TextSize(); got != usualText*1.5 {
		t.Errorf("the text is of size %v, want 150 %%", got)
	}
}
