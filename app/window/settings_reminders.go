package window

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// Examples of what is written, in a form that is the same in every language.
const (
	hintQuiet = "22:00-07:00"
	hintAway  = "2026-12-12/2026-12-26"
)

func (w *settingsWindow) drawReminders() {
	w.stepFields = map[string]*widget.Entry{}
	hp := problemLabel()
	var hours []string
	for h := range 24 {
		hours = append(hours, fmt.Sprintf("%02d:00", h))
	}
	hour := pick(hours, w.saved.Hour, func(i int) { w.save(hp, func(s *agent.Settings) { s.Hour = i }, nil) })
	w.reminders.Objects = parted(
		section(platform.T(wordStepsTitle), "", w.ladder("", w.saved.Steps, func(s *agent.Settings, steps []time.Duration) { s.Steps = steps })),
		w.platformLadders(),
		container.NewVBox(setting(platform.T(wordHour), hour, "", hp), w.quietSetting(), w.freeDays(), w.awaySetting(), w.urgentSetting()),
		section(platform.T("Notifications"), "", w.noteTest.content),
	)
	w.reminders.Refresh()
}

// ladder are the steps before an end, each of which a tap takes away, and a
// field for another one. An empty platform is all of them.
func (w *settingsWindow) ladder(platformID string, now []time.Duration, set func(*agent.Settings, []time.Duration)) fyne.CanvasObject {
	p := problemLabel()
	change := func(steps []time.Duration, then func()) {
		slices.SortFunc(steps, func(a, b time.Duration) int { return int(b/time.Second) - int(a/time.Second) })
		w.save(p, func(s *agent.Settings) { set(s, steps) }, then)
	}
	chips := container.New(layout.NewRowWrapLayout())
	for _, d := range now {
		chips.Add(newButtonWithIcon(step(d), theme.CancelIcon(), func() {
			if len(now) == 1 {
				p.show(platform.T("At least one step must stay."))
				return
			}
			change(slices.DeleteFunc(slices.Clone(now), func(x time.Duration) bool { return x == d }), w.drawReminders)
		}))
	}
	add := widget.NewEntry()
	add.SetPlaceHolder(platform.T(wordStepHint))
	submit := func() {
		d, ok := parseStep(add.Text)
		switch {
		case !ok:
			p.show(platform.T(wordStepBad))
		case slices.Contains(now, d):
			p.show(platform.T(wordStepTwice))
		default:
			change(append(slices.Clone(now), d), func() {
				w.drawReminders()
				w.win.Canvas().Focus(w.stepFields[platformID]) // for the next one
			})
		}
	}
	add.OnSubmitted = func(string) { submit() }
	w.stepFields[platformID] = add
	row := container.New(layout.NewRowWrapLayout(), least(em(160), 0, add), newButtonWithIcon(platform.T(wordAdd), theme.ContentAddIcon(), submit))
	if platformID != "" {
		row.Add(newButton(platform.T("As for all"), func() {
			w.save(p, func(s *agent.Settings) { delete(s.PlatformSteps, platformID) }, w.drawReminders)
		}))
	}
	return container.NewVBox(pad(1, chips), row, p.label)
}

// platformLadders are the ladders of platforms that have one of their own.
func (w *settingsWindow) platformLadders() fyne.CanvasObject {
	p := problemLabel()
	add := newButtonWithIcon(platform.T("Add a platform"), theme.ContentAddIcon(), nil)
	add.OnTapped = func() {
		var items []*fyne.MenuItem
		for _, pl := range platform.All() {
			if _, has := w.saved.PlatformSteps[pl.ID]; !has {
				items = append(items, fyne.NewMenuItem(pl.Name, func() {
					w.save(p, func(s *agent.Settings) {
						if s.PlatformSteps == nil {
							s.PlatformSteps = map[string][]time.Duration{}
						}
						s.PlatformSteps[pl.ID] = slices.Clone(s.Steps)
					}, w.drawReminders)
				}))
			}
		}
		widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), w.win.Canvas(), fyne.NewPos(0, add.Size().Height), add)
	}
	var rows []fyne.CanvasObject
	for _, id := range slices.SortedFunc(maps.Keys(w.saved.PlatformSteps), func(a, b string) int { return strings.Compare(platformName(a), platformName(b)) }) {
		rows = append(rows, tight(heading(platformName(id)), w.ladder(id, w.saved.PlatformSteps[id], func(s *agent.Settings, steps []time.Duration) { s.PlatformSteps[id] = steps })))
	}
	rows = append(rows, container.NewHBox(add), p.label)
	return section(platform.T("For single platforms"), platform.T("In place of the steps above. An account may have its own: relink steps ACCOUNT."), rows...)
}

func (w *settingsWindow) quietSetting() fyne.CanvasObject {
	return w.typed(platform.T(wordQuiet), w.saved.Quiet.String(), hintQuiet, platform.T(wordQuietText), func(s string) (func(*agent.Settings), error) {
		q, err := notifier.ParseQuiet(s)
		if err != nil {
			return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T(wordQuietBad), Err: err}
		}
		return func(set *agent.Settings) { set.Quiet = q }, nil
	})
}

func (w *settingsWindow) awaySetting() fyne.CanvasObject {
	return w.typed(platform.T(wordAwayName), w.saved.Away.String(), hintAway, platform.T(wordAwayText), func(s string) (func(*agent.Settings), error) {
		a, err := notifier.ParseAway(s)
		if err != nil {
			return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T(wordAwayBad), Err: err}
		}
		return func(set *agent.Settings) { set.Away = a }, nil
	})
}

// freeDays are ticks, Monday first.
func (w *settingsWindow) freeDays() fyne.CanvasObject {
	p := problemLabel()
	row := container.New(layout.NewRowWrapLayout())
	monday := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	for i := range 7 {
		at := monday.AddDate(0, 0, i)
		day := at.Weekday()
		tick := widget.NewCheck(platform.At(at, "Mon"), nil)
		tick.Checked = w.saved.FreeDays.Has(day)
		tick.OnChanged = func(on bool) {
			w.save(p, func(set *agent.Settings) {
				set.FreeDays &^= 1 << day
				if on {
					set.FreeDays |= 1 << day
				}
			}, nil)
		}
		row.Add(tick)
	}
	below := container.NewVBox(row, caption(platform.T(wordFreeDaysText)), p.label)
	return container.New(&beside{lead: settingName}, container.NewVBox(widget.NewLabel(platform.T(wordFreeDays))), below)
}

func (w *settingsWindow) urgentSetting() fyne.CanvasObject {
	p := problemLabel()
	return setting(platform.T(wordUrgent), pickSpan([]time.Duration{0, time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour}, w.saved.Urgent, func(d time.Duration) string {
		if d <= 0 {
			return platform.T("off")
		}
		return platform.T("%s before", step(d))
	}, func(d time.Duration) { w.save(p, func(set *agent.Settings) { set.Urgent = d }, nil) }), platform.T(wordUrgentText), p)
}
