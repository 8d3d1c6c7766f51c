package window

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

func ids(rows []*agent.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.Account.ID)
	}
	return out
}

// labelled are the sample rows, some with labels.
func labelled() []*agent.Row {
	rows := sampleRows()
	for i, labels := range [][]string{{"Client A"}, {"Client A", "paid"}, nil, {"client B"}} {
		r := *rows[i]
		r.Account.Labels = labels
		rows[i] = &r
	}
	return rows
}

func openLabelled(t *testing.T) *bench {
	t.Helper()
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{}, labelled()), "", nil)
	b.until("the rows", func() bool { return b.u.view != nil && len(b.u.list.rows) == 9 })
	return b
}

func TestOrders(t *testing.T) {
	rows := labelled()
	snap := agent.NewSnapshot(agent.Snapshot{}, rows)
	for order, want := range map[string][]string{
		orderName:     {"a6", "a4", "a5", "a8", "a2", "a1", "a3", "a7", "a9"},
		orderPlatform: {"a2", "a1", "a3", "a4", "a5", "a6", "a8", "a7", "a9"},
	} {
		got := ids(buildView(snap, query{order: order}, now).rows)
		// Rows of one name stay worst first; which of them that is decides the agent.
		if order == orderName && slices.Index(got, "a8") < slices.Index(got, "a5") {
			i, j := slices.Index(got, "a8"), slices.Index(got, "a5")
			got[i], got[j] = got[j], got[i]
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %q = %q, want %q", order, got, want)
		}
	}
	ends := buildView(snap, query{order: orderEnd}, now).rows
	none := false
	var last time.Time
	for _, r := range ends {
		d := r.Status.Deadline
		if !d.Ends() {
			none = true
			continue
		}
		if none || d.At.Before(last) {
			t.Errorf("%s, which ends %v, is out of place in %q", r.Account.ID, d.At, ids(ends))
		}
		last = d.At
	}
}

func TestLabelFilters(t *testing.T) {
	b := openLabelled(t)
	b.tapTile("Client A")
	b.until("the label's accounts", func() bool {
		return slices.Equal(slices.Sorted(slices.Values(ids(b.u.list.rows))), []string{"a1", "a2"})
	})
	b.sees("Client A · 2")
	// The label goes with its last account; what is listed is then all again.
	b.f.publish(sampleSnapshot())
	b.until("all accounts", func() bool { return b.u.filter == filterAll && len(b.u.list.rows) == 9 })
}

func TestMarks(t *testing.T) {
	b := openLabelled(t)
	b.key(fyne.KeyDown)
	b.key(fyne.KeySpace)
	b.sees("1 selected")
	rows := b.u.list.rows
	var third *rowView
	b.seen(func(o fyne.CanvasObject) {
		if r, ok := o.(*rowView); ok && r.row == rows[3] {
			third = r
		}
	})
	third.MouseDown(&desktop.MouseEvent{Modifier: fyne.KeyModifierShift})
	third.Tapped(&fyne.PointEvent{Position: fyne.NewPos(200, 10)})
	b.sees("4 selected")
	third.MouseDown(&desktop.MouseEvent{Modifier: fyne.KeyModifierShortcutDefault})
	third.Tapped(&fyne.PointEvent{Position: fyne.NewPos(200, 10)})
	b.sees("3 selected")
	third.Tapped(&fyne.PointEvent{Position: fyne.NewPos(20, 10)}) // on its tick
	b.sees("4 selected")
	want := ids(rows[:4])
	if got := b.u.markedIDs(); !slices.Equal(got, want) {
		t.Errorf("marked %q, want %q", got, want)
	}
	if b.u.selected != rows[0].Account.ID {
		t.Errorf("marking chose %q", b.u.selected)
	}
	press := func(word string) {
		t.Helper()
		walk(b.u.accounts.bulk, func(o fyne.CanvasObject) {
			if btn, ok := o.(*pushButton); ok && btn.Text == word {
				test.Tap(btn)
			}
		})
	}
	press(wordCheck)
	b.calls("check " + fmt.Sprint(want))
	press(wordSnooze)
	b.menu("Tomorrow")
	for _, id := range want {
		b.calls("later " + id + " tomorrow")
	}
	press(wordReconnect)
	b.calls("reconnect ")
	b.key(fyne.KeyEscape)
	b.until("the flow to close", func() bool { return b.u.flow == nil })
	// An account that goes takes its mark along.
	b.f.publish(b.u.snap.With(agent.Snapshot{}, nil, want[:1]))
	b.sees("3 selected")
	b.u.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyA, Modifier: ctrl})
	b.sees("8 selected")
	b.key(fyne.KeyEscape)
	b.until("no marks", func() bool { return len(b.u.marks) == 0 && !b.shows("selected") })
}

func TestLabelsOfSeveral(t *testing.T) {
	b := openLabelled(t)
	b.u.mark("a1", true)
	b.u.mark("a4", true)
	b.press(wordLabels + "…")
	tick := func(text string) *widget.Check {
		t.Helper()
		var out *widget.Check
		b.seen(func(o fyne.CanvasObject) {
			if c, ok := o.(*widget.Check); ok && c.Text == text {
				out = c
			}
		})
		if out == nil {
			t.Fatalf("no tick %q on the screen: %q", text, b.texts())
		}
		return out
	}
	if tick("Client A (1 of them has it)").Checked {
		t.Error("a label that one of two has is ticked")
	}
	test.Tap(tick("paid"))
	b.f.fails("label ", &platform.Error{Kind: platform.KindUsage, Message: "a label has at most 40 characters", Repair: "choose a shorter one"})
	b.entry(wordNewLabel).SetText("new, ")
	b.press(wordSave)
	b.sees("A label has at most 40 characters. Choose a shorter one.")
	b.f.fails("label ", nil)
	b.press(wordSave)
	b.calls("label a1 [Client A paid new]")
	b.calls("label a4 [client B paid new]")
	b.until("the dialog to close", func() bool { return b.u.win.Canvas().Overlays().Top() == nil })
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	b := openLabelled(t)
	b.u.exportTo = dir
	b.u.export(formatCSV)
	b.sees("Exported 9 accounts to " + filepath.Join(dir, "relink-accounts-2026-11-22.csv"))
	f, err := os.Open(filepath.Join(dir, "relink-accounts-2026-11-22.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 10 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, l := range lines[1:] {
		if l[0] == "mastodon/acme" && l[4] != "'@acme@mastodon.social" {
			t.Errorf("a spreadsheet takes %q for a formula", l[4])
		}
	}
	b.u.mark("a1", true)
	b.u.mark("a5", true)
	b.u.export(formatJSON)
	b.sees("Exported 2 accounts")
	data, err := os.ReadFile(filepath.Join(dir, "relink-accounts-2026-11-22.json"))
	var out []exported
	if err != nil || json.Unmarshal(data, &out) != nil || len(out) != 2 || out[0].Ref != "facebook/acme-shop" {
		t.Errorf("JSON: %s, %v", data, err)
	}
	// A file that is there is not written over.
	b.u.export(formatCSV)
	b.sees("relink-accounts-2026-11-22-2.csv")
	b.u.exportTo = filepath.Join(dir, "nowhere")
	b.u.export(formatCSV)
	b.sees("The accounts could not be exported. Check the room on the disk")
}

// A window opens as it was closed: size, filter, order, place, chosen account, size of text, page.
func TestMemory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "window.json")
	with := func(_ *fake, c *Config) { c.Memory = file }
	rows := office(200)
	for i, r := range rows {
		c := *r
		c.Account.Platform = []string{"facebook", "linkedin", "mastodon", "oidc"}[i%4]
		rows[i] = &c
	}
	snap := agent.NewSnapshot(agent.Snapshot{}, rows)
	b := openOn(t, snap, "", with)
	b.until("the rows", func() bool { return b.u.view != nil && len(b.u.list.rows) == 200 })
	b.u.win.Resize(fyne.NewSize(1111, 777))
	b.u.setOrder(orderName)
	b.u.setFilter("facebook")
	b.until("the filter", func() bool { return len(b.u.list.rows) == 50 })
	b.u.resizeText(textStep)
	b.u.list.ScrollToOffset(20 * b.u.list.pitch())
	top, chosen := b.u.list.rows[20].Account.ID, b.u.list.rows[23].Account.ID
	b.u.choose(chosen)
	b.u.win.Close()
	b.end()

	b = openOn(t, snap, "", with)
	b.until("the rows", func() bool { return b.u.view != nil && len(b.u.list.rows) == 50 })
	if got := b.u.win.Canvas().Size(); got != fyne.NewSize(1111, 777) {
		t.Errorf("size = %v", got)
	}
	if b.u.order != orderName || b.u.filter != "facebook" || b.u.selected != chosen || b.u.list.top() != top {
		t.Errorf("order %q, filter %q, chosen %q, top %q; want name, facebook, %q, %q", b.u.order, b.u.filter, b.u.selected, b.u.list.top(), chosen, top)
	}
	if got := theme.TextSize(); math.Abs(float64(got)-usualText*1.1) > 0.01 {
		t.Errorf("text of size %v, want 110 %%", got)
	}
	b.u.showNotices()
	b.u.win.Close()
	b.end()
	b = openOn(t, snap, "", with)
	if b.u.notices == nil {
		t.Error("the notices were shown last and are not shown again")
	}

	for name, data := range map[string]string{"half a file": `{"width":900`, "nonsense": `{"width":-3,"height":1e9,"text":9000,"filter":"gone"}`} {
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		b = openOn(t, snap, "", with)
		b.until("the rows in spite of "+name, func() bool { return b.u.view != nil && b.u.filter == filterAll && len(b.u.list.rows) == 200 })
	}
}

func TestTextSize(t *testing.T) {
	b := open(t, "")
	b.u.list.ScrollToOffset(2 * b.u.list.pitch())
	for range 20 {
		b.u.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyEqual, Modifier: ctrl})
	}
	if got := theme.TextSize(); got != 2*usualText {
		t.Errorf("the largest text is %v, want 200 %%", got)
	}
	if i := int(b.u.list.GetScrollOffset() / b.u.list.pitch()); i > 2 {
		t.Errorf("larger text moved the list from row 2 to row %d", i)
	}
	for range 20 {
		b.u.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyMinus, Modifier: ctrl})
	}
	if got, want := theme.TextSize(), float32(usualText)*0.8; got != want {
		t.Errorf("the smallest text is %v, want 80 %%", got)
	}
	b.u.shortcut(&desktop.CustomShortcut{KeyName: fyne.Key0, Modifier: ctrl})
	if got := theme.TextSize(); got != usualText {
		t.Errorf("the usual text is %v", got)
	}
}

// On a small window, or with large text, the account takes the list's place
// and Esc gives it back; the filters and the search stay in reach.
func TestNarrow(t *testing.T) {
	b := open(t, "")
	b.u.win.Resize(fyne.NewSize(420, 700))
	p := b.u.accounts.panes
	if !p.list.Visible() || p.right.Visible() || p.side.Visible() || !p.button.Visible() || !p.search.Visible() {
		t.Fatal("a narrow window does not show list, search and filters alone")
	}
	b.key(fyne.KeyDown)
	if p.list.Visible() || !p.right.Visible() || !b.shows("What works") {
		t.Error("the account chosen is not shown")
	}
	b.u.win.Canvas().Focus(nil)
	b.key(fyne.KeyEscape)
	if !p.list.Visible() || p.right.Visible() {
		t.Error("Esc does not lead back to the list")
	}
	test.Tap(b.u.accounts.filterButton)
	b.menu("LinkedIn · 2")
	b.until("the filter", func() bool { return len(b.u.list.rows) == 2 })
	b.u.win.Resize(fyne.NewSize(1300, 700))
	if !p.side.Visible() || !p.right.Visible() || p.button.Visible() {
		t.Error("a wide window does not show all three")
	}
}

func TestShortcutSheet(t *testing.T) {
	b := open(t, "")
	b.rune('?')
	for _, c := range commands() {
		b.sees(c.word)
		b.sees(signOf(c))
	}
	b.key(fyne.KeyEscape)
	if b.u.win.Canvas().Overlays().Top() != nil {
		t.Error("Esc does not close the sheet")
	}
	// Each key is one command's.
	seen := map[string]string{}
	for _, c := range commands() {
		if other := seen[signOf(c)]; other != "" {
			t.Errorf("%s is both %q and %q", signOf(c), other, c.word)
		}
		seen[signOf(c)] = c.word
	}
}

func TestNoticesPage(t *testing.T) {
	b := openOn(t, sampleSnapshot(), PageNotices, func(f *fake, _ *Config) { f.notices = sampleNotices() })
	b.sees("you put it off, 4 minutes later · by window at expiry and notification")
	b.sees("you closed it, 20 minutes later · by notification and mail")
	b.sees("you acted on it · by notification")
	b.sees("taken back, it was settled, 1 day 2 hours later")
	b.sees("Rehearsal: Mastodon · Acme")
	b.sees(wordToday)
	b.sees(wordYesterday)
	b.until("the accounts", func() bool { return b.u.view != nil })
	b.f.mu.Lock()
	b.f.notices = nil
	b.f.mu.Unlock()
	b.press(wordRefresh)
	b.sees(wordNoNotices)
	b.f.fails("notices", &platform.Error{Kind: platform.KindStorage, Message: "the disk is full", Repair: "make room"})
	b.press(wordRefresh)
	b.sees("The disk is full. Make room.")
	b.key(fyne.KeyEscape)
	if b.u.notices != nil || !b.shows("Acme GmbH") {
		t.Error("Esc does not lead back to the accounts")
	}
}

// A failed mail is told in spite of a notification that was shown.
func TestNoticeFailureIsTold(t *testing.T) {
	n := sampleNotices()[2:4]
	n[0].Became = agent.OutcomeShown
	b := openOn(t, sampleSnapshot(), PageNotices, func(f *fake, _ *Config) { f.notices = n })
	b.sees("not shown: The mail server refused the password; enter it again in Settings, Mail · by notification and mail")
}

func TestHorizonSpots(t *testing.T) {
	at := func(id string, d time.Duration, source platform.Source) *agent.Row {
		return sampleRow(platform.Account{ID: id, Platform: "linkedin", ProviderID: id, Alias: id}, platform.Grant{Clocks: []platform.Clock{clockAt(platform.ClockAccess, source, d, 100*dayLong)}})
	}
	size := fyne.NewSize(400, 100)
	scale := plotScale{now: now, zero: 20, day: 4, pitch: 10, base: 80}
	rows := []*agent.Row{at("over", -dayLong, platform.SourceProvider), at("soon", 3*dayLong, platform.SourceProvider), at("a", 40*dayLong, platform.SourceAssumed), at("b", 40*dayLong+time.Hour, platform.SourceProvider), at("last", 90*dayLong, platform.SourceProvider)}
	got := scale.spots(rows, size)
	if len(got) != 5 {
		t.Fatalf("%d marks for 5 deadlines", len(got))
	}
	if s := got[0]; s.shape != shapeOver || s.x >= scale.zero {
		t.Errorf("what is over: %+v, want a square left of now", s)
	}
	if s := got[1]; s.shape != shapeSoon || s.x <= scale.zero {
		t.Errorf("what ends soon: %+v, want a triangle right of now", s)
	}
	if a, b := got[2], got[3]; a.x != b.x || a.y-b.y != scale.pitch || !a.hollow || b.hollow {
		t.Errorf("two of one day are not stacked, or the assumed one is not hollow: %+v, %+v", a, b)
	}
	for _, s := range got {
		if s.x < 0 || s.x > size.Width || s.y < 0 || s.y > scale.base {
			t.Errorf("a mark is outside of the picture: %+v", s)
		}
	}
	var many []*agent.Row
	for i := range 100 {
		many = append(many, at(fmt.Sprint(i), 40*dayLong, platform.SourceProvider))
	}
	got = scale.spots(many, size)
	last := got[len(got)-1]
	if len(got) != 8 || last.shape != shapeMore || len(last.rows) != 93 {
		t.Errorf("100 of one day: %d marks, the last for %d, want 8 and 93", len(got), len(last.rows))
	}
}

func TestHorizon(t *testing.T) {
	b := open(t, "")
	b.sees(wordHorizonTitle)
	b.sees("2 deadlines, 1 within a week, 2 over")
	line := b.u.accounts.coming.line
	b.rune('h')
	if b.u.win.Canvas().Focused() != fyne.Focusable(line) {
		t.Fatal("H does not lead to the picture")
	}
	names := map[string]bool{}
	for range line.spots {
		names[b.u.accounts.coming.name.text] = true
		b.key(fyne.KeyRight)
	}
	if !names["Facebook · Acme Shop"] || !names["LinkedIn · Acme GmbH"] || len(names) != len(line.spots) {
		t.Errorf("the arrow keys name %v of %d marks", names, len(line.spots))
	}
	b.key(fyne.KeyHome)
	first := line.spots[0].rows[0].Account.ID
	b.key(fyne.KeyReturn)
	if b.u.selected != first {
		t.Errorf("Enter chose %q, want %q", b.u.selected, first)
	}
	b.u.choose("")
	s := line.spots[2]
	test.MoveMouse(b.u.win.Canvas(), fyne.CurrentApp().Driver().AbsolutePositionForObject(line).Add(fyne.NewPos(s.x+2, s.y)))
	if b.u.accounts.coming.name.text != s.rows[0].Account.Title() {
		t.Errorf("pointing at a mark names %q, want %q", b.u.accounts.coming.name.text, s.rows[0].Account.Title())
	}
	line.Tapped(&fyne.PointEvent{Position: fyne.NewPos(s.x, s.y)})
	if b.u.selected != s.rows[0].Account.ID {
		t.Errorf("a click chose %q", b.u.selected)
	}
}

func pngPicture(w, h int, c color.Color) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func TestPictures(t *testing.T) {
	rows := sampleRows()
	for i, r := range rows[:4] {
		c := *r
		c.Account.Avatar = fmt.Sprintf("https://pictures.example/%d.png", i)
		rows[i] = &c
	}
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{}, rows), "", func(f *fake, _ *Config) {
		f.pictures = map[string][]byte{"a1": pngPicture(300, 200, color.RGBA{R: 200, A: 255}), "a2": []byte("no picture at all"), "a4": pngPicture(pictureLargest+1, 1, color.White)}
	})
	shown := func(id string) (out image.Image) {
		b.seen(func(o fyne.CanvasObject) {
			if r, ok := o.(*rowView); ok && r.row.Account.ID == id {
				out = r.avatar.picture
			}
		})
		return out
	}
	b.until("the picture of a1", func() bool { return shown("a1") != nil })
	if got := shown("a1").Bounds().Size(); got != image.Pt(pictureSide, pictureSide) {
		t.Errorf("the picture is %v, want a square of %d", got, pictureSide)
	}
	b.until("the others to be known", func() bool { return len(b.u.pictures.known) == 4 })
	for _, id := range []string{"a2", "a3", "a4"} {
		if shown(id) != nil {
			t.Errorf("%s, which has no fit picture, shows one", id)
		}
	}
}

func TestFirstRun(t *testing.T) {
	release := make(chan error)
	b := openOn(t, agent.NewSnapshot(agent.Snapshot{}, nil), "", func(_ *fake, c *Config) {
		c.Practise = func(ctx context.Context) error {
			select {
			case err := <-release:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	b.sees(wordEmptyTitle)
	b.sees(wordWont1)
	b.press(wordPractiseGo)
	b.sees(wordPractiseStarting)
	release <- &platform.Error{Kind: platform.KindConfig, Message: "no port is free", Repair: "end another program"}
	b.sees("No port is free. End another program.")
	b.press(wordPractiseGo)
	release <- nil
	b.sees(wordPractiseOpen)
	// Long work can be cancelled, and the button comes back.
	b.press(wordPractiseGo)
	b.sees(wordPractiseStarting)
	b.press(wordCancel)
	b.until("it to end", func() bool { return b.u.job == nil && !b.shows(wordPractiseStarting) })
	b.tapTile("Mastodon")
	b.until("the connect page", func() bool { return b.u.connect != nil })
}

func TestLoginIsAskedOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "window.json")
	with := func(_ *fake, c *Config) { c.Memory = file }
	b := openOn(t, sampleSnapshot(), "", with)
	b.sees(wordAskLogin)
	b.press(wordYes)
	b.calls("setsettings")
	b.until("the answer", func() bool { return b.f.set().Autostart && !b.shows(wordAskLogin) })
	b.end()
	b = openOn(t, sampleSnapshot(), "", with)
	b.sees("Acme GmbH")
	if b.u.loginAsked || b.u.login {
		t.Error("it was asked again")
	}
	b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: 2, AtLogin: "beim Anmelden startet niemand Relink", Warnings: []string{"beim Anmelden startet niemand Relink", "the clock jumped"}}, sampleRows()))
	b.sees("The clock jumped.")
	if b.shows("startet niemand") {
		t.Error("what was answered is said as a warning")
	}
	b = openOn(t, sampleSnapshot(), "", func(f *fake, _ *Config) { f.settings.Autostart = true })
	b.sees("Acme GmbH")
	b.until("the answer to be kept", func() bool { return b.u.memory.asked(askedLogin) })
	if b.u.login {
		t.Error("it was asked though Relink starts at login")
	}
}

func TestCheckIsCancelled(t *testing.T) {
	b := open(t, "account:a1")
	b.f.mu.Lock()
	b.f.hang = make(chan struct{})
	b.f.mu.Unlock()
	b.press(wordCheckNow)
	b.sees("Checking Facebook · Acme Shop…")
	b.press(wordCancel)
	b.until("the line to go", func() bool { return !b.shows("Checking") })
	close(b.f.hang)
	b.end()
	b.pump()
	if b.shows("Checked") {
		t.Error("what was cancelled told its result")
	}
}

func TestUsers(t *testing.T) {
	token := func(program string, ago time.Duration) agent.Event {
		return agent.Event{Kind: "token", Program: program, Text: program + " took a token", At: now.Add(-ago)}
	}
	got := users([]agent.Event{token("cron.sh", time.Hour), {Kind: "notice", Text: "x"}, token("poster", 2*time.Hour), token("cron.sh", 3*time.Hour)})
	want := []usedBy{{"cron.sh", 2, now.Add(-time.Hour)}, {"poster", 1, now.Add(-2 * time.Hour)}}
	if !slices.Equal(got, want) {
		t.Errorf("users = %v, want %v", got, want)
	}
	b := openOn(t, sampleSnapshot(), "account:a1", func(f *fake, _ *Config) {
		f.events = append([]agent.Event{token("cron.sh", time.Hour)}, sampleEvents()...)
	})
	b.until("the history", func() bool { return b.shows("cron.sh") && b.shows("1 hour ago") && !b.shows("took a token") })
}

func TestCapabilityWords(t *testing.T) {
	for _, tt := range []struct {
		c         platform.CapabilityStatus
		s         platform.Status
		line, why string
	}{
		{platform.CapabilityStatus{Capability: platform.Publish, Works: true}, platform.Status{State: platform.StateConnected}, "Publishing", ""},
		{platform.CapabilityStatus{Capability: platform.Publish, Works: true}, platform.Status{State: platform.StateExpiring, Deadline: platform.Clock{At: now.Add(2 * dayLong), Source: platform.SourceProvider}}, "Publishing", "Works until Tue 24 Nov, 12:00."},
		{platform.CapabilityStatus{Capability: platform.Inbox, Missing: []string{"pages_messaging"}}, platform.Status{}, "Inbox: not granted", "Messages and comments are not seen. Missing: pages_messaging. Reconnect and allow it."},
		{platform.CapabilityStatus{Capability: platform.Analytics}, platform.Status{State: platform.StateExpired}, "Analytics: stopped", "No numbers come in until you reconnect."},
	} {
		if line, why := capabilityLine(tt.c, tt.s, now); line != tt.line || why != tt.why {
			t.Errorf("got %q, %q, want %q, %q", line, why, tt.line, tt.why)
		}
	}
}

// Everything that takes the keyboard and has no words of its own says its name to a screen reader.
func TestNamesForScreenReaders(t *testing.T) {
	for _, screen := range shots {
		t.Run(screen.name, func(t *testing.T) {
			n := 0
			screen.screen(t, theme.VariantLight, textUsual).seen(func(o fyne.CanvasObject) {
				if _, focusable := o.(fyne.Focusable); !focusable {
					return
				}
				n++
				a, ok := o.(fyne.Accessible)
				if !ok {
					// Fyne 2.8 has no names for what can be written in, ticked or chosen from,
					// which have words of their own or beside them.
					switch o.(type) {
					case *widget.Entry, *fieldEntry, *searchEntry, *finder, *widget.Check, *candidateTick, *widget.Select, *widget.PopUpMenu:
					default:
						if kind := fmt.Sprintf("%T", o); kind != "*widget.focusSelectable" && kind != "*widget.radioItem" {
							t.Errorf("%s has no name", kind)
						}
					}
					return
				}
				if name := a.AccessibilityLabel(); strings.TrimSpace(name) == "" || strings.HasSuffix(name, ".svg") || strings.HasSuffix(name, "Icon") {
					t.Errorf("%T is called %q", o, name)
				}
			})
			if n == 0 {
				t.Error("nothing takes the keyboard")
			}
		})
	}
}

// The agent going away in the middle of an act is told, and nothing is lost.
func TestActWithoutAgent(t *testing.T) {
	b := open(t, "account:a1")
	b.f.fails("later ", &platform.Error{Kind: platform.KindAgent, Message: "the agent went away before it answered", Repair: "try again", Err: errors.New("eof")})
	b.press(wordSnooze)
	b.menu("1 hour")
	b.sees("The agent went away before it answered. Try again.")
	if b.u.selected != "a1" {
		t.Error("the chosen account was lost")
	}
}
