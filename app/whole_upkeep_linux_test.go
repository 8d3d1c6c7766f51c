package app_test

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// upkeep tries out what the settings offer to test, judges programs, and takes
// everything away and back: with a real keyring and a real notification server.
func upkeep(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true, Notifier: desk.Xfce})
	s.startAgent("--no-tray")
	s.register("linkedin")
	s.connect(sandbox.Choice{}, "linkedin")
	acc := s.account("linkedin").Ref

	if r := s.want(0, "test", "keyring"); !strings.Contains(r.out, "Secret Service") {
		t.Errorf("the keyring: %s", r.out)
	}
	if r := s.want(0, "test", "notification"); !strings.Contains(r.out, "took the notification.") {
		t.Errorf("the notification: %s", r.out)
	}
	browser := filepath.Join(s.d.Dir(), "browser")
	asks := `#!/bin/bash
rest=${1#http://}; host=${rest%%/*}
exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
printf 'GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n' "${rest#*/}" "$host" >&3
cat <&3 >/dev/null
`
	if err := writeProgram(browser, []byte(asks)); err != nil {
		t.Fatal(err)
	}
	s.want(0, "settings", "set", "browser", browser)
	if r := s.run("test", "browser"); r.code != 0 || !strings.HasPrefix(r.out, "The browser opened the test page after ") {
		t.Errorf("the browser: %d, %s %s", r.code, r.out, r.err)
	}
	s.want(0, "settings", "set", "browser", "/does/not/exist")
	oneLine(t, s.want(1, "test", "browser").err)

	// Programs: this test itself is the one that asks.
	s.want(0, "token", acc)
	var programs []struct{ Name, Rule string }
	s.eventually(5*time.Second, "the program to be listed", func() bool {
		return json.Unmarshal([]byte(s.want(0, "programs", "--json").out), &programs) == nil && len(programs) == 1
	})
	s.want(0, "settings", "set", "confirm", "on")
	oneLine(t, s.want(3, "token", acc).err)
	s.want(0, "programs", "allow", programs[0].Name)
	s.want(0, "token", acc)
	s.want(0, "programs", "deny", programs[0].Name)
	s.want(3, "token", acc)
	s.want(0, "programs", "forget", programs[0].Name)
	s.want(0, "settings", "set", "confirm", "off")
	s.want(0, "token", acc)

	s.want(0, "lock")
	s.want(4, "token", acc)
	s.want(0, "unlock")
	s.want(0, "token", acc)

	archive := filepath.Join(s.d.Dir(), "b.age")
	if r := s.runWith("for the archive\n", "backup", archive); r.code != 0 {
		t.Fatalf("backup: %s", r.err)
	}
	if r := s.runWith("for the archive\n", "restore", archive, "--show"); r.code != 0 || !strings.Contains(r.out, "1 account\n1 app registration") {
		t.Errorf("look into it: %d, %s %s", r.code, r.out, r.err)
	}
	s.want(0, "rename", acc, "another")
	if r := s.runWith("for the archive\n", "restore", archive, "--replace"); r.code != 0 || !strings.Contains(r.out, "is kept as") {
		t.Fatalf("restore: %d, %s %s", r.code, r.out, r.err)
	}
	// The agent is there again, and so is what was in the backup.
	if r := s.want(0, "token", acc, "--no-start"); r.out == "" {
		t.Error("no token after the restore")
	}

	if r := s.runWith("no\n", "delete-all"); r.code != 1 || s.run("status", "--no-start").code != 0 {
		t.Errorf("another word: %d, %s", r.code, r.err)
	}
	if r := s.runWith("delete\n", "delete-all"); r.code != 0 {
		t.Fatalf("delete: %d, %s", r.code, r.err)
	}
	_ = filepath.WalkDir(s.home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Errorf("%s is left", path)
		}
		return nil
	})
	s.nothingLeft()
	conn, err := s.d.Bus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var open, locked []dbus.ObjectPath
	k := &keyring{s: s, conn: conn}
	if err := k.call("org.freedesktop.Secret.Service.SearchItems", map[string]string{"service": "relink"}).Store(&open, &locked); err != nil || len(open)+len(locked) != 0 {
		t.Errorf("%d items are left in the keyring, %v", len(open)+len(locked), err)
	}
}
