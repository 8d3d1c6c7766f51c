package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/app/config"
	"relink/app/vault"
)

// TestBackupOfPassphraseVault: a vault under a passphrase is backed up with the
// passphrases given as unlock takes them, and comes back from it.
func TestBackupOfPassphraseVault(t *testing.T) {
	t.Setenv("RELINK_PASSPHRASE_FILE", "")
	// No keyring answers there.
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	home := t.TempDir()
	t.Setenv("RELINK_HOME", home)
	paths, err := config.Find(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	const own = " its own passphrase "
	v, err := vault.Open(t.Context(), vault.Config{Dir: paths.Data})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Unlock(t.Context(), own, true); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}

	archive := filepath.Join(t.TempDir(), "b.age")
	relink := func(stdin string, args ...string) (code int, said string) {
		var out, errs strings.Builder
		code = Main(t.Context(), Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs}, args, nil)
		return code, out.String() + errs.String()
	}
	if code, said := relink("wrong\nfor the archive\n", "backup", archive); code != 4 || !strings.Contains(said, "the passphrase is wrong") {
		t.Errorf("a wrong passphrase: got exit code %d, %s", code, said)
	}
	if code, said := relink("", "backup", archive); code != 2 {
		t.Errorf("none: got exit code %d, %s", code, said)
	}
	if _, err := os.Stat(archive); err == nil {
		t.Fatal("there is an archive already")
	}
	if code, said := relink(own+"\r\nfor the archive\n", "backup", archive); code != 0 {
		t.Fatalf("got exit code %d, %s", code, said)
	}
	code, said := relink("for the archive\n", "restore", archive, "--replace")
	if code != 0 {
		t.Fatalf("got exit code %d, %s", code, said)
	}
	_, aside, _ := strings.Cut(strings.TrimSpace(said), "is kept as ")
	if _, err := os.Stat(strings.TrimSuffix(aside, ".")); err != nil || !strings.HasPrefix(aside, paths.Data) {
		t.Errorf("said %q: %v", said, err)
	}
	if v, err = vault.Open(t.Context(), vault.Config{Dir: paths.Data}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	if err := v.Unlock(t.Context(), "for the archive", false); err != nil {
		t.Error(err)
	}
}
