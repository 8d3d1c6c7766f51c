package window

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"github.com/adrg/xdg"

	"relink/app/agent"
	"relink/platform"
)

// The formats of an export.
const (
	formatCSV  = "csv"
	formatJSON = "json"
)

// exported is one account in a file: what the list shows, and no secret. The
// names are those of relink status --json.
type exported struct {
	Ref        string    `json:"ref"`
	Platform   string    `json:"platform"`
	Server     string    `json:"server,omitempty"`
	Name       string    `json:"name,omitempty"`
	Handle     string    `json:"handle,omitempty"`
	Labels     []string  `json:"labels,omitempty"`
	State      string    `json:"state"`
	Left       string    `json:"left"`
	EndsAt     time.Time `json:"ends_at,omitzero"`
	Source     string    `json:"source,omitempty"`
	Stops      string    `json:"stops,omitempty"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

func exportOf(r *agent.Row, now time.Time) exported {
	a, s := r.Account, r.Status
	e := exported{
		Ref: a.Ref(), Platform: a.Platform, Server: a.Server, Name: a.Name, Handle: a.Handle, Labels: a.Labels,
		State: string(s.State), Left: s.Left(now), Source: string(s.Deadline.Source), Stops: s.Stops(),
		VerifiedAt: r.Grant.Verified.UTC(), LastUsedAt: a.LastUsed.UTC(),
	}
	if s.Deadline.Ends() {
		e.EndsAt = s.Deadline.At.UTC()
	}
	return e
}

// writeExport writes accounts in a format.
func writeExport(w io.Writer, format string, rows []*agent.Row, now time.Time) error {
	if format == formatJSON {
		out := make([]exported, 0, len(rows))
		for _, r := range rows {
			out = append(out, exportOf(r, now))
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	c := csv.NewWriter(w)
	_ = c.Write([]string{"ref", "platform", "server", "name", "handle", "labels", "state", "left", "ends_at", "source", "stops", "verified_at", "last_used_at"})
	for _, r := range rows {
		e := exportOf(r, now)
		cells := []string{e.Ref, e.Platform, e.Server, e.Name, e.Handle, strings.Join(e.Labels, ", "), e.State, e.Left, stampOf(e.EndsAt), e.Source, e.Stops, stampOf(e.VerifiedAt), stampOf(e.LastUsedAt)}
		for i, cell := range cells {
			cells[i] = harmless(cell)
		}
		_ = c.Write(cells)
	}
	c.Flush()
	return c.Error()
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// harmless keeps a spreadsheet from taking a name for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// exportFile makes a new file in dir; one that is there is never written over.
func exportFile(dir, stem, format string, now time.Time) (*os.File, error) {
	for i := 1; i < 1000; i++ {
		name := stem + "-" + now.Local().Format("2006-01-02")
		if i > 1 {
			name += fmt.Sprintf("-%d", i)
		}
		f, err := os.OpenFile(filepath.Join(dir, name+"."+format), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !os.IsExist(err) {
			return f, err
		}
	}
	return nil, os.ErrExist
}

// exportDir is where exports go: the person's downloads, else the home.
func exportDir() string {
	for _, dir := range []string{xdg.UserDirs.Download, xdg.Home} {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			return dir
		}
	}
	return xdg.Home
}

func (u *ui) exportItems() []*fyne.MenuItem {
	return []*fyne.MenuItem{
		fyne.NewMenuItem("CSV", func() { u.export(formatCSV) }),
		fyne.NewMenuItem("JSON", func() { u.export(formatJSON) }),
	}
}

// export writes those marked, else those listed, to a file.
func (u *ui) export(format string) {
	rows := u.list.rows
	if len(u.marks) > 0 {
		rows = nil
		for _, id := range u.markedIDs() {
			if r := u.row(id); r != nil {
				rows = append(rows, r)
			}
		}
	}
	now, dir := u.now(), u.exportTo
	if dir == "" {
		dir = exportDir()
	}
	u.goes(func() {
		path, err := exportTo(dir, format, rows, now)
		u.post(func() {
			if err != nil {
				u.say(said(err), true)
				return
			}
			u.say(platform.N(len(rows), "Exported %d account to %s. No token is in it.", "Exported %d accounts to %s. No token is in it.", path), false)
		})
	})
}

func exportTo(dir, format string, rows []*agent.Row, now time.Time) (string, error) {
	return writeTo(dir, "relink-accounts", format, now, platform.T("the accounts could not be exported"), func(w io.Writer) error { return writeExport(w, format, rows, now) })
}

// writeTo writes a new file in dir, whole or not at all, and gives its path;
// failed is what is said when it cannot.
func writeTo(dir, stem, format string, now time.Time, failed string, write func(io.Writer) error) (string, error) {
	fail := func(err error) error {
		return &platform.Error{Kind: platform.KindStorage, Message: failed,
			Repair: platform.T("check the room on the disk and that you may write to %s", dir), Err: err}
	}
	f, err := exportFile(dir, stem, format, now)
	if err != nil {
		return "", fail(err)
	}
	err = write(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", fail(err)
	}
	return f.Name(), nil
}
