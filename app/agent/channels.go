package agent

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"relink/notifier"
	"relink/platform"
)

// Mail, webhook and command hook. The loop decides what is to be sent and
// stores it with the ledger; a worker per channel, started when something is
// due and gone when it is done, sends it. Without a channel there is neither
// timer nor goroutine nor a line in the vault.

const (
	// keepTrying is how long a parcel is tried before it is given up; keepHook
	// the same for the command on this computer.
	keepTrying = 4 * 24 * time.Hour
	keepHook   = 24 * time.Hour
	// firstRetry doubles up to lastRetry; slowRetry and slowest are for what only
	// a person can mend, such as a wrong password: a server locks out who asks often.
	firstRetry = time.Minute
	lastRetry  = time.Hour
	slowRetry  = 30 * time.Minute
	slowest    = 6 * time.Hour
	// lockedRetry is for a vault that does not open; its opening wakes the channels too.
	lockedRetry = 10 * time.Minute
	// patience is after how many tries a failure that may pass by itself is told.
	patience = 3
	// oversleep is how late a turn may be before the computer counts as having slept.
	oversleep = 2 * time.Minute
	// tidyAfter is how long after something was sent its memory is given back: it
	// is idle for days then. 667 accounts told at once on every channel left 34 MB
	// resident, and 15 after that (Linux, amd64).
	tidyAfter = 10 * time.Second
	// channelLimit bounds one run of a channel's worker.
	channelLimit = 10 * time.Minute
)

// channelNames are the channels in the order people see them, senders those that have a queue.
var (
	channelNames = []string{ChannelMail, ChannelWebhook, ChannelHook, ChannelCalendar}
	senders      = channelNames[:3]
)

// channels is what the loop knows of mail, webhook, hook and calendar. Only
// the loop touches it.
type channels struct {
	outlets [3]outlet // as senders
	// digest is when the day's mail last went out; awake since when there was no
	// break, and expected when the next turn is due at the latest.
	digest, awake, expected time.Time
	calendar                outlet
	// tidy is when memory that sending needed is given back; zero when none is to be.
	tidy time.Time
	// drawn are the accounts' deadlines as the calendar was last told to show them.
	drawn bool
}

// outlet is one channel's worker.
type outlet struct {
	// due is when something is to be sent; zero when nothing waits.
	due time.Time
	// force: everything that waits is tried, due or not.
	force bool
	busy  bool
}

// soonest brings the outlet's time forward.
func (o *outlet) soonest(at time.Time) {
	if !at.IsZero() && (o.due.IsZero() || at.Before(o.due)) {
		o.due = at
	}
}

func (o *outlet) ready(now time.Time) bool { return !o.busy && !o.due.IsZero() && !o.due.After(now) }

// next is when a channel has something to do; zero when none has.
func (c *channels) next() time.Time {
	out := c.tidy
	for _, o := range [...]*outlet{&c.outlets[0], &c.outlets[1], &c.outlets[2], &c.calendar} {
		if !o.busy && !o.due.IsZero() && (out.IsZero() || o.due.Before(out)) {
			out = o.due
		}
	}
	return out
}

// has reports whether a channel is switched on.
func (s *Settings) has(channel string) bool {
	switch channel {
	case ChannelMail:
		return s.Mail.Server != ""
	case ChannelWebhook:
		return s.Webhook != ""
	case ChannelHook:
		return s.Hook != ""
	case ChannelCalendar:
		return s.Calendar != ""
	}
	return false
}

// sends reports whether there is a channel with a queue.
func (s *Settings) sends() bool { return s.Mail.Server != "" || s.Webhook != "" || s.Hook != "" }

// loadChannels takes up what waited when the agent last ended.
func (a *Agent) loadChannels(ctx context.Context, now time.Time) error {
	c, s := &a.channels, a.settings.Load()
	c.awake = now
	for _, e := range a.entries {
		for _, x := range e.said {
			if !x.Collapsed {
				e.heard = notifier.EventOf(x.Step)
			}
		}
	}
	for _, name := range senders {
		a.others = append(a.others, other{name: name, on: func() bool { return a.settings.Load().has(name) }, send: func(ctx context.Context, n notifier.News) error {
			_, err := a.tellNow(ctx, name, n)
			return err
		}})
	}
	if s.has(ChannelCalendar) {
		c.calendar.due = now
	}
	if !s.sends() {
		return nil
	}
	c.digest = a.metaTime(ctx, metaDigest)
	waiting, err := a.cfg.Vault.Waiting(ctx)
	if err != nil {
		return platform.As(err, platform.KindStorage)
	}
	for i, name := range senders {
		if s.has(name) {
			c.outlets[i].due = waiting[name].Next
			a.head.warn(name, a.result(ctx, name).Warning)
		}
	}
	return nil
}

const metaDigest = "mail_digest"

// woke is told of every turn: one that comes late follows a sleep.
func (c *channels) woke(now time.Time) {
	if !c.expected.IsZero() && now.Sub(c.expected) > oversleep {
		c.awake = now
	}
}

// turnChannels starts the workers of channels that have something to do.
func (a *Agent) turnChannels(now time.Time) {
	c := &a.channels
	if !c.tidy.IsZero() && !c.tidy.After(now) {
		c.tidy = time.Time{}
		if a.cfg.GiveBack != nil {
			a.task(func(context.Context) { a.cfg.GiveBack() })
		}
	}
	for i := range c.outlets {
		o := &c.outlets[i]
		if !o.ready(now) {
			continue
		}
		force := o.force
		o.due, o.force, o.busy = time.Time{}, false, true
		name := senders[i]
		a.task(func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, channelLimit)
			defer cancel()
			out := a.deliver(ctx, name, force)
			a.tell(func() { a.delivered(i, out) })
		})
	}
	a.turnCalendar(now)
}

// outcome is what a worker did.
type outcome struct {
	// next is when the channel has more to do; zero when nothing waits.
	next time.Time
	// digest: the day's mail went out.
	digest bool
	// result is what to tell of it; nil when nothing was tried.
	result *channelResult
}

// delivered takes in what a worker did.
func (a *Agent) delivered(i int, out outcome) {
	o := &a.channels.outlets[i]
	o.busy = false
	o.soonest(out.next)
	if out.digest {
		a.channels.digest = a.clock.now()
	}
	if out.result != nil {
		a.channels.tidy = a.clock.now().Add(tidyAfter)
	}
	if out.result != nil && a.settings.Load().has(senders[i]) {
		a.warn(senders[i], out.result.Warning)
	}
}

// kick has a channel try at once all that waits.
func (a *Agent) kick(channel string, at time.Time) {
	if i := slices.Index(senders, channel); i >= 0 && a.settings.Load().has(channel) {
		a.channels.outlets[i].force = true
		a.channels.outlets[i].soonest(at)
	}
}

// channelsSet follows a change of the settings.
func (a *Agent) channelsSet(old, s *Settings) {
	now := a.clock.now()
	for _, name := range senders {
		switch {
		case old.has(name) && !s.has(name):
			a.warn(name, "")
			a.channels.outlets[slices.Index(senders, name)].soonest(now) // to drop what waits
		case s.has(name) && !sameChannel(name, old, s):
			a.kick(name, now)
		}
	}
	if s.Calendar != old.Calendar {
		a.warn(ChannelCalendar, "")
		a.channels.calendar.due, a.channels.drawn = time.Time{}, false
		if s.has(ChannelCalendar) {
			a.channels.calendar.due = now
		}
	}
}

// dropAll drops what waits on a channel that was switched off.
func (a *Agent) dropAll(ctx context.Context, channel string) error {
	for {
		list, err := a.cfg.Vault.Parcels(ctx, channel, farFuture, parcelBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := a.cfg.Vault.DropParcels(ctx, idsOf(list)...); err != nil {
			return err
		}
	}
}

func sameChannel(name string, a, b *Settings) bool {
	switch name {
	case ChannelMail:
		x, y := a.Mail, b.Mail
		return x.Server == y.Server && x.Port == y.Port && x.Security == y.Security && x.User == y.User && x.From == y.From && slices.Equal(x.To, y.To) &&
			maps.EqualFunc(x.Labels, y.Labels, slices.Equal)
	case ChannelWebhook:
		return a.Webhook == b.Webhook
	case ChannelHook:
		return a.Hook == b.Hook
	}
	return true
}

// farFuture is after everything that is due.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// parcelBatch is how many parcels are read at once: more than 10,000 accounts
// with three recipients each make.
const parcelBatch = 40_000

func idsOf(list []Parcel) []int64 {
	out := make([]int64, len(list))
	for i, p := range list {
		out[i] = p.ID
	}
	return out
}

// retryAfter is how long to wait after the given number of tries, this one included.
func retryAfter(tries int, kind platform.Kind) time.Duration {
	first, most := firstRetry, lastRetry
	switch kind {
	case platform.KindLocked:
		return lockedRetry
	case platform.KindConfig, platform.KindNotFound, platform.KindUsage:
		first, most = slowRetry, slowest
	}
	return min(first<<min(max(tries-1, 0), 10), most)
}

// channelResult is how a channel last did, as the vault keeps it.
type channelResult struct {
	At time.Time `json:"at"`
	OK bool      `json:"ok"`
	// Text is the result in one line; of a failure Message is its first part and
	// Repair the last, what mends it.
	Text    string `json:"text"`
	Message string `json:"message,omitempty"`
	Repair  string `json:"repair,omitempty"`
	// Warning is what every view says until the channel works again; empty for nothing.
	Warning string `json:"warning,omitempty"`
}

func resultKey(channel string) string { return "channel_" + channel }

// result reads how a channel last did; zero when it never did anything.
func (a *Agent) result(ctx context.Context, channel string) channelResult {
	var r channelResult
	if s, err := a.cfg.Vault.GetMeta(ctx, resultKey(channel)); err == nil && s != "" {
		_ = json.Unmarshal([]byte(s), &r) // one that cannot be read is none
	}
	return r
}

// keepResult stores how a channel did.
func (a *Agent) keepResult(ctx context.Context, channel string, r channelResult) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	text, err := json.Marshal(r)
	if err == nil {
		err = a.cfg.Vault.SetMeta(ctx, resultKey(channel), string(text))
	}
	if err != nil {
		a.log.Warn("keep result", "channel", channel, "error", err)
	}
	if r.OK {
		a.log.Info("sent", "channel", channel)
	} else {
		a.log.Warn("not sent", "channel", channel, "error", r.Text)
	}
}

// channelFailed says that a channel does not work, and why.
func channelFailed(channel, why string) string {
	switch channel {
	case ChannelMail:
		return platform.T("Mail is not sent: %s", why)
	case ChannelWebhook:
		return platform.T("The webhook is not called: %s", why)
	case ChannelHook:
		return platform.T("The command hook does not work: %s", why)
	case ChannelCalendar:
		return platform.T("The calendar is not written: %s", why)
	}
	return why
}

// failure makes the result of something that did not work. tries is how often
// it was tried; what may pass by itself is not warned of at once.
func failure(channel string, err error, tries int, now time.Time) channelResult {
	e := platform.As(err, platform.KindRetry)
	r := channelResult{At: now, Text: e.Error(), Message: e.Message, Repair: e.Repair}
	if e.Kind != platform.KindLocked && (e.Kind != platform.KindRetry || tries >= patience) {
		r.Warning = channelFailed(channel, e.Error())
	}
	return r
}

func noChannel(name string) *platform.Error {
	return &platform.Error{Kind: platform.KindUsage, Message: platform.T("there is no channel %s", name), Repair: platform.T("name one of: %s", platform.Join(channelNames))}
}

func channelOff(name string) *platform.Error {
	return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the %s is not set up", name), Repair: platform.T("set it up: relink %s set", name)}
}

// SetSecret implements Service.
func (a *Agent) SetSecret(ctx context.Context, channel, secret string) error {
	if channel != ChannelMail && channel != ChannelWebhook {
		if !slices.Contains(channelNames, channel) {
			return noChannel(channel)
		}
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the %s has no secret", channel), Repair: platform.T("leave it out")}
	}
	if strings.ContainsAny(secret, "\r\n\x00") {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("the secret is more than one line"), Repair: platform.T("give one line")}
	}
	if err := a.cfg.Vault.SetSecret(ctx, channel, platform.NewSecret(secret)); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	return a.shown(ctx, func() {
		a.warn(channel, "")
		a.kick(channel, a.clock.now())
	})
}

// Channels implements Service.
func (a *Agent) Channels(ctx context.Context) ([]Channel, error) {
	secrets, err := a.cfg.Vault.Secrets(ctx)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	waiting, err := a.cfg.Vault.Waiting(ctx)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	s := a.settings.Load()
	out := make([]Channel, len(channelNames))
	for i, name := range channelNames {
		w, r := waiting[name], a.result(ctx, name)
		out[i] = Channel{
			Name: name, On: s.has(name), Where: a.where(name), Secret: slices.Contains(secrets, name), Waiting: w.Count, Since: w.Oldest,
			At: r.At, OK: r.OK, Text: r.Text, Message: r.Message, Repair: r.Repair,
		}
	}
	return out, nil
}

// TestChannel implements Service.
func (a *Agent) TestChannel(ctx context.Context, channel string) (string, error) {
	if channel == ChannelDesktop {
		return a.testDesktop(ctx)
	}
	if !slices.Contains(channelNames, channel) {
		return "", noChannel(channel)
	}
	if !a.settings.Load().has(channel) {
		return "", channelOff(channel)
	}
	var text string
	var err error
	if channel == ChannelCalendar {
		text, err = a.writeCalendar(ctx)
	} else {
		text, err = a.tellNow(ctx, channel, notifier.News{ID: newID(), Event: notifier.EventTest, At: a.clock.now()})
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	now := a.clock.now()
	r := channelResult{At: now, OK: true, Text: text}
	if err != nil {
		r = failure(channel, err, patience, now)
		if channel == ChannelHook { // what does not run on this computer is not out of reach
			e := *platform.As(err, platform.KindConfig)
			e.Kind, err = platform.KindConfig, &e
		}
	}
	a.keepResult(ctx, channel, r)
	a.tell(func() {
		a.warn(channel, r.Warning)
		if r.OK {
			a.kick(channel, a.clock.now())
		}
	})
	if err != nil {
		return "", platform.As(err, platform.KindRetry)
	}
	return text, nil
}

// channelFindings is what the doctor says of the channels. shown tells whether
// the desktop's notifications reach the person.
func (a *Agent) channelFindings(ctx context.Context, shown bool) []Finding {
	all, err := a.Channels(ctx)
	if err != nil {
		e := platform.As(err, platform.KindStorage)
		return []Finding{{Name: "mail", Level: LevelFail, Text: e.Message, Repair: e.Repair}}
	}
	var out []Finding
	for _, c := range all {
		switch {
		case !c.On && c.Name == ChannelMail && !shown:
			out = append(out, Finding{Name: c.Name, Level: LevelWarn, Text: platform.T("No notification appears here, and no mail is set up to take its place."), Repair: platform.T("set it up: relink mail set")})
		case !c.On:
		case c.At.IsZero():
			out = append(out, Finding{Name: c.Name, Level: LevelOK, Text: platform.T("It is set up for %s; nothing has been sent yet. Try it: relink %s test", c.Where, c.Name)})
		case c.OK:
			text := platform.T("It goes to %s; last %s: %s", c.Where, platform.When(c.At, a.clock.now()), c.Text)
			out = append(out, Finding{Name: c.Name, Level: LevelOK, Text: text})
		default:
			f := Finding{Name: c.Name, Level: LevelFail, Text: channelFailed(c.Name, or(c.Message, c.Text)), Repair: c.Repair}
			out = append(out, f)
		}
	}
	return out
}
