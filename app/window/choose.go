package window

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// searchFrom is how many candidates it takes until a field to search them is worth its place.
const searchFrom = 9

// chooser lets a person tick which of a sign-in's pages, organisations or
// channels become accounts.
type chooser struct {
	v       *flowView
	search  *finder // nil where there are few
	ticks   []*candidateTick
	words   []string
	summary *widget.Label
	problem problem
	list    *fyne.Container
}

// candidateTick is one candidate; Up and Down go to the next, Enter is the dialog's main button.
type candidateTick struct {
	widget.Check
	key func(*fyne.KeyEvent)
}

func (c *candidateTick) TypedKey(e *fyne.KeyEvent) { c.key(e) }

// choose asks which of the candidates become accounts.
func (v *flowView) choose() {
	v.left = nil
	c := &chooser{v: v, problem: problemLabel(), list: tight(), summary: widget.NewLabel("")}
	c.summary.Importance = widget.LowImportance
	for i, id := range v.flow.Candidates {
		c.add(i, id)
	}
	if len(c.ticks) == 1 {
		c.ticks[0].Checked = true
	}
	head := container.NewVBox(wrapped(platform.T(wordChoose)))
	var first fyne.Focusable = c.ticks[0]
	if len(c.ticks) >= searchFrom {
		c.search = newFinder(v.u, c.narrow)
		c.search.escape = v.leave
		c.search.down = func() { c.step(-1, 1) }
		c.search.enter = func() { c.step(-1, 1) }
		head.Add(c.search)
		first = c.search
	}
	if len(c.ticks) > 1 {
		all := v.button(platform.T("Select all"), func() { c.each(true) })
		none := v.button(platform.T("Select none"), func() { c.each(false) })
		all.Importance, none.Importance = widget.LowImportance, widget.LowImportance
		head.Add(container.New(&footLayout{}, c.summary, all, none))
	}
	c.count()
	v.setUnder(head, container.NewVBox(c.list, c.problem.label), v.cancelButton(),
		v.button(platform.T(wordChooseLater), func() { c.send(nil) }), v.mainButton(platform.T(wordConnect), c.submit))
	v.win.Canvas().Focus(first)
}

// add adds a candidate: its name, what it is, and whether it is connected already.
func (c *chooser) add(i int, id platform.Identity) {
	name := plain(id.Name)
	if name == "" {
		name = id.ProviderID
	}
	t := &candidateTick{}
	t.Text = fit(name, theme.TextSize(), fyne.TextStyle{}, em(360))
	t.OnChanged = func(bool) { c.count() }
	t.key = func(e *fyne.KeyEvent) { c.typed(i, e) }
	t.ExtendBaseWidget(t)
	var about []string
	for _, s := range []string{plain(id.Handle), kindWord(id.Kind)} {
		if s != "" && s != name {
			about = append(about, s)
		}
	}
	if c.known(id.ProviderID) {
		about = append(about, platform.T("connected already"))
	}
	row := tight(t)
	if len(about) > 0 {
		row.Add(indented(caption(strings.Join(about, " · "))))
	}
	c.ticks = append(c.ticks, t)
	c.words = append(c.words, strings.ToLower(name+" "+id.Handle+" "+kindWord(id.Kind)))
	c.list.Add(row)
}

// known reports whether a candidate is an account already.
func (c *chooser) known(providerID string) bool {
	for r := range c.v.u.snap.All() {
		if r.Account.Platform == c.v.flow.Platform && r.Account.ProviderID == providerID {
			return true
		}
	}
	return false
}

func (c *chooser) typed(i int, e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyDown:
		c.step(i, 1)
	case fyne.KeyUp:
		c.step(i, -1)
	default:
		c.v.typed(e)
	}
}

// step moves the keyboard's focus to the next candidate shown, or up to the field.
func (c *chooser) step(i, by int) {
	for i += by; i >= 0 && i < len(c.ticks); i += by {
		if c.list.Objects[i].Visible() {
			c.v.win.Canvas().Focus(c.ticks[i])
			c.v.reveal(c.list.Objects[i])
			return
		}
	}
	if by < 0 && c.search != nil {
		c.v.win.Canvas().Focus(c.search)
	}
}

// narrow shows the candidates that have every word typed; what is ticked stays ticked.
func (c *chooser) narrow(typed string) {
	words := strings.Fields(strings.ToLower(typed))
	for i, o := range c.list.Objects {
		showIf(o, !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(c.words[i], w) }))
	}
	c.list.Refresh()
	c.count()
}

// each ticks or clears all that are shown.
func (c *chooser) each(on bool) {
	for i, t := range c.ticks {
		if c.list.Objects[i].Visible() {
			t.SetChecked(on)
		}
	}
}

// chosen are the provider ids ticked, hidden ones too.
func (c *chooser) chosen() []string {
	var out []string
	for i, t := range c.ticks {
		if t.Checked {
			out = append(out, c.v.flow.Candidates[i].ProviderID)
		}
	}
	return out
}

func (c *chooser) count() {
	c.problem.show("")
	n := len(c.chosen())
	text := platform.T("%d of %d selected", n, len(c.ticks))
	if c.search != nil && c.search.Text != "" {
		shown := 0
		for _, o := range c.list.Objects {
			if o.Visible() {
				shown++
			}
		}
		text = platform.T("%d of %d selected, %d shown", n, len(c.ticks), shown)
	}
	c.summary.SetText(text)
}

func (c *chooser) submit() {
	ids := c.chosen()
	if len(ids) == 0 {
		c.problem.show(platform.T("Tick at least one, or choose later: then the account stays unfinished, and nothing can be done with it."))
		return
	}
	c.send(ids)
}

func (c *chooser) send(ids []string) { c.v.send(ids, c.v.choose) }

// send tells the agent what was chosen; none leaves one account unfinished, or
// what it had. Where that fails it is asked again.
func (v *flowView) send(ids []string, again func()) {
	id := v.flow.ID
	v.progress(platform.T(wordWorking))
	v.u.run(func(ctx context.Context, s agent.Service) func() {
		if err := s.Choose(ctx, id, ids); err != nil {
			return func() { again(); v.u.say(said(err), true) }
		}
		return nil
	})
}

// setUnder draws a body that scrolls under a head that does not. The keyboard
// goes through them in that order, the buttons last.
func (v *flowView) setUnder(head, body fyne.CanvasObject, buttons ...fyne.CanvasObject) {
	all := buttons
	row := container.New(&footLayout{}, layout.NewSpacer())
	if len(buttons) > 0 && v.left != nil && buttons[0] == fyne.CanvasObject(v.left) { // beside the buttons it is never scrolled away
		row.Objects[0] = v.left
		buttons = buttons[1:]
	}
	v.main = nil
	var first *keyButton
	for _, b := range buttons {
		row.Add(b)
		if k, ok := b.(*keyButton); ok && k.Importance == widget.HighImportance {
			v.main, first = k.OnTapped, k
		}
	}
	top := container.NewVBox()
	if v.queue != nil {
		top.Add(v.queueHead())
	}
	if head != nil {
		top.Add(head)
	}
	v.scroll = scrolled(body)
	v.content.Objects = []fyne.CanvasObject{container.New(threeParts{}, top, v.scroll, container.NewVBox(widget.NewSeparator(), row))}
	v.content.Refresh()
	if v.fit != nil {
		// Text that wraps knows its height once it has its width, which the first fit gives.
		v.fit()
		if head != nil && v.bodyMost() < em(flowBodyLeast) {
			v.setUnder(nil, container.NewVBox(head, body), all...) // a low window scrolls the head too
			return
		}
		v.scroll.SetMinSize(fyne.NewSize(0, min(v.bodyMost(), max(em(flowBodyLeast), v.scroll.Content.MinSize().Height))))
		v.fit()
	}
	if first != nil {
		v.win.Canvas().Focus(first)
	}
}

// footLayout lays out something at the left and the others at the right, in one
// line where they fit, else in as many as it takes, each from the right.
type footLayout struct {
	// width is what it was last laid out for; its height follows from that.
	width float32
}

// lines says how many of the objects after the first go in each line; first is
// whether the first one has room in the first of them.
func (l *footLayout) lines(o []fyne.CanvasObject, width float32) (counts []int, first bool) {
	lead, used := o[0].MinSize().Width, float32(0)
	for _, b := range o[1:] {
		w := b.MinSize().Width + gap
		if len(counts) == 0 || used+w > width+gap {
			counts, used = append(counts, 0), 0
		}
		counts[len(counts)-1]++
		used += w
	}
	return counts, len(counts) == 1 && lead+used <= width || lead == 0
}

func (l *footLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	widest, tallest := o[0].MinSize().Width, o[0].MinSize().Height
	for _, b := range o[1:] {
		widest, tallest = max(widest, b.MinSize().Width), max(tallest, b.MinSize().Height)
	}
	rows := 1
	if l.width > 0 {
		counts, first := l.lines(o, l.width)
		if rows = len(counts); !first {
			rows++
		}
	}
	return fyne.NewSize(widest, float32(rows)*tallest+float32(rows-1)*gap)
}

func (l *footLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	counts, first := l.lines(o, size.Width)
	tallest := float32(0)
	for _, b := range o {
		tallest = max(tallest, b.MinSize().Height)
	}
	o[0].Move(fyne.NewPos(0, (tallest-o[0].MinSize().Height)/2))
	o[0].Resize(o[0].MinSize())
	y := float32(0)
	if !first {
		y = tallest + gap
	}
	rest := o[1:]
	for _, n := range counts {
		x := size.Width
		for i := n - 1; i >= 0; i-- {
			w := rest[i].MinSize().Width
			x -= w
			rest[i].Move(fyne.NewPos(max(0, x), y))
			rest[i].Resize(fyne.NewSize(min(w, size.Width), tallest))
			x -= gap
		}
		rest, y = rest[n:], y+tallest+gap
	}
}

// bodyMost is the most height that a body may ask for: with what is above and
// below it the dialog stays within the window.
func (v *flowView) bodyMost() float32 {
	most := em(flowBodyMost)
	if d := v.u.flow; d != nil && d.view == v {
		around := d.dialog.popup.MinSize().Height - v.scroll.MinSize().Height
		most = min(most, max(0, v.win.Canvas().Size().Height-around-8*gap))
	}
	return most
}

// threeParts lays out a head, a body that takes the height left, and a foot.
// It is Border's layout in the order people go through it.
type threeParts struct{}

func (threeParts) MinSize(o []fyne.CanvasObject) fyne.Size {
	head, body, foot := o[0].MinSize(), o[1].MinSize(), o[2].MinSize()
	return fyne.NewSize(max(head.Width, body.Width, foot.Width), head.Height+body.Height+foot.Height+2*gap)
}

func (threeParts) Layout(o []fyne.CanvasObject, size fyne.Size) {
	head, foot := o[0].MinSize().Height, o[2].MinSize().Height
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(fyne.NewSize(size.Width, head))
	o[1].Move(fyne.NewPos(0, head+gap))
	o[1].Resize(fyne.NewSize(size.Width, max(0, size.Height-head-foot-2*gap)))
	o[2].Move(fyne.NewPos(0, size.Height-foot))
	o[2].Resize(fyne.NewSize(size.Width, foot))
}

// reveal scrolls to something in the body that the keyboard has gone to.
func (v *flowView) reveal(o fyne.CanvasObject) { revealIn(v.scroll, o) }

// revealIn scrolls to something inside.
func revealIn(scroll *container.Scroll, o fyne.CanvasObject) {
	if scroll == nil {
		return
	}
	d := fyne.CurrentApp().Driver()
	top := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(scroll.Content).Y
	switch shown := scroll.Size().Height; {
	case top < scroll.Offset.Y:
		scroll.ScrollToOffset(fyne.NewPos(0, max(0, top-2*gap)))
	case top+o.Size().Height > scroll.Offset.Y+shown:
		scroll.ScrollToOffset(fyne.NewPos(0, top+o.Size().Height-shown+2*gap))
	}
}
