package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// trial is something that can be tried out: the button that does, which
// cancels while it runs, and what became of it.
type trial struct {
	w       *settingsWindow
	content *fyne.Container
	icon    *widget.Icon
	text    *widget.Label
	button  *pushButton
	word    string
	call    func(context.Context, agent.Service) (string, error)
	// cancel ends the try under way; nil while none is.
	cancel context.CancelFunc
}

// trial makes one. about says what a try does, until there is a result.
func (w *settingsWindow) trial(word, about string, call func(context.Context, agent.Service) (string, error)) *trial {
	t := &trial{w: w, icon: widget.NewIcon(theme.NewColoredResource(theme.InfoIcon(), toneQuiet.color)), text: caption(about), word: word, call: call}
	t.button = newButton(word, t.run)
	t.content = followed(container.NewBorder(nil, nil, container.NewCenter(least(em(16), em(16), t.icon)), nil, t.text), upright(t.button))
	return t
}

func (t *trial) say(tn tone, icon fyne.Resource, text string) {
	t.icon.SetResource(theme.NewColoredResource(icon, tn.color))
	t.text.SetText(text)
	t.content.Refresh()
}

// run tries, or ends the try under way.
func (t *trial) run() {
	if t.cancel != nil {
		t.cancel()
		return
	}
	ctx, cancel := context.WithCancel(t.w.u.ctx)
	t.cancel = cancel
	t.button.SetText(platform.T(wordCancel))
	t.say(toneQuiet, theme.HistoryIcon(), platform.T("Testing…"))
	t.w.u.goes(func() {
		text := ""
		s, err := t.w.u.service(ctx)
		if err == nil {
			text, err = t.call(ctx, s)
		}
		gaveUp := ctx.Err() != nil
		t.w.u.post(func() {
			cancel()
			t.cancel = nil
			t.button.SetText(t.word)
			switch {
			case gaveUp:
				t.say(toneQuiet, theme.InfoIcon(), platform.T("The test was cancelled."))
			case err != nil:
				t.say(toneBad, theme.ErrorIcon(), said(err))
			default:
				t.say(toneGood, theme.ConfirmIcon(), sentence(text))
			}
		})
	})
}

// result is a line of what became of an act, with its place where there is one
// to copy or to open.
func (w *settingsWindow) result(t tone, icon fyne.Resource, text, place string) fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	if place != "" {
		buttons = append(buttons, w.copyButton(place))
	}
	return banner(t, icon, text, buttons...)
}

// copyButton copies a text and says that it has.
func (w *settingsWindow) copyButton(text string) *pushButton {
	b := newButtonWithIcon(platform.T(wordCopy), theme.ContentCopyIcon(), nil)
	b.OnTapped = func() {
		w.u.app.Clipboard().SetContent(text)
		b.SetText(platform.T(wordCopied))
	}
	return b
}

// section is a part of a page: its name, a line about it, and what is in it.
func section(title, about string, rows ...fyne.CanvasObject) fyne.CanvasObject {
	head := []fyne.CanvasObject{heading(title)}
	if about != "" {
		head = append(head, caption(about))
	}
	box := container.NewVBox(tight(head...))
	for _, r := range rows {
		box.Add(r)
	}
	return box
}

// parted puts a line between the parts of a page.
func parted(groups ...fyne.CanvasObject) []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for i, g := range groups {
		if i > 0 {
			out = append(out, widget.NewSeparator())
		}
		out = append(out, g)
	}
	return out
}

// flowButtons is a row of buttons that goes on below where there is no room.
func flowButtons(buttons ...fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewRowWrapLayout(), buttons...)
}
