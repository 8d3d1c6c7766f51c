package vault

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"relink/platform"
)

func TestBackupAndRestore(t *testing.T) {
	for _, reachable := range []bool{true, false} {
		cfg, k := testConfig(t)
		v := mustOpen(t, cfg)
		ctx := t.Context()
		fill(t, v, 30)
		check(t, v.SetApp(ctx, platform.App{Platform: "facebook", ID: "id", Secret: platform.NewSecret("app-secret-plain")}))
		var archive bytes.Buffer
		wantKind(t, v.Backup(ctx, &archive, ""), platform.KindUsage)
		check(t, v.Backup(ctx, &archive, "backup pass"))
		if left, _ := filepath.Glob(cfg.path(".*")); len(left) != 0 {
			t.Errorf("the backup leaves %v", left)
		}
		if bytes.Contains(archive.Bytes(), []byte("SQLite format")) {
			t.Error("the backup is not sealed")
		}

		to := cfg
		to.Dir = t.TempDir()
		wantKind(t, restore(ctx, to, bytes.NewReader(archive.Bytes()), "wrong", false), platform.KindUsage)
		wantKind(t, restore(ctx, to, bytes.NewReader(archive.Bytes()[:archive.Len()/2]), "backup pass", false), platform.KindUsage)
		wantKind(t, restore(ctx, to, bytes.NewReader([]byte("not an archive")), "backup pass", false), platform.KindUsage)
		// Into a place that is taken only when told to, and not while it is open.
		wantKind(t, restore(ctx, cfg, bytes.NewReader(archive.Bytes()), "backup pass", false), platform.KindUsage)
		wantKind(t, restore(ctx, cfg, bytes.NewReader(archive.Bytes()), "backup pass", true), platform.KindStorage)
		if _, err := v.Grant(ctx, "account001"); err != nil {
			t.Fatal("the refused restore broke the vault:", err)
		}
		if left, _ := filepath.Glob(to.path("relink.db*")); len(left) != 0 {
			t.Errorf("refused restores leave %v", left)
		}

		if !reachable {
			k.set(func(k *fakeKeyring) { k.fault = ErrNoKeyring })
		}
		if aside, err := Restore(ctx, to, bytes.NewReader(archive.Bytes()), "backup pass", false); err != nil || aside != "" {
			t.Errorf("got %q, %v", aside, err)
		}
		got := mustOpen(t, to)
		if !reachable {
			wantKind(t, got.Locked(), platform.KindLocked)
			check(t, got.Unlock(ctx, "backup pass", false))
		}
		check(t, got.Locked())
		if g, err := got.Grant(ctx, "account007"); err != nil || g.Tokens != testGrant("account007", 1).Tokens {
			t.Errorf("the restored token is not what it was: %v", err)
		}
		if app, err := got.App(ctx, "facebook", ""); err != nil || app.Secret.Reveal() != "app-secret-plain" {
			t.Errorf("the restored app is not what it was: %v", err)
		}
		if at, err := got.GetMeta(ctx, MetaRestored); err != nil || at == "" {
			t.Errorf("the restore is not marked: %q, %v", at, err)
		}
		if got.KeyPlace() == v.KeyPlace() {
			t.Error("copy and original share one key item")
		}
		checkModes(t, to.Dir)

		// In place of the original, which stays, set aside.
		check(t, v.Close())
		aside, err := Restore(ctx, cfg, bytes.NewReader(archive.Bytes()), "backup pass", true)
		check(t, err)
		if info, err := os.Stat(aside); err != nil || info.Size() == 0 || filepath.Dir(aside) != cfg.Dir {
			t.Errorf("the replaced vault is not at %q: %v", aside, err)
		}
		if back := mustOpen(t, cfg); back.SetAside() != "" {
			t.Error(back.SetAside())
		}
	}
}

// restore is Restore where only the error matters.
func restore(ctx context.Context, cfg Config, r io.Reader, passphrase string, replace bool) error {
	_, err := Restore(ctx, cfg, r, passphrase, replace)
	return err
}
