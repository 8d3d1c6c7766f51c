package agent

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"relink/platform"
)

func pngOf(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gallery is an agent whose one account has its picture at a host that serves what the test says.
func gallery(t *testing.T, serve http.HandlerFunc, avatar func(origin string) string) (*Agent, *memVault, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Error("the picture's host was sent more than a plain request")
		}
		serve(w, r)
	}))
	t.Cleanup(srv.Close)
	v := newMemVault()
	v.accounts["a1"] = platform.Account{ID: "a1", Platform: "linkedin", ProviderID: "1", Alias: "acme", Avatar: avatar(srv.URL)}
	a, err := New(t.Context(), Config{Vault: v, Settings: testSettings(), Net: &platform.Net{Sandbox: srv.URL}, Pictures: t.TempDir() + "/pictures"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = a.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return a, v, &asked
}

func TestAvatar(t *testing.T) {
	picture := pngOf(t, 8)
	big := append(slices.Clone(picture), make([]byte, pictureMost)...)
	give := func(data []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
	}
	at := func(path string) func(string) string { return func(origin string) string { return origin + path } }
	for name, tt := range map[string]struct {
		serve  http.HandlerFunc
		avatar func(string) string
		want   []byte
		asked  int32
	}{
		"a picture":           {give(picture), at("/me.png"), picture, 1},
		"a platform's https":  {give(picture), func(string) string { return "https://pictures.example/me.png" }, picture, 1},
		"no address":          {give(picture), func(string) string { return "" }, nil, 0},
		"plain http":          {give(picture), func(string) string { return "http://127.0.0.1:1/me.png" }, nil, 0},
		"a file":              {give(picture), func(string) string { return "file:///etc/passwd" }, nil, 0},
		"a name in it":        {give(picture), func(string) string { return "https://user:pw@pictures.example/me.png" }, nil, 0},
		"too large":           {give(big), at("/me.png"), nil, 1},
		"a page":              {give([]byte("<html><script>")), at("/me.png"), nil, 1},
		"svg, which can hold": {give([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)), at("/me.svg"), nil, 1},
		"not there":           {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, at("/me.png"), nil, 1},
		"moved": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/old.png" {
				http.Redirect(w, r, "/me.png", http.StatusFound)
				return
			}
			_, _ = w.Write(picture)
		}, at("/old.png"), picture, 2},
		"moved to plain http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/me.png", http.StatusFound)
		}, at("/old.png"), nil, 1},
		"moved for ever": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again.png", http.StatusFound)
		}, at("/old.png"), nil, 1 + pictureHops},
	} {
		t.Run(name, func(t *testing.T) {
			a, _, asked := gallery(t, tt.serve, tt.avatar)
			var all sync.WaitGroup
			for range 5 { // at once: one fetch
				all.Go(func() {
					got, err := a.Avatar(t.Context(), "linkedin/acme")
					if !bytes.Equal(got, tt.want) {
						t.Errorf("got %d bytes, want %d (%v)", len(got), len(tt.want), err)
					}
					if tt.want == nil && platform.KindOf(err) != platform.KindNotFound {
						t.Errorf("error %v, want not_found", err)
					}
				})
			}
			all.Wait()
			// Again: from the disk, or not at all so soon after a failure.
			if got, _ := a.Avatar(t.Context(), "a1"); !bytes.Equal(got, tt.want) {
				t.Errorf("the second time: %d bytes, want %d", len(got), len(tt.want))
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("the host was asked %d times, want %d", n, tt.asked)
			}
		})
	}
}

// A new address that gives nothing leaves the picture there was; one that does
// replaces it; forgetting the account removes it.
func TestAvatarChanges(t *testing.T) {
	one, two := pngOf(t, 8), pngOf(t, 16)
	a, _, _ := gallery(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/1":
			_, _ = w.Write(one)
		case "/2":
			_, _ = w.Write(two)
		default:
			http.NotFound(w, r)
		}
	}, func(origin string) string { return origin + "/1" })
	want := func(what string, data []byte, files int) {
		t.Helper()
		got, err := a.Avatar(t.Context(), "a1")
		if !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, want %d (%v)", what, len(got), len(data), err)
		}
		entries, _ := os.ReadDir(a.avatars.dir)
		if len(entries) != files {
			t.Errorf("%s: %d files kept, want %d", what, len(entries), files)
		}
	}
	moved := func(path string) {
		t.Helper()
		if _, err := a.update(t.Context(), "a1", func(acc *platform.Account) {
			acc.Avatar = acc.Avatar[:strings.LastIndex(acc.Avatar, "/")] + path
		}); err != nil {
			t.Fatal(err)
		}
	}
	want("first", one, 1)
	moved("/gone")
	want("its new address gives nothing", one, 1)
	moved("/2")
	want("its new address gives another", two, 1)
	if err := a.Forget(t.Context(), "a1", false); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(a.avatars.dir); len(entries) != 0 {
		t.Errorf("%d pictures are left of a forgotten account", len(entries))
	}
}

func TestLabel(t *testing.T) {
	a, v, _ := gallery(t, http.NotFound, func(string) string { return "" })
	long := strings.Repeat("x", labelLongest+1)
	many := make([]string, labelsMost+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, tt := range []struct {
		give, want []string
		bad        bool
	}{
		{give: []string{" Client\tA ", "client a", "", "paid\u202e", "日本"}, want: []string{"Client A", "paid", "日本"}},
		{give: []string{long}, bad: true},
		{give: many, bad: true},
		{give: nil, want: nil},
	} {
		err := a.Label(t.Context(), "linkedin/acme", tt.give)
		if tt.bad {
			if platform.KindOf(err) != platform.KindUsage {
				t.Errorf("Label(%q) = %v, want a usage error", tt.give, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := v.accounts["a1"].Labels; !slices.Equal(got, tt.want) {
			t.Errorf("Label(%q) stored %q, want %q", tt.give, got, tt.want)
		}
	}
	if err := a.Label(t.Context(), "nobody", []string{"x"}); platform.KindOf(err) != platform.KindNotFound {
		t.Errorf("Label of nobody = %v", err)
	}
}
