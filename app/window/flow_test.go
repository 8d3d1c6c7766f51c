package window

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

func reconnecting(t *testing.T) *bench {
	b := open(t, "account:a1")
	b.u.reconnect("a1")
	b.sees("Your browser has opened. Sign in to Facebook as Acme Shop")
	return b
}

func TestFlowToTheEnd(t *testing.T) {
	b := reconnecting(t)
	b.until("the time left", func() bool { return b.shows("3:00 left") })
	b.press(wordCopyLink)
	if got := b.app.Clipboard().Content(); got != "https://example.org/authorize?state=x" {
		t.Errorf("clipboard = %q, want the link", got)
	}
	b.f.move(func(f *agent.Flow) { f.Phase = agent.PhaseWorking })
	b.sees(wordWorking)
	b.f.move(func(f *agent.Flow) {
		f.Phase, f.Accounts, f.Notes = agent.PhaseDone, []string{"a5"}, []string{"the end date did not move"}
	})
	b.sees("LinkedIn · Acme Labs is connected until Sat 2 Jan 2027.")
	b.sees("The end date did not move.")
	b.press(wordClose)
	if b.u.flow != nil || b.u.win.Canvas().Overlays().Top() != nil {
		t.Error("the dialog is still open")
	}
	if b.u.selected != "a5" {
		t.Errorf("selected = %q, want the account that was connected", b.u.selected)
	}
	for _, c := range b.f.called() {
		if strings.HasPrefix(c, "cancel") {
			t.Error("a flow that was done was cancelled")
		}
	}
}

func TestFlowPaste(t *testing.T) {
	b := reconnecting(t)
	b.press(wordPaste)
	b.press(wordPasteUse)
	b.sees(wordPasteEmpty)
	b.f.fails("paste ", &platform.Error{Kind: platform.KindUsage, Message: "that is not the redirect address", Repair: "copy the whole address bar"})
	e := b.entry(wordPasteHint)
	e.SetText("http://127.0.0.1:53917/callback?code=1&state=x")
	// A newer version of the same phase must not take the text away.
	b.f.move(func(*agent.Flow) {})
	b.press(wordPasteUse)
	b.calls("paste flow-1 http://127.0.0.1:53917/callback?code=1&state=x")
	b.sees("That is not the redirect address. Copy the whole address bar.")
	if got := b.entry(wordPasteHint).Text; got == "" {
		t.Error("the address pasted is gone")
	}
}

func TestFlowWithoutListenerPastes(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) { f.Listening = false })
	b.sees(wordPasteText)
}

func TestFlowCancel(t *testing.T) {
	b := reconnecting(t)
	b.press(wordCancel)
	b.calls("cancel flow-1")
	if b.u.flow != nil {
		t.Error("the dialog is still open")
	}
}

func TestFlowChoose(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) {
		f.Phase = agent.PhaseChoosing
		f.Candidates = []platform.Identity{{ProviderID: "p1", Name: "Shop", Kind: "page"}, {ProviderID: "p2", Name: "News", Kind: "page"}}
	})
	b.sees(wordChoose)
	b.press(wordConnect)
	b.sees("Tick at least one")
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*candidateTick); ok && c.Text == "News" {
			test.Tap(c)
		}
	})
	b.press(wordConnect)
	b.calls("choose flow-1 [p2]")
}

func TestFlowFailsInItsOwnWordsAndTriesAgain(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) {
		f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again"}
	})
	b.sees("The browser did not come back within 3 minutes.")
	if b.button("Add as a new account") != nil {
		t.Error("a timeout offers a new account")
	}
	b.press(wordTryAgain)
	b.until("a second attempt", func() bool { return strings.Count(strings.Join(b.f.called(), "\n"), "reconnect a1") == 2 })
	b.sees("Your browser has opened.")
}

func TestFlowWrongAccount(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) {
		f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindWrongAccount, Message: "You signed in as Bob. This account is Acme Shop. Nothing was changed."}
		f.SignedIn = "Bob"
	})
	b.sees("You signed in as Bob. This account is Acme Shop. Nothing was changed.")
	b.press("Add as a new account")
	b.calls("connect facebook")
}

func TestFlowThatCannotStart(t *testing.T) {
	b := open(t, "")
	b.f.fails("reconnect ", &platform.Error{Kind: platform.KindConfig, Message: "there is no app registration for facebook", Repair: "store one in Settings, Platforms"})
	b.u.reconnect("a1")
	b.sees("There is no app registration for facebook.")
	b.sees("Store one in Settings, Platforms.")
}

func TestConnectMastodon(t *testing.T) {
	b := open(t, PageConnect)
	b.tapTile("Mastodon")
	b.press(wordConnect)
	b.sees(wordServerBad)
	b.entry(wordServerHint).SetText("@acme@Mastodon.Social")
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok && c.Text == "Inbox" {
			test.Tap(c)
		}
	})
	b.press(wordConnect)
	b.calls("connect mastodon https://mastodon.social [publish analytics previews]")
	b.sees("Your browser has opened. Sign in to Mastodon and")
	b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"a6"} })
	b.sees("is connected; it does not expire.")
	b.press(wordClose)
	if b.u.connect != nil {
		t.Error("the connect page is still open")
	}
}

func TestConnectStoresTheRegistrationFirst(t *testing.T) {
	b := open(t, PageConnect)
	b.u.showConnectTo("linkedin")
	b.until("the form", func() bool { return b.u.connect.form.known && b.u.connect.form.app.usual != "" })
	f := b.u.connect.form
	b.press(wordConnect)
	b.sees("Enter the ")
	f.app.id.SetText(" 86abc ")
	f.app.secret.SetText("hush")
	b.press(wordConnect)
	b.calls("setapp linkedin  86abc true ")
	b.calls("connect linkedin  [publish]") // what needs an approval is not ticked
	if f.app.secret.Text != "" {
		t.Error("the secret is still in the field")
	}
	if f.appBox.Visible() {
		t.Error("the registration is asked for again")
	}
}

func TestConnectUsesTheStoredRegistration(t *testing.T) {
	b := openOn(t, sampleSnapshot(), PageConnect, func(f *fake, _ *Config) {
		f.apps = []platform.App{{Platform: "oidc", Server: "https://login.example.org", ID: "x"}}
	})
	b.u.showConnectTo("oidc")
	b.until("the registrations", func() bool { return b.u.connect.form.known })
	f := b.u.connect.form
	f.server.SetText("https://login.example.org/")
	if f.appBox.Visible() {
		t.Error("a stored registration is asked for")
	}
	f.server.SetText("https://other.example.org")
	if !f.appBox.Visible() {
		t.Error("a registration for another issuer is not asked for")
	}
}

func TestConnectEscGoesBack(t *testing.T) {
	b := open(t, PageConnect)
	b.u.showConnectTo("linkedin")
	b.u.typedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	b.sees("Mastodon")
	b.u.typedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if b.u.connect != nil || !b.u.accounts.content.Visible() {
		t.Error("Esc twice did not lead back to the accounts")
	}
}

// Typing narrows the platforms down; the keyboard reaches what is left.
func TestConnectSearch(t *testing.T) {
	b := open(t, PageConnect)
	b.sees("Nothing to register first")
	focused := func() fyne.Focusable { return b.window().Canvas().Focused() }
	search, ok := focused().(*finder)
	if !ok {
		t.Fatalf("the focus is on %T, not on the search", focused())
	}
	for _, r := range "insta" {
		search.TypedRune(r)
	}
	b.until("fewer platforms", func() bool { return b.shows("Instagram") && !b.shows("Mastodon") })
	if b.shows("Nothing to register first") {
		t.Error("the heading of a group with nothing in it is shown")
	}
	search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	first, ok := focused().(*tile)
	if !ok || first.name != "Instagram" {
		t.Fatalf("Down went to %T", focused())
	}
	first.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	if second, ok := focused().(*tile); !ok || second.name != "Instagram (through Facebook)" {
		t.Fatalf("Down went to %v", focused())
	}
	first.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	if focused() != search {
		t.Error("Up from the first did not lead to the field")
	}
	first.TypedRune('x') // typing on a tile goes on in the field
	b.sees("No platform matches.")
	if search.Text != "instax" || focused() != search {
		t.Errorf("typed %q", search.Text)
	}
	search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if search.Text != "" || b.u.connect == nil {
		t.Error("Esc did not empty the field first")
	}
	search.SetText("masto")
	search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.entry(wordServerHint)
	b.u.showConnect()
	focused().(*finder).TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if b.u.connect.form != nil {
		t.Error("Enter took a platform that nobody had searched for")
	}
	focused().(*finder).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if b.u.connect != nil {
		t.Error("Esc in the empty field did not leave")
	}
}

// What will be asked for is said in words, with the platform's own names behind.
func TestConnectSaysWhatIsAsked(t *testing.T) {
	b := open(t, PageConnect)
	b.u.showConnectTo("facebook")
	b.sees("publish on your pages (pages_manage_posts)")
	b.sees("Always asked for")
	b.sees("see which pages you manage (pages_show_list)")
	b.u.showConnectTo("linkedin")
	b.sees("Tick it only when LinkedIn has approved your app for it")
	b.u.showConnectTo("telegram")
	if b.shows("Always asked for") {
		t.Error("a bot token is asked for permissions")
	}
}

// candidates makes n pages to choose from.
func candidates(n int) []platform.Identity {
	out := make([]platform.Identity, n)
	for i := range out {
		out[i] = platform.Identity{ProviderID: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("Page %d", i), Kind: "page"}
	}
	return out
}

func TestFlowChooseMany(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) {
		f.Phase, f.Candidates = agent.PhaseChoosing, candidates(12)
		f.Candidates[3].ProviderID = "1a1" // Acme Shop's own
	})
	b.sees("0 of 12 selected")
	b.sees("page · connected already")
	search, ok := b.window().Canvas().Focused().(*finder)
	if !ok {
		t.Fatalf("the focus is on %T, not on the search", b.window().Canvas().Focused())
	}
	search.SetText("page 1") // 1, 10 and 11
	b.sees("0 of 12 selected, 3 shown")
	b.press("Select all")
	b.sees("3 of 12 selected, 3 shown")
	search.SetText("")
	b.sees("3 of 12 selected")
	search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	first, ok := b.window().Canvas().Focused().(*candidateTick)
	if !ok || first.Text != "Page 0" {
		t.Fatalf("Down went to %v", b.window().Canvas().Focused())
	}
	first.TypedRune(' ')
	b.sees("4 of 12 selected")
	first.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	if b.window().Canvas().Focused() != search {
		t.Error("Up from the first did not lead to the field")
	}
	b.press("Select none")
	first.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.sees("Tick at least one, or choose later: then the account stays unfinished")
	first.TypedRune(' ')
	if b.shows("Tick at least one") {
		t.Error("the problem stays when it is mended")
	}
	first.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.calls("choose flow-1 [p0]")
}

// Choosing none leaves the account unfinished, and says so.
func TestFlowChooseLater(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) { f.Phase, f.Candidates = agent.PhaseChoosing, candidates(2) })
	b.press(wordChooseLater)
	b.calls("choose flow-1 []")
	b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"a3"} })
	b.sees("Not finished")
	b.sees("choose a page to finish")
	if slices.Contains(b.texts(), wordConnected) {
		t.Error("an account that is not finished is called connected")
	}
}

// The registration is tried before it is stored, and it is said what was not.
func TestAppFormTest(t *testing.T) {
	b := open(t, PageConnect)
	b.u.showConnectTo("linkedin")
	b.until("the form", func() bool { return b.u.connect.form.known && b.u.connect.form.app.usual != "" })
	f := b.u.connect.form.app
	b.press("Test")
	b.sees("Enter the Client ID.")
	f.id.SetText(" 86abc ")
	if b.shows("Enter the Client ID.") {
		t.Error("a result stays when the form has changed")
	}
	b.press("Test")
	b.sees("Enter the Primary Client Secret.")
	f.secret.SetText("hush")
	b.f.mu.Lock()
	b.f.tried = []agent.Finding{
		{Name: "app", Level: agent.LevelFail, Text: "LinkedIn does not know this client id and secret.", Repair: "copy both again from the platform's console"},
		{Name: "redirect", Level: agent.LevelOK, Text: "Port 53917 is free for the browser to come back to."},
		{Name: "rest", Level: agent.LevelUntested, Text: "Only a sign-in shows whether your app may ask for everything."},
	}
	b.f.mu.Unlock()
	b.press("Test")
	b.calls("testapp linkedin  86abc true ")
	b.sees("Wrong: LinkedIn does not know this client id and secret.")
	b.sees("Copy both again from the platform's console.")
	b.sees("Tested: Port 53917 is free")
	b.sees("Not tested: Only a sign-in shows")
	for _, s := range b.texts() {
		if strings.Contains(s, "hush") {
			t.Error("the secret is on the screen")
		}
	}
	for _, c := range b.f.called() {
		if strings.HasPrefix(c, "setapp") {
			t.Error("it was stored by testing it")
		}
	}
	b.f.fails("testapp ", &platform.Error{Kind: platform.KindAgent, Message: "the agent went away", Repair: "try again"})
	f.secret.SetText("other")
	b.press("Test")
	b.sees("The agent went away. Try again.")
}

// An issuer may give a code for another device, which the person asks for.
func TestConnectByDevice(t *testing.T) {
	b := openOn(t, sampleSnapshot(), PageConnect, func(f *fake, _ *Config) {
		f.apps = []platform.App{{Platform: "oidc", Server: "https://login.example.org", ID: "x"}}
	})
	b.u.showConnectTo("oidc")
	b.until("the registrations", func() bool { return b.u.connect.form.known })
	b.u.connect.form.server.SetText("https://login.example.org")
	for _, r := range b.radios() {
		r.SetSelected(r.Options[1])
	}
	b.press(wordConnect)
	b.calls("connect oidc https://login.example.org")
	if !b.f.connected().Device {
		t.Error("no device code was asked for")
	}
}

// R brings back all that are marked, none of them need be chosen.
func TestReconnectMarked(t *testing.T) {
	b := openOn(t, brandSnapshot(1), PageAccounts, nil)
	b.until("the accounts", func() bool { return b.u.view != nil })
	b.u.mark("b3", true)
	b.u.mark("b4", true)
	b.rune('r')
	b.sees("1 of 2")
}

// What the browser will ask, or why the address must be pasted, is said while it is waited for.
func TestFlowSaysItsNotes(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) {
		f.Notes = []string{"the browser will say once that it does not know this computer's own certificate"}
	})
	b.sees("The browser will say once that it does not know this computer's own certificate.")
	b.f.move(func(f *agent.Flow) { f.Listening, f.Notes = false, []string{"port 53917 is taken by another program"} })
	b.sees("Port 53917 is taken by another program.")
	b.entry(wordPasteHint)
}
