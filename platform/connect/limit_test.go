package connect

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
)

// memory answers requests without a network, so that time can be simulated.
type memory struct{ http.Handler }

func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result(), nil
}

// offline starts an attempt in simulated time, at a door without a port.
func offline(t *testing.T, i *issuer) (*Attempt, *door) {
	t.Helper()
	r := i.request(t)
	r.NoListener = true
	a, err := Start(t.Context(), Config{Net: &platform.Net{Transport: memory{i.Config.Handler}}}, r)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{port: 27465, srv: &http.Server{}, guests: map[[sha256.Size]byte]*Attempt{}}
	doors.Lock()
	d.guests[sha256.Sum256([]byte(a.state))] = a
	a.door = d
	doors.Unlock()
	return a, d
}

func get(t *testing.T, d *door, address string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

func TestBrowserNeverComesBack(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a, d := offline(t, i)
		_, err := a.Wait(t.Context())
		e := wantKind(t, err, platform.KindTimeout)
		if e.Message != "the browser did not come back within 3 minutes" || !strings.Contains(e.Repair, "relink connect oidc --issuer ") {
			t.Errorf("got %q; %q", e.Message, e.Repair)
		}
		if took := time.Since(began); took != DefaultLimit {
			t.Errorf("ended after %v, want %v", took, DefaultLimit)
		}
		late := back(t, a, "code=the-code")
		if w := get(t, d, late); w.Code != http.StatusNotFound {
			t.Errorf("late callback: got status %d", w.Code)
		}
		wantKind(t, a.Paste(late), platform.KindUsage)
		if n := len(i.requests()); n != 0 {
			t.Errorf("%d token requests", n)
		}
	})
}

func TestCallbackInTheLastSecond(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		a, _ := offline(t, i)
		time.Sleep(DefaultLimit - time.Second)
		if err := a.Paste(back(t, a, "code=the-code")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // the limit passes while it is worked on
		if _, err := a.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPageIsNotHeldForEver(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		a, d := offline(t, i)
		began := time.Now()
		w := get(t, d, back(t, a, "code=the-code"))
		if took := time.Since(began); took != hold {
			t.Errorf("held for %v, want %v", took, hold)
		}
		if !strings.Contains(w.Body.String(), "Go back to Relink") {
			t.Errorf("page: %s", w.Body)
		}
		// The sign-in itself goes on.
		if _, err := a.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		a.Done(Outcome{})
		a.Done(Outcome{}) // a second time does not block
		synctest.Wait()
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		a, d := offline(t, i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := a.Wait(ctx)
		wantKind(t, err, platform.KindCancelled)
		if w := get(t, d, back(t, a, "code=the-code")); w.Code != http.StatusNotFound {
			t.Errorf("callback after the end: got status %d", w.Code)
		}
		synctest.Wait()
	})
}

func TestCancelWhileWorking(t *testing.T) {
	i := newIssuer(t)
	asked, let := make(chan struct{}), make(chan struct{})
	i.token = func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		select {
		case <-let:
		case <-r.Context().Done():
		}
	}
	defer close(let)
	a := start(t, Config{}, i.request(t))
	page := browse(back(t, a, "code=the-code"))
	failed := make(chan error, 1)
	go func() { _, err := a.Wait(t.Context()); failed <- err }()
	<-asked
	a.Cancel()
	wantKind(t, <-failed, platform.KindCancelled)
	if got := <-page; !strings.Contains(got.body, "cancelled") {
		t.Errorf("page: %s", got.body)
	}
}
