package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"relink/app/atomicfile"
	"relink/platform"
)

const (
	// pictureMost is the largest picture taken, in bytes.
	pictureMost = 256 << 10
	// pictureFresh is how long a picture is kept before it is fetched anew;
	// the old one is shown meanwhile.
	pictureFresh = 30 * 24 * time.Hour
	// pictureAgain is how long after a failure a picture is asked for again.
	pictureAgain = 6 * time.Hour
	// pictureWait is how long one fetch may take.
	pictureWait = 20 * time.Second
	// picturesAtOnce bounds the fetches that run.
	picturesAtOnce = 2
	// pictureHops bounds the redirects followed.
	pictureHops = 2
)

// avatars fetches the accounts' pictures and keeps them in a directory, a file
// each. A picture's address comes from a platform and is told to nobody else:
// the request has no token and no cookie, goes to https only (or the practice
// network) and what comes back is data that is never looked into here.
type avatars struct {
	dir string
	net platform.Net

	mu sync.Mutex // guards the rest
	// running are the fetches under way, failed when one last came to nothing, by file name.
	running map[string]chan struct{}
	failed  map[string]time.Time
	slots   chan struct{}
}

func noPicture() *platform.Error {
	return &platform.Error{Kind: platform.KindNotFound, Message: platform.T("there is no picture of this account"), Repair: platform.T("nothing to do: its initials stand for it")}
}

// Avatar implements Service.
func (a *Agent) Avatar(ctx context.Context, account string) ([]byte, error) {
	acc, err := a.find(account)
	if err != nil {
		return nil, err
	}
	if acc.Avatar == "" || a.avatars.dir == "" {
		return nil, noPicture()
	}
	name := pictureOwner(acc.ID) + pictureHash(acc.Avatar)
	data, old := a.avatars.read(name)
	if data != nil && !old {
		return data, nil
	}
	done := a.avatars.begin(name)
	if done == nil { // it failed lately
		if data == nil {
			data = a.avatars.former(acc.ID)
		}
		return orNone(data)
	}
	if done.mine {
		// Another fetch may have ended between the look and the turn.
		if data, old := a.avatars.read(name); data != nil && !old {
			a.avatars.end(name, nil)
			return data, nil
		}
		a.task(func(ctx context.Context) {
			err := a.avatars.fetch(ctx, acc, name)
			if err != nil {
				a.log.Debug("fetch picture", "account", acc.Ref(), "error", err)
			}
			a.avatars.end(name, err)
		})
	}
	if data != nil {
		return data, nil
	}
	select {
	case <-done.ch:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-a.done:
		return nil, gone()
	}
	if data, _ = a.avatars.read(name); data == nil {
		data = a.avatars.former(acc.ID)
	}
	return orNone(data)
}

func orNone(data []byte) ([]byte, error) {
	if data == nil {
		return nil, noPicture()
	}
	return data, nil
}

// pictureOwner begins the name of every picture of an account. Ids and
// addresses are hashed: neither is fit for a file name.
func pictureOwner(id string) string { return pictureHash(id) + "-" }

func pictureHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}

// read gives a picture that is kept, nil when there is none; old when it should be fetched anew.
func (p *avatars) read(name string) (data []byte, old bool) {
	path := filepath.Join(p.dir, name)
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || st.Size() == 0 || st.Size() > pictureMost {
		return nil, false
	}
	if data, err = os.ReadFile(path); err != nil {
		return nil, false
	}
	return data, time.Since(st.ModTime()) > pictureFresh
}

// former gives an account's picture from an address it had before: platforms
// sign their addresses anew at every sign-in.
func (p *avatars) former(id string) []byte {
	for _, name := range p.all(id) {
		if data, _ := p.read(name); data != nil {
			return data
		}
	}
	return nil
}

// all lists the pictures kept of an account.
func (p *avatars) all(id string) []string {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), pictureOwner(id)) {
			out = append(out, e.Name())
		}
	}
	return out
}

// drop removes an account's pictures.
func (p *avatars) drop(id string) {
	if p.dir == "" {
		return
	}
	for _, name := range p.all(id) {
		_ = os.Remove(filepath.Join(p.dir, name))
	}
}

// fetching is a fetch under way; mine when the caller is to carry it out.
type fetching struct {
	ch   chan struct{}
	mine bool
}

// begin joins the fetch of a picture, or starts one; nil when it failed lately.
func (p *avatars) begin(name string) *fetching {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ch := p.running[name]; ch != nil {
		return &fetching{ch: ch}
	}
	if at, ok := p.failed[name]; ok && time.Since(at) < pictureAgain {
		return nil
	}
	if p.running == nil {
		p.running, p.failed, p.slots = map[string]chan struct{}{}, map[string]time.Time{}, make(chan struct{}, picturesAtOnce)
	}
	ch := make(chan struct{})
	p.running[name] = ch
	return &fetching{ch, true}
}

func (p *avatars) end(name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.failed, name)
	if err != nil {
		p.failed[name] = time.Now()
	}
	close(p.running[name])
	delete(p.running, name)
}

var (
	errNoPicture  = errors.New("the answer is no picture of at most 256 KB")
	errNotSecure  = errors.New("the address is not an https one")
	errManyHops   = errors.New("the address leads on too often")
	pictureTypes  = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}
	pictureAccept = strings.Join(pictureTypes, ", ")
)

// fetch gets a picture and keeps it, in place of the account's others.
func (p *avatars) fetch(ctx context.Context, acc platform.Account, name string) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, pictureWait)
	defer cancel()
	data, err := p.get(ctx, acc.Avatar, pictureHops)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	former := p.all(acc.ID)
	if err := atomicfile.Write(filepath.Join(p.dir, name), data, 0o600); err != nil {
		return err
	}
	for _, other := range former {
		if other != name {
			_ = os.Remove(filepath.Join(p.dir, other))
		}
	}
	return nil
}

// get follows a picture's address.
func (p *avatars) get(ctx context.Context, address string, hops int) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errNotSecure
	}
	if u.Scheme != "https" && (p.net.Sandbox == "" || !strings.HasPrefix(address, strings.TrimSuffix(p.net.Sandbox, "/")+"/")) {
		return nil, errNotSecure
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errNotSecure
	}
	r.Header.Set("Accept", pictureAccept)
	resp, err := p.net.HTTP().Do(r)
	if err != nil {
		return nil, platform.Unreachable("the picture's host", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		next, err := u.Parse(to)
		switch {
		case err != nil:
			return nil, errNotSecure
		case hops == 0:
			return nil, errManyHops
		}
		return p.get(ctx, next.String(), hops-1)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errNoPicture
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, pictureMost+1))
	if err != nil {
		return nil, platform.Unreachable("the picture's host", err)
	}
	if len(data) > pictureMost || !slices.Contains(pictureTypes, http.DetectContentType(data)) {
		return nil, errNoPicture
	}
	return data, nil
}
