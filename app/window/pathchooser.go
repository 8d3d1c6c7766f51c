package window

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/platform"
)

// pathChooser picks a file or a directory over a window. Fyne's own reads
// directories on the UI goroutine; a network drive that hangs would hang the
// window with it.
type pathChooser struct {
	u      *ui
	over   fyne.Window
	dialog *modal
	dir    *fieldEntry
	list   *pathList
	bad    problem
	found  []place
	asked  int
	// directories: a directory is wanted, no file; ends are the endings of files that are offered.
	directories bool
	ends        []string
	then        func(path string)
}

// place is a line of the chooser.
type place struct {
	name string
	path string
	dir  bool
}

// pathList is a list that Esc, which a list would swallow, leaves.
type pathList struct {
	widget.List
	escape func()
}

func newPathList(length func() int, create func() fyne.CanvasObject, update func(widget.ListItemID, fyne.CanvasObject)) *pathList {
	l := &pathList{}
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.ExtendBaseWidget(l)
	return l
}

// TypedKey implements [fyne.Focusable].
func (l *pathList) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		l.escape()
		return
	}
	l.List.TypedKey(e)
}

// choosePath asks for a file that ends in one of ends, or without any for a
// directory, beginning where start is.
func (u *ui) choosePath(over fyne.Window, start string, then func(string), ends ...string) {
	c := &pathChooser{u: u, over: over, dir: newField(), bad: problemLabel(), directories: len(ends) == 0, ends: ends, then: then}
	c.list = newPathList(func() int { return len(c.found) },
		func() fyne.CanvasObject {
			l := widget.NewLabel("")
			l.Truncation = fyne.TextTruncateEllipsis
			return container.NewBorder(nil, nil, widget.NewIcon(theme.FolderIcon()), nil, l)
		},
		func(i widget.ListItemID, o fyne.CanvasObject) {
			row := o.(*fyne.Container)
			row.Objects[0].(*widget.Label).SetText(c.found[i].name)
			icon := theme.FileIcon()
			if c.found[i].dir {
				icon = theme.FolderIcon()
			}
			row.Objects[1].(*widget.Icon).SetResource(icon)
		})
	c.list.OnSelected = func(i widget.ListItemID) {
		c.list.Unselect(i)
		if p := c.found[i]; p.dir {
			c.look(p.path)
		} else {
			c.choose(p.path)
		}
	}
	c.dir.OnSubmitted = func(s string) { c.look(s) }
	leave := func() { c.dialog.hide() }
	c.dir.escape, c.list.escape = leave, leave
	title := platform.T("Choose a file")
	if c.directories {
		title = platform.T("Choose a folder")
	}
	c.dialog = newModal(title, container.NewBorder(container.NewVBox(c.dir, c.bad.label), nil, nil, nil, c.list), over)
	buttons := []fyne.CanvasObject{newEscapable(platform.T(wordCancel), leave, leave)}
	if c.directories {
		this := newEscapable(platform.T("This folder"), func() { c.choose(c.dir.Text) }, leave)
		this.Importance = widget.HighImportance
		buttons = append(buttons, this)
	}
	c.dialog.with(buttons...)
	c.dialog.resize(fyne.NewSize(em(560), em(480)))
	c.dialog.show()
	c.look(start)
	over.Canvas().Focus(c.list)
}

func (c *pathChooser) choose(path string) {
	c.dialog.hide()
	c.then(path)
}

// look lists a directory; of a file, the one it is in.
func (c *pathChooser) look(dir string) {
	c.asked++
	n := c.asked
	c.u.goes(func() {
		at, found, err := listDir(dir, c.directories, c.ends)
		c.u.post(func() {
			if n != c.asked {
				return // an older answer
			}
			if err != nil {
				c.bad.show(platform.T("This folder cannot be read: %s", dir))
				return
			}
			c.bad.show("")
			c.dir.SetText(at)
			c.found = found
			c.list.ScrollToTop()
			c.list.Refresh()
		})
	})
}

// listDir gives what can be chosen in a directory: the one above it, then
// directories, then files, by name; what is hidden is left out.
func listDir(dir string, directories bool, ends []string) (at string, found []place, err error) {
	if at, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	if info, serr := os.Stat(at); serr != nil || !info.IsDir() {
		at = filepath.Dir(at)
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return at, nil, err
	}
	var dirs, files []place
	for _, e := range entries {
		p := place{name: e.Name(), path: filepath.Join(at, e.Name()), dir: e.IsDir()}
		if strings.HasPrefix(p.name, ".") {
			continue
		}
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(p.path)
			p.dir = err == nil && info.IsDir()
		}
		switch {
		case p.dir:
			dirs = append(dirs, p)
		case !directories && slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(strings.ToLower(p.name), end) }):
			files = append(files, p)
		}
	}
	if up := filepath.Dir(at); up != at {
		found = append(found, place{name: "..", path: up, dir: true})
	}
	byName := func(a, b place) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) }
	slices.SortFunc(dirs, byName)
	slices.SortFunc(files, byName)
	return at, slices.Concat(found, dirs, files), nil
}

// chosen is a field for a path with the button that chooses one. Without ends
// a directory is chosen, and the file's name stays.
func (w *settingsWindow) chosen(e *fieldEntry, ends ...string) fyne.CanvasObject {
	b := newButtonWithIcon(platform.T("Choose…"), theme.FolderOpenIcon(), func() {
		w.u.choosePath(w.win, e.Text, func(path string) {
			if len(ends) == 0 {
				path = filepath.Join(path, filepath.Base(e.Text))
			}
			e.SetText(path)
		}, ends...)
	})
	return container.NewBorder(nil, nil, nil, b, e)
}
