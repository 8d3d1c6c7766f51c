package keeper

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/platform"
)

type ring map[string]string

func (r ring) Get(_ context.Context, service, user string) (string, error) {
	if v, ok := r[service+"/"+user]; ok {
		return v, nil
	}
	return "", errors.New("locked")
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := write("env", "# tokens\nOTHER=x\nexport A=\"tok-\\u0061\"\nB='tok-b' # old\nC=tok-c # new\nC=tok-c2\nEMPTY=\nSPACED=a b\n")
	doc := write("doc", `{"access_token":"tok-doc","expiry":"2027-01-02T03:04:05Z","acme":{"token":"tok-acme","expires_at":1798765432},"list":["x",{"a/b":"tok-list"}],"n":1}`)
	plain := write("plain", `"tok-plain"`)
	broken := write("broken", `{"access_token":"tok-broken"`)
	big := write("big", strings.Repeat(" ", maxFile+1))
	empty := write("empty", "\n")
	keys := ring{"poster/acme": "tok-ring\n", "poster/doc": `{"access_token":"tok-ring2"}`}
	for source, want := range map[string]struct {
		token string
		until string
		fails string
	}{
		"env:" + env + "#A":                {token: "tok-a"},
		"env:" + env + "#B":                {token: "tok-b"},
		"env:" + env + "#C":                {token: "tok-c2"},
		"env:" + env + "#D":                {fails: "there is no D in"},
		"env:" + env + "#EMPTY":            {fails: "there is no token in"},
		"env:" + env + "#SPACED":           {fails: "there is no token in"},
		"env:" + dir + "/none#A":           {fails: "is not there"},
		"env:" + dir + "#A":                {fails: "cannot be read"},
		"env:" + big + "#A":                {fails: "cannot be read"},
		"json:" + doc:                      {token: "tok-doc", until: "2027-01-02T03:04:05Z"},
		"json:" + doc + "#/acme":           {token: "tok-acme", until: "2027-01-01T01:03:52Z"},
		"json:" + doc + "#/acme/token":     {token: "tok-acme"},
		"json:" + doc + "#/list/1/a~1b":    {token: "tok-list"},
		"json:" + doc + "#/list/7":         {fails: "there is nothing at /list/7"},
		"json:" + doc + "#/n":              {fails: "there is no token at /n"},
		"json:" + doc + "#/access_token/x": {fails: "there is nothing at"},
		"json:" + plain:                    {token: "tok-plain"},
		"json:" + empty:                    {fails: "empty is empty; let the program"},
		"env:" + empty + "#A":              {fails: "empty is empty; let the program"},
		"json:" + broken:                   {fails: "is not JSON"},
		"keyring:poster/acme":              {token: "tok-ring"},
		"keyring:poster/doc":               {token: "tok-ring2"},
		"keyring:poster/none":              {fails: "the keyring does not give"},
	} {
		t.Run(source, func(t *testing.T) {
			k, err := platform.ParseKeeper(source)
			if err != nil {
				t.Fatal(err)
			}
			if k.String() != source {
				t.Errorf("written back as %q", k)
			}
			got, err := Read(t.Context(), keys, k)
			if want.fails != "" {
				if platform.KindOf(err) != platform.KindRetry || !strings.Contains(err.Error(), want.fails) || platform.As(err, "").Repair == "" {
					t.Errorf("got %v (%s), want %q", err, platform.KindOf(err), want.fails)
				}
				if strings.Contains(err.Error(), "tok-") {
					t.Errorf("a token in an error: %v", err)
				}
				return
			}
			if err != nil || got.Access.Reveal() != want.token {
				t.Errorf("got %q, %v; want %q", got.Access.Reveal(), err, want.token)
			}
			until := ""
			if !got.ExpiresAt.IsZero() {
				until = got.ExpiresAt.UTC().Format(time.RFC3339)
			}
			if until != want.until {
				t.Errorf("until %q, want %q", until, want.until)
			}
		})
	}
	if _, err := Read(t.Context(), nil, platform.Keeper{Kind: platform.KeeperKeyring, Path: "a", Key: "b"}); platform.KindOf(err) != platform.KindRetry {
		t.Errorf("no keyring: %v", err)
	}
}

// Files are seen to change however they are written, once a change is over, and only those watched.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tokens.env")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(path, "A=1")
	changes := make(chan string, 16)
	w := New(nil, func(path string) { changes <- path })
	defer func() { _ = w.Close() }()
	k := platform.Keeper{Kind: platform.KeeperEnv, Path: path, Key: "A"}
	if err := w.Watch([]platform.Keeper{k, {Kind: platform.KeeperKeyring, Path: "s", Key: "u"}}); err != nil {
		t.Fatal(err)
	}
	once := func(what string) {
		t.Helper()
		select {
		case got := <-changes:
			if got != path {
				t.Errorf("%s: got %q", what, got)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: not seen", what)
		}
		select {
		case <-changes:
			t.Errorf("%s: seen twice", what)
		case <-time.After(2 * calm):
		}
	}
	put(path, "A=2")
	put(path, "A=3")
	once("written in two steps")
	put(filepath.Join(dir, "new"), "A=4")
	if err := os.Rename(filepath.Join(dir, "new"), path); err != nil {
		t.Fatal(err)
	}
	once("replaced by another file")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	once("removed")
	put(path, "A=5")
	once("back again")
	put(filepath.Join(dir, "other"), "B=1")

	// A link's target, and a directory that was made anew, once it is asked for again.
	far := filepath.Join(t.TempDir(), "far")
	if err := os.Mkdir(far, 0o700); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(far, "real"), "A=1")
	real := path
	path = filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(far, "real"), path); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	k.Path = path
	again := func() {
		t.Helper()
		if err := w.Watch([]platform.Keeper{k}); err != nil {
			t.Fatal(err)
		}
	}
	again()
	put(filepath.Join(far, "real"), "A=2")
	once("written through a link")
	if err := os.RemoveAll(far); err != nil {
		t.Fatal(err)
	}
	once("removed with its directory")
	if err := os.Mkdir(far, 0o700); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(far, "real"), "A=3")
	again()
	put(filepath.Join(far, "real"), "A=4")
	once("in a directory made anew")
	path = real
	if err := w.Watch(nil); err != nil {
		t.Fatal(err)
	}
	put(path, "A=6")
	select {
	case got := <-changes:
		t.Errorf("nobody watches, and %q is said to have changed", got)
	case <-time.After(3 * calm):
	}
	if w.fs != nil {
		t.Error("it goes on watching nothing")
	}
	if err := w.Watch([]platform.Keeper{{Kind: platform.KeeperJSON, Path: filepath.Join(dir, "none", "x.json")}}); err == nil {
		t.Error("a directory that is not there can be watched")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("A=tok", "A")
	f.Add("export A='tok' # x", "A")
	f.Add(`{"a":[{"access_token":"tok","expires_at":1}]}`, "/a/0")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, key string) {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, k := range []platform.Keeper{{Kind: platform.KeeperEnv, Path: path, Key: key}, {Kind: platform.KeeperJSON, Path: path, Key: key}} {
			if k.Kind == platform.KeeperJSON && key != "" && !strings.HasPrefix(key, "/") {
				continue // ParseKeeper lets none through
			}
			got, err := Read(t.Context(), nil, k)
			if (err == nil) == got.Access.IsZero() || err != nil && platform.KindOf(err) != platform.KindRetry {
				t.Errorf("token %v, error %v", !got.Access.IsZero(), err)
			}
		}
	})
}
