package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"relink/platform"
)

func TestLogHoldsNoSecretOfAnyShape(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "relink.log")
	log, closer, err := Log(path, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	const plain = "plain-token-value"
	secret := platform.NewSecret(plain)
	tokens := platform.Tokens{Access: secret, Refresh: secret, Owner: secret}
	grant := platform.Grant{Account: "a", Tokens: tokens}
	app := platform.App{Platform: "facebook", Secret: secret}
	log.Info("x", "token", secret, "pointer", &secret, "tokens", tokens, "grant", grant, "grants", []platform.Grant{grant}, "app", &app,
		"map", map[string]platform.Secret{"a": secret}, "text", fmt.Sprintf("%v %+v %#v %s %q %x", secret, grant, tokens, secret, secret, secret),
		"error", errors.Join(fmt.Errorf("save %v", grant)), slog.Group("g", "inner", secret))
	log.With("token", secret).Warn("y")
	log.Debug("not this")
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	text := read(t, path)
	for _, leak := range []string{plain, fmt.Sprintf("%x", plain)} {
		if strings.Contains(text, leak) {
			t.Errorf("a secret is in the log:\n%s", text)
		}
	}
	if !strings.Contains(text, "token=[secret]") || !strings.Contains(text, "msg=y") || strings.Contains(text, "not this") {
		t.Errorf("got\n%s", text)
	}
}

func TestLogIsRotatedAndForTheUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relink.log")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	log, closer, err := Log(path, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 64<<10)
	for range logSize<<20/len(line) + 2 {
		log.Info(line)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "relink*.log"))
	if len(files) != 2 {
		t.Errorf("got %v, want the log and one before it", files)
	}
	for _, f := range files {
		if info, _ := os.Stat(f); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, info.Mode())
		}
	}
	_, _, err = Log(filepath.Join(path, "below", "a.log"), slog.LevelInfo)
	if platform.KindOf(err) != platform.KindStorage {
		t.Errorf("got %v", err)
	}
}
