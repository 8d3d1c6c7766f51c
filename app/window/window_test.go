package window

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// update writes the goldens of testdata anew, for a change that is meant; git diff shows what became of them.
var update = flag.Bool("update", false, "write the goldens of testdata anew")

const howToUpdate = "if that is meant, run: CGO_ENABLED=0 go test -tags lean,migrated_fynedo ./app/window -run 'Screens|Looks' -update"

// golden compares a screen with its markup in testdata.
func (b *bench) golden(name string) {
	b.t.Helper()
	b.goldenText(name, b.stable(func() string { return test.RenderToMarkup(b.window().Canvas()) }))
}

// stable lays the window out until nothing in it moves any more, as the driver
// does with every frame: words that wrap know their height only after they know their width.
func (b *bench) stable(render func() string) string {
	b.t.Helper()
	w := b.window()
	size := w.Canvas().Size()
	last := ""
	for range 9 {
		w.Resize(size.AddWidthHeight(1, 0))
		w.Resize(size)
		w.Content().Refresh()
		got := render()
		if got == last {
			return got
		}
		last = got
	}
	b.t.Fatal("the window does not come to rest")
	return ""
}

func (b *bench) goldenText(name, got string) {
	b.t.Helper()
	path := filepath.Join("testdata", name+".xml")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			b.t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatalf("no golden; write it with -update: %v", err)
	}
	want := string(data)
	if got == want {
		return
	}
	was, is := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < min(len(was), len(is)) && was[i] == is[i] {
		i++
	}
	line := func(lines []string) string {
		if i < len(lines) {
			return strings.TrimSpace(lines[i])
		}
		return "its end"
	}
	b.t.Errorf("%s is not as it was; %s. Line %d:\ngot  %s\nwant %s", path, howToUpdate, i+1, line(is), line(was))
}

func TestUnknownPage(t *testing.T) {
	u, err := newUI(t.Context(), test.NewTempApp(t), Config{Service: newFake(nil)}, func(f func()) { f() })
	if err != nil {
		t.Fatal(err)
	}
	if err := u.open("nonsense"); platform.KindOf(err) != platform.KindUsage {
		t.Errorf("open(nonsense) = %v, want a usage error", err)
	}
}

func TestRunNeedsAService(t *testing.T) {
	if err := Run(t.Context(), test.NewTempApp(t), Config{}); err == nil {
		t.Error("Run without a service and a way to dial gave no error")
	}
}

func TestRunEnds(t *testing.T) {
	if err := Run(t.Context(), test.NewTempApp(t), Config{Service: newFake(sampleSnapshot()), Page: PageSettings}); err != nil {
		t.Fatal(err)
	}
}

func TestSelectionAndPlaceStay(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(3, 4)), 500)
	snap := agent.NewSnapshot(agent.Snapshot{}, rows)
	b := openOn(t, snap, "", nil)
	b.until("rows", func() bool { return len(b.u.list.rows) == 500 })
	b.u.list.ScrollToOffset(200*b.u.list.pitch() + 10)
	top := b.u.list.rows[200].Account.ID
	b.u.choose(b.u.list.rows[203].Account.ID)
	chosen := b.u.selected

	// Worse accounts come in above: everything moves down by five.
	var worse []*agent.Row
	for i := range 5 {
		a := platform.Account{ID: "new" + string(rune('a'+i)), Platform: "facebook", ProviderID: "1", Name: "New"}
		g := platform.Grant{Generation: 1, Clocks: []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, -1000*dayLong, dayLong)}}
		worse = append(worse, &agent.Row{Account: a, Grant: g, Status: platform.Assess(a, g, now)})
	}
	b.f.publish(snap.With(agent.Snapshot{}, worse, nil))
	b.until("the new rows", func() bool { return len(b.u.list.rows) == 505 })

	if b.u.selected != chosen {
		t.Errorf("selected = %q, want %q", b.u.selected, chosen)
	}
	i := int(b.u.list.GetScrollOffset() / b.u.list.pitch())
	if got := b.u.list.rows[i].Account.ID; got != top {
		t.Errorf("at the top of the screen: %q (row %d), want %q", got, i, top)
	}
	drawn := 0
	b.seen(func(o fyne.CanvasObject) {
		if r, ok := o.(*rowView); ok && r.selected {
			drawn++
			if r.row.Account.ID != chosen {
				t.Errorf("drawn as selected: %q, want %q", r.row.Account.ID, chosen)
			}
		}
	})
	if drawn != 1 {
		t.Errorf("%d rows are drawn as selected, want 1", drawn)
	}

	b.f.publish(snap.With(agent.Snapshot{}, nil, []string{chosen}))
	b.until("the account to go", func() bool { return b.u.selected == "" })
}

func TestTapSelects(t *testing.T) {
	b := open(t, "")
	b.u.list.Select(3)
	if want := b.u.list.rows[3].Account.ID; b.u.selected != want {
		t.Errorf("selected = %q, want %q", b.u.selected, want)
	}
	b.sees("What works")
	b.u.list.Select(0)
	b.u.list.Select(3) // a place chosen before can be chosen again
	if want := b.u.list.rows[3].Account.ID; b.u.selected != want {
		t.Errorf("selected again = %q, want %q", b.u.selected, want)
	}
}

// A row is lit while the pointer moves on it, and not for good when the pointer
// has left without a word.
func TestHoverEnds(t *testing.T) {
	b := open(t, "")
	var row *rowView
	b.seen(func(o fyne.CanvasObject) {
		if r, ok := o.(*rowView); ok && row == nil {
			row = r
		}
	})
	row.MouseIn(nil)
	if !row.ground.Visible() || !row.tick.Visible() {
		t.Error("the row under the pointer is not lit")
	}
	row.MouseOut()
	if row.ground.Visible() || row.tick.Visible() {
		t.Error("the row that the pointer left is lit")
	}
	row.MouseMoved(nil)
	row.rest.Reset(time.Millisecond) // as if it had rested so long
	b.until("the row to be dark", func() bool { return !row.hovered && !row.ground.Visible() })
	row.MouseMoved(nil)
	if !row.hovered {
		t.Error("the pointer moves again and the row is not lit")
	}
}

func TestKeyboard(t *testing.T) {
	b := open(t, "")
	b.key(fyne.KeyDown)
	b.key(fyne.KeyDown)
	if want := b.u.list.rows[1].Account.ID; b.u.selected != want {
		t.Fatalf("after two Down selected = %q, want %q", b.u.selected, want)
	}
	b.key(fyne.KeyEnd)
	if want := b.u.list.rows[len(b.u.list.rows)-1].Account.ID; b.u.selected != want {
		t.Errorf("after End selected = %q, want %q", b.u.selected, want)
	}
	b.key(fyne.KeyHome)
	b.key(fyne.KeyReturn)
	if f := b.u.win.Canvas().Focused(); f != fyne.Focusable(b.u.accounts.detail.reconnect) {
		t.Errorf("after Enter the focus is on %T, want the detail's first button", f)
	}
	b.u.win.Canvas().Focus(b.u.list)
	b.rune('/')
	if f := b.u.win.Canvas().Focused(); f != fyne.Focusable(b.u.accounts.search) {
		t.Errorf("after / the focus is on %T, want the search", f)
	}
	b.key(fyne.KeyEscape)
	if f := b.u.win.Canvas().Focused(); f != fyne.Focusable(b.u.list) {
		t.Errorf("after Esc the focus is on %T, want the list", f)
	}
	b.u.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyR, Modifier: fyne.KeyModifierShortcutDefault})
	b.calls("check [" + b.u.selected + "]")
	b.sees("Checked facebook/")
	b.key(fyne.KeyEscape)
	if b.u.selected != "" {
		t.Errorf("after Esc selected = %q, want nothing", b.u.selected)
	}
	b.key(fyne.KeyDown)
	b.rune('r')
	b.calls("reconnect " + b.u.selected)
	b.key(fyne.KeyEscape)
	b.calls("cancel flow-1")
	b.u.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyComma, Modifier: fyne.KeyModifierShortcutDefault})
	if b.u.settings == nil {
		t.Error("Ctrl+, opened no settings")
	}
}

func TestFiltersAndSearch(t *testing.T) {
	b := open(t, "")
	ids := func() []string {
		var out []string
		for _, r := range b.u.list.rows {
			out = append(out, r.Account.ID)
		}
		slices.Sort(out)
		return out
	}
	want := func(what string, want ...string) {
		t.Helper()
		b.until(what, func() bool { return slices.Equal(ids(), want) })
	}
	b.tapTile(wordNeedsYou)
	want("those that need somebody", "a1", "a2", "a3", "a9")
	b.tapTile(wordSoon)
	want("those ending soon", "a4")
	b.tapTile("LinkedIn")
	want("LinkedIn", "a4", "a5")
	b.tapTile(wordAll)
	test.Type(b.u.accounts.search, "acme labs")
	want("the search", "a5", "a8")
	test.Type(b.u.accounts.search, " zzz")
	b.sees(wordNoMatch)
	b.u.win.Canvas().Focus(b.u.accounts.search)
	b.key(fyne.KeyEscape)
	b.until("all again", func() bool { return len(b.u.list.rows) == 9 })
}

func TestPageNeeds(t *testing.T) {
	b := open(t, PageNeeds)
	b.until("the filter", func() bool { return len(b.u.list.rows) == 4 })
}

func TestRowButtonReconnects(t *testing.T) {
	b := open(t, "")
	var row *rowView
	b.seen(func(o fyne.CanvasObject) {
		if r, ok := o.(*rowView); ok && r.row.Account.ID == "a2" {
			row = r
		}
	})
	test.Tap(row.button)
	b.calls("reconnect a2")
	if b.u.selected != "a2" {
		t.Errorf("selected = %q, want a2", b.u.selected)
	}
}

func TestReconnectButtonOnlyWhereItMakesSense(t *testing.T) {
	b := open(t, "")
	got := map[string]bool{}
	b.seen(func(o fyne.CanvasObject) {
		if r, ok := o.(*rowView); ok {
			got[r.row.Account.ID] = r.button.Visible()
		}
	})
	for id, want := range map[string]bool{"a1": true, "a2": true, "a3": true, "a4": true, "a9": true, "a7": false, "a8": false} {
		if got[id] != want {
			t.Errorf("Reconnect on %s = %v, want %v", id, got[id], want)
		}
	}
}

func TestAgentGoesAndComesBack(t *testing.T) {
	started := make(chan struct{}, 1)
	b := openOn(t, sampleSnapshot(), "", func(f *fake, c *Config) {
		c.Dial = func(context.Context) (agent.Service, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f, f.fail["dial"]
		}
		c.Start = func(context.Context) error { started <- struct{}{}; return nil }
	})
	b.sees("Acme GmbH")
	b.f.fails("dial", errors.New("no agent"))
	b.f.away()
	b.sees(wordAway)
	if !b.shows("Acme GmbH") {
		t.Error("what was known is no longer shown")
	}
	if got := b.u.win.Title(); got != "Relink: not running" {
		t.Errorf("the title is %q", got)
	}
	b.press(wordStart)
	<-started
	b.f.fails("dial", nil)
	b.until("the banner to go", func() bool { return !b.shows(wordAway) })
}

// An agent of another version is said, what was known stays, and the older of the two is restarted once.
func TestVersionsDiffer(t *testing.T) {
	renewed := make(chan agent.About, 9)
	answer := make(chan error, 1)
	outdated := false
	b := openOn(t, sampleSnapshot(), "", func(f *fake, c *Config) {
		c.Dial = func(context.Context) (agent.Service, error) { return f, nil }
		c.Start = func(context.Context) error { return nil }
		c.Renew = func(_ context.Context, _ agent.Service, about agent.About) (bool, error) {
			renewed <- about
			return outdated, <-answer
		}
	})
	b.sees("Acme GmbH")
	b.f.becomes("0.9.0")
	b.sees("The running agent is version 0.9.0. Restart Relink.")
	if about := <-renewed; about.Version != "0.9.0" {
		t.Errorf("asked to renew %q, want 0.9.0", about.Version)
	}
	if !b.shows("Acme GmbH") || b.shows(wordAway) || b.button(wordStart) != nil {
		t.Errorf("on screen: %q; want what was known, and no way to start what runs", b.texts())
	}
	if got := b.u.win.Title(); got != "Relink: another version is running" {
		t.Errorf("the title is %q", got)
	}
	b.f.mu.Lock()
	b.f.version = ""
	b.f.mu.Unlock()
	answer <- nil
	b.until("the banner to go", func() bool { return !b.shows("The running agent is") && b.u.win.Title() == "Relink" })

	// What could not be renewed is said, and not tried again.
	b.f.becomes("0.8.0")
	<-renewed
	answer <- &platform.Error{Kind: platform.KindAgent, Message: "the older agent does not end"}
	b.sees("The older agent does not end.")
	b.f.mu.Lock()
	tries := len(b.f.calls)
	b.f.mu.Unlock()
	b.until("another try", func() bool { return len(b.f.called()) > tries })
	if len(renewed) > 0 {
		t.Error("it was tried twice")
	}

	// An older agent that something starts again each time is not ended again and again.
	b.f.becomes("0.7.0")
	for i := range 2 {
		<-renewed
		b.f.mu.Lock()
		b.f.restarts++
		tries := len(b.f.calls)
		b.f.mu.Unlock()
		answer <- nil
		b.until("another try", func() bool { return len(b.f.called()) > tries+1 })
		if len(renewed) == 0 {
			break
		}
		if i == 1 {
			close(answer) // whoever asks still
			t.Fatal("the same older version was renewed again and again")
		}
	}
	b.sees("The running agent is version 0.7.0. Restart Relink.")

	outdated = true
	b.u.choose("a4")
	b.f.becomes("2.0.0")
	<-renewed
	answer <- nil
	b.until("the window to make room", func() bool { return b.u.win == nil })
	if b.u.outdated == nil || b.u.outdated.Page != "" {
		t.Errorf("to be opened again: %+v, want the last page", b.u.outdated)
	}
}

func TestBanners(t *testing.T) {
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{Locked: "the vault is locked", Warnings: []string{"the clock jumped"}, Paused: now.Add(time.Hour)}, sampleRows()), "",
		func(f *fake, _ *Config) { f.settings.Key = "passphrase" })
	b.sees("The vault is locked.")
	b.sees("The clock jumped.")
	b.press(wordResume)
	b.calls("pause true")
	b.press(wordUnlock)
	b.until("the passphrase dialog", func() bool { return b.u.win.Canvas().Overlays().Top() != nil })
	b.f.fails("unlock ", &platform.Error{Kind: platform.KindLocked, Message: "that is not the passphrase", Repair: "try again"})
	b.entry(wordPassphrase).SetText("swordfish")
	b.press(wordUnlock)
	b.calls("unlock 9 false")
	b.sees("That is not the passphrase. Try again.")
	b.f.fails("unlock ", nil)
	b.press(wordUnlock)
	b.until("the dialog to close", func() bool { return b.u.win.Canvas().Overlays().Top() == nil })
}

func TestNewPassphrase(t *testing.T) {
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{Locked: "no key was chosen yet"}, nil), "", func(f *fake, _ *Config) { f.settings.Key = "" })
	b.press(wordUnlock)
	b.sees(wordPassphraseNew)
	b.entry(wordPassphrase).SetText("short")
	b.press(wordSave)
	b.sees(wordPassphraseShort)
	b.entry(wordPassphrase).SetText("long enough")
	b.press(wordSave)
	b.sees(wordPassphraseDiff)
	b.entry(wordPassphraseAgain).SetText("long enough")
	b.press(wordSave)
	b.calls("unlock 11 true")
}

func TestDetailActs(t *testing.T) {
	b := open(t, "account:a1")
	b.sees("Acme Shop")
	b.press(wordSnooze)
	b.menu("Tomorrow")
	b.calls("later a1 tomorrow")
	b.sees("Snoozed until Mon 23 Nov, 09:00.")
	b.press(wordSnooze)
	b.menu("1 hour")
	b.calls("later a1 hour")
	b.press(wordSnooze)
	b.menu("A week")
	b.calls("snooze a1 2026-11-29 09:00:00")
	b.press(wordMore)
	b.menu(wordMute)
	b.calls("mute a1 true")
	b.press(wordMore)
	b.menu(wordCopyName)
	if got := b.app.Clipboard().Content(); got != "facebook/acme-shop" {
		t.Errorf("clipboard = %q, want facebook/acme-shop", got)
	}
	b.f.fails("rename ", &platform.Error{Kind: platform.KindUsage, Message: "there is another acme", Repair: "choose another name"})
	b.press(wordMore)
	b.menu(wordRename + "…")
	e := b.u.win.Canvas().Focused().(*fieldEntry)
	e.SetText("acme")
	b.press(wordSave)
	b.sees("There is another acme. Choose another name.")
	b.f.fails("rename ", nil)
	b.press(wordSave)
	b.until("the dialog to close", func() bool { return b.u.win.Canvas().Overlays().Top() == nil })
	b.u.accounts.detail.rename()
	b.key(fyne.KeyEscape)
	if b.u.win.Canvas().Overlays().Top() != nil {
		t.Error("Esc does not leave the name alone")
	}
	b.press(wordMore)
	b.menu(wordDisconnect + "…")
	b.sees("Scripts that use facebook/acme-shop stop.")
	b.press(wordDisconnect)
	b.calls("forget a1 false")
}

func TestDisconnectRevokes(t *testing.T) {
	b := open(t, "account:a6")
	b.press(wordMore)
	b.menu(wordDisconnect + "…")
	var tick *widget.Check
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok {
			tick = c
		}
	})
	if tick == nil {
		t.Skip("needs a platform with a revocation call")
	}
	test.Tap(tick)
	b.press(wordDisconnect)
	b.calls("forget a6 true")
}

func TestErrorsOfActsAreShown(t *testing.T) {
	b := open(t, "account:a1")
	b.f.fails("check ", &platform.Error{Kind: platform.KindRetry, Message: "facebook does not answer", Repair: "try again later"})
	b.press(wordCheckNow)
	b.sees("Facebook does not answer. Try again later.")
}

func TestPopup(t *testing.T) {
	gone := func(b *bench) func() bool { return func() bool { return len(b.u.popups) == 0 } }
	t.Run("later", func(t *testing.T) {
		b := open(t, "popup:a1")
		b.sees("Stopped: publishing")
		if f := b.window().Canvas().Focused(); f != nil {
			t.Errorf("the pop-up opened with the focus on %T", f)
		}
		b.press(wordLater)
		b.menu("Tomorrow")
		b.calls("later a1 tomorrow")
		b.until("it to close", gone(b))
	})
	t.Run("snooze fails", func(t *testing.T) {
		b := open(t, "popup:a1")
		b.f.fails("later ", &platform.Error{Kind: platform.KindStorage, Message: "the disk is full"})
		b.press(wordLater)
		b.menu("1 hour")
		b.sees("The disk is full.")
	})
	t.Run("reconnect", func(t *testing.T) {
		b := open(t, "popup:a1")
		b.press(wordReconnect)
		b.calls("reconnect a1")
		b.sees("Your browser has opened.")
		b.press(wordCancel)
		b.calls("cancel flow-1")
		b.until("it to close", gone(b))
	})
	t.Run("out of the browser's way", func(t *testing.T) {
		b := open(t, "popup:a1")
		if got, want := b.window().Title(), "Relink: "+b.u.row("a1").Account.Title(); got != want {
			t.Errorf("the title is %q, want %q", got, want)
		}
		rows := slices.Collect(b.u.snap.All())
		running := agent.Flow{ID: "f1", Platform: "linkedin", Account: "a2", Phase: agent.PhaseWaiting}
		b.f.publish(agent.NewSnapshot(agent.Snapshot{Flows: []agent.Flow{running}}, rows))
		b.until("it to close", gone(b))
		// One that comes while a sign-in runs is shown all the same.
		b.f.pages <- agent.Page{Name: "popup:a1"}
		b.until("a new one", func() bool { return len(b.u.popups) == 1 })
		b.f.publish(agent.NewSnapshot(agent.Snapshot{Flows: []agent.Flow{running}}, rows))
		b.sees("Stopped: publishing")
	})
	t.Run("rehearsal", func(t *testing.T) {
		b := open(t, "rehearsal:a5") // which works, and stays open all the same
		b.sees("Rehearsal: " + b.u.row("a5").Account.Title())
		b.sees("Nothing has happened")
		b.seen(func(o fyne.CanvasObject) {
			if x, ok := o.(*pushButton); ok && x.Text != wordClose && x.Visible() {
				t.Errorf("a rehearsal has the button %q", x.Text)
			}
		})
		b.press(wordClose)
		b.until("it to close", gone(b))
	})
	t.Run("mended elsewhere", func(t *testing.T) {
		b := open(t, "popup:a1")
		a := platform.Account{ID: "a1", Platform: "facebook", ProviderID: "1", Alias: "x"}
		b.f.publish(agent.NewSnapshot(agent.Snapshot{}, []*agent.Row{sampleRow(a, platform.Grant{Generation: 2, Clocks: []platform.Clock{clockAt(platform.ClockAccess, platform.SourceProvider, 60*dayLong, 60*dayLong)}})}))
		b.until("it to close", gone(b))
	})
}

// One process shows every page the agent asks for.
func TestPagesOfTheAgent(t *testing.T) {
	b := open(t, "popup:a1")
	b.f.pages <- agent.Page{Name: "popup:a2"}
	b.until("a second pop-up", func() bool { return len(b.u.popups) == 2 })
	b.f.pages <- agent.Page{Name: "account:a4"}
	b.until("the account", func() bool { return b.u.accounts != nil && b.u.accounts.detail.content.Visible() })
	main := b.u.win
	b.f.pages <- agent.Page{Name: PageNeeds}
	b.until("the filter", func() bool { return b.u.view != nil && len(b.u.list.rows) == 4 })
	b.f.pages <- agent.Page{Name: PageConnect}
	b.until("the connect page", func() bool { return b.u.connect != nil })
	b.f.pages <- agent.Page{Name: PageAccounts}
	b.until("the accounts", func() bool { return b.u.connect == nil })
	b.f.pages <- agent.Page{Name: PageAbout}
	b.until("the settings", func() bool { return b.u.settings != nil })
	if b.u.win != main {
		t.Error("a second main window was opened")
	}
	main.Close()
	b.f.publish(sampleSnapshot())
	b.u.settings.win.Close()
	b.f.pages <- agent.Page{Name: PageAccounts}
	b.until("a new main window", func() bool { return b.u.win != nil && b.u.view != nil })
}

// The window's title names what it shows.
func TestTitles(t *testing.T) {
	b := open(t, "")
	is := func(want string) {
		t.Helper()
		if got := b.window().Title(); got != want {
			t.Errorf("the title is %q, want %q", got, want)
		}
	}
	is("Relink")
	b.u.choose("a4")
	is("Relink: LinkedIn · Acme GmbH")
	b.u.showNotices()
	is("Relink: " + wordNotices)
	b.key(fyne.KeyEscape)
	b.u.showConnect()
	is("Relink: " + wordChoosePlatform)
	b.u.showConnectTo("mastodon")
	is("Relink: " + wordConnect + " Mastodon")
	b.key(fyne.KeyEscape)
	b.key(fyne.KeyEscape)
	is("Relink: LinkedIn · Acme GmbH")
	b.u.reconnect("a1")
	is("Relink: " + wordReconnect + " Facebook · Acme Shop")
	b.key(fyne.KeyEscape)
	b.u.choose("")
	is("Relink")
	b.f.publish(agent.NewSnapshot(agent.Snapshot{}, nil))
	b.until("no accounts", func() bool { return b.u.view.total == 0 })
	is("Relink: " + wordEmptyTitle)
	b.u.openSettings(PageSettings)
	is("Relink: " + wordSettings + ": " + wordReminders)
	b.u.openSettings(PageAbout)
	is("Relink: " + wordSettings + ": " + wordAbout)
	b.u.settings.turn(1)
	is("Relink: " + wordSettings + ": " + wordReminders)
	b.u.settings.turn(-1)
	is("Relink: " + wordSettings + ": " + wordAbout)
}

func TestReconnectAllGoesOneByOne(t *testing.T) {
	b := open(t, "")
	b.press("Reconnect all (4)")
	first := b.u.list.rows[0].Account.ID
	b.calls("reconnect " + first)
	b.sees("Your browser has opened.")
	b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"a5"} })
	b.sees(wordConnected)
	var next *keyButton
	b.until("Next", func() bool {
		b.seen(func(o fyne.CanvasObject) {
			if btn, ok := o.(*keyButton); ok && strings.HasPrefix(btn.Text, wordNext) {
				next = btn
			}
		})
		return next != nil
	})
	test.Tap(next)
	b.calls("reconnect " + b.u.list.rows[1].Account.ID)
}

// Pop-ups stand in a row: one that is closed leaves its place to the next.
func TestPopupPlaces(t *testing.T) {
	u := &ui{popups: map[string]*popup{}}
	for i, key := range []string{"a", "b", "c"} {
		if got := u.freePlace(); got != i {
			t.Errorf("%s: got %d, want %d", key, got, i)
		}
		u.popups[key] = &popup{nth: u.freePlace()}
	}
	delete(u.popups, "b")
	if got := u.freePlace(); got != 1 {
		t.Errorf("after the second was closed: got %d, want 1", got)
	}
}
