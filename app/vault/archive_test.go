package vault

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/app/agent"
	"relink/platform"
)

func TestInspectSaysWhatABackupHolds(t *testing.T) {
	cfg, _ := testConfig(t)
	made := time.Date(2026, 11, 20, 10, 30, 15, 0, time.UTC)
	cfg.Now = func() time.Time { return made }
	v := mustOpen(t, cfg)
	for i := range 3 {
		a := testAccount(i + 1)
		check(t, v.Create(t.Context(), a, testGrant(a.ID, 1)))
	}
	check(t, v.SetApp(t.Context(), platform.App{Platform: "facebook", ID: "x", Secret: platform.NewSecret("s3cret")}))
	var archive bytes.Buffer
	check(t, v.Backup(t.Context(), &archive, "for the archive"))

	other, k := testConfig(t)
	in, err := Inspect(t.Context(), other, bytes.NewReader(archive.Bytes()), "for the archive")
	check(t, err)
	if in.Total() != 3 || in.Accounts[testAccount(1).Platform] == 0 || in.Apps != 1 || !in.At.Equal(made) {
		t.Errorf("got %+v", in)
	}
	// It leaves nothing behind, and makes no vault.
	for _, name := range dirNames(t, other.Dir) {
		if ours(name) && name != draftDir {
			t.Errorf("%s is left", name)
		}
	}
	if len(k.items) != 0 {
		t.Errorf("%d items are in the keyring", len(k.items))
	}
	_, err = Inspect(t.Context(), other, bytes.NewReader(archive.Bytes()), "wrong")
	wantKind(t, err, platform.KindUsage)
	_, err = Inspect(t.Context(), other, strings.NewReader("no archive"), "x")
	wantKind(t, err, platform.KindUsage)
}

func dirNames(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestErase(t *testing.T) {
	cfg, k := testConfig(t)
	other := cfg
	other.Dir = t.TempDir()
	mustOpen(t, other) // another vault in the same keyring
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	check(t, v.AddEvents(t.Context(), agent.Event{At: time.Now(), Kind: "connected", Text: "x"}))
	for _, name := range []string{fileName + ".damaged-20260101-000000", "key.age.replaced-1", ".backup-123", "mine.txt"} {
		check(t, os.WriteFile(filepath.Join(cfg.Dir, name), []byte("x"), 0o600))
	}
	// While it is open somewhere nothing is deleted.
	wantKind(t, Erase(t.Context(), cfg), platform.KindStorage)
	if _, err := v.Grant(t.Context(), "account001"); err != nil || len(k.items) != 2 {
		t.Fatalf("a refusal deleted something: %v, %d items", err, len(k.items))
	}
	check(t, v.Close())
	// One that a restore has set aside goes with its own key.
	var archive bytes.Buffer
	v = mustOpen(t, cfg)
	check(t, v.Backup(t.Context(), &archive, "for the archive"))
	check(t, v.Close())
	if _, err := Restore(t.Context(), cfg, &archive, "for the archive", true); err != nil || len(k.items) != 3 {
		t.Fatalf("restore: %v, %d items", err, len(k.items))
	}
	// A keyring that refuses keeps the key, and so the files stay, too.
	k.set(func(k *fakeKeyring) { k.fault = errKeyringLocked })
	wantKind(t, Erase(t.Context(), cfg), platform.KindLocked)
	if !exists(cfg.path(fileName)) {
		t.Fatal("the vault is deleted, its key is not")
	}
	k.set(func(k *fakeKeyring) { k.fault = nil })
	check(t, Erase(t.Context(), cfg))
	if got := strings.Join(dirNames(t, cfg.Dir), " "); got != lockDir+" mine.txt" {
		t.Errorf("left: %s", got)
	}
	if len(k.items) != 1 {
		t.Errorf("%d items are in the keyring, want the other vault's", len(k.items))
	}
	check(t, Erase(t.Context(), cfg)) // twice does no harm
	none := cfg
	none.Dir = filepath.Join(t.TempDir(), "none")
	check(t, Erase(context.Background(), none))
	if exists(none.Dir) {
		t.Error("deleting made a directory")
	}
}

// What a deletion that fails says of what it has deleted is so: the vault's own
// key goes last, and no file before it.
func TestEraseSaysWhatItDeleted(t *testing.T) {
	cfg, k, old, own, _ := restored(t)
	for _, tt := range []struct {
		name, keeps, says, not string
	}{
		{"the key of one set aside", old, "nothing was deleted", "no longer opens"},
		{"the vault's own key", own, "no longer opens: " + fileName + ".", "nothing was deleted"},
	} {
		before := len(k.items)
		k.set(func(k *fakeKeyring) { k.keeps = map[string]bool{tt.keeps: true} })
		err := Erase(t.Context(), cfg)
		wantKind(t, err, platform.KindLocked)
		if text := err.Error(); !strings.Contains(text, tt.says) || strings.Contains(text, tt.not) || !strings.Contains(text, tt.keeps) {
			t.Errorf("%s stays: it says %q", tt.name, text)
		}
		if now := len(k.items); tt.not == "nothing was deleted" == (now == before) {
			t.Errorf("%s stays: %d items were in the keyring, %d are", tt.name, before, now)
		}
		v := mustOpen(t, cfg)
		if _, err := v.Grant(t.Context(), "account001"); err != nil {
			t.Errorf("%s stays: the vault: %v", tt.name, err)
		}
		check(t, v.Close())
	}
	k.set(func(k *fakeKeyring) { k.keeps = nil })
	check(t, Erase(t.Context(), cfg))
	if got := strings.Join(dirNames(t, cfg.Dir), " "); got != lockDir || len(k.items) != 0 {
		t.Errorf("left: %s, %d items", got, len(k.items))
	}
}

// A deletion that is stopped, or waits in vain for the keyring, says as much: what
// no longer opens, what it does not know, and that no file went.
func TestEraseStoppedSaysWhatItDeleted(t *testing.T) {
	for _, tt := range []struct {
		name string
		own  bool // the keyring is silent at the vault's own key, else at the one set aside
		stop bool // by the person, else the keyring's time is up
		kind platform.Kind
		says string
	}{
		{"stopped at the first key", false, true, platform.KindCancelled, "the key of ASIDE (item OLD); no file was deleted; "},
		{"no answer to the first key", false, false, platform.KindLocked, "the key of ASIDE (item OLD); no file was deleted; "},
		{"stopped at the last key", true, true, platform.KindCancelled, "the key of relink.db (item OWN); no file was deleted, but what was set aside no longer opens: ASIDE; "},
		{"no answer to the last key", true, false, platform.KindLocked, "the key of relink.db (item OWN); no file was deleted, but what was set aside no longer opens: ASIDE; "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, k, old, own, aside := restored(t)
			if !tt.stop {
				cfg.PromptTimeout = 10 * time.Millisecond
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			k.set(func(k *fakeKeyring) {
				if k.silent = old; tt.own {
					k.silent = own
				}
				if tt.stop {
					k.asked = cancel
				}
			})
			e := wantKind(t, Erase(ctx, cfg), tt.kind)
			want := strings.NewReplacer("ASIDE", aside, "OLD", old, "OWN", own).Replace(tt.says) + "unlock the keyring and delete everything again"
			if !strings.HasSuffix(e.Error(), want) {
				t.Errorf("it says %q, want … %q", e, want)
			}
			if _, there := k.items[old]; there == tt.own {
				t.Errorf("the key of what was set aside is there: %v", there)
			}
			stillOpens(t, cfg)
		})
	}
}

// Stopped between two keys, it asks for no other and names what went.
func TestEraseStoppedBetweenKeys(t *testing.T) {
	cfg, k, old, own, aside := restored(t)
	ctx, cancel := context.WithCancel(t.Context())
	k.set(func(k *fakeKeyring) { k.deleted = func(string) { cancel() } })
	e := wantKind(t, Erase(ctx, cfg), platform.KindCancelled)
	if want := "stopped halfway; your vault is as it was, but what was set aside no longer opens: " + aside + "; delete everything again for the rest"; e.Error() != want {
		t.Errorf("it says %q, want %q", e, want)
	}
	if k.items[old] != "" || k.items[own] == "" {
		t.Error("the wrong key is gone")
	}
	stillOpens(t, cfg)
	// Before anything went the end of a context is enough: nothing was changed.
	if err := Erase(ctx, cfg); !errors.Is(err, context.Canceled) || platform.KindOf(err) != "" {
		t.Errorf("stopped before it began: %v", err)
	}
	k.set(func(k *fakeKeyring) { k.deleted = nil })
	check(t, Erase(t.Context(), cfg)) // the rest
	if got := strings.Join(dirNames(t, cfg.Dir), " "); got != lockDir || len(k.items) != 0 {
		t.Errorf("left: %s, %d items", got, len(k.items))
	}
}

// restored is a vault beside the one that its restoration has set aside: their
// items in the keyring, and the file set aside.
func restored(t *testing.T) (cfg Config, k *fakeKeyring, old, own, aside string) {
	t.Helper()
	cfg, k = testConfig(t)
	v := mustOpen(t, cfg)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	var archive bytes.Buffer
	check(t, v.Backup(t.Context(), &archive, "for the archive"))
	check(t, v.Close())
	old = slices.Collect(maps.Keys(k.items))[0]
	if _, err := Restore(t.Context(), cfg, &archive, "for the archive", true); err != nil || len(k.items) != 2 {
		t.Fatalf("restore: %v, %d items", err, len(k.items))
	}
	for item := range k.items {
		if item != old {
			own = item
		}
	}
	for _, name := range dirNames(t, cfg.Dir) {
		if rest, is := strings.CutPrefix(name, fileName+"."); is && !strings.HasSuffix(rest, "-wal") && !strings.HasSuffix(rest, "-shm") {
			aside = name
		}
	}
	return cfg, k, old, own, aside
}

// stillOpens checks that the vault of restored opens as before.
func stillOpens(t *testing.T, cfg Config) {
	t.Helper()
	v := mustOpen(t, cfg)
	if _, err := v.Grant(t.Context(), "account001"); err != nil {
		t.Errorf("the vault: %v", err)
	}
	check(t, v.Close())
}
