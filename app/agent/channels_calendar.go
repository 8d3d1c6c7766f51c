package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"relink/app/atomicfile"
	"relink/notifier"
	"relink/platform"
)

// calendarWait gathers changes before the calendar is written.
const calendarWait = 5 * time.Second

// calendarPath is where the calendar is written; empty when it is not.
func (a *Agent) calendarPath(s *Settings) string {
	if s.Calendar == "on" {
		return filepath.Join(a.cfg.About.Data, "relink.ics")
	}
	return s.Calendar
}

// calendarChanged has the calendar written where rows that changed, or are
// gone, show in it. old is the snapshot before.
func (a *Agent) calendarChanged(old *Snapshot, changed []*Row, gone []string, now time.Time) {
	if !a.settings.Load().has(ChannelCalendar) {
		return
	}
	shows := len(gone) > 0
	for _, row := range changed {
		shows = shows || !sameEvent(old.Row(row.Account.ID), row)
	}
	if shows {
		a.channels.calendar.soonest(now.Add(calendarWait))
	}
}

// sameEvent reports whether two rows of an account look the same in a calendar.
func sameEvent(a, b *Row) bool {
	if a == nil {
		return !b.Status.Deadline.Ends()
	}
	x, y := a.Status.Deadline, b.Status.Deadline
	return x.At.Equal(y.At) && x.Kind == y.Kind && x.Source == y.Source && a.Status.State.NeedsPerson() == b.Status.State.NeedsPerson() &&
		a.Account.Alias == b.Account.Alias && a.Account.Title() == b.Account.Title()
}

func (a *Agent) turnCalendar(now time.Time) {
	o := &a.channels.calendar
	if !o.ready(now) {
		return
	}
	o.due, o.busy = time.Time{}, true
	a.task(func(ctx context.Context) {
		text, err := a.writeCalendar(ctx)
		if ctx.Err() != nil {
			return
		}
		r := channelResult{At: a.clock.now(), OK: true, Text: text}
		if err != nil {
			r = failure(ChannelCalendar, err, patience, r.At)
		}
		if was := a.result(ctx, ChannelCalendar); was.OK != r.OK || was.Text != r.Text {
			a.keepResult(ctx, ChannelCalendar, r)
		}
		a.tell(func() {
			a.channels.calendar.busy = false
			if err != nil {
				a.channels.calendar.soonest(r.At.Add(lastRetry))
			}
			if a.settings.Load().has(ChannelCalendar) {
				a.warn(ChannelCalendar, r.Warning)
			}
		})
	})
}

// Calendar implements Service.
func (a *Agent) Calendar(context.Context) (string, error) {
	text, _ := a.calendarText()
	return text, nil
}

func (a *Agent) calendarText() (text string, deadlines int) {
	snap := a.snap.Load()
	list := make([]notifier.News, 0, snap.Len())
	for row := range snap.All() {
		if row.Status.Deadline.Ends() {
			list = append(list, notifier.News{Account: row.Account, Status: row.Status})
		}
	}
	return notifier.Calendar(list, a.clock.now()), len(list)
}

// writeCalendar writes the calendar's file where it says something else than
// what is there, whole or not at all, and says in one line what it holds.
func (a *Agent) writeCalendar(context.Context) (string, error) {
	path := a.calendarPath(a.settings.Load())
	if path == "" {
		return "", channelOff(ChannelCalendar)
	}
	text, n := a.calendarText()
	done := platform.N(n, "%d deadline is in %s.", "%d deadlines are in %s.", path)
	if old, err := os.ReadFile(path); err == nil && notifier.SameCalendar(string(old), text) {
		return done, nil
	}
	mode := os.FileMode(0o600)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm() // a program that reads it has been let in
	}
	if err := atomicfile.Write(path, []byte(text), mode); err != nil {
		var at *os.PathError
		why := err.Error()
		if errors.As(err, &at) {
			why = at.Err.Error()
		}
		return "", &platform.Error{Kind: platform.KindConfig, Message: platform.T("cannot write %s: %s", path, why), Repair: platform.T("make its directory writable for you, or choose another place: relink calendar set PATH"), Err: err}
	}
	return done, nil
}
