package window

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

func TestBackup(t *testing.T) {
	b := settingsWith(t, wordData, nil)
	b.press(wordBackUp)
	words := b.passwords()
	words[0].SetText("short")
	b.press("Back up")
	b.sees(wordPassphraseShort)
	words[0].SetText("long enough")
	words[1].SetText("long enough")
	hang := make(chan struct{})
	b.f.mu.Lock()
	b.f.hang = hang
	b.f.mu.Unlock()
	b.press("Back up")
	want := filepath.Join(b.u.exportTo, "relink-2026-11-22.age")
	b.calls("backup " + want + "  long enough")
	b.sees("Copying and sealing…")
	b.press(wordCancel)
	b.sees("Cancelled; no backup was written.")
	b.f.mu.Lock()
	b.f.hang = nil
	b.f.mu.Unlock()
	b.f.fails("backup ", &platform.Error{Kind: platform.KindUsage, Message: want + " is there already", Repair: "choose another name"})
	b.press("Back up")
	b.sees("Choose another name.")
	b.f.fails("backup ", nil)
	b.press("Back up")
	b.sees("The backup is written to " + want)
	b.press(wordCopy) // the last one, of the first place; the result's comes first
	b.pressFirst(wordCopy)
	if got := b.app.Clipboard().Content(); got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
	if b.window().Canvas().Overlays().Top() != nil {
		t.Error("the form is still there")
	}
}

func TestBackupOfAVaultUnderAPassphrase(t *testing.T) {
	b := settingsWith(t, wordData, func(f *fake) { f.settings.Key = "passphrase" })
	b.press(wordBackUp)
	words := b.passwords()
	if len(words) != 3 {
		t.Fatalf("%d fields, want the vault's passphrase and the new one twice", len(words))
	}
	words[1].SetText("long enough")
	words[2].SetText("long enough")
	b.press("Back up")
	b.sees("Enter the vault's own passphrase.")
	words[0].SetText("mine")
	b.press("Back up")
	b.calls("backup " + filepath.Join(b.u.exportTo, "relink-2026-11-22.age") + " mine long enough")
}

func TestRestore(t *testing.T) {
	b := settingsWith(t, wordData, nil)
	b.f.fails("inspect ", &platform.Error{Kind: platform.KindUsage, Message: "the passphrase is not the backup's", Repair: "try again"})
	b.press(wordRestore)
	var file *widget.Entry
	walk(b.window().Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if e, ok := o.(*fieldEntry); ok && !e.Password {
			file = &e.Entry
		}
	})
	file.SetText("/backups/b.age")
	b.passwords()[0].SetText("wrong")
	b.press("Look inside")
	b.calls("inspect /backups/b.age wrong")
	b.sees("The passphrase is not the backup's. Try again.")
	b.f.fails("inspect ", nil)
	b.passwords()[0].SetText("right")
	b.press("Look inside")
	b.sees("Made: Fri 20 Nov, 12:00")
	b.sees("5 accounts (Facebook: 3, LinkedIn: 2)")
	b.sees("1 app registration")
	b.sees("the vault with 9 accounts that is here now")
	if slices.ContainsFunc(b.f.called(), func(c string) bool { return strings.HasPrefix(c, "restore") }) {
		t.Fatal("restored before anybody said so")
	}
	b.press("Restore")
	b.calls("restore /backups/b.age right")
	b.sees("The backup is restored. The vault that was here is kept as /data/relink.db.replaced-1")
}

func TestDeleteEverything(t *testing.T) {
	b := settingsWith(t, wordData, nil)
	b.press(wordDeleteAll)
	b.sees("9 accounts with their tokens and history")
	b.sees("/home/acme/.config/relink")
	b.sees("At the platforms the tokens stay good")
	erased := func() bool { return slices.Contains(b.f.called(), "erase") }
	b.press("Delete everything")
	b.sees("Type the word delete first; nothing was deleted.")
	b.entry("delete").SetText(" Delete ")
	b.press("Delete everything")
	b.sees("Relink has ended.")
	if !erased() || slices.ContainsFunc(b.f.called(), func(c string) bool { return strings.HasPrefix(c, "forget ") }) {
		t.Errorf("asked: %q", b.f.called())
	}
	if b.u.cfg.Memory != "" {
		t.Error("the window would write its memory anew")
	}
}

func TestDeleteEverythingRevokesFirst(t *testing.T) {
	b := settingsWith(t, wordData, func(f *fake) {
		f.fail["forget "] = &platform.Error{Kind: platform.KindRetry, Message: "the platform does not answer", Repair: "try again later"}
	})
	b.press(wordDeleteAll)
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok && strings.HasPrefix(c.Text, "Withdraw the permissions first") {
			c.SetChecked(true)
		}
	})
	b.entry("delete").SetText("delete")
	b.press("Delete everything")
	b.sees("could not be withdrawn; nothing else was deleted yet.")
	b.sees("The platform does not answer. Try again later.")
	if slices.Contains(b.f.called(), "erase") {
		t.Fatal("deleted although not everything was withdrawn")
	}
	b.press("Delete all the same")
	b.calls("erase")
}

func TestExports(t *testing.T) {
	b := settingsWith(t, wordData, nil)
	read := func(stem, format string) []byte {
		t.Helper()
		path := filepath.Join(b.u.exportTo, stem+"-2026-11-22."+format)
		b.sees("Written to " + path)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	b.press("Accounts…")
	b.menu("CSV")
	rows, err := csv.NewReader(strings.NewReader(string(read("relink-accounts", "csv")))).ReadAll()
	if err != nil || len(rows) != 1+b.u.snap.Len() {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	b.press("History…")
	b.menu("JSON")
	var events []agent.Event
	if err := json.Unmarshal(read("relink-history", "json"), &events); err != nil || len(events) != len(sampleEvents()) {
		t.Errorf("%d events, %v", len(events), err)
	}
	b.f.fails("history ", &platform.Error{Kind: platform.KindStorage, Message: "the history cannot be read", Repair: "try again"})
	b.press("History…")
	b.menu("CSV")
	b.sees("The history cannot be read. Try again.")
}

func TestHistoryAsATable(t *testing.T) {
	var b strings.Builder
	err := writeHistory(&b, formatCSV, []agent.Event{{At: now, Ref: "=cmd", Kind: "token", Text: "=1+1, \"x\""}})
	if want := "at,ref,kind,text\n2026-11-22T12:00:00Z,'=cmd,token,\"'=1+1, \"\"x\"\"\"\n"; err != nil || b.String() != want {
		t.Errorf("got %q, %v, want %q", b.String(), err, want)
	}
}

func TestDataWithoutUpkeep(t *testing.T) {
	b := settings(t, wordData, nil)
	b.sees("Export")
	if b.shows(wordDeleteAll) || b.shows(wordBackUp) {
		t.Error("what cannot be done is offered")
	}
}

// Esc leaves a form, whatever in it has the focus, ends work under way as
// Cancel does, and closes the window when nothing is in front of it.
func TestEscapeLeavesWhatIsInFront(t *testing.T) {
	b := settingsWith(t, wordData, nil)
	front := func() bool { return b.window().Canvas().Overlays().Top() != nil }
	b.press(wordBackUp) // a field has the focus
	b.key(fyne.KeyEscape)
	if front() {
		t.Error("a form stays")
	}
	b.press(wordBackUp)
	for _, e := range b.passwords() {
		e.SetText("long enough")
	}
	b.f.mu.Lock()
	b.f.hang = make(chan struct{})
	b.f.mu.Unlock()
	b.press("Back up")
	b.calls("backup ")
	b.key(fyne.KeyEscape)
	b.sees("Cancelled; no backup was written.")
	b.window().Canvas().Unfocus()
	b.key(fyne.KeyEscape)
	if front() {
		t.Error("the form stays without a focus")
	}
	b.key(fyne.KeyEscape)
	if b.u.settings != nil {
		t.Error("the window stays")
	}
}
