// Package config says where Relink's files are, keeps the settings a person may
// edit (config.toml), and opens the log.
package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/adrg/xdg"

	"relink/platform"
)

// Home is the environment variable that moves everything under one directory:
// tests, portable use, several profiles.
const Home = "RELINK_HOME"

// maxSocket is the longest path a unix socket can have everywhere: 104 bytes
// with its end on macOS and the BSDs.
const maxSocket = 103

// Paths are the directories in use, and the agent's address.
type Paths struct {
	// Config holds config.toml, Data the vault, State the log, Cache what can be
	// had again (pictures).
	Config, Data, State, Cache string
	// Socket is a unix socket's path, or a named pipe's on Windows.
	Socket string
}

// Settings is the settings file.
func (p Paths) Settings() string { return filepath.Join(p.Config, "config.toml") }

// Log is the log file.
func (p Paths) Log() string { return filepath.Join(p.State, "relink.log") }

// Find says where everything is, by the environment that env reads. It makes nothing.
func Find(env func(string) string) (Paths, error) {
	var p Paths
	run := ""
	if home := env(Home); home != "" {
		abs, err := filepath.Abs(home)
		if err != nil {
			return Paths{}, &platform.Error{Kind: platform.KindConfig, Message: platform.T("%s cannot be used: %s", Home, err.Error()), Repair: platform.T("set it to a directory's full path"), Err: err}
		}
		p = Paths{Config: filepath.Join(abs, "config"), Data: filepath.Join(abs, "data"), State: filepath.Join(abs, "state"), Cache: filepath.Join(abs, "cache")}
		run = filepath.Join(abs, "run")
	} else {
		p = Paths{
			Config: filepath.Join(base(env, "XDG_CONFIG_HOME", xdg.ConfigHome), "relink"),
			Data:   filepath.Join(base(env, "XDG_DATA_HOME", xdg.DataHome), "relink"),
			State:  filepath.Join(base(env, "XDG_STATE_HOME", xdg.StateHome), "relink"),
			Cache:  filepath.Join(base(env, "XDG_CACHE_HOME", xdg.CacheHome), "relink"),
		}
		run = filepath.Join(p.State, "run")
		if dir := env("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
			run = filepath.Join(dir, "relink")
		}
	}
	p.Socket = socket(env, run, p.Data)
	return p, nil
}

// base gives a base directory; the specification has relative ones ignored.
func base(env func(string) string, key, usual string) string {
	if dir := env(key); filepath.IsAbs(dir) {
		return dir
	}
	return usual
}

// socket names the agent's address: in run, unless the path would be too long for one.
func socket(env func(string) string, run, data string) string {
	sum := sha256.Sum256([]byte(data))
	hash := hex.EncodeToString(sum[:6])
	if runtime.GOOS == "windows" {
		return pipe(env("USERNAME"), hash)
	}
	if path := filepath.Join(run, "agent.sock"); len(path) <= maxSocket {
		return path
	}
	return filepath.Join("/tmp", fmt.Sprintf("relink-%d-%s", os.Getuid(), hash), "agent.sock")
}

func pipe(user, hash string) string {
	user = strings.Map(func(r rune) rune {
		if r == '\\' || r == '/' || r <= ' ' {
			return '_'
		}
		return r
	}, user)
	return `\\.\pipe\relink-` + user + "-" + hash
}

// Make makes the directories, for the user alone.
func (p Paths) Make() error {
	dirs := []string{p.Config, p.Data, p.State}
	if runtime.GOOS != "windows" {
		dirs = append(dirs, filepath.Dir(p.Socket))
	}
	for _, dir := range dirs {
		err := os.MkdirAll(dir, 0o700)
		if err == nil && runtime.GOOS != "windows" {
			err = os.Chmod(dir, 0o700) // one that was there may be open to others, or not be ours
		}
		if err != nil {
			return &platform.Error{Kind: platform.KindStorage, Message: platform.T("cannot make the directory %s: %s", dir, reason(err)), Repair: platform.T("make it writable for you, or set %s to a directory that is", Home), Err: err}
		}
	}
	return nil
}

// reason is an error without the path it repeats.
func reason(err error) string {
	if p, ok := err.(*os.PathError); ok { //nolint:errorlint // only the error itself
		return p.Err.Error()
	}
	return err.Error()
}
