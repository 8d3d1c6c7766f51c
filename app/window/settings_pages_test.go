package window

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/assets"
	"relink/platform"
)

// kept is an Upkeep that notes what it was asked; like the agent, it may not be
// called on the UI goroutine.
func kept(f *fake) *Upkeep {
	return &Upkeep{
		Backup: func(ctx context.Context, path, vault, archive string) error {
			if err := f.did("backup ", path, " ", vault, " ", archive); err != nil {
				return err
			}
			return waits(ctx, f)
		},
		Inspect: func(_ context.Context, path, passphrase string) (agent.Archive, error) {
			return agent.Archive{At: now.Add(-48 * time.Hour), Accounts: map[string]int{"facebook": 3, "linkedin": 2}, Apps: 1}, f.did("inspect ", path, " ", passphrase)
		},
		Restore: func(_ context.Context, path, passphrase string) (string, error) {
			return "/data/relink.db.replaced-1", f.did("restore ", path, " ", passphrase)
		},
		Erase:  func(context.Context) error { return f.did("erase") },
		Places: []string{"/home/acme/.local/share/relink", "/home/acme/.config/relink"},
	}
}

// waits holds a call up while the fake's hang is set.
func waits(ctx context.Context, f *fake) error {
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang == nil {
		return nil
	}
	select {
	case <-hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settingsWith opens a page of the settings with everything furnished.
func settingsWith(t *testing.T, page string, change func(*fake)) *bench {
	t.Helper()
	b := openOn(t, sampleSnapshot(), PageSettings, func(f *fake, cfg *Config) {
		furnish(f, cfg)
		cfg.Upkeep = kept(f)
		if change != nil {
			change(f)
		}
	})
	b.u.exportTo = t.TempDir()
	b.until("the settings", func() bool { return b.u.settings.saved.Port != 0 && b.u.snap != nil })
	b.u.settings.page(page)
	return b
}

// choice is the drop-down that offers an option.
func (b *bench) choice(option string) *widget.Select {
	b.t.Helper()
	var out *widget.Select
	b.until("the choice "+option, func() bool {
		b.seen(func(o fyne.CanvasObject) {
			if s, ok := o.(*widget.Select); ok && slices.Contains(s.Options, option) {
				out = s
			}
		})
		return out != nil
	})
	return out
}

func (b *bench) passwords() (out []*widget.Entry) {
	walk(b.window().Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if e, ok := o.(*widget.Entry); ok && e.Password {
			out = append(out, e)
		}
		if e, ok := o.(*fieldEntry); ok && e.Password {
			out = append(out, &e.Entry)
		}
	})
	return out
}

// undone presses Undo and waits for what it is to bring back.
func (b *bench) undone(what string, ok func() bool) {
	b.t.Helper()
	b.press(wordUndo)
	b.until(what+" to be undone", ok)
	if b.u.settings.undo.Visible() {
		b.t.Errorf("%s: what was undone can be undone again", what)
	}
}

func TestPlatformSteps(t *testing.T) {
	b := settings(t, wordReminders, nil)
	b.press("Add a platform")
	b.menu("LinkedIn")
	b.until("LinkedIn's steps", func() bool {
		return len(b.f.set().PlatformSteps["linkedin"]) == 3 && slices.Contains(b.texts(), "As for all")
	})
	b.entry(wordStepHint).SetText("14 days") // the last one is LinkedIn's
	b.entry(wordStepHint).OnSubmitted("")
	b.until("the step", func() bool {
		s := b.f.set()
		return len(s.PlatformSteps["linkedin"]) == 4 && s.PlatformSteps["linkedin"][0] == 14*dayLong && len(s.Steps) == 3
	})
	if b.window().Canvas().Focused() != b.entry(wordStepHint) {
		t.Error("after a step was added, the next one cannot be typed at once")
	}
	b.press("As for all")
	b.until("LinkedIn's steps to go", func() bool { return len(b.f.set().PlatformSteps) == 0 })
	b.undone("it", func() bool { return len(b.f.set().PlatformSteps["linkedin"]) == 4 })
	for range 3 {
		n := len(b.f.set().Steps)
		b.pressFirst(step(b.f.set().Steps[0]))
		b.until("a step less", func() bool { return len(b.u.settings.saved.Steps) == n-1 || b.shows("At least one step must stay.") })
	}
	b.sees("At least one step must stay.")
	if n := len(b.f.set().Steps); n != 1 {
		t.Errorf("%d steps are left, want the last one", n)
	}
}

func TestNotificationIsTried(t *testing.T) {
	b := settings(t, wordReminders, nil)
	b.press("Show one now")
	b.calls("testchannel desktop")
	b.sees("The test was taken.")
	b.f.fails("testchannel desktop", nil)
	b.f.fails("testchannel ", &platform.Error{Kind: platform.KindConfig, Message: "no server shows notifications", Repair: "start one"})
	b.press("Show one now")
	b.sees("No server shows notifications. Start one.")
}

func TestStartPage(t *testing.T) {
	b := settingsWith(t, wordGeneral, nil)
	b.sees("There is no tray here: GNOME shows none without an extension.")
	b.sees("Install the extension AppIndicator; until then use the window.")
	b.sees("relink quit") // with no tray, no menu can end it
	if b.shows("Quit in the tray's menu") {
		t.Error("it is said to quit by a menu that is not there")
	}
	b.choice("Deutsch").SetSelected("Deutsch")
	b.until("the language", func() bool { return b.f.set().Language == "de" })
	b.undone("the language", func() bool { return b.f.set().Language == "" })
	b.choice("150 %").SetSelected("150 %")
	b.undone("the size of text", func() bool { return b.u.memory.Text == textUsual })
	b.tick(wordAutostart)
	b.until("the start at login", func() bool { return b.f.set().Autostart })
}

func TestBrowserAndProfile(t *testing.T) {
	b := settingsWith(t, wordBrowserPage, nil)
	b.choice("Firefox · Client A").SetSelected("Firefox · Client A")
	b.until("the browser", func() bool { return b.f.set().Browser == `firefox -P "Client A"` })
	if got := b.entry(wordBrowserHint).Text; got != `firefox -P "Client A"` {
		t.Errorf("the command shown is %q", got)
	}
	b.press(wordTest)
	b.calls(`testbrowser firefox -P "Client A"`)
	b.sees("The browser opened the test page after 0.4 seconds.")
	b.f.fails("testbrowser ", &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back", Repair: "choose another"})
	b.press(wordTest)
	b.sees("The browser did not come back. Choose another.")
	e := b.entry(wordBrowserHint)
	e.SetText(" my-browser --new ")
	e.OnSubmitted("")
	b.until("a command of one's own", func() bool { return b.f.set().Browser == "my-browser --new" })
	b.choice("a command of your own")
	b.undone("the command", func() bool { return b.f.set().Browser == `firefox -P "Client A"` })
}

func TestTrialIsCancelled(t *testing.T) {
	b := settingsWith(t, wordBrowserPage, nil)
	trial := b.u.settings.browser.test
	began := make(chan struct{})
	trial.call = func(ctx context.Context, _ agent.Service) (string, error) {
		close(began)
		<-ctx.Done()
		return "", ctx.Err()
	}
	b.press(wordTest)
	<-began
	b.press(wordCancel)
	b.sees("The test was cancelled.")
	if trial.button.Text != wordTest {
		t.Errorf("the button says %q", trial.button.Text)
	}
}

func TestSecurityPage(t *testing.T) {
	b := settingsWith(t, wordSecurity, nil)
	b.sees("In the system's keyring (Secret Service)")
	b.sees("3F:81:0A:C2")
	b.press("Test the keyring")
	b.sees("gave it back and deleted it.")
	b.press("Lock now")
	b.calls("lock")
	locked := *sampleSnapshot()
	locked.Locked = "the vault is locked, as you asked; open it with: relink unlock"
	b.f.publish(&locked)
	b.sees("The vault is locked, as you asked; open it with: relink unlock.")
	if b.button("Lock now") != nil {
		t.Error("a vault that is locked can be locked")
	}
	b.press("Unlock…")
	b.calls("unlock 0 false") // the keyring asks for itself
	b.f.publish(sampleSnapshot())
	b.sees("The vault is open.")
	b.press("Use a passphrase instead…")
	fields := b.passwords()
	if len(fields) != 2 {
		t.Fatalf("%d fields for a new passphrase", len(fields))
	}
	fields[0].SetText("long enough")
	fields[1].SetText("not the same")
	b.press(wordSave)
	b.sees(wordPassphraseDiff)
	fields[1].SetText("long enough")
	b.press(wordSave)
	b.calls("unlock 11 true")
	b.tick("Programs need your leave")
	b.until("the rule", func() bool { return !b.f.set().Confirm })
	b.undone("the rule", func() bool { return b.f.set().Confirm })
}

func TestPassphraseCanGoToTheKeyring(t *testing.T) {
	b := settingsWith(t, wordSecurity, func(f *fake) {
		f.settings.Key, f.settings.KeyPlace = "passphrase", "in the key file /data/key.age, under your passphrase"
	})
	b.sees("In the key file /data/key.age, under your passphrase")
	b.f.fails("usekeyring", &platform.Error{Kind: platform.KindLocked, Message: "there is no keyring", Repair: "the passphrase stays"})
	b.press("Move it to the keyring")
	b.sees("There is no keyring. The passphrase stays.")
	b.f.fails("usekeyring", nil)
	b.press("Move it to the keyring")
	b.until("the complaint to go", func() bool { return !b.shows("There is no keyring.") })
	b.press("Change the passphrase…")
	b.sees("the old one opens nothing any more")
}

func TestScriptsPage(t *testing.T) {
	b := settingsWith(t, wordScripts, nil)
	b.sees("Asked 3 hours ago and got none.")
	b.sees("facebook/brand-01: Sun 22 Nov, 10:00")
	b.pressFirst("Allow") // backup.py is the first that is not allowed
	b.calls("setprogram backup.py allow")
	rule := func(name string) agent.Rule {
		b.f.mu.Lock()
		defer b.f.mu.Unlock()
		for _, p := range b.f.programs {
			if p.Name == name {
				return p.Rule
			}
		}
		return "gone"
	}
	b.until("the offer to undo", func() bool { return b.u.settings.undo.Visible() })
	b.undone("the rule", func() bool { return rule("backup.py") == agent.RuleNone })
	b.press("Forget…") // the last one
	b.sees("What it took is no longer listed")
	b.press("Forget")
	b.until("the program to go", func() bool { return rule("old-scheduler") == "gone" && !b.shows("old-scheduler") })
	b.f.fails("setprogram post.sh deny", nil)
	b.f.fails("setprogram ", &platform.Error{Kind: platform.KindStorage, Message: "the disk is full", Repair: "free some space"})
	b.pressFirst("Deny")
	b.sees("The disk is full. Free some space.")
}

func TestNoScriptsYet(t *testing.T) {
	b := settings(t, wordScripts, nil)
	b.sees("relink token ACCOUNT")
}

func TestDiagnosticsNameNobody(t *testing.T) {
	b := settingsWith(t, wordAbout, func(f *fake) {
		f.settings.Mail = agent.Mail{Server: "mail.acme.example", User: "bot@acme.example", To: []string{"me@acme.example"}}
		f.settings.Hook, f.settings.Browser = "notify-acme --token hush", "chromium --profile-directory=Acme"
	})
	b.press("Copy diagnostics")
	text := b.app.Clipboard().Content()
	for _, want := range []string{"relink: 1.0.0", "accounts: 9", "facebook 3", "starts_at_login: false", "fail  network: no name could be resolved"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it:\n%s", want, text)
		}
	}
	for _, never := range []string{"acme", "Acme", "hush", "@"} {
		if strings.Contains(text, never) {
			t.Errorf("%q is in it:\n%s", never, text)
		}
	}
	b.press("Copy the result")
	if got := b.app.Clipboard().Content(); !strings.HasPrefix(got, "ok    keyring: Secret Service answers\n") {
		t.Errorf("got %q", got)
	}
}

func TestChooser(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.age", "A.AGE", "other.txt", ".hidden.age"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "zeta"), 0o700); err != nil {
		t.Fatal(err)
	}
	names := func(found []place) (out []string) {
		for _, p := range found {
			out = append(out, p.name)
		}
		return out
	}
	at, found, err := listDir(filepath.Join(dir, "no such.age"), false, []string{archiveEnd})
	if got := names(found); err != nil || at != dir || !slices.Equal(got, []string{"..", "zeta", "A.AGE", "b.age"}) {
		t.Errorf("in %s: %q, %v", at, got, err)
	}
	if _, found, _ := listDir(dir, true, nil); !slices.Equal(names(found), []string{"..", "zeta"}) {
		t.Errorf("directories: %q", names(found))
	}
	b := settingsWith(t, wordData, nil)
	b.u.exportTo = dir
	b.press(wordRestore)
	b.press("Choose…")
	b.sees("b.age")
	list, ok := b.window().Canvas().Focused().(*pathList)
	if !ok {
		t.Fatalf("the focus is on %T, want the list", b.window().Canvas().Focused())
	}
	// Esc leaves the chooser and no more, wherever in it the focus is.
	escapes := func(what string) {
		t.Helper()
		over := len(b.window().Canvas().Overlays().List())
		b.key(fyne.KeyEscape)
		if now := len(b.window().Canvas().Overlays().List()); now != over-1 || b.u.settings == nil {
			t.Errorf("Esc on the %s left %d questions of %d", what, now, over)
		}
		b.press("Choose…")
		b.until("the files", func() bool { return b.shows("b.age") })
		list, ok = b.window().Canvas().Focused().(*pathList)
		if !ok {
			t.Fatal("the list lost the focus")
		}
	}
	escapes("list")
	b.window().Canvas().FocusPrevious()
	escapes("field before it")
	b.window().Canvas().FocusNext()
	escapes("button behind it")
	// By keyboard alone: down to the third line, and take it.
	for range 2 {
		list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	}
	list.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	b.pump()
	want := filepath.Join(dir, "A.AGE")
	found2 := false
	walk(b.window().Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if e, ok := o.(*fieldEntry); ok && e.Text == want {
			found2 = true
		}
	})
	if !found2 {
		t.Errorf("%s was not taken; on screen: %q", want, b.texts())
	}
}

func TestOwnBrowser(t *testing.T) {
	b := openOn(t, sampleSnapshot(), "", func(f *fake, cfg *Config) { furnish(f, cfg) })
	b.until("the rows", func() bool { return b.u.view != nil && len(b.u.view.rows) > 0 })
	a := b.u.view.rows[0].Account
	b.u.choose(a.ID)
	b.u.ownBrowser(a)
	b.choice("Firefox · Client A").SetSelected("Firefox · Client A")
	b.f.fails("setbrowser ", nil)
	b.f.fails("setbrowser ", &platform.Error{Kind: platform.KindUsage, Message: "this is no command", Repair: "write one"})
	b.press(wordSave)
	b.sees("This is no command. Write one.")
	b.f.fails("setbrowser ", nil)
	b.press(wordSave)
	b.calls(`setbrowser ` + a.ID + ` firefox -P "Client A"`)
	b.until("the question to go", func() bool { return b.window().Canvas().Overlays().Top() == nil })
	b.u.ownBrowser(a)
	b.until("what was chosen", func() bool { return b.window().Canvas().Overlays().Top() != nil })
	if got := b.choice("Firefox · Client A").Selected; got != "Firefox · Client A" {
		t.Errorf("the choice is %q", got)
	}
}

func TestSettingsOpenOnAPage(t *testing.T) {
	b := openOn(t, sampleSnapshot(), "settings:Scripts", nil)
	b.sees("relink token ACCOUNT")
	if err := b.u.turn("settings:Data"); err != nil || b.window().Title() != "Relink: Settings: Data" {
		t.Errorf("%q, %v", b.window().Title(), err)
	}
}

// Every page can be reached by key, and shows what it is about in another language, too.
func TestEveryPageByKey(t *testing.T) {
	b := settingsWith(t, wordReminders, nil)
	for i := range 2 * len(b.u.settings.pages) {
		p := b.u.settings.pages[i%len(b.u.settings.pages)]
		if got := b.window().Title(); got != "Relink: Settings: "+p.word {
			t.Errorf("page %d is called %q, want %s", i, got, p.word)
		}
		b.until(p.word, func() bool { return !b.shows(wordLoading) })
		b.u.settings.turn(1)
	}
}

// Every page holds in every language, with the usual and the largest text, in a
// window as it opens: nothing lies over anything else, nothing is cut off at the side.
func TestSettingsPagesFit(t *testing.T) {
	for _, tag := range append([]string{"en"}, assets.Languages()...) {
		t.Run(tag, func(t *testing.T) {
			speak(t, tag)
			b := settingsWith(t, wordReminders, nil)
			for _, text := range []int{textUsual, textMost} {
				b.u.memory.Text = text
				b.u.applyText()
				b.u.settings.draw()
				size := fyne.NewSize(880, 640)
				for i, p := range b.u.settings.pages {
					b.u.settings.tabs.SelectIndex(i)
					b.until(p.word, func() bool { b.pump(); return !b.shows(platform.T(wordLoading)) })
					w := b.window()
					size := size
					for range 3 { // words that wrap know their height only after their width
						size = size.Max(w.Content().MinSize()) // no real window is smaller
						w.Resize(size.AddWidthHeight(1, 0))
						w.Resize(size)
						w.Content().Refresh()
					}
					test.RenderToMarkup(w.Canvas())
					if bad := overlaps(w); len(bad) > 0 {
						t.Errorf("%s at %d %%, %v: %s", p.word, text, size, bad[0])
					}
					page := b.u.settings.tabs.Items[i].Content.(*container.Scroll)
					if got, room := page.Content.MinSize().Width, page.Size().Width; got > room+2*theme.Padding()+1 { // by which tabs at the side reckon too little; the page has it as its margin
						t.Errorf("%s at %d %%, %v: %v wide where there is room for %v", p.word, text, size, got, room)
					}
				}
			}
		})
	}
}
