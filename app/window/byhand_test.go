package window

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// password finds an entry that hides what is typed.
func (b *bench) password() *widget.Entry {
	b.t.Helper()
	var found *widget.Entry
	b.until("a field for the secret", func() bool {
		for _, e := range b.entries() {
			if e.Password {
				found = e
			}
		}
		return found != nil
	})
	return found
}

// entries are the plain entries on the screen.
func (b *bench) entries() []*widget.Entry {
	var out []*widget.Entry
	b.seen(func(o fyne.CanvasObject) {
		if e, ok := o.(*widget.Entry); ok {
			out = append(out, e)
		}
		if e, ok := o.(*fieldEntry); ok {
			out = append(out, &e.Entry)
		}
	})
	return out
}

func (b *bench) radios() []*widget.RadioGroup {
	var out []*widget.RadioGroup
	b.seen(func(o fyne.CanvasObject) {
		if r, ok := o.(*widget.RadioGroup); ok {
			out = append(out, r)
		}
	})
	return out
}

// A bot's token is asked for, shown to nobody, and handed over.
func TestConnectByHand(t *testing.T) {
	b := open(t, PageConnect)
	b.tapTile("Telegram")
	b.sees("BotFather") // at once: there is nothing else to ask
	if b.shows(wordAppTitle) {
		t.Error("a bot token needs no app registration")
	}
	b.press(wordConnect)
	b.sees("Enter the bot token.")
	b.password().SetText(" 1:hush ")
	b.press(wordConnect)
	b.calls("connect telegram")
	if r := b.f.connected(); r.Secret != "1:hush" {
		t.Errorf("handed over: %v", r.Secret == "1:hush")
	}
	if strings.Contains(strings.Join(b.texts(), " "), "hush") {
		t.Error("the token is on the screen")
	}
}

// Where there are two ways in, the person chooses, and is told what each lasts.
func TestConnectBluesky(t *testing.T) {
	b := open(t, PageConnect)
	b.tapTile("Bluesky")
	b.sees("90 days after the last use")
	b.entry(wordHandleHint).SetText("not a handle")
	b.press(wordConnect)
	b.sees(wordHandleBad)
	b.entry(wordHandleHint).SetText("@Acme.bsky.social")
	for _, r := range b.radios() {
		r.SetSelected(r.Options[1])
	}
	b.pressFirst(wordConnect)
	b.password().SetText("aaaa-bbbb-cccc-dddd")
	b.press(wordConnect)
	b.calls("connect bluesky acme.bsky.social")
	if r := b.f.connected(); r.Login != "acme.bsky.social" || r.Secret == "" {
		t.Errorf("login %q, a secret: %v", r.Login, r.Secret != "")
	}
}

// A code for another device is shown large, with no browser waited for.
func TestFlowDevice(t *testing.T) {
	b := reconnecting(t)
	b.f.move(func(f *agent.Flow) {
		f.URL, f.UserCode, f.Listening = "https://www.twitch.tv/activate", "WDJB-MJHT", false
	})
	b.sees("WDJB-MJHT")
	b.press(wordCopyCode)
	if got := b.app.Clipboard().Content(); got != "WDJB-MJHT" {
		t.Errorf("clipboard = %q, want the code", got)
	}
	if b.button(wordPasteUse) != nil {
		t.Error("an address is to be pasted")
	}
}

func TestNoAppFirst(t *testing.T) {
	last := true
	order := platformsInOrder()
	if !order[len(order)-1].Legacy {
		t.Error("what gives nothing new out does not come last")
	}
	for _, p := range order {
		if !p.Legacy && needsNoApp(p) && !last {
			t.Errorf("%s needs no app registration and comes after some that do", p.ID)
		}
		last = needsNoApp(p)
	}
	if p, err := platform.Lookup("telegram"); err != nil || !needsNoApp(p) {
		t.Error("Telegram needs no app registration")
	}
}
