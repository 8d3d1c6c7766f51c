package window

import (
	"fmt"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"relink/app/agent"
	"relink/assets"
	"relink/platform"
)

// office is what a person with n accounts has: every platform, every state,
// names as people give them.
func office(n int) []*agent.Row {
	r := rand.New(rand.NewPCG(11, 40))
	brands := []string{"Acme Shop", "Acme News", "Blue Door Café", "Nordlicht Reisen", "Müller & Söhne", "Kita Sonnenschein", "Hotel Bellevue", "Radwerk",
		"Studio Lumen", "Stadtbibliothek", "Ocean Rescue", "شركة أكمي", "日本語の会社", "Großhandelsgesellschaft Süddeutschland mbH", "Füchse 🦊", "Yoga Now", "Tiny Bakery", "Fjord Tours", "Museum of Tools", "Velo Club"}
	labels := [][]string{nil, {"Client A"}, {"Client A", "paid"}, {"Client B"}, {"In-house"}, nil}
	var ids []string
	for _, p := range platform.All() {
		ids = append(ids, p.ID)
	}
	var out []*agent.Row
	for i := range n {
		id := ids[i%len(ids)]
		brand := brands[(i*7)%len(brands)]
		a := platform.Account{ID: fmt.Sprintf("o%04d", i), Platform: id, ProviderID: fmt.Sprint(i), Alias: fmt.Sprintf("brand-%02d", i), Name: brand,
			Handle: fmt.Sprintf("@brand%02d", i), Labels: labels[r.IntN(len(labels))], Owner: "Erin Example", LastUsed: now.Add(-time.Duration(r.IntN(200)) * time.Hour)}
		if p, err := platform.Lookup(id); err == nil && p.Site != platform.SiteNone {
			a.Server = "https://" + []string{"mastodon.social", "social.example", "login.example.org"}[r.IntN(3)]
		}
		scopes := []string(nil)
		if p, err := platform.Lookup(id); err == nil {
			scopes = append(scopes, p.Scopes...)
			for _, need := range p.Needs {
				if !need.Approval || i%3 == 0 {
					scopes = append(scopes, need.Scopes...)
				}
			}
		}
		g := platform.Grant{Generation: 1 + r.IntN(4), Scopes: scopes}
		life := []time.Duration{60 * dayLong, 90 * dayLong}[i%2]
		left := time.Duration(1+r.IntN(int(life/dayLong))) * dayLong
		switch i % 13 {
		case 2:
			left = -time.Duration(1+r.IntN(50)) * time.Hour
		case 5:
			left = time.Duration(5+r.IntN(140)) * time.Hour
		case 7:
			g.Fault = platform.Fault{Code: "190/460", Definite: true, Count: 1, First: now.Add(-dayLong), Last: now.Add(-dayLong)}
		case 9:
			a.ProviderID, g = "", platform.Grant{Generation: 1}
		case 11:
			g.Clocks = []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceNever, Since: now.Add(-50 * dayLong)}}
		case 12:
			left, a.LastUsed, a.Idle = 40*dayLong, now.Add(-95*dayLong), 90*dayLong
		}
		if g.Clocks == nil && a.ProviderID != "" && !(id == "oidc" && i%5 == 0) {
			g.Clocks = []platform.Clock{clockAt(platform.ClockAccess, []platform.Source{platform.SourceProvider, platform.SourceAssumed}[r.IntN(2)], left, life)}
			if id == "facebook" {
				g.Clocks = append(g.Clocks, clockAt(platform.ClockDataAccess, platform.SourceIntrospected, left+9*dayLong, 90*dayLong))
			}
		}
		row := sampleRow(a, g)
		if i == 17 {
			down := *row
			down.UnreachableSince = now.Add(-40 * time.Minute)
			row = &down
		}
		out = append(out, row)
	}
	return out
}

// TestShots draws the screens into the directory RELINK_SHOTS, to be looked at,
// in the language RELINK_SHOTS_LANG.
func TestShots(t *testing.T) {
	dir := os.Getenv("RELINK_SHOTS")
	if dir == "" {
		t.Skip("skipped: needs RELINK_SHOTS, a directory for the pictures")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	tags := append([]string{"en"}, assets.Languages()...)
	if tag := os.Getenv("RELINK_SHOTS_LANG"); tag != "" {
		tags = []string{tag}
	}
	for _, tag := range tags {
		for _, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
			for _, s := range shots {
				for _, text := range []int{textUsual, textMost} {
					name := fmt.Sprintf("%s-%s-%s-%d", s.name, tag, map[fyne.ThemeVariant]string{theme.VariantLight: "light", theme.VariantDark: "dark"}[variant], text)
					t.Run(name, func(t *testing.T) {
						speak(t, tag)
						shoot(t, s, variant, text, filepath.Join(dir, name+".png"))
					})
				}
			}
		}
	}
}

// screen brings one of the screens up.
func (s shot) screen(t *testing.T, variant fyne.ThemeVariant, text int) *bench {
	t.Helper()
	n := 40
	if s.accounts != 0 {
		n = max(0, s.accounts)
	}
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{}, office(n)), s.page, func(f *fake, cfg *Config) { furnish(f, cfg) })
	b.f.notices = sampleNotices()
	b.u.variant = func(t fyne.Theme) fyne.Theme { return &variantLook{t, variant} }
	b.u.memory.Text = text
	b.u.applyText()
	b.until("the first snapshot", func() bool { return b.u.snap != nil && (b.u.accounts == nil || b.u.view != nil) })
	if s.act != nil {
		s.act(b)
	}
	if len(b.u.popups) > 0 {
		b.window().Resize(popupSize())
	}
	if s.size.Width > 0 {
		b.window().Resize(s.size)
	}
	for range 20 {
		b.pump()
		time.Sleep(2 * time.Millisecond)
	}
	w := b.window()
	// A real window is never smaller than what it holds.
	size := w.Canvas().Size().Max(w.Content().MinSize())
	w.Resize(size.AddWidthHeight(1, 0))
	w.Resize(size)
	return b
}

// shoot draws one screen into a file.
func shoot(t *testing.T, s shot, variant fyne.ThemeVariant, text int, file string) {
	w := s.screen(t, variant, text).window()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, w.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// onPage shows a page of the settings with something on it, and presses buttons there.
func onPage(word string, press ...string) func(*bench) {
	return func(b *bench) {
		b.until("the settings", func() bool { return b.u.settings.saved.Port != 0 })
		b.u.settings.page(word)
		for range 20 {
			b.pump()
			time.Sleep(2 * time.Millisecond)
		}
		for _, p := range press {
			b.press(platform.T(p))
		}
	}
}

// sampleTried is what came of trying a registration.
func sampleTried() []agent.Finding {
	return []agent.Finding{
		{Name: "app", Level: agent.LevelFail, Text: platform.T("%s does not know this client id and secret.", "Facebook"), Repair: platform.T("copy both again from the platform's console")},
		{Name: "redirect", Level: agent.LevelOK, Text: platform.T("Port %d is free for the browser to come back to.", 53917)},
		{Name: "rest", Level: agent.LevelUntested, Text: platform.T("Only a sign-in shows whether %s is registered there exactly so, and whether your app may ask for everything.", "http://localhost:53917/callback")},
	}
}

// shotFlow starts a sign-in for the first account and brings it to where change puts it.
func (b *bench) shotFlow(change func(*agent.Flow)) {
	id := b.u.view.rows[0].Account.ID
	b.u.reconnect(id)
	b.calls("reconnect " + id)
	b.f.move(change)
}

func (l *variantLook) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return l.Theme.Color(n, l.variant)
}

// variantLook is the theme with one variant, whatever the system's.
type variantLook struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

type shot struct {
	name, page string
	accounts   int // 0: forty; less: none
	size       fyne.Size
	act        func(*bench)
}

var shots = []shot{
	{name: "list", page: PageAccounts},
	{name: "connect-bluesky", page: PageConnect, act: func(b *bench) { b.tapTile("Bluesky") }},
	{name: "connect-threads", page: PageConnect, act: func(b *bench) { b.tapTile("Threads") }},
	{name: "connect-platforms", page: PageConnect},
	{name: "connect-search", page: PageConnect, act: func(b *bench) { b.window().Canvas().Focused().(*finder).SetText("inst") }},
	{name: "connect-facebook", page: PageConnect, act: func(b *bench) {
		b.u.showConnectTo("facebook")
		b.until("the form", func() bool { return b.u.connect.form.known && b.u.connect.form.app.usual != "" })
		b.u.connect.form.app.id.SetText("123456")
		b.u.connect.form.app.secret.SetText("hush")
		b.f.tried = sampleTried()
		b.press(platform.T("Test"))
		b.until("the result", func() bool { return len(b.u.connect.form.app.result.Objects) > 1 })
	}},
	{name: "connect-facebook-end", page: PageConnect, act: func(b *bench) {
		b.u.showConnectTo("facebook")
		b.until("the form", func() bool { return b.u.connect.form.known && b.u.connect.form.app.usual != "" })
		b.pump()
		b.u.connect.scroll.ScrollToBottom()
	}},
	{name: "flow-waiting", page: PageAccounts, act: func(b *bench) { b.shotFlow(func(*agent.Flow) {}) }},
	{name: "flow-choose", page: PageAccounts, act: func(b *bench) {
		b.shotFlow(func(f *agent.Flow) {
			f.Phase, f.Candidates = agent.PhaseChoosing, candidates(12)
			f.Candidates[2].Handle, f.Candidates[3].Name = "@shop", "Großhandelsgesellschaft Süddeutschland mbH"
		})
	}},
	{name: "flow-queue", page: PageAccounts, act: func(b *bench) {
		b.u.reconnectAll()
		b.calls("reconnect ")
	}},
	{name: "flow-less", page: PageAccounts, act: func(b *bench) {
		b.shotFlow(func(f *agent.Flow) {
			f.Phase, f.Candidates = agent.PhaseChoosing, candidates(1)
			f.Less = []agent.Loss{{Title: "Facebook · Acme Shop", Capability: platform.Publish, Missing: []string{"pages_manage_posts", "pages_read_engagement"}}, {Title: "Facebook · Acme Shop", Capability: platform.Analytics, Missing: []string{"read_insights"}}}
		})
	}},
	{name: "flow-failed", page: PageAccounts, act: func(b *bench) {
		b.u.reconnectAll()
		b.calls("reconnect ")
		b.f.move(func(f *agent.Flow) {
			f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again"}
		})
	}},
	{name: "flow-device-narrow", page: PageAccounts, size: fyne.NewSize(420, 720), act: func(b *bench) {
		b.window().Resize(fyne.NewSize(420, 720))
		b.shotFlow(func(f *agent.Flow) {
			f.URL, f.UserCode, f.Listening = "https://www.twitch.tv/activate?device-code=WDJBMJHT", "WDJB-MJHT", false
		})
	}},
	{name: "flow-choose-narrow", page: PageAccounts, size: fyne.NewSize(420, 720), act: func(b *bench) {
		b.window().Resize(fyne.NewSize(420, 720))
		b.shotFlow(func(f *agent.Flow) { f.Phase, f.Candidates = agent.PhaseChoosing, candidates(12) })
	}},
	{name: "flow-device", page: PageAccounts, act: func(b *bench) {
		b.shotFlow(func(f *agent.Flow) {
			f.URL, f.UserCode, f.Listening = "https://www.twitch.tv/activate?device-code=WDJBMJHT", "WDJB-MJHT", false
		})
	}},
	{name: "connect-telegram", page: PageConnect, act: func(b *bench) { b.tapTile("Telegram") }},
	{name: "detail", page: "account:o0002"},
	{name: "detail-limited", page: "account:o0004"},
	{name: "bulk", page: PageAccounts, act: func(b *bench) {
		for _, r := range b.u.list.rows[1:4] {
			b.u.mark(r.Account.ID, true)
		}
	}},
	{name: "labels", page: "account:o0002", act: func(b *bench) { b.u.editLabels([]string{"o0002", "o0003", "o0004"}) }},
	{name: "keys", page: PageAccounts, act: func(b *bench) { b.u.showKeys() }},
	{name: "menu", page: PageAccounts, act: func(b *bench) { b.u.popMenu(b.u.accounts.order, b.u.menuItems()...) }},
	{name: "notices", page: PageNotices},
	{name: "popup", page: "popup:o0002"},
	{name: "rehearsal", page: "rehearsal:o0002"},
	{name: "rename", page: "account:o0002", act: func(b *bench) { b.u.accounts.detail.rename() }},
	{name: "disconnect", page: "account:o0002", act: func(b *bench) { b.u.accounts.detail.disconnect() }},
	{name: "passphrase", page: PageAccounts, act: func(b *bench) { b.u.passphrase(b.u.win, true) }},
	{name: "banners", page: PageAccounts, act: func(b *bench) {
		b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: 2, Paused: now.Add(20 * time.Hour)}, office(40)))
		b.u.setAway(true)
		b.u.check(nil)
	}},
	{name: "medium", page: PageAccounts, size: fyne.NewSize(860, 640)},
	{name: "narrow", page: PageAccounts, size: fyne.NewSize(420, 720)},
	{name: "narrow-detail", page: "account:o0002", size: fyne.NewSize(420, 720)},
	{name: "text80", page: PageAccounts, act: func(b *bench) { b.u.resizeText(-20) }},
	{name: "settings", page: PageSettings},
	{name: "settings-mail", page: PageSettings, act: onPage(wordChannels)},
	{name: "settings-platforms", page: PageSettings, act: onPage(wordPlatforms)},
	{name: "settings-app", page: PageSettings, act: func(b *bench) {
		onPage(wordPlatforms)(b)
		b.pressFirst(platform.T(wordEdit))
	}},
	{name: "settings-general", page: PageSettings, act: onPage(wordGeneral)},
	{name: "settings-browser", page: PageSettings, act: onPage(wordBrowserPage)},
	{name: "settings-security", page: PageSettings, act: onPage(wordSecurity)},
	{name: "settings-scripts", page: PageSettings, act: onPage(wordScripts)},
	{name: "settings-data", page: PageSettings, act: onPage(wordData)},
	{name: "settings-backup", page: PageSettings, act: onPage(wordData, wordBackUp)},
	{name: "settings-restore", page: PageSettings, act: func(b *bench) {
		onPage(wordData)(b)
		b.u.settings.data.restoreIt("/home/acme/Downloads/relink-2026-11-20.age", "", agent.Archive{At: now.Add(-50 * time.Hour), Accounts: map[string]int{"facebook": 3, "linkedin": 2}, Apps: 2})
	}},
	{name: "settings-delete", page: PageSettings, act: onPage(wordData, wordDeleteAll)},
	{name: "empty", page: PageAccounts, accounts: -1},
	{name: "about", page: PageAbout},
}

// TestScreensFit: on no screen and in no dialog does anything lie over anything
// else, in a language whose words are long with the largest text, and in one whose
// letters are of another font.
func TestScreensFit(t *testing.T) {
	for tag, text := range map[string]int{"de": textMost, "ja": textUsual} {
		for _, s := range shots {
			t.Run(s.name+"-"+tag, func(t *testing.T) {
				speak(t, tag)
				b := s.screen(t, theme.VariantLight, text)
				w := b.window()
				size := w.Canvas().Size()
				for range 3 { // words that wrap know their height only after their width
					w.Resize(size.AddWidthHeight(1, 0))
					w.Resize(size)
					w.Content().Refresh()
					for _, o := range w.Canvas().Overlays().List() {
						o.Refresh()
					}
				}
				if bad := overlaps(w); len(bad) > 0 {
					t.Errorf("%s", bad[0])
				}
			})
		}
	}
}
