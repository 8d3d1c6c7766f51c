package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// keys turns the pages by Ctrl and Page Up or Page Down: Fyne's tabs themselves
// take no focus, so that without a pointer only the first page could be seen.
func (w *settingsWindow) keys() {
	for key, by := range map[fyne.KeyName]int{fyne.KeyPageDown: 1, fyne.KeyPageUp: -1} {
		w.win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: ctrl}, func(fyne.Shortcut) { w.turn(by) })
	}
}

// turn shows a page further on; after the last comes the first.
func (w *settingsWindow) turn(by int) {
	w.win.Canvas().Unfocus() // what had the focus is out of sight
	n := len(w.tabs.Items)
	w.tabs.SelectIndex((w.tabs.SelectedIndex() + by + n) % n)
}
