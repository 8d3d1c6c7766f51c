package agent

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
)

// where says where a channel goes, for people; never more of a webhook's
// address than its host, since the rest may be a secret.
func (a *Agent) where(channel string) string {
	s := a.settings.Load()
	switch channel {
	case ChannelMail:
		if s.Mail.Server != "" {
			return platform.T("%s by %s", platform.Join(s.Mail.To), s.Mail.Server)
		}
	case ChannelWebhook:
		return host(s.Webhook)
	case ChannelHook:
		if words, err := platform.SplitCommand(s.Hook); err == nil {
			return words[0]
		}
	case ChannelCalendar:
		return a.calendarPath(s)
	}
	return ""
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

func (a *Agent) programName() string { return "Relink/" + or(a.cfg.About.Version, "dev") }

// mailServer is the mail server of the settings, with its password.
func (a *Agent) mailServer(ctx context.Context, m Mail) (notifier.MailServer, error) {
	out := notifier.MailServer{Host: m.Server, Port: m.Port, Security: m.Security, User: m.User, From: or(m.From, m.User), Agent: a.programName(), TLS: a.cfg.TLS}
	if m.User == "" {
		return out, nil
	}
	var err error
	if out.Password, err = a.cfg.Vault.Secret(ctx, ChannelMail); platform.KindOf(err) == platform.KindNotFound {
		return out, &platform.Error{Kind: platform.KindConfig, Message: platform.T("no password is stored for the mail server"), Repair: platform.T("store it: relink mail set")}
	}
	return out, err
}

// post sends one document to the webhook or the hook and says in one line what became of it.
func (a *Agent) post(ctx context.Context, channel, id string, event notifier.Event, body []byte) (string, error) {
	s := a.settings.Load()
	if channel == ChannelHook {
		if err := (notifier.Hook{Command: s.Hook}).Run(ctx, event, body); err != nil {
			return "", err
		}
		return platform.T("%s ran and ended well.", filepath.Base(a.where(ChannelHook))), nil
	}
	key, err := a.cfg.Vault.Secret(ctx, ChannelWebhook)
	if err != nil && platform.KindOf(err) != platform.KindNotFound {
		return "", err
	}
	status, err := notifier.Webhook{URL: s.Webhook, Key: key, Agent: a.programName(), TLS: a.cfg.TLS}.Post(ctx, id, event, body, a.clock.now())
	if err != nil {
		return "", err
	}
	return platform.T("%s answered %s.", host(s.Webhook), status), nil
}

// tellNow tells news over a channel at once, past its queue, and says in one
// line what became of it: for tests and rehearsals.
func (a *Agent) tellNow(ctx context.Context, channel string, n notifier.News) (string, error) {
	if n.ID == "" {
		n.ID = newID()
	}
	if channel != ChannelMail {
		return a.post(ctx, channel, n.ID, n.Event, n.Document())
	}
	s := a.settings.Load()
	server, err := a.mailServer(ctx, s.Mail)
	if err != nil {
		return "", err
	}
	now := a.clock.now()
	to := s.Mail.To
	if n.Event != notifier.EventTest {
		to = recipients(s, n.Account)
	}
	var letters []notifier.Letter
	for _, to := range to {
		if n.Event == notifier.EventTest {
			letters = append(letters, notifier.TestLetter(to, now, hostname()))
			continue
		}
		l := notifier.Digest(to, []notifier.News{n}, now, nil, hostname())
		l.ID += "." + n.ID
		letters = append(letters, l)
	}
	handed, err := server.Send(ctx, letters)
	if err != nil {
		return "", err
	}
	answer := ""
	for _, h := range handed {
		if h.Err != nil {
			return "", h.Err
		}
		answer = h.Answer
	}
	if answer == "" {
		return platform.T("%s took the mail to %s", server.Host, platform.Join(to)), nil
	}
	return platform.T("%s took the mail to %s: %s", server.Host, platform.Join(to), answer), nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// deliver sends what is due on a channel; with force all that waits.
func (a *Agent) deliver(ctx context.Context, channel string, force bool) outcome {
	now := a.clock.now()
	var out outcome
	if !a.settings.Load().has(channel) {
		if err := a.dropAll(ctx, channel); err != nil && ctx.Err() == nil {
			a.log.Warn("drop what waits", "channel", channel, "error", err)
		}
		return out
	}
	due := now
	if force || channel == ChannelMail { // what goes with a mail, deliverMail decides
		due = farFuture
	}
	list, err := a.cfg.Vault.Parcels(ctx, channel, due, parcelBatch)
	if err == nil && len(list) > 0 {
		if channel == ChannelMail {
			out, err = a.deliverMail(ctx, list, force, now)
		} else {
			out, err = a.deliverPosts(ctx, channel, list, now)
		}
	}
	if ctx.Err() != nil && a.ctx.Err() != nil {
		return out // the agent ends; the vault knows what waits
	}
	if err != nil {
		a.log.Error("deliver", "channel", channel, "error", err)
		r := failure(channel, platform.As(err, platform.KindStorage), patience, now)
		out.result = &r
	}
	if out.result != nil {
		a.keepResult(ctx, channel, *out.result)
	}
	waiting, werr := a.cfg.Vault.Waiting(context.WithoutCancel(ctx))
	switch {
	case err != nil || werr != nil:
		out.next = now.Add(lastRetry)
	default:
		out.next = waiting[channel].Next
	}
	return out
}

// stored gives a context for keeping what was done, which outlives the agent's own.
func stored(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// deliverPosts sends documents, oldest first. One that is refused does not
// hold up the others, but a receiver that is away, or refuses three in a row, is left alone.
func (a *Agent) deliverPosts(ctx context.Context, channel string, list []Parcel, now time.Time) (outcome, error) {
	keep := keepTrying
	if channel == ChannelHook {
		keep = keepHook
	}
	var out outcome
	var last string
	var failed error
	tries, inRow, gaveUp := 0, 0, 0
	for i, p := range list {
		if ctx.Err() != nil {
			break
		}
		text, err := a.post(ctx, channel, docID(p), p.Event, p.Body)
		if ctx.Err() != nil && err != nil {
			break // it may have arrived; it is sent again under the same ID
		}
		sctx, cancel := stored(ctx)
		switch {
		case err == nil:
			inRow, last = 0, text
			err = a.cfg.Vault.DropParcels(sctx, p.ID)
			a.keepNotice(channel, p, nil)
		case now.Sub(p.At) > keep:
			inRow, failed, tries, gaveUp = inRow+1, err, p.Tries+1, gaveUp+1
			a.keepNotice(channel, p, err)
			err = a.cfg.Vault.DropParcels(sctx, p.ID)
		default:
			inRow, failed, tries = inRow+1, err, max(tries, p.Tries+1)
			kind := platform.KindOf(err)
			err = a.cfg.Vault.PutOff(sctx, now.Add(retryAfter(p.Tries+1, kind)), kind != platform.KindLocked, p.ID)
		}
		if e := platform.As(failed, platform.KindRetry); err == nil && inRow > 0 && (inRow >= 3 || e.Kind == platform.KindLocked || e.Kind == platform.KindRetry && e.Code == "") {
			err = a.cfg.Vault.PutOff(sctx, now.Add(retryAfter(p.Tries+1, e.Kind)), false, idsOf(list[i+1:])...)
			cancel()
			if err != nil {
				return out, err
			}
			break
		}
		cancel()
		if err != nil {
			return out, err
		}
	}
	switch {
	case failed != nil:
		r := failure(channel, failed, tries, now)
		r.giveUp(channel, gaveUp, func(n int) string {
			return platform.N(n, "%d event given up after %s", "%d events given up after %s", platform.Span(keep))
		}, failed)
		out.result = &r
	case last != "":
		out.result = &channelResult{At: now, OK: true, Text: last}
	}
	return out, nil
}

// giveUp adds to a result that n things are not sent any more, which given says.
func (r *channelResult) giveUp(channel string, n int, given func(n int) string, err error) {
	if n == 0 {
		return
	}
	e := platform.As(err, platform.KindRetry)
	r.Message, r.Repair = platform.T("%s: %s", given(n), e.Message), e.Repair
	r.Text = (&platform.Error{Message: r.Message, Repair: r.Repair}).Error()
	r.Warning = channelFailed(channel, r.Text)
}

// docID is the delivery's ID, which stands first in its document.
func docID(p Parcel) string {
	_, rest, _ := strings.Cut(string(p.Body), `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// keepNotice keeps that a channel told an event, or gave it up.
func (a *Agent) keepNotice(channel string, p Parcel, err error) {
	title := string(p.Event)
	if row := a.snap.Load().Row(p.Account); row != nil {
		title = row.Account.Title() + ": " + title
	}
	became := OutcomeShown
	if err != nil {
		became = OutcomeFailed
	}
	a.said(channel, notifier.Note{ID: "event/" + docID(p), Accounts: []string{p.Account}, Title: title}, became, err)
}

// urgent reports whether a parcel did not wait for the day's mail.
func urgent(p Parcel) bool { return p.Tries == 0 && p.Due.Equal(p.At) }

// deliverMail sends the mail that is due: one letter to each recipient about
// all that waits for them, as it stands now. What was fixed meanwhile is dropped.
func (a *Agent) deliverMail(ctx context.Context, list []Parcel, force bool, now time.Time) (outcome, error) {
	var out outcome
	due := slices.DeleteFunc(slices.Clone(list), func(p Parcel) bool { return p.Due.After(now) && !(force && p.Tries > 0) })
	if len(due) == 0 {
		return out, nil
	}
	// With the day's mail, or one that is late, goes all that waits.
	digest := slices.ContainsFunc(due, func(p Parcel) bool { return !urgent(p) })
	if !digest {
		list = due
	}
	sctx, cancel := stored(ctx)
	defer cancel()

	list, err := a.readdressed(sctx, list)
	if err != nil {
		return out, err
	}
	snap, depends := a.snap.Load(), a.dependsOn(ctx, list, now)
	byTo := map[string][]Parcel{}
	news := map[string]map[string]notifier.News{}
	var stale []int64
	asleep := map[time.Time][]int64{}
	tries := 0
	for _, p := range list {
		row := snap.Row(p.Account)
		if row == nil {
			stale = append(stale, p.ID)
			continue
		}
		status := platform.Assess(row.Account, row.Grant, now)
		switch {
		case !notifier.Still(p.Generation, p.Deadline, row.Account, status):
			stale = append(stale, p.ID)
			continue
		case row.Account.Snoozed.After(now):
			asleep[row.Account.Snoozed] = append(asleep[row.Account.Snoozed], p.ID)
			continue
		}
		if news[p.To] == nil {
			news[p.To] = map[string]notifier.News{}
		}
		event := notifier.EventExpiring
		if status.State.NeedsPerson() {
			event = notifier.EventExpired
		}
		news[p.To][p.Account] = notifier.News{Event: event, Account: row.Account, Status: status, Depends: depends[p.Account], At: p.At}
		byTo[p.To] = append(byTo[p.To], p)
		tries = max(tries, p.Tries)
	}
	err = a.cfg.Vault.DropParcels(sctx, stale...)
	for until, ids := range asleep {
		err = cmp.Or(err, a.cfg.Vault.PutOff(sctx, until, false, ids...))
	}
	if err != nil || len(byTo) == 0 {
		return out, err
	}

	var letters []notifier.Letter
	for _, to := range sortedKeys(byTo) {
		var list []notifier.News
		for _, id := range sortedKeys(news[to]) {
			list = append(list, news[to][id])
		}
		letters = append(letters, notifier.Digest(to, list, now, nil, hostname()))
	}
	server, err := a.mailServer(ctx, a.settings.Load().Mail)
	var handed []notifier.Handed
	if err == nil {
		handed, err = server.Send(ctx, letters)
	}
	if ctx.Err() != nil && len(handed) == 0 {
		return out, nil
	}
	cancel()
	sctx, cancel = stored(ctx)
	defer cancel()

	var failed error
	var sent []string
	gaveUp := 0
	for i, l := range letters {
		parcels := byTo[l.To]
		e := platform.As(err, platform.KindRetry)
		if err == nil {
			e = handed[i].Err
		}
		note := notifier.Note{ID: "letter/" + l.ID, Accounts: sortedKeys(news[l.To]), Title: l.Subject, Body: platform.T("To %s.", l.To)}
		if e == nil {
			sent = append(sent, l.To)
			a.said(ChannelMail, note, OutcomeShown, nil)
			if err := a.cfg.Vault.DropParcels(sctx, idsOf(parcels)...); err != nil {
				return out, err
			}
			continue
		}
		failed = e
		var late, again []int64
		for _, p := range parcels {
			if now.Sub(p.At) > keepTrying {
				late = append(late, p.ID)
			} else {
				again = append(again, p.ID)
			}
		}
		if len(late) > 0 {
			gaveUp++
			a.said(ChannelMail, note, OutcomeFailed, e)
		}
		if err := a.cfg.Vault.DropParcels(sctx, late...); err != nil {
			return out, err
		}
		if err := a.cfg.Vault.PutOff(sctx, now.Add(retryAfter(tries+1, e.Kind)), true, again...); err != nil {
			return out, err
		}
	}
	if digest && len(sent) > 0 {
		out.digest = true
		if err := a.cfg.Vault.SetMeta(sctx, metaDigest, now.UTC().Format(time.RFC3339)); err != nil {
			return out, err
		}
	}
	if failed == nil {
		out.result = &channelResult{At: now, OK: true, Text: platform.T("%s took the mail to %s.", server.Host, platform.Join(sent))}
		return out, nil
	}
	r := failure(ChannelMail, failed, tries+1, now)
	r.giveUp(ChannelMail, gaveUp, func(n int) string {
		return platform.N(n, "%d mail given up after %s", "%d mails given up after %s", platform.Span(keepTrying))
	}, failed)
	out.result = &r
	return out, nil
}

// readdressed puts parcels for somebody who is no recipient any more to those
// who are: an address that was wrong has been corrected. Where only one of
// several was, the others may be told again; nobody is left untold.
func (a *Agent) readdressed(ctx context.Context, list []Parcel) ([]Parcel, error) {
	s, snap := a.settings.Load(), a.snap.Load()
	var old []int64
	var fresh []Parcel
	for _, p := range list {
		row := snap.Row(p.Account)
		if row == nil {
			continue // it is dropped
		}
		to := recipients(s, row.Account)
		if slices.ContainsFunc(to, func(r string) bool { return strings.EqualFold(r, p.To) }) {
			continue
		}
		old = append(old, p.ID)
		for _, r := range to {
			p.ID, p.To = 0, r
			fresh = append(fresh, p)
		}
	}
	if len(old) == 0 {
		return list, nil
	}
	if err := a.cfg.Vault.SaveEntries(ctx, nil, fresh...); err != nil {
		return nil, err
	}
	if err := a.cfg.Vault.DropParcels(ctx, old...); err != nil {
		return nil, err
	}
	all, err := a.cfg.Vault.Parcels(ctx, ChannelMail, farFuture, parcelBatch)
	going := make(map[string]bool, len(list))
	for _, p := range list {
		going[p.Key] = true
	}
	// Those that were to go, under their new addresses too, and no others.
	return slices.DeleteFunc(all, func(p Parcel) bool { return !going[p.Key] }), err
}

// dependsOn asks the loop how much depends on the accounts of parcels.
func (a *Agent) dependsOn(ctx context.Context, list []Parcel, now time.Time) map[string]int {
	out := map[string]int{}
	_ = a.do(ctx, func() { // it fails where the agent ends, and then nothing is sent
		for _, p := range list {
			if e := a.entries[p.Account]; e != nil {
				if n := a.subject(e, now).Depends; n > 0 {
					out[p.Account] = n
				}
			}
		}
	})
	return out
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
