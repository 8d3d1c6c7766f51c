package window

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// noticesMost is how many notices the page lists.
const noticesMost = 200

// noticesPage is what was said in the last 90 days, newest first, with what
// became of it.
type noticesPage struct {
	u       *ui
	content *fyne.Container
	body    *fyne.Container
	// redraw draws again what was read; nil before it was.
	redraw func()
}

// showNotices opens the page over the accounts, or reads it anew.
func (u *ui) showNotices() {
	if u.connect != nil || u.flow != nil {
		return
	}
	if u.notices == nil {
		n := &noticesPage{u: u, body: container.NewVBox(caption(platform.T(wordLoading)))}
		back := newButtonWithIcon(platform.T(wordBack), theme.NavigateBackIcon(), u.closeNotices)
		back.Importance = widget.LowImportance
		title := heading2(platform.T(wordNotices))
		title.SizeName = theme.SizeNameSubHeadingText
		again := newIconButton(theme.ViewRefreshIcon(), platform.T(wordRefresh), n.load)
		again.Importance = widget.LowImportance
		head := container.New(layout.NewCustomPaddedLayout(2*gap, gap, 2*gap, 2*gap), container.NewBorder(nil, nil, container.NewHBox(back, title), again))
		n.content = container.NewBorder(head, nil, nil, nil, container.NewVScroll(container.New(column{640},
			container.New(layout.NewCustomPaddedLayout(0, 6*gap, 4*gap, 4*gap), n.body))))
		u.notices = n
		u.retitle()
		u.accounts.content.Hide()
		u.accounts.pages.Add(n.content)
		u.win.Canvas().Focus(nil)
	}
	u.notices.load()
}

func (u *ui) closeNotices() {
	if u.notices == nil {
		return
	}
	u.accounts.pages.Remove(u.notices.content)
	u.notices = nil
	u.retitle()
	u.accounts.content.Show()
	u.accounts.pages.Refresh()
	u.list.focus()
}

func (n *noticesPage) load() {
	n.u.run(func(ctx context.Context, s agent.Service) func() {
		notices, err := s.Notices(ctx, agent.NoticeQuery{Limit: noticesMost})
		return func() {
			n.redraw = func() { n.draw(notices, err) }
			n.redraw()
		}
	})
}

// telling is one thing said, with all the channels that said it.
type telling struct {
	agent.Notice
	channels []string
	others   []agent.Notice
}

// tellings puts notices, newest first, together that say the same thing at
// about the same time by several channels.
func tellings(notices []agent.Notice) []telling {
	const together = 2 * time.Minute
	var out []telling
	for _, n := range notices {
		i := slices.IndexFunc(out, func(t telling) bool {
			return t.Note == n.Note && t.Title == n.Title && t.At.Sub(n.At).Abs() < together && !slices.Contains(t.channels, n.Channel)
		})
		if i < 0 {
			out = append(out, telling{Notice: n, channels: []string{n.Channel}})
			continue
		}
		out[i].channels = append(out[i].channels, n.Channel)
		out[i].others = append(out[i].others, n)
	}
	return out
}

func (n *noticesPage) draw(notices []agent.Notice, err error) {
	now := n.u.now()
	var out []fyne.CanvasObject
	if err != nil {
		out = append(out, wrapped(said(err)))
	}
	last := ""
	for _, t := range tellings(notices) {
		if d := day(t.At, now); d != last {
			last = d
			over := heading(dayName(t.At, now))
			out = append(out, container.New(layout.NewCustomPaddedLayout(2*gap, 0, 0, 0), over))
		}
		out = append(out, n.item(t, now))
	}
	if len(notices) == 0 && err == nil {
		out = append(out, container.New(layout.NewCustomPaddedLayout(12*gap, 0, 0, 0), emptyNote(platform.T(wordNoNotices))))
	}
	n.body.Objects = out
	n.body.Refresh()
	n.u.accounts.pages.Refresh()
}

// item is one thing said: when, what, and what became of it.
func (n *noticesPage) item(t telling, now time.Time) fyne.CanvasObject {
	u := n.u
	at := newLine(theme.SizeNameCaptionText, colorMuted)
	at.align = fyne.TextAlignTrailing
	at.text = t.At.Local().Format("15:04")
	title := plain(t.Title)
	if t.Rehearsal {
		title = platform.T("Rehearsal: %s", title)
	}
	text := tight(wrapped(title))
	if body := plain(t.Body); body != "" {
		text.Add(caption(body))
	}
	icon, tn, became := outcomeWords(t.Notice, now)
	for _, o := range t.others {
		// What a person did, and what went wrong, is worth more than that it was shown.
		if i, k, w := outcomeWords(o, now); weight(o.Became) > weight(t.Became) {
			icon, tn, became, t.Notice = i, k, w, o
		}
	}
	word := caption(became + " · " + channelWords(t.channels))
	if tn.color == theme.ColorNameError {
		word.Importance = widget.DangerImportance
	}
	sign := container.NewVBox(least(em(16), em(16), widget.NewIcon(theme.NewColoredResource(icon, tn.color))))
	text.Add(container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedLayout(gap+gap/2, gap, 2*gap, 0), sign), nil, word))
	var lead fyne.CanvasObject = widget.NewIcon(theme.NewColoredResource(bellIcon, colorMuted))
	id := ""
	if len(t.Accounts) == 1 {
		if row := u.row(t.Accounts[0]); row != nil {
			a := newAvatar(32)
			a.set(row.Account.Platform, shortTitle(row.Account))
			a.setPicture(u.pictures.of(row.Account))
			lead, id = a, row.Account.ID
		}
	}
	row := container.NewBorder(nil, nil, container.NewVBox(pad(2, least(em(32), em(32), container.NewCenter(lead)))), container.NewVBox(pad(2, least(em(40), 0, at))), text)
	if id == "" {
		return row
	}
	tl := newTile(row, func() { u.closeNotices(); u.setFilter(filterAll); u.choose(id); u.list.show(id) })
	tl.name, tl.key = title+", "+became, u.typedKey
	return tl
}

// weight orders outcomes by what is worth telling.
func weight(o agent.Outcome) int {
	switch o {
	case agent.OutcomeClicked, agent.OutcomeSnoozed, agent.OutcomeClosed:
		return 3
	case agent.OutcomeFailed:
		return 2
	case agent.OutcomeWithdrawn, agent.OutcomeReplaced:
		return 1
	}
	return 0
}
