package notifier

import "time"

// Later is a moment at which a person wants to hear of an account again.
type Later string

// The moments.
const (
	LaterHour Later = "hour"
	// LaterTomorrow is tomorrow at the reminder hour.
	LaterTomorrow Later = "tomorrow"
	// LaterPost is the reminder hour of the day before the first scheduled post
	// that the end would stop.
	LaterPost Later = "post"
)

// Until is the moment a choice means at now; false where there is none, as
// before a post that nobody has planned or that goes out too soon. first is
// [Subject.First].
func (l Later) Until(now time.Time, r Rules, first time.Time) (time.Time, bool) {
	loc := r.location()
	switch l {
	case LaterHour:
		return now.Add(time.Hour), true
	case LaterTomorrow:
		y, m, d := now.In(loc).Date()
		return time.Date(y, m, d+1, r.Hour, 0, 0, 0, loc), true
	case LaterPost:
		if first.IsZero() {
			return time.Time{}, false
		}
		y, m, d := first.In(loc).Date()
		at := time.Date(y, m, d-1, r.Hour, 0, 0, 0, loc)
		return at, at.After(now)
	}
	return time.Time{}, false
}
