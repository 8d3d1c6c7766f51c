package window

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/platform"
)

// platformsInOrder puts those first that need no app registration, and last
// those that give nothing new out any more.
func platformsInOrder() []*platform.Platform {
	out := slices.Clone(platform.All())
	slices.SortStableFunc(out, func(a, b *platform.Platform) int {
		switch {
		case a.Legacy != b.Legacy && a.Legacy:
			return 1
		case a.Legacy != b.Legacy:
			return -1
		case needsNoApp(a) == needsNoApp(b):
			return 0
		case needsNoApp(a):
			return -1
		}
		return 1
	})
	return out
}

// needsNoApp reports whether there is a way in without an app registration of one's own.
func needsNoApp(p *platform.Platform) bool {
	return p.Registration.Self || p.Registration.None || p.Credential != nil
}

// platformList are the platforms to choose from, with a field that narrows them down.
type platformList struct {
	u       *ui
	content *fyne.Container
	search  *finder
	tiles   []*tile
	// words are what each tile is found by, groups the headings above them with
	// how many of the tiles below each shows.
	words []string
	none  *widget.Label
	heads []platformHead
}

// platformHead is a heading and the tiles from first up to last, exclusive.
type platformHead struct {
	label       fyne.CanvasObject
	first, last int
}

func newPlatformList(u *ui) *platformList {
	l := &platformList{u: u, none: emptyNote(platform.T("No platform matches."))}
	l.search = newFinder(u, l.narrow)
	l.search.escape = u.back
	l.search.down = func() { l.step(-1, 1) }
	l.search.enter = func() {
		// What is left of the list is what was meant; of the whole list nothing is.
		if i := l.next(-1, 1); i >= 0 && l.search.Text != "" {
			l.tiles[i].tapped()
		}
	}
	list := container.NewVBox()
	before := ""
	for _, p := range platformsInOrder() {
		group := platform.T("With an app registration of your own")
		switch {
		case p.Legacy:
			group = platform.T("Gives nothing new out any more")
		case needsNoApp(p):
			group = platform.T("Nothing to register first")
		}
		if group != before {
			h := heading(group)
			list.Add(h)
			l.heads = append(l.heads, platformHead{label: h, first: len(l.tiles)})
			before = group
		}
		i := len(l.tiles)
		t := platformTile(p, func() { u.showConnectTo(p.ID) })
		t.key = func(e *fyne.KeyEvent) {
			switch e.Name {
			case fyne.KeyDown:
				l.step(i, 1)
			case fyne.KeyUp:
				l.step(i, -1)
			default:
				u.typedKey(e)
			}
		}
		t.rune = func(r rune) { // typing goes on in the field, wherever one is
			u.win.Canvas().Focus(l.search)
			l.search.TypedRune(r)
		}
		l.tiles = append(l.tiles, t)
		l.words = append(l.words, strings.ToLower(p.Name+" "+p.Title()+" "+p.ID))
		l.heads[len(l.heads)-1].last = len(l.tiles)
		list.Add(t)
	}
	l.none.Hide()
	l.content = container.NewVBox(l.search, l.none, list)
	return l
}

// platformTile is one platform to choose.
func platformTile(p *platform.Platform, tapped func()) *tile {
	a := newAvatar(40)
	a.set(p.ID, "")
	t := newTile(pad(2, container.NewBorder(nil, nil, container.NewVBox(pad(1, a)), nil, tight(heading(p.Title()), caption(sentence(platform.T(p.Lifetime)))))), tapped)
	t.framed, t.name = true, p.Title()
	return t
}

// narrow shows the platforms that have every word typed in their name.
func (l *platformList) narrow(typed string) {
	words := strings.Fields(strings.ToLower(typed))
	any := false
	for i, t := range l.tiles {
		ok := !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(l.words[i], w) })
		showIf(t, ok)
		any = any || ok
	}
	for _, h := range l.heads {
		showIf(h.label, slices.ContainsFunc(l.tiles[h.first:h.last], func(t *tile) bool { return t.Visible() }))
	}
	showIf(l.none, !any)
	l.content.Refresh()
}

// next is the nearest shown tile from i in a direction; -1 when there is none.
func (l *platformList) next(i, by int) int {
	for i += by; i >= 0 && i < len(l.tiles); i += by {
		if l.tiles[i].Visible() {
			return i
		}
	}
	return -1
}

// step moves the keyboard's focus from tile i to the next one shown, or up to the field.
func (l *platformList) step(i, by int) {
	switch to := l.next(i, by); {
	case to >= 0:
		l.u.win.Canvas().Focus(l.tiles[to])
		l.u.connect.reveal(l.tiles[to])
	case by < 0:
		l.u.win.Canvas().Focus(l.search)
		l.u.connect.reveal(l.search)
	}
}

// finder is a field that narrows a list down: Esc empties it, and leaves when
// it is empty; Down goes to what is found, Enter takes the first of it.
type finder struct {
	widget.Entry
	u                   *ui
	escape, down, enter func()
}

func newFinder(u *ui, changed func(string)) *finder {
	f := &finder{u: u}
	f.ExtendBaseWidget(f)
	f.SetPlaceHolder(platform.T(wordSearch))
	f.Icon = theme.SearchIcon()
	f.OnChanged = changed
	return f
}

func (f *finder) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeyEscape && f.Text != "":
		f.SetText("")
	case e.Name == fyne.KeyEscape:
		f.escape()
	case e.Name == fyne.KeyDown:
		f.down()
	case e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		f.enter()
	default:
		f.Entry.TypedKey(e)
	}
}

// TypedShortcut hands the window's own shortcuts on, which a focused entry would swallow.
func (f *finder) TypedShortcut(sc fyne.Shortcut) {
	if c, ok := sc.(*desktop.CustomShortcut); ok && f.u.shortcut(c) {
		return
	}
	f.Entry.TypedShortcut(sc)
}
