package window

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"relink/platform"
)

func settings(t *testing.T, tab int, change func(*fake)) *bench {
	b := openOn(t, sampleSnapshot(), PageSettings, func(f *fake, _ *Config) {
		if change != nil {
			change(f)
		}
	})
	b.until("the settings", func() bool { return b.u.settings.saved.Port != 0 && len(b.u.settings.reminders.Objects) > 1 })
	b.u.settings.tabs.SelectIndex(tab)
	return b
}

func TestReminderSteps(t *testing.T) {
	b := settings(t, 0, nil)
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
	b := settings(t, 2, nil)
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
	b := settings(t, 1, nil)
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
	b := settings(t, 1, func(f *fake) { f.apps = []platform.App{{Platform: "linkedin", ID: "86abc"}} })
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
