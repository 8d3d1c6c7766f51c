package window

import (
	"encoding/json"
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"relink/app/agent"
	"relink/assets"
	"relink/platform"
)

// speak makes the test's process speak a language, until the test ends; the
// test is skipped where its letters cannot be written.
func speak(t testing.TB, tag string) {
	t.Helper()
	if _, ok := lettersFor(tag, systemFonts); !ok {
		t.Skipf("skipped: needs a font with the letters of %q, such as fonts-ipafont-gothic", tag)
	}
	if err := told(t)(tag); err != nil {
		t.Fatal(err)
	}
}

// told is a Config.Language that reads the catalogues, until the test ends.
func told(t testing.TB) func(string) error {
	t.Cleanup(func() { platform.SetCatalogue(nil) })
	return func(tag string) error {
		if tag == "en" {
			platform.SetCatalogue(nil)
			return nil
		}
		var c platform.Catalogue
		if err := json.Unmarshal([]byte(assets.Language(tag)), &c); err != nil || c.Tag != tag {
			return fmt.Errorf("language %q: %q, %w", tag, c.Tag, err)
		}
		platform.SetCatalogue(&c)
		return nil
	}
}

func TestLanguageChangesInAnOpenWindow(t *testing.T) {
	rows := office(60)
	seq := uint64(1)
	in := func(tag string) *agent.Snapshot {
		seq++
		return agent.NewSnapshot(agent.Snapshot{Seq: seq, At: now, Language: tag}, rows)
	}
	b := openOn(t, in("en"), "", func(_ *fake, c *Config) { c.Language = told(t) })
	b.until("the rows", func() bool { return b.u.view != nil && len(b.u.list.rows) == 60 })
	b.u.setOrder(orderName)
	b.until("the order", func() bool { return b.u.view.query.order == orderName })
	b.u.list.ScrollToOffset(20*b.u.list.pitch() + 10)
	top, chosen := b.u.list.top(), b.u.list.rows[22].Account.ID
	b.u.choose(chosen)
	b.u.mark(b.u.list.rows[21].Account.ID, true)
	b.sees("1 selected")
	b.u.openSettings(PageSettings)
	b.u.settings.tabs.SelectIndex(3)

	b.f.publish(in("de"))
	b.until("the language", func() bool { return b.u.asks == "de" })
	if at := b.u.settings.tabs.SelectedIndex(); at != 3 {
		t.Errorf("the settings are on page %d, want 3", at)
	}
	b.u.settings.win.Close()
	b.sees("1 ausgewählt")
	b.sees("Was funktioniert")
	if b.shows("What works") || b.shows("Reconnect") {
		t.Errorf("English is still on the screen: %q", b.texts())
	}
	if got := b.u.list.top(); got != top || b.u.selected != chosen || b.u.order != orderName || len(b.u.marks) != 1 {
		t.Errorf("top %q, chosen %q, order %q, %d marked; want %q, %q, name, 1", got, b.u.selected, b.u.order, len(b.u.marks), top, chosen)
	}
	b.u.unmark()
	b.u.win.Canvas().Focus(b.u.accounts.search)
	b.u.accounts.search.SetText("abgelaufen")
	b.until("what has ended, by its German word", func() bool { return b.u.view.query.search != "" && len(b.u.list.rows) > 0 && len(b.u.list.rows) < 60 })
	n := len(b.u.list.rows)
	b.f.publish(in("fr"))
	b.sees("Bientôt finis")
	if b.u.accounts.search.Text != "abgelaufen" || b.u.search != "abgelaufen" {
		t.Errorf("the search is %q, %q", b.u.accounts.search.Text, b.u.search)
	}
	b.u.accounts.search.SetText("expiré")
	b.until("the same by their French word", func() bool { return len(b.u.list.rows) == n })

	b.u.showNotices()
	b.f.publish(in("en"))
	b.sees(wordNotices)
	b.key(fyne.KeyEscape)
	b.sees("What works")
}

// Fyne's own menus speak the language chosen, whatever the system's is.
func TestFyneSpeaksToo(t *testing.T) {
	rows := sampleRows()
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{Seq: 1, Language: "en"}, rows), "", func(_ *fake, c *Config) { c.Language = told(t) })
	for i, c := range [][2]string{{"fr", "Couper"}, {"de", "Ausschneiden"}, {"en", "Cut"}} {
		b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: uint64(i + 2), Language: c[0]}, rows))
		b.until("the language", func() bool { return b.u.asks == c[0] })
		if got := lang.L("Cut"); got != c[1] {
			t.Errorf("in %s Fyne says %q", c[0], got)
		}
	}
}
