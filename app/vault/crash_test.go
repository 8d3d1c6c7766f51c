package vault

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childEnv names what this test binary does instead of its tests.
const childEnv = "RELINK_VAULT_CHILD"

var children = map[string]func() error{"saver": saver}

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := children[what](); err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child prepares this binary as a child that does one of children.
func child(t *testing.T, what string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+what)...)
	return cmd
}

// childConfig is a vault whose key is under a passphrase: it outlives the process.
func childConfig() Config {
	k := newFakeKeyring()
	k.fault = ErrNoKeyring
	return Config{Dir: os.Getenv("VAULT_DIR"), PassphraseFile: os.Getenv("VAULT_PASS"), Keyring: k, Work: 10, Log: slog.New(slog.DiscardHandler)}
}

// saver saves one generation after the other until it is killed, and says so
// when one is stored.
func saver() error {
	ctx := context.Background()
	v, err := Open(ctx, childConfig())
	if err != nil {
		return err
	}
	g, err := v.Grant(ctx, "account001")
	if err != nil {
		return err
	}
	for generation := g.Generation + 1; ; generation++ {
		if err := v.Save(ctx, testGrant("account001", generation)); err != nil {
			return err
		}
		fmt.Println(generation)
		if generation%2 == 0 {
			if err := v.Confirm(ctx, "account001", generation, testTime, nil, nil); err != nil {
				return err
			}
		}
	}
}

// TestKilledWhileSaving: whatever a process that was killed has reported as
// stored is there, and a generation is there whole.
func TestKilledWhileSaving(t *testing.T) {
	dir := t.TempDir()
	pass := dir + "/pass"
	check(t, os.WriteFile(pass, []byte("of the test"), 0o600))
	t.Setenv("VAULT_DIR", dir+"/vault")
	t.Setenv("VAULT_PASS", pass)
	v, err := Open(t.Context(), childConfig())
	check(t, err)
	check(t, v.Create(t.Context(), testAccount(1), testGrant("account001", 1)))
	check(t, v.Close())
	rounds, stored := 25, 1
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		cmd := child(t, "saver")
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		lines := bufio.NewScanner(out)
		lines.Scan() // it has begun
		time.AfterFunc(time.Duration(rand.IntN(30_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		for ok := true; ok; ok = lines.Scan() {
			if strings.HasPrefix(lines.Text(), "child:") {
				t.Fatal(lines.Text())
			}
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				stored = n
			}
		}
		_ = cmd.Wait() // killed
		v, err := Open(t.Context(), childConfig())
		check(t, err)
		if s := v.SetAside(); s != "" {
			t.Fatalf("round %d: %s", round, s)
		}
		g, err := v.Grant(t.Context(), "account001")
		check(t, err)
		want := testGrant("account001", g.Generation)
		if g.Generation < stored || g.Generation > stored+1 {
			t.Fatalf("round %d: generation %d is there, %d was reported as stored", round, g.Generation, stored)
		}
		if g.Tokens != want.Tokens || !g.Issued.Equal(want.Issued) || fmt.Sprint(g.Clocks) != fmt.Sprint(want.Clocks) {
			t.Fatalf("round %d: generation %d is not whole", round, g.Generation)
		}
		check(t, v.Close())
	}
	if stored < rounds {
		t.Errorf("only %d generations in %d rounds: too few to mean anything", stored, rounds)
	}
	t.Logf("%d generations, killed %d times", stored, rounds)
}
