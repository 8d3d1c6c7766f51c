package agent

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"relink/notifier"
	"relink/platform"
)

// queue is an unbounded list that one goroutine empties: adding never blocks.
type queue[T any] struct {
	once sync.Once
	mu   sync.Mutex // guards list
	list []T
	bell chan struct{}
}

func (q *queue[T]) init() { q.once.Do(func() { q.bell = make(chan struct{}, 1) }) }

func (q *queue[T]) put(x T) {
	q.init()
	q.mu.Lock()
	q.list = append(q.list, x)
	q.mu.Unlock()
	select {
	case q.bell <- struct{}{}:
	default:
	}
}

func (q *queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.list
	q.list = nil
	return out
}

// run writes what is put in, in batches, until ctx ends. What is put in later is
// left to flush.
func (q *queue[T]) run(ctx context.Context, write func(context.Context, ...T) error, log *slog.Logger) {
	q.init()
	for {
		q.flush(write, log)
		select {
		case <-ctx.Done():
			return
		case <-q.bell:
		}
	}
}

// flush writes what is there.
func (q *queue[T]) flush(write func(context.Context, ...T) error, log *slog.Logger) {
	list := q.take()
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := write(ctx, list...); err != nil {
		log.Error("write history", "error", err)
	}
}

// outbox shows and withdraws notes in order, off the loop: a notification
// server may hang.
type outbox struct {
	queue[post]
	// summed are the IDs of the notes that the standing summary stands for, standing
	// what is on the screen, oldest first; only run touches them.
	summed   map[string]bool
	standing []notifier.Standing
}

type post struct {
	note notifier.Note
	// gone is the id of a note to take back, left of one that the person has taken away.
	gone, left string
}

func (o *outbox) send(n notifier.Note)    { o.put(post{note: n}) }
func (o *outbox) withdraw(id string)      { o.put(post{gone: id}) }
func (o *outbox) closed(id string)        { o.put(post{left: id}) }
func (o *outbox) deadline() time.Duration { return 15 * time.Second }

func (o *outbox) run(ctx context.Context, a *Agent) {
	o.init()
	for {
		for _, p := range o.take() {
			o.deliver(ctx, a, p)
		}
		select {
		case <-ctx.Done():
			return
		case <-o.bell:
		}
	}
}

func (o *outbox) deliver(ctx context.Context, a *Agent, p post) {
	tctx, cancel := context.WithTimeout(ctx, o.deadline())
	defer cancel()
	if p.left != "" {
		o.off(p.left)
		return
	}
	if p.gone != "" {
		o.off(p.gone)
		if err := a.sender.Withdraw(tctx, p.gone); err != nil {
			a.log.Warn("withdraw note", "note", p.gone, "error", err)
		}
		a.became(ChannelDesktop, p.gone, OutcomeWithdrawn, nil)
		a.became(ChannelPopup, p.gone, OutcomeWithdrawn, nil)
		o.leave(a, p.gone)
		return
	}
	now := a.clock.now()
	shown := notifier.Together(p.note, o.standing, now)
	err := a.sender.Send(tctx, shown)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.log.Warn("send note", "note", shown.ID, "error", err)
		a.said(ChannelDesktop, shown, OutcomeFailed, err)
	} else {
		a.said(ChannelDesktop, shown, OutcomeShown, nil)
		o.on(shown, now)
	}
	if shown.ID == p.note.ID {
		o.leave(a, p.note.ID)
	}
	if len(shown.Parts) > 0 {
		o.summed = map[string]bool{}
		for _, part := range shown.Parts {
			o.summed[part.ID] = true
		}
	}
	off := ""
	if err == nil && len(p.note.Buttons) > 0 {
		if can, err := a.sender.Abilities(tctx); err == nil {
			off = can.Off
		}
	}
	a.tell(func() {
		a.notifies(err)
		a.heldBack(off)
	})
	if err != nil || off != "" {
		a.mailNow(ctx, p.note)
	}
	// What the desktop cannot show the window does, but for good news.
	if (p.note.Popup || err != nil && len(p.note.Buttons) > 0) && a.cfg.OpenWindow != nil {
		page := "needs"
		if len(p.note.Accounts) == 1 {
			page = "popup:" + p.note.Accounts[0]
		}
		if err := a.show(ctx, Page{Name: page}); err != nil {
			a.log.Warn("open pop-up", "error", err)
			a.said(ChannelPopup, p.note, OutcomeFailed, err)
		} else {
			a.said(ChannelPopup, p.note, OutcomeShown, nil)
		}
	}
}

// on keeps that a note is on the screen, in the place of those it stands for.
func (o *outbox) on(n notifier.Note, now time.Time) {
	o.off(n.ID)
	if len(n.Parts) == 0 {
		o.standing = append(o.standing, notifier.Standing{Note: n, At: now})
	}
	for _, part := range n.Parts {
		o.off(part.ID)
		o.standing = append(o.standing, notifier.Standing{Note: part, At: now, Summed: true})
	}
}

// off keeps that a note is on the screen no more; a summary goes with all its parts.
func (o *outbox) off(id string) {
	o.standing = slices.DeleteFunc(o.standing, func(s notifier.Standing) bool {
		return s.Note.ID == id || s.Summed && id == notifier.SummaryID
	})
}

// mailNow has the mail of a note go at once: nothing else tells the person.
func (a *Agent) mailNow(ctx context.Context, n notifier.Note) {
	if !a.settings.Load().has(ChannelMail) {
		return
	}
	now := a.clock.now()
	list, err := a.cfg.Vault.Parcels(ctx, ChannelMail, farFuture, parcelBatch)
	list = slices.DeleteFunc(list, func(p Parcel) bool {
		return p.Tries > 0 || !p.Due.After(now) || !slices.Contains(n.Accounts, p.Account)
	})
	if err == nil && len(list) > 0 {
		err = a.cfg.Vault.PutOff(ctx, now, false, idsOf(list)...)
	}
	if err != nil {
		a.log.Warn("bring mail forward", "error", err)
		return
	}
	if len(list) > 0 {
		a.tell(func() { a.kick(ChannelMail, now) })
	}
}

// leave takes a note out of the standing summary; the summary goes with the last.
func (o *outbox) leave(a *Agent, id string) {
	if !o.summed[id] {
		return
	}
	if delete(o.summed, id); len(o.summed) == 0 {
		a.became(ChannelDesktop, notifier.SummaryID, OutcomeWithdrawn, nil)
		a.became(ChannelPopup, notifier.SummaryID, OutcomeWithdrawn, nil)
	}
}

// notifies says, once, when notifications do not reach the person.
func (a *Agent) notifies(err error) {
	if err == nil {
		a.warn("notifications", "")
		return
	}
	a.warn("notifications", platform.T("Notifications do not appear: %s", platform.As(err, platform.KindConfig).Error()))
}

// heldBack says when the desktop takes notifications and shows none; why is the sender's.
func (a *Agent) heldBack(why string) {
	if why != "" {
		why = platform.T("Reminders may not appear: %s", why)
	}
	a.warn("notifications off", why)
}

// journal writes history lines in batches, off the loop.
type journal struct{ queue[Event] }

func (j *journal) add(e Event) { j.put(e) }
