package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func from(env map[string]string) func(string) string {
	return func(key string) string { return env[key] }
}

func TestFindPaths(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs unix paths")
	}
	got, err := Find(from(map[string]string{Home: "/srv/a", "XDG_RUNTIME_DIR": "/run/user/7", "XDG_CONFIG_HOME": "/elsewhere"}))
	want := Paths{Config: "/srv/a/config", Data: "/srv/a/data", State: "/srv/a/state", Cache: "/srv/a/cache", Socket: "/srv/a/run/agent.sock"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	env := map[string]string{"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/k", "XDG_RUNTIME_DIR": "/run/user/7"}
	got, err = Find(from(env))
	want = Paths{Config: "/c/relink", Data: "/d/relink", State: "/s/relink", Cache: "/k/relink", Socket: "/run/user/7/relink/agent.sock"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got.Settings() != "/c/relink/config.toml" || got.Log() != "/s/relink/relink.log" {
		t.Errorf("got %s, %s", got.Settings(), got.Log())
	}
	delete(env, "XDG_RUNTIME_DIR")
	if got, _ := Find(from(env)); got.Socket != "/s/relink/run/agent.sock" {
		t.Errorf("without a runtime directory: got %s", got.Socket)
	}
	env["XDG_CONFIG_HOME"] = "relative"
	if got, _ := Find(from(env)); !filepath.IsAbs(got.Config) || strings.Contains(got.Config, "relative") {
		t.Errorf("a relative base directory was taken: %s", got.Config)
	}
	if got, err := Find(from(map[string]string{Home: "here"})); err != nil || !filepath.IsAbs(got.Data) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLongHomeStillHasASocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs unix sockets")
	}
	long := "/" + strings.Repeat("x", 120)
	one, _ := Find(from(map[string]string{Home: long + "1"}))
	two, _ := Find(from(map[string]string{Home: long + "2"}))
	if len(one.Socket) > maxSocket || one.Socket == two.Socket || !strings.HasPrefix(one.Socket, "/tmp/relink-") {
		t.Errorf("got %s and %s", one.Socket, two.Socket)
	}
}

func TestPipeName(t *testing.T) {
	if got, want := pipe(`CORP\Jo Doe`, "00ff"), `\\.\pipe\relink-CORP_Jo_Doe-00ff`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMakeClosesDirectories(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs permission bits")
	}
	home := t.TempDir()
	p, err := Find(from(map[string]string{Home: home}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(p.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.Make(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{p.Config, p.Data, p.State, filepath.Dir(p.Socket)} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	write(t, filepath.Join(home, "file"), "")
	p.State = filepath.Join(home, "file", "state")
	if err := p.Make(); err == nil || !strings.Contains(err.Error(), Home) {
		t.Errorf("got %v", err)
	}
}
