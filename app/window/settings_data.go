package window

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// dataPage is what is done to everything at once: back it up, bring it back,
// write it down without secrets, delete it; and where it is.
type dataPage struct {
	w       *settingsWindow
	content *fyne.Container
	// told is what became of the last act.
	told *fyne.Container
}

func newDataPage(w *settingsWindow) *dataPage {
	return &dataPage{w: w, content: container.NewVBox(), told: container.NewVBox()}
}

// load shows the page; it needs nothing of the agent.
func (p *dataPage) load() {
	if len(p.content.Objects) == 0 {
		p.draw()
	}
}

func (p *dataPage) tell(t tone, icon fyne.Resource, text, place string) {
	p.told.Objects = []fyne.CanvasObject{p.w.result(t, icon, text, place)}
	p.told.Refresh()
}

func (p *dataPage) draw() {
	w := p.w
	out := []fyne.CanvasObject{p.told}
	up := w.u.cfg.Upkeep
	if up != nil {
		out = append(out,
			section(platform.T("Backup"), platform.T("One file with all accounts, tokens, app registrations and history, sealed with a passphrase of its own. The settings are not in it: they are a text file that can be copied."),
				flowButtons(newButtonWithIcon(platform.T(wordBackUp), theme.DocumentSaveIcon(), p.backUp), newButtonWithIcon(platform.T(wordRestore), theme.HistoryIcon(), p.restore))),
			widget.NewSeparator())
	}
	export := func(title string, write func(string)) fyne.CanvasObject {
		b := newButtonWithIcon(title, theme.DownloadIcon(), nil)
		b.OnTapped = func() {
			widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("",
				fyne.NewMenuItem("CSV", func() { write(formatCSV) }), fyne.NewMenuItem("JSON", func() { write(formatJSON) }),
			), w.win.Canvas(), fyne.NewPos(0, b.Size().Height), b)
		}
		return b
	}
	out = append(out, section(platform.T("Export"), platform.T("A list to look at or to hand on. No token and no other secret is in it."),
		flowButtons(export(platform.T("Accounts…"), p.exportAccounts), export(platform.T("History…"), p.exportHistory))))
	if up != nil {
		rows := []fyne.CanvasObject{}
		for _, dir := range up.Places {
			rows = append(rows, w.placed("", dir))
		}
		out = append(out, widget.NewSeparator(), section(platform.T("Where everything is"), platform.T("And the vault's key, which is described under Security."), rows...),
			widget.NewSeparator(), section(platform.T("Delete everything"), platform.T("Relink forgets all it knows on this computer, as before it was first started."),
				flowButtons(danger(platform.T(wordDeleteAll), p.erase))))
	}
	p.content.Objects = out
	p.content.Refresh()
}

// danger is a button for what cannot be taken back.
func danger(text string, tapped func()) *pushButton {
	b := newButton(text, tapped)
	b.Importance = widget.DangerImportance
	return b
}

// placed is a place on this computer, which can be copied and opened.
func (w *settingsWindow) placed(name, dir string) fyne.CanvasObject {
	v := widget.NewLabel(dir)
	v.Wrapping, v.Selectable = fyne.TextWrapBreak, true
	open := newButtonWithIcon(platform.T("Open folder"), theme.FolderOpenIcon(), func() { w.u.openFolder(dir) })
	row := followed(v, container.NewHBox(w.copyButton(dir), open))
	if name == "" {
		return row
	}
	return container.New(&beside{lead: 136}, container.NewVBox(widget.NewLabel(name)), row)
}

// openFolder shows a directory in the system's own program for that; of a file, the one it is in.
func (u *ui) openFolder(dir string) {
	if filepath.Ext(dir) != "" {
		dir = filepath.Dir(dir)
	}
	slashed := filepath.ToSlash(dir)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a Windows drive
	}
	address := &url.URL{Scheme: "file", Path: slashed}
	u.goes(func() {
		if err := u.app.OpenURL(address); err != nil {
			u.post(func() {
				u.say(said(&platform.Error{Kind: platform.KindConfig, Message: platform.T("%s could not be opened", dir), Repair: platform.T("copy the path and open it yourself"), Err: err}), true)
			})
		}
	})
}

// working shows work under way over the settings, which can be cancelled; then
// gets what came of it, on the UI goroutine.
func (w *settingsWindow) working(title, text string, work func(context.Context, func(string)) error, then func(err error, gaveUp bool)) {
	ctx, cancel := context.WithCancel(w.u.ctx)
	line := wrapped(text)
	bar := widget.NewProgressBarInfinite()
	m := newModal(title, least(em(360), 0, container.NewVBox(line, container.New(slim{}, bar))), w.win)
	stop := newEscapable(platform.T(wordCancel), nil, w.back)
	stop.OnTapped = func() {
		stop.Disable()
		line.SetText(platform.T("Ending…"))
		cancel()
	}
	w.stop = stop.OnTapped
	m.with(stop)
	m.show()
	w.win.Canvas().Focus(stop)
	w.u.goes(func() {
		err := work(ctx, func(s string) { w.u.post(func() { line.SetText(s) }) })
		gaveUp := err != nil && ctx.Err() != nil
		cancel()
		w.u.post(func() {
			w.stop = nil
			bar.Stop()
			m.hide()
			then(err, gaveUp)
		})
	})
}

// twice are two fields for a new passphrase; problem says what is wrong with it.
func twice() (word, again *fieldEntry, problem func() string) {
	word, again = newSecretField(), newSecretField()
	word.SetPlaceHolder(platform.T(wordPassphrase))
	again.SetPlaceHolder(platform.T(wordPassphraseAgain))
	return word, again, func() string {
		switch {
		case utf8.RuneCountInString(word.Text) < passphraseLeast:
			return platform.T(wordPassphraseShort)
		case word.Text != again.Text:
			return platform.T(wordPassphraseDiff)
		}
		return ""
	}
}

// archiveEnd is the ending of a backup's name, which age gives its files.
const archiveEnd = ".age"

func (u *ui) exportsTo() string {
	if u.exportTo != "" {
		return u.exportTo
	}
	return exportDir()
}

func (p *dataPage) backUp() {
	w, bad := p.w, problemLabel()
	file, own := newField(), newSecretField()
	file.SetText(filepath.Join(w.u.exportsTo(), "relink-"+w.u.now().Local().Format("2006-01-02")+archiveEnd))
	word, again, wrong := twice()
	body := container.NewVBox(field(platform.T("File"), w.chosen(file)))
	if w.saved.Key == keyPassphrase {
		body.Add(field(platform.T("The vault's own passphrase"), own))
	}
	body.Add(field(platform.T("New passphrase, for the backup"), container.NewVBox(word, again)))
	body.Add(caption(platform.T("Without it the backup is worthless, and nobody can recover it.")))
	body.Add(bad.label)
	w.ask(platform.T("Back up"), platform.T("Back up"), body, func(close func()) {
		path := strings.TrimSpace(file.Text)
		switch {
		case !filepath.IsAbs(path):
			bad.show(platform.T("Enter the file's full path."))
			return
		case w.saved.Key == keyPassphrase && own.Text == "":
			bad.show(platform.T("Enter the vault's own passphrase."))
			return
		case wrong() != "":
			bad.show(wrong())
			return
		}
		w.working(platform.T("Back up"), platform.T("Copying and sealing…"), func(ctx context.Context, _ func(string)) error {
			return w.u.cfg.Upkeep.Backup(ctx, path, own.Text, word.Text)
		}, func(err error, gaveUp bool) {
			switch {
			case gaveUp:
				bad.show(platform.T("Cancelled; no backup was written."))
			case err != nil:
				bad.show(said(err))
			default:
				close()
				p.tell(toneGood, theme.ConfirmIcon(), platform.T("The backup is written to %s", path), path)
			}
		})
	})
	w.win.Canvas().Focus(word)
}

func (p *dataPage) restore() {
	w, bad := p.w, problemLabel()
	file, word := newField(), newSecretField()
	file.SetText(w.u.exportsTo() + string(filepath.Separator))
	body := container.NewVBox(field(platform.T("File"), w.chosen(file, archiveEnd)), field(platform.T("The backup's passphrase"), word), bad.label)
	w.ask(platform.T("Restore"), platform.T("Look inside"), body, func(close func()) {
		path := strings.TrimSpace(file.Text)
		var in agent.Archive
		w.working(platform.T("Restore"), platform.T("Opening the backup…"), func(ctx context.Context, _ func(string)) (err error) {
			in, err = w.u.cfg.Upkeep.Inspect(ctx, path, word.Text)
			return err
		}, func(err error, gaveUp bool) {
			switch {
			case gaveUp:
				bad.show("")
			case err != nil:
				bad.show(said(err))
			default:
				close()
				p.restoreIt(path, word.Text, in)
			}
		})
	})
	w.win.Canvas().Focus(file)
}

// holds says what is in an archive.
func holds(in agent.Archive, now time.Time) []string {
	var out []string
	if !in.At.IsZero() {
		out = append(out, platform.T("Made: %s", platform.When(in.At, now)))
	}
	accounts := platform.N(in.Total(), "%d account", "%d accounts")
	var each []string
	for _, id := range slices.SortedFunc(maps.Keys(in.Accounts), func(a, b string) int { return strings.Compare(platformName(a), platformName(b)) }) {
		each = append(each, platform.T("%s: %s", platformName(id), strconv.Itoa(in.Accounts[id])))
	}
	if len(each) > 1 {
		accounts = platform.T("%s (%s)", accounts, strings.Join(each, ", "))
	}
	return append(out, accounts, platform.N(in.Apps, "%d app registration", "%d app registrations"))
}

// restoreIt asks whether the archive is to take the vault's place.
func (p *dataPage) restoreIt(path, passphrase string, in agent.Archive) {
	w := p.w
	lines := []fyne.CanvasObject{heading(filepath.Base(path))}
	for _, l := range holds(in, w.u.now()) {
		lines = append(lines, wrapped(l))
	}
	n := 0
	if w.u.snap != nil {
		n = w.u.snap.Len()
	}
	lines = append(lines,
		wrapped(platform.N(n, "It takes the place of the vault with %d account that is here now. That one is set aside beside it, with its own key file if it has one; nothing is deleted.",
			"It takes the place of the vault with %d accounts that is here now. That one is set aside beside it, with its own key file if it has one; nothing is deleted.")),
		wrapped(platform.T("Tokens that were renewed after the backup was made are no longer good in it: such accounts ask for a new sign-in. The agent ends and starts again for this.")))
	w.ask(platform.T("Restore this backup?"), platform.T("Restore"), tight(lines...), func(close func()) {
		close()
		aside := ""
		w.working(platform.T("Restore"), platform.T("Restoring; the agent starts again…"), func(ctx context.Context, _ func(string)) (err error) {
			aside, err = w.u.cfg.Upkeep.Restore(ctx, path, passphrase)
			return err
		}, func(err error, gaveUp bool) {
			text, t, icon := platform.T("The backup is restored."), toneGood, theme.ConfirmIcon()
			switch {
			case gaveUp:
				text, t, icon = platform.T("Cancelled; the vault is as it was."), toneQuiet, theme.InfoIcon()
			case err != nil:
				text, t, icon = said(err), toneBad, theme.ErrorIcon()
			}
			if aside != "" {
				text = platform.T("%s The vault that was here is kept as %s", text, aside)
			}
			p.tell(t, icon, text, aside)
			w.load()
			w.apps.load()
		})
	})
}

// exportAccounts writes all accounts to a file, without secrets.
func (p *dataPage) exportAccounts(format string) {
	var rows []*agent.Row
	for r := range p.w.u.snap.All() {
		rows = append(rows, r)
	}
	now, dir := p.w.u.now(), p.w.u.exportsTo()
	p.w.u.goes(func() {
		path, err := exportTo(dir, format, rows, now)
		p.exported(path, err)
	})
}

// exportHistory writes the history to a file.
func (p *dataPage) exportHistory(format string) {
	now, dir := p.w.u.now(), p.w.u.exportsTo()
	p.w.u.run(func(ctx context.Context, s agent.Service) func() {
		events, err := s.History(ctx, "", everyEvent)
		path := ""
		if err == nil {
			path, err = writeTo(dir, "relink-history", format, now, platform.T("the history could not be exported"), func(w io.Writer) error { return writeHistory(w, format, events) })
		}
		p.exported(path, err)
		return nil
	})
}

func (p *dataPage) exported(path string, err error) {
	p.w.u.post(func() {
		if err != nil {
			p.tell(toneBad, theme.ErrorIcon(), said(err), "")
			return
		}
		p.tell(toneGood, theme.ConfirmIcon(), platform.T("Written to %s", path), path)
	})
}

// everyEvent is more than the agent keeps.
const everyEvent = 100_000

// writeHistory writes the history as relink history --json does, or as a table.
func writeHistory(w io.Writer, format string, events []agent.Event) error {
	if format == formatJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if events == nil {
			events = []agent.Event{}
		}
		return enc.Encode(events)
	}
	c := csv.NewWriter(w)
	_ = c.Write([]string{"at", "ref", "kind", "text"})
	for _, e := range events {
		_ = c.Write([]string{stampOf(e.At.UTC()), harmless(e.Ref), e.Kind, harmless(e.Text)})
	}
	c.Flush()
	return c.Error()
}
