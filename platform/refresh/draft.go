package refresh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"

	"relink/platform"
)

// draft is a refresh that is under way, as it is noted beside the store: first
// that it is about to be asked, then what was answered, before anything is made
// of it. A process that is killed in between loses neither.
type draft struct {
	// Held is a fingerprint of the tokens that were there before. Whoever still
	// has them, the account that asked or one that shares them, is meant.
	Held string `json:"held"`
	// Answer is the token endpoint's, nil while there is none.
	Answer []byte `json:"answer,omitempty"`
	// Type is the answer's content type.
	Type string `json:"type,omitempty"`
}

// held is the fingerprint of a grant's tokens. Both count: a refresh token may stay the same.
func held(g platform.Grant) string {
	return platform.Fingerprint(platform.NewSecret(g.Tokens.Refresh.Reveal() + "\x00" + g.Tokens.Access.Reveal()))
}

// maxAnswer is the most of an answer that is noted; longer ones are refused by [platform.Net].
const maxAnswer = 1 << 20

// note writes the draft down.
func (r *Refresher) note(ctx context.Context, key string, d draft) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return r.store.Draft(ctx, key, raw)
}

// forget takes the draft away. One that cannot be is stale, and seen to be so.
func (r *Refresher) forget(ctx context.Context, key string) {
	if err := r.store.Draft(context.WithoutCancel(ctx), key, nil); err != nil {
		r.log.Warn("take a draft away", "error", err)
	}
}

// recall finishes what a killed process had begun: an answer that was noted is
// saved as if it had just come, for everybody who has the tokens it replaces. It
// gives the fingerprint of tokens whose use may have been answered without the
// answer having come; empty when there are none. The caller holds the lock.
func (r *Refresher) recall(ctx context.Context, key, account string) (lost string, err error) {
	raw, err := r.store.Drafted(ctx, key)
	if err != nil || raw == nil {
		return "", err
	}
	var d draft
	if read := json.Unmarshal(raw, &d) == nil; !read {
		r.forget(ctx, key)
		return "", nil
	}
	a, g, err := r.read(ctx, account)
	if err != nil {
		return "", err
	}
	grants := []platform.Grant{g}
	if p, err := platform.Lookup(a.Platform); err == nil && p.Shared {
		siblings, err := r.store.Siblings(ctx, account)
		if err != nil {
			return "", err
		}
		grants = append(grants, siblings...)
	}
	grants = slices.DeleteFunc(grants, func(g platform.Grant) bool { return held(g) != d.Held })
	switch {
	case len(grants) == 0: // it was saved, or replaced
		r.forget(ctx, key)
		return "", nil
	case d.Answer == nil:
		return d.Held, nil
	}
	if a, err = r.store.Account(ctx, grants[0].Account); err != nil {
		return "", err
	}
	p, c, err := r.call(ctx, a, grants[0])
	if err != nil {
		return "", err
	}
	c.Net = c.Net.Through(func(next http.RoundTripper) http.RoundTripper { return &replay{next: next, draft: d} })
	x, err := p.Refresh(ctx, c)
	if e := platform.As(err, platform.KindRetry); err != nil {
		if e.Kind == platform.KindRetry && e.Code != "no_token" && e.Code != "garbage" {
			return "", e // the answer may yet be of use
		}
		// It was no token: what was asked for may be done all the same.
		return d.Held, r.note(ctx, key, draft{Held: d.Held})
	}
	fresh := make([]platform.Grant, len(grants))
	for i, g := range grants {
		fresh[i] = next(p, g, x, c.Now)
	}
	if err := r.save(ctx, key, fresh); err != nil {
		return "", err
	}
	r.log.Info("token renewed from what an interrupted program had noted", "account", a.Ref(), "generation", fresh[0].Generation)
	return "", nil
}

// replay answers the first request with what was noted.
type replay struct {
	next  http.RoundTripper
	draft draft
	done  bool
}

func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.done {
		return p.next.RoundTrip(r)
	}
	p.done = true
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {p.draft.Type}}, Body: io.NopCloser(bytes.NewReader(p.draft.Answer)),
		ContentLength: int64(len(p.draft.Answer)), Request: r,
	}, nil
}

// recorder notes the first good answer before anybody sees it, and whether the
// platform can have got a request at all.
type recorder struct {
	next http.RoundTripper
	keep func(answer []byte, kind string) error
	// sent and answered are read once the refresh is over.
	sent, answered bool
}

func (w *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		var op *net.OpError
		var own *platform.Error
		w.sent = w.sent || !errors.As(err, &own) && !(errors.As(err, &op) && op.Op == "dial")
		return nil, err
	}
	w.sent = true
	if w.answered || resp.StatusCode != http.StatusOK {
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	rest := io.MultiReader(bytes.NewReader(body), resp.Body)
	if err != nil {
		rest = io.MultiReader(bytes.NewReader(body), failing{err})
	} else if len(body) <= maxAnswer {
		// A disk that has just filled up is told of when the grant is saved.
		w.answered = w.keep(body, resp.Header.Get("Content-Type")) == nil
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{rest, resp.Body}
	return resp, nil
}

// failing is a reader that gives an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// ask refreshes with every step noted. lost tells whether the answer to an
// earlier use of the same tokens may have been lost; that is known until there is a token.
func (r *Refresher) ask(ctx context.Context, key string, p *platform.Platform, c platform.Call, g platform.Grant, lost bool) (platform.Exchanged, error) {
	if g.Tokens.Refresh.IsZero() {
		return p.Extend(ctx, c) // the old token works on, whatever becomes of the answer
	}
	begun := draft{Held: held(g)}
	if err := r.note(ctx, key, begun); err != nil {
		// What cannot be noted could not be saved either: better not to ask.
		return platform.Exchanged{}, platform.As(err, platform.KindStorage)
	}
	w := &recorder{keep: func(answer []byte, kind string) error {
		return r.note(context.WithoutCancel(ctx), key, draft{Held: begun.Held, Answer: answer, Type: kind})
	}}
	c.Net = c.Net.Through(func(next http.RoundTripper) http.RoundTripper { w.next = next; return w })
	x, err := p.Refresh(ctx, c)
	switch {
	case err == nil:
	case !lost && (!w.sent || platform.KindOf(err) != platform.KindRetry):
		r.forget(ctx, key) // it said no, or was never asked
	case w.answered: // no token came of it
		if err := r.note(context.WithoutCancel(ctx), key, begun); err != nil {
			r.log.Warn("note a renewal", "error", err)
		}
	}
	return x, err
}
