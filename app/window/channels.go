package window

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// channelsTab is how else people and programs are told: mail, webhook,
// command and calendar, each with what became of it last and a test.
type channelsTab struct {
	w       *settingsWindow
	content *fyne.Container
	// lines say how each channel does, by its name.
	lines map[string]*channelLine
}

func newChannelsTab(w *settingsWindow) *channelsTab {
	return &channelsTab{w: w, content: container.NewVBox(caption(platform.T(wordLoading))), lines: map[string]*channelLine{}}
}

// channelLine is how a channel does, and the button that tries it.
type channelLine struct {
	content *fyne.Container
	icon    *widget.Icon
	text    *widget.Label
	test    *pushButton
	testing bool
}

func (t *channelsTab) line(name string, canTest bool) *channelLine {
	l := &channelLine{icon: widget.NewIcon(nil), text: caption("")}
	l.test = newButton(platform.T(wordTest), func() { t.try(name) })
	l.test.Disable()
	showIf(l.test, canTest)
	l.content = followed(container.NewBorder(nil, nil, container.NewCenter(least(em(16), em(16), l.icon)), nil, l.text), upright(l.test))
	t.lines[name] = l
	return l
}

// say shows how a channel does.
func (l *channelLine) say(t tone, icon fyne.Resource, text string) {
	l.icon.SetResource(theme.NewColoredResource(icon, t.color))
	l.text.SetText(text)
}

// load asks how the channels do.
func (t *channelsTab) load() {
	t.w.u.run(func(ctx context.Context, s agent.Service) func() {
		channels, err := s.Channels(ctx)
		return func() {
			if err != nil {
				t.w.say(said(err))
				return
			}
			for _, c := range channels {
				t.show(c)
			}
		}
	})
}

func (t *channelsTab) show(c agent.Channel) {
	l := t.lines[c.Name]
	if l == nil || l.testing {
		return
	}
	if c.On {
		l.test.Enable()
	} else {
		l.test.Disable()
	}
	tn, icon, text := channelWord(c, t.w.u.now())
	l.say(tn, icon, text)
}

// channelWord says how a channel does.
func channelWord(c agent.Channel, now time.Time) (tone, fyne.Resource, string) {
	switch {
	case !c.On:
		return toneQuiet, theme.MediaPauseIcon(), platform.T(wordChannelOff)
	case c.At.IsZero():
		return toneQuiet, theme.InfoIcon(), platform.T("On, nothing was sent yet.")
	case !c.OK:
		text := platform.T("%s (%s).", trimStop(sentence(c.Text)), platform.Ago(c.At, now))
		if c.Waiting > 0 {
			text += " " + platform.N(c.Waiting, "%d message waits since %s.", "%d messages wait since %s.", platform.When(c.Since, now))
		}
		return toneBad, theme.ErrorIcon(), text
	}
	return toneGood, theme.ConfirmIcon(), platform.T("%s (%s).", trimStop(sentence(or(c.Text, platform.T("sent")))), platform.Ago(c.At, now))
}

// trimStop takes away a full stop, to go on after it.
func trimStop(s string) string { return strings.TrimRight(s, ".。") }

// try sends a test and tells what became of it.
func (t *channelsTab) try(name string) {
	l := t.lines[name]
	l.testing = true
	l.test.Disable()
	l.say(toneQuiet, theme.HistoryIcon(), platform.T(wordTesting))
	t.w.u.run(func(ctx context.Context, s agent.Service) func() {
		text, err := s.TestChannel(ctx, name)
		return func() {
			l.testing = false
			l.test.Enable()
			if err != nil {
				l.say(toneBad, theme.ErrorIcon(), said(err))
				return
			}
			l.say(toneGood, theme.ConfirmIcon(), sentence(text))
		}
	})
}

// secret stores a channel's secret if one was typed, then goes on.
func (t *channelsTab) secret(channel string, field *widget.Entry, where problem, then func()) {
	text := field.Text
	if text == "" {
		then()
		return
	}
	t.w.u.run(func(ctx context.Context, s agent.Service) func() {
		err := s.SetSecret(ctx, channel, text)
		return func() {
			if err != nil {
				where.show(said(err))
				return
			}
			field.SetText("")
			then()
		}
	})
}

func (t *channelsTab) draw() {
	s := t.w.saved
	group := func(title, about string, channel *channelLine, rows ...fyne.CanvasObject) fyne.CanvasObject {
		box := container.NewVBox(tight(heading(title), caption(about)))
		for _, r := range rows {
			box.Add(r)
		}
		box.Add(container.New(layout.NewCustomPaddedLayout(0, 2*gap, 2*gap, 2*gap), channel.content))
		return box
	}
	entry := func(text, hint string) *widget.Entry {
		e := widget.NewEntry()
		e.SetText(text)
		e.SetPlaceHolder(hint)
		return e
	}
	wide := func(o fyne.CanvasObject) fyne.CanvasObject { return least(em(260), 0, o) }
	buttons := func(b fyne.CanvasObject) fyne.CanvasObject {
		return container.New(&beside{lead: settingName}, spacer(0), container.NewHBox(b))
	}

	mp := problemLabel()
	server, user, from, to := entry(s.Mail.Server, "smtp.example.com"), entry(s.Mail.User, "me@example.com"), entry(s.Mail.From, platform.T(wordMailFrom)), entry(strings.Join(s.Mail.To, ", "), "me@example.com, team@example.com")
	port := entry("", platform.T(wordMailPort))
	if s.Mail.Port != 0 {
		port.SetText(strconv.Itoa(s.Mail.Port))
	}
	kinds := []string{"starttls", "tls", "none"}
	kind := widget.NewSelect([]string{"STARTTLS", "TLS", platform.T(wordMailPlain)}, nil)
	kind.SetSelectedIndex(max(0, slices.Index(kinds, s.Mail.Security)))
	password := widget.NewPasswordEntry()
	password.SetPlaceHolder(platform.T(wordKeepSecret))
	save := primary(platform.T(wordSave), func() {
		m := agent.Mail{Server: strings.TrimSpace(server.Text), User: strings.TrimSpace(user.Text), From: strings.TrimSpace(from.Text), Security: kinds[max(0, kind.SelectedIndex())], Labels: s.Mail.Labels}
		if text := strings.TrimSpace(port.Text); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > 65535 {
				mp.show(platform.T(wordMailPortBad))
				return
			}
			m.Port = n
		}
		for a := range strings.SplitSeq(to.Text, ",") {
			if a = strings.TrimSpace(a); a != "" {
				m.To = append(m.To, a)
			}
		}
		t.secret(agent.ChannelMail, password, mp, func() {
			t.w.save(mp, func(set *agent.Settings) { set.Mail = m }, t.load)
		})
	})

	wp := problemLabel()
	hook, key := entry(s.Webhook, "https://example.com/relink"), widget.NewPasswordEntry()
	key.SetPlaceHolder(platform.T(wordKeepSecret))
	saveHook := newButton(platform.T(wordSave), func() {
		t.secret(agent.ChannelWebhook, key, wp, func() {
			t.w.save(wp, func(set *agent.Settings) { set.Webhook = strings.TrimSpace(hook.Text) }, t.load)
		})
	})

	cp := problemLabel()
	command := entry(s.Hook, "notify-team --event")
	saveCommand := newButton(platform.T(wordSave), func() {
		t.w.save(cp, func(set *agent.Settings) { set.Hook = strings.TrimSpace(command.Text) }, t.load)
	})

	ip := problemLabel()
	calendar := entry(s.Calendar, platform.T(wordCalendarHint))
	saveCalendar := newButton(platform.T(wordSave), func() {
		t.w.save(ip, func(set *agent.Settings) { set.Calendar = strings.TrimSpace(calendar.Text) }, t.load)
	})

	none := problemLabel()
	t.content.Objects = []fyne.CanvasObject{
		group(platform.T(wordMail), platform.T(wordMailText), t.line(agent.ChannelMail, true),
			setting(platform.T(wordMailServer), wide(server), "", none), setting(platform.T(wordMailSecurity), container.NewHBox(least(em(180), 0, kind), least(em(112), 0, port)), "", none),
			setting(platform.T(wordMailUser), wide(user), "", none), setting(platform.T(wordMailPassword), wide(password), "", none),
			setting(platform.T(wordMailFromName), wide(from), "", none), setting(platform.T(wordMailTo), wide(to), "", mp), buttons(save)),
		widget.NewSeparator(),
		group(platform.T(wordWebhook), platform.T(wordWebhookText), t.line(agent.ChannelWebhook, true),
			setting(platform.T(wordAddress), wide(hook), "", none), setting(platform.T(wordSigningKey), wide(key), "", wp), buttons(saveHook)),
		widget.NewSeparator(),
		group(platform.T(wordHook), platform.T(wordHookText), t.line(agent.ChannelHook, true), setting(platform.T(wordHookCommand), wide(command), "", cp), buttons(saveCommand)),
		widget.NewSeparator(),
		group(platform.T(wordCalendar), platform.T(wordCalendarText), t.line(agent.ChannelCalendar, false), setting(platform.T(wordCalendarFile), wide(calendar), "", ip), buttons(saveCalendar)),
	}
	t.content.Refresh()
	t.load()
}
