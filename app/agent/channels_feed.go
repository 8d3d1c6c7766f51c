package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
)

// hears is what an account's entry will have told the channels once the
// parcels are stored.
type hears struct {
	e      *entry
	heard  notifier.Event
	beyond bool
}

// parcels makes what the channels are to be sent: the steps that the plan says
// now, platforms that have gone or come back, and what is over. The second
// result is for heard, once they are stored.
func (a *Agent) parcels(subjects []notifier.Subject, notes []notifier.Note, now time.Time) ([]Parcel, []hears) {
	s := a.settings.Load()
	var out []Parcel
	var marks []hears
	var steps map[string]notifier.Entry
	for _, n := range notes {
		for _, x := range n.Entries {
			if !x.Collapsed {
				if steps == nil {
					steps = map[string]notifier.Entry{}
				}
				steps[x.Account] = x
			}
		}
	}
	for i := range subjects {
		sub := &subjects[i]
		e := a.entries[sub.Account.ID]
		if e == nil {
			continue
		}
		is := hears{e, e.heard, e.beyond}
		news := notifier.News{Account: sub.Account, Status: sub.Status, Unreachable: e.unreachable, Depends: sub.Depends, At: now}
		if is.heard != "" && over(e) {
			news.Event, news.Was = notifier.EventReconnected, is.heard
			out, is.heard = a.pack(out, s, news, sub, ""), ""
		}
		if x, ok := steps[sub.Account.ID]; ok {
			news.Event, news.Was = notifier.EventOf(x.Step), ""
			out, is.heard = a.pack(out, s, news, sub, string(x.Step)), news.Event
		}
		if gone := !e.unreachable.IsZero(); gone != is.beyond && !sub.Account.Muted {
			news.Event, news.Was = notifier.EventUnreachable, ""
			if !gone {
				news.Event, news.Was = notifier.EventReconnected, notifier.EventUnreachable
			}
			out, is.beyond = a.pack(out, s, news, sub, ""), gone
		}
		if is.heard != e.heard || is.beyond != e.beyond {
			marks = append(marks, is)
		}
	}
	return out, marks
}

// over reports whether what the channels were told of an account holds no more.
func over(e *entry) bool {
	if e.status.State.NeedsPerson() {
		return false
	}
	// A new grant that is short, or silently renewed: what was said of it, if
	// anything was, came along with it.
	return e.status.State != platform.StateExpiring || len(e.said) == 0
}

// pack adds what the channels that are on are to be sent of one piece of news.
func (a *Agent) pack(out []Parcel, s *Settings, n notifier.News, sub *notifier.Subject, step string) []Parcel {
	if !s.sends() {
		return out
	}
	p := Parcel{
		Account: n.Account.ID, Generation: n.Status.Generation, Deadline: n.Status.Deadline.At, Event: n.Event, At: n.At, Due: n.At,
		Key: fmt.Sprintf("%s/%d/%s/%d", n.Account.ID, n.Status.Generation, step, n.Status.Deadline.At.Unix()),
	}
	if step == "" {
		p.Key = fmt.Sprintf("%s/%s/%s/%d", n.Account.ID, n.Event, n.Was, n.At.Unix())
	}
	if s.Webhook != "" || s.Hook != "" {
		n.ID = newID()
		doc := p
		doc.Body = n.Document()
		for _, name := range senders[1:] {
			if s.has(name) {
				doc.Channel = name
				out = append(out, doc)
			}
		}
	}
	if s.Mail.Server != "" && (n.Event == notifier.EventExpiring || n.Event == notifier.EventExpired) {
		p.Channel = ChannelMail
		if !notifier.Urgent(n.Event, sub.Depends, sub.First, n.At) {
			p.Due = notifier.DigestAt(n.At, s.Hour, nil, a.channels.digest, a.channels.awake)
		}
		for _, to := range recipients(s, n.Account) {
			p.To = to
			out = append(out, p)
		}
	}
	return out
}

// recipients are who is mailed about an account, each once.
func recipients(s *Settings, acc platform.Account) []string {
	out := slices.Clone(s.Mail.To)
	for _, label := range acc.Labels {
		for _, to := range s.Mail.Labels[label] {
			if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, to) }) {
				out = append(out, to)
			}
		}
	}
	return out
}

// heard takes in that parcels were stored.
func (a *Agent) heard(parcels []Parcel, marks []hears) {
	for _, m := range marks {
		m.e.heard, m.e.beyond = m.heard, m.beyond
	}
	for i := range parcels {
		if j := slices.Index(senders, parcels[i].Channel); j >= 0 {
			a.channels.outlets[j].soonest(parcels[i].Due)
		}
	}
}
