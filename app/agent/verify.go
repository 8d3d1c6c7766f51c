package agent

import (
	"context"
	"sync"
	"time"

	"relink/platform"
)

// laneWidth is how many requests go to one platform or server at a time.
const laneWidth = 4

// lanes run jobs per platform and server, a few at a time each, so that one
// that hangs delays nobody else.
type lanes struct {
	mu    sync.Mutex // guards byKey
	byKey map[string]*lane
}

type lane struct {
	queue   []func(context.Context)
	running int
}

func (l *lanes) submit(a *Agent, key string, job func(context.Context)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey == nil {
		l.byKey = map[string]*lane{}
	}
	ln := l.byKey[key]
	if ln == nil {
		ln = &lane{}
		l.byKey[key] = ln
	}
	ln.queue = append(ln.queue, job)
	if ln.running >= laneWidth {
		return
	}
	ln.running++
	a.task(func(ctx context.Context) {
		for {
			l.mu.Lock()
			if len(ln.queue) == 0 || ctx.Err() != nil {
				ln.running--
				if ln.running == 0 {
					delete(l.byKey, key)
				}
				l.mu.Unlock()
				return
			}
			job := ln.queue[0]
			ln.queue = ln.queue[1:]
			l.mu.Unlock()
			job(ctx)
		}
	})
}

// firstVerify is when an account's platform is asked after a start or a new
// grant: when its turn comes, and never all at once.
func (a *Agent) firstVerify(e *entry, now time.Time) time.Time {
	if e.grant.Generation == 0 {
		return time.Time{}
	}
	last := e.grant.Verified
	if e.grant.Issued.After(last) {
		last = e.grant.Issued
	}
	at := a.nextVerify(e.account.Platform, last)
	if retry := e.grant.Fault.Retry(); !retry.IsZero() && retry.Before(at) {
		at = retry
	}
	if soonest := a.started().Add(time.Minute); at.Before(soonest) {
		at = soonest.Add(a.spread(10 * time.Minute))
	}
	return at
}

// spread is a random pause that keeps many accounts from asking at once: up to
// half a second for each account there is, at least up to least.
func (a *Agent) spread(least time.Duration) time.Duration {
	most := min(max(least, time.Duration(a.crowd)*time.Second/2), 12*time.Hour)
	return time.Duration(a.cfg.Rand.Int64N(int64(most) + 1))
}

// nextVerify is one interval after a time, give or take a tenth. A platform that
// wants to be asked more often is.
func (a *Agent) nextVerify(platformID string, last time.Time) time.Time {
	every := a.settings.Load().Verify
	if every <= 0 {
		every = 24 * time.Hour
	}
	if p, err := platform.Lookup(platformID); err == nil && p.VerifyEvery > 0 {
		every = min(every, p.VerifyEvery)
	}
	return last.Add(every - every/10 + time.Duration(a.cfg.Rand.Int64N(int64(every/5)+1)))
}

// askDue starts a worker for an entry whose platform is to be asked now.
func (a *Agent) askDue(e *entry, now time.Time) {
	if e.verifyAt.IsZero() || now.Before(e.verifyAt) {
		return
	}
	late := now.Sub(e.verifyAt) > time.Hour
	e.verifyAt = time.Time{}
	if e.busy { // it says when to ask next
		return
	}
	if late && a.crowd > 100 { // after sleep all are late together
		e.verifyAt = now.Add(a.spread(0))
		return
	}
	// A person is needed, and asking again would tell nothing new; or asking is
	// billed, and a renewal is the proof.
	p, err := platform.Lookup(e.account.Platform)
	if e.grant.Generation == 0 || e.status.State.NeedsPerson() || err != nil || p.Verify == nil && !e.grant.Refreshable {
		if !e.account.Keeper.IsZero() { // not every place says that its token was replaced
			e.verifyAt = a.nextVerify(e.account.Platform, now)
			a.lookAt(e.account.ID)
		}
		return
	}
	e.busy = true
	id := e.account.ID
	a.lanes.submit(a, e.account.Platform+" "+e.account.Server, func(ctx context.Context) {
		_, err := a.refresh.Verify(ctx, id)
		if ctx.Err() != nil {
			return
		}
		a.reload(ctx, id)
		a.tell(func() {
			if e := a.entries[id]; e != nil {
				e.busy = false
			}
			a.verified(id, err)
		})
	})
}

// verified takes in what a worker found when it asked the platform.
func (a *Agent) verified(id string, err error) {
	e := a.entries[id]
	if e == nil {
		return
	}
	a.dirty[id] = e
	now := a.clock.now()
	kind := platform.KindOf(err)
	if retry := e.grant.Fault.Retry(); err != nil && !retry.IsZero() && retry.After(now) {
		// It answered, and said no; once is not enough to believe.
		kind = platform.KindReconnect
	}
	asked := kind != platform.KindRetry && kind != platform.KindLocked && kind != platform.KindStorage
	if asked && (!e.unreachable.IsZero() || !e.failing.IsZero()) {
		if !e.unreachable.IsZero() {
			a.note(e, "reachable", platform.T("The platform answers again."))
		}
		e.failing, e.unreachable, e.tries = time.Time{}, time.Time{}, 0
	}
	switch kind {
	case "":
		e.verifyAt = a.nextVerify(e.account.Platform, now)
	case platform.KindRetry:
		e.tries++
		if e.failing.IsZero() {
			e.failing = now
		} else if e.unreachable.IsZero() {
			// Twice, apart: only now is it worth telling.
			e.unreachable = e.failing
			a.note(e, "unreachable", platform.As(err, kind).Message)
		}
		e.verifyAt = now.Add(min(30*time.Second<<min(e.tries-1, 10), time.Hour))
	case platform.KindLocked:
		e.lockedOut = true
		a.lockMet()
	case platform.KindReconnect, platform.KindRefresh:
		e.verifyAt = e.grant.Fault.Retry()
		if e.grant.Fault.Count <= 2 {
			a.note(e, "rejected", platform.As(err, kind).Message)
		}
	case platform.KindConfig:
		a.warn(appPart(e.account.Platform, e.account.Server), platform.As(err, kind).Error())
		e.verifyAt = a.nextVerify(e.account.Platform, now)
	default:
		e.verifyAt = a.nextVerify(e.account.Platform, now)
	}
	if kind == "" {
		a.warn(appPart(e.account.Platform, e.account.Server), "")
	}
}

// appPart names an app registration among the parts that are warned of.
func appPart(platformID, server string) string { return "app " + platformID + " " + server }

// note writes a line of history about an entry.
func (a *Agent) note(e *entry, kind, text string) {
	a.journal.add(Event{At: a.clock.now(), Account: e.account.ID, Ref: e.account.Ref(), Kind: kind, Text: text})
}
