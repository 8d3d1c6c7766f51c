package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"relink/app/agent"
	"relink/platform"
)

func taking() *fake {
	return &fake{snapshot: accounts(), programs: []agent.Program{
		{Name: "backup.py", Asked: noon},
		{Name: "post.sh", Rule: agent.RuleAllow, Took: []agent.Taking{
			{Account: "a1", Ref: "linkedin/acme", At: noon.Add(-time.Hour)}, {Account: "a2", Ref: "facebook/shop", At: noon.Add(-2 * time.Hour)},
		}},
	}}
}

func TestUpkeepVerbs(t *testing.T) {
	confirming := taking()
	confirming.settings.Confirm = true
	refusing := taking()
	refusing.err = map[string]error{"TestKeyring": &platform.Error{Kind: platform.KindLocked, Message: "the keyring could not store a test item", Repair: "unlock it"}}
	for _, tt := range []struct {
		args, out, err string
		code           int
		fake           *fake
		calls          []string
	}{
		{args: "programs", out: "backup.py  may      -\npost.sh    allowed  Tue 24 Nov 2026, 11:00, linkedin/acme, and 1 more\n", calls: []string{"Programs"}},
		{args: "programs", fake: confirming, out: "backup.py  waits to be allowed  -\npost.sh    allowed              Tue 24 Nov 2026, 11:00, linkedin/acme, and 1 more\n"},
		{args: "programs", fake: &fake{}, out: "No program has taken a token in the last 90 days.\n"},
		{args: "programs --json", out: `[{"name":"backup.py","asked":"2026-11-24T12:00:00Z","took":[]},{"name":"post.sh","rule":"allow","took":[{"account":"a1","ref":"linkedin/acme","at":"2026-11-24T11:00:00Z"},{"account":"a2","ref":"facebook/shop","at":"2026-11-24T10:00:00Z"}]}]` + "\n"},
		{args: "programs allow backup.py", out: "backup.py may take tokens.\n", calls: []string{"SetProgram backup.py allow"}},
		{args: "programs deny post.sh", out: "post.sh gets no token any more.\n", calls: []string{"SetProgram post.sh deny"}},
		{args: "programs forget post.sh --json", out: `{"ok":true}` + "\n", calls: []string{"ForgetProgram post.sh"}},
		{args: "browser linkedin/acme", out: "linkedin/acme signs in with the browser in the settings.\n", calls: []string{"Browser linkedin/acme"}},
		{args: "browser linkedin/acme firefox", calls: []string{"SetBrowser linkedin/acme firefox", "Browser linkedin/acme"}},
		{args: "browser linkedin/acme --clear --json", out: `{"account":"linkedin/acme","browser":""}` + "\n", calls: []string{"SetBrowser linkedin/acme "}},
		{args: "browser linkedin/acme firefox --clear", code: exitUsage, err: "relink: a command and --clear say different things; leave one of them out\n"},
		{args: "lock", out: "The vault is locked. Open it with: relink unlock\n", calls: []string{"Lock"}},
		{args: "unlock --to-keyring", out: "The key is in the keyring.\n", calls: []string{"UseKeyring"}},
		{args: "test browser", out: "The browser opened the test page.\n", calls: []string{"TestBrowser "}},
		{args: "test keyring --json", out: `{"ok":true,"text":"The keyring works."}` + "\n", calls: []string{"TestKeyring"}},
		{args: "test keyring", fake: refusing, code: exitLocked, err: "relink: the keyring could not store a test item; unlock it\n"},
		{args: "test notification", out: "The test was taken.\n", calls: []string{"TestChannel desktop"}},
		{args: "settings set confirm on", calls: []string{"SetSettings"}},
	} {
		b := &bench{fake: tt.fake}
		if b.fake == nil {
			b.fake = taking()
		}
		if code := b.run(t, strings.Fields(tt.args)...); code != tt.code {
			t.Errorf("%s: exit code %d, want %d: %s", tt.args, code, tt.code, b.err.String())
		}
		if tt.out != "" && b.out.String() != tt.out || tt.err != "" && b.err.String() != tt.err {
			t.Errorf("%s: got %q, %q, want %q, %q", tt.args, b.out.String(), b.err.String(), tt.out, tt.err)
		}
		for i, call := range tt.calls {
			if i >= len(b.fake.calls) || !strings.HasPrefix(b.fake.calls[i], call) {
				t.Errorf("%s: calls %q, want %q", tt.args, b.fake.calls, tt.calls)
				break
			}
		}
	}
}

func TestShowWhatABackupHolds(t *testing.T) {
	b := &bench{stdin: strings.NewReader("for the archive\n")}
	if code := b.run(t, "restore", "b.age", "--show"); code != exitDone || b.out.String() != "Made: Tue 24 Nov 2026, 12:00\n3 accounts\n1 app registration\n" {
		t.Errorf("exit code %d, %q, %q", code, b.out.String(), b.err.String())
	}
	if !slices.Equal(b.other, []string{"inspect b.age for the archive"}) {
		t.Errorf("did %q", b.other)
	}
}

func TestDeleteAllWantsTheWord(t *testing.T) {
	for typed, erased := range map[string]bool{"delete\n": true, " Delete \n": true, "yes\n": false, "": false} {
		b := &bench{stdin: strings.NewReader(typed)}
		code := b.run(t, "delete-all")
		if (code == exitDone) != erased || slices.Contains(b.other, "erase") != erased {
			t.Errorf("%q: exit code %d, did %q, said %q", typed, code, b.other, b.err.String())
		}
		if !strings.Contains(b.err.String(), "/data/relink") {
			t.Errorf("it is not said what is deleted: %q", b.err.String())
		}
		if slices.ContainsFunc(b.fake.calls, func(c string) bool { return strings.HasPrefix(c, "Forget") }) {
			t.Errorf("%q: revoked unasked: %q", typed, b.fake.calls)
		}
	}
}

func TestDeleteAllRevokes(t *testing.T) {
	b := &bench{stdin: strings.NewReader("delete\n"), fake: &fake{snapshot: ofOnePerson()}}
	if code := b.run(t, "delete-all", "--revoke"); code != exitDone || !slices.Contains(b.other, "erase") {
		t.Errorf("exit code %d, did %q, %s", code, b.other, b.err.String())
	}
	if n := strings.Count(strings.Join(b.fake.calls, "\n"), "Forget "); n != 4 {
		t.Errorf("%d accounts were revoked: %q", n, b.fake.calls)
	}
	b = &bench{stdin: strings.NewReader("delete\nno\n"), fake: &fake{snapshot: ofOnePerson(), err: map[string]error{"Forget": &platform.Error{Kind: platform.KindRetry, Message: "no answer", Repair: "later"}}}}
	if code := b.run(t, "delete-all", "--revoke"); code == exitDone || slices.Contains(b.other, "erase") || !strings.Contains(b.err.String(), "4 permissions could not be withdrawn") {
		t.Errorf("exit code %d, did %q, %s", code, b.other, b.err.String())
	}
}
