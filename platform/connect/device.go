package connect

import (
	"context"
	"time"

	"relink/platform"
)

// longestDevice is how long a device code is waited for at most, however long
// the platform would take it: nobody sits in front of it for longer.
const longestDevice = 30 * time.Minute

// askDevice gets a code for the person to type (RFC 8628, section 3.1).
func (a *Attempt) askDevice(ctx context.Context) error {
	d, err := a.req.Platform.StartDevice(ctx, a.call(), a.asked)
	if err != nil {
		return err
	}
	if d.Expires <= 0 || d.Expires > longestDevice {
		d.Expires = longestDevice
	}
	a.device, a.UserCode, a.URL = d, d.UserCode, a.cfg.Net.URL(d.URL)
	a.cfg.Limit, a.Deadline = d.Expires, a.cfg.Now().Add(d.Expires)
	return nil
}

// poll asks the platform until the person has typed the code (RFC 8628, section
// 3.5). A network that fails meanwhile only makes it ask less often.
func (a *Attempt) poll(ctx context.Context) (platform.Exchanged, error) {
	every := a.device.Interval
	for {
		timer := time.NewTimer(every)
		select {
		case <-timer.C:
		case <-a.ended:
			timer.Stop()
			return platform.Exchanged{}, a.over
		case <-ctx.Done():
			timer.Stop()
			a.Cancel()
			<-a.ended
			return platform.Exchanged{}, a.over
		}
		x, err := a.req.Platform.Poll(ctx, a.call(), a.device.Code)
		e := platform.As(err, platform.KindRetry)
		switch {
		case err == nil:
			a.mu.Lock()
			over := a.over
			if over == nil {
				a.timer.Stop()
				close(a.working)
			}
			a.mu.Unlock()
			return x, over
		case e.Code == "authorization_pending":
		case e.Code == "slow_down":
			every += 5 * time.Second
		case e.Kind == platform.KindRetry, e.Kind == platform.KindLimit:
			every = min(2*every, time.Minute)
		case e.Kind == platform.KindCancelled:
			return x, a.declined("access_denied")
		default:
			return x, e
		}
	}
}
