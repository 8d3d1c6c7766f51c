package window

import (
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
	b.sees(wordChooseNone)
	b.seen(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok && strings.HasPrefix(c.Text, "News") {
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
