package window

import (
	"sync"
	"time"
)

// earlyWait is how long a window waits for what it is to show before it comes
// without; an agent that runs answers within a few milliseconds.
const earlyWait = 250 * time.Millisecond

// early keeps what is posted to the UI goroutine before Fyne's loop runs. A
// window is painted whole as it is shown; one that has its list by then is not
// painted a second time for it.
type early struct {
	bell chan struct{}

	mu    sync.Mutex // guards the rest
	posts []func()
	// then takes the posts once there is a loop for them; nil before.
	then func(func())
}

func newEarly() *early { return &early{bell: make(chan struct{}, 1)} }

// post hands f to the UI goroutine, in order.
func (e *early) post(f func()) {
	e.mu.Lock()
	then := e.then
	if then == nil {
		e.posts = append(e.posts, f)
	}
	e.mu.Unlock()
	if then != nil {
		then(f)
		return
	}
	select {
	case e.bell <- struct{}{}:
	default:
	}
}

// until runs what is posted until there is enough, but no longer than atMost,
// and not at all once there is a loop. The UI goroutine calls it.
func (e *early) until(enough func() bool, atMost time.Duration) {
	late := time.NewTimer(atMost)
	defer late.Stop()
	for e.run() {
		if enough() {
			return
		}
		select {
		case <-e.bell:
		case <-late.C:
			return
		}
	}
}

// run runs what is posted, and reports whether there is no loop for it yet.
func (e *early) run() bool {
	e.mu.Lock()
	posts, alone := e.posts, e.then == nil
	e.posts = nil
	e.mu.Unlock()
	for _, f := range posts {
		f()
	}
	return alone
}

// end hands what is left, and all that comes from now on, to the loop. What is
// handed over may run at once, as Fyne does before its loop has begun, and may post again.
func (e *early) end(then func(func())) {
	for {
		e.mu.Lock()
		posts := e.posts
		e.posts = nil
		if len(posts) == 0 {
			e.then = then
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
		for _, f := range posts {
			then(f)
		}
	}
}
