package agent

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
)

// keepNotices is how far back notices are asked for when nobody says.
const keepNotices = 90 * 24 * time.Hour

// notices writes what was said and what became of it, off the loop, in order.
type notices struct{ queue[NoticeWrite] }

// said keeps that a channel said a note, or could not. It takes the place of
// the one before with the same ID. Any goroutine may call it.
func (a *Agent) said(channel string, n notifier.Note, became Outcome, err error) {
	now := a.clock.now()
	a.became(channel, n.ID, OutcomeReplaced, nil)
	for _, p := range n.Parts {
		a.became(channel, p.ID, OutcomeReplaced, nil)
	}
	a.notices.put(NoticeWrite{Notice: Notice{
		At: now, Channel: channel, Note: n.ID, Accounts: n.Accounts, Title: n.Title, Body: n.Body,
		Became: became, BecameAt: now, Reason: reason(err), Rehearsal: n.Rehearsal,
	}})
}

// became keeps what became of the newest notice of a channel and note. Any
// goroutine may call it.
func (a *Agent) became(channel, note string, o Outcome, err error) {
	a.notices.put(NoticeWrite{Mark: true, Notice: Notice{Channel: channel, Note: note, Became: o, BecameAt: a.clock.now(), Reason: reason(err)}})
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return platform.As(err, platform.KindRetry).Error()
}

// answered keeps that the person has clicked a note.
func (a *Agent) answered(act Activation) {
	if act.Note == "" {
		return
	}
	o := OutcomeClicked
	if act.Action == notifier.ActionLater {
		o = OutcomeSnoozed
	}
	a.mail.closed(act.Note) // what a person acts on is not told with others again
	a.became(ChannelDesktop, act.Note, o, nil)
}

// closed keeps that a note has gone from the screen by itself or by the person.
func (a *Agent) closed(note string, reason uint32) {
	o := OutcomeClosed
	if reason == notifier.ClosedExpired {
		o = OutcomeExpired
	}
	a.mail.closed(note)
	a.became(ChannelDesktop, note, o, nil)
}

// Notices implements Service.
func (a *Agent) Notices(ctx context.Context, q NoticeQuery) ([]Notice, error) {
	id := ""
	if q.Account != "" {
		acc, err := a.find(q.Account)
		if err != nil {
			return nil, err
		}
		id = acc.ID
	}
	if q.Since.IsZero() {
		q.Since = a.clock.now().Add(-keepNotices)
	}
	a.notices.flush(a.cfg.Vault.WriteNotices, a.log) // what was said a moment ago is in it
	list, err := a.cfg.Vault.Notices(ctx, id, q.Since, q.Limit)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	return list, nil
}

// event is a notice as a line of history.
func (a *Agent) event(n Notice) Event {
	e := Event{At: n.At, Kind: "notice", Text: n.Title, Notice: &n}
	if n.Became == OutcomeFailed {
		e.Kind = "notice_failed"
	}
	if len(n.Accounts) == 1 {
		e.Account = n.Accounts[0]
		if acc, err := a.find(e.Account); err == nil {
			e.Ref = acc.Ref()
		}
	}
	return e
}

// History implements Service: what happened, and what was said of it.
func (a *Agent) History(ctx context.Context, account string, limit int) ([]Event, error) {
	if limit <= 0 {
		limit = 100
	}
	said, err := a.Notices(ctx, NoticeQuery{Account: account, Limit: limit})
	if err != nil {
		return nil, err
	}
	id := ""
	if account != "" {
		acc, err := a.find(account)
		if err != nil {
			return nil, err
		}
		id = acc.ID
	}
	events, err := a.cfg.Vault.Events(ctx, id, limit)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	for i := range events {
		if e := &events[i]; e.Kind == "token" {
			e.Program = strings.TrimSuffix(e.Text, TookToken)
			e.Text = platform.T("%s took a token", e.Program)
		}
	}
	for _, n := range said {
		events = append(events, a.event(n))
	}
	slices.SortStableFunc(events, func(x, y Event) int { return cmp.Compare(y.At.UnixMilli(), x.At.UnixMilli()) })
	return events[:min(limit, len(events))], nil
}
