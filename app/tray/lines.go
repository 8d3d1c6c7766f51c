package tray

import (
	"fmt"
	"sync"
)

// place is a line that may stand in the menu, shown or not.
type place struct {
	id        string
	separator bool
	kids      []place
}

// places is every line the menu can have, in order. They are made once and
// then hidden, shown and renamed: systray closes a removed item's channel while
// a click may be on its way to it, which is a panic, its removed items leak
// handles on Windows and macOS, and a menu that is rebuilt closes under the pointer.
func places() []place {
	out := []place{{id: "head"}, {id: "sep/1", separator: true}}
	for i := range Rows {
		out = append(out, place{id: fmt.Sprintf("row/%d", i)})
	}
	more := place{id: "more"}
	for i := range MoreRows {
		more.kids = append(more.kids, place{id: fmt.Sprintf("more/%d", i)})
	}
	more.kids = append(more.kids, place{id: "more/open"})
	pause := place{id: "pause", kids: []place{{id: "pause/end"}, {id: "pause/hour"}, {id: "pause/tomorrow"}, {id: "pause/monday"}}}
	return append(out, more, place{id: "sep/2", separator: true},
		place{id: "all"}, place{id: "open"}, pause, place{id: "settings"}, place{id: "quit"})
}

// entry is one line in the system's own menu.
type entry interface {
	SetTitle(string)
	Enable()
	Disable()
	Show()
	Hide()
}

// maker makes entries. parent is nil at the top.
type maker interface {
	// add makes an entry at the end of its parent, shown and enabled; clicked is called for each click.
	add(parent entry, label string, clicked func()) entry
	separator()
}

// lines is the menu as it stands in the system.
type lines struct {
	make    maker
	clicked func(Act)

	// mu guards act of every line: clicks come from other goroutines.
	mu  sync.Mutex
	top []*line
}

type line struct {
	place   place
	entry   entry
	label   string
	shown   bool
	enabled bool
	act     Act
	kids    []*line
}

// show makes the menu read as the items say, touching only what differs.
func (l *lines) show(items []Item) {
	if l.top == nil {
		for _, p := range places() {
			n := &line{place: p}
			l.top = append(l.top, n)
			if p.separator {
				l.make.separator()
				continue
			}
			l.create(nil, n)
		}
	}
	l.sync(l.top, items)
}

// create puts a line into the system's menu, hidden.
func (l *lines) create(parent entry, n *line) {
	n.enabled = true
	n.entry = l.make.add(parent, n.place.id, func() {
		l.mu.Lock()
		act := n.act
		l.mu.Unlock()
		if act != (Act{}) {
			l.clicked(act)
		}
	})
	n.entry.Hide()
}

func (l *lines) sync(all []*line, items []Item) {
	byID := make(map[string]Item, len(items))
	for _, it := range items {
		byID[it.ID] = it
	}
	for _, n := range all {
		if n.place.separator {
			continue
		}
		it, present := byID[n.place.id]
		l.mu.Lock()
		n.act = it.Act
		l.mu.Unlock()
		if !present {
			if n.shown {
				n.entry.Hide()
				n.shown = false
			}
			continue
		}
		// The title first: on Windows setting one shows a hidden line.
		if n.label != it.Label {
			n.entry.SetTitle(escape(it.Label))
			n.label = it.Label
		}
		if n.enabled != it.Enabled {
			n.enabled = it.Enabled
			if it.Enabled {
				n.entry.Enable()
			} else {
				n.entry.Disable()
			}
		}
		if !n.shown {
			n.entry.Show()
			n.shown = true
		}
		if len(n.place.kids) > 0 {
			l.syncKids(n, it.Children)
		}
	}
}

// syncKids makes the lines of a submenu when they are first needed, in their
// order, since new ones can only go to the end.
func (l *lines) syncKids(n *line, items []Item) {
	need := 0
	for i, p := range n.place.kids {
		for _, it := range items {
			if it.ID == p.id {
				need = i + 1
			}
		}
	}
	for len(n.kids) < need {
		kid := &line{place: n.place.kids[len(n.kids)]}
		n.kids = append(n.kids, kid)
		l.create(n.entry, kid)
	}
	l.sync(n.kids, items)
}

// acts lists what a click on each line would do, to see whether a change moves
// one account's line under a pointer that aims at another's.
func acts(items []Item) map[string]Act {
	out := map[string]Act{}
	for _, it := range items {
		out[it.ID] = it.Act
		for _, kid := range it.Children {
			out[kid.ID] = kid.Act
		}
	}
	return out
}
