package vault

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"relink/platform"
)

func TestSealOpensOnlyInItsPlace(t *testing.T) {
	s, other := freshSealer(), freshSealer()
	sealed := s.seal("grants", "a", 1, []byte("plain"))
	if got, err := s.open("grants", "a", 1, sealed); err != nil || string(got) != "plain" {
		t.Fatalf("got %q, %v", got, err)
	}
	if bytes.Equal(sealed, s.seal("grants", "a", 1, []byte("plain"))) {
		t.Error("two seals of the same are equal: the nonce repeats")
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	tests := []struct {
		name       string
		s          *sealer
		table, row string
		generation int
		sealed     []byte
	}{
		{"another table", s, "apps", "a", 1, sealed},
		{"another row", s, "grants", "b", 1, sealed},
		{"another generation", s, "grants", "a", 2, sealed},
		{"row and generation shifted", s, "grants", "a\x001", 1, sealed},
		{"another key", other, "grants", "a", 1, sealed},
		{"a bit flipped", s, "grants", "a", 1, flipped},
		{"cut", s, "grants", "a", 1, sealed[:10]},
		{"nothing", s, "grants", "a", 1, nil},
	}
	for _, tt := range tests {
		if _, err := tt.s.open(tt.table, tt.row, tt.generation, tt.sealed); err == nil {
			t.Errorf("%s: opened", tt.name)
		}
	}
	if got := fmt.Sprintf("%v %+v %#v %s", s, s, s, s); bytes.Contains([]byte(got), []byte(s.text())) || got != "[secret] [secret] [secret] [secret]" {
		t.Error("a sealer prints more than [secret]")
	}
}

func TestMovedSealDoesNotOpen(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	for i := range 2 {
		a := testAccount(i)
		check(t, v.Create(ctx, a, testGrant(a.ID, 1)))
	}
	_, err := v.write.Exec("UPDATE grants SET sealed = (SELECT sealed FROM grants WHERE account = 'account001') WHERE account = 'account000'")
	check(t, err)
	g, err := v.Grant(ctx, "account000")
	wantKind(t, err, platform.KindStorage)
	if g.Generation != 1 || len(g.Clocks) == 0 || !g.Tokens.Access.IsZero() {
		t.Errorf("got %+v, want all but the tokens", g)
	}
	// A sign-in heals it.
	check(t, v.Save(ctx, testGrant("account000", 2)))
	if g, err := v.Grant(ctx, "account000"); err != nil || g.Generation != 2 {
		t.Errorf("got generation %d, %v", g.Generation, err)
	}
}

// TestNoSecretOnDisk looks for every secret in every byte of every file, the
// write-ahead log included.
func TestNoSecretOnDisk(t *testing.T) {
	cfg, k := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	fill(t, v, 50)
	for generation := 2; generation < 5; generation++ {
		check(t, v.Save(ctx, testGrant("account001", generation)))
	}
	check(t, v.SetApp(ctx, platform.App{Platform: "facebook", ID: "id", Secret: platform.NewSecret("app-secret-plain")}))
	check(t, v.Unlock(ctx, "a pass phrase", true))
	key := v.key.Load()
	secrets := [][]byte{[]byte("access-plain"), []byte("refresh-plain"), []byte("owner-plain"), []byte("app-secret-plain"), []byte("a pass phrase"), key.key[:], []byte(key.text())}
	files, wal := 0, false
	check(t, filepath.Walk(cfg.Dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		check(t, err)
		files++
		wal = wal || filepath.Ext(path) == ".db-wal" && len(raw) > 0
		for i, s := range secrets {
			if bytes.Contains(raw, s) {
				t.Errorf("secret %d is in %s in the plain", i, path)
			}
		}
		return nil
	}))
	if files < 3 || !wal {
		t.Errorf("looked into %d files, log %v: the test sees too little", files, wal)
	}
	if len(k.items) != 0 {
		t.Error("the key stays in the keyring after a passphrase was chosen")
	}
}
