package vault

import (
	"bytes"
	"context"
	"os"
	"reflect"
	"testing"
	"time"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

func testParcel(key string, due time.Duration) agent.Parcel {
	return agent.Parcel{
		Channel: agent.ChannelMail, To: "me@example.com", Key: key, Account: "account001", Generation: 3, Deadline: testTime.Add(time.Hour),
		Event: notifier.EventExpiring, Body: []byte("{}"), At: testTime, Due: testTime.Add(due),
	}
}

// TestParcels: what waits survives a restart, is due when it says, and the same is not added twice.
func TestParcels(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	one, two, other := testParcel("a", 0), testParcel("b", time.Hour), testParcel("a", 0)
	other.Channel, other.Body = agent.ChannelHook, nil
	check(t, v.SaveEntries(ctx, nil, one, two, other))
	check(t, v.SaveEntries(ctx, nil, one, two))
	check(t, v.Close())
	v = mustOpen(t, cfg)
	want := map[string]agent.Waiting{
		agent.ChannelMail: {Count: 2, Next: testTime, Oldest: testTime},
		agent.ChannelHook: {Count: 1, Next: testTime, Oldest: testTime},
	}
	if got, err := v.Waiting(ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	got, err := v.Parcels(ctx, agent.ChannelMail, testTime, 10)
	check(t, err)
	if len(got) != 1 || got[0].ID == 0 {
		t.Fatalf("got %+v", got)
	}
	one.ID = got[0].ID
	if !reflect.DeepEqual(got[0], one) {
		t.Errorf("got %+v, want %+v", got[0], one)
	}
	check(t, v.PutOff(ctx, testTime.Add(2*time.Hour), true, one.ID))
	if got, err := v.Parcels(ctx, agent.ChannelMail, testTime.Add(90*time.Minute), 10); err != nil || len(got) != 1 || got[0].Key != "b" || got[0].Tries != 0 {
		t.Errorf("got %+v, %v, want b alone", got, err)
	}
	all, err := v.Parcels(ctx, agent.ChannelMail, testTime.Add(2*time.Hour), 10)
	check(t, err)
	if len(all) != 2 || all[0].Key != "a" || all[0].Tries != 1 {
		t.Errorf("got %+v, want both in the order they arose, a tried once", all)
	}
	check(t, v.DropParcels(ctx, all[0].ID, all[1].ID))
	if got, err := v.Waiting(ctx); err != nil || len(got) != 1 {
		t.Errorf("got %+v (%v), want the hook's alone", got, err)
	}
	check(t, v.DropParcels(ctx))
}

// TestManyParcels: more ids than a statement takes.
func TestManyParcels(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	var many []agent.Parcel
	for i := range 1200 {
		p := testParcel(NewID(), 0)
		p.Generation = i
		many = append(many, p)
	}
	check(t, v.SaveEntries(ctx, nil, many...))
	got, err := v.Parcels(ctx, agent.ChannelMail, testTime, 5000)
	check(t, err)
	ids := make([]int64, len(got))
	for i, p := range got {
		ids[i] = p.ID
	}
	check(t, v.PutOff(ctx, testTime.Add(time.Hour), false, ids...))
	if w, err := v.Waiting(ctx); err != nil || w[agent.ChannelMail].Count != 1200 || !w[agent.ChannelMail].Next.Equal(testTime.Add(time.Hour)) {
		t.Errorf("got %+v, %v", w, err)
	}
	check(t, v.DropParcels(ctx, ids...))
	if w, err := v.Waiting(ctx); err != nil || len(w) != 0 {
		t.Errorf("got %+v, %v", w, err)
	}
}

// TestLedgerAndParcelsTogether: where one cannot be stored, neither is.
func TestLedgerAndParcelsTogether(t *testing.T) {
	cfg, _ := testConfig(t)
	v := mustOpen(t, cfg)
	a := testAccount(1)
	check(t, v.Create(t.Context(), a, testGrant(a.ID, 1)))
	_, err := v.write.Exec("CREATE TRIGGER no_parcels BEFORE INSERT ON parcels BEGIN SELECT RAISE(ABORT, 'no'); END")
	check(t, err)
	entry := notifier.Entry{Key: notifier.Key{Account: a.ID, Generation: 1, Step: "expired"}, At: testTime}
	if err := v.SaveEntries(t.Context(), []notifier.Entry{entry}, testParcel("a", 0)); err == nil {
		t.Error("no error")
	}
	if said, err := v.Said(t.Context()); err != nil || len(said) != 0 {
		t.Errorf("got %+v (%v), want an empty ledger", said, err)
	}
}

// TestSecrets: sealed on disk, readable after a restart, only with the key.
func TestSecrets(t *testing.T) {
	cfg, keyring := testConfig(t)
	v := mustOpen(t, cfg)
	ctx := t.Context()
	_, err := v.Secret(ctx, "mail")
	wantKind(t, err, platform.KindNotFound)
	const hush = "hush-hush-the-password"
	check(t, v.SetSecret(ctx, "mail", platform.NewSecret(hush)))
	check(t, v.SetSecret(ctx, "webhook", platform.NewSecret("other")))
	check(t, v.Close())
	for _, name := range []string{fileName, fileName + "-wal"} {
		if raw, err := os.ReadFile(cfg.path(name)); err == nil && bytes.Contains(raw, []byte(hush)) {
			t.Errorf("%s holds the secret in the plain", name)
		}
	}
	v = mustOpen(t, cfg)
	if got, err := v.Secret(ctx, "mail"); err != nil || got.Reveal() != hush {
		t.Errorf("got another secret, %v", err)
	}
	// A seal moved to another row does not open.
	_, err = v.write.Exec("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'mail') WHERE name = 'webhook'")
	check(t, err)
	_, err = v.Secret(ctx, "webhook")
	wantKind(t, err, platform.KindStorage)
	check(t, v.SetSecret(ctx, "webhook", platform.Secret{}))
	if names, err := v.Secrets(ctx); err != nil || !reflect.DeepEqual(names, []string{"mail"}) {
		t.Errorf("got %v, %v", names, err)
	}
	check(t, v.Close())
	keyring.set(func(k *fakeKeyring) { k.fault = errKeyringLocked })
	v = mustOpen(t, cfg)
	_, err = v.Secret(ctx, "mail")
	wantKind(t, err, platform.KindLocked)
	wantKind(t, v.SetSecret(ctx, "mail", platform.NewSecret("x")), platform.KindLocked)
	// With a secret in it, the vault takes no new key in place of the lost one.
	wantKind(t, v.Unlock(context.Background(), "a new passphrase", true), platform.KindLocked)
}
